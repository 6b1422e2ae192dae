//! Rendezvous: an ask, an offer, an answer, and the end, between two sides.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | `Ask` | Asking; reads whether the other side may be reached |
//! | Asking | read: signed in, reachable | Offered; `Offer` to the other side |
//! | Asking | read: else | –; `Ended` to the asker |
//! | –, Answered | `Again` | Asking, and once read Offered; `Sought` to the other side |
//! | Offered, by `Again` | `Again` from the other side | Answered; `Answered` to the asker |
//! | Asking | `Hangup` from the asker | – |
//! | Offered | `Answer` from the other side | Answered; `Answered` to the asker, `Begin` to both |
//! | Asking | `Hint` from the asker | Asking; `Hinted` behind what goes to the other side |
//! | Offered | `Hint` from the asker | Offered; `Hinted` to the other |
//! | Answered | `Hint` from either side | Answered; `Hinted` to the other |
//! | Answered | `Carry` from either side | Answered; `Carried` to the other |
//! | Answered | `Release` from either side | – |
//! | Offered, Answered | `Hangup` from either side | –; `Ended` to the other |
//! | Offered, Answered | a side's link is gone | –; `Ended(Gone)` to the other |
//! | Offered, Answered | one side blocks the other | –; `Ended(Gone)` to both |
//! | any | anything else, or from anybody else | the same; passed over |

use super::reach::{Sight, hash};
use super::{Server, Then};
use crate::proto::bytes::Bytes;
use crate::proto::id::{ConnId, SessionId};
use crate::proto::limits::{CANDIDATES, RENDEZVOUS, RENDEZVOUS_PAIR};
use crate::proto::model::account::Account;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::AccountKey;
use crate::proto::table::Table;
use crate::proto::wire::client::{Again, Answer, Ask, Hangup, Hint, Release};
use crate::proto::wire::server::{Answered, Begin, Ended, Hinted, Offer, Sought, WhyEnded};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// The sessions between two sides that were asked for and have not ended.
#[derive(Default)]
pub(super) struct Meetings {
    by_id: Table<SessionId, Meeting>,
    by_side: BTreeSet<(ConnId, SessionId)>,
    /// Asked for in this wake, and not yet read whether they may be.
    asking: BTreeMap<(SessionId, ConnId), Wanted>,
}

/// What is asked for.
struct Wanted {
    ask: Ask,
    /// The session was open before.
    is_again: bool,
    /// Where datagrams reach the asker.
    hint: Vec<SocketAddr>,
}

/// One of them.
struct Meeting {
    asker: ConnId,
    asked: ConnId,
    state: State,
}

enum State {
    /// The asked side has not answered. The candidates go out with the offer, the hint behind it.
    Offered { candidates: Vec<SocketAddr>, is_quiet: bool, hint: Vec<SocketAddr> },
    /// The asked side has not answered where it is now.
    Sought,
    /// Bytes may be carried.
    Answered,
}

impl Meeting {
    fn is_sought(&self) -> bool {
        matches!(self.state, State::Sought)
    }

    fn other(&self, side: ConnId) -> Option<ConnId> {
        match side {
            _ if side == self.asker => Some(self.asked),
            _ if side == self.asked => Some(self.asker),
            _ => None,
        }
    }
}

impl Meetings {
    /// Whom bytes of `side` are carried to.
    pub(super) fn carried_to(&self, session: SessionId, side: ConnId) -> Option<ConnId> {
        let meeting = self.by_id.get(&session)?;
        match meeting.state {
            State::Answered => meeting.other(side),
            State::Offered { .. } | State::Sought => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len() + self.asking.len()
    }

    fn insert(&mut self, session: SessionId, meeting: Meeting) {
        self.by_side.insert((meeting.asker, session));
        self.by_side.insert((meeting.asked, session));
        self.by_id.insert(session, meeting);
    }

    fn remove(&mut self, session: SessionId) -> Option<Meeting> {
        let meeting = self.by_id.remove(&session)?;
        self.by_side.remove(&(meeting.asker, session));
        self.by_side.remove(&(meeting.asked, session));
        Some(meeting)
    }

    /// At most [`RENDEZVOUS`].
    fn of(&self, side: ConnId) -> impl Iterator<Item = SessionId> {
        let first = SessionId(Bytes([0; 16]));
        let last = SessionId(Bytes([255; 16]));
        self.by_side.range((side, first)..=(side, last)).map(|(_, session)| *session)
    }

    /// Whether one more between the two is one too many: of either side's own, or of those that
    /// one asker may take of another's places.
    fn is_full(&self, asker: ConnId, asked: ConnId) -> bool {
        let is_between = |session: &SessionId| {
            self.by_id.get(session).is_some_and(|meeting| meeting.other(asker) == Some(asked))
        };
        self.of(asker).count() >= RENDEZVOUS
            || self.of(asked).count() >= RENDEZVOUS
            || self.of(asker).filter(is_between).count() >= RENDEZVOUS_PAIR
    }
}

impl Server {
    /// Whoever is not to be seen is read like anybody else, so that not even the order of answers
    /// tells.
    pub(super) fn on_ask(&mut self, id: ConnId, ask: Ask) {
        self.want(id, Wanted { ask, is_again: false, hint: Vec::new() });
    }

