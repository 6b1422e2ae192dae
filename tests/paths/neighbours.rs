//! People on one local network, with no server anywhere.

use crate::namespace::Namespace;
use crate::support::{Peer, Scratch, hobnob, is_message, is_session};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// A switch, and machines that hang on it.
struct Lan {
    switch: Namespace,
    machines: Vec<Namespace>,
    is_v6_alone: bool,
    // Dropped last: what runs in it is ended first.
    scratch: Scratch,
}

impl Lan {
    /// So many machines. None where they may not be had, and says so.
    fn new(machines: u8, is_v6_alone: bool) -> Option<Lan> {
        let switch = match Namespace::first() {
            Ok(space) => space,
            Err(why) => {
                println!("skipped: {why}");
                return None;
            }
        };
        switch.bridge();
        let mut lan = Lan { switch, machines: Vec::new(), is_v6_alone, scratch: Scratch::new() };
        for place in 1..=machines {
            let machine = lan.switch.beside();
            lan.switch.connect(&machine, &format!("place{place}"));
            if !is_v6_alone {
                machine.ip(&format!("addr add 192.168.7.{place}/24 dev eth0"));
            }
            lan.machines.push(machine);
        }
        Some(lan)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = hobnob(&self.scratch.join(name));
        command.args(["--json", "--no-server", "--name", name]);
        command
    }

    /// Somebody at a machine.
    fn peer(&self, place: usize, name: &str) -> Peer {
        let command = self.command(name);
        let mut peer = Peer::start(&mut self.machines[place].inside(&command));
        peer.ready = peer.expect("ready", |event| event["event"] == "ready");
        peer
    }
}

/// Waits until somebody lists exactly these; a radio, or a busy machine, may lose a question.
fn sees(peer: &mut Peer, names: &[&str]) {
    for _ in 0..20 {
        let answer = peer.ask(&["who"]).expect_ok();
        let rows = answer.rows("person");
        let found: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
        if found == names {
            return;
        }
    }
    panic!("{names:?} are not there");
}

fn befriend(ann: &mut Peer, bob: &mut Peer) {
    ann.ask(&["add", "bob"]).expect_ok();
    bob.expect("the request", |e| e["event"] == "request");
    bob.ask(&["confirm", "ann"]).expect_ok();
    ann.expect("friends", |e| e["event"] == "friend" && e["state"] == "confirmed");
}

fn talk(one: &mut Peer, other: &mut Peer) {
    let (from, to) = (one.name(), other.name());
    let asked = one.send(&["chat", &to]);
    other.expect("an offer", |e| is_session(e, &from, "offered"));
    other.ask(&["accept", &from]).expect_ok();
    one.answer(asked).expect_ok();
    one.deliver(&to, "hello");
    other.expect("the message", |e| is_message(e, &from, "hello"));
    let sessions = one.ask(&["sessions"]).expect_ok();
    assert_eq!(sessions.row("session")["path"], "direct");
}

#[test]
fn three_on_a_network_without_a_server_talk_in_pairs_and_in_a_group() {
    let Some(lan) = Lan::new(3, false) else { return };
    let (mut ann, mut bob, mut cyd) = (lan.peer(0, "ann"), lan.peer(1, "bob"), lan.peer(2, "cyd"));
    sees(&mut ann, &["bob", "cyd"]);
    sees(&mut cyd, &["ann", "bob"]);
    talk(&mut ann, &mut bob);
    cyd.deliver("bob", "we know each other from nowhere");
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    for peer in [&mut bob, &mut cyd] {
        peer.ask(&["group", "join", "climbers"]).expect_ok();
        peer.expect("in", |e| e["event"] == "group" && e["state"] == "joined");
    }
    cyd.ask(&["group", "say", "climbers", "who is in?"]).expect_ok();
    for peer in [&mut ann, &mut bob] {
        let is_talk = |e: &Value| is_message(e, "cyd", "who is in?") && e["group"] == "climbers";
        peer.expect("the talk", is_talk);
    }
}

