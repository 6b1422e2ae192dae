use super::*;
use crate::proto::bytes::Bytes;
use crate::proto::crypto::rng::Rng;
use crate::proto::crypto::seal::TAG_BYTES;
use crate::proto::id::MsgId;
use crate::proto::limits::{PAYLOAD_MAX_BYTES, REKEY_FRAMES, TEXT_MAX_BYTES, WIRE_MAX_BYTES};
use crate::proto::time::Wall;
use crate::proto::wire;
use crate::proto::wire::peer::{Ack, Bye, Greet, Settle, Text, ToPeer};
use proptest::prelude::*;

const PEER: Purpose = Purpose::Peer(SessionId(Bytes([5; 16])));

struct World {
    alice: Identity,
    bob: Identity,
    rng: Rng,
}

/// What both ends of a link said, until nothing moved any more.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    dialling: Vec<LinkEvent<ToPeer>>,
    dialled: Vec<LinkEvent<ToPeer>>,
    dialling_fault: Option<LinkFault>,
    dialled_fault: Option<LinkFault>,
}

impl World {
    fn new() -> World {
        let mut rng = Rng::new([1; 32]);
        World { alice: Identity::generate(&mut rng), bob: Identity::generate(&mut rng), rng }
    }

    fn dial(&mut self, purpose: Purpose) -> Link {
        let expected = Some(self.bob.fingerprint());
        Link::dial(&self.alice, purpose, expected, &mut self.rng)
    }

    fn answer(&mut self, link: &mut Link) {
        link.answer(&self.bob, Some(self.alice.fingerprint()), &mut self.rng);
    }

    /// Carries bytes between alice, who dialled, and bob, changed by `on_way` (which hears whether
    /// they are alice's), in pieces of `piece` bytes.
    fn run_with(
        &mut self,
        (alice, bob): (&mut Link, &mut Link),
        piece: usize,
        mut on_way: impl FnMut(bool, &mut Vec<u8>),
    ) -> Told {
        let mut told = Told::default();
        loop {
            let to_bob = alice.take_output();
            let to_alice = bob.take_output();
            if to_bob.is_none() && to_alice.is_none() {
                return told;
            }
            let mut to_bob = to_bob.unwrap_or_default();
            on_way(true, &mut to_bob);
            for bytes in to_bob.chunks(piece) {
                bob.feed(bytes);
                loop {
                    match bob.poll() {
                        Ok(None) => break,
                        Ok(Some(event)) => {
                            if let LinkEvent::Hello(_) = event {
                                self.answer(bob);
                            }
                            told.dialled.push(event);
                        }
                        Err(fault) => {
                            told.dialled_fault = Some(fault);
                            break;
                        }
                    }
                }
            }
            let mut to_alice = to_alice.unwrap_or_default();
            on_way(false, &mut to_alice);
            for bytes in to_alice.chunks(piece) {
                alice.feed(bytes);
                told.dialling_fault = drain(alice, &mut told.dialling);
            }
        }
    }

    fn run(&mut self, links: (&mut Link, &mut Link)) -> Told {
        self.run_with(links, usize::MAX, |_, _| {})
    }

    fn open(&mut self) -> (Link, Link) {
        let (mut alice, mut bob) = (self.dial(PEER), Link::accept());
        self.run((&mut alice, &mut bob));
        assert!(alice.is_open() && bob.is_open());
        (alice, bob)
    }
}

/// Polls until there is nothing more; gives the fault, if it came to one.
fn drain<M: Wire>(link: &mut Link, to: &mut Vec<LinkEvent<M>>) -> Option<LinkFault> {
    loop {
        match link.poll() {
            Ok(None) => return None,
            Ok(Some(event)) => to.push(event),
            Err(fault) => return Some(fault),
        }
    }
}

fn fault_of(link: &mut Link) -> Option<LinkFault> {
    drain::<ToPeer>(link, &mut Vec::new())
}

/// `bytes` of the stream, cut into its frames.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (frame, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn framed(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u16).to_be_bytes(), content].concat()
}

