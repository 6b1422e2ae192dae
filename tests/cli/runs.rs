//! Commands on another's machine: never without their yes, never in a shell, never for long.

use crate::files::{friends, id_of, put, text};
use crate::support::{PATIENCE, Peer, Process, World};
use serde_json::Value;
use std::fs;
use std::time::Instant;

fn is_run(event: &Value, state: &str) -> bool {
    event["event"] == "run" && event["state"] == state
}

/// Asks for a command and gives its id once the other side is asked.
fn asked(from: &mut Peer, to: &mut Peer, command: &[&str]) -> String {
    let name = to.name();
    let words: Vec<&str> = ["run", &name].into_iter().chain(command.iter().copied()).collect();
    from.send(&words);
    id_of(&to.expect("asked", |e| is_run(e, "asked")))
}

/// What a command wrote to one of its outputs, once it is over; and the event of its end.
fn outcome(peer: &mut Peer, id: &str) -> (String, String, Value) {
    let is_end = |e: &Value| is_run(e, "exited") || is_run(e, "failed") || is_run(e, "denied");
    let end = peer.expect("its end", |e| is_end(e) && e["id"] == id);
    let written = |stream: &str| {
        let lines = peer.process.waiting().iter();
        let events = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let output = events.filter(|e| is_run(e, "output") && e["id"] == id);
        let text = output.filter(|e| e["stream"] == stream);
        text.filter_map(|e| e["text"].as_str().map(str::to_owned)).collect::<String>()
    };
    let mut written = written;
    let (out, err) = (written("stdout"), written("stderr"));
    (out, err, end)
}

