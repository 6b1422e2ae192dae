//! A client's profile: records in, and what the machine reads while it runs.

use super::asides::Aside;
use super::schema::CLIENT;
use super::talk::Saying;
use super::{Db, StoreError};
use crate::proto::bytes::Bytes;
use crate::proto::id::{MsgId, Seq};
use crate::proto::json;
use crate::proto::model::account::Visibility;
use crate::proto::model::entry::EntryKind;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::name::Name;
use crate::proto::model::notice::Notice;
use crate::proto::model::person::{Fingerprint, Person, PublicIdentity};
use crate::proto::model::record::{Query, Record, Restored, Rows};
use crate::proto::table::Table;
use crate::proto::time::{Now, Wall};
use rusqlite::{OptionalExtension, Row, params};
use std::path::Path;

/// A client's profile.
#[derive(Debug)]
pub struct ClientStore {
    pub(super) db: Db,
    /// The number that the next durable event takes.
    pub(super) next: i64,
    /// The same, as of the last commit.
    next_committed: i64,
    /// People lately written of; a cache of rows.
    known: Table<Fingerprint, Known>,
}

/// A person's row and what they are called.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) row: i64,
    pub(super) label: String,
}

impl ClientStore {
    /// Opens a profile's database, making it when there is none.
    pub fn open(path: &Path) -> Result<ClientStore, StoreError> {
        ClientStore::new(Db::open(path, &CLIENT)?)
    }

    /// A database that ends with the process.
    pub fn open_in_memory() -> Result<ClientStore, StoreError> {
        ClientStore::new(Db::open_in_memory(&CLIENT)?)
    }

    fn new(db: Db) -> Result<ClientStore, StoreError> {
        let next = db.statement(NEXT)?.query_row([], |row| row.get(0))?;
        Ok(ClientStore { db, next, next_committed: next, known: Table::new() })
    }

