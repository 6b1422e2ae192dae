//! What scripts rely on: waiting, following, many at a time.

use crate::friends::befriend;
use crate::support::peer::Asked;
use crate::support::{Ended, Peer, Process, World, is_message, is_receipt, open};
use serde_json::Value;
use std::collections::BTreeSet;

/// Begins to wait, and gives back once that is so.
fn waits(peer: &mut Peer, words: &[&str]) -> Asked {
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

#[test]
fn wait_ends_with_the_first_event_from_now_on_that_fits_in_all_and_prints_it() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.ask(&["msg", "ann", "[it] before"]).expect_ok();
    ann.expect("it", |e| is_message(e, "bob", "[it] before"));
    let mut command = world.signed("ann");
    let options = ["--json", "wait", "--from", "Bob", "--match", "[it]", "--event", "MESSAGE"];
    let mut waiting = Process::start(command.args(options));
    for text in ["IT", "it", "[i t]"] {
        bob.ask(&["msg", "ann", text]).expect_ok();
    }
    while waiting.waiting().is_empty() {
        bob.ask(&["msg", "ann", "now [it] is"]).expect_ok();
    }
    let ended = waiting.ended();
    let lines: Vec<Value> =
        ended.expect_ok().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "the event and its end: {ended:?}");
    assert!(is_message(&lines[0], "bob", "now [it] is") && lines[0]["seq"].is_u64(), "{ended:?}");
    assert_eq!((&lines[1]["event"], &lines[1]["ok"]), (&"done".into(), &true.into()));
}

#[test]
fn wait_takes_each_kind_of_event() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let kinds = ["request", "friend", "session", "message", "presence"];
    let asked: Vec<Asked> = kinds.iter().map(|kind| waits(&mut ann, &["--event", kind])).collect();
    let receipt = waits(&mut ann, &["--event", "receipt", "--from", "bob"]);
    let mut bob = world.peer("bob");
    bob.ask(&["add", "ann"]).expect_ok();
    ann.expect("the request", |e| e["event"] == "request");
    ann.ask(&["confirm", "bob"]).expect_ok();
    bob.expect("confirmed", |e| e["event"] == "friend" && e["state"] == "confirmed");
    ann.ask(&["chat", "bob"]).expect_ok();
    bob.ask(&["msg", "ann", "hi"]).expect_ok();
    ann.ask(&["msg", "bob", "hi"]).expect_ok();
    for asked in asked.into_iter().chain([receipt]) {
        ann.answer(asked).expect_ok();
    }
    ann.ask_within(0.1, &["wait", "--event", "voice"]).expect_refusal(6);
    let offline = waits(&mut ann, &["--event", "offline"]);
    ann.ask(&["offline"]).expect_ok();
    ann.answer(offline).expect_ok();
}

/// How far a message had come when its verb ended, in the order of its receipts.
fn receipts(ended: &Ended) -> Vec<String> {
    let events = ended.expect_ok().lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let receipts = events.filter(|event: &Value| event["event"] == "receipt");
    receipts.map(|receipt| receipt["state"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn a_sending_verb_ends_at_the_state_it_waits_for_or_a_better_one() {
    let world = World::new();
    let (_ann, mut bob) = world.pair("ann", "bob");
    world.once("dave", &["whoami"]).expect_ok();
    // With bob there is a session, so held is never reached, and delivered is better.
    for (to, wait, last) in [
        ("bob", "queued", "queued"),
        ("bob", "sent", "sent"),
        ("bob", "held", "delivered"),
        ("bob", "delivered", "delivered"),
        ("dave", "queued", "queued"),
        ("dave", "sent", "held"),
        ("dave", "held", "held"),
    ] {
        let ended = world.once("ann", &["--json", "--wait", wait, "msg", to, wait]);
        let states = receipts(&ended);
        let is_there = states.iter().any(|state| state == last);
        assert!(is_there, "{to} {wait}: {states:?}");
        let is_better = |state: &str| ["held", "delivered"].contains(&state);
        assert!(wait == "sent" || is_better(last) || !states.iter().any(|s| is_better(s)));
    }
    let late = ["--timeout", "0.3", "--wait", "delivered", "msg", "dave", "later"];
    world.once("ann", &late).expect_refusal(6);
    bob.expect("the last", |e| is_message(e, "ann", "delivered"));
    let mut dave = world.peer("dave");
    for text in ["queued", "sent", "held", "later"] {
        dave.expect("it", |e| is_message(e, "ann", text));
    }
}

#[test]
fn a_json_line_may_say_itself_how_far_and_how_long() {
    let world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    bob.stop();
    ann.expect("closed", |e| e["event"] == "session" && e["state"] == "closed");
    let line = |wait: &str, n: u32| {
        format!(r#"{{"cmd":"msg","args":["bob","hi"],"wait":"{wait}","timeout":0.3,"ref":{n}}}"#)
    };
    ann.process.say(&line("delivered", 101));
    ann.process.say(&line("held", 102));
    let done = ann.expect("late", |e| e["event"] == "done" && e["ref"] == 101);
    assert_eq!((&done["ok"], &done["code"]), (&false.into(), &6.into()));
    ann.expect("held", |e| e["event"] == "done" && e["ref"] == 102 && e["ok"] == true);
    let mut bob = world.peer("bob");
    for _ in 0..2 {
        bob.expect("it", |e| is_message(e, "ann", "hi"));
    }
}

#[test]
fn fifty_verbs_at_once_all_end_well_and_each_message_comes_once() {
    let world = World::new();
    let (ann, mut bob) = world.pair("ann", "bob");
    let start = |n: usize| {
        let mut command = world.signed("ann");
        let n = n.to_string();
        command.args(match n.len() {
            1 => ["--wait", "delivered", "who", "b"],
            _ => ["--wait", "delivered", "msg", "bob"],
        });
        Process::start(if n.len() == 1 { &mut command } else { command.arg(n) })
    };
    let all: Vec<Process> = (0..50).map(start).collect();
    for process in all {
        process.ended().expect_ok();
    }
    for n in 10..50 {
        bob.expect("it", |e| is_message(e, "ann", &n.to_string()));
    }
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "each once");
    ann.stop();
    let start = |n: usize| Process::start(world.signed("ann").args(["msg", "bob", &n.to_string()]));
    let all: Vec<Process> = (0..30).map(start).collect();
    for process in all {
        process.ended().expect_ok();
    }
    for n in 0..30 {
        bob.expect("it, by whoever took the profile", |e| is_message(e, "ann", &n.to_string()));
    }
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "each once");
}

/// A reader of the event log from a number on.
fn reader(world: &World, since: u64) -> Process {
    let mut command = world.signed("bob");
    Process::start(command.args(["--json", "events", "--follow", "--since", &since.to_string()]))
}

/// Reads up to the event that fits; gives the numbers in the order in which they came.
fn read_up_to(reader: &mut Process, fits: impl Fn(&Value) -> bool) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let line = reader.expect("an event", |_| true);
        let event: Value = serde_json::from_str(&line).expect("each line is JSON");
        numbers.extend(event["seq"].as_u64());
        if fits(&event) {
            return numbers;
        }
    }
}

