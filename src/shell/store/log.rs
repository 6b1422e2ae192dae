//! The event log as rows of an export: all that happened, but for the messages themselves.

use super::StoreError;
use super::client::{ClientStore, msg_id};
use super::export::{Cursor, Each};
use super::read::{ADDRESSED, Receipts, damaged};
use crate::proto::bytes::Bytes;
use crate::proto::id::MsgId;
use crate::proto::json;
use crate::proto::model::export::{Cell, LOG};
use crate::proto::model::person::Fingerprint;
use rusqlite::Row;
use rusqlite::types::Value;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Any event, as it is kept: what the fields are depends on its kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Logged<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    id: Option<MsgId>,
    with: Option<String>,
    from: Option<String>,
    to: Option<String>,
    owner: Option<String>,
    who: Option<String>,
    name: Option<String>,
    group: Option<String>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    path: Option<String>,
    text: Option<String>,
    transcript: Option<String>,
    size: Option<i64>,
    seconds: Option<f64>,
    #[serde(borrow)]
    argv: Option<&'a RawValue>,
    code: Option<i64>,
    why: Option<String>,
    old: Option<String>,
    new: Option<String>,
}

impl ClientStore {
    /// Gives the next rows of the log, until `each` has enough. Whether it has come to its end.
    pub(super) fn export_log(
        &self,
        cursor: &mut Cursor,
        each: &mut Each<'_>,
    ) -> Result<bool, StoreError> {
        let after = match cursor.after.first() {
            Some(Value::Integer(after)) => *after,
            _ => 0,
        };
        let mut statement = self.db.connection.prepare(EVENTS)?;
        let mut rows = statement.query([after, cursor.last])?;
        while let Some(row) = rows.next()? {
            let (first, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            let goes_on = match row.get_ref(3)?.as_str() == Ok("receipts") {
                true if cursor.is_of_names => true,
                true => self.export_receipts(row, cursor, each)?,
                false if first > after => {
                    let body = row.get_ref(4)?.as_str().unwrap_or_default();
                    let logged: Logged<'_> = serde_json::from_str(body).map_err(damaged)?;
                    logged.give(first, row.get(2)?, each)
                }
                false => true,
            };
            if !goes_on {
                return Ok(false);
            }
            cursor.after = vec![Value::Integer(first + count - 1)];
        }
        Ok(true)
    }

    fn export_receipts(
        &self,
        row: &Row<'_>,
        cursor: &mut Cursor,
        each: &mut Each<'_>,
    ) -> Result<bool, StoreError> {
        let (mut seq, at): (i64, i64) = (row.get(0)?, row.get(2)?);
        let body = row.get_ref(4)?.as_str().unwrap_or_default();
        let receipts: Receipts = json::read(body).map_err(damaged)?;
        let after = match cursor.after.first() {
            Some(Value::Integer(after)) => *after,
            _ => 0,
        };
        let mut statement = self.db.statement(ADDRESSED)?;
        for &(from, to) in &receipts.of {
            let known = (after + 1 - seq).clamp(0, to - from + 1);
            seq += known;
            let mut rows = statement.query([from + known, to])?;
            while let Some(row) = rows.next()? {
                let id = msg_id(row.get(0)?);
                let name = row.get_ref(2)?.as_str_or_null().unwrap_or_default();
                let logged = Logged {
                    event: Cow::Borrowed("receipt"),
                    id: Some(id),
                    state: Some(Cow::Borrowed(receipts.state.word())),
                    ..Logged::default()
                };
                let with = Cell::Person(Fingerprint(Bytes(row.get(1)?)), name);
                let goes_on = logged.give_with(seq, at, with, each);
                cursor.after = vec![Value::Integer(seq)];
                seq += 1;
                if !goes_on {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

impl Logged<'_> {
    fn give(&self, seq: i64, at: i64, each: &mut Each<'_>) -> bool {
        let named = match &*self.event {
            "friend" | "identity" => &self.name,
            "group" => &self.who,
            _ => &None,
        };
        let sides = [named, &self.with, &self.from, &self.to, &self.owner];
        let with = sides.into_iter().find(|side| side.is_some()).unwrap_or(&None);
        self.give_with(seq, at, text(with), each)
    }

    fn give_with(&self, seq: i64, at: i64, with: Cell<'_>, each: &mut Each<'_>) -> bool {
        let kind = &*self.event;
        let when = |is_so: bool, cell| if is_so { cell } else { Cell::None };
        let is_file = matches!(kind, "file" | "post" | "voice");
        let direction = match (&self.from, &self.to) {
            (Some(_), _) => Cell::Text("in"),
            (None, Some(_)) => Cell::Text("out"),
            (None, None) => Cell::None,
        };
        let said = if self.text.is_some() { &self.text } else { &self.transcript };
        let group = if kind == "group" { &self.name } else { &self.group };
        let ms = self.seconds.map(|seconds| (seconds * 1000.0) as i64);
        let cells = [
            Cell::Number(seq),
            Cell::Number(at),
            Cell::Text(kind),
            direction,
            with,
            text(group),
            self.state.as_deref().map_or(Cell::None, Cell::Text),
            when(kind == "session", text(&self.path)),
            self.id.as_ref().map_or(Cell::None, |id| Cell::Bytes(&id.0.0)),
            text(said),
            when(is_file, text(&self.name)),
            when(is_file, text(&self.path)),
            self.size.map_or(Cell::None, Cell::Number),
            ms.map_or(Cell::None, Cell::Number),
            self.argv.map_or(Cell::None, |argv| Cell::Text(argv.get())),
            self.code.map_or(Cell::None, Cell::Number),
            text(&self.why),
            text(&self.old),
            text(&self.new),
        ];
        each(&LOG, &cells)
    }
}

fn text(text: &Option<String>) -> Cell<'_> {
    text.as_deref().map_or(Cell::None, Cell::Text)
}

const EVENTS: &str = "
    SELECT seq, n, at, kind, body FROM events
    WHERE seq >= coalesce((SELECT max(seq) FROM events WHERE seq <= ?1), 0) AND seq <= ?2
    ORDER BY seq";
