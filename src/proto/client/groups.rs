//! Groups: the verbs, and which letter goes where.
//!
//! | file | about |
//! |---|---|
//! | `group_table` | the groups there are, and what they are called |
//! | `roster` | making, changing, checking rosters; pure |
//! | `rosters` | rosters on their way, and who is behind |
//! | `joining` | ways in and out |
//! | `group_talk` | talk |

use super::Client;
use super::asking::List;
use super::directory::Question;
use super::group_table::Group;
use super::roster::Known;
use super::wishes::Wish;
use crate::proto::gather;
use crate::proto::limits;
use crate::proto::model::command::{GroupVerb, Ticket};
use crate::proto::model::event::GroupState;
use crate::proto::model::group::{GroupTarget, Listing, Standing};
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::name::Name;
use crate::proto::model::notice::{GroupInfo, MemberRow, Row};
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::WantGroups;
use crate::proto::wire::server::GroupsPage;

impl Client {
    pub(super) fn group_verb(&mut self, ticket: Ticket, verb: GroupVerb) {
        let result = match verb {
            GroupVerb::Create { name, is_public } => self.found_group(name, is_public),
            GroupVerb::Join(target) => return self.join_group(ticket, target),
            GroupVerb::Leave(target) => self.leave_group(&target),
            GroupVerb::Invite(target, whom) => return self.invite(ticket, &target, whom),
            GroupVerb::Kick(target, whom) => self.kick(&target, &whom),
            GroupVerb::Allow(target, whom) => self.answer_candidate(&target, &whom, true),
            GroupVerb::Deny(target, whom) => self.answer_candidate(&target, &whom, false),
            GroupVerb::Mine => return self.list_groups(ticket),
            GroupVerb::Public => return self.ask_for_groups(ticket, None, None),
            GroupVerb::Members(target) => self.list_members(ticket, &target),
            GroupVerb::Say { group, text, until } => {
                return self.say_in_group(ticket, &group, text, until);
            }
        };
        match result {
            Ok(()) => self.done_in_force(ticket),
            Err(why) => self.core.done(ticket, Err(why)),
        }
    }

    /// Whether a verb goes to the server.
    pub(super) fn group_needs_server(&self, verb: &GroupVerb) -> bool {
        match verb {
            GroupVerb::Public => true,
            GroupVerb::Join(target) => match &target.leader {
                Some(leader) => self.people.find(leader).is_none(),
                None => self.invitation(target).is_none(),
            },
            GroupVerb::Invite(_, whom) => self.people.find(whom).is_none(),
            // A public group is one that others find.
            GroupVerb::Create { is_public, .. } => {
                *is_public && self.config.server.is_some() && !self.uplink.is_off()
            }
            GroupVerb::Leave(_)
            | GroupVerb::Kick(..)
            | GroupVerb::Allow(..)
            | GroupVerb::Deny(..)
            | GroupVerb::Mine
            | GroupVerb::Members(_)
            | GroupVerb::Say { .. } => false,
        }
    }

    /// Whether mail that is about to come may change the answer to a verb.
    pub(super) fn group_waits_for_mail(verb: &GroupVerb) -> bool {
        !matches!(verb, GroupVerb::Create { .. } | GroupVerb::Public)
    }

    /// A letter about a group, for the first time.
    pub(super) fn on_group_letter(&mut self, from: Fingerprint, letter: Letter) {
        match letter.body {
            Body::Invite(invite) => self.on_invite(from, invite),
            Body::Join(join) => self.on_join(from, join),
            Body::Roster(signed) => self.on_roster(from, *signed),
            Body::Change(change) => self.on_change(from, &change),
            Body::Deny(id) => self.on_deny(from, id),
            Body::Depart(id, epoch) => self.on_depart(from, id, epoch),
            Body::WantRoster(id) => self.on_want_roster(from, id),
            _ => {}
        }
    }

    /// A page of public groups: to show, or to find the leader of one.
    pub(super) fn on_groups_page(&mut self, page: GroupsPage) {
        let question = self.directory.questions.remove(&page.req);
        let Some(Question::Groups { ticket, name }) = question else { return };
        let Some(name) = name else { return self.show_page(ticket, page) };
        let mut leaders = page.groups.into_iter().filter(|it| it.name == name).map(|it| it.leader);
        match (leaders.next(), leaders.next()) {
            (Some(leader), None) => self.join_led_by(ticket, name, Target::Name(leader)),
            (Some(_), Some(_)) => {
                self.core.done(ticket, Err(Refusal::Ambiguous("group of that name")));
            }
            (None, _) => self.core.done(ticket, Err(Refusal::Unknown(name.to_string()))),
        }
    }