#[test]
fn a_reader_that_goes_on_where_it_stopped_misses_nothing_and_reads_nothing_twice() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let mut numbers: Vec<u64> = Vec::new();
    for (round, ends) in ["reader", "client", "both", "none"].into_iter().enumerate() {
        let texts: Vec<String> = (0..40).map(|n| format!("{round}.{n}")).collect();
        let mut following = reader(&world, numbers.last().copied().unwrap_or(0));
        for text in &texts {
            ann.send(&["msg", "bob", text]);
        }
        let at = if ends == "none" { 39 } else { 20 };
        numbers.extend(read_up_to(&mut following, |e| is_message(e, "ann", &texts[at])));
        if ends != "client" {
            following.crash();
        } else {
            drop(following);
        }
        if ends == "client" || ends == "both" {
            bob.crash();
            bob = world.peer("bob");
            open(&mut bob, &mut ann);
        }
        ann.expect("the last", |e| is_receipt(e, "bob", "delivered"));
        ann.forget();
    }
    let gapless: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, gapless);
    let log = bob.ask(&["events", "--since", "0"]).expect_ok();
    let texts = log.lines.iter().filter(|e| e["event"] == "message" && e["seq"].is_u64());
    let texts: Vec<String> = texts.map(|e| e["text"].to_string()).collect();
    let different: BTreeSet<&String> = texts.iter().collect();
    assert_eq!((texts.len(), different.len()), (160, 160), "each is in the log once");
}

#[test]
fn a_follower_without_a_running_program_is_the_client_itself_and_goes_on_after_kill_9() {
    let world = World::new();
    let mut ann = world.peer("ann");
    world.once("bob", &["whoami"]).expect_ok();
    ann.ask(&["msg", "bob", "first"]).expect_ok();
    let mut following = reader(&world, 0);
    let mut numbers = read_up_to(&mut following, |e| is_message(e, "ann", "first"));
    world.once("bob", &["msg", "ann", "a verb goes to the follower"]).expect_ok();
    ann.expect("it", |e| is_message(e, "bob", "a verb goes to the follower"));
    ann.ask(&["msg", "bob", "second"]).expect_ok();
    following.crash();
    ann.ask(&["msg", "bob", "third"]).expect_ok();
    let mut following = reader(&world, numbers[numbers.len() - 1]);
    numbers.extend(read_up_to(&mut following, |e| is_message(e, "ann", "third")));
    let gapless: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, gapless);
    following.stop();
}

#[test]
fn two_profiles_of_one_machine_share_a_server_and_nothing_else() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["msg", "bob", "hi"]).expect_ok();
    bob.expect("it", |e| is_message(e, "ann", "hi"));
    world.once("ann", &["quit"]).expect_ok();
    assert_eq!(ann.process.ended().code, 0);
    let history = world.once("bob", &["history"]);
    assert_eq!(history.expect_ok(), "ann: hi\n");
    bob.settle();
}
