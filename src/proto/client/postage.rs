//! Mail out: letters for somebody with whom no session is open, sealed and left at the server.
//!
//! For each person one envelope at a time:
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | letters or words of receipt wait, and mail is the way | Reading; the store is asked |
//! | Reading | the store's page | Keying; `WantKey` |
//! | Keying | `Key` | Leaving; sealed, `Deposit` |
//! | Leaving | `Deposited` Held | –, or Reading if more waits; receipt `held` |
//! | Keying, Leaving | unknown, full, over budget | Pausing, longer each time |
//! | Pausing | its deadline, or the person or we come online | as from – |
//! | any | a session opens | –; the session takes it from there |
//! | any | the link to the server is gone | – |

use super::Client;
use super::core::Alarm;
use super::wishes::Wish;
use crate::proto::crypto::mail::{self, Sealing};
use crate::proto::gather;
use crate::proto::id::{MsgId, ReqId};
use crate::proto::limits;
use crate::proto::model::account::Visibility;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::letter::{Body, Letter};
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::prekey::PrekeyKind;
use crate::proto::model::record::{Query, Record};
use crate::proto::table::Table;
use crate::proto::wire::client::{Deposit, WantKey};
use crate::proto::wire::mail::Packet;
use crate::proto::wire::peer::Got;
use crate::proto::wire::server::{Deposited, Key, Outcome};
use std::collections::BTreeSet;

/// Mail on its way out.
#[derive(Default)]
pub(super) struct Postage {
    by_person: Table<Fingerprint, State>,
    questions: Table<ReqId, Fingerprint>,
    /// Who waits for a place among [`limits::MAIL_AT_ONCE`].
    next: BTreeSet<Fingerprint>,
    /// Failures in a row, for the pause.
    failures: Table<Fingerprint, u32>,
    /// Words of receipt for letters that came as mail.
    owed: Table<Fingerprint, Vec<MsgId>>,
    /// Friends with whom no quiet session came about while they are online.
    unquiet: BTreeSet<Fingerprint>,
    /// How many of their tokens the server did not know, of those by whom the next one is tried.
    turns: Table<Fingerprint, usize>,
    /// Letters that were delivered in this wake: the store may have been asked for them before.
    landed: BTreeSet<MsgId>,
    /// Whose mail could not be opened; they are asked to send it again.
    unopened: BTreeSet<Fingerprint>,
}

enum State {
    /// Stale when something was written since the store was asked: the page may lack it.
    Reading {
        is_stale: bool,
    },
    Keying(Envelope),
    Leaving(Sealed),
    Pausing,
}

/// What goes into one envelope.
struct Envelope {
    letters: Vec<Letter>,
    got: Vec<MsgId>,
}

/// What is in the envelope that the server has been given.
struct Sealed {
    first_last: Option<(MsgId, MsgId)>,
    /// A text among them; of other letters nobody is told.
    text: Option<MsgId>,
    ids: Vec<MsgId>,
    got: Vec<MsgId>,
    is_forward_secret: bool,
}

impl Postage {
    pub fn restore(owed: Vec<(Fingerprint, MsgId)>) -> Postage {
        let mut postage = Postage::default();
        for (who, id) in owed {
            postage.owed.get_or_insert_with(who, Vec::new).push(id);
        }
        postage
    }

    pub fn is_settled(&self) -> bool {
        self.questions.is_empty() && self.next.is_empty()
    }

    /// Everybody to whom a word of receipt is owed.
    pub fn owing(&self) -> Vec<Fingerprint> {
        self.owed.keys().copied().collect()
    }

    /// Whether somebody is owed a word that is no letter.
    pub fn owes(&self, who: Fingerprint) -> bool {
        self.owed.contains_key(&who) || self.unopened.contains(&who)
    }

    /// Somebody came or went, or we did: whatever failed before may go well now.
    pub fn take_heart(&mut self, who: Fingerprint) {
        self.failures.remove(&who);
        self.unquiet.remove(&who);
        if self.is_pausing(who) {
            self.by_person.remove(&who);
        }
    }

    /// Whether a letter has been delivered since the wake began.
    pub fn has_landed(&self, id: MsgId) -> bool {
        self.landed.contains(&id)
    }

    /// Which of somebody's tokens is tried.
    pub fn turn(&self, who: Fingerprint) -> usize {
        self.turns.get(&who).copied().unwrap_or_default()
    }

    /// Tokens are others than before.
    pub fn forget_turns(&mut self) {
        self.turns.clear();
    }

    pub fn end_wake(&mut self) {
        self.landed.clear();
    }

