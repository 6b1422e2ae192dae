//! An account on a server.

use super::name::Name;
use super::person::{Fingerprint, PublicIdentity};
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Whether strangers may find somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Anyone may look up, ask, call.
    Public,
    /// Only whom they gave a contact token.
    Private,
}

/// What a server keeps of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name, theirs alone.
    pub name: Name,
    /// The key that the name points to.
    pub fingerprint: Fingerprint,
    /// The public keys behind it.
    pub identity: PublicIdentity,
    /// The virtual address, theirs alone and for good.
    pub address: Ipv4Addr,
    /// Whether strangers may find them.
    pub visibility: Visibility,
    /// When they last signed in or out.
    pub seen: Wall,
}

/// Where virtual addresses come from: a block of IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    base: u32,
    bits: u8,
}

impl Pool {
    /// A pool from `a.b.c.d/n`, n from 8 to 30.
    pub fn parse(text: &str) -> Option<Pool> {
        let (base, bits) = text.split_once('/')?;
        let base: Ipv4Addr = base.parse().ok()?;
        let bits: u8 = bits.parse().ok().filter(|bits| (8..=30).contains(bits))?;
        let mask = u32::MAX << (32 - bits);
        Some(Pool { base: u32::from(base) & mask, bits })
    }

    /// How many addresses it gives; the first and the last of the block are not among them.
    pub fn size(self) -> u32 {
        (1u32 << (32 - self.bits)) - 2
    }

    /// The `n`th address, from 0; `None` past the end.
    pub fn nth(self, n: u32) -> Option<Ipv4Addr> {
        (n < self.size()).then(|| Ipv4Addr::from(self.base + 1 + n))
    }

    /// The opposite of [`Pool::nth`].
    pub fn index(self, address: Ipv4Addr) -> Option<u32> {
        let n = u32::from(address).checked_sub(self.base + 1)?;
        (n < self.size()).then_some(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_gives_each_address_once_and_ends() {
        let pool = Pool::parse("127.77.0.9/30").expect("a pool");
        assert_eq!(pool.nth(0), Some(Ipv4Addr::new(127, 77, 0, 9)));
        assert_eq!(pool.nth(1), Some(Ipv4Addr::new(127, 77, 0, 10)));
        assert_eq!(pool.nth(2), None);
        assert_eq!(pool.index(Ipv4Addr::new(127, 77, 0, 10)), Some(1));
        assert_eq!(pool.index(Ipv4Addr::new(127, 77, 0, 11)), None);
        assert_eq!(Pool::parse("1.2.3.4/33"), None);
    }
}
