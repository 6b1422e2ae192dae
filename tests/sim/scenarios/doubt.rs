//! Rows of the table of doubt: a connection on which nothing is answered is left early.

use super::files::{file_states, offered_in, take};
use super::*;
use hobnob::proto::limits::{DOUBT_MS, DOUBTED_S, RELAY_AFTER_MS};
use hobnob::proto::model::event::SessionState::{Closed, Open};
use hobnob::proto::model::transfer::FileState;

/// Until a connection that carries nothing has been left for the relay.
const LEFT_MS: u64 = DOUBT_MS + 1_000 * DOUBTED_S + RELAY_AFTER_MS + 2 * SOON_MS;
const LONG_MS: u64 = 110_000;

/// Nothing passes between the two for longer than anybody waits.
fn part(world: &mut World) {
    let now = world.now;
    world.net.part(now, ANN, BOB, LONG_MS);
}

fn path(world: &mut World, node: Node) -> Option<Path> {
    row(world, node).and_then(|(_, path)| path)
}

fn was_closed(world: &World) -> bool {
    let closed = |(_, event): &(Node, Event)| matches!(event, Event::Session { state: Closed, .. });
    world.events.iter().any(closed)
}

#[test]
fn what_is_said_on_a_connection_that_carries_nothing_comes_over_the_relay_soon() {
    let mut world = talking();
    part(&mut world);
    let sent = world.msg(ANN, BOB, "is anybody there");
    world.run_for(LEFT_MS);
    assert_eq!(
        (path(&mut world, ANN), path(&mut world, BOB)),
        (Some(Path::Relay), Some(Path::Relay))
    );
    assert_eq!(refusal(&world, ANN, sent), None);
    assert_eq!(world.log(BOB).len(), 1, "and once");
    assert!(!was_closed(&world));
}

#[test]
fn a_file_on_a_connection_that_carries_nothing_goes_on_over_the_relay() {
    let mut world = talking();
    let id = offered_in(&mut world, 3_000_000);
    world.net.rate = Some(2_000);
    take(&mut world, BOB, id);
    world.run_for(SOON_MS);
    part(&mut world);
    world.run_for(LEFT_MS + 20 * SOON_MS);
    assert_eq!(path(&mut world, ANN), Some(Path::Relay));
    assert_eq!(file_states(&world, BOB, id).last(), Some(&FileState::Done));
    assert!(!was_closed(&world));
}

#[test]
fn who_says_nothing_doubts_nothing() {
    let mut world = talking();
    world.msg(ANN, BOB, "first");
    world.run_for(SOON_MS);
    assert_eq!([ANN, BOB].map(|node| world.clients[node - 1].due()), [None, None]);
    part(&mut world);
    world.run_for(2 * LEFT_MS);
    assert_eq!(path(&mut world, ANN), Some(Path::Direct));
}

#[test]
fn whoever_is_slow_to_answer_is_not_left() {
    let mut world = talking();
    world.net.slow_ms.insert(BOB, 2 * DOUBT_MS);
    let sent = world.msg(ANN, BOB, "take your time");
    world.run_for(LEFT_MS + 4 * DOUBT_MS);
    assert_eq!(refusal(&world, ANN, sent), None);
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
    assert_eq!(states(&world, ANN, BOB).iter().filter(|state| **state == Open).count(), 1);
    assert_eq!(world.clients[ANN - 1].due(), None);
}

#[test]
fn without_a_server_a_connection_that_carries_nothing_is_kept_while_the_kernel_keeps_it() {
    let mut world = talking();
    world.kill(0);
    world.run_for(SOON_MS);
    part(&mut world);
    world.msg(ANN, BOB, "there is no other path");
    world.run_for(LONG_MS - 2 * SOON_MS);
    assert_eq!(path(&mut world, ANN), Some(Path::Direct));
    assert!(!was_closed(&world));
}
