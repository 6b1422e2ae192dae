//! What a machine wants done to streams, and what is done to the other sources.

use super::Reactor;
use super::control::{Control, ControlId};
use super::flow::Flow;
use super::socks::{self, Proxy, Remote, Socks};
use super::stdin::Reading;
use super::table::Source;
use super::tcp::{self, Tcp};
use super::token::Ticket;
use crate::proto::id::ConnId;
use crate::proto::limits::CONTROL_BEHIND_BYTES;
use crate::proto::machine::{Cause, ProxyFault, StreamAction};
use mio::Interest;
use mio::net::TcpStream;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

impl Reactor {
    /// Does something to a stream. What goes wrong comes back as `Closed`; an id that is gone is
    /// left alone.
    pub fn perform(&mut self, conn: ConnId, action: StreamAction) {
        match action {
            StreamAction::Listen { at, udp } => {
                if let Err(error) = self.open_listener(conn, at, udp) {
                    self.insert_failed(conn, Cause::Failed(error.kind()));
                }
            }
            StreamAction::Dial { to, from } => self.dial(conn, to, from),
            StreamAction::Cross { listener, to } => self.cross(conn, listener, to),
            StreamAction::DialName { host, port } => self.dial_name(conn, host, port),
            StreamAction::Send(bytes) => self.with_tcp(conn, |tcp| tcp.flow.send(bytes)),
            StreamAction::Watch => self.with_tcp(conn, |tcp| tcp.flow.watched = true),
            StreamAction::Doubt(doubted) => self.with_tcp(conn, |tcp| tcp.doubt(doubted)),
            StreamAction::Pause => self.with_tcp(conn, |tcp| tcp.flow.pause(true)),
            StreamAction::Resume => self.with_tcp(conn, |tcp| tcp.flow.pause(false)),
            StreamAction::Close => self.close(conn),
            StreamAction::Abort => self.abort(conn),
        }
    }

    /// Gives up each connection whose own address is not among these, nor a loopback one.
    pub fn give_up_from_elsewhere(&mut self, here: &[IpAddr]) {
        let is_gone = |tcp: &Tcp| {
            let own = tcp.flow.socket.local_addr().map(|own| tcp::plain(own).ip());
            own.is_ok_and(|own| !own.is_loopback() && !here.contains(&own))
        };
        let gone = self.table.connections().filter(|(_, tcp)| is_gone(tcp));
        let gone = gone.map(|(ticket, tcp)| {
            tcp.give_up(Cause::AddressGone);
            ticket
        });
        for ticket in gone.collect::<Vec<_>>() {
            self.turn(ticket);
        }
    }

    /// Sends a datagram to a peer, or drops it.
    pub fn send_datagram(&mut self, to: SocketAddr, bytes: &[u8]) {
        self.send_from(self.udp, to, bytes);
    }

    /// Sends a datagram from the server's own socket, or drops it.
    pub fn send_served(&mut self, to: SocketAddr, bytes: &[u8]) {
        self.send_from(self.server_udp, to, bytes);
    }

    fn send_from(&mut self, socket: Option<Ticket>, to: SocketAddr, bytes: &[u8]) {
        let source = socket.and_then(|ticket| self.table.entry(ticket)).map(|e| &e.source);
        let Some(Source::Udp(udp)) = source else {
            return log::debug!("datagram to {to} dropped: no socket");
        };
        udp.send(to, bytes);
    }

    /// Sends to a program on the control socket. One that is too far behind in reading is closed.
    pub fn send_control(&mut self, to: ControlId, bytes: &[u8]) {
        let ticket = to.ticket();
        let Some(control) = self.control(ticket) else { return };
        if control.flow.unsent.bytes() + bytes.len() > CONTROL_BEHIND_BYTES {
            control.flow.fail(Cause::Failed(ErrorKind::QuotaExceeded));
            self.turn(ticket);
            return;
        }
        control.flow.send(bytes.to_vec());
        self.mark_dirty(ticket);
    }

    /// Bytes that a program on the control socket has yet to take.
    pub fn control_behind_bytes(&mut self, id: ControlId) -> usize {
        self.control(id.ticket()).map_or(0, |control| control.flow.unsent.bytes())
    }

    /// Closes a program's connection once it has what was sent. Nothing more is heard of the id.
    pub fn close_control(&mut self, to: ControlId) {
        let ticket = to.ticket();
        if self.control(ticket).is_some() {
            self.linger(ticket);
        }
    }

    /// Stops, or goes on with, reading standard input.
    pub fn pause_stdin(&mut self, paused: bool) {
        let Some(ticket) = self.stdin else { return };
        if let Some(Source::Stdin(stdin)) = self.table.entry(ticket).map(|e| &mut e.source) {
            stdin.pause(paused);
            self.turn_if_ready(ticket);
        }
    }

