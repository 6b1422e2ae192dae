//! Budgets: how much one account may ask, and how often one address may connect.

use super::Server;
use crate::proto::id::{ConnId, ReqId, SessionId};
use crate::proto::limits::{
    CONNECTS_BURST, CONNECTS_PER_S, REQUESTS_BURST, REQUESTS_PER_S, SOURCES, WATCHED_PER_REQUEST,
};
use crate::proto::time::Mono;
use crate::proto::wire::client::ToServer;
use crate::proto::wire::server::OverBudget;
use log::debug;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

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

impl Rate {
    const fn new(per_s: u32, burst: u32) -> Rate {
        assert!(1000 % per_s == 0, "a token is a whole number of milliseconds");
        Rate { token_ms: (1000 / per_s) as u64, burst: burst as u64 }
    }
}

impl Bucket {
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

/// The buckets of addresses that connected lately; full ones are forgotten.
#[derive(Default)]
pub(super) struct Sources {
    buckets: BTreeMap<IpAddr, Bucket>,
    by_time: BTreeSet<(Mono, IpAddr)>,
}

impl Sources {
    /// Whether one more connection may come from there. Loopback always may.
    pub(super) fn may_connect(&mut self, from: IpAddr, now: Mono) -> bool {
        if from.is_loopback() {
            return true;
        }
        self.forget_full(now);
        let source = network(from);
        let mut bucket = self.buckets.get(&source).copied().unwrap_or_default();
        self.by_time.remove(&(bucket.full_at, source));
        let may = bucket.take(now, 1, CONNECTS);
        self.by_time.insert((bucket.full_at, source));
        self.buckets.insert(source, bucket);
        may
    }

    /// Forgets full buckets, and at the bound also the one that is full soonest.
    fn forget_full(&mut self, now: Mono) {
        while let Some((full_at, source)) = self.by_time.first().copied() {
            if full_at > now && self.buckets.len() < SOURCES {
                return;
            }
            self.by_time.remove(&(full_at, source));
            self.buckets.remove(&source);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.buckets.len(), self.by_time.len());
        self.buckets.len()
    }
}

/// One party's addresses as one: a household or host has an IPv6 /64 (RFC 6177).
fn network(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
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
        let plain = |req| Some(Question { tokens: 1, req: Some(req), session: None });
        match message {
            ToServer::Show(show) => plain(show.req),
            ToServer::Who(who) => plain(who.req),
            ToServer::Lookup(lookup) => plain(lookup.req),
            ToServer::Watch(watch) => {
                let tokens = 1 + (watch.who.len() / WATCHED_PER_REQUEST) as u64;
                Some(Question { tokens, req: None, session: None })
            }
            ToServer::Ask(ask) => {
                Some(Question { tokens: 1, req: None, session: Some(ask.session) })
            }
            ToServer::Enter(_)
            | ToServer::Answer(_)
            | ToServer::Carry(_)
            | ToServer::Hangup(_)
            | ToServer::Listening(_)
            | ToServer::Leave(_) => None,
        }
    }
}
