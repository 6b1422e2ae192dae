//! Held mail: sealed envelopes for people who are away, or about to be told.
//!
//! | input | what follows |
//! |---|---|
//! | `Deposit`, within reach and quotas | kept; `Held`; the recipient's link is served |
//! | `Deposit`, else | `Deposited` with what is wrong; nothing is kept |
//! | sign-in with mail held | after the `Welcome`, the link is served |
//! | `Taken` | what was sent up to there is deleted; the link is served |
//! | mail past its time | deleted |
//!
//! Mail goes to a link only from the disk, in order, a page at a time, and not further ahead of
//! its recipient's `Taken` than about a page: whoever never takes is not sent endlessly. Nothing is
//! sent twice on one link; on the next link everything that was not taken comes again.

use super::reach::{Sight, hash};
use super::{Deadline, Server, Then};
use crate::proto::bytes::Blob;
use crate::proto::id::{ConnId, ReqId};
use crate::proto::limits::{
    ENVELOPE_MAX_BYTES, EXPIRY_LOOK_MS, EXPIRY_PAUSE_MS, HOLD_PART, MAIL_PAGE_BYTES,
};
use crate::proto::model::record::{AccountKey, HeldMail, Read, ServerRecord};
use crate::proto::time::{Mono, Wall};
use crate::proto::wire::client::{Deposit, Taken};
use crate::proto::wire::server::{Deposited, Mail, Outcome};

/// How far one link has been served.
#[derive(Default)]
pub(super) struct Mailbox {
    /// The last number sent.
    sent: u64,
    /// The last number that the recipient has said to have.
    taken: u64,
    /// Bytes sent since they last had everything.
    ahead_bytes: u32,
    /// There is more on the disk.
    has_more: bool,
    is_reading: bool,
}

/// When mail gets too old.
#[derive(Default)]
pub(super) struct Expiry {
    /// Since when the oldest mail is held; none before that.
    oldest: Option<Wall>,
    /// The earliest moment for another look.
    not_before: Mono,
    is_reading: bool,
    is_set: bool,
}

impl Expiry {
    pub(super) fn new(oldest: Option<Wall>) -> Expiry {
        Expiry { oldest, ..Expiry::default() }
    }
}

/// What an account's mail and prekeys are like when it signs in.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) keys_left: u32,
    pub(super) weekly: Option<Wall>,
    /// The highest number ever given to mail.
    pub(super) number: u64,
}

const DAY_MS: i64 = 86_400_000;

impl Server {
    pub(super) fn on_deposit(&mut self, id: ConnId, deposit: Deposit) {
        let Some(from) = self.roster.member(id).map(|member| member.key) else { return };
        if deposit.envelope.0.len() > ENVELOPE_MAX_BYTES {
            return self.refuse_deposit(id, deposit.req, Outcome::TooLarge);
        }
        let token = hash(deposit.token);
        let by = AccountKey::Key(deposit.to);
        self.out.query_for(from, token, by, Then::Deposit(id, deposit));
    }

    pub(super) fn on_addressee_read(&mut self, id: ConnId, deposit: Deposit, sight: Sight) {
        let Some(from) = self.roster.member(id).map(|member| member.key) else { return };
        if sight.seen_by(from).is_none() {
            return self.refuse_deposit(id, deposit.req, Outcome::Unknown);
        }
        let read = Read::Held { to: deposit.to, from };
        self.out.read_next(read, Then::Hold(id, deposit));
    }

    pub(super) fn on_held_read(
        &mut self,
        id: ConnId,
        deposit: Deposit,
        bytes: u64,
        bytes_of_depositor: u64,
        number: u64,
    ) {
        let Some(from) = self.roster.member(id).map(|member| member.key) else { return };
        let Deposit { req, to, token: _, envelope } = deposit;
        let at = self.now.wall;
        let mail = HeldMail { to, from, name: None, number: number + 1, at, envelope: envelope.0 };
        let most = self.config.hold_bytes;
        let is_full = bytes + mail.cost_bytes() > most;
        if is_full || bytes_of_depositor + mail.cost_bytes() > most / HOLD_PART {
            return self.refuse_deposit(id, req, Outcome::Full);
        }
        self.counts.deposits += 1;
        self.out.keep(ServerRecord::Hold(mail));
        self.roster.send(id, Deposited { req, outcome: Outcome::Held });
        self.on_held(at);
        if let Some(recipient) = self.roster.by_key(to) {
            self.serve_mail(recipient);
        }
    }

