//! Questions to the server: lookup, update, visibility; and what waits for their answers.

use super::Client;
use super::people::{Reading, Seen};
use super::wishes::Wish;
use crate::proto::id::ReqId;
use crate::proto::limits;
use crate::proto::model::account::Visibility;
use crate::proto::model::command::{Command, Ticket};
use crate::proto::model::event::Event;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::table::Table;
use crate::proto::wire::client::{Lookup, Show, Watch, Watched};
use crate::proto::wire::server::{Found, OverBudget, Presence, Shown};
use std::collections::VecDeque;

/// What was asked, and what waits.
#[derive(Default)]
pub(super) struct Directory {
    pub questions: Table<ReqId, Question>,
    /// Lookups on their way, with what each answer is for, in the order it was wanted.
    wishes: Table<Target, Vec<Wish>>,
    /// Commands that wait until we are signed in.
    put_off: VecDeque<Command>,
    unreachable: String,
    /// Whom we know, or by what they are reached, is not what the server was told.
    is_watch_stale: bool,
}

/// What was asked.
pub(super) enum Question {
    Who {
        ticket: Ticket,
        prefix: String,
        after: Option<Name>,
    },
    Lookup(Target),
    /// Public groups: all, or those of a name that somebody wants to join.
    Groups {
        ticket: Ticket,
        name: Option<Name>,
    },
    Show(Ticket),
    /// Its answer comes behind the mail that was sent before.
    Mark,
    /// Its answer says that what went before it is in force.
    InForce(Ticket),
}

impl Directory {
    pub fn is_settled(&self) -> bool {
        self.questions.is_empty() && self.wishes.is_empty() && self.put_off.is_empty()
    }

    /// Half of what it takes; more would be refused.
    pub fn is_busy(&self) -> bool {
        self.waiting() >= limits::REQUESTS / 2
    }

    /// Remembers why the server is not reached, for whoever loses patience.
    pub fn note_unreachable(&mut self, why: &str) {
        self.unreachable = why.to_owned();
    }

    /// Why the server was not reached the last time; empty if it was never tried in vain.
    pub fn unreachable(&self) -> &str {
        &self.unreachable
    }

    fn waiting(&self) -> usize {
        let wishes: usize = self.wishes.values().map(Vec::len).sum();
        self.questions.len() + wishes + self.put_off.len()
    }

    /// Whom there are wishes about.
    pub fn wished(&self) -> Vec<Target> {
        self.wishes.keys().cloned().collect()
    }

    /// What is wished of somebody; it is to be granted, or to fail.
    pub fn take_wishes(&mut self, target: &Target) -> Vec<Wish> {
        self.wishes.remove(target).unwrap_or_default()
    }

    pub fn is_full(&self) -> bool {
        self.waiting() >= limits::REQUESTS
    }

    /// Forgets what waits for this ticket; whether anything did.
    fn forget(&mut self, ticket: Ticket) -> bool {
        let before = self.waiting();
        self.put_off.retain(|command| command.ticket != ticket);
        for wishes in self.wishes.values_mut() {
            wishes.retain(|wish| wish.ticket() != ticket);
        }
        self.questions.retain(|_, question| match question {
            Question::Who { ticket: asked, .. }
            | Question::Groups { ticket: asked, .. }
            | Question::Show(asked)
            | Question::InForce(asked) => *asked != ticket,
            Question::Lookup(_) | Question::Mark => true,
        });
        before != self.waiting()
    }
}

impl Client {
    /// Puts a command off until we are signed in, or refuses it where that will not be.
    pub(super) fn put_off(&mut self, command: Command) {
        let refusal = if self.config.server.is_none() && self.config.is_proxied {
            Refusal::NoServer
        } else if self.uplink.is_off() && !self.lan.is_coming() {
            Refusal::NotSignedIn
        } else if self.directory.is_full() {
            Refusal::Busy("requests")
        } else {
            return self.directory.put_off.push_back(command);
        };
        self.note_unmet(&command.verb, &refusal);
        self.core.done(command.ticket, Err(refusal));
    }

    /// Signed in and listening: says whom to watch, asks again what has no answer, and takes up
    /// what was put off.
    pub(super) fn ask_again(&mut self) {
        self.say_reach();
        self.seek_all();
        self.announce_groups();
        self.watch();
        for target in self.directory.wished() {
            self.ask_server(target);
        }
        self.take_up_all();
        self.send_on_all();
    }

    /// Everything that was put off fails.
    pub(super) fn fail_put_off(&mut self, why: &Refusal) {
        for command in std::mem::take(&mut self.directory.put_off) {
            self.note_unmet(&command.verb, why);
            self.core.done(command.ticket, Err(why.clone()));
        }
        for (target, wishes) in std::mem::take(&mut self.directory.wishes).into_pairs() {
            self.note_unwished(&target, &wishes, why);
            wishes.into_iter().for_each(|wish| self.fail_wish(wish, why.clone()));
        }
    }

