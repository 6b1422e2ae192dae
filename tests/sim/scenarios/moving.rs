//! Rows of the table of moves: an open session goes over from one link to another.

use super::super::net::alias_of;
use super::super::world::CANARY;
use super::files::{MINE, file_states, offered_in, take};
use super::*;
use hobnob::proto::limits::{ASTRAY_MS, BETTER_MS, BETTER_TRIES, RELAY_AFTER_MS};
use hobnob::proto::machine::Input;
use hobnob::proto::model::event::SessionState::{Closed, Offered, Open};
use hobnob::proto::model::transfer::FileState;
use hobnob::proto::wire::client::Again;
use hobnob::proto::wire::peer::Move;

/// Long enough to find another path, the relay if need be.
const MOVED_MS: u64 = RELAY_AFTER_MS + 2 * SOON_MS;

/// Where a session was open, again and again, as somebody was told.
fn paths(world: &World, node: Node) -> Vec<Path> {
    let open = |(reader, event): &(Node, Event)| match event {
        Event::Session { state: Open, path, .. } if *reader == node => *path,
        _ => None,
    };
    world.events.iter().filter_map(open).collect()
}

fn was_closed(world: &World) -> bool {
    let closed = |(_, event): &(Node, Event)| matches!(event, Event::Session { state: Closed, .. });
    world.events.iter().any(closed)
}

/// What somebody has heard from somebody, in order.
fn texts(world: &mut World, node: Node) -> Vec<String> {
    world.log(node).into_iter().map(|(_, _, text)| text).collect()
}

fn both(path: Path) -> Option<(SessionState, Option<Path>)> {
    Some((Open, Some(path)))
}

#[test]
fn a_relayed_session_goes_over_to_a_direct_link_as_soon_as_one_stands() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    // Datagrams would be through first.
    world.configs.iter_mut().for_each(|config| config.paths.udp = false);
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    world.wall_off(ANN);
    world.wall_off(BOB);
    open(&mut world);
    world.net.walled.clear();
    world.run_for(2 * BETTER_MS);
    assert_eq!(
        (row(&mut world, ANN), row(&mut world, BOB)),
        (both(Path::Direct), both(Path::Direct))
    );
    assert_eq!(paths(&world, ANN), [Path::Relay, Path::Direct]);
    assert_eq!(paths(&world, BOB), [Path::Relay, Path::Direct]);
    assert!(!was_closed(&world));
    // The server has forgotten it, and is needed no more.
    world.kill(0);
    let sent = world.msg(ANN, BOB, "without a server");
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, sent), None);
}

#[test]
fn whichever_side_can_be_reached_a_relayed_session_goes_over() {
    for walled in [ANN, BOB] {
        let mut world = relayed();
        world.net.walled.clear();
        world.wall_off(walled);
        world.run_for(2 * BETTER_MS);
        assert_eq!(
            (row(&mut world, ANN), row(&mut world, BOB)),
            (both(Path::Direct), both(Path::Direct))
        );
    }
}

#[test]
fn a_better_path_is_tried_a_few_times_and_then_no_more() {
    let mut world = relayed();
    world.run_for(BETTER_MS * (u64::from(BETTER_TRIES) + 2));
    let dials = world.net.dials.len();
    world.run_for(100 * BETTER_MS);
    assert_eq!(world.net.dials.len(), dials);
    assert_eq!([ANN, BOB].map(|node| world.clients[node - 1].due()), [None, None]);
    assert_eq!(row(&mut world, ANN), both(Path::Relay));
}

#[test]
fn a_session_whose_connection_breaks_finds_another_and_nobody_hears_of_an_end() {
    let mut world = talking();
    world.cut_between(ANN, BOB);
    world.run_for(MOVED_MS);
    assert_eq!(
        (row(&mut world, ANN), row(&mut world, BOB)),
        (both(Path::Direct), both(Path::Direct))
    );
    assert_eq!(paths(&world, ANN), [Path::Direct, Path::Direct]);
    assert!(!was_closed(&world));
}

#[test]
fn where_no_direct_path_is_left_a_session_goes_on_over_the_relay() {
    let mut world = talking();
    world.wall_off(ANN);
    world.wall_off(BOB);
    world.cut_between(ANN, BOB);
    world.run_for(MOVED_MS);
    assert_eq!(
        (row(&mut world, ANN), row(&mut world, BOB)),
        (both(Path::Relay), both(Path::Relay))
    );
    assert_eq!(paths(&world, BOB), [Path::Direct, Path::Relay]);
    let (sent, back) = (world.msg(ANN, BOB, "there"), world.msg(BOB, ANN, "and back"));
    world.run_for(SOON_MS);
    assert_eq!((refusal(&world, ANN, sent), refusal(&world, BOB, back)), (None, None));
    assert!(!was_closed(&world));
}

