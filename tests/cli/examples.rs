//! The scripts of `scripts/examples`, each with the real programs.

use crate::files::{id_of, is_file, put, text};
use crate::friends::befriend;
use crate::support::{Ended, Process, World, is_message, is_receipt};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCRIPTS: [&str; 5] =
    ["announce", "echo-bot", "nightly-drop", "notify-on-message", "three-peers-strace"];

fn place(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/examples").join(script)
}

/// A script with the programs on its path and somebody's profile.
fn script(world: &World, name: &str, script: &str) -> Command {
    let mut command = Command::new(place(script));
    let signed = world.signed(name);
    let programs = Path::new(signed.get_program()).parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", programs.display()));
    command.env("HOBNOB_HOME", world.home(name)).env("HOBNOB_SERVER", world.at());
    command.env("HOBNOB_NAME", name).env_remove("RUST_LOG");
    command
}

/// Whether an event says that somebody is in a group now.
fn is_joined(event: &Value, who: &str) -> bool {
    event["event"] == "group" && event["state"] == "joined" && event["who"] == who
}

#[test]
fn each_example_begins_with_its_usage_and_is_strict() {
    let folder = fs::read_dir(place("")).expect("there are examples");
    let mut found: Vec<String> = folder
        .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("text"))
        .collect();
    found.sort();
    assert_eq!(found, SCRIPTS, "each example has a test here");
    for name in SCRIPTS {
        let script = fs::read_to_string(place(name)).expect("scripts are text");
        assert!(script.starts_with("#!/usr/bin/env bash\n# "), "{name}");
        assert!(script.contains(&format!("\n#   {name} ")), "{name} says how it is called");
        assert!(script.contains("\nset -euo pipefail\n"), "{name}");
    }
}

#[test]
fn shellcheck_has_nothing_to_say_against_our_scripts() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shellcheck = Command::new("shellcheck");
    shellcheck.args(SCRIPTS.map(place)).current_dir(top);
    shellcheck.args(["-x", "-P", "SCRIPTDIR", "scripts/install", "scripts/pages"]);
    shellcheck.arg("scripts/paths");
    shellcheck.args(
        ["hobnob", "hobnobd"]
            .map(|program| top.join("scripts/share/bash-completion/completions").join(program)),
    );
    let Ok(output) = shellcheck.output() else {
        return println!("skipped: shellcheck is not installed");
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn the_echo_bot_answers_each_text_exactly_and_no_robot_for_ever() {
    let world = World::new();
    let mut ann = world.peer("ann");
    world.once("bot", &["whoami"]).expect_ok();
    let mut bot = Process::start_as_set(
        script(&world, "bot", "echo-bot").args(["--accept", "all"]).stdin(Stdio::null()),
    );
    let long = "long ".repeat(12_000);
    for odd in [
        "-n",
        "--help",
        "say \"hi\" \\ back\\",
        "$(id) `id` %s *",
        "one\n two\ttabs\r\u{1b}[2J",
        "\",\"sent\":\"x\",\"group\":\"y\"}",
        "grüß dich 你好",
        " ",
        &long,
    ] {
        ann.send(&["msg", "bot", odd]);
        ann.expect(odd, |event| is_message(event, "bot", odd));
    }
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    for n in 0..7 {
        ann.send(&["msg", "bot", "again"]);
        if n < 5 {
            ann.expect("an answer", |event| is_message(event, "bot", "again"));
        }
    }
    ann.send(&["msg", "bot", "something else"]);
    ann.expect("an answer", |event| is_message(event, "bot", "something else"));
    assert_eq!(ann.count(|event| event["event"] == "message"), 0, "no answer comes twice");
    assert!(bot.waiting().is_empty());
    let ended = bot.stop();
    assert_eq!(ended.err, "");
}

#[test]
fn the_echo_bot_says_nothing_in_groups() {
    let world = World::new();
    let mut ann = world.peer("ann");
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    world.once("bot", &["group", "join", "climbers@ann"]).expect_ok();
    let bot = Process::start_as_set(script(&world, "bot", "echo-bot").stdin(Stdio::null()));
    ann.expect("the bot in it", |event| is_joined(event, "bot"));
    let said = |event: &Value| is_receipt(event, "bot", "delivered");
    ann.send(&["group", "say", "climbers", "who is in?"]);
    ann.expect("it is there", said);
    ann.send(&["msg", "bot", "and you?"]);
    ann.expect("an answer", |event| is_message(event, "bot", "and you?"));
    assert_eq!(ann.count(|event| event["event"] == "message"), 0);
    bot.stop();
}

#[test]
fn a_command_is_run_for_each_direct_message() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let bob = world.peer("bob");
    // What the profile says of lines is for somebody else.
    put(&world.home("bob").join("config"), b"json = yes\ntime = yes\n");
    let args = ["printf", "<%s> <%s>\\n"];
    let mut notify = script(&world, "bob", "notify-on-message");
    let mut notify =
        Process::start_as_set(notify.args(args).stdin(Stdio::null()).stdout(Stdio::piped()));
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    world.once("bob", &["group", "join", "climbers@ann"]).expect_ok();
    ann.expect("bob in it", |event| is_joined(event, "bob"));
    // It follows since an unknown moment.
    ann.deliver("bob", "ready?");
    while notify.waiting().is_empty() {
        ann.deliver("bob", "ready?");
    }
    notify.forget();
    ann.ask(&["group", "say", "climbers", "not for you: alone"]).expect_ok();
    ann.deliver("bob", "-n $(id) \u{1b}[2J\nbob: second line");
    ann.deliver("bob", "and: this");
    notify.expect("a call", |line| line == "<ann> <-n $(id) \u{FFFD}[2J>");
    notify.expect("a call", |line| line == "<ann> <and: this>");
    assert!(!notify.waiting().iter().any(|line| !line.contains("ready?")), "nothing else");
    notify.stop();
    bob.stop();
}

