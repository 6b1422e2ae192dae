//! Private, blocked and not there at all are one and the same to whoever is not to know.

use crate::friends::befriend;
use crate::support::{Peer, Process, World, hobnob, is_message, is_receipt, is_session};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

/// Everything that a stranger can ask about a name, and every line of the answers, with the name
/// itself struck out.
fn seen_by(stranger: &mut Peer, name: &str) -> Vec<String> {
    stranger.forget();
    let mut lines = Vec::new();
    for verb in ["lookup", "chat", "add", "msg", "block", "verify", "trust", "history", "unfriend"]
    {
        let words: &[&str] = match verb {
            "msg" => &["msg", name, "hello"],
            "add" => &["add", name, "hello"],
            _ => &[verb, name],
        };
        let answer = stranger.ask(words);
        let mut done = answer.done.clone();
        done["ref"] = 0.into();
        lines.extend(answer.lines.iter().map(ToString::to_string));
        lines.push(done.to_string());
    }
    let who = stranger.ask(&["who", name]).expect_ok();
    lines.extend(who.lines.iter().map(ToString::to_string));
    lines.into_iter().map(|line| line.replace(name, "NAME")).collect()
}

/// Whether an event tells its reader that somebody wants something.
fn bothers(event: &Value) -> bool {
    ["message", "session", "request", "friend"].iter().any(|kind| event["event"] == *kind)
}

#[test]
fn private_blocked_and_nobody_answer_byte_for_byte_the_same() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("private1"), world.peer("blocking"));
    let mut stranger = world.peer("stranger");
    ann.ask(&["private"]).expect_ok();
    bob.ask(&["block", "stranger"]).expect_ok();
    let nobody = seen_by(&mut stranger, "nobodyxx");
    assert_eq!(seen_by(&mut stranger, "private1"), nobody);
    assert_eq!(seen_by(&mut stranger, "blocking"), nobody);
    for peer in [&mut ann, &mut bob] {
        peer.settle();
        assert_eq!(peer.count(bothers), 0);
    }
    assert_eq!(stranger.ask(&["outbox"]).expect_ok().rows("outbox").len(), 0);
}

#[test]
fn private_blocked_and_nobody_are_the_same_on_plain_lines() {
    let world = World::new();
    world.once("private1", &["private"]).expect_ok();
    world.once("stranger", &["whoami"]).expect_ok();
    world.once("blocking", &["block", "stranger"]).expect_ok();
    for args in [&["lookup", "NAME"][..], &["msg", "NAME", "hello"], &["chat", "NAME"]] {
        let of = |name: &str| {
            let args: Vec<&str> =
                args.iter().map(|arg| arg.trim().replace("NAME", name).leak() as &str).collect();
            let ended = world.once("stranger", &args);
            let out = ended.out.lines().filter(|line| !line.starts_with("* ready"));
            let out: String = out.map(|line| line.replace(name, "NAME")).collect();
            (ended.code, out, ended.err.replace(name, "NAME"))
        };
        let nobody = of("nobodyxx");
        assert_eq!(nobody.0, 1);
        assert_eq!(of("private1"), nobody);
        assert_eq!(of("blocking"), nobody);
    }
}

#[test]
fn friends_notice_no_difference_when_one_is_private() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["private"]).expect_ok();
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "presence" && e["online"] == false), 0);
    let row = bob.ask(&["lookup", "ann"]).expect_ok();
    assert_eq!(row.row("person")["online"], true);
    let listed = bob.ask(&["who"]).expect_ok();
    assert_eq!(listed.row("person")["name"], "ann");
    bob.ask(&["msg", "ann", "still there"]).expect_ok();
    ann.expect("it", |e| is_message(e, "bob", "still there"));
    bob.ask(&["chat", "ann"]).expect_ok();
    ann.expect("open", |e| is_session(e, "bob", "open"));
    ann.stop();
    bob.expect("ann leaves", |e| e["event"] == "presence" && e["online"] == false);
    bob.ask(&["msg", "ann", "for later"]).expect_ok();
    let mut ann = world.peer("ann");
    ann.expect("it", |e| is_message(e, "bob", "for later"));
}

#[test]
fn what_a_private_person_writes_to_a_stranger_waits_until_public() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["private"]).expect_ok();
    let args = ["--timeout", "1", "msg", "bob", "in the open"];
    world.once("ann", &args).expect_refusal(6);
    let outbox = ann.ask(&["outbox"]).expect_ok();
    assert_eq!(outbox.row("outbox")["state"], "queued");
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0);
    ann.ask(&["public"]).expect_ok();
    bob.expect("it", |e| is_message(e, "ann", "in the open"));
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
}

