//! Files that are offered to friends.

use super::pair::{ANN, BOB, Pair, name};
use crate::proto::model::command::{Place, Verb};
use crate::proto::model::event::Event;
use crate::proto::model::notice::{PostRow, Row};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::PostState;

/// Ann posts a file; gives its id.
fn post(pair: &mut Pair, path: &str, bytes: &[u8]) -> String {
    pair.sides[ANN].files.put(path, bytes);
    assert_eq!(pair.ask(ANN, Verb::PostAdd(path.into())), Ok(()));
    let Some(Row::Post(row)) = pair.sides[ANN].rows.last() else { panic!("no row") };
    row.id.to_text()
}

fn get(id: &str) -> Verb {
    Verb::PostGet { owner: name(ANN), id: id.into(), place: Some(Place::Into("/bob/posts".into())) }
}

fn states(pair: &Pair, n: usize) -> Vec<PostState> {
    let state = |event: &Event| match event {
        Event::Post { state, .. } => Some(*state),
        _ => None,
    };
    pair.sides[n].events.iter().filter_map(state).collect()
}

#[test]
fn a_friend_lists_and_gets_a_post() {
    let mut pair = Pair::friends();
    let id = post(&mut pair, "/home/song", b"la la");
    assert_eq!(pair.ask(BOB, Verb::PostList(Some(name(ANN)))), Ok(()));
    let Some(Row::Post(PostRow { owner, name, size, .. })) = pair.sides[BOB].rows.last() else {
        panic!("no row");
    };
    assert_eq!((owner.as_str(), name.as_str(), *size), ("ann", "song", 5));
    assert_eq!(pair.ask(BOB, get(&id[..5])), Ok(()));
    pair.settle();
    assert_eq!(pair.sides[BOB].files.at("/bob/posts/song"), Some(&b"la la"[..]));
    assert_eq!(states(&pair, BOB), [PostState::Asked, PostState::Done]);
    assert_eq!(states(&pair, ANN), [PostState::Added]);
    let said = pair.sides[BOB].events.iter().rev().find_map(|event| match event {
        Event::Post { id, path, .. } => Some((id.to_text(), path.clone())),
        _ => None,
    });
    assert_eq!(said, Some((id, Some("/bob/posts/song".into()))));
}

#[test]
fn a_stranger_sees_and_gets_nothing() {
    let mut pair = Pair::strangers();
    assert!(!pair.is_friends());
    let id = post(&mut pair, "/home/song", b"la la");
    let list = pair.ask(BOB, Verb::PostList(Some(name(ANN))));
    assert_eq!(list, Err(Refusal::NoFriend("ann".into())));
    assert_eq!(pair.ask(BOB, get(&id)), Err(Refusal::NoFriend("ann".into())));
    // Whoever thinks that they are a friend hears no more than of a post that does not exist.
    let bond = pair.sides[BOB].disk.bonds.values_mut().next().expect("a bond");
    bond.friendship = crate::proto::model::bond::Friendship::Friends;
    pair.cut();
    pair.restart(BOB);
    pair.link();
    let refused = pair.ask(BOB, get(&id)).expect_err("they are no friends");
    assert!(refused.to_string().contains("no such post"), "{refused}");
    assert_eq!(states(&pair, BOB), [PostState::Asked, PostState::Failed]);
}

#[test]
fn a_post_whose_file_is_another_or_gone_is_not_half_served() {
    for (bytes, why) in [(Some(&b"ha ha"[..]), "has changed"), (None, "no such file")] {
        let mut pair = Pair::friends();
        let id = post(&mut pair, "/home/song", b"la la");
        match bytes {
            Some(bytes) => pair.sides[ANN].files.put("/home/song", bytes),
            None => drop(pair.sides[ANN].files.all.remove("/home/song")),
        }
        let refused = pair.ask(BOB, get(&id)).expect_err("it is not what it was");
        assert!(refused.to_string().contains(why), "{refused}");
        pair.settle();
        assert_eq!(states(&pair, BOB), [PostState::Asked, PostState::Failed]);
        assert!(pair.sides[BOB].files.names("/bob").is_empty());
    }
}

#[test]
fn a_post_taken_back_is_not_to_be_had() {
    let mut pair = Pair::friends();
    let id = post(&mut pair, "/home/song", b"la la");
    assert_eq!(pair.ask(ANN, Verb::PostRemove(id.clone())), Ok(()));
    assert_eq!(states(&pair, ANN), [PostState::Added, PostState::Removed]);
    assert!(pair.sides[ANN].disk.posts.is_empty());
    let refused = pair.ask(BOB, get(&id)).expect_err("it is gone");
    assert!(refused.to_string().contains("no such post"), "{refused}");
}

#[test]
fn a_fetch_from_one_who_is_away_waits_even_through_a_restart() {
    let mut pair = Pair::friends();
    let id = post(&mut pair, "/home/song", b"la la");
    pair.cut();
    pair.say(BOB, get(&id));
    pair.settle();
    assert_eq!(states(&pair, BOB), [PostState::Asked]);
    pair.crash(BOB);
    pair.crash(ANN);
    pair.link();
    pair.until(|pair| states(pair, BOB).contains(&PostState::Done));
    assert_eq!(pair.sides[BOB].files.at("/bob/posts/song"), Some(&b"la la"[..]));
}

#[test]
fn a_fetch_ends_with_a_block_and_is_not_begun_beside_one() {
    let mut pair = Pair::friends();
    let id = post(&mut pair, "/home/song", b"la la");
    pair.cut();
    let fetch = pair.say(BOB, get(&id));
    pair.settle();
    assert_eq!(pair.ask(BOB, Verb::Block(name(ANN))), Ok(()));
    assert!(matches!(pair.sides[BOB].done[&fetch], Err(Refusal::FileEnded(..))));
    assert_eq!(states(&pair, BOB), [PostState::Asked, PostState::Failed]);
    let refused = Err(Refusal::Blocked("ann".to_owned()));
    assert_eq!(pair.ask(BOB, get(&id)), refused);
    assert_eq!(pair.ask(BOB, Verb::PostList(Some(name(ANN)))), refused);
}

#[test]
fn a_fetch_given_up_does_not_come_after_all() {
    let mut pair = Pair::friends();
    let id = post(&mut pair, "/home/song", b"la la");
    pair.cut();
    let ticket = pair.say(BOB, get(&id));
    pair.settle();
    assert_eq!(pair.ask(BOB, Verb::Cancel(id[..6].into())), Ok(()));
    assert!(matches!(pair.sides[BOB].done[&ticket], Err(Refusal::FileEnded(..))));
    pair.link();
    pair.settle();
    assert_eq!(states(&pair, BOB), [PostState::Asked, PostState::Failed]);
    assert!(pair.sides[BOB].files.names("/bob").is_empty());
    assert!(pair.sides[BOB].files_said().is_empty());
}
