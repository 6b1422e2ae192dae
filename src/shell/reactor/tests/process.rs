//! What belongs to a whole process: standard input, signals, descriptors. Each in a child, which
//! is this test program again, told to run one ignored test.

use super::*;
use rustix::process::{Pid, Resource, Rlimit, Signal as Number, kill_process, setrlimit};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

const MARK: &str = "HOBNOB_REACTOR_CHILD";

fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test program"));
    arguments(&mut command, test);
    command
}

fn arguments(command: &mut Command, test: &str) {
    let name = format!("shell::reactor::tests::process::{test}");
    command.args(["--exact", &name, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(MARK, "1").stdout(Stdio::piped());
}

fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// The rest of the line in which a child says `key`.
fn said(lines: &mut impl BufRead, key: &str) -> String {
    let mut line = String::new();
    while lines.read_line(&mut line).expect("the child's output") > 0 {
        if let Some(value) = line.strip_prefix(key) {
            return value.trim().to_owned();
        }
        line.clear();
    }
    panic!("the child does not say {key}");
}

fn output(child: &mut Child) -> BufReader<std::process::ChildStdout> {
    BufReader::new(child.stdout.take().expect("it is piped"))
}

#[test]
#[ignore = "a child of the tests below"]
fn child_counts_stdin() {
    if !is_child() {
        return;
    }
    let mut reactor = Reactor::new().expect("a reactor");
    reactor.open_stdin().expect("whatever it is");
    reactor.pause_stdin(true);
    reactor.wait(Some(Duration::from_millis(1))).expect("epoll works");
    assert!(reactor.next().is_none(), "paused");
    assert!(!reactor.turns.begin(), "paused, it would not sleep");
    reactor.pause_stdin(false);
    println!("\nready");

    let (mut bytes, mut sum, mut ends) = (0, 0_u64, 0);
    while ends == 0 {
        reactor.wait(None).expect("epoll works");
        while let Some(ready) = reactor.next() {
            match ready {
                Ready::Stdin([]) => ends += 1,
                Ready::Stdin(chunk) => {
                    bytes += chunk.len();
                    sum += chunk.iter().map(|byte| u64::from(*byte)).sum::<u64>();
                }
                _ => {}
            }
        }
        if bytes > 0 {
            println!("so far {bytes}");
        }
    }
    for _ in 0..5 {
        reactor.wait(Some(Duration::ZERO)).expect("epoll works");
        assert!(reactor.next().is_none(), "told twice");
    }
    assert!(!reactor.turns.begin(), "at the end, it would not sleep");
    println!("counted {bytes} {sum}");
}

#[test]
fn stdin_from_a_pipe_is_read_as_it_comes() {
    let mut child = child("child_counts_stdin").stdin(Stdio::piped()).spawn().expect("spawns");
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut lines = output(&mut child);
    said(&mut lines, "ready");
    stdin.write_all(b"abc").expect("written");
    assert_eq!(said(&mut lines, "so far"), "3");
    stdin.write_all(&[1; 1_000_000]).expect("written");
    drop(stdin);
    let sum = u64::from(b'a') + u64::from(b'b') + u64::from(b'c') + 1_000_000;
    assert_eq!(said(&mut lines, "counted"), format!("1000003 {sum}"));
    assert!(child.wait().expect("ends").success());
}

#[test]
fn stdin_from_a_file_is_read_to_its_end() {
    let path = std::env::temp_dir().join(format!("hobnob-stdin-{}", std::process::id()));
    std::fs::write(&path, [2; 300_000]).expect("a file");
    let file = File::open(&path).expect("it is there");
    let mut child = child("child_counts_stdin").stdin(file).spawn().expect("spawns");
    let mut lines = output(&mut child);
    assert_eq!(said(&mut lines, "counted"), "300000 600000");
    assert!(child.wait().expect("ends").success());
    std::fs::remove_file(&path).expect("it is ours");
}

#[test]
fn stdin_from_dev_null_ends_at_once() {
    let mut child = child("child_counts_stdin").stdin(Stdio::null()).spawn().expect("spawns");
    let mut lines = output(&mut child);
    assert_eq!(said(&mut lines, "counted"), "0 0");
    assert!(child.wait().expect("ends").success());
}

#[test]
fn closed_stdin_ends_at_once() {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" <&-"]);
    command.arg(std::env::current_exe().expect("the test program"));
    arguments(&mut command, "child_counts_stdin");
    let mut child = command.spawn().expect("spawns");
    let mut lines = output(&mut child);
    assert_eq!(said(&mut lines, "counted"), "0 0");
    assert!(child.wait().expect("ends").success());
}

