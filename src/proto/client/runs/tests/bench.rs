//! Three clients and the bytes between them.

use super::*;
use crate::proto::bytes::Bytes;
use crate::proto::client::{Accept, Config, RunLimits};
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::ConnId;
use crate::proto::machine::{Cause, Input, Machine, Output, StreamAction, StreamEvent};
use crate::proto::model::bond::Token;
use crate::proto::model::command::Command;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Notice;
use crate::proto::model::paths::Paths;
use crate::proto::model::person::{Person, Target};
use crate::proto::model::record::{Query, Restored, Rows};
use crate::proto::time::{Mono, Now};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

pub type Node = usize;
pub const ANN: Node = 0;
pub const BOB: Node = 1;
pub const EVE: Node = 2;
const NAMES: [&str; 3] = ["ann", "bob", "eve"];

pub struct Bench {
    pub clients: Vec<Client>,
    pub now: Now,
    people: Vec<Person>,
    is_friends: bool,
    listeners: Vec<Option<ConnId>>,
    /// The other end of each connection.
    ends: BTreeMap<(Node, ConnId), (Node, ConnId)>,
    inputs: VecDeque<(Node, ConnId, StreamEvent<'static>, Vec<u8>)>,
    accepted: u64,
    kept: Vec<Vec<Record>>,
    events: Vec<Vec<RunEvent>>,
    acts: Vec<Vec<(RunId, RunAction)>>,
    watched: Vec<Vec<ConnId>>,
    done: Vec<(Ticket, Result<(), Refusal>)>,
    tickets: u64,
}

pub fn argv(words: &[&str]) -> Argv {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn at(node: Node) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, node as u8 + 1], 7))
}

fn identity(node: Node) -> Identity {
    Identity::generate(&mut Rng::new([node as u8 + 1; 32]))
}

impl Bench {
    /// Ann and Bob are friends, and talk; Eve is nobody's.
    pub fn friends() -> Bench {
        let mut bench = Bench::asleep(true);
        bench.meet(ANN, BOB);
        bench
    }

    /// Ann and Bob talk.
    pub fn strangers() -> Bench {
        let mut bench = Bench::asleep(false);
        bench.meet(ANN, BOB);
        bench
    }

    pub fn asleep(is_friends: bool) -> Bench {
        let person = |node: Node| Person {
            fingerprint: identity(node).fingerprint(),
            identity: *identity(node).public(),
            name: Name::parse(NAMES[node]).ok(),
            address: None,
        };
        let mut bench = Bench {
            clients: Vec::new(),
            now: Now { mono: Mono(1), wall: Wall(1_790_000_000_000) },
            people: (0..NAMES.len()).map(person).collect(),
            is_friends,
            listeners: vec![None; NAMES.len()],
            ends: BTreeMap::new(),
            inputs: VecDeque::new(),
            accepted: 0,
            kept: vec![Vec::new(); NAMES.len()],
            events: vec![Vec::new(); NAMES.len()],
            acts: vec![Vec::new(); NAMES.len()],
            watched: vec![Vec::new(); NAMES.len()],
            done: Vec::new(),
            tickets: 0,
        };
        for node in 0..NAMES.len() {
            let client = bench.client(node, bench.past(node));
            bench.clients.push(client);
        }
        bench.tick();
        bench
    }

    pub fn key(&self, node: Node) -> Fingerprint {
        self.people[node].fingerprint
    }

    pub fn target(&self, node: Node) -> Target {
        Target::Key(self.key(node))
    }

    /// What a client remembers: all people, and its friend.
    pub fn past(&self, node: Node) -> Restored {
        let token = Some(Token(Bytes([7; 16])));
        let friendship = Friendship::Friends;
        let bond = Bond { friendship, given: token, theirs: token, ..Bond::default() };
        let is_bound = self.is_friends && node != EVE;
        let bonds = is_bound.then(|| (self.key(1 - node), bond)).into_iter().collect();
        Restored { people: self.people.clone(), bonds, ..Restored::default() }
    }

    /// A client dies with its links, and comes back with this past.
    pub fn restart(&mut self, node: Node, past: Restored) {
        for other in 0..NAMES.len() {
            if other != node {
                self.cut(node, other);
            }
        }
        self.listeners[node] = None;
        self.kept[node].clear();
        self.events[node].clear();
        self.acts[node].clear();
        self.clients[node] = self.client(node, past);
        self.tick();
    }

    /// A session between two.
    pub fn meet(&mut self, dialler: Node, dialled: Node) {
        self.command(dialler, Verb::Chat(Target::Endpoint(at(dialled))));
        let key = self.key(dialled);
        assert!(self.clients[dialler].sessions.open_with(key).is_some(), "no session");
    }

