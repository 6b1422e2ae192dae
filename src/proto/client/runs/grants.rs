//! Standing yeses: one exact command line, for one friend.

use super::{Ending, Run, State, is_command};
use crate::proto::client::Client;
use crate::proto::id::MsgId;
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::notice::{GrantRow, Row};
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::{Argv, Grant, line_of};
use crate::proto::time::Wall;
use crate::proto::wire::peer::RunEnd;

impl Client {
    pub(in crate::proto::client) fn grant_run(
        &mut self,
        ticket: Ticket,
        to: Target,
        argv: Argv,
        until: Option<Wall>,
    ) {
        self.forget_past_grants();
        let found = self.people.find(&to).map(|person| person.fingerprint);
        let Some(to) = found.filter(|who| self.may_be_granted(*who)) else {
            return self.core.done(ticket, Err(Refusal::NoFriend(to.to_string())));
        };
        if !is_command(&argv) {
            let why = "that is no command line, or too long".to_owned();
            return self.core.done(ticket, Err(Refusal::RunFailed(self.people.label(to), why)));
        }
        let same = self.runs.grants.values().find(|grant| grant.to == to && grant.argv == argv);
        let id = match same.map(|grant| grant.id) {
            Some(id) => id,
            None if self.runs.grants.len() >= limits::GRANTS => {
                return self.core.done(ticket, Err(Refusal::Busy("grants")));
            }
            None => self.new_id(),
        };
        let grant = Grant { id, to, argv, until };
        let row = self.grant_row(&grant);
        self.core.keep(Record::Grant(Box::new(grant.clone())));
        self.runs.grants.insert(id, grant);
        self.core.row(ticket, Row::Grant(row));
        self.core.done(ticket, Ok(()));
    }

    pub(in crate::proto::client) fn list_grants(&mut self, ticket: Ticket) {
        self.forget_past_grants();
        let rows: Vec<_> = self.runs.grants.values().map(|grant| self.grant_row(grant)).collect();
        for row in rows {
            self.core.row(ticket, Row::Grant(row));
        }
        self.core.done(ticket, Ok(()));
    }

    pub(in crate::proto::client) fn revoke_grant(&mut self, ticket: Ticket, id: &str) {
        let id = id.to_ascii_uppercase();
        let is_meant = |grant: &&MsgId| !id.is_empty() && grant.to_text().starts_with(&id);
        let mut found = self.runs.grants.keys().filter(is_meant).copied();
        let both = (found.next(), found.next());
        drop(found);
        let result = match both {
            (Some(grant), None) => {
                self.forget_grant(grant);
                Ok(())
            }
            (Some(_), Some(_)) => Err(Refusal::Ambiguous("grant")),
            (None, _) => Err(Refusal::NoGrant(id)),
        };
        self.core.done(ticket, result);
    }

    /// Somebody is a friend no more, or blocked: nothing stands, and what runs by it ends.
    pub(in crate::proto::client) fn forget_grants_to(&mut self, who: Fingerprint) {
        if self.may_be_granted(who) {
            return;
        }
        let theirs = self.runs.grants.values().filter(|grant| grant.to == who);
        for grant in theirs.map(|grant| grant.id).collect::<Vec<_>>() {
            self.forget_grant(grant);
        }
        for key in self.runs_with(who) {
            let run = self.runs.by_key.get(&key).map(|run| &run.state);
            if matches!(run, Some(State::Here(child)) if child.grant.is_some()) {
                let why = "the grant is taken back".to_owned();
                self.tell_run(who, RunEnd { run: key.id, code: None, why: why.clone() });
                self.end_run(key, Ending::Failed(why));
            }
        }
    }

    /// The grant by which somebody may run exactly this, now.
    pub(super) fn grant_for(&mut self, who: Fingerprint, run: &Run) -> Option<MsgId> {
        self.forget_past_grants();
        if !self.may_be_granted(who) || self.people.is_changed(who) {
            return None;
        }
        let fits = |grant: &&Grant| grant.to == who && grant.argv == run.argv;
        self.runs.grants.values().find(fits).map(|grant| grant.id)
    }

    fn may_be_granted(&self, who: Fingerprint) -> bool {
        self.people.is_friend(who) && !self.people.is_blocked(who)
    }

    /// A grant whose end has come is gone for good, also if the clock goes back.
    fn forget_past_grants(&mut self) {
        let now = self.core.now.wall;
        let is_past = |grant: &&Grant| grant.until.is_some_and(|until| until <= now);
        let past: Vec<MsgId> =
            self.runs.grants.values().filter(is_past).map(|grant| grant.id).collect();
        for grant in past {
            self.forget_grant(grant);
        }
    }

    fn forget_grant(&mut self, grant: MsgId) {
        self.runs.grants.remove(&grant);
        self.core.keep(Record::GrantGone(grant));
    }

    fn grant_row(&self, grant: &Grant) -> GrantRow {
        GrantRow {
            id: grant.id,
            to: self.people.label(grant.to),
            command: line_of(&grant.argv),
            argv: grant.argv.clone(),
            until: grant.until,
        }
    }
}
