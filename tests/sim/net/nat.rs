//! NATs between programs and the rest of the world, of every kind (RFC 4787, RFC 5382).

use super::{Net, Node, address_of, alias_of};
use hobnob::proto::crypto::rng::Rng;
use std::net::{IpAddr, SocketAddr};

/// On what of the other end something depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On nothing.
    Nothing,
    /// On its address.
    Address,
    /// On its address and port.
    Port,
}

/// Which outer port a new mapping gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// The inner one, unless another program has it.
    Kept,
    /// The one after the last.
    Next,
    /// Any.
    Random,
}

/// What a NAT does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// On what it depends which outer port a program's socket has.
    pub mapping: On,
    /// On what it depends who is let in: of those that were sent to.
    pub filtering: On,
    pub ports: Ports,
    /// Whether those behind it reach each other by their outer addresses.
    pub hairpins: bool,
    /// How long a mapping for datagrams lasts after the last one out.
    pub lasts_ms: u64,
}

/// What is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proto {
    Tcp,
    Udp,
}

struct Nat {
    outer: IpAddr,
    kind: Kind,
    /// The last port given out in order, of TCP's and of UDP's.
    last_ports: [u16; 2],
    mappings: Vec<Mapping>,
    rng: Rng,
}

struct Mapping {
    proto: Proto,
    inner: SocketAddr,
    towards: Option<SocketAddr>,
    port: u16,
    /// Who was sent to.
    sent_to: Vec<SocketAddr>,
    used_at: u64,
}

/// The NATs, and who is behind which.
#[derive(Default)]
pub struct Nats {
    nats: Vec<Nat>,
    homes: Vec<(Node, usize)>,
}

impl Kind {
    pub fn any(dice: &mut Rng) -> Kind {
        let mut on = || [On::Nothing, On::Address, On::Port][dice.below(3) as usize];
        let (mapping, filtering) = (on(), on());
        Kind {
            mapping,
            filtering,
            ports: [Ports::Kept, Ports::Next, Ports::Random][dice.below(3) as usize],
            hairpins: dice.below(2) == 0,
            lasts_ms: 30_000 + dice.below(300_000),
        }
    }
}

impl On {
    /// What of an end counts.
    fn of(self, end: SocketAddr) -> Option<SocketAddr> {
        match self {
            On::Nothing => None,
            On::Address => Some(SocketAddr::new(end.ip(), 0)),
            On::Port => Some(end),
        }
    }
}

impl Nat {
    /// The outer port of what is sent.
    fn let_out(&mut self, now: u64, proto: Proto, inner: SocketAddr, to: SocketAddr) -> u16 {
        self.forget(now);
        let towards = self.kind.mapping.of(to);
        let is_it = |mapping: &Mapping| {
            (mapping.proto, mapping.inner, mapping.towards) == (proto, inner, towards)
        };
        let place = self.mappings.iter().position(is_it).unwrap_or_else(|| {
            let (port, sent_to) = (self.new_port(proto, inner), Vec::new());
            self.mappings.push(Mapping { proto, inner, towards, port, sent_to, used_at: now });
            self.mappings.len() - 1
        });
        let mapping = &mut self.mappings[place];
        mapping.used_at = now;
        if !mapping.sent_to.contains(&to) {
            mapping.sent_to.push(to);
        }
        mapping.port
    }

    /// The inner end that something from outside gets to.
    fn let_in(
        &mut self,
        now: u64,
        proto: Proto,
        from: SocketAddr,
        port: u16,
    ) -> Option<SocketAddr> {
        self.forget(now);
        let filtering = self.kind.filtering;
        let lets_in = |mapping: &&Mapping| {
            (mapping.proto, mapping.port) == (proto, port)
                && mapping.sent_to.iter().any(|to| filtering.of(*to) == filtering.of(from))
        };
        self.mappings.iter().find(lets_in).map(|mapping| mapping.inner)
    }

