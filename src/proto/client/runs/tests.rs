//! Clients that dial each other, without a server; and every way we know to run without consent.

mod bench;

use self::bench::{ANN, BOB, Bench, EVE, argv};
use super::*;
use crate::proto::machine;
use crate::proto::model::bond::{Bond, Friendship};
use crate::proto::model::command::Verb;
use crate::proto::model::run::RunState::{Allowed, Asked, Denied, Exited, Failed, Output};
use crate::proto::time::Wall;
use crate::proto::wire::peer::{RunAnswer, RunAsk, RunOutput};

fn exited(code: i32) -> machine::RunEvent<'static> {
    machine::RunEvent::Ended(machine::RunEnd::Exited(code))
}

#[test]
fn a_command_runs_after_a_yes_and_its_output_and_code_come_back() {
    let mut bench = Bench::friends();
    let ticket = bench.ask(ANN, BOB, &["echo", "$HOME;", "id"]);
    assert_eq!(bench.states(BOB), [Asked]);
    assert!(bench.children(BOB).is_empty(), "nobody said yes");
    let id = bench.last(BOB).id;
    assert_eq!(bench.last(BOB).command, "echo '$HOME;' id");

    assert_eq!(bench.answer(BOB, &id.short(), true), Ok(()));
    let child = bench.only_child(BOB, &["echo", "$HOME;", "id"]);
    bench.child(BOB, child, machine::RunEvent::Output(Pipe::Stdout, "ä".as_bytes()));
    bench.child(BOB, child, machine::RunEvent::Output(Pipe::Stderr, b"oops\n"));
    bench.child(BOB, child, exited(3));

    assert_eq!(bench.states(ANN), [Asked, Allowed, Output, Output, Exited]);
    assert_eq!(bench.states(BOB), [Asked, Allowed, Exited]);
    let said = |event: &RunEvent| (event.stream, event.text.clone());
    let output: Vec<_> =
        bench.events(ANN).iter().map(said).filter(|(at, _)| at.is_some()).collect();
    let (stdout, stderr) = (Some(Pipe::Stdout), Some(Pipe::Stderr));
    assert_eq!(output, [(stdout, Some("ä".to_owned())), (stderr, Some("oops\n".to_owned()))]);
    assert_eq!(bench.last(ANN).code, Some(3));
    assert_eq!(bench.done(ticket), Some(Err(Refusal::RunExited(3))));
    assert!(bench.is_forgotten(ANN, id) && bench.is_forgotten(BOB, id));
}

#[test]
fn what_may_run_is_on_disk_before_it_starts() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["id"], None);
    bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(BOB).id;
    let kept = |record: &Record| matches!(record, Record::Run(run) if run.id == id && !run.is_ours);
    assert!(bench.kept(BOB).iter().any(kept));
    assert_eq!(bench.states(BOB), [Asked, Allowed]);
    let grant = bench.kept(BOB).iter().find_map(|record| match record {
        Record::Grant(grant) => Some(grant.id),
        _ => None,
    });
    assert_eq!(bench.last(BOB).grant, grant, "the log says by which grant");
}

#[test]
fn a_denied_command_never_runs() {
    let mut bench = Bench::friends();
    let ticket = bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(BOB).id;
    assert_eq!(bench.answer(BOB, &id.to_text(), false), Ok(()));
    assert_eq!(bench.states(ANN), [Asked, Denied]);
    assert_eq!(bench.done(ticket), Some(Err(Refusal::Declined("bob".into()))));
    assert!(bench.answer(BOB, &id.to_text(), true).is_err(), "denied, then allowed");

    bench.forge(ANN, BOB, RunAsk { run: id, argv: argv(&["id"]) });
    assert!(bench.answer(BOB, &id.to_text(), true).is_err(), "asked again by the same id");
    assert!(bench.children(BOB).is_empty());
}

#[test]
fn an_ask_that_is_replayed_is_not_heard_though_a_grant_fits() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["id"], None);
    bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(BOB).id;
    let replay = || RunAsk { run: id, argv: argv(&["id"]) };
    bench.forge(ANN, BOB, replay());
    let child = bench.only_child(BOB, &["id"]);
    bench.child(BOB, child, exited(0));
    bench.forge(ANN, BOB, replay());
    assert_eq!(bench.children(BOB).len(), 1, "run twice");

    // The disk remembers for the next program.
    let mut past = bench.past(BOB);
    past.grants = bench.clients[BOB].runs.grants.values().cloned().collect();
    past.run_marks = vec![(bench.key(ANN), id)];
    bench.restart(BOB, past);
    bench.meet(ANN, BOB);
    bench.forge(ANN, BOB, replay());
    bench.forge(ANN, BOB, RunAsk { run: MsgId::FIRST, argv: argv(&["id"]) });
    assert!(bench.children(BOB).is_empty(), "run again after a restart");
    bench.ask(ANN, BOB, &["id"]);
    bench.only_child(BOB, &["id"]);
}

