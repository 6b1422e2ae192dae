//! Groups and their rosters, and the upgrade of a profile and of a server that knew none.

use super::*;
use crate::proto::model::group::{
    Candidate, GroupTarget, Handover, Listing, Member, Roster, SignedRoster, Unheard,
};
use crate::proto::model::record::{Found, Read};

#[test]
fn groups_come_back_as_they_were_kept() {
    let file = Scratch::new("groups");
    let mut store = ClientStore::open(&file.path).unwrap();
    let mut asked = row(1, "tea", 2);
    asked.standing = Standing::Asked;
    let mut ours = row(2, "chess", 1);
    ours.roster = Some(signed(2, "chess", 7, 3));
    ours.candidates = vec![candidate(8, true), candidate(9, false)];
    let mut former = row(3, "tea", 3);
    (former.standing, former.roster) = (Standing::Out, Some(signed(3, "tea", 2, 2)));
    for group in [&asked, &ours, &former] {
        keep(&mut store, 0, Record::Group(Box::new(group.clone())));
    }
    store.commit().unwrap();
    keep(&mut store, 0, Record::GroupGone(asked.group));
    keep(&mut store, 0, Record::Group(Box::new(row(2, "chess", 1))));
    drop(store);

    let mut store = ClientStore::open(&file.path).unwrap();
    let kept = [asked.clone(), ours.clone(), former.clone()];
    assert_eq!(store.restore().unwrap().groups, kept);
    // Somebody in the middle is out, one is let in, and one who asked is not.
    let roster = ours.roster.as_mut().unwrap();
    roster.roster.members.remove(1);
    roster.roster.members.push(member(40));
    roster.roster.epoch += 2;
    ours.candidates.remove(0);
    keep(&mut store, 0, Record::Group(Box::new(ours.clone())));
    keep(&mut store, 0, Record::GroupGone(asked.group));
    keep(&mut store, 0, Record::GroupGone(asked.group));
    assert_eq!(store.restore().unwrap().groups, [ours, former]);
    let mut statement = store.db.connection.prepare(ROSTERS).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let rows: Vec<(String, i64, Option<String>)> = rows.map(Result::unwrap).collect();
    let named = |place, n: u8| ("chess".to_owned(), place, Some(format!("m{n}")));
    assert_eq!(rows, [named(0, 1), named(1, 3), named(2, 40)]);
}

const ROSTERS: &str = "SELECT in_group, place, name FROM rosters";

#[test]
fn of_a_large_roster_only_what_changed_is_written() {
    let mut store = with_people();
    let mut large = row(1, "all", 1);
    large.roster = Some(signed(1, "all", 1, 250));
    let mut changes = |group: &GroupRow| {
        let before = store.db.connection.total_changes();
        keep(&mut store, 0, Record::Group(Box::new(group.clone())));
        store.db.connection.total_changes() - before
    };
    let members = large.roster.as_ref().unwrap().roster.members.len() as u64;
    assert_eq!(changes(&large), 1 + members);
    assert_eq!(changes(&large), 0);
    large.candidates.push(candidate(9, false));
    assert_eq!(changes(&large), 1);
    large.roster.as_mut().unwrap().roster.members.pop();
    assert_eq!(changes(&large), 2);
}

