//! The server's decisions: who is signed in, who may reach whom, and bytes between two sides.
//!
//! A connection's states, and what each input does there:
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | `Accepted` | Connecting; deadline |
//! | – | `Accepted`, over a bound of clients or of the source address | –; `Abort` |
//! | Connecting | `Hello(Server)` | Handshake; the link's answer |
//! | Connecting | `Hello` for another purpose | Leaving; the link's no |
//! | Handshake | `Established` | Entering |
//! | Entering | `Enter`, known key | SignedIn; `Welcome`, account kept, presence, no deadline |
//! | Entering | `Enter`, new key, free name | SignedIn; the same, with a new account |
//! | Entering | `Enter`, else | Leaving; `Refused` |
//! | Entering | any other message, a second `Enter` | –; `Abort` |
//! | SignedIn | the same key enters elsewhere | Leaving; `Leaving`, as on kick, forget, quit |
//! | SignedIn | `Leave` | Leaving |
//! | SignedIn | `Enter` | –; `Abort` |
//! | SignedIn | a question | SignedIn; its answer, or `OverBudget` |
//! | before SignedIn | deadline | –; `Abort` |
//! | any | garbage; does not read what it is pushed | –; `Abort` |
//! | any | `Closed` | – |
//! | Leaving | anything | passed over: the last bytes are the reactor's to write |
//!
//! Whoever stops being signed in is signed out by one function, `depart`.
//!
//! Accounts are read from the store when they are needed. What follows from a read goes before
//! every question that was asked later, so a decision is never made on rows that another one
//! outdated.

mod accounts;
mod budget;
mod connections;
mod directory;
mod operator;
mod outputs;
mod presence;
mod relay;
mod rendezvous;
mod roster;
#[cfg(test)]
mod tests;

use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{ConnId, ReqId, SessionId};
use crate::proto::machine::{Input, Machine, OutputOf, StreamEvent};
use crate::proto::model::account::{Pool, Visibility};
use crate::proto::model::command::Operate;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Report;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{ServerQuery, ServerRecord, ServerRows};
use crate::proto::time::{Mono, Now, Wall};
use crate::proto::timers::Timers;
use crate::proto::wire::client::ToServer;
use accounts::Addresses;
use budget::Sources;
use operator::Counts;
use outputs::Outputs;
use presence::Watchers;
use relay::Waiting;
use rendezvous::Meetings;
use roster::Roster;

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
pub enum Then {
    /// Sign in the newcomer whose key was read.
    Enter(ConnId),
    /// Register the newcomer whose wished name was read.
    Register(ConnId),
    /// Keep when somebody was last there.
    Left(Wall),
    /// Keep a visibility, then answer.
    Shown(ConnId, ReqId, Visibility),
    /// Answer a lookup.
    Found(ConnId, ReqId),
    /// Tell a watcher about somebody who is away.
    Watched(ConnId),
    /// Make the offer, now that the asker's card is read.
    Offer(SessionId),
    /// Tell an asker that nobody is there.
    Absent(ConnId, SessionId),
    /// Remove the account of this name for the operator.
    Forget(Name),
}

/// The server.
pub struct Server {
    config: Config,
    me: Identity,
    rng: Rng,
    now: Now,
    is_leaving: bool,
    roster: Roster,
    deadlines: Timers<ConnId>,
    addresses: Addresses,
    watchers: Watchers,
    meetings: Meetings,
    waiting: Waiting,
    sources: Sources,
    counts: Counts,
    out: Outputs,
}

impl Server {
    /// A server as its records left it. `next_address`: the pool index after the highest one given
    /// out. `seed`: 32 bytes of entropy. The shell opens the listeners; accepted connections come
    /// in.
    pub fn restore(config: Config, me: Identity, next_address: u32, seed: [u8; 32]) -> Server {
        Server {
            addresses: Addresses::new(config.pool, next_address),
            config,
            me,
            rng: Rng::new(seed),
            now: Now::default(),
            is_leaving: false,
            roster: Roster::default(),
            deadlines: Timers::new(),
            watchers: Watchers::default(),
            meetings: Meetings::default(),
            waiting: Waiting::default(),
            sources: Sources::default(),
            counts: Counts::default(),
            out: Outputs::default(),
        }
    }

