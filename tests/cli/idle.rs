//! Silence: with a session open and nothing to say, no system call and one thread. The ten seconds
//! here are what is measured, not a wait for something to happen.

use crate::support::{Process, World};
use crate::udp;
use rustix::process::{Pid, Signal};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// What went before may still be acknowledged in here.
const SETTLING: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(10);

/// `strace -f -c` on one process.
pub struct Trace {
    strace: Process,
    table: PathBuf,
}

impl Trace {
    pub fn attach(pid: Pid, table: PathBuf) -> Trace {
        let mut command = Command::new("sh");
        command.args(["-c", "exec strace -f -c -o \"$1\" -p \"$2\" 2>&1", "sh"]);
        let mut strace = Process::start(command.arg(&table).arg(pid.as_raw_pid().to_string()));
        strace.expect("strace to attach", |line| line.ends_with(" attached"));
        Trace { strace, table }
    }

    /// Detaches; gives the table of what was called, empty if nothing was.
    pub fn calls(self) -> String {
        self.strace.signal(Signal::INT);
        let ended = self.strace.ended();
        assert!(ended.out.contains(" detached"), "{ended:?}");
        fs::read_to_string(&self.table).expect("strace has written its table")
    }
}

/// What each process calls in this time.
fn calls_in(
    place: &dyn Fn(&str) -> PathBuf,
    processes: &[(&str, Pid)],
    time: Duration,
) -> Vec<String> {
    let attach = |(name, pid): &(&str, Pid)| Trace::attach(*pid, place(&format!("{name}.trace")));
    let traces: Vec<Trace> = processes.iter().map(attach).collect();
    thread::sleep(time);
    traces.into_iter().map(Trace::calls).collect()
}

/// Whether processes may be traced here: strace is installed and the system lets it attach.
pub fn may_trace() -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", "command -v strace && strace -f -o /dev/null true"]);
    Process::start(&mut command).ended().code == 0
}

#[test]
fn idle_programs_with_a_session_open_call_nothing_and_have_one_thread() {
    let mut world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    ann.deliver("bob", "one");
    bob.deliver("ann", "other");
    let processes =
        [("hobnobd", world.server.process().pid()), ("ann", ann.pid()), ("bob", bob.pid())];
    expect_silence(&|name| world.home(name), &processes);
    ann.deliver("bob", "still here");
}

/// Demands that these have one thread each and call nothing. Traces go where `place` says.
pub fn expect_silence(place: &dyn Fn(&str) -> PathBuf, processes: &[(&str, Pid)]) {
    for (name, pid) in processes {
        let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()));
        assert_eq!(tasks.expect("it is running").count(), 1, "threads of {name}");
    }
    if !may_trace() {
        println!("skipped: strace is not installed or may not trace here");
        return;
    }
    calls_in(place, processes, SETTLING);
    let tables = calls_in(place, processes, WINDOW);
    for ((name, _), table) in processes.iter().zip(tables) {
        println!("{name}: {} lines of calls in {WINDOW:?}", table.lines().count());
        assert_eq!(table, "", "{name} is not silent");
    }
}

#[test]
fn between_two_keep_alives_a_session_over_datagrams_is_silent_as_well() {
    let world = World::new();
    let (mut ann, mut bob) = udp::pair(&world);
    ann.deliver("bob", "one");
    bob.deliver("ann", "other");
    let processes = [("ann", ann.pid()), ("bob", bob.pid())];
    expect_silence(&|name| world.home(name), &processes);
    ann.deliver("bob", "still here");
}
