//! What the program was started for, and when that is done.

use super::desk::{Desk, Sink};
use super::profile;
use super::program::Program;
use crate::proto::id::Seq;
use crate::proto::model::command::Verb;
use crate::proto::model::event::Stage;
use crate::proto::model::refusal::Exit;
use crate::proto::time::Now;
use crate::shell::daemon;
use crate::shell::front::days::Days;
use crate::shell::front::lines::Asked;
use crate::shell::front::paint::Paint;
use crate::shell::front::printer::{Printer, Style};
use crate::shell::front::setting::Setting;
use crate::shell::front::verbs::Defaults;
use crate::shell::front::{Failure, Request};
use crate::shell::system;

/// What the program was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Lines of standard input.
    Lines {
        /// Somebody types them.
        typed: bool,
    },
    /// What happens, until told to stop.
    Listen,
    /// One verb.
    Verb(Request),
    /// A session, or another conversation, and lines of standard input that go there.
    Chat(Request),
}

/// The aim, and how far it has come.
#[derive(Debug)]
pub(super) struct Plan {
    pub aim: Aim,
    pub style: Style,
    pub defaults: Defaults,
    pub timeout_ms: u64,
    /// The server, as the user calls it.
    pub server: Option<String>,
    /// To be remembered once it was reached.
    pub server_to_remember: Option<String>,
    /// The options in force.
    pub settings: Vec<Setting>,
    /// We have signed in before.
    pub is_known: bool,
    /// Every dial goes through a proxy.
    pub is_proxied: bool,
    /// The gateway is asked for a port.
    pub maps_ports: bool,
    pub is_online: bool,
    /// Signals to end.
    pub signals: u32,
    pub input_paused: bool,
    pub draining: bool,
    is_started: bool,
    /// Lines are read now of which [`Aim::Chat`] is about, with whom if they go to a session.
    is_talking: bool,
    partner: Option<String>,
    fatal: Option<Failure>,
    /// How [`Aim::Verb`] ended.
    outcome: Option<Result<(), Failure>>,
}

impl Plan {
    pub fn new(aim: Aim, style: Style, defaults: Defaults, timeout_ms: u64) -> Plan {
        Plan {
            aim,
            style,
            defaults,
            timeout_ms,
            server: None,
            server_to_remember: None,
            settings: Vec::new(),
            is_known: false,
            is_proxied: false,
            maps_ports: false,
            is_online: false,
            signals: 0,
            input_paused: false,
            draining: false,
            is_started: false,
            is_talking: false,
            partner: None,
            fatal: None,
            outcome: None,
        }
    }

    /// Whoever showed events up to this one has left.
    pub fn go_on_behind(&mut self, last: Option<Seq>) {
        if let (Aim::Verb(Request::Events { since, .. }), Some(last)) = (&mut self.aim, last) {
            *since = Some(last.0);
        }
    }

    /// Whether standard output shows everything that happens.
    pub fn is_shown_everything(&self) -> bool {
        match &self.aim {
            Aim::Lines { .. } | Aim::Listen | Aim::Chat(_) => true,
            Aim::Verb(_) => false,
        }
    }

    /// Whether the program ends with a verb, which is told how it ended.
    pub fn is_for_a_verb(&self) -> bool {
        match &self.aim {
            Aim::Verb(_) | Aim::Chat(_) => true,
            Aim::Lines { .. } | Aim::Listen => false,
        }
    }

    /// Whether somebody types, and sees what comes of it.
    pub fn is_interactive(&self) -> bool {
        self.aim == Aim::Lines { typed: true }
    }

    /// Whether the program runs for an event to come.
    pub fn awaits_event(&self) -> bool {
        matches!(self.aim, Aim::Verb(Request::Wait(_)))
    }

    /// The same at a terminal that shows where they are.
    pub fn is_watched(&self) -> bool {
        self.is_interactive() && self.style.terminal
    }

    /// A printer for whoever reads standard output.
    pub fn printer(&self) -> Printer {
        let printer = Printer::new(self.style);
        match self.style.terminal {
            true => {
                let variable = |name| std::env::var(name).ok();
                let (term, no_color) = (variable("TERM"), variable("NO_COLOR"));
                let paint = Paint::by(term.as_deref(), no_color.as_deref());
                printer.at_terminal(Days::new(system::zone, self.defaults.now), paint)
            }
            false => printer,
        }
    }

    /// Whether a server that is not reached in time is the end.
    pub fn gives_up_starting(&self) -> bool {
        match &self.aim {
            Aim::Lines { typed } => !typed,
            Aim::Listen => false,
            Aim::Verb(_) | Aim::Chat(_) => true,
        }
    }

    /// Something is wrong that nobody asked about: before all is ready that is the end.
    pub fn on_trouble(&mut self, now: Now, is_ready: bool, desk: &mut Desk, failure: Failure) {
        if is_ready {
            desk.trouble(now.wall, &failure);
        } else {
            self.fatal.get_or_insert(failure);
        }
    }

    /// Whether what a verb sets going is seen to before the program leaves.
    fn settles(&self, request: &Request) -> bool {
        matches!(request, Request::Wait(_)) || !self.is_at_once(request)
    }

    /// Whether the one verb has ended, and only the rest of its work is waited for.
    pub fn is_done(&self) -> bool {
        matches!(self.outcome, Some(Ok(())))
    }

