use super::*;
use crate::proto::crypto::rng::Rng;
use crate::proto::model::prekey::PrekeySecret;
use crate::proto::time::Wall;
use proptest::prelude::*;

/// Of somebody whose keys were never seen.
fn open(me: &Identity, prekey: Option<&[u8; 32]>, envelope: &[u8]) -> Option<Opened> {
    super::open(me, prekey, envelope, &|_, _| false)
}

fn empty(me: Fingerprint, prekey: Sealing, from_dh: &[u8], inside: &[u8]) -> Option<Opened> {
    super::empty(me, prekey, from_dh, inside, &|_, _| false)
}

#[test]
fn mail_opens_for_its_recipient_and_says_who_wrote_it() {
    let (alice, bob) = (identity(1), identity(2));
    for (kind, is_forward_secret) in
        [(PrekeyKind::Once, true), (PrekeyKind::Weekly, true), (PrekeyKind::Static, false)]
    {
        let (secret, sealing) = lock(&bob, kind, 7);
        let envelope = sealed(&alice, &bob, sealing, b"hi bob");
        assert_eq!(header(&envelope), Some((kind, sealing.id)));
        let opened = open(&bob, secret.as_ref(), &envelope).unwrap();
        assert_eq!((opened.from, opened.fingerprint), (*alice.public(), alice.fingerprint()));
        assert_eq!(
            (&opened.plaintext[..], opened.is_forward_secret),
            (&b"hi bob"[..], is_forward_secret)
        );
        assert!(!holds(&envelope, b"hi bob") && !holds(&envelope, &alice.public().sign.0));
        assert!(!holds(&envelope, &alice.public().dh.0));
    }
}

#[test]
fn mail_to_another_person_or_prekey_does_not_open() {
    let (alice, bob, eve) = (identity(1), identity(2), identity(3));
    let (secret, sealing) = lock(&bob, PrekeyKind::Once, 7);
    let (other, _) = lock(&bob, PrekeyKind::Once, 8);
    let envelope = sealed(&alice, &bob, sealing, b"for bob");
    assert!(open(&bob, secret.as_ref(), &envelope).is_some());
    assert_eq!(open(&bob, other.as_ref(), &envelope), None);
    assert_eq!(open(&bob, None, &envelope), None);
    // Even with the secret, it is not to anybody else.
    assert_eq!(open(&eve, secret.as_ref(), &envelope), None);
    for (at, byte) in [(0, 2), (1, 1), (1, 2), (1, 9), (5, 8)] {
        let mut changed = envelope.clone();
        changed[at] = byte;
        assert_eq!(open(&bob, secret.as_ref(), &changed), None, "byte {at}");
        assert_eq!(open(&bob, None, &changed), None, "byte {at}");
    }
}

#[test]
fn what_was_sealed_to_the_static_key_has_the_number_0_and_no_other() {
    let (alice, bob) = (identity(1), identity(2));
    let sealing = Sealing { id: 1, ..Sealing::to_static(bob.public()) };
    let envelope = sealed(&alice, &bob, sealing, b"for bob");
    assert_eq!((header(&envelope), open(&bob, None, &envelope)), (None, None));
}

#[test]
fn a_recipient_cannot_pass_a_letter_on_as_if_it_were_to_somebody_else() {
    let (alice, bob, carol) = (identity(1), identity(2), identity(3));
    let (secret, to_bob) = lock(&bob, PrekeyKind::Once, 7);
    let (_, to_carol) = lock(&carol, PrekeyKind::Once, 7);
    let envelope = sealed(&alice, &bob, to_bob, b"I owe you 5");
    let inside = inside(&bob, secret, &envelope);
    let from_dh = alice.public().dh.0;
    assert!(empty(bob.fingerprint(), to_bob, &from_dh, &inside).is_some());
    assert_eq!(empty(carol.fingerprint(), to_bob, &from_dh, &inside), None);
    assert_eq!(empty(bob.fingerprint(), to_carol, &from_dh, &inside), None);
    let renumbered = Sealing { id: 8, ..to_bob };
    assert_eq!(empty(bob.fingerprint(), renumbered, &from_dh, &inside), None);
    let rekinded = Sealing { kind: PrekeyKind::Weekly, ..to_bob };
    assert_eq!(empty(bob.fingerprint(), rekinded, &from_dh, &inside), None);
    // Nor is it alice's when bob's own link key seals it.
    assert_eq!(empty(bob.fingerprint(), to_bob, &bob.public().dh.0, &inside), None);
}

