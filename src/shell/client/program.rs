//! The client's loop: wake, read the clock, feed what is ready, commit, perform, print.

use super::desk::{Desk, Role, Sink};
use super::plan::Plan;
use super::profile;
use super::reads::{self, Read};
use crate::proto::client::Client;
use crate::proto::id::Seq;
use crate::proto::limits;
use crate::proto::machine::{Effect, Input, Machine, Wake};
use crate::proto::model::command::{Command, Ticket, Verb};
use crate::proto::model::event::Event;
use crate::proto::model::notice::Notice;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::{Exit, Refusal};
use crate::proto::time::Now;
use crate::proto::timers::Timers;
use crate::shell::disk::Lock;
use crate::shell::front::input::{BadLine, LineBuffer};
use crate::shell::front::lines::{self, Asked};
use crate::shell::front::verbs::Defaults;
use crate::shell::front::{Failure, Request, args::Bad};
use crate::shell::reactor::{ControlEvent, Reactor, Ready, Signal};
use crate::shell::store::client::ClientStore;
use crate::shell::system::Clock;
use std::collections::VecDeque;
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::time::Duration;

/// A running client.
pub(super) struct Program {
    pub directory: PathBuf,
    pub machine: Client,
    pub store: ClientStore,
    pub reactor: Reactor,
    pub desk: Desk,
    pub clock: Clock,
    pub plan: Plan,
    wake: Wake<Client>,
    alarms: Timers<Alarm>,
    input: LineBuffer,
    /// A line of text that waits until it is known whom plain lines go to.
    held: Option<Asked>,
    /// Standard input has ended, or was never read.
    input_ended: bool,
    reads: VecDeque<(Ticket, Read)>,
    pub is_ready: bool,
    leaving: Leaving,
    _lock: Lock,
}

/// Whether the program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// The machine says its goodbyes; then the program ends with this.
    Asked(Exit),
    /// It has.
    Done(Exit),
}

/// What the program itself waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    /// Being ready.
    Start,
    /// What is still being sent after the end of input.
    Drain,
    /// An event, for this ticket.
    Event(Ticket),
}

impl Program {
    pub fn new(
        directory: PathBuf,
        lock: Lock,
        store: ClientStore,
        machine: Client,
        reactor: Reactor,
        plan: Plan,
    ) -> Program {
        let broadcast = plan.is_shown_everything();
        Program {
            directory,
            machine,
            store,
            _lock: lock,
            reactor,
            desk: Desk::new(plan.style, broadcast),
            clock: Clock::new(),
            plan,
            wake: Wake::new(),
            alarms: Timers::new(),
            input: LineBuffer::default(),
            held: None,
            input_ended: false,
            reads: VecDeque::new(),
            is_ready: false,
            leaving: Leaving::No,
        }
    }

    /// Runs until it is told to leave. A failure ends it at once.
    pub fn run(mut self) -> Result<Exit, Failure> {
        let result = self.run_on();
        if let Err(failure) = &result {
            self.desk.fail_main(failure);
        }
        result
    }

    fn run_on(&mut self) -> Result<Exit, Failure> {
        let now = self.clock.now();
        let start_by = now.mono.after_ms(self.plan.timeout_ms);
        self.alarms.set(Alarm::Start, start_by, "reaching the server");
        self.begin(now)?;
        loop {
            let now = self.turn()?;
            self.follow_plan(now)?;
            if let Leaving::Done(exit) = self.leaving {
                self.say_last_words();
                return Ok(exit);
            }
        }
    }

    /// One wake.
    fn turn(&mut self) -> Result<Now, Failure> {
        let timeout = self.timeout();
        self.reactor.wait(timeout).map_err(|why| local(&why))?;
        let now = self.clock.now();
        self.take_in(now);
        while let Some(alarm) = self.alarms.pop_due(now.mono) {
            self.on_alarm(now, alarm)?;
        }
        self.take_lines(now)?;
        self.commit(now)?;
        self.read_store()?;
        self.desk.flush(&mut self.reactor);
        self.reactor.flush();
        if self.desk.stdout.is_gone() {
            self.leave(now, Exit::Done)?;
        }
        Ok(now)
    }

    fn timeout(&mut self) -> Option<Duration> {
        let is_behind = |sink| self.desk.is_behind(sink);
        let mut readable = self.reads.iter().filter_map(|(ticket, _)| self.desk.sink(*ticket));
        let more = readable.any(|sink| !is_behind(sink));
        if more || self.may_take_line() || self.desk.has_more(&mut self.reactor) {
            return Some(Duration::ZERO);
        }
        let machine = self.machine.poll_timeout().map(|(at, _)| at);
        let own = self.alarms.next().map(|(at, _)| at);
        let at = machine.into_iter().chain(own).min()?;
        let is_due = at <= self.clock.now().mono;
        Some(if is_due { Duration::ZERO } else { self.clock.until(at) })
    }

