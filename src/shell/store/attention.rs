//! What somebody who sits at a terminal has looked at, and what of the rest they want to be told.
//!
//! Written when they turn from one conversation to another, never by a message: unread is what came
//! into a conversation after the number that it was last looked at.

use super::StoreError;
use super::client::ClientStore;
use super::read::{NEWEST_HEARD_IN, NEWEST_TO_US, label};
use crate::proto::model::conversation::{Conversation, Level, Unread};
use crate::proto::model::entry::{Entry, HistoryOf};
use crate::proto::time::Wall;
use rusqlite::{OptionalExtension, params};

impl ClientStore {
    /// All that a conversation holds by now has been looked at.
    pub fn look(&mut self, of: HistoryOf) -> Result<(), StoreError> {
        let seen = self.next - 1;
        self.db.begin()?;
        let [person, group] = self.rows_of(of)?;
        self.db.statement(LOOK)?.execute(params![person, group, seen])?;
        Ok(())
    }

    /// How much of it is to be told from now on.
    pub fn heed(&mut self, of: HistoryOf, level: Level) -> Result<(), StoreError> {
        self.db.begin()?;
        let [person, group] = self.rows_of(of)?;
        self.db.statement(HEED)?.execute(params![person, group, level.word()])?;
        Ok(())
    }

    /// Where somebody has said how much that is.
    pub fn levels(&self) -> Result<Vec<(Conversation, Level)>, StoreError> {
        let mut statement = self.db.statement(LEVELS)?;
        let mut rows = statement.query([])?;
        let mut levels = Vec::new();
        while let Some(row) = rows.next()? {
            let conversation = match row.get(1)? {
                Some(group) => Conversation::Group(self.group_label(group)?),
                None => Conversation::Person(label(row, 2)?),
            };
            let level = Level::parse(row.get_ref(0)?.as_str().unwrap_or_default());
            levels.extend(level.map(|level| (conversation, level)));
        }
        Ok(levels)
    }

    /// Which conversation it is, if it is one that we know.
    pub fn conversation(&self, of: HistoryOf) -> Result<Option<Conversation>, StoreError> {
        Ok(match of {
            HistoryOf::All => None,
            HistoryOf::With(key) => self.row_of(key)?.map(|(_, label)| Conversation::Person(label)),
            HistoryOf::Group(group) => match self.find_group(group)? {
                Some(row) => Some(Conversation::Group(self.group_label(row)?)),
                None => None,
            },
        })
    }

    /// What waits to be looked at in each conversation. Costs by people, groups, and what waits,
    /// of which no more than `UNREAD_MOST` is counted in one conversation.
    pub fn unread(&self) -> Result<Vec<(Conversation, Unread)>, StoreError> {
        let mut waiting = Vec::new();
        let mut people = self.db.statement(LOOKED_OF_PEOPLE)?;
        let mut rows = people.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(unread) = self.unread_in(NEWEST_TO_US, row.get(0)?, row.get(1)?)? {
                waiting.push((Conversation::Person(label(row, 2)?), unread));
            }
        }
        let mut groups = self.db.statement(LOOKED_OF_GROUPS)?;
        let mut rows = groups.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(unread) = self.unread_in(NEWEST_HEARD_IN, row.get(0)?, row.get(1)?)? {
                waiting.push((Conversation::Group(self.group_label(row.get(0)?)?), unread));
            }
        }
        Ok(waiting)
    }

    /// The last `most` entries of a conversation that came after it was last looked at.
    pub fn missed(&mut self, of: HistoryOf, most: usize) -> Result<Vec<Entry>, StoreError> {
        let [person, group] = self.rows_of(of)?;
        let looked: Option<i64> = {
            let mut statement = self.db.statement(LOOKED)?;
            statement.query_row(params![person, group], |row| row.get(0)).optional()?
        };
        let looked = looked.unwrap_or(0) as u64;
        let mut missed = Vec::new();
        self.history(of, None, most, &mut |entry| {
            if entry.seq.0 > looked {
                missed.push(entry);
            }
        })?;
        Ok(missed)
    }

    /// By the newest first, until one that was looked at.
    fn unread_in(&self, newest: &str, of: i64, looked: i64) -> Result<Option<Unread>, StoreError> {
        let mut statement = self.db.statement(newest)?;
        let mut rows = statement.query([of])?;
        let mut unread: Option<Unread> = None;
        while let Some(row) = rows.next()? {
            let count = unread.map_or(0, |unread| unread.count);
            if row.get::<_, i64>(0)? <= looked || count >= UNREAD_MOST {
                break;
            }
            unread = Some(Unread { count: count + 1, since: Wall(row.get(1)?) });
        }
        Ok(unread)
    }

    /// The row of the person, or that of the group.
    fn rows_of(&self, of: HistoryOf) -> Result<[Option<i64>; 2], StoreError> {
        Ok(match of {
            HistoryOf::All => [None, None],
            HistoryOf::With(key) => [self.row_of(key)?.map(|(row, _)| row), None],
            HistoryOf::Group(group) => [None, self.find_group(group)?],
        })
    }
}

/// Unread messages of one conversation that are counted.
pub const UNREAD_MOST: usize = 999;

const LOOK: &str = "
    INSERT INTO attention (person, grp, looked) SELECT ?1, ?2, ?3
    WHERE ?1 IS NOT NULL OR ?2 IS NOT NULL
    ON CONFLICT DO UPDATE SET looked = excluded.looked";
const HEED: &str = "
    INSERT INTO attention (person, grp, notify) SELECT ?1, ?2, ?3
    WHERE ?1 IS NOT NULL OR ?2 IS NOT NULL
    ON CONFLICT DO UPDATE SET notify = excluded.notify";
const LEVELS: &str = "
    SELECT a.notify, a.grp, p.fingerprint, p.name
    FROM attention a LEFT JOIN people p ON p.id = a.person
    WHERE a.notify IS NOT NULL ORDER BY a.grp, p.name";
const LOOKED: &str = "SELECT looked FROM attention WHERE person = ?1 OR grp = ?2";
const LOOKED_OF_PEOPLE: &str = "
    SELECT p.id, coalesce(a.looked, 0), p.fingerprint, p.name
    FROM people p LEFT JOIN attention a ON a.person = p.id ORDER BY p.id";
const LOOKED_OF_GROUPS: &str = "
    SELECT g.id, coalesce(a.looked, 0)
    FROM groups g LEFT JOIN attention a ON a.grp = g.id ORDER BY g.id";
