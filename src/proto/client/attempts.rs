//! What was tried to reach somebody, and what came of it: the answer to `why`.
//!
//! | state | input | next |
//! |---|---|---|
//! | – | a way is tried | Trying |
//! | – | a way cannot be tried | Over, at once |
//! | Trying | its link is the session's | Open |
//! | Trying | it failed, or another was first | Over |
//! | Open | the link is gone | Over |
//!
//! Beyond [`limits::ATTEMPTS`] of one person, or [`limits::ATTEMPTED`] people, the oldest go.

use super::Client;
use super::link_table::Via;
use super::session_table::{Session, State};
use super::wishes::Wish;
use crate::proto::gather;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::command::{Ticket, Verb};
use crate::proto::model::notice::{AttemptRow, ReachRow, Row, Way};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::time::{Mono, Now, Wall};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// What was tried in this run, person by person; who was tried last is the last.
#[derive(Default)]
pub(super) struct Attempts {
    people: Vec<Tried>,
    /// What was asked for everybody's sake; one of a kind.
    ours: Vec<Attempt>,
}

/// Somebody whom one tried to reach.
struct Tried {
    /// Unknown while an address has not answered.
    who: Option<Fingerprint>,
    label: String,
    attempts: VecDeque<Attempt>,
}

/// One try.
struct Attempt {
    what: What,
    /// With whom, where it is not the one asked about.
    with: Option<String>,
    way: Way,
    address: Option<SocketAddr>,
    is_theirs: bool,
    at: Wall,
    begun: Mono,
    state: Outcome,
}

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A link.
    Link(Via),
    /// To agree on a session, by way of the server.
    Ask(SessionId),
    /// One of the server's addresses, where our datagrams come from.
    Probe(SocketAddr),
    /// What could not be tried.
    Nothing,
}

enum Outcome {
    Trying,
    Open { ms: u64 },
    Over { ms: u64, why: String },
}

/// Whom one tries to reach.
pub(super) struct Whom {
    who: Option<Fingerprint>,
    label: String,
}

impl Whom {
    fn of(session: &Session) -> Whom {
        let who = session.with.as_ref().map(|person| person.fingerprint);
        Whom { who, label: session.label.clone() }
    }
}

impl From<&Person> for Whom {
    fn from(person: &Person) -> Whom {
        Whom { who: Some(person.fingerprint), label: person.label() }
    }
}

impl Attempts {
    fn begin(&mut self, whom: Whom, attempt: Attempt) {
        let Whom { who, label } = whom;
        let is_same = |tried: &Tried| match who {
            Some(_) => tried.who == who,
            None => tried.who.is_none() && tried.label == label,
        };
        let mut tried = match self.people.iter().position(is_same) {
            Some(place) => self.people.remove(place),
            None => Tried { who, label: String::new(), attempts: VecDeque::new() },
        };
        tried.label = label;
        if tried.attempts.len() == limits::ATTEMPTS {
            tried.attempts.pop_front();
        }
        tried.attempts.push_back(attempt);
        if self.people.len() == limits::ATTEMPTED {
            self.people.remove(0);
        }
        self.people.push(tried);
    }

    /// Something is asked for everybody's sake, in place of the same that was asked before.
    pub fn begin_ours(&mut self, now: Now, with: &str, what: What, to: SocketAddr) {
        self.ours.retain(|attempt| attempt.what != what);
        let full = self.ours.len() >= limits::ATTEMPTS_OURS;
        self.ours.drain(..usize::from(full));
        let (with, address) = (Some(with.to_owned()), Some(to));
        self.ours.push(Attempt { with, address, ..attempt(now, what, Way::Udp) });
    }

    /// What is tried, if it is not over.
    fn live(&mut self, what: What) -> Option<&mut Attempt> {
        let theirs = self.people.iter_mut().rev().flat_map(|tried| tried.attempts.iter_mut().rev());
        self.ours
            .iter_mut()
            .chain(theirs)
            .find(|attempt| attempt.what == what && !matches!(attempt.state, Outcome::Over { .. }))
    }

    fn open(&mut self, what: What, now: Mono) {
        if let Some(attempt) = self.live(what) {
            attempt.state = Outcome::Open { ms: now.since_ms(attempt.begun) };
        }
    }

