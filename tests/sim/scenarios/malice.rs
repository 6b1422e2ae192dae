//! A server that lies about mail and keys, and strangers who flood.

use super::*;
use hobnob::proto::bytes::Blob;
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::mail::{self, Sealing};
use hobnob::proto::crypto::prekey;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::ReqId;
use hobnob::proto::limits::{FRIEND_REQUESTS, MAIL_AGAIN_LAST_MS};
use hobnob::proto::model::bond::Token;
use hobnob::proto::model::letter::{Agree, Befriend, Body, Letter};
use hobnob::proto::model::prekey::{Bundle, PrekeyKind};
use hobnob::proto::wire::client::{Deposit, WantKey};
use hobnob::proto::wire::mail::Packet;
use hobnob::proto::wire::server::{Deposited, Found, Key, Mail, Outcome};

/// Ann alone, signed in at Eve's.
fn ann_at_eves() -> (World, Line) {
    let mut world = World::asleep(7, 2, Accept::Friends);
    eve_serves(&mut world, ANN);
    world.start(ANN);
    world.run_for(SOON_MS);
    let line = eve_welcomes(&mut world, ANN);
    (world, line)
}

fn identity(world: &World, node: Node) -> Identity {
    Identity::from_bytes(&world.keys[node])
}

fn letter(n: u8, body: Body) -> Letter {
    Letter { id: MsgId(Bytes([n; 16])), sent: Wall(1), body }
}

fn said(n: u8, text: &str) -> Letter {
    letter(n, Body::Text(text.to_owned()))
}

fn befriend(n: u8, text: &str) -> Letter {
    let token = Token(Bytes([n; 16]));
    letter(n, Body::Befriend(Befriend { name: None, text: text.to_owned(), token }))
}

/// Mail of one person to another, sealed to the static key.
fn sealed(from: &Identity, to: &Identity, letters: Vec<Letter>) -> Vec<u8> {
    let letters = letters.iter().map(Letter::write).collect();
    let packet = Packet { letters, ..Packet::default() };
    let mut rng = Rng::new([9; 32]);
    let sealing = Sealing::to_static(to.public());
    mail::seal(from, to.fingerprint(), sealing, &packet.encode(), &mut rng).expect("it seals")
}

fn carry(world: &mut World, line: Line, number: u64, from: Fingerprint, envelope: Vec<u8>) {
    let mail = Mail { number, from, name: None, envelope: Blob(envelope) };
    world.play(EVE, |eve| eve.say(line, &ToClient::from(mail)));
}

fn wanted(world: &World) -> Vec<WantKey> {
    let want = |heard: Heard| match heard {
        Heard::Client(ToServer::WantKey(want)) => Some(want),
        _ => None,
    };
    heard(world).into_iter().filter_map(want).collect()
}

fn deposits(world: &World) -> Vec<Deposit> {
    let deposit = |heard: Heard| match heard {
        Heard::Client(ToServer::Deposit(deposit)) => Some(deposit),
        _ => None,
    };
    heard(world).into_iter().filter_map(deposit).collect()
}

#[test]
fn mail_that_is_replayed_is_shown_once() {
    let (mut world, line) = ann_at_eves();
    let (ann, bob) = (identity(&world, ANN), identity(&world, BOB));
    let envelope = sealed(&bob, &ann, vec![said(1, "hello")]);
    for number in [1, 1, 2, 7, 3] {
        carry(&mut world, line, number, bob.fingerprint(), envelope.clone());
    }
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, ANN), ["hello"]);
}

#[test]
fn mail_to_somebody_else_is_not_shown() {
    let (mut world, line) = ann_at_eves();
    let (bob, cyd) = (identity(&world, BOB), identity(&world, 3));
    let mut envelope = sealed(&bob, &cyd, vec![said(1, "for cyd only")]);
    carry(&mut world, line, 1, bob.fingerprint(), envelope.clone());
    envelope[40] ^= 1;
    carry(&mut world, line, 2, bob.fingerprint(), envelope);
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, ANN), [] as [&str; 0]);
}

#[test]
fn mail_under_anothers_name_is_shown_as_its_writers() {
    let (mut world, line) = ann_at_eves();
    let (ann, bob, cyd) = (identity(&world, ANN), identity(&world, BOB), identity(&world, 3));
    let envelope = sealed(&cyd, &ann, vec![said(1, "i am bob")]);
    let name = Name::parse("bob").ok();
    let mail = Mail { number: 1, from: bob.fingerprint(), name, envelope: Blob(envelope) };
    say(&mut world, line, ToClient::from(mail));
    let log = world.log(ANN);
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].0, 3, "cyd wrote it");
}

