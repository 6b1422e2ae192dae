//! The link to the server: dialling, proving who we are, coming back.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Off | `online` | Dialling |
//! | Dialling | open | Linking; preamble and Noise 1 |
//! | Dialling | closed, too slow | Dialling (next address), or Pausing |
//! | Linking | link established | Linking; `Enter` |
//! | Linking | `Welcome` | In; pin the key, listen, `online`, watch, what was put off |
//! | Linking | `Refused`, another key | Off; `Trouble` |
//! | Linking, In | closed, fault | Pausing; `offline` if it was In |
//! | In | `Leaving` Replaced or Forgotten | Off; `offline` |
//! | In | `Leaving` otherwise | Pausing; `offline` |
//! | Pausing | its deadline, a new address of ours | Dialling |
//! | Dialling, Linking, In | our address is gone | Dialling; `offline` if it was In |
//! | any | `offline`, `Leave` | Off; `Leave` to the server if In |

use super::core::{Alarm, Core};
use super::link_table::Ahead;
use super::{Client, Remote};
use crate::proto::crypto::keys;
use crate::proto::id::{ConnId, ReqId};
use crate::proto::limits;
use crate::proto::link::{Link, LinkEvent, LinkFault, Purpose};
use crate::proto::machine::{Cause, ProxyFault, StreamAction, StreamEvent};
use crate::proto::model::event::Event;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::{Enter, Leave, ToServer};
use crate::proto::wire::server::{Leaving, Refused, ToClient, Welcome, WhyLeaving, WhyRefused};
use std::net::{IpAddr, SocketAddr};

/// The link to the server.
pub(super) struct Uplink {
    state: State,
    /// Which of the server's addresses is tried next.
    turn: usize,
    /// Sign-ins that failed since the last that did not.
    failures: u32,
    /// The key that the server must have.
    pinned: Option<Fingerprint>,
    /// The key on our disk.
    kept: Option<Fingerprint>,
    last_req: u32,
    /// Whether the kernel was told to be quick to give it up.
    is_doubted: bool,
    /// What was handed out for the connection and may not be written yet.
    ahead: Ahead,
}

enum State {
    Off,
    Pausing,
    Dialling(ConnId),
    Linking { conn: ConnId, link: Box<Link>, key: Option<Fingerprint> },
    In { conn: ConnId, link: Box<Link>, outer: SocketAddr },
}

impl Uplink {
    /// `wanted`: the key that the user says it has; else the one that was kept counts.
    pub fn new(has_server: bool, wanted: Option<Fingerprint>, kept: Option<Fingerprint>) -> Uplink {
        let state = if has_server { State::Pausing } else { State::Off };
        let (pinned, ahead) = (wanted.or(kept), Ahead::default());
        Uplink { state, turn: 0, failures: 0, pinned, kept, last_req: 0, is_doubted: false, ahead }
    }

    /// Whether the connection is the one to the server.
    pub fn is(&self, id: ConnId) -> bool {
        self.conn() == Some(id)
    }

    pub fn is_in(&self) -> bool {
        matches!(self.state, State::In { .. })
    }

    /// Neither signed in nor on the way there.
    pub fn is_off(&self) -> bool {
        matches!(self.state, State::Off)
    }

    /// Between two tries to sign in.
    pub fn is_pausing(&self) -> bool {
        matches!(self.state, State::Pausing)
    }

    /// Our address as the server sees it; one in this very process sees none.
    pub fn outer(&self) -> Option<SocketAddr> {
        match &self.state {
            State::In { outer, .. } => Some(*outer).filter(|outer| !outer.ip().is_unspecified()),
            State::Off | State::Pausing | State::Dialling(_) | State::Linking { .. } => None,
        }
    }

    /// Says something to the server; without one, nothing.
    pub fn say(&mut self, message: impl Into<ToServer>) {
        if let State::In { link, .. } = &mut self.state {
            link.send(&message.into());
        }
    }

    /// A number for a question.
    pub fn req(&mut self) -> ReqId {
        self.last_req = self.last_req.wrapping_add(1);
        ReqId(self.last_req)
    }