    pub fn end(&mut self, what: What, now: Mono, why: &str) {
        while let Some(attempt) = self.live(what) {
            attempt.end(now, why);
        }
    }

    /// One of the addresses that are tried over datagrams has answered. Whether it is among them.
    fn choose(&mut self, what: What, at: SocketAddr, now: Mono) -> bool {
        let mut is_known = false;
        let all = self.people.iter_mut().flat_map(|tried| &mut tried.attempts);
        for attempt in all.filter(|attempt| attempt.what == what && attempt.is_trying()) {
            match attempt.address == Some(at) {
                true => is_known = true,
                false => attempt.end(now, "not needed: another was first"),
            }
        }
        is_known
    }

    /// The two sides did not come to agree.
    pub fn end_ask(&mut self, id: SessionId, now: Mono, why: &str) {
        self.end(What::Ask(id), now, why);
    }

    /// An address has answered: who is there.
    pub fn identify(&mut self, label: &str, person: &Person) {
        let is_nameless = |tried: &&mut Tried| tried.who.is_none() && tried.label == label;
        if let Some(tried) = self.people.iter_mut().find(is_nameless) {
            (tried.who, tried.label) = (Some(person.fingerprint), person.label());
        }
    }

    /// Everything about somebody, oldest first, and if there is anything what was asked for all.
    fn of(&self, who: Option<Fingerprint>, target: &Target) -> Vec<&Attempt> {
        let label = target.to_string();
        let fits = |tried: &&Tried| tried.label == label || (who.is_some() && tried.who == who);
        let mut all: Vec<&Attempt> =
            self.people.iter().filter(fits).flat_map(|tried| &tried.attempts).collect();
        if !all.is_empty() {
            all.extend(&self.ours);
        }
        gather::sort(&mut all, |one, other| one.begun.cmp(&other.begun));
        all
    }
}

impl Attempt {
    fn is_trying(&self) -> bool {
        matches!(self.state, Outcome::Trying)
    }

    fn end(&mut self, now: Mono, why: &str) {
        self.state = match self.state {
            Outcome::Open { ms } => Outcome::Over { ms, why: ["open, then ", why].concat() },
            Outcome::Trying | Outcome::Over { .. } => {
                Outcome::Over { ms: now.since_ms(self.begun), why: why.to_owned() }
            }
        };
    }

    fn row(&self, with: &str) -> AttemptRow {
        let (ms, result) = match &self.state {
            Outcome::Trying => (None, "still trying"),
            Outcome::Open { ms } => (Some(*ms), "open"),
            Outcome::Over { ms, why } => (Some(*ms), why.as_str()),
        };
        let whose = match (self.is_theirs, self.way) {
            (false, _) => "",
            (true, Way::Server) => "they asked: ",
            (true, _) => "they reached us: ",
        };
        AttemptRow {
            with: self.with.as_deref().unwrap_or(with).to_owned(),
            path: self.way,
            address: self.address,
            at: self.at,
            ms,
            result: [whose, result].concat(),
        }
    }
}

impl Client {
    /// A link is tried for a session.
    pub(super) fn note_link(&mut self, id: SessionId, via: Via) {
        let Some(whom) = self.sessions.at(id).map(Whom::of) else { return };
        let (address, is_theirs) = match (self.links.at(via), via) {
            (Some(peer), Via::Tcp(conn)) => (peer.remote, !conn.is_own()),
            (_, Via::Tcp(_) | Via::Udp(_) | Via::Relay(_)) => (None, false),
        };
        let attempt = attempt(self.core.now, What::Link(via), via.path().into());
        self.attempts.begin(whom, Attempt { address, is_theirs, ..attempt });
    }

    /// A session's datagrams are sent to these addresses.
    pub(super) fn note_punch(&mut self, id: SessionId, addresses: &[SocketAddr]) {
        for at in addresses {
            self.note_address(id, *at, false);
        }
    }

    /// One of them has answered, or one that nobody had named.
    pub(super) fn note_punched(&mut self, id: SessionId, at: SocketAddr) {
        let what = What::Link(Via::Udp(id));
        if !self.attempts.choose(what, at, self.core.now.mono) {
            self.note_address(id, at, true);
        }
    }

