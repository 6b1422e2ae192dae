//! What is asked of a gateway, and its answer.

use std::net::{IpAddr, Ipv4Addr};

/// What is mapped.
#[derive(Clone, Debug)]
pub struct Wish {
    pub(super) port: u16,
    pub(super) transports: &'static [Transport],
    pub(super) nonce: [u8; 12],
    /// Ports to ask for where ours is another's.
    pub(super) others: [u16; 2],
    pub(super) tag: String,
}

impl Wish {
    /// A port for TCP, and for UDP if `udp`. `nonce` is random; `tag` is what the gateway lists the
    /// mapping as, the same for this profile each time.
    pub fn new(port: u16, udp: bool, nonce: [u8; 12], tag: String) -> Wish {
        // Dynamic ports (RFC 6335, section 6).
        let other = |at: usize| u16::from_be_bytes([nonce[at] | 0xc0, nonce[at + 1]]);
        let transports: &[Transport] = match udp {
            true => &[Transport::Tcp, Transport::Udp],
            false => &[Transport::Tcp],
        };
        Wish { port, transports, nonce, others: [other(0), other(2)], tag }
    }
}

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    /// As IANA numbers it.
    pub fn number(self) -> u8 {
        match self {
            Transport::Tcp => 6,
            Transport::Udp => 17,
        }
    }

    pub fn of_number(number: u8) -> Option<Transport> {
        [Transport::Tcp, Transport::Udp].into_iter().find(|transport| transport.number() == number)
    }

    pub fn word(self) -> &'static str {
        match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        }
    }
}

/// A mapping that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub transport: Transport,
    /// The port outside that would be liked.
    pub wished: u16,
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Awaited,
    Mapped { port: u16, lease_s: u32 },
    Refused(&'static str),
}

/// Whether an address can be one of a gateway's outside.
pub(super) fn is_usable(address: Ipv4Addr) -> bool {
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_broadcast())
}

/// Whether an address is on the inside of some gateway (RFC 1918, RFC 6598, RFC 3927).
pub fn is_inside(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && second & 0xc0 == 64;
    address.is_private() || address.is_link_local() || is_shared
}

/// Whether our address outside is on the inside of another gateway.
pub fn is_behind_another(outer: IpAddr) -> bool {
    matches!(outer, IpAddr::V4(outer) if is_inside(outer))
}
