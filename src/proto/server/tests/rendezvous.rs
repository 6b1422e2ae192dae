use super::*;
use crate::proto::limits::{CANDIDATES, RENDEZVOUS, RENDEZVOUS_PAIR};
use crate::proto::model::person::Target;
use crate::proto::wire::client::{Again, Answer, Ask, Carry, Hangup, Hint, Listening, Release};
use crate::proto::wire::server::{Answered, Card, Carried, Ended, Hinted, Offer, Sought, WhyEnded};

fn ask(n: u8, to: u8) -> Ask {
    Ask {
        session: session(n),
        to: key(to),
        candidates: vec![at("10.0.0.9:9")],
        token: None,
        is_quiet: false,
    }
}

fn answer(n: u8) -> Answer {
    Answer { session: session(n), candidates: Vec::new() }
}

fn hangup(n: u8, declined: bool) -> Hangup {
    Hangup { session: session(n), declined }
}

fn ended(n: u8, why: WhyEnded) -> Vec<ToClient> {
    vec![Ended { session: session(n), why }.into()]
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("a test's address")
}

/// Anna, Bert, and session 1 that Anna asked Bert for.
fn offered() -> (World, ConnId, ConnId) {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(anna, ask(1, 2));
    assert!(matches!(world.heard(bert)[..], [ToClient::Offer(_)]));
    (world, anna, bert)
}

#[test]
fn an_ask_and_its_answer_carry_card_and_candidates() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(anna, Listening { port: 7_001 });
    world.say(bert, Listening { port: 7_002 });
    world.say(anna, ask(1, 2));
    let account = world.account("anna");
    let from = Card {
        name: nm("anna"),
        address: account.address,
        identity: account.identity,
        online: true,
        seen: account.seen,
    };
    let candidates = vec![at("10.0.0.9:9"), at("127.0.0.1:7001")];
    assert_eq!(
        world.heard(bert),
        [Offer { session: session(1), from, candidates, is_quiet: false }.into()]
    );
    let repeated = vec![at("127.0.0.1:7002"), at("127.0.0.1:7002"), at("0.0.0.0:1")];
    world.say(bert, Answer { session: session(1), candidates: repeated });
    let candidates = vec![at("127.0.0.1:7002")];
    assert_eq!(world.heard(anna), [Answered { session: session(1), candidates }.into()]);
}

#[test]
fn candidates_are_bounded_and_the_outer_address_is_among_them() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(anna, Listening { port: 7_001 });
    let candidates = (1..100).map(|port| at(&format!("10.0.0.9:{port}"))).collect();
    world.say(
        anna,
        Ask { session: session(1), to: key(2), candidates, token: None, is_quiet: false },
    );
    let heard = world.heard(bert);
    let [ToClient::Offer(offer)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(offer.candidates.len(), CANDIDATES);
    assert_eq!(offer.candidates.last(), Some(&at("127.0.0.1:7001")));
}

#[test]
fn the_private_the_unknown_and_oneself_are_answered_alike() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    for to in [2, 9, 1] {
        world.say(anna, ask(to, to));
        assert_eq!(world.heard(anna), ended(to, WhyEnded::Unknown));
    }
    assert_eq!(world.heard(bert), []);
    world.hang_up(bert);
    world.say(anna, ask(1, 2));
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Unknown));
}

#[test]
fn not_even_the_order_of_answers_tells_the_private_from_the_unknown() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.enter_private(2, "bert");
    let mut orders = Vec::new();
    for to in [2, 9] {
        world.utter(anna, lookup(1, Target::Name(nm("nobody"))));
        world.utter(anna, ask(1, to));
        world.settle();
        orders.push(world.heard(anna));
    }
    assert_eq!(orders[0], orders[1]);
}

#[test]
fn somebody_signed_out_is_away() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.hang_up(bert);
    world.say(anna, ask(1, 2));
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Away));
}

#[test]
fn a_no_to_an_offer_is_told_as_declined() {
    let (mut world, anna, bert) = offered();
    world.say(bert, hangup(1, true));
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Declined));
    assert_eq!(world.server.meetings.len(), 0);
}

