//! The index of words: what is found, in which order, and what a crash leaves.

use super::*;
use crate::proto::limits::SEARCH_STEP_MESSAGES;

#[test]
fn the_newest_messages_with_all_words_come_first() {
    let mut store = with_people();
    for (n, text) in
        ["tea at four", "Four cups of TEA!", "no coffee", "tea for two"].iter().enumerate()
    {
        keep(&mut store, 0, incoming(1, n as u64 + 1, text));
    }
    store.commit().unwrap();
    assert_eq!(
        found(&mut store, "tea", None, 9),
        ["tea for two", "Four cups of TEA!", "tea at four"]
    );
    assert_eq!(found(&mut store, "four tea", None, 9), ["Four cups of TEA!", "tea at four"]);
    assert_eq!(found(&mut store, "tea", None, 1), ["tea for two"]);
    assert_eq!(found(&mut store, "co*", None, 9), ["no coffee"]);
    assert_eq!(found(&mut store, "co", None, 9), [""; 0]);
    assert_eq!(found(&mut store, "tea -four", None, 9), ["Four cups of TEA!", "tea at four"]);
    assert_eq!(found(&mut store, "\"", None, 9), [""; 0]);
}

#[test]
fn a_search_with_one_person_finds_both_directions_and_nobody_elses() {
    let mut store = with_people();
    keep(&mut store, 0, incoming(1, 1, "some text of bob"));
    keep(&mut store, 0, outgoing(1, 2));
    keep(&mut store, 0, incoming(2, 3, "a text of carol"));
    store.commit().unwrap();
    assert_eq!(found(&mut store, "text", Some(1), 9), ["text 2", "some text of bob"]);
    assert_eq!(found(&mut store, "text", Some(2), 9), ["a text of carol"]);
    assert_eq!(found(&mut store, "text", Some(3), 9), [""; 0]);
    assert_eq!(found(&mut store, "text", Some(99), 9), [""; 0]);
    // A number in a text is not taken for a person's.
    assert_eq!(found(&mut store, "1", None, 9), [""; 0]);
}

#[test]
fn any_part_of_an_unspaced_text_is_found_and_nothing_that_only_has_its_pairs() {
    let mut store = with_people();
    for (n, text) in
        ["我住在中国人民大学旁边", "中国人", "国人，中国", "東京タワー"].iter().enumerate()
    {
        keep(&mut store, 0, incoming(1, n as u64 + 1, text));
    }
    store.commit().unwrap();
    assert_eq!(found(&mut store, "中国人", None, 9), ["中国人", "我住在中国人民大学旁边"]);
    assert_eq!(found(&mut store, "国人", None, 9).len(), 3);
    assert_eq!(found(&mut store, "学", None, 9), ["我住在中国人民大学旁边"]);
    assert_eq!(found(&mut store, "京タワ", None, 9), ["東京タワー"]);
}

#[test]
fn whatever_is_typed_is_no_error_and_finds_the_text_it_is() {
    let mut store = with_people();
    let odd = [
        "a\"b",
        "x' OR 1=1 --",
        "NEAR(",
        "{col}: ^y",
        "a AND NOT b",
        "\u{0}z",
        "हिन्दी भाषा",
        "ﬁne ½",
    ];
    for (n, text) in odd.iter().enumerate() {
        keep(&mut store, 0, incoming(1, n as u64 + 1, text));
    }
    store.commit().unwrap();
    for text in odd {
        assert!(found(&mut store, text, None, 9).iter().any(|found| found == text), "{text:?}");
    }
}

#[test]
fn receiving_does_not_touch_the_index_and_a_long_history_is_indexed_in_steps() {
    let mut store = with_people();
    let count = SEARCH_STEP_MESSAGES as u64 + 5;
    for n in 1..=count {
        keep(&mut store, 0, incoming(1, n, "hello"));
    }
    store.commit().unwrap();
    assert_eq!(indexed(&store), 0);
    assert_eq!(store.search("hello", HistoryOf::All, 1, &mut |_| {}), Ok(5));
    assert_eq!(indexed(&store), SEARCH_STEP_MESSAGES as i64);
    assert_eq!(store.index(), Ok(0));
    let before = store.db.connection.total_changes();
    assert_eq!(
        store.search("hello", HistoryOf::All, 1, &mut |entry| assert_eq!(entry.id, id(count))),
        Ok(0)
    );
    assert_eq!(store.db.connection.total_changes(), before, "nothing new costs nothing");
}

#[test]
fn a_crash_while_indexing_leaves_every_message_indexed_once() {
    let mut store = with_people();
    for n in 1..=9 {
        keep(&mut store, 0, incoming(1, n, "hello"));
    }
    store.commit().unwrap();
    store.db.begin().unwrap();
    store.step(0).unwrap();
    assert_eq!(indexed(&store), 9);
    store.rollback();
    assert_eq!(indexed(&store), 0);
    assert_eq!(found(&mut store, "hello", None, 99).len(), 9);
    store.commit().unwrap();
    // What is not committed is not indexed, and so is not lost from it.
    keep(&mut store, 0, incoming(1, 10, "hello again"));
    assert_eq!(store.search("again", HistoryOf::All, 9, &mut |_| panic!("not durable yet")), Ok(1));
    store.rollback();
    keep(&mut store, 0, incoming(1, 10, "hello anew"));
    store.commit().unwrap();
    assert_eq!(found(&mut store, "again", None, 9), [""; 0]);
    assert_eq!(found(&mut store, "hello", None, 99).len(), 10);
}

#[test]
fn a_full_disk_leaves_what_is_indexed_to_be_searched() {
    let mut store = with_people();
    keep(&mut store, 0, incoming(1, 1, "early words"));
    store.commit().unwrap();
    assert_eq!(store.index(), Ok(0));
    for n in 2..3000 {
        keep(&mut store, 0, incoming(1, n, &format!("later words{n} other{n}")));
    }
    store.commit().unwrap();
    let pages: i64 =
        store.db.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let limit = format!("PRAGMA max_page_count = {pages}");
    store.db.connection.query_row(&limit, [], |_| Ok(())).unwrap();
    assert_eq!(store.index(), Err(StoreError::Full));
    let mut texts = Vec::new();
    assert_eq!(
        store.search("words", HistoryOf::All, 9, &mut |entry| texts.push(entry.text)),
        Ok(2998)
    );
    assert_eq!(texts, ["early words"]);
    assert_eq!(store.last_seq(), Seq(2999));
}

fn found(store: &mut ClientStore, words: &str, with: Option<u8>, limit: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let of = with.map_or(HistoryOf::All, |with| HistoryOf::With(key(with)));
    let behind = store.search(words, of, limit, &mut |entry| texts.push(entry.text));
    assert_eq!(behind, Ok(0));
    texts
}

fn indexed(store: &ClientStore) -> i64 {
    let sql = "SELECT count(*) FROM word_index WHERE word_index MATCH 'hello'";
    store.db.connection.query_row(sql, [], |row| row.get(0)).unwrap()
}
