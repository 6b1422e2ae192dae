//! From yes to an open link: direct connections first, the relay beside them, the asker's choice.
//!
//! The asker dials the answerer's addresses at once. The answerer dials the asker's a moment later,
//! for an asker who is reached while he is not. Datagrams (`punching`) follow them. After
//! [`limits::RELAY_AFTER_MS`] the relay is linked as well. The asker takes the first link that
//! stands and says `Settle` on it.

use super::core::Alarm;
use super::flow::Flow;
use super::link_table::{PeerLink, Via};
use super::search::Linking;
use super::session_table::State;
use super::uplink::closed_words;
use super::{Client, Remote};
use crate::proto::bytes::Blob;
use crate::proto::id::{ConnId, SessionId};
use crate::proto::limits;
use crate::proto::link::{Link, LinkEvent, LinkFault, Purpose};
use crate::proto::machine::{Cause, StreamAction};
use crate::proto::model::event::{Event, Path, SessionState};
use crate::proto::model::notice::Way;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::{Carry, Release};
use crate::proto::wire::peer::{Greet, Settle, ToPeer};
use crate::proto::wire::server::Carried;
use std::net::SocketAddr;

impl Client {
    pub(super) fn start_linking(&mut self, id: SessionId, dial: Vec<SocketAddr>) {
        self.core.alarm(Alarm::Session(id), limits::LINKING_MS, "no path");
        let is_relay_last = self.config.paths.direct || self.config.paths.udp;
        let relay_after_ms = if is_relay_last { limits::RELAY_AFTER_MS } else { 0 };
        self.core.alarm(Alarm::Relay(id), relay_after_ms, "no direct path");
        self.core.alarm(Alarm::DialBack(id), limits::DIAL_BACK_MS, "not reached by the asker");
        if !self.config.paths.direct {
            return self.note_untried(id, Way::Direct, SWITCHED_OFF);
        }
        if dial.is_empty() && self.sessions.is_asker(id) {
            self.note_untried(id, Way::Direct, "they gave no address");
        }
        for to in dial {
            self.dial_peer(id, to);
        }
    }

    /// The asker has not reached us: perhaps we reach them.
    pub(super) fn dial_back(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        let State::Linking(linking) = &mut session.state else { return };
        if !self.config.paths.direct {
            return;
        }
        for to in std::mem::take(&mut linking.dial_back) {
            self.dial_peer(id, to);
        }
    }

    /// No direct path stands yet: the relay, so that nobody waits. The asker dials.
    pub(super) fn open_relay(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at(id) else { return };
        let State::Linking(Linking { is_asker: true, .. }) = &session.state else { return };
        let Some(peer) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        if !self.config.paths.relay {
            return self.note_untried(id, Way::Relay, SWITCHED_OFF);
        }
        if !self.uplink.is_in() {
            return self.note_untried(id, Way::Relay, "not signed in");
        }
        let link = Link::dial(&self.me, Purpose::Peer(id), Some(peer), &mut self.core.rng);
        self.add_link(Via::Relay(id), Some(link), Some(id), None);
    }

    pub(super) fn on_accepted(&mut self, conn: ConnId, from: SocketAddr) {
        if self.is_leaving || self.links.strangers() >= limits::STRANGERS {
            return self.core.stream(conn, StreamAction::Abort);
        }
        self.add_link(Via::Tcp(conn), Some(Link::accept()), None, Some(from));
    }

    pub(super) fn on_dialled(&mut self, conn: ConnId) {
        let via = Via::Tcp(conn);
        let Some(id) = self.links.at(via).and_then(|peer| peer.session) else { return };
        let Some(session) = self.sessions.at(id) else { return };
        let with = session.with.as_ref().map(|person| person.fingerprint);
        let is_knock = matches!(session.state, State::Knocking);
        let purpose = if is_knock { Purpose::Direct } else { Purpose::Peer(id) };
        let link = Link::dial(&self.me, purpose, with, &mut self.core.rng);
        if let Some(peer) = self.links.at_mut(via) {
            peer.link = Some(link);
        }
    }

    pub(super) fn on_carried(&mut self, carried: Carried) {
        let id = carried.session;
        let via = Via::Relay(id);
        if self.links.at(via).is_none() {
            let awaited = self.sessions.at(id).is_some_and(
                |session| matches!(&session.state, State::Linking(linking) if !linking.is_asker),
            );
            if !awaited || !self.config.paths.relay {
                return;
            }
            self.add_link(via, Some(Link::accept()), Some(id), None);
        }
        self.on_peer_bytes(via, &carried.bytes.0);
    }

