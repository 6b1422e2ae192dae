//! Paths as they are typed: relative, in quotes, of what is no file.

use crate::friends::befriend;
use crate::support::{Peer, Process, World};
use serde_json::Value;
use std::fs;

fn is_file(event: &Value, state: &str) -> bool {
    event["event"] == "file" && event["state"] == state
}

/// Friends, and a file of the first one's to send: its path.
fn with_file(world: &World) -> (Peer, Peer, String) {
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    let folder = world.home("things");
    fs::create_dir(&folder).expect("a folder of the test's own");
    let path = folder.join("my photo.png");
    fs::write(&path, (0..300_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>())
        .expect("a file of the test's own");
    (ann, bob, path.display().to_string())
}

fn offered(bob: &mut Peer) -> String {
    let event = bob.expect("the offer", |e| is_file(e, "offered"));
    assert_eq!((&event["from"], &event["name"]), (&"ann".into(), &"my photo.png".into()));
    event["id"].as_str().expect("it has an id").to_owned()
}

#[test]
fn a_path_means_what_it_does_where_the_verb_was_typed() {
    let world = World::new();
    let (_ann, mut bob, path) = with_file(&world);
    let folder = world.home("things");
    let verb = |name: &str, args: &[&str]| {
        Process::start(world.signed(name).current_dir(&folder).args(args)).ended()
    };
    verb("ann", &["send", "bob", "my photo.png"]).expect_ok();
    let id = offered(&mut bob);
    let told = verb("bob", &["take", &id, "./other.png"]);
    let other = folder.join("other.png");
    assert!(told.expect_ok().contains(&format!("done, {}", other.display())));
    assert_eq!(fs::read(other).expect("it is there"), fs::read(path).expect("ours"));
}

#[test]
fn a_typed_path_may_stand_in_quotes_and_what_is_no_file_is_told() {
    let world = World::new();
    let (mut ann, mut bob, path) = with_file(&world);
    let mut script = world.plain("cyd");
    script.say(&format!("/send bob '{path}'"));
    script.expect("the offer", |line| line.contains("my photo.png, 1.2 MB, is offered to bob"));
    let event = bob.expect("the offer", |e| is_file(e, "offered") && e["from"] == "cyd");
    let id = event["id"].as_str().expect("it has an id").to_owned();
    bob.ask(&["refuse", &id]).expect_ok();
    script.expect("the answer", |line| line.contains("my photo.png to bob: cancelled"));
    ann.ask(&["send", "bob", "/nowhere"]).expect_refusal(4);
    bob.ask(&["take", "AAAA"]).expect_refusal(1);
}
