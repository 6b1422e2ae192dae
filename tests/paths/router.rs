//! Routers between people and the internet.

use crate::host::Host;
use crate::namespace::Namespace;

/// A router, and who is behind it: `192.168.1.2` and so on.
pub struct Router {
    space: Namespace,
    hosts: u8,
}

/// How a router translates, in the words of RFC 4787; TCP from outside is never let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// One port outside for one inside, open to everybody.
    FullCone,
    /// The same, open to addresses that something was sent to.
    AddressRestricted,
    /// The same, open to addresses and ports that something was sent to: what Linux does.
    PortRestricted,
    /// A port outside by chance for each port that something is sent to.
    Symmetric,
}

impl Router {
    /// A namespace becomes one, with this address on its `eth0`.
    pub fn new(space: Namespace, v4: &str, nat: Nat) -> Router {
        space.bridge();
        space.ip(&format!("addr add {v4}/24 dev eth0\naddr add 192.168.1.1/24 dev br0"));
        space.ip("route add default via 1.2.3.1");
        space.set("ipv4/ip_forward", "1");
        space.nft(&nat.rules());
        // What comes to the router itself vanishes, and takes no port away from those inside.
        space.nft(
            "table ip guard { chain in { type filter hook input priority 0
             iifname eth0 ct state new drop; }; }",
        );
        Router { space, hosts: 0 }
    }

    /// Another machine behind it.
    pub fn host(&mut self) -> Host {
        self.hosts += 1;
        let place = self.hosts + 1;
        let (space, v4) = (self.space.beside(), format!("192.168.1.{place}"));
        self.space.connect(&space, &format!("place{place}"));
        space.ip(&format!("addr add {v4}/24 dev eth0"));
        space.ip("route add default via 192.168.1.1");
        Host { space, v4, is_v6_alone: false }
    }

    /// Its provider gives it another address; whatever went through it is forgotten.
    pub fn reconnect(&self, v4: &str) {
        self.space.ip("link set eth0 down\naddr flush dev eth0 scope global");
        self.space.ip(&format!("addr add {v4}/24 dev eth0\nlink set eth0 up"));
        self.space.ip("route add default via 1.2.3.1");
    }
}

impl Nat {
    fn rules(self) -> String {
        // The ports that a program gets that does not ask for one of those below.
        let inward = |from: &str| {
            format!(
                "chain in {{ type nat hook prerouting priority -100
                 iifname eth0 {from} udp dport 1024-65535 dnat to 192.168.1.2; }};"
            )
        };
        let (inward, how) = match self {
            Nat::FullCone => (inward(""), ""),
            Nat::AddressRestricted => {
                let met = "set met { type ipv4_addr; flags dynamic, timeout; timeout 2m; };
                    chain meet { type filter hook postrouting priority 0
                    oifname eth0 meta l4proto udp update @met { ip daddr }; };\n";
                ([met, &inward("ip saddr @met")].concat(), "")
            }
            Nat::PortRestricted => (String::new(), ""),
            Nat::Symmetric => (String::new(), "random,fully-random"),
        };
        format!(
            "table ip nat {{ {inward}
             chain out {{ type nat hook postrouting priority 100
             oifname eth0 masquerade {how}; }}; }}"
        )
    }
}
