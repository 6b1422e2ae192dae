//! What a server keeps beside its accounts.

use super::*;
use crate::proto::limits::{HELD_ROW_BYTES, PREKEYS};
use crate::proto::model::bond::TokenHash;
use crate::proto::model::prekey::{Prekey, PrekeyKind};
use crate::proto::model::record::{Found, HeldMail, Read, ServerRestored};
use crate::shell::store::schema::SERVER;

const POOL: &str = "100.64.0.0/10";

fn pool() -> Pool {
    Pool::parse(POOL).unwrap()
}

fn store() -> ServerStore {
    ServerStore::open_in_memory().unwrap()
}

/// Anna is 1, Bob is 2.
fn with_accounts() -> ServerStore {
    let mut store = store();
    for (n, name) in [(1, "anna"), (2, "bob")] {
        let address = pool().nth(n.into()).unwrap();
        store.keep(ServerRecord::Account(account(n, name, address))).unwrap();
    }
    store
}

fn hash(n: u8) -> TokenHash {
    TokenHash(Bytes([n; 16]))
}

fn reach(store: &mut ServerStore, owner: u8, tokens: &[u8], blocked: &[u8]) {
    let tokens = tokens.iter().map(|n| hash(*n)).collect();
    let blocked = blocked.iter().map(|n| key(*n)).collect();
    store.keep(ServerRecord::Reach { owner: key(owner), tokens, blocked }).unwrap();
}

/// Whether `asker` has a token of `owner`, and whether they are blocked.
fn right(store: &mut ServerStore, owner: u8, asker: u8, token: Option<u8>) -> (bool, bool) {
    let by = AccountKey::Key(key(owner));
    let asker = Some((key(asker), token.map(hash)));
    match store.query(Read::Account { by, asker }).unwrap() {
        Found::Account { has_token, is_blocked, .. } => (has_token, is_blocked),
        other => panic!("{other:?}"),
    }
}

fn mail(to: u8, from: u8, number: u64, at: i64, bytes: usize) -> HeldMail {
    let envelope = vec![number as u8; bytes];
    HeldMail { to: key(to), from: key(from), name: None, number, at: Wall(at), envelope }
}

fn hold(store: &mut ServerStore, mail: HeldMail) {
    store.keep(ServerRecord::Hold(mail)).unwrap();
}

/// Bytes in all, bytes of the depositor, the highest number.
fn held(store: &mut ServerStore, to: u8, from: u8) -> (u64, u64, u64) {
    match store.query(Read::Held { to: key(to), from: key(from) }).unwrap() {
        Found::Held { bytes, bytes_of_depositor, number } => (bytes, bytes_of_depositor, number),
        other => panic!("{other:?}"),
    }
}

fn collect(store: &mut ServerStore, to: u8, after: u64, most_bytes: usize) -> (Vec<u64>, bool) {
    match store.query(Read::Mail { to: key(to), after, most_bytes }).unwrap() {
        Found::Mail { mail, more } => (mail.iter().map(|mail| mail.number).collect(), more),
        other => panic!("{other:?}"),
    }
}

fn prekey_of(kind: PrekeyKind, id: u32, made: i64) -> Prekey {
    Prekey { kind, id, key: Bytes([id as u8; 32]), made: Wall(made), signature: Bytes([9; 64]) }
}

fn publish(store: &mut ServerStore, owner: u8, keys: Vec<Prekey>) {
    store.keep(ServerRecord::Publish(key(owner), keys)).unwrap();
}

fn prekeys(store: &mut ServerStore, owner: u8) -> (Option<Prekey>, Option<Prekey>) {
    match store.query(Read::Prekeys(key(owner))).unwrap() {
        Found::Prekeys { once, weekly } => (once, weekly),
        other => panic!("{other:?}"),
    }
}

fn standing(store: &mut ServerStore, owner: u8) -> (u32, Option<i64>, u64) {
    match store.query(Read::Standing(key(owner))).unwrap() {
        Found::Standing { once, weekly, number } => (once, weekly.map(|made| made.0), number),
        other => panic!("{other:?}"),
    }
}

