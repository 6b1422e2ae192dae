//! Ways into a group and out of it, on both sides. All of it goes as letters.
//!
//! What we are in a group, or in what we asked for:
//!
//! | standing | input | next, output |
//! |---|---|---|
//! | – | `group create` | Member, leading; group `created` |
//! | –, Out | `group join` of a leader | Asked, under a name of ours; `Join`; group `asked` |
//! | –, Out | `Invite` (at most [`limits::INVITATIONS`]) | Invited; group `invited` |
//! | Invited | `group join` | Asked; `Join` |
//! | Invited, Asked | `group leave` | –; `Depart` |
//! | Invited, Asked | `Deny` of whom we asked | – or Out; group `denied` |
//! | Asked | `Invite` of whom we asked (both crossed) | Asked; `Join` again, which says yes |
//! | Asked | `Roster` of its leader's, with us in it | Member; group `joined` |
//! | Invited | the same, before we said yes | Invited |
//! | Member | `Deny` of its leader's, a roster without us | Out; group `kicked` |
//! | Member | `group leave` | Out; `Depart` to all, or as leader the handover; group `left` |
//! | Member | `Invite` (its leader does not know that we are in) | Member; our `Roster` to them |
//! | Out | anything else | Out |
//!
//! What somebody else is to us as leader:
//!
//! | they are | input | next, output |
//! |---|---|---|
//! | nobody | `Join`, public | member; `Roster` to them, `Change` to the others; group `joined` |
//! | nobody | `Join`, private (at most [`limits::GROUP_CANDIDATES`]) | asking; group `asked` |
//! | nobody | `group invite` | invited; `Invite`; group `invited` |
//! | asking | `Join` | asking |
//! | asking | `group invite`, `group allow` | member, as above |
//! | invited | `Join` | member, as above |
//! | asking, invited | `group deny`, `group kick` | nobody; `Deny`; group `denied` |
//! | asking, invited | `Depart` | nobody; group `denied` |
//! | member | `Join` (they lost what they had) | member; `Roster` to them |
//! | member | `group kick` | nobody; `Deny`, `Change` to the others; group `kicked` |
//! | member | `Depart` | nobody; `Change` to the others; group `left` |
//! | nobody | `Depart` (crossed our kick) | nobody |
//!
//! A `Join` for a group that we do not lead is answered with `Deny` to friends. One for a group
//! that is full, or has as many candidates as it may have, is answered so too, and to everybody if
//! the group is public; strangers learn nothing of private groups. Members who are no leaders take
//! a `Depart` as the word that its sender is out, though the leader may be lost; unless they have a
//! later roster than its sender had, who may be in again.

use super::Client;
use super::group_table::Group;
use super::roster::Known;
use super::wishes::Wish;
use crate::proto::bytes::Bytes;
use crate::proto::crypto::group;
use crate::proto::id::GroupId;
use crate::proto::limits;
use crate::proto::model::bond::{Bond, Friendship, Token};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::GroupState;
use crate::proto::model::group::{Candidate, GroupTarget, Member, Standing, Step};
use crate::proto::model::letter::{Body, Invite, Join};
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::record::Query;
use crate::proto::model::refusal::Refusal;

impl Client {
    /// Asks somebody to be let into a group of theirs, of which we know the name.
    pub(super) fn ask_to_join(&mut self, ticket: Ticket, person: Person, name: Name) {
        let leader = person.fingerprint;
        let result = self.may_join(leader, &name).map(|()| {
            self.know(person);
            let asked = group::asked_id(self.me.fingerprint(), leader, &name);
            let is_new = self.groups.at(asked).is_none();
            let new = || Group::new(name.clone(), leader, Standing::Asked);
            self.groups.by_id.get_or_insert_with(asked, new);
            self.keep_group(asked);
            self.say_join(asked, None);
            if is_new {
                self.say_group(asked, GroupState::Asked, self.me.fingerprint(), None);
            }
        });
        self.core.done(ticket, result);
    }

