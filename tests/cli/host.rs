//! `--host`: a client that is the server as well, in one process.

use crate::friends::befriend;
use crate::idle::{Trace, expect_silence, may_trace};
use crate::support::{
    Ended, Peer, Process, Scratch, hobnob, is_message, is_receipt, is_session, open,
};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// Somebody who hosts, and who is told where.
struct House {
    scratch: Scratch,
    host: Option<Peer>,
    tcp: String,
    key: String,
}

impl House {
    fn new() -> House {
        let scratch = Scratch::new();
        let data = scratch.join("ann").join("host");
        fs::create_dir_all(&data).expect("a folder of the test's own");
        fs::write(data.join("config"), "pool = 127.78.0.0/16\n").expect("a file of the test's own");
        let mut house =
            House { scratch, host: None, tcp: "127.0.0.1:0".to_owned(), key: String::new() };
        house.open();
        house
    }

    /// Starts hosting, again where it was.
    fn open(&mut self) {
        let mut command = hobnob(&self.home("ann"));
        let mut ann = Peer::start(command.args(["-n", "ann", "-j", "--host", &self.tcp]));
        let hosting = ann.expect("hosting", |event| event["event"] == "hosting");
        let text = |field: &str| hosting[field].as_str().expect("a text").to_owned();
        (self.tcp, self.key) = (text("tcp"), text("key"));
        assert_eq!(text("udp"), self.tcp);
        ann.ready = ann.expect("ready", |event| event["event"] == "ready");
        assert_eq!(ann.ready["server"], self.tcp.as_str());
        self.host = Some(ann);
    }

    fn host(&mut self) -> &mut Peer {
        self.host.as_mut().expect("it hosts")
    }

    fn home(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    fn signed(&self, name: &str) -> Command {
        let mut command = hobnob(&self.home(name));
        command.args(["-n", name, "-s", &format!("{}#{}", self.tcp, self.key)]);
        command
    }

    /// A guest, signed in.
    fn guest(&self, name: &str) -> Peer {
        let mut peer = Peer::start(self.signed(name).arg("--json"));
        peer.ready = peer.expect("ready", |event| event["event"] == "ready");
        peer
    }
}

fn ended(command: &mut Command) -> Ended {
    Process::start(command).ended()
}

#[test]
fn who_hosts_and_two_guests_are_friends_and_talk() {
    let mut house = House::new();
    let (mut bob, mut cyd) = (house.guest("bob"), house.guest("cyd"));
    let ann = house.host();
    befriend(ann, &mut bob);
    befriend(&mut cyd, ann);
    let who = bob.ask(&["who"]).expect_ok();
    let names: Vec<_> = who.rows("person").iter().map(|row| row["name"].clone()).collect();
    assert!(["ann", "cyd"].iter().all(|name| names.contains(&(*name).into())), "{names:?}");
    ann.deliver("bob", "from the host");
    bob.expect("it", |e| is_message(e, "ann", "from the host"));
    open(&mut bob, &mut cyd);
    bob.deliver("cyd", "between guests");
    cyd.expect("it", |e| is_message(e, "bob", "between guests"));
    let asked = cyd.send(&["chat", "ann"]);
    cyd.answer(asked).expect_ok();
    let open = cyd.expect("a session with the host", |e| is_session(e, "ann", "open"));
    assert_eq!(open["path"], "direct");
    cyd.deliver("ann", "to the host");
    house.host().expect("it", |e| is_message(e, "cyd", "to the host"));
}

#[test]
fn mail_is_held_over_a_kill_9_of_the_host_and_comes_once() {
    let mut house = House::new();
    let (mut bob, mut cyd) = (house.guest("bob"), house.guest("cyd"));
    befriend(house.host(), &mut bob);
    befriend(&mut cyd, &mut bob);
    bob.leave();
    for (from, text) in [(house.host(), "of the host"), (&mut cyd, "of a guest")] {
        from.send(&["msg", "bob", text]);
        from.expect("held", |e| is_receipt(e, "bob", "held"));
    }
    cyd.leave();
    house.host.take().expect("it hosts").crash();
    let key = house.key.clone();
    house.open();
    assert_eq!(house.key, key);
    let mut bob = house.guest("bob");
    for (from, text) in [("ann", "of the host"), ("cyd", "of a guest")] {
        bob.expect("mail", |e| is_message(e, from, text));
    }
    house.host().expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0);
}

#[test]
fn guests_are_told_when_the_host_leaves_and_come_back_when_it_does() {
    let mut house = House::new();
    let mut bob = house.guest("bob");
    bob.forget();
    house.host.take().expect("it hosts").stop();
    let offline = bob.expect("offline", |e| e["event"] == "offline");
    assert_eq!(offline["why"], "the server ends");
    house.open();
    bob.expect("online", |e| e["event"] == "online");
    let ann = house.host();
    ann.send(&["quit"]);
    bob.expect("offline", |e| e["event"] == "offline" && e["why"] == "the server ends");
}