#[test]
fn what_is_said_before_while_and_after_a_break_comes_once_and_in_order() {
    for relay in [false, true] {
        let mut world = talking();
        let mut said = Vec::new();
        for n in 0..90 {
            let text = format!("{n}");
            world.msg(ANN, BOB, &text);
            world.msg(BOB, ANN, &text);
            said.push(format!("{CANARY} {text}"));
            match n {
                30 if relay => {
                    world.wall_off(ANN);
                    world.wall_off(BOB);
                    world.cut_between(ANN, BOB);
                }
                30 | 60 => world.cut_between(ANN, BOB),
                75 => world.net.walled.clear(),
                _ => {}
            }
            world.run_for(40);
        }
        world.run_for(4 * BETTER_MS);
        assert_eq!(texts(&mut world, BOB), said);
        assert_eq!(texts(&mut world, ANN), said);
        assert!(!was_closed(&world), "over the relay: {relay}");
        assert_eq!(row(&mut world, ANN), both(Path::Direct));
    }
}

#[test]
fn a_connection_that_breaks_as_soon_as_it_stands_is_followed_by_another() {
    for ms in 0..40 {
        let mut world = pair();
        world.chat(ANN, BOB);
        world.run_for(SOON_MS);
        world.ask(BOB, accept(ANN));
        while states(&world, ANN, BOB).last() != Some(&Open) {
            world.run_for(1);
        }
        world.run_for(ms);
        world.cut_between(ANN, BOB);
        world.run_for(MOVED_MS);
        assert_eq!(row(&mut world, ANN), both(Path::Direct), "after {ms} ms");
        assert_eq!(row(&mut world, BOB), both(Path::Direct), "after {ms} ms");
        assert!(!was_closed(&world), "after {ms} ms");
    }
}

#[test]
fn a_relayed_session_outlives_a_way_to_the_server_that_only_one_side_knows_to_be_dead() {
    for node in [ANN, BOB] {
        let mut world = relayed();
        let now = world.now;
        world.net.forget_one(now, node, 0);
        let (sent, back) = (world.msg(ANN, BOB, "one"), world.msg(BOB, ANN, "other"));
        world.run_for(2 * MOVED_MS);
        assert_eq!(row(&mut world, ANN), both(Path::Relay));
        assert_eq!((refusal(&world, ANN, sent), refusal(&world, BOB, back)), (None, None));
        assert!(!was_closed(&world));
    }
}

#[test]
fn a_connection_that_only_one_side_knows_to_be_dead_is_left_by_both() {
    for node in [ANN, BOB] {
        let mut world = talking();
        let now = world.now;
        world.net.forget_one(now, node, 3 - node);
        let (sent, back) = (world.msg(ANN, BOB, "one"), world.msg(BOB, ANN, "other"));
        world.run_for(MOVED_MS);
        assert_eq!(row(&mut world, ANN), both(Path::Direct));
        assert_eq!((refusal(&world, ANN, sent), refusal(&world, BOB, back)), (None, None));
        assert!(!was_closed(&world));
    }
}

#[test]
fn a_file_goes_on_where_it_was_over_the_next_link() {
    let mut world = talking();
    let id = offered_in(&mut world, 3_000_000);
    world.net.rate = Some(2_000);
    take(&mut world, BOB, id);
    world.run_for(SOON_MS);
    world.cut_between(ANN, BOB);
    world.run_for(20 * SOON_MS);
    for node in [ANN, BOB] {
        assert_eq!(file_states(&world, node, id).last(), Some(&FileState::Done));
    }
    assert_eq!(world.disks[BOB - 1].placed[0].written, 3_000_000, "no byte was sent twice");
    assert!(!was_closed(&world));
    assert!(world.disk(ANN).read(MINE).is_some());
}

