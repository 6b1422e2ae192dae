//! Word from the kernel that an address of this machine has come or gone (netlink(7)).

use crate::proto::limits::TURN_ARRIVALS;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR` of linux/rtnetlink.h.
const ADDRESSES: u32 = 0x10 | 0x100;

pub(super) struct Network {
    pub readable: bool,
    socket: OwnedFd,
}

impl Network {
    pub fn open(registry: &Registry, token: Token) -> io::Result<Network> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, ADDRESSES))?;
        registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Network { readable: false, socket })
    }

    /// Reads away what is said; what it says is found out in another way. Whether that was
    /// anything.
    pub fn step(&mut self, buffer: &mut [u8]) -> bool {
        let mut is_said = false;
        for _ in 0..TURN_ARRIVALS {
            if !self.readable {
                break;
            }
            match rustix::io::read(&self.socket, &mut *buffer) {
                // There was more than the kernel keeps.
                Ok(_) | Err(Errno::NOBUFS) => is_said = true,
                Err(Errno::INTR) => {}
                Err(_) => self.readable = false,
            }
        }
        is_said
    }
}