#[test]
fn a_grant_is_for_exactly_these_words() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["cat", "a b"], None);
    for words in [
        &["cat", "a", "b"][..],
        &["cat", "a  b"],
        &["cat", "a b", ""],
        &["cat"],
        &["cat a b"],
        &["CAT", "a b"],
        &["cat", "a b", "/etc/passwd"],
    ] {
        bench.ask(ANN, BOB, words);
        assert_eq!(bench.last(BOB).state, Asked, "{words:?}");
        let id = bench.last(BOB).id;
        assert_eq!(bench.answer(BOB, &id.to_text(), false), Ok(()));
    }
    assert!(bench.children(BOB).is_empty());
    bench.ask(ANN, BOB, &["cat", "a b"]);
    bench.only_child(BOB, &["cat", "a b"]);
}

#[test]
fn a_grant_ends_and_stays_ended_though_the_clock_goes_back() {
    let mut bench = Bench::friends();
    let until = Wall(bench.now.wall.0 + 1_000);
    bench.grant(BOB, ANN, &["id"], Some(until));
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.children(BOB).len(), 1);
    bench.now.wall = until;
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.children(BOB).len(), 1, "run past its end");
    bench.now.wall = Wall(until.0 - 1_000);
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.children(BOB).len(), 1, "it rose again");
    assert!(bench.kept(BOB).iter().any(|record| matches!(record, Record::GrantGone(_))));
}

#[test]
fn a_grant_is_for_one_friend_only() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["id"], None);
    bench.meet(EVE, BOB);
    bench.ask(EVE, BOB, &["id"]);
    assert_eq!(bench.last(BOB).state, Asked);
    assert!(bench.children(BOB).is_empty());
}

#[test]
fn who_is_no_friend_is_granted_nothing() {
    let mut bench = Bench::strangers();
    assert!(matches!(bench.try_grant(BOB, ANN, &["id"]), Err(Refusal::NoFriend(_))));
    // A grant from when they were friends.
    let mut past = bench.past(BOB);
    let (to, argv) = (bench.key(ANN), argv(&["id"]));
    past.grants = vec![Grant { id: MsgId::LAST, to, argv, until: None }];
    bench.restart(BOB, past);
    bench.meet(ANN, BOB);
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.last(BOB).state, Asked);
    assert!(bench.children(BOB).is_empty());
}

#[test]
fn unfriending_ends_grants_for_good_and_what_runs_by_them() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["id"], None);
    bench.ask(ANN, BOB, &["id"]);
    let child = bench.only_child(BOB, &["id"]);
    bench.command(BOB, Verb::Unfriend(bench.target(ANN)));
    assert!(bench.is_killed(BOB, child));
    assert_eq!(bench.states(ANN).last(), Some(&Failed));
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.children(BOB).len(), 1);
    let who = bench.key(ANN);
    let friends = Bond { friendship: Friendship::Friends, ..Bond::default() };
    bench.clients[BOB].people.set_bond(who, friends);
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.children(BOB).len(), 1, "it rose again with the friendship");
}

#[test]
fn blocking_ends_everything_of_theirs() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["id"], None);
    bench.ask(ANN, BOB, &["id"]);
    let child = bench.only_child(BOB, &["id"]);
    bench.command(BOB, Verb::Block(bench.target(ANN)));
    assert!(bench.is_killed(BOB, child));
    assert_eq!(bench.states(BOB), [Asked, Allowed, Failed]);
    assert_eq!(bench.states(ANN), [Asked, Allowed, Failed]);
    bench.command(BOB, Verb::Unblock(bench.target(ANN)));
    bench.meet(ANN, BOB);
    bench.ask(ANN, BOB, &["id"]);
    assert_eq!(bench.children(BOB).len(), 1, "the grant outlived the block");
}

