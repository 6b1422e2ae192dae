//! The events and the rows: each field that a reader may rely on, in each state.

use crate::files::id_of;
use crate::friends::befriend;
use crate::support::{Peer, World, is_message, is_receipt, is_session, open};
use serde_json::Value;

/// Whether a text is a moment of RFC 3339 in UTC.
fn is_moment(value: &Value) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let shape: String = value.as_str().unwrap_or_default().chars().map(shape).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

/// Demands an event's kind and moment, and that each of these fields is there.
fn has(event: &Value, fields: &[&str]) {
    assert!(event["event"].is_string() && is_moment(&event["at"]), "{event}");
    let fields_there = event.as_object().expect("an object");
    for field in fields {
        assert!(fields_there.contains_key(*field), "{field} is missing: {event}");
    }
}

/// Demands of a row that each of these fields is there.
fn row_has(row: &Value, fields: &[&str]) {
    let fields_there = row.as_object().expect("an object");
    for field in fields {
        assert!(fields_there.contains_key(*field), "{field} is missing: {row}");
    }
}

/// Takes an event of a kind in a state, and demands its fields.
fn expect(peer: &mut Peer, kind: &str, state: &str, fields: &[&str]) -> Value {
    let what = format!("{kind} {state}");
    let event = peer.expect(&what, |e| e["event"] == kind && e["state"] == state);
    has(&event, fields);
    assert!(event["seq"].is_u64() || ["sent", "progress", "output"].contains(&state), "{event}");
    event
}

const SESSION: [&str; 4] = ["with", "state", "path", "why"];
const GROUP: [&str; 3] = ["name", "state", "who"];

#[test]
fn ready_online_and_offline_say_who_and_where() {
    let mut world = World::new();
    let mut ann = world.peer("ann");
    has(&ann.ready, &["name", "address", "fingerprint", "listen", "server"]);
    assert_eq!(ann.ready["server"], world.server.tcp.to_string());
    let groups: Vec<&str> = ann.ready["fingerprint"].as_str().expect("text").split('-').collect();
    assert!(groups.len() == 8 && groups.iter().all(|group| group.len() == 4), "{groups:?}");
    let online = ann.expect("online", |e| e["event"] == "online");
    has(&online, &["server"]);
    world.server.crash();
    let offline = ann.expect("offline", |e| e["event"] == "offline");
    has(&offline, &["server", "why"]);
    assert_eq!(offline["server"], ann.ready["server"]);
}

#[test]
fn presence_and_friendship_have_their_fields_in_each_state() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    for (answer, states) in [("reject", &["rejected"][..]), ("confirm", &["confirmed", "removed"])]
    {
        ann.ask(&["add", "bob", "it is me"]).expect_ok();
        expect(&mut ann, "friend", "asked", &["name"]);
        let request = bob.expect("the request", |e| e["event"] == "request");
        has(&request, &["from", "text"]);
        bob.ask(&[answer, "ann"]).expect_ok();
        for state in states {
            if *state == "removed" {
                bob.ask(&["unfriend", "ann"]).expect_ok();
            }
            for (peer, name) in [(&mut ann, "bob"), (&mut bob, "ann")] {
                assert_eq!(expect(peer, "friend", state, &["name"])["name"], name);
            }
        }
    }
    befriend(&mut ann, &mut bob);
    bob.stop();
    let gone = ann.expect("bob leaves", |e| e["event"] == "presence" && e["online"] == false);
    has(&gone, &["name", "online", "seen"]);
    assert!(gone["name"] == "bob" && is_moment(&gone["seen"]), "{gone}");
}

