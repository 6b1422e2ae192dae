//! Somebody at a terminal: how long a key takes to its echo, a message to its print.

use crate::client::{Client, PROGRAM};
use crate::common::{Samples, Scratch, Server, heading, mib, row, rss_bytes};
use crate::trace::{self, Trace};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

const KEYS: usize = 500;
const MESSAGES: usize = 500;
const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

pub fn run() {
    heading("at a terminal");
    let scratch = Scratch::new("terminal");
    let server = Server::start(&scratch.join("server"));
    let mut ann = Typist::start(&scratch.join("ann"), "ann", server.at);
    let mut bob = Client::start(&scratch.join("bob"), "bob", server.at, &[]);
    bob.until(r#""event":"ready""#);
    bob.read_on();
    bob.say("/msg ann first");
    ann.until("first");
    row("RSS of the client there", mib(rss_bytes(ann.child.id())), "6 MiB");
    let mut echoed = Samples::default();
    for n in 0..KEYS {
        let key = if n % 60 == 59 { "\x15" } else { "x" };
        let start = Instant::now();
        ann.keys(key);
        ann.read();
        echoed.add(start.elapsed());
    }
    row("a key to its echo", echoed, "");
    let mut printed = Samples::default();
    for n in 0..MESSAGES {
        let text = format!("number {n} of them");
        let start = Instant::now();
        bob.say(&format!("/msg ann {text}"));
        ann.until(&text);
        printed.add(start.elapsed());
    }
    row("typed there to printed above a line here", printed, "");
    if !trace::is_there() {
        return println!("  system calls: left out, no strace here");
    }
    let trace = Trace::start(ann.child.id(), &scratch.join("calls"));
    for _ in 0..KEYS {
        ann.keys("x");
        ann.read();
    }
    let calls = trace.end() as f64 / KEYS as f64;
    row("system calls a key", format!("{calls:.2}"), "3: wait, read, write");
}

/// A client at a pseudo-terminal.
struct Typist {
    child: Child,
    master: File,
    seen: Vec<u8>,
}

impl Typist {
    fn start(home: &Path, name: &str, server: SocketAddr) -> Typist {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
        tcsetwinsize(&master, SIZE).expect("a terminal has a size");
        let path = ptsname(&master, Vec::new()).expect("it has a name");
        let slave = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
        let slave = File::from(slave.expect("its other end"));
        let end = || slave.try_clone().expect("a descriptor");
        let mut command = Command::new("setsid");
        command.args(["--ctty", PROGRAM, "--home"]).arg(home).args(["--name", name, "--server"]);
        command.arg(server.to_string()).env("TERM", "xterm").env_remove("NO_COLOR");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn();
        let child = child.expect("setsid is there");
        let mut typist = Typist { child, master: File::from(master), seen: Vec::new() };
        typist.until("ready");
        typist
    }

    fn keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    /// Reads what was written to the terminal, once there is something.
    fn read(&mut self) {
        let mut buffer = [0; 4096];
        let bytes = self.master.read(&mut buffer).expect("the client is there");
        self.seen.extend_from_slice(&buffer[..bytes]);
    }

    /// Reads on to where this was written, with the line below it.
    fn until(&mut self, text: &str) {
        loop {
            let seen = String::from_utf8_lossy(&self.seen);
            if let Some((_, rest)) = seen.split_once(text)
                && rest.contains("> ")
            {
                return self.seen.clear();
            }
            self.read();
        }
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
