//! Files, in a directory of their own.

use super::*;
use crate::proto::machine::FileFacts;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that is gone with its test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hobnob-files-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory");
        Directory(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.at(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("it is there").flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().display().to_string()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

impl Bench {
    fn file(&mut self, id: u64, action: FileAction) {
        self.reactor.perform_file(FileId(id), action);
    }

    /// What the file that was asked for is answered next.
    fn answer(&mut self, id: u64, action: FileAction) -> FileEvent<'static> {
        let before = self.file_events.len();
        self.file(id, action);
        self.until("an answer", |b| b.file_events.len() > before);
        let (at, event) = self.file_events[before].clone();
        assert_eq!(at, FileId(id));
        event
    }

    fn facts(&mut self, id: u64, action: FileAction) -> FileFacts {
        match self.answer(id, action) {
            FileEvent::Opened(facts) => facts,
            other => panic!("not opened: {other:?}"),
        }
    }
}

fn open(path: &str) -> FileAction {
    FileAction::Open { path: path.to_owned() }
}

fn create(path: &str, keep: u64) -> FileAction {
    FileAction::Create { path: path.to_owned(), keep }
}

#[test]
fn a_file_is_read_in_the_order_asked_and_short_only_at_its_end() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let bytes: Vec<u8> = (0..READ_BYTES + 100).map(|n| n as u8).collect();
    let path = directory.put("a", &bytes);
    let facts = bench.facts(1, open(&path));
    assert_eq!((facts.bytes, facts.free_bytes), (bytes.len() as u64, 0));
    assert!(facts.modified_ns > 1_600_000_000 * 1_000_000_000);

    bench.file(1, FileAction::Read { at: 0, bytes: READ_BYTES });
    bench.file(1, FileAction::Read { at: READ_BYTES as u64, bytes: READ_BYTES });
    bench.file(1, FileAction::Read { at: 7, bytes: 3 });
    bench.file(1, FileAction::Read { at: 1 << 40, bytes: 3 });
    bench.until("four answers", |b| b.file_reads.len() == 4);
    let read: Vec<&[u8]> = bench.file_reads.iter().map(|(.., bytes)| &bytes[..]).collect();
    assert_eq!(read, [&bytes[..READ_BYTES], &bytes[READ_BYTES..], &bytes[7..10], &[]]);
    bench.settle();
}

#[test]
fn answers_come_in_a_later_wake_and_leave_the_sockets_their_turn() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let path = directory.put("a", &[7; READ_BYTES]);
    bench.file(1, open(&path));
    assert!(bench.reactor.next().is_none(), "told in the wake that asked");
    bench.wake(Duration::from_secs(30));
    assert_eq!(bench.file_events.len(), 1, "slept though an answer was there");

    for _ in 0..12 {
        bench.file(1, FileAction::Read { at: 0, bytes: READ_BYTES });
    }
    bench.until("all of them", |b| b.file_reads.len() == 12);
    let most = TURN_BYTES / READ_BYTES;
    let wakes: Vec<usize> = bench.file_reads.iter().map(|(wake, ..)| *wake).collect();
    assert!(wakes.chunk_by(|a, b| a == b).all(|wake| wake.len() == most), "{wakes:?}");
    bench.settle();
}

#[test]
fn a_made_file_is_its_users_alone_and_keeps_what_it_is_told_to() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let path = directory.at("new");
    let facts = bench.facts(1, create(&path, 0));
    assert_eq!(facts.bytes, 0);
    assert!(facts.free_bytes > 0);
    let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    bench.file(1, FileAction::Write { at: 0, bytes: b"hello world".to_vec() });
    assert_eq!(bench.answer(1, FileAction::Sync), FileEvent::Synced);
    bench.file(1, FileAction::Close);

    assert_eq!(bench.facts(2, create(&path, 5)).bytes, 5);
    bench.file(2, FileAction::Write { at: 5, bytes: b"!".to_vec() });
    bench.file(2, FileAction::Read { at: 0, bytes: 100 });
    bench.until("bytes", |b| !b.file_reads.is_empty());
    assert_eq!(bench.file_reads[0].2, b"hello!");
    assert_eq!(bench.facts(3, create(&path, 100)).bytes, 6);
}

