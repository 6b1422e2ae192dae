//! Rows of the session table from the yes to the end: linking, open, closing.

use super::super::puppet::Manners;
use super::*;
use hobnob::proto::limits::{
    ASK_MS, ASTRAY_MS, BETTER_MS, BETTER_TRIES, CLOSING_MS, LINKING_MS, PUNCH_MS,
};
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::SessionState::{Asked, Closed, Failed, Offered, Open};
use hobnob::proto::wire::client::Hangup;
use hobnob::proto::wire::peer::{Bye, Settle};

/// Ann has said yes to Eve, who has not linked.
fn ann_awaits_eve() -> (World, Line) {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    world.ask(ANN, accept(EVE));
    (world, eve)
}

/// Ann and Eve are in a session.
fn ann_and_eve() -> (World, Line, Line) {
    let (mut world, eve) = ann_awaits_eve();
    world.run_for(100);
    let line = eve_links(&mut world, session(1), ANN);
    say(&mut world, line, ToPeer::from(Settle {}));
    assert_eq!(states(&world, ANN, EVE), [Offered, Open]);
    (world, eve, line)
}

/// The same, over the relay.
fn ann_and_eve_relayed() -> (World, Line, Line) {
    let (mut world, eve) = ann_awaits_eve();
    world.wall_off(EVE);
    world.run_for(200);
    let ann = key(&world, ANN);
    let Line::Stream(over) = eve else { panic!("eve's link to the server is a stream") };
    let line = world.play(EVE, |eve| eve.relay(over, session(1), ann));
    world.run_for(SOON_MS);
    say(&mut world, line, ToPeer::from(Settle {}));
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Relay))));
    (world, eve, line)
}

#[test]
fn a_session_opens_whichever_side_is_behind_a_wall() {
    for walled in [ANN, BOB] {
        let mut world = pair();
        world.wall_off(walled);
        open(&mut world);
        assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
        assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
    }
}

#[test]
fn two_behind_walls_talk_over_the_relay_and_leave_nothing_behind() {
    let mut world = relayed();
    let sent = world.msg(ANN, BOB, "over the relay");
    let back = world.msg(BOB, ANN, "and back");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, sent), None);
    assert_eq!(refusal(&world, BOB, back), None);
    world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Closed);
    assert_eq!(last_word(&world, BOB, ANN).0, Closed);
}

#[test]
fn who_is_dialled_under_two_addresses_has_one_session() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    for node in [ANN, BOB] {
        world.configs[node].locals = vec![address_of(node), super::super::net::alias_of(node)];
    }
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    open(&mut world);
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
    world.run_for(30_000);
    let sent = world.msg(BOB, ANN, "still there");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, sent), None);
}

#[test]
fn an_asker_who_never_links_has_no_path_to_show() {
    let (mut world, _) = ann_awaits_eve();
    world.wall_off(EVE);
    world.run_for(LINKING_MS + SOON_MS);
    let (state, why) = last_word(&world, ANN, EVE);
    assert_eq!((state, why.is_empty()), (Failed, false));
    assert!(ended(&world, session(1)).is_some(), "eve is told");
}

#[test]
fn an_answerer_who_never_links_fails_the_asker_in_time() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    world.play(EVE, |eve| eve.manners = Manners::Silent);
    let asked = world.chat(ANN, EVE);
    world.run_for(SOON_MS);
    let id = offered(&world);
    eve_answers(&mut world, eve, id, vec![SocketAddr::new(address_of(EVE), SERVER_PORT)]);
    world.run_for(LINKING_MS);
    assert_eq!(states(&world, ANN, EVE), [Asked, Failed]);
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::NoPath(..))));
    assert_eq!(row(&mut world, ANN), None);
}

#[test]
fn an_answerer_who_gives_up_before_any_link_fails_the_asker() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    let asked = world.chat(ANN, EVE);
    world.run_for(SOON_MS);
    let id = offered(&world);
    eve_answers(&mut world, eve, id, Vec::new());
    say(&mut world, eve, ToServer::from(Hangup { session: id, declined: false }));
    world.run_for(LINKING_MS);
    assert_eq!(states(&world, ANN, EVE), [Asked, Failed]);
    assert!(refusal(&world, ANN, asked).is_some());
}

