//! Everything that a profile holds, as rows of an export, a page at a time. Secret keys, tokens and
//! prekeys are not among it.
//!
//! Each table is read on from the key of its last row, so that a page costs by its own rows. Events
//! that come after the beginning are left out.

use super::StoreError;
use super::client::{ClientStore, NAME, stage};
use crate::proto::bytes::Bytes;
use crate::proto::id::GroupId;
use crate::proto::model::export::{self as tables, Cell, Class, Table};
use crate::proto::model::letter::Body;
use crate::proto::model::person::Fingerprint;
use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};
use std::collections::BTreeMap;

/// Takes a row; `false` when that is enough for now.
pub type Each<'a> = dyn FnMut(&'static Table, &[Cell<'_>]) -> bool + 'a;

/// How far an export has come.
#[derive(Debug)]
pub struct Cursor {
    pub(super) me: Fingerprint,
    my_name: Option<String>,
    server: Option<String>,
    sources: &'static [Source],
    /// Only what names people, groups and files is wanted.
    pub(super) is_of_names: bool,
    /// The key of the last row of the first of `sources`; empty before that.
    pub(super) after: Vec<Value>,
    /// The number of the last event that belongs to it.
    pub(super) last: i64,
    groups: BTreeMap<i64, (GroupId, String)>,
    /// The words of the request that is just read.
    words: String,
}

/// Where the rows of a table come from.
#[derive(Debug)]
pub(super) struct Source {
    table: &'static Table,
    pub(super) rows: Rows,
}

/// How they are read.
#[derive(Debug)]
pub(super) enum Rows {
    /// By a statement, whose first so many columns are the row's key. Its parameters: the key of
    /// the row before, from ?1 on; ?4 the last event's number, ?5 our fingerprint, ?6 the server.
    Sql(usize, &'static str),
    /// From the event log.
    Log,
}

impl Cursor {
    /// At the beginning of all that there is up to now.
    pub fn new(
        store: &ClientStore,
        me: Fingerprint,
        server: Option<String>,
    ) -> Result<Cursor, StoreError> {
        Ok(Cursor {
            me,
            my_name: store.setting(NAME)?,
            server,
            sources: &SOURCES,
            is_of_names: false,
            after: Vec::new(),
            last: store.last_seq().0 as i64,
            groups: BTreeMap::new(),
            words: String::new(),
        })
    }

    /// At the beginning of what names people, groups and files.
    pub fn of_names(&self) -> Cursor {
        Cursor {
            me: self.me,
            my_name: self.my_name.clone(),
            server: self.server.clone(),
            sources: &NAMING,
            is_of_names: true,
            after: Vec::new(),
            last: self.last,
            groups: BTreeMap::new(),
            words: String::new(),
        }
    }

    /// What a parameter of a statement stands for.
    fn parameter(&self, number: usize) -> Value {
        match number {
            4 => Value::Integer(self.last),
            5 => Value::Blob(self.me.0.0.to_vec()),
            6 => self.server.clone().map_or(Value::Null, Value::Text),
            // Numbers come before texts and these before bytes, so that this is below every key.
            _ => self.after.get(number - 1).cloned().unwrap_or(Value::Integer(i64::MIN)),
        }
    }
}

impl ClientStore {
    /// Gives the next rows, until `each` has enough. Whether there may be more.
    pub fn export(&self, cursor: &mut Cursor, each: &mut Each<'_>) -> Result<bool, StoreError> {
        while let Some(source) = cursor.sources.first() {
            let is_over = match source.rows {
                Rows::Sql(key, sql) => self.export_rows(source.table, key, sql, cursor, each)?,
                Rows::Log => self.export_log(cursor, each)?,
            };
            if !is_over {
                return Ok(true);
            }
            cursor.sources = &cursor.sources[1..];
            cursor.after.clear();
        }
        Ok(false)
    }

    /// Whether the table has come to its end.
    fn export_rows(
        &self,
        table: &'static Table,
        key_columns: usize,
        sql: &str,
        cursor: &mut Cursor,
        each: &mut Each<'_>,
    ) -> Result<bool, StoreError> {
        let mut statement = self.db.connection.prepare(sql)?;
        for number in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(number, cursor.parameter(number))?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let goes_on = each(table, &self.cells(table, key_columns, row, cursor)?);
            let key = (0..key_columns).map(|column| row.get(column));
            cursor.after = key.collect::<Result<_, _>>()?;
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn cells<'a>(
        &self,
        table: &Table,
        first_column: usize,
        row: &'a Row<'_>,
        cursor: &'a mut Cursor,
    ) -> Result<Vec<Cell<'a>>, StoreError> {
        let mut column = first_column;
        for field in table.fields {
            if field.class == Class::Group
                && let Some(group) = group(row, column)?
                && !cursor.groups.contains_key(&group)
            {
                cursor.groups.insert(group, self.group_named(group)?);
            }
            if field.class == Class::Text
                && let ValueRef::Blob(body) = row.get_ref(column)?
            {
                cursor.words = words(body);
            }
            column += columns(field.class);
        }
        let cursor = &*cursor;
        let mut column = first_column;
        let mut cells = Vec::with_capacity(table.fields.len());
        for field in table.fields {
            cells.push(match field.class {
                Class::Person => person(row, column, cursor)?,
                Class::Group => match group(row, column)?.and_then(|row| cursor.groups.get(&row)) {
                    Some((group, label)) => Cell::Group(*group, label),
                    None => Cell::None,
                },
                Class::Stage => match row.get::<_, Option<i64>>(column)? {
                    Some(code) => Cell::Text(stage(code)?.word()),
                    None => Cell::None,
                },
                _ => match row.get_ref(column)? {
                    ValueRef::Null | ValueRef::Real(_) => Cell::None,
                    ValueRef::Integer(number) => Cell::Number(number),
                    ValueRef::Text(text) => Cell::Text(str::from_utf8(text).unwrap_or_default()),
                    ValueRef::Blob(_) if field.class == Class::Text => Cell::Text(&cursor.words),
                    ValueRef::Blob(bytes) => Cell::Bytes(bytes),
                },
            });
            column += columns(field.class);
        }
        Ok(cells)
    }

    fn group_named(&self, row: i64) -> Result<(GroupId, String), StoreError> {
        let mut statement = self.db.statement("SELECT grp FROM groups WHERE id = ?1")?;
        let group = statement.query_row([row], |row| row.get(0))?;
        Ok((GroupId(Bytes(group)), self.group_label(row)?))
    }
}

/// What a friend request says.
fn words(body: &[u8]) -> String {
    match Body::from_parts(REQUEST, body) {
        Some(Body::Befriend(befriend)) => befriend.text,
        _ => String::new(),
    }
}

/// How many columns a field has: of somebody the fingerprint and the name.
fn columns(class: Class) -> usize {
    if class == Class::Person { 2 } else { 1 }
}

fn group(row: &Row<'_>, column: usize) -> Result<Option<i64>, StoreError> {
    Ok(row.get(column)?)
}

fn person<'a>(row: &'a Row<'_>, column: usize, cursor: &'a Cursor) -> Result<Cell<'a>, StoreError> {
    let Some(key) = row.get(column)? else { return Ok(Cell::None) };
    let key = Fingerprint(Bytes(key));
    let name = row.get_ref(column + 1)?.as_str_or_null().unwrap_or_default();
    let own = if key == cursor.me { cursor.my_name.as_deref() } else { None };
    Ok(Cell::Person(key, name.or(own)))
}

