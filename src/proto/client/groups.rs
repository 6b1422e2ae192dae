//! Groups: who is in one, and talk in it.

use super::Client;
use crate::proto::model::command::{GroupVerb, Ticket};
use crate::proto::model::group::Unheard;
use crate::proto::model::letter::Letter;
use crate::proto::model::person::Fingerprint;
use crate::proto::wire::server::GroupsPage;

impl Client {
    pub(super) fn group_verb(&mut self, _ticket: Ticket, _verb: GroupVerb) {}

    /// Whether a verb goes to the server.
    pub(super) fn group_needs_server(&self, _verb: &GroupVerb) -> bool {
        false
    }

    pub(super) fn on_groups_page(&mut self, _page: GroupsPage) {}

    /// Talk of a member's has come; a repeat is found by the store.
    pub(super) fn on_talk(&mut self, _from: Fingerprint, _talk: Unheard) {}

    /// A letter about a group, for the first time.
    pub(super) fn on_group_letter(&mut self, _from: Fingerprint, _letter: Letter) {}
}
