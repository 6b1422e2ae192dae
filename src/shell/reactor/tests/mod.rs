//! The reactor against real sockets, on loopback, and in child processes.

mod control;
mod files;
mod process;
mod proxy;
mod streams;

use super::*;
use crate::proto::limits::TURN_BYTES;
use crate::proto::machine::{Cause, FileAction, StreamAction};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

const PATIENCE: Duration = Duration::from_secs(30);

/// A reactor, and everything that it has told so far.
struct Bench {
    reactor: Reactor,
    /// All stream events but bytes.
    events: Vec<(ConnId, StreamEvent<'static>)>,
    bytes: BTreeMap<ConnId, Vec<u8>>,
    datagrams: Vec<(SocketAddr, Vec<u8>)>,
    opened: Vec<ControlId>,
    closed: Vec<ControlId>,
    control_bytes: BTreeMap<ControlId, Vec<u8>>,
    /// All file events but bytes.
    file_events: Vec<(FileId, FileEvent<'static>)>,
    /// What was read of files, by the wake.
    file_reads: Vec<(usize, FileId, Vec<u8>)>,
    wakes: usize,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            reactor: Reactor::new().expect("a reactor"),
            events: Vec::new(),
            bytes: BTreeMap::new(),
            datagrams: Vec::new(),
            opened: Vec::new(),
            closed: Vec::new(),
            control_bytes: BTreeMap::new(),
            file_events: Vec::new(),
            file_reads: Vec::new(),
            wakes: 0,
        }
    }

    fn listen(&mut self) -> (ConnId, SocketAddr) {
        self.reactor.listen(loopback()).expect("a listener")
    }

    fn perform(&mut self, conn: ConnId, action: StreamAction) {
        self.reactor.perform(conn, action);
    }

    fn dial(&mut self, n: u64, to: SocketAddr) -> ConnId {
        let id = ConnId::own(n);
        self.perform(id, StreamAction::Dial { to, from: None });
        id
    }

    /// One wake.
    fn wake(&mut self, timeout: Duration) {
        self.reactor.flush();
        self.reactor.wait(Some(timeout)).expect("epoll works");
        self.wakes += 1;
        self.collect();
    }

    fn collect(&mut self) {
        let mut shares: BTreeMap<ConnId, usize> = BTreeMap::new();
        while let Some(ready) = self.reactor.next() {
            match ready {
                Ready::Stream(id, StreamEvent::Bytes(bytes)) => {
                    self.bytes.entry(id).or_default().extend(bytes);
                    let share = shares.entry(id).or_default();
                    *share += bytes.len();
                    assert!(*share < TURN_BYTES + READ_BYTES, "one stream takes the whole wake");
                }
                Ready::Stream(id, event) => self.events.push((id, kept(event))),
                Ready::Datagram { from, bytes } | Ready::Served { from, bytes } => {
                    self.datagrams.push((from, bytes.to_vec()))
                }
                Ready::Lan { .. } => {}
                Ready::Control(id, ControlEvent::Opened) => self.opened.push(id),
                Ready::Control(id, ControlEvent::Closed) => self.closed.push(id),
                Ready::Control(id, ControlEvent::Bytes(bytes)) => {
                    self.control_bytes.entry(id).or_default().extend(bytes);
                }
                Ready::File(id, FileEvent::Bytes(bytes)) => {
                    self.file_reads.push((self.wakes, id, bytes.to_vec()));
                }
                Ready::File(id, event) => self.file_events.push((id, kept_of_file(event))),
                Ready::Stdin(_) | Ready::Signal(_) | Ready::Network | Ready::Run(..) => {}
            }
        }
    }

    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Bench) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "in vain: {what}; {:?}", self.events);
            self.wake(left);
        }
    }

    /// Like `until`, for what needs a peer of the test's own to act in between.
    fn until_polling(&mut self, what: &str, mut is_so: impl FnMut(&mut Bench) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "in vain: {what}; {:?}", self.events);
            self.wake(Duration::from_millis(1));
        }
    }

    fn has(&self, id: ConnId, event: &StreamEvent<'_>) -> bool {
        self.count(id, event) > 0
    }

    fn count(&self, id: ConnId, event: &StreamEvent<'_>) -> usize {
        self.events.iter().filter(|(at, found)| *at == id && found == event).count()
    }

    fn is_open(&self, id: ConnId) -> bool {
        self.events.iter().any(|(at, e)| *at == id && matches!(e, StreamEvent::Open { .. }))
    }

    fn accepted(&self) -> Vec<ConnId> {
        let is_accepted = |e: &StreamEvent<'_>| matches!(e, StreamEvent::Accepted { .. });
        self.events.iter().filter(|(_, e)| is_accepted(e)).map(|(id, _)| *id).collect()
    }

    fn received(&self, id: ConnId) -> &[u8] {
        self.bytes.get(&id).map_or(&[], Vec::as_slice)
    }

    /// A connection dialled and accepted in this reactor: (dialling id, accepted id).
    fn pair(&mut self) -> (ConnId, ConnId) {
        let (_, at) = self.listen();
        let known = self.accepted().len();
        let n = known as u64 + 1000;
        let dialled = self.dial(n, at);
        self.until("a pair", |b| b.is_open(dialled) && b.accepted().len() > known);
        (dialled, self.accepted()[known])
    }

    /// Lets everything settle: nothing is ready, nothing happens.
    fn settle(&mut self) {
        for _ in 0..20 {
            self.wake(Duration::ZERO);
        }
        assert!(!self.reactor.turns.begin(), "it would not sleep");
    }
}

