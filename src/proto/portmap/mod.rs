//! A port of ours, open on the outside of the gateway: by PCP (RFC 6887), else NAT-PMP (RFC 6886),
//! else UPnP-IGD.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Knocking | begins, its time is up | Knocking; PCP, from the second time on NAT-PMP too |
//! | Knocking | everything is answered, one thing at least with yes | Held |
//! | Knocking | refused, or its time is up for the last time | Searching; a search |
//! | Searching | its time is up; the last time | Searching, a search; Over |
//! | Searching | where the gateway's description is | Talking; dial |
//! | Talking | an answer | Talking (see `igd`), Held, Over |
//! | Talking | no answer in time | Over |
//! | Held | half of the lease is over | Knocking or Talking, with what has answered |
//! | Knocking, Talking | no answer any more, what was held is not | Knocking, as if new |
//! | Over | a while after a refusal | Knocking |
//! | any | `give_back` | Knocking or Talking to take back what is held; then Over |
//!
//! What is held stays in use while it is renewed. Where nobody has answered nothing more is asked.

mod http;
mod igd;
mod knock;
mod nat_pmp;
mod pcp;
mod soap;
mod ssdp;
mod xml;

#[cfg(test)]
mod tests;

use self::igd::{Next, Talk};
use self::knock::{Knock, Speaks};
use self::soap::Service;
use super::limits;
use super::time::{Mono, Now};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The gateway, and our address on its inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its address.
    pub at: Ipv4Addr,
    /// Ours.
    pub ours: Ipv4Addr,
}

/// What is mapped.
#[derive(Clone, Debug)]
pub struct Wish {
    port: u16,
    transports: &'static [Transport],
    nonce: [u8; 12],
    /// Ports to ask for where ours is another's.
    others: [u16; 2],
    tag: String,
}

impl Wish {
    /// A port for TCP, and for UDP if `udp`. `nonce` is random; `tag` is what the gateway lists the
    /// mapping as, the same for this profile each time.
    pub fn new(port: u16, udp: bool, nonce: [u8; 12], tag: String) -> Wish {
        // Dynamic ports (RFC 6335, section 6).
        let other = |at: usize| u16::from_be_bytes([nonce[at] | 0xc0, nonce[at + 1]]);
        let transports: &[Transport] = match udp {
            true => &[Transport::Tcp, Transport::Udp],
            false => &[Transport::Tcp],
        };
        Wish { port, transports, nonce, others: [other(0), other(2)], tag }
    }
}

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    /// As IANA numbers it.
    fn number(self) -> u8 {
        match self {
            Transport::Tcp => 6,
            Transport::Udp => 17,
        }
    }

    fn of_number(number: u8) -> Option<Transport> {
        [Transport::Tcp, Transport::Udp].into_iter().find(|transport| transport.number() == number)
    }

    fn word(self) -> &'static str {
        match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        }
    }
}

/// A mapping that is asked for.
#[derive(Clone, Debug)]
struct Part {
    transport: Transport,
    /// The port outside that would be liked.
    wished: u16,
    answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Awaited,
    Mapped { port: u16, lease_s: u32 },
    Refused(&'static str),
}

/// What is to be done. There is one connection at a time.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Send a datagram from the port that is to be mapped.
    Datagram(SocketAddr, Vec<u8>),
    /// Dial.
    Dial(SocketAddr),
    /// Send over the connection.
    Send(Vec<u8>),
    /// Be done with the connection.
    HangUp,
}

/// A way that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Where.
    pub at: SocketAddr,
    /// What was spoken.
    pub by: &'static str,
    /// When it began.
    pub begun: Now,
    /// How long it took, once it is over.
    pub ms: Option<u64>,
    /// What came of it, in words.
    pub result: String,
}

