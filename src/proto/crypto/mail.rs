//! Sealed mail: one envelope to one prekey of somebody who is away.
//!
//! ```text
//! envelope = version, kind, id of the prekey ‖ Noise X (one message, no payload) ‖ frames
//! frames   = inside, sealed under the handshake's key, one frame for each 65,519 bytes
//! inside   = signature ‖ sender's identity ‖ length ‖ plaintext ‖ zeros up to a bucket
//! ```
//!
//! Noise X (Noise section 7.4) hides and proves the sender's static key, but whoever has the
//! prekey's secret can make such a message in anybody's name (section 7.7, sender property 1): the
//! signature is what proves the sender, and it names recipient and prekey, so that it is of no use
//! in another envelope.

use super::keys::{self, Identity};
use super::prekey;
use super::resolver::{KEY_BYTES, Resolver};
use super::rng::Rng;
use super::seal::{Seal, TAG_BYTES};
use crate::proto::bytes::Bytes;
use crate::proto::limits::{ENVELOPE_MAX_BYTES, PACKET_MAX_BYTES, PAYLOAD_MAX_BYTES, REKEY_FRAMES};
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::model::prekey::{Bundle, Prekey, PrekeyKind};
use snow::{Builder, HandshakeState};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroize;

/// The key that an envelope is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// What it is for.
    pub kind: PrekeyKind,
    /// Its number; 0 for the static key.
    pub id: u32,
    /// X25519.
    pub key: Bytes<32>,
}

impl Sealing {
    /// The best key of a bundle: one-time, else weekly, else static. Nothing if the bundle is not
    /// this person's or they did not sign that key. `is_known` spares an identity that was verified
    /// before.
    pub fn choose(
        bundle: &Bundle,
        to: Fingerprint,
        is_known: &dyn Fn(Fingerprint, &PublicIdentity) -> bool,
    ) -> Option<Sealing> {
        if !is_known(to, &bundle.identity) && keys::verify(&bundle.identity) != Some(to) {
            return None;
        }
        let (prekey, kind) = match (&bundle.once, &bundle.weekly) {
            (Some(once), _) => (once, PrekeyKind::Once),
            (None, Some(weekly)) => (weekly, PrekeyKind::Weekly),
            (None, None) => return Some(Sealing::to_static(&bundle.identity)),
        };
        let is_good = prekey.kind == kind && prekey::check(&bundle.identity, prekey);
        is_good.then(|| Sealing::to_prekey(prekey))
    }

    /// To a prekey that was checked.
    pub fn to_prekey(prekey: &Prekey) -> Sealing {
        Sealing { kind: prekey.kind, id: prekey.id, key: prekey.key }
    }

    /// To the static key of an identity that was verified: no forward secrecy.
    pub fn to_static(identity: &PublicIdentity) -> Sealing {
        Sealing { kind: PrekeyKind::Static, id: 0, key: identity.dh }
    }
}

/// What was in an envelope, and who proved to have sealed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The sender's keys, verified.
    pub from: PublicIdentity,
    /// Of these.
    pub fingerprint: Fingerprint,
    /// What they sealed.
    pub plaintext: Vec<u8>,
    /// Whether the secret that opens it is one that will be gone.
    pub is_forward_secret: bool,
}

/// Seals a plaintext of at most [`PACKET_MAX_BYTES`]. Nothing comes of a key of low order, which
/// no checked prekey is.
pub fn seal(
    me: &Identity,
    to: Fingerprint,
    prekey: Sealing,
    plaintext: &[u8],
    rng: &mut Rng,
) -> Option<Vec<u8>> {
    let mut inside = fill(me, to, prekey, plaintext);
    let mut envelope = head(prekey.kind, prekey.id).to_vec();
    let mut handshake = [0; HANDSHAKE_BYTES];
    let mut noise = noise(me.dh_secret(), &prologue(&envelope, to), rng, |builder| {
        builder.remote_public_key(&prekey.key.0)?.build_initiator()
    });
    let length = noise.write_message(&[], &mut handshake).ok()?;
    envelope.extend_from_slice(&handshake[..length]);
    let mut direction = split(&mut noise);
    for frame in inside.chunks_mut(PAYLOAD_MAX_BYTES) {
        let tag = direction.seal(frame);
        envelope.extend_from_slice(frame);
        envelope.extend_from_slice(&tag);
    }
    assert!(envelope.len() <= ENVELOPE_MAX_BYTES, "the largest bucket fits an envelope");
    Some(envelope)
}

