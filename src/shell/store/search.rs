//! Search: an index of words that is brought up to date when somebody searches, so that receiving
//! pays nothing for it.
//!
//! How far it has come is kept in the transaction of the step that came so far: a crash leaves the
//! index where a step ended. It holds numbers of messages only (FTS5 `detail=none`, no content),
//! two bytes a word, and the newest matches are read from its end (`tests/bench/search.rs`). Only
//! the words that begin alike are gathered first: of a million messages, that takes up to half a
//! second.

use super::StoreError;
use super::asides::FIRST_ASIDE;
use super::client::ClientStore;
use super::words::{self, Asked};
use crate::proto::limits::{SEARCH_STEP_BYTES, SEARCH_STEP_MESSAGES};
use crate::proto::model::entry::{Entry, HistoryOf};
use rusqlite::{Rows, params};

impl ClientStore {
    /// The newest `limit` entries of the history that have all of these words, newest first; of one
    /// person, what they said in groups too, of one group, or all. A word with a `*` behind it
    /// stands for all that begin so.
    ///
    /// Brings the index one step further beforehand, and gives how many events it is behind after
    /// that: messages as new as these are not found yet. [`ClientStore::index`] takes more steps.
    pub fn search(
        &mut self,
        words: &str,
        of: HistoryOf,
        limit: usize,
        each: &mut dyn FnMut(Entry),
    ) -> Result<u64, StoreError> {
        let behind = match self.index() {
            // There is no room for more, but what is indexed can be searched.
            Err(StoreError::Full) => self.behind()?.1,
            step => step?,
        };
        let of = match of {
            HistoryOf::All => None,
            HistoryOf::With(key) => match self.row_of(key)? {
                Some((row, _)) => Some(words::of_person(row)),
                None => return Ok(behind),
            },
            HistoryOf::Group(group) => match self.find_group(group)? {
                Some(row) => Some(words::of_group(row)),
                None => return Ok(behind),
            },
        };
        let Some(asked) = words::ask(words, of) else { return Ok(behind) };
        let mut statements = (self.db.statement(FOUND)?, self.db.statement(FOUND)?);
        let mut messages =
            statements.0.query(params![asked.expression, i64::MIN, FIRST_ASIDE - 1])?;
        let mut asides = statements.1.query(params![asked.expression, FIRST_ASIDE, i64::MAX])?;
        let mut message = self.found(&mut messages, &asked)?;
        let mut aside = self.found(&mut asides, &asked)?;
        for _ in 0..limit {
            // What is no message came after the one of its number.
            let is_aside =
                aside.as_ref().map(|entry| entry.seq) >= message.as_ref().map(|entry| entry.seq);
            let next = match is_aside && aside.is_some() {
                true => std::mem::replace(&mut aside, self.found(&mut asides, &asked)?),
                false => std::mem::replace(&mut message, self.found(&mut messages, &asked)?),
            };
            let Some(entry) = next else { break };
            each(entry);
        }
        Ok(behind)
    }

    /// The next entry whose words were found, and which has them.
    fn found(&self, rows: &mut Rows<'_>, asked: &Asked) -> Result<Option<Entry>, StoreError> {
        while let Some(row) = rows.next()? {
            let entry = match row.get::<_, i64>(0)? {
                n @ FIRST_ASIDE.. => self.aside(n - FIRST_ASIDE)?,
                seq => self.message(seq)?,
            };
            let has_runs = |entry: &Entry| asked.runs.iter().all(|run| entry.text.contains(run));
            if let Some(entry) = entry.filter(has_runs) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Takes the index one bounded step further, durably; gives how many events it is behind then.
    /// Does nothing in the middle of a wake.
    pub fn index(&mut self) -> Result<u64, StoreError> {
        let (indexed, behind) = self.behind()?;
        if behind == 0 || self.db.is_open {
            return Ok(behind);
        }
        self.db.begin()?;
        let stepped = self.step(indexed).and_then(|()| self.db.commit());
        if stepped.is_err() {
            self.db.rollback();
        }
        stepped?;
        Ok(self.behind()?.1)
    }

    /// The last event that was looked at, and how many came after it.
    fn behind(&self) -> Result<(i64, u64), StoreError> {
        let indexed = self.setting(INDEXED)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok((indexed, self.last_seq().0.saturating_sub(indexed as u64)))
    }

    pub(super) fn step(&mut self, indexed: i64) -> Result<(), StoreError> {
        let mut last = self.last_seq().0 as i64;
        {
            let mut unindexed = self.db.statement(UNINDEXED)?;
            let mut rows = unindexed.query([indexed])?;
            let mut insert = self.db.statement(INSERT)?;
            let (mut messages, mut bytes) = (0, 0);
            let mut words = String::new();
            while let Some(row) = rows.next()? {
                let seq: i64 = row.get(0)?;
                let text = row.get_ref(3)?.as_str().unwrap_or_default();
                words.clear();
                if let Some(person) = row.get(1)? {
                    words.push_str(&words::of_person(person));
                }
                if let Some(group) = row.get(2)? {
                    words.push(' ');
                    words.push_str(&words::of_group(group));
                }
                words::index(text, &mut words);
                insert.execute((seq, &words))?;
                messages += 1;
                bytes += text.len();
                if messages == SEARCH_STEP_MESSAGES || bytes >= SEARCH_STEP_BYTES {
                    last = seq;
                    break;
                }
            }
        }
        self.set(INDEXED, &last.to_string())
    }
}

/// The setting that says how far the index has come.
const INDEXED: &str = "indexed";

pub(super) const UNINDEXED: &str = "
    SELECT seq, person, grp, text FROM messages WHERE seq > ?1
    UNION ALL SELECT seq, NULL, grp, text FROM said WHERE seq > ?1 ORDER BY 1";
pub(super) const INSERT: &str = "INSERT INTO word_index (rowid, words) VALUES (?1, ?2)";
const FOUND: &str = "
    SELECT rowid FROM word_index WHERE word_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3
    ORDER BY rowid DESC";