#[test]
fn a_revoked_grant_is_gone() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["id"], None);
    let id = bench.clients[BOB].runs.grants.keys().next().copied().expect("there is one");
    let ticket = bench.command(BOB, Verb::Revoke(id.short().to_lowercase()));
    assert_eq!(bench.done(ticket), Some(Ok(())));
    bench.ask(ANN, BOB, &["id"]);
    assert!(bench.children(BOB).is_empty());
    let ticket = bench.command(BOB, Verb::Revoke(id.short()));
    assert!(matches!(bench.done(ticket), Some(Err(Refusal::NoGrant(_)))));
}

#[test]
fn a_command_cannot_be_swapped_for_one_of_the_same_short_id() {
    let mut bench = Bench::friends();
    bench.meet(EVE, BOB);
    bench.ask(ANN, BOB, &["ls"]);
    let shown = bench.last(BOB).id;
    bench.forge(ANN, BOB, RunCancel { run: shown });
    // The same first letters, and later.
    let mut bytes = shown.0.0;
    bytes[5] += 1;
    let twin = MsgId(crate::proto::bytes::Bytes(bytes));
    assert!(twin > shown && twin.short() == shown.short());
    for asker in [ANN, EVE] {
        bench.forge(asker, BOB, RunAsk { run: twin, argv: argv(&["rm", "-rf", "/"]) });
        assert!(bench.answer(BOB, &shown.short(), true).is_err());
    }
    assert!(bench.children(BOB).is_empty());
}

#[test]
fn too_few_letters_allow_nothing() {
    let mut bench = Bench::friends();
    bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(BOB).id.to_text();
    assert!(bench.answer(BOB, "", true).is_err());
    assert!(bench.answer(BOB, &id[..3], true).is_err());
    assert!(bench.children(BOB).is_empty());
    assert_eq!(bench.answer(BOB, &id[..3], false), Ok(()));
}

#[test]
fn an_id_of_two_askers_is_each_ones_own() {
    let mut bench = Bench::friends();
    bench.meet(EVE, BOB);
    bench.ask(ANN, BOB, &["ls"]);
    let id = bench.last(BOB).id;
    bench.forge(EVE, BOB, RunAsk { run: id, argv: argv(&["rm"]) });
    bench.forge(EVE, BOB, RunCancel { run: id });
    assert_eq!(bench.answer(BOB, &id.to_text(), true), Ok(()));
    let child = bench.only_child(BOB, &["ls"]);
    bench.forge(EVE, BOB, RunCancel { run: id });
    assert!(!bench.is_killed(BOB, child), "ended by somebody else");
}

#[test]
fn words_about_commands_that_are_not_theirs_change_nothing() {
    let mut bench = Bench::friends();
    bench.meet(EVE, ANN);
    bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(ANN).id;
    let yes = || RunAnswer { run: id, is_allowed: true };
    let output = || RunOutput {
        run: id,
        pipe: Pipe::Stdout,
        bytes: crate::proto::bytes::Blob(b"ha".to_vec()),
    };
    let end = || RunEnd { run: id, code: Some(0), why: String::new() };
    bench.forge(EVE, ANN, yes());
    bench.forge(EVE, ANN, output());
    bench.forge(EVE, ANN, end());
    bench.forge(BOB, ANN, output());
    // Who asks allows nothing: not by an answer, nor by output or an end of their own.
    bench.forge(ANN, BOB, yes());
    bench.forge(ANN, BOB, output());
    bench.forge(ANN, BOB, end());
    assert_eq!(bench.states(ANN), [Asked]);
    assert_eq!(bench.states(BOB), [Asked]);
    assert!(bench.children(BOB).is_empty());
    bench.forge(BOB, ANN, yes());
    bench.forge(BOB, ANN, yes());
    bench.forge(BOB, ANN, RunAnswer { run: id, is_allowed: false });
    assert_eq!(bench.states(ANN), [Asked, Allowed]);
}

#[test]
fn asking_by_an_id_of_our_own_does_not_take_ours_over() {
    let mut bench = Bench::friends();
    bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(ANN).id;
    bench.forge(BOB, ANN, RunAsk { run: id, argv: argv(&["rm"]) });
    assert!(matches!(bench.answer(ANN, &id.to_text(), false), Ok(())));
    assert_eq!(bench.answer(BOB, &id.to_text(), true), Ok(()));
    bench.only_child(BOB, &["id"]);
    assert!(bench.children(ANN).is_empty());
}