#[test]
fn a_command_that_fails_is_said_and_the_next_one_is_run() {
    let world = World::new();
    let mut ann = world.peer("ann");
    world.once("bob", &["whoami"]).expect_ok();
    for text in ["one", "two"] {
        ann.ask(&["msg", "bob", text]).expect_ok();
    }
    let mut notify = script(&world, "bob", "notify-on-message");
    let shell = ["sh", "-c", "echo \"$2\"; test \"$2\" != one", "sh"];
    let mut notify =
        Process::start_as_set(notify.args(shell).stdin(Stdio::null()).stdout(Stdio::piped()));
    notify.expect("a call", |line| line == "one");
    notify.expect("a call", |line| line == "two");
    assert_eq!(notify.stop().err, "notify-on-message: sh: exit code 1\n");
}

/// The nightly drop to its end.
fn drop_to(world: &World, seconds: &str, args: &[&str]) -> Ended {
    let mut command = script(world, "ann", "nightly-drop");
    Process::start(command.env("DROP_SECONDS", seconds).args(args)).ended()
}

#[test]
fn each_file_is_dropped_once_and_waited_for() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.stop();
    let folder = world.home("outbox");
    let names = ["a \"quoted\" \\ one.txt", "plain.txt"];
    for name in names {
        put(&folder.join(name), name.as_bytes());
    }
    let mut command = script(&world, "ann", "nightly-drop");
    let running = Process::start(command.args(["bob", text(&folder)]));
    for _ in names {
        let offer = bob.expect("an offer", |event| is_file(event, "offered"));
        bob.ask(&["take", &id_of(&offer)]).expect_ok();
    }
    let ended = running.ended();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    bob.forget();

    drop_to(&world, "9", &["BOB", text(&folder)]).expect_ok();
    bob.settle();
    assert_eq!(bob.count(|event| event["event"] == "file"), 0, "nothing is offered twice");
}

#[test]
fn a_file_that_waits_is_not_offered_again_and_one_refused_never() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    let folder = world.home("outbox");
    put(&folder.join("one.txt"), b"one");
    let args = ["bob", text(&folder)];
    assert_eq!(drop_to(&world, "1", &args).code, 6);
    let offer = bob.expect("an offer", |event| is_file(event, "offered"));
    assert_eq!(drop_to(&world, "1", &args).code, 6);
    bob.ask(&["refuse", &id_of(&offer)]).expect_ok();
    ann.expect("the refusal", |event| is_file(event, "cancelled"));
    let ended = drop_to(&world, "9", &args);
    assert_eq!((ended.code, ended.err.as_str()), (1, "nightly-drop: 1 refused by bob\n"));
    bob.settle();
    assert_eq!(bob.count(|event| is_file(event, "offered")), 0);
}

