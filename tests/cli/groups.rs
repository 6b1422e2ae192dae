//! Groups: founded, joined, talked in, left, handed over.

use crate::friends::befriend;
use crate::support::{Peer, World, is_message, is_receipt};
use serde_json::Value;

fn is_group(event: &Value, name: &str, state: &str, who: &str) -> bool {
    event["event"] == "group"
        && event["name"] == name
        && event["state"] == state
        && event["who"] == who
        && event["seq"].is_u64()
}

fn is_talk(event: &Value, group: &str, from: &str, text: &str) -> bool {
    is_message(event, from, text) && event["group"] == group
}

/// Joins a public group, and waits until both sides say so.
fn join(peer: &mut Peer, leader: &mut Peer, group: &str) {
    peer.ask(&["group", "join", group]).expect_ok();
    let name = peer.name();
    leader.expect("joined", |e| is_group(e, group, "joined", &name));
    peer.expect("joined", |e| is_group(e, group, "joined", &name));
}

/// A public group of ann's with bob and cyd in it, all of whom know of each other.
fn climbers(world: &World) -> (Peer, Peer, Peer) {
    let (mut ann, mut bob, mut cyd) = (world.peer("ann"), world.peer("bob"), world.peer("cyd"));
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    ann.expect("created", |e| is_group(e, "climbers", "created", "ann"));
    join(&mut bob, &mut ann, "climbers");
    join(&mut cyd, &mut ann, "climbers");
    bob.expect("joined", |e| is_group(e, "climbers", "joined", "cyd"));
    (ann, bob, cyd)
}

fn members(peer: &mut Peer, group: &str) -> Vec<String> {
    let answer = peer.ask(&["group", "members", group]).expect_ok();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or("-").to_owned();
    let rows = answer.rows("member");
    rows.iter().map(|row| format!("{} {}", text(row, "name"), text(row, "standing"))).collect()
}

#[test]
fn a_public_group_is_listed_joined_and_talked_in() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = climbers(&world);
    let listed = world.once("dan", &["group", "list", "--public"]);
    assert!(listed.expect_ok().starts_with("climbers  listed  led by ann  public"), "{listed:?}");
    assert_eq!(members(&mut bob, "climbers"), ["ann leader", "bob member", "cyd member"]);
    let mine = bob.ask(&["group", "list"]).expect_ok();
    let row = mine.row("group");
    assert_eq!((&row["standing"], &row["leader"]), (&"member".into(), &"ann".into()));
    assert_eq!((&row["public"], &row["members"]), (&true.into(), &3.into()));
    bob.ask(&["group", "say", "climbers", "who is in?"]).expect_ok();
    let message = ann.expect("it", |e| is_talk(e, "climbers", "bob", "who is in?"));
    assert!(message["id"].is_string() && message["sent"].is_string(), "{message}");
    cyd.expect("it", |e| is_talk(e, "climbers", "bob", "who is in?"));
    for who in ["ann", "cyd"] {
        let receipt = bob.expect("delivered", |e| is_receipt(e, who, "delivered"));
        assert_eq!(receipt["id"], message["id"]);
    }
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "who speaks hears no echo");
    for peer in [&mut ann, &mut bob, &mut cyd] {
        let history = peer.ask(&["history", "climbers"]).expect_ok();
        assert_eq!(history.row("entry")["text"], "who is in?");
        let found = peer.ask(&["search", "who", "--with", "climbers"]).expect_ok();
        assert_eq!(found.row("entry")["group"], "climbers");
    }
    ann.ask(&["group", "create", "climbers"]).expect_refusal(1);
    bob.ask(&["group", "join", "climbers"]).expect_refusal(1);
    bob.ask(&["group", "kick", "climbers", "cyd"]).expect_refusal(1);
    bob.ask(&["group", "say", "divers", "?"]).expect_refusal(1);
    bob.ask(&["group", "join", "divers"]).expect_refusal(1);
    bob.ask(&["group", "create", "no name"]).expect_refusal(2);
}

#[test]
fn talk_reaches_who_is_away_once_and_in_order() {
    let world = World::new();
    let (mut ann, bob, mut cyd) = climbers(&world);
    bob.stop();
    for n in 0..10 {
        ann.ask(&["group", "say", "climbers", &n.to_string()]).expect_ok();
    }
    cyd.expect("the last", |e| is_talk(e, "climbers", "ann", "9"));
    cyd.crash();
    ann.leave();
    for name in ["bob", "cyd"] {
        let mut peer = world.peer(name);
        let history = peer.ask(&["history", "climbers"]).expect_ok();
        let texts: Vec<_> = history.rows("entry").iter().map(|row| row["text"].clone()).collect();
        assert_eq!(texts, (0..10).map(|n| n.to_string()).collect::<Vec<_>>(), "{name}");
        peer.leave();
    }
    let mut ann = world.peer("ann");
    assert_eq!(ann.ask(&["outbox"]).expect_ok().lines.len(), 0, "all of it has come");
}

