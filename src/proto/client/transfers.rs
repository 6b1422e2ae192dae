//! Files: which are on their way, and the verbs and letters about them.
//!
//! | side | state | input | next, output |
//! |---|---|---|---|
//! | both | – | `send`, hashed | Offered; `Offer`; file `offered` on both sides |
//! | receiver | Offered | `take`, and there is room | Taken; file `taken` |
//! | receiver | Offered | `take`, no room, no place | Offered; the verb is told |
//! | receiver | Offered | `refuse` | gone; `Refused`; file `cancelled` |
//! | receiver | Taken | everything is there, and verified | gone; `Done`; file `done` |
//! | receiver | Taken | it is another file, the disk fails | gone; `Failed`; file `failed` |
//! | sender | Offered | `Want` | Taken; file `taken` |
//! | sender | Offered, Taken | the file is another now | gone; `Failed`; file `failed` |
//! | sender | any | `Done` | gone; file `done` |
//! | both | any | `cancel` | gone; `Cancelled`; file `cancelled` |
//! | both | any | `Refused`, `Cancelled`, `Failed` | gone; file `cancelled` or `failed` |
//!
//! What moves the bytes of a taken file is in [`super::sending`] and [`super::receiving`]; what is
//! over is in the store alone.

use super::Client;
use super::core::Alarm;
use super::file_names::floor_char;
use super::hashing::Hashing;
use super::offering::Preparing;
use super::receiving::{Inflow, Phase};
use super::sending::{Outflow, Sending};
use crate::proto::bytes::Bytes;
use crate::proto::crypto::digest::FileHash;
use crate::proto::gather;
use crate::proto::id::{FileId, MsgId};
use crate::proto::limits;
use crate::proto::machine::{FileAction, FileEvent};
use crate::proto::model::command::{Place, Ticket};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::{End, FileState, Offer, Transfer};
use crate::proto::table::Table;
use crate::proto::time::{Mono, Wall};
use std::collections::{BTreeSet, VecDeque};

/// The files that are offered or taken, and what is open for them.
#[derive(Default)]
pub(super) struct Transfers {
    pub by_key: Table<Key, Entry>,
    /// What each open file is for.
    pub uses: Table<FileId, Use>,
    /// Files that are read from end to end.
    pub hashing: Hashing,
    /// What is sent to whom.
    pub sending: Sending,
    /// Files of which bytes have come that their senders have not been told of.
    pub arrived: BTreeSet<Key>,
    /// Who waits for a place among [`limits::FILES_OPEN`].
    queue: VecDeque<Key>,
    /// Links in a row that brought nothing, for the pause.
    pub failures: Table<Fingerprint, u32>,
}

/// A file of one person's, or for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub with: Fingerprint,
    pub is_ours: bool,
    pub id: MsgId,
}

/// A file that is neither done nor given up.
pub(super) struct Entry {
    pub row: Transfer,
    pub work: Work,
    /// How much of it came in this run, and the hash of that.
    pub kept: Option<(u64, FileHash)>,
    /// It was taken in an earlier run: it may lie in its place already.
    pub is_restored: bool,
    /// Verbs that end with it.
    pub waiters: Vec<Ticket>,
    /// When somebody here was last told how far it is.
    pub told: Mono,
}

/// What is done for a file now.
pub(super) enum Work {
    /// Nothing.
    None,
    /// It waits for its place; what is sent, from here on.
    Queued(u64),
    Out(Outflow),
    In(Box<Inflow>),
}

/// What an open file is for.
pub(super) enum Use {
    /// To be offered.
    Preparing(Box<Preparing>),
    /// To be sent, or received.
    Transfer(Key),
}

impl Entry {
    /// A file that nothing is done for yet.
    pub fn new(row: Transfer) -> Entry {
        Entry {
            row,
            work: Work::None,
            kept: None,
            is_restored: false,
            waiters: Vec::new(),
            told: Mono(0),
        }
    }

    /// A post that was asked for; what it is is not known yet.
    pub fn is_ask(&self) -> bool {
        self.row.post.is_some() && self.row.offer.digest == Bytes([0; 32])
    }

    fn wants_link(&self) -> bool {
        let is_taken = !self.row.is_ours && self.row.state == FileState::Taken;
        is_taken && !self.is_ask() && !self.is_placing()
    }