#[test]
fn an_ask_taken_back_is_told_as_hung_up() {
    let (mut world, anna, bert) = offered();
    world.say(anna, hangup(1, true));
    assert_eq!(world.heard(bert), ended(1, WhyEnded::HungUp));
    assert_eq!(world.heard(anna), []);
}

#[test]
fn an_ask_taken_back_in_its_own_wake_is_never_offered() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.utter(anna, ask(1, 2));
    world.utter(anna, hangup(1, false));
    world.settle();
    let heard = world.heard(bert);
    assert!(!heard.iter().any(|message| matches!(message, ToClient::Offer(_))), "{heard:?}");
    assert_eq!(world.server.meetings.len(), 0);
}

#[test]
fn an_answered_session_ends_for_the_other_side_with_either_hangup() {
    for is_asker in [true, false] {
        let (mut world, anna, bert) = offered();
        world.say(bert, answer(1));
        world.heard(anna);
        let (who, other) = if is_asker { (anna, bert) } else { (bert, anna) };
        world.say(who, hangup(1, false));
        assert_eq!(world.heard(other), ended(1, WhyEnded::HungUp));
        world.say(other, hangup(1, false));
        assert_eq!((world.heard(who), world.heard(other)), (vec![], vec![]));
    }
}

#[test]
fn a_lost_link_ends_its_sessions_for_the_others() {
    let (mut world, anna, bert) = offered();
    world.hang_up(bert);
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Gone));
    let (mut world, anna, bert) = offered();
    world.say(bert, answer(1));
    world.hang_up(anna);
    assert_eq!(world.heard(bert), ended(1, WhyEnded::Gone));
    assert_eq!(world.server.meetings.len(), 0);
}

#[test]
fn a_replaced_sides_sessions_end() {
    let (mut world, anna, _) = offered();
    world.enter(2, "bert");
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Gone));
}

#[test]
fn only_the_two_sides_speak_about_a_session() {
    let (mut world, anna, bert) = offered();
    let eve = world.enter(3, "eve");
    world.say(eve, answer(1));
    world.say(eve, hangup(1, true));
    world.say(anna, answer(1));
    assert_eq!((world.heard(anna), world.heard(bert), world.heard(eve)), (vec![], vec![], vec![]));
    world.say(bert, answer(1));
    assert!(matches!(world.heard(anna)[..], [ToClient::Answered(_)]));
    world.say(bert, answer(1));
    assert_eq!(world.heard(anna), []);
}

#[test]
fn a_session_id_in_use_is_busy() {
    let (mut world, anna, bert) = offered();
    let eve = world.enter(3, "eve");
    world.say(eve, ask(1, 2));
    assert_eq!(world.heard(eve), ended(1, WhyEnded::Busy));
    assert_eq!((world.heard(anna), world.heard(bert)), (vec![], vec![]));
}

#[test]
fn one_asker_does_not_take_all_of_anothers_places() {
    let (mut world, anna, bert) = offered();
    let eve = world.enter(3, "eve");
    for n in 2..=RENDEZVOUS_PAIR as u8 {
        world.say(anna, ask(n, 2));
    }
    assert_eq!(world.heard(anna), []);
    world.say(anna, ask(100, 2));
    assert_eq!(world.heard(anna), ended(100, WhyEnded::Busy));
    world.heard(bert);
    world.say(eve, ask(101, 2));
    assert!(matches!(world.heard(bert)[..], [ToClient::Offer(_)]));
}

#[test]
fn a_client_has_no_more_sessions_than_its_bound() {
    let mut world = World::with(config(200));
    let anna = world.enter(200, "anna");
    let others = (RENDEZVOUS / RENDEZVOUS_PAIR) as u8;
    for n in 0..=others {
        world.enter(n + 1, &format!("p{n}"));
    }
    let mut number = 0u32;
    for _ in 0..RENDEZVOUS_PAIR {
        for to in 1..=others {
            let session = numbered(&mut number);
            world.say(anna, super::ask(session, key(to)));
        }
    }
    assert_eq!(world.heard(anna), []);
    assert_eq!(world.server.meetings.len(), RENDEZVOUS);
    let session = numbered(&mut number);
    world.say(anna, super::ask(session, key(others + 1)));
    assert_eq!(world.heard(anna), [Ended { session, why: WhyEnded::Busy }.into()]);
}