#[test]
fn stdin_is_left_blocking_for_the_parent() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let shared = theirs.try_clone().expect("a second descriptor of the same file");
    let stdin = std::os::fd::OwnedFd::from(theirs);
    let mut child = child("child_counts_stdin").stdin(stdin).spawn().expect("spawns");
    let mut lines = output(&mut child);
    said(&mut lines, "ready");
    let flags = rustix::fs::fcntl_getfl(&shared).expect("asked");
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    drop((ours, shared));
    assert_eq!(said(&mut lines, "counted"), "0 0");
    assert!(child.wait().expect("ends").success());
}

#[test]
#[ignore = "a child of the test below"]
fn child_waits_for_signals() {
    if !is_child() {
        return;
    }
    let mut reactor = Reactor::new().expect("a reactor");
    println!("\nready");
    loop {
        reactor.wait(None).expect("epoll works");
        while let Some(ready) = reactor.next() {
            let Ready::Signal(signal) = ready else { continue };
            println!("signal {signal:?}");
            if signal == Signal::Terminate {
                return;
            }
        }
    }
}

#[test]
fn signals_come_out_of_the_loop() {
    let mut child = child("child_waits_for_signals").stdin(Stdio::null()).spawn().expect("spawns");
    let mut lines = output(&mut child);
    said(&mut lines, "ready");
    let pid = Pid::from_child(&child);
    for (number, name) in [
        (Number::INT, "Interrupt"),
        (Number::WINCH, "Resize"),
        (Number::CONT, "Continue"),
        (Number::TERM, "Terminate"),
    ] {
        kill_process(pid, number).expect("it runs");
        assert_eq!(said(&mut lines, "signal"), name);
    }
    assert!(child.wait().expect("ends").success());
}

/// Descriptors that the child below may have open. It needs about ten itself.
const FEW: u64 = 24;

#[test]
#[ignore = "a child of the test below"]
fn child_echoes_with_few_descriptors() {
    if !is_child() {
        return;
    }
    let limit = Rlimit { current: Some(FEW), maximum: Some(FEW) };
    setrlimit(Resource::Nofile, limit).expect("lowered");
    let mut bench = Bench::new();
    bench.reactor.open_stdin().expect("a pipe");
    let (_, at) = bench.listen();
    println!("\nat {at}");
    let mut wakes = 0;
    loop {
        bench.reactor.wait(None).expect("epoll works");
        wakes += 1;
        let mut heard = Vec::new();
        let mut is_over = false;
        while let Some(ready) = bench.reactor.next() {
            match ready {
                Ready::Stream(id, StreamEvent::Bytes(bytes)) => heard.push((id, bytes.to_vec())),
                Ready::Stdin([]) => is_over = true,
                _ => {}
            }
        }
        for (id, bytes) in heard {
            bench.perform(id, StreamAction::Send(bytes));
        }
        bench.reactor.flush();
        if is_over {
            println!("wakes {wakes}");
            return;
        }
    }
}

fn is_echoed(stranger: &mut TcpStream) -> bool {
    stranger.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut answer = [0; 1];
    let outcome = stranger.write_all(b"x").and_then(|()| stranger.read(&mut answer));
    match outcome {
        Ok(bytes) => bytes == 1,
        Err(error) => {
            let gone = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
            assert!(gone.contains(&error.kind()), "left hanging: {error}");
            false
        }
    }
}

#[test]
fn without_descriptors_newcomers_are_turned_away_and_the_others_served() {
    let mut child =
        child("child_echoes_with_few_descriptors").stdin(Stdio::piped()).spawn().expect("spawns");
    let mut lines = output(&mut child);
    let at: SocketAddr = said(&mut lines, "at").parse().expect("an address");
    let mut strangers: Vec<_> =
        (0..2 * FEW).map(|_| TcpStream::connect(at).expect("the kernel accepts")).collect();
    let served = strangers.iter_mut().filter_map(|stranger| is_echoed(stranger).then_some(()));
    let served = served.count() as u64;
    assert!(0 < served && served < FEW, "{served} served");
    assert!(is_echoed(&mut strangers[0]), "the first is served still");

    drop(strangers);
    let mut newcomer = None;
    for _ in 0..1000 {
        let mut stranger = TcpStream::connect(at).expect("the kernel accepts");
        if is_echoed(&mut stranger) {
            newcomer = Some(stranger);
            break;
        }
    }
    assert!(newcomer.is_some(), "deaf though descriptors are free");

    drop(child.stdin.take());
    let wakes: u64 = said(&mut lines, "wakes").parse().expect("a number");
    assert!(wakes < 2500, "{wakes} wakes: it spins");
    assert!(child.wait().expect("ends").success());
}
