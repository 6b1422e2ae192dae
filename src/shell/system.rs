//! What both programs take from the machine they run on: clocks, entropy, words, log.

use crate::proto::limits;
use crate::proto::time::{Mono, Now, Wall};
use crate::shell::disk;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use time::{OffsetDateTime, UtcOffset};

/// Both clocks, from the start of the program.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that stands at zero now.
    pub fn new() -> Clock {
        Clock { start: Instant::now() }
    }

    /// The moment; to be read once for each wake.
    pub fn now(&self) -> Now {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A clock before 1970 is a machine without one; its messages are from 1970, then.
        let wall = Wall(since_1970.map_or(0, |time| time.as_millis() as i64));
        Now { mono: Mono(self.start.elapsed().as_millis() as u64), wall }
    }

    /// How long until a deadline. A millisecond is added for the fraction that the clock leaves
    /// out, so that the deadline has passed when the wait ends.
    pub fn until(&self, due: Mono) -> Duration {
        let due = self.start + Duration::from_millis(due.0);
        due.saturating_duration_since(Instant::now()) + Duration::from_millis(1)
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

/// 32 bytes of the system's entropy.
pub fn entropy() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// Seconds that the clock on the user's wall is ahead of UTC at a moment: by TZ, else by the
/// system's own zone; none if there is no telling.
pub fn zone(at: Wall) -> i32 {
    let at = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000));
    let ahead = at.ok().and_then(|at| UtcOffset::local_offset_at(at).ok());
    ahead.map_or(0, UtcOffset::whole_seconds)
}

/// What the system says of a failure, in lower case and without its number.
pub fn words(failure: &dyn Display) -> String {
    let text = failure.to_string();
    let Some((said, _)) = text.split_once(" (os error ") else { return text };
    let mut letters = said.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The text of a file that a person writes, with the system's words where it cannot be read.
pub fn text_of(path: &Path) -> io::Result<Option<String>> {
    let text = disk::read_text(path, limits::CONFIG_BYTES);
    text.map_err(|why| io::Error::new(why.kind(), words(&why)))
}

/// Makes every file that the program will create its owner's alone: databases with their journals,
/// keys, sockets.
pub fn keep_files_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Starts the log on stderr: `RUST_LOG`, else warnings, and more with each `-v`.
pub fn start_log(verbose: usize) {
    let level = ["warn", "info", "debug", "trace"][verbose.min(3)];
    let env = env_logger::Env::default().default_filter_or(level);
    let target = env_logger::Target::Pipe(Box::new(LogFile));
    env_logger::Builder::from_env(env).format_target(false).target(target).init();
}

/// What was logged and is not written yet; none while it is written at once.
static HELD_LOG: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Keeps what is logged from here on, for somebody who knows where on the terminal it belongs.
pub fn hold_log() {
    held_log().get_or_insert_default();
}

/// What was kept since the last time.
pub fn take_log() -> Vec<u8> {
    held_log().as_mut().map(std::mem::take).unwrap_or_default()
}

/// Writes what was kept, and from here on at once.
pub fn write_log_through() {
    let held = held_log().take();
    // Where stderr is gone too there is nobody left to tell.
    let _ = io::stderr().write_all(&held.unwrap_or_default());
}

fn held_log() -> MutexGuard<'static, Option<Vec<u8>>> {
    HELD_LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard error, or what is kept for it.
struct LogFile;

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *held_log() {
            Some(held) => held.write(bytes),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says on stderr what failed, why, and what to do, in the contract's form.
pub fn complain(program: &str, line: &str) {
    // Where stderr is gone too there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{program}: {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_lower_case_and_without_a_number() {
        let full = io::Error::from(rustix::io::Errno::NOSPC);
        assert_eq!(words(&full), "no space left on device");
        assert_eq!(words(&io::Error::other("Ours: as it is")), "Ours: as it is");
    }
}