#[test]
fn what_is_no_command_line_is_not_asked() {
    let mut bench = Bench::friends();
    let long = "x".repeat(limits::ARGV_BYTES);
    for words in [&[][..], &[""], &["a\0b"], &["a", &long]] {
        let ticket = bench.ask(ANN, BOB, words);
        assert!(matches!(bench.done(ticket), Some(Err(Refusal::RunFailed(..)))));
        let id = bench.clients[ANN].new_id();
        bench.forge(ANN, BOB, RunAsk { run: id, argv: argv(words) });
    }
    assert!(bench.states(BOB).is_empty());
}

#[test]
fn one_asker_cannot_take_all_the_places() {
    let mut bench = Bench::friends();
    for _ in 0..limits::RUNS_PAIR + 3 {
        bench.ask(ANN, BOB, &["id"]);
    }
    assert_eq!(bench.states(BOB), [Asked; limits::RUNS_PAIR]);
    let refused = bench.events(ANN).into_iter().filter(|event| event.state == Failed).count();
    assert_eq!(refused, 3);
    bench.meet(EVE, BOB);
    bench.ask(EVE, BOB, &["id"]);
    assert_eq!(bench.states(BOB).len(), limits::RUNS_PAIR + 1);
}

#[test]
fn a_command_ends_with_the_session() {
    let mut bench = Bench::friends();
    let ticket = bench.ask(ANN, BOB, &["sleep", "100"]);
    let id = bench.last(BOB).id;
    assert_eq!(bench.answer(BOB, &id.to_text(), true), Ok(()));
    let child = bench.only_child(BOB, &["sleep", "100"]);
    let other = bench.ask(ANN, BOB, &["id"]);
    bench.cut(ANN, BOB);
    assert!(bench.is_killed(BOB, child));
    assert_eq!(bench.states(BOB), [Asked, Allowed, Asked, Failed, Failed]);
    let failed = |ticket| matches!(bench.done(ticket), Some(Err(Refusal::RunFailed(..))));
    assert!(failed(ticket) && failed(other));
    assert!(bench.answer(BOB, &bench.last(BOB).id.to_text(), true).is_err());
}

#[test]
fn cancelling_kills_at_either_end() {
    for canceller in [ANN, BOB] {
        let mut bench = Bench::friends();
        let ticket = bench.ask(ANN, BOB, &["sleep", "100"]);
        let id = bench.last(BOB).id;
        assert_eq!(bench.answer(BOB, &id.to_text(), true), Ok(()));
        let child = bench.only_child(BOB, &["sleep", "100"]);
        assert_eq!(bench.cancel(canceller, &id.short()), Ok(()));
        assert!(bench.is_killed(BOB, child));
        assert_eq!(bench.states(ANN), [Asked, Allowed, Failed]);
        assert_eq!(bench.states(BOB), [Asked, Allowed, Failed]);
        assert!(matches!(bench.done(ticket), Some(Err(Refusal::RunFailed(..)))));
        bench.child(BOB, child, exited(0));
        assert_eq!(bench.states(BOB).len(), 3, "its end was told already");
        assert!(matches!(bench.cancel(canceller, &id.short()), Err(Refusal::NoRun(_))));
    }
}

#[test]
fn time_and_output_are_limited() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["yes"], None);
    bench.ask(ANN, BOB, &["yes"]);
    let child = bench.only_child(BOB, &["yes"]);
    bench.pass(limits::RUN_S * 1_000 + 1);
    assert!(bench.is_killed(BOB, child));
    assert_eq!(bench.last(ANN).why.as_deref(), Some("it ran longer than 60 s"));

    bench.ask(ANN, BOB, &["yes"]);
    let child = *bench.children(BOB).last().expect("it runs");
    let piece = vec![b'y'; 64 * 1024];
    for _ in 0..limits::RUN_OUTPUT_BYTES / piece.len() as u64 {
        bench.child(BOB, child, machine::RunEvent::Output(Pipe::Stdout, &piece));
    }
    assert!(!bench.is_killed(BOB, child), "it may write that much");
    bench.child(BOB, child, machine::RunEvent::Output(Pipe::Stderr, b"!"));
    assert!(bench.is_killed(BOB, child));
    assert_eq!(bench.last(ANN).why.as_deref(), Some("it wrote more than 1048576 bytes"));
    let text = |event: RunEvent| event.text.unwrap_or_default();
    let written: String = bench.events(ANN).into_iter().map(text).collect();
    assert_eq!(written.len() as u64, limits::RUN_OUTPUT_BYTES);
}

