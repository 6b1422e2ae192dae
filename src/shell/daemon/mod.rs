//! The server program: the machine, its accounts, the reactor and the operator's console, put
//! together.

mod console;
mod keeper;
mod served;

pub use console::hosting;
pub use served::Served;

use self::served::{at, local};
use crate::proto::limits;
use crate::proto::machine::{Effect, Input, Machine, Wake};
use crate::proto::model::command::Operate;
use crate::proto::model::notice::Report;
use crate::proto::model::refusal::Exit;
use crate::proto::time::{Mono, Now};
use crate::shell::cli::{self, Parsed, ServerOptions};
use crate::shell::disk::{self, Lock, LockError};
use crate::shell::front::Failure;
use crate::shell::front::json::JsonLines;
use crate::shell::reactor::{Reactor, Ready, Signal};
use crate::shell::stdout::Stdout;
use crate::shell::store::StoreError;
use crate::shell::system::{self, Clock};
use std::path::Path;

const PROGRAM: &str = "hobnobd";
/// The longest console line; no verb needs more.
const LINE_MAX_BYTES: usize = 4096;

/// Runs `hobnobd` with these words of the command line; its exit code.
pub fn run(argv: &[String]) -> Exit {
    let environment = |name: &str| std::env::var(name).ok();
    let options = match cli::server(argv, &environment, &system::text_of) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Print(text)) => return print(&text, cli::wants_json(argv)),
        Err(wrong) => {
            system::complain(PROGRAM, &wrong.why);
            return wrong.exit;
        }
    };
    system::start_log(options.verbose);
    system::keep_files_private();
    match Daemon::start(options).and_then(Daemon::serve) {
        Ok(()) => Exit::Done,
        Err(Failure { exit, error }) => {
            system::complain(PROGRAM, &error);
            exit
        }
    }
}

fn print(text: &str, json: bool) -> Exit {
    let mut stdout = Stdout::default();
    match json {
        true => JsonLines::default().text(&mut stdout.lines, text),
        false => stdout.lines.extend_from_slice(text.as_bytes()),
    }
    stdout.flush();
    match stdout.outcome() {
        Ok(()) => Exit::Done,
        Err(fault) => {
            system::complain(PROGRAM, &format!("standard output: {}", system::words(&fault)));
            Exit::Local
        }
    }
}

/// The running program.
struct Daemon {
    served: Served,
    reactor: Reactor,
    clock: Clock,
    stdout: Stdout,
    json: bool,
    /// What came of a console line that is not whole yet.
    typed: Vec<u8>,
    /// When the machine said its goodbyes.
    left_at: Option<Mono>,
    // Last, so that the directory is free only when all else is gone.
    _lock: Lock,
}

impl Daemon {
    fn start(options: ServerOptions) -> Result<Daemon, Failure> {
        let data = &options.data;
        disk::open_directory(data).map_err(|fault| at(data, &fault))?;
        let lock = Lock::take(data).map_err(|fault| locked(data, fault))?;
        let mut reactor = Reactor::new().map_err(|fault| local("poll", &fault))?;
        let served = Served::open(&options, "--listen", &mut reactor)?;
        reactor.open_stdin().map_err(|fault| local("stdin", &fault))?;
        let mut stdout = Stdout::default();
        console::listening(&mut stdout.lines, options.json, &served);
        Ok(Daemon {
            served,
            reactor,
            clock: Clock::new(),
            stdout,
            json: options.json,
            typed: Vec::new(),
            left_at: None,
            _lock: lock,
        })
    }

    fn serve(mut self) -> Result<(), Failure> {
        let mut wake = Wake::new();
        let mut effects = Vec::new();
        // Mail may have got too old while nobody served.
        self.served.machine.handle(self.clock.now(), Input::Tick);
        // Nobody who cannot read where it listens has a use for it; later it goes on without them.
        self.stdout.flush();
        self.stdout.outcome().map_err(|fault| local("standard output", &fault))?;
        while !self.is_over() {
            self.stdout.flush();
            let due = self.left_at.map(|left| left.after_ms(limits::GOODBYE_MS));
            let due = due.or(self.served.machine.poll_timeout().map(|(due, _)| due));
            self.reactor
                .wait(due.map(|due| self.clock.until(due)))
                .map_err(|fault| local("poll", &fault))?;
            let now = self.clock.now();
            self.feed(now);
            let done = wake.commit(&mut self.served.machine, &mut self.served.store, now);
            effects.extend(done.map_err(|fault| failed(&fault))?);
            for effect in effects.drain(..) {
                self.perform(effect);
            }
            self.reactor.flush();
        }
        self.stdout.flush();
        Ok(())
    }

