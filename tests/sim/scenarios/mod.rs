//! One sentence each: what happens in a world where one thing happens.

mod backups;
mod datagrams;
mod directory;
mod doubt;
mod files;
mod friends;
mod groups;
mod lan;
mod lan_together;
mod mail;
mod malice;
mod moving;
mod nats;
mod outbox;
mod outer;
mod port_mapping;
mod posts;
mod privacy;
mod runs;
mod sessions;
mod sessions_asked;
mod sessions_direct;
mod together;
mod uplink;
mod voice;
mod why;

use super::net::{Node, address_of};
use super::puppet::{Heard, Line};
use super::world::{SERVER_PORT, World, name_of, server_at, target};
use hobnob::proto::bytes::Bytes;
use hobnob::proto::client::{Accept, Remote};
use hobnob::proto::id::{MsgId, SessionId};
use hobnob::proto::link::Purpose;
use hobnob::proto::machine::StreamAction;
use hobnob::proto::model::account::Visibility;
use hobnob::proto::model::bond::{Bond, Friendship};
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::{Event, FriendState, Path, SessionState, Stage};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::notice::Row;
use hobnob::proto::model::person::Fingerprint;
use hobnob::proto::model::refusal::Refusal;
use hobnob::proto::time::Wall;
use hobnob::proto::wire::client::{Answer, Ask, Enter, ToServer};
use hobnob::proto::wire::peer::{Greet, ToPeer};
use hobnob::proto::wire::server::{Card, Ended, ToClient, Welcome, WhyEnded};
use std::net::{Ipv4Addr, SocketAddr};

pub const ANN: Node = 1;
pub const BOB: Node = 2;
/// The puppet, where a scenario has one.
pub const EVE: Node = 5;

/// Long enough for anything that does not wait for a deadline.
pub const SOON_MS: u64 = 900;

/// Ann and Bob, signed in, who are asked before somebody is connected.
fn pair() -> World {
    let mut world = World::peaceful(7, 2, Accept::Friends);
    world.run_for(SOON_MS);
    world
}

/// The same with a session between them.
pub fn talking() -> World {
    let mut world = pair();
    open(&mut world);
    world
}

/// The same, over the relay.
fn relayed() -> World {
    let mut world = pair();
    world.wall_off(ANN);
    world.wall_off(BOB);
    open(&mut world);
    assert_eq!(world.sessions(ANN)[0].path, Some(Path::Relay));
    world
}

fn open(world: &mut World) {
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, accept(ANN));
    world.run_for(3 * SOON_MS);
    assert_eq!(states(world, ANN, BOB).last(), Some(&SessionState::Open));
    assert_eq!(states(world, BOB, ANN).last(), Some(&SessionState::Open));
}

/// What somebody was told of sessions with somebody, in order.
fn states(world: &World, node: Node, with: Node) -> Vec<SessionState> {
    told(world, node, with).into_iter().map(|(state, _)| state).collect()
}

/// The last word on a session, and the reason with it.
fn last_word(world: &World, node: Node, with: Node) -> (SessionState, String) {
    told(world, node, with).pop().expect("something was said")
}

fn told(world: &World, node: Node, with: Node) -> Vec<(SessionState, String)> {
    let names = &world.oracle.names;
    let said = |(reader, event): &(Node, Event)| match event {
        Event::Session { with: label, state, why, .. } => (*reader == node
            && names.node_of(label) == with)
            .then(|| (*state, why.clone().unwrap_or_default())),
        _ => None,
    };
    world.events.iter().filter_map(said).collect()
}

/// State and path of the one session that somebody has, as `sessions` lists it.
pub fn row(world: &mut World, node: Node) -> Option<(SessionState, Option<Path>)> {
    let rows = world.sessions(node);
    assert!(rows.len() <= 1, "one session at most: {rows:?}");
    rows.first().map(|row| (row.state, row.path))
}

fn accept(who: Node) -> Verb {
    Verb::Accept(Some(target(who)))
}

pub fn refusal(world: &World, node: Node, ticket: u64) -> Option<Refusal> {
    world.result(node, ticket).expect("the verb ended").clone().err()
}

