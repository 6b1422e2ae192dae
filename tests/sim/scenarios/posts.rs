//! Posts: rows of the table of posts.

use super::files::{MINE, SOME_BYTES, content, file_states};
use super::*;
use crate::world::SERVER;
use hobnob::proto::model::command::Place;
use hobnob::proto::model::notice::PostRow;
use hobnob::proto::model::transfer::FileState;
use hobnob::proto::model::transfer::PostState::{self, Added, Asked, Done, Failed, Removed};

const CYD: Node = 3;

/// Rows of posts that answer a verb.
fn rows(world: &World, node: Node, asked: u64) -> Vec<PostRow> {
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Post(row) if (*who, *ticket) == (node, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

/// What somebody was told of posts, in order.
fn post_states(world: &World, node: Node) -> Vec<PostState> {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::Post { state, .. } if *reader == node => Some(*state),
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

fn add(world: &mut World, path: &str, bytes: Vec<u8>) -> MsgId {
    world.put(ANN, path, bytes);
    let asked = world.ask(ANN, Verb::PostAdd(path.into()));
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, ANN, asked), None);
    rows(world, ANN, asked)[0].id
}

fn list(world: &mut World, node: Node, owner: Option<Node>) -> Result<Vec<MsgId>, Refusal> {
    let asked = world.ask(node, Verb::PostList(owner.map(target)));
    world.run_for(4 * SOON_MS);
    world.result(node, asked).expect("the verb ended").clone()?;
    Ok(rows(world, node, asked).into_iter().map(|row| row.id).collect())
}

fn fetch(world: &mut World, node: Node, id: MsgId) -> u64 {
    let verb = Verb::PostGet { owner: target(ANN), id: id.to_text(), place: None };
    world.ask_within(node, 600_000, verb)
}

/// Bob has what Ann posted.
fn assert_fetched(world: &World, bytes: usize) {
    assert_eq!(post_states(world, BOB).last(), Some(&Done));
    assert_eq!(world.disks[BOB - 1].read("/files/photo.jpg"), Some(&content(bytes, 1)[..]));
}

#[test]
fn a_post_is_listed_and_fetched_by_a_friend() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(SOME_BYTES, 1));
    assert_eq!(post_states(&world, ANN), [Added]);
    assert_eq!(list(&mut world, ANN, None), Ok(vec![id]));
    assert_eq!(list(&mut world, BOB, Some(ANN)), Ok(vec![id]));
    let asked = world.ask(BOB, Verb::PostGet { owner: target(ANN), id: id.short(), place: None });
    world.run_for(5 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    assert_eq!(post_states(&world, BOB), [Asked, Done]);
    assert_fetched(&world, SOME_BYTES);
    assert_eq!(world.disks[ANN - 1].open_count() + world.disks[BOB - 1].open_count(), 0);
}

#[test]
fn a_post_goes_where_its_asker_wants_it() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(1_000, 1));
    let place = Some(Place::At("/elsewhere/it".into()));
    world.ask(BOB, Verb::PostGet { owner: target(ANN), id: id.to_text(), place });
    world.run_for(5 * SOON_MS);
    assert_eq!(world.disks[BOB - 1].read("/elsewhere/it"), Some(&content(1_000, 1)[..]));
}

#[test]
fn a_stranger_sees_no_posts_and_gets_none() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    let id = add(&mut world, MINE, content(1_000, 1));
    assert_eq!(list(&mut world, CYD, Some(ANN)), Err(Refusal::NoFriend("ann".into())));
    let asked = fetch(&mut world, CYD, id);
    world.run_for(5 * SOON_MS);
    assert_eq!(refusal(&world, CYD, asked), Some(Refusal::NoFriend("ann".into())));
    assert_eq!(world.disks[CYD - 1].names(), [""; 0]);
}

#[test]
fn one_who_is_no_friend_any_more_gets_nothing_though_they_knew_the_post() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(1_000, 1));
    let (now, ms) = (world.now, 10_000);
    world.net.part(now, BOB, SERVER, ms);
    world.net.part(now, BOB, ANN, ms);
    world.ask(ANN, Verb::Unfriend(target(BOB)));
    fetch(&mut world, BOB, id);
    world.run_for(40 * SOON_MS);
    assert_eq!(post_states(&world, BOB), [Asked, Failed]);
    assert_eq!(world.disks[BOB - 1].names(), [""; 0]);
    assert!(!post_states(&world, BOB).contains(&Done));
}

#[test]
fn a_list_of_one_who_is_away_is_refused_at_once() {
    let mut world = friends();
    world.kill(ANN);
    world.run_for(SOON_MS);
    assert_eq!(list(&mut world, BOB, Some(ANN)), Err(Refusal::Away("ann".into())));
}

