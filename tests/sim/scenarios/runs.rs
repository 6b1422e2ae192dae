//! Commands: rows of the tables of runs, and every way that we can think of to run one unasked.

use super::*;
use crate::children::Start;
use hobnob::proto::client::RunLimits;
use hobnob::proto::limits::{RUN_ASK_MS, RUNS_PAIR};
use hobnob::proto::machine::{Pipe, RunEnd};
use hobnob::proto::model::event::RunEvent;
use hobnob::proto::model::notice::GrantRow;
use hobnob::proto::model::run::RunState::{self, Allowed, Asked, Denied, Exited, Failed};
use hobnob::proto::wire::peer::{RunAsk, Settle};

const CYD: Node = 3;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

pub fn run(world: &mut World, node: Node, to: Node, line: &str) -> u64 {
    world.ask_within(node, 3_000_000, Verb::Run { to: target(to), argv: words(line) })
}

/// What somebody was told of commands, in order, without their output.
fn run_events(world: &World, node: Node) -> Vec<RunEvent> {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::Run(run) if *reader == node => Some((**run).clone()),
        _ => None,
    };
    let all = world.events.iter().filter_map(of);
    all.filter(|run| run.state != RunState::Output).collect()
}

pub fn run_states(world: &World, node: Node) -> Vec<RunState> {
    run_events(world, node).into_iter().map(|run| run.state).collect()
}

/// The same, as the event log has it: also what nobody lived to see.
fn logged(world: &mut World, node: Node) -> Vec<RunState> {
    let mut states = Vec::new();
    let mut each = |_: hobnob::proto::id::Seq, _: Wall, event: Event| {
        if let Event::Run(run) = event {
            states.push(run.state);
        }
    };
    let store = &mut world.clients[node - 1].store;
    store.events(Default::default(), usize::MAX, &mut each).expect("memory is there");
    states
}

/// What somebody was told that a command wrote.
pub fn output(world: &World, node: Node, pipe: Pipe) -> String {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::Run(run) if *reader == node && run.stream == Some(pipe) => run.text.clone(),
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

/// The last command that somebody was asked to run.
fn last_ask(world: &World, node: Node) -> MsgId {
    let all = run_events(world, node);
    let asked = all.iter().rev().find(|run| run.state == Asked);
    asked.expect("somebody asked").id
}

pub fn allow(world: &mut World, node: Node) -> u64 {
    let id = last_ask(world, node);
    let asked = world.ask(node, Verb::Allow(id.short()));
    world.run_for(SOON_MS);
    asked
}

/// What ran at somebody's.
fn starts(world: &World, node: Node) -> &[Start] {
    &world.children[node - 1].starts
}

fn grant(world: &mut World, line: &str, until: Option<Wall>) -> GrantRow {
    let asked = world.ask(BOB, Verb::Grant { to: target(ANN), argv: words(line), until });
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, BOB, asked), None);
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Grant(row) if (*who, *ticket) == (BOB, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().find_map(of).expect("a row")
}

/// Ann asks Bob to run something, and he lets her.
fn running(line: &str) -> (World, u64) {
    let mut world = friends();
    let asked = run(&mut world, ANN, BOB, line);
    world.run_for(2 * SOON_MS);
    let id = last_ask(&world, BOB);
    world.ask(BOB, Verb::Allow(id.short()));
    world.run_for(100);
    (world, asked)
}

/// Ann's command failed on both sides, and nothing of it is left.
fn assert_failed(world: &World, asked: u64) {
    assert!(matches!(refusal(world, ANN, asked), Some(Refusal::RunFailed(..))));
    assert_eq!(run_states(world, ANN).last(), Some(&Failed));
    assert_eq!(run_states(world, BOB).last(), Some(&Failed));
    assert_eq!(world.children[BOB - 1].living(), 0);
}

#[test]
fn nothing_runs_before_it_is_allowed_and_then_its_output_and_code_come_back() {
    let mut world = friends();
    let asked = run(&mut world, ANN, BOB, "echo $HOME; id");
    world.run_for(20 * SOON_MS);
    assert_eq!((run_states(&world, BOB), starts(&world, BOB).len()), (vec![Asked], 0));
    assert_eq!(run_events(&world, BOB)[0].command, "echo '$HOME;' id");
    let allowed = allow(&mut world, BOB);
    assert_eq!(refusal(&world, BOB, allowed), None);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(starts(&world, BOB)[0].argv, ["echo", "$HOME;", "id"]);
    assert_eq!(output(&world, ANN, Pipe::Stdout), "$HOME; id\n");
    assert_eq!(run_states(&world, ANN), [Asked, Allowed, Exited]);
    assert_eq!(run_states(&world, BOB), [Asked, Allowed, Exited]);
}