pub(super) static SOURCES: [Source; 15] = [
    Source { table: &tables::ME, rows: Rows::Sql(1, ME) },
    Source { table: &tables::PERSON, rows: Rows::Sql(1, PEOPLE) },
    Source { table: &tables::IN_GROUPS, rows: Rows::Sql(1, GROUPS) },
    Source { table: &tables::MEMBER, rows: Rows::Sql(2, MEMBERS) },
    Source { table: &tables::CANDIDATE, rows: Rows::Sql(2, CANDIDATES) },
    Source { table: &tables::FILE, rows: Rows::Sql(3, FILES) },
    Source { table: &tables::POST, rows: Rows::Sql(1, POSTS) },
    Source { table: &tables::GRANT, rows: Rows::Sql(1, GRANTS) },
    Source { table: &tables::RUN, rows: Rows::Sql(3, RUNS) },
    Source { table: &tables::MESSAGE, rows: Rows::Sql(1, MESSAGES) },
    Source { table: &tables::COPY, rows: Rows::Sql(1, COPIES) },
    Source { table: &tables::REQUEST, rows: Rows::Sql(2, REQUESTS) },
    Source { table: &tables::UNHEARD, rows: Rows::Sql(2, UNHEARD) },
    Source { table: &tables::VOICE, rows: Rows::Sql(1, VOICES) },
    Source { table: &tables::LOG, rows: Rows::Log },
];

static NAMING: [Source; 7] = [
    Source { table: &tables::ME, rows: Rows::Sql(1, ME) },
    Source { table: &tables::PERSON, rows: Rows::Sql(1, PEOPLE) },
    Source { table: &tables::IN_GROUPS, rows: Rows::Sql(1, GROUPS) },
    Source { table: &tables::MEMBER, rows: Rows::Sql(2, MEMBERS) },
    Source { table: &tables::FILE, rows: Rows::Sql(3, FILES) },
    Source { table: &tables::POST, rows: Rows::Sql(1, POSTS) },
    Source { table: &tables::LOG, rows: Rows::Log },
];

/// [`Body::kind`] of a friend request.
const REQUEST: u8 = 2;

