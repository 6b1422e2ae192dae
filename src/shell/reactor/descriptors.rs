//! File descriptors: how many, and one in reserve.

use super::token::Ticket;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io::{self, ErrorKind};

/// Lets this process open as many descriptors as its hard limit says. How many that are.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = Ticket::SLOTS as u64;
    let wanted = maximum.unwrap_or(most).min(most);
    if current != Some(wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })?;
    }
    Ok(wanted)
}

/// A descriptor to fall back on when there is no other.
pub(super) struct Spare(Option<File>);

impl Spare {
    pub fn new() -> Spare {
        Spare(open())
    }

    /// Frees the spare descriptor for the time of `borrow`; gives its answer, or false when there
    /// is none to lend.
    pub fn lend(&mut self, borrow: impl FnOnce() -> bool) -> bool {
        let spare = self.0.take().or_else(open);
        if spare.is_none() {
            return false;
        }
        drop(spare);
        let answer = borrow();
        self.0 = open();
        answer
    }
}

/// What a failure is called, also where the standard library has no word for it.
pub(super) fn kind_of(error: &io::Error) -> ErrorKind {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::AGAIN) => ErrorKind::QuotaExceeded,
        Some(Errno::NOEXEC) => ErrorKind::InvalidData,
        Some(_) | None => error.kind(),
    }
}

fn open() -> Option<File> {
    File::open("/dev/null").ok()
}
