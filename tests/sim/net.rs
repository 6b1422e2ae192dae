//! The virtual network: ordered streams with delay, that are cut, stall, or cross a partition, and
//! datagrams.

mod crossing;
mod datagrams;
mod homes;
mod nat;

pub use datagrams::Weather;
pub use nat::{Kind, On, Ports, can_go_direct};

use self::crossing::Crossings;
use self::datagrams::Datagrams;
use self::nat::{Nats, Proto};
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::ConnId;
use hobnob::proto::limits::DOUBTED_S;
use hobnob::proto::machine::{Cause, StreamAction};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

/// A program in the world; 0 is the server.
pub type Node = usize;

/// What reaches a program by the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    Listening { at: SocketAddr, udp: bool },
    Accepted { listener: ConnId, from: SocketAddr },
    Open(SocketAddr),
    Bytes(Vec<u8>),
    Drained,
    Closed(Cause),
    Datagram { from: SocketAddr, bytes: Vec<u8> },
}

/// One end of a stream.
pub type End = (Node, ConnId);

struct Stream {
    other: End,
    /// When the last of what was sent to this end arrives; streams keep their order.
    last_at: u64,
    /// Bytes on their way to this end.
    coming_bytes: usize,
    health: Health,
}

/// What still arrives at an end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Flowing,
    /// Nothing, and nobody is told.
    Stalled,
    /// Only the word that it is gone.
    Broken,
}

/// Streams, listeners, and what is on its way.
pub struct Net {
    rng: Rng,
    streams: BTreeMap<End, Stream>,
    listeners: BTreeMap<SocketAddr, End>,
    pub datagrams: Datagrams,
    /// Programs that cannot be dialled, and whose datagrams pass to and from the server only.
    pub walled: BTreeSet<Node>,
    /// Where those are who have left the address that they began with.
    homes: BTreeMap<Node, Option<IpAddr>>,
    nats: Nats,
    crossings: Crossings,
    /// Addresses from which no answer ever comes.
    pub silent: BTreeSet<SocketAddr>,
    /// Programs to which everything takes so much longer.
    pub slow_ms: BTreeMap<Node, u64>,
    /// What each stream carries in a millisecond; `None`: whatever is sent.
    pub rate: Option<u64>,
    /// Pairs between which nothing passes until then.
    apart: BTreeMap<(Node, Node), u64>,
    /// When an end that hears nothing is told that its stream is gone.
    dooms: BTreeSet<(u64, End)>,
    arrivals: BTreeMap<(u64, u64), (End, Arrival)>,
    /// What a paused end will read when it resumes.
    paused: BTreeMap<End, Vec<Arrival>>,
    count: u64,
    accepted: u64,
    ports: u16,
    pub canary: Vec<u8>,
    /// Whose bytes are changed on the way, once, after so many of them.
    pub spoil: Option<(Node, u64)>,
    /// Who dialled what, when.
    pub dials: Vec<(u64, Node, SocketAddr)>,
    /// The most bytes that were ever on their way to one end.
    pub most_coming_bytes: usize,
}

pub fn address_of(node: Node) -> IpAddr {
    IpAddr::from([10, 0, 0, node as u8 + 1])
}

/// A second address of the same program.
pub fn alias_of(node: Node) -> IpAddr {
    IpAddr::from([10, 0, 1, node as u8 + 1])
}

/// What the kernel takes of a stream before it carries it.
const KERNEL_BYTES: u64 = 64 * 1024;
const RESET: Cause = Cause::Failed(ErrorKind::ConnectionReset);
const TIMED_OUT: Cause = Cause::Failed(ErrorKind::TimedOut);

