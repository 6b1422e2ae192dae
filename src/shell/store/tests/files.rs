//! Files, posts, voice and commands: kept, listed, and found again.

use super::*;
use crate::proto::model::entry::EntryKind;
use crate::proto::model::notice::FileRow;
use crate::proto::model::run::{Grant, OpenRun};
use crate::proto::model::transfer::{FileState, Offer, Post, Transfer, Voice};

#[test]
fn files_come_back_as_they_were_kept_until_they_are_over() {
    let mut store = with_people();
    let mut ours = transfer(1, 5, true);
    let mut theirs = transfer(1, 5, false);
    theirs.offer.voice = Some(Voice { ms: 1500, transcript: Some("hi".to_owned()) });
    theirs.offer.answers = Some(id(4));
    let mut strangers = transfer(77, 6, false);
    strangers.offer.voice = Some(Voice { ms: 0, transcript: None });
    strangers.offer.bytes = u64::MAX;
    for file in [&ours, &theirs, &strangers] {
        assert_eq!(keep(&mut store, 0, Record::Transfer(Box::new(file.clone()))), []);
    }
    theirs.state = FileState::Taken;
    (theirs.path, theirs.bytes) = (Some("/tmp/x".to_owned()), 10);
    keep(&mut store, 0, Record::Transfer(Box::new(theirs.clone())));
    let mut restored = store.restore().unwrap().transfers;
    restored.sort_by_key(|file| (file.with, file.is_ours));
    assert_eq!(restored, [theirs.clone(), ours.clone(), strangers.clone()]);
    ours.state = FileState::Cancelled;
    strangers.state = FileState::Failed;
    for file in [ours, strangers] {
        keep(&mut store, 0, Record::Transfer(Box::new(file)));
    }
    assert_eq!(store.restore().unwrap().transfers, [theirs]);
}

#[test]
fn files_that_are_not_over_are_listed_first_then_the_latest_hundred() {
    let mut store = with_people();
    for n in 1..=120 {
        let state = if n % 2 == 0 { FileState::Done } else { FileState::Failed };
        let at = Wall(n as i64);
        let file = Transfer { state, at, bytes: 20, ..transfer(1, n, true) };
        keep(&mut store, 0, Record::Transfer(Box::new(file)));
    }
    for (n, at) in [(201, 9), (200, 300)] {
        let file = Transfer { at: Wall(at), state: FileState::Taken, ..transfer(2, n, false) };
        keep(&mut store, 0, Record::Transfer(Box::new(file)));
    }
    let files = files(&mut store, &|of| (of == id(200)).then_some(7));
    assert_eq!(files.len(), 102);
    let (ids, states): (Vec<_>, Vec<_>) = files.iter().map(|file| (file.id, file.state)).unzip();
    assert_eq!(ids[..4], [id(201), id(200), id(120), id(119)]);
    assert_eq!(ids.last(), Some(&id(21)));
    assert_eq!(states[..2], [FileState::Taken; 2]);
    assert_eq!((files[0].bytes, files[1].bytes, files[2].bytes), (0, 7, 20));
    assert_eq!((files[0].from.as_deref(), files[0].to.as_deref()), (Some("carol"), None));
    assert_eq!((files[2].from.as_deref(), files[2].to.as_deref()), (None, Some("bob")));
}

#[test]
fn a_post_that_was_asked_for_is_forgotten_once_that_is_over() {
    let mut store = with_people();
    let mut ask = Transfer { post: Some(id(9)), ..transfer(1, 5, false) };
    (ask.offer.digest, ask.offer.name) = (Bytes([0; 32]), id(9).to_text());
    ask.state = FileState::Taken;
    keep(&mut store, 0, Record::Transfer(Box::new(ask.clone())));
    assert_eq!(store.restore().unwrap().transfers, [ask.clone()]);
    ask.state = FileState::Done;
    keep(&mut store, 0, Record::Transfer(Box::new(ask)));
    assert_eq!(files(&mut store, &|_| None), []);
    assert_eq!(history(&mut store, HistoryOf::All, None, 9), []);
}