    /// There may be mail on the disk that a link has not been sent.
    pub(super) fn serve_mail(&mut self, id: ConnId) {
        let Some(member) = self.roster.member_mut(id) else { return };
        member.mail.has_more = true;
        self.read_mail(id);
    }

    pub(super) fn on_mail_read(&mut self, id: ConnId, mail: Vec<HeldMail>, more: bool) {
        let Some(member) = self.roster.member_mut(id) else { return };
        member.mail.is_reading = false;
        member.mail.has_more = more;
        for HeldMail { number, from, name, envelope, .. } in mail {
            let Some(member) = self.roster.member_mut(id) else { return };
            member.mail.sent = number;
            member.mail.ahead_bytes += envelope.len() as u32;
            self.roster.send(id, Mail { number, from, name, envelope: Blob(envelope) });
        }
        self.read_mail(id);
    }

    /// Only what was sent on this link is taken: a number from another disk takes nothing unseen.
    pub(super) fn on_taken(&mut self, id: ConnId, taken: Taken) {
        let Some(member) = self.roster.member_mut(id) else { return };
        let up_to = taken.up_to.min(member.mail.sent);
        if up_to <= member.mail.taken {
            return;
        }
        member.mail.taken = up_to;
        if up_to == member.mail.sent {
            member.mail.ahead_bytes = 0;
        }
        let record = ServerRecord::Taken(member.key, up_to);
        self.out.keep(record);
        self.read_oldest();
        self.read_mail(id);
    }

    /// Deletes what is past its time, at most once in a while, and sets the next deadline.
    pub(super) fn expire_mail(&mut self) {
        let Some(oldest) = self.expiry.oldest else { return };
        let before = Wall(self.now.wall.0.saturating_sub(self.hold_ms()));
        if oldest < before && self.expiry.not_before <= self.now.mono {
            self.expiry.not_before = self.now.mono.after_ms(EXPIRY_PAUSE_MS);
            self.out.keep(ServerRecord::Expire(before));
            self.read_oldest();
        } else if !self.expiry.is_set {
            self.set_expiry();
        }
    }

    /// Mail's deadline has passed, or the clock on the wall has been moved meanwhile.
    pub(super) fn on_expiry_due(&mut self) {
        self.expiry.is_set = false;
    }

    pub(super) fn on_oldest_read(&mut self, oldest: Option<Wall>) {
        self.expiry.is_reading = false;
        self.expiry.oldest = oldest;
        self.set_expiry();
    }

    fn on_held(&mut self, at: Wall) {
        if self.expiry.oldest.is_none_or(|oldest| at < oldest) {
            self.expiry.oldest = Some(at);
            self.set_expiry();
        }
    }

    fn read_mail(&mut self, id: ConnId) {
        let Some(member) = self.roster.member_mut(id) else { return };
        let mail = &mut member.mail;
        let is_ahead = mail.ahead_bytes as usize >= MAIL_PAGE_BYTES;
        if mail.has_more && !is_ahead && !mail.is_reading {
            mail.is_reading = true;
            let (to, after, most_bytes) = (member.key, mail.sent, MAIL_PAGE_BYTES);
            self.out.read(Read::Mail { to, after, most_bytes }, Then::Mail(id));
        }
    }

    pub(super) fn read_oldest(&mut self) {
        if !std::mem::replace(&mut self.expiry.is_reading, true) {
            self.out.read(Read::Oldest, Then::Oldest);
        }
    }

    fn set_expiry(&mut self) {
        self.expiry.is_set = self.expiry.oldest.is_some();
        let Some(oldest) = self.expiry.oldest else {
            return self.timers.cancel(&Deadline::Expiry);
        };
        let left_ms = oldest.0.saturating_add(self.hold_ms()).saturating_sub(self.now.wall.0);
        let wait_ms = u64::try_from(left_ms.saturating_add(1)).unwrap_or(1);
        let due = self.now.mono.after_ms(wait_ms.clamp(1, EXPIRY_LOOK_MS));
        self.timers.set(Deadline::Expiry, due.max(self.expiry.not_before), "mail expires");
    }

    fn hold_ms(&self) -> i64 {
        i64::try_from(self.config.hold_days).unwrap_or(i64::MAX).saturating_mul(DAY_MS)
    }

    fn refuse_deposit(&mut self, id: ConnId, req: ReqId, outcome: Outcome) {
        self.counts.deposits_refused += 1;
        self.roster.send(id, Deposited { req, outcome });
    }
}
