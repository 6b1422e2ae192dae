//! Friends: asking, answering, ending; blocks. All of it goes as letters from one to the other.
//!
//! | friendship | input | next, output |
//! |---|---|---|
//! | None | `add` | Asked; token given, `Befriend`; friend `asked` |
//! | None | `Befriend` | Asking; request (at most [`limits::FRIEND_REQUESTS`] are kept) |
//! | Asked | `Befriend` (both asked) | Friends; friend `confirmed` |
//! | Asked | `Agree` | Friends; friend `confirmed` |
//! | Asked | `Reject` | None; token revoked; friend `rejected` |
//! | Asked | `unfriend` | None; token revoked, `Unfriend` |
//! | Asking | `confirm`, `add` | Friends; token given, `Agree`; friend `confirmed` |
//! | Asking | `reject` | None; `Reject`; friend `rejected` |
//! | Asking | `Befriend` | Asking, with the new words |
//! | Asking | `Unfriend` (they took it back) | None |
//! | Friends | `unfriend` | None; token revoked, `Unfriend`; friend `removed` |
//! | Friends | `Unfriend` | None; token revoked; friend `removed` |
//! | Friends | `Befriend` (they forgot us) | Friends; `Agree` |
//! | Friends | `Agree` | Friends, with their new token |
//! | Friends | `Reject` (of what we asked anew) | None; token revoked; friend `removed` |
//! | None | `Agree` (to what we took back) | None; `Unfriend` |
//!
//! Any other letter changes nothing. A blocked person's letters are not looked at.

use super::Client;
use super::file_names::floor_char;
use super::wishes::Wish;
use crate::proto::bytes::Bytes;
use crate::proto::crypto::{digest, keys};
use crate::proto::gather;
use crate::proto::limits;
use crate::proto::model::bond::{Bond, Friendship, Token, TokenHash};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, FriendState};
use crate::proto::model::letter::{Agree, Befriend, Body, Letter};
use crate::proto::model::notice::{RequestRow, Row, SafetyRow};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::record::{Query, Record};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::Reach;

impl Client {
    pub(super) fn add(&mut self, ticket: Ticket, target: Target, text: String) {
        if text.len() > limits::REQUEST_TEXT_BYTES {
            return self.core.done(ticket, Err(Refusal::WordsTooLong(text.len())));
        }
        match self.people.find(&target).cloned() {
            Some(person) => self.befriend(ticket, person, text),
            None => self.wish(target, Wish::Add { ticket, text }),
        }
    }

