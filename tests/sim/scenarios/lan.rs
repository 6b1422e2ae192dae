//! Without any server: people on one local network.

use super::super::lan::{Lan, mouth_at};
use super::*;
use hobnob::proto::crypto::beacon;
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::limits::{self, ROUND_MS};
use hobnob::proto::machine::Input;
use hobnob::proto::model::event::SessionState::{Asked, Closed, Offered, Open};
use hobnob::proto::model::notice::PersonRow;
use hobnob::proto::model::person::Target;
use hobnob::proto::wire::lan::{self, Beacon};

pub const CYD: Node = 3;

/// So many people on one network, who have heard of each other.
pub fn neighbours(people: usize, accept: Accept) -> World {
    let mut world = World::asleep(7, people, accept);
    world.lan.is_there = true;
    for node in 1..=people {
        world.configs[node].server = None;
        world.start(node);
        if accept == Accept::All {
            (1..=people).for_each(|other| world.oracle.on_agreed(node, other));
        }
    }
    world.run_for(2 * SOON_MS);
    world
}

pub fn who(world: &mut World, node: Node) -> Vec<String> {
    let asked = world.ask(node, Verb::Who { prefix: String::new() });
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, node, asked), None);
    people(world, node, asked).into_iter().map(|row| row.name).collect()
}

fn people(world: &World, node: Node, asked: u64) -> Vec<PersonRow> {
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Person(row) if (*who, *ticket) == (node, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

pub fn ask(world: &mut World, node: Node, verb: Verb) -> Option<Refusal> {
    let asked = world.ask(node, verb);
    world.run_for(2 * SOON_MS);
    refusal(world, node, asked)
}

pub fn msg(world: &mut World, node: Node, to: Node, text: &str) -> Option<Refusal> {
    let asked = world.msg_until(node, to, text, Stage::Delivered);
    world.run_for(2 * SOON_MS);
    refusal(world, node, asked)
}

fn set(visibility: Visibility) -> Verb {
    Verb::SetVisibility(visibility)
}

/// What somebody with these keys would say.
fn beacon_of(seed: u8, name: &str, sent: i64) -> (Identity, Beacon) {
    let me = Identity::generate(&mut Rng::new([seed; 32]));
    let said = Beacon {
        kind: Beacon::HELLO,
        identity: *me.public(),
        name: Name::parse(name).ok(),
        port: SERVER_PORT,
        sent: Wall(sent),
        groups: Vec::new(),
    };
    (me, said)
}

fn signed(me: &Identity, said: &Beacon) -> Vec<u8> {
    let bytes = said.to_bytes();
    lan::encode(&bytes, &beacon::sign(me, &bytes))
}

fn presence(world: &World, node: Node, of: Node) -> Vec<bool> {
    let said = |(reader, event): &(Node, Event)| match event {
        Event::Presence { name, online, .. } if *reader == node && *name == name_of(of) => {
            Some(*online)
        }
        _ => None,
    };
    world.events.iter().filter_map(said).collect()
}

#[test]
fn neighbours_find_each_other_without_a_server() {
    let mut world = neighbours(3, Accept::Friends);
    assert_eq!(who(&mut world, ANN), ["bob", "cyd"]);
    assert_eq!(who(&mut world, CYD), ["ann", "bob"]);
    let asked = world.ask(ANN, Verb::Lookup(target(BOB)));
    world.run_for(SOON_MS);
    let rows = people(&world, ANN, asked);
    assert_eq!((rows.len(), rows[0].fingerprint, rows[0].online), (1, key(&world, BOB), true));
    assert_eq!(ask(&mut world, ANN, Verb::Lookup(target(4))), Some(Refusal::Unknown("dan".into())));
}

#[test]
fn who_is_asked_to_talk_by_a_neighbour_may_say_yes() {
    let mut world = neighbours(2, Accept::Friends);
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN), [Offered]);
    world.ask(BOB, accept(ANN));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(states(&world, ANN, BOB), [Asked, Open]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Open]);
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
    assert_eq!(msg(&mut world, ANN, BOB, "hi"), None);
    assert_eq!(texts(&mut world, BOB).len(), 1);
}