    /// Reads standard input in another way from here on.
    pub fn read_stdin(&mut self, reading: Reading) {
        let Some(ticket) = self.stdin else { return };
        if let Some(Source::Stdin(stdin)) = self.table.entry(ticket).map(|e| &mut e.source)
            && stdin.read_as(reading)
        {
            self.turn_if_ready(ticket);
        }
    }

    /// Writes what was sent since the last time: one write for each source.
    pub fn flush(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for ticket in dirty.drain(..) {
            let Some(entry) = self.table.entry(ticket) else { continue };
            let over = match &mut entry.source {
                Source::Tcp(tcp) if !tcp.is_dialling() => flushed(&mut tcp.flow),
                Source::Control(control) => flushed(&mut control.flow),
                _ => false,
            };
            if over {
                self.finish(ticket);
            } else {
                self.turn_if_ready(ticket);
            }
        }
        self.dirty = dirty;
    }

    /// Whether the kernel has yet to take bytes that were sent; for a program that wants to end.
    pub fn has_unwritten(&self) -> bool {
        self.table.sources().any(|source| match source {
            Source::Tcp(tcp) => !tcp.flow.unsent.is_empty(),
            Source::Control(control) => !control.flow.unsent.is_empty(),
            _ => false,
        })
    }

    fn dial(&mut self, id: ConnId, to: SocketAddr, from: Option<IpAddr>) {
        if self.proxy.is_some() {
            return self.dial_by_proxy(id, Remote::Address(to));
        }
        let begun = tcp::dial(to, from).and_then(|socket| self.add_dialled(id, socket, None));
        if let Err(error) = begun {
            self.insert_failed(id, Cause::Failed(tcp::kind(&error)));
        }
    }

    fn cross(&mut self, id: ConnId, listener: ConnId, to: SocketAddr) {
        let ticket = self.table.ticket_of(listener);
        let source = ticket.and_then(|ticket| self.table.entry(ticket)).map(|entry| &entry.source);
        let begun = match source {
            Some(Source::Listener(listener)) if self.proxy.is_none() => {
                tcp::cross(to, &listener.socket)
            }
            _ => Err(ErrorKind::AddrNotAvailable.into()),
        };
        if let Err(error) = begun.and_then(|socket| self.add_dialled(id, socket, None)) {
            self.insert_failed(id, Cause::Failed(tcp::kind(&error)));
        }
    }

    fn dial_name(&mut self, id: ConnId, host: String, port: u16) {
        if host.len() > socks::NAME_MAX_BYTES {
            return self.insert_failed(id, Cause::Failed(ErrorKind::InvalidInput));
        }
        self.dial_by_proxy(id, Remote::Name(host, port));
    }

    /// Never dials past the proxy, and without one not at all.
    fn dial_by_proxy(&mut self, id: ConnId, remote: Remote) {
        let Some(Proxy { at, login }) = self.proxy.clone() else {
            return self.insert_failed(id, Cause::Failed(ErrorKind::Unsupported));
        };
        let socks = Box::new(Socks::new(remote, login));
        let begun =
            tcp::dial(at, None).and_then(|socket| self.add_dialled(id, socket, Some(socks)));
        if let Err(error) = begun {
            self.insert_failed(id, Cause::Proxy(ProxyFault::Away(tcp::kind(&error))));
        }
    }

    fn add_dialled(
        &mut self,
        id: ConnId,
        mut socket: TcpStream,
        socks: Option<Box<Socks>>,
    ) -> io::Result<()> {
        let token = self.table.next_ticket()?.token();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, token, both)?;
        let ticket = self.table.insert(Source::Tcp(Tcp::dialled(id, socket, socks)))?;
        self.table.name(id, ticket);
        Ok(())
    }

    fn insert_failed(&mut self, id: ConnId, cause: Cause) {
        match self.table.insert(Source::Failed(id, cause)) {
            Ok(ticket) => {
                self.table.name(id, ticket);
                self.turn(ticket);
            }
            Err(error) => log::error!("nobody can be told that {id:?} failed: {error}"),
        }
    }

    /// Changes a connection that its machine still knows, and gives it a turn if it needs one.
    fn with_tcp(&mut self, conn: ConnId, change: impl FnOnce(&mut Tcp)) {
        let Some(ticket) = self.table.ticket_of(conn) else { return };
        let Some(Source::Tcp(tcp)) = self.table.entry(ticket).map(|e| &mut e.source) else {
            return;
        };
        if tcp.flow.lingers.is_none() {
            change(tcp);
            self.mark_dirty(ticket);
        }
    }

    fn control(&mut self, ticket: Ticket) -> Option<&mut Control> {
        match &mut self.table.entry(ticket)?.source {
            Source::Control(control) if control.flow.lingers.is_none() => Some(control),
            _ => None,
        }
    }

    fn close(&mut self, conn: ConnId) {
        let Some(ticket) = self.table.ticket_of(conn) else { return };
        let waits = match self.table.entry(ticket).map(|entry| &entry.source) {
            Some(Source::Tcp(tcp)) if tcp.flow.lingers.is_some() => return,
            Some(Source::Tcp(tcp)) => !tcp.is_dialling() || !tcp.flow.unsent.is_empty(),
            _ => false,
        };
        if waits {
            self.table.unname(conn);
            self.linger(ticket);
        } else {
            self.abort(conn);
        }
    }

    fn abort(&mut self, conn: ConnId) {
        let Some(ticket) = self.table.ticket_of(conn) else { return };
        let source = self.table.entry(ticket).map(|e| &e.source);
        let (known, udp) = match source {
            Some(Source::Listener(listener)) => (true, listener.udp),
            Some(Source::Failed(..) | Source::Tcp(_)) => (true, None),
            _ => (false, None),
        };
        if known && !self.lingers(ticket) {
            self.table.unname(conn);
            self.remove(ticket);
        }
        if let Some(udp) = udp {
            self.remove(udp);
        }
    }
}

