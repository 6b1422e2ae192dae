use super::*;

#[test]
fn each_member_hears_everybody_else_once_and_in_order() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.say(ANN, "one");
    world.say(ANN, "two");
    world.say(CAT, "three");
    world.settle();
    assert_eq!(world.heard(BOB), ["ann: one", "ann: two", "cat: three"]);
    assert_eq!(world.heard(CAT), ["ann: one", "ann: two"]);
    assert_eq!(world.heard(ANN), ["cat: three"]);
}

#[test]
fn a_member_who_was_away_hears_all_of_it() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.away(CAT);
    world.say(ANN, "one");
    world.kick(ANN, BOB);
    world.say(ANN, "two");
    world.settle();
    world.back(CAT);
    assert_eq!(world.heard(CAT), ["ann: one", "ann: two"]);
    assert_eq!(world.heard(BOB), ["ann: one"]);
}

#[test]
fn talk_that_is_quicker_than_the_roster_waits_for_it() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.join(DAN, "climbers@ann");
    world.carry(DAN, ANN);
    world.carry(ANN, DAN);
    world.say(DAN, "hello");
    world.say(DAN, "all");
    world.carry(DAN, BOB);
    world.carry(DAN, BOB);
    assert!(world.heard(BOB).is_empty(), "dan is nobody here yet");
    let disk = world.nodes[BOB].disk.clone();
    world.restart(BOB, disk);
    world.settle();
    assert_eq!(world.heard(BOB), ["dan: hello", "dan: all"]);
}

#[test]
fn a_newcomer_hears_what_comes_before_the_roster() {
    let mut world = World::with_group(&[BOB]);
    world.join(CAT, "climbers@ann");
    world.carry(CAT, ANN);
    world.carry(ANN, BOB);
    world.say(BOB, "welcome");
    world.carry(BOB, CAT);
    assert!(world.heard(CAT).is_empty());
    world.settle();
    assert_eq!(world.heard(CAT), ["bob: welcome"]);
}

#[test]
fn who_was_put_out_hears_nothing_more_and_is_not_heard() {
    let mut world = World::with_group(&[BOB, CAT, DAN]);
    world.away(DAN);
    world.kick(ANN, DAN);
    world.settle();
    world.forget();
    world.say(ANN, "gone?");
    world.say(DAN, "still here");
    world.settle();
    world.back(DAN);
    assert_eq!(world.heard(BOB), ["ann: gone?"]);
    assert!(world.heard(DAN).is_empty());
    assert_eq!(world.events(DAN), ["climbers kicked dan"]);
    assert!(world.groups(DAN).is_empty());
    assert!(world.verb(DAN, say("me")).is_err());
}

fn say(text: &str) -> GroupVerb {
    GroupVerb::Say { group: target("climbers"), text: text.to_owned(), until: Stage::Queued }
}

#[test]
fn a_pretended_epoch_makes_nobody_heard() {
    let mut world = World::with_group(&[BOB, CAT]);
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    world.kick(ANN, CAT);
    world.settle();
    for epoch in [0, 3, 4, 5, u64::MAX] {
        let talk = Talk { group: id, epoch, text: format!("at {epoch}") };
        world.forge(CAT, BOB, Body::Talk(talk));
        world.settle();
    }
    world.join(DAN, "climbers@ann");
    world.settle();
    assert!(world.heard(BOB).is_empty());
    let waiting = world.nodes[BOB].disk.unheard.values().map(|it| it.talk.epoch);
    assert_eq!(waiting.collect::<Vec<_>>(), [u64::MAX], "it waits for what never comes");
}

#[test]
fn no_flood_of_talk_waits() {
    let mut world = World::with_group(&[BOB]);
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    for n in 0..limits::UNHEARD + 9 {
        let talk = Talk { group: id, epoch: 1 << 40, text: n.to_string() };
        world.forge(CAT, BOB, Body::Talk(talk));
    }
    world.settle();
    assert_eq!(world.nodes[BOB].disk.unheard.len(), limits::UNHEARD);
}

