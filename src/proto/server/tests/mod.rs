//! A server with accounts in memory and clients that speak the real link.

mod chaos;
mod disk;
mod groups;
mod limits;
mod mail;
mod operator;
mod people;
mod prekeys;
mod privacy;
mod probe;
mod relay;
mod rendezvous;
mod signin;

use super::{Config, Server};
use crate::proto::bytes::Bytes;
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{ConnId, ReqId, SessionId};
use crate::proto::link::{Link, LinkEvent, Purpose};
use crate::proto::machine::{Cause, Input, Machine, Output, StreamAction, StreamEvent};
use crate::proto::model::account::{Account, Pool, Visibility};
use crate::proto::model::command::Operate;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Report;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::record::{
    AccountKey, Found, Read, ServerRecord, ServerRestored, ServerRows,
};
use crate::proto::time::{Mono, Now, Wall};
use crate::proto::wire::client::{Ask, Enter, Lookup, ToServer, Watch, Watched};
use crate::proto::wire::server::{Prober, ToClient};
use disk::Disk;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;

struct World {
    server: Server,
    config: Config,
    now: Now,
    disk: Disk,
    clients: BTreeMap<ConnId, Client>,
    reports: Vec<Report>,
    datagrams: Vec<(SocketAddr, Vec<u8>)>,
    rng: Rng,
}

/// The far end of a connection.
struct Client {
    link: Link,
    heard: Vec<ToClient>,
    prober: Option<Prober>,
    /// Sessions whose two sides were told to begin.
    begun: Vec<SessionId>,
    end: Option<StreamAction>,
    /// What the server's side of the socket holds while the client does not read.
    unread: Vec<u8>,
    is_stuck: bool,
    is_watched: bool,
    is_paused: bool,
    sends: usize,
}

/// What the world's disk was made with.
const EPOCH: Bytes<16> = Bytes([0xe9; 16]);
const PAST: ServerRestored = ServerRestored { next_address: 0, epoch: EPOCH, oldest: None };
const LISTENER: ConnId = ConnId(1 << 62);

impl World {
    fn new() -> World {
        World::with(config(100))
    }

    fn with(config: Config) -> World {
        World {
            server: Server::restore(config.clone(), me(0), PAST, [1; 32]),
            config,
            now: Now { mono: Mono(1_000_000), wall: Wall(1_700_000_000_000) },
            disk: Disk::default(),
            clients: BTreeMap::new(),
            reports: Vec::new(),
            datagrams: Vec::new(),
            rng: Rng::new([2; 32]),
        }
    }

    fn accept(&mut self, from: &str) -> ConnId {
        let id = ConnId(self.clients.len() as u64 + 1);
        let from: SocketAddr = from.parse().expect("a test's address");
        let link = Link::accept();
        self.clients.insert(id, Client::new(link));
        self.input(id, StreamEvent::Accepted { listener: LISTENER, from });
        id
    }

    fn dial_for(&mut self, n: u8, purpose: Purpose, from: &str) -> ConnId {
        let id = self.accept(from);
        let link = Link::dial(&me(n), purpose, Some(key(0)), &mut self.rng);
        self.client(id).link = link;
        self.settle();
        id
    }

    /// A connection whose keys are proved.
    fn dial(&mut self, n: u8) -> ConnId {
        self.dial_for(n, Purpose::Server, &format!("127.0.0.1:{}", 40_000 + u16::from(n)))
    }

    /// Somebody signed in.
    fn enter(&mut self, n: u8, name: &str) -> ConnId {
        let id = self.dial(n);
        self.say(id, Enter { name: Some(nm(name)), visibility: None });
        let heard = self.heard(id);
        assert!(matches!(heard[..], [ToClient::Welcome(_)]), "{name}: {heard:?}");
        id
    }

    fn enter_private(&mut self, n: u8, name: &str) -> ConnId {
        let id = self.dial(n);
        self.say(id, Enter { name: Some(nm(name)), visibility: Some(Visibility::Private) });
        self.heard(id);
        id
    }

    /// Says something now, with everything that follows from it.
    fn say(&mut self, id: ConnId, message: impl Into<ToServer>) {
        self.utter(id, message);
        self.settle();
    }

    /// Says something in the wake to come.
    fn utter(&mut self, id: ConnId, message: impl Into<ToServer>) {
        self.client(id).link.send(&message.into());
    }

    fn hang_up(&mut self, id: ConnId) {
        self.input(id, StreamEvent::Closed(Cause::Ended));
        self.client(id).end = Some(StreamAction::Close);
        self.settle();
    }

    fn operate(&mut self, operate: Operate) -> Vec<Report> {
        self.server.handle(self.now, Input::Command(operate));
        self.settle();
        std::mem::take(&mut self.reports)
    }

    fn pass(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after_ms(ms);
        self.now.wall = Wall(self.now.wall.0 + ms as i64);
        if self.server.poll_timeout().is_some_and(|(at, _)| at <= self.now.mono) {
            self.server.handle(self.now, Input::Tick);
        }
        self.settle();
    }

    /// Days in which nothing happens but deadlines.
    fn pass_days(&mut self, days: u64) {
        let end = self.now.mono.after_ms(days * 86_400_000);
        while self.now.mono < end {
            let due = self.server.poll_timeout().map_or(end, |(due, _)| due.min(end));
            self.pass(due.since_ms(self.now.mono).max(1));
        }
    }

    /// The process dies and another one takes its place on the same disk.
    fn restart(&mut self) {
        let oldest = self.disk.mail.values().map(|mail| mail.at).min();
        let next_address = self.disk.accounts.len() as u32;
        let past = ServerRestored { next_address, oldest, ..PAST };
        self.server = Server::restore(self.config.clone(), me(0), past, [1; 32]);
        for client in self.clients.values_mut() {
            client.end.get_or_insert(StreamAction::Abort);
        }
    }

