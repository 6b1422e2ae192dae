//! Messages and acknowledgements in an open session.
//!
//! Each side counts the other's messages on the link as they reach its disk and says the count;
//! so an acknowledgement is one number, whatever the burst. What is not acknowledged when the
//! link goes is sent again on the next; the receiver's store passes over what it has.

use super::Client;
use super::doubt::Doubt;
use super::kept::Kept;
use super::link_table::Via;
use super::session_table::State;
use crate::proto::id::{MsgId, SessionId};
use crate::proto::limits;
use crate::proto::model::event::{Path, Stage};
use crate::proto::model::letter::{Body, Letter, Written};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{Query, Record};
use crate::proto::time::Mono;
use crate::proto::wire::peer::{Ack, Got, Heard, Text, ToPeer};
use std::collections::VecDeque;

/// What is on its way in an open session.
pub(super) struct Flow {
    via: Via,
    /// Handed to the link and not acknowledged, with the bytes of each.
    flight: VecDeque<(MsgId, usize)>,
    flight_bytes: usize,
    /// The last message handed to the link.
    handed: MsgId,
    /// Whether messages after `handed` wait on disk.
    is_behind: bool,
    /// A page of them has been asked for.
    is_reading: bool,
    /// Something was written since it was asked for: the page may lack it.
    is_stale: bool,
    /// How many of ours the other side has said are on its disk.
    acknowledged: u64,
    /// How many of theirs are on our disk, and how many we have said so of.
    received: u64,
    said: u64,
    /// The message whose acknowledgement is timed, by its count, and when it was handed over.
    timed: Option<(u64, Mono)>,
    round_trip_ms: Option<u64>,
    /// What is said about commands.
    pub kept: Kept,
    /// Whether the link is trusted.
    pub doubt: Doubt,
}

impl Flow {
    pub fn new(via: Via) -> Flow {
        Flow {
            via,
            flight: VecDeque::new(),
            flight_bytes: 0,
            handed: MsgId::FIRST,
            is_behind: false,
            is_reading: false,
            is_stale: false,
            acknowledged: 0,
            received: 0,
            said: 0,
            timed: None,
            round_trip_ms: None,
            kept: Kept::default(),
            doubt: Doubt::Sure,
        }
    }

    /// The same session on another link: letters begin anew there, from the disk.
    pub fn on_link(self, via: Via) -> Flow {
        Flow { kept: self.kept, round_trip_ms: None, ..Flow::new(via) }
    }

    pub fn via(&self) -> Via {
        self.via
    }

    pub fn path(&self) -> Path {
        self.via.path()
    }

    pub fn handed(&self) -> MsgId {
        self.handed
    }

    /// Nothing is in flight and nothing waits on disk.
    pub fn is_idle(&self) -> bool {
        self.flight.is_empty() && !self.is_behind
    }

    /// Whether something was said that will be answered.
    pub fn awaits(&self) -> bool {
        !self.flight.is_empty() || self.kept.awaits()
    }

    fn has_room(&self) -> bool {
        self.flight.len() < limits::FLIGHT_MESSAGES && self.flight_bytes < limits::FLIGHT_BYTES
    }

    /// From a message to its acknowledgement, the last time that it was measured.
    pub fn round_trip_ms(&self) -> Option<u64> {
        self.round_trip_ms
    }

    fn hand(&mut self, now: Mono, id: MsgId, bytes: usize) {
        self.flight.push_back((id, bytes));
        self.flight_bytes += bytes;
        self.handed = id;
        let count = self.acknowledged + self.flight.len() as u64;
        self.timed = self.timed.or(Some((count, now)));
    }

    /// The ids of the first `count` in flight, from first to last, which are in flight no more.
    fn land(&mut self, now: Mono, count: u64) -> Option<Vec<MsgId>> {
        let count = usize::try_from(count).ok().filter(|count| *count <= self.flight.len())?;
        let landed: Vec<(MsgId, usize)> = self.flight.drain(..count).collect();
        self.flight_bytes -= landed.iter().map(|(_, bytes)| bytes).sum::<usize>();
        self.acknowledged += count as u64;
        if let Some((_, at)) = self.timed.take_if(|(timed, _)| *timed <= self.acknowledged) {
            self.round_trip_ms = Some(now.since_ms(at));
        }
        Some(landed.into_iter().map(|(id, _)| id).collect())
    }
}

