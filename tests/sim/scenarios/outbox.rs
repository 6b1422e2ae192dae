//! Messages: taken, kept, sent, given up; and peers who lie about them.

use super::*;
use hobnob::proto::id::MsgId;
use hobnob::proto::limits::{FLIGHT_BYTES, FLIGHT_MESSAGES, TEXT_MAX_BYTES};
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::SessionState::{Closed, Open};
use hobnob::proto::model::event::Stage;
use hobnob::proto::wire::peer::{Ack, Settle, Text};

/// Ann and Eve in a direct session.
fn ann_and_eve() -> (World, Line) {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    world.ask(ANN, accept(EVE));
    world.run_for(100);
    let line = eve_links(&mut world, session(1), ANN);
    say(&mut world, line, ToPeer::from(Settle {}));
    assert_eq!(last_word(&world, ANN, EVE).0, Open);
    (world, line)
}

fn text(byte: u8, text: &str) -> ToPeer {
    ToPeer::from(Text { id: MsgId(Bytes([byte; 16])), sent: Wall(1), text: text.into() })
}

/// Ann and Bob, who have met and are not in session.
fn acquainted() -> World {
    let mut world = talking();
    world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    world
}

#[test]
fn a_message_in_session_is_queued_sent_and_delivered() {
    let mut world = talking();
    let asked = world.msg(ANN, BOB, "hello");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Sent, Stage::Delivered]);
    assert_eq!(texts(&mut world, BOB), ["CANARY-PLAINTEXT hello"]);
}

#[test]
fn a_verb_ends_at_the_stage_that_it_waits_for() {
    let mut world = acquainted();
    world.kill(BOB);
    let queued = world.msg_until(ANN, BOB, "1", Stage::Queued);
    assert_eq!(refusal(&world, ANN, queued), None);
    let sent = world.msg_until(ANN, BOB, "2", Stage::Sent);
    let held = world.msg_until(ANN, BOB, "3", Stage::Held);
    let delivered = world.msg_until(ANN, BOB, "4", Stage::Delivered);
    assert_eq!((world.result(ANN, sent), world.result(ANN, held)), (None, None));
    world.run_for(SOON_MS);
    assert_eq!((refusal(&world, ANN, sent), refusal(&world, ANN, held)), (None, None));
    assert_eq!(world.result(ANN, delivered), None);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, delivered), None);
}

#[test]
fn a_message_to_a_stranger_is_taken_once_he_is_found() {
    let mut world = pair();
    let known = world.msg_until(ANN, BOB, "hello", Stage::Queued);
    let nobody = world.msg_until(ANN, 4, "hello", Stage::Queued);
    let myself = world.msg_until(ANN, ANN, "hello", Stage::Queued);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, known), None);
    assert_eq!(refusal(&world, ANN, nobody), Some(Refusal::Unknown("dan".into())));
    assert_eq!(refusal(&world, ANN, myself), Some(Refusal::Myself));
    assert_eq!(ids(&world, ANN, nobody), []);
}

#[test]
fn a_verb_to_several_ends_when_all_have_it_and_fails_if_one_has_not() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    let verb = |to: &[Node]| Verb::Msg {
        to: to.iter().map(|node| target(*node)).collect(),
        text: "to all".into(),
        until: Stage::Delivered,
    };
    world.net.canary = b"to all".to_vec();
    world.kill(3);
    let both = world.ask(ANN, verb(&[BOB, 3]));
    let one = world.ask(ANN, verb(&[BOB, 4]));
    world.run_for(SOON_MS);
    assert_eq!(ids(&world, ANN, both).len(), 2);
    assert_eq!(world.result(ANN, both), None, "cyd has not got it");
    assert_eq!(refusal(&world, ANN, one), Some(Refusal::Unknown("dan".into())));
    world.start(3);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, both), None);
}

#[test]
fn a_verb_that_runs_out_of_time_leaves_its_message_on_its_way() {
    let mut world = acquainted();
    world.kill(BOB);
    let asked = world.msg(ANN, BOB, "later");
    world.run_for(30_000);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::TimeOut));
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, BOB), ["CANARY-PLAINTEXT later"]);
}

#[test]
fn what_was_written_while_away_goes_out_in_order_at_the_next_session() {
    let mut world = acquainted();
    world.kill(BOB);
    for n in 0..5 {
        world.msg(ANN, BOB, &n.to_string());
    }
    world.kill(ANN);
    world.run_for(SOON_MS);
    world.start(ANN);
    world.start(BOB);
    world.run_for(SOON_MS);
    open(&mut world);
    let expected: Vec<String> = (0..5).map(|n| format!("CANARY-PLAINTEXT {n}")).collect();
    assert_eq!(texts(&mut world, BOB), expected);
}

#[test]
fn what_was_written_after_a_clock_was_set_back_still_comes_after() {
    let mut world = acquainted();
    world.msg(ANN, BOB, "first");
    world.shift_wall(-86_400_000);
    world.msg(ANN, BOB, "second");
    world.kill(ANN);
    world.start(ANN);
    world.msg(ANN, BOB, "third");
    world.run_for(SOON_MS);
    open(&mut world);
    let expected = ["first", "second", "third"].map(|n| format!("CANARY-PLAINTEXT {n}"));
    assert_eq!(texts(&mut world, BOB), expected);
}

