//! The verbs: each spelling, each way to name somebody, each end.

use crate::support::{Peer, World, is_message, is_session};
use serde_json::Value;
use std::fs;

fn is(event: &Value, kind: &str, state: &str) -> bool {
    event["event"] == kind && event["state"] == state
}

#[test]
fn verify_prints_one_whole_line() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let shown = world.once("ann", &["verify", "bob"]);
    let line = shown.expect_ok();
    assert!(line.ends_with(")\n") && line.matches('\n').count() == 1, "{line:?}");
    assert!(!line.contains('\u{FFFD}'), "{line:?}");
}

/// Two who have never met, and what the second goes by beside the name.
fn strangers(world: &World, field: &str) -> (Peer, Peer, String) {
    let (ann, bob) = (world.peer("ann"), world.peer("bob"));
    let by = bob.ready[field].as_str().expect("ready says it").to_lowercase();
    (ann, bob, by)
}

fn requested(ann: &mut Peer, bob: &mut Peer) {
    bob.ask(&["add", "ann"]).expect_ok();
    ann.expect("the request", |e| e["event"] == "request");
}

#[test]
fn friends_are_made_and_unmade_by_address_or_fingerprint() {
    for field in ["address", "fingerprint"] {
        let world = World::new();
        let (mut ann, mut bob, by) = strangers(&world, field);
        requested(&mut ann, &mut bob);
        ann.ask(&["reject", &by]).expect_ok();
        bob.expect("the answer", |e| is(e, "friend", "rejected"));
        requested(&mut ann, &mut bob);
        ann.ask(&["confirm", &by]).expect_ok();
        bob.expect("the answer", |e| is(e, "friend", "confirmed"));
        for verb in ["lookup", "verify", "trust", "block", "unblock", "unfriend", "add"] {
            ann.ask(&[verb, &by]).expect_ok();
        }
    }
}

#[test]
fn a_one_shot_confirms_by_address_whose_request_waits_as_mail() {
    let world = World::new();
    let ann = world.peer("ann");
    let address = ann.ready["address"].as_str().expect("ready says it").to_owned();
    world.once("bob", &["whoami"]).expect_ok();
    ann.stop();
    world.once("ann", &["add", "bob"]).expect_ok();
    world.once("bob", &["confirm", &address]).expect_ok();
    assert!(world.once("ann", &["friends"]).expect_ok().starts_with("bob "));
}

#[test]
fn people_talk_by_address_or_fingerprint() {
    for field in ["address", "fingerprint"] {
        let world = World::new();
        let (mut ann, mut bob, by) = strangers(&world, field);
        for (verb, state) in [("decline", "declined"), ("accept", "open")] {
            bob.send(&["chat", "ann"]);
            ann.expect("the offer", |e| is_session(e, "bob", "offered"));
            ann.ask(&[verb, &by]).expect_ok();
            ann.expect(state, |e| is_session(e, "bob", state));
        }
        ann.ask(&["close", &by]).expect_ok();
        bob.expect("closed", |e| is_session(e, "ann", "closed"));
        bob.ask(&["msg", "ann", "by name"]).expect_ok();
        ann.ask(&["msg", &format!("{by},BOB"), "by that"]).expect_ok();
        bob.expect("it", |e| is_message(e, "ann", "by that"));
        bob.settle();
        assert_eq!(bob.count(|e| e["event"] == "message"), 0, "one person, one message");
        for words in [&["history", &by][..], &["search", "by", "--with", &by]] {
            let answer = ann.ask(words).expect_ok();
            assert_eq!(answer.rows("entry").len(), 2, "{words:?}: {answer:?}");
        }
        let asked = ann.send(&["chat", &by]);
        bob.expect("the offer", |e| is_session(e, "ann", "offered"));
        bob.ask(&["accept"]).expect_ok();
        ann.answer(asked).expect_ok();
    }
}

#[test]
fn friends_have_files_commands_and_groups_by_address_or_fingerprint() {
    for field in ["address", "fingerprint"] {
        let world = World::new();
        let (mut ann, mut bob, by) = strangers(&world, field);
        requested(&mut ann, &mut bob);
        ann.ask(&["confirm", "bob"]).expect_ok();
        bob.expect("the answer", |e| is(e, "friend", "confirmed"));
        let path = world.home("a.txt");
        fs::write(&path, "a").expect("a file of the test's own");
        let path = path.to_str().expect("our paths are text");
        ann.ask(&["send", &by, path]).expect_ok();
        bob.expect("the offer", |e| is(e, "file", "offered"));
        bob.ask(&["post", "add", path]).expect_ok();
        let listed = ann.ask(&["post", "list", &by]).expect_ok();
        let id = listed.row("post")["id"].as_str().expect("an id").to_owned();
        ann.ask(&["post", "get", &by, &id]).expect_ok();
        ann.ask(&["grant", &by, "uptime"]).expect_ok();
        let asked = ann.send(&["run", &by, "uptime"]);
        let id = bob.expect("asked", |e| is(e, "run", "asked"))["id"].to_string();
        bob.ask(&["deny", id.trim_matches('"')]).expect_ok();
        ann.answer(asked).expect_refusal(1);
        ann.ask(&["group", "create", "g", "--private"]).expect_ok();
        ann.ask(&["group", "invite", "g", &by]).expect_ok();
        bob.expect("invited", |e| is(e, "group", "invited"));
        bob.ask(&["group", "join", "g"]).expect_ok();
        ann.expect("in", |e| is(e, "group", "joined") && e["who"] == "bob");
        ann.ask(&["group", "kick", "g", &by]).expect_ok();
    }
}
