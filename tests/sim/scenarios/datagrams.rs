//! Sessions over datagrams: everything that runs over TCP runs over them, whatever the weather.

use super::super::world::CANARY;
use super::files::{content, file_states, offered_in, take};
use super::runs::{allow, output, run, run_states};
use super::why::why;
use super::*;
use crate::net::Weather;
use hobnob::proto::limits::{PUNCH_AFTER_MS, UDP_KEEPALIVE_MS, UNANSWERED_MS};
use hobnob::proto::machine::Pipe;
use hobnob::proto::model::event::SessionState::{Closed, Open};
use hobnob::proto::model::notice::Way;
use hobnob::proto::model::paths::Paths;
use hobnob::proto::model::run::RunState::{Allowed, Asked, Exited};
use hobnob::proto::model::transfer::FileState;

const UDP: Paths = Paths { direct: false, udp: true, relay: false };
const BAD: Weather = Weather { lost: 5, doubled: 5, overtaken: 10 };

/// Ann and Bob, friends who use these paths.
fn friends_with(paths: Paths) -> World {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.configs.iter_mut().for_each(|config| config.paths = paths);
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    world
}

/// The same with a session between them.
fn over(paths: Paths) -> World {
    let mut world = friends_with(paths);
    world.chat(ANN, BOB);
    world.run_for(3 * SOON_MS);
    world
}

/// The same over datagrams, some of which are lost, doubled and overtaken, 50 ms each way.
fn bad() -> World {
    let mut world = over(UDP);
    world.net.datagrams.weather = BAD;
    world.net.slow_ms.extend([(ANN, 30), (BOB, 30)]);
    world
}

fn both(world: &mut World) -> [Option<(SessionState, Option<Path>)>; 2] {
    [row(world, ANN), row(world, BOB)]
}

fn open_on(path: Path) -> [Option<(SessionState, Option<Path>)>; 2] {
    [Some((Open, Some(path))); 2]
}

fn was_closed(world: &World) -> bool {
    let closed = |(_, event): &(Node, Event)| matches!(event, Event::Session { state: Closed, .. });
    world.events.iter().any(closed)
}

fn texts(world: &mut World, node: Node) -> Vec<String> {
    world.log(node).into_iter().map(|(_, _, text)| text).collect()
}

#[test]
fn where_nothing_can_be_dialled_a_session_opens_over_datagrams() {
    let mut world = over(Paths { direct: false, ..Paths::ALL });
    assert_eq!(both(&mut world), open_on(Path::Udp));
    let (sent, back) = (world.msg(ANN, BOB, "there"), world.msg(BOB, ANN, "and back"));
    world.run_for(SOON_MS);
    assert_eq!((refusal(&world, ANN, sent), refusal(&world, BOB, back)), (None, None));
    // The server is needed no more.
    world.kill(0);
    let sent = world.msg(ANN, BOB, "without a server");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, sent), None);
}

#[test]
fn where_a_connection_stands_no_datagram_is_sent_to_a_peer() {
    let mut world = talking();
    world.run_for(10 * PUNCH_AFTER_MS);
    assert_eq!(both(&mut world), open_on(Path::Direct));
    let peers = [ANN, BOB].map(address_of);
    let sent = &world.net.datagrams.sent;
    let is_between =
        |(_, from, to): &&(u64, Node, SocketAddr)| *from != 0 && peers.contains(&to.ip());
    let to_peers: Vec<_> = sent.iter().filter(is_between).collect();
    assert!(to_peers.is_empty(), "{to_peers:?}");
}

#[test]
fn messages_files_and_commands_pass_in_bad_weather() {
    let mut world = bad();
    let mut said = Vec::new();
    for n in 0..40 {
        world.msg(ANN, BOB, &n.to_string());
        world.msg(BOB, ANN, &n.to_string());
        said.push(format!("{CANARY} {n}"));
        world.run_for(20);
    }
    let file = offered_in(&mut world, 400_000);
    take(&mut world, BOB, file);
    run(&mut world, BOB, ANN, "echo hello");
    world.run_for(4 * SOON_MS);
    allow(&mut world, ANN);
    world.run_for(40 * SOON_MS);
    assert_eq!(texts(&mut world, BOB), said);
    assert_eq!(texts(&mut world, ANN), said);
    assert_eq!(file_states(&world, BOB, file).last(), Some(&FileState::Done));
    assert_eq!(world.disks[BOB - 1].read("/files/photo.jpg"), Some(&content(400_000, 1)[..]));
    assert_eq!(run_states(&world, BOB), [Asked, Allowed, Exited]);
    assert_eq!(output(&world, BOB, Pipe::Stdout), "hello\n");
    assert_eq!(both(&mut world), open_on(Path::Udp));
    assert!(!was_closed(&world));
}