    fn show_page(&mut self, ticket: Ticket, page: GroupsPage) {
        let last = page.groups.last().cloned();
        for Listing { name, leader } in page.groups {
            let (name, leader) = (name.to_string(), leader.to_string());
            let (public, standing) = (Some(true), "listed".to_owned());
            let row = GroupInfo { name, leader, public, members: None, standing };
            self.core.row(ticket, Row::Group(row));
        }
        match last {
            Some(last) if page.more => self.ask_for_groups(ticket, None, Some(last)),
            _ => self.core.done(ticket, Ok(())),
        }
    }

    fn found_group(&mut self, name: Name, is_public: bool) -> Result<(), Refusal> {
        let me = self.me.fingerprint();
        if self.groups.current().any(|(_, it)| it.name == name && it.is_led_by(me)) {
            return Err(Refusal::GroupTaken(name.to_string()));
        }
        if self.groups.is_full() {
            return Err(Refusal::Busy("groups"));
        }
        let (mine, dice) = (self.my_name(), self.core.rng.bytes());
        let known = Known::found(&self.me, mine, name.clone(), is_public, dice);
        let id = known.roster().group;
        let group = Group { known: Some(known), ..Group::new(name, me, Standing::Member) };
        self.groups.by_id.insert(id, group);
        self.keep_group(id);
        self.say_group(id, GroupState::Created, me, None);
        self.say_reach();
        self.announce_groups();
        Ok(())
    }

    fn join_group(&mut self, ticket: Ticket, target: GroupTarget) {
        if let Some(found) = self.invitation(&target) {
            let result = found.and_then(|id| self.accept_invitation(id));
            return self.core.done(ticket, result);
        }
        match target.leader {
            Some(leader) => self.join_led_by(ticket, target.name, leader),
            None => self.ask_for_groups(ticket, Some(target.name), None),
        }
    }

    /// The invitation that is meant, if there is one.
    fn invitation(
        &self,
        target: &GroupTarget,
    ) -> Option<Result<crate::proto::id::GroupId, Refusal>> {
        match self.find_group(target, |group| group.standing == Standing::Invited) {
            Err(Refusal::NoGroup(_)) => None,
            found => Some(found),
        }
    }

    fn join_led_by(&mut self, ticket: Ticket, name: Name, leader: Target) {
        match self.people.find(&leader).cloned() {
            Some(person) => self.ask_to_join(ticket, person, name),
            None => self.wish(leader, Wish::Join { ticket, name }),
        }
    }

    fn ask_for_groups(&mut self, ticket: Ticket, name: Option<Name>, after: Option<Listing>) {
        if self.directory.is_full() {
            return self.core.done(ticket, Err(Refusal::Busy("requests")));
        }
        if self.lan.is_open() {
            return self.list_near(ticket, List::Groups(name));
        }
        let req = self.uplink.req();
        self.directory.questions.insert(req, Question::Groups { ticket, name: name.clone() });
        self.uplink.say(WantGroups { req, name, after });
    }

    fn list_groups(&mut self, ticket: Ticket) {
        let me = self.me.fingerprint();
        let mut rows = Vec::new();
        for (id, group) in self.groups.current() {
            let standing = match group.standing {
                Standing::Member if group.leader == me => "leader",
                Standing::Member => "member",
                Standing::Asked => "asked",
                Standing::Invited => "invited",
                Standing::Out => continue,
            };
            let known = group.ours();
            rows.push(GroupInfo {
                name: self.group_label(id),
                leader: self.label_of(group.leader),
                public: known.map(|known| known.roster().is_public),
                members: known.map(|known| known.order().len() - group.departed.len()),
                standing: standing.to_owned(),
            });
        }
        gather::sort(&mut rows, |one, other| one.name.cmp(&other.name));
        for row in rows {
            self.core.row(ticket, Row::Group(row));
        }
        self.core.done(ticket, Ok(()));
    }

    fn list_members(&mut self, ticket: Ticket, target: &GroupTarget) -> Result<(), Refusal> {
        let id = self.find_group(target, |group| group.ours().is_some())?;
        let Some(group) = self.groups.at(id) else { return Ok(()) };
        let order = group.ours().map_or(&[][..], Known::order);
        let members = order.iter().filter(|who| !group.departed.contains(who));
        let word = |who: &Fingerprint| if *who == group.leader { "leader" } else { "member" };
        let members = members.map(|who| (*who, word(who)));
        let candidates = group.candidates.iter().take(limits::GROUP_CANDIDATES).map(|candidate| {
            (candidate.who, if candidate.is_invited { "invited" } else { "asked" })
        });
        let rows: Vec<MemberRow> = (members.chain(candidates))
            .map(|(who, standing)| MemberRow {
                name: self.label_of(who),
                fingerprint: who,
                standing: standing.to_owned(),
            })
            .collect();
        for row in rows {
            self.core.row(ticket, Row::Member(row));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
