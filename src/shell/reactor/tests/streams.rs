//! TCP: dialling, listening, both directions, and the end.

use super::*;
use crate::proto::limits::{DOUBTED_S, KEEPALIVE_IDLE_S, TURN_ARRIVALS, UNACKNOWLEDGED_S};
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

/// A connection whose other end is the test's: (our id, theirs).
fn with_stranger(bench: &mut Bench) -> (ConnId, TcpStream) {
    let (_, at) = bench.listen();
    let known = bench.accepted().len();
    let stranger = TcpStream::connect(at).expect("connects");
    bench.until("a stranger", |b| b.accepted().len() > known);
    (bench.accepted()[known], stranger)
}

/// Reads what is there; true when the other end has finished.
fn read_some(stranger: &mut TcpStream, all: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 65536];
    stranger.set_nonblocking(true).expect("a socket");
    loop {
        match stranger.read(&mut buffer) {
            Ok(0) => return true,
            Ok(bytes) => all.extend(&buffer[..bytes]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("the stranger's end fails: {error}"),
        }
    }
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n % 251) as u8).collect()
}

#[test]
fn what_one_end_sends_the_other_echoes() {
    let mut bench = Bench::new();
    let (dialled, accepted) = bench.pair();
    bench.perform(dialled, StreamAction::Send(b"hello".to_vec()));
    bench.until("hello", |b| b.received(accepted) == b"hello");
    let echo = bench.received(accepted).to_vec();
    bench.perform(accepted, StreamAction::Send(echo));
    bench.until("its echo", |b| b.received(dialled) == b"hello");
    bench.settle();
}

#[test]
fn accepting_tells_the_listener_and_the_dialling_address() {
    let mut bench = Bench::new();
    let (listener, at) = bench.listen();
    let stranger = TcpStream::connect(at).expect("connects");
    bench.until("a stranger", |b| !b.accepted().is_empty());
    let from = stranger.local_addr().expect("it is connected");
    assert_eq!(bench.events[0].1, StreamEvent::Accepted { listener, from });
    assert!(!bench.events[0].0.is_own());
}

#[test]
fn many_sends_of_one_wake_arrive_in_order() {
    let mut bench = Bench::new();
    let (dialled, accepted) = bench.pair();
    let all = pattern(1000 * 37);
    for piece in all.chunks(37) {
        bench.perform(dialled, StreamAction::Send(piece.to_vec()));
    }
    bench.until("all pieces", |b| b.received(accepted).len() == all.len());
    assert_eq!(bench.received(accepted), all);
}

#[test]
fn sends_before_the_dial_is_answered_are_kept_for_it() {
    let mut bench = Bench::new();
    let (_, at) = bench.listen();
    let dialled = bench.dial(1, at);
    bench.perform(dialled, StreamAction::Send(b"early".to_vec()));
    bench.until("early", |b| b.bytes.values().any(|bytes| bytes == b"early"));
}

#[test]
fn drained_is_told_once_and_not_before_the_peer_reads() {
    let mut bench = Bench::new();
    let (conn, mut stranger) = with_stranger(&mut bench);
    let all = pattern(32 << 20);
    for piece in all.chunks(100_000) {
        bench.perform(conn, StreamAction::Send(piece.to_vec()));
    }
    bench.perform(conn, StreamAction::Watch);
    bench.settle();
    assert!(!bench.has(conn, &StreamEvent::Drained));
    assert!(bench.reactor.has_unwritten());

    let mut read = Vec::new();
    bench.until_polling("drained", |b| {
        read_some(&mut stranger, &mut read);
        b.has(conn, &StreamEvent::Drained)
    });
    assert!(!bench.reactor.has_unwritten());
    bench.until_polling("the rest", |_| {
        read_some(&mut stranger, &mut read);
        read.len() == all.len()
    });
    assert!(read == all, "bytes differ");
    bench.settle();
    assert_eq!(bench.count(conn, &StreamEvent::Drained), 1);
}