    /// Whether a verb is answered without waiting for the server.
    fn is_at_once(&self, request: &Request) -> bool {
        match request {
            Request::Ask(Verb::Whoami) => self.is_known,
            Request::Ask(Verb::Msg { until: Stage::Queued, .. }) => true,
            Request::Ask(
                Verb::Grant { .. }
                | Verb::Grants
                | Verb::Revoke(_)
                | Verb::PostAdd(_)
                | Verb::PostRemove(_)
                | Verb::PostList(None),
            ) => true,
            Request::Ask(_) | Request::Dial(_) | Request::Say { .. } => false,
            Request::To(_)
            | Request::Notify { .. }
            | Request::History { .. }
            | Request::Search { .. }
            | Request::Events { .. }
            | Request::Outbox
            | Request::Files
            | Request::Export { .. }
            | Request::Drop(_)
            | Request::Wait(_)
            | Request::Listen
            | Request::Help(_)
            | Request::Config
            | Request::Quit => true,
        }
    }
}

impl Program {
    /// Opens what the aim needs, and starts a verb that waits for nothing.
    pub fn begin(&mut self, now: Now) -> Result<(), Failure> {
        let control = profile::control(&self.directory);
        self.reactor.open_control(&control).map_err(|why| profile::failed(&control, why))?;
        self.say_hosting();
        self.watch()?;
        if !matches!(self.plan.aim, Aim::Verb(_)) {
            self.watch_network();
        }
        self.restore_alerts()?;
        if self.plan.is_watched() && !self.plan.is_known {
            self.desk.print(Sink::Stdout, |printer, out| printer.greeting(out));
        }
        match self.plan.aim.clone() {
            Aim::Lines { .. } => self.open_input(),
            Aim::Listen => Ok(()),
            Aim::Verb(request) if self.plan.is_at_once(&request) => self.start_aim(now, request),
            Aim::Verb(_) | Aim::Chat(_) => Ok(()),
        }
    }

    /// Says where others find the server that this program is as well.
    fn say_hosting(&mut self) {
        if let Some(host) = &self.host
            && self.plan.is_shown_everything()
        {
            let json = self.plan.style.json;
            self.desk.print(Sink::Stdout, |_, out| daemon::hosting(out, json, &host.served));
        }
    }

    /// After each wake: what the aim wants next.
    pub fn follow_plan(&mut self, now: Now) -> Result<(), Failure> {
        if let Some(failure) = self.plan.fatal.take() {
            self.leave(now, failure.exit)?;
            return Err(failure);
        }
        if self.plan.is_online {
            self.remember_server()?;
        }
        match self.plan.signals {
            0 => {}
            1 => self.leave(now, Exit::Done)?,
            _ => self.end_now(Exit::Done),
        }
        if self.is_leaving() {
            return Ok(());
        }
        match self.plan.aim.clone() {
            Aim::Lines { typed } => self.follow_lines(now, typed),
            Aim::Listen => Ok(()),
            Aim::Verb(request) => self.follow_verb(now, request),
            Aim::Chat(request) => self.follow_chat(now, request),
        }
    }

    fn follow_lines(&mut self, now: Now, typed: bool) -> Result<(), Failure> {
        if !self.has_read_all() {
            return Ok(());
        }
        if typed {
            return self.leave(now, Exit::Done);
        }
        self.drain_by(now);
        let is_settled = self.is_ready && self.desk.is_quiet() && self.machine.is_settled();
        match is_settled && self.hooks_have_ended(now) {
            true => self.leave(now, if self.desk.is_late() { Exit::Time } else { Exit::Done }),
            false => Ok(()),
        }
    }

    fn follow_verb(&mut self, now: Now, request: Request) -> Result<(), Failure> {
        let settles = self.plan.settles(&request);
        if self.is_ready && !self.plan.is_started {
            self.start_aim(now, request)?;
        }
        if let Some(result) = self.desk.take_ended() {
            self.plan.outcome = Some(result);
        }
        let Some(result) = &self.plan.outcome else { return Ok(()) };
        // What a verb has set going, and what came meanwhile, is seen to before the program leaves.
        if result.is_ok() && settles && !self.machine.is_settled() {
            self.drain_by(now);
            return Ok(());
        }
        // Others may have asked over the control socket meanwhile; they get their answers first.
        let may_end = self.desk.is_idle() && self.hooks_have_ended(now);
        match self.plan.outcome.take_if(|_| may_end) {
            Some(result) => self.leave_with(now, result),
            None => Ok(()),
        }
    }

    fn follow_chat(&mut self, now: Now, request: Request) -> Result<(), Failure> {
        if self.is_ready && !self.plan.is_started {
            self.start_aim(now, request)?;
        }
        match self.desk.take_ended() {
            Some(Ok(())) => {
                self.plan.is_talking = true;
                self.plan.partner = self.desk.talk.partner().map(str::to_owned);
                self.open_input()?;
            }
            Some(failed) => return self.leave_with(now, failed),
            None => {}
        }
        if !self.plan.is_talking {
            return Ok(());
        }
        let mut partner = self.plan.partner.iter();
        if partner.any(|partner| !self.desk.talk.is_open(partner)) {
            let all_said = self.desk.is_quiet();
            return self.leave(now, if all_said { Exit::Done } else { Exit::Time });
        }
        self.follow_lines(now, false)
    }

    fn start_aim(&mut self, now: Now, request: Request) -> Result<(), Failure> {
        self.plan.is_started = true;
        let asked = Asked { reference: None, timeout_ms: None, request: Ok(request) };
        self.start_main(now, asked)
    }

    fn leave_with(&mut self, now: Now, result: Result<(), Failure>) -> Result<(), Failure> {
        let Err(failure) = result else { return self.leave(now, Exit::Done) };
        super::diagnose(&failure);
        self.leave(now, failure.exit)
    }
}