#[test]
fn a_message_comes_to_a_neighbour_who_is_no_friend_and_in_no_session() {
    let mut world = neighbours(2, Accept::None);
    assert_eq!(msg(&mut world, ANN, BOB, "hi"), None);
    assert_eq!(msg(&mut world, BOB, ANN, "hello"), None);
    assert_eq!((texts(&mut world, BOB).len(), texts(&mut world, ANN).len()), (1, 1));
    assert_eq!((states(&world, ANN, BOB), states(&world, BOB, ANN)), (vec![], vec![]));
    world.run_for(3 * limits::LETTERS_LINK_MS);
    assert_eq!((row(&mut world, ANN), row(&mut world, BOB)), (None, None), "nobody talks");
}

#[test]
fn who_is_private_sends_not_one_datagram_and_is_not_found() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.lan.is_there = true;
    for node in [ANN, BOB] {
        world.configs[node].server = None;
    }
    world.start(BOB);
    ask(&mut world, BOB, set(Visibility::Private));
    let before = world.lan.count_of(BOB);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(who(&mut world, ANN), [""; 0]);
    assert_eq!(who(&mut world, BOB), ["ann"], "who is private listens");
    ask(&mut world, BOB, Verb::Update);
    world.kill(BOB);
    world.start(BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, Verb::Leave);
    world.run_for(SOON_MS);
    assert_eq!(world.lan.count_of(BOB), before);
}

#[test]
fn who_becomes_private_or_leaves_is_gone_at_once_and_who_comes_back_is_there() {
    let mut world = neighbours(3, Accept::Friends);
    ask(&mut world, BOB, set(Visibility::Private));
    ask(&mut world, CYD, Verb::Offline);
    assert_eq!(who(&mut world, ANN), [""; 0]);
    ask(&mut world, BOB, set(Visibility::Public));
    assert_eq!(ask(&mut world, CYD, Verb::Online), None);
    assert_eq!(who(&mut world, ANN), ["bob", "cyd"]);
    world.ask(BOB, Verb::Leave);
    world.run_for(SOON_MS);
    assert_eq!(who(&mut world, ANN), ["cyd"]);
}

#[test]
fn nothing_is_said_while_nothing_happens() {
    let mut world = neighbours(3, Accept::Friends);
    let said = world.lan.said.len();
    world.run_for(24 * 3_600_000);
    assert_eq!(world.lan.said.len(), said);
    assert!((1..=3).all(|node| world.clients[node - 1].due().is_none()), "nobody waits");
}

#[test]
fn who_dies_is_gone_from_the_list_and_found_at_another_port_when_back() {
    let mut world = neighbours(2, Accept::Friends);
    world.kill(BOB);
    assert_eq!(who(&mut world, ANN), [""; 0], "bob has not answered");
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(who(&mut world, ANN), ["bob"]);
    assert_eq!(msg(&mut world, ANN, BOB, "again"), None);
}

