//! A gateway that maps ports, and those that do not.

use super::super::router::{Mapping, Speaks, Temper};
use super::*;
use hobnob::proto::limits::{PORT_MAPPING_LEASE_S, PORT_MAPPING_RETURN_MS};
use hobnob::proto::machine::{Gateway, Input, Machine};
use hobnob::proto::model::notice::{Way, WhoamiRow};

const ROUTER: Node = 6;
/// Long enough for every way to ask a gateway.
const ASKED_MS: u64 = 12_000;
const RENEWED_MS: u64 = PORT_MAPPING_LEASE_S as u64 * 500;
const ALL: [Speaks; 4] = [Speaks::Pcp, Speaks::NatPmp, Speaks::Upnp, Speaks::UpnpForEver];

/// Ann behind such a gateway, and Bob; neither is reached at their own addresses.
fn behind(speaks: Speaks, temper: Temper) -> World {
    let mut world = World::asleep(7, 2, Accept::All);
    world.oracle.on_agreed(ANN, BOB);
    world.oracle.on_agreed(BOB, ANN);
    world.router(ROUTER, speaks).temper = temper;
    world.configs[ANN].gateway = Some(gateway());
    for node in [0, ANN, BOB] {
        world.start(node);
    }
    world.run_for(SOON_MS);
    for node in [ANN, BOB] {
        world.net.silent.insert(world.net.listener_of(node).expect("it listens"));
    }
    world.run_for(ASKED_MS);
    world
}

fn gateway() -> Gateway {
    Gateway { at: gateway_at(ROUTER), ours: gateway_at(ANN) }
}

fn gateway_at(node: Node) -> Ipv4Addr {
    match address_of(node) {
        std::net::IpAddr::V4(at) => at,
        std::net::IpAddr::V6(_) => panic!("the world has only IPv4"),
    }
}

fn mappings(world: &World) -> Vec<(u8, Mapping)> {
    let mapped = world.routers[&ROUTER].mapped.iter();
    mapped.map(|((transport, _), mapping)| (*transport, mapping.clone())).collect()
}