#[test]
fn drained_is_told_at_once_when_nothing_waits() {
    let mut bench = Bench::new();
    let (dialled, _accepted) = bench.pair();
    bench.settle();
    bench.perform(dialled, StreamAction::Watch);
    bench.reactor.flush();
    bench.reactor.wait(None).expect("does not sleep");
    bench.collect();
    assert_eq!(bench.count(dialled, &StreamEvent::Drained), 1);
}

#[test]
fn paused_stream_is_not_read_until_resumed() {
    let mut bench = Bench::new();
    let (conn, mut stranger) = with_stranger(&mut bench);
    bench.perform(conn, StreamAction::Pause);
    stranger.write_all(b"wait for it").expect("written");
    bench.settle();
    assert_eq!(bench.received(conn), b"");

    bench.perform(conn, StreamAction::Resume);
    bench.until("the bytes", |b| b.received(conn) == b"wait for it");
}

#[test]
fn paused_dial_opens_and_holds_its_bytes_back() {
    let mut bench = Bench::new();
    let listener = TcpListener::bind(loopback()).expect("a listener");
    let conn = bench.dial(1, listener.local_addr().expect("bound"));
    bench.perform(conn, StreamAction::Pause);
    let (mut stranger, _) = listener.accept().expect("dialled");
    stranger.write_all(b"first").expect("written");
    bench.until("open", |b| b.is_open(conn));
    bench.settle();
    assert_eq!(bench.received(conn), b"");

    bench.perform(conn, StreamAction::Resume);
    bench.until("the bytes", |b| b.received(conn) == b"first");
}

#[test]
fn fast_sender_does_not_take_the_whole_wake() {
    let mut bench = Bench::new();
    let (conn, mut stranger) = with_stranger(&mut bench);
    stranger.set_nonblocking(true).expect("a socket");
    let all = pattern(8 << 20);
    let mut sent = 0;
    // `Bench::collect` checks each wake's share.
    bench.until_polling("all of it", |b| {
        while sent < all.len() {
            match stranger.write(&all[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    break;
                }
            }
        }
        b.received(conn).len() == all.len()
    });
    assert!(bench.received(conn) == all, "bytes differ");
}

#[test]
fn refused_dial_comes_back_as_closed() {
    let mut bench = Bench::new();
    // Bound, so that nobody else has the port, and not listening.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    socket.bind(&loopback().into()).expect("a free port");
    let at = socket.local_addr().expect("bound").as_socket().expect("an address");
    let conn = bench.dial(1, at);
    bench.until("refused", |b| b.has(conn, &failed(ErrorKind::ConnectionRefused)));
    bench.settle();
    assert_eq!(bench.events.len(), 1);
}

#[test]
fn dial_that_fails_at_once_comes_back_as_closed() {
    let mut bench = Bench::new();
    let (_, at) = bench.listen();
    let conn = ConnId::own(1);
    let not_ours = Some("192.0.2.1".parse().expect("an address"));
    bench.perform(conn, StreamAction::Dial { to: at, from: not_ours });
    bench.until("failed", |b| b.has(conn, &failed(ErrorKind::AddrNotAvailable)));
}

#[test]
fn nothing_is_heard_of_a_failed_dial_that_was_given_up() {
    let mut bench = Bench::new();
    let (_, at) = bench.listen();
    let conn = ConnId::own(1);
    let not_ours = Some("192.0.2.1".parse().expect("an address"));
    bench.perform(conn, StreamAction::Dial { to: at, from: not_ours });
    bench.perform(conn, StreamAction::Close);
    bench.settle();
    assert_eq!(bench.events, []);
}

#[test]
fn dial_goes_out_from_the_address_asked_for() {
    let mut bench = Bench::new();
    let listener = TcpListener::bind(loopback()).expect("a listener");
    let to = listener.local_addr().expect("bound");
    let from = "127.0.0.77".parse().expect("an address");
    bench.perform(ConnId::own(1), StreamAction::Dial { to, from: Some(from) });
    let (_stranger, seen) = listener.accept().expect("dialled");
    assert_eq!(seen.ip(), from);
    bench.until("open", |b| b.has(ConnId::own(1), &StreamEvent::Open { local: seen }));
}

