//! Every pair of ways to be on the internet, and the best path that there is between the two.

use crate::meeting::Meeting;
use crate::net::{Access, Net};
use crate::router::Nat;

use Access::{Behind, Open, V4, V6, Walled};
use Nat::{AddressRestricted, FullCone, PortRestricted, Symmetric};

const KINDS: [Access; 6] = [
    Open,
    Walled,
    Behind(FullCone),
    Behind(AddressRestricted),
    Behind(PortRestricted),
    Behind(Symmetric),
];
const VERSIONS: [(Access, Access); 4] = [(V4, V4), (V6, V6), (V4, V6), (V6, V4)];

/// The best paths that there can be.
fn best(one: Access, other: Access) -> &'static [&'static str] {
    match (one, other) {
        (V4 | Behind(_), V6) | (V6, V4 | Behind(_)) => &["relay"],
        (Open | V4 | V6, Open | V4 | V6) => &["direct"],
        // The one behind something dials the other, whoever asks; datagrams may be first.
        (Open | V4 | V6, _) | (_, Open | V4 | V6) => &["direct", "udp"],
        // Through which port a symmetric router will send nobody can say, so nobody sends there
        // before, and is not let in by who only takes what comes from where they have sent to.
        (Behind(Symmetric), Walled | Behind(PortRestricted | Symmetric))
        | (Walled | Behind(PortRestricted), Behind(Symmetric)) => &["relay"],
        // Both may dial at once as well, where their ports are the same for all.
        (Walled | Behind(_), Walled | Behind(_)) => &["udp", "direct"],
    }
}

/// The two meet, reach one of these paths, and everything goes over it.
fn meet(asker: Access, asked: Access, best: &[&str]) -> Option<Meeting> {
    let mut net = Net::new()?;
    let (ann, bob) = (net.host(asker), net.host(asked));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach_one_of(best);
    meeting.exchange(&net.scratch);
    meeting.is_still_there();
    Some(meeting)
}

#[test]
fn two_on_the_open_internet_talk_directly() {
    meet(Open, Open, &["direct"]);
}

#[test]
fn who_is_behind_a_router_reaches_who_asks_and_is_not() {
    meet(Open, Behind(Symmetric), &["direct", "udp"]);
}

#[test]
fn who_is_behind_a_router_dials_whoever_is_not() {
    meet(Behind(PortRestricted), Open, &["direct"]);
}

#[test]
fn two_behind_firewalls_talk_without_the_relay() {
    meet(Walled, Walled, &["udp", "direct"]);
}

#[test]
fn two_behind_routers_that_let_in_who_was_spoken_to_talk_without_the_relay() {
    meet(Behind(PortRestricted), Behind(PortRestricted), &["udp", "direct"]);
}

#[test]
fn whoever_is_behind_a_full_cone_is_reached_through_any_router() {
    meet(Behind(Symmetric), Behind(FullCone), &["udp", "direct"]);
}

#[test]
fn who_lets_in_whole_addresses_is_reached_through_any_router() {
    meet(Behind(AddressRestricted), Behind(Symmetric), &["udp", "direct"]);
}

#[test]
fn two_behind_routers_that_take_a_port_by_chance_talk_over_the_relay() {
    meet(Behind(Symmetric), Behind(Symmetric), &["relay"]);
}

#[test]
fn two_with_version_6_alone_talk_directly() {
    meet(V6, V6, &["direct"]);
}

#[test]
fn version_4_alone_and_version_6_alone_talk_over_the_relay() {
    meet(V4, V6, &["relay"]);
}

#[test]
fn two_behind_the_same_router_talk_directly() {
    let Some(mut net) = Net::new() else { return };
    let mut router = net.router(PortRestricted);
    let (ann, bob) = (router.host(), router.host());
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    meeting.exchange(&net.scratch);
    meeting.is_on("direct");
    meeting.record(200, "behind one router", "behind the same");
}

#[test]
fn five_in_a_hundred_packets_lost_cost_time_alone() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Open), net.host(Open));
    bob.lose(5);
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    meeting.exchange(&net.scratch);
    meeting.record(201, "open", "open, 5 % lost");
}

#[test]
fn a_session_goes_on_without_the_server() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Open), net.host(Open));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    meeting.exchange(&net.scratch);
    net.cut_server_off();
    meeting.greet("still here");
    meeting.send_file(&net.scratch, "without a server", 300_000);
    meeting.is_on("direct");
}

#[test]
#[ignore = "every pair, a minute and more; scripts/paths runs it for its table"]
fn every_pair_reaches_the_best_path_there_is() {
    let pairs = KINDS.iter().flat_map(|one| KINDS.map(|other| (*one, other)));
    for (number, (asker, asked)) in pairs.enumerate().chain((100..).zip(VERSIONS)) {
        let Some(meeting) = meet(asker, asked, best(asker, asked)) else { return };
        meeting.record(number, &asker.to_string(), &asked.to_string());
    }
}
