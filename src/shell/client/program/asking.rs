//! What lines ask for: each gets a ticket, and goes to the machine, the store or the desk.

use super::{Alarm, Leaving, Program};
use crate::proto::id::Seq;
use crate::proto::limits;
use crate::proto::machine::{Input, Machine};
use crate::proto::model::command::{Command, GroupVerb, Ticket, Verb};
use crate::proto::model::refusal::{Exit, Refusal};
use crate::proto::time::Now;
use crate::shell::client::desk::{Role, Sink};
use crate::shell::client::exporting::Exporting;
use crate::shell::client::paths;
use crate::shell::client::reads::{self, Read};
use crate::shell::client::terminal::Terminal;
use crate::shell::front::args::Bad;
use crate::shell::front::input::{BadLine, LineBuffer};
use crate::shell::front::lines::{self, Asked};
use crate::shell::front::verbs::Defaults;
use crate::shell::front::{Failure, Request};

impl Program {
    /// Whether a line that is here already may be taken now.
    pub(super) fn may_take_line(&self) -> bool {
        let held = self.held.is_some() && !self.desk.is_turning();
        let lines = self.held.is_none() && (self.input.has_line() || self.has_typed());
        self.leaving == Leaving::No && (held || lines) && !self.machine.is_busy()
    }

    pub(super) fn take_lines(&mut self, now: Now) -> Result<(), Failure> {
        self.plan.defaults.now = now.wall;
        for id in self.desk.guests() {
            while self.leaving == Leaving::No {
                let Some(line) = self.desk.guest_lines(id).and_then(LineBuffer::next_line) else {
                    break;
                };
                if let Some(asked) = parse(line, true, self.plan.defaults) {
                    self.start(now, Sink::Control(id), asked)?;
                }
            }
        }
        while self.may_take_line() {
            if let Some(asked) = self.next_asked() {
                self.start(now, Sink::Stdout, asked)?;
            }
        }
        let full = self.held.is_some() || self.input.has_line() || self.has_typed();
        if full != self.plan.input_paused {
            self.plan.input_paused = full;
            self.reactor.pause_stdin(full);
        }
        Ok(())
    }

    /// The next line of standard input that can be answered now.
    fn next_asked(&mut self) -> Option<Asked> {
        if let Some(asked) = self.held.take() {
            return Some(asked);
        }
        let typed = self.desk.terminal.as_mut().and_then(Terminal::next_line);
        let asked = match &typed {
            Some(line) => lines::parse(line, false, self.plan.defaults)?,
            None => parse(self.input.next_line()?, self.plan.style.json, self.plan.defaults)?,
        };
        let waits = matches!(asked.request, Ok(Request::Say { .. })) && self.desk.is_turning();
        if waits && !self.plan.is_interactive() {
            self.held = Some(asked);
            return None;
        }
        Some(asked)
    }

    /// Starts the verb that the program runs for.
    pub fn start_main(&mut self, now: Now, asked: Asked) -> Result<(), Failure> {
        self.start_as(now, Sink::Stdout, asked, true)
    }

    fn start(&mut self, now: Now, sink: Sink, asked: Asked) -> Result<(), Failure> {
        self.start_as(now, sink, asked, false)
    }

    /// Gives a line its ticket and does what it asks for.
    fn start_as(
        &mut self,
        now: Now,
        sink: Sink,
        asked: Asked,
        is_main: bool,
    ) -> Result<(), Failure> {
        let Asked { reference, timeout_ms, request } = asked;
        let timeout_ms = timeout_ms.unwrap_or(self.plan.timeout_ms);
        let role = request.as_ref().map_or(Role::Line, role_of);
        let ticket = self.desk.ask(sink, reference, role);
        if is_main {
            self.desk.run_for(ticket, self.plan.defaults.until);
        }
        match request {
            Err(bad) => self.desk.end(ticket, Err(bad.into())),
            Ok(mut request) => match paths::settle(&mut request, paths::home().as_deref()) {
                Ok(()) => self.perform(now, sink, ticket, timeout_ms, request)?,
                Err(failure) => self.desk.end(ticket, Err(failure)),
            },
        }
        Ok(())
    }

