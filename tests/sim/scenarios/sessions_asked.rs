//! Rows of the session table up to the yes or the no: asked and offered through the server.

use super::*;
use hobnob::proto::limits::ASK_MS;
use hobnob::proto::model::command::{Operate, Verb};
use hobnob::proto::model::event::SessionState::{Asked, Closed, Declined, Failed, Offered, Open};
use hobnob::proto::wire::client::{Hangup, Show};
use hobnob::proto::wire::server::WhyEnded;

#[test]
fn who_asks_is_asking_and_the_other_is_offered() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked]);
    assert_eq!(states(&world, BOB, ANN), [Offered]);
    assert_eq!(row(&mut world, ANN), Some((Asked, None)));
    assert_eq!(row(&mut world, BOB), Some((Offered, None)));
}

#[test]
fn an_accepted_offer_opens_directly_on_both_sides() {
    let mut world = pair();
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let accepted = world.ask(BOB, accept(ANN));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Open]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Open]);
    assert_eq!(row(&mut world, ANN), Some((Open, Some(Path::Direct))));
    assert_eq!(row(&mut world, BOB), Some((Open, Some(Path::Direct))));
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(refusal(&world, BOB, accepted), None);
}

#[test]
fn who_accepts_everybody_is_not_asked() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.configs[BOB].accept = Accept::All;
    world.oracle.on_agreed(BOB, ANN);
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN), [Open]);
    assert_eq!(states(&world, ANN, BOB), [Asked, Open]);
}

/// The programs of two who are no friends link for a file that was taken; that is no yes to talk.
#[test]
fn a_stranger_whose_file_was_taken_is_asked_about_like_any_other() {
    for asker in [ANN, BOB] {
        let other = if asker == ANN { BOB } else { ANN };
        let mut world = pair();
        let id = super::files::offered_in(&mut world, 100_000);
        super::files::take(&mut world, BOB, id);
        world.run_for(8 * SOON_MS);
        assert_eq!(states(&world, ANN, BOB), [], "the programs link without a word");
        world.chat(asker, other);
        world.run_for(2 * SOON_MS);
        assert_eq!(states(&world, asker, other), [Asked]);
        assert_eq!(states(&world, other, asker), [Offered]);
        world.ask(other, accept(asker));
        world.run_for(2 * SOON_MS);
        assert_eq!(states(&world, asker, other), [Asked, Open]);
        assert_eq!(states(&world, other, asker), [Offered, Open]);
    }
}

#[test]
fn to_chat_with_who_asked_is_to_accept() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let joined = world.chat(BOB, ANN);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN), [Offered, Open]);
    assert_eq!(refusal(&world, BOB, joined), None);
}

#[test]
fn a_second_chat_waits_for_the_same_session() {
    let mut world = pair();
    let first = world.chat(ANN, BOB);
    let second = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let third = world.chat(ANN, BOB);
    world.ask(BOB, accept(ANN));
    world.run_for(SOON_MS);
    let fourth = world.chat(ANN, BOB);
    for ticket in [first, second, third, fourth] {
        assert_eq!(refusal(&world, ANN, ticket), None);
    }
    assert_eq!(states(&world, ANN, BOB), [Asked, Open]);
}

#[test]
fn both_who_ask_at_once_have_one_session() {
    for seed in 0..12 {
        let mut world = World::peaceful(seed, 2, Accept::Friends);
        world.run_for(SOON_MS);
        let tickets = [(ANN, world.chat(ANN, BOB)), (BOB, world.chat(BOB, ANN))];
        world.run_for(3 * SOON_MS);
        for (node, ticket) in tickets {
            assert_eq!(refusal(&world, node, ticket), None, "seed {seed}");
            assert_eq!(row(&mut world, node), Some((Open, Some(Path::Direct))), "seed {seed}");
        }
        let opened = |node, with| states(&world, node, with).iter().filter(|s| **s == Open).count();
        assert_eq!((opened(ANN, BOB), opened(BOB, ANN)), (1, 1), "seed {seed}");
    }
}

