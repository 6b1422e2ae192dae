//! Presence: who watches whom, pushes, and `who`.

use super::roster::Member;
use super::{Server, Then, may_reach};
use crate::proto::id::ConnId;
use crate::proto::limits::{WATCHED, WHO_PAGE_NAMES};
use crate::proto::model::account::{Account, Visibility};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::AccountKey;
use crate::proto::time::Wall;
use crate::proto::wire::client::{Watch, Who};
use crate::proto::wire::server::{Brief, Presence, WhoPage};
use std::collections::BTreeSet;

/// Who is watched by whom.
#[derive(Default)]
pub(super) struct Watchers {
    pairs: BTreeSet<(Fingerprint, ConnId)>,
}

impl Watchers {
    fn start(&mut self, watcher: ConnId, watched: &[Fingerprint]) {
        self.pairs.extend(watched.iter().map(|key| (*key, watcher)));
    }

    pub(super) fn stop(&mut self, watcher: ConnId, watched: &[Fingerprint]) {
        for key in watched {
            self.pairs.remove(&(*key, watcher));
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn of(&self, key: Fingerprint) -> impl Iterator<Item = ConnId> {
        self.pairs.range((key, ConnId(0))..=(key, ConnId(u64::MAX))).map(|(_, watcher)| *watcher)
    }
}

impl Server {
    /// Takes the new list in place of the old one; what is over the bound is passed over.
    pub(super) fn on_watch(&mut self, id: ConnId, mut watch: Watch) {
        watch.who.truncate(WATCHED);
        watch.who.sort_unstable();
        watch.who.dedup();
        let watched = watch.who.into_boxed_slice();
        let Some(member) = self.roster.member_mut(id) else { return };
        let asker = member.key;
        let before = std::mem::replace(&mut member.watching, watched.clone());
        self.watchers.stop(id, &before);
        self.watchers.start(id, &watched);
        for who in watched {
            self.show_presence(id, asker, who);
        }
    }

    /// The first presence of somebody away, who may be nobody, or not for this watcher to see.
    pub(super) fn on_watched_read(&mut self, id: ConnId, account: Option<Account>) {
        let (Some(account), Some(watcher)) = (account, self.roster.member(id)) else { return };
        let who = account.fingerprint;
        // Signed in since: that was pushed, and is the later word.
        let is_online = self.roster.by_key(who).is_some();
        if !is_online && may_reach(watcher.key, who, account.visibility) {
            self.roster.send(id, Presence { who, online: false, seen: account.seen });
        }
    }

    /// Tells those who watch somebody and may know.
    pub(super) fn announce(
        &mut self,
        who: Fingerprint,
        visibility: Visibility,
        online: bool,
        seen: Wall,
    ) {
        if self.is_leaving {
            return;
        }
        for id in self.watchers.of(who) {
            let may = self.roster.member(id).is_some_and(|m| may_reach(m.key, who, visibility));
            if may {
                self.roster.send(id, Presence { who, online, seen });
            }
        }
    }

    /// Tells those who watch somebody and could not see them before, or cannot any more: to them
    /// it looks like coming and going.
    pub(super) fn announce_visibility(&mut self, id: ConnId) {
        let Some(member) = self.roster.member(id) else { return };
        let (who, visibility) = (member.key, member.visibility);
        let online = visibility == Visibility::Public;
        let seen = if online { member.since } else { self.now.wall };
        for id in self.watchers.of(who) {
            let is_concerned = self
                .roster
                .member(id)
                .is_some_and(|watcher| !may_reach(watcher.key, who, Visibility::Private));
            if is_concerned {
                self.roster.send(id, Presence { who, online, seen });
            }
        }
    }

    /// A page of the public members, and the one who asks.
    pub(super) fn on_who(&mut self, id: ConnId, who: Who) {
        let Some(me) = self.roster.member(id) else { return };
        let prefix = who.prefix.to_ascii_lowercase();
        let after = who.after.as_ref();
        let page = self.roster.public_from(&prefix, after).take(WHO_PAGE_NAMES + 1);
        let mut people: Vec<Brief> = page.map(brief).collect();
        let is_mine = me.name.as_str().starts_with(&prefix) && after.is_none_or(|a| me.name > *a);
        if is_mine && let Err(place) = people.binary_search_by(|b| b.name.cmp(&me.name)) {
            people.insert(place, brief(me));
        }
        let more = people.len() > WHO_PAGE_NAMES;
        people.truncate(WHO_PAGE_NAMES);
        self.roster.send(id, WhoPage { req: who.req, people, more });
    }

    fn show_presence(&mut self, id: ConnId, asker: Fingerprint, who: Fingerprint) {
        let online = self.roster.by_key(who).and_then(|conn| self.roster.member(conn));
        match online {
            Some(member) if may_reach(asker, who, member.visibility) => {
                let seen = member.since;
                self.roster.send(id, Presence { who, online: true, seen });
            }
            Some(_) => {}
            None => self.out.query(AccountKey::Key(who), Then::Watched(id)),
        }
    }
}

fn brief(member: &Member) -> Brief {
    Brief {
        name: member.name.clone(),
        address: member.address,
        fingerprint: member.key,
        seen: member.since,
    }
}
