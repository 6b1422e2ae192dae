//! The client's decisions. One file a feature; each adds its inputs to `Client`.
//!
//! | file | about |
//! |---|---|
//! | `uplink` | the link to the server: dialling, signing in, coming back |
//! | `directory` | questions to the server: lookup, update, visibility |
//! | `wishes` | what is done about somebody once they are found |
//! | `who` | who is online and visible to us |
//! | `people` | who is known, with which key |
//! | `sessions` | asking for a session, and the end of one |
//! | `session_table` | the sessions there are, and their states |
//! | `attempts` | what was tried to reach somebody |
//! | `quiet` | sessions that the programs open by themselves |
//! | `punching`, `associations` | sessions over datagrams |
//! | `linking` | from yes to an open link: paths and their choice |
//! | `crossing` | two who dial each other at the same moment |
//! | `knocking` | sessions without a server: `chat HOST:PORT`, and people near |
//! | `lan` | the local network: who we are is said there, and heard of others |
//! | `near` | who was heard there |
//! | `asking` | questions to everybody there |
//! | `search` | the search for a path, and what lost it |
//! | `moving`, `kept` | an open session goes over to another link |
//! | `doubt` | a connection that answers nothing is left early |
//! | `flow` | messages and acknowledgements in an open session |
//! | `friends` | asking, answering, ending; blocks; the reach that the server is told |
//! | `postage` | mail out: letters for somebody with whom no session is open |
//! | `mailbox` | mail in, and prekeys |
//! | `outbox` | `msg`, what waits, and verbs that wait for a stage |
//! | `runs` | commands that one asks to run on another's machine |
//! | `transfers` | files: which are on their way, the verbs and letters about them |
//! | `outcomes` | the end of a file's way, and what is said of it before |
//! | `offering` | from a path to an offer |
//! | `hashing` | files that are read from end to end |
//! | `sending`, `bulk` | the bytes of files on their way out, and how many at a time |
//! | `receiving` | the bytes of files on their way in |
//! | `file_names` | names that others have chosen, made harmless |
//! | `posts` | files that are offered to friends |
//! | `voice`, `wav` | voice messages |
//! | `groups` | the verbs about groups; it names the files about all the rest |
//! | `listener` | where peers reach us |
//! | `port_mapping` | the same, on the outside of a gateway |
//! | `outer` | where our datagrams come from, as the server sees it |
//! | `commands` | which verb goes where |

mod asking;
mod associations;
mod attempts;
mod bulk;
mod commands;
mod core;
mod crossing;
mod directory;
mod doubt;
mod file_names;
mod flow;
mod friends;
mod group_table;
mod group_talk;
mod groups;
mod hashing;
mod joining;
mod kept;
mod knocking;
mod lan;
mod link_table;
mod linking;
mod listener;
mod mailbox;
mod moving;
mod near;
mod offering;
mod outbox;
mod outcomes;
mod outer;
mod people;
mod port_mapping;
mod postage;
mod posts;
mod punching;
mod quiet;
mod receiving;
mod roster;
mod rosters;
mod runs;
mod search;
mod sending;
mod session_table;
mod sessions;
mod transfers;
mod uplink;
mod voice;
mod wav;
mod who;
mod wishes;

use self::associations::Associations;
use self::attempts::Attempts;
use self::core::{Alarm, Core};
use self::directory::Directory;
use self::group_table::Groups;
use self::lan::Lan;
use self::link_table::{LinkTable, Via};
use self::listener::Listener;
use self::mailbox::Mailbox;
use self::outbox::Outbox;
use self::outer::Outer;
use self::people::People;
use self::port_mapping::PortMapping;
use self::postage::Postage;
use self::posts::Posts;
use self::runs::Runs;
use self::session_table::Sessions;
use self::transfers::Transfers;
use self::uplink::Uplink;
use self::voice::Voices;
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::probe;
use crate::proto::datagram;
use crate::proto::id::{ConnId, MsgId};
use crate::proto::limits;
use crate::proto::machine::{Gateway, Input, Machine, OutputOf, StreamEvent};
use crate::proto::model::account::Visibility;
use crate::proto::model::command::Command;
use crate::proto::model::event::SessionState;
use crate::proto::model::group::GroupTarget;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Notice;
use crate::proto::model::paths::Paths;
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::record::{Query, Record, Restored, Rows};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::Argv;
use crate::proto::time::{Mono, Now};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Who is connected without the user being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Friends only.
    Friends,
    /// Whoever asks.
    All,
    /// Nobody.
    None,
}

