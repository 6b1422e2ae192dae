//! Talk in groups: kept once, on its way to each, and found again.

use super::*;
use crate::shell::store::letters::OUTBOX_PAGE;
use crate::shell::store::read::{MESSAGES_AFTER, OUTBOX};
use crate::shell::store::search::UNINDEXED;

#[test]
fn talk_is_kept_once_and_has_a_receipt_for_each_member() {
    let mut store = with_group();
    keep(&mut store, 0, outgoing(1, 1));
    let queued = keep(&mut store, 5, say(2, &[1, 2, 3]));
    assert_eq!(numbers(&queued), [2, 3, 4]);
    assert_eq!(receipts_to(&queued), [("bob", 2), ("carol", 2), (&*key(3).to_string(), 2)]);
    keep(&mut store, 6, outgoing(1, 3));
    let delivered = keep(&mut store, 7, receipts(1, 1, 3, Stage::Delivered));
    assert_eq!(receipts_to(&delivered), [("bob", 1), ("bob", 2), ("bob", 3)]);
    let sql = "SELECT (SELECT count(*) FROM said), (SELECT count(*) FROM events)";
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    assert_eq!(store.db.connection.query_row(sql, [], pair), Ok((1, 1)));
    assert_eq!(log(&mut store, 1, 3), queued);
    assert_eq!(log(&mut store, 5, 9), delivered);
    assert_eq!(log(&mut store, 6, 1), delivered[1..2]);
}

#[test]
fn talk_waits_in_one_line_with_what_else_is_for_somebody() {
    let mut store = with_group();
    keep(&mut store, 0, outgoing(1, 1));
    keep(&mut store, 0, say(2, &[1, 2]));
    keep(&mut store, 0, note(1, 3));
    keep(&mut store, 0, say(4, &[1]));
    assert_eq!(page(&mut store, 0, 3), (vec![1, 2, 3], true));
    assert_eq!(page(&mut store, 3, 3), (vec![4], false));
    // Each text is 6 bytes.
    assert_eq!(page_of(&mut store, 1, 9, 6), (vec![2], true));
    keep(&mut store, 0, receipts(1, 1, 4, Stage::Held));
    assert_eq!(letters(&mut store, 1, 0, 9, true).0, []);
    assert_eq!(store.query(Query::Waits(key(2))).unwrap(), Rows::Waits(key(2), true));
    assert_eq!(store.query(Query::Waits(key(3))).unwrap(), Rows::Waits(key(3), false));
    let restored = store.restore().unwrap();
    assert_eq!(restored.waiting, [key(1), key(2)]);
    assert_eq!(restored.last_id, Some(id(4)));
    let listed: Vec<_> = outbox(&mut store)
        .into_iter()
        .map(|row| (row.label, row.group, row.text, row.stage))
        .collect();
    let tea = || Some("tea".to_owned());
    let row = |who: &str, group, n, stage| (who.to_owned(), group, str::to_owned(n), stage);
    assert_eq!(
        listed,
        [
            row("bob", None, "text 1", Stage::Held),
            row("bob", tea(), "talk 2", Stage::Held),
            row("bob", tea(), "talk 4", Stage::Held),
            row("carol", tea(), "talk 2", Stage::Queued),
        ]
    );
}

#[test]
fn talk_to_nobody_is_delivered_at_once_and_stays_in_the_history() {
    let mut store = with_group();
    let shown = keep(&mut store, 0, say(1, &[]));
    assert_eq!(
        (receipts_to(&shown), states(&shown)),
        (vec![("tea", 1)], vec![(1, Stage::Delivered)])
    );
    assert_eq!(numbers(&keep(&mut store, 0, say(2, &[]))), [2]);
    assert_eq!(numbers(&keep(&mut store, 0, outgoing(1, 3))), [3]);
    assert_eq!(log(&mut store, 0, 1), shown);
    let talk = history(&mut store, HistoryOf::Group(TEA), None, 9);
    assert_eq!(talk.iter().map(|e| &*e.text).collect::<Vec<_>>(), ["talk 1", "talk 2"]);
    assert!(talk.iter().all(|entry| entry.state == Some(Stage::Delivered)));
    assert_eq!(store.restore().unwrap().last_id, Some(id(3)));
    assert_eq!(addressees(&mut store, 1), []);
}

#[test]
fn talk_that_is_given_up_is_so_for_all_who_have_not_got_it() {
    let mut store = with_group();
    keep(&mut store, 0, say(1, &[1, 2, 3]));
    keep(&mut store, 0, receipts(2, 1, 1, Stage::Delivered));
    assert_eq!(addressees(&mut store, 1), [key(1), key(3)]);
    assert_eq!(store.messages_by_prefix(&id(1).short()).unwrap(), [id(1)]);
    for who in [1, 3] {
        let refused = keep(&mut store, 0, receipts(who, 1, 1, Stage::Refused));
        assert_eq!(states(&refused), [(1, Stage::Refused)]);
    }
    assert_eq!(addressees(&mut store, 1), []);
    assert_eq!(store.messages_by_prefix(&id(1).short()).unwrap(), []);
    assert_eq!(outbox(&mut store), []);
}

