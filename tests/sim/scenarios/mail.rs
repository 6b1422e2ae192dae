//! Mail: rows of the table of postage, and what a letter survives.

use super::super::host::Crash;
use super::super::world::SERVER;
use super::*;
use hobnob::proto::crypto::mail::header;
use hobnob::proto::limits::{MAIL_AGAIN_LAST_MS, PREKEYS, PREKEYS_FEW};
use hobnob::proto::model::prekey::PrekeyKind;
use hobnob::proto::model::record::{Found, HeldMail, Read};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What the server holds for somebody.
fn held(world: &mut World, node: Node) -> Vec<HeldMail> {
    let to = key(world, node);
    let read = Read::Mail { to, after: 0, most_bytes: usize::MAX };
    match world.server.store.query(read).expect("memory is there") {
        Found::Mail { mail, .. } => mail,
        other => panic!("mail was asked for: {other:?}"),
    }
}

/// One-time prekeys of somebody's that the server has.
fn keys_left(world: &mut World, node: Node) -> u32 {
    let owner = key(world, node);
    match world.server.store.query(Read::Standing(owner)).expect("memory is there") {
        Found::Standing { once, .. } => once,
        other => panic!("a standing was asked for: {other:?}"),
    }
}

fn kinds(world: &mut World, node: Node) -> Vec<PrekeyKind> {
    let kind = |mail: HeldMail| header(&mail.envelope).expect("an envelope").0;
    held(world, node).into_iter().map(kind).collect()
}

fn canaries(texts: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    texts.into_iter().map(|text| format!("CANARY-PLAINTEXT {}", text.to_string())).collect()
}

/// Ann and Bob have met and are no friends.
fn strangers() -> World {
    let mut world = pair();
    world.msg(ANN, BOB, "hello");
    world.msg(BOB, ANN, "hello");
    world.run_for(2 * SOON_MS);
    assert_eq!((texts(&mut world, ANN).len(), texts(&mut world, BOB).len()), (1, 1));
    world
}

#[test]
fn mail_to_one_who_is_away_is_held_and_then_delivered() {
    for mut world in [friends(), strangers()] {
        let before = texts(&mut world, BOB).len();
        world.kill(BOB);
        world.run_for(SOON_MS);
        let asked = world.msg_until(ANN, BOB, "when you come", Stage::Held);
        world.run_for(SOON_MS);
        assert_eq!(refusal(&world, ANN, asked), None);
        let id = ids(&world, ANN, asked)[0];
        assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held]);
        assert_eq!(held(&mut world, BOB).len(), 1);
        world.start(BOB);
        world.run_for(2 * SOON_MS);
        assert_eq!(texts(&mut world, BOB)[before..], canaries(["when you come"]));
        assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held, Stage::Delivered]);
        assert_eq!(held(&mut world, BOB), []);
    }
}

#[test]
fn two_who_are_never_there_together_talk() {
    let mut world = strangers();
    world.kill(BOB);
    for n in 0..5 {
        let asked = world.msg_until(ANN, BOB, &format!("from ann {n}"), Stage::Held);
        world.run_for(SOON_MS);
        assert_eq!(refusal(&world, ANN, asked), None);
        world.kill(ANN);
        world.start(BOB);
        world.run_for(SOON_MS);
        let asked = world.msg_until(BOB, ANN, &format!("from bob {n}"), Stage::Held);
        world.run_for(SOON_MS);
        assert_eq!(refusal(&world, BOB, asked), None);
        world.kill(BOB);
        world.start(ANN);
        world.run_for(SOON_MS);
    }
    assert_eq!(texts(&mut world, BOB)[1..], canaries((0..5).map(|n| format!("from ann {n}"))));
    assert_eq!(texts(&mut world, ANN)[1..], canaries((0..5).map(|n| format!("from bob {n}"))));
    let delivered = |(_, event): &&(Node, Event)| {
        matches!(event, Event::Receipt { state: Stage::Delivered, .. })
    };
    assert_eq!(world.events.iter().filter(delivered).count(), 2 + 9, "bob's last is not seen");
}

#[test]
fn three_thousand_letters_to_one_who_is_away_all_come_once_and_in_order() {
    let mut world = strangers();
    world.kill(BOB);
    for n in 0..3_000 {
        world.msg_until(ANN, BOB, &n.to_string(), Stage::Queued);
    }
    world.run_for(60_000);
    let envelopes = held(&mut world, BOB).len();
    assert!((10..400).contains(&envelopes), "{envelopes} envelopes");
    world.start(BOB);
    world.run_for(60_000);
    assert_eq!(texts(&mut world, BOB)[1..], canaries(0..3_000));
    assert_eq!(held(&mut world, BOB), []);
    let delivered = |(node, event): &&(Node, Event)| {
        *node == ANN && matches!(event, Event::Receipt { state: Stage::Delivered, .. })
    };
    assert_eq!(world.events.iter().filter(delivered).count(), 3_001);
}

