//! `why`: what was tried to reach somebody, and what came of it.

use super::*;
use hobnob::proto::limits::{HANDSHAKE_MS, LINKING_MS, RELAY_AFTER_MS};
use hobnob::proto::model::notice::{AttemptRow, ReachRow, Way};
use hobnob::proto::model::person::Target;

pub fn why(world: &mut World, node: Node, whom: Target) -> (Vec<AttemptRow>, Option<ReachRow>) {
    let asked = world.ask(node, Verb::Why(whom));
    let (mut attempts, mut reach) = (Vec::new(), None);
    for (who, ticket, row) in &world.rows {
        match row {
            // What was asked about ourselves is told of elsewhere.
            Row::Attempt(row) if row.with == "server:12000" => {}
            Row::Attempt(row) if (*who, *ticket) == (node, asked) => attempts.push(row.clone()),
            Row::Reach(row) if (*who, *ticket) == (node, asked) => reach = Some(row.clone()),
            _ => {}
        }
    }
    (attempts, reach)
}

/// Ways and results of all tries.
fn tries(world: &mut World, node: Node, whom: Node) -> Vec<(Way, String)> {
    let (attempts, _) = why(world, node, target(whom));
    attempts.into_iter().map(|row| (row.path, row.result)).collect()
}

fn one(way: Way, result: &str) -> (Way, String) {
    (way, result.to_owned())
}

#[test]
fn who_was_never_tried_is_told_apart_from_who_was_not_reached() {
    let mut world = pair();
    let asked = world.ask(ANN, Verb::Why(target(BOB)));
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::NothingTried(_))));
    world.kill(BOB);
    world.run_for(SOON_MS);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let tried = tries(&mut world, ANN, BOB);
    assert_eq!(tried, [one(Way::Server, "away")]);
    let (_, reach) = why(&mut world, ANN, target(BOB));
    assert_eq!((reach.clone().and_then(|r| r.state), reach.and_then(|r| r.path)), (None, None));
}

#[test]
fn an_open_session_tells_which_way_it_went_on_both_sides() {
    let mut world = talking();
    let asker = tries(&mut world, ANN, BOB);
    assert_eq!(asker, [one(Way::Server, "agreed"), one(Way::Direct, "open")]);
    let asked = tries(&mut world, BOB, ANN);
    let theirs =
        [one(Way::Server, "they asked: agreed"), one(Way::Direct, "they reached us: open")];
    assert_eq!(asked, theirs);
    let (attempts, reach) = why(&mut world, ANN, target(BOB));
    assert_eq!(attempts[1].address, world.net.listener_of(BOB));
    assert!(attempts[1].ms.is_some());
    let reach = reach.expect("there is a last row");
    assert_eq!((reach.state, reach.path), (Some(SessionState::Open), Some(Path::Direct)));
    assert_eq!((reach.rtt_ms, reach.note), (None, None));
}

#[test]
fn a_round_trip_is_known_once_a_message_was_acknowledged() {
    let mut world = talking();
    world.msg(ANN, BOB, "how far are you");
    world.run_for(SOON_MS);
    let (_, reach) = why(&mut world, ANN, target(BOB));
    let rtt_ms = reach.and_then(|reach| reach.rtt_ms);
    assert!(rtt_ms.is_some_and(|ms| ms > 0 && ms < SOON_MS), "{rtt_ms:?}");
    assert_eq!(world.sessions(ANN)[0].rtt_ms, rtt_ms);
    assert_eq!(world.sessions(BOB)[0].rtt_ms, None, "he has said nothing");
}

#[test]
fn each_wall_that_was_met_is_named_beside_the_relay() {
    let mut world = relayed();
    let asker = tries(&mut world, ANN, BOB);
    let four = [
        one(Way::Server, "agreed"),
        one(Way::Direct, "connection refused"),
        one(Way::Udp, "still trying"),
        one(Way::Relay, "open"),
    ];
    assert_eq!(asker, four);
    let asked = tries(&mut world, BOB, ANN);
    assert!(asked.contains(&one(Way::Direct, "connection refused")), "{asked:?}");
    assert!(asked.contains(&one(Way::Relay, "open")), "{asked:?}");
}

