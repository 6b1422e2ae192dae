//! Who looks elsewhere is told of messages: as much as they want, by a command of their own.

use crate::support::{Peer, World, is_message};
use serde_json::{Value, json};
use std::fs;

/// Ann, and Bob who has a command and is in her group. It writes a line and the event.
fn told(world: &World) -> (Peer, Peer) {
    let file = world.home("told");
    let script = format!("cat >>{0}.json; printf \"%s|%s|%s\\\\n\" \"$@\" >>{0}", file.display());
    let command = format!("sh -c '{script}' sh {{from}} {{group}} {{text}}");
    let (mut ann, mut bob) = (world.peer("ann"), world.peer_with("bob", &["--notify", &command]));
    ann.ask(&["group", "create", "tea"]).expect_ok();
    bob.ask(&["group", "join", "tea"]).expect_ok();
    bob.expect("in", |e| e["event"] == "group" && e["state"] == "joined" && e["who"] == "bob");
    (ann, bob)
}

fn says(ann: &mut Peer, bob: &mut Peer, words: &[&str]) {
    ann.ask(words).expect_ok();
    let text = words[words.len() - 1];
    bob.expect(text, |e| is_message(e, "ann", text));
}

#[test]
fn a_command_is_told_of_direct_messages_and_mentions_or_what_one_wants() {
    let world = World::new();
    let (mut ann, mut bob) = told(&world);
    says(&mut ann, &mut bob, &["msg", "bob", "direct"]);
    says(&mut ann, &mut bob, &["group", "say", "tea", "all of you"]);
    says(&mut ann, &mut bob, &["group", "say", "tea", "you, @Bob, too"]);
    assert_eq!(bob.ask(&["notify"]).expect_ok().lines, [Value::Null; 0]);
    bob.ask(&["notify", "ann", "off"]).expect_ok();
    bob.ask(&["notify", "tea", "ALL"]).expect_ok();
    says(&mut ann, &mut bob, &["msg", "bob", "bob, not now"]);
    says(&mut ann, &mut bob, &["group", "say", "tea", "--all of it"]);
    bob.leave();
    let told = fs::read_to_string(world.home("told")).expect("it was run");
    assert_eq!(told, "ann||direct\nann|tea|you, @Bob, too\nann|tea| --all of it\n");
    let events = fs::read_to_string(world.home("told.json")).expect("it was run");
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(events.len(), 3);
    assert!(is_message(&events[0], "ann", "direct") && events[0]["seq"].is_u64(), "{events:?}");
}

#[test]
fn how_much_is_told_of_whom_is_kept_and_listed() {
    let world = World::new();
    let (ann, mut bob) = told(&world);
    bob.ask(&["notify", "ann", "mentions"]).expect_ok();
    bob.ask(&["notify", "tea", "off"]).expect_ok();
    bob.crash();
    assert_eq!(world.once("bob", &["notify"]).expect_ok(), "ann  mentions\ntea  off\n");
    assert_eq!(world.once("bob", &["notify", "tea"]).expect_ok(), "tea  off\n");
    assert_eq!(world.once("ann", &["notify", "bob"]).expect_ok(), "bob  all\n");
    assert_eq!(world.once("ann", &["notify", "tea"]).expect_ok(), "tea  mentions\n");
    let mut bob = world.peer("bob");
    let rows = bob.ask(&["notify"]).expect_ok().lines;
    let ann_row = json!({ "event": "notify", "person": "ann", "level": "mentions" });
    assert_eq!(rows, [ann_row, json!({ "event": "notify", "group": "tea", "level": "off" })]);
    bob.ask(&["notify", "nobody", "off"]).expect_refusal(1);
    bob.ask(&["notify", "ann", "loudly"]).expect_refusal(2);
    ann.leave();
}