#[test]
fn a_holder_of_a_prekey_cannot_write_in_the_name_of_somebody_else() {
    let (alice, bob) = (identity(1), identity(2));
    let (_, sealing) = lock(&bob, PrekeyKind::Once, 7);
    let mut inside = fill(&alice, bob.fingerprint(), sealing, b"I owe you 5");
    inside[BEFORE_BYTES + 10] = b'9';
    assert_eq!(empty(bob.fingerprint(), sealing, &alice.public().dh.0, &inside), None);
    // Nor with the binding of somebody else's keys.
    let mut inside = fill(&alice, bob.fingerprint(), sealing, b"I owe you 5");
    inside[128..192].copy_from_slice(&bob.public().binding.0);
    assert_eq!(empty(bob.fingerprint(), sealing, &alice.public().dh.0, &inside), None);
}

#[test]
fn every_cut_and_every_changed_byte_is_noticed() {
    let (alice, bob) = (identity(1), identity(2));
    let (secret, sealing) = lock(&bob, PrekeyKind::Once, 7);
    let envelope = sealed(&alice, &bob, sealing, b"hi bob");
    for at in 0..envelope.len() {
        let mut changed = envelope.clone();
        changed[at] ^= 1;
        assert_eq!(open(&bob, secret.as_ref(), &changed), None, "byte {at}");
        assert_eq!(open(&bob, secret.as_ref(), &envelope[..at]), None, "cut to {at}");
    }
    let longer = [&envelope[..], &[0]].concat();
    assert_eq!(open(&bob, secret.as_ref(), &longer), None);
}

#[test]
fn long_mail_takes_frames_of_which_none_can_be_left_out_or_swapped() {
    let (alice, bob) = (identity(1), identity(2));
    let (secret, sealing) = lock(&bob, PrekeyKind::Weekly, 7);
    let plaintext: Vec<u8> = (0..PACKET_MAX_BYTES).map(|i| i as u8).collect();
    let envelope = sealed(&alice, &bob, sealing, &plaintext);
    assert!(envelope.len() <= ENVELOPE_MAX_BYTES);
    let opened = open(&bob, secret.as_ref(), &envelope).unwrap();
    assert_eq!(opened.plaintext, plaintext);
    let (head, frames) = envelope.split_at(HEAD_BYTES + HANDSHAKE_BYTES);
    let (first, second) = frames.split_at(PAYLOAD_MAX_BYTES + TAG_BYTES);
    for frames in [&[first][..], &[second], &[second, first], &[first, first], &[]] {
        let changed = [head, &frames.concat()].concat();
        assert_eq!(open(&bob, secret.as_ref(), &changed), None);
    }
}

#[test]
fn padding_leaves_few_sizes_and_hides_nothing_else() {
    let (alice, bob) = (identity(1), identity(2));
    let (_, sealing) = lock(&bob, PrekeyKind::Once, 7);
    let size = |length: usize| sealed(&alice, &bob, sealing, &vec![b'x'; length]).len();
    assert_eq!(size(0), size(512 - BEFORE_BYTES));
    assert_eq!(size(513 - BEFORE_BYTES), size(1024 - BEFORE_BYTES));
    assert_eq!(size(513 - BEFORE_BYTES) - size(0), 512);
    let buckets: std::collections::BTreeSet<usize> =
        (0..INSIDE_MAX_BYTES).step_by(256).map(bucket).collect();
    assert_eq!(buckets.len(), 5 + 10, "512 to 8,192, and ten multiples more");
    let (from, to) = (alice.public().dh.0, bob.fingerprint());
    let mut inside = fill(&alice, to, sealing, b"hi bob");
    *inside.last_mut().unwrap() = 1;
    assert_eq!(empty(to, sealing, &from, &inside), None, "something in the padding");
    inside = fill(&alice, to, sealing, b"hi bob");
    inside.resize(1024, 0);
    assert_eq!(empty(to, sealing, &from, &inside), None, "more padding than there is");
}

