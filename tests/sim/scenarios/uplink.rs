//! Rows of the uplink's table: reaching the server, being let in, coming back.

use super::super::puppet::Manners;
use super::super::world::SERVER;
use super::*;
use hobnob::proto::client::{Remote, Server as ServerAt};
use hobnob::proto::limits::{
    DIAL_MS, HANDSHAKE_MS, RECONNECT_FIRST_MS, RECONNECT_LAST_MS, VERB_MS,
};
use hobnob::proto::model::account::Pool;
use hobnob::proto::model::command::{Operate, Verb};
use hobnob::proto::wire::server::{Leaving, WhyLeaving};

/// Whether somebody was last told to be signed in, and why not.
fn online(world: &World, node: Node) -> Result<(), String> {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::Online { .. } if *reader == node => Some(Ok(())),
        Event::Offline { why, .. } if *reader == node => Some(Err(why.clone())),
        _ => None,
    };
    let last = world.events.iter().filter_map(of).next_back();
    last.unwrap_or(Err("never".into()))
}

/// When somebody dialled something.
fn dials(world: &World, node: Node) -> Vec<u64> {
    world.net.dials.iter().filter(|(_, who, _)| *who == node).map(|(at, ..)| *at).collect()
}

fn troubles(world: &World, node: Node) -> Vec<Refusal> {
    let of = |(who, why): &(Node, Refusal)| (*who == node).then(|| why.clone());
    world.troubles.iter().filter_map(of).collect()
}

/// Ann, not started.
fn ann() -> World {
    World::asleep(7, 2, Accept::Friends)
}

fn server_of(world: &mut World, node: Node) -> &mut ServerAt {
    world.configs[node].server.as_mut().expect("a server")
}

/// Nobody signs in, or tries to, ever again.
fn assert_stays_off(world: &mut World, node: Node) {
    let before = dials(world, node).len();
    world.run_for(100 * RECONNECT_LAST_MS);
    assert_eq!(dials(world, node).len(), before, "asking again would change nothing");
    let asked = world.ask(node, Verb::Who { prefix: String::new() });
    assert_eq!(refusal(world, node, asked), Some(Refusal::NotSignedIn));
}

#[test]
fn a_new_client_registers_and_is_ready_once() {
    let mut world = pair();
    assert_eq!(online(&world, ANN), Ok(()));
    world.kill(SERVER);
    world.run_for(SOON_MS);
    world.start(SERVER);
    world.run_for(10_000);
    let ready = |(node, event): &(Node, Event)| match event {
        Event::Ready { name, address, .. } if *node == ANN => Some((name.clone(), *address)),
        _ => None,
    };
    let ready: Vec<_> = world.events.iter().filter_map(ready).collect();
    assert_eq!(ready.len(), 1);
    assert_eq!(ready[0].0, Name::parse("ann").ok());
    assert!(ready[0].1.is_some());
}

#[test]
fn an_address_is_ones_own_for_good() {
    let mut world = pair();
    let whoami = |world: &mut World| {
        let asked = world.ask(ANN, Verb::Whoami);
        let row = world.rows.iter().find(|(node, ticket, _)| (*node, *ticket) == (ANN, asked));
        let Some((_, _, hobnob::proto::model::notice::Row::Whoami(row))) = row else {
            panic!("whoami answers with a row")
        };
        row.clone()
    };
    let before = whoami(&mut world);
    for node in [ANN, SERVER] {
        world.kill(node);
        world.run_for(SOON_MS);
        world.start(node);
        world.run_for(10_000);
    }
    assert_eq!(whoami(&mut world).address, before.address);
    assert!(before.server.is_some() && before.public.is_some());
}

#[test]
fn of_several_addresses_the_next_is_tried_at_once() {
    let mut world = ann();
    world.start(SERVER);
    let dead = SocketAddr::from(([10, 9, 9, 9], 1));
    server_of(&mut world, ANN).at = [dead, dead, server_at()].map(Remote::Address).to_vec();
    world.start(ANN);
    world.run_for(400);
    assert_eq!(online(&world, ANN), Ok(()));
    assert_eq!(dials(&world, ANN).len(), 3);
}

#[test]
fn a_silent_address_is_given_up_in_time() {
    let mut world = ann();
    world.start(SERVER);
    let silent = SocketAddr::from(([10, 9, 9, 9], 1));
    world.net.silent.insert(silent);
    server_of(&mut world, ANN).at = [silent, server_at()].map(Remote::Address).to_vec();
    world.start(ANN);
    world.run_for(DIAL_MS - 1_000);
    assert!(online(&world, ANN).is_err());
    world.run_for(2_000);
    assert_eq!(online(&world, ANN), Ok(()));
}

