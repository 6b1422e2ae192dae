//! The client program: the machine, its profile, the reactor and the front, put together.
//!
//! | file | about |
//! |---|---|
//! | `profile` | the directory, its lock, keys, the server's address |
//! | `program` | the loop |
//! | `plan` | what the program was started for, and when that is done |
//! | `gateway` | whom to ask for a port on its outside |
//! | `alerts` | of what somebody is told who looks elsewhere |
//! | `hooks` | commands of the user's own that are run because something happened |
//! | `host`, `pipe` | the server in the same process, and the way to it |
//! | `desk` | who asked for what, and where each notice goes |
//! | `terminal` | somebody who types, and sees the line at the bottom |
//! | `settings` | the options in force |
//! | `talk` | where plain lines go |
//! | `unread` | what came elsewhere meanwhile |
//! | `reads` | listings that the store answers |
//! | `exporting` | an export on its way, `new_file` what it goes into |
//! | `raw` | the output of the one command that the program runs for |
//! | `network` | this machine's addresses, and what follows when they change |
//! | `paths` | paths that somebody typed |
//! | `transcriber` | what writes down voice messages |
//! | `remote` | a verb that goes to a hobnob that is running already |

mod alerts;
mod desk;
mod exporting;
mod gateway;
mod hooks;
mod host;
mod keeper;
mod network;
mod new_file;
mod paths;
mod pipe;
mod plan;
mod profile;
mod program;
mod raw;
mod reads;
mod remote;
mod settings;
mod talk;
mod terminal;
mod transcriber;
mod unread;

use self::alerts::Alerts;
use self::desk::{Desk, Role, Sink};
use self::exporting::Exporting;
use self::hooks::Hooks;
use self::host::Host;
use self::plan::{Aim, Plan};
use self::profile::{Opened, Profile};
use self::program::{Program, local, stdout_failed};
use self::reads::Read;
use self::remote::Spoken;
use crate::proto::client::{Accept, Client, Config, Remote, RunLimits, Server};
use crate::proto::id::Seq;
use crate::proto::model::command::Verb;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::{Exit, Refusal};
use crate::shell::cli::{
    self, ClientOptions, Consent, Hosting, Parsed, ProxyAddress, ServerAddress, Wrong,
};
use crate::shell::front::json::JsonLines;
use crate::shell::front::printer::{Printer, Style};
use crate::shell::front::verbs::Defaults;
use crate::shell::front::{Failure, Request, lines, safe};
use crate::shell::reactor::{self, Proxy, Reactor};
use crate::shell::stdout::Stdout;
use crate::shell::system::{self, Clock};
use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait before a profile that another program is just leaving is tried again.
const RETRY: Duration = Duration::from_millis(20);
/// How long lines of standard input wait for a program that is just leaving: who is there for
/// longer was not started for one verb.
const LEAVING: Duration = Duration::from_secs(2);

/// `hobnob`: argv in, exit code out.
pub fn main() -> Exit {
    if let Some(exit) = reactor::supervise(std::env::args_os()) {
        return exit;
    }
    let mut argv = Vec::new();
    for word in std::env::args_os().skip(1) {
        match word.into_string() {
            Ok(word) => argv.push(word),
            Err(word) => return wrong(&format!("{}: not UTF-8", word.display())),
        }
    }
    let environment = |variable: &str| std::env::var(variable).ok();
    let mut options = match cli::client(&argv, &environment, &system::text_of) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Print(text)) => return exit_of(print_text(text, cli::wants_json(&argv))),
        Err(Wrong { exit, why: error }) => {
            let failure = Failure { exit, error };
            let answered = if cli::wants_json(&argv) { answer(&failure) } else { Ok(Exit::Done) };
            return exit_of(answered.and(Err(failure)));
        }
    };
    system::start_log(options.verbose);
    system::keep_files_private();
    exit_of(paths::settle_words(&mut options.words).and_then(|()| run(&options)))
}

/// The exit code of what was done; what was not is told.
fn exit_of(result: Result<Exit, Failure>) -> Exit {
    result.unwrap_or_else(|failure| {
        diagnose(&failure);
        failure.exit
    })
}