fn kept(event: StreamEvent<'_>) -> StreamEvent<'static> {
    match event {
        StreamEvent::Listening { at, udp } => StreamEvent::Listening { at, udp },
        StreamEvent::Accepted { listener, from } => StreamEvent::Accepted { listener, from },
        StreamEvent::Open { local } => StreamEvent::Open { local },
        StreamEvent::Bytes(_) => unreachable!("kept elsewhere"),
        StreamEvent::Drained => StreamEvent::Drained,
        StreamEvent::Closed(cause) => StreamEvent::Closed(cause),
    }
}

fn kept_of_file(event: FileEvent<'_>) -> FileEvent<'static> {
    match event {
        FileEvent::Opened(facts) => FileEvent::Opened(facts),
        FileEvent::Bytes(_) => unreachable!("kept elsewhere"),
        FileEvent::Synced => FileEvent::Synced,
        FileEvent::Placed(path) => FileEvent::Placed(path),
        FileEvent::Failed(kind) => FileEvent::Failed(kind),
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
}

fn ended() -> StreamEvent<'static> {
    StreamEvent::Closed(Cause::Ended)
}

fn failed(kind: ErrorKind) -> StreamEvent<'static> {
    StreamEvent::Closed(Cause::Failed(kind))
}

#[test]
fn datagrams_arrive_from_where_they_were_sent() {
    let (mut left, mut right) = (Bench::new(), Bench::new());
    let left_at = left.reactor.bind_server_udp(loopback()).expect("bound");
    let right_at = right.reactor.bind_server_udp(loopback()).expect("bound");
    left.reactor.send_served(right_at, b"hello");
    right.until("a datagram", |b| !b.datagrams.is_empty());
    assert_eq!(right.datagrams, [(left_at, b"hello".to_vec())]);
    right.settle();
}

#[test]
fn socket_for_both_families_speaks_with_ipv4() {
    let mut both = Bench::new();
    let Ok(at) = both.reactor.bind_server_udp("[::]:0".parse().expect("an address")) else {
        return; // a machine without IPv6
    };
    let mut four = Bench::new();
    let four_at = four.reactor.bind_server_udp(loopback()).expect("bound");
    both.reactor.send_served(four_at, b"hello");
    four.until("a datagram", |b| !b.datagrams.is_empty());
    let from = four.datagrams[0].0;
    assert_eq!(from, SocketAddr::new(loopback().ip(), at.port()));

    four.reactor.send_served(from, b"back");
    both.until("an answer", |b| !b.datagrams.is_empty());
    assert_eq!(both.datagrams, [(four_at, b"back".to_vec())]);
}

#[test]
fn a_thousand_and_twenty_five_lingering_connections_are_one_too_many() {
    let mut lingering = Lingering::default();
    let first = Ticket::new(1, 1);
    let (number, none) = lingering.add(first);
    assert_eq!((number, none), (1, None));
    for serial in 2..=crate::proto::limits::LINGERING as u64 {
        assert_eq!(lingering.add(Ticket::new(1, serial)).1, None);
    }
    assert_eq!(lingering.add(Ticket::new(2, 1)).1, Some(first));
}