#[test]
fn a_fetch_from_one_who_is_away_waits_and_completes_when_both_are_there() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(SOME_BYTES, 1));
    world.kill(ANN);
    fetch(&mut world, BOB, id);
    world.run_for(3 * SOON_MS);
    assert_eq!(post_states(&world, BOB), [Asked]);
    world.kill(BOB);
    world.start(ANN);
    world.run_for(3 * SOON_MS);
    world.start(BOB);
    world.run_for(15 * SOON_MS);
    assert_fetched(&world, SOME_BYTES);
}

#[test]
fn a_fetch_survives_the_death_of_either_side_at_any_moment() {
    for victim in [ANN, BOB] {
        for after in (0..1_500).step_by(150) {
            let mut world = friends();
            let id = add(&mut world, MINE, content(SOME_BYTES, 1));
            fetch(&mut world, BOB, id);
            world.net.rate = Some(1_000);
            world.run_for(after);
            world.lose_power(victim);
            world.run_for(30 * SOON_MS);
            assert_fetched(&world, SOME_BYTES);
            assert_eq!(world.disks[BOB - 1].unfinished(), [""; 0], "{victim} after {after} ms");
        }
    }
}

#[test]
fn a_post_that_is_taken_away_is_not_to_be_had() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(1_000, 1));
    let asked = world.ask(ANN, Verb::PostRemove(id.short()));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(post_states(&world, ANN), [Added, Removed]);
    assert_eq!(list(&mut world, BOB, Some(ANN)), Ok(vec![]));
    let asked = fetch(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::FileEnded(..))));
    assert_eq!(post_states(&world, BOB), [Asked, Failed]);
}

#[test]
fn a_post_whose_file_changed_or_vanished_is_told_and_not_served() {
    let changes: [fn(&mut World); 3] = [
        |world| world.put(ANN, MINE, content(1_000, 2)),
        |world| world.disk(ANN).delete(MINE),
        |world| {
            world.disk(ANN).denied.insert("/home".into());
        },
    ];
    for change in changes {
        let mut world = friends();
        let id = add(&mut world, MINE, content(1_000, 1));
        change(&mut world);
        let asked = fetch(&mut world, BOB, id);
        world.run_for(5 * SOON_MS);
        assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::FileEnded(..))));
        assert_eq!(post_states(&world, BOB), [Asked, Failed]);
        assert_eq!(world.disks[BOB - 1].names(), [""; 0]);
    }
}

#[test]
fn posts_outlive_their_owners_program() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(1_000, 1));
    world.kill(ANN);
    world.start(ANN);
    world.run_for(3 * SOON_MS);
    assert_eq!(list(&mut world, BOB, Some(ANN)), Ok(vec![id]));
    fetch(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_fetched(&world, 1_000);
}

#[test]
fn a_fetch_that_is_given_up_is_over() {
    let mut world = friends();
    let id = add(&mut world, MINE, content(1_000, 1));
    world.kill(ANN);
    let asked = fetch(&mut world, BOB, id);
    world.run_for(SOON_MS);
    let given_up = world.ask(BOB, Verb::Cancel(id.short()));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, given_up), None);
    assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::FileEnded(..))));
    world.start(ANN);
    world.run_for(10 * SOON_MS);
    assert_eq!(post_states(&world, BOB), [Asked, Failed]);
    assert_eq!(world.disks[BOB - 1].names(), [""; 0]);
}

#[test]
fn several_friends_fetch_several_posts_at_once() {
    let mut world = World::peaceful(7, 4, Accept::Friends);
    world.run_for(SOON_MS);
    let friends = [BOB, CYD, 4];
    friends.iter().for_each(|friend| befriend(&mut world, ANN, *friend));
    let ids: Vec<MsgId> =
        (0..4).map(|n| add(&mut world, &format!("/home/{n}"), content(SOME_BYTES, n))).collect();
    for friend in friends {
        ids.iter().for_each(|id| {
            fetch(&mut world, friend, *id);
        });
    }
    world.run_for(20 * SOON_MS);
    for friend in friends {
        for n in 0..4 {
            let path = format!("/files/{n}");
            assert_eq!(world.disks[friend - 1].read(&path), Some(&content(SOME_BYTES, n)[..]));
        }
        let is_done = |(node, event): &&(Node, Event)| match event {
            Event::File(file) => *node == friend && file.state == FileState::Done,
            _ => false,
        };
        let done: Vec<_> = world.events.iter().filter(is_done).collect();
        assert_eq!(done.len(), 4);
        let Event::File(file) = &done[0].1 else { panic!("a file") };
        assert_eq!(file_states(&world, ANN, file.id).last(), Some(&FileState::Done));
    }
}