const ME: &str = "
    SELECT 0, ?5, NULL, ?5, (SELECT value FROM settings WHERE key = 'address'),
        (SELECT value FROM settings WHERE key = 'visibility'), ?6,
        (SELECT value FROM settings WHERE key = 'server_key')
    WHERE 0 > ?1";
const PEOPLE: &str = "
    SELECT p.id, p.fingerprint, p.name, p.fingerprint, p.address,
        coalesce(b.friendship, 'none'), coalesce(b.blocked, 0), b.words, b.since
    FROM people p LEFT JOIN bonds b ON b.person = p.id WHERE p.id > ?1 ORDER BY p.id";
const GROUPS: &str = "
    SELECT g.id, g.id, g.leader, p.name, g.standing, g.public, g.epoch
    FROM groups g LEFT JOIN people p ON p.fingerprint = g.leader WHERE g.id > ?1 ORDER BY g.id";
// Who is in a group of ours and is no person of ours is ourselves.
const MEMBERS: &str = "
    SELECT m.grp, m.place, m.grp, m.place, coalesce(p.fingerprint, ?5), p.name,
        iif(m.name IS NULL, NULL, coalesce(p.fingerprint, ?5)), m.name
    FROM members m LEFT JOIN people p ON p.identity = m.identity
    WHERE (m.grp, m.place) > (?1, ?2) ORDER BY m.grp, m.place";
const CANDIDATES: &str = "
    SELECT c.grp, c.place, c.grp, c.person, p.name, c.invited
    FROM candidates c LEFT JOIN people p ON p.fingerprint = c.person
    WHERE (c.grp, c.place) > (?1, ?2) ORDER BY c.grp, c.place";
const FILES: &str = "
    SELECT t.person, t.ours, t.id, t.id, iif(t.ours, 'out', 'in'), t.person, p.name, t.name, t.size,
        t.state, t.bytes, t.at, t.path, t.digest, t.post, t.voice_ms, t.transcript
    FROM transfers t LEFT JOIN people p ON p.fingerprint = t.person
    WHERE (t.person, t.ours, t.id) > (?1, ?2, ?3) ORDER BY t.person, t.ours, t.id";
const POSTS: &str =
    "SELECT id, id, name, size, path, digest, at FROM posts WHERE id > ?1 ORDER BY id";
const GRANTS: &str = "
    SELECT g.id, g.id, g.person, p.name, g.argv, g.until
    FROM grants g LEFT JOIN people p ON p.fingerprint = g.person WHERE g.id > ?1 ORDER BY g.id";
const RUNS: &str = "
    SELECT r.person, r.ours, r.id, r.id, iif(r.ours, 'out', 'in'), r.person, p.name, r.argv, r.over
    FROM runs r LEFT JOIN people p ON p.fingerprint = r.person
    WHERE (r.person, r.ours, r.id) > (?1, ?2, ?3) ORDER BY r.person, r.ours, r.id";
const MESSAGES: &str = "
    SELECT m.seq, m.seq, m.id, iif(m.out = 1, 'out', 'in'), p.fingerprint, p.name, m.grp, m.text,
        m.sent, m.at, m.stage
    FROM messages m CROSS JOIN people p ON p.id = m.person WHERE m.seq > ?1 AND m.seq <= ?4
    UNION ALL
    SELECT s.seq, s.seq, s.id, 'out', NULL, NULL, s.grp, s.text, s.sent, s.at, coalesce((
        SELECT min(stage) FROM copies WHERE seq BETWEEN s.seq AND s.seq + s.copies - 1), 4)
    FROM said s WHERE s.seq > ?1 AND s.seq <= ?4
    ORDER BY 1";
const COPIES: &str = "
    SELECT c.seq, c.id, p.fingerprint, p.name, c.stage
    FROM copies c CROSS JOIN people p ON p.id = c.person WHERE c.seq > ?1 AND c.seq <= ?4
    ORDER BY c.seq";
const REQUESTS: &str = "
    SELECT n.person, n.id, n.id, p.fingerprint, p.name, n.body, n.sent, n.stage
    FROM notes n CROSS JOIN people p ON p.id = n.person
    WHERE (n.person, n.id) > (?1, ?2) AND n.kind = 2 ORDER BY n.person, n.id";
const UNHEARD: &str = "
    SELECT u.person, u.id, u.id, u.person, p.name, (SELECT id FROM groups WHERE grp = u.grp),
        u.text, u.sent, u.epoch
    FROM unheard u LEFT JOIN people p ON p.fingerprint = u.person
    WHERE (u.person, u.id) > (?1, ?2) ORDER BY u.person, u.id";
const VOICES: &str = "
    SELECT a.n, a.id, iif(a.out, 'out', 'in'), p.fingerprint, p.name, a.text, a.sent, a.at
    FROM asides a LEFT JOIN people p ON p.id = a.person
    WHERE a.n > ?1 AND a.seq <= ?4 AND a.kind = 'voice' ORDER BY a.n";
