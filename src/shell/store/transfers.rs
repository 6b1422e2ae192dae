//! Files on their way, and the ones that we offer to our friends.

use super::StoreError;
use super::asides::Aside;
use super::client::{ClientStore, msg_id};
use super::read::label;
use crate::proto::bytes::Bytes;
use crate::proto::id::MsgId;
use crate::proto::model::entry::EntryKind;
use crate::proto::model::notice::FileRow;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::transfer::{FileState, Offer, Post, Transfer, Voice};
use crate::proto::time::{Now, Wall};
use rusqlite::{Row, params};

impl ClientStore {
    /// Files that are offered or taken, the oldest first, then the hundred that were lately done or
    /// given up, the latest first. Of the former, `live` may know better how many bytes have come.
    pub fn files(
        &mut self,
        live: &dyn Fn(MsgId) -> Option<u64>,
        each: &mut dyn FnMut(FileRow),
    ) -> Result<(), StoreError> {
        for sql in [UNFINISHED_FILES, OVER_FILES] {
            let mut statement = self.db.statement(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (transfer, with) = (transfer(row)?, label_of(row)?);
                let known = if is_over(transfer.state) { None } else { live(transfer.id) };
                let (from, to) = match transfer.is_ours {
                    true => (None, Some(with)),
                    false => (Some(with), None),
                };
                each(FileRow {
                    id: transfer.id,
                    from,
                    to,
                    name: transfer.offer.name,
                    size: transfer.offer.bytes,
                    state: transfer.state,
                    bytes: known.unwrap_or(transfer.bytes),
                    path: transfer.path,
                    why: None,
                });
            }
        }
        Ok(())
    }

    pub(super) fn keep_transfer(
        &mut self,
        now: Now,
        transfer: &Transfer,
    ) -> Result<(), StoreError> {
        let offer = &transfer.offer;
        // Somebody's post that was asked for: what comes of it is a file of its own.
        if offer.digest == Bytes([0; 32]) && is_over(transfer.state) {
            let key = params![&transfer.with.0.0[..], transfer.is_ours, &transfer.id.0.0[..]];
            self.db.statement(DROP)?.execute(key)?;
            return Ok(());
        }
        let post = transfer.post.map(|post| post.0.0);
        self.db.statement(KEEP)?.execute(params![
            &transfer.with.0.0[..],
            transfer.is_ours,
            &transfer.id.0.0[..],
            state_word(transfer.state),
            is_over(transfer.state),
            transfer.at.0,
            offer.name,
            offer.bytes as i64,
            transfer.bytes as i64,
            transfer.path,
            &offer.digest.0[..],
            transfer.modified_ns,
            post,
            offer.answers.map(|letter| letter.0.0),
            offer.voice.as_ref().map(|voice| voice.ms as i64),
            offer.voice.as_ref().and_then(|voice| voice.transcript.as_deref())
        ])?;
        if let (Some(id), false, FileState::Done) =
            (transfer.post, transfer.is_ours, transfer.state)
        {
            let (with, text) = (Some(transfer.with), &*offer.name);
            let (kind, sent) = (EntryKind::Post, transfer.at);
            let aside = Aside { kind, id, with, is_ours: false, text, sent };
            self.keep_aside(now, &aside)?;
        }
        Ok(())
    }

    /// Those that are neither done nor given up.
    pub(super) fn transfers(&self) -> Result<Vec<Transfer>, StoreError> {
        let mut statement = self.db.statement(UNFINISHED_FILES)?;
        let mut rows = statement.query([])?;
        let mut transfers = Vec::new();
        while let Some(row) = rows.next()? {
            transfers.push(transfer(row)?);
        }
        Ok(transfers)
    }

    pub(super) fn keep_post(&mut self, now: Now, post: &Post) -> Result<(), StoreError> {
        self.db.statement(KEEP_POST)?.execute(params![
            &post.id.0.0[..],
            post.name,
            post.bytes as i64,
            post.path,
            &post.digest.0[..],
            post.modified_ns,
            post.at.0
        ])?;
        let (kind, id, sent) = (EntryKind::Post, post.id, post.at);
        let aside = Aside { kind, id, with: None, is_ours: true, text: &post.name, sent };
        self.keep_aside(now, &aside)
    }

    pub(super) fn post_gone(&mut self, id: MsgId) -> Result<(), StoreError> {
        self.db.statement("DELETE FROM posts WHERE id = ?1")?.execute([&id.0.0[..]])?;
        self.drop_post_aside(id)
    }

