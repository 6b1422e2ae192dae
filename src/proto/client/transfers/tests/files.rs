//! From an offer to the end of a file's way.

use super::pair::{ANN, BOB, Pair, identity, name};
use crate::proto::limits;
use crate::proto::model::command::{Place, Verb};
use crate::proto::model::event::Stage;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::FileState::{self, Cancelled, Done, Failed, Offered, Taken};

fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

fn take(id: &str) -> Verb {
    Verb::Take { id: id.into(), place: None }
}

/// Bob has this much of the only file that he is getting.
fn has(pair: &Pair, least: u64) -> bool {
    let said = pair.sides[BOB].files_said();
    let id = said.first().expect("a file is offered").id;
    pair.sides[BOB].client.file_bytes(id).is_some_and(|bytes| bytes >= least)
}

/// Nothing is left behind but what is meant to be there.
fn assert_tidy(pair: &Pair, names: &[&str]) {
    assert_eq!(pair.sides[BOB].files.names("/bob"), names);
    assert_eq!((pair.sides[ANN].files.opened(), pair.sides[BOB].files.opened()), (0, 0));
    assert!(pair.sides[ANN].client.is_settled() && pair.sides[BOB].client.is_settled());
}

#[test]
fn a_file_comes_whole_and_both_sides_hear_of_each_step() {
    let mut pair = Pair::friends();
    let content = bytes(3_000_000);
    let id = pair.offer("/home/photo.jpg", &content);
    assert_eq!(pair.sides[BOB].file_states(), [Offered]);
    assert_eq!(pair.ask(BOB, take(&id[..6].to_lowercase())), Ok(()));
    pair.settle();
    for side in &pair.sides {
        assert_eq!(side.file_states(), [Offered, Taken, Done]);
        let last = side.files_said().pop().expect("it is done");
        assert_eq!(
            (last.bytes, last.size, last.name.as_str()),
            (3_000_000, 3_000_000, "photo.jpg")
        );
    }
    let last = pair.sides[BOB].files_said().pop().and_then(|file| file.path.clone());
    assert_eq!(last.as_deref(), Some("/bob/photo.jpg"));
    assert_eq!(pair.sides[BOB].files.at("/bob/photo.jpg"), Some(content.as_slice()));
    assert_tidy(&pair, &["photo.jpg"]);
}

#[test]
fn sizes_about_a_chunk_and_none_at_all_come_whole() {
    for size in [0, 1, limits::CHUNK_BYTES - 1, limits::CHUNK_BYTES, limits::CHUNK_BYTES + 1] {
        let mut pair = Pair::friends();
        let content = bytes(size);
        let id = pair.offer("/home/x", &content);
        assert_eq!(pair.ask(BOB, take(&id)), Ok(()), "{size} bytes");
        pair.settle();
        assert_eq!(pair.sides[ANN].file_states().last(), Some(&Done));
        assert_eq!(pair.sides[BOB].files.at("/bob/x"), Some(content.as_slice()));
        assert_tidy(&pair, &["x"]);
    }
}

#[test]
fn a_file_is_kept_at_its_steps_and_not_at_each_chunk() {
    let mut pair = Pair::friends();
    let id = pair.offer("/home/x", &bytes(20_000_000));
    assert_eq!(pair.ask(BOB, take(&id)), Ok(()));
    let (sent, got) = (pair.sides[ANN].disk.file_records, pair.sides[BOB].disk.file_records);
    assert!(sent <= 3 && got <= 6, "{sent} and {got} records");
    assert!(pair.sides[BOB].files_said().len() < 20, "progress is said now and then");
}

