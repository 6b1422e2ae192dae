//! The bytes of taken files on their way in: beside their place, under a hidden name, until all are
//! there and verified.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | `take` | Claiming; the part is made |
//! | Claiming | there is room | Flowing; `Want` from 0; without a session closed, – |
//! | Claiming | no room, no place | –; still offered |
//! | – | a session opens, taken in this run | Opening; the part is opened |
//! | – | a session opens, taken in an earlier run | Probing; its place is opened |
//! | Probing | a file of its length | Comparing; read from end to end |
//! | Probing | none, or another length | Opening |
//! | Comparing | it is the file | done: the last run was ended before it could say so |
//! | Comparing | it is not | Opening |
//! | Opening | all that had come is there | Flowing; `Want` from there |
//! | Opening | less, or from an earlier run | Hashing what is there of what was durable |
//! | Hashing | read | Flowing; `Want` from there |
//! | Flowing | `Chunk`, the next | Flowing; written; `Have` at the end of the wake |
//! | Flowing | much has come, or for long | Flowing; made durable, kept once it is |
//! | Flowing | the last, the digest is right | Placing; made durable, given its name |
//! | Flowing | the last, the digest is wrong, begun in the middle | Opening, from 0 |
//! | Flowing | the last, the digest is wrong | gone; `Failed` |
//! | Flowing | the session is gone | Pausing; made durable |
//! | Pausing | it is durable | –, kept |
//! | Placing | it has its name | gone; `Done` |
//! | Probing to Hashing | the session is gone | – |
//! | any | the disk fails | gone; `Failed` |

use super::Client;
use super::file_names::{joined, part_of, safe_name};
use super::outcomes::file_words;
use super::transfers::{Key, Use, Work};
use crate::proto::crypto::digest::FileHash;
use crate::proto::id::FileId;
use crate::proto::limits;
use crate::proto::machine::{FileAction, FileEvent, FileFacts};
use crate::proto::model::command::Place;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::{End, FileState};
use crate::proto::time::Mono;
use crate::proto::wire::peer::{Chunk, Have, Want};

/// A file that is being received.
pub(super) struct Inflow {
    pub file: FileId,
    pub phase: Phase,
    /// So much is there, one byte after the other.
    pub at: u64,
    hash: FileHash,
    /// Where it began over this link.
    began: u64,
    /// So much is on the disk for good.
    durable: u64,
    /// So much will be, once the disk says so.
    syncing: Option<u64>,
    /// When that was last asked for.
    since: Mono,
}

/// What is done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Claiming,
    Probing,
    Comparing,
    Opening,
    Hashing,
    Flowing,
    Pausing,
    Placing,
}

impl Phase {
    /// Whether what is open is the part, and not what lies in its place.
    pub fn is_part(self) -> bool {
        !matches!(self, Phase::Probing | Phase::Comparing)
    }

    /// Whether it is known how much is there.
    pub fn is_past_opening(self) -> bool {
        matches!(self, Phase::Flowing | Phase::Pausing | Phase::Placing)
    }
}