#[test]
fn placing_overwrites_nothing() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let to = directory.put("cat.png", b"theirs");
    directory.put("cat (1).png", b"theirs too");
    let part = directory.at(".cat.part");
    bench.facts(1, create(&part, 0));
    bench.file(1, FileAction::Write { at: 0, bytes: b"ours".to_vec() });
    let placed = bench.answer(1, FileAction::Place { to: to.clone() });
    assert_eq!(placed, FileEvent::Placed(directory.at("cat (2).png")));
    assert_eq!(directory.names(), ["cat (1).png", "cat (2).png", "cat.png"]);
    assert_eq!(std::fs::read(&to).expect("it is there"), b"theirs");
    assert_eq!(std::fs::read(directory.at("cat (2).png")).expect("placed"), b"ours");

    bench.file(1, FileAction::Read { at: 0, bytes: 1 });
    bench.settle();
    assert!(bench.file_reads.is_empty(), "it is closed");
}

#[test]
fn only_regular_files_are_opened() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let fifo = directory.at("fifo");
    let fifo_mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, fifo_mode, 0).expect("a named pipe");
    assert!(std::fs::metadata(&fifo).expect("it is there").file_type().is_fifo());
    let target = directory.put("target", b"");
    let link = directory.at("link");
    symlink(&target, &link).expect("a link");

    let failed = FileEvent::Failed;
    assert_eq!(bench.answer(1, open(&fifo)), failed(ErrorKind::InvalidInput));
    assert_eq!(bench.answer(2, open("/dev/zero")), failed(ErrorKind::InvalidInput));
    assert_eq!(bench.answer(3, open(&directory.at(""))), failed(ErrorKind::IsADirectory));
    assert_eq!(bench.answer(4, open(&directory.at("none"))), failed(ErrorKind::NotFound));
    assert_eq!(bench.answer(5, create(&fifo, 0)), failed(ErrorKind::InvalidInput));
    assert_eq!(bench.answer(6, create(&directory.at(""), 0)), failed(ErrorKind::IsADirectory));
    assert!(matches!(bench.answer(7, create(&link, 0)), FileEvent::Failed(_)), "followed a link");
    assert!(matches!(bench.answer(8, open("/a\0b")), FileEvent::Failed(_)));
    assert!(matches!(bench.answer(9, open(&link)), FileEvent::Opened(_)));
    bench.settle();
}

#[test]
fn what_fails_is_told_once_and_closed() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let path = directory.put("a", b"abc");
    bench.facts(1, open(&path));
    bench.file(1, FileAction::Read { at: 0, bytes: 3 });
    // It was opened for reading only.
    bench.file(1, FileAction::Write { at: 0, bytes: vec![1] });
    bench.file(1, FileAction::Write { at: 1, bytes: vec![1] });
    bench.file(1, FileAction::Sync);
    bench.until("a failure", |b| b.file_events.len() == 2);
    bench.settle();
    assert_eq!(bench.file_events.len(), 2, "{:?}", bench.file_events);
    assert!(matches!(bench.file_events[1].1, FileEvent::Failed(_)));
    assert_eq!(bench.file_reads.len(), 1, "what was asked before is answered");
}

#[test]
fn nothing_is_heard_of_a_file_that_was_closed_or_removed() {
    let (directory, mut bench) = (Directory::new(), Bench::new());
    let path = directory.put("a", b"abc");
    bench.facts(1, create(&path, 3));
    bench.file(1, FileAction::Read { at: 0, bytes: 3 });
    bench.file(1, FileAction::Sync);
    bench.file(1, FileAction::Remove);
    bench.file(2, open(&path));
    bench.file(2, FileAction::Close);
    bench.settle();
    assert_eq!((bench.file_events.len(), bench.file_reads.len()), (1, 0));
    assert!(directory.names().is_empty());
}
