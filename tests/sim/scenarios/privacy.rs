//! Who gets through to whom: private people, blocks, and what is taken back.

use super::*;
use hobnob::proto::limits::MAIL_AGAIN_LAST_MS;
use hobnob::proto::model::event::SessionState::{Closed, Open};
use hobnob::proto::model::notice::PersonRow;
use hobnob::proto::model::person::Target;

fn show(world: &mut World, node: Node, visibility: Visibility) {
    let asked = world.ask(node, Verb::SetVisibility(visibility));
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, node, asked), None);
}

fn block(world: &mut World, node: Node, whom: Node) {
    let asked = world.ask(node, Verb::Block(target(whom)));
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, node, asked), None);
}

fn unblock(world: &mut World, node: Node, whom: Node) {
    let asked = world.ask(node, Verb::Unblock(target(whom)));
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, node, asked), None);
}

/// How a lookup ends.
fn lookup(world: &mut World, node: Node, whom: Node) -> Result<PersonRow, Refusal> {
    let asked = world.ask(node, Verb::Lookup(target(whom)));
    world.run_for(SOON_MS);
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Person(row) if (*who, *ticket) == (node, asked) => Some(row.clone()),
        _ => None,
    };
    world.result(node, asked).expect("the verb ended").clone()?;
    Ok(world.rows.iter().find_map(of).expect("a row"))
}

/// Names that `who` lists.
fn who(world: &mut World, node: Node) -> Vec<String> {
    let asked = world.ask(node, Verb::Who { prefix: String::new() });
    world.run_for(SOON_MS);
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Person(row) if (*who, *ticket) == (node, asked) => Some(row.name.clone()),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

/// Ann, Bob and Cyd; Ann and Bob are friends, Cyd is a stranger who knows Ann from before.
fn three() -> World {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    let said = world.msg(CYD, ANN, "before");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, CYD, said), None);
    world
}

const CYD: Node = 3;

#[test]
fn a_private_person_is_to_a_stranger_a_name_that_does_not_exist() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    assert_eq!(who(&mut world, CYD), ["bob"]);
    assert_eq!(lookup(&mut world, CYD, ANN), Err(Refusal::Unknown("ann".into())));
    assert_eq!(lookup(&mut world, CYD, 4), Err(Refusal::Unknown("dan".into())));
    for verb in [Verb::Chat(target(ANN)), Verb::Chat(target(4))] {
        let asked = world.ask(CYD, verb);
        world.run_for(SOON_MS);
        assert!(matches!(refusal(&world, CYD, asked), Some(Refusal::Unknown(_))));
    }
    assert!(told(&world, ANN, CYD).is_empty());
}

#[test]
fn friends_of_a_private_person_notice_no_difference() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    assert!(lookup(&mut world, BOB, ANN).is_ok_and(|row| row.online && row.friend));
    let said = world.msg(BOB, ANN, "friendly");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, said), None);
    let chat = world.chat(BOB, ANN);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, chat), None);
    world.ask(BOB, Verb::Close(None));
    world.kill(ANN);
    world.run_for(SOON_MS);
    let held = world.msg_until(BOB, ANN, "while away", Stage::Held);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, held), None);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(texts(&mut world, ANN).last().expect("a text"), "CANARY-PLAINTEXT while away");
}

#[test]
fn a_strangers_message_to_a_private_person_waits_until_they_are_public_again() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    let said = world.msg_until(CYD, ANN, "patience", Stage::Held);
    world.run_for(60_000);
    assert_eq!(refusal(&world, CYD, said), Some(Refusal::TimeOut));
    let id = ids(&world, CYD, said)[0];
    assert_eq!(receipts(&world, CYD, id), [Stage::Queued]);
    assert_eq!(texts(&mut world, ANN).len(), 1);
    show(&mut world, ANN, Visibility::Public);
    world.run_for(MAIL_AGAIN_LAST_MS + SOON_MS);
    assert_eq!(texts(&mut world, ANN).last().expect("a text"), "CANARY-PLAINTEXT patience");
    assert_eq!(receipts(&world, CYD, id), [Stage::Queued, Stage::Held, Stage::Delivered]);
}

