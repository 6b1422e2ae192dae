//! Rosters on their way: what we change as leader, what others tell us, and who is behind.
//!
//! What somebody shows of a group that we are in, against the roster we have:
//!
//! | input | next, output |
//! |---|---|
//! | `Change` to the next epoch that fits | adopted |
//! | `Change` further ahead, or of another history | `WantRoster` to them, once an epoch |
//! | `Roster` that is later | adopted |
//! | `Roster` or `Change` that is older | our `Roster` to them, by a few of us, once an epoch |
//! | `Talk` of an older epoch, a member's | the same |
//! | `Talk` of an older epoch, somebody else's, and we lead | `Deny` to them, once an epoch |
//! | anything of one who led before, and is out | their own handover to them, once an epoch |
//! | our own handover, and we take ourselves for the leader | we are out |
//! | `Roster` of ours that is as old as ours and another | adopted; our changes are made again |
//! | `WantRoster` of a member's | our `Roster`, a few times an epoch |
//! | `WantRoster` of somebody else's, and we lead | `Deny`, once an epoch |
//! | anything that is forged | `WantRoster` to them at most |
//!
//! Adopting: who is new becomes known and is watched; talk of ours that waits for who is gone is
//! given up; tokens are registered; talk that waited for this roster is judged.

use super::Client;
use super::group_table::Group;
use super::roster::Known;
use super::wishes::Wish;
use crate::proto::bytes::Bytes;
use crate::proto::id::GroupId;
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::GroupState;
use crate::proto::model::group::{Change, SignedRoster, Standing, Step};
use crate::proto::model::letter::Body;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Person, PublicIdentity, Target};
use crate::proto::model::record::Record;
use std::collections::BTreeSet;

/// Changes of ours that are remembered, to be made again.
const MADE: usize = 16;

/// What a later roster is against the one before.
struct Turn {
    was_in: bool,
    /// Who was not in it before; all of them where we were not.
    fresh: Vec<Fingerprint>,
    lost: Vec<Fingerprint>,
    /// Who has said themselves that they are out.
    departed: BTreeSet<Fingerprint>,
    was_led_by: Fingerprint,
    is_led_by: Fingerprint,
    is_reach_new: bool,
}

impl Group {
    fn take_up(&mut self, next: Known, me: Fingerprint) -> Turn {
        let before = self.ours().cloned();
        let fits = |known: &&Known| known.has(me);
        let token = |known: Option<&Known>| known.and_then(|known| known.token_of(me));
        let has = |who: Fingerprint| before.as_ref().is_some_and(|known| known.has(who));
        let lost = before.as_ref().map_or(&[][..], Known::order).iter();
        let turn = Turn {
            was_in: before.is_some(),
            fresh: next.order().iter().copied().filter(|who| !has(*who)).collect(),
            lost: lost.copied().filter(|who| !next.has(*who)).collect(),
            departed: self.departed.clone(),
            was_led_by: self.leader,
            is_led_by: next.leader(),
            is_reach_new: token(before.as_ref()) != token(Some(&next).filter(fits)),
        };
        let unsaid = turn.lost.iter().filter(|who| !turn.departed.contains(who));
        self.unsaid.extend(unsaid.take(limits::MEMBERS.saturating_sub(self.unsaid.len())));
        let is_led = next.leader() == me;
        self.candidates.retain(|candidate| is_led && !next.has(candidate.who));
        self.departed.retain(|who| next.has(*who));
        self.standing = if next.has(me) { Standing::Member } else { Standing::Out };
        self.leader = next.leader();
        self.known = Some(next);
        self.shown.clear();
        self.wanted.clear();
        turn
    }
}

impl Client {
    /// Makes a change as leader: kept, adopted, and told to everybody who is in after it.
    pub(super) fn lead(&mut self, id: GroupId, step: Step) {
        let Some(group) = self.groups.at_mut(id) else { return };
        let Some(before) = group.ours() else { return };
        let Some((known, change)) = before.lead(&self.me, step.clone()) else { return };
        let (is_new, gone) = match &step {
            Step::In(_) => (known.order().last().copied(), GroupState::Kicked),
            Step::Out(..) => (None, GroupState::Kicked),
            Step::Left(..) | Step::HandOver(..) => (None, GroupState::Left),
        };
        group.made.push(step);
        let over = group.made.len().saturating_sub(MADE);
        group.made.drain(..over);
        let members = known.order().to_vec();
        let signed = known.signed().clone();
        self.adopt(id, known, gone);
        for who in members {
            if is_new == Some(who) {
                self.post(who, Body::Roster(Box::new(signed.clone())));
            } else if who != self.me.fingerprint() {
                self.post(who, Body::Change(Box::new(change.clone())));
            }
        }
    }

