//! TCP connections: dialled, accepted, and how all of them are set up.

use super::flow::{Flow, Step};
use super::socks::Socks;
use crate::proto::id::ConnId;
use crate::proto::limits::{
    DOUBTED_S, KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES, UNACKNOWLEDGED_S,
};
use crate::proto::machine::{Cause, ProxyFault};
use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::time::Duration;

/// A TCP connection, as its machine knows it.
pub(super) struct Tcp {
    pub id: ConnId,
    pub flow: Flow<TcpStream>,
    phase: Phase,
}

enum Phase {
    /// What the proxy is asked for, if one was dialled.
    Dialling(Option<Box<Socks>>),
    /// The proxy was reached, and has yet to dial for us.
    Asking(Box<Socks>),
    Open,
}

/// One turn of a TCP connection.
pub(super) enum TcpStep {
    Open(SocketAddr),
    Flow(Step),
}

impl Tcp {
    pub fn accepted(id: ConnId, socket: TcpStream) -> Tcp {
        Tcp { id, flow: Flow::new(socket, true), phase: Phase::Open }
    }

    pub fn dialled(id: ConnId, socket: TcpStream, socks: Option<Box<Socks>>) -> Tcp {
        Tcp { id, flow: Flow::new(socket, false), phase: Phase::Dialling(socks) }
    }

    pub fn step(&mut self, buffer: &mut [u8], spent: usize) -> TcpStep {
        if let Phase::Open = self.phase {
            return TcpStep::Flow(self.flow.step(buffer, spent));
        }
        match self.open() {
            Ok(Some(local)) => {
                self.phase = Phase::Open;
                TcpStep::Open(local)
            }
            Ok(None) => TcpStep::Flow(Step::Done),
            Err(cause) => TcpStep::Flow(Step::Closed(cause)),
        }
    }

    /// Gives it up, dialled or open.
    pub fn give_up(&mut self, cause: Cause) {
        self.phase = Phase::Open;
        self.flow.fail(cause);
    }

    pub fn is_dialling(&self) -> bool {
        !matches!(self.phase, Phase::Open)
    }

    /// Goes on with dialling: our address once it is over.
    fn open(&mut self) -> Result<Option<SocketAddr>, Cause> {
        if let Phase::Dialling(socks) = &mut self.phase {
            if !self.flow.is_writable() {
                return Ok(None);
            }
            let is_proxy = socks.is_some();
            let local = outcome(&self.flow.socket).map_err(|error| match is_proxy {
                true => Cause::Proxy(ProxyFault::Away(error.kind())),
                false => Cause::Failed(error.kind()),
            })?;
            let Some(local) = local else {
                self.flow.set_writable(false);
                return Ok(None);
            };
            let Some(socks) = socks.take() else { return Ok(Some(local)) };
            self.phase = Phase::Asking(socks);
        }
        let Phase::Asking(socks) = &mut self.phase else { return Ok(None) };
        if !self.flow.ask(socks).map_err(Cause::Proxy)? {
            return Ok(None);
        }
        let local = self.flow.socket.local_addr();
        local.map(|local| Some(plain(local))).map_err(|error| Cause::Failed(error.kind()))
    }

    /// Gives it up early, or late again, when the other end acknowledges nothing.
    pub fn doubt(&self, doubted: bool) {
        let after = Duration::from_secs(if doubted { DOUBTED_S } else { UNACKNOWLEDGED_S });
        if let Err(why) = SockRef::from(&self.flow.socket).set_tcp_user_timeout(Some(after)) {
            log::debug!("a connection's patience: {why}");
        }
    }

    /// Ends it in order: everything is with the kernel, which still delivers it.
    pub fn finish(mut self, buffer: &mut [u8]) {
        if self.flow.socket.shutdown(Shutdown::Write).is_ok() {
            self.flow.drain(buffer);
        }
    }
}

/// How dialling went: our address, or not known yet.
fn outcome(socket: &TcpStream) -> io::Result<Option<SocketAddr>> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    let peer = match socket.peer_addr() {
        Ok(peer) => peer,
        Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(None),
        Err(error) => return Err(error),
    };
    let local = socket.local_addr()?;
    if local == peer {
        // Dialling a free port of this machine can meet itself (RFC 9293 section 3.5, simultaneous
        // open): there is nobody.
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(Some(plain(local)))
}

/// Begins to dial.
pub(super) fn dial(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = socket(to, Type::STREAM, Protocol::TCP)?;
    set_up(&socket)?;
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    connect(socket, to)
}

/// Begins to dial from where a listener is. It shares its port from now on, with whoever of this
/// user asks for it in the same way; not from the start, so that an address in use is noticed.
pub(super) fn cross(to: SocketAddr, listener: &TcpListener) -> io::Result<TcpStream> {
    let at = plain(listener.local_addr()?);
    let ip = match at.ip() {
        ip if !ip.is_unspecified() => ip,
        _ if to.is_ipv4() => Ipv4Addr::UNSPECIFIED.into(),
        _ => Ipv6Addr::UNSPECIFIED.into(),
    };
    SockRef::from(listener).set_reuse_port(true)?;
    let socket = socket(to, Type::STREAM, Protocol::TCP)?;
    set_up(&socket)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::new(ip, at.port()).into())?;
    connect(socket, to)
}

fn connect(socket: Socket, to: SocketAddr) -> io::Result<TcpStream> {
    match socket.connect(&SockAddr::from(to)) {
        Ok(()) => {}
        Err(error) if rustix::io::Errno::from_io_error(&error) == Some(IN_PROGRESS) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(socket.into()))
}

const IN_PROGRESS: rustix::io::Errno = rustix::io::Errno::INPROGRESS;

/// What went wrong with a dial; what the standard library has no kind for gets its nearest.
pub(super) fn kind(error: &io::Error) -> ErrorKind {
    match rustix::io::Errno::from_io_error(error) {
        Some(rustix::io::Errno::AFNOSUPPORT) => ErrorKind::Unsupported,
        Some(_) | None => error.kind(),
    }
}

/// What every connection has. Those accepted inherit it from their listener on Linux, which saves
/// six system calls each.
pub(super) fn set_up(socket: &Socket) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(KEEPALIVE_IDLE_S))
        .with_interval(Duration::from_secs(KEEPALIVE_INTERVAL_S))
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(Duration::from_secs(UNACKNOWLEDGED_S)))
}

/// A socket of the address' family that never blocks and is not inherited by children; IPv6 ones
/// serve IPv4 too.
pub(super) fn socket(at: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket =
        Socket::new(Domain::for_address(at), kind.nonblocking().cloexec(), Some(protocol))?;
    if at.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    Ok(socket)
}

/// The address as people write it: IPv4 as such, though a socket for both families met it.
pub(super) fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}
