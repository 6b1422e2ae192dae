//! Which verb goes where, and verbs that end only when all their parts have.

use super::core::Alarm;
use super::wishes::Wish;
use super::{Client, Remote};
use crate::proto::limits;
use crate::proto::machine::StreamAction;
use crate::proto::model::account::Visibility;
use crate::proto::model::command::{Command, GroupVerb, Ticket, Verb};
use crate::proto::model::event::Stage;
use crate::proto::model::notice::{Row, WhoamiRow};
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::refusal::Refusal;
use std::net::SocketAddr;

impl Client {
    pub(super) fn on_command(&mut self, command: Command) {
        if command.ticket != Ticket::NOBODY {
            self.core.alarm(Alarm::Verb(command.ticket), command.timeout_ms, "a verb's time");
        }
        self.take_up(command);
    }

    /// Sees to a command, now or put off until now; its time runs from when it was given.
    pub(super) fn take_up(&mut self, command: Command) {
        let is_served = self.uplink.is_in() || self.lan.is_open();
        if self.needs_server(&command.verb) && !is_served {
            return self.on_command_offline(command);
        }
        if self.waits_for_mail(&command.verb) {
            return self.put_off(command);
        }
        match self.unknown_address(&command.verb) {
            Some(target) => self.wish(target, Wish::Meant(Box::new(command))),
            None => self.perform(command),
        }
    }

    /// Who is known but not by their address, such as a sender of mail, may be meant by it.
    fn unknown_address(&self, verb: &Verb) -> Option<Target> {
        let target = match verb {
            Verb::Confirm(target)
            | Verb::Reject(target)
            | Verb::Unfriend(target)
            | Verb::Unblock(target)
            | Verb::Accept(Some(target))
            | Verb::Decline(Some(target))
            | Verb::Close(Some(target))
            | Verb::Why(target)
            | Verb::PostGet { owner: target, .. }
            | Verb::Grant { to: target, .. }
            | Verb::Group(
                GroupVerb::Kick(_, target)
                | GroupVerb::Allow(_, target)
                | GroupVerb::Deny(_, target),
            ) => target,
            _ => return None,
        };
        let is_asked = matches!(target, Target::Address(_)) && self.uplink.is_in();
        (is_asked && self.people.find(target).is_none()).then(|| target.clone())
    }

    /// Whom the server knows by an address that we do not know yet.
    pub(super) fn learn_address(&mut self, who: Fingerprint) {
        let has_none = self.people.by_key(who).is_some_and(|person| person.address.is_none());
        if has_none && self.uplink.is_in() {
            self.wish(Target::Key(who), Wish::Row(Ticket::NOBODY));
        }
    }