/// The mapping of one port.
pub struct PortMap {
    gateway: Gateway,
    wish: Wish,
    state: State,
    /// Who holds mappings for us.
    by: Option<By>,
    /// Our ports outside.
    tcp: Option<SocketAddr>,
    udp: Option<SocketAddr>,
    /// For how long the gateway knew of its mappings, and when it said so.
    epoch: Option<(u32, Mono)>,
    /// What is under way takes mappings back.
    is_returning: bool,
    /// What is under way.
    trying: Option<Tried>,
    tried: VecDeque<Tried>,
    due: Option<Mono>,
    acts: VecDeque<Act>,
}

enum State {
    Knocking(Knock),
    Searching { tries: u32 },
    Talking(Box<Talking>),
    Held,
    Over,
}

/// A question over a connection.
struct Talking {
    talk: Talk,
    request: Vec<u8>,
    answer: Vec<u8>,
}

#[derive(Clone)]
enum By {
    Datagrams(Speaks),
    Igd(Service, u32),
}

impl PortMap {
    /// Begins to ask.
    pub fn new(now: Now, gateway: Gateway, wish: Wish) -> PortMap {
        let mut map = PortMap {
            gateway,
            wish,
            state: State::Over,
            by: None,
            tcp: None,
            udp: None,
            epoch: None,
            is_returning: false,
            trying: None,
            tried: VecDeque::new(),
            due: None,
            acts: VecDeque::new(),
        };
        map.begin(now);
        map
    }

