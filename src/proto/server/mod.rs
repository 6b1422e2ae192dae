//! The server's decisions: who is signed in, who may reach whom, bytes between two sides, and mail
//! for those who are away.
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
//! Accounts, and what their owners have said about others, are read from the store when they are
//! needed. What follows from a read goes before every question that was asked later, so a decision
//! is never made on rows that another one outdated.

mod accounts;
mod budget;
mod connections;
mod directory;
mod groups;
mod mailbox;
mod operator;
mod outputs;
mod prekeys;
mod presence;
mod probe;
mod reach;
mod relay;
mod rendezvous;
mod roster;
#[cfg(test)]
mod tests;

use crate::proto::bytes::Bytes;
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{ConnId, ReqId, SessionId};
use crate::proto::machine::{Input, Machine, OutputOf, StreamEvent};
use crate::proto::model::account::{Account, Pool, Visibility};
use crate::proto::model::command::Operate;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Report;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{Found, ServerQuery, ServerRecord, ServerRestored, ServerRows};
use crate::proto::time::{Mono, Now, Wall};
use crate::proto::timers::Timers;
use crate::proto::wire::client::{Deposit, ToServer, Who};
use accounts::Addresses;
use budget::{PrekeyAskers, Probing, Sources};
use mailbox::{Expiry, Standing};
use operator::Counts;
use outputs::Outputs;
use presence::Watchers;
use reach::{Right, Sight};
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
    /// Days that mail is held.
    pub hold_days: u64,
    /// Bytes of mail that are held for one person.
    pub hold_bytes: u64,
}

/// What the machine goes on with after a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Sign in the newcomer whose key was read.
    Enter(ConnId),
    /// Sign in, now that it is read what is held for this account.
    SignIn(ConnId, Box<Account>),
    /// Register the newcomer whose wished name was read.
    Register(ConnId),
    /// Keep when somebody was last there.
    Left(Wall),
    /// Keep a visibility, then answer.
    Shown(ConnId, ReqId, Visibility),
    /// Answer a lookup.
    Found(ConnId, ReqId),
    /// Tell a watcher about somebody for the first time.
    Watched(ConnId, Fingerprint),
    /// Tell a watcher about somebody whose lists have changed.
    Rechecked(ConnId, Fingerprint),
    /// Answer who is online, without those who block the one who asks.
    Who(ConnId, Who),
    /// Make the offer, now that the asker's card is read.
    Offer(SessionId),
    /// Decide about an ask, now that the other side is read.
    Asked(ConnId, SessionId),
    /// Decide whether a key of this account's owner is given out.
    WantKey(ConnId, ReqId),
    /// Give it out.
    Key(ConnId, ReqId, Box<Account>),
    /// Decide whether the recipient takes this mail.
    Deposit(ConnId, Deposit),
    /// Hold it, within the quotas.
    Hold(ConnId, Deposit),
    /// Answer with a page of public groups.
    Groups(ConnId, ReqId),
    /// Send held mail.
    Mail(ConnId),
    /// Set the deadline of the oldest mail.
    Oldest,
    /// Remove the account of this name for the operator.
    Forget(Name),
}

/// What a server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deadline {
    /// A connection to sign in.
    Conn(ConnId),
    /// The oldest mail to get too old.
    Expiry,
}

/// The server.
pub struct Server {
    config: Config,
    me: Identity,
    rng: Rng,
    now: Now,
    is_leaving: bool,
    roster: Roster,
    timers: Timers<Deadline>,
    addresses: Addresses,
    epoch: Bytes<16>,
    watchers: Watchers,
    meetings: Meetings,
    waiting: Waiting,
    sources: Sources,
    probing: Probing,
    /// What the keys of probes are made from.
    probe_secret: [u8; 32],
    prekey_askers: PrekeyAskers,
    expiry: Expiry,
    counts: Counts,
    out: Outputs,
}

impl Server {
    /// A server as its records left it. `seed`: 32 bytes of entropy. The shell opens the listeners;
    /// accepted connections come in.
    pub fn restore(config: Config, me: Identity, past: ServerRestored, seed: [u8; 32]) -> Server {
        let mut rng = Rng::new(seed);
        Server {
            addresses: Addresses::new(config.pool, past.next_address),
            epoch: past.epoch,
            config,
            me,
            now: Now::default(),
            is_leaving: false,
            roster: Roster::default(),
            timers: Timers::new(),
            watchers: Watchers::default(),
            meetings: Meetings::default(),
            waiting: Waiting::default(),
            sources: Sources::default(),
            probing: Probing::default(),
            probe_secret: rng.bytes(),
            prekey_askers: PrekeyAskers::default(),
            expiry: Expiry::new(past.oldest),
            counts: Counts::default(),
            out: Outputs::default(),
            rng,
        }
    }

