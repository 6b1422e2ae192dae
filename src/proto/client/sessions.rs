//! Sessions: asking for one, and its end. At most one with each person.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | none | `chat`, the person is online | Asked; `Ask`; session `asked` |
//! | none | `Offer`, to be asked about | Offered; session `offered` |
//! | none | `Offer`, accepted by `--accept` | Linking; `Answer` |
//! | Asked | `Answered` | Linking |
//! | Asked | `Offer` from them, their id the smaller | Linking, theirs; `Hangup`, `Answer` |
//! | Asked | `Offer` from them, our id the smaller | Asked; they find the same |
//! | Asked | `Ended` | gone; session `declined` or `failed` |
//! | Asked | its time is up | gone; `Hangup`; session `failed` |
//! | Offered | `accept`, or `chat` with them | Linking; `Answer` |
//! | Offered | `decline` | gone; `Hangup`; session `declined` |
//! | Offered | `Ended`, its time is up | gone; session `closed` or `failed` |
//! | any but Asked | a new `Offer` from them | gone (they started anew); as from none |
//! | Knocking | `Settle` on the link | Open; session `open` |
//! | Knocking | `Bye`, closed | gone; session `declined` or `failed` |
//! | Knocked | `accept` | Open; `Settle`; session `open` |
//! | Knocked | `decline` | gone; `Bye`; session `declined` |
//! | Knocked | `Bye`, closed | gone; session `closed` |
//! | Linking | the asker's first link stands | Open; `Settle`; session `open` |
//! | Linking | `Settle` | Open; session `open` |
//! | Linking | its time is up, `Ended` without a link | gone; session `failed` |
//! | Open | `close` | Closing; `Bye` |
//! | Open | `Bye` | gone; `Bye`; session `closed` |
//! | Open | the link is gone | Linking anew (`moving`), or gone; session `closed` |
//! | Closing | `Bye`, closed, its time is up | gone; session `closed` |
//! | Closing | `chat` with them | gone; session `closed`; as from none |
//!
//! Without a server (`knocking`) the dialling side is Knocking and the dialled one Knocked.

use super::core::Alarm;
use super::flow::Flow;
use super::moving::Arranged;
use super::people::Reading;
use super::search::Linking;
use super::session_table::{Session, State};
use super::wishes::Wish;
use super::{Accept, Client, Remote};
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::machine::StreamAction;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, Path, SessionState};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::{Ask, Hangup};
use crate::proto::wire::peer::{Bye, Settle};
use crate::proto::wire::server::{Answered, Ended, Offer, WhyEnded};
use std::net::SocketAddr;

impl Client {
    pub(super) fn chat(&mut self, ticket: Ticket, target: Target) {
        if let Target::Endpoint(at) = target {
            return self.knock(ticket, Remote::Address(at));
        }
        match self.people.find(&target).map(|person| person.fingerprint) {
            Some(who) if self.sessions.with(who).is_some() => self.join(ticket, who),
            _ => self.wish(target, Wish::Chat(ticket)),
        }
    }

    /// The person was found: ask them, or go with what there is between us already.
    pub(super) fn ask_for_session(&mut self, ticket: Ticket, person: Person, online: bool) {
        let who = person.fingerprint;
        if who == self.me.fingerprint() {
            return self.core.done(ticket, Err(Refusal::Myself));
        }
        if self.sessions.with(who).is_some() {
            return self.join(ticket, who);
        }
        let label = person.label();
        let why_not = if self.people.is_blocked(who) {
            Some(Refusal::Blocked(label.clone()))
        } else if !online {
            Some(Refusal::Away(label.clone()))
        } else {
            self.sessions.is_full().then_some(Refusal::Busy("sessions"))
        };
        if let Some(why) = why_not {
            self.note((&person).into(), self.asking_way(), &why.reason());
            return self.core.done(ticket, Err(why));
        }
        if self.lan.is_open() {
            return self.knock_at(ticket, person, false);
        }
        let id = SessionId(crate::proto::bytes::Bytes(self.core.rng.bytes()));
        self.refresh_outer();
        self.say_ask(id, who, false);
        let since = self.core.now.wall;
        self.begin(id, Session::new(Some(person), label, State::Asked, since).waited_by(ticket));
        self.note_ask(id, false);
    }

