//! `msg`: what is written is kept first, then handed to whatever way is open. An open session is
//! one way out; others are added beside [`Client::pump`]. Verbs that wait for a stage end here.

use super::Client;
use crate::proto::gather;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::notice::Row;
use crate::proto::model::person::{Fingerprint, Person};
use crate::proto::model::record::{Query, Record, Rows};
use crate::proto::model::refusal::Refusal;
use crate::proto::table::Table;
use std::collections::{BTreeSet, VecDeque};

/// For whom something waits, and who waits for it.
pub(super) struct Outbox {
    last_id: MsgId,
    waiting: BTreeSet<Fingerprint>,
    /// Who was written to in this wake: what the store was asked before may not know of it.
    fresh: BTreeSet<Fingerprint>,
    /// Messages whose verb has not ended, with the stage that it waits for.
    wanted: Table<MsgId, (Ticket, Stage)>,
    /// The same of talk, for each whom it is for.
    said: Table<(MsgId, Fingerprint), (Ticket, Stage, GroupId)>,
    parts: Table<Ticket, Parts>,
    /// Who waits to hear that a message is given up, in the order that they asked.
    dropping: VecDeque<Ticket>,
}

/// A verb that ends when all its parts have.
struct Parts {
    left: usize,
    worst: Option<Refusal>,
    ids: Vec<MsgId>,
    to: Vec<(Fingerprint, MsgId)>,
}

impl Outbox {
    pub fn restore(waiting: Vec<Fingerprint>, last_id: Option<MsgId>) -> Outbox {
        Outbox {
            last_id: last_id.unwrap_or(MsgId::FIRST),
            waiting: gather::set(waiting),
            fresh: BTreeSet::new(),
            wanted: Table::new(),
            said: Table::new(),
            parts: Table::new(),
            dropping: VecDeque::new(),
        }
    }

    pub fn is_settled(&self) -> bool {
        self.parts.is_empty()
    }

    pub fn is_busy(&self) -> bool {
        self.awaited() >= limits::PENDING_VERBS / 2
    }

    pub fn is_full(&self) -> bool {
        self.awaited() >= limits::PENDING_VERBS
    }

    fn awaited(&self) -> usize {
        self.wanted.len() + self.said.len()
    }

    /// Whether a verb has written to somebody already: its names, addresses and keys may mean one
    /// person, who is written to once.
    fn has_written_to(&self, ticket: Ticket, who: Fingerprint) -> bool {
        let parts = self.parts.get(&ticket);
        parts.is_some_and(|parts| parts.to.iter().any(|(to, _)| *to == who))
    }

    /// Whether something on disk waits for somebody.
    pub fn waits_for(&self, who: Fingerprint) -> bool {
        self.waiting.contains(&who)
    }

    /// Something for somebody waits on disk from now on.
    pub fn expect(&mut self, who: Fingerprint) {
        self.waiting.insert(who);
        self.fresh.insert(who);
    }

    pub fn end_wake(&mut self) {
        self.fresh.clear();
    }

    /// Everybody for whom something may wait.
    pub fn everybody(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.waiting.iter().copied()
    }

    /// Everything for somebody has been delivered, or given up. Whether that is so for everybody.
    pub fn on_empty(&mut self, who: Fingerprint) -> bool {
        if !self.fresh.contains(&who) {
            self.waiting.remove(&who);
        }
        self.waiting.is_empty()
    }
}

impl Client {
    /// Keeps a message and sends it where a way is open.
    pub(super) fn write(&mut self, ticket: Ticket, to: Person, text: String, until: Stage) {
        if let Some(refusal) = self.may_write_to(to.fingerprint) {
            return self.end_part(ticket, Err(refusal));
        }
        if self.outbox.has_written_to(ticket, to.fingerprint) {
            return self.end_part(ticket, Ok(()));
        }
        let id = self.new_id();
        if let Some(parts) = self.outbox.parts.get_mut(&ticket) {
            parts.to.push((to.fingerprint, id));
        }
        let (who, sent) = (to.fingerprint, self.core.now.wall);
        self.know(to);
        let row = Row::Queued { id, to: self.people.label(who), members: None };
        self.core.row(ticket, row);
        self.await_letter(id, ticket, until);
        self.outbox.expect(who);
        self.core.keep(Record::Outgoing { id, to: who, text: text.clone(), sent });
        self.reached(id, Stage::Queued);
        self.pump_one(who, Letter { id, sent, body: Body::Text(text) });
    }

    /// A verb with one part ends when this letter has come so far.
    pub(super) fn await_letter(&mut self, id: MsgId, ticket: Ticket, until: Stage) {
        if let Some(parts) = self.outbox.parts.get_mut(&ticket) {
            parts.ids.push(id);
            self.outbox.wanted.insert(id, (ticket, until));
        }
    }

    /// An id for a letter, later than all before.
    pub(super) fn new_id(&mut self) -> MsgId {
        let id = MsgId::after(self.outbox.last_id, self.core.now.wall, self.core.rng.bytes());
        self.outbox.last_id = id;
        id
    }

    /// A message came as far as this: its verb may end.
    pub(super) fn reached(&mut self, id: MsgId, stage: Stage) {
        let Some((ticket, until)) = self.outbox.wanted.get(&id).copied() else { return };
        if stage < until {
            return;
        }
        self.outbox.wanted.remove(&id);
        self.end_part(ticket, Ok(()));
    }