#[test]
fn groups_of_one_name_are_told_apart_by_their_leaders() {
    let mut store = with_group();
    keep(&mut store, 0, Record::Me(Name::parse("me").unwrap(), Ipv4Addr::new(100, 64, 0, 9)));
    keep(&mut store, 0, heard(1, 1, "hi"));
    let mine = GroupId(Bytes([2; 16]));
    let shown_as = |store: &mut ClientStore| {
        let group = history(store, HistoryOf::Group(TEA), None, 9).remove(0).group.unwrap();
        let Notice::Event { event: Event::Message { group: logged, .. }, .. } =
            log(store, 0, 1).remove(0)
        else {
            panic!("a message was said")
        };
        assert_eq!(logged, Some(group.clone()));
        group
    };
    assert_eq!(shown_as(&mut store), "tea");
    // Number 9 is no person of ours: they are ourselves.
    keep(&mut store, 0, group(mine, "tea", 9, Standing::Member));
    assert_eq!(shown_as(&mut store), "tea@carol");
    let said = Record::Say {
        id: id(5),
        group: mine,
        epoch: 1,
        text: String::new(),
        sent: Wall(0),
        to: Vec::new(),
    };
    keep(&mut store, 0, said);
    assert_eq!(history(&mut store, HistoryOf::Group(mine), None, 1)[0].with, "tea@me");
    let like = |store: &mut ClientStore, text: &str| {
        store.groups_like(&GroupTarget::parse(text).unwrap()).unwrap()
    };
    assert_eq!(like(&mut store, "TEA"), [TEA, mine]);
    assert_eq!(like(&mut store, "tea@carol"), [TEA]);
    assert_eq!(like(&mut store, &format!("tea@{}", key(2))), [TEA]);
    assert_eq!(like(&mut store, "tea@100.64.0.2"), [TEA]);
    assert_eq!(like(&mut store, "tea@me"), [mine]);
    assert_eq!(like(&mut store, "tea@bob"), []);
    assert_eq!(like(&mut store, "tea@nobody"), []);
    assert_eq!(like(&mut store, "coffee"), []);

    // One that is over leaves the name to the other, and is found only where no other is.
    keep(&mut store, 0, group(mine, "tea", 9, Standing::Out));
    assert_eq!(shown_as(&mut store), "tea");
    assert_eq!(like(&mut store, "tea"), [TEA]);
    assert_eq!(like(&mut store, "tea@me"), [mine]);
}

#[test]
fn a_group_that_is_gone_leaves_what_was_said_in_it() {
    let mut store = with_group();
    keep(&mut store, 0, heard(1, 1, "last words"));
    keep(&mut store, 0, say(2, &[1]));
    keep(&mut store, 0, Record::GroupGone(TEA));
    assert_eq!(store.restore().unwrap().groups, []);
    let entries = history(&mut store, HistoryOf::Group(TEA), None, 9);
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.group.as_deref() == Some("tea")));
    assert_eq!(page(&mut store, 0, 9), (vec![2], false));
    // It may come to life again.
    keep(&mut store, 0, group(TEA, "tea", 2, Standing::Invited));
    assert_eq!(store.restore().unwrap().groups.len(), 1);
}

#[test]
fn unheard_talk_waits_until_it_was_judged() {
    let mut store = with_people();
    let unheard = |from, n: u64| Unheard {
        id: id(n),
        from: key(from),
        sent: Wall(7),
        talk: Talk { group: TEA, epoch: u64::MAX - n, text: format!("early {n}") },
    };
    for (from, n) in [(2, 1), (1, 2), (1, 1), (1, 1)] {
        assert_eq!(keep(&mut store, 0, Record::Unheard(unheard(from, n))), []);
    }
    let kept = [unheard(1, 1), unheard(1, 2), unheard(2, 1)];
    assert_eq!(store.restore().unwrap().unheard, kept);
    keep(&mut store, 0, Record::UnheardGone(key(1), id(1)));
    assert_eq!(store.restore().unwrap().unheard, kept[1..]);
}

