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
mod tried;
mod wish;
mod xml;

#[cfg(test)]
mod tests;

pub use self::tried::Tried;
pub use self::wish::{Wish, is_behind_another, is_inside};

use self::igd::{Next, Talk};
use self::knock::{Knock, Speaks};
use self::soap::Service;
use self::tried::Trail;
use self::wish::{Answer, Part, Transport, is_usable};
use super::limits;
use super::machine::Gateway;
use super::time::{Mono, Now};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
    trail: Trail,
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
            trail: Trail::default(),
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
        self.trail.all()
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
        (self.tcp, self.udp, self.due) = (None, None, None);
        self.trail.drop();
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
    }

    fn end_knock(&mut self, now: Now) {
        let State::Knocking(knock) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let Some(speaks) = knock.speaks else { return self.fail(now, "no answer") };
        self.trail.learn(speaks.word());
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
            return self.fail(now, tried::refusal(parts));
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
        self.trail.end(now, tried::words(tcp, udp, parts, has_restarted));
    }

    /// A way leads nowhere: the next, or none.
    fn fail(&mut self, now: Now, why: &str) {
        if self.is_returning {
            return self.end();
        }
        let is_answered = why != "no answer";
        let was_knock = self.trail.by() != Some(UPNP);
        self.trail.end(now, why.to_owned());
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

    fn try_by(&mut self, now: Now, by: &'static str) {
        let port = if by == UPNP { ssdp::PORT } else { PORT };
        self.trail.begin(now, SocketAddr::from((self.gateway.at, port)), by);
    }

    fn end(&mut self) {
        (self.state, self.due, self.by) = (State::Over, None, None);
    }
}

/// Whether a datagram is an answer to what a gateway, or whoever is one, is asked.
pub fn is_answer(gateway: Gateway, from: SocketAddr, bytes: &[u8]) -> bool {
    from == SocketAddr::from((gateway.at, PORT)) || bytes.starts_with(b"HTTP/")
}

/// Whether a gateway has forgotten its mappings between two answers (RFC 6887, section 8.5).
fn is_new_life((old_s, then): (u32, Mono), (new_s, now): (u32, Mono)) -> bool {
    let (old_s, new_s) = (u64::from(old_s), u64::from(new_s));
    let ours_s = now.since_ms(then) / 1_000;
    let Some(theirs_s) = (new_s + 1).checked_sub(old_s) else { return true };
    ours_s + 2 < theirs_s - theirs_s / 16 || theirs_s + 2 < ours_s - ours_s / 16
}

/// The port of PCP and NAT-PMP (RFC 6887, section 19.1).
const PORT: u16 = 5351;
/// Questions that go to the gateway alone, and that give a mapping back.
const PATIENCE: u32 = 2;
const UPNP: &str = "UPnP";
