//! All sessions there are, by id and by the person at the other end; and what a session is.

use super::Client;
use super::flow::Flow;
use super::link_table::Via;
use super::moving::Arranged;
use super::people::People;
use super::search::Linking;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::SessionState;
use crate::proto::model::notice::{Row, SessionRow};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::table::Table;
use crate::proto::time::Wall;
use std::net::SocketAddr;

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    by_id: Table<SessionId, Session>,
    by_peer: Table<Fingerprint, SessionId>,
}

/// A session, in whatever state.
pub(super) struct Session {
    /// Who is at the other end; unknown only while a dialled address has not answered.
    pub with: Option<Person>,
    /// What to call the other end.
    pub label: String,
    pub state: State,
    pub since: Wall,
    /// Opened by the programs for what waits; nobody is told of it.
    pub is_quiet: bool,
    /// It was quiet once, and the other side has not been told that it is so no more.
    pub was_quiet: bool,
    /// What a server arranged; such a session may go over to another link.
    pub arranged: Option<Arranged>,
    /// Where their datagrams come from.
    pub hinted: Vec<SocketAddr>,
    /// Verbs that end when it opens or is gone; or, once it is closing, when it is gone.
    pub waiters: Vec<Ticket>,
}

impl Session {
    /// A session that nobody waits for yet.
    pub fn new(with: Option<Person>, label: String, state: State, since: Wall) -> Session {
        Session {
            with,
            label,
            state,
            since,
            is_quiet: false,
            was_quiet: false,
            arranged: None,
            hinted: Vec::new(),
            waiters: Vec::new(),
        }
    }

    /// Whether it is open, and may go over to another link.
    pub fn may_move(&self) -> bool {
        self.arranged.is_some() && matches!(self.state, State::Open(_))
    }

    /// Whether it was open, and looks for another path.
    pub fn is_adrift(&self) -> bool {
        self.linking().is_some_and(Linking::is_adrift)
    }

    /// Whether the other side may have had it open, and lost its path.
    pub fn may_follow(&self) -> bool {
        self.linking().is_some_and(|linking| linking.is_adrift() || !linking.is_asker)
    }

    /// The search for a path.
    pub fn linking(&self) -> Option<&Linking> {
        match &self.state {
            State::Linking(linking) => Some(linking),
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Open(_)
            | State::Closing(_) => None,
        }
    }

    /// Whether it is with whom a target says; an address is what was dialled.
    fn is_with(&self, target: &Target) -> bool {
        let person = self.with.as_ref();
        match target {
            Target::Endpoint(at) => self.label == at.to_string(),
            Target::Key(key) => person.is_some_and(|person| person.fingerprint == *key),
            Target::Name(name) => person.is_some_and(|person| person.name.as_ref() == Some(name)),
            Target::Address(at) => person.is_some_and(|person| person.address == Some(*at)),
        }
    }

    /// The same, with a verb that ends when it opens.
    pub fn waited_by(mut self, ticket: Ticket) -> Session {
        self.waiters.extend((ticket != Ticket::NOBODY).then_some(ticket));
        self
    }
}

/// What a session is.
pub(super) enum State {
    /// We asked through the server.
    Asked,
    /// They asked through the server; where they can be dialled.
    Offered(Vec<SocketAddr>),
    /// We dialled an address; theirs to answer.
    Knocking,
    /// They dialled us; ours to answer.
    Knocked(Via),
    /// Both agreed; looking for a path.
    Linking(Linking),
    /// Talking.
    Open(Flow),
    /// We said `Bye`; waiting for theirs, so that what is on its way still arrives.
    Closing(Flow),
}

impl State {
    pub fn word(&self) -> SessionState {
        match self {
            State::Linking(linking) if linking.is_adrift() => SessionState::Open,
            State::Asked | State::Knocking | State::Linking(_) => SessionState::Asked,
            State::Offered(_) | State::Knocked(_) => SessionState::Offered,
            State::Open(_) | State::Closing(_) => SessionState::Open,
        }
    }

    pub fn flow(&self) -> Option<&Flow> {
        match self {
            State::Open(flow) | State::Closing(flow) => Some(flow),
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Linking(_) => None,
        }
    }

    pub fn flow_mut(&mut self) -> Option<&mut Flow> {
        match self {
            State::Open(flow) | State::Closing(flow) => Some(flow),
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Linking(_) => None,
        }
    }
}

impl Sessions {
    pub fn at(&self, id: SessionId) -> Option<&Session> {
        self.by_id.get(&id)
    }

