//! Options of both programs, from argv, environment and a file, checked once.

mod behind;
mod given;
pub mod options;
mod usage;
mod values;

pub use self::values::{ProxyAddress, ServerAddress, server_address};

use self::given::Given;
use super::disk;
use super::front::setting::Setting;
use crate::proto::model::account::Pool;
use crate::proto::model::event::Stage;
use crate::proto::model::name::Name;
use crate::proto::model::paths::Paths;
use crate::proto::model::refusal::Exit;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

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

/// Why it is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The exit code: usage, or what keeps a file from being read.
    pub exit: Exit,
    /// One line, without the program's name.
    pub why: String,
}

/// An environment variable by its name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The text of a file; `None` where there is none. What is no text is `InvalidData`.
pub type Files<'a> = &'a dyn Fn(&Path) -> io::Result<Option<String>>;

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
    /// What every dial goes through.
    pub proxy: Option<ProxyAddress>,
    /// Be the server as well.
    pub host: Hosting,
    /// Where peers reach us; without it the choice is the machine's.
    pub listen: Option<SocketAddr>,
    /// Which paths to peers are used.
    pub paths: Paths,
    /// Ask the gateway for a port.
    pub port_mapping: bool,
    /// Who is connected without asking the user.
    pub accept: Consent,
    /// Where files go that are taken.
    pub files: String,
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
    /// All of these as they were given, and where.
    pub settings: Vec<Setting>,
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

/// Whether the client is the server as well, and where that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosting {
    /// It is not.
    No,
    /// Where its own file of options says, else every address, [`SERVER_PORT`].
    Anywhere,
    /// There.
    At(SocketAddr),
}

/// A command of the user's own for each event of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct On {
    /// Which kind; all if `None`.
    pub event: Option<&'static str>,
    /// The words of the command; there is one at least.
    pub argv: Vec<String>,
}

/// Whether what can be said of this argv, right or wrong, is to be said in JSON.
pub fn wants_json(argv: &[String]) -> bool {
    let mut options = argv.iter().take_while(|word| *word != "--");
    options.any(|word| word == "--json" || word == "-j")
}

/// Reads `hobnob`'s argv, without the program's name, and the profile's file of options.
pub fn client(
    argv: &[String],
    env: Environment<'_>,
    files: Files<'_>,
) -> Result<Parsed<ClientOptions>, Wrong> {
    let argv = &behind::join_pairs(argv)[..];
    let first = given::parse(options::CLIENT, argv)?;
    let words = first.free.clone();
    let options = &argv[..argv.len() - words.len()];
    let (pulled, words) = behind::pull_options(&words)?;
    let options = options.iter().filter(|word| *word != "--").chain(&pulled);
    let typed = given::parse(options::CLIENT, options)?;
    if typed.opt_present("help") {
        return Ok(Parsed::Print(usage::client()));
    }
    if typed.opt_present("version") {
        return Ok(Parsed::Print(usage::version("hobnob")));
    }
    let mut given = Given::new(options::CLIENT, typed, env);
    let home = directory(given.text("home"), "hobnob", env)?;
    given.read(&home, files)?;
    given.default_to("home", home.display().to_string());
    given.default_to("files", home.join("files").display().to_string());
    client_options(&given, home, words).map(Parsed::Run)
}