    fn note_address(&mut self, id: SessionId, at: SocketAddr, is_theirs: bool) {
        let Some(whom) = self.sessions.at(id).map(Whom::of) else { return };
        let attempt = attempt(self.core.now, What::Link(Via::Udp(id)), Way::Udp);
        self.attempts.begin(whom, Attempt { address: Some(at), is_theirs, ..attempt });
    }

    /// A session is asked for through the server, by us or by them.
    pub(super) fn note_ask(&mut self, id: SessionId, is_theirs: bool) {
        if self.attempts.live(What::Ask(id)).is_some() {
            return;
        }
        let Some(whom) = self.sessions.at(id).map(Whom::of) else { return };
        let attempt = attempt(self.core.now, What::Ask(id), Way::Server);
        self.attempts.begin(whom, Attempt { is_theirs, ..attempt });
    }

    /// Both agree on a session.
    pub(super) fn note_agreed(&mut self, id: SessionId) {
        self.attempts.end(What::Ask(id), self.core.now.mono, "agreed");
    }

    /// A session has its link.
    pub(super) fn note_open(&mut self, via: Via) {
        self.attempts.open(What::Link(via), self.core.now.mono);
    }

    /// A link is gone, or never was.
    pub(super) fn note_lost(&mut self, via: Via, why: &str) {
        self.attempts.end(What::Link(via), self.core.now.mono, why);
    }

    /// A session is over, with all that is tried for it.
    pub(super) fn note_over(&mut self, id: SessionId, why: &str) {
        let now = self.core.now.mono;
        self.attempts.end(What::Ask(id), now, why);
        for via in self.links.of(id) {
            self.attempts.end(What::Link(via), now, why);
        }
    }

    /// A way to the other side of a session that cannot be tried.
    pub(super) fn note_untried(&mut self, id: SessionId, way: Way, why: &str) {
        if let Some(whom) = self.sessions.at(id).map(Whom::of) {
            self.note(whom, way, why);
        }
    }

    /// A way to somebody that cannot be tried.
    pub(super) fn note(&mut self, whom: Whom, way: Way, why: &str) {
        let state = Outcome::Over { ms: 0, why: why.to_owned() };
        let attempt = attempt(self.core.now, What::Nothing, way);
        self.attempts.begin(whom, Attempt { state, ..attempt });
    }

    /// Somebody who was to be asked for a session is not.
    pub(super) fn note_unasked(&mut self, target: &Target, why: &Refusal) {
        let whom = match self.people.find(target) {
            Some(person) => Whom::from(person),
            None => Whom { who: None, label: target.to_string() },
        };
        self.note(whom, self.asking_way(), &why.reason());
    }

    /// How others are asked for a session.
    pub(super) fn asking_way(&self) -> Way {
        if self.lan.is_open() { Way::Direct } else { Way::Server }
    }

    /// The same, where something else may have been wished.
    pub(super) fn note_unwished(&mut self, target: &Target, wishes: &[Wish], why: &Refusal) {
        if wishes.iter().any(|wish| matches!(wish, Wish::Chat(_))) {
            self.note_unasked(target, why);
        }
    }

    /// The same, where a verb may have been about something else.
    pub(super) fn note_unmet(&mut self, verb: &Verb, why: &Refusal) {
        if let Verb::Chat(target) = verb {
            self.note_unasked(target, why);
        }
    }

    /// `why`: each try, oldest first, and what there is now.
    pub(super) fn why(&mut self, ticket: Ticket, target: &Target) {
        let known = self.people.find(target).map(|person| person.fingerprint);
        let who = known.or_else(|| self.sessions.who(target));
        let session = who.and_then(|who| self.sessions.with(who));
        let session = session.and_then(|id| self.sessions.at(id));
        let label = match (session, who) {
            (Some(session), _) => session.label.clone(),
            (None, Some(who)) => self.people.label(who),
            (None, None) => target.to_string(),
        };
        let attempts = self.attempts.of(who, target);
        if attempts.is_empty() && session.is_none() {
            return self.core.done(ticket, Err(Refusal::NothingTried(label)));
        }
        let mut rows: Vec<AttemptRow> = attempts.into_iter().map(|each| each.row(&label)).collect();
        rows.extend(self.port_mapping_rows(&label));
        gather::sort(&mut rows, |one, other| one.at.cmp(&other.at));
        let reach = self.reach(who, session, label);
        for row in rows {
            self.core.row(ticket, Row::Attempt(row));
        }
        self.core.row(ticket, Row::Reach(reach));
        self.core.done(ticket, Ok(()));
    }