/// How a client was started.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name to register.
    pub name: Option<Name>,
    /// The server; `None` with `--no-server`.
    pub server: Option<Server>,
    /// Every dial goes through a proxy: nobody is told an address of ours, there are no datagrams,
    /// and we listen only where the user says so.
    pub is_proxied: bool,
    /// Where peers reach us; `None` leaves the choice to us: the virtual address if it is on
    /// loopback, else every address, any port.
    pub listen: Option<SocketAddr>,
    /// Our own interfaces' addresses, for the other side to dial, until
    /// [`Input::Network`] says otherwise.
    pub locals: Vec<IpAddr>,
    /// Which paths to peers are used.
    pub paths: Paths,
    /// It is here for one verb: on the local network it speaks only if that needs an answer.
    pub is_passing: bool,
    /// The gateway that is asked for a port, unless none shall be, or there is none, until
    /// [`Input::Gateway`] says otherwise.
    pub gateway: Option<Gateway>,
    /// Who is connected without asking.
    pub accept: Accept,
    /// Where files go unless told otherwise; absolute.
    pub files: String,
    /// What makes a transcript of a WAV file: a command line with `{wav}` in it.
    pub transcriber: Option<Argv>,
    /// What a command of somebody else's may use.
    pub run_limits: RunLimits,
}

/// What a command of somebody else's may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// How long it may run.
    pub seconds: u64,
    /// What it may write.
    pub output_bytes: u64,
    /// Memory that each of its processes may have.
    pub memory_bytes: u64,
}

impl Default for RunLimits {
    fn default() -> RunLimits {
        RunLimits {
            seconds: limits::RUN_S,
            output_bytes: limits::RUN_OUTPUT_BYTES,
            memory_bytes: limits::RUN_MEMORY_BYTES,
        }
    }
}

/// Where the server is.
#[derive(Clone, Debug)]
pub struct Server {
    /// What the user called it, `HOST:PORT`.
    pub label: String,
    /// What that resolved to; tried in turn.
    pub at: Vec<Remote>,
    /// The key given with `#KEY`; it outweighs the one remembered.
    pub key: Option<Fingerprint>,
}