    pub(super) fn on_peer_bytes(&mut self, via: Via, bytes: &[u8]) {
        if let Some(link) = self.links.link(via) {
            link.feed(bytes);
        }
        // What is said may end the link, so it is fetched anew each time.
        while let Some(link) = self.links.link(via) {
            match link.poll::<ToPeer>() {
                Ok(Some(LinkEvent::Message(message))) => self.on_peer_message(via, message),
                Ok(Some(LinkEvent::Hello(purpose))) => self.on_hello(via, purpose),
                Ok(Some(LinkEvent::Established(identity))) => self.on_established(via, identity),
                Ok(None) => return,
                Err(fault) => return self.on_peer_fault(via, fault),
            }
        }
    }

    pub(super) fn on_peer_closed(&mut self, via: Via, cause: Cause) {
        self.core.timers.cancel(&Alarm::Handshake(via));
        if let Some(peer) = self.links.remove(via)
            && let Some(id) = peer.session
        {
            self.on_path_gone(id, via, cause);
        }
    }

    /// A connection has taken what it was handed; there may be room for more.
    pub(super) fn on_drained(&mut self, via: Via) {
        if let Via::Tcp(conn) = via
            && self.links.on_drained(via)
        {
            self.core.stream(conn, StreamAction::Watch);
        }
    }

    pub(super) fn on_handshake_late(&mut self, via: Via) {
        let is_linked = self.links.at(via).is_some_and(|peer| peer.link.is_some());
        self.drop_link(via, if is_linked { "the other side was too slow" } else { "timed out" });
    }

    /// The server has dropped the session: no relay, but a direct link may still be under way.
    pub(super) fn lose_relay(&mut self, id: SessionId, refusal: Refusal) {
        self.note_lost(Via::Relay(id), &refusal.reason());
        self.close_link(Via::Relay(id), StreamAction::Abort);
        if self.links.of(id).is_empty() {
            self.end_with(id, SessionState::Failed, refusal);
        }
    }

    /// Says something on a link.
    pub(super) fn tell(&mut self, via: Via, message: impl Into<ToPeer>) {
        if let Some(link) = self.links.link(via)
            && link.is_open()
        {
            link.send(&message.into());
        }
    }

    /// Sends what a link has gathered.
    pub(super) fn flush_link(&mut self, via: Via) {
        let Some(bytes) = self.links.link(via).and_then(Link::take_output) else {
            self.links.settle(via);
            return;
        };
        self.links.settle(via);
        match via {
            Via::Tcp(conn) => {
                let length = bytes.len();
                self.core.stream(conn, StreamAction::Send(bytes));
                if self.links.put_ahead(via, length) {
                    self.core.stream(conn, StreamAction::Watch);
                }
            }
            Via::Udp(session) => self.write_datagrams(session, &bytes),
            Via::Relay(session) => {
                for part in bytes.chunks(limits::FRAME_MAX_BYTES) {
                    self.uplink.say(Carry { session, bytes: Blob(part.to_vec()) });
                }
            }
        }
    }

    /// Closes a link after what it has to send.
    pub(super) fn close_link(&mut self, via: Via, how: StreamAction) {
        if how == StreamAction::Close {
            self.flush_link(via);
        }
        self.core.timers.cancel(&Alarm::Handshake(via));
        if self.links.remove(via).is_none() {
            return;
        }
        match via {
            Via::Tcp(conn) => self.core.stream(conn, how),
            Via::Udp(session) => self.leave_association(session, &how),
            Via::Relay(_) => {}
        }
    }

    /// The session has its link: the others go, and what waits starts to flow.
    pub(super) fn open_session(&mut self, id: SessionId, via: Via) {
        self.note_open(via);
        for other in self.links.of(id) {
            // Beside the relay a direct path is still wanted.
            let is_wanted = via.path() == Path::Relay && other.path() != Path::Relay;
            if other != via && !is_wanted {
                self.note_lost(other, "not needed: another was first");
                self.close_link(other, StreamAction::Abort);
            }
        }
        self.cancel_alarms(id);
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(person) = session.with.clone() else { return };
        let flow = Flow::new(via);
        let path = flow.path();
        session.state = State::Open(flow);
        session.since = self.core.now.wall;
        let (label, is_quiet) = (session.label.clone(), session.is_quiet);
        let waiters = std::mem::take(&mut session.waiters);
        let was_quiet = std::mem::take(&mut session.was_quiet);
        let who = person.fingerprint;
        self.know(person);
        let state = SessionState::Open;
        if was_quiet {
            self.tell(via, Settle {});
        }
        if !is_quiet {
            self.core.event(Event::Session { with: label, state, path: Some(path), why: None });
        }
        for waiter in waiters {
            self.core.done(waiter, Ok(()));
        }
        if path == Path::Relay {
            self.hope_for_better(id);
        }
        self.mind_letters_link(id);
        self.start_talk(who);
    }

