//! Exit codes: what is not covered by the verbs' own ends.

use crate::friends::befriend;
use crate::mail::Unmount;
use crate::support::{Ended, Process, Scratch, World, hobnob, is_message, nobody_there};
use std::fs;
use std::process::Command;

fn run(command: &mut Command) -> Ended {
    Process::start(command).ended()
}

#[test]
fn without_its_server_each_verb_that_needs_it_is_exit_code_3() {
    let mut world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    world.once("ann", &["msg", "bob", "known"]).expect_ok();
    world.server.crash();
    let lines = ["who", "lookup bob", "online", "chat bob", "add carol", "msg bob hi", "update"];
    for line in lines {
        let words: Vec<&str> = ["--timeout", "0.3"].into_iter().chain(line.split(' ')).collect();
        let ended = world.once("ann", &words);
        assert!(ended.expect_refusal(3).contains("unreachable"), "{line}: {ended:?}");
        let json: Vec<&str> = std::iter::once("--json").chain(words).collect();
        let ended = world.once("ann", &json);
        assert!(ended.out.ends_with("}\n") && ended.out.contains("\"code\":3,"), "{ended:?}");
    }
    for line in ["history", "outbox", "events", "search known", "files", "grants", "whoami"] {
        let words: Vec<&str> = line.split(' ').collect();
        world.once("ann", &words).expect_ok();
    }
}

#[test]
fn a_server_that_never_answers_is_exit_code_3() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let at = silent.local_addr().expect("it is bound").to_string();
    let scratch = Scratch::new();
    for verb in ["who", "online"] {
        let mut command = hobnob(&scratch.join("ann"));
        run(command.args(["-n", "ann", "-s", &at, "-t", "0.3", verb])).expect_refusal(3);
    }
    let mut command = hobnob(&scratch.join("ann"));
    let nowhere = nobody_there().to_string();
    run(command.args(["-n", "ann", "--no-server", "-t", "2", "chat", &nowhere])).expect_refusal(3);
}

#[test]
fn a_running_program_that_has_lost_its_server_ends_verbs_with_3_and_keeps_messages() {
    let mut world = World::new();
    let (mut ann, bob) = (world.peer("ann"), world.peer("bob"));
    ann.ask(&["msg", "bob", "known"]).expect_ok();
    bob.stop();
    ann.forget();
    world.server.crash();
    ann.expect("offline", |e| e["event"] == "offline");
    world.once("ann", &["-t", "0.2", "who"]).expect_refusal(3);
    let late = world.once("ann", &["-t", "0.2", "msg", "bob", "kept"]);
    assert!(late.expect_refusal(6).contains("queued"), "{late:?}");
    world.once("ann", &["-t", "0.2", "--wait", "queued", "msg", "bob", "kept, too"]).expect_ok();
    world.server.restart();
    let mut bob = world.peer("bob");
    for text in ["kept", "kept, too"] {
        bob.expect("it", |e| is_message(e, "ann", text));
    }
}

#[test]
fn a_profile_that_cannot_be_written_is_exit_code_4() {
    let world = World::new();
    let mut command = hobnob("/proc/nowhere".as_ref());
    run(command.args(["-n", "ann", "-s", &world.at(), "whoami"])).expect_refusal(4);
    world.once("ann", &["whoami"]).expect_ok();
    let home = world.home("ann");
    let read_only = |options: &str| {
        let status = Command::new("mount").args(["-o", options]).arg(&home).arg(&home).status();
        status.is_ok_and(|status| status.success())
    };
    if !read_only("bind") || !read_only("remount,bind,ro") {
        println!("left out: nothing can be mounted here");
        return;
    }
    let _unmount = Unmount(home.clone());
    for verb in ["whoami", "history", "online"] {
        let ended = world.once("ann", &[verb]);
        assert!(ended.expect_refusal(4).contains("read-only"), "{ended:?}");
    }
}

#[test]
fn a_server_whose_data_cannot_be_written_is_exit_code_4() {
    let scratch = Scratch::new();
    fs::write(scratch.join("file"), "precious").expect("the scratch folder is writable");
    for place in [scratch.join("file"), "/proc/nowhere".into()] {
        let mut command = crate::support::hobnobd();
        run(command.args(["--listen", "127.0.0.1:0", "--data"]).arg(place)).expect_refusal(4);
    }
    let mut command = crate::support::hobnobd();
    let data = scratch.join("data");
    let out = run(command.args(["--listen", "192.0.2.1:0", "--data"]).arg(data));
    out.expect_refusal(4);
}

#[test]
fn the_servers_changed_key_is_exit_code_5_for_each_verb_that_speaks_to_it() {
    let mut world = World::new();
    world.once("ann", &["whoami"]).expect_ok();
    world.server.stop();
    fs::remove_dir_all(world.home("server")).expect("it is ours");
    world.server.restart();
    for line in ["who", "online", "lookup bob", "msg bob hi", "chat bob", "--json who"] {
        let words: Vec<&str> = line.split(' ').collect();
        let ended = run(hobnob(&world.home("ann")).args(&words));
        assert!(ended.expect_refusal(5).contains(&world.server.key), "{line}: {ended:?}");
    }
}

#[test]
fn a_friend_whose_key_changed_is_exit_code_5_with_and_without_a_running_program() {
    let mut world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    bob.stop();
    let console = world.server.process();
    console.say("forget bob");
    console.say("stats");
    console.expect("stats", |line| line.contains("accounts"));
    fs::remove_dir_all(world.home("bob")).expect("it is ours");
    world.once("bob", &["whoami"]).expect_ok();
    let codes = || {
        for line in ["lookup bob", "msg bob hi", "chat bob"] {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(world.once("ann", &words).expect_refusal(5).contains("trust bob"), "{line}");
        }
    };
    codes();
    ann.stop();
    codes();
    world.once("ann", &["trust", "bob"]).expect_ok();
    world.once("ann", &["msg", "bob", "hi"]).expect_ok();
}