    pub fn set_unquiet(&mut self, who: Fingerprint) {
        self.unquiet.insert(who);
    }

    /// Whether what waits for somebody waits for its time as well.
    pub fn is_pausing(&self, who: Fingerprint) -> bool {
        matches!(self.by_person.get(&who), Some(State::Pausing))
    }

    /// Whether no quiet session with somebody came about.
    pub fn is_unquiet(&self, who: Fingerprint) -> bool {
        self.unquiet.contains(&who)
    }

    /// A quiet session may be tried again.
    pub fn set_quiet(&mut self, who: Fingerprint) {
        self.unquiet.remove(&who);
    }

    fn at_work(&self) -> usize {
        self.by_person.values().filter(|state| !matches!(state, State::Pausing)).count()
    }
}

impl Client {
    /// Writes a letter that is no text.
    pub(super) fn post(&mut self, to: Fingerprint, body: Body) {
        let id = self.new_id();
        self.post_as(id, to, body);
    }

    /// The same, under an id that something else is called by as well.
    pub(super) fn post_as(&mut self, id: MsgId, to: Fingerprint, body: Body) {
        let letter = Letter { id, sent: self.core.now.wall, body };
        self.core.keep(Record::Note(to, letter.clone()));
        self.outbox.expect(to);
        self.pump_one(to, letter);
    }

    /// Something waits for somebody, or a way has opened or closed: takes the best way there is.
    pub(super) fn send_on(&mut self, to: Fingerprint) {
        let waits = self.outbox.waits_for(to) || self.postage.owes(to);
        let wants_link = self.transfers.wants_link(to);
        let is_served = self.uplink.is_in() || self.lan.is_open();
        if !(waits || wants_link) || !is_served || self.sessions.with(to).is_some() {
            return;
        }
        if self.people.is_blocked(to) || self.people.is_changed(to) || self.is_hidden_from(to) {
            return;
        }
        if self.lan.is_open() {
            return self.send_on_near(to, waits);
        }
        let is_online = self.people.seen(to).is_some_and(|seen| seen.online);
        let is_close = self.people.is_friend(to) || wants_link;
        if is_close && is_online && !self.postage.is_unquiet(to) {
            return self.ask_quietly(to);
        }
        if waits {
            self.start_mail(to);
        }
    }

    /// Everybody for whom something waits.
    pub(super) fn send_on_all(&mut self) {
        let mut all = gather::set(self.postage.owing());
        all.extend(self.outbox.everybody());
        all.extend(self.transfers.wanted());
        for who in all {
            self.postage.take_heart(who);
            self.send_on(who);
        }
    }

    /// Letters came as mail: their sender is told, by whatever way.
    pub(super) fn owe(&mut self, to: Fingerprint, ids: Vec<MsgId>) {
        self.core.keep(Record::Owe(to, ids.clone()));
        self.postage.owed.get_or_insert_with(to, Vec::new).extend(ids);
        self.pay(to);
        self.send_on(to);
    }

    /// Mail of somebody's could not be opened: they are asked, by mail, to send it again.
    pub(super) fn ask_again_of(&mut self, who: Fingerprint) {
        self.postage.unopened.insert(who);
        self.send_on(who);
    }

    /// Words of receipt go over a session, if one is open.
    pub(super) fn pay(&mut self, to: Fingerprint) {
        let Some(via) = self.sessions.open_with(to) else { return };
        if self.lan.is_open() {
            // Where there is no mail, they say again in this session what has not come.
            self.postage.unopened.remove(&to);
        }
        let Some(ids) = self.postage.owed.remove(&to) else { return };
        for part in ids.chunks(limits::ENVELOPE_LETTERS) {
            self.tell(via, Got { ids: part.to_vec() });
        }
        self.core.keep(Record::Paid(to, ids));
    }

    /// The other side's word that letters are on their disk.
    pub(super) fn on_got(&mut self, from: Fingerprint, ids: Vec<MsgId>) {
        if ids.is_empty() {
            return;
        }
        for id in ids {
            let stage = Stage::Delivered;
            self.core.keep(Record::Receipts { to: from, first: id, last: id, stage });
            self.postage.landed.insert(id);
            self.reached_by(from, id, Stage::Delivered);
        }
        self.core.query(Query::Waits(from));
    }

