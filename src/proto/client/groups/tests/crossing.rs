use super::*;

#[test]
fn an_invitation_and_a_request_that_cross_let_in_once() {
    for is_public in [false, true] {
        let mut world = World::new();
        world.create("climbers", is_public);
        world.invite(ANN, BOB);
        world.join(BOB, "climbers@ann");
        world.settle();
        world.agree(&[ANN, BOB], &["ann*", "bob"]);
        let joined = |event: &&String| event.contains("joined");
        assert_eq!(world.events(ANN).iter().filter(joined).count(), 1);
        assert_eq!(world.events(BOB).iter().filter(joined).count(), 1);
    }
}

#[test]
fn an_invitation_of_whom_asked_lets_them_in() {
    let mut world = World::new();
    world.create("climbers", false);
    world.join(BOB, "climbers@ann");
    world.settle();
    world.invite(ANN, BOB);
    world.settle();
    world.agree(&[ANN, BOB], &["ann*", "bob"]);
}

#[test]
fn a_kick_and_a_leave_that_cross_are_one_going() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.kick(ANN, BOB);
    world.leave(BOB);
    world.settle();
    world.agree(&[ANN, CAT], &["ann*", "cat"]);
    assert!(world.groups(BOB).is_empty());
    assert_eq!(world.events(ANN), ["climbers kicked bob"]);
    assert_eq!(world.events(BOB), ["climbers left bob"]);
    assert_eq!(world.events(CAT).len(), 1);
}

#[test]
fn a_kick_and_a_request_to_be_let_in_again_that_cross_let_in_again() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.leave(BOB);
    world.join(BOB, "climbers@ann");
    world.kick(ANN, BOB);
    world.settle();
    assert!(world.groups(BOB) == ["climbers member"] || world.groups(BOB).is_empty());
    let is_in = world.members(ANN).contains(&"bob".to_owned());
    assert_eq!(is_in, world.groups(BOB) == ["climbers member"], "both know the same");
    let members = world.members(ANN);
    assert_eq!(world.members(CAT), members);
}

#[test]
fn who_was_put_out_may_come_again() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.kick(ANN, BOB);
    world.settle();
    world.join(BOB, "climbers@ann");
    world.settle();
    world.agree(&[ANN, BOB, CAT], &["ann*", "cat", "bob"]);
    assert_eq!(
        world.events(BOB),
        ["climbers kicked bob", "climbers asked bob", "climbers joined bob"]
    );
    world.say(BOB, "back again");
    world.settle();
    assert_eq!(world.heard(CAT), ["bob: back again"]);
}

#[test]
fn a_leave_and_the_handover_that_cross_end_with_both_out() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.leave(ANN);
    world.leave(BOB);
    world.settle();
    assert!(world.groups(ANN).is_empty() && world.groups(BOB).is_empty());
    // Bob went before he knew that he led: nobody leads, and cat talks to nobody.
    assert_eq!(world.groups(CAT), ["climbers member"]);
    world.say(CAT, "alone");
    world.leave(CAT);
    world.settle();
    assert!(world.groups(CAT).is_empty());
}

#[test]
fn a_change_under_way_and_a_handover_come_in_their_order() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.away(CAT);
    world.join(DAN, "climbers@ann");
    world.carry(DAN, ANN);
    world.leave(ANN);
    world.settle();
    world.back(CAT);
    world.agree(&[BOB, CAT, DAN], &["bob*", "cat", "dan"]);
}

#[test]
fn talk_of_ours_is_given_up_for_who_goes_and_for_nobody_else() {
    let mut world = World::with_group(&[BOB, CAT]);
    world.kick(ANN, BOB);
    world.settle();
    let id = *world.nodes[CAT].disk.groups.keys().next().unwrap();
    assert_eq!(world.nodes[ANN].disk.forsaken, [(id, key(BOB))]);
    assert_eq!(world.nodes[CAT].disk.forsaken, [(id, key(BOB))]);
}

#[test]
fn a_member_is_reached_though_private_and_who_is_put_out_is_not() {
    let mut world = World::with_group(&[BOB, CAT]);
    let token = |world: &World, of: usize, n: usize| {
        world.nodes[n].client.tokens(key(of)).collect::<Vec<_>>()
    };
    let given =
        |world: &World, n: usize| world.nodes[n].client.groups.given(key(n)).collect::<Vec<_>>();
    assert_eq!(given(&world, CAT), token(&world, CAT, BOB));
    world.kick(ANN, BOB);
    world.settle();
    assert!(!token(&world, CAT, BOB).contains(&given(&world, CAT)[0]), "bob knows it no more");
    assert_eq!(token(&world, CAT, ANN)[0], given(&world, CAT)[0]);
    assert_eq!(token(&world, CAT, ANN).len(), 2, "and the one before, while cat is behind");
}