/// Has a command run with the other's yes.
fn run(from: &mut Peer, to: &mut Peer, command: &[&str]) -> (String, String, Value) {
    let id = asked(from, to, command);
    to.ask(&["allow", &id]).expect_ok();
    outcome(from, &id)
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn expect_gone(pids: &[String]) {
    let deadline = Instant::now() + PATIENCE;
    for pid in pids {
        while is_alive(pid) {
            assert!(Instant::now() < deadline, "{pid} still runs");
            std::thread::yield_now();
        }
    }
}

/// A command that has children of its own, one in another session; they say their numbers.
const FAMILY: [&str; 3] =
    ["sh", "-c", "sleep 999 & echo $!; setsid sleep 999 & echo $!; echo $$; exec sleep 999"];

/// The numbers of `FAMILY`, once all of it runs.
fn family(asker: &mut Peer) -> Vec<String> {
    let mut said = String::new();
    while said.lines().count() < 3 || !said.ends_with('\n') {
        let output = asker.expect("output", |e| is_run(e, "output"));
        said.push_str(output["text"].as_str().expect("it is text"));
    }
    let pids: Vec<String> = said.lines().map(str::to_owned).collect();
    assert!(pids.iter().all(|pid| is_alive(pid)), "{pids:?}");
    pids
}

#[test]
fn a_command_is_asked_for_allowed_and_answered_with_each_field_of_the_contract() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let running = ann.send(&["run", "bob", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    let ask = bob.expect("asked", |e| is_run(e, "asked"));
    let command = "sh -c 'echo out; echo err >&2; exit 7'";
    assert_eq!((&ask["from"], &ask["command"]), (&"ann".into(), &command.into()));
    assert_eq!(ask["argv"][2], "echo out; echo err >&2; exit 7");
    assert!(ask["seq"].is_u64() && ask["at"].is_string() && ask["to"].is_null(), "{ask}");
    let id = id_of(&ask);
    assert_eq!(ann.count(|e| is_run(e, "allowed") || is_run(e, "output")), 0);
    bob.ask(&["allow", &id]).expect_ok();
    let (out, err, end) = outcome(&mut ann, &id);
    assert_eq!((out.as_str(), err.as_str()), ("out\n", "err\n"));
    assert_eq!((&end["state"], &end["code"]), (&"exited".into(), &7.into()));
    assert_eq!((&end["to"], end["seq"].is_u64()), (&"bob".into(), true), "{end}");
    let why = ann.answer(running).expect_refusal(1);
    assert!(why.contains("code 7"), "{why}");
    let end = bob.expect("exited", |e| is_run(e, "exited"));
    assert_eq!((&end["code"], &end["from"]), (&7.into(), &"ann".into()));
    for name in ["ann", "bob"] {
        let log = world.once(name, &["--json", "events"]);
        for state in ["asked", "allowed", "exited"] {
            let is_it = |line: &&str| {
                serde_json::from_str(line).is_ok_and(|e: Value| is_run(&e, state) && e["id"] == id)
            };
            assert_eq!(log.out.lines().filter(is_it).count(), 1, "{name} {state}: {log:?}");
        }
    }
    bob.ask(&["allow", &id]).expect_refusal(1);
    bob.ask(&["deny", &id]).expect_refusal(1);
    bob.ask(&["cancel", &id]).expect_refusal(1);
}

#[test]
fn exactly_the_words_are_run_and_no_shell() {
    let world = World::new();
    let (ann, mut bob) = friends(&world);
    ann.stop();
    let mut ann = world.plain("ann");
    ann.say("/run bob echo $HOME; id `id` '*'");
    let ask = bob.expect("asked", |e| is_run(e, "asked"));
    assert_eq!(ask["argv"], serde_json::json!(["echo", "$HOME;", "id", "`id`", "*"]));
    bob.ask(&["allow", &id_of(&ask)]).expect_ok();
    ann.expect("output", |line| line == "bob| $HOME; id `id` *");
    ann.expect("its end", |l| l == "* bob has run: echo '$HOME;' id '`id`' '*' (code 0)");
    ann.say("/run bob");
    ann.expect("usage", |line| line.starts_with("! "));
}

#[test]
fn in_plain_lines_a_command_is_shown_with_what_to_say_to_that() {
    let world = World::new();
    let (mut ann, bob) = friends(&world);
    bob.stop();
    let mut bob = world.plain("bob");
    let running = ann.send(&["run", "bob", "printf", "\u{1b}[31m\u{202e}%s\n", "a\r\nb"]);
    let line = bob.expect("asked", |line| line.starts_with("* ann asks to run: printf "));
    assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
    let (_, id) = line.rsplit_once("/deny ").expect("it says how to refuse");
    let id = id.trim_end_matches(')');
    assert!(line.ends_with(&format!("(/allow {id} or /deny {id})")), "{line}");
    bob.say(&format!("/deny {id}"));
    ann.answer(running).expect_refusal(1);
    ann.expect("denied", |e| is_run(e, "denied") && e["to"] == "bob");
    bob.expect("denied", |line| line.starts_with("* for ann is not run: "));
}

#[test]
fn escape_sequences_of_a_command_do_not_reach_a_plain_line() {
    let world = World::new();
    let (ann, mut bob) = friends(&world);
    ann.stop();
    let mut ann = world.plain("ann");
    ann.say(r"/run bob printf '\033[2J\033]0;x\007\rbob| fake\nmore\nlast'");
    let id = id_of(&bob.expect("asked", |e| is_run(e, "asked")));
    bob.ask(&["allow", &id]).expect_ok();
    ann.expect("the end", |line| line.starts_with("* bob has run: "));
    let lines = ann.waiting();
    assert!(lines.iter().any(|line| line == "bob| last"), "{lines:?}");
    assert!(!lines.iter().any(|line| line == "bob| fake"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.chars().any(char::is_control)), "{lines:?}");
}

#[test]
fn one_shots_give_the_exact_output_of_a_command() {
    let world = World::new();
    let (ann, mut bob) = friends(&world);
    let script = "printf 'a\\tb\\n'; printf e >&2; cat";
    for mut ann in [Some(ann), None] {
        let mut command = world.signed("ann");
        let once = Process::start(command.args(["run", "bob", "sh", "-c", script]));
        let id = id_of(&bob.expect("asked", |e| is_run(e, "asked")));
        bob.ask(&["allow", &id]).expect_ok();
        let ended = once.ended();
        assert_eq!((ended.expect_ok(), ended.err.as_str()), ("a\tb\n", "e"), "{ended:?}");
        if let Some(ann) = &mut ann {
            ann.expect("its end", |e| is_run(e, "exited"));
        }
    }
    let mut command = world.signed("ann");
    let once = Process::start(command.args(["run", "bob", "false"]));
    let id = id_of(&bob.expect("asked", |e| is_run(e, "asked")));
    bob.ask(&["deny", &id]).expect_ok();
    assert!(once.ended().expect_refusal(1).contains("bob: declined"));
}

#[test]
fn who_is_away_or_no_friend_cannot_be_asked_but_in_a_session() {
    let world = World::new();
    let (mut ann, bob) = friends(&world);
    let mut cyd = world.peer("cyd");
    let why = cyd.ask(&["run", "ann", "id"]).expect_refusal(1);
    assert!(why.contains("no session"), "{why}");
    bob.stop();
    ann.expect("gone", |e| e["event"] == "presence" && e["online"] == false);
    ann.ask(&["run", "bob", "id"]).expect_refusal(3);
    ann.ask(&["run", "nobody", "id"]).expect_refusal(1);
    ann.ask(&["run", "ann", "id"]).expect_refusal(1);
    crate::support::open(&mut cyd, &mut ann);
    let (out, _, end) = run(&mut cyd, &mut ann, &["echo", "hi"]);
    assert_eq!((out.as_str(), &end["code"]), ("hi\n", &0.into()));
    let (_, _, end) = run(&mut cyd, &mut ann, &["/none/such"]);
    assert_eq!((&end["state"], &end["why"]), (&"failed".into(), &"no such command there".into()));
}

#[test]
fn what_runs_is_ended_with_all_its_children_by_either_side() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    for is_asker in [true, false] {
        let id = asked(&mut ann, &mut bob, &FAMILY);
        bob.ask(&["allow", &id]).expect_ok();
        let pids = family(&mut ann);
        let one = if is_asker { &mut ann } else { &mut bob };
        one.ask(&["cancel", &id]).expect_ok();
        ann.expect("failed", |e| is_run(e, "failed") && e["id"] == id.as_str());
        bob.expect("failed", |e| is_run(e, "failed") && e["id"] == id.as_str());
        expect_gone(&pids);
    }
}

#[test]
fn a_command_ends_with_the_session_that_it_was_asked_in() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let id = asked(&mut ann, &mut bob, &FAMILY);
    bob.ask(&["allow", &id]).expect_ok();
    let pids = family(&mut ann);
    ann.ask(&["close", "bob"]).expect_ok();
    bob.expect("failed", |e| is_run(e, "failed"));
    ann.expect("failed", |e| is_run(e, "failed"));
    expect_gone(&pids);
}