#[test]
fn a_drop_to_nobody_is_1_and_a_wrong_command_line_2() {
    let world = World::new();
    let folder = world.home("outbox");
    put(&folder.join("one.txt"), b"one");
    world.once("ann", &["group", "create", "climbers"]).expect_ok();
    assert_eq!(drop_to(&world, "9", &["nobody", text(&folder)]).code, 1);
    for args in [&[][..], &["bob"], &["bob", "/nonexistent/folder"], &["100.64.0.1", "/tmp"]] {
        assert_eq!(drop_to(&world, "9", args).code, 2, "{args:?}");
    }
}

#[test]
fn a_group_is_told_once_however_often_it_is_announced() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    bob.ask(&["group", "join", "climbers@ann"]).expect_ok();
    ann.expect("bob in it", |event| is_joined(event, "bob"));
    ann.stop();
    let announce = |args: &[&str], typed: &str| {
        let mut running = Process::start(script(&world, "ann", "announce").args(args));
        running.write(typed.as_bytes());
        running.ended()
    };
    let odd = "we \"meet\"\\ at\n\tseven: $(id)";
    for (args, typed) in
        [(&["climbers", odd][..], ""), (&["climbers", "-n", "x"], ""), (&["climbers"], "é\n")]
    {
        let first = announce(args, typed);
        assert_eq!((first.code, first.err.as_str()), (0, "announce: climbers: said\n"));
        let second = announce(args, typed);
        assert_eq!((second.code, second.err.as_str()), (0, "announce: climbers: said already\n"));
    }
    for text in [odd, "-n x", "é"] {
        bob.expect(text, |event| is_message(event, "ann", text) && event["group"] == "climbers");
    }
    bob.settle();
    assert_eq!(bob.count(|event| event["event"] == "message"), 0);
    let ended = announce(&["divers", "hi"], "");
    assert_eq!(ended.code, 1);
    assert!(ended.err.ends_with("announce: divers: not said: no such group, or not a member\n"));
    assert_eq!(announce(&[], "").code, 2);
}

#[test]
fn an_announcement_that_nobody_hears_is_repeated_and_one_that_waits_is_not() {
    let mut world = World::new();
    world.once("ann", &["group", "create", "climbers"]).expect_ok();
    world.server.stop();
    let announce = |world: &World, seconds: &str| {
        let mut command = script(world, "ann", "announce");
        Process::start(command.env("ANNOUNCE_SECONDS", seconds).args(["climbers", "hello"])).ended()
    };
    let ended = announce(&world, "1");
    assert_eq!(ended.code, 3);
    assert!(ended.err.ends_with("announce: climbers: not said: nobody is reached, run it again\n"));
    world.server.restart();
    assert_eq!(announce(&world, "60").code, 0);
    assert_eq!(announce(&world, "60").err, "announce: climbers: said already\n");
}

#[test]
fn three_peers_are_silent_while_nothing_is_said() {
    let world = World::new();
    let may_trace = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !may_trace.is_ok_and(|status| status.success()) {
        return println!("skipped: strace is not installed or may not trace here");
    }
    let mut command = script(&world, "ann", "three-peers-strace");
    let ended = Process::start(command.env("IDLE_SECONDS", "1").arg("5")).ended();
    let said = ended.expect_ok();
    let (talk, silence) = said.split_once("\nand in 1 s ").expect("both parts");
    for who in ["ann", "bob", "cyd", "server"] {
        let figure = |part: &str| {
            let line = part.lines().find_map(|line| line.trim().strip_prefix(who));
            line.map(|figure| figure.trim().parse::<f64>().expect("a number"))
        };
        assert!(figure(talk).is_some_and(|calls| calls > 1.0), "{said}");
        assert_eq!(figure(silence), Some(0.0), "{said}");
    }
}
