//! Standard output, and what goes beside it: gathered during a wake, written once at its end.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio;
use std::io::{self, Write};

/// Lines on their way out.
#[derive(Debug, Default)]
pub struct Stdout {
    /// What this wake prints.
    pub lines: Vec<u8>,
    /// What this wake writes to standard error.
    pub errors: Vec<u8>,
    end: Option<Errno>,
}

impl Stdout {
    /// Writes what was gathered. A slow reader holds the program back, and with it everybody who
    /// sends to us.
    pub fn flush(&mut self) {
        let mut rest = &self.lines[..];
        while !rest.is_empty() && self.end.is_none() {
            match rustix::io::write(stdio::stdout(), rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait_for_room(),
                Err(error) => self.end = Some(error),
            }
        }
        self.lines.clear();
        if let Err(error) = io::stderr().write_all(&self.errors) {
            log::debug!("standard error: {error}");
        }
        self.errors.clear();
    }

    /// Whether nothing can be written any more.
    pub fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Whether that is a loss. A reader who has gone away has read enough.
    pub fn outcome(&self) -> io::Result<()> {
        match self.end {
            None | Some(Errno::PIPE) => Ok(()),
            Some(error) => Err(error.into()),
        }
    }
}

/// Somebody else who shares the descriptor has set it non-blocking.
fn wait_for_room() {
    let stdout = stdio::stdout();
    let waited = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None);
    if let Err(error) = waited {
        log::debug!("standard output: {error}");
    }
}
