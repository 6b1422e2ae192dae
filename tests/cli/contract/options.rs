//! Common manners, and the options of both programs.

use crate::support::{Ended, Peer, Process, Scratch, World, hobnob, hobnobd, is_message};
use serde_json::Value;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

fn run(command: &mut Command) -> Ended {
    Process::start(command).ended()
}

/// Everything on standard output, each line an object.
fn objects(out: &str) -> Vec<Value> {
    let object = |line: &str| match serde_json::from_str(line) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) | Err(_) => panic!("not one JSON object: {line}"),
    };
    out.lines().map(object).collect()
}

#[test]
fn json_is_all_there_is_on_standard_output_also_of_help_and_of_a_wrong_command_line() {
    let home = Path::new("/nonexistent");
    for (words, code) in [
        (&["--json", "--help"][..], 0),
        (&["-j", "-V"], 0),
        (&["help", "msg", "-j"], 0),
        (&["-j", "help"], 0),
        (&["-j", "help", "nonsense"], 2),
        (&["--json", "--nonsense"], 2),
        (&["--json", "lookup", "bob", "--nonsense"], 2),
        (&["lookup", "-j"], 2),
        (&["-j", "frobnicate"], 2),
    ] {
        let ended = run(hobnob(home).args(words));
        let lines = objects(&ended.out);
        let done = lines.last().expect("the end is said");
        assert_eq!((&done["event"], &done["ref"]), (&"done".into(), &Value::Null), "{ended:?}");
        assert_eq!((&done["ok"], ended.code), (&(code == 0).into(), code), "{ended:?}");
        if code != 0 {
            assert_eq!((&done["code"], lines.len()), (&code.into(), 1), "{ended:?}");
            assert!(ended.expect_refusal(code).ends_with(done["error"].as_str().expect("why")));
        }
    }
    let version = objects(&run(hobnob(home).args(["-j", "-V"])).out);
    let expected = format!("hobnob {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(version[0]["text"], expected);
    let help = objects(run(hobnobd().args(["--json", "--help"])).expect_ok());
    assert!(help[0]["text"].as_str().is_some_and(|text| text.contains("--pool")), "{help:?}");
}

#[test]
fn the_log_goes_to_standard_error_and_never_among_the_results() {
    let world = World::new();
    let quiet = world.once("ann", &["who"]);
    assert_eq!((quiet.expect_ok(), quiet.err.as_str()), ("", ""));
    let loud = world.once("ann", &["-vvv", "who"]);
    assert!(!loud.err.is_empty() && loud.expect_ok().is_empty(), "{loud:?}");
    let by_environment = run(world.signed("ann").args(["--json", "who"]).env("RUST_LOG", "trace"));
    assert!(!by_environment.err.is_empty(), "{by_environment:?}");
    assert_eq!(objects(by_environment.expect_ok()).len(), 1);
}

#[test]
fn what_is_missing_is_said_and_never_asked_for() {
    let world = World::new();
    for stdin in [Stdio::null(), Stdio::piped()] {
        let mut command = hobnob(&world.home("ann"));
        command.args(["--name", "ann", "whoami"]).stdin(stdin).stdout(Stdio::piped());
        let ended = Process::start_as_set(&mut command).ended();
        assert!(ended.expect_refusal(2).contains("--server"), "{ended:?}");
    }
    let mut command = world.signed("ann");
    command.env_remove("HOME").env_remove("XDG_DATA_HOME").arg("whoami");
    run(&mut command).expect_ok();
    for mut command in [Command::new(world.signed("ann").get_program()), hobnobd()] {
        let out = run(command.env_remove("HOME").env_remove("XDG_DATA_HOME"));
        assert!(out.expect_refusal(2).contains("set HOME"), "{out:?}");
    }
}

#[test]
fn profile_and_data_lie_in_the_xdg_data_directory_closed_to_others() {
    let scratch = Scratch::new();
    let mut server = hobnobd();
    server.args(["--listen", "127.0.0.1:0"]).env("XDG_DATA_HOME", scratch.join("xdg"));
    let mut server = Process::start(&mut server);
    let ready = server.expect("ready", |line| line.starts_with("hobnobd: listening on "));
    let words: Vec<&str> = ready.split(' ').collect();
    let [_, _, _, at, "key", key] = words[..] else { panic!("not the ready line: {ready}") };
    let mut client = Command::new(hobnob(Path::new("")).get_program());
    client.args(["-n", "ann", "-s", &format!("{at}#{key}"), "whoami"]);
    client.env_remove("HOBNOB_HOME").env("XDG_DATA_HOME", scratch.join("xdg"));
    let me = run(&mut client);
    assert!(me.expect_ok().contains("100.64."), "the default pool: {me:?}");
    for name in ["hobnobd", "hobnob"] {
        let found = fs::metadata(scratch.join("xdg").join(name)).expect("it is there");
        assert_eq!(found.permissions().mode() & 0o777, 0o700, "{name}");
    }
    server.stop();
}

#[test]
fn the_server_keeps_to_its_pool_and_its_bounds() {
    let scratch = Scratch::new();
    let mut command = hobnobd();
    let bounds = ["--pool", "127.88.0.0/30", "--max-clients", "1", "--hold-days", "1"];
    command.args(["-j", "-l", "127.0.0.1:0", "-d"]).arg(scratch.join("server")).args(bounds);
    let mut server = Process::start(command.args(["--hold-bytes", "1000"]));
    let ready = server.expect("ready", |line| line.contains("listening"));
    let ready = &objects(&ready)[0];
    assert_eq!(ready["tcp"], ready["udp"]);
    let at = format!(
        "{}#{}",
        ready["tcp"].as_str().expect("text"),
        ready["key"].as_str().expect("text")
    );
    let signed = |name: &str| {
        let mut command = hobnob(&scratch.join(name));
        command.args(["-n", name, "-s", &at, "-t", "1"]);
        command
    };
    let me = run(signed("ann").args(["-j", "whoami"]));
    let address = objects(me.expect_ok())[0]["address"].as_str().map(str::to_owned);
    assert!(address.is_some_and(|address| address.starts_with("127.88.0.")), "{me:?}");
    let mut ann = Process::start(signed("ann").arg("listen"));
    ann.expect("ready", |line| line.starts_with("* ready"));
    run(signed("bob").arg("who")).expect_refusal(3);
    ann.stop();
    run(signed("bob").arg("who")).expect_ok();
    server.stop();
}

#[test]
fn of_an_option_that_is_given_again_the_last_counts() {
    let world = World::new();
    let twice = ["-j", "-n", "bob", "--json", "-t", "soon", "whoami", "-t", "5", "--name=ann"];
    let mut command = hobnob(&world.home("other"));
    let out =
        run(command.arg("--home").arg(world.home("ann")).args(["-s", &world.at()]).args(twice));
    assert_eq!(objects(out.expect_ok())[0]["name"], "ann", "{out:?}");
    assert!(world.home("ann").exists() && !world.home("other").exists());
    let mut server = hobnobd();
    let (one, other) = (world.home("one"), world.home("other"));
    server.arg("-d").arg(&one).arg("-d").arg(&other).args(["-l", "nowhere", "-l", "127.0.0.1:0"]);
    let mut server = Process::start(&mut server);
    server.expect("ready", |line| line.starts_with("hobnobd: listening on 127.0.0.1:"));
    assert!(other.exists() && !one.exists());
    server.stop();
}

#[test]
fn peers_reach_me_where_listen_says() {
    let world = World::new();
    let ann = world.peer_with("ann", &["--listen", "127.0.0.1:0"]);
    let at = ann.ready["listen"][0].as_str().expect("it says where").to_owned();
    assert!(at.starts_with("127.0.0.1:"), "{at}");
    TcpStream::connect(&at).expect("it listens there");
}

#[test]
fn an_address_in_use_is_exit_code_4_of_the_client_too() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let at = taken.local_addr().expect("it is bound").to_string();
    let out = run(world.signed("ann").args(["--listen", &at, "whoami"]));
    assert!(out.expect_refusal(4).contains("address in use"), "{out:?}");
    let out = run(world.signed("ann").args(["--no-server", "--listen", &at]));
    out.expect_refusal(4);
}

#[test]
fn a_name_has_up_to_32_letters_and_is_compared_without_case() {
    let world = World::new();
    let longest = format!("A{}", "z-9._".repeat(7))[..32].to_owned();
    let mut ann = world.peer("ann");
    let mut command = hobnob(&world.home("other"));
    command.args(["-n", &longest, "-s", &world.at(), "--json"]);
    let mut other = Peer::start(&mut command);
    other.ready = other.expect("ready", |event| event["event"] == "ready");
    assert_eq!(other.name(), longest.to_ascii_lowercase());
    let answer = ann.ask(&["lookup", &longest.to_ascii_uppercase()]).expect_ok();
    assert_eq!(answer.row("person")["name"], other.name());
    ann.ask(&["msg", &format!("{longest},{}", other.name()), "once"]).expect_ok();
    other.expect("it", |e| is_message(e, "ann", "once"));
    other.settle();
    assert_eq!(other.count(|e| e["event"] == "message"), 0, "one person, one message");
    for bad in ["", "1st", "-a", "a b", "bøb", &"n".repeat(33)] {
        run(hobnob(&world.home("bad")).args(["-s", &world.at(), "-n", bad, "who"]))
            .expect_refusal(2);
    }
}