    pub(super) fn perform(&mut self, command: Command) {
        let ticket = command.ticket;
        match command.verb {
            Verb::Online => self.core.done(ticket, Ok(())),
            Verb::Offline => self.sign_out(ticket),
            Verb::SetVisibility(visibility) => self.set_visibility(ticket, visibility),
            Verb::Who { prefix } => self.who(ticket, prefix),
            Verb::Lookup(target) => self.lookup(ticket, target),
            Verb::Whoami => self.whoami(ticket),
            Verb::Update => self.update(ticket),
            Verb::Chat(target) => self.chat(ticket, target),
            Verb::Dial(host, port) => self.knock(ticket, Remote::Name(host, port)),
            Verb::Accept(target) => self.accept(ticket, target),
            Verb::Decline(target) => self.decline(ticket, target),
            Verb::Close(target) => self.close(ticket, target),
            Verb::Sessions => self.list_sessions(ticket),
            Verb::Why(target) => self.why(ticket, &target),
            Verb::Msg { to, text, until } => self.msg(ticket, to, text, until),
            Verb::Trust(target) => self.wish(target, Wish::Trust(ticket)),
            Verb::Drop(id) => self.drop_message(ticket, id),
            Verb::Leave => self.leave(),
            Verb::Add(target, text) => self.add(ticket, target, text),
            Verb::Requests => self.requests(ticket),
            Verb::Confirm(target) => self.confirm(ticket, target),
            Verb::Reject(target) => self.reject(ticket, target),
            Verb::Friends => self.friends(ticket),
            Verb::Unfriend(target) => self.unfriend(ticket, target),
            Verb::Block(target) => self.block(ticket, target),
            Verb::Unblock(target) => self.unblock(ticket, target),
            Verb::Blocks => self.blocks(ticket),
            Verb::Verify(target) => self.verify(ticket, target),
            Verb::Group(verb) => self.group_verb(ticket, verb),
            Verb::Send { to, path, until } => self.send_file(ticket, to, path, until),
            Verb::Voice { to, path, until } => self.send_voice(ticket, to, path, until),
            Verb::Take { id, place } => self.take_file(ticket, &id, place),
            Verb::Refuse(id) => self.refuse_file(ticket, &id),
            Verb::Cancel(id) => self.cancel(ticket, &id),
            Verb::PostAdd(path) => self.add_post(ticket, path),
            Verb::PostRemove(id) => self.remove_post(ticket, &id),
            Verb::PostList(owner) => self.list_posts(ticket, owner),
            Verb::PostGet { owner, id, place } => self.fetch_post(ticket, owner, id, place),
            Verb::Run { to, argv } => self.ask_to_run(ticket, to, argv),
            Verb::Allow(id) => self.answer_run(ticket, &id, true),
            Verb::Deny(id) => self.answer_run(ticket, &id, false),
            Verb::Grant { to, argv, until } => self.grant_run(ticket, to, argv, until),
            Verb::Grants => self.list_grants(ticket),
            Verb::Revoke(id) => self.revoke_grant(ticket, &id),
        }
    }

    /// Whether a verb goes to the server. A message does when somebody it is for is not known.
    fn needs_server(&self, verb: &Verb) -> bool {
        match verb {
            Verb::Online | Verb::Who { .. } | Verb::Update | Verb::Trust(_) => true,
            Verb::Lookup(_) => true,
            Verb::Chat(target) => !matches!(target, Target::Endpoint(_)),
            Verb::Msg { to, .. } => to.iter().any(|target| self.people.find(target).is_none()),
            Verb::Add(target, _)
            | Verb::Block(target)
            | Verb::Verify(target)
            | Verb::Send { to: target, .. }
            | Verb::Voice { to: target, .. } => self.people.find(target).is_none(),
            Verb::Run { to, .. } => self.run_needs_server(to),
            Verb::Group(verb) => self.group_needs_server(verb),
            Verb::PostList(Some(owner)) => self.needs_server_for_posts(owner),
            Verb::Offline
            | Verb::Requests
            | Verb::Confirm(_)
            | Verb::Reject(_)
            | Verb::Friends
            | Verb::Unfriend(_)
            | Verb::Unblock(_)
            | Verb::Blocks
            | Verb::SetVisibility(_)
            | Verb::Whoami
            | Verb::Dial(..)
            | Verb::Accept(_)
            | Verb::Decline(_)
            | Verb::Close(_)
            | Verb::Sessions
            | Verb::Why(_)
            | Verb::Drop(_)
            | Verb::Take { .. }
            | Verb::Refuse(_)
            | Verb::Cancel(_)
            | Verb::PostAdd(_)
            | Verb::PostRemove(_)
            | Verb::PostList(None)
            | Verb::PostGet { .. }
            | Verb::Allow(_)
            | Verb::Deny(_)
            | Verb::Grant { .. }
            | Verb::Grants
            | Verb::Revoke(_)
            | Verb::Leave => false,
        }
    }

    /// Whether mail that is about to come may change the answer: a script that asks for friend
    /// requests must not be too quick for them.
    fn waits_for_mail(&self, verb: &Verb) -> bool {
        let is_coming = self.config.server.is_some()
            && !self.uplink.is_off()
            && !self.mailbox.is_collected()
            && self.directory.unreachable().is_empty();
        let is_about_that = match verb {
            Verb::Add(..)
            | Verb::Requests
            | Verb::Confirm(_)
            | Verb::Reject(_)
            | Verb::Friends
            | Verb::Unfriend(_) => true,
            Verb::Group(verb) => Client::group_waits_for_mail(verb),
            _ => false,
        };
        is_coming && is_about_that
    }

