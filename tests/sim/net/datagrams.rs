//! Datagrams: late, and when the weather is bad lost, doubled, or overtaken by those after them.

use super::nat::Proto;
use super::{Arrival, End, Net, Node, address_of};
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::ConnId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What happens to datagrams, to so many of a hundred.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    /// Later than those that were sent after them.
    pub overtaken: u64,
}

/// The sockets for datagrams, and what is known of the ways between them.
pub struct Datagrams {
    rng: Rng,
    pub weather: Weather,
    /// Programs that have no socket for datagrams.
    pub denied: BTreeSet<Node>,
    sockets: BTreeMap<SocketAddr, End>,
    /// When the last one between two programs arrives: in good weather they keep their order.
    last_at: BTreeMap<(Node, Node), u64>,
    /// Who sent one to where, when.
    pub sent: Vec<(u64, Node, SocketAddr)>,
}

/// The longest payload of a datagram (RFC 768, over IPv4).
const DATAGRAM_BYTES: usize = 65_507;
/// The id that datagrams arrive under, which is no stream's.
const NO_STREAM: ConnId = ConnId(u64::MAX);

impl Datagrams {
    pub fn new(rng: Rng) -> Datagrams {
        Datagrams {
            rng,
            weather: Weather::default(),
            denied: BTreeSet::new(),
            sockets: BTreeMap::new(),
            last_at: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    /// Binds a socket beside a listener, if the program may have one.
    pub fn bind(&mut self, at: SocketAddr, end: End) -> bool {
        if self.denied.contains(&end.0) {
            return false;
        }
        self.sockets.insert(at, end);
        true
    }

    /// The sockets that belong to a listener, or all of a program, are gone.
    pub fn close(&mut self, is_closed: impl Fn(&End) -> bool) {
        self.sockets.retain(|_, end| !is_closed(end));
    }
}

impl Net {
    pub fn send_datagram(&mut self, now: u64, node: Node, to: SocketAddr, bytes: Vec<u8>) {
        assert!(bytes.len() <= DATAGRAM_BYTES, "no datagram is so long");
        self.look_for_canary(&bytes);
        self.datagrams.sent.push((now, node, to));
        let Some(from) = self.source_of(node) else { return };
        let Some((from, to)) = self.pass(now, Proto::Udp, node, from, to) else { return };
        let Some((other, _)) = self.socket_at(to) else { return };
        let is_walled = |node: Node, other: Node| self.walled.contains(&node) && other != 0;
        if is_walled(node, other) || is_walled(other, node) || self.is_apart(now, node, other) {
            return;
        }
        let Datagrams { rng, weather, .. } = &mut self.datagrams;
        if rng.below(100) < weather.lost {
            return;
        }
        if rng.below(100) < weather.doubled {
            self.carry_datagram(now, node, other, from, bytes.clone());
        }
        self.carry_datagram(now, node, other, from, bytes);
    }

    /// Where a program sends from, if it is anywhere.
    fn source_of(&self, node: Node) -> Option<SocketAddr> {
        let home = self.home_of(node)?;
        let mine = self.datagrams.sockets.iter().filter(|(_, end)| end.0 == node);
        let mut mine = mine.map(|(at, _)| *at);
        let first = mine.next()?;
        match mine.any(|at| at.ip() == home) || self.homes.contains_key(&node) {
            true => Some(SocketAddr::new(home, first.port())),
            false => Some(first),
        }
    }

    /// Whose socket is met there.
    fn socket_at(&self, at: SocketAddr) -> Option<End> {
        let sockets = &self.datagrams.sockets;
        let end = sockets.get(&at).copied().filter(|end| !self.has_left(end.0, at));
        let moved = || {
            let (node, _) = self.homes.iter().find(|(_, home)| **home == Some(at.ip()))?;
            let is_theirs =
                |(old, end): &(&SocketAddr, &End)| end.0 == *node && old.port() == at.port();
            sockets.iter().find(is_theirs).map(|(_, end)| *end)
        };
        end.or_else(moved)
    }

    fn carry_datagram(
        &mut self,
        now: u64,
        node: Node,
        other: Node,
        from: SocketAddr,
        bytes: Vec<u8>,
    ) {
        let slow_ms = self.slow_ms.get(&other).copied().unwrap_or_default();
        let datagrams = &mut self.datagrams;
        let delay = 1 + datagrams.rng.below(40) + slow_ms;
        let last_at = datagrams.last_at.entry((node, other)).or_default();
        let takes = self.rate.map_or(0, |rate| (bytes.len() as u64).div_ceil(rate));
        let mut at = (now + delay).max(*last_at) + takes;
        if datagrams.rng.below(100) < datagrams.weather.overtaken {
            at += 1 + datagrams.rng.below(200);
        } else {
            *last_at = at;
        }
        self.count += 1;
        let end = (other, NO_STREAM);
        self.arrivals.insert((at, self.count), (end, Arrival::Datagram { from, bytes }));
    }
}

/// What comes of a hundred datagrams, by their number.
#[cfg(test)]
fn of_a_hundred(weather: Weather) -> Vec<u8> {
    let [rng, dice] = [1, 2].map(|seed| Rng::new([seed; 32]));
    let mut net = Net::new(rng, dice);
    for node in [1, 2] {
        net.listen(node, ConnId::own(1), SocketAddr::new(address_of(node), 7));
    }
    net.datagrams.weather = weather;
    for number in 0..100 {
        net.send_datagram(number, 1, SocketAddr::new(address_of(2), 7), vec![number as u8]);
    }
    let mut come = Vec::new();
    while let Some((node, _, arrival)) = net.pop(10_000) {
        let Arrival::Datagram { from, bytes } = arrival else { panic!("{arrival:?}") };
        assert_eq!((node, from), (2, SocketAddr::new(address_of(1), 7)));
        come.extend(bytes);
    }
    come
}

#[test]
fn datagrams_come_once_and_in_order_in_good_weather() {
    let all: Vec<u8> = (0..100).collect();
    assert_eq!(of_a_hundred(Weather::default()), all);
}

#[test]
fn datagrams_are_lost_doubled_and_overtaken_in_bad_weather() {
    let all: Vec<u8> = (0..100).collect();
    let lost = of_a_hundred(Weather { lost: 50, ..Weather::default() });
    assert!(lost.len() < 75 && lost.is_sorted(), "{lost:?}");
    let doubled = of_a_hundred(Weather { doubled: 50, ..Weather::default() });
    assert!(doubled.len() > 125 && all.iter().all(|n| doubled.contains(n)), "{doubled:?}");
    let mut overtaken = of_a_hundred(Weather { overtaken: 50, ..Weather::default() });
    assert!(!overtaken.is_sorted(), "{overtaken:?}");
    overtaken.sort();
    assert_eq!(overtaken, all);
}
