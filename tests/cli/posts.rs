//! Posts: files that friends may have, and nobody else.

use crate::files::{friends, id_of, put, text};
use crate::support::{Peer, World};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn is_post(event: &Value, state: &str) -> bool {
    event["event"] == "post" && event["state"] == state
}

/// Posts a file; gives its id.
fn posted(owner: &mut Peer, path: &Path) -> String {
    owner.ask(&["post", "add", text(path)]).expect_ok();
    id_of(&owner.expect("added", |e| is_post(e, "added")))
}

#[test]
fn a_friend_lists_and_fetches_what_is_posted() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let file = put(&world.home("out").join("map.png"), b"\x89PNG here");
    ann.ask(&["post", "add", text(&file)]).expect_ok();
    let added = ann.expect("added", |e| is_post(e, "added"));
    assert_eq!((&added["owner"], &added["name"]), (&"ann".into(), &"map.png".into()));
    assert_eq!((&added["size"], added["seq"].is_u64()), (&9.into(), true), "{added}");
    let id = id_of(&added);
    let mine = ann.ask(&["post", "list"]).expect_ok();
    assert_eq!(mine.row("post")["id"], id.as_str());
    let theirs = bob.ask(&["post", "list", "ann"]).expect_ok();
    let row = theirs.row("post");
    assert_eq!((&row["id"], &row["name"]), (&id.as_str().into(), &"map.png".into()));
    assert_eq!((&row["owner"], &row["size"]), (&"ann".into(), &9.into()));
    bob.ask(&["post", "get", "ann", &id[..6]]).expect_ok();
    bob.expect("asked", |e| is_post(e, "asked") && e["id"] == id.as_str());
    let done = bob.expect("done", |e| is_post(e, "done"));
    assert_eq!((&done["owner"], &done["name"]), (&"ann".into(), &"map.png".into()));
    let path = done["path"].as_str().expect("it says where it is");
    assert_eq!(fs::read(path).expect("there"), b"\x89PNG here");
    let place = world.home("mine.png");
    bob.ask(&["post", "get", "ann", &id, text(&place)]).expect_ok();
    assert_eq!(fs::read(place).expect("there"), b"\x89PNG here");
    ann.ask(&["post", "rm", &id]).expect_ok();
    ann.expect("removed", |e| is_post(e, "removed"));
    assert_eq!(bob.ask(&["post", "list", "ann"]).expect_ok().rows("post").len(), 0);
    bob.ask(&["post", "get", "ann", &id]).expect_refusal(1);
    ann.ask(&["post", "rm", &id]).expect_refusal(1);
}

#[test]
fn only_friends_see_and_fetch_posts() {
    let world = World::new();
    let (mut ann, mut cyd) = world.pair("ann", "cyd");
    let id = posted(&mut ann, &put(&world.home("a"), b"secret"));
    cyd.ask(&["post", "list", "ann"]).expect_refusal(1);
    cyd.ask(&["post", "get", "ann", &id]).expect_refusal(1);
    ann.settle();
    assert_eq!(ann.count(|e| e["event"] == "file"), 0);
    assert!(!world.home("cyd").join("files").exists());
}

#[test]
fn in_plain_lines_a_post_is_a_row_and_a_file() {
    let world = World::new();
    let (ann, bob) = friends(&world);
    ann.stop();
    bob.stop();
    let (mut ann, mut bob) = (world.plain("ann"), world.plain("bob"));
    let file = put(&world.home("out").join("map.png"), b"here");
    ann.say(&format!("/post add {}", text(&file)));
    let line = ann.expect("added", |line| line.starts_with("* friends may have map.png, 4 B"));
    let id = line.split_once("(post ").map(|(_, id)| id.trim_end_matches(')').to_owned());
    let id = id.expect("it names the post");
    bob.say("/post list ann");
    bob.expect("the row", |line| line.starts_with(&format!("{id}  map.png  4 B  ann  since ")));
    bob.say(&format!("/post get ann {id}"));
    bob.expect("done", |line| line.starts_with("* post map.png of ann: done, "));
    bob.expect("no question", |line| line == "* ann offers map.png, 4 B: it was asked for");
    let list = world.once("bob", &["post", "list", "ann"]);
    assert!(list.expect_ok().starts_with(&id), "{list:?}");
}

#[test]
fn a_post_whose_file_changed_or_vanished_is_told_and_not_served() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let out = world.home("out");
    let (changed, gone) = (put(&out.join("changed"), b"one"), put(&out.join("gone"), b"two"));
    let (changed_id, gone_id) = (posted(&mut ann, &changed), posted(&mut ann, &gone));
    put(&changed, b"three");
    fs::remove_file(&gone).expect("ours");
    for (id, words) in [(changed_id, "changed"), (gone_id, "no such file")] {
        let why = bob.ask(&["post", "get", "ann", &id]).expect_refusal(1);
        assert!(why.contains(words), "{why}");
        let failed = bob.expect("failed", |e| is_post(e, "failed"));
        assert!(failed["why"].as_str().is_some_and(|why| why.contains(words)), "{failed}");
    }
    assert!(!world.home("bob").join("files/changed").exists());
}

#[test]
fn what_is_asked_of_one_who_is_away_comes_when_they_are_back() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let id = posted(&mut ann, &put(&world.home("out").join("map.png"), b"here"));
    ann.stop();
    bob.expect("gone", |e| e["event"] == "presence" && e["online"] == false);
    bob.ask(&["post", "list", "ann"]).expect_refusal(3);
    bob.ask_within(0.5, &["post", "get", "ann", &id]).expect_refusal(6);
    bob.expect("asked", |e| is_post(e, "asked"));
    bob.crash();
    let mut bob = world.peer("bob");
    let _ann = world.peer("ann");
    let done = bob.expect("done", |e| is_post(e, "done"));
    assert_eq!((&done["id"], &done["name"]), (&id.as_str().into(), &"map.png".into()));
    assert!(world.home("bob").join("files/map.png").exists());
}

#[test]
fn what_is_no_file_cannot_be_posted() {
    let world = World::new();
    world.once("ann", &["post", "add", text(&world.home("none"))]).expect_refusal(4);
    world.once("ann", &["post", "add", "/dev/null"]).expect_refusal(4);
    world.once("ann", &["post", "get", "bob", "XYZABC"]).expect_refusal(1);
}