#[test]
fn what_is_denied_does_not_run() {
    let mut world = friends();
    let asked = run(&mut world, ANN, BOB, "echo hello");
    world.run_for(2 * SOON_MS);
    let id = last_ask(&world, BOB);
    world.ask(BOB, Verb::Deny(id.short()));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Declined("bob".into())));
    assert_eq!(run_states(&world, ANN), [Asked, Denied]);
    assert_eq!(run_states(&world, BOB), [Asked, Denied]);
    let late = world.ask(BOB, Verb::Allow(id.short()));
    world.run_for(SOON_MS);
    assert!(matches!(refusal(&world, BOB, late), Some(Refusal::NoRun(_))));
    assert!(starts(&world, BOB).is_empty());
}

#[test]
fn output_and_errors_and_codes_are_told_apart() {
    let (mut world, asked) = running("both");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(output(&world, ANN, Pipe::Stdout), "out\n");
    assert_eq!(output(&world, ANN, Pipe::Stderr), "err\n");
    let (mut world, asked) = running("fail 7");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::RunExited(7)));
    assert_eq!(run_events(&world, ANN).last().and_then(|run| run.code), Some(7));
}

#[test]
fn output_streams_while_it_runs() {
    let (mut world, _) = running("count 500");
    world.run_for(2_000);
    let some = output(&world, ANN, Pipe::Stdout);
    assert!(some.len() > 100 && !some.contains("499"), "{}", some.len());
    world.run_for(5_000);
    assert!(output(&world, ANN, Pipe::Stdout).ends_with("499\n500\n"));
}

#[test]
fn output_that_is_no_text_comes_as_such() {
    let (mut world, asked) = running("garbage");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert!(output(&world, ANN, Pipe::Stdout).ends_with("\u{fffd}\u{fffd}"));
}

#[test]
fn what_never_began_or_was_ended_is_a_failure_in_words() {
    for line in ["nothing", "crash"] {
        let (mut world, asked) = running(line);
        world.run_for(SOON_MS);
        assert_failed(&world, asked);
        assert!(run_events(&world, ANN).last().is_some_and(|run| run.why.is_some()));
    }
}

#[test]
fn a_command_has_a_clean_environment_and_a_bound() {
    let (mut world, _) = running("env");
    world.run_for(SOON_MS);
    assert_eq!(output(&world, ANN, Pipe::Stdout), "clean\n");
    assert_eq!(starts(&world, BOB)[0].memory_bytes, Some(RunLimits::default().memory_bytes));
}

#[test]
fn a_command_that_runs_too_long_is_ended() {
    let (mut world, asked) = running("sleep 100000");
    world.run_for(59_000);
    assert_eq!(world.children[BOB - 1].living(), 1);
    world.run_for(3_000);
    assert_failed(&world, asked);
    assert_eq!(starts(&world, BOB)[0].end, Some(RunEnd::Killed(9)));
}

#[test]
fn a_command_that_writes_too_much_is_ended() {
    let (mut world, asked) = running("spew 5000000");
    world.run_for(8 * SOON_MS);
    assert_failed(&world, asked);
    let told = output(&world, ANN, Pipe::Stdout).len() as u64;
    assert_eq!(told, RunLimits::default().output_bytes);
}

#[test]
fn a_slow_link_holds_a_command_back_and_loses_nothing() {
    let mut world = friends();
    world.net.rate = Some(50);
    let asked = run(&mut world, ANN, BOB, "spew 1000000");
    world.run_for(4 * SOON_MS);
    let id = last_ask(&world, BOB);
    world.ask(BOB, Verb::Allow(id.short()));
    world.run_for(40_000);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(output(&world, ANN, Pipe::Stdout).len(), 1_000_000);
    assert!(world.children[BOB - 1].pauses > 0);
    let most = world.net.most_coming_bytes;
    assert!(most < 700_000, "{most} bytes on their way");
}

#[test]
fn either_side_may_end_a_command_that_runs() {
    for who in [ANN, BOB] {
        let (mut world, asked) = running("sleep 50000");
        let id = last_ask(&world, BOB);
        let given_up = world.ask(who, Verb::Cancel(id.short()));
        world.run_for(SOON_MS);
        assert_eq!(refusal(&world, who, given_up), None);
        assert_failed(&world, asked);
    }
}

