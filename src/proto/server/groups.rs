//! Public groups: their names, and who leads them. Nothing else of a group is known here.

use super::{Server, Then};
use crate::proto::gather;
use crate::proto::id::{ConnId, ReqId};
use crate::proto::limits::{GROUPS, GROUPS_PAGE};
use crate::proto::model::group::Listing;
use crate::proto::model::name::Name;
use crate::proto::model::record::{Read, ServerRecord};
use crate::proto::wire::client::{Announce, WantGroups};
use crate::proto::wire::server::GroupsPage;

impl Server {
    /// Takes the names in place of those before; what is over the bound is passed over.
    pub(super) fn on_announce(&mut self, id: ConnId, announce: Announce) {
        let Some(leader) = self.roster.member(id).map(|member| member.key) else { return };
        let mut names = announce.names;
        gather::sort(&mut names, Name::cmp);
        names.dedup();
        names.truncate(GROUPS);
        self.out.keep(ServerRecord::Groups(leader, names));
    }

    /// Reads a page. Groups of leaders who are private are not in the list.
    pub(super) fn on_want_groups(&mut self, id: ConnId, want: WantGroups) {
        let WantGroups { req, name, after } = want;
        let read = Read::Groups { name, after, most_rows: GROUPS_PAGE };
        self.out.read(read, Then::Groups(id, req));
        if let Some(conn) = self.roster.conn_mut(id) {
            conn.flow.is_answering = true;
        }
    }

    pub(super) fn on_groups_read(
        &mut self,
        id: ConnId,
        req: ReqId,
        groups: Vec<Listing>,
        more: bool,
    ) {
        self.roster.send(id, GroupsPage { req, groups, more });
        if let Some(conn) = self.roster.conn_mut(id) {
            conn.flow.is_answering = false;
        }
        self.hold_back(id);
        self.read_on(id);
    }
}