#[test]
fn the_wrong_person_at_an_address_is_not_let_in() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    world.play(EVE, |eve| eve.manners = Manners::Silent);
    world.chat(ANN, EVE);
    world.run_for(SOON_MS);
    let id = offered(&world);
    let bob = world.net.listener_of(BOB).expect("bob listens");
    eve_answers(&mut world, eve, id, vec![bob]);
    world.run_for(2 * LINKING_MS);
    assert!(!states(&world, ANN, EVE).contains(&Open));
    assert_eq!(states(&world, BOB, ANN), []);
}

#[test]
fn a_stranger_who_knows_a_sessions_id_is_not_let_in() {
    let (mut world, _) = ann_awaits_eve();
    world.keys[EVE] = world.keys[6];
    world.puppets.remove(&EVE);
    world.puppet(EVE);
    let to = world.net.listener_of(ANN).expect("ann listens");
    let ann = key(&world, ANN);
    dial(&mut world, to, Some(Purpose::Peer(session(1))), Some(ann));
    world.run_for(LINKING_MS);
    assert_eq!(states(&world, ANN, EVE), [Offered, Failed]);
}

#[test]
fn close_ends_it_on_both_sides_and_then_is_done() {
    let mut world = talking();
    let closed = world.ask(ANN, Verb::Close(None));
    assert_eq!(world.result(ANN, closed), None, "it waits for the other's word");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, closed), None);
    assert_eq!(last_word(&world, ANN, BOB), (Closed, String::new()));
    assert_eq!(last_word(&world, BOB, ANN), (Closed, String::new()));
    assert_eq!((row(&mut world, ANN), row(&mut world, BOB)), (None, None));
}

#[test]
fn both_may_close_at_once() {
    let mut world = talking();
    let closed = [ANN, BOB].map(|node| (node, world.ask(node, Verb::Close(None))));
    world.run_for(SOON_MS);
    for (node, ticket) in closed {
        assert_eq!(refusal(&world, node, ticket), None);
    }
    assert_eq!(states(&world, ANN, BOB), [Asked, Open, Closed]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Open, Closed]);
}

#[test]
fn a_second_close_waits_for_the_same_end() {
    let mut world = talking();
    let closed = [0; 2].map(|_| world.ask(ANN, Verb::Close(Some(target(BOB)))));
    world.run_for(SOON_MS);
    assert_eq!(closed.map(|ticket| refusal(&world, ANN, ticket)), [None, None]);
    let nothing = world.ask(ANN, Verb::Close(Some(target(BOB))));
    assert_eq!(refusal(&world, ANN, nothing), Some(Refusal::NoSession("bob".into())));
}

#[test]
fn what_is_on_its_way_when_one_side_closes_still_arrives() {
    let mut world = talking();
    let mine = world.msg(ANN, BOB, "last word");
    let theirs = world.msg(BOB, ANN, "me too");
    world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, mine), None);
    assert_eq!(world.log(ANN).len() + world.log(BOB).len(), 2);
    // Ann has it; that it came may be said only in the next session.
    open(&mut world);
    assert_eq!(refusal(&world, BOB, theirs), None);
    assert_eq!(world.log(ANN).len() + world.log(BOB).len(), 2);
}

#[test]
fn a_closed_session_can_be_opened_again() {
    let mut world = talking();
    for _ in 0..2 {
        world.ask(BOB, Verb::Close(None));
        world.run_for(SOON_MS);
        open(&mut world);
    }
    let sent = world.msg(ANN, BOB, "again");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, sent), None);
}

#[test]
fn who_asks_again_while_closing_asks_for_a_new_session() {
    let mut world = talking();
    let closed = world.ask(ANN, Verb::Close(None));
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, closed), None);
    assert_eq!(states(&world, ANN, BOB), [Asked, Open, Closed, Asked]);
    assert_eq!(world.result(ANN, asked), None, "it is not open");
    world.ask(BOB, accept(ANN));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
}

