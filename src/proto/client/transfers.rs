//! Files: offered, taken, resumed, verified.

use super::Client;
use crate::proto::id::{FileId, MsgId};
use crate::proto::machine::FileEvent;
use crate::proto::model::command::{Place, Ticket};
use crate::proto::model::event::Stage;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::transfer::{Offer, Outcome};
use crate::proto::time::Wall;
use crate::proto::wire::peer::{Chunk, Have, Want};

impl Client {
    pub(super) fn send_file(&mut self, _: Ticket, _to: Target, _path: String, _until: Stage) {}

    pub(super) fn take_file(&mut self, _ticket: Ticket, _id: &str, _place: Option<Place>) {}

    pub(super) fn refuse_file(&mut self, _ticket: Ticket, _id: &str) {}

    /// Gives up a file or a command.
    pub(super) fn cancel(&mut self, _ticket: Ticket, _id: &str) {}

    pub(super) fn on_file(&mut self, _file: FileId, _event: FileEvent<'_>) {}

    pub(super) fn on_file_offer(&mut self, _: Fingerprint, _id: MsgId, _: Wall, _offer: Offer) {}

    pub(super) fn on_outcome(&mut self, _from: Fingerprint, _outcome: Outcome) {}

    pub(super) fn on_want(&mut self, _from: Fingerprint, _want: Want) {}

    pub(super) fn on_chunk(&mut self, _from: Fingerprint, _chunk: Chunk) {}

    pub(super) fn on_have(&mut self, _from: Fingerprint, _have: Have) {}
}
