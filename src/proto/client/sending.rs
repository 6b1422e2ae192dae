//! The bytes of files on their way out, over open sessions.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | `Want` of one that was offered | Queued, then Opening; the file is opened |
//! | Opening | it is as it was offered | Flowing; file `taken` the first time |
//! | Opening, Flowing | it is not, it fails, it ends early | gone; `Failed` |
//! | Flowing | room on the link, and its turn | Flowing; a part is read |
//! | Flowing | a part | Flowing; `Chunk`; closed after the last |
//! | Flowing | `Have` | Flowing; room for more |
//! | Flowing | `Want` (they begin anew) | as from – |
//! | any | the session is gone | – |
//!
//! Parts are read only when they can be sent at once, and only so many at a time in all
//! ([`limits::FILES_AHEAD_BYTES`]): links take turns, and on each link its files.

use super::Client;
use super::bulk::Bulk;
use super::link_table::Via;
use super::outcomes::file_words;
use super::transfers::{Key, Use, Work};
use crate::proto::bytes::Blob;
use crate::proto::id::FileId;
use crate::proto::limits;
use crate::proto::machine::{FileAction, FileEvent, FileFacts};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::transfer::{End, FileState};
use crate::proto::table::Table;
use crate::proto::time::Mono;
use crate::proto::wire::peer::{Chunk, Have, Want};
use std::collections::VecDeque;
use std::ops::Bound;

/// What is sent to whom.
#[derive(Default)]
pub(super) struct Sending {
    links: Table<Fingerprint, Bulk>,
    /// Whose turn it was last.
    last: Option<Fingerprint>,
    /// Bytes that are being read.
    reading: u64,
}

/// A file that is being sent.
pub(super) struct Outflow {
    file: FileId,
    /// What is read next.
    next: u64,
    /// What is sent next.
    sent: u64,
    /// So much has come.
    pub have: u64,
    /// The ends of the chunks that are sent and have not come, and when they were sent.
    flight: VecDeque<(u64, Mono)>,
}

impl Sending {
    /// Whether bytes are on their way to somebody.
    pub fn awaits(&self, who: Fingerprint) -> bool {
        self.links.get(&who).is_some_and(Bulk::is_under_way)
    }

    /// There is no link to somebody any more.
    pub fn forget(&mut self, who: Fingerprint) {
        self.links.remove(&who);
    }

    /// Everybody with a file on its way to them, beginning behind whose turn it was.
    fn people(&self) -> Vec<Fingerprint> {
        let Some(last) = self.last else { return self.links.keys().copied().collect() };
        let after = self.links.range((Bound::Excluded(last), Bound::Unbounded));
        let before = self.links.range(..=last);
        after.chain(before).map(|(who, _)| *who).collect()
    }
}

impl Client {
    pub(super) fn on_want(&mut self, from: Fingerprint, want: Want) {
        let key = Key { with: from, is_ours: true, id: want.file };
        let Some(entry) = self.transfers.by_key.get_mut(&key) else {
            return self.say_unknown(key);
        };
        if want.at > entry.row.offer.bytes {
            return;
        }
        match std::mem::replace(&mut entry.work, Work::None) {
            Work::Out(outflow) => self.stop_sending(key, outflow),
            Work::None | Work::Queued(_) | Work::In(_) => {}
        }
        self.queue_file(key, want.at);
    }

    /// Somebody wants what was never offered, or is over: one word is enough, however often they
    /// ask.
    fn say_unknown(&mut self, key: Key) {
        if !self.outbox.waits_for(key.with) {
            self.tell_end(key, End::Failed("it is offered no more".into()));
        }
    }

    pub(super) fn start_sending(&mut self, key: Key, at: u64) {
        let Some(entry) = self.transfers.by_key.get(&key) else { return };
        let path = entry.row.path.clone().unwrap_or_default();
        let file = self.open_file(Use::Transfer(key), FileAction::Open { path });
        let outflow = Outflow { file, next: at, sent: at, have: at, flight: VecDeque::new() };
        if let Some(entry) = self.transfers.by_key.get_mut(&key) {
            entry.work = Work::Out(outflow);
        }
    }

    pub(super) fn on_file_sent(&mut self, key: Key, file: FileId, event: FileEvent<'_>) {
        match event {
            FileEvent::Opened(facts) => self.on_file_to_send(key, facts),
            FileEvent::Bytes(bytes) => self.send_part(key, bytes),
            FileEvent::Failed(kind) => {
                self.lose_file(file);
                self.fail_sending(key, &file_words(kind));
            }
            FileEvent::Synced | FileEvent::Placed(_) => {}
        }
    }

