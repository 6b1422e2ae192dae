use super::*;
use crate::proto::crypto::seal::Seal;
use data_encoding::HEXLOWER;
use snow::{Builder, HandshakeState};
use std::collections::BTreeMap;

const VECTORS: &str = include_str!("../../../../tests/golden/noise.txt");

#[derive(Default)]
struct Vector {
    protocol: String,
    keys: BTreeMap<String, Vec<u8>>,
    messages: Vec<Message>,
}

/// A payload and what goes over the wire for it.
type Message = (Vec<u8>, Vec<u8>);

fn vectors() -> Vec<Vector> {
    let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
    let mut vectors: Vec<Vector> = Vec::new();
    for line in VECTORS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["protocol", name] => {
                vectors.push(Vector { protocol: name.to_owned(), ..Vector::default() });
            }
            ["message", payload, sealed] => {
                vectors.last_mut().unwrap().messages.push((hex(payload), hex(sealed)));
            }
            [name, value] => {
                vectors.last_mut().unwrap().keys.insert(name.to_owned(), hex(value));
            }
            _ => panic!("not a vector: {line}"),
        }
    }
    vectors
}

fn side(vector: &Vector, role: &str) -> HandshakeState {
    let mut builder = Builder::with_resolver(
        vector.protocol.parse().unwrap(),
        Box::new(Resolver::new(&mut Rng::new([0; 32]))),
    );
    builder = builder.prologue(&vector.keys["prologue"]).unwrap();
    builder = builder.local_private_key(&vector.keys[&format!("{role}_static")]).unwrap();
    if let Some(key) = vector.keys.get(&format!("{role}_ephemeral")) {
        builder = builder.fixed_ephemeral_key_for_testing_only(key);
    }
    if let Some(key) = vector.keys.get(&format!("{role}_remote_static")) {
        builder = builder.remote_public_key(key).unwrap();
    }
    if role == "init" { builder.build_initiator() } else { builder.build_responder() }.unwrap()
}

/// Runs the handshake's messages through both sides; gives the messages that come after it.
fn shake(vector: &Vector) -> (HandshakeState, HandshakeState, &[Message]) {
    let (mut writer, mut reader) = (side(vector, "init"), side(vector, "resp"));
    let mut rest = vector.messages.as_slice();
    while !writer.is_handshake_finished() {
        let ((payload, expected), later) = rest.split_first().unwrap();
        let mut message = [0; 256];
        let length = writer.write_message(payload, &mut message).unwrap();
        assert_eq!(message[..length], expected[..]);
        let mut read = [0; 256];
        let length = reader.read_message(&message[..length], &mut read).unwrap();
        assert_eq!(read[..length], payload[..]);
        std::mem::swap(&mut writer, &mut reader);
        rest = later;
    }
    if let Some(hash) = vector.keys.get("handshake_hash") {
        assert_eq!(writer.get_handshake_hash(), hash);
    }
    assert_eq!(writer.get_handshake_hash(), reader.get_handshake_hash());
    if writer.is_initiator() { (writer, reader, rest) } else { (reader, writer, rest) }
}

#[test]
fn the_published_vectors_hold_for_xx_and_x() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 4);
    for vector in &vectors {
        let (mut dialling, _, rest) = shake(vector);
        assert!(!rest.is_empty(), "the vectors go on after the handshake");
        let one_way = vector.protocol.starts_with("Noise_X_");
        let (to_dialled, to_dialling) = dialling.dangerously_get_raw_split();
        let mut directions = [Seal::new(to_dialled, 1 << 16), Seal::new(to_dialling, 1 << 16)];
        // The sides take turns through handshake and transport alike.
        let first = vector.messages.len() - rest.len();
        for (i, (payload, expected)) in rest.iter().enumerate() {
            let turn = if one_way { 0 } else { (first + i) % 2 };
            let mut sealed = payload.clone();
            let tag = directions[turn].seal(&mut sealed);
            sealed.extend(tag);
            assert_eq!(&sealed, expected, "{} message {i}", vector.protocol);
        }
    }
}

#[test]
fn sealed_frames_are_noise_transport_messages_through_a_rekey() {
    let vectors = vectors();
    let (mut dialling, dialled, _) = shake(&vectors[0]);
    let (to_dialled, to_dialling) = dialling.dangerously_get_raw_split();
    let (mut ours, mut theirs) = (Seal::new(to_dialled, 2), Seal::new(to_dialling, 2));
    let mut snow = dialled.into_transport_mode().unwrap();
    for i in 0..5_u8 {
        let payload = vec![i; 100 * usize::from(i)];
        let mut sealed = payload.clone();
        let tag = ours.seal(&mut sealed);
        sealed.extend(tag);
        let mut read = vec![0; sealed.len()];
        let length = snow.read_message(&sealed, &mut read).unwrap();
        assert_eq!(read[..length], payload);

        let mut written = vec![0; payload.len() + TAG_BYTES];
        assert_eq!(snow.write_message(&payload, &mut written), Ok(written.len()));
        let length = theirs.open(&mut written).unwrap();
        assert_eq!(written[..length], payload);
        if i % 2 == 1 {
            snow.rekey_incoming();
            snow.rekey_outgoing();
        }
    }
}

#[test]
fn a_shared_secret_of_zeros_is_refused() {
    let mut dh = X25519::new([7; 32]);
    let mut out = [0; 32];
    assert!(dh.dh(&[9; 32], &mut out).is_ok());
    assert_ne!(out, [0; 32]);
    let mut one = [0; 32];
    one[0] = 1;
    for theirs in [[0; 32], one] {
        assert!(matches!(dh.dh(&theirs, &mut out), Err(Error::Dh)));
    }
    assert!(matches!(dh.dh(&[9; 31], &mut out), Err(Error::Dh)));
    dh.set(&[8; 32]);
    assert_eq!(dh.pubkey(), X25519::new([8; 32]).pubkey());
}

#[test]
fn ephemeral_keys_come_from_the_seed_alone() {
    let ephemeral = |seed| {
        let resolver = Resolver::new(&mut Rng::new([seed; 32]));
        let mut dh = resolver.resolve_dh(&DHChoice::Curve25519).unwrap();
        dh.generate(&mut *resolver.resolve_rng().unwrap()).unwrap();
        dh.pubkey().to_vec()
    };
    assert_eq!(ephemeral(1), ephemeral(1));
    assert_ne!(ephemeral(1), ephemeral(2));
}
