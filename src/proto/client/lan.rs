//! The local network, where there is no server: who we are is said there, and heard of others.
//!
//! A beacon ([`crate::proto::wire::lan`]) says who speaks, signed, and at which port they listen.
//!
//! | we are | input | next, output |
//! |---|---|---|
//! | Coming | the listener is open | Open; public: a question to everybody |
//! | Coming | the listener cannot be opened | Off |
//! | Open | somebody's beacon | they are near; whoever waits for them is served |
//! | Open | their farewell, or no answer to our question | they are away |
//! | Open | a question, while public | an answer, to whoever asked, within [`limits::ANSWER_MS`] |
//! | Open | `public`, another network | a question to everybody |
//! | Open | `private` | a farewell |
//! | Open | `offline`, the end | Off; public: a farewell |
//! | Off | `online` | Open, as above |
//!
//! Nothing is said without a cause, so that an idle network is silent. Who is private says nothing
//! at all: they know only of those who have spoken since they came, and are dialled by nobody.
//!
//! What a beacon proves is its signer's key, and nothing else. A name is a claim. The address is
//! where the datagram came from, and who is there has to prove the same key when dialled; so a
//! beacon that is said again by somebody else leads to a wrong door at most, behind which nobody
//! gets an answer. Of two beacons of the same key the later counts, so that not even that happens
//! while its owner is heard; but a clock may be put back, so an earlier question is answered, and
//! an earlier answer counts where there is no other. Beacons are public: whom we have blocked can
//! hear them as everybody can, and is refused at the door; theirs are passed over.

use super::Client;
use super::asking::Asking;
use super::core::Alarm;
use super::near::Nearby;
use super::people::Seen;
use crate::proto::crypto::{beacon, keys};
use crate::proto::limits;
use crate::proto::machine::LanAction;
use crate::proto::model::account::Visibility;
use crate::proto::model::event::Event;
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::time::{Mono, Wall};
use crate::proto::wire::lan::{self, Beacon};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

/// What we say and hear on the local network.
pub(super) struct Lan {
    state: State,
    /// Others may know that we are here.
    has_spoken: bool,
    pub near: Nearby,
    /// What was asked there and has no answer yet.
    pub asking: Asking,
    /// Whom to answer, and when; the first is the next.
    answers: VecDeque<(Mono, SocketAddr)>,
    /// When we spoke last.
    spoke: Wall,
    /// The second in which beacons are counted, and how many of it were checked.
    checked: (u64, u32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Off,
    Coming,
    Open,
}

impl Lan {
    pub fn new(is_wanted: bool) -> Lan {
        Lan {
            state: if is_wanted { State::Coming } else { State::Off },
            has_spoken: false,
            near: Nearby::default(),
            asking: Asking::default(),
            answers: VecDeque::new(),
            spoke: Wall(0),
            checked: (0, 0),
        }
    }

    /// Whether we find others there.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether that is about to be so.
    pub fn is_coming(&self) -> bool {
        self.state == State::Coming
    }

    /// The listener cannot be opened.
    pub fn fail(&mut self) {
        self.state = State::Off;
    }

    /// Whether one more signature may be checked.
    fn may_check(&mut self, now: Mono) -> bool {
        let second = now.0 / 1000;
        if self.checked.0 != second {
            self.checked = (second, 0);
        }
        self.checked.1 += 1;
        self.checked.1 <= limits::BEACONS_PER_S
    }
}

impl Client {
    /// The listener is open.
    pub(super) fn join_lan(&mut self) {
        let is_wanted = self.config.server.is_none() && !self.config.is_proxied;
        let Some(at) = self.listener.at().filter(|_| is_wanted) else { return };
        self.lan.state = State::Open;
        self.core.lan(LanAction::Open(at.ip()));
        if !self.config.is_passing {
            self.look_around();
        }
    }

    /// There are other networks than before.
    pub(super) fn join_lan_anew(&mut self) {
        if self.lan.is_open() {
            self.join_lan();
        }
    }

