//! What waits for somebody: texts and notes in one line, how far they have come, and what we owe
//! a word for.

use super::StoreError;
use super::client::{ClientStore, QUEUED_AGAIN, code, msg_id};
use super::read::Receipts;
use crate::proto::bytes::Bytes;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::group::Talk;
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::notice::Notice;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::Rows;
use crate::proto::time::{Now, Wall};
use rusqlite::{OptionalExtension, Row, params};

impl ClientStore {
    pub(super) fn keep_note(&mut self, to: Fingerprint, note: &Letter) -> Result<(), StoreError> {
        let is_said = matches!(note.body, Body::Text(_) | Body::Talk(_));
        assert!(!is_said, "texts and talk are messages, which have events");
        let known = self.know(to)?.expect("whoever is written to was kept before as a person");
        self.db.statement(INSERT_NOTE)?.execute(params![
            known.row,
            &note.id.0.0[..],
            code(Stage::Queued),
            note.sent.0,
            note.body.kind(),
            note.body.to_bytes()
        ])?;
        Ok(())
    }

    pub(super) fn keep_receipts(
        &mut self,
        now: Now,
        to: Fingerprint,
        range: (MsgId, MsgId),
        stage: Stage,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        assert!(stage > Stage::Sent, "{} is no receipt that lasts", stage.word());
        let Some(known) = self.know(to)? else { return Ok(()) };
        let bounds = params![known.row, &range.0.0.0[..], &range.1.0.0[..], code(stage)];
        self.db.statement(ADVANCE_NOTES)?.execute(bounds)?;
        if stage == Stage::Held {
            self.db.statement(HOLD_AGAIN)?.execute(bounds)?;
            self.db.statement(HOLD_COPIES_AGAIN)?.execute(bounds)?;
        }
        let mut moved = Vec::new();
        for sql in [ADVANCE, ADVANCE_COPIES] {
            let mut statement = self.db.statement(sql)?;
            let mut rows = statement.query(bounds)?;
            while let Some(row) = rows.next()? {
                moved.push((row.get(0)?, msg_id(row.get(1)?)));
            }
        }
        if !moved.is_sorted_by_key(|(_, id)| id) {
            moved.sort_unstable_by_key(|(_, id)| *id);
        }
        self.tell(now, &known.label, stage, &moved, shown)
    }

    /// An event for each message (its number, its id) that has come to a stage, in one row.
    pub(super) fn tell(
        &mut self,
        now: Now,
        to: &str,
        state: Stage,
        moved: &[(i64, MsgId)],
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        let mut receipts = Receipts { state, of: Vec::new() };
        moved.iter().for_each(|(seq, _)| receipts.push(*seq));
        let body = serde_json::to_string(&receipts).expect("receipts are plain data");
        self.insert_event(now, moved.len() as i64, "receipts", &body)?;
        for (_, id) in moved {
            let event = Event::Receipt { id: *id, to: to.to_owned(), state, why: None };
            shown.push(self.number(now, event));
        }
        Ok(())
    }

    pub(super) fn outbox_page(
        &mut self,
        to: Fingerprint,
        after: MsgId,
        (most_rows, most_bytes): (usize, usize),
        queued_only: bool,
    ) -> Result<Rows, StoreError> {
        let mut waiting = Vec::new();
        let (mut more, mut bytes) = (false, 0);
        if let Some(known) = self.know(to)? {
            let below = code(if queued_only { Stage::Held } else { Stage::Delivered });
            let mut statement = self.db.statement(OUTBOX_PAGE)?;
            let mut rows = statement.query(params![known.row, &after.0.0[..], below])?;
            while let Some(row) = rows.next()? {
                if waiting.len() == most_rows || bytes >= most_bytes {
                    more = true;
                    break;
                }
                bytes += row.get_ref(3)?.as_bytes().map_or(0, <[u8]>::len);
                waiting.push(letter(row)?);
            }
        }
        Ok(Rows::Outbox { to, rows: waiting, queued_only, more })
    }

    pub(super) fn waits(&mut self, to: Fingerprint) -> Result<Rows, StoreError> {
        let page = self.outbox_page(to, MsgId::FIRST, (1, usize::MAX), false)?;
        let waits = matches!(page, Rows::Outbox { rows, .. } if !rows.is_empty());
        Ok(Rows::Waits(to, waits))
    }

    /// When the oldest letter that the server holds was written.
    pub(super) fn oldest_held(&self) -> Result<Option<Wall>, StoreError> {
        let mut statement = self.db.statement(OLDEST_HELD)?;
        let oldest: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(oldest.map(Wall))
    }

    pub(super) fn epoch(&self) -> Result<Option<Bytes<16>>, StoreError> {
        Ok(self.setting(EPOCH)?.and_then(|text| Bytes::from_text(&text)))
    }

