//! The reactor's child processes, with the real `hobnob` as their supervisor.

use hobnob::proto::id::RunId;
use hobnob::proto::machine::{Pipe, RunAction, RunEnd, RunEvent};
use hobnob::shell::reactor::{Reactor, Ready};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// A reactor, and what its children said.
struct Bench {
    reactor: Reactor,
    output: [Vec<u8>; 2],
    ended: Vec<(RunId, RunEnd)>,
    runs: u64,
}

impl Bench {
    fn new() -> Bench {
        let mut reactor = Reactor::new().expect("a reactor");
        reactor.supervise_with(env!("CARGO_BIN_EXE_hobnob").into());
        Bench { reactor, output: [Vec::new(), Vec::new()], ended: Vec::new(), runs: 0 }
    }

    fn start_with(&mut self, argv: &[&str], memory_bytes: Option<u64>, ours: bool) -> RunId {
        self.runs += 1;
        let id = RunId(self.runs);
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        let start = RunAction::Start { argv, memory_bytes, has_our_environment: ours };
        self.reactor.perform_run(id, start);
        id
    }

    fn start(&mut self, argv: &[&str]) -> RunId {
        self.start_with(argv, None, false)
    }

    fn wake(&mut self, timeout: Duration) {
        self.reactor.wait(Some(timeout)).expect("epoll works");
        while let Some(ready) = self.reactor.next() {
            let Ready::Run(id, event) = ready else { continue };
            match event {
                RunEvent::Output(pipe, bytes) => {
                    assert!(!bytes.is_empty());
                    assert!(self.ended.iter().all(|(other, _)| *other != id), "after its end");
                    self.output[pipe as usize].extend(bytes);
                }
                RunEvent::Ended(end) => self.ended.push((id, end)),
            }
        }
    }

    fn until(&mut self, what: &str, is_so: impl Fn(&Bench) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "in vain: {what}; {}", self.said(Pipe::Stderr));
            self.wake(left);
        }
    }

    fn end_of(&mut self, id: RunId) -> RunEnd {
        self.until("an end", |b| b.ended.iter().any(|(other, _)| *other == id));
        self.ended.iter().find(|(other, _)| *other == id).expect("it has ended").1
    }

    fn said(&self, pipe: Pipe) -> String {
        String::from_utf8_lossy(&self.output[pipe as usize]).into_owned()
    }

    /// A number that a child says first, in a line of its own.
    fn number(&mut self, of: &str) -> u32 {
        let prefix = format!("{of} ");
        let find = |b: &Bench| {
            let said = b.said(Pipe::Stdout);
            let whole = said.rsplit_once('\n')?.0;
            whole.lines().find_map(|line| line.strip_prefix(&prefix)?.parse().ok())
        };
        self.until(of, |b| find(b).is_some());
        find(self).expect("it was said")
    }
}

/// Whether a process is there and not a zombie.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits for another process to be gone, whose parent we are not.
fn gone(pid: u32) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while is_alive(pid) && Instant::now() < deadline {
        std::thread::yield_now();
    }
    !is_alive(pid)
}

