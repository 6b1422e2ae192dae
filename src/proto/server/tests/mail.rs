use super::*;
use crate::proto::bytes::Blob;
use crate::proto::limits::{
    ENVELOPE_MAX_BYTES, EXPIRY_LOOK_MS, HELD_ROW_BYTES, HOLD_PART, MAIL_PAGE_BYTES,
};
use crate::proto::wire::client::{Deposit, Leave, Show, Taken};
use crate::proto::wire::server::{Deposited, Mail, Outcome};

const DAY_MS: u64 = 86_400_000;

fn deposit(to: u8, envelope: Vec<u8>) -> Deposit {
    Deposit { req: req(6), to: key(to), token: None, envelope: Blob(envelope) }
}

fn deposited(outcome: Outcome) -> Vec<ToClient> {
    vec![Deposited { req: req(6), outcome }.into()]
}

/// As Anna deposited it.
fn mail(number: u64, envelope: &[u8]) -> ToClient {
    let (from, name) = (key(1), Some(nm("anna")));
    Mail { number, from, name, envelope: Blob(envelope.to_vec()) }.into()
}

impl World {
    fn deposit(&mut self, id: ConnId, to: u8, envelope: Vec<u8>) -> Outcome {
        self.say(id, deposit(to, envelope));
        match self.heard(id).pop() {
            Some(ToClient::Deposited(answer)) if answer.req == req(6) => answer.outcome,
            other => panic!("{other:?}"),
        }
    }

    /// Signs in; what came behind the welcome.
    fn collect(&mut self, n: u8) -> (ConnId, Vec<ToClient>) {
        let id = self.dial(n);
        self.say(id, Enter { name: None, visibility: None });
        let mut heard = self.heard(id);
        assert!(matches!(heard.remove(0), ToClient::Welcome(_)));
        (id, heard)
    }
}

/// Anna, and Bert who is away.
fn away() -> (World, ConnId) {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.hang_up(bert);
    (world, anna)
}

#[test]
fn mail_for_somebody_away_comes_in_order_at_their_sign_in_and_once() {
    let (mut world, anna) = away();
    for n in 0..3 {
        world.utter(anna, deposit(2, vec![n]));
    }
    world.settle();
    assert_eq!(world.heard(anna), vec![deposited(Outcome::Held); 3].concat());
    let (bert, heard) = world.collect(2);
    assert_eq!(heard, [mail(1, &[0]), mail(2, &[1]), mail(3, &[2])]);
    world.say(bert, Taken { up_to: 3 });
    assert!(world.disk.mail.is_empty());
    let (_, heard) = world.collect(2);
    assert_eq!(heard, []);
}

#[test]
fn held_is_answered_only_behind_the_record() {
    let (mut world, anna) = away();
    world.utter(anna, deposit(2, vec![1]));
    let bytes = world.client(anna).link.take_output().expect("a deposit");
    world.input(anna, StreamEvent::Bytes(&bytes));
    let mut is_kept = false;
    while let Some(output) = world.server.poll_output() {
        match output {
            Output::Keep(record) => is_kept |= matches!(record, ServerRecord::Hold(_)),
            Output::Query(query) => {
                let rows = ServerRows { found: world.disk.read(&query.read), then: query.then };
                world.server.handle(world.now, Input::Rows(rows));
            }
            Output::Stream(id, action) => {
                assert!(is_kept, "the answer does not go before its record");
                world.client(id).on(action);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.heard(anna), deposited(Outcome::Held));
}

#[test]
fn mail_for_somebody_here_is_pushed_at_once() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    for n in 1..4 {
        assert_eq!(world.deposit(anna, 2, vec![n]), Outcome::Held);
        assert_eq!(world.heard(bert), [mail(n.into(), &[n])]);
    }
    assert_eq!(world.disk.mail.len(), 3, "kept until taken");
    world.say(bert, Taken { up_to: 2 });
    assert_eq!(world.disk.mail.len(), 1);
}

#[test]
fn what_is_not_taken_comes_again_on_the_next_link_in_order() {
    let (mut world, anna) = away();
    for n in 1..=4 {
        world.deposit(anna, 2, vec![n]);
    }
    let (bert, _) = world.collect(2);
    world.say(bert, Taken { up_to: 2 });
    world.hang_up(bert);
    let (bert, heard) = world.collect(2);
    assert_eq!(heard, [mail(3, &[3]), mail(4, &[4])]);
    world.restart();
    let (_, heard) = world.collect(2);
    assert_eq!(heard, [mail(3, &[3]), mail(4, &[4])]);
    assert_ne!(world.end(bert), None);
}

#[test]
fn numbers_are_never_used_twice_though_all_was_taken() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    let (bert, _) = world.collect(2);
    world.say(bert, Taken { up_to: 1 });
    world.restart();
    let anna = world.enter(1, "anna");
    world.deposit(anna, 2, vec![2]);
    let (_, heard) = world.collect(2);
    assert_eq!(heard, [mail(2, &[2])]);
}

