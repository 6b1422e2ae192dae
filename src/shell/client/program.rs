//! The client's loop: wake, read the clock, feed what is ready, commit, perform, print.

mod asking;
mod hooking;
mod leaving;
mod telling;
mod turning;
mod typing;

use super::alerts::Alerts;
use super::desk::Desk;
use super::hooks::Hooks;
use super::host::{self, Host};
use super::plan::Plan;
use super::reads::{self, Read};
use super::terminal::{Profile, Terminal};
use crate::proto::client::Client;
use crate::proto::limits;
use crate::proto::machine::{Effect, FileAction, Input, Machine, Wake};
use crate::proto::model::command::Ticket;
use crate::proto::model::conversation::Conversation;
use crate::proto::model::event::Event;
use crate::proto::model::notice::Notice;
use crate::proto::model::refusal::{Exit, Refusal};
use crate::proto::time::Now;
use crate::proto::timers::Timers;
use crate::shell::disk::Lock;
use crate::shell::front::Failure;
use crate::shell::front::input::LineBuffer;
use crate::shell::front::lines::Asked;
use crate::shell::reactor::{ControlEvent, Reactor, Ready, Signal};
use crate::shell::store::StoreError;
use crate::shell::store::client::ClientStore;
use crate::shell::system::{self, Clock};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A running client.
pub(super) struct Program {
    pub directory: PathBuf,
    /// Where files go; made when the first one comes.
    files: PathBuf,
    pub machine: Client,
    pub store: ClientStore,
    pub reactor: Reactor,
    pub desk: Desk,
    pub clock: Clock,
    pub plan: Plan,
    pub hooks: Hooks,
    alerts: Alerts,
    /// The server, with `--host`.
    pub host: Option<Host>,
    wake: Wake<Client>,
    alarms: Timers<Alarm>,
    input: LineBuffer,
    /// A line of text that waits until it is known whom plain lines go to.
    held: Option<Asked>,
    /// Standard input has ended, or was never read.
    input_ended: bool,
    reads: VecDeque<(Ticket, Read)>,
    pub is_ready: bool,
    /// What somebody at the terminal looks at.
    looking: Option<Conversation>,
    leaving: Leaving,
    /// Tickets with an [`Alarm::Event`].
    event_waits: Vec<Ticket>,
    /// The machine was asked something since the last commit.
    is_asked: bool,
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
    /// The end of the hook that runs.
    Hook,
    /// Addresses of this machine have come or gone, and may go on doing so.
    Network,
    /// The end of all hooks, for the program has nothing else to do.
    Hooks,
}

impl Program {
    pub fn new(
        (directory, files): (PathBuf, PathBuf),
        lock: Lock,
        store: ClientStore,
        machine: Client,
        reactor: Reactor,
        plan: Plan,
        (hooks, alerts, host): (Hooks, Alerts, Option<Host>),
    ) -> Program {
        let broadcast = plan.is_shown_everything();
        Program {
            directory,
            files,
            machine,
            store,
            event_waits: Vec::new(),
            is_asked: false,
            _lock: lock,
            reactor,
            desk: Desk::new(plan.printer(), broadcast),
            clock: Clock::new(),
            plan,
            hooks,
            alerts,
            host,
            wake: Wake::new(),
            alarms: Timers::new(),
            input: LineBuffer::default(),
            held: None,
            input_ended: false,
            reads: VecDeque::new(),
            is_ready: false,
            looking: None,
            leaving: Leaving::No,
        }
    }

    /// Runs until it is told to leave. A failure ends it at once.
    pub fn run(mut self) -> Result<Exit, Failure> {
        let result = self.run_on();
        self.desk.close_stdout();
        if let Err(failure) = &result
            && self.plan.is_for_a_verb()
        {
            self.desk.fail_main(failure);
        }
        result
    }

