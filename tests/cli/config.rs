//! A file of options in the profile: what it says counts everywhere, and what is wrong with it is
//! said with file and line.

use crate::support::{Ended, Process, Scratch, World, hobnob, hobnobd, is_message};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Puts a file of options into a profile, or into a server's data.
fn put(home: &Path, text: impl AsRef<[u8]>) -> PathBuf {
    fs::create_dir_all(home).expect("the temporary folder is writable");
    let path = home.join("config");
    fs::write(&path, text).expect("the folder is ours");
    path
}

/// A verb of a profile with no options but the file's.
fn bare(home: &Path, words: &[&str]) -> Ended {
    Process::start(hobnob(home).args(words)).ended()
}

#[test]
fn a_profile_with_a_file_needs_no_options_alone_or_beside_a_running_program() {
    let world = World::new();
    let home = world.home("ann");
    put(&home, format!("name = ann\nserver = {}\njson = yes\ntimeout = 3\n", world.at()));
    let once = |words: &[&str], code: i32| {
        let ended = bare(&home, words);
        assert_eq!(ended.code, code, "{ended:?}");
        let last = ended.out.lines().next_back().expect("there is a line");
        serde_json::from_str::<Value>(last).expect("JSON")
    };
    let verbs = || {
        assert_eq!(once(&["whoami"], 0)["ok"], true);
        assert_eq!(once(&["wait", "--match", "never"], 6)["code"], 6);
    };
    verbs();
    let mut running = hobnob(&home);
    let mut running = Process::start(running.arg("listen"));
    running.expect("ready", |line| line.contains("\"ready\""));
    verbs();
    running.stop();
}

#[test]
fn wait_and_time_of_the_file_count_for_verbs_of_a_running_program() {
    let world = World::new();
    let mut bob = world.peer("bob");
    let _ann = world.peer("ann");
    put(&world.home("ann"), "wait = delivered\ntime = yes\n");
    let ended = world.once("ann", &["msg", "bob", "hi"]);
    let line = ended.expect_ok();
    assert!(line.ends_with("to bob: delivered\n") && line.starts_with("20"), "{line}");
    bob.expect("the message", |e| is_message(e, "ann", "hi"));
    let line = world.once("ann", &["--wait", "queued", "msg", "bob", "again"]);
    assert!(!line.expect_ok().contains("delivered"), "{line:?}");
}

#[test]
fn what_is_wrong_with_the_file_is_said_with_its_line_and_is_exit_code_2() {
    let scratch = Scratch::new();
    let home = scratch.join("ann");
    for (text, why) in [
        (&b"# mine\n\nnmae = ann\n"[..], ":3: no such option: nmae [did you mean name?]"),
        (b"timeout = soon", ":1: timeout = soon: expected seconds"),
        (b"name = \"ann", ":1: a quote is not closed"),
        (b"name = ann\n\xFF\n", ": is not UTF-8, in line 2"),
        (&vec![b'\n'; 100_000], ": is longer than 65536 bytes"),
    ] {
        let path = put(&home, text);
        for words in [&["whoami"][..], &["config"], &[]] {
            let ended = bare(&home, words);
            let expected = format!("hobnob: {}{why}", path.display());
            assert_eq!(ended.expect_refusal(2), expected);
        }
    }
    fs::remove_file(home.join("config")).expect("ours");
    fs::create_dir(home.join("config")).expect("ours");
    bare(&home, &["whoami"]).expect_refusal(4);
}

#[test]
fn a_server_reads_the_file_in_its_data() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    put(&data, "listen = 127.0.0.1:0\njson = yes\n");
    let mut server = Process::start(hobnobd().arg("--data").arg(&data));
    server
        .expect("ready", |line| line.starts_with("{\"event\":\"listening\",\"tcp\":\"127.0.0.1:"));
    server.stop();
    let path = put(&data, "hold-days = 7\nlisten = x\n");
    let ended = Process::start(hobnobd().arg("--data").arg(&data)).ended();
    let why = "listen = x: expected ADDR:PORT, IPv6 in brackets";
    assert_eq!(ended.expect_refusal(2), format!("hobnobd: {}:2: {why}", path.display()));
}

#[test]
fn config_tells_what_is_in_force_and_from_where_before_a_first_run() {
    let scratch = Scratch::new();
    let home = scratch.join("new");
    let ended = bare(&home, &["--timeout", "5", "config"]);
    let out = ended.expect_ok();
    assert!(out.contains("timeout = 5  (command line)\n"), "{out}");
    assert!(out.contains("accept = friends  (default)\n"), "{out}");
    assert!(!home.exists(), "a look makes no profile");
    put(&home, "#\nname = ann\non = message cat\n");
    let ended =
        Process::start(hobnob(&home).env("HOBNOB_SERVER", "here:1").args(["--json", "config"]))
            .ended();
    let rows: Vec<Value> =
        ended.expect_ok().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).expect("a row").clone();
    for (name, value, from) in [
        ("name", "ann", "config:2"),
        ("server", "here:1", "environment"),
        ("on", "message cat", "config:3"),
        ("json", "yes", "command line"),
        ("no-server", "no", "default"),
    ] {
        let row = row(name);
        assert_eq!((&row["event"], &row["value"]), (&"setting".into(), &value.into()), "{row}");
        assert_eq!(row["from"], from, "{row}");
    }
    assert_eq!(rows.last().expect("done")["event"], "done");
}

#[test]
fn config_of_a_running_program_tells_of_that_one_and_what_it_remembers() {
    let world = World::new();
    let home = world.home("ann");
    let mut ann = world.peer_with("ann", &["--accept", "all"]);
    let rows = |ended: &Ended| ended.expect_ok().to_owned();
    let out = rows(&bare(&home, &["config"]));
    assert!(out.contains("accept = all  (command line)\n"), "{out}");
    assert!(out.contains("json = yes  (command line)\n"), "{out}");
    let answer = ann.ask(&["config"]).expect_ok();
    assert!(answer.rows("setting").iter().any(|row| row["name"] == "accept"));
    ann.leave();
    let out = rows(&bare(&home, &["config"]));
    assert!(out.contains("accept = friends  (default)\n"), "{out}");
    assert!(out.contains("name = ann  (remembered)\n"), "{out}");
    let server = format!("server = {}  (remembered)\n", world.server.tcp);
    assert!(out.contains(&server), "{out}");
    let mut command = world.signed("ann");
    let mut ann = Process::start(&mut command);
    ann.say("/config");
    ann.expect("a row", |line| line == "name = ann  (command line)");
}
