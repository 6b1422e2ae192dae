//! Whose turn it is, and who is closed but not yet gone.

use super::table::Table;
use super::token::Ticket;
use crate::proto::limits::LINGERING;
use std::collections::{BTreeMap, VecDeque};

/// The sources that are ready, in the order in which they became so.
#[derive(Default)]
pub(super) struct Turns {
    /// How much of its share of this wake the first one has had, in its own unit.
    pub spent: usize,
    now: VecDeque<Ticket>,
    later: VecDeque<Ticket>,
}

impl Turns {
    /// Begins a wake. Whether somebody is ready from before.
    pub fn begin(&mut self) -> bool {
        self.spent = 0;
        self.now.append(&mut self.later);
        !self.now.is_empty()
    }

    pub fn queue(&mut self, table: &mut Table, ticket: Ticket) {
        let Some(entry) = table.entry(ticket) else { return };
        if !entry.queued {
            entry.queued = true;
            self.now.push_back(ticket);
        }
    }

    pub fn first(&self) -> Option<Ticket> {
        self.now.front().copied()
    }

    /// The first one's turn is over.
    pub fn end(&mut self, table: &mut Table) {
        self.spent = 0;
        let first = self.now.pop_front();
        if let Some(entry) = first.and_then(|ticket| table.entry(ticket)) {
            entry.queued = false;
        }
    }

    /// The first one goes on in the next wake.
    pub fn postpone(&mut self) {
        self.spent = 0;
        self.later.extend(self.now.pop_front());
    }
}

/// Connections that are closed but for what the other end has not taken yet, oldest first.
#[derive(Default)]
pub(super) struct Lingering {
    by_age: BTreeMap<u64, Ticket>,
    count: u64,
}

impl Lingering {
    /// Adds one. Its number, and the oldest one when they became too many.
    pub fn add(&mut self, ticket: Ticket) -> (u64, Option<Ticket>) {
        let full = self.by_age.len() >= LINGERING;
        let oldest = if full { self.by_age.pop_first() } else { None };
        self.count += 1;
        self.by_age.insert(self.count, ticket);
        (self.count, oldest.map(|(_, ticket)| ticket))
    }

    pub fn remove(&mut self, number: u64) {
        self.by_age.remove(&number);
    }
}