#[test]
fn a_profile_of_the_third_version_keeps_all_it_has_and_learns_of_groups() {
    let file = Scratch::new("upgrade-3");
    let third = Schema { migrations: &schema::CLIENT.migrations[..3], ..schema::CLIENT };
    let db = Db::open(&file.path, &third).unwrap();
    let identity = [[1u8; 32], [2; 32], [3; 32], [3; 32]].concat();
    let person = "INSERT INTO people (id, fingerprint, name, identity) VALUES (1, ?1, 'bob', ?2)";
    db.connection.execute(person, rusqlite::params![&key(1).0.0[..], identity]).unwrap();
    for (seq, stage) in [(1, Some(3)), (2, Some(-1)), (3, None)] {
        let message = "INSERT INTO messages (seq, person, out, id, stage, sent, at, text)
            VALUES (?1, 1, ?2, ?3, ?4, 1000, 5, ?5)";
        let text = format!("text {seq}");
        let values = rusqlite::params![seq, stage.is_some(), &id(seq as u64).0.0[..], stage, text];
        db.connection.execute(message, values).unwrap();
    }
    let rest =
        "INSERT INTO events VALUES (4, 2, 5, 'receipts', '{\"state\":\"held\",\"of\":[[1,2]]}');
        INSERT INTO word_index (rowid, words) VALUES (1, 'text 1');
        INSERT INTO settings VALUES ('indexed', '1')";
    db.connection.execute_batch(rest).unwrap();
    drop(db);

    let mut store = ClientStore::open(&file.path).unwrap();
    assert_eq!((store.last_seq(), log(&mut store, 0, 9).len()), (Seq(5), 5));
    assert_eq!(page(&mut store, 0, 9), (vec![1, 2], false));
    let restored = store.restore().unwrap();
    assert_eq!((restored.oldest_held, restored.last_id), (Some(Wall(1000)), Some(id(2))));
    assert_eq!(restored.groups, []);
    keep(&mut store, 0, group(TEA, "tea", 1, Standing::Member));
    assert_eq!(numbers(&keep(&mut store, 0, say(3, &[1]))), [6]);
    keep(&mut store, 0, heard(1, 9, "text of a group"));
    let held = keep(&mut store, 0, receipts(1, 1, 3, Stage::Held));
    assert_eq!(states(&held), [(3, Stage::Held)]);
    store.commit().unwrap();
    let mut texts = Vec::new();
    store.search("text", HistoryOf::All, 9, &mut |entry| texts.push(entry.text)).unwrap();
    assert_eq!(texts, ["text of a group", "text 3", "text 2", "text 1"]);
    let count = "SELECT count(*) FROM conversation";
    assert_eq!(store.db.connection.query_row(count, [], |row| row.get(0)), Ok(5));
    drop(store);
    assert_eq!(ClientStore::open(&file.path).unwrap().last_seq(), Seq(8));
}

#[test]
fn public_groups_are_listed_by_name_and_leader_while_their_leader_is_public() {
    let mut store = ServerStore::open_in_memory().unwrap();
    let mut accounts: Vec<Account> = [(1, "carol"), (2, "anna"), (3, "bob")]
        .map(|(n, name)| account(n, name, Ipv4Addr::new(100, 64, 0, n)))
        .into();
    for account in &accounts {
        store.keep(ServerRecord::Account(account.clone())).unwrap();
    }
    led(&mut store, 1, &["tea", "chess"]);
    led(&mut store, 2, &["tea", "zoo"]);
    led(&mut store, 3, &["tea"]);
    led(&mut store, 9, &["nobodys"]);
    let all = ["chess@carol", "tea@anna", "tea@bob", "tea@carol", "zoo@anna"];
    assert_eq!(listed(&mut store, None, None, 9), (all.map(str::to_owned).to_vec(), false));
    let first = listed(&mut store, None, None, 2);
    assert_eq!(first, (all[..2].iter().map(|&s| s.to_owned()).collect(), true));
    let second = listed(&mut store, None, Some(("tea", "anna")), 2);
    assert_eq!(second, (all[2..4].iter().map(|&s| s.to_owned()).collect(), true));
    let third = listed(&mut store, None, Some(("tea", "carol")), 2);
    assert_eq!(third, (vec!["zoo@anna".to_owned()], false));
    let teas = listed(&mut store, Some("tea"), None, 2);
    assert_eq!(teas, (vec!["tea@anna".to_owned(), "tea@bob".to_owned()], true));
    let teas = listed(&mut store, Some("tea"), Some(("tea", "bob")), 2);
    assert_eq!(teas, (vec!["tea@carol".to_owned()], false));

    accounts[0].visibility = Visibility::Private;
    store.keep(ServerRecord::Account(accounts[0].clone())).unwrap();
    led(&mut store, 2, &["tea"]);
    assert_eq!(listed(&mut store, None, None, 9).0, ["tea@anna", "tea@bob"]);
    store.commit().unwrap();
    store.keep(ServerRecord::Forget(key(3))).unwrap();
    assert_eq!(listed(&mut store, None, None, 9).0, ["tea@anna"]);
    // Whoever comes after them does not lead what they led.
    store.keep(ServerRecord::Account(accounts[2].clone())).unwrap();
    assert_eq!(listed(&mut store, None, None, 9).0, ["tea@anna"]);
    store.rollback();
    assert_eq!(listed(&mut store, None, None, 9).0, ["tea@anna", "tea@bob"]);
}

