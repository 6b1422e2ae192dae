//! A server, clients, their network and their people; a random life, then peace and a reckoning.

use super::host::{Crash, Host};
use super::net::{Arrival, Net, Node, address_of};
use super::oracle::Oracle;
use hobnob::proto::bytes::Bytes;
use hobnob::proto::client::{Accept, Client, Config, Server as ServerAt};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{ConnId, MsgId, Seq};
use hobnob::proto::machine::{Effect, Input, StreamEvent};
use hobnob::proto::model::account::Pool;
use hobnob::proto::model::command::{Command, Ticket, Verb};
use hobnob::proto::model::event::{Event, SessionState, Stage};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::notice::{Notice, Row};
use hobnob::proto::model::person::Target;
use hobnob::proto::model::refusal::Refusal;
use hobnob::proto::server::{Config as ServerConfig, Server};
use hobnob::proto::time::{Mono, Now, Wall};
use hobnob::shell::store::client::ClientStore;
use hobnob::shell::store::server::ServerStore;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A text that must never be readable on the wire begins so.
pub const CANARY: &str = "CANARY-PLAINTEXT";
const SERVER: Node = 0;
const SERVER_PORT: u16 = 12_000;
const WALL_START: i64 = 1_790_000_000_000;
const TIMEOUT_MS: u64 = 20_000;
/// How long the troubled life lasts, and how long peace may take, in virtual milliseconds.
const LIFE_MS: u64 = 60_000;
const PEACE_MS: u64 = 600_000;

/// Everything there is.
pub struct World {
    now: u64,
    wall_shift: i64,
    rng: Rng,
    net: Net,
    server: Host<Server, ServerStore>,
    clients: Vec<Host<Client, ClientStore>>,
    keys: Vec<[u8; Identity::BYTES]>,
    accept: Vec<Accept>,
    revive_at: BTreeMap<Node, u64>,
    pub oracle: Oracle,
    tickets: BTreeMap<(Node, u64), (Node, String)>,
    pub done: BTreeMap<(Node, u64), Result<(), Refusal>>,
    pub events: Vec<(Node, Event)>,
    pub rows: Vec<(Node, Row)>,
    next_ticket: u64,
    troubled: bool,
    trace: u64,
}

