mod attention;
mod export;
mod files;
mod groups;
mod letters;
mod search;
mod server;
mod talk;

use super::client::ClientStore;
use super::schema::{self, CLIENT, Schema};
use super::server::ServerStore;
use super::{Db, StoreError};
use crate::proto::bytes::Bytes;
use crate::proto::id::{GroupId, MsgId, Seq};
use crate::proto::model::account::{Account, Pool, Visibility};
use crate::proto::model::bond::{Bond, Friendship, Token};
use crate::proto::model::entry::{Direction, Entry, HistoryOf, OutboxRow};
use crate::proto::model::event::{Event, SessionState, Stage};
use crate::proto::model::group::{GroupRow, Standing, Talk};
use crate::proto::model::letter::{Agree, Befriend, Body, Letter};
use crate::proto::model::name::Name;
use crate::proto::model::notice::Notice;
use crate::proto::model::person::{Fingerprint, Person, PublicIdentity, Target};
use crate::proto::model::record::{AccountKey, Query, Record, Rows, ServerRecord};
use crate::proto::time::{Mono, Now, Wall};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

#[test]
fn a_repeated_message_is_shown_once_and_takes_no_number() {
    let mut store = with_people();
    let first = keep(&mut store, 10, incoming(1, 1, "hi"));
    assert_eq!(numbers(&first), [1]);
    assert_eq!(keep(&mut store, 20, incoming(1, 1, "hi")), []);
    store.commit().unwrap();
    assert_eq!(keep(&mut store, 30, incoming(1, 1, "hi again")), []);
    // The same id from somebody else is another message.
    assert_eq!(numbers(&keep(&mut store, 40, incoming(2, 1, "hi"))), [2]);
    assert_eq!(store.last_seq(), Seq(2));
}

#[test]
fn receipts_name_exactly_what_changed_and_never_go_back() {
    let mut store = with_people();
    for n in 1..=4 {
        keep(&mut store, 0, outgoing(1, n));
    }
    keep(&mut store, 0, outgoing(2, 5));
    let held = keep(&mut store, 1, receipts(1, 2, 3, Stage::Held));
    assert_eq!(states(&held), [(2, Stage::Held), (3, Stage::Held)]);
    let delivered = keep(&mut store, 2, receipts(1, 1, 2, Stage::Delivered));
    assert_eq!(states(&delivered), [(1, Stage::Delivered), (2, Stage::Delivered)]);
    assert_eq!(numbers(&delivered), [8, 9]);
    assert_eq!(states(&keep(&mut store, 3, receipts(1, 1, 9, Stage::Held))), [(4, Stage::Held)]);
    let refused = keep(&mut store, 4, receipts(1, 0, 99, Stage::Refused));
    assert_eq!(states(&refused), [(3, Stage::Refused), (4, Stage::Refused)]);
    assert_eq!(keep(&mut store, 5, receipts(1, 0, 99, Stage::Delivered)), []);
    assert_eq!(outbox(&mut store).len(), 1);
}

#[test]
fn what_was_not_committed_is_gone_after_a_crash() {
    let mut store = with_people();
    keep(&mut store, 0, outgoing(1, 1));
    store.commit().unwrap();
    keep(&mut store, 0, outgoing(1, 2));
    keep(&mut store, 0, incoming(1, 1, "lost"));
    keep(&mut store, 0, receipts(1, 1, 1, Stage::Delivered));
    keep(&mut store, 0, Record::Person(person(9, Some("zoe"))));
    store.rollback();
    assert_eq!(store.last_seq(), Seq(1));
    assert_eq!(log(&mut store, 0, 100).len(), 1);
    assert_eq!(store.restore().unwrap().people.len(), 3);
    // The lost ones may come again, and take the same numbers.
    assert_eq!(numbers(&keep(&mut store, 9, incoming(1, 1, "kept"))), [2]);
}

