//! The virtual disk of one client: what its program does to files, and what is left of that when
//! the program, or the machine under it, dies.
//!
//! | what dies | what was written and not synced |
//! |---|---|
//! | the program | stays |
//! | the machine | stays, is zeros, or is gone with all that came after it, as the dice fall |

use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::FileId;
use hobnob::proto::machine::{FileAction, FileEvent, FileFacts};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::ops::Range;

/// An answer of the disk, as [`FileEvent`] says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Opened(FileFacts),
    Bytes(Vec<u8>),
    Synced,
    Placed(String),
    Failed(ErrorKind),
}

impl Answer {
    pub fn event(&self) -> FileEvent<'_> {
        match self {
            Answer::Opened(facts) => FileEvent::Opened(*facts),
            Answer::Bytes(bytes) => FileEvent::Bytes(bytes),
            Answer::Synced => FileEvent::Synced,
            Answer::Placed(path) => FileEvent::Placed(path.clone()),
            Answer::Failed(kind) => FileEvent::Failed(*kind),
        }
    }
}

/// A file, whatever it is called.
#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    modified_ns: i64,
    /// What the next loss of power may take.
    unsynced: Vec<Range<usize>>,
    /// Whether its directory is known to have it.
    is_entered: bool,
    /// Somebody's own, or placed: no program changes it any more.
    is_precious: bool,
}

struct Handle {
    content: u64,
    path: String,
    is_writing: bool,
}

/// A file that got its final name.
#[derive(Clone, Debug)]
pub struct Placed {
    pub path: String,
    pub bytes: Vec<u8>,
    /// Bytes that were ever written to it under its name before.
    pub written: u64,
}

/// One client's files.
pub struct Disk {
    rng: Rng,
    names: BTreeMap<String, u64>,
    contents: BTreeMap<u64, Content>,
    open: BTreeMap<FileId, Handle>,
    /// Ids that were closed by the program: it says nothing of them any more.
    closed: BTreeSet<FileId>,
    used: BTreeSet<FileId>,
    answers: VecDeque<(u64, FileId, Answer)>,
    count: u64,
    /// What was under which of somebody's own names, since when.
    versions: BTreeMap<String, Vec<(u64, Vec<u8>)>>,
    written: BTreeMap<String, u64>,
    pub placed: Vec<Placed>,
    /// Every action, in words.
    pub log: Vec<String>,
    pub free_bytes: u64,
    /// Paths that begin so cannot be opened.
    pub denied: BTreeSet<String>,
    /// Directories that are not there.
    pub missing: BTreeSet<String>,
    /// Something goes wrong after so many more actions.
    pub fault: Option<(u64, ErrorKind)>,
    /// Every action takes so much longer.
    pub slow_ms: u64,
    /// The most files that were open at once.
    pub most_open: usize,
}

/// More than any test writes.
const ROOM_BYTES: u64 = 1 << 40;

impl Disk {
    pub fn new(rng: Rng) -> Disk {
        Disk {
            rng,
            names: BTreeMap::new(),
            contents: BTreeMap::new(),
            open: BTreeMap::new(),
            closed: BTreeSet::new(),
            used: BTreeSet::new(),
            answers: VecDeque::new(),
            count: 0,
            versions: BTreeMap::new(),
            written: BTreeMap::new(),
            placed: Vec::new(),
            log: Vec::new(),
            free_bytes: ROOM_BYTES,
            denied: BTreeSet::new(),
            missing: BTreeSet::new(),
            fault: None,
            slow_ms: 0,
            most_open: 0,
        }
    }

    /// Somebody writes a file of their own, in place of what was there.
    pub fn put(&mut self, now: u64, path: &str, bytes: Vec<u8>) {
        self.count += 1;
        let versions = self.versions.entry(path.to_owned()).or_default();
        versions.push((now, bytes.clone()));
        // As most programs write: the old file stays for whoever has it open.
        let content = Content {
            bytes,
            modified_ns: (now * 1_000_000 + self.count % 1_000_000) as i64,
            unsynced: Vec::new(),
            is_entered: true,
            is_precious: true,
        };
        self.contents.insert(self.count, content);
        self.names.insert(path.to_owned(), self.count);
    }

