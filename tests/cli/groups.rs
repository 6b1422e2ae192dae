//! Groups: founded, joined, talked in.

use crate::support::{Peer, World};
use serde_json::Value;

fn is_group(event: &Value, state: &str, who: &str) -> bool {
    event["event"] == "group" && event["state"] == state && event["who"] == who
}

fn is_talk(event: &Value, from: &str, text: &str) -> bool {
    event["event"] == "message"
        && event["group"] == "climbers"
        && event["from"] == from
        && event["text"] == text
}

/// ann leads, bob is in.
fn climbers(world: &World) -> (Peer, Peer) {
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    bob.ask(&["join_group", "climbers"]).expect_ok();
    bob.expect("being in", |e| is_group(e, "joined", "bob"));
    (ann, bob)
}

#[test]
fn talk_reaches_members_online_or_not_and_is_kept() {
    let world = World::new();
    let (mut ann, bob) = climbers(&world);
    bob.leave();
    let answer = ann.ask(&["broadcast", "climbers", "who is in?"]).expect_ok();
    assert_eq!(answer.row("queued")["to"], "climbers");
    let mut bob = world.peer("bob");
    bob.expect("talk", |e| is_talk(e, "ann", "who is in?"));
    bob.ask(&["group", "say", "climbers", "I am"]).expect_ok();
    ann.expect("talk", |e| is_talk(e, "bob", "I am"));
    let answer = ann.ask(&["history", "climbers"]).expect_ok();
    let texts: Vec<&str> = answer.rows("entry").iter().filter_map(|e| e["text"].as_str()).collect();
    assert_eq!(texts, ["who is in?", "I am"]);
    let answer = bob.ask(&["search", "who", "--with", "climbers"]).expect_ok();
    assert_eq!(answer.row("entry")["group"], "climbers");
    ann.ask(&["history", "sailors"]).expect_refusal(1);
}

#[test]
fn a_person_comes_before_a_group_of_the_same_name() {
    let world = World::new();
    let mut ann = world.peer("ann");
    world.once("bob", &["whoami"]).expect_ok();
    ann.ask(&["group", "create", "bob"]).expect_ok();
    ann.ask(&["group", "say", "bob", "to the group"]).expect_ok();
    ann.ask(&["msg", "bob", "to the person"]).expect_ok();
    let said = |ann: &mut Peer, whose: &str| {
        let answer = ann.ask(&["history", whose]).expect_ok();
        answer.row("entry")["text"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(said(&mut ann, "bob"), "to the person");
    assert_eq!(said(&mut ann, "bob@ann"), "to the group");
}

#[test]
fn who_waits_for_talk_may_name_the_speaker_or_the_group() {
    let world = World::new();
    let (mut ann, mut bob) = climbers(&world);
    let by_speaker = bob.send(&["wait", "--from", "ann", "--match", "in?"]);
    let by_group = bob.send(&["wait", "--from", "climbers", "--event", "message"]);
    bob.settle();
    ann.ask(&["group", "say", "climbers", "who is in?"]).expect_ok();
    bob.answer(by_speaker).expect_ok();
    bob.answer(by_group).expect_ok();
}

#[test]
fn a_private_group_is_not_listed_and_its_leader_decides() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.plain("bob"));
    ann.ask(&["create_group", "secret", "0"]).expect_ok();
    assert!(ann.ask(&["group", "list", "--public"]).expect_ok().rows("group").is_empty());
    bob.say("/group join secret@ann");
    bob.expect("our question", |line| line == "* asked to be let into secret");
    ann.expect("the question", |e| is_group(e, "asked", "bob"));
    ann.ask(&["group", "allow", "secret", "bob"]).expect_ok();
    bob.expect("being in", |line| line == "* you are in secret");
    ann.ask(&["group", "kick", "secret", "bob"]).expect_ok();
    bob.expect("being out", |line| line == "* you were put out of secret");
}