    /// Another epoch than before is a server that has lost what it held.
    pub(super) fn keep_epoch(&mut self, epoch: Bytes<16>) -> Result<(), StoreError> {
        if self.epoch()? != Some(epoch) {
            self.db.statement(QUEUE_HELD)?.execute([QUEUED_AGAIN])?;
            self.db.statement(QUEUE_HELD_COPIES)?.execute([QUEUED_AGAIN])?;
            self.db.statement(QUEUE_HELD_NOTES)?.execute([code(Stage::Queued)])?;
            self.set(EPOCH, &epoch.to_text())?;
        }
        Ok(())
    }

    /// What the server holds for somebody is of no use to them.
    pub(super) fn requeue(&mut self, to: Fingerprint) -> Result<(), StoreError> {
        let Some(known) = self.know(to)? else { return Ok(()) };
        self.db.statement(QUEUE_HELD_FOR)?.execute(params![known.row, QUEUED_AGAIN])?;
        self.db.statement(QUEUE_HELD_COPIES_FOR)?.execute(params![known.row, QUEUED_AGAIN])?;
        let queued = code(Stage::Queued);
        self.db.statement(QUEUE_HELD_NOTES_FOR)?.execute(params![known.row, queued])?;
        Ok(())
    }

    /// Letters that were written before this moment and are held still have had their time.
    pub(super) fn expire(
        &mut self,
        now: Now,
        before: Wall,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        let mut overdue = Vec::new();
        {
            let mut statement = self.db.statement(OVERDUE)?;
            let mut rows = statement.query([before.0])?;
            while let Some(row) = rows.next()? {
                overdue.push((Fingerprint(Bytes(row.get(0)?)), msg_id(row.get(1)?)));
            }
        }
        for (to, id) in overdue {
            self.keep_receipts(now, to, (id, id), Stage::Expired, shown)?;
        }
        let expired = code(Stage::Expired);
        self.db.statement(EXPIRE_NOTES)?.execute(params![before.0, expired])?;
        Ok(())
    }

    pub(super) fn keep_acted(&mut self, from: Fingerprint, id: MsgId) -> Result<(), StoreError> {
        self.db.statement(INSERT_ACTED)?.execute([&from.0.0[..], &id.0.0[..]])?;
        Ok(())
    }

