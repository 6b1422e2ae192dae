//! What becomes of a session over datagrams: through two routers that let nobody in.

use crate::meeting::Meeting;
use crate::moving::talk_while;
use crate::net::{Access, Net};
use crate::router::Nat;

const PORT_RESTRICTED: Access = Access::Behind(Nat::PortRestricted);

/// Ann and Bob, each behind a router, with a session through both.
fn punched(net: &mut Net) -> Meeting {
    let (ann, bob) = (net.host(PORT_RESTRICTED), net.host(PORT_RESTRICTED));
    let mut meeting = Meeting::new(net, [&ann, &bob], &["--paths", "udp,relay"]);
    net.hosts.extend([ann, bob]);
    meeting.reach("udp");
    meeting
}

#[test]
fn over_datagrams_a_session_goes_on_without_the_server() {
    let Some(mut net) = Net::new() else { return };
    let mut meeting = punched(&mut net);
    meeting.exchange(&net.scratch);
    net.cut_server_off();
    meeting.greet("still here");
    meeting.send_file(&net.scratch, "without a server", 300_000);
    meeting.is_on("udp");
}

#[test]
fn five_in_a_hundred_datagrams_lost_cost_time_alone() {
    let Some(mut net) = Net::new() else { return };
    let mut meeting = punched(&mut net);
    net.hosts[1].lose(5);
    meeting.exchange(&net.scratch);
    meeting.is_on("udp");
}

#[test]
fn a_punched_session_outlives_a_router_that_forgets_it_and_gets_another_address() {
    let Some(mut net) = Net::new() else { return };
    let mut meeting = punched(&mut net);
    talk_while(&mut meeting, |meeting| {
        net.routers[1].reconnect("1.2.3.99");
        meeting.bob.send(&["msg", "ann", "who is behind the router speaks"]);
    });
    meeting.greet("both ways");
    meeting.reach("udp");
}

#[test]
fn a_punched_session_goes_over_to_the_relay_when_no_datagram_passes_any_more() {
    let Some(mut net) = Net::new() else { return };
    let mut meeting = punched(&mut net);
    talk_while(&mut meeting, |_| net.hosts[1].take_no_datagrams());
    meeting.reach("relay");
}

#[test]
fn a_narrow_link_whose_routers_say_nothing_carries_files_over_datagrams() {
    let Some(mut net) = Net::new() else { return };
    let mut meeting = punched(&mut net);
    net.routers[1].be_narrow_and_silent();
    meeting.exchange(&net.scratch);
    meeting.is_on("udp");
}
