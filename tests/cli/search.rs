//! Search over what was said, by words.

use crate::support::{Peer, World, is_message};

/// ann, who has spoken with bob and cyd.
fn spoken(world: &World) -> Peer {
    for name in ["bob", "cyd"] {
        world.once(name, &["whoami"]).expect_ok();
    }
    let mut ann = world.peer("ann");
    for (to, text) in [
        ("bob", "The weather is fine"),
        ("cyd", "what weather, where"),
        ("bob", "Wetterbericht: 日本語 Ärger"),
        ("cyd", "whether or not"),
    ] {
        ann.ask(&["msg", to, text]).expect_ok();
    }
    ann
}

fn found(peer: &mut Peer, args: &[&str]) -> Vec<String> {
    let words: Vec<&str> = std::iter::once("search").chain(args.iter().copied()).collect();
    let answer = peer.ask(&words).expect_ok();
    let rows = answer.rows("entry");
    rows.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn words_are_found_newest_first_whatever_their_case() {
    let world = World::new();
    let mut ann = spoken(&world);
    assert_eq!(found(&mut ann, &["weather"]), ["what weather, where", "The weather is fine"]);
    assert_eq!(found(&mut ann, &["FINE weather"]), ["The weather is fine"]);
    assert_eq!(found(&mut ann, &["we*"]).len(), 3);
    assert_eq!(found(&mut ann, &["weather", "--with", "bob"]), ["The weather is fine"]);
    assert_eq!(found(&mut ann, &["weather", "--limit", "1"]), ["what weather, where"]);
    assert_eq!(found(&mut ann, &["日本語"]).len(), 1);
    let mut bob = world.peer("bob");
    bob.expect("mail", |e| is_message(e, "ann", "The weather is fine"));
    assert_eq!(found(&mut bob, &["weather"]), ["The weather is fine"], "theirs is found too");
}

#[test]
fn nothing_found_is_exit_code_1_and_a_line() {
    let world = World::new();
    let mut ann = spoken(&world);
    let why = ann.ask(&["search", "nonsense"]).expect_refusal(1);
    assert_eq!(why, "nonsense: nothing found");
    ann.ask(&["search", "fine", "--with", "cyd"]).expect_refusal(1);
    ann.ask(&["search", "fine", "--with", "nobody"]).expect_refusal(1);
    ann.ask(&["search", "\"* (.) *"]).expect_refusal(1);
    let line = world.once("ann", &["search", "nonsense"]);
    assert_eq!(line.expect_refusal(1), "hobnob: nonsense: nothing found");
    assert_eq!(line.out, "");
    ann.ask(&["history", "nobody"]).expect_refusal(1);
    ann.ask(&["search"]).expect_refusal(2);
}

#[test]
fn history_is_searched_without_a_server() {
    let mut world = World::new();
    spoken(&world).stop();
    world.server.stop();
    let out = world.once("ann", &["search", "fine"]);
    assert!(out.expect_ok().contains("The weather is fine"), "{out:?}");
}