    /// What we wrote to somebody came as far as this: its verb, or their part of it, may end.
    pub(super) fn reached_by(&mut self, to: Fingerprint, id: MsgId, stage: Stage) {
        match self.outbox.said.get(&(id, to)).copied() {
            Some((ticket, until, _)) if stage >= until => {
                self.outbox.said.remove(&(id, to));
                self.end_part(ticket, Ok(()));
            }
            Some(_) => {}
            None => self.reached(id, stage),
        }
    }

    /// A verb with a part for each of these ends when talk has come to all so far.
    pub(super) fn await_talk(
        &mut self,
        id: MsgId,
        group: GroupId,
        to: &[Fingerprint],
        (ticket, until): (Ticket, Stage),
    ) {
        let Some(parts) = self.outbox.parts.get_mut(&ticket) else { return };
        parts.ids.push(id);
        let awaited = to.iter().map(|who| ((id, *who), (ticket, until, group)));
        self.outbox.said.extend(awaited);
    }

    /// Talk in a group is not for somebody any more: nobody waits for their part.
    pub(super) fn await_no_more(&mut self, group: GroupId, who: Fingerprint) {
        let said = self.outbox.said.iter();
        let theirs = said.filter(|((_, to), (_, _, of))| *to == who && *of == group);
        let theirs: Vec<_> = theirs.map(|(key, (ticket, ..))| (*key, *ticket)).collect();
        for (key, ticket) in theirs {
            self.outbox.said.remove(&key);
            self.end_part(ticket, Ok(()));
        }
    }

    /// Somebody's key has changed: nothing of what verbs wait for gets there.
    pub(super) fn await_no_more_of(&mut self, who: Fingerprint) {
        let parts = self.outbox.parts.iter();
        let theirs = parts.flat_map(|(ticket, parts)| {
            parts.to.iter().filter(|(to, _)| *to == who).map(|(_, id)| (*ticket, *id))
        });
        let theirs: Vec<(Ticket, MsgId)> = theirs.collect();
        let why = Refusal::IdentityChanged(self.people.label(who));
        for (ticket, id) in theirs {
            if self.outbox.wanted.remove(&id).is_some() {
                self.end_part(ticket, Err(why.clone()));
            }
        }
    }

    /// A verb will end when `count` parts have; at once when there are none.
    pub(super) fn begin_parts(&mut self, ticket: Ticket, count: usize) {
        if ticket == Ticket::NOBODY {
            return;
        }
        if count == 0 {
            return self.core.done(ticket, Ok(()));
        }
        self.outbox
            .parts
            .insert(ticket, Parts { left: count, worst: None, ids: Vec::new(), to: Vec::new() });
    }

    pub(super) fn end_part(&mut self, ticket: Ticket, result: Result<(), Refusal>) {
        let Some(parts) = self.outbox.parts.get_mut(&ticket) else { return };
        parts.left -= 1;
        if let Err(why) = result {
            parts.worst.get_or_insert(why);
        }
        if parts.left == 0 {
            let worst = self.outbox.parts.remove(&ticket).and_then(|parts| parts.worst);
            self.core.done(ticket, worst.map_or(Ok(()), Err));
        }
    }

    pub(super) fn forget_parts(&mut self, ticket: Ticket) {
        for id in self.outbox.parts.remove(&ticket).map(|parts| parts.ids).unwrap_or_default() {
            self.outbox.wanted.remove(&id);
            self.outbox.said.retain(|(said, _), _| *said != id);
        }
    }

    /// Gives up a message; the store knows for whom it is.
    pub(super) fn drop_message(&mut self, ticket: Ticket, id: MsgId) {
        self.outbox.dropping.push_back(ticket);
        self.core.query(Query::Addressees(id));
    }

    pub(super) fn on_rows(&mut self, rows: Rows) {
        match rows {
            Rows::Outbox { to, rows, queued_only: true, .. } => self.on_mail_page(to, rows),
            Rows::Outbox { to, rows, more, .. } => self.on_outbox_page(to, rows, more),
            Rows::Waits(_, true) => {}
            Rows::Waits(to, false) => self.nothing_waits_for(to),
            Rows::Note { from, letter, is_new } => self.on_note_read(from, letter, is_new),
            Rows::Addressees(id, to) => self.on_addressees(id, &to),
        }
    }

    fn on_addressees(&mut self, id: MsgId, to: &[Fingerprint]) {
        // Answers come in the order of the questions, all in one wake.
        let Some(ticket) = self.outbox.dropping.pop_front() else { return };
        if to.is_empty() {
            return self.core.done(ticket, Err(Refusal::NoSuchMessage(id.short())));
        }
        for to in to.iter().copied() {
            self.core.keep(Record::Receipts { to, first: id, last: id, stage: Stage::Refused });
            self.core.query(Query::Waits(to));
            if let Some((waiter, ..)) = self.outbox.said.remove(&(id, to)) {
                self.end_part(waiter, Err(Refusal::Dropped(id.short())));
            }
        }
        if let Some((waiter, _)) = self.outbox.wanted.remove(&id) {
            self.end_part(waiter, Err(Refusal::Dropped(id.short())));
        }
        self.core.done(ticket, Ok(()));
    }

    /// Says that a message was handed to a live link.
    pub(super) fn say_sent(&mut self, id: MsgId, to: Fingerprint) {
        let label = self.people.label(to);
        self.core.event(Event::Receipt { id, to: label, state: Stage::Sent, why: None });
        self.reached_by(to, id, Stage::Sent);
    }
}
