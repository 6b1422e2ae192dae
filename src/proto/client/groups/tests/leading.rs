use super::*;
use crate::proto::bytes::Bytes;
use crate::proto::model::group::{Change, Step};

#[test]
fn the_longest_member_leads_after_a_leader_who_leaves() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.leave(ANN);
    world.settle();
    world.agree(&[BOB, CAT], &["bob*", "cat"]);
    assert_eq!(world.events(ANN), ["climbers left ann"]);
    assert_eq!(world.events(CAT), ["climbers left ann", "climbers leads bob"]);
    world.meet(BOB, DAN);
    world.invite(BOB, DAN);
    world.settle();
    world.join(DAN, "climbers");
    world.settle();
    world.agree(&[BOB, CAT, DAN], &["bob*", "cat", "dan"]);
}

#[test]
fn who_asked_a_leader_who_leaves_is_told() {
    let mut world = World::new();
    world.create("climbers", false);
    world.invite(ANN, BOB);
    world.settle();
    world.join(BOB, "climbers");
    world.join(CAT, "climbers@ann");
    world.invite(ANN, DAN);
    world.settle();
    world.leave(ANN);
    world.settle();
    assert!(world.groups(CAT).is_empty() && world.groups(DAN).is_empty());
    world.agree(&[BOB], &["bob*"]);
}

#[test]
fn a_group_is_over_with_its_last_member() {
    let mut world = World::with_group(&[BOB]);
    world.leave(ANN);
    world.settle();
    world.leave(BOB);
    world.settle();
    assert!(world.groups(ANN).is_empty() && world.groups(BOB).is_empty());
    world.join(CAT, "climbers@ann");
    world.settle();
    assert_eq!(world.groups(CAT), ["climbers asked"], "nobody is there to let them in");
}

#[test]
fn who_missed_a_handover_and_all_around_it_catches_up() {
    let mut world = World::with_group(&[BOB, CAT, DAN]);
    world.away(DAN);
    world.leave(ANN);
    world.settle();
    world.kick(BOB, CAT);
    world.lose_all_to(DAN);
    world.settle();
    // All that was for dan is lost, and bob is the first from whom he hears.
    world.say(BOB, "anybody?");
    world.away.remove(&DAN);
    world.settle();
    world.agree(&[BOB, DAN], &["bob*", "dan"]);
    assert_eq!(world.heard(DAN), ["bob: anybody?"]);
}

#[test]
fn who_was_put_back_to_an_older_state_is_told_when_they_talk() {
    let mut world = World::with_group(&[BOB, CAT]);
    let old = world.nodes[BOB].disk.clone();
    world.kick(ANN, CAT);
    world.join(DAN, "climbers@ann");
    world.settle();
    world.restart(BOB, old);
    world.forget();
    world.say(BOB, "hello");
    world.settle();
    assert_eq!(world.heard(ANN), ["bob: hello"]);
    world.agree(&[ANN, BOB, DAN], &["ann*", "bob", "dan"]);
    assert!(world.heard(CAT).is_empty());
}

#[test]
fn a_leader_who_was_put_back_takes_up_the_later_roster() {
    let mut world = World::with_group(&[BOB, CAT]);
    let old = world.nodes[ANN].disk.clone();
    world.join(DAN, "climbers@ann");
    world.settle();
    world.restart(ANN, old);
    world.say(BOB, "hello");
    world.settle();
    world.agree(&[ANN, BOB, CAT, DAN], &["ann*", "bob", "cat", "dan"]);
    assert_eq!(world.heard(ANN), ["bob: hello"]);
}

#[test]
fn what_a_leader_did_who_was_put_back_is_done_in_the_later_roster() {
    for later in [1, 2] {
        let mut world = World::with_group(&[BOB, CAT]);
        let old = world.nodes[ANN].disk.clone();
        world.join(DAN, "climbers@ann");
        world.settle();
        if later == 2 {
            world.kick(ANN, DAN);
            world.settle();
        }
        world.restart(ANN, old);
        world.kick(ANN, CAT);
        world.settle();
        let rest: &[&str] = if later == 1 { &["ann*", "bob", "dan"] } else { &["ann*", "bob"] };
        world.agree(&[ANN, BOB], rest);
        assert!(world.groups(CAT).is_empty());
    }
}

