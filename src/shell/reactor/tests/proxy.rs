//! Dialling through a proxy.

use super::*;
use crate::proto::machine::ProxyFault;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// A bench whose dials go to a proxy of the test's own.
fn with_proxy() -> (Bench, TcpListener) {
    let mut bench = Bench::new();
    let listener = TcpListener::bind(loopback()).expect("a listener");
    let at = listener.local_addr().expect("bound");
    bench.reactor.dial_through(Proxy { at, login: None });
    (bench, listener)
}

/// A dial by name, and the proxy's end of it once it has been asked.
fn asked(bench: &mut Bench, listener: &TcpListener) -> (ConnId, TcpStream) {
    let conn = ConnId::own(1);
    let (host, port) = ("a.onion".to_owned(), 80);
    bench.perform(conn, StreamAction::DialName { host, port });
    let (mut proxy, _) = listener.accept().expect("dialled");
    proxy.set_nonblocking(true).expect("a socket");
    answer(bench, &mut proxy, &[5, 1, 0], &[5, 0]);
    (conn, proxy)
}

/// Reads what must come, then answers.
fn answer(bench: &mut Bench, proxy: &mut TcpStream, expected: &[u8], answer: &[u8]) {
    let mut read = Vec::new();
    bench.until_polling("what is said to the proxy", |_| {
        let mut byte = [0];
        while read.len() < expected.len() && proxy.read(&mut byte).is_ok_and(|bytes| bytes == 1) {
            read.push(byte[0]);
        }
        read.len() == expected.len()
    });
    assert_eq!(read, expected);
    proxy.write_all(answer).expect("written");
}

const REQUEST: &[u8] = &[5, 1, 0, 3, 7, b'a', b'.', b'o', b'n', b'i', b'o', b'n', 0, 80];
const DONE: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

fn is_proxy_fault(bench: &Bench, conn: ConnId, fault: ProxyFault) -> bool {
    bench.has(conn, &StreamEvent::Closed(Cause::Proxy(fault)))
}

#[test]
fn a_dialled_name_is_open_once_the_proxy_says_so_and_no_byte_behind_that_is_lost() {
    for piece in 1..=DONE.len() + 5 {
        let (mut bench, listener) = with_proxy();
        let (conn, mut proxy) = asked(&mut bench, &listener);
        bench.perform(conn, StreamAction::Send(b"early".to_vec()));
        answer(&mut bench, &mut proxy, REQUEST, &[]);
        let all = [DONE.as_slice(), b"hello"].concat();
        for bytes in all.chunks(piece) {
            assert!(!bench.is_open(conn) || all.len() > DONE.len());
            proxy.write_all(bytes).expect("written");
            bench.wake(Duration::from_millis(1));
        }
        bench.until("hello", |b| b.received(conn) == b"hello");
        assert!(bench.is_open(conn));
        answer(&mut bench, &mut proxy, b"early", &[]);
    }
}

#[test]
fn an_address_is_dialled_by_the_proxy_and_never_past_it() {
    let (mut bench, listener) = with_proxy();
    let elsewhere = TcpListener::bind(loopback()).expect("a listener");
    elsewhere.set_nonblocking(true).expect("a socket");
    let to = elsewhere.local_addr().expect("bound");
    let from = Some("127.0.0.77".parse().expect("an address"));
    bench.perform(ConnId::own(1), StreamAction::Dial { to, from });
    let (mut proxy, _) = listener.accept().expect("dialled");
    proxy.set_nonblocking(true).expect("a socket");
    answer(&mut bench, &mut proxy, &[5, 1, 0], &[5, 0]);
    let port = to.port().to_be_bytes();
    answer(&mut bench, &mut proxy, &[5, 1, 0, 1, 127, 0, 0, 1, port[0], port[1]], &DONE);
    bench.until("open", |b| b.is_open(ConnId::own(1)));
    assert_eq!(elsewhere.accept().expect_err("nobody comes").kind(), ErrorKind::WouldBlock);
}

#[test]
fn what_a_proxy_says_or_leaves_unsaid_comes_back_as_closed() {
    let (mut bench, listener) = with_proxy();
    let (conn, mut proxy) = asked(&mut bench, &listener);
    answer(&mut bench, &mut proxy, REQUEST, &[5, 4]);
    bench.until("the fault", |b| is_proxy_fault(b, conn, ProxyFault::HostUnreachable));

    let (mut bench, listener) = with_proxy();
    let (conn, proxy) = asked(&mut bench, &listener);
    drop(proxy);
    bench.until("the end", |b| {
        is_proxy_fault(b, conn, ProxyFault::Ended)
            || is_proxy_fault(b, conn, ProxyFault::Away(ErrorKind::ConnectionReset))
    });
    bench.settle();
    assert_eq!(bench.events.len(), 1);
}

#[test]
fn a_proxy_that_is_away_and_a_name_without_a_proxy_come_back_as_closed() {
    let (mut bench, listener) = with_proxy();
    drop(listener);
    let conn = ConnId::own(1);
    let name = |host: &str| StreamAction::DialName { host: host.to_owned(), port: 80 };
    bench.perform(conn, name("a.onion"));
    let refused = ProxyFault::Away(ErrorKind::ConnectionRefused);
    bench.until("refused", |b| is_proxy_fault(b, conn, refused));
    bench.perform(ConnId::own(2), name(&"a".repeat(256)));
    bench.until("too long", |b| b.has(ConnId::own(2), &failed(ErrorKind::InvalidInput)));

    let mut bench = Bench::new();
    bench.perform(conn, name("a.onion"));
    bench.until("nobody looks it up", |b| b.has(conn, &failed(ErrorKind::Unsupported)));
}

#[test]
fn a_dial_that_is_given_up_while_the_proxy_thinks_is_gone() {
    let (mut bench, listener) = with_proxy();
    let (conn, mut proxy) = asked(&mut bench, &listener);
    bench.perform(conn, StreamAction::Abort);
    bench.settle();
    proxy.set_nonblocking(false).expect("a socket");
    let mut rest = Vec::new();
    let _ = proxy.read_to_end(&mut rest);
    assert_eq!(bench.events, []);
}