    pub(super) fn on_offer(&mut self, offer: Offer) {
        let Offer { session: id, from, candidates, mut is_quiet } = offer;
        let person = match self.people.read(&from) {
            Reading::Person(person) => person,
            Reading::Forged => return self.hang_up(id, true),
            Reading::Changed { pinned, found } => {
                self.say_changed(pinned, &found);
                return self.hang_up(id, true);
            }
        };
        let who = person.fingerprint;
        if self.people.is_blocked(who) {
            return;
        }
        self.refresh_outer();
        let candidates = candidates.into_iter().take(limits::CANDIDATES).collect();
        if let Some(ours) = self.sessions.with(who).filter(|ours| !self.sessions.is_asked(*ours)) {
            self.end_session(ours, SessionState::Closed, Some("they started anew".into()));
        }
        // With what waits for them, the end of that may have asked as well.
        if let Some(ours) = self.sessions.with(who)
            && let Some(asked) = self.sessions.at_mut(ours)
        {
            asked.is_quiet &= is_quiet;
            is_quiet = asked.is_quiet;
            if ours < id {
                return;
            }
            self.hang_up(ours, false);
            self.note_over(ours, "they asked at the same time");
            let session = self.forget_session(ours);
            let waiters = session.map(|session| session.waiters).unwrap_or_default();
            return self.agree(id, person, (candidates, Vec::new()), (is_quiet, waiters));
        }
        let accepted = self.accepts_unasked(who);
        let accepted = accepted || (is_quiet && self.transfers.is_engaged(who));
        if self.sessions.is_full() || (is_quiet && !accepted) {
            return self.hang_up(id, true);
        }
        if accepted {
            return self.agree(id, person, (candidates, Vec::new()), (is_quiet, Vec::new()));
        }
        let (label, since) = (person.label(), self.core.now.wall);
        self.begin(id, Session::new(Some(person), label, State::Offered(candidates), since));
        self.note_ask(id, true);
    }

    pub(super) fn on_answered(&mut self, answered: Answered) {
        let Answered { session: id, candidates } = answered;
        let Some(session) = self.sessions.at_mut(id) else { return self.hang_up(id, false) };
        if session.is_adrift() {
            self.link_again(id, candidates);
        } else if matches!(session.state, State::Asked) {
            let candidates: Vec<SocketAddr> =
                candidates.into_iter().take(limits::CANDIDATES).collect();
            session.state = State::Linking(Linking::asker());
            session.arranged = Some(Arranged::new(true, candidates.clone()));
            self.note_agreed(id);
            self.start_linking(id, candidates);
        }
    }

    /// The server's word that an ask, an offer or a relayed session is over.
    pub(super) fn on_ended(&mut self, ended: Ended) {
        let Some(session) = self.sessions.at(ended.session) else { return };
        let label = session.label.clone();
        let (state, refusal) = match ended.why {
            WhyEnded::Unknown => (SessionState::Failed, Refusal::Unknown(label)),
            WhyEnded::Away | WhyEnded::Gone => (SessionState::Failed, Refusal::Away(label)),
            WhyEnded::Declined => (SessionState::Declined, Refusal::Declined(label)),
            WhyEnded::HungUp => (SessionState::Closed, Refusal::Declined(label)),
            WhyEnded::Busy => (SessionState::Failed, Refusal::Busy("sessions")),
        };
        match &session.state {
            State::Asked => self.end_with(ended.session, state, refusal),
            State::Offered(_) => {
                let why = Some("they took it back".to_owned());
                self.end_session(ended.session, SessionState::Closed, why);
            }
            State::Linking(linking) if linking.is_adrift() => {
                self.on_adrift_ended(ended.session, ended.why);
            }
            State::Linking(_) => self.lose_relay(ended.session, refusal),
            // It may be there again already, from another address: the server knows.
            State::Open(flow) if flow.path() == Path::Relay && ended.why == WhyEnded::Gone => {
                self.lose_path(ended.session, "the other side is gone");
            }
            State::Open(flow) | State::Closing(flow) if flow.path() == Path::Relay => {
                let why = "the other side is gone".to_owned();
                self.end_session(ended.session, SessionState::Closed, Some(why));
            }
            State::Open(_) | State::Closing(_) | State::Knocking | State::Knocked(_) => {}
        }
    }