    fn perform(
        &mut self,
        now: Now,
        sink: Sink,
        ticket: Ticket,
        timeout_ms: u64,
        request: Request,
    ) -> Result<(), Failure> {
        match request {
            Request::Ask(Verb::Chat(target)) => self.chat(now, sink, ticket, timeout_ms, target),
            Request::Ask(mut verb) => {
                // Whoever types means what the prompt says.
                if let (Verb::Close(to @ None), Sink::Stdout) = (&mut verb, sink)
                    && self.desk.terminal.is_some()
                {
                    *to = self.desk.talk.person_in_session();
                }
                self.ask(now, ticket, timeout_ms, verb);
            }
            Request::Dial(place) => self.dial(now, ticket, timeout_ms, &place),
            Request::Say { text, until } => self.say(now, ticket, timeout_ms, (text, until)),
            Request::To(with) => self.turn_to(sink, ticket, with.as_ref()),
            Request::Notify { of, level } => self.heed(ticket, of, level)?,
            Request::History { with, most_rows, since } => {
                self.reads.push_back((ticket, Read::History { with, most_rows, since }));
            }
            Request::Search { words, with, most_rows } => {
                self.reads.push_back((ticket, Read::Search { words, with, most_rows }));
            }
            Request::Events { since, follow } => {
                let now_on = if follow { self.store.last_seq() } else { Seq(0) };
                let since = since.map_or(now_on, Seq);
                self.reads.push_back((ticket, Read::Events { since, follow }));
            }
            Request::Export { anonymised, to } => self.export(ticket, anonymised, to.as_deref()),
            Request::Outbox => self.reads.push_back((ticket, Read::Outbox)),
            Request::Files => self.reads.push_back((ticket, Read::Files)),
            Request::Drop(prefix) => match reads::message(&prefix, &mut self.store)
                .map_err(|why| Failure { exit: Exit::Local, error: why.to_string() })?
            {
                Ok(id) => self.ask(now, ticket, timeout_ms, Verb::Drop(id)),
                Err(refusal) => self.desk.end(ticket, Err(refusal.into())),
            },
            Request::Wait(fit) => {
                self.desk.wait(ticket, fit);
                let until = now.mono.after_ms(timeout_ms);
                self.alarms.set(Alarm::Event(ticket), until, "an event");
                self.event_waits.push(ticket);
            }
            Request::Listen => self.desk.listen(sink),
            Request::Help(rows) => {
                self.desk.print(sink, |printer, out| printer.help(out, &rows));
                self.desk.end(ticket, Ok(()));
            }
            Request::Config => {
                for row in &self.plan.settings {
                    self.desk.print(sink, |printer, out| printer.setting(out, row));
                }
                self.desk.end(ticket, Ok(()));
            }
            Request::Quit => {
                self.desk.end(ticket, Ok(()));
                match sink == Sink::Stdout && !self.plan.is_interactive() {
                    true => self.end_input(),
                    false => self.leave(now, Exit::Done)?,
                }
            }
        }
        Ok(())
    }

    /// `chat HOST:PORT`.
    fn dial(&mut self, now: Now, ticket: Ticket, timeout_ms: u64, place: &str) {
        match dialled(place).filter(|_| self.plan.is_proxied) {
            Some(verb) => self.ask(now, ticket, timeout_ms, verb),
            None => self.desk.end(ticket, Err(not_looked_up(place))),
        }
    }

    fn export(&mut self, ticket: Ticket, anonymised: bool, to: Option<&str>) {
        let me = self.machine.fingerprint();
        match Exporting::begin(&self.store, &self.directory, me, anonymised, to) {
            Ok(exporting) => self.reads.push_back((ticket, Read::Export(Box::new(exporting)))),
            Err(failure) => self.desk.end(ticket, Err(failure)),
        }
    }

    /// Hands a verb to the machine.
    pub fn ask(&mut self, now: Now, ticket: Ticket, timeout_ms: u64, verb: Verb) {
        let command = Command { ticket, timeout_ms, verb };
        self.is_asked = true;
        self.machine.handle(now, Input::Command(command));
    }
}

fn role_of(request: &Request) -> Role {
    match request {
        Request::Ask(Verb::Chat(target)) => Role::Talk(Some(target.clone())),
        Request::Ask(Verb::Accept(target)) => Role::Talk(target.clone()),
        Request::Dial(_) => Role::Talk(None),
        Request::Ask(Verb::Close(_)) => Role::Close,
        Request::Listen | Request::Events { follow: true, .. } => Role::Endless,
        Request::Ask(Verb::Send { .. } | Verb::Voice { .. } | Verb::PostAdd(_)) => Role::Told,
        Request::Ask(Verb::Take { id, .. }) => Role::Take(id.clone()),
        Request::Ask(Verb::PostGet { id, .. }) => Role::Fetch(id.clone()),
        Request::Ask(Verb::Run { .. }) => Role::Run,
        Request::Ask(
            Verb::Who { .. }
            | Verb::Sessions
            | Verb::Requests
            | Verb::Friends
            | Verb::Blocks
            | Verb::PostList(_)
            | Verb::Grants
            | Verb::Group(GroupVerb::Mine | GroupVerb::Public | GroupVerb::Members(_)),
        )
        | Request::Outbox
        | Request::Files
        | Request::Notify { level: None, .. } => Role::List,
        Request::Ask(
            Verb::SetVisibility(_)
            | Verb::Block(_)
            | Verb::Unblock(_)
            | Verb::Trust(_)
            | Verb::Update,
        )
        | Request::Notify { level: Some(_), .. } => Role::Set,
        _ => Role::Line,
    }
}

fn parse(line: Result<&str, BadLine>, json: bool, defaults: Defaults) -> Option<Asked> {
    let bad = match line {
        Ok(line) => return lines::parse(line, json, defaults),
        Err(BadLine::TooLong) => Bad::Refused(Refusal::TextTooLong(limits::LINE_MAX_BYTES)),
        Err(BadLine::NotText) => Bad::Line("not UTF-8".to_owned()),
    };
    Some(Asked { reference: None, timeout_ms: None, request: Err(bad) })
}

/// The verb behind `HOST:PORT`.
fn dialled(place: &str) -> Option<Verb> {
    let (host, port) = place.rsplit_once(':')?;
    Some(Verb::Dial(host.to_owned(), port.parse().ok()?))
}

/// To look up a name is to wait, and everybody else here would have to wait as well.
fn not_looked_up(host: &str) -> Failure {
    let error = format!(
        "{host}: a name is not looked up while others are served [give its address, or run: \
         hobnob chat {host}]"
    );
    Failure { exit: Exit::Usage, error }
}
