//! The relay: opaque bytes between the two sides of an answered session, with back-pressure.
//!
//! A connection is behind when more than [`STREAM_AHEAD_BYTES`] were sent since it last had
//! everything. Whoever makes it more behind is not read from until it has caught up; a client that
//! lets what it is pushed pile up beyond [`BACKLOG_BYTES`] is cut off.

use super::Server;
use crate::proto::id::ConnId;
use crate::proto::limits::{BACKLOG_BYTES, STREAM_AHEAD_BYTES};
use crate::proto::machine::StreamAction;
use crate::proto::wire::client::Carry;
use crate::proto::wire::server::Carried;
use std::collections::BTreeSet;

/// How far behind one connection is, and how many others it waits for.
#[derive(Default)]
pub(super) struct Flow {
    /// Sent since everything was written.
    ahead_bytes: u32,
    /// Carried bytes that the link still gathers.
    carried_bytes: u32,
    /// Bytes other than carried ones, sent while behind. Carried ones are bounded by their senders
    /// being held back.
    pushed_bytes: u32,
    waits_for: u32,
    is_watched: bool,
    /// A large answer is being read: what it asked further waits for that.
    pub(super) is_answering: bool,
}

impl Flow {
    /// Counts bytes that are sent; whether to watch for them being written.
    pub(super) fn on_sent(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u32;
        let carried = std::mem::take(&mut self.carried_bytes);
        if self.is_watched {
            self.pushed_bytes += bytes.saturating_sub(carried);
        }
        self.ahead_bytes = self.ahead_bytes.saturating_add(bytes);
        self.is_behind(0) && !std::mem::replace(&mut self.is_watched, true)
    }

    fn on_carried(&mut self, bytes: usize) {
        self.carried_bytes = self.carried_bytes.saturating_add(bytes as u32);
    }

    fn on_drained(&mut self) {
        self.ahead_bytes = 0;
        self.pushed_bytes = 0;
        self.is_watched = false;
    }

    /// `waiting_bytes`: what the link gathers.
    fn is_behind(&self, waiting_bytes: usize) -> bool {
        self.ahead_bytes as usize + waiting_bytes > STREAM_AHEAD_BYTES
    }

    /// Whether so much was pushed in vain that nobody can be reading.
    pub(super) fn is_lost(&self) -> bool {
        self.pushed_bytes > BACKLOG_BYTES as u32
    }
}

/// Who waits for whom: the one behind, and the one held back. An entry of somebody who is gone
/// goes when the one behind catches up or goes.
#[derive(Default)]
pub(super) struct Waiting {
    pairs: BTreeSet<(ConnId, ConnId)>,
}

impl Waiting {
    pub(super) fn is_waiting(&self, held: ConnId, behind: ConnId) -> bool {
        self.pairs.contains(&(behind, held))
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn take(&mut self, behind: ConnId) -> Vec<ConnId> {
        let first = (behind, ConnId(0));
        let last = (behind, ConnId(u64::MAX));
        let held: Vec<_> = self.pairs.range(first..=last).map(|(_, held)| *held).collect();
        for id in &held {
            self.pairs.remove(&(behind, *id));
        }
        held
    }
}

impl Server {
    pub(super) fn on_carry(&mut self, id: ConnId, carry: Carry) {
        let Some(to) = self.meetings.carried_to(carry.session, id) else { return };
        let bytes = carry.bytes.0.len();
        self.counts.relayed_bytes += bytes as u64;
        self.roster.send(to, Carried { session: carry.session, bytes: carry.bytes });
        if let Some(conn) = self.roster.conn_mut(to) {
            conn.flow.on_carried(bytes);
        }
        if self.is_behind(to) {
            self.hold(id, to);
        }
    }

    /// Holds back a client that asks while it does not take the answers: what it asked further
    /// stays unread in its link.
    pub(super) fn hold_back(&mut self, id: ConnId) {
        if self.is_behind(id) {
            self.hold(id, id);
        }
    }

    pub(super) fn on_drained(&mut self, id: ConnId) {
        let Some(conn) = self.roster.conn_mut(id) else { return };
        conn.flow.on_drained();
        self.release_waiting(id);
        self.read_on(id);
    }

    /// Reads again from everybody who waited for `behind` alone.
    pub(super) fn release_waiting(&mut self, behind: ConnId) {
        for held in self.waiting.take(behind) {
            let Some(conn) = self.roster.conn_mut(held) else { continue };
            conn.flow.waits_for -= 1;
            if conn.flow.waits_for == 0 {
                self.out.stream(held, StreamAction::Resume);
            }
        }
    }

    fn is_behind(&self, id: ConnId) -> bool {
        let conn = self.roster.conn(id);
        conn.is_some_and(|conn| conn.flow.is_behind(conn.link.waiting_bytes()))
    }

    fn hold(&mut self, held: ConnId, behind: ConnId) {
        let Some(conn) = self.roster.conn_mut(held) else { return };
        if !self.waiting.pairs.insert((behind, held)) {
            return;
        }
        conn.flow.waits_for += 1;
        if conn.flow.waits_for == 1 {
            self.out.stream(held, StreamAction::Pause);
        }
    }
}