#[test]
fn little_of_long_talk_waits() {
    let mut world = World::with_group(&[BOB]);
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    for text in ["x".repeat(limits::TEXT_MAX_BYTES), "x".to_owned()] {
        for _ in 0..9 {
            let talk = Talk { group: id, epoch: u64::MAX, text: text.clone() };
            world.forge(CAT, BOB, Body::Talk(talk));
        }
    }
    world.settle();
    let bytes = world.nodes[BOB].disk.unheard.values().map(|it| it.talk.text.len()).sum::<usize>();
    assert_eq!(bytes, limits::UNHEARD_BYTES);
}

#[test]
fn a_blocked_member_is_neither_told_nor_heard() {
    let mut world = World::with_group(&[BOB, CAT]);
    let cat = person(CAT);
    world.nodes[BOB].client.block_person(Ticket::NOBODY, cat);
    world.drain(BOB);
    world.say(BOB, "not for cat");
    world.say(CAT, "not for bob");
    world.settle();
    assert_eq!(world.heard(ANN), ["bob: not for cat", "cat: not for bob"]);
    assert!(world.heard(CAT).is_empty() && world.heard(BOB).is_empty());
}

#[test]
fn talk_in_groups_of_others_is_passed_over() {
    let mut world = World::with_group(&[BOB]);
    let id = *world.nodes[BOB].disk.groups.keys().next().unwrap();
    let talk = Talk { group: id, epoch: 2, text: "hi".to_owned() };
    world.forge(BOB, DAN, Body::Talk(talk.clone()));
    world.forge(DAN, BOB, Body::Talk(talk));
    world.settle();
    assert!(world.heard(DAN).is_empty() && world.heard(BOB).is_empty());
    assert!(world.nodes[DAN].disk.unheard.is_empty());
}

#[test]
fn talk_for_a_group_that_did_not_let_us_in_is_forgotten() {
    let mut world = World::new();
    world.create("climbers", false);
    world.join(BOB, "climbers@ann");
    world.settle();
    let id = *world.nodes[ANN].disk.groups.keys().next().unwrap();
    let talk = Talk { group: id, epoch: 2, text: "hi".to_owned() };
    world.forge(CAT, BOB, Body::Talk(talk));
    world.settle();
    assert_eq!(world.nodes[BOB].disk.unheard.len(), 1, "the answer may be a yes");
    world.verb(ANN, GroupVerb::Deny(target("climbers"), named(BOB))).unwrap();
    world.settle();
    assert!(world.nodes[BOB].disk.unheard.is_empty());
}

#[test]
fn talk_that_is_too_long_is_refused() {
    let mut world = World::with_group(&[BOB]);
    let bytes = limits::TEXT_MAX_BYTES + 1;
    assert_eq!(world.verb(ANN, say(&"x".repeat(bytes))), Err(Refusal::TextTooLong(bytes)));
}

#[test]
fn the_last_one_talks_to_nobody() {
    let mut world = World::with_group(&[]);
    world.say(ANN, "hello?");
    assert!(world.post.values().all(VecDeque::is_empty));
}

#[test]
fn a_verb_waits_for_each_member() {
    let mut world = World::with_group(&[BOB, CAT]);
    let until = Stage::Delivered;
    let say = GroupVerb::Say { group: target("climbers"), text: "hi".to_owned(), until };
    let command = Command { ticket: Ticket(9), timeout_ms: 10_000, verb: Verb::Group(say) };
    let node = &mut world.nodes[ANN];
    node.client.handle(world.now, Input::Command(command));
    world.drain(ANN);
    let id = world.post[&(ANN, BOB)].front().expect("a letter").id;
    world.nodes[ANN].client.on_got(key(BOB), vec![id]);
    world.drain(ANN);
    assert_eq!(world.nodes[ANN].done, None);
    world.nodes[ANN].client.on_got(key(CAT), vec![id]);
    world.drain(ANN);
    assert_eq!(world.nodes[ANN].done, Some(Ok(())));
}