#[test]
fn an_ask_that_is_taken_back_is_not_to_be_allowed() {
    let mut world = friends();
    let asked = run(&mut world, ANN, BOB, "echo hello");
    world.run_for(2 * SOON_MS);
    let id = last_ask(&world, BOB);
    world.ask(ANN, Verb::Cancel(id.short()));
    world.run_for(SOON_MS);
    let late = allow(&mut world, BOB);
    assert!(matches!(refusal(&world, BOB, late), Some(Refusal::NoRun(_))));
    assert_failed(&world, asked);
    assert!(starts(&world, BOB).is_empty());
}

#[test]
fn an_ask_that_nobody_answers_ends_in_time() {
    let mut world = friends();
    let asked = run(&mut world, ANN, BOB, "echo hello");
    world.run_for(RUN_ASK_MS + 30_000);
    assert_failed(&world, asked);
    let late = allow(&mut world, BOB);
    assert!(matches!(refusal(&world, BOB, late), Some(Refusal::NoRun(_))));
    assert!(starts(&world, BOB).is_empty());
}

#[test]
fn a_command_ends_with_the_session_or_the_program_at_either_end() {
    let ends: [fn(&mut World); 3] = [
        |world| {
            world.ask(BOB, Verb::Close(None));
        },
        |world| world.crash(ANN),
        |world| world.crash(BOB),
    ];
    for (n, end) in ends.iter().enumerate() {
        let (mut world, _) = running("sleep 50000");
        end(&mut world);
        world.run_for(20 * SOON_MS);
        assert_eq!(world.children[BOB - 1].living(), 0, "{n}");
        assert_eq!(run_states(&world, ANN).last(), Some(&Failed), "{n}");
        assert_eq!(run_states(&world, BOB).last(), Some(&Failed), "{n}");
        world.run_for(60_000);
        assert_eq!(starts(&world, BOB).len(), 1, "{n}: it is not run again");
    }
}

#[test]
fn a_command_goes_on_over_the_next_link_and_none_of_its_words_is_lost_or_said_twice() {
    for many in [1, 3] {
        let (mut world, asked) = running("sleep 5000");
        for _ in 0..many {
            world.cut_between(ANN, BOB);
            world.run_for(4 * SOON_MS / many);
        }
        let late = run(&mut world, ANN, BOB, "echo asked after the break");
        world.run_for(SOON_MS);
        allow(&mut world, BOB);
        world.run_for(20 * SOON_MS);
        assert_eq!((refusal(&world, ANN, asked), refusal(&world, ANN, late)), (None, None));
        assert_eq!(output(&world, ANN, Pipe::Stdout), "asked after the break\n");
        assert_eq!(starts(&world, BOB).len(), 2);
    }
}

#[test]
fn one_who_is_away_or_a_stranger_without_a_session_is_not_asked() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    let asked = run(&mut world, CYD, BOB, "echo hello");
    world.run_for(20 * SOON_MS);
    assert!(matches!(refusal(&world, CYD, asked), Some(Refusal::NoSession(_))));
    world.kill(BOB);
    world.run_for(SOON_MS);
    let asked = run(&mut world, ANN, BOB, "echo hello");
    world.run_for(20 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Away("bob".into())));
    world.start(BOB);
    world.run_for(10 * SOON_MS);
    assert!(run_events(&world, BOB).is_empty(), "an ask does not wait");
}

#[test]
fn a_stranger_in_a_session_may_ask_and_is_asked_about_each_time() {
    let mut world = talking();
    for n in 1..=2 {
        let asked = run(&mut world, ANN, BOB, "echo hello");
        world.run_for(SOON_MS);
        assert_eq!(starts(&world, BOB).len(), n - 1);
        allow(&mut world, BOB);
        assert_eq!(refusal(&world, ANN, asked), None);
    }
}

#[test]
fn a_grant_lets_exactly_its_words_run_until_it_is_taken_back() {
    let mut world = friends();
    let row = grant(&mut world, "echo hello", None);
    for n in 1..=2 {
        let asked = run(&mut world, ANN, BOB, "echo hello");
        world.run_for(2 * SOON_MS);
        assert_eq!((refusal(&world, ANN, asked), starts(&world, BOB).len()), (None, n));
        let mut allowed = run_events(&world, BOB).into_iter().filter(|run| run.state == Allowed);
        assert_eq!(allowed.next_back().and_then(|run| run.grant), Some(row.id));
    }
    for line in ["echo", "echo hello hello", "echo Hello", "echo hell o", "/bin/echo hello"] {
        run(&mut world, ANN, BOB, line);
        world.run_for(SOON_MS);
        assert_eq!(run_states(&world, BOB).last(), Some(&Asked), "{line}");
        let id = last_ask(&world, BOB);
        world.ask(BOB, Verb::Deny(id.short()));
    }
    let asked = world.ask(BOB, Verb::Revoke(row.id.short()));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    run(&mut world, ANN, BOB, "echo hello");
    world.run_for(SOON_MS);
    assert_eq!(run_states(&world, BOB).last(), Some(&Asked));
    assert_eq!(starts(&world, BOB).len(), 2);
}

