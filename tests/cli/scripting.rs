//! Driven by scripts: JSON lines, slash lines, files and closed inputs, `wait`, exit codes.

use crate::support::{PATIENCE, Peer, Process, Scratch, World};
use crate::support::{is_message, is_session, nobody_there};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The program of `name` behind a shell that first does something to its streams.
fn through_shell(world: &World, name: &str, redirect: &str, args: &[&str]) -> Command {
    let signed = world.signed(name);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec \"$@\" {redirect}")).arg("sh");
    command.arg(signed.get_program()).args(signed.get_args()).args(args);
    command
}

#[test]
fn a_json_line_is_answered_with_its_own_ref() {
    let world = World::new();
    let mut ann = world.peer("ann");
    ann.process.say(r#"{"cmd":"whoami","args":[],"ref":"seven"}"#);
    ann.process.say(r#"{"cmd":"lookup","args":["nobody"],"ref":[8]}"#);
    ann.process.say(r#"{"cmd":"whoami"}"#);
    let done = ann.expect("done", |e| e["event"] == "done" && e["ref"] == "seven");
    assert_eq!(done["ok"], true);
    let done = ann.expect("done", |e| e["event"] == "done" && e["ref"][0] == 8);
    assert_eq!((&done["ok"], &done["code"]), (&false.into(), &1.into()));
    ann.expect("done", |e| e["event"] == "done" && e["ref"].is_null() && e["ok"] == true);
}

#[test]
fn lines_that_are_wrong_are_answered_and_the_next_is_read() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let long = "x".repeat(200_000);
    let too_long = format!(r#"{{"cmd":"whoami","args":["{long}"]}}"#);
    for line in [
        r#"{"cmd":"whoami","#,
        r#"{"cmd":7}"#,
        r#"{"cmd":"frobnicate"}"#,
        r#"{"cmd":"lookup","args":[]}"#,
        r#"{"cmd":"lookup","args":"bob"}"#,
        "/frobnicate",
        "/lookup",
        &too_long,
    ] {
        ann.process.say(line);
        let done = ann.expect("a refusal", |e| e["event"] == "done" && e["ok"] == false);
        assert_eq!(done["code"], 2, "{}: {done}", &line[..line.len().min(60)]);
        assert!(done["error"].as_str().is_some_and(|error| !error.contains('\n')), "{done}");
    }
    ann.process.write(b"\xff\xfe\n\n");
    ann.settle();
}

#[test]
fn slash_lines_work_beside_json_lines() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    ann.process.say("/msg bob  by slash");
    bob.expect("the message", |e| e["event"] == "message" && e["from"] == "ann");
    ann.process.say("/message bob by alias");
    bob.expect("the message", |e| is_message(e, "ann", "by alias"));
    ann.process.say("/list online");
    ann.expect("bob", |e| e["event"] == "person" && e["name"] == "bob");
}

#[test]
fn a_script_file_as_input_is_played_to_its_end() {
    let world = World::new();
    let script = world.home("script.txt");
    fs::write(&script, "/whoami\n/lookup nobody\n/who\n").expect("the folder is writable");
    let mut command = world.signed("ann");
    command.stdin(File::open(&script).expect("it is there")).stdout(Stdio::piped());
    let ended = Process::start_as_set(&mut command).ended();
    let out = ended.expect_ok();
    assert!(out.contains("127.77.") && out.contains("! nobody: no such name"), "{out}");
}

#[test]
fn what_a_script_asks_before_it_quits_is_answered_and_nothing_after() {
    let world = World::new();
    let mut ann = Process::start(&mut world.signed("ann"));
    ann.write(b"/lookup nobody\n/quit\n/lookup nowhere\n");
    let ended = ann.ended();
    let out = ended.expect_ok();
    assert!(out.contains("! nobody: no such name") && !out.contains("nowhere"), "{out}");
}

#[test]
fn at_the_end_of_input_what_is_being_sent_is_waited_for() {
    let world = World::new();
    let mut bob = world.peer_with("bob", &["--accept", "all"]);
    let mut ann = world.plain("ann");
    ann.say("/chat bob");
    ann.expect("open", |line| line.starts_with("* session with bob open"));
    for n in 0..20 {
        ann.say(&format!("line {n}"));
    }
    let ended = ann.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    for n in 0..20 {
        bob.expect("the line", |e| is_message(e, "ann", &format!("line {n}")));
    }
    assert_eq!(ended.out.matches(": delivered").count(), 20, "{ended:?}");
}

#[test]
fn an_input_that_is_dev_null_or_closed_is_at_its_end() {
    let world = World::new();
    for redirect in ["</dev/null", "<&-"] {
        let mut command = through_shell(&world, "ann", redirect, &[]);
        let ended = Process::start(&mut command).ended();
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{redirect}");
        let mut command = through_shell(&world, "ann", redirect, &["whoami"]);
        Process::start(&mut command).ended().expect_ok();
    }
}

#[test]
fn listen_needs_no_input_and_ends_on_sigterm() {
    let world = World::new();
    for redirect in ["</dev/null", "<&-", ""] {
        let mut command = through_shell(&world, "ann", redirect, &["--json", "listen"]);
        let mut ann = Peer::start(&mut command);
        ann.ready = ann.expect("ready", |event| event["event"] == "ready");
        ann.stop();
    }
}

#[test]
fn listen_shows_what_happens_while_verbs_are_run_beside_it() {
    let world = World::new();
    let mut bob = world.peer_with("bob", &["--accept", "all"]);
    let mut ann = Peer::start(world.signed("ann").args(["--json", "listen"]));
    ann.ready = ann.expect("ready", |event| event["event"] == "ready");
    world.once("ann", &["chat", "bob"]).expect_ok();
    ann.expect("open", |e| is_session(e, "bob", "open"));
    bob.deliver("ann", "to the listener");
    ann.expect("the message", |e| is_message(e, "bob", "to the listener"));
    ann.stop();
}

#[test]
fn one_shot_verbs_end_with_the_contracts_codes_with_and_without_a_running_program() {
    let world = World::new();
    let codes = || {
        world.once("ann", &["whoami"]).expect_ok();
        world.once("ann", &["who"]).expect_ok();
        world.once("ann", &["lookup", "nobody"]).expect_refusal(1);
        world.once("ann", &["frobnicate"]).expect_refusal(2);
        world.once("ann", &["lookup"]).expect_refusal(2);
        world.once("ann", &["--timeout", "1", "wait", "--match", "never"]).expect_refusal(6);
    };
    codes();
    let _ann = world.peer("ann");
    codes();
}

#[test]
fn one_shot_json_ends_with_done_and_writes_nothing_else_to_stdout() {
    let world = World::new();
    for (words, ok) in [(&["whoami"][..], true), (&["lookup", "nobody"], false)] {
        let mut command = world.signed("ann");
        let ended = Process::start(command.arg("--json").args(words)).ended();
        let lines: Vec<serde_json::Value> = ended
            .out
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        let done = lines.last().expect("there is a line");
        assert_eq!((&done["event"], &done["ok"]), (&"done".into(), &ok.into()), "{ended:?}");
        assert_eq!(ended.code == 0, ok);
    }
}

#[test]
fn wait_prints_the_first_event_that_fits() {
    let world = World::new();
    let (mut ann, _bob) = world.pair("ann", "bob");
    let mut command = world.signed("bob");
    let seconds = PATIENCE.as_secs().to_string();
    command.args(["--json", "--timeout", &seconds, "wait", "--from", "ann", "--match", "[it]"]);
    let mut wait = Process::start(&mut command);
    // When it begins to wait cannot be seen from here, so what it waits for is repeated.
    let begun = Instant::now();
    while wait.waiting().is_empty() && begun.elapsed() < PATIENCE {
        ann.deliver("bob", "not it");
        ann.deliver("bob", "this is [it]");
    }
    let line = wait.expect("the event", |line| line.contains("\"message\""));
    let ended = wait.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(line.contains("this is [it]"), "{line}");
}

#[test]
fn the_readmes_script_works_as_it_stands() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```sh\nhobnobd").expect("README has the script");
    let (script, _) = rest.split_once("```").expect("the block ends");
    let scratch = Scratch::new();
    let home = scratch.join("");
    let script = format!("trap 'kill $(jobs -p)' EXIT\nhobnobd{script}")
        .replace("127.0.0.1:12000", &nobody_there().to_string())
        .replace("/tmp/", &home.display().to_string());
    let programs = Path::new(env!("CARGO_BIN_EXE_hobnob")).parent().expect("it is in a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-ec", &script]).env("PATH", path).env("HOME", &home).current_dir(&home);
    let ended = Process::start(&mut command).ended();
    assert!(ended.expect_ok().contains("build finished"), "{ended:?}");
}

