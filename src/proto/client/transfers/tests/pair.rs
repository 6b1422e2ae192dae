//! Two clients back to back, linked by `HOST:PORT`, over a network and disks that never fail unless
//! told to.

use super::disk::{Disk, Files, Said};
use crate::proto::client::{Accept, Client, Config, RunLimits};
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{ConnId, FileId, RunId};
use crate::proto::machine::{
    Cause, Effect, FileEvent, Input, Machine, Pipe, RunAction, RunEnd, RunEvent, StreamAction,
    StreamEvent, Wake,
};
use crate::proto::model::bond::{Bond, Friendship};
use crate::proto::model::command::{Command, Ticket, Verb};
use crate::proto::model::event::{self, Event, Stage};
use crate::proto::model::name::Name;
use crate::proto::model::notice::{Notice, Row};
use crate::proto::model::paths::Paths;
use crate::proto::model::person::{Person, Target};
use crate::proto::model::record::Restored;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::FileState;
use crate::proto::time::{Mono, Now, Wall};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

pub const ANN: usize = 0;
pub const BOB: usize = 1;
const NAMES: [&str; 2] = ["ann", "bob"];

/// Something for a client, until it is told.
enum Told {
    Listening(ConnId, SocketAddr),
    Accepted(ConnId, ConnId),
    Open(ConnId),
    Bytes(ConnId, Vec<u8>),
    Drained(ConnId),
    Closed(ConnId),
    File(FileId, Said),
    Output(RunId, Vec<u8>),
    Ended(RunId, RunEnd),
    Command(Command),
}

pub struct Side {
    pub client: Client,
    pub disk: Disk,
    pub files: Files,
    pub events: Vec<Event>,
    pub rows: Vec<Row>,
    pub done: BTreeMap<u64, Result<(), Refusal>>,
    pub runs: Vec<Vec<String>>,
    pub killed: usize,
    /// What a child process writes, and how it ends; it never does if nothing is said.
    pub child: Option<(Vec<u8>, RunEnd)>,
    pub transcriber: Option<Vec<String>>,
    inbox: VecDeque<Told>,
    wake: Wake<Client>,
}

pub struct Pair {
    pub sides: [Side; 2],
    pub ms: u64,
    is_friends: bool,
    ends: BTreeMap<(usize, ConnId), (usize, ConnId)>,
    conns: u64,
    tickets: u64,
}

impl Side {
    pub fn file_states(&self) -> Vec<FileState> {
        let files = self.files_said();
        files.iter().map(|file| file.state).filter(|state| *state != FileState::Progress).collect()
    }

    pub fn files_said(&self) -> Vec<&event::FileEvent> {
        let files = self.events.iter().filter_map(|event| match event {
            Event::File(file) => Some(file.as_ref()),
            _ => None,
        });
        files.collect()
    }

    pub fn has_said(&self, state: FileState) -> bool {
        self.files_said().iter().any(|file| file.state == state)
    }
}

impl Pair {
    /// Two friends with a session open.
    pub fn friends() -> Pair {
        let mut pair = Pair::apart(true);
        pair.link();
        pair
    }

    /// Two who are no friends, with a session open.
    pub fn strangers() -> Pair {
        let mut pair = Pair::apart(false);
        pair.link();
        pair
    }

    fn apart(is_friends: bool) -> Pair {
        let side = |n: usize| {
            let mut disk = Disk::default();
            let other = identity(1 - n);
            let (fingerprint, identity) = (other.fingerprint(), *other.public());
            let name = Name::parse(NAMES[1 - n]).ok();
            disk.people.insert(fingerprint, Person { fingerprint, identity, name, address: None });
            let friendship = if is_friends { Friendship::Friends } else { Friendship::None };
            disk.bonds.insert(fingerprint, Bond { friendship, ..Bond::default() });
            Side {
                client: client(n, disk.restored(), 0, None),
                disk,
                files: Files::new(),
                events: Vec::new(),
                rows: Vec::new(),
                done: BTreeMap::new(),
                runs: Vec::new(),
                killed: 0,
                child: None,
                transcriber: None,
                inbox: VecDeque::new(),
                wake: Wake::new(),
            }
        };
        let sides = [side(ANN), side(BOB)];
        let mut pair =
            Pair { sides, ms: 1, is_friends, ends: BTreeMap::new(), conns: 0, tickets: 0 };
        pair.settle();
        pair
    }

    /// Opens a session from Ann to Bob.
    pub fn link(&mut self) {
        let verb = Verb::Chat(Target::Endpoint(port(BOB)));
        let ticket = self.say(ANN, verb);
        self.until(|pair| pair.sides[ANN].done.contains_key(&ticket));
        assert_eq!(self.sides[ANN].done[&ticket], Ok(()));
    }

