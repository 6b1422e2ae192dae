//! Who somebody is: keys, fingerprint, and the ways to point at a person.

use super::name::Name;
use crate::proto::bytes::Bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

/// A hash of both public keys: BLAKE2s-256 of `sign ‖ dh`, its first 20 bytes.
/// Shown as eight groups of four base32 letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub Bytes<20>);

/// The public half of an identity, as it is sent and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIdentity {
    /// Ed25519: signs.
    pub sign: Bytes<32>,
    /// X25519: the Noise static key.
    pub dh: Bytes<32>,
    /// The signature by `sign` that binds `dh` to it.
    pub binding: Bytes<64>,
}

/// Somebody this profile knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What the person is pinned to.
    pub fingerprint: Fingerprint,
    /// The keys behind the fingerprint.
    pub identity: PublicIdentity,
    /// The name they go by here; no two people of a profile have the same.
    pub name: Option<Name>,
    /// Their virtual address on our server, where known.
    pub address: Option<Ipv4Addr>,
}

/// How a verb points at a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// By name.
    Name(Name),
    /// By virtual address.
    Address(Ipv4Addr),
    /// By key fingerprint.
    Key(Fingerprint),
    /// Whoever answers there; only where a peer is dialled.
    Endpoint(SocketAddr),
}

impl Fingerprint {
    /// The opposite of `Display`; groups are needed, so that no name is ever taken for a key.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let groups: Vec<&str> = text.split('-').collect();
        if groups.len() != 8 || groups.iter().any(|group| group.len() != 4) {
            return None;
        }
        Bytes::from_text(&groups.concat()).map(Fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_text();
        for (i, group) in (0..text.len()).step_by(4).enumerate() {
            let dash = if i == 0 { "" } else { "-" };
            write!(f, "{dash}{}", &text[group..group + 4])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Target {
    /// A person from what somebody typed. An address with a port is an endpoint.
    pub fn parse(text: &str) -> Option<Target> {
        if let Ok(endpoint) = text.parse() {
            return Some(Target::Endpoint(endpoint));
        }
        if let Ok(address) = text.parse() {
            return Some(Target::Address(address));
        }
        if let Some(key) = Fingerprint::parse(text) {
            return Some(Target::Key(key));
        }
        Name::parse(text).ok().map(Target::Name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Name(name) => name.fmt(f),
            Target::Address(address) => address.fmt(f),
            Target::Key(key) => fmt::Display::fmt(key, f),
            Target::Endpoint(endpoint) => endpoint.fmt(f),
        }
    }
}

impl Person {
    /// What to call the person: the name, or the fingerprint of somebody who has none here.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => self.fingerprint.to_string(),
        }
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { self.0.serialize(to) }
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            Fingerprint::parse(&text).ok_or_else(|| D::Error::custom("not a key fingerprint"))
        } else {
            Bytes::deserialize(from).map(Fingerprint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_told_apart_by_its_form() {
        let key = Fingerprint(Bytes([7; 20]));
        assert_eq!(Target::parse(&key.to_string()), Some(Target::Key(key)));
        assert!(matches!(Target::parse("100.64.0.7"), Some(Target::Address(_))));
        assert!(matches!(Target::parse("127.0.0.1:80"), Some(Target::Endpoint(_))));
        assert!(matches!(Target::parse("[::1]:80"), Some(Target::Endpoint(_))));
        assert!(matches!(Target::parse("Bob"), Some(Target::Name(_))));
        assert_eq!(Target::parse("no such"), None);
    }
}