impl Net {
    /// `dice` are those for datagrams.
    pub fn new(rng: Rng, dice: Rng) -> Net {
        Net {
            rng,
            streams: BTreeMap::new(),
            listeners: BTreeMap::new(),
            datagrams: Datagrams::new(dice),
            walled: BTreeSet::new(),
            homes: BTreeMap::new(),
            nats: Nats::default(),
            crossings: Crossings::default(),
            silent: BTreeSet::new(),
            slow_ms: BTreeMap::new(),
            rate: None,
            apart: BTreeMap::new(),
            dooms: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            paused: BTreeMap::new(),
            count: 0,
            accepted: 0,
            ports: 40_000,
            canary: Vec::new(),
            spoil: None,
            dials: Vec::new(),
            most_coming_bytes: 0,
        }
    }

    pub fn next_at(&self) -> Option<u64> {
        let arrival = self.arrivals.keys().next().map(|(at, _)| *at);
        let doom = self.dooms.first().map(|(at, _)| *at);
        arrival.into_iter().chain(doom).chain(self.crossings.next_at()).min()
    }

    /// The next thing that arrives by `now`.
    pub fn pop(&mut self, now: u64) -> Option<(Node, ConnId, Arrival)> {
        while let Some((at, end)) = self.dooms.first().copied().filter(|(at, _)| *at <= now) {
            self.dooms.remove(&(at, end));
            self.break_off(now, end, TIMED_OUT);
        }
        self.cross_again(now);
        loop {
            let (at, _) = *self.arrivals.keys().next()?;
            if at > now {
                return None;
            }
            let (_, (end, arrival)) = self.arrivals.pop_first()?;
            // More has been sent since it was asked for.
            if arrival == Arrival::Drained && self.taken_at(end) > now {
                self.watch(now, end);
                continue;
            }
            if let Some(arrival) = self.let_through(end, arrival) {
                return Some((end.0, end.1, arrival));
            }
        }
    }

    /// What is left of an arrival once stalls and pauses have had their way with it.
    fn let_through(&mut self, end: End, arrival: Arrival) -> Option<Arrival> {
        let is_data = matches!(arrival, Arrival::Bytes(_) | Arrival::Closed(_));
        match self.streams.get(&end).map(|stream| stream.health) {
            Some(Health::Stalled) if is_data => return None,
            Some(Health::Broken) if !matches!(arrival, Arrival::Closed(_)) => return None,
            _ => {}
        }
        if let Some(kept) = self.paused.get_mut(&end)
            && is_data
        {
            kept.push(arrival);
            return None;
        }
        match &arrival {
            Arrival::Bytes(bytes) => {
                if let Some(stream) = self.streams.get_mut(&end) {
                    stream.coming_bytes -= bytes.len();
                }
            }
            Arrival::Closed(_) => {
                self.streams.remove(&end);
            }
            _ => {}
        }
        Some(arrival)
    }

    /// Opens a listener, and a socket for datagrams beside it, if the program may have one.
    pub fn listen(&mut self, node: Node, conn: ConnId, at: SocketAddr) -> (SocketAddr, bool) {
        self.ports += 1;
        let port = if at.port() == 0 { self.ports } else { at.port() };
        let ips = match at.ip().is_unspecified() {
            true => vec![address_of(node), alias_of(node)],
            false => vec![at.ip()],
        };
        let mut udp = true;
        for ip in ips {
            let at = SocketAddr::new(ip, port);
            self.listeners.insert(at, (node, conn));
            udp &= self.datagrams.bind(at, (node, conn));
        }
        (SocketAddr::new(at.ip(), port), udp)
    }

    /// Where a program can be dialled.
    pub fn listener_of(&self, node: Node) -> Option<SocketAddr> {
        self.listeners.iter().find(|(_, end)| end.0 == node).map(|(at, _)| *at)
    }

    /// What is dialled there comes out here.
    pub fn forward(&mut self, outside: SocketAddr, inside: SocketAddr) {
        self.listeners.insert(outside, self.listeners[&inside]);
    }