#[test]
fn a_leader_who_was_put_back_to_before_the_handover_leads_no_more() {
    let mut world = World::with_group(&[BOB, CAT]);
    let old = world.nodes[ANN].disk.clone();
    world.leave(ANN);
    world.settle();
    world.restart(ANN, old);
    for n in 0..5 {
        let (who, step) = (if n % 2 == 0 { CAT } else { DAN }, n % 2 == 0);
        let _ = match step {
            true => world.verb(ANN, GroupVerb::Kick(target("climbers"), named(who))),
            false => world.verb(ANN, GroupVerb::Invite(target("climbers"), named(who))),
        };
    }
    world.settle();
    world.agree(&[BOB, CAT], &["bob*", "cat"]);
    assert!(world.groups(ANN).is_empty(), "{:?}", world.groups(ANN));
}

#[test]
fn without_their_leader_a_group_talks_on_and_members_leave() {
    let mut world = World::with_group(&[BOB, CAT, DAN]);
    world.away(ANN);
    world.say(BOB, "where is ann?");
    world.leave(CAT);
    world.settle();
    world.agree(&[BOB, DAN], &["ann*", "bob", "dan"]);
    assert_eq!(world.events(BOB), ["climbers left cat"]);
    world.say(DAN, "gone, like cat");
    world.settle();
    assert_eq!(world.heard(BOB), ["dan: gone, like cat"]);
    assert!(!world.heard(CAT).contains(&"dan: gone, like cat".to_owned()));
    world.back(ANN);
    world.agree(&[ANN, BOB, DAN], &["ann*", "bob", "dan"]);
    assert!(world.events(BOB).is_empty(), "it was said before");
}

#[test]
fn who_forgot_that_somebody_left_is_told_again() {
    let mut world = World::with_group(&[BOB, CAT, DAN]);
    world.away(ANN);
    world.leave(CAT);
    world.settle();
    let disk = world.nodes[BOB].disk.clone();
    world.restart(BOB, disk);
    assert_eq!(world.members(BOB), ["ann*", "bob", "cat", "dan"]);
    world.say(BOB, "all here?");
    world.settle();
    assert_eq!(world.members(BOB), ["ann*", "bob", "dan"]);
    assert!(world.heard(CAT).is_empty());
}

#[test]
fn words_that_only_a_leader_may_say_are_nothing_from_others() {
    let mut world = World::with_group(&[BOB, CAT]);
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    let row = world.nodes[BOB].disk.groups[&id].clone();
    let step = Step::Out(key(CAT), Bytes([0; 16]));
    let epoch = row.roster.as_ref().unwrap().roster.epoch + 1;
    let signature = row.roster.as_ref().unwrap().signature;
    let change = Change { group: id, epoch, step, signature };
    world.forge(CAT, BOB, Body::Deny(id));
    world.forge(DAN, BOB, Body::Deny(id));
    world.forge(DAN, BOB, Body::Change(Box::new(change.clone())));
    world.forge(CAT, BOB, Body::Change(Box::new(Change { epoch: u64::MAX, ..change })));
    world.forge(DAN, BOB, Body::Depart(id, epoch));
    world.forge(DAN, ANN, Body::Depart(id, epoch));
    world.settle();
    world.agree(&[ANN, BOB, CAT], &["ann*", "bob", "cat"]);
    assert!(world.events(ANN).is_empty() && world.events(BOB).is_empty());
}