#[test]
fn what_was_said_to_a_friend_who_is_away_comes_when_they_are_back_elsewhere() {
    let Some(lan) = Lan::new(3, false) else { return };
    let (mut ann, mut bob) = (lan.peer(0, "ann"), lan.peer(1, "bob"));
    sees(&mut ann, &["bob"]);
    befriend(&mut ann, &mut bob);
    bob.crash();
    ann.send(&["msg", "bob", "for later"]);
    let path = lan.scratch.join("photo");
    fs::write(&path, vec![7; 1_000_000]).expect("the scratch folder is writable");
    ann.send(&["send", "bob", path.to_str().expect("a path")]);
    let mut bob = lan.peer(2, "bob");
    bob.expect("the message", |e| is_message(e, "ann", "for later"));
    let offer = bob.expect("the offer", |e| e["event"] == "file" && e["state"] == "offered");
    bob.send(&["take", offer["id"].as_str().expect("an id")]);
    bob.expect("the file", |e| e["event"] == "file" && e["state"] == "done");
}

#[test]
fn two_with_link_local_addresses_of_version_6_alone_find_each_other() {
    let Some(lan) = Lan::new(2, true) else { return };
    assert!(lan.is_v6_alone);
    let (mut ann, mut bob) = (lan.peer(0, "ann"), lan.peer(1, "bob"));
    sees(&mut ann, &["bob"]);
    talk(&mut bob, &mut ann);
}

#[test]
fn who_has_another_address_is_found_there() {
    let Some(lan) = Lan::new(2, false) else { return };
    let (mut ann, mut bob) = (lan.peer(0, "ann"), lan.peer(1, "bob"));
    sees(&mut ann, &["bob"]);
    ann.deliver("bob", "before");
    lan.machines[1].ip("addr flush dev eth0\naddr add 192.168.7.77/24 dev eth0");
    sees(&mut ann, &["bob"]);
    ann.send(&["msg", "bob", "after"]);
    bob.expect("the message", |e| is_message(e, "ann", "after"));
}

#[test]
fn who_is_private_sends_not_one_datagram() {
    let Some(lan) = Lan::new(2, false) else { return };
    let mut ann = lan.peer(0, "ann");
    let mut bob = lan.peer(1, "bob");
    sees(&mut ann, &["bob"]);
    befriend(&mut ann, &mut bob);
    ann.ask(&["private"]).expect_ok();
    bob.stop();
    let machine = &lan.machines[0];
    machine.nft(
        "table inet seen { counter out {}; chain out { type filter hook output priority 0; \
         meta l4proto udp oifname eth0 counter name out; }; }",
    );
    let mut bob = lan.peer(1, "bob");
    sees(&mut bob, &[]);
    sees(&mut ann, &["bob"]);
    ann.deliver("bob", "from nowhere");
    ann.stop();
    let counted = machine.run(&["nft", "list", "counter", "inet", "seen", "out"], "");
    assert!(counted.contains("packets 0"), "{counted}");
    bob.expect("the message", |e| is_message(e, "ann", "from nowhere"));
}

#[test]
fn a_verb_finds_a_neighbour_from_a_program_of_its_own() {
    let Some(lan) = Lan::new(2, false) else { return };
    let mut bob = lan.peer(1, "bob");
    bob.settle();
    let once = |words: &[&str]| {
        let mut command = lan.command("ann");
        command.args(words);
        crate::support::Process::start(&mut lan.machines[0].inside(&command)).ended()
    };
    assert_eq!(once(&["lookup", "bob"]).code, 0);
    assert_eq!(once(&["lookup", "nobody"]).code, 1);
    let ended = once(&["msg", "--wait", "delivered", "bob", "hi"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    bob.expect("the message", |e| is_message(e, "ann", "hi"));
}