#[test]
fn of_two_asks_theirs_counts_when_its_id_is_the_smaller() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    world.chat(ANN, EVE);
    world.run_for(SOON_MS);
    let ours = offered(&world);
    eve_asks(&mut world, eve, session(0), ANN);
    assert_eq!(ended(&world, ours), Some(WhyEnded::HungUp));
    assert!(heard(&world).iter().any(|heard| matches!(heard,
        Heard::Server(ToClient::Answered(answered)) if answered.session == session(0))));
    eve_links(&mut world, session(0), ANN);
    say_settle(&mut world);
    assert_eq!(states(&world, ANN, EVE), [Asked, Open]);
}

#[test]
fn of_two_asks_ours_counts_when_its_id_is_the_smaller() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    let asked = world.chat(ANN, EVE);
    world.run_for(SOON_MS);
    let ours = offered(&world);
    eve_asks(&mut world, eve, session(255), ANN);
    assert_eq!(ended(&world, ours), None);
    assert_eq!(states(&world, ANN, EVE), [Asked]);
    world.oracle.on_agreed(EVE, ANN);
    let at = SocketAddr::new(address_of(EVE), SERVER_PORT);
    eve_answers(&mut world, eve, ours, vec![at]);
    assert_eq!(states(&world, ANN, EVE), [Asked, Open]);
    assert_eq!(refusal(&world, ANN, asked), None);
}

#[test]
fn a_no_ends_it_on_both_sides() {
    let mut world = pair();
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let no = world.ask(BOB, Verb::Decline(None));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Declined]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Declined]);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Declined("bob".into())));
    assert_eq!(refusal(&world, BOB, no), None);
    assert_eq!((row(&mut world, ANN), row(&mut world, BOB)), (None, None));
}

#[test]
fn an_ask_that_is_taken_back_is_gone_on_both_sides() {
    let mut world = pair();
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let closed = world.ask(ANN, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Closed]);
    assert_eq!(last_word(&world, BOB, ANN), (Closed, "they took it back".into()));
    assert!(refusal(&world, ANN, asked).is_some());
    assert_eq!(refusal(&world, ANN, closed), None);
}

#[test]
fn an_offer_that_is_closed_is_a_no() {
    let mut world = pair();
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, Verb::Close(None));
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Declined]);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Declined("bob".into())));
}

#[test]
fn an_ask_without_an_answer_fails_in_the_end_on_both_sides() {
    let mut world = pair();
    let patient = world.ask_within(ANN, 2 * ASK_MS, Verb::Chat(target(BOB)));
    let hasty = world.chat(ANN, BOB);
    world.run_for(ASK_MS / 2);
    assert_eq!(refusal(&world, ANN, hasty), Some(Refusal::NoAnswer("bob".into())));
    assert_eq!(states(&world, ANN, BOB), [Asked], "the verb ends, the request stands");
    world.run_for(ASK_MS);
    assert_eq!(refusal(&world, ANN, patient), Some(Refusal::NoAnswer("bob".into())));
    assert_eq!(last_word(&world, ANN, BOB).0, Failed);
    assert!([Failed, Closed].contains(&last_word(&world, BOB, ANN).0));
    assert_eq!((row(&mut world, ANN), row(&mut world, BOB)), (None, None));
}

#[test]
fn an_offer_that_nobody_answers_fails_by_itself() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    assert_eq!(states(&world, ANN, EVE), [Offered]);
    world.run_for(ASK_MS);
    assert_eq!(last_word(&world, ANN, EVE), (Failed, "no answer in time".into()));
    assert!(ended(&world, session(1)).is_some(), "eve is told");
}

#[test]
fn who_dies_with_an_offer_is_away_to_who_asked() {
    let mut world = pair();
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.kill(BOB);
    world.run_for(SOON_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Failed);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::Away("bob".into())));
}

#[test]
fn who_dies_while_asking_takes_the_offer_along() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.kill(ANN);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, BOB, ANN), [Offered, Closed]);
    let late = world.ask(BOB, accept(ANN));
    assert_eq!(refusal(&world, BOB, late), Some(Refusal::NoSession("ann".into())));
}

