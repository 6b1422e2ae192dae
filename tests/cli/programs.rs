//! Starting and ending: options, the ready line, exit codes, the profile, signals.

use crate::support::{
    Ended, Process, Scratch, Server, World, hobnob, hobnobd, is_session, nobody_there,
};
use rustix::process::Signal;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

fn run(command: &mut Command) -> Ended {
    Process::start(command).ended()
}

#[test]
fn the_server_says_where_it_listens_and_with_which_key() {
    let scratch = Scratch::new();
    let mut command = hobnobd();
    let data = scratch.join("server");
    let mut server = Process::start(command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&data));
    let line = server.expect("the ready line", |_| true);
    let rest = line.strip_prefix("hobnobd: listening on ").expect("the contract's words");
    let (at, key) = rest.split_once(" key ").expect("address, then key");
    let at: SocketAddr = at.parse().expect("an address");
    assert_ne!(at.port(), 0);
    assert!(key.split('-').all(|group| group.len() == 4), "groups of four: {key}");
    server.stop();

    let again = Server::start(&data, "127.0.0.1:0");
    assert_eq!(again.key, key, "the key is kept");
    assert_eq!(again.tcp, again.udp, "TCP and UDP share the port");
}

#[test]
fn help_names_every_option_and_every_exit_code() {
    for flag in ["-h", "--help"] {
        let out = run(hobnob(Path::new("/nonexistent")).arg(flag));
        let text = out.expect_ok();
        for word in [
            "--home",
            "--name",
            "--server",
            "--no-server",
            "--listen",
            "--accept",
            "--wait",
            "--timeout",
            "--json",
            "--version",
            "HOBNOB_HOME",
            "HOBNOB_SERVER",
            "HOBNOB_NAME",
            "whoami",
            "lookup",
            "chat",
            "msg",
        ] {
            assert!(text.contains(word), "{word} is missing:\n{text}");
        }
        for code in 0..=6 {
            let names = |line: &str| line.trim_start().starts_with(&format!("{code} "));
            assert!(text.lines().any(names), "exit code {code} is missing:\n{text}");
        }
        let out = run(hobnobd().arg(flag));
        for word in ["--listen", "--data", "--pool", "--max-clients", "--json", "100.64.0.0/10"] {
            assert!(out.expect_ok().contains(word), "{word} is missing:\n{}", out.out);
        }
    }
}

#[test]
fn version_is_one_line_with_the_programs_name() {
    for flag in ["-V", "--version"] {
        let version = env!("CARGO_PKG_VERSION");
        let out = run(hobnob(Path::new("/nonexistent")).arg(flag));
        assert_eq!(out.expect_ok(), format!("hobnob {version}\n"));
        let out = run(hobnobd().arg(flag));
        assert_eq!(out.expect_ok(), format!("hobnobd {version}\n"));
    }
}

#[test]
fn a_wrong_command_line_is_one_line_and_exit_code_2() {
    let world = World::new();
    let long = "n".repeat(33);
    let lines: &[&[&str]] = &[
        &["frobnicate"],
        &["msg"],
        &["msg", "bob"],
        &["lookup"],
        &["lookup", &long],
        &["lookup", "no such"],
        &["--no-such-option", "who"],
        &["--timeout", "soon", "who"],
        &["--wait", "someday", "who"],
        &["--accept", "strangers", "who"],
        &["--listen", "nowhere", "who"],
        &["--name", &long, "who"],
        &["--name", "1st", "who"],
        &["--server", "nowhere:port", "who"],
        &["--server", "127.0.0.1:1#not-a-key", "who"],
        &["history", "--limit", "many"],
    ];
    for words in lines {
        let mut command = hobnob(&world.home("ann"));
        let out =
            run(command.env("HOBNOB_NAME", "ann").env("HOBNOB_SERVER", world.at()).args(*words));
        out.expect_refusal(2);
        assert_eq!(out.out, "", "{words:?}");
    }
    for words in [&["--pool", "1.2.3.4/99"], &["--listen", "nowhere"], &["--max-clients", "x"]] {
        run(hobnobd().args(words)).expect_refusal(2);
    }
    run(hobnobd().arg("surplus")).expect_refusal(2);
}

#[test]
fn a_first_run_without_a_name_says_what_to_do() {
    let world = World::new();
    let out = run(hobnob(&world.home("ann")).args(["-s", &world.at(), "whoami"]));
    assert!(out.expect_refusal(2).contains("--name"), "{out:?}");
}

