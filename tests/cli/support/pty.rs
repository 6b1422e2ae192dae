//! A child at a pseudo-terminal: keys in, and the screen that a person would see.

use super::{PATIENCE, within};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcgetpgrp, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// A running child and its terminal; killed when dropped.
pub struct Pty {
    pid: Pid,
    master: File,
    /// Kept, so that the terminal is there when the child is gone.
    slave: File,
    screen: Arc<Mutex<Screen>>,
    /// Something was written to it.
    written: Receiver<()>,
    ended: Receiver<ExitStatus>,
    is_over: bool,
}

struct Screen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Pty {
    /// Starts a program that has a terminal of this size, in a session of its own.
    pub fn start(command: &Command, columns: u16, rows: u16) -> Pty {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let slave = rustix::fs::open(name, flags, Mode::empty()).expect("its other end");
        let (master, slave) = (File::from(master), File::from(slave));
        set_size(&master, columns, rows);
        let mut child = in_session(command);
        let end = || slave.try_clone().expect("a descriptor");
        child.stdin(end()).stdout(end()).stderr(end());
        let mut child = child.spawn().expect("setsid is there");
        let pid = Pid::from_child(&child);
        let parser = vt100::Parser::new(size(rows), size(columns), 1000);
        let screen = Arc::new(Mutex::new(Screen { parser, bytes: Vec::new() }));
        let (write, written) = channel();
        let mut from = master.try_clone().expect("a descriptor");
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(bytes @ 1..) = from.read(&mut buffer) {
                let mut screen = shown.lock().unwrap_or_else(PoisonError::into_inner);
                screen.parser.process(&buffer[..bytes]);
                screen.bytes.extend_from_slice(&buffer[..bytes]);
                if write.send(()).is_err() {
                    break;
                }
            }
        });
        let (end, ended) = channel();
        thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = end.send(status);
            }
        });
        Pty { pid, master, slave, screen, written, ended, is_over: false }
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    /// Makes the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut screen = self.screen.lock().expect("no reader panics");
        screen.parser.screen_mut().set_size(size(rows), size(columns));
        drop(screen);
        set_size(&self.master, columns, rows);
    }

    /// The rows down to the last with anything in it, without the hour at their begin, and `|`
    /// where the cursor is.
    pub fn shown(&self) -> Vec<String> {
        let screen = self.screen.lock().expect("no reader panics");
        let screen = screen.parser.screen();
        let columns = screen.size().1.get();
        let (at, column) = screen.cursor_position();
        let mut rows: Vec<String> = screen.rows(0, columns).collect();
        let mut line = screen.rows(0, column).nth(at.into()).unwrap_or_default();
        let rest = screen.rows(column, columns - column).nth(at.into()).unwrap_or_default();
        while line.chars().count() < column.into() && line.is_ascii() {
            line.push(' ');
        }
        rows[usize::from(at)] = format!("{line}|{}", rest.trim_end());
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows.into_iter().map(without_hour).collect()
    }

    /// All that was written to it so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.screen.lock().expect("no reader panics").bytes.clone()
    }

    /// Waits for a screen.
    pub fn expect(&mut self, what: &str, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.shown();
            if fits(&shown) {
                return shown;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.written.recv_timeout(left).is_err() {
                panic!("time ran out before {what}:\n{}", self.shown().join("\n"));
            }
        }
    }

    /// Waits until the last rows of the screen are these.
    pub fn expect_end(&mut self, rows: &[&str]) {
        let what = format!("the last rows:\n{}\n", rows.join("\n"));
        self.expect(&what, |shown| {
            shown.len() >= rows.len() && shown[shown.len() - rows.len()..] == *rows
        });
    }

    /// How the kernel treats what is typed.
    pub fn modes(&self) -> Termios {
        tcgetattr(&self.slave).expect("a terminal has modes")
    }

    /// The job that it belongs to.
    pub fn foreground(&self) -> Pid {
        tcgetpgrp(&self.master).expect("a session has a foreground")
    }

    /// Waits until it belongs to this job.
    pub fn expect_foreground(&self, job: Pid) {
        let deadline = Instant::now() + PATIENCE;
        while self.foreground() != job {
            assert!(Instant::now() < deadline, "time ran out before it was in the foreground");
            thread::yield_now();
        }
    }

    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends the child a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it has not been waited for");
    }

    /// Waits for the child's end; its exit code, or 128 and the signal that ended it.
    pub fn ended(&mut self) -> i32 {
        match self.ended.recv_timeout(PATIENCE) {
            Ok(status) => {
                self.is_over = true;
                status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
            }
            Err(_) => panic!("it does not end:\n{}", self.shown().join("\n")),
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if !self.is_over && self.ended.try_recv().is_err() {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = self.ended.recv_timeout(PATIENCE);
        }
    }
}

/// The same command, leading a session whose terminal is its standard input.
fn in_session(command: &Command) -> Command {
    let mut outer = Command::new("setsid");
    outer.arg("--ctty");
    within(outer, command)
}

fn without_hour(row: String) -> String {
    let Some((hour, rest)) = row.split_once(' ') else { return row };
    let is_hour = hour.trim_end_matches('Z').len() == 5
        && hour.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'Z'));
    if is_hour { rest.to_owned() } else { row }
}

fn set_size(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("a terminal has a size");
}

fn size(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has room")
}
