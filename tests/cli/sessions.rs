//! Sessions: asked, accepted, declined, closed, several at a time, without a server.

use crate::support::{
    PATIENCE, Peer, Scratch, World, hobnob, is_message, is_session, nobody_there, open,
};
use std::time::Instant;

#[test]
fn a_session_is_asked_for_and_accepted() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let asked = ann.send(&["chat", "bob"]);
    ann.expect("asked", |e| is_session(e, "bob", "asked"));
    bob.expect("offered", |e| is_session(e, "ann", "offered"));
    bob.ask(&["accept", "ann"]).expect_ok();
    ann.answer(asked).expect_ok();
    for (peer, with) in [(&mut ann, "bob"), (&mut bob, "ann")] {
        let event = peer.expect("open", |e| is_session(e, with, "open"));
        assert_eq!(event["path"], "direct");
        assert!(event["seq"].is_u64() && event["at"].is_string(), "{event}");
        let answer = peer.ask(&["sessions"]).expect_ok();
        let is_row = |row: &&&serde_json::Value| row["since"].is_string();
        assert_eq!(answer.rows("session").iter().filter(is_row).count(), 1);
    }
}

#[test]
fn a_session_is_declined_and_the_asker_told() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let asked = ann.send(&["chat", "bob"]);
    bob.expect("offered", |e| is_session(e, "ann", "offered"));
    bob.ask(&["decline"]).expect_ok();
    let answer = ann.answer(asked);
    assert!(answer.expect_refusal(1).contains("declined"));
    ann.expect("declined", |e| is_session(e, "bob", "declined"));
    bob.expect("declined", |e| is_session(e, "ann", "declined"));
    assert_eq!(ann.ask(&["sessions"]).expect_ok().rows("session").len(), 0);
}

#[test]
fn in_plain_lines_a_session_is_asked_for_accepted_and_used() {
    let world = World::new();
    let (mut ann, mut bob) = (world.plain("ann"), world.plain("bob"));
    ann.say("/chat bob");
    let line = "* ann wants to talk (/accept ann or /decline ann)";
    bob.expect("the request", |l| l == line);
    bob.say("/accept ann");
    ann.expect("open", |line| line == "* session with bob open (direct)");
    bob.expect("open", |line| line == "* session with ann open (direct)");
    ann.say("hi there");
    bob.expect("the message", |line| line == "ann: hi there");
    let is_receipt = |l: &str| l.starts_with("* message ") && l.ends_with(" to bob: delivered");
    ann.expect("the receipt", is_receipt);
    ann.say("/close");
    bob.expect("closed", |line| line.starts_with("* session with ann closed"));
    ann.say("/lookup nobody");
    let line = "! nobody: no such name, or not visible to you";
    ann.expect("the refusal", |l| l == line);
}

#[test]
fn in_plain_lines_a_session_is_declined() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let mut bob = world.plain("bob");
    let asked = ann.send(&["chat", "bob"]);
    bob.expect("the request", |line| line.starts_with("* ann wants to talk"));
    bob.say("/decline ann");
    ann.answer(asked).expect_refusal(1);
}

#[test]
fn both_sides_see_a_session_close() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    ann.ask(&["close", "bob"]).expect_ok();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    bob.expect("closed", |e| is_session(e, "ann", "closed"));
    assert_eq!(bob.ask(&["sessions"]).expect_ok().rows("session").len(), 0);
    bob.ask(&["close", "ann"]).expect_refusal(1);
    open(&mut bob, &mut ann);
}

#[test]
fn both_asking_at_once_is_one_session() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let (from_ann, from_bob) = (ann.send(&["chat", "bob"]), bob.send(&["chat", "ann"]));
    ann.answer(from_ann).expect_ok();
    bob.answer(from_bob).expect_ok();
    ann.expect("open", |e| is_session(e, "bob", "open"));
    bob.expect("open", |e| is_session(e, "ann", "open"));
    ann.deliver("bob", "one");
    bob.deliver("ann", "other");
    assert_eq!(ann.count(|e| is_session(e, "bob", "open")), 0, "opened once");
    assert_eq!(ann.ask(&["sessions"]).expect_ok().rows("session").len(), 1);
}