    /// Somebody changes a file of their own in place; whoever has it open reads what is new.
    pub fn change(&mut self, now: u64, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        self.count += 1;
        let content = self.names.get(path).and_then(|id| self.contents.get_mut(id));
        let content = content.expect("the test made the file");
        change(&mut content.bytes);
        content.modified_ns = (now * 1_000_000 + self.count % 1_000_000) as i64;
        let bytes = content.bytes.clone();
        self.versions.entry(path.to_owned()).or_default().push((now, bytes));
    }

    /// Somebody deletes a file.
    pub fn delete(&mut self, path: &str) {
        self.names.remove(path).expect("there is such a file");
    }

    pub fn read(&self, path: &str) -> Option<&[u8]> {
        self.content(path).map(|content| &content.bytes[..])
    }

    fn content(&self, path: &str) -> Option<&Content> {
        self.contents.get(self.names.get(path)?)
    }

    pub fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    /// Names of files that no person made and no program has finished.
    pub fn unfinished(&self) -> Vec<String> {
        let is_unfinished = |(_, id): &(&String, &u64)| !self.contents[*id].is_precious;
        self.names.iter().filter(is_unfinished).map(|(name, _)| name.clone()).collect()
    }

    /// What was under somebody's own name between two moments.
    pub fn versions(&self, path: &str, from: u64, until: u64) -> Vec<Vec<u8>> {
        let Some(versions) = self.versions.get(path) else { return Vec::new() };
        let ends = versions.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
        let during =
            versions.iter().zip(ends).filter(|((at, _), end)| *at <= until && *end >= from);
        during.map(|((_, bytes), _)| bytes.clone()).collect()
    }

    /// Everything that was ever in somebody's own files.
    pub fn all_versions(&self) -> Vec<Vec<u8>> {
        let each = self.versions.values().flatten();
        each.map(|(_, bytes)| bytes.clone()).collect()
    }

    /// Whether somebody ever had a file of their own that was just so.
    pub fn was_there(&self, bytes: &[u8]) -> bool {
        self.versions.values().flatten().any(|(_, version)| version == bytes)
    }

