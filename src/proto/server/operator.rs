//! The operator's console.

use super::{Server, Then};
use crate::proto::model::account::{Account, Visibility};
use crate::proto::model::name::Name;
use crate::proto::model::notice::Report;
use crate::proto::model::record::{AccountKey, ServerRecord};
use crate::proto::wire::server::WhyLeaving;
use log::info;

/// What happened since the start.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) registrations: u64,
    /// Newcomers told no.
    pub(super) refused: u64,
    /// Connections cut off before a word.
    pub(super) turned_away: u64,
    /// Connections cut off for what they sent.
    pub(super) faults: u64,
    /// Questions told to wait.
    pub(super) over_budget: u64,
    pub(super) relayed_bytes: u64,
    /// Mail taken in.
    pub(super) deposits: u64,
    /// Mail not taken in.
    pub(super) deposits_refused: u64,
    pub(super) datagrams: u64,
}

impl Server {
    pub(super) fn show_who(&mut self) {
        for id in self.roster.ids_by_name() {
            let (Some(conn), Some(member)) = (self.roster.conn(id), self.roster.member(id)) else {
                continue;
            };
            let visibility = match member.visibility {
                Visibility::Public => "public",
                Visibility::Private => "private",
            };
            let pairs = vec![
                ("name", member.name.to_string()),
                ("address", member.address.to_string()),
                ("from", conn.from.to_string()),
                ("visibility", visibility.to_owned()),
            ];
            self.out.show(Report::Line("who", pairs));
        }
    }

    pub(super) fn show_stats(&mut self) {
        let clients = self.roster.members();
        let counts = &self.counts;
        let figures = [
            ("clients", clients as u64),
            ("connecting", (self.roster.len() - clients) as u64),
            ("sessions", self.meetings.len() as u64),
            ("relayed", counts.relayed_bytes),
            ("deposits", counts.deposits),
            ("deposits-refused", counts.deposits_refused),
            ("registrations", counts.registrations),
            ("refused", counts.refused),
            ("turned-away", counts.turned_away),
            ("faults", counts.faults),
            ("over-budget", counts.over_budget),
            ("datagrams", counts.datagrams),
        ];
        let pairs = figures.map(|(key, figure)| (key, figure.to_string())).to_vec();
        self.out.show(Report::Line("stats", pairs));
    }

    pub(super) fn on_kick(&mut self, name: Name) {
        let Some(id) = self.roster.by_name(&name) else {
            return self.show_error(format!("{name}: not signed in"));
        };
        self.dismiss(id, WhyLeaving::Kicked);
        self.out.show(Report::Line("kicked", vec![("name", name.to_string())]));
    }

    pub(super) fn on_forget(&mut self, name: Name) {
        self.out.query(AccountKey::Name(name.clone()), Then::Forget(name));
    }

    pub(super) fn on_forget_read(&mut self, name: Name, account: Option<Account>) {
        let Some(account) = account else {
            return self.show_error(format!("{name}: no such account"));
        };
        info!("{name} forgotten");
        self.out.keep(ServerRecord::Forget(account.fingerprint));
        self.addresses.free(account.address);
        if let Some(id) = self.roster.by_key(account.fingerprint) {
            self.dismiss(id, WhyLeaving::Forgotten);
        }
        self.recheck_watchers(account.fingerprint);
        self.read_oldest();
        self.out.show(Report::Line("forgotten", vec![("name", name.to_string())]));
    }

    /// Tells everybody and ends; nobody hears of anybody else's leaving.
    pub(super) fn on_quit(&mut self) {
        self.is_leaving = true;
        for id in self.roster.ids() {
            if self.roster.member(id).is_some() {
                self.dismiss(id, WhyLeaving::Shutdown);
            } else {
                self.abort(id);
            }
        }
        self.out.show(Report::Left);
    }

    fn show_error(&mut self, why: String) {
        self.out.show(Report::Line("error", vec![("why", why)]));
    }
}