    /// The connections between two break.
    pub fn cut(&mut self, one: Node, other: Node) {
        let between = |((a, _), (b, _)): (&(Node, ConnId), &(Node, ConnId))| {
            (*a == one && *b == other) || (*a == other && *b == one)
        };
        let cut: Vec<_> =
            self.ends.iter().filter(|(a, b)| between((a, b))).map(|(at, _)| *at).collect();
        for (node, conn) in cut {
            self.ends.remove(&(node, conn));
            let closed = StreamEvent::Closed(Cause::Ended);
            self.inputs.push_back((node, conn, closed, Vec::new()));
        }
        self.settle();
    }

    pub fn ask(&mut self, asker: Node, runner: Node, words: &[&str]) -> Ticket {
        let to = self.target(runner);
        self.command(asker, Verb::Run { to, argv: argv(words) })
    }

    pub fn answer(&mut self, node: Node, id: &str, is_allowed: bool) -> Result<(), Refusal> {
        let id = id.to_owned();
        let verb = if is_allowed { Verb::Allow(id) } else { Verb::Deny(id) };
        let ticket = self.command(node, verb);
        self.done(ticket).expect("it is answered at once")
    }

    pub fn cancel(&mut self, node: Node, id: &str) -> Result<(), Refusal> {
        let ticket = self.command(node, Verb::Cancel(id.to_owned()));
        self.done(ticket).expect("it is answered at once")
    }

    pub fn try_grant(&mut self, by: Node, to: Node, words: &[&str]) -> Result<(), Refusal> {
        let verb = Verb::Grant { to: self.target(to), argv: argv(words), until: None };
        let ticket = self.command(by, verb);
        self.done(ticket).expect("it is answered at once")
    }

    pub fn grant(&mut self, by: Node, to: Node, words: &[&str], until: Option<Wall>) {
        let verb = Verb::Grant { to: self.target(to), argv: argv(words), until };
        let ticket = self.command(by, verb);
        assert_eq!(self.done(ticket), Some(Ok(())));
    }

    pub fn command(&mut self, node: Node, verb: Verb) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let command = Command { ticket, timeout_ms: limits::VERB_MS, verb };
        self.clients[node].handle(self.now, Input::Command(command));
        self.settle();
        ticket
    }

    /// Makes a client say what it would not say by itself.
    pub fn forge(&mut self, from: Node, to: Node, message: impl Into<ToPeer>) {
        let to = self.key(to);
        assert!(self.clients[from].sessions.open_with(to).is_some(), "no session");
        self.clients[from].tell_run(to, message);
        self.settle();
    }

    pub fn child(&mut self, node: Node, run: RunId, event: machine::RunEvent<'_>) {
        self.clients[node].handle(self.now, Input::Run(run, event));
        self.settle();
    }

    /// Everything sent is with the kernel.
    pub fn drain(&mut self, node: Node) {
        for conn in std::mem::take(&mut self.watched[node]) {
            self.inputs.push_back((node, conn, StreamEvent::Drained, Vec::new()));
        }
        self.settle();
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after_ms(ms);
        self.now.wall.0 += ms as i64;
        self.tick();
    }
}

impl Bench {
    pub fn events(&self, node: Node) -> Vec<RunEvent> {
        self.events[node].clone()
    }

    pub fn states(&self, node: Node) -> Vec<RunState> {
        self.events[node].iter().map(|event| event.state).collect()
    }

    pub fn last(&self, node: Node) -> RunEvent {
        self.events[node].last().expect("something happened").clone()
    }

    pub fn kept(&self, node: Node) -> &[Record] {
        &self.kept[node]
    }

    pub fn is_forgotten(&self, node: Node, id: MsgId) -> bool {
        let is_gone = |record: &Record| matches!(record, Record::RunGone(_, gone) if *gone == id);
        self.kept[node].iter().any(is_gone)
    }

    /// Every child ever started.
    pub fn children(&self, node: Node) -> Vec<RunId> {
        let is_start = |act: &RunAction| matches!(act, RunAction::Start { .. });
        self.acts[node].iter().filter(|(_, act)| is_start(act)).map(|(run, _)| *run).collect()
    }

    /// The one child that was ever started, with exactly these words and a clean environment.
    pub fn only_child(&self, node: Node, words: &[&str]) -> RunId {
        let children = self.children(node);
        assert_eq!(children.len(), 1, "{children:?}");
        let start = RunAction::Start {
            argv: argv(words),
            memory_bytes: Some(limits::RUN_MEMORY_BYTES),
            has_our_environment: false,
        };
        assert!(self.acts(node, children[0]).contains(&start));
        children[0]
    }

    pub fn acts(&self, node: Node, run: RunId) -> Vec<RunAction> {
        let theirs = self.acts[node].iter().filter(|(other, _)| *other == run);
        theirs.map(|(_, act)| act.clone()).collect()
    }

    pub fn is_killed(&self, node: Node, run: RunId) -> bool {
        self.acts(node, run).contains(&RunAction::Kill)
    }

