//! Our outer UDP addresses: where our datagrams come from, as the server sees it.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Off | `Prober` | Known; asks, once datagrams can be sent |
//! | Known | the listener opens, the network changed | Asking; a question to each server address |
//! | Known | a session is asked for or offered, and the last answer is old | Asking; the same |
//! | Asking | an answer | Asking, or Known when all have answered |
//! | Asking | its deadline | Asking; asks again where no answer came; the last time Known |
//! | any | the link to the server is gone | Off |
//!
//! Never while nothing happens: a NAT's mapping is of use only while one is about to be reached.

use super::attempts::What;
use super::core::Alarm;
use super::{Client, Remote};
use crate::proto::bytes::Bytes;
use crate::proto::crypto::probe::{self, Nonce};
use crate::proto::limits;
use crate::proto::time::Mono;
use crate::proto::wire::server::Prober;
use std::net::SocketAddr;

/// What is known of our outer UDP addresses.
#[derive(Default)]
pub(super) struct Outer {
    /// With what to ask, while signed in.
    prober: Option<Prober>,
    asked: Option<Asked>,
    seen: Vec<Seen>,
    answered_at: Option<Mono>,
}

/// A question that stands.
struct Asked {
    nonce: Nonce,
    times: u32,
    /// Who has not answered.
    left: Vec<SocketAddr>,
}

/// One of the server's addresses, and how our datagrams look from there.
struct Seen {
    by: SocketAddr,
    outer: SocketAddr,
}

impl Outer {
    /// Our outer addresses, each once. Two of one family with different ports mean that a NAT gives
    /// a port to each destination. Seen from one address only that stays unknown; a port other than
    /// our own is then the sign that the ports after it are worth a try.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mut all = Vec::new();
        for seen in &self.seen {
            if !all.contains(&seen.outer) {
                all.push(seen.outer);
            }
        }
        all
    }

    fn is_fresh(&self, now: Mono) -> bool {
        self.answered_at.is_some_and(|at| now.since_ms(at) < limits::PROBE_FRESH_MS)
    }

    /// Takes an answer in: our address, and whether no other is waited for.
    fn take(&mut self, by: SocketAddr, bytes: &[u8], now: Mono) -> Option<(SocketAddr, bool)> {
        let (prober, asked) = (self.prober.as_ref()?, self.asked.as_mut()?);
        let outer = probe::read_answer(bytes, &prober.key, asked.nonce)?;
        asked.left.retain(|left| *left != by);
        self.seen.retain(|seen| seen.by != by);
        self.seen.truncate(limits::PROBED - 1);
        self.seen.push(Seen { by, outer });
        self.answered_at = Some(now);
        Some((outer, asked.left.is_empty()))
    }
}

impl Client {
    pub(super) fn on_prober(&mut self, prober: Prober) {
        self.outer.prober = Some(prober);
        self.ask_outer();
    }

    /// Asks each of the server's addresses where our datagrams come from.
    pub(super) fn ask_outer(&mut self) {
        if !self.config.paths.udp {
            return;
        }
        let (Some(from), Some(server)) = (self.listener.udp_at(), &self.config.server) else {
            return;
        };
        if self.outer.prober.is_none() {
            return;
        }
        let is_of_both = from.is_ipv6() && from.ip().is_unspecified();
        let speaks = |remote: &Remote| match remote {
            Remote::Address(to) if is_of_both || to.is_ipv6() == from.is_ipv6() => Some(*to),
            Remote::Address(_) | Remote::Name(..) => None,
        };
        let left: Vec<SocketAddr> =
            server.at.iter().filter_map(speaks).take(limits::PROBED).collect();
        for by in &left {
            self.attempts.begin_ours(self.core.now, &server.label, What::Probe(*by), *by);
        }
        let nonce = Bytes(self.core.rng.bytes());
        self.outer.asked = Some(Asked { nonce, times: 0, left });
        self.on_probe_late();
    }

    /// The same, unless the last answer is young enough.
    pub(super) fn refresh_outer(&mut self) {
        if self.outer.asked.is_none() && !self.outer.is_fresh(self.core.now.mono) {
            self.ask_outer();
        }
    }

    /// It is time to ask, or to give up.
    pub(super) fn on_probe_late(&mut self) {
        let (Some(prober), Some(asked)) = (&self.outer.prober, &mut self.outer.asked) else {
            return;
        };
        if asked.left.is_empty() || asked.times == limits::PROBE_TRIES {
            for by in std::mem::take(&mut asked.left) {
                self.attempts.end(What::Probe(by), self.core.now.mono, "no answer");
                self.outer.seen.retain(|seen| seen.by != by);
            }
            self.outer.asked = None;
            return;
        }
        let question = probe::question(prober.id, &prober.key, asked.nonce);
        for to in &asked.left {
            self.core.datagram(*to, question.clone());
        }
        let wait = limits::PROBE_FIRST_MS << asked.times;
        asked.times += 1;
        self.core.alarm(Alarm::Probe, wait, "our outer address");
    }

    pub(super) fn on_probe_answer(&mut self, by: SocketAddr, bytes: &[u8]) {
        let now = self.core.now.mono;
        let before = self.outer.addresses();
        let Some((outer, was_last)) = self.outer.take(by, bytes, now) else { return };
        let words = ["our datagrams come from ", &outer.to_string()].concat();
        self.attempts.end(What::Probe(by), now, &words);
        if was_last {
            self.outer.asked = None;
            self.core.timers.cancel(&Alarm::Probe);
        }
        if self.outer.addresses() != before {
            self.say_hints();
        }
    }

    /// The link to the server is gone; so are we, perhaps, from where we were.
    pub(super) fn forget_outer(&mut self) {
        self.outer = Outer::default();
        self.core.timers.cancel(&Alarm::Probe);
    }
}