impl Reactor {
    pub(super) fn turn(&mut self, ticket: Ticket) {
        self.turns.queue(&mut self.table, ticket);
    }

    pub(super) fn mark_dirty(&mut self, ticket: Ticket) {
        if self.dirty.last() != Some(&ticket) {
            self.dirty.push(ticket);
        }
    }

    pub(super) fn turn_if_ready(&mut self, ticket: Ticket) {
        let ready = self.table.entry(ticket).is_some_and(|entry| match &entry.source {
            Source::Tcp(tcp) => !tcp.is_dialling() && tcp.flow.is_ready(),
            Source::Control(control) => control.flow.is_ready(),
            Source::Stdin(stdin) => stdin.is_ready(),
            _ => false,
        });
        if ready {
            self.turn(ticket);
        }
    }

    pub(super) fn lingers(&mut self, ticket: Ticket) -> bool {
        self.linger_number(ticket).is_some_and(|number| number.is_some())
    }

    fn linger_number(&mut self, ticket: Ticket) -> Option<&mut Option<u64>> {
        match &mut self.table.entry(ticket)?.source {
            Source::Tcp(tcp) => Some(&mut tcp.flow.lingers),
            Source::Control(control) => Some(&mut control.flow.lingers),
            _ => None,
        }
    }

    /// Closes a connection for everybody but the kernel: what is waiting is still written.
    fn linger(&mut self, ticket: Ticket) {
        let (number, oldest) = self.lingering.add(ticket);
        if let Some(lingers) = self.linger_number(ticket) {
            *lingers = Some(number);
        }
        self.mark_dirty(ticket);
        if let Some(oldest) = oldest {
            self.remove(oldest);
        }
    }

    /// After the other end has closed: what it may still read is written.
    pub(super) fn end(&mut self, ticket: Ticket, cause: Cause) {
        let unsent = self.table.entry(ticket).is_some_and(|entry| match &entry.source {
            Source::Tcp(tcp) => !tcp.flow.unsent.is_empty(),
            Source::Control(control) => !control.flow.unsent.is_empty(),
            _ => false,
        });
        if unsent && cause == Cause::Ended { self.linger(ticket) } else { self.remove(ticket) }
    }

    /// Closes a connection in order, with everything written.
    pub(super) fn finish(&mut self, ticket: Ticket) {
        if let Some(Source::Tcp(tcp)) = self.take_out(ticket) {
            tcp.finish(&mut self.buffer);
        }
        self.feed_starved();
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        drop(self.take_out(ticket));
        self.feed_starved();
    }

    fn take_out(&mut self, ticket: Ticket) -> Option<Source> {
        if let Some(Some(number)) = self.linger_number(ticket).map(|number| *number) {
            self.lingering.remove(number);
        }
        let source = self.table.remove(ticket)?;
        if matches!(source, Source::Control(_)) {
            self.controls -= 1;
        }
        Some(source)
    }

    /// Lets a listener wait until a descriptor is free.
    pub(super) fn starve(&mut self, ticket: Ticket) {
        if !self.starved.contains(&ticket) {
            self.starved.push(ticket);
        }
    }

    fn feed_starved(&mut self) {
        for ticket in std::mem::take(&mut self.starved) {
            self.turn(ticket);
        }
    }
}

/// Writes what is waiting; whether that was the last thing to do.
fn flushed<S: io::Read + io::Write>(flow: &mut Flow<S>) -> bool {
    flow.flush();
    flow.lingers.is_some() && flow.unsent.is_empty()
}
