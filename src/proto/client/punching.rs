//! Sessions over datagrams: both sides send to all addresses of the other, at a moment that the
//! server names, until their NATs let them through.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | asked or agreed | an address of ours becomes known | `Hint` |
//! | Linking | `Begin` | Linking; a moment for direct connections |
//! | Linking, Open over the relay | that is over, or it is tried again | an association is sought |
//! | the same, one is sought | `Hinted` | its addresses are tried as well |
//! | the same, one is sought | it opens | a link over it |
//! | Open over it | it falls silent | its path is lost (`moving`) |

use super::Client;
use super::core::Alarm;
use super::link_table::{PeerLink, Via};
use super::linking::SWITCHED_OFF;
use super::session_table::{Session, State};
use crate::proto::datagram::{self, Association, Loss, Means, Said};
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::link::Link;
use crate::proto::machine::{Cause, StreamAction};
use crate::proto::model::event::Path;
use crate::proto::model::notice::Way;
use crate::proto::model::person::PublicIdentity;
use crate::proto::wire::client::{Answer, Hint};
use crate::proto::wire::server::{Begin, Hinted};
use std::io::ErrorKind;
use std::net::SocketAddr;

impl Client {
    /// Says yes to a session, and where we can be reached.
    pub(super) fn say_answer(&mut self, session: SessionId) {
        self.uplink.say(Answer { session, candidates: self.candidates() });
        self.say_hint(session);
    }

    /// Tells the other side of a session where our datagrams come from.
    pub(super) fn say_hint(&mut self, session: SessionId) {
        let udp = self.udp_candidates();
        if !udp.is_empty() {
            self.uplink.say(Hint { session, udp });
        }
    }

    /// The same, to all who look for a path to us.
    pub(super) fn say_hints(&mut self) {
        for id in self.sessions.ids() {
            let is_looked_for = self.sessions.at(id).is_some_and(|session| match &session.state {
                State::Asked | State::Linking(_) => true,
                State::Open(flow) => flow.path() == Path::Relay,
                State::Offered(_) | State::Knocking | State::Knocked(_) | State::Closing(_) => {
                    false
                }
            });
            if is_looked_for {
                self.say_hint(id);
            }
        }
    }

    pub(super) fn on_hinted(&mut self, hinted: Hinted) {
        let Hinted { session: id, mut udp } = hinted;
        udp.truncate(limits::CANDIDATES);
        let Some(session) = self.sessions.at_mut(id) else { return };
        session.hinted.clone_from(&udp);
        if self.links.at(Via::Udp(id)).is_none_or(|peer| peer.link.is_some()) {
            return;
        }
        let Some(association) = self.associations.at_mut(id) else { return };
        udp.retain(|at| association.add_candidate(*at));
        self.note_punch(id, &udp);
    }

    /// Both sides look for a path from this moment on.
    pub(super) fn on_begin(&mut self, begin: Begin) {
        self.core.alarm(Alarm::Cross(begin.session), limits::CROSS_AFTER_MS, "no path yet");
        let wait = if self.config.paths.direct { limits::PUNCH_AFTER_MS } else { 0 };
        self.core.alarm(Alarm::Punch(begin.session), wait, "no direct path");
    }

    /// Looks for a path over datagrams, unless there is a better one or this one already.
    pub(super) fn punch(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at(id) else { return };
        let Some(arranged) = session.arranged.as_ref().filter(|_| session.wants_better()) else {
            return;
        };
        let Some(person) = &session.with else { return };
        if self.links.at(Via::Udp(id)).is_some() {
            return;
        }
        if self.links.is_connected(id) {
            let wait = limits::PUNCH_AFTER_MS;
            return self.core.alarm(Alarm::Punch(id), wait, "a connection that shakes hands");
        }
        if let Some(why) = self.why_no_udp() {
            return self.note_untried(id, Way::Udp, why);
        }
        let (peer, candidates) = (person.fingerprint, session.hinted.clone());
        let is_asker = arranged.is_asker;
        let name = self.associations.new_id(&mut self.core.rng);
        let now = self.core.now.mono;
        let association = match is_asker {
            true => {
                let means = Means { now, me: &self.me, rng: &mut self.core.rng };
                Association::dial(name, id, peer, candidates.clone(), means)
            }
            false => Association::accept(name, id, peer, candidates.clone(), now),
        };
        self.associations.insert(id, association);
        self.links.insert(Via::Udp(id), PeerLink::new(None, Some(id), None));
        match candidates.is_empty() {
            true => self.note_untried(id, Way::Udp, "they gave no address"),
            false => self.note_punch(id, &candidates),
        }
        self.on_association_time(id);
    }

