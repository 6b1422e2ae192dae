//! Budgets: how much one account may ask, and how often one address may connect.

use super::Server;
use crate::proto::crypto::digest;
use crate::proto::id::{ConnId, ReqId, SessionId};
use crate::proto::limits::{
    CONNECTS_BURST, CONNECTS_PER_S, DEPOSIT_PER_REQUEST_BYTES, PREKEY_ASKERS,
    PREKEYS_PER_ASKER_HOUR, PROBES_BURST, PROBES_PER_S, PROBING_BURST, PROBING_PER_S,
    REQUESTS_BURST, REQUESTS_PER_S, ROWS_PER_REQUEST, SOURCES, WATCHED_PER_REQUEST,
};
use crate::proto::model::person::Fingerprint;
use crate::proto::time::Mono;
use crate::proto::wire::client::ToServer;
use crate::proto::wire::server::OverBudget;
use log::debug;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A token bucket, as the moment when it will be full again: one number and no timer
/// (ITU-T I.371, the generic cell rate algorithm).
#[derive(Clone, Copy, Default)]
pub(super) struct Bucket {
    full_at: Mono,
}

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy)]
struct Rate {
    token_ms: u64,
    burst: u64,
}

const REQUESTS: Rate = Rate::new(REQUESTS_PER_S, REQUESTS_BURST);
const CONNECTS: Rate = Rate::new(CONNECTS_PER_S, CONNECTS_BURST);
const PROBES: Rate = Rate::new(PROBES_PER_S, PROBES_BURST);
const PROBING: Rate = Rate::new(PROBING_PER_S, PROBING_BURST);
const PREKEYS_ASKED: Rate =
    Rate { token_ms: HOUR_MS / PREKEYS_PER_ASKER_HOUR, burst: PREKEYS_PER_ASKER_HOUR };
const HOUR_MS: u64 = 3_600_000;

impl Rate {
    const fn new(per_s: u32, burst: u32) -> Rate {
        assert!(1000 % per_s == 0, "a token is a whole number of milliseconds");
        Rate { token_ms: (1000 / per_s) as u64, burst: burst as u64 }
    }
}

impl Bucket {
    /// Takes what one question of a probe costs its asker.
    pub(super) fn take_probe(&mut self, now: Mono) -> bool {
        self.take(now, 1, PROBES)
    }

    /// Takes `tokens` out if they are there.
    fn take(&mut self, now: Mono, tokens: u64, rate: Rate) -> bool {
        let full_at = self.full_at.max(now).after_ms(tokens * rate.token_ms);
        let is_enough = full_at.since_ms(now) <= rate.burst * rate.token_ms;
        if is_enough {
            self.full_at = full_at;
        }
        is_enough
    }
}

/// Buckets by what took from them; full ones are forgotten. A key is an address, or a hash that
/// nobody finds another one for.
struct Buckets {
    rate: Rate,
    most: usize,
    by_key: BTreeMap<u128, Bucket>,
    by_time: BTreeSet<(Mono, u128)>,
}

