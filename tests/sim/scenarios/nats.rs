//! Two people behind NATs of every kind: none waits, and none is relayed who need not be.

use super::*;
use crate::net::{Kind, On, Ports, can_go_direct};
use crate::world::SERVER;

/// How long a session may take to open, and how long after that it may be on another path than the
/// best.
const OPEN_MS: u64 = 3_000;
const BEST_MS: u64 = 2_000;

const ALL: [On; 3] = [On::Nothing, On::Address, On::Port];

fn kind(mapping: On, filtering: On, ports: Ports) -> Kind {
    Kind { mapping, filtering, ports, hairpins: false, lasts_ms: 120_000 }
}

/// Ann and Bob behind these, signed in.
fn behind(seed: u64, anns: Option<Kind>, bobs: Option<Kind>) -> World {
    let mut world = World::asleep(seed, 2, Accept::Friends);
    for (node, kind) in [(ANN, anns), (BOB, bobs)] {
        if let Some(kind) = kind {
            world.net.put_behind(kind, &[node]);
        }
    }
    for node in [0, ANN, BOB] {
        world.start(node);
    }
    world.run_for(SOON_MS);
    world
}

/// The path of their new session once it has had time to find the best, and what is wrong with it.
fn path_of(seed: u64, anns: Option<Kind>, bobs: Option<Kind>) -> Path {
    let mut world = behind(seed, anns, bobs);
    let pair = format!("seed {seed}: {anns:?}, {bobs:?}");
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, accept(ANN));
    world.run_for(OPEN_MS);
    for node in [ANN, BOB] {
        let open = world.sessions(node).first().map(|row| row.state);
        assert_eq!(open, Some(SessionState::Open), "{pair}: somebody waits");
    }
    world.msg(ANN, BOB, "on whatever path there is");
    world.run_for(BEST_MS);
    world.msg(BOB, ANN, "on the best path");
    world.run_for(SOON_MS);
    for node in [ANN, BOB] {
        assert_eq!(texts(&mut world, node).len(), 1, "{pair}: a message is lost");
    }
    let paths = [ANN, BOB].map(|node| world.sessions(node)[0].path);
    assert_eq!(paths[0], paths[1], "{pair}");
    paths[0].expect("an open session has a path")
}

/// No NAT, and all whose ports are given out so.
fn kinds(ports: &[Ports]) -> Vec<Option<Kind>> {
    let mut kinds = vec![None];
    for ports in ports {
        let all =
            ALL.iter().flat_map(|mapping| ALL.iter().map(move |filtering| (mapping, filtering)));
        kinds.extend(all.map(|(mapping, filtering)| Some(kind(*mapping, *filtering, *ports))));
    }
    kinds
}

/// Ann behind each of these, Bob behind each of those; the oracle is right about all pairs.
fn meet(anns: &[Option<Kind>], bobs: &[Option<Kind>]) {
    let mut needless = Vec::new();
    for (number, (one, other)) in
        anns.iter().flat_map(|one| bobs.iter().map(move |other| (*one, *other))).enumerate()
    {
        let path = path_of(number as u64, one, other);
        let guesses = [one, other].into_iter().flatten().any(|kind| kind.ports == Ports::Next);
        match can_go_direct(one, other) {
            true if path == Path::Relay => needless.push((number, one, other)),
            false if !guesses => assert_eq!(path, Path::Relay, "{one:?}, {other:?}: how?"),
            true | false => {}
        }
    }
    assert!(needless.is_empty(), "relayed without need: {needless:#?}");
}

#[test]
fn nobody_waits_behind_any_pair_of_nats_and_who_can_goes_without_the_relay() {
    let all = kinds(&[Ports::Random]);
    for (place, one) in all.iter().enumerate() {
        let (one, others) = (&[*one][..], &all[place..]);
        match place % 2 {
            0 => meet(one, others),
            _ => meet(others, one),
        }
    }
}

#[test]
fn ports_that_are_kept_are_foreseen_whatever_the_mapping_depends_on() {
    let symmetric = Some(kind(On::Port, On::Port, Ports::Kept));
    meet(&[symmetric], &kinds(&[Ports::Kept]));
}

#[test]
fn ports_that_are_given_out_in_order_are_guessed() {
    let strict = Some(kind(On::Nothing, On::Port, Ports::Random));
    for (seed, mapping) in [On::Address, On::Port].into_iter().enumerate() {
        let guessed = Some(kind(mapping, On::Port, Ports::Next));
        assert_eq!(path_of(seed as u64, strict, guessed), Path::Udp, "{mapping:?}");
        assert_eq!(path_of(seed as u64, guessed, strict), Path::Udp, "{mapping:?}");
    }
}

#[test]
fn a_session_outlives_nats_that_forget_whoever_is_silent_for_half_a_minute() {
    let forgetful = Kind { lasts_ms: 30_000, ..kind(On::Nothing, On::Port, Ports::Random) };
    let mut world = behind(5, Some(forgetful), Some(forgetful));
    open(&mut world);
    world.run_for(BEST_MS);
    assert_eq!(row(&mut world, ANN), Some((SessionState::Open, Some(Path::Udp))));
    let before = world.events.len();
    world.run_for(600_000);
    world.msg(ANN, BOB, "still there?");
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, BOB).len(), 1);
    let is_session = |(_, event): &&(Node, Event)| matches!(event, Event::Session { .. });
    assert_eq!(world.events[before..].iter().find(is_session), None);
}

#[test]
fn what_a_nat_forgot_since_the_sign_in_is_not_told_to_the_other_side() {
    let forgetful = Kind { lasts_ms: 30_000, ..kind(On::Nothing, On::Port, Ports::Random) };
    let mut world = behind(6, Some(forgetful), Some(forgetful));
    world.run_for(300_000);
    open(&mut world);
    world.run_for(BEST_MS);
    assert_eq!(row(&mut world, BOB), Some((SessionState::Open, Some(Path::Udp))));
}

#[test]
fn behind_nats_that_keep_ports_two_who_dial_at_once_need_no_datagrams() {
    for (seed, filtering) in ALL.into_iter().enumerate() {
        let kept = kind(On::Port, filtering, Ports::Kept);
        let mut world = World::asleep(seed as u64, 2, Accept::Friends);
        for node in [ANN, BOB] {
            world.net.datagrams.denied.insert(node);
            world.net.put_behind(kept, &[node]);
        }
        for node in [SERVER, ANN, BOB] {
            world.start(node);
        }
        world.run_for(SOON_MS);
        open(&mut world);
        world.run_for(BEST_MS);
        for (node, other) in [(ANN, BOB), (BOB, ANN)] {
            assert_eq!(row(&mut world, node), Some((SessionState::Open, Some(Path::Direct))));
            world.msg(node, other, "over what both dialled");
            world.run_for(SOON_MS);
            assert_eq!(texts(&mut world, other).len(), 1);
        }
    }
}

#[test]
#[ignore = "784 worlds: a look at all kinds"]
fn every_pair_of_nats_of_every_kind() {
    let all = kinds(&[Ports::Random, Ports::Kept, Ports::Next]);
    meet(&all, &all);
}

#[test]
fn those_behind_the_same_nat_meet_inside() {
    let mut world = World::asleep(3, 2, Accept::Friends);
    world.net.put_behind(kind(On::Port, On::Port, Ports::Random), &[ANN, BOB]);
    for node in [0, ANN, BOB] {
        world.start(node);
    }
    world.run_for(SOON_MS);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, accept(ANN));
    world.run_for(SOON_MS);
    assert_eq!(row(&mut world, ANN), Some((SessionState::Open, Some(Path::Direct))));
}