fn seed_bytes(seed: u64, salt: u8) -> [u8; 32] {
    let mut bytes = [salt; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes
}

pub fn name_of(node: Node) -> String {
    ["server", "ann", "bob", "cyd", "dan", "eve"][node].to_owned()
}

fn node_of(name: &str) -> Node {
    (0..6).find(|node| name_of(*node) == name).expect("everybody in the world has a name")
}

impl World {
    /// A world of `clients`, all up, nothing broken.
    pub fn peaceful(seed: u64, clients: usize, accept: Accept) -> World {
        let rng = Rng::new(seed_bytes(seed, 1));
        let mut dice = Rng::new(seed_bytes(seed, 2));
        let mut net = Net::new(Rng::new(seed_bytes(seed, 3)));
        net.canary = CANARY.as_bytes().to_vec();
        let keys = (0..=clients).map(|_| *Identity::generate(&mut dice).to_bytes()).collect();
        let store = ServerStore::open_in_memory().expect("memory is there");
        let mut world = World {
            now: 1,
            wall_shift: 0,
            rng,
            net,
            server: Host { machine: None, store },
            clients: Vec::new(),
            keys,
            accept: vec![accept; clients + 1],
            revive_at: BTreeMap::new(),
            oracle: Oracle::default(),
            tickets: BTreeMap::new(),
            done: BTreeMap::new(),
            events: Vec::new(),
            rows: Vec::new(),
            next_ticket: 0,
            troubled: false,
            trace: 0xcbf2_9ce4_8422_2325,
        };
        for _ in 0..clients {
            let store = ClientStore::open_in_memory().expect("memory is there");
            world.clients.push(Host { machine: None, store });
        }
        for node in 0..=clients {
            world.start(node);
        }
        world
    }

    /// A random world that will have a troubled life.
    pub fn random(seed: u64) -> World {
        let mut dice = Rng::new(seed_bytes(seed, 4));
        let clients = 2 + dice.below(4) as usize;
        let mut world = World::peaceful(seed, clients, Accept::Friends);
        for node in 1..=clients {
            if dice.below(3) == 0 {
                world.net.walled.insert(node);
            }
            if dice.below(3) == 0 {
                world.accept[node] = Accept::All;
                (1..=clients).for_each(|other| world.oracle.on_agreed(node, other));
                world.kill(node);
                world.start(node);
            }
        }
        world.troubled = true;
        world
    }

    /// The troubled life, then peace, then the reckoning. How many messages were accepted.
    pub fn live_and_heal(&mut self) -> u64 {
        while self.now < LIFE_MS {
            self.people_act();
            let pause = 1 + self.rng.below(400);
            self.run_for(pause);
        }
        self.heal();
        self.reckon();
        self.oracle.accepted()
    }

    /// What happened, in one number.
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// A verb of somebody; its ticket.
    pub fn ask(&mut self, node: Node, verb: Verb) -> u64 {
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        if let Verb::Msg { to, text, .. } = &verb
            && let [Target::Name(name)] = &to[..]
        {
            self.tickets.insert((node, ticket), (node_of(name.as_str()), text.clone()));
        }
        match &verb {
            Verb::Chat(Target::Name(name)) => self.oracle.on_asked(node, node_of(name.as_str())),
            Verb::Accept(Some(Target::Name(name))) => {
                self.oracle.on_agreed(node, node_of(name.as_str()));
            }
            _ => {}
        }
        let command = Command { ticket: Ticket(ticket), timeout_ms: TIMEOUT_MS, verb };
        self.wake_client(node, vec![Input::Command(command)]);
        ticket
    }

    /// How somebody's verb ended, if it has.
    pub fn result(&self, node: Node, ticket: u64) -> Option<&Result<(), Refusal>> {
        self.done.get(&(node, ticket))
    }

    pub fn chat(&mut self, node: Node, with: Node) -> u64 {
        self.ask(node, Verb::Chat(target(with)))
    }

    pub fn msg(&mut self, node: Node, to: Node, text: &str) -> u64 {
        let text = format!("{CANARY} {text}");
        self.ask(node, Verb::Msg { to: vec![target(to)], text, until: Stage::Delivered })
    }

    /// Lets time pass, with all that happens in it.
    pub fn run_until(&mut self, end: u64) {
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step();
        }
        self.now = self.now.max(end);
    }

    pub fn run_for(&mut self, ms: u64) {
        self.run_until(self.now + ms);
    }

    pub fn kill(&mut self, node: Node) {
        match node {
            SERVER => self.server.machine = None,
            node => self.clients[node - 1].machine = None,
        }
        self.net.kill(self.now, node);
        self.note(node as u64, 99);
    }

    pub fn start(&mut self, node: Node) {
        let me = Identity::from_bytes(&self.keys[node]);
        let seed = self.rng.bytes();
        if node == SERVER {
            let pool = Pool::parse("100.64.0.0/10").expect("a pool");
            let fresh = Bytes(self.rng.bytes());
            let past = self.server.store.restore(pool, fresh).expect("memory is there");
            let config =
                ServerConfig { pool, max_clients: 100, hold_days: 30, hold_bytes: 1 << 20 };
            self.server.machine = Some(Server::restore(config, me, past, seed));
            let at = SocketAddr::new(address_of(SERVER), SERVER_PORT);
            self.net.listen(SERVER, ConnId::own(1), at);
            return;
        }
        let at = vec![SocketAddr::new(address_of(SERVER), SERVER_PORT)];
        let config = Config {
            name: Name::parse(&name_of(node)).ok(),
            server: Some(ServerAt { label: "server:12000".into(), at, key: None }),
            listen: None,
            locals: vec![address_of(node)],
            accept: self.accept[node],
        };
        let host = &mut self.clients[node - 1];
        let past = host.store.restore().expect("memory is there");
        host.machine = Some(Client::restore(config, me, past, seed));
        self.wake_client(node, vec![Input::Tick]);
    }

    pub fn cut(&mut self, node: Node) {
        self.net.cut_one_of(self.now, node);
    }

    pub fn wall_off(&mut self, node: Node) {
        self.net.walled.insert(node);
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
        let mut each = |seq: Seq, _: Wall, event: Event| {
            next += 1;
            assert_eq!(seq.0, next, "events are numbered without a gap");
            if let Event::Message { id, from, text, .. } = event {
                messages.push((node_of(&from), id, text));
            }
        };
        store.events(Seq(0), usize::MAX, &mut each).expect("memory is there");
        messages
    }

    fn people_act(&mut self) {
        let count = self.clients.len() as u64;
        let node = 1 + self.rng.below(count) as Node;
        let other = 1 + self.rng.below(count) as Node;
        match self.rng.below(40) {
            0..16 if node != other => {
                let text = format!("{}", self.rng.below(1_000_000));
                for part in 0..1 + self.rng.below(5) {
                    self.msg(node, other, &format!("{text}.{part}"));
                }
            }
            16..26 if node != other => {
                self.chat(node, other);
            }
            26..31 => self.accept_first(node),
            31 => {
                self.ask(node, Verb::Close(None));
            }
            32 => {
                self.ask(node, Verb::Decline(None));
            }
            33 => {
                self.ask(node, Verb::Offline);
            }
            34 => {
                self.ask(node, Verb::Online);
            }
            35 | 36 => self.net.cut_one_of(self.now, node),
            37 => self.wall_shift += self.rng.below(172_800_000) as i64 - 86_400_000,
            38 => self.crash(node),
            39 if self.rng.below(4) == 0 => self.crash(SERVER),
            _ => {}
        }
    }

    /// Says yes to somebody who asked, as the person would who sees it on the screen.
    fn accept_first(&mut self, node: Node) {
        let asked = self.events.iter().rev().find_map(|(reader, event)| match event {
            Event::Session { with, state: SessionState::Offered, .. } if *reader == node => {
                Some(with.clone())
            }
            _ => None,
        });
        if let Some(with) = asked {
            self.ask(node, Verb::Accept(Some(target(node_of(&with)))));
        }
    }

    fn crash(&mut self, node: Node) {
        self.kill(node);
        self.revive_at.insert(node, self.now + 1 + self.rng.below(5_000));
    }

    /// Nothing breaks any more; whoever is down comes back; pairs with something unsaid talk.
    fn heal(&mut self) {
        self.troubled = false;
        for (node, _) in std::mem::take(&mut self.revive_at) {
            self.start(node);
        }
        for node in 1..=self.clients.len() {
            self.ask(node, Verb::Online);
        }
        let end = self.now + PEACE_MS;
        for (from, to) in self.oracle.pairs() {
            while !self.is_delivered(from) && self.now < end {
                self.chat(from, to);
                self.run_for(3_000);
                self.ask(to, Verb::Accept(Some(target(from))));
                self.run_for(20_000);
                if self.waits(from, to) == 0 {
                    break;
                }
            }
        }
    }

    fn is_delivered(&mut self, from: Node) -> bool {
        let mut waiting = 0;
        let store = &mut self.clients[from - 1].store;
        store.outbox(&mut |_| waiting += 1).expect("memory is there");
        waiting == 0
    }

    fn waits(&mut self, from: Node, to: Node) -> usize {
        let mut waiting = 0;
        let label = name_of(to);
        let store = &mut self.clients[from - 1].store;
        store
            .outbox(&mut |row| waiting += usize::from(row.label == label))
            .expect("memory is there");
        waiting
    }

    fn reckon(&mut self) {
        for node in 1..=self.clients.len() {
            assert!(self.is_delivered(node), "{} still has unsent messages", name_of(node));
            let log = self.log(node);
            self.oracle.check_log(node, &log);
        }
    }

    fn next_at(&self) -> Option<u64> {
        let due = |due: Option<Mono>| due.map(|due| due.0.max(self.now));
        let machines = self.clients.iter().filter_map(|host| due(host.due()));
        let revive = self.revive_at.values().copied();
        machines.chain(due(self.server.due())).chain(self.net.next_at()).chain(revive).min()
    }

    fn step(&mut self) {
        let risen: Vec<Node> = (self.revive_at.iter())
            .filter(|(_, at)| **at <= self.now)
            .map(|(node, _)| *node)
            .collect();
        for node in risen {
            self.revive_at.remove(&node);
            self.start(node);
        }
        while let Some((node, conn, arrival)) = self.net.pop(self.now) {
            self.arrive(node, conn, arrival);
        }
        if self.server.due().is_some_and(|due| due.0 <= self.now) {
            self.wake_server(vec![Input::Tick]);
        }
        for node in 1..=self.clients.len() {
            if self.clients[node - 1].due().is_some_and(|due| due.0 <= self.now) {
                self.wake_client(node, vec![Input::Tick]);
            }
        }
    }

    fn arrive(&mut self, node: Node, conn: ConnId, arrival: Arrival) {
        let event = match &arrival {
            Arrival::Listening(at) => StreamEvent::Listening { at: *at },
            Arrival::Accepted { listener, from } => {
                StreamEvent::Accepted { listener: *listener, from: *from }
            }
            Arrival::Open(local) => StreamEvent::Open { local: *local },
            Arrival::Bytes(bytes) => StreamEvent::Bytes(bytes),
            Arrival::Drained => StreamEvent::Drained,
            Arrival::Closed(cause) => StreamEvent::Closed(*cause),
        };
        self.note(node as u64, conn.0);
        match node {
            SERVER => self.wake_server(vec![Input::Stream(conn, event)]),
            node => self.wake_client(node, vec![Input::Stream(conn, event)]),
        }
    }

    fn clocks(&self) -> Now {
        let wall = Wall(WALL_START + self.now as i64 + self.wall_shift);
        Now { mono: Mono(self.now), wall }
    }

    /// Whether, and when in it, this wake is somebody's last.
    fn fate(&mut self) -> Option<Crash> {
        if !self.troubled || self.rng.below(400) != 0 {
            return None;
        }
        match self.rng.below(2) {
            0 => Some(Crash::BeforeCommit),
            _ => Some(Crash::AfterEffects(self.rng.below(4) as usize)),
        }
    }

    fn wake_server(
        &mut self,
        inputs: Vec<
            Input<
                '_,
                hobnob::proto::model::command::Operate,
                hobnob::proto::model::record::ServerRows<hobnob::proto::server::Then>,
            >,
        >,
    ) {
        let (now, fate) = (self.clocks(), self.fate());
        let (effects, lives) = self.server.wake(now, inputs, fate);
        for effect in effects {
            if let Effect::Stream(conn, action) = effect {
                self.net.act(self.now, (SERVER, conn), action);
            }
        }
        if !lives && self.server.machine.is_none() && fate.is_some() {
            self.crash(SERVER);
        }
    }

    fn wake_client(
        &mut self,
        node: Node,
        inputs: Vec<Input<'_, Command, hobnob::proto::model::record::Rows>>,
    ) {
        let (now, fate) = (self.clocks(), self.fate());
        let was_up = self.clients[node - 1].machine.is_some();
        let (effects, lives) = self.clients[node - 1].wake(now, inputs, fate);
        for effect in effects {
            match effect {
                Effect::Stream(conn, action) => self.net.act(self.now, (node, conn), action),
                Effect::Show(notice) => self.show(node, notice),
                Effect::Datagram { .. } => {}
            }
        }
        if was_up && !lives {
            self.crash(node);
        }
    }

    fn show(&mut self, node: Node, notice: Notice) {
        match notice {
            Notice::Event { seq, event, .. } => {
                self.note(node as u64, seq.map_or(0, |seq| seq.0));
                let clients = &mut self.clients;
                let kept = |to: Node, id: MsgId| has_message(&mut clients[to - 1].store, id);
                self.oracle.on_event(node, seq, &event, node_of, kept);
                self.events.push((node, event));
            }
            Notice::Row(ticket, row) => {
                if let Row::Queued { id, .. } = &row
                    && let Some((to, text)) = self.tickets.remove(&(node, ticket.0))
                {
                    self.oracle.on_accepted(node, to, *id, text);
                }
                self.rows.push((node, row));
            }
            Notice::Done(ticket, result) => {
                let before = self.done.insert((node, ticket.0), result);
                assert_eq!(before, None, "a verb ended twice");
            }
            Notice::Trouble(_) | Notice::Left => {}
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

fn has_message(store: &mut ClientStore, wanted: MsgId) -> bool {
    let mut found = false;
    let mut each = |_: Seq, _: Wall, event: Event| {
        found |= matches!(event, Event::Message { id, .. } if id == wanted);
    };
    store.events(Seq(0), usize::MAX, &mut each).expect("memory is there");
    found
}
