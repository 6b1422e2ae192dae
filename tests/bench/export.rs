//! What an export of a million messages costs, as it is and with nobody in it, where ten thousand
//! people are known.

use super::common::{Scratch, heading, mib, peak_bytes, row, short};
use hobnob::proto::bytes::Bytes;
use hobnob::proto::id::MsgId;
use hobnob::proto::model::name::Name;
use hobnob::proto::model::person::{Fingerprint, Person, PublicIdentity};
use hobnob::proto::model::record::Record;
use hobnob::proto::time::{Mono, Now, Wall};
use hobnob::shell::store::client::ClientStore;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const NOW: Now = Now { mono: Mono(0), wall: Wall(1_763_678_000_000) };
const MESSAGES: u64 = 1_000_000;
const PEOPLE: u32 = 10_000;
/// How often a running export is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The part.
pub fn run() {
    heading("an export of a million messages; ten thousand people are known");
    let folder = Scratch::new("export");
    let home = folder.join("home");
    fs::create_dir_all(&home).expect("ours");
    fs::set_permissions(&home, Permissions::from_mode(0o700)).expect("ours");
    fill(&home.join("hobnob.db"));
    for (what, words) in [("as it is", &[][..]), ("anonymised", &["--anonymise"][..])] {
        export(&home, &folder.join(what), what, words);
    }
}

fn fill(path: &Path) {
    let mut store = ClientStore::open(path).expect("a database");
    for n in 0..PEOPLE {
        let (sign, dh, binding) = (Bytes([1; 32]), Bytes([2; 32]), Bytes([3; 64]));
        let identity = PublicIdentity { sign, dh, binding };
        let name = Name::parse(&name(n)).ok();
        keep(
            &mut store,
            Record::Person(Person { fingerprint: who(n), identity, name, address: None }),
        );
    }
    for n in 1..=MESSAGES {
        let other = name((n * 7 % u64::from(PEOPLE)) as u32);
        let text = match n % 10 {
            0 => format!("ask {other} whether they are in, at 12:30 or so"),
            1 => "see https://example.org/a or call +41 79 123 45 67".to_owned(),
            _ => "eight words of usual talk between two people".to_owned(),
        };
        let from = who((n % 20) as u32);
        keep(&mut store, Record::Incoming { id: id(n), from, text, sent: NOW.wall });
        if n % 500 == 0 {
            store.commit().expect("room on the disk");
        }
    }
}

fn export(home: &Path, to: &Path, what: &str, words: &[&str]) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hobnob"))
        .arg("--home")
        .arg(home)
        .args(["export", "--out"])
        .arg(to)
        .args(words)
        .stdin(Stdio::null())
        .spawn()
        .expect("hobnob is built");
    let mut peak = 0;
    let ended = loop {
        // Of a process that has ended, and not been waited for, nothing is said any more.
        let is_alive = fs::read_to_string(format!("/proc/{}/statm", child.id()))
            .is_ok_and(|pages| !pages.starts_with("0 "));
        if is_alive {
            peak = peak.max(peak_bytes(child.id()));
        }
        match child.try_wait().expect("a child") {
            Some(ended) => break ended,
            None => std::thread::sleep(LOOK),
        }
    };
    assert!(ended.success(), "{what}: {ended}");
    row(&format!("{what}: time"), short(start.elapsed()), "");
    row(&format!("{what}: most resident memory"), mib(peak), "32 MiB");
    let bytes = fs::metadata(to).expect("it is there").len();
    row(&format!("{what}: bytes a message"), bytes / MESSAGES, "");
}

fn name(n: u32) -> String {
    format!("person{n}")
}

fn who(n: u32) -> Fingerprint {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Fingerprint(Bytes(bytes))
}

fn id(n: u64) -> MsgId {
    let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let wall = 1_763_678_000_000u64 << 16;
    MsgId(Bytes((u128::from(wall + n) << 64 | u128::from(random)).to_be_bytes()))
}

fn keep(store: &mut ClientStore, record: Record) {
    store.keep(NOW, record, &mut Vec::new()).expect("room on the disk");
}
