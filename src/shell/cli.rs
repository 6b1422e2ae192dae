//! Options of both programs, from argv and environment, checked once.

mod behind;
pub mod options;

use self::options::OptionRow;
use super::disk;
use super::front::{fit, help, lines, words};
use crate::proto::limits;
use crate::proto::model::account::Pool;
use crate::proto::model::event::Stage;
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use getopts::{Matches, Options, ParsingStyle};
use std::ffi::OsString;
use std::fmt::{Display, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The port of a server that is named without one.
pub const SERVER_PORT: u16 = 12_000;

/// What argv asks for, once it is known to be right.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// Go on with these.
    Run(T),
    /// Print this on stdout and end well: help, version.
    Print(String),
}

/// Why argv is wrong; one line, without the program's name. Exit code 2.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong(pub String);

/// An environment variable by its name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Options of `hobnob`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// The profile's directory.
    pub home: PathBuf,
    /// The name to register.
    pub name: Option<Name>,
    /// The server, where given; else the one remembered.
    pub server: Option<ServerAddress>,
    /// Do without any server.
    pub no_server: bool,
    /// Where peers reach us; without it the choice is the machine's.
    pub listen: Option<SocketAddr>,
    /// Who is connected without asking the user.
    pub accept: Consent,
    /// Where files go that are taken; else a directory in the profile.
    pub files: Option<String>,
    /// What writes down voice messages, with `{wav}` for the file: a command line, empty for none.
    /// Without it one is looked for.
    pub transcriber: Option<Vec<String>>,
    /// What to run for which events.
    pub on: Vec<On>,
    /// How long each of these may take.
    pub on_seconds: u64,
    /// What to run for a direct message or a mention; empty for nothing.
    pub notify: Option<Vec<String>>,
    /// How long a command of somebody else's may run.
    pub run_seconds: u64,
    /// What it may write.
    pub run_output_bytes: u64,
    /// Memory that each of its processes may have.
    pub run_memory_bytes: u64,
    /// How far a message must come for its verb to be done.
    pub until: Stage,
    /// How long a verb may take.
    pub timeout_ms: u64,
    /// JSON lines.
    pub json: bool,
    /// The moment before each plain line.
    pub time: bool,
    /// How often `-v` was given.
    pub verbose: usize,
    /// The verb and what stands behind it; empty: read lines.
    pub words: Vec<String>,
}

/// Options of `hobnobd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// TCP and UDP; without it every address, [`SERVER_PORT`].
    pub listen: Option<SocketAddr>,
    /// Key, accounts, held mail.
    pub data: PathBuf,
    /// Where virtual addresses come from.
    pub pool: Pool,
    /// Clients at most.
    pub max_clients: usize,
    /// Days that mail is held.
    pub hold_days: u64,
    /// Bytes of mail held for one person.
    pub hold_bytes: u64,
    /// JSON lines.
    pub json: bool,
    /// How often `-v` was given.
    pub verbose: usize,
}

/// Who is connected without asking the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Friends only.
    Friends,
    /// Whoever asks.
    All,
    /// Nobody.
    None,
}

/// A command of the user's own for each event of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct On {
    /// Which kind; all if `None`.
    pub event: Option<&'static str>,
    /// The words of the command; there is one at least.
    pub argv: Vec<String>,
}

/// `HOST:PORT[#KEY]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The key it must have.
    pub key: Option<Fingerprint>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  answered, and the answer is no: refused, declined, unknown name, nothing found
  2  usage: the command line is wrong
  3  unreachable: the server, or a peer needed live, did not answer
  4  local failure: disk, permissions, corrupt profile, address in use
  5  identity changed: a key is not the pinned one
  6  time ran out before the state waited for; the message stays queued
A script of lines ends with 0, whatever its lines were answered, unless the program itself failed.
";

/// Whether what can be said of this argv, right or wrong, is to be said in JSON.
pub fn wants_json(argv: &[String]) -> bool {
    let mut options = argv.iter().take_while(|word| *word != "--");
    options.any(|word| word == "--json" || word == "-j")
}

