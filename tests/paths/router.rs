//! Routers between people and the internet.

use crate::host::Host;
use crate::namespace::Namespace;
use crate::support::Process;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A router, and who is behind it: `192.168.1.2` and so on.
pub struct Router {
    space: Namespace,
    v4: String,
    hosts: u8,
    opener: Option<Process>,
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

/// How those behind a router ask it to open a port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// NAT-PMP and PCP.
    NatPmp,
    /// UPnP-IGD.
    Upnp,
}

impl Router {
    /// A namespace becomes one, with this address on its `eth0`.
    pub fn new(space: Namespace, v4: String, nat: Nat) -> Router {
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
        Router { space, v4, hosts: 0, opener: None }
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

    /// From here on it opens ports for whoever asks. Whether it can: miniupnpd may be missing.
    pub fn open_ports(&mut self, how: Opening, scratch: &Path) -> bool {
        if !self.space.has(&["sh", "-c", "command -v miniupnpd"]) {
            return false;
        }
        self.space.nft(OPENED);
        let configuration = scratch.with_extension("conf");
        let is = |one| if how == one { "yes" } else { "no" };
        let (pmp, upnp, v4) = (is(Opening::NatPmp), is(Opening::Upnp), &self.v4);
        let text = format!(
            "ext_ifname=eth0\next_ip={v4}\nlistening_ip=br0\nport=5000\nsystem_uptime=yes\n\
             enable_natpmp={pmp}\nenable_upnp={upnp}\nallow 1024-65535 0.0.0.0/0 1024-65535\n"
        );
        fs::write(&configuration, text).expect("the scratch folder is writable");
        let mut command = Command::new("sh");
        command.args(["-c", "exec miniupnpd -d -f \"$1\" -P \"$1.pid\" 2>&1", "sh"]);
        let mut opener = Process::start(&mut self.space.inside(command.arg(&configuration)));
        let last = if how == Opening::NatPmp { "NAT-PMP/PCP traffic" } else { "HTTP listening" };
        opener.expect("miniupnpd", |line| line.contains(last));
        self.opener = Some(opener);
        true
    }

    /// How many ports it has opened.
    pub fn opened(&self) -> usize {
        let table = self.space.run(&["nft", "list", "table", "inet", "filter"], "");
        table.matches(" dnat ").count()
    }

    /// Its link to the internet takes no more than IPv6 demands, and nobody is told.
    pub fn be_narrow_and_silent(&self) {
        self.space.ip("link set eth0 mtu 1280");
        self.space.nft(
            "table inet quiet {
             chain on { type filter hook forward priority 0; meta l4proto icmp drop; };
             chain out { type filter hook output priority 0; meta l4proto icmp drop; }; }",
        );
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

/// Where miniupnpd writes what it opens.
const OPENED: &str = "table inet filter {
    chain miniupnpd { }; chain prerouting_miniupnpd { }; chain postrouting_miniupnpd { };
    chain forward { type filter hook forward priority 0; jump miniupnpd; };
    chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; };
    chain postrouting { type nat hook postrouting priority 99; jump postrouting_miniupnpd; }; }";
