//! A client's disk the slow and obvious way: what its records leave, and its files.

use crate::proto::client::Client;
use crate::proto::id::{FileId, MsgId};
use crate::proto::machine::{FileAction, FileFacts, Store};
use crate::proto::model::bond::Bond;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::letter::Letter;
use crate::proto::model::notice::Notice;
use crate::proto::model::person::{Fingerprint, Person};
use crate::proto::model::record::{Query, Record, Restored, Rows};
use crate::proto::model::transfer::{FileState, Post, Transfer};
use crate::proto::time::Now;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::ErrorKind;

#[derive(Default)]
pub struct Disk {
    pub people: BTreeMap<Fingerprint, Person>,
    pub bonds: BTreeMap<Fingerprint, Bond>,
    notes: BTreeMap<(Fingerprint, MsgId), (Letter, Stage)>,
    seen: BTreeSet<(Fingerprint, MsgId)>,
    pub transfers: BTreeMap<(Fingerprint, bool, MsgId), Transfer>,
    pub posts: BTreeMap<MsgId, Post>,
    pub transcripts: Vec<String>,
    /// Records of files, counted.
    pub file_records: usize,
}

impl Store<Client> for Disk {
    type Error = Infallible;

    fn keep(
        &mut self,
        now: Now,
        record: Record,
        shown: &mut Vec<Notice>,
    ) -> Result<(), Infallible> {
        match record {
            Record::Person(person) => drop(self.people.insert(person.fingerprint, person)),
            Record::Bond(who, bond) => drop(self.bonds.insert(who, bond)),
            Record::Note(to, letter) => {
                self.notes.insert((to, letter.id), (letter, Stage::Queued));
            }
            Record::NoteSeen(from, id) => drop(self.seen.insert((from, id))),
            Record::Receipts { to, first, last, stage } => {
                for (_, (_, was)) in self.notes.range_mut((to, first)..=(to, last)) {
                    *was = stage.max(*was);
                }
            }
            Record::Transfer(row) => {
                assert_ne!(row.state, FileState::Progress, "progress is not kept");
                self.file_records += 1;
                self.transfers.insert((row.with, row.is_ours, row.id), *row);
            }
            Record::Transcript { text, .. } => self.transcripts.push(text),
            Record::Post(post) => drop(self.posts.insert(post.id, *post)),
            Record::PostGone(id) => drop(self.posts.remove(&id)),
            Record::Event(event) => shown.push(numbered(now, event)),
            _ => {}
        }
        Ok(())
    }

    fn query(&mut self, query: Query) -> Result<Rows, Infallible> {
        Ok(match query {
            Query::Outbox { to, after, queued_only, .. } => {
                let open = |((who, id), (_, stage)): &(&(Fingerprint, MsgId), &(Letter, Stage))| {
                    *who == to && *id > after && !stage.is_final()
                };
                let rows = self.notes.iter().filter(open).map(|(_, (letter, _))| letter.clone());
                Rows::Outbox { to, rows: rows.collect(), queued_only, more: false }
            }
            Query::Waits(who) => Rows::Waits(who, self.waits(who)),
            Query::Note(from, letter) => {
                let is_new = !self.seen.contains(&(from, letter.id));
                Rows::Note { from, letter, is_new }
            }
            Query::Addressees(id) => Rows::Addressees(id, Vec::new()),
        })
    }

