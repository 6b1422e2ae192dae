//! Presence: who watches whom, pushes, and `who`.

use super::reach::{Right, Sight, hash, may_reach};
use super::roster::Member;
use super::{Server, Then};
use crate::proto::gather;
use crate::proto::id::ConnId;
use crate::proto::limits::{WATCHED, WHO_PAGE_NAMES};
use crate::proto::model::account::{Account, Visibility};
use crate::proto::model::bond::TokenHash;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{AccountKey, Read};
use crate::proto::time::Wall;
use crate::proto::wire::client::{Watch, Who};
use crate::proto::wire::server::{Brief, Presence, WhoPage};
use std::collections::BTreeMap;

/// Who is watched by whom.
#[derive(Default)]
pub(super) struct Watchers {
    pairs: BTreeMap<(Fingerprint, ConnId), Watching>,
}

/// One watching another.
#[derive(Default)]
struct Watching {
    token: Option<TokenHash>,
    /// As the other's lists have it; `None` until they are read.
    right: Option<Right>,
}

impl Watchers {
    fn start(&mut self, watcher: ConnId, watched: &[(Fingerprint, Option<TokenHash>)]) {
        let pair =
            |(who, token): &(_, _)| ((*who, watcher), Watching { token: *token, right: None });
        self.pairs.extend(watched.iter().map(pair));
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

    fn of(&self, key: Fingerprint) -> impl Iterator<Item = (ConnId, &Watching)> {
        let watchers = self.pairs.range((key, ConnId(0))..=(key, ConnId(u64::MAX)));
        watchers.map(|((_, watcher), watching)| (*watcher, watching))
    }
}

impl Server {
    /// Takes the new list in place of the old one; what is over the bound is passed over.
    pub(super) fn on_watch(&mut self, id: ConnId, mut watch: Watch) {
        watch.who.truncate(WATCHED);
        gather::sort(&mut watch.who, |one, other| one.who.cmp(&other.who));
        watch.who.dedup_by_key(|watched| watched.who);
        let watched: Vec<_> = watch.who.iter().map(|w| (w.who, hash(w.token))).collect();
        let Some(member) = self.roster.member_mut(id) else { return };
        let asker = member.key;
        let keys = watched.iter().map(|(who, _)| *who).collect();
        let before = std::mem::replace(&mut member.watching, keys);
        self.watchers.stop(id, &before);
        self.watchers.start(id, &watched);
        for (who, token) in watched {
            self.out.query_for(asker, token, AccountKey::Key(who), Then::Watched(id, who));
        }
    }

    /// The first presence of somebody, who may be nobody, or not for this watcher to see.
    pub(super) fn on_watched_read(&mut self, id: ConnId, who: Fingerprint, sight: Sight) {
        let Some(watcher) = self.roster.member(id).map(|watcher| watcher.key) else { return };
        let Some(watching) = self.watchers.pairs.get_mut(&(who, id)) else { return };
        watching.right = Some(sight.right);
        let Some(seen) = self.seen(who, sight.account) else { return };
        if may_reach(watcher, who, seen.visibility, sight.right) {
            self.roster.send(id, Presence { who, online: seen.online, seen: seen.at });
        }
    }

    /// Reads again who of those who watch somebody may see them.
    pub(super) fn recheck_watchers(&mut self, who: Fingerprint) {
        for (id, watching) in self.watchers.of(who) {
            let Some(watcher) = self.roster.member(id) else { continue };
            let (by, then) = (AccountKey::Key(who), Then::Rechecked(id, who));
            self.out.query_for(watcher.key, watching.token, by, then);
        }
    }

    /// To a watcher who may not see somebody any more it looks like going; to one who may now, like
    /// coming.
    pub(super) fn on_rechecked_read(&mut self, id: ConnId, who: Fingerprint, sight: Sight) {
        let Some(watcher) = self.roster.member(id).map(|watcher| watcher.key) else { return };
        // Without a right yet, the list is new and about to be read.
        let Some(watching) = self.watchers.pairs.get_mut(&(who, id)) else { return };
        let Some(before) = watching.right else { return };
        watching.right = Some(sight.right);
        let Some(seen) = self.seen(who, sight.account) else { return };
        let could = may_reach(watcher, who, seen.visibility, before);
        let can = may_reach(watcher, who, seen.visibility, sight.right);
        match (could, can) {
            (false, true) => {
                self.roster.send(id, Presence { who, online: seen.online, seen: seen.at });
            }
            (true, false) if seen.online => {
                self.roster.send(id, Presence { who, online: false, seen: self.now.wall });
            }
            (true, false) | (true, true) | (false, false) => {}
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
        for (id, watching) in self.watchers.of(who) {
            let (Some(watcher), Some(right)) = (self.roster.member(id), watching.right) else {
                continue;
            };
            if may_reach(watcher.key, who, visibility, right) {
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
        for (id, watching) in self.watchers.of(who) {
            let (Some(watcher), Some(right)) = (self.roster.member(id), watching.right) else {
                continue;
            };
            let is_seen = |visibility| may_reach(watcher.key, who, visibility, right);
            if is_seen(Visibility::Public) && !is_seen(Visibility::Private) {
                self.roster.send(id, Presence { who, online, seen });
            }
        }
    }

    pub(super) fn on_who(&mut self, id: ConnId, who: Who) {
        let Some(me) = self.roster.member(id).map(|me| me.key) else { return };
        self.out.read(Read::BlockersOf(me), Then::Who(id, who));
        if let Some(conn) = self.roster.conn_mut(id) {
            conn.flow.is_answering = true;
        }
    }

    /// A page of the public members but those who block the one who asks, and of that one.
    pub(super) fn on_blockers_read(&mut self, id: ConnId, who: Who, blockers: Vec<Fingerprint>) {
        let Some(me) = self.roster.member(id) else { return };
        let blockers = gather::set(blockers);
        let prefix = who.prefix.to_ascii_lowercase();
        let after = who.after.as_ref();
        let page = self.roster.public_from(&prefix, after);
        let page = page.filter(|member| member.key == me.key || !blockers.contains(&member.key));
        let mut people: Vec<Brief> = page.take(WHO_PAGE_NAMES + 1).map(brief).collect();
        let is_mine = me.name.as_str().starts_with(&prefix) && after.is_none_or(|a| me.name > *a);
        if is_mine && let Err(place) = people.binary_search_by(|b| b.name.cmp(&me.name)) {
            people.insert(place, brief(me));
        }
        let more = people.len() > WHO_PAGE_NAMES;
        people.truncate(WHO_PAGE_NAMES);
        self.roster.send(id, WhoPage { req: who.req, people, more });
        if let Some(conn) = self.roster.conn_mut(id) {
            conn.flow.is_answering = false;
        }
        self.hold_back(id);
        self.read_on(id);
    }

    /// What there is to see of somebody, of whoever has an account.
    fn seen(&self, who: Fingerprint, account: Option<Account>) -> Option<Seen> {
        let account = account?;
        let member = self.roster.by_key(who).and_then(|conn| self.roster.member(conn));
        Some(match member {
            Some(m) => Seen { online: true, visibility: m.visibility, at: m.since },
            None => Seen { online: false, visibility: account.visibility, at: account.seen },
        })
    }
}

/// How somebody is at the moment.
struct Seen {
    online: bool,
    visibility: Visibility,
    at: Wall,
}

fn brief(member: &Member) -> Brief {
    Brief {
        name: member.name.clone(),
        address: member.address,
        fingerprint: member.key,
        seen: member.since,
    }
}