/// Ids of the messages that a verb was told are taken.
fn ids(world: &World, node: Node, asked: u64) -> Vec<MsgId> {
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Queued { id, .. } if (*who, *ticket) == (node, asked) => Some(*id),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

/// The states that a message's sender was told of, in order.
fn receipts(world: &World, node: Node, wanted: MsgId) -> Vec<Stage> {
    let of = |(who, event): &(Node, Event)| match event {
        Event::Receipt { id, state, .. } if (*who, *id) == (node, wanted) => Some(*state),
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

fn texts(world: &mut World, node: Node) -> Vec<String> {
    world.log(node).into_iter().map(|(_, _, text)| text).collect()
}

/// Ann and Bob, friends, in no session.
fn friends() -> World {
    let mut world = pair();
    befriend(&mut world, ANN, BOB);
    world
}

/// One asks, the other says yes; what came of that in sessions without anybody's doing is over.
fn befriend(world: &mut World, one: Node, other: Node) {
    world.ask(one, Verb::Add(target(other), String::new()));
    world.run_for(SOON_MS);
    world.ask(other, Verb::Confirm(target(one)));
    world.run_for(SOON_MS);
    for (node, with) in [(one, other), (other, one)] {
        assert_eq!(bond(world, node, with).friendship, Friendship::Friends);
        world.ask(node, Verb::Close(None));
    }
    world.run_for(SOON_MS);
}

fn bond(world: &mut World, node: Node, with: Node) -> Bond {
    world.bond(node, with)
}

/// What somebody was told of a friendship, in order.
fn friend_states(world: &World, node: Node, with: Node) -> Vec<FriendState> {
    let said = |(reader, event): &(Node, Event)| match event {
        Event::Friend { name, state } if *reader == node && *name == name_of(with) => Some(*state),
        _ => None,
    };
    world.events.iter().filter_map(said).collect()
}

/// The words of the requests that somebody was shown.
fn requests(world: &World, node: Node) -> Vec<String> {
    let said = |(reader, event): &(Node, Event)| match event {
        Event::Request { text, .. } if *reader == node => Some(text.clone()),
        _ => None,
    };
    world.events.iter().filter_map(said).collect()
}

fn key(world: &World, node: Node) -> Fingerprint {
    hobnob::proto::crypto::keys::Identity::from_bytes(&world.keys[node]).fingerprint()
}

fn session(byte: u8) -> SessionId {
    SessionId(Bytes([byte; 16]))
}

/// A puppet dials.
pub fn dial(
    world: &mut World,
    to: SocketAddr,
    purpose: Option<Purpose>,
    expected: Option<Fingerprint>,
) -> Line {
    let conn = world.play(EVE, |eve| eve.line(purpose, expected));
    world.net.act(world.now, (EVE, conn), StreamAction::Dial { to, from: None });
    world.run_for(SOON_MS);
    Line::Stream(conn)
}

/// Eve, a puppet, signs in at the server.
fn eve_signs_in(world: &mut World) -> Line {
    world.puppet(EVE);
    let line = dial(world, server_at(), Some(Purpose::Server), None);
    let name = Name::parse(&name_of(EVE)).ok();
    say(world, line, ToServer::from(Enter { name, visibility: None }));
    let is_welcome = |heard: &Heard| matches!(heard, Heard::Server(ToClient::Welcome(_)));
    assert!(heard(world).iter().any(is_welcome), "eve is signed in");
    line
}

/// Eve asks somebody for a session.
fn eve_asks(world: &mut World, line: Line, id: SessionId, whom: Node) {
    world.oracle.on_agreed(EVE, whom);
    world.oracle.on_asked(EVE, whom);
    let to = key(world, whom);
    let candidates = vec![SocketAddr::new(address_of(EVE), SERVER_PORT)];
    say(
        world,
        line,
        ToServer::from(Ask { session: id, to, candidates, token: None, is_quiet: false }),
    );
}

/// Eve says yes to somebody who asked.
fn eve_answers(world: &mut World, line: Line, id: SessionId, candidates: Vec<SocketAddr>) {
    say(world, line, ToServer::from(Answer { session: id, candidates }));
}

/// Eve dials somebody for a session and greets.
fn eve_links(world: &mut World, id: SessionId, whom: Node) -> Line {
    let to = world.net.listener_of(whom).expect("it listens");
    let expected = key(world, whom);
    let line = dial(world, to, Some(Purpose::Peer(id)), Some(expected));
    say(world, line, ToPeer::from(Greet { name: None }));
    line
}

fn say<M: hobnob::proto::wire::Wire>(world: &mut World, line: Line, message: M) {
    world.play(EVE, |eve| eve.say(line, &message));
    world.run_for(SOON_MS);
}

fn heard(world: &World) -> Vec<Heard> {
    world.puppets[&EVE].heard.iter().map(|(_, heard)| heard.clone()).collect()
}

/// The session that Eve was last offered.
fn offered(world: &World) -> SessionId {
    let offer = |heard: Heard| match heard {
        Heard::Server(ToClient::Offer(offer)) => Some(offer.session),
        _ => None,
    };
    heard(world).into_iter().filter_map(offer).next_back().expect("an offer")
}

/// What a puppet server says to each client that links.
pub fn eve_serves(world: &mut World, node: Node) {
    world.puppet(EVE);
    let at = SocketAddr::new(address_of(EVE), SERVER_PORT);
    world.configs[node].server.as_mut().expect("a server").at = vec![Remote::Address(at)];
}

/// The stream on which somebody last linked to Eve.
fn client_line(world: &World) -> Line {
    let linked = |(line, heard): &(Line, Heard)| (*heard == Heard::Linked).then_some(*line);
    world.puppets[&EVE].heard.iter().filter_map(linked).next_back().expect("somebody linked")
}

/// Eve, a server, lets in whoever has linked.
fn eve_welcomes(world: &mut World, node: Node) -> Line {
    let line = client_line(world);
    let welcome = Welcome {
        keys_left: 100,
        weekly: None,
        epoch: hobnob::proto::bytes::Bytes([1; 16]),
        hold_days: 30,
        name: Name::parse(&name_of(node)).expect("a name"),
        address: Ipv4Addr::new(100, 64, 0, node as u8),
        outer: SocketAddr::new(address_of(node), 5_000),
        visibility: Visibility::Public,
    };
    say(world, line, ToClient::from(welcome));
    line
}

/// How Eve, a server, knows somebody.
fn card(world: &World, node: Node, online: bool) -> Card {
    Card {
        name: Name::parse(&name_of(node)).expect("a name"),
        address: Ipv4Addr::new(100, 64, 0, node as u8),
        identity: *hobnob::proto::crypto::keys::Identity::from_bytes(&world.keys[node]).public(),
        online,
        seen: Wall(1),
    }
}

/// Why Eve was told that a session is over.
fn ended(world: &World, id: SessionId) -> Option<WhyEnded> {
    heard(world).into_iter().find_map(|heard| match heard {
        Heard::Server(ToClient::Ended(Ended { session, why })) if session == id => Some(why),
        _ => None,
    })
}