#[test]
fn a_server_of_the_second_version_keeps_its_accounts_and_learns_of_groups() {
    let file = Scratch::new("upgrade-server");
    let second = Schema { migrations: &schema::SERVER.migrations[..2], ..schema::SERVER };
    let db = Db::open(&file.path, &second).unwrap();
    let account = "INSERT INTO accounts VALUES (?1, 'anna', 1, ?2, 'public', 5)";
    let identity = [[2u8; 32], [3; 32], [4; 32], [4; 32]].concat();
    db.connection.execute(account, rusqlite::params![&key(2).0.0[..], identity]).unwrap();
    drop(db);
    let mut store = ServerStore::open(&file.path).unwrap();
    assert_eq!(store.accounts_count(), Ok(1));
    led(&mut store, 2, &["tea"]);
    assert_eq!(listed(&mut store, None, None, 9).0, ["tea@anna"]);
}

fn led(store: &mut ServerStore, who: u8, names: &[&str]) {
    let names = names.iter().map(|name| Name::parse(name).unwrap()).collect();
    store.keep(ServerRecord::Groups(key(who), names)).unwrap();
}

fn listed(
    store: &mut ServerStore,
    name: Option<&str>,
    after: Option<(&str, &str)>,
    most_rows: usize,
) -> (Vec<String>, bool) {
    let parse = |name: &str| Name::parse(name).unwrap();
    let after = after.map(|(name, leader)| Listing { name: parse(name), leader: parse(leader) });
    let read = Read::Groups { name: name.map(parse), after, most_rows };
    let Found::Groups { groups, more } = store.query(read).unwrap() else {
        panic!("groups were asked for")
    };
    (groups.iter().map(|group| format!("{}@{}", group.name, group.leader)).collect(), more)
}

fn row(n: u8, name: &str, leader: u8) -> GroupRow {
    let (group, name) = (GroupId(Bytes([n; 16])), Name::parse(name).unwrap());
    let (standing, leader) = (Standing::Member, key(leader));
    GroupRow { group, name, leader, standing, roster: None, candidates: Vec::new() }
}

fn signed(group: u8, name: &str, epoch: u64, members: u8) -> SignedRoster {
    let name = Name::parse(name).unwrap();
    let handover = Handover { from: identity(1), to: key(2), epoch: 5, signature: Bytes([7; 64]) };
    SignedRoster {
        roster: Roster {
            group: GroupId(Bytes([group; 16])),
            nonce: Bytes([4; 16]),
            name,
            is_public: group == 2,
            epoch,
            reach: Bytes([5; 16]),
            before: vec![Bytes([9; 16])],
            members: (1..=members).map(member).collect(),
        },
        signature: Bytes([6; 64]),
        handovers: vec![handover],
    }
}

fn member(n: u8) -> Member {
    Member { identity: identity(n), name: Name::parse(&format!("m{n}")).ok() }
}

fn candidate(n: u8, is_invited: bool) -> Candidate {
    Candidate { who: key(n), is_invited }
}