/// A frame that only `link`'s other end can open, whatever it holds.
fn sealed(link: &mut Link, payload: &[u8]) -> Vec<u8> {
    let State::Open { ours, .. } = &mut link.state else { panic!("open") };
    let mut bytes = payload.to_vec();
    let tag = ours.seal(&mut bytes);
    bytes.extend(tag);
    framed(&bytes)
}

fn text(n: u8, bytes: usize) -> ToPeer {
    let text = "a".repeat(bytes);
    Text { id: MsgId(Bytes([n; 16])), sent: Wall(i64::from(n)), text }.into()
}

fn messages(told: Vec<LinkEvent<ToPeer>>) -> Vec<ToPeer> {
    told.into_iter()
        .map(|event| match event {
            LinkEvent::Message(message) => message,
            other => panic!("{other:?} is no message"),
        })
        .collect()
}

#[test]
fn two_ends_meet_and_each_proves_its_key() {
    for purpose in [PEER, Purpose::Server, Purpose::Direct] {
        let mut world = World::new();
        let (mut alice, mut bob) = (world.dial(purpose), Link::accept());
        let told = world.run((&mut alice, &mut bob));
        let expected = Told {
            dialling: vec![LinkEvent::Established(*world.bob.public())],
            dialled: vec![LinkEvent::Hello(purpose), LinkEvent::Established(*world.alice.public())],
            ..Told::default()
        };
        assert_eq!(told, expected);
        assert!(alice.is_open() && bob.is_open());
    }
}

#[test]
fn whom_nobody_expects_may_link_where_the_purpose_allows_it() {
    for purpose in [Purpose::Server, Purpose::Direct] {
        let mut world = World::new();
        let mut alice = Link::dial(&world.alice, purpose, None, &mut world.rng);
        let mut bob = Link::accept();
        bob.feed(&alice.take_output().unwrap());
        assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(purpose))));
        bob.answer(&world.bob, None, &mut world.rng);
        alice.feed(&bob.take_output().unwrap());
        assert_eq!(alice.poll::<ToPeer>(), Ok(Some(LinkEvent::Established(*world.bob.public()))));
        bob.feed(&alice.take_output().unwrap());
        assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Established(*world.alice.public()))));
    }
}

#[test]
#[should_panic(expected = "two peers of a session know each other's key")]
fn a_peer_of_a_session_is_never_dialled_blindly() {
    let mut world = World::new();
    Link::dial(&world.alice, PEER, None, &mut world.rng);
}

#[test]
fn the_handshake_and_messages_survive_every_fragmentation() {
    for piece in [1, 2, 3, 5, 7, 16, 64, 200, 1000] {
        let mut world = World::new();
        let (mut alice, mut bob) = (world.dial(PEER), Link::accept());
        let told = world.run_with((&mut alice, &mut bob), piece, |_, _| {});
        assert_eq!((told.dialling.len(), told.dialled.len()), (1, 2), "pieces of {piece}");

        let sent = vec![text(1, 10), Settle {}.into(), text(2, 1_000), Bye {}.into()];
        sent.iter().for_each(|message| alice.send(message));
        bob.send(&ToPeer::from(Ack { count: 7 }));
        let told = world.run_with((&mut alice, &mut bob), piece, |_, _| {});
        assert_eq!(messages(told.dialled), sent, "pieces of {piece}");
        assert_eq!(messages(told.dialling), [Ack { count: 7 }.into()], "pieces of {piece}");
    }
}

#[test]
fn every_cut_of_a_stream_in_two_gives_the_same_messages() {
    let mut world = World::new();
    let (mut alice, mut bob) = world.open();
    let mut stream = Vec::new();
    let sent: Vec<ToPeer> = (0..4).map(|n| text(n, usize::from(n) * 30)).collect();
    // Two frames, so that cuts fall into lengths, payloads, tags, and between frames.
    for pair in sent.chunks(2) {
        pair.iter().for_each(|message| alice.send(message));
        stream.extend(alice.take_output().unwrap());
    }
    let State::Open { theirs, .. } = &bob.state else { panic!("open") };
    let key = theirs.copy();
    for cut in 0..=stream.len() {
        if let State::Open { theirs, .. } = &mut bob.state {
            *theirs = key.copy();
        }
        let mut heard = Vec::new();
        bob.feed(&stream[..cut]);
        assert_eq!(drain(&mut bob, &mut heard), None);
        bob.feed(&stream[cut..]);
        assert_eq!(drain(&mut bob, &mut heard), None);
        assert_eq!(messages(heard), sent, "cut at {cut}");
    }
}