/// Whoever goes, stays, or is away meanwhile.
#[test]
fn a_session_outlives_a_change_of_address_and_what_is_said_meanwhile_comes_once() {
    let all = [vec![ANN], vec![BOB], vec![ANN, BOB]];
    let all = all.iter().flat_map(|goes| [0, 1_000, 15_000].map(|away_ms| (goes, away_ms)));
    for (goes, away_ms) in all {
        let mut world = talking();
        let mut said = Vec::new();
        for n in 0..60 {
            let text = format!("{n}");
            world.msg(ANN, BOB, &text);
            world.msg(BOB, ANN, &text);
            said.push(format!("{CANARY} {text}"));
            if n == 20 {
                goes.iter().for_each(|node| world.roam(*node, None));
                world.run_for(away_ms);
                goes.iter().for_each(|node| world.roam(*node, Some(alias_of(*node))));
            }
            world.run_for(40);
        }
        world.run_for(4 * BETTER_MS);
        assert_eq!(texts(&mut world, BOB), said, "{goes:?} after {away_ms} ms");
        assert_eq!(texts(&mut world, ANN), said, "{goes:?} after {away_ms} ms");
        assert!(!was_closed(&world), "{goes:?} after {away_ms} ms");
        assert_eq!(row(&mut world, ANN), both(Path::Direct), "{goes:?} after {away_ms} ms");
        assert_eq!(row(&mut world, BOB), both(Path::Direct), "{goes:?} after {away_ms} ms");
    }
}

#[test]
fn a_file_goes_on_where_it_was_from_another_address() {
    for goes in [ANN, BOB] {
        let mut world = talking();
        let id = offered_in(&mut world, 3_000_000);
        world.net.rate = Some(2_000);
        take(&mut world, BOB, id);
        world.run_for(SOON_MS);
        world.roam(goes, Some(alias_of(goes)));
        world.run_for(40 * SOON_MS);
        for node in [ANN, BOB] {
            assert_eq!(file_states(&world, node, id).last(), Some(&FileState::Done));
        }
        assert_eq!(world.disks[BOB - 1].placed[0].written, 3_000_000, "no byte was sent twice");
        assert!(!was_closed(&world));
    }
}

#[test]
fn a_relayed_session_is_direct_as_soon_as_a_new_address_leads_there() {
    for goes in [ANN, BOB] {
        let mut world = relayed();
        world.run_for(10 * BETTER_MS);
        assert_eq!(row(&mut world, ANN), both(Path::Relay));
        world.net.walled.clear();
        world.wall_off(3 - goes);
        world.wake_client(goes, vec![Input::Network(vec![address_of(goes), alias_of(goes)])]);
        world.run_for(2 * BETTER_MS);
        assert_eq!(row(&mut world, ANN), both(Path::Direct));
        assert!(!was_closed(&world));
    }
}

#[test]
fn the_same_addresses_in_another_order_and_those_that_go_change_nothing() {
    let mut world = relayed();
    world.run_for(10 * BETTER_MS);
    let dials = world.net.dials.len();
    let both_there = vec![alias_of(ANN), address_of(ANN)];
    world.wake_client(ANN, vec![Input::Network(both_there.clone())]);
    world.run_for(10 * BETTER_MS);
    let (before, after) = (dials, world.net.dials.len());
    assert!(after > before, "the alias is new");
    for here in [both_there.into_iter().rev().collect(), vec![address_of(ANN)]] {
        world.wake_client(ANN, vec![Input::Network(here)]);
        world.run_for(10 * BETTER_MS);
        assert_eq!(world.net.dials.len(), after);
    }
}

#[test]
fn whoever_comes_back_after_a_long_absence_finds_the_session_over_on_both_sides() {
    let mut world = talking();
    world.roam(BOB, None);
    world.run_for(2 * ASTRAY_MS);
    world.roam(BOB, Some(alias_of(BOB)));
    let sent = world.msg(ANN, BOB, "still there?");
    world.run_for(130_000);
    assert_eq!(refusal(&world, ANN, sent), None);
    assert_eq!(texts(&mut world, BOB), [format!("{CANARY} still there?")]);
    assert_eq!(last_word(&world, BOB, ANN).0, Closed);
}

