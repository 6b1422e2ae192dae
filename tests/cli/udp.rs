//! Sessions over datagrams, between real programs: `--paths udp`.

use crate::files::{id_of, is_file, put, text};
use crate::friends::befriend;
use crate::support::{Peer, World, is_message, is_session};
use serde_json::Value;
use std::fs;

const UDP: &[&str] = &["--paths", "udp"];

/// Two friends with a session between them, over datagrams alone.
pub fn pair(world: &World) -> (Peer, Peer) {
    let mut ann = world.peer_with("ann", UDP);
    let mut bob = world.peer_with("bob", UDP);
    befriend(&mut ann, &mut bob);
    ann.ask(&["chat", "bob"]).expect_ok();
    for (peer, with) in [(&mut ann, "bob"), (&mut bob, "ann")] {
        let open = peer.expect("open", |event| is_session(event, with, "open"));
        assert_eq!(open["path"], "udp");
    }
    (ann, bob)
}

/// Bytes no part of which is like another.
fn long() -> Vec<u8> {
    (0..1_000_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect()
}

#[test]
fn messages_a_file_and_a_command_go_over_datagrams() {
    let world = World::new();
    let (mut ann, mut bob) = pair(&world);
    ann.deliver("bob", "over datagrams");
    bob.expect("a message", |event| is_message(event, "ann", "over datagrams"));
    bob.deliver("ann", "and back");

    let bytes = long();
    let path = put(&world.home("pictures").join("map.bin"), &bytes);
    ann.ask(&["send", "bob", text(&path)]).expect_ok();
    let id = id_of(&bob.expect("the offer", |e| is_file(e, "offered") && e["from"].is_string()));
    bob.ask_within(60.0, &["take", &id]).expect_ok();
    let done = bob.expect("the file", |event| is_file(event, "done"));
    let arrived =
        fs::read(done["path"].as_str().expect("it says where it is")).expect("it is there");
    assert!(arrived == bytes, "other bytes");

    let asked = ann.send(&["run", "bob", "seq", "2000"]);
    let is_asked = |event: &Value| event["event"] == "run" && event["state"] == "asked";
    let run = id_of(&bob.expect("a command", is_asked));
    bob.ask(&["allow", &run]).expect_ok();
    let answer = ann.answer(asked).expect_ok();
    let output: String = answer.lines.iter().filter_map(|line| line["text"].as_str()).collect();
    assert!(output.ends_with("1999\n2000\n"), "{output}");

    let sessions = ann.ask(&["sessions"]).expect_ok();
    let row = sessions.row("session");
    assert_eq!((&row["path"], &row["state"]), (&"udp".into(), &"open".into()));
    assert!(row["remote"].is_string(), "{row}");
}

#[test]
fn why_tells_of_every_address_and_of_the_paths_that_are_switched_off() {
    let world = World::new();
    let (mut ann, _bob) = pair(&world);
    let answer = ann.ask(&["why", "bob"]).expect_ok();
    let tried = answer.rows("attempt");
    let is =
        |row: &&&Value, path: &str, result: &str| row["path"] == path && row["result"] == result;
    let open = tried.iter().find(|row| is(row, "udp", "open")).expect("a path over datagrams");
    assert!(open["address"].is_string() && open["ms"].is_number(), "{open}");
    assert!(tried.iter().any(|row| is(&row, "direct", "switched off with --paths")), "{tried:?}");
    assert_eq!(answer.rows("reach")[0]["path"], "udp");
}

#[test]
fn a_session_over_datagrams_ends_when_either_side_closes_it_or_leaves() {
    let world = World::new();
    let (mut ann, mut bob) = pair(&world);
    bob.ask(&["close", "ann"]).expect_ok();
    ann.expect("closed", |event| is_session(event, "bob", "closed"));
    ann.ask(&["chat", "bob"]).expect_ok();
    bob.expect("open", |event| is_session(event, "ann", "open"));
    ann.send(&["msg", "bob", "last words"]);
    ann.leave();
    bob.expect("a message", |event| is_message(event, "ann", "last words"));
    bob.expect("closed", |event| is_session(event, "ann", "closed"));
}

#[test]
fn who_is_killed_comes_back_and_is_talked_to_over_datagrams_again() {
    let world = World::new();
    let (mut ann, bob) = pair(&world);
    bob.crash();
    ann.send(&["msg", "bob", "are you there?"]);
    let mut bob = world.peer_with("bob", UDP);
    bob.expect("what was said", |event| is_message(event, "ann", "are you there?"));
    bob.ask(&["chat", "ann"]).expect_ok();
    bob.expect("open", |event| is_session(event, "ann", "open") && event["path"] == "udp");
    bob.deliver("ann", "here again");
}

#[test]
fn a_path_that_does_not_exist_is_a_usage_error() {
    let world = World::new();
    let ended = world.once("ann", &["--paths", "carrier-pigeon", "whoami"]);
    assert!(ended.expect_refusal(2).contains("direct,udp,relay"), "{ended:?}");
}
