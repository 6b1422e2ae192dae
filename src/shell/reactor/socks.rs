//! SOCKS5, the dialling side (RFC 1928, and RFC 1929 for the login): bytes in, bytes out.
//!
//! | state | from the proxy | next |
//! |---|---|---|
//! | Method | none needed | Reply; the request |
//! | Method | a login | Verdict; the login |
//! | Verdict | yes | Reply; the request |
//! | Reply | done, and the address that it used | open |
//! | any | a no, or no SOCKS5 | a [`ProxyFault`] |
//!
//! Each answer says how long it is, so that nothing behind the last is ever read here.

use crate::proto::machine::ProxyFault;
use std::net::{IpAddr, SocketAddr};

/// The proxy that every dial goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where it is.
    pub at: SocketAddr,
    /// Its user and their password, each of 1 to 255 bytes.
    pub login: Option<(String, String)>,
}

/// Whom the proxy is to dial.
#[derive(Debug)]
pub(super) enum Remote {
    Address(SocketAddr),
    /// Not looked up here; at most [`NAME_MAX_BYTES`].
    Name(String, u16),
}

/// The longest name there is room for.
pub(super) const NAME_MAX_BYTES: usize = 255;

/// A connection to a proxy that is not yet one to somebody else.
#[derive(Debug)]
pub(super) struct Socks {
    remote: Remote,
    login: Option<(String, String)>,
    state: State,
    /// What came of the present answer.
    answer: Vec<u8>,
    /// What is to be written.
    pub unsent: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Method,
    Verdict,
    Reply,
    Open,
}

impl Socks {
    pub fn new(remote: Remote, login: Option<(String, String)>) -> Socks {
        let unsent = match login {
            Some(_) => vec![VERSION, 2, NO_LOGIN, LOGIN],
            None => vec![VERSION, 1, NO_LOGIN],
        };
        Socks { remote, login, state: State::Method, answer: Vec::new(), unsent }
    }

    /// Bytes that are still missing of what is to be read next; none when the connection is open.
    pub fn missing(&self) -> usize {
        let length = match (self.state, &self.answer[..]) {
            (State::Open, _) => 0,
            (State::Method | State::Verdict, _) => 2,
            (State::Reply, answer) if answer.len() < 2 => 2,
            (State::Reply, [_, _, _, kind, first, ..]) => REPLY_HEAD + address_bytes(*kind, *first),
            (State::Reply, _) => REPLY_HEAD + 1,
        };
        length - self.answer.len()
    }

    /// Takes in what was missing, or some of it.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ProxyFault> {
        self.answer.extend_from_slice(bytes);
        match (self.state, &self.answer[..]) {
            (State::Open, _) | (_, [] | [_]) => {}
            // Some say the version of SOCKS here and not that of the login.
            (State::Method, [VERSION, NO_LOGIN, ..]) | (State::Verdict, [_, 0, ..]) => self.ask(),
            (State::Method, [VERSION, LOGIN, ..]) => self.log_in()?,
            (State::Method, [VERSION, ..]) | (State::Verdict, _) => return Err(ProxyFault::Login),
            (State::Reply, [VERSION, 0] | [VERSION, 0, _]) => {}
            (State::Reply, [VERSION, 0, _, IPV4 | IPV6 | NAME, ..]) => {
                if self.missing() == 0 {
                    self.go_to(State::Open, Vec::new());
                }
            }
            (State::Reply, [VERSION, code @ 1..=255, ..]) => return Err(fault(*code)),
            (State::Method | State::Reply, _) => return Err(ProxyFault::Garbage),
        }
        Ok(())
    }

    fn go_to(&mut self, state: State, unsent: Vec<u8>) {
        (self.state, self.unsent) = (state, unsent);
        self.answer.clear();
    }

    fn log_in(&mut self) -> Result<(), ProxyFault> {
        let Some((user, password)) = self.login.take() else { return Err(ProxyFault::Login) };
        let mut unsent = vec![LOGIN_VERSION];
        for text in [user, password] {
            unsent.push(text.len() as u8);
            unsent.extend_from_slice(text.as_bytes());
        }
        self.go_to(State::Verdict, unsent);
        Ok(())
    }

    fn ask(&mut self) {
        let mut unsent = vec![VERSION, CONNECT, 0];
        let port = match &self.remote {
            Remote::Address(at) => {
                match at.ip().to_canonical() {
                    IpAddr::V4(ip) => {
                        unsent.push(IPV4);
                        unsent.extend_from_slice(&ip.octets());
                    }
                    IpAddr::V6(ip) => {
                        unsent.push(IPV6);
                        unsent.extend_from_slice(&ip.octets());
                    }
                }
                at.port()
            }
            Remote::Name(name, port) => {
                unsent.extend_from_slice(&[NAME, name.len() as u8]);
                unsent.extend_from_slice(name.as_bytes());
                *port
            }
        };
        unsent.extend_from_slice(&port.to_be_bytes());
        self.go_to(State::Reply, unsent);
    }
}

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
/// Version, code, a zero, the kind of address.
const REPLY_HEAD: usize = 4;

/// Of an address with its port, by its kind and first byte.
fn address_bytes(kind: u8, first: u8) -> usize {
    match kind {
        IPV4 => 4 + 2,
        IPV6 => 16 + 2,
        _ => 1 + usize::from(first) + 2,
    }
}