#[test]
fn a_kick_takes_back_what_is_not_delivered_of_that_group_and_nothing_else() {
    let mut store = with_group();
    let other = GroupId(Bytes([1; 16]));
    keep(&mut store, 0, group(other, "chess", 1, Standing::Member));
    keep(&mut store, 0, outgoing(1, 1));
    for n in 2..=4 {
        keep(&mut store, 0, say(n, &[1, 2]));
    }
    let to = vec![key(1)];
    let elsewhere = Record::Say {
        id: id(5),
        group: other,
        epoch: 1,
        text: "check".to_owned(),
        sent: Wall(1000),
        to,
    };
    keep(&mut store, 0, elsewhere);
    keep(&mut store, 0, receipts(1, 2, 2, Stage::Delivered));
    keep(&mut store, 0, receipts(1, 3, 3, Stage::Held));
    let refused = keep(&mut store, 0, Record::Forsake(TEA, key(1)));
    assert_eq!(states(&refused), [(3, Stage::Refused), (4, Stage::Refused)]);
    assert_eq!(receipts_to(&refused), [("bob", 3), ("bob", 4)]);
    assert_eq!(keep(&mut store, 0, Record::Forsake(TEA, key(1))), []);
    let left: Vec<_> = outbox(&mut store).into_iter().map(|row| (row.to, row.id)).collect();
    let carols = [(key(2), id(2)), (key(2), id(3)), (key(2), id(4))];
    assert_eq!(left, [[(key(1), id(1)), (key(1), id(5))].as_slice(), &carols].concat());
}

#[test]
fn held_talk_expires_and_is_queued_again_like_messages() {
    let mut store = with_group();
    keep(&mut store, 0, Record::Epoch(Bytes([1; 16])));
    keep(&mut store, 0, say(1, &[1, 2, 3]));
    for who in 1..=3 {
        keep(&mut store, 0, receipts(who, 1, 1, Stage::Held));
    }
    assert_eq!(store.restore().unwrap().oldest_held, Some(Wall(1000)));
    let queued = |store: &mut ClientStore, who| letters(store, who, 0, 9, true).0.len();
    keep(&mut store, 0, Record::Requeue(key(1)));
    assert_eq!((queued(&mut store, 1), queued(&mut store, 2)), (1, 0));
    assert_eq!(keep(&mut store, 0, receipts(1, 1, 1, Stage::Held)), [], "held again is no news");
    keep(&mut store, 0, Record::Epoch(Bytes([2; 16])));
    assert_eq!((queued(&mut store, 1), queued(&mut store, 2)), (1, 1));
    assert_eq!(store.restore().unwrap().oldest_held, None);
    for who in 1..=2 {
        assert_eq!(keep(&mut store, 0, receipts(who, 1, 1, Stage::Held)), []);
    }
    assert_eq!(keep(&mut store, 0, Record::Expire(Wall(1000))), []);
    let expired = keep(&mut store, 0, Record::Expire(Wall(1001)));
    assert_eq!(receipts_to(&expired), [("bob", 1), ("carol", 1)]);
    assert_eq!(states(&expired), [(1, Stage::Expired); 2]);
    // The third is queued, which does not expire.
    assert_eq!(outbox(&mut store).len(), 1);
}

#[test]
fn talk_of_a_member_is_shown_once_with_its_group() {
    let mut store = with_group();
    let shown = keep(&mut store, 4, heard(1, 1, "who is in?"));
    let Notice::Event { event: Event::Message { from, text, group, .. }, .. } = &shown[0] else {
        panic!("{shown:?}")
    };
    assert_eq!((&**from, &**text, group.as_deref()), ("bob", "who is in?", Some("tea")));
    assert_eq!(keep(&mut store, 5, heard(1, 1, "who is in?")), []);
    assert_eq!(numbers(&keep(&mut store, 6, heard(2, 1, "me"))), [2]);
    assert_eq!(log(&mut store, 0, 1), shown);
}

#[test]
fn the_history_of_a_group_is_not_that_of_its_people() {
    let mut store = with_group();
    keep(&mut store, 1, heard(1, 1, "who is in?"));
    keep(&mut store, 2, incoming(1, 2, "psst"));
    keep(&mut store, 3, say(3, &[1, 2]));
    keep(&mut store, 4, heard(2, 4, "me too"));
    keep(&mut store, 5, receipts(2, 3, 3, Stage::Delivered));
    let texts = |store: &mut ClientStore, of, since, limit| -> Vec<String> {
        history(store, of, since, limit).into_iter().map(|entry| entry.text).collect()
    };
    let tea = HistoryOf::Group(TEA);
    assert_eq!(texts(&mut store, tea, None, 9), ["who is in?", "talk 3", "me too"]);
    assert_eq!(texts(&mut store, tea, None, 2), ["talk 3", "me too"]);
    assert_eq!(texts(&mut store, tea, Some(4), 9), ["me too"]);
    assert_eq!(texts(&mut store, HistoryOf::With(key(1)), None, 9), ["psst"]);
    let all = ["who is in?", "psst", "talk 3", "me too"];
    assert_eq!(texts(&mut store, HistoryOf::All, None, 9), all);
    let none = HistoryOf::Group(GroupId(Bytes([9; 16])));
    assert_eq!(texts(&mut store, none, None, 9), [""; 0]);
    let [theirs, ours, _] = <[Entry; 3]>::try_from(history(&mut store, tea, None, 9)).unwrap();
    assert_eq!((&*theirs.with, theirs.group.as_deref()), ("bob", Some("tea")));
    assert_eq!((&*ours.with, ours.group.as_deref()), ("tea", Some("tea")));
    assert_eq!((ours.direction, ours.at, ours.id), (Direction::Out, Wall(3), id(3)));
    // It has come as far as it has to the last.
    assert_eq!(ours.state, Some(Stage::Queued));
    keep(&mut store, 6, receipts(1, 3, 3, Stage::Delivered));
    assert_eq!(history(&mut store, tea, None, 9)[1].state, Some(Stage::Delivered));
}