    /// A session has a link: what waits starts to flow.
    pub(super) fn start_talk(&mut self, who: Fingerprint) {
        self.pump(who);
        self.pay(who);
        self.ask_waiting_runs(who);
        self.resume_files(who);
    }

    pub(super) fn cancel_alarms(&mut self, id: SessionId) {
        for alarm in [
            Alarm::Session(id),
            Alarm::DialBack(id),
            Alarm::Cross(id),
            Alarm::Punch(id),
            Alarm::Relay(id),
            Alarm::Better(id),
            Alarm::Doubt(id),
        ] {
            self.core.timers.cancel(&alarm);
        }
    }

    pub(super) fn on_settle(&mut self, id: SessionId, via: Via) {
        let Some(session) = self.sessions.at(id) else { return };
        match &session.state {
            State::Linking(linking) if !linking.is_asker && !linking.is_adrift() => {
                self.open_session(id, via);
                // A direct link needs the server no more, and the server need not remember it.
                if via.path() != Path::Relay {
                    self.uplink.say(Release { session: id });
                }
            }
            State::Knocking => self.open_session(id, via),
            // Said again: somebody there wants to talk over what the programs opened by themselves.
            // That takes the consent that a session takes.
            State::Open(_) => {
                let with = session.with.as_ref().map(|person| person.fingerprint);
                match with.is_some_and(|who| self.accepts_unasked(who)) || !session.is_quiet {
                    true => self.make_loud(id),
                    false => self.part_with(id),
                }
            }
            State::Linking(_)
            | State::Knocked(_)
            | State::Asked
            | State::Offered(_)
            | State::Closing(_) => {}
        }
    }

    pub(super) fn dial_peer(&mut self, id: SessionId, to: SocketAddr) {
        let conn = self.core.conn();
        let from = self.own_loopback(to);
        self.add_link(Via::Tcp(conn), None, Some(id), Some(to));
        self.core.stream(conn, StreamAction::Dial { to, from });
    }

    pub(super) fn dial_named(&mut self, id: SessionId, to: Remote) {
        let conn = self.core.conn();
        self.add_link(Via::Tcp(conn), None, Some(id), None);
        self.dial_remote(conn, to);
    }

    pub(super) fn add_link(
        &mut self,
        via: Via,
        link: Option<Link>,
        session: Option<SessionId>,
        remote: Option<SocketAddr>,
    ) {
        self.core.alarm(Alarm::Handshake(via), limits::HANDSHAKE_MS, "a peer slow to link");
        self.links.insert(via, PeerLink::new(link, session, remote));
        if let Some(id) = session {
            self.note_link(id, via);
        }
    }

    fn on_hello(&mut self, via: Via, purpose: Purpose) {
        let expected = match purpose {
            Purpose::Direct => None,
            Purpose::Peer(id) => match self.awaited(via, id) {
                Some(peer) => Some(peer),
                None => return self.refuse_link(via),
            },
            Purpose::Server => return self.refuse_link(via),
        };
        if let Purpose::Peer(id) = purpose
            && let Some(peer) = self.links.at_mut(via)
        {
            // Known already where both have dialled.
            if peer.session.replace(id) != Some(id) {
                self.note_link(id, via);
            }
        }
        if let Some(link) = self.links.link(via) {
            link.answer(&self.me, expected, &mut self.core.rng);
        }
    }

    /// Who must prove to be at the other end of a link for this session, if it is looked for.
    fn awaited(&self, via: Via, id: SessionId) -> Option<Fingerprint> {
        let session = self.sessions.at(id)?;
        let fits = match via {
            Via::Tcp(_) => self.config.paths.direct,
            Via::Udp(_) => false,
            Via::Relay(relayed) => relayed == id,
        };
        let looking = fits
            && match &session.state {
                State::Linking(_) => true,
                State::Open(flow) => flow.path() == Path::Relay && session.arranged.is_some(),
                State::Asked
                | State::Offered(_)
                | State::Knocking
                | State::Knocked(_)
                | State::Closing(_) => false,
            };
        session.with.as_ref().filter(|_| looking).map(|person| person.fingerprint)
    }