#[test]
fn a_one_time_key_is_used_once_and_then_there_is_the_weekly_one() {
    let mut world = strangers();
    world.kill(BOB);
    let before = keys_left(&mut world, BOB);
    for n in 0..25 {
        world.msg_until(ANN, BOB, &n.to_string(), Stage::Held);
        world.run_for(SOON_MS);
    }
    let ids: Vec<_> = held(&mut world, BOB).iter().map(|mail| header(&mail.envelope)).collect();
    let kinds = kinds(&mut world, BOB);
    let once = kinds.iter().filter(|kind| **kind == PrekeyKind::Once).count();
    assert_eq!(kinds[..once], vec![PrekeyKind::Once; once]);
    assert_eq!(kinds[once..], vec![PrekeyKind::Weekly; 25 - once]);
    assert!((15..25).contains(&once), "{once} one-time keys to one asker in an hour");
    assert_eq!(keys_left(&mut world, BOB), before - once as u32);
    let distinct: std::collections::BTreeSet<_> = ids[..once].iter().collect();
    assert_eq!(distinct.len(), once, "no key twice");
    world.start(BOB);
    world.run_for(5_000);
    assert_eq!(texts(&mut world, BOB)[1..], canaries(0..25));
}

#[test]
fn few_keys_are_made_many_again_at_the_next_sign_in() {
    let mut world = strangers();
    world.kill(BOB);
    while keys_left(&mut world, BOB) >= PREKEYS_FEW {
        for n in 0..20 {
            world.msg_until(ANN, BOB, &n.to_string(), Stage::Held);
            world.run_for(SOON_MS);
        }
        world.run_for(2 * HOUR_MS);
    }
    world.start(BOB);
    world.run_for(5_000);
    assert_eq!(keys_left(&mut world, BOB), PREKEYS as u32);
    assert!(held(&mut world, BOB).is_empty());
}

#[test]
fn mail_to_one_who_laid_out_no_keys_is_marked() {
    let mut world = pair();
    world.kill(BOB);
    let bob = key(&world, BOB);
    let record = hobnob::proto::model::record::ServerRecord::Unpublish(bob);
    world.server.store.keep(record).expect("memory is there");
    world.server.store.commit().expect("memory is there");
    let keys_are_gone = keys_left(&mut world, BOB) == 0;
    assert!(keys_are_gone);
    let asked = world.msg_until(ANN, BOB, "bare", Stage::Held);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    let kind = kinds(&mut world, BOB)[0];
    let id = ids(&world, ANN, asked)[0];
    let marked = |(node, event): &(Node, Event)| match event {
        Event::Receipt { id: of, why: Some(why), .. } if (*node, *of) == (ANN, id) => {
            why.contains("without forward secrecy")
        }
        _ => false,
    };
    assert_eq!(world.events.iter().any(marked), kind == PrekeyKind::Static);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, BOB), canaries(["bare"]));
    assert_eq!(keys_left(&mut world, BOB), PREKEYS as u32);
}

#[test]
fn a_server_that_lost_its_disk_is_given_everything_again() {
    for mut world in [friends(), strangers()] {
        let before = texts(&mut world, BOB).len();
        world.kill(BOB);
        for n in 0..10 {
            world.msg_until(ANN, BOB, &n.to_string(), Stage::Held);
            world.run_for(SOON_MS);
        }
        world.lose_server_disk();
        assert_eq!(held(&mut world, BOB), []);
        world.run_for(60_000);
        // Nobody has an account there until he comes.
        world.start(BOB);
        world.run_for(2 * MAIL_AGAIN_LAST_MS);
        assert_eq!(texts(&mut world, BOB)[before..], canaries(0..10));
    }
}

#[test]
fn what_a_full_mailbox_does_not_take_goes_later_in_order() {
    let mut world = strangers();
    world.kill(BOB);
    let text = "x".repeat(40_000);
    for n in 0..20 {
        world.msg_until(ANN, BOB, &format!("{n} {text}"), Stage::Queued);
    }
    world.run_for(60_000);
    let held_bytes: u64 = held(&mut world, BOB).iter().map(HeldMail::cost_bytes).sum();
    assert!(
        held_bytes <= world.server_config.hold_bytes / 4,
        "{held_bytes} bytes of one depositor"
    );
    let is_told = |(node, event): &&(Node, Event)| match event {
        Event::Receipt { why: Some(why), state: Stage::Queued, .. } => {
            *node == ANN && why.contains("too much mail")
        }
        _ => false,
    };
    assert_eq!(world.events.iter().filter(is_told).count(), 1, "told once");
    world.start(BOB);
    world.run_for(2 * MAIL_AGAIN_LAST_MS);
    let expected = canaries((0..20).map(|n| format!("{n} {text}")));
    assert!(texts(&mut world, BOB)[1..] == expected);
}