/// Which prekey an envelope needs, by kind and number; unproven until it is opened.
pub fn header(envelope: &[u8]) -> Option<(PrekeyKind, u32)> {
    let ([VERSION, code, id @ ..], _) = envelope.split_first_chunk::<HEAD_BYTES>()? else {
        return None;
    };
    let (kind, id) = (prekey::kind(*code)?, u32::from_be_bytes(*id));
    (kind != PrekeyKind::Static || id == 0).then_some((kind, id))
}

/// Opens an envelope with the secret of the prekey that [`header`] names; without one, for an
/// envelope to the static key. Nothing if anything about it does not hold. `is_known` spares an
/// identity that was verified before.
pub fn open(
    me: &Identity,
    prekey: Option<&[u8; 32]>,
    envelope: &[u8],
    is_known: &dyn Fn(Fingerprint, &PublicIdentity) -> bool,
) -> Option<Opened> {
    let (kind, id) = header(envelope)?;
    if envelope.len() > ENVELOPE_MAX_BYTES || (kind == PrekeyKind::Static) != prekey.is_none() {
        return None;
    }
    let secret = prekey.unwrap_or(me.dh_secret());
    let (head, sealed) = envelope.split_at(HEAD_BYTES);
    let (handshake, sealed) = sealed.split_first_chunk::<HANDSHAKE_BYTES>()?;
    // The reader of a one-way pattern makes no key, so it throws no dice.
    let mut no_dice = Rng::new([0; 32]);
    let mut noise = noise(secret, &prologue(head, me.fingerprint()), &mut no_dice, |builder| {
        builder.build_responder()
    });
    noise.read_message(handshake, &mut []).ok()?;
    let mut inside = Vec::with_capacity(sealed.len());
    let mut direction = split(&mut noise);
    for frame in sealed.chunks(PAYLOAD_MAX_BYTES + TAG_BYTES) {
        let at = inside.len();
        inside.extend_from_slice(frame);
        let length = direction.open(&mut inside[at..]).ok()?;
        inside.truncate(at + length);
    }
    let key = Bytes(PublicKey::from(&StaticSecret::from(*secret)).to_bytes());
    let from_dh = noise.get_remote_static()?;
    empty(me.fingerprint(), Sealing { kind, id, key }, from_dh, &inside, is_known)
}

/// Signs, and pads to the next bucket.
fn fill(me: &Identity, to: Fingerprint, prekey: Sealing, plaintext: &[u8]) -> Vec<u8> {
    assert!(plaintext.len() <= PACKET_MAX_BYTES, "letters are counted before they are sealed");
    let size = bucket(BEFORE_BYTES + plaintext.len());
    let id = prekey.id.to_be_bytes();
    let parts: [&[u8]; 5] = [&to.0.0, &[prekey::code(prekey.kind)], &id, &prekey.key.0, plaintext];
    let mut inside = Vec::with_capacity(size);
    inside.extend_from_slice(&me.sign(MAIL, &parts).0);
    inside.extend_from_slice(&me.public().sign.0);
    inside.extend_from_slice(&me.public().dh.0);
    inside.extend_from_slice(&me.public().binding.0);
    inside.extend_from_slice(&(plaintext.len() as u32).to_be_bytes());
    inside.extend_from_slice(plaintext);
    inside.resize(size, 0);
    inside
}