    /// Cuts every connection; what was on its way is lost.
    pub fn cut(&mut self) {
        for side in &mut self.sides {
            side.inbox.retain(|told| !matches!(told, Told::Bytes(..) | Told::Drained(_)));
        }
        for ((n, conn), _) in std::mem::take(&mut self.ends) {
            self.sides[n].inbox.push_back(Told::Closed(conn));
        }
        self.settle();
    }

    /// A program is killed, and started again from its disk.
    pub fn crash(&mut self, n: usize) {
        self.sides[n].inbox.clear();
        self.sides[n].files.crash();
        for (_, (other, conn)) in self.ends.extract_if(.., |(side, _), _| *side == n) {
            self.sides[other].inbox.push_back(Told::Closed(conn));
        }
        self.ends.clear();
        self.restart(n);
        self.settle();
    }

    /// A client anew from its disk.
    pub fn restart(&mut self, n: usize) {
        let side = &mut self.sides[n];
        side.client = client(n, side.disk.restored(), self.ms, side.transcriber.clone());
    }

    pub fn say(&mut self, n: usize, verb: Verb) -> u64 {
        self.tickets += 1;
        let command = Command { ticket: Ticket(self.tickets), timeout_ms: 3_600_000, verb };
        self.sides[n].inbox.push_back(Told::Command(command));
        self.tickets
    }

    /// Says it, and runs until it is done.
    pub fn ask(&mut self, n: usize, verb: Verb) -> Result<(), Refusal> {
        let ticket = self.say(n, verb);
        self.until(|pair| pair.sides[n].done.contains_key(&ticket));
        self.sides[n].done[&ticket].clone()
    }

    /// Ann offers a file to Bob; gives the beginning of its id.
    pub fn offer(&mut self, path: &str, bytes: &[u8]) -> String {
        self.sides[ANN].files.put(path, bytes);
        let send = Verb::Send { to: name(BOB), path: path.into(), until: Stage::Delivered };
        assert_eq!(self.ask(ANN, send), Ok(()));
        let offered = self.sides[BOB].files_said();
        let last = offered.iter().rfind(|file| file.state == FileState::Offered);
        last.expect("it is offered").id.to_text()
    }

    /// Runs until nothing happens by itself.
    pub fn settle(&mut self) {
        while self.step() {}
    }

    /// Runs until it is so, with as much time passing as that takes.
    pub fn until(&mut self, is_so: impl Fn(&Pair) -> bool) {
        for _ in 0..200_000 {
            if is_so(self) {
                return;
            }
            if !self.step() {
                let next = self.sides.iter().filter_map(|side| side.client.poll_timeout());
                let next = next.map(|(at, _)| at.0).min().expect("nothing will ever happen");
                self.ms = self.ms.max(next);
                (0..2).for_each(|n| self.wake(n, true));
            }
        }
        panic!("it never comes to that");
    }

    /// One wake of each; whether either was told anything.
    pub fn step(&mut self) -> bool {
        self.ms += 1;
        let is_told = self.sides.iter().any(|side| !side.inbox.is_empty());
        let is_due =
            |side: &Side| side.client.poll_timeout().is_some_and(|(at, _)| at.0 <= self.ms);
        let is_due = self.sides.iter().any(is_due);
        (0..2).for_each(|n| self.wake(n, is_due));
        is_told || is_due
    }

    fn wake(&mut self, n: usize, is_due: bool) {
        let now = Now { mono: Mono(self.ms), wall: Wall(1_700_000_000_000 + self.ms as i64) };
        let side = &mut self.sides[n];
        if side.inbox.is_empty() && !is_due {
            return;
        }
        if is_due {
            side.client.handle(now, Input::Tick);
        }
        for told in std::mem::take(&mut side.inbox) {
            tell(&mut side.client, now, told);
        }
        let mut wake = std::mem::take(&mut side.wake);
        let Ok(effects) = wake.commit(&mut side.client, &mut side.disk, now);
        for effect in effects {
            self.perform(n, effect);
        }
        self.sides[n].wake = wake;
    }

