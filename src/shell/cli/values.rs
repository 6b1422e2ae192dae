//! What the values of options become; `None` for what makes no sense.

use super::{Consent, Hosting, On, SERVER_PORT};
use crate::proto::model::event::Stage;
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use crate::shell::front::{fit, lines, words};
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// `HOST:PORT[#KEY]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The key it must have.
    pub key: Option<Fingerprint>,
}

/// A proxy that speaks SOCKS5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAddress {
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its user and their password.
    pub login: Option<(String, String)>,
}

/// The port of a proxy that is named without one (RFC 1928, section 3).
const PROXY_PORT: u16 = 1080;

impl Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// `HOST[:PORT][#KEY]`; an IPv6 address stands in brackets, or alone without a port.
pub fn server_address(text: &str) -> Option<ServerAddress> {
    let (at, key) = match text.split_once('#') {
        Some((at, key)) => (at, Some(Fingerprint::parse(key)?)),
        None => (text, None),
    };
    let (host, port) = place(at, SERVER_PORT)?;
    Some(ServerAddress { host, port, key })
}

/// `HOST[:PORT]`, and the port where none is given.
fn place(text: &str, usual: u16) -> Option<(String, u16)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text.to_owned(), usual));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(plausible) {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => usual,
    };
    Some((host.to_owned(), port))
}

/// `socks5://[USER:PASSWORD@]HOST[:PORT]`, with `%` and two hexadecimal digits for any byte of the
/// first two; nothing is no proxy. curl calls a proxy `socks5h` that looks names up; ours always
/// does.
pub(super) fn proxy(text: &str) -> Option<Option<ProxyAddress>> {
    if text.is_empty() {
        return Some(None);
    }
    let rest = text.strip_prefix("socks5://").or_else(|| text.strip_prefix("socks5h://"))?;
    let (login, at) = match rest.rsplit_once('@') {
        Some((login, at)) => (Some(login.split_once(':')?), at),
        None => (None, rest),
    };
    let (host, port) = place(at.strip_suffix('/').unwrap_or(at), PROXY_PORT)?;
    let login = match login {
        Some((user, password)) => Some((unescaped(user)?, unescaped(password)?)),
        None => None,
    };
    Some(Some(ProxyAddress { host, port, login }))
}

/// A user or a password for a proxy, of 1 to 255 bytes (RFC 1929).
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *byte == b'%');
        rest = if digits.is_some() { &after[2..] } else { after };
        bytes.push(match digits {
            Some(digits) => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?,
            None => *byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| (1..=255).contains(&text.len()))
}

pub(super) fn name(text: &str) -> Option<Name> {
    Name::parse(text).ok()
}

pub(super) fn endpoint(text: &str) -> Option<SocketAddr> {
    match text.rsplit_once(':') {
        Some(("localhost", port)) => {
            Some((IpAddr::from([127, 0, 0, 1]), port.parse().ok()?).into())
        }
        Some(_) | None => text.parse().ok(),
    }
}

/// `ADDR:PORT`, or only whether.
pub(super) fn hosting(text: &str) -> Option<Hosting> {
    match text {
        "yes" => Some(Hosting::Anywhere),
        "no" => Some(Hosting::No),
        text => endpoint(text).map(Hosting::At),
    }
}

pub(super) fn consent(text: &str) -> Option<Consent> {
    match text {
        "friends" => Some(Consent::Friends),
        "all" => Some(Consent::All),
        "none" => Some(Consent::None),
        _ => None,
    }
}

pub(super) fn stage(text: &str) -> Option<Stage> {
    lines::state(text).ok()
}

pub(super) fn timeout(text: &str) -> Option<u64> {
    // The standard library's reading of fractions is 15 KB.
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || text.len() == text.matches('.').count() {
        return None;
    }
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = part.bytes().chain(*b"000").take(3);
    let ms = digits.fold(0, |ms, digit| ms * 10 + u64::from(digit - b'0'));
    lines::timeout_ms(whole.into()).map(|whole_ms| whole_ms + ms)
}

pub(super) fn count(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n| *n > 0)
}

/// A number of bytes: `4096`, `512K`, `256M`, `2G`, each 1024 of the one before.
pub(super) fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    count(digits)?.checked_mul(factor)
}

/// A kind of event, and the words of a command.
pub(super) fn on(text: &str) -> Option<On> {
    let (word, command) = text.trim_start().split_once(char::is_whitespace)?;
    let event = match word {
        "all" => None,
        word => Some(*fit::KINDS.iter().find(|kind| **kind == word)?),
    };
    let argv = words::split(command).ok().filter(|argv| !argv.is_empty())?;
    Some(On { event, argv })
}

/// The words of a command; none, or one that is empty, are no command.
pub(super) fn words_of(text: &str) -> Option<Vec<String>> {
    let words = words::split(text).ok()?;
    Some(if words == [""] { Vec::new() } else { words })
}

/// The words of a command, none or with `{wav}` among them.
pub(super) fn command_line(text: &str) -> Option<Vec<String>> {
    let words = words_of(text)?;
    (words.is_empty() || words.iter().any(|word| word.contains("{wav}"))).then_some(words)
}
