//! TCP listeners, with a UDP socket beside them, and accepting when descriptors run out.

use super::descriptors::Spare;
use super::tcp;
use super::token::Ticket;
use super::udp::Udp;
use crate::proto::id::ConnId;
use crate::proto::limits::{BACKLOG, PORTS_TRIED};
use mio::net::{TcpListener, TcpStream};
use rustix::io::Errno;
use socket2::{Protocol, Type};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// A TCP listener.
pub(super) struct Listener {
    pub id: ConnId,
    pub socket: TcpListener,
    pub readable: bool,
    /// Where it listens, while its machine has yet to be told.
    pub announce: Option<SocketAddr>,
    /// The UDP socket that came with it, and goes with it.
    pub udp: Option<Ticket>,
}

/// What a listener had.
pub(super) enum Taken<T> {
    Stream(T),
    /// Somebody who is gone already, or whom we have no descriptor for.
    TurnedAway,
    Nobody,
    /// Not even a spare descriptor: try again when one is free.
    Starved,
}

impl Listener {
    pub fn take(&mut self, spare: &mut Spare) -> Taken<(TcpStream, SocketAddr)> {
        take(spare, || self.socket.accept())
    }
}

/// Opens a listening socket: at once after the one before at this address, for both IP families.
pub(super) fn open(at: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = tcp::socket(at, Type::STREAM, Protocol::TCP)?;
    tcp::set_up(&socket)?;
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into());
    let at = listener.local_addr()?;
    Ok((listener, at))
}

/// The same with a UDP socket on the same port, if one is to be had. Where any port will do, one
/// that is free for both is looked for.
pub(super) fn open_both(at: SocketAddr) -> io::Result<(TcpListener, SocketAddr, Option<Udp>)> {
    let mut tries = if at.port() == 0 { PORTS_TRIED } else { 1 };
    loop {
        let (listener, opened) = open(at)?;
        tries -= 1;
        match Udp::bind(opened) {
            Ok((udp, _)) => return Ok((listener, opened, Some(udp))),
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => {
                log::info!("no datagrams at {opened}: {error}");
                return Ok((listener, opened, None));
            }
        }
    }
}

/// Accepts one. Without a free descriptor, with the spare one, to turn the caller away: left
/// waiting it would be reported for ever, and hidden it would never be served.
pub(super) fn take<T>(spare: &mut Spare, mut accept: impl FnMut() -> io::Result<T>) -> Taken<T> {
    let error = match accept() {
        Ok(stream) => return Taken::Stream(stream),
        Err(error) => error,
    };
    if error.kind() == ErrorKind::WouldBlock {
        return Taken::Nobody;
    }
    if !is_out_of_resources(&error) {
        log::debug!("accept: {error}");
        return Taken::TurnedAway;
    }
    log::debug!("accept: {error}: turning one away");
    let turned_away = spare.lend(|| match accept() {
        Ok(_) => true,
        Err(error) => !is_out_of_resources(&error),
    });
    if turned_away { Taken::TurnedAway } else { Taken::Starved }
}

fn is_out_of_resources(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}
