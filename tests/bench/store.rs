//! What the client's store costs: rows a second in batches, bytes a message, the newest page of a
//! large history. Bare commits are in `bare`.

use crate::common::{Scratch, heading};
use hobnob::proto::bytes::Bytes;
use hobnob::proto::id::{GroupId, MsgId};
use hobnob::proto::limits::MEMBERS;
use hobnob::proto::model::entry::HistoryOf;
use hobnob::proto::model::event::Stage;
use hobnob::proto::model::group::{GroupRow, Member, Roster, SignedRoster, Standing};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::notice::Notice;
use hobnob::proto::model::person::{Fingerprint, Person, PublicIdentity};
use hobnob::proto::model::record::Record;
use hobnob::proto::time::{Mono, Now, Wall};
use hobnob::shell::store::client::ClientStore;
use std::path::Path;
use std::time::{Duration, Instant};

type Run = fn(&Path);

const NOW: Now = Now { mono: Mono(0), wall: Wall(1_763_678_000_000) };
const BOB: Fingerprint = Fingerprint(Bytes([7; 20]));
const TEXT: &str = "eight words of usual talk between two people";

/// All of it, or what the environment's `ONLY` names.
pub fn run() {
    let scratch = Scratch::new("store");
    let path = scratch.join("bench.db");
    let only = std::env::var("ONLY").unwrap_or_default();
    let runs: [(&str, Run); 6] = [
        ("incoming", incoming),
        ("outgoing", outgoing),
        ("echo", echo),
        ("burst", burst),
        ("group", group),
        ("million", million),
    ];
    heading("store, rows of 44 bytes of text");
    for (name, run) in runs {
        if only.is_empty() || only == name {
            remove(&path);
            run(&path);
        }
    }
}

fn incoming(path: &Path) {
    for batch in BATCHES {
        remove(path);
        let mut store = open(path);
        let count = count(batch);
        let start = Instant::now();
        let mut n = 0;
        each_batch(count, batch, |size| {
            for _ in 0..size {
                n += 1;
                keep(
                    &mut store,
                    Record::Incoming { id: id(n), from: BOB, text: text(), sent: NOW.wall },
                );
            }
            store.commit().expect("room on the disk");
        });
        report("incoming", batch, count, start.elapsed());
    }
}

/// Each batch is kept, then sent, then known to be delivered: two commits.
fn outgoing(path: &Path) {
    for batch in BATCHES {
        remove(path);
        let mut store = open(path);
        let count = count(batch);
        let start = Instant::now();
        let mut n = 0;
        each_batch(count, batch, |size| {
            let first = id(n + 1);
            for _ in 0..size {
                n += 1;
                keep(
                    &mut store,
                    Record::Outgoing { id: id(n), to: BOB, text: text(), sent: NOW.wall },
                );
            }
            store.commit().expect("room on the disk");
            keep(&mut store, delivered(first, id(n)));
            store.commit().expect("room on the disk");
        });
        report("outgoing and delivered", batch, count, start.elapsed());
    }
}

/// Incoming and outgoing in turn, as in a conversation.
fn echo(path: &Path) {
    let mut store = open(path);
    let count = 20_000;
    let start = Instant::now();
    let mut n = 0;
    each_batch(count, 100, |size| {
        for _ in 0..size {
            n += 1;
            keep(
                &mut store,
                Record::Incoming { id: id(n), from: BOB, text: text(), sent: NOW.wall },
            );
            keep(&mut store, Record::Outgoing { id: id(n), to: BOB, text: text(), sent: NOW.wall });
            keep(&mut store, delivered(id(n), id(n)));
        }
        store.commit().expect("room on the disk");
    });
    report("in, out, delivered", 100, count, start.elapsed());
}

/// A large outbox first, which then is delivered.
fn burst(path: &Path) {
    let mut store = open(path);
    let count = 100_000;
    let start = Instant::now();
    let mut n = 0;
    each_batch(count, 100, |size| {
        for _ in 0..size {
            n += 1;
            keep(&mut store, Record::Outgoing { id: id(n), to: BOB, text: text(), sent: NOW.wall });
        }
        store.commit().expect("room on the disk");
    });
    report("outgoing alone", 100, count, start.elapsed());
    let start = Instant::now();
    for n in (0..count as u64).step_by(100) {
        keep(&mut store, delivered(id(n + 1), id(n + 100)));
        store.commit().expect("room on the disk");
    }
    report("delivered, of 100,000", 100, count, start.elapsed());
}