#[test]
fn what_is_given_up_is_not_sent_and_its_verb_says_so() {
    let mut world = acquainted();
    world.ask(ANN, Verb::Offline);
    let asked = world.msg(ANN, BOB, "unsaid");
    let kept = world.msg(ANN, BOB, "said");
    let id = ids(&world, ANN, asked)[0];
    let dropped = world.ask(ANN, Verb::Drop(id));
    let again = world.ask(ANN, Verb::Drop(id));
    assert_eq!(refusal(&world, ANN, dropped), None);
    assert_eq!(refusal(&world, ANN, again), Some(Refusal::NoSuchMessage(id.short())));
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Dropped(id.short())));
    world.ask(ANN, Verb::Online);
    open(&mut world);
    assert_eq!(refusal(&world, ANN, kept), None);
    assert_eq!(texts(&mut world, BOB), ["CANARY-PLAINTEXT said"]);
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Refused]);
}

#[test]
fn each_who_gives_up_the_same_message_at_once_is_answered() {
    let mut world = acquainted();
    let asked = world.msg(ANN, BOB, "unsaid");
    let id = ids(&world, ANN, asked)[0];
    let dropped = world.ask_at_once(ANN, vec![Verb::Drop(id), Verb::Drop(id)]);
    assert!(dropped.iter().all(|ticket| world.result(ANN, *ticket).is_some()));
}

#[test]
fn what_was_delivered_cannot_be_given_up() {
    let mut world = talking();
    let asked = world.msg(ANN, BOB, "said");
    world.run_for(SOON_MS);
    let id = ids(&world, ANN, asked)[0];
    let dropped = world.ask(ANN, Verb::Drop(id));
    assert_eq!(refusal(&world, ANN, dropped), Some(Refusal::NoSuchMessage(id.short())));
}

#[test]
fn the_longest_text_passes_and_one_byte_more_is_refused() {
    for mut world in [talking(), relayed()] {
        let longest = "x".repeat(TEXT_MAX_BYTES);
        let verb =
            |text: String| Verb::Msg { to: vec![target(BOB)], text, until: Stage::Delivered };
        let fits = world.ask(ANN, verb(longest.clone()));
        let over = world.ask(ANN, verb(longest.clone() + "x"));
        world.run_for(SOON_MS);
        assert_eq!(refusal(&world, ANN, fits), None);
        let why = Refusal::TextTooLong(TEXT_MAX_BYTES + 1);
        assert_eq!(refusal(&world, ANN, over), Some(why));
        assert!(texts(&mut world, BOB) == [longest]);
    }
}

/// Ann writes so much while Bob is away, and how much was ever on its way to one end then.
fn backlog(count: usize, bytes: usize) -> usize {
    let mut world = acquainted();
    world.net.most_coming_bytes = 0;
    let verb = |n: usize| Verb::Msg {
        to: vec![target(BOB)],
        text: format!("{n:>bytes$}"),
        until: Stage::Queued,
    };
    for n in 0..count {
        world.ask(ANN, verb(n));
    }
    open(&mut world);
    world.run_for(120_000);
    let came: Vec<usize> =
        texts(&mut world, BOB).iter().map(|text| text.trim().parse().expect("a number")).collect();
    assert_eq!(came, (0..count).collect::<Vec<_>>());
    world.net.most_coming_bytes
}

#[test]
fn more_short_messages_than_a_flight_all_arrive_in_order() {
    let count = FLIGHT_MESSAGES + 1_000;
    let most = backlog(count, 10);
    assert!(most < FLIGHT_MESSAGES * 100, "{most} bytes at once");
}

#[test]
fn more_long_messages_than_a_flight_all_arrive_in_order_a_flight_at_a_time() {
    let bytes = 32 * 1024;
    let most = backlog(200, bytes);
    assert!(most < FLIGHT_BYTES + 4 * bytes, "{most} bytes at once");
}

#[test]
fn a_burst_in_session_is_held_back_to_a_flight() {
    let mut world = talking();
    world.net.most_coming_bytes = 0;
    for n in 0..200 {
        let text = format!("{n:>32768}");
        world.ask(ANN, Verb::Msg { to: vec![target(BOB)], text, until: Stage::Queued });
    }
    let most = world.net.most_coming_bytes;
    world.run_for(60_000);
    assert_eq!(world.log(BOB).len(), 200);
    assert!(most < FLIGHT_BYTES + 2 * 32_768, "{most} bytes at once");
}

#[test]
fn who_acknowledges_what_was_not_sent_is_closed() {
    let (mut world, line) = ann_and_eve();
    let asked = world.msg(ANN, EVE, "one");
    world.run_for(SOON_MS);
    say(&mut world, line, ToPeer::from(Ack { count: 2 }));
    assert_eq!(last_word(&world, ANN, EVE).0, Closed);
    assert_eq!(world.result(ANN, asked), None, "nothing was delivered");
}