    pub fn flush(&mut self, core: &mut Core) {
        if let State::Linking { conn, link, .. } | State::In { conn, link, .. } = &mut self.state
            && let Some(bytes) = link.take_output()
        {
            let length = bytes.len();
            core.stream(*conn, StreamAction::Send(bytes));
            if self.ahead.add(length) {
                core.stream(*conn, StreamAction::Watch);
            }
        }
    }

    /// Whether bulk may be put on it: not much waits to be written there.
    pub fn has_room(&self) -> bool {
        self.ahead.has_room()
    }

    /// Something is due from the server: whether it is there is soon to be known.
    pub fn doubt(&mut self, core: &mut Core) {
        if let State::In { conn, .. } = self.state
            && !std::mem::replace(&mut self.is_doubted, true)
        {
            core.stream(conn, StreamAction::Doubt(true));
        }
    }

    fn trust(&mut self, core: &mut Core) {
        if let State::In { conn, .. } = self.state
            && std::mem::take(&mut self.is_doubted)
        {
            core.stream(conn, StreamAction::Doubt(false));
        }
    }

    /// What was handed out is written.
    fn on_drained(&mut self, core: &mut Core) {
        if let Some(conn) = self.conn()
            && self.ahead.on_drained()
        {
            core.stream(conn, StreamAction::Watch);
        }
    }

    /// The connection to the server.
    pub fn conn(&self) -> Option<ConnId> {
        match &self.state {
            State::Off | State::Pausing => None,
            State::Dialling(conn) | State::Linking { conn, .. } | State::In { conn, .. } => {
                Some(*conn)
            }
        }
    }

    fn link(&mut self) -> Option<&mut Link> {
        match &mut self.state {
            State::Linking { link, .. } | State::In { link, .. } => Some(link),
            State::Off | State::Pausing | State::Dialling(_) => None,
        }
    }

    /// A pause that doubles with each failure, and its jitter, so that clients of a server that
    /// comes back do not all knock at once.
    fn pause_ms(&self, core: &mut Core) -> u64 {
        let doubled = limits::RECONNECT_FIRST_MS << self.failures.min(16);
        let pause = doubled.min(limits::RECONNECT_LAST_MS);
        pause / 2 + core.rng.below(pause / 2 + 1)
    }
}

impl Client {
    /// Signs in, now.
    pub(super) fn go_online(&mut self) {
        if self.uplink.is_off() || self.uplink.is_pausing() {
            self.uplink.failures = 0;
            self.dial_server();
        }
    }

    /// Signs out and stays so.
    pub(super) fn go_offline(&mut self, why: &str) {
        self.leave_lan();
        self.uplink.say(Leave {});
        self.uplink.flush(&mut self.core);
        self.drop_uplink(Some(StreamAction::Close), why);
        self.uplink.state = State::Off;
        self.end_adrift();
        self.core.timers.cancel(&Alarm::Reconnect);
        self.fail_put_off(&Refusal::NotSignedIn);
        self.give_port_back();
    }

    pub(super) fn dial_server(&mut self) {
        let Some(server) = &self.config.server else { return self.start_without_server() };
        let Some(to) = server.at.get(self.uplink.turn % server.at.len().max(1)).cloned() else {
            return;
        };
        let conn = self.core.conn();
        self.core.timers.cancel(&Alarm::Reconnect);
        self.core.alarm(Alarm::Uplink, limits::DIAL_MS, "server slow to answer");
        (self.uplink.state, self.uplink.ahead) = (State::Dialling(conn), Ahead::default());
        self.uplink.is_doubted = false;
        self.dial_remote(conn, to);
    }

    /// Dials what may be a name.
    pub(super) fn dial_remote(&mut self, conn: ConnId, to: Remote) {
        let action = match to {
            Remote::Address(to) => StreamAction::Dial { to, from: self.own_loopback(to) },
            Remote::Name(host, port) => StreamAction::DialName { host, port },
        };
        self.core.stream(conn, action);
    }

