use super::*;
use crate::proto::limits::HANDSHAKE_MS;
use crate::proto::model::person::Target;
use crate::proto::wire::client::{Leave, Listening, Show};
use crate::proto::wire::server::{Leaving, Refused, Shown, Welcome, WhyLeaving, WhyRefused};
use std::net::Ipv4Addr;

fn refused(why: WhyRefused) -> Vec<ToClient> {
    vec![Refused { why }.into()]
}

fn plain(name: &str) -> Enter {
    Enter { name: Some(nm(name)), visibility: None }
}

#[test]
fn a_new_key_with_a_free_name_is_registered_and_welcomed() {
    let mut world = World::new();
    let anna = world.dial(1);
    world.say(anna, plain("Anna"));
    let address = Ipv4Addr::new(100, 64, 0, 1);
    let outer = "127.0.0.1:40001".parse().expect("an address");
    let visibility = Visibility::Public;
    let welcome = Welcome {
        name: nm("anna"),
        address,
        outer,
        visibility,
        keys_left: 0,
        weekly: None,
        epoch: EPOCH,
        hold_days: 30,
    };
    assert_eq!(world.heard(anna), [welcome.into()]);
    let account = world.account("anna");
    assert_eq!((account.fingerprint, account.identity), (key(1), *me(1).public()));
    assert_eq!((account.address, account.seen), (address, world.now.wall));
}

#[test]
fn a_server_whose_clients_are_signed_in_waits_for_nothing() {
    let mut world = World::new();
    let anna = world.dial(1);
    assert!(world.server.poll_timeout().is_some());
    world.say(anna, plain("anna"));
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn a_known_key_keeps_its_name_and_address_whatever_it_says() {
    let mut world = World::new();
    let first = world.enter(1, "anna");
    world.hang_up(first);
    world.enter(2, "bert");
    for name in [Some(nm("clara")), Some(nm("bert")), None] {
        let again = world.dial(1);
        world.say(again, Enter { name, visibility: None });
        let heard = world.heard(again);
        let [ToClient::Welcome(welcome)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(welcome.name, nm("anna"));
        assert_eq!(welcome.address, Ipv4Addr::new(100, 64, 0, 1));
        world.hang_up(again);
    }
    assert_eq!(world.disk.accounts.len(), 2);
}

#[test]
fn another_keys_name_is_refused_also_while_its_owner_is_away() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.hang_up(anna);
    let thief = world.dial(2);
    world.say(thief, plain("anna"));
    assert_eq!(world.heard(thief), refused(WhyRefused::NameTaken));
    assert_eq!(world.end(thief), Some(StreamAction::Close));
    assert_eq!(world.account("anna").fingerprint, key(1));
}

#[test]
fn a_new_key_without_a_name_is_asked_for_one() {
    let mut world = World::new();
    let id = world.dial(1);
    world.say(id, Enter { name: None, visibility: None });
    assert_eq!(world.heard(id), refused(WhyRefused::NameNeeded));
    assert!(world.disk.accounts.is_empty());
}

#[test]
fn of_two_keys_that_register_one_name_in_one_wake_one_wins() {
    let mut world = World::new();
    let (first, second) = (world.dial(1), world.dial(2));
    world.utter(first, plain("anna"));
    world.utter(second, plain("anna"));
    world.settle();
    assert!(matches!(world.heard(first)[..], [ToClient::Welcome(_)]));
    assert_eq!(world.heard(second), refused(WhyRefused::NameTaken));
    assert_eq!(world.account("anna").fingerprint, key(1));
}

#[test]
fn one_key_that_enters_twice_in_one_wake_has_one_account() {
    let mut world = World::new();
    let (first, second) = (world.dial(1), world.dial(1));
    world.utter(first, plain("anna"));
    world.utter(second, plain("annette"));
    world.settle();
    let heard = world.heard(second);
    assert!(matches!(&heard[..], [ToClient::Welcome(w)] if w.name == nm("anna")), "{heard:?}");
    assert_eq!(world.end(first), Some(StreamAction::Close));
    assert_eq!(world.disk.accounts.len(), 1);
}

#[test]
fn a_second_sign_in_replaces_the_first_which_is_told() {
    let mut world = World::new();
    let first = world.enter(1, "anna");
    let second = world.enter(1, "anna");
    assert_eq!(world.heard(first), [Leaving { why: WhyLeaving::Replaced }.into()]);
    assert_eq!(world.end(first), Some(StreamAction::Close));
    world.say(second, lookup(1, Target::Name(nm("anna"))));
    let heard = world.heard(second);
    let [ToClient::Found(found)] = &heard[..] else { panic!("{heard:?}") };
    assert!(found.who.as_ref().is_some_and(|card| card.online));
}

#[test]
fn a_full_pool_refuses_until_an_address_is_free_again() {
    let pool = pool("10.0.0.0/30");
    let mut world = World::with(Config { pool, ..config(100) });
    world.enter(1, "anna");
    world.enter(2, "bert");
    let late = world.dial(3);
    world.say(late, plain("clara"));
    assert_eq!(world.heard(late), refused(WhyRefused::PoolEmpty));
    world.operate(Operate::Forget(nm("anna")));
    world.enter(3, "clara");
    assert_eq!(world.account("clara").address, Ipv4Addr::new(10, 0, 0, 1));
}

#[test]
fn the_last_sign_in_and_sign_out_are_kept() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.pass(5_000);
    let kept = world.disk.kept;
    world.say(anna, Leave {});
    assert_eq!(world.end(anna), Some(StreamAction::Close));
    assert_eq!(world.account("anna").seen, world.now.wall);
    assert_eq!(world.disk.kept, kept + 1);
    world.pass(5_000);
    world.enter(1, "anna");
    assert_eq!(world.account("anna").seen, world.now.wall);
    assert_eq!(world.disk.kept, kept + 2);
}