fn rows(store: &ServerStore, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    store.db.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_file_of_version_1_is_brought_up_to_date_and_keeps_its_accounts() {
    let file = Scratch::new("server-1");
    let old = Schema { migrations: &SERVER.migrations[..1], ..SERVER };
    let address = pool().nth(6).unwrap();
    let bob = account(2, "bob", address);
    {
        let db = Db::open(&file.path, &old).unwrap();
        let identity = [&bob.identity.sign.0[..], &bob.identity.dh.0, &bob.identity.binding.0];
        db.connection
            .execute(
                "INSERT INTO accounts VALUES (?1, 'bob', ?2, ?3, ?4, ?5)",
                rusqlite::params![
                    &bob.fingerprint.0.0[..],
                    u32::from(address),
                    identity.concat(),
                    "public",
                    bob.seen.0
                ],
            )
            .unwrap();
    }
    let mut store = ServerStore::open(&file.path).unwrap();
    assert_eq!(store.account(&AccountKey::Key(key(2))).unwrap(), Some(bob));
    let past = store.restore(pool(), Bytes([7; 16])).unwrap();
    let expected = ServerRestored { next_address: 7, epoch: Bytes([7; 16]), oldest: None };
    assert_eq!(past, expected);
    hold(&mut store, mail(2, 1, 1, 50, 10));
    store.commit().unwrap();
    assert_eq!(collect(&mut store, 2, 0, 100), (vec![1], false));
}

#[test]
fn the_epoch_is_made_with_the_disk_and_stays() {
    let file = Scratch::new("epoch");
    for seed in [1, 2, 3] {
        let mut store = ServerStore::open(&file.path).unwrap();
        let past = store.restore(pool(), Bytes([seed; 16])).unwrap();
        assert_eq!(past.epoch, Bytes([1; 16]));
    }
}

#[test]
fn tokens_and_blocks_are_each_owners_and_replaced_as_a_whole() {
    let mut store = with_accounts();
    reach(&mut store, 1, &[7, 8, 8], &[2, 3]);
    reach(&mut store, 2, &[7], &[]);
    assert_eq!(right(&mut store, 1, 2, Some(8)), (true, true));
    assert_eq!(right(&mut store, 1, 4, Some(9)), (false, false));
    assert_eq!(right(&mut store, 1, 3, None), (false, true));
    assert_eq!(right(&mut store, 2, 1, Some(7)), (true, false));
    assert_eq!(right(&mut store, 2, 1, Some(8)), (false, false));
    assert_eq!(right(&mut store, 9, 1, Some(7)), (false, false));
    let blockers = |store: &mut ServerStore, n| match store.query(Read::BlockersOf(key(n))) {
        Ok(Found::BlockersOf(them)) => them,
        other => panic!("{other:?}"),
    };
    assert_eq!(blockers(&mut store, 3), [key(1)]);
    reach(&mut store, 1, &[8, 9], &[2]);
    assert_eq!(right(&mut store, 1, 3, Some(7)), (false, false));
    assert_eq!(right(&mut store, 1, 2, Some(9)), (true, true));
    assert_eq!(blockers(&mut store, 3), []);
    assert_eq!(right(&mut store, 2, 1, Some(7)), (true, false), "others keep theirs");
}

#[test]
fn the_same_lists_again_write_nothing() {
    let mut store = with_accounts();
    reach(&mut store, 1, &[7, 8], &[2]);
    store.commit().unwrap();
    let before = store.db.connection.total_changes();
    reach(&mut store, 1, &[8, 7], &[2]);
    store.commit().unwrap();
    assert_eq!(store.db.connection.total_changes(), before);
}

#[test]
fn one_time_keys_go_oldest_first_and_each_once() {
    let mut store = with_accounts();
    let once = |id, made| prekey_of(PrekeyKind::Once, id, made);
    publish(&mut store, 1, vec![once(5, 30), once(u32::MAX, 10), once(7, 20)]);
    publish(&mut store, 2, vec![once(1, 1)]);
    for id in [u32::MAX, 7, 5] {
        let (given, weekly) = prekeys(&mut store, 1);
        assert_eq!((given.map(|key| key.id), weekly), (Some(id), None));
        store.keep(ServerRecord::Spent(key(1), id)).unwrap();
    }
    assert_eq!(prekeys(&mut store, 1), (None, None));
    assert_eq!(prekeys(&mut store, 2).0, Some(once(1, 1)));
}

#[test]
fn a_prekey_is_kept_whole_its_number_once_and_a_weekly_one_replaced() {
    let mut store = with_accounts();
    let first = prekey_of(PrekeyKind::Once, 3, 10);
    publish(&mut store, 1, vec![first.clone(), prekey_of(PrekeyKind::Weekly, 3, 40)]);
    publish(&mut store, 1, vec![Prekey { key: Bytes([1; 32]), ..first.clone() }]);
    let weekly = prekey_of(PrekeyKind::Weekly, 4, 50);
    publish(&mut store, 1, vec![weekly.clone()]);
    assert_eq!(prekeys(&mut store, 1), (Some(first), Some(weekly)));
    assert_eq!(standing(&mut store, 1), (1, Some(50), 0));
    assert_eq!(standing(&mut store, 2), (0, None, 0));
}

#[test]
fn one_time_keys_taken_back_are_gone_and_their_numbers_free() {
    let mut store = with_accounts();
    let once = prekey_of(PrekeyKind::Once, 3, 10);
    let weekly = prekey_of(PrekeyKind::Weekly, 4, 50);
    publish(&mut store, 1, vec![once.clone(), weekly.clone()]);
    publish(&mut store, 2, vec![once.clone()]);
    store.keep(ServerRecord::Unpublish(key(1))).unwrap();
    assert_eq!(prekeys(&mut store, 1), (None, Some(weekly)));
    assert_eq!(standing(&mut store, 2).0, 1, "others keep theirs");
    let anew = Prekey { key: Bytes([1; 32]), ..once };
    publish(&mut store, 1, vec![anew.clone()]);
    assert_eq!(prekeys(&mut store, 1).0, Some(anew));
}

#[test]
fn one_time_keys_are_bounded_over_all_that_is_laid_out() {
    let mut store = with_accounts();
    let many = |from: u32| (from..from + 60).map(|id| prekey_of(PrekeyKind::Once, id, 0)).collect();
    publish(&mut store, 1, many(0));
    publish(&mut store, 1, many(30));
    assert_eq!(standing(&mut store, 1).0, 90, "what is there already takes no second place");
    publish(&mut store, 1, many(200));
    assert_eq!(standing(&mut store, 1).0, PREKEYS as u32);
}

#[test]
fn mail_is_read_in_order_in_pages_of_bytes_and_at_least_one() {
    let mut store = with_accounts();
    for number in 1..=4 {
        hold(&mut store, mail(2, 1, number, 50, 100));
    }
    hold(&mut store, mail(1, 2, 1, 50, 100));
    assert_eq!(collect(&mut store, 2, 0, 250), (vec![1, 2], true));
    assert_eq!(collect(&mut store, 2, 2, 250), (vec![3, 4], false));
    assert_eq!(collect(&mut store, 2, 1, 1), (vec![2], true));
    assert_eq!(collect(&mut store, 2, 4, 250), (vec![], false));
    let page = store.query(Read::Mail { to: key(1), after: 0, most_bytes: 9 }).unwrap();
    let name = Name::parse("bob").ok();
    let mail = vec![HeldMail { name, ..mail(1, 2, 1, 50, 100) }];
    assert_eq!(page, Found::Mail { mail, more: false });
}

#[test]
fn quotas_count_what_is_held_now_and_numbers_all_that_ever_was() {
    let mut store = with_accounts();
    let each = (100 + HELD_ROW_BYTES) as u64;
    hold(&mut store, mail(2, 1, 1, 50, 100));
    hold(&mut store, mail(2, 3, 2, 60, 100));
    hold(&mut store, mail(2, 1, 3, 70, 100));
    hold(&mut store, mail(1, 3, 1, 40, 100));
    assert_eq!(held(&mut store, 2, 1), (3 * each, 2 * each, 3));
    assert_eq!(held(&mut store, 2, 9), (3 * each, 0, 3));
    assert_eq!(store.mail_count(), Ok((4, 4 * each)));
    store.keep(ServerRecord::Taken(key(2), 2)).unwrap();
    assert_eq!(held(&mut store, 2, 1), (each, each, 3));
    assert_eq!(held(&mut store, 2, 3), (each, 0, 3));
    store.keep(ServerRecord::Taken(key(2), u64::MAX)).unwrap();
    assert_eq!(held(&mut store, 2, 1), (0, 0, 3));
    assert_eq!(standing(&mut store, 2).2, 3);
    assert_eq!(rows(&store, "shares"), 1, "only what is held takes room");
    assert_eq!(held(&mut store, 1, 3), (each, each, 1));
}

#[test]
fn expired_mail_goes_and_the_rest_stays_in_the_sums() {
    let mut store = with_accounts();
    let each = (100 + HELD_ROW_BYTES) as u64;
    let oldest = |store: &mut ServerStore| store.query(Read::Oldest).unwrap();
    assert_eq!(oldest(&mut store), Found::Oldest(None));
    for (number, at) in [(1, 70), (2, 50), (3, 60)] {
        hold(&mut store, mail(2, 1, number, at, 100));
    }
    hold(&mut store, mail(1, 2, 1, 55, 100));
    assert_eq!(oldest(&mut store), Found::Oldest(Some(Wall(50))));
    store.keep(ServerRecord::Expire(Wall(60))).unwrap();
    assert_eq!(oldest(&mut store), Found::Oldest(Some(Wall(60))));
    assert_eq!(collect(&mut store, 2, 0, 1000), (vec![1, 3], false));
    assert_eq!(held(&mut store, 2, 1), (2 * each, 2 * each, 3));
    assert_eq!(held(&mut store, 1, 2), (0, 0, 1));
}

#[test]
fn forgetting_leaves_nothing_of_an_account() {
    let mut store = with_accounts();
    reach(&mut store, 2, &[7], &[1]);
    publish(&mut store, 2, vec![prekey_of(PrekeyKind::Once, 1, 1)]);
    hold(&mut store, mail(2, 1, 1, 50, 100));
    hold(&mut store, mail(1, 2, 1, 50, 100));
    store.keep(ServerRecord::Forget(key(2))).unwrap();
    for (table, left) in [
        ("accounts", 1),
        ("tokens", 0),
        ("blocks", 0),
        ("prekeys", 0),
        ("mail", 1),
        ("boxes", 1),
        ("shares", 1),
    ] {
        assert_eq!(rows(&store, table), left, "{table}");
    }
    assert_eq!(collect(&mut store, 1, 0, 1000), (vec![1], false), "what they sent is the others'");
}

#[test]
fn what_a_wake_holds_is_there_whole_or_not_at_all() {
    let file = Scratch::new("held");
    let mut store = ServerStore::open(&file.path).unwrap();
    hold(&mut store, mail(2, 1, 1, 50, 100));
    store.commit().unwrap();
    hold(&mut store, mail(2, 1, 2, 50, 100));
    store.keep(ServerRecord::Taken(key(2), 1)).unwrap();
    store.rollback();
    drop(store);
    let mut store = ServerStore::open(&file.path).unwrap();
    assert_eq!(collect(&mut store, 2, 0, 1000), (vec![1], false));
    assert_eq!(held(&mut store, 2, 1).2, 1);
    assert_eq!(store.restore(pool(), Bytes([0; 16])).unwrap().oldest, Some(Wall(50)));
}

#[test]
fn nothing_that_is_read_at_each_deposit_walks_through_a_table() {
    let mut store = with_accounts();
    hold(&mut store, mail(2, 1, 1, 50, 100));
    let plans = [
        "SELECT bytes, number FROM boxes WHERE owner = ?1",
        "SELECT bytes FROM shares WHERE owner = ?1 AND depositor = ?1",
        "SELECT min(at) FROM mail",
        "SELECT number FROM mail WHERE owner = ?1 AND number > 1 ORDER BY number",
        "SELECT 1 FROM tokens WHERE owner = ?1 AND hash = ?1",
        "SELECT 1 FROM blocks WHERE owner = ?1 AND blocked = ?1",
        "SELECT owner FROM blocks WHERE blocked = ?1",
        "DELETE FROM mail WHERE owner = ?1 AND number <= 1",
        "DELETE FROM mail WHERE at < ?1",
    ];
    for sql in plans {
        let sql = sql.replace("?1", "x'00'");
        let plan = format!("EXPLAIN QUERY PLAN {sql}");
        let plan: String = store.db.connection.query_row(&plan, [], |row| row.get(3)).unwrap();
        assert!(plan.starts_with("SEARCH"), "{sql}: {plan}");
    }
}
