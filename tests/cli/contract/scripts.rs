//! What scripts rely on: waiting, following, many at a time.

use crate::friends::befriend;
use crate::support::{Peer, World, is_message};

/// Begins to wait, and gives back once that is so.
fn waits(peer: &mut Peer, words: &[&str]) -> crate::support::peer::Asked {
    let all: Vec<&str> = std::iter::once("wait").chain(words.iter().copied()).collect();
    let asked = peer.send(&all);
    peer.settle();
    asked
}

#[test]
fn wait_takes_an_address_or_a_fingerprint_for_a_name() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let address = bob.ready["address"].as_str().expect("it has one").to_owned();
    let key = bob.ready["fingerprint"].as_str().expect("it has one").to_lowercase();
    for from in [&key, "BOB", &address] {
        let asked = waits(&mut ann, &["--from", from, "--event", "message"]);
        bob.ask(&["msg", "ann", from]).expect_ok();
        ann.answer(asked).expect_ok();
        ann.expect("it", |e| is_message(e, "bob", from));
    }
    waits(&mut ann, &["--from", "127.77.200.1"]);
    bob.ask(&["msg", "ann", "not from there"]).expect_ok();
    ann.expect("it", |e| is_message(e, "bob", "not from there"));
    ann.settle();
    assert_eq!(ann.count(|e| e["event"] == "done"), 0, "nobody has that address");
}

#[test]
fn wait_takes_a_group_by_its_name_and_its_leader() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    bob.ask(&["group", "join", "climbers"]).expect_ok();
    bob.expect("in", |e| e["event"] == "group" && e["state"] == "joined");
    let asked = waits(&mut bob, &["--from", "climbers@ann", "--event", "message"]);
    ann.ask(&["group", "say", "climbers", "who is in?"]).expect_ok();
    bob.answer(asked).expect_ok();
}

#[test]
fn a_wait_that_may_take_no_time_is_exit_code_6_at_once() {
    let world = World::new();
    let args = ["--timeout", "0", "wait", "--match", "never"];
    world.once("ann", &args).expect_refusal(6);
    let _ann = world.peer("ann");
    world.once("ann", &args).expect_refusal(6);
}