    fn on_stream(&mut self, id: ConnId, event: StreamEvent<'_>) {
        match event {
            StreamEvent::Accepted { listener: _, from } => self.on_accepted(id, from),
            StreamEvent::Bytes(bytes) => self.on_bytes(id, bytes),
            StreamEvent::Drained => self.on_drained(id),
            StreamEvent::Closed(_) => self.depart(id),
            StreamEvent::Listening { .. } | StreamEvent::Open { .. } => {}
        }
    }

    fn on_rows(&mut self, rows: ServerRows<Then>) {
        let account = rows.account;
        match rows.then {
            Then::Enter(id) => self.on_key_read(id, account),
            Then::Register(id) => self.on_name_read(id, account),
            Then::Left(seen) => self.on_left_read(account, seen),
            Then::Shown(id, req, shown) => self.on_shown_read(id, req, shown, account),
            Then::Found(id, req) => self.on_found_read(id, req, account),
            Then::Watched(id) => self.on_watched_read(id, account),
            Then::Offer(session) => self.on_asker_read(session, account),
            Then::Absent(id, session) => self.on_absent_read(id, session, account),
            Then::Forget(name) => self.on_forget_read(name, account),
        }
    }

    fn on_message(&mut self, id: ConnId, message: ToServer) {
        if !self.may_say(id, &message) {
            return;
        }
        let is_carry = matches!(message, ToServer::Carry(_));
        if self.is_within_budget(id, &message) {
            self.on_request(id, message);
        }
        if !is_carry {
            self.hold_back(id);
        }
    }

    fn on_request(&mut self, id: ConnId, message: ToServer) {
        match message {
            ToServer::Enter(enter) => self.on_enter(id, enter),
            ToServer::Show(show) => self.on_show(id, show),
            ToServer::Who(who) => self.on_who(id, who),
            ToServer::Lookup(lookup) => self.on_lookup(id, lookup),
            ToServer::Watch(watch) => self.on_watch(id, watch),
            ToServer::Ask(ask) => self.on_ask(id, ask),
            ToServer::Answer(answer) => self.on_answer(id, answer),
            ToServer::Carry(carry) => self.on_carry(id, carry),
            ToServer::Hangup(hangup) => self.on_hangup(id, hangup),
            ToServer::Listening(listening) => self.on_listening(id, listening),
            ToServer::Leave(_) => self.close(id),
        }
    }

    fn on_operate(&mut self, operate: Operate) {
        match operate {
            Operate::Who => self.show_who(),
            Operate::Stats => self.show_stats(),
            Operate::Kick(name) => self.on_kick(name),
            Operate::Forget(name) => self.on_forget(name),
            Operate::Quit => self.on_quit(),
        }
    }
}

impl Machine for Server {
    type Command = Operate;
    type Record = ServerRecord;
    type Query = ServerQuery<Then>;
    type Rows = ServerRows<Then>;
    type Notice = Report;

    fn handle(&mut self, now: Now, input: Input<'_, Operate, ServerRows<Then>>) {
        self.now = now;
        match input {
            Input::Stream(id, event) => self.on_stream(id, event),
            Input::Rows(rows) => self.on_rows(rows),
            Input::Command(operate) => self.on_operate(operate),
            Input::Datagram { from, bytes } => self.on_datagram(from, bytes),
            Input::Tick => self.on_tick(),
        }
    }

    fn poll_output(&mut self) -> Option<OutputOf<Self>> {
        loop {
            if let Some(output) = self.out.pop() {
                return Some(output);
            }
            let id = self.roster.next_unflushed()?;
            self.flush(id);
        }
    }

    fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        self.deadlines.next()
    }
}

/// Whether `asker` may know of, look up and ask `who`: the one place where that is decided.
fn may_reach(asker: Fingerprint, who: Fingerprint, visibility: Visibility) -> bool {
    match visibility {
        Visibility::Public => true,
        Visibility::Private => asker == who,
    }
}