#[test]
fn a_broken_link_costs_nothing_that_has_come() {
    let mut pair = Pair::friends();
    let content = bytes(5_000_000);
    let id = pair.offer("/home/x", &content);
    let ticket = pair.say(BOB, take(&id));
    for part in [1_000_000, 2_000_000, 4_000_000] {
        pair.until(|pair| has(pair, part));
        pair.cut();
        assert!(has(&pair, part) && pair.sides[BOB].files.opened() == 0);
        assert_eq!(pair.sides[BOB].files.names("/bob").len(), 1);
        // Written once: the file system of the test takes no byte twice.
        pair.link();
    }
    pair.until(|pair| pair.sides[BOB].done.contains_key(&ticket));
    pair.settle();
    assert_eq!(pair.sides[BOB].files.at("/bob/x"), Some(content.as_slice()));
    for side in &pair.sides {
        assert_eq!(side.file_states(), [Offered, Taken, Done]);
    }
    assert_tidy(&pair, &["x"]);
}

#[test]
fn a_crash_of_the_receiver_costs_what_came_after_the_last_checkpoint() {
    let mut pair = Pair::friends();
    let content = bytes(40_000_000);
    let id = pair.offer("/home/x", &content);
    pair.say(BOB, take(&id));
    pair.until(|pair| has(pair, 36_000_000));
    pair.crash(BOB);
    let kept = pair.sides[BOB].disk.transfers.values().next().expect("it is kept").bytes;
    assert!(kept >= limits::CHECKPOINT_BYTES, "only {kept} bytes are kept");
    assert!(has(&pair, kept));
    pair.link();
    pair.until(|pair| pair.sides[BOB].has_said(Done));
    pair.settle();
    assert_eq!(pair.sides[BOB].files.at("/bob/x"), Some(content.as_slice()));
    assert_eq!(pair.sides[ANN].file_states(), [Offered, Taken, Done]);
    assert_tidy(&pair, &["x"]);
}

#[test]
fn a_crash_of_the_sender_or_of_both_is_got_over() {
    for who in [&[ANN][..], &[ANN, BOB]] {
        let mut pair = Pair::friends();
        let content = bytes(2_000_000);
        let id = pair.offer("/home/x", &content);
        pair.say(BOB, take(&id));
        pair.until(|pair| has(pair, 500_000));
        who.iter().for_each(|n| pair.crash(*n));
        pair.link();
        pair.until(|pair| pair.sides[BOB].has_said(Done));
        pair.settle();
        assert_eq!(pair.sides[BOB].files.at("/bob/x"), Some(content.as_slice()));
        assert!(pair.sides[ANN].has_said(Done));
        assert_tidy(&pair, &["x"]);
    }
}

#[test]
fn what_had_its_name_before_a_crash_is_found_and_not_fetched_again() {
    let mut pair = Pair::friends();
    let content = bytes(300_000);
    let id = pair.offer("/home/x", &content);
    pair.say(BOB, take(&id));
    pair.until(|pair| pair.sides[BOB].files.at("/bob/x").is_some());
    assert!(!pair.sides[BOB].has_said(Done), "it has its name, and that is not yet kept");
    pair.crash(BOB);
    pair.link();
    pair.until(|pair| pair.sides[ANN].has_said(Done));
    assert!(pair.sides[BOB].has_said(Done));
    assert_tidy(&pair, &["x"]);
}

#[test]
fn a_part_that_was_spoilt_is_fetched_anew() {
    let mut pair = Pair::friends();
    let content = bytes(2_000_000);
    let id = pair.offer("/home/x", &content);
    pair.say(BOB, take(&id));
    pair.until(|pair| has(pair, 1_000_000));
    pair.cut();
    pair.restart(BOB);
    let part = pair.sides[BOB].files.all.values_mut().next().expect("the part");
    part.bytes[5] ^= 1;
    pair.link();
    pair.until(|pair| pair.sides[BOB].has_said(Done));
    pair.settle();
    assert_eq!(pair.sides[BOB].files.at("/bob/x"), Some(content.as_slice()));
    assert_tidy(&pair, &["x"]);
}

