//! Listings for people and scripts, read row by row: history, events, outbox.
//!
//! Each costs by the rows that it gives, not by those that there are. Between wakes only: in the
//! middle of one they would give what is not durable yet.

use super::StoreError;
use super::client::{ClientStore, FROM_US, msg_id, person, stage};
use crate::proto::bytes::Bytes;
use crate::proto::id::{MsgId, Seq};
use crate::proto::json;
use crate::proto::model::entry::{Direction, Entry, EntryKind, HistoryOf, OutboxRow};
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::time::Wall;
use rusqlite::{Row, Rows, params_from_iter};
use serde::{Deserialize, Serialize};
use std::fmt;

impl ClientStore {
    /// The newest `limit` entries kept at `since` or later, oldest of them first. The two
    /// directions of a conversation are each in their sender's order; what is said in groups is no
    /// part of it.
    pub fn history(
        &mut self,
        of: HistoryOf,
        since: Option<Wall>,
        limit: usize,
        each: &mut dyn FnMut(Entry),
    ) -> Result<(), StoreError> {
        let (lists, row) = match of {
            HistoryOf::All => ([NEWEST, NEWEST_SAID, NEWEST_ASIDES], None),
            HistoryOf::With(key) => {
                let Some((person, _)) = self.row_of(key)? else { return Ok(()) };
                ([NEWEST_TO_US, NEWEST_FROM_US, NEWEST_ASIDES_WITH], Some(person))
            }
            HistoryOf::Group(group) => {
                let Some(group) = self.find_group(group)? else { return Ok(()) };
                ([NEWEST_HEARD_IN, NEWEST_SAID_IN, NO_ASIDES], Some(group))
            }
        };
        let newest = {
            let [a, b, c] = lists;
            let (mut a, mut b, mut c) =
                (self.db.statement(a)?, self.db.statement(b)?, self.db.statement(c)?);
            let of = || params_from_iter(row);
            newest(&mut [a.query(of())?, b.query(of())?, c.query(of())?], since, limit)?
        };
        for (_, from, n) in newest.into_iter().rev() {
            let entry = match from {
                FROM_MESSAGES => self.message(n)?,
                FROM_SAID => self.saying(n)?,
                _ => self.aside(n)?,
            };
            entry.into_iter().for_each(&mut *each);
        }
        Ok(())
    }