#[test]
fn a_server_that_links_and_then_says_nothing_is_given_up_in_time() {
    let mut world = ann();
    eve_serves(&mut world, ANN);
    world.start(ANN);
    world.run_for(SOON_MS);
    let line = client_line(&world);
    world.run_for(HANDSHAKE_MS);
    let closed = |(l, heard): &(Line, Heard)| *l == line && matches!(heard, Heard::Closed(_));
    assert!(world.puppets[&EVE].heard.iter().any(closed));
    assert!(dials(&world, ANN).len() >= 2, "it is tried again");
}

#[test]
fn a_server_that_never_answers_the_link_is_given_up_in_time() {
    let mut world = ann();
    eve_serves(&mut world, ANN);
    world.play(EVE, |eve| eve.manners = Manners::Silent);
    world.start(ANN);
    world.run_for(HANDSHAKE_MS + SOON_MS);
    assert!(dials(&world, ANN).len() >= 2, "it is tried again");
}

#[test]
fn pauses_double_up_to_a_minute_and_no_two_clients_knock_in_step() {
    let mut world = ann();
    world.start(ANN);
    world.start(BOB);
    world.run_for(20 * RECONNECT_LAST_MS);
    let times = [ANN, BOB].map(|node| dials(&world, node));
    for times in &times {
        let mut least = RECONNECT_FIRST_MS / 2;
        for pair in times.windows(2) {
            let pause = pair[1] - pair[0];
            assert!((least..=2 * least + 50).contains(&pause), "{pause} of {least}");
            least = (2 * least).min(RECONNECT_LAST_MS / 2);
        }
    }
    assert_ne!(times[0][1..], times[1][1..]);
    assert!(times[0].len() > 20);
}

#[test]
fn after_a_good_sign_in_the_pauses_are_short_again() {
    let mut world = ann();
    world.start(ANN);
    world.run_for(10 * RECONNECT_LAST_MS);
    world.start(SERVER);
    world.run_for(RECONNECT_LAST_MS + SOON_MS);
    assert_eq!(online(&world, ANN), Ok(()));
    let before = world.now;
    world.kill(SERVER);
    world.run_for(2 * RECONNECT_FIRST_MS);
    assert!(dials(&world, ANN).iter().any(|at| *at > before), "soon tried again");
}

#[test]
fn everybody_comes_back_to_a_server_that_was_restarted() {
    let mut world = World::peaceful(7, 5, Accept::Friends);
    world.run_for(SOON_MS);
    world.kill(SERVER);
    world.run_for(SOON_MS);
    assert!((1..=5).all(|node| online(&world, node).is_err()));
    world.start(SERVER);
    world.run_for(4 * RECONNECT_FIRST_MS);
    assert!((1..=5).all(|node| online(&world, node) == Ok(())));
}

#[test]
fn a_server_that_lost_its_disk_gets_everybody_back() {
    let mut world = pair();
    world.lose_server_disk();
    world.run_for(10_000);
    assert_eq!([ANN, BOB].map(|node| online(&world, node)), [Ok(()), Ok(())]);
    open(&mut world);
}

#[test]
fn offline_lasts_until_online() {
    let mut world = pair();
    let off = world.ask(ANN, Verb::Offline);
    assert_eq!(refusal(&world, ANN, off), None);
    assert_eq!(online(&world, ANN), Err("signed out".into()));
    assert_stays_off(&mut world, ANN);
    let on = world.ask(ANN, Verb::Online);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, on), None);
    assert_eq!(online(&world, ANN), Ok(()));
}

#[test]
fn online_does_not_wait_for_the_pause_to_end() {
    let mut world = ann();
    world.start(ANN);
    world.run_for(10 * RECONNECT_LAST_MS);
    world.start(SERVER);
    let on = world.ask(ANN, Verb::Online);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, on), None);
}

#[test]
fn offline_ends_every_stage_of_coming_in() {
    for ms in [0, 30, 60, 90, 120, 150, 180, 210, 240] {
        let mut world = ann();
        world.start(SERVER);
        world.start(ANN);
        world.run_for(ms);
        world.ask(ANN, Verb::Offline);
        world.run_for(SOON_MS);
        assert_stays_off(&mut world, ANN);
    }
    let mut world = ann();
    world.start(ANN);
    world.run_for(60_000);
    world.ask(ANN, Verb::Offline);
    assert_stays_off(&mut world, ANN);
}