fn run(options: &ClientOptions) -> Result<Exit, Failure> {
    let style = Style {
        json: options.json,
        time: options.time,
        terminal: io::stdout().is_terminal() && !options.json,
    };
    let defaults = Defaults { until: options.until, now: Clock::new().now().wall };
    let begun = aim(options, defaults).and_then(|aim| match aim {
        Aim::Verb(Request::Help(rows)) => {
            let mut out = Vec::new();
            let mut printer = Printer::new(style);
            printer.help(&mut out, &rows);
            printer.done(&mut out, None, Ok(()));
            Ok(Begun::Ended(print(out)?))
        }
        aim => enter(
            options,
            Plan::new(aim, style, defaults, options.timeout_ms),
            options.home.clone(),
        ),
    });
    match begun {
        Ok(Begun::Ended(exit)) => Ok(exit),
        Ok(Begun::Program(program)) => program.run(),
        Err(failure) => {
            if options.json && !options.words.is_empty() {
                answer(&failure)?;
            }
            Err(failure)
        }
    }
}

/// What came of starting.
enum Begun {
    /// It is over already.
    Ended(Exit),
    Program(Box<Program>),
}

/// What argv wants.
fn aim(options: &ClientOptions, defaults: Defaults) -> Result<Aim, Failure> {
    if options.words.is_empty() {
        return Ok(Aim::Lines { typed: io::stdin().is_terminal() });
    }
    Ok(match lines::parse_words(&options.words, defaults)? {
        Request::Listen => Aim::Listen,
        request @ Request::Dial(_) if options.proxy.is_some() => Aim::Chat(request),
        Request::Dial(host) => Aim::Chat(Request::Ask(Verb::Chat(look_up(&host)?))),
        request @ (Request::Ask(Verb::Chat(_)) | Request::To(Some(_))) => Aim::Chat(request),
        request => Aim::Verb(request),
    })
}

/// Takes the profile, or hands the verb to the hobnob that has it.
fn enter(options: &ClientOptions, mut plan: Plan, home: PathBuf) -> Result<Begun, Failure> {
    if plan.aim == Aim::Verb(Request::Config) && !profile::is_made(&home) {
        return settings::answer(plan.style, &settings::in_force(options, None, None))
            .map(Begun::Ended);
    }
    let timeout = Duration::from_millis(options.timeout_ms).max(RETRY);
    let patience = if options.words.is_empty() { timeout.min(LEAVING) } else { timeout };
    let mut until = Instant::now() + patience;
    let mut at_once = None;
    loop {
        let pid = match profile::open(&home)? {
            Opened::Ours(profile) => {
                let begun = start(options, plan, home, *profile);
                // From here on a signal is the program's.
                at_once.inspect(|at_once: &Arc<AtomicBool>| at_once.store(false, Relaxed));
                return begun;
            }
            Opened::InUse { pid } => pid,
        };
        let spoken = match &plan.aim {
            Aim::Lines { .. } => Spoken::NobodyThere,
            Aim::Listen | Aim::Verb(_) | Aim::Chat(_) => {
                at_once.get_or_insert_with(remote::end_well_on_signals);
                remote::speak(options, &plan, &profile::control(&home))?
            }
        };
        match spoken {
            Spoken::Ended(exit) => return Ok(Begun::Ended(exit)),
            Spoken::Left { last } => {
                plan.go_on_behind(last);
                until = Instant::now() + patience;
            }
            Spoken::NobodyThere if Instant::now() < until => {}
            Spoken::NobodyThere => return Err(in_use(&home, pid)),
        }
        thread::sleep(RETRY);
    }
}