#[test]
fn kill_9_of_the_runner_ends_the_command_and_both_say_so() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let id = asked(&mut ann, &mut bob, &FAMILY);
    bob.ask(&["allow", &id]).expect_ok();
    let pids = family(&mut ann);
    bob.crash();
    expect_gone(&pids);
    ann.expect("failed", |e| is_run(e, "failed") && e["id"] == id.as_str());
    let mut bob = world.peer("bob");
    let event = bob.expect("failed", |e| is_run(e, "failed") && e["id"] == id.as_str());
    assert_eq!((&event["why"], event["seq"].is_u64()), (&"the program ended".into(), true));
}

#[test]
fn kill_9_of_the_asker_ends_the_command_and_both_say_so() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let id = asked(&mut ann, &mut bob, &FAMILY);
    bob.ask(&["allow", &id]).expect_ok();
    let pids = family(&mut ann);
    ann.crash();
    bob.expect("failed", |e| is_run(e, "failed") && e["id"] == id.as_str());
    expect_gone(&pids);
    let mut ann = world.peer("ann");
    let event = ann.expect("failed", |e| is_run(e, "failed") && e["id"] == id.as_str());
    assert_eq!((&event["to"], &event["why"]), (&"bob".into(), &"the program ended".into()));
    ann.stop();
    let mut ann = world.peer("ann");
    ann.settle();
    assert_eq!(ann.count(|e| is_run(e, "failed")), 0, "said once");
}

#[test]
fn a_command_has_its_limits() {
    let world = World::new();
    let (mut ann, bob) = friends(&world);
    bob.stop();
    let limits = ["--run-seconds", "1", "--run-output", "5000", "--run-memory", "64M"];
    let mut bob = world.peer_with("bob", &limits);
    let id = asked(&mut ann, &mut bob, &FAMILY);
    bob.ask(&["allow", &id]).expect_ok();
    let pids = family(&mut ann);
    let (_, _, end) = outcome(&mut ann, &id);
    assert_eq!((&end["state"], &end["why"]), (&"failed".into(), &"it ran longer than 1 s".into()));
    expect_gone(&pids);
    let (out, _, end) = run(&mut ann, &mut bob, &["yes"]);
    assert_eq!((&end["state"], out.len()), (&"failed".into(), 5000));
    assert_eq!(end["why"], "it wrote more than 5000 bytes");
    let large = "head -c 200000000 /dev/zero | tail -c 190000000 | wc -c";
    let (out, err, _) = run(&mut ann, &mut bob, &["sh", "-c", large]);
    assert!(err.contains("memory") && out != "190000000\n", "{out} {err}");
}

#[test]
fn a_command_has_no_input_no_descriptors_and_a_clean_environment() {
    let world = World::new();
    let (mut ann, bob) = friends(&world);
    bob.stop();
    let mut command = world.signed("bob");
    command.arg("--json").env("A_SECRET", "in the environment");
    let mut bob = Peer::start(&mut command);
    bob.ready = bob.expect("ready", |event| event["event"] == "ready");
    let (out, _, _) = run(&mut ann, &mut bob, &["env"]);
    let names: Vec<_> =
        out.lines().filter_map(|line| line.split_once('=')).map(|it| it.0).collect();
    let is_known = |name: &&str| ["HOME", "LANG", "LOGNAME", "PATH", "USER"].contains(name);
    assert!(names.contains(&"PATH") && names.iter().all(is_known), "{out}");
    let (out, _, _) = run(&mut ann, &mut bob, &["ls", "/proc/self/fd"]);
    assert_eq!(out, "0\n1\n2\n3\n", "the last is the directory itself");
    let (out, _, end) = run(&mut ann, &mut bob, &["cat"]);
    assert_eq!((out.as_str(), &end["code"]), ("", &0.into()));
}

