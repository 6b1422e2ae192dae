//! A connection from its first byte to its last.

use super::roster::{Newcomer, State};
use super::{Deadline, Server};
use crate::proto::crypto::keys;
use crate::proto::id::ConnId;
use crate::proto::limits::HANDSHAKE_MS;
use crate::proto::link::{LinkEvent, LinkFault, Purpose};
use crate::proto::machine::StreamAction;
use crate::proto::model::person::PublicIdentity;
use crate::proto::wire::client::ToServer;
use crate::proto::wire::server::{Leaving, WhyLeaving};
use log::debug;
use std::net::SocketAddr;

impl Server {
    pub(super) fn on_accepted(&mut self, id: ConnId, from: SocketAddr) {
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let is_full = self.roster.len() >= self.config.max_clients.saturating_mul(2);
        if self.is_leaving || is_full || !self.sources.may_connect(from.ip(), self.now.mono) {
            debug!("{from}: turned away, full or too many at once");
            self.counts.turned_away += 1;
            self.out.stream(id, StreamAction::Abort);
            return;
        }
        self.roster.insert(id, from);
        let due = self.now.mono.after_ms(HANDSHAKE_MS);
        self.timers.set(Deadline::Conn(id), due, "handshake");
    }

    pub(super) fn on_bytes(&mut self, id: ConnId, bytes: &[u8]) {
        let Some(conn) = self.roster.conn_mut(id) else { return };
        conn.link.feed(bytes);
        self.read_on(id);
    }

    /// Takes in what a link has to say, unless its client must take its answers first.
    pub(super) fn read_on(&mut self, id: ConnId) {
        while !self.waiting.is_waiting(id, id) {
            let Some(conn) = self.roster.conn_mut(id) else { return };
            if conn.flow.is_answering {
                break;
            }
            match conn.link.poll() {
                Ok(Some(event)) => self.on_link(id, event),
                Ok(None) => break,
                Err(fault) => self.on_fault(id, fault),
            }
        }
        self.roster.mark(id);
    }

    pub(super) fn on_tick(&mut self) {
        while let Some(due) = self.timers.pop_due(self.now.mono) {
            match due {
                Deadline::Conn(id) => {
                    debug!("{id:?}: not signed in in time");
                    self.abort(id);
                }
                Deadline::Expiry => self.on_expiry_due(),
            }
        }
        self.expire_mail();
    }

    /// Sends what a link has ready, and watches how far behind the other end is.
    pub(super) fn flush(&mut self, id: ConnId) {
        let Some(conn) = self.roster.conn_mut(id) else { return };
        let Some(bytes) = conn.link.take_output() else { return };
        let must_watch = conn.flow.on_sent(bytes.len());
        let is_lost = conn.flow.is_lost();
        self.out.stream(id, StreamAction::Send(bytes));
        if is_lost {
            debug!("{id:?}: does not read what it is pushed");
            self.abort(id);
        } else if must_watch {
            self.out.stream(id, StreamAction::Watch);
        }
    }

    /// Says why, then closes in order.
    pub(super) fn dismiss(&mut self, id: ConnId, why: WhyLeaving) {
        self.roster.send(id, Leaving { why });
        self.close(id);
    }

    /// Closes after what the link has still to say.
    pub(super) fn close(&mut self, id: ConnId) {
        let Some(conn) = self.roster.conn_mut(id) else { return };
        if let Some(bytes) = conn.link.take_output() {
            self.out.stream(id, StreamAction::Send(bytes));
        }
        self.out.stream(id, StreamAction::Close);
        self.depart(id);
    }

    pub(super) fn abort(&mut self, id: ConnId) {
        self.out.stream(id, StreamAction::Abort);
        self.depart(id);
    }

    /// Forgets a connection, and signs out whoever was on it.
    pub(super) fn depart(&mut self, id: ConnId) {
        let Some((conn, is_current)) = self.roster.remove(id) else { return };
        self.timers.cancel(&Deadline::Conn(id));
        self.release_waiting(id);
        self.end_meetings(id);
        let State::SignedIn(member) = conn.state else { return };
        self.watchers.stop(id, &member.watching);
        if is_current {
            self.sign_out(&member);
        }
    }

    fn on_link(&mut self, id: ConnId, event: LinkEvent<ToServer>) {
        match event {
            LinkEvent::Hello(purpose) => self.on_hello(id, purpose),
            LinkEvent::Established(identity) => self.on_established(id, identity),
            LinkEvent::Message(message) => self.on_message(id, message),
        }
    }

    fn on_hello(&mut self, id: ConnId, purpose: Purpose) {
        let Some(conn) = self.roster.conn_mut(id) else { return };
        match purpose {
            Purpose::Server => {
                conn.link.answer(&self.me, None, &mut self.rng);
                conn.state = State::Handshake;
            }
            Purpose::Peer(_) | Purpose::Direct => {
                debug!("{}: takes us for a peer", conn.from);
                conn.link.refuse();
                self.close(id);
            }
        }
    }

    fn on_established(&mut self, id: ConnId, identity: PublicIdentity) {
        let Some(conn) = self.roster.conn_mut(id) else { return };
        let key = keys::fingerprint(&identity);
        conn.state = State::Entering(Box::new(Newcomer { key, identity, wish: None }));
    }

    fn on_fault(&mut self, id: ConnId, fault: LinkFault) {
        debug!("{id:?}: {fault:?}");
        self.counts.faults += 1;
        match fault {
            // The link has its answer ready: which version is spoken here.
            LinkFault::Version { .. } => self.close(id),
            LinkFault::Refused | LinkFault::Identity { .. } | LinkFault::Garbage => self.abort(id),
        }
    }

    /// Whether the connection is in a state for such a message; otherwise it is gone.
    pub(super) fn may_say(&mut self, id: ConnId, message: &ToServer) -> bool {
        let is_enter = matches!(message, ToServer::Enter(_));
        let may = match self.roster.conn(id).map(|conn| &conn.state) {
            Some(State::Entering(newcomer)) => is_enter && newcomer.wish.is_none(),
            Some(State::SignedIn(_)) => !is_enter,
            Some(State::Connecting | State::Handshake) | None => false,
        };
        if !may {
            debug!("{id:?}: a message out of turn");
            self.counts.faults += 1;
            self.abort(id);
        }
        may
    }
}