#[test]
fn mail_past_its_time_is_expired_on_both_sides() {
    let mut world = strangers();
    world.kill(BOB);
    let asked = world.msg_until(ANN, BOB, "too old", Stage::Held);
    world.run_for(29 * DAY_MS);
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(held(&mut world, BOB).len(), 1);
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held]);
    world.run_for(10 * DAY_MS);
    assert_eq!(held(&mut world, BOB), []);
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held, Stage::Expired]);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, BOB).len(), 1);
}

#[test]
fn mail_is_expired_also_by_one_who_writes_every_hour() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    world.msg(ANN, BOB, "hello");
    world.msg(ANN, 3, "hello");
    world.run_for(SOON_MS);
    world.kill(BOB);
    let asked = world.msg_until(ANN, BOB, "too old", Stage::Held);
    for n in 0..40 * 4 {
        world.msg_until(ANN, 3, &n.to_string(), Stage::Held);
        world.run_for(6 * HOUR_MS);
    }
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held, Stage::Expired]);
}

#[test]
fn mail_is_expired_also_by_one_who_is_never_there_for_a_day() {
    let mut world = strangers();
    world.kill(BOB);
    let asked = world.msg_until(ANN, BOB, "too old", Stage::Held);
    for _ in 0..40 {
        world.run_for(HOUR_MS);
        world.kill(ANN);
        world.run_for(23 * HOUR_MS);
        world.start(ANN);
    }
    world.run_for(SOON_MS);
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held, Stage::Expired]);
}

#[test]
fn a_clock_set_back_a_day_loses_and_disorders_nothing() {
    for node in [ANN, BOB, SERVER] {
        let mut world = strangers();
        world.kill(BOB);
        world.msg_until(ANN, BOB, "first", Stage::Held);
        world.run_for(SOON_MS);
        world.shift_wall(-(DAY_MS as i64));
        if node != BOB {
            world.kill(node);
            world.run_for(SOON_MS);
            world.start(node);
        }
        world.run_for(20_000);
        world.msg_until(ANN, BOB, "second", Stage::Held);
        world.run_for(SOON_MS);
        world.start(BOB);
        world.run_for(30_000);
        assert_eq!(texts(&mut world, BOB)[1..], canaries(["first", "second"]));
    }
}

#[test]
fn a_day_and_a_month_of_absence_lose_nothing_that_is_not_expired() {
    for days in [1, 30] {
        let mut world = strangers();
        world.kill(BOB);
        for n in 0..days {
            world.msg_until(ANN, BOB, &n.to_string(), Stage::Held);
            world.run_for(DAY_MS - HOUR_MS);
        }
        world.start(BOB);
        world.run_for(SOON_MS);
        assert_eq!(texts(&mut world, BOB)[1..], canaries(0..days));
    }
}

/// Ann writes to Bob, who is away; he comes and answers; whoever is doomed dies on the way.
fn letters_over_a_death(mut world: World, node: Node, wake: u64, crash: Crash) -> bool {
    let before = (texts(&mut world, ANN).len(), texts(&mut world, BOB).len());
    world.kill(BOB);
    world.run_for(SOON_MS);
    world.doomed = Some((node, wake, crash));
    let asked: Vec<u64> = (0..3)
        .map(|n| {
            world.run_for(30);
            world.msg_until(ANN, BOB, &n.to_string(), Stage::Queued)
        })
        .collect();
    world.run_for(300);
    world.start(BOB);
    world.run_for(SOON_MS);
    if world.clients[BOB - 1].machine.is_some() {
        world.msg_until(BOB, ANN, "answer", Stage::Queued);
    }
    world.run_for(2 * MAIL_AGAIN_LAST_MS);
    let has_died = world.doomed.is_none();
    let mut taken = Vec::new();
    for (n, asked) in asked.into_iter().enumerate() {
        for id in ids(&world, ANN, asked) {
            taken.push(n);
            let last = receipts(&world, ANN, id).last().copied();
            assert!(
                last == Some(Stage::Delivered) || has_died,
                "{n} is {last:?} for {node}, {wake}, {crash:?}"
            );
        }
    }
    // What its writer died over may be on his disk all the same.
    let came = texts(&mut world, BOB)[before.1..].to_vec();
    let all = canaries(0..3);
    assert!(
        canaries(&taken).iter().all(|text| came.contains(text)),
        "{came:?} of {taken:?} for {node}, {wake}, {crash:?}"
    );
    let mut last = 0;
    for text in &came {
        let at = all.iter().position(|one| one == text).expect("what ann wrote");
        assert!(at + 1 > last, "{came:?} for {node}, {wake}, {crash:?}");
        last = at + 1;
    }
    let answers = texts(&mut world, ANN)[before.0..].to_vec();
    assert!(answers.len() <= 1, "{answers:?} for {node}, {wake}, {crash:?}");
    for one in [ANN, BOB] {
        let store = &mut world.clients[one - 1].store;
        store
            .outbox(&mut |row| panic!("{:?} is left for {node}, {wake}, {crash:?}", row.id))
            .expect("memory is there");
    }
    has_died
}