#[test]
fn a_store_goes_on_where_the_last_process_ended() {
    let file = Scratch::new("reopen");
    let mut store = ClientStore::open(&file.path).unwrap();
    assert_eq!(store.restore().unwrap(), Default::default());
    let me = Name::parse("alice").unwrap();
    keep(&mut store, 0, Record::Me(me.clone(), Ipv4Addr::new(100, 64, 0, 1)));
    keep(&mut store, 0, Record::Visibility(Visibility::Private));
    keep(&mut store, 0, Record::ServerKey(key(42)));
    for (n, name) in [(1, Some("bob")), (2, None), (3, Some("carol"))] {
        keep(&mut store, 0, Record::Person(person(n, name)));
    }
    keep(&mut store, 0, outgoing(1, 1));
    keep(&mut store, 0, outgoing(3, 2));
    keep(&mut store, 0, outgoing(2, 3));
    keep(&mut store, 0, receipts(2, 3, 3, Stage::Delivered));
    store.commit().unwrap();
    keep(&mut store, 0, outgoing(1, 4));
    drop(store);

    let mut store = ClientStore::open(&file.path).unwrap();
    let past = store.restore().unwrap();
    assert_eq!(past.me, Some((me, Ipv4Addr::new(100, 64, 0, 1))));
    assert_eq!(past.visibility, Some(Visibility::Private));
    assert_eq!(past.server_key, Some(key(42)));
    assert_eq!(past.people, [person(1, Some("bob")), person(2, None), person(3, Some("carol"))]);
    assert_eq!(past.waiting, [key(1), key(3)]);
    assert_eq!(past.last_id, Some(id(3)));
    assert_eq!(store.last_seq(), Seq(4));
}

#[test]
fn a_killed_process_leaves_all_that_it_committed() {
    let (alive, killed) = (Scratch::new("alive"), Scratch::new("killed"));
    let mut store = ClientStore::open(&alive.path).unwrap();
    keep(&mut store, 0, Record::Person(person(1, Some("bob"))));
    keep(&mut store, 0, outgoing(1, 1));
    store.commit().unwrap();
    keep(&mut store, 0, outgoing(1, 2));
    // What the disk holds at this moment, the log not yet copied into the file.
    for end in ["", "-wal"] {
        let of = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
        std::fs::copy(of(&alive.path), of(&killed.path)).unwrap();
    }
    let mut store = ClientStore::open(&killed.path).unwrap();
    assert_eq!(store.restore().unwrap().last_id, Some(id(1)));
    assert_eq!(store.last_seq(), Seq(1));
}

#[test]
fn the_outbox_is_read_in_pages_that_say_whether_there_are_more() {
    let mut store = with_people();
    for n in 1..=5 {
        keep(&mut store, 0, outgoing(1, n));
    }
    keep(&mut store, 0, receipts(1, 2, 2, Stage::Delivered));
    assert_eq!(page(&mut store, 0, 2), (vec![1, 3], true));
    assert_eq!(page(&mut store, 3, 2), (vec![4, 5], false));
    assert_eq!(page(&mut store, 5, 2), (vec![], false));
    // Each text is 6 bytes.
    assert_eq!(page_of(&mut store, 0, 9, 7), (vec![1, 3], true));
    assert_eq!(page_of(&mut store, 0, 9, 1), (vec![1], true));
    let addressees = |store: &mut ClientStore, n| store.query(Query::Addressees(id(n))).unwrap();
    assert_eq!(addressees(&mut store, 4), Rows::Addressees(id(4), vec![key(1)]));
    assert_eq!(addressees(&mut store, 2), Rows::Addressees(id(2), vec![]));
}

#[test]
fn history_gives_the_newest_page_oldest_first() {
    let mut store = with_people();
    keep(&mut store, 10, incoming(1, 1, "one"));
    keep(&mut store, 20, outgoing(1, 1));
    keep(&mut store, 30, incoming(2, 1, "elsewhere"));
    keep(&mut store, 40, incoming(1, 2, "three"));
    keep(&mut store, 50, receipts(1, 1, 1, Stage::Held));
    let texts = |entries: Vec<Entry>| entries.into_iter().map(|e| e.text).collect::<Vec<_>>();
    let bob = HistoryOf::With(key(1));
    assert_eq!(texts(history(&mut store, bob, None, 9)), ["one", "text 1", "three"]);
    assert_eq!(texts(history(&mut store, bob, None, 2)), ["text 1", "three"]);
    assert_eq!(texts(history(&mut store, bob, Some(20), 9)), ["text 1", "three"]);
    assert_eq!(texts(history(&mut store, HistoryOf::All, None, 2)), ["elsewhere", "three"]);
    assert_eq!(texts(history(&mut store, HistoryOf::With(key(77)), None, 2)), [""; 0]);
    let ours = history(&mut store, bob, None, 2).remove(0);
    assert_eq!((ours.direction, ours.state), (Direction::Out, Some(Stage::Held)));
    assert_eq!((ours.seq, ours.at, ours.with), (Seq(2), Wall(20), "bob".to_owned()));
}

