//! NAT-PMP (RFC 6886, section 3).

use super::Transport;
use std::net::Ipv4Addr;

/// What the gateway answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// Its address outside.
    Address { epoch_s: u32, outer: Ipv4Addr },
    /// A mapping.
    Mapped { transport: Transport, epoch_s: u32, port: u16, outer_port: u16, lease_s: u32 },
    /// No, to the question about this; a question that it cannot read is about nothing it knows.
    Refused { about: Option<Transport>, result: u16 },
}

/// The version in the first byte of every packet.
pub(super) const VERSION: u8 = 0;
/// The result for a question in a version that the gateway does not speak; PCP's questions get it.
pub(super) const OTHER_VERSION: u16 = 1;
const ANSWER: u8 = 0x80;

/// The question for the address outside.
pub(super) fn ask_address() -> Vec<u8> {
    vec![VERSION, 0]
}

/// The question for a mapping; a lease of 0 takes it back.
pub(super) fn ask_mapping(transport: Transport, port: u16, wished: u16, lease_s: u32) -> Vec<u8> {
    let mut bytes = vec![VERSION, opcode(transport), 0, 0];
    bytes.extend(port.to_be_bytes());
    bytes.extend(wished.to_be_bytes());
    bytes.extend(lease_s.to_be_bytes());
    bytes
}

/// Reads an answer; `None` for what is none.
pub(super) fn decode(bytes: &[u8]) -> Option<Response> {
    let short = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (version, opcode) = (*bytes.first()?, *bytes.get(1)?);
    if version != VERSION || opcode < ANSWER {
        return None;
    }
    let about = match opcode & !ANSWER {
        1 => Some(Transport::Udp),
        2 => Some(Transport::Tcp),
        _ => None,
    };
    let result = short(2)?;
    if result != 0 {
        return Some(Response::Refused { about, result });
    }
    let epoch_s = long(4)?;
    Some(match about {
        None if opcode == ANSWER => Response::Address { epoch_s, outer: long(8)?.into() },
        None => return None,
        Some(transport) => Response::Mapped {
            transport,
            epoch_s,
            port: short(8)?,
            outer_port: short(10)?,
            lease_s: long(12)?,
        },
    })
}

/// What a result says (RFC 6886, section 3.5).
pub(super) fn words(result: u16) -> &'static str {
    match result {
        OTHER_VERSION => "the gateway does not speak this version",
        2 => "the gateway does not allow it",
        3 => "the gateway has no network outside",
        4 => "the gateway has no room for more",
        5 => "the gateway maps no ports",
        _ => "the gateway refuses",
    }
}

fn opcode(transport: Transport) -> u8 {
    match transport {
        Transport::Udp => 1,
        Transport::Tcp => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_laid_out_as_in_the_figures() {
        assert_eq!(ask_address(), [0, 0]);
        let tcp = ask_mapping(Transport::Tcp, 0x1234, 0x5678, 7200);
        assert_eq!(tcp, [0, 2, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x1c, 0x20]);
        assert_eq!(ask_mapping(Transport::Udp, 1, 0, 0), [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn answers_are_read() {
        let address = [0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 5];
        let outer = Ipv4Addr::new(203, 0, 113, 5);
        assert_eq!(decode(&address), Some(Response::Address { epoch_s: 9, outer }));
        let mapped = [0, 129, 0, 0, 0, 0, 0, 9, 0x12, 0x34, 0x9c, 0x40, 0, 0, 0x0e, 0x10];
        let (transport, port, outer_port, lease_s) = (Transport::Udp, 0x1234, 40_000, 3600);
        let is = Response::Mapped { transport, epoch_s: 9, port, outer_port, lease_s };
        assert_eq!(decode(&mapped), Some(is));
        let old = [0, 129, 0, 1, 0, 0, 0, 9];
        let about = Some(Transport::Udp);
        assert_eq!(decode(&old), Some(Response::Refused { about, result: OTHER_VERSION }));
    }

    #[test]
    fn what_is_cut_short_or_no_answer_is_passed_over() {
        let mapped = [0, 130, 0, 0, 0, 0, 0, 9, 0x12, 0x34, 0x9c, 0x40, 0, 0, 0x0e, 0x10];
        for length in 0..mapped.len() {
            assert_eq!(decode(&mapped[..length]), None);
        }
        assert_eq!(decode(&ask_mapping(Transport::Tcp, 1, 2, 3)), None);
        assert_eq!(decode(&[0, 131, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4]), None);
    }
}
