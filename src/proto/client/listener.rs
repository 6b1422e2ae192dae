//! Where peers reach us.

use super::Client;
use super::uplink::closed_words;
use crate::proto::id::ConnId;
use crate::proto::limits;
use crate::proto::machine::{StreamAction, StreamEvent};
use crate::proto::model::event::Event;
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::Listening;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Our listener for peers.
pub(super) struct Listener {
    state: State,
    /// Our own interfaces' addresses.
    locals: Vec<IpAddr>,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    /// Asked for, at this address; those after it are tried if it is not to be had.
    Opening(ConnId, Vec<SocketAddr>),
    /// Open, and whether there are datagrams.
    Open { conn: ConnId, at: SocketAddr, udp: bool },
}

impl Listener {
    pub fn new(locals: Vec<IpAddr>) -> Listener {
        Listener { state: State::Closed, locals }
    }

    pub fn is(&self, id: ConnId) -> bool {
        match &self.state {
            State::Closed => false,
            State::Opening(conn, _) | State::Open { conn, .. } => *conn == id,
        }
    }

    pub fn conn(&self) -> Option<ConnId> {
        match &self.state {
            State::Closed => None,
            State::Opening(conn, _) | State::Open { conn, .. } => Some(*conn),
        }
    }

    /// Where it listens.
    pub fn at(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Open { at, .. } => Some(*at),
            State::Closed | State::Opening(..) => None,
        }
    }

    /// Whether datagrams are taken there too.
    pub fn has_udp(&self) -> bool {
        matches!(self.state, State::Open { udp: true, .. })
    }

    /// Where datagrams are taken and sent.
    pub fn udp_at(&self) -> Option<SocketAddr> {
        self.at().filter(|_| self.has_udp())
    }
}

impl Client {
    /// Opens the listener, or tells the server of the one that is open. Behind a proxy we listen
    /// only where the user says so. The server is told if sessions may be dialled.
    pub(super) fn open_listener(&mut self) {
        match &self.listener.state {
            State::Open { at, .. } => {
                let port = at.port();
                if self.may_be_dialled() {
                    self.uplink.say(Listening { port });
                }
                self.join_lan();
                self.be_ready();
                self.plan_port_mapping();
            }
            State::Opening(..) => {}
            State::Closed if self.config.is_proxied && self.config.listen.is_none() => {
                self.be_ready();
            }
            State::Closed => {
                let mut wishes = self.wished_addresses();
                wishes.reverse();
                self.listen_at(wishes);
            }
        }
    }

    pub(super) fn on_listener(&mut self, event: StreamEvent<'_>) {
        let state = std::mem::take(&mut self.listener.state);
        match (state, event) {
            (State::Opening(conn, _), StreamEvent::Listening { at, udp }) => {
                self.listener.state = State::Open { conn, at, udp };
                self.ask_outer();
                self.open_listener();
            }
            (State::Opening(_, wishes), StreamEvent::Closed(cause)) => {
                if wishes.is_empty() {
                    self.core.trouble(Refusal::Listen(closed_words(cause)));
                    self.lan.fail();
                    self.ask_again();
                } else {
                    self.listen_at(wishes);
                }
            }
            (_, StreamEvent::Closed(cause)) => {
                self.core.trouble(Refusal::Listen(closed_words(cause)));
            }
            (state, _) => self.listener.state = state,
        }
    }

    /// Addresses for the other side to dial, best first.
    pub(super) fn candidates(&self) -> Vec<SocketAddr> {
        let listens = self.listener.at().filter(|_| self.may_be_dialled());
        let mapped = self.port_mapping.tcp();
        listens.map(|at| self.candidates_at(at, mapped)).unwrap_or_default()
    }

    /// Whether a session may come over TCP from the other side's program.
    fn may_be_dialled(&self) -> bool {
        !self.config.is_proxied && self.config.paths.direct
    }

    /// Our own addresses with the port of a socket, and what it is on the outside of a gateway.
    pub(super) fn candidates_at(
        &self,
        at: SocketAddr,
        mapped: Option<SocketAddr>,
    ) -> Vec<SocketAddr> {
        if !at.ip().is_unspecified() {
            return [at].into_iter().chain(mapped).collect();
        }
        let server_is_here = self.uplink.outer().is_some_and(|outer| outer.ip().is_loopback());
        let fits =
            |ip: &&IpAddr| (at.is_ipv6() || ip.is_ipv4()) && (server_is_here || !ip.is_loopback());
        let locals = self.listener.locals.iter().filter(fits);
        let locals = locals.map(|ip| SocketAddr::new(*ip, at.port()));
        locals.take(limits::CANDIDATES - 1).chain(mapped).collect()
    }

    /// The addresses of this machine have changed. What went over one that is gone is told as
    /// closed; a new one may lead where the others did not.
    pub(super) fn on_network(&mut self, locals: Vec<IpAddr>) {
        self.join_lan_anew();
        let had = std::mem::replace(&mut self.listener.locals, locals);
        // Who gets one from elsewhere answers there.
        self.associations.ping();
        let is_new = |ip: &IpAddr| !ip.is_loopback() && !had.contains(ip);
        if !self.listener.locals.iter().any(is_new) {
            return;
        }
        if self.uplink.is_pausing() {
            self.go_online();
        }
        self.ask_outer();
        for id in self.sessions.ids() {
            self.say_places(id);
        }
        self.say_hints();
    }

    /// Without a server, being ready is to listen.
    pub(super) fn start_without_server(&mut self) {
        self.open_listener();
    }

    fn listen_at(&mut self, mut wishes: Vec<SocketAddr>) {
        let Some(at) = wishes.pop() else { return };
        let conn = self.core.conn();
        self.listener.state = State::Opening(conn, wishes);
        // A gateway is asked by datagrams also where only TCP is to come in.
        let is_reached = self.config.paths.direct || self.config.paths.udp;
        let udp = !self.config.is_proxied && is_reached;
        self.core.stream(conn, StreamAction::Listen { at, udp });
    }

    /// Where to listen, best first: what the user said and nothing else; else our virtual address,
    /// if it is one of this machine's own; else everywhere.
    fn wished_addresses(&self) -> Vec<SocketAddr> {
        if let Some(at) = self.config.listen {
            return vec![at];
        }
        let account = self.account.as_ref().filter(|_| self.config.server.is_some());
        let own = account.map(|(_, address)| *address);
        let own = own.filter(Ipv4Addr::is_loopback).map(|address| SocketAddr::from((address, 0)));
        let everywhere = [
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        ];
        own.into_iter().chain(everywhere).collect()
    }

    fn be_ready(&mut self) {
        self.say_ready();
        self.ask_again();
    }

    /// Says `ready`, once, as soon as all is there.
    fn say_ready(&mut self) {
        if std::mem::replace(&mut self.is_ready, true) {
            return;
        }
        let server = self.config.server.as_ref().map(|server| server.label.clone());
        self.core.event(Event::Ready {
            name: self.my_name(),
            address: self.address(),
            fingerprint: self.me.fingerprint(),
            listen: self.listener.at().into_iter().collect(),
            server,
        });
    }
}