    /// Durable events after number `since`, at most `limit`, in order.
    pub fn events(
        &mut self,
        since: Seq,
        limit: usize,
        each: &mut dyn FnMut(Seq, Wall, Event),
    ) -> Result<(), StoreError> {
        let since = i64::try_from(since.0).unwrap_or(i64::MAX);
        let mut messages = self.db.statement(MESSAGES_AFTER)?;
        let mut messages = messages.query([since])?;
        let mut others = self.db.statement(EVENTS_COVERING)?;
        let mut others = others.query([since])?;
        let mut message = messages.next()?;
        let mut other = others.next()?;
        let mut left = limit;
        while left > 0 {
            let at = |row: Option<&Row<'_>>| row.map_or(Ok(i64::MAX), |row| row.get(0));
            let (message_seq, other_seq) = (at(message)?, at(other)?);
            if let (Some(row), true) = (message, message_seq < other_seq) {
                each(Seq(message_seq as u64), Wall(row.get(6)?), self.first_event(row)?);
                left -= 1;
                message = messages.next()?;
            } else if let Some(row) = other {
                left -= self.event_row(row, since, left, each)?;
                other = others.next()?;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Every message of ours that is not final, by person and in the order of sending; talk once
    /// for each member that it waits for.
    pub fn outbox(&mut self, each: &mut dyn FnMut(OutboxRow)) -> Result<(), StoreError> {
        let mut statement = self.db.statement(OUTBOX)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let to = Fingerprint(Bytes(row.get(1)?));
            let group = row.get::<_, Option<i64>>(6)?;
            each(OutboxRow {
                id: msg_id(row.get(0)?),
                to,
                label: label(row, 1)?,
                text: row.get(3)?,
                sent: Wall(row.get(4)?),
                stage: stage(row.get(5)?)?,
                group: group.map(|group| self.group_label(group)).transpose()?,
            });
        }
        Ok(())
    }

    /// Somebody known, by whatever points at them. An endpoint points at nobody known.
    pub fn person(&mut self, target: &Target) -> Result<Option<Person>, StoreError> {
        let mut statement = self.db.statement(match target {
            Target::Name(_) => PERSON_BY_NAME,
            Target::Address(_) => PERSON_BY_ADDRESS,
            Target::Key(_) => PERSON_BY_KEY,
            Target::Endpoint(_) => return Ok(None),
        })?;
        let mut rows = match target {
            Target::Name(name) => statement.query([name.as_str()])?,
            Target::Address(address) => statement.query([address.to_string()])?,
            Target::Key(key) => statement.query([&key.0.0[..]])?,
            Target::Endpoint(_) => return Ok(None),
        };
        rows.next()?.map(person).transpose()
    }

    /// The ids of undelivered messages whose text form begins so, in either case; at most two,
    /// which is enough to see that one is not named. Costs by the length of the outbox.
    pub fn messages_by_prefix(&mut self, prefix: &str) -> Result<Vec<MsgId>, StoreError> {
        let prefix = prefix.to_ascii_uppercase();
        let mut statement = self.db.statement(WAITING)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let id = msg_id(row.get(0)?);
            if found.len() < 2 && !found.contains(&id) && id.to_text().starts_with(&prefix) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Gives the events of one row that come after `since`; how many those were.
    fn event_row(
        &self,
        row: &Row<'_>,
        since: i64,
        limit: usize,
        each: &mut dyn FnMut(Seq, Wall, Event),
    ) -> Result<usize, StoreError> {
        let (first, at) = (row.get::<_, i64>(0)?, Wall(row.get(1)?));
        let body = row.get_ref(3)?.as_str().unwrap_or_default();
        if row.get_ref(2)?.as_str() == Ok("receipts") {
            let receipts: Receipts = json::read(body).map_err(damaged)?;
            return self.receipts(first, at, &receipts, since, limit, each);
        }
        if first > since {
            each(Seq(first as u64), at, json::read(body).map_err(damaged)?);
            return Ok(1);
        }
        Ok(0)
    }

    fn receipts(
        &self,
        first: i64,
        at: Wall,
        receipts: &Receipts,
        since: i64,
        limit: usize,
        each: &mut dyn FnMut(Seq, Wall, Event),
    ) -> Result<usize, StoreError> {
        let mut statement = self.db.statement(ADDRESSED)?;
        let mut seq = first;
        let mut given = 0;
        for &(from, to) in &receipts.of {
            let known = (since + 1 - seq).clamp(0, to - from + 1);
            seq += known;
            let mut rows = statement.query([from + known, to])?;
            while let (true, Some(row)) = (given < limit, rows.next()?) {
                let (id, to) = (msg_id(row.get(0)?), label(row, 1)?);
                let event = Event::Receipt { id, to, state: receipts.state, why: None };
                each(Seq(seq as u64), at, event);
                seq += 1;
                given += 1;
            }
        }
        Ok(given)
    }

    /// The message of this number, if it is one, or talk of ours.
    pub(super) fn message(&self, seq: i64) -> Result<Option<Entry>, StoreError> {
        let mut statement = self.db.statement(MESSAGE)?;
        let mut rows = statement.query([seq])?;
        match rows.next()? {
            Some(row) => self.entry(row).map(Some),
            None => self.saying(seq),
        }
    }

    fn entry(&self, row: &Row<'_>) -> Result<Entry, StoreError> {
        let code: Option<i64> = row.get(7)?;
        let out = row.get::<_, i64>(3)? == FROM_US;
        Ok(Entry {
            seq: Seq(row.get::<_, i64>(0)? as u64),
            id: msg_id(row.get(4)?),
            with: label(row, 1)?,
            direction: if out { Direction::Out } else { Direction::In },
            text: row.get(8)?,
            sent: Wall(row.get(5)?),
            at: Wall(row.get(6)?),
            state: code.map(stage).transpose()?,
            group: self.group_of(row)?,
            kind: EntryKind::Text,
        })
    }

    fn saying(&self, seq: i64) -> Result<Option<Entry>, StoreError> {
        let mut statement = self.db.statement(SAYING)?;
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let group = self.group_label(row.get(4)?)?;
        Ok(Some(Entry {
            seq: Seq(seq as u64),
            id: msg_id(row.get(0)?),
            with: group.clone(),
            direction: Direction::Out,
            text: row.get(3)?,
            sent: Wall(row.get(1)?),
            at: Wall(row.get(2)?),
            state: Some(stage(row.get(5)?)?),
            group: Some(group),
            kind: EntryKind::Text,
        }))
    }

    /// The event that a message began with, or talk for one member.
    fn first_event(&self, row: &Row<'_>) -> Result<Event, StoreError> {
        let (id, other) = (msg_id(row.get(4)?), label(row, 1)?);
        if row.get::<_, i64>(3)? == FROM_US {
            return Ok(Event::Receipt { id, to: other, state: Stage::Queued, why: None });
        }
        let (text, sent) = (row.get(8)?, Wall(row.get(5)?));
        Ok(Event::Message { id, from: other, text, sent, group: self.group_of(row)? })
    }

    fn group_of(&self, row: &Row<'_>) -> Result<Option<String>, StoreError> {
        let group = row.get::<_, Option<i64>>(9)?;
        group.map(|group| self.group_label(group)).transpose()
    }
}

/// Messages that came to one stage together, as ranges of [`Seq`], both ends included.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipts {
    pub(super) state: Stage,
    pub(super) of: Vec<(i64, i64)>,
}

impl Receipts {
    pub(super) fn push(&mut self, seq: i64) {
        match self.of.last_mut() {
            Some((_, last)) if *last + 1 == seq => *last = seq,
            _ => self.of.push((seq, seq)),
        }
    }
}

/// An entry of the history: its number, where it is kept, and its number there. Of those of one
/// number, that which is no message came last.
type Place = (i64, i64, i64);

/// The highest of several falling lists (number, moment, rest of the place), merged; highest first.
fn newest(
    lists: &mut [Rows<'_>],
    since: Option<Wall>,
    limit: usize,
) -> Result<Vec<Place>, StoreError> {
    let mut heads = Vec::new();
    for list in lists.iter_mut() {
        heads.push(head(list, since)?);
    }
    let mut found = Vec::new();
    while found.len() < limit {
        let highest = heads.iter().enumerate().max_by_key(|(_, head)| **head);
        let Some((from, Some(place))) = highest.map(|(from, head)| (from, *head)) else { break };
        found.push(place);
        heads[from] = head(&mut lists[from], since)?;
    }
    Ok(found)
}

/// The next of a list that is not too old.
fn head(list: &mut Rows<'_>, since: Option<Wall>) -> Result<Option<Place>, StoreError> {
    // A clock that was wrong for a while leaves a few old moments among newer ones: they are
    // passed over. Many in a row mean that the rest is older.
    for _ in 0..OLDER_IN_A_ROW {
        let Some(row) = list.next()? else { return Ok(None) };
        if since.is_none_or(|since| row.get(1).is_ok_and(|at: i64| at >= since.0)) {
            return Ok(Some((row.get(0)?, row.get(2)?, row.get(3)?)));
        }
    }
    Ok(None)
}

/// What a person is called, from the columns fingerprint and name.
pub(super) fn label(row: &Row<'_>, first_column: usize) -> Result<String, StoreError> {
    if let Some(name) = row.get(first_column + 1)? {
        return Ok(name);
    }
    Ok(Fingerprint(Bytes(row.get(first_column)?)).to_string())
}

pub(super) fn damaged(error: impl fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("an event that cannot be read: {error}"))
}

/// Rows older than asked for that are passed over before a listing ends.
const OLDER_IN_A_ROW: usize = 1024;

/// Where a [`Place`] is kept: the third column of the lists.
const FROM_MESSAGES: i64 = 0;
const FROM_SAID: i64 = 1;

const NEWEST: &str = "SELECT seq, at, 0, seq FROM messages ORDER BY seq DESC";
const NEWEST_SAID: &str = "SELECT seq, at, 1, seq FROM said ORDER BY seq DESC";
const NEWEST_ASIDES: &str = "SELECT seq, at, 2, n FROM asides ORDER BY n DESC";
pub(super) const NEWEST_TO_US: &str = "
    SELECT seq, at, 0, seq FROM messages INDEXED BY seen WHERE person = ?1 AND out = 0
    ORDER BY id DESC";
const NEWEST_FROM_US: &str = "
    SELECT seq, at, 0, seq FROM messages INDEXED BY seen WHERE person = ?1 AND out = 1
    ORDER BY id DESC";
const NEWEST_ASIDES_WITH: &str = "
    SELECT seq, at, 2, n FROM asides INDEXED BY asides_with WHERE person = ?1 ORDER BY n DESC";
pub(super) const NEWEST_HEARD_IN: &str = "
    SELECT seq, at, 0, seq FROM messages INDEXED BY talk WHERE grp = ?1 ORDER BY seq DESC";
const NEWEST_SAID_IN: &str = "
    SELECT seq, at, 1, seq FROM said INDEXED BY said_in WHERE grp = ?1 ORDER BY seq DESC";
const NO_ASIDES: &str = "SELECT 0, 0, 2, 0 WHERE ?1 IS NULL";
const MESSAGE: &str = "
    SELECT m.seq, p.fingerprint, p.name, m.out, m.id, m.sent, m.at, m.stage, m.text, m.grp
    FROM messages m CROSS JOIN people p ON p.id = m.person WHERE m.seq = ?1";
const SAYING: &str = "
    SELECT s.id, s.sent, s.at, s.text, s.grp, coalesce((
        SELECT min(stage) FROM copies WHERE seq BETWEEN s.seq AND s.seq + s.copies - 1), 4)
    FROM said s WHERE s.seq = ?1";
pub(super) const MESSAGES_AFTER: &str = "
    SELECT m.seq, p.fingerprint, p.name, m.out, m.id, m.sent, m.at, m.stage, m.text, m.grp
    FROM messages m CROSS JOIN people p ON p.id = m.person WHERE m.seq > ?1
    UNION ALL
    SELECT c.seq, p.fingerprint, p.name, 1, c.id, c.sent, s.at, c.stage, NULL, NULL
    FROM copies c CROSS JOIN people p ON p.id = c.person CROSS JOIN said s ON s.seq = c.said
    WHERE c.seq > ?1
    ORDER BY 1";
const EVENTS_COVERING: &str = "
    SELECT seq, at, kind, body FROM events
    WHERE seq >= coalesce((SELECT max(seq) FROM events WHERE seq <= ?1), 0) ORDER BY seq";
pub(super) const ADDRESSED: &str = "
    SELECT m.id, p.fingerprint, p.name, m.seq
    FROM messages m CROSS JOIN people p ON p.id = m.person WHERE m.seq BETWEEN ?1 AND ?2
    UNION ALL
    SELECT c.id, p.fingerprint, p.name, c.seq
    FROM copies c CROSS JOIN people p ON p.id = c.person WHERE c.seq BETWEEN ?1 AND ?2
    ORDER BY 4";
pub(super) const OUTBOX: &str = "
    SELECT m.id, p.fingerprint, p.name, m.text, m.sent, m.stage, NULL, m.person
    FROM messages m INDEXED BY outbox CROSS JOIN people p ON p.id = m.person
    WHERE m.stage < 4
    UNION ALL
    SELECT c.id, p.fingerprint, p.name, s.text, c.sent, c.stage, s.grp, c.person
    FROM copies c INDEXED BY copies_waiting
        CROSS JOIN people p ON p.id = c.person CROSS JOIN said s ON s.seq = c.said
    WHERE c.stage < 4
    ORDER BY 8, 1";
const WAITING: &str = "
    SELECT id FROM messages INDEXED BY outbox WHERE stage < 4
    UNION ALL SELECT id FROM copies INDEXED BY copies_waiting WHERE stage < 4";
const PERSON_BY_NAME: &str =
    "SELECT fingerprint, name, address, identity FROM people WHERE name = ?1";
const PERSON_BY_ADDRESS: &str = "
    SELECT fingerprint, name, address, identity FROM people WHERE address = ?1
    ORDER BY id DESC LIMIT 1";
const PERSON_BY_KEY: &str =
    "SELECT fingerprint, name, address, identity FROM people WHERE fingerprint = ?1";
