//! Programs that end without a word and come back: nothing accepted is missing or shown twice.

use crate::support::{Process, World, hobnob, is_message, is_receipt, is_session, open};

#[test]
fn what_is_written_to_a_killed_peer_arrives_once_when_it_is_back() {
    let world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    bob.crash();
    ann.send(&["msg", "bob", "are you there?"]);
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    ann.send(&["msg", "bob", "still waiting"]);
    let mut bob = world.peer("bob");
    open(&mut ann, &mut bob);
    bob.expect("the first", |e| is_message(e, "ann", "are you there?"));
    bob.expect("the second", |e| is_message(e, "ann", "still waiting"));
    for _ in 0..2 {
        ann.expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    }
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "each once");
}

#[test]
fn a_burst_cut_by_kill_9_of_the_receiver_arrives_whole_in_order_and_once() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let count = 300;
    for n in 0..count {
        ann.send(&["msg", "bob", &n.to_string()]);
    }
    bob.expect("some of them", |e| is_message(e, "ann", "20"));
    bob.crash();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    let mut bob = world.peer("bob");
    open(&mut ann, &mut bob);
    for _ in 0..count {
        ann.expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    }
    let limit = (2 * count).to_string();
    let history = bob.ask(&["history", "ann", "--limit", &limit]).expect_ok();
    let texts: Vec<_> = history.rows("entry").iter().map(|row| row["text"].clone()).collect();
    let whole: Vec<_> = (0..count).map(|n| n.to_string()).collect();
    assert_eq!(texts, whole);
}

#[test]
fn what_a_killed_sender_had_accepted_is_still_sent() {
    let world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    bob.stop();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    ann.send(&["msg", "bob", "promised"]);
    ann.expect("queued", |e| is_receipt(e, "bob", "queued"));
    ann.crash();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    open(&mut ann, &mut bob);
    bob.expect("the message", |e| is_message(e, "ann", "promised"));
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
    bob.settle();
    assert_eq!(bob.count(|e| is_message(e, "ann", "promised")), 0, "once");
}

#[test]
fn a_direct_session_outlives_the_server() {
    let mut world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    ann.forget();
    bob.forget();
    world.server.crash();
    ann.expect("offline", |event| event["event"] == "offline");
    bob.expect("offline", |event| event["event"] == "offline");
    ann.deliver("bob", "we do not need it");
    bob.deliver("ann", "no");
    ann.ask(&["who"]).expect_refusal(3);

    world.server.restart();
    ann.expect("online", |event| event["event"] == "online");
    bob.expect("online", |event| event["event"] == "online");
    ann.deliver("bob", "still the same session");
    assert_eq!(ann.count(|e| is_session(e, "bob", "closed")), 0);
    ann.ask(&["lookup", "bob"]).expect_ok();
}

#[test]
fn a_server_that_ends_in_order_tells_its_clients_and_keeps_its_accounts() {
    let mut world = World::new();
    let mut ann = world.peer("ann");
    world.once("bob", &["whoami"]).expect_ok();
    ann.forget();
    world.server.stop();
    let event = ann.expect("offline", |event| event["event"] == "offline");
    assert!(event["why"].as_str().is_some_and(|why| !why.is_empty()), "{event}");
    world.server.restart();
    ann.expect("online", |event| event["event"] == "online");
    ann.ask(&["lookup", "bob"]).expect_ok();
}

#[test]
fn a_killed_server_has_kept_every_account_it_gave_out() {
    let mut world = World::new();
    for name in ["ann", "bob"] {
        world.once(name, &["whoami"]).expect_ok();
    }
    world.server.crash();
    world.server.restart();
    world.once("ann", &["lookup", "bob"]).expect_ok();
    let mut thief = hobnob(&world.home("thief"));
    thief.args(["-n", "bob", "-s", &world.at(), "whoami"]);
    Process::start(&mut thief).ended().expect_refusal(1);
}
