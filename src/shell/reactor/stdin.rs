//! Standard input: a terminal, a pipe, a file, `/dev/null`, or closed (which Rust's runtime makes
//! `/dev/null`).
//!
//! It is never set non-blocking: that flag belongs to the open file, which the parent shares.

use crate::proto::limits::{STDIN_READ_BYTES, TURN_BYTES};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;

/// How standard input is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// A read may leave something.
    #[default]
    Lines,
    /// It is a raw terminal: a read gives all that there is.
    Keys,
    /// It is a terminal, and no other job's when it is read; that would stop us (SIGTTIN). An end
    /// is a key, and more may come.
    InForeground,
}

pub(super) struct Stdin {
    reading: Reading,
    /// Whether epoll tells of it. Files and `/dev/null` it refuses (EPERM): they are always ready.
    polled: bool,
    /// Said by the kernel in this wake: a read does not block.
    fresh: bool,
    readable: bool,
    paused: bool,
    ended: bool,
}

/// One turn of stdin.
pub(super) enum Typed {
    /// So many bytes are in the buffer; 0 is the end of input.
    Bytes(usize),
    Nothing,
    Later,
}

impl Stdin {
    pub fn open(registry: &Registry, token: Token) -> io::Result<Stdin> {
        let fd = rustix::stdio::stdin().as_raw_fd();
        let polled = match registry.register(&mut SourceFd(&fd), token, Interest::READABLE) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => false,
            Err(error) => return Err(error),
        };
        Ok(Stdin {
            reading: Reading::Lines,
            polled,
            fresh: false,
            readable: !polled,
            paused: false,
            ended: false,
        })
    }

    pub fn note(&mut self) {
        self.readable = true;
        self.fresh = true;
    }

    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.fresh = false;
    }

    /// Whether that is another way than before.
    pub fn read_as(&mut self, reading: Reading) -> bool {
        let before = std::mem::replace(&mut self.reading, reading);
        // What came while it was not read is not told again.
        self.readable |= before == Reading::InForeground && self.reading != before;
        before != reading
    }

    /// Whether a turn would find something without the kernel saying anything new.
    pub fn is_ready(&self) -> bool {
        self.readable && !self.paused && !self.ended
    }

    pub fn step(&mut self, registry: &Registry, buffer: &mut [u8], spent: &mut usize) -> Typed {
        if !self.is_ready() {
            return Typed::Nothing;
        }
        let share = if self.polled { TURN_BYTES } else { STDIN_READ_BYTES };
        if *spent >= share {
            return Typed::Later;
        }
        if self.polled && !std::mem::take(&mut self.fresh) && !would_not_block() {
            self.readable = false;
            return Typed::Nothing;
        }
        if self.reading == Reading::InForeground && !is_foreground() {
            self.readable = false;
            return Typed::Nothing;
        }
        *spent += STDIN_READ_BYTES;
        match rustix::io::read(rustix::stdio::stdin(), &mut buffer[..STDIN_READ_BYTES]) {
            Ok(bytes) if bytes > 0 => {
                self.readable &= self.reading != Reading::Keys || bytes == STDIN_READ_BYTES;
                Typed::Bytes(bytes)
            }
            Ok(_) if self.reading == Reading::InForeground => {
                self.readable = false;
                Typed::Bytes(0)
            }
            Ok(_) => self.end(registry),
            Err(rustix::io::Errno::INTR) => Typed::Later,
            Err(rustix::io::Errno::AGAIN) => {
                self.readable = !self.polled;
                Typed::Nothing
            }
            Err(error) => {
                log::debug!("standard input: {error}");
                self.end(registry)
            }
        }
    }

    fn end(&mut self, registry: &Registry) -> Typed {
        self.ended = true;
        if self.polled {
            let fd = rustix::stdio::stdin().as_raw_fd();
            if let Err(error) = registry.deregister(&mut SourceFd(&fd)) {
                log::debug!("standard input: {error}");
            }
        }
        Typed::Bytes(0)
    }
}

fn is_foreground() -> bool {
    tcgetpgrp(rustix::stdio::stdin()) == Ok(getpgrp())
}

fn would_not_block() -> bool {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}