#[test]
fn the_best_key_of_a_bundle_is_chosen_and_a_bad_one_spoils_it() {
    let (bob, eve) = (identity(2), identity(3));
    let mut rng = Rng::new([4; 32]);
    let mut made = |who, kind, id| Some(prekey::make(who, kind, id, Wall(0), &mut rng).1);
    let (once, weekly) = (made(&bob, PrekeyKind::Once, 1), made(&bob, PrekeyKind::Weekly, 2));
    let bad = made(&eve, PrekeyKind::Once, 1);
    let bundle = |once: &Option<Prekey>, weekly: &Option<Prekey>| Bundle {
        identity: *bob.public(),
        once: once.clone(),
        weekly: weekly.clone(),
    };
    let chosen = |bundle: Bundle| {
        Sealing::choose(&bundle, bob.fingerprint(), &|_, _| false).map(|s| (s.kind, s.id))
    };
    assert_eq!(chosen(bundle(&once, &weekly)), Some((PrekeyKind::Once, 1)));
    assert_eq!(chosen(bundle(&None, &weekly)), Some((PrekeyKind::Weekly, 2)));
    assert_eq!(chosen(bundle(&None, &None)), Some((PrekeyKind::Static, 0)));
    assert_eq!(chosen(bundle(&bad, &weekly)), None);
    assert_eq!(chosen(bundle(&None, &bad)), None);
    assert_eq!(chosen(bundle(&once, &bad)), Some((PrekeyKind::Once, 1)), "which is not used");
    assert_eq!(chosen(bundle(&weekly, &None)), None, "a weekly key in place of a one-time one");
    assert_eq!(chosen(Bundle { identity: *eve.public(), ..bundle(&None, &None) }), None);
}

#[test]
fn a_key_of_low_order_seals_nothing() {
    let (alice, bob) = (identity(1), identity(2));
    let weak = Sealing { kind: PrekeyKind::Once, id: 1, key: Bytes([0; 32]) };
    assert_eq!(seal(&alice, bob.fingerprint(), weak, b"hi", &mut Rng::new([5; 32])), None);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..Default::default()
    })]

    #[test]
    fn whatever_is_sealed_opens_as_it_was(
        plaintext in prop::collection::vec(any::<u8>(), 0..20_000),
        seed: [u8; 32],
    ) {
        let (alice, bob) = (identity(1), identity(2));
        let (secret, sealing) = lock(&bob, PrekeyKind::Once, 7);
        let to = bob.fingerprint();
        let envelope = seal(&alice, to, sealing, &plaintext, &mut Rng::new(seed)).unwrap();
        let opened = open(&bob, secret.as_ref(), &envelope).unwrap();
        prop_assert_eq!(opened.plaintext, plaintext);
    }

    #[test]
    fn garbage_never_opens_and_never_panics(
        mut bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        kind in 0..4_u8,
    ) {
        let bob = identity(2);
        for byte in bytes.iter_mut().zip([VERSION, kind, 0, 0, 0, 0]) {
            *byte.0 = byte.1;
        }
        prop_assert_eq!(open(&bob, None, &bytes), None);
        prop_assert_eq!(open(&bob, Some(&[7; 32]), &bytes), None);
    }
}

fn identity(seed: u8) -> Identity {
    Identity::generate(&mut Rng::new([seed; 32]))
}

/// The secret to open with, and what to seal with.
fn lock(owner: &Identity, kind: PrekeyKind, id: u32) -> (Option<[u8; 32]>, Sealing) {
    if kind == PrekeyKind::Static {
        return (None, Sealing::to_static(owner.public()));
    }
    let mut rng = Rng::new([id as u8 ^ owner.fingerprint().0.0[0]; 32]);
    let (PrekeySecret { secret, .. }, prekey) = prekey::make(owner, kind, id, Wall(9), &mut rng);
    (Some(secret.0), Sealing::to_prekey(&prekey))
}

fn sealed(from: &Identity, to: &Identity, sealing: Sealing, plaintext: &[u8]) -> Vec<u8> {
    seal(from, to.fingerprint(), sealing, plaintext, &mut Rng::new([5; 32])).unwrap()
}

/// What a recipient who is up to something gets out of an envelope.
fn inside(me: &Identity, secret: Option<[u8; 32]>, envelope: &[u8]) -> Vec<u8> {
    let (head, sealed) = envelope.split_at(HEAD_BYTES);
    let (handshake, frame) = sealed.split_at(HANDSHAKE_BYTES);
    let (secret, prologue) = (secret.unwrap(), prologue(head, me.fingerprint()));
    let mut noise =
        noise(&secret, &prologue, &mut Rng::new([0; 32]), |builder| builder.build_responder());
    noise.read_message(handshake, &mut []).unwrap();
    let mut inside = frame.to_vec();
    let length = split(&mut noise).open(&mut inside).unwrap();
    inside.truncate(length);
    inside
}

fn holds(envelope: &[u8], what: &[u8]) -> bool {
    envelope.windows(what.len()).any(|window| window == what)
}
