//! The links to peers, over TCP or over the server's relay, and whose they are.

use crate::proto::id::{ConnId, SessionId};
use crate::proto::limits;
use crate::proto::link::Link;
use crate::proto::model::event::Path;
use crate::proto::model::person::PublicIdentity;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What carries a link's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Via {
    /// A connection between the two.
    Tcp(ConnId),
    /// Datagrams between the two, for this session.
    Udp(SessionId),
    /// The server, for this session.
    Relay(SessionId),
}

impl Via {
    /// What it is called.
    pub fn path(self) -> Path {
        match self {
            Via::Tcp(_) => Path::Direct,
            Via::Udp(_) => Path::Udp,
            Via::Relay(_) => Path::Relay,
        }
    }

    /// The connection that carries it; of those over the relay, the one to the server.
    pub fn conn(self, server: Option<ConnId>) -> Option<ConnId> {
        match self {
            Via::Tcp(conn) => Some(conn),
            Via::Udp(_) => None,
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
    /// What was handed out for the connection and may not be written yet.
    pub ahead: Ahead,
    /// Their programs want it, for what waits.
    pub is_quiet: bool,
    /// They knocked while we did, and it is ours to come through.
    pub is_parked: bool,
}

impl PeerLink {
    pub fn new(
        link: Option<Link>,
        session: Option<SessionId>,
        remote: Option<SocketAddr>,
    ) -> PeerLink {
        let ahead = Ahead::default();
        PeerLink { link, session, remote, identity: None, ahead, is_quiet: false, is_parked: false }
    }
}

/// Bytes handed out for a connection that may not be written yet; a bound, not a count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    bytes: usize,
    /// Of those, so many will be written when the word comes that was asked for.
    watched: Option<usize>,
}

impl Ahead {
    /// Bytes were handed out. Whether to ask now for a word when all are written.
    pub fn add(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.may_watch()
    }

    /// Whether not much waits to be written.
    pub fn has_room(&self) -> bool {
        self.bytes < limits::STREAM_AHEAD_BYTES
    }

    /// What was asked about is written. Whether to ask about what has come behind it.
    pub fn on_drained(&mut self) -> bool {
        self.bytes -= self.watched.take().unwrap_or_default();
        self.may_watch()
    }

    fn may_watch(&mut self) -> bool {
        // Few bytes are not worth the word.
        let is_due = self.watched.is_none() && self.bytes >= limits::STREAM_AHEAD_BYTES / 2;
        if is_due {
            self.watched = Some(self.bytes);
        }
        is_due
    }
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

    /// Bytes were handed out for a link. Whether to ask for a word when they are written.
    pub fn put_ahead(&mut self, via: Via, bytes: usize) -> bool {
        self.links.get_mut(&via).is_some_and(|link| link.ahead.add(bytes))
    }

    /// That word has come. Whether to ask for the next.
    pub fn on_drained(&mut self, via: Via) -> bool {
        self.links.get_mut(&via).is_some_and(|link| link.ahead.on_drained())
    }

    /// Whether bulk may be put on a link: not much waits to be written there.
    pub fn has_room(&self, via: Via) -> bool {
        self.links.get(&via).is_some_and(|link| link.ahead.has_room())
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

    /// Whether an address is tried for a session.
    pub fn is_tried(&self, session: SessionId, at: SocketAddr) -> bool {
        let is_it = |link: &PeerLink| link.session == Some(session) && link.remote == Some(at);
        self.links.values().any(is_it)
    }

    /// Whether a connection for a session is open, though it may be that nobody has said anything.
    pub fn is_connected(&self, session: SessionId) -> bool {
        let is_it = |(via, link): (&Via, &PeerLink)| {
            matches!(via, Via::Tcp(_)) && link.session == Some(session) && link.link.is_some()
        };
        self.links.iter().any(is_it)
    }

    /// The link by which somebody has knocked while we did.
    pub fn parked(&self, identity: &PublicIdentity) -> Option<Via> {
        let is_theirs =
            |link: &PeerLink| link.is_parked && link.identity.as_ref() == Some(identity);
        self.links.iter().find(|(_, link)| is_theirs(link)).map(|(via, _)| *via)
    }

    /// The links of one session.
    pub fn of(&self, session: SessionId) -> Vec<Via> {
        let mine = |(via, link): (&Via, &PeerLink)| (link.session == Some(session)).then_some(*via);
        self.links.iter().filter_map(mine).collect()
    }
}
