//! A server's disk the slow and obvious way.

use super::*;
use crate::proto::limits::PREKEYS;
use crate::proto::model::bond::TokenHash;
use crate::proto::model::group::Listing;
use crate::proto::model::prekey::{Prekey, PrekeyKind};
use crate::proto::model::record::HeldMail;
use std::collections::BTreeSet;

#[derive(Default)]
pub(super) struct Disk {
    pub(super) accounts: BTreeMap<Fingerprint, Account>,
    pub(super) tokens: BTreeSet<(Fingerprint, TokenHash)>,
    pub(super) blocks: BTreeSet<(Fingerprint, Fingerprint)>,
    pub(super) once: BTreeMap<Fingerprint, Vec<Prekey>>,
    pub(super) weekly: BTreeMap<Fingerprint, Prekey>,
    pub(super) groups: BTreeMap<Fingerprint, Vec<Name>>,
    pub(super) mail: BTreeMap<(Fingerprint, u64), HeldMail>,
    pub(super) numbers: BTreeMap<Fingerprint, u64>,
    pub(super) kept: usize,
    pub(super) reads: usize,
}

impl Disk {
    pub(super) fn keep(&mut self, record: ServerRecord) {
        self.kept += 1;
        match record {
            ServerRecord::Account(account) => {
                self.accounts.insert(account.fingerprint, account);
            }
            ServerRecord::Forget(key) => {
                self.accounts.remove(&key).expect("only an account is forgotten");
                self.tokens.retain(|(owner, _)| *owner != key);
                self.blocks.retain(|(owner, _)| *owner != key);
                self.mail.retain(|(owner, _), _| *owner != key);
                self.once.remove(&key);
                self.weekly.remove(&key);
                self.numbers.remove(&key);
                self.groups.remove(&key);
            }
            ServerRecord::Reach { owner, tokens, blocked } => {
                self.tokens.retain(|(before, _)| *before != owner);
                self.blocks.retain(|(before, _)| *before != owner);
                self.tokens.extend(tokens.into_iter().map(|hash| (owner, hash)));
                self.blocks.extend(blocked.into_iter().map(|key| (owner, key)));
            }
            ServerRecord::Publish(owner, keys) => self.publish(owner, keys),
            ServerRecord::Unpublish(owner) => {
                self.once.remove(&owner);
            }
            ServerRecord::Spent(owner, id) => {
                let keys = self.once.get_mut(&owner).expect("only a kept key is spent");
                let place = keys.iter().position(|key| key.id == id);
                keys.remove(place.expect("no key is spent twice"));
            }
            ServerRecord::Hold(mail) => {
                let number = self.numbers.entry(mail.to).or_default();
                assert_eq!(mail.number, *number + 1, "numbers count up");
                *number = mail.number;
                self.mail.insert((mail.to, mail.number), mail);
            }
            ServerRecord::Taken(key, up_to) => {
                self.mail.retain(|(to, number), _| *to != key || *number > up_to);
            }
            ServerRecord::Expire(before) => self.mail.retain(|_, mail| mail.at >= before),
            ServerRecord::Groups(leader, names) => drop(self.groups.insert(leader, names)),
        }
    }

    pub(super) fn read(&mut self, read: &Read) -> Found {
        self.reads += 1;
        match read {
            Read::Account { by, asker } => self.account(by, *asker),
            Read::Prekeys(owner) => Found::Prekeys {
                once: self.once.get(owner).and_then(|keys| keys.first().cloned()),
                weekly: self.weekly.get(owner).cloned(),
            },
            Read::Standing(owner) => Found::Standing {
                once: self.once.get(owner).map_or(0, |keys| keys.len() as u32),
                weekly: self.weekly.get(owner).map(|key| key.made),
                number: self.numbers.get(owner).copied().unwrap_or_default(),
            },
            Read::Held { to, from } => {
                let held = || self.mail.values().filter(|mail| mail.to == *to);
                let of_depositor = held().filter(|mail| mail.from == *from);
                Found::Held {
                    bytes: held().map(HeldMail::cost_bytes).sum(),
                    bytes_of_depositor: of_depositor.map(HeldMail::cost_bytes).sum(),
                    number: self.numbers.get(to).copied().unwrap_or_default(),
                }
            }
            Read::Mail { to, after, most_bytes } => self.mail(*to, *after, *most_bytes),
            Read::Oldest => Found::Oldest(self.mail.values().map(|mail| mail.at).min()),
            Read::BlockersOf(key) => {
                let blocks = self.blocks.iter().filter(|(_, blocked)| blocked == key);
                Found::BlockersOf(blocks.map(|(owner, _)| *owner).collect())
            }
            Read::Groups { name, after, most_rows } => {
                self.list(name.as_ref(), after.as_ref(), *most_rows)
            }
        }
    }

    fn list(&self, name: Option<&Name>, after: Option<&Listing>, most_rows: usize) -> Found {
        let listed = |(leader, names): (&Fingerprint, &Vec<Name>)| {
            let account = self.accounts.get(leader)?;
            let leader = (account.visibility == Visibility::Public).then_some(&account.name)?;
            let listing = |name: &Name| Listing { name: name.clone(), leader: leader.clone() };
            Some(names.iter().map(listing).collect::<Vec<_>>())
        };
        let mut groups: Vec<Listing> = self.groups.iter().filter_map(listed).flatten().collect();
        groups.retain(|it| name.is_none_or(|name| it.name == *name));
        groups.retain(|it| after.is_none_or(|after| it > after));
        groups.sort_unstable();
        let more = groups.len() > most_rows;
        groups.truncate(most_rows);
        Found::Groups { groups, more }
    }

    fn account(&self, by: &AccountKey, asker: Option<(Fingerprint, Option<TokenHash>)>) -> Found {
        let found = self.accounts.values().find(|account| match by {
            AccountKey::Name(name) => account.name == *name,
            AccountKey::Address(address) => account.address == *address,
            AccountKey::Key(key) => account.fingerprint == *key,
        });
        let (mut has_token, mut is_blocked) = (false, false);
        if let (Some(account), Some((asker, token))) = (found, asker) {
            let owner = account.fingerprint;
            has_token = token.is_some_and(|hash| self.tokens.contains(&(owner, hash)));
            is_blocked = self.blocks.contains(&(owner, asker));
        }
        Found::Account { account: found.cloned(), has_token, is_blocked }
    }

    fn publish(&mut self, owner: Fingerprint, keys: Vec<Prekey>) {
        let once = self.once.entry(owner).or_default();
        for key in keys {
            match key.kind {
                PrekeyKind::Once if once.len() < PREKEYS => once.push(key),
                PrekeyKind::Once => {}
                PrekeyKind::Weekly => drop(self.weekly.insert(owner, key)),
                PrekeyKind::Static => panic!("no key to keep"),
            }
        }
    }

    fn mail(&self, to: Fingerprint, after: u64, most_bytes: usize) -> Found {
        let mut rest = self.mail.range((to, after + 1)..=(to, u64::MAX)).peekable();
        let (mut mail, mut bytes) = (Vec::new(), 0);
        while let Some((_, next)) = rest.peek() {
            bytes += next.envelope.len();
            if bytes > most_bytes && !mail.is_empty() {
                break;
            }
            let name = self.accounts.get(&next.from).map(|account| account.name.clone());
            mail.extend(rest.next().map(|(_, mail)| HeldMail { name, ..mail.clone() }));
        }
        Found::Mail { more: rest.peek().is_some(), mail }
    }
}