    pub fn watched(&self, node: Node) -> usize {
        self.watched[node].len()
    }

    pub fn done(&self, ticket: Ticket) -> Option<Result<(), Refusal>> {
        self.done.iter().find(|(other, _)| *other == ticket).map(|(_, result)| result.clone())
    }

    pub fn done_count(&self, ticket: Ticket) -> usize {
        self.done.iter().filter(|(other, _)| *other == ticket).count()
    }

    fn client(&self, node: Node, past: Restored) -> Client {
        let config = Config {
            name: Name::parse(NAMES[node]).ok(),
            server: None,
            is_proxied: false,
            paths: Paths::ALL,
            is_passing: false,
            listen: Some(at(node)),
            locals: Vec::new(),
            gateway: None,
            accept: Accept::All,
            files: "/files".to_owned(),
            transcriber: None,
            run_limits: RunLimits::default(),
        };
        Client::restore(config, identity(node), past, [node as u8; 32])
    }

    fn tick(&mut self) {
        for node in 0..self.clients.len() {
            self.clients[node].handle(self.now, Input::Tick);
        }
        self.settle();
    }

    /// Until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            for node in 0..self.clients.len() {
                while let Some(output) = self.clients[node].poll_output() {
                    self.perform(node, output);
                }
            }
            let Some((node, conn, event, bytes)) = self.inputs.pop_front() else { return };
            let event = if bytes.is_empty() { event } else { StreamEvent::Bytes(&bytes) };
            self.clients[node].handle(self.now, Input::Stream(conn, event));
        }
    }

    fn perform(&mut self, node: Node, output: Output<Record, Query, Notice>) {
        match output {
            Output::Keep(record) => {
                if let Record::Event(Event::Run(event)) = &record {
                    self.events[node].push((**event).clone());
                }
                self.kept[node].push(record);
            }
            Output::Query(query) => {
                let rows = answer(query);
                self.clients[node].handle(self.now, Input::Rows(rows));
            }
            Output::Stream(conn, action) => self.act(node, conn, action),
            Output::Run(run, action) => self.acts[node].push((run, action)),
            Output::Show(Notice::Done(ticket, result)) => self.done.push((ticket, result)),
            Output::Show(Notice::Event { event: Event::Run(event), .. }) => {
                self.events[node].push(*event);
            }
            Output::Show(_) | Output::Datagram { .. } | Output::Lan(_) | Output::File(..) => {}
        }
    }

    fn act(&mut self, node: Node, conn: ConnId, action: StreamAction) {
        match action {
            StreamAction::Listen { at, udp } => {
                self.listeners[node] = Some(conn);
                let event = StreamEvent::Listening { at, udp };
                self.inputs.push_back((node, conn, event, Vec::new()));
            }
            StreamAction::Dial { to, .. } | StreamAction::Cross { to, .. } => {
                self.dial(node, conn, to)
            }
            StreamAction::DialName { .. } => panic!("there is no proxy here"),
            StreamAction::Send(bytes) => {
                if let Some((other, end)) = self.ends.get(&(node, conn)) {
                    self.inputs.push_back((*other, *end, StreamEvent::Drained, bytes));
                }
            }
            StreamAction::Watch => self.watched[node].push(conn),
            StreamAction::Pause | StreamAction::Resume | StreamAction::Doubt(_) => {}
            StreamAction::Close | StreamAction::Abort => {
                if let Some((other, end)) = self.ends.remove(&(node, conn)) {
                    self.ends.remove(&(other, end));
                    let closed = StreamEvent::Closed(Cause::Ended);
                    self.inputs.push_back((other, end, closed, Vec::new()));
                }
            }
        }
    }

    fn dial(&mut self, node: Node, conn: ConnId, to: SocketAddr) {
        let other = (0..NAMES.len()).find(|other| at(*other) == to).expect("an address of ours");
        let listener = self.listeners[other].expect("it listens");
        self.accepted += 1;
        let end = ConnId(self.accepted);
        self.ends.insert((node, conn), (other, end));
        self.ends.insert((other, end), (node, conn));
        let accepted = StreamEvent::Accepted { listener, from: at(node) };
        self.inputs.push_back((other, end, accepted, Vec::new()));
        self.inputs.push_back((node, conn, StreamEvent::Open { local: at(node) }, Vec::new()));
    }
}

/// A store with nothing in it.
fn answer(query: Query) -> Rows {
    match query {
        Query::Outbox { to, queued_only, .. } => {
            Rows::Outbox { to, rows: Vec::new(), queued_only, more: false }
        }
        Query::Waits(to) => Rows::Waits(to, false),
        Query::Note(from, letter) => Rows::Note { from, letter, is_new: true },
        Query::Addressees(id) => Rows::Addressees(id, Vec::new()),
    }
}