    pub(super) fn on_change(&mut self, from: Fingerprint, change: &Change) {
        let id = change.group;
        let Some(known) = self.groups.at(id).and_then(Group::ours) else { return };
        let signed = known.signed();
        if known.is_handed_over_by(&self.me, change) {
            self.go_out(id, GroupState::Left);
            return self.say_departed(id);
        }
        if change.epoch <= known.epoch() {
            if change.signature != signed.signature {
                self.tell_behind(id, from);
            }
            return;
        }
        match known.apply(change, |who, identity| self.is_known(who, identity)) {
            Some(next) => {
                let gone = match change.step {
                    Step::In(_) | Step::Out(..) => GroupState::Kicked,
                    Step::Left(..) | Step::HandOver(..) => GroupState::Left,
                };
                self.adopt(id, next, gone);
            }
            None => self.want_roster(id, from),
        }
    }

    pub(super) fn on_roster(&mut self, from: Fingerprint, signed: SignedRoster) {
        let id = signed.roster.group;
        let asked = || self.groups.asked_of(from, &signed.roster.name);
        let may_be = |group: &Group| matches!(group.standing, Standing::Member | Standing::Asked);
        let is_row = self.groups.at(id).is_some_and(may_be);
        let Some(row) = is_row.then_some(id).or_else(asked) else { return };
        let Some(group) = self.groups.at(row) else { return };
        let is_ours = group.standing == Standing::Member;
        if let Some(known) = group.ours()
            && known.signed() == &signed
        {
            return;
        }
        let Some(next) = Known::check(signed, |who, identity| self.is_known(who, identity)) else {
            log::debug!("a roster of {from} is forged");
            return;
        };
        // Who was put out may have older rosters from others; only who leads lets somebody in.
        let me = self.me.fingerprint();
        let lets_in = next.leader() == from && next.has(me) && group.name == next.roster().name;
        // Where it is the answer to what we asked by name, the group may be one that we were in.
        let before = self.groups.at(id).and_then(|group| group.known.as_ref());
        let is_later = before.is_none_or(|known| known.is_before(&next));
        match (is_ours, is_later) {
            (true, true) => self.catch_up(id, next),
            (true, false) if self.is_fork(id, &next) => self.catch_up(id, next),
            (true, false) => self.tell_behind(id, from),
            (false, true) if lets_in => self.come_in(row, id, next),
            (false, _) => {}
        }
    }

    pub(super) fn on_want_roster(&mut self, from: Fingerprint, id: GroupId) {
        let Some(group) = self.groups.at_mut(id) else { return };
        let Some(known) = group.ours() else { return };
        if !known.has(from) {
            return self.tell_out(id, from);
        }
        let body = Body::Roster(Box::new(known.signed().clone()));
        let shown = group.shown.get_or_insert_with(from, u8::default);
        if *shown < limits::ROSTERS_SHOWN {
            *shown += 1;
            self.post(from, body);
        }
    }

    /// Asks somebody who seems to know more, once until more is known here.
    pub(super) fn want_roster(&mut self, id: GroupId, from: Fingerprint) {
        let Some(group) = self.groups.at_mut(id) else { return };
        // However many others pretend, members are asked.
        let is_asked = group.is_with(from) || group.wanted.len() < limits::MEMBERS;
        if is_asked && group.wanted.insert(from) {
            self.post(from, Body::WantRoster(id));
        }
    }

    /// Somebody has shown an older roster than ours. The leader tells them, and those who come
    /// behind them in the roster: a few, so that a word in a large group brings no flood.
    pub(super) fn tell_behind(&mut self, id: GroupId, who: Fingerprint) {
        let me = self.me.fingerprint();
        let Some(group) = self.groups.at_mut(id) else { return };
        let Some(known) = group.ours() else { return };
        let order = known.order();
        let Some(place) = order.iter().position(|member| *member == who) else {
            return self.tell_out(id, who);
        };
        let behind = (1..=limits::WHO_TELL).map(|n| order[(place + n) % order.len()]);
        let is_mine = known.leader() == me || behind.into_iter().any(|teller| teller == me);
        if is_mine && who != me && !group.shown.contains_key(&who) {
            let body = Body::Roster(Box::new(known.signed().clone()));
            group.shown.insert(who, 1);
            self.post(who, body);
        }
    }

    /// Somebody takes themselves for a member who is none: the leader tells them, once an epoch.
    /// Who takes themselves for the leader is shown their own word that they are not.
    fn tell_out(&mut self, id: GroupId, who: Fingerprint) {
        let me = self.me.fingerprint();
        let Some(group) = self.groups.at_mut(id).filter(|group| group.is_led_by(me)) else {
            return;
        };
        let proof = group.ours().and_then(|known| known.handover_of(who));
        if group.shown.len() < limits::MEMBERS && group.shown.insert(who, 1).is_none() {
            let change = proof.map(|change| Body::Change(Box::new(change)));
            self.post(who, change.unwrap_or(Body::Deny(id)));
        }
    }

    /// Whether a roster is our own, as late as ours, and another: our disk was put back to an older
    /// state, and we went on from there in this run.
    fn is_fork(&self, id: GroupId, theirs: &Known) -> bool {
        let known = self.groups.at(id).and_then(Group::ours);
        known.is_some_and(|ours| {
            ours.leader() == self.me.fingerprint()
                && ours.epoch() == theirs.epoch()
                && ours.signed().handovers == theirs.signed().handovers
        }) && self.groups.at(id).is_some_and(|group| !group.made.is_empty())
    }