    fn run_on(&mut self) -> Result<Exit, Failure> {
        let now = self.clock.now();
        let start_by = now.mono.after_ms(self.plan.timeout_ms);
        self.alarms.set(Alarm::Start, start_by, "reaching the server");
        self.begin(now)?;
        self.follow_plan(now)?;
        loop {
            if let Leaving::Done(exit) = self.leaving {
                self.tell_failures(self.clock.now());
                self.say_last_words();
                return Ok(exit);
            }
            let now = self.turn()?;
            self.follow_plan(now)?;
        }
    }

    /// One wake.
    fn turn(&mut self) -> Result<Now, Failure> {
        let timeout = self.timeout();
        self.reactor.wait(timeout).map_err(|why| local(&why))?;
        let now = self.clock.now();
        self.take_in(now);
        self.follow_terminal();
        while let Some(alarm) = self.alarms.pop_due(now.mono) {
            self.on_alarm(now, alarm)?;
        }
        self.take_lines(now)?;
        self.commit(now)?;
        self.follow_looks()?;
        self.run_hooks(now)?;
        self.read_store()?;
        self.forget_alarms();
        // What others wait for first; the control socket's bytes leave with the next wait.
        self.reactor.flush();
        self.desk.flush(&mut self.reactor);
        self.desk.stdout.outcome().map_err(|why| stdout_failed(&why))?;
        if self.desk.stdout.has_ended() {
            self.leave(now, Exit::Done)?;
        }
        Ok(now)
    }

    fn timeout(&mut self) -> Option<Duration> {
        let is_behind = |sink| self.desk.is_behind(sink);
        let mut readable = self.reads.iter().filter_map(|(ticket, _)| self.desk.sink(*ticket));
        let more =
            readable.any(|sink| !is_behind(sink)) || self.host.as_ref().is_some_and(Host::is_ready);
        if more || self.is_asked || self.may_take_line() || self.desk.has_more(&mut self.reactor) {
            return Some(Duration::ZERO);
        }
        let machine = self.machine.poll_timeout().map(|(at, _)| at);
        let own = self.alarms.next().map(|(at, _)| at);
        let server = self.host.as_ref().and_then(Host::due);
        let at = machine.into_iter().chain(own).chain(server).min()?;
        let is_due = at <= self.clock.now().mono;
        Some(if is_due { Duration::ZERO } else { self.clock.until(at) })
    }

    /// Feeds everything that is ready.
    fn take_in(&mut self, now: Now) {
        let Program { reactor, machine, desk, hooks, input, input_ended, plan, store, .. } = self;
        let Program { alarms, host, .. } = self;
        let mut is_fed = false;
        while let Some(ready) = reactor.next() {
            let Some(ready) = host::left(host, now, ready) else { continue };
            let Some(ready) = left(machine, now, ready) else {
                is_fed = true;
                continue;
            };
            match ready {
                Ready::Run(run, event) => hooks.on_child(run, event, &mut desk.stdout.errors),
                Ready::Stdin([]) => match &mut desk.terminal {
                    Some(terminal) => terminal.end(),
                    None => {
                        input.end();
                        *input_ended = true;
                    }
                },
                Ready::Stdin(_) if *input_ended => {}
                Ready::Stdin(bytes) => match &mut desk.terminal {
                    Some(terminal) => {
                        let heard = &desk.heard;
                        terminal.handle(bytes, &mut Profile { store, machine, heard });
                    }
                    None => input.push(bytes),
                },
                Ready::Signal(Signal::Interrupt)
                    if desk.terminal.as_mut().is_some_and(Terminal::interrupt) => {}
                Ready::Signal(Signal::Terminate | Signal::Interrupt) => plan.signals += 1,
                Ready::Signal(Signal::Resize) => {
                    desk.terminal.iter_mut().for_each(Terminal::resize);
                }
                Ready::Signal(Signal::Continue) => {
                    desk.terminal.iter_mut().for_each(Terminal::go_on);
                }
                Ready::Network => {
                    let at = now.mono.after_ms(limits::NETWORK_SETTLES_MS);
                    alarms.set(Alarm::Network, at, "addresses that come and go");
                }
                Ready::Control(id, ControlEvent::Opened) => desk.guest_came(id),
                Ready::Control(id, ControlEvent::Bytes(bytes)) => desk.guest_said(id, bytes),
                Ready::Control(id, ControlEvent::Closed) => desk.guest_left(id),
                Ready::Datagram { .. }
                | Ready::Lan { .. }
                | Ready::Served { .. }
                | Ready::Stream(..)
                | Ready::File(..) => {}
            }
        }
        if let Some(host) = host {
            is_fed |= host.feed(now, machine);
        }
        let due = machine.poll_timeout().is_some_and(|(at, _)| at <= now.mono);
        if due && !is_fed {
            machine.handle(now, Input::Tick);
        }
    }