#[test]
fn a_session_on_the_relay_goes_over_to_datagrams_when_they_get_through() {
    let mut world = friends_with(Paths { direct: false, ..Paths::ALL });
    world.wall_off(BOB);
    world.chat(ANN, BOB);
    world.run_for(4 * SOON_MS);
    assert_eq!(both(&mut world), open_on(Path::Relay));
    let file = offered_in(&mut world, 400_000);
    take(&mut world, BOB, file);
    world.net.walled.clear();
    world.run_for(12 * SOON_MS);
    assert_eq!(both(&mut world), open_on(Path::Udp));
    assert_eq!(file_states(&world, BOB, file).last(), Some(&FileState::Done));
    let arrived = world.disks[BOB - 1].read("/files/photo.jpg");
    assert_eq!(arrived, Some(&content(400_000, 1)[..]));
    assert!(!was_closed(&world));
}

#[test]
fn datagrams_that_stop_getting_through_cost_time_and_nothing_else() {
    let mut world = over(Paths { direct: false, ..Paths::ALL });
    world.wall_off(BOB);
    let mut said = Vec::new();
    for n in 0..30 {
        world.msg(ANN, BOB, &n.to_string());
        said.push(format!("{CANARY} {n}"));
        world.run_for(40);
    }
    world.run_for(UNANSWERED_MS + 4 * SOON_MS);
    assert_eq!(both(&mut world), open_on(Path::Relay));
    assert_eq!(texts(&mut world, BOB), said);
    assert!(!was_closed(&world));
}

#[test]
fn an_idle_session_over_datagrams_sends_its_keep_alives_and_nothing_else() {
    let mut world = over(UDP);
    world.run_for(3 * SOON_MS);
    let before = world.net.datagrams.sent.len();
    world.run_for(10 * UDP_KEEPALIVE_MS);
    let sent = world.net.datagrams.sent.len() - before;
    assert!((20..=44).contains(&sent), "{sent} datagrams");
    assert_eq!(both(&mut world), open_on(Path::Udp));
}

#[test]
fn a_session_over_datagrams_is_closed_on_both_sides_and_leaves_no_deadline() {
    let mut world = bad();
    let closed = world.ask(ANN, Verb::Close(None));
    world.run_for(10 * SOON_MS);
    assert_eq!(refusal(&world, ANN, closed), None);
    assert_eq!(both(&mut world), [None, None]);
    assert_eq!([ANN, BOB].map(|node| world.clients[node - 1].due()), [None, None]);
}

#[test]
fn a_peer_who_vanishes_is_noticed_and_found_again() {
    let mut world = bad();
    world.kill(BOB);
    world.msg(ANN, BOB, "hello?");
    world.run_for(UNANSWERED_MS + 30 * SOON_MS);
    assert_eq!(row(&mut world, ANN), None);
    world.start(BOB);
    world.run_for(2 * SOON_MS);
    world.chat(ANN, BOB);
    world.run_for(4 * SOON_MS);
    assert_eq!(both(&mut world), open_on(Path::Udp));
    assert_eq!(texts(&mut world, BOB), [format!("{CANARY} hello?")]);
}

#[test]
fn why_tells_of_each_address_that_datagrams_were_sent_to() {
    let mut world = over(Paths { direct: false, ..Paths::ALL });
    let (told, _) = why(&mut world, ANN, target(BOB));
    let udp: Vec<_> = told.iter().filter(|row| row.path == Way::Udp).collect();
    assert!(udp.iter().any(|row| row.result == "open" && row.address.is_some()), "{udp:?}");
    let direct = told.iter().find(|row| row.path == Way::Direct);
    assert_eq!(direct.map(|row| row.result.as_str()), Some("switched off with --paths"));
}

#[test]
fn a_path_that_one_side_switched_off_is_not_taken_later_either() {
    let relay = Paths { direct: false, udp: false, relay: true };
    for bobs in [relay, Paths { udp: true, ..relay }] {
        let mut world = World::asleep(7, 2, Accept::Friends);
        world.configs[BOB].paths = bobs;
        (0..=2).for_each(|node| world.start(node));
        world.run_for(SOON_MS);
        befriend(&mut world, ANN, BOB);
        world.net.datagrams.weather.lost = 100;
        world.chat(ANN, BOB);
        world.run_for(30_000);
        assert_eq!(both(&mut world), open_on(Path::Relay));
        let strays: Vec<_> =
            world.net.dials.iter().filter(|(_, _, to)| *to != server_at()).collect();
        assert!(strays.is_empty(), "{strays:?}");
    }
}

#[test]
fn with_the_relay_alone_nobody_waits_for_another_path() {
    let relay = Paths { direct: false, udp: false, relay: true };
    let mut world = friends_with(relay);
    world.chat(ANN, BOB);
    world.run_for(900);
    assert_eq!(both(&mut world), open_on(Path::Relay));
    assert_eq!(world.net.datagrams.sent, []);
}

#[test]
fn over_datagrams_both_sides_know_the_round_trip_before_anything_is_said() {
    let mut world = over(UDP);
    for node in [ANN, BOB] {
        let ticket = world.ask(node, Verb::Sessions);
        let rows = world.rows.iter().filter(|(_, of, _)| *of == ticket);
        let known =
            rows.filter(|(_, _, row)| matches!(row, Row::Session(row) if row.rtt_ms.is_some()));
        assert_eq!(known.count(), 1, "{node}");
    }
}
