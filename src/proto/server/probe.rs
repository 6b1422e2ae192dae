//! The UDP probe: a client that is signed in learns where its datagrams come from.
//!
//! Anything else is dropped in silence, and what costs least is looked at first: its shape, whether
//! somebody is signed in under that id, its tag, the budgets. These come last so that whoever makes
//! up an id does not spend its owner's; they bound what a question that was overheard can have sent
//! to an address that it did not come from.

use super::Server;
use crate::proto::crypto::probe::{self, Question};
use crate::proto::id::ConnId;
use crate::proto::wire::server::Prober;
use log::debug;
use std::net::SocketAddr;

impl Server {
    /// With what somebody asks who signed in on this connection.
    pub(super) fn prober(&self, id: ConnId) -> Prober {
        Prober { id: id.0, key: probe::key_of(&self.probe_secret, id.0) }
    }

    pub(super) fn on_datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.counts.datagrams += 1;
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        match self.answer_to(from, bytes) {
            Some(answer) => self.out.datagram(from, answer),
            None => debug!("{from}: datagram of {} bytes dropped", bytes.len()),
        }
    }

    fn answer_to(&mut self, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
        let question = Question::read(bytes)?;
        let id = ConnId(question.id);
        self.roster.member(id)?;
        let answer = question.answer(&self.prober(id).key, from)?;
        let now = self.now.mono;
        let member = self.roster.member_mut(id)?;
        let may = member.probes.take_probe(now) && self.probing.may_ask(from.ip(), now);
        may.then_some(answer)
    }
}