#[test]
fn a_taken_name_is_said_and_not_tried_again() {
    let mut world = ann();
    world.configs[BOB].name = world.configs[ANN].name.clone();
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    let loser = if online(&world, ANN).is_ok() { BOB } else { ANN };
    assert_eq!(troubles(&world, loser), [Refusal::NameTaken("ann".into())]);
    assert_stays_off(&mut world, loser);
}

#[test]
fn a_new_key_needs_a_name_and_a_known_one_does_not() {
    let mut world = ann();
    world.start(SERVER);
    world.configs[ANN].name = None;
    world.start(ANN);
    world.run_for(SOON_MS);
    assert_eq!(troubles(&world, ANN), [Refusal::NameNeeded]);
    world.start(BOB);
    world.run_for(SOON_MS);
    world.kill(BOB);
    world.configs[BOB].name = None;
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(online(&world, BOB), Ok(()));
}

#[test]
fn a_full_server_is_tried_again_until_there_is_room() {
    let mut world = ann();
    world.server_config.max_clients = 1;
    world.start(SERVER);
    world.start(BOB);
    world.run_for(SOON_MS);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert!(online(&world, ANN).is_err());
    world.kill(BOB);
    world.run_for(10_000);
    assert_eq!(online(&world, ANN), Ok(()));
}

#[test]
fn a_pool_without_addresses_is_said() {
    let mut world = World::asleep(7, 3, Accept::Friends);
    world.server_config.pool = Pool::parse("100.64.0.0/30").expect("a pool of two");
    for node in 0..=3 {
        world.start(node);
        world.run_for(SOON_MS);
    }
    let why = Refusal::ServerRefused("no address is left".into());
    assert_eq!(troubles(&world, 3), [why]);
    assert_stays_off(&mut world, 3);
}

#[test]
fn a_server_with_another_key_is_told_nothing() {
    let mut world = pair();
    let known = key(&world, SERVER);
    world.kill(ANN);
    eve_serves(&mut world, ANN);
    world.start(ANN);
    let asked = world.ask(ANN, Verb::Who { prefix: String::new() });
    world.run_for(SOON_MS);
    let name = "server:12000".to_owned();
    let changed = Refusal::ServerChanged(name.clone(), key(&world, EVE));
    assert_eq!(troubles(&world, ANN), std::slice::from_ref(&changed));
    assert_eq!(refusal(&world, ANN, asked), Some(changed));
    let event = Event::Identity { name, old: known, new: key(&world, EVE) };
    assert!(world.events.contains(&(ANN, event)));
    let told = |heard: &Heard| matches!(heard, Heard::Linked | Heard::Client(_));
    assert!(!heard(&world).iter().any(told), "the key of ann stays hers");
    assert_stays_off(&mut world, ANN);
}

#[test]
fn a_key_given_by_hand_counts_at_the_first_sign_in() {
    let mut world = ann();
    world.start(SERVER);
    server_of(&mut world, ANN).key = Some(key(&world, EVE));
    world.start(ANN);
    world.run_for(SOON_MS);
    let right = key(&world, SERVER);
    assert_eq!(troubles(&world, ANN), [Refusal::ServerChanged("server:12000".into(), right)]);
    server_of(&mut world, BOB).key = Some(right);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(online(&world, BOB), Ok(()));
}

#[test]
fn a_second_client_with_the_same_key_replaces_the_first_which_does_not_fight_back() {
    let mut world = ann();
    world.keys[BOB] = world.keys[ANN];
    world.start(SERVER);
    world.start(ANN);
    world.run_for(SOON_MS);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(online(&world, ANN), Err("signed in from elsewhere".into()));
    assert_eq!(troubles(&world, ANN), [Refusal::Replaced]);
    assert_stays_off(&mut world, ANN);
    assert_eq!(online(&world, BOB), Ok(()));
}

#[test]
fn who_is_thrown_out_comes_back_and_who_is_removed_does_not() {
    let mut world = pair();
    world.operate(Operate::Kick(Name::parse("ann").expect("a name")));
    world.run_for(100);
    assert_eq!(online(&world, ANN), Err("the operator ended the link".into()));
    world.run_for(10_000);
    assert_eq!(online(&world, ANN), Ok(()));
    world.operate(Operate::Forget(Name::parse("ann").expect("a name")));
    world.run_for(SOON_MS);
    assert!(matches!(troubles(&world, ANN)[..], [Refusal::ServerRefused(_)]));
    assert_stays_off(&mut world, ANN);
}

