//! What a program is to its surroundings: inputs, outputs, and the one driver between the two.
//!
//! One wake of the loop, the same in `shell` and in the virtual world of the tests:
//!
//! ```text
//! clock ─ handle(input)* ─ drain ─ keep(record)* ─ commit ─ perform(effect)* ─ flush
//!                          └ query ─ rows ┘
//! ```
//!
//! Nothing is performed before everything kept in the same wake is durable.

use super::id::{ConnId, FileId, RunId};
use super::time::{Mono, Now};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What a machine is told.
#[derive(Debug)]
pub enum Input<'a, C, A> {
    /// A datagram arrived on the program's UDP socket.
    Datagram {
        /// Whom it claims to be from.
        from: SocketAddr,
        /// Its payload, whole.
        bytes: &'a [u8],
    },
    /// A datagram of the local network's arrived: for everybody there, or an answer.
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
    /// The answer to an [`Output::Query`], in the same wake.
    Rows(A),
    /// Somebody at this end wants something.
    Command(C),
    /// This machine's addresses have changed: those that it has now.
    Network(Vec<IpAddr>),
    /// The gateway of this machine's network, if there is one now.
    Gateway(Option<Gateway>),
    /// The deadline that was polled has passed.
    Tick,
}

/// The gateway, and our address on its inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its address.
    pub at: Ipv4Addr,
    /// Ours.
    pub ours: Ipv4Addr,
}

/// What happened to a stream connection or a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// A listener is open. Ports asked for as 0 are filled in.
    Listening {
        /// Where it listens.
        at: SocketAddr,
        /// Whether datagrams are taken and sent there too.
        udp: bool,
    },
    /// Somebody dialled our listener; the connection is open.
    Accepted {
        /// The listener.
        listener: ConnId,
        /// The dialling end.
        from: SocketAddr,
    },
    /// What we dialled answered; the connection is open.
    Open {
        /// Our end.
        local: SocketAddr,
    },
    /// Bytes arrived, in order; never empty.
    Bytes(&'a [u8]),
    /// Everything sent before [`StreamAction::Watch`] is with the kernel now.
    Drained,
    /// The connection or listener is gone; nothing more comes for this id.
    Closed(Cause),
}

/// Why a stream is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The other end finished in order.
    Ended,
    /// The system says what went wrong.
    Failed(ErrorKind),
    /// The address of our end is no longer this machine's.
    AddressGone,
    /// The proxy that it was dialled through says what went wrong.
    Proxy(ProxyFault),
}

/// Why a proxy did not dial for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// It is not reached itself.
    Away(ErrorKind),
    /// It closed the connection without an answer.
    Ended,
    /// What it says is not SOCKS5.
    Garbage,
    /// It wants a login, or another one.
    Login,
    /// It failed, and does not say why.
    General,
    /// Its rules forbid it to dial there.
    NotAllowed,
    /// The network there is not reached from it.
    NetworkUnreachable,
    /// Nobody is reached there, or nothing has this name.
    HostUnreachable,
    /// The connection was refused there.
    Refused,
    /// It took too long.
    Expired,
    /// It cannot dial such an address.
    Unsupported,
    /// A code that RFC 1928 does not know.
    Other(u8),
}

/// What a machine wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<R, Q, N> {
    /// Make this durable before anything else of this wake leaves.
    Keep(R),
    /// Read this from the store; the answer is an [`Input::Rows`] in this wake and sees what was
    /// kept before.
    Query(Q),
    /// Send a datagram.
    Datagram {
        /// To whom.
        to: SocketAddr,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// Do this on the local network.
    Lan(LanAction),
    /// Do this to a stream.
    Stream(ConnId, StreamAction),
    /// Do this to a file.
    File(FileId, FileAction),
    /// Do this to a child process.
    Run(RunId, RunAction),
    /// Tell the people or scripts at this end.
    Show(N),
}