impl Buckets {
    fn new(rate: Rate, most: usize) -> Buckets {
        Buckets { rate, most, by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }

    /// Takes a token out of this one's bucket if it is there.
    fn take(&mut self, key: u128, now: Mono) -> bool {
        self.forget_full(now);
        let mut bucket = self.by_key.get(&key).copied().unwrap_or_default();
        self.by_time.remove(&(bucket.full_at, key));
        let is_enough = bucket.take(now, 1, self.rate);
        self.by_time.insert((bucket.full_at, key));
        self.by_key.insert(key, bucket);
        is_enough
    }

    /// Forgets full buckets, and at the bound also the one that is full soonest.
    fn forget_full(&mut self, now: Mono) {
        while let Some((full_at, key)) = self.by_time.first().copied() {
            if full_at > now && self.by_key.len() < self.most {
                return;
            }
            self.by_time.remove(&(full_at, key));
            self.by_key.remove(&key);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        assert_eq!(self.by_key.len(), self.by_time.len());
        self.by_key.len()
    }
}

/// Addresses that connected lately.
pub(super) struct Sources(Buckets);

impl Sources {
    /// Whether one more connection may come from there. Loopback always may, and our own process.
    pub(super) fn may_connect(&mut self, from: IpAddr, now: Mono) -> bool {
        from.is_loopback() || from.is_unspecified() || self.0.take(network(from), now)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Default for Sources {
    fn default() -> Sources {
        Sources(Buckets::new(CONNECTS, SOURCES))
    }
}

/// Addresses that were answered a probe lately.
pub(super) struct Probing(Buckets);

impl Probing {
    /// Whether one more answer may go there.
    pub(super) fn may_ask(&mut self, from: IpAddr, now: Mono) -> bool {
        self.0.take(network(from), now)
    }
}

impl Default for Probing {
    fn default() -> Probing {
        Probing(Buckets::new(PROBING, SOURCES))
    }
}

/// Who was given one-time prekeys of whom lately. By account, so that a new link starts no new
/// hour.
pub(super) struct PrekeyAskers(Buckets);

impl PrekeyAskers {
    /// Whether the first of the two may be given one more of the second's.
    pub(super) fn take(&mut self, pair: (Fingerprint, Fingerprint), now: Mono) -> bool {
        let (one, other) = pair;
        self.0.take(digest::of_two(&one.0.0, &other.0.0), now)
    }
}

impl Default for PrekeyAskers {
    fn default() -> PrekeyAskers {
        PrekeyAskers(Buckets::new(PREKEYS_ASKED, PREKEY_ASKERS))
    }
}

/// One party's addresses as one: a household or host has an IPv6 /64 (RFC 6177).
fn network(from: IpAddr) -> u128 {
    match from {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & (u128::MAX << 64),
    }
}

impl Server {
    /// Whether the account may ask this now; otherwise it was told so.
    pub(super) fn is_within_budget(&mut self, id: ConnId, message: &ToServer) -> bool {
        let Some(question) = Question::of(message) else { return true };
        let now = self.now.mono;
        let Some(member) = self.roster.member_mut(id) else { return true };
        if member.budget.take(now, question.tokens, REQUESTS) {
            return true;
        }
        debug!("{} is over budget", member.name);
        self.counts.over_budget += 1;
        self.roster.send(id, OverBudget { req: question.req, session: question.session });
        false
    }
}

/// What a question costs, and by what its asker knows it.
struct Question {
    tokens: u64,
    req: Option<ReqId>,
    session: Option<SessionId>,
}

impl Question {
    /// `None` for what is no question.
    fn of(message: &ToServer) -> Option<Question> {
        let sized = |req, tokens| Some(Question { tokens, req, session: None });
        let plain = |req| sized(Some(req), 1);
        let rows = |rows: usize| sized(None, 1 + (rows / ROWS_PER_REQUEST) as u64);
        match message {
            ToServer::Show(show) => plain(show.req),
            ToServer::Who(who) => plain(who.req),
            ToServer::Lookup(lookup) => plain(lookup.req),
            ToServer::WantKey(want) => plain(want.req),
            ToServer::Deposit(deposit) => {
                let bytes = deposit.envelope.0.len();
                sized(Some(deposit.req), 1 + (bytes / DEPOSIT_PER_REQUEST_BYTES) as u64)
            }
            ToServer::Watch(watch) => {
                sized(None, 1 + (watch.who.len() / WATCHED_PER_REQUEST) as u64)
            }
            ToServer::Reach(reach) => rows(reach.tokens.len() + reach.blocked.len()),
            ToServer::Publish(publish) => rows(publish.keys.len()),
            ToServer::Announce(announce) => rows(announce.names.len()),
            ToServer::WantGroups(want) => plain(want.req),
            ToServer::Ask(ask) => {
                Some(Question { tokens: 1, req: None, session: Some(ask.session) })
            }
            ToServer::Hint(_) => sized(None, 1),
            ToServer::Again(again) => {
                Some(Question { tokens: 1, req: None, session: Some(again.session) })
            }
            ToServer::Enter(_)
            | ToServer::Taken(_)
            | ToServer::Answer(_)
            | ToServer::Carry(_)
            | ToServer::Hangup(_)
            | ToServer::Release(_)
            | ToServer::Listening(_)
            | ToServer::Leave(_) => None,
        }
    }
}