#[test]
fn a_server_that_ends_in_order_is_waited_for() {
    let mut world = pair();
    world.operate(Operate::Quit);
    world.run_for(100);
    assert_eq!(online(&world, ANN), Err("the server ends".into()));
    world.kill(SERVER);
    world.start(SERVER);
    world.run_for(10_000);
    assert_eq!(online(&world, ANN), Ok(()));
}

#[test]
fn a_server_that_takes_us_for_a_peer_is_refused_for_good() {
    let mut world = ann();
    eve_serves(&mut world, ANN);
    world.play(EVE, |eve| eve.manners = Manners::Refuses);
    world.start(ANN);
    world.run_for(SOON_MS);
    assert!(matches!(troubles(&world, ANN)[..], [Refusal::ServerRefused(_)]));
    assert_stays_off(&mut world, ANN);
}

#[test]
fn a_server_of_another_version_is_said_and_not_tried_again() {
    let mut world = ann();
    eve_serves(&mut world, ANN);
    world.play(EVE, |eve| eve.manners = Manners::Silent);
    world.start(ANN);
    world.run_for(200);
    let line = *world.puppets[&EVE].lines().last().expect("ann has dialled");
    let Line::Stream(conn) = line else { panic!("a stream") };
    let answer = b"\x00\x09hobnob\x00\x63\x01".to_vec();
    world.net.act(world.now, (EVE, conn), StreamAction::Send(answer));
    world.run_for(SOON_MS);
    assert_eq!(troubles(&world, ANN), [Refusal::Version("the server speaks 99".into())]);
    assert_stays_off(&mut world, ANN);
}

#[test]
fn a_server_that_sends_garbage_is_left_and_tried_again() {
    let mut world = ann();
    eve_serves(&mut world, ANN);
    world.start(ANN);
    world.run_for(200);
    eve_welcomes(&mut world, ANN);
    let Line::Stream(conn) = client_line(&world) else { panic!("a stream") };
    world.net.act(
        world.now,
        (EVE, conn),
        StreamAction::Send([vec![0, 32], vec![0xA5; 32]].concat()),
    );
    world.run_for(SOON_MS);
    assert_eq!(online(&world, ANN), Err("the server sent garbage".into()));
    world.run_for(10_000);
    assert!(dials(&world, ANN).len() >= 2);
}

#[test]
fn a_leaving_before_the_welcome_is_taken_at_its_word() {
    let mut world = ann();
    eve_serves(&mut world, ANN);
    world.start(ANN);
    world.run_for(SOON_MS);
    let line = client_line(&world);
    say(&mut world, line, ToClient::from(Leaving { why: WhyLeaving::Replaced }));
    assert_eq!(troubles(&world, ANN), [Refusal::Replaced]);
    assert_stays_off(&mut world, ANN);
}

#[test]
fn a_listener_that_cannot_be_had_is_said_and_sessions_go_on_without() {
    let mut world = ann();
    let taken = SocketAddr::new(address_of(ANN), 7_000);
    world.net.listen(EVE, hobnob::proto::id::ConnId::own(9), taken);
    world.configs[ANN].listen = Some(taken);
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    assert!(matches!(troubles(&world, ANN)[..], [Refusal::Listen(_)]));
    open(&mut world);
    assert_eq!(row(&mut world, ANN), Some((SessionState::Open, Some(Path::Direct))));
}

#[test]
fn the_listener_stays_where_it_was_when_the_link_to_the_server_breaks() {
    let mut world = pair();
    let before = world.net.listener_of(ANN);
    world.cut_between(ANN, SERVER);
    world.run_for(10_000);
    assert_eq!(world.net.listener_of(ANN), before);
    open(&mut world);
}

#[test]
fn the_listener_is_opened_where_it_was_asked_for() {
    let mut world = ann();
    let at = SocketAddr::new(address_of(ANN), 7_000);
    world.configs[ANN].listen = Some(at);
    (0..=2).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    assert_eq!(world.net.listener_of(ANN), Some(at));
    open(&mut world);
}

#[test]
fn nothing_is_waited_for_once_signed_in() {
    let mut world = pair();
    world.run_for(VERB_MS);
    assert_eq!(world.clients[ANN - 1].due(), None);
    assert_eq!(world.server.due(), None);
}