fn whoami(world: &mut World) -> WhoamiRow {
    let asked = world.ask(ANN, Verb::Whoami);
    let of = |(node, ticket, row): &(Node, u64, Row)| match row {
        Row::Whoami(row) if (*node, *ticket) == (ANN, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().find_map(of).expect("a row")
}

/// What `why` tells Ann of the gateway.
fn results(world: &mut World) -> Vec<String> {
    let asked = world.ask(ANN, Verb::Why(target(BOB)));
    let of = |(node, ticket, row): &(Node, u64, Row)| match row {
        Row::Attempt(row) if (*node, *ticket) == (ANN, asked) => {
            (row.path == Way::PortMapping).then(|| row.result.clone())
        }
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

fn due(world: &World) -> Option<u64> {
    let ann = world.clients[ANN - 1].machine.as_ref().expect("ann is up");
    ann.poll_timeout().map(|(at, _)| at.0 - world.now)
}

#[test]
fn a_port_is_mapped_for_both_and_peers_come_in_by_it() {
    for speaks in ALL {
        let mut world = behind(speaks, Temper::Honest);
        let inside = world.net.listener_of(ANN).expect("ann listens");
        let found = mappings(&world);
        assert_eq!(found.iter().map(|(transport, _)| *transport).collect::<Vec<_>>(), [6, 17]);
        assert!(found.iter().all(|(_, mapping)| mapping.inside == inside), "{found:?}");
        let outside = SocketAddr::from(([203, 0, 113, 5], inside.port()));
        assert_eq!(whoami(&mut world).mapped, [outside], "{speaks:?}");

        world.net.forward(outside, inside);
        world.chat(BOB, ANN);
        world.run_for(SOON_MS);
        assert_eq!(row(&mut world, BOB), Some((SessionState::Open, Some(Path::Direct))));
        let sessions = world.sessions(BOB);
        assert_eq!(sessions[0].remote, Some(outside), "{speaks:?}");
    }
}

#[test]
fn what_was_mapped_is_given_back_at_the_end() {
    for speaks in ALL {
        let mut world = behind(speaks, Temper::Honest);
        assert_eq!(mappings(&world).len(), 2);
        world.ask(ANN, Verb::Leave);
        assert!(!world.left.contains(&ANN), "{speaks:?}: it waits for the gateway's answer");
        world.run_for(PORT_MAPPING_RETURN_MS - 1);
        assert!(world.left.contains(&ANN), "{speaks:?}");
        assert_eq!(mappings(&world), [], "{speaks:?}");
    }
}

#[test]
fn a_gateway_that_has_died_does_not_keep_a_program_from_ending() {
    for speaks in ALL {
        let mut world = behind(speaks, Temper::Honest);
        world.router(ROUTER, speaks).temper = Temper::Silent;
        world.ask(ANN, Verb::Leave);
        world.run_for(PORT_MAPPING_RETURN_MS);
        assert!(world.left.contains(&ANN), "{speaks:?}");
    }
}

#[test]
fn where_no_gateway_answers_a_program_ends_at_once_and_waits_for_nothing() {
    for temper in [Temper::Silent, Temper::Mad, Temper::Chatty] {
        for speaks in [Speaks::Pcp, Speaks::NatPmp] {
            let mut world = behind(speaks, temper);
            assert_eq!(due(&world), None, "{speaks:?} {temper:?}");
            world.ask(ANN, Verb::Leave);
            assert!(world.left.contains(&ANN), "{speaks:?} {temper:?}");
        }
    }
}

#[test]
fn a_upnp_gateway_that_talks_nonsense_is_let_alone_for_an_hour() {
    for temper in [Temper::Mad, Temper::Chatty] {
        let mut world = behind(Speaks::Upnp, temper);
        assert!(due(&world).is_some_and(|ms| ms > 3_500_000), "{temper:?}");
        let asked = world.routers[&ROUTER].asked;
        world.run_for(3_500_000);
        assert_eq!(world.routers[&ROUTER].asked, asked);
        assert_eq!(whoami(&mut world).mapped, []);
    }
}

#[test]
fn a_program_that_is_there_for_a_moment_asks_for_nothing() {
    let mut world = World::asleep(7, 2, Accept::All);
    world.router(ROUTER, Speaks::Pcp);
    world.configs[ANN].gateway = Some(gateway());
    world.start(0);
    world.start(ANN);
    world.run_for(SOON_MS);
    world.ask(ANN, Verb::Leave);
    assert!(world.left.contains(&ANN));
    assert_eq!(world.routers[&ROUTER].asked, 0);
}

#[test]
fn who_has_a_public_address_asks_for_nothing() {
    let mut world = World::asleep(7, 2, Accept::All);
    world.router(ROUTER, Speaks::Pcp);
    let ours = Ipv4Addr::new(203, 0, 113, 77);
    world.configs[ANN].gateway = Some(Gateway { ours, ..gateway() });
    world.start(0);
    world.start(ANN);
    world.run_for(ASKED_MS);
    assert_eq!(world.routers[&ROUTER].asked, 0);
    assert_eq!(due(&world), None);
}

#[test]
fn signing_out_gives_back_and_signing_in_maps_again() {
    for speaks in ALL {
        let mut world = behind(speaks, Temper::Honest);
        world.ask(ANN, Verb::Offline);
        world.run_for(SOON_MS);
        assert_eq!(mappings(&world), [], "{speaks:?}");
        world.ask(ANN, Verb::Online);
        world.run_for(ASKED_MS);
        assert_eq!(mappings(&world).len(), 2, "{speaks:?}");
    }
}

#[test]
fn a_lease_is_renewed_and_a_gateway_that_has_restarted_maps_again() {
    for speaks in ALL {
        let mut world = behind(speaks, Temper::Honest);
        let router = world.router(ROUTER, speaks);
        router.restart();
        router.outer = Ipv4Addr::new(203, 0, 113, 99);
        world.run_for(RENEWED_MS);
        assert_eq!(mappings(&world).len(), 2, "{speaks:?}");
        let ip = whoami(&mut world).mapped[0].ip();
        assert_eq!(ip, std::net::IpAddr::from([203, 0, 113, 99]), "{speaks:?}");
        assert!(due(&world).is_some_and(|ms| ms > 3_000_000), "{speaks:?}: nothing else wakes it");
    }
}

#[test]
fn in_another_network_the_gateway_there_is_asked() {
    const OTHER: Node = 7;
    let mut world = behind(Speaks::Pcp, Temper::Honest);
    world.router(OTHER, Speaks::Upnp).outer = Ipv4Addr::new(203, 0, 113, 99);
    let at = gateway_at(OTHER);
    world.wake_client(ANN, vec![Input::Gateway(Some(Gateway { at, ..gateway() }))]);
    assert_eq!(whoami(&mut world).mapped, []);
    world.run_for(ASKED_MS);
    assert_eq!(whoami(&mut world).mapped[0].ip(), Ipv4Addr::new(203, 0, 113, 99));
    assert_eq!(world.routers[&OTHER].mapped.len(), 2);
    world.wake_client(ANN, vec![Input::Gateway(None)]);
    world.run_for(ASKED_MS);
    assert_eq!((whoami(&mut world).mapped.len(), due(&world)), (0, None));
    world.ask(ANN, Verb::Leave);
    assert!(world.left.contains(&ANN), "there is nobody to give anything back to");
}

#[test]
fn a_session_on_the_relay_becomes_direct_once_a_port_is_mapped() {
    let mut world = World::asleep(7, 2, Accept::All);
    // Datagrams would be through first.
    world.configs.iter_mut().for_each(|config| config.paths.udp = false);
    world.oracle.on_agreed(ANN, BOB);
    world.oracle.on_agreed(BOB, ANN);
    for node in [0, ANN, BOB] {
        world.start(node);
    }
    world.run_for(SOON_MS);
    let [ann, bob] = [ANN, BOB].map(|node| world.net.listener_of(node).expect("it listens"));
    world.net.silent.extend([ann, bob]);
    world.chat(ANN, BOB);
    world.run_for(5 * SOON_MS);
    assert_eq!(row(&mut world, ANN), Some((SessionState::Open, Some(Path::Relay))));
    world.net.forward(SocketAddr::from(([203, 0, 113, 5], ann.port())), ann);
    world.router(ROUTER, Speaks::Pcp);
    world.wake_client(ANN, vec![Input::Gateway(Some(gateway()))]);
    world.run_for(60_000);
    assert_eq!(row(&mut world, ANN), Some((SessionState::Open, Some(Path::Direct))));
}

#[test]
fn a_mapping_for_ever_that_a_killed_program_left_is_removed_by_the_next() {
    let mut world = behind(Speaks::UpnpForEver, Temper::Honest);
    let before = mappings(&world);
    world.kill(ANN);
    world.run_for(SOON_MS);
    assert_eq!(mappings(&world), before, "nobody has taken it back");
    world.start(ANN);
    world.run_for(ASKED_MS);
    let after = mappings(&world);
    assert_eq!(after.len(), 2);
    let inside = world.net.listener_of(ANN).expect("ann listens");
    assert!(after.iter().all(|(_, mapping)| mapping.inside == inside), "{after:?}");
    assert_ne!(before[0].1.inside, inside);
}

#[test]
fn a_port_that_another_has_outside_is_not_taken_from_them() {
    for speaks in ALL {
        let mut world = World::asleep(7, 2, Accept::All);
        world.router(ROUTER, speaks).taken = (40_000..41_000).collect();
        world.configs[ANN].gateway = Some(gateway());
        world.start(0);
        world.start(ANN);
        world.run_for(ASKED_MS);
        let mapped = whoami(&mut world).mapped;
        assert!(mapped.iter().all(|outside| outside.port() >= 41_000), "{speaks:?} {mapped:?}");
        assert!(!mapped.is_empty(), "{speaks:?}");
    }
}

#[test]
fn why_tells_what_came_of_asking_and_how_long_it_took() {
    let mut world = behind(Speaks::Upnp, Temper::Honest);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let port = world.net.listener_of(ANN).expect("ann listens").port();
    let mapped = format!("UPnP: mapped, TCP 203.0.113.5:{port}, UDP 203.0.113.5:{port}");
    assert_eq!(results(&mut world), ["PCP, NAT-PMP: no answer".to_owned(), mapped]);

    let mut world = behind(Speaks::Upnp, Temper::Silent);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    assert_eq!(results(&mut world), ["PCP, NAT-PMP: no answer", "UPnP: no answer"]);
}