/// Where a listener says that it is.
fn listens(bench: &mut Bench, listener: ConnId, with_udp: bool) -> SocketAddr {
    bench.until("listening", |b| !b.events.is_empty());
    let (id, StreamEvent::Listening { at, udp }) = bench.events[0] else { panic!("not listening") };
    assert_eq!((id, udp), (listener, with_udp));
    at
}

#[test]
fn listener_asked_for_by_a_machine_answers_with_events() {
    let mut bench = Bench::new();
    let listener = ConnId::own(1);
    bench.perform(listener, StreamAction::Listen { at: loopback(), udp: false });
    let at = listens(&mut bench, listener, false);

    let _stranger = TcpStream::connect(at).expect("connects");
    bench.until("a stranger", |b| b.accepted().len() == 1);
    bench.perform(ConnId::own(2), StreamAction::Listen { at, udp: false });
    bench.until("in use", |b| b.has(ConnId::own(2), &failed(ErrorKind::AddrInUse)));
}

#[test]
fn datagrams_are_taken_at_the_listeners_port_until_it_closes() {
    let mut bench = Bench::new();
    let listener = ConnId::own(1);
    bench.perform(listener, StreamAction::Listen { at: loopback(), udp: true });
    let at = listens(&mut bench, listener, true);
    let stranger = UdpSocket::bind(loopback()).expect("a socket");
    stranger.send_to(b"hello", at).expect("sent");
    bench.until("a datagram", |b| !b.datagrams.is_empty());
    let from = stranger.local_addr().expect("bound");
    assert_eq!(bench.datagrams, [(from, b"hello".to_vec())]);

    bench.perform(listener, StreamAction::Close);
    bench.settle();
    bench.until_polling("both ports free", |_| UdpSocket::bind(at).is_ok());
}

#[test]
fn listener_opens_without_datagrams_where_another_has_them() {
    let mut bench = Bench::new();
    let other = UdpSocket::bind(loopback()).expect("a socket");
    let at = other.local_addr().expect("bound");
    bench.perform(ConnId::own(1), StreamAction::Listen { at, udp: true });
    assert_eq!(listens(&mut bench, ConnId::own(1), false), at);
    let _stranger = TcpStream::connect(at).expect("connects");
    bench.until("a stranger", |b| b.accepted().len() == 1);
}

#[test]
fn crossing_dial_comes_from_the_listeners_port_which_stays_its_own() {
    let (mut left, mut right) = (Bench::new(), Bench::new());
    let listener = ConnId::own(1);
    left.perform(listener, StreamAction::Listen { at: loopback(), udp: false });
    let at = listens(&mut left, listener, false);
    let (_, to) = right.listen();
    left.perform(ConnId::own(2), StreamAction::Cross { listener, to });
    left.until("open", |b| b.has(ConnId::own(2), &StreamEvent::Open { local: at }));
    right.until("a caller", |b| b.accepted().len() == 1);
    let StreamEvent::Accepted { from, .. } = right.events[0].1 else { panic!("nobody came") };
    assert_eq!(from, at);

    let _stranger = TcpStream::connect(at).expect("it still listens");
    left.until("a stranger", |b| b.accepted().len() == 1);
    let error = right.reactor.listen(at).expect_err("in use");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[test]
fn crossing_dial_without_a_listener_fails() {
    let mut bench = Bench::new();
    let (_, to) = bench.listen();
    let listener = ConnId::own(7);
    bench.perform(ConnId::own(1), StreamAction::Cross { listener, to });
    bench.until("no address", |b| b.has(ConnId::own(1), &failed(ErrorKind::AddrNotAvailable)));
}

#[test]
fn closed_listener_refuses_and_its_port_is_free_at_once() {
    let mut bench = Bench::new();
    let (listener, at) = bench.listen();
    let _stranger = TcpStream::connect(at).expect("connects");
    bench.until("a stranger", |b| b.accepted().len() == 1);
    let accepted = bench.accepted()[0];
    bench.perform(accepted, StreamAction::Close);
    bench.perform(listener, StreamAction::Close);
    // A child that another test spawns may hold the socket until it has started.
    bench.until_polling("refused", |_| {
        TcpStream::connect(at).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused)
    });
    bench.reactor.listen(at).expect("the port is free, though a connection of it is not over");
}

