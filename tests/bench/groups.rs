//! The largest group: a real server, a founder and 255 members, each a program with a disk of its
//! own. What it costs the founder to say a word to all of them.

use crate::client::Client;
use crate::common::{Scratch, Server, heading, mib, row, rss_bytes, short};
use crate::trace::{self, Trace};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

const MEMBERS: usize = 255;
/// Members that start at a time: each makes its keys, and is then let in.
const BATCH: usize = 32;
const SAYINGS: usize = 3;
const DELIVERED: &str = r#""state":"delivered""#;

pub fn run() {
    heading("a group of 256: a server and 256 programs on this machine");
    let scratch = Scratch::new("groups");
    let server = Server::start(&scratch.join("server"));
    let mut founder = Client::start(&scratch.join("founder"), "founder", server.at, &[]);
    founder.until(r#""event":"online""#);
    founder.say("/group create climbers");
    founder.until(r#""state":"created""#);
    let members = fill(&scratch, &server, &mut founder);
    for _ in 0..SAYINGS {
        say(&mut founder, members.len());
    }
    row("RSS of the founder", mib(rss_bytes(founder.pid())), "");
    row("RSS of the member who came first", mib(rss_bytes(members[0].pid())), "");
    match trace::is_there() {
        true => row("commits for it", commits(&mut founder, &scratch), "1, and one for each wake"),
        false => println!("  commits: left out, no strace here"),
    }
}

/// Members come in until the group is full.
fn fill(scratch: &Scratch, server: &Server, founder: &mut Client) -> Vec<Client> {
    let (start, used) = (Instant::now(), cpu(founder.pid()));
    let mut members: Vec<Client> = Vec::new();
    while members.len() < MEMBERS {
        let from = members.len();
        for n in from..MEMBERS.min(from + BATCH) {
            let name = format!("member{n}");
            members.push(Client::start(&scratch.join(&name), &name, server.at, &[]));
        }
        for member in &mut members[from..] {
            member.until(r#""event":"online""#);
            member.say("/group join climbers");
        }
        for (n, member) in members.iter_mut().enumerate().skip(from) {
            member.until(&format!(r#""state":"joined","who":"member{n}""#));
            member.read_on();
            founder.until(r#""state":"joined""#);
        }
    }
    row("255 are started and in", short(start.elapsed()), "");
    row("  processor time of the founder", short(cpu(founder.pid()) - used), "");
    settle(founder);
    row("  and all know of all", short(start.elapsed()), "");
    row("  processor time of the founder", short(cpu(founder.pid()) - used), "");
    members
}

/// Waits until the founder has nothing more to tell anybody.
fn settle(founder: &Client) {
    let mut before = cpu(founder.pid());
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = cpu(founder.pid());
        if now - before < Duration::from_millis(1) {
            return;
        }
        before = now;
    }
}

/// A word to all, until the last of them has it.
fn say(founder: &mut Client, members: usize) {
    let (start, used) = (Instant::now(), cpu(founder.pid()));
    founder.say("/group say climbers who comes along tomorrow?");
    let mut got = BTreeMap::new();
    while got.len() < members {
        let line = founder.until(DELIVERED);
        let to = line.split(r#""to":""#).nth(1).and_then(|rest| rest.split('"').next());
        let to = to.expect("a receipt says whose it is").to_owned();
        assert_eq!(got.insert(to, start.elapsed()), None, "each has it once");
    }
    let used = cpu(founder.pid()) - used;
    row("a word to all: processor time of its sender", short(used), "100 ms");
    row("  to the first receipt", short(*got.values().min().expect("some")), "");
    row("  to the last receipt", short(start.elapsed()), "");
}

/// Commits of the founder's store from a word typed to the last receipt.
fn commits(founder: &mut Client, scratch: &Scratch) -> u64 {
    let calls = scratch.join("commits");
    let trace = Trace::of(founder.pid(), &calls, "fdatasync,fsync");
    founder.say("/group say climbers and the day after?");
    (0..MEMBERS).for_each(|_| {
        founder.until(DELIVERED);
    });
    trace.end()
}

/// Processor time that a process has used, in nanoseconds, not in ticks.
fn cpu(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("the process is alive");
    let ns = text.split_whitespace().next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.expect("proc(5)"))
}
