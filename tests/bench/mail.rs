//! What held mail costs a server: deposits a second from many clients, durable, and their
//! collection. The whole machine and a real file, without sockets.
//! `cargo bench --bench mail`.

use super::client::{Client, command, scripted};
use super::common::{Scratch, Server as Daemon, heading, row, short};
use hobnob::proto::bytes::{Blob, Bytes};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{ConnId, ReqId};
use hobnob::proto::link::{Link, LinkEvent, Purpose};
use hobnob::proto::machine::{Effect, Input, Machine, StreamAction, StreamEvent, Wake};
use hobnob::proto::model::account::Pool;
use hobnob::proto::model::name::Name;
use hobnob::proto::model::person::Fingerprint;
use hobnob::proto::server::{Config, Server};
use hobnob::proto::time::{Mono, Now, Wall};
use hobnob::proto::wire::client::{Deposit, Enter, Taken};
use hobnob::proto::wire::server::ToClient;
use hobnob::shell::store::server::ServerStore;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 200;
const ROUNDS: u64 = 100;
/// Deposits of one client before it waits for their answers.
const TOGETHER: u64 = 2;
/// The smallest bucket that a sealed envelope is padded to, and then some.
const ENVELOPE_BYTES: usize = 512;
const HELD: u64 = 10_000;

/// The part.
pub fn run() {
    heading("held mail at the server: the whole machine and a real file, without sockets");
    let folder = Scratch::new("mail");
    let path = folder.join("bench-mail.db");
    remove(&path);
    let mut world = World::new(&path);
    for n in 0..CLIENTS {
        world.enter(n);
    }
    world.deposits();
    world.collection();
    drop(world);
    remove(&path);
    to_somebody_away();
}

