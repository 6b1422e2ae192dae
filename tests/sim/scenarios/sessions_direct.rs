//! Rows of the session table without a server: one knocks at an address, the other is knocked at.

use super::super::puppet::Manners;
use super::*;
use hobnob::proto::limits::{ASK_MS, HANDSHAKE_MS, STRANGERS};
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::SessionState::{Asked, Closed, Declined, Failed, Offered, Open};
use hobnob::proto::model::person::Target;
use hobnob::proto::wire::peer::{Bye, Settle, Text};

/// Ann and Bob, without any server.
fn serverless(accept: Accept) -> World {
    let mut world = World::asleep(7, 2, accept);
    for node in [ANN, BOB] {
        world.configs[node].server = None;
        world.start(node);
        if accept == Accept::All {
            (1..3).for_each(|other| world.oracle.on_agreed(node, other));
            world.oracle.on_agreed(node, EVE);
        }
    }
    world.run_for(SOON_MS);
    world
}

fn at(world: &World, node: Node) -> Target {
    Target::Endpoint(world.net.listener_of(node).expect("it listens"))
}

/// `chat HOST:PORT`.
fn knock(world: &mut World, node: Node, whom: Node) -> u64 {
    let whom = at(world, whom);
    let asked = world.ask(node, Verb::Chat(whom));
    world.run_for(SOON_MS);
    asked
}

/// Whoever knocks there is told apart by nothing but its key.
fn yes(node: Node, world: &mut World) -> u64 {
    world.oracle.on_agreed(node, 3 - node);
    let accepted = world.ask(node, Verb::Accept(None));
    world.run_for(SOON_MS);
    accepted
}

/// Eve knocks at Ann's.
fn eve_knocks(world: &mut World) -> Line {
    world.puppet(EVE);
    world.oracle.on_asked(EVE, ANN);
    let to = world.net.listener_of(ANN).expect("ann listens");
    let line = dial(world, to, Some(Purpose::Direct), None);
    say(world, line, ToPeer::from(Greet { name: Name::parse("eve").ok() }));
    line
}

/// Ann knocks at Eve's.
fn ann_knocks_at_eve(world: &mut World) -> (u64, Line) {
    world.puppet(EVE);
    let to = SocketAddr::new(address_of(EVE), SERVER_PORT);
    let asked = world.ask(ANN, Verb::Chat(Target::Endpoint(to)));
    world.run_for(SOON_MS);
    (asked, client_line(world))
}

fn is_closed(world: &World, line: Line) -> bool {
    let closed = |(l, heard): &(Line, Heard)| *l == line && matches!(heard, Heard::Closed(_));
    world.puppets[&EVE].heard.iter().any(closed)
}

#[test]
fn without_a_server_to_be_ready_is_to_listen() {
    let world = serverless(Accept::Friends);
    let ready = |(node, event): &(Node, Event)| match event {
        Event::Ready { listen, server: None, .. } if *node == ANN => Some(listen.len()),
        _ => None,
    };
    assert_eq!(world.events.iter().filter_map(ready).collect::<Vec<_>>(), [1]);
}

#[test]
fn who_is_knocked_at_is_asked_and_may_say_yes() {
    let mut world = serverless(Accept::Friends);
    let asked = knock(&mut world, ANN, BOB);
    assert_eq!(states(&world, ANN, BOB), [Asked]);
    assert_eq!(states(&world, BOB, ANN), [Offered]);
    assert_eq!(row(&mut world, ANN), Some((Asked, None)));
    assert_eq!(row(&mut world, BOB), Some((Offered, None)));
    let accepted = yes(BOB, &mut world);
    assert_eq!(states(&world, ANN, BOB), [Asked, Open]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Open]);
    assert_eq!((refusal(&world, ANN, asked), refusal(&world, BOB, accepted)), (None, None));
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
}

#[test]
fn a_knock_may_be_answered_after_a_while_and_the_session_lasts() {
    let mut world = serverless(Accept::Friends);
    knock(&mut world, ANN, BOB);
    world.run_for(2 * HANDSHAKE_MS);
    yes(BOB, &mut world);
    world.run_for(100 * HANDSHAKE_MS);
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
    assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
}

#[test]
fn a_session_by_a_knock_lasts_though_nobody_speaks() {
    let mut world = serverless(Accept::All);
    knock(&mut world, ANN, BOB);
    world.run_for(100 * HANDSHAKE_MS);
    assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
}

