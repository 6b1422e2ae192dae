use super::*;
use crate::proto::model::group::{Member, Step};

#[test]
fn whoever_asks_is_let_into_a_public_group_at_once() {
    let mut world = World::new();
    world.create("climbers", true);
    assert_eq!(world.events(ANN), ["climbers created ann"]);
    world.join(BOB, "climbers@ann");
    world.settle();
    world.join(CAT, "climbers@ann");
    world.settle();
    world.agree(&[ANN, BOB, CAT], &["ann*", "bob", "cat"]);
    assert_eq!(world.events(ANN), ["climbers joined bob", "climbers joined cat"]);
    let bobs = ["climbers asked bob", "climbers joined bob", "climbers joined cat"];
    assert_eq!(world.events(BOB), bobs);
    assert_eq!(world.events(CAT), ["climbers asked cat", "climbers joined cat"]);
    assert_eq!(world.groups(CAT), ["climbers member"]);
    assert_eq!(world.groups(ANN), ["climbers leader"]);
}

#[test]
fn a_leader_who_is_away_lets_in_when_they_are_back() {
    let mut world = World::new();
    world.create("climbers", true);
    world.away(ANN);
    world.join(BOB, "climbers@ann");
    world.settle();
    assert_eq!(world.groups(BOB), ["climbers asked"]);
    world.back(ANN);
    world.agree(&[ANN, BOB], &["ann*", "bob"]);
}

#[test]
fn the_leader_decides_who_comes_into_a_private_group() {
    let mut world = World::new();
    world.create("climbers", false);
    world.join(BOB, "climbers@ann");
    world.join(CAT, "climbers@ann");
    world.settle();
    assert_eq!(world.members(ANN), ["ann*", "bob?", "cat?"]);
    world.forget();
    world.verb(ANN, GroupVerb::Allow(target("climbers"), named(BOB))).unwrap();
    world.verb(ANN, GroupVerb::Deny(target("climbers"), named(CAT))).unwrap();
    world.settle();
    world.agree(&[ANN, BOB], &["ann*", "bob"]);
    assert_eq!(world.events(ANN), ["climbers joined bob", "climbers denied cat"]);
    assert_eq!(world.events(CAT), ["climbers denied cat"]);
    assert!(world.groups(CAT).is_empty());
    let again = world.verb(ANN, GroupVerb::Allow(target("climbers"), named(CAT)));
    assert_eq!(again, Err(Refusal::NothingWaiting));
}

#[test]
fn asking_again_is_asking_once() {
    let mut world = World::new();
    world.create("climbers", false);
    world.join(BOB, "climbers@ann");
    world.join(BOB, "climbers@ann");
    world.settle();
    world.join(BOB, "climbers@ann");
    world.settle();
    assert_eq!(world.events(ANN), ["climbers created ann", "climbers asked bob"]);
    assert_eq!(world.events(BOB), ["climbers asked bob"]);
    assert_eq!(world.groups(BOB), ["climbers asked"]);
}

#[test]
fn whoever_is_invited_decides() {
    let mut world = World::new();
    world.create("climbers", false);
    world.invite(ANN, BOB);
    world.invite(ANN, CAT);
    world.settle();
    assert_eq!(world.members(ANN), ["ann*", "bob?", "cat?"]);
    assert_eq!(world.events(BOB), ["climbers invited bob"]);
    world.join(BOB, "climbers");
    world.leave(CAT);
    world.settle();
    world.agree(&[ANN, BOB], &["ann*", "bob"]);
    assert!(world.groups(CAT).is_empty());
    assert_eq!(world.events(CAT), ["climbers invited cat", "climbers left cat"]);
    assert!(world.events(ANN).contains(&"climbers denied cat".to_owned()));
}

#[test]
fn an_invitation_that_is_taken_back_lets_nobody_in() {
    let mut world = World::new();
    world.create("climbers", false);
    world.invite(ANN, BOB);
    world.settle();
    world.join(BOB, "climbers");
    world.kick(ANN, BOB);
    world.settle();
    assert_eq!(world.members(ANN), ["ann*", "bob?"], "they ask like anybody else");
    assert!(world.groups(BOB).is_empty(), "and were told that the invitation is over");
}

#[test]
fn a_request_that_is_taken_back_lets_nobody_in() {
    let mut world = World::new();
    world.create("climbers", false);
    world.join(BOB, "climbers@ann");
    world.settle();
    world.leave(BOB);
    world.settle();
    assert_eq!(world.members(ANN), ["ann*"]);
    assert!(world.groups(BOB).is_empty());
}

#[test]
fn a_request_taken_back_too_late_leaves_again() {
    let mut world = World::new();
    world.create("climbers", true);
    world.join(BOB, "climbers@ann");
    world.leave(BOB);
    world.settle();
    world.agree(&[ANN], &["ann*"]);
    assert!(world.groups(BOB).is_empty());
}

#[test]
fn strangers_learn_nothing_of_groups_that_are_not_there() {
    let mut world = World::new();
    world.create("climbers", false);
    world.join(BOB, "bakers@ann");
    world.settle();
    assert_eq!(world.groups(BOB), ["bakers asked"], "no answer came");
    world.leave_named(BOB, "bakers");
    world.settle();
    assert!(world.groups(BOB).is_empty());
}

#[test]
fn whoever_is_in_already_is_let_in_once() {
    let mut world = World::with_group(&[BOB, CAT]);
    let refusal = world.verb(BOB, GroupVerb::Join(target("climbers@ann")));
    assert_eq!(refusal, Err(Refusal::Member("bob".into(), "climbers".into())));
    // A profile that was put back asks for what it has forgotten.
    let people = world.nodes[BOB].disk.people.clone();
    world.restart(BOB, Disk { people, ..Disk::default() });
    world.join(BOB, "climbers@ann");
    world.settle();
    world.agree(&[ANN, BOB, CAT], &["ann*", "bob", "cat"]);
    assert!(world.events(ANN).is_empty(), "nothing has changed");
}