    fn on_file_to_send(&mut self, key: Key, facts: FileFacts) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let Work::Out(outflow) = &mut entry.work else { return };
        let row = &mut entry.row;
        if (facts.bytes, facts.modified_ns) != (row.offer.bytes, row.modified_ns) {
            return self.fail_sending(key, CHANGED);
        }
        let is_first = row.state == FileState::Offered;
        row.bytes = outflow.next;
        row.state = FileState::Taken;
        entry.told = self.core.now.mono;
        let (file, is_all) = (outflow.file, outflow.next == row.offer.bytes);
        if is_first {
            row.at = self.core.now.wall;
            let row = row.clone();
            self.keep_file(key);
            self.say_file(&row, FileState::Taken, None);
        }
        match is_all {
            true => {
                self.shut_file(file, FileAction::Close);
                self.start_queued();
            }
            false => {
                let links = &mut self.transfers.sending.links;
                links.get_or_insert_with(key.with, Bulk::new).enter(key.id);
            }
        }
    }

    /// Reads on while links have room: at the end of the wake, so that whatever else is to be said
    /// goes first.
    pub(super) fn pump_files(&mut self) {
        while self.transfers.sending.reading < limits::FILES_AHEAD_BYTES {
            let people = self.transfers.sending.people();
            let Some(who) = people.into_iter().find(|who| self.has_room_for_bulk(*who)) else {
                return;
            };
            self.transfers.sending.last = Some(who);
            self.read_part(who);
        }
    }

    fn has_room_for_bulk(&mut self, who: Fingerprint) -> bool {
        let Some(via) = self.sessions.open_with(who) else { return false };
        let Some(bulk) = self.transfers.sending.links.get_mut(&who) else { return false };
        let has_room = match via {
            Via::Tcp(_) => self.links.has_room(via),
            Via::Udp(id) => self.associations.has_room(id),
            Via::Relay(_) => self.uplink.has_room(),
        };
        bulk.has_turns() && has_room && bulk.has_room()
    }

    fn read_part(&mut self, who: Fingerprint) {
        let sending = &mut self.transfers.sending;
        let Some(bulk) = sending.links.get_mut(&who) else { return };
        let Some(id) = bulk.next() else { return };
        let key = Key { with: who, is_ours: true, id };
        let entry = self.transfers.by_key.get_mut(&key);
        let Some((Work::Out(outflow), row)) = entry.map(|e| (&mut e.work, &e.row)) else {
            return bulk.leave(id);
        };
        let bytes = (row.offer.bytes - outflow.next).min(limits::CHUNK_BYTES as u64);
        let read = FileAction::Read { at: outflow.next, bytes: bytes as usize };
        outflow.next += bytes;
        if outflow.next == row.offer.bytes {
            bulk.leave(id);
        }
        bulk.begin(bytes);
        sending.reading += bytes;
        self.core.file(outflow.file, read);
    }

    fn send_part(&mut self, key: Key, bytes: &[u8]) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let Work::Out(outflow) = &mut entry.work else { return };
        let size = entry.row.offer.bytes;
        let wanted = (size - outflow.sent).min(limits::CHUNK_BYTES as u64);
        if bytes.len() as u64 != wanted {
            return self.fail_sending(key, CHANGED);
        }
        let at = outflow.sent;
        outflow.sent += wanted;
        outflow.flight.push_back((outflow.sent, self.core.now.mono));
        let (file, is_last) = (outflow.file, outflow.sent == size);
        self.transfers.sending.reading -= wanted;
        if let Some(via) = self.sessions.open_with(key.with) {
            self.await_answer(key.with);
            self.tell(via, Chunk { file: key.id, at, bytes: Blob(bytes.to_vec()) });
        }
        if is_last {
            self.shut_file(file, FileAction::Close);
            self.start_queued();
        }
    }

    pub(super) fn on_have(&mut self, from: Fingerprint, have: Have) {
        let key = Key { with: from, is_ours: true, id: have.file };
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        let Work::Out(outflow) = &mut entry.work else { return };
        if have.bytes <= outflow.have || have.bytes > outflow.sent {
            return;
        }
        let mut ms = 0;
        while let Some((end, at)) = outflow.flight.front().copied()
            && end <= have.bytes
        {
            outflow.flight.pop_front();
            ms = self.core.now.mono.since_ms(at);
        }
        let fresh = have.bytes - std::mem::replace(&mut outflow.have, have.bytes);
        entry.row.bytes = have.bytes;
        if let Some(bulk) = self.transfers.sending.links.get_mut(&from) {
            bulk.land(fresh, ms);
        }
        self.on_answer(from);
        self.say_progress(key, have.bytes);
    }

    /// A file is sent no further over its link.
    pub(super) fn stop_sending(&mut self, key: Key, outflow: Outflow) {
        self.shut_file(outflow.file, FileAction::Close);
        self.transfers.sending.reading -= outflow.next - outflow.sent;
        if let Some(bulk) = self.transfers.sending.links.get_mut(&key.with) {
            bulk.leave(key.id);
            bulk.forget(outflow.next - outflow.have);
        }
    }

    pub(super) fn pause_sending(&mut self, key: Key) {
        let Some(entry) = self.transfers.by_key.get_mut(&key) else { return };
        if let Work::Out(outflow) = std::mem::replace(&mut entry.work, Work::None) {
            self.stop_sending(key, outflow);
            self.keep_file(key);
        }
    }

    pub(super) fn fail_sending(&mut self, key: Key, why: &str) {
        self.end_file(key, FileState::Failed, None, Some(why.to_owned()));
        self.tell_end(key, End::Failed(why.to_owned()));
    }
}

/// What both sides are told.
pub(super) const CHANGED: &str = "the file has changed since it was offered";