    /// Our TCP port outside.
    pub fn tcp(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Our UDP port outside.
    pub fn udp(&self) -> Option<SocketAddr> {
        self.udp
    }

    /// The gateway.
    pub fn gateway(&self) -> Gateway {
        self.gateway
    }

    /// What was tried, oldest first.
    pub fn tried(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().chain(&self.trying)
    }

    /// When [`PortMap::on_due`] is.
    pub fn due(&self) -> Option<Mono> {
        self.due
    }

    /// Whether nothing is held, nor waited for.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// A datagram has come.
    pub fn on_datagram(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        match &mut self.state {
            State::Knocking(knock) if from == SocketAddr::from((self.gateway.at, PORT)) => {
                if knock.hear(bytes, &self.wish) {
                    self.knock(now);
                } else if knock.is_answered() {
                    self.end_knock(now);
                }
            }
            State::Searching { tries } => {
                // Others are asked after the gateway, and heard after it.
                let is_gateway = from.ip() == IpAddr::V4(self.gateway.at);
                if (is_gateway || *tries > PATIENCE)
                    && let Some(place) = ssdp::location(from, bytes)
                {
                    let talk = Talk::describe(place, self.parts());
                    self.talk(now, talk);
                }
            }
            State::Knocking(_) | State::Talking(_) | State::Held | State::Over => {}
        }
    }

    /// The connection is open.
    pub fn on_open(&mut self) {
        if let State::Talking(talking) = &mut self.state {
            self.acts.push_back(Act::Send(std::mem::take(&mut talking.request)));
        }
    }

    /// Bytes have come over it.
    pub fn on_bytes(&mut self, now: Now, bytes: &[u8]) {
        let State::Talking(talking) = &mut self.state else { return };
        talking.answer.extend_from_slice(bytes);
        if let Some(read) = http::read(&talking.answer, false) {
            self.acts.push_back(Act::HangUp);
            self.hear(now, read);
        }
    }

    /// It has ended, or there never was one; `why` not, where it failed.
    pub fn on_closed(&mut self, now: Now, why: Option<&str>) {
        let State::Talking(talking) = &mut self.state else { return };
        let answer = std::mem::take(&mut talking.answer);
        match (why, http::read(&answer, true)) {
            (None, Some(read)) => self.hear(now, read),
            (None, None) => self.hear(now, Err("the gateway's answer is cut short")),
            (Some(why), _) => self.hear(now, Err(why)),
        }
    }

    /// The time waited for has come.
    pub fn on_due(&mut self, now: Now) {
        self.due = None;
        let knocks = if self.is_returning { PATIENCE } else { limits::PORT_MAPPING_KNOCKS };
        match &self.state {
            State::Knocking(knock) if knock.tries < knocks => self.knock(now),
            State::Knocking(_) => self.end_knock(now),
            State::Searching { tries } if *tries < limits::PORT_MAPPING_SEARCHES => {
                self.search(now, *tries);
            }
            State::Searching { .. } => self.fail(now, "no answer"),
            State::Talking(_) => {
                self.acts.push_back(Act::HangUp);
                self.hear(now, Err("the gateway was too slow"));
            }
            State::Held => self.renew(now),
            State::Over => self.begin(now),
        }
    }

    /// Takes back what is held.
    pub fn give_back(&mut self, now: Now) {
        let by = match &self.state {
            State::Knocking(knock) => knock.speaks.map(By::Datagrams).or(self.by.take()),
            State::Talking(talking) => {
                self.acts.push_back(Act::HangUp);
                let talk = &talking.talk;
                talk.service().map(|service| By::Igd(service.clone(), 0)).or(self.by.take())
            }
            State::Searching { .. } | State::Held | State::Over => self.by.take(),
        };
        let mut parts = self.parts();
        // What was just mapped is not in use yet.
        if let State::Talking(talking) = &self.state {
            for part in &mut parts {
                let is_same = |other: &&Part| other.transport == part.transport;
                part.wished =
                    talking.talk.parts.iter().find(is_same).map_or(part.wished, |new| new.wished);
            }
        }
        (self.tcp, self.udp, self.trying, self.due) = (None, None, None, None);
        self.is_returning = true;
        match by {
            None => self.end(),
            Some(By::Datagrams(speaks)) => {
                self.state = State::Knocking(Knock::new(Some(speaks), parts, 0));
                self.knock(now);
            }
            Some(By::Igd(service, _)) => self.talk(now, Talk::unmap(service, parts)),
        }
    }

    fn begin(&mut self, now: Now) {
        self.try_by(now, "PCP, NAT-PMP");
        let parts = self.parts();
        self.state = State::Knocking(Knock::new(None, parts, limits::PORT_MAPPING_LEASE_S));
        self.knock(now);
    }

    /// What is to be asked for: the port that we have outside, or our own.
    fn parts(&self) -> Vec<Part> {
        let part = |transport: &Transport| {
            let outer = match transport {
                Transport::Tcp => self.tcp,
                Transport::Udp => self.udp,
            };
            let wished = outer.map_or(self.wish.port, |outer| outer.port());
            Part { transport: *transport, wished, answer: Answer::Awaited }
        };
        self.wish.transports.iter().map(part).collect()
    }

    fn knock(&mut self, now: Now) {
        let State::Knocking(knock) = &mut self.state else { return };
        let to = SocketAddr::from((self.gateway.at, PORT));
        for datagram in knock.ask(self.gateway, &self.wish) {
            self.acts.push_back(Act::Datagram(to, datagram));
        }
        let pause_ms = limits::PORT_MAPPING_ASK_MS << (knock.tries - 1);
        self.due = Some(now.mono.after_ms(pause_ms));
        if let (Some(speaks), Some(trying)) = (knock.speaks, &mut self.trying) {
            trying.by = speaks.word();
        }
    }

    fn end_knock(&mut self, now: Now) {
        let State::Knocking(knock) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let Some(speaks) = knock.speaks else { return self.fail(now, "no answer") };
        if let Some(trying) = &mut self.trying {
            trying.by = speaks.word();
        }
        let epoch = knock.epoch_s.map(|epoch_s| (epoch_s, now.mono));
        self.settle(now, By::Datagrams(speaks), knock.outer, &knock.parts, epoch);
    }

    fn search(&mut self, now: Now, tries: u32) {
        let everybody = (tries >= PATIENCE).then_some(ssdp::EVERYBODY);
        for to in [Some(self.gateway.at), everybody].into_iter().flatten() {
            let to = SocketAddr::from((to, ssdp::PORT));
            self.acts.push_back(Act::Datagram(to, ssdp::SEARCH.to_vec()));
        }
        self.state = State::Searching { tries: tries + 1 };
        self.due = Some(now.mono.after_ms(limits::PORT_MAPPING_ASK_MS << tries));
    }

    /// Begins a conversation, or asks its next question.
    fn talk(&mut self, now: Now, talk: Talk) {
        let Some((to, request)) = talk.question(self.gateway, &self.wish) else {
            return self.fail(now, "no answer");
        };
        self.acts.push_back(Act::Dial(to));
        self.due = Some(now.mono.after_ms(limits::PORT_MAPPING_TALK_MS));
        self.state = State::Talking(Box::new(Talking { talk, request, answer: Vec::new() }));
    }

    fn hear(&mut self, now: Now, read: Result<http::Answer, &str>) {
        let State::Talking(talking) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let mut talk = talking.talk;
        match talk.hear(read, self.gateway, &self.wish) {
            Next::Ask => self.talk(now, talk),
            Next::Failed(why) => self.fail(now, &why),
            Next::Done => match talk.service().cloned() {
                Some(service) => {
                    let by = By::Igd(service, talk.lease_s);
                    self.settle(now, by, talk.outer, &talk.parts, None);
                }
                None => self.fail(now, "no answer"),
            },
        }
    }

    fn renew(&mut self, now: Now) {
        let parts = self.parts();
        match self.by.clone() {
            None => self.begin(now),
            Some(By::Datagrams(speaks)) => {
                self.try_by(now, speaks.word());
                let lease_s = limits::PORT_MAPPING_LEASE_S;
                self.state = State::Knocking(Knock::new(Some(speaks), parts, lease_s));
                self.knock(now);
            }
            Some(By::Igd(service, lease_s)) => {
                self.try_by(now, UPNP);
                self.talk(now, Talk::renew(service, parts, lease_s));
            }
        }
    }

    /// Everything was answered, or will not be.
    fn settle(
        &mut self,
        now: Now,
        by: By,
        outer: Option<Ipv4Addr>,
        parts: &[Part],
        epoch: Option<(u32, Mono)>,
    ) {
        if self.is_returning {
            return self.end();
        }
        let mapped = |transport| {
            let part = parts.iter().find(|part: &&Part| part.transport == transport)?;
            let Answer::Mapped { port, .. } = part.answer else { return None };
            let outer = outer.filter(|outer| is_usable(*outer) && port != 0)?;
            Some(SocketAddr::from((outer, port)))
        };
        let (tcp, udp) = (mapped(Transport::Tcp), mapped(Transport::Udp));
        if tcp.is_none() && udp.is_none() {
            return self.fail(now, refusal(parts));
        }
        let has_restarted = self.epoch.zip(epoch).is_some_and(|(old, new)| is_new_life(old, new));
        self.epoch = epoch;
        (self.by, self.tcp, self.udp) = (Some(by), tcp, udp);
        let leases = parts.iter().filter_map(|part| match part.answer {
            Answer::Mapped { lease_s, .. } => Some(lease_s),
            Answer::Awaited | Answer::Refused(_) => None,
        });
        // For ever is as long as we ask for: the gateway may forget it when it restarts.
        let lease_s = leases.filter(|lease_s| *lease_s > 0).min();
        let lease_ms = u64::from(lease_s.unwrap_or(limits::PORT_MAPPING_LEASE_S)) * 1_000;
        let half =
            (lease_ms / 2).clamp(limits::PORT_MAPPING_RENEW_MS, limits::PORT_MAPPING_LONG_MS);
        self.state = State::Held;
        self.due = Some(now.mono.after_ms(half));
        let result = words(tcp, udp, parts, has_restarted);
        self.end_try(now, &result);
    }

    /// A way leads nowhere: the next, or none.
    fn fail(&mut self, now: Now, why: &str) {
        if self.is_returning {
            return self.end();
        }
        let is_answered = why != "no answer";
        let was_knock = self.trying.as_ref().is_some_and(|trying| trying.by != UPNP);
        self.end_try(now, why);
        (self.state, self.due) = (State::Over, None);
        if self.by.take().is_some() {
            (self.tcp, self.udp, self.epoch) = (None, None, None);
            self.begin(now);
        } else if was_knock {
            self.try_by(now, UPNP);
            self.search(now, 0);
        } else if is_answered {
            self.due = Some(now.mono.after_ms(limits::PORT_MAPPING_AGAIN_MS));
        }
    }

    fn end(&mut self) {
        (self.state, self.due, self.by) = (State::Over, None, None);
    }

    fn try_by(&mut self, now: Now, by: &'static str) {
        let result = "still trying".to_owned();
        let port = if by == UPNP { ssdp::PORT } else { PORT };
        let at = SocketAddr::from((self.gateway.at, port));
        self.trying = Some(Tried { at, by, begun: now, ms: None, result });
    }

    /// What came of a try. What is the same as the last time is not told again.
    fn end_try(&mut self, now: Now, result: &str) {
        let Some(mut tried) = self.trying.take() else { return };
        tried.ms = Some(now.mono.since_ms(tried.begun.mono));
        tried.result = result.to_owned();
        let last = self.tried.iter().rev().find(|last| last.by == tried.by);
        if last.is_some_and(|last| last.result == tried.result) {
            return;
        }
        if self.tried.len() == limits::PORT_MAPPING_TRIED {
            self.tried.pop_front();
        }
        self.tried.push_back(tried);
    }
}

/// Whether a datagram is an answer to what a gateway, or whoever is one, is asked.
pub fn is_answer(gateway: Gateway, from: SocketAddr, bytes: &[u8]) -> bool {
    from == SocketAddr::from((gateway.at, PORT)) || bytes.starts_with(b"HTTP/")
}

/// Whether an address can be one of a gateway's outside.
fn is_usable(address: Ipv4Addr) -> bool {
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_broadcast())
}