/// Reads `hobnob`'s argv, without the program's name.
pub fn client(argv: &[String], env: Environment<'_>) -> Result<Parsed<ClientOptions>, Wrong> {
    let argv = &behind::join_pairs(argv)[..];
    let first = parse(options::CLIENT, argv)?;
    let words = first.free.clone();
    let options = &argv[..argv.len() - words.len()];
    let (pulled, words) = behind::pull_options(&words)?;
    let given = parse(options::CLIENT, options.iter().filter(|word| *word != "--").chain(&pulled))?;
    if given.opt_present("help") {
        return Ok(Parsed::Print(client_help()));
    }
    if given.opt_present("version") {
        return Ok(Parsed::Print(version("hobnob")));
    }
    let or_env = |option: &str, variable: &str| {
        let typed = given.opt_str(option);
        typed.or_else(|| env(variable).filter(|text| !text.is_empty()))
    };
    let name = or_env("name", "HOBNOB_NAME").map(|text| one("name", &text, name)).transpose()?;
    let server = or_env("server", "HOBNOB_SERVER");
    let transcriber = given.opt_str("transcriber").or_else(|| env("HOBNOB_TRANSCRIBER"));
    Ok(Parsed::Run(ClientOptions {
        home: directory(or_env("home", "HOBNOB_HOME"), "hobnob", env)?,
        name,
        server: server.map(|text| one("server", &text, server_address)).transpose()?,
        no_server: given.opt_present("no-server"),
        listen: value(&given, "listen", endpoint)?,
        accept: value(&given, "accept", consent)?.unwrap_or(Consent::Friends),
        files: given.opt_str("files"),
        transcriber: transcriber.map(|text| one("transcriber", &text, command_line)).transpose()?,
        on: given
            .opt_strs("on")
            .iter()
            .map(|text| one("on", text, on))
            .collect::<Result<_, _>>()?,
        on_seconds: value(&given, "on-seconds", count)?.unwrap_or(limits::HOOK_S),
        notify: value(&given, "notify", notify)?,
        run_seconds: value(&given, "run-seconds", count)?.unwrap_or(limits::RUN_S),
        run_output_bytes: value(&given, "run-output", size)?.unwrap_or(limits::RUN_OUTPUT_BYTES),
        run_memory_bytes: value(&given, "run-memory", size)?.unwrap_or(limits::RUN_MEMORY_BYTES),
        until: value(&given, "wait", stage)?.unwrap_or(Stage::Held),
        timeout_ms: value(&given, "timeout", timeout)?.unwrap_or(limits::VERB_MS),
        json: given.opt_present("json"),
        time: given.opt_present("time"),
        verbose: given.opt_count("verbose"),
        words,
    }))
}

/// Reads `hobnobd`'s argv, without the program's name.
pub fn server(argv: &[String], env: Environment<'_>) -> Result<Parsed<ServerOptions>, Wrong> {
    let given = parse(options::SERVER, argv)?;
    if given.opt_present("help") {
        return Ok(Parsed::Print(server_help()));
    }
    if given.opt_present("version") {
        return Ok(Parsed::Print(version("hobnobd")));
    }
    if let Some(word) = given.free.first() {
        return Err(Wrong(format!("{word}: hobnobd takes options only [see --help]")));
    }
    let default_pool = Pool::parse("100.64.0.0/10").expect("a pool of RFC 6598's block");
    let clients = value(&given, "max-clients", count)?;
    Ok(Parsed::Run(ServerOptions {
        listen: value(&given, "listen", endpoint)?,
        data: directory(given.opt_str("data"), "hobnobd", env)?,
        pool: value(&given, "pool", Pool::parse)?.unwrap_or(default_pool),
        max_clients: clients.map_or(limits::MAX_CLIENTS, |n| n as usize),
        hold_days: value(&given, "hold-days", count)?.unwrap_or(limits::HOLD_DAYS),
        hold_bytes: value(&given, "hold-bytes", count)?.unwrap_or(limits::HOLD_BYTES),
        json: given.opt_present("json"),
        verbose: given.opt_count("verbose"),
    }))
}

impl Display for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// `HOST[:PORT][#KEY]`; an IPv6 address stands in brackets, or alone without a port.
pub fn server_address(text: &str) -> Option<ServerAddress> {
    let (at, key) = match text.split_once('#') {
        Some((at, key)) => (at, Some(Fingerprint::parse(key)?)),
        None => (text, None),
    };
    if at.parse::<Ipv6Addr>().is_ok() {
        return Some(ServerAddress { host: at.to_owned(), port: SERVER_PORT, key });
    }
    let (host, port) = match at.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match at.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (at, None),
        },
    };
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(plausible) {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => SERVER_PORT,
    };
    Some(ServerAddress { host: host.to_owned(), port, key })
}

fn parse<W: AsRef<std::ffi::OsStr>>(
    opts: &[OptionRow],
    argv: impl IntoIterator<Item = W>,
) -> Result<Matches, Wrong> {
    known(opts).parse(argv).map_err(|fail| {
        let why = fail.to_string();
        let mut letters = why.chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase());
        Wrong(format!("{}{} [see --help]", first.unwrap_or_default(), letters.as_str()))
    })
}

fn known(opts: &[OptionRow]) -> Options {
    let mut options = Options::new();
    options.parsing_style(ParsingStyle::StopAtFirstFree);
    for row in opts {
        let OptionRow { short, long, hint, help, .. } = row;
        if row.is_pair() {
            options.optmulti(short, long, help, hint);
        } else if !hint.is_empty() {
            options.optopt(short, long, help, hint);
        } else if *long == "verbose" {
            options.optflagmulti(short, long, help);
        } else {
            options.optflag(short, long, help);
        }
    }
    options
}