#[test]
fn a_change_of_any_byte_of_the_handshake_is_noticed() {
    // Which byte of which flight: preamble and Noise 1; answer and Noise 2; Noise 3.
    for flight in 0..3 {
        let mut at = 0;
        loop {
            let mut world = World::new();
            let (mut alice, mut bob) = (world.dial(PEER), Link::accept());
            let (mut seen, mut length) = (0, 0);
            let told = world.run_with((&mut alice, &mut bob), usize::MAX, |_, bytes| {
                if bytes.is_empty() {
                    return;
                }
                if seen == flight {
                    length = bytes.len();
                    bytes[at] ^= 0x80;
                }
                seen += 1;
            });
            let established = |events: &[LinkEvent<ToPeer>]| {
                events.iter().any(|event| matches!(event, LinkEvent::Established(_)))
            };
            assert!(!established(&told.dialled), "flight {flight}, byte {at}");
            // After message 2 the dialling side has everything that it needs to be sure.
            assert!(flight == 2 || !established(&told.dialling), "flight {flight}, byte {at}");
            at += 1;
            if at == length {
                break;
            }
        }
    }
}

#[test]
fn the_purpose_is_bound_into_the_handshake() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.dial(Purpose::Server), Link::accept());
    let mut hello = alice.take_output().unwrap();
    let direct = framed(&preamble::encode(Purpose::Direct));
    hello[..direct.len()].copy_from_slice(&direct);
    bob.feed(&hello);
    assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Direct))));
    world.answer(&mut bob);
    alice.feed(&bob.take_output().unwrap());
    assert_eq!(fault_of(&mut alice), Some(LinkFault::Garbage));
}

#[test]
fn the_keys_of_both_peers_are_bound_into_the_handshake() {
    let mut world = World::new();
    let carol = Identity::generate(&mut world.rng);
    let (mut alice, mut bob) = (world.dial(PEER), Link::accept());
    bob.feed(&alice.take_output().unwrap());
    assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(PEER))));
    bob.answer(&world.bob, Some(carol.fingerprint()), &mut world.rng);
    alice.feed(&bob.take_output().unwrap());
    assert_eq!(fault_of(&mut alice), Some(LinkFault::Garbage));
}

#[test]
fn a_wrong_key_is_named_and_learns_nothing_of_the_dialling_side() {
    let mut world = World::new();
    let carol = Identity::generate(&mut world.rng);
    let expected = Some(carol.fingerprint());
    let mut alice = Link::dial(&world.alice, Purpose::Server, expected, &mut world.rng);
    let mut bob = Link::accept();
    let told = world.run((&mut alice, &mut bob));
    let found = world.bob.fingerprint();
    assert_eq!(told.dialling_fault, Some(LinkFault::Identity { found }));
    assert_eq!(told.dialling, []);
    assert_eq!(told.dialled, [LinkEvent::Hello(Purpose::Server)]);
    assert_eq!(alice.take_output(), None);
    assert_eq!(fault_of(&mut alice), Some(LinkFault::Identity { found }));
}

#[test]
fn a_dialling_side_with_a_wrong_key_is_named() {
    let mut world = World::new();
    let carol = Identity::generate(&mut world.rng);
    let (mut alice, mut bob) = (world.dial(Purpose::Direct), Link::accept());
    bob.feed(&alice.take_output().unwrap());
    assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Direct))));
    bob.answer(&world.bob, Some(carol.fingerprint()), &mut world.rng);
    alice.feed(&bob.take_output().unwrap());
    assert_eq!(fault_of(&mut alice), None);
    bob.feed(&alice.take_output().unwrap());
    let found = world.alice.fingerprint();
    assert_eq!(bob.poll::<ToPeer>(), Err(LinkFault::Identity { found }));
}

