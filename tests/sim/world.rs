//! A server, clients, their network and their people, and puppets that are moved by hand.

mod shown;
mod wakes;

use super::children::Children;
use super::disk::Disk;
use super::host::{Crash, Host};
use super::lan::Lan;
use super::net::{Net, Node, address_of};
use super::oracle::{Names, Oracle};
use super::puppet::Puppet;
use super::router::{Router, Speaks};
use hobnob::proto::bytes::Bytes;
use hobnob::proto::client::{Accept, Client, Config, Remote, RunLimits, Server as ServerAt};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{ConnId, MsgId, Seq};
use hobnob::proto::machine::Input;
use hobnob::proto::model::account::Pool;
use hobnob::proto::model::command::{Command, Operate, Ticket, Verb};
use hobnob::proto::model::event::{Event, Stage};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::notice::Row;
use hobnob::proto::model::paths::Paths;
use hobnob::proto::model::person::Target;
use hobnob::proto::model::refusal::Refusal;
use hobnob::proto::server::{Config as ServerConfig, Server};
use hobnob::proto::time::Wall;
use hobnob::shell::store::client::ClientStore;
use hobnob::shell::store::server::ServerStore;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// A text that must never be readable on the wire begins so.
pub const CANARY: &str = "CANARY-PLAINTEXT";
pub const SERVER: Node = 0;
pub const SERVER_PORT: u16 = 12_000;
/// How many programs a world has room for at least; each has keys.
const ROOM: usize = 10;
/// How long what is typed may wait for a wake to share.
const TYPED_MS: u64 = 30;
const TIMEOUT_MS: u64 = 20_000;
/// Everything there is.
pub struct World {
    pub now: u64,
    wall_shift: i64,
    pub rng: Rng,
    pub net: Net,
    pub lan: Lan,
    pub server: Host<Server, ServerStore>,
    pub clients: Vec<Host<Client, ClientStore>>,
    /// Their files, and their child processes, in the same order.
    pub disks: Vec<Disk>,
    pub children: Vec<Children>,
    /// Files that only a puppet has.
    pub strange_files: Vec<Vec<u8>>,
    pub puppets: BTreeMap<Node, Puppet>,
    pub routers: BTreeMap<Node, Router>,
    pub keys: Vec<[u8; Identity::BYTES]>,
    /// How each client is started; the server's place is not used.
    pub configs: Vec<Config>,
    pub server_config: ServerConfig,
    pub revive_at: BTreeMap<Node, u64>,
    pub oracle: Oracle,
    pub done: BTreeMap<(Node, u64), Result<(), Refusal>>,
    pub events: Vec<(Node, Event)>,
    pub rows: Vec<(Node, u64, Row)>,
    pub troubles: Vec<(Node, Refusal)>,
    pub left: BTreeSet<Node>,
    /// Messages that readers have seen, and so are on their disks.
    shown: BTreeSet<(Node, MsgId)>,
    next_ticket: u64,
    pub troubled: bool,
    /// People change their addresses, and talk in no groups.
    pub has_roamers: bool,
    /// What was typed and not yet read: it shares a wake with whatever comes next.
    typed: BTreeMap<Node, Vec<Command>>,
    typed_until: u64,
    /// How somebody dies, after so many more wakes.
    pub doomed: Option<(Node, u64, Crash)>,
    /// When the server last came back without its disk.
    server_lost_at: Option<u64>,
    /// How often a letter was looked for on the server's disk, and found.
    pub held_checked: u64,
    trace: u64,
    /// Whether what people ask and are told is printed.
    is_loud: bool,
}

