//! The end of a run.

use super::turning::failed;
use super::{Alarm, Leaving, Program};
use crate::proto::limits;
use crate::proto::model::command::{Ticket, Verb};
use crate::proto::model::refusal::Exit;
use crate::proto::time::Now;
use crate::shell::client::profile;
use crate::shell::front::Failure;
use crate::shell::front::input::LineBuffer;
use std::time::Duration;

impl Program {
    /// Says goodbye; a second time, ends at once.
    pub fn leave(&mut self, now: Now, exit: Exit) -> Result<(), Failure> {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Asked(exit);
            if !self.hooks.is_idle() {
                self.hooks.give_up();
            }
            self.look_away().map_err(|why| failed(&why))?;
            self.ask(now, Ticket::NOBODY, 0, Verb::Leave);
            // The goodbyes are a wake of their own, so that what was asked before leaves first.
            self.commit(now)?;
            if let Some(host) = &mut self.host {
                host.quit(now, &mut self.machine, &mut self.reactor)?;
            }
        }
        Ok(())
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving != Leaving::No
    }

    /// Ends without another word.
    pub fn end_now(&mut self, exit: Exit) {
        self.leaving = Leaving::Done(exit);
    }

    /// A script that says `quit` ends there, as if its file did: what it asked before is answered.
    pub(super) fn end_input(&mut self) {
        self.input = LineBuffer::default();
        self.input_ended = true;
    }

    /// Whether standard input has ended and all its lines were taken.
    pub fn has_read_all(&self) -> bool {
        self.input_ended && self.input.is_empty() && self.held.is_none() && !self.has_typed()
    }

    /// Starts the time that what is still being sent may take, once.
    pub fn drain_by(&mut self, now: Now) {
        if !std::mem::replace(&mut self.plan.draining, true) {
            self.desk.note_late();
            self.set_drain(now);
        }
    }

    pub(super) fn set_drain(&mut self, now: Now) {
        let until = now.mono.after_ms(self.plan.timeout_ms);
        self.alarms.set(Alarm::Drain, until, "what is still being sent");
    }

    /// The server was reached: the next run finds it by itself.
    pub fn remember_server(&mut self) -> Result<(), Failure> {
        match self.plan.server_to_remember.take() {
            Some(server) => profile::remember_server(&self.directory, &server),
            None => Ok(()),
        }
    }

    /// Waits, not for long, until the kernel has taken the goodbyes.
    pub(super) fn say_last_words(&mut self) {
        let until = self.clock.now().mono.after_ms(limits::LAST_WORDS_MS);
        self.desk.flush(&mut self.reactor);
        self.reactor.flush();
        while self.reactor.has_unwritten() && self.clock.now().mono < until {
            let left = until.since_ms(self.clock.now().mono);
            if let Err(why) = self.reactor.wait(Some(Duration::from_millis(left))) {
                log::debug!("leaving: {why}");
                return;
            }
            while self.reactor.next().is_some() {}
            self.desk.flush(&mut self.reactor);
            self.reactor.flush();
        }
    }
}
