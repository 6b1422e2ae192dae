//! Prekeys: made by their owner, checked by whoever seals to them.

use super::keys::{self, Identity};
use super::rng::Rng;
use crate::proto::bytes::Bytes;
use crate::proto::model::person::PublicIdentity;
use crate::proto::model::prekey::{Prekey, PrekeyKind, PrekeySecret};
use crate::proto::time::Wall;
use x25519_dalek::{PublicKey, StaticSecret};

/// A new prekey: what its owner keeps, and what is laid out at the server. The static key is no
/// prekey and is not made here.
pub fn make(
    me: &Identity,
    kind: PrekeyKind,
    id: u32,
    made: Wall,
    rng: &mut Rng,
) -> (PrekeySecret, Prekey) {
    assert!(kind != PrekeyKind::Static, "the static key is part of the identity");
    let secret = Bytes(rng.bytes());
    let key = Bytes(PublicKey::from(&StaticSecret::from(secret.0)).to_bytes());
    let unsigned = Prekey { kind, id, key, made, signature: Bytes([0; 64]) };
    let signature = me.sign(PREKEY, &[&body(&unsigned)]);
    (PrekeySecret { kind, id, secret, made, used: None }, Prekey { signature, ..unsigned })
}

/// Whether a prekey is its owner's and of use. The owner's own keys were verified before.
pub fn check(owner: &PublicIdentity, prekey: &Prekey) -> bool {
    prekey.kind != PrekeyKind::Static
        && !keys::is_low_order(&prekey.key.0)
        && keys::is_signed(owner, PREKEY, &[&body(prekey)], &prekey.signature)
}

/// What a prekey is signed for.
const PREKEY: &[u8] = b"hobnob: my prekey is ";

fn body(prekey: &Prekey) -> [u8; 45] {
    let mut body = [0; 45];
    body[0] = code(prekey.kind);
    body[1..5].copy_from_slice(&prekey.id.to_be_bytes());
    body[5..37].copy_from_slice(&prekey.key.0);
    body[37..].copy_from_slice(&prekey.made.0.to_be_bytes());
    body
}

/// A kind as it is signed and stands on an envelope.
pub(super) fn code(kind: PrekeyKind) -> u8 {
    match kind {
        PrekeyKind::Once => 0,
        PrekeyKind::Weekly => 1,
        PrekeyKind::Static => 2,
    }
}

/// The opposite of [`code`].
pub(super) fn kind(code: u8) -> Option<PrekeyKind> {
    let kinds = [PrekeyKind::Once, PrekeyKind::Weekly, PrekeyKind::Static];
    kinds.into_iter().find(|kind| self::code(*kind) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(seed: u8) -> Identity {
        Identity::generate(&mut Rng::new([seed; 32]))
    }

    fn prekey(me: &Identity) -> Prekey {
        make(me, PrekeyKind::Once, 7, Wall(-5), &mut Rng::new([9; 32])).1
    }

    #[test]
    fn a_prekey_is_its_owners_as_it_was_made() {
        let (me, other) = (identity(1), identity(2));
        let prekey = prekey(&me);
        assert!(check(me.public(), &prekey));
        assert!(!check(other.public(), &prekey));
        let changed = [
            Prekey { kind: PrekeyKind::Weekly, ..prekey.clone() },
            Prekey { kind: PrekeyKind::Static, ..prekey.clone() },
            Prekey { id: 8, ..prekey.clone() },
            Prekey { key: other.public().dh, ..prekey.clone() },
            Prekey { made: Wall(-4), ..prekey.clone() },
            Prekey { signature: me.public().binding, ..prekey.clone() },
        ];
        assert!(changed.iter().all(|prekey| !check(me.public(), prekey)));
    }

    #[test]
    fn a_signature_for_another_purpose_is_no_prekeys() {
        let me = identity(1);
        let prekey = prekey(&me);
        let signature = me.sign(b"hobnob: something else ", &[&body(&prekey)]);
        assert!(!check(me.public(), &Prekey { signature, ..prekey }));
    }

    #[test]
    fn a_prekey_of_low_order_is_refused_though_well_signed() {
        let me = identity(1);
        let weak = Prekey { key: Bytes([0; 32]), ..prekey(&me) };
        let signature = me.sign(PREKEY, &[&body(&weak)]);
        assert!(!check(me.public(), &Prekey { signature, ..weak }));
    }
}