    pub fn act(&mut self, now: u64, end: End, action: StreamAction) {
        match action {
            StreamAction::Listen { at, udp } => {
                if self.listeners.contains_key(&at) {
                    let taken = Cause::Failed(ErrorKind::AddrInUse);
                    return self.later(now, end, Arrival::Closed(taken));
                }
                let (at, has_udp) = self.listen(end.0, end.1, at);
                if !udp {
                    self.datagrams.close(|owner| *owner == end);
                }
                self.later(now, end, Arrival::Listening { at, udp: udp && has_udp });
            }
            StreamAction::Dial { to, .. } => self.dial(now, end, to),
            StreamAction::Cross { to, .. } => self.cross(now, end, to),
            StreamAction::DialName { .. } => panic!("there is no proxy in this world"),
            StreamAction::Send(bytes) => self.send(now, end, bytes),
            StreamAction::Watch => self.watch(now, end),
            StreamAction::Doubt(true) => self.doubt(now, end),
            StreamAction::Doubt(false) => {}
            StreamAction::Pause => {
                self.paused.entry(end).or_default();
            }
            StreamAction::Resume => self.resume(now, end),
            StreamAction::Close | StreamAction::Abort => self.close(now, end, Cause::Ended),
        }
    }

    fn ends_of(&self, node: Node) -> Vec<End> {
        self.streams.keys().filter(|end| end.0 == node).copied().collect()
    }

    /// The other end, while it is there. A program that was started anew uses its ids again.
    fn other_of(&self, end: End) -> Option<End> {
        let other = self.streams.get(&end)?.other;
        self.streams.get(&other).is_some_and(|stream| stream.other == end).then_some(other)
    }

    fn end_of(&mut self, node: Node) -> Option<End> {
        let ends = self.ends_of(node);
        (!ends.is_empty()).then(|| ends[self.rng.below(ends.len() as u64) as usize])
    }

    /// Breaks one stream of a program, if it has any; both ends hear of it.
    pub fn cut_one_of(&mut self, now: u64, node: Node) {
        if let Some(end) = self.end_of(node) {
            self.break_off(now, end, RESET);
        }
    }

    /// Breaks the streams between two programs.
    pub fn cut_between(&mut self, now: u64, one: Node, other: Node) {
        for end in self.ends_of(one) {
            if self.streams.get(&end).is_some_and(|stream| stream.other.0 == other) {
                self.break_off(now, end, RESET);
            }
        }
    }

    /// One program's streams to another are gone for it; the other hears nothing for long.
    pub fn forget_one(&mut self, now: u64, node: Node, other: Node) {
        for end in self.ends_of(node) {
            if self.other_of(end).is_some_and(|far| far.0 == other) {
                self.forget(now, end, TIMED_OUT);
            }
        }
    }

    /// One direction of a stream of a program delivers nothing more; after `ms` both ends are told.
    pub fn stall_one_of(&mut self, now: u64, node: Node, ms: u64) {
        if let Some(end) = self.end_of(node) {
            self.stall(end, now + ms);
        }
    }

    /// Nothing passes between two programs for so long; no one is told before.
    pub fn part(&mut self, now: u64, one: Node, other: Node, ms: u64) {
        self.apart.insert((one.min(other), one.max(other)), now + ms);
        let across = |(end, stream): (&End, &Stream)| {
            let ends = (end.0, stream.other.0);
            (ends == (one, other) || ends == (other, one)).then_some(*end)
        };
        let ends: Vec<End> = self.streams.iter().filter_map(across).collect();
        for end in ends {
            self.stall(end, now + ms);
        }
    }

    pub fn heal(&mut self) {
        self.apart.clear();
        self.datagrams.weather = Weather::default();
        self.slow_ms.clear();
    }

    /// Whoever doubts a connection is told early that nothing passes on it, either way.
    fn doubt(&mut self, now: u64, end: End) {
        let ends = [Some(end), self.other_of(end)];
        let is_stalled = |end: &End| {
            self.streams.get(end).is_some_and(|stream| stream.health == Health::Stalled)
        };
        if ends.iter().flatten().any(is_stalled) {
            self.dooms.insert((now + 1_000 * DOUBTED_S, end));
        }
    }

