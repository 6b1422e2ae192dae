//! Where plain lines go: to a person or a group, with a session or without.

use crate::support::{Peer, Process, World, is_message, is_session};
use serde_json::json;

/// A group of ann's with bob in it, who speaks plain lines.
fn tea(world: &World) -> (Peer, Process) {
    let (mut ann, mut bob) = (world.peer("ann"), world.plain("bob"));
    ann.ask(&["group", "create", "tea"]).expect_ok();
    bob.say("/group join tea");
    bob.expect("in", |line| line == "* you are in tea");
    ann.expect("in", |e| e["event"] == "group" && e["who"] == "bob" && e["state"] == "joined");
    (ann, bob)
}

#[test]
fn plain_lines_go_to_a_group_or_a_person_without_a_session() {
    let world = World::new();
    let (mut ann, mut bob) = tea(&world);
    bob.say("nobody hears this");
    bob.expect("a refusal", |line| line.starts_with("! nobody to talk to [/to NAME"));
    bob.say("/to");
    bob.expect("nowhere", |line| line == "* plain lines go nowhere yet (/to NAME or /to GROUP)");
    for (to, line) in [("tea", "who is in?"), ("ann", "only you"), ("TEA@Ann", "all of you")] {
        bob.say(&format!("/to {to}"));
        bob.say(line);
        let message = ann.expect("it", |e| is_message(e, "bob", line));
        assert_eq!(message.get("group").is_some(), to != "ann", "{message}");
    }
    bob.say("/to");
    bob.expect("where", |line| line == "* plain lines go to tea");
    ann.settle();
    assert_eq!(ann.count(|e| e["event"] == "session"), 0, "nothing is asked of anybody");
}

#[test]
fn to_somebody_only_the_server_knows_and_to_nobody_at_all() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let mut bob = world.plain("bob");
    bob.say("/to Ann");
    bob.expect("where", |line| line == "* plain lines go to ann");
    bob.say("hello, stranger");
    ann.expect("it", |e| is_message(e, "bob", "hello, stranger"));
    bob.say("/to nobody");
    bob.say("?");
    bob.expect("a refusal", |l| l == "! nobody: no such name, or not visible to you");
    for (to, why) in
        [("127.77.3.3", "no such name"), ("tea@ann", "no such group"), ("1.2.3.4:5", "chat")]
    {
        bob.say(&format!("/to {to}"));
        bob.expect(to, |line| line.starts_with("! ") && line.contains(why));
    }
}

#[test]
fn chat_with_a_group_turns_there() {
    let world = World::new();
    let (mut ann, mut bob) = tea(&world);
    bob.say("/chat tea");
    bob.say("by chat");
    bob.say("/chat tea@ann");
    bob.say("by its whole name");
    for text in ["by chat", "by its whole name"] {
        assert_eq!(ann.expect("it", |e| is_message(e, "bob", text))["group"], "tea");
    }
}

#[test]
fn where_one_turned_lines_go_whatever_sessions_open_and_close() {
    let world = World::new();
    let (mut ann, mut bob) = tea(&world);
    bob.say("/chat ann");
    ann.expect("asked", |e| is_session(e, "bob", "offered"));
    bob.say("/to tea");
    bob.say("meanwhile");
    bob.expect("turned", |line| line == "* plain lines go to tea");
    ann.ask(&["accept"]).expect_ok();
    bob.expect("open", |line| line == "* session with ann open (direct)");
    bob.say("still to all");
    for text in ["meanwhile", "still to all"] {
        assert_eq!(ann.expect("it", |e| is_message(e, "bob", text))["group"], "tea");
    }
    bob.say("/to ann");
    ann.ask(&["close"]).expect_ok();
    bob.expect("closed", |line| line.starts_with("* session with ann closed"));
    bob.say("by mail, then");
    let mail = ann.expect("it", |e| is_message(e, "bob", "by mail, then"));
    assert!(mail.get("group").is_none(), "{mail}");
}

#[test]
fn in_json_a_row_says_where_plain_lines_go() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["group", "create", "tea"]).expect_ok();
    assert_eq!(ann.ask(&["to"]).expect_ok().lines, [json!({ "event": "to" })]);
    let answer = ann.ask(&["to", "tea"]).expect_ok();
    assert_eq!(answer.lines, [json!({ "event": "to", "group": "tea" })]);
    let answer = ann.ask(&["to", "bob"]).expect_ok();
    assert_eq!(answer.lines, [json!({ "event": "to", "person": "bob" })]);
    ann.process.say("just a line");
    bob.expect("it", |e| is_message(e, "ann", "just a line"));
}

#[test]
fn input_is_piped_to_a_group_whether_a_hobnob_runs_or_not() {
    let world = World::new();
    let (mut ann, mut bob) = tea(&world);
    for verb in ["chat", "to"] {
        pipe(&world, verb, &mut ann, &format!("{verb} while he runs"));
        bob.say("nobody hears this");
        bob.expect("his own lines to go nowhere", |line| line.starts_with("! nobody to talk to"));
    }
    bob.stop();
    for verb in ["chat", "to"] {
        pipe(&world, verb, &mut ann, &format!("{verb} by itself"));
    }
}

/// Bob's `hobnob VERB tea` with a line of input, to its end; ann hears it.
fn pipe(world: &World, verb: &str, ann: &mut Peer, text: &str) {
    let mut piped = Process::start(world.signed("bob").args([verb, "tea"]));
    piped.say(text);
    piped.ended().expect_ok();
    assert_eq!(ann.expect(text, |e| is_message(e, "bob", text))["group"], "tea");
}
