//! Commands that run for events: each with its event, in order, for a while, and never fatal.

use crate::support::{PATIENCE, Peer, Process, World, is_message, open};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Puts a script into the world's folder, and gives what runs it.
fn script(world: &World, name: &str, text: &str) -> String {
    let path = world.home(name);
    fs::write(&path, text).expect("the folder is writable");
    format!("sh {}", path.display())
}

/// Somebody with the programs on the path, and a hook.
fn hooked(world: &World, name: &str, event: &str, command: &str, more: &[&str]) -> Peer {
    let mut signed = world.signed(name);
    signed.env("PATH", search_path()).args(["--json", "--on", event, command]).args(more);
    let mut peer = Peer::start(&mut signed);
    peer.ready = peer.expect("ready", |event| event["event"] == "ready");
    peer
}

fn search_path() -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_hobnob")).parent().expect("it is in a folder");
    format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default())
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a hook wrote it");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// What a hook writes into a file, once that is a whole line.
fn written(path: &Path) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => assert!(Instant::now() < deadline, "nothing in {}", path.display()),
        }
        std::thread::yield_now();
    }
}

fn expect_gone(pid: &str) {
    let deadline = Instant::now() + PATIENCE;
    let is_alive = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    while is_alive() {
        assert!(Instant::now() < deadline, "{pid} still runs");
        std::thread::yield_now();
    }
}

fn out(world: &World) -> PathBuf {
    world.home("out")
}

#[test]
fn each_event_is_read_as_it_is_printed_one_at_a_time_and_in_order() {
    let world = World::new();
    let command = script(
        &world,
        "hook",
        "cd ${0%/*}; mkdir busy || echo two at a time; cat >>out; rmdir busy\n",
    );
    let mut ann = hooked(&world, "ann", "message", &command, &[]);
    let mut bob = world.peer("bob");
    open(&mut bob, &mut ann);
    let long = "ü\n\"".repeat(20_000);
    for text in ["one", &long[..65_532], "three", "four", "five"] {
        bob.deliver("ann", text);
    }
    let mut printed = Vec::new();
    for _ in 0..5 {
        printed.push(ann.expect("a message", |e| e["event"] == "message"));
    }
    ann.process.hang_up();
    let ended = ann.process.ended();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(lines(&out(&world)), printed);
    assert!(printed[1]["text"].as_str().is_some_and(|text| text.len() == 65_532));
}

#[test]
fn a_burst_runs_a_hook_for_every_message() {
    const COUNT: usize = 1_500;
    let world = World::new();
    let command = script(&world, "hook", "cat >>${0%/*}/out\n");
    let mut bob = hooked(&world, "bob", "message", &command, &[]);
    let mut ann = world.peer("ann");
    for n in 0..COUNT {
        ann.send(&["msg", "bob", &n.to_string()]);
    }
    bob.expect("the last", |e| is_message(e, "ann", &(COUNT - 1).to_string()));
    let deadline = Instant::now() + 2 * PATIENCE;
    while fs::read_to_string(out(&world)).unwrap_or_default().lines().count() < COUNT {
        assert!(Instant::now() < deadline, "{} of {COUNT}", lines(&out(&world)).len());
        std::thread::yield_now();
    }
    let texts = lines(&out(&world)).into_iter().map(|e| e["text"].as_str().map(str::to_owned));
    assert!(texts.eq((0..COUNT).map(|n| Some(n.to_string()))), "in order, each once");
}

#[test]
fn a_hook_knows_its_event_and_its_profile_and_what_it_writes_is_on_standard_error() {
    let world = World::new();
    let text = "echo $HOBNOB_EVENT; echo $HOBNOB_HOME; printf '\\033[2J' >&2\n";
    let command = script(&world, "hook", text);
    let ann = hooked(&world, "ann", "online", &command, &[]);
    let mut process = ann.process;
    process.hang_up();
    let err = process.ended().err;
    let home = world.home("ann").display().to_string();
    for line in ["online", &home, "\u{FFFD}[2J"] {
        assert!(err.contains(&format!("hobnob: on online: {line}\n")), "{err}");
    }
}

#[test]
fn a_hook_that_fails_is_said_and_not_the_end() {
    let world = World::new();
    for (command, why) in [
        ("sh -c 'exit 3'", "on ready: sh: ended with code 3"),
        ("sh -c 'kill -9 $$'", "on ready: sh: was ended by signal 9"),
        ("/no/such/program", "on ready: /no/such/program: no such program"),
    ] {
        let mut ann = hooked(&world, "ann", "ready", command, &[]);
        let trouble = ann.expect("trouble", |e| e["event"] == "trouble");
        assert_eq!((&trouble["code"], &trouble["error"]), (&4.into(), &why.into()));
        ann.settle();
        ann.leave();
    }
}

