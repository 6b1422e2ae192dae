//! Friends, notes, held mail and prekeys, and the upgrade of a profile that knew none of them.

use super::*;
use crate::proto::model::prekey::{PrekeyKind, PrekeySecret};
use crate::proto::model::record::Restored;
use crate::shell::store::letters::OUTBOX_PAGE;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_profile_of_the_first_version_keeps_all_it_has_and_learns_the_rest() {
    let file = Scratch::new("upgrade");
    let first = Schema { migrations: &schema::CLIENT.migrations[..1], ..schema::CLIENT };
    let db = Db::open(&file.path, &first).unwrap();
    let identity = [[1u8; 32], [2; 32], [3; 32], [3; 32]].concat();
    let person = "INSERT INTO people (id, fingerprint, name, identity) VALUES (1, ?1, 'bob', ?2)";
    db.connection.execute(person, rusqlite::params![&key(1).0.0[..], identity]).unwrap();
    for (seq, stage) in [(1, Some(2)), (2, Some(4)), (3, None)] {
        let message = "INSERT INTO messages (seq, person, out, id, stage, sent, at, text)
            VALUES (?1, 1, ?2, ?3, ?4, 1000, 5, ?5)";
        let text = format!("text {seq}");
        let values = rusqlite::params![seq, stage.is_some(), &id(seq as u64).0.0[..], stage, text];
        db.connection.execute(message, values).unwrap();
    }
    drop(db);
    std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o644)).unwrap();

    let mut store = ClientStore::open(&file.path).unwrap();
    let texts: Vec<String> =
        history(&mut store, HistoryOf::All, None, 9).into_iter().map(|entry| entry.text).collect();
    assert_eq!(texts, ["text 1", "text 2", "text 3"]);
    assert_eq!(page(&mut store, 0, 9), (vec![1], false));
    assert_eq!(store.last_seq(), Seq(3));
    keep(&mut store, 0, note(1, 4));
    let held = keep(&mut store, 0, receipts(1, 1, 4, Stage::Held));
    assert_eq!(states(&held), [(1, Stage::Held)]);
    assert_eq!(numbers(&held), [4]);
    store.commit().unwrap();
    for end in ["", "-wal"] {
        let of = format!("{}{end}", file.path.display());
        let mode = std::fs::metadata(of).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{end}");
    }
}

