//! Questions to everybody on the local network.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | something is to be known, or somebody to be found | Round; `ASK` |
//! | – | the same, while private | –; answered from what was heard |
//! | Round | more of that | Round, shared |
//! | Round | [`limits::ROUND_AGAIN_MS`] later | Round; `ASK` again |
//! | Round | a beacon of the one person who is meant | Round; what waited for them goes on |
//! | Round | [`limits::ROUND_MS`] later | –; answers; who has been silent is away |

use super::Client;
use super::core::Alarm;
use super::people::Seen;
use super::wishes::Wish;
use crate::proto::gather;
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::name::Name;
use crate::proto::model::notice::{GroupInfo, PersonRow, Row};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::time::Mono;
use crate::proto::wire::lan::Beacon;

/// What waits for answers.
#[derive(Default)]
pub(super) struct Asking {
    round: Option<Round>,
    lists: Vec<(Ticket, List)>,
}

struct Round {
    began: Mono,
    is_repeated: bool,
}

/// Something to be listed.
pub(super) enum List {
    /// Who is near, of those whose names begin so.
    People(String),
    /// Public groups; or the one of a name that somebody wants to join.
    Groups(Option<Name>),
}

/// Whom a target means.
enum Found {
    Person(Person, Option<Seen>),
    /// A name that is known under another key.
    Changed {
        pinned: Fingerprint,
        found: Person,
    },
    Many,
    Nobody,
}

impl Asking {
    /// Whether a question is on its way.
    pub fn is_open(&self) -> bool {
        self.round.is_some()
    }

    /// Whether a verb waits for a list.
    pub fn is_listing(&self) -> bool {
        !self.lists.is_empty()
    }

    /// A verb's time is up; whether it waited.
    pub fn forget(&mut self, ticket: Ticket) -> bool {
        let before = self.lists.len();
        self.lists.retain(|(asked, _)| *asked != ticket);
        before != self.lists.len()
    }
}

impl Client {
    /// Asks who is there, unless that is being asked.
    pub(super) fn look_around(&mut self) {
        if self.lan.is_open() && self.is_public() && self.lan.asking.round.is_none() {
            let began = self.core.now.mono;
            self.lan.asking.round = Some(Round { began, is_repeated: false });
            self.say_beacon(Beacon::ASK, None);
            self.core.alarm(Alarm::Round, limits::ROUND_AGAIN_MS, "to ask again who is near");
        }
    }

    pub(super) fn on_round_alarm(&mut self) {
        let Some(round) = &mut self.lan.asking.round else { return };
        if std::mem::replace(&mut round.is_repeated, true) {
            let began = round.began;
            self.lan.asking.round = None;
            for who in self.lan.near.silent_since(began) {
                self.on_far(who);
            }
            return self.end_round();
        }
        let left = limits::ROUND_MS - limits::ROUND_AGAIN_MS;
        self.core.alarm(Alarm::Round, left, "answers on the local network");
        self.say_beacon(Beacon::ASK, None);
    }

    /// Lists something, once it is known.
    pub(super) fn list_near(&mut self, ticket: Ticket, list: List) {
        self.lan.asking.lists.push((ticket, list));
        self.look_around();
        if !self.lan.asking.is_open() {
            self.end_round();
        }
    }

    /// Somebody is meant whom there is a wish about.
    pub(super) fn seek_near(&mut self, target: Target) {
        let now = self.core.now.mono;
        let who = self.only_meant(&target);
        let heard = who.and_then(|who| self.lan.near.by_key(who)).map(|near| near.heard);
        let began = self.lan.asking.round.as_ref().map_or(now, |round| round.began);
        let is_fresh = heard.is_some_and(|heard| heard >= began);
        if !is_fresh {
            self.look_around();
        }
        if is_fresh || !self.lan.asking.is_open() {
            self.end_wishes(&target);
        }
    }

    /// Somebody has spoken: whatever is wished of them alone goes on.
    pub(super) fn end_wishes_for(&mut self, who: Fingerprint) {
        for target in self.directory.wished() {
            if self.only_meant(&target) == Some(who) {
                self.end_wishes(&target);
            }
        }
    }

    /// Nobody is asked any more.
    pub(super) fn end_asking(&mut self, why: &Refusal) {
        self.core.timers.cancel(&Alarm::Round);
        self.lan.asking.round = None;
        for (ticket, _) in std::mem::take(&mut self.lan.asking.lists) {
            self.core.done(ticket, Err(why.clone()));
        }
    }

    /// Who is meant, whoever else may call themselves so.
    fn only_meant(&self, target: &Target) -> Option<Fingerprint> {
        match target {
            Target::Key(who) => Some(*who),
            target => self.people.find(target).map(|person| person.fingerprint),
        }
    }

    /// Whether somebody answers who has not been heard since we asked.
    pub(super) fn is_awaited(&self, who: Fingerprint, said: &Beacon) -> bool {
        let began = self.lan.asking.round.as_ref().map(|round| round.began);
        let heard = self.lan.near.by_key(who).map(|near| near.heard);
        said.kind == Beacon::ANSWER && began.is_some_and(|began| heard.is_none_or(|at| at < began))
    }

    /// What there is to know is known.
    fn end_round(&mut self) {
        for target in self.directory.wished() {
            self.end_wishes(&target);
        }
        for (ticket, list) in std::mem::take(&mut self.lan.asking.lists) {
            match list {
                List::People(prefix) => self.show_near(ticket, &prefix),
                List::Groups(None) => self.show_groups_near(ticket),
                List::Groups(Some(name)) => self.join_near(ticket, name),
            }
        }
    }

