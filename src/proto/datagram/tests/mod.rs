//! Two associations and a network between them that loses, repeats, delays and overtakes.

mod handshake;
mod stream;

use super::*;
use crate::proto::bytes::Bytes;
use std::collections::BTreeMap;

const SESSION: SessionId = SessionId(Bytes([7; 16]));
const ALICE: usize = 0;
const BOB: usize = 1;

/// What happens to datagrams, in hundredths of them.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    lost: u64,
    twice: u64,
    delay_ms: u64,
    /// Up to so much more delay, each datagram its own.
    jitter_ms: u64,
    /// So many datagrams wait in a queue that drains one a millisecond; more are lost.
    queue: Option<u64>,
}

struct Pair {
    now: Mono,
    weather: Weather,
    rng: Rng,
    keys: [Identity; 2],
    at: [SocketAddr; 2],
    ends: [Association; 2],
    /// By time of arrival and order of sending: to whom, from where, what.
    air: BTreeMap<(Mono, u64), (usize, SocketAddr, Vec<u8>)>,
    sent: u64,
    bytes_sent: usize,
    free_at: [Mono; 2],
    heard: [Vec<u8>; 2],
    met: [bool; 2],
    lost: [Option<Loss>; 2],
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 4_000 + u16::from(last)))
}

impl Pair {
    /// Alice dials Bob; each knows the other's address.
    fn new(weather: Weather, seed: u8) -> Pair {
        Pair::at([address(1), address(2)], weather, seed)
    }

    fn at(at: [SocketAddr; 2], weather: Weather, seed: u8) -> Pair {
        let mut rng = Rng::new([seed; 32]);
        let keys = [Identity::generate(&mut rng), Identity::generate(&mut rng)];
        let now = Mono(1_000);
        let means = Means { now, me: &keys[ALICE], rng: &mut rng };
        let bob = keys[BOB].fingerprint();
        let alice = keys[ALICE].fingerprint();
        let ends = [
            Association::dial(11, SESSION, bob, vec![at[BOB]], means),
            Association::accept(22, SESSION, alice, vec![at[ALICE]], now),
        ];
        Pair {
            now,
            weather,
            rng,
            keys,
            at,
            ends,
            air: BTreeMap::new(),
            sent: 0,
            bytes_sent: 0,
            free_at: [now; 2],
            heard: [Vec::new(), Vec::new()],
            met: [false; 2],
            lost: [None; 2],
        }
    }

    /// Two sides that have met in good weather.
    fn open(weather: Weather, seed: u8) -> Pair {
        let mut pair = Pair::new(Weather::default(), seed);
        pair.run_until(|pair| pair.ends.iter().all(Association::is_open) && pair.air.is_empty());
        pair.weather = weather;
        pair
    }

    /// Takes everything out of one end.
    fn drain(&mut self, end: usize) {
        while let Some(said) = self.ends[end].poll() {
            match said {
                Said::Established(identity) => {
                    assert_eq!(identity, *self.keys[1 - end].public());
                    self.met[end] = true;
                }
                Said::Bytes(bytes) => self.heard[end].extend(bytes),
                Said::Over(loss) => self.lost[end] = Some(loss),
            }
        }
        while let Some((to, bytes)) = self.ends[end].poll_datagram(self.now) {
            let longest = if to.ip().is_loopback() { LOOPBACK } else { limits::DATAGRAM_BYTES };
            assert!(bytes.len() <= longest, "{} bytes", bytes.len());
            self.send(self.at[end], to, bytes);
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.bytes_sent += bytes.len();
        let Some(end) = self.at.iter().position(|at| *at == to) else { return };
        let copies = if self.rng.below(100) < self.weather.twice { 2 } else { 1 };
        for _ in 0..copies {
            if self.rng.below(100) < self.weather.lost {
                continue;
            }
            let jitter = self.rng.below(self.weather.jitter_ms + 1);
            let mut arrival = self.now.after_ms(self.weather.delay_ms + jitter);
            if let Some(queue) = self.weather.queue {
                let free_at = &mut self.free_at[end];
                if free_at.since_ms(self.now) >= queue {
                    continue;
                }
                *free_at = self.now.max(*free_at).after_ms(1);
                arrival = free_at.after_ms(self.weather.delay_ms);
            }
            self.sent += 1;
            self.air.insert((arrival, self.sent), (end, from, bytes.clone()));
        }
    }

    fn handle(&mut self, end: usize, from: SocketAddr, bytes: &[u8]) {
        let means = Means { now: self.now, me: &self.keys[end], rng: &mut self.rng };
        self.ends[end].handle(means, from, bytes);
    }

    /// When something happens next.
    fn next(&mut self) -> Option<Mono> {
        (0..2).for_each(|end| self.drain(end));
        let arrival = self.air.first_key_value().map(|((at, _), _)| *at);
        let due = self.ends.iter().filter_map(|end| end.poll_timeout()).map(|(at, _)| at).min();
        arrival.into_iter().chain(due).min()
    }

    /// The next thing that happens: everything that arrives at one moment, or a deadline. Whether
    /// there is any.
    fn step(&mut self) -> bool {
        let Some(next) = self.next() else { return false };
        self.now = self.now.max(next);
        let was_due = [0, 1].map(|end| self.is_due(end));
        while let Some(first) = self.air.first_entry()
            && first.key().0 <= self.now
        {
            let (end, from, bytes) = first.remove();
            self.handle(end, from, &bytes);
        }
        for (end, was_due) in was_due.into_iter().enumerate() {
            self.drain(end);
            assert!(was_due || !self.is_due(end), "a deadline that was past when it was set");
            if self.is_due(end) {
                self.ends[end].on_time(self.now);
                let next = self.ends[end].poll_timeout();
                self.drain(end);
                let after = self.ends[end].poll_timeout();
                assert!(
                    after.is_none_or(|(at, _)| at > self.now),
                    "a deadline that stays: {next:?}, {after:?}"
                );
            }
        }
        (0..2).for_each(|end| self.drain(end));
        true
    }

    fn is_due(&self, end: usize) -> bool {
        self.ends[end].poll_timeout().is_some_and(|(at, _)| at <= self.now)
    }

    fn run_until(&mut self, is_done: impl Fn(&Pair) -> bool) {
        let start = self.now;
        while !is_done(self) {
            assert!(self.step(), "nothing happens any more");
            assert!(self.now.since_ms(start) < 600_000, "it takes too long");
        }
    }

    fn run_for(&mut self, ms: u64) {
        let end = self.now.after_ms(ms);
        while self.next().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }
}

const LOOPBACK: usize = limits::LOOPBACK_DATAGRAM_BYTES;

fn text(length: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; length];
    Rng::new([seed; 32]).fill(&mut bytes);
    bytes
}