    fn refuse_link(&mut self, via: Via) {
        if let Some(link) = self.links.link(via) {
            link.refuse();
        }
        self.close_link(via, StreamAction::Close);
    }

    pub(super) fn on_established(&mut self, via: Via, identity: PublicIdentity) {
        self.core.timers.cancel(&Alarm::Handshake(via));
        let name = self.my_name();
        self.say_quiet(via);
        self.tell(via, Greet { name });
        let Some(peer) = self.links.at_mut(via) else { return };
        peer.identity = Some(identity);
        let Some(id) = peer.session else {
            // They have a moment to greet.
            let wait = limits::HANDSHAKE_MS;
            return self.core.alarm(Alarm::Handshake(via), wait, "a peer slow to greet");
        };
        let Some(session) = self.sessions.at(id) else { return };
        match &session.state {
            State::Linking(linking) if linking.is_asker && linking.is_adrift() => {
                self.go_over(id, via);
            }
            State::Linking(linking) if linking.is_asker => {
                self.tell(via, Settle {});
                self.open_session(id, via);
            }
            State::Knocking => self.on_knock_answered(id, identity),
            State::Open(_) => self.on_spare_link(id, via),
            State::Linking(_)
            | State::Knocked(_)
            | State::Asked
            | State::Offered(_)
            | State::Closing(_) => {}
        }
    }

    fn on_peer_fault(&mut self, via: Via, fault: LinkFault) {
        let session = self.links.at(via).and_then(|peer| peer.session);
        let why = match fault {
            LinkFault::Version { theirs } => format!("the other side speaks version {theirs}"),
            LinkFault::Refused => "the other side refused the link".to_owned(),
            LinkFault::Identity { found } => {
                self.say_other_key(session, found);
                format!("somebody else answered, with the key {found}")
            }
            LinkFault::Garbage => "the other side sent garbage".to_owned(),
        };
        self.drop_link(via, &why);
    }

    fn say_other_key(&mut self, session: Option<SessionId>, new: Fingerprint) {
        let Some(session) = session.and_then(|id| self.sessions.at(id)) else { return };
        // Who is near may have left the address to somebody else.
        if let Some(person) = session.with.as_ref().filter(|_| !self.lan.is_open()) {
            let (name, old) = (session.label.clone(), person.fingerprint);
            self.core.event(Event::Identity { name, old, new });
        }
    }

    pub(super) fn drop_link(&mut self, via: Via, why: &str) {
        let session = self.links.at(via).and_then(|peer| peer.session);
        self.close_link(via, StreamAction::Close);
        if let Some(id) = session {
            self.on_link_lost(id, via, why);
        }
    }

    /// A connection of a session is gone: if it is the one in use, another is looked for. What the
    /// other side ended in order is over, unless there is a server that knows better.
    fn on_path_gone(&mut self, id: SessionId, via: Via, cause: Cause) {
        let why = closed_words(cause);
        let may_go_on = cause != Cause::Ended || self.uplink.is_in();
        match self.sessions.at(id).map(|session| &session.state) {
            Some(State::Open(flow)) if flow.via() == via && may_go_on => {
                self.note_lost(via, &why);
                self.lose_path(id, &why);
            }
            _ => self.on_link_lost(id, via, &why),
        }
    }

    /// A link of a session is gone: the session with it, or only one try of several.
    fn on_link_lost(&mut self, id: SessionId, via: Via, why: &str) {
        self.note_lost(via, why);
        let Some(session) = self.sessions.at_mut(id) else { return };
        match &mut session.state {
            State::Linking(linking) => linking.failure = why.to_owned(),
            State::Open(flow) | State::Closing(flow) if flow.via() == via => {
                self.end_session(id, SessionState::Closed, Some(why.to_owned()));
            }
            State::Knocking => self.on_knock_lost(id, why),
            State::Knocked(_) => self.end_session(id, SessionState::Closed, Some(why.to_owned())),
            State::Open(_) | State::Closing(_) | State::Asked | State::Offered(_) => {}
        }
    }
}

/// What is said of a path that the user does not want.
pub(super) const SWITCHED_OFF: &str = "switched off with --paths";
