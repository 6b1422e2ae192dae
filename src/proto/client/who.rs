//! `who`: whom the server lists, a page at a time, and the friends that it lists for nobody.

use super::Client;
use super::asking::List;
use super::directory::Question;
use super::people::Seen;
use crate::proto::gather;
use crate::proto::model::command::Ticket;
use crate::proto::model::name::Name;
use crate::proto::model::notice::{PersonRow, Row};
use crate::proto::model::person::Person;
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::Who;
use crate::proto::wire::server::{Brief, WhoPage};

impl Client {
    pub(super) fn who(&mut self, ticket: Ticket, prefix: String) {
        if self.directory.is_full() {
            return self.core.done(ticket, Err(Refusal::Busy("requests")));
        }
        if self.lan.is_open() {
            return self.list_near(ticket, List::People(prefix));
        }
        self.ask_who(ticket, prefix, None);
    }

    pub(super) fn on_who_page(&mut self, page: WhoPage) {
        let question = self.directory.questions.remove(&page.req);
        let Some(Question::Who { ticket, prefix, after }) = question else { return };
        let last = page.people.last().map(|brief| brief.name.clone());
        let up_to = last.clone().filter(|_| page.more);
        let mut rows = self.private_friends(&prefix, (after, up_to), &page.people);
        let me = self.me.fingerprint();
        for brief in page.people.into_iter().filter(|brief| brief.fingerprint != me) {
            rows.push(PersonRow {
                name: brief.name.to_string(),
                address: Some(brief.address),
                fingerprint: brief.fingerprint,
                online: true,
                seen: Some(brief.seen),
                age_ms: 0,
                friend: self.people.is_friend(brief.fingerprint),
            });
        }
        gather::sort(&mut rows, |one, other| one.name.cmp(&other.name));
        for row in rows {
            self.core.row(ticket, Row::Person(row));
        }
        match last {
            Some(last) if page.more => self.ask_who(ticket, prefix, Some(last)),
            _ => self.core.done(ticket, Ok(())),
        }
    }

    /// Friends who are online and whom the server lists for nobody, of the names that a page
    /// covers.
    fn private_friends(
        &self,
        prefix: &str,
        (after, up_to): (Option<Name>, Option<Name>),
        listed: &[Brief],
    ) -> Vec<PersonRow> {
        let mut rows = Vec::new();
        for (who, _) in self.people.bonds().filter(|(_, bond)| bond.is_friend()) {
            let Some(person) = self.people.by_key(who) else { continue };
            let Some(name) = &person.name else { continue };
            let is_covered = name.as_str().starts_with(prefix)
                && after.as_ref().is_none_or(|after| name > after)
                && up_to.as_ref().is_none_or(|up_to| name <= up_to);
            let is_online = self.people.seen(who).is_some_and(|seen| seen.online);
            if is_covered && is_online && !listed.iter().any(|brief| brief.fingerprint == who) {
                rows.push(self.row_from_memory(person));
            }
        }
        rows
    }

    /// What is known of somebody while the server cannot be asked.
    pub(super) fn row_from_memory(&self, person: &Person) -> PersonRow {
        self.row_of(person, self.people.seen(person.fingerprint))
    }

    /// What is known of somebody.
    pub(super) fn row_of(&self, person: &Person, seen: Option<Seen>) -> PersonRow {
        PersonRow {
            name: person.label(),
            address: person.address,
            fingerprint: person.fingerprint,
            online: seen.is_some_and(|seen| seen.online),
            seen: seen.map(|seen| seen.last),
            age_ms: seen.map_or(0, |seen| self.core.now.mono.since_ms(seen.told)),
            friend: self.people.is_friend(person.fingerprint),
        }
    }

    fn ask_who(&mut self, ticket: Ticket, prefix: String, after: Option<Name>) {
        let req = self.uplink.req();
        self.directory
            .questions
            .insert(req, Question::Who { ticket, prefix: prefix.clone(), after: after.clone() });
        self.uplink.say(Who { req, prefix, after });
    }
}
