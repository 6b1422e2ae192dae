//! Two programs that dial each other from their listeners' ports at the same moment: TCP's
//! simultaneous open (RFC 9293 section 3.5).

use super::nat::Proto;
use super::{Arrival, End, Net, address_of};
use hobnob::proto::machine::Cause;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::SocketAddr;

/// The dials of that kind that have come to nothing yet.
#[derive(Default)]
pub struct Crossings {
    /// From where to where.
    waiting: BTreeMap<End, (SocketAddr, SocketAddr)>,
    /// When which asks again (RFC 6298: after one second, and twice as long each time).
    again: BTreeSet<(u64, End)>,
}

impl Crossings {
    pub fn next_at(&self) -> Option<u64> {
        self.again.first().map(|(at, _)| *at)
    }

    pub fn forget(&mut self, is_gone: impl Fn(&End) -> bool) {
        self.waiting.retain(|end, _| !is_gone(end));
        self.again.retain(|(_, end)| !is_gone(end));
    }
}

impl Net {
    pub fn cross(&mut self, now: u64, end: End, to: SocketAddr) {
        let mine = self.listeners.iter().find(|(_, owner)| owner.0 == end.0);
        let Some(port) = mine.map(|(at, _)| at.port()) else { return };
        self.crossings.waiting.insert(end, (SocketAddr::new(address_of(end.0), port), to));
        self.crossings.again.extend([0, 1_000, 3_000].map(|wait| (now + wait, end)));
        self.cross_again(now);
    }

    /// Those whose time has come ask again.
    pub fn cross_again(&mut self, now: u64) {
        while let Some((at, end)) =
            self.crossings.again.first().copied().filter(|(at, _)| *at <= now)
        {
            self.crossings.again.remove(&(at, end));
            self.ask_across(now, end);
        }
    }

    fn ask_across(&mut self, now: u64, end: End) {
        let Some((from, to)) = self.crossings.waiting.get(&end).copied() else { return };
        let Some((seen, reached)) = self.pass(now, Proto::Tcp, end.0, from, to) else { return };
        let meets = |(_, ends): &(&End, &(SocketAddr, SocketAddr))| **ends == (reached, seen);
        if let Some(other) = self.crossings.waiting.iter().find(meets).map(|(other, _)| *other) {
            let far = self.crossings.waiting[&other].0;
            self.crossings.forget(|one| *one == end || *one == other);
            self.connect(now, end, other);
            self.later(now, end, Arrival::Open(from));
            return self.later(now, other, Arrival::Open(far));
        }
        self.crossings.forget(|one| *one == end);
        match self.listeners.get(&reached).copied() {
            Some(listener) => self.accept(now, end, from, (listener, seen)),
            None => {
                let refused = Cause::Failed(ErrorKind::ConnectionRefused);
                self.later(now, end, Arrival::Closed(refused));
            }
        }
    }
}