    fn new_port(&mut self, proto: Proto, inner: SocketAddr) -> u16 {
        let is_others = |port: u16| {
            let has = |m: &Mapping| (m.proto, m.port) == (proto, port) && m.inner != inner;
            self.mappings.iter().any(has)
        };
        if self.kind.ports == Ports::Kept && !is_others(inner.port()) {
            return inner.port();
        }
        loop {
            let port = match self.kind.ports {
                Ports::Kept | Ports::Next => {
                    let last = &mut self.last_ports[proto as usize];
                    *last += 1;
                    *last
                }
                Ports::Random => 20_000 + self.rng.below(40_000) as u16,
            };
            if !self.mappings.iter().any(|m| (m.proto, m.port) == (proto, port)) {
                return port;
            }
        }
    }

    /// A TCP mapping lasts as long as the scenarios do (RFC 5382 REQ-5: two hours).
    fn forget(&mut self, now: u64) {
        let lasts = self.kind.lasts_ms;
        self.mappings.retain(|m| m.proto == Proto::Tcp || now.saturating_sub(m.used_at) < lasts);
    }
}

impl Nats {
    fn home_of(&self, node: Node) -> Option<usize> {
        self.homes.iter().find(|(who, _)| *who == node).map(|(_, nat)| *nat)
    }
}

impl Net {
    /// Puts programs behind one NAT, in place of those where they were.
    pub fn put_behind(&mut self, kind: Kind, nodes: &[Node]) {
        let place = self.nats.nats.len();
        let outer = IpAddr::from([198, 51, 100, place as u8 + 1]);
        let rng = Rng::new([place as u8; 32]);
        self.nats.nats.push(Nat {
            outer,
            kind,
            last_ports: [30_000; 2],
            mappings: Vec::new(),
            rng,
        });
        self.nats.homes.retain(|(node, _)| !nodes.contains(node));
        self.nats.homes.extend(nodes.iter().map(|node| (*node, place)));
    }