    fn may_join(&self, leader: Fingerprint, name: &Name) -> Result<(), Refusal> {
        if let Some(refusal) = self.may_write_to(leader) {
            return Err(refusal);
        }
        let is_it = |group: &Group| group.name == *name && group.leader == leader;
        match self.groups.current().find(|(_, group)| is_it(group)) {
            Some((id, group)) if group.standing == Standing::Member => {
                Err(Refusal::Member(self.label_of(self.me.fingerprint()), self.group_label(id)))
            }
            None if self.groups.is_full() => Err(Refusal::Busy("groups")),
            _ => Ok(()),
        }
    }

    /// Yes to an invitation.
    pub(super) fn accept_invitation(&mut self, id: GroupId) -> Result<(), Refusal> {
        let Some(group) = self.groups.at_mut(id) else { return Ok(()) };
        let leader = group.leader;
        if let Some(refusal) = self.may_write_to(leader) {
            return Err(refusal);
        }
        if let Some(group) = self.groups.at_mut(id) {
            group.standing = Standing::Asked;
        }
        self.keep_group(id);
        self.say_join(id, Some(id));
        Ok(())
    }

    fn say_join(&mut self, row: GroupId, group: Option<GroupId>) {
        let Some((leader, name)) = self.groups.at(row).map(|it| (it.leader, it.name.clone()))
        else {
            return;
        };
        let asked = group::asked_id(self.me.fingerprint(), leader, &name);
        let token = self.give_token(leader, self.people.bond(leader).friendship);
        let me = self.my_name();
        self.post(leader, Body::Join(Join { name, group, asked, me, token }));
    }

    /// Out of a group that we are in, or asked for, or are asked into.
    pub(super) fn leave_group(&mut self, target: &GroupTarget) -> Result<(), Refusal> {
        let id = self.find_group(target, |_| true)?;
        let me = self.me.fingerprint();
        let Some(group) = self.groups.at_mut(id) else { return Ok(()) };
        if group.standing != Standing::Member {
            let leader = group.leader;
            self.say_group(id, GroupState::Left, me, None);
            self.post(leader, Body::Depart(id, 0));
            self.forget_group(id);
            return Ok(());
        }
        let candidates = std::mem::take(&mut group.candidates);
        if group.is_led_by(me) {
            for candidate in candidates {
                self.deny(id, &candidate);
            }
            let reach = Bytes(self.core.rng.bytes());
            let known = self.groups.at(id).and_then(Group::ours);
            if let Some(step) = known.and_then(|known| known.hand_over(&self.me, reach)) {
                self.lead(id, step);
                return Ok(());
            }
        }
        self.go_out(id, GroupState::Left);
        self.say_departed(id);
        Ok(())
    }

    /// Each member is told, so that they know it even if the leader is lost.
    pub(super) fn say_departed(&mut self, id: GroupId) {
        let known = self.groups.at(id).and_then(|group| group.known.as_ref());
        let (me, epoch) = (self.me.fingerprint(), known.map_or(0, Known::epoch));
        let members = known.map(|known| known.order().to_vec()).unwrap_or_default();
        for who in members.into_iter().filter(|who| *who != me) {
            self.post(who, Body::Depart(id, epoch));
        }
    }

    /// We are a member no more.
    pub(super) fn go_out(&mut self, id: GroupId, state: GroupState) {
        let Some(group) = self.groups.at_mut(id) else { return };
        group.standing = Standing::Out;
        self.keep_group(id);
        self.say_group(id, state, self.me.fingerprint(), None);
        self.after_turn(id, true);
    }

    /// Leader: asks somebody in.
    pub(super) fn invite(&mut self, ticket: Ticket, target: &GroupTarget, whom: Target) {
        let id = match self.led_group(target) {
            Ok(id) => id,
            Err(why) => return self.core.done(ticket, Err(why)),
        };
        match self.people.find(&whom).cloned() {
            Some(person) => self.invite_person(ticket, id, person),
            None => self.wish(whom, Wish::Invite { ticket, group: id }),
        }
    }