/// The opposite of [`fill`]; checks all of it.
fn empty(
    me: Fingerprint,
    prekey: Sealing,
    from_dh: &[u8],
    inside: &[u8],
    is_known: &dyn Fn(Fingerprint, &PublicIdentity) -> bool,
) -> Option<Opened> {
    let (signature, rest) = inside.split_first_chunk::<64>()?;
    let (sign, rest) = rest.split_first_chunk::<32>()?;
    let (dh, rest) = rest.split_first_chunk::<32>()?;
    let (binding, rest) = rest.split_first_chunk::<64>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (plaintext, padding) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let is_whole = inside.len() == bucket(BEFORE_BYTES + plaintext.len());
    if !is_whole || padding.iter().any(|byte| *byte != 0) || from_dh != dh {
        return None;
    }
    let from = PublicIdentity { sign: Bytes(*sign), dh: Bytes(*dh), binding: Bytes(*binding) };
    let fingerprint = keys::fingerprint(&from);
    if !is_known(fingerprint, &from) && keys::verify(&from).is_none() {
        return None;
    }
    let (id, kind) = (prekey.id.to_be_bytes(), prekey.kind);
    let parts: [&[u8]; 5] = [&me.0.0, &[prekey::code(kind)], &id, &prekey.key.0, plaintext];
    if !keys::is_signed(&from, MAIL, &parts, &Bytes(*signature)) {
        return None;
    }
    let is_forward_secret = kind != PrekeyKind::Static;
    Some(Opened { from, fingerprint, plaintext: plaintext.to_vec(), is_forward_secret })
}

fn head(kind: PrekeyKind, id: u32) -> [u8; HEAD_BYTES] {
    let [a, b, c, d] = id.to_be_bytes();
    [VERSION, prekey::code(kind), a, b, c, d]
}

fn prologue(head: &[u8], to: Fingerprint) -> Vec<u8> {
    [b"hobnob mail".as_slice(), head, &to.0.0].concat()
}

fn noise<'a>(
    secret: &'a [u8; 32],
    prologue: &'a [u8],
    rng: &mut Rng,
    role: impl FnOnce(Builder<'a>) -> Result<HandshakeState, snow::Error>,
) -> HandshakeState {
    let params = NOISE.parse().expect("the protocol's name is a valid one");
    Builder::with_resolver(params, Box::new(Resolver::new(rng)))
        .local_private_key(secret)
        .and_then(|builder| builder.prologue(prologue))
        .and_then(role)
        .expect("everything that the protocol needs was given, once")
}

/// The one direction that there is, after the one message.
fn split(noise: &mut HandshakeState) -> Seal {
    let (mut key, mut unused) = noise.dangerously_get_raw_split();
    let direction = Seal::new(key, REKEY_FRAMES);
    key.zeroize();
    unused.zeroize();
    direction
}

/// The size that hides another: 512 bytes, then doubled, then multiples of 8 KiB.
fn bucket(bytes: usize) -> usize {
    if bytes <= BUCKET_LAST_DOUBLED_BYTES {
        bytes.next_power_of_two().max(BUCKET_FIRST_BYTES)
    } else {
        bytes.next_multiple_of(BUCKET_LAST_DOUBLED_BYTES)
    }
}

const NOISE: &str = "Noise_X_25519_ChaChaPoly_BLAKE2s";
const VERSION: u8 = 1;
/// What mail is signed for.
const MAIL: &[u8] = b"hobnob: I seal this mail ";
const HEAD_BYTES: usize = 6;
/// The ephemeral key, the static key under a tag, and the tag of no payload.
const HANDSHAKE_BYTES: usize = KEY_BYTES + KEY_BYTES + TAG_BYTES + TAG_BYTES;
/// Signature, identity and length.
const BEFORE_BYTES: usize = 64 + 128 + 4;
const BUCKET_FIRST_BYTES: usize = 512;
const BUCKET_LAST_DOUBLED_BYTES: usize = 8 * 1024;
/// The largest bucket that an envelope holds with all that stands around it.
const INSIDE_MAX_BYTES: usize = {
    let room = ENVELOPE_MAX_BYTES - HEAD_BYTES - HANDSHAKE_BYTES - 2 * TAG_BYTES;
    room - room % BUCKET_LAST_DOUBLED_BYTES
};
const _: () = assert!(PACKET_MAX_BYTES == INSIDE_MAX_BYTES - BEFORE_BYTES);

#[cfg(test)]
mod tests;