/// Bob believes in the old session, which ends because of the new one; what waits for Ann makes
/// his program ask as well.
#[test]
fn whoever_starts_anew_while_something_waits_for_them_is_in_one_session() {
    for seed in 0..8 {
        let mut world = World::peaceful(seed, 2, Accept::Friends);
        world.run_for(SOON_MS);
        befriend(&mut world, ANN, BOB);
        open(&mut world);
        let now = world.now;
        world.net.forget_one(now, ANN, BOB);
        world.kill(ANN);
        world.start(ANN);
        world.run_for(SOON_MS);
        world.msg(BOB, ANN, "waits");
        let asked = world.chat(ANN, BOB);
        world.run_for(MOVED_MS);
        assert_eq!(refusal(&world, ANN, asked), None, "seed {seed}");
        assert_eq!(texts(&mut world, ANN), [format!("{CANARY} waits")], "seed {seed}");
        assert_eq!(row(&mut world, BOB), both(Path::Direct), "seed {seed}");
        let why = world.ask(BOB, Verb::Why(target(ANN)));
        let is_reached = |(node, ticket, row): &(Node, u64, Row)| {
            let reach = matches!(row, Row::Reach(reach) if reach.path == Some(Path::Direct));
            (*node, *ticket) == (BOB, why) && reach
        };
        assert!(world.rows.iter().any(is_reached), "seed {seed}: {:?}", world.rows.last());
    }
}

#[test]
fn a_session_whose_other_side_was_started_anew_is_over() {
    let mut world = talking();
    world.kill(BOB);
    world.start(BOB);
    world.run_for(MOVED_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Closed);
    assert_eq!((row(&mut world, ANN), row(&mut world, BOB)), (None, None));
}

#[test]
fn without_a_server_to_come_back_a_session_that_lost_its_path_ends_in_time() {
    let mut world = talking();
    world.kill(0);
    world.run_for(SOON_MS);
    world.cut_between(ANN, BOB);
    world.run_for(SOON_MS);
    assert!(!was_closed(&world), "the server may come back");
    world.run_for(ASTRAY_MS);
    for (node, with) in [(ANN, BOB), (BOB, ANN)] {
        assert_eq!(last_word(&world, node, with), (Closed, "connection reset".into()));
    }
}

#[test]
fn a_relayed_session_outlives_a_short_absence_of_its_server() {
    let mut world = relayed();
    world.kill(0);
    let sent = world.msg(ANN, BOB, "said meanwhile");
    world.run_for(2 * SOON_MS);
    world.start(0);
    world.run_for(10_000);
    assert_eq!(
        (row(&mut world, ANN), row(&mut world, BOB)),
        (both(Path::Relay), both(Path::Relay))
    );
    assert_eq!(refusal(&world, ANN, sent), None);
    assert!(!was_closed(&world));
}

#[test]
fn who_signs_out_gives_up_what_needs_the_server() {
    let mut world = relayed();
    world.ask(ANN, Verb::Offline);
    world.run_for(SOON_MS);
    assert_eq!(last_word(&world, ANN, BOB).0, Closed);
    assert_eq!(last_word(&world, BOB, ANN).0, Closed);
}

#[test]
fn a_session_that_looks_for_a_path_is_open_to_those_who_ask_and_can_be_closed() {
    let mut world = talking();
    world.kill(0);
    world.run_for(SOON_MS);
    world.cut_between(ANN, BOB);
    world.run_for(100);
    assert_eq!(row(&mut world, ANN), Some((Open, None)));
    let closed = world.ask(ANN, Verb::Close(None));
    world.run_for(100);
    assert_eq!(refusal(&world, ANN, closed), None);
    assert_eq!(row(&mut world, ANN), None);
}

/// Eve asks for sessions that are not hers, and says so under Ann's and Bob's id.
#[test]
fn nobody_else_is_brought_into_a_session_by_its_id() {
    let mut world = talking();
    let eve = eve_signs_in(&mut world);
    let to = key(&world, ANN);
    for n in 0..3 {
        let (session, candidates) = (session(n), Vec::new());
        say(&mut world, eve, ToServer::from(Again { session, to, candidates, token: None }));
        assert_eq!(ended(&world, session), Some(WhyEnded::Declined), "ann knows of none");
    }
    assert_eq!(states(&world, ANN, EVE), []);
    assert_eq!(row(&mut world, ANN), both(Path::Direct));
}

#[test]
fn a_move_opens_what_was_agreed_and_ends_it_where_it_cannot_be_true() {
    let mut world = pair();
    let eve = eve_signs_in(&mut world);
    eve_asks(&mut world, eve, session(1), ANN);
    world.ask(ANN, accept(EVE));
    world.run_for(100);
    let line = eve_links(&mut world, session(1), ANN);
    say(&mut world, line, ToPeer::from(Move { heard: 3 }));
    assert_eq!(states(&world, ANN, EVE), [Offered, Open, Closed]);
    assert_eq!(row(&mut world, ANN), None);
}