#[test]
fn what_waits_for_a_friend_who_is_away_comes_when_they_are_near() {
    let mut world = neighbours(2, Accept::Friends);
    befriend(&mut world, ANN, BOB);
    world.kill(BOB);
    let asked = world.msg_until(ANN, BOB, "for later", Stage::Queued);
    world.run_for(100 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    world.start(BOB);
    world.run_for(2 * SOON_MS);
    assert_eq!(texts(&mut world, BOB).len(), 1);
    assert_eq!(presence(&world, ANN, BOB).last(), Some(&true));
}

#[test]
fn two_who_write_to_each_other_at_once_have_one_session() {
    for accept in [Accept::Friends, Accept::None] {
        let mut world = neighbours(2, accept);
        let both = [(ANN, BOB), (BOB, ANN)];
        let asked = both
            .map(|(one, other)| (one, world.msg_until(one, other, "at once", Stage::Delivered)));
        world.run_for(3 * SOON_MS);
        for (node, asked) in asked {
            assert_eq!(refusal(&world, node, asked), None);
        }
        let chats = both.map(|(one, other)| (one, world.chat(one, other)));
        world.run_for(3 * SOON_MS);
        for (node, asked) in chats {
            assert_eq!(refusal(&world, node, asked), None);
            assert_eq!(row(&mut world, node), Some((Open, Some(Path::Direct))));
        }
    }
}

#[test]
fn the_network_may_lose_datagrams_and_bring_them_twice() {
    let mut world = neighbours(4, Accept::Friends);
    world.lan.breaks = 4;
    let mut found = 0;
    for _ in 0..20 {
        found += who(&mut world, ANN).len();
    }
    assert!(found > 45, "{found} of 60 found, where one datagram in four is lost");
    world.lan.breaks = 0;
    assert_eq!(who(&mut world, ANN).len(), 3);
}

#[test]
fn a_beacon_that_is_forged_changed_or_garbage_is_passed_over() {
    let mut world = neighbours(1, Accept::Friends);
    let from = mouth_at(address_of(EVE));
    let (eve, said) = beacon_of(9, "eve", 1);
    let mallory = Identity::generate(&mut Rng::new([8; 32]));
    let mut datagrams = vec![signed(&mallory, &said), b"L\x01".to_vec(), Vec::new()];
    let whole = signed(&eve, &said);
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        datagrams.push(changed);
    }
    for datagram in &datagrams {
        world.lan.say(world.now, from, datagram);
        world.run_for(20);
    }
    assert_eq!(who(&mut world, ANN), [""; 0]);
    let asked = world.ask(ANN, Verb::Lookup(Target::Key(eve.fingerprint())));
    world.lan.say(world.now, from, &whole);
    world.run_for(20);
    assert_eq!(people(&world, ANN, asked).len(), 1);
}

#[test]
fn what_somebody_else_says_again_leads_nowhere() {
    let mut world = neighbours(2, Accept::Friends);
    let of_bob = |world: &World| {
        let said = world.lan.said.iter().find(|said| said.by == BOB && said.to.is_none());
        said.expect("bob has spoken").bytes.clone()
    };
    let old = of_bob(&world);
    world.puppet(EVE);
    world.lan.say(world.now, mouth_at(address_of(EVE)), &old);
    world.run_for(SOON_MS);
    assert_eq!(msg(&mut world, ANN, BOB, "hi"), None, "bob has spoken since");
    world.kill(BOB);
    who(&mut world, ANN);
    world.lan.say(world.now, mouth_at(address_of(EVE)), &old);
    world.run_for(20);
    let asked = world.msg_until(ANN, BOB, "secret", Stage::Delivered);
    world.run_for(SOON_MS);
    assert_eq!(world.result(ANN, asked), None, "it waits");
    assert!(!world.events.iter().any(|(_, event)| matches!(event, Event::Identity { .. })));
}

#[test]
fn a_flood_of_strangers_crowds_out_no_friend() {
    let mut world = neighbours(2, Accept::Friends);
    befriend(&mut world, ANN, BOB);
    for seed in 0..250 {
        let (me, said) = beacon_of(seed, &format!("x{seed}"), 1);
        world.lan.say(world.now, mouth_at(address_of(EVE)), &signed(&me, &said));
        for sent in 2..4 {
            let said = Beacon { sent: Wall(sent), ..said.clone() };
            world.lan.say(world.now, mouth_at(address_of(EVE)), &signed(&me, &said));
        }
        world.run_for(20);
    }
    assert!(who(&mut world, ANN).contains(&"bob".to_owned()));
}

