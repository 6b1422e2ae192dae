//! Many clients in one process: identities, real links over real sockets, behind the crate's own
//! reactor. It has no policy: it says what it is told to, and keeps what it hears.

use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{ConnId, ReqId};
use hobnob::proto::link::{Link, LinkEvent, Purpose};
use hobnob::proto::machine::{StreamAction, StreamEvent};
use hobnob::proto::model::name::Name;
use hobnob::proto::wire::client::{Enter, ToServer};
use hobnob::proto::wire::server::ToClient;
use hobnob::shell::reactor::{Reactor, Ready};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Handshakes under way at a time.
const DIALLING: usize = 128;
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Swarm {
    reactor: Reactor,
    server: SocketAddr,
    rng: Rng,
    identities: Vec<Identity>,
    pub peers: Vec<Peer>,
    pub signed_in: usize,
    pub lost: usize,
}

pub struct Peer {
    link: Option<Link>,
    conn: ConnId,
    /// What the server said and nobody took.
    pub heard: Vec<ToClient>,
    asked: u32,
}

impl Swarm {
    pub fn new(server: SocketAddr) -> Swarm {
        Swarm {
            reactor: Reactor::new().expect("an epoll"),
            server,
            rng: Rng::new([7; 32]),
            identities: Vec::new(),
            peers: Vec::new(),
            signed_in: 0,
            lost: 0,
        }
    }

    /// Makes keys for so many in all, so that signing in does not have to.
    pub fn make_keys(&mut self, count: usize) {
        while self.identities.len() < count {
            self.identities.push(Identity::generate(&mut self.rng));
        }
    }

    pub fn identity(&self, peer: usize) -> &Identity {
        &self.identities[peer]
    }

    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// Signs in until so many are. How long it took.
    pub fn sign_in(&mut self, count: usize) -> Duration {
        self.make_keys(count);
        let start = Instant::now();
        while self.signed_in < count {
            while self.peers.len() < count && self.peers.len() < self.signed_in + DIALLING {
                self.dial();
            }
            self.wake();
            assert!(start.elapsed() < PATIENCE * 4, "{} of {count} signed in", self.signed_in);
        }
        start.elapsed()
    }

    /// Says something to the server.
    pub fn say(&mut self, peer: usize, message: impl Into<ToServer>) {
        let peer = &mut self.peers[peer];
        let link = peer.link.as_mut().expect("signed in before it speaks");
        link.send(&message.into());
        let bytes = link.take_output().expect("a message is to go out");
        self.reactor.perform(peer.conn, StreamAction::Send(bytes));
    }

    /// A fresh number for a question.
    pub fn req(&mut self, peer: usize) -> ReqId {
        let peer = &mut self.peers[peer];
        peer.asked += 1;
        ReqId(peer.asked)
    }

    /// Waits for what the server says to a client.
    pub fn hear(&mut self, peer: usize) -> ToClient {
        let start = Instant::now();
        while self.peers[peer].heard.is_empty() {
            self.wake();
            assert!(start.elapsed() < PATIENCE, "the server does not answer");
        }
        self.peers[peer].heard.remove(0)
    }

    fn dial(&mut self) {
        let conn = ConnId::own(self.peers.len() as u64);
        self.peers.push(Peer { link: None, conn, heard: Vec::new(), asked: 0 });
        self.reactor.perform(conn, StreamAction::Dial { to: self.server, from: None });
    }

    /// Takes in what the sockets have, sleeping if there is nothing.
    fn wake(&mut self) {
        self.reactor.wait(Some(Duration::from_secs(1))).expect("an epoll");
        let mut sends = Vec::new();
        while let Some(ready) = self.reactor.next() {
            let Ready::Stream(conn, event) = ready else { continue };
            let number = (conn.0 - ConnId::own(0).0) as usize;
            let peer = &mut self.peers[number];
            match event {
                StreamEvent::Open { .. } => {
                    let me = &self.identities[number];
                    peer.link = Some(Link::dial(me, Purpose::Server, None, &mut self.rng));
                }
                StreamEvent::Bytes(bytes) => self.signed_in += peer.on_bytes(bytes, number),
                StreamEvent::Closed(_) => self.lost += 1,
                StreamEvent::Listening { .. }
                | StreamEvent::Accepted { .. }
                | StreamEvent::Drained => {}
            }
            sends.extend(peer.link.as_mut().and_then(Link::take_output).map(|out| (conn, out)));
        }
        for (conn, bytes) in sends {
            self.reactor.perform(conn, StreamAction::Send(bytes));
        }
        self.reactor.flush();
    }

    /// Goes on for a while without anything to wait for.
    pub fn idle(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.reactor.wait(Some(left)).expect("an epoll");
            self.wake_without_sleep();
        }
    }

    fn wake_without_sleep(&mut self) {
        while let Some(ready) = self.reactor.next() {
            let Ready::Stream(conn, event) = ready else { continue };
            let number = (conn.0 - ConnId::own(0).0) as usize;
            match event {
                StreamEvent::Bytes(bytes) => {
                    self.peers[number].on_bytes(bytes, number);
                }
                StreamEvent::Closed(_) => self.lost += 1,
                _ => {}
            }
        }
    }
}

impl Peer {
    /// How many signed in by this: one or none.
    fn on_bytes(&mut self, bytes: &[u8], number: usize) -> usize {
        let Some(link) = &mut self.link else { return 0 };
        link.feed(bytes);
        let mut welcomes = 0;
        while let Some(event) = link.poll().expect("the server speaks our protocol") {
            match event {
                LinkEvent::Established(_) => {
                    let enter = Enter { name: Some(name(number)), visibility: None };
                    link.send(&ToServer::Enter(enter));
                }
                LinkEvent::Message(ToClient::Welcome(_)) => welcomes += 1,
                // Nobody here speaks in datagrams.
                LinkEvent::Message(ToClient::Prober(_) | ToClient::Begin(_)) => {}
                LinkEvent::Message(message) => self.heard.push(message),
                LinkEvent::Hello(_) => {}
            }
        }
        welcomes
    }
}

/// The name of the client of this number.
pub fn name(number: usize) -> Name {
    Name::parse(&format!("client{number:05}")).expect("a name")
}