#[test]
fn an_acknowledgement_that_is_repeated_or_goes_back_changes_nothing() {
    let (mut world, line) = ann_and_eve();
    let first = world.msg(ANN, EVE, "one");
    let second = world.msg(ANN, EVE, "two");
    world.run_for(SOON_MS);
    for count in [1, 1, 0] {
        say(&mut world, line, ToPeer::from(Ack { count }));
    }
    assert_eq!(refusal(&world, ANN, first), None);
    assert_eq!(world.result(ANN, second), None);
    say(&mut world, line, ToPeer::from(Ack { count: 2 }));
    assert_eq!(refusal(&world, ANN, second), None);
    assert_eq!(last_word(&world, ANN, EVE).0, Open);
}

#[test]
fn a_count_at_the_end_of_numbers_is_a_lie_like_any_other() {
    let (mut world, line) = ann_and_eve();
    world.msg(ANN, EVE, "one");
    say(&mut world, line, ToPeer::from(Ack { count: u64::MAX }));
    assert_eq!(last_word(&world, ANN, EVE).0, Closed);
}

#[test]
fn a_message_that_is_repeated_is_acknowledged_again_and_shown_once() {
    let (mut world, line) = ann_and_eve();
    for _ in 0..3 {
        say(&mut world, line, text(7, "hello"));
    }
    assert_eq!(texts(&mut world, ANN), ["hello"]);
    let acks = |heard: &Heard| matches!(heard, Heard::Peer(ToPeer::Ack(_)));
    let last = heard(&world).into_iter().rfind(acks);
    assert_eq!(last, Some(Heard::Peer(ToPeer::from(Ack { count: 3 }))));
}

#[test]
fn the_same_id_with_another_text_does_not_change_what_was_said() {
    let (mut world, line) = ann_and_eve();
    say(&mut world, line, text(7, "hello"));
    say(&mut world, line, text(7, "something else"));
    assert_eq!(texts(&mut world, ANN), ["hello"]);
}

#[test]
fn a_text_before_the_session_is_settled_is_not_taken() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    world.ask(ANN, accept(EVE));
    world.run_for(100);
    let line = eve_links(&mut world, session(1), ANN);
    say(&mut world, line, text(7, "too early"));
    assert_eq!(texts(&mut world, ANN), [] as [&str; 0]);
    let acks = |heard: &Heard| matches!(heard, Heard::Peer(ToPeer::Ack(_)));
    assert!(!heard(&world).iter().any(acks));
}

#[test]
fn a_peer_may_send_the_longest_text_and_no_longer_one() {
    let (mut world, line) = ann_and_eve();
    let longest = "y".repeat(TEXT_MAX_BYTES);
    say(&mut world, line, text(1, &longest));
    assert_eq!(texts(&mut world, ANN).len(), 1);
    say(&mut world, line, text(2, &(longest + "y")));
    assert_eq!(texts(&mut world, ANN).len(), 1);
    let said = (Closed, "the other side sent a text over the limit".to_owned());
    assert_eq!(last_word(&world, ANN, EVE), said);
}

#[test]
fn kinds_that_are_not_known_are_passed_over() {
    let (mut world, line) = ann_and_eve();
    world.play(EVE, |eve| eve.say(line, &Raw(vec![0x92, 0x77, 0xC3])));
    say(&mut world, line, text(1, "after the unknown"));
    assert_eq!(texts(&mut world, ANN), ["after the unknown"]);
    assert_eq!(last_word(&world, ANN, EVE).0, Open);
}

#[test]
fn a_known_kind_with_a_body_that_is_none_closes_the_session() {
    for bytes in [vec![0x92, 0x03, 0xC3], vec![0x92, 0x03], vec![0xC1], vec![]] {
        let (mut world, line) = ann_and_eve();
        world.play(EVE, |eve| eve.say(line, &Raw(bytes)));
        world.run_for(SOON_MS);
        let said = (Closed, "the other side sent garbage".to_owned());
        assert_eq!(last_word(&world, ANN, EVE), said);
    }
}

#[test]
fn garbage_on_the_stream_closes_the_session() {
    let (mut world, line) = ann_and_eve();
    let Line::Stream(conn) = line else { panic!("a stream") };
    world.net.act(world.now, (EVE, conn), StreamAction::Send(garbage()));
    world.run_for(SOON_MS);
    let said = (Closed, "the other side sent garbage".to_owned());
    assert_eq!(last_word(&world, ANN, EVE), said);
}

/// A frame that nobody sealed.
fn garbage() -> Vec<u8> {
    [vec![0, 32], vec![0x5A; 32]].concat()
}

/// A message as its bytes are.
struct Raw(Vec<u8>);

impl hobnob::proto::wire::Wire for Raw {
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&(self.0.len() as u32).to_be_bytes());
        to.extend_from_slice(&self.0);
    }

    fn decode(_: &[u8]) -> Result<Option<Self>, hobnob::proto::wire::BadMessage> {
        Ok(None)
    }
}