#[test]
fn each_direction_of_a_conversation_keeps_its_senders_order() {
    let mut store = with_people();
    keep(&mut store, 0, incoming(1, 2, "second, by the quick way"));
    keep(&mut store, 0, incoming(1, 1, "first, by the slow way"));
    let entries = history(&mut store, HistoryOf::With(key(1)), None, 9);
    assert_eq!(entries.iter().map(|e| e.id).collect::<Vec<_>>(), [id(1), id(2)]);
}

#[test]
fn people_are_found_by_name_address_and_key() {
    let mut store = with_people();
    let bob = person(1, Some("bob"));
    for target in ["BOB".to_owned(), "100.64.0.1".to_owned(), key(1).to_string()] {
        let found = store.person(&Target::parse(&target).unwrap()).unwrap();
        assert_eq!(found, Some(bob.clone()), "{target}");
    }
    assert_eq!(store.person(&Target::parse("nobody").unwrap()).unwrap(), None);
    assert_eq!(store.person(&Target::parse("127.0.0.1:9").unwrap()).unwrap(), None);
}

#[test]
fn a_name_that_moves_to_another_key_leaves_the_first_nameless() {
    let mut store = with_people();
    keep(&mut store, 0, outgoing(1, 1));
    keep(&mut store, 0, Record::Person(person(9, Some("bob"))));
    let found = store.person(&Target::parse("bob").unwrap()).unwrap().unwrap();
    assert_eq!(found.fingerprint, key(9));
    // What was written to the first key is still to that key, and says so.
    assert_eq!(outbox(&mut store)[0].label, key(1).to_string());
    let held = keep(&mut store, 0, receipts(1, 1, 1, Stage::Held));
    let Notice::Event { event: Event::Receipt { to, .. }, .. } = &held[0] else {
        panic!("{held:?}")
    };
    assert_eq!(*to, key(1).to_string());
}

#[test]
fn a_message_is_named_by_the_beginning_of_its_id() {
    let mut store = with_people();
    keep(&mut store, 0, outgoing(1, 1));
    keep(&mut store, 0, outgoing(2, 2));
    let short = id(2).short().to_lowercase();
    assert_eq!(store.messages_by_prefix(&short).unwrap(), [id(2)]);
    assert_eq!(store.messages_by_prefix("").unwrap().len(), 2);
    keep(&mut store, 0, receipts(2, 2, 2, Stage::Delivered));
    assert_eq!(store.messages_by_prefix(&short).unwrap(), []);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let file = Scratch::new("newer");
    drop(ClientStore::open(&file.path).unwrap());
    let later = rusqlite::Connection::open(&file.path).unwrap();
    later.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(later);
    let before = std::fs::read(&file.path).unwrap();
    let known = schema::CLIENT.migrations.len() as i64;
    let error = ClientStore::open(&file.path).unwrap_err();
    assert_eq!(error, StoreError::Newer { found: 99, known });
    assert!(error.to_string().ends_with("[update the program]"), "{error}");
    assert_eq!(std::fs::read(&file.path).unwrap(), before);
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let garbage = Scratch::new("garbage");
    std::fs::write(&garbage.path, b"dear diary, ".repeat(1000)).unwrap();
    let foreign = Scratch::new("foreign");
    let other = rusqlite::Connection::open(&foreign.path).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    drop(other);
    let server = Scratch::new("server");
    drop(ServerStore::open(&server.path).unwrap());
    for file in [garbage, foreign, server] {
        let before = std::fs::read(&file.path).unwrap();
        let error = ClientStore::open(&file.path).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
        assert_eq!(std::fs::read(&file.path).unwrap(), before);
    }
}

