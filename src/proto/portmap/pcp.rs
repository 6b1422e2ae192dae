//! The Port Control Protocol's MAP request (RFC 6887, sections 7 and 11), for IPv4.

use super::Transport;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A request; a lease of 0 takes the mapping back.
pub(super) struct Request {
    pub lease_s: u32,
    pub ours: Ipv4Addr,
    pub nonce: [u8; 12],
    pub transport: Transport,
    pub port: u16,
    /// The port outside that would be liked.
    pub wished: u16,
}

/// What the gateway answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub result: u8,
    pub lease_s: u32,
    pub epoch_s: u32,
    pub nonce: [u8; 12],
    pub transport: Transport,
    pub port: u16,
    pub outer_port: u16,
    pub outer: Option<Ipv4Addr>,
}

/// The version in the first byte of every packet.
pub(super) const VERSION: u8 = 2;
const MAP: u8 = 1;
const ANSWER: u8 = 0x80;
/// A header of 24 bytes and MAP's 36 (RFC 6887, figures 3 and 9).
const BYTES: usize = 60;

impl Request {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend([VERSION, MAP, 0, 0]);
        bytes.extend(self.lease_s.to_be_bytes());
        bytes.extend(self.ours.to_ipv6_mapped().octets());
        bytes.extend(self.nonce);
        bytes.extend([self.transport.number(), 0, 0, 0]);
        bytes.extend(self.port.to_be_bytes());
        bytes.extend(self.wished.to_be_bytes());
        bytes.extend(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets());
        bytes
    }
}

/// Reads an answer; `None` for what is none.
pub(super) fn decode(bytes: &[u8]) -> Option<Response> {
    let packet: &[u8; BYTES] = bytes.get(..BYTES)?.try_into().ok()?;
    if packet[..2] != [VERSION, ANSWER | MAP] {
        return None;
    }
    let long = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| packet[at + i]));
    let short = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
    let outer: [u8; 16] = packet[44..].try_into().ok()?;
    Some(Response {
        result: packet[3],
        lease_s: long(4),
        epoch_s: long(8),
        nonce: packet[24..36].try_into().ok()?,
        transport: Transport::of_number(packet[36])?,
        port: short(40),
        outer_port: short(42),
        outer: Ipv6Addr::from(outer).to_ipv4_mapped(),
    })
}

/// What a result says (RFC 6887, section 7.4).
pub(super) fn words(result: u8) -> &'static str {
    match result {
        1 => "the gateway does not speak this version",
        2 => "the gateway does not allow it",
        3 | 6 => "the gateway does not understand the question",
        4 | 5 => "the gateway maps no ports",
        7 => "the gateway has no network outside",
        8 => "the gateway has no room for more",
        9 => "the gateway does not map this kind of port",
        10 => "the gateway has mapped as many ports as we may have",
        11 => "the gateway cannot give this port outside",
        12 => "the gateway sees us under another address",
        _ => "the gateway refuses",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_laid_out_as_in_the_figures() {
        let request = Request {
            lease_s: 7200,
            ours: Ipv4Addr::new(192, 168, 1, 7),
            nonce: *b"twelve bytes",
            transport: Transport::Udp,
            port: 0x1234,
            wished: 0x5678,
        };
        let head = [2, 1, 0, 0, 0, 0, 0x1c, 0x20];
        let client = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168, 1, 7];
        let map = [17, 0, 0, 0, 0x12, 0x34, 0x56, 0x78];
        let suggested = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
        let whole = [&head[..], &client, b"twelve bytes", &map, &suggested].concat();
        assert_eq!(request.encode(), whole);
    }

    #[test]
    fn an_answer_is_read_and_what_is_cut_short_or_no_answer_is_not() {
        let head = [2, 0x81, 0, 0, 0, 0, 0x0e, 0x10, 0, 0, 0, 9];
        let reserved = [0; 12];
        let map = [6, 0, 0, 0, 0x12, 0x34, 0x9c, 0x40];
        let outer = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 5];
        let mut whole = [&head[..], &reserved, b"twelve bytes", &map, &outer].concat();
        let response = Response {
            result: 0,
            lease_s: 3600,
            epoch_s: 9,
            nonce: *b"twelve bytes",
            transport: Transport::Tcp,
            port: 0x1234,
            outer_port: 40_000,
            outer: Some(Ipv4Addr::new(203, 0, 113, 5)),
        };
        assert_eq!(decode(&whole), Some(response));
        for length in 0..whole.len() {
            assert_eq!(decode(&whole[..length]), None);
        }
        whole[1] = 1;
        assert_eq!(decode(&whole), None);
    }
}
