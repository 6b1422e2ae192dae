//! What waits to be polled. Records and follow-up reads go before everything else.

use super::Then;
use crate::proto::id::ConnId;
use crate::proto::machine::{Output, StreamAction};
use crate::proto::model::bond::TokenHash;
use crate::proto::model::notice::Report;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{AccountKey, Read, ServerQuery, ServerRecord};
use std::collections::VecDeque;
use std::net::SocketAddr;

pub(super) type ServerOutput = Output<ServerRecord, ServerQuery<Then>, Report>;

/// The server's one output queue.
#[derive(Default)]
pub(super) struct Outputs {
    first: VecDeque<ServerOutput>,
    rest: VecDeque<ServerOutput>,
}

impl Outputs {
    /// Keeps a record, before any later read.
    pub(super) fn keep(&mut self, record: ServerRecord) {
        self.first.push_back(Output::Keep(record));
    }

    /// Reads.
    pub(super) fn read(&mut self, read: Read, then: Then) {
        self.rest.push_back(Output::Query(ServerQuery { read, then }));
    }

    /// Reads as part of a decision that is being made; nothing comes in between.
    pub(super) fn read_next(&mut self, read: Read, then: Then) {
        self.first.push_back(Output::Query(ServerQuery { read, then }));
    }

    /// Asks for an account that nobody else asked for.
    pub(super) fn query(&mut self, by: AccountKey, then: Then) {
        self.read(Read::Account { by, asker: None }, then);
    }

    /// Asks for an account as part of a decision that is being made; nothing comes in between.
    pub(super) fn query_next(&mut self, by: AccountKey, then: Then) {
        self.read_next(Read::Account { by, asker: None }, then);
    }

    /// Asks for an account, and what right `asker` has to reach its owner.
    pub(super) fn query_for(
        &mut self,
        asker: Fingerprint,
        token: Option<TokenHash>,
        by: AccountKey,
        then: Then,
    ) {
        self.read(Read::Account { by, asker: Some((asker, token)) }, then);
    }

    pub(super) fn stream(&mut self, id: ConnId, action: StreamAction) {
        self.rest.push_back(Output::Stream(id, action));
    }

    pub(super) fn datagram(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        self.rest.push_back(Output::Datagram { to, bytes });
    }

    pub(super) fn show(&mut self, report: Report) {
        self.rest.push_back(Output::Show(report));
    }

    pub(super) fn pop(&mut self) -> Option<ServerOutput> {
        let output = self.first.pop_front().or_else(|| self.rest.pop_front());
        if output.is_none() {
            self.rest.shrink_to(SPARE_OUTPUTS);
        }
        output
    }
}

/// Room that stays allocated between wakes; a burst's is given back.
const SPARE_OUTPUTS: usize = 64;