#[test]
fn listen_goes_on_where_a_program_left_that_ran_for_something_else() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let first = world.peer("bob");
    let mut listening = Peer::start(world.signed("bob").args(["--json", "--accept=all", "listen"]));
    while listening.process.waiting().is_empty() {
        ann.deliver("bob", "to both");
    }
    first.stop();
    listening.expect("its own", |event| event["event"] == "ready");
    ann.ask(&["chat", "bob"]).expect_ok();
    listening.expect("what it was told to accept", |e| is_session(e, "ann", "open"));
    listening.stop();
    ann.expect("a goodbye", |e| is_session(e, "bob", "closed"));
}

#[test]
fn a_follower_goes_on_where_a_program_left_and_misses_nothing() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let first = world.peer("bob");
    let mut command = world.signed("bob");
    let mut following = Peer::start(command.args(["--json", "events", "--since", "0", "--follow"]));
    ann.deliver("bob", "one");
    following.expect("it", |e| is_message(e, "ann", "one"));
    first.stop();
    ann.deliver("bob", "two");
    let two = following.expect("it", |e| is_message(e, "ann", "two"));
    assert_eq!(two["seq"], 2, "{two}");
    assert_eq!(following.count(|e| e["seq"].is_u64()), 0, "nothing twice");
    following.stop();
}

#[test]
fn lines_wait_for_a_program_that_is_just_leaving() {
    let world = World::new();
    let first = world.peer("bob");
    let in_use = world.once("bob", &["--timeout", "0"]);
    assert!(in_use.expect_refusal(4).contains("in use"), "{in_use:?}");
    let mut lines = Process::start(&mut world.signed("bob"));
    first.stop();
    lines.say("/whoami");
    let ended = lines.ended();
    assert!(ended.expect_ok().contains("\n* ready: bob, "), "{ended:?}");
}
