//! From a path to an offer: a file is opened, read to its end for its digest, and offered.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | `send`, `voice`, `post add` | Opening; the file is opened |
//! | Opening | it is there | Reading; step by step |
//! | Opening, Reading | failed, no WAV, shorter than it was | –; the verb is told |
//! | Reading, a file or a post | read | –; `Offer`, or a post |
//! | Reading, a voice message | read | Hearing, or without a program –; `Offer` |
//! | Hearing (`voice`) | transcript, failure, too late | –; `Offer` |

use super::Client;
use super::file_names::{floor_char, name_of};
use super::outcomes::file_words;
use super::transfers::{Entry, Key, Use};
use super::wishes::Wish;
use crate::proto::bytes::Bytes;
use crate::proto::crypto::digest::FileHash;
use crate::proto::id::{FileId, MsgId};
use crate::proto::limits;
use crate::proto::machine::{FileAction, FileEvent, FileFacts};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::Stage;
use crate::proto::model::letter::Body;
use crate::proto::model::notice::{FileRow, Row};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::{FileState, Offer, Transfer, Voice};

/// A file that will be offered once it is read.
pub(super) struct Preparing {
    pub ticket: Ticket,
    pub path: String,
    pub facts: FileFacts,
    /// How long it is, if it is spoken; told by its head.
    pub ms: Option<u64>,
    pub goal: Goal,
}

/// What a file is read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Send(Errand),
    Voice(Errand),
    Post,
}

/// To whom a file goes, and how far its offer must come for the verb to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Errand {
    pub to: Person,
    pub until: Stage,
}

/// A file that has been read.
pub(super) struct Draft {
    pub path: String,
    pub bytes: u64,
    pub modified_ns: i64,
    pub digest: Bytes<32>,
    pub voice: Option<Voice>,
    pub answers: Option<MsgId>,
    pub post: Option<MsgId>,
    /// What there is to say about it, in words.
    pub why: Option<String>,
}

impl Preparing {
    /// Its verb's time is up; it goes on.
    pub fn forget(&mut self, ticket: Ticket) {
        if self.ticket == ticket {
            self.ticket = Ticket::NOBODY;
        }
    }
}

impl Client {
    pub(super) fn send_file(&mut self, ticket: Ticket, to: Target, path: String, until: Stage) {
        self.find_for_file(ticket, to, path, (until, false));
    }

    /// Finds out who is meant.
    pub(super) fn find_for_file(
        &mut self,
        ticket: Ticket,
        to: Target,
        path: String,
        (until, is_voice): (Stage, bool),
    ) {
        match self.people.find(&to).cloned() {
            Some(person) => self.prepare_for(ticket, person, path, (until, is_voice)),
            None => self.wish(to, Wish::File { ticket, path, until, is_voice }),
        }
    }

    /// Who is meant is known.
    pub(super) fn prepare_for(
        &mut self,
        ticket: Ticket,
        to: Person,
        path: String,
        (until, is_voice): (Stage, bool),
    ) {
        if let Some(refusal) = self.may_write_to(to.fingerprint) {
            return self.core.done(ticket, Err(refusal));
        }
        let errand = Errand { to, until };
        let goal = if is_voice { Goal::Voice(errand) } else { Goal::Send(errand) };
        self.prepare(ticket, path, goal);
    }

    /// Opens a file to read it.
    pub(super) fn prepare(&mut self, ticket: Ticket, path: String, goal: Goal) {
        let preparing =
            self.transfers.uses.values().filter(|what| matches!(what, Use::Preparing(_))).count();
        if self.transfers.is_full() || preparing + self.voices.hearing() >= limits::FILES_READ {
            return self.core.done(ticket, Err(Refusal::Busy("files")));
        }
        let facts = FileFacts { bytes: 0, modified_ns: 0, free_bytes: 0 };
        let open = FileAction::Open { path: path.clone() };
        let preparing = Preparing { ticket, path, facts, ms: None, goal };
        self.open_file(Use::Preparing(Box::new(preparing)), open);
    }

    pub(super) fn on_file_prepared(&mut self, file: FileId, event: FileEvent<'_>) {
        match event {
            FileEvent::Opened(facts) => {
                if let Some(Use::Preparing(preparing)) = self.transfers.uses.get_mut(&file) {
                    preparing.facts = facts;
                    match facts.bytes == 0 && matches!(preparing.goal, Goal::Voice(_)) {
                        true => self.fail_preparing(file, "no WAV file with sound in it"),
                        false => self.hash_file(file, facts.bytes),
                    }
                }
            }
            FileEvent::Failed(kind) => self.fail_preparing(file, &file_words(kind)),
            FileEvent::Bytes(_) | FileEvent::Synced | FileEvent::Placed(_) => {}
        }
    }

