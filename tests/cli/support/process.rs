//! A child process: lines in, lines out, its end. Lines wait here until a test asks for them.

use super::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

/// A running child; killed when dropped.
pub struct Process {
    pid: Pid,
    what: String,
    stdin: Option<ChildStdin>,
    arriving: Receiver<Vec<u8>>,
    waiting: Vec<String>,
    stderr: Receiver<String>,
    status: Receiver<ExitStatus>,
    is_over: bool,
}

/// How a process ended, and what it said that nobody had asked for before.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; 128 and more for a signal, as shells count.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Process {
    /// Starts it with its three streams in our hands.
    pub fn start(command: &mut Command) -> Process {
        Process::start_as_set(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    /// Starts it with its input and output as the caller set them.
    pub fn start_as_set(command: &mut Command) -> Process {
        let what = format!("{command:?}");
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program can be started");
        let pid = Pid::from_child(&child);
        let stdin = child.stdin.take();
        let (arrive, arriving) = channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                    if arrive.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let (say, stderr) = channel();
        let mut from = child.stderr.take().expect("it is piped");
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            let _ = say.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        let (end, status) = channel();
        thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = end.send(status);
            }
        });
        let waiting = Vec::new();
        Process { pid, what, stdin, arriving, waiting, stderr, status, is_over: false }
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    /// Types these bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("its input is still open");
        stdin.write_all(bytes).expect("it reads its input");
    }

    /// Ends its input.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Takes the first line that fits, now or when it comes. Other lines keep waiting.
    pub fn expect(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut from = 0;
        loop {
            if let Some(found) = self.waiting[from..].iter().position(|line| fits(line)) {
                return self.waiting.remove(from + found);
            }
            from = self.waiting.len();
            let left = deadline.saturating_duration_since(Instant::now());
            match self.arriving.recv_timeout(left) {
                Ok(line) => self.waiting.push(text(line)),
                Err(why) => panic!("{}", self.complaint(what, why)),
            }
        }
    }

    /// Lines that nobody has asked for yet.
    pub fn waiting(&mut self) -> &[String] {
        self.waiting.extend(self.arriving.try_iter().map(text));
        &self.waiting
    }

    /// Forgets the lines that nobody has asked for yet.
    pub fn forget(&mut self) {
        self.arriving.try_iter().for_each(drop);
        self.waiting.clear();
    }

    /// Its number.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it has not been waited for");
    }

    /// kill -9, and waits for its end.
    pub fn crash(self) {
        self.signal(Signal::KILL);
        assert_eq!(self.ended().code, 137);
    }

    /// SIGTERM, and demands a clean end.
    pub fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.ended();
        assert_eq!(ended.code, 0, "after SIGTERM: {ended:?}");
        ended
    }

    /// Ends its input and waits for its end.
    pub fn ended(mut self) -> Ended {
        self.stdin = None;
        let Ok(status) = self.status.recv_timeout(PATIENCE) else {
            panic!("{}", self.complaint("its end", RecvTimeoutError::Timeout));
        };
        self.is_over = true;
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.arriving.recv_timeout(deadline - Instant::now()) {
            self.waiting.push(text(line));
        }
        let err = self.stderr.recv_timeout(PATIENCE).unwrap_or_default();
        let out = self.waiting.iter().map(|line| format!("{line}\n")).collect();
        Ended { code: code_of(status), out, err }
    }

    fn complaint(&mut self, what: &str, why: RecvTimeoutError) -> String {
        let ended = why == RecvTimeoutError::Disconnected;
        let _ = kill_process(self.pid, Signal::KILL);
        let err = self.stderr.recv_timeout(PATIENCE).unwrap_or_default();
        let state = if ended { "it ended" } else { "time ran out" };
        let seen = self.waiting().join("\n  ");
        format!("{state} before {what}\n{}\nlines waiting:\n  {seen}\nstderr:\n{err}", self.what)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_over && self.status.try_recv().is_err() {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = self.status.recv_timeout(PATIENCE);
        }
    }
}

impl Ended {
    /// Demands an exit code and a diagnostic as the contract has it: one line, first the program.
    pub fn expect_refusal(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        let line = self.err.strip_suffix('\n').unwrap_or_default();
        let is_one_line = !line.contains('\n') && line.starts_with("hobnob");
        assert!(is_one_line && line.contains(": "), "not one line, hobnob: what: why: {self:?}");
        line
    }

    /// Demands success; gives what it printed.
    pub fn expect_ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.out
    }
}

fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).expect("it writes UTF-8")
}