#[test]
fn a_damaged_page_is_an_error_and_no_reset() {
    let file = Scratch::new("damaged");
    let mut store = ClientStore::open(&file.path).unwrap();
    keep(&mut store, 0, Record::Person(person(1, Some("bob"))));
    for n in 1..500 {
        keep(&mut store, 0, incoming(1, n, "something said"));
    }
    store.commit().unwrap();
    drop(store);
    let mut bytes = std::fs::read(&file.path).unwrap();
    bytes[8192..].fill(0xa5);
    std::fs::write(&file.path, &bytes).unwrap();
    let opened = ClientStore::open(&file.path);
    let error = opened.and_then(|mut store| store.restore()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert_eq!(std::fs::read(&file.path).unwrap(), bytes);
}

#[test]
fn a_second_process_is_told_that_the_file_is_in_use() {
    let file = Scratch::new("locked");
    let _first = ClientStore::open(&file.path).unwrap();
    assert_eq!(ClientStore::open(&file.path).unwrap_err(), StoreError::Locked);
}

#[test]
fn a_missing_folder_is_an_error_with_a_next_step() {
    let file = Scratch::new("missing");
    let path = file.folder.join("nobody").join("hobnob.db");
    let error = ClientStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io(_)), "{error:?}");
    assert!(error.to_string().ends_with(']'), "{error}");
}

#[test]
fn a_full_disk_is_said_and_what_was_committed_stays() {
    let mut store = with_people();
    keep(&mut store, 0, incoming(1, 1, "kept"));
    store.commit().unwrap();
    let pages: i64 =
        store.db.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let limit = format!("PRAGMA max_page_count = {}", pages + 2);
    store.db.connection.query_row(&limit, [], |_| Ok(())).unwrap();
    let mut shown = Vec::new();
    let error = (2..1000)
        .find_map(|n| store.keep(now(0), incoming(1, n, &"x".repeat(100)), &mut shown).err());
    assert_eq!(error, Some(StoreError::Full));
    store.rollback();
    assert_eq!(store.last_seq(), Seq(1));
    assert_eq!(history(&mut store, HistoryOf::All, None, 9).len(), 1);
}

#[test]
fn migrations_run_in_order_once_and_all_or_none() {
    const ONE: &str = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);";
    const TWO: &str = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;";
    let old = Schema { application: 5, migrations: &[ONE], ..CLIENT };
    let new = Schema { application: 5, migrations: &[ONE, TWO], ..CLIENT };
    let broken =
        Schema { application: 5, migrations: &[ONE, TWO, "DROP TABLE a; nonsense;"], ..CLIENT };
    let file = Scratch::new("migrations");
    drop(Db::open(&file.path, &old).unwrap());
    assert!(Db::open(&file.path, &broken).is_err());
    for _ in 0..2 {
        let db = Db::open(&file.path, &new).unwrap();
        let row = db.connection.query_row("SELECT x, y FROM a", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        assert_eq!(row.unwrap(), (1, 2));
    }
    assert_eq!(Db::open(&file.path, &old).map(drop), Err(StoreError::Newer { found: 2, known: 1 }));
}

#[test]
fn the_view_for_people_with_the_sqlite3_shell_reads() {
    let mut store = with_people();
    keep(&mut store, 0, incoming(1, 1, "hi"));
    keep(&mut store, 0, outgoing(1, 2));
    let mut statement =
        store.db.connection.prepare("SELECT at, name, direction, state FROM conversation").unwrap();
    let mut rows = statement.query([]).unwrap();
    for expected in [("in", None), ("out", Some("queued"))] {
        let row = rows.next().unwrap().unwrap();
        assert_eq!(row.get_ref(0).unwrap().as_str(), Ok("1970-01-01 00:00:00"));
        assert_eq!(row.get_ref(1).unwrap().as_str(), Ok("bob"));
        assert_eq!(row.get_ref(2).unwrap().as_str(), Ok(expected.0));
        assert_eq!(row.get::<_, Option<String>>(3).unwrap().as_deref(), expected.1);
    }
}

