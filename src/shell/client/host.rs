//! `--host`: the server in this process, beside the client and in its loop.
//!
//! ```text
//!  reactor ─▶ take ──▶ server ─▶ commit ─▶ reactor
//!                 pipe ▲     │ pipe
//!                      │     ▼
//!                      client
//! ```
//!
//! What the reactor finds belongs to the server if its listener accepted it, or if its socket took
//! it. The client reaches it by a [`Pipe`] and no socket.

use super::pipe::{Pipe, Side, Told};
use crate::proto::client::Client;
use crate::proto::id::ConnId;
use crate::proto::machine::{Cause, Effect, Input, Machine, StreamAction, StreamEvent, Wake};
use crate::proto::model::command::Operate;
use crate::proto::model::notice::Report;
use crate::proto::model::refusal::Exit;
use crate::proto::server::Server;
use crate::proto::time::{Mono, Now};
use crate::shell::cli::{self, ServerAddress};
use crate::shell::daemon::Served;
use crate::shell::disk;
use crate::shell::front::Failure;
use crate::shell::reactor::{Reactor, Ready};
use crate::shell::system;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The server beside the client.
pub(super) struct Host {
    pub served: Served,
    wake: Wake<Server>,
    /// What the client dials to reach it.
    at: SocketAddr,
    pipes: Vec<Pipe>,
    /// How many there were.
    piped: u64,
    /// It was given its first turn.
    is_begun: bool,
}

impl Host {
    /// Opens it in the profile, which is ours alone, with its bounds as a file there has them.
    pub fn open(
        home: &Path,
        listen: Option<SocketAddr>,
        reactor: &mut Reactor,
    ) -> Result<Host, Failure> {
        let data = home.join(DIRECTORY);
        disk::open_directory(&data).map_err(|why| super::profile::failed(&data, why))?;
        let options = cli::hosted(data, listen, &system::text_of)
            .map_err(|wrong| Failure { exit: wrong.exit, error: wrong.why })?;
        let served = Served::open(&options, "--host", reactor)?;
        let at = SocketAddr::new(here(served.tcp.ip()), served.tcp.port());
        let (wake, pipes) = (Wake::new(), Vec::new());
        Ok(Host { served, wake, at, pipes, piped: 0, is_begun: false })
    }

    /// Where this machine finds it, and its key.
    pub fn address(&self) -> ServerAddress {
        let key = Some(self.served.key);
        ServerAddress { host: self.at.ip().to_string(), port: self.at.port(), key }
    }

