//! The groups there are, what we are in each, and what they are called.

use super::Client;
use super::roster::Known;
use crate::proto::crypto::group;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::limits;
use crate::proto::model::bond::Token;
use crate::proto::model::event::{Event, GroupState};
use crate::proto::model::group::{Candidate, GroupRow, GroupTarget, Standing, Step, Unheard};
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::table::Table;
use crate::proto::wire::client::Announce;
use std::collections::BTreeSet;

/// All groups that we are in, were in, asked for or are asked into.
#[derive(Default)]
pub(super) struct Groups {
    pub by_id: Table<GroupId, Group>,
    /// Talk that waits for a later roster, in its sender's order.
    pub unheard: Table<(Fingerprint, MsgId), Unheard>,
}

/// A group.
pub(super) struct Group {
    pub name: Name,
    /// Whom we asked, or who leads it as far as we know.
    pub leader: Fingerprint,
    pub standing: Standing,
    pub known: Option<Known>,
    pub candidates: Vec<Candidate>,
    /// Members by the roster who have said themselves that they are out. A later roster says so
    /// too, unless the leader is lost.
    pub departed: BTreeSet<Fingerprint>,
    /// Who went by a roster before they said so themselves: their word is still to come, and is old
    /// should they be in again by then.
    pub unsaid: BTreeSet<Fingerprint>,
    /// How often each was sent the present roster.
    pub shown: Table<Fingerprint, u8>,
    /// Who was asked for a later roster since the present one came.
    pub wanted: BTreeSet<Fingerprint>,
    /// The last changes that we made as leader since the program started.
    pub made: Vec<Step>,
}

impl Group {
    pub fn new(name: Name, leader: Fingerprint, standing: Standing) -> Group {
        Group {
            name,
            leader,
            standing,
            known: None,
            candidates: Vec::new(),
            departed: BTreeSet::new(),
            unsaid: BTreeSet::new(),
            shown: Table::new(),
            wanted: BTreeSet::new(),
            made: Vec::new(),
        }
    }

    fn is_public(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.roster().is_public)
    }

    fn restore(row: GroupRow) -> Group {
        Group {
            known: row.roster.map(Known::trust),
            candidates: row.candidates,
            ..Group::new(row.name, row.leader, row.standing)
        }
    }

    fn row(&self, group: GroupId) -> GroupRow {
        GroupRow {
            group,
            name: self.name.clone(),
            leader: self.leader,
            standing: self.standing.clone(),
            roster: self.known.as_ref().map(|known| known.signed().clone()),
            candidates: self.candidates.clone(),
        }
    }

    /// The roster, while we are in it.
    pub fn ours(&self) -> Option<&Known> {
        self.known.as_ref().filter(|_| self.standing == Standing::Member)
    }

    /// Whether we are in it with somebody.
    pub fn is_with(&self, who: Fingerprint) -> bool {
        self.ours().is_some_and(|known| known.has(who))
    }

    pub fn is_led_by(&self, me: Fingerprint) -> bool {
        self.ours().is_some_and(|known| known.leader() == me)
    }

    /// The candidate's place, if somebody is one.
    pub fn candidate(&self, who: Fingerprint) -> Option<usize> {
        self.candidates.iter().position(|candidate| candidate.who == who)
    }

    /// Whether an answer is to come, of ours or of theirs.
    fn is_pending_with(&self, who: Fingerprint) -> bool {
        let is_asked = matches!(self.standing, Standing::Asked | Standing::Invited);
        (is_asked && self.leader == who) || self.candidate(who).is_some()
    }

    fn has_ever(&self, who: Fingerprint) -> bool {
        self.known.as_ref().is_some_and(|known| known.has(who))
    }
}

impl Groups {
    pub fn restore(rows: Vec<GroupRow>, unheard: Vec<Unheard>) -> Groups {
        let group = |row: GroupRow| (row.group, Group::restore(row));
        let unheard = unheard.into_iter().map(|talk| ((talk.from, talk.id), talk));
        Groups { by_id: rows.into_iter().map(group).collect(), unheard: unheard.collect() }
    }

    pub fn at(&self, id: GroupId) -> Option<&Group> {
        self.by_id.get(&id)
    }

    pub fn at_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.by_id.get_mut(&id)
    }

    /// Those that are not over.
    pub fn current(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        let is_over = |group: &Group| group.standing == Standing::Out;
        self.by_id.iter().filter(move |(_, group)| !is_over(group)).map(|(id, group)| (*id, group))
    }

    pub fn is_full(&self) -> bool {
        self.current().count() >= limits::GROUPS
    }

    pub fn invitations(&self) -> usize {
        self.current().filter(|(_, group)| group.standing == Standing::Invited).count()
    }

    /// The group of this name that we asked this person for.
    pub fn asked_of(&self, leader: Fingerprint, name: &Name) -> Option<GroupId> {
        let fits = |group: &Group| {
            group.standing == Standing::Asked && group.leader == leader && group.name == *name
        };
        self.by_id.iter().find(|(_, group)| fits(group)).map(|(id, _)| *id)
    }

    pub fn is_asking(&self) -> bool {
        self.current().any(|(_, group)| group.standing == Standing::Asked)
    }

    /// Whether somebody may get mail of ours though we are private: whoever is, or was, in a group
    /// with us, or is about to be.
    pub fn is_engaged(&self, who: Fingerprint) -> bool {
        self.by_id.values().any(|group| group.has_ever(who) || group.is_pending_with(who))
    }

    /// Whether the tokens that we and somebody gave each other for an answer are still needed.
    pub fn is_pending_with(&self, who: Fingerprint) -> bool {
        self.by_id.values().any(|group| group.is_pending_with(who))
    }

    /// By which somebody is reached in our groups: the present tokens, then earlier ones.
    pub fn tokens(&self, who: Fingerprint) -> impl Iterator<Item = Token> + '_ {
        let rosters = || self.by_id.values().filter_map(|group| group.known.as_ref());
        let present = rosters().filter_map(move |known| known.token_of(who));
        present.chain(rosters().flat_map(move |known| known.tokens_before(who)))
    }

    /// By which we are reached.
    pub fn given(&self, me: Fingerprint) -> impl Iterator<Item = Token> + '_ {
        self.current().filter_map(move |(_, group)| group.ours()?.token_of(me))
    }
}

