//! Groups: rows of the tables of joining and of rosters.

use super::*;
use hobnob::proto::model::command::GroupVerb;
use hobnob::proto::model::event::GroupState::{
    self, Asked, Created, Denied, Invited, Joined, Kicked, Leads, Left,
};
use hobnob::proto::model::group::GroupTarget;
use hobnob::proto::model::notice::{GroupInfo, MemberRow};

pub const CYD: Node = 3;
pub const DAN: Node = 4;

pub fn group(text: &str) -> GroupTarget {
    GroupTarget::parse(text).expect("a group")
}

/// So many people, of whom nobody knows anybody.
pub fn people(count: usize) -> World {
    let mut world = World::peaceful(7, count, Accept::Friends);
    world.run_for(SOON_MS);
    world
}

/// A verb about a group, and how it ends.
#[track_caller]
pub fn act(world: &mut World, node: Node, verb: GroupVerb) -> Result<(), Refusal> {
    let asked = world.ask(node, Verb::Group(verb));
    world.run_for(3 * SOON_MS);
    world.result(node, asked).expect("the verb ended").clone()
}

pub fn create(world: &mut World, node: Node, name: &str, is_public: bool) {
    let name = Name::parse(name).expect("a name");
    assert_eq!(act(world, node, GroupVerb::Create { name, is_public }), Ok(()));
}

pub fn join(world: &mut World, node: Node, text: &str) -> Result<(), Refusal> {
    act(world, node, GroupVerb::Join(group(text)))
}

/// Talk, whose sender wants to hear that everybody has it.
pub fn talk(world: &mut World, node: Node, text: &str) -> u64 {
    talk_in(world, node, "climbers", text)
}

pub fn talk_in(world: &mut World, node: Node, name: &str, text: &str) -> u64 {
    let text = format!("CANARY-PLAINTEXT {text}");
    let verb = GroupVerb::Say { group: group(name), text, until: Stage::Delivered };
    world.ask_within(node, 600_000, Verb::Group(verb))
}