#[test]
fn whoever_dies_at_any_point_of_a_letters_way_it_comes_once_and_in_order() {
    for node in [ANN, BOB, SERVER] {
        for crash in [Crash::BeforeCommit, Crash::AfterEffects(0), Crash::AfterEffects(1)] {
            let mut wake = 0;
            while letters_over_a_death(strangers(), node, wake, crash) {
                wake += 1;
            }
            assert!(wake > 10, "{node} woke {wake} times");
        }
    }
}

#[test]
fn friends_letters_survive_a_death_at_any_point_as_well() {
    for node in [ANN, BOB, SERVER] {
        for crash in [Crash::BeforeCommit, Crash::AfterEffects(1)] {
            let mut wake = 0;
            while letters_over_a_death(friends(), node, wake, crash) {
                wake += 1;
            }
            assert!(wake > 10, "{node} woke {wake} times");
        }
    }
}

#[test]
fn whichever_link_is_cut_whenever_a_letter_comes_once() {
    for wait in (0..900).step_by(23) {
        for node in [ANN, BOB] {
            let mut world = strangers();
            world.kill(BOB);
            world.msg_until(ANN, BOB, "first", Stage::Held);
            world.run_for(SOON_MS);
            world.start(BOB);
            world.msg_until(ANN, BOB, "second", Stage::Held);
            world.run_for(wait);
            world.cut_between(node, SERVER);
            world.run_for(30_000);
            assert_eq!(texts(&mut world, BOB)[1..], canaries(["first", "second"]), "{wait}");
            let store = &mut world.clients[ANN - 1].store;
            store.outbox(&mut |row| panic!("{:?} is left, {wait}", row.id)).expect("memory");
        }
    }
}

#[test]
fn whichever_direction_goes_silent_a_letter_comes_once() {
    for wait in (0..600).step_by(41) {
        for node in [ANN, BOB, SERVER] {
            let mut world = strangers();
            world.kill(BOB);
            world.msg_until(ANN, BOB, "first", Stage::Held);
            world.run_for(SOON_MS);
            world.start(BOB);
            world.msg_until(ANN, BOB, "second", Stage::Held);
            world.run_for(wait);
            let now = world.now;
            world.net.stall_one_of(now, node, 20_000);
            world.run_for(60_000);
            assert_eq!(texts(&mut world, BOB)[1..], canaries(["first", "second"]), "{wait}");
        }
    }
}

#[test]
fn the_server_keeps_no_text_and_no_name_in_what_it_holds() {
    let mut world = strangers();
    world.kill(BOB);
    for n in 0..10 {
        world.msg_until(ANN, BOB, &n.to_string(), Stage::Held);
    }
    world.run_for(SOON_MS);
    for mail in held(&mut world, BOB) {
        let holds = |needle: &[u8]| mail.envelope.windows(needle.len()).any(|part| part == needle);
        assert!(!holds(b"CANARY") && !holds(b"ann") && !holds(b"bob"));
        assert!(!holds(&key(&world, ANN).0.0[..]));
    }
}

#[test]
fn held_mail_is_padded_so_that_short_texts_look_alike() {
    let mut world = strangers();
    world.kill(BOB);
    for text in ["y", "a rather longer answer than just one letter, and some more"] {
        world.msg_until(ANN, BOB, text, Stage::Held);
        world.run_for(SOON_MS);
    }
    let sizes: Vec<usize> = held(&mut world, BOB).iter().map(|mail| mail.envelope.len()).collect();
    assert_eq!((sizes.len(), sizes[0]), (2, sizes[1]));
}