#[test]
fn a_private_group_is_not_listed_and_its_leader_decides() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = (world.peer("ann"), world.peer("bob"), world.peer("cyd"));
    ann.ask(&["create_group", "divers", "0"]).expect_ok();
    assert_eq!(cyd.ask(&["group", "list", "--public"]).expect_ok().rows("group").len(), 0);
    cyd.ask(&["group", "join", "divers"]).expect_refusal(1);
    for (peer, verb, state) in [(&mut bob, "allow", "joined"), (&mut cyd, "deny", "denied")] {
        let name = peer.name();
        peer.ask(&["group", "join", "divers@ann"]).expect_ok();
        peer.expect("asked", |e| is_group(e, "divers", "asked", &name));
        ann.expect("asked", |e| is_group(e, "divers", "asked", &name));
        ann.ask(&["group", verb, "divers", &name]).expect_ok();
        ann.expect(state, |e| is_group(e, "divers", state, &name));
        peer.expect(state, |e| is_group(e, "divers", state, &name));
    }
    assert_eq!(members(&mut bob, "divers"), ["ann leader", "bob member"]);
    cyd.ask(&["group", "say", "divers", "hello?"]).expect_refusal(1);
    ann.ask(&["group", "allow", "divers", "cyd"]).expect_refusal(1);
}

#[test]
fn who_is_invited_is_in_with_a_yes() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.plain("bob"));
    ann.ask(&["group", "create", "divers", "--private"]).expect_ok();
    ann.ask(&["group", "invite", "divers", "bob"]).expect_ok();
    ann.expect("invited", |e| is_group(e, "divers", "invited", "bob"));
    let invited = "* you are invited to divers (/group join divers says yes): by ann";
    bob.expect("invited", |line| line == invited);
    bob.say("/group join divers");
    bob.expect("in", |line| line == "* you are in divers");
    ann.expect("joined", |e| is_group(e, "divers", "joined", "bob"));
    bob.say("/group say divers it is deep  here");
    ann.expect("it", |e| is_talk(e, "divers", "bob", "it is deep  here"));
    ann.ask(&["broadcast", "divers", "and cold"]).expect_ok();
    bob.expect("it", |line| line == "[divers] ann: and cold");
}

#[test]
fn joining_works_while_the_leader_is_away() {
    let world = World::new();
    let mut ann = world.peer("ann");
    ann.ask(&["group", "create", "divers", "--private"]).expect_ok();
    ann.stop();
    world.once("bob", &["group", "join", "divers@ann"]).expect_ok();
    world.once("ann", &["group", "allow", "divers", "bob"]).expect_ok();
    let list = world.once("bob", &["group", "list"]);
    assert!(list.expect_ok().starts_with("divers  member  led by ann"), "{list:?}");
    world.once("bob", &["group", "say", "divers", "said by nobody's program"]).expect_ok();
    world.once("ann", &["update"]).expect_ok();
    let history = world.once("ann", &["history", "divers"]);
    assert_eq!(history.expect_ok(), "[divers] bob: said by nobody's program\n");
}

#[test]
fn who_is_kicked_gets_nothing_more_and_says_nothing_more() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = climbers(&world);
    ann.ask(&["group", "kick", "climbers", "cyd"]).expect_ok();
    for peer in [&mut ann, &mut bob, &mut cyd] {
        peer.expect("kicked", |e| is_group(e, "climbers", "kicked", "cyd"));
    }
    ann.ask(&["group", "say", "climbers", "among us"]).expect_ok();
    bob.expect("it", |e| is_talk(e, "climbers", "ann", "among us"));
    cyd.ask(&["group", "say", "climbers", "me too"]).expect_refusal(1);
    cyd.settle();
    assert_eq!(cyd.count(|e| e["event"] == "message"), 0);
    assert_eq!(members(&mut bob, "climbers"), ["ann leader", "bob member"]);
    ann.ask(&["group", "kick", "climbers", "cyd"]).expect_refusal(1);
}