impl Client {
    /// A letter just written: onto the link, unless older ones must go first; without a session by
    /// the next best way.
    pub(super) fn pump_one(&mut self, to: Fingerprint, letter: Letter) {
        let Some(flow) = self.flow_to(to) else { return self.send_on(to) };
        if flow.is_behind || !flow.has_room() {
            flow.is_behind = true;
            flow.is_stale = flow.is_reading;
            return;
        }
        self.hand(to, letter);
    }

    /// A session has opened: everything for this person that is not delivered goes out, oldest
    /// first.
    pub(super) fn pump(&mut self, to: Fingerprint) {
        let waits = self.outbox.waits_for(to);
        let Some(flow) = self.flow_to(to) else { return };
        flow.is_behind = waits;
        self.read_on(to);
    }

    pub(super) fn on_outbox_page(&mut self, to: Fingerprint, mut rows: Vec<Letter>, more: bool) {
        rows.retain(|row| !self.postage.has_landed(row.id));
        let Some(flow) = self.flow_to(to) else { return };
        flow.is_reading = false;
        flow.is_behind = more || std::mem::take(&mut flow.is_stale);
        if flow.is_idle() && rows.is_empty() {
            self.nothing_waits_for(to);
        }
        for row in rows {
            self.hand(to, row);
        }
        self.read_on(to);
    }

    pub(super) fn on_peer_message(&mut self, via: Via, message: ToPeer) {
        let session = self.links.at(via).and_then(|peer| peer.session);
        match (message, session) {
            (ToPeer::Quiet(_), None) => self.on_quiet(via),
            (ToPeer::Greet(greet), _) => self.on_greet(via, greet),
            (ToPeer::Settle(_), Some(id)) => self.on_settle(id, via),
            (ToPeer::Text(text), Some(id)) => self.on_text(id, via, text),
            (ToPeer::Ack(ack), Some(id)) => self.on_ack(id, via, ack),
            (ToPeer::Bye(_), Some(id)) => self.on_bye(id),
            (ToPeer::Written(written), Some(id)) => self.on_written(id, via, &written),
            (ToPeer::Got(got), Some(id)) => self.on_live_got(id, via, got),
            (ToPeer::Move(moved), Some(id)) => self.on_move(id, via, &moved),
            (ToPeer::Places(places), Some(id)) => self.on_places(id, via, places),
            (ToPeer::Heard(heard), Some(id)) => self.on_heard_of(id, via, heard.count),
            (message, Some(id)) => self.on_peer_work(id, via, message),
            (_, None) => {}
        }
    }

