//! Accounts: sign-in, registration, replacement, visibility, sign-out.

use super::mailbox::Standing;
use super::roster::{Member, Newcomer, State};
use super::{Deadline, Server, Then};
use crate::proto::id::{ConnId, ReqId};
use crate::proto::model::account::{Account, Pool, Visibility};
use crate::proto::model::name::Name;
use crate::proto::model::record::{AccountKey, Read, ServerRecord};
use crate::proto::time::Wall;
use crate::proto::wire::client::{Enter, Listening, Show};
use crate::proto::wire::server::{Refused, Shown, Welcome, WhyLeaving, WhyRefused};
use log::{debug, info};
use std::net::Ipv4Addr;

/// The virtual addresses that are still to be given out.
pub(super) struct Addresses {
    pool: Pool,
    next: u32,
    freed: Vec<Ipv4Addr>,
}

impl Addresses {
    pub(super) fn new(pool: Pool, next: u32) -> Addresses {
        Addresses { pool, next, freed: Vec::new() }
    }

    /// An address that nobody has; one that was freed only when no fresh one is left.
    fn take(&mut self) -> Option<Ipv4Addr> {
        let Some(fresh) = self.pool.nth(self.next) else {
            return self.freed.pop();
        };
        self.next += 1;
        Some(fresh)
    }

    /// Takes an address back.
    pub(super) fn free(&mut self, address: Ipv4Addr) {
        if self.pool.index(address).is_some() {
            self.freed.push(address);
        }
    }
}

impl Server {
    pub(super) fn on_enter(&mut self, id: ConnId, enter: Enter) {
        let Some(newcomer) = self.roster.newcomer_mut(id) else { return };
        newcomer.wish = Some(enter);
        let key = newcomer.key;
        self.out.query(AccountKey::Key(key), Then::Enter(id));
    }

    pub(super) fn on_key_read(&mut self, id: ConnId, account: Option<Account>) {
        let Some(newcomer) = self.roster.newcomer_mut(id) else { return };
        let (key, wish) = (newcomer.key, newcomer.wish.clone());
        let is_room = self.roster.members() < self.config.max_clients;
        if !is_room && self.roster.by_key(key).is_none() {
            return self.refuse(id, WhyRefused::Full);
        }
        match (account, wish.and_then(|wish| wish.name)) {
            (Some(account), _) => {
                let then = Then::SignIn(id, Box::new(account));
                self.out.read_next(Read::Standing(key), then);
            }
            (None, Some(name)) => self.out.query_next(AccountKey::Name(name), Then::Register(id)),
            (None, None) => self.refuse(id, WhyRefused::NameNeeded),
        }
    }

    pub(super) fn on_name_read(&mut self, id: ConnId, account: Option<Account>) {
        if account.is_some() {
            return self.refuse(id, WhyRefused::NameTaken);
        }
        let Some(Newcomer { key, identity, wish: Some(Enter { name: Some(name), .. }) }) =
            self.roster.newcomer_mut(id)
        else {
            return;
        };
        let (fingerprint, identity, name): (_, _, Name) = (*key, *identity, name.clone());
        let Some(address) = self.addresses.take() else {
            return self.refuse(id, WhyRefused::PoolEmpty);
        };
        info!("{name} registered with {address}");
        self.counts.registrations += 1;
        let visibility = Visibility::Public;
        let seen = self.now.wall;
        let account = Account { name, fingerprint, identity, address, visibility, seen };
        self.sign_in(id, account, &Standing::default());
    }

    pub(super) fn on_show(&mut self, id: ConnId, show: Show) {
        let Some(member) = self.roster.member(id) else { return };
        let key = member.key;
        if self.roster.set_visibility(id, show.visibility) {
            self.announce_visibility(id);
        }
        self.out.query(AccountKey::Key(key), Then::Shown(id, show.req, show.visibility));
    }

    pub(super) fn on_shown_read(
        &mut self,
        id: ConnId,
        req: ReqId,
        visibility: Visibility,
        account: Option<Account>,
    ) {
        let Some(account) = account else { return };
        if account.visibility != visibility {
            self.out.keep(ServerRecord::Account(Account { visibility, ..account }));
        }
        self.roster.send(id, Shown { req, visibility });
    }

    pub(super) fn on_listening(&mut self, id: ConnId, listening: Listening) {
        if let Some(member) = self.roster.member_mut(id) {
            member.port = listening.port;
        }
    }

    /// What follows when somebody is no longer signed in anywhere.
    pub(super) fn sign_out(&mut self, member: &Member) {
        debug!("{} signed out", member.name);
        let seen = self.now.wall;
        self.out.query(AccountKey::Key(member.key), Then::Left(seen));
        self.announce(member.key, member.visibility, false, seen);
    }

    pub(super) fn on_left_read(&mut self, account: Option<Account>, seen: Wall) {
        // Nothing to keep where the account was forgotten.
        if let Some(account) = account {
            self.out.keep(ServerRecord::Account(Account { seen, ..account }));
        }
    }

    pub(super) fn sign_in(&mut self, id: ConnId, mut account: Account, standing: &Standing) {
        let Some(conn) = self.roster.conn(id) else { return };
        let outer = conn.from;
        if let State::Entering(newcomer) = &conn.state {
            let wish = newcomer.wish.as_ref().and_then(|wish| wish.visibility);
            account.visibility = wish.unwrap_or(account.visibility);
        }
        account.seen = self.now.wall;
        let (key, visibility, seen) = (account.fingerprint, account.visibility, account.seen);
        let (name, address) = (account.name.clone(), account.address);
        debug!("{name} signed in from {outer}");
        self.out.keep(ServerRecord::Account(account));
        self.timers.cancel(&Deadline::Conn(id));
        let member = Member {
            key,
            name: name.clone(),
            address,
            visibility,
            port: 0,
            since: seen,
            budget: Default::default(),
            probes: Default::default(),
            watching: Box::default(),
            mail: Default::default(),
        };
        if let Some(replaced) = self.roster.sign_in(id, member) {
            self.dismiss(replaced, WhyLeaving::Replaced);
        }
        self.roster.send(
            id,
            Welcome {
                name,
                address,
                outer,
                visibility,
                keys_left: standing.keys_left,
                weekly: standing.weekly,
                epoch: self.epoch,
                hold_days: u32::try_from(self.config.hold_days).unwrap_or(u32::MAX),
            },
        );
        // From within our own process no datagram comes out of a gateway.
        if !outer.ip().is_unspecified() {
            let prober = self.prober(id);
            self.roster.send(id, prober);
        }
        self.announce(key, visibility, true, seen);
        if standing.number > 0 {
            self.serve_mail(id);
        }
    }

    fn refuse(&mut self, id: ConnId, why: WhyRefused) {
        debug!("{id:?}: {why:?}");
        self.counts.refused += 1;
        self.roster.send(id, Refused { why });
        self.close(id);
    }
}
