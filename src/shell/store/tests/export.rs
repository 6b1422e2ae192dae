//! Exports: whole, whatever the pages, and without sorting.

use super::*;
use crate::proto::model::export::{Cell, Table};
use crate::shell::store::export::{Cursor, Rows, SOURCES};

const ME: Fingerprint = Fingerprint(Bytes([0xee; 20]));

/// Rows as text, so many a page.
fn exported(store: &ClientStore, cursor: &mut Cursor, page_rows: usize) -> Vec<String> {
    let mut rows = Vec::new();
    loop {
        let mut left = page_rows;
        let mut each = |table: &'static Table, cells: &[Cell<'_>]| {
            rows.push(format!("{} {cells:?}", table.name));
            left -= 1;
            left > 0
        };
        if !store.export(cursor, &mut each).unwrap() {
            return rows;
        }
    }
}

fn all(store: &ClientStore, page_rows: usize) -> Vec<String> {
    exported(store, &mut Cursor::new(store, ME, None).unwrap(), page_rows)
}

/// Something in most tables, with receipts in ranges among events.
fn full() -> ClientStore {
    let mut store = with_group();
    for n in 1..=9 {
        keep(&mut store, 0, outgoing(1, n));
        keep(&mut store, 0, incoming(2, n, "hi"));
        keep(&mut store, 0, heard(3, 20 + n, "talk"));
    }
    keep(&mut store, 1, say(10, &[1, 2, 3]));
    keep(&mut store, 2, receipts(1, 2, 7, Stage::Held));
    keep(&mut store, 2, receipts(1, 1, 10, Stage::Delivered));
    for (n, is_ours) in [(30, true), (31, false), (31, true)] {
        keep(&mut store, 3, Record::Transfer(Box::new(files::transfer(1, n, is_ours))));
        keep(&mut store, 3, Record::Transfer(Box::new(files::transfer(2, n, is_ours))));
    }
    let request = |text: &str| {
        let (name, token) = (None, Token(Bytes([4; 16])));
        Body::Befriend(Befriend { name, text: text.to_owned(), token })
    };
    for (n, to, text) in [(50, 1, "it is me"), (51, 2, "")] {
        let note = Letter { id: id(n), sent: Wall(7), body: request(text) };
        keep(&mut store, 3, Record::Note(key(to), note));
    }
    let talk = Talk { group: TEA, epoch: 9, text: "early".to_owned() };
    let unheard =
        crate::proto::model::group::Unheard { id: id(60), from: key(1), sent: Wall(7), talk };
    keep(&mut store, 3, Record::Unheard(unheard));
    store.commit().unwrap();
    store
}

#[test]
fn every_row_is_exported_once_whatever_the_pages() {
    let store = full();
    let whole = all(&store, usize::MAX);
    let count =
        |table: &str| whole.iter().filter(|row| row.split(' ').next() == Some(table)).count();
    let counts = ["me", "person", "message", "copy", "file", "log"].map(count);
    assert_eq!(counts, [1, 3, 28, 3, 6, 6 + 10]);
    for (table, words) in
        [("request", ["\"it is me\"", "\"\""]), ("unheard", ["\"early\"", "\"tea\""])]
    {
        let rows: Vec<&String> = whole.iter().filter(|row| row.starts_with(table)).collect();
        let all = rows.iter().map(|row| row.as_str()).collect::<String>();
        assert!(words.iter().all(|word| all.contains(word)), "{table}: {rows:?}");
    }
    for page_rows in [1, 2, 3, 7] {
        assert_eq!(all(&store, page_rows), whole, "{page_rows} rows a page");
    }
}

#[test]
fn what_comes_after_the_beginning_is_left_out() {
    let mut store = full();
    let whole = all(&store, 5);
    let mut cursor = Cursor::new(&store, ME, None).unwrap();
    keep(&mut store, 9, outgoing(1, 40));
    keep(&mut store, 9, say(41, &[1]));
    keep(&mut store, 9, receipts(1, 40, 41, Stage::Delivered));
    store.commit().unwrap();
    assert_eq!(exported(&store, &mut cursor, 5), whole);
}

#[test]
fn no_statement_of_an_export_sorts() {
    let store = full();
    for source in &SOURCES {
        let Rows::Sql(_, sql) = source.rows else { continue };
        let mut plan = store.db.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
        assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