/// What to do to a stream. After `Close` and `Abort` nothing is heard of the id again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamAction {
    /// Open a listener under this (own) id; answered by `Listening` or `Closed`.
    Listen {
        /// Where; port 0 takes a free one.
        at: SocketAddr,
        /// Whether the UDP socket is to be there too, in place of an earlier one. Where it cannot
        /// be had the listener opens without.
        udp: bool,
    },
    /// Dial under this (own) id; answered by `Open` or `Closed`.
    Dial {
        /// Whom.
        to: SocketAddr,
        /// Our end's address, where it matters.
        from: Option<IpAddr>,
    },
    /// Dial from the address and port of a listener, for somebody who dials us from theirs at the
    /// same moment (RFC 9293 section 3.5); answered like [`Self::Dial`].
    Cross {
        /// Whose address and port.
        listener: ConnId,
        /// Whom.
        to: SocketAddr,
    },
    /// Dial whoever has this name, which only a proxy looks up; answered like [`Self::Dial`].
    DialName {
        /// A name, not an address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Send these bytes after those sent before.
    Send(Vec<u8>),
    /// Say [`StreamEvent::Drained`] once, as soon as nothing is waiting to be written.
    Watch,
    /// Whether to give it up as soon as the other end acknowledges nothing for
    /// [`limits::DOUBTED_S`](super::limits::DOUBTED_S).
    Doubt(bool),
    /// Stop reading: the kernel's window then holds the other end back.
    Pause,
    /// Read again.
    Resume,
    /// Write what is waiting, then close.
    Close,
    /// Close at once.
    Abort,
}

/// What to do on the local network, where programs without a server find each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LanAction {
    /// Hear what is said there from now on, anew if it was heard already: on the network of this
    /// own address, or, where it is unspecified, on all of its family that there are.
    Open(IpAddr),
    /// Say this; or nothing, where it cannot be said.
    Send {
        /// To whom of those heard; `None` for everybody.
        to: Option<SocketAddr>,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// Hear nothing more.
    Close,
}

/// What happened to a file. Each comes in a later wake than what it answers, in the order of the
/// actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileEvent<'a> {
    /// To [`FileAction::Open`] and [`FileAction::Create`].
    Opened(FileFacts),
    /// To [`FileAction::Read`]: what is there; shorter than asked for only at the end of the file.
    Bytes(&'a [u8]),
    /// To [`FileAction::Sync`]: everything written before is on disk.
    Synced,
    /// To [`FileAction::Place`]: the file is closed, and has this path.
    Placed(String),
    /// The action in question failed, and the file is closed; nothing more comes for this id.
    Failed(ErrorKind),
}

/// What is known of a file that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its length.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// What its file system has room for; only of one opened for writing.
    pub free_bytes: u64,
}

/// What to do to a file, under an own id. After `Close` and `Remove` nothing is heard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Open a regular file for reading; anything else fails.
    Open {
        /// Absolute.
        path: String,
    },
    /// Open for writing and reading; made (for this user only) when there is none, cut to `keep`
    /// bytes when there is.
    Create {
        /// Absolute.
        path: String,
        /// At most so many bytes of what is there stay.
        keep: u64,
    },
    /// Read.
    Read {
        /// From here.
        at: u64,
        /// So many bytes.
        bytes: usize,
    },
    /// Write; nothing is said unless it fails.
    Write {
        /// To here.
        at: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Wait until everything written is on disk.
    Sync,
    /// Give it this path, durably, and close it. Nothing is overwritten: where the path is taken,
    /// a number goes behind the name.
    Place {
        /// Absolute.
        to: String,
    },
    /// Close it.
    Close,
    /// Close and delete it.
    Remove,
}

/// What happened to a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEvent<'a> {
    /// It wrote this; never empty.
    Output(Pipe, &'a [u8]),
    /// It is gone, its output has all come, and nothing of its process group is left.
    Ended(RunEnd),
}

/// What a child process writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a child process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// With this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It never began.
    Failed(ErrorKind),
}

/// What to do to a child process, under an own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunAction {
    /// Start it: in a process group of its own, with closed standard input, nothing else
    /// inherited, never through a shell.
    Start {
        /// The program and its arguments, exactly.
        argv: Vec<String>,
        /// Memory it may have, in bytes; `None` sets no bound.
        memory_bytes: Option<u64>,
        /// Whether it sees our environment; else a clean one of its own.
        has_our_environment: bool,
    },
    /// Stop reading what it writes; it waits then.
    Pause,
    /// Read again.
    Resume,
    /// Kill it with all its children; `Ended` still comes.
    Kill,
}

