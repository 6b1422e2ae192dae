//! What the loop does about hooks.

use super::{Alarm, Program};
use crate::proto::machine::RunAction;
use crate::proto::model::refusal::Exit;
use crate::proto::time::Now;
use crate::shell::client::line_of;
use crate::shell::front::Failure;
use std::ffi::OsStr;

/// Events of the log that are read at a time: each may hold the longest text.
const PAGE_ROWS: usize = 64;

impl Program {
    /// Says what went wrong with hooks, and starts the next one.
    pub(super) fn run_hooks(&mut self, now: Now) -> Result<(), Failure> {
        self.tell_failures(now);
        self.read_for_hooks()?;
        if let Some((id, hook)) = self.hooks.poll_start() {
            let until = now.mono.after_ms(self.hooks.seconds.saturating_mul(1_000));
            self.alarms.set(Alarm::Hook, until, "a hook");
            let environment = [
                ("HOBNOB_HOME", self.directory.as_os_str()),
                ("HOBNOB_EVENT", OsStr::new(hook.event)),
            ];
            self.reactor.start_with_input(id, &hook.argv, &hook.input, &environment);
        } else if !self.hooks.is_running() {
            self.alarms.cancel(&Alarm::Hook);
        }
        Ok(())
    }

    /// Events that came in a burst wait in the log until those before them have had their hooks.
    fn read_for_hooks(&mut self) -> Result<(), Failure> {
        let Program { hooks, store, .. } = self;
        while let Some(since) = hooks.poll_behind() {
            let mut rows = 0;
            let read = store.events(since, PAGE_ROWS, &mut |seq, at, event| {
                hooks.event_of_log(seq, at, &event);
                rows += 1;
            });
            read.map_err(|why| Failure { exit: Exit::Local, error: why.to_string() })?;
            if rows < PAGE_ROWS {
                hooks.end_log();
            }
        }
        Ok(())
    }

    pub(super) fn tell_failures(&mut self, now: Now) {
        for failure in self.hooks.take_failures() {
            if !self.plan.is_shown_everything() {
                self.desk.stdout.errors.extend(line_of(&failure));
            }
            self.desk.trouble(now.wall, &failure);
        }
    }

    pub(super) fn kill_late_hook(&mut self) {
        if let Some(id) = self.hooks.on_late() {
            self.reactor.perform_run(id, RunAction::Kill);
        }
    }

    /// Whether no hook runs or waits. The program, which has nothing else to do, waits for all of
    /// them as long as one may take.
    pub fn hooks_have_ended(&mut self, now: Now) -> bool {
        let is_idle = self.hooks.is_idle();
        if !is_idle && !std::mem::replace(&mut self.hooks.is_awaited, true) {
            let until = now.mono.after_ms(self.hooks.seconds.saturating_mul(1_000));
            self.alarms.set(Alarm::Hooks, until, "the last hooks");
        }
        is_idle
    }

    /// Whether hooks are all that keeps the program from ending.
    pub(super) fn waits_for_hooks(&self) -> bool {
        let is_settled = self.is_ready && self.machine.is_settled();
        is_settled && self.desk.is_quiet() && !self.hooks.is_idle()
    }
}
