//! What standard output is written, and what stays at the bottom when it is a terminal.

use super::Desk;
use crate::proto::model::conversation::Conversation;
use crate::shell::client::unread::Waiting;
use crate::shell::front::progress::Progress;
use crate::shell::front::prompt;

impl Desk {
    /// What stands before the line that is typed.
    pub fn prompt(&self) -> String {
        let waiting = self.waiting.as_ref().map(Waiting::by_age).unwrap_or_default();
        prompt::of(self.talk.current(), &waiting)
    }

    /// Writes what was gathered for standard output. Nothing was, and nothing else has changed:
    /// then nothing.
    pub(super) fn flush_stdout(&mut self) {
        let prompt = self.prompt();
        if let Some(terminal) = &mut self.terminal {
            if let Some(news) = self.progress.as_mut().and_then(Progress::news) {
                terminal.progress = news;
            }
            let to = self.talk.current().map(Conversation::label);
            terminal.wrap(&mut self.stdout, &prompt, to);
        } else if let Some(progress) = &mut self.progress {
            progress.wrap(&mut self.stdout.lines);
        }
        self.stdout.flush();
    }

    /// The program ends: nothing half printed is left on the terminal.
    pub fn close_stdout(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.end();
        }
        self.flush_stdout();
        if let Some(mut terminal) = self.terminal.take() {
            terminal.give_back();
        }
    }
}