/// Real programs: a script writes to somebody who is away, who then comes and reads it all.
fn to_somebody_away() {
    heading("10,000 messages to somebody who is away, between real programs");
    let scratch = Scratch::new("away");
    let server = Daemon::start(&scratch.join("server"));
    let bob_home = scratch.join("bob");
    Client::start(&bob_home, "bob", server.at, &[]).until(r#""event":"ready""#);
    let script = scratch.join("script");
    let lines: String = (0..HELD).map(|n| format!("/msg bob message {n:010}\n")).collect();
    std::fs::write(&script, lines).expect("room on the disk");
    let mut ann = command(&scratch.join("ann"), "ann", server.at);
    ann.args(["--wait", "held", "--timeout", "60"]);
    let start = Instant::now();
    let mut ann = scripted(ann, &script, &scratch.join("said"));
    assert!(ann.wait().expect("it is ours").success(), "the sender ends when all is held");
    row("first written to last held", short(start.elapsed()), "");
    let start = Instant::now();
    let mut bob = Client::start(&bob_home, "bob", server.at, &[]);
    for n in 0..HELD {
        let line = bob.until(r#""event":"message""#);
        assert!(line.contains(&format!("message {n:010}")), "in order, each once: {line}");
    }
    row("start to the last shown", short(start.elapsed()), "3 s");
}

struct World {
    server: Server,
    store: ServerStore,
    wake: Wake<Server>,
    now: Now,
    rng: Rng,
    links: BTreeMap<ConnId, Link>,
    heard: Vec<(ConnId, ToClient)>,
    /// Bytes for clients, taken in when the clock does not run.
    for_clients: Vec<(ConnId, Vec<u8>)>,
    watched: Vec<ConnId>,
    in_server: Duration,
    wakes: u64,
}

impl World {
    fn new(path: &Path) -> World {
        let pool = Pool::parse("100.64.0.0/10").expect("a pool");
        let config = Config { pool, max_clients: 1000, hold_days: 30, hold_bytes: 1 << 30 };
        let mut store = ServerStore::open(path).expect("a file to write");
        let past = store.restore(pool, Bytes([1; 16])).expect("a new file");
        World {
            server: Server::restore(config, identity(u64::MAX), past, [1; 32]),
            store,
            wake: Wake::new(),
            now: Now { mono: Mono(1), wall: Wall(1_790_000_000_000) },
            rng: Rng::new([2; 32]),
            links: BTreeMap::new(),
            heard: Vec::new(),
            for_clients: Vec::new(),
            watched: Vec::new(),
            in_server: Duration::ZERO,
            wakes: 0,
        }
    }

    fn enter(&mut self, n: u64) -> ConnId {
        let id = ConnId(self.links.len() as u64);
        let key = identity(u64::MAX).fingerprint();
        let link = Link::dial(&identity(n), Purpose::Server, Some(key), &mut self.rng);
        self.links.insert(id, link);
        let from = "127.0.0.1:4000".parse().expect("an address");
        self.server.handle(
            self.now,
            Input::Stream(id, StreamEvent::Accepted { listener: ConnId(1 << 60), from }),
        );
        self.settle();
        let name = Name::parse(&format!("p{n}")).ok();
        self.say(id, &Enter { name, visibility: None }.into());
        self.settle();
        id
    }

    fn say(&mut self, id: ConnId, message: &hobnob::proto::wire::client::ToServer) {
        self.links.get_mut(&id).expect("a client").send(message);
    }

    /// Each deposits for people who are away, a few at a time, all in one wake.
    fn deposits(&mut self) {
        let count = CLIENTS * ROUNDS * TOGETHER;
        // Those whom the mail is for have accounts and are away.
        self.leave(CLIENTS / 2);
        self.reset();
        for round in 0..ROUNDS {
            // The budget of an account is a question of time, not of this measurement.
            self.now.mono = self.now.mono.after_ms(1_000);
            for n in CLIENTS / 2..CLIENTS {
                for part in 0..2 * TOGETHER {
                    let to = key((n + round * 7 + part) % (CLIENTS / 2));
                    let envelope = Blob(vec![n as u8; ENVELOPE_BYTES]);
                    let deposit = Deposit { req: ReqId(1), to, token: None, envelope };
                    self.say(ConnId(n), &deposit.into());
                }
            }
            self.settle();
        }
        let held = self.heard.iter().filter(|(_, heard)| matches!(heard, ToClient::Deposited(_)));
        assert_eq!(held.count() as u64, count);
        let (mail, bytes) = self.store.mail_count().expect("a store");
        assert_eq!(mail, count);
        self.print("deposits", count);
        println!("  {} bytes of mail held, {} a wake", bytes, count / ROUNDS);
    }

    /// Somebody signs in for whom much is held.
    fn collection(&mut self) {
        let far = CLIENTS + 1;
        let id = self.enter(far);
        self.server.handle(self.now, Input::Stream(id, closed()));
        self.settle();
        for n in 0..HELD {
            if n % 100 == 0 {
                self.now.mono = self.now.mono.after_ms(10_000);
            }
            let envelope = Blob(vec![1; ENVELOPE_BYTES]);
            let deposit = Deposit { req: ReqId(1), to: key(far), token: None, envelope };
            self.say(ConnId(CLIENTS / 2 + n % 100), &deposit.into());
            if n % 100 == 99 {
                self.settle();
            }
        }
        self.reset();
        let id = self.enter(far);
        let mut collected = 0;
        while collected < HELD {
            let mail = self.heard.drain(..).filter(|(_, heard)| matches!(heard, ToClient::Mail(_)));
            let last = mail.inspect(|_| collected += 1).last();
            let Some((_, ToClient::Mail(last))) = last else { panic!("{collected} collected") };
            self.say(id, &Taken { up_to: last.number }.into());
            self.settle();
        }
        self.print("collected", HELD);
    }

    fn leave(&mut self, most: u64) {
        for n in 0..most {
            self.server.handle(self.now, Input::Stream(ConnId(n), closed()));
        }
        self.settle();
    }

    fn reset(&mut self) {
        self.heard.clear();
        self.in_server = Duration::ZERO;
        self.wakes = 0;
    }

    fn print(&self, what: &str, count: u64) {
        let seconds = self.in_server.as_secs_f64();
        let (rate, each) = (count as f64 / seconds, seconds * 1e6 / count as f64);
        println!("{what}: {count} in {seconds:.2} s, {} wakes", self.wakes);
        println!("  {rate:.0} a second, {each:.1} us each");
    }

    fn settle(&mut self) {
        loop {
            for (id, bytes) in std::mem::take(&mut self.for_clients) {
                let link = self.links.get_mut(&id).expect("a client");
                link.feed(&bytes);
                while let Ok(Some(event)) = link.poll() {
                    if let LinkEvent::Message(message) = event {
                        self.heard.push((id, message));
                    }
                }
            }
            let mut said = Vec::new();
            for (id, link) in &mut self.links {
                said.extend(link.take_output().map(|bytes| (*id, bytes)));
            }
            let start = Instant::now();
            for id in std::mem::take(&mut self.watched) {
                self.server.handle(self.now, Input::Stream(id, StreamEvent::Drained));
            }
            for (id, bytes) in &said {
                self.server.handle(self.now, Input::Stream(*id, StreamEvent::Bytes(bytes)));
            }
            let effects = self.wake.commit(&mut self.server, &mut self.store, self.now);
            for effect in effects.expect("room on the disk") {
                match effect {
                    Effect::Stream(id, StreamAction::Send(bytes)) => {
                        self.for_clients.push((id, bytes));
                    }
                    Effect::Stream(id, StreamAction::Watch) => self.watched.push(id),
                    _ => {}
                }
            }
            self.in_server += start.elapsed();
            self.wakes += 1;
            if self.for_clients.is_empty() && self.watched.is_empty() {
                return;
            }
        }
    }
}

fn closed() -> StreamEvent<'static> {
    StreamEvent::Closed(hobnob::proto::machine::Cause::Ended)
}

fn identity(n: u64) -> Identity {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    Identity::generate(&mut Rng::new(seed))
}

fn key(n: u64) -> Fingerprint {
    identity(n).fingerprint()
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(std::path::PathBuf::from(name));
    }
}