    /// The person is known now.
    pub(super) fn invite_person(&mut self, ticket: Ticket, id: GroupId, person: Person) {
        let result = self.try_to_invite(id, person);
        self.core.done(ticket, result);
    }

    fn try_to_invite(&mut self, id: GroupId, person: Person) -> Result<(), Refusal> {
        let (me, who) = (self.me.fingerprint(), person.fingerprint);
        if let Some(refusal) = self.may_write_to(who) {
            return Err(refusal);
        }
        let label = self.group_label(id);
        let Some(group) = self.groups.at_mut(id).filter(|group| group.is_led_by(me)) else {
            return Err(Refusal::NotLeader(label));
        };
        if group.is_with(who) {
            return Err(Refusal::Member(person.label(), label));
        }
        match group.candidate(who) {
            Some(place) if !group.candidates[place].is_invited => return self.let_in(id, who),
            Some(_) => {}
            None if group.candidates.len() >= limits::GROUP_CANDIDATES => {
                return Err(Refusal::Busy("invitations"));
            }
            None => group.candidates.push(Candidate { who, is_invited: true }),
        }
        let name = group.name.clone();
        self.know(person);
        self.keep_group(id);
        let token = self.give_token(who, self.people.bond(who).friendship);
        let leader = self.my_name();
        self.post(who, Body::Invite(Invite { group: id, name, leader, token }));
        self.say_group(id, GroupState::Invited, who, None);
        Ok(())
    }

    /// Leader: puts a member out, or takes an invitation back.
    pub(super) fn kick(&mut self, target: &GroupTarget, whom: &Target) -> Result<(), Refusal> {
        let id = self.led_group(target)?;
        let who = self.named_in(id, whom)?;
        if who == self.me.fingerprint() {
            return Err(Refusal::Myself);
        }
        if self.groups.at(id).is_some_and(|group| group.is_with(who)) {
            self.put_out(id, who);
            return Ok(());
        }
        self.turn_down(id, who)
    }

    /// Leader: yes or no to somebody who asked.
    pub(super) fn answer_candidate(
        &mut self,
        target: &GroupTarget,
        whom: &Target,
        is_yes: bool,
    ) -> Result<(), Refusal> {
        let id = self.led_group(target)?;
        let who = self.named_in(id, whom)?;
        let group = self.groups.at(id);
        let place = group.and_then(|group| Some(&group.candidates[group.candidate(who)?]));
        match place {
            Some(candidate) if is_yes && !candidate.is_invited => self.let_in(id, who),
            Some(_) if !is_yes => self.turn_down(id, who),
            _ => Err(Refusal::NothingWaiting),
        }
    }

    fn named_in(&self, id: GroupId, whom: &Target) -> Result<Fingerprint, Refusal> {
        let me = self.my_name().map(Target::Name);
        if me.as_ref() == Some(whom) {
            return Ok(self.me.fingerprint());
        }
        let found = self.people.find(whom).map(|person| person.fingerprint);
        found.ok_or_else(|| Refusal::NoMember(whom.to_string(), self.group_label(id)))
    }

    fn turn_down(&mut self, id: GroupId, who: Fingerprint) -> Result<(), Refusal> {
        let refusal = Refusal::NoMember(self.people.label(who), self.group_label(id));
        let Some(candidate) = self.take_candidate(id, who) else { return Err(refusal) };
        self.keep_group(id);
        self.deny(id, &candidate);
        self.say_group(id, GroupState::Denied, who, None);
        Ok(())
    }

    /// No to a candidate, under the name by which they know the group.
    fn deny(&mut self, id: GroupId, candidate: &Candidate) {
        let Some(name) = self.groups.at(id).map(|group| &group.name) else { return };
        let asked = group::asked_id(candidate.who, self.me.fingerprint(), name);
        let id = if candidate.is_invited { id } else { asked };
        self.post(candidate.who, Body::Deny(id));
        self.settle_bond(candidate.who);
    }

