//! Counting system calls with strace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Whether there is an strace that may trace.
pub fn is_there() -> bool {
    let mut strace = Command::new("strace");
    let tried = strace.args(["-f", "-c", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// The same command, counted into a file.
pub fn wrap(command: &Command, calls: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(calls).arg(command.get_program()).args(command.get_args());
    strace
}

/// An strace that is attached to a process.
pub struct Trace {
    strace: Child,
    calls: PathBuf,
}

impl Trace {
    pub fn start(pid: u32, calls: &Path) -> Trace {
        Trace::of(pid, calls, "all")
    }

    /// Of these calls only.
    pub fn of(pid: u32, calls: &Path, which: &str) -> Trace {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-c", "-e", which, "-o"]).arg(calls).arg("-p").arg(pid.to_string());
        let strace = strace.stderr(Stdio::null()).spawn().expect("it was there a moment ago");
        let start = Instant::now();
        while !is_traced(pid) {
            assert!(start.elapsed() < Duration::from_secs(10), "strace does not attach to {pid}");
            thread::sleep(Duration::from_millis(1));
        }
        // What it is waiting in is begun anew by being attached to: that call is not its own.
        thread::sleep(Duration::from_millis(100));
        Trace { strace, calls: calls.to_owned() }
    }

    /// Ends it. How many calls there were.
    pub fn end(mut self) -> u64 {
        let interrupt = rustix::process::Signal::INT;
        let pid = rustix::process::Pid::from_child(&self.strace);
        rustix::process::kill_process(pid, interrupt).expect("it is ours");
        self.strace.wait().expect("it is ours");
        total(&self.calls)
    }
}

fn is_traced(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is alive");
    !status.contains("TracerPid:\t0\n")
}

/// The calls in strace's table: the fourth column of its last line; nothing where there were none.
pub fn total(calls: &Path) -> u64 {
    let table = fs::read_to_string(calls).expect("strace writes its table");
    let last = table.lines().rev().find(|line| line.ends_with("total"));
    let count = last.and_then(|line| line.split_whitespace().nth(3));
    count.map_or(0, |count| count.parse().expect("a count"))
}
