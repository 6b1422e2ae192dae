//! Somebody at a terminal: keys come from it, and the line being typed stands at its bottom.
//!
//! | the terminal is | what happens | becomes |
//! |---|---|---|
//! | ours | `^Z` | put back, and the program stopped; then as when it goes on |
//! | ours, another job's | it goes on (SIGCONT) in the foreground | ours |
//! | ours, another job's | it goes on in the background | another job's |
//! | another job's | in the foreground: something is to be printed, or a line comes | ours |
//! | another job's | in the foreground: `^C`, `^D` | ours, as if it had been |
//! | any | the program ends, or panics | put back |
//!
//! While it is another job's, lines are printed as to any terminal, and nothing is read.

mod heard;
mod memory;
mod offers;
mod tty;

pub(super) use self::heard::Heard;
pub(super) use self::offers::Profile;

use self::memory::Memory;
use crate::shell::front::edit::{Deed, Editor, Offers, Scene};
use crate::shell::front::{Failure, safe};
use crate::shell::reactor::Reading;
use crate::shell::stdout::Stdout;
use crate::shell::system;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Once;

/// Not every shell says it when the program is in the foreground again.
const IN_BACKGROUND: &[u8] = b"* in the background; after fg press Enter\n";

/// The terminal that the program was started on.
pub(super) struct Terminal {
    editor: Editor,
    memory: Memory,
    is_ours: bool,
    /// It became ours again, and what comes first may still be a line of the kernel's.
    is_anew: bool,
    /// It was stopped by a key of ours; SIGCONT says nothing new.
    has_stopped: bool,
    /// Standard error is the same terminal.
    has_stderr: bool,
    /// Lines that nobody has taken yet.
    lines: VecDeque<String>,
    has_ended: bool,
    failures: Vec<Failure>,
    /// What is said of files on their way.
    pub progress: String,
}

impl Terminal {
    /// The terminal, if there is one on which a line can be edited.
    pub fn open(home: &Path) -> Option<Terminal> {
        if !tty::is_editable(&|name| std::env::var_os(name)) {
            return None;
        }
        static HOOK: Once = Once::new();
        HOOK.call_once(tty::give_back_on_panic);
        let (memory, typed, failure) = Memory::open(home);
        let (columns, rows) = tty::size();
        let mut terminal = Terminal {
            editor: Editor::new(typed, columns, rows),
            memory,
            is_ours: false,
            is_anew: false,
            has_stopped: false,
            has_stderr: tty::has_stderr(),
            lines: VecDeque::new(),
            has_ended: false,
            failures: failure.into_iter().collect(),
            progress: String::new(),
        };
        terminal.take();
        terminal.is_anew = false;
        Some(terminal)
    }

    /// How standard input is to be read.
    pub fn reading(&self) -> Reading {
        if self.is_ours { Reading::Keys } else { Reading::InForeground }
    }

    /// What came from it.
    pub fn handle(&mut self, bytes: &[u8], offers: &mut dyn Offers) {
        self.take();
        // A line that came whole, behind a draft that nobody saw: both are shown before they go.
        let is_unseen = std::mem::take(&mut self.is_anew) && !self.editor.is_empty();
        let line = bytes.strip_suffix(b"\n").filter(|_| is_unseen);
        self.editor.handle(line.unwrap_or(bytes), offers);
        while let Some(deed) = self.editor.poll_deed() {
            match deed {
                Deed::Line { text, is_kept } => {
                    if is_kept {
                        self.failures.extend(self.memory.keep(&text));
                    }
                    self.lines.push_back(text);
                }
                Deed::Leave => self.has_ended = true,
                Deed::Suspend => self.stop(),
            }
        }
    }

    /// Nothing more comes; of a terminal that was not ours, that is a `^D`.
    pub fn end(&mut self) {
        let was_ours = self.is_ours && !self.is_anew;
        self.take();
        self.has_ended |= was_ours || !self.is_ours || self.editor.is_empty();
    }

    /// An interrupt. Whether it is a `^C` at a terminal that was not ours, and no more than that.
    pub fn interrupt(&mut self) -> bool {
        self.take();
        let is_key = std::mem::take(&mut self.is_anew);
        if is_key {
            self.editor.forget();
            self.editor.interrupt();
        }
        is_key
    }

    /// The next line that was entered.
    pub fn next_line(&mut self) -> Option<String> {
        self.lines.pop_front()
    }

    /// Whether one was.
    pub fn has_line(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Whether nothing more will be typed.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// What went wrong, each told once.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    /// It may have another size.
    pub fn resize(&mut self) {
        let (columns, rows) = tty::size();
        self.editor.resize(columns, rows);
    }

    /// The program goes on after it was stopped.
    pub fn go_on(&mut self) {
        let was_stopped_here = std::mem::take(&mut self.has_stopped);
        if !was_stopped_here && std::mem::take(&mut self.is_ours) {
            // It was stopped from elsewhere: its modes are somebody else's now, and so is what
            // stands on it.
            self.editor.forget();
            system::write_log_through();
        }
        self.take();
        if !self.is_ours {
            tty::write(IN_BACKGROUND);
        }
    }

    /// Puts lines, what goes to standard error on the same terminal, and what was logged above the
    /// bottom, and draws that.
    pub fn wrap(&mut self, stdout: &mut Stdout, prompt: &str, to: Option<&str>) {
        self.take();
        if !self.is_ours {
            return;
        }
        if self.has_stderr {
            let mut said = Vec::new();
            for bytes in [std::mem::take(&mut stdout.errors), system::take_log()] {
                safe::push_output(&String::from_utf8_lossy(&bytes), &mut said);
            }
            stdout.lines.append(&mut said);
        }
        self.editor.wrap(&mut stdout.lines, Scene { prompt, to, progress: &self.progress });
    }

    /// Puts the terminal back.
    pub fn give_back(&mut self) {
        if std::mem::take(&mut self.is_ours) {
            let mut out = Vec::new();
            self.editor.leave(&mut out);
            tty::write(&out);
            tty::give_back();
            system::write_log_through();
        }
    }

    /// Makes it ours, if it is not and may be.
    fn take(&mut self) {
        if self.is_ours || !tty::is_foreground() {
            return;
        }
        if let Err(why) = tty::take() {
            return log::debug!("terminal: {why}");
        }
        self.is_ours = true;
        self.is_anew = true;
        if self.has_stderr {
            system::hold_log();
        }
        self.resize();
    }

    fn stop(&mut self) {
        self.give_back();
        self.has_stopped = true;
        tty::stop();
        self.take();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}