#[test]
fn an_identity_that_the_handshake_does_not_prove_is_garbage() {
    let mut world = World::new();
    // Mallory shakes hands with a key of her own and shows bob's identity.
    let mallory = Identity::generate(&mut world.rng);
    let (mut alice, mut bob) = (world.dial(Purpose::Server), Link::accept());
    bob.feed(&alice.take_output().unwrap());
    assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Server))));
    let prologue = prologue(Purpose::Server, None, None);
    let mut meeting = Meeting::accept(&mallory, &prologue, None, &mut world.rng);
    meeting.pretend(*world.bob.public());
    bob.state = State::Answering(Box::new(meeting));
    bob.outgoing.push_clear(&preamble::encode_answer(true));
    assert_eq!(fault_of(&mut bob), None);
    alice.feed(&bob.take_output().unwrap());
    assert_eq!(fault_of(&mut alice), Some(LinkFault::Garbage));
}

#[test]
fn a_refused_link_says_so_and_is_silent_afterwards() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.dial(Purpose::Direct), Link::accept());
    bob.feed(&alice.take_output().unwrap());
    assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Direct))));
    bob.refuse();
    let no = bob.take_output().unwrap();
    assert_eq!(frames(&no).len(), 1);
    alice.feed(&no);
    assert_eq!(fault_of(&mut alice), Some(LinkFault::Refused));
    bob.feed(&[0; 100]);
    assert_eq!(bob.poll::<ToPeer>(), Ok(None));
    assert_eq!(bob.take_output(), None);
}

#[test]
fn another_version_is_refused_on_both_sides_and_each_learns_the_other() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.dial(PEER), Link::accept());
    let mut hello = alice.take_output().unwrap();
    hello[9] = 9;
    bob.feed(&hello);
    assert_eq!(fault_of(&mut bob), Some(LinkFault::Version { theirs: 9 }));
    let mut no = bob.take_output().unwrap();
    assert_eq!(no, framed(b"hobnob\x00\x01\x00"));
    no[9] = 2;
    alice.feed(&no);
    assert_eq!(fault_of(&mut alice), Some(LinkFault::Version { theirs: 2 }));
}

#[test]
fn a_key_that_makes_no_secret_is_garbage() {
    let mut world = World::new();
    let mut bob = Link::accept();
    bob.feed(&framed(&preamble::encode(Purpose::Server)));
    bob.feed(&framed(&[0; 32]));
    assert_eq!(bob.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Server))));
    world.answer(&mut bob);
    assert_eq!(fault_of(&mut bob), Some(LinkFault::Garbage));
}

#[test]
fn who_talks_on_before_the_answer_is_cut_off() {
    let mut world = World::new();
    let hello = world.dial(Purpose::Direct).take_output().unwrap();
    let mut at_once = Link::accept();
    at_once.feed(&[hello.as_slice(), &[0; 600]].concat());
    assert_eq!(at_once.poll::<ToPeer>(), Err(LinkFault::Garbage));

    let mut later = Link::accept();
    later.feed(&hello);
    assert_eq!(later.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Direct))));
    later.feed(&[0; 600]);
    assert_eq!(later.poll::<ToPeer>(), Err(LinkFault::Garbage));
}

#[test]
fn frames_of_a_wrong_length_are_garbage_before_they_are_waited_for() {
    for hello in [[0_u8, 0], [2, 1], *b"GE"] {
        let mut bob = Link::accept();
        bob.feed(&hello);
        assert_eq!(fault_of(&mut bob), Some(LinkFault::Garbage), "{hello:?}");
    }
    for length in 0..=TAG_BYTES as u16 {
        let (_, mut bob) = World::new().open();
        bob.feed(&length.to_be_bytes());
        assert_eq!(fault_of(&mut bob), Some(LinkFault::Garbage), "{length}");
        assert!(!bob.is_open());
    }
}

#[test]
fn what_cannot_be_opened_ends_the_link_and_takes_unsealed_words_with_it() {
    let (mut alice, mut bob) = World::new().open();
    alice.send(&text(1, 10));
    let mut bytes = alice.take_output().unwrap();
    bytes[20] ^= 1;
    bob.send(&text(2, 10));
    bob.feed(&bytes);
    assert_eq!(bob.poll::<ToPeer>(), Err(LinkFault::Garbage));
    assert_eq!(bob.take_output(), None);
    bob.feed(&[1; 100]);
    assert_eq!(bob.poll::<ToPeer>(), Err(LinkFault::Garbage));
}