#[test]
fn two_writers_may_use_one_id_and_both_are_shown() {
    let (mut world, line) = ann_at_eves();
    let ann = identity(&world, ANN);
    for (number, node) in [(1, BOB), (2, 3)] {
        let from = identity(&world, node);
        let envelope = sealed(&from, &ann, vec![said(1, &name_of(node))]);
        carry(&mut world, line, number, from.fingerprint(), envelope);
    }
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, ANN), ["bob", "cyd"]);
}

#[test]
fn mail_that_is_reordered_repeated_and_withheld_comes_once_each() {
    let (mut world, line) = ann_at_eves();
    let (ann, bob) = (identity(&world, ANN), identity(&world, BOB));
    let of = |n: u8| sealed(&bob, &ann, vec![said(2 * n, "even"), said(2 * n + 1, "odd")]);
    for n in [3, 1, 1, 2, 3, 1] {
        carry(&mut world, line, u64::from(n), bob.fingerprint(), of(n));
    }
    world.run_for(SOON_MS);
    let ids: Vec<MsgId> = world.log(ANN).into_iter().map(|(_, id, _)| id).collect();
    let expected = [6, 7, 2, 3, 4, 5].map(|n| MsgId(Bytes([n; 16])));
    assert_eq!(ids, expected, "each once, an envelope's letters in order");
}

/// Ann wants to write to Bob, whom Eve has told her of; the question for his key.
fn ann_writes(world: &mut World, line: Line) -> (u64, ReqId) {
    let asked = world.msg_until(ANN, BOB, "sealed or not at all", Stage::Held);
    world.run_for(SOON_MS);
    let lookup = |heard: Heard| match heard {
        Heard::Client(ToServer::Lookup(lookup)) => Some(lookup.req),
        _ => None,
    };
    let req = heard(world).into_iter().filter_map(lookup).next_back().expect("a lookup");
    let who = Some(card(world, BOB, false));
    say(world, line, ToClient::from(Found { req, who }));
    (asked, wanted(world).last().expect("a question for a key").req)
}

#[test]
fn nothing_is_sealed_to_keys_that_are_not_the_addressees() {
    let (mut world, line) = ann_at_eves();
    let (bob, eve) = (identity(&world, BOB), identity(&world, EVE));
    let mut rng = Rng::new([3; 32]);
    let honest = |identity: &Identity, rng: &mut Rng| {
        prekey::make(identity, PrekeyKind::Once, 1, Wall(1), rng).1
    };
    let (bobs, eves) = (honest(&bob, &mut rng), honest(&eve, &mut rng));
    let mut spoilt = bobs.clone();
    spoilt.key.0[0] ^= 1;
    let weekly_as_once = prekey::make(&bob, PrekeyKind::Weekly, 1, Wall(1), &mut rng).1;
    let bundle = |of: &Identity, once| Bundle { identity: *of.public(), once, weekly: None };
    let lies = [
        bundle(&bob, Some(eves.clone())),
        bundle(&bob, Some(spoilt)),
        bundle(&bob, Some(weekly_as_once)),
        bundle(&eve, Some(eves.clone())),
        bundle(&eve, None),
        Bundle { identity: *bob.public(), once: None, weekly: Some(eves) },
    ];
    let (asked, mut req) = ann_writes(&mut world, line);
    for lie in lies {
        let before = wanted(&world).len();
        say(&mut world, line, ToClient::from(Key { req, bundle: Some(Box::new(lie)) }));
        assert_eq!(deposits(&world), [], "nothing leaves");
        world.run_for(MAIL_AGAIN_LAST_MS);
        assert_eq!(wanted(&world).len(), before + 1, "asked again in time");
        req = wanted(&world).last().expect("asked again").req;
    }
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued]);
    let bundle = Some(Box::new(bundle(&bob, Some(bobs))));
    say(&mut world, line, ToClient::from(Key { req, bundle }));
    let deposit = deposits(&world).pop().expect("mail to bob");
    assert_eq!(deposit.to, bob.fingerprint());
    let held = Deposited { req: deposit.req, outcome: Outcome::Held };
    say(&mut world, line, ToClient::from(held));
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held]);
}

#[test]
fn an_answer_to_no_question_and_a_repeated_one_change_nothing() {
    let (mut world, line) = ann_at_eves();
    let (asked, req) = ann_writes(&mut world, line);
    let bob = identity(&world, BOB);
    let bundle = Bundle { identity: *bob.public(), once: None, weekly: None };
    for req in [ReqId(req.0 + 7), req, req] {
        say(&mut world, line, ToClient::from(Key { req, bundle: Some(Box::new(bundle.clone())) }));
    }
    let sent = deposits(&world);
    assert_eq!(sent.len(), 1);
    let wrong = Deposited { req: ReqId(sent[0].req.0 + 7), outcome: Outcome::Held };
    say(&mut world, line, ToClient::from(wrong));
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued]);
}

