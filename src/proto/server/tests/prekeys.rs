use super::*;
use crate::proto::limits::{PREKEYS, PREKEYS_PER_ASKER_HOUR};
use crate::proto::model::prekey::{Bundle, Prekey, PrekeyKind};
use crate::proto::wire::client::{Publish, WantKey};

fn prekey(kind: PrekeyKind, id: u32) -> Prekey {
    let made = Wall(1_000 + i64::from(id));
    Prekey { kind, id, key: Bytes([id as u8; 32]), made, signature: Bytes([3; 64]) }
}

fn publish(kind: PrekeyKind, ids: impl IntoIterator<Item = u32>) -> Publish {
    let keys = ids.into_iter().map(|id| prekey(kind, id)).collect();
    Publish { keys, replaces: false }
}

impl World {
    fn bundle(&mut self, id: ConnId, of: u8) -> Bundle {
        self.say(id, WantKey { req: req(5), of: key(of), token: None });
        match self.heard(id).pop() {
            Some(ToClient::Key(answer)) if answer.req == req(5) => {
                *answer.bundle.expect("a bundle")
            }
            other => panic!("{other:?}"),
        }
    }

    fn once(&mut self, id: ConnId, of: u8) -> Option<u32> {
        self.bundle(id, of).once.map(|key| key.id)
    }
}

#[test]
fn each_one_time_key_is_given_once_and_the_weekly_one_always() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    world.say(bert, publish(PrekeyKind::Once, 1..=3));
    world.say(bert, publish(PrekeyKind::Weekly, [9]));
    world.hang_up(bert);
    let (anna, clara) = (world.enter(1, "anna"), world.enter(3, "clara"));
    let weekly = Some(prekey(PrekeyKind::Weekly, 9));
    let identity = *me(2).public();
    for (asker, once) in [(anna, Some(1)), (clara, Some(2)), (anna, Some(3)), (clara, None)] {
        let once = once.map(|id| prekey(PrekeyKind::Once, id));
        let weekly = weekly.clone();
        assert_eq!(world.bundle(asker, 2), Bundle { identity, once, weekly });
    }
}

#[test]
fn many_who_ask_in_one_wake_are_given_different_keys() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    world.say(bert, publish(PrekeyKind::Once, 1..=2));
    let askers: Vec<_> = (3..6).map(|n| world.enter(n, &format!("p{n}"))).collect();
    for id in &askers {
        world.utter(*id, WantKey { req: req(1), of: key(2), token: None });
    }
    world.settle();
    let mut given = Vec::new();
    for id in askers {
        let heard = world.heard(id);
        let [ToClient::Key(answer)] = &heard[..] else { panic!("{heard:?}") };
        given.push(answer.bundle.as_ref().and_then(|b| b.once.as_ref()).map(|key| key.id));
    }
    given.sort_unstable();
    assert_eq!(given, [None, Some(1), Some(2)]);
}

#[test]
fn a_key_is_struck_out_before_it_leaves() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    let anna = world.enter(1, "anna");
    world.say(bert, publish(PrekeyKind::Once, 1..=2));
    world.utter(anna, WantKey { req: req(1), of: key(2), token: None });
    let bytes = world.client(anna).link.take_output().expect("a question");
    world.input(anna, StreamEvent::Bytes(&bytes));
    let mut is_spent = false;
    while let Some(output) = world.server.poll_output() {
        match output {
            Output::Keep(record) => {
                is_spent |= record == ServerRecord::Spent(key(2), 1);
                world.disk.keep(record);
            }
            Output::Query(query) => {
                let rows = ServerRows { found: world.disk.read(&query.read), then: query.then };
                world.server.handle(world.now, Input::Rows(rows));
            }
            Output::Stream(_, StreamAction::Send(_)) => assert!(is_spent, "kept before it is sent"),
            other => panic!("{other:?}"),
        }
    }
    assert!(is_spent);
    // The process dies here: the key is lost, and not given to anybody else.
    world.restart();
    let clara = world.enter(3, "clara");
    assert_eq!(world.once(clara, 2), Some(2));
}

#[test]
fn somebody_without_prekeys_is_sealed_to_with_the_static_key() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.enter(2, "bert");
    let identity = *me(2).public();
    assert_eq!(world.bundle(anna, 2), Bundle { identity, once: None, weekly: None });
}

#[test]
fn published_keys_are_bounded_and_the_last_weekly_one_counts() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    let mut keys = publish(PrekeyKind::Weekly, [7, 8]).keys;
    keys.extend(publish(PrekeyKind::Static, [9]).keys);
    keys.extend(publish(PrekeyKind::Once, 0..PREKEYS as u32 + 20).keys);
    world.say(bert, Publish { keys, replaces: false });
    assert_eq!(world.disk.once[&key(2)].len(), PREKEYS);
    assert_eq!(world.disk.weekly[&key(2)].id, 8);
    let kept = world.disk.kept;
    world.say(bert, Publish { keys: Vec::new(), replaces: false });
    world.say(bert, publish(PrekeyKind::Static, [9]));
    assert_eq!(world.disk.kept, kept, "nothing is no reason to write");
}

#[test]
fn keys_that_replace_leave_none_of_those_before() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    world.say(bert, publish(PrekeyKind::Once, 1..=100));
    world.say(bert, Publish { replaces: true, ..publish(PrekeyKind::Once, 200..202) });
    let anna = world.enter(1, "anna");
    let given: Vec<_> = (0..3).map(|_| world.once(anna, 2)).collect();
    assert_eq!(given, [Some(200), Some(201), None]);
}

#[test]
fn one_asker_does_not_use_up_what_is_there_for_all() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    world.say(bert, publish(PrekeyKind::Once, 1..=100));
    world.say(bert, publish(PrekeyKind::Weekly, [7]));
    let mut anna = world.enter(1, "anna");
    for _ in 0..PREKEYS_PER_ASKER_HOUR {
        assert!(world.once(anna, 2).is_some());
        // A new link starts no new hour.
        anna = world.enter(1, "anna");
    }
    let bundle = world.bundle(anna, 2);
    assert_eq!((bundle.once, bundle.weekly.map(|key| key.id)), (None, Some(7)));
    let clara = world.enter(3, "clara");
    assert!(world.once(clara, 2).is_some());
    world.pass(3_600_000 / PREKEYS_PER_ASKER_HOUR);
    assert!(world.once(anna, 2).is_some());
    assert_eq!(world.once(anna, 2), None);
}

#[test]
fn the_welcome_says_what_is_left() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    world.say(bert, publish(PrekeyKind::Once, 1..=3));
    world.say(bert, publish(PrekeyKind::Weekly, [7]));
    let anna = world.enter(1, "anna");
    world.once(anna, 2);
    let again = world.dial(2);
    world.say(again, Enter { name: None, visibility: None });
    let heard = world.heard(again);
    let [ToClient::Welcome(welcome)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((welcome.keys_left, welcome.weekly), (2, Some(Wall(1_007))));
}
