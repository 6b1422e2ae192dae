//! What was tried at a gateway, and what came of it.

use super::wish::{Answer, Part, Transport, is_behind_another};
use crate::proto::limits;
use crate::proto::time::Now;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A way that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Where.
    pub at: SocketAddr,
    /// What was spoken.
    pub by: &'static str,
    /// When it began.
    pub begun: Now,
    /// How long it took, once it is over.
    pub ms: Option<u64>,
    /// What came of it, in words.
    pub result: String,
}

/// All of it, and what is under way.
#[derive(Default)]
pub(super) struct Trail {
    under_way: Option<Tried>,
    over: VecDeque<Tried>,
}

impl Trail {
    /// Oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Tried> {
        self.over.iter().chain(&self.under_way)
    }

    pub fn begin(&mut self, now: Now, at: SocketAddr, by: &'static str) {
        let result = "still trying".to_owned();
        self.under_way = Some(Tried { at, by, begun: now, ms: None, result });
    }

    /// What is under way, if anything is.
    pub fn by(&self) -> Option<&'static str> {
        self.under_way.as_ref().map(|tried| tried.by)
    }

    /// It has turned out what is spoken.
    pub fn learn(&mut self, by: &'static str) {
        if let Some(tried) = &mut self.under_way {
            tried.by = by;
        }
    }

    pub fn drop(&mut self) {
        self.under_way = None;
    }

    /// What came of it. What is the same as the last time is not told again.
    pub fn end(&mut self, now: Now, result: String) {
        let Some(mut tried) = self.under_way.take() else { return };
        tried.ms = Some(now.mono.since_ms(tried.begun.mono));
        tried.result = result;
        let last = self.over.iter().rev().find(|last| last.by == tried.by);
        if last.is_some_and(|last| last.result == tried.result) {
            return;
        }
        if self.over.len() == limits::PORT_MAPPING_TRIED {
            self.over.pop_front();
        }
        self.over.push_back(tried);
    }
}

/// Why nothing is mapped.
pub(super) fn refusal(parts: &[Part]) -> &'static str {
    let refused = parts.iter().find_map(|part| match part.answer {
        Answer::Refused(why) => Some(why),
        Answer::Awaited | Answer::Mapped { .. } => None,
    });
    refused.unwrap_or("the gateway has no address outside")
}

/// What is mapped.
pub(super) fn words(
    tcp: Option<SocketAddr>,
    udp: Option<SocketAddr>,
    parts: &[Part],
    has_restarted: bool,
) -> String {
    let mut words = String::from("mapped");
    for part in parts {
        let outer = match part.transport {
            Transport::Tcp => tcp,
            Transport::Udp => udp,
        };
        words.push_str(if outer.is_some() { ", " } else { ", not " });
        words.push_str(part.transport.word());
        if let Some(outer) = outer {
            words.push(' ');
            words.push_str(&outer.to_string());
        }
    }
    if tcp.or(udp).is_some_and(|outer| is_behind_another(outer.ip())) {
        words.push_str("; there is another gateway outside");
    }
    if has_restarted {
        words.push_str("; the gateway had restarted");
    }
    words
}