/// Whether an address is on the inside of some gateway (RFC 1918, RFC 6598, RFC 3927).
pub fn is_inside(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && second & 0xc0 == 64;
    address.is_private() || address.is_link_local() || is_shared
}

/// Whether a gateway has forgotten its mappings between two answers (RFC 6887, section 8.5).
fn is_new_life((old_s, then): (u32, Mono), (new_s, now): (u32, Mono)) -> bool {
    let (old_s, new_s) = (u64::from(old_s), u64::from(new_s));
    let ours_s = now.since_ms(then) / 1_000;
    let Some(theirs_s) = (new_s + 1).checked_sub(old_s) else { return true };
    ours_s + 2 < theirs_s - theirs_s / 16 || theirs_s + 2 < ours_s - ours_s / 16
}

/// Why nothing is mapped.
fn refusal(parts: &[Part]) -> &'static str {
    let refused = parts.iter().find_map(|part| match part.answer {
        Answer::Refused(why) => Some(why),
        Answer::Awaited | Answer::Mapped { .. } => None,
    });
    refused.unwrap_or("the gateway has no address outside")
}

fn words(
    tcp: Option<SocketAddr>,
    udp: Option<SocketAddr>,
    parts: &[Part],
    has_restarted: bool,
) -> String {
    let mut words = String::from("mapped");
    for part in parts {
        let outer = match part.transport {
            Transport::Tcp => tcp,
            Transport::Udp => udp,
        };
        words.push_str(if outer.is_some() { ", " } else { ", not " });
        words.push_str(part.transport.word());
        if let Some(outer) = outer {
            words.push(' ');
            words.push_str(&outer.to_string());
        }
    }
    if tcp.or(udp).is_some_and(|outer| is_behind_another(outer.ip())) {
        words.push_str("; there is another gateway outside");
    }
    if has_restarted {
        words.push_str("; the gateway had restarted");
    }
    words
}

/// Whether our address outside is on the inside of another gateway.
pub fn is_behind_another(outer: IpAddr) -> bool {
    matches!(outer, IpAddr::V4(outer) if is_inside(outer))
}

/// The port of PCP and NAT-PMP (RFC 6887, section 19.1).
const PORT: u16 = 5351;
/// Questions that go to the gateway alone, and that give a mapping back.
const PATIENCE: u32 = 2;
const UPNP: &str = "UPnP";
