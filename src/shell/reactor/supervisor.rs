//! What stands between this program and a command that it runs: a process of its own, which is
//! this executable again.
//!
//! ```text
//! hobnob ──▶ supervisor ──▶ command ──▶ its children, and theirs
//!   └─ socket (its stdin) ─┘
//! ```
//!
//! The supervisor leaves the terminal, sets the limits, starts the command in a process group of
//! its own, and is told by the end of the socket that the command is to die: by `Kill`, or because
//! hobnob is gone, however it ended. Whatever loses its parent below it becomes its child
//! (PR_SET_CHILD_SUBREAPER in prctl(2)), also what went into a session of its own, so that it can
//! kill until nothing is left. Then it says over the socket how the command ended.

use crate::proto::machine::RunEnd;
use crate::proto::model::refusal::Exit;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getpid, getrlimit,
    kill_process, kill_process_group, pidfd_open, set_child_subreaper, setrlimit, setsid, wait,
};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The first word that makes this executable a supervisor; behind it the bytes of memory that the
/// command may have (0: no bound), the descriptor that it reads or [`NO_INPUT`], then the command.
pub const RUN_CHILD: &str = "--run-child";
/// In place of a descriptor.
pub(super) const NO_INPUT: &str = "-";

/// Descriptors that a command may have open: what most systems give by default.
const DESCRIPTORS: u64 = 1024;
/// Pause between two looks at what will not die, and how many: a second in all. What sleeps in the
/// kernel cannot be waited for.
const KILL_PAUSE: Duration = Duration::from_millis(5);
const KILL_LOOKS: u32 = 200;

/// The last word of a supervisor.
pub(super) const WORD_BYTES: usize = 5;
const EXITED: u8 = b'E';
const KILLED: u8 = b'K';
const FAILED: u8 = b'F';

/// Runs the command that argv names, if argv is a supervisor's; says how it ended over standard
/// input, which is a socket.
pub fn supervise(mut argv: impl Iterator<Item = OsString>) -> Option<Exit> {
    if argv.nth(1)? != RUN_CHILD {
        return None;
    }
    let word = match begin(argv) {
        Ok(command) => {
            watch(command);
            match clear(Some(command)) {
                Some(status) => word(status),
                None => (KILLED, Signal::KILL.as_raw()),
            }
        }
        Err(error) => {
            clear(None);
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            (FAILED, errno.raw_os_error())
        }
    };
    let mut bytes = [word.0; WORD_BYTES];
    bytes[1..].copy_from_slice(&word.1.to_le_bytes());
    // Where nobody listens any more, nobody wants to know.
    let _ = rustix::io::write(rustix::stdio::stdin(), &bytes);
    Some(Exit::Done)
}

/// The opposite of what a supervisor writes; `None` for anything else.
pub(super) fn parse_word(bytes: &[u8]) -> Option<RunEnd> {
    let (kind, number) = bytes.split_first()?;
    let number = i32::from_le_bytes(number.try_into().ok()?);
    match *kind {
        EXITED => Some(RunEnd::Exited(number)),
        KILLED => Some(RunEnd::Killed(number)),
        FAILED => {
            let error = io::Error::from_raw_os_error(number);
            Some(RunEnd::Failed(super::descriptors::kind_of(&error)))
        }
        _ => None,
    }
}

fn word(status: WaitStatus) -> (u8, i32) {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => (EXITED, code),
        (None, Some(signal)) => (KILLED, signal),
        (None, None) => (KILLED, Signal::KILL.as_raw()),
    }
}

fn begin(mut argv: impl Iterator<Item = OsString>) -> io::Result<Pid> {
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    let memory = argv.next().and_then(|word| word.to_str()?.parse().ok());
    let memory: u64 = memory.ok_or(Errno::INVAL)?;
    bound(Resource::Core, 0)?;
    bound(Resource::Nofile, DESCRIPTORS)?;
    if memory > 0 {
        bound(Resource::As, memory)?;
    }
    let input = input(argv.next().ok_or(Errno::INVAL)?)?;
    let program = argv.next().ok_or(Errno::INVAL)?;
    keep_descriptors();
    let mut command = Command::new(program);
    command.args(argv).stdin(input).process_group(0);
    Ok(Pid::from_child(&command.spawn()?))
}

