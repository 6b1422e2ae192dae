//! Talk in groups: ours to each member, and theirs as our roster has them.
//!
//! | talk of somebody's | what becomes of it |
//! |---|---|
//! | in a group that we are not in, and wait for no answer | passed over |
//! | in a group that we may be let into | waits for the roster |
//! | of a later epoch than ours | waits for the roster, and that is asked for |
//! | of our epoch or an older one, a member's | shown |
//! | of our epoch or an older one, somebody else's | passed over |
//!
//! Beyond [`limits::UNHEARD`] of one person's, and [`limits::UNHEARD_ALL`] in all, or as many bytes
//! as they may have, nothing more waits. All of it is acknowledged: it is for us to show or not.

use super::Client;
use super::roster::Known;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{GroupState, Stage};
use crate::proto::model::group::{GroupTarget, Standing, Talk, Unheard};
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::notice::Row;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use std::cmp::Ordering;

/// What becomes of talk.
enum Verdict {
    Show,
    Wait,
    PassOver,
}

impl Client {
    pub(super) fn say_in_group(
        &mut self,
        ticket: Ticket,
        target: &GroupTarget,
        text: String,
        until: Stage,
    ) {
        match self.may_say(target, &text) {
            Ok(group) => self.say_to_all(ticket, group, text, until),
            Err(why) => self.core.done(ticket, Err(why)),
        }
    }

    fn may_say(&self, target: &GroupTarget, text: &str) -> Result<GroupId, Refusal> {
        if text.len() > limits::TEXT_MAX_BYTES {
            return Err(Refusal::TextTooLong(text.len()));
        }
        if self.outbox.is_full() {
            return Err(Refusal::Busy("messages"));
        }
        self.find_group(target, |group| group.ours().is_some())
    }

    /// Kept once; then to each, who is in and not blocked, by whatever way is open to them.
    fn say_to_all(&mut self, ticket: Ticket, group: GroupId, text: String, until: Stage) {
        let me = self.me.fingerprint();
        let Some(it) = self.groups.at(group) else { return };
        let Some(known) = it.ours() else { return };
        let (epoch, order) = (known.epoch(), known.order().iter().copied());
        let is_out = |who: &Fingerprint| it.departed.contains(who) || self.people.is_blocked(*who);
        let to: Vec<Fingerprint> = order.filter(|who| *who != me && !is_out(who)).collect();
        let (id, sent) = (self.new_id(), self.core.now.wall);
        let (label, members) = (self.group_label(group), Some(to.len()));
        self.core.row(ticket, Row::Queued { id, to: label, members });
        let said = text.clone();
        self.core.keep(Record::Say { id, group, epoch, text: said, sent, to: to.clone() });
        self.begin_parts(ticket, to.len());
        self.await_talk(id, group, &to, (ticket, until));
        let letter = Letter { id, sent, body: Body::Talk(Talk { group, epoch, text }) };
        for who in to {
            self.outbox.expect(who);
            self.reached_by(who, id, Stage::Queued);
            match self.sessions.open_with(who).is_some() {
                true => self.pump_one(who, letter.clone()),
                false => self.send_on(who),
            }
        }
    }

    /// Talk has come; a repeat is found by the store.
    pub(super) fn on_talk(&mut self, from: Fingerprint, talk: Unheard) {
        if talk.talk.text.len() > limits::TEXT_MAX_BYTES || self.people.is_blocked(from) {
            return;
        }
        let (id, epoch) = (talk.talk.group, talk.talk.epoch);
        match self.judge(&talk) {
            Verdict::Show => self.hear(talk),
            Verdict::Wait => self.put_by(talk),
            Verdict::PassOver => {}
        }
        let Some(group) = self.groups.at(id) else { return };
        let Some(ours) = group.ours().map(|known| known.epoch()) else {
            return self.say_again_out(id, from);
        };
        match epoch.cmp(&ours) {
            Ordering::Greater => self.want_roster(id, from),
            Ordering::Less => self.tell_behind(id, from),
            Ordering::Equal => {}
        }
    }