#[test]
fn a_file_that_changed_is_failed_on_both_sides_and_nothing_of_it_stays() {
    type Change = fn(&mut Pair);
    let changes: [(Change, &str); 4] = [
        (|pair| pair.sides[ANN].files.put("/home/x", &bytes(2_000_001)), "has changed"),
        (|pair| pair.sides[ANN].files.put("/home/x", &bytes(2_000_000)), "has changed"),
        (|pair| drop(pair.sides[ANN].files.all.remove("/home/x")), "no such file"),
        (|pair| pair.sides[ANN].files.put("/home/x", b""), "has changed"),
    ];
    for (change, why) in changes {
        let mut pair = Pair::friends();
        let id = pair.offer("/home/x", &bytes(2_000_000));
        change(&mut pair);
        let refusal = pair.ask(BOB, take(&id)).expect_err("it cannot come");
        assert!(refusal.to_string().contains(why), "{refusal}");
        pair.settle();
        for side in &pair.sides {
            assert_eq!(side.file_states().last(), Some(&Failed));
        }
        assert_tidy(&pair, &[]);
    }
}

#[test]
fn a_file_cut_short_or_rewritten_under_way_is_never_passed_off() {
    for is_cut in [true, false] {
        let mut pair = Pair::friends();
        let id = pair.offer("/home/x", &bytes(4_000_000));
        let ticket = pair.say(BOB, take(&id));
        pair.until(|pair| has(pair, 1_000_000));
        let file = pair.sides[ANN].files.all.get_mut("/home/x").expect("the file");
        match is_cut {
            true => file.bytes.truncate(3_000_000),
            false => file.bytes[3_500_000] ^= 1,
        }
        pair.until(|pair| pair.sides[BOB].done.contains_key(&ticket));
        pair.settle();
        assert!(matches!(pair.sides[BOB].done[&ticket], Err(Refusal::FileEnded(..))));
        for side in &pair.sides {
            assert_eq!(side.file_states().last(), Some(&Failed));
        }
        assert_tidy(&pair, &[]);
    }
}

#[test]
fn a_file_can_be_refused_and_then_not_be_taken() {
    let mut pair = Pair::strangers();
    let id = pair.offer("/home/x", b"hello");
    assert_eq!(pair.ask(BOB, Verb::Refuse(id.clone())), Ok(()));
    pair.settle();
    for side in &pair.sides {
        assert_eq!(side.file_states(), [Offered, Cancelled]);
    }
    assert_eq!(pair.ask(BOB, take(&id)), Err(Refusal::NoFile(id)));
    assert_tidy(&pair, &[]);
}

#[test]
fn either_side_gives_up_at_any_moment() {
    for who in [ANN, BOB] {
        for moment in [0, 1, 700_000] {
            let mut pair = Pair::friends();
            let id = pair.offer("/home/x", &bytes(2_000_000));
            let ticket = (moment > 0).then(|| pair.say(BOB, take(&id)));
            if moment > 0 {
                pair.until(|pair| has(pair, moment));
            }
            assert_eq!(pair.ask(who, Verb::Cancel(id.clone())), Ok(()));
            pair.settle();
            for side in &pair.sides {
                assert_eq!(side.file_states().last(), Some(&Cancelled), "{who} at {moment}");
            }
            if let Some(ticket) = ticket {
                assert!(matches!(pair.sides[BOB].done[&ticket], Err(Refusal::FileEnded(..))));
            }
            assert_eq!(pair.ask(who, Verb::Cancel(id.clone())), Err(Refusal::NoRun(id)));
            assert_tidy(&pair, &[]);
        }
    }
}

#[test]
fn what_was_given_up_without_a_link_ends_when_there_is_one() {
    let mut pair = Pair::friends();
    let id = pair.offer("/home/x", &bytes(2_000_000));
    pair.say(BOB, take(&id));
    pair.until(|pair| has(pair, 500_000));
    pair.cut();
    assert_eq!(pair.ask(BOB, Verb::Cancel(id)), Ok(()));
    assert!(pair.sides[BOB].files.names("/bob").is_empty());
    pair.link();
    pair.until(|pair| pair.sides[ANN].has_said(Cancelled));
    pair.settle();
    assert_tidy(&pair, &[]);
}

