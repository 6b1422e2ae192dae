//! Search: an index of words that is brought up to date when somebody searches, so that receiving
//! pays nothing for it.
//!
//! How far it has come is kept in the transaction of the step that came so far: a crash leaves the
//! index where a step ended. It holds numbers of messages only (FTS5 `detail=none`, no content),
//! two bytes a word, and the newest matches are read from its end (`tests/bench/search.rs`). Only
//! the words that begin alike are gathered first: of a million messages, that takes up to half a
//! second.

use super::client::ClientStore;
use super::read::{MESSAGE, entry};
use super::{StoreError, words};
use crate::proto::limits::{SEARCH_STEP_BYTES, SEARCH_STEP_MESSAGES};
use crate::proto::model::entry::Entry;
use crate::proto::model::person::Fingerprint;

impl ClientStore {
    /// The newest `limit` messages that have all of these words, newest first; with one person, or
    /// with anybody. A word with a `*` behind it stands for all that begin so.
    ///
    /// Brings the index one step further beforehand, and gives how many events it is behind after
    /// that: messages as new as these are not found yet. [`ClientStore::index`] takes more steps.
    pub fn search(
        &mut self,
        words: &str,
        with: Option<Fingerprint>,
        limit: usize,
        each: &mut dyn FnMut(Entry),
    ) -> Result<u64, StoreError> {
        let behind = match self.index() {
            // There is no room for more, but what is indexed can be searched.
            Err(StoreError::Full) => self.behind()?.1,
            step => step?,
        };
        let person = match with {
            Some(key) => match self.row_of(key)? {
                Some((row, _)) => Some(row),
                None => return Ok(behind),
            },
            None => None,
        };
        let Some(asked) = words::ask(words, person) else { return Ok(behind) };
        let mut found = self.db.statement(FOUND)?;
        let mut found = found.query([&asked.expression])?;
        let mut message = self.db.statement(MESSAGE)?;
        let mut given = 0;
        while given < limit {
            let Some(row) = found.next()? else { break };
            let mut rows = message.query([row.get::<_, i64>(0)?])?;
            let Some(row) = rows.next()? else { continue };
            let entry = entry(row)?;
            if asked.runs.iter().all(|run| entry.text.contains(run)) {
                each(entry);
                given += 1;
            }
        }
        Ok(behind)
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
                let text = row.get_ref(2)?.as_str().unwrap_or_default();
                words.clear();
                words.push_str(&words::of_person(row.get(1)?));
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

const UNINDEXED: &str = "SELECT seq, person, text FROM messages WHERE seq > ?1 ORDER BY seq";
const INSERT: &str = "INSERT INTO word_index (rowid, words) VALUES (?1, ?2)";
const FOUND: &str = "SELECT rowid FROM word_index WHERE word_index MATCH ?1 ORDER BY rowid DESC";