    /// The link is gone: lookups are asked again on the next; what else was asked has failed.
    pub(super) fn lose_questions(&mut self) {
        for question in std::mem::take(&mut self.directory.questions).into_values() {
            match question {
                Question::Who { ticket, .. }
                | Question::Groups { ticket, .. }
                | Question::Show(ticket) => {
                    let why = Refusal::ServerUnreachable("the link broke".into());
                    self.core.done(ticket, Err(why));
                }
                // What is to be in force is the first that the next link says.
                Question::InForce(ticket) => self.core.done(ticket, Ok(())),
                Question::Lookup(_) | Question::Mark => {}
            }
        }
    }

    /// A verb's time is up: whether it waited for the server, and then what to say.
    pub(super) fn forget_question(&mut self, ticket: Ticket) -> Option<Refusal> {
        let why = match self.directory.unreachable.as_str() {
            "" => "no answer in time".to_owned(),
            why => why.to_owned(),
        };
        if self.lan.is_open() {
            let waited = self.directory.forget(ticket) | self.lan.asking.forget(ticket);
            return waited.then_some(Refusal::TimeOut);
        }
        self.directory.forget(ticket).then_some(Refusal::ServerUnreachable(why))
    }

    /// Wants to know of a person; several wishes about one share the question.
    pub(super) fn wish(&mut self, target: Target, wish: Wish) {
        if self.directory.is_full() {
            return self.fail_wish(wish, Refusal::Busy("requests"));
        }
        let wishes = self.directory.wishes.get_or_insert_with(target.clone(), Vec::new);
        wishes.push(wish);
        if wishes.len() == 1 {
            self.ask_server(target);
        }
    }

    pub(super) fn on_found(&mut self, found: Found) {
        let target = match self.directory.questions.remove(&found.req) {
            Some(Question::Lookup(target)) => target,
            Some(Question::Mark) => return self.on_mark(),
            Some(Question::InForce(ticket)) => return self.core.done(ticket, Ok(())),
            Some(Question::Who { .. } | Question::Groups { .. } | Question::Show(_)) | None => {
                return;
            }
        };
        let wishes = self.directory.take_wishes(&target);
        let Some(card) = found.who else {
            let unknown = Refusal::Unknown(target.to_string());
            self.note_unwished(&target, &wishes, &unknown);
            return wishes.into_iter().for_each(|wish| self.fail_wish(wish, unknown.clone()));
        };
        match self.people.read(&card) {
            Reading::Forged => {
                let why = Refusal::ServerRefused("it gave keys that do not belong together".into());
                wishes.into_iter().for_each(|wish| self.fail_wish(wish, why.clone()));
            }
            Reading::Changed { pinned, found } => self.on_changed_key(pinned, found, wishes),
            Reading::Person(person) => {
                let told = self.core.now.mono;
                let seen = Some(Seen { online: card.online, last: card.seen, told });
                wishes.into_iter().for_each(|wish| self.grant(wish, person.clone(), seen));
            }
        }
    }

    /// A name answers with another key than the pinned one: said aloud, and nothing goes there.
    pub(super) fn on_changed_key(&mut self, pinned: Fingerprint, found: Person, wishes: Vec<Wish>) {
        let name = found.label();
        let trusted = wishes.iter().any(|wish| matches!(wish, Wish::Trust(_)));
        if trusted {
            self.trust(pinned, found);
        } else {
            self.say_changed(pinned, &found);
        }
        for wish in wishes {
            match wish {
                Wish::Trust(ticket) => self.core.done(ticket, Ok(())),
                other => self.fail_wish(other, Refusal::IdentityChanged(name.clone())),
            }
        }
    }

    /// Says aloud, once, that a name answers with another key.
    pub(super) fn say_changed(&mut self, pinned: Fingerprint, found: &Person) {
        if !self.people.is_changed(pinned) {
            self.people.set_changed(pinned, true);
            let (name, new) = (found.label(), found.fingerprint);
            self.core.event(Event::Identity { name, old: pinned, new });
            self.await_no_more_of(pinned);
        }
    }

    fn trust(&mut self, pinned: Fingerprint, found: Person) {
        if let Some(old) = self.people.by_key(pinned).cloned() {
            let nameless = Person { name: None, address: None, ..old };
            self.people.set_changed(pinned, false);
            self.people.put(nameless.clone());
            self.core.keep(Record::Person(nameless));
        }
        self.know(found);
    }

    /// Keeps somebody, if there is anything new about them.
    pub(super) fn know(&mut self, person: Person) {
        if self.people.by_key(person.fingerprint) != Some(&person) {
            let key = person.fingerprint;
            let is_new = self.people.by_key(key).is_none();
            self.people.put(person.clone());
            self.core.keep(Record::Person(person));
            if is_new {
                self.watch();
                self.learn_address(key);
            }
        }
    }