#[test]
fn public_again_is_found_again_and_private_is_kept_over_restarts() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["private"]).expect_ok();
    ann.stop();
    bob.ask(&["lookup", "ann"]).expect_refusal(1);
    let mut ann = world.peer("ann");
    bob.ask(&["lookup", "ann"]).expect_refusal(1);
    ann.ask(&["public"]).expect_ok();
    bob.ask(&["lookup", "ann"]).expect_ok();
}

#[test]
fn a_blocked_friend_gets_nothing_through_and_is_not_told() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["block", "bob"]).expect_ok();
    assert_eq!(ann.ask(&["blocks"]).expect_ok().row("person")["name"], "bob");
    ann.forget();
    bob.ask(&["lookup", "ann"]).expect_refusal(1);
    bob.ask(&["chat", "ann"]).expect_refusal(1);
    world.once("bob", &["--timeout", "1", "msg", "ann", "can you hear me"]).expect_refusal(6);
    ann.settle();
    assert_eq!(ann.count(bothers), 0);
    assert_eq!(ann.ask(&["history"]).expect_ok().rows("entry").len(), 0);
    ann.ask(&["msg", "bob", "no"]).expect_refusal(1);

    ann.ask(&["unblock", "bob"]).expect_ok();
    assert_eq!(ann.ask(&["blocks"]).expect_ok().rows("person").len(), 0);
    bob.ask(&["lookup", "ann"]).expect_ok();
    bob.ask(&["update"]).expect_ok();
    ann.ask(&["msg", "bob", "sorry"]).expect_ok();
    bob.expect("it", |e| is_message(e, "ann", "sorry"));
}

#[test]
fn a_block_ends_an_open_session() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    ann.ask(&["block", "bob"]).expect_ok();
    let closed = bob.expect("closed", |e| is_session(e, "ann", "closed"));
    assert!(!closed.to_string().contains("block"), "{closed}");
    bob.ask(&["chat", "ann"]).expect_refusal(1);
}

#[test]
fn a_request_of_a_blocked_person_is_gone_and_no_other_comes() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.ask(&["add", "ann", "please"]).expect_ok();
    ann.expect("the request", |e| e["event"] == "request");
    ann.ask(&["block", "bob"]).expect_ok();
    assert_eq!(ann.ask(&["requests"]).expect_ok().rows("request").len(), 0);
    bob.ask(&["add", "ann", "pretty please"]);
    bob.settle();
    ann.settle();
    assert_eq!(ann.count(|e| e["event"] == "request"), 0);
}

/// Whether any file below a folder has these bytes in it.
fn lies_in(folder: &Path, text: &str) -> bool {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.into_iter().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => lies_in(&entry.path(), text),
        Ok(kind) if kind.is_file() => {
            let bytes = fs::read(entry.path()).expect("it can be read");
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        }
        Ok(_) | Err(_) => false,
    })
}

#[test]
fn the_servers_disk_has_names_and_held_mail_but_no_words() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    world.once("ann", &["add", "bob", "words of a request"]).expect_ok();
    world.once("ann", &["msg", "bob", "words of a message"]).expect_ok();
    let disk = world.home("server");
    assert!(lies_in(&disk, "ann") && lies_in(&disk, "bob"), "that is how people are found");
    assert!(!lies_in(&disk, "words of a request"));
    assert!(!lies_in(&disk, "words of a message"));
}

#[test]
fn a_profiles_history_lies_open_to_whoever_has_the_file() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    world.once("ann", &["msg", "bob", "words of a message"]).expect_ok();
    assert!(lies_in(&world.home("ann"), "words of a message"));
}

/// Everything that goes through a relay in front of `to`, and where that listens.
fn tapped(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let at = listener.local_addr().expect("a bound socket has an address");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&heard);
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(to).expect("the server is up");
            let ends = [
                (near.try_clone().expect("a socket"), far.try_clone().expect("a socket")),
                (far, near),
            ];
            for (mut from, mut to) in ends {
                let all = Arc::clone(&all);
                thread::spawn(move || {
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = from.read(&mut bytes) {
                        all.lock().expect("no holder panics").extend_from_slice(&bytes[..count]);
                        if to.write_all(&bytes[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    (at, heard)
}

#[test]
fn nothing_readable_is_on_the_wire() {
    let world = World::new();
    world.once("robert", &["whoami"]).expect_ok();
    let (at, heard) = tapped(world.server.tcp);
    let mut command = hobnob(&world.home("annabel"));
    command.args(["--name", "annabel", "--server", &format!("{at}#{}", world.server.key)]);
    command.args(["msg", "robert", "words of a message"]);
    Process::start(&mut command).ended().expect_ok();
    let heard = heard.lock().expect("no holder panics");
    assert!(heard.len() > 1_000, "it went this way");
    for word in ["annabel", "robert", "words of a message"] {
        assert!(!heard.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}