    /// Asks in the same way, of the one with whom the session was.
    pub(super) fn on_again(&mut self, id: ConnId, again: Again) {
        let Again { session, to, candidates, token } = again;
        let ask = Ask { session, to, candidates, token, is_quiet: true };
        self.want(id, Wanted { ask, is_again: true, hint: Vec::new() });
    }

    fn want(&mut self, id: ConnId, wanted: Wanted) {
        let Some(asker) = self.roster.member(id).map(|asker| asker.key) else { return };
        let Ask { session, token, to, .. } = wanted.ask;
        let (token, by) = (hash(token), AccountKey::Key(to));
        // Noted before the read, so that a hangup right behind the ask finds it.
        if self.meetings.asking.insert((session, id), wanted).is_some() {
            return self.end(id, session, WhyEnded::Busy);
        }
        self.out.query_for(asker, token, by, Then::Asked(id, session));
    }

    pub(super) fn on_asked_read(&mut self, id: ConnId, session: SessionId, sight: Sight) {
        let Some(wanted) = self.meetings.asking.remove(&(session, id)) else { return };
        let Wanted { ask, is_again, hint } = wanted;
        let Some(asker) = self.roster.member(id).map(|asker| asker.key) else { return };
        let account = sight.seen_by(asker).filter(|account| account.fingerprint != asker);
        let Some(account) = account else { return self.end(id, session, WhyEnded::Unknown) };
        let Some(asked) = self.roster.by_key(account.fingerprint) else {
            return self.end(id, session, WhyEnded::Away);
        };
        if is_again && let Some(meeting) = self.meetings.by_id.get(&session) {
            if meeting.other(id) == Some(asked) && meeting.asked == id && meeting.is_sought() {
                self.on_answer(id, Answer { session, candidates: ask.candidates });
                return self.hint(asked, session, hint);
            }
            if meeting.other(id) == Some(asked) {
                self.meetings.remove(session);
            }
        }
        if self.meetings.by_id.contains_key(&session) || self.meetings.is_full(id, asked) {
            return self.end(id, session, WhyEnded::Busy);
        }
        let candidates = self.candidates(id, ask.candidates);
        if is_again {
            self.meetings.insert(session, Meeting { asker: id, asked, state: State::Sought });
            self.roster.send(asked, Sought { session, from: asker, candidates });
            return self.hint(asked, session, hint);
        }
        let state = State::Offered { candidates, is_quiet: ask.is_quiet, hint };
        self.meetings.insert(session, Meeting { asker: id, asked, state });
        self.out.query_next(AccountKey::Key(asker), Then::Offer(session));
    }

    pub(super) fn on_asker_read(&mut self, session: SessionId, account: Option<Account>) {
        let Some(meeting) = self.meetings.by_id.get_mut(&session) else { return };
        let State::Offered { candidates, is_quiet, hint } = &mut meeting.state else { return };
        let (candidates, hint) = (std::mem::take(candidates), std::mem::take(hint));
        let (asked, is_quiet) = (meeting.asked, *is_quiet);
        let Some(account) = account else { return };
        let from = self.card(account);
        self.roster.send(asked, Offer { session, from, candidates, is_quiet });
        self.hint(asked, session, hint);
    }

