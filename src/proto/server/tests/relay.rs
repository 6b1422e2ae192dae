use super::*;
use crate::proto::bytes::Blob;
use crate::proto::limits::{BACKLOG_BYTES, STREAM_AHEAD_BYTES};
use crate::proto::wire::client::{Answer, Carry, Show, Who};
use crate::proto::wire::server::Carried;

const CHUNK_BYTES: usize = 32 * 1024;

fn carry(n: u8, bytes: &[u8]) -> Carry {
    Carry { session: session(n), bytes: Blob(bytes.to_vec()) }
}

fn carried(n: u8, bytes: &[u8]) -> ToClient {
    Carried { session: session(n), bytes: Blob(bytes.to_vec()) }.into()
}

impl World {
    fn meet(&mut self, n: u8, asker: ConnId, asked: ConnId, to: u8) {
        self.say(asker, ask(session(n), key(to)));
        self.say(asked, Answer { session: session(n), candidates: Vec::new() });
        self.heard(asker);
        self.heard(asked);
    }

    /// Carries until the server does not read from `id` any more; how many bytes it took.
    fn carry_until_paused(&mut self, id: ConnId, n: u8) -> usize {
        let mut bytes = 0;
        while !self.client(id).is_paused {
            self.say(id, carry(n, &[b'x'; CHUNK_BYTES]));
            bytes += CHUNK_BYTES;
            assert!(bytes < 100 * STREAM_AHEAD_BYTES, "never held back");
        }
        bytes
    }
}

fn met() -> (World, ConnId, ConnId) {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.meet(1, anna, bert, 2);
    (world, anna, bert)
}

#[test]
fn bytes_are_carried_both_ways_in_order() {
    let (mut world, anna, bert) = met();
    world.utter(anna, carry(1, b"one"));
    world.utter(anna, carry(1, b"two"));
    world.settle();
    world.say(bert, carry(1, b"three"));
    assert_eq!(world.heard(bert), [carried(1, b"one"), carried(1, b"two")]);
    assert_eq!(world.heard(anna), [carried(1, b"three")]);
}

#[test]
fn nothing_is_carried_before_the_answer_or_by_others() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    let eve = world.enter(3, "eve");
    world.say(anna, ask(session(1), key(2)));
    world.heard(bert);
    world.say(anna, carry(1, b"early"));
    world.say(eve, carry(1, b"alien"));
    world.say(eve, carry(9, b"unknown"));
    assert_eq!(world.heard(bert), []);
    assert_eq!(world.end(eve), None);
}

#[test]
fn a_sender_is_held_back_until_the_receiver_caught_up() {
    let (mut world, anna, bert) = met();
    world.client(bert).is_stuck = true;
    let sent = world.carry_until_paused(anna, 1);
    assert!(sent <= STREAM_AHEAD_BYTES + 2 * CHUNK_BYTES, "{sent}");
    world.utter(anna, carry(1, b"later"));
    world.settle();
    assert_eq!(world.heard(bert), []);
    world.unstick(bert);
    assert!(!world.client(anna).is_paused);
    let heard = world.heard(bert);
    assert_eq!(heard.len(), sent / CHUNK_BYTES + 1);
    assert_eq!(heard.last(), Some(&carried(1, b"later")));
}

#[test]
fn a_sender_waits_for_all_that_are_behind() {
    let (mut world, anna, bert) = met();
    let clara = world.enter(3, "clara");
    world.meet(2, anna, clara, 3);
    world.client(bert).is_stuck = true;
    world.client(clara).is_stuck = true;
    let chunk = [b'x'; CHUNK_BYTES];
    for _ in 0..=STREAM_AHEAD_BYTES / CHUNK_BYTES {
        world.utter(anna, carry(1, &chunk));
        world.utter(anna, carry(2, &chunk));
    }
    world.settle();
    assert!(world.client(anna).is_paused);
    world.unstick(bert);
    assert!(world.client(anna).is_paused);
    world.unstick(clara);
    assert!(!world.client(anna).is_paused);
}

#[test]
fn a_receiver_that_goes_lets_its_sender_go_on() {
    let (mut world, anna, bert) = met();
    world.client(bert).is_stuck = true;
    world.carry_until_paused(anna, 1);
    world.hang_up(bert);
    assert!(!world.client(anna).is_paused);
    assert!(matches!(world.heard(anna)[..], [ToClient::Ended(_)]));
}

#[test]
fn a_held_back_sender_that_goes_is_not_waited_for() {
    let (mut world, anna, bert) = met();
    world.client(bert).is_stuck = true;
    world.carry_until_paused(anna, 1);
    world.hang_up(anna);
    world.unstick(bert);
    assert_eq!(world.end(bert), None);
    assert!(matches!(world.heard(bert).last(), Some(ToClient::Ended(_))));
}

#[test]
fn a_receiver_that_is_behind_holds_back_only_its_own_senders() {
    let (mut world, anna, bert) = met();
    let clara = world.enter(3, "clara");
    let dora = world.enter(4, "dora");
    world.meet(2, clara, dora, 4);
    world.client(bert).is_stuck = true;
    world.carry_until_paused(anna, 1);
    world.say(clara, carry(2, b"hi"));
    assert_eq!(world.heard(dora), [carried(2, b"hi")]);
    world.say(bert, carry(1, b"still talking"));
    assert_eq!(world.heard(anna), [carried(1, b"still talking")]);
}

#[test]
fn a_client_that_asks_and_does_not_read_is_not_read_from() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    for n in 2..100 {
        world.enter(n, &format!("a-rather-long-name-number-{n}"));
    }
    world.client(anna).is_stuck = true;
    for n in 0..1_000 {
        world.utter(anna, Who { req: req(n), prefix: String::new(), after: None });
    }
    world.settle();
    assert!(world.client(anna).is_paused);
    let waiting = world.client(anna).unread.len();
    assert!(waiting < 2 * STREAM_AHEAD_BYTES, "{waiting}");
    world.unstick(anna);
    let numbers: Vec<_> = world
        .heard(anna)
        .into_iter()
        .map(|heard| match heard {
            ToClient::WhoPage(page) => page.req.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, (0..1_000).collect::<Vec<_>>());
    assert!(!world.client(anna).is_paused);
}

#[test]
fn a_client_that_never_reads_its_pushes_is_cut_off_alone() {
    let (mut world, anna, bert) = met();
    let clara = world.enter(3, "clara");
    world.say(bert, watch(&[key(3)]));
    world.say(anna, watch(&[key(3)]));
    world.client(bert).is_stuck = true;
    world.carry_until_paused(anna, 1);
    let mut rounds = 0;
    while world.end(bert).is_none() {
        for visibility in [Visibility::Private, Visibility::Public].repeat(50) {
            world.utter(clara, Show { req: req(1), visibility });
            rounds += 1;
        }
        world.settle();
        world.pass(500);
        assert!(rounds < BACKLOG_BYTES, "never cut off");
    }
    assert_eq!(world.end(bert), Some(StreamAction::Abort));
    assert!(!world.client(anna).is_paused);
    assert_eq!(world.end(anna), None);
    let presences = world.heard(anna);
    let pushed = presences.iter().filter(|heard| matches!(heard, ToClient::Presence(_)));
    assert_eq!(pushed.count(), rounds + 1);
}