    fn on_command_offline(&mut self, command: Command) {
        match &command.verb {
            Verb::Online => {
                self.go_online();
                if self.lan.is_open() {
                    return self.core.done(command.ticket, Ok(()));
                }
            }
            // What is known of somebody is better than nothing, where nothing else is to be had.
            Verb::Lookup(target) if self.uplink.is_off() => {
                if let Some(person) = self.people.find(target) {
                    let row = self.row_from_memory(person);
                    self.core.row(command.ticket, Row::Person(row));
                    return self.core.done(command.ticket, Ok(()));
                }
            }
            _ => {}
        }
        self.put_off(command);
    }

    /// A verb's time is up. Whatever it waits for, it ends now; a message stays queued.
    pub(super) fn on_verb_late(&mut self, ticket: Ticket) {
        let asked = self.forget_question(ticket);
        let waited = self.forget_waiter(ticket).or_else(|| self.forget_listing(ticket));
        self.forget_file_waiter(ticket);
        self.forget_parts(ticket);
        self.forget_run(ticket);
        let why = asked.or(waited).unwrap_or(Refusal::TimeOut);
        self.core.done(ticket, Err(why));
    }

    fn sign_out(&mut self, ticket: Ticket) {
        self.go_offline("signed out");
        self.core.done(ticket, Ok(()));
    }

    fn lookup(&mut self, ticket: Ticket, target: Target) {
        self.begin_parts(ticket, 1);
        self.wish(target, Wish::Row(ticket));
    }

    fn whoami(&mut self, ticket: Ticket) {
        let row = WhoamiRow {
            name: self.account.as_ref().map(|(name, _)| name.clone()),
            address: self.address(),
            fingerprint: self.me.fingerprint(),
            listen: self.listener.at().into_iter().collect(),
            public: self.uplink.outer(),
            udp: self.outer.addresses(),
            mapped: self.mapped(),
            visibility: self.visibility.unwrap_or(Visibility::Public),
            server: self.uplink.is_in().then(|| self.server_label()),
        };
        self.core.row(ticket, Row::Whoami(row));
        self.core.done(ticket, Ok(()));
    }

    /// Where peers reach us on the outside of a gateway.
    fn mapped(&self) -> Vec<SocketAddr> {
        let (tcp, udp) = (self.port_mapping.tcp(), self.port_mapping.udp());
        tcp.into_iter().chain(udp.filter(|udp| tcp != Some(*udp))).collect()
    }

    fn msg(&mut self, ticket: Ticket, to: Vec<Target>, text: String, until: Stage) {
        if text.len() > limits::TEXT_MAX_BYTES {
            return self.core.done(ticket, Err(Refusal::TextTooLong(text.len())));
        }
        if self.outbox.is_full() {
            return self.core.done(ticket, Err(Refusal::Busy("messages")));
        }
        self.begin_parts(ticket, to.len());
        for target in to {
            match self.people.find(&target).cloned() {
                Some(person) => self.write(ticket, person, text.clone(), until),
                None => self.wish(target, Wish::Msg { ticket, text: text.clone(), until }),
            }
        }
    }

    fn leave(&mut self) {
        self.close_all_sessions();
        self.go_offline("leaving");
        self.is_leaving = true;
        let wait = match (self.port_mapping.is_returning(), self.associations.are_leaving()) {
            (true, _) => limits::PORT_MAPPING_RETURN_MS,
            // Over datagrams nobody but us brings our last words to the other side.
            (false, true) => limits::GOODBYE_MS,
            (false, false) => return self.be_gone(),
        };
        self.core.alarm(Alarm::Leave, wait, "last words");
    }

    /// The end, if that was asked for and nothing is left to be done.
    pub(super) fn end_leaving(&mut self) {
        let is_busy = self.port_mapping.is_returning() || self.associations.are_leaving();
        if self.is_leaving && !is_busy {
            self.be_gone();
        }
    }

    pub(super) fn be_gone(&mut self) {
        self.is_leaving = false;
        self.core.timers.cancel(&Alarm::Leave);
        if let Some(conn) = self.listener.conn() {
            self.core.stream(conn, StreamAction::Abort);
        }
        self.core.left();
    }
}