    /// Whence something seems to come to whom it gets to, and to which end; `None` if it is lost.
    pub fn pass(
        &mut self,
        now: u64,
        proto: Proto,
        node: Node,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Option<(SocketAddr, SocketAddr)> {
        let home = self.nats.home_of(node);
        let inner = self.nats.homes.iter().find(|(node, _)| is_of(*node, to.ip())).map(|(_, n)| *n);
        if home.is_some() && inner == home {
            return Some((from, to));
        }
        let seen = match home {
            Some(nat) => {
                let nat = &mut self.nats.nats[nat];
                SocketAddr::new(nat.outer, nat.let_out(now, proto, from, to))
            }
            None => from,
        };
        if inner.is_some() {
            // An inner address means nothing outside.
            return None;
        }
        let Some(other) = self.nats.nats.iter().position(|nat| nat.outer == to.ip()) else {
            return Some((seen, to));
        };
        let nat = &mut self.nats.nats[other];
        if Some(other) == home && !nat.kind.hairpins {
            return None;
        }
        nat.let_in(now, proto, seen, to.port()).map(|inner| (seen, inner))
    }
}

fn is_of(node: Node, ip: IpAddr) -> bool {
    ip == address_of(node) || ip == alias_of(node)
}

/// Whether two programs can reach each other without a relay, from the kinds of their NATs alone;
/// `None` is no NAT. Not, where it takes luck.
///
/// A port is *foreseen* if it is the one that the server saw: the mapping depends on nothing, or
/// ports are kept. Each sends to where the server saw the other.
///
/// | one's port | the other's | reached if |
/// |---|---|---|
/// | foreseen | foreseen | always: each has sent to where the other sends from |
/// | foreseen | not | the one lets in by address at most: what comes is from another port |
/// | not | not | one lets in anybody, and the other by address at most: the one hears, and answers |
///
/// Ports that are given out in order can be guessed; then it may go better than this says.
pub fn can_go_direct(one: Option<Kind>, other: Option<Kind>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    let is_foreseen = |kind: Kind| kind.mapping == On::Nothing || kind.ports == Ports::Kept;
    let by_address = |kind: Kind| kind.filtering != On::Port;
    let hears = |one: Kind, other: Kind| one.filtering == On::Nothing && by_address(other);
    match (is_foreseen(one), is_foreseen(other)) {
        (true, true) => true,
        (true, false) => by_address(one),
        (false, true) => by_address(other),
        (false, false) => hears(one, other) || hears(other, one),
    }
}

/// How something that one sends seems to the other, who is behind the last NAT, if it gets there.
#[cfg(test)]
fn passes(net: &mut Net, now: u64, from: (Node, u16), to: SocketAddr) -> Option<SocketAddr> {
    let source = SocketAddr::new(address_of(from.0), from.1);
    net.pass(now, Proto::Udp, from.0, source, to).map(|(seen, _)| seen)
}

#[cfg(test)]
fn one_behind(mapping: On, filtering: On, ports: Ports) -> Net {
    let mut net = Net::new(Rng::new([1; 32]), Rng::new([2; 32]));
    let kind = Kind { mapping, filtering, ports, hairpins: false, lasts_ms: 30_000 };
    net.put_behind(kind, &[1]);
    net
}

#[test]
fn a_mapping_depends_on_the_other_end_as_far_as_its_kind_says() {
    let to = [(2, 7), (2, 8), (3, 7)].map(|(node, port)| SocketAddr::new(address_of(node), port));
    for (mapping, ports) in [(On::Nothing, 1), (On::Address, 2), (On::Port, 3)] {
        let mut net = one_behind(mapping, On::Port, Ports::Random);
        let seen = to.map(|to| passes(&mut net, 0, (1, 5), to).expect("it gets out"));
        let again = to.map(|to| passes(&mut net, 0, (1, 5), to).expect("it gets out"));
        assert_eq!(seen, again);
        let distinct: std::collections::BTreeSet<u16> = seen.iter().map(|at| at.port()).collect();
        assert_eq!(distinct.len(), ports, "{mapping:?}");
    }
}

#[test]
fn who_is_let_in_depends_on_who_was_sent_to() {
    let end = |node, port| SocketAddr::new(address_of(node), port);
    for (filtering, let_in) in [
        (On::Nothing, [true; 3]),
        (On::Address, [true, true, false]),
        (On::Port, [true, false, false]),
    ] {
        let mut net = one_behind(On::Nothing, filtering, Ports::Next);
        let outer = passes(&mut net, 0, (1, 5), end(2, 7)).expect("it gets out");
        let comes = [(2, 7), (2, 8), (3, 7)].map(|from| passes(&mut net, 0, from, outer).is_some());
        assert_eq!(comes, let_in, "{filtering:?}");
    }
}

#[test]
fn a_mapping_is_forgotten_after_silence_from_inside() {
    let to = SocketAddr::new(address_of(2), 7);
    let mut net = one_behind(On::Nothing, On::Nothing, Ports::Next);
    let outer = passes(&mut net, 0, (1, 5), to).expect("it gets out");
    assert!(passes(&mut net, 29_999, (2, 7), outer).is_some());
    assert!(passes(&mut net, 30_000, (2, 7), outer).is_none());
    assert_ne!(passes(&mut net, 30_000, (1, 5), to), Some(outer));
}

#[test]
fn those_behind_one_nat_meet_inside_and_outside_only_if_it_hairpins() {
    for hairpins in [false, true] {
        let mut net = one_behind(On::Nothing, On::Nothing, Ports::Next);
        let kind = Kind { hairpins, ..net.nats.nats[0].kind };
        net.put_behind(kind, &[1, 2]);
        let inner = SocketAddr::new(address_of(2), 7);
        let at = |net: &mut Net, to| passes(net, 0, (1, 5), to);
        assert_eq!(at(&mut net, inner), Some(SocketAddr::new(address_of(1), 5)));
        let outer = passes(&mut net, 0, (2, 7), SocketAddr::new(address_of(0), 9));
        let outer = outer.expect("it gets out");
        assert_eq!(at(&mut net, outer).is_some(), hairpins);
        assert_eq!(passes(&mut net, 0, (3, 5), inner), None, "an inner address from outside");
    }
}