impl Client {
    /// What a group is called: its name, and behind it its leader where another has that name too.
    pub(super) fn group_label(&self, id: GroupId) -> String {
        let Some(group) = self.groups.at(id) else { return String::new() };
        let is_other = |(other, it): (GroupId, &Group)| other != id && it.name == group.name;
        match self.groups.current().any(is_other) {
            true => format!("{}@{}", group.name, self.label_of(group.leader)),
            false => group.name.to_string(),
        }
    }

    /// What somebody is called who may be ourselves.
    pub(super) fn label_of(&self, who: Fingerprint) -> String {
        if who != self.me.fingerprint() {
            return self.people.label(who);
        }
        self.my_name().map_or_else(|| "me".to_owned(), |name| name.to_string())
    }

    /// The one group that is meant.
    pub(super) fn find_group(
        &self,
        target: &GroupTarget,
        fits: impl Fn(&Group) -> bool,
    ) -> Result<GroupId, Refusal> {
        let is_meant = |group: &Group| {
            group.name == target.name
                && target.leader.as_ref().is_none_or(|leader| self.is_meant(leader, group.leader))
        };
        let mut found = self.groups.current().filter(|(_, group)| is_meant(group) && fits(group));
        match (found.next(), found.next()) {
            (Some((id, _)), None) => Ok(id),
            (Some(_), Some(_)) => Err(Refusal::Ambiguous("group of that name")),
            (None, _) => Err(Refusal::NoGroup(target.to_string())),
        }
    }

    /// The group that is meant, of those that we are in; that others lead ones of the same name
    /// does not matter for what only a leader can do.
    pub(super) fn led_group(&self, target: &GroupTarget) -> Result<GroupId, Refusal> {
        let me = self.me.fingerprint();
        self.find_group(target, |group| group.is_led_by(me)).map_err(|why| {
            match self.find_group(target, |group| group.ours().is_some()) {
                Err(Refusal::NoGroup(_)) => why,
                _ => Refusal::NotLeader(target.to_string()),
            }
        })
    }

    fn is_meant(&self, target: &Target, who: Fingerprint) -> bool {
        if who != self.me.fingerprint() {
            return self.people.find(target).is_some_and(|person| person.fingerprint == who);
        }
        match target {
            Target::Key(key) => *key == who,
            Target::Name(name) => self.my_name().as_ref() == Some(name),
            Target::Address(address) => {
                self.account.as_ref().is_some_and(|(_, ours)| ours == address)
            }
            Target::Endpoint(_) => false,
        }
    }

    pub(super) fn keep_group(&mut self, id: GroupId) {
        if let Some(group) = self.groups.at(id) {
            self.core.keep(Record::Group(Box::new(group.row(id))));
        }
    }

    /// Forgets what was asked for or offered; a group that we were in before stays as one that we
    /// are out of.
    pub(super) fn forget_group(&mut self, id: GroupId) {
        let Some(group) = self.groups.at_mut(id) else { return };
        let leader = group.leader;
        if group.known.is_some() {
            group.standing = Standing::Out;
            self.keep_group(id);
        } else {
            self.groups.by_id.remove(&id);
            self.core.keep(Record::GroupGone(id));
        }
        self.settle_bond(leader);
        if !self.groups.is_asking() {
            self.drop_unheard_of_unknown();
        }
    }

    pub(super) fn say_group(
        &mut self,
        id: GroupId,
        state: GroupState,
        who: Fingerprint,
        why: Option<String>,
    ) {
        let (name, who) = (self.group_label(id), self.label_of(who));
        self.core.event(Event::Group { name, state, who, why });
    }

    /// A token by which somebody is reached; the next one when the server did not know the last.
    pub(super) fn token_of(&self, who: Fingerprint) -> Option<Token> {
        self.tokens(who).nth(self.postage.turn(who))
    }

    pub(super) fn tokens(&self, who: Fingerprint) -> impl Iterator<Item = Token> + '_ {
        let theirs = self.people.token_of(who).into_iter();
        theirs.chain(self.groups.tokens(who)).take(limits::TOKENS_TRIED)
    }

    /// Tells the server which public groups we lead; nothing if it never was told of any.
    pub(super) fn announce_groups(&mut self) {
        if self.groups.by_id.values().any(Group::is_public) {
            let names = self.led_in_public();
            self.uplink.say(Announce { names });
        }
    }

    /// Public groups that we lead.
    pub(super) fn led_in_public(&self) -> Vec<Name> {
        let me = self.me.fingerprint();
        let is_ours = |group: &&Group| group.is_public() && group.is_led_by(me);
        let led = self.groups.by_id.values().filter(is_ours);
        led.map(|group| group.name.clone()).take(limits::GROUPS).collect()
    }

    /// What somebody calls a group of ours that they asked for before they knew its id.
    pub(super) fn is_asked_as(&self, id: GroupId, who: Fingerprint, asked: GroupId) -> bool {
        let name = self.groups.at(id).map(|group| &group.name);
        name.is_some_and(|name| group::asked_id(who, self.me.fingerprint(), name) == asked)
    }
}
