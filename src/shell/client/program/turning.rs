//! Where plain lines go, and that changed.

use super::Program;
use crate::proto::model::command::{Ticket, Verb};
use crate::proto::model::conversation::Conversation;
use crate::proto::model::entry::HistoryOf;
use crate::proto::model::event::Stage;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Exit;
use crate::proto::time::Now;
use crate::shell::client::desk::Sink;
use crate::shell::client::unread::Waiting;
use crate::shell::client::{reads, talk};
use crate::shell::front::{Failure, With};
use crate::shell::store::StoreError;

impl Program {
    /// `to`. Only standard input's own lines are turned; who asks over the control socket is told
    /// what is meant, and turns by itself.
    pub(super) fn turn_to(&mut self, sink: Sink, ticket: Ticket, with: Option<&With>) {
        let named = match (with, self.who_waits_longest().filter(|_| sink == Sink::Stdout)) {
            (Some(with), _) => talk::named(with, &self.machine),
            (None, Some(waits)) => Ok(waits),
            (None, None) => {
                self.desk.row(ticket, &talk::row(self.desk.talk.current()));
                return self.desk.end(ticket, Ok(()));
            }
        };
        match named {
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

    fn who_waits_longest(&self) -> Option<Conversation> {
        let waiting = self.desk.waiting.as_ref()?.by_age();
        waiting.first().map(|(of, _)| (*of).clone())
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

    /// Somebody sits down at the terminal: what they have not looked at.
    pub fn watch(&mut self) -> Result<(), Failure> {
        if self.plan.is_watched() {
            let unread = self.store.unread().map_err(|why| failed(&why))?;
            self.desk.waiting = Some(Waiting::restore(unread));
        }
        Ok(())
    }

    /// Where they look now, if that has changed: what they missed there is shown, and kept that
    /// they have seen it, as well as all that came where they looked before.
    pub(super) fn follow_looks(&mut self) -> Result<(), Failure> {
        if !self.plan.is_watched() || self.looking.as_ref() == self.desk.talk.current() {
            return Ok(());
        }
        let shown = self.look_away().and_then(|()| {
            self.looking = self.desk.talk.current().cloned();
            self.look_at()?;
            self.store.commit()
        });
        shown.map_err(|why| failed(&why))
    }

    /// What came until now where they looked was seen.
    pub(super) fn look_away(&mut self) -> Result<(), StoreError> {
        match self.looked_at()? {
            Some(of) => self.store.look(of),
            None => Ok(()),
        }
    }

    fn look_at(&mut self) -> Result<(), StoreError> {
        let Some(of) = self.looked_at()? else { return Ok(()) };
        let unread = self.looking.as_ref().zip(self.desk.waiting.as_mut());
        if let Some((conversation, unread)) =
            unread.and_then(|(at, waiting)| Some((at, waiting.look(at)?)))
        {
            let missed = self.store.missed(of, MISSED_ROWS)?;
            self.desk.print(Sink::Stdout, |printer, out| {
                printer.missed(out, conversation.label(), unread, MISSED_ROWS);
                missed.iter().for_each(|entry| printer.entry(out, entry));
            });
        }
        self.store.look(of)
    }

    fn looked_at(&mut self) -> Result<Option<HistoryOf>, StoreError> {
        let with = self.looking.as_ref().and_then(talk::typed);
        Ok(match with {
            Some(with) => reads::history_of(Some(with), &mut self.store)?.ok(),
            None => None,
        })
    }
}

pub(super) fn failed(why: &StoreError) -> Failure {
    Failure { exit: Exit::Local, error: why.to_string() }
}

/// What is shown of what was missed, at most.
const MISSED_ROWS: usize = 20;

fn nobody() -> Failure {
    let error = "nobody to talk to [/to NAME or /to GROUP first, or /msg NAME TEXT]".to_owned();
    Failure { exit: Exit::No, error }
}
