//! Who asked for what, and where each notice goes.
//!
//! Every line gets a ticket; the answer finds its way back by it. What happens is shown to those
//! who listen: standard output, unless the program runs for one verb only, and programs on the
//! control socket that asked for it. Receipts also go to whoever sent the message.

mod bottom;
mod guests;
mod role;

pub(super) use self::role::Role;

use self::guests::Guest;
use super::raw::Raw;
use super::talk::Talk;
use super::terminal::{Heard, Terminal};
use super::unread::Waiting;
use crate::proto::id::{MsgId, Seq};
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::conversation::Conversation;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::notice::Row;
use crate::proto::model::refusal::Exit;
use crate::proto::model::run::RunState;
use crate::proto::table::Table;
use crate::proto::time::Wall;
use crate::shell::front::Failure;
use crate::shell::front::fit::Fit;
use crate::shell::front::printer::Printer;
use crate::shell::front::progress::Progress;
use crate::shell::reactor::ControlId;
use crate::shell::stdout::Stdout;
use serde_json::value::RawValue;

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sink {
    Stdout,
    Control(ControlId),
}

struct Asked {
    sink: Sink,
    reference: Option<Box<RawValue>>,
    role: Role,
    /// A row was shown.
    has_rows: bool,
    /// The first message that it sent, and for whom.
    sent: Option<(MsgId, String)>,
}

impl Asked {
    /// What is to be said when its time runs out: of what it sent, or of the file that it takes.
    fn late(&self, error: &str) -> String {
        let error = self.role.late().unwrap_or(error);
        match (&self.role, &self.sent) {
            (Role::Take(id) | Role::Fetch(id), _) => [id, ": ", error].concat(),
            (Role::Run, Some((id, to))) => {
                ["command ", &id.short(), " for ", to, ": ", error].concat()
            }
            (_, Some((id, to))) => ["message ", &id.short(), " to ", to, ": ", error].concat(),
            (_, None) => error.to_owned(),
        }
    }
}

/// The front desk.
pub(super) struct Desk {
    pub stdout: Stdout,
    pub talk: Talk,
    /// What somebody at the terminal has not looked at.
    pub waiting: Option<Waiting>,
    printer: Printer,
    /// Whether standard output is shown what happens.
    broadcast: bool,
    guests: Table<ControlId, Guest>,
    asked: Table<Ticket, Asked>,
    last_ticket: u64,
    /// Tickets of standard output that have not ended; of these, those that say where plain lines
    /// go.
    own: usize,
    turning: usize,
    /// Time ran out for one of them since the end of input.
    late: bool,
    waits: Vec<(Ticket, Fit)>,
    /// Whom a message's receipts, or a command's course, interest who does not listen to
    /// everything; and for how many it still is on its way.
    senders: Table<MsgId, (Sink, usize)>,
    /// The one verb that the program runs for, and how it ended.
    main: Option<Ticket>,
    ended: Option<Result<(), Failure>>,
    /// Where the output of the one command goes that the program runs for.
    raw: Option<Raw>,
    /// How far files are; on a terminal.
    progress: Option<Progress>,
    /// Where somebody types, if a line can be edited there.
    pub terminal: Option<Terminal>,
    /// Names that were shown there.
    pub heard: Heard,
}

impl Desk {
    pub fn new(printer: Printer, broadcast: bool) -> Desk {
        Desk {
            stdout: Stdout::default(),
            talk: Talk::default(),
            progress: printer.style().terminal.then(Progress::default),
            waiting: None,
            printer,
            broadcast,
            guests: Table::new(),
            asked: Table::new(),
            last_ticket: 0,
            own: 0,
            turning: 0,
            late: false,
            waits: Vec::new(),
            senders: Table::new(),
            main: None,
            ended: None,
            raw: None,
            terminal: None,
            heard: Heard::default(),
        }
    }

