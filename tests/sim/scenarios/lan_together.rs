//! Without any server: friends, groups and files on one local network.

use super::files::{MINE, SOME_BYTES, content, file_states, offered_in, take};
use super::groups::{act, create, group, heard_by, join, members, talk, told_of};
use super::lan::{CYD, ask, msg, neighbours, who};
use super::*;
use hobnob::proto::model::command::GroupVerb;
use hobnob::proto::model::event::GroupState;
use hobnob::proto::model::transfer::FileState::Done;

fn names(world: &mut World, node: Node) -> Vec<String> {
    let mut names: Vec<String> =
        members(world, node, "climbers").into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

/// Ann leads, Bob and Cyd are in.
fn climbers() -> World {
    let mut world = neighbours(3, Accept::Friends);
    create(&mut world, ANN, "climbers", true);
    for node in [BOB, CYD] {
        assert_eq!(join(&mut world, node, "climbers"), Ok(()));
    }
    world.run_for(3 * SOON_MS);
    world
}

#[test]
fn neighbours_become_friends_and_part() {
    let mut world = neighbours(2, Accept::Friends);
    world.ask(ANN, Verb::Add(target(BOB), "please".into()));
    world.run_for(2 * SOON_MS);
    assert_eq!(requests(&world, BOB), ["please"]);
    assert_eq!(ask(&mut world, BOB, Verb::Confirm(target(ANN))), None);
    assert_eq!(friend_states(&world, ANN, BOB), [FriendState::Asked, FriendState::Confirmed]);
    assert_eq!(ask(&mut world, ANN, Verb::Chat(target(BOB))), None, "friends are not asked");
    assert_eq!(ask(&mut world, ANN, Verb::Unfriend(target(BOB))), None);
    assert_eq!(friend_states(&world, BOB, ANN).last(), Some(&FriendState::Removed));
}

#[test]
fn a_request_to_be_friends_waits_for_who_is_away() {
    let mut world = neighbours(2, Accept::Friends);
    assert_eq!(msg(&mut world, ANN, BOB, "so that we know each other"), None);
    world.kill(BOB);
    assert_eq!(ask(&mut world, ANN, Verb::Add(target(BOB), "later".into())), None);
    world.run_for(60_000);
    world.start(BOB);
    world.run_for(2 * SOON_MS);
    assert_eq!(requests(&world, BOB), ["later"]);
}

#[test]
fn public_groups_near_are_listed_and_joined() {
    let mut world = climbers();
    assert_eq!(names(&mut world, CYD), ["ann", "bob", "cyd"]);
    let asked = world.ask(BOB, Verb::Group(GroupVerb::Public));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    let listed = |(node, ticket, row): &(Node, u64, Row)| match row {
        Row::Group(row) if (*node, *ticket) == (BOB, asked) => {
            Some((row.name.clone(), row.leader.clone()))
        }
        _ => None,
    };
    let listed: Vec<_> = world.rows.iter().filter_map(listed).collect();
    assert_eq!(listed, [("climbers".to_owned(), "ann".to_owned())]);
    assert_eq!(join(&mut world, BOB, "readers"), Err(Refusal::Unknown("readers".into())));
}

#[test]
fn talk_comes_to_every_member_near_though_nobody_is_a_friend() {
    let mut world = climbers();
    for (node, text) in [(ANN, "one"), (BOB, "two"), (CYD, "three")] {
        let said = talk(&mut world, node, text);
        world.run_for(4 * SOON_MS);
        assert_eq!(refusal(&world, node, said), None, "{text}");
    }
    let heard = |world: &World, node| heard_by(world, node).len();
    assert_eq!([ANN, BOB, CYD].map(|node| heard(&world, node)), [2, 2, 2]);
}

#[test]
fn talk_waits_for_a_member_who_is_away() {
    let mut world = climbers();
    world.kill(CYD);
    let said = talk(&mut world, ANN, "for later");
    world.run_for(60_000);
    assert_eq!(world.result(ANN, said), None, "cyd has not heard it");
    world.start(CYD);
    world.run_for(2 * SOON_MS);
    assert_eq!(refusal(&world, ANN, said), None);
    assert_eq!(heard_by(&world, CYD).len(), 1);
}

#[test]
fn members_are_invited_put_out_and_leave() {
    let mut world = neighbours(3, Accept::Friends);
    create(&mut world, ANN, "climbers", false);
    assert_eq!(act(&mut world, ANN, GroupVerb::Invite(group("climbers"), target(BOB))), Ok(()));
    assert_eq!(act(&mut world, ANN, GroupVerb::Invite(group("climbers"), target(CYD))), Ok(()));
    for node in [BOB, CYD] {
        assert_eq!(join(&mut world, node, "climbers"), Ok(()));
    }
    world.run_for(2 * SOON_MS);
    assert_eq!(names(&mut world, BOB), ["ann", "bob", "cyd"]);
    assert_eq!(act(&mut world, ANN, GroupVerb::Kick(group("climbers"), target(BOB))), Ok(()));
    assert_eq!(told_of(&world, BOB).last().map(|(state, _)| *state), Some(GroupState::Kicked));
    assert_eq!(act(&mut world, CYD, GroupVerb::Leave(group("climbers"))), Ok(()));
    assert_eq!(names(&mut world, ANN), ["ann"]);
}

#[test]
fn a_file_comes_to_a_stranger_who_takes_it() {
    let mut world = neighbours(2, Accept::None);
    let id = offered_in(&mut world, SOME_BYTES);
    take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_eq!(file_states(&world, BOB, id).last(), Some(&Done));
    assert_eq!(file_states(&world, ANN, id).last(), Some(&Done));
    assert_eq!(world.disks[BOB - 1].read("/files/photo.jpg"), Some(&content(SOME_BYTES, 1)[..]));
}

#[test]
fn a_file_goes_on_when_its_sender_is_back_at_another_port() {
    let mut world = neighbours(2, Accept::Friends);
    befriend(&mut world, ANN, BOB);
    let id = offered_in(&mut world, 3_000_000);
    world.net.rate = Some(2_000);
    take(&mut world, BOB, id);
    world.run_for(SOON_MS);
    world.kill(ANN);
    world.run_for(SOON_MS);
    world.start(ANN);
    world.run_for(30 * SOON_MS);
    assert_eq!(file_states(&world, BOB, id).last(), Some(&Done));
}

#[test]
fn posts_of_a_friend_near_are_listed_and_fetched() {
    let mut world = neighbours(2, Accept::Friends);
    befriend(&mut world, ANN, BOB);
    world.put(ANN, MINE, content(1_000, 1));
    assert_eq!(ask(&mut world, ANN, Verb::PostAdd(MINE.into())), None);
    let asked = world.ask(BOB, Verb::PostList(Some(target(ANN))));
    world.run_for(2 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    let post = world.rows.iter().find_map(|(node, ticket, row)| match row {
        Row::Post(row) if (*node, *ticket) == (BOB, asked) => Some(row.id),
        _ => None,
    });
    let id = post.expect("it is listed").to_text();
    assert_eq!(ask(&mut world, BOB, Verb::PostGet { owner: target(ANN), id, place: None }), None);
    assert_eq!(world.disks[BOB - 1].read("/files/photo.jpg"), Some(&content(1_000, 1)[..]));
}

#[test]
fn a_network_that_carries_no_connections_is_not_asked_again_and_again() {
    let mut world = neighbours(2, Accept::Friends);
    world.wall_off(BOB);
    let asked = world.msg_until(ANN, BOB, "hi", Stage::Delivered);
    let (dials, said) = (world.net.dials.len(), world.lan.said.len());
    world.run_for(120_000);
    assert_eq!(world.result(ANN, asked), Some(&Err(Refusal::TimeOut)));
    let more = (world.net.dials.len() - dials, world.lan.said.len() - said);
    assert!(more.0 < 12 && more.1 < 60, "{more:?}");
    world.net.walled.clear();
    assert_eq!(who(&mut world, ANN), ["bob"]);
    world.run_for(600_000);
    assert_eq!(texts(&mut world, BOB).len(), 1, "it came in the end");
}