#[test]
fn while_i_am_private_what_i_write_to_a_stranger_waits_and_to_a_friend_goes() {
    let mut world = three();
    let first = world.msg(ANN, CYD, "known now");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, first), None);
    show(&mut world, ANN, Visibility::Private);
    let stranger = world.msg_until(ANN, CYD, "unsaid as yet", Stage::Held);
    let friend = world.msg(ANN, BOB, "said at once");
    world.run_for(30_000);
    assert_eq!(refusal(&world, ANN, friend), None);
    assert_eq!(refusal(&world, ANN, stranger), Some(Refusal::TimeOut));
    let id = ids(&world, ANN, stranger)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued]);
    show(&mut world, ANN, Visibility::Public);
    world.run_for(SOON_MS);
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held, Stage::Delivered]);
}

#[test]
fn a_private_person_stays_so_over_restarts_on_either_side() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    world.kill(ANN);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert!(lookup(&mut world, CYD, ANN).is_err());
    world.lose_server_disk();
    world.run_for(20_000);
    assert!(lookup(&mut world, CYD, ANN).is_err());
    assert!(lookup(&mut world, BOB, ANN).is_ok_and(|row| row.friend));
}

#[test]
fn a_former_friend_reaches_a_private_person_no_more() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    world.ask(ANN, Verb::Unfriend(target(BOB)));
    world.run_for(SOON_MS);
    assert_eq!(friend_states(&world, BOB, ANN).last(), Some(&FriendState::Removed));
    assert!(lookup(&mut world, BOB, ANN).is_err());
    let said = world.msg_until(BOB, ANN, "no more", Stage::Held);
    let chat = world.chat(BOB, ANN);
    world.run_for(120_000);
    assert_eq!(refusal(&world, BOB, said), Some(Refusal::TimeOut));
    assert_eq!(refusal(&world, BOB, chat), Some(Refusal::Unknown("ann".into())));
    assert_eq!(texts(&mut world, ANN).len(), 1, "only what cyd said before");
}

#[test]
fn while_i_am_private_a_former_friend_is_a_stranger_to_whom_nothing_goes() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    world.ask(BOB, Verb::Unfriend(target(ANN)));
    world.run_for(SOON_MS);
    let said = world.msg_until(ANN, BOB, "unsaid as yet", Stage::Held);
    world.run_for(60_000);
    let id = ids(&world, ANN, said)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued]);
    show(&mut world, ANN, Visibility::Public);
    world.run_for(SOON_MS);
    assert_eq!(receipts(&world, ANN, id).last(), Some(&Stage::Delivered));
}

#[test]
fn one_who_ended_a_friendship_while_private_still_tells_the_other() {
    let mut world = three();
    show(&mut world, ANN, Visibility::Private);
    world.kill(BOB);
    world.ask(ANN, Verb::Unfriend(target(BOB)));
    world.run_for(SOON_MS);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(friend_states(&world, BOB, ANN).last(), Some(&FriendState::Removed));
}

#[test]
fn a_private_person_may_ask_for_a_friendship_and_be_answered() {
    let mut world = World::peaceful(7, 2, Accept::Friends);
    world.run_for(SOON_MS);
    show(&mut world, ANN, Visibility::Private);
    befriend(&mut world, ANN, BOB);
    let said = world.msg(BOB, ANN, "friends at last");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, said), None);
}

#[test]
fn nothing_of_a_blocked_friend_gets_through_and_nobody_tells_him() {
    let mut world = three();
    let before = friend_states(&world, BOB, ANN);
    block(&mut world, ANN, BOB);
    assert_eq!(lookup(&mut world, BOB, ANN), Err(Refusal::Unknown("ann".into())));
    let said = world.msg_until(BOB, ANN, "unheard", Stage::Held);
    let chat = world.chat(BOB, ANN);
    world.ask(BOB, Verb::Add(target(ANN), "please".into()));
    world.run_for(120_000);
    assert_eq!(refusal(&world, BOB, said), Some(Refusal::TimeOut));
    assert_eq!(refusal(&world, BOB, chat), Some(Refusal::Unknown("ann".into())));
    assert_eq!(texts(&mut world, ANN).len(), 1, "only what cyd said before");
    assert!(told(&world, ANN, BOB).is_empty());
    assert_eq!(friend_states(&world, BOB, ANN), before);
}

