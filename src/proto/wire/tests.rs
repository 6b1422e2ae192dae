use super::client::{self, ToServer};
use super::peer::{self, ToPeer};
use super::server::{self, ToClient};
use super::*;
use crate::proto::bytes::{Blob, Bytes};
use crate::proto::id::{MsgId, ReqId, SessionId};
use crate::proto::model::account::Visibility;
use crate::proto::model::bond::Token;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, PublicIdentity, Target};
use crate::proto::time::Wall;
use proptest::prelude::*;
use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};

fn encoded<M: Wire>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

/// Encodes, splits off with something behind it, and decodes again.
fn check<M: Wire + PartialEq + Debug>(message: &M) {
    let mut bytes = encoded(message);
    bytes.extend([0; 7]);
    let alone = split(&bytes).unwrap().unwrap();
    assert_eq!(alone.len() + LENGTH_BYTES + 7, bytes.len());
    assert_eq!(M::decode(alone).unwrap().as_ref(), Some(message));
    for length in 0..alone.len() {
        assert!(M::decode(&alone[..length]).is_err(), "cut to {length} bytes");
    }
}

fn name() -> impl Strategy<Value = Name> {
    "[a-z][a-z0-9._-]{0,31}".prop_map(|text| Name::parse(&text).unwrap())
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    any::<[u8; 20]>().prop_map(|bytes| Fingerprint(Bytes(bytes)))
}

fn endpoints() -> impl Strategy<Value = Vec<SocketAddr>> {
    prop::collection::vec(any::<SocketAddr>().prop_map(plain), 0..16)
}

/// Flow and scope mean nothing beyond a machine and do not travel.
fn plain(at: SocketAddr) -> SocketAddr {
    SocketAddr::new(at.ip(), at.port())
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        name().prop_map(Target::Name),
        any::<Ipv4Addr>().prop_map(Target::Address),
        fingerprint().prop_map(Target::Key),
    ]
}

fn card() -> impl Strategy<Value = server::Card> {
    (name(), any::<Ipv4Addr>(), any::<([u8; 32], [u8; 32], [u8; 32], [u8; 32])>(), any::<i64>())
        .prop_map(|(name, address, (sign, dh, r, s), seen)| {
            let binding = Bytes::from_slice(&[r, s].concat()).unwrap();
            let identity = PublicIdentity { sign: Bytes(sign), dh: Bytes(dh), binding };
            server::Card { name, address, identity, online: seen > 0, seen: Wall(seen) }
        })
}

fn token() -> impl Strategy<Value = Option<Token>> {
    prop::option::of(any::<[u8; 16]>().prop_map(|bytes| Token(Bytes(bytes))))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_are_read_back(id: [u8; 16], sent: i64, text in ".{0,200}") {
        check(&ToPeer::from(peer::Text { id: MsgId(Bytes(id)), sent: Wall(sent), text }));
    }

    #[test]
    fn asks_and_offers_are_read_back(
        session: [u8; 16],
        to in fingerprint(),
        from in card(),
        candidates in endpoints(),
        token in token(),
    ) {
        let session = SessionId(Bytes(session));
        let (addresses, is_quiet) = (candidates.clone(), true);
        let ask = client::Ask { session, to, candidates: addresses, token, is_quiet };
        check(&ToServer::from(ask));
        check(&ToClient::from(server::Offer { session, from, candidates, is_quiet }));
    }

    #[test]
    fn questions_and_answers_are_read_back(
        req: u32,
        who in target(),
        token in token(),
        found in prop::option::of(card()),
        name in prop::option::of(name()),
        prefix in ".{0,40}",
    ) {
        let req = ReqId(req);
        check(&ToServer::from(client::Lookup { req, who, token }));
        check(&ToClient::from(server::Found { req, who: found }));
        check(&ToServer::from(client::Who { req, prefix, after: name.clone() }));
        check(&ToServer::from(client::Enter { name, visibility: Some(Visibility::Private) }));
    }

    #[test]
    fn carried_bytes_are_read_back(
        session: [u8; 16],
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let session = SessionId(Bytes(session));
        check(&ToServer::from(client::Carry { session, bytes: Blob(bytes.clone()) }));
        check(&ToClient::from(server::Carried { session, bytes: Blob(bytes) }));
    }

    #[test]
    fn garbage_never_panics(kind in 0..16_u8, body in prop::collection::vec(any::<u8>(), 0..200)) {
        for bytes in [&body, &[&[LIST_OF_TWO, kind], body.as_slice()].concat()] {
            let _ = (ToServer::decode(bytes), ToClient::decode(bytes), ToPeer::decode(bytes));
            let _ = split(bytes);
        }
    }

    #[test]
    fn a_changed_message_never_panics(from in card(), at: usize, to: u8) {
        let mut bytes =
            encoded(&ToClient::from(server::Found { req: ReqId(1), who: Some(from) }));
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(Some(alone)) = split(&bytes) {
            let _ = ToClient::decode(alone);
        }
    }
}

#[test]
fn an_unknown_kind_is_none_whatever_its_body() {
    assert_eq!(ToPeer::decode(&[LIST_OF_TWO, 0x7f, 0xc1]), Ok(None));
}

#[test]
fn something_left_over_is_no_message() {
    for rest in [0xc0, 0x00, 0x91, 0xc1, 0xcc, 0xd9] {
        let mut bytes = encoded(&ToPeer::from(peer::Bye {}));
        bytes.push(rest);
        assert_eq!(ToPeer::decode(&bytes[LENGTH_BYTES..]), Err(BadMessage), "{rest:#x}");
    }
}

#[test]
fn deep_nesting_and_huge_counts_are_refused_without_room_for_them() {
    let nested = [vec![LIST_OF_TWO, 1], vec![0x91; 100_000]].concat();
    assert_eq!(ToPeer::decode(&nested), Err(BadMessage));
    let watch = [LIST_OF_TWO, 5, 0x91, 0xdd, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(ToServer::decode(&watch), Err(BadMessage));
    let blob = [LIST_OF_TWO, 8, 0x92, 0xc6, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(ToServer::decode(&blob), Err(BadMessage));
}

#[test]
fn a_length_over_the_limit_is_refused_before_its_bytes_come() {
    let most = (WIRE_MAX_BYTES as u32).to_be_bytes();
    assert_eq!(split(&most), Ok(None));
    assert_eq!(split(&most[..3]), Ok(None));
    assert_eq!(split(&(WIRE_MAX_BYTES as u32 + 1).to_be_bytes()), Err(BadMessage));
}