    /// Where no server says what we are called, the user does, once.
    pub(super) fn remember_name(&mut self) {
        let is_ours_to_say = self.config.server.is_none() && self.address().is_none();
        let said = self.config.name.clone().filter(|_| is_ours_to_say);
        let is_new = |said: &Name| self.account.as_ref().is_none_or(|(name, _)| name != said);
        if let Some(name) = said.filter(is_new) {
            self.core.keep(Record::Me(name.clone(), Ipv4Addr::UNSPECIFIED));
            self.account = Some((name, Ipv4Addr::UNSPECIFIED));
        }
    }

    /// Our virtual address, if a server ever gave us one.
    pub(super) fn address(&self) -> Option<Ipv4Addr> {
        let address = self.account.as_ref().map(|(_, address)| *address);
        address.filter(|address| !address.is_unspecified())
    }

    /// Nobody is to find us any more.
    pub(super) fn leave_lan(&mut self) {
        if !self.lan.is_open() {
            return;
        }
        self.say_farewell();
        self.core.lan(LanAction::Close);
        self.lan.state = State::Off;
        self.lan.near.clear();
        self.end_asking(&Refusal::NotSignedIn);
    }

    /// What strangers may know of us has changed.
    pub(super) fn show_on_lan(&mut self, before: Visibility) {
        match (before, self.is_public()) {
            (Visibility::Private, true) if !self.config.is_passing => self.look_around(),
            (Visibility::Public, false) => {
                // It was said while we were public.
                self.visibility = Some(Visibility::Public);
                self.say_farewell();
                self.visibility = Some(Visibility::Private);
            }
            (Visibility::Private, _) | (Visibility::Public, true) => {}
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.visibility != Some(Visibility::Private)
    }

    pub(super) fn on_lan(&mut self, from: SocketAddr, bytes: &[u8]) {
        let Ok((said, signed, signature)) = lan::decode(bytes) else { return };
        if !self.lan.is_open() || said.identity == *self.me.public() || said.port == 0 {
            return;
        }
        let who = keys::fingerprint(&said.identity);
        let is_late = self.lan.near.is_late(who, &said);
        let is_heeded = !is_late || said.kind == Beacon::ASK || self.is_awaited(who, &said);
        let is_blocked = self.people.is_blocked(who);
        if is_blocked || !is_heeded || !self.lan.may_check(self.core.now.mono) {
            return;
        }
        let is_known = self.is_known(who, &said.identity)
            || self.lan.near.by_key(who).is_some_and(|near| near.identity == said.identity);
        let is_bound = is_known || keys::verify(&said.identity).is_some();
        if !is_bound || !beacon::is_signed(&said.identity, &signed, &signature) {
            return log::debug!("a beacon from {from} is forged");
        }
        match said.kind {
            // Somebody else says it again, or their clock was put back: who hears the answer knows.
            Beacon::ASK if is_late => self.plan_answer(who, from),
            Beacon::HELLO | Beacon::ASK | Beacon::ANSWER => self.on_near(who, said, from),
            Beacon::BYE => self.on_far(who),
            _ => {}
        }
    }

    /// Answers whose time has come.
    pub(super) fn on_answers_due(&mut self) {
        let now = self.core.now.mono;
        while let Some((_, to)) = self.lan.answers.front().copied().filter(|(due, _)| *due <= now) {
            self.lan.answers.pop_front();
            self.say_beacon(Beacon::ANSWER, Some(to));
        }
        self.mind_answers();
    }

    /// Says who and where we are, unless that is nobody's business.
    pub(super) fn say_beacon(&mut self, kind: u8, to: Option<SocketAddr>) {
        let Some(at) = self.listener.at().filter(|_| self.lan.is_open() && self.is_public()) else {
            return;
        };
        self.lan.has_spoken = kind != Beacon::BYE;
        // Later than before, though the clock may have been put back.
        self.lan.spoke = Wall(self.core.now.wall.0.max(self.lan.spoke.0 + 1));
        let mut groups = self.led_in_public();
        groups.truncate(limits::BEACON_GROUPS);
        let said = Beacon {
            kind,
            identity: *self.me.public(),
            name: self.my_name(),
            port: at.port(),
            sent: self.lan.spoke,
            groups,
        };
        let signed = said.to_bytes();
        let bytes = lan::encode(&signed, &beacon::sign(&self.me, &signed));
        self.core.lan(LanAction::Send { to, bytes });
    }

    /// Somebody is not near any more, or was never.
    pub(super) fn on_far(&mut self, who: Fingerprint) {
        if self.lan.near.forget(who) {
            self.say_presence(who, false);
        }
    }

    /// People who are near have become known to us.
    pub(super) fn greet_near(&mut self) {
        let near: Vec<Fingerprint> = self.lan.near.iter().map(|(who, _)| who).collect();
        for who in near {
            if self.people.seen(who).is_none() {
                self.say_presence(who, true);
            }
        }
    }

    fn on_near(&mut self, who: Fingerprint, said: Beacon, from: SocketAddr) {
        if self.lan.near.is_late(who, &said) {
            self.lan.near.forget(who);
        }
        let is_new = self.lan.near.by_key(who).is_none();
        if is_new && !self.make_room(who) {
            return;
        }
        let (now, is_question) = (self.core.now, said.kind == Beacon::ASK);
        let mut at = from;
        at.set_port(said.port);
        // Who asks may ask for us: what failed before is tried again, though not at every question.
        let is_hopeful = is_question && self.lan.near.is_rested(now.mono, who);
        if (self.lan.near.hear(now, who, said, at) && is_new) || is_hopeful {
            self.postage.take_heart(who);
        }
        self.people.set_changed(who, false);
        if is_question {
            self.plan_answer(who, from);
        }
        self.say_presence(who, true);
        if is_new || is_hopeful {
            self.send_on(who);
        }
        self.end_wishes_for(who);
    }

    /// For somebody new: a place, which a stranger is not given in a friend's stead.
    fn make_room(&mut self, who: Fingerprint) -> bool {
        let is_friend = self.people.is_friend(who);
        let may_go = |other| is_friend || !self.people.is_friend(other);
        match self.lan.near.make_room(may_go) {
            Ok(Some(other)) => self.on_far(other),
            Ok(None) => {}
            Err(()) => return false,
        }
        true
    }

    /// Of somebody we know: whether they are there.
    pub(super) fn say_presence(&mut self, who: Fingerprint, online: bool) {
        let Some(person) = self.people.by_key(who) else { return };
        let name = person.label();
        let (last, told) = (self.core.now.wall, self.core.now.mono);
        if self.people.saw(who, Seen { online, last, told }) {
            self.core.event(Event::Presence { name, online, seen: Some(last) });
        }
    }

    fn plan_answer(&mut self, who: Fingerprint, to: SocketAddr) {
        let now = self.core.now.mono;
        let may_answer = self.is_public() && self.lan.answers.len() < limits::ANSWERS;
        if !may_answer || !self.lan.near.may_answer(now, who) {
            return;
        }
        let due = now.after_ms(self.core.rng.below(limits::ANSWER_MS));
        let place = self.lan.answers.partition_point(|(other, _)| *other <= due);
        self.lan.answers.insert(place, (due, to));
        self.mind_answers();
    }

    fn mind_answers(&mut self) {
        let now = self.core.now.mono;
        if let Some((due, _)) = self.lan.answers.front() {
            let wait = due.since_ms(now);
            self.core.alarm(Alarm::Answers, wait, "an answer on the local network");
        }
    }

    fn say_farewell(&mut self) {
        if self.lan.has_spoken {
            self.say_beacon(Beacon::BYE, None);
        }
        self.lan.answers.clear();
        self.core.timers.cancel(&Alarm::Answers);
    }
}
