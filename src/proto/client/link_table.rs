//! The links to peers, over TCP or over the server's relay, and whose they are.

use crate::proto::id::{ConnId, SessionId};
use crate::proto::link::Link;
use crate::proto::model::person::PublicIdentity;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What carries a link's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Via {
    /// A connection between the two.
    Tcp(ConnId),
    /// The server, for this session.
    Relay(SessionId),
}

impl Via {
    /// The connection that carries it; of those over the relay, the one to the server.
    pub fn conn(self, server: Option<ConnId>) -> Option<ConnId> {
        match self {
            Via::Tcp(conn) => Some(conn),
            Via::Relay(_) => server,
        }
    }
}

/// A link to a peer.
pub(super) struct PeerLink {
    /// `None` while the connection that it goes over is being dialled.
    pub link: Option<Link>,
    /// Whose it is; `None` until an accepted one has said what it wants.
    pub session: Option<SessionId>,
    /// The other end, when it is a connection.
    pub remote: Option<SocketAddr>,
    /// Who has proved to be at the other end.
    pub identity: Option<PublicIdentity>,
}

/// All links to peers.
#[derive(Default)]
pub(super) struct LinkTable {
    links: BTreeMap<Via, PeerLink>,
    dirty: BTreeSet<Via>,
}

impl LinkTable {
    pub fn insert(&mut self, via: Via, link: PeerLink) {
        self.links.insert(via, link);
        self.dirty.insert(via);
    }

    pub fn remove(&mut self, via: Via) -> Option<PeerLink> {
        self.dirty.remove(&via);
        self.links.remove(&via)
    }

    pub fn at(&self, via: Via) -> Option<&PeerLink> {
        self.links.get(&via)
    }

    /// A link that something may be sent on; its output goes out at the end of the wake.
    pub fn at_mut(&mut self, via: Via) -> Option<&mut PeerLink> {
        let link = self.links.get_mut(&via)?;
        self.dirty.insert(via);
        Some(link)
    }

    /// The link itself, once there is a connection to carry it.
    pub fn link(&mut self, via: Via) -> Option<&mut Link> {
        self.at_mut(via)?.link.as_mut()
    }

    /// The next link that may have output.
    pub fn pop_dirty(&mut self) -> Option<Via> {
        self.dirty.pop_first()
    }

    /// A link's output has been taken.
    pub fn settle(&mut self, via: Via) {
        self.dirty.remove(&via);
    }

    /// Accepted links that have not said what they want.
    pub fn strangers(&self) -> usize {
        self.links.values().filter(|link| link.session.is_none()).count()
    }

    /// The links of one session.
    pub fn of(&self, session: SessionId) -> Vec<Via> {
        let mine = |(via, link): (&Via, &PeerLink)| (link.session == Some(session)).then_some(*via);
        self.links.iter().filter_map(mine).collect()
    }
}
