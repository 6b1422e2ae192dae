//! The mail that a server holds.
//!
//! Keeping and reading cost by the mail that is kept or read, not by what is held: the sums that
//! quotas ask for stand in tables of their own.

use super::StoreError;
use super::server::ServerStore;
use crate::proto::bytes::Bytes;
use crate::proto::limits::HELD_ROW_BYTES;
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{Found, HeldMail};
use crate::proto::time::Wall;
use rusqlite::{OptionalExtension, Params, Row, params};

impl ServerStore {
    /// How much mail is held for everybody, and how many bytes it counts for. Costs by the number
    /// of accounts and of mail: for the operator.
    pub fn mail_count(&self) -> Result<(u64, u64), StoreError> {
        let pair = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (count, bytes) = self.db.statement(COUNT)?.query_row([], pair)?;
        Ok((count as u64, bytes as u64))
    }

    pub(super) fn keep_mail(&mut self, mail: &HeldMail) -> Result<(), StoreError> {
        let (owner, depositor) = (&mail.to.0.0[..], &mail.from.0.0[..]);
        let (number, bytes) = (mail.number as i64, mail.cost_bytes() as i64);
        let mut keep = self.db.statement(KEEP)?;
        keep.execute(params![owner, number, depositor, mail.at.0, &mail.envelope[..]])?;
        self.db.statement(ADD_TO_BOX)?.execute(params![owner, number, bytes])?;
        self.db.statement(ADD_TO_SHARE)?.execute(params![owner, depositor, bytes])?;
        Ok(())
    }

    pub(super) fn take_mail(&mut self, owner: Fingerprint, up_to: u64) -> Result<(), StoreError> {
        let up_to = i64::try_from(up_to).unwrap_or(i64::MAX);
        self.subtract(TAKEN_SUMS, params![&owner.0.0[..], up_to])?;
        self.db.statement(TAKE)?.execute(params![&owner.0.0[..], up_to])?;
        Ok(())
    }

    pub(super) fn expire_mail(&mut self, before: Wall) -> Result<(), StoreError> {
        self.subtract(EXPIRED_SUMS, [before.0])?;
        self.db.statement(EXPIRE)?.execute([before.0])?;
        Ok(())
    }

    /// With all that was held for them. What they deposited for others is the others'.
    pub(super) fn forget_mail(&mut self, owner: Fingerprint) -> Result<(), StoreError> {
        for sql in FORGET {
            self.db.statement(sql)?.execute([&owner.0.0[..]])?;
        }
        Ok(())
    }

    pub(super) fn held(&self, to: Fingerprint, from: Fingerprint) -> Result<Found, StoreError> {
        let pair = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let owner = &to.0.0[..];
        let sums = self.db.statement(BOX)?.query_row([owner], pair).optional()?;
        let mut share = self.db.statement(SHARE)?;
        let share = share.query_row([owner, &from.0.0[..]], |row| row.get::<_, i64>(0));
        let (bytes, number) = sums.unwrap_or_default();
        Ok(Found::Held {
            bytes: bytes as u64,
            bytes_of_depositor: share.optional()?.unwrap_or_default() as u64,
            number: number as u64,
        })
    }

    pub(super) fn highest_number(&self, owner: Fingerprint) -> Result<u64, StoreError> {
        let mut statement = self.db.statement(NUMBER)?;
        let number = statement.query_row([&owner.0.0[..]], |row| row.get::<_, i64>(0));
        Ok(number.optional()?.unwrap_or_default() as u64)
    }

