//! Files: acted on at once, answered in later wakes.
//!
//! The kernel has no readiness for files, so the answers are a source of their own: while one
//! waits, the loop does not sleep. What was asked to be read is read when its turn comes, into the
//! reactor's one buffer.

mod place;

pub use place::place_at;

use super::Reactor;
use super::descriptors::kind_of;
use super::serve::Found;
use crate::proto::id::FileId;
use crate::proto::limits::{READ_BYTES, TURN_BYTES};
use crate::proto::machine::{FileAction, FileEvent, FileFacts};
use crate::proto::table::Table;
use rustix::fs::{Mode, OFlags};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};

/// The files that a machine has open, and what it has yet to be told of them.
#[derive(Default)]
pub(super) struct Files {
    open: Table<FileId, Open>,
    answers: VecDeque<(FileId, Answer)>,
    /// Bytes that may be read yet in this wake; at 0 the sockets have their turn.
    share: usize,
    /// Answers that may be given yet in this wake: those that were there when it began.
    waiting: usize,
}

struct Open {
    /// `None` when it could not be opened.
    file: Option<File>,
    path: String,
    /// Placed or failed: gone as soon as that was told.
    is_over: bool,
}

enum Answer {
    Read { at: u64, bytes: usize },
    Event(FileEvent<'static>),
}

impl Reactor {
    /// Does something to a file. What is to be said of it comes in a later wake; an id that is
    /// gone is left alone.
    pub fn perform_file(&mut self, id: FileId, action: FileAction) {
        self.files.perform(id, action);
    }
}

impl Files {
    /// Begins a wake. Whether an answer waits.
    pub fn begin(&mut self) -> bool {
        self.share = TURN_BYTES;
        self.waiting = self.answers.len();
        self.waiting > 0
    }

    /// The next answer that belongs into this wake.
    pub fn next(&mut self, buffer: &mut [u8]) -> Option<Found> {
        while self.waiting > 0 && self.share > 0 {
            self.waiting -= 1;
            let (id, answer) = self.answers.pop_front()?;
            // Those of a file that was closed meanwhile are nobody's.
            let Some(open) = self.open.get(&id) else { continue };
            let event = match (answer, &open.file) {
                (Answer::Event(event), _) => event,
                (Answer::Read { at, bytes }, Some(file)) => {
                    self.share = self.share.saturating_sub(bytes);
                    match read(file, at, &mut buffer[..bytes]) {
                        Ok(bytes) => return Some(Found::FileBytes(id, bytes)),
                        Err(error) => FileEvent::Failed(kind_of(&error)),
                    }
                }
                (Answer::Read { .. }, None) => continue,
            };
            if matches!(event, FileEvent::Placed(_) | FileEvent::Failed(_)) {
                self.open.remove(&id);
            }
            return Some(Found::File(id, event));
        }
        None
    }

    fn perform(&mut self, id: FileId, action: FileAction) {
        match action {
            FileAction::Open { path } => self.insert(id, path, open),
            FileAction::Create { path, keep } => self.insert(id, path, |path| create(path, keep)),
            FileAction::Read { at, bytes } => {
                assert!(bytes <= READ_BYTES, "what is read at a time fits the reactor's buffer");
                self.answers.push_back((id, Answer::Read { at, bytes }));
            }
            FileAction::Write { at, bytes } => {
                self.attempt(id, |file, _| file.write_all_at(&bytes, at).map(|()| None));
            }
            FileAction::Sync => {
                self.attempt(id, |file, _| file.sync_data().map(|()| Some(FileEvent::Synced)));
            }
            FileAction::Place { to } => self.attempt(id, |_, path| {
                place::place(path, &to).map(|path| Some(FileEvent::Placed(path)))
            }),
            FileAction::Close => drop(self.open.remove(&id)),
            FileAction::Remove => {
                let open = self.open.remove(&id).filter(|open| open.file.is_some());
                if let Some(Err(error)) = open.map(|open| std::fs::remove_file(open.path)) {
                    log::debug!("a file that is given up stays: {error}");
                }
            }
        }
    }

    fn insert(
        &mut self,
        id: FileId,
        path: String,
        open: impl FnOnce(&str) -> io::Result<(File, FileFacts)>,
    ) {
        assert!(!self.open.contains_key(&id), "a machine uses a file's id once");
        let (file, event) = match open(&path) {
            Ok((file, facts)) => (Some(file), FileEvent::Opened(facts)),
            Err(error) => (None, FileEvent::Failed(kind_of(&error))),
        };
        self.open.insert(id, Open { is_over: file.is_none(), file, path });
        self.answers.push_back((id, Answer::Event(event)));
    }

    fn attempt(
        &mut self,
        id: FileId,
        act: impl FnOnce(&File, &str) -> io::Result<Option<FileEvent<'static>>>,
    ) {
        let Some(open) = self.open.get_mut(&id).filter(|open| !open.is_over) else { return };
        let Some(file) = &open.file else { return };
        let event = act(file, &open.path);
        let event = event.unwrap_or_else(|error| Some(FileEvent::Failed(kind_of(&error))));
        open.is_over = matches!(event, Some(FileEvent::Placed(_) | FileEvent::Failed(_)));
        self.answers.extend(event.map(|event| (id, Answer::Event(event))));
    }
}

fn open(path: &str) -> io::Result<(File, FileFacts)> {
    // Opening must not wait for the other end of a named pipe, nor take a terminal.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let facts = facts(&file)?;
    Ok((file, facts))
}

fn create(path: &str, keep: u64) -> io::Result<(File, FileFacts)> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW;
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let mut facts = facts(&file)?;
    if facts.bytes > keep {
        file.set_len(keep)?;
        facts.bytes = keep;
    }
    let system = rustix::fs::fstatvfs(&file)?;
    facts.free_bytes = system.f_bavail.saturating_mul(system.f_frsize);
    Ok((file, facts))
}

/// What is known of a regular file; an error for anything else.
fn facts(file: &File) -> io::Result<FileFacts> {
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let modified_ns =
        found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
    Ok(FileFacts { bytes: found.len(), modified_ns, free_bytes: 0 })
}

/// Reads until the buffer is full or the file is at its end.
fn read(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
