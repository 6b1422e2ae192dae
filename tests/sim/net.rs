//! The virtual network: ordered streams with delay, cut anywhere.

use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::ConnId;
use hobnob::proto::machine::{Cause, StreamAction};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

/// A program in the world; 0 is the server.
pub type Node = usize;

/// What reaches a program by the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    Listening(SocketAddr),
    Accepted { listener: ConnId, from: SocketAddr },
    Open(SocketAddr),
    Bytes(Vec<u8>),
    Drained,
    Closed(Cause),
}

/// One end of a stream.
type End = (Node, ConnId);

struct Stream {
    other: End,
    /// When the last of what was sent to this end arrives; streams keep their order.
    last_at: u64,
}

/// Streams, listeners, and what is on its way.
pub struct Net {
    rng: Rng,
    streams: BTreeMap<End, Stream>,
    listeners: BTreeMap<SocketAddr, End>,
    /// Programs that cannot be dialled.
    pub walled: BTreeSet<Node>,
    arrivals: BTreeMap<(u64, u64), (End, Arrival)>,
    /// What a paused end will read when it resumes.
    paused: BTreeMap<End, Vec<Arrival>>,
    count: u64,
    accepted: u64,
    ports: u16,
    pub canary: Vec<u8>,
}

pub fn address_of(node: Node) -> IpAddr {
    IpAddr::from([10, 0, 0, node as u8 + 1])
}

impl Net {
    pub fn new(rng: Rng) -> Net {
        Net {
            rng,
            streams: BTreeMap::new(),
            listeners: BTreeMap::new(),
            walled: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            paused: BTreeMap::new(),
            count: 0,
            accepted: 0,
            ports: 40_000,
            canary: Vec::new(),
        }
    }

    pub fn next_at(&self) -> Option<u64> {
        self.arrivals.keys().next().map(|(at, _)| *at)
    }

    /// The next thing that arrives by `now`.
    pub fn pop(&mut self, now: u64) -> Option<(Node, ConnId, Arrival)> {
        let (at, _) = *self.arrivals.keys().next()?;
        if at > now {
            return None;
        }
        let (_, ((node, conn), arrival)) = self.arrivals.pop_first()?;
        if let Some(kept) = self.paused.get_mut(&(node, conn))
            && matches!(arrival, Arrival::Bytes(_) | Arrival::Closed(_))
        {
            kept.push(arrival);
            return self.pop(now);
        }
        if matches!(arrival, Arrival::Closed(_)) {
            self.streams.remove(&(node, conn));
        }
        Some((node, conn, arrival))
    }

    pub fn listen(&mut self, node: Node, conn: ConnId, at: SocketAddr) -> SocketAddr {
        self.ports += 1;
        let ip = if at.ip().is_unspecified() { address_of(node) } else { at.ip() };
        let port = if at.port() == 0 { self.ports } else { at.port() };
        self.listeners.insert(SocketAddr::new(ip, port), (node, conn));
        SocketAddr::new(at.ip(), port)
    }

    pub fn act(&mut self, now: u64, end: End, action: StreamAction) {
        match action {
            StreamAction::Listen(at) => {
                let at = self.listen(end.0, end.1, at);
                self.later(now, end, Arrival::Listening(at));
            }
            StreamAction::Dial { to, .. } => self.dial(now, end, to),
            StreamAction::Send(bytes) => self.send(now, end, bytes),
            StreamAction::Watch => self.later(now, end, Arrival::Drained),
            StreamAction::Pause => {
                self.paused.entry(end).or_default();
            }
            StreamAction::Resume => {
                for arrival in self.paused.remove(&end).unwrap_or_default() {
                    self.later(now, end, arrival);
                }
            }
            StreamAction::Close | StreamAction::Abort => self.close(now, end, Cause::Ended),
        }
    }

    /// Breaks one stream of a program, if it has any; both ends hear of it.
    pub fn cut_one_of(&mut self, now: u64, node: Node) {
        let ends: Vec<End> = self.streams.keys().filter(|end| end.0 == node).copied().collect();
        if ends.is_empty() {
            return;
        }
        let end = ends[self.rng.below(ends.len() as u64) as usize];
        let reset = Cause::Failed(ErrorKind::ConnectionReset);
        self.lose_in_flight(end);
        self.later(now, end, Arrival::Closed(reset));
        self.close(now, end, reset);
    }

    /// A program is gone: its listeners and streams with it.
    pub fn kill(&mut self, now: u64, node: Node) {
        self.listeners.retain(|_, (owner, _)| *owner != node);
        let ends: Vec<End> = self.streams.keys().filter(|end| end.0 == node).copied().collect();
        for end in ends {
            self.close(now, end, Cause::Failed(ErrorKind::ConnectionReset));
        }
        self.arrivals.retain(|_, ((to, _), _)| *to != node);
        self.paused.retain(|(owner, _), _| *owner != node);
    }

    fn dial(&mut self, now: u64, end: End, to: SocketAddr) {
        let target = self.listeners.get(&to).filter(|(node, _)| !self.walled.contains(node));
        let Some(listener) = target.copied() else {
            let refused = Cause::Failed(ErrorKind::ConnectionRefused);
            return self.later(now, end, Arrival::Closed(refused));
        };
        self.accepted += 1;
        let accepted = (listener.0, ConnId(self.accepted));
        self.streams.insert(end, Stream { other: accepted, last_at: now });
        self.streams.insert(accepted, Stream { other: end, last_at: now });
        self.ports += 1;
        let from = SocketAddr::new(address_of(end.0), self.ports);
        self.later(now, accepted, Arrival::Accepted { listener: listener.1, from });
        self.later(now, end, Arrival::Open(from));
    }

    fn send(&mut self, now: u64, end: End, bytes: Vec<u8>) {
        let canary = &self.canary;
        assert!(
            !bytes.windows(canary.len()).any(|window| window == canary),
            "plaintext of a message on the wire"
        );
        let Some(other) = self.streams.get(&end).map(|stream| stream.other) else { return };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let most = rest.len().min(1 + self.rng.below(20_000) as usize);
            let (part, after) = rest.split_at(most);
            rest = after;
            self.later(now, other, Arrival::Bytes(part.to_vec()));
        }
    }

    fn close(&mut self, now: u64, end: End, cause: Cause) {
        self.listeners.retain(|_, owner| *owner != end);
        self.paused.remove(&end);
        let Some(stream) = self.streams.remove(&end) else { return };
        self.arrivals.retain(|_, (to, _)| *to != end || cause != Cause::Ended);
        self.later(now, stream.other, Arrival::Closed(cause));
    }

    /// What is on its way to the other end never arrives.
    fn lose_in_flight(&mut self, end: End) {
        let Some(other) = self.streams.get(&end).map(|stream| stream.other) else { return };
        let lost = |to: &End, arrival: &Arrival| {
            (*to == other || *to == end) && matches!(arrival, Arrival::Bytes(_))
        };
        self.arrivals.retain(|_, (to, arrival)| !lost(to, arrival));
    }

    fn later(&mut self, now: u64, end: End, arrival: Arrival) {
        let delay = 1 + self.rng.below(40);
        let earliest = self.streams.get(&end).map_or(now, |stream| stream.last_at);
        let at = (now + delay).max(earliest);
        if let Some(stream) = self.streams.get_mut(&end) {
            stream.last_at = at;
        }
        self.count += 1;
        self.arrivals.insert((at, self.count), (end, arrival));
    }
}
