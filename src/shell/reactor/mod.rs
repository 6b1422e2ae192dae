//! The inside of the one poll loop: what is ready comes out, what is to be done goes in.
//!
//! ```text
//!            wait ── one epoll_wait ──▶ note: flags on sources, tickets into `turns`
//!             ▲                              │
//!             │                              ▼
//!  flush ◀─ perform, send_… ◀─ (caller) ◀─ next ── one read ──▶ Ready, borrowed from `buffer`
//!    └─ one write for each source that was sent to      └─ a source with more than its share
//!                                                          goes on in the next wake
//! ```
//!
//! Events are edges: the kernel says once that something changed, and a source remembers what it
//! was told until a read or write has shown that it is over. Sources are registered once, for both
//! directions, so that an established connection costs no call but its reads and writes. There is
//! no policy here, and no timer.

mod children;
mod control;
mod descriptors;
mod files;
mod flow;
mod lan;
mod listen;
mod network;
mod perform;
mod serve;
mod signals;
mod socks;
mod stdin;
mod supervisor;
mod table;
mod tcp;
mod token;
mod turns;
mod udp;

#[cfg(test)]
mod tests;

pub use control::{ControlEvent, ControlId, connect_control};
pub use descriptors::raise_descriptor_limit;
pub use files::place_at;
pub use signals::Signal;
pub use socks::Proxy;
pub use stdin::Reading;
pub use supervisor::supervise;

