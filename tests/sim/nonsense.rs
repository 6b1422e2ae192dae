//! Dice for what makes no sense: bytes, messages, verbs, rows and events in any order.

use hobnob::proto::bytes::{Blob, Bytes};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{ConnId, MsgId, ReqId, SessionId};
use hobnob::proto::machine::{Cause, StreamEvent};
use hobnob::proto::model::account::Visibility;
use hobnob::proto::model::bond::Token;
use hobnob::proto::model::command::{Command, Operate, Ticket, Verb};
use hobnob::proto::model::event::Stage;
use hobnob::proto::model::letter::{Body, Letter};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::person::{Fingerprint, Target};
use hobnob::proto::model::record::Rows;
use hobnob::proto::server::Then;
use hobnob::proto::time::Wall;
use hobnob::proto::wire::client::{
    Again, Answer, Ask, Carry, Deposit, Enter, Hangup, Hint, Leave, Listening, Lookup, Publish,
    Reach, Release, Show, Taken, ToServer, WantKey, Watch, Watched, Who,
};
use hobnob::proto::wire::peer::{self, Ack, Bye, Greet, Move, Settle, Text, ToPeer};
use hobnob::proto::wire::server::{
    Answered, Begin, Brief, Card, Carried, Deposited, Ended, Found, Hinted, Key, Leaving, Mail,
    Offer, Outcome, OverBudget, Presence, Prober, Refused, Shown, Sought, ToClient, Welcome,
    WhoPage, WhyEnded, WhyLeaving, WhyRefused,
};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

/// The dice.
pub struct Nonsense {
    rng: Rng,
    tickets: u64,
}

impl Nonsense {
    pub fn new(rng: Rng) -> Nonsense {
        Nonsense { rng, tickets: 0 }
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.rng.below(limit)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Noise, or the beginning of something sensible with noise behind it.
    pub fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = match self.below(5) {
            0 => b"\x00\x09hobnob\x00\x01\x01".to_vec(),
            1 => b"\x00\x09hobnob\x00\x01\x03".to_vec(),
            2 => vec![0, 32],
            3 => vec![0xFF, 0xFF],
            _ => Vec::new(),
        };
        for _ in 0..1 + self.below(80) {
            bytes.push(self.below(256) as u8);
        }
        bytes
    }

    fn session(&mut self) -> SessionId {
        SessionId(Bytes([self.below(4) as u8; 16]))
    }

    fn id(&mut self) -> MsgId {
        MsgId(Bytes([self.below(6) as u8; 16]))
    }

    fn req(&mut self) -> ReqId {
        ReqId(self.below(12) as u32)
    }

    fn key(&mut self) -> Fingerprint {
        Fingerprint(Bytes([self.below(4) as u8; 20]))
    }