#[test]
fn a_session_with_one_who_is_blocked_ends() {
    let mut world = three();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN).last(), Some(&Open));
    block(&mut world, ANN, BOB);
    assert_eq!(states(&world, ANN, BOB).last(), Some(&Closed));
    assert_eq!(states(&world, BOB, ANN).last(), Some(&Closed));
    world.msg(BOB, ANN, "unheard");
    world.run_for(30_000);
    assert_eq!(texts(&mut world, ANN).len(), 1);
}

#[test]
fn mail_that_was_held_before_a_block_is_not_shown_while_it_stands() {
    let mut world = three();
    world.ask(ANN, Verb::Offline);
    let held = world.msg_until(BOB, ANN, "too late", Stage::Held);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, held), None);
    block(&mut world, ANN, BOB);
    world.ask(ANN, Verb::Online);
    world.run_for(30_000);
    assert_eq!(texts(&mut world, ANN).len(), 1);
    let id = ids(&world, BOB, held)[0];
    assert_eq!(receipts(&world, BOB, id), [Stage::Queued, Stage::Held], "nothing tells him");
}

#[test]
fn what_waited_for_the_end_of_a_block_comes_after_it() {
    let mut world = three();
    block(&mut world, ANN, BOB);
    world.msg(BOB, ANN, "unheard as yet");
    world.run_for(60_000);
    unblock(&mut world, ANN, BOB);
    world.run_for(2 * MAIL_AGAIN_LAST_MS);
    assert_eq!(texts(&mut world, ANN).last().expect("a text"), "CANARY-PLAINTEXT unheard as yet");
}

#[test]
fn nothing_is_written_to_one_whom_i_blocked() {
    let mut world = three();
    block(&mut world, ANN, BOB);
    let said = world.msg(ANN, BOB, "never");
    let add = world.ask(ANN, Verb::Add(target(BOB), String::new()));
    assert_eq!(refusal(&world, ANN, said), Some(Refusal::Blocked("bob".into())));
    assert_eq!(refusal(&world, ANN, add), Some(Refusal::Blocked("bob".into())));
    let blocks = world.ask(ANN, Verb::Blocks);
    let listed = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Person(row) if (*who, *ticket) == (ANN, blocks) => Some(row.name.clone()),
        _ => None,
    };
    assert_eq!(world.rows.iter().filter_map(listed).collect::<Vec<_>>(), ["bob"]);
}

#[test]
fn one_whom_i_blocked_is_not_called_by_me_either() {
    let mut world = three();
    block(&mut world, ANN, BOB);
    let asked = world.chat(ANN, BOB);
    world.run_for(3 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Blocked("bob".into())));
    let door = world.net.listener_of(BOB).expect("bob listens");
    let asked = world.ask(ANN, Verb::Chat(Target::Endpoint(door)));
    world.run_for(3 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Blocked("bob".into())));
    assert_ne!(states(&world, BOB, ANN).last(), Some(&Open));
}

#[test]
fn a_block_outlives_restarts_of_everybody_and_the_servers_disk() {
    let mut world = three();
    block(&mut world, ANN, BOB);
    world.kill(ANN);
    world.start(ANN);
    world.lose_server_disk();
    world.run_for(20_000);
    world.msg(BOB, ANN, "unheard");
    world.run_for(60_000);
    assert!(lookup(&mut world, BOB, ANN).is_err());
    assert_eq!(texts(&mut world, ANN).len(), 1);
}

#[test]
fn a_blocked_person_sees_neither_coming_nor_going() {
    let mut world = three();
    block(&mut world, ANN, BOB);
    let seen = |world: &World| {
        let of = |(node, event): &&(Node, Event)| {
            *node == BOB
                && matches!(event, Event::Presence { name, online: true, .. } if name == "ann")
        };
        world.events.iter().filter(of).count()
    };
    let before = seen(&world);
    world.kill(ANN);
    world.run_for(SOON_MS);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(seen(&world), before);
}