#[test]
fn an_unfinished_frame_is_waited_for() {
    let (mut alice, mut bob) = World::new().open();
    alice.send(&text(1, 10));
    let bytes = alice.take_output().unwrap();
    let (last, most) = bytes.split_last().unwrap();
    bob.feed(most);
    assert_eq!(bob.poll::<ToPeer>(), Ok(None));
    bob.feed(&[*last]);
    assert_eq!(bob.poll(), Ok(Some(LinkEvent::Message(text(1, 10)))));
}

#[test]
fn messages_over_the_limit_or_with_something_left_over_are_garbage() {
    let over = (WIRE_MAX_BYTES as u32 + 1).to_be_bytes().to_vec();
    let mut left_over = Vec::new();
    ToPeer::from(Bye {}).encode(&mut left_over);
    left_over[3] += 1;
    left_over.push(0xc0);
    let empty = vec![0; 4];
    let no_message = vec![0, 0, 0, 1, 0xc1];
    for payload in [over, left_over, empty, no_message] {
        let (mut alice, mut bob) = World::new().open();
        bob.feed(&sealed(&mut alice, &payload));
        assert_eq!(fault_of(&mut bob), Some(LinkFault::Garbage), "{payload:02x?}");
    }
}

#[test]
fn an_unknown_kind_is_passed_over() {
    let (mut alice, mut bob) = World::new().open();
    let mut payload = Vec::new();
    wire::encode_kind(0x7f, &("from", "the", "future"), &mut payload);
    ToPeer::from(Bye {}).encode(&mut payload);
    wire::encode_kind(0x7e, &7, &mut payload);
    bob.feed(&sealed(&mut alice, &payload));
    let mut heard = Vec::new();
    assert_eq!(drain(&mut bob, &mut heard), None);
    assert_eq!(messages(heard), [Bye {}.into()]);
}

#[test]
fn many_messages_leave_in_as_few_frames_as_possible() {
    let (mut alice, mut bob) = World::new().open();
    let sent: Vec<ToPeer> = (0..2_000).map(|n| text(n as u8, 100)).collect();
    let mut plain = Vec::new();
    for message in &sent {
        alice.send(message);
        message.encode(&mut plain);
    }
    let bytes = alice.take_output().unwrap();
    let lengths: Vec<usize> = frames(&bytes).iter().map(|frame| frame.len()).collect();
    assert_eq!(lengths.len(), plain.len().div_ceil(PAYLOAD_MAX_BYTES));
    let (_, full) = lengths.split_last().unwrap();
    assert!(full.iter().all(|length| *length == PAYLOAD_MAX_BYTES + TAG_BYTES));
    assert_eq!(alice.take_output(), None);
    bob.feed(&bytes);
    let mut heard = Vec::new();
    assert_eq!(drain(&mut bob, &mut heard), None);
    assert_eq!(messages(heard), sent);
}

#[test]
fn the_longest_text_spans_frames_and_arrives_whole_in_any_pieces() {
    let (mut alice, mut bob) = World::new().open();
    let sent = vec![text(1, TEXT_MAX_BYTES), text(2, 3), text(3, TEXT_MAX_BYTES), text(4, 5)];
    for piece in [1_000, 4_096, 65_536, 1 << 20] {
        sent.iter().for_each(|message| alice.send(message));
        let bytes = alice.take_output().unwrap();
        assert_eq!(frames(&bytes).len(), 3);
        let mut heard = Vec::new();
        for chunk in bytes.chunks(piece) {
            bob.feed(chunk);
            assert_eq!(drain(&mut bob, &mut heard), None);
            assert!(bob.incoming.capacity() <= 2 * (WIRE_MAX_BYTES + (1 << 16)) + piece);
        }
        assert_eq!(messages(heard), sent, "pieces of {piece}");
        assert_eq!(bob.incoming.capacity(), 0);
    }
}