    /// Somebody takes us for a member of a group that we are out of: they are told, once.
    fn say_again_out(&mut self, id: GroupId, to: Fingerprint) {
        let Some(group) = self.groups.at(id) else { return };
        // Behind what we ask now, the word would put us out again.
        if self.groups.asked_of(group.leader, &group.name).is_some() {
            return;
        }
        let Some(group) = self.groups.at_mut(id) else { return };
        let epoch = group.known.as_ref().map_or(0, Known::epoch);
        let is_fellow = group.known.as_ref().is_some_and(|known| known.has(to));
        let is_out = group.standing == Standing::Out;
        if is_out && is_fellow && group.shown.insert(to, 1).is_none() {
            self.post(to, Body::Depart(id, epoch));
        }
    }

    fn judge(&self, talk: &Unheard) -> Verdict {
        let Some(group) = self.groups.at(talk.talk.group) else {
            return if self.groups.is_asking() { Verdict::Wait } else { Verdict::PassOver };
        };
        match (&group.standing, group.ours()) {
            (Standing::Member, Some(known)) if talk.talk.epoch <= known.epoch() => {
                match known.has(talk.from) {
                    true => Verdict::Show,
                    false => Verdict::PassOver,
                }
            }
            (Standing::Member | Standing::Asked, _) => Verdict::Wait,
            (Standing::Invited | Standing::Out, _) => Verdict::PassOver,
        }
    }

    fn hear(&mut self, talk: Unheard) {
        let Unheard { id, from, sent, talk: Talk { group, text, .. } } = talk;
        // Who talks is in, whatever they said before.
        if self.groups.at_mut(group).is_some_and(|group| group.departed.remove(&from)) {
            self.say_group(group, GroupState::Joined, from, None);
        }
        self.core.keep(Record::Heard { id, group, from, text, sent });
    }

    fn put_by(&mut self, talk: Unheard) {
        let theirs = (talk.from, MsgId::FIRST)..=(talk.from, MsgId::LAST);
        let unheard = &self.groups.unheard;
        let of_theirs = unheard.range(theirs).map(|(_, talk)| talk);
        let text = talk.talk.text.len();
        if fits(unheard.values(), text, limits::UNHEARD_ALL, limits::UNHEARD_ALL_BYTES)
            && fits(of_theirs, text, limits::UNHEARD, limits::UNHEARD_BYTES)
        {
            self.core.keep(Record::Unheard(talk.clone()));
            self.groups.unheard.insert((talk.from, talk.id), talk);
        }
    }

    /// A roster has come: what waited for it is shown or passed over.
    pub(super) fn judge_unheard(&mut self, id: GroupId) {
        let waits = |talk: &&Unheard| talk.talk.group == id;
        let waiting: Vec<Unheard> = self.groups.unheard.values().filter(waits).cloned().collect();
        for talk in waiting {
            let verdict = self.judge(&talk);
            if matches!(verdict, Verdict::Wait) {
                continue;
            }
            self.groups.unheard.remove(&(talk.from, talk.id));
            self.core.keep(Record::UnheardGone(talk.from, talk.id));
            if matches!(verdict, Verdict::Show) && !self.people.is_blocked(talk.from) {
                self.hear(talk);
            }
        }
    }

    /// We wait for no answer any more: talk in groups that we do not know is in none of ours.
    pub(super) fn drop_unheard_of_unknown(&mut self) {
        let talk = self.groups.unheard.values();
        let groups: Vec<GroupId> = talk.map(|talk| talk.talk.group).collect();
        for group in groups {
            self.judge_unheard(group);
        }
    }

    /// Talk of ours that waits for these is not for them any more.
    pub(super) fn forsake(&mut self, id: GroupId, lost: &[Fingerprint]) {
        let me = self.me.fingerprint();
        for who in lost.iter().copied().filter(|who| *who != me) {
            self.core.keep(Record::Forsake(id, who));
            self.await_no_more(id, who);
        }
    }
}

/// Whether so many bytes more fit among the talk that waits.
fn fits<'a>(
    waiting: impl Iterator<Item = &'a Unheard>,
    more: usize,
    most: usize,
    most_bytes: usize,
) -> bool {
    let (count, bytes) = waiting
        .fold((0, more), |(count, bytes), waiting| (count + 1, bytes + waiting.talk.text.len()));
    count < most && bytes <= most_bytes
}