#[test]
fn a_new_profile_is_closed_to_others_from_its_first_byte() {
    let file = Scratch::new("mode");
    let mut store = ClientStore::open(&file.path).unwrap();
    keep(&mut store, 0, Record::Prekeys(vec![prekey(1, PrekeyKind::Once)]));
    store.commit().unwrap();
    let mut files = 0;
    for found in std::fs::read_dir(&file.folder).unwrap() {
        let found = found.unwrap();
        assert_eq!(found.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{found:?}");
        files += 1;
    }
    assert_eq!(files, 2, "the database and its log");
}

#[test]
fn texts_and_notes_wait_in_one_line() {
    let mut store = with_people();
    for n in [1, 4, 6] {
        keep(&mut store, 0, outgoing(1, n));
    }
    for n in [2, 3, 5] {
        assert_eq!(keep(&mut store, 0, note(1, n)), [], "a note makes no event");
    }
    assert_eq!(page(&mut store, 0, 4), (vec![1, 2, 3, 4], true));
    assert_eq!(page(&mut store, 4, 4), (vec![5, 6], false));
    let held = keep(&mut store, 0, receipts(1, 2, 4, Stage::Held));
    assert_eq!(states(&held), [(4, Stage::Held)]);
    assert_eq!(page(&mut store, 0, 9).0, [1, 2, 3, 4, 5, 6]);
    let (queued, more) = letters(&mut store, 1, 0, 2, true);
    assert_eq!((queued.iter().map(nth).collect::<Vec<_>>(), more), (vec![1, 5], true));
    let delivered = keep(&mut store, 0, receipts(1, 1, 6, Stage::Delivered));
    assert_eq!(states(&delivered).len(), 3);
    assert_eq!(page(&mut store, 0, 9), (vec![], false));
    // A note kept again is the one that was delivered.
    keep(&mut store, 0, note(1, 5));
    assert_eq!(page(&mut store, 0, 9), (vec![], false));
}

#[test]
fn the_line_is_read_in_order_without_being_sorted() {
    let store = with_people();
    let plan = format!("EXPLAIN QUERY PLAN {OUTBOX_PAGE}");
    let mut statement = store.db.connection.prepare(&plan).unwrap();
    let steps: Vec<String> = statement
        .query_map(rusqlite::params![1, &id(0).0.0[..], 4], |row| row.get(3))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{steps:?}");
}

#[test]
fn a_server_that_lost_its_disk_has_everything_deposited_again() {
    let mut store = with_people();
    for n in 1..=4 {
        keep(&mut store, 0, outgoing(1, n));
    }
    keep(&mut store, 0, note(2, 5));
    let epoch = |n: u8| Record::Epoch(Bytes([n; 16]));
    keep(&mut store, 0, epoch(1));
    keep(&mut store, 0, receipts(1, 1, 3, Stage::Held));
    keep(&mut store, 0, receipts(2, 5, 5, Stage::Held));
    keep(&mut store, 0, receipts(1, 1, 1, Stage::Delivered));
    let last = store.last_seq();
    assert_eq!(keep(&mut store, 0, epoch(1)), [], "the same epoch");
    assert_eq!(letters(&mut store, 1, 0, 9, true).0.len(), 1);
    assert_eq!(store.restore().unwrap().oldest_held, Some(Wall(1000)));

    assert_eq!(keep(&mut store, 0, epoch(2)), []);
    let queued = |store: &mut ClientStore, who| -> Vec<u64> {
        letters(store, who, 0, 9, true).0.iter().map(nth).collect()
    };
    assert_eq!((queued(&mut store, 1), queued(&mut store, 2)), (vec![2, 3, 4], vec![5]));
    assert!(outbox(&mut store).iter().all(|row| row.stage == Stage::Queued));
    let restored = store.restore().unwrap();
    assert_eq!((restored.epoch, restored.oldest_held), (Some(Bytes([2; 16])), None));
    assert_eq!(restored.waiting, [key(1), key(2)]);

    // That they are held again is no news; that the fourth is, is.
    let held = keep(&mut store, 0, receipts(1, 1, 4, Stage::Held));
    assert_eq!(states(&held), [(4, Stage::Held)]);
    assert!(queued(&mut store, 1).is_empty());
    let delivered = keep(&mut store, 0, receipts(1, 2, 2, Stage::Delivered));
    assert_eq!(states(&delivered), [(2, Stage::Delivered)]);
    assert_eq!(store.last_seq(), Seq(last.0 + 2));
}

#[test]
fn a_message_that_comes_live_and_as_mail_is_shown_once_and_owed_a_word() {
    let mut store = with_people();
    assert_eq!(keep(&mut store, 0, incoming(1, 1, "hi")).len(), 1);
    assert_eq!(keep(&mut store, 0, incoming(1, 1, "hi")), []);
    let owe = || Record::Owe(key(1), vec![id(1), id(2)]);
    keep(&mut store, 0, owe());
    keep(&mut store, 0, owe());
    keep(&mut store, 0, Record::Owe(key(9), vec![id(1)]));
    let owed = store.restore().unwrap().owed;
    assert_eq!(owed, [(key(1), id(1)), (key(1), id(2)), (key(9), id(1))]);
    keep(&mut store, 0, Record::Paid(key(1), vec![id(1), id(7)]));
    keep(&mut store, 0, Record::Paid(key(1), vec![id(1)]));
    let owed = store.restore().unwrap().owed;
    assert_eq!(owed, [(key(1), id(2)), (key(9), id(1))]);
}

#[test]
fn a_note_is_new_until_it_was_acted_on_and_by_sender() {
    let mut store = with_people();
    let is_new = |store: &mut ClientStore, who| {
        let rows = store.query(Query::Note(key(who), note_letter(1))).unwrap();
        let Rows::Note { from, letter, is_new } = rows else { panic!("a note was asked for") };
        assert_eq!((from, letter), (key(who), note_letter(1)));
        is_new
    };
    assert!(is_new(&mut store, 1));
    keep(&mut store, 0, Record::NoteSeen(key(1), id(1)));
    assert!(!is_new(&mut store, 1));
    store.rollback();
    assert!(is_new(&mut store, 1), "the act was not committed");
    keep(&mut store, 0, Record::NoteSeen(key(1), id(1)));
    keep(&mut store, 0, Record::NoteSeen(key(1), id(1)));
    store.commit().unwrap();
    assert!(!is_new(&mut store, 1));
    assert!(is_new(&mut store, 2));
}

#[test]
fn bonds_and_prekeys_come_back_as_they_were_kept() {
    let file = Scratch::new("bonds");
    let mut store = ClientStore::open(&file.path).unwrap();
    let token = |n| Some(Token(Bytes([n; 16])));
    let asking = Friendship::Asking("it's me \u{0}".to_owned(), Wall(-7));
    let bonds = [
        (1, Bond { friendship: Friendship::Friends, given: token(1), theirs: token(2), ..none() }),
        (2, Bond { friendship: asking, is_blocked: true, theirs: token(3), ..none() }),
        (3, Bond { friendship: Friendship::Asked, given: token(4), ..none() }),
        (4, Bond { is_blocked: true, ..none() }),
    ];
    for (n, bond) in &bonds {
        keep(&mut store, 0, Record::Person(person(*n, None)));
        keep(&mut store, 0, Record::Bond(key(*n), none()));
        keep(&mut store, 0, Record::Bond(key(*n), bond.clone()));
    }
    let keys = [prekey(3, PrekeyKind::Once), prekey(5, PrekeyKind::Weekly)];
    keep(&mut store, 0, Record::Prekeys(vec![keys[1].clone(), keys[0].clone()]));
    // The same number again never takes the place of a secret that mail may be sealed to.
    keep(&mut store, 0, Record::Prekeys(vec![PrekeySecret { id: 3, ..keys[1].clone() }]));
    store.commit().unwrap();
    keep(&mut store, 0, Record::Bond(key(1), none()));
    keep(&mut store, 0, Record::PrekeyGone(3));
    drop(store);

    let mut store = ClientStore::open(&file.path).unwrap();
    let restored = store.restore().unwrap();
    assert_eq!(restored.bonds, bonds.map(|(n, bond)| (key(n), bond)));
    assert_eq!(restored.prekeys, keys);
    keep(&mut store, 70, Record::PrekeyUsed(3));
    keep(&mut store, 90, Record::PrekeyUsed(3));
    keep(&mut store, 90, Record::PrekeyGone(5));
    keep(&mut store, 90, Record::Bond(key(1), none()));
    let Restored { prekeys, bonds, .. } = store.restore().unwrap();
    assert_eq!(prekeys, [PrekeySecret { used: Some(Wall(70)), ..keys[0].clone() }]);
    assert_eq!(bonds.len(), 3);
}

#[test]
fn a_prekey_past_its_time_is_not_left_in_the_file() {
    let file = Scratch::new("wiped");
    let mut store = ClientStore::open(&file.path).unwrap();
    let (gone, kept) = (prekey(0x5e, PrekeyKind::Once), prekey(0xe5, PrekeyKind::Once));
    keep(&mut store, 0, Record::Prekeys(vec![gone.clone(), kept.clone()]));
    store.commit().unwrap();
    drop(store);
    let holds = |secret: &PrekeySecret| {
        let bytes = std::fs::read(&file.path).unwrap();
        bytes.windows(32).any(|window| *window == secret.secret.0)
    };
    assert!(holds(&gone) && holds(&kept));
    let mut store = ClientStore::open(&file.path).unwrap();
    keep(&mut store, 0, Record::PrekeyGone(gone.id));
    store.commit().unwrap();
    drop(store);
    assert!(!holds(&gone) && holds(&kept));
}

#[test]
fn what_was_not_committed_of_friends_and_mail_is_gone_after_a_crash() {
    let mut store = with_people();
    keep(&mut store, 0, outgoing(1, 1));
    keep(&mut store, 0, Record::Epoch(Bytes([1; 16])));
    keep(&mut store, 0, receipts(1, 1, 1, Stage::Held));
    keep(&mut store, 0, Record::Prekeys(vec![prekey(1, PrekeyKind::Once)]));
    keep(&mut store, 0, Record::Owe(key(1), vec![id(1)]));
    store.commit().unwrap();
    let before = store.restore().unwrap();

    let friend = Bond { friendship: Friendship::Friends, ..none() };
    keep(&mut store, 1, Record::Bond(key(1), friend));
    keep(&mut store, 1, note(2, 2));
    keep(&mut store, 1, Record::Prekeys(vec![prekey(2, PrekeyKind::Once)]));
    keep(&mut store, 1, Record::PrekeyUsed(1));
    keep(&mut store, 1, Record::Owe(key(2), vec![id(1)]));
    keep(&mut store, 1, Record::Paid(key(1), vec![id(1)]));
    keep(&mut store, 1, Record::Epoch(Bytes([2; 16])));
    assert_ne!(store.restore().unwrap(), before);
    store.rollback();
    assert_eq!(store.restore().unwrap(), before);
    assert_eq!(letters(&mut store, 1, 0, 9, true).0, []);
}

fn none() -> Bond {
    Bond::default()
}

fn prekey(n: u8, kind: PrekeyKind) -> PrekeySecret {
    PrekeySecret { kind, id: n.into(), secret: Bytes([n; 32]), made: Wall(77), used: None }
}