    pub(super) fn on_uplink(&mut self, event: StreamEvent<'_>) {
        match event {
            StreamEvent::Open { .. } => self.greet_server(),
            StreamEvent::Bytes(bytes) => self.on_server_bytes(bytes),
            StreamEvent::Closed(Cause::AddressGone) => {
                self.drop_uplink(None, &closed_words(Cause::AddressGone));
                self.go_online();
            }
            StreamEvent::Closed(cause) => self.on_server_gone(None, &closed_words(cause)),
            StreamEvent::Drained => self.uplink.on_drained(&mut self.core),
            StreamEvent::Listening { .. } | StreamEvent::Accepted { .. } => {}
        }
    }

    /// The way to the server took longer than it may.
    pub(super) fn on_uplink_slow(&mut self) {
        self.on_server_gone(Some(StreamAction::Abort), "timed out");
    }

    /// Our own virtual address, to dial from, so that each of many peers on one machine shows as
    /// itself.
    pub(super) fn own_loopback(&self, to: SocketAddr) -> Option<IpAddr> {
        let (_, address) = self.account.as_ref()?;
        let both = address.is_loopback() && to.is_ipv4() && to.ip().is_loopback();
        both.then_some(IpAddr::V4(*address))
    }

    fn greet_server(&mut self) {
        let State::Dialling(conn) = self.uplink.state else { return };
        let link = Link::dial(&self.me, Purpose::Server, self.uplink.pinned, &mut self.core.rng);
        self.core.alarm(Alarm::Uplink, limits::HANDSHAKE_MS, "server slow to sign us in");
        self.uplink.state = State::Linking { conn, link: Box::new(link), key: None };
    }

    fn on_server_bytes(&mut self, bytes: &[u8]) {
        self.uplink.trust(&mut self.core);
        if let Some(link) = self.uplink.link() {
            link.feed(bytes);
        }
        // A message may end the link, so it is fetched anew for each.
        while let Some(link) = self.uplink.link() {
            match link.poll::<ToClient>() {
                Ok(Some(LinkEvent::Message(message))) => self.on_server_message(message),
                Ok(Some(LinkEvent::Established(identity))) => self.enter(&identity),
                Ok(Some(LinkEvent::Hello(_))) | Ok(None) => return,
                Err(fault) => return self.on_server_fault(fault),
            }
        }
    }

    fn enter(&mut self, server: &PublicIdentity) {
        let name = self.config.name.clone();
        let enter = Enter { name, visibility: self.visibility };
        if let State::Linking { link, key, .. } = &mut self.uplink.state {
            *key = keys::verify(server);
            link.send(&ToServer::from(enter));
        }
    }

    fn on_server_message(&mut self, message: ToClient) {
        match message {
            ToClient::Welcome(welcome) => self.on_welcome(welcome),
            ToClient::Refused(refused) => self.on_refused(refused),
            ToClient::Leaving(leaving) => self.on_leaving(leaving),
            ToClient::Shown(shown) => self.on_shown(shown),
            ToClient::WhoPage(page) => self.on_who_page(page),
            ToClient::Found(found) => self.on_found(found),
            ToClient::Presence(presence) => self.on_presence(presence),
            ToClient::Sought(sought) => self.on_sought(sought),
            ToClient::Offer(offer) => self.on_offer(offer),
            ToClient::Answered(answered) => self.on_answered(answered),
            ToClient::Carried(carried) => self.on_carried(carried),
            ToClient::Ended(ended) => self.on_ended(ended),
            ToClient::OverBudget(over) => self.on_over_budget(over),
            ToClient::Key(key) => self.on_key(key),
            ToClient::Deposited(deposited) => self.on_deposited(deposited),
            ToClient::Mail(mail) => self.on_mail(mail),
            ToClient::Prober(prober) => self.on_prober(prober),
            ToClient::Hinted(hinted) => self.on_hinted(hinted),
            ToClient::Begin(begin) => self.on_begin(begin),
            ToClient::GroupsPage(page) => self.on_groups_page(page),
        }
    }