    fn stall(&mut self, end: End, until: u64) {
        let Some(stream) = self.streams.get_mut(&end) else { return };
        stream.health = Health::Stalled;
        let other = stream.other;
        self.dooms.extend([(until, end), (until, other)]);
    }

    /// A program is gone: its listeners and streams with it.
    pub fn kill(&mut self, now: u64, node: Node) {
        self.listeners.retain(|_, (owner, _)| *owner != node);
        self.datagrams.close(|(owner, _)| *owner == node);
        for end in self.ends_of(node) {
            self.close(now, end, RESET);
        }
        self.arrivals.retain(|_, ((to, _), _)| *to != node);
        self.paused.retain(|(owner, _), _| *owner != node);
        self.crossings.forget(|(owner, _)| *owner == node);
    }

    fn dial(&mut self, now: u64, end: End, to: SocketAddr) {
        self.dials.push((now, end.0, to));
        if self.silent.contains(&to) {
            return;
        }
        let Some(home) = self.home_of(end.0) else {
            let unreachable = Cause::Failed(ErrorKind::NetworkUnreachable);
            return self.later(now, end, Arrival::Closed(unreachable));
        };
        self.ports += 1;
        let from = SocketAddr::new(home, self.ports);
        let Some((seen, to)) = self.pass(now, Proto::Tcp, end.0, from, to) else { return };
        let target = self.listeners.get(&to).filter(|(node, _)| !self.walled.contains(node));
        let Some(listener) = target.copied() else {
            let refused = Cause::Failed(ErrorKind::ConnectionRefused);
            return self.later(now, end, Arrival::Closed(refused));
        };
        if self.is_apart(now, end.0, listener.0) || self.has_left(listener.0, to) {
            return;
        }
        self.accept(now, end, from, (listener, seen));
    }

    /// A dial from there has got to a listener, which sees it come from somewhere.
    fn accept(&mut self, now: u64, end: End, from: SocketAddr, met: (End, SocketAddr)) {
        let (listener, seen) = met;
        self.accepted += 1;
        let accepted = (listener.0, ConnId(self.accepted));
        self.connect(now, end, accepted);
        self.later(now, accepted, Arrival::Accepted { listener: listener.1, from: seen });
        self.later(now, end, Arrival::Open(from));
    }

    fn connect(&mut self, now: u64, one: End, other: End) {
        let health = Health::Flowing;
        for (one, other) in [(one, other), (other, one)] {
            let stream = Stream { other, last_at: now, coming_bytes: 0, health };
            self.streams.insert(one, stream);
        }
    }

    fn is_apart(&self, now: u64, one: Node, other: Node) -> bool {
        self.apart.get(&(one.min(other), one.max(other))).is_some_and(|until| *until > now)
    }

    fn look_for_canary(&self, bytes: &[u8]) {
        let canary = &self.canary;
        assert!(
            canary.is_empty() || !bytes.windows(canary.len()).any(|window| window == canary),
            "plaintext of a message on the wire"
        );
    }

    fn send(&mut self, now: u64, end: End, mut bytes: Vec<u8>) {
        self.change(end.0, &mut bytes);
        self.look_for_canary(&bytes);
        let Some(other) = self.other_of(end) else { return };
        if let Some(stream) = self.streams.get_mut(&other) {
            stream.coming_bytes += bytes.len();
            self.most_coming_bytes = self.most_coming_bytes.max(stream.coming_bytes);
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let most = rest.len().min(1 + self.rng.below(20_000) as usize);
            let (part, after) = rest.split_at(most);
            rest = after;
            self.later(now, other, Arrival::Bytes(part.to_vec()));
        }
    }