#[test]
fn who_accepts_everybody_opens_to_a_knock() {
    let mut world = serverless(Accept::All);
    let asked = knock(&mut world, ANN, BOB);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(states(&world, ANN, BOB), [Asked, Open]);
    assert_eq!(last_word(&world, BOB, ANN).0, Open);
}

#[test]
fn a_no_to_a_knock_is_told() {
    let mut world = serverless(Accept::Friends);
    let asked = knock(&mut world, ANN, BOB);
    world.ask(BOB, Verb::Decline(None));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Declined]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Declined]);
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::Declined(_))));
}

#[test]
fn a_knock_that_is_taken_back_is_gone_on_both_sides() {
    let mut world = serverless(Accept::Friends);
    knock(&mut world, ANN, BOB);
    world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Closed]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Closed]);
}

#[test]
fn a_knock_that_is_closed_by_the_other_is_a_no() {
    let mut world = serverless(Accept::Friends);
    let asked = knock(&mut world, ANN, BOB);
    world.ask(BOB, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Declined]);
    assert!(refusal(&world, ANN, asked).is_some());
}

#[test]
fn a_knock_at_nobodys_door_fails() {
    let mut world = serverless(Accept::Friends);
    let nobody = SocketAddr::new(address_of(4), 1);
    let asked = world.ask(ANN, Verb::Chat(Target::Endpoint(nobody)));
    world.run_for(SOON_MS);
    let why = Refusal::NoPath(nobody.to_string(), "connection refused".into());
    assert_eq!(refusal(&world, ANN, asked), Some(why));
    assert_eq!(states(&world, ANN, 4), [Asked, Failed]);
}

#[test]
fn a_knock_at_a_silent_door_fails_in_time() {
    let mut world = serverless(Accept::Friends);
    let silent = SocketAddr::new(address_of(4), 1);
    world.net.silent.insert(silent);
    let asked = world.ask(ANN, Verb::Chat(Target::Endpoint(silent)));
    world.run_for(HANDSHAKE_MS);
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::NoPath(..))));
    assert_eq!(states(&world, ANN, 4), [Asked, Failed]);
}

#[test]
fn a_knock_at_ones_own_door_is_refused() {
    let mut world = serverless(Accept::Friends);
    let asked = knock(&mut world, ANN, ANN);
    world.run_for(HANDSHAKE_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Myself));
    assert_eq!(row(&mut world, ANN), None);
}

#[test]
fn a_knock_that_nobody_answers_fails_in_the_end_on_both_sides() {
    let mut world = serverless(Accept::Friends);
    knock(&mut world, ANN, BOB);
    world.run_for(ASK_MS / 2);
    assert_eq!(states(&world, ANN, BOB), [Asked], "there is time to answer");
    assert_eq!(states(&world, BOB, ANN), [Offered], "there is time to answer");
    world.run_for(ASK_MS);
    assert!([Failed, Closed, Declined].contains(&last_word(&world, ANN, BOB).0));
    assert!([Failed, Closed].contains(&last_word(&world, BOB, ANN).0));
    assert_eq!((row(&mut world, ANN), row(&mut world, BOB)), (None, None));
}

#[test]
fn who_dies_while_knocking_is_gone() {
    let mut world = serverless(Accept::Friends);
    knock(&mut world, ANN, BOB);
    world.kill(ANN);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN), [Offered, Closed]);
}

#[test]
fn who_dies_while_being_knocked_at_fails_the_knock() {
    let mut world = serverless(Accept::Friends);
    let asked = knock(&mut world, ANN, BOB);
    world.kill(BOB);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Failed]);
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::NoPath(..))));
}

#[test]
fn a_knock_is_open_when_the_other_settles_and_over_when_it_says_bye() {
    let mut world = serverless(Accept::Friends);
    let (asked, line) = ann_knocks_at_eve(&mut world);
    assert_eq!(states(&world, ANN, EVE), [Asked]);
    world.oracle.on_agreed(EVE, ANN);
    say(&mut world, line, ToPeer::from(Settle {}));
    assert_eq!(states(&world, ANN, EVE), [Asked, Open]);
    assert_eq!(refusal(&world, ANN, asked), None);
    say(&mut world, line, ToPeer::from(Bye {}));
    assert_eq!(states(&world, ANN, EVE), [Asked, Open, Closed]);
}

