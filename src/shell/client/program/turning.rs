//! Where plain lines go, and that changed.

use super::Program;
use crate::proto::model::command::{Ticket, Verb};
use crate::proto::model::conversation::Conversation;
use crate::proto::model::event::Stage;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Exit;
use crate::proto::time::Now;
use crate::shell::client::desk::Sink;
use crate::shell::client::talk;
use crate::shell::front::{Failure, With};

impl Program {
    /// `to`. Only standard input's own lines are turned; who asks over the control socket is told
    /// what is meant, and turns by itself.
    pub(super) fn turn_to(&mut self, sink: Sink, ticket: Ticket, with: Option<&With>) {
        let Some(with) = with else {
            self.desk.row(ticket, &talk::row(self.desk.talk.current()));
            return self.desk.end(ticket, Ok(()));
        };
        match talk::named(with, &self.machine) {
            Ok(to) => {
                self.desk.row(ticket, &talk::row(Some(&to)));
                self.desk.end(ticket, Ok(()));
                if sink == Sink::Stdout {
                    self.desk.turn_to(to);
                }
            }
            Err(refusal) => self.desk.end(ticket, Err(refusal.into())),
        }
    }

    /// `chat` with somebody; or with a group, if only that goes by the name.
    pub(super) fn chat(
        &mut self,
        now: Now,
        sink: Sink,
        ticket: Ticket,
        timeout_ms: u64,
        target: Target,
    ) {
        let with = With::Person(target.clone());
        match talk::known(&with, &self.machine) {
            Ok(Some(Conversation::Group(_))) => self.turn_to(sink, ticket, Some(&with)),
            _ => self.ask(now, ticket, timeout_ms, Verb::Chat(target)),
        }
    }

    /// A plain line.
    pub(super) fn say(
        &mut self,
        now: Now,
        ticket: Ticket,
        timeout_ms: u64,
        (text, until): (String, Stage),
    ) {
        let current = self.desk.talk.current();
        match current.and_then(|to| talk::say(to, text, until)) {
            Some(verb) => self.ask(now, ticket, timeout_ms, verb),
            None => self.desk.end(ticket, Err(nobody())),
        }
    }
}

fn nobody() -> Failure {
    let error = "nobody to talk to [/to NAME or /to GROUP first, or /msg NAME TEXT]".to_owned();
    Failure { exit: Exit::No, error }
}