    fn perform(&mut self, n: usize, effect: Effect<Notice>) {
        let side = &mut self.sides[n];
        match effect {
            Effect::Datagram { .. } | Effect::Lan(_) => {}
            Effect::Stream(conn, action) => self.stream(n, conn, action),
            Effect::File(file, action) => {
                if let Some(said) = side.files.perform(file, action) {
                    side.inbox.push_back(Told::File(file, said));
                }
            }
            Effect::Run(run, RunAction::Start { argv, .. }) => {
                side.runs.push(argv);
                if let Some((output, end)) = side.child.clone() {
                    side.inbox.push_back(Told::Output(run, output));
                    side.inbox.push_back(Told::Ended(run, end));
                }
            }
            Effect::Run(run, RunAction::Kill) => {
                side.killed += 1;
                side.inbox.push_back(Told::Ended(run, RunEnd::Killed(9)));
            }
            Effect::Run(..) => {}
            Effect::Show(Notice::Event { event, .. }) => side.events.push(event),
            Effect::Show(Notice::Row(_, row)) => side.rows.push(row),
            Effect::Show(Notice::Done(ticket, result)) => {
                let twice = side.done.insert(ticket.0, result);
                assert!(twice.is_none(), "a verb ends once");
            }
            Effect::Show(Notice::Trouble(_) | Notice::Left) => {}
        }
    }

    fn stream(&mut self, n: usize, conn: ConnId, action: StreamAction) {
        match action {
            StreamAction::Listen { at, .. } => {
                self.sides[n].inbox.push_back(Told::Listening(conn, at));
            }
            StreamAction::DialName { .. } => panic!("there is no proxy here"),
            StreamAction::Dial { .. } | StreamAction::Cross { .. } => {
                self.conns += 1;
                let theirs = ConnId(self.conns);
                self.ends.insert((n, conn), (1 - n, theirs));
                self.ends.insert((1 - n, theirs), (n, conn));
                self.sides[1 - n].inbox.push_back(Told::Accepted(conn, theirs));
                self.sides[n].inbox.push_back(Told::Open(conn));
            }
            StreamAction::Send(bytes) => {
                if let Some((other, end)) = self.ends.get(&(n, conn)) {
                    self.sides[*other].inbox.push_back(Told::Bytes(*end, bytes));
                }
            }
            StreamAction::Watch => self.sides[n].inbox.push_back(Told::Drained(conn)),
            StreamAction::Close | StreamAction::Abort => {
                if let Some((other, end)) = self.ends.remove(&(n, conn)) {
                    self.ends.remove(&(other, end));
                    self.sides[other].inbox.push_back(Told::Closed(end));
                }
            }
            StreamAction::Pause | StreamAction::Resume | StreamAction::Doubt(_) => {}
        }
    }

    pub fn is_friends(&self) -> bool {
        self.is_friends
    }
}

fn tell(client: &mut Client, now: Now, told: Told) {
    let from = SocketAddr::from(([127, 0, 0, 9], 9));
    let mut stream = |conn, event| client.handle(now, Input::Stream(conn, event));
    match told {
        Told::Listening(conn, at) => stream(conn, StreamEvent::Listening { at, udp: false }),
        Told::Accepted(listener, conn) => stream(conn, StreamEvent::Accepted { listener, from }),
        Told::Open(conn) => stream(conn, StreamEvent::Open { local: from }),
        Told::Bytes(conn, bytes) => stream(conn, StreamEvent::Bytes(&bytes)),
        Told::Drained(conn) => stream(conn, StreamEvent::Drained),
        Told::Closed(conn) => stream(conn, StreamEvent::Closed(Cause::Ended)),
        Told::File(file, said) => {
            let event = match &said {
                Said::Opened(facts) => FileEvent::Opened(*facts),
                Said::Bytes(bytes) => FileEvent::Bytes(bytes),
                Said::Synced => FileEvent::Synced,
                Said::Placed(path) => FileEvent::Placed(path.clone()),
                Said::Failed(kind) => FileEvent::Failed(*kind),
            };
            client.handle(now, Input::File(file, event));
        }
        Told::Output(run, bytes) => {
            client.handle(now, Input::Run(run, RunEvent::Output(Pipe::Stdout, &bytes)));
        }
        Told::Ended(run, end) => client.handle(now, Input::Run(run, RunEvent::Ended(end))),
        Told::Command(command) => client.handle(now, Input::Command(command)),
    }
}

pub fn name(n: usize) -> Target {
    Target::Name(Name::parse(NAMES[n]).expect("a name"))
}

pub fn identity(n: usize) -> Identity {
    Identity::generate(&mut Rng::new([n as u8 + 1; 32]))
}

fn port(n: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1000 + n as u16))
}

fn client(n: usize, past: Restored, ms: u64, transcriber: Option<Vec<String>>) -> Client {
    let config = Config {
        name: Name::parse(NAMES[n]).ok(),
        server: None,
        is_proxied: false,
        paths: Paths::ALL,
        is_passing: false,
        listen: Some(port(n)),
        locals: Vec::new(),
        gateway: None,
        accept: Accept::All,
        files: format!("/{}", NAMES[n]),
        transcriber,
        run_limits: RunLimits::default(),
    };
    let seed = [ms as u8 + n as u8; 32];
    Client::restore(config, identity(n), past, seed)
}