#[test]
fn posts_are_found_by_their_names_while_they_are_offered_and_when_they_were_fetched() {
    let mut store = with_people();
    keep(&mut store, 0, incoming(1, 1, "an old map"));
    let post = Post {
        id: id(2),
        path: "/srv/map.pdf".to_owned(),
        name: "map of the hills.pdf".to_owned(),
        bytes: 9,
        digest: Bytes([3; 32]),
        modified_ns: -5,
        at: Wall(50),
    };
    assert_eq!(keep(&mut store, 50, Record::Post(Box::new(post.clone()))), []);
    keep(&mut store, 51, Record::Post(Box::new(post.clone())));
    keep(&mut store, 60, incoming(2, 3, "a new map"));
    let mut fetched = Transfer { post: Some(id(7)), ..transfer(1, 8, false) };
    fetched.offer.name = "map.png".to_owned();
    keep(&mut store, 65, Record::Transfer(Box::new(fetched.clone())));
    fetched.state = FileState::Done;
    keep(&mut store, 70, Record::Transfer(Box::new(fetched)));
    store.commit().unwrap();
    assert_eq!(store.restore().unwrap().posts, [post]);
    let all = ["map.png", "a new map", "map of the hills.pdf", "an old map"];
    assert_eq!(found(&mut store, "map", HistoryOf::All), all);
    assert_eq!(found(&mut store, "map", HistoryOf::With(key(1))), ["map.png", "an old map"]);
    let entries = history(&mut store, HistoryOf::All, None, 9);
    assert_eq!(entries.iter().rev().map(|entry| &*entry.text).collect::<Vec<_>>(), all);
    let (ours, theirs) = (&entries[1], &entries[3]);
    assert_eq!((ours.kind, ours.id, &*ours.with), (EntryKind::Post, id(2), "me"));
    assert_eq!((ours.seq, ours.at, ours.direction), (Seq(1), Wall(50), Direction::Out));
    assert_eq!((theirs.kind, theirs.id, &*theirs.with), (EntryKind::Post, id(7), "bob"));
    assert_eq!(history(&mut store, HistoryOf::With(key(1)), None, 9).len(), 2);

    keep(&mut store, 80, Record::PostGone(id(2)));
    let later = Post { id: id(4), name: "hut".to_owned(), ..store_post() };
    keep(&mut store, 90, Record::Post(Box::new(later.clone())));
    store.commit().unwrap();
    assert_eq!(store.restore().unwrap().posts, [later]);
    assert_eq!(found(&mut store, "hills", HistoryOf::All), [""; 0]);
    assert_eq!(found(&mut store, "hut", HistoryOf::All), ["hut"]);
}

#[test]
fn a_transcript_is_in_the_history_of_both_and_makes_no_event() {
    let mut store = with_people();
    let transcript = |n, is_ours, text: &str| Record::Transcript {
        id: id(n),
        with: key(1),
        is_ours,
        text: text.to_owned(),
        sent: Wall(3),
    };
    assert_eq!(keep(&mut store, 5, transcript(1, false, "at the station")), []);
    keep(&mut store, 5, incoming(1, 2, "which station?"));
    keep(&mut store, 5, transcript(2, true, "north station"));
    keep(&mut store, 5, transcript(2, true, "north station"));
    keep(&mut store, 5, incoming(1, 3, "that station"));
    store.commit().unwrap();
    let all = ["that station", "north station", "which station?", "at the station"];
    assert_eq!(found(&mut store, "station", HistoryOf::All), all);
    assert_eq!(found(&mut store, "station", HistoryOf::With(key(1))), all);
    assert_eq!(found(&mut store, "station", HistoryOf::With(key(2))), [""; 0]);
    let entries = history(&mut store, HistoryOf::With(key(1)), None, 9);
    let listed: Vec<_> = entries.iter().rev().map(|e| (&*e.text, e.kind, e.direction)).collect();
    let (text, voice) = (EntryKind::Text, EntryKind::Voice);
    assert_eq!(
        listed,
        [
            (all[0], text, Direction::In),
            (all[1], voice, Direction::Out),
            (all[2], text, Direction::In),
            (all[3], voice, Direction::In),
        ]
    );
    assert_eq!((store.last_seq(), entries[0].seq), (Seq(2), Seq(0)));
    keep(&mut store, 5, transcript(9, false, "lost station"));
    store.rollback();
    assert_eq!(found(&mut store, "lost", HistoryOf::All), [""; 0]);
}

