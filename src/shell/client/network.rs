//! This machine's addresses, and what follows when they change.

use super::program::Program;
use crate::proto::machine::{Input, Machine};
use crate::proto::time::Now;
use crate::shell::system;
use std::net::IpAddr;

/// Our own interfaces' addresses; `None` where the system does not say.
pub(super) fn locals() -> Option<Vec<IpAddr>> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => Some(interfaces.iter().map(if_addrs::Interface::ip).collect()),
        Err(why) => {
            log::warn!("own addresses: {}", system::words(&why));
            None
        }
    }
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
        let Some(here) = locals() else { return };
        self.reactor.give_up_from_elsewhere(&here);
        self.machine.handle(now, Input::Network(here));
    }
}
