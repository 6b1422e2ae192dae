//! Where our datagrams come from, as the server sees it.

use super::*;
use crate::net::Weather;
use crate::world::SERVER;
use hobnob::proto::limits::{PROBE_FRESH_MS, PROBE_TRIES};
use hobnob::proto::model::notice::Row;

/// What `whoami` says of the addresses that datagrams come from.
fn outer(world: &mut World, node: Node) -> Vec<SocketAddr> {
    let asked = world.ask(node, Verb::Whoami);
    let mine = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Whoami(row) if (*who, *ticket) == (node, asked) => Some(row.udp.clone()),
        _ => None,
    };
    world.rows.iter().find_map(mine).expect("whoami answers with a row")
}

/// How often somebody has asked, and when last.
fn questions(world: &World, node: Node) -> (usize, Option<u64>) {
    let asked = world.net.datagrams.sent.iter();
    let mut asked = asked.filter(|(_, who, to)| (*who, *to) == (node, server_at()));
    (asked.clone().count(), asked.next_back().map(|(at, ..)| *at))
}

#[test]
fn who_signs_in_learns_where_its_datagrams_come_from_with_one_question() {
    let mut world = pair();
    let listener = world.net.listener_of(ANN);
    assert_eq!(outer(&mut world, ANN), Vec::from_iter(listener));
    assert_eq!(questions(&world, ANN).0, 1);
}

#[test]
fn questions_that_are_lost_are_asked_again_and_nothing_forged_is_believed() {
    let mut asked = Vec::new();
    for seed in 0..20 {
        let mut world = World::asleep(seed, 1, Accept::Friends);
        world.net.datagrams.weather = Weather { lost: 40, doubled: 40, overtaken: 40 };
        world.start(SERVER);
        world.start(ANN);
        world.run_for(5_000);
        let known = outer(&mut world, ANN);
        assert!(known.is_empty() || known == Vec::from_iter(world.net.listener_of(ANN)));
        asked.push((questions(&world, ANN).0, known.len()));
    }
    assert!(asked.contains(&(1, 1)) && asked.contains(&(3, 1)), "{asked:?}");
    assert!(asked.iter().all(|(count, _)| *count <= PROBE_TRIES as usize), "{asked:?}");
}

#[test]
fn a_server_whose_firewall_lets_no_datagrams_through_is_asked_four_times_and_left_in_peace() {
    let mut world = World::asleep(1, 1, Accept::Friends);
    world.net.datagrams.weather = Weather { lost: 100, ..Weather::default() };
    world.start(SERVER);
    world.start(ANN);
    world.run_for(3_600_000);
    let (count, last) = questions(&world, ANN);
    assert_eq!(count, PROBE_TRIES as usize);
    assert!(last.is_some_and(|at| at < 5_000));
    assert_eq!(outer(&mut world, ANN), []);
}

#[test]
fn a_client_without_a_socket_for_datagrams_asks_nobody() {
    let mut world = World::asleep(1, 1, Accept::Friends);
    world.net.datagrams.denied.insert(ANN);
    world.start(SERVER);
    world.start(ANN);
    world.run_for(5_000);
    assert_eq!((questions(&world, ANN).0, outer(&mut world, ANN)), (0, vec![]));
}

#[test]
fn an_old_answer_is_refreshed_when_a_session_is_asked_for_and_at_no_other_time() {
    let mut world = pair();
    world.run_for(3 * PROBE_FRESH_MS);
    let both = |world: &World| [ANN, BOB].map(|node| questions(world, node).0);
    assert_eq!(both(&world), [1, 1]);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(both(&world), [2, 2]);
    world.ask(BOB, Verb::Decline(Some(target(ANN))));
    world.run_for(SOON_MS);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(both(&world), [2, 2]);
}