#[test]
fn a_session_has_its_fields_in_each_state() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.send(&["chat", "bob"]);
    assert_eq!(expect(&mut ann, "session", "asked", &SESSION)["with"], "bob");
    assert_eq!(expect(&mut bob, "session", "offered", &SESSION)["with"], "ann");
    bob.ask(&["decline"]).expect_ok();
    for peer in [&mut ann, &mut bob] {
        expect(peer, "session", "declined", &SESSION);
    }
    ann.send(&["chat", "bob"]);
    bob.expect("the offer", |e| is_session(e, "ann", "offered"));
    bob.ask(&["accept"]).expect_ok();
    for peer in [&mut ann, &mut bob] {
        let event = expect(peer, "session", "open", &SESSION);
        assert!(["direct", "udp", "relay"].iter().any(|path| event["path"] == *path), "{event}");
        let rows = peer.ask(&["sessions"]).expect_ok();
        row_has(rows.row("session"), &["with", "state", "path"]);
    }
    ann.ask(&["close", "bob"]).expect_ok();
    for peer in [&mut ann, &mut bob] {
        expect(peer, "session", "closed", &SESSION);
    }
    ann.ask_within(0.5, &["chat", &crate::support::nobody_there().to_string()]).expect_refusal(3);
    let failed = expect(&mut ann, "session", "failed", &SESSION);
    assert!(failed["why"].as_str().is_some_and(|why| !why.is_empty()), "{failed}");
}

#[test]
fn a_message_and_its_receipts_have_their_fields_in_each_state() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["msg", "bob", "by mail"]).expect_ok();
    open(&mut ann, &mut bob);
    ann.ask(&["msg", "bob", "live"]).expect_ok();
    for text in ["by mail", "live"] {
        let message = bob.expect("it", |e| is_message(e, "ann", text));
        has(&message, &["id", "from", "text", "sent", "seq"]);
        assert!(is_moment(&message["sent"]) && message.get("group").is_none(), "{message}");
        for state in ["queued", "delivered"] {
            let receipt = ann.expect(state, |e| is_receipt(e, "bob", state));
            has(&receipt, &["id", "to", "state", "seq"]);
            assert_eq!(receipt["id"], message["id"]);
        }
    }
    expect(&mut ann, "receipt", "held", &["id", "to"]);
    expect(&mut ann, "receipt", "sent", &["id", "to"]);
    bob.stop();
    ann.expect("closed", |e| is_session(e, "bob", "closed"));
    ann.ask(&["msg", "bob", "never mind"]).expect_ok();
    let outbox = ann.ask(&["outbox"]).expect_ok();
    row_has(outbox.row("outbox"), &["id", "to", "state"]);
    let id = outbox.row("outbox")["id"].as_str().expect("an id").to_owned();
    ann.ask(&["drop", &id]).expect_ok();
    assert_eq!(expect(&mut ann, "receipt", "refused", &["id", "to"])["id"], id.as_str());
}

#[test]
fn a_group_has_its_fields_in_each_state() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["group", "create", "divers", "--private"]).expect_ok();
    assert_eq!(expect(&mut ann, "group", "created", &GROUP)["who"], "ann");
    bob.ask(&["group", "join", "divers@ann"]).expect_ok();
    for peer in [&mut ann, &mut bob] {
        assert_eq!(expect(peer, "group", "asked", &GROUP)["who"], "bob");
    }
    ann.ask(&["group", "deny", "divers", "bob"]).expect_ok();
    assert_eq!(expect(&mut bob, "group", "denied", &GROUP)["who"], "bob");
    for (ending, state) in [("kick", "kicked"), ("leave", "left")] {
        ann.ask(&["group", "invite", "divers", "bob"]).expect_ok();
        for peer in [&mut ann, &mut bob] {
            assert_eq!(expect(peer, "group", "invited", &GROUP)["who"], "bob");
        }
        bob.ask(&["group", "join", "divers"]).expect_ok();
        for peer in [&mut ann, &mut bob] {
            peer.expect("in", |e| e["state"] == "joined" && e["who"] == "bob");
        }
        match ending {
            "kick" => ann.ask(&["group", "kick", "divers", "bob"]).expect_ok(),
            _ => bob.ask(&["group", "leave", "divers"]).expect_ok(),
        };
        for peer in [&mut ann, &mut bob] {
            assert_eq!(expect(peer, "group", state, &GROUP)["who"], "bob");
        }
    }
    let rows = ann.ask(&["group", "list"]).expect_ok();
    row_has(rows.row("group"), &["name", "leader", "public", "members"]);
    let rows = ann.ask(&["group", "members", "divers"]).expect_ok();
    row_has(rows.row("member"), &["name", "fingerprint"]);
}