#[test]
fn nothing_is_waited_for_while_a_session_is_open_and_when_it_is_over() {
    for mut world in [talking(), relayed()] {
        world.msg(ANN, BOB, "hello");
        world.run_for(BETTER_MS * u64::from(BETTER_TRIES) + PUNCH_MS);
        let due = |world: &World| [ANN, BOB].map(|node| world.clients[node - 1].due());
        assert_eq!(due(&world), [None, None]);
        world.ask(ANN, Verb::Close(None));
        world.run_for(SOON_MS);
        assert_eq!(due(&world), [None, None]);
    }
}

#[test]
fn a_peer_who_vanishes_closes_the_session_on_either_path() {
    for mut world in [talking(), relayed()] {
        world.kill(BOB);
        world.run_for(SOON_MS);
        let (state, why) = last_word(&world, ANN, BOB);
        assert_eq!((state, why.is_empty()), (Closed, false));
        assert_eq!(row(&mut world, ANN), None);
    }
}

#[test]
fn who_leaves_says_goodbye_to_everybody() {
    let mut world = talking();
    world.ask(ANN, Verb::Leave);
    world.run_for(SOON_MS);
    assert!(world.left.contains(&ANN));
    assert_eq!(last_word(&world, ANN, BOB).0, Closed);
    assert_eq!(last_word(&world, BOB, ANN), (Closed, String::new()));
}

#[test]
fn a_direct_session_outlives_the_server() {
    let mut world = talking();
    world.kill(0);
    world.run_for(60_000);
    let sent = world.msg(ANN, BOB, "without a server");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, sent), None);
    assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
}

#[test]
fn a_relayed_session_ends_with_the_server_and_can_be_opened_again() {
    let mut world = relayed();
    world.kill(0);
    world.run_for(ASTRAY_MS + SOON_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Closed);
    assert_eq!(last_word(&world, BOB, ANN).0, Closed);
    world.start(0);
    world.run_for(60_000);
    open(&mut world);
}

#[test]
fn a_server_that_dies_while_two_link_does_not_stop_them() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, accept(ANN));
    world.run_for(60);
    world.kill(0);
    world.run_for(LINKING_MS);
    let open = |world: &World, node, with| states(world, node, with).last() == Some(&Open);
    assert_eq!(open(&world, ANN, BOB), open(&world, BOB, ANN));
}

#[test]
fn a_new_offer_while_linking_takes_the_place_of_the_old_one() {
    let (mut world, eve) = ann_awaits_eve();
    eve_asks(&mut world, eve, session(2), ANN);
    assert_eq!(states(&world, ANN, EVE), [Offered, Closed, Offered]);
    assert_eq!(last_word_but_one(&world).1, "they started anew");
}

#[test]
fn a_new_offer_in_an_open_session_takes_its_place() {
    let (mut world, eve, line) = ann_and_eve();
    eve_asks(&mut world, eve, session(2), ANN);
    assert_eq!(states(&world, ANN, EVE), [Offered, Open, Closed, Offered]);
    assert_eq!(last_word_but_one(&world).1, "they started anew");
    let closed = |(l, heard): &(Line, Heard)| *l == line && matches!(heard, Heard::Closed(_));
    assert!(world.puppets[&EVE].heard.iter().any(closed), "the old link is closed");
}

#[test]
fn a_new_offer_while_closing_takes_its_place() {
    let (mut world, eve, _) = ann_and_eve();
    let closed = world.ask(ANN, Verb::Close(None));
    world.run_for(100);
    eve_asks(&mut world, eve, session(2), ANN);
    assert_eq!(states(&world, ANN, EVE), [Offered, Open, Closed, Offered]);
    assert_eq!(refusal(&world, ANN, closed), None);
}

#[test]
fn who_crashed_and_asks_anew_is_let_in_again() {
    let mut world = talking();
    world.kill(ANN);
    world.start(ANN);
    world.run_for(SOON_MS);
    open(&mut world);
    assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
}