    /// What is for the person at the other end of an open session, and no letter.
    fn on_peer_work(&mut self, id: SessionId, via: Via, message: ToPeer) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(from) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        let Some(flow) = session.state.flow_mut().filter(|flow| flow.via == via) else { return };
        if message.is_about_a_command() {
            flow.kept.hear();
        }
        match message {
            ToPeer::Want(want) => self.on_want(from, want),
            ToPeer::Chunk(chunk) => self.on_chunk(from, chunk),
            ToPeer::Have(have) => self.on_have(from, have),
            // Nobody has agreed to talk.
            ToPeer::RunAsk(ask) if self.is_letters_link(id) => self.deny_unseen(from, ask),
            ToPeer::RunAsk(ask) => self.on_run_ask(from, ask),
            ToPeer::RunAnswer(answer) => self.on_run_answer(from, answer),
            ToPeer::RunOutput(output) => self.on_run_output(from, output),
            ToPeer::RunEnd(end) => self.on_run_end(from, end),
            ToPeer::RunCancel(cancel) => self.on_run_cancel(from, cancel),
            ToPeer::Quiet(_)
            | ToPeer::Greet(_)
            | ToPeer::Settle(_)
            | ToPeer::Text(_)
            | ToPeer::Ack(_)
            | ToPeer::Bye(_)
            | ToPeer::Written(_)
            | ToPeer::Got(_)
            | ToPeer::Heard(_)
            | ToPeer::Places(_)
            | ToPeer::Move(_) => {}
        }
    }

    /// Says how many messages have come, on each link that has brought some. The store has them by
    /// the time that this leaves.
    pub(super) fn acknowledge(&mut self) {
        for (_, session) in self.sessions.iter_mut() {
            let Some(flow) = session.state.flow_mut() else { continue };
            if let Some(count) = flow.kept.news()
                && let Some(link) = self.links.link(flow.via)
            {
                link.send(&ToPeer::from(Heard { count }));
            }
            if flow.said == flow.received {
                continue;
            }
            flow.said = flow.received;
            let ack = ToPeer::from(Ack { count: flow.received });
            if let Some(link) = self.links.link(flow.via) {
                link.send(&ack);
            }
        }
    }

    fn on_text(&mut self, id: SessionId, via: Via, text: Text) {
        if text.text.len() > limits::TEXT_MAX_BYTES {
            return self.drop_link(via, "the other side sent a text over the limit");
        }
        let Text { id: letter, sent, text } = text;
        self.on_live_letter(id, via, Letter { id: letter, sent, body: Body::Text(text) });
    }

    fn on_written(&mut self, id: SessionId, via: Via, written: &Written) {
        match Letter::read(written) {
            Some(letter) => self.on_live_letter(id, via, letter),
            None => self.drop_link(via, "the other side sent a letter that cannot be read"),
        }
    }

    fn on_live_letter(&mut self, id: SessionId, via: Via, letter: Letter) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(from) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        let Some(flow) = session.state.flow_mut().filter(|flow| flow.via == via) else { return };
        flow.received += 1;
        self.on_letter(from, letter);
    }

    fn on_live_got(&mut self, id: SessionId, via: Via, got: Got) {
        let session = self.sessions.at(id);
        let open = session.filter(|session| session.state.flow().is_some_and(|f| f.via == via));
        if let Some(from) = open.and_then(|session| session.with.as_ref()) {
            self.on_got(from.fingerprint, got.ids);
        }
    }

    /// So many of our words about commands have come.
    fn on_heard_of(&mut self, id: SessionId, via: Via, count: u64) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(from) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        let Some(flow) = session.state.flow_mut().filter(|flow| flow.via == via) else { return };
        if !flow.kept.on_heard(count) {
            return self.drop_link(via, "the other side heard what was not said");
        }
        self.on_answer(from);
    }

    fn on_ack(&mut self, id: SessionId, via: Via, ack: Ack) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(to) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        let Some(flow) = session.state.flow_mut().filter(|flow| flow.via == via) else { return };
        let fresh = ack.count.saturating_sub(flow.acknowledged);
        let Some(landed) = flow.land(self.core.now.mono, fresh) else {
            return self.drop_link(via, "the other side acknowledged what was not sent");
        };
        let is_all = flow.is_idle();
        let (Some(first), Some(last)) = (landed.first().copied(), landed.last().copied()) else {
            return;
        };
        self.core.keep(Record::Receipts { to, first, last, stage: Stage::Delivered });
        if is_all {
            self.nothing_waits_for(to);
        }
        for id in landed {
            self.reached_by(to, id, Stage::Delivered);
        }
        self.on_answer(to);
        self.read_on(to);
    }

    /// Reads the next page for somebody, if there is one and room for it.
    fn read_on(&mut self, to: Fingerprint) {
        let Some(flow) = self.flow_to(to) else { return };
        if flow.is_behind && !flow.is_reading && flow.has_room() {
            flow.is_reading = true;
            let after = flow.handed;
            let most_rows = limits::OUTBOX_PAGE_ROWS;
            let most_bytes = limits::FLIGHT_BYTES - flow.flight_bytes;
            self.core.query(Query::Outbox { to, after, most_rows, most_bytes, queued_only: false });
        }
    }

    fn hand(&mut self, to: Fingerprint, letter: Letter) {
        self.await_answer(to);
        let (id, now) = (letter.id, self.core.now.mono);
        let Some(flow) = self.flow_to(to) else { return };
        let via = flow.via;
        match letter.body {
            Body::Text(text) => {
                flow.hand(now, id, text.len());
                self.tell(via, Text { id, sent: letter.sent, text });
                self.say_sent(id, to);
            }
            body => {
                let is_talk = matches!(body, Body::Talk(_));
                let written = Letter { body, ..letter }.write();
                flow.hand(now, id, written.body.0.len());
                self.tell(via, written);
                match is_talk {
                    true => self.say_sent(id, to),
                    false => self.reached(id, Stage::Sent),
                }
            }
        }
    }

    /// What is on its way to somebody with whom a session is open.
    fn flow_to(&mut self, to: Fingerprint) -> Option<&mut Flow> {
        let id = self.sessions.with(to)?;
        match &mut self.sessions.at_mut(id)?.state {
            State::Open(flow) => Some(flow),
            State::Asked
            | State::Offered(_)
            | State::Knocking
            | State::Knocked(_)
            | State::Linking(_)
            | State::Closing(_) => None,
        }
    }
}
