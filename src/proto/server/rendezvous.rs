//! Rendezvous: an ask, an offer, an answer, and the end, between two sides.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | `Ask`, the other side reachable | Offered; `Offer` to the other side |
//! | – | `Ask`, else | –; `Ended` to the asker |
//! | Offered | `Answer` from the other side | Answered; `Answered` to the asker |
//! | Answered | `Carry` from either side | Answered; `Carried` to the other |
//! | Offered, Answered | `Hangup` from either side | –; `Ended` to the other |
//! | Offered, Answered | a side's link is gone | –; `Ended(Gone)` to the other |
//! | any | anything else, or from anybody else | the same; passed over |

use super::{Server, Then, may_reach};
use crate::proto::bytes::Bytes;
use crate::proto::id::{ConnId, SessionId};
use crate::proto::limits::{CANDIDATES, RENDEZVOUS, RENDEZVOUS_PAIR};
use crate::proto::model::account::Account;
use crate::proto::model::record::AccountKey;
use crate::proto::wire::client::{Answer, Ask, Hangup};
use crate::proto::wire::server::{Answered, Ended, Offer, WhyEnded};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// The sessions between two sides that were asked for and have not ended.
#[derive(Default)]
pub(super) struct Meetings {
    by_id: BTreeMap<SessionId, Meeting>,
    by_side: BTreeSet<(ConnId, SessionId)>,
}

/// One of them.
struct Meeting {
    asker: ConnId,
    asked: ConnId,
    state: State,
}

enum State {
    /// The asked side has not answered. The candidates go out with the offer.
    Offered { candidates: Vec<SocketAddr> },
    /// Bytes may be carried.
    Answered,
}

impl Meeting {
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
            State::Offered { .. } => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
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
    pub(super) fn on_ask(&mut self, id: ConnId, ask: Ask) {
        let Some(asker) = self.roster.member(id) else { return };
        let key = asker.key;
        let session = ask.session;
        let asked = self.roster.by_key(ask.to).filter(|asked| {
            self.roster.member(*asked).is_some_and(|m| may_reach(key, m.key, m.visibility))
        });
        // Also whoever is here and hidden is read, so that not even the order of answers tells.
        let Some(asked) = asked else {
            return self.out.query(AccountKey::Key(ask.to), Then::Absent(id, session));
        };
        if asked == id {
            return self.end(id, session, WhyEnded::Unknown);
        }
        if self.meetings.by_id.contains_key(&session) || self.meetings.is_full(id, asked) {
            return self.end(id, session, WhyEnded::Busy);
        }
        // Noted before the card is read, so that a hangup right behind the ask finds it.
        let state = State::Offered { candidates: self.candidates(id, ask.candidates) };
        self.meetings.insert(session, Meeting { asker: id, asked, state });
        self.out.query(AccountKey::Key(key), Then::Offer(session));
    }

    pub(super) fn on_asker_read(&mut self, session: SessionId, account: Option<Account>) {
        let Some(meeting) = self.meetings.by_id.get_mut(&session) else { return };
        let State::Offered { candidates } = &mut meeting.state else { return };
        let (asked, candidates) = (meeting.asked, std::mem::take(candidates));
        let Some(account) = account else { return };
        let from = self.card(account);
        self.roster.send(asked, Offer { session, from, candidates });
    }

    pub(super) fn on_absent_read(
        &mut self,
        id: ConnId,
        session: SessionId,
        account: Option<Account>,
    ) {
        let Some(asker) = self.roster.member(id).map(|asker| asker.key) else { return };
        let visible = account.filter(|a| may_reach(asker, a.fingerprint, a.visibility));
        let why = if visible.is_some() { WhyEnded::Away } else { WhyEnded::Unknown };
        self.end(id, session, why);
    }

    pub(super) fn on_answer(&mut self, id: ConnId, answer: Answer) {
        let session = answer.session;
        let candidates = self.candidates(id, answer.candidates);
        let Some(meeting) = self.meetings.by_id.get_mut(&session) else { return };
        let is_offered = matches!(meeting.state, State::Offered { .. });
        if meeting.asked == id && is_offered {
            meeting.state = State::Answered;
            let asker = meeting.asker;
            self.roster.send(asker, Answered { session, candidates });
        }
    }

    pub(super) fn on_hangup(&mut self, id: ConnId, hangup: Hangup) {
        let Some(meeting) = self.meetings.by_id.get(&hangup.session) else { return };
        let Some(other) = meeting.other(id) else { return };
        let is_no = hangup.declined && meeting.asked == id;
        let why = if is_no { WhyEnded::Declined } else { WhyEnded::HungUp };
        self.meetings.remove(hangup.session);
        self.end(other, hangup.session, why);
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

    fn end(&mut self, id: ConnId, session: SessionId, why: WhyEnded) {
        self.roster.send(id, Ended { session, why });
    }

    /// Where a client can be dialled: what it says, and its outer address as we see it.
    fn candidates(&self, id: ConnId, said: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let outer = self.roster.conn(id).zip(self.roster.member(id));
        let outer = outer.map(|(conn, member)| SocketAddr::new(conn.from.ip(), member.port));
        let mut all: Vec<SocketAddr> = Vec::new();
        let is_dialable = |at: &SocketAddr| at.port() != 0 && !at.ip().is_unspecified();
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
