//! The directory: all about one person, for those who may know.

use super::reach::{Sight, hash};
use super::{Server, Then};
use crate::proto::id::{ConnId, ReqId};
use crate::proto::model::account::Account;
use crate::proto::model::person::Target;
use crate::proto::model::record::AccountKey;
use crate::proto::wire::client::Lookup;
use crate::proto::wire::server::{Card, Found};

impl Server {
    pub(super) fn on_lookup(&mut self, id: ConnId, lookup: Lookup) {
        let Some(asker) = self.roster.member(id).map(|asker| asker.key) else { return };
        let by = match lookup.who {
            Target::Name(name) => AccountKey::Name(name),
            Target::Address(address) => AccountKey::Address(address),
            Target::Key(key) => AccountKey::Key(key),
            Target::Endpoint(_) => {
                return self.roster.send(id, Found { req: lookup.req, who: None });
            }
        };
        let token = hash(lookup.token);
        self.out.query_for(asker, token, by, Then::Found(id, lookup.req));
    }

    pub(super) fn on_found_read(&mut self, id: ConnId, req: ReqId, sight: Sight) {
        let Some(asker) = self.roster.member(id).map(|asker| asker.key) else { return };
        let who = sight.seen_by(asker).map(|account| self.card(account));
        self.roster.send(id, Found { req, who });
    }

    /// An account as others see it.
    pub(super) fn card(&self, account: Account) -> Card {
        Card {
            online: self.roster.by_key(account.fingerprint).is_some(),
            name: account.name,
            address: account.address,
            identity: account.identity,
            seen: account.seen,
        }
    }
}