#[test]
fn of_two_of_one_name_the_one_is_meant_who_is_known() {
    let mut world = neighbours(2, Accept::Friends);
    let (eve, said) = beacon_of(9, "bob", 1);
    let datagram = signed(&eve, &said);
    let say = |world: &mut World| {
        world.lan.say(world.now, mouth_at(address_of(EVE)), &datagram);
        world.run_for(20);
    };
    say(&mut world);
    let asked = world.chat(ANN, BOB);
    say(&mut world);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Ambiguous("person near")));
    let known = Verb::Msg {
        to: vec![Target::Key(key(&world, BOB))],
        text: format!("{} to bob", super::super::world::CANARY),
        until: Stage::Delivered,
    };
    assert_eq!(ask(&mut world, ANN, known), None);
    say(&mut world);
    assert_eq!(msg(&mut world, ANN, BOB, "by name"), None);
    assert_eq!(texts(&mut world, BOB).len(), 2);
}

#[test]
fn a_known_name_with_another_key_is_said_aloud_and_trusted_on_the_users_word() {
    let mut world = neighbours(2, Accept::Friends);
    assert_eq!(msg(&mut world, ANN, BOB, "hi"), None);
    world.kill(BOB);
    who(&mut world, ANN);
    let (eve, said) = beacon_of(9, "bob", 1);
    let datagram = signed(&eve, &said);
    let asked = world.chat(ANN, BOB);
    world.lan.say(world.now, mouth_at(address_of(EVE)), &datagram);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::IdentityChanged("bob".into())));
    let new = eve.fingerprint();
    let is_it = |(node, event): &(Node, Event)| {
        *node == ANN && matches!(event, Event::Identity { new: found, .. } if *found == new)
    };
    assert_eq!(world.events.iter().filter(|event| is_it(event)).count(), 1);
}

#[test]
fn who_is_blocked_is_not_listed_and_not_let_in() {
    let mut world = neighbours(2, Accept::All);
    ask(&mut world, ANN, Verb::Block(target(BOB)));
    assert_eq!(who(&mut world, ANN), [""; 0]);
    let asked = world.msg_until(BOB, ANN, "please", Stage::Delivered);
    let chat = world.chat(BOB, ANN);
    world.run_for(20 * SOON_MS);
    assert!(refusal(&world, BOB, chat).is_some());
    assert!(matches!(world.result(BOB, asked), None | Some(Err(_))));
    assert_eq!((texts(&mut world, ANN).len(), states(&world, ANN, BOB)), (0, vec![]));
    ask(&mut world, ANN, Verb::Unblock(target(BOB)));
    assert_eq!(who(&mut world, ANN), ["bob"]);
}

#[test]
fn strangers_get_nothing_to_who_is_private_and_friends_do() {
    let mut world = neighbours(3, Accept::Friends);
    befriend(&mut world, ANN, BOB);
    assert_eq!(msg(&mut world, CYD, ANN, "hello"), None);
    world.run_for(2 * limits::LETTERS_LINK_MS);
    // Both know where she is, for her goodbye is lost.
    world.lan.is_there = false;
    ask(&mut world, ANN, set(Visibility::Private));
    world.lan.is_there = true;
    let stranger = world.msg_until(CYD, ANN, "hello?", Stage::Delivered);
    let friend = world.msg_until(BOB, ANN, "hello", Stage::Delivered);
    world.run_for(ROUND_MS + SOON_MS);
    assert_eq!(world.result(CYD, stranger), None, "not let in");
    assert_eq!(refusal(&world, BOB, friend), None);
}

#[test]
fn where_a_session_ends_the_neighbour_is_told() {
    let mut world = neighbours(2, Accept::All);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    ask(&mut world, ANN, Verb::Close(None));
    assert_eq!(states(&world, ANN, BOB), [Asked, Open, Closed]);
    assert_eq!(last_word(&world, BOB, ANN).0, Closed);
}

#[test]
fn the_mouth_of_a_neighbour_is_no_door() {
    // The simulation's own: beacons come from another port than the one that is dialled.
    let world = neighbours(2, Accept::Friends);
    assert_ne!(world.net.listener_of(BOB).map(|at| at.port()), Some(Lan::mouth_of(BOB).port()));
}

