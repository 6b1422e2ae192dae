//! Two people who talk: real programs, real disks, loopback.

use crate::bare::Limits;
use crate::client::{Client, NOWHERE, command, pair, scripted};
use crate::common::{Samples, Scratch, Server, heading, mib, row, rss_bytes, short};
use crate::trace::{self, Trace};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const STARTS: usize = 20;
const HISTORY: usize = 10_000;
const MESSAGES: usize = 2_000;
const BURST: usize = 100_000;
const TRACED_BURST: usize = 20_000;

pub fn start() {
    heading("start");
    let scratch = Scratch::new("start");
    let server = Server::start(&scratch.join("server"));
    let mut samples = Samples::default();
    for n in 0..=STARTS {
        let started = Instant::now();
        let mut ann = Client::start(&scratch.join("ann"), "ann", server.at, &[]);
        ann.until(r#""event":"ready""#);
        match n {
            0 => row("first start, keys and all, to signed in", short(started.elapsed()), "50 ms"),
            _ => samples.add(started.elapsed()),
        }
    }
    row("start to signed in", samples, "50 ms");
}

pub fn talk() {
    let limits = Limits::measure();
    heading("messages of 100 bytes, typed and shown, every one on both disks");
    round_trips("direct", &[], &limits);
    round_trips("relay", &NOWHERE, &limits);
}

fn round_trips(path: &str, more: &[&str], limits: &Limits) {
    let scratch = Scratch::new(path);
    let server = Server::start(&scratch.join("server"));
    let (mut ann, mut bob) = pair(&scratch.join(path), &server, path, more);
    let mut shown = Samples::default();
    let mut acknowledged = Samples::default();
    for n in 0..MESSAGES {
        let text = text(n);
        let start = Instant::now();
        ann.say(&text);
        bob.until(&text);
        shown.add(start.elapsed());
        ann.until(r#""state":"delivered""#);
        acknowledged.add(start.elapsed());
    }
    let mut echoed = Samples::default();
    for n in MESSAGES..MESSAGES * 2 {
        let text = text(n);
        let start = Instant::now();
        ann.say(&text);
        bob.until(&text);
        bob.say(&text);
        ann.until(&format!(r#""text":"{text}"#));
        echoed.add(start.elapsed());
    }
    row(&format!("{path}: typed to shown"), shown, &limits.words(1));
    row(&format!("{path}: typed to delivered"), acknowledged, "one commit more");
    row(&format!("{path}: there and an answer back"), echoed, &limits.words(2));
}

pub fn burst() {
    heading("a burst of messages of 100 bytes from a script, every one on both disks");
    let scratch = Scratch::new("burst");
    let server = Server::start(&scratch.join("server"));
    let bob = burst_of(&scratch, &server, BURST, None);
    let burst = Burst::read(&scratch, BURST);
    let rate = BURST as f64 / burst.took.as_secs_f64();
    row(&format!("{BURST}, first queued to last delivered"), short(burst.took), "");
    row("messages a second", format!("{rate:.0}/s"), "50,000/s, then 100,000/s");
    row("RSS of the receiver after it", mib(rss_bytes(bob.pid())), "");
    drop(bob);
    if !trace::is_there() {
        return println!("  system calls: left out, no strace here");
    }
    let scratch = Scratch::new("traced");
    let server = Server::start(&scratch.join("server"));
    let calls = scratch.join("calls");
    let mut bob = burst_of(&scratch, &server, TRACED_BURST, Some(&calls));
    Burst::read(&scratch, TRACED_BURST);
    let a_message = |calls: u64| format!("{:.3}", calls as f64 / TRACED_BURST as f64);
    row("system calls a message, sender", a_message(trace::total(&calls)), "0.2");
    let received = bob.trace.take().expect("it was asked for").end();
    row("system calls a message, receiver", a_message(received), "0.2");
}

/// The receiver of a burst, and what counts its system calls.
struct Receiver {
    client: Client,
    trace: Option<Trace>,
}

impl Receiver {
    fn pid(&self) -> u32 {
        self.client.pid()
    }
}

/// A session, and a script of so many messages in it; over when all are delivered.
fn burst_of(scratch: &Scratch, server: &Server, count: usize, calls: Option<&Path>) -> Receiver {
    let (script, said) = (scratch.join("script"), scratch.join("said"));
    let mut lines = String::from("/chat bob\n");
    (0..count).for_each(|n| writeln!(lines, "{}", text(n)).expect("text"));
    fs::write(&script, lines).expect("room on the disk");
    let mut bob = Client::start(&scratch.join("bob"), "bob", server.at, &[]);
    bob.until(r#""event":"ready""#);
    let trace = calls.map(|_| Trace::start(bob.pid(), &scratch.join("received")));
    let mut ann = command(&scratch.join("ann"), "ann", server.at);
    ann.args(["--wait", "delivered", "--timeout", "60"]);
    let ann = match calls {
        Some(calls) => trace::wrap(&ann, calls),
        None => ann,
    };
    let mut ann = scripted(ann, &script, &said);
    for n in 0..count {
        let line = bob.until(r#""event":"message""#);
        assert!(line.contains(&text(n)), "in order, none missing, none twice: {line}");
    }
    assert!(ann.wait().expect("it is ours").success(), "the sender ends when all is delivered");
    Receiver { client: bob, trace }
}

/// What the sender printed about a burst.
struct Burst {
    took: Duration,
}

impl Burst {
    /// The moments are the sender's own, in milliseconds.
    fn read(scratch: &Scratch, count: usize) -> Burst {
        let said = fs::read_to_string(scratch.join("said")).expect("lines of text");
        let moments = |state| -> Vec<u64> {
            let lines = said.lines().filter(|line| line.contains(state));
            lines.map(moment).collect()
        };
        let delivered = moments(r#""state":"delivered""#);
        assert_eq!(delivered.len(), count, "each is delivered once");
        let first = moments(r#""state":"queued""#).into_iter().min().expect("messages were sent");
        let last = delivered.into_iter().max().expect("messages were delivered");
        Burst { took: Duration::from_millis(last - first) }
    }
}

/// Milliseconds of the day in a line's `at`.
fn moment(line: &str) -> u64 {
    let at = line.split(r#""at":""#).nth(1).and_then(|rest| rest.get(11..23)).expect("a moment");
    let number = |range: std::ops::Range<usize>| at[range].parse::<u64>().expect("a time");
    ((number(0..2) * 60 + number(3..5)) * 60 + number(6..8)) * 1_000 + number(9..12)
}

pub fn idle() {
    heading("idle: two clients with an open session, one with a long history, and the server");
    let scratch = Scratch::new("idle");
    let server = Server::start(&scratch.join("server"));
    drop(burst_of(&scratch, &server, HISTORY, None));
    let (ann, bob) = pair(&scratch.join(""), &server, "direct", &[]);
    thread::sleep(Duration::from_secs(1));
    row(&format!("RSS, {HISTORY} messages sent before"), mib(rss_bytes(ann.pid())), "6 MiB");
    row(&format!("RSS, {HISTORY} messages received before"), mib(rss_bytes(bob.pid())), "6 MiB");
    row("RSS of the server", mib(rss_bytes(server.pid())), "4 MiB");
    let pids = [("sender", ann.pid()), ("receiver", bob.pid()), ("server", server.pid())];
    let threads = pids.map(|(_, pid)| threads(pid).to_string()).join(", ");
    row("threads of each", threads, "1");
    if !trace::is_there() {
        return println!("  system calls: left out, no strace here");
    }
    let traces =
        pids.map(|(who, pid)| (who, Trace::start(pid, &scratch.join(&format!("{who}.calls")))));
    thread::sleep(Duration::from_secs(10));
    let calls = traces.map(|(_, trace)| trace.end().to_string()).join(", ");
    row("system calls of each in 10 s", calls, "0");
}

fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).expect("the process is alive").count()
}

/// The `n`th message: 100 bytes.
fn text(n: usize) -> String {
    format!("message {n:07} {:x<84}", "")
}
