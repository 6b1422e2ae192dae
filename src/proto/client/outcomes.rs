//! The end of a file's way, and what is said of it before.

use super::Client;
use super::file_names::floor_char;
use super::transfers::{Entry, Key, Work};
use crate::proto::limits;
use crate::proto::machine::FileAction;
use crate::proto::model::event::{self, Event};
use crate::proto::model::letter::Body;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::{End, FileState, Outcome, Seconds, Transfer};
use std::io::ErrorKind;

/// Bytes of the other side's words on why a file is not to be had.
const WHY_BYTES: usize = 512;

impl Client {
    /// Somebody here does not want it.
    pub(super) fn give_up(&mut self, key: Key, end: End, why: &str) {
        let is_ask = self.transfers.by_key.get(&key).is_some_and(Entry::is_ask);
        self.end_file(key, FileState::Cancelled, None, Some(why.to_owned()));
        if !is_ask {
            self.tell_end(key, end);
        }
    }

    pub(super) fn on_outcome(&mut self, from: Fingerprint, outcome: Outcome) {
        let key = |is_ours| Key { with: from, is_ours, id: outcome.file };
        let (state, why) = match outcome.end {
            End::Done => {
                return self.end_file(key(true), FileState::Done, None, None);
            }
            End::Refused => (FileState::Cancelled, "refused".to_owned()),
            End::Cancelled => (FileState::Cancelled, "the other side gave it up".to_owned()),
            End::Failed(mut why) => {
                why.truncate(floor_char(&why, WHY_BYTES));
                (FileState::Failed, why)
            }
        };
        for key in [key(true), key(false)] {
            // What is all there and only waits for its name is ours to keep.
            if !self.transfers.by_key.get(&key).is_some_and(Entry::is_placing) {
                self.end_file(key, state, None, Some(why.clone()));
            }
        }
    }

    /// The end of a file's way: kept, said, and told to the verbs that wait.
    pub(super) fn end_file(
        &mut self,
        key: Key,
        state: FileState,
        path: Option<String>,
        why: Option<String>,
    ) {
        self.stop_work(key, state);
        let Some(entry) = self.transfers.by_key.remove(&key) else { return };
        let (is_ask, mut row) = (entry.is_ask(), entry.row);
        row.state = state;
        row.at = self.core.now.wall;
        row.path = path.or(row.path);
        if state == FileState::Done {
            row.bytes = row.offer.bytes;
        }
        let result = match state {
            FileState::Done => Ok(()),
            _ => Err(Refusal::FileEnded(row.offer.name.clone(), why.clone().unwrap_or_default())),
        };
        self.core.keep(Record::Transfer(Box::new(row.clone())));
        if !is_ask {
            self.say_file(&row, state, why.clone());
        }
        self.say_end_of_post(&row, why);
        if state == FileState::Done {
            self.say_voice(&row);
        }
        for waiter in entry.waiters {
            self.core.done(waiter, result.clone());
        }
        self.start_queued();
    }

    /// The other side is told of an end.
    pub(super) fn tell_end(&mut self, key: Key, end: End) {
        self.post(key.with, Body::Outcome(Outcome { file: key.id, end }));
    }

    /// Ends what is done for a file; of one that does not come, nothing stays on the disk.
    fn stop_work(&mut self, key: Key, state: FileState) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let began = entry.row.state == FileState::Taken && !entry.is_ask();
        match std::mem::replace(&mut entry.work, Work::None) {
            Work::Out(outflow) => return self.stop_sending(key, outflow),
            Work::In(inflow) if self.transfers.uses.contains_key(&inflow.file) => {
                let is_part = inflow.phase.is_part();
                let how = if is_part { FileAction::Remove } else { FileAction::Close };
                self.shut_file(inflow.file, how);
                if is_part {
                    return;
                }
            }
            Work::In(_) | Work::None | Work::Queued(_) => {}
        }
        if !key.is_ours && began && state != FileState::Done {
            self.remove_part(key);
        }
    }

    /// Says how far a file is.
    pub(super) fn say_file(&mut self, row: &Transfer, state: FileState, why: Option<String>) {
        let label = self.people.label(row.with);
        let (from, to) = if row.is_ours { (None, Some(label)) } else { (Some(label), None) };
        let is_there = row.is_ours || state == FileState::Done;
        let voice = row.offer.voice.as_ref().filter(|_| state != FileState::Progress);
        self.core.event(Event::File(Box::new(event::FileEvent {
            id: row.id,
            from,
            to,
            name: row.offer.name.clone(),
            size: row.offer.bytes,
            state,
            bytes: row.bytes,
            path: row.path.clone().filter(|_| is_there),
            seconds: voice.map(|voice| Seconds(voice.ms)),
            transcript: voice.and_then(|voice| voice.transcript.clone()),
            why,
        })));
    }

    /// Says how many bytes have come, now and then.
    pub(super) fn say_progress(&mut self, key: Key, bytes: u64) {
        let now = self.core.now.mono;
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        if now.since_ms(entry.told) < limits::PROGRESS_MS || bytes >= entry.row.offer.bytes {
            return;
        }
        entry.told = now;
        let row = Transfer { bytes, ..entry.row.clone() };
        self.say_file(&row, FileState::Progress, None);
    }

    /// Keeps a file as it is now.
    pub(super) fn keep_file(&mut self, key: Key) {
        if let Some(entry) = self.transfers.by_key.get(&key) {
            self.core.keep(Record::Transfer(Box::new(entry.row.clone())));
        }
    }
}

/// What is wrong with a file, in words.
pub(super) fn file_words(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::NotFound => "no such file".into(),
        ErrorKind::StorageFull => "no space left".into(),
        ErrorKind::InvalidInput => "no regular file".into(),
        kind => kind.to_string(),
    }
}