/// Where somebody can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// There.
    Address(SocketAddr),
    /// By a name and a port, which the proxy looks up.
    Name(String, u16),
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remote::Address(at) => at.fmt(f),
            Remote::Name(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// The client.
pub struct Client {
    config: Config,
    me: Identity,
    /// Our name and virtual address, as the server last said.
    account: Option<(Name, Ipv4Addr)>,
    visibility: Option<Visibility>,
    core: Core,
    uplink: Uplink,
    directory: Directory,
    people: People,
    sessions: Sessions,
    links: LinkTable,
    associations: Associations,
    attempts: Attempts,
    outbox: Outbox,
    postage: Postage,
    mailbox: Mailbox,
    runs: Runs,
    listener: Listener,
    outer: Outer,
    port_mapping: PortMapping,
    transfers: Transfers,
    posts: Posts,
    voices: Voices,
    groups: Groups,
    lan: Lan,
    /// `ready` has been said.
    is_ready: bool,
    /// All that is still to be done is to give back what a gateway holds for us, and to see our
    /// last words arrive.
    is_leaving: bool,
}

impl Client {
    /// A client as its records left it. `seed`: 32 bytes of entropy. It signs in by itself, at the
    /// first [`Input::Tick`], which is due at once.
    pub fn restore(mut config: Config, me: Identity, mut past: Restored, seed: [u8; 32]) -> Client {
        let mut core = Core::new(seed);
        core.alarm(Alarm::Reconnect, 0, "start");
        let wanted = config.server.as_ref().and_then(|server| server.key);
        let runs = Runs::restore(&mut past);
        let mut client = Client {
            runs,
            uplink: Uplink::new(config.server.is_some(), wanted, past.server_key),
            directory: Directory::default(),
            people: People::restore(past.people, past.bonds),
            sessions: Sessions::default(),
            links: LinkTable::default(),
            associations: Associations::default(),
            attempts: Attempts::default(),
            outbox: Outbox::restore(past.waiting, past.last_id),
            postage: Postage::restore(past.owed),
            mailbox: Mailbox::restore(past.prekeys, past.oldest_held),
            listener: Listener::new(std::mem::take(&mut config.locals)),
            outer: Outer::default(),
            port_mapping: PortMapping::default(),
            transfers: Transfers::restore(past.transfers),
            posts: Posts::restore(past.posts),
            voices: Voices::default(),
            groups: Groups::restore(past.groups, past.unheard),
            lan: Lan::new(config.server.is_none() && !config.is_proxied),
            account: past.me,
            visibility: past.visibility,
            is_ready: false,
            is_leaving: false,
            core,
            config,
            me,
        };
        client.remember_name();
        client.end_old_runs(past.runs);
        client
    }

    /// Of our own key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.me.fingerprint()
    }

    /// Messages to `to` up to this id have been handed to a live link: queued ones among them
    /// are `sent`.
    pub fn sent_up_to(&self, to: Fingerprint) -> Option<MsgId> {
        self.sessions.flow_with(to).map(flow::Flow::handed)
    }

    /// What somebody known is called, however pointed at.
    pub fn called(&self, target: &Target) -> Option<String> {
        self.people.find(target).map(Person::label)
    }

    /// With whom there is a session in such a state.
    pub fn in_session(&self, fits: fn(SessionState) -> bool) -> impl Iterator<Item = &str> {
        self.sessions.labels(fits)
    }

    /// What the one group that is meant is called, of those that we are in or are about to be.
    pub fn group_called(&self, target: &GroupTarget) -> Result<String, Refusal> {
        self.find_group(target, |_| true).map(|id| self.group_label(id))
    }

    /// Why the server was not reached the last time, in words; empty if it was never tried in vain.
    pub fn why_unreachable(&self) -> &str {
        self.directory.unreachable()
    }

    /// Whether nothing is on its way: no message in flight, no verb that waits for an answer.
    pub fn is_settled(&self) -> bool {
        self.sessions.all_acknowledged()
            && !self.sessions.is_quietly_asking()
            && !self.waits_for_a_path()
            && self.outbox.is_settled()
            && self.directory.is_settled()
            && self.postage.is_settled()
            && self.runs.is_settled()
            && self.transfers.is_settled()
            && self.voices.hearing() == 0
            && !self.is_seeking()
    }

    /// Whether so much waits for answers that whoever feeds commands should hold back.
    pub fn is_busy(&self) -> bool {
        self.directory.is_busy() || self.outbox.is_busy()
    }

    /// The name we go by: the server's word, else what the user calls us.
    fn my_name(&self) -> Option<Name> {
        let registered = self.account.as_ref().map(|(name, _)| name.clone());
        registered.or_else(|| self.config.name.clone())
    }

    fn on_stream(&mut self, conn: ConnId, event: StreamEvent<'_>) {
        if event == StreamEvent::Drained {
            self.resume_runs(conn);
        }
        if self.uplink.is(conn) {
            return self.on_uplink(event);
        }
        if self.listener.is(conn) {
            return self.on_listener(event);
        }
        if self.port_mapping.is(conn) {
            return self.on_gateway_stream(event);
        }
        match event {
            StreamEvent::Accepted { from, .. } => self.on_accepted(conn, from),
            StreamEvent::Open { .. } => self.on_dialled(conn),
            StreamEvent::Bytes(bytes) => self.on_peer_bytes(Via::Tcp(conn), bytes),
            StreamEvent::Closed(cause) => self.on_peer_closed(Via::Tcp(conn), cause),
            StreamEvent::Drained => self.on_drained(Via::Tcp(conn)),
            StreamEvent::Listening { .. } => {}
        }
    }

    /// Each feature knows its own datagrams; the gateway's are like those of others.
    fn on_datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        if self.port_mapping.is_from(from, bytes) {
            return self.on_gateway_datagram(from, bytes);
        }
        match bytes.first() {
            Some(&probe::ANSWER) => self.on_probe_answer(from, bytes),
            Some(kind) if datagram::KINDS.contains(kind) => self.on_peer_datagram(from, bytes),
            Some(_) | None => {}
        }
    }

    fn on_alarm(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Uplink => self.on_uplink_slow(),
            Alarm::PortMapping => self.on_port_mapping_alarm(),
            Alarm::Leave => self.be_gone(),
            Alarm::Reconnect => self.dial_server(),
            Alarm::Probe => self.on_probe_late(),
            Alarm::Session(session) => self.on_session_late(session),
            Alarm::DialBack(session) => self.dial_back(session),
            Alarm::Relay(session) => self.open_relay(session),
            Alarm::Cross(session) => self.cross(session),
            Alarm::Punch(session) => self.punch(session),
            Alarm::Datagrams(session) => self.on_association_time(session),
            Alarm::Better(session) => self.try_better(session),
            Alarm::Doubt(session) => self.on_answer_late(session),
            Alarm::Handshake(via) => self.on_handshake_late(via),
            Alarm::Verb(ticket) => self.on_verb_late(ticket),
            Alarm::Mail(who) => self.on_mail_alarm(who),
            Alarm::Expiry => self.on_expiry(),
            Alarm::Collecting => self.end_collecting(),
            Alarm::Run(key) => self.on_run_late(key),
            Alarm::Files(who) => self.on_files_alarm(who),
            Alarm::Child(run) => self.on_child_late(run),
            Alarm::Round => self.on_round_alarm(),
            Alarm::Answers => self.on_answers_due(),
        }
    }

    /// Puts what links have to send behind everything that was kept.
    fn flush(&mut self) {
        self.acknowledge();
        self.say_arrived();
        self.postage.end_wake();
        self.outbox.end_wake();
        while let Some(via) = self.links.pop_dirty() {
            self.flush_link(via);
        }
        self.flush_datagrams();
        self.say_watch();
        self.uplink.flush(&mut self.core);
        self.pump_files();
    }
}

