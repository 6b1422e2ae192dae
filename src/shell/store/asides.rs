//! What is in the history beside messages, and found like them: transcripts, and posts' names.
//!
//! They are few, so each is put into the index of words as it is kept: above [`FIRST_ASIDE`], where
//! no message's number comes.

use super::client::{ClientStore, msg_id};
use super::read::label;
use super::{StoreError, words};
use crate::proto::id::{MsgId, Seq};
use crate::proto::model::entry::{Direction, Entry, EntryKind};
use crate::proto::model::person::Fingerprint;
use crate::proto::time::{Now, Wall};
use rusqlite::{Row, params};

/// An entry on its way in.
pub(super) struct Aside<'a> {
    pub(super) kind: EntryKind,
    pub(super) id: MsgId,
    /// The other side; none of a post of ours.
    pub(super) with: Option<Fingerprint>,
    pub(super) is_ours: bool,
    pub(super) text: &'a str,
    pub(super) sent: Wall,
}

impl ClientStore {
    /// A repeat is passed over.
    pub(super) fn keep_aside(&mut self, now: Now, aside: &Aside<'_>) -> Result<(), StoreError> {
        let person = match aside.with {
            None => None,
            Some(key) => {
                let known = self.know(key)?;
                Some(known.expect("whoever sends or gets a file was kept before as a person").row)
            }
        };
        let kept = self.db.statement(KEEP)?.execute(params![
            self.next - 1,
            person,
            aside.is_ours,
            &aside.id.0.0[..],
            word(aside.kind),
            aside.sent.0,
            now.wall.0,
            aside.text
        ])?;
        if kept > 0 {
            let row = FIRST_ASIDE + self.db.connection.last_insert_rowid();
            let mut found_by = person.map(words::of_person).unwrap_or_default();
            words::index(aside.text, &mut found_by);
            self.db.statement(super::search::INSERT)?.execute((row, found_by))?;
        }
        Ok(())
    }

    /// A post of ours that is no more. Its words stay in the index, and lead nowhere.
    pub(super) fn drop_post_aside(&mut self, id: MsgId) -> Result<(), StoreError> {
        self.db.statement(DROP)?.execute([&id.0.0[..]])?;
        Ok(())
    }

    pub(super) fn aside(&self, n: i64) -> Result<Option<Entry>, StoreError> {
        let mut statement = self.db.statement(ASIDE)?;
        let mut rows = statement.query([n])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        self.aside_entry(row).map(Some)
    }

    fn aside_entry(&self, row: &Row<'_>) -> Result<Entry, StoreError> {
        let with = match row.get::<_, Option<i64>>(8)? {
            Some(_) => label(row, 1)?,
            None => self.my_label()?,
        };
        let kind = row.get_ref(7)?.as_str().unwrap_or_default();
        let kind = EntryKind::ASIDES.iter().find(|(word, _)| *word == kind);
        Ok(Entry {
            seq: Seq(row.get::<_, i64>(0)? as u64),
            id: msg_id(row.get(4)?),
            with,
            direction: if row.get(3)? { Direction::Out } else { Direction::In },
            text: row.get(9)?,
            sent: Wall(row.get(5)?),
            at: Wall(row.get(6)?),
            state: None,
            group: None,
            kind: kind.map_or(EntryKind::Text, |(_, kind)| *kind),
        })
    }
}

fn word(kind: EntryKind) -> &'static str {
    EntryKind::ASIDES.iter().find(|(_, one)| *one == kind).map_or("", |(word, _)| word)
}

/// Numbers of messages never come up to this in the index of words.
pub(super) const FIRST_ASIDE: i64 = 1 << 62;

const KEEP: &str = "
    INSERT INTO asides (seq, person, out, id, kind, sent, at, text)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (
        SELECT 1 FROM asides WHERE id = ?4 AND person IS ?2 AND out = ?3 AND kind = ?5)";
const DROP: &str = "DELETE FROM asides WHERE id = ?1 AND kind = 'post' AND out = 1";
const ASIDE: &str = "
    SELECT a.seq, p.fingerprint, p.name, a.out, a.id, a.sent, a.at, a.kind, a.person, a.text
    FROM asides a LEFT JOIN people p ON p.id = a.person WHERE a.n = ?1";