#[test]
fn a_name_is_made_safe_and_nothing_is_overwritten() {
    let mut pair = Pair::friends();
    pair.sides[BOB].files.put("/bob/_bashrc", b"mine");
    let id = pair.offer("/home/.bashrc", b"theirs");
    assert_eq!(pair.ask(BOB, take(&id)), Ok(()));
    assert_eq!(pair.sides[BOB].files.at("/bob/_bashrc"), Some(&b"mine"[..]));
    let last = pair.sides[BOB].files_said().pop().and_then(|file| file.path.clone());
    assert_eq!(last.as_deref(), Some("/bob/_bashrc (1)"));
}

#[test]
fn a_file_goes_where_it_is_told_to() {
    for (place, path) in [
        (Place::Into("/tmp/".into()), "/tmp/x"),
        (Place::At("/tmp/other".into()), "/tmp/other"),
        (Place::Into("/".into()), "/x"),
    ] {
        let mut pair = Pair::friends();
        let id = pair.offer("/home/x", b"hello");
        assert_eq!(pair.ask(BOB, Verb::Take { id, place: Some(place) }), Ok(()));
        assert_eq!(pair.sides[BOB].files.at(path), Some(&b"hello"[..]));
    }
}

#[test]
fn without_room_or_a_place_it_stays_offered() {
    let mut pair = Pair::friends();
    let id = pair.offer("/home/x", &bytes(1_000));
    pair.sides[BOB].files.free_bytes = 999;
    let no_room = pair.ask(BOB, take(&id)).expect_err("there is no room");
    assert!(no_room.to_string().contains("no room"), "{no_room}");
    pair.sides[BOB].files.free_bytes = 1_000;
    let part = format!("/bob/.x.{}.part", &id[..6]);
    pair.sides[BOB].files.broken.insert(part.clone());
    assert!(matches!(pair.ask(BOB, take(&id)), Err(Refusal::File(..))));
    assert_eq!(pair.sides[BOB].file_states(), [Offered]);
    assert_tidy(&pair, &[]);
    pair.sides[BOB].files.broken.remove(&part);
    assert_eq!(pair.ask(BOB, take(&id)), Ok(()));
}

#[test]
fn room_that_one_file_was_promised_is_not_free_for_another() {
    let mut pair = Pair::friends();
    let ids = ["/home/x", "/home/y"].map(|path| pair.offer(path, &bytes(600)));
    pair.sides[BOB].files.free_bytes = 1_000;
    let [one, two] = ids.each_ref().map(|id| pair.say(BOB, take(id)));
    pair.until(|pair| [one, two].iter().all(|ticket| pair.sides[BOB].done.contains_key(ticket)));
    assert_eq!(pair.sides[BOB].done[&one], Ok(()));
    let no_room = pair.sides[BOB].done[&two].clone().expect_err("there is no room for both");
    assert!(no_room.to_string().contains("and 400 are free"), "{no_room}");
    // The first is there now, on a disk that was as large as that.
    assert_eq!(pair.ask(BOB, take(&ids[1])), Ok(()));
}

#[test]
fn a_second_take_waits_for_the_first() {
    let mut pair = Pair::friends();
    let id = pair.offer("/home/x", &bytes(2_000_000));
    let first = pair.say(BOB, take(&id));
    let second = pair.say(BOB, take(&id));
    pair.until(|pair| has(pair, 500_000));
    let third = pair.say(BOB, take(&id));
    pair.until(|pair| pair.sides[BOB].done.len() == 3);
    for ticket in [first, second, third] {
        assert_eq!(pair.sides[BOB].done[&ticket], Ok(()));
    }
    pair.settle();
    assert_tidy(&pair, &["x"]);
}