impl Client {
    /// Takes an offered file, to this place; one that is taken already stays where it is.
    pub(super) fn claim(&mut self, key: Key, place: Option<Place>) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        if entry.row.state != FileState::Offered || entry.row.path.is_some() {
            return;
        }
        let name = safe_name(&entry.row.offer.name);
        entry.row.path = Some(match place {
            None => joined(&self.config.files, &name),
            Some(Place::Into(dir)) => joined(&dir, &name),
            Some(Place::At(path)) => path,
        });
        self.queue_file(key, 0);
    }

    /// Opens what is there of a file that is taken, or makes the part of one that is to be.
    pub(super) fn start_receiving(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        if entry.row.state == FileState::Offered {
            return self.open_part(key, Phase::Claiming, 0);
        }
        if self.sessions.open_with(key.with).is_none() {
            return;
        }
        if std::mem::take(&mut entry.is_restored) {
            let path = entry.row.path.clone().unwrap_or_default();
            let file = self.open_file(Use::Transfer(key), FileAction::Open { path });
            return self.set_inflow(key, file, Phase::Probing);
        }
        self.reopen(key);
    }

    /// Opens the part; so much of it is worth something.
    fn reopen(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get(&key) else { return };
        let keep = entry.kept.as_ref().map_or(entry.row.bytes, |(at, _)| *at);
        self.open_part(key, Phase::Opening, keep);
    }

    fn open_part(&mut self, key: Key, phase: Phase, keep: u64) {
        let Some(entry) = self.transfers.by_key.get(&key) else { return };
        let path = part_of(entry.row.path.as_deref().unwrap_or_default(), key.id);
        let file = self.open_file(Use::Transfer(key), FileAction::Create { path, keep });
        self.set_inflow(key, file, phase);
    }

    fn set_inflow(&mut self, key: Key, file: FileId, phase: Phase) {
        let since = self.core.now.mono;
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        entry.told = since;
        entry.work = Work::In(Box::new(Inflow {
            file,
            phase,
            at: 0,
            hash: FileHash::default(),
            began: 0,
            durable: entry.row.bytes,
            syncing: None,
            since,
        }));
    }

    fn inflow(&mut self, key: Key) -> Option<&mut Inflow> {
        match &mut self.transfers.by_key.get_mut(&key)?.work {
            Work::In(inflow) => Some(inflow),
            Work::None | Work::Queued(_) | Work::Out(_) => None,
        }
    }

    pub(super) fn on_file_received(&mut self, key: Key, file: FileId, event: FileEvent<'_>) {
        let Some(phase) = self.inflow(key).map(|inflow| inflow.phase) else { return };
        match (event, phase) {
            (FileEvent::Opened(facts), Phase::Claiming) => self.on_claimed(key, facts),
            (FileEvent::Opened(facts), Phase::Probing) => self.on_probed(key, facts),
            (FileEvent::Opened(facts), Phase::Opening) => self.on_part_opened(key, facts),
            (FileEvent::Synced, _) => self.on_synced(key),
            (FileEvent::Placed(path), _) => {
                self.lose_file(file);
                self.end_file(key, FileState::Done, Some(path), None);
                self.tell_end(key, End::Done);
            }
            (FileEvent::Failed(kind), phase) => {
                self.lose_file(file);
                match phase {
                    Phase::Claiming => self.fail_claim(key, &file_words(kind)),
                    Phase::Probing | Phase::Comparing => self.reopen(key),
                    Phase::Opening
                    | Phase::Hashing
                    | Phase::Flowing
                    | Phase::Pausing
                    | Phase::Placing => self.fail_receiving(key, &file_words(kind)),
                }
            }
            (FileEvent::Opened(_) | FileEvent::Bytes(_), _) => {}
        }
    }

    /// The part of a file that is to be taken is made: is there room for all of it?
    fn on_claimed(&mut self, key: Key, facts: FileFacts) {
        let now = self.core.now;
        // What is promised to others is not free, though nothing is written yet.
        let free_bytes = facts.free_bytes.saturating_sub(self.transfers.promised_beside(key));
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let Work::In(inflow) = &entry.work else { return };
        let (file, size) = (inflow.file, entry.row.offer.bytes);
        if free_bytes < size {
            self.shut_file(file, FileAction::Remove);
            let why = format!("no room: {size} bytes, and {free_bytes} are free");
            return self.fail_claim(key, &why);
        }
        entry.row.state = FileState::Taken;
        entry.row.at = now.wall;
        entry.told = now.mono;
        let row = entry.row.clone();
        self.keep_file(key);
        self.say_file(&row, FileState::Taken, None);
        if size == 0 || self.sessions.open_with(key.with).is_some() {
            return self.flow(key, 0, FileHash::default());
        }
        self.rest(key, FileAction::Close, Some((0, FileHash::default())));
        self.send_on(key.with);
    }

    /// It cannot be had here: it stays offered, for another place.
    fn fail_claim(&mut self, key: Key, why: &str) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        entry.work = Work::None;
        let path = entry.row.path.take().unwrap_or_default();
        let refusal = Refusal::File(path, why.to_owned());
        if entry.row.post.is_some() {
            self.end_file(key, FileState::Failed, None, Some(refusal.to_string()));
            return self.tell_end(key, End::Cancelled);
        }
        let waiters = std::mem::take(&mut entry.waiters);
        if waiters.is_empty() {
            self.core.trouble(refusal.clone());
        }
        for waiter in waiters {
            self.core.done(waiter, Err(refusal.clone()));
        }
        self.start_queued();
    }

    /// What lies in the place of a file: is it the file?
    fn on_probed(&mut self, key: Key, facts: FileFacts) {
        let Some(size) = self.transfers.by_key.get(&key).map(|entry| entry.row.offer.bytes) else {
            return;
        };
        let Some(inflow) = self.inflow(key) else { return };
        let file = inflow.file;
        if facts.bytes == size {
            inflow.phase = Phase::Comparing;
            return self.hash_file(file, size);
        }
        self.shut_file(file, FileAction::Close);
        self.reopen(key);
    }

    fn on_part_opened(&mut self, key: Key, facts: FileFacts) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let size = entry.row.offer.bytes;
        let worth = entry.kept.as_ref().map_or(entry.row.bytes, |(at, _)| *at);
        let there = facts.bytes.min(worth);
        if facts.free_bytes < size - there.min(size) {
            return self.fail_receiving(key, "no space left");
        }
        match entry.kept.take().filter(|(at, _)| *at == there) {
            Some((at, hash)) => self.flow(key, at, hash),
            None => {
                let Some(inflow) = self.inflow(key) else { return };
                inflow.phase = Phase::Hashing;
                let file = inflow.file;
                self.hash_file(file, there);
            }
        }
    }

    /// What was there has been read.
    pub(super) fn on_part_hashed(&mut self, key: Key, at: u64, hash: FileHash) {
        let Some(entry) = self.transfers.by_key.get(&key) else { return };
        let Work::In(inflow) = &entry.work else { return };
        if inflow.phase != Phase::Comparing {
            return self.flow(key, at, hash);
        }
        let file = inflow.file;
        let is_it = hash.finish() == entry.row.offer.digest;
        self.shut_file(file, FileAction::Close);
        if !is_it {
            return self.reopen(key);
        }
        self.end_file(key, FileState::Done, None, None);
        self.tell_end(key, End::Done);
    }

    /// From here on it comes.
    fn flow(&mut self, key: Key, at: u64, hash: FileHash) {
        let now = self.core.now.mono;
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let size = entry.row.offer.bytes;
        let Work::In(inflow) = &mut entry.work else { return };
        inflow.phase = Phase::Flowing;
        (inflow.at, inflow.began, inflow.hash, inflow.since) = (at, at, hash, now);
        inflow.durable = inflow.durable.min(at);
        if at >= size {
            return self.finish(key);
        }
        if let Some(via) = self.sessions.open_with(key.with) {
            self.tell(via, Want { file: key.id, at });
        }
    }

    pub(super) fn on_chunk(&mut self, from: Fingerprint, chunk: Chunk) {
        let now = self.core.now.mono;
        let key = Key { with: from, is_ours: false, id: chunk.file };
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let size = entry.row.offer.bytes;
        let Work::In(inflow) = &mut entry.work else { return };
        let bytes = chunk.bytes.0;
        let length = bytes.len() as u64;
        // What is on its way when a file is given up, or begun anew, comes still.
        let fits = chunk.at == inflow.at && length > 0 && length <= size - inflow.at;
        if inflow.phase != Phase::Flowing || !fits {
            return;
        }
        inflow.hash.update(&bytes);
        inflow.at += length;
        let (file, at) = (inflow.file, inflow.at);
        self.core.file(file, FileAction::Write { at: chunk.at, bytes });
        let is_much = at - inflow.durable >= limits::CHECKPOINT_BYTES;
        let is_due = is_much || now.since_ms(inflow.since) >= limits::CHECKPOINT_MS;
        if at < size && is_due && inflow.syncing.is_none() {
            (inflow.syncing, inflow.since) = (Some(at), now);
            self.core.file(file, FileAction::Sync);
        }
        self.transfers.arrived.insert(key);
        self.transfers.failures.remove(&from);
        self.say_progress(key, at);
        if at == size {
            self.finish(key);
        }
    }

    /// Says of each file how much has come in this wake.
    pub(super) fn say_arrived(&mut self) {
        while let Some(key) = self.transfers.arrived.pop_first() {
            let Some(bytes) = self.inflow(key).map(|inflow| inflow.at) else { continue };
            if let Some(via) = self.sessions.open_with(key.with) {
                self.tell(via, Have { file: key.id, bytes });
            }
        }
    }

    /// All bytes are there: are they the right ones?
    fn finish(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let Work::In(inflow) = &mut entry.work else { return };
        let (file, began) = (inflow.file, inflow.began);
        if inflow.hash.clone().finish() == entry.row.offer.digest {
            inflow.phase = Phase::Placing;
            let to = entry.row.path.clone().unwrap_or_default();
            self.core.file(file, FileAction::Sync);
            return self.core.file(file, FileAction::Place { to });
        }
        (entry.kept, entry.row.bytes) = (None, 0);
        self.shut_file(file, FileAction::Remove);
        // The disk may have lost what it said to have kept: once more, from the start.
        match began > 0 {
            true => self.reopen(key),
            false => self.fail_receiving(key, "what came is not what was offered"),
        }
    }

    fn on_synced(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let Work::In(inflow) = &mut entry.work else { return };
        match inflow.phase {
            Phase::Flowing => {
                let Some(durable) = inflow.syncing.take() else { return };
                (inflow.durable, entry.row.bytes) = (durable, durable);
                self.keep_file(key);
            }
            // The one before the last is answered first.
            Phase::Pausing if inflow.syncing.take().is_none() => {
                let kept = (inflow.at, inflow.hash.clone());
                entry.row.bytes = inflow.at;
                self.keep_file(key);
                self.rest(key, FileAction::Close, Some(kept));
                self.resume_files(key.with);
            }
            Phase::Claiming
            | Phase::Probing
            | Phase::Comparing
            | Phase::Opening
            | Phase::Hashing
            | Phase::Pausing
            | Phase::Placing => {}
        }
    }

    /// The session that it came over is gone.
    pub(super) fn pause_receiving(&mut self, key: Key) {
        let Some(inflow) = self.inflow(key) else { return };
        let (file, at) = (inflow.file, inflow.at);
        match inflow.phase {
            Phase::Claiming | Phase::Pausing | Phase::Placing => {}
            Phase::Flowing if at > inflow.durable => {
                inflow.phase = Phase::Pausing;
                self.core.file(file, FileAction::Sync);
            }
            Phase::Flowing => {
                let kept = (at, inflow.hash.clone());
                self.rest(key, FileAction::Close, Some(kept));
            }
            Phase::Probing | Phase::Comparing => {
                if let Some(entry) = self.transfers.by_key.get_mut(&key) {
                    entry.is_restored = true;
                }
                self.rest(key, FileAction::Close, None);
            }
            Phase::Opening | Phase::Hashing => self.rest(key, FileAction::Close, None),
        }
    }

    /// Nothing is done for it until a session opens.
    fn rest(&mut self, key: Key, how: FileAction, kept: Option<(u64, FileHash)>) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        entry.kept = kept.or(entry.kept.take());
        if let Work::In(inflow) = std::mem::replace(&mut entry.work, Work::None) {
            self.shut_file(inflow.file, how);
        }
        self.start_queued();
    }

    /// Deletes what there is of a file that will not come.
    pub(super) fn remove_part(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get(&key) else { return };
        let path = part_of(entry.row.path.as_deref().unwrap_or_default(), key.id);
        let file = self.core.file_id();
        self.core.file(file, FileAction::Create { path, keep: 0 });
        self.core.file(file, FileAction::Remove);
    }

    /// A file is closed by itself; nothing more is heard of it.
    pub(super) fn lose_file(&mut self, file: FileId) {
        self.transfers.uses.remove(&file);
        self.stop_hashing(file);
    }

    fn fail_receiving(&mut self, key: Key, why: &str) {
        self.end_file(key, FileState::Failed, None, Some(why.to_owned()));
        self.tell_end(key, End::Failed(why.to_owned()));
    }
}