    fn at(&mut self) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, self.below(8) as u8], self.below(3) as u16 * 6_000))
    }

    fn places(&mut self) -> Vec<SocketAddr> {
        (0..self.below(40)).map(|_| self.at()).collect()
    }

    fn name(&mut self) -> Name {
        let name = self.one_of(&["ann", "cyd", "dan", "eve", "fay"]);
        Name::parse(name).expect("a name")
    }

    fn visibility(&mut self) -> Visibility {
        self.one_of(&[Visibility::Public, Visibility::Private])
    }

    fn target(&mut self) -> Target {
        match self.below(4) {
            0 => Target::Key(self.key()),
            1 => Target::Address(Ipv4Addr::new(100, 64, 0, self.below(4) as u8)),
            _ => Target::Name(self.name()),
        }
    }

    fn maybe<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| some(self))
    }

    pub fn enter(name: &str) -> ToServer {
        ToServer::from(Enter { name: Name::parse(name).ok(), visibility: None })
    }

    pub fn greet(name: &str) -> ToPeer {
        ToPeer::from(Greet { name: Name::parse(name).ok() })
    }

    pub fn for_server(&mut self) -> ToServer {
        let session = self.session();
        match self.below(18) {
            12 => WantKey { req: self.req(), of: self.key(), token: None }.into(),
            13 | 14 => {
                let (to, envelope) = (self.key(), Blob(self.bytes()));
                Deposit { req: self.req(), to, token: None, envelope }.into()
            }
            15 => Taken { up_to: self.below(5) }.into(),
            16 => Reach { tokens: Vec::new(), blocked: vec![self.key()] }.into(),
            17 => Publish { keys: Vec::new(), replaces: self.below(2) == 0 }.into(),
            0 => Enter { name: Name::parse("eve").ok(), visibility: None }.into(),
            1 => Show { req: self.req(), visibility: self.visibility() }.into(),
            2 => {
                let prefix = self.one_of(&["", "b", "\u{10FFFF}"]).to_owned();
                Who { req: self.req(), prefix, after: self.maybe(Self::name) }.into()
            }
            3 | 4 => {
                let token = self.maybe(Self::token);
                Lookup { req: self.req(), who: self.target(), token }.into()
            }
            5 => {
                let watched = |dice: &mut Self| Watched { who: dice.key(), token: None };
                Watch { who: (0..self.below(30)).map(|_| watched(self)).collect() }.into()
            }
            6 => {
                let (to, candidates) = (self.key(), self.places());
                let is_quiet = self.below(2) == 0;
                Ask { session, to, candidates, token: None, is_quiet }.into()
            }
            7 => Answer { session, candidates: self.places() }.into(),
            8 => Carry { session, bytes: Blob(self.bytes()) }.into(),
            9 if self.below(3) == 0 => Release { session }.into(),
            9 if self.below(3) == 0 => Hint { session, udp: self.places() }.into(),
            9 => Hangup { session, declined: self.below(2) == 0 }.into(),
            10 if self.below(2) == 0 => {
                Again { session, to: self.key(), candidates: self.places(), token: None }.into()
            }
            10 => Listening { port: self.below(65_536) as u16 }.into(),
            11 if self.below(6) == 0 => Leave {}.into(),
            _ => Who { req: self.req(), prefix: String::new(), after: None }.into(),
        }
    }

    pub fn for_peer(&mut self) -> ToPeer {
        match self.below(8) {
            0 => Greet { name: self.maybe(Self::name) }.into(),
            1 => Settle {}.into(),
            2 if self.below(3) == 0 => Ack { count: self.below(3) }.into(),
            3 if self.below(6) == 0 => Bye {}.into(),
            4 => Move { heard: self.below(3) }.into(),
            5 if self.below(3) == 0 => peer::Heard { count: self.below(3) }.into(),
            _ => Text { id: self.id(), sent: Wall(self.below(9) as i64 - 4), text: "x".into() }
                .into(),
        }
    }

    pub fn for_client(&mut self, people: &[[u8; Identity::BYTES]]) -> ToClient {
        let session = self.session();
        match self.below(22) {
            0..4 => Welcome {
                name: Name::parse("ann").expect("a name"),
                address: Ipv4Addr::new(100, 64, 0, self.below(2) as u8),
                outer: self.at(),
                visibility: self.visibility(),
                keys_left: self.below(100) as u32,
                weekly: None,
                epoch: Bytes([self.below(2) as u8; 16]),
                hold_days: 30,
            }
            .into(),
            4 if self.below(4) == 0 => Refused { why: WhyRefused::Full }.into(),
            5 => Shown { req: self.req(), visibility: self.visibility() }.into(),
            6 => WhoPage { req: self.req(), people: vec![self.brief()], more: self.below(2) == 0 }
                .into(),
            7 | 8 => Found { req: self.req(), who: self.maybe(|dice| dice.card(people)) }.into(),
            9 => Presence { who: self.key(), online: self.below(2) == 0, seen: Wall(1) }.into(),
            10 => {
                let (from, candidates) = (self.card(people), self.places());
                Offer { session, from, candidates, is_quiet: self.below(2) == 0 }.into()
            }
            16 => Key { req: self.req(), bundle: None }.into(),
            17 => {
                let envelope = Blob(self.bytes());
                Mail { number: self.below(9), from: self.key(), name: None, envelope }.into()
            }
            20 if self.below(2) == 0 => Begin { session }.into(),
            20 => Hinted { session, udp: self.places() }.into(),
            21 => Prober { id: self.below(9), key: Bytes([7; 32]) }.into(),
            19 => Sought { session, from: self.key(), candidates: self.places() }.into(),
            18 => Deposited { req: self.req(), outcome: Outcome::Held }.into(),
            11 => Answered { session, candidates: self.places() }.into(),
            12 => Carried { session, bytes: Blob(self.bytes()) }.into(),
            13 => {
                let why = self.one_of(&[
                    WhyEnded::Unknown,
                    WhyEnded::Away,
                    WhyEnded::Declined,
                    WhyEnded::HungUp,
                    WhyEnded::Gone,
                    WhyEnded::Busy,
                ]);
                Ended { session, why }.into()
            }
            14 if self.below(6) == 0 => Leaving { why: WhyLeaving::Kicked }.into(),
            _ => {
                let session = self.maybe(|dice| dice.session());
                OverBudget { req: self.maybe(Self::req), session }.into()
            }
        }
    }

    fn brief(&mut self) -> Brief {
        let (name, fingerprint) = (self.name(), self.key());
        Brief { name, address: Ipv4Addr::LOCALHOST, fingerprint, seen: Wall(1) }
    }

    /// Somebody, often under a name that is not theirs, sometimes with keys that are not.
    fn card(&mut self, people: &[[u8; Identity::BYTES]]) -> Card {
        let keys = self.one_of(people);
        let mut identity = *Identity::from_bytes(&keys).public();
        if self.below(4) == 0 {
            identity.sign.0[0] ^= 1;
        }
        let (name, online) = (self.name(), self.below(3) > 0);
        Card { name, address: Ipv4Addr::new(100, 64, 0, 9), identity, online, seen: Wall(1) }
    }

    /// A verb that needs no more than this machine and its server.
    pub fn verb(&mut self) -> Verb {
        match self.below(15) {
            0 | 1 => Verb::Online,
            2 => Verb::SetVisibility(self.visibility()),
            3 => Verb::Who { prefix: String::new() },
            4 => Verb::Lookup(self.target()),
            5 => Verb::Update,
            6 => Verb::Accept(None),
            7 => Verb::Decline(None),
            8 => Verb::Close(None),
            9 => Verb::Sessions,
            10 => Verb::Drop(self.id()),
            11 => Verb::Trust(Target::Name(self.name())),
            12 => Verb::Why(self.target()),
            _ => Verb::Chat(Target::Name(self.name())),
        }
    }

    /// Any command, also those that end the program.
    pub fn command(&mut self) -> Command {
        let verb = match self.below(8) {
            0 => Verb::Chat(Target::Endpoint(self.at())),
            1 => {
                let to = (0..self.below(4)).map(|_| self.target()).collect();
                let (text, until) = ("x".to_owned(), self.one_of(&Stage::WORDS).1);
                Verb::Msg { to, text, until }
            }
            2 => Verb::Accept(Some(self.target())),
            3 => Verb::Offline,
            4 if self.below(20) == 0 => Verb::Leave,
            _ => self.verb(),
        };
        self.tickets += self.below(2);
        Command { ticket: Ticket(self.tickets), timeout_ms: self.below(20_000), verb }
    }

    fn token(&mut self) -> Token {
        Token(Bytes([self.below(3) as u8; 16]))
    }

    pub fn rows(&mut self) -> Rows {
        let to = self.key();
        match self.below(2) {
            0 => Rows::Addressees(self.id(), self.maybe(|dice| dice.key()).into_iter().collect()),
            _ => {
                let waiting = |dice: &mut Self| {
                    let body = Body::Text("x".into());
                    Letter { id: dice.id(), sent: Wall(1), body }
                };
                let rows = (0..self.below(4)).map(|_| waiting(self)).collect();
                let queued_only = self.below(2) == 0;
                Rows::Outbox { to, rows, queued_only, more: self.below(2) == 0 }
            }
        }
    }

    pub fn operate(&mut self) -> Operate {
        match self.below(20) {
            0 => Operate::Quit,
            1..6 => Operate::Kick(self.name()),
            6..10 => Operate::Forget(self.name()),
            10..15 => Operate::Who,
            _ => Operate::Stats,
        }
    }

    pub fn then(&mut self) -> Then {
        let conn = ConnId(self.below(6));
        match self.below(9) {
            0 => Then::Enter(conn),
            1 => Then::Register(conn),
            2 => Then::Left(Wall(1)),
            3 => Then::Shown(conn, self.req(), self.visibility()),
            4 => Then::Found(conn, self.req()),
            5 => Then::Watched(conn, self.key()),
            6 => Then::Offer(self.session()),
            7 => Then::Asked(conn, self.session()),
            _ => Then::Forget(self.name()),
        }
    }

    /// An event of a stream that may or may not be there.
    pub fn stream(&mut self, conns: &[ConnId], give: &mut dyn FnMut(ConnId, StreamEvent<'_>)) {
        let conn = self.one_of(conns);
        let bytes = self.bytes();
        give(
            conn,
            match self.below(10) {
                0..2 => StreamEvent::Accepted { listener: self.one_of(conns), from: self.at() },
                2 => StreamEvent::Open { local: self.at() },
                3 => StreamEvent::Listening { at: self.at(), udp: self.below(2) == 0 },
                4 => StreamEvent::Drained,
                5 => StreamEvent::Closed(Cause::Failed(ErrorKind::ConnectionReset)),
                _ => StreamEvent::Bytes(&bytes),
            },
        );
    }
}