    /// All of it is there, and it waits for its name.
    pub fn is_placing(&self) -> bool {
        matches!(&self.work, Work::In(inflow) if inflow.phase == Phase::Placing)
    }

    /// What happens to it now ends by itself, soon.
    fn is_at_work(&self) -> bool {
        match &self.work {
            Work::In(inflow) => matches!(inflow.phase, Phase::Claiming | Phase::Placing),
            Work::None | Work::Queued(_) | Work::Out(_) => false,
        }
    }

    fn bytes(&self) -> u64 {
        match &self.work {
            Work::Out(outflow) => outflow.have,
            Work::In(inflow) if inflow.phase.is_past_opening() => inflow.at,
            Work::None | Work::Queued(_) | Work::In(_) => {
                self.kept.as_ref().map_or(self.row.bytes, |(at, _)| *at)
            }
        }
    }
}

impl Transfers {
    pub fn restore(rows: Vec<Transfer>) -> Transfers {
        let mut all = Transfers::default();
        for row in rows {
            let key = Key { with: row.with, is_ours: row.is_ours, id: row.id };
            let is_restored = !row.is_ours && row.state == FileState::Taken;
            all.by_key.insert(key, Entry { is_restored, ..Entry::new(row) });
        }
        all
    }

    pub fn is_settled(&self) -> bool {
        self.hashing.is_empty()
            && !self.uses.values().any(|what| !matches!(what, Use::Transfer(_)))
            && !self.by_key.values().any(Entry::is_at_work)
    }

    pub fn is_full(&self) -> bool {
        self.by_key.len() >= limits::TRANSFERS
    }

    /// The files of, and for, one person.
    pub fn of(&self, who: Fingerprint) -> impl Iterator<Item = (&Key, &Entry)> {
        let key = |is_ours, id| Key { with: who, is_ours, id };
        self.by_key.range(key(false, MsgId::FIRST)..=key(true, MsgId::LAST))
    }

    pub fn keys_of(&self, who: Fingerprint) -> Vec<Key> {
        self.of(who).map(|(key, _)| *key).collect()
    }

    /// Files of, or for, one person that are not over.
    pub fn count(&self, who: Fingerprint, is_ours: bool) -> usize {
        self.of(who).filter(|(key, _)| key.is_ours == is_ours).count()
    }

    /// Bytes of other files that are still to come into the directory that one is to go to.
    pub fn promised_beside(&self, key: Key) -> u64 {
        let Some(dir) = self.by_key.get(&key).and_then(directory) else { return 0 };
        let others = self.by_key.iter().filter(|(other, entry)| {
            let is_coming = !other.is_ours && entry.row.state == FileState::Taken;
            **other != key && is_coming && directory(entry) == Some(dir)
        });
        let left = others.map(|(_, entry)| entry.row.offer.bytes.saturating_sub(entry.bytes()));
        left.fold(0, u64::saturating_add)
    }

    /// Whether a session with somebody would bring us something.
    pub fn wants_link(&self, who: Fingerprint) -> bool {
        self.of(who).any(|(_, entry)| entry.wants_link())
    }

    /// Everybody of whom that is so.
    pub fn wanted(&self) -> BTreeSet<Fingerprint> {
        let wanted = |(key, entry): (&Key, &Entry)| entry.wants_link().then_some(key.with);
        gather::set(self.by_key.iter().filter_map(wanted))
    }

    /// Whether somebody has something of ours to come for, or we something of theirs.
    pub fn is_engaged(&self, who: Fingerprint) -> bool {
        self.of(who).any(|(key, entry)| key.is_ours || entry.row.state == FileState::Taken)
    }

    /// The one file whose id begins so.
    fn pick(&self, id: &str, fits: impl Fn(&Entry) -> bool) -> Result<Key, Refusal> {
        let start = id.to_ascii_uppercase();
        let meant = |(key, entry): &(&Key, &Entry)| {
            let is_post = |id: MsgId| id.to_text().starts_with(&start);
            let named = key.id.to_text().starts_with(&start);
            (named || entry.is_ask() && entry.row.post.is_some_and(is_post)) && fits(entry)
        };
        let mut found = self.by_key.iter().filter(meant).map(|(key, _)| *key);
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Refusal::Ambiguous("file")),
            (None, _) => Err(Refusal::NoFile(id.to_owned())),
        }
    }
}