#[test]
fn two_groups_of_one_name_are_told_apart_by_their_leaders() {
    let mut world = World::with_group(&[BOB]);
    let name = Name::parse("climbers").unwrap();
    world.verb(BOB, GroupVerb::Create { name: name.clone(), is_public: true }).unwrap();
    assert_eq!(world.groups(BOB), ["climbers@ann member", "climbers@bob leader"]);
    let members = world.verb(BOB, GroupVerb::Members(target("climbers")));
    assert_eq!(members, Err(Refusal::Ambiguous("group of that name")));
    world.meet(BOB, CAT);
    world.verb(BOB, GroupVerb::Invite(target("climbers"), named(CAT))).unwrap();
    let again = world.verb(BOB, GroupVerb::Create { name, is_public: false });
    assert_eq!(again, Err(Refusal::GroupTaken("climbers".into())));
    world.settle();
    world.join(CAT, "climbers");
    world.settle();
    world.agree(&[CAT], &["bob*", "cat"]);
    world.agree(&[ANN], &["ann*", "bob"]);
}

#[test]
fn only_the_leader_lets_in_and_puts_out() {
    let mut world = World::with_group(&[BOB, CAT]);
    let climbers = || target("climbers");
    let refused = Err(Refusal::NotLeader("climbers".into()));
    assert_eq!(world.verb(BOB, GroupVerb::Kick(climbers(), named(CAT))), refused);
    assert_eq!(world.verb(BOB, GroupVerb::Invite(climbers(), named(ANN))), refused);
    assert_eq!(world.verb(BOB, GroupVerb::Allow(climbers(), named(CAT))), refused);
    let stranger = world.verb(DAN, GroupVerb::Kick(climbers(), named(ANN)));
    assert_eq!(stranger, Err(Refusal::NoGroup("climbers".into())));
    let myself = world.verb(ANN, GroupVerb::Kick(climbers(), named(ANN)));
    assert_eq!(myself, Err(Refusal::Myself));
    let absent = world.verb(ANN, GroupVerb::Kick(climbers(), named(DAN)));
    assert_eq!(absent, Err(Refusal::NoMember("dan".into(), "climbers".into())));
}

#[test]
fn invitations_of_strangers_are_bounded() {
    let mut world = World::new();
    for n in 0..limits::INVITATIONS as u8 + 9 {
        let group = GroupId(crate::proto::bytes::Bytes([n; 16]));
        let token = crate::proto::model::bond::Token(group.0);
        let name = Name::parse(&format!("g{n}")).unwrap();
        let invite = crate::proto::model::letter::Invite { group, name, leader: None, token };
        world.forge(CAT, BOB, Body::Invite(invite));
    }
    world.settle();
    assert_eq!(world.groups(BOB).len(), limits::INVITATIONS);
}

#[test]
fn nobody_is_in_a_group_without_having_said_yes() {
    let mut world = World::new();
    world.create("climbers", false);
    world.invite(ANN, BOB);
    world.settle();
    let bob = Member { identity: person(BOB).identity, name: None };
    let id = *world.nodes[ANN].disk.groups.keys().next().unwrap();
    world.nodes[ANN].client.lead(id, Step::In(Box::new(bob)));
    world.drain(ANN);
    world.say(ANN, "welcome");
    world.settle();
    assert_eq!(world.groups(BOB), ["climbers invited"]);
    assert!(world.heard(BOB).is_empty());
    world.join(BOB, "climbers");
    world.settle();
    world.agree(&[ANN, BOB], &["ann*", "bob"]);
}

fn invitation(group: GroupId) -> Body {
    let token = crate::proto::model::bond::Token(group.0);
    let name = Name::parse("climbers").unwrap();
    Body::Invite(crate::proto::model::letter::Invite { group, name, leader: None, token })
}

#[test]
fn an_invitation_of_another_than_whom_we_asked_changes_nothing() {
    let mut world = World::new();
    world.create("climbers", false);
    world.invite(ANN, BOB);
    world.settle();
    let id = *world.nodes[ANN].disk.groups.keys().next().unwrap();
    world.away(ANN);
    world.join(BOB, "climbers");
    for _ in 0..9 {
        world.forge(CAT, BOB, invitation(id));
    }
    world.settle();
    assert_eq!(world.post[&(BOB, ANN)].len(), 1, "they asked once");
    world.back(ANN);
    world.agree(&[ANN, BOB], &["ann*", "bob"]);
}

#[test]
fn whoever_invites_in_anothers_place_is_named() {
    let mut world = World::new();
    world.create("climbers", false);
    world.invite(ANN, BOB);
    world.settle();
    let id = *world.nodes[ANN].disk.groups.keys().next().unwrap();
    world.forge(CAT, BOB, invitation(id));
    world.settle();
    assert_eq!(world.events(BOB), ["climbers invited bob", "climbers invited bob"]);
}

#[test]
fn a_crowd_at_the_door_costs_its_leader_no_letters() {
    let count = limits::GROUP_CANDIDATES + 20;
    let mut world = World::of(count);
    world.create("climbers", false);
    world.events(ANN);
    (1..count).for_each(|n| world.join(n, "climbers@ann"));
    for n in 1..count {
        world.away(n);
    }
    world.settle();
    assert_eq!(world.events(ANN).len(), limits::GROUP_CANDIDATES);
    let answers = (1..count).filter(|n| world.post.contains_key(&(ANN, *n)));
    assert_eq!(answers.count(), 0);
}
