//! Messages: receipts, order, history, the event log, limits.

use crate::support::{World, is_message, is_receipt, is_session};
use serde_json::{Value, json};

#[test]
fn messages_go_both_ways_and_are_acknowledged() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let id = ann.deliver("bob", "there");
    let message = bob.expect("the message", |e| is_message(e, "ann", "there"));
    assert_eq!(message["id"], id.as_str(), "both sides call it the same");
    assert!(message["sent"].as_str().is_some_and(|sent| sent.ends_with('Z')), "{message}");
    assert!(message["seq"].is_u64() && message.get("group").is_none(), "{message}");
    let id = bob.deliver("ann", "and back");
    let message = ann.expect("the message", |e| is_message(e, "bob", "and back"));
    assert_eq!(message["id"], id.as_str());
}

#[test]
fn a_burst_arrives_whole_in_order_and_once() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let count = 500;
    for n in 0..count {
        ann.process.say(&json!({ "cmd": "msg", "args": ["bob", format!("{n}")] }).to_string());
    }
    for n in 0..count {
        let next = bob.expect("a message", |e| e["event"] == "message");
        assert_eq!(next["text"], format!("{n}"));
    }
    for _ in 0..count {
        ann.expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    }
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "each once");
}

#[test]
fn text_is_carried_exact() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let most = "x".repeat(64 * 1024);
    let texts =
        ["", " two  spaces ", "/not a verb", "a\nb\tc", "\u{1b}[31mred\u{7}", "日本 👪", &most];
    for text in texts {
        ann.deliver("bob", text);
        bob.expect("the text", |e| is_message(e, "ann", text));
    }
}

#[test]
fn a_text_over_the_limit_is_refused_with_the_limit() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let long = "x".repeat(64 * 1024 + 1);
    assert!(ann.ask(&["msg", "bob", &long]).expect_refusal(1).contains("65536"));
    world.once("ann", &["msg", "bob", &long]).expect_refusal(1);
    ann.deliver("bob", "short");
    bob.expect("the short one", |e| is_message(e, "ann", "short"));
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "nothing half done");
    assert_eq!(ann.ask(&["outbox"]).expect_ok().rows("outbox").len(), 0);
}

#[test]
fn a_message_to_nobody_is_refused() {
    let world = World::new();
    let mut ann = world.peer("ann");
    ann.ask(&["msg", "nobody", "hello"]).expect_refusal(1);
    world.once("ann", &["msg", "nobody", "hello"]).expect_refusal(1);
    ann.stop();
    world.once("ann", &["msg", "nobody", "hello"]).expect_refusal(1);
}

#[test]
fn history_tells_it_to_both_sides_also_later() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    ann.deliver("bob", "first");
    bob.deliver("ann", "second");
    ann.deliver("bob", "third");
    let texts = |lines: &[&Value]| -> Vec<String> {
        lines.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
    };
    for peer in [&mut ann, &mut bob] {
        let all = peer.ask(&["history"]).expect_ok();
        assert_eq!(texts(&all.rows("entry")), ["first", "second", "third"]);
    }
    let last = ann.ask(&["history", "bob", "--limit", "1"]).expect_ok();
    assert_eq!(texts(&last.rows("entry")), ["third"]);
    bob.stop();
    let out = world.once("bob", &["history", "ann"]);
    let places: Vec<_> = ["first", "second", "third"].map(|text| out.out.find(text)).to_vec();
    assert!(places.is_sorted() && places[0].is_some(), "{out:?}");
}

#[test]
fn durable_events_are_numbered_without_a_gap_and_can_be_read_again() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    for n in 0..5 {
        ann.deliver("bob", &format!("number {n}"));
    }
    let log = bob.ask(&["events", "--since", "0"]).expect_ok();
    let numbered: Vec<&Value> = log.lines.iter().filter(|line| line["seq"].is_u64()).collect();
    let numbers: Vec<u64> = numbered.iter().filter_map(|line| line["seq"].as_u64()).collect();
    let first = numbers.first().copied().expect("things happened");
    let gapless: Vec<u64> = (first..first + numbers.len() as u64).collect();
    assert_eq!(numbers, gapless);
    assert_eq!(numbered.iter().filter(|line| line["event"] == "message").count(), 5);

    let stopped_at = numbers[numbers.len() - 3];
    let rest = bob.ask(&["events", "--since", &stopped_at.to_string()]).expect_ok();
    let rest: Vec<u64> = rest.lines.iter().filter_map(|line| line["seq"].as_u64()).collect();
    assert_eq!(rest, [stopped_at + 1, stopped_at + 2]);
}

#[test]
fn a_one_shot_message_is_delivered_through_the_running_program() {
    let world = World::new();
    let (_ann, mut bob) = world.pair("ann", "bob");
    let out = world.once("ann", &["--wait", "delivered", "msg", "bob", "from a script"]);
    out.expect_ok();
    bob.expect("the message", |e| is_message(e, "ann", "from a script"));
}

#[test]
fn waiting_for_more_than_can_happen_ends_with_6_and_keeps_the_message() {
    let world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    bob.crash();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    let args = ["--timeout", "1", "--wait", "delivered", "msg", "bob", "later"];
    world.once("ann", &args).expect_refusal(6);
    let outbox = ann.ask(&["outbox"]).expect_ok();
    let row = outbox.row("outbox");
    assert_eq!((&row["to"], &row["state"]), (&"bob".into(), &"held".into()));
}

#[test]
fn a_queued_message_can_be_given_up() {
    let world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    bob.stop();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    ann.send(&["msg", "bob", "never mind"]);
    let receipt = ann.expect("queued", |e| is_receipt(e, "bob", "queued"));
    let id = receipt["id"].as_str().expect("an id").to_owned();
    ann.ask(&["drop", &id]).expect_ok();
    assert_eq!(ann.ask(&["outbox"]).expect_ok().rows("outbox").len(), 0);
    ann.ask(&["drop", &id]).expect_refusal(1);
}
