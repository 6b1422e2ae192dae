//! Two who dial each other at the same moment, each from where it listens: each side's first packet
//! makes its own NAT expect the other's (RFC 5128 section 3.4). It takes NATs that keep ports, as
//! most do: an outer address with our listener's port is all that the server knows of us for TCP.
//! Where datagrams pass they do the same for more kinds of NATs (`punching`).

use super::Client;
use super::link_table::Via;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::machine::StreamAction;
use std::net::{IpAddr, SocketAddr};

impl Client {
    /// Dials the other side's addresses outside, unless there is a better path already.
    pub(super) fn cross(&mut self, id: SessionId) {
        let may_dial = self.config.paths.direct && !self.config.is_proxied;
        let Some(listener) = self.listener.conn().filter(|_| may_dial) else { return };
        let session = self.sessions.at(id).filter(|session| session.wants_better());
        let Some(arranged) = session.and_then(|session| session.arranged.as_ref()) else { return };
        if self.links.is_connected(id) {
            return;
        }
        let outside = arranged.candidates.iter().filter(|at| is_outside(at.ip()));
        let outside: Vec<SocketAddr> = outside.take(limits::CROSSED).copied().collect();
        for to in outside {
            let conn = self.core.conn();
            self.add_link(Via::Tcp(conn), None, Some(id), Some(to));
            self.core.stream(conn, StreamAction::Cross { listener, to });
        }
    }
}

/// Whether an address may be a NAT's: one of the networks inside needs no crossing.
fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_private() && !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_unique_local() && !ip.is_loopback() && !ip.is_unicast_link_local(),
    }
}
