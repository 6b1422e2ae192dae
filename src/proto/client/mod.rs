//! The client's decisions.

use crate::proto::crypto::keys::Identity;
use crate::proto::machine::{Input, Machine, OutputOf};
use crate::proto::model::command::Command;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Notice;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{Query, Record, Restored, Rows};
use crate::proto::time::{Mono, Now};
use std::net::{IpAddr, SocketAddr};

/// Who is connected without the user being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Friends only.
    Friends,
    /// Whoever asks.
    All,
    /// Nobody.
    None,
}

/// How a client was started.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name to register.
    pub name: Option<Name>,
    /// The server; `None` with `--no-server`.
    pub server: Option<Server>,
    /// Where peers reach us; `None` leaves the choice to us: the virtual address if it is on
    /// loopback, else every address, any port.
    pub listen: Option<SocketAddr>,
    /// Our own interfaces' addresses, for the other side to dial; read once by the shell.
    pub locals: Vec<IpAddr>,
    /// Who is connected without asking.
    pub accept: Accept,
}

/// Where the server is.
#[derive(Clone, Debug)]
pub struct Server {
    /// What the user called it, `HOST:PORT`.
    pub label: String,
    /// What that resolved to; tried in turn.
    pub at: Vec<SocketAddr>,
    /// The key given with `#KEY`; it outweighs the one remembered.
    pub key: Option<Fingerprint>,
}

/// The client.
pub struct Client {}

impl Client {
    /// A client as its records left it. `seed`: 32 bytes of entropy. It signs in by itself.
    pub fn restore(config: Config, me: Identity, past: Restored, seed: [u8; 32]) -> Client {
        let _ = (config, me, past, seed);
        todo!("the client machine")
    }

    /// Messages to `to` up to this id have been handed to a live link: queued ones among them
    /// are `sent`.
    pub fn sent_up_to(&self, to: Fingerprint) -> Option<crate::proto::id::MsgId> {
        let _ = to;
        todo!("the client machine")
    }
}

impl Machine for Client {
    type Command = Command;
    type Record = Record;
    type Query = Query;
    type Rows = Rows;
    type Notice = Notice;

    fn handle(&mut self, _now: Now, _input: Input<'_, Command, Rows>) {
        todo!("the client machine")
    }

    fn poll_output(&mut self) -> Option<OutputOf<Self>> {
        todo!("the client machine")
    }

    fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        todo!("the client machine")
    }
}
