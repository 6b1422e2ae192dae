//! Commands that were asked for, and standing yeses to them.

use super::StoreError;
use super::client::{ClientStore, msg_id};
use crate::proto::bytes::Bytes;
use crate::proto::id::MsgId;
use crate::proto::json;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::run::{Argv, Grant, OpenRun};
use crate::proto::time::Wall;
use rusqlite::{OptionalExtension, params};

impl ClientStore {
    pub(super) fn keep_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        self.db.statement(KEEP_GRANT)?.execute(params![
            &grant.id.0.0[..],
            &grant.to.0.0[..],
            text(&grant.argv),
            grant.until.map(|until| until.0)
        ])?;
        Ok(())
    }

    pub(super) fn grant_gone(&mut self, id: MsgId) -> Result<(), StoreError> {
        self.db.statement("DELETE FROM grants WHERE id = ?1")?.execute([&id.0.0[..]])?;
        Ok(())
    }

    pub(super) fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let mut statement = self.db.statement(GRANTS)?;
        let mut rows = statement.query([])?;
        let mut grants = Vec::new();
        while let Some(row) = rows.next()? {
            grants.push(Grant {
                id: msg_id(row.get(0)?),
                to: Fingerprint(Bytes(row.get(1)?)),
                argv: argv(row.get_ref(2)?.as_str().unwrap_or_default())?,
                until: row.get::<_, Option<i64>>(3)?.map(Wall),
            });
        }
        Ok(grants)
    }

    pub(super) fn keep_run(&mut self, run: &OpenRun) -> Result<(), StoreError> {
        self.db.statement(KEEP_RUN)?.execute(params![
            &run.with.0.0[..],
            run.is_ours,
            &run.id.0.0[..],
            text(&run.argv)
        ])?;
        Ok(())
    }

    /// Of those that are over, the one with the highest id of each asker stays.
    pub(super) fn run_gone(&mut self, with: Fingerprint, id: MsgId) -> Result<(), StoreError> {
        self.db.statement(RUN_OVER)?.execute([&with.0.0[..], &id.0.0[..]])?;
        self.db.statement(FORGET_RUNS)?.execute([&with.0.0[..]])?;
        Ok(())
    }

    pub(super) fn runs(&self) -> Result<Vec<OpenRun>, StoreError> {
        let mut statement = self.db.statement(RUNS)?;
        let mut rows = statement.query([])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            runs.push(OpenRun {
                with: Fingerprint(Bytes(row.get(0)?)),
                is_ours: row.get(1)?,
                id: msg_id(row.get(2)?),
                argv: argv(row.get_ref(3)?.as_str().unwrap_or_default())?,
            });
        }
        Ok(runs)
    }

    /// The highest id of a command that each has asked us for.
    pub(super) fn run_marks(&self) -> Result<Vec<(Fingerprint, MsgId)>, StoreError> {
        let mut statement = self.db.statement(RUN_MARKS)?;
        let mut rows = statement.query([])?;
        let mut last = Vec::new();
        while let Some(row) = rows.next()? {
            last.push((Fingerprint(Bytes(row.get(0)?)), msg_id(row.get(1)?)));
        }
        Ok(last)
    }

    /// The highest id that talk, a post, a grant or a command of ours has.
    pub(super) fn last_own_id(&self) -> Result<Option<MsgId>, StoreError> {
        let mut statement = self.db.statement(LAST_OWN)?;
        let id: Option<Option<[u8; 16]>> = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(id.flatten().map(msg_id))
    }
}

fn text(argv: &Argv) -> String {
    serde_json::to_string(argv).expect("words are plain data")
}

fn argv(text: &str) -> Result<Argv, StoreError> {
    let damaged = |why| StoreError::Corrupt(format!("a command that cannot be read: {why}"));
    json::read(text).map_err(damaged)
}

const KEEP_GRANT: &str = "
    INSERT INTO grants (id, person, argv, until) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET person = excluded.person, argv = excluded.argv,
        until = excluded.until";
const GRANTS: &str = "SELECT id, person, argv, until FROM grants ORDER BY id";
const KEEP_RUN: &str = "
    INSERT INTO runs (person, ours, id, over, argv) VALUES (?1, ?2, ?3, 0, ?4)
    ON CONFLICT (person, ours, id) DO UPDATE SET argv = excluded.argv";
const RUN_OVER: &str = "UPDATE runs SET over = 1 WHERE person = ?1 AND id = ?2";
const FORGET_RUNS: &str = "
    DELETE FROM runs WHERE person = ?1 AND over = 1 AND EXISTS (
        SELECT 1 FROM runs higher
        WHERE higher.person = ?1 AND higher.ours = runs.ours AND higher.id > runs.id)";
const RUNS: &str = "SELECT person, ours, id, argv FROM runs WHERE over = 0 ORDER BY person, id";
const RUN_MARKS: &str =
    "SELECT person, max(id) FROM runs WHERE ours = 0 GROUP BY person ORDER BY person";
const LAST_OWN: &str = "
    SELECT max(id) FROM (
        SELECT * FROM (SELECT id FROM said ORDER BY seq DESC LIMIT 1)
        UNION ALL SELECT max(id) FROM posts
        UNION ALL SELECT max(id) FROM grants
        UNION ALL SELECT max(id) FROM runs WHERE ours = 1)";
