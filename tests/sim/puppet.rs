//! A peer, client or server that is moved by hand: it says what the test makes it say.

use super::net::Arrival;
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{ConnId, SessionId};
use hobnob::proto::link::{Link, LinkEvent, LinkFault, Purpose};
use hobnob::proto::machine::{Cause, StreamAction};
use hobnob::proto::model::person::Fingerprint;
use hobnob::proto::wire::Wire;
use hobnob::proto::wire::client::{Carry, ToServer};
use hobnob::proto::wire::peer::ToPeer;
use hobnob::proto::wire::server::ToClient;
use std::collections::BTreeMap;

/// What a puppet has heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Hello(Purpose),
    Linked,
    Client(ToServer),
    Server(ToClient),
    Peer(ToPeer),
    Fault(LinkFault),
    Closed(Cause),
    /// Bytes on a stream that is no link.
    Raw(Vec<u8>),
}

/// A stream of a puppet, or a link inside the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    Stream(ConnId),
    Relay(ConnId, SessionId),
}

struct Wired {
    link: Option<Link>,
    purpose: Option<Purpose>,
    expected: Option<Fingerprint>,
    is_dialling: bool,
}

/// One that is moved by hand.
pub struct Puppet {
    me: Identity,
    rng: Rng,
    lines: BTreeMap<Line, Wired>,
    conns: u64,
    /// Whether it says no to links, or nothing at all.
    pub manners: Manners,
    /// Whose key must be at the other end of a peer's link to it.
    expects: Fingerprint,
    pub heard: Vec<(Line, Heard)>,
    out: Vec<(ConnId, StreamAction)>,
}

/// What a puppet does with a link that is asked of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    Answers,
    Refuses,
    Silent,
}

impl Puppet {
    pub fn new(me: Identity, rng: Rng, expects: Fingerprint) -> Puppet {
        Puppet {
            me,
            rng,
            lines: BTreeMap::new(),
            conns: 0,
            manners: Manners::Answers,
            expects,
            heard: Vec::new(),
            out: Vec::new(),
        }
    }

    /// An id for a stream to dial; without a purpose no link is made on it.
    pub fn line(&mut self, purpose: Option<Purpose>, expected: Option<Fingerprint>) -> ConnId {
        self.conns += 1;
        let conn = ConnId::own(self.conns);
        let wire = Wired { link: None, purpose, expected, is_dialling: true };
        self.lines.insert(Line::Stream(conn), wire);
        conn
    }