    fn take_candidate(&mut self, id: GroupId, who: Fingerprint) -> Option<Candidate> {
        let group = self.groups.at_mut(id)?;
        group.candidate(who).map(|place| group.candidates.remove(place))
    }

    /// A candidate becomes a member.
    fn let_in(&mut self, id: GroupId, who: Fingerprint) -> Result<(), Refusal> {
        let Some(person) = self.people.by_key(who) else { return Err(Refusal::NothingWaiting) };
        let member = Member { identity: person.identity, name: person.name.clone() };
        let known = self.groups.at(id).and_then(Group::ours);
        if known.is_none_or(|known| known.order().len() >= limits::MEMBERS) {
            return Err(Refusal::Busy("members"));
        }
        self.take_candidate(id, who);
        self.lead(id, Step::In(Box::new(member)));
        Ok(())
    }

    /// Leader: a member is out. The token by which they were reached is kept until they know.
    pub(super) fn put_out(&mut self, id: GroupId, who: Fingerprint) {
        let token = self.groups.at(id).and_then(|group| group.ours()?.token_of(who));
        let bond = self.people.bond(who);
        if bond.theirs.is_none() {
            self.keep_bond(who, Bond { theirs: token, ..bond });
        }
        let reach = Bytes(self.core.rng.bytes());
        self.lead(id, Step::Out(who, reach));
        self.post(who, Body::Deny(id));
    }

    pub(super) fn on_invite(&mut self, from: Fingerprint, invite: Invite) {
        let Invite { group: id, name, token, leader: _ } = invite;
        let group = self.groups.at(id);
        let is_theirs = group.is_some_and(|group| group.leader == from);
        let standing = group.map(|group| group.standing.clone());
        match standing {
            Some(Standing::Member) => return self.tell_behind(id, from),
            Some(Standing::Asked) if is_theirs => {
                self.take_token(from, token);
                return self.say_join(id, Some(id));
            }
            Some(Standing::Asked) => return,
            Some(Standing::Invited | Standing::Out) | None => {}
        }
        if let Some(row) = self.groups.asked_of(from, &name) {
            self.take_token(from, token);
            return self.say_join(row, Some(id));
        }
        let is_new = standing != Some(Standing::Invited) || !is_theirs;
        let is_full = self.groups.is_full() || self.groups.invitations() >= limits::INVITATIONS;
        if is_new && is_full {
            return;
        }
        self.take_token(from, token);
        let new = || Group::new(name, from, Standing::Invited);
        let group = self.groups.by_id.get_or_insert_with(id, new);
        (group.standing, group.leader) = (Standing::Invited, from);
        self.keep_group(id);
        if is_new {
            let why = Some(format!("by {}", self.people.label(from)));
            self.say_group(id, GroupState::Invited, self.me.fingerprint(), why);
        }
    }

    pub(super) fn on_join(&mut self, from: Fingerprint, join: Join) {
        let me = self.me.fingerprint();
        let by_name = |(id, group): (GroupId, &Group)| (group.name == join.name).then_some(id);
        let led = || self.groups.current().filter(|(_, group)| group.is_led_by(me));
        let id = match join.group {
            Some(id) => led().find(|(led, _)| *led == id).map(|(id, _)| id),
            None => led().find_map(by_name),
        };
        let Some((id, group)) = id.and_then(|id| Some((id, self.groups.at(id)?))) else {
            if self.people.is_friend(from) {
                self.post(from, Body::Deny(join.asked));
            }
            return;
        };
        let is_public = group.known.as_ref().is_some_and(|known| known.roster().is_public);
        let (is_in, place) = (group.is_with(from), group.candidate(from));
        let is_invited = place.is_some_and(|place| group.candidates[place].is_invited);
        let is_crowded = place.is_none() && group.candidates.len() >= limits::GROUP_CANDIDATES;
        if is_crowded && !(is_public || is_in || self.people.is_friend(from)) {
            return;
        }
        self.take_token(from, join.token);
        self.take_claim(from, join.me);
        if is_in {
            return self.on_want_roster(from, id);
        }
        if (is_public || is_invited) && self.let_in(id, from).is_ok() {
            return;
        }
        match place {
            Some(_) => {}
            None if is_public || is_crowded => {
                self.deny(id, &Candidate { who: from, is_invited: false });
            }
            None => {
                let candidate = Candidate { who: from, is_invited: false };
                if let Some(group) = self.groups.at_mut(id) {
                    group.candidates.push(candidate);
                }
                self.keep_group(id);
                self.say_group(id, GroupState::Asked, from, None);
            }
        }
    }