#[test]
fn a_goodbye_without_an_answer_ends_in_time() {
    let (mut world, _, line) = ann_and_eve();
    let closed = world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    let bye = (line, Heard::Peer(ToPeer::from(Bye {})));
    assert!(world.puppets[&EVE].heard.contains(&bye));
    assert_eq!(world.result(ANN, closed), None);
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
    world.run_for(CLOSING_MS);
    assert_eq!(refusal(&world, ANN, closed), None);
    assert_eq!(last_word(&world, ANN, EVE).0, Closed);
}

#[test]
fn a_goodbye_is_over_when_the_other_side_answers_or_is_gone() {
    let (mut world, _, line) = ann_and_eve();
    world.ask(ANN, Verb::Close(None));
    say(&mut world, line, ToPeer::from(Bye {}));
    assert_eq!(last_word(&world, ANN, EVE).0, Closed);
    let (mut world, ..) = ann_and_eve();
    world.ask(ANN, Verb::Close(None));
    world.run_for(100);
    world.cut_between(ANN, EVE);
    world.run_for(SOON_MS);
    assert_eq!(last_word(&world, ANN, EVE).0, Closed);
}

#[test]
fn a_goodbye_is_answered_with_one() {
    let (mut world, _, line) = ann_and_eve();
    say(&mut world, line, ToPeer::from(Bye {}));
    assert_eq!(last_word(&world, ANN, EVE), (Closed, String::new()));
    let bye = (line, Heard::Peer(ToPeer::from(Bye {})));
    assert!(world.puppets[&EVE].heard.contains(&bye));
}

#[test]
fn the_servers_word_ends_a_relayed_session_and_no_direct_one() {
    let (mut world, eve, _) = ann_and_eve();
    say(&mut world, eve, ToServer::from(Hangup { session: session(1), declined: false }));
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));

    let (mut world, eve, _) = ann_and_eve_relayed();
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Relay))));
    say(&mut world, eve, ToServer::from(Hangup { session: session(1), declined: false }));
    let gone = (Closed, "the other side is gone".to_owned());
    assert_eq!(last_word(&world, ANN, EVE), gone);
}

#[test]
fn the_servers_word_ends_a_relayed_session_that_is_closing() {
    let (mut world, eve, _) = ann_and_eve_relayed();
    let closed = world.ask(ANN, Verb::Close(None));
    say(&mut world, eve, ToServer::from(Hangup { session: session(1), declined: false }));
    assert_eq!(last_word(&world, ANN, EVE).0, Closed);
    assert_eq!(refusal(&world, ANN, closed), None);
}

#[test]
fn close_while_linking_ends_it_on_both_sides() {
    let (mut world, _) = ann_awaits_eve();
    let closed = world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, closed), None);
    assert_eq!(states(&world, ANN, EVE), [Offered, Closed]);
    assert_eq!(ended(&world, session(1)), Some(WhyEnded::HungUp));
}

#[test]
fn an_open_session_lasts_though_nobody_speaks() {
    for mut world in [talking(), relayed()] {
        world.run_for(100 * ASK_MS);
        let sent = world.msg(ANN, BOB, "still there");
        world.run_for(SOON_MS);
        assert_eq!(refusal(&world, ANN, sent), None);
    }
}

#[test]
fn several_sessions_go_on_beside_each_other() {
    let mut world = World::peaceful(7, 4, Accept::Friends);
    world.run_for(SOON_MS);
    for other in 2..=4 {
        world.chat(ANN, other);
        world.run_for(SOON_MS);
        world.ask(other, accept(ANN));
        world.run_for(SOON_MS);
    }
    assert_eq!(world.sessions(ANN).len(), 3);
    let which = world.ask(ANN, Verb::Close(None));
    assert_eq!(refusal(&world, ANN, which), Some(Refusal::Ambiguous("session")));
    world.ask(ANN, Verb::Close(Some(target(3))));
    world.run_for(SOON_MS);
    assert_eq!(world.sessions(ANN).len(), 2);
    assert_eq!(last_word(&world, ANN, 2).0, Open);
}

fn last_word_but_one(world: &World) -> (SessionState, String) {
    told(world, ANN, EVE).into_iter().nth_back(1).expect("two words")
}