    /// Feeds everything that is ready.
    fn take_in(&mut self, now: Now) {
        let Program { reactor, machine, desk, input, input_ended, plan, .. } = self;
        let mut fed = false;
        while let Some(ready) = reactor.next() {
            match ready {
                Ready::Datagram { from, bytes } => {
                    machine.handle(now, Input::Datagram { from, bytes });
                    fed = true;
                }
                Ready::Stream(conn, event) => {
                    machine.handle(now, Input::Stream(conn, event));
                    fed = true;
                }
                Ready::Stdin([]) => {
                    input.end();
                    *input_ended = true;
                }
                Ready::Stdin(bytes) => input.push(bytes),
                Ready::Signal(Signal::Terminate | Signal::Interrupt) => plan.signals += 1,
                Ready::Signal(Signal::Resize | Signal::Continue) => {}
                Ready::Control(id, ControlEvent::Opened) => desk.guest_came(id),
                Ready::Control(id, ControlEvent::Bytes(bytes)) => desk.guest_said(id, bytes),
                Ready::Control(id, ControlEvent::Closed) => desk.guest_left(id),
            }
        }
        let due = machine.poll_timeout().is_some_and(|(at, _)| at <= now.mono);
        if due && !fed {
            machine.handle(now, Input::Tick);
        }
    }

    /// Commits the wake and performs what it gave rise to.
    fn commit(&mut self, now: Now) -> Result<(), Failure> {
        let Program { wake, machine, store, reactor, desk, is_ready, plan, leaving, .. } = self;
        let effects = wake
            .commit(machine, store, now)
            .map_err(|why| Failure { exit: Exit::Local, error: why.to_string() })?;
        for effect in effects {
            match effect {
                Effect::Datagram { to, bytes } => reactor.send_datagram(to, &bytes),
                Effect::Stream(conn, action) => reactor.perform(conn, action),
                Effect::Show(Notice::Event { seq, at, event }) => {
                    *is_ready |= matches!(event, Event::Ready { .. });
                    plan.is_online |= matches!(event, Event::Online { .. });
                    desk.event(seq, at, &event);
                }
                Effect::Show(Notice::Row(ticket, row)) => desk.row(ticket, &row),
                Effect::Show(Notice::Done(ticket, result)) => {
                    desk.end(ticket, result.map_err(Failure::from));
                }
                Effect::Show(Notice::Trouble(refusal)) => {
                    plan.on_trouble(*is_ready, desk, refusal.into());
                }
                Effect::Show(Notice::Left) => {
                    if let Leaving::Asked(exit) = *leaving {
                        *leaving = Leaving::Done(exit);
                    }
                }
            }
        }
        Ok(())
    }

    fn read_store(&mut self) -> Result<(), Failure> {
        for _ in 0..self.reads.len() {
            let Some((ticket, read)) = self.reads.pop_front() else { break };
            let (desk, store) = (&mut self.desk, &mut self.store);
            let rest = read
                .step(ticket, desk, store, Some(&self.machine))
                .map_err(|why| Failure { exit: Exit::Local, error: why.to_string() })?;
            self.reads.extend(rest.map(|read| (ticket, read)));
        }
        Ok(())
    }

    fn on_alarm(&mut self, now: Now, alarm: Alarm) -> Result<(), Failure> {
        match alarm {
            Alarm::Start if self.is_ready => Ok(()),
            Alarm::Start => {
                let failure = self.unreachable();
                match self.plan.gives_up_starting() {
                    true => Err(failure),
                    false => {
                        self.desk.trouble(&failure);
                        Ok(())
                    }
                }
            }
            Alarm::Drain => self.leave(now, Exit::Time),
            Alarm::Event(ticket) => {
                let error = "time ran out".to_owned();
                self.desk.give_up_waiting(ticket, Failure { exit: Exit::Time, error });
                Ok(())
            }
        }
    }

    fn unreachable(&self) -> Failure {
        let why = match self.machine.why_unreachable() {
            "" => "no answer in time",
            why => why,
        };
        let server = self.plan.server.as_deref().unwrap_or("no server");
        Refusal::ServerUnreachable(format!("{server}: {why} [is hobnobd running there?]")).into()
    }
}

/// What lines ask for.
impl Program {
    /// Whether a line that is here already may be taken now.
    fn may_take_line(&self) -> bool {
        let held = self.held.is_some() && !self.desk.is_turning();
        let lines = self.held.is_none() && self.input.has_line();
        self.leaving == Leaving::No && (held || lines) && !self.machine.is_busy()
    }

