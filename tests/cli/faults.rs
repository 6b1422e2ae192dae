//! Bad input from the network: that connection goes, the others feel nothing.

use crate::support::{PATIENCE, World, is_message, open};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

/// Connections that each say something that is no handshake, still open.
fn vandals(at: SocketAddr) -> Vec<TcpStream> {
    let zeros = vec![0; 70_000];
    let ones = vec![0xff; 70_000];
    let says: [&[u8]; 6] = [b"", b"G", b"GET / HTTP/1.0\r\n\r\n", &[0xff, 0xff, 1], &zeros, &ones];
    says.iter()
        .map(|bytes| {
            let mut stream = TcpStream::connect(at).expect("the port is open");
            // It may be closed in the middle, which is what it deserves.
            let _ = stream.write_all(bytes);
            stream
        })
        .collect()
}

fn litter(at: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
    for bytes in [&b""[..], b"x", &[0; 1200], &[0xff; 1400]] {
        socket.send_to(bytes, at).expect("loopback takes datagrams");
    }
}

#[test]
fn garbage_on_the_servers_ports_harms_nobody() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let _open = vandals(world.server.tcp);
    litter(world.server.udp);
    ann.ask(&["lookup", "bob"]).expect_ok();
    ann.deliver("bob", "unharmed");
    bob.expect("the message", |e| is_message(e, "ann", "unharmed"));
    assert_eq!(ann.count(|event| event["event"] == "offline"), 0);
    world.once("cyd", &["who"]).expect_ok();
}

#[test]
fn garbage_is_answered_by_closing_the_connection() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.server.tcp).expect("the port is open");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let _ = stream.write_all(&[0xff; 70_000]);
    let mut answer = Vec::new();
    // An end or a reset; only silence would be a time-out.
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn garbage_on_a_peers_ports_harms_nobody() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let at = bob.ready["listen"][0].as_str().and_then(|at| at.parse().ok()).expect("it listens");
    let _open = vandals(at);
    litter(at);
    ann.deliver("bob", "unharmed");
    bob.expect("the message", |e| is_message(e, "ann", "unharmed"));
    let mut cyd = world.peer("cyd");
    open(&mut cyd, &mut bob);
}

#[test]
fn many_who_connect_and_say_half_a_word_stall_nobody() {
    let world = World::new();
    let half_said: Vec<TcpStream> = (0..200)
        .map(|n| {
            let mut stream = TcpStream::connect(world.server.tcp).expect("the port is open");
            stream.write_all(&[0; 3][..n % 4]).expect("it is just open");
            stream
        })
        .collect();
    let (mut ann, _bob) = world.pair("ann", "bob");
    ann.ask(&["who"]).expect_ok();
    ann.deliver("bob", "not stalled");
    drop(half_said);
    ann.ask(&["who"]).expect_ok();
}
