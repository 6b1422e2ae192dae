//! Commands that one person asks to run on another's machine.

use super::Client;
use crate::proto::id::{MsgId, RunId};
use crate::proto::machine::RunEvent;
use crate::proto::model::command::Ticket;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::Argv;
use crate::proto::time::Wall;
use crate::proto::wire::peer::{RunAnswer, RunAsk, RunCancel, RunEnd, RunOutput};

impl Client {
    pub(super) fn ask_to_run(&mut self, _ticket: Ticket, _to: Target, _argv: Argv) {}

    pub(super) fn answer_run(&mut self, _ticket: Ticket, _id: &str, _is_allowed: bool) {}

    pub(super) fn grant_run(&mut self, _: Ticket, _to: Target, _: Argv, _until: Option<Wall>) {}

    pub(super) fn list_grants(&mut self, _ticket: Ticket) {}

    pub(super) fn revoke_grant(&mut self, _ticket: Ticket, _id: &str) {}

    pub(super) fn on_child(&mut self, _run: RunId, _event: RunEvent<'_>) {}

    /// Gives up a command.
    pub(super) fn cancel_run(&mut self, ticket: Ticket, id: &str) {
        self.core.done(ticket, Err(Refusal::NoRun(id.to_owned())));
    }

    /// Nobody answered in time, or it runs too long.
    pub(super) fn on_run_late(&mut self, _run: MsgId) {}

    pub(super) fn on_run_ask(&mut self, _from: Fingerprint, _ask: RunAsk) {}

    pub(super) fn on_run_answer(&mut self, _from: Fingerprint, _answer: RunAnswer) {}

    pub(super) fn on_run_output(&mut self, _from: Fingerprint, _output: RunOutput) {}

    pub(super) fn on_run_end(&mut self, _from: Fingerprint, _end: RunEnd) {}

    pub(super) fn on_run_cancel(&mut self, _from: Fingerprint, _cancel: RunCancel) {}
}
