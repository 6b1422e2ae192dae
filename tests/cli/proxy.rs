//! `--proxy`: everything goes through it, and nobody is told where we are.

use crate::support::proxy::{Manner, Proxy};
use crate::support::{Ended, Peer, Process, World, hobnob, is_message, is_session, nobody_there};
use rustix::process::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What only the proxy can look up.
const NAME: &str = "hobnob.example";

/// `NAME` with a port of its own, and the server's key.
fn by_name(world: &World) -> String {
    format!("{NAME}:77#{}", world.server.key)
}

fn names(world: &World) -> Vec<(&'static str, SocketAddr)> {
    vec![(NAME, world.server.tcp)]
}

/// Somebody signed in through the proxy, to a server known by name alone.
fn behind(world: &World, proxy: &Proxy, name: &str) -> Peer {
    let mut command = hobnob(&world.home(name));
    command.args(["--name", name, "--server", &by_name(world), "--json"]);
    let mut peer = Peer::start(command.args(["--proxy", &proxy.url()]));
    peer.ready = peer.expect("ready", |event| event["event"] == "ready");
    peer
}

/// The sockets that a process has, of those in a table of the kernel's: the other end of each, as
/// far as it is IPv4 on loopback, and its state.
fn sockets(pid: Pid, table: &str) -> Vec<(String, String)> {
    let process = format!("/proc/{}", pid.as_raw_pid());
    let links = fs::read_dir(format!("{process}/fd")).expect("it is running");
    let links = links.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let inodes: BTreeSet<String> = links
        .filter_map(|link| {
            let link = link.to_string_lossy().into_owned();
            Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let rows = fs::read_to_string(format!("{process}/net/{table}")).unwrap_or_default();
    let rows = rows.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| inodes.contains(row[9]))
        .map(|row| (row[2].to_owned(), row[3].to_owned()))
        .collect()
}

/// An address as `/proc/net/tcp` has it.
fn in_hex(at: SocketAddr) -> String {
    let IpAddr::V4(ip) = at.ip() else { panic!("{at} is IPv4") };
    format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), at.port())
}

/// Demands that a process has connections to the proxy and no other socket of the network.
fn expect_nothing_beside(pid: Pid, proxy: &Proxy) {
    for table in ["tcp6", "udp", "udp6"] {
        assert_eq!(sockets(pid, table), [], "{table}");
    }
    let established = (in_hex(proxy.at), "01".to_owned());
    let tcp = sockets(pid, "tcp");
    assert!(!tcp.is_empty() && tcp.iter().all(|socket| *socket == established), "{tcp:?}");
}

#[test]
fn behind_a_proxy_one_signs_in_by_name_and_talks_and_nobody_is_told_an_address() {
    let world = World::new();
    let proxy = Proxy::start(Manner::Names(names(&world)));
    let mut ann = behind(&world, &proxy, "ann");
    assert_eq!(ann.ready["listen"], serde_json::json!([]));
    assert_eq!(proxy.asked(), [format!("{NAME}:77")]);
    let mut bob = world.peer("bob");
    let asked = bob.send(&["chat", "ann"]);
    ann.expect("an offer", |e| is_session(e, "bob", "offered"));
    ann.ask(&["accept", "bob"]).expect_ok();
    bob.answer(asked).expect_ok();
    let open = ann.expect("the session open", |e| is_session(e, "bob", "open"));
    assert_eq!(open["path"], "relay");
    bob.deliver("ann", "one");
    ann.expect("the message", |e| is_message(e, "bob", "one"));
    ann.deliver("bob", "other");
    let why = bob.ask(&["why", "ann"]).expect_ok();
    let direct: Vec<_> =
        why.rows("attempt").into_iter().filter(|row| row["path"] == "direct").collect();
    assert!(direct.iter().all(|row| row["result"] == "they gave no address"), "{direct:?}");
    expect_nothing_beside(ann.pid(), &proxy);
    let strangers: Vec<String> =
        proxy.asked().into_iter().filter(|asked| !asked.starts_with(NAME)).collect();
    let tried = ann.ask(&["why", "bob"]).expect_ok();
    let refused = "the proxy: does not allow that address";
    let refused = tried.rows("attempt").into_iter().filter(|row| row["result"] == refused).count();
    assert_eq!(refused, strangers.len(), "{strangers:?} {tried:?}");
}

#[test]
fn peers_are_dialled_through_the_proxy_as_well() {
    let world = World::new();
    let proxy = Proxy::start(Manner::Open(names(&world)));
    let mut ann = behind(&world, &proxy, "ann");
    let mut bob = world.peer("bob");
    let asked = ann.send(&["chat", "bob"]);
    bob.expect("an offer", |e| is_session(e, "ann", "offered"));
    bob.ask(&["accept", "ann"]).expect_ok();
    ann.answer(asked).expect_ok();
    let open = ann.expect("the session open", |e| is_session(e, "bob", "open"));
    assert_eq!(open["path"], "direct");
    ann.deliver("bob", "hi");
    let listens = bob.ready["listen"][0].as_str().expect("it listens").to_owned();
    assert!(proxy.asked().contains(&listens), "{listens}: {:?}", proxy.asked());
    expect_nothing_beside(ann.pid(), &proxy);
}

