//! Mail in: envelopes that the server held, and the prekeys that they are sealed to.

use super::Client;
use super::core::Alarm;
use crate::proto::crypto::{mail, prekey};
use crate::proto::limits;
use crate::proto::model::group::Unheard;
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::prekey::{PrekeyKind, PrekeySecret};
use crate::proto::model::record::{Query, Record};
use crate::proto::table::Table;
use crate::proto::time::Wall;
use crate::proto::wire::client::{Publish, Taken};
use crate::proto::wire::mail::Packet;
use crate::proto::wire::server::{Mail, Welcome};
use std::collections::BTreeSet;

const DAY_MS: u64 = 86_400_000;

/// Our prekeys, and how long mail of ours is held.
pub(super) struct Mailbox {
    secrets: Table<(PrekeyKind, u32), PrekeySecret>,
    hold_days: u32,
    /// Whether anything of ours may be held somewhere.
    is_held: bool,
    /// Senders who were told that mail of theirs could not be opened, since we signed in.
    told: BTreeSet<Fingerprint>,
    /// Mail has come since the server was asked whether that was all.
    has_come: bool,
    /// What was held when the program started has come.
    is_collected: bool,
    /// Whether all prekeys were made anew since we signed in.
    is_renewed: bool,
}

impl Mailbox {
    pub fn restore(prekeys: Vec<PrekeySecret>, oldest_held: Option<Wall>) -> Mailbox {
        let secrets = prekeys.into_iter().map(|secret| ((secret.kind, secret.id), secret));
        Mailbox {
            secrets: secrets.into_iter().collect(),
            hold_days: 0,
            is_held: oldest_held.is_some(),
            told: BTreeSet::new(),
            has_come: false,
            is_collected: false,
            is_renewed: false,
        }
    }

    /// Whether what was held when the program started has come.
    pub fn is_collected(&self) -> bool {
        self.is_collected
    }

    fn latest_weekly(&self) -> Option<Wall> {
        let weekly = self.secrets.values().filter(|secret| secret.kind == PrekeyKind::Weekly);
        weekly.map(|secret| secret.made).max()
    }
}

impl Client {
    /// Signed in: what the server knows of our prekeys is made whole.
    pub(super) fn mind_mail(&mut self, welcome: &Welcome) {
        self.mailbox.hold_days = welcome.hold_days;
        self.mailbox.told.clear();
        self.mailbox.is_renewed = false;
        self.core.keep(Record::Epoch(welcome.epoch));
        self.forget_old_prekeys();
        let now = self.core.now.wall;
        let ours = self.mailbox.latest_weekly();
        // A server with another weekly key than ours has keys of a profile that was put back to an
        // older state, or none: all are made anew.
        let is_other = ours.is_none() || welcome.weekly != ours;
        let is_old = ours.is_some_and(|made| now.0 - made.0 > limits::PREKEY_WEEK_MS);
        let mut kinds = Vec::new();
        if is_other || is_old {
            kinds.push(PrekeyKind::Weekly);
        }
        let left = if is_other { 0 } else { welcome.keys_left };
        if left < limits::PREKEYS_FEW {
            let wanted = limits::PREKEYS as u32 - left.min(limits::PREKEYS as u32);
            kinds.extend((0..wanted).map(|_| PrekeyKind::Once));
        }
        self.publish(kinds, is_other);
        // Who is never here for a day hears of it at a sign-in.
        if self.mailbox.is_held {
            self.on_expiry();
        }
        if !self.mailbox.is_collected {
            self.core.alarm(Alarm::Collecting, limits::COLLECTING_MS, "mail that was held");
        }
        self.set_mark();
    }

    /// Everything that the server had sent has come; with mail among it, there may be more.
    pub(super) fn on_mark(&mut self) {
        match std::mem::take(&mut self.mailbox.has_come) {
            true => self.set_mark(),
            false => self.end_collecting(),
        }
    }

    pub(super) fn end_collecting(&mut self) {
        self.mailbox.is_collected = true;
        self.core.timers.cancel(&Alarm::Collecting);
        self.take_up_all();
    }

    pub(super) fn on_mail(&mut self, mail: Mail) {
        self.mailbox.has_come = true;
        match self.open_envelope(&mail.envelope.0) {
            Some((from, packet)) => self.on_packet(from, &mail, packet),
            None => self.on_unopened(&mail),
        }
        self.uplink.say(Taken { up_to: mail.number });
    }

    /// Something of ours is held: should it be so too long, it is expired. What is held already
    /// waits no longer for that.
    pub(super) fn mind_expiry(&mut self) {
        if !std::mem::replace(&mut self.mailbox.is_held, true) {
            self.core.alarm(Alarm::Expiry, DAY_MS, "mail held too long");
        }
    }

    /// Nothing of ours is held anywhere.
    pub(super) fn forget_expiry(&mut self) {
        self.mailbox.is_held = false;
        self.core.timers.cancel(&Alarm::Expiry);
    }

    pub(super) fn on_expiry(&mut self) {
        let days = i64::from(self.mailbox.hold_days.max(1));
        let before = Wall(self.core.now.wall.0 - (days + 1) * DAY_MS as i64);
        self.core.keep(Record::Expire(before));
        for who in self.outbox.everybody() {
            self.core.query(Query::Waits(who));
        }
        self.core.alarm(Alarm::Expiry, DAY_MS, "mail held too long");
    }