    /// Whether a connection is one of its own.
    pub fn has(&self, id: ConnId) -> bool {
        self.roster.conn(id).is_some()
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
        match rows.found {
            Found::Account { account, has_token, is_blocked } => {
                let right = Right { has_token, is_blocked };
                self.on_account_read(rows.then, Sight { account, right });
            }
            found => self.on_other_read(rows.then, found),
        }
    }

    fn on_account_read(&mut self, then: Then, sight: Sight) {
        match then {
            Then::Enter(id) => self.on_key_read(id, sight.account),
            Then::Register(id) => self.on_name_read(id, sight.account),
            Then::Left(seen) => self.on_left_read(sight.account, seen),
            Then::Shown(id, req, shown) => self.on_shown_read(id, req, shown, sight.account),
            Then::Found(id, req) => self.on_found_read(id, req, sight),
            Then::Watched(id, who) => self.on_watched_read(id, who, sight),
            Then::Rechecked(id, who) => self.on_rechecked_read(id, who, sight),
            Then::Asked(id, session) => self.on_asked_read(id, session, sight),
            Then::Offer(session) => self.on_asker_read(session, sight.account),
            Then::WantKey(id, req) => self.on_wanted_read(id, req, sight),
            Then::Deposit(id, deposit) => self.on_addressee_read(id, deposit, sight),
            Then::Forget(name) => self.on_forget_read(name, sight.account),
            Then::SignIn(..)
            | Then::Who(..)
            | Then::Key(..)
            | Then::Hold(..)
            | Then::Groups(..)
            | Then::Mail(_)
            | Then::Oldest => unreachable!("no account was asked for"),
        }
    }

    fn on_other_read(&mut self, then: Then, found: Found) {
        match (then, found) {
            (Then::SignIn(id, account), Found::Standing { once, weekly, number }) => {
                self.sign_in(id, *account, &Standing { keys_left: once, weekly, number });
            }
            (Then::Who(id, who), Found::BlockersOf(them)) => self.on_blockers_read(id, who, them),
            (Then::Key(id, req, of), Found::Prekeys { once, weekly }) => {
                self.on_prekeys_read(id, req, &of, once, weekly);
            }
            (Then::Hold(id, deposit), Found::Held { bytes, bytes_of_depositor, number }) => {
                self.on_held_read(id, deposit, bytes, bytes_of_depositor, number);
            }
            (Then::Groups(id, req), Found::Groups { groups, more }) => {
                self.on_groups_read(id, req, groups, more);
            }
            (Then::Mail(id), Found::Mail { mail, more }) => self.on_mail_read(id, mail, more),
            (Then::Oldest, Found::Oldest(oldest)) => self.on_oldest_read(oldest),
            (_, _) => unreachable!("what was read is no answer to what was asked"),
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
            ToServer::Again(again) => self.on_again(id, again),
            ToServer::Hint(hint) => self.on_hint(id, hint),
            ToServer::Answer(answer) => self.on_answer(id, answer),
            ToServer::Carry(carry) => self.on_carry(id, carry),
            ToServer::Hangup(hangup) => self.on_hangup(id, hangup),
            ToServer::Release(release) => self.on_release(id, &release),
            ToServer::Listening(listening) => self.on_listening(id, listening),
            ToServer::Leave(_) => self.close(id),
            ToServer::Reach(reach) => self.on_reach(id, reach),
            ToServer::Publish(publish) => self.on_publish(id, publish),
            ToServer::WantKey(want) => self.on_want_key(id, want),
            ToServer::Deposit(deposit) => self.on_deposit(id, deposit),
            ToServer::Taken(taken) => self.on_taken(id, taken),
            ToServer::Announce(announce) => self.on_announce(id, announce),
            ToServer::WantGroups(want) => self.on_want_groups(id, want),
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
            // It listens everywhere, and names no address of its own.
            Input::Network(_) | Input::Gateway(_) => {}
            Input::Tick => self.on_tick(),
            Input::File(..) | Input::Run(..) | Input::Lan { .. } => {
                unreachable!("a server opens no files, starts no children, and has no neighbours")
            }
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
        self.timers.next()
    }
}