/// The codes of RFC 1928, section 6.
fn fault(code: u8) -> ProxyFault {
    match code {
        1 => ProxyFault::General,
        2 => ProxyFault::NotAllowed,
        3 => ProxyFault::NetworkUnreachable,
        4 => ProxyFault::HostUnreachable,
        5 => ProxyFault::Refused,
        6 => ProxyFault::Expired,
        7 | 8 => ProxyFault::Unsupported,
        code => ProxyFault::Other(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Remote {
        Remote::Address("192.0.2.7:12000".parse().expect("an address"))
    }

    fn name() -> Remote {
        Remote::Name("abc.onion".to_owned(), 80)
    }

    fn login() -> Option<(String, String)> {
        Some(("ann".to_owned(), "pw".to_owned()))
    }

    /// Feeds an answer in pieces of this size; what is said then.
    fn say(socks: &mut Socks, answer: &[u8], piece: usize) -> Result<Vec<u8>, ProxyFault> {
        let mut rest = answer;
        while !rest.is_empty() {
            let length = piece.min(socks.missing()).min(rest.len());
            assert!(length > 0, "{} bytes are left over", rest.len());
            socks.feed(&rest[..length])?;
            rest = &rest[length..];
        }
        Ok(std::mem::take(&mut socks.unsent))
    }

    /// A proxy that has been asked.
    fn asked() -> Socks {
        let mut socks = Socks::new(address(), None);
        say(&mut socks, &[5, 0], 2).expect("no login");
        socks
    }

    #[test]
    fn an_address_is_asked_for_and_open_however_the_answers_are_split() {
        let ipv4 = [5, 0, 0, 1, 10, 0, 0, 1, 0, 80].to_vec();
        let ipv6 = [[5, 0, 0, 4].as_slice(), &[7; 16], &[0, 80]].concat();
        let named = [[5, 0, 0, 3, 4].as_slice(), b"host", &[0, 80]].concat();
        let nameless = [5, 0, 0, 3, 0, 0, 80].to_vec();
        for reply in [ipv4, ipv6, named, nameless] {
            for piece in 1..=reply.len() {
                let mut socks = Socks::new(address(), None);
                assert_eq!(std::mem::take(&mut socks.unsent), [5, 1, 0]);
                let request = say(&mut socks, &[5, 0], piece).expect("no login");
                assert_eq!(request, [5, 1, 0, 1, 192, 0, 2, 7, 0x2E, 0xE0]);
                assert_eq!(say(&mut socks, &reply, piece), Ok(Vec::new()));
                assert_eq!(socks.missing(), 0, "{reply:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_name_goes_to_the_proxy_as_it_is() {
        let mut socks = Socks::new(name(), None);
        let request = say(&mut socks, &[5, 0], 2).expect("no login");
        assert_eq!(request, [&[5, 1, 0, 3, 9], b"abc.onion".as_slice(), &[0, 80]].concat());
    }

    #[test]
    fn an_ipv6_address_is_asked_for_and_one_that_is_ipv4_in_truth_as_that() {
        for (text, kind, length) in [("[2001:db8::1]:1", 4, 22), ("[::ffff:1.2.3.4]:1", 1, 10)] {
            let mut socks = Socks::new(Remote::Address(text.parse().expect("one")), None);
            let request = say(&mut socks, &[5, 0], 2).expect("no login");
            assert_eq!((request[3], request.len()), (kind, length), "{text}");
        }
    }

    #[test]
    fn a_login_is_given_where_it_is_wanted_and_not_where_it_is_not() {
        let mut socks = Socks::new(name(), login());
        assert_eq!(std::mem::take(&mut socks.unsent), [5, 2, 0, 2]);
        let said = say(&mut socks, &[5, 2], 1).expect("wanted");
        assert_eq!(said, [1, 3, b'a', b'n', b'n', 2, b'p', b'w']);
        let request = say(&mut socks, &[1, 0], 1).expect("taken");
        assert_eq!(request[..4], [5, 1, 0, 3]);

        let mut socks = Socks::new(name(), login());
        let request = say(&mut socks, &[5, 0], 2).expect("not wanted");
        assert_eq!(request[..4], [5, 1, 0, 3]);
    }

    #[test]
    fn a_login_that_is_missing_or_refused_is_told() {
        let mut socks = Socks::new(name(), None);
        assert_eq!(say(&mut socks, &[5, 0xFF], 2), Err(ProxyFault::Login));
        assert_eq!(say(&mut Socks::new(name(), None), &[5, 2], 2), Err(ProxyFault::Login));
        let mut socks = Socks::new(name(), login());
        say(&mut socks, &[5, 2], 2).expect("wanted");
        assert_eq!(say(&mut socks, &[1, 1], 2), Err(ProxyFault::Login));
    }

    #[test]
    fn each_code_of_the_proxy_is_a_fault_of_its_own_and_known_from_two_bytes() {
        let faults = [
            ProxyFault::General,
            ProxyFault::NotAllowed,
            ProxyFault::NetworkUnreachable,
            ProxyFault::HostUnreachable,
            ProxyFault::Refused,
            ProxyFault::Expired,
            ProxyFault::Unsupported,
            ProxyFault::Unsupported,
            ProxyFault::Other(9),
        ];
        for (code, fault) in (1..).zip(faults) {
            assert_eq!(say(&mut asked(), &[5, code], 1), Err(fault));
        }
        assert_eq!(say(&mut asked(), &[5, 255], 2), Err(ProxyFault::Other(255)));
    }

    #[test]
    fn what_is_no_socks_is_refused_in_every_state() {
        let no_socks = Err(ProxyFault::Garbage);
        assert_eq!(say(&mut Socks::new(name(), None), b"HTTP/1.1 400", 2), no_socks);
        assert_eq!(say(&mut Socks::new(name(), None), &[4, 0], 2), no_socks);
        assert_eq!(say(&mut asked(), &[4, 0], 2), no_socks);
        assert_eq!(say(&mut asked(), &[5, 0, 0, 2, 0], 5), no_socks);
    }
}