fn client_options(
    given: &Given<'_>,
    home: PathBuf,
    words: Vec<String>,
) -> Result<ClientOptions, Wrong> {
    let host = hosting(given)?;
    let is_own_server = host != Hosting::No && given.outweighs("host", "server");
    Ok(ClientOptions {
        home,
        name: given.value("name", values::name)?,
        server: given.value("server", server_address)?.filter(|_| !is_own_server),
        no_server: given.flag("no-server")?
            && !given.outweighs("server", "no-server")
            && host == Hosting::No,
        host,
        proxy: given.value("proxy", values::proxy)?.flatten(),
        listen: given.value("listen", values::endpoint)?,
        paths: given.must("paths", Paths::parse)?,
        port_mapping: given.flag("port-mapping")?,
        accept: given.must("accept", values::consent)?,
        files: given.text("files").unwrap_or_default(),
        transcriber: given.value("transcriber", values::command_line)?,
        on: given.all("on", values::on)?,
        on_seconds: given.must("on-seconds", values::count)?,
        notify: given.value("notify", values::words_of)?,
        run_seconds: given.must("run-seconds", values::count)?,
        run_output_bytes: given.must("run-output", values::size)?,
        run_memory_bytes: given.must("run-memory", values::size)?,
        until: given.must("wait", values::stage)?,
        timeout_ms: given.must("timeout", values::timeout)?,
        json: given.flag("json")?,
        time: given.flag("time")?,
        verbose: given.must("verbose", |text| text.parse().ok())?,
        settings: given.settings(),
        words,
    })
}

/// Who is the server as well needs one, and is to be found.
fn hosting(given: &Given<'_>) -> Result<Hosting, Wrong> {
    let host = given.value("host", values::hosting)?.unwrap_or(Hosting::No);
    if host == Hosting::No {
        return Ok(host);
    }
    if given.value("proxy", values::proxy)?.flatten().is_some() {
        let why = "--host: not behind --proxy, which tells nobody an address [--proxy '']";
        return Err(Wrong::usage(why.to_owned()));
    }
    if given.flag("no-server")? && !given.outweighs("host", "no-server") {
        return Err(Wrong::usage("--host: not with --no-server".to_owned()));
    }
    Ok(host)
}

/// Reads `hobnobd`'s argv, without the program's name, and the file of options in its data.
pub fn server(
    argv: &[String],
    env: Environment<'_>,
    files: Files<'_>,
) -> Result<Parsed<ServerOptions>, Wrong> {
    let typed = given::parse(options::SERVER, argv)?;
    if typed.opt_present("help") {
        return Ok(Parsed::Print(usage::server()));
    }
    if typed.opt_present("version") {
        return Ok(Parsed::Print(usage::version("hobnobd")));
    }
    if let Some(word) = typed.free.first() {
        return Err(Wrong::usage(format!("{word}: hobnobd takes options only [see --help]")));
    }
    let mut given = Given::new(options::SERVER, typed, env);
    let data = directory(given.text("data"), "hobnobd", env)?;
    given.read(&data, files)?;
    server_options(&given, data).map(Parsed::Run)
}

/// The options of a server in a client's profile: as the file beside its data has them, but for
/// where the client says to listen.
pub fn hosted(
    data: PathBuf,
    listen: Option<SocketAddr>,
    files: Files<'_>,
) -> Result<ServerOptions, Wrong> {
    let nothing: [String; 0] = [];
    let mut given =
        Given::new(options::SERVER, given::parse(options::SERVER, &nothing)?, &|_| None);
    given.read(&data, files)?;
    let options = server_options(&given, data)?;
    Ok(ServerOptions { listen: listen.or(options.listen), ..options })
}

fn server_options(given: &Given<'_>, data: PathBuf) -> Result<ServerOptions, Wrong> {
    Ok(ServerOptions {
        listen: given.value("listen", values::endpoint)?,
        data,
        pool: given.must("pool", Pool::parse)?,
        max_clients: given.must("max-clients", values::count)? as usize,
        hold_days: given.must("hold-days", values::count)?,
        hold_bytes: given.must("hold-bytes", values::count)?,
        json: given.flag("json")?,
        verbose: given.must("verbose", |text| text.parse().ok())?,
    })
}

impl Wrong {
    fn usage(why: String) -> Wrong {
        Wrong { exit: Exit::Usage, why }
    }
}

/// What was given, else the program's place in the user's data.
fn directory(given: Option<String>, program: &str, env: Environment<'_>) -> Result<PathBuf, Wrong> {
    let environment = |name: &str| env(name).map(OsString::from);
    let found = given.map(PathBuf::from).or_else(|| disk::data_directory(environment, program));
    found.ok_or_else(|| Wrong::usage("no home directory is known [set HOME, or name one]".into()))
}

#[cfg(test)]
mod tests;