    /// The store's page of what is queued for somebody.
    pub(super) fn on_mail_page(&mut self, to: Fingerprint, rows: Vec<Letter>) {
        let Some(State::Reading { is_stale }) = self.postage.by_person.get(&to) else { return };
        let is_stale = *is_stale;
        let mut bytes = 0;
        let mut letters = Vec::new();
        for letter in rows {
            let size = size_of(&letter);
            if !letters.is_empty() && bytes + size > limits::ENVELOPE_FULL_BYTES {
                break;
            }
            bytes += size;
            letters.push(letter);
        }
        let owed = self.postage.owed.get(&to).map(Vec::as_slice).unwrap_or_default();
        let got: Vec<MsgId> = owed.iter().copied().take(limits::ENVELOPE_LETTERS).collect();
        let is_unopened = self.postage.unopened.contains(&to);
        if letters.is_empty() && got.is_empty() && !is_unopened {
            return match is_stale {
                true => self.read_queued(to),
                false => self.end_mail(to),
            };
        }
        let req = self.uplink.req();
        self.postage.questions.insert(req, to);
        self.postage.by_person.insert(to, State::Keying(Envelope { letters, got }));
        self.uplink.say(WantKey { req, of: to, token: self.token_of(to) });
    }

    pub(super) fn on_key(&mut self, key: Key) {
        let Some(to) = self.postage.questions.remove(&key.req) else { return };
        let Some(State::Keying(envelope)) = self.postage.by_person.remove(&to) else { return };
        let Some(bundle) = key.bundle else { return self.on_unknown(to) };
        let Some(sealing) = Sealing::choose(&bundle, to, &|who, it| self.is_known(who, it)) else {
            log::warn!("the server gave keys of {to} that are not theirs: nothing is sent");
            return self.pause_mail(to);
        };
        let Envelope { letters, got } = envelope;
        let packet = Packet {
            letters: letters.iter().map(Letter::write).collect(),
            got: got.clone(),
            is_unopened: self.postage.unopened.contains(&to),
        };
        let is_forward_secret = sealing.kind != PrekeyKind::Static;
        let plaintext = packet.encode();
        let sealed = mail::seal(&self.me, to, sealing, &plaintext, &mut self.core.rng);
        let Some(sealed) = sealed else { return self.pause_mail(to) };
        let ids: Vec<MsgId> = letters.iter().map(|letter| letter.id).collect();
        let first_last = ids.first().copied().zip(ids.last().copied());
        let is_text = |letter: &&Letter| matches!(letter.body, Body::Text(_) | Body::Talk(_));
        let text = letters.iter().rfind(is_text).map(|letter| letter.id);
        let sealed_now = Sealed { first_last, text, ids, got, is_forward_secret };
        let req = self.uplink.req();
        self.postage.questions.insert(req, to);
        self.postage.by_person.insert(to, State::Leaving(sealed_now));
        let token = self.token_of(to);
        self.uplink.say(Deposit { req, to, token, envelope: crate::proto::bytes::Blob(sealed) });
    }

    pub(super) fn on_deposited(&mut self, deposited: Deposited) {
        let Some(to) = self.postage.questions.remove(&deposited.req) else { return };
        let Some(State::Leaving(sealed)) = self.postage.by_person.remove(&to) else { return };
        match deposited.outcome {
            Outcome::Held => self.on_held(to, sealed),
            Outcome::Unknown => self.on_unknown(to),
            Outcome::Full | Outcome::TooLarge => self.on_full(to, &sealed),
        }
    }

    /// A question about mail was over the budget.
    pub(super) fn on_mail_over_budget(&mut self, req: ReqId) -> bool {
        let Some(to) = self.postage.questions.remove(&req) else { return false };
        self.postage.by_person.remove(&to);
        self.pause_mail(to);
        true
    }

    /// Nothing for somebody waits any more.
    pub(super) fn nothing_waits_for(&mut self, who: Fingerprint) {
        self.forget_token(who);
        self.forget_given(who);
        self.postage.failures.remove(&who);
        if self.outbox.on_empty(who) {
            self.forget_expiry();
        }
    }

    /// The link to the server is gone: what was on its way is queued still.
    pub(super) fn lose_mail(&mut self) {
        for who in std::mem::take(&mut self.postage.by_person).into_keys() {
            self.core.timers.cancel(&Alarm::Mail(who));
        }
        self.postage.questions.clear();
        self.postage.next.clear();
        self.postage.unquiet.clear();
    }

    pub(super) fn on_mail_alarm(&mut self, to: Fingerprint) {
        if self.postage.is_pausing(to) {
            self.postage.by_person.remove(&to);
            if self.lan.is_open() {
                self.postage.set_quiet(to);
            }
            self.send_on(to);
        }
    }

