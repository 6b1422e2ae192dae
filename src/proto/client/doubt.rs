//! Doubt in a connection on which an answer is due.
//!
//! The kernel gives a connection up after minutes, for a packet that is lost is no loss. While
//! somebody waits that is long, and there are other paths. What only takes its time, a slow
//! network or a program that is stopped, is no reason to leave: its kernel acknowledges.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Sure | what will be answered leaves on a direct link | Waiting |
//! | Waiting | all is answered | Sure |
//! | Waiting | [`limits::DOUBT_MS`] | Doubting; the kernel is to be quick |
//! | Waiting | the same, not signed in | Waiting: nobody knows another path |
//! | Doubting | all is answered | Sure; as before |
//! | Doubting | the kernel gives it up | the session looks for another path |
//!
//! Datagrams need none of this: they are answered by the program itself, which says in seconds when
//! they are not. On the local network, where sessions do not move, what waits is delivered by
//! another one.
//!
//! The link to the server is doubted while it is to bring two together.

use super::Client;
use super::core::Alarm;
use super::link_table::Via;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::machine::StreamAction;
use crate::proto::model::person::Fingerprint;

/// How far the link of an open session is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nothing is due.
    #[default]
    Sure,
    /// An answer is.
    Waiting,
    /// It was for so long that the kernel is told to be quick.
    Doubting,
}

impl Client {
    /// Something that will be answered is said to somebody with whom a session is open.
    pub(super) fn await_answer(&mut self, to: Fingerprint) {
        let Some(id) = self.sessions.with(to) else { return };
        let is_near = self.lan.is_open();
        let Some(session) = self.sessions.at_mut(id) else { return };
        if !is_near && !session.may_move() {
            return;
        }
        let Some(flow) = session.state.flow_mut() else { return };
        if let (Via::Tcp(_), Doubt::Sure) = (flow.via(), flow.doubt) {
            flow.doubt = Doubt::Waiting;
            self.core.alarm(Alarm::Doubt(id), limits::DOUBT_MS, "an answer");
        }
    }

    /// Something of that was answered.
    pub(super) fn on_answer(&mut self, from: Fingerprint) {
        let Some(id) = self.sessions.with(from) else { return };
        let is_due = self.is_answer_due(id, from);
        let flow = self.sessions.at_mut(id).and_then(|session| session.state.flow_mut());
        let Some(flow) = flow.filter(|flow| flow.doubt != Doubt::Sure && !is_due) else { return };
        let was = std::mem::take(&mut flow.doubt);
        self.core.timers.cancel(&Alarm::Doubt(id));
        if let (Via::Tcp(conn), Doubt::Doubting) = (flow.via(), was) {
            self.core.stream(conn, StreamAction::Doubt(false));
        }
    }

    /// No answer for so long.
    pub(super) fn on_answer_late(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at(id) else { return };
        let Some(who) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        let is_due = self.is_answer_due(id, who);
        let is_served = self.uplink.is_in() || self.lan.is_open();
        let flow = self.sessions.at_mut(id).and_then(|session| session.state.flow_mut());
        let Some(flow) = flow else { return };
        match (is_due, is_served, flow.via()) {
            (true, true, Via::Tcp(conn)) => {
                flow.doubt = Doubt::Doubting;
                self.core.stream(conn, StreamAction::Doubt(true));
            }
            (true, false, _) => self.core.alarm(Alarm::Doubt(id), limits::DOUBT_MS, "an answer"),
            (false, _, _) | (_, _, Via::Udp(_) | Via::Relay(_)) => flow.doubt = Doubt::Sure,
        }
    }

    fn is_answer_due(&self, id: SessionId, who: Fingerprint) -> bool {
        let flow = self.sessions.at(id).and_then(|session| session.state.flow());
        flow.is_some_and(super::flow::Flow::awaits) || self.transfers.sending.awaits(who)
    }
}
