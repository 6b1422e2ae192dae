//! What is done about somebody once it is known who they are.

use super::Client;
use super::people::Seen;
use crate::proto::id::GroupId;
use crate::proto::model::command::{Command, Ticket};
use crate::proto::model::event::Stage;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Row;
use crate::proto::model::person::Person;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::Argv;

/// What a lookup is for.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// To show it.
    Row(Ticket),
    /// To ask for a session.
    Chat(Ticket),
    /// To send a message.
    Msg { ticket: Ticket, text: String, until: Stage },
    /// To offer a file.
    File { ticket: Ticket, path: String, until: Stage, is_voice: bool },
    /// To ask what they offer to their friends.
    Posts(Ticket),
    /// To accept a changed key.
    Trust(Ticket),
    /// To ask for friendship.
    Add { ticket: Ticket, text: String },
    /// To block.
    Block(Ticket),
    /// To show the safety number.
    Verify(Ticket),
    /// To ask for a command.
    Run { ticket: Ticket, argv: Argv },
    /// To be let into a group of theirs.
    Join { ticket: Ticket, name: Name },
    /// To ask them into a group of ours.
    Invite { ticket: Ticket, group: GroupId },
    /// To know them by their address.
    Meant(Box<Command>),
}

impl Wish {
    /// Of the verb that it is of.
    pub fn ticket(&self) -> Ticket {
        match self {
            Wish::Row(ticket)
            | Wish::Chat(ticket)
            | Wish::Trust(ticket)
            | Wish::Block(ticket)
            | Wish::Posts(ticket)
            | Wish::Verify(ticket) => *ticket,
            Wish::Msg { ticket, .. }
            | Wish::Add { ticket, .. }
            | Wish::Run { ticket, .. }
            | Wish::File { ticket, .. }
            | Wish::Join { ticket, .. }
            | Wish::Invite { ticket, .. } => *ticket,
            Wish::Meant(command) => command.ticket,
        }
    }
}

impl Client {
    pub(super) fn grant(&mut self, wish: Wish, person: Person, seen: Option<Seen>) {
        let online = seen.is_some_and(|seen| seen.online);
        let known = self.people.by_key(person.fingerprint).is_some();
        if known {
            self.know(person.clone());
        }
        match wish {
            Wish::Row(ticket) => {
                let row = self.row_of(&person, seen);
                self.core.row(ticket, Row::Person(row));
                self.end_part(ticket, Ok(()));
            }
            Wish::Chat(ticket) => self.ask_for_session(ticket, person, online),
            Wish::Msg { ticket, text, until } => self.write(ticket, person, text, until),
            Wish::Trust(ticket) => self.core.done(ticket, Ok(())),
            Wish::Add { ticket, text } => self.befriend(ticket, person, text),
            Wish::Block(ticket) => self.block_person(ticket, person),
            Wish::File { ticket, path, until, is_voice } => {
                self.prepare_for(ticket, person, path, (until, is_voice));
            }
            Wish::Posts(ticket) => self.ask_for_posts(ticket, &person, online),
            Wish::Verify(ticket) => self.show_safety(ticket, &person),
            Wish::Run { ticket, argv } => self.ask_person_to_run(ticket, person, argv, online),
            Wish::Join { ticket, name } => self.ask_to_join(ticket, person, name),
            Wish::Invite { ticket, group } => self.invite_person(ticket, group, person),
            Wish::Meant(command) => self.perform(*command),
        }
    }

    pub(super) fn fail_wish(&mut self, wish: Wish, why: Refusal) {
        match wish {
            Wish::Row(ticket) | Wish::Msg { ticket, .. } => self.end_part(ticket, Err(why)),
            Wish::Chat(ticket)
            | Wish::Trust(ticket)
            | Wish::Add { ticket, .. }
            | Wish::Run { ticket, .. }
            | Wish::File { ticket, .. }
            | Wish::Join { ticket, .. }
            | Wish::Invite { ticket, .. }
            | Wish::Block(ticket)
            | Wish::Posts(ticket)
            | Wish::Verify(ticket) => self.core.done(ticket, Err(why)),
            Wish::Meant(command) => self.perform(*command),
        }
    }
}
