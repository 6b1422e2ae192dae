//! The local network: one group of each IP family that everybody hears, and a socket of our own to
//! speak from, at which answers arrive.

use super::Reactor;
use super::table::Source;
use super::tcp;
use super::token::Ticket;
use super::udp::Udp;
use crate::proto::machine::LanAction;
use mio::Interest;
use socket2::{Protocol, SockRef, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The group and port of ours, of those that are everybody's within a site (RFC 2365 section 6.1)
/// and on a link (RFC 4291 section 2.7). Datagrams do not leave the link: they live for one hop.
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 72, 98);
/// See [`GROUP_V4`].
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0x686f, 0x626e);
/// See [`GROUP_V4`].
const PORT: u16 = 12_098;

/// The sockets that are open.
#[derive(Default)]
pub(super) struct Lan {
    ears: Vec<Ticket>,
    mouths: Vec<Mouth>,
}

struct Mouth {
    ticket: Ticket,
    is_ipv6: bool,
    links: Vec<Link>,
}

/// A network that we are on: its number, and our address there.
struct Link {
    index: u32,
    ip: IpAddr,
}

impl Reactor {
    /// Does something on the local network. What cannot be done there is left.
    pub fn perform_lan(&mut self, action: LanAction) {
        match action {
            LanAction::Open(at) => {
                self.close_lan();
                self.open_lan(at);
            }
            LanAction::Send { to: Some(to), bytes } => self.answer_lan(to, &bytes),
            LanAction::Send { to: None, bytes } => self.tell_lan(&bytes),
            LanAction::Close => self.close_lan(),
        }
    }

    fn open_lan(&mut self, at: IpAddr) {
        for is_ipv6 in [false, true] {
            let links = links(at, is_ipv6);
            if links.is_empty() {
                continue;
            }
            if let Err(why) = self.open_family(at, is_ipv6, links) {
                log::warn!("local network: {why}");
            }
        }
    }

    fn open_family(&mut self, at: IpAddr, is_ipv6: bool, links: Vec<Link>) -> io::Result<()> {
        let ear = self.insert_lan(ear(is_ipv6, &links)?)?;
        self.lan.ears.push(ear);
        let any: IpAddr = match is_ipv6 {
            false => Ipv4Addr::UNSPECIFIED.into(),
            true => Ipv6Addr::UNSPECIFIED.into(),
        };
        let at = if at.is_unspecified() { any } else { at };
        let mouth = socket(SocketAddr::new(at, 0))?;
        let ticket = self.insert_lan(mouth)?;
        self.lan.mouths.push(Mouth { ticket, is_ipv6, links });
        Ok(())
    }

    fn insert_lan(&mut self, socket: Socket) -> io::Result<Ticket> {
        let mut udp = Udp::of(socket)?;
        let token = self.table.next_ticket()?.token();
        self.poll.registry().register(&mut udp.socket, token, Interest::READABLE)?;
        self.table.insert(Source::Lan(udp))
    }

    fn close_lan(&mut self) {
        let lan = std::mem::take(&mut self.lan);
        let mouths = lan.mouths.into_iter().map(|mouth| mouth.ticket);
        for ticket in lan.ears.into_iter().chain(mouths) {
            self.remove(ticket);
        }
    }

    fn answer_lan(&mut self, to: SocketAddr, bytes: &[u8]) {
        let mouth = self.lan.mouths.iter().find(|mouth| mouth.is_ipv6 == to.is_ipv6());
        let Some(ticket) = mouth.map(|mouth| mouth.ticket) else { return };
        if let Some(Source::Lan(udp)) = self.table.entry(ticket).map(|entry| &entry.source) {
            udp.send(to, bytes);
        }
    }

    /// Says something on each network.
    fn tell_lan(&mut self, bytes: &[u8]) {
        let Reactor { lan, table, .. } = self;
        for mouth in &lan.mouths {
            let Some(Source::Lan(udp)) = table.entry(mouth.ticket).map(|entry| &entry.source)
            else {
                continue;
            };
            for link in &mouth.links {
                match link.ip {
                    IpAddr::V4(ip) => {
                        if let Err(why) = SockRef::from(&udp.socket).set_multicast_if_v4(&ip) {
                            log::debug!("local network of {ip}: {why}");
                            continue;
                        }
                        udp.send(SocketAddr::from((GROUP_V4, PORT)), bytes);
                    }
                    IpAddr::V6(_) => {
                        let to = SocketAddrV6::new(GROUP_V6, PORT, 0, link.index);
                        udp.send(to.into(), bytes);
                    }
                }
            }
        }
    }
}

/// A socket that hears what is said on these networks, beside others of this machine.
fn ear(is_ipv6: bool, links: &[Link]) -> io::Result<Socket> {
    let (at, group): (IpAddr, IpAddr) = match is_ipv6 {
        false => (GROUP_V4.into(), GROUP_V4.into()),
        // A group that is a link's alone can only be bound to on one link.
        true => (Ipv6Addr::UNSPECIFIED.into(), GROUP_V6.into()),
    };
    let at = SocketAddr::new(at, PORT);
    let socket = tcp::socket(at, Type::DGRAM, Protocol::UDP)?;
    socket.set_reuse_address(true)?;
    match is_ipv6 {
        false => socket.set_multicast_all_v4(false)?,
        true => {
            socket.set_only_v6(true)?;
            socket.set_multicast_all_v6(false)?;
        }
    }
    socket.bind(&at.into())?;
    for link in links {
        let joined = match (group, link.ip) {
            (IpAddr::V4(group), IpAddr::V4(ip)) => socket.join_multicast_v4(&group, &ip),
            (IpAddr::V6(group), _) => socket.join_multicast_v6(&group, link.index),
            (IpAddr::V4(_), IpAddr::V6(_)) => continue,
        };
        if let Err(why) = joined {
            log::debug!("local network of {}: {why}", link.ip);
        }
    }
    Ok(socket)
}

fn socket(at: SocketAddr) -> io::Result<Socket> {
    let socket = tcp::socket(at, Type::DGRAM, Protocol::UDP)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&at.into())?;
    Ok(socket)
}

/// The networks of a family that we listen on: all, or the one of an address of our own.
fn links(at: IpAddr, is_ipv6: bool) -> Vec<Link> {
    let interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(why) => {
            log::warn!("own addresses: {why}");
            return Vec::new();
        }
    };
    let mut links: Vec<Link> = Vec::new();
    for interface in interfaces {
        let (ip, Some(index)) = (interface.ip(), interface.index) else { continue };
        // A socket for IPv6 at every address is one for IPv4 as well; of IPv6's own loopback
        // nothing is heard.
        let is_meant = if at.is_unspecified() { at.is_ipv6() || ip.is_ipv4() } else { ip == at };
        let is_new = links.iter().all(|link| link.index != index);
        if is_meant && is_new && ip.is_ipv6() == is_ipv6 && !(is_ipv6 && ip.is_loopback()) {
            links.push(Link { index, ip });
        }
    }
    links
}