#[test]
fn accounts_are_found_changed_and_forgotten() {
    let file = Scratch::new("accounts");
    let mut store = ServerStore::open(&file.path).unwrap();
    let pool = Pool::parse("127.77.0.0/24").unwrap();
    assert_eq!(store.next_address(pool), Ok(0));
    let bob = account(1, "bob", pool.nth(0).unwrap());
    let mut carol = account(2, "carol", pool.nth(4).unwrap());
    store.keep(ServerRecord::Account(bob.clone())).unwrap();
    store.keep(ServerRecord::Account(carol.clone())).unwrap();
    store.commit().unwrap();
    carol.visibility = Visibility::Private;
    carol.seen = Wall(77);
    store.keep(ServerRecord::Account(carol.clone())).unwrap();
    store.commit().unwrap();
    store.keep(ServerRecord::Forget(carol.fingerprint)).unwrap();
    store.rollback();
    drop(store);

    let mut store = ServerStore::open(&file.path).unwrap();
    assert_eq!(store.accounts_count(), Ok(2));
    assert_eq!(store.next_address(pool), Ok(5));
    assert_eq!(store.next_address(Pool::parse("100.64.0.0/10").unwrap()), Ok(0));
    let by_name = AccountKey::Name(Name::parse("Carol").unwrap());
    for by in [by_name, AccountKey::Key(key(2)), AccountKey::Address(carol.address)] {
        assert_eq!(store.account(&by).unwrap(), Some(carol.clone()), "{by:?}");
    }
    // Another name for the same key is the same account.
    let rob = Account { name: Name::parse("rob").unwrap(), ..bob.clone() };
    store.keep(ServerRecord::Account(rob.clone())).unwrap();
    store.keep(ServerRecord::Forget(carol.fingerprint)).unwrap();
    store.commit().unwrap();
    assert_eq!(store.account(&AccountKey::Key(bob.fingerprint)).unwrap(), Some(rob));
    assert_eq!(store.account(&AccountKey::Name(bob.name)).unwrap(), None);
    assert_eq!(store.account(&AccountKey::Key(carol.fingerprint)).unwrap(), None);
    assert_eq!(store.accounts_count(), Ok(1));
}

#[derive(Clone, Debug)]
enum Step {
    In(u8, u64),
    Out(u8),
    Note(u8),
    Epoch(u8),
    Say(u8),
    Heard(u8, u64),
    Forsake(u8),
    Receipts(u8, u64, u64, Stage),
    Session(u8),
    Commit,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let stages = vec![Stage::Held, Stage::Delivered, Stage::Expired, Stage::Refused];
    prop_oneof![
        4 => (1..4u8, 1..30u64).prop_map(|(who, n)| Step::In(who, n)),
        4 => (1..4u8).prop_map(Step::Out),
        2 => (1..4u8).prop_map(Step::Note),
        1 => (1..3u8).prop_map(Step::Epoch),
        3 => (0..8u8).prop_map(Step::Say),
        2 => (1..4u8, 1..30u64).prop_map(|(who, n)| Step::Heard(who, n)),
        1 => (1..4u8).prop_map(Step::Forsake),
        3 => (1..4u8, 0..60u64, 0..60u64, prop::sample::select(stages))
            .prop_map(|(who, first, last, stage)| Step::Receipts(who, first, last, stage)),
        1 => (1..4u8).prop_map(Step::Session),
        1 => Just(Step::Commit),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn the_log_is_gapless_and_reads_as_it_was_shown_and_the_outbox_as_it_was_sent(
        steps in prop::collection::vec(step(), 1..120),
        since in 0..200u64,
        limit in 0..50usize,
    ) {
        let mut store = with_group();
        let mut world = World::default();
        let mut committed = world.clone();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Commit => {
                    store.commit().unwrap();
                    committed = world.clone();
                }
                Step::Crash => {
                    store.rollback();
                    world = committed.clone();
                }
                step => world.play(&mut store, n as i64, step),
            }
        }
        let all: Vec<u64> = (1..=world.shown.len() as u64).collect();
        prop_assert_eq!(numbers(&world.shown), all);
        prop_assert_eq!(store.last_seq(), Seq(world.shown.len() as u64));
        prop_assert_eq!(&log(&mut store, 0, usize::MAX), &world.shown);
        let from = (since as usize).min(world.shown.len());
        let to = (from + limit).min(world.shown.len());
        prop_assert_eq!(&log(&mut store, since, limit)[..], &world.shown[from..to]);
        let listed: Vec<_> =
            outbox(&mut store).into_iter().map(|row| ((row.to, row.id), row.stage)).collect();
        let texts = world.sent.iter().filter(|(_, sent)| !sent.is_note() && !sent.stage.is_final());
        prop_assert_eq!(listed, texts.map(|(to, sent)| (*to, sent.stage)).collect::<Vec<_>>());
        for (who, queued_only) in (1..4u8).flat_map(|who| [(who, false), (who, true)]) {
            let most = if queued_only { Stage::Queued } else { Stage::Held };
            let expected: Vec<MsgId> = world
                .sent
                .iter()
                .filter(|((to, _), sent)| *to == key(who) && sent.stage <= most)
                .map(|((_, id), _)| *id)
                .collect();
            let (found, more) = letters(&mut store, who, 0, 1000, queued_only);
            let found: Vec<MsgId> = found.iter().map(|letter| id(nth(letter))).collect();
            prop_assert_eq!((found, more), (expected, false));
        }
        let restored = store.restore().unwrap();
        prop_assert_eq!(restored.last_id, (world.last > 0).then(|| id(world.last)));
        let waits = |who: &Fingerprint| {
            world.sent.iter().any(|((to, _), sent)| to == who && !sent.stage.is_final())
        };
        let waiting: Vec<_> = [key(1), key(2), key(3)].into_iter().filter(waits).collect();
        prop_assert_eq!(restored.waiting, waiting);
        let is_held = world.sent.values().any(|sent| sent.stage == Stage::Held);
        prop_assert_eq!(restored.oldest_held, is_held.then_some(Wall(1000)));
    }
}

