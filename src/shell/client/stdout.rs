//! Standard output: gathered during a wake, written once at its end.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio;

/// Lines on their way out.
#[derive(Debug, Default)]
pub(super) struct Stdout {
    /// What this wake prints.
    pub lines: Vec<u8>,
    gone: bool,
}

impl Stdout {
    /// Writes what was gathered. A reader who has gone away ends the program, quietly; one who is
    /// slow holds it back, and with it everybody who sends to us.
    pub fn flush(&mut self) {
        let mut rest = &self.lines[..];
        while !rest.is_empty() && !self.gone {
            match rustix::io::write(stdio::stdout(), rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait_for_room(),
                Err(error) => {
                    log::debug!("standard output: {error}");
                    self.gone = true;
                }
            }
        }
        self.lines.clear();
    }

    /// Whether nobody reads any more.
    pub fn is_gone(&self) -> bool {
        self.gone
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