    /// Commits the wake and performs what it gave rise to.
    fn commit(&mut self, now: Now) -> Result<(), Failure> {
        self.is_asked = false;
        let Program { wake, machine, store, reactor, desk, hooks, alerts, plan, .. } = self;
        let Program { is_ready, leaving, files, host, .. } = self;
        let effects = wake.commit(machine, store, now).map_err(store_failed)?;
        for effect in effects {
            match effect {
                Effect::Datagram { to, bytes } => reactor.send_datagram(to, &bytes),
                Effect::Lan(action) => reactor.perform_lan(action),
                Effect::Stream(conn, action) => {
                    let action = match host {
                        Some(host) => host.divert(conn, action),
                        None => Some(action),
                    };
                    if let Some(action) = action {
                        reactor.perform(conn, action);
                    }
                }
                Effect::File(file, action) => {
                    make_directory(files, &action);
                    reactor.perform_file(file, action);
                }
                Effect::Run(run, action) => reactor.perform_run(run, action),
                Effect::Show(Notice::Event { seq, at, event }) => {
                    *is_ready |= matches!(event, Event::Ready { .. });
                    plan.is_online |= matches!(event, Event::Online { .. });
                    hooks.event(seq, at, &event);
                    if plan.is_shown_everything() {
                        let looked_at = desk.talk.current().filter(|_| plan.is_watched());
                        let hook = alerts.event(seq, at, &event, looked_at);
                        hook.into_iter().for_each(|hook| hooks.push(hook));
                    }
                    if alerts.take_bell() && plan.is_watched() {
                        desk.ring();
                    }
                    for fit in desk.awaited() {
                        reads::name_awaited(fit, store).map_err(store_failed)?;
                    }
                    desk.event(seq, at, &event);
                }
                Effect::Show(Notice::Row(ticket, row)) => desk.row(ticket, &row),
                Effect::Show(Notice::Done(ticket, result)) => {
                    desk.end(ticket, result.map_err(Failure::from));
                }
                Effect::Show(Notice::Trouble(refusal)) => {
                    plan.on_trouble(now, *is_ready, desk, refusal.into());
                }
                Effect::Show(Notice::Left) => {
                    if let Leaving::Asked(exit) = *leaving {
                        *leaving = Leaving::Done(exit);
                    }
                }
            }
        }
        host.as_mut().map_or(Ok(()), |host| host.commit(now, reactor))
    }

    fn read_store(&mut self) -> Result<(), Failure> {
        for _ in 0..self.reads.len() {
            let Some((ticket, read)) = self.reads.pop_front() else { break };
            let (desk, store) = (&mut self.desk, &mut self.store);
            let rest = read.step(ticket, desk, store, Some(&self.machine)).map_err(store_failed)?;
            self.reads.extend(rest.map(|read| (ticket, read)));
        }
        Ok(())
    }