/// What the store should know, the slow and obvious way.
#[derive(Clone, Default)]
struct World {
    shown: Vec<Notice>,
    sent: BTreeMap<(Fingerprint, MsgId), Sent>,
    seen: Vec<(u8, u64)>,
    heard: Vec<(u8, u64)>,
    last: u64,
    epoch: u8,
}

#[derive(Clone)]
struct Sent {
    stage: Stage,
    kind: u8,
    was_held: bool,
}

impl Sent {
    fn is_note(&self) -> bool {
        self.kind == NOTE
    }
}

const NOTE: u8 = 0;
const TEXT: u8 = 1;
const TALK: u8 = 2;

impl World {
    fn play(&mut self, store: &mut ClientStore, at: i64, step: Step) {
        let before = self.shown.len();
        let mut expected = 1;
        let record = match step {
            Step::In(who, n) => {
                expected = usize::from(!self.seen.contains(&(who, n)));
                self.seen.push((who, n));
                incoming(who, n, &format!("said {n}"))
            }
            Step::Out(who) => {
                self.last += 1;
                self.send(who, TEXT);
                outgoing(who, self.last)
            }
            Step::Note(who) => {
                expected = 0;
                self.last += 1;
                self.send(who, NOTE);
                note(who, self.last)
            }
            Step::Say(to) => {
                self.last += 1;
                let to: Vec<u8> = (1..4).filter(|who| to & (1 << (who - 1)) != 0).collect();
                to.iter().for_each(|who| self.send(*who, TALK));
                expected = to.len().max(1);
                say(self.last, &to)
            }
            Step::Heard(who, n) => {
                expected = usize::from(!self.heard.contains(&(who, n)));
                self.heard.push((who, n));
                heard(who, n, &format!("said {n} to all"))
            }
            Step::Forsake(who) => {
                let talk = self.sent.iter_mut().filter(|((to, _), sent)| {
                    *to == key(who) && sent.kind == TALK && !sent.stage.is_final()
                });
                expected = talk.map(|(_, sent)| sent.stage = Stage::Refused).count();
                Record::Forsake(TEA, key(who))
            }
            Step::Epoch(epoch) => {
                expected = 0;
                let is_other = std::mem::replace(&mut self.epoch, epoch) != epoch;
                let held = self.sent.values_mut().filter(|sent| sent.stage == Stage::Held);
                held.filter(|_| is_other).for_each(|sent| sent.stage = Stage::Queued);
                Record::Epoch(Bytes([epoch; 16]))
            }
            Step::Receipts(who, first, last, stage) => {
                expected = 0;
                for (_, sent) in self.sent.iter_mut().filter(|((to, at), sent)| {
                    let within = id(first) <= *at && *at <= id(last);
                    *to == key(who) && within && !sent.stage.is_final() && sent.stage < stage
                }) {
                    sent.stage = stage;
                    let is_news = stage != Stage::Held || !sent.was_held;
                    expected += usize::from(!sent.is_note() && is_news);
                    sent.was_held |= stage == Stage::Held;
                }
                receipts(who, first, last, stage)
            }
            Step::Session(who) => {
                let (with, state) = (format!("person {who}"), SessionState::Open);
                Record::Event(Event::Session { with, state, path: None, why: None })
            }
            Step::Commit | Step::Crash => unreachable!("played by the caller"),
        };
        store.keep(now(at), record, &mut self.shown).unwrap();
        assert_eq!(self.shown.len() - before, expected, "events of one record");
    }
}

