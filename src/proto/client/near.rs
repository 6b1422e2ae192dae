//! Who is near: whose beacons were heard on the local network, and where they are dialled.

use crate::proto::limits;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::table::Table;
use crate::proto::time::{Mono, Now, Wall};
use crate::proto::wire::lan::Beacon;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Everybody near.
#[derive(Default)]
pub(super) struct Nearby {
    by_key: Table<Fingerprint, Near>,
    /// Where somebody was dialled last in vain.
    failed: BTreeMap<Fingerprint, SocketAddr>,
}

/// Somebody near.
pub(super) struct Near {
    pub identity: PublicIdentity,
    /// What they say they are called.
    pub name: Option<Name>,
    /// Public groups that they lead.
    pub groups: Vec<Name>,
    /// Where they are dialled, best first; never empty.
    at: Vec<SocketAddr>,
    /// Which of those is being dialled.
    dialled: Option<SocketAddr>,
    /// When they spoke last, by their clock and by ours.
    sent: Wall,
    pub heard: Mono,
    pub last: Wall,
    /// When they were answered last, and dialled.
    answered: Option<Mono>,
    tried: Option<Mono>,
}

impl Nearby {
    pub fn by_key(&self, who: Fingerprint) -> Option<&Near> {
        self.by_key.get(&who)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Fingerprint, &Near)> {
        self.by_key.iter().map(|(who, near)| (*who, near))
    }

    /// Whether somebody has said something later already.
    pub fn is_late(&self, who: Fingerprint, beacon: &Beacon) -> bool {
        self.by_key.get(&who).is_some_and(|near| beacon.sent < near.sent)
    }

    /// Somebody is there. Whether that may be where they were not dialled in vain.
    pub fn hear(&mut self, now: Now, who: Fingerprint, beacon: Beacon, at: SocketAddr) -> bool {
        let Beacon { identity, name, mut groups, sent, .. } = beacon;
        groups.truncate(limits::BEACON_GROUPS);
        let near = self.by_key.get_or_insert_with(who, || Near {
            identity,
            name: None,
            groups: Vec::new(),
            at: Vec::new(),
            dialled: None,
            sent: Wall(i64::MIN),
            heard: now.mono,
            last: now.wall,
            answered: None,
            tried: None,
        });
        if sent > near.sent {
            near.at.clear();
        }
        if near.at.len() < limits::NEAR_ADDRESSES && !near.at.contains(&at) {
            near.at.push(at);
        }
        (near.name, near.groups, near.sent) = (name, groups, sent);
        (near.heard, near.last) = (now.mono, now.wall);
        self.failed.remove(&who).is_none_or(|failed| failed != at)
    }

    /// Makes room for somebody new. Who is forgotten for it, or nothing if there is nobody whom
    /// `may_go` lets go.
    pub fn make_room(
        &mut self,
        may_go: impl Fn(Fingerprint) -> bool,
    ) -> Result<Option<Fingerprint>, ()> {
        if self.by_key.len() < limits::NEAR {
            return Ok(None);
        }
        let others = self.by_key.iter().filter(|(who, _)| may_go(**who));
        let oldest = others.min_by_key(|(_, near)| near.heard).map(|(who, _)| *who);
        oldest.map(Some).ok_or(())
    }

    /// Somebody is gone. Whether they were there.
    pub fn forget(&mut self, who: Fingerprint) -> bool {
        self.by_key.remove(&who).is_some()
    }

    pub fn clear(&mut self) {
        *self = Nearby::default();
    }

    /// Whoever has not spoken since then.
    pub fn silent_since(&self, then: Mono) -> Vec<Fingerprint> {
        self.iter().filter(|(_, near)| near.heard < then).map(|(who, _)| who).collect()
    }

    /// Whether somebody may be answered again.
    pub fn may_answer(&mut self, now: Mono, who: Fingerprint) -> bool {
        let Some(near) = self.by_key.get_mut(&who) else { return false };
        let is_due = near.answered.is_none_or(|at| now.since_ms(at) >= limits::ANSWERED_MS);
        if is_due {
            near.answered = Some(now);
        }
        is_due
    }

    /// Whether somebody was not dialled for a while.
    pub fn is_rested(&self, now: Mono, who: Fingerprint) -> bool {
        let tried = self.by_key.get(&who).and_then(|near| near.tried);
        tried.is_none_or(|tried| now.since_ms(tried) >= limits::MAIL_AGAIN_FIRST_MS)
    }

    /// Where to dial somebody.
    pub fn dial(&mut self, now: Mono, who: Fingerprint) -> Option<SocketAddr> {
        let near = self.by_key.get_mut(&who)?;
        near.tried = Some(now);
        near.dialled = near.at.first().copied();
        near.dialled
    }

    /// Who was dialled has answered.
    pub fn on_answered(&mut self, who: Fingerprint) {
        if let Some(near) = self.by_key.get_mut(&who) {
            near.dialled = None;
        }
    }

    /// Who was dialled has not answered.
    pub fn on_unanswered(&mut self, who: Fingerprint) -> Unanswered {
        let Some(near) = self.by_key.get_mut(&who) else { return Unanswered::Gone };
        let Some(dialled) = near.dialled.take() else { return Unanswered::No };
        near.at.retain(|at| *at != dialled);
        if !near.at.is_empty() {
            return Unanswered::Next;
        }
        self.by_key.remove(&who);
        if self.failed.len() < limits::NEAR {
            self.failed.insert(who, dialled);
        }
        Unanswered::Gone
    }
}

/// What is left of somebody who was dialled in vain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// They had answered.
    No,
    /// Another address.
    Next,
    /// Nothing: they are not there.
    Gone,
}
