//! What a terminal says of conversations that are not looked at, in which hours and colours.

use crate::support::pty::Pty;
use crate::support::{Peer, World};
use std::process::Command;
use std::time::SystemTime;

const ROWS: (u16, u16) = (100, 24);

fn terminal(command: &Command) -> Pty {
    let mut pty = Pty::start(command, ROWS.0, ROWS.1);
    pty.expect("ready", |rows| rows.iter().any(|row| row.contains("* ready")));
    pty
}

/// Waits until a line was printed, and the last row is this.
fn prompt(pty: &mut Pty, line: &str, last: &str) {
    pty.expect(last, |rows| {
        rows.iter().any(|row| row == line) && rows.last().is_some_and(|row| row == last)
    });
}

/// Rings in what was written since a moment.
fn rings(pty: &Pty, since: usize) -> usize {
    pty.bytes()[since..].iter().filter(|byte| **byte == 7).count()
}

/// Ann at a terminal, and Bob and Cyd, whose group she is in.
fn three(world: &World) -> (Pty, Peer, Peer) {
    let mut ann = terminal(&world.signed("ann"));
    let (mut bob, mut cyd) = (world.peer("bob"), world.peer("cyd"));
    bob.ask(&["group", "create", "tea"]).expect_ok();
    ann.keys("/group join tea\r");
    ann.expect("in", |rows| rows.iter().any(|row| row == "* you are in tea"));
    cyd.deliver("ann", "one");
    (ann, bob, cyd)
}

#[test]
fn the_prompt_names_who_waits_and_turning_there_shows_what_was_missed() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = three(&world);
    prompt(&mut ann, "cyd: one", "[1 unread: cyd 1] > |");
    bob.ask(&["group", "say", "tea", "two"]).expect_ok();
    prompt(&mut ann, "[tea] bob: two", "[2 unread: cyd 1, tea 1] > |");
    cyd.deliver("ann", "three");
    prompt(&mut ann, "cyd: three", "[3 unread: cyd 2, tea 1] > |");
    ann.keys("/to tea\r");
    ann.expect("what was missed", |rows| {
        let rule = rows.iter().position(|row| row.starts_with("-- tea: 1 since "));
        rule.is_some_and(|rule| rows[rule + 1] == "[tea] bob: two")
            && rows.last().is_some_and(|row| row == "[2 unread: cyd 2] tea> |")
    });
    ann.keys("/to\r");
    ann.expect("who waits", |rows| {
        let rule = rows.iter().position(|row| row.starts_with("-- cyd: 2 since "));
        rule.is_some_and(|rule| rows[rule + 1..rule + 3] == ["cyd: one", "cyd: three"])
            && rows.last().is_some_and(|row| row == "cyd> |")
    });
    cyd.deliver("ann", "four");
    prompt(&mut ann, "cyd: four", "cyd> |");
}

#[test]
fn what_waits_is_kept_over_a_restart_and_read_in_the_history() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = three(&world);
    ann.keys("/to cyd\r");
    ann.expect("turned", |rows| rows.last().is_some_and(|row| row == "cyd> |"));
    bob.deliver("ann", "elsewhere");
    cyd.deliver("ann", "looked at");
    prompt(&mut ann, "cyd: looked at", "[1 unread: bob 1] cyd> |");
    ann.keys("/quit\r");
    assert_eq!(ann.ended(), 0);
    // While nobody sits there: nobody has looked at it.
    let mut piped = world.peer("ann");
    cyd.deliver("ann", "to a pipe");
    piped.settle();
    piped.leave();
    let mut ann = terminal(&world.signed("ann"));
    let prompt = "[2 unread: bob 1, cyd 1] > |";
    ann.expect("the prompt", |rows| rows.last().is_some_and(|row| row == prompt));
    ann.keys("/history bob\r");
    let prompt = "[1 unread: cyd 1] > |";
    ann.expect("it was read", |rows| rows.last().is_some_and(|row| row == prompt));
}

#[test]
fn the_bell_rings_for_what_is_not_looked_at_and_wanted() {
    let world = World::new();
    let (mut ann, mut bob, mut cyd) = three(&world);
    prompt(&mut ann, "cyd: one", "[1 unread: cyd 1] > |");
    assert_eq!(rings(&ann, 0), 1);
    ann.keys("/to cyd\r");
    ann.expect("turned", |rows| rows.last().is_some_and(|row| row == "cyd> |"));
    let before = ann.bytes().len();
    cyd.deliver("ann", "looked at");
    bob.ask(&["group", "say", "tea", "all of you"]).expect_ok();
    prompt(&mut ann, "[tea] bob: all of you", "[1 unread: tea 1] cyd> |");
    assert_eq!(rings(&ann, before), 0);
    bob.ask(&["group", "say", "tea", "you, Ann"]).expect_ok();
    prompt(&mut ann, "[tea] bob: you, Ann", "[2 unread: tea 2] cyd> |");
    assert_eq!(rings(&ann, before), 1);
    let bytes = ann.bytes();
    assert!(bytes.windows(11).any(|part| part == b"\x1B[1;7mAnn\x1B["), "her name stands out");
}

#[test]
fn the_first_run_says_what_to_do_next_and_the_second_does_not() {
    let world = World::new();
    let mut ann = terminal(&world.signed("ann"));
    let rows = ann.shown();
    assert!(rows[0].starts_with("* welcome to hobnob! /public"), "{rows:?}");
    assert!(rows[1].contains("/add NAME") && rows[2].contains("/help"), "{rows:?}");
    ann.keys("/help to\r");
    ann.expect("help", |rows| rows.iter().any(|row| row.starts_with("to [NAME|GROUP]: ")));
    ann.keys("\x04");
    assert_eq!(ann.ended(), 0);
    let ann = terminal(&world.signed("ann"));
    assert!(!ann.shown().iter().any(|row| row.contains("welcome")));
}

#[test]
fn hours_are_those_of_the_users_own_clock() {
    let world = World::new();
    let mut command = world.signed("ann");
    command.env("TZ", "HERE-05:30").env("TERM", "dumb");
    let since_1970 = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let hour = |minutes: u64| format!("{:02}:{:02} * ready", minutes / 60 % 24, minutes % 60);
    let before = since_1970().as_secs() / 60 + 330;
    let ann = terminal(&command);
    let after = since_1970().as_secs() / 60 + 330;
    let text = String::from_utf8_lossy(&ann.bytes()).into_owned();
    assert!((before..=after).any(|minutes| text.contains(&hour(minutes))), "{text}");
}
