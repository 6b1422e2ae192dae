//! Our listener's port, open on the outside of the gateway, while we are signed in.
//!
//! How a gateway is asked is [`PortMap`]'s; here it is decided when, and its connection, deadline
//! and results are this client's. Everybody is on this machine where the server is, and where our
//! own address is a public one there is nothing to be mapped.

use super::Client;
use super::core::Alarm;
use super::uplink::closed_words;
use crate::proto::crypto::digest;
use crate::proto::id::ConnId;
use crate::proto::limits;
use crate::proto::machine::{Cause, Gateway, StreamAction, StreamEvent};
use crate::proto::model::notice::{AttemptRow, Way};
use crate::proto::portmap::{self, Act, PortMap, Tried, Wish};
use std::net::{IpAddr, SocketAddr};

/// The mapping, and the connection to the gateway that it wants just now.
#[derive(Default)]
pub(super) struct PortMapping {
    map: Option<PortMap>,
    conn: Option<ConnId>,
    /// What was told to the other sides of sessions.
    told: Option<SocketAddr>,
    is_returning: bool,
}

impl PortMapping {
    /// Whether a connection is the one to the gateway.
    pub fn is(&self, conn: ConnId) -> bool {
        self.conn == Some(conn)
    }

    /// Whether a datagram is the gateway's: it may look like anybody's.
    pub fn is_from(&self, from: SocketAddr, bytes: &[u8]) -> bool {
        self.map.as_ref().is_some_and(|map| portmap::is_answer(map.gateway(), from, bytes))
    }

    /// Our TCP port outside.
    pub fn tcp(&self) -> Option<SocketAddr> {
        self.map.as_ref().and_then(PortMap::tcp)
    }

    /// Our UDP port outside.
    pub fn udp(&self) -> Option<SocketAddr> {
        self.map.as_ref().and_then(PortMap::udp)
    }

    /// Whether mappings are being taken back.
    pub fn is_returning(&self) -> bool {
        self.is_returning
    }
}

impl Client {
    /// Signed in and listening: if there is a use for it, the port is mapped before long.
    pub(super) fn plan_port_mapping(&mut self) {
        if self.port_mapping.map.is_none() && self.wish_for_port().is_some() {
            let wait = limits::PORT_MAPPING_AFTER_MS;
            self.core.alarm(Alarm::PortMapping, wait, "a port to be mapped");
        }
    }

    pub(super) fn on_port_mapping_alarm(&mut self) {
        let now = self.core.now;
        match &mut self.port_mapping.map {
            Some(map) => map.on_due(now),
            None => {
                let Some((gateway, wish)) = self.wish_for_port() else { return };
                self.port_mapping.map = Some(PortMap::new(now, gateway, wish));
            }
        }
        self.follow_port_mapping();
    }

    pub(super) fn on_gateway_datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        if let Some(map) = &mut self.port_mapping.map {
            map.on_datagram(self.core.now, from, bytes);
            self.follow_port_mapping();
        }
    }

    pub(super) fn on_gateway_stream(&mut self, event: StreamEvent<'_>) {
        let (Some(map), now) = (&mut self.port_mapping.map, self.core.now) else { return };
        match event {
            StreamEvent::Open { .. } => map.on_open(),
            StreamEvent::Bytes(bytes) => map.on_bytes(now, bytes),
            StreamEvent::Closed(cause) => {
                self.port_mapping.conn = None;
                let why = (cause != Cause::Ended).then(|| closed_words(cause));
                map.on_closed(now, why.as_deref());
            }
            StreamEvent::Drained | StreamEvent::Listening { .. } | StreamEvent::Accepted { .. } => {
            }
        }
        self.follow_port_mapping();
    }

    /// The gateway of this machine's network, from here on. What another one holds is left to end
    /// with its lease: that gateway is not reached from here any more.
    pub(super) fn on_gateway(&mut self, gateway: Option<Gateway>) {
        if self.config.gateway == gateway {
            return;
        }
        self.config.gateway = gateway;
        if let Some(conn) = self.port_mapping.conn {
            self.core.stream(conn, StreamAction::Abort);
        }
        self.core.timers.cancel(&Alarm::PortMapping);
        self.port_mapping = PortMapping::default();
        self.end_leaving();
        self.plan_port_mapping();
    }

    /// Signed out: what is mapped is given back.
    pub(super) fn give_port_back(&mut self) {
        self.core.timers.cancel(&Alarm::PortMapping);
        if let Some(map) = &mut self.port_mapping.map
            && !std::mem::replace(&mut self.port_mapping.is_returning, true)
        {
            map.give_back(self.core.now);
            self.follow_port_mapping();
        }
    }

    /// Does what the mapping wants done.
    fn follow_port_mapping(&mut self) {
        let PortMapping { map: Some(map), conn, told, .. } = &mut self.port_mapping else { return };
        let is_news = map.tcp().is_some_and(|tcp| told.replace(tcp) != Some(tcp));
        let core = &mut self.core;
        while let Some(act) = map.poll() {
            match act {
                Act::Datagram(to, bytes) => core.datagram(to, bytes),
                Act::Dial(to) => {
                    let dialled = core.conn();
                    *conn = Some(dialled);
                    core.stream(dialled, StreamAction::Dial { to, from: None });
                }
                Act::Send(bytes) => {
                    if let Some(conn) = *conn {
                        core.stream(conn, StreamAction::Send(bytes));
                    }
                }
                Act::HangUp => {
                    if let Some(conn) = conn.take() {
                        core.stream(conn, StreamAction::Abort);
                    }
                }
            }
        }
        match map.due() {
            Some(due) => core.timers.set(Alarm::PortMapping, due, "a gateway's answer"),
            None => core.timers.cancel(&Alarm::PortMapping),
        }
        let is_over = map.is_over();
        if self.port_mapping.is_returning && is_over {
            self.port_mapping = PortMapping::default();
            self.end_leaving();
            return self.plan_port_mapping();
        }
        if is_news {
            for id in self.sessions.ids() {
                self.say_places(id);
            }
        }
    }

    /// What is to be mapped, and by whom.
    fn wish_for_port(&mut self) -> Option<(Gateway, Wish)> {
        let gateway = self.config.gateway.filter(|gateway| portmap::is_inside(gateway.ours))?;
        let outer = self.uplink.outer()?;
        let at = self.listener.at()?;
        let is_reached = at.ip().is_unspecified() || at.ip() == IpAddr::V4(gateway.ours);
        let paths = self.config.paths;
        if outer.ip().is_loopback() || !is_reached || !(paths.direct || paths.udp) {
            return None;
        }
        let profile = digest::stand_in(&[0; 32], b'p', &self.me.fingerprint().0.0);
        let tag = ["hobnob ", &profile.to_string()].concat();
        let wish =
            Wish::new(at.port(), self.listener.has_udp() && paths.udp, self.core.rng.bytes(), tag);
        Some((gateway, wish))
    }

    /// What was tried at the gateway, for whoever asks why somebody is not reached.
    pub(super) fn port_mapping_rows<'a>(
        &'a self,
        with: &'a str,
    ) -> impl Iterator<Item = AttemptRow> + 'a {
        let map = self.port_mapping.map.iter();
        map.flat_map(|map| map.tried()).map(|tried| tried_row(tried, with))
    }
}

fn tried_row(tried: &Tried, with: &str) -> AttemptRow {
    AttemptRow {
        with: with.to_owned(),
        path: Way::PortMapping,
        address: Some(tried.at),
        at: tried.begun.wall,
        ms: tried.ms,
        result: [tried.by, ": ", &tried.result].concat(),
    }
}