/// Talk to a group as large as one gets, known to be delivered by each member by themselves; then
/// one more change of its roster.
fn group(path: &Path) {
    let mut store = open(path);
    let who = |n: usize| {
        let mut bytes = [9; 20];
        bytes[0] = n as u8;
        Fingerprint(Bytes(bytes))
    };
    let to: Vec<Fingerprint> = (1..MEMBERS).map(who).collect();
    for key in &to {
        let (identity, name) =
            (identity(key.0.0[0]), Name::parse(&format!("m{}", key.0.0[0])).ok());
        keep(
            &mut store,
            Record::Person(Person { fingerprint: *key, identity, name, address: None }),
        );
    }
    let mut row = roster(MEMBERS);
    let start = Instant::now();
    keep(&mut store, Record::Group(Box::new(row.clone())));
    store.commit().expect("room on the disk");
    println!("a new group of {MEMBERS}           {:8.1} us", micros(start.elapsed()));
    let (count, group) = (200, row.group);
    let mut took = Duration::ZERO;
    let (start, mut n) = (Instant::now(), 0);
    each_batch(count, 1, |_| {
        n += 1;
        let (id, text, to, sent) = (id(n), text(), to.clone(), NOW.wall);
        let start = Instant::now();
        keep(&mut store, Record::Say { id, group, epoch: 1, text, sent, to });
        took += start.elapsed();
        store.commit().expect("room on the disk");
    });
    report("talk", 1, count, start.elapsed());
    println!("  of that, before the commit  {:8.1} us", micros(took) / count as f64);
    let start = Instant::now();
    for to in &to {
        let (first, last) = (id(1), id(n));
        let stage = Stage::Delivered;
        keep(&mut store, Record::Receipts { to: *to, first, last, stage });
        store.commit().expect("room on the disk");
    }
    report("delivered, to each", count, count * to.len(), start.elapsed());
    let signed = row.roster.as_mut().expect("a roster was made");
    signed.roster.members.pop();
    signed.roster.epoch += 1;
    let start = Instant::now();
    keep(&mut store, Record::Group(Box::new(row)));
    store.commit().expect("room on the disk");
    println!("a change of its roster        {:8.1} us", micros(start.elapsed()));
    let mut rows = 0;
    let start = Instant::now();
    store.history(HistoryOf::Group(group), None, 50, &mut |_| rows += 1).expect("a readable file");
    println!("newest page of {rows} rows        {:8.1} us", micros(start.elapsed()));
}

fn roster(members: usize) -> GroupRow {
    let (group, name) = (GroupId(Bytes([7; 16])), Name::parse("everybody").expect("a name"));
    let members = (0..members).map(|n| Member { identity: identity(n as u8), name: None });
    let roster = Roster {
        group,
        nonce: Bytes([1; 16]),
        name: name.clone(),
        is_public: false,
        epoch: 1,
        reach: Bytes([2; 16]),
        before: Vec::new(),
        members: members.collect(),
    };
    let roster = Some(SignedRoster { roster, signature: Bytes([3; 64]), handovers: Vec::new() });
    let (standing, candidates) = (Standing::Member, Vec::new());
    GroupRow { group, name, leader: BOB, standing, roster, candidates }
}

fn million(path: &Path) {
    let mut store = open(path);
    let mut n = 0;
    let mut worst = Duration::ZERO;
    each_batch(1_000_000, 100, |size| {
        for _ in 0..size {
            n += 1;
            keep(
                &mut store,
                Record::Incoming { id: id(n), from: BOB, text: text(), sent: NOW.wall },
            );
        }
        let start = Instant::now();
        store.commit().expect("room on the disk");
        worst = worst.max(start.elapsed());
    });
    println!("longest commit of 10,000      {:8.1} us", micros(worst));
    drop(store);
    let bytes = std::fs::metadata(path).expect("the database is there").len();
    println!("bytes a message of {} text     {:8.1}", TEXT.len(), bytes as f64 / n as f64);
    let start = Instant::now();
    let mut store = ClientStore::open(path).expect("a database");
    let past = store.restore().expect("a readable database");
    println!("open and restore              {:8.1} us", micros(start.elapsed()));
    assert_eq!(past.people.len(), 1);
    for of in [HistoryOf::All, HistoryOf::With(BOB)] {
        for _ in 0..2 {
            let mut rows = 0;
            let start = Instant::now();
            store.history(of, None, 50, &mut |_| rows += 1).expect("a readable database");
            println!("newest page of {rows} rows        {:8.1} us", micros(start.elapsed()));
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    for line in status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
    {
        println!("{line}");
    }
}

const BATCHES: [usize; 4] = [1, 10, 100, 500];

fn count(batch: usize) -> usize {
    (batch * 1000).clamp(2000, 200_000)
}

fn each_batch(count: usize, batch: usize, mut each: impl FnMut(usize)) {
    for _ in 0..count / batch {
        each(batch);
    }
}

fn open(path: &Path) -> ClientStore {
    let mut store = ClientStore::open(path).expect("a database");
    let bob = Person { fingerprint: BOB, identity: identity(1), name: None, address: None };
    keep(&mut store, Record::Person(bob));
    store.commit().expect("room on the disk");
    store
}

fn identity(n: u8) -> PublicIdentity {
    PublicIdentity { sign: Bytes([n; 32]), dh: Bytes([2; 32]), binding: Bytes([3; 64]) }
}

fn keep(store: &mut ClientStore, record: Record) {
    let mut shown: Vec<Notice> = Vec::new();
    store.keep(NOW, record, &mut shown).expect("room on the disk");
}

fn delivered(first: MsgId, last: MsgId) -> Record {
    Record::Receipts { to: BOB, first, last, stage: Stage::Delivered }
}

fn id(n: u64) -> MsgId {
    // The random half as it would be: spread over all values.
    let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let wall = 1_763_678_000_000u64 << 16;
    MsgId(Bytes((u128::from(wall + n) << 64 | u128::from(random)).to_be_bytes()))
}

fn text() -> String {
    TEXT.to_owned()
}

fn report(what: &str, batch: usize, count: usize, took: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    let commit = micros(took) * batch as f64 / count as f64;
    println!("{what:24} batch {batch:4}  {rate:9.0}/s  {commit:8.1} us a batch");
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        let _ = std::fs::remove_file(file);
    }
}