#[test]
fn environment_stands_in_for_options() {
    let world = World::new();
    let mut bare = Command::new(hobnob(Path::new("/nonexistent")).get_program());
    bare.env("HOBNOB_HOME", world.home("ann"));
    bare.env("HOBNOB_SERVER", world.at()).env("HOBNOB_NAME", "ann");
    let out = run(bare.arg("whoami"));
    assert!(out.expect_ok().contains("ann"), "{out:?}");
    let again = run(hobnob(&world.home("ann")).arg("whoami"));
    assert!(again.expect_ok().contains("ann"), "name and server are remembered: {again:?}");
}

#[test]
fn a_port_in_use_is_exit_code_4() {
    let world = World::new();
    let mut command = hobnobd();
    command.args(["--listen", &world.server.tcp.to_string(), "--data"]).arg(world.home("second"));
    let out = run(&mut command);
    assert!(out.expect_refusal(4).contains(&world.server.tcp.to_string()), "{out:?}");
}

#[test]
fn a_servers_folder_belongs_to_one_server() {
    let world = World::new();
    let mut command = hobnobd();
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(world.home("server"));
    run(&mut command).expect_refusal(4);
}

#[test]
fn a_profile_in_use_is_exit_code_4_but_verbs_go_through() {
    let world = World::new();
    let _ann = world.peer("ann");
    world.once("ann", &[]).expect_refusal(4);
    let out = world.once("ann", &["whoami"]);
    assert!(out.expect_ok().contains("ann"), "{out:?}");
}

#[test]
fn a_profile_that_is_no_folder_is_exit_code_4_and_left_alone() {
    let world = World::new();
    fs::write(world.home("ann"), "precious").expect("the scratch folder is writable");
    world.once("ann", &["whoami"]).expect_refusal(4);
    assert_eq!(fs::read_to_string(world.home("ann")).expect("it is there"), "precious");
}

#[test]
fn a_database_that_is_none_is_exit_code_4_and_left_alone() {
    let world = World::new();
    world.once("ann", &["whoami"]).expect_ok();
    let databases: Vec<_> = files_of(&world.home("ann"))
        .into_iter()
        .filter(|file| fs::read(file).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")))
        .collect();
    assert_eq!(databases.len(), 1, "one database a profile");
    let garbage = "not a database ".repeat(1000);
    for file in files_of(&world.home("ann")) {
        let is_log = file.to_string_lossy().ends_with("-wal");
        if is_log || file.to_string_lossy().ends_with("-shm") {
            fs::remove_file(file).expect("it is ours");
        }
    }
    fs::write(&databases[0], &garbage).expect("it is ours");
    world.once("ann", &["whoami"]).expect_refusal(4);
    assert_eq!(fs::read_to_string(&databases[0]).expect("it is there"), garbage);
}

#[test]
fn a_profile_is_its_owners_alone() {
    let world = World::new();
    let ann = world.peer("ann");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&world.home("ann")), 0o700);
    let files = files_of(&world.home("ann"));
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
    }
    ann.stop();
}

#[test]
fn an_unreachable_server_is_exit_code_3() {
    let scratch = Scratch::new();
    let at = nobody_there().to_string();
    let mut command = hobnob(&scratch.join("ann"));
    run(command.args(["-n", "ann", "-s", &at, "-t", "5", "who"])).expect_refusal(3);
}

#[test]
fn a_wrong_server_key_is_exit_code_5() {
    let world = World::new();
    let ann = world.peer("ann");
    let other = ann.ready["fingerprint"].as_str().expect("a fingerprint");
    let at = format!("{}#{other}", world.server.tcp);
    let out = run(hobnob(&world.home("bob")).args(["-n", "bob", "-s", &at, "who"]));
    out.expect_refusal(5);
}

#[test]
fn a_server_that_changed_its_key_is_refused_until_trusted() {
    let scratch = Scratch::new();
    let mut first = Server::start(&scratch.join("first"), "127.0.0.1:0");
    let at = first.tcp.to_string();
    let args = ["-n", "ann", "-s", &at, "who"];
    run(hobnob(&scratch.join("ann")).args(args)).expect_ok();
    first.crash();
    let second = Server::start(&scratch.join("second"), &at);
    let out = run(hobnob(&scratch.join("ann")).args(args));
    let why = out.expect_refusal(5);
    assert!(why.contains(&second.key) && why.contains(&format!("--server {at}#KEY")), "{why}");
    let trusting = ["-n", "ann", "-s", &second.pinned(), "who"];
    run(hobnob(&scratch.join("ann")).args(trusting)).expect_ok();
}

