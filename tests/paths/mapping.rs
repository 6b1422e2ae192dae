//! Ports that a router opens for those behind it: miniupnpd, where it is installed.

use crate::meeting::Meeting;
use crate::net::{Access, Net};
use crate::router::{Nat, Opening};

const ROUTER: Access = Access::Behind(Nat::Symmetric);

/// Ann's router opens ports, Bob's does not: Ann is dialled, and leaves her router as it was.
fn be_dialled(how: Opening) {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(ROUTER), net.host(ROUTER));
    let scratch = net.scratch.join("router");
    if !net.routers[0].open_ports(how, &scratch) {
        return println!("skipped: miniupnpd is not installed");
    }
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    meeting.exchange(&net.scratch);
    assert!(net.routers[0].opened() > 0);
    meeting.ann.stop();
    assert_eq!(net.routers[0].opened(), 0, "it is given back");
}

#[test]
fn who_has_a_port_opened_by_nat_pmp_is_dialled_and_gives_it_back() {
    be_dialled(Opening::NatPmp);
}

#[test]
fn who_has_a_port_opened_by_upnp_is_dialled_and_gives_it_back() {
    be_dialled(Opening::Upnp);
}