#[test]
fn of_many_strangers_who_ask_at_once_a_bounded_number_is_kept() {
    let (mut world, line) = ann_at_eves();
    let ann = identity(&world, ANN);
    let mut dice = Rng::new([8; 32]);
    for n in 0..2 * FRIEND_REQUESTS as u8 {
        let stranger = Identity::generate(&mut dice);
        let envelope = sealed(&stranger, &ann, vec![befriend(n, &format!("stranger {n}"))]);
        carry(&mut world, line, u64::from(n) + 1, stranger.fingerprint(), envelope);
    }
    // She never says that this is all, and is not waited for.
    world.run_for(hobnob::proto::limits::COLLECTING_MS + SOON_MS);
    assert_eq!(requests(&world, ANN).len(), FRIEND_REQUESTS);
}

#[test]
fn a_stranger_who_asks_over_and_over_has_one_request() {
    let (mut world, line) = ann_at_eves();
    let (ann, bob) = (identity(&world, ANN), identity(&world, BOB));
    for n in 0..100 {
        let long = "please ".repeat(1_000);
        let envelope = sealed(&bob, &ann, vec![befriend(n, &long)]);
        carry(&mut world, line, u64::from(n) + 1, bob.fingerprint(), envelope);
    }
    world.run_for(SOON_MS);
    let words = requests(&world, ANN);
    assert_eq!(words.len(), 1);
    assert!(words[0].len() <= hobnob::proto::limits::REQUEST_TEXT_BYTES);
}

#[test]
fn who_agrees_to_nothing_over_and_over_is_written_to_once() {
    let (mut world, line) = ann_at_eves();
    let (ann, bob) = (identity(&world, ANN), identity(&world, BOB));
    for n in 0..100 {
        let agree = letter(n, Body::Agree(Agree { token: Token(Bytes([n; 16])) }));
        let envelope = sealed(&bob, &ann, vec![agree]);
        carry(&mut world, line, u64::from(n) + 1, bob.fingerprint(), envelope);
    }
    world.run_for(SOON_MS);
    assert_eq!(bond(&mut world, ANN, BOB), Bond::default());
    let mut letters = 0;
    for turn in 0.. {
        let Some(want) = wanted(&world).get(turn).cloned() else { break };
        let bundle = Bundle { identity: *bob.public(), once: None, weekly: None };
        say(
            &mut world,
            line,
            ToClient::from(Key { req: want.req, bundle: Some(Box::new(bundle)) }),
        );
        let deposit = deposits(&world).pop().expect("mail to bob");
        let opened =
            mail::open(&bob, None, &deposit.envelope.0, &|_, _| false).expect("bob opens it");
        letters += Packet::decode(&opened.plaintext).expect("a packet").letters.len();
        let held = Deposited { req: deposit.req, outcome: Outcome::Held };
        say(&mut world, line, ToClient::from(held));
    }
    assert_eq!(letters, 1, "one word is enough");
}

#[test]
fn mail_that_cannot_be_opened_is_asked_for_again_once() {
    let (mut world, line) = ann_at_eves();
    let (ann, bob) = (identity(&world, ANN), identity(&world, BOB));
    let good = sealed(&bob, &ann, vec![said(1, "hello")]);
    carry(&mut world, line, 1, bob.fingerprint(), good.clone());
    world.run_for(SOON_MS);
    let before = wanted(&world).len();
    for number in 2..52 {
        let mut bad = good.clone();
        bad[60] ^= 1;
        carry(&mut world, line, number, bob.fingerprint(), bad);
    }
    world.run_for(SOON_MS);
    assert!(wanted(&world).len() <= before + 1);
    let asked = world.ask(ANN, Verb::Whoami);
    assert_eq!(refusal(&world, ANN, asked), None, "the user can still work");
}

#[test]
fn garbage_for_mail_is_taken_and_dropped() {
    let (mut world, line) = ann_at_eves();
    let bob = key(&world, BOB);
    for (number, bytes) in [vec![], vec![0], vec![1; 6], vec![0xFF; 90_000]].into_iter().enumerate()
    {
        carry(&mut world, line, number as u64 + 1, bob, bytes);
    }
    world.run_for(SOON_MS);
    let taken = |heard: &Heard| matches!(heard, Heard::Client(ToServer::Taken(t)) if t.up_to == 4);
    assert!(heard(&world).iter().any(taken));
    assert!(world.log(ANN).is_empty());
}