impl World {
    fn send(&mut self, who: u8, kind: u8) {
        let sent = Sent { stage: Stage::Queued, kind, was_held: false };
        self.sent.insert((key(who), id(self.last)), sent);
    }
}

/// A file of its own for one test, gone afterwards.
struct Scratch {
    folder: PathBuf,
    path: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> Scratch {
        let folder = format!("hobnob-store-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        Scratch { path: folder.join("test.db"), folder }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn with_people() -> ClientStore {
    let mut store = ClientStore::open_in_memory().unwrap();
    for (n, name) in [(1, Some("bob")), (2, Some("carol")), (3, None)] {
        keep(&mut store, 0, Record::Person(person(n, name)));
    }
    store.commit().unwrap();
    store
}

fn keep(store: &mut ClientStore, at: i64, record: Record) -> Vec<Notice> {
    let mut shown = Vec::new();
    store.keep(now(at), record, &mut shown).unwrap();
    shown
}

fn log(store: &mut ClientStore, since: u64, limit: usize) -> Vec<Notice> {
    let mut found = Vec::new();
    let mut each = |seq, at, event| found.push(Notice::Event { seq: Some(seq), at, event });
    store.events(Seq(since), limit, &mut each).unwrap();
    found
}

fn history(store: &mut ClientStore, of: HistoryOf, since: Option<i64>, limit: usize) -> Vec<Entry> {
    let mut found = Vec::new();
    store.history(of, since.map(Wall), limit, &mut |entry| found.push(entry)).unwrap();
    found
}

fn outbox(store: &mut ClientStore) -> Vec<OutboxRow> {
    let mut found = Vec::new();
    store.outbox(&mut |row| found.push(row)).unwrap();
    found
}

fn page_of(
    store: &mut ClientStore,
    after: u64,
    most_rows: usize,
    most_bytes: usize,
) -> (Vec<u64>, bool) {
    let query =
        Query::Outbox { to: key(1), after: id(after), most_rows, most_bytes, queued_only: false };
    let Rows::Outbox { rows, more, .. } = store.query(query).unwrap() else {
        panic!("an outbox was asked for")
    };
    (rows.iter().map(nth).collect(), more)
}

fn page(store: &mut ClientStore, after: u64, most_rows: usize) -> (Vec<u64>, bool) {
    let (rows, more) = letters(store, 1, after, most_rows, false);
    (rows.iter().map(nth).collect(), more)
}

fn letters(
    store: &mut ClientStore,
    who: u8,
    after: u64,
    most_rows: usize,
    queued_only: bool,
) -> (Vec<Letter>, bool) {
    let most_bytes = usize::MAX;
    let query =
        Query::Outbox { to: key(who), after: id(after), most_rows, most_bytes, queued_only };
    let rows = store.query(query).unwrap();
    let Rows::Outbox { to, rows, queued_only: said, more } = rows else {
        panic!("an outbox was asked for")
    };
    assert_eq!((to, said), (key(who), queued_only));
    (rows, more)
}

/// Which of [`outgoing`], [`say`] or [`note`] it is, after a check that it is so to the letter.
fn nth(letter: &Letter) -> u64 {
    let n = (1..1000).find(|n| id(*n) == letter.id).unwrap();
    let text = Letter { id: id(n), sent: Wall(1000), body: Body::Text(format!("text {n}")) };
    let talk = Talk { group: TEA, epoch: n, text: format!("talk {n}") };
    let talk = Letter { id: id(n), sent: Wall(1000), body: Body::Talk(talk) };
    assert!(*letter == text || *letter == talk || *letter == note_letter(n), "{letter:?}");
    n
}

fn numbers(shown: &[Notice]) -> Vec<u64> {
    let number = |notice: &Notice| match notice {
        Notice::Event { seq: Some(seq), .. } => seq.0,
        other => panic!("no durable event: {other:?}"),
    };
    shown.iter().map(number).collect()
}

fn states(shown: &[Notice]) -> Vec<(u64, Stage)> {
    let state = |notice: &Notice| match notice {
        Notice::Event { event: Event::Receipt { id: changed, state, .. }, .. } => {
            ((1..100).find(|n| id(*n) == *changed).unwrap(), *state)
        }
        other => panic!("no receipt: {other:?}"),
    };
    shown.iter().map(state).collect()
}

fn now(at: i64) -> Now {
    Now { mono: Mono(0), wall: Wall(at) }
}

fn key(n: u8) -> Fingerprint {
    Fingerprint(Bytes([n; 20]))
}

/// Grows with `n`; the random half differs in its first letters.
fn id(n: u64) -> MsgId {
    let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    MsgId(Bytes(((u128::from(n) << 64) | u128::from(random)).to_be_bytes()))
}

fn identity(n: u8) -> PublicIdentity {
    PublicIdentity { sign: Bytes([n; 32]), dh: Bytes([n + 1; 32]), binding: Bytes([n + 2; 64]) }
}

fn person(n: u8, name: Option<&str>) -> Person {
    Person {
        fingerprint: key(n),
        identity: identity(n),
        name: name.map(|name| Name::parse(name).unwrap()),
        address: name.map(|_| Ipv4Addr::new(100, 64, 0, n)),
    }
}

fn account(n: u8, name: &str, address: Ipv4Addr) -> Account {
    Account {
        name: Name::parse(name).unwrap(),
        fingerprint: key(n),
        identity: identity(n),
        address,
        visibility: Visibility::Public,
        seen: Wall(5),
    }
}

fn incoming(from: u8, n: u64, text: &str) -> Record {
    Record::Incoming { id: id(n), from: key(from), text: text.to_owned(), sent: Wall(999) }
}

fn outgoing(to: u8, n: u64) -> Record {
    Record::Outgoing { id: id(n), to: key(to), text: format!("text {n}"), sent: Wall(1000) }
}

/// The group of [`with_group`].
const TEA: GroupId = GroupId(Bytes([0x7e; 16]));

/// The people, and a group of Carol's that we are in.
fn with_group() -> ClientStore {
    let mut store = with_people();
    keep(&mut store, 0, group(TEA, "tea", 2, Standing::Member));
    store.commit().unwrap();
    store
}

fn group(group: GroupId, name: &str, leader: u8, standing: Standing) -> Record {
    let (name, leader) = (Name::parse(name).unwrap(), key(leader));
    let (roster, candidates) = (None, Vec::new());
    Record::Group(Box::new(GroupRow { group, name, leader, standing, roster, candidates }))
}

fn say(n: u64, to: &[u8]) -> Record {
    let to = to.iter().map(|who| key(*who)).collect();
    let (id, group, text, sent) = (id(n), TEA, format!("talk {n}"), Wall(1000));
    Record::Say { id, group, epoch: n, text, sent, to }
}

fn heard(from: u8, n: u64, text: &str) -> Record {
    let (id, from, text, sent) = (id(n), key(from), text.to_owned(), Wall(999));
    Record::Heard { id, group: TEA, from, text, sent }
}

fn note(to: u8, n: u64) -> Record {
    Record::Note(key(to), note_letter(n))
}

fn note_letter(n: u64) -> Letter {
    let token = Token(Bytes([n as u8; 16]));
    let body = match n % 4 {
        0 => Body::Befriend(Befriend { name: None, text: "hello".to_owned(), token }),
        1 => Body::Agree(Agree { token }),
        2 => Body::Reject,
        _ => Body::Unfriend,
    };
    Letter { id: id(n), sent: Wall(1000), body }
}

fn receipts(to: u8, first: u64, last: u64, stage: Stage) -> Record {
    Record::Receipts { to: key(to), first: id(first), last: id(last), stage }
}