#[test]
fn a_peer_is_dialled_by_a_name_that_only_the_proxy_knows() {
    let world = World::new();
    let mut cyd = hobnob(&world.home("cyd"));
    cyd.args(["--name", "cyd", "--no-server", "--listen", "127.0.0.1:0", "--accept", "all"]);
    let mut cyd = Peer::start(cyd.arg("--json"));
    let ready = cyd.expect("ready", |event| event["event"] == "ready");
    let at: SocketAddr = ready["listen"][0].as_str().and_then(|at| at.parse().ok()).expect("one");
    let proxy = Proxy::start(Manner::Names(vec![("cyd.onion", at)]));
    let mut ann = hobnob(&world.home("ann"));
    ann.args(["--name", "ann", "--no-server", "--proxy", &proxy.url(), "--json"]);
    let mut once = Process::start(ann.args(["chat", "cyd.onion:7"]));
    once.expect("the session", |line| line.contains("\"session\"") && line.contains("\"open\""));
    once.say("/msg cyd hello");
    cyd.expect("the message", |e| is_message(e, "ann", "hello"));
    once.hang_up();
    once.ended().expect_ok();
    assert_eq!(proxy.asked(), ["cyd.onion:7"]);

    let mut ann = hobnob(&world.home("ann"));
    ann.args(["--no-server", "--proxy", &proxy.url(), "--json"]);
    let mut ann = Peer::start(&mut ann);
    ann.expect("ready", |event| event["event"] == "ready");
    ann.ask(&["chat", "cyd.onion:7"]).expect_ok();
    let why = ann.ask(&["chat", "dan.onion:7"]).expect_refusal(3);
    assert!(why.contains("dan.onion:7") && why.contains("the proxy: does not allow"), "{why}");
}

/// A verb of somebody new behind a proxy, to its end.
fn verb(world: &World, proxy: &str, timeout: &str) -> Ended {
    let mut command = hobnob(&world.home("ann"));
    command.args(["-n", "ann", "-s", &by_name(world), "--proxy", proxy, "-t", timeout, "who"]);
    Process::start(&mut command).ended()
}

#[test]
fn a_proxy_that_does_not_dial_is_told_with_its_reason() {
    let world = World::new();
    for scheme in ["socks5", "socks5h"] {
        let away = format!("{scheme}://{}", nobody_there());
        let refused = verb(&world, &away, "1");
        assert!(refused.expect_refusal(3).contains("the proxy: connection refused"), "{refused:?}");
    }
    for (manner, words) in [
        (Manner::Code(1), "the proxy: general failure"),
        (Manner::Code(4), "the proxy: host unreachable"),
        (Manner::Code(5), "the proxy: connection refused there"),
        (Manner::Code(6), "the proxy: timed out there"),
        (Manner::Code(99), "the proxy: code 99"),
        (Manner::Garbage, "the proxy: does not speak SOCKS5"),
        (Manner::Login("ann", "right", names(&world)), "the proxy: refused the login"),
        (Manner::Silent, "no answer in time"),
    ] {
        let proxy = Proxy::start(manner);
        let ended = verb(&world, &proxy.url(), "1");
        let why = ended.expect_refusal(3);
        assert!(why.contains(words) && why.contains(NAME), "{words}: {ended:?}");
    }
}

#[test]
fn a_login_is_given_and_not_shown() {
    let world = World::new();
    let proxy = Proxy::start(Manner::Login("ann", "p:w@", names(&world)));
    let url = |login: &str| format!("socks5://{login}@{}", proxy.at);
    verb(&world, &url("ann:p%3Aw%40"), "10").expect_ok();
    verb(&world, &url("ann:wrong"), "1").expect_refusal(3);
    let mut command = hobnob(&world.home("ann"));
    let shown = Process::start(command.args(["--proxy", &url("ann:secret"), "config"])).ended();
    let shown = shown.expect_ok();
    assert!(shown.contains("socks5://ann:***@") && !shown.contains("secret"), "{shown}");
}

#[test]
fn what_is_no_socks5_proxy_is_a_wrong_command_line() {
    let world = World::new();
    for proxy in [
        "127.0.0.1:9050",
        "http://127.0.0.1:9050",
        "socks4://127.0.0.1:9050",
        "socks5://",
        "socks5://127.0.0.1:0",
        "socks5://127.0.0.1:x",
        "socks5://ann@127.0.0.1:9050",
        "socks5://:pw@127.0.0.1:9050",
        "socks5://ann:%zz@127.0.0.1:9050",
    ] {
        let ended = verb(&world, proxy, "1");
        assert!(ended.expect_refusal(2).contains("socks5://HOST:PORT"), "{proxy}: {ended:?}");
    }
    let port = world.server.tcp.port();
    assert_eq!(world.server.tcp, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut direct = hobnob(&world.home("ann"));
    let server = format!("{}#{}", world.server.tcp, world.server.key);
    direct.args(["-n", "ann", "-s", &server, "--proxy", "", "who"]);
    Process::start(&mut direct).ended().expect_ok();
}