    pub fn at_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.by_id.get_mut(&id)
    }

    pub fn with(&self, who: Fingerprint) -> Option<SessionId> {
        self.by_peer.get(&who).copied()
    }

    /// Who is meant, of those with whom there is a session.
    pub fn who(&self, target: &Target) -> Option<Fingerprint> {
        let fits = |session: &&Session| session.is_with(target);
        self.by_id.values().find(fits)?.with.as_ref().map(|person| person.fingerprint)
    }

    pub fn flow_with(&self, who: Fingerprint) -> Option<&Flow> {
        self.at(self.with(who)?)?.state.flow()
    }

    pub fn insert(&mut self, id: SessionId, session: Session) {
        if let Some(person) = &session.with {
            self.by_peer.insert(person.fingerprint, id);
        }
        self.by_id.insert(id, session);
    }

    /// A dialled address has answered: now it is known who is there.
    pub fn identify(&mut self, id: SessionId, person: Person) {
        if let Some(session) = self.by_id.get_mut(&id) {
            self.by_peer.insert(person.fingerprint, id);
            session.label = person.label();
            session.with = Some(person);
        }
    }

    pub fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.by_id.remove(&id)?;
        if let Some(person) = &session.with
            && self.by_peer.get(&person.fingerprint) == Some(&id)
        {
            self.by_peer.remove(&person.fingerprint);
        }
        Some(session)
    }

    /// The link of the open session with somebody.
    pub fn open_with(&self, who: Fingerprint) -> Option<Via> {
        match &self.at(self.with(who)?)?.state {
            State::Open(flow) => Some(flow.via()),
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Linking(_)
            | State::Closing(_) => None,
        }
    }

    /// Those that were open, and look for another path.
    pub fn adrift(&self) -> Vec<SessionId> {
        let adrift = self.by_id.iter().filter(|(_, session)| session.is_adrift());
        adrift.map(|(id, _)| *id).collect()
    }

    /// What is on its way in a session with somebody that is open or adrift.
    pub fn talk_with(&mut self, who: Fingerprint) -> Option<&mut Flow> {
        let id = self.with(who)?;
        match &mut self.at_mut(id)?.state {
            State::Open(flow) => Some(flow),
            State::Linking(linking) => linking.flow_mut(),
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Closing(_) => None,
        }
    }

    /// Whether we asked for it and it looks for a path.
    pub fn is_asker(&self, id: SessionId) -> bool {
        let state = self.at(id).map(|session| &session.state);
        matches!(state, Some(State::Linking(linking)) if linking.is_asker)
    }

    /// Whether we asked for it and they have not answered.
    pub fn is_asked(&self, id: SessionId) -> bool {
        matches!(self.at(id).map(|session| &session.state), Some(State::Asked))
    }

    pub fn is_full(&self) -> bool {
        self.by_id.len() >= limits::SESSIONS
    }

    pub fn all_acknowledged(&self) -> bool {
        self.by_id.values().filter_map(|session| session.state.flow()).all(Flow::is_idle)
    }

    /// Whether a session that the programs open by themselves is still on its way.
    pub fn is_quietly_asking(&self) -> bool {
        let is_coming = |session: &Session| match session.state {
            State::Asked | State::Knocking => session.is_quiet,
            State::Linking(_) => session.is_quiet && !session.is_adrift(),
            State::Offered(_) | State::Knocked(_) | State::Open(_) | State::Closing(_) => false,
        };
        self.by_id.values().any(is_coming)
    }

    /// The ids of all sessions.
    pub fn ids(&self) -> Vec<SessionId> {
        self.by_id.keys().copied().collect()
    }

    /// With whom there are sessions in such a state, but for those of the programs' own.
    pub fn labels(&self, fits: fn(SessionState) -> bool) -> impl Iterator<Item = &str> {
        let seen = self.by_id.values().filter(|session| !session.is_quiet);
        seen.filter(move |session| fits(session.state.word())).map(|session| session.label.as_str())
    }

    /// Every session, by id.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&SessionId, &mut Session)> {
        self.by_id.iter_mut()
    }

    /// The one session that is meant: by person, or, where none is named, the only one that fits.
    pub fn pick(
        &self,
        target: Option<&Target>,
        people: &People,
        fits: impl Fn(&State) -> bool,
        what: &'static str,
    ) -> Result<SessionId, Refusal> {
        let named = |session: &Session| match target {
            None => true,
            Some(target) => {
                let known = people.find(target).map(|known| known.fingerprint);
                let with = session.with.as_ref().map(|person| person.fingerprint);
                session.is_with(target) || (known.is_some() && known == with)
            }
        };
        let mut found =
            self.by_id.iter().filter(|(_, s)| named(s) && fits(&s.state)).map(|(id, _)| *id);
        match (found.next(), found.next(), target) {
            (Some(id), None, _) => Ok(id),
            (Some(_), Some(_), _) => Err(Refusal::Ambiguous(what)),
            (None, _, Some(target)) => Err(Refusal::NoSession(target.to_string())),
            (None, _, None) => Err(Refusal::NothingWaiting),
        }
    }
}

impl Client {
    pub(super) fn list_sessions(&mut self, ticket: Ticket) {
        let mut rows = Vec::new();
        for (_, session) in self.sessions.iter_mut() {
            let flow = session.state.flow();
            rows.push(SessionRow {
                with: session.label.clone(),
                state: session.state.word(),
                path: flow.map(Flow::path),
                remote: flow
                    .and_then(|flow| self.links.at(flow.via()))
                    .and_then(|link| link.remote),
                rtt_ms: flow.and_then(|flow| self.associations.round_trip_ms(flow)),
                since: session.since,
            });
        }
        for row in rows {
            self.core.row(ticket, Row::Session(row));
        }
        self.core.done(ticket, Ok(()));
    }
}