#[test]
fn a_hook_that_takes_too_long_is_ended_with_its_family() {
    let world = World::new();
    let text = "cd ${0%/*}; sleep 999 & echo $! >pids; setsid sleep 999 & echo $! >>pids\n\
                echo $$ >>pids; sleep 999\n";
    let command = script(&world, "hook", text);
    let mut ann = hooked(&world, "ann", "ready", &command, &["--on-seconds", "1"]);
    let trouble = ann.expect("trouble", |e| e["event"] == "trouble");
    assert_eq!(trouble["error"], "on ready: sh: took more than 1 s and was ended");
    let pids = written(&world.home("pids"));
    assert_eq!(pids.lines().count(), 3);
    pids.lines().for_each(expect_gone);
    ann.leave();
}

#[test]
fn a_hook_may_speak_to_the_program_that_runs_it() {
    let world = World::new();
    let text = "text=$(sed 's/.*\"text\":\"\\([^\"]*\\)\".*/\\1/')\n\
                exec hobnob --wait delivered msg ann \"you said: $text\"\n";
    let command = script(&world, "echo", text);
    let mut bob = hooked(&world, "bob", "message", &command, &["--accept", "all", "listen"]);
    let mut ann = world.peer_with("ann", &["--accept", "all"]);
    for text in ["hello", "again"] {
        ann.ask(&["msg", "bob", text]).expect_ok();
        let echo = format!("you said: {text}");
        ann.expect("the echo", |e| is_message(e, "bob", &echo));
    }
    bob.expect("both", |e| is_message(e, "ann", "again"));
    ann.leave();
    bob.stop();
}

#[test]
fn a_one_shot_ends_when_its_hooks_have_ended_and_serves_them_meanwhile() {
    let world = World::new();
    let _bob = world.peer_with("bob", &["--accept", "all"]);
    let text = "cd ${0%/*}; cat >>out; hobnob whoami >>who || exit 1; echo oh; exit 7\n";
    let command = script(&world, "hook", text);
    let mut verb = world.signed("ann");
    verb.env("PATH", search_path()).args(["--on=receipt", &command, "--wait", "delivered"]);
    let ended = Process::start(verb.args(["msg", "bob", "hi"])).ended();
    let shown = ended.expect_ok();
    assert!(shown.contains("to bob: delivered") && !shown.contains("ended with"), "{shown}");
    let failed = "hobnob: on receipt: oh\nhobnob: on receipt: sh: ended with code 7\n";
    assert!(ended.err.contains(failed) && ended.err.replace(failed, "").is_empty(), "{ended:?}");
    let states: Vec<Value> = lines(&out(&world)).iter().map(|e| e["state"].clone()).collect();
    assert!(states.contains(&"delivered".into()), "{states:?}");
    let who = fs::read_to_string(world.home("who")).expect("a hook wrote it");
    assert_eq!(who.matches("fingerprint").count(), states.len(), "{who}");
}

#[test]
fn a_one_shot_does_not_wait_for_ever() {
    let world = World::new();
    let mut verb = world.signed("ann");
    verb.args(["--on", "all", "sleep 999", "--on-seconds", "1", "who"]);
    let ended = Process::start(&mut verb).ended();
    ended.expect_ok();
    assert!(ended.err.contains("hooks: "), "{ended:?}");
}

#[test]
fn a_signal_ends_a_program_with_the_hook_that_runs() {
    let world = World::new();
    let command = script(&world, "hook", "echo $$ >${0%/*}/pid; exec sleep 999\n");
    let ann = hooked(&world, "ann", "ready", &command, &["listen"]);
    let pid = written(&world.home("pid"));
    ann.stop();
    expect_gone(pid.trim_end());
}

#[test]
fn a_hook_has_a_kind_and_a_command_on_the_command_line_in_one_word_or_two() {
    let world = World::new();
    for wrong in [&["--on", "message"][..], &["--on", "mesage", "true"], &["--on", "all '"]] {
        world.once("ann", wrong).expect_refusal(2);
    }
    for hook in [&["--on", "ready echo one"][..], &["--on", "ready", "echo one"]] {
        for at_end in [false, true] {
            let words = [&["who"][..], hook];
            let words = if at_end { words.concat() } else { [hook, &["who"]].concat() };
            let ended = world.once("ann", &words);
            assert_eq!((ended.code, ended.err.as_str()), (0, "hobnob: on ready: one\n"));
        }
    }
}

#[test]
fn hooks_that_the_programs_end_cuts_short_are_said() {
    let world = World::new();
    let command = script(&world, "hook", "echo begun >${0%/*}/out; exec sleep 999\n");
    let ann = hooked(&world, "ann", "all", &command, &["listen"]);
    written(&out(&world));
    let ended = ann.stop();
    let mut lines = ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let trouble: Value = lines.find(|e: &Value| e["event"] == "trouble").expect("trouble");
    let error = trouble["error"].as_str().expect("it says why");
    assert!(error.starts_with("hooks: ") && error.ends_with(" had not ended when the program did"));
    assert!(trouble["at"].is_string(), "{trouble}");
}
