//! A profile that is put back to an older state works with everybody whom it knew then.

use super::*;
use hobnob::proto::limits::{MAIL_AGAIN_LAST_MS, PREKEYS_FEW};
use hobnob::proto::model::record::{Found, Read};
use hobnob::shell::store::client::ClientStore;
use std::path::PathBuf;

const HOUR_MS: u64 = 3_600_000;

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hobnob-sim-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    /// Bob's profile goes into a file, and a copy of it beside.
    fn back_up(&self, world: &mut World) {
        world.kill(BOB);
        world.clients[BOB - 1].store = ClientStore::open_in_memory().expect("memory is there");
        std::fs::copy(self.0.join("now.db"), self.0.join("then.db")).expect("a copy");
        world.keep_in_file(BOB, &self.0.join("now.db"));
        world.start(BOB);
        world.run_for(SOON_MS);
    }

    fn put_back(&self, world: &mut World) {
        world.kill(BOB);
        world.put_back(BOB, &self.0.join("then.db"));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Ann and Bob, friends; Bob's profile is a file.
fn friends_on_disk(folder: &Folder) -> World {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.keep_in_file(BOB, &folder.0.join("now.db"));
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    world
}

fn keys_left(world: &mut World, node: Node) -> u32 {
    let owner = key(world, node);
    match world.server.store.query(Read::Standing(owner)).expect("memory is there") {
        Found::Standing { once, .. } => once,
        other => panic!("a standing was asked for: {other:?}"),
    }
}

/// Ann writes so much to Bob, who is away, a letter an envelope, with time for his keys.
fn write_for_hours(world: &mut World, hours: u64) {
    for hour in 0..hours {
        for n in 0..20 {
            world.msg_until(ANN, BOB, &format!("{hour}.{n}"), Stage::Held);
            world.run_for(SOON_MS);
        }
        world.run_for(HOUR_MS);
    }
}

fn last(world: &mut World, node: Node) -> String {
    texts(world, node).pop().expect("a text")
}

#[test]
fn an_older_profile_still_talks_both_ways_live_and_by_mail() {
    let folder = Folder::new("both-ways");
    let mut world = friends_on_disk(&folder);
    folder.back_up(&mut world);
    for n in 0..5 {
        world.msg(ANN, BOB, &n.to_string());
        world.msg(BOB, ANN, &n.to_string());
        world.run_for(SOON_MS);
    }
    folder.put_back(&mut world);
    let away = world.msg_until(ANN, BOB, "by mail", Stage::Held);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, away), None);
    world.start(BOB);
    world.run_for(60_000);
    assert_eq!(last(&mut world, BOB), "CANARY-PLAINTEXT by mail");
    let said = world.msg(BOB, ANN, "after it");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, said), None);
    assert_eq!(last(&mut world, ANN), "CANARY-PLAINTEXT after it");
    let answer = world.msg(ANN, BOB, "live");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, answer), None);
}

#[test]
fn mail_sealed_to_keys_that_an_older_profile_has_lost_is_sent_again() {
    let folder = Folder::new("lost-keys");
    let mut world = friends_on_disk(&folder);
    folder.back_up(&mut world);
    world.kill(BOB);
    while keys_left(&mut world, BOB) >= PREKEYS_FEW {
        write_for_hours(&mut world, 1);
    }
    world.start(BOB);
    world.run_for(60_000);
    let before = keys_left(&mut world, BOB);
    folder.put_back(&mut world);
    // The oldest keys go first: those that the older profile has, then those that it has not.
    write_for_hours(&mut world, 3);
    assert_eq!(keys_left(&mut world, BOB), before - 60);
    let mut store = ClientStore::open(&folder.0.join("now.db")).expect("the disk is there");
    let (newer, older) = (store.restore(), world.clients[BOB - 1].store.restore());
    assert!(newer.expect("a profile").prekeys.len() > older.expect("a profile").prekeys.len());
    world.start(BOB);
    world.run_for(60_000);
    let said = world.msg_until(ANN, BOB, "the last", Stage::Delivered);
    world.run_for(2 * MAIL_AGAIN_LAST_MS);
    assert_eq!(refusal(&world, ANN, said), None);
    let got: std::collections::BTreeSet<String> = texts(&mut world, BOB).into_iter().collect();
    for hour in 0..3 {
        for n in 0..20 {
            let text = format!("CANARY-PLAINTEXT {hour}.{n}");
            assert!(got.contains(&text), "{text} is lost");
        }
    }
}

#[test]
fn mail_of_one_who_stays_away_is_sent_again_to_keys_that_open() {
    let folder = Folder::new("away");
    let mut world = friends_on_disk(&folder);
    folder.back_up(&mut world);
    world.kill(BOB);
    while keys_left(&mut world, BOB) >= PREKEYS_FEW {
        write_for_hours(&mut world, 1);
    }
    world.start(BOB);
    world.run_for(60_000);
    folder.put_back(&mut world);
    write_for_hours(&mut world, 3);
    world.msg_until(ANN, BOB, "the last", Stage::Held);
    world.run_for(SOON_MS);
    // The two are never there together.
    for _ in 0..3 {
        world.kill(ANN);
        world.start(BOB);
        world.run_for(60_000);
        world.kill(BOB);
        world.start(ANN);
        world.run_for(60_000);
    }
    let got = texts(&mut world, BOB);
    assert!(got.contains(&"CANARY-PLAINTEXT the last".to_owned()), "{} came", got.len());
    let store = &mut world.clients[ANN - 1].store;
    store.outbox(&mut |row| panic!("{:?} is left", row.id)).expect("memory is there");
}
