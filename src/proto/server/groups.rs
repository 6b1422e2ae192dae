//! Public groups: their names, and who leads them. Nothing else of a group is known here.

use super::Server;
use crate::proto::id::ConnId;
use crate::proto::wire::client::{Announce, WantGroups};

impl Server {
    pub(super) fn on_announce(&mut self, _id: ConnId, _announce: Announce) {}

    pub(super) fn on_want_groups(&mut self, _id: ConnId, _want: WantGroups) {}
}