    pub(super) fn is_acted(&self, from: Fingerprint, id: MsgId) -> Result<bool, StoreError> {
        let mut statement = self.db.statement(ACTED)?;
        let found = statement.query_row([&from.0.0[..], &id.0.0[..]], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }

    pub(super) fn owe(&mut self, to: Fingerprint, ids: &[MsgId]) -> Result<(), StoreError> {
        let mut statement = self.db.statement(OWE)?;
        for id in ids {
            statement.execute([&to.0.0[..], &id.0.0[..]])?;
        }
        Ok(())
    }

    pub(super) fn paid(&mut self, to: Fingerprint, ids: &[MsgId]) -> Result<(), StoreError> {
        let mut statement = self.db.statement(PAID)?;
        for id in ids {
            statement.execute([&to.0.0[..], &id.0.0[..]])?;
        }
        Ok(())
    }

    pub(super) fn owed(&self) -> Result<Vec<(Fingerprint, MsgId)>, StoreError> {
        let mut statement = self.db.statement("SELECT person, id FROM owed ORDER BY person, id")?;
        let mut rows = statement.query([])?;
        let mut owed = Vec::new();
        while let Some(row) = rows.next()? {
            owed.push((Fingerprint(Bytes(row.get(0)?)), msg_id(row.get(1)?)));
        }
        Ok(owed)
    }
}

/// A letter from the columns id, sent, kind, body, and of talk group and epoch.
fn letter(row: &Row<'_>) -> Result<Letter, StoreError> {
    let (id, sent, kind) = (msg_id(row.get(0)?), Wall(row.get(1)?), row.get(2)?);
    let body = match kind {
        TEXT => Some(Body::Text(row.get(3)?)),
        TALK => {
            let (group, epoch) = (GroupId(Bytes(row.get(4)?)), row.get::<_, i64>(5)? as u64);
            Some(Body::Talk(Talk { group, epoch, text: row.get(3)? }))
        }
        _ => Body::from_parts(kind, row.get_ref(3)?.as_blob().unwrap_or_default()),
    };
    let damaged = || StoreError::Corrupt(format!("a letter of kind {kind} that cannot be read"));
    Ok(Letter { id, sent, body: body.ok_or_else(damaged)? })
}

/// [`Body::kind`] of a text, as [`OUTBOX_PAGE`] gives it.
const TEXT: u8 = 1;
/// The same of talk.
const TALK: u8 = 6;
const EPOCH: &str = "epoch";

const INSERT_NOTE: &str = "
    INSERT INTO notes (person, id, stage, sent, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (person, id) DO NOTHING";
const ADVANCE: &str = "
    UPDATE messages INDEXED BY outbox SET stage = ?4
    WHERE person = ?1 AND id BETWEEN ?2 AND ?3 AND stage < 4 AND stage < ?4
    RETURNING seq, id";
const ADVANCE_NOTES: &str = "
    UPDATE notes INDEXED BY waiting SET stage = ?4
    WHERE person = ?1 AND id BETWEEN ?2 AND ?3 AND stage < 4 AND stage < ?4";
const ADVANCE_COPIES: &str = "
    UPDATE copies INDEXED BY copies_waiting SET stage = ?4
    WHERE person = ?1 AND id BETWEEN ?2 AND ?3 AND stage < 4 AND stage < ?4
    RETURNING seq, id";
// Sets what `?4` says, which is held.
const HOLD_AGAIN: &str = "
    UPDATE messages INDEXED BY outbox SET stage = ?4
    WHERE person = ?1 AND id BETWEEN ?2 AND ?3 AND stage < 4 AND stage = -1";
const HOLD_COPIES_AGAIN: &str = "
    UPDATE copies INDEXED BY copies_waiting SET stage = ?4
    WHERE person = ?1 AND id BETWEEN ?2 AND ?3 AND stage < 4 AND stage = -1";
pub(super) const OUTBOX_PAGE: &str = "
    SELECT id, sent, 1, text, NULL, NULL FROM messages INDEXED BY outbox
    WHERE person = ?1 AND id > ?2 AND stage < 4 AND stage < ?3
    UNION ALL
    SELECT id, sent, kind, body, NULL, NULL FROM notes INDEXED BY waiting
    WHERE person = ?1 AND id > ?2 AND stage < 4 AND stage < ?3
    UNION ALL
    SELECT c.id, c.sent, 6, s.text, g.grp, s.epoch
    FROM copies c INDEXED BY copies_waiting
        CROSS JOIN said s ON s.seq = c.said CROSS JOIN groups g ON g.id = s.grp
    WHERE c.person = ?1 AND c.id > ?2 AND c.stage < 4 AND c.stage < ?3
    ORDER BY 1";
const OLDEST_HELD: &str = "
    SELECT min(sent) FROM (
        SELECT min(sent) AS sent FROM messages INDEXED BY held WHERE stage = 3
        UNION ALL
        SELECT min(sent) FROM copies INDEXED BY copies_held WHERE stage = 3
        UNION ALL
        SELECT min(sent) FROM notes INDEXED BY waiting WHERE stage < 4 AND stage = 3)";
const QUEUE_HELD: &str = "UPDATE messages INDEXED BY held SET stage = ?1 WHERE stage = 3";
const QUEUE_HELD_COPIES: &str = "
    UPDATE copies INDEXED BY copies_held SET stage = ?1 WHERE stage = 3";
const QUEUE_HELD_NOTES: &str = "
    UPDATE notes INDEXED BY waiting SET stage = ?1 WHERE stage < 4 AND stage = 3";
const QUEUE_HELD_FOR: &str = "
    UPDATE messages INDEXED BY held SET stage = ?2 WHERE stage = 3 AND person = ?1";
const QUEUE_HELD_COPIES_FOR: &str = "
    UPDATE copies INDEXED BY copies_held SET stage = ?2 WHERE stage = 3 AND person = ?1";
const QUEUE_HELD_NOTES_FOR: &str = "
    UPDATE notes INDEXED BY waiting SET stage = ?2
    WHERE person = ?1 AND stage < 4 AND stage = 3";
const OVERDUE: &str = "
    SELECT p.fingerprint, m.id, m.person FROM messages m INDEXED BY held
        CROSS JOIN people p ON p.id = m.person
    WHERE m.stage = 3 AND m.sent < ?1
    UNION ALL
    SELECT p.fingerprint, c.id, c.person FROM copies c INDEXED BY copies_held
        CROSS JOIN people p ON p.id = c.person
    WHERE c.stage = 3 AND c.sent < ?1 ORDER BY 3, 2";
const EXPIRE_NOTES: &str = "
    UPDATE notes INDEXED BY waiting SET stage = ?2 WHERE stage < 4 AND stage = 3 AND sent < ?1";
const INSERT_ACTED: &str = "INSERT OR IGNORE INTO acted (person, id) VALUES (?1, ?2)";
const ACTED: &str = "SELECT 1 FROM acted WHERE person = ?1 AND id = ?2";
const OWE: &str = "INSERT OR IGNORE INTO owed (person, id) VALUES (?1, ?2)";
const PAID: &str = "DELETE FROM owed WHERE person = ?1 AND id = ?2";
