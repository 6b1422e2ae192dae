//! A server's database: what it keeps and reads, and its accounts.

use super::client::{identity, identity_bytes, visibility, visibility_word};
use super::schema::SERVER;
use super::{Db, StoreError};
use crate::proto::bytes::Bytes;
use crate::proto::model::account::{Account, Pool};
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{AccountKey, Found, Read, ServerRecord, ServerRestored};
use crate::proto::time::Wall;
use rusqlite::{Row, params};
use std::net::Ipv4Addr;
use std::path::Path;

/// A server's database.
#[derive(Debug)]
pub struct ServerStore {
    pub(super) db: Db,
}

impl ServerStore {
    /// Opens a server's database, making it when there is none.
    pub fn open(path: &Path) -> Result<ServerStore, StoreError> {
        Ok(ServerStore { db: Db::open(path, &SERVER)? })
    }

    /// A database that ends with the process.
    pub fn open_in_memory() -> Result<ServerStore, StoreError> {
        Ok(ServerStore { db: Db::open_in_memory(&SERVER)? })
    }

    /// Keeps a record in the wake's transaction.
    pub fn keep(&mut self, record: ServerRecord) -> Result<(), StoreError> {
        self.db.begin()?;
        match record {
            ServerRecord::Account(account) => self.keep_account(&account),
            ServerRecord::Forget(key) => {
                self.db.statement(FORGET)?.execute([&key.0.0[..]])?;
                self.forget_reach(key)?;
                self.forget_mail(key)
            }
            ServerRecord::Reach { owner, tokens, blocked } => {
                self.keep_reach(owner, &tokens, &blocked)
            }
            ServerRecord::Publish(owner, keys) => self.keep_prekeys(owner, &keys),
            ServerRecord::Unpublish(owner) => self.drop_prekeys(owner),
            ServerRecord::Spent(owner, id) => self.spend_prekey(owner, id),
            ServerRecord::Hold(mail) => self.keep_mail(&mail),
            ServerRecord::Taken(owner, up_to) => self.take_mail(owner, up_to),
            ServerRecord::Expire(before) => self.expire_mail(before),
            ServerRecord::Groups(owner, names) => self.keep_groups(owner, &names),
        }
    }

    /// Reads; sees the wake's transaction.
    pub fn query(&mut self, read: Read) -> Result<Found, StoreError> {
        match read {
            Read::Account { by, asker } => {
                let account = self.account(&by)?;
                let owner = account.as_ref().map(|account| account.fingerprint);
                let (has_token, is_blocked) = match asker {
                    Some((asker, token)) => self.right(owner, asker, token)?,
                    None => (false, false),
                };
                Ok(Found::Account { account, has_token, is_blocked })
            }
            Read::Prekeys(owner) => self.prekeys(owner),
            Read::Standing(owner) => self.standing(owner),
            Read::Held { to, from } => self.held(to, from),
            Read::Mail { to, after, most_bytes } => self.mail(to, after, most_bytes),
            Read::Oldest => Ok(Found::Oldest(self.oldest()?)),
            Read::BlockersOf(blocked) => self.blockers(blocked),
            Read::Groups { name, after, most_rows } => {
                self.listed_groups(name.as_ref(), after.as_ref(), most_rows)
            }
        }
    }

    /// The account that something points at.
    pub fn account(&self, by: &AccountKey) -> Result<Option<Account>, StoreError> {
        let mut statement = self.db.statement(match by {
            AccountKey::Name(_) => BY_NAME,
            AccountKey::Address(_) => BY_ADDRESS,
            AccountKey::Key(_) => BY_KEY,
        })?;
        let mut rows = match by {
            AccountKey::Name(name) => statement.query([name.as_str()])?,
            AccountKey::Address(address) => statement.query([u32::from(*address)])?,
            AccountKey::Key(key) => statement.query([&key.0.0[..]])?,
        };
        rows.next()?.map(account).transpose()
    }