    fn publish(&mut self, kinds: Vec<PrekeyKind>, replaces: bool) {
        if kinds.is_empty() {
            return;
        }
        let made = self.core.now.wall;
        let mut secrets = Vec::new();
        let mut keys = Vec::new();
        for kind in kinds {
            let id = u32::from_be_bytes(self.core.rng.bytes());
            let (secret, key) = prekey::make(&self.me, kind, id, made, &mut self.core.rng);
            self.mailbox.secrets.insert((kind, id), secret.clone());
            secrets.push(secret);
            keys.push(key);
        }
        self.core.keep(Record::Prekeys(secrets));
        self.uplink.say(Publish { keys, replaces });
    }

    /// Whether an envelope is sealed to a prekey that is not among ours.
    fn is_lost(&self, envelope: &[u8]) -> bool {
        mail::header(envelope).is_some_and(|(kind, id)| {
            kind != PrekeyKind::Static && !self.mailbox.secrets.contains_key(&(kind, id))
        })
    }

    /// The server gives out keys that a later state of this profile made: none of them opens, so
    /// all are replaced, once a sign-in.
    fn renew_prekeys(&mut self) {
        if !std::mem::replace(&mut self.mailbox.is_renewed, true) {
            let once = std::iter::repeat_n(PrekeyKind::Once, limits::PREKEYS);
            self.publish(std::iter::once(PrekeyKind::Weekly).chain(once).collect(), true);
        }
    }

    fn forget_old_prekeys(&mut self) {
        let now = self.core.now.wall.0;
        let is_over = |secret: &PrekeySecret| match secret.kind {
            PrekeyKind::Once => {
                secret.used.is_some_and(|used| now - used.0 > limits::PREKEY_USED_MS)
            }
            PrekeyKind::Weekly => now - secret.made.0 > limits::PREKEY_OLD_MS,
            PrekeyKind::Static => true,
        };
        let over: Vec<(PrekeyKind, u32)> = (self.mailbox.secrets.iter())
            .filter(|(_, secret)| is_over(secret))
            .map(|(key, _)| *key)
            .collect();
        for (kind, id) in over {
            self.mailbox.secrets.remove(&(kind, id));
            self.core.keep(Record::PrekeyGone(id));
        }
    }

    fn open_envelope(&mut self, envelope: &[u8]) -> Option<(mail::Opened, Packet)> {
        let (kind, id) = mail::header(envelope)?;
        let secret = match kind {
            PrekeyKind::Static => None,
            PrekeyKind::Once | PrekeyKind::Weekly => {
                Some(self.mailbox.secrets.get(&(kind, id))?.secret.0)
            }
        };
        let is_known = |who, identity: &_| self.is_known(who, identity);
        let opened = mail::open(&self.me, secret.as_ref(), envelope, &is_known)?;
        let packet = Packet::decode(&opened.plaintext).ok()?;
        if kind == PrekeyKind::Once
            && let Some(secret) = self.mailbox.secrets.get_mut(&(kind, id))
            && secret.used.is_none()
        {
            secret.used = Some(self.core.now.wall);
            self.core.keep(Record::PrekeyUsed(id));
        }
        Some((opened, packet))
    }

    fn on_packet(&mut self, opened: mail::Opened, mail: &Mail, packet: Packet) {
        let from = opened.fingerprint;
        if self.people.is_blocked(from) || from == self.me.fingerprint() {
            return;
        }
        // The server vouches for names; what an envelope claims counts only where they agree.
        let vouched = mail.name.clone().filter(|_| mail.from == from);
        let Some(person) = self.people.claim(&opened.from, vouched) else { return };
        if packet.is_unopened {
            self.core.keep(Record::Requeue(from));
            self.outbox.expect(from);
            self.send_on(from);
        }
        self.on_got(from, packet.got);
        if packet.letters.is_empty() {
            return;
        }
        self.know(person);
        // They are there, and know by now by which tokens they are reached.
        self.postage.take_heart(from);
        let mut ids = Vec::new();
        for written in packet.letters {
            let Some(letter) = Letter::read(&written) else { continue };
            ids.push(letter.id);
            self.on_letter(from, letter);
        }
        self.owe(from, ids);
    }

    /// A letter has come, by whatever way.
    pub(super) fn on_letter(&mut self, from: Fingerprint, letter: Letter) {
        let Letter { id, sent, body } = letter;
        match body {
            Body::Text(text) if text.len() <= limits::TEXT_MAX_BYTES => {
                self.core.keep(Record::Incoming { id, from, text, sent });
            }
            Body::Text(_) => {}
            Body::Talk(talk) => self.on_talk(from, Unheard { id, from, sent, talk }),
            body => self.on_note(from, Letter { id, sent, body }),
        }
    }

    /// Mail that no key of ours opens: a profile put back to an older state has lost the key. The
    /// sender still has the letters; they are asked to send them again, once a sign-in.
    fn on_unopened(&mut self, mail: &Mail) {
        log::debug!("mail {} cannot be opened", mail.number);
        if self.is_lost(&mail.envelope.0) {
            self.renew_prekeys();
        }
        if self.people.by_key(mail.from).is_some() && self.mailbox.told.insert(mail.from) {
            self.ask_again_of(mail.from);
        }
    }
}