#[test]
fn visibility_is_kept_over_links() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.say(anna, Show { req: req(4), visibility: Visibility::Private });
    let shown = Shown { req: req(4), visibility: Visibility::Private };
    assert_eq!(world.heard(anna), [shown.into()]);
    assert_eq!(world.account("anna").visibility, Visibility::Private);
    world.hang_up(anna);
    assert_eq!(world.account("anna").visibility, Visibility::Private);
    let again = world.dial(1);
    world.say(again, Enter { name: None, visibility: None });
    let heard = world.heard(again);
    let [ToClient::Welcome(welcome)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(welcome.visibility, Visibility::Private);
}

#[test]
fn whoever_changes_visibility_and_leaves_in_one_wake_keeps_both() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.pass(5_000);
    world.utter(anna, Show { req: req(1), visibility: Visibility::Private });
    world.utter(anna, Leave {});
    world.settle();
    let account = world.account("anna");
    assert_eq!((account.visibility, account.seen), (Visibility::Private, world.now.wall));
}

#[test]
fn a_stalled_handshake_is_cut_off_at_its_deadline() {
    let mut world = World::new();
    let silent = world.accept("127.0.0.1:5000");
    world.pass(HANDSHAKE_MS - 1);
    let proved = world.dial(1);
    assert_eq!(world.end(silent), None);
    world.pass(1);
    assert_eq!(world.end(silent), Some(StreamAction::Abort));
    assert_eq!(world.end(proved), None);
    world.pass(HANDSHAKE_MS);
    assert_eq!(world.end(proved), Some(StreamAction::Abort));
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn whoever_takes_the_server_for_a_peer_is_told_no() {
    let mut world = World::new();
    for purpose in [Purpose::Direct, Purpose::Peer(session(1))] {
        let id = world.dial_for(1, purpose, "127.0.0.1:5000");
        assert_eq!(world.end(id), Some(StreamAction::Close));
        assert_eq!(world.client(id).sends, 1);
    }
}

#[test]
fn a_message_before_the_welcome_cuts_the_link() {
    let mut world = World::new();
    let early = world.dial(1);
    world.say(early, Listening { port: 1 });
    assert_eq!(world.end(early), Some(StreamAction::Abort));
    let twice = world.dial(2);
    world.utter(twice, plain("bert"));
    world.utter(twice, plain("bert"));
    world.settle();
    assert_eq!(world.end(twice), Some(StreamAction::Abort));
    assert!(world.disk.accounts.is_empty());
}

#[test]
fn whoever_is_signed_in_does_not_enter_again() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.say(anna, plain("anna"));
    assert_eq!(world.end(anna), Some(StreamAction::Abort));
}

#[test]
fn garbage_ends_its_own_link_and_touches_nobody_else() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    let noise = world.accept("127.0.0.1:5000");
    world.input(noise, StreamEvent::Bytes(&[0xa5; 4096]));
    world.input(bert, StreamEvent::Bytes(&[0; 4096]));
    world.settle();
    assert!(world.end(noise).is_some());
    assert_eq!(world.end(bert), Some(StreamAction::Abort));
    world.say(anna, Show { req: req(1), visibility: Visibility::Public });
    assert!(matches!(world.heard(anna)[..], [ToClient::Shown(_)]));
}

#[test]
fn what_arrives_after_the_end_is_passed_over() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bytes = {
        world.utter(anna, Leave {});
        world.utter(anna, Show { req: req(1), visibility: Visibility::Private });
        world.client(anna).link.take_output().expect("two messages")
    };
    world.input(anna, StreamEvent::Bytes(&bytes));
    world.input(anna, StreamEvent::Bytes(b"more"));
    world.input(anna, StreamEvent::Drained);
    world.input(anna, StreamEvent::Closed(Cause::Ended));
    world.settle();
    assert_eq!(world.end(anna), Some(StreamAction::Close));
    assert_eq!(world.account("anna").visibility, Visibility::Public);
}
