//! This machine's addresses, and what follows when they change.

use super::gateway;
use super::program::Program;
use crate::proto::machine::{Input, Machine};
use crate::proto::time::Now;
use crate::shell::system;
use if_addrs::Interface;
use std::net::IpAddr;

/// Our own interfaces; none where the system does not say.
pub(super) fn interfaces() -> Vec<Interface> {
    if_addrs::get_if_addrs().unwrap_or_else(|why| {
        log::warn!("own addresses: {}", system::words(&why));
        Vec::new()
    })
}

/// Those of their addresses by which others reach us from elsewhere as well.
pub(super) fn reachable(interfaces: &[Interface]) -> Vec<IpAddr> {
    let own = interfaces.iter().filter(|interface| !interface.is_link_local());
    own.map(Interface::ip).collect()
}

impl Program {
    /// Where it cannot be heard of, a network that changed is found by the first send that fails.
    pub(super) fn watch_network(&mut self) {
        if let Err(why) = self.reactor.watch_network() {
            log::debug!("changes of the network: {}", system::words(&why));
        }
    }

    /// No address has come or gone for a moment.
    pub(super) fn follow_network(&mut self, now: Now) {
        let interfaces = interfaces();
        let here: Vec<IpAddr> = interfaces.iter().map(Interface::ip).collect();
        if here.is_empty() {
            return;
        }
        self.reactor.give_up_from_elsewhere(&here);
        if self.plan.maps_ports {
            self.machine.handle(now, Input::Gateway(gateway::find(&interfaces)));
        }
        self.machine.handle(now, Input::Network(reachable(&interfaces)));
    }
}