#[test]
fn nobody_answers_for_ever() {
    let mut bench = Bench::friends();
    bench.ask(ANN, BOB, &["id"]);
    let id = bench.last(BOB).id;
    bench.pass(limits::RUN_ASK_MS + 1);
    assert_eq!(bench.states(BOB), [Asked, Failed]);
    assert_eq!(bench.states(ANN), [Asked, Failed]);
    assert!(bench.answer(BOB, &id.to_text(), true).is_err(), "allowed too late");
}

#[test]
fn a_writer_waits_for_a_slow_link() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["yes"], None);
    bench.ask(ANN, BOB, &["yes"]);
    let child = bench.only_child(BOB, &["yes"]);
    let piece = vec![b'y'; 64 * 1024];
    let mut pieces = 0;
    while !bench.acts(BOB, child).contains(&RunAction::Pause) {
        bench.child(BOB, child, machine::RunEvent::Output(Pipe::Stdout, &piece));
        pieces += piece.len();
    }
    assert!(pieces <= limits::STREAM_AHEAD_BYTES + 2 * piece.len(), "{pieces}");
    assert!(bench.watched(BOB) > 0);
    assert!(!bench.acts(BOB, child).contains(&RunAction::Resume));
    bench.drain(BOB);
    assert!(bench.acts(BOB, child).contains(&RunAction::Resume));
}

#[test]
fn letters_cut_between_two_outputs_are_whole_again() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["cat"], None);
    bench.ask(ANN, BOB, &["cat"]);
    let child = bench.only_child(BOB, &["cat"]);
    let euro = "€".as_bytes();
    let out = |bytes| machine::RunEvent::Output(Pipe::Stdout, bytes);
    bench.child(BOB, child, out(b"a\xE2"));
    bench.child(BOB, child, machine::RunEvent::Output(Pipe::Stderr, b"\xFF-"));
    bench.child(BOB, child, out(&euro[1..2]));
    bench.child(BOB, child, out(&euro[2..]));
    bench.child(BOB, child, out(b"z\xF0\x9F"));
    bench.child(BOB, child, exited(0));
    let texts: Vec<_> = bench.events(ANN).into_iter().filter_map(|event| event.text).collect();
    assert_eq!(texts, ["a", "\u{FFFD}-", "€", "z", "\u{FFFD}"]);
}

#[test]
fn a_command_that_could_not_begin_has_no_code() {
    let mut bench = Bench::friends();
    bench.grant(BOB, ANN, &["nope"], None);
    let ticket = bench.ask(ANN, BOB, &["nope"]);
    let child = bench.only_child(BOB, &["nope"]);
    let failed = machine::RunEnd::Failed(std::io::ErrorKind::NotFound);
    bench.child(BOB, child, machine::RunEvent::Ended(failed));
    let why = "no such command there".to_owned();
    assert_eq!(bench.last(ANN).why.as_ref(), Some(&why));
    assert_eq!(bench.done(ticket), Some(Err(Refusal::RunFailed("bob".into(), why))));
}

#[test]
fn what_a_killed_program_left_open_is_failed_at_the_next_start() {
    let mut bench = Bench::friends();
    let with = bench.key(ANN);
    let mut past = bench.past(BOB);
    let open = OpenRun { id: MsgId::LAST, with, is_ours: false, argv: argv(&["id"]) };
    past.runs = vec![open];
    bench.restart(BOB, past);
    assert_eq!(bench.states(BOB), [Failed]);
    assert!(bench.is_forgotten(BOB, MsgId::LAST));
    assert!(bench.answer(BOB, &MsgId::LAST.to_text(), true).is_err());
}

#[test]
fn a_verb_out_of_time_leaves_its_command_alone() {
    let mut bench = Bench::friends();
    let ticket = bench.ask(ANN, BOB, &["id"]);
    bench.pass(limits::VERB_MS + 1);
    assert_eq!(bench.done(ticket), Some(Err(Refusal::TimeOut)));
    let id = bench.last(BOB).id;
    assert_eq!(bench.answer(BOB, &id.to_text(), true), Ok(()));
    let child = bench.only_child(BOB, &["id"]);
    bench.child(BOB, child, exited(0));
    assert_eq!(bench.states(ANN), [Asked, Allowed, Exited]);
    assert_eq!(bench.done_count(ticket), 1);
    assert!(bench.clients[ANN].is_settled());
}