    fn start_mail(&mut self, to: Fingerprint) {
        if let Some(state) = self.postage.by_person.get_mut(&to) {
            if let State::Reading { is_stale } = state {
                *is_stale = true;
            }
            return;
        }
        if self.postage.at_work() >= limits::MAIL_AT_ONCE {
            self.postage.next.insert(to);
            return;
        }
        self.core.timers.cancel(&Alarm::Mail(to));
        self.read_queued(to);
    }

    fn read_queued(&mut self, to: Fingerprint) {
        self.postage.by_person.insert(to, State::Reading { is_stale: false });
        let most_rows = limits::ENVELOPE_LETTERS;
        self.core.query(Query::Outbox {
            to,
            after: MsgId::FIRST,
            most_rows,
            most_bytes: limits::ENVELOPE_FULL_BYTES,
            queued_only: true,
        });
    }

    fn on_held(&mut self, to: Fingerprint, sealed: Sealed) {
        self.postage.failures.remove(&to);
        self.postage.unopened.remove(&to);
        if let Some((first, last)) = sealed.first_last {
            self.core.keep(Record::Receipts { to, first, last, stage: Stage::Held });
        }
        if !sealed.got.is_empty() {
            if let Some(owed) = self.postage.owed.get_mut(&to) {
                owed.retain(|id| !sealed.got.contains(id));
                if owed.is_empty() {
                    self.postage.owed.remove(&to);
                }
            }
            self.core.keep(Record::Paid(to, sealed.got));
        }
        if let Some(id) = sealed.text.filter(|_| !sealed.is_forward_secret) {
            let why = Some("without forward secrecy: they have no prekeys left".to_owned());
            let to = self.people.label(to);
            self.core.event(Event::Receipt { id, to, state: Stage::Held, why });
        }
        for id in sealed.ids {
            self.reached_by(to, id, Stage::Held);
        }
        self.mind_expiry();
        self.read_queued(to);
    }

    /// Not to be reached: private to us, or gone, or behind in a group whose tokens have changed. A
    /// friend's key may have changed; ask.
    fn on_unknown(&mut self, to: Fingerprint) {
        let turn = self.postage.turn(to) + 1;
        if self.tokens(to).nth(turn).is_some() {
            self.postage.turns.insert(to, turn);
            return self.read_queued(to);
        }
        self.postage.turns.remove(&to);
        let name = self.people.by_key(to).and_then(|person| person.name.clone());
        if let Some(name) = name {
            self.wish(Target::Name(name), Wish::Row(Ticket::NOBODY));
        }
        self.pause_mail(to);
    }

    fn on_full(&mut self, to: Fingerprint, sealed: &Sealed) {
        let is_first = !self.postage.failures.contains_key(&to);
        if let Some(id) = sealed.text.filter(|_| is_first) {
            let why = Some("too much mail is held for them; tried again later".to_owned());
            let label = self.people.label(to);
            self.core.event(Event::Receipt { id, to: label, state: Stage::Queued, why });
        }
        self.pause_mail(to);
    }

    pub(super) fn pause_mail(&mut self, to: Fingerprint) {
        let failures = self.postage.failures.get_or_insert_with(to, u32::default);
        let doubled = limits::MAIL_AGAIN_FIRST_MS << (*failures).min(16);
        *failures += 1;
        let pause = doubled.min(limits::MAIL_AGAIN_LAST_MS);
        let pause = pause / 2 + self.core.rng.below(pause / 2 + 1);
        self.postage.by_person.insert(to, State::Pausing);
        self.core.alarm(Alarm::Mail(to), pause, "mail again");
        self.take_next();
    }

    fn end_mail(&mut self, to: Fingerprint) {
        self.postage.by_person.remove(&to);
        self.core.query(Query::Waits(to));
        self.take_next();
    }

    fn take_next(&mut self) {
        if self.postage.at_work() < limits::MAIL_AT_ONCE
            && let Some(who) = self.postage.next.pop_first()
        {
            self.send_on(who);
        }
    }

    /// While we are private, nothing of ours goes to whom we are no friend of, nor in a group with,
    /// nor about to be.
    pub(super) fn is_hidden_from(&self, who: Fingerprint) -> bool {
        let bond = self.people.bond(who);
        let is_bound = bond.given.is_some() || bond.theirs.is_some();
        let is_open = is_bound || self.groups.is_engaged(who);
        self.visibility == Some(Visibility::Private) && !is_open
    }
}

/// About what a letter takes in an envelope.
fn size_of(letter: &Letter) -> usize {
    let body = match &letter.body {
        Body::Text(text) => text.len(),
        Body::Befriend(befriend) => befriend.text.len() + 64,
        Body::Talk(talk) => talk.text.len() + 32,
        body => body.to_bytes().len(),
    };
    body + 48
}