impl Client {
    /// How much of a file on its way has come, live.
    pub fn file_bytes(&self, id: MsgId) -> Option<u64> {
        let found = self.transfers.by_key.iter().find(|(key, _)| key.id == id);
        found.map(|(_, entry)| entry.bytes())
    }

    pub(super) fn take_file(&mut self, ticket: Ticket, id: &str, place: Option<Place>) {
        let picked = self.transfers.pick(id, |entry| !entry.row.is_ours && !entry.is_ask());
        let key = match picked {
            Ok(key) => key,
            Err(why) => return self.core.done(ticket, Err(why)),
        };
        self.claim(key, place);
        if let Some(entry) = self.transfers.by_key.get_mut(&key) {
            entry.waiters.extend((ticket != Ticket::NOBODY).then_some(ticket));
        }
    }

    pub(super) fn refuse_file(&mut self, ticket: Ticket, id: &str) {
        let offered = |entry: &Entry| !entry.row.is_ours && entry.row.state == FileState::Offered;
        let picked = self.transfers.pick(id, offered);
        let result = picked.map(|key| self.give_up(key, End::Refused, "refused"));
        self.core.done(ticket, result);
    }

    /// Gives up a file or a command.
    pub(super) fn cancel(&mut self, ticket: Ticket, id: &str) {
        match self.transfers.pick(id, |entry| !entry.is_placing()) {
            Ok(key) => {
                self.give_up(key, End::Cancelled, "given up");
                self.core.done(ticket, Ok(()));
            }
            Err(Refusal::NoFile(_)) => self.cancel_run(ticket, id),
            Err(why) => self.core.done(ticket, Err(why)),
        }
    }

    pub(super) fn on_file(&mut self, file: FileId, event: FileEvent<'_>) {
        if let FileEvent::Bytes(bytes) = &event
            && self.transfers.hashing.is_read(file)
        {
            return self.on_hash_bytes(file, bytes);
        }
        match self.transfers.uses.get(&file) {
            Some(Use::Transfer(key)) => {
                let key = *key;
                match key.is_ours {
                    true => self.on_file_sent(key, file, event),
                    false => self.on_file_received(key, file, event),
                }
            }
            Some(Use::Preparing(_)) => self.on_file_prepared(file, event),
            None => {}
        }
    }

    pub(super) fn on_file_offer(&mut self, from: Fingerprint, id: MsgId, sent: Wall, offer: Offer) {
        let key = Key { with: from, is_ours: false, id };
        // An offer has an id of its own, and never that of what we asked for.
        if self.transfers.by_key.contains_key(&key) {
            return;
        }
        let answers = offer.answers;
        let asked = answers.map(|asked| Key { id: asked, ..key });
        let asked = asked.filter(|key| self.transfers.by_key.get(key).is_some_and(Entry::is_ask));
        // What answers nothing that we wait for, we gave up meanwhile.
        let is_stale = answers.is_some() && asked.is_none();
        let is_full = self.transfers.is_full()
            || self.transfers.count(from, false)
                >= limits::OFFERS_PAIR + usize::from(asked.is_some());
        let is_sane = i64::try_from(offer.bytes).is_ok() && offer.digest != Bytes([0; 32]);
        if is_stale || is_full || !is_sane {
            return self.tell_end(key, End::Refused);
        }
        let row = Transfer {
            id,
            with: from,
            is_ours: false,
            offer: bounded(offer),
            state: FileState::Offered,
            path: None,
            bytes: 0,
            modified_ns: 0,
            post: None,
            at: self.core.now.wall,
        };
        self.keep_transcript(&row, sent);
        self.core.keep(Record::Transfer(Box::new(row.clone())));
        let is_wanted = self.is_unasked_voice(&row);
        let why = match asked {
            Some(_) => Some("it was asked for"),
            None => is_wanted.then_some("it comes by itself"),
        };
        self.say_file(&row, FileState::Offered, why.map(str::to_owned));
        self.transfers.by_key.insert(key, Entry::new(row));
        match asked {
            Some(asked) => self.take_post(asked, key),
            None if is_wanted => self.claim(key, None),
            None => {}
        }
    }