    /// The path in use, or what is waited for.
    fn reach(&self, who: Option<Fingerprint>, session: Option<&Session>, with: String) -> ReachRow {
        let flow = session.and_then(|session| session.state.flow());
        let remote = flow.and_then(|flow| self.links.at(flow.via())).and_then(|link| link.remote);
        let note = match session.map(|session| &session.state) {
            Some(State::Open(_)) => None,
            Some(State::Asked | State::Knocking) => Some("waits for their answer".to_owned()),
            Some(State::Offered(_) | State::Knocked(_)) => Some("waits for your answer".to_owned()),
            Some(State::Linking(_)) => Some("looking for a path".to_owned()),
            Some(State::Closing(_)) => Some("waits for their goodbye".to_owned()),
            None if !self.uplink.is_in() && !self.lan.is_open() => {
                Some("no session, not signed in".to_owned())
            }
            None => Some(match who.and_then(|who| self.people.seen(who)) {
                Some(seen) if seen.online => "no session, they are online".to_owned(),
                Some(_) => "no session, they are away".to_owned(),
                None => "no session".to_owned(),
            }),
        };
        ReachRow {
            with,
            state: session.map(|session| session.state.word()),
            path: flow.map(super::flow::Flow::path),
            remote,
            rtt_ms: flow.and_then(|flow| self.associations.round_trip_ms(flow)),
            note,
        }
    }
}

fn attempt(now: Now, what: What, way: Way) -> Attempt {
    let (address, is_theirs, state) = (None, false, Outcome::Trying);
    Attempt { what, with: None, way, address, is_theirs, at: now.wall, begun: now.mono, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::id::ConnId;

    fn whom(name: &str) -> Whom {
        Whom { who: None, label: name.to_owned() }
    }

    fn at(ms: u64) -> Now {
        Now { mono: Mono(ms), wall: Wall(ms as i64) }
    }

    fn link(n: u64) -> What {
        What::Link(Via::Tcp(ConnId::own(n)))
    }

    fn said(attempts: &Attempts, name: &str) -> Vec<(Option<u64>, String)> {
        let target = Target::parse(name).expect("a name");
        let rows = attempts.of(None, &target).into_iter().map(|attempt| attempt.row(name));
        rows.map(|row| (row.ms, row.result)).collect()
    }

    #[test]
    fn each_try_says_what_came_of_it_and_how_long_it_took() {
        let mut attempts = Attempts::default();
        for n in 1..=3 {
            attempts.begin(whom("bob"), attempt(at(n), link(n), Way::Direct));
        }
        attempts.end(link(1), Mono(5), "connection refused");
        attempts.open(link(2), Mono(12));
        let words = |ms, result: &str| (ms, result.to_owned());
        let three = [
            words(Some(4), "connection refused"),
            words(Some(10), "open"),
            words(None, "still trying"),
        ];
        assert_eq!(said(&attempts, "bob"), three);
        attempts.end(link(2), Mono(99), "connection reset");
        attempts.end(link(2), Mono(100), "closed");
        assert_eq!(said(&attempts, "bob")[1], words(Some(10), "open, then connection reset"));
    }

    #[test]
    fn the_oldest_try_of_one_and_whoever_was_tried_longest_ago_go_first() {
        let mut attempts = Attempts::default();
        for n in 0..=limits::ATTEMPTS as u64 {
            attempts.begin(whom("bob"), attempt(at(n), link(n), Way::Direct));
        }
        attempts.end(link(limits::ATTEMPTS as u64), Mono(200), "refused");
        let bobs = said(&attempts, "bob");
        assert_eq!(bobs.len(), limits::ATTEMPTS);
        assert_eq!(bobs.last().map(|(_, result)| result.as_str()), Some("refused"));
        for n in 0..limits::ATTEMPTED {
            attempts.begin(whom(&format!("n{n}")), attempt(at(300), link(0), Way::Direct));
        }
        assert_eq!(said(&attempts, "bob"), []);
        assert_eq!(said(&attempts, "n0").len(), 1);
    }
}