#[test]
fn a_long_message_in_tiny_frames_is_put_together() {
    let (mut alice, mut bob) = World::new().open();
    let mut payload = Vec::new();
    text(1, 3_000).encode(&mut payload);
    text(2, 3).encode(&mut payload);
    let mut heard = Vec::new();
    // Frames long and short in turn: either piece of a message is the shorter one at times.
    let mut rest = payload.as_slice();
    let mut length = 1;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(length.min(rest.len()));
        bob.feed(&sealed(&mut alice, now));
        assert_eq!(drain(&mut bob, &mut heard), None);
        length = if length == 1 { 400 } else { 1 };
        rest = later;
    }
    assert_eq!(messages(heard), [text(1, 3_000), text(2, 3)]);
}

#[test]
fn links_go_on_past_a_change_of_keys() {
    let (mut alice, mut bob) = World::new().open();
    for _ in 0..REKEY_FRAMES - 2 {
        let frame = sealed(&mut alice, &[0, 0, 0, 3, 0x92, 0x7f, 0xc0]);
        bob.feed(&frame);
        assert_eq!(bob.poll::<ToPeer>(), Ok(None));
    }
    for n in 0..5 {
        alice.send(&text(n, 10));
        bob.feed(&alice.take_output().unwrap());
        assert_eq!(bob.poll(), Ok(Some(LinkEvent::Message(text(n, 10)))));
    }
}

#[test]
fn an_idle_link_costs_under_300_bytes() {
    let (mut alice, mut bob) = World::new().open();
    alice.send(&text(1, 1_000));
    bob.feed(&alice.take_output().unwrap());
    assert_eq!(drain::<ToPeer>(&mut bob, &mut Vec::new()), None);
    for link in [&alice, &bob] {
        assert_eq!((link.incoming.capacity(), link.outgoing.capacity()), (0, 0));
    }
    assert!(size_of::<Link>() <= 300, "{} bytes", size_of::<Link>());
}