    /// The index in the pool after the highest one that an account has; 0 when none has one.
    pub fn next_address(&self, pool: Pool) -> Result<u32, StoreError> {
        let ends = pool.nth(0).zip(pool.nth(pool.size() - 1));
        let (first, last) = ends.expect("the smallest pool has two addresses");
        let mut statement = self.db.statement(HIGHEST)?;
        let highest: Option<u32> =
            statement.query_row([u32::from(first), u32::from(last)], |row| row.get(0))?;
        let index = highest.and_then(|highest| pool.index(Ipv4Addr::from(highest)));
        Ok(index.map_or(0, |index| index + 1))
    }

    /// What the machine starts from. `fresh`: 16 random bytes, the epoch of a database that has
    /// none.
    pub fn restore(&mut self, pool: Pool, fresh: Bytes<16>) -> Result<ServerRestored, StoreError> {
        self.db.statement(KEEP_EPOCH)?.execute([&fresh.0[..]])?;
        let epoch = self.db.statement(EPOCH)?.query_row([], |row| row.get(0))?;
        Ok(ServerRestored {
            next_address: self.next_address(pool)?,
            epoch: Bytes(epoch),
            oldest: self.oldest()?,
        })
    }

    /// How many accounts there are. Costs by their number: for start and the operator.
    pub fn accounts_count(&self) -> Result<u64, StoreError> {
        let mut statement = self.db.statement("SELECT count(*) FROM accounts")?;
        let count: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// Makes the wake's records durable. Without any, it touches nothing.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.db.commit()
    }

    /// Forgets what was kept since the last commit, as a crash would.
    pub fn rollback(&mut self) {
        self.db.rollback();
    }

    fn keep_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let key = &account.fingerprint.0.0[..];
        let name = account.name.as_str();
        let address = u32::from(account.address);
        let visibility = visibility_word(account.visibility);
        let seen = account.seen.0;
        // Signing in and out changes no indexed column: the usual case leaves the indexes alone.
        let mut touch = self.db.statement(TOUCH)?;
        if touch.execute(params![key, name, address, visibility, seen])? == 0 {
            let identity = identity_bytes(&account.identity);
            let mut keep = self.db.statement(KEEP)?;
            keep.execute(params![key, name, address, &identity[..], visibility, seen])?;
        }
        Ok(())
    }
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let damaged = |what| StoreError::Corrupt(format!("an account with a bad {what}"));
    let word = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
    let name = word(1).and_then(|name| Name::parse(name).ok());
    Ok(Account {
        name: name.ok_or_else(|| damaged("name"))?,
        fingerprint: Fingerprint(Bytes(row.get(0)?)),
        identity: identity(row.get_ref(3)?.as_blob().unwrap_or_default())?,
        address: Ipv4Addr::from(row.get::<_, u32>(2)?),
        visibility: word(4).and_then(visibility).ok_or_else(|| damaged("visibility"))?,
        seen: Wall(row.get(5)?),
    })
}

const KEEP_EPOCH: &str = "INSERT OR IGNORE INTO settings (key, value) VALUES ('epoch', ?1)";
const EPOCH: &str = "SELECT value FROM settings WHERE key = 'epoch'";
const BY_NAME: &str = "
    SELECT fingerprint, name, address, identity, visibility, seen FROM accounts WHERE name = ?1";
const BY_ADDRESS: &str = "
    SELECT fingerprint, name, address, identity, visibility, seen FROM accounts WHERE address = ?1";
const BY_KEY: &str = "
    SELECT fingerprint, name, address, identity, visibility, seen FROM accounts
    WHERE fingerprint = ?1";
const HIGHEST: &str = "SELECT max(address) FROM accounts WHERE address BETWEEN ?1 AND ?2";
const FORGET: &str = "DELETE FROM accounts WHERE fingerprint = ?1";
const TOUCH: &str = "
    UPDATE accounts SET visibility = ?4, seen = ?5
    WHERE fingerprint = ?1 AND name = ?2 AND address = ?3";
const KEEP: &str = "
    INSERT INTO accounts (fingerprint, name, address, identity, visibility, seen)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name, address = excluded.address,
        identity = excluded.identity, visibility = excluded.visibility, seen = excluded.seen";
