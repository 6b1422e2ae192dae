//! Programs that change their address.

use super::{Arrival, End, Health, Net, Node, address_of};
use hobnob::proto::machine::Cause;
use std::net::{IpAddr, SocketAddr};

/// How long a stream's other end believes in it that hears nothing more.
const BELIEVED_MS: u64 = 120_000;

impl Net {
    /// A program is elsewhere from now on, or nowhere. Its streams end; the others hear nothing of
    /// that for long.
    pub fn roam(&mut self, now: u64, node: Node, to: Option<IpAddr>) {
        if self.home_of(node) == to {
            return;
        }
        self.homes.insert(node, to);
        for end in self.ends_of(node) {
            self.forget(now, end, Cause::AddressGone);
        }
    }

    /// A stream is gone for one end; the other hears nothing for long.
    pub(super) fn forget(&mut self, now: u64, end: End, cause: Cause) {
        let far = self.other_of(end);
        self.dooms.extend(far.map(|far| (now + BELIEVED_MS, far)));
        let stalled = far.map(|far| (far, Health::Stalled));
        for (end, health) in stalled.into_iter().chain([(end, Health::Broken)]) {
            if let Some(stream) = self.streams.get_mut(&end) {
                stream.health = health;
            }
        }
        self.later(now, end, Arrival::Closed(cause));
    }

    /// Where a program dials from; `None` if it is nowhere.
    pub(super) fn home_of(&self, node: Node) -> Option<IpAddr> {
        self.homes.get(&node).copied().unwrap_or(Some(address_of(node)))
    }

    /// Whether a program is no longer to be met where it was.
    pub(super) fn has_left(&self, node: Node, at: SocketAddr) -> bool {
        self.homes.get(&node).is_some_and(|home| *home != Some(at.ip()))
    }
}
