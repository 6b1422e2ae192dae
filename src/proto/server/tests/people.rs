use super::super::roster::Member;
use super::*;
use crate::proto::limits::{WATCHED, WHO_PAGE_NAMES};
use crate::proto::model::person::Target;
use crate::proto::wire::client::{Leave, Show, Who};
use crate::proto::wire::server::{Brief, Card, Presence, WhoPage};
use std::net::Ipv4Addr;

impl World {
    /// Somebody signed in who never says or hears anything: no handshake, no account.
    fn inject(&mut self, name: &str, visibility: Visibility) -> ConnId {
        let n = self.server.roster.len() as u32;
        let id = ConnId((1 << 40) + u64::from(n));
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let member = Member {
            key: Fingerprint(Bytes(bytes)),
            name: nm(name),
            address: Ipv4Addr::from(n),
            visibility,
            port: 0,
            since: self.now.wall,
            budget: Default::default(),
            probes: Default::default(),
            watching: Box::default(),
            mail: Default::default(),
        };
        self.server.roster.insert(id, "127.0.0.1:1".parse().expect("an address"));
        assert_eq!(self.server.roster.sign_in(id, member), None);
        id
    }

    fn page(&mut self, id: ConnId, prefix: &str, after: Option<Name>) -> WhoPage {
        self.say(id, Who { req: req(7), prefix: prefix.to_owned(), after });
        match self.heard(id).pop() {
            Some(ToClient::WhoPage(page)) => page,
            other => panic!("{other:?}"),
        }
    }

    fn who(&mut self, id: ConnId, prefix: &str) -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(id, prefix, after);
            assert!(page.people.len() <= WHO_PAGE_NAMES);
            assert!(!page.more || page.people.len() == WHO_PAGE_NAMES);
            after = page.people.last().map(|brief| brief.name.clone());
            names.extend(page.people.into_iter().map(|brief| brief.name.to_string()));
            if !page.more {
                return names;
            }
        }
    }

    fn lookup(&mut self, id: ConnId, who: Target) -> Option<Card> {
        self.say(id, lookup(3, who));
        match self.heard(id).pop() {
            Some(ToClient::Found(found)) if found.req == req(3) => found.who,
            other => panic!("{other:?}"),
        }
    }

    fn watch(&mut self, id: ConnId, who: &[Fingerprint]) -> Vec<ToClient> {
        self.say(id, watch(who));
        self.heard(id)
    }

    fn presence(&self, n: u8, online: bool) -> ToClient {
        Presence { who: key(n), online, seen: self.now.wall }.into()
    }
}

#[test]
fn who_names_the_public_and_oneself_in_order() {
    let mut world = World::new();
    let dora = world.enter_private(4, "dora");
    let anna = world.enter(1, "anna");
    world.enter_private(3, "clara");
    world.enter(2, "bert");
    assert_eq!(world.who(anna, ""), ["anna", "bert"]);
    assert_eq!(world.who(dora, ""), ["anna", "bert", "dora"]);
    assert_eq!(world.who(dora, "B"), ["bert"]);
    assert_eq!(world.who(dora, "x"), [""; 0]);
    let page = world.page(anna, "an", None);
    let (address, seen) = (world.account("anna").address, world.now.wall);
    assert_eq!(page.people, [Brief { name: nm("anna"), address, fingerprint: key(1), seen }]);
}

#[test]
fn who_pages_through_everybody_once() {
    let config = config(200_000);
    let mut world = World::with(config);
    let mut public = Vec::new();
    for n in 0..5_000u32 {
        // A number spread over the whole range, so that names come in no order.
        let name = format!("p{:08x}", n.wrapping_mul(2_654_435_761));
        let is_private = n % 3 == 0;
        let visibility = if is_private { Visibility::Private } else { Visibility::Public };
        world.inject(&name, visibility);
        if !is_private {
            public.push(name);
        }
    }
    let me = world.enter_private(1, "p80000000");
    public.push("p80000000".to_owned());
    public.sort();
    assert_eq!(world.who(me, ""), public);
    assert_eq!(world.who(me, "p"), public);
    let under: Vec<_> = public.iter().filter(|name| name.starts_with("p8")).cloned().collect();
    assert_eq!(world.who(me, "p8"), under);
}

#[test]
fn who_ends_where_the_page_is_exactly_full() {
    let mut world = World::with(config(1_000));
    for n in 0..WHO_PAGE_NAMES - 1 {
        world.inject(&format!("a{n:03}"), Visibility::Public);
    }
    let me = world.enter_private(1, "zoe");
    let page = world.page(me, "", None);
    assert_eq!((page.people.len(), page.more), (WHO_PAGE_NAMES, false));
    world.inject("b", Visibility::Public);
    let page = world.page(me, "", None);
    assert_eq!((page.people.len(), page.more), (WHO_PAGE_NAMES, true));
    let rest = world.page(me, "", page.people.last().map(|brief| brief.name.clone()));
    assert_eq!((rest.people.len(), rest.more), (1, false));
}