    /// What a client goes on from. Costs by people, prekeys and what is owed, not by messages.
    pub fn restore(&mut self) -> Result<Restored, StoreError> {
        let mut past = Restored::default();
        let name = self.setting(NAME)?.and_then(|text| Name::parse(&text).ok());
        let address = self.setting(ADDRESS)?.and_then(|text| text.parse().ok());
        past.me = name.zip(address);
        past.visibility = self.setting(VISIBILITY)?.and_then(|text| visibility(&text));
        past.server_key = self.setting(SERVER_KEY)?.and_then(|text| Fingerprint::parse(&text));
        let mut statement = self.db.statement(RESTORE)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let person = person(row)?;
            if row.get(4)? {
                past.waiting.push(person.fingerprint);
            }
            past.last_id = past.last_id.max(row.get::<_, Option<[u8; 16]>>(5)?.map(msg_id));
            past.last_id = past.last_id.max(row.get::<_, Option<[u8; 16]>>(6)?.map(msg_id));
            past.people.push(person);
        }
        past.bonds = self.bonds()?;
        past.prekeys = self.prekeys()?;
        past.owed = self.owed()?;
        past.epoch = self.epoch()?;
        past.oldest_held = self.oldest_held()?;
        past.last_id = past.last_id.max(self.last_own_id()?);
        past.groups = self.groups()?;
        past.unheard = self.unheard()?;
        past.transfers = self.transfers()?;
        past.posts = self.posts()?;
        past.grants = self.grants()?;
        past.runs = self.runs()?;
        past.run_marks = self.run_marks()?;
        Ok(past)
    }

    /// Keeps a record in the wake's transaction; pushes the durable events that it gives rise to.
    pub fn keep(
        &mut self,
        now: Now,
        record: Record,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        self.db.begin()?;
        match record {
            Record::Me(name, address) => {
                self.set(NAME, name.as_str())?;
                self.set(ADDRESS, &address.to_string())
            }
            Record::Visibility(visibility) => self.set(VISIBILITY, visibility_word(visibility)),
            Record::ServerKey(key) => self.set(SERVER_KEY, &key.to_string()),
            Record::Person(person) => self.keep_person(&person),
            Record::Outgoing { id, to, text, sent } => {
                let said = Said { id, with: to, text, sent };
                self.keep_outgoing(now, said, shown)
            }
            Record::Incoming { id, from, text, sent } => {
                let said = Said { id, with: from, text, sent };
                self.keep_incoming(now, said, shown)
            }
            Record::Receipts { to, first, last, stage } => {
                self.keep_receipts(now, to, (first, last), stage, shown)
            }
            Record::Event(event) => self.keep_event(now, event, shown),
            Record::Bond(with, bond) => self.keep_bond(with, &bond),
            Record::Note(to, letter) => self.keep_note(to, &letter),
            Record::NoteSeen(from, id) => self.keep_acted(from, id),
            Record::Prekeys(made) => self.keep_prekeys(&made),
            Record::PrekeyUsed(id) => self.prekey_used(now, id),
            Record::PrekeyGone(id) => self.prekey_gone(id),
            Record::Owe(to, ids) => self.owe(to, &ids),
            Record::Paid(to, ids) => self.paid(to, &ids),
            Record::Requeue(to) => self.requeue(to),
            Record::Expire(before) => self.expire(now, before, shown),
            Record::Epoch(epoch) => self.keep_epoch(epoch),
            Record::Group(group) => self.keep_group(&group),
            Record::GroupGone(group) => self.group_gone(group),
            Record::Say { id, group, epoch, text, sent, to } => {
                let saying = Saying { id, group, epoch, text, sent };
                self.keep_saying(now, &saying, &to, shown)
            }
            Record::Heard { id, group, from, text, sent } => {
                let said = Said { id, with: from, text, sent };
                self.keep_heard(now, group, said, shown)
            }
            Record::Unheard(unheard) => self.keep_unheard(&unheard),
            Record::UnheardGone(from, id) => self.unheard_gone(from, id),
            Record::Forsake(group, whom) => self.forsake(now, group, whom, shown),
            Record::Transfer(transfer) => self.keep_transfer(now, &transfer),
            Record::Transcript { id, with, is_ours, text, sent } => {
                let (kind, with, text) = (EntryKind::Voice, Some(with), &*text);
                self.keep_aside(now, &Aside { kind, id, with, is_ours, text, sent })
            }
            Record::Post(post) => self.keep_post(now, &post),
            Record::PostGone(id) => self.post_gone(id),
            Record::Grant(grant) => self.keep_grant(&grant),
            Record::GrantGone(id) => self.grant_gone(id),
            Record::Run(run) => self.keep_run(&run),
            Record::RunGone(with, id) => self.run_gone(with, id),
        }
    }

    /// Answers the machine.
    pub fn query(&mut self, query: Query) -> Result<Rows, StoreError> {
        match query {
            Query::Outbox { to, after, most_rows, most_bytes, queued_only } => {
                self.outbox_page(to, after, (most_rows, most_bytes), queued_only)
            }
            Query::Waits(to) => self.waits(to),
            Query::Note(from, letter) => {
                let is_new = !self.is_acted(from, letter.id)?;
                Ok(Rows::Note { from, letter, is_new })
            }
            Query::Addressees(id) => {
                let mut statement = self.db.statement(ADDRESSEES)?;
                let mut rows = statement.query([&id.0.0[..]])?;
                let mut to = Vec::new();
                while let Some(row) = rows.next()? {
                    to.push(Fingerprint(Bytes(row.get(0)?)));
                }
                Ok(Rows::Addressees(id, to))
            }
        }
    }

    /// Makes the wake's records durable. Without any, it touches nothing.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.db.commit()?;
        self.next_committed = self.next;
        Ok(())
    }

    /// Forgets what was kept since the last commit, as a crash would.
    pub fn rollback(&mut self) {
        self.db.rollback();
        self.next = self.next_committed;
        self.known.clear();
    }

    /// The number of the newest durable event; 0 before the first.
    pub fn last_seq(&self) -> Seq {
        Seq((self.next - 1) as u64)
    }

    pub(super) fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.db.statement("SELECT value FROM settings WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.db.statement(SET)?.execute([key, value])?;
        Ok(())
    }

    fn keep_person(&mut self, person: &Person) -> Result<(), StoreError> {
        let key = &person.fingerprint.0.0[..];
        let name = person.name.as_ref().map(Name::as_str);
        // A name that has come to point at another key leaves the person who had it nameless.
        if self.db.statement(TAKE_NAME)?.execute(params![name, key])? > 0 {
            self.known.clear();
        }
        let address = person.address.map(|address| address.to_string());
        let identity = identity_bytes(&person.identity);
        self.db.statement(KEEP_PERSON)?.execute(params![key, name, address, &identity[..]])?;
        self.known.remove(&person.fingerprint);
        Ok(())
    }

    fn keep_outgoing(
        &mut self,
        now: Now,
        said: Said,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        let Some(to) = self.insert(now, FROM_US, &said, None)? else { return Ok(()) };
        let event = Event::Receipt { id: said.id, to, state: Stage::Queued, why: None };
        shown.push(self.number(now, event));
        Ok(())
    }

    fn keep_incoming(
        &mut self,
        now: Now,
        said: Said,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.insert(now, TO_US, &said, None)? else { return Ok(()) };
        let Said { id, text, sent, .. } = said;
        let event = Event::Message { id, from, text, sent, group: None };
        shown.push(self.number(now, event));
        Ok(())
    }

    /// The other side's label, or nothing for a repeat.
    pub(super) fn insert(
        &mut self,
        now: Now,
        out: i64,
        said: &Said,
        group: Option<i64>,
    ) -> Result<Option<String>, StoreError> {
        let known = self.know(said.with)?;
        let known = known.expect("whoever writes or is written to was kept before as a person");
        let stage = (out == FROM_US).then_some(code(Stage::Queued));
        let mut statement = self.db.statement(INSERT)?;
        let inserted = statement.execute(params![
            self.next,
            known.row,
            out,
            &said.id.0.0[..],
            stage,
            said.sent.0,
            now.wall.0,
            said.text.as_str(),
            group
        ])?;
        Ok((inserted > 0).then_some(known.label))
    }

    pub(super) fn keep_event(
        &mut self,
        now: Now,
        event: Event,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        assert!(event.is_durable(), "only durable events are kept");
        let body = json::variant_text(&event);
        self.insert_event(now, 1, "event", &body)?;
        shown.push(self.number(now, event));
        Ok(())
    }

    pub(super) fn insert_event(
        &self,
        now: Now,
        n: i64,
        kind: &str,
        body: &str,
    ) -> Result<(), StoreError> {
        let mut statement = self.db.statement(INSERT_EVENT)?;
        statement.execute(params![self.next, n, now.wall.0, kind, body])?;
        Ok(())
    }

    pub(super) fn number(&mut self, now: Now, event: Event) -> Notice {
        let seq = Some(Seq(self.next as u64));
        self.next += 1;
        Notice::Event { seq, at: now.wall, event }
    }

    /// The person's row, by the cache.
    pub(super) fn know(&mut self, key: Fingerprint) -> Result<Option<Known>, StoreError> {
        if let Some(known) = self.known.get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some((row, label)) = self.row_of(key)? else { return Ok(None) };
        if self.known.len() >= KNOWN_PEOPLE {
            self.known.clear();
        }
        let known = Known { row, label };
        self.known.insert(key, known.clone());
        Ok(Some(known))
    }

    pub(super) fn row_of(&self, key: Fingerprint) -> Result<Option<(i64, String)>, StoreError> {
        let mut statement =
            self.db.statement("SELECT id, name FROM people WHERE fingerprint = ?1")?;
        let found = statement
            .query_row([&key.0.0[..]], |row| {
                let name: Option<String> = row.get(1)?;
                Ok((row.get(0)?, name.unwrap_or_else(|| key.to_string())))
            })
            .optional()?;
        Ok(found)
    }
}

