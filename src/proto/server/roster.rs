//! The connections, and who is signed in on which.

use super::budget::Bucket;
use super::mailbox::Mailbox;
use super::relay::Flow;
use crate::proto::gather;
use crate::proto::id::ConnId;
use crate::proto::link::Link;
use crate::proto::model::account::Visibility;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::time::Wall;
use crate::proto::wire::client::Enter;
use crate::proto::wire::server::ToClient;
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Bound;

/// Every connection by id, and indexes over those that are signed in.
#[derive(Default)]
pub(super) struct Roster {
    // Boxed: the nodes of a map filled in ascending order stay half empty.
    conns: BTreeMap<ConnId, Box<Conn>>,
    by_key: BTreeMap<Fingerprint, ConnId>,
    // Two maps, so that a page of public names does not cost a walk over private ones.
    public: BTreeMap<Name, ConnId>,
    private: BTreeMap<Name, ConnId>,
    unflushed: VecDeque<ConnId>,
}

/// One connection.
pub(super) struct Conn {
    pub(super) link: Link,
    /// Where it comes from, IPv4 as IPv4.
    pub(super) from: SocketAddr,
    pub(super) flow: Flow,
    pub(super) state: State,
    is_unflushed: bool,
}

/// How far a connection is.
pub(super) enum State {
    /// Nothing is decided about it.
    Connecting,
    /// Answered; its keys are not proved.
    Handshake,
    /// Its keys are proved.
    Entering(Box<Newcomer>),
    /// It speaks for an account.
    SignedIn(Member),
}

/// Somebody with proved keys who is not signed in.
pub(super) struct Newcomer {
    pub(super) key: Fingerprint,
    pub(super) identity: PublicIdentity,
    /// What they asked for; once.
    pub(super) wish: Option<Enter>,
}

/// Somebody signed in. The public keys stay in the store: they are seldom needed, and large.
pub(super) struct Member {
    pub(super) key: Fingerprint,
    pub(super) name: Name,
    pub(super) address: Ipv4Addr,
    pub(super) visibility: Visibility,
    /// Where the client listens; 0 while not said.
    pub(super) port: u16,
    pub(super) since: Wall,
    pub(super) budget: Bucket,
    pub(super) probes: Bucket,
    pub(super) watching: Box<[Fingerprint]>,
    pub(super) mail: Mailbox,
}

impl Roster {
    /// Takes in a connection that was accepted.
    pub(super) fn insert(&mut self, id: ConnId, from: SocketAddr) {
        let conn = Conn {
            link: Link::accept(),
            from,
            flow: Flow::default(),
            state: State::Connecting,
            is_unflushed: false,
        };
        self.conns.insert(id, Box::new(conn));
    }

    /// Signs `member` in on a connection. Whoever had the same key is out of the indexes.
    pub(super) fn sign_in(&mut self, id: ConnId, member: Member) -> Option<ConnId> {
        let conn = self.conns.get_mut(&id)?;
        let before = self.by_key.insert(member.key, id);
        self.public.remove(member.name.as_str());
        self.private.remove(member.name.as_str());
        let names = match member.visibility {
            Visibility::Public => &mut self.public,
            Visibility::Private => &mut self.private,
        };
        names.insert(member.name.clone(), id);
        conn.state = State::SignedIn(member);
        before
    }

    /// Takes a connection out. The member comes with it unless signed in elsewhere by now.
    pub(super) fn remove(&mut self, id: ConnId) -> Option<(Box<Conn>, bool)> {
        let conn = self.conns.remove(&id)?;
        let State::SignedIn(member) = &conn.state else {
            return Some((conn, false));
        };
        let is_current = self.by_key.get(&member.key) == Some(&id);
        if is_current {
            self.by_key.remove(&member.key);
            self.public.remove(member.name.as_str());
            self.private.remove(member.name.as_str());
        }
        Some((conn, is_current))
    }

    /// Changes a member's visibility; whether it was another one.
    pub(super) fn set_visibility(&mut self, id: ConnId, visibility: Visibility) -> bool {
        let Some(member) = self.member_mut(id) else { return false };
        if member.visibility == visibility {
            return false;
        }
        member.visibility = visibility;
        let name = member.name.clone();
        let (from, to) = match visibility {
            Visibility::Public => (&mut self.private, &mut self.public),
            Visibility::Private => (&mut self.public, &mut self.private),
        };
        from.remove(name.as_str());
        to.insert(name, id);
        true
    }

    pub(super) fn conn(&self, id: ConnId) -> Option<&Conn> {
        self.conns.get(&id).map(|conn| &**conn)
    }

    pub(super) fn conn_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.conns.get_mut(&id).map(|conn| &mut **conn)
    }

    pub(super) fn member(&self, id: ConnId) -> Option<&Member> {
        match &self.conns.get(&id)?.state {
            State::SignedIn(member) => Some(member),
            State::Connecting | State::Handshake | State::Entering(_) => None,
        }
    }

    pub(super) fn member_mut(&mut self, id: ConnId) -> Option<&mut Member> {
        match &mut self.conns.get_mut(&id)?.state {
            State::SignedIn(member) => Some(member),
            State::Connecting | State::Handshake | State::Entering(_) => None,
        }
    }

    pub(super) fn newcomer_mut(&mut self, id: ConnId) -> Option<&mut Newcomer> {
        match &mut self.conns.get_mut(&id)?.state {
            State::Entering(newcomer) => Some(newcomer),
            State::Connecting | State::Handshake | State::SignedIn(_) => None,
        }
    }

    pub(super) fn by_key(&self, key: Fingerprint) -> Option<ConnId> {
        self.by_key.get(&key).copied()
    }

    pub(super) fn by_name(&self, name: &Name) -> Option<ConnId> {
        self.public.get(name.as_str()).or_else(|| self.private.get(name.as_str())).copied()
    }

    /// Public members in order of their names, that begin with `prefix` and come after `after`.
    pub(super) fn public_from<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a Name>,
    ) -> impl Iterator<Item = &'a Member> {
        let start = match after.map(Name::as_str) {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.public
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(name, _)| name.as_str().starts_with(prefix))
            .filter_map(|(_, id)| self.member(*id))
    }

    /// Connections, signed in or not.
    pub(super) fn len(&self) -> usize {
        self.conns.len()
    }

    /// Those signed in.
    pub(super) fn members(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn ids(&self) -> Vec<ConnId> {
        self.conns.keys().copied().collect()
    }

    /// Those signed in, in order of their names.
    pub(super) fn ids_by_name(&self) -> Vec<ConnId> {
        let mut names: Vec<_> = self.public.iter().chain(&self.private).collect();
        gather::sort(&mut names, |one, other| one.cmp(other));
        names.into_iter().map(|(_, id)| *id).collect()
    }

    /// Says something on an open link; it leaves with the next flush.
    pub(super) fn send(&mut self, id: ConnId, message: impl Into<ToClient>) {
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.link.send(&message.into());
            self.mark(id);
        }
    }

    /// Notes that a link may have bytes to send.
    pub(super) fn mark(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id)
            && !std::mem::replace(&mut conn.is_unflushed, true)
        {
            self.unflushed.push_back(id);
        }
    }

    /// The next connection whose link may have bytes to send.
    pub(super) fn next_unflushed(&mut self) -> Option<ConnId> {
        while let Some(id) = self.unflushed.pop_front() {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.is_unflushed = false;
                return Some(id);
            }
        }
        self.unflushed.shrink_to(SPARE_IDS);
        None
    }
}

/// Room that stays allocated between wakes; a burst's is given back.
const SPARE_IDS: usize = 64;
