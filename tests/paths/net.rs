//! A small internet: a server in the middle, routers that translate addresses, and hosts.
//!
//! `1.2.3.0/24` (miniupnpd serves no address of documentation) and `2001:db8::/64` are public, a
//! bridge in the server's namespace. Behind each router is `192.168.1.0/24`, as behind each other router: two people have the same address there.

use crate::host::{Host, both_ways};
use crate::namespace::Namespace;
use crate::router::{Nat, Router};
use crate::support::{Peer, Scratch, Server, hobnob, hobnobd};
use std::fmt::{Display, Formatter};

/// The whole of it, with a server that is up.
pub struct Net {
    pub server: Server,
    /// Those that somebody has for their own, in the order of their coming.
    pub routers: Vec<Router>,
    /// Machines that nobody else keeps.
    pub hosts: Vec<Host>,
    internet: Namespace,
    places: u8,
    /// A folder for what people have. Dropped last: what runs in it is ended first.
    pub scratch: Scratch,
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
    /// The same behind a firewall, which lets nothing in that was not asked for.
    Walled,
    /// Behind a router of their own.
    Behind(Nat),
}

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
        internet.bridge();
        internet.ip("addr add 1.2.3.1/24 dev br0\naddr add 2001:db8::1/64 dev br0");
        let scratch = Scratch::new();
        let server = start_server(&internet, &scratch);
        Some(Net { server, routers: Vec::new(), hosts: Vec::new(), internet, places: 10, scratch })
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
        let v4 = format!("1.2.3.{place}");
        if access != Access::V6 {
            space.ip(&format!("addr add {v4}/24 dev eth0"));
            space.ip("route add default via 1.2.3.1");
        }
        if access == Access::Walled {
            space.nft(
                "table inet wall { chain in { type filter hook input priority 0
                 iifname eth0 meta l4proto { tcp, udp } ct state new drop; }; }",
            );
        }
        match access {
            Access::V4 => space.set("ipv6/conf/all/disable_ipv6", "1"),
            _ => space.ip(&format!("addr add 2001:db8::{place}/64 dev eth0")),
        }
        Host { space, v4, is_v6_alone: access == Access::V6 }
    }

    /// A router with nobody behind it yet.
    pub fn router(&mut self, nat: Nat) -> Router {
        let (space, place) = self.place();
        Router::new(space, format!("1.2.3.{place}"), nat)
    }

    /// Nothing gets to the server any more, nor from it.
    pub fn cut_server_off(&self) {
        self.internet.nft(&both_ways("cut", ["iifname br0", "oifname br0"], "drop"));
    }

    /// kill -9 of the server, and another run of it.
    pub fn restart_server(&mut self) {
        self.server.crash();
        self.server = start_server(&self.internet, &self.scratch);
    }

    /// Somebody at a machine, signed in, speaking JSON.
    pub fn peer(&self, host: &Host, name: &str, options: &[&str]) -> Peer {
        let mut command = hobnob(&self.scratch.join(name));
        let at = if host.is_v6_alone { "[2001:db8::1]" } else { "1.2.3.1" };
        let server = format!("{at}:12000#{}", self.server.key);
        command.args(["--json", "--name", name, "--server", &server]).args(options);
        let mut peer = Peer::start(&mut host.space.inside(&command));
        peer.ready = peer.expect("ready", |event| event["event"] == "ready");
        peer
    }

    /// A namespace with an end on the internet's bridge, and the number of its place there.
    fn place(&mut self) -> (Namespace, u8) {
        self.places += 1;
        let space = self.internet.beside();
        self.internet.connect(&space, &format!("place{}", self.places));
        (space, self.places)
    }
}

impl Display for Access {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Access::Open => "open",
            Access::V4 => "v4 only",
            Access::V6 => "v6 only",
            Access::Walled => "firewall",
            Access::Behind(Nat::FullCone) => "full cone",
            Access::Behind(Nat::AddressRestricted) => "address-restricted",
            Access::Behind(Nat::PortRestricted) => "port-restricted",
            Access::Behind(Nat::Symmetric) => "symmetric",
        })
    }
}

fn start_server(internet: &Namespace, scratch: &Scratch) -> Server {
    let data = scratch.join("server");
    let mut command = hobnobd();
    command.args(["--json", "--listen", "[::]:12000", "--data"]).arg(&data);
    Server::start_as(&mut internet.inside(&command), &data)
}