#[test]
fn mail_comes_in_pages_and_only_to_those_who_take_it() {
    let mut world = World::with(Config { hold_bytes: 1 << 30, ..config(100) });
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.hang_up(bert);
    let bytes = 10_000;
    let total = 100u64;
    for n in 0..total {
        assert_eq!(world.deposit(anna, 2, vec![n as u8; bytes]), Outcome::Held);
    }
    let (bert, mut heard) = world.collect(2);
    let most = 2 * MAIL_PAGE_BYTES / bytes;
    assert!(heard.len() <= most, "{}", heard.len());
    world.pass(10 * DAY_MS);
    // A number out of the middle and one that comes again bring no more.
    world.say(bert, Taken { up_to: 1 });
    world.say(bert, Taken { up_to: 1 });
    assert_eq!(world.heard(bert), []);
    let mut numbers: Vec<u64> = Vec::new();
    while !heard.is_empty() {
        assert!(heard.len() <= most, "{}", heard.len());
        numbers.extend(heard.iter().map(|message| match message {
            ToClient::Mail(mail) => mail.number,
            other => panic!("{other:?}"),
        }));
        let up_to = *numbers.last().expect("mail was heard");
        world.say(bert, Taken { up_to });
        heard = world.heard(bert);
    }
    assert_eq!(numbers, (1..=total).collect::<Vec<_>>());
    assert!(world.disk.mail.is_empty());
}

#[test]
fn a_recipient_who_does_not_read_is_not_pushed_to_and_keeps_the_link() {
    let mut world = World::with(Config { hold_bytes: 1 << 30, ..config(100) });
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.client(bert).is_stuck = true;
    for _ in 0..100 {
        assert_eq!(world.deposit(anna, 2, vec![1; 20_000]), Outcome::Held);
    }
    assert!(world.client(bert).unread.len() < 2 * MAIL_PAGE_BYTES + 20_000);
    assert_eq!(world.end(bert), None);
    world.unstick(bert);
    let heard = world.heard(bert).len() as u64;
    world.say(bert, Taken { up_to: heard });
    assert!(!world.heard(bert).is_empty());
}

#[test]
fn nothing_is_taken_that_was_not_sent_on_this_link() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(bert, Taken { up_to: u64::MAX });
    world.deposit(anna, 2, vec![1]);
    assert_eq!(world.disk.mail.len(), 1);
    world.say(bert, Taken { up_to: 0 });
    assert_eq!(world.disk.mail.len(), 1);
    world.say(bert, Taken { up_to: u64::MAX });
    assert_eq!(world.disk.mail.len(), 0);
    world.deposit(anna, 2, vec![2]);
    assert_eq!(world.heard(bert), [mail(1, &[1]), mail(2, &[2])]);
}

#[test]
fn an_envelope_over_the_bound_is_too_large_for_anybody() {
    let (mut world, anna) = away();
    assert_eq!(world.deposit(anna, 2, vec![0; ENVELOPE_MAX_BYTES]), Outcome::Held);
    for to in [2, 9] {
        let outcome = world.deposit(anna, to, vec![0; ENVELOPE_MAX_BYTES + 1]);
        assert_eq!(outcome, Outcome::TooLarge);
    }
    assert_eq!(world.deposit(anna, 9, vec![0]), Outcome::Unknown);
}

#[test]
fn one_depositor_has_a_part_of_the_room_and_all_together_have_all() {
    let each = 1_000 + HELD_ROW_BYTES as u64;
    let mut world = World::with(Config { hold_bytes: 8 * each, ..config(100) });
    let bert = world.enter(2, "bert");
    world.hang_up(bert);
    let mut held = 0;
    for n in 10..16 {
        let id = world.enter(n, &format!("p{n}"));
        let mut of_this = 0;
        while world.deposit(id, 2, vec![0; 1_000]) == Outcome::Held {
            of_this += 1;
        }
        assert!(of_this <= 8 / HOLD_PART);
        assert_eq!(world.deposit(id, 2, vec![0; 1_000]), Outcome::Full);
        held += of_this;
    }
    assert_eq!(held, 8);
    // Others have room of their own.
    let anna = world.enter(1, "anna");
    assert_eq!(world.deposit(anna, 10, vec![0; 1_000]), Outcome::Held);
    let (bert, heard) = world.collect(2);
    world.say(bert, Taken { up_to: heard.len() as u64 });
    assert_eq!(world.deposit(anna, 2, vec![0; 1_000]), Outcome::Held);
}

