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

/// A line of argv, with the code that it ends with for somebody who knows nobody but bob, who has a
/// name and is away.
const ENDS: &[(&str, i32)] = &[
    ("online", 0),
    ("private", 0),
    ("PUBLIC", 0),
    ("who", 0),
    ("Who b", 0),
    ("who 1", 2),
    ("lookup Bob", 0),
    ("lookup nobody", 1),
    ("lookup", 2),
    ("lookup bob carol", 2),
    ("lookup 127.77.250.250", 1),
    ("lookup AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", 1),
    ("lookup 127.0.0.1:7", 2),
    ("whoami", 0),
    ("update", 0),
    ("msg bob hi", 0),
    ("msg bob -- --hi", 0),
    ("msg bob", 2),
    ("msg nobody hi", 1),
    ("msg bob,nobody hi", 1),
    ("msg 1bob hi", 2),
    ("--wait delivered --timeout 0.2 msg bob hi", 6),
    ("outbox", 0),
    ("drop AAAA", 1),
    ("drop x", 2),
    ("history", 0),
    ("history bob --limit 1 --since 1h", 0),
    ("history nobody", 1),
    ("history --since never", 2),
    ("search hi", 0),
    ("search hi --with bob", 0),
    ("search nonsense", 1),
    ("search", 2),
    ("events", 0),
    ("events --since 0", 0),
    ("events --since x", 2),
    ("--timeout 0.1 wait --match never", 6),
    ("wait --event nothing", 2),
    ("wait bob", 2),
    ("add bob hello", 0),
    ("add nobody", 1),
    ("requests", 0),
    ("confirm bob", 1),
    ("reject bob", 1),
    ("friends", 0),
    ("unfriend nobody", 1),
    ("block bob", 0),
    ("msg bob hi", 1),
    ("blocks", 0),
    ("unblock bob", 0),
    ("unblock bob", 1),
    ("verify bob", 0),
    ("verify nobody", 1),
    ("trust bob", 0),
    ("trust nobody", 1),
    ("chat bob", 3),
    ("chat nobody", 1),
    ("chat", 2),
    ("chat 127.0.0.1:0", 2),
    ("accept", 1),
    ("accept bob", 1),
    ("decline", 1),
    ("close", 1),
    ("close bob", 1),
    ("sessions", 0),
    ("group create tea --private", 0),
    ("group create tea", 1),
    ("group create 1st", 2),
    ("group list", 0),
    ("group list --public", 0),
    ("group members tea", 0),
    ("group members nothing", 1),
    ("group say tea hi", 0),
    ("group say nothing hi", 1),
    ("group invite tea nobody", 1),
    ("group kick tea bob", 1),
    ("group allow tea bob", 1),
    ("group deny tea bob", 1),
    ("group join nothing", 1),
    ("group leave tea", 0),
    ("group leave tea", 1),
    ("group", 2),
    ("send bob /nowhere", 4),
    ("send nobody /nowhere", 1),
    ("send bob", 2),
    ("files", 0),
    ("take AAAA", 1),
    ("refuse AAAA", 1),
    ("cancel AAAA", 1),
    ("post add /nowhere", 4),
    ("post list", 0),
    ("post list bob", 1),
    ("post rm AAAA", 1),
    ("post get bob AAAA", 1),
    ("voice bob /nowhere", 4),
    ("run bob ls", 1),
    ("run bob", 2),
    ("allow AAAA", 1),
    ("deny AAAA", 1),
    ("grant bob ls", 1),
    ("grants", 0),
    ("revoke AAAA", 1),
    ("help", 0),
    ("help msg", 0),
    ("help nonsense", 2),
    ("nonsense", 2),
];

fn end_as_they_should(world: &World) {
    for (line, code) in ENDS {
        let words: Vec<&str> = line.split(' ').collect();
        let ended = world.once("ann", &words);
        assert_eq!(ended.code, *code, "{line}: {ended:?}");
        if *code == 0 {
            assert_eq!(ended.err, "", "{line}");
        } else {
            assert!(!ended.expect_refusal(*code).contains(" panicked "), "{line}");
        }
    }
}

#[test]
fn each_verb_ends_with_its_code_and_nothing_running() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    end_as_they_should(&world);
    world.once("ann", &["offline"]).expect_ok();
    world.once("ann", &["quit"]).expect_ok();
    world.once("ann", &["exit"]).expect_ok();
}

#[test]
fn each_verb_ends_with_its_code_by_a_running_program_which_quit_ends() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let ann = world.peer("ann");
    end_as_they_should(&world);
    world.once("ann", &["offline"]).expect_ok();
    world.once("ann", &["who"]).expect_refusal(3);
    world.once("ann", &["--wait", "queued", "msg", "bob", "later"]).expect_ok();
    world.once("ann", &["online"]).expect_ok();
    world.once("ann", &["QUIT"]).expect_ok();
    assert_eq!(ann.process.ended().code, 0);
}

#[test]
fn json_lines_end_with_the_code_that_argv_ends_with() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let mut ann = world.peer("ann");
    for (line, code) in ENDS.iter().filter(|(line, _)| !line.contains("--timeout")) {
        let words: Vec<&str> = line.split(' ').filter(|word| *word != "--").collect();
        let answer = ann.ask(&words);
        match code {
            0 => drop(answer.expect_ok()),
            code => drop(answer.expect_refusal(i64::from(*code))),
        }
    }
}

#[test]
fn each_spelling_of_older_systems_is_understood_in_any_case() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let mut ann = world.peer("ann");
    ann.ask(&["group", "create", "tea"]).expect_ok();
    for (old, new) in [
        ("SET PRIVATE", "private"),
        ("set public", "public"),
        ("deactivate", "private"),
        ("Activate", "public"),
        ("list online", "who"),
        ("ACTIVE", "who"),
        ("refresh", "update"),
        ("List Apply", "requests"),
        ("LIST", "friends"),
        ("list friends", "friends"),
        ("connect nobody", "chat nobody"),
        ("!DIS!", "close"),
        ("!dis! bob", "close bob"),
        ("Disconnect bob", "close bob"),
        ("connected", "sessions"),
        ("MESSAGE nobody hi", "msg nobody hi"),
        ("create_group tea", "group create tea"),
        ("Create_Group tea 0", "group create tea --private"),
        ("JOIN_GROUP tea", "group join tea"),
        ("leave_group nothing", "group leave nothing"),
        ("invite tea nobody", "group invite tea nobody"),
        ("remove_member tea bob", "group kick tea bob"),
        ("broadcast nothing hi", "group say nothing hi"),
        ("post upload /nowhere", "post add /nowhere"),
        ("Post Remove AAAA", "post rm AAAA"),
    ] {
        let mut end = |line: &str| {
            ann.process.say(&format!("/{line}"));
            let mut done = ann.expect(line, |e| e["event"] == "done");
            done["ref"] = Value::Null;
            let words: Vec<&str> = line.split(' ').collect();
            let answer = ann.ask(&words);
            assert_eq!(answer.done["ok"], done["ok"], "by slash and by JSON: {line}");
            assert_ne!(done["code"], 2, "{line}");
            done
        };
        assert_eq!(end(old), end(new), "{old}");
    }
    ann.process.say("/EXIT");
    assert_eq!(ann.process.ended().code, 0);
}