fn numbered(number: &mut u32) -> SessionId {
    *number += 1;
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SessionId(Bytes(bytes))
}

fn again(n: u8, to: u8) -> Again {
    Again { session: session(n), to: key(to), candidates: vec![at("10.0.0.9:9")], token: None }
}

fn sought(n: u8, from: u8) -> ToClient {
    Sought { session: session(n), from: key(from), candidates: vec![at("10.0.0.9:9")] }.into()
}

#[test]
fn two_who_lost_each_other_are_brought_together_again_whether_it_remembers_them_or_not() {
    let (mut world, anna, bert) = offered();
    world.say(bert, answer(1));
    assert!(matches!(world.heard(anna)[..], [ToClient::Answered(_)]));
    for (one, other, from, to) in [(anna, bert, 1, 2), (bert, anna, 2, 1)] {
        world.say(one, again(1, to));
        assert_eq!(world.heard(other), [sought(1, from)]);
        world.say(other, answer(1));
        assert!(matches!(world.heard(one)[..], [ToClient::Answered(_)]));
    }
    let bytes = crate::proto::bytes::Blob(vec![7]);
    world.say(anna, Carry { session: session(1), bytes: bytes.clone() });
    assert_eq!(world.heard(bert), [Carried { session: session(1), bytes }.into()]);
    world.say(anna, hangup(1, false));
    assert_eq!(world.heard(bert), ended(1, WhyEnded::HungUp));
    world.say(anna, again(1, 2));
    assert_eq!(world.heard(bert), [sought(1, 1)]);
}

#[test]
fn both_who_say_again_at_once_are_one_meeting() {
    let mut world = World::new();
    let (anna, bert) = (world.enter(1, "anna"), world.enter(2, "bert"));
    world.say(anna, again(1, 2));
    assert_eq!(world.heard(bert), [sought(1, 1)]);
    world.say(bert, again(1, 1));
    let candidates = vec![at("10.0.0.9:9")];
    assert_eq!(world.heard(anna), [Answered { session: session(1), candidates }.into()]);
    // The answer to what each was told meanwhile changes nothing.
    world.say(bert, answer(1));
    assert_eq!((world.heard(anna), world.heard(bert)), (vec![], vec![]));
}

#[test]
fn a_session_that_needs_the_server_no_more_is_forgotten_unless_it_is_sought_again() {
    let (mut world, anna, bert) = offered();
    world.say(bert, answer(1));
    world.heard(anna);
    world.say(bert, Release { session: session(1) });
    assert_eq!((world.heard(anna), world.server.meetings.len()), (vec![], 0));
    // Its link breaks as soon as it stands: the word that it stands comes late.
    world.say(anna, again(1, 2));
    assert_eq!(world.heard(bert), [sought(1, 1)]);
    world.say(bert, Release { session: session(1) });
    world.say(bert, answer(1));
    assert!(matches!(world.heard(anna)[..], [ToClient::Answered(_)]));
    let cyd = world.enter(3, "cyd");
    world.say(cyd, Release { session: session(1) });
    assert_eq!(world.server.meetings.len(), 1, "a third has no say in it");
}

#[test]
fn who_is_away_or_says_no_ends_it_and_a_third_cannot_take_a_place_in_it() {
    let (mut world, anna, bert) = offered();
    let cyd = world.enter(3, "cyd");
    world.say(bert, answer(1));
    world.heard(anna);
    world.say(cyd, again(1, 2));
    assert_eq!(world.heard(cyd), ended(1, WhyEnded::Busy));
    assert_eq!((world.heard(anna), world.heard(bert)), (vec![], vec![]));
    world.say(anna, again(1, 2));
    world.heard(bert);
    world.say(bert, hangup(1, true));
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Declined));
    world.hang_up(bert);
    world.say(anna, again(1, 2));
    assert_eq!(world.heard(anna), ended(1, WhyEnded::Away));
}