#[test]
fn tiny_envelopes_are_no_way_around_the_quota() {
    let mut world = World::with(Config { hold_bytes: 100_000, ..config(100) });
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.hang_up(bert);
    let mut held = 0;
    while world.deposit(anna, 2, Vec::new()) == Outcome::Held {
        held += 1;
    }
    assert_eq!(held, 100_000 / 4 / HELD_ROW_BYTES);
}

#[test]
fn mail_past_its_time_is_deleted_once_it_is_due_and_not_before() {
    let (mut world, anna) = away();
    assert_eq!(world.server.poll_timeout(), None);
    world.deposit(anna, 2, vec![1]);
    world.pass(DAY_MS);
    world.deposit(anna, 2, vec![2]);
    world.pass_days(29);
    assert_eq!(world.disk.mail.len(), 2);
    world.pass(1);
    assert_eq!(world.disk.mail.len(), 1);
    world.pass_days(1);
    assert_eq!(world.disk.mail.len(), 0);
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn a_server_that_holds_mail_sleeps_for_days_and_without_any_for_good() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    let (due, _) = world.server.poll_timeout().expect("mail waits");
    assert!(due.since_ms(world.now.mono) >= EXPIRY_LOOK_MS.min(DAY_MS));
    let (bert, _) = world.collect(2);
    world.say(bert, Taken { up_to: 1 });
    assert_eq!(world.server.poll_timeout(), None);
    world.deposit(anna, 2, vec![1]);
    world.operate(Operate::Forget(nm("bert")));
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn mail_that_got_too_old_while_nobody_served_goes_at_the_start() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    world.now.wall = Wall(world.now.wall.0 + 31 * DAY_MS as i64);
    world.restart();
    world.server.handle(world.now, Input::Tick);
    world.settle();
    assert!(world.disk.mail.is_empty());
}

#[test]
fn a_clock_that_jumps_loses_no_deadline_and_looks_seldom() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    world.now.wall = Wall(world.now.wall.0 - DAY_MS as i64);
    world.pass_days(30);
    assert_eq!(world.disk.mail.len(), 1, "thirty days by the clock on the wall");
    world.pass_days(2);
    assert_eq!(world.disk.mail.len(), 0);
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    world.now.wall = Wall(world.now.wall.0 + 40 * DAY_MS as i64);
    world.pass(EXPIRY_LOOK_MS);
    assert_eq!(world.disk.mail.len(), 0);
}

#[test]
fn a_forgotten_account_leaves_no_mail_behind() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    world.operate(Operate::Forget(nm("bert")));
    assert!(world.disk.mail.is_empty());
    assert_eq!(world.deposit(anna, 2, vec![1]), Outcome::Unknown);
    let bert = world.enter(2, "bert");
    world.deposit(anna, 2, vec![2]);
    assert_eq!(world.heard(bert), [mail(1, &[2])]);
}

#[test]
fn mail_of_a_forgotten_account_comes_without_a_name() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    world.operate(Operate::Forget(nm("anna")));
    let (_, heard) = world.collect(2);
    let [ToClient::Mail(mail)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((mail.from, &mail.name), (key(1), &None));
}

#[test]
fn a_depositor_who_leaves_in_the_same_wake_has_deposited_or_was_never_told() {
    let (mut world, anna) = away();
    world.utter(anna, deposit(2, vec![1]));
    world.utter(anna, Leave {});
    world.settle();
    let was_told = world.heard(anna) == deposited(Outcome::Held);
    assert!(!was_told || world.disk.mail.len() == 1);
}

#[test]
fn mail_for_the_private_needs_a_token_also_while_they_are_away() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(bert, Show { req: req(1), visibility: Visibility::Private });
    world.hang_up(bert);
    assert_eq!(world.deposit(anna, 2, vec![1]), Outcome::Unknown);
    assert!(world.disk.mail.is_empty());
}

#[test]
fn many_recipients_are_served_from_one_wake() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let others: Vec<_> = (2..40).map(|n| (n, world.enter(n, &format!("p{n}")))).collect();
    for (n, _) in &others {
        world.utter(anna, deposit(*n, vec![*n]));
        world.utter(anna, deposit(*n, vec![0]));
    }
    world.settle();
    for (n, id) in others {
        assert_eq!(world.heard(id), [mail(1, &[n]), mail(2, &[0])]);
        assert_eq!(world.client(id).sends, 3, "the handshake, the welcome, and all mail");
    }
}

#[test]
fn stats_count_deposits_taken_in_and_refused() {
    let (mut world, anna) = away();
    world.deposit(anna, 2, vec![1]);
    world.deposit(anna, 9, vec![1]);
    let lines = world.operate(Operate::Stats);
    let [Report::Line(_, pairs)] = &lines[..] else { panic!("{lines:?}") };
    for figure in ["deposits", "deposits-refused"] {
        assert!(pairs.contains(&(figure, "1".to_owned())), "{figure}");
    }
}
