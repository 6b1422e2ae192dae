//! Machines for people to be at.

use crate::namespace::Namespace;

/// One, with a link `eth0` to the internet or to a router.
pub struct Host {
    pub space: Namespace,
    /// Its address of version 4.
    pub v4: String,
    /// Whether it has none of version 4.
    pub is_v6_alone: bool,
}

impl Host {
    /// It has no addresses any more, and no network.
    pub fn unplug(&self) {
        self.space.ip("addr flush dev eth0 scope global\nlink set eth0 down");
    }

    /// It has other addresses, and those that it had are gone.
    pub fn move_to(&self, addresses: &[&str]) {
        self.space.ip("addr flush dev eth0 scope global");
        self.space.ip("link set eth0 up");
        for address in addresses {
            self.space.ip(&format!("addr add {address} dev eth0"));
        }
        self.space.ip("route replace default via 1.2.3.1");
    }

    /// Of all that comes and goes, this share is lost.
    pub fn lose(&self, percent: u8) {
        let dice = format!("numgen random mod 100 < {percent} drop");
        self.space.nft(&both_ways("loss", ["iifname eth0", "oifname eth0"], &dice));
    }

    /// Nothing passes any more between it and another.
    pub fn cut_off_from(&self, other: &Host) {
        let ways = [format!("ip saddr {}", other.v4), format!("ip daddr {}", other.v4)];
        self.space.nft(&both_ways("cut", ways.each_ref().map(String::as_str), "drop"));
    }

    /// Nothing comes here any more from another; what goes there still does.
    pub fn hear_nothing_of(&self, other: &Host) {
        let way = format!("ip saddr {}", other.v4);
        self.space.nft(&both_ways("cut", [&way, "meta mark 1"], "drop"));
    }

    /// No datagram of a peer passes any more, either way.
    pub fn take_no_datagrams(&self) {
        self.space.nft(&both_ways(
            "cut",
            ["iifname eth0", "oifname eth0"],
            "meta l4proto udp drop",
        ));
    }

    /// What was cut passes again.
    pub fn mend(&self) {
        self.space.nft("delete table inet cut");
    }
}

/// A table that does this to what comes in and to what goes out.
pub fn both_ways(name: &str, [inward, outward]: [&str; 2], verdict: &str) -> String {
    format!(
        "table inet {name} {{
         chain in {{ type filter hook input priority 0; {inward} {verdict}; }};
         chain out {{ type filter hook output priority 0; {outward} {verdict}; }}; }}"
    )
}