#[test]
fn a_door_that_refuses_links_fails_the_knock() {
    let mut world = serverless(Accept::Friends);
    world.puppet(EVE).manners = Manners::Refuses;
    let to = SocketAddr::new(address_of(EVE), SERVER_PORT);
    let asked = world.ask(ANN, Verb::Chat(Target::Endpoint(to)));
    world.run_for(SOON_MS);
    let why = Refusal::NoPath(to.to_string(), "the other side refused the link".into());
    assert_eq!(refusal(&world, ANN, asked), Some(why));
}

#[test]
fn one_who_was_knocked_at_hears_a_bye_as_the_end() {
    let mut world = serverless(Accept::Friends);
    let line = eve_knocks(&mut world);
    assert_eq!(states(&world, ANN, EVE), [Offered]);
    say(&mut world, line, ToPeer::from(Bye {}));
    assert_eq!(states(&world, ANN, EVE), [Offered, Closed]);
    assert!(is_closed(&world, line));
}

#[test]
fn what_is_said_before_a_yes_is_not_taken() {
    let mut world = serverless(Accept::Friends);
    let line = eve_knocks(&mut world);
    let (id, sent) = (hobnob::proto::id::MsgId(Bytes([9; 16])), Wall(1));
    say(&mut world, line, ToPeer::from(Text { id, sent, text: "let me in".into() }));
    say(&mut world, line, ToPeer::from(Settle {}));
    assert_eq!(states(&world, ANN, EVE), [Offered]);
    assert_eq!(world.log(ANN), []);
}

#[test]
fn a_second_knock_of_the_same_person_takes_the_place_of_the_first() {
    let mut world = serverless(Accept::Friends);
    let first = eve_knocks(&mut world);
    eve_knocks(&mut world);
    assert_eq!(states(&world, ANN, EVE), [Offered, Closed, Offered]);
    assert!(is_closed(&world, first));
}

#[test]
fn both_who_knock_at_once_end_with_one_session_at_most_and_can_try_again() {
    let mut world = serverless(Accept::All);
    let (ann, bob) = (at(&world, ANN), at(&world, BOB));
    world.ask(ANN, Verb::Chat(bob));
    world.ask(BOB, Verb::Chat(ann));
    world.run_for(30 * SOON_MS);
    assert_eq!(row(&mut world, ANN), row(&mut world, BOB));
    knock(&mut world, ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(row(&mut world, ANN).map(|(state, _)| state), Some(Open));
    assert_eq!(row(&mut world, BOB).map(|(state, _)| state), Some(Open));
}

#[test]
fn a_name_that_is_somebody_elses_here_is_not_taken_over() {
    let mut world = serverless(Accept::All);
    knock(&mut world, BOB, ANN);
    let to = world.net.listener_of(ANN).expect("ann listens");
    world.puppet(EVE);
    world.oracle.on_asked(EVE, ANN);
    let line = dial(&mut world, to, Some(Purpose::Direct), None);
    say(&mut world, line, ToPeer::from(Greet { name: Name::parse("bob").ok() }));
    let label = key(&world, EVE).to_string();
    let as_key = |(node, event): &(Node, Event)| {
        matches!(event,
        Event::Session { with, state: Open, .. } if *node == ANN && *with == label)
    };
    assert!(world.events.iter().any(as_key), "eve is called by her key");
    assert_eq!(world.sessions(ANN).len(), 2);
}

#[test]
fn strangers_who_say_nothing_are_closed_in_time_and_do_not_crowd_others_out_for_ever() {
    let mut world = serverless(Accept::All);
    world.puppet(EVE);
    let to = world.net.listener_of(ANN).expect("ann listens");
    for _ in 0..STRANGERS + 5 {
        let conn = world.play(EVE, |eve| eve.line(None, None));
        world.net.act(world.now, (EVE, conn), StreamAction::Dial { to, from: None });
    }
    world.run_for(SOON_MS);
    let closed = |world: &World| {
        heard(world).iter().filter(|heard| matches!(heard, Heard::Closed(_))).count()
    };
    assert_eq!(closed(&world), 5);
    world.run_for(HANDSHAKE_MS);
    assert_eq!(closed(&world), STRANGERS + 5);
    let asked = knock(&mut world, BOB, ANN);
    assert_eq!(refusal(&world, BOB, asked), None);
}

#[test]
fn one_who_links_but_never_greets_is_closed_in_time() {
    let mut world = serverless(Accept::Friends);
    world.puppet(EVE);
    let to = world.net.listener_of(ANN).expect("ann listens");
    let line = dial(&mut world, to, Some(Purpose::Direct), None);
    world.run_for(HANDSHAKE_MS);
    assert!(is_closed(&world, line));
    assert_eq!(row(&mut world, ANN), None);
}