    pub(super) fn accept(&mut self, ticket: Ticket, target: Option<Target>) {
        let offered = |state: &State| matches!(state, State::Offered(_) | State::Knocked(_));
        match self.sessions.pick(target.as_ref(), &self.people, offered, "request") {
            Ok(id) => self.say_yes(ticket, id),
            Err(why) => self.core.done(ticket, Err(why)),
        }
    }

    pub(super) fn decline(&mut self, ticket: Ticket, target: Option<Target>) {
        let offered = |state: &State| matches!(state, State::Offered(_) | State::Knocked(_));
        let picked = self.sessions.pick(target.as_ref(), &self.people, offered, "request");
        let result = picked.map(|id| self.say_no(id));
        self.core.done(ticket, result);
    }

    pub(super) fn close(&mut self, ticket: Ticket, target: Option<Target>) {
        let picked = self.sessions.pick(target.as_ref(), &self.people, |_| true, "session");
        match picked {
            Ok(id) => self.close_session(ticket, id),
            Err(why) => self.core.done(ticket, Err(why)),
        }
    }

    pub(super) fn on_session_late(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at(id) else { return };
        let label = session.label.clone();
        match &session.state {
            State::Asked | State::Offered(_) | State::Knocking | State::Knocked(_) => {
                self.hang_up(id, false);
                self.end_with(id, SessionState::Failed, Refusal::NoAnswer(label));
            }
            State::Linking(linking) => {
                let why = linking.failure();
                let is_adrift = linking.is_adrift();
                self.note_over(id, "timed out");
                self.hang_up(id, false);
                if is_adrift {
                    return self.end_session(id, SessionState::Closed, Some(why));
                }
                self.end_with(id, SessionState::Failed, Refusal::NoPath(label, why));
            }
            State::Open(flow) if !flow.is_idle() && session.is_quiet => self.mind_letters_link(id),
            State::Open(_) | State::Closing(_) => {
                self.end_session(id, SessionState::Closed, None);
            }
        }
    }

    /// The other side said `Bye`.
    pub(super) fn on_bye(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at(id) else { return };
        let label = session.label.clone();
        match &session.state {
            State::Open(flow) => {
                let via = flow.via();
                self.acknowledge();
                self.tell(via, Bye {});
                self.end_session(id, SessionState::Closed, None);
            }
            State::Knocking => {
                self.end_with(id, SessionState::Declined, Refusal::Declined(label));
            }
            State::Closing(_)
            | State::Knocked(_)
            | State::Linking(_)
            | State::Asked
            | State::Offered(_) => self.end_session(id, SessionState::Closed, None),
        }
    }

    /// A session that the server will not arrange.
    pub(super) fn fail_session(&mut self, id: SessionId, why: Refusal) {
        if self.sessions.at(id).is_some_and(|session| matches!(session.state, State::Asked)) {
            self.end_with(id, SessionState::Failed, why);
        }
    }

    /// A verb that waited for a session has run out of time; the session goes on.
    pub(super) fn forget_waiter(&mut self, ticket: Ticket) -> Option<Refusal> {
        let (_, session) =
            self.sessions.iter_mut().find(|(_, session)| session.waiters.contains(&ticket))?;
        session.waiters.retain(|waiter| *waiter != ticket);
        Some(Refusal::NoAnswer(session.label.clone()))
    }

    pub(super) fn close_all_sessions(&mut self) {
        for id in self.sessions.ids() {
            match self.sessions.at(id).map(|session| &session.state) {
                Some(State::Open(flow)) => {
                    let via = flow.via();
                    self.acknowledge();
                    self.tell(via, Bye {});
                }
                Some(_) => self.hang_up(id, false),
                None => continue,
            }
            self.end_session(id, SessionState::Closed, None);
        }
    }