#[test]
fn address_in_use_is_said_to_who_starts_listening() {
    let mut bench = Bench::new();
    let (_, at) = bench.listen();
    let error = bench.reactor.listen(at).expect_err("in use");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[test]
fn connections_are_set_up_on_both_ends() {
    let mut bench = Bench::new();
    let (dialled, accepted) = bench.pair();
    for id in [dialled, accepted] {
        let ticket = bench.reactor.table.ticket_of(id).expect("it is open");
        let entry = bench.reactor.table.entry(ticket).expect("it is open");
        let Source::Tcp(tcp) = &entry.source else { panic!("no connection") };
        let socket = SockRef::from(&tcp.flow.socket);
        assert!(socket.tcp_nodelay().expect("asked"));
        assert!(socket.keepalive().expect("asked"));
        let idle = socket.tcp_keepalive_time().expect("asked");
        assert_eq!(idle, Duration::from_secs(KEEPALIVE_IDLE_S));
        let unacknowledged = socket.tcp_user_timeout().expect("asked");
        assert_eq!(unacknowledged, Some(Duration::from_secs(UNACKNOWLEDGED_S)));
    }
}

#[test]
fn a_doubted_connection_is_given_up_early_and_one_that_is_trusted_late() {
    let mut bench = Bench::new();
    let (conn, _) = bench.pair();
    for (doubted, seconds) in [(true, DOUBTED_S), (false, UNACKNOWLEDGED_S)] {
        bench.perform(conn, StreamAction::Doubt(doubted));
        let ticket = bench.reactor.table.ticket_of(conn).expect("it is open");
        let entry = bench.reactor.table.entry(ticket).expect("it is open");
        let Source::Tcp(tcp) = &entry.source else { panic!("no connection") };
        let unacknowledged = SockRef::from(&tcp.flow.socket).tcp_user_timeout().expect("asked");
        assert_eq!(unacknowledged, Some(Duration::from_secs(seconds)));
    }
}

#[test]
fn storm_of_connections_is_accepted_over_several_wakes() {
    raise_descriptor_limit().expect("allowed");
    let mut bench = Bench::new();
    let (_, at) = bench.listen();
    let count = TURN_ARRIVALS + 50;
    let strangers: Vec<_> = (0..count).map(|_| TcpStream::connect(at).expect("connects")).collect();
    bench.wake(PATIENCE);
    assert_eq!(bench.accepted().len(), TURN_ARRIVALS);
    bench.until("the others", |b| b.accepted().len() == count);
    drop(strangers);
    bench.until("their end", |b| {
        b.events.iter().filter(|(_, event)| *event == ended()).count() == count
    });
    bench.settle();
}

#[test]
fn close_delivers_what_was_sent_before_though_input_is_unread() {
    let mut bench = Bench::new();
    let (conn, mut stranger) = with_stranger(&mut bench);
    bench.perform(conn, StreamAction::Pause);
    stranger.write_all(&pattern(1000)).expect("written");
    let all = pattern(8 << 20);
    bench.perform(conn, StreamAction::Send(all.clone()));
    bench.perform(conn, StreamAction::Close);
    bench.settle();
    assert!(bench.reactor.has_unwritten());

    let mut read = Vec::new();
    bench.until_polling("the end", |_| read_some(&mut stranger, &mut read));
    assert!(read == all, "bytes are missing");
    assert_eq!(bench.events.len(), 1, "only accepted: {:?}", bench.events);
    assert_eq!(bench.reactor.lingering.add(Ticket::new(1, 1)).1, None);
}

#[test]
fn peer_that_has_finished_speaking_still_gets_what_was_sent() {
    let mut bench = Bench::new();
    let (conn, mut stranger) = with_stranger(&mut bench);
    let all = pattern(8 << 20);
    bench.perform(conn, StreamAction::Send(all.clone()));
    stranger.write_all(b"that is all").expect("written");
    stranger.shutdown(std::net::Shutdown::Write).expect("finished");
    bench.until("its end", |b| b.has(conn, &ended()));
    assert_eq!(bench.received(conn), b"that is all");

    let mut read = Vec::new();
    bench.until_polling("the end", |_| read_some(&mut stranger, &mut read));
    assert!(read == all, "bytes are missing");
}

#[test]
fn nothing_is_heard_after_close_or_abort() {
    for action in [StreamAction::Close, StreamAction::Abort] {
        let mut bench = Bench::new();
        let (dialled, accepted) = bench.pair();
        let known = bench.events.len();
        bench.perform(accepted, StreamAction::Send(b"late".to_vec()));
        bench.perform(dialled, StreamAction::Watch);
        bench.perform(dialled, action);
        bench.until("the other end's end", |b| b.events.len() > known);
        bench.settle();
        assert!(bench.events[known..].iter().all(|(id, _)| *id == accepted));
        assert_eq!(bench.received(dialled), b"");
    }
}

#[test]
fn last_words_of_a_peer_are_heard_though_writing_to_it_fails() {
    let mut bench = Bench::new();
    let (conn, mut stranger) = with_stranger(&mut bench);
    bench.perform(conn, StreamAction::Pause);
    stranger.write_all(b"bye").expect("written");
    drop(stranger);
    for _ in 0..3 {
        bench.perform(conn, StreamAction::Send(b"are you there?".to_vec()));
        bench.perform(conn, StreamAction::Resume);
        bench.reactor.flush();
    }
    bench.until("the end", |b| b.events.len() == 2);
    assert_eq!(bench.received(conn), b"bye");
    assert!(matches!(bench.events[1], (_, StreamEvent::Closed(_))));
}

#[test]
fn event_for_a_slot_used_again_in_the_same_wake_is_ignored() {
    let mut bench = Bench::new();
    let (_, at) = bench.listen();
    let (first, mut stranger) = with_stranger(&mut bench);
    bench.settle();
    let ticket = Ticket(first.0);
    stranger.write_all(b"for the first").expect("written");
    // Loopback delivers before `write` returns: this wake has the event.
    bench.reactor.wait(Some(PATIENCE)).expect("epoll works");
    assert_eq!(bench.reactor.turns.first(), Some(ticket));
    bench.perform(first, StreamAction::Abort);
    let second = bench.dial(1, at);
    let again = bench.reactor.table.ticket_of(second).expect("it is dialling");
    assert_eq!(again.slot(), ticket.slot());

    assert!(bench.reactor.next().is_none());
    assert!(bench.reactor.table.entry(ticket).is_none());
    bench.until("open", |b| b.is_open(second));
    assert!(bench.bytes.is_empty());
}

#[test]
fn what_goes_from_an_address_that_is_gone_is_given_up_and_nothing_else() {
    let interfaces = if_addrs::get_if_addrs().expect("addresses");
    let own = interfaces.iter().map(if_addrs::Interface::ip).find(|ip| is_usable(*ip));
    let Some(own) = own else { return eprintln!("skipped: only loopback here") };
    let mut bench = Bench::new();
    let kept = bench.pair();
    let (_, at) = bench.reactor.listen(SocketAddr::new(own, 0)).expect("a listener");
    let dialled = bench.dial(1, at);
    let silent = bench.dial(2, SocketAddr::new(own, 9));
    bench.until("a pair", |b| b.is_open(dialled) && b.accepted().len() == 2);
    bench.reactor.give_up_from_elsewhere(&[own]);
    bench.settle();
    let gone = StreamEvent::Closed(Cause::AddressGone);
    assert!(!bench.events.iter().any(|(_, event)| *event == gone));
    bench.reactor.give_up_from_elsewhere(&[]);
    let accepted = bench.accepted()[1];
    bench.until("both ends", |b| b.has(dialled, &gone) && b.has(accepted, &gone));
    assert!(!bench.has(silent, &gone), "it was refused before");
    bench.perform(kept.0, StreamAction::Send(b"still here".to_vec()));
    bench.until("the rest", |b| b.received(kept.1) == b"still here");
    bench.settle();
}

fn is_usable(ip: IpAddr) -> bool {
    ip.is_ipv4() && !ip.is_loopback()
}