#[test]
fn an_identity_that_changed_has_its_fields() {
    let mut world = World::new();
    let (mut ann, bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["msg", "bob", "to the first"]).expect_ok();
    let old = bob.ready["fingerprint"].clone();
    bob.stop();
    let console = world.server.process();
    console.say("FORGET Bob");
    console.say("stats");
    console.expect("stats", |line| line.contains("accounts"));
    std::fs::remove_dir_all(world.home("bob")).expect("it is ours");
    let second = world.peer("bob");
    ann.ask(&["lookup", "bob"]).expect_refusal(5);
    let event = ann.expect("said aloud", |e| e["event"] == "identity");
    has(&event, &["name", "old", "new"]);
    assert_eq!((&event["old"], &event["new"]), (&old, &second.ready["fingerprint"]));
}

#[test]
fn the_rows_of_lists_are_named_after_what_they_are_and_then_comes_done() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.ask(&["add", "ann", "hello"]).expect_ok();
    ann.expect("the request", |e| e["event"] == "request");
    let rows = ann.ask(&["requests"]).expect_ok();
    row_has(rows.row("request"), &["from", "text"]);
    ann.ask(&["confirm", "bob"]).expect_ok();
    bob.expect("friends", |e| e["event"] == "friend" && e["state"] == "confirmed");
    ann.ask(&["msg", "bob", "hi there"]).expect_ok();
    let person = ["name", "address", "fingerprint", "online", "seen", "age_ms", "friend"];
    for words in [&["who"][..], &["friends"], &["lookup", "bob"], &["update"]] {
        let answer = ann.ask(words).expect_ok();
        let row = answer.row("person");
        row_has(row, &person);
        assert_eq!((&row["name"], &row["online"]), (&"bob".into(), &true.into()), "{words:?}");
    }
    for words in [&["history", "bob"][..], &["search", "there"]] {
        let answer = ann.ask(words).expect_ok();
        let row = answer.row("entry");
        row_has(row, &["id", "seq", "with", "direction", "text", "sent", "at", "state"]);
        assert!(is_moment(&row["at"]) && is_moment(&row["sent"]), "{row}");
    }
    let me = ann.ask(&["whoami"]).expect_ok();
    let mine = ["name", "address", "fingerprint", "listen", "public", "visibility", "server"];
    row_has(me.row("whoami"), &mine);
    ann.ask(&["block", "bob"]).expect_ok();
    row_has(ann.ask(&["blocks"]).expect_ok().row("person"), &person);
    let safety = ann.ask(&["verify", "bob"]).expect_ok();
    row_has(safety.row("safety"), &["name", "fingerprint", "number"]);
    let help = ann.ask(&["help", "msg"]).expect_ok();
    row_has(help.row("verb"), &["word", "usage", "help", "aliases"]);
}

#[test]
fn grants_and_posts_are_rows_with_ids() {
    let world = World::new();
    let (mut ann, mut bob) = crate::files::friends(&world);
    ann.ask(&["grant", "bob", "uptime", "-p", "--until", "2h"]).expect_ok();
    let rows = ann.ask(&["grants"]).expect_ok();
    row_has(rows.row("grant"), &["id", "to", "command", "argv", "until"]);
    let id = id_of(rows.row("grant"));
    ann.ask(&["revoke", &id]).expect_ok();
    let path = world.home("a.txt");
    std::fs::write(&path, "a").expect("a file of the test's own");
    ann.ask(&["post", "add", path.to_str().expect("text")]).expect_ok();
    for (peer, words) in [(&mut ann, &["post", "list"][..]), (&mut bob, &["post", "list", "ann"])] {
        let rows = peer.ask(words).expect_ok();
        row_has(rows.row("post"), &["id", "owner", "name", "size"]);
    }
    let post = ann.expect("added", |e| e["event"] == "post");
    has(&post, &["id", "owner", "name", "size", "state"]);
    ann.ask(&["search", "a.txt"]).expect_ok();
}