    pub(super) fn posts(&self) -> Result<Vec<Post>, StoreError> {
        let mut statement = self.db.statement(POSTS)?;
        let mut rows = statement.query([])?;
        let mut posts = Vec::new();
        while let Some(row) = rows.next()? {
            posts.push(Post {
                id: msg_id(row.get(0)?),
                name: row.get(1)?,
                bytes: row.get::<_, i64>(2)? as u64,
                path: row.get(3)?,
                digest: Bytes(row.get(4)?),
                modified_ns: row.get(5)?,
                at: Wall(row.get(6)?),
            });
        }
        Ok(posts)
    }
}

/// A file from the columns of [`UNFINISHED_FILES`].
fn transfer(row: &Row<'_>) -> Result<Transfer, StoreError> {
    let id = |column| row.get::<_, Option<[u8; 16]>>(column).map(|id| id.map(msg_id));
    let voice = match row.get::<_, Option<i64>>(13)? {
        Some(ms) => Some(Voice { ms: ms as u64, transcript: row.get(14)? }),
        None => None,
    };
    Ok(Transfer {
        id: msg_id(row.get(2)?),
        with: Fingerprint(Bytes(row.get(0)?)),
        is_ours: row.get(1)?,
        offer: Offer {
            name: row.get(5)?,
            bytes: row.get::<_, i64>(6)? as u64,
            digest: Bytes(row.get(9)?),
            voice,
            answers: id(12)?,
        },
        state: state(row.get_ref(3)?.as_str().unwrap_or_default())?,
        path: row.get(8)?,
        bytes: row.get::<_, i64>(7)? as u64,
        modified_ns: row.get(10)?,
        post: id(11)?,
        at: Wall(row.get(4)?),
    })
}

/// What the other side of a file is called.
fn label_of(row: &Row<'_>) -> Result<String, StoreError> {
    label(row, 15)
}

fn is_over(state: FileState) -> bool {
    match state {
        FileState::Offered | FileState::Taken | FileState::Progress => false,
        FileState::Done | FileState::Failed | FileState::Cancelled => true,
    }
}

fn state_word(state: FileState) -> &'static str {
    match state {
        FileState::Offered => "offered",
        FileState::Taken | FileState::Progress => "taken",
        FileState::Done => "done",
        FileState::Failed => "failed",
        FileState::Cancelled => "cancelled",
    }
}

fn state(word: &str) -> Result<FileState, StoreError> {
    let states = [
        FileState::Offered,
        FileState::Taken,
        FileState::Done,
        FileState::Failed,
        FileState::Cancelled,
    ];
    let found = states.into_iter().find(|state| state_word(*state) == word);
    found.ok_or_else(|| StoreError::Corrupt(format!("no such state of a file: {word}")))
}

const KEEP: &str = "
    INSERT INTO transfers (person, ours, id, state, over, at, name, size, bytes, path, digest,
        modified_ns, post, answers, voice_ms, transcript)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
    ON CONFLICT (person, ours, id) DO UPDATE SET state = excluded.state, over = excluded.over,
        at = excluded.at, name = excluded.name, size = excluded.size, bytes = excluded.bytes,
        path = excluded.path, digest = excluded.digest, modified_ns = excluded.modified_ns,
        post = excluded.post, answers = excluded.answers, voice_ms = excluded.voice_ms,
        transcript = excluded.transcript";
const DROP: &str = "DELETE FROM transfers WHERE person = ?1 AND ours = ?2 AND id = ?3";
const UNFINISHED_FILES: &str = "
    SELECT t.person, t.ours, t.id, t.state, t.at, t.name, t.size, t.bytes, t.path, t.digest,
        t.modified_ns, t.post, t.answers, t.voice_ms, t.transcript, t.person, p.name
    FROM transfers t LEFT JOIN people p ON p.fingerprint = t.person
    WHERE t.over = 0 ORDER BY t.at, t.id";
const OVER_FILES: &str = "
    SELECT t.person, t.ours, t.id, t.state, t.at, t.name, t.size, t.bytes, t.path, t.digest,
        t.modified_ns, t.post, t.answers, t.voice_ms, t.transcript, t.person, p.name
    FROM transfers t LEFT JOIN people p ON p.fingerprint = t.person
    WHERE t.over = 1 ORDER BY t.at DESC LIMIT 100";
const KEEP_POST: &str = "
    INSERT INTO posts (id, name, size, path, digest, modified_ns, at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, size = excluded.size,
        path = excluded.path, digest = excluded.digest, modified_ns = excluded.modified_ns,
        at = excluded.at";
const POSTS: &str = "SELECT id, name, size, path, digest, modified_ns, at FROM posts ORDER BY id";
