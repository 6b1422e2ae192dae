//! The terminal as the kernel has it: raw, so that each key comes at once and as it is, and put
//! back on every way out.

use rustix::process::{getpgrp, kill_current_process_group};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr,
    tcgetpgrp, tcgetwinsize, tcsetattr,
};
use std::ffi::OsStr;
use std::io;
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the terminal was before it was made raw; none while it is as it was.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

const PASTE_ON: &[u8] = b"\x1B[?2004h";
/// Bracketed paste off, and to where a line begins.
const LEAVE: &[u8] = b"\x1B[?2004l\r";

/// Whether somebody sits at a terminal that moves its cursor, and wants it moved.
pub(super) fn is_editable(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let has_terminal = isatty(stdin()) && isatty(stdout());
    let is_dumb =
        variable("TERM").is_none_or(|term| term.is_empty() || term == *OsStr::new("dumb"));
    let is_plain = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    has_terminal && !is_dumb && !is_plain
}

/// Whether standard error is the same terminal.
pub(super) fn has_stderr() -> bool {
    let device = |fd| rustix::fs::fstat(fd).map(|file| file.st_rdev);
    isatty(stderr()) && device(stderr()).is_ok() && device(stderr()) == device(stdout())
}

/// Whether the terminal is ours to read and to change, and no other job's.
pub(super) fn is_foreground() -> bool {
    tcgetpgrp(stdin()) == Ok(getpgrp())
}

/// Columns and rows.
pub(super) fn size() -> (usize, usize) {
    tcgetwinsize(stdout()).map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// Makes the terminal raw, but for what is written to it.
pub(super) fn take() -> io::Result<()> {
    let mut before = before();
    let cooked = match &*before {
        Some(before) => before.clone(),
        None => tcgetattr(stdin())?,
    };
    tcsetattr(stdin(), OptionalActions::Now, &raw(cooked.clone()))?;
    *before = Some(cooked);
    write(PASTE_ON);
    Ok(())
}

fn raw(mut termios: Termios) -> Termios {
    termios.input_modes -= InputModes::BRKINT
        | InputModes::ICRNL
        | InputModes::IGNCR
        | InputModes::INLCR
        | InputModes::ISTRIP
        | InputModes::IXON;
    termios.local_modes -= LocalModes::ECHO
        | LocalModes::ECHONL
        | LocalModes::ICANON
        | LocalModes::IEXTEN
        | LocalModes::ISIG;
    termios.special_codes[SpecialCodeIndex::VMIN] = 1;
    termios.special_codes[SpecialCodeIndex::VTIME] = 0;
    termios
}

/// Puts the terminal back as it was, if it is not.
pub(super) fn give_back() {
    if let Some(cooked) = before().take().filter(|_| is_foreground()) {
        write(LEAVE);
        if let Err(why) = tcsetattr(stdin(), OptionalActions::Now, &cooked) {
            log::debug!("terminal: {why}");
        }
    }
}

/// Puts it back before a panic says why.
pub(super) fn give_back_on_panic() {
    let say = panic::take_hook();
    panic::set_hook(Box::new(move |why| {
        give_back();
        say(why);
    }));
}

/// Stops this job, as the shell's key for that would have; comes back when it goes on.
pub(super) fn stop() {
    if let Err(why) = kill_current_process_group(rustix::process::Signal::TSTP) {
        log::debug!("stopping: {why}");
    }
}

fn before() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a few bytes, at once and all of them or in vain.
pub(super) fn write(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(why) => return log::debug!("terminal: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