    /// Starts a session in its first state and says so.
    pub(super) fn begin(&mut self, id: SessionId, session: Session) {
        let state = session.state.word();
        self.say_session(&session, state, None);
        self.enlist(id, session);
    }

    /// Starts a session in a state that nobody need hear of.
    pub(super) fn enlist(&mut self, id: SessionId, session: Session) {
        self.sessions.insert(id, session);
        self.core.alarm(Alarm::Session(id), limits::ASK_MS, "a request unanswered");
    }

    /// Ends a session, says so, and ends the verbs that waited for it.
    pub(super) fn end_session(&mut self, id: SessionId, state: SessionState, why: Option<String>) {
        self.note_over(id, why.as_deref().unwrap_or(state.word()));
        let Some(session) = self.forget_session(id) else { return };
        let was_open = session.state.flow().is_some();
        let refusal = Refusal::NoPath(session.label.clone(), why.clone().unwrap_or_default());
        self.say_session(&session, state, why);
        let result = if was_open { Ok(()) } else { Err(refusal) };
        self.after_session(session, result);
    }

    /// The same, where the verbs that waited are told more exactly why.
    pub(super) fn end_with(&mut self, id: SessionId, state: SessionState, refusal: Refusal) {
        self.note_over(id, &refusal.reason());
        let Some(session) = self.forget_session(id) else { return };
        self.say_session(&session, state, Some(refusal.reason()));
        self.after_session(session, Err(refusal));
    }

    /// Ends a session with somebody who is not to hear why.
    pub(super) fn part_with(&mut self, id: SessionId) {
        let open = self.sessions.at(id).and_then(|session| session.state.flow()).map(Flow::via);
        match open {
            Some(via) => self.tell(via, Bye {}),
            None => self.hang_up(id, false),
        }
        self.end_session(id, SessionState::Closed, None);
    }

    /// Says what became of a session, unless it is nobody's business.
    pub(super) fn say_session(
        &mut self,
        session: &Session,
        state: SessionState,
        why: Option<String>,
    ) {
        if !session.is_quiet {
            let path = session.state.flow().map(Flow::path).filter(|_| state == SessionState::Open);
            self.core.event(Event::Session { with: session.label.clone(), state, path, why });
        }
    }

    /// A session is over: its verbs end, and what waits looks for another way.
    fn after_session(&mut self, session: Session, result: Result<(), Refusal>) {
        for waiter in session.waiters {
            self.core.done(waiter, result.clone());
        }
        let Some(person) = session.with else { return };
        self.lose_runs(person.fingerprint, result.as_ref().err());
        if session.is_quiet {
            self.on_quiet_over(person.fingerprint, session.since, result.is_err());
        }
        self.send_on(person.fingerprint);
        self.try_files_again(person.fingerprint);
    }

    pub(super) fn say_ask(&mut self, session: SessionId, to: Fingerprint, is_quiet: bool) {
        let (candidates, token) = (self.candidates(), self.token_of(to));
        self.uplink.say(Ask { session, to, candidates, token, is_quiet });
        self.say_hint(session);
        self.uplink.doubt(&mut self.core);
    }

    pub(super) fn hang_up(&mut self, session: SessionId, declined: bool) {
        self.uplink.say(Hangup { session, declined });
    }

    pub(super) fn accepts_unasked(&self, who: Fingerprint) -> bool {
        match self.config.accept {
            Accept::All => true,
            Accept::Friends => self.people.is_friend(who),
            Accept::None => false,
        }
    }

