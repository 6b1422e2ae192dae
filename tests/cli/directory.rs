//! Who is there: `who`, `lookup`, `whoami`, visibility, virtual addresses, one key in two places.

use crate::support::{Peer, World, hobnob};
use serde_json::Value;
use std::fs;
use std::net::{IpAddr, SocketAddr};

fn listen_of(peer: &Peer) -> Vec<SocketAddr> {
    let listen = peer.ready["listen"].as_array().expect("ready names where peers reach us");
    listen.iter().map(|at| at.as_str().and_then(|at| at.parse().ok()).expect("ADDR:PORT")).collect()
}

fn address_of(row: &Value) -> IpAddr {
    row["address"].as_str().and_then(|at| at.parse().ok()).expect("a virtual address")
}

#[test]
fn each_peer_listens_on_its_virtual_address_of_loopback() {
    let world = World::new();
    let (ann, bob) = (world.peer("ann"), world.peer("bob"));
    assert_ne!(address_of(&ann.ready), address_of(&bob.ready));
    for peer in [&ann, &bob] {
        let address = address_of(&peer.ready);
        let IpAddr::V4(v4) = address else { panic!("{address} is not IPv4") };
        assert_eq!(v4.octets()[..2], [127, 77]);
        assert!(listen_of(peer).iter().any(|at| at.ip() == address && at.port() != 0));
    }
}

#[test]
fn a_virtual_address_stays_over_restarts_of_both_sides() {
    let mut world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let ann = world.peer("ann");
    let first = address_of(&ann.ready);
    ann.stop();
    world.server.stop();
    world.server.restart();
    assert_eq!(address_of(&world.peer("ann").ready), first);
}

#[test]
fn whoami_agrees_with_the_ready_line() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let answer = ann.ask(&["whoami"]).expect_ok();
    let row = answer.row("whoami");
    for field in ["name", "address", "fingerprint", "listen"] {
        assert_eq!(row[field], ann.ready[field], "{field}");
    }
    assert_eq!(row["visibility"], "public");
}

#[test]
fn who_lists_those_who_are_online_by_prefix() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let bob = world.peer("bob");
    let _bea = world.peer("bea");
    let answer = ann.ask(&["who", "b"]).expect_ok();
    let mut names: Vec<_> = answer.rows("person").iter().map(|row| row["name"].clone()).collect();
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["bea", "bob"]);
    bob.stop();
    let answer = ann.ask(&["who", "b"]).expect_ok();
    assert_eq!(answer.row("person")["name"], "bea");
    assert_eq!(ann.ask(&["who", "z"]).rows("person").len(), 0);
}

#[test]
fn lookup_finds_by_name_address_and_fingerprint() {
    let world = World::new();
    let (mut ann, bob) = (world.peer("ann"), world.peer("bob"));
    let address = address_of(&bob.ready).to_string();
    let key = bob.ready["fingerprint"].as_str().expect("a fingerprint").to_owned();
    for target in ["bob", "BOB", &address, &key] {
        let answer = ann.ask(&["lookup", target]).expect_ok();
        let row = answer.row("person");
        assert_eq!(row["name"], "bob", "{target}");
        assert_eq!(row["fingerprint"], key.as_str(), "{target}");
        assert_eq!(row["online"], true, "{target}");
        assert_eq!(row["friend"], false, "{target}");
    }
    bob.stop();
    let answer = ann.ask(&["lookup", "bob"]).expect_ok();
    assert_eq!(answer.row("person")["online"], false);
}

#[test]
fn private_is_the_same_answer_as_no_such_name() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.ask(&["private"]).expect_ok();
    for verb in ["lookup", "chat"] {
        let hidden = ann.ask(&[verb, "bob"]).expect_refusal(1);
        let nobody = ann.ask(&[verb, "bib"]).expect_refusal(1);
        assert_eq!(hidden.replace("bob", "bib"), nobody, "{verb}");
    }
    assert_eq!(ann.ask(&["who", "bob"]).expect_ok().rows("person").len(), 0);
    bob.stop();

    let mut bob = world.peer("bob");
    ann.ask(&["lookup", "bob"]).expect_refusal(1);
    let answer = bob.ask(&["whoami"]).expect_ok();
    assert_eq!(answer.row("whoami")["visibility"], "private", "kept over restarts");
    bob.ask(&["public"]).expect_ok();
    ann.ask(&["lookup", "bob"]).expect_ok();
}

#[test]
fn offline_signs_out_and_online_signs_in_again() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.ask(&["offline"]).expect_ok();
    let answer = ann.ask(&["lookup", "bob"]).expect_ok();
    assert_eq!(answer.row("person")["online"], false);
    bob.ask(&["who"]).expect_refusal(3);
    bob.ask(&["online"]).expect_ok();
    let answer = ann.ask(&["lookup", "bob"]).expect_ok();
    assert_eq!(answer.row("person")["online"], true);
}

#[test]
fn a_second_sign_in_of_a_key_replaces_the_first_which_does_not_fight_back() {
    let world = World::new();
    world.once("ann", &["whoami"]).expect_ok();
    fs::create_dir(world.home("copy")).expect("the scratch folder is writable");
    for entry in fs::read_dir(world.home("ann")).expect("a profile is a folder") {
        let entry = entry.expect("it can be listed");
        if entry.file_type().expect("it has a type").is_file() {
            fs::copy(entry.path(), world.home("copy").join(entry.file_name())).expect("a copy");
        }
    }
    let mut first = world.peer("ann");
    let mut second =
        Peer::start(hobnob(&world.home("copy")).args(["--json", "--server", &world.at()]));
    second.expect("ready", |event| event["event"] == "ready" && event["name"] == "ann");
    let offline = first.expect("the replacement", |event| event["event"] == "offline");
    assert!(offline["why"].as_str().is_some_and(|why| !why.is_empty()), "{offline}");
    first.ask(&["who"]).expect_refusal(3);
    second.ask(&["who"]).expect_ok();
    second.settle();
    assert_eq!(second.count(|event| event["event"] == "offline"), 0);
}
