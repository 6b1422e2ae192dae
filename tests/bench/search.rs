//! What reading a large history costs: its newest page, searches, and making the index, with the
//! memory that it takes; and sealing mail. `cargo bench --bench search`.

use super::common::{Scratch, heading};
use hobnob::proto::bytes::Bytes;
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::mail::{self, Sealing};
use hobnob::proto::crypto::prekey;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::MsgId;
use hobnob::proto::model::entry::HistoryOf;
use hobnob::proto::model::person::{Fingerprint, Person, PublicIdentity};
use hobnob::proto::model::prekey::PrekeyKind;
use hobnob::proto::model::record::Record;
use hobnob::proto::time::{Mono, Now, Wall};
use hobnob::shell::store::client::ClientStore;
use std::path::Path;
use std::time::{Duration, Instant};

const NOW: Now = Now { mono: Mono(0), wall: Wall(1_763_678_000_000) };
const MESSAGES: u64 = 1_000_000;
const PEOPLE: u8 = 20;
/// Words of the vocabulary; the `n`th is as frequent as 1/n, as in human languages (Zipf's law).
const VOCABULARY: u64 = 30_000;

/// The part.
pub fn run() {
    heading("sealing, and searching a history of a million messages");
    let folder = Scratch::new("search");
    sealing();
    let path = folder.join("bench-search.db");
    remove(&path);
    let before = fill(&path);
    let mut store = ClientStore::open(&path).expect("a database");
    index(&mut store);
    drop(store);
    println!("the index                     {:8.1} bytes a message", a_message(&path) - before);
    // Twice: as the first question of a process, and with the pages in memory.
    let mut store = ClientStore::open(&path).expect("a database");
    for _ in 0..2 {
        read(&mut store);
    }
    memory();
    remove(&path);
}

/// Gives the bytes a message.
fn fill(path: &Path) -> f64 {
    let mut store = ClientStore::open(path).expect("a database");
    for n in 0..PEOPLE {
        let (sign, dh, binding) = (Bytes([n; 32]), Bytes([2; 32]), Bytes([3; 64]));
        let identity = PublicIdentity { sign, dh, binding };
        let person = Person { fingerprint: who(n), identity, name: None, address: None };
        keep(&mut store, Record::Person(person));
    }
    let start = Instant::now();
    let mut dice = Dice(1);
    for n in 1..=MESSAGES {
        let mut text = String::from("the");
        for _ in 0..8 {
            text.push_str(&format!(" {}", word(dice.word())));
        }
        if n % (MESSAGES / 3) == 0 {
            text.push_str(" zanzibar");
        }
        // Most of all is said by one.
        let from = who(if dice.next().is_multiple_of(2) { 0 } else { (dice.next() % 20) as u8 });
        keep(&mut store, Record::Incoming { id: id(n), from, text, sent: NOW.wall });
        if n % 500 == 0 {
            store.commit().expect("room on the disk");
        }
    }
    println!("kept                          {:8.0} a second", rate(MESSAGES, start.elapsed()));
    drop(store);
    println!("without the index             {:8.1} bytes a message", a_message(path));
    a_message(path)
}

fn a_message(path: &Path) -> f64 {
    std::fs::metadata(path).expect("the database is there").len() as f64 / MESSAGES as f64
}

fn index(store: &mut ClientStore) {
    let (mut worst, mut steps) = (Duration::ZERO, 0);
    let start = Instant::now();
    loop {
        let step = Instant::now();
        let behind = store.index().expect("room on the disk");
        worst = worst.max(step.elapsed());
        steps += 1;
        if behind == 0 {
            break;
        }
    }
    println!("indexed                       {:8.0} a second", rate(MESSAGES, start.elapsed()));
    println!("longest of {steps:3} steps           {:8.1} ms", millis(worst));
    memory();
}

fn read(store: &mut ClientStore) {
    let start = Instant::now();
    let mut rows = 0;
    store.history(HistoryOf::With(who(0)), None, 50, &mut |_| rows += 1).expect("a readable file");
    println!("newest page of {rows} rows        {:8.2} ms", millis(start.elapsed()));
    let questions: [(&str, Option<Fingerprint>); 8] = [
        ("zanzibar", None),
        ("the", None),
        ("the", Some(who(0))),
        ("the", Some(who(7))),
        ("the zanzibar", Some(who(7))),
        ("w1 w2", None),
        ("w1 w29999", None),
        ("w2*", None),
    ];
    for (words, with) in questions {
        let start = Instant::now();
        let mut rows = 0;
        let of = with.map_or(HistoryOf::All, HistoryOf::With);
        store.search(words, of, 20, &mut |_| rows += 1).expect("a readable file");
        let whose = if with.is_some() { "with one" } else { "" };
        println!("{words:12} {whose:8} {rows:2} found {:8.2} ms", millis(start.elapsed()));
    }
}

fn sealing() {
    let mut rng = Rng::new([1; 32]);
    let (alice, bob) = (Identity::generate(&mut rng), Identity::generate(&mut rng));
    let (secret, prekey) = prekey::make(&bob, PrekeyKind::Once, 1, NOW.wall, &mut rng);
    for length in [100, 24 * 1024] {
        let (count, plaintext) = (2_000, vec![b'x'; length]);
        let start = Instant::now();
        let mut envelope = None;
        for _ in 0..count {
            let sealing = Sealing::to_prekey(&prekey);
            envelope = mail::seal(&alice, bob.fingerprint(), sealing, &plaintext, &mut rng);
        }
        println!(
            "sealed, {length:5} bytes           {:8.0} a second",
            rate(count, start.elapsed())
        );
        let envelope = envelope.expect("a good key");
        let start = Instant::now();
        for _ in 0..count {
            let opened = mail::open(&bob, Some(&secret.secret.0), &envelope, &|_, _| false);
            assert!(opened.is_some_and(|opened| opened.plaintext.len() == length));
        }
        println!(
            "opened, {length:5} bytes           {:8.0} a second",
            rate(count, start.elapsed())
        );
    }
}

/// Xorshift; the same history each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn word(&mut self) -> u64 {
        let even = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (VOCABULARY as f64).powf(even) as u64
    }
}

fn word(n: u64) -> String {
    format!("w{n}")
}

fn who(n: u8) -> Fingerprint {
    Fingerprint(Bytes([n; 20]))
}

fn keep(store: &mut ClientStore, record: Record) {
    store.keep(NOW, record, &mut Vec::new()).expect("room on the disk");
}

fn id(n: u64) -> MsgId {
    let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let wall = 1_763_678_000_000u64 << 16;
    MsgId(Bytes((u128::from(wall + n) << 64 | u128::from(random)).to_be_bytes()))
}

fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn memory() {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
        .for_each(|line| println!("{line}"));
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        let _ = std::fs::remove_file(file);
    }
}