#[test]
fn the_longest_member_leads_when_the_leader_leaves_and_the_last_one_ends_it() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = climbers(&world);
    ann.ask(&["leave_group", "climbers"]).expect_ok();
    ann.expect("left", |e| is_group(e, "climbers", "left", "ann"));
    for peer in [&mut bob, &mut cyd] {
        peer.expect("left", |e| is_group(e, "climbers", "left", "ann"));
        peer.expect("leads", |e| is_group(e, "climbers", "leads", "bob"));
        assert_eq!(members(peer, "climbers"), ["bob leader", "cyd member"]);
    }
    let listed = world.once("dan", &["group", "list", "--public"]);
    assert!(listed.expect_ok().contains("led by bob"), "{listed:?}");
    bob.ask(&["group", "kick", "climbers", "cyd"]).expect_ok();
    cyd.expect("kicked", |e| is_group(e, "climbers", "kicked", "cyd"));
    bob.ask(&["group", "leave", "climbers"]).expect_ok();
    bob.ask(&["group", "members", "climbers"]).expect_refusal(1);
    assert_eq!(bob.ask(&["group", "list"]).expect_ok().rows("group").len(), 0);
    assert_eq!(world.once("dan", &["group", "list", "--public"]).expect_ok(), "");
}

#[test]
fn a_blocked_members_talk_is_not_shown() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = climbers(&world);
    cyd.ask(&["block", "bob"]).expect_ok();
    bob.send(&["group", "say", "climbers", "can you all hear me?"]);
    ann.expect("it", |e| is_talk(e, "climbers", "bob", "can you all hear me?"));
    ann.ask(&["group", "say", "climbers", "we do"]).expect_ok();
    cyd.expect("it", |e| is_talk(e, "climbers", "ann", "we do"));
    assert_eq!(cyd.count(|e| e["event"] == "message"), 0);
    cyd.ask(&["history", "climbers"]).expect_ok();
    assert_eq!(cyd.count(|e| e["text"] == "can you all hear me?"), 0);
}

#[test]
fn two_groups_of_one_name_are_told_apart_by_their_leaders() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = (world.peer("ann"), world.peer("bob"), world.peer("cyd"));
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    bob.ask(&["group", "create", "climbers"]).expect_ok();
    let why = cyd.ask(&["group", "join", "climbers"]).expect_refusal(2);
    assert!(why.contains("more than one"), "{why}");
    cyd.ask(&["group", "join", "climbers@ann"]).expect_ok();
    cyd.ask(&["group", "join", "climbers@bob"]).expect_ok();
    ann.expect("joined", |e| is_group(e, "climbers", "joined", "cyd"));
    bob.expect("joined", |e| is_group(e, "climbers", "joined", "cyd"));
    for who in ["ann", "bob"] {
        cyd.expect("in", |e| {
            let name = e["name"].as_str().unwrap_or_default();
            e["state"] == "joined" && (name == "climbers" || name == format!("climbers@{who}"))
        });
    }
    cyd.ask(&["group", "say", "climbers", "which?"]).expect_refusal(2);
    cyd.ask(&["group", "say", "climbers@bob", "you"]).expect_ok();
    bob.expect("it", |e| is_talk(e, "climbers", "cyd", "you"));
    ann.settle();
    assert_eq!(ann.count(|e| e["event"] == "message"), 0);
}

#[test]
fn a_private_persons_groups_go_on() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = climbers(&world);
    befriend(&mut ann, &mut bob);
    cyd.ask(&["private"]).expect_ok();
    bob.ask(&["group", "say", "climbers", "cyd is private"]).expect_ok();
    cyd.expect("it", |e| is_talk(e, "climbers", "bob", "cyd is private"));
    cyd.ask(&["group", "say", "climbers", "and here"]).expect_ok();
    bob.expect("it", |e| is_talk(e, "climbers", "cyd", "and here"));
    world.once("dan", &["lookup", "cyd"]).expect_refusal(1);
    ann.ask(&["group", "kick", "climbers", "cyd"]).expect_ok();
    cyd.expect("kicked", |e| is_group(e, "climbers", "kicked", "cyd"));
    bob.ask(&["lookup", "cyd"]).expect_refusal(1);
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
    let (mut ann, mut bob, _cyd) = climbers(&world);
    let by_speaker = bob.send(&["wait", "--from", "ann", "--match", "in?"]);
    let by_group = bob.send(&["wait", "--from", "climbers", "--event", "message"]);
    bob.settle();
    ann.ask(&["group", "say", "climbers", "who is in?"]).expect_ok();
    bob.answer(by_speaker).expect_ok();
    bob.answer(by_group).expect_ok();
}