#[test]
fn accept_all_opens_without_asking_and_accept_none_always_asks() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let mut bob = world.peer_with("bob", &["--accept", "all"]);
    ann.ask(&["chat", "bob"]).expect_ok();
    bob.expect("open", |e| is_session(e, "ann", "open"));
    assert_eq!(bob.count(|e| is_session(e, "ann", "offered")), 0);
    let mut cyd = world.peer_with("cyd", &["--accept", "none"]);
    let asked = ann.send(&["chat", "cyd"]);
    cyd.expect("the offer", |e| is_session(e, "ann", "offered"));
    cyd.ask(&["decline", "ann"]).expect_ok();
    ann.answer(asked).expect_refusal(1);
    assert_eq!(cyd.count(|e| is_session(e, "ann", "open")), 0);
}

#[test]
fn answers_without_a_question_are_refused() {
    let world = World::new();
    let mut ann = world.peer("ann");
    for words in [&["accept"][..], &["decline"], &["close"], &["accept", "bob"]] {
        ann.ask(words).expect_refusal(1);
    }
    ann.ask(&["chat", "ann"]).expect_refusal(1);
    ann.ask(&["chat", "nobody"]).expect_refusal(1);
}

#[test]
fn somebody_known_who_is_away_cannot_be_called() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    world.peer("ann").ask(&["chat", "bob"]).expect_refusal(3);
}

#[test]
fn several_sessions_carry_each_its_own() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let mut cyd = world.peer("cyd");
    open(&mut ann, &mut cyd);
    ann.deliver("bob", "for bob");
    ann.deliver("cyd", "for cyd");
    ann.ask(&["msg", "bob,cyd", "for both"]).expect_ok();
    bob.expect("its message", |e| is_message(e, "ann", "for both"));
    cyd.expect("its message", |e| is_message(e, "ann", "for both"));
    bob.expect("its message", |e| is_message(e, "ann", "for bob"));
    assert_eq!(bob.count(|e| is_message(e, "ann", "for cyd")), 0);
    ann.ask(&["close"]).expect_refusal(2);
    ann.ask(&["close", "bob"]).expect_ok();
    ann.deliver("cyd", "still here");
}

#[test]
fn a_peer_that_is_killed_is_seen_to_be_gone() {
    let world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    bob.crash();
    let event = ann.expect("closed", |e| is_session(e, "bob", "closed"));
    assert!(event["why"].as_str().is_some_and(|why| !why.is_empty()), "{event}");
}

#[test]
fn a_peer_that_is_killed_once_the_server_is_gone_is_not_waited_for() {
    let mut world = World::new();
    let (mut ann, bob) = world.pair("ann", "bob");
    world.server.crash();
    ann.expect("no server", |e| e["event"] == "offline");
    let since = Instant::now();
    bob.crash();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    assert!(since.elapsed() < PATIENCE / 2);
}

#[test]
fn peers_talk_by_address_with_no_server_at_all() {
    let world = World::new();
    let options = ["--json", "--no-server", "--listen", "127.0.0.1:0"];
    let mut ann = Peer::start(hobnob(&world.home("ann")).args(["-n", "ann"]).args(options));
    let mut bob = Peer::start(hobnob(&world.home("bob")).args(["-n", "bob"]).args(options));
    ann.expect("ready", |event| event["event"] == "ready");
    let ready = bob.expect("ready", |event| event["event"] == "ready");
    let at = ready["listen"][0].as_str().expect("it listens").to_owned();
    let asked = ann.send(&["chat", &at]);
    let offer = bob.expect("an offer", |e| e["event"] == "session" && e["state"] == "offered");
    let caller = offer["with"].as_str().expect("somebody").to_owned();
    assert_eq!(caller, "ann");
    bob.ask(&["accept", &caller]).expect_ok();
    ann.answer(asked).expect_ok();
    let open = ann.expect("open", |e| e["event"] == "session" && e["state"] == "open");
    let callee = open["with"].as_str().expect("somebody").to_owned();
    assert_eq!((open["path"].as_str(), callee.as_str()), (Some("direct"), "bob"));
    ann.deliver(&callee, "no server needed");
    bob.expect("the message", |e| is_message(e, &caller, "no server needed"));
    ann.ask(&["lookup", "somebody-else"]).expect_refusal(1);
    ann.ask(&["chat", &nobody_there().to_string()]).expect_refusal(3);
}