    pub(super) fn update(&mut self, ticket: Ticket) {
        let everybody: Vec<Fingerprint> = self.people.keys().collect();
        self.begin_parts(ticket, everybody.len());
        for key in everybody {
            self.wish(Target::Key(key), Wish::Row(ticket));
        }
        self.watch();
    }

    pub(super) fn set_visibility(&mut self, ticket: Ticket, visibility: Visibility) {
        if self.uplink.is_in() {
            if self.directory.is_full() {
                return self.core.done(ticket, Err(Refusal::Busy("requests")));
            }
            let req = self.uplink.req();
            self.directory.questions.insert(req, Question::Show(ticket));
            return self.uplink.say(Show { req, visibility });
        }
        let before = self.visibility.replace(visibility).unwrap_or(Visibility::Public);
        self.core.keep(Record::Visibility(visibility));
        self.show_on_lan(before);
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn on_shown(&mut self, shown: Shown) {
        let question = self.directory.questions.remove(&shown.req);
        let Some(Question::Show(ticket)) = question else { return };
        self.visibility = Some(shown.visibility);
        self.core.keep(Record::Visibility(shown.visibility));
        self.core.done(ticket, Ok(()));
        self.send_on_all();
    }

    pub(super) fn on_presence(&mut self, presence: Presence) {
        let Some(person) = self.people.by_key(presence.who) else { return };
        let name = person.label();
        let Presence { who, online, seen: last } = presence;
        let told = self.core.now.mono;
        if self.people.saw(who, Seen { online, last, told }) {
            self.core.event(Event::Presence { name, online, seen: Some(last) });
            self.postage.take_heart(who);
            self.send_on(who);
        }
    }

    pub(super) fn on_over_budget(&mut self, over: OverBudget) {
        let busy = Refusal::Busy("requests");
        if let Some(session) = over.session {
            self.fail_session(session, busy.clone());
        }
        if over.req.is_some_and(|req| self.on_mail_over_budget(req)) {
            return;
        }
        match over.req.and_then(|req| self.directory.questions.remove(&req)) {
            Some(
                Question::Who { ticket, .. }
                | Question::Groups { ticket, .. }
                | Question::Show(ticket),
            ) => {
                self.core.done(ticket, Err(busy));
            }
            Some(Question::Lookup(target)) => {
                let wishes = self.directory.wishes.remove(&target).unwrap_or_default();
                wishes.into_iter().for_each(|wish| self.fail_wish(wish, busy.clone()));
            }
            Some(Question::Mark) => self.end_collecting(),
            Some(Question::InForce(ticket)) => self.core.done(ticket, Ok(())),
            None => {}
        }
    }

    /// Asks the server for something that it answers behind the mail that it has sent.
    pub(super) fn set_mark(&mut self) {
        self.ask_for_me(Question::Mark);
    }

    /// A verb is done when what was said to the server up to here is in force there.
    pub(super) fn done_in_force(&mut self, ticket: Ticket) {
        match self.uplink.is_in() {
            true => self.ask_for_me(Question::InForce(ticket)),
            false => self.core.done(ticket, Ok(())),
        }
    }

    fn ask_for_me(&mut self, question: Question) {
        let req = self.uplink.req();
        self.directory.questions.insert(req, question);
        self.uplink.say(Lookup { req, who: Target::Key(self.me.fingerprint()), token: None });
    }

    /// What was put off is taken up; it may be put off again.
    pub(super) fn take_up_all(&mut self) {
        for command in std::mem::take(&mut self.directory.put_off) {
            self.take_up(command);
        }
    }

    /// The server is told at the end of the wake, once, whom we watch.
    pub(super) fn watch(&mut self) {
        self.directory.is_watch_stale = true;
    }

    /// Friends go first where they are more than may be watched.
    pub(super) fn say_watch(&mut self) {
        let is_stale = std::mem::take(&mut self.directory.is_watch_stale);
        if is_stale && self.lan.is_open() {
            self.greet_near();
        }
        if !is_stale || !self.uplink.is_in() {
            return;
        }
        let friends = self.people.keys().filter(|who| self.people.is_friend(*who));
        let others = self.people.keys().filter(|who| !self.people.is_friend(*who));
        let watched = |who| Watched { who, token: self.token_of(who) };
        let all = friends.chain(others).take(limits::WATCHED);
        let who: Vec<Watched> = all.map(watched).collect();
        if !who.is_empty() {
            self.uplink.say(Watch { who });
        }
    }

    fn ask_server(&mut self, target: Target) {
        if self.uplink.is_in() {
            let req = self.uplink.req();
            let known = self.people.find(&target).map(|person| person.fingerprint);
            let token = known.and_then(|who| self.token_of(who));
            self.directory.questions.insert(req, Question::Lookup(target.clone()));
            self.uplink.say(Lookup { req, who: target, token });
        } else if self.lan.is_open() {
            self.seek_near(target);
        }
    }
}
