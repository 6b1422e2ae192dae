//! Friends: asking, answering, ending, blocking; keys compared and keys that change.

use crate::support::{Peer, World, hobnob, is_message, is_receipt, is_session};
use serde_json::Value;

fn is_request(event: &Value, from: &str) -> bool {
    event["event"] == "request" && event["from"] == from
}

fn is_friend(event: &Value, name: &str, state: &str) -> bool {
    event["event"] == "friend" && event["name"] == name && event["state"] == state
}

fn names(peer: &mut Peer, verb: &str) -> Vec<String> {
    let answer = peer.ask(&[verb]).expect_ok();
    let rows = answer.rows("person");
    rows.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
}

/// Makes friends of two who are there.
pub fn befriend(one: &mut Peer, other: &mut Peer) {
    let (one_name, other_name) = (one.name(), other.name());
    one.ask(&["add", &other_name]).expect_ok();
    other.expect("the request", |e| is_request(e, &one_name));
    other.ask(&["confirm", &one_name]).expect_ok();
    other.expect("confirmed", |e| is_friend(e, &one_name, "confirmed"));
    one.expect("confirmed", |e| is_friend(e, &other_name, "confirmed"));
}

#[test]
fn who_is_added_and_confirms_is_a_friend_on_both_sides() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["add", "bob", "it is me,  ann"]).expect_ok();
    ann.expect("asked", |e| is_friend(e, "bob", "asked"));
    let request = bob.expect("the request", |e| is_request(e, "ann"));
    assert_eq!(request["text"], "it is me,  ann");
    let waiting = bob.ask(&["requests"]).expect_ok();
    let row = waiting.lines.iter().find(|line| line["from"] == "ann").expect("it is listed");
    assert_eq!((&row["text"], row["event"] == "done"), (&"it is me,  ann".into(), false));
    assert_eq!(names(&mut bob, "friends"), Vec::<String>::new());
    bob.ask(&["confirm", "ann"]).expect_ok();
    ann.expect("confirmed", |e| is_friend(e, "bob", "confirmed"));
    bob.expect("confirmed", |e| is_friend(e, "ann", "confirmed"));
    assert_eq!(names(&mut ann, "friends"), ["bob"]);
    assert_eq!(names(&mut bob, "friends"), ["ann"]);
    bob.ask(&["confirm", "ann"]).expect_refusal(1);
    let row = ann.ask(&["lookup", "bob"]).expect_ok();
    assert_eq!(row.row("person")["friend"], true);
}

#[test]
fn a_friends_session_opens_without_asking() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["chat", "bob"]).expect_ok();
    bob.expect("open", |e| is_session(e, "ann", "open"));
    assert_eq!(bob.count(|e| is_session(e, "ann", "offered")), 0);
}

#[test]
fn who_is_added_while_away_is_asked_when_back_and_the_answer_waits_too() {
    let world = World::new();
    let bob = world.peer("bob");
    bob.stop();
    let mut ann = world.peer("ann");
    ann.ask(&["add", "bob"]).expect_ok();
    ann.expect("asked", |e| is_friend(e, "bob", "asked"));
    ann.leave();
    let mut bob = world.peer("bob");
    bob.expect("the request", |e| is_request(e, "ann"));
    bob.ask(&["confirm", "ann"]).expect_ok();
    bob.leave();
    let mut ann = world.peer("ann");
    ann.expect("confirmed", |e| is_friend(e, "bob", "confirmed"));
    assert_eq!(names(&mut ann, "friends"), ["bob"]);
}

#[test]
fn friends_are_made_by_one_shots_that_never_meet() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    world.once("ann", &["add", "bob", "hello bob"]).expect_ok();
    let requests = world.once("bob", &["requests"]);
    assert!(requests.expect_ok().contains("hello bob"), "{requests:?}");
    world.once("bob", &["confirm", "ann"]).expect_ok();
    let friends = world.once("ann", &["friends"]);
    assert!(friends.expect_ok().starts_with("bob "), "{friends:?}");
    world.once("ann", &["unfriend", "bob"]).expect_ok();
    assert_eq!(world.once("bob", &["friends"]).expect_ok(), "");
}

#[test]
fn both_asking_at_once_makes_one_friendship() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let (one, other) = (ann.send(&["add", "bob"]), bob.send(&["add", "ann"]));
    ann.answer(one).expect_ok();
    bob.answer(other).expect_ok();
    ann.expect("confirmed", |e| is_friend(e, "bob", "confirmed"));
    bob.expect("confirmed", |e| is_friend(e, "ann", "confirmed"));
    for peer in [&mut ann, &mut bob] {
        assert_eq!(names(peer, "friends").len(), 1);
        assert_eq!(peer.ask(&["requests"]).expect_ok().rows("request").len(), 0);
        peer.settle();
        let confirmed = |e: &Value| e["event"] == "friend" && e["state"] == "confirmed";
        assert_eq!(peer.count(confirmed), 0, "said once");
    }
}