#[test]
fn grants_and_open_commands_come_back_and_the_last_id_of_each_asker_stays() {
    let mut store = with_people();
    let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let grant = |n, until| Grant { id: id(n), to: key(1), argv: argv(&["a b", "", "\""]), until };
    for grant in [grant(1, None), grant(2, Some(Wall(5)))] {
        keep(&mut store, 0, Record::Grant(Box::new(grant)));
    }
    keep(&mut store, 0, Record::GrantGone(id(1)));
    let run = |who, n, is_ours| OpenRun { id: id(n), with: key(who), is_ours, argv: argv(&["ls"]) };
    for run in [run(1, 3, false), run(1, 4, false), run(2, 5, false), run(1, 9, true)] {
        assert_eq!(keep(&mut store, 0, Record::Run(Box::new(run))), []);
    }
    let restored = store.restore().unwrap();
    assert_eq!(restored.grants, [grant(2, Some(Wall(5)))]);
    assert_eq!(
        restored.runs,
        [run(1, 3, false), run(1, 4, false), run(1, 9, true), run(2, 5, false)]
    );
    assert_eq!(restored.run_marks, [(key(1), id(4)), (key(2), id(5))]);
    for (who, n) in [(1, 4), (1, 3), (2, 5), (1, 9)] {
        keep(&mut store, 0, Record::RunGone(key(who), id(n)));
    }
    let restored = store.restore().unwrap();
    assert_eq!((restored.runs, restored.last_id), (vec![], Some(id(9))));
    assert_eq!(restored.run_marks, [(key(1), id(4)), (key(2), id(5))]);
    keep(&mut store, 0, Record::Run(Box::new(run(1, 6, false))));
    keep(&mut store, 0, Record::RunGone(key(1), id(6)));
    assert_eq!(store.restore().unwrap().run_marks, [(key(1), id(6)), (key(2), id(5))]);
    let count = "SELECT count(*) FROM runs";
    assert_eq!(store.db.connection.query_row(count, [], |row| row.get(0)), Ok(3));
}

pub(super) fn transfer(with: u8, n: u64, is_ours: bool) -> Transfer {
    Transfer {
        id: id(n),
        with: key(with),
        is_ours,
        offer: Offer {
            name: format!("file {n}"),
            bytes: 20,
            digest: Bytes([n as u8; 32]),
            voice: None,
            answers: None,
        },
        state: FileState::Offered,
        path: None,
        bytes: 0,
        modified_ns: 7,
        post: None,
        at: Wall(1),
    }
}

fn store_post() -> Post {
    Post {
        id: id(1),
        path: "/srv/x".to_owned(),
        name: String::new(),
        bytes: 1,
        digest: Bytes([1; 32]),
        modified_ns: 1,
        at: Wall(1),
    }
}

fn files(store: &mut ClientStore, live: &dyn Fn(MsgId) -> Option<u64>) -> Vec<FileRow> {
    let mut files = Vec::new();
    store.files(live, &mut |file| files.push(file)).unwrap();
    files
}

fn found(store: &mut ClientStore, words: &str, of: HistoryOf) -> Vec<String> {
    let mut texts = Vec::new();
    store.search(words, of, 9, &mut |entry| texts.push(entry.text)).unwrap();
    texts
}