fn any_message() -> impl Strategy<Value = ToPeer> {
    prop_oneof![
        (any::<[u8; 16]>(), any::<i64>(), ".{0,300}").prop_map(|(id, sent, text)| Text {
            id: MsgId(Bytes(id)),
            sent: Wall(sent),
            text
        }
        .into()),
        any::<u64>().prop_map(|count| Ack { count }.into()),
        Just(Greet { name: None }.into()),
        Just(Bye {}.into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_never_panics_and_never_opens_a_link(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..6),
        with_hello: bool,
        dialled: bool,
    ) {
        let mut world = World::new();
        let mut link = if dialled { Link::accept() } else { world.dial(PEER) };
        if with_hello {
            let head = if dialled { preamble::encode(PEER) } else { preamble::encode_answer(true) };
            link.feed(&framed(&head));
        }
        for piece in pieces {
            link.feed(&piece);
            while let Ok(Some(event)) = link.poll::<ToPeer>() {
                prop_assert_eq!(event, LinkEvent::Hello(PEER));
                world.answer(&mut link);
            }
            link.take_output();
        }
        prop_assert!(!link.is_open());
    }

    #[test]
    fn garbage_inside_an_open_link_never_panics(
        payload in prop::collection::vec(any::<u8>(), 1..600),
    ) {
        let (mut alice, mut bob) = World::new().open();
        bob.feed(&sealed(&mut alice, &payload));
        drain::<ToPeer>(&mut bob, &mut Vec::new());
    }

    #[test]
    fn any_messages_arrive_in_order_in_any_pieces(
        sent in prop::collection::vec(any_message(), 1..20),
        flush in prop::collection::vec(any::<bool>(), 20),
        pieces in prop::collection::vec(1_usize..200, 1..10),
    ) {
        let (mut alice, mut bob) = World::new().open();
        let mut stream = Vec::new();
        for (message, flush) in sent.iter().zip(flush) {
            alice.send(message);
            if flush {
                stream.extend(alice.take_output().unwrap());
            }
        }
        stream.extend(alice.take_output().unwrap_or_default());
        let mut heard = Vec::new();
        let mut rest = stream.as_slice();
        for piece in pieces.iter().cycle() {
            let (now, later) = rest.split_at((*piece).min(rest.len()));
            bob.feed(now);
            prop_assert_eq!(drain(&mut bob, &mut heard), None);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(messages(heard), sent);
    }
}

#[test]
fn a_secured_link_carries_messages_in_whatever_pieces_they_come() {
    let (mut ours, mut theirs) = (Link::secured(), Link::secured());
    let long = Text { id: MsgId::FIRST, sent: Wall(1), text: "a".repeat(TEXT_MAX_BYTES) };
    for _ in 0..3 {
        ours.send(&ToPeer::from(long.clone()));
        ours.send(&ToPeer::from(Bye {}));
    }
    let bytes = ours.take_output().expect("messages wait");
    let mut heard = Vec::new();
    for piece in bytes.chunks(1_111) {
        theirs.feed(piece);
        while let Some(LinkEvent::Message(message)) = theirs.poll::<ToPeer>().expect("messages") {
            heard.push(message);
        }
    }
    let pair = [ToPeer::from(long), ToPeer::from(Bye {})];
    assert_eq!(heard, [pair.clone(), pair.clone(), pair].concat());
    assert_eq!((ours.take_output(), theirs.incoming.capacity()), (None, 0));
    theirs.feed(&[0xff; 64]);
    assert_eq!(theirs.poll::<ToPeer>(), Err(LinkFault::Garbage));
}

impl World {
    /// Carries bytes between two who both dialled, until nothing moves; what each was told.
    fn cross(&mut self, links: &mut [Link; 2], piece: usize) -> [Vec<LinkEvent<ToPeer>>; 2] {
        let mut told = [Vec::new(), Vec::new()];
        loop {
            let sent = [0, 1].map(|side| links[side].take_output());
            if sent == [None, None] {
                return told;
            }
            for (side, bytes) in [(1, &sent[0]), (0, &sent[1])] {
                for bytes in bytes.as_deref().unwrap_or_default().chunks(piece) {
                    links[side].feed(bytes);
                    while let Some(event) = links[side].poll().expect("no fault") {
                        if let LinkEvent::Hello(_) = event {
                            self.answer_as(side, &mut links[side]);
                        }
                        told[side].push(event);
                    }
                }
            }
        }
    }

    fn answer_as(&mut self, side: usize, link: &mut Link) {
        let (me, them) = match side {
            0 => (&self.alice, &self.bob),
            _ => (&self.bob, &self.alice),
        };
        link.answer(me, Some(them.fingerprint()), &mut self.rng);
    }
}

#[test]
fn two_who_dialled_each_other_at_once_are_linked_and_one_of_them_has_answered() {
    for piece in [1, 7, usize::MAX] {
        let mut world = World::new();
        let theirs = Some(world.alice.fingerprint());
        let bobs = Link::dial(&world.bob, PEER, theirs, &mut world.rng);
        let mut links = [world.dial(PEER), bobs];
        let told = world.cross(&mut links, piece);
        let hellos = told.iter().map(|told| told.contains(&LinkEvent::Hello(PEER)));
        assert_eq!(hellos.filter(|hello| *hello).count(), 1);
        assert_eq!(told[0].last(), Some(&LinkEvent::Established(*world.bob.public())));
        assert_eq!(told[1].last(), Some(&LinkEvent::Established(*world.alice.public())));
        links[0].send(&ToPeer::from(Bye {}));
        let told = world.cross(&mut links, piece);
        assert_eq!(told, [vec![], vec![LinkEvent::Message(Bye {}.into())]]);
    }
}

#[test]
fn who_hears_its_own_words_or_dialled_for_another_session_is_not_linked() {
    let mut world = World::new();
    let mut link = world.dial(PEER);
    let own = link.take_output().expect("a preamble");
    link.feed(&own);
    if fault_of(&mut link).is_none() && matches!(link.state, State::Asked(_)) {
        world.answer_as(0, &mut link);
        assert!(fault_of(&mut link).is_some() || !link.is_open());
    }
    let own = link.take_output().unwrap_or_default();
    link.feed(&own);
    assert!(fault_of(&mut link).is_some() || !link.is_open());

    let other = Purpose::Peer(SessionId(Bytes([6; 16])));
    let theirs = Some(world.alice.fingerprint());
    let mut bobs = Link::dial(&world.bob, other, theirs, &mut world.rng);
    let mut link = world.dial(PEER);
    link.feed(&bobs.take_output().expect("a preamble"));
    assert_eq!(fault_of(&mut link), Some(LinkFault::Garbage));
}