fn start(
    options: &ClientOptions,
    mut plan: Plan,
    home: PathBuf,
    mut profile: Profile,
) -> Result<Begun, Failure> {
    if plan.aim == Aim::Verb(Request::Quit) {
        // Nothing runs with this profile that could be left.
        return Ok(Begun::Ended(ended_well(&plan)?));
    }
    let store_failed = |why| profile::failed(&home, why);
    if let Aim::Verb(request) = &plan.aim
        && let Some(read) = read_of(request, &home, &profile)?
    {
        return list(read, &plan, &mut profile).map(Begun::Ended);
    }
    let mut past = profile.store.restore().map_err(store_failed)?;
    let remembered = profile::server(&home)?;
    let name = past.me.as_ref().map(|(name, _)| name);
    plan.settings = settings::in_force(options, remembered.as_ref(), name);
    if plan.aim == Aim::Verb(Request::Config) {
        return settings::answer(plan.style, &plan.settings).map(Begun::Ended);
    }
    let mut reactor = Reactor::new().map_err(|why| local(&why))?;
    let host = match options.host {
        Hosting::No => None,
        Hosting::Anywhere => Some(Host::open(&home, None, &mut reactor)?),
        Hosting::At(at) => Some(Host::open(&home, Some(at), &mut reactor)?),
    };
    let server = choose_server(options, remembered.as_ref(), host.as_ref())?;
    if let (Some(server), Some(remembered)) = (&server, &remembered)
        && server.to_string() != remembered.to_string()
    {
        // The key that was pinned is the other server's.
        past.server_key = None;
    }
    plan.is_known = past.me.is_some();
    plan.is_proxied = options.proxy.is_some();
    plan.maps_ports = options.port_mapping && !plan.is_proxied;
    plan.server = server.as_ref().map(ToString::to_string);
    let is_new = plan.server != remembered.as_ref().map(ToString::to_string);
    plan.server_to_remember = plan.server.clone().filter(|_| is_new);
    let is_passing = matches!(plan.aim, Aim::Verb(Request::Ask(_)));
    let config = Config { is_passing, ..config(options, server.as_ref())? };
    let files = PathBuf::from(&config.files);
    let seed = profile::seed()?;
    let (identity, store, lock) = profile.into_parts();
    let machine = Client::restore(config, identity, past, seed);
    if let Some(address) = &options.proxy {
        reactor.dial_through(proxy(address)?);
    }
    let hooks = Hooks::new(options.on.clone(), options.on_seconds);
    let alerts = Alerts::new(options.notify.clone().unwrap_or_default());
    let home = path::absolute(&home).map_err(|why| profile::failed(&home, why))?;
    let places = (home, files);
    let beside = (hooks, alerts, host);
    let program = Program::new(places, lock, store, machine, reactor, plan, beside);
    Ok(Begun::Program(Box::new(program)))
}

fn config(options: &ClientOptions, server: Option<&ServerAddress>) -> Result<Config, Failure> {
    let is_proxied = options.proxy.is_some();
    // Behind a proxy nobody is told an address of ours, nor asked for one.
    let interfaces = if is_proxied { Vec::new() } else { network::interfaces() };
    let files = paths::expanded(&options.files, paths::home().as_deref());
    Ok(Config {
        name: options.name.clone(),
        server: server.map(|server| resolve(server, is_proxied)).transpose()?,
        is_proxied,
        paths: options.paths,
        is_passing: false,
        listen: options.listen,
        locals: network::reachable(&interfaces),
        gateway: options.port_mapping.then(|| gateway::find(&interfaces)).flatten(),
        accept: match options.accept {
            Consent::Friends => Accept::Friends,
            Consent::All => Accept::All,
            Consent::None => Accept::None,
        },
        files: paths::absolute(&files)?,
        transcriber: match &options.transcriber {
            Some(argv) => Some(argv.clone()).filter(|argv| !argv.is_empty()),
            None => transcriber::find(std::env::var_os("PATH").as_deref()),
        },
        run_limits: RunLimits {
            seconds: options.run_seconds,
            output_bytes: options.run_output_bytes,
            memory_bytes: options.run_memory_bytes,
        },
    })
}

fn choose_server(
    options: &ClientOptions,
    remembered: Option<&ServerAddress>,
    host: Option<&Host>,
) -> Result<Option<ServerAddress>, Failure> {
    if options.no_server {
        return Ok(None);
    }
    let given = options.server.clone().or_else(|| host.map(Host::address));
    match given.or_else(|| remembered.cloned()) {
        Some(server) => Ok(Some(server)),
        None => {
            let error = "no server yet [name one with --server HOST:PORT, or use --no-server]";
            Err(Failure { exit: Exit::Usage, error: error.to_owned() })
        }
    }
}

/// A name is for the proxy to look up, where there is one: to ask elsewhere would tell who asks.
fn resolve(server: &ServerAddress, is_proxied: bool) -> Result<Server, Failure> {
    let (label, key) = (server.to_string(), server.key);
    let is_name = server.host.parse::<IpAddr>().is_err();
    let at = if is_proxied && is_name {
        vec![Remote::Name(server.host.clone(), server.port)]
    } else {
        let found = addresses(&server.host, server.port);
        let found = found.map_err(|why| Refusal::ServerUnreachable(format!("{label}: {why}")))?;
        found.into_iter().map(Remote::Address).collect()
    };
    Ok(Server { label, at, key })
}

/// The proxy, looked up before the loop begins.
fn proxy(address: &ProxyAddress) -> Result<Proxy, Failure> {
    let ProxyAddress { host, port, login } = address;
    let found = addresses(host, *port);
    let found = found.map_err(|why| Refusal::ServerUnreachable(format!("proxy {host}: {why}")))?;
    // Where `localhost` is both, most listen on IPv4 alone.
    let at = found.iter().find(|at| at.is_ipv4()).unwrap_or(&found[0]);
    Ok(Proxy { at: *at, login: login.clone() })
}