    /// The first bytes of a file that is read: a voice message must begin as one.
    pub(super) fn on_head(&mut self, file: FileId, at: u64, bytes: &[u8]) {
        let Some(Use::Preparing(preparing)) = self.transfers.uses.get_mut(&file) else { return };
        if at != bytes.len() as u64 || !matches!(preparing.goal, Goal::Voice(_)) {
            return;
        }
        let head = &bytes[..bytes.len().min(limits::WAV_HEAD_BYTES)];
        preparing.ms = super::wav::length_ms(head, preparing.facts.bytes);
        if preparing.ms.is_none() {
            self.fail_preparing(file, "no WAV file with sound in it");
        }
    }

    /// A file has been read: `at` bytes of it, or as many as there were.
    pub(super) fn on_hashed(&mut self, file: FileId, at: u64, hash: FileHash) {
        match self.transfers.uses.get(&file) {
            Some(Use::Transfer(key)) => {
                let key = *key;
                self.on_part_hashed(key, at, hash);
            }
            Some(Use::Preparing(preparing)) if at == preparing.facts.bytes => {
                self.on_prepared(file, hash);
            }
            Some(Use::Preparing(_)) => self.fail_preparing(file, "it changes while it is read"),
            None => {}
        }
    }

    fn on_prepared(&mut self, file: FileId, hash: FileHash) {
        let Some(Use::Preparing(preparing)) = self.transfers.uses.remove(&file) else { return };
        self.core.file(file, FileAction::Close);
        self.start_queued();
        let Preparing { ticket, path, facts, ms, goal } = *preparing;
        let draft = Draft {
            path,
            bytes: facts.bytes,
            modified_ns: facts.modified_ns,
            digest: hash.finish(),
            voice: ms.map(|ms| Voice { ms, transcript: None }),
            answers: None,
            post: None,
            why: None,
        };
        match goal {
            Goal::Send(errand) => self.offer_to(ticket, errand, draft),
            Goal::Voice(errand) => self.transcribe(ticket, errand, draft),
            Goal::Post => self.offer_to_friends(ticket, draft),
        }
    }

    fn fail_preparing(&mut self, file: FileId, why: &str) {
        let Some(Use::Preparing(preparing)) = self.transfers.uses.get(&file) else { return };
        let (ticket, path) = (preparing.ticket, preparing.path.clone());
        self.shut_file(file, FileAction::Close);
        self.start_queued();
        self.core.done(ticket, Err(Refusal::File(path, why.to_owned())));
    }

    /// Offers a file; the verb ends when the offer has come far enough.
    pub(super) fn offer_to(&mut self, ticket: Ticket, errand: Errand, draft: Draft) {
        let who = errand.to.fingerprint;
        // There was time for that while the file was read.
        if let Some(refusal) = self.may_write_to(who) {
            return self.core.done(ticket, Err(refusal));
        }
        self.know(errand.to);
        let id = self.new_id();
        if ticket != Ticket::NOBODY {
            self.begin_parts(ticket, 1);
            self.await_letter(id, ticket, errand.until);
        }
        self.offer(ticket, id, who, draft);
    }

    /// Offers a file under this id.
    pub(super) fn offer(&mut self, ticket: Ticket, id: MsgId, to: Fingerprint, draft: Draft) {
        let mut name = name_of(&draft.path);
        name.truncate(floor_char(&name, limits::FILE_NAME_BYTES));
        let offer = Offer {
            name,
            bytes: draft.bytes,
            digest: draft.digest,
            voice: draft.voice,
            answers: draft.answers,
        };
        let at = self.core.now.wall;
        let row = Transfer {
            id,
            with: to,
            is_ours: true,
            offer: offer.clone(),
            state: FileState::Offered,
            path: Some(draft.path),
            bytes: 0,
            modified_ns: draft.modified_ns,
            post: draft.post,
            at,
        };
        self.keep_transcript(&row, at);
        self.core.keep(Record::Transfer(Box::new(row.clone())));
        let shown = FileRow {
            id,
            from: None,
            to: Some(self.people.label(to)),
            name: row.offer.name.clone(),
            size: row.offer.bytes,
            state: row.state,
            bytes: 0,
            path: row.path.clone(),
            why: draft.why.clone(),
        };
        self.core.row(ticket, Row::File(shown));
        self.say_file(&row, FileState::Offered, draft.why);
        let key = Key { with: to, is_ours: true, id };
        self.transfers.by_key.insert(key, Entry::new(row));
        self.post_as(id, to, Body::Offer(Box::new(offer)));
        self.reached(id, Stage::Queued);
    }
}