#[test]
fn who_is_here_for_one_verb_speaks_only_if_it_needs_somebody() {
    let mut world = neighbours(1, Accept::Friends);
    let mut other = neighbours(2, Accept::Friends);
    for (world, needs) in [(&mut world, false), (&mut other, true)] {
        world.kill(ANN);
        let before = world.lan.count_of(ANN);
        world.configs[ANN].is_passing = true;
        world.start(ANN);
        world.run_for(SOON_MS);
        let verb = if needs { Verb::Lookup(target(BOB)) } else { Verb::Friends };
        assert_eq!(ask(world, ANN, verb), None);
        world.ask(ANN, Verb::Leave);
        world.run_for(SOON_MS);
        // The question, once more, and the farewell.
        assert_eq!(world.lan.count_of(ANN) - before, if needs { 3 } else { 0 });
    }
}

#[test]
fn commands_run_for_a_friend_near_and_for_nobody_else() {
    let mut world = neighbours(3, Accept::Friends);
    befriend(&mut world, ANN, BOB);
    let run = |whom| Verb::Run { to: target(whom), argv: vec!["id".into()] };
    assert_eq!(ask(&mut world, ANN, run(CYD)), Some(Refusal::NoSession("cyd".into())));
    assert_eq!(ask(&mut world, ANN, run(4)), Some(Refusal::Unknown("dan".into())));
    let asked = world.ask(ANN, run(BOB));
    world.run_for(SOON_MS);
    let id = world.rows.iter().find_map(|(node, ticket, row)| match row {
        Row::Queued { id, .. } if (*node, *ticket) == (ANN, asked) => Some(id.to_text()),
        _ => None,
    });
    assert_eq!(ask(&mut world, BOB, Verb::Deny(id.expect("it was asked"))), None);
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::Declined(_))));
}

#[test]
fn who_comes_to_another_network_asks_who_is_there() {
    let mut world = neighbours(2, Accept::Friends);
    let before = world.lan.count_of(ANN);
    let moved = vec![super::super::net::alias_of(ANN)];
    world.wake_client(ANN, vec![Input::Network(moved)]);
    world.run_for(SOON_MS);
    assert_eq!(world.lan.count_of(ANN) - before, 2, "the question, and once more");
}

#[test]
fn a_name_is_given_once() {
    let mut world = neighbours(2, Accept::Friends);
    world.kill(ANN);
    let name = world.configs[ANN].name.take();
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(who(&mut world, BOB), ["ann"]);
    let asked = world.ask(ANN, Verb::Whoami);
    let is_hers = |(node, ticket, row): &(Node, u64, Row)| match row {
        Row::Whoami(row) => (*node, *ticket) == (ANN, asked) && row.name == name,
        _ => false,
    };
    assert!(world.rows.iter().any(is_hers));
}

#[test]
fn whose_clock_is_put_back_is_still_found() {
    let mut world = neighbours(2, Accept::Friends);
    world.kill(ANN);
    world.shift_wall(-86_400_000);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(who(&mut world, ANN), ["bob"]);
    assert_eq!(who(&mut world, BOB), ["ann"]);
    assert_eq!(msg(&mut world, BOB, ANN, "where were you?"), None);
}

#[test]
fn why_tells_what_was_tried_with_a_neighbour() {
    let mut world = neighbours(2, Accept::All);
    assert_eq!(ask(&mut world, ANN, Verb::Chat(target(4))), Some(Refusal::Unknown("dan".into())));
    assert_eq!(ask(&mut world, ANN, Verb::Chat(target(BOB))), None);
    for (whom, result) in [(4, "no such name, or not visible to you"), (BOB, "open")] {
        let asked = world.ask(ANN, Verb::Why(target(whom)));
        let tried = |(node, ticket, row): &(Node, u64, Row)| match row {
            Row::Attempt(row) if (*node, *ticket) == (ANN, asked) => {
                Some((row.path.word(), row.result.clone()))
            }
            _ => None,
        };
        let tried: Vec<_> = world.rows.iter().filter_map(tried).collect();
        assert_eq!(tried, [("direct", result.to_owned())]);
    }
}