/// What the command reads. One that has an input is our user's own, who may want it to send mail,
/// say, as a user whom only such programs can become; no other may become anybody.
fn input(word: OsString) -> io::Result<Stdio> {
    if word == NO_INPUT {
        rustix::thread::set_no_new_privs(true)?;
        return Ok(Stdio::null());
    }
    // Opened again, it is read from its beginning and cannot be written to.
    Ok(File::open(Path::new("/proc/self/fd").join(word))?.into())
}

/// Whatever we were started with, and did not open, is not for the command either.
#[expect(unsafe_code, reason = "a descriptor that others opened has no owner here to borrow from")]
fn keep_descriptors() {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    for name in open.flatten().map(|entry| entry.file_name()) {
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if number > 2 {
            // SAFETY: it was open a moment ago; the one that this listing was read by is closed by
            // now, which the call then says.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            let _ = rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC);
        }
    }
}

fn bound(resource: Resource, most: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum;
    let most = Some(hard.map_or(most, |hard| hard.min(most)));
    setrlimit(resource, Rlimit { current: most, maximum: most })?;
    Ok(())
}

/// Waits until the command has ended or is to.
fn watch(command: Pid) {
    let stdin = rustix::stdio::stdin();
    let Ok(pidfd) = pidfd_open(command, PidfdFlags::empty()) else { return };
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&pidfd, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Kills everything below, until nothing is. How the command ended, if it did.
fn clear(command: Option<Pid>) -> Option<WaitStatus> {
    let mut ended = None;
    // Its number is its own as long as nobody has waited for it. One that has ended by itself
    // keeps its status.
    if let Some(command) = command {
        let _ = kill_process_group(command, Signal::KILL);
    }
    for _ in 0..KILL_LOOKS {
        let me = getpid();
        kill_where(|process| process.parent == me);
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid) == command => ended = Some(status),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break,
                Err(_) => return ended,
            }
        }
        std::thread::sleep(KILL_PAUSE);
    }
    ended
}

/// A process, as proc(5) has it.
pub(super) struct Process {
    pub parent: Pid,
    pub session: Pid,
}

/// Kills every process that is so.
pub(super) fn kill_where(is_so: impl Fn(&Process) -> bool) {
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(pid) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if parse_stat(&stat).is_some_and(|process| is_so(&process)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// `pid (name) state ppid pgrp session …`; the name may hold anything.
fn parse_stat(stat: &str) -> Option<Process> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut words = behind.split_ascii_whitespace().skip(1);
    let parent = self::pid(words.next()?)?;
    let session = self::pid(words.nth(1)?)?;
    Some(Process { parent, session })
}

fn pid(word: &str) -> Option<Pid> {
    word.parse().ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn a_name_in_brackets_hides_no_parent() {
        let process = parse_stat("7 (a) S 1 (b) S 12 13 14 0 -1").expect("it is one");
        let raw = |pid: Pid| pid.as_raw_nonzero().get();
        assert_eq!((raw(process.parent), raw(process.session)), (12, 14));
    }

    #[test]
    fn words_of_supervisors_are_understood() {
        let of = |kind: u8, number: i32| {
            let mut bytes = vec![kind];
            bytes.extend(number.to_le_bytes());
            parse_word(&bytes)
        };
        assert_eq!(of(b'E', 127), Some(RunEnd::Exited(127)));
        assert_eq!(of(b'K', 9), Some(RunEnd::Killed(9)));
        assert_eq!(of(b'F', 2), Some(RunEnd::Failed(ErrorKind::NotFound)));
        assert_eq!(of(b'?', 2), None);
        assert_eq!(parse_word(b"E\0\0"), None);
    }
}
