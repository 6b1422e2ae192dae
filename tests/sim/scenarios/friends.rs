//! Rows of the table of friendships, and of sessions that friends' programs open by themselves.

use super::super::world::SERVER;
use super::*;
use hobnob::proto::model::event::FriendState::{Asked, Confirmed, Rejected, Removed};
use hobnob::proto::model::event::SessionState::{Closed, Open};
use hobnob::proto::model::notice::{RequestRow, SafetyRow};

fn add(who: Node) -> Verb {
    Verb::Add(target(who), format!("it is me, {}", name_of(who)))
}

fn do_and_wait(world: &mut World, node: Node, verb: Verb) {
    let asked = world.ask(node, verb);
    world.run_for(SOON_MS);
    assert_eq!(refusal(world, node, asked), None);
}

/// What `requests` lists.
fn request_rows(world: &mut World, node: Node) -> Vec<RequestRow> {
    let asked = world.ask(node, Verb::Requests);
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Request(row) if (*who, *ticket) == (node, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

fn friendships(world: &mut World) -> (Friendship, Friendship) {
    (bond(world, ANN, BOB).friendship, bond(world, BOB, ANN).friendship)
}

#[test]
fn who_is_asked_is_shown_the_words_and_says_yes() {
    let mut world = pair();
    do_and_wait(&mut world, ANN, add(BOB));
    assert_eq!(friend_states(&world, ANN, BOB), [Asked]);
    assert_eq!(requests(&world, BOB), ["it is me, bob"]);
    let rows = request_rows(&mut world, BOB);
    assert_eq!((rows.len(), rows[0].from.as_str()), (1, "ann"));
    do_and_wait(&mut world, BOB, Verb::Confirm(target(ANN)));
    assert_eq!(friendships(&mut world), (Friendship::Friends, Friendship::Friends));
    assert_eq!(friend_states(&world, ANN, BOB), [Asked, Confirmed]);
    assert_eq!(friend_states(&world, BOB, ANN), [Confirmed]);
    assert!(request_rows(&mut world, BOB).is_empty());
}

#[test]
fn friends_hold_each_others_tokens() {
    let mut world = friends();
    let (ann, bob) = (bond(&mut world, ANN, BOB), bond(&mut world, BOB, ANN));
    assert!(ann.given.is_some() && bob.given.is_some());
    assert_eq!((ann.given, bob.given), (bob.theirs, ann.theirs));
    assert_ne!(ann.given, ann.theirs);
}

#[test]
fn who_is_away_is_asked_when_he_comes() {
    let mut world = pair();
    world.kill(BOB);
    do_and_wait(&mut world, ANN, add(BOB));
    world.kill(ANN);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(requests(&world, BOB).len(), 1);
    do_and_wait(&mut world, BOB, Verb::Confirm(target(ANN)));
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(friend_states(&world, ANN, BOB), [Asked, Confirmed]);
}

#[test]
fn both_asking_at_once_is_one_friendship() {
    let mut world = pair();
    world.ask(ANN, add(BOB));
    world.ask(BOB, add(ANN));
    world.run_for(2 * SOON_MS);
    assert_eq!(friendships(&mut world), (Friendship::Friends, Friendship::Friends));
    assert_eq!(friend_states(&world, ANN, BOB), [Asked, Confirmed]);
    assert_eq!(friend_states(&world, BOB, ANN), [Asked, Confirmed]);
    assert_eq!(requests(&world, ANN).len() + requests(&world, BOB).len(), 0);
    let (ann, bob) = (bond(&mut world, ANN, BOB), bond(&mut world, BOB, ANN));
    assert_eq!((ann.given, bob.given), (bob.theirs, ann.theirs));
}

#[test]
fn asking_one_who_asked_is_saying_yes() {
    let mut world = pair();
    do_and_wait(&mut world, ANN, add(BOB));
    do_and_wait(&mut world, BOB, add(ANN));
    assert_eq!(friendships(&mut world), (Friendship::Friends, Friendship::Friends));
    assert_eq!(friend_states(&world, BOB, ANN), [Confirmed]);
}

#[test]
fn one_who_is_rejected_is_told_and_may_ask_again() {
    let mut world = pair();
    do_and_wait(&mut world, ANN, add(BOB));
    do_and_wait(&mut world, BOB, Verb::Reject(target(ANN)));
    assert_eq!(friendships(&mut world), (Friendship::None, Friendship::None));
    assert_eq!(friend_states(&world, ANN, BOB), [Asked, Rejected]);
    assert_eq!(friend_states(&world, BOB, ANN), [Rejected]);
    assert_eq!(bond(&mut world, ANN, BOB).given, None, "the token is worth nothing");
    do_and_wait(&mut world, ANN, add(BOB));
    assert_eq!(requests(&world, BOB).len(), 2);
}

#[test]
fn a_request_that_is_taken_back_is_gone() {
    let mut world = pair();
    do_and_wait(&mut world, ANN, add(BOB));
    do_and_wait(&mut world, ANN, Verb::Unfriend(target(BOB)));
    assert_eq!(friendships(&mut world), (Friendship::None, Friendship::None));
    assert!(request_rows(&mut world, BOB).is_empty());
    let late = world.ask(BOB, Verb::Confirm(target(ANN)));
    assert_eq!(refusal(&world, BOB, late), Some(Refusal::NoRequest("ann".into())));
}

#[test]
fn one_who_asks_again_with_other_words_has_one_request() {
    let mut world = pair();
    for text in ["first words", "second words"] {
        do_and_wait(&mut world, ANN, Verb::Add(target(BOB), text.into()));
    }
    assert_eq!(requests(&world, BOB), ["first words"]);
    let rows = request_rows(&mut world, BOB);
    assert_eq!((rows.len(), rows[0].text.as_str()), (1, "second words"));
}

#[test]
fn the_end_of_a_friendship_is_told_to_both_and_takes_the_tokens_back() {
    let mut world = friends();
    do_and_wait(&mut world, ANN, Verb::Unfriend(target(BOB)));
    assert_eq!(friendships(&mut world), (Friendship::None, Friendship::None));
    assert_eq!(friend_states(&world, ANN, BOB).last(), Some(&Removed));
    assert_eq!(friend_states(&world, BOB, ANN).last(), Some(&Removed));
    assert_eq!(bond(&mut world, ANN, BOB).given, None);
    assert_eq!(bond(&mut world, BOB, ANN).given, None);
    let again = world.ask(ANN, Verb::Unfriend(target(BOB)));
    assert_eq!(refusal(&world, ANN, again), Some(Refusal::NoFriend("bob".into())));
}

#[test]
fn both_ending_it_at_once_leaves_nothing() {
    let mut world = friends();
    world.ask(ANN, Verb::Unfriend(target(BOB)));
    world.ask(BOB, Verb::Unfriend(target(ANN)));
    world.run_for(2 * SOON_MS);
    assert_eq!(friendships(&mut world), (Friendship::None, Friendship::None));
    assert_eq!(bond(&mut world, ANN, BOB).given, None);
    assert_eq!(bond(&mut world, BOB, ANN).given, None);
}

#[test]
fn a_friend_who_forgot_us_is_told_that_we_have_not() {
    let mut world = friends();
    world.lose_disk(ANN);
    world.run_for(SOON_MS);
    do_and_wait(&mut world, ANN, add(BOB));
    world.run_for(6_000);
    assert_eq!(friendships(&mut world), (Friendship::Friends, Friendship::Friends));
    let (ann, bob) = (bond(&mut world, ANN, BOB), bond(&mut world, BOB, ANN));
    assert_eq!((ann.given, bob.given), (bob.theirs, ann.theirs));
}

/// The other's answer crosses with a request that is taken back and made anew.
fn crossing_answer(answer: Verb) -> World {
    let mut world = pair();
    do_and_wait(&mut world, ANN, add(BOB));
    world.ask(BOB, Verb::Offline);
    world.ask(BOB, answer);
    world.ask(ANN, Verb::Unfriend(target(BOB)));
    world.ask(ANN, add(BOB));
    world.run_for(SOON_MS);
    world.ask(BOB, Verb::Online);
    world.run_for(60_000);
    world
}

#[test]
fn a_yes_to_a_request_that_was_made_anew_ends_in_one_state() {
    let mut world = crossing_answer(Verb::Confirm(target(ANN)));
    do_and_wait(&mut world, BOB, Verb::Reject(target(ANN)));
    world.run_for(6_000);
    assert_eq!(friendships(&mut world), (Friendship::None, Friendship::None));
}

#[test]
fn a_no_to_a_request_that_was_made_anew_ends_in_one_state() {
    let mut world = crossing_answer(Verb::Reject(target(ANN)));
    do_and_wait(&mut world, BOB, Verb::Confirm(target(ANN)));
    world.run_for(6_000);
    let (ann, bob) = friendships(&mut world);
    assert_eq!(ann, bob);
}

#[test]
fn what_a_blocked_person_asks_is_not_looked_at() {
    let mut world = pair();
    world.ask(ANN, Verb::Offline);
    world.run_for(SOON_MS);
    do_and_wait(&mut world, BOB, add(ANN));
    let blocked = world.ask(ANN, Verb::Block(target(BOB)));
    world.ask(ANN, Verb::Online);
    world.run_for(60_000);
    assert_eq!(refusal(&world, ANN, blocked), Some(Refusal::NotSignedIn));
    assert_eq!(requests(&world, ANN).len(), 1, "ann knew nobody to block");
    do_and_wait(&mut world, ANN, Verb::Block(target(BOB)));
    assert!(request_rows(&mut world, ANN).is_empty(), "a block ends the request");
    do_and_wait(&mut world, BOB, Verb::Add(target(ANN), "once more".into()));
    world.run_for(60_000);
    assert_eq!(requests(&world, ANN).len(), 1);
}

#[test]
fn a_letter_that_comes_again_is_acted_on_once() {
    let mut world = pair();
    world.kill(BOB);
    do_and_wait(&mut world, ANN, add(BOB));
    world.start(BOB);
    world.run_for(20);
    // The mail is taken, and the word for it is lost with the link.
    for _ in 0..20 {
        world.run_for(20);
        world.cut_between(BOB, SERVER);
        world.cut_between(ANN, SERVER);
    }
    world.run_for(60_000);
    assert_eq!(requests(&world, BOB).len(), 1);
    do_and_wait(&mut world, BOB, Verb::Reject(target(ANN)));
    world.run_for(60_000);
    assert_eq!(friend_states(&world, ANN, BOB), [Asked, Rejected]);
}

#[test]
fn a_friend_is_nobody_to_be_asked_by_name_twice() {
    let mut world = friends();
    do_and_wait(&mut world, ANN, add(BOB));
    assert_eq!(friend_states(&world, ANN, BOB), [Asked, Confirmed]);
    let unknown = world.ask(ANN, add(4));
    let myself = world.ask(ANN, add(ANN));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, unknown), Some(Refusal::Unknown("dan".into())));
    assert_eq!(refusal(&world, ANN, myself), Some(Refusal::Myself));
}