#[test]
fn an_address_that_never_answers_is_still_tried_and_then_timed_out() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.configs.iter_mut().for_each(|config| config.paths.udp = false);
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    let (ann, bob) = (world.net.listener_of(ANN), world.net.listener_of(BOB));
    world.net.silent.extend(ann.into_iter().chain(bob));
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    world.ask(BOB, accept(ANN));
    world.run_for(RELAY_AFTER_MS / 2);
    let before = tries(&mut world, ANN, BOB);
    let udp = one(Way::Udp, "switched off with --paths");
    assert_eq!(before, [one(Way::Server, "agreed"), one(Way::Direct, "still trying"), udp]);
    let (_, reach) = why(&mut world, ANN, target(BOB));
    assert_eq!(reach.and_then(|reach| reach.note), Some("looking for a path".to_owned()));
    world.run_for(RELAY_AFTER_MS);
    let after = tries(&mut world, ANN, BOB);
    assert_eq!(after[1], one(Way::Direct, "still trying"), "it would be the better one");
    assert_eq!(after[3], one(Way::Relay, "open"));
    world.run_for(HANDSHAKE_MS);
    assert_eq!(tries(&mut world, ANN, BOB)[1], one(Way::Direct, "timed out"));
}

#[test]
fn a_link_that_is_lost_is_told_and_the_way_that_it_went_stays() {
    let mut world = talking();
    world.kill(BOB);
    world.run_for(LINKING_MS);
    let tried = tries(&mut world, ANN, BOB);
    assert!(tried[1].1.starts_with("open, then "), "{tried:?}");
}

#[test]
fn a_no_and_a_silence_are_answers_too() {
    let mut world = pair();
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(tries(&mut world, ANN, BOB), [one(Way::Server, "still trying")]);
    assert_eq!(tries(&mut world, BOB, ANN), [one(Way::Server, "they asked: still trying")]);
    world.ask(BOB, Verb::Decline(None));
    world.run_for(SOON_MS);
    assert_eq!(tries(&mut world, ANN, BOB), [one(Way::Server, "declined")]);
    assert_eq!(tries(&mut world, BOB, ANN), [one(Way::Server, "they asked: declined")]);
    world.chat(ANN, BOB);
    world.run_for(2 * hobnob::proto::limits::ASK_MS);
    assert_eq!(tries(&mut world, ANN, BOB)[1], one(Way::Server, "no answer in time"));
}

#[test]
fn who_is_private_or_not_there_and_who_cannot_ask_at_all() {
    let mut world = pair();
    world.ask(BOB, Verb::SetVisibility(Visibility::Private));
    world.run_for(SOON_MS);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let hidden = one(Way::Server, "no such name, or not visible to you");
    assert_eq!(tries(&mut world, ANN, BOB), [hidden]);
    world.ask(ANN, Verb::Offline);
    world.chat(ANN, BOB);
    assert_eq!(tries(&mut world, ANN, BOB)[1], one(Way::Server, "not signed in"));
    let (_, reach) = why(&mut world, ANN, target(BOB));
    assert_eq!(reach.and_then(|reach| reach.note), Some("no session, not signed in".to_owned()));
}

#[test]
fn a_dialled_address_is_asked_for_by_address_and_once_it_is_known_by_person() {
    let mut world = World::asleep(7, 2, Accept::All);
    for node in [ANN, BOB] {
        world.configs[node].server = None;
        world.start(node);
        world.oracle.on_agreed(node, 3 - node);
    }
    world.run_for(SOON_MS);
    let silent = SocketAddr::new(address_of(4), 1);
    world.net.silent.insert(silent);
    world.ask(ANN, Verb::Chat(Target::Endpoint(silent)));
    world.run_for(2 * HANDSHAKE_MS);
    let (attempts, _) = why(&mut world, ANN, Target::Endpoint(silent));
    assert_eq!((attempts[0].path, attempts[0].result.as_str()), (Way::Direct, "timed out"));
    let bob = Target::Endpoint(world.net.listener_of(BOB).expect("bob listens"));
    world.ask(ANN, Verb::Chat(bob));
    world.run_for(SOON_MS);
    assert_eq!(tries(&mut world, ANN, BOB), [one(Way::Direct, "open")]);
    assert_eq!(tries(&mut world, BOB, ANN), [one(Way::Direct, "they reached us: open")]);
}