/// What somebody was told of groups: which, what, about whom.
pub fn told_of(world: &World, node: Node) -> Vec<(GroupState, String)> {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::Group { state, who, .. } if *reader == node => Some((*state, who.clone())),
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

fn last_told(world: &World, node: Node) -> (GroupState, String) {
    told_of(world, node).pop().expect("something was said")
}

/// Talk that somebody was shown: where, whose, what.
pub fn heard_by(world: &World, node: Node) -> Vec<(String, String, String)> {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::Message { from, text, group: Some(group), .. } if *reader == node => {
            let text = text.strip_prefix("CANARY-PLAINTEXT ").expect("as all texts");
            Some((group.clone(), from.clone(), text.to_owned()))
        }
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

fn texts_heard(world: &World, node: Node) -> Vec<String> {
    heard_by(world, node).into_iter().map(|(_, _, text)| text).collect()
}

pub fn members(world: &mut World, node: Node, name: &str) -> Vec<(String, String)> {
    let asked = world.ask(node, Verb::Group(GroupVerb::Members(group(name))));
    world.run_for(SOON_MS);
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Member(MemberRow { name, standing, .. }) if (*who, *ticket) == (node, asked) => {
            Some((name.clone(), standing.clone()))
        }
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

fn names_in(world: &mut World, node: Node) -> Vec<String> {
    members(world, node, "climbers").into_iter().map(|(name, _)| name).collect()
}

fn rows(world: &World, node: Node, asked: u64) -> Vec<GroupInfo> {
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Group(row) if (*who, *ticket) == (node, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

fn list(world: &mut World, node: Node, verb: GroupVerb) -> Vec<(String, String, String)> {
    let asked = world.ask(node, Verb::Group(verb));
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, node, asked), None);
    let row = |row: GroupInfo| (row.name, row.leader, row.standing);
    rows(world, node, asked).into_iter().map(row).collect()
}

/// Ann leads the public climbers, and the others are in.
pub fn climbers(count: usize) -> World {
    let mut world = people(count);
    create(&mut world, ANN, "climbers", true);
    for node in 2..=count {
        assert_eq!(join(&mut world, node, "climbers"), Ok(()));
    }
    world.run_for(3 * SOON_MS);
    for node in 1..=count {
        assert_eq!(names_in(&mut world, node).len(), count, "{node}");
    }
    world
}

#[track_caller]
fn assert_done(world: &World, node: Node, asked: u64) {
    assert_eq!(world.result(node, asked), Some(&Ok(())));
}

fn kick(world: &mut World, whom: Node) -> Result<(), Refusal> {
    act(world, ANN, GroupVerb::Kick(group("climbers"), target(whom)))
}

#[test]
fn a_public_group_is_listed_and_lets_in_whoever_asks() {
    let mut world = people(3);
    create(&mut world, ANN, "climbers", true);
    assert_eq!(told_of(&world, ANN), [(Created, "ann".into())]);
    let listed = ("climbers".to_owned(), "ann".to_owned(), "listed".to_owned());
    assert_eq!(list(&mut world, BOB, GroupVerb::Public), [listed]);
    assert_eq!(join(&mut world, BOB, "climbers"), Ok(()));
    world.run_for(2 * SOON_MS);
    assert_eq!(told_of(&world, BOB), [(Asked, "bob".into()), (Joined, "bob".into())]);
    assert_eq!(last_told(&world, ANN), (Joined, "bob".into()));
    assert_eq!(join(&mut world, CYD, "climbers@ann"), Ok(()));
    world.run_for(2 * SOON_MS);
    assert_eq!(last_told(&world, BOB), (Joined, "cyd".into()));
    let all = ["ann", "bob", "cyd"].map(str::to_owned);
    for node in [ANN, BOB, CYD] {
        assert_eq!(names_in(&mut world, node), all);
    }
    let mine = list(&mut world, CYD, GroupVerb::Mine);
    assert_eq!(mine, [("climbers".into(), "ann".into(), "member".into())]);
}

#[test]
fn a_private_group_is_on_no_list_and_its_leader_decides() {
    let mut world = people(3);
    create(&mut world, ANN, "climbers", false);
    assert_eq!(list(&mut world, BOB, GroupVerb::Public), []);
    assert_eq!(join(&mut world, BOB, "climbers"), Err(Refusal::Unknown("climbers".into())));
    for node in [BOB, CYD] {
        assert_eq!(join(&mut world, node, "climbers@ann"), Ok(()));
    }
    world.run_for(2 * SOON_MS);
    assert_eq!(last_told(&world, ANN), (Asked, "cyd".into()));
    assert_eq!(names_in(&mut world, ANN), ["ann", "bob", "cyd"], "with those who ask");
    assert_eq!(act(&mut world, ANN, GroupVerb::Allow(group("climbers"), target(BOB))), Ok(()));
    assert_eq!(act(&mut world, ANN, GroupVerb::Deny(group("climbers"), target(CYD))), Ok(()));
    assert_eq!(last_told(&world, BOB), (Joined, "bob".into()));
    assert_eq!(last_told(&world, CYD), (Denied, "cyd".into()));
    assert_eq!(list(&mut world, CYD, GroupVerb::Mine), []);
    talk(&mut world, ANN, "just us");
    world.run_for(3 * SOON_MS);
    assert_eq!((texts_heard(&world, BOB).len(), texts_heard(&world, CYD).len()), (1, 0));
}

#[test]
fn who_is_invited_is_in_once_they_say_yes() {
    let mut world = people(3);
    create(&mut world, ANN, "climbers", false);
    for node in [BOB, CYD] {
        assert_eq!(
            act(&mut world, ANN, GroupVerb::Invite(group("climbers"), target(node))),
            Ok(())
        );
    }
    assert_eq!(told_of(&world, BOB), [(Invited, "bob".into())]);
    talk(&mut world, ANN, "nobody is here yet");
    world.run_for(3 * SOON_MS);
    assert!(heard_by(&world, BOB).is_empty());
    assert_eq!(join(&mut world, BOB, "climbers"), Ok(()));
    world.run_for(3 * SOON_MS);
    assert_eq!(last_told(&world, BOB), (Joined, "bob".into()));
    assert_eq!(act(&mut world, CYD, GroupVerb::Leave(group("climbers"))), Ok(()));
    world.run_for(3 * SOON_MS);
    assert_eq!(names_in(&mut world, ANN), ["ann", "bob"]);
    assert_eq!(list(&mut world, CYD, GroupVerb::Mine), []);
}

#[test]
fn talk_reaches_each_member_once_in_its_speakers_order_and_says_so() {
    let mut world = climbers(4);
    let said: Vec<u64> = (0..6).map(|n| talk(&mut world, BOB, &n.to_string())).collect();
    world.run_for(5 * SOON_MS);
    said.iter().for_each(|asked| assert_done(&world, BOB, *asked));
    for node in [ANN, CYD, DAN] {
        assert_eq!(texts_heard(&world, node), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(heard_by(&world, node)[0].0, "climbers");
    }
    assert!(heard_by(&world, BOB).is_empty());
    let delivered = |(node, event): &&(Node, Event)| {
        *node == BOB && matches!(event, Event::Receipt { state: Stage::Delivered, .. })
    };
    assert_eq!(world.events.iter().filter(delivered).count(), 18, "a receipt per member");
}

#[test]
fn talk_waits_for_a_member_who_is_away() {
    let mut world = climbers(3);
    world.kill(CYD);
    world.run_for(SOON_MS);
    let asked = talk(&mut world, BOB, "who is in?");
    world.run_for(5 * SOON_MS);
    assert_eq!(world.result(BOB, asked), None);
    world.kill(BOB);
    world.start(CYD);
    world.run_for(5 * SOON_MS);
    assert_eq!(texts_heard(&world, CYD), ["who is in?"]);
    assert_eq!(texts_heard(&world, ANN), ["who is in?"]);
}

#[test]
fn joining_works_while_the_leader_is_away() {
    let mut world = people(3);
    create(&mut world, ANN, "climbers", true);
    world.kill(ANN);
    world.run_for(SOON_MS);
    assert_eq!(join(&mut world, BOB, "climbers"), Ok(()));
    assert_eq!(told_of(&world, BOB), [(Asked, "bob".into())]);
    world.start(ANN);
    world.run_for(5 * SOON_MS);
    assert_eq!(last_told(&world, BOB), (Joined, "bob".into()));
    assert_eq!(names_in(&mut world, BOB), ["ann", "bob"]);
}

#[test]
fn a_kicked_member_hears_nothing_and_is_heard_by_nobody() {
    let mut world = climbers(3);
    assert_eq!(kick(&mut world, BOB), Ok(()));
    world.run_for(3 * SOON_MS);
    assert_eq!(last_told(&world, BOB), (Kicked, "bob".into()));
    assert_eq!(last_told(&world, CYD), (Kicked, "bob".into()));
    let asked = talk(&mut world, BOB, "let me in");
    talk(&mut world, CYD, "he is out");
    talk(&mut world, ANN, "yes");
    world.run_for(5 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), Some(Refusal::NoGroup("climbers".into())));
    assert!(heard_by(&world, BOB).is_empty());
    assert_eq!(
        (texts_heard(&world, ANN), texts_heard(&world, CYD)),
        (vec!["he is out".into()], vec!["yes".into()])
    );
}

#[test]
fn one_who_does_not_know_that_he_is_kicked_is_not_heard() {
    let mut world = climbers(3);
    world.kill(BOB);
    assert_eq!(kick(&mut world, BOB), Ok(()));
    let (now, ms) = (world.now, 8_000);
    world.net.part(now, BOB, crate::world::SERVER, ms);
    world.start(BOB);
    let asked = talk(&mut world, BOB, "am I still in?");
    world.run_for(40 * SOON_MS);
    assert_eq!(last_told(&world, BOB), (Kicked, "bob".into()));
    assert!(heard_by(&world, ANN).is_empty() && heard_by(&world, CYD).is_empty());
    assert!(world.result(BOB, asked).is_some(), "it ends");
}

#[test]
fn a_member_who_missed_changes_catches_up() {
    let mut world = climbers(4);
    world.kill(DAN);
    assert_eq!(kick(&mut world, BOB), Ok(()));
    assert_eq!(act(&mut world, CYD, GroupVerb::Leave(group("climbers"))), Ok(()));
    assert_eq!(join(&mut world, BOB, "climbers"), Ok(()));
    world.start(DAN);
    world.run_for(8 * SOON_MS);
    for node in [ANN, BOB, DAN] {
        assert_eq!(names_in(&mut world, node).len(), 3, "{node}");
    }
    let asked = talk(&mut world, DAN, "back");
    world.run_for(5 * SOON_MS);
    assert_done(&world, DAN, asked);
    assert_eq!((texts_heard(&world, BOB).len(), texts_heard(&world, CYD).len()), (1, 0));
}

#[test]
fn who_comes_back_after_a_kick_hears_what_is_said_from_then_on() {
    let mut world = climbers(3);
    assert_eq!(kick(&mut world, BOB), Ok(()));
    talk(&mut world, CYD, "while he was out");
    world.run_for(3 * SOON_MS);
    assert_eq!(join(&mut world, BOB, "climbers"), Ok(()));
    world.run_for(3 * SOON_MS);
    let asked = talk(&mut world, CYD, "welcome back");
    world.run_for(3 * SOON_MS);
    assert_done(&world, CYD, asked);
    assert_eq!(texts_heard(&world, BOB), ["welcome back"]);
}

#[test]
fn a_leader_who_leaves_hands_over_to_the_longest_member() {
    let mut world = climbers(4);
    assert_eq!(act(&mut world, ANN, GroupVerb::Leave(group("climbers"))), Ok(()));
    world.run_for(5 * SOON_MS);
    assert_eq!(last_told(&world, ANN), (Left, "ann".into()));
    for node in [BOB, CYD, DAN] {
        let told = told_of(&world, node);
        assert!(told.contains(&(Left, "ann".into())) && told.contains(&(Leads, "bob".into())));
    }
    // Bob may do now what leaders may.
    let kicked = act(&mut world, BOB, GroupVerb::Kick(group("climbers"), target(DAN)));
    assert_eq!(kicked, Ok(()));
    world.run_for(3 * SOON_MS);
    assert_eq!(names_in(&mut world, CYD), ["bob", "cyd"]);
    let listed = ("climbers".to_owned(), "bob".to_owned(), "listed".to_owned());
    assert_eq!(list(&mut world, ANN, GroupVerb::Public), [listed]);
    assert_eq!(join(&mut world, ANN, "climbers"), Ok(()));
    world.run_for(3 * SOON_MS);
    assert_eq!(names_in(&mut world, CYD), ["bob", "cyd", "ann"]);
}

#[test]
fn a_group_ends_with_its_last_member() {
    let mut world = climbers(2);
    for node in [ANN, BOB] {
        assert_eq!(act(&mut world, node, GroupVerb::Leave(group("climbers"))), Ok(()));
        world.run_for(3 * SOON_MS);
    }
    assert_eq!(list(&mut world, ANN, GroupVerb::Public), []);
    assert_eq!(list(&mut world, BOB, GroupVerb::Mine), []);
    // The name is free.
    create(&mut world, BOB, "climbers", true);
}

#[test]
fn only_the_leader_decides() {
    let mut world = climbers(3);
    let refused = Err(Refusal::NotLeader("climbers".into()));
    assert_eq!(act(&mut world, BOB, GroupVerb::Kick(group("climbers"), target(CYD))), refused);
    assert_eq!(act(&mut world, BOB, GroupVerb::Invite(group("climbers"), target(ANN))), refused);
    assert_eq!(names_in(&mut world, ANN).len(), 3);
}

#[test]
fn talk_of_a_blocked_member_is_not_shown_to_who_blocks_them() {
    let mut world = climbers(3);
    world.ask(CYD, Verb::Block(target(BOB)));
    world.run_for(SOON_MS);
    talk(&mut world, BOB, "hello all");
    world.run_for(5 * SOON_MS);
    assert_eq!((texts_heard(&world, ANN).len(), texts_heard(&world, CYD).len()), (1, 0));
    talk(&mut world, CYD, "not for him");
    world.run_for(5 * SOON_MS);
    assert_eq!((texts_heard(&world, ANN).len(), texts_heard(&world, BOB).len()), (2, 0));
}

#[test]
fn two_groups_of_one_name_are_told_apart_by_their_leaders() {
    let mut world = people(4);
    world.oracle.groups.shared.insert("climbers".into());
    create(&mut world, ANN, "climbers", true);
    create(&mut world, BOB, "climbers", true);
    let refused = join(&mut world, CYD, "climbers");
    assert!(matches!(refused, Err(Refusal::Ambiguous(_))), "{refused:?}");
    assert_eq!(join(&mut world, CYD, "climbers@ann"), Ok(()));
    assert_eq!(join(&mut world, CYD, "climbers@bob"), Ok(()));
    assert_eq!(join(&mut world, DAN, "climbers@bob"), Ok(()));
    world.run_for(3 * SOON_MS);
    let asked = talk_in(&mut world, CYD, "climbers", "where?");
    world.run_for(SOON_MS);
    assert!(matches!(refusal(&world, CYD, asked), Some(Refusal::Ambiguous(_))));
    talk_in(&mut world, CYD, "climbers@bob", "there");
    world.run_for(3 * SOON_MS);
    assert_eq!(heard_by(&world, DAN), [("climbers".into(), "cyd".into(), "there".into())]);
    assert!(heard_by(&world, ANN).is_empty());
    talk_in(&mut world, ANN, "climbers", "here");
    world.run_for(3 * SOON_MS);
    assert_eq!(heard_by(&world, CYD)[0].0, "climbers@ann");
}

#[test]
fn a_group_lives_on_when_its_leaders_machine_is_lost() {
    let mut world = climbers(3);
    world.kill(ANN);
    world.run_for(SOON_MS);
    let asked = talk(&mut world, BOB, "is she gone?");
    world.run_for(5 * SOON_MS);
    assert_eq!(world.result(BOB, asked), None, "ann may come back");
    assert_eq!(texts_heard(&world, CYD), ["is she gone?"]);
    assert_eq!(act(&mut world, BOB, GroupVerb::Leave(group("climbers"))), Ok(()));
    world.run_for(3 * SOON_MS);
    assert_eq!(last_told(&world, CYD), (Left, "bob".into()));
}

#[test]
fn a_join_and_a_kick_that_cross_end_alike_for_all() {
    for ms in (0..120).step_by(10) {
        let mut world = climbers(3);
        let left = world.ask(BOB, Verb::Group(GroupVerb::Leave(group("climbers"))));
        world.run_for(ms);
        world.ask(ANN, Verb::Group(GroupVerb::Kick(group("climbers"), target(BOB))));
        world.run_for(ms / 2);
        world.ask(BOB, Verb::Group(GroupVerb::Join(group("climbers@ann"))));
        world.run_for(10 * SOON_MS);
        assert_done(&world, BOB, left);
        let (of_ann, of_cyd) = (names_in(&mut world, ANN), names_in(&mut world, CYD));
        assert_eq!(of_ann, of_cyd, "after {ms} ms");
        let is_in = list(&mut world, BOB, GroupVerb::Mine).len() == 1;
        assert_eq!(is_in, of_ann.contains(&"bob".to_owned()), "after {ms} ms");
    }
}

/// What others say meanwhile to one who is out brings a word back, that must not undo it.
#[test]
fn who_leaves_and_comes_back_while_others_talk_is_in_for_good() {
    for ms in (0..400).step_by(40) {
        let mut world = climbers(3);
        let (now, apart_ms) = (world.now, 5_000);
        world.net.part(now, BOB, CYD, apart_ms);
        world.ask(BOB, Verb::Group(GroupVerb::Leave(group("climbers"))));
        talk(&mut world, ANN, "one");
        talk(&mut world, CYD, "two");
        world.run_for(ms);
        world.ask(BOB, Verb::Group(GroupVerb::Join(group("climbers@ann"))));
        world.run_for(20 * SOON_MS);
        for node in [ANN, BOB, CYD] {
            let mut all = names_in(&mut world, node);
            all.sort();
            assert_eq!(all, ["ann", "bob", "cyd"], "{node} after {ms} ms");
        }
        let asked = talk(&mut world, CYD, "welcome back");
        world.run_for(5 * SOON_MS);
        assert_done(&world, CYD, asked);
        assert!(texts_heard(&world, BOB).contains(&"welcome back".to_owned()), "after {ms} ms");
    }
}

#[test]
fn a_group_outlives_everybodys_program() {
    let mut world = climbers(3);
    for node in [ANN, BOB, CYD] {
        world.kill(node);
    }
    for node in [CYD, BOB, ANN] {
        world.start(node);
    }
    world.run_for(3 * SOON_MS);
    let asked = talk(&mut world, CYD, "still here");
    world.run_for(5 * SOON_MS);
    assert_done(&world, CYD, asked);
    assert_eq!((texts_heard(&world, ANN).len(), texts_heard(&world, BOB).len()), (1, 1));
}

#[test]
fn private_members_reach_each_other_and_nobody_else() {
    let mut world = climbers(3);
    for node in [ANN, BOB, CYD] {
        world.ask(node, Verb::SetVisibility(Visibility::Private));
    }
    world.run_for(3 * SOON_MS);
    let asked = talk(&mut world, BOB, "nobody sees us");
    world.run_for(8 * SOON_MS);
    assert_done(&world, BOB, asked);
    world.kill(ANN);
    talk(&mut world, CYD, "nor this");
    world.run_for(5 * SOON_MS);
    world.start(ANN);
    world.run_for(5 * SOON_MS);
    assert_eq!(texts_heard(&world, ANN), ["nobody sees us", "nor this"]);
}

#[test]
fn talk_of_a_new_member_waits_for_the_roster_that_has_them() {
    let mut world = climbers(3);
    // Cyd does not hear the leader for a while, and Dan's first words come before.
    let (now, ms) = (world.now, 10_000);
    world.net.part(now, ANN, CYD, ms);
    assert_eq!(kick(&mut world, BOB), Ok(()));
    assert_eq!(join(&mut world, BOB, "climbers@ann"), Ok(()));
    talk(&mut world, BOB, "back again");
    world.run_for(40 * SOON_MS);
    assert_eq!(texts_heard(&world, CYD), ["back again"]);
}