    /// Says once when the kernel has taken all that was sent, also if it is asked more often.
    fn watch(&mut self, now: u64, end: End) {
        let is_asked = |(to, arrival): &(End, Arrival)| *to == end && *arrival == Arrival::Drained;
        if !self.arrivals.values().any(is_asked) {
            self.later(self.taken_at(end).max(now), end, Arrival::Drained);
        }
    }

    /// When the kernel has taken all that was sent from an end.
    fn taken_at(&self, end: End) -> u64 {
        let other = self.other_of(end).and_then(|other| self.streams.get(&other));
        let (Some(rate), Some(other)) = (self.rate, other) else { return 0 };
        other.last_at.saturating_sub(KERNEL_BYTES / rate)
    }

    fn change(&mut self, from: Node, bytes: &mut [u8]) {
        let Some((_, after)) = self.spoil.filter(|(node, _)| *node == from) else { return };
        let Some(byte) = bytes.get_mut(after as usize) else {
            self.spoil = Some((from, after - bytes.len() as u64));
            return;
        };
        *byte ^= 1 + self.rng.below(255) as u8;
        self.spoil = None;
    }

    /// What was held back comes before what is still on its way.
    fn resume(&mut self, now: u64, end: End) {
        let mut kept = self.paused.remove(&end).unwrap_or_default();
        let coming = self.arrivals.iter().filter(|(_, (to, _))| *to == end);
        let coming: Vec<(u64, u64)> = coming.map(|(key, _)| *key).collect();
        let taken = coming.iter().filter_map(|key| self.arrivals.remove(key));
        kept.extend(taken.map(|(_, arrival)| arrival));
        if let Some(stream) = self.streams.get_mut(&end) {
            stream.last_at = now;
        }
        for arrival in kept {
            self.later(now, end, arrival);
        }
    }

    fn close(&mut self, now: u64, end: End, cause: Cause) {
        self.listeners.retain(|_, owner| *owner != end);
        self.datagrams.close(|owner| *owner == end);
        self.paused.remove(&end);
        self.crossings.forget(|one| *one == end);
        let other = self.other_of(end);
        self.streams.remove(&end);
        self.arrivals.retain(|_, (to, _)| *to != end || cause != Cause::Ended);
        if let Some(other) = other
            && self.streams.get(&other).is_some_and(|other| other.health != Health::Broken)
        {
            self.later(now, other, Arrival::Closed(cause));
        }
    }

    /// What is on its way on a stream never arrives; both ends are told that it is gone.
    fn break_off(&mut self, now: u64, end: End, cause: Cause) {
        if !self.streams.contains_key(&end) {
            return;
        }
        let both = [Some(end), self.other_of(end)];
        let lost = |to: &End, arrival: &Arrival| {
            both.contains(&Some(*to)) && matches!(arrival, Arrival::Bytes(_))
        };
        self.arrivals.retain(|_, (to, arrival)| !lost(to, arrival));
        for end in both.into_iter().flatten() {
            self.paused.remove(&end);
            let Some(stream) = self.streams.get_mut(&end) else { continue };
            if stream.health != Health::Broken {
                stream.health = Health::Broken;
                self.later(now, end, Arrival::Closed(cause));
            }
        }
    }

    fn later(&mut self, now: u64, end: End, arrival: Arrival) {
        let slow_ms = self.slow_ms.get(&end.0).copied().unwrap_or_default();
        let delay = 1 + self.rng.below(40) + slow_ms;
        let earliest = self.streams.get(&end).map_or(now, |stream| stream.last_at);
        let takes = match (&arrival, self.rate) {
            (Arrival::Bytes(bytes), Some(rate)) => (bytes.len() as u64).div_ceil(rate),
            _ => 0,
        };
        let at = (now + delay).max(earliest) + takes;
        if let Some(stream) = self.streams.get_mut(&end) {
            stream.last_at = at;
        }
        self.count += 1;
        self.arrivals.insert((at, self.count), (end, arrival));
    }
}
