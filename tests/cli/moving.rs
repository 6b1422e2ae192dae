//! Sessions that outlive their connection: real sockets, shut from outside.

use crate::support::sockets::{End, shut};
use crate::support::{Peer, World, is_session};
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

/// Where somebody listens.
fn port(peer: &Peer) -> u16 {
    let listen = peer.ready["listen"][0].as_str().expect("it listens");
    listen.parse::<SocketAddr>().expect("an address").port()
}

/// The connection between the two is gone.
fn cut(ann: &Peer, bob: &Peer) {
    let ports = [port(ann), port(bob)];
    let count: usize = ports.map(|port| shut(ann.pid(), End::Connected(port))).iter().sum();
    assert!(count > 0, "they had a connection");
}

/// Many messages, and a cut in the midst of them: they come once, in order.
fn talk_across_a_cut(ann: &mut Peer, bob: &mut Peer) {
    let text = |n: u32| format!("number {n}");
    for n in 0..60 {
        ann.send(&["msg", "bob", &text(n)]);
        if n == 30 {
            cut(ann, bob);
        }
    }
    for n in 0..60 {
        let message = bob.expect("a message", |event| event["event"] == "message");
        assert_eq!(message["text"], text(n).as_str());
    }
    let delivered =
        |event: &serde_json::Value| event["event"] == "receipt" && event["state"] == "delivered";
    for _ in 0..60 {
        ann.expect("a receipt", delivered);
    }
    assert_eq!(bob.count(|event| event["event"] == "message"), 0, "each came once");
}

#[test]
fn a_session_whose_connection_dies_finds_another_and_loses_nothing() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    talk_across_a_cut(&mut ann, &mut bob);
    for (peer, with) in [(&mut ann, "bob"), (&mut bob, "ann")] {
        let again = peer.expect("open again", |event| is_session(event, with, "open"));
        assert_eq!(again["path"], "direct");
        assert_eq!(peer.count(|event| is_session(event, with, "closed")), 0);
    }
}

#[test]
fn a_session_with_no_direct_path_left_goes_on_over_the_relay_and_why_tells_it() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    for peer in [&ann, &bob] {
        assert_eq!(shut(peer.pid(), End::Listener), 1, "nobody can be dialled any more");
    }
    talk_across_a_cut(&mut ann, &mut bob);
    for (peer, with) in [(&mut ann, "bob"), (&mut bob, "ann")] {
        let again = peer.expect("open again", |event| is_session(event, with, "open"));
        assert_eq!(again["path"], "relay");
        assert_eq!(peer.count(|event| is_session(event, with, "closed")), 0);
    }
    let answer = ann.ask(&["why", "bob"]).expect_ok();
    let tried: Vec<_> = answer.rows("attempt");
    let lost = |row: &&serde_json::Value| {
        row["path"] == "direct"
            && row["result"].as_str().is_some_and(|result| result.starts_with("open, then "))
    };
    assert!(tried.iter().any(lost), "{tried:?}");
    assert!(tried.iter().any(|row| row["path"] == "relay" && row["result"] == "open"), "{tried:?}");
    assert_eq!(answer.rows("reach")[0]["path"], "relay");
}

#[test]
fn a_command_runs_on_while_its_session_moves() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let go = world.home("go");
    let made = Command::new("mkfifo").arg(&go).status().expect("mkfifo is there");
    assert!(made.success());
    let script = format!("echo one; read word < '{}'; echo $word; exit 7", go.display());
    let running = ann.send(&["run", "bob", "sh", "-c", &script]);
    let asked = bob.expect("the request", |event| event["event"] == "run");
    bob.ask(&["allow", asked["id"].as_str().expect("an id")]).expect_ok();
    ann.expect("what it wrote first", |event| event["text"] == "one\n");
    cut(&ann, &bob);
    ann.expect("open again", |event| is_session(event, "bob", "open"));
    fs::write(&go, "two\n").expect("it waits for that");
    ann.expect("what it wrote then", |event| event["text"] == "two\n");
    assert!(ann.answer(running).expect_refusal(1).contains("code 7"));
}