    /// A verb's time is up: it waits for no file any more, which comes nevertheless.
    pub(super) fn forget_file_waiter(&mut self, ticket: Ticket) {
        for entry in self.transfers.by_key.values_mut() {
            entry.waiters.retain(|waiter| *waiter != ticket);
        }
        for what in self.transfers.uses.values_mut() {
            if let Use::Preparing(preparing) = what {
                preparing.forget(ticket);
            }
        }
        self.voices.forget(ticket);
    }

    /// A session has opened: what we have taken of this person's is asked for.
    pub(super) fn resume_files(&mut self, who: Fingerprint) {
        for key in self.transfers.keys_of(who) {
            let Some(entry) = self.transfers.by_key.get(&key) else { continue };
            if entry.wants_link() && matches!(entry.work, Work::None) {
                self.queue_file(key, 0);
            }
        }
    }

    /// A session is gone: what was on its way waits for the next.
    pub(super) fn pause_files(&mut self, who: Fingerprint) {
        self.transfers.sending.forget(who);
        for key in self.transfers.keys_of(who) {
            match self.transfers.by_key.get_mut(&key).map(|entry| &mut entry.work) {
                Some(Work::In(_)) => self.pause_receiving(key),
                Some(Work::Out(_)) => self.pause_sending(key),
                Some(Work::Queued(_) | Work::None) | None => self.leave_queue(key),
            }
        }
        self.start_queued();
    }

    /// No session with somebody came about, or none lasted: another is tried, later each time.
    pub(super) fn try_files_again(&mut self, who: Fingerprint) {
        if !self.transfers.wants_link(who) {
            return;
        }
        let failures = self.transfers.failures.get_or_insert_with(who, u32::default);
        let doubled = limits::FILES_AGAIN_FIRST_MS << (*failures).min(16);
        *failures += 1;
        let pause = doubled.min(limits::FILES_AGAIN_LAST_MS);
        self.core.alarm(Alarm::Files(who), pause, "files again");
    }

    pub(super) fn on_files_alarm(&mut self, who: Fingerprint) {
        self.postage.set_quiet(who);
        self.send_on(who);
    }

    /// A file waits for its turn to be opened.
    pub(super) fn queue_file(&mut self, key: Key, at: u64) {
        if let Some(entry) = self.transfers.by_key.get_mut(&key) {
            entry.work = Work::Queued(at);
            // It may be wanted again and again before it is its turn.
            if !self.transfers.queue.contains(&key) {
                self.transfers.queue.push_back(key);
            }
        }
        self.start_queued();
    }

    /// Opens files while there are places.
    pub(super) fn start_queued(&mut self) {
        while self.transfers.uses.len() < limits::FILES_OPEN {
            let Some(key) = self.transfers.queue.pop_front() else { return };
            let Some(entry) = self.transfers.by_key.get_mut(&key) else { continue };
            let Work::Queued(at) = entry.work else { continue };
            entry.work = Work::None;
            match key.is_ours {
                true => self.start_sending(key, at),
                false => self.start_receiving(key),
            }
        }
    }

    /// What is queued for a session that is gone leaves the queue; what is only to be claimed needs
    /// none.
    fn leave_queue(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        if entry.row.is_ours || entry.row.state == FileState::Taken {
            entry.work = Work::None;
            self.transfers.queue.retain(|queued| *queued != key);
        }
    }

    /// Opens a file under a number of its own.
    pub(super) fn open_file(&mut self, what: Use, action: FileAction) -> FileId {
        let file = self.core.file_id();
        self.transfers.uses.insert(file, what);
        self.core.file(file, action);
        file
    }

    /// Closes a file, or removes it; nothing is heard of it then.
    pub(super) fn shut_file(&mut self, file: FileId, how: FileAction) {
        if self.transfers.uses.remove(&file).is_some() {
            self.core.file(file, how);
            self.stop_hashing(file);
        }
    }
}

/// Where a file goes that is taken.
fn directory(entry: &Entry) -> Option<&str> {
    entry.row.path.as_deref()?.rsplit_once('/').map(|(directory, _)| directory)
}

/// What a stranger says of a file, no longer than a file system or a search would have it.
fn bounded(mut offer: Offer) -> Offer {
    offer.name.truncate(floor_char(&offer.name, limits::FILE_NAME_BYTES));
    if let Some(text) = offer.voice.as_mut().and_then(|voice| voice.transcript.as_mut()) {
        text.truncate(floor_char(text, limits::TRANSCRIPT_BYTES));
    }
    offer
}

#[cfg(test)]
mod tests;