    /// The person is known: asks them, or says yes to what they asked.
    pub(super) fn befriend(&mut self, ticket: Ticket, person: Person, text: String) {
        let who = person.fingerprint;
        if let Some(refusal) = self.may_write_to(who) {
            return self.core.done(ticket, Err(refusal));
        }
        match self.people.bond(who).friendship {
            Friendship::Friends => {}
            Friendship::Asking(..) => self.agree_to(who),
            Friendship::None | Friendship::Asked => {
                self.know(person);
                let token = self.give_token(who, Friendship::Asked);
                let name = self.account.as_ref().map(|(name, _)| name.clone());
                self.post(who, Body::Befriend(Befriend { name, text, token }));
                self.say_friend(who, FriendState::Asked);
            }
        }
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn requests(&mut self, ticket: Ticket) {
        let mut rows = Vec::new();
        for (who, bond) in self.people.bonds() {
            if let Friendship::Asking(text, since) = &bond.friendship {
                let from = self.people.label(who);
                let (text, since) = (text.clone(), *since);
                rows.push(RequestRow { from, fingerprint: who, text, since });
            }
        }
        gather::sort(&mut rows, |one, other| one.since.cmp(&other.since));
        for row in rows {
            self.core.row(ticket, Row::Request(row));
        }
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn confirm(&mut self, ticket: Ticket, target: Target) {
        let result = self.asking(&target).map(|who| self.agree_to(who));
        self.core.done(ticket, result);
    }

    pub(super) fn reject(&mut self, ticket: Ticket, target: Target) {
        let result = self.asking(&target).map(|who| {
            self.keep_bond(who, Bond { friendship: Friendship::None, ..self.people.bond(who) });
            self.post(who, Body::Reject);
            self.say_friend(who, FriendState::Rejected);
        });
        self.core.done(ticket, result);
    }

    pub(super) fn friends(&mut self, ticket: Ticket) {
        let friends: Vec<Fingerprint> =
            self.people.bonds().filter(|(_, bond)| bond.is_friend()).map(|(who, _)| who).collect();
        for who in friends {
            if let Some(person) = self.people.by_key(who) {
                let row = self.row_from_memory(person);
                self.core.row(ticket, Row::Person(row));
            }
        }
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn unfriend(&mut self, ticket: Ticket, target: Target) {
        let bound =
            |bond: &Bond| matches!(bond.friendship, Friendship::Friends | Friendship::Asked);
        let found = self.people.find(&target).map(|person| person.fingerprint);
        let Some(who) = found.filter(|who| bound(&self.people.bond(*who))) else {
            return self.core.done(ticket, Err(Refusal::NoFriend(target.to_string())));
        };
        self.revoke(who);
        self.post(who, Body::Unfriend);
        self.say_friend(who, FriendState::Removed);
        self.done_in_force(ticket);
    }

    pub(super) fn block(&mut self, ticket: Ticket, target: Target) {
        match self.people.find(&target).cloned() {
            Some(person) => self.block_person(ticket, person),
            None => self.wish(target, Wish::Block(ticket)),
        }
    }

    /// Nothing of theirs gets through from now on; a session with them ends.
    pub(super) fn block_person(&mut self, ticket: Ticket, person: Person) {
        let who = person.fingerprint;
        if who == self.me.fingerprint() {
            return self.core.done(ticket, Err(Refusal::Myself));
        }
        self.know(person);
        let mut bond = self.people.bond(who);
        bond.is_blocked = true;
        if matches!(bond.friendship, Friendship::Asking(..)) {
            bond.friendship = Friendship::None;
        }
        self.keep_bond(who, bond);
        if let Some(session) = self.sessions.with(who) {
            self.part_with(session);
        }
        self.done_in_force(ticket);
    }

    pub(super) fn unblock(&mut self, ticket: Ticket, target: Target) {
        let blocked = self.people.find(&target).map(|person| person.fingerprint);
        let Some(who) = blocked.filter(|who| self.people.is_blocked(*who)) else {
            return self.core.done(ticket, Err(Refusal::Unknown(target.to_string())));
        };
        self.keep_bond(who, Bond { is_blocked: false, ..self.people.bond(who) });
        // What came meanwhile was not looked at; their program has it still.
        self.ask_again_of(who);
        self.done_in_force(ticket);
    }

    pub(super) fn blocks(&mut self, ticket: Ticket) {
        let blocked: Vec<Fingerprint> =
            self.people.bonds().filter(|(_, bond)| bond.is_blocked).map(|(who, _)| who).collect();
        for who in blocked {
            if let Some(person) = self.people.by_key(who) {
                let row = self.row_from_memory(person);
                self.core.row(ticket, Row::Person(row));
            }
        }
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn verify(&mut self, ticket: Ticket, target: Target) {
        let Some(person) = self.people.find(&target) else {
            return self.wish(target, Wish::Verify(ticket));
        };
        let person = person.clone();
        self.show_safety(ticket, &person);
    }

    pub(super) fn show_safety(&mut self, ticket: Ticket, person: &Person) {
        let number = keys::safety_number(self.me.fingerprint(), person.fingerprint);
        let (name, fingerprint) = (person.label(), person.fingerprint);
        self.core.row(ticket, Row::Safety(SafetyRow { name, fingerprint, number }));
        self.core.done(ticket, Ok(()));
    }

    /// A letter that is no text: the store knows whether it has been acted on.
    pub(super) fn on_note(&mut self, from: Fingerprint, letter: Letter) {
        self.core.query(Query::Note(from, letter));
    }

    pub(super) fn on_note_read(&mut self, from: Fingerprint, letter: Letter, is_new: bool) {
        if !is_new || self.people.is_blocked(from) {
            return;
        }
        self.core.keep(Record::NoteSeen(from, letter.id));
        match letter.body {
            Body::Befriend(befriend) => self.on_befriend(from, befriend),
            Body::Agree(agree) => self.on_agree(from, agree),
            Body::Reject => self.on_reject(from),
            Body::Unfriend => self.on_unfriend(from),
            Body::Invite(_)
            | Body::Join(_)
            | Body::Roster(_)
            | Body::Change(_)
            | Body::Deny(_)
            | Body::Depart(..)
            | Body::WantRoster(_) => self.on_group_letter(from, letter),
            Body::Offer(offer) => self.on_file_offer(from, letter.id, letter.sent, *offer),
            Body::Outcome(outcome) => self.on_outcome(from, outcome),
            Body::WantPosts => self.on_want_posts(from, letter.id),
            Body::Posts(asked, posts) => self.on_posts(from, asked, posts),
            Body::WantPost(id) => self.on_want_post(from, letter.id, &id),
            Body::NoPost(asked, why) => self.on_no_post(from, asked, &why),
            Body::Text(_) | Body::Talk(_) | Body::Unknown => {}
        }
    }

    /// Tells the server by which tokens we are reached, and who is not to reach us.
    pub(super) fn say_reach(&mut self) {
        let bonds = || self.people.bonds();
        let given = bonds().filter_map(|(_, bond)| bond.given);
        let given = given.chain(self.groups.given(self.me.fingerprint()));
        let tokens: Vec<TokenHash> = given.map(digest::token_hash).take(limits::TOKENS).collect();
        let blocked = bonds().filter(|(_, bond)| bond.is_blocked).map(|(who, _)| who);
        let blocked = blocked.take(limits::BLOCKED).collect();
        self.uplink.say(Reach { tokens, blocked });
    }

    /// Why nothing is written to somebody, if so.
    pub(super) fn may_write_to(&self, who: Fingerprint) -> Option<Refusal> {
        if who == self.me.fingerprint() {
            return Some(Refusal::Myself);
        }
        if self.people.is_blocked(who) {
            return Some(Refusal::Blocked(self.people.label(who)));
        }
        let changed = self.people.is_changed(who);
        changed.then(|| Refusal::IdentityChanged(self.people.label(who)))
    }

    fn on_befriend(&mut self, from: Fingerprint, befriend: Befriend) {
        let mut bond = self.people.bond(from);
        bond.theirs = Some(befriend.token);
        match bond.friendship {
            Friendship::Asked => {
                self.keep_bond(from, Bond { friendship: Friendship::Friends, ..bond });
                self.say_friend(from, FriendState::Confirmed);
            }
            Friendship::Friends => {
                self.keep_bond(from, bond);
                let token = self.give_token(from, Friendship::Friends);
                self.post(from, Body::Agree(Agree { token }));
            }
            Friendship::None | Friendship::Asking(..) => {
                let is_first = bond.friendship == Friendship::None;
                if is_first && self.people.requests() >= limits::FRIEND_REQUESTS {
                    return;
                }
                let mut text = befriend.text;
                text.truncate(floor_char(&text, limits::REQUEST_TEXT_BYTES));
                bond.friendship = Friendship::Asking(text.clone(), self.core.now.wall);
                self.keep_bond(from, bond);
                if is_first {
                    let from = self.people.label(from);
                    self.core.event(Event::Request { from, text });
                }
            }
        }
    }

    fn on_agree(&mut self, from: Fingerprint, agree: Agree) {
        let mut bond = self.people.bond(from);
        let was = bond.friendship.clone();
        match was {
            Friendship::Asked | Friendship::Friends => {}
            // Their yes crossed with our taking it back. One word is enough, however often they
            // agree to nothing.
            Friendship::None if !self.outbox.waits_for(from) => {
                return self.post(from, Body::Unfriend);
            }
            Friendship::None | Friendship::Asking(..) => return,
        }
        bond.theirs = Some(agree.token);
        bond.friendship = Friendship::Friends;
        self.keep_bond(from, bond);
        if was == Friendship::Asked {
            self.say_friend(from, FriendState::Confirmed);
        }
    }

    fn on_reject(&mut self, from: Fingerprint) {
        let state = match self.people.bond(from).friendship {
            Friendship::Asked => FriendState::Rejected,
            Friendship::Friends => FriendState::Removed,
            Friendship::None | Friendship::Asking(..) => return,
        };
        self.lose(from);
        self.say_friend(from, state);
    }

    fn on_unfriend(&mut self, from: Fingerprint) {
        match self.people.bond(from).friendship {
            Friendship::Friends => {
                self.lose(from);
                self.say_friend(from, FriendState::Removed);
            }
            Friendship::Asking(..) => self.lose(from),
            Friendship::None | Friendship::Asked => {}
        }
    }

    fn asking(&self, target: &Target) -> Result<Fingerprint, Refusal> {
        let who = self.people.find(target).map(|person| person.fingerprint);
        let asks =
            |who: &Fingerprint| matches!(self.people.bond(*who).friendship, Friendship::Asking(..));
        who.filter(asks).ok_or_else(|| Refusal::NoRequest(target.to_string()))
    }

    fn agree_to(&mut self, who: Fingerprint) {
        let token = self.give_token(who, Friendship::Friends);
        self.post(who, Body::Agree(Agree { token }));
        self.say_friend(who, FriendState::Confirmed);
    }

    /// The token that somebody has of us, made now if they have none; with how far the two are.
    pub(super) fn give_token(&mut self, who: Fingerprint, friendship: Friendship) -> Token {
        let mut bond = self.people.bond(who);
        let token = bond.given.unwrap_or_else(|| Token(Bytes(self.core.rng.bytes())));
        bond.given = Some(token);
        bond.friendship = friendship;
        self.keep_bond(who, bond);
        token
    }

    /// Ends what there is; the token that they have of us is worth nothing any more. Theirs stays
    /// until the last letter to them has come.
    fn revoke(&mut self, who: Fingerprint) {
        let bond = self.people.bond(who);
        self.keep_bond(who, Bond { friendship: Friendship::None, given: None, ..bond });
    }

    /// They ended it.
    fn lose(&mut self, who: Fingerprint) {
        self.revoke(who);
        self.core.query(Query::Waits(who));
    }

    /// Nothing of ours waits for somebody: what we needed to tell them the end, we need no more.
    pub(super) fn forget_token(&mut self, who: Fingerprint) {
        let bond = self.people.bond(who);
        if bond.friendship == Friendship::None && !self.groups.is_pending_with(who) {
            self.keep_bond(who, Bond { theirs: None, ..bond });
        }
    }

    pub(super) fn keep_bond(&mut self, who: Fingerprint, bond: Bond) {
        let before = self.people.bond(who);
        if before == bond {
            return;
        }
        let is_reach = before.given != bond.given || before.is_blocked != bond.is_blocked;
        let is_watch = before.theirs != bond.theirs;
        self.people.set_bond(who, bond.clone());
        self.core.keep(Record::Bond(who, bond));
        self.forget_grants_to(who);
        self.mind_posts_with(who);
        if is_reach {
            self.say_reach();
        }
        if is_watch {
            self.watch();
        }
    }

    fn say_friend(&mut self, who: Fingerprint, state: FriendState) {
        let name = self.people.label(who);
        self.core.event(Event::Friend { name, state });
    }
}