#[test]
fn both_sides_see_one_safety_number() {
    let mut world = friends();
    let number = |world: &mut World, node, with| {
        let asked = world.ask(node, Verb::Verify(target(with)));
        let of = |(who, ticket, row): &(Node, u64, Row)| match row {
            Row::Safety(SafetyRow { number, .. }) if (*who, *ticket) == (node, asked) => {
                Some(number.clone())
            }
            _ => None,
        };
        world.rows.iter().find_map(of).expect("a number")
    };
    let (ann, bob) = (number(&mut world, ANN, BOB), number(&mut world, BOB, ANN));
    assert_eq!(ann, bob);
}

#[test]
fn a_message_to_a_friend_who_is_there_opens_a_session_that_nobody_is_told_of() {
    let mut world = friends();
    let before = (told(&world, ANN, BOB).len(), told(&world, BOB, ANN).len());
    let asked = world.msg(ANN, BOB, "quietly");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Sent, Stage::Delivered]);
    let after = (told(&world, ANN, BOB).len(), told(&world, BOB, ANN).len());
    assert_eq!(before, after, "no session event");
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
}

#[test]
fn chat_makes_a_quiet_session_loud_on_both_sides() {
    let mut world = friends();
    world.msg(ANN, BOB, "quietly");
    world.run_for(SOON_MS);
    let chat = world.chat(BOB, ANN);
    assert_eq!(refusal(&world, BOB, chat), None, "it is open already");
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB).last(), Some(&Open));
    assert_eq!(states(&world, BOB, ANN).last(), Some(&Open));
    world.ask(ANN, Verb::Close(Some(target(BOB))));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN).last(), Some(&Closed));
}