    /// The asked side's comes before its answer only by mistake: it has not said yes.
    pub(super) fn on_hint(&mut self, id: ConnId, hint: Hint) {
        let Hint { session, mut udp } = hint;
        udp.retain(is_dialable);
        udp.truncate(CANDIDATES);
        if let Some(wanted) = self.meetings.asking.get_mut(&(session, id)) {
            wanted.hint = udp;
            return;
        }
        let Some(meeting) = self.meetings.by_id.get(&session) else { return };
        let may = meeting.asker == id || matches!(meeting.state, State::Answered);
        if let Some(other) = meeting.other(id).filter(|_| may) {
            self.hint(other, session, udp);
        }
    }

    fn hint(&mut self, to: ConnId, session: SessionId, udp: Vec<SocketAddr>) {
        if !udp.is_empty() {
            self.roster.send(to, Hinted { session, udp });
        }
    }

    pub(super) fn on_answer(&mut self, id: ConnId, answer: Answer) {
        let session = answer.session;
        let candidates = self.candidates(id, answer.candidates);
        let Some(meeting) = self.meetings.by_id.get_mut(&session) else { return };
        let is_offered = matches!(meeting.state, State::Offered { .. } | State::Sought);
        if meeting.asked == id && is_offered {
            meeting.state = State::Answered;
            let asker = meeting.asker;
            self.roster.send(asker, Answered { session, candidates });
            for side in [asker, id] {
                self.roster.send(side, Begin { session });
            }
        }
    }

    pub(super) fn on_hangup(&mut self, id: ConnId, hangup: Hangup) {
        if self.meetings.asking.remove(&(hangup.session, id)).is_some() {
            return;
        }
        let Some(meeting) = self.meetings.by_id.get(&hangup.session) else { return };
        let Some(other) = meeting.other(id) else { return };
        let is_no = hangup.declined && meeting.asked == id;
        let why = if is_no { WhyEnded::Declined } else { WhyEnded::HungUp };
        self.meetings.remove(hangup.session);
        self.end(other, hangup.session, why);
    }

    /// A direct link carries the session. One that has been sought again since is not meant.
    pub(super) fn on_release(&mut self, id: ConnId, release: &Release) {
        let meeting = self.meetings.by_id.get(&release.session);
        let is_meant = |meeting: &Meeting| {
            meeting.other(id).is_some() && matches!(meeting.state, State::Answered)
        };
        if meeting.is_some_and(is_meant) {
            self.meetings.remove(release.session);
        }
    }

    /// Ends everything that a side whose link is gone had to do with.
    pub(super) fn end_meetings(&mut self, id: ConnId) {
        for session in self.meetings.of(id).collect::<Vec<_>>() {
            let other = self.meetings.remove(session).and_then(|meeting| meeting.other(id));
            if let Some(other) = other
                && !self.is_leaving
            {
                self.end(other, session, WhyEnded::Gone);
            }
        }
    }

    /// Ends everything between a side and people whom it shuts out.
    pub(super) fn end_meetings_with(&mut self, id: ConnId, shut_out: &BTreeSet<Fingerprint>) {
        for session in self.meetings.of(id).collect::<Vec<_>>() {
            let other = self.meetings.by_id.get(&session).and_then(|meeting| meeting.other(id));
            let Some(other) = other else { continue };
            if self.roster.member(other).is_some_and(|member| shut_out.contains(&member.key)) {
                self.meetings.remove(session);
                self.end(id, session, WhyEnded::Gone);
                self.end(other, session, WhyEnded::Gone);
            }
        }
    }

    fn end(&mut self, id: ConnId, session: SessionId, why: WhyEnded) {
        self.roster.send(id, Ended { session, why });
    }

    /// Where a client can be dialled: what it says, and its outer address as we see it.
    fn candidates(&self, id: ConnId, said: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let outer = self.roster.conn(id).zip(self.roster.member(id));
        let outer = outer.map(|(conn, member)| SocketAddr::new(conn.from.ip(), member.port));
        let mut all: Vec<SocketAddr> = Vec::new();
        for at in said.into_iter().filter(is_dialable) {
            if all.len() < CANDIDATES && !all.contains(&at) {
                all.push(at);
            }
        }
        if let Some(outer) = outer.filter(is_dialable)
            && !all.contains(&outer)
        {
            all.truncate(CANDIDATES - 1);
            all.push(outer);
        }
        all
    }
}

fn is_dialable(at: &SocketAddr) -> bool {
    at.port() != 0 && !at.ip().is_unspecified()
}