    fn on_alarm(&mut self, now: Now, alarm: Alarm) -> Result<(), Failure> {
        match alarm {
            Alarm::Start if self.is_ready => Ok(()),
            // Time ran out for the event as well; nothing says that the server is to blame.
            Alarm::Start if self.plan.awaits_event() && self.is_reachable() => Ok(()),
            Alarm::Start => {
                let failure = self.unreachable();
                match self.plan.gives_up_starting() {
                    true => Err(failure),
                    false => {
                        self.desk.trouble(now.wall, &failure);
                        Ok(())
                    }
                }
            }
            Alarm::Network => {
                self.follow_network(now);
                Ok(())
            }
            Alarm::Hook => {
                self.kill_late_hook();
                Ok(())
            }
            Alarm::Hooks => {
                self.hooks.give_up();
                Ok(())
            }
            // An export is not held up by anybody else, so that it comes to its end.
            Alarm::Drain if self.waits_for_hooks() || self.is_exporting() => {
                self.set_drain(now);
                Ok(())
            }
            Alarm::Drain if self.plan.is_done() => self.leave(now, Exit::Done),
            Alarm::Drain => self.leave(now, Exit::Time),
            Alarm::Event(ticket) => {
                let error = "wait: time ran out".to_owned();
                self.desk.give_up_waiting(ticket, Failure { exit: Exit::Time, error });
                Ok(())
            }
        }
    }

    fn is_exporting(&self) -> bool {
        self.reads.iter().any(|(_, read)| matches!(read, Read::Export(_)))
    }

    /// A deadline that nobody waits for any more must not wake us.
    fn forget_alarms(&mut self) {
        if self.is_ready {
            self.alarms.cancel(&Alarm::Start);
        }
        let (desk, alarms) = (&self.desk, &mut self.alarms);
        self.event_waits.retain(|ticket| {
            let waits = desk.sink(*ticket).is_some();
            if !waits {
                alarms.cancel(&Alarm::Event(*ticket));
            }
            waits
        });
    }

    fn is_reachable(&self) -> bool {
        self.machine.why_unreachable().is_empty()
    }

    fn unreachable(&self) -> Failure {
        let why = match self.machine.why_unreachable() {
            "" => "no answer in time",
            why => why,
        };
        let server = self.plan.server.as_deref().unwrap_or("no server");
        let hint = match why.starts_with("the proxy") {
            true => "",
            false => " [is hobnobd running there?]",
        };
        Refusal::ServerUnreachable([server, ": ", why, hint].concat()).into()
    }
}

/// Feeds the machine what is its own; the rest is given back.
fn left<'a>(machine: &mut Client, now: Now, ready: Ready<'a>) -> Option<Ready<'a>> {
    let input = match ready {
        Ready::Datagram { from, bytes } => Input::Datagram { from, bytes },
        Ready::Lan { from, bytes } => Input::Lan { from, bytes },
        Ready::Stream(conn, event) => Input::Stream(conn, event),
        Ready::File(file, event) => Input::File(file, event),
        Ready::Run(run, event) if !run.is_hook() => Input::Run(run, event),
        other => return Some(other),
    };
    machine.handle(now, input);
    None
}

/// Makes the directory of files before the first one is put there. Where that fails, creating the
/// file does, and says so.
fn make_directory(files: &Path, action: &FileAction) {
    if let FileAction::Create { path, .. } = action
        && Path::new(path).parent() == Some(files)
        && let Err(why) = std::fs::create_dir_all(files)
    {
        log::warn!("{}: {}", files.display(), system::words(&why));
    }
}

/// What was to be printed is lost.
pub(super) fn stdout_failed(why: &std::io::Error) -> Failure {
    Failure { exit: Exit::Local, error: format!("standard output: {}", system::words(why)) }
}

/// The profile's database failed.
fn store_failed(why: StoreError) -> Failure {
    Failure { exit: Exit::Local, error: why.to_string() }
}

/// A failure of this machine.
pub(super) fn local(why: &std::io::Error) -> Failure {
    Failure { exit: Exit::Local, error: system::words(why) }
}