/// A message on its way in.
pub(super) struct Said {
    pub(super) id: MsgId,
    pub(super) with: Fingerprint,
    pub(super) text: String,
    pub(super) sent: Wall,
}

/// Which way a message went, as it is kept.
pub(super) const TO_US: i64 = 0;
/// See [`TO_US`].
pub(super) const FROM_US: i64 = 1;
/// See [`TO_US`]: to all of a group, and so to us.
pub(super) const IN_GROUP: i64 = 2;

/// A stage as it is kept. `sent` is not durable: after a restart the message is queued again.
/// There is one code more, [`QUEUED_AGAIN`].
pub(super) fn code(stage: Stage) -> i64 {
    match stage {
        Stage::Queued | Stage::Sent => 2,
        Stage::Held => 3,
        Stage::Delivered => 4,
        Stage::Expired => 5,
        Stage::Refused => 6,
    }
}

/// The opposite of [`code`].
pub(super) fn stage(code: i64) -> Result<Stage, StoreError> {
    if code == QUEUED_AGAIN {
        return Ok(Stage::Queued);
    }
    let stages = [Stage::Queued, Stage::Held, Stage::Delivered, Stage::Expired, Stage::Refused];
    let stage = stages.into_iter().find(|stage| self::code(*stage) == code);
    stage.ok_or_else(|| StoreError::Corrupt(format!("no such stage of a message: {code}")))
}