pub fn seed_bytes(seed: u64, salt: u8) -> [u8; 32] {
    let mut bytes = [salt; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes
}

pub fn name_of(node: Node) -> String {
    let names = ["server", "ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ivy"];
    names.get(node).map_or_else(|| format!("p{node}"), |name| (*name).to_owned())
}

pub fn server_at() -> SocketAddr {
    SocketAddr::new(address_of(SERVER), SERVER_PORT)
}

impl World {
    /// A client is elsewhere from now on, or nowhere.
    pub fn roam(&mut self, node: Node, to: Option<IpAddr>) {
        self.net.roam(self.now, node, to);
        self.configs[node].locals = to.into_iter().collect();
        self.wake_client(node, vec![Input::Network(to.into_iter().collect())]);
    }

    /// A world of `clients`, all up, nothing broken.
    pub fn peaceful(seed: u64, clients: usize, accept: Accept) -> World {
        let mut world = World::asleep(seed, clients, accept);
        for node in 0..=clients {
            world.start(node);
        }
        world
    }

    /// The same, before anybody was started.
    pub fn asleep(seed: u64, clients: usize, accept: Accept) -> World {
        let rng = Rng::new(seed_bytes(seed, 1));
        let mut dice = Rng::new(seed_bytes(seed, 2));
        let mut net = Net::new(Rng::new(seed_bytes(seed, 3)), Rng::new(seed_bytes(seed, 5)));
        net.canary = CANARY.as_bytes().to_vec();
        let room = ROOM.max(clients + 1);
        let keys: Vec<_> = (0..room).map(|_| *Identity::generate(&mut dice).to_bytes()).collect();
        let pool = Pool::parse("100.64.0.0/10").expect("a pool");
        let client = || Host {
            machine: None,
            store: ClientStore::open_in_memory().expect("memory is there"),
        };
        World {
            now: 1,
            wall_shift: 0,
            rng,
            net,
            lan: Lan::new(Rng::new(seed_bytes(seed, 4))),
            server: Host { machine: None, store: server_store() },
            clients: (0..clients).map(|_| client()).collect(),
            disks: (0..clients).map(|_| Disk::new(Rng::new(dice.bytes()))).collect(),
            children: (0..clients).map(|_| Children::new()).collect(),
            strange_files: Vec::new(),
            puppets: BTreeMap::new(),
            routers: BTreeMap::new(),
            oracle: Oracle::new(Names::new(&keys, name_of)),
            keys,
            configs: (0..room).map(|node| config(node, accept)).collect(),
            server_config: ServerConfig {
                pool,
                max_clients: 100,
                hold_days: 30,
                hold_bytes: 1 << 20,
            },
            revive_at: BTreeMap::new(),
            done: BTreeMap::new(),
            events: Vec::new(),
            rows: Vec::new(),
            troubles: Vec::new(),
            left: BTreeSet::new(),
            shown: BTreeSet::new(),
            next_ticket: 0,
            troubled: false,
            has_roamers: false,
            typed: BTreeMap::new(),
            typed_until: 0,
            doomed: None,
            server_lost_at: None,
            held_checked: 0,
            trace: 0xcbf2_9ce4_8422_2325,
            is_loud: std::env::var_os("SIM_LOG").is_some(),
        }
    }

    /// Puts a puppet where a program would be; it listens at the port of a server.
    pub fn puppet(&mut self, node: Node) -> &mut Puppet {
        let me = Identity::from_bytes(&self.keys[node]);
        let rng = Rng::new(self.rng.bytes());
        self.net.listen(node, ConnId::own(0), SocketAddr::new(address_of(node), SERVER_PORT));
        let ann = Identity::from_bytes(&self.keys[1]).fingerprint();
        self.puppets.entry(node).or_insert(Puppet::new(me, rng, ann))
    }

    /// The gateway at that place; put there if there is none.
    pub fn router(&mut self, node: Node, speaks: Speaks) -> &mut Router {
        let IpAddr::V4(at) = address_of(node) else { panic!("the world has only IPv4") };
        if !self.routers.contains_key(&node) {
            for (port, conn) in speaks.ports().iter().zip(1..) {
                let at = SocketAddr::from((at, *port));
                self.net.listen(node, ConnId::own(conn), at);
            }
        }
        self.routers.entry(node).or_insert_with(|| Router::new(at, speaks))
    }

    /// Moves a puppet, and sees to what it wants done.
    pub fn play<T>(&mut self, node: Node, act: impl FnOnce(&mut Puppet) -> T) -> T {
        let puppet = self.puppets.get_mut(&node).expect("the test made the puppet");
        let outcome = act(puppet);
        for (conn, action) in puppet.take() {
            self.net.act(self.now, (node, conn), action);
        }
        outcome
    }

    /// What happened, in one number.
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// Somebody's files.
    pub fn disk(&mut self, node: Node) -> &mut Disk {
        &mut self.disks[node - 1]
    }

    /// Somebody writes a file of their own.
    pub fn put(&mut self, node: Node, path: &str, bytes: Vec<u8>) {
        self.disks[node - 1].put(self.now, path, bytes);
    }

    /// A verb of somebody; its ticket.
    pub fn ask(&mut self, node: Node, verb: Verb) -> u64 {
        self.ask_within(node, TIMEOUT_MS, verb)
    }

    /// The same, where it may take so long.
    pub fn ask_within(&mut self, node: Node, timeout_ms: u64, verb: Verb) -> u64 {
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        self.print(node, &verb);
        self.oracle.now = self.clocks();
        if self.clients[node - 1].machine.is_some() {
            self.oracle.on_verb(node, ticket, &verb, self.now + timeout_ms + TYPED_MS);
        }
        let command = Command { ticket: Ticket(ticket), timeout_ms, verb };
        let is_up = self.clients[node - 1].machine.is_some();
        if is_up && self.troubled && self.rng.below(2) == 0 {
            // Nobody's first line waits longer because of those after it.
            if self.typed.is_empty() {
                self.typed_until = self.now + 1 + self.rng.below(TYPED_MS);
            }
            self.typed.entry(node).or_default().push(command);
        } else {
            self.wake_client(node, vec![Input::Command(command)]);
        }
        ticket
    }

    /// Several verbs of somebody that arrive together.
    pub fn ask_at_once(&mut self, node: Node, verbs: Vec<Verb>) -> Vec<u64> {
        self.oracle.now = self.clocks();
        let (mut tickets, mut inputs) = (Vec::new(), Vec::new());
        for verb in verbs {
            self.next_ticket += 1;
            tickets.push(self.next_ticket);
            self.oracle.on_verb(node, self.next_ticket, &verb, self.now + TIMEOUT_MS);
            let ticket = Ticket(self.next_ticket);
            inputs.push(Input::Command(Command { ticket, timeout_ms: TIMEOUT_MS, verb }));
        }
        self.wake_client(node, inputs);
        tickets
    }

    /// The operator types something at the server.
    pub fn operate(&mut self, operate: Operate) {
        self.wake_server(vec![Input::Command(operate)]);
    }

    /// How somebody's verb ended, if it has.
    pub fn result(&self, node: Node, ticket: u64) -> Option<&Result<(), Refusal>> {
        self.done.get(&(node, ticket))
    }

    pub fn chat(&mut self, node: Node, with: Node) -> u64 {
        self.ask(node, Verb::Chat(target(with)))
    }

    pub fn msg_until(&mut self, node: Node, to: Node, text: &str, until: Stage) -> u64 {
        let text = format!("{CANARY} {text}");
        self.ask(node, Verb::Msg { to: vec![target(to)], text, until })
    }

    pub fn kill(&mut self, node: Node) {
        self.typed.remove(&node);
        match node {
            SERVER => self.server.machine = None,
            node => {
                self.clients[node - 1].machine = None;
                self.disks[node - 1].lose_program();
                self.children[node - 1].lose_program();
            }
        }
        self.oracle.on_death(node);
        self.net.kill(self.now, node);
        self.lan.lose_program(node);
        self.note(node as u64, 99);
    }

    fn is_up(&self, node: Node) -> bool {
        match node {
            SERVER => self.server.machine.is_some(),
            node => self.clients[node - 1].machine.is_some(),
        }
    }

    /// The server comes back and remembers nobody.
    pub fn lose_server_disk(&mut self) {
        self.kill(SERVER);
        self.server.store = server_store();
        self.server_lost_at = Some(self.now);
        self.revive_at.remove(&SERVER);
        self.start(SERVER);
    }

    /// Somebody's profile is from now on the one in this file; they are down.
    pub fn put_back(&mut self, node: Node, path: &std::path::Path) {
        self.keep_in_file(node, path);
        self.oracle.on_disk_lost(node);
    }

    /// Somebody's profile is made anew; only the keys are left.
    pub fn lose_disk(&mut self, node: Node) {
        self.kill(node);
        self.clients[node - 1].store = ClientStore::open_in_memory().expect("memory is there");
        self.oracle.on_disk_lost(node);
        self.start(node);
    }

    /// Somebody's profile is a file from now on, so that it can be copied. They are down.
    pub fn keep_in_file(&mut self, node: Node, path: &std::path::Path) {
        assert!(!self.is_up(node), "{node} has its profile open");
        self.clients[node - 1].store = ClientStore::open(path).expect("the disk is there");
    }

    pub fn start(&mut self, node: Node) {
        assert!(!self.is_up(node), "{node} is up already");
        let me = Identity::from_bytes(&self.keys[node]);
        let seed = self.rng.bytes();
        if node == SERVER {
            let config = self.server_config.clone();
            let fresh = Bytes(self.rng.bytes());
            let past = self.server.store.restore(config.pool, fresh).expect("memory is there");
            self.server.machine = Some(Server::restore(config, me, past, seed));
            self.net.listen(SERVER, ConnId::own(1), server_at());
            return;
        }
        let host = &mut self.clients[node - 1];
        let past = host.store.restore().expect("memory is there");
        host.machine = Some(Client::restore(self.configs[node].clone(), me, past, seed));
        self.wake_client(node, vec![Input::Tick]);
    }

    pub fn wall_off(&mut self, node: Node) {
        self.net.walled.insert(node);
    }

    /// Two programs' streams break.
    pub fn cut_between(&mut self, one: Node, other: Node) {
        self.net.cut_between(self.now, one, other);
    }

    /// The clock on everybody's wall jumps.
    pub fn shift_wall(&mut self, ms: i64) {
        self.wall_shift += ms;
    }

    /// Messages in somebody's log: sender, id, text.
    pub fn log(&mut self, node: Node) -> Vec<(Node, MsgId, String)> {
        let mut messages = Vec::new();
        let mut next = 0;
        let store = &mut self.clients[node - 1].store;
        let names = &self.oracle.names;
        let mut each = |seq: Seq, _: Wall, event: Event| {
            next += 1;
            assert_eq!(seq.0, next, "events are numbered without a gap");
            if let Event::Message { id, from, text, .. } = event {
                messages.push((names.node_of(&from), id, text));
            }
        };
        store.events(Seq(0), usize::MAX, &mut each).expect("memory is there");
        messages
    }

    /// For whoever looks for the cause of a failure.
    fn print(&self, node: Node, what: &impl std::fmt::Debug) {
        if self.is_loud {
            eprintln!("{} {} {what:?}", self.now, name_of(node));
        }
    }

    /// Mixes what happened into the trace (FNV-1a).
    fn note(&mut self, what: u64, detail: u64) {
        for word in [self.now, what, detail] {
            for byte in word.to_be_bytes() {
                self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
}

pub fn target(node: Node) -> Target {
    Target::Name(Name::parse(&name_of(node)).expect("a valid name"))
}

fn server_store() -> ServerStore {
    ServerStore::open_in_memory().expect("memory is there")
}

/// How a client is started, unless a test wants it otherwise.
fn config(node: Node, accept: Accept) -> Config {
    let server = ServerAt {
        label: "server:12000".into(),
        at: vec![Remote::Address(server_at())],
        key: None,
    };
    Config {
        name: Name::parse(&name_of(node)).ok(),
        server: Some(server),
        is_proxied: false,
        paths: Paths::ALL,
        is_passing: false,
        listen: None,
        locals: vec![address_of(node)],
        gateway: None,
        accept,
        files: "/files".to_owned(),
        transcriber: None,
        run_limits: RunLimits::default(),
    }
}