#[test]
fn quit_with_nothing_running_is_done_at_once_and_needs_no_server() {
    let scratch = Scratch::new();
    run(hobnob(&scratch.join("ann")).arg("quit")).expect_ok();
    let out = run(hobnob(&scratch.join("ann")).args(["--json", "quit"]));
    assert_eq!(out.expect_ok(), "{\"event\":\"done\",\"ref\":null,\"ok\":true}\n");
}

#[test]
fn output_that_cannot_be_written_is_exit_code_4() {
    let world = World::new();
    let full = || File::create("/dev/full").expect("the kernel has it");
    for args in [&["whoami"][..], &["help"], &["--help"], &["--json", "who"]] {
        let mut command = world.signed("ann");
        command.args(args).stdin(Stdio::null()).stdout(full());
        let out = Process::start_as_set(&mut command).ended();
        assert!(out.expect_refusal(4).contains("no space left"), "{args:?}");
    }
    let data = world.home("other");
    let mut server = hobnobd();
    server.args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
    server.stdin(Stdio::null()).stdout(full());
    Process::start_as_set(&mut server).ended().expect_refusal(4);
}

#[test]
fn a_terminal_that_goes_away_is_a_clean_end_unless_nohup_says_otherwise() {
    let world = World::new();
    let mut bob = world.peer("bob");
    let ann = world.peer("ann");
    ann.process.signal(Signal::HUP);
    assert_eq!(ann.process.ended().code, 0);
    let mut command = Command::new("nohup");
    let signed = world.signed("cyd");
    command.arg(signed.get_program()).args(signed.get_args());
    let mut cyd = Process::start(&mut command);
    cyd.expect("ready", |line| line.starts_with("* ready"));
    cyd.signal(Signal::HUP);
    cyd.say("/chat bob");
    bob.expect("a request", |e| is_session(e, "cyd", "offered"));
    cyd.stop();
}

#[test]
fn a_name_belongs_to_the_key_that_registered_it() {
    let world = World::new();
    world.once("ann", &["whoami"]).expect_ok();
    let out = run(hobnob(&world.home("thief")).args(["-n", "Ann", "-s", &world.at(), "whoami"]));
    assert!(out.expect_refusal(1).contains("belongs to another key"), "{out:?}");
}

#[test]
fn sigterm_and_sigint_are_clean_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut world = World::new();
        let ann = world.peer("ann");
        let mut bob = world.peer("bob");
        ann.process.signal(signal);
        let ended = ann.process.ended();
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        world.server.process().signal(signal);
        bob.expect("the server's goodbye", |event| event["event"] == "offline");
        let ended = world.server.ended();
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    }
}

#[test]
fn a_broken_pipe_is_a_quiet_success() {
    let world = World::new();
    for words in [&["help"], &["whoami"]] {
        let (reader, writer) = std::io::pipe().expect("pipes can be made");
        drop(reader);
        let mut command = world.signed("ann");
        command.args(words).stdin(Stdio::null()).stdout(writer);
        let ended = Process::start_as_set(&mut command).ended();
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{words:?}");
    }
}

#[test]
fn the_operator_sees_kicks_and_forgets() {
    let mut world = World::new();
    let mut ann = world.peer("ann");
    ann.forget();
    let console = world.server.process();
    console.say("who");
    console.expect("ann in who", |line| line.contains("ann"));
    console.say("kick ann");
    ann.expect("the kick", |event| event["event"] == "offline");
    ann.expect("ann back", |event| event["event"] == "online");
    ann.stop();
    let console = world.server.process();
    console.say("forget ann");
    console.say("stats");
    console.expect("stats", |line| line.contains("accounts"));
    let out = run(hobnob(&world.home("other")).args(["-n", "ann", "-s", &world.at(), "whoami"]));
    out.expect_ok();
}

#[test]
fn the_end_of_the_operators_input_changes_nothing_and_quit_ends_it() {
    let mut world = World::new();
    world.server.process().hang_up();
    world.once("ann", &["whoami"]).expect_ok();

    let mut other = Server::start(&world.home("other"), "127.0.0.1:0");
    other.process().say("quit");
    let ended = other.ended();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

fn files_of(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the profile is a folder");
    entries.map(|entry| entry.expect("it can be listed").path()).collect()
}
