//! What every feature of the client needs at hand: the moment, dice, deadlines, the one output
//! queue.

use super::Client;
use super::link_table::Via;
use super::runs::RunKey;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{ConnId, FileId, RunId, SessionId};
use crate::proto::machine::{FileAction, LanAction, Output, OutputOf, RunAction, StreamAction};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::Event;
use crate::proto::model::notice::{Notice, Row};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{Query, Record};
use crate::proto::model::refusal::Refusal;
use crate::proto::time::Now;
use crate::proto::timers::Timers;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// What a deadline of the client is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// The way to the server takes too long.
    Uplink,
    /// A gateway is to be asked for a port, or has not answered.
    PortMapping,
    /// What is still to be done before the end takes too long.
    Leave,
    /// Try the server again.
    Reconnect,
    /// Ask once more where our datagrams come from.
    Probe,
    /// A session's present state has lasted too long.
    Session(SessionId),
    /// Dial the asker's candidates as well.
    DialBack(SessionId),
    /// Use the relay as well.
    Relay(SessionId),
    /// Dial the other side while it dials us.
    Cross(SessionId),
    /// Look for a path over datagrams as well.
    Punch(SessionId),
    /// Something is due in a session's datagrams.
    Datagrams(SessionId),
    /// Try direct paths again beside the relay.
    Better(SessionId),
    /// An answer is late on the link of an open session.
    Doubt(SessionId),
    /// A dialled or accepted link's handshake takes too long.
    Handshake(Via),
    /// A verb's time is up.
    Verb(Ticket),
    /// Try mail to somebody again.
    Mail(Fingerprint),
    /// See whether mail was held too long.
    Expiry,
    /// Mail that was held, to have come.
    Collecting,
    /// A command asked for has waited, or run, too long.
    Run(RunKey),
    /// Try again to have a session for files.
    Files(Fingerprint),
    /// A child process of our own has run too long.
    Child(RunId),
    /// To ask the local network again, or to take what it has answered.
    Round,
    /// To answer somebody on the local network.
    Answers,
}

/// The moment, dice, deadlines and outputs.
pub(super) struct Core {
    /// This wake's clocks.
    pub now: Now,
    /// The machine's dice.
    pub rng: Rng,
    /// All deadlines.
    pub timers: Timers<Alarm>,
    out: VecDeque<OutputOf<Client>>,
    conns: u64,
    files: u64,
    runs: u64,
}

impl Core {
    pub fn new(seed: [u8; 32]) -> Core {
        Core {
            now: Now::default(),
            rng: Rng::new(seed),
            timers: Timers::new(),
            out: VecDeque::new(),
            conns: 0,
            files: 0,
            runs: 0,
        }
    }

    /// The next output.
    pub fn pop(&mut self) -> Option<OutputOf<Client>> {
        self.out.pop_front()
    }

    /// Makes a record durable.
    pub fn keep(&mut self, record: Record) {
        self.out.push_back(Output::Keep(record));
    }

    /// Asks the store.
    pub fn query(&mut self, query: Query) {
        self.out.push_back(Output::Query(query));
    }

    /// Acts on a stream.
    pub fn stream(&mut self, conn: ConnId, action: StreamAction) {
        self.out.push_back(Output::Stream(conn, action));
    }

    /// Acts on the local network.
    pub fn lan(&mut self, action: LanAction) {
        self.out.push_back(Output::Lan(action));
    }

    /// Sends a datagram.
    pub fn datagram(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        self.out.push_back(Output::Datagram { to, bytes });
    }

    /// Acts on a file.
    pub fn file(&mut self, file: FileId, action: FileAction) {
        self.out.push_back(Output::File(file, action));
    }

    /// Acts on a child process.
    pub fn child(&mut self, run: RunId, action: RunAction) {
        self.out.push_back(Output::Run(run, action));
    }

    /// Tells everybody; by way of the store when the event is durable.
    pub fn event(&mut self, event: Event) {
        if event.is_durable() {
            self.keep(Record::Event(event));
        } else {
            let at = self.now.wall;
            self.out.push_back(Output::Show(Notice::Event { seq: None, at, event }));
        }
    }

    /// Tells everybody what is wrong, when nobody asked.
    pub fn trouble(&mut self, what: Refusal) {
        self.out.push_back(Output::Show(Notice::Trouble(what)));
    }

    /// A row of an answer.
    pub fn row(&mut self, ticket: Ticket, row: Row) {
        if ticket != Ticket::NOBODY {
            self.out.push_back(Output::Show(Notice::Row(ticket, row)));
        }
    }

    /// The end of a verb.
    pub fn done(&mut self, ticket: Ticket, result: Result<(), Refusal>) {
        if ticket != Ticket::NOBODY {
            self.timers.cancel(&Alarm::Verb(ticket));
            self.out.push_back(Output::Show(Notice::Done(ticket, result)));
        }
    }

    /// The last notice.
    pub fn left(&mut self) {
        self.out.push_back(Output::Show(Notice::Left));
    }

    /// An id for a connection or listener of ours.
    pub fn conn(&mut self) -> ConnId {
        self.conns += 1;
        ConnId::own(self.conns)
    }

    /// An id for a file of ours.
    pub fn file_id(&mut self) -> FileId {
        self.files += 1;
        FileId(self.files)
    }

    /// An id for a child process of ours.
    pub fn run_id(&mut self) -> RunId {
        self.runs += 1;
        RunId(self.runs)
    }

    /// Sets a deadline `ms` from now.
    pub fn alarm(&mut self, alarm: Alarm, ms: u64, why: &'static str) {
        self.timers.set(alarm, self.now.mono.after_ms(ms), why);
    }
}