    pub(super) fn on_deny(&mut self, from: Fingerprint, id: GroupId) {
        let me = self.me.fingerprint();
        let is_it = |row: &GroupId, it: &Group| {
            let is_asked = it.standing == Standing::Asked;
            *row == id || (is_asked && group::asked_id(me, it.leader, &it.name) == id)
        };
        let found = self.groups.by_id.iter().find(|(row, it)| it.leader == from && is_it(row, it));
        let Some((row, standing)) = found.map(|(row, it)| (*row, it.standing.clone())) else {
            return;
        };
        match standing {
            Standing::Member => {
                let known = self.groups.at(row).and_then(Group::ours);
                let members = known.map(|known| known.order().to_vec()).unwrap_or_default();
                self.go_out(row, GroupState::Kicked);
                self.forsake(row, &members);
            }
            Standing::Asked | Standing::Invited => {
                self.say_group(row, GroupState::Denied, me, None);
                self.forget_group(row);
            }
            Standing::Out => {}
        }
    }

    pub(super) fn on_depart(&mut self, from: Fingerprint, id: GroupId, epoch: u64) {
        let me = self.me.fingerprint();
        let is_it = |row: GroupId| row == id || self.is_asked_as(row, from, id);
        let Some(row) = self.groups.by_id.keys().copied().find(|row| is_it(*row)) else { return };
        let Some(group) = self.groups.at_mut(row) else { return };
        let is_led = group.is_led_by(me);
        if group.is_with(from) {
            if is_led {
                let reach = Bytes(self.core.rng.bytes());
                return self.lead(row, Step::Left(from, reach));
            }
            // A word of before our roster may be of one who has come back since; if they have not,
            // its leader will say so.
            let is_old = group.ours().is_some_and(|known| known.epoch() > epoch);
            if !group.unsaid.remove(&from) && !is_old && group.departed.insert(from) {
                self.say_group(row, GroupState::Left, from, None);
                self.forsake(row, &[from]);
            }
        } else if is_led && self.take_candidate(row, from).is_some() {
            self.keep_group(row);
            self.settle_bond(from);
            let why = Some("they do not want to any more".to_owned());
            self.say_group(row, GroupState::Denied, from, why);
        }
    }

    /// The token by which somebody is reached whose answer is to come, or who wants ours.
    fn take_token(&mut self, from: Fingerprint, token: Token) {
        let bond = self.people.bond(from);
        self.keep_bond(from, Bond { theirs: Some(token), ..bond });
    }

    /// Without a server, people say themselves what they go by.
    fn take_claim(&mut self, from: Fingerprint, name: Option<Name>) {
        let Some(person) = self.people.by_key(from).cloned() else { return };
        if self.config.server.is_none() && person.name.is_none() {
            let name = self.people.free_name(name);
            self.know(Person { name, ..person });
        }
    }

    /// Where nothing is pending between us and somebody, and no friendship, the tokens that we gave
    /// each other for an answer are over; theirs once the last letter to them has come.
    pub(super) fn settle_bond(&mut self, who: Fingerprint) {
        let bond = self.people.bond(who);
        if bond.friendship != Friendship::None || self.groups.is_pending_with(who) {
            return;
        }
        let is_reached = bond.theirs.is_some();
        self.keep_bond(who, Bond { given: None, ..bond });
        if is_reached {
            self.core.query(Query::Waits(who));
        }
    }
}