    fn take_lines(&mut self, now: Now) -> Result<(), Failure> {
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
        let full = self.held.is_some() || self.input.has_line();
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
        let line = self.input.next_line()?;
        let asked = parse(line, self.plan.style.json, self.plan.defaults)?;
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
        let role = match &request {
            Ok(Request::Ask(Verb::Chat(target))) => Role::Talk(Some(target.clone())),
            Ok(Request::Ask(Verb::Accept(target))) => Role::Talk(target.clone()),
            Ok(Request::Dial(_)) => Role::Talk(None),
            Ok(Request::Listen | Request::Events { follow: true, .. }) => Role::Endless,
            Ok(_) | Err(_) => Role::Line,
        };
        let ticket = self.desk.ask(sink, reference, role);
        if is_main {
            self.desk.run_for(ticket);
        }
        match request {
            Err(bad) => self.desk.end(ticket, Err(bad.into())),
            Ok(request) => self.perform(now, sink, ticket, timeout_ms, request)?,
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
            Request::Ask(verb) => self.ask(now, ticket, timeout_ms, verb),
            Request::Dial(host) => match resolve(&host) {
                Ok(target) => self.ask(now, ticket, timeout_ms, Verb::Chat(target)),
                Err(failure) => self.desk.end(ticket, Err(failure)),
            },
            Request::Say { text, until } => match self.desk.talk.current() {
                Some(target) => {
                    let verb = Verb::Msg { to: vec![target], text, until };
                    self.ask(now, ticket, timeout_ms, verb);
                }
                None => self.desk.end(ticket, Err(nobody())),
            },
            Request::History { with, most_rows, since } => {
                self.reads.push_back((ticket, Read::History { with, most_rows, since }));
            }
            Request::Events { since, follow } => {
                let now_on = if follow { self.store.last_seq() } else { Seq(0) };
                let since = since.map_or(now_on, Seq);
                self.reads.push_back((ticket, Read::Events { since, follow }));
            }
            Request::Outbox => self.reads.push_back((ticket, Read::Outbox)),
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
            }
            Request::Listen => self.desk.listen(sink),
            Request::Help(row) => {
                self.desk.print(sink, |printer, out| printer.help(out, row));
                self.desk.end(ticket, Ok(()));
            }
            Request::Quit => {
                self.desk.end(ticket, Ok(()));
                self.leave(now, Exit::Done)?;
            }
        }
        Ok(())
    }

    /// Hands a verb to the machine.
    pub fn ask(&mut self, now: Now, ticket: Ticket, timeout_ms: u64, verb: Verb) {
        let command = Command { ticket, timeout_ms, verb };
        self.machine.handle(now, Input::Command(command));
    }
}

/// The end.
impl Program {
    /// Says goodbye; a second time, ends at once.
    pub fn leave(&mut self, now: Now, exit: Exit) -> Result<(), Failure> {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Asked(exit);
            self.ask(now, Ticket::NOBODY, 0, Verb::Leave);
            // The goodbyes are a wake of their own, so that what was asked before leaves first.
            self.commit(now)?;
        }
        Ok(())
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving != Leaving::No
    }

    /// Ends without another word.
    pub fn end_now(&mut self, exit: Exit) {
        self.leaving = Leaving::Done(exit);
    }

    /// Whether standard input has ended and all its lines were taken.
    pub fn has_read_all(&self) -> bool {
        self.input_ended && self.input.is_empty() && self.held.is_none()
    }

    /// Starts the time that what is still being sent may take, once.
    pub fn drain_by(&mut self, now: Now) {
        if !std::mem::replace(&mut self.plan.draining, true) {
            let until = now.mono.after_ms(self.plan.timeout_ms);
            self.alarms.set(Alarm::Drain, until, "what is still being sent");
        }
    }

    /// The server was reached: the next run finds it by itself.
    pub fn remember_server(&mut self) -> Result<(), Failure> {
        match self.plan.server_to_remember.take() {
            Some(server) => profile::remember_server(&self.directory, &server),
            None => Ok(()),
        }
    }

    /// Waits, not for long, until the kernel has taken the goodbyes.
    fn say_last_words(&mut self) {
        let until = self.clock.now().mono.after_ms(limits::LAST_WORDS_MS);
        self.desk.flush(&mut self.reactor);
        self.reactor.flush();
        while self.reactor.has_unwritten() && self.clock.now().mono < until {
            let left = until.since_ms(self.clock.now().mono);
            if let Err(why) = self.reactor.wait(Some(Duration::from_millis(left))) {
                log::debug!("leaving: {why}");
                return;
            }
            while self.reactor.next().is_some() {}
            self.desk.flush(&mut self.reactor);
            self.reactor.flush();
        }
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

/// The address behind `HOST:PORT`. It asks the resolver and waits for it, because a user who dials
/// a host has nothing to do until it is known.
fn resolve(host: &str) -> Result<Target, Failure> {
    let found = host.to_socket_addrs().map_err(|why| why.to_string());
    match found.map(|mut all| all.next()) {
        Ok(Some(at)) => Ok(Target::Endpoint(at)),
        Ok(None) => Err(Refusal::NoPath(host.to_owned(), "no address".to_owned()).into()),
        Err(why) => Err(Refusal::NoPath(host.to_owned(), why).into()),
    }
}

fn nobody() -> Failure {
    let error = "nobody to talk to [/chat NAME first, or /msg NAME TEXT]".to_owned();
    Failure { exit: Exit::No, error }
}

/// A failure of this machine.
pub(super) fn local(why: &std::io::Error) -> Failure {
    Failure { exit: Exit::Local, error: why.to_string() }
}
