//! Every source the reactor waits for, by slot.

use super::children::Part;
use super::control::{Control, Door};
use super::listen::Listener;
use super::network::Network;
use super::signals::Signals;
use super::stdin::Stdin;
use super::tcp::Tcp;
use super::token::Ticket;
use super::udp::Udp;
use crate::proto::id::{ConnId, RunId};
use crate::proto::machine::{Cause, RunEnd};
use mio::event::Event;
use slab::Slab;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

/// Something that can be ready.
pub(super) enum Source {
    Listener(Listener),
    Tcp(Tcp),
    /// A dial or a listener that failed at once; its machine is told in the next wake.
    Failed(ConnId, Cause),
    Udp(Udp),
    /// Of the local network.
    Lan(Udp),
    Stdin(Stdin),
    Signals(Signals),
    Network(Network),
    Door(Door),
    Control(Control),
    Child(RunId, Part),
    /// A child that could not be started; its machine is told in the next wake.
    Ended(RunId, RunEnd),
}

pub(super) struct Entry {
    ticket: Ticket,
    pub source: Source,
    /// Whether it waits for its turn already.
    pub queued: bool,
}

/// The sources, and the names that machines gave to some of them.
pub(super) struct Table {
    entries: Slab<Entry>,
    own: BTreeMap<ConnId, Ticket>,
    serial: u64,
}

impl Table {
    pub fn new() -> Table {
        Table { entries: Slab::new(), own: BTreeMap::new(), serial: 0 }
    }

    /// The ticket that the next [`Table::insert`] uses.
    pub fn next_ticket(&self) -> io::Result<Ticket> {
        let slot = self.entries.vacant_key();
        if slot >= Ticket::SLOTS {
            return Err(io::Error::new(ErrorKind::QuotaExceeded, "too many connections"));
        }
        Ok(Ticket::new(slot, self.serial + 1))
    }

    pub fn insert(&mut self, source: Source) -> io::Result<Ticket> {
        let ticket = self.next_ticket()?;
        self.serial += 1;
        self.entries.insert(Entry { ticket, source, queued: false });
        Ok(ticket)
    }

    /// Makes a machine's own id a name for a ticket.
    pub fn name(&mut self, id: ConnId, ticket: Ticket) {
        if id.is_own() {
            let earlier = self.own.insert(id, ticket);
            assert!(earlier.is_none(), "a machine uses an id of its own once");
        }
    }

    /// Forgets a machine's own id, or does nothing for one of ours.
    pub fn unname(&mut self, id: ConnId) {
        self.own.remove(&id);
    }

    pub fn ticket_of(&self, id: ConnId) -> Option<Ticket> {
        if id.is_own() { self.own.get(&id).copied() } else { Some(Ticket(id.0)) }
    }

    /// The entry, unless its slot has been freed or used again since.
    pub fn entry(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        self.entries.get_mut(ticket.slot()).filter(|entry| entry.ticket == ticket)
    }

    pub fn remove(&mut self, ticket: Ticket) -> Option<Source> {
        self.entry(ticket)?;
        Some(self.entries.remove(ticket.slot()).source)
    }

    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.entries.iter().map(|(_, entry)| &entry.source)
    }

    /// All connections.
    pub fn connections(&mut self) -> impl Iterator<Item = (Ticket, &mut Tcp)> {
        self.entries.iter_mut().filter_map(|(_, entry)| match &mut entry.source {
            Source::Tcp(tcp) => Some((entry.ticket, tcp)),
            _ => None,
        })
    }

    /// Notes what the kernel says. The ticket, if the event is for one that still is.
    pub fn note(&mut self, event: &Event) -> Option<Ticket> {
        let slot = Ticket(event.token().0 as u64).slot();
        let entry = self.entries.get_mut(slot)?;
        if entry.ticket.token() != event.token() {
            return None;
        }
        match &mut entry.source {
            Source::Listener(listener) => listener.readable = true,
            Source::Tcp(tcp) => tcp.flow.note(event),
            Source::Udp(udp) | Source::Lan(udp) => udp.readable = true,
            Source::Stdin(stdin) => stdin.note(),
            Source::Signals(signals) => signals.readable = true,
            Source::Network(network) => network.readable = true,
            Source::Door(door) => door.readable = true,
            Source::Control(control) => control.flow.note(event),
            Source::Child(..) | Source::Ended(..) | Source::Failed(..) => {}
        }
        Some(entry.ticket)
    }
}