/// Queued, and was held before by a server that has lost it: to be held again is no news.
pub(super) const QUEUED_AGAIN: i64 = -1;

pub(super) fn msg_id(bytes: [u8; 16]) -> MsgId {
    MsgId(Bytes(bytes))
}

/// A person from the columns fingerprint, name, address, identity.
pub(super) fn person(row: &Row<'_>) -> Result<Person, StoreError> {
    let name: Option<String> = row.get(1)?;
    let address: Option<String> = row.get(2)?;
    Ok(Person {
        fingerprint: Fingerprint(Bytes(row.get(0)?)),
        identity: identity(row.get_ref(3)?.as_blob().unwrap_or_default())?,
        name: name.and_then(|name| Name::parse(&name).ok()),
        address: address.and_then(|address| address.parse().ok()),
    })
}

pub(super) fn identity_bytes(identity: &PublicIdentity) -> [u8; 128] {
    let mut bytes = [0; 128];
    bytes[..32].copy_from_slice(&identity.sign.0);
    bytes[32..64].copy_from_slice(&identity.dh.0);
    bytes[64..].copy_from_slice(&identity.binding.0);
    bytes
}

pub(super) fn identity(bytes: &[u8]) -> Result<PublicIdentity, StoreError> {
    let parts = || {
        Some(PublicIdentity {
            sign: Bytes::from_slice(bytes.get(..32)?)?,
            dh: Bytes::from_slice(bytes.get(32..64)?)?,
            binding: Bytes::from_slice(bytes.get(64..)?)?,
        })
    };
    parts().ok_or_else(|| StoreError::Corrupt("an identity of the wrong length".to_owned()))
}

pub(super) fn visibility_word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

pub(super) fn visibility(word: &str) -> Option<Visibility> {
    [Visibility::Public, Visibility::Private].into_iter().find(|v| visibility_word(*v) == word)
}

/// People in the cache of rows, about 120 bytes each.
const KNOWN_PEOPLE: usize = 1024;

pub(super) const NAME: &str = "name";
pub(super) const ADDRESS: &str = "address";
const VISIBILITY: &str = "visibility";
const SERVER_KEY: &str = "server_key";

const NEXT: &str = "
    SELECT max(1 + coalesce((SELECT max(seq) FROM messages), 0),
        1 + coalesce((SELECT max(seq) FROM copies), 0),
        coalesce((SELECT seq + n FROM events ORDER BY seq DESC LIMIT 1), 1))";
const RESTORE: &str = "
    SELECT p.fingerprint, p.name, p.address, p.identity,
        EXISTS (SELECT 1 FROM messages INDEXED BY outbox WHERE person = p.id AND stage < 4)
            OR EXISTS (SELECT 1 FROM notes INDEXED BY waiting WHERE person = p.id AND stage < 4)
            OR EXISTS (
                SELECT 1 FROM copies INDEXED BY copies_waiting
                WHERE person = p.id AND stage < 4),
        (SELECT max(id) FROM messages INDEXED BY seen WHERE person = p.id AND out = 1),
        (SELECT max(id) FROM notes WHERE person = p.id)
    FROM people p ORDER BY p.id";
const SET: &str = "
    INSERT INTO settings (key, value) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value";
const TAKE_NAME: &str = "UPDATE people SET name = NULL WHERE name = ?1 AND fingerprint <> ?2";
const KEEP_PERSON: &str = "
    INSERT INTO people (fingerprint, name, address, identity) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (fingerprint) DO UPDATE
    SET name = excluded.name, address = excluded.address, identity = excluded.identity
    WHERE name IS NOT excluded.name OR address IS NOT excluded.address
        OR identity <> excluded.identity";
const INSERT: &str = "
    INSERT INTO messages (seq, person, out, id, stage, sent, at, text, grp)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (person, out, id) DO NOTHING";
const INSERT_EVENT: &str =
    "INSERT INTO events (seq, n, at, kind, body) VALUES (?1, ?2, ?3, ?4, ?5)";
const ADDRESSEES: &str = "
    SELECT p.fingerprint FROM people p WHERE EXISTS (
            SELECT 1 FROM messages INDEXED BY outbox WHERE person = p.id AND id = ?1 AND stage < 4)
        OR EXISTS (
            SELECT 1 FROM copies INDEXED BY copies_waiting
            WHERE person = p.id AND id = ?1 AND stage < 4)
    ORDER BY p.id";
