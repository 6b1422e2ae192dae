//! A small internet: a server in the middle, routers that translate addresses, and hosts.
//!
//! `203.0.113.0/24` and `2001:db8::/64` are public, a bridge in the server's namespace. Behind each
//! router is `192.168.1.0/24`, as behind each other router: two people have the same address there.

use crate::namespace::Namespace;
use crate::support::{Peer, Scratch, Server, hobnob, hobnobd};
use std::fmt::{Display, Formatter};
use std::path::PathBuf;

/// The whole of it, with a server that is up.
pub struct Net {
    pub server: Server,
    /// Those that somebody has for their own, in the order of their coming.
    pub routers: Vec<Router>,
    internet: Namespace,
    places: u8,
    // Dropped last: what runs in it is ended first.
    scratch: Scratch,
}

/// How somebody is on the internet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// With public addresses of both kinds.
    Open,
    /// With a public address of version 4 alone.
    V4,
    /// With a public address of version 6 alone.
    V6,
    /// Behind a router of their own.
    Behind(Nat),
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

/// A router, and who is behind it.
pub struct Router {
    space: Namespace,
    hosts: u8,
}

/// A machine for somebody to be at. Its link is `eth0`.
pub struct Host {
    pub space: Namespace,
    is_v6: bool,
}

const BRIDGE: &str = "link add br0 type bridge\nlink set br0 up\n";

impl Net {
    /// One with nobody there but the server. None where it may not be had, and says so.
    pub fn new() -> Option<Net> {
        let internet = match Namespace::first() {
            Ok(space) => space,
            Err(why) => {
                println!("skipped: {why}");
                return None;
            }
        };
        internet.ip(BRIDGE);
        internet.ip("addr add 203.0.113.1/24 dev br0\naddr add 2001:db8::1/64 dev br0");
        let scratch = Scratch::new();
        let server = start_server(&internet, &scratch);
        Some(Net { server, routers: Vec::new(), internet, places: 10, scratch })
    }

    /// Somebody's machine.
    pub fn host(&mut self, access: Access) -> Host {
        if let Access::Behind(nat) = access {
            let mut router = self.router(nat);
            let host = router.host();
            self.routers.push(router);
            return host;
        }
        let (space, place) = self.place();
        if access != Access::V6 {
            space.ip(&format!("addr add 203.0.113.{place}/24 dev eth0"));
            space.ip("route add default via 203.0.113.1");
        }
        match access {
            Access::V4 => space.set("ipv6/conf/all/disable_ipv6", "1"),
            _ => space.ip(&format!("addr add 2001:db8::{place}/64 dev eth0")),
        }
        Host { space, is_v6: access == Access::V6 }
    }

    /// A router with nobody behind it yet.
    pub fn router(&mut self, nat: Nat) -> Router {
        let (space, place) = self.place();
        space.ip(BRIDGE);
        space.ip(&format!(
            "addr add 203.0.113.{place}/24 dev eth0\naddr add 192.168.1.1/24 dev br0"
        ));
        space.ip("route add default via 203.0.113.1");
        space.set("ipv4/ip_forward", "1");
        space.nft(&nat.rules());
        // What comes to the router itself vanishes, and takes no port away from those inside.
        space.nft(
            "table ip guard { chain in { type filter hook input priority 0
             iifname eth0 ct state new drop; }; }",
        );
        Router { space, hosts: 0 }
    }

    /// Nothing gets to the server any more, nor from it.
    pub fn cut_server_off(&self) {
        self.internet.nft(
            "table inet cut { chain in { type filter hook input priority 0; iifname br0 drop; };
             chain out { type filter hook output priority 0; oifname br0 drop; }; }",
        );
    }

    /// Somebody at a machine, signed in, speaking JSON.
    pub fn peer(&self, host: &Host, name: &str, options: &[&str]) -> Peer {
        let mut command = hobnob(&self.home(name));
        let at = if host.is_v6 { "[2001:db8::1]" } else { "203.0.113.1" };
        let server = format!("{at}:12000#{}", self.server.key);
        command.args(["--json", "--name", name, "--server", &server]).args(options);
        let mut peer = Peer::start(&mut host.space.inside(&command));
        peer.ready = peer.expect("ready", |event| event["event"] == "ready");
        peer
    }

    /// A file or folder of this name, not made yet.
    pub fn home(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// A namespace with an end on the internet's bridge, and the number of its place there.
    fn place(&mut self) -> (Namespace, u8) {
        self.places += 1;
        let space = self.internet.beside();
        connect(&self.internet, &space, &format!("place{}", self.places));
        (space, self.places)
    }
}

impl Router {
    /// Another machine behind it.
    pub fn host(&mut self) -> Host {
        self.hosts += 1;
        let (space, place) = (self.space.beside(), self.hosts + 1);
        connect(&self.space, &space, &format!("place{place}"));
        space.ip(&format!("addr add 192.168.1.{place}/24 dev eth0"));
        space.ip("route add default via 192.168.1.1");
        Host { space, is_v6: false }
    }
}

impl Host {
    /// Of all that comes and goes, this share is lost.
    pub fn lose(&self, percent: u8) {
        let dice = format!("numgen random mod 100 < {percent} drop");
        self.space.nft(&format!(
            "table inet loss {{ chain in {{ type filter hook input priority 0; iifname eth0 {dice}; }};
             chain out {{ type filter hook output priority 0; oifname eth0 {dice}; }}; }}"
        ));
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
            Nat::AddressRestricted => (
                "set met { type ipv4_addr; flags dynamic, timeout; timeout 2m; };
                 chain meet { type filter hook postrouting priority 0
                 oifname eth0 meta l4proto udp update @met { ip daddr }; };\n"
                    .to_owned()
                    + &inward("ip saddr @met"),
                "",
            ),
            Nat::PortRestricted => (String::new(), ""),
            Nat::Symmetric => (String::new(), "random,fully-random"),
        };
        format!(
            "table ip nat {{ {inward}
             chain out {{ type nat hook postrouting priority 100; oifname eth0 masquerade {how}; }}; }}"
        )
    }
}

impl Display for Access {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Access::Open => "open",
            Access::V4 => "v4 only",
            Access::V6 => "v6 only",
            Access::Behind(Nat::FullCone) => "full cone",
            Access::Behind(Nat::AddressRestricted) => "address-restricted",
            Access::Behind(Nat::PortRestricted) => "port-restricted",
            Access::Behind(Nat::Symmetric) => "symmetric",
        })
    }
}

/// A cable from a bridge to the `eth0` of another namespace.
fn connect(bridge: &Namespace, host: &Namespace, name: &str) {
    bridge.ip(&format!(
        "link add {name} type veth peer name eth0 netns {}\nlink set {name} master br0 up",
        host.name()
    ));
    host.ip("link set eth0 up");
}

fn start_server(internet: &Namespace, scratch: &Scratch) -> Server {
    let data = scratch.join("server");
    let mut command = hobnobd();
    command.args(["--json", "--listen", "[::]:12000", "--data"]).arg(&data);
    Server::start_as(&mut internet.inside(&command), &data)
}