    /// A whole roster takes the place of ours. Were we the leader and are it still, then what we
    /// changed since our disk was put back is changed in that one.
    fn catch_up(&mut self, id: GroupId, next: Known) {
        let me = self.me.fingerprint();
        let leads = |client: &Client| client.groups.at(id).is_some_and(|it| it.is_led_by(me));
        let was_ours = leads(self);
        self.adopt(id, next, GroupState::Left);
        if was_ours && leads(self) {
            self.make_again(id);
        }
    }

    /// We have been let in.
    fn come_in(&mut self, row: GroupId, id: GroupId, known: Known) {
        if row != id {
            self.groups.by_id.remove(&row);
            self.core.keep(Record::GroupGone(row));
        }
        let leader = known.leader();
        let name = known.roster().name.clone();
        self.groups.by_id.get_or_insert_with(id, || Group::new(name, leader, Standing::Asked));
        self.adopt(id, known, GroupState::Left);
        self.settle_bond(leader);
    }

    /// Takes a later roster in place of ours. `gone` says what became of those who are not in it.
    fn adopt(&mut self, id: GroupId, next: Known, gone: GroupState) {
        let me = self.me.fingerprint();
        self.know_members(&next);
        let Some(group) = self.groups.at_mut(id) else { return };
        let turn = group.take_up(next, me);
        self.keep_group(id);
        self.say_turn(id, &turn, gone);
        self.forsake(id, &turn.lost);
        self.after_turn(id, turn.is_reach_new);
        for who in turn.fresh {
            self.settle_bond(who);
        }
    }

    fn say_turn(&mut self, id: GroupId, turn: &Turn, gone: GroupState) {
        let me = self.me.fingerprint();
        if !turn.was_in {
            return self.say_group(id, GroupState::Joined, me, None);
        }
        for who in turn.lost.iter().filter(|who| !turn.departed.contains(who)) {
            let is_ours_to_say = *who != me || turn.was_led_by == me;
            let state = if is_ours_to_say { gone } else { GroupState::Kicked };
            self.say_group(id, state, *who, None);
        }
        for who in &turn.fresh {
            self.say_group(id, GroupState::Joined, *who, None);
        }
        if turn.was_led_by != turn.is_led_by && !turn.lost.contains(&me) {
            self.say_group(id, GroupState::Leads, turn.is_led_by, None);
        }
    }

    /// What follows wherever a roster is another than before, or ours no more.
    pub(super) fn after_turn(&mut self, id: GroupId, is_reach_new: bool) {
        self.watch();
        if is_reach_new {
            self.postage.forget_turns();
            self.say_reach();
            self.announce_groups();
        }
        let order = self.groups.at(id).and_then(Group::ours).map(|known| known.order().to_vec());
        for who in order.unwrap_or_default() {
            self.postage.take_heart(who);
            self.send_on(who);
        }
        self.judge_unheard(id);
        self.prune_groups();
    }

    fn make_again(&mut self, id: GroupId) {
        let Some(group) = self.groups.at_mut(id) else { return };
        for step in std::mem::take(&mut group.made) {
            let reach = Bytes(self.core.rng.bytes());
            match step {
                Step::In(_) => self.lead(id, step),
                Step::Out(who, _) => self.put_out(id, who),
                Step::Left(who, _) => self.lead(id, Step::Left(who, reach)),
                Step::HandOver(..) => {}
            }
        }
    }

    /// Whether these are somebody's keys, verified when they became known.
    pub(super) fn is_known(&self, who: Fingerprint, identity: &PublicIdentity) -> bool {
        who == self.me.fingerprint() && identity == self.me.public()
            || self.people.by_key(who).is_some_and(|person| person.identity == *identity)
    }

    /// Members become people that we know. Their names are their leader's word until the server
    /// gives its own.
    fn know_members(&mut self, known: &Known) {
        let me = self.me.fingerprint();
        let mut fresh = Vec::new();
        for (member, who) in known.roster().members.iter().zip(known.order()) {
            if *who != me && self.people.by_key(*who).is_none() {
                let name = self.people.free_name(member.name.clone());
                self.keep_member(*who, &member.identity, name);
                fresh.push(*who);
            }
        }
        if self.config.server.is_some() {
            for who in fresh {
                self.wish(Target::Key(who), Wish::Row(Ticket::NOBODY));
            }
        }
    }

    fn keep_member(&mut self, who: Fingerprint, identity: &PublicIdentity, name: Option<Name>) {
        let person = Person { fingerprint: who, identity: *identity, name, address: None };
        self.people.put(person.clone());
        self.core.keep(Record::Person(person));
    }

    /// Groups that we are out of, beyond as many as we may be in, are forgotten.
    fn prune_groups(&mut self) {
        let is_out = |group: &Group| group.standing == Standing::Out;
        let out = self.groups.by_id.iter().filter(|(_, group)| is_out(group)).map(|(id, _)| *id);
        let out: Vec<GroupId> = out.collect();
        let over = out.len().saturating_sub(limits::GROUPS);
        for id in &out[..over] {
            self.groups.by_id.remove(id);
            self.core.keep(Record::GroupGone(*id));
        }
    }
}
