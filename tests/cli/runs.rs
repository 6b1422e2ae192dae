//! Commands on somebody else's machine: asked, allowed, granted, ended.

use crate::friends::befriend;
use crate::support::{Peer, World, open};
use serde_json::Value;
use std::time::Instant;

fn is_run(event: &Value, state: &str) -> bool {
    event["event"] == "run" && event["state"] == state
}

fn friends(world: &World) -> (Peer, Peer) {
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    (ann, bob)
}

fn asked(bob: &mut Peer) -> String {
    let event = bob.expect("the ask", |e| is_run(e, "asked"));
    assert_eq!(event["from"], "ann");
    event["id"].as_str().expect("it has an id").to_owned()
}

fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Demands that a process ends; nobody waits for it but init.
fn expect_gone(pid: u64) {
    let begun = Instant::now();
    while is_alive(pid) {
        assert!(begun.elapsed() < crate::support::PATIENCE, "process {pid} goes on");
        std::thread::yield_now();
    }
}

#[test]
fn exactly_the_words_run_once_they_are_allowed() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let question = ann.send(&["run", "bob", "printf", "%s|", "$HOME;", "id"]);
    let id = asked(&mut bob);
    bob.ask(&["allow", &id[..6].to_lowercase()]).expect_ok();
    ann.answer(question).expect_ok();
    let output = ann.expect("output", |e| is_run(e, "output"));
    assert_eq!((&output["stream"], &output["text"]), (&"stdout".into(), &"$HOME;|id|".into()));
    let exited = ann.expect("its end", |e| is_run(e, "exited"));
    assert_eq!((&exited["code"], &exited["to"]), (&0.into(), &"bob".into()));
    assert_eq!(exited["command"], "printf '%s|' '$HOME;' id");
    let exited = bob.expect("its end", |e| is_run(e, "exited"));
    assert!(exited["seq"].is_u64(), "it is in the log: {exited}");
}

#[test]
fn a_granted_command_runs_at_once_and_another_asks() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let grant = bob.ask(&["grant", "ann", "sh", "-c", "echo oops >&2; exit 3"]).expect_ok();
    let grant = grant.row("grant")["id"].as_str().expect("it has an id").to_owned();
    let answer = ann.ask(&["run", "bob", "sh", "-c", "echo oops >&2; exit 3"]);
    assert!(answer.expect_refusal(1).contains("code 3"));
    let output = ann.expect("output", |e| is_run(e, "output"));
    assert_eq!((&output["stream"], &output["text"]), (&"stderr".into(), &"oops\n".into()));
    let allowed = bob.expect("allowed", |e| is_run(e, "allowed"));
    assert_eq!(allowed["grant"], grant.as_str());

    let question = ann.send(&["run", "bob", "sh", "-c", "exit 3"]);
    bob.expect("the other ask", |e| is_run(e, "asked") && e["argv"][2] == "exit 3");
    bob.ask(&["revoke", &grant]).expect_ok();
    assert!(bob.ask(&["grants"]).expect_ok().rows("grant").is_empty());
    let id = ann.expect("asked", |e| is_run(e, "asked") && e["argv"][2] == "exit 3");
    bob.ask(&["deny", id["id"].as_str().expect("an id")]).expect_ok();
    assert!(ann.answer(question).expect_refusal(1).contains("declined"));
}

#[test]
fn cancelling_kills_the_command_with_its_children() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let script = "setsid sleep 1000 & echo $!; wait";
    let question = ann.send(&["run", "bob", "sh", "-c", script]);
    let id = asked(&mut bob);
    bob.ask(&["allow", &id]).expect_ok();
    let output = ann.expect("output", |e| is_run(e, "output"));
    let pid = output["text"].as_str().and_then(|text| text.trim().parse().ok());
    let pid: u64 = pid.expect("a process id");
    assert!(is_alive(pid));
    ann.ask(&["cancel", &id]).expect_ok();
    ann.answer(question).expect_refusal(1);
    bob.expect("its end", |e| is_run(e, "failed"));
    expect_gone(pid);
}

#[test]
fn a_killed_hobnob_takes_its_commands_with_it_and_says_so_later() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    bob.ask(&["grant", "ann", "sh", "-c", "sleep 1000 & echo $!; wait"]).expect_ok();
    let question = ann.send(&["run", "bob", "sh", "-c", "sleep 1000 & echo $!; wait"]);
    let output = ann.expect("output", |e| is_run(e, "output"));
    let pid = output["text"].as_str().and_then(|text| text.trim().parse().ok());
    let pid: u64 = pid.expect("a process id");
    bob.crash();
    ann.answer(question).expect_refusal(1);
    expect_gone(pid);

    let mut bob = world.peer("bob");
    let ended = bob.ask(&["events", "--since", "0"]).expect_ok();
    let failed: Vec<_> = ended.lines.iter().filter(|line| is_run(line, "failed")).collect();
    assert_eq!(failed.len(), 1, "{ended:?}");
    assert_eq!(bob.ask(&["grants"]).expect_ok().rows("grant").len(), 1, "it is kept");
}

#[test]
fn a_stranger_may_ask_but_is_granted_nothing() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    assert!(ann.ask(&["run", "bob", "id"]).expect_refusal(1).contains("no session"));
    open(&mut ann, &mut bob);
    bob.ask(&["grant", "ann", "id"]).expect_refusal(1);
    let question = ann.send(&["run", "bob", "true"]);
    let id = asked(&mut bob);
    bob.ask(&["deny", &id]).expect_ok();
    ann.answer(question).expect_refusal(1);
}

#[test]
fn a_friend_who_is_away_is_not_waited_for() {
    let world = World::new();
    let (mut ann, bob) = friends(&world);
    bob.stop();
    ann.ask(&["run", "bob", "id"]).expect_refusal(3);
}

#[test]
fn a_command_that_is_not_there_is_told() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    bob.ask(&["grant", "ann", "/no/such/command"]).expect_ok();
    let answer = ann.ask(&["run", "bob", "/no/such/command"]);
    assert!(answer.expect_refusal(1).contains("no such command"));
}

#[test]
fn a_verb_of_its_own_runs_a_command_and_leaves() {
    let world = World::new();
    let (ann, mut bob) = friends(&world);
    bob.ask(&["grant", "ann", "sh", "-c", "echo hello; exit 4"]).expect_ok();
    bob.ask(&["grant", "ann", "echo", "hello"]).expect_ok();
    ann.stop();
    let ended = world.once("ann", &["run", "bob", "echo", "hello"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.out, "hello\n", "{ended:?}");
    let ended = world.once("ann", &["run", "bob", "sh", "-c", "echo hello; exit 4"]);
    assert_eq!(ended.code, 1, "{ended:?}");
}