fn hint(n: u8, udp: &str) -> Hint {
    Hint { session: session(n), udp: vec![at(udp)] }
}

fn hinted(n: u8, udp: &str) -> ToClient {
    Hinted { session: session(n), udp: vec![at(udp)] }.into()
}

#[test]
fn both_sides_are_told_to_begin_when_the_other_has_answered() {
    let (mut world, anna, bert) = offered();
    assert_eq!((world.begun(anna), world.begun(bert)), (vec![], vec![]));
    world.say(bert, answer(1));
    assert_eq!((world.begun(anna), world.begun(bert)), (vec![session(1)], vec![session(1)]));
    world.say(bert, answer(1));
    assert_eq!((world.begun(anna), world.begun(bert)), (vec![], vec![]));
    world.say(anna, again(1, 2));
    world.say(bert, answer(1));
    assert_eq!((world.begun(anna), world.begun(bert)), (vec![session(1)], vec![session(1)]));
}

#[test]
fn a_hint_right_behind_an_ask_comes_right_behind_the_offer() {
    let mut world = World::new();
    let (anna, bert) = (world.enter(1, "anna"), world.enter(2, "bert"));
    world.utter(anna, ask(1, 2));
    world.utter(anna, hint(1, "192.0.2.1:7"));
    world.settle();
    let heard = world.heard(bert);
    assert!(matches!(heard[0], ToClient::Offer(_)), "{heard:?}");
    assert_eq!(heard[1..], [hinted(1, "192.0.2.1:7")]);
    world.say(anna, hint(1, "192.0.2.1:8"));
    assert_eq!(world.heard(bert), [hinted(1, "192.0.2.1:8")]);

    world.say(bert, answer(1));
    world.heard(anna);
    world.utter(anna, again(1, 2));
    world.utter(anna, hint(1, "192.0.2.1:9"));
    world.settle();
    assert_eq!(world.heard(bert), [sought(1, 1), hinted(1, "192.0.2.1:9")]);
}

#[test]
fn the_asked_side_gives_itself_away_by_no_hint_before_its_yes_nor_a_third_ever() {
    let (mut world, anna, bert) = offered();
    let cyd = world.enter(3, "cyd");
    world.say(bert, hint(1, "192.0.2.2:7"));
    assert_eq!(world.heard(anna), []);
    world.say(bert, answer(1));
    world.heard(anna);
    world.say(bert, hint(1, "192.0.2.2:7"));
    assert_eq!(world.heard(anna), [hinted(1, "192.0.2.2:7")]);
    world.say(cyd, hint(1, "192.0.2.3:7"));
    assert_eq!((world.heard(anna), world.heard(bert)), (vec![], vec![]));
    world.say(anna, hangup(1, false));
    world.heard(bert);
    world.say(bert, hint(1, "192.0.2.2:7"));
    assert_eq!(world.heard(anna), []);
}

#[test]
fn of_a_hint_only_what_can_be_reached_goes_on_and_not_more_than_an_offer_holds() {
    let (mut world, anna, bert) = offered();
    let mut udp = vec![at("0.0.0.0:7"), at("192.0.2.1:0")];
    world.say(anna, Hint { session: session(1), udp: udp.clone() });
    assert_eq!(world.heard(bert), []);
    udp.extend((1..=60).map(|port| SocketAddr::from(([192, 0, 2, 1], port))));
    world.say(anna, Hint { session: session(1), udp: udp.clone() });
    let kept = udp[2..2 + CANDIDATES].to_vec();
    assert_eq!(world.heard(bert), [Hinted { session: session(1), udp: kept }.into()]);
}

impl World {
    fn begun(&mut self, id: ConnId) -> Vec<SessionId> {
        std::mem::take(&mut self.client(id).begun)
    }
}
