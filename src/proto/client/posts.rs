//! Posts: files that we offer to our friends.

use super::Client;
use crate::proto::id::MsgId;
use crate::proto::model::command::{Place, Ticket};
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::transfer::Posted;

impl Client {
    pub(super) fn add_post(&mut self, _ticket: Ticket, _path: String) {}

    pub(super) fn remove_post(&mut self, _ticket: Ticket, _id: &str) {}

    pub(super) fn list_posts(&mut self, _ticket: Ticket, _owner: Option<Target>) {}

    pub(super) fn fetch_post(&mut self, _: Ticket, _: Target, _id: String, _: Option<Place>) {}

    pub(super) fn on_want_posts(&mut self, _from: Fingerprint, _asked: MsgId) {}

    pub(super) fn on_posts(&mut self, _from: Fingerprint, _asked: MsgId, _posts: Vec<Posted>) {}

    pub(super) fn on_want_post(&mut self, _from: Fingerprint, _asked: MsgId, _id: &str) {}

    pub(super) fn on_no_post(&mut self, _from: Fingerprint, _asked: MsgId, _why: &str) {}
}