    fn on_welcome(&mut self, welcome: Welcome) {
        let state = std::mem::replace(&mut self.uplink.state, State::Off);
        let State::Linking { conn, link, key } = state else {
            self.uplink.state = state;
            return;
        };
        self.uplink.state = State::In { conn, link, outer: welcome.outer };
        self.uplink.failures = 0;
        self.directory.note_unreachable("");
        self.core.timers.cancel(&Alarm::Uplink);
        if let Some(key) = key
            && self.uplink.kept != Some(key)
        {
            self.uplink.pinned = Some(key);
            self.uplink.kept = Some(key);
            self.core.keep(Record::ServerKey(key));
        }
        self.mind_mail(&welcome);
        let me = (welcome.name, welcome.address);
        if self.account.as_ref() != Some(&me) {
            self.core.keep(Record::Me(me.0.clone(), me.1));
            self.account = Some(me);
        }
        if self.visibility != Some(welcome.visibility) {
            self.visibility = Some(welcome.visibility);
            self.core.keep(Record::Visibility(welcome.visibility));
        }
        self.core.event(Event::Online { server: self.server_label() });
        self.open_listener();
    }

    fn on_refused(&mut self, refused: Refused) {
        let name = self.config.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let why = match refused.why {
            WhyRefused::NameTaken => Refusal::NameTaken(name),
            WhyRefused::NameNeeded => Refusal::NameNeeded,
            WhyRefused::Full => {
                return self.on_server_gone(Some(StreamAction::Close), "the server is full");
            }
            WhyRefused::PoolEmpty => Refusal::ServerRefused("no address is left".into()),
        };
        self.stay_off(why, "refused");
    }

    fn on_server_fault(&mut self, fault: LinkFault) {
        match fault {
            LinkFault::Identity { found } => {
                let old = self.uplink.pinned.unwrap_or(found);
                let name = self.server_label();
                self.core.event(Event::Identity { name: name.clone(), old, new: found });
                self.stay_off(Refusal::ServerChanged(name, found), "another key");
            }
            LinkFault::Version { theirs } => {
                let speaks = format!("the server speaks {theirs}");
                self.stay_off(Refusal::Version(speaks), "another version");
            }
            LinkFault::Refused => {
                self.stay_off(Refusal::ServerRefused("no client link".into()), "refused");
            }
            LinkFault::Garbage => {
                self.on_server_gone(Some(StreamAction::Abort), "the server sent garbage");
            }
        }
    }

    fn on_leaving(&mut self, leaving: Leaving) {
        let why = match leaving.why {
            WhyLeaving::Replaced => "signed in from elsewhere",
            WhyLeaving::Shutdown => "the server ends",
            WhyLeaving::Kicked => "the operator ended the link",
            WhyLeaving::Forgotten => "the operator removed the account",
        };
        match leaving.why {
            WhyLeaving::Shutdown | WhyLeaving::Kicked => {
                self.on_server_gone(Some(StreamAction::Close), why);
            }
            WhyLeaving::Replaced => self.stay_off(Refusal::Replaced, why),
            WhyLeaving::Forgotten => self.stay_off(Refusal::ServerRefused(why.into()), why),
        }
    }

    fn on_server_gone(&mut self, how: Option<StreamAction>, why: &str) {
        self.drop_uplink(how, why);
        self.come_back(why);
    }

    /// The server will not have us, and asking again would change nothing.
    fn stay_off(&mut self, refusal: Refusal, why: &str) {
        self.drop_uplink(Some(StreamAction::Close), why);
        self.uplink.state = State::Off;
        self.end_adrift();
        self.fail_put_off(&refusal);
        self.core.trouble(refusal);
    }

    /// Ends what there is of the link; says `offline` if we were in.
    fn drop_uplink(&mut self, how: Option<StreamAction>, why: &str) {
        let was_in = self.uplink.is_in();
        if let (Some(conn), Some(how)) = (self.uplink.conn(), how) {
            self.core.stream(conn, how);
        }
        self.uplink.state = State::Pausing;
        self.core.timers.cancel(&Alarm::Uplink);
        if was_in {
            let server = self.server_label();
            self.core.event(Event::Offline { server, why: why.to_owned() });
            self.people.forget_presence();
            self.lose_questions();
            self.lose_rendezvous();
            self.lose_mail();
            self.forget_outer();
        }
    }