    fn heard(&mut self, id: ConnId) -> Vec<ToClient> {
        std::mem::take(&mut self.client(id).heard)
    }

    fn client(&mut self, id: ConnId) -> &mut Client {
        self.clients.get_mut(&id).expect("a client of this test")
    }

    fn end(&mut self, id: ConnId) -> Option<StreamAction> {
        self.client(id).end.clone()
    }

    fn account(&self, name: &str) -> &Account {
        let mut named = self.disk.accounts.values().filter(|account| account.name.as_str() == name);
        let account = named.next().expect("an account of this name");
        assert!(named.next().is_none(), "a name is one account's");
        account
    }

    fn unstick(&mut self, id: ConnId) {
        let client = self.client(id);
        client.is_stuck = false;
        let unread = std::mem::take(&mut client.unread);
        client.read(&unread);
        self.settle();
    }

    /// Wakes until nothing moves: each feeds all that the clients have said, then drains.
    fn settle(&mut self) {
        while self.feed() | self.drain() {}
    }

    fn feed(&mut self) -> bool {
        let mut moved = false;
        for id in self.clients.keys().copied().collect::<Vec<_>>() {
            let client = self.client(id);
            if client.end.is_some() {
                continue;
            }
            if client.is_watched && !client.is_stuck {
                client.is_watched = false;
                self.input(id, StreamEvent::Drained);
                moved = true;
            }
            let client = self.client(id);
            if client.is_paused {
                continue;
            }
            if let Some(bytes) = client.link.take_output() {
                self.input(id, StreamEvent::Bytes(&bytes));
                moved = true;
            }
        }
        moved
    }

    fn drain(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.server.poll_output() {
            moved = true;
            match output {
                Output::Keep(record) => self.disk.keep(record),
                Output::Query(query) => {
                    let found = self.disk.read(&query.read);
                    let rows = ServerRows { found, then: query.then };
                    self.server.handle(self.now, Input::Rows(rows));
                }
                Output::Stream(id, action) => self.client(id).on(action),
                Output::File(..) | Output::Run(..) => panic!("a server has neither"),
                Output::Show(report) => self.reports.push(report),
                Output::Datagram { to, bytes } => self.datagrams.push((to, bytes)),
                Output::Lan(_) => panic!("a server has no neighbours"),
            }
        }
        moved
    }

    fn input(&mut self, id: ConnId, event: StreamEvent<'_>) {
        self.server.handle(self.now, Input::Stream(id, event));
    }
}

impl Client {
    fn new(link: Link) -> Client {
        Client {
            link,
            heard: Vec::new(),
            prober: None,
            begun: Vec::new(),
            end: None,
            unread: Vec::new(),
            is_stuck: false,
            is_watched: false,
            is_paused: false,
            sends: 0,
        }
    }

    fn on(&mut self, action: StreamAction) {
        assert_eq!(self.end, None, "nothing is done to a stream after its end: {action:?}");
        match action {
            StreamAction::Send(bytes) if self.is_stuck => self.unread.extend(bytes),
            StreamAction::Send(bytes) => {
                self.sends += 1;
                self.read(&bytes);
            }
            StreamAction::Watch => {
                assert!(!std::mem::replace(&mut self.is_watched, true), "watched twice");
            }
            StreamAction::Pause => {
                assert!(!std::mem::replace(&mut self.is_paused, true), "paused twice");
            }
            StreamAction::Resume => {
                assert!(std::mem::replace(&mut self.is_paused, false), "resumed unpaused");
            }
            StreamAction::Close | StreamAction::Abort => self.end = Some(action),
            StreamAction::Listen { .. }
            | StreamAction::Dial { .. }
            | StreamAction::Cross { .. }
            | StreamAction::DialName { .. }
            | StreamAction::Doubt(_) => {
                panic!("a server dials nobody and doubts nobody")
            }
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        self.link.feed(bytes);
        while let Ok(Some(event)) = self.link.poll() {
            match event {
                LinkEvent::Message(ToClient::Prober(prober)) => self.prober = Some(prober),
                LinkEvent::Message(ToClient::Begin(begin)) => self.begun.push(begin.session),
                LinkEvent::Message(message) => self.heard.push(message),
                LinkEvent::Hello(_) | LinkEvent::Established(_) => {}
            }
        }
    }
}

fn me(n: u8) -> Identity {
    Identity::generate(&mut Rng::new([n; 32]))
}

fn key(n: u8) -> Fingerprint {
    static KEYS: OnceLock<Vec<Fingerprint>> = OnceLock::new();
    KEYS.get_or_init(|| (0..=u8::MAX).map(|n| me(n).fingerprint()).collect())[usize::from(n)]
}

fn nm(name: &str) -> Name {
    Name::parse(name).expect("a test's name")
}

fn config(max_clients: usize) -> Config {
    Config { pool: pool("100.64.0.0/10"), max_clients, hold_days: 30, hold_bytes: 1 << 20 }
}

fn pool(text: &str) -> Pool {
    Pool::parse(text).expect("a test's pool")
}

fn lookup(n: u32, who: Target) -> Lookup {
    Lookup { req: req(n), who, token: None }
}

fn watch(who: &[Fingerprint]) -> Watch {
    let who = who.iter().map(|who| Watched { who: *who, token: None });
    Watch { who: who.collect() }
}

fn ask(session: SessionId, to: Fingerprint) -> Ask {
    Ask { session, to, candidates: Vec::new(), token: None, is_quiet: false }
}

fn req(n: u32) -> ReqId {
    ReqId(n)
}

fn session(n: u8) -> SessionId {
    SessionId(Bytes([n; 16]))
}
