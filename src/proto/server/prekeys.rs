//! Prekeys: laid out by their owners, given out one by one to whoever may write to them.
//!
//! A one-time key is struck out on the disk before it leaves, so it is never given twice; one that
//! a crash swallows on the way is lost, which costs its owner a key and nobody a message.

use super::reach::{Sight, hash};
use super::{Server, Then};
use crate::proto::id::{ConnId, ReqId};
use crate::proto::limits::PREKEYS;
use crate::proto::model::account::Account;
use crate::proto::model::prekey::{Bundle, Prekey, PrekeyKind};
use crate::proto::model::record::{AccountKey, Read, ServerRecord};
use crate::proto::wire::client::{Publish, WantKey};
use crate::proto::wire::server::Key;

impl Server {
    /// Keeps the last weekly key and as many one-time keys as one account may have. Whoever is
    /// given one checks its signature; to the server they are bytes.
    pub(super) fn on_publish(&mut self, id: ConnId, publish: Publish) {
        let Some(owner) = self.roster.member(id).map(|member| member.key) else { return };
        let (weekly, once): (Vec<Prekey>, Vec<Prekey>) = (publish.keys.into_iter())
            .filter(|key| key.kind != PrekeyKind::Static)
            .partition(|key| key.kind == PrekeyKind::Weekly);
        let once = once.into_iter().take(PREKEYS);
        let keys: Vec<Prekey> = weekly.into_iter().next_back().into_iter().chain(once).collect();
        if publish.replaces {
            self.out.keep(ServerRecord::Unpublish(owner));
        }
        if !keys.is_empty() {
            self.out.keep(ServerRecord::Publish(owner, keys));
        }
    }

    pub(super) fn on_want_key(&mut self, id: ConnId, want: WantKey) {
        let Some(asker) = self.roster.member(id).map(|member| member.key) else { return };
        let (by, then) = (AccountKey::Key(want.of), Then::WantKey(id, want.req));
        self.out.query_for(asker, hash(want.token), by, then);
    }

    pub(super) fn on_wanted_read(&mut self, id: ConnId, req: ReqId, sight: Sight) {
        let Some(asker) = self.roster.member(id).map(|member| member.key) else { return };
        let Some(account) = sight.seen_by(asker) else {
            return self.roster.send(id, Key { req, bundle: None });
        };
        let read = Read::Prekeys(account.fingerprint);
        self.out.read_next(read, Then::Key(id, req, Box::new(account)));
    }

    pub(super) fn on_prekeys_read(
        &mut self,
        id: ConnId,
        req: ReqId,
        of: &Account,
        once: Option<Prekey>,
        weekly: Option<Prekey>,
    ) {
        let Some(asker) = self.roster.member(id).map(|member| member.key) else { return };
        let pair = (asker, of.fingerprint);
        let once = once.filter(|_| self.prekey_askers.take(pair, self.now.mono));
        if let Some(key) = &once {
            self.out.keep(ServerRecord::Spent(of.fingerprint, key.id));
        }
        let bundle = Bundle { identity: of.identity, once, weekly };
        self.roster.send(id, Key { req, bundle: Some(Box::new(bundle)) });
    }
}