    /// `chat` with somebody with whom there is a session already.
    fn join(&mut self, ticket: Ticket, who: Fingerprint) {
        let Some(id) = self.sessions.with(who) else { return };
        let is_friend = self.people.is_friend(who);
        let is_quietly =
            |s: &Session| s.is_quiet && (matches!(s.state, State::Asked) || !is_friend);
        if self.sessions.at(id).is_some_and(is_quietly) {
            // Programs say no to each other where people would be asked.
            match self.sessions.open_with(who) {
                Some(via) => self.tell(via, Bye {}),
                None => self.hang_up(id, false),
            }
            self.forget_session(id);
            return self.wish(Target::Key(who), Wish::Chat(ticket));
        }
        self.make_loud(id);
        let Some(session) = self.sessions.at_mut(id) else { return };
        match session.state {
            State::Offered(_) | State::Knocked(_) => self.say_yes(ticket, id),
            State::Open(_) => self.core.done(ticket, Ok(())),
            State::Asked | State::Knocking | State::Linking(_) => session.waiters.push(ticket),
            State::Closing(_) => {
                self.end_session(id, SessionState::Closed, None);
                self.wish(Target::Key(who), Wish::Chat(ticket));
            }
        }
    }

    fn say_yes(&mut self, ticket: Ticket, id: SessionId) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        if let State::Knocked(via) = session.state {
            self.tell(via, Settle {});
            self.open_session(id, via);
            return self.core.done(ticket, Ok(()));
        }
        let Some(session) = self.forget_session(id) else { return };
        if let (State::Offered(candidates), Some(person)) = (session.state, session.with) {
            self.agree(id, person, (candidates, session.hinted), (false, vec![ticket]));
        }
    }

    fn say_no(&mut self, id: SessionId) {
        match self.sessions.at(id).map(|session| &session.state) {
            Some(State::Knocked(via)) => self.tell(*via, Bye {}),
            _ => self.hang_up(id, true),
        }
        self.end_session(id, SessionState::Declined, None);
    }

    /// Says yes to an offer and looks for a path.
    fn agree(
        &mut self,
        id: SessionId,
        person: Person,
        (dial, hinted): (Vec<SocketAddr>, Vec<SocketAddr>),
        (is_quiet, waiters): (bool, Vec<Ticket>),
    ) {
        self.say_answer(id);
        let (label, since) = (person.label(), self.core.now.wall);
        let arranged = Some(Arranged::new(false, dial.clone()));
        let state = State::Linking(Linking::answerer(dial));
        let session = Session::new(Some(person), label, state, since);
        let session = Session { is_quiet, waiters, arranged, hinted, ..session };
        self.sessions.insert(id, session);
        self.note_ask(id, true);
        self.note_agreed(id);
        self.start_linking(id, Vec::new());
    }

    fn close_session(&mut self, ticket: Ticket, id: SessionId) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        match std::mem::replace(&mut session.state, State::Asked) {
            State::Open(flow) => {
                let via = flow.via();
                session.state = State::Closing(flow);
                session.waiters.push(ticket);
                self.core.alarm(Alarm::Session(id), limits::CLOSING_MS, "no word on our goodbye");
                return self.tell(via, Bye {});
            }
            State::Closing(flow) => {
                session.state = State::Closing(flow);
                return session.waiters.push(ticket);
            }
            State::Knocked(via) => self.tell(via, Bye {}),
            state @ (State::Offered(_) | State::Asked) => {
                session.state = state;
                let declined = matches!(session.state, State::Offered(_));
                self.hang_up(id, declined);
            }
            State::Knocking | State::Linking(_) => self.hang_up(id, false),
        }
        self.end_session(id, SessionState::Closed, None);
        self.core.done(ticket, Ok(()));
    }

    /// Removes a session with its deadlines and links; what was sent on them still leaves.
    pub(super) fn forget_session(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(id)?;
        self.cancel_alarms(id);
        if let (Some(_), Some(person)) = (session.state.flow(), &session.with) {
            self.pause_files(person.fingerprint);
        }
        let relayed = session.state.flow().is_some_and(|flow| flow.path() == Path::Relay);
        let is_known_there = relayed || session.is_adrift();
        for via in self.links.of(id) {
            self.close_link(via, StreamAction::Close);
        }
        if is_known_there {
            self.hang_up(id, false);
        }
        Some(session)
    }
}