#[test]
fn rosters_go_to_members_only_and_not_without_end() {
    let mut world = World::with_group(&[BOB, CAT]);
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    for _ in 0..30 {
        world.forge(DAN, BOB, Body::WantRoster(id));
        world.forge(DAN, ANN, Body::WantRoster(id));
        world.forge(CAT, BOB, Body::WantRoster(id));
    }
    world.away(CAT);
    world.away(DAN);
    world.settle();
    let count = |from, to, fits: fn(&Body) -> bool| {
        world.post[&(from, to)].iter().filter(|letter| fits(&letter.body)).count()
    };
    assert!(!world.post.contains_key(&(BOB, DAN)));
    assert_eq!(count(ANN, DAN, |body| matches!(body, Body::Deny(_))), 1);
    assert_eq!(world.post[&(ANN, DAN)].len(), 1);
    let shown = count(BOB, CAT, |body| matches!(body, Body::Roster(_)));
    assert_eq!(shown, usize::from(limits::ROSTERS_SHOWN));
}

#[test]
fn a_crowd_that_pretends_keeps_nobody_from_asking_members() {
    let mut world = World::of(limits::MEMBERS + 9);
    world.create("climbers", true);
    world.join(BOB, "climbers@ann");
    world.settle();
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    let change = |epoch| {
        let step = Step::Out(key(BOB), Bytes([0; 16]));
        Body::Change(Box::new(Change { group: id, epoch, step, signature: Bytes([0; 64]) }))
    };
    for n in BOB + 1..limits::MEMBERS + 9 {
        world.forge(n, BOB, change(u64::MAX));
        world.away(n);
    }
    world.settle();
    let asked = |world: &World| world.post.keys().filter(|(from, _)| *from == BOB).count();
    let before = asked(&world);
    assert!(before <= limits::MEMBERS + 2, "{before}");
    world.away(ANN);
    world.forge(ANN, BOB, change(9));
    world.settle();
    let wanted = world.post[&(BOB, ANN)].iter();
    assert_eq!(wanted.filter(|it| matches!(it.body, Body::WantRoster(_))).count(), 1);
}

#[test]
fn who_is_out_is_not_brought_back_by_a_member_who_is_behind() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.away(BOB);
    world.join(DAN, "climbers@ann");
    world.settle();
    let behind = world.nodes[DAN].disk.groups.values().next().unwrap().roster.clone().unwrap();
    world.post.remove(&(ANN, BOB));
    world.kick(ANN, BOB);
    world.settle();
    world.back(BOB);
    assert!(world.groups(BOB).is_empty());
    world.forge(CAT, BOB, Body::Roster(Box::new(behind.clone())));
    world.settle();
    assert!(world.groups(BOB).is_empty(), "a later roster than theirs, and older than the kick");
    world.join(BOB, "climbers@ann");
    world.forge(CAT, BOB, Body::Roster(Box::new(behind)));
    world.carry(CAT, BOB);
    assert_eq!(world.groups(BOB), ["climbers asked"], "only its leader lets in");
    world.settle();
    world.agree(&[ANN, BOB, CAT, DAN], &["ann*", "cat", "dan", "bob"]);
}

#[test]
fn two_hundred_and_fifty_six_are_in_and_no_more() {
    let mut world = World::of(limits::MEMBERS + 1);
    world.create("climbers", true);
    for n in 1..=limits::MEMBERS {
        world.away(n);
        world.join(n, "climbers@ann");
    }
    world.settle();
    assert_eq!(world.members(ANN).len(), limits::MEMBERS);
    let last = limits::MEMBERS;
    let letters: Vec<&Letter> = world.post[&(ANN, last)].iter().collect();
    assert!(matches!(letters[..], [Letter { body: Body::Deny(_), .. }]));
    world.post.retain(|(_, to), _| *to == BOB);
    world.back(BOB);
    assert_eq!(world.members(BOB).len(), limits::MEMBERS, "by as many changes");
    world.say(ANN, "hello");
    let told = world.post.iter().filter(|((from, _), letters)| *from == ANN && !letters.is_empty());
    assert_eq!(told.count(), limits::MEMBERS - 1);
}
