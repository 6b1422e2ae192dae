//! What is signed in groups, and what is made of their secrets.

use super::keys::{self, Identity};
use crate::proto::bytes::Bytes;
use crate::proto::id::GroupId;
use crate::proto::model::bond::Token;
use crate::proto::model::group::{Handover, Roster};
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use blake2::{Blake2s256, Digest};

/// The id of a group: nobody but its founder can begin one that has it.
pub fn group_id(founder: Fingerprint, nonce: Bytes<16>) -> GroupId {
    GroupId(half(&[&founder.0.0, &nonce.0]))
}

/// What somebody calls a group that they ask for before they know its id: both sides can work it
/// out, and asking again is asking for the same.
pub fn asked_id(asker: Fingerprint, leader: Fingerprint, name: &Name) -> GroupId {
    GroupId(half(&[ASKED, &asker.0.0, &leader.0.0, name.as_str().as_bytes()]))
}

/// The contact token of a member, from what a roster's tokens are made of.
pub fn member_token(reach: Bytes<16>, who: Fingerprint) -> Token {
    Token(half(&[&reach.0, &who.0.0]))
}

/// A leader's signature over a roster.
pub fn sign_roster(me: &Identity, roster: &Roster) -> Bytes<64> {
    me.sign(ROSTER, &[&digest(roster)])
}

/// Whether somebody signed this roster.
pub fn is_roster_of(by: &PublicIdentity, roster: &Roster, signature: &Bytes<64>) -> bool {
    keys::is_signed(by, ROSTER, &[&digest(roster)], signature)
}

/// A leader's word that somebody else leads from an epoch on.
pub fn hand_over(me: &Identity, group: GroupId, to: Fingerprint, epoch: u64) -> Handover {
    let signature = me.sign(HANDOVER, &[&group.0.0, &to.0.0, &epoch.to_be_bytes()]);
    Handover { from: *me.public(), to, epoch, signature }
}

/// Whether a handover in this group was signed by who led before.
pub fn is_handed_over(group: GroupId, handover: &Handover) -> bool {
    let Handover { from, to, epoch, signature } = handover;
    let parts: [&[u8]; 3] = [&group.0.0, &to.0.0, &epoch.to_be_bytes()];
    keys::is_signed(from, HANDOVER, &parts, signature)
}

/// What a roster is signed for.
const ROSTER: &[u8] = b"hobnob: who is in our group is ";
/// What a handover is signed for.
const HANDOVER: &[u8] = b"hobnob: our group is led by ";
const ASKED: &[u8] = b"hobnob: let me into ";

fn digest(roster: &Roster) -> [u8; 32] {
    let bytes = rmp_serde::to_vec(roster).expect("writing to memory cannot fail");
    Blake2s256::digest(bytes).into()
}

fn half(parts: &[&[u8]]) -> Bytes<16> {
    let mut hash = Blake2s256::new();
    parts.iter().for_each(|part| hash.update(part));
    Bytes::from_slice(&hash.finalize()[..16]).expect("a BLAKE2s-256 hash is 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::crypto::rng::Rng;

    fn identity(seed: u8) -> Identity {
        Identity::generate(&mut Rng::new([seed; 32]))
    }

    #[test]
    fn a_handover_holds_for_one_group_one_successor_and_one_epoch() {
        let (me, other) = (identity(1), identity(2));
        let (group, elsewhere) = (GroupId(Bytes([7; 16])), GroupId(Bytes([8; 16])));
        let handover = hand_over(&me, group, other.fingerprint(), 9);
        assert!(is_handed_over(group, &handover));
        assert!(!is_handed_over(elsewhere, &handover));
        for changed in [
            Handover { to: me.fingerprint(), ..handover.clone() },
            Handover { epoch: 10, ..handover.clone() },
            Handover { from: *other.public(), ..handover.clone() },
        ] {
            assert!(!is_handed_over(group, &changed), "{changed:?}");
        }
    }

    #[test]
    fn ids_and_tokens_differ_by_all_that_they_are_made_of() {
        let (me, other) = (identity(1).fingerprint(), identity(2).fingerprint());
        let name = Name::parse("climbers").unwrap();
        assert_ne!(group_id(me, Bytes([1; 16])), group_id(other, Bytes([1; 16])));
        assert_ne!(group_id(me, Bytes([1; 16])), group_id(me, Bytes([2; 16])));
        assert_ne!(asked_id(me, other, &name), asked_id(other, me, &name));
        assert_ne!(member_token(Bytes([1; 16]), me), member_token(Bytes([1; 16]), other));
        assert_ne!(member_token(Bytes([1; 16]), me), member_token(Bytes([2; 16]), me));
    }
}
