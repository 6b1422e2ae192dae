//! Two behind routers that keep ports, and no datagrams between them.

use crate::meeting::Meeting;
use crate::net::{Access::Behind, Net};
use crate::router::Nat::PortRestricted;

#[test]
fn two_behind_routers_that_keep_ports_dial_each_other_at_once() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Behind(PortRestricted)), net.host(Behind(PortRestricted)));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &["--paths", "direct,relay"]);
    meeting.reach("direct");
    meeting.exchange(&net.scratch);
    meeting.is_on("direct");
}