    /// Tries the server's next address, or after a round of them pauses.
    fn come_back(&mut self, why: &str) {
        let Some(server) = &self.config.server else { return };
        self.uplink.turn += 1;
        if !self.uplink.turn.is_multiple_of(server.at.len().max(1)) {
            return self.dial_server();
        }
        let pause = self.uplink.pause_ms(&mut self.core);
        self.uplink.failures = self.uplink.failures.saturating_add(1);
        self.core.alarm(Alarm::Reconnect, pause, "sign in again");
        self.directory.note_unreachable(why);
    }

    pub(super) fn server_label(&self) -> String {
        self.config.server.as_ref().map(|server| server.label.clone()).unwrap_or_default()
    }
}

/// Why a connection is gone, in words.
pub(super) fn closed_words(cause: Cause) -> String {
    match cause {
        Cause::Ended => "the other side closed the connection".into(),
        Cause::Failed(kind) => kind.to_string(),
        Cause::AddressGone => "address gone".into(),
        Cause::Proxy(fault) => ["the proxy: ", &proxy_words(fault)].concat(),
    }
}

fn proxy_words(fault: ProxyFault) -> String {
    let words = match fault {
        ProxyFault::Away(kind) => return kind.to_string(),
        ProxyFault::Other(code) => return ["code ", &code.to_string()].concat(),
        ProxyFault::Ended => "closed the connection",
        ProxyFault::Garbage => "does not speak SOCKS5",
        ProxyFault::Login => "refused the login [--proxy socks5://USER:PASSWORD@HOST:PORT]",
        ProxyFault::General => "general failure",
        ProxyFault::NotAllowed => "does not allow that address",
        ProxyFault::NetworkUnreachable => "network unreachable",
        ProxyFault::HostUnreachable => "host unreachable",
        ProxyFault::Refused => "connection refused there",
        ProxyFault::Expired => "timed out there",
        ProxyFault::Unsupported => "cannot dial such an address",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Accept, Config, RunLimits};
    use super::*;
    use crate::proto::bytes::{Blob, Bytes};
    use crate::proto::crypto::keys::Identity;
    use crate::proto::crypto::rng::Rng;
    use crate::proto::id::SessionId;
    use crate::proto::model::record::Restored;
    use crate::proto::wire::client::Carry;

    /// A link to a server, and a client that has it.
    fn signed_in() -> Client {
        let mut rng = Rng::new([1; 32]);
        let (me, server) = (Identity::generate(&mut rng), Identity::generate(&mut rng));
        let mut link = Link::dial(&me, Purpose::Server, None, &mut rng);
        let mut other = Link::accept();
        while !link.is_open() {
            other.feed(&link.take_output().unwrap_or_default());
            while let Ok(Some(event)) = other.poll::<ToServer>() {
                if matches!(event, LinkEvent::Hello(_)) {
                    other.answer(&server, None, &mut rng);
                }
            }
            link.feed(&other.take_output().unwrap_or_default());
            while let Ok(Some(_)) = link.poll::<ToClient>() {}
        }
        let config = Config {
            name: None,
            server: None,
            is_proxied: false,
            paths: crate::proto::model::paths::Paths::ALL,
            is_passing: false,
            listen: None,
            locals: Vec::new(),
            gateway: None,
            accept: Accept::All,
            files: "/files".into(),
            transcriber: None,
            run_limits: RunLimits::default(),
        };
        let mut client = Client::restore(config, me, Restored::default(), [2; 32]);
        let outer = SocketAddr::from(([127, 0, 0, 1], 1));
        client.uplink.state = State::In { conn: ConnId(7), link: Box::new(link), outer };
        client
    }

    #[test]
    fn bulk_for_the_relay_waits_until_the_server_takes_what_was_said() {
        let mut client = signed_in();
        for _ in 0..limits::STREAM_AHEAD_BYTES / limits::CHUNK_BYTES {
            assert!(client.uplink.has_room());
            let bytes = Blob(vec![0; limits::CHUNK_BYTES]);
            client.uplink.say(Carry { session: SessionId(Bytes([3; 16])), bytes });
            client.uplink.flush(&mut client.core);
        }
        assert!(!client.uplink.has_room());
        // The first word is for what was said before it was asked for, the second for the rest.
        client.on_uplink(StreamEvent::Drained);
        client.on_uplink(StreamEvent::Drained);
        assert!(client.uplink.has_room());
    }
}
