//! Lines in and lines out: the plain ones letter by letter, the JSON ones by what answers them.

use crate::friends::befriend;
use crate::support::{Process, World, is_message, nobody_there};
use serde_json::Value;
use std::fs::{self, File};
use std::process::{Command, Stdio};

fn ended_with(world: &World, name: &str, input: &[u8], options: &[&str]) -> crate::support::Ended {
    let mut process = Process::start(world.signed(name).args(options));
    process.write(input);
    process.ended()
}

#[test]
fn plain_lines_are_the_contracts_letter_by_letter() {
    let world = World::new();
    let (mut bob, mut carol) = (world.peer("bob"), world.peer("carol"));
    world.once("dave", &["whoami"]).expect_ok();
    let mut ann = world.peer("ann");
    befriend(&mut ann, &mut bob);
    bob.ask(&["group", "create", "climbers"]).expect_ok();
    for peer in [&mut ann, &mut carol] {
        peer.ask(&["group", "join", "climbers@bob"]).expect_ok();
        peer.expect("in", |e| e["event"] == "group" && e["state"] == "joined");
    }
    ann.stop();
    bob.stop();
    let mut ann = world.plain("ann");
    let bob = world.peer("bob");
    ann.expect("bob comes", |line| line == "* bob is online");
    bob.stop();
    ann.expect("bob goes", |line| line == "* bob is offline");
    let mut bob = world.peer("bob");
    bob.ask(&["msg", "ann", "hi there"]).expect_ok();
    ann.expect("it", |line| line == "bob: hi there");
    carol.ask(&["group", "say", "climbers", "who is in?"]).expect_ok();
    ann.expect("talk", |line| line == "[climbers] carol: who is in?");
    carol.send(&["chat", "ann"]);
    ann.expect("the question", |l| l == "* carol wants to talk (/accept carol or /decline carol)");
    ann.say("/chat bob");
    ann.expect("open", |line| line == "* session with bob open (direct)");
    ann.say("/msg dave for later");
    let held = ann.expect("held", |line| line.ends_with(" to dave: held"));
    let id = held.strip_prefix("* message ").and_then(|rest| rest.split(' ').next());
    let id = id.expect("it names the message");
    assert!(id.len() >= 4 && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
    ann.say(&format!("/drop {}", id.to_lowercase()));
    ann.expect("given up", |line| line == format!("* message {id} to dave: refused"));
    ann.say("/lookup nobody");
    ann.expect("no", |line| line == "! nobody: no such name, or not visible to you");
}

#[test]
fn a_moment_stands_before_plain_lines_only_with_time() {
    let world = World::new();
    let without = ended_with(&world, "ann", b"/lookup nobody\n", &[]);
    assert!(without.expect_ok().lines().all(|l| l.starts_with("* ") || l.starts_with("! ")));
    let with = ended_with(&world, "ann", b"", &["--time"]);
    for line in with.expect_ok().lines() {
        let (moment, rest) = line.split_once(' ').expect("a moment and a line");
        assert!(moment.len() == 24 && moment.ends_with('Z') && rest.starts_with("* "), "{line}");
    }
}

#[test]
fn lines_end_as_any_editor_ends_them_and_empty_ones_ask_for_nothing() {
    let world = World::new();
    let script = b"\n\r\n/lookup nobody1\r\n\n   \n/LOOKUP nobody2\n/lookup  nobody3";
    let ended = ended_with(&world, "ann", script, &[]);
    for n in 1..=3 {
        let line = format!("! nobody{n}: no such name, or not visible to you\n");
        assert!(ended.expect_ok().contains(&line), "{ended:?}");
    }
}

#[test]
fn a_plain_line_goes_to_the_conversation_and_with_two_slashes_says_one() {
    let world = World::new();
    let mut bob = world.peer_with("bob", &["--accept", "all"]);
    for options in [&[][..], &["--json"]] {
        let ended =
            ended_with(&world, "ann", b"to nobody\n/chat bob\n//quit\n hi {\"x\":1}\n", options);
        ended.expect_ok();
        for text in ["/quit", " hi {\"x\":1}"] {
            bob.expect("it", |e| is_message(e, "ann", text));
        }
        assert_eq!(bob.count(|e| is_message(e, "ann", "to nobody")), 0);
    }
}

#[test]
fn a_ref_is_any_json_and_comes_back_as_it_was() {
    let world = World::new();
    let mut ann = world.peer("ann");
    for reference in
        ["7", "\"7\"", "null", "[1,{\"a\":2}]", "1.50", "true", "12345678901234567890123"]
    {
        ann.process.say(&format!("{{\"cmd\":\"WhoAmI\",\"args\":[],\"ref\":{reference}}}"));
        let expected = format!("{{\"event\":\"done\",\"ref\":{reference},\"ok\":true}}");
        ann.process.expect("its end", |line| line == expected);
    }
}

#[test]
fn a_json_line_that_is_no_request_is_answered_with_code_2_and_its_ref() {
    let world = World::new();
    let mut ann = world.peer("ann");
    for line in [
        r#"{"cmd":"who","args":[],"ref":9,"surplus":1}"#,
        r#"{"ref":9}"#,
        r#"{"cmd":"","ref":9}"#,
        r#"{"cmd":"who","args":["a","b"],"ref":9}"#,
        r#"{"cmd":"who","args":{"prefix":"a"},"ref":9}"#,
        r#"{"cmd":["who"],"ref":9}"#,
        r#"{"cmd":"who","timeout":"soon","ref":9}"#,
        r#"{"cmd":"msg","args":["bob","hi"],"wait":"expired","ref":9}"#,
        r#"  {"cmd":"frobnicate","ref":9}"#,
    ] {
        ann.process.say(line);
        let done = ann.expect(line, |e| e["event"] == "done" && e["ref"] == 9);
        assert_eq!((&done["ok"], &done["code"]), (&false.into(), &2.into()), "{line}: {done}");
        assert!(done["error"].as_str().is_some_and(|why| !why.is_empty()), "{done}");
    }
    ann.process.say(r#"{"cmd":"list","args":["online"],"timeout":5,"ref":10}"#);
    ann.expect("the next", |e| e["event"] == "done" && e["ref"] == 10 && e["ok"] == true);
}

#[test]
fn a_directory_as_input_is_no_input_and_neither_program_minds() {
    let world = World::new();
    let as_input = |command: &mut Command| {
        let folder = File::open("/").expect("a directory can be opened");
        Process::start_as_set(command.stdin(folder).stdout(Stdio::piped()))
    };
    for words in [&[][..], &["whoami"], &["--json", "who"]] {
        as_input(world.signed("ann").args(words)).ended().expect_ok();
    }
    let mut command = crate::support::hobnobd();
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(world.home("other"));
    let mut server = as_input(&mut command);
    server.expect("ready", |line| line.starts_with("hobnobd: listening on "));
    server.stop();
}

#[test]
fn an_output_that_is_closed_is_no_failure() {
    let world = World::new();
    world.once("ann", &["whoami"]).expect_ok();
    let mut command = Command::new("sh");
    let signed = world.signed("ann");
    command.args(["-c", "exec \"$@\" >&-", "sh"]).arg(signed.get_program()).args(signed.get_args());
    Process::start(command.args(["history"])).ended().expect_ok();
}

#[test]
fn who_reads_no_more_ends_it_quietly_whatever_it_does() {
    let world = World::new();
    let mut bob = world.peer("bob");
    world.once("ann", &["whoami"]).expect_ok();
    for n in 0..50 {
        bob.send(&["msg", "ann", &format!("{n} {}", "x".repeat(4000))]);
    }
    for is_running in [false, true] {
        let ann = is_running.then(|| world.peer("ann"));
        for words in ["listen", "events --since 0 --follow", "--json events --since 0", "history"] {
            let signed = world.signed("ann");
            let mut command = Command::new("bash");
            command.args(["-c", "\"$@\" | head -n 1; echo \"ended ${PIPESTATUS[0]}\"", "bash"]);
            command.arg(signed.get_program()).args(signed.get_args()).args(words.split(' '));
            let mut reader = Process::start(&mut command);
            let has_ended = |line: &String| line.starts_with("ended ");
            while !reader.waiting().iter().any(has_ended) {
                // A pipe is found broken by what is written after its reader has gone.
                bob.ask(&["msg", "ann", "one more"]).expect_ok();
            }
            let ended = reader.ended();
            assert!(ended.out.ends_with("ended 0\n"), "{words}, {is_running}: {ended:?}");
            assert_eq!(ended.err, "", "{words}, {is_running}");
        }
        ann.map(|ann| ann.stop());
    }
}

#[test]
fn a_script_file_speaks_json_or_slashes() {
    let world = World::new();
    let script = world.home("script.txt");
    let lines =
        "{\"cmd\":\"whoami\",\"ref\":1}\n/lookup nobody\n{\"cmd\":\"quit\",\"ref\":3}\n/who\n";
    fs::write(&script, lines).expect("the folder is writable");
    let mut command = world.signed("ann");
    command.arg("--json").stdin(File::open(&script).expect("there")).stdout(Stdio::piped());
    let ended = Process::start_as_set(&mut command).ended();
    let objects = ended.expect_ok().lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let objects: Vec<Value> = objects.collect();
    let dones = objects.iter().filter(|e| e["event"] == "done");
    let mut refs: Vec<String> = dones.map(|done| done["ref"].to_string()).collect();
    refs.sort();
    assert_eq!(refs, ["1", "3", "null"], "each is answered, and nothing behind quit");
    assert!(objects.iter().any(|e| e["event"] == "ready"), "{ended:?}");
}

#[test]
fn a_script_whose_server_is_not_there_is_exit_code_3() {
    let world = World::new();
    let mut command = crate::support::hobnob(&world.home("ann"));
    command.args(["-n", "ann", "-s", &nobody_there().to_string(), "-t", "0.5"]);
    let mut process = Process::start(&mut command);
    process.write(b"/whoami\n");
    process.ended().expect_refusal(3);
}