#[test]
fn chat_while_a_quiet_session_comes_about_is_heard_on_both_sides() {
    for wait in 0..40 {
        let mut world = friends();
        world.msg(ANN, BOB, "quietly");
        world.run_for(wait * 10);
        let chat = world.chat(ANN, BOB);
        world.run_for(2 * SOON_MS);
        assert_eq!(refusal(&world, ANN, chat), None, "after {wait}");
        assert_eq!(states(&world, ANN, BOB).last(), Some(&Open), "after {wait}");
        assert_eq!(states(&world, BOB, ANN).last(), Some(&Open), "after {wait}");
    }
}

#[test]
fn a_friend_who_connects_to_nobody_gets_mail_and_is_not_bothered() {
    let mut world = pair();
    world.configs[BOB].accept = Accept::None;
    world.kill(BOB);
    world.start(BOB);
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    let asked = world.msg(ANN, BOB, "by mail");
    world.run_for(3 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    let id = ids(&world, ANN, asked)[0];
    assert_eq!(receipts(&world, ANN, id), [Stage::Queued, Stage::Held, Stage::Delivered]);
    assert!(told(&world, BOB, ANN).is_empty() && told(&world, ANN, BOB).is_empty());
}

#[test]
fn a_friend_with_whom_no_path_comes_about_gets_mail() {
    let mut world = friends();
    world.net.slow_ms.insert(BOB, 8_000);
    let asked = world.ask_within(
        ANN,
        60_000,
        Verb::Msg { to: vec![target(BOB)], text: "in time".into(), until: Stage::Held },
    );
    world.run_for(30_000);
    assert_eq!(refusal(&world, ANN, asked), None);
    world.run_for(60_000);
    assert_eq!(texts(&mut world, BOB), ["in time"]);
}
