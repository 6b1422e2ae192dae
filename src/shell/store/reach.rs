//! What people lay out at a server: tokens, blocks, prekeys, and the public groups they lead.

use super::StoreError;
use super::groups::name as name_at;
use super::server::ServerStore;
use crate::proto::bytes::Bytes;
use crate::proto::gather;
use crate::proto::limits::PREKEYS;
use crate::proto::model::bond::TokenHash;
use crate::proto::model::group::Listing;
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::prekey::{Prekey, PrekeyKind};
use crate::proto::model::record::Found;
use crate::proto::time::Wall;
use rusqlite::{OptionalExtension, Row, params};
use std::collections::BTreeSet;

impl ServerStore {
    /// Writes only what differs: the same lists are said at each sign-in.
    pub(super) fn keep_reach(
        &mut self,
        owner: Fingerprint,
        tokens: &[TokenHash],
        blocked: &[Fingerprint],
    ) -> Result<(), StoreError> {
        let tokens = gather::set(tokens.iter().map(|hash| &hash.0.0[..]));
        self.keep_list(owner, &tokens, [TOKENS_OF, DROP_TOKEN, KEEP_TOKEN])?;
        let blocked = gather::set(blocked.iter().map(|key| &key.0.0[..]));
        self.keep_list(owner, &blocked, [BLOCKS_OF, DROP_BLOCK, KEEP_BLOCK])
    }

    /// Whether `asker` has a token of `owner`, and whether they are blocked. The same work is done
    /// where there is no owner, no token and no block.
    pub(super) fn right(
        &self,
        owner: Option<Fingerprint>,
        asker: Fingerprint,
        token: Option<TokenHash>,
    ) -> Result<(bool, bool), StoreError> {
        let owner = owner.map_or([0; 20], |owner| owner.0.0);
        // No hash of a token is shorter than 16 bytes, so that none is meant by an empty one.
        let hash = token.map(|token| token.0.0);
        let hash = hash.as_ref().map_or(&[][..], |hash| &hash[..]);
        let mut statement = self.db.statement(RIGHT)?;
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(statement.query_row(params![&owner[..], hash, &asker.0.0[..]], pair)?)
    }

    pub(super) fn blockers(&self, blocked: Fingerprint) -> Result<Found, StoreError> {
        let mut statement = self.db.statement(BLOCKERS)?;
        let mut rows = statement.query([&blocked.0.0[..]])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Fingerprint(Bytes(row.get(0)?)));
        }
        Ok(Found::BlockersOf(found))
    }

    pub(super) fn keep_groups(
        &mut self,
        owner: Fingerprint,
        names: &[Name],
    ) -> Result<(), StoreError> {
        let names = gather::set(names.iter().map(|name| name.as_str().as_bytes()));
        self.keep_list(owner, &names, [GROUPS_OF, DROP_GROUP, KEEP_GROUP])
    }

    /// Costs by the groups that it gives and passes over, of leaders who are private; where many
    /// have one name, by those.
    pub(super) fn listed_groups(
        &self,
        name: Option<&Name>,
        after: Option<&Listing>,
        most_rows: usize,
    ) -> Result<Found, StoreError> {
        let (after, leader) =
            after.map_or(("", ""), |after| (after.name.as_str(), after.leader.as_str()));
        let mut statement = self.db.statement(match name {
            Some(_) => GROUPS_NAMED,
            None => GROUPS,
        })?;
        let mut rows = match name {
            Some(name) => statement.query([after, leader, name.as_str()])?,
            None => statement.query([after, leader])?,
        };
        let (mut groups, mut more) = (Vec::new(), false);
        while let Some(row) = rows.next()? {
            if groups.len() == most_rows {
                more = true;
                break;
            }
            groups.push(Listing { name: name_at(row, 0)?, leader: name_at(row, 1)? });
        }
        Ok(Found::Groups { groups, more })
    }

    /// Takes back all one-time keys.
    pub(super) fn drop_prekeys(&mut self, owner: Fingerprint) -> Result<(), StoreError> {
        self.db.statement(DROP_ONCE)?.execute([&owner.0.0[..]])?;
        Ok(())
    }

    /// A key whose number is there already is passed over, as is what is over the bound.
    pub(super) fn keep_prekeys(
        &mut self,
        owner: Fingerprint,
        keys: &[Prekey],
    ) -> Result<(), StoreError> {
        let mut left = PREKEYS.saturating_sub(self.once_count(owner)? as usize);
        for key in keys {
            let is_once = match key.kind {
                PrekeyKind::Once if left == 0 => continue,
                PrekeyKind::Once => true,
                PrekeyKind::Weekly => {
                    self.db.statement(DROP_WEEKLY)?.execute([&owner.0.0[..]])?;
                    false
                }
                PrekeyKind::Static => continue,
            };
            let (public, signature) = (&key.key.0[..], &key.signature.0[..]);
            let kept = self.db.statement(KEEP_PREKEY)?.execute(params![
                &owner.0.0[..],
                is_once,
                key.id,
                public,
                key.made.0,
                signature
            ])?;
            left -= usize::from(is_once) * kept;
        }
        Ok(())
    }

    pub(super) fn spend_prekey(&mut self, owner: Fingerprint, id: u32) -> Result<(), StoreError> {
        self.db.statement(SPEND)?.execute(params![&owner.0.0[..], id])?;
        Ok(())
    }

    pub(super) fn prekeys(&self, owner: Fingerprint) -> Result<Found, StoreError> {
        Ok(Found::Prekeys { once: self.prekey(owner, ONCE)?, weekly: self.prekey(owner, WEEKLY)? })
    }

    pub(super) fn standing(&self, owner: Fingerprint) -> Result<Found, StoreError> {
        let once = self.once_count(owner)?;
        let weekly = self.prekey(owner, WEEKLY)?.map(|key| key.made);
        Ok(Found::Standing { once, weekly, number: self.highest_number(owner)? })
    }

    pub(super) fn forget_reach(&mut self, owner: Fingerprint) -> Result<(), StoreError> {
        for sql in FORGET {
            self.db.statement(sql)?.execute([&owner.0.0[..]])?;
        }
        Ok(())
    }

    fn keep_list(
        &mut self,
        owner: Fingerprint,
        wanted: &BTreeSet<&[u8]>,
        [read, drop, keep]: [&str; 3],
    ) -> Result<(), StoreError> {
        let owner = &owner.0.0[..];
        let mut there: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut statement = self.db.statement(read)?;
        let mut rows = statement.query([owner])?;
        while let Some(row) = rows.next()? {
            there.insert(row.get(0)?);
        }
        for gone in there.iter().filter(|item| !wanted.contains(&item[..])) {
            self.db.statement(drop)?.execute([owner, gone])?;
        }
        for new in wanted.iter().filter(|item| !there.contains(**item)) {
            self.db.statement(keep)?.execute([owner, new])?;
        }
        Ok(())
    }

    fn once_count(&self, owner: Fingerprint) -> Result<u32, StoreError> {
        Ok(self.db.statement(ONCE_COUNT)?.query_row([&owner.0.0[..]], |row| row.get(0))?)
    }

    fn prekey(&self, owner: Fingerprint, sql: &str) -> Result<Option<Prekey>, StoreError> {
        let mut statement = self.db.statement(sql)?;
        Ok(statement.query_row([&owner.0.0[..]], prekey).optional()?)
    }
}