    /// Every line there was, those dialled last.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.keys().copied().collect()
    }

    /// Says something on an open link.
    pub fn say<M: Wire>(&mut self, line: Line, message: &M) {
        let wire = self.lines.get_mut(&line).expect("the test opened the line");
        wire.link.as_mut().expect("a link").send(message);
        self.flush();
    }

    /// The same, where there may be no link, or one that is not open.
    pub fn try_say<M: Wire>(&mut self, line: Line, message: &M) {
        let link = self.lines.get_mut(&line).and_then(|wire| wire.link.as_mut());
        if let Some(link) = link.filter(|link| link.is_open()) {
            link.send(message);
        }
        self.flush();
    }

    /// Starts a link inside the relay.
    pub fn relay(&mut self, over: ConnId, session: SessionId, expected: Fingerprint) -> Line {
        let line = Line::Relay(over, session);
        let purpose = Purpose::Peer(session);
        let link = Link::dial(&self.me, purpose, Some(expected), &mut self.rng);
        let (purpose, expected) = (Some(purpose), Some(expected));
        let wire = Wired { link: Some(link), purpose, expected, is_dialling: true };
        self.lines.insert(line, wire);
        self.flush();
        line
    }

    /// What the puppet wants done to its streams.
    pub fn take(&mut self) -> Vec<(ConnId, StreamAction)> {
        std::mem::take(&mut self.out)
    }

    pub fn arrive(&mut self, conn: ConnId, arrival: Arrival) {
        let line = Line::Stream(conn);
        match arrival {
            Arrival::Accepted { .. } => {
                let link = (self.manners != Manners::Silent).then(Link::accept);
                let wire = Wired { link, purpose: None, expected: None, is_dialling: false };
                self.lines.insert(line, wire);
            }
            Arrival::Open(_) => self.open(conn),
            Arrival::Bytes(bytes) => self.bytes(line, &bytes),
            Arrival::Closed(cause) => self.heard.push((line, Heard::Closed(cause))),
            Arrival::Listening { .. } | Arrival::Drained | Arrival::Datagram { .. } => {}
        }
        self.flush();
    }

    fn open(&mut self, conn: ConnId) {
        let Some(wire) = self.lines.get_mut(&Line::Stream(conn)) else { return };
        if let Some(purpose) = wire.purpose {
            wire.link = Some(Link::dial(&self.me, purpose, wire.expected, &mut self.rng));
        }
    }

    fn bytes(&mut self, line: Line, bytes: &[u8]) {
        let Some(wire) = self.lines.get_mut(&line) else { return };
        let Some(link) = &mut wire.link else {
            return self.heard.push((line, Heard::Raw(bytes.to_vec())));
        };
        link.feed(bytes);
        loop {
            let heard = match self.poll(line) {
                Ok(Some(heard)) => heard,
                Ok(None) => return,
                Err(fault) => return self.heard.push((line, Heard::Fault(fault))),
            };
            if let (Line::Stream(conn), Heard::Server(ToClient::Carried(carried))) = (line, &heard)
            {
                let line = Line::Relay(conn, carried.session);
                let bytes = carried.bytes.0.clone();
                self.carried(line, &bytes);
            }
            if let Heard::Hello(purpose) = heard {
                self.answer(line, purpose);
            }
            self.heard.push((line, heard));
        }
    }

    fn carried(&mut self, line: Line, bytes: &[u8]) {
        if self.manners == Manners::Silent {
            return;
        }
        self.lines.entry(line).or_insert_with(|| Wired {
            link: Some(Link::accept()),
            purpose: None,
            expected: None,
            is_dialling: false,
        });
        self.bytes(line, bytes);
    }

    fn answer(&mut self, line: Line, purpose: Purpose) {
        let Some(wire) = self.lines.get_mut(&line) else { return };
        wire.purpose = Some(purpose);
        let Some(link) = &mut wire.link else { return };
        let expected = matches!(purpose, Purpose::Peer(_)).then_some(self.expects);
        match self.manners {
            Manners::Answers => link.answer(&self.me, expected, &mut self.rng),
            Manners::Refuses => link.refuse(),
            Manners::Silent => {}
        }
    }

    fn poll(&mut self, line: Line) -> Result<Option<Heard>, LinkFault> {
        let Some(wire) = self.lines.get_mut(&line) else { return Ok(None) };
        let Some(link) = &mut wire.link else { return Ok(None) };
        match (wire.purpose, wire.is_dialling) {
            (Some(Purpose::Server), true) => hear(link, Heard::Server),
            (Some(Purpose::Server), false) => hear(link, Heard::Client),
            (Some(Purpose::Peer(_) | Purpose::Direct) | None, _) => hear(link, Heard::Peer),
        }
    }

    fn flush(&mut self) {
        let mut relayed = Vec::new();
        for (line, wire) in &mut self.lines {
            let Some(bytes) = wire.link.as_mut().and_then(Link::take_output) else { continue };
            match line {
                Line::Stream(conn) => self.out.push((*conn, StreamAction::Send(bytes))),
                Line::Relay(over, session) => relayed.push((*over, *session, bytes)),
            }
        }
        for (over, session, bytes) in relayed {
            let bytes = hobnob::proto::bytes::Blob(bytes);
            self.say(Line::Stream(over), &ToServer::from(Carry { session, bytes }));
        }
    }
}

fn hear<M: Wire>(
    link: &mut Link,
    message: impl FnOnce(M) -> Heard,
) -> Result<Option<Heard>, LinkFault> {
    Ok(link.poll::<M>()?.map(|event| match event {
        LinkEvent::Hello(purpose) => Heard::Hello(purpose),
        LinkEvent::Established(_) => Heard::Linked,
        LinkEvent::Message(said) => message(said),
    }))
}