    /// A ticket for a line.
    pub fn ask(&mut self, sink: Sink, reference: Option<Box<RawValue>>, role: Role) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        if sink == Sink::Stdout {
            self.own += 1;
            self.turning += usize::from(role.turns());
        }
        self.asked.insert(ticket, Asked { sink, reference, role, has_rows: false, sent: None });
        ticket
    }

    /// The program runs for this verb only; of a message's states it shows the last.
    pub fn run_for(&mut self, ticket: Ticket, until: Stage) {
        if until > Stage::Queued {
            self.printer.skip_queued();
        }
        self.main = Some(ticket);
        let role = self.asked.get(&ticket).map(|asked| &asked.role);
        if role == Some(&Role::Run) && !self.printer.style().json {
            self.raw = Some(Raw::new());
        }
    }

    /// How that verb ended, once it has.
    pub fn take_ended(&mut self) -> Option<Result<(), Failure>> {
        self.ended.take()
    }

    /// The program fails, and with it the verb that it runs for. Nothing else of this wake is
    /// printed.
    pub fn fail_main(&mut self, failure: &Failure) {
        self.stdout.lines.clear();
        let has_ended = self.main.is_some_and(|ticket| !self.asked.contains_key(&ticket));
        if self.printer.style().json && !has_ended {
            self.printer.done(&mut self.stdout.lines, None, Err(failure));
            self.stdout.flush();
        }
    }

    /// Whether everything that standard input asked for has ended.
    pub fn is_quiet(&self) -> bool {
        self.own == 0
    }

    /// What ends too late from here on counts.
    pub fn note_late(&mut self) {
        self.late = false;
    }

    /// Whether time ran out for something of standard input since then.
    pub fn is_late(&self) -> bool {
        self.late
    }

    /// Whether nobody waits for an answer that will come.
    pub fn is_idle(&self) -> bool {
        self.asked.values().all(|asked| asked.role == Role::Endless)
    }

    /// Whether a verb of standard input is about to change where plain lines go.
    pub fn is_turning(&self) -> bool {
        self.turning > 0
    }

    /// Plain lines go there from now on, whatever sessions are still asked for.
    pub fn turn_to(&mut self, to: Conversation) {
        let own = self.asked.values_mut().filter(|asked| asked.sink == Sink::Stdout);
        for asked in own.filter(|asked| matches!(asked.role, Role::Talk(_))) {
            asked.role = Role::Line;
            self.turning -= 1;
        }
        self.talk.turn_to(to);
    }

    /// The terminal's bell, once for all that is written together.
    pub fn ring(&mut self) {
        if !self.stdout.lines.contains(&BEL) {
            self.stdout.lines.push(BEL);
        }
    }

    /// Whether somebody reads standard output as it comes.
    pub fn is_at_terminal(&self) -> bool {
        self.printer.style().terminal
    }

    /// Where a ticket's answer goes; `None` when it has ended or its asker has gone.
    pub fn sink(&self, ticket: Ticket) -> Option<Sink> {
        self.asked.get(&ticket).map(|asked| asked.sink)
    }

    /// Shows something to one reader.
    pub fn print(&mut self, sink: Sink, print: impl FnOnce(&mut Printer, &mut Vec<u8>)) {
        match sink {
            Sink::Stdout => print(&mut self.printer, &mut self.stdout.lines),
            Sink::Control(id) => {
                if let Some(guest) = self.guests.get_mut(&id) {
                    print(&mut guest.printer, &mut guest.out);
                }
            }
        }
    }

    /// Something happened.
    pub fn event(&mut self, seq: Option<Seq>, at: Wall, event: &Event) {
        self.talk.follow(event);
        self.printer.note(event);
        if self.terminal.is_some() {
            self.heard.event(event);
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.follow(at, event, self.talk.current());
        }
        // A changed key is too important for any script to miss.
        let is_loud = matches!(event, Event::Identity { .. }) && self.printer.style().json;
        if self.broadcast || is_loud {
            self.printer.event(&mut self.stdout.lines, seq, at, event);
        }
        for guest in self.guests.values_mut().filter(|guest| guest.listens) {
            guest.printer.event(&mut guest.out, seq, at, event);
        }
        if let Some(progress) = &mut self.progress {
            progress.follow(at, event);
        }
        for sink in self.concerned(event) {
            match (self.raw, event) {
                (Some(raw), Event::Run(run)) if sink == Sink::Stdout => {
                    raw.write(run, &mut self.stdout);
                }
                _ => self.print(sink, |printer, out| printer.event(out, seq, at, event)),
            }
        }
        if !self.waits.is_empty() {
            self.end_waits(seq, at, event);
        }
    }

    /// Who is told of an event, without listening to everything, because they asked for what led
    /// to it.
    fn concerned(&mut self, event: &Event) -> Vec<Sink> {
        let sent = match event {
            Event::Receipt { id, state, .. } => {
                Some((*id, *state == Stage::Queued, state.is_final()))
            }
            Event::Run(run) if run.to.is_some() => Some((run.id, false, has_ended(run.state))),
            _ => None,
        };
        let mut sinks = Vec::new();
        if let Some((id, begins, ends)) = sent
            && let Some((sink, on_their_way)) = self.senders.get_mut(&id)
        {
            sinks.push(*sink);
            *on_their_way = (*on_their_way + usize::from(begins)).saturating_sub(ends.into());
            if ends && *on_their_way == 0 {
                self.senders.remove(&id);
            }
        }
        let asked = self.asked.values().filter(|asked| asked.role.concerns(event));
        sinks.extend(asked.map(|asked| asked.sink));
        sinks.retain(|sink| !self.listens(*sink));
        sinks
    }

    /// A row of a listing that the store answers.
    pub fn list(&mut self, ticket: Ticket, print: impl FnOnce(&mut Printer, &mut Vec<u8>)) {
        let Some(asked) = self.asked.get_mut(&ticket) else { return };
        asked.has_rows = true;
        let sink = asked.sink;
        self.print(sink, print);
    }

    /// A row of an answer.
    pub fn row(&mut self, ticket: Ticket, row: &Row) {
        let Some(asked) = self.asked.get_mut(&ticket) else { return };
        asked.has_rows = true;
        let sink = asked.sink;
        let is_told = asked.role == Role::Told && sink == Sink::Stdout && self.broadcast;
        if is_told && !self.printer.style().json {
            return;
        }
        if self.terminal.is_some() && sink == Sink::Stdout {
            self.heard.row(row);
        }
        if let Row::Queued { id, to, .. } = row
            && asked.sent.is_none()
        {
            asked.sent = Some((*id, to.clone()));
        }
        if let Row::Queued { id, .. } = row
            && !self.listens(sink)
        {
            self.senders.insert(*id, (sink, 0));
            if self.senders.len() > limits::PENDING_VERBS {
                self.senders.pop_first();
            }
        }
        self.print(sink, |printer, out| printer.row(out, row));
    }

    /// A verb ended.
    pub fn end(&mut self, ticket: Ticket, mut result: Result<(), Failure>) {
        let Some(asked) = self.asked.remove(&ticket) else { return };
        if let Err(failure) = &mut result
            && failure.exit == Exit::Time
        {
            failure.error = asked.late(&failure.error);
        }
        if asked.sink == Sink::Stdout {
            self.own -= 1;
            self.late |= result.as_ref().is_err_and(|failure| failure.exit == Exit::Time);
            self.turning -= usize::from(asked.role.turns());
            if let (Role::Talk(target), Ok(())) = (&asked.role, &result) {
                self.talk.turn_to_session(target.as_ref());
            }
        }
        let is_main = self.main == Some(ticket);
        // Without JSON, the one verb's failure is the program's: it goes to stderr.
        if !is_main || self.printer.style().json {
            let reference = asked.reference.as_deref();
            self.print(asked.sink, |printer, out| {
                printer.done(out, reference, result.as_ref().copied())
            });
        }
        if asked.sink == Sink::Stdout
            && self.terminal.is_some()
            && result.is_ok()
            && !asked.has_rows
        {
            self.stdout.lines.extend_from_slice(asked.role.silence());
        }
        if is_main {
            self.ended = Some(result);
        }
    }

    /// Something is wrong that nobody asked about.
    pub fn trouble(&mut self, at: Wall, failure: &Failure) {
        if self.broadcast {
            self.printer.trouble(&mut self.stdout.lines, at, failure);
        }
        for guest in self.guests.values_mut().filter(|guest| guest.listens) {
            guest.printer.trouble(&mut guest.out, at, failure);
        }
    }

    /// A ticket ends with the first event that fits.
    pub fn wait(&mut self, ticket: Ticket, fit: Fit) {
        self.waits.push((ticket, fit));
    }

    /// What is waited for.
    pub fn awaited(&mut self) -> impl Iterator<Item = &mut Fit> {
        self.waits.iter_mut().map(|(_, fit)| fit)
    }

    /// A ticket's time is up, if it waits for an event.
    pub fn give_up_waiting(&mut self, ticket: Ticket, failure: Failure) {
        self.waits.retain(|(waiting, _)| *waiting != ticket);
        self.end(ticket, Err(failure));
    }

    /// A reader wants to see what happens.
    pub fn listen(&mut self, sink: Sink) {
        match sink {
            Sink::Stdout => self.broadcast = true,
            Sink::Control(id) => {
                if let Some(guest) = self.guests.get_mut(&id) {
                    guest.listens = true;
                }
            }
        }
    }

    fn listens(&self, sink: Sink) -> bool {
        match sink {
            Sink::Stdout => self.broadcast,
            Sink::Control(id) => self.guests.get(&id).is_some_and(|guest| guest.listens),
        }
    }

    fn end_waits(&mut self, seq: Option<Seq>, at: Wall, event: &Event) {
        let (ended, waits) =
            std::mem::take(&mut self.waits).into_iter().partition(|(_, fit)| fit.fits(event));
        self.waits = waits;
        let ended: Vec<(Ticket, Fit)> = ended;
        for (ticket, _) in ended {
            if let Some(sink) = self.sink(ticket).filter(|sink| !self.listens(*sink)) {
                self.print(sink, |printer, out| printer.event(out, seq, at, event));
            }
            self.end(ticket, Ok(()));
        }
    }
}

/// No line that is printed has one in it: what others wrote is made harmless.
const BEL: u8 = 7;

fn has_ended(state: RunState) -> bool {
    match state {
        RunState::Asked | RunState::Allowed | RunState::Output => false,
        RunState::Denied | RunState::Exited | RunState::Failed => true,
    }
}

#[cfg(test)]
mod tests;
