use super::*;
use crate::proto::limits::{GROUPS, GROUPS_PAGE, REQUESTS_BURST};
use crate::proto::model::group::Listing;
use crate::proto::wire::client::{Announce, Show, WantGroups};
use crate::proto::wire::server::GroupsPage;

fn announce(names: &[&str]) -> Announce {
    Announce { names: names.iter().map(|name| nm(name)).collect() }
}

fn want(n: u32, name: Option<&str>, after: Option<&Listing>) -> WantGroups {
    WantGroups { req: req(n), name: name.map(nm), after: after.cloned() }
}

/// What is listed, as `NAME@LEADER`.
fn listed(world: &mut World, id: ConnId, name: Option<&str>) -> Vec<String> {
    world.heard(id);
    world.say(id, want(7, name, None));
    let heard = world.heard(id);
    let [ToClient::GroupsPage(GroupsPage { req: ReqId(7), groups, more: false })] = &heard[..]
    else {
        panic!("{heard:?}");
    };
    groups.iter().map(|group| format!("{}@{}", group.name, group.leader)).collect()
}

#[test]
fn public_groups_are_listed_by_name_and_leader_while_they_are_away_too() {
    let mut world = World::new();
    let (anna, bert, carl) =
        (world.enter(1, "anna"), world.enter(2, "bert"), world.enter(3, "carl"));
    world.say(anna, announce(&["climbers", "Bakers"]));
    world.say(bert, announce(&["climbers"]));
    world.hang_up(anna);
    let all = ["bakers@anna", "climbers@anna", "climbers@bert"];
    assert_eq!(listed(&mut world, carl, None), all);
    assert_eq!(listed(&mut world, carl, Some("climbers")), all[1..]);
    assert!(listed(&mut world, carl, Some("climber")).is_empty());
}

#[test]
fn what_is_announced_takes_the_place_of_what_was() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.say(anna, announce(&["climbers", "bakers"]));
    world.say(anna, announce(&["bakers", "bakers", "sailors"]));
    assert_eq!(listed(&mut world, anna, None), ["bakers@anna", "sailors@anna"]);
    world.say(anna, announce(&[]));
    assert!(listed(&mut world, anna, None).is_empty());
}

#[test]
fn groups_are_listed_only_while_their_leader_is_public() {
    let mut world = World::new();
    let (anna, bert) = (world.enter(1, "anna"), world.enter(2, "bert"));
    world.say(anna, announce(&["climbers"]));
    world.say(anna, Show { req: req(1), visibility: Visibility::Private });
    assert!(listed(&mut world, bert, None).is_empty());
    world.say(anna, Show { req: req(2), visibility: Visibility::Public });
    assert_eq!(listed(&mut world, bert, None), ["climbers@anna"]);
}

#[test]
fn a_forgotten_leaders_groups_are_gone() {
    let mut world = World::new();
    let (anna, bert) = (world.enter(1, "anna"), world.enter(2, "bert"));
    world.say(anna, announce(&["climbers"]));
    world.operate(Operate::Forget(nm("anna")));
    assert!(listed(&mut world, bert, None).is_empty());
    world.enter(3, "anna");
    assert!(listed(&mut world, bert, None).is_empty(), "the name is another's now");
}

#[test]
fn groups_come_in_pages_that_leave_none_out() {
    let mut world = World::new();
    let names: Vec<String> = (0..GROUPS_PAGE - 1).map(|n| format!("g{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (anna, bert) = (world.enter(1, "anna"), world.enter(2, "bert"));
    world.say(anna, announce(&names));
    world.say(bert, announce(&names));
    world.heard(bert);
    let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        world.say(bert, want(1, None, after.as_ref()));
        let heard = world.heard(bert);
        let [ToClient::GroupsPage(page)] = &heard[..] else { panic!("{heard:?}") };
        all.extend(page.groups.iter().cloned());
        (after, pages) = (page.groups.last().cloned(), pages + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, 2);
    assert_eq!(all.len(), 2 * names.len());
    assert!(all.is_sorted());
}

#[test]
fn more_groups_than_one_may_lead_are_passed_over() {
    let mut world = World::new();
    let names: Vec<String> = (0..GROUPS + 9).map(|n| format!("g{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let anna = world.enter(1, "anna");
    world.say(anna, announce(&names));
    assert_eq!(world.disk.groups[&key(1)].len(), GROUPS);
}

#[test]
fn nobody_asks_for_lists_without_end() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    for n in 0..=REQUESTS_BURST {
        world.utter(anna, want(n, None, None));
    }
    world.settle();
    let last = world.heard(anna).pop();
    assert!(matches!(last, Some(ToClient::OverBudget(_))), "{last:?}");
}

#[test]
fn questions_behind_one_for_groups_are_answered_behind_it() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.utter(anna, want(1, None, None));
    world.utter(anna, lookup(2, Target::Key(key(1))));
    world.settle();
    let heard = world.heard(anna);
    assert!(matches!(&heard[..], [ToClient::GroupsPage(_), ToClient::Found(_)]), "{heard:?}");
}
