//! The UDP socket.

use super::tcp;
use crate::proto::limits::TURN_ARRIVALS;
use mio::net::UdpSocket;
use socket2::{Protocol, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

pub(super) struct Udp {
    pub socket: UdpSocket,
    pub readable: bool,
    is_ipv6: bool,
}

/// One turn of the UDP socket.
pub(super) enum Received {
    Datagram(SocketAddr, usize),
    Nothing,
    Later,
}

impl Udp {
    /// Binds it; the address says which port it became.
    pub fn bind(at: SocketAddr) -> io::Result<(Udp, SocketAddr)> {
        let socket = tcp::socket(at, Type::DGRAM, Protocol::UDP)?;
        socket.bind(&at.into())?;
        let udp = Udp::of(socket)?;
        let at = udp.socket.local_addr()?;
        Ok((udp, at))
    }

    /// One that is bound already.
    pub fn of(socket: Socket) -> io::Result<Udp> {
        let socket = UdpSocket::from_std(socket.into());
        let is_ipv6 = socket.local_addr()?.is_ipv6();
        Ok(Udp { socket, readable: false, is_ipv6 })
    }

    pub fn step(&mut self, buffer: &mut [u8], spent: &mut usize) -> Received {
        while self.readable {
            if *spent >= TURN_ARRIVALS {
                return Received::Later;
            }
            *spent += 1;
            match self.socket.recv_from(buffer) {
                Ok((bytes, from)) => return Received::Datagram(tcp::plain(from), bytes),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) => log::debug!("datagram: {error}"),
            }
        }
        Received::Nothing
    }

    /// Sends, or drops: nobody relies on a datagram.
    pub fn send(&self, to: SocketAddr, bytes: &[u8]) {
        let address = match to.ip() {
            IpAddr::V4(ip) if self.is_ipv6 => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        if let Err(error) = self.socket.send_to(bytes, address) {
            log::debug!("datagram to {to} dropped: {error}");
        }
    }
}
