//! What a program that is not ours may say about files, and what comes of it.

use super::pair::{ANN, BOB, Pair, identity, name};
use crate::proto::bytes::{Blob, Bytes};
use crate::proto::client::transfers::{Key, Use};
use crate::proto::id::{FileId, MsgId};
use crate::proto::limits;
use crate::proto::model::command::{Place, Verb};
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::transfer::{FileState, Offer, PostState};
use crate::proto::wire::peer::{Chunk, Have, ToPeer, Want};

/// Somebody says this over the session that is open.
fn tell(pair: &mut Pair, n: usize, message: impl Into<ToPeer>) {
    let client = &mut pair.sides[n].client;
    let via = client.sessions.open_with(identity(1 - n).fingerprint()).expect("a session is open");
    client.tell(via, message);
    // Whatever they do next, what they said leaves with it.
    pair.say(n, Verb::Friends);
}

fn offer(bytes: u64, answers: Option<MsgId>) -> Offer {
    Offer { name: "trap".into(), bytes, digest: Bytes([7; 32]), voice: None, answers }
}

fn id_of(text: &str) -> MsgId {
    MsgId::from_text(text).expect("an id")
}

fn take(id: &str) -> Verb {
    Verb::Take { id: id.into(), place: None }
}

#[test]
fn what_is_wanted_over_and_over_waits_once() {
    let mut pair = Pair::friends();
    let id = pair.offer("/home/photo.jpg", &[1; 100]);
    let file = id_of(&id);
    let key = Key { with: identity(BOB).fingerprint(), is_ours: true, id: file };
    let transfers = &mut pair.sides[ANN].client.transfers;
    transfers.uses.extend((0..limits::FILES_OPEN as u64).map(|n| {
        // All places are taken.
        (FileId(1_000_000 + n), Use::Transfer(Key { id: MsgId::LAST, ..key }))
    }));
    for at in 0..50 {
        tell(&mut pair, BOB, Want { file, at });
    }
    pair.settle();
    assert_eq!(pair.sides[ANN].client.transfers.queue, [key]);
}

#[test]
fn places_sizes_and_counts_that_cannot_be_change_nothing() {
    let mut pair = Pair::friends();
    let content = vec![9; 3 * limits::CHUNK_BYTES];
    let id = pair.offer("/home/photo.jpg", &content);
    let file = id_of(&id);
    for at in [1, content.len() as u64 + 1, u64::MAX] {
        tell(&mut pair, BOB, Have { file, bytes: at });
        tell(&mut pair, ANN, Chunk { file, at, bytes: Blob(vec![1; 10]) });
    }
    tell(&mut pair, BOB, Want { file, at: u64::MAX });
    tell(&mut pair, BOB, Want { file, at: content.len() as u64 });
    pair.settle();
    let ticket = pair.say(BOB, take(&id));
    for at in [0, 1, 100_000, u64::MAX] {
        pair.step();
        for bytes in [vec![], vec![2; 4 * limits::CHUNK_BYTES / 3]] {
            tell(&mut pair, ANN, Chunk { file, at: at.max(1), bytes: Blob(bytes) });
        }
        tell(&mut pair, BOB, Have { file, bytes: u64::MAX - at });
    }
    pair.until(|pair| pair.sides[BOB].done.contains_key(&ticket));
    pair.settle();
    assert_eq!(pair.sides[BOB].done[&ticket], Ok(()));
    assert_eq!(pair.sides[BOB].files.at("/bob/photo.jpg"), Some(content.as_slice()));
}

#[test]
fn an_offer_under_the_id_of_our_own_question_is_none() {
    for answers in [false, true] {
        let mut pair = Pair::friends();
        let who = identity(BOB).fingerprint();
        // Bob's program never answers by itself: the post is asked for while he is away.
        pair.cut();
        let place = Some(Place::Into("/ann/posts".into()));
        pair.say(ANN, Verb::PostGet { owner: name(BOB), id: "ABCDEF".into(), place });
        pair.settle();
        let find = |pair: &Pair| {
            let entries = &pair.sides[ANN].client.transfers.by_key;
            entries.iter().find(|(_, entry)| entry.is_ask()).map(|(key, _)| *key)
        };
        let asked = find(&pair).expect("it waits");
        assert_eq!(asked.with, who);
        let body = Body::Offer(Box::new(offer(100, answers.then_some(asked.id))));
        let sent = crate::proto::time::Wall(1);
        pair.sides[ANN].client.on_letter(who, Letter { id: asked.id, sent, body });
        pair.say(ANN, Verb::Friends);
        pair.settle();
        assert_eq!(find(&pair), Some(asked));
        assert!(pair.sides[ANN].files_said().is_empty());
    }
}

#[test]
fn a_post_that_is_offered_goes_no_further_once_the_friendship_ends() {
    let mut pair = Pair::friends();
    pair.sides[ANN].files.put("/home/song", &vec![3; 8 << 20]);
    assert_eq!(pair.ask(ANN, Verb::PostAdd("/home/song".into())), Ok(()));
    let post = pair.sides[ANN].disk.posts.keys().next().expect("it is kept").to_text();
    let place = Some(Place::Into("/bob/posts".into()));
    let ticket = pair.say(BOB, Verb::PostGet { owner: name(ANN), id: post, place });
    pair.until(|pair| pair.sides[ANN].has_said(FileState::Taken));
    assert_eq!(pair.ask(ANN, Verb::Unfriend(name(BOB))), Ok(()));
    pair.until(|pair| pair.sides[BOB].done.contains_key(&ticket));
    pair.settle();
    assert!(pair.sides[BOB].done[&ticket].is_err());
    let failed = |event: &Event| matches!(event, Event::Post { state: PostState::Failed, .. });
    assert!(pair.sides[BOB].events.iter().any(failed));
    assert!(pair.sides[BOB].files.names("/bob/posts").is_empty());
    assert_eq!(pair.sides[ANN].files.opened(), 0);
    // What was sent as a file is theirs to take still.
    pair.sides[ANN].files.put("/home/photo", b"p");
    let send = Verb::Send { to: name(BOB), path: "/home/photo".into(), until: Stage::Delivered };
    assert_eq!(pair.ask(ANN, send), Ok(()));
}

#[test]
fn who_asks_for_our_posts_and_takes_no_answer_gets_few() {
    let mut pair = Pair::friends();
    pair.cut();
    let who = identity(BOB).fingerprint();
    let most = usize::from(limits::LISTINGS_UNTAKEN);
    for n in 0..2 * most as u8 {
        let (id, sent) = (MsgId(Bytes([n + 1; 16])), crate::proto::time::Wall(1));
        pair.sides[ANN].client.on_letter(who, Letter { id, sent, body: Body::WantPosts });
    }
    pair.say(ANN, Verb::Friends);
    pair.settle();
    assert_eq!(pair.sides[ANN].disk.waiting(who), most);
    // Once they take what waits, they are answered as ever, however often.
    pair.link();
    pair.settle();
    for _ in 0..2 * most {
        assert_eq!(pair.ask(BOB, Verb::PostList(Some(name(ANN)))), Ok(()));
    }
}
