use super::super::budget::Sources;
use super::super::roster::{Conn, Member};
use super::*;
use crate::proto::limits::{
    CONNECTS_BURST, CONNECTS_PER_S, REQUESTS_BURST, REQUESTS_PER_S, SOURCES,
};
use crate::proto::model::person::Target;
use crate::proto::wire::server::{OverBudget, Refused, WhyRefused};
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[test]
fn an_account_over_its_budget_is_told_and_may_ask_again_later() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let lookup = lookup(1, Target::Name(nm("nobody")));
    for _ in 0..REQUESTS_BURST {
        world.utter(anna, lookup.clone());
    }
    world.settle();
    let heard = world.heard(anna);
    assert_eq!(heard.len(), REQUESTS_BURST as usize);
    assert!(heard.iter().all(|message| matches!(message, ToClient::Found(_))));
    world.say(anna, lookup.clone());
    assert_eq!(world.heard(anna), [OverBudget { req: Some(req(1)), session: None }.into()]);
    world.say(anna, ask(session(1), key(2)));
    assert_eq!(world.heard(anna), [OverBudget { req: None, session: Some(session(1)) }.into()]);
    world.say(anna, watch(&[key(1)]));
    assert_eq!(world.heard(anna), [OverBudget { req: None, session: None }.into()]);
    world.pass(1_000);
    for _ in 0..REQUESTS_PER_S {
        world.say(anna, lookup.clone());
        assert!(matches!(world.heard(anna)[..], [ToClient::Found(_)]));
    }
    world.say(anna, lookup);
    assert!(matches!(world.heard(anna)[..], [ToClient::OverBudget(_)]));
}

#[test]
fn an_address_that_connects_too_often_is_turned_away_but_never_loopback() {
    let mut world = World::with(config(10_000));
    for _ in 0..CONNECTS_BURST {
        let id = world.accept("192.0.2.7:1");
        world.settle();
        assert_eq!(world.end(id), None);
    }
    // The same host, as a socket for both families shows it.
    let over = world.accept("[::ffff:192.0.2.7]:1");
    world.settle();
    assert_eq!(world.end(over), Some(StreamAction::Abort));
    let other = world.accept("192.0.2.8:1");
    let local: Vec<_> = (0..=CONNECTS_BURST).map(|_| world.accept("127.0.0.1:1")).collect();
    world.settle();
    assert_eq!(world.end(other), None);
    assert!(local.into_iter().all(|id| world.end(id).is_none()));
    world.pass(1_000 / u64::from(CONNECTS_PER_S));
    let (again, more) = (world.accept("192.0.2.7:1"), world.accept("192.0.2.7:1"));
    world.settle();
    assert_eq!((world.end(again), world.end(more)), (None, Some(StreamAction::Abort)));
}

#[test]
fn addresses_are_remembered_in_bounds_and_not_for_long() {
    let mut sources = Sources::default();
    for n in 0..SOURCES as u32 + 10 {
        assert!(sources.may_connect(IpAddr::V4(Ipv4Addr::from(n)), Mono(5)));
    }
    assert_eq!(sources.len(), SOURCES);
    assert!(sources.may_connect(IpAddr::V4(Ipv4Addr::from(1)), Mono(10_000)));
    assert_eq!(sources.len(), 1);
}

#[test]
fn a_network_of_ipv6_addresses_is_one_source() {
    let mut sources = Sources::default();
    for n in 0..u128::from(CONNECTS_BURST) {
        assert!(sources.may_connect(IpAddr::V6(Ipv6Addr::from(1 << 64 | n)), Mono(5)));
    }
    assert!(!sources.may_connect(IpAddr::V6(Ipv6Addr::from(1 << 64 | 0xffff)), Mono(5)));
    assert!(sources.may_connect(IpAddr::V6(Ipv6Addr::from(2 << 64)), Mono(5)));
}

#[test]
fn a_full_server_says_so_and_still_replaces() {
    let mut world = World::with(config(2));
    let anna = world.enter(1, "anna");
    world.enter(2, "bert");
    let late = world.dial(3);
    world.say(late, Enter { name: Some(nm("clara")), visibility: None });
    assert_eq!(world.heard(late), [Refused { why: WhyRefused::Full }.into()]);
    assert!(!world.disk.accounts.contains_key(&key(3)));
    world.enter(1, "anna");
    assert_eq!(world.end(anna), Some(StreamAction::Close));
}

#[test]
fn half_open_connections_are_bounded_and_cost_the_others_nothing() {
    let mut world = World::with(config(3));
    world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    let open: Vec<_> = (0..4).map(|_| world.accept("127.0.0.1:1")).collect();
    let over = world.accept("127.0.0.1:1");
    world.settle();
    assert!(open.into_iter().all(|id| world.end(id).is_none()));
    assert_eq!(world.end(over), Some(StreamAction::Abort));
    world.say(bert, lookup(1, Target::Name(nm("anna"))));
    assert!(matches!(world.heard(bert)[..], [ToClient::Found(_)]));
}

#[test]
fn a_client_costs_at_most_600_bytes() {
    // A map of entries that came in any order is two thirds full.
    let in_map = |bytes: usize| bytes * 3 / 2;
    let name_on_heap = 32;
    let allocator = 16;
    let figures = [
        ("connection", size_of::<Conn>() + allocator),
        ("its entry", in_map(size_of::<(ConnId, Box<Conn>)>())),
        ("index by key", in_map(size_of::<(Fingerprint, ConnId)>())),
        ("index by name", in_map(size_of::<(Name, ConnId)>())),
        ("two copies of the name", 2 * name_on_heap),
    ];
    let sum: usize = figures.iter().map(|(_, bytes)| bytes).sum();
    println!("link {}, member {}", size_of::<Link>(), size_of::<Member>());
    println!("{figures:?}: {sum} bytes a client");
    assert!(sum <= 600, "{sum}");
}