#[test]
fn output_and_exit_code_come_apart_and_in_full() {
    let mut bench = Bench::new();
    let id = bench.start(&["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!(bench.end_of(id), RunEnd::Exited(7));
    assert_eq!(bench.said(Pipe::Stdout), "out\n");
    assert_eq!(bench.said(Pipe::Stderr), "err\n");
}

#[test]
fn words_are_passed_as_they_are() {
    let mut bench = Bench::new();
    let id = bench.start(&["printf", "[%s]", "$HOME;", "id", "", "--run-child", "ä'\""]);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    assert_eq!(bench.said(Pipe::Stdout), "[$HOME;][id][][--run-child][ä'\"]");
}

#[test]
fn long_output_is_whole() {
    let mut bench = Bench::new();
    let id = bench.start(&["head", "-c", "3000000", "/dev/zero"]);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    assert_eq!(bench.output[0].len(), 3_000_000);
}

#[test]
fn a_command_that_is_not_there_is_no_exit_code() {
    let mut bench = Bench::new();
    let none = bench.start(&["/no/such/command"]);
    assert_eq!(bench.end_of(none), RunEnd::Failed(ErrorKind::NotFound));
    let not_found = bench.start(&["sh", "-c", "exit 127"]);
    assert_eq!(bench.end_of(not_found), RunEnd::Exited(127));
    let directory = bench.start(&["/"]);
    assert_eq!(bench.end_of(directory), RunEnd::Failed(ErrorKind::PermissionDenied));
    let nothing = bench.start(&[]);
    assert_eq!(bench.end_of(nothing), RunEnd::Failed(ErrorKind::InvalidInput));
}

#[test]
fn a_signal_is_told_apart_from_a_code() {
    let mut bench = Bench::new();
    let id = bench.start(&["sh", "-c", "kill -TERM $$"]);
    assert_eq!(bench.end_of(id), RunEnd::Killed(15));
}

#[test]
fn stdin_is_empty_and_the_environment_clean() {
    let mut bench = Bench::new();
    let id = bench.start(&["sh", "-c", "cat; ls -l /proc/self/fd | wc -l; pwd; env"]);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    let said = bench.said(Pipe::Stdout);
    let home = std::env::var("HOME").unwrap_or_else(|_| "/".to_owned());
    assert!(said.contains(&format!("\n{home}\n")), "{said}");
    let known = ["PATH", "HOME", "LANG", "USER", "LOGNAME", "PWD", "SHLVL", "_", "OLDPWD"];
    let names = said.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let strange: Vec<_> = names.filter(|name| !known.contains(name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn an_input_is_read_whole_and_ends_in_an_environment_that_has_more() {
    let mut bench = Bench::new();
    let input: Vec<u8> = (0..400_000u32).map(|n| n as u8).collect();
    let argv = |script: &str| ["sh", "-c", script].map(str::to_owned);
    bench.reactor.start_with_input(RunId::hook(1), &argv("cat"), &input, &[]);
    assert_eq!(bench.end_of(RunId::hook(1)), RunEnd::Exited(0));
    assert_eq!(bench.output[0], input);
    bench.output[0].clear();
    let script = "echo x >&0; echo $A $HOME; ls /proc/self/fd | wc -l";
    let added = [("A", OsStr::new("b c"))];
    bench.reactor.start_with_input(RunId::hook(2), &argv(script), b"", &added);
    assert_eq!(bench.end_of(RunId::hook(2)), RunEnd::Exited(0));
    let home = std::env::var("HOME").unwrap_or_default();
    // It cannot be written to. Standard input, the two pipes, and the folder that is listed.
    assert_eq!(bench.said(Pipe::Stdout), format!("b c {home}\n4\n"));
    assert!(!bench.said(Pipe::Stderr).is_empty());
}

#[test]
fn our_own_sockets_are_not_inherited() {
    let mut bench = Bench::new();
    bench.reactor.listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let id = bench.start(&["sh", "-c", "ls -l /proc/self/fd; cut -d' ' -f6-7 /proc/self/stat"]);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    let said = bench.said(Pipe::Stdout);
    assert!(!said.contains("socket:") && !said.contains("anon_inode"), "{said}");
    let terminal = said.lines().last().and_then(|line| line.split(' ').nth(1));
    assert_eq!(terminal, Some("0"), "it has a terminal: {said}");
}

#[test]
fn what_hobnob_was_started_with_is_not_inherited() {
    // A descriptor that stays open over exec, as a careless shell leaves one.
    let left_open =
        rustix::fs::open("/dev/null", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty());
    let left_open = left_open.expect("it is always there");
    let mut bench = Bench::new();
    let id = bench.start(&["ls", "-l", "/proc/self/fd"]);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    // Standard input, the two pipes, and the folder that is listed.
    let said = bench.said(Pipe::Stdout);
    assert_eq!(said.lines().filter(|line| line.contains("->")).count(), 4, "{said}");
    drop(left_open);
}

#[test]
fn limits_are_set() {
    let mut bench = Bench::new();
    let limits = "ulimit -v; ulimit -c; grep NoNewPrivs /proc/self/status";
    let id = bench.start_with(&["sh", "-c", limits], Some(256 << 20), false);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    assert_eq!(bench.said(Pipe::Stdout), "262144\n0\nNoNewPrivs:\t1\n");

    let hog = "head -c 400000000 /dev/zero | tail -c 400000000 | wc -c";
    let id = bench.start_with(&["sh", "-c", hog], Some(64 << 20), false);
    bench.end_of(id);
    assert!(!bench.said(Pipe::Stdout).contains("400000000\n"), "it had the memory");
}

#[test]
fn killing_takes_the_whole_family_also_what_left_it() {
    let mut bench = Bench::new();
    // A child of its own group; one in a session of its own; and one without our environment, its
    // parent gone.
    let script = "sleep 1000 & echo first $!
        setsid sh -c 'echo second $$; exec sleep 1000' &
        (env -i /bin/sh -c 'setsid sh -c \"echo third \\$\\$; exec sleep 1000\" &')
        wait; sleep 1000";
    let id = bench.start(&["sh", "-c", script]);
    let family = [bench.number("first"), bench.number("second"), bench.number("third")];
    assert!(family.iter().all(|pid| is_alive(*pid)));
    bench.reactor.perform_run(id, RunAction::Kill);
    assert_eq!(bench.end_of(id), RunEnd::Killed(9));
    assert!(!family.iter().any(|pid| is_alive(*pid)), "somebody survived");
}

#[test]
fn who_is_left_behind_ends_with_the_command() {
    let mut bench = Bench::new();
    let id = bench.start(&["sh", "-c", "setsid sleep 1000 & echo child $!"]);
    let child = bench.number("child");
    assert_eq!(bench.end_of(id), RunEnd::Exited(0), "held up by who holds the pipe");
    assert!(!is_alive(child));
}

#[test]
fn nothing_is_read_while_paused_and_the_writer_waits() {
    let mut bench = Bench::new();
    let id = bench.start(&["sh", "-c", "echo on; head -c 1000000 /dev/zero; echo off >&2"]);
    bench.until("output", |b| !b.output[0].is_empty());
    bench.reactor.perform_run(id, RunAction::Pause);
    let read = bench.output[0].len();
    for _ in 0..20 {
        bench.wake(Duration::from_millis(5));
    }
    assert_eq!(bench.output[0].len(), read, "read though paused");
    assert!(bench.ended.is_empty() && bench.said(Pipe::Stderr).is_empty());
    bench.reactor.perform_run(id, RunAction::Resume);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    assert_eq!(bench.output[0].len(), 1_000_003);
}

#[test]
fn a_paused_command_can_be_killed() {
    let mut bench = Bench::new();
    let id = bench.start(&["yes"]);
    bench.reactor.perform_run(id, RunAction::Pause);
    bench.reactor.perform_run(id, RunAction::Kill);
    bench.reactor.perform_run(id, RunAction::Kill);
    assert_eq!(bench.end_of(id), RunEnd::Killed(9));
}

#[test]
fn a_command_that_ended_while_paused_is_heard_to_the_end() {
    let mut bench = Bench::new();
    let id = bench.start(&["echo", "last words"]);
    bench.reactor.perform_run(id, RunAction::Pause);
    for _ in 0..20 {
        bench.wake(Duration::from_millis(5));
    }
    assert!(bench.ended.is_empty(), "ended before it was heard");
    bench.reactor.perform_run(id, RunAction::Resume);
    assert_eq!(bench.end_of(id), RunEnd::Exited(0));
    assert_eq!(bench.said(Pipe::Stdout), "last words\n");
}

#[test]
fn children_do_not_outlive_the_reactor() {
    let mut bench = Bench::new();
    bench.start(&["sh", "-c", "setsid sleep 1000 & echo child $!; wait"]);
    let child = bench.number("child");
    assert!(is_alive(child));
    drop(bench);
    assert!(gone(child));
}

#[test]
fn a_command_that_kills_its_supervisor_is_ended_all_the_same() {
    let mut bench = Bench::new();
    let script = "sleep 1000 & echo child $!; kill -KILL $PPID; sleep 1000";
    let id = bench.start(&["sh", "-c", script]);
    let child = bench.number("child");
    assert_eq!(bench.end_of(id), RunEnd::Killed(9));
    assert!(gone(child));
}

#[test]
fn many_run_at_the_same_time() {
    let mut bench = Bench::new();
    let ids: Vec<_> = (0..20).map(|n| bench.start(&["sh", "-c", &format!("exit {n}")])).collect();
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(bench.end_of(id), RunEnd::Exited(n as i32));
    }
}