#[test]
fn the_host_has_no_socket_to_itself_and_calls_none() {
    let mut house = House::new();
    let pid = house.host().pid();
    let table = fs::read_to_string(format!("/proc/{}/net/tcp", pid.as_raw_pid()));
    let at: SocketAddr = house.tcp.parse().expect("an address");
    let port = format!(":{:04X}", at.port());
    let table = table.expect("it is running");
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let of_ours: Vec<_> =
        rows.filter(|row| row[1].ends_with(&port) || row[2].ends_with(&port)).collect();
    assert!(matches!(&of_ours[..], [listener] if listener[3] == "0A"), "{of_ours:?}");
    if !may_trace() {
        println!("skipped: strace is not installed or may not trace here");
        return;
    }
    let trace = Trace::attach(pid, house.home("trace"));
    house.host().ask(&["lookup", "ann"]).expect_ok();
    house.host().ask(&["private"]).expect_ok();
    let calls = trace.calls();
    let of_sockets = ["sendto", "recvfrom", "sendmsg", "recvmsg", "writev", "connect", "socket"];
    let found: Vec<_> = calls
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .filter(|call| of_sockets.contains(call))
        .collect();
    assert!(found.is_empty() && calls.contains("epoll_wait"), "{calls}");
}

#[test]
fn an_idle_host_with_a_session_open_calls_nothing_and_has_one_thread() {
    let mut house = House::new();
    let mut bob = house.guest("bob");
    let ann = house.host();
    open(&mut bob, ann);
    bob.deliver("ann", "one");
    ann.deliver("bob", "other");
    let processes = [("ann", ann.pid()), ("bob", bob.pid())];
    expect_silence(&|name| house.scratch.join(name), &processes);
    bob.deliver("ann", "still here");
}

#[test]
fn a_verb_goes_to_the_host_that_runs_and_alone_hosts_for_itself() {
    let mut house = House::new();
    let verb = |house: &House, words: &[&str]| {
        let mut command = hobnob(&house.home("ann"));
        ended(command.args(["--host", &house.tcp]).args(words))
    };
    house.guest("bob").leave();
    assert!(verb(&house, &["lookup", "bob"]).expect_ok().contains("bob"));
    house.host.take().expect("it hosts").stop();
    let sent = verb(&house, &["msg", "bob", "hello"]);
    assert!(sent.expect_ok().contains("held"), "{sent:?}");
    house.open();
    house.guest("bob").expect("mail", |e| is_message(e, "ann", "hello"));
}

#[test]
fn plain_lines_say_where_it_hosts() {
    let scratch = Scratch::new();
    let mut command = hobnob(&scratch.join("ann"));
    let mut ann = Process::start(command.args(["--name", "ann", "--host=127.0.0.1:0"]));
    let line = ann.expect("where", |line| line.starts_with("hobnob: hosting on 127.0.0.1:"));
    let (at, key) = line.split_once(" key ").expect("it has a key");
    let at = at.rsplit(' ').next().expect("an address").to_owned();
    ann.expect("ready", |line| line.starts_with("* ready"));
    let mut bob = hobnob(&scratch.join("bob"));
    ended(bob.args(["-n", "bob", "-s", &format!("{at}#{key}"), "lookup", "ann"])).expect_ok();
    ann.hang_up();
    ann.ended().expect_ok();
}

#[test]
fn a_file_may_say_that_one_hosts_and_what_makes_no_sense_is_refused() {
    let scratch = Scratch::new();
    let home = scratch.join("ann");
    fs::create_dir_all(&home).expect("a folder of the test's own");
    let config = |text: &str| fs::write(home.join("config"), text).expect("ours");
    let run = |args: &[&str]| ended(hobnob(&home).args(["--name", "ann"]).args(args));
    config("host = 127.0.0.1:0\nserver = nowhere.invalid:1\n");
    let set = run(&["-j", "config"]);
    let is_host = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON lines");
        row["name"] == "host" && row["value"] == "127.0.0.1:0" && row["from"] == "config:1"
    };
    assert!(set.expect_ok().lines().any(is_host), "{set:?}");
    // Named beside it, the other server is the one to sign in at.
    assert!(run(&["-t", "1", "who"]).expect_refusal(3).contains("nowhere.invalid"));
    run(&["--host", "127.0.0.1:0", "who"]).expect_ok();
    config("host = perhaps\n");
    assert!(run(&["who"]).expect_refusal(2).contains("config:1"), "a word");
    config("host = yes\nproxy = socks5://127.0.0.1:1\n");
    assert!(run(&["who"]).expect_refusal(2).contains("--proxy"), "a proxy");
    config("");
    assert!(run(&["--host", "--no-server", "who"]).expect_refusal(2).contains("--no-server"));
    assert!(run(&["--host=nowhere", "who"]).expect_refusal(2).contains("ADDR:PORT"));
}

#[test]
fn an_address_in_use_is_exit_code_4() {
    let house = House::new();
    let mut command = hobnob(&house.home("eve"));
    let out = ended(command.args(["-n", "eve", "--host", &house.tcp, "who"]));
    let why = out.expect_refusal(4);
    assert!(why.contains(&house.tcp) && why.contains("[choose another --host]"), "{why}");
}