    fn commit(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Disk {
    /// How many letters wait for somebody.
    pub fn waiting(&self, who: Fingerprint) -> usize {
        let waits = |((to, _), (_, stage)): &(&(Fingerprint, MsgId), &(Letter, Stage))| {
            *to == who && !stage.is_final()
        };
        self.notes.iter().filter(waits).count()
    }

    fn waits(&self, who: Fingerprint) -> bool {
        self.waiting(who) > 0
    }

    pub fn restored(&self) -> Restored {
        let is_open = |row: &&Transfer| matches!(row.state, FileState::Offered | FileState::Taken);
        Restored {
            people: self.people.values().cloned().collect(),
            bonds: self.bonds.iter().map(|(who, bond)| (*who, bond.clone())).collect(),
            waiting: self.people.keys().copied().filter(|who| self.waits(*who)).collect(),
            last_id: self.notes.keys().map(|(_, id)| *id).max(),
            transfers: self.transfers.values().filter(is_open).cloned().collect(),
            posts: self.posts.values().cloned().collect(),
            ..Restored::default()
        }
    }
}

fn numbered(now: Now, event: Event) -> Notice {
    Notice::Event { seq: None, at: now.wall, event }
}

/// What a file system says to an action.
pub enum Said {
    Opened(FileFacts),
    Bytes(Vec<u8>),
    Synced,
    Placed(String),
    Failed(ErrorKind),
}

/// A file system in memory.
pub struct Files {
    pub all: BTreeMap<String, File>,
    open: BTreeMap<FileId, String>,
    pub free_bytes: u64,
    /// Paths at which nothing can be done.
    pub broken: BTreeSet<String>,
    pub most_open: usize,
}

#[derive(Clone, Default)]
pub struct File {
    pub bytes: Vec<u8>,
    pub modified_ns: i64,
}

impl Files {
    pub fn new() -> Files {
        Files {
            all: BTreeMap::new(),
            open: BTreeMap::new(),
            free_bytes: 1 << 40,
            broken: BTreeSet::new(),
            most_open: 0,
        }
    }

    pub fn put(&mut self, path: &str, bytes: &[u8]) {
        let modified_ns = self.all.get(path).map_or(1, |file| file.modified_ns + 1);
        self.all.insert(path.to_owned(), File { bytes: bytes.to_vec(), modified_ns });
    }

    pub fn at(&self, path: &str) -> Option<&[u8]> {
        self.all.get(path).map(|file| file.bytes.as_slice())
    }

    /// Names in a directory.
    pub fn names(&self, dir: &str) -> Vec<&str> {
        self.all.keys().filter_map(|path| path.strip_prefix(dir)?.strip_prefix('/')).collect()
    }

    pub fn opened(&self) -> usize {
        self.open.len()
    }

    /// The program is gone, and with it what it had open.
    pub fn crash(&mut self) {
        self.open.clear();
    }

    pub fn perform(&mut self, id: FileId, action: FileAction) -> Option<Said> {
        match action {
            FileAction::Open { path } => return Some(self.open(id, path)),
            FileAction::Create { path, keep } => {
                if self.broken.contains(&path) {
                    return Some(Said::Failed(ErrorKind::PermissionDenied));
                }
                let file = self.all.entry(path.clone()).or_default();
                file.bytes.truncate(keep as usize);
                return Some(self.open(id, path));
            }
            _ => {}
        }
        let path = self.open.get(&id)?.clone();
        match action {
            FileAction::Read { at, bytes } => {
                let file = &self.all[&path];
                let start = file.bytes.len().min(at as usize);
                let end = file.bytes.len().min(at as usize + bytes);
                Some(Said::Bytes(file.bytes[start..end].to_vec()))
            }
            FileAction::Write { at, bytes } => {
                let file = self.all.get_mut(&path).expect("it is open");
                assert_eq!(file.bytes.len(), at as usize, "written one after the other");
                file.bytes.extend(bytes);
                None
            }
            FileAction::Sync => Some(Said::Synced),
            FileAction::Place { to } => {
                self.open.remove(&id);
                let file = self.all.remove(&path).expect("it is open");
                let mut place = to.clone();
                for number in 1.. {
                    if !self.all.contains_key(&place) {
                        break;
                    }
                    place = format!("{to} ({number})");
                }
                self.all.insert(place.clone(), file);
                Some(Said::Placed(place))
            }
            FileAction::Close => {
                self.open.remove(&id);
                None
            }
            FileAction::Remove => {
                self.open.remove(&id);
                self.all.remove(&path);
                None
            }
            FileAction::Open { .. } | FileAction::Create { .. } => unreachable!("opened above"),
        }
    }

    fn open(&mut self, id: FileId, path: String) -> Said {
        let Some(file) = self.all.get(&path) else { return Said::Failed(ErrorKind::NotFound) };
        let (bytes, modified_ns) = (file.bytes.len() as u64, file.modified_ns);
        self.open.insert(id, path);
        self.most_open = self.most_open.max(self.open.len());
        Said::Opened(FileFacts { bytes, modified_ns, free_bytes: self.free_bytes })
    }
}