/// Of a host; there is one at least.
fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let found = (host, port).to_socket_addrs().map_err(|why| system::words(&why))?;
    let at: Vec<SocketAddr> = found.collect();
    if at.is_empty() { Err("no address".to_owned()) } else { Ok(at) }
}

/// The address behind `HOST:PORT`, before the loop begins.
fn look_up(host: &str) -> Result<Target, Failure> {
    let no_path = |why: String| Refusal::NoPath(host.to_owned(), why);
    let mut found = host.to_socket_addrs().map_err(|why| no_path(system::words(&why)))?;
    match found.next() {
        Some(at) => Ok(Target::Endpoint(at)),
        None => Err(no_path("no address".to_owned()).into()),
    }
}

/// The listing that a verb is, if the store alone can answer it.
fn read_of(request: &Request, home: &Path, profile: &Profile) -> Result<Option<Read>, Failure> {
    Ok(match request {
        Request::History { with, most_rows, since } => {
            let (with, most_rows, since) = (with.clone(), *most_rows, *since);
            Some(Read::History { with, most_rows, since })
        }
        Request::Search { words, with, most_rows } => {
            let (words, with, most_rows) = (words.clone(), with.clone(), *most_rows);
            Some(Read::Search { words, with, most_rows })
        }
        Request::Events { since, follow: false } => {
            Some(Read::Events { since: Seq(since.unwrap_or(0)), follow: false })
        }
        Request::Outbox => Some(Read::Outbox),
        Request::Files => Some(Read::Files),
        Request::Export { anonymised, to } => {
            let me = profile.identity.fingerprint();
            let exporting = Exporting::begin(&profile.store, home, me, *anonymised, to.as_deref())?;
            Some(Read::Export(Box::new(exporting)))
        }
        _ => None,
    })
}

/// Says that a verb had nothing to do.
fn ended_well(plan: &Plan) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    plan.printer().done(&mut out, None, Ok(()));
    print(out)
}

/// Answers a listing from the store, without a machine.
fn list(read: Read, plan: &Plan, profile: &mut Profile) -> Result<Exit, Failure> {
    let mut desk = Desk::new(plan.printer(), false);
    let ticket = desk.ask(Sink::Stdout, None, Role::Line);
    desk.run_for(ticket, plan.defaults.until);
    let mut rest = Some(read);
    while let Some(read) = rest {
        rest = read
            .step(ticket, &mut desk, &mut profile.store, None)
            .map_err(|why| Failure { exit: Exit::Local, error: why.to_string() })?;
        desk.stdout.flush();
        if desk.stdout.has_ended() {
            break;
        }
    }
    desk.stdout.outcome().map_err(|why| stdout_failed(&why))?;
    match desk.take_ended() {
        Some(Err(failure)) => {
            diagnose(&failure);
            Ok(failure.exit)
        }
        Some(Ok(())) | None => Ok(Exit::Done),
    }
}

fn in_use(home: &Path, pid: Option<u32>) -> Failure {
    let by = pid.map(|pid| format!(" by process {pid}")).unwrap_or_default();
    let hint = "[give it verbs with: hobnob VERB, or name another profile with --home]";
    let error = format!("profile {}: in use{by} {hint}", home.display());
    Failure { exit: Exit::Local, error }
}

fn print_text(text: String, json: bool) -> Result<Exit, Failure> {
    if !json {
        return print(text.into_bytes());
    }
    let mut out = Vec::new();
    JsonLines::default().text(&mut out, &text);
    JsonLines::default().done(&mut out, None, Ok(()));
    print(out)
}

/// Says in JSON that the verb of argv was not even begun.
fn answer(failure: &Failure) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    JsonLines::default().done(&mut out, None, Err(failure));
    print(out)
}

fn print(text: Vec<u8>) -> Result<Exit, Failure> {
    let mut stdout = Stdout::default();
    stdout.lines = text;
    stdout.flush();
    stdout.outcome().map_err(|why| stdout_failed(&why))?;
    Ok(Exit::Done)
}

fn wrong(why: &str) -> Exit {
    diagnose(&Failure { exit: Exit::Usage, error: why.to_owned() });
    Exit::Usage
}

/// One line on stderr: what failed, and why.
fn diagnose(failure: &Failure) {
    if let Err(why) = io::stderr().write_all(&line_of(failure)) {
        log::debug!("standard error: {why}");
    }
}

fn line_of(failure: &Failure) -> Vec<u8> {
    let mut line = b"hobnob: ".to_vec();
    safe::push_word(&failure.error, &mut line);
    line.push(b'\n');
    line
}
