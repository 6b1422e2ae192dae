//! A local network with nothing but two machines: no server, no router.

use crate::host::Host;
use crate::meeting::Meeting;
use crate::namespace::Namespace;
use crate::support::{Peer, Scratch, hobnob};

/// Two machines on a cable.
struct Lan {
    hosts: [Host; 2],
    _cable: Namespace,
    scratch: Scratch,
}

impl Lan {
    /// With these addresses; none where it may not be had, and says so.
    fn new(addresses: [&str; 2]) -> Option<Lan> {
        let cable = Namespace::first().inspect_err(|why| println!("skipped: {why}")).ok()?;
        cable.bridge();
        let mut place = 0;
        let hosts = addresses.map(|address| {
            let space = cable.beside();
            place += 1;
            cable.connect(&space, &format!("place{place}"));
            space.ip(&format!("addr add {address} dev eth0"));
            Host { space, v4: address.to_owned(), is_v6_alone: false }
        });
        Some(Lan { hosts, _cable: cable, scratch: Scratch::new() })
    }

    /// Somebody at a machine.
    fn peer(&self, host: usize, name: &str) -> Peer {
        let mut command = hobnob(&self.scratch.join(name));
        command.args(["--json", "--name", name, "--no-server", "--accept", "all"]);
        let mut peer = Peer::start(&mut self.hosts[host].space.inside(&command));
        peer.ready = peer.expect("ready", |event| event["event"] == "ready");
        peer
    }
}

/// The two find each other by name, and everything goes between them.
fn find_each_other(addresses: [&str; 2]) {
    let Some(lan) = Lan::new(addresses) else { return };
    let (mut ann, bob) = (lan.peer(0, "ann"), lan.peer(1, "bob"));
    let who = ann.ask(&["who"]).expect_ok();
    assert!(who.rows("person").iter().any(|row| row["name"] == "bob"), "{who:?}");
    let mut meeting = Meeting::of(ann, bob);
    meeting.reach("direct");
    meeting.exchange(&lan.scratch);
}

#[test]
fn two_with_addresses_of_version_4_find_each_other() {
    find_each_other(["10.1.1.1/24", "10.1.1.2/24"]);
}

#[test]
fn two_with_addresses_of_version_6_find_each_other() {
    find_each_other(["fd00:1::1/64", "fd00:1::2/64"]);
}