#[test]
fn who_accepts_all_is_not_asked_about_a_knock() {
    let scratch = Scratch::new();
    let options = ["--json", "--no-server", "--listen", "127.0.0.1:0"];
    let mut bob = hobnob(&scratch.join("bob"));
    let mut bob = Peer::start(bob.args(["-n", "bob", "--accept", "all"]).args(options));
    let ready = bob.expect("ready", |event| event["event"] == "ready");
    let port = ready["listen"][0].as_str().and_then(|at| at.rsplit_once(':')).expect("it listens");
    let mut ann = Peer::start(hobnob(&scratch.join("ann")).args(["-n", "ann"]).args(options));
    ann.ask(&["chat", &format!("localhost:{}", port.1)]).expect_ok();
    bob.expect("open", |e| is_session(e, "ann", "open"));
    assert_eq!(bob.count(|event| event["event"] == "session"), 0);
}

#[test]
fn a_running_program_waits_for_no_resolver() {
    let scratch = Scratch::new();
    let options = ["--json", "--no-server", "--listen", "127.0.0.1:0"];
    let mut ann = Peer::start(hobnob(&scratch.join("ann")).args(options));
    let why = ann.ask(&["chat", "host.invalid:9"]).expect_refusal(2);
    assert!(why.contains("run: hobnob chat host.invalid:9"), "{why}");
    ann.ask(&["chat", "host.invalid:0"]).expect_refusal(2);
    ann.ask(&["chat", "127.0.0.1:0"]).expect_refusal(2);
}

#[test]
fn why_tells_each_path_that_was_tried_and_which_is_in_use() {
    let world = World::new();
    let (mut ann, _bob) = world.pair("ann", "bob");
    ann.deliver("bob", "how far are you");
    let answer = ann.ask(&["why", "bob"]).expect_ok();
    let direct = answer.rows("attempt").into_iter().find(|row| row["path"] == "direct");
    let direct = direct.expect("a direct path was tried");
    assert_eq!((&direct["with"], &direct["result"]), (&"bob".into(), &"open".into()), "{direct}");
    assert!(direct["ms"].is_u64() && direct["at"].is_string(), "{direct}");
    assert!(direct["address"].is_string(), "{direct}");
    let reach = answer.rows("reach")[0];
    assert_eq!((&reach["state"], &reach["path"]), (&"open".into(), &"direct".into()), "{reach}");
    assert!(reach["rtt_ms"].is_u64(), "{reach}");
    let sessions = ann.ask(&["sessions"]).expect_ok();
    assert!(sessions.rows("session")[0]["rtt_ms"].is_u64());
}

#[test]
fn why_is_answered_in_plain_lines_and_is_a_no_where_nothing_was_tried() {
    let world = World::new();
    let mut ann = world.plain("ann");
    let bob = world.peer_with("bob", &["--accept", "all"]);
    ann.say("/why bob");
    let line = "! bob: nothing was tried in this run to reach them [/chat bob does]";
    ann.expect("nothing yet", |l| l == line);
    ann.say("/chat bob");
    ann.expect("open", |l| l == "* session with bob open (direct)");
    ann.say("/why bob");
    ann.expect("the request", |l| l.contains("  server  -  ") && l.ends_with(" ms  agreed"));
    ann.expect("the path", |l| l.contains("  direct  127.") && l.ends_with(" ms  open"));
    ann.expect("the end", |l| l.starts_with("bob  open  direct  127."));
    drop(bob);
}