#[test]
fn nobody_is_asked_who_is_away_hidden_unknown_or_oneself() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    let (req, visibility) =
        (hobnob::proto::id::ReqId(1), hobnob::proto::model::account::Visibility::Private);
    say(&mut world, eve, ToServer::from(Show { req, visibility }));
    world.kill(BOB);
    world.run_for(SOON_MS);
    let tickets = [BOB, EVE, 4, ANN].map(|node| world.chat(ANN, node));
    world.run_for(SOON_MS);
    let refusals = tickets.map(|ticket| refusal(&world, ANN, ticket));
    assert_eq!(
        refusals,
        [
            Some(Refusal::Away("bob".into())),
            Some(Refusal::Unknown("eve".into())),
            Some(Refusal::Unknown("dan".into())),
            Some(Refusal::Myself),
        ]
    );
    assert_eq!(row(&mut world, ANN), None);
}

#[test]
fn a_server_that_dies_takes_asks_and_offers_along() {
    let mut world = pair();
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.kill(SERVER_NODE);
    world.run_for(SOON_MS);
    assert_eq!(states(&world, ANN, BOB), [Asked, Closed]);
    assert_eq!(states(&world, BOB, ANN), [Offered, Closed]);
    let why = Refusal::ServerUnreachable("the link broke".into());
    assert_eq!(refusal(&world, ANN, asked), Some(why));
}

#[test]
fn who_goes_offline_takes_asks_and_offers_along() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, Verb::Offline);
    world.run_for(SOON_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Failed);
    assert_eq!(states(&world, BOB, ANN), [Offered, Closed]);
}

#[test]
fn who_is_thrown_out_takes_asks_and_offers_along() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.operate(Operate::Kick(Name::parse("bob").expect("a name")));
    world.run_for(SOON_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Failed);
    assert_eq!(states(&world, BOB, ANN), [Offered, Closed]);
}

#[test]
fn a_new_offer_replaces_an_old_one_of_the_same_person() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    eve_asks(&mut world, eve, session(2), ANN);
    assert_eq!(states(&world, ANN, EVE), [Offered, Closed, Offered]);
    world.ask(ANN, accept(EVE));
    world.run_for(SOON_MS);
    assert!(heard(&world).iter().any(|heard| matches!(heard,
        Heard::Server(ToClient::Answered(answered)) if answered.session == session(2))));
}

#[test]
fn an_asker_who_hangs_up_and_asks_again_is_offered_again() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    say(&mut world, eve, ToServer::from(Hangup { session: session(1), declined: false }));
    eve_asks(&mut world, eve, session(2), ANN);
    assert_eq!(states(&world, ANN, EVE), [Offered, Closed, Offered]);
}

#[test]
fn accept_and_decline_need_something_to_answer_and_only_one() {
    let mut world = pair();
    let nothing = [Verb::Accept(None), Verb::Decline(None)].map(|verb| world.ask(BOB, verb));
    assert_eq!(
        nothing.map(|t| refusal(&world, BOB, t)),
        [const { Some(Refusal::NothingWaiting) }; 2]
    );
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), BOB);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let which = world.ask(BOB, Verb::Accept(None));
    assert_eq!(refusal(&world, BOB, which), Some(Refusal::Ambiguous("request")));
}

const SERVER_NODE: Node = 0;

fn say_settle(world: &mut World) {
    use hobnob::proto::wire::peer::{Settle, ToPeer};
    let links = world.puppets[&EVE].heard.iter().rev();
    let line = links.filter(|(_, heard)| matches!(heard, Heard::Peer(_))).map(|(line, _)| *line);
    let line = line.clone().next().expect("a link to a peer");
    say(world, line, ToPeer::from(Settle {}));
}

#[test]
fn who_starts_anew_while_something_waits_for_them_has_one_session_and_not_two() {
    let mut world = friends();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.net.part(world.now, ANN, BOB, 5_000);
    world.msg(ANN, BOB, "on its way when he died");
    world.run_for(100);
    world.kill(BOB);
    world.start(BOB);
    world.run_for(SOON_MS);
    // Ann has noticed nothing; his asking ends the session, and what waits has her ask as well.
    world.msg(BOB, ANN, "and he is back");
    world.run_for(5_000);
    for node in [ANN, BOB] {
        assert_eq!(row(&mut world, node).map(|(state, _)| state), Some(SessionState::Open));
        assert_eq!(texts(&mut world, node).len(), 1);
    }
}
