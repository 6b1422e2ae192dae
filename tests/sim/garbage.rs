//! What makes no sense, into both machines: nobody panics, and nobody else hears of it.

use super::net::Node;
use super::nonsense::Nonsense;
use super::puppet::Line;
use super::scenarios::{ANN, BOB, EVE, SOON_MS, dial, eve_serves, refusal, row, talking};
use super::world::{SERVER, World, server_at};
use hobnob::proto::bytes::Bytes;
use hobnob::proto::client::{Accept, Client};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::ConnId;
use hobnob::proto::link::Purpose;
use hobnob::proto::machine::{Input, InputOf, Machine, Output, OutputOf, StreamAction};
use hobnob::proto::model::event::{Event, Path, SessionState};
use hobnob::proto::model::record::{Found, Restored, ServerRows};
use hobnob::proto::server::Server;
use hobnob::proto::time::{Mono, Now, Wall};
use hobnob::shell::store::server::ServerStore;
use std::net::SocketAddr;

const SEEDS: u64 = 60;
const STEPS: usize = 40;

fn dice(seed: u64) -> Nonsense {
    let mut bytes = [77; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    Nonsense::new(Rng::new(bytes))
}

/// Ann and Bob, in session, do not notice anything, and the server serves.
fn assert_unmoved(world: &mut World, before: usize) {
    let sent = world.msg(ANN, BOB, "still here");
    let asked = world.ask(BOB, hobnob::proto::model::command::Verb::Who { prefix: String::new() });
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, ANN, sent), None);
    assert_eq!(refusal(world, BOB, asked), None);
    let of_bob = |(node, event): &&(Node, Event)| {
        *node == BOB && !matches!(event, Event::Message { .. } | Event::Receipt { .. })
    };
    let said: Vec<_> = world.events[before..].iter().filter(of_bob).collect();
    assert!(said.is_empty(), "bob heard of it: {said:?}");
    assert_eq!(row(world, BOB), Some((SessionState::Open, Some(Path::Direct))));
}

/// Whom Eve pesters: the server or Ann.
fn victims(world: &World) -> [SocketAddr; 2] {
    [server_at(), world.net.listener_of(ANN).expect("ann listens")]
}

#[test]
fn bytes_without_meaning_end_only_their_own_stream() {
    for seed in 0..SEEDS {
        let mut nonsense = dice(seed);
        let mut world = talking();
        let before = world.events.len();
        world.puppet(EVE);
        for to in victims(&world) {
            let line = dial(&mut world, to, None, None);
            let Line::Stream(conn) = line else { panic!("a stream") };
            for _ in 0..STEPS {
                let bytes = nonsense.bytes();
                world.net.act(world.now, (EVE, conn), StreamAction::Send(bytes));
                world.run_for(20);
            }
        }
        assert_unmoved(&mut world, before);
    }
}

/// One of Eve's links, with a byte changed somewhere on the way to the other side.
#[test]
fn a_link_changed_on_the_way_ends_only_itself() {
    for seed in 0..SEEDS {
        let mut nonsense = dice(seed);
        let mut world = talking();
        let before = world.events.len();
        world.puppet(EVE);
        let (to, purpose) = match seed % 2 {
            0 => (victims(&world)[0], Purpose::Server),
            _ => (victims(&world)[1], Purpose::Direct),
        };
        world.oracle.on_asked(EVE, ANN);
        world.net.spoil = Some((EVE, nonsense.below(400)));
        let line = dial(&mut world, to, Some(purpose), None);
        for _ in 0..4 {
            world.play(EVE, |eve| match purpose {
                Purpose::Server => eve.try_say(line, &nonsense.for_server()),
                _ => eve.try_say(line, &nonsense.for_peer()),
            });
            world.run_for(50);
        }
        assert_unmoved(&mut world, before);
    }
}

#[test]
fn messages_in_any_order_end_at_most_the_link_they_came_on() {
    for seed in 0..SEEDS {
        let mut nonsense = dice(seed);
        let mut world = talking();
        world.ask(
            BOB,
            hobnob::proto::model::command::Verb::SetVisibility(
                hobnob::proto::model::account::Visibility::Private,
            ),
        );
        world.run_for(SOON_MS);
        let before = world.events.len();
        world.puppet(EVE);
        (1..6).for_each(|node| world.oracle.on_agreed(node, EVE));
        (1..6).for_each(|node| world.oracle.on_agreed(EVE, node));
        world.oracle.on_asked(EVE, ANN);
        for (to, purpose) in victims(&world).into_iter().zip([Purpose::Server, Purpose::Direct]) {
            let line = dial(&mut world, to, Some(purpose), None);
            if seed % 3 != 0 {
                world.play(EVE, |eve| match purpose {
                    Purpose::Server => eve.try_say(line, &Nonsense::enter("eve")),
                    _ => eve.try_say(line, &Nonsense::greet("eve")),
                });
            }
            for _ in 0..STEPS {
                world.play(EVE, |eve| match purpose {
                    Purpose::Server => eve.try_say(line, &nonsense.for_server()),
                    _ => eve.try_say(line, &nonsense.for_peer()),
                });
                world.run_for(30);
            }
        }
        assert_unmoved(&mut world, before);
    }
}