use self::children::Children;
use self::control::Door;
use self::descriptors::Spare;
use self::files::Files;
use self::lan::Lan;
use self::listen::Listener;
use self::network::Network;
use self::serve::{Found, Served};
use self::signals::Signals;
use self::stdin::Stdin;
use self::table::{Source, Table};
use self::token::Ticket;
use self::turns::{Lingering, Turns};
use self::udp::Udp;
use crate::proto::id::{ConnId, FileId, RunId};
use crate::proto::limits::READ_BYTES;
use crate::proto::machine::{FileEvent, RunEvent, StreamEvent};
use mio::{Events, Interest, Poll};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// What a wake found. Bytes are borrowed from the reactor's one buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Ready<'a> {
    /// A datagram arrived.
    Datagram {
        /// Whom it claims to be from.
        from: SocketAddr,
        /// Its payload, whole.
        bytes: &'a [u8],
    },
    /// A datagram arrived at the server's own socket.
    Served {
        /// Whom it claims to be from.
        from: SocketAddr,
        /// Its payload, whole.
        bytes: &'a [u8],
    },
    /// A datagram of the local network's arrived.
    Lan {
        /// Whom it claims to be from.
        from: SocketAddr,
        /// Its payload, whole.
        bytes: &'a [u8],
    },
    /// Something happened to a stream connection or a listener.
    Stream(ConnId, StreamEvent<'a>),
    /// Something happened to a file.
    File(FileId, FileEvent<'a>),
    /// Something happened to a child process.
    Run(RunId, RunEvent<'a>),
    /// Standard input; empty when it has ended, once.
    Stdin(&'a [u8]),
    /// A signal arrived.
    Signal(Signal),
    /// An address of this machine has come or gone.
    Network,
    /// Something happened on the control socket.
    Control(ControlId, ControlEvent<'a>),
}

/// Sockets, children, standard input and signals behind one epoll, and files beside it.
pub struct Reactor {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    table: Table,
    turns: Turns,
    /// Sources that were sent to since the last flush.
    dirty: Vec<Ticket>,
    lingering: Lingering,
    spare: Spare,
    /// Listeners that wait for a free descriptor.
    starved: Vec<Ticket>,
    proxy: Option<Proxy>,
    udp: Option<Ticket>,
    server_udp: Option<Ticket>,
    lan: Lan,
    stdin: Option<Ticket>,
    controls: usize,
    files: Files,
    children: Children,
}

impl Reactor {
    const EVENTS: usize = 1024;

    /// Nothing but the signals.
    pub fn new() -> io::Result<Reactor> {
        let mut reactor = Reactor {
            poll: Poll::new()?,
            events: Events::with_capacity(Reactor::EVENTS),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            table: Table::new(),
            turns: Turns::default(),
            dirty: Vec::new(),
            lingering: Lingering::default(),
            spare: Spare::new(),
            starved: Vec::new(),
            proxy: None,
            udp: None,
            server_udp: None,
            lan: Lan::default(),
            stdin: None,
            controls: 0,
            files: Files::default(),
            children: Children::default(),
        };
        let token = reactor.table.next_ticket()?.token();
        let signals = Signals::open(reactor.poll.registry(), token)?;
        reactor.table.insert(Source::Signals(signals))?;
        Ok(reactor)
    }

    /// Listens for TCP, and says where, which matters when the port is asked for as 0.
    pub fn listen(&mut self, at: SocketAddr) -> io::Result<(ConnId, SocketAddr)> {
        let id = ConnId(self.table.next_ticket()?.0);
        let (socket, at) = listen::open(at)?;
        self.insert_listener(Listener { id, socket, readable: false, announce: None, udp: None })?;
        Ok((id, at))
    }

    /// Dials through a proxy from here on, and no other way.
    pub fn dial_through(&mut self, proxy: Proxy) {
        self.proxy = Some(proxy);
    }

    /// Binds the server's UDP socket, once, and says where.
    pub fn bind_server_udp(&mut self, at: SocketAddr) -> io::Result<SocketAddr> {
        let (udp, at) = Udp::bind(at)?;
        self.server_udp = Some(self.insert_udp(udp)?);
        Ok(at)
    }

    /// Listens to standard input, whatever it is. To be called once.
    pub fn open_stdin(&mut self) -> io::Result<()> {
        let token = self.table.next_ticket()?.token();
        let stdin = Stdin::open(self.poll.registry(), token)?;
        let ticket = self.table.insert(Source::Stdin(stdin))?;
        self.stdin = Some(ticket);
        self.turn_if_ready(ticket);
        Ok(())
    }

    /// Listens for control connections at a path, for this user only. A socket that is there
    /// already is replaced: the caller holds the profile, so nobody serves it.
    pub fn open_control(&mut self, path: &Path) -> io::Result<()> {
        let mut door = Door::open(path)?;
        let token = self.table.next_ticket()?.token();
        self.poll.registry().register(&mut door.socket, token, Interest::READABLE)?;
        self.table.insert(Source::Door(door))?;
        Ok(())
    }

    /// Listens to what the kernel says of this machine's addresses.
    pub fn watch_network(&mut self) -> io::Result<()> {
        let token = self.table.next_ticket()?.token();
        let network = Network::open(self.poll.registry(), token)?;
        self.table.insert(Source::Network(network))?;
        Ok(())
    }

    /// Opens a listener for a machine, which is told in the next wake.
    fn open_listener(&mut self, id: ConnId, at: SocketAddr, udp: bool) -> io::Result<()> {
        let (socket, at, udp) = match udp {
            true => listen::open_both(at)?,
            false => listen::open(at).map(|(socket, at)| (socket, at, None))?,
        };
        let udp = udp.map(|udp| self.replace_udp(udp)).transpose()?;
        let announce = Some(at);
        let ticket =
            self.insert_listener(Listener { id, socket, readable: false, announce, udp })?;
        self.turn(ticket);
        Ok(())
    }

    fn insert_listener(&mut self, mut listener: Listener) -> io::Result<Ticket> {
        let (id, token) = (listener.id, self.table.next_ticket()?.token());
        self.poll.registry().register(&mut listener.socket, token, Interest::READABLE)?;
        let ticket = self.table.insert(Source::Listener(listener))?;
        self.table.name(id, ticket);
        Ok(ticket)
    }

    fn insert_udp(&mut self, mut udp: Udp) -> io::Result<Ticket> {
        let token = self.table.next_ticket()?.token();
        self.poll.registry().register(&mut udp.socket, token, Interest::READABLE)?;
        self.table.insert(Source::Udp(udp))
    }

    /// Takes in the peers' UDP socket, in place of an earlier one.
    fn replace_udp(&mut self, udp: Udp) -> io::Result<Ticket> {
        let ticket = self.insert_udp(udp)?;
        if let Some(earlier) = self.udp.replace(ticket) {
            self.remove(earlier);
        }
        Ok(ticket)
    }
}

impl Reactor {
    /// Sleeps until something is ready or `timeout` is over; `None` sleeps as long as it takes.
    /// Does not sleep while something is ready from before.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.flush();
        let is_ready = self.turns.begin() | self.files.begin();
        let timeout = if is_ready { Some(Duration::ZERO) } else { timeout };
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            if let Some(ticket) = self.table.note(event) {
                self.turns.queue(&mut self.table, ticket);
            }
        }
        Ok(())
    }

    /// The next thing that this wake found; `None` when that was all.
    #[expect(
        clippy::should_implement_trait,
        reason = "what it gives is lent, an iterator's is not"
    )]
    pub fn next(&mut self) -> Option<Ready<'_>> {
        let found = self.find()?;
        let buffer = &self.buffer[..];
        Some(match found {
            Found::Datagram(from, bytes) => Ready::Datagram { from, bytes: &buffer[..bytes] },
            Found::Served(from, bytes) => Ready::Served { from, bytes: &buffer[..bytes] },
            Found::Lan(from, bytes) => Ready::Lan { from, bytes: &buffer[..bytes] },
            Found::Bytes(id, bytes) => Ready::Stream(id, StreamEvent::Bytes(&buffer[..bytes])),
            Found::Stream(id, event) => Ready::Stream(id, event),
            Found::File(id, event) => Ready::File(id, event),
            Found::FileBytes(id, bytes) => Ready::File(id, FileEvent::Bytes(&buffer[..bytes])),
            Found::Output(id, pipe, bytes) => {
                Ready::Run(id, RunEvent::Output(pipe, &buffer[..bytes]))
            }
            Found::Ended(id, end) => Ready::Run(id, RunEvent::Ended(end)),
            Found::Stdin(bytes) => Ready::Stdin(&buffer[..bytes]),
            Found::Signal(signal) => Ready::Signal(signal),
            Found::Network => Ready::Network,
            Found::ControlBytes(id, bytes) => {
                Ready::Control(id, ControlEvent::Bytes(&buffer[..bytes]))
            }
            Found::Control(id, event) => Ready::Control(id, event),
        })
    }

    fn find(&mut self) -> Option<Found> {
        loop {
            let Some(ticket) = self.turns.first() else {
                return self.files.next(&mut self.buffer);
            };
            match self.serve(ticket) {
                Served::Found(found) => return Some(found),
                Served::Again => {}
                Served::Done => self.turns.end(&mut self.table),
                Served::Later => self.turns.postpone(),
            }
        }
    }
}