    /// Every client has been told, or has had the time to be.
    fn is_over(&self) -> bool {
        self.left_at.is_some_and(|left| {
            let waited_ms = self.clock.now().mono.since_ms(left);
            !self.reactor.has_unwritten() || waited_ms >= limits::GOODBYE_MS
        })
    }

    /// Gives the machine everything that is ready.
    fn feed(&mut self, now: Now) {
        let mut operate = Vec::new();
        while let Some(ready) = self.reactor.next() {
            match ready {
                Ready::Stream(conn, event) => {
                    self.served.machine.handle(now, Input::Stream(conn, event));
                }
                Ready::Served { from, bytes } => {
                    self.served.machine.handle(now, Input::Datagram { from, bytes });
                }
                Ready::Stdin(bytes) => typed(&mut self.typed, bytes, &mut operate),
                Ready::Signal(Signal::Terminate | Signal::Interrupt) => {
                    operate.push(Ok(Operate::Quit));
                }
                Ready::Signal(Signal::Resize | Signal::Continue)
                | Ready::Control(..)
                | Ready::Datagram { .. }
                | Ready::Network
                | Ready::File(..)
                | Ready::Run(..)
                | Ready::Lan { .. } => {}
            }
        }
        for line in operate {
            match line {
                Ok(operate) => self.served.machine.handle(now, Input::Command(operate)),
                Err(why) => {
                    let report = Report::Line("error", vec![("why", why)]);
                    console::report(&mut self.stdout.lines, self.json, &report);
                }
            }
        }
        self.served.machine.handle(now, Input::Tick);
    }

    fn perform(&mut self, effect: Effect<Report>) {
        match effect {
            Effect::Stream(conn, action) => self.reactor.perform(conn, action),
            Effect::Datagram { to, bytes } => self.reactor.send_served(to, &bytes),
            Effect::File(..) | Effect::Run(..) | Effect::Lan(_) => {
                unreachable!("a server opens no files, starts no children, and has no neighbours")
            }
            Effect::Show(Report::Left) => self.left_at = Some(self.clock.now().mono),
            Effect::Show(report) => {
                let report = self.with_disk(report);
                console::report(&mut self.stdout.lines, self.json, &report);
            }
        }
    }

    /// The machine does not know how much there is on the disk; the store does.
    fn with_disk(&self, report: Report) -> Report {
        match report {
            Report::Line("stats", mut pairs) => {
                let count =
                    self.served.store.accounts_count().map_or("?".into(), |n| n.to_string());
                let mail = self.served.store.mail_count();
                let (mail, bytes) = mail.map_or(("?".into(), "?".into()), |(count, bytes)| {
                    (count.to_string(), bytes.to_string())
                });
                let disk = [("accounts", count), ("mail", mail), ("mail-bytes", bytes)];
                pairs.splice(0..0, disk);
                Report::Line("stats", pairs)
            }
            other => other,
        }
    }
}

/// Cuts what was typed into lines.
fn typed(kept: &mut Vec<u8>, bytes: &[u8], lines: &mut Vec<Result<Operate, String>>) {
    for byte in bytes {
        match byte {
            b'\n' => {
                let line = console::parse(&String::from_utf8_lossy(kept));
                lines.extend(line.transpose());
                kept.clear();
            }
            _ if kept.len() < LINE_MAX_BYTES => kept.push(*byte),
            _ => {}
        }
    }
}

/// The database failed.
fn failed(fault: &StoreError) -> Failure {
    Failure { exit: Exit::Local, error: fault.to_string() }
}

fn locked(data: &Path, fault: LockError) -> Failure {
    match fault {
        LockError::InUse { pid } => {
            let whose = pid.map(|pid| format!(" by process {pid}")).unwrap_or_default();
            let line =
                format!("{}: in use{whose} [end it, or choose another --data]", data.display());
            Failure { exit: Exit::Local, error: line }
        }
        LockError::Failed(fault) => at(data, &fault),
    }
}