    /// Files that the program has open.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    pub fn next_at(&self) -> Option<u64> {
        self.answers.front().map(|(at, _, _)| *at)
    }

    /// Answers that have come by now, in the order of the actions.
    pub fn take_due(&mut self, now: u64) -> Vec<(FileId, Answer)> {
        let mut due = Vec::new();
        while self.next_at().is_some_and(|at| at <= now) {
            let Some((_, file, answer)) = self.answers.pop_front() else { break };
            // A file that was closed meanwhile says nothing any more.
            if !self.closed.contains(&file) {
                due.push((file, answer));
            }
        }
        due
    }

    pub fn act(&mut self, now: u64, file: FileId, action: FileAction) {
        self.log.push(match &action {
            FileAction::Write { at, bytes } => format!("{file:?} write {at} {}", bytes.len()),
            other => format!("{file:?} {other:?}"),
        });
        assert!(!self.closed.contains(&file), "a file that was closed is used: {action:?}");
        let is_end = matches!(action, FileAction::Close | FileAction::Remove);
        let broken = self.breaks();
        match (broken, action) {
            (Some(kind), _) if !is_end && self.is_live(file) => self.fail(now, file, kind),
            (_, FileAction::Open { path }) => self.open(now, file, path),
            (_, FileAction::Create { path, keep }) => self.create(now, file, path, keep),
            (_, FileAction::Read { at, bytes }) => self.read_at(now, file, at, bytes),
            (_, FileAction::Write { at, bytes }) => self.write(now, file, at, &bytes),
            (_, FileAction::Sync) => self.sync(now, file),
            (_, FileAction::Place { to }) => self.place(now, file, &to),
            (_, FileAction::Close) => self.close(file, false),
            (_, FileAction::Remove) => self.close(file, true),
        }
        self.most_open = self.most_open.max(self.open.len());
    }

    /// An id that is open, or new.
    fn is_live(&self, file: FileId) -> bool {
        self.open.contains_key(&file) || !self.used.contains(&file)
    }

    fn breaks(&mut self) -> Option<ErrorKind> {
        let (after, kind) = self.fault?;
        if after > 0 {
            self.fault = Some((after - 1, kind));
            return None;
        }
        self.fault = None;
        Some(kind)
    }

    fn answer(&mut self, now: u64, file: FileId, answer: Answer) {
        let took = self.rng.below(3) / 2 + self.slow_ms;
        let earliest = self.answers.back().map_or(now, |(at, _, _)| *at);
        self.answers.push_back(((now + took).max(earliest), file, answer));
    }

    fn fail(&mut self, now: u64, file: FileId, kind: ErrorKind) {
        self.used.insert(file);
        self.open.remove(&file);
        self.answer(now, file, Answer::Failed(kind));
    }

    fn may_not(&self, path: &str) -> Option<ErrorKind> {
        assert!(path.starts_with('/') && !path.contains('\0'), "no absolute path: {path:?}");
        assert!(!path.split('/').any(|part| part == ".." || part == "."), "a way out: {path:?}");
        if self.denied.iter().any(|denied| path.starts_with(denied)) {
            return Some(ErrorKind::PermissionDenied);
        }
        let is_missing = self.missing.iter().any(|missing| path.starts_with(missing));
        is_missing.then_some(ErrorKind::NotFound)
    }

    fn begin(&mut self, file: FileId) {
        assert!(self.used.insert(file), "{file:?} is used twice");
    }

    fn open(&mut self, now: u64, file: FileId, path: String) {
        if let Some(kind) = self.may_not(&path) {
            return self.fail(now, file, kind);
        }
        let Some(content) = self.names.get(&path).copied() else {
            return self.fail(now, file, ErrorKind::NotFound);
        };
        self.begin(file);
        let facts = self.facts(content, 0);
        self.open.insert(file, Handle { content, path, is_writing: false });
        self.answer(now, file, Answer::Opened(facts));
    }

    fn facts(&self, content: u64, free_bytes: u64) -> FileFacts {
        let content = &self.contents[&content];
        let bytes = content.bytes.len() as u64;
        FileFacts { bytes, modified_ns: content.modified_ns, free_bytes }
    }

    fn create(&mut self, now: u64, file: FileId, path: String, keep: u64) {
        if let Some(kind) = self.may_not(&path) {
            return self.fail(now, file, kind);
        }
        self.begin(file);
        self.count += 1;
        let content = *self.names.entry(path.clone()).or_insert(self.count);
        let found = self.contents.entry(content).or_default();
        assert!(!found.is_precious, "{path}: somebody's own file is written to");
        let kept = (keep.min(found.bytes.len() as u64)) as usize;
        self.free_bytes += (found.bytes.len() - kept) as u64;
        found.bytes.truncate(kept);
        found.unsynced.retain_mut(|range| {
            range.end = range.end.min(kept);
            range.start < range.end
        });
        let facts = self.facts(content, self.free_bytes);
        self.open.insert(file, Handle { content, path, is_writing: true });
        self.answer(now, file, Answer::Opened(facts));
    }

    fn read_at(&mut self, now: u64, file: FileId, at: u64, bytes: usize) {
        let Some(handle) = self.open.get(&file) else { return };
        let all = &self.contents[&handle.content].bytes;
        let from = (at as usize).min(all.len());
        let part = all[from..(from + bytes).min(all.len())].to_vec();
        self.answer(now, file, Answer::Bytes(part));
    }

    fn write(&mut self, now: u64, file: FileId, at: u64, bytes: &[u8]) {
        let Some(handle) = self.open.get(&file) else { return };
        assert!(handle.is_writing, "{}: written to though opened for reading", handle.path);
        let content = self.contents.get_mut(&handle.content).expect("open files are there");
        let range = at as usize..at as usize + bytes.len();
        let more = range.end.saturating_sub(content.bytes.len());
        if more as u64 > self.free_bytes {
            return self.fail(now, file, ErrorKind::StorageFull);
        }
        assert!(range.start <= content.bytes.len(), "a hole in {}", handle.path);
        self.free_bytes -= more as u64;
        content.bytes.resize(content.bytes.len() + more, 0);
        content.bytes[range.clone()].copy_from_slice(bytes);
        content.modified_ns = now as i64 * 1_000_000;
        content.unsynced.push(range);
        *self.written.entry(handle.path.clone()).or_default() += bytes.len() as u64;
    }

    fn sync(&mut self, now: u64, file: FileId) {
        let Some(handle) = self.open.get(&file) else { return };
        let content = self.contents.get_mut(&handle.content).expect("open files are there");
        content.unsynced.clear();
        content.is_entered = true;
        self.answer(now, file, Answer::Synced);
    }

    fn place(&mut self, now: u64, file: FileId, to: &str) {
        let Some(handle) = self.open.remove(&file) else { return };
        if let Some(kind) = self.may_not(to) {
            return self.fail(now, file, kind);
        }
        let path = self.free_name(to);
        let content = self.contents.get_mut(&handle.content).expect("open files are there");
        (content.is_precious, content.is_entered) = (true, true);
        let bytes = content.bytes.clone();
        let written = self.written.remove(&handle.path).unwrap_or_default();
        if self.names.get(&handle.path) == Some(&handle.content) {
            self.names.remove(&handle.path);
        }
        self.names.insert(path.clone(), handle.content);
        self.placed.push(Placed { path: path.clone(), bytes, written });
        self.answer(now, file, Answer::Placed(path));
    }

    /// The path itself, or with a number behind its name.
    fn free_name(&self, path: &str) -> String {
        let (directory, name) = path.rsplit_once('/').expect("absolute paths have a slash");
        let (stem, dot) = match name.rfind('.').filter(|dot| *dot > 0) {
            Some(dot) => name.split_at(dot),
            None => (name, ""),
        };
        let numbered = (2..).map(|n| format!("{directory}/{stem}-{n}{dot}"));
        let mut names = [path.to_owned()].into_iter().chain(numbered);
        names.find(|name| !self.names.contains_key(name)).expect("numbers do not end")
    }

    fn close(&mut self, file: FileId, is_removed: bool) {
        self.closed.insert(file);
        let Some(handle) = self.open.remove(&file) else { return };
        if is_removed && self.names.get(&handle.path) == Some(&handle.content) {
            let content = &self.contents[&handle.content];
            assert!(!content.is_precious, "{}: somebody's own file is deleted", handle.path);
            self.free_bytes += content.bytes.len() as u64;
            self.names.remove(&handle.path);
            self.written.remove(&handle.path);
        }
    }

    /// The program is gone: what it has written stays.
    pub fn lose_program(&mut self) {
        self.open.clear();
        self.closed.clear();
        self.used.clear();
        self.answers.clear();
    }

    /// The machine is gone, and with it what was not synced.
    pub fn lose_power(&mut self) {
        self.lose_program();
        let mut lost = Vec::new();
        for (name, id) in &self.names {
            let content = self.contents.get_mut(id).expect("names are of files");
            if !content.is_entered && self.rng.below(2) == 0 {
                lost.push(name.clone());
                continue;
            }
            for range in std::mem::take(&mut content.unsynced) {
                let end = range.end.min(content.bytes.len());
                match self.rng.below(3) {
                    0 if range.start < end => content.bytes[range.start..end].fill(0),
                    1 => content.bytes.truncate(range.start),
                    _ => {}
                }
            }
        }
        for name in lost {
            self.names.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(1);

    fn disk() -> Disk {
        Disk::new(Rng::new([7; 32]))
    }

    fn create(disk: &mut Disk, file: FileId, path: &str, keep: u64) {
        disk.act(1, file, FileAction::Create { path: path.into(), keep });
    }

    fn write(disk: &mut Disk, at: u64, bytes: &[u8]) {
        disk.act(1, FILE, FileAction::Write { at, bytes: bytes.to_vec() });
    }

    fn answers(disk: &mut Disk) -> Vec<Answer> {
        disk.take_due(10).into_iter().map(|(_, answer)| answer).collect()
    }

    #[test]
    fn what_was_synced_survives_a_loss_of_power_and_the_rest_need_not() {
        let mut is_lost = false;
        for seed in 0..20 {
            let mut disk = Disk::new(Rng::new([seed; 32]));
            create(&mut disk, FILE, "/a", 0);
            write(&mut disk, 0, b"one");
            disk.act(1, FILE, FileAction::Sync);
            write(&mut disk, 3, b"two");
            disk.lose_power();
            let left = disk.read("/a").expect("it was synced");
            assert!(left.starts_with(b"one"));
            is_lost |= left != b"onetwo";
        }
        assert!(is_lost);
    }

    #[test]
    fn a_killed_program_loses_nothing_that_it_wrote() {
        let mut disk = disk();
        create(&mut disk, FILE, "/a", 0);
        write(&mut disk, 0, b"one");
        disk.lose_program();
        assert_eq!(disk.read("/a"), Some(&b"one"[..]));
        assert_eq!(disk.take_due(10), []);
    }

    #[test]
    fn a_file_is_placed_beside_what_is_there() {
        let mut disk = disk();
        disk.put(0, "/a.txt", b"mine".to_vec());
        create(&mut disk, FILE, "/.part", 0);
        write(&mut disk, 0, b"theirs");
        disk.act(1, FILE, FileAction::Place { to: "/a.txt".into() });
        assert_eq!(answers(&mut disk).last(), Some(&Answer::Placed("/a-2.txt".into())));
        assert_eq!(disk.read("/a.txt"), Some(&b"mine"[..]));
        assert_eq!(disk.names(), ["/a-2.txt", "/a.txt"]);
    }

    #[test]
    fn a_full_disk_fails_the_write_and_closes_the_file() {
        let mut disk = disk();
        disk.free_bytes = 4;
        create(&mut disk, FILE, "/a", 0);
        write(&mut disk, 0, b"four");
        write(&mut disk, 4, b"more");
        write(&mut disk, 8, b"and more");
        let answers = answers(&mut disk);
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[1], Answer::Failed(ErrorKind::StorageFull));
    }

    #[test]
    fn a_file_that_shrinks_is_read_short() {
        let mut disk = disk();
        disk.put(0, "/a", b"content".to_vec());
        disk.act(1, FILE, FileAction::Open { path: "/a".into() });
        disk.change(2, "/a", |bytes| bytes.truncate(3));
        disk.act(3, FILE, FileAction::Read { at: 0, bytes: 7 });
        assert_eq!(answers(&mut disk).last(), Some(&Answer::Bytes(b"con".to_vec())));
        assert_eq!(disk.versions("/a", 2, 9), [b"content".to_vec(), b"con".to_vec()]);
        assert_eq!(disk.versions("/a", 3, 9), [b"con".to_vec()]);
    }

    #[test]
    #[should_panic(expected = "somebody's own file is written to")]
    fn a_program_that_writes_to_somebodys_own_file_is_caught() {
        let mut disk = disk();
        disk.put(0, "/a", b"mine".to_vec());
        create(&mut disk, FILE, "/a", 0);
    }
}