    /// A datagram of a peer's, or of whoever claims to be one.
    pub(super) fn on_peer_datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        let to = datagram::addressee(bytes);
        let Some(id) = to.and_then(|to| self.associations.find(to)) else { return };
        let Some(association) = self.associations.at_mut(id) else { return };
        let now = self.core.now.mono;
        association.handle(Means { now, me: &self.me, rng: &mut self.core.rng }, from, bytes);
        let remote = association.remote();
        if let Some(peer) = self.links.at_mut(Via::Udp(id)) {
            peer.remote = remote;
        }
        self.hear_association(id);
    }

    pub(super) fn on_association_time(&mut self, id: SessionId) {
        let now = self.core.now.mono;
        if let Some(association) = self.associations.at_mut(id) {
            association.on_time(now);
            self.hear_association(id);
        }
    }

    /// Puts what a link has to say on its association.
    pub(super) fn write_datagrams(&mut self, id: SessionId, bytes: &[u8]) {
        if let Some(association) = self.associations.at_mut(id).filter(|one| one.is_open()) {
            association.write(bytes);
        }
    }

    /// A link over datagrams is closed: what it has said still arrives, or not.
    pub(super) fn leave_association(&mut self, id: SessionId, how: &StreamAction) {
        let now = self.core.now.mono;
        let Some(association) = self.associations.at_mut(id) else { return };
        match how {
            StreamAction::Close => association.leave(now),
            _ => association.abandon(now),
        }
        // Another may take its place before the wake is over.
        self.send_datagrams(id);
    }

    /// Sends what associations have to send.
    pub(super) fn flush_datagrams(&mut self) {
        while let Some(id) = self.associations.pop_dirty() {
            self.send_datagrams(id);
        }
        self.end_leaving();
    }

    fn send_datagrams(&mut self, id: SessionId) {
        let now = self.core.now.mono;
        let Some(association) = self.associations.at_mut(id) else { return };
        while let Some((to, bytes)) = association.poll_datagram(now) {
            self.core.datagram(to, bytes);
        }
        match association.poll_timeout() {
            Some((at, why)) => self.core.timers.set(Alarm::Datagrams(id), at, why),
            None => self.core.timers.cancel(&Alarm::Datagrams(id)),
        }
        let is_over = association.is_over();
        self.associations.settle(id);
        if is_over {
            self.associations.remove(id);
        }
    }

    fn hear_association(&mut self, id: SessionId) {
        while let Some(said) = self.associations.at_mut(id).and_then(Association::poll) {
            match said {
                Said::Established(identity) => self.on_punched(id, identity),
                Said::Bytes(bytes) => self.on_peer_bytes(Via::Udp(id), &bytes),
                Said::Over(loss) => self.on_association_over(id, loss),
            }
        }
        if self.associations.has_room(id) {
            self.free_runs_over(id);
        }
    }

    /// The other side has proved to be there.
    fn on_punched(&mut self, id: SessionId, identity: PublicIdentity) {
        let remote = self.associations.at_mut(id).and_then(|one| one.remote());
        let Some(peer) = self.links.at_mut(Via::Udp(id)) else { return };
        (peer.link, peer.remote) = (Some(Link::secured()), remote);
        if let Some(remote) = remote {
            self.note_punched(id, remote);
        }
        self.on_established(Via::Udp(id), identity);
    }

    fn on_association_over(&mut self, id: SessionId, loss: Loss) {
        let via = Via::Udp(id);
        match loss {
            Loss::Ended => self.on_peer_closed(via, Cause::Ended),
            Loss::NoAnswer | Loss::Silent => {
                self.on_peer_closed(via, Cause::Failed(ErrorKind::TimedOut));
            }
            Loss::Identity => self.drop_link(via, "somebody else answered"),
        }
    }

    /// Commands whose output waited for room go on.
    fn free_runs_over(&mut self, id: SessionId) {
        let with = self.sessions.at(id).and_then(|session| session.with.as_ref());
        if let Some(who) = with.map(|person| person.fingerprint) {
            self.free_runs(who);
        }
    }

    fn why_no_udp(&self) -> Option<&'static str> {
        match (self.config.paths.udp, self.listener.udp_at()) {
            (false, _) => Some(SWITCHED_OFF),
            (true, None) => Some("no socket for datagrams"),
            (true, Some(_)) => None,
        }
    }

    /// Where our datagrams may be sent to: our own addresses, and those that others see. Where a
    /// NAT gives each destination a port of its own, the next ones are worth a try.
    fn udp_candidates(&self) -> Vec<SocketAddr> {
        let Some(ours) = self.listener.udp_at().filter(|_| self.config.paths.udp) else {
            return Vec::new();
        };
        let mut all = self.candidates_at(ours, self.port_mapping.udp());
        let outer = self.outer.addresses();
        let translated = outer.iter().filter(|at| at.port() != ours.port());
        let next = |at: &SocketAddr| {
            let at = *at;
            let ports = (1..=limits::PORTS_AHEAD).filter_map(move |n| at.port().checked_add(n));
            ports.map(move |port| SocketAddr::new(at.ip(), port))
        };
        for at in outer.iter().copied().chain(translated.flat_map(next)) {
            if !all.contains(&at) {
                all.push(at);
            }
        }
        all.truncate(limits::CANDIDATES);
        all
    }
}

impl Session {
    /// Whether any path that is not the relay is better than what there is.
    pub(super) fn wants_better(&self) -> bool {
        match &self.state {
            State::Linking(_) => true,
            State::Open(flow) => flow.path() == Path::Relay,
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Closing(_) => false,
        }
    }
}