    fn end_wishes(&mut self, target: &Target) {
        let wishes = self.directory.take_wishes(target);
        match self.find_near(target) {
            Found::Person(person, seen) => {
                wishes.into_iter().for_each(|wish| self.grant(wish, person.clone(), seen));
            }
            Found::Changed { pinned, found } => self.on_changed_key(pinned, found, wishes),
            Found::Many => self.fail_wishes(target, wishes, &Refusal::Ambiguous("person near")),
            Found::Nobody => {
                self.fail_wishes(target, wishes, &Refusal::Unknown(target.to_string()));
            }
        }
    }

    fn fail_wishes(&mut self, target: &Target, wishes: Vec<Wish>, why: &Refusal) {
        self.note_unwished(target, &wishes, why);
        wishes.into_iter().for_each(|wish| self.fail_wish(wish, why.clone()));
    }

    fn find_near(&self, target: &Target) -> Found {
        let mine = self.my_name().map(Target::Name);
        let me = self.me.fingerprint();
        if *target == Target::Key(me) || mine.as_ref() == Some(target) {
            let (name, identity) = (self.my_name(), *self.me.public());
            let person = Person { fingerprint: me, identity, name, address: None };
            return Found::Person(person, Some(self.seen_now()));
        }
        let meant = self.only_meant(target);
        if let Some(who) = meant
            && let Some(person) = self.person_near(who)
        {
            return Found::Person(person, self.seen_near(who));
        }
        let Target::Name(name) = target else {
            return match meant.and_then(|who| self.people.by_key(who)) {
                Some(person) => self.found_away(person),
                None => Found::Nobody,
            };
        };
        let is_nameless = |person: &Person| person.name.is_none();
        let claims = |(who, _): &(Fingerprint, _)| self.people.by_key(*who).is_none_or(is_nameless);
        let near = self.lan.near.iter().filter(|(_, near)| near.name.as_ref() == Some(name));
        let mut near = near.filter(claims).map(|(who, _)| who);
        match (near.next(), near.next(), meant.and_then(|who| self.people.by_key(who))) {
            (None, _, None) => Found::Nobody,
            (None, _, Some(person)) => self.found_away(person),
            (Some(who), None, pinned) => match (self.person_near(who), pinned) {
                (Some(found), Some(pinned)) => {
                    let name = Some(name.clone());
                    let found = Person { name, ..found };
                    Found::Changed { pinned: pinned.fingerprint, found }
                }
                (Some(found), None) => Found::Person(found, self.seen_near(who)),
                (None, _) => Found::Nobody,
            },
            (Some(_), Some(_), _) => Found::Many,
        }
    }

    fn found_away(&self, person: &Person) -> Found {
        Found::Person(person.clone(), self.people.seen(person.fingerprint))
    }

    /// Somebody near, as they are known here, or as they call themselves where that is free.
    fn person_near(&self, who: Fingerprint) -> Option<Person> {
        let near = self.lan.near.by_key(who)?;
        let new =
            || Person { fingerprint: who, identity: near.identity, name: None, address: None };
        let mut person = self.people.by_key(who).cloned().unwrap_or_else(new);
        if person.name.is_none() {
            person.name = self.people.free_name(near.name.clone());
        }
        Some(person)
    }

    fn seen_near(&self, who: Fingerprint) -> Option<Seen> {
        let near = self.lan.near.by_key(who)?;
        Some(Seen { online: true, last: near.last, told: near.heard })
    }

    fn seen_now(&self) -> Seen {
        Seen { online: true, last: self.core.now.wall, told: self.core.now.mono }
    }

    fn show_near(&mut self, ticket: Ticket, prefix: &str) {
        let mut rows: Vec<PersonRow> = Vec::new();
        for (who, _) in self.lan.near.iter() {
            if let Some(person) = self.person_near(who) {
                rows.push(self.row_of(&person, self.seen_near(who)));
            }
        }
        rows.retain(|row| row.name.starts_with(prefix));
        gather::sort(&mut rows, |one, other| one.name.cmp(&other.name));
        for row in rows {
            self.core.row(ticket, Row::Person(row));
        }
        self.core.done(ticket, Ok(()));
    }

    fn show_groups_near(&mut self, ticket: Ticket) {
        let mut rows: Vec<GroupInfo> = Vec::new();
        let mut add = |names: &[Name], leader: &str| {
            for name in names {
                let (name, leader) = (name.to_string(), leader.to_owned());
                let (public, standing) = (Some(true), "listed".to_owned());
                rows.push(GroupInfo { name, leader, public, members: None, standing });
            }
        };
        if self.is_public() {
            add(&self.led_in_public(), &self.label_of(self.me.fingerprint()));
        }
        for (who, near) in self.lan.near.iter() {
            if let Some(person) = self.person_near(who) {
                add(&near.groups, &person.label());
            }
        }
        gather::sort(&mut rows, |one, other| one.name.cmp(&other.name));
        for row in rows {
            self.core.row(ticket, Row::Group(row));
        }
        self.core.done(ticket, Ok(()));
    }

    fn join_near(&mut self, ticket: Ticket, name: Name) {
        let near = self.lan.near.iter().filter(|(_, near)| near.groups.contains(&name));
        let mut leaders = near.map(|(who, _)| who);
        let (first, second) = (leaders.next(), leaders.next());
        drop(leaders);
        match (first.and_then(|leader| self.person_near(leader)), second) {
            (Some(person), None) => self.ask_to_join(ticket, person, name),
            (Some(_), Some(_)) => {
                self.core.done(ticket, Err(Refusal::Ambiguous("group of that name")));
            }
            (None, _) => self.core.done(ticket, Err(Refusal::Unknown(name.to_string()))),
        }
    }
}
