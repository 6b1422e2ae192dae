//! Voice messages: a WAV file with its length and its words.

use super::Client;
use crate::proto::id::RunId;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::Stage;
use crate::proto::model::person::Target;

impl Client {
    pub(super) fn send_voice(&mut self, _: Ticket, _to: Target, _path: String, _until: Stage) {}

    /// A transcript takes too long.
    pub(super) fn on_child_late(&mut self, _run: RunId) {}
}
