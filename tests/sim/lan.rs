//! The virtual local network: what is said there comes to everybody who listens, late, twice, or
//! not at all.

use super::net::{Node, address_of};
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::machine::LanAction;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub by: Node,
    /// `None`: everybody.
    pub to: Option<SocketAddr>,
    pub bytes: Vec<u8>,
}

/// The one local network of a world.
pub struct Lan {
    rng: Rng,
    /// Whether there is one; what is said is remembered in any case.
    pub is_there: bool,
    /// One datagram in so many is lost, one comes twice; none if 0.
    pub breaks: u64,
    open: BTreeSet<Node>,
    arrivals: BTreeMap<(u64, u64), (Node, SocketAddr, Vec<u8>)>,
    count: u64,
    pub said: Vec<Said>,
}

impl Lan {
    pub fn new(rng: Rng) -> Lan {
        Lan {
            rng,
            is_there: false,
            breaks: 0,
            open: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            count: 0,
            said: Vec::new(),
        }
    }

    /// From where somebody speaks.
    pub fn mouth_of(node: Node) -> SocketAddr {
        SocketAddr::new(address_of(node), 5_000 + node as u16)
    }

    pub fn act(&mut self, now: u64, node: Node, action: LanAction) {
        match action {
            LanAction::Open(_) => {
                self.open.insert(node);
            }
            LanAction::Close => {
                self.open.remove(&node);
            }
            LanAction::Send { to, bytes } => {
                assert!(self.open.contains(&node), "{node} speaks with nothing open");
                self.said.push(Said { by: node, to, bytes: bytes.clone() });
                self.carry(now, Lan::mouth_of(node), to, &bytes);
            }
        }
    }

    /// Somebody says something to everybody, from wherever.
    pub fn say(&mut self, now: u64, from: SocketAddr, bytes: &[u8]) {
        self.carry(now, from, None, bytes);
    }

    pub fn lose_program(&mut self, node: Node) {
        self.open.remove(&node);
        self.arrivals.retain(|_, (to, ..)| *to != node);
    }

    pub fn next_at(&self) -> Option<u64> {
        self.arrivals.keys().next().map(|(at, _)| *at)
    }

    pub fn pop(&mut self, now: u64) -> Option<(Node, SocketAddr, Vec<u8>)> {
        self.next_at().filter(|at| *at <= now)?;
        self.arrivals.pop_first().map(|(_, arrival)| arrival)
    }

    /// How many datagrams somebody has sent.
    pub fn count_of(&self, node: Node) -> usize {
        self.said.iter().filter(|said| said.by == node).count()
    }

    fn carry(&mut self, now: u64, from: SocketAddr, to: Option<SocketAddr>, bytes: &[u8]) {
        if !self.is_there {
            return;
        }
        let hears = |node: &Node| to.is_none_or(|to| to == Lan::mouth_of(*node));
        for node in self.open.iter().copied().filter(hears).collect::<Vec<_>>() {
            let mut copies = 1;
            if self.breaks > 0 {
                copies -= usize::from(self.rng.below(self.breaks) == 0);
                copies += usize::from(self.rng.below(self.breaks) == 0);
            }
            for _ in 0..copies {
                self.count += 1;
                let at = now + 1 + self.rng.below(10);
                self.arrivals.insert((at, self.count), (node, from, bytes.to_vec()));
            }
        }
    }
}

/// Where somebody at an address of their own would speak from.
pub fn mouth_at(ip: IpAddr) -> SocketAddr {
    SocketAddr::new(ip, 6_000)
}