    /// Takes in what is the server's; the rest is given back.
    fn take<'a>(&mut self, now: Now, ready: Ready<'a>) -> Option<Ready<'a>> {
        let input = match ready {
            Ready::Served { from, bytes } => Input::Datagram { from, bytes },
            Ready::Stream(conn, event) => {
                let is_ours = match &event {
                    StreamEvent::Accepted { listener, .. } => *listener == self.served.listener,
                    _ => self.served.machine.has(conn),
                };
                if !is_ours {
                    return Some(Ready::Stream(conn, event));
                }
                Input::Stream(conn, event)
            }
            other => return Some(other),
        };
        self.served.machine.handle(now, input);
        None
    }

    /// Tells both sides what waits for them, and the server the time. Whether the client was told
    /// anything.
    pub fn feed(&mut self, now: Now, client: &mut Client) -> bool {
        let mut is_told = false;
        let server = &mut self.served.machine;
        for pipe in &mut self.pipes {
            let (theirs, ours) = (pipe.id(Side::Server), pipe.id(Side::Client));
            while let Some(told) = pipe.next(Side::Server) {
                let accepted =
                    StreamEvent::Accepted { listener: self.served.listener, from: NOWHERE };
                server.handle(now, Input::Stream(theirs, event(&told, accepted)));
            }
            while let Some(told) = pipe.next(Side::Client) {
                let open = StreamEvent::Open { local: self.at };
                client.handle(now, Input::Stream(ours, event(&told, open)));
                is_told = true;
            }
        }
        self.pipes.retain(|pipe| !pipe.is_over());
        let is_due = server.poll_timeout().is_some_and(|(at, _)| at <= now.mono);
        // Mail may have got too old while nobody served.
        if is_due || !std::mem::replace(&mut self.is_begun, true) {
            server.handle(now, Input::Tick);
        }
        is_told
    }

    /// Keeps what the client does to a connection to the server; else gives it back.
    pub fn divert(&mut self, conn: ConnId, action: StreamAction) -> Option<StreamAction> {
        match action {
            StreamAction::Dial { to, .. } if to == self.at => {
                self.piped += 1;
                self.pipes.push(Pipe::new(conn, ConnId::own(self.piped)));
                None
            }
            action => self.perform(Side::Client, conn, action),
        }
    }

    /// Commits the server's wake and performs what it gave rise to.
    pub fn commit(&mut self, now: Now, reactor: &mut Reactor) -> Result<(), Failure> {
        let Served { machine, store, .. } = &mut self.served;
        let done = self.wake.commit(machine, store, now);
        let done = done.map_err(|why| Failure { exit: Exit::Local, error: why.to_string() })?;
        for effect in done.collect::<Vec<_>>() {
            match effect {
                Effect::Stream(conn, action) => {
                    let Some(action) = self.perform(Side::Server, conn, action) else { continue };
                    reactor.perform(conn, action);
                }
                Effect::Datagram { to, bytes } => reactor.send_served(to, &bytes),
                Effect::File(..) | Effect::Run(..) | Effect::Lan(_) => {
                    unreachable!(
                        "a server opens no files, starts no children, and has no neighbours"
                    )
                }
                // There is no operator's console.
                Effect::Show(Report::Line(..) | Report::Left) => {}
            }
        }
        Ok(())
    }

    /// Ends the server: it hears what the client said last, and tells everybody.
    pub fn quit(
        &mut self,
        now: Now,
        client: &mut Client,
        reactor: &mut Reactor,
    ) -> Result<(), Failure> {
        self.feed(now, client);
        self.served.machine.handle(now, Input::Command(Operate::Quit));
        self.commit(now, reactor)
    }

    /// Whether something waits for the next wake.
    pub fn is_ready(&self) -> bool {
        !self.is_begun || self.pipes.iter().any(Pipe::is_ready)
    }

    /// When the server wants to be told the time.
    pub fn due(&self) -> Option<Mono> {
        self.served.machine.poll_timeout().map(|(at, _)| at)
    }

    fn perform(&mut self, side: Side, conn: ConnId, action: StreamAction) -> Option<StreamAction> {
        match self.pipes.iter_mut().find(|pipe| pipe.id(side) == conn) {
            Some(pipe) => {
                pipe.perform(side, action);
                None
            }
            None => Some(action),
        }
    }
}

/// What is left for the client, once the server has taken in what is its own.
pub(super) fn left<'a>(host: &mut Option<Host>, now: Now, ready: Ready<'a>) -> Option<Ready<'a>> {
    match host {
        Some(host) => host.take(now, ready),
        None => Some(ready),
    }
}

/// What is told of a pipe, as a machine knows it.
fn event<'a>(told: &'a Told, open: StreamEvent<'a>) -> StreamEvent<'a> {
    match told {
        Told::Open => open,
        Told::Bytes(bytes) => StreamEvent::Bytes(bytes),
        Told::Drained => StreamEvent::Drained,
        Told::Ended => StreamEvent::Closed(Cause::Ended),
    }
}

/// Where a listener on this address is dialled from its own machine.
fn here(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            Ipv4Addr::LOCALHOST.into()
        }
        ip => ip,
    }
}

/// Where the client is, as its own server sees it: there is no address in between.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// The server's data in the profile.
const DIRECTORY: &str = "host";

#[cfg(test)]
mod tests;