    pub(super) fn mail(
        &self,
        to: Fingerprint,
        after: u64,
        most_bytes: usize,
    ) -> Result<Found, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut statement = self.db.statement(MAIL)?;
        let mut rows = statement.query(params![&to.0.0[..], after])?;
        let (mut mail, mut bytes, mut more) = (Vec::new(), 0, false);
        while let Some(row) = rows.next()? {
            // The length is known before the envelope is read.
            bytes += row.get::<_, i64>(2)? as usize;
            if bytes > most_bytes && !mail.is_empty() {
                more = true;
                break;
            }
            mail.push(HeldMail {
                to,
                from: Fingerprint(Bytes(row.get(1)?)),
                number: row.get::<_, i64>(0)? as u64,
                at: Wall(row.get(3)?),
                envelope: row.get(4)?,
                name: row.get::<_, Option<String>>(5)?.and_then(|name| Name::parse(&name).ok()),
            });
        }
        Ok(Found::Mail { mail, more })
    }

    pub(super) fn oldest(&self) -> Result<Option<Wall>, StoreError> {
        let oldest: Option<i64> = self.db.statement(OLDEST)?.query_row([], |row| row.get(0))?;
        Ok(oldest.map(Wall))
    }

    /// Takes sums (owner, depositor, count, bytes) off what stands in boxes and shares.
    fn subtract(&mut self, sums: &str, of: impl Params) -> Result<(), StoreError> {
        let mut statement = self.db.statement(sums)?;
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            let owner = row.get_ref(0)?.as_blob().unwrap_or_default();
            let depositor = row.get_ref(1)?.as_blob().unwrap_or_default();
            let bytes = row.get::<_, i64>(2)? * HELD_ROW_BYTES as i64 + row.get::<_, i64>(3)?;
            self.db.statement(TAKE_FROM_BOX)?.execute(params![owner, bytes])?;
            self.db.statement(TAKE_FROM_SHARE)?.execute(params![owner, depositor, bytes])?;
            self.db.statement(DROP_EMPTY_SHARE)?.execute(params![owner, depositor])?;
        }
        Ok(())
    }
}

const COUNT: &str = "SELECT (SELECT count(*) FROM mail), coalesce(sum(bytes), 0) FROM boxes";
const KEEP: &str = "
    INSERT INTO mail (owner, number, depositor, at, envelope) VALUES (?1, ?2, ?3, ?4, ?5)";
const ADD_TO_BOX: &str = "
    INSERT INTO boxes (owner, number, bytes) VALUES (?1, ?2, ?3)
    ON CONFLICT (owner) DO UPDATE SET number = excluded.number, bytes = bytes + excluded.bytes";
const ADD_TO_SHARE: &str = "
    INSERT INTO shares (owner, depositor, bytes) VALUES (?1, ?2, ?3)
    ON CONFLICT (owner, depositor) DO UPDATE SET bytes = bytes + excluded.bytes";
const TAKEN_SUMS: &str = "
    SELECT owner, depositor, count(*), sum(length(envelope)) FROM mail
    WHERE owner = ?1 AND number <= ?2 GROUP BY depositor";
const TAKE: &str = "DELETE FROM mail WHERE owner = ?1 AND number <= ?2";
const EXPIRED_SUMS: &str = "
    SELECT owner, depositor, count(*), sum(length(envelope)) FROM mail
    WHERE at < ?1 GROUP BY owner, depositor";
const EXPIRE: &str = "DELETE FROM mail WHERE at < ?1";
const TAKE_FROM_BOX: &str = "UPDATE boxes SET bytes = bytes - ?2 WHERE owner = ?1";
const TAKE_FROM_SHARE: &str = "
    UPDATE shares SET bytes = bytes - ?3 WHERE owner = ?1 AND depositor = ?2";
const DROP_EMPTY_SHARE: &str = "
    DELETE FROM shares WHERE owner = ?1 AND depositor = ?2 AND bytes <= 0";
const FORGET: [&str; 3] = [
    "DELETE FROM mail WHERE owner = ?1",
    "DELETE FROM boxes WHERE owner = ?1",
    "DELETE FROM shares WHERE owner = ?1",
];
const BOX: &str = "SELECT bytes, number FROM boxes WHERE owner = ?1";
const SHARE: &str = "SELECT bytes FROM shares WHERE owner = ?1 AND depositor = ?2";
const NUMBER: &str = "SELECT number FROM boxes WHERE owner = ?1";
const MAIL: &str = "
    SELECT mail.number, depositor, length(envelope), at, envelope, accounts.name FROM mail
    LEFT JOIN accounts ON accounts.fingerprint = depositor
    WHERE owner = ?1 AND mail.number > ?2 ORDER BY mail.number";
const OLDEST: &str = "SELECT min(at) FROM mail";