#[test]
fn a_grant_ends_when_it_says_also_if_the_clock_goes_back() {
    let mut world = friends();
    let until = Wall(world.clocks().wall.0 + 10_000);
    grant(&mut world, "echo hello", Some(until));
    run(&mut world, ANN, BOB, "echo hello");
    world.run_for(2 * SOON_MS);
    assert_eq!(starts(&world, BOB).len(), 1);
    world.run_for(10_000);
    run(&mut world, ANN, BOB, "echo hello");
    world.run_for(SOON_MS);
    assert_eq!(run_states(&world, BOB).last(), Some(&Asked));
    world.shift_wall(-20_000);
    run(&mut world, ANN, BOB, "echo hello");
    world.run_for(SOON_MS);
    assert_eq!(run_states(&world, BOB).last(), Some(&Asked));
    assert_eq!(starts(&world, BOB).len(), 1);
}

#[test]
fn a_grant_is_nobody_elses_and_outlives_the_program() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    befriend(&mut world, BOB, CYD);
    grant(&mut world, "echo hello", None);
    run(&mut world, CYD, BOB, "echo hello");
    world.run_for(2 * SOON_MS);
    assert_eq!(run_states(&world, BOB), [Asked]);
    world.kill(BOB);
    world.start(BOB);
    world.run_for(3 * SOON_MS);
    let asked = run(&mut world, ANN, BOB, "echo hello");
    world.run_for(3 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(starts(&world, BOB).len(), 1);
}

#[test]
fn a_grant_ends_with_the_friendship_and_with_a_block() {
    let parts: [fn(Node) -> Verb; 2] =
        [|node| Verb::Unfriend(target(node)), |node| Verb::Block(target(node))];
    for part in parts {
        let mut world = friends();
        grant(&mut world, "sleep 30000", None);
        run(&mut world, ANN, BOB, "sleep 30000");
        world.run_for(2 * SOON_MS);
        assert_eq!(world.children[BOB - 1].living(), 1);
        world.ask(BOB, part(ANN));
        world.run_for(2 * SOON_MS);
        assert_eq!(world.children[BOB - 1].living(), 0);
        world.ask(BOB, Verb::Unblock(target(ANN)));
        world.chat(ANN, BOB);
        world.run_for(2 * SOON_MS);
        world.ask(BOB, Verb::Accept(Some(target(ANN))));
        world.run_for(2 * SOON_MS);
        run(&mut world, ANN, BOB, "sleep 30000");
        world.run_for(2 * SOON_MS);
        assert_eq!(starts(&world, BOB).len(), 1);
    }
}

#[test]
fn a_grant_to_a_stranger_is_refused() {
    let mut world = talking();
    let argv = words("echo hello");
    let asked = world.ask(BOB, Verb::Grant { to: target(ANN), argv, until: None });
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), Some(Refusal::NoFriend("ann".into())));
}

#[test]
fn nobody_crowds_another_with_asks() {
    let mut world = friends();
    let last = (0..=RUNS_PAIR).map(|_| run(&mut world, ANN, BOB, "echo hello")).last();
    world.run_for(3 * SOON_MS);
    assert_eq!(run_states(&world, BOB), vec![Asked; RUNS_PAIR]);
    let refused = refusal(&world, ANN, last.expect("several"));
    assert!(matches!(refused, Some(Refusal::Busy(_) | Refusal::RunFailed(..))), "{refused:?}");
}

/// Eve, a puppet, in a session with Ann.
fn eve_talks(world: &mut World, line: Line, id: SessionId) -> Line {
    eve_asks(world, line, id, ANN);
    world.ask(ANN, Verb::Accept(Some(target(EVE))));
    world.run_for(SOON_MS);
    let link = eve_links(world, id, ANN);
    say(world, link, ToPeer::from(Settle {}));
    link
}