#[test]
fn fifty_files_take_turns_and_a_message_passes_between_them() {
    let mut pair = Pair::friends();
    let content = bytes(400_000);
    let ids: Vec<String> = (0..50).map(|n| pair.offer(&format!("/home/{n}"), &content)).collect();
    for id in &ids {
        pair.say(BOB, take(id));
    }
    pair.until(|pair| pair.sides[BOB].has_said(Done));
    let started = |pair: &Pair| {
        let bytes = |file: &&crate::proto::model::event::FileEvent| {
            pair.sides[BOB].client.file_bytes(file.id).is_none_or(|bytes| bytes > 200_000)
        };
        pair.sides[BOB].files_said().into_iter().filter(bytes).count()
    };
    assert!(started(&pair) >= 50, "when one is done, the others are not far behind");
    let before = pair.ms;
    let msg = Verb::Msg { to: vec![name(BOB)], text: "hi".into(), until: Stage::Delivered };
    assert_eq!(pair.ask(ANN, msg), Ok(()));
    assert!(pair.ms - before < 20, "it took {} wakes", pair.ms - before);
    pair.until(|pair| pair.sides[BOB].done.len() == 50);
    pair.settle();
    assert_eq!(pair.sides[BOB].files.names("/bob").len(), 50);
    assert!(pair.sides[BOB].files.all.values().all(|file| file.bytes == content));
}

#[test]
fn no_more_files_are_open_than_their_bound() {
    let mut pair = Pair::friends();
    let content = bytes(100_000);
    // More than a pair may offer at a time are refused, and said to be.
    let count = limits::OFFERS_PAIR + 1;
    for n in 0..count {
        let path = format!("/home/{n}");
        pair.sides[ANN].files.put(&path, &content);
        let send = Verb::Send { to: name(BOB), path, until: Stage::Delivered };
        assert_eq!(pair.ask(ANN, send), Ok(()));
    }
    pair.settle();
    let offered = pair.sides[BOB].files_said().len();
    assert_eq!(offered, limits::OFFERS_PAIR);
    let refused = pair.sides[ANN].file_states();
    assert_eq!(refused.iter().filter(|state| **state == Cancelled).count(), 1);
    assert!(pair.sides[BOB].files.most_open <= limits::FILES_OPEN);
}

#[test]
fn a_file_that_cannot_be_read_is_told_to_its_sender_alone() {
    let mut pair = Pair::friends();
    let send = |path: &str, to| Verb::Send { to, path: path.into(), until: Stage::Queued };
    let missing = pair.ask(ANN, send("/home/none", name(BOB)));
    assert_eq!(missing, Err(Refusal::File("/home/none".into(), "no such file".into())));
    pair.sides[ANN].files.put("/home/x", b"x");
    let myself = crate::proto::model::person::Target::Key(identity(ANN).fingerprint());
    let refused = pair.ask(ANN, send("/home/x", myself));
    assert!(refused.is_err(), "nothing is sent to oneself");
    pair.settle();
    assert!(pair.sides[BOB].files_said().is_empty() && pair.sides[ANN].files_said().is_empty());
}

#[test]
fn a_verb_that_waits_for_the_offer_alone_ends_at_once() {
    let mut pair = Pair::friends();
    pair.cut();
    pair.sides[ANN].files.put("/home/x", b"x");
    let send = Verb::Send { to: name(BOB), path: "/home/x".into(), until: Stage::Queued };
    assert_eq!(pair.ask(ANN, send), Ok(()));
    assert_eq!(pair.sides[ANN].file_states(), [Offered]);
    assert_eq!(pair.sides[BOB].file_states(), [] as [FileState; 0]);
    pair.link();
    pair.settle();
    assert_eq!(pair.sides[BOB].file_states(), [Offered]);
}