#[test]
fn a_server_may_say_anything_in_any_order() {
    for seed in 0..SEEDS {
        let mut nonsense = dice(seed);
        let mut world = World::asleep(seed, 2, Accept::All);
        for other in 0..9 {
            world.oracle.on_agreed(ANN, other);
            world.oracle.on_asked(other, ANN);
        }
        eve_serves(&mut world, ANN);
        world.start(ANN);
        for step in 0..2 * STEPS {
            if step % 4 == 0 {
                let verb = nonsense.verb();
                world.ask(ANN, verb);
            }
            let lines = world.puppets[&EVE].lines();
            let people = [ANN, BOB, EVE].map(|node| world.keys[node]);
            for line in lines.into_iter().rev().take(1) {
                let said = nonsense.for_client(&people);
                world.play(EVE, |eve| eve.try_say(line, &said));
            }
            world.run_for(100);
        }
        world.run_for(30_000);
        world.oracle.check_verbs(world.now);
    }
}

/// Feeds a machine without any world around it.
fn torment<M: Machine>(
    machine: &mut M,
    nonsense: &mut Nonsense,
    steps: usize,
    mut input: impl FnMut(&mut Nonsense, &[ConnId], &mut dyn FnMut(InputOf<'_, M>)),
    mut rows: impl FnMut(&mut Nonsense, M::Query) -> Option<M::Rows>,
) {
    let mut conns: Vec<ConnId> = (0..4).map(ConnId).collect();
    let mut mono = 1;
    for _ in 0..steps {
        mono += nonsense.below(3_000);
        let now = Now { mono: Mono(mono), wall: Wall(mono as i64) };
        if machine.poll_timeout().is_some_and(|(due, _)| due <= now.mono) {
            machine.handle(now, Input::Tick);
        }
        input(nonsense, &conns, &mut |input| machine.handle(now, input));
        while let Some(output) = machine.poll_output() {
            let output: OutputOf<M> = output;
            match output {
                Output::Query(query) => {
                    if let Some(rows) = rows(nonsense, query) {
                        machine.handle(now, Input::Rows(rows));
                    }
                }
                Output::Stream(
                    conn,
                    StreamAction::Dial { .. }
                    | StreamAction::Cross { .. }
                    | StreamAction::Listen { .. },
                ) => {
                    conns.push(conn);
                }
                Output::Keep(_) | Output::Datagram { .. } | Output::Lan(_) | Output::Stream(..) => {
                }
                Output::File(..) | Output::Run(..) => {}
                Output::Show(_) => {}
            }
        }
        if let Some((due, why)) = machine.poll_timeout() {
            assert!(due > now.mono, "{why} is overdue");
        }
        let old = conns.len().saturating_sub(12);
        conns.drain(4..4 + old.min(conns.len() - 4));
    }
}

#[test]
fn a_client_takes_any_input_in_any_order() {
    for seed in 0..SEEDS {
        let mut nonsense = dice(seed);
        let world = World::asleep(seed, 2, Accept::All);
        let mut config = world.configs[ANN].clone();
        if seed % 4 == 0 {
            config.server = None;
        }
        let me = Identity::from_bytes(&world.keys[ANN]);
        let mut client = Client::restore(config, me, Restored::default(), [seed as u8; 32]);
        torment(
            &mut client,
            &mut nonsense,
            400,
            |nonsense, conns, give| match nonsense.below(10) {
                0..4 => give(Input::Command(nonsense.command())),
                4 => give(Input::Rows(nonsense.rows())),
                5 => give(Input::Tick),
                6 => give(Input::Datagram { from: server_at(), bytes: &nonsense.bytes() }),
                _ => nonsense.stream(conns, &mut |conn, event| give(Input::Stream(conn, event))),
            },
            |nonsense, _| (nonsense.below(3) > 0).then(|| nonsense.rows()),
        );
    }
}

#[test]
fn a_server_takes_any_input_in_any_order() {
    for seed in 0..SEEDS {
        let mut nonsense = dice(seed);
        let world = World::asleep(seed, 2, Accept::All);
        let me = Identity::from_bytes(&world.keys[SERVER]);
        let config = world.server_config.clone();
        let mut disk = ServerStore::open_in_memory().expect("memory is there");
        let past = disk.restore(config.pool, Bytes([1; 16])).expect("memory is there");
        let mut server = Server::restore(config, me, past, [seed as u8; 32]);
        torment(
            &mut server,
            &mut nonsense,
            400,
            |nonsense, conns, give| match nonsense.below(10) {
                0 => give(Input::Command(nonsense.operate())),
                1 => give(Input::Tick),
                2 => give(Input::Datagram { from: server_at(), bytes: &nonsense.bytes() }),
                3 => {
                    let then = nonsense.then();
                    give(Input::Rows(ServerRows { found: nobody(), then }));
                }
                _ => nonsense.stream(conns, &mut |conn, event| give(Input::Stream(conn, event))),
            },
            |_, query| {
                let found = disk.query(query.read).expect("memory is there");
                Some(ServerRows { found, then: query.then })
            },
        );
    }
}

/// The answer to a question about somebody who is not there.
fn nobody() -> Found {
    Found::Account { account: None, has_token: false, is_blocked: false }
}

#[test]
fn a_datagram_is_nobodys() {
    let mut world = talking();
    let before = world.events.len();
    let mut nonsense = dice(1);
    for _ in 0..STEPS {
        let bytes = nonsense.bytes();
        world.wake_client(ANN, vec![Input::Datagram { from: server_at(), bytes: &bytes }]);
    }
    world.run_for(SOON_MS);
    assert_unmoved(&mut world, before);
}