fn value<T>(
    given: &Matches,
    option: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Wrong> {
    given.opt_str(option).map(|text| one(option, &text, parse)).transpose()
}

fn one<T>(option: &str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Wrong> {
    parse(text).ok_or_else(|| {
        let expected = match option {
            "name" => "a name is 1 to 32 of a-z 0-9 . _ -, first a letter",
            "server" => "expected HOST:PORT or HOST:PORT#KEY, IPv6 in brackets",
            "listen" => "expected ADDR:PORT, IPv6 in brackets",
            "accept" => "expected friends, all or none",
            "wait" => "expected queued, sent, held or delivered",
            "timeout" => "expected seconds",
            "transcriber" => "expected a command line with {wav} in it",
            "on" => "expected a kind of event or all, and a command",
            "notify" => "expected a command line",
            "run-output" | "run-memory" => "expected bytes, such as 256M",
            "pool" => "expected an IPv4 block, such as 100.64.0.0/10",
            _ => "expected a number above zero",
        };
        Wrong(format!("--{option} {text}: {expected}"))
    })
}

fn name(text: &str) -> Option<Name> {
    Name::parse(text).ok()
}

fn endpoint(text: &str) -> Option<SocketAddr> {
    match text.rsplit_once(':') {
        Some(("localhost", port)) => {
            Some((IpAddr::from([127, 0, 0, 1]), port.parse().ok()?).into())
        }
        Some(_) | None => text.parse().ok(),
    }
}

fn consent(text: &str) -> Option<Consent> {
    match text {
        "friends" => Some(Consent::Friends),
        "all" => Some(Consent::All),
        "none" => Some(Consent::None),
        _ => None,
    }
}

fn stage(text: &str) -> Option<Stage> {
    lines::state(text).ok()
}

fn timeout(text: &str) -> Option<u64> {
    lines::timeout_ms(text.parse().ok()?)
}

fn count(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n| *n > 0)
}

/// A number of bytes: `4096`, `512K`, `256M`, `2G`, each 1024 of the one before.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    count(digits)?.checked_mul(factor)
}

/// A kind of event, and the words of a command.
fn on(text: &str) -> Option<On> {
    let (word, command) = text.trim_start().split_once(char::is_whitespace)?;
    let event = match word {
        "all" => None,
        word => Some(*fit::KINDS.iter().find(|kind| **kind == word)?),
    };
    let argv = words::split(command).ok().filter(|argv| !argv.is_empty())?;
    Some(On { event, argv })
}

fn notify(text: &str) -> Option<Vec<String>> {
    words::split(text).ok()
}

/// The words of a command, none or with `{wav}` among them.
fn command_line(text: &str) -> Option<Vec<String>> {
    let words = words::split(text).ok()?;
    (words.is_empty() || words.iter().any(|word| word.contains("{wav}"))).then_some(words)
}

/// What was given, else the program's place in the user's data.
fn directory(given: Option<String>, program: &str, env: Environment<'_>) -> Result<PathBuf, Wrong> {
    let environment = |name: &str| env(name).map(OsString::from);
    let found = given.map(PathBuf::from).or_else(|| disk::data_directory(environment, program));
    found.ok_or_else(|| Wrong("no home directory is known [set HOME, or name one]".to_owned()))
}

fn version(program: &str) -> String {
    format!("{program} {}\n", env!("CARGO_PKG_VERSION"))
}

fn client_help() -> String {
    let mut text = "\
usage: hobnob [OPTIONS]              talk: lines from the terminal, a pipe or a file
       hobnob [OPTIONS] listen       print events until told to stop
       hobnob [OPTIONS] VERB ...     one verb; by a hobnob of the profile that runs, if one does
"
    .to_owned();
    push_options(&mut text, options::CLIENT);
    text.push_str(
        "Environment: HOBNOB_HOME, HOBNOB_SERVER, HOBNOB_NAME and HOBNOB_TRANSCRIBER stand in for\n\
         options.\n\n",
    );
    text.push_str(
        "Verbs; in lines with a slash before: /msg bob hi. A line without one goes to the current\n\
         conversation, //x says /x. With --json also {\"cmd\":\"msg\",\"args\":[\"bob\",\"hi\"],\n\
         \"ref\":7}, answered by {\"event\":\"done\",\"ref\":7,\"ok\":true};\n\
         \"wait\" and \"timeout\" may be given there, too.\n\n",
    );
    text.push_str(&help::all());
    let _ = write!(text, "\n{EXIT_CODES}");
    text
}

fn server_help() -> String {
    let mut text = "usage: hobnobd [OPTIONS]\n".to_owned();
    push_options(&mut text, options::SERVER);
    text.push_str("On stdin, while it is open: who, stats, kick NAME, forget NAME, quit.\n");
    text
}

fn push_options(text: &mut String, opts: &[OptionRow]) {
    text.push_str("\nOptions:\n");
    for OptionRow { short, long, hint, help, .. } in opts {
        let dash = if short.is_empty() { "    ".to_owned() } else { format!("-{short}, ") };
        let gap = if hint.is_empty() { "" } else { " " };
        let option = format!("{dash}--{long}{gap}{hint}");
        let _ = writeln!(text, "  {option:29} {help}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