#[test]
fn talk_is_found_by_its_words_its_group_and_who_said_it() {
    let mut store = with_group();
    keep(&mut store, 0, incoming(1, 1, "climbing alone"));
    keep(&mut store, 0, heard(1, 2, "climbing on sunday"));
    keep(&mut store, 0, heard(2, 3, "no climbing for me"));
    keep(&mut store, 0, say(4, &[1, 2]));
    store.commit().unwrap();
    let mut found = |words, of| {
        let mut texts = Vec::new();
        assert_eq!(store.search(words, of, 9, &mut |entry| texts.push(entry.text)), Ok(0));
        texts
    };
    let all = ["no climbing for me", "climbing on sunday", "climbing alone"];
    assert_eq!(found("climbing", HistoryOf::All), all);
    assert_eq!(found("climbing", HistoryOf::Group(TEA)), all[..2]);
    assert_eq!(found("climbing", HistoryOf::With(key(1))), all[1..]);
    assert_eq!(found("talk", HistoryOf::Group(TEA)), ["talk 4"]);
    assert_eq!(found("talk", HistoryOf::With(key(1))), [""; 0]);
    assert_eq!(found("4", HistoryOf::Group(GroupId(Bytes([9; 16])))), [""; 0]);
}

#[test]
fn long_lists_are_read_in_order_without_being_sorted() {
    let store = with_group();
    let id = &id(0).0.0[..];
    for (sql, of) in [
        (OUTBOX_PAGE, rusqlite::params![1, id, 4]),
        (OUTBOX, rusqlite::params![]),
        (MESSAGES_AFTER, rusqlite::params![1]),
        (UNINDEXED, rusqlite::params![1]),
    ] {
        let plan = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = store.db.connection.prepare(&plan).unwrap();
        let steps: Vec<String> =
            statement.query_map(of, |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{steps:?}");
    }
}

#[test]
fn the_view_for_people_shows_talk_with_its_group() {
    let mut store = with_group();
    keep(&mut store, 0, heard(1, 1, "who is in?"));
    keep(&mut store, 0, say(2, &[1, 2]));
    keep(&mut store, 0, receipts(1, 2, 2, Stage::Delivered));
    let sql = "SELECT name, direction, state, text FROM conversation WHERE in_group = 'tea'";
    let mut statement = store.db.connection.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?, row.get(3)?])
        })
        .unwrap();
    let rows: Vec<[Option<String>; 4]> = rows.map(Result::unwrap).collect();
    let text = |text: &str| Some(text.to_owned());
    let heard = [text("bob"), text("in"), None, text("who is in?")];
    assert_eq!(rows, [heard, [None, text("out"), text("queued"), text("talk 2")]]);
}

#[test]
fn what_was_said_and_not_committed_is_gone_after_a_crash() {
    let mut store = with_group();
    keep(&mut store, 0, say(1, &[1, 2]));
    store.commit().unwrap();
    keep(&mut store, 0, say(2, &[1, 2]));
    keep(&mut store, 0, say(3, &[]));
    keep(&mut store, 0, heard(1, 1, "lost"));
    keep(&mut store, 0, Record::Forsake(TEA, key(1)));
    store.rollback();
    assert_eq!(store.last_seq(), Seq(2));
    assert_eq!(log(&mut store, 0, 99).len(), 2);
    assert_eq!(outbox(&mut store).len(), 2);
    assert_eq!(numbers(&keep(&mut store, 0, heard(1, 1, "kept"))), [3]);
}

fn addressees(store: &mut ClientStore, n: u64) -> Vec<Fingerprint> {
    match store.query(Query::Addressees(id(n))).unwrap() {
        Rows::Addressees(of, found) if of == id(n) => found,
        other => panic!("{other:?}"),
    }
}

fn receipts_to(shown: &[Notice]) -> Vec<(&str, u64)> {
    let to = |notice| match notice {
        &Notice::Event { event: Event::Receipt { id: of, ref to, .. }, .. } => {
            (&**to, (1..99).find(|n| id(*n) == of).unwrap())
        }
        other => panic!("no receipt: {other:?}"),
    };
    shown.iter().map(to).collect()
}