fn prekey(row: &Row<'_>) -> rusqlite::Result<Prekey> {
    let kind = if row.get(0)? { PrekeyKind::Once } else { PrekeyKind::Weekly };
    Ok(Prekey {
        kind,
        id: row.get(1)?,
        key: Bytes(row.get(2)?),
        made: Wall(row.get(3)?),
        signature: Bytes(row.get(4)?),
    })
}

const TOKENS_OF: &str = "SELECT hash FROM tokens WHERE owner = ?1";
const DROP_TOKEN: &str = "DELETE FROM tokens WHERE owner = ?1 AND hash = ?2";
const KEEP_TOKEN: &str = "INSERT INTO tokens (owner, hash) VALUES (?1, ?2)";
const BLOCKS_OF: &str = "SELECT blocked FROM blocks WHERE owner = ?1";
const DROP_BLOCK: &str = "DELETE FROM blocks WHERE owner = ?1 AND blocked = ?2";
const KEEP_BLOCK: &str = "INSERT INTO blocks (owner, blocked) VALUES (?1, ?2)";
const RIGHT: &str = "
    SELECT EXISTS (SELECT 1 FROM tokens WHERE owner = ?1 AND hash = ?2),
        EXISTS (SELECT 1 FROM blocks WHERE owner = ?1 AND blocked = ?3)";
const BLOCKERS: &str = "SELECT owner FROM blocks WHERE blocked = ?1";
const ONCE_COUNT: &str = "SELECT count(*) FROM prekeys WHERE owner = ?1 AND once = 1";
// By age, not by number: numbers of a profile restored from a copy may go back.
const ONCE: &str = "
    SELECT once, id, key, made, signature FROM prekeys WHERE owner = ?1 AND once = 1
    ORDER BY made, id LIMIT 1";
const WEEKLY: &str = "
    SELECT once, id, key, made, signature FROM prekeys WHERE owner = ?1 AND once = 0 LIMIT 1";
const DROP_ONCE: &str = "DELETE FROM prekeys WHERE owner = ?1 AND once = 1";
const DROP_WEEKLY: &str = "DELETE FROM prekeys WHERE owner = ?1 AND once = 0";
const KEEP_PREKEY: &str = "
    INSERT INTO prekeys (owner, once, id, key, made, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO NOTHING";
const SPEND: &str = "DELETE FROM prekeys WHERE owner = ?1 AND once = 1 AND id = ?2";
// Names go as bytes.
const GROUPS_OF: &str = "SELECT CAST(name AS BLOB) FROM groups WHERE owner = ?1";
const DROP_GROUP: &str = "DELETE FROM groups WHERE owner = ?1 AND name = CAST(?2 AS TEXT)";
const KEEP_GROUP: &str = "INSERT INTO groups (owner, name) VALUES (?1, CAST(?2 AS TEXT))";
const GROUPS: &str = "
    SELECT g.name, a.name FROM groups g INDEXED BY groups_named
    CROSS JOIN accounts a ON a.fingerprint = g.owner
    WHERE g.name >= ?1 AND (g.name, a.name) > (?1, ?2) AND a.visibility = 'public'
    ORDER BY g.name, a.name";
const GROUPS_NAMED: &str = "
    SELECT g.name, a.name FROM groups g INDEXED BY groups_named
    CROSS JOIN accounts a ON a.fingerprint = g.owner
    WHERE g.name = ?3 AND (g.name, a.name) > (?1, ?2) AND a.visibility = 'public'
    ORDER BY a.name";
const FORGET: [&str; 4] = [
    "DELETE FROM tokens WHERE owner = ?1",
    "DELETE FROM blocks WHERE owner = ?1",
    "DELETE FROM prekeys WHERE owner = ?1",
    "DELETE FROM groups WHERE owner = ?1",
];
