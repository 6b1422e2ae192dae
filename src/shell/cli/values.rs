//! What the values of options become; `None` for what makes no sense.

use super::{Consent, On, SERVER_PORT};
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
    if at.parse::<Ipv6Addr>().is_ok() {
        return Some(ServerAddress { host: at.to_owned(), port: SERVER_PORT, key });
    }
    let (host, port) = match at.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match at.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (at, None),
        },
    };
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(plausible) {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => SERVER_PORT,
    };
    Some(ServerAddress { host: host.to_owned(), port, key })
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
    lines::timeout_ms(text.parse().ok()?)
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
