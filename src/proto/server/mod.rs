//! The server's decisions.

use crate::proto::crypto::keys::Identity;
use crate::proto::machine::{Input, Machine, OutputOf};
use crate::proto::model::account::Pool;
use crate::proto::model::command::Operate;
use crate::proto::model::notice::Report;
use crate::proto::model::record::{ServerQuery, ServerRecord, ServerRows};
use crate::proto::time::{Mono, Now};

/// How a server was started.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where virtual addresses come from.
    pub pool: Pool,
    /// Clients at most.
    pub max_clients: usize,
}

/// What the machine goes on with after a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {}

/// The server.
pub struct Server {}

impl Server {
    /// A server as its records left it. `next_address`: the pool index after the highest one given
    /// out. `seed`: 32 bytes of entropy. The shell opens the listeners; accepted connections come in.
    pub fn restore(config: Config, me: Identity, next_address: u32, seed: [u8; 32]) -> Server {
        let _ = (config, me, next_address, seed);
        todo!("the server machine")
    }
}

impl Machine for Server {
    type Command = Operate;
    type Record = ServerRecord;
    type Query = ServerQuery<Then>;
    type Rows = ServerRows<Then>;
    type Notice = Report;

    fn handle(&mut self, _now: Now, _input: Input<'_, Operate, ServerRows<Then>>) {
        todo!("the server machine")
    }

    fn poll_output(&mut self) -> Option<OutputOf<Self>> {
        todo!("the server machine")
    }

    fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        todo!("the server machine")
    }
}
