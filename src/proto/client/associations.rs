//! The associations with peers over datagrams: one for each session that has one, or looks for it.

use super::flow::Flow;
use super::link_table::Via;
use crate::proto::crypto::rng::Rng;
use crate::proto::datagram::{Addressee, Association, SessionTag};
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::table::Table;
use std::collections::{BTreeMap, BTreeSet};

/// All associations.
#[derive(Default)]
pub(super) struct Associations {
    by_session: Table<SessionId, Association>,
    by_id: BTreeMap<u32, SessionId>,
    by_tag: BTreeMap<SessionTag, SessionId>,
    dirty: BTreeSet<SessionId>,
}

impl Associations {
    /// What a new association may be called: no other is, and nobody can guess it.
    pub fn new_id(&self, rng: &mut Rng) -> u32 {
        loop {
            let id = u32::from_be_bytes(rng.bytes());
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// An association in place of an earlier one of the session.
    pub fn insert(&mut self, session: SessionId, association: Association) {
        self.remove(session);
        self.by_id.insert(association.id(), session);
        self.by_tag.insert(SessionTag::of(session), session);
        self.by_session.insert(session, association);
        self.dirty.insert(session);
    }

    pub fn remove(&mut self, session: SessionId) {
        if let Some(association) = self.by_session.remove(&session) {
            self.by_id.remove(&association.id());
            self.by_tag.remove(&SessionTag::of(session));
            self.dirty.remove(&session);
        }
    }

    /// Whose a datagram is.
    pub fn find(&self, to: Addressee) -> Option<SessionId> {
        match to {
            Addressee::Session(tag) => self.by_tag.get(&tag).copied(),
            Addressee::Association(id) => self.by_id.get(&id).copied(),
        }
    }

    /// An association that something may happen to; its datagrams leave at the end of the wake.
    pub fn at_mut(&mut self, session: SessionId) -> Option<&mut Association> {
        let association = self.by_session.get_mut(&session)?;
        self.dirty.insert(session);
        Some(association)
    }

    /// Whether not much waits to be sent.
    pub fn has_room(&self, session: SessionId) -> bool {
        let association = self.by_session.get(&session);
        association.is_some_and(|one| one.unsent_bytes() < limits::STREAM_AHEAD_BYTES)
    }

    /// A flow's round trip: over datagrams each packet tells it, elsewhere only messages do.
    pub fn round_trip_ms(&self, flow: &Flow) -> Option<u64> {
        let measured = match flow.via() {
            Via::Udp(session) => self.by_session.get(&session)?.round_trip_ms(),
            Via::Tcp(_) | Via::Relay(_) => None,
        };
        measured.or_else(|| flow.round_trip_ms())
    }

    /// All want a word from the other side.
    pub fn ping(&mut self) {
        for (session, association) in self.by_session.iter_mut() {
            association.ping();
            self.dirty.insert(*session);
        }
    }

    /// The next association that may have something to send.
    pub fn pop_dirty(&mut self) -> Option<SessionId> {
        self.dirty.pop_first()
    }

    /// What one has to send is sent.
    pub fn settle(&mut self, session: SessionId) {
        self.dirty.remove(&session);
    }

    /// Whether somebody is still to hear what we said last.
    pub fn are_leaving(&self) -> bool {
        self.by_session.values().any(Association::is_leaving)
    }
}
