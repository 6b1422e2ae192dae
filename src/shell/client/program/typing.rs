//! What the loop does about somebody at a terminal.

use super::{Program, local};
use crate::shell::client::terminal::Terminal;
use crate::shell::front::Failure;

impl Program {
    /// Begins to take lines of standard input, which somebody edits if it is a terminal for that.
    pub fn open_input(&mut self) -> Result<(), Failure> {
        if !self.plan.style.json {
            self.desk.terminal = Terminal::open(&self.directory);
        }
        self.reactor.open_stdin().map_err(|why| local(&why))?;
        self.follow_terminal();
        Ok(())
    }

    /// Whether a line that was typed has not been taken.
    pub(super) fn has_typed(&self) -> bool {
        self.desk.terminal.as_ref().is_some_and(Terminal::has_line)
    }

    /// Follows what became of the terminal, by keys or by other jobs.
    pub(super) fn follow_terminal(&mut self) {
        let Some(terminal) = &mut self.desk.terminal else { return };
        self.input_ended |= terminal.has_ended();
        self.reactor.read_stdin(terminal.reading());
        for failure in terminal.take_failures() {
            self.desk.trouble(self.clock.now().wall, &failure);
        }
    }
}