#[test]
fn a_grant_is_for_one_friend_and_exactly_these_words() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let mut cyd = world.peer("cyd");
    crate::friends::befriend(&mut cyd, &mut bob);
    let granted = bob.ask(&["grant", "ann", "echo", "a b"]).expect_ok();
    let row = granted.row("grant");
    assert_eq!((&row["to"], &row["command"]), (&"ann".into(), &"echo 'a b'".into()));
    let grant = id_of(row);
    ann.ask(&["run", "bob", "echo", "a b"]).expect_ok();
    let allowed = bob.expect("allowed", |e| is_run(e, "allowed"));
    assert_eq!(allowed["grant"], grant.as_str(), "by which grant it ran");
    bob.expect("exited", |e| is_run(e, "exited"));
    bob.forget();
    for words in [&["echo", "a", "b"][..], &["echo", "a b", ""], &["echo"], &["/bin/echo", "a b"]] {
        let id = asked(&mut ann, &mut bob, words);
        bob.ask(&["deny", &id]).expect_ok();
    }
    let id = asked(&mut cyd, &mut bob, &["echo", "a b"]);
    bob.ask(&["deny", &id]).expect_ok();
    assert_eq!(bob.ask(&["grants"]).expect_ok().rows("grant").len(), 1);
    bob.ask(&["revoke", &grant]).expect_ok();
    let id = asked(&mut ann, &mut bob, &["echo", "a b"]);
    bob.ask(&["deny", &id]).expect_ok();
    assert_eq!(bob.count(|e| is_run(e, "allowed")), 0);
    bob.ask(&["revoke", &grant]).expect_refusal(1);
    bob.ask(&["grant", "dan", "id"]).expect_refusal(1);
    bob.ask(&["grant", "ann"]).expect_refusal(2);
    bob.ask(&["grant", "ann", "id", "--until", "2001-01-01"]).expect_refusal(2);
}

#[test]
fn a_grant_is_nothing_past_its_end_or_after_the_friendship() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    bob.ask(&["grant", "ann", "echo", "hi", "--until", "1s"]).expect_ok();
    let deadline = Instant::now() + PATIENCE;
    while !bob.ask(&["grants"]).expect_ok().rows("grant").is_empty() {
        assert!(Instant::now() < deadline, "it stands past its end");
    }
    let id = asked(&mut ann, &mut bob, &["echo", "hi"]);
    bob.ask(&["deny", &id]).expect_ok();
    let line = world.once("bob", &["grant", "ann", "echo", "hi"]);
    assert!(line.expect_ok().contains("  ann  for good  echo hi"), "{line:?}");
    ann.forget();
    bob.crash();
    let mut bob = world.peer("bob");
    ann.expect("back", |e| e["event"] == "presence" && e["online"] == true);
    ann.ask(&["run", "bob", "echo", "hi"]).expect_ok();
    bob.ask(&["unfriend", "ann"]).expect_ok();
    assert_eq!(bob.ask(&["grants"]).expect_ok().rows("grant").len(), 0);
    bob.forget();
    ann.send(&["run", "bob", "echo", "hi"]);
    ann.settle();
    bob.settle();
    assert_eq!(bob.count(|e| is_run(e, "allowed")), 0);
}

#[test]
fn a_member_of_ones_group_may_not_run_anything() {
    let world = World::new();
    let (mut ann, mut cyd) = (world.peer("ann"), world.peer("cyd"));
    ann.ask(&["group", "create", "climbers"]).expect_ok();
    cyd.ask(&["group", "join", "climbers"]).expect_ok();
    cyd.expect("in", |e| e["event"] == "group" && e["state"] == "joined");
    cyd.ask(&["run", "ann", "id"]).expect_refusal(1);
    ann.ask(&["grant", "cyd", "id"]).expect_refusal(1);
    ann.settle();
    assert_eq!(ann.count(|e| e["event"] == "run"), 0);
}

#[test]
fn a_script_sees_a_command_that_was_put_where_it_is_named() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let script = put(&world.home("no program"), b"\0\x01\x02");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("ours");
    let (_, _, end) = run(&mut ann, &mut bob, &[text(&script)]);
    assert_eq!((&end["state"], &end["why"]), (&"failed".into(), &"it is no program".into()));
}