/// A program's decisions. It cannot fail: bad input is answered, broken invariants panic.
pub trait Machine {
    /// What somebody at this end can ask for.
    type Command;
    /// What must be durable.
    type Record;
    /// What it may read from its store.
    type Query;
    /// What such a read gives.
    type Rows;
    /// What people or scripts at this end are told.
    type Notice;

    /// Takes one input in.
    fn handle(&mut self, now: Now, input: Input<'_, Self::Command, Self::Rows>);
    /// Gives one output out; `None` when there is nothing more for now.
    fn poll_output(&mut self) -> Option<OutputOf<Self>>;
    /// When a [`Input::Tick`] is due, and why; `None` when nothing is waited for.
    fn poll_timeout(&self) -> Option<(Mono, &'static str)>;
}

/// A machine's own [`Output`].
pub type OutputOf<M> =
    Output<<M as Machine>::Record, <M as Machine>::Query, <M as Machine>::Notice>;

/// A machine's own [`Input`].
pub type InputOf<'a, M> = Input<'a, <M as Machine>::Command, <M as Machine>::Rows>;

/// What a machine keeps its records in. One transaction a wake.
pub trait Store<M: Machine> {
    /// Why it could not.
    type Error;

    /// Adds a record to this wake's transaction. Durable notices that it gives rise to, numbered,
    /// go to `shown` in order; a record that repeats what is already kept gives rise to none.
    fn keep(
        &mut self,
        now: Now,
        record: M::Record,
        shown: &mut Vec<M::Notice>,
    ) -> Result<(), Self::Error>;
    /// Reads; sees this wake's transaction.
    fn query(&mut self, query: M::Query) -> Result<M::Rows, Self::Error>;
    /// Makes this wake's transaction durable. Does nothing when nothing was kept.
    fn commit(&mut self) -> Result<(), Self::Error>;
}

/// What is left to do to the world after a wake's commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect<N> {
    /// Send a datagram.
    Datagram {
        /// To whom.
        to: SocketAddr,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// Do this on the local network.
    Lan(LanAction),
    /// Do this to a stream.
    Stream(ConnId, StreamAction),
    /// Do this to a file.
    File(FileId, FileAction),
    /// Do this to a child process.
    Run(RunId, RunAction),
    /// Tell the people or scripts at this end.
    Show(N),
}

/// One wake: inputs in, records kept, effects gathered until [`Wake::commit`] gives them out.
///
/// Reused from wake to wake, so that its buffers are not allocated each time.
#[derive(Debug)]
pub struct Wake<M: Machine> {
    effects: Vec<Effect<M::Notice>>,
    shown: Vec<M::Notice>,
}

impl<M: Machine> Wake<M> {
    /// An empty wake.
    pub fn new() -> Self {
        Wake { effects: Vec::new(), shown: Vec::new() }
    }

    /// Drains the machine, keeps and commits; then gives the effects, in the machine's order.
    /// On an error nothing of this wake may leave: drop the effects and end the program.
    pub fn commit<S: Store<M>>(
        &mut self,
        machine: &mut M,
        store: &mut S,
        now: Now,
    ) -> Result<std::vec::Drain<'_, Effect<M::Notice>>, S::Error> {
        while let Some(output) = machine.poll_output() {
            match output {
                Output::Keep(record) => {
                    store.keep(now, record, &mut self.shown)?;
                    self.effects.extend(self.shown.drain(..).map(Effect::Show));
                }
                Output::Query(query) => {
                    let rows = store.query(query)?;
                    machine.handle(now, Input::Rows(rows));
                }
                Output::Datagram { to, bytes } => self.effects.push(Effect::Datagram { to, bytes }),
                Output::Lan(action) => self.effects.push(Effect::Lan(action)),
                Output::Stream(conn, action) => self.effects.push(Effect::Stream(conn, action)),
                Output::File(file, action) => self.effects.push(Effect::File(file, action)),
                Output::Run(run, action) => self.effects.push(Effect::Run(run, action)),
                Output::Show(notice) => self.effects.push(Effect::Show(notice)),
            }
        }
        store.commit()?;
        Ok(self.effects.drain(..))
    }
}

impl<M: Machine> Default for Wake<M> {
    fn default() -> Self {
        Wake::new()
    }
}
