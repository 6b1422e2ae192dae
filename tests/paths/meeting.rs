//! Two people meet, talk and part; which path carried them, and after how long.

use crate::host::Host;
use crate::net::Net;
use crate::support::{Peer, Scratch, is_message, is_session};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Two people with a session open between them.
pub struct Meeting {
    pub ann: Peer,
    pub bob: Peer,
    begun: Instant,
    /// The path that the session opened on, and when.
    first: (String, Duration),
    /// The path that it is on now, and since when.
    last: (String, Duration),
}

/// What crosses as a file.
const FILE_BYTES: usize = 1_000_000;

impl Meeting {
    /// Ann asks for a session, Bob's program says yes.
    pub fn new(net: &Net, hosts: [&Host; 2], options: &[&str]) -> Meeting {
        let ann = net.peer(hosts[0], "ann", &[options, &["--accept", "all"]].concat());
        let bob = net.peer(hosts[1], "bob", &[options, &["--accept", "all"]].concat());
        Meeting::of(ann, bob)
    }

    /// The same between people who are there.
    pub fn of(mut ann: Peer, mut bob: Peer) -> Meeting {
        let begun = Instant::now();
        let asked = ann.send(&["chat", "bob"]);
        let open = ann.expect("open", |e| is_session(e, "bob", "open"));
        let first = (path_of(&open), begun.elapsed());
        ann.answer(asked).expect_ok();
        bob.expect("open", |e| is_session(e, "ann", "open"));
        Meeting { ann, bob, begun, last: first.clone(), first }
    }

    /// Waits until the session is on this path, on both sides.
    pub fn reach(&mut self, best: &str) {
        self.reach_one_of(&[best]);
    }

    /// Waits until the session is on one of these paths, on both sides.
    pub fn reach_one_of(&mut self, best: &[&str]) {
        if !best.contains(&self.last.0.as_str()) {
            let is_there = |e: &Value, with| {
                is_session(e, with, "open") && best.contains(&path_of(e).as_str())
            };
            let open = self.ann.expect("the path", |e| is_there(e, "bob"));
            self.last = (path_of(&open), self.begun.elapsed());
            self.bob.expect("the path", |e| is_there(e, "ann"));
        }
        self.is_still_there();
    }

    /// Demands that the session is where it was last.
    pub fn is_still_there(&mut self) {
        self.is_on(&self.last.0.clone());
    }

    /// Demands that the session is on this path, and that `why` says how it came there.
    pub fn is_on(&mut self, path: &str) {
        for (peer, with) in [(&mut self.ann, "bob"), (&mut self.bob, "ann")] {
            let sessions = peer.ask(&["sessions"]).expect_ok();
            assert_eq!(sessions.row("session")["path"], path, "{sessions:?}");
            let why = peer.ask(&["why", with]).expect_ok();
            assert_eq!(why.row("reach")["path"], path, "{why:?}");
            let is_open = |row: &&Value| {
                row["path"] == path && row["result"].as_str().is_some_and(|r| r.ends_with("open"))
            };
            assert!(why.rows("attempt").iter().any(is_open), "{why:?}");
        }
    }

    /// They become friends, greet each other, and a file comes whole.
    pub fn exchange(&mut self, scratch: &Scratch) {
        befriend(&mut self.ann, &mut self.bob);
        self.greet("hello");
        self.send_file(scratch, "photo", FILE_BYTES);
    }

    /// A message each way.
    pub fn greet(&mut self, text: &str) {
        self.ann.deliver("bob", text);
        self.bob.expect("the message", |e| is_message(e, "ann", text));
        self.bob.deliver("ann", text);
        self.ann.expect("the message", |e| is_message(e, "bob", text));
    }

    /// A file of Ann's comes to Bob whole.
    pub fn send_file(&mut self, scratch: &Scratch, name: &str, bytes: usize) {
        self.begin_file(scratch, name, bytes);
        self.end_file(scratch, name);
    }

    /// A file of Ann's is on its way to Bob.
    pub fn begin_file(&mut self, scratch: &Scratch, name: &str, bytes: usize) {
        let path = scratch.join(name);
        let text: Vec<u8> = (0..bytes / 4).flat_map(|n| (n as u32).to_le_bytes()).collect();
        fs::write(&path, text).expect("the scratch folder is writable");
        self.ann.ask(&["send", "bob", text_of(&path)]).expect_ok();
        let offer = self.bob.expect("the offer", |e| is_file(e, "offered") && e["name"] == name);
        self.bob.send(&["take", offer["id"].as_str().expect("an id")]);
    }

    /// It has come.
    pub fn end_file(&mut self, scratch: &Scratch, name: &str) {
        let done = self.bob.expect("done", |e| is_file(e, "done") && e["name"] == name);
        let taken = done["path"].as_str().expect("it says where it is");
        let is_same =
            fs::read(taken).expect("it is there") == fs::read(scratch.join(name)).expect("ours");
        assert!(is_same, "it came otherwise than it was");
        self.ann.expect("done", |e| is_file(e, "done") && e["name"] == name);
    }

    /// A line for the table of `scripts/paths`, where that asks for one. `number` is its place.
    pub fn record(&self, number: usize, asker: &str, asked: &str) {
        let Some(table) = std::env::var_os("PATHS_TABLE") else { return };
        let [first, last] = [&self.first, &self.last]
            .map(|(path, after)| format!("{path} {:.1} s", after.as_secs_f64()));
        let reached = if first == last { first } else { format!("{first}, {last}") };
        let line = format!("{number:03}|{asker}|{asked}|{reached}\n");
        let file = OpenOptions::new().append(true).create(true).open(table);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("it is writable");
    }
}

/// Makes friends of two who are there.
pub fn befriend(one: &mut Peer, other: &mut Peer) {
    let (one_name, other_name) = (one.name(), other.name());
    let is_friend = |event: &Value, name: &str| {
        event["event"] == "friend" && event["name"] == name && event["state"] == "confirmed"
    };
    one.ask(&["add", &other_name]).expect_ok();
    other.expect("the request", |e| e["event"] == "request" && e["from"] == one_name.as_str());
    other.ask(&["confirm", &one_name]).expect_ok();
    other.expect("confirmed", |e| is_friend(e, &one_name));
    one.expect("confirmed", |e| is_friend(e, &other_name));
}

fn is_file(event: &Value, state: &str) -> bool {
    event["event"] == "file" && event["state"] == state && event["at"].is_string()
}

fn path_of(event: &Value) -> String {
    event["path"].as_str().expect("an open session has a path").to_owned()
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("our paths are text")
}