#[test]
fn a_rejected_request_is_over_and_may_be_made_again() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["add", "bob"]).expect_ok();
    bob.expect("the request", |e| is_request(e, "ann"));
    bob.ask(&["reject", "ann"]).expect_ok();
    ann.expect("rejected", |e| is_friend(e, "bob", "rejected"));
    bob.ask(&["confirm", "ann"]).expect_refusal(1);
    assert!(names(&mut ann, "friends").is_empty() && names(&mut bob, "friends").is_empty());
    befriend(&mut ann, &mut bob);
}

#[test]
fn unfriend_ends_it_on_both_sides() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    bob.ask(&["unfriend", "ann"]).expect_ok();
    ann.expect("removed", |e| is_friend(e, "bob", "removed"));
    assert!(names(&mut ann, "friends").is_empty() && names(&mut bob, "friends").is_empty());
    bob.ask(&["unfriend", "ann"]).expect_refusal(1);
    bob.ask(&["private"]).expect_ok();
    ann.ask(&["lookup", "bob"]).expect_refusal(1);
}

#[test]
fn a_removed_friend_may_be_added_again() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["unfriend", "bob"]).expect_ok();
    bob.expect("removed", |e| is_friend(e, "ann", "removed"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["msg", "bob", "again"]).expect_ok();
    bob.expect("it", |e| is_message(e, "ann", "again"));
}

#[test]
fn nobody_and_oneself_cannot_be_added() {
    let world = World::new();
    let mut ann = world.peer("ann");
    ann.ask(&["add", "nobody"]).expect_refusal(1);
    ann.ask(&["add", "ann"]).expect_refusal(1);
    ann.ask(&["confirm", "nobody"]).expect_refusal(1);
    ann.ask(&["unfriend", "nobody"]).expect_refusal(1);
    ann.ask(&["unblock", "nobody"]).expect_refusal(1);
    let long = "x".repeat(1025);
    world.once("bob", &["whoami"]).expect_ok();
    ann.ask(&["add", "bob", &long]).expect_refusal(1);
}

#[test]
fn both_sides_verify_the_same_number() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let number = |peer: &mut Peer, of: &str| {
        let answer = peer.ask(&["verify", of]).expect_ok();
        let row = answer.lines.iter().find(|line| line["number"].is_string());
        row.expect("a number")["number"].as_str().expect("a text").to_owned()
    };
    let (one, other) = (number(&mut ann, "bob"), number(&mut bob, "ann"));
    assert_eq!(one, other);
    let mut cyd = world.peer("cyd");
    assert_ne!(number(&mut cyd, "ann"), one, "each pair has its own");
    let plain = world.once("ann", &["verify", "bob"]);
    assert!(plain.expect_ok().contains(&one), "{plain:?}");
}

#[test]
fn update_shows_the_state_of_those_whom_one_knows() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    let state = |ann: &mut Peer| {
        let answer = ann.ask(&["update"]).expect_ok();
        answer.row("person")["online"].clone()
    };
    assert_eq!(state(&mut ann), true);
    bob.stop();
    ann.expect("bob leaves", |e| e["event"] == "presence" && e["online"] == false);
    assert_eq!(state(&mut ann), false);
}

#[test]
fn a_friends_changed_key_is_loud_and_nothing_goes_there_until_trusted() {
    let mut world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    bob.stop();
    ann.expect("bob leaves", |e| e["event"] == "presence" && e["online"] == false);
    let console = world.server.process();
    console.say("forget bob");
    console.say("stats");
    console.expect("stats", |line| line.contains("accounts"));
    let mut command = hobnob(&world.home("other"));
    command.args(["--name", "bob", "--server", &world.at(), "--json"]);
    let mut other = Peer::start(&mut command);
    other.ready = other.expect("ready", |e| e["event"] == "ready");

    ann.ask(&["lookup", "bob"]).expect_refusal(5);
    let event = ann.expect("said aloud", |e| e["event"] == "identity");
    assert_eq!((&event["name"], &event["new"]), (&"bob".into(), &other.ready["fingerprint"]));
    ann.ask(&["msg", "bob", "for the first bob"]).expect_refusal(5);
    world.once("ann", &["msg", "bob", "for the first bob"]).expect_refusal(5);
    ann.ask(&["add", "bob"]).expect_refusal(5);
    other.settle();
    assert_eq!(other.count(|e| e["event"] == "message" || e["event"] == "request"), 0);

    ann.ask(&["trust", "bob"]).expect_ok();
    ann.ask(&["msg", "bob", "for the second bob"]).expect_ok();
    other.expect("it", |e| is_message(e, "ann", "for the second bob"));
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
    assert_eq!(other.count(|e| e["event"] == "message"), 0, "nothing meant for the first");
}