#[test]
fn lookup_finds_by_name_address_and_key_online_or_not() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    let (address, seen) = (world.account("bert").address, world.now.wall);
    let identity = *me(2).public();
    let mut card = Card { name: nm("bert"), address, identity, online: true, seen };
    for who in [Target::Name(nm("bert")), Target::Address(address), Target::Key(key(2))] {
        assert_eq!(world.lookup(anna, who), Some(card.clone()));
    }
    world.pass(1_000);
    world.hang_up(bert);
    card.online = false;
    card.seen = world.now.wall;
    assert_eq!(world.lookup(anna, Target::Key(key(2))), Some(card));
    let endpoint = Target::Endpoint("127.0.0.1:1".parse().expect("an address"));
    assert_eq!(world.lookup(anna, endpoint), None);
}

#[test]
fn the_private_are_found_by_nobody_but_themselves() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    let address = world.account("bert").address;
    for who in [Target::Name(nm("bert")), Target::Address(address), Target::Key(key(2))] {
        assert_eq!(world.lookup(anna, who.clone()), None);
        assert!(world.lookup(bert, who).is_some());
    }
    assert_eq!(world.lookup(anna, Target::Name(nm("nobody"))), None);
}

#[test]
fn a_watch_is_answered_at_once_and_then_pushed() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    let clara = world.enter(3, "clara");
    world.hang_up(clara);
    let mut first = world.watch(anna, &[key(2), key(3), key(9), key(2)]);
    first.sort_by_key(|heard| *heard == world.presence(2, true));
    assert_eq!(first, [world.presence(3, false), world.presence(2, true)]);
    world.pass(1_000);
    world.say(bert, Leave {});
    assert_eq!(world.heard(anna), [world.presence(2, false)]);
    world.enter(2, "bert");
    world.enter(9, "nina");
    assert_eq!(world.heard(anna), [world.presence(2, true), world.presence(9, true)]);
}

#[test]
fn a_later_watch_takes_the_place_of_the_earlier() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.watch(anna, &[key(2)]);
    world.watch(anna, &[key(3)]);
    world.hang_up(bert);
    assert_eq!(world.heard(anna), []);
    world.enter(3, "clara");
    assert_eq!(world.heard(anna), [world.presence(3, true)]);
}

#[test]
fn the_private_are_never_shown_to_come_or_go() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    assert_eq!(world.watch(anna, &[key(2)]), []);
    let bert = world.enter_private(2, "bert");
    assert_eq!(world.watch(anna, &[key(2)]), []);
    world.hang_up(bert);
    assert_eq!(world.watch(anna, &[key(2)]), []);
    assert_eq!(world.heard(anna), []);
}

#[test]
fn turning_private_looks_like_going_and_public_like_coming() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.watch(anna, &[key(2)]);
    world.watch(bert, &[key(2)]);
    let entered = world.now.wall;
    world.pass(1_000);
    world.say(bert, Show { req: req(1), visibility: Visibility::Private });
    assert_eq!(world.heard(anna), [world.presence(2, false)]);
    assert!(matches!(world.heard(bert)[..], [ToClient::Shown(_)]));
    world.say(bert, Show { req: req(2), visibility: Visibility::Private });
    assert_eq!(world.heard(anna), []);
    world.say(bert, Show { req: req(3), visibility: Visibility::Public });
    let online = Presence { who: key(2), online: true, seen: entered };
    assert_eq!(world.heard(anna), [online.into()]);
    assert_eq!(world.who(anna, "b"), ["bert"]);
}

#[test]
fn a_replacement_does_not_look_like_going() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.enter(2, "bert");
    world.watch(anna, &[key(2)]);
    world.enter(2, "bert");
    assert_eq!(world.heard(anna), [world.presence(2, true)]);
}

#[test]
fn watching_is_bounded_and_ends_with_the_watcher() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let mut list: Vec<_> = (0..WATCHED as u32)
        .map(|n| {
            let mut bytes = [9; 20];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            Fingerprint(Bytes(bytes))
        })
        .collect();
    list.push(key(2));
    assert_eq!(world.watch(anna, &list), []);
    world.enter(2, "bert");
    assert_eq!(world.heard(anna), []);
    world.hang_up(anna);
    assert!(world.server.watchers.is_empty());
}

#[test]
fn a_burst_of_pushes_is_one_write_a_client() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let others: Vec<_> = (2..30).map(|n| world.enter(n, &format!("p{n}"))).collect();
    world.watch(anna, &(2..30).map(key).collect::<Vec<_>>());
    let sends = world.client(anna).sends;
    for id in others {
        world.utter(id, Leave {});
    }
    world.settle();
    assert_eq!(world.heard(anna).len(), 28);
    assert_eq!(world.client(anna).sends, sends + 1);
}