impl Machine for Client {
    type Command = Command;
    type Record = Record;
    type Query = Query;
    type Rows = Rows;
    type Notice = Notice;

    fn handle(&mut self, now: Now, input: Input<'_, Command, Rows>) {
        self.core.now = now;
        match input {
            Input::Datagram { from, bytes } => self.on_datagram(from, bytes),
            Input::Lan { from, bytes } => self.on_lan(from, bytes),
            Input::Stream(conn, event) => self.on_stream(conn, event),
            Input::File(file, event) => self.on_file(file, event),
            Input::Run(run, event) if self.voices.is_hearing(run) => self.on_heard(run, event),
            Input::Run(run, event) => self.on_child(run, event),
            Input::Rows(rows) => self.on_rows(rows),
            Input::Command(command) => self.on_command(command),
            Input::Network(locals) => self.on_network(locals),
            Input::Gateway(gateway) => self.on_gateway(gateway),
            Input::Tick => {}
        }
        while let Some(alarm) = self.core.timers.pop_due(now.mono) {
            self.on_alarm(alarm);
        }
    }

    fn poll_output(&mut self) -> Option<OutputOf<Self>> {
        if let Some(output) = self.core.pop() {
            return Some(output);
        }
        self.flush();
        self.core.pop()
    }

    fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        self.core.timers.next()
    }
}
