//! What was looked at, and what waits.

use super::*;
use crate::proto::model::conversation::{Conversation, Level, Unread};
use crate::shell::store::attention::UNREAD_MOST;

fn bob() -> HistoryOf {
    HistoryOf::With(key(1))
}

fn tea() -> HistoryOf {
    HistoryOf::Group(TEA)
}

fn waiting(store: &ClientStore) -> Vec<(String, usize, i64)> {
    let of = |(of, unread): (Conversation, Unread)| {
        let label = match of {
            Conversation::Person(label) => label,
            Conversation::Group(label) => format!("[{label}]"),
        };
        (label, unread.count, unread.since.0)
    };
    store.unread().unwrap().into_iter().map(of).collect()
}

fn row(label: &str, count: usize, since: i64) -> (String, usize, i64) {
    (label.to_owned(), count, since)
}

#[test]
fn what_came_since_one_looked_waits_by_conversation() {
    let mut store = with_group();
    keep(&mut store, 5, incoming(1, 1, "one"));
    keep(&mut store, 6, incoming(1, 2, "two"));
    keep(&mut store, 7, heard(1, 3, "to all"));
    keep(&mut store, 8, outgoing(2, 4));
    keep(&mut store, 8, say(5, &[1]));
    assert_eq!(waiting(&store), [row("bob", 2, 5), row("[tea]", 1, 7)]);
    store.look(bob()).unwrap();
    assert_eq!(waiting(&store), [row("[tea]", 1, 7)]);
    keep(&mut store, 9, incoming(1, 6, "three"));
    store.look(tea()).unwrap();
    assert_eq!(waiting(&store), [row("bob", 1, 9)]);
    store.look(HistoryOf::With(key(77))).unwrap();
    store.look(HistoryOf::All).unwrap();
    assert_eq!(waiting(&store).len(), 1);
}

#[test]
fn what_was_missed_is_what_was_said_on_both_sides_since_then() {
    let mut store = with_group();
    keep(&mut store, 5, incoming(1, 1, "seen"));
    keep(&mut store, 5, heard(2, 2, "elsewhere"));
    store.look(bob()).unwrap();
    keep(&mut store, 6, incoming(1, 3, "a"));
    keep(&mut store, 7, outgoing(1, 4));
    keep(&mut store, 8, incoming(1, 5, "b"));
    let missed = |store: &mut ClientStore, most| -> Vec<String> {
        store.missed(bob(), most).unwrap().into_iter().map(|entry| entry.text).collect()
    };
    assert_eq!(missed(&mut store, 9), ["a", "text 4", "b"]);
    assert_eq!(missed(&mut store, 2), ["text 4", "b"]);
    store.look(bob()).unwrap();
    assert_eq!(missed(&mut store, 9), [""; 0]);
}

#[test]
fn no_more_is_counted_than_anybody_wants_to_know() {
    let mut store = with_people();
    for n in 1..=UNREAD_MOST as u64 + 5 {
        keep(&mut store, n as i64, incoming(1, n, "again"));
    }
    assert_eq!(waiting(&store), [row("bob", UNREAD_MOST, 6)]);
}

#[test]
fn a_look_is_kept_and_a_profile_from_before_has_nothing_unread() {
    let file = Scratch::new("looked");
    let mut old = ClientStore::open(&file.path).unwrap();
    keep(&mut old, 0, Record::Person(person(1, Some("bob"))));
    keep(&mut old, 1, incoming(1, 1, "old"));
    old.commit().unwrap();
    old.db.connection.execute_batch("DROP TABLE attention; PRAGMA user_version = 4").unwrap();
    drop(old);
    let mut store = ClientStore::open(&file.path).unwrap();
    assert_eq!(waiting(&store), []);
    keep(&mut store, 2, incoming(1, 2, "new"));
    store.commit().unwrap();
    drop(store);
    let mut store = ClientStore::open(&file.path).unwrap();
    assert_eq!(waiting(&store), [row("bob", 1, 2)]);
    store.look(bob()).unwrap();
    store.commit().unwrap();
    drop(store);
    assert_eq!(waiting(&ClientStore::open(&file.path).unwrap()), []);
}

#[test]
fn a_group_that_is_gone_takes_its_looks_along() {
    let mut store = with_group();
    store.look(tea()).unwrap();
    keep(&mut store, 0, Record::GroupGone(TEA));
    assert_eq!(store.conversation(tea()).unwrap(), None);
    let sql = "SELECT count(*) FROM attention";
    assert_eq!(store.db.connection.query_row(sql, [], |row| row.get(0)), Ok(0));
}

#[test]
fn how_much_is_told_of_whom_is_kept_and_does_not_touch_what_was_looked_at() {
    let mut store = with_group();
    keep(&mut store, 5, incoming(1, 1, "one"));
    store.heed(bob(), Level::Off).unwrap();
    assert_eq!(waiting(&store), [row("bob", 1, 5)]);
    store.look(bob()).unwrap();
    store.heed(tea(), Level::All).unwrap();
    store.heed(bob(), Level::Mentions).unwrap();
    assert_eq!(waiting(&store), []);
    let bob = (Conversation::Person("bob".to_owned()), Level::Mentions);
    let tea = (Conversation::Group("tea".to_owned()), Level::All);
    assert_eq!(store.levels().unwrap(), [bob, tea]);
}