#[test]
fn an_ask_that_is_replayed_runs_nothing_twice_not_even_after_a_new_start() {
    let mut world = pair();
    let argv = words("echo hello");
    world.oracle.runs.wanted.push((EVE, ANN, argv.clone()));
    let line = eve_signs_in(&mut world);
    let link = eve_talks(&mut world, line, session(7));
    let ask = |byte| RunAsk { run: MsgId(Bytes([byte; 16])), argv: argv.clone() };
    say(&mut world, link, ToPeer::from(ask(5)));
    assert_eq!(run_states(&world, ANN), [Asked]);
    allow(&mut world, ANN);
    assert_eq!(starts(&world, ANN).len(), 1);
    // The same ask, and one that is older.
    for byte in [5, 5, 4] {
        say(&mut world, link, ToPeer::from(ask(byte)));
    }
    world.kill(ANN);
    world.start(ANN);
    world.run_for(3 * SOON_MS);
    let link = eve_talks(&mut world, line, session(8));
    say(&mut world, link, ToPeer::from(ask(5)));
    let late = world.ask(ANN, Verb::Allow(MsgId(Bytes([5; 16])).to_text()));
    world.run_for(2 * SOON_MS);
    assert!(matches!(refusal(&world, ANN, late), Some(Refusal::NoRun(_))));
    assert_eq!(run_states(&world, ANN).iter().filter(|state| **state == Asked).count(), 1);
    assert_eq!(starts(&world, ANN).len(), 1);
}

#[test]
fn what_is_said_of_commands_before_a_session_is_open_is_not_listened_to() {
    let mut world = pair();
    let argv = words("echo hello");
    let line = eve_signs_in(&mut world);
    eve_asks(&mut world, line, session(7), ANN);
    world.ask(ANN, Verb::Accept(Some(target(EVE))));
    world.run_for(SOON_MS);
    // Nobody has settled on this link.
    let link = eve_links(&mut world, session(7), ANN);
    say(&mut world, link, ToPeer::from(RunAsk { run: MsgId(Bytes([5; 16])), argv }));
    assert!(heard(&world).contains(&Heard::Linked));
    assert!(run_events(&world, ANN).is_empty());
}

#[test]
fn nobody_answers_for_the_one_who_was_asked() {
    use hobnob::proto::wire::peer::{RunAnswer, RunEnd, RunOutput};
    let mut world = friends();
    let line = eve_signs_in(&mut world);
    let link = eve_talks(&mut world, line, session(7));
    let asked = run(&mut world, ANN, BOB, "echo hello");
    world.run_for(2 * SOON_MS);
    let id = last_ask(&world, BOB);
    let bytes = hobnob::proto::bytes::Blob(b"forged".to_vec());
    say(&mut world, link, ToPeer::from(RunAnswer { run: id, is_allowed: true }));
    say(&mut world, link, ToPeer::from(RunOutput { run: id, pipe: Pipe::Stdout, bytes }));
    say(&mut world, link, ToPeer::from(RunEnd { run: id, code: Some(0), why: String::new() }));
    assert_eq!(world.result(ANN, asked), None);
    assert_eq!(
        (run_states(&world, ANN), output(&world, ANN, Pipe::Stdout).len()),
        (vec![Asked], 0)
    );
}

#[test]
fn at_whatever_moment_a_program_ends_nothing_runs_twice_or_without_a_yes() {
    use crate::host::Crash;
    for victim in [ANN, BOB] {
        for wake in 0..18 {
            let crash = match wake % 3 {
                0 => Crash::BeforeCommit,
                1 => Crash::AfterEffects(0),
                _ => Crash::AfterEffects(1 + wake as usize % 4),
            };
            let mut world = friends();
            grant(&mut world, "both", None);
            world.doomed = Some((victim, wake, crash));
            run(&mut world, ANN, BOB, "both");
            run(&mut world, ANN, BOB, "echo hello");
            world.run_for(2 * SOON_MS);
            if run_states(&world, BOB).contains(&Asked) {
                let id = last_ask(&world, BOB);
                world.ask(BOB, Verb::Allow(id.short()));
            }
            world.run_for(30 * SOON_MS);
            let ran = starts(&world, BOB).len();
            assert!(ran <= 2, "{ran} ran");
            assert_eq!(world.children[BOB - 1].living(), 0);
            for node in [ANN, BOB] {
                let states = logged(&mut world, node);
                let begun = states.iter().filter(|state| **state == Asked).count();
                let ended = |state: &&RunState| matches!(state, Exited | Failed | Denied);
                let ended = states.iter().filter(ended).count();
                assert!(ended >= begun, "{node}, wake {wake} of {victim}: {states:?}");
            }
        }
    }
}
