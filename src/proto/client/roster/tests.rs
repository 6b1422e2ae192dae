use super::*;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::limits::{ENVELOPE_LETTERS, FLIGHT_BYTES, HANDOVERS, MEMBERS, PACKET_MAX_BYTES};
use crate::proto::model::group::Handover;
use crate::proto::model::letter::{Body, Letter};
use crate::proto::time::Wall;
use crate::proto::wire::mail::Packet;

fn person(n: u16) -> Identity {
    let mut seed = [0; 32];
    seed[..2].copy_from_slice(&n.to_be_bytes());
    Identity::generate(&mut Rng::new(seed))
}

fn nobody(_: Fingerprint, _: &PublicIdentity) -> bool {
    false
}

fn founded(by: &Identity) -> Known {
    let name = Name::parse("climbers").unwrap();
    Known::found(by, None, name, false, [7; 32])
}

fn enter(who: &Identity) -> Step {
    Step::In(Box::new(Member { identity: *who.public(), name: None }))
}

fn out(who: &Identity) -> Step {
    Step::Out(who.fingerprint(), Bytes([9; 16]))
}

/// What the leader makes of it, and what the others do.
fn lead(leader: &Identity, known: &Known, step: Step) -> Known {
    let (next, change) = known.lead(leader, step).expect("a step that can be");
    assert_eq!(known.apply(&change, nobody).as_ref(), Some(&next));
    assert_eq!(Known::check(next.signed().clone(), nobody).as_ref(), Some(&next));
    assert!(known.is_before(&next) && !next.is_before(known) && !next.is_before(&next));
    next
}

fn hand_over(leader: &Identity, known: &Known) -> Known {
    let step = known.hand_over(leader, Bytes([8; 16])).expect("somebody to lead");
    lead(leader, known, step)
}

/// Of three, led by the first.
fn of_three() -> ([Identity; 3], Known) {
    let people = [1, 2, 3].map(person);
    let mut known = founded(&people[0]);
    for other in &people[1..] {
        known = lead(&people[0], &known, enter(other));
    }
    (people, known)
}

#[test]
fn members_come_and_go_by_signed_steps() {
    let ([ann, bob, cat], known) = of_three();
    let order = [&ann, &bob, &cat].map(Identity::fingerprint);
    assert_eq!(known.order(), order);
    let kicked = lead(&ann, &known, out(&bob));
    assert_eq!(kicked.order(), [order[0], order[2]]);
    let left = lead(&ann, &kicked, Step::Left(order[2], Bytes([4; 16])));
    assert_eq!((left.order(), left.epoch()), (&order[..1], 5));
}

#[test]
fn who_goes_takes_no_token_along_and_who_is_behind_is_still_reached() {
    let ([ann, bob, cat], known) = of_three();
    let before = known.token_of(cat.fingerprint());
    let kicked = lead(&ann, &known, out(&bob));
    assert_ne!(kicked.token_of(cat.fingerprint()), before);
    assert_eq!(kicked.tokens_before(cat.fingerprint()).next(), before);
    assert_eq!(kicked.token_of(bob.fingerprint()), None);
    assert_eq!(kicked.tokens_before(bob.fingerprint()).next(), None);
}

#[test]
fn the_longest_member_leads_after_the_leader() {
    let ([ann, bob, cat], known) = of_three();
    let handed = hand_over(&ann, &known);
    assert_eq!(handed.order(), [bob.fingerprint(), cat.fingerprint()]);
    let later = lead(&bob, &handed, enter(&person(4)));
    let alone = hand_over(&bob, &lead(&bob, &later, Step::Left(cat.fingerprint(), Bytes([1; 16]))));
    assert_eq!(alone.signed().handovers.len(), 2);
    assert!(alone.hand_over(&person(4), Bytes([0; 16])).is_none(), "nobody is left");
}

#[test]
fn a_leader_may_hand_over_in_the_epoch_in_which_they_came_to_lead() {
    let ([ann, bob, cat], known) = of_three();
    let twice = hand_over(&bob, &hand_over(&ann, &known));
    assert_eq!(twice.order(), [cat.fingerprint()]);
}

#[test]
fn nobody_but_the_leader_changes_anything() {
    let ([ann, bob, _], known) = of_three();
    for step in [out(&bob), enter(&person(4)), Step::Left(bob.fingerprint(), Bytes([1; 16]))] {
        let (_, change) = known.lead(&bob, step).expect("a step that can be");
        assert_eq!(known.apply(&change, nobody), None);
    }
    let step = known.hand_over(&bob, Bytes([8; 16])).unwrap();
    assert!(known.lead(&bob, step).is_none(), "a handover is from the leader");
    let handed = hand_over(&ann, &known);
    let (_, change) = handed.lead(&ann, enter(&person(4))).unwrap();
    assert_eq!(handed.apply(&change, nobody), None, "who handed over leads no more");
}

#[test]
fn a_forged_roster_is_no_roster() {
    let ([ann, bob, cat], known) = of_three();
    let good = known.signed();
    let forge = |by: &Identity, edit: &dyn Fn(&mut SignedRoster)| {
        let mut forged = good.clone();
        edit(&mut forged);
        forged.signature = group::sign_roster(by, &forged.roster);
        Known::check(forged, nobody)
    };
    assert!(forge(&ann, &|_| {}).is_some());
    assert_eq!(forge(&bob, &|_| {}), None, "signed by a member");
    assert_eq!(forge(&bob, &|it| it.roster.members.swap(0, 1)), None, "a founder of their own");
    assert_eq!(forge(&ann, &|it| it.roster.group = GroupId(Bytes([1; 16]))), None);
    assert_eq!(forge(&ann, &|it| it.roster.nonce = Bytes([1; 16])), None);
    assert_eq!(forge(&ann, &|it| it.roster.epoch = 0), None);
    assert_eq!(forge(&ann, &|it| it.roster.members.clear()), None);
    assert_eq!(forge(&ann, &|it| it.roster.members[2] = it.roster.members[1].clone()), None);
    let unbound = PublicIdentity { binding: bob.public().binding, ..*cat.public() };
    assert_eq!(forge(&ann, &|it| it.roster.members[2].identity = unbound), None);
    let mut changed = good.clone();
    changed.roster.epoch += 1;
    assert_eq!(Known::check(changed, nobody), None, "the signature is another roster's");
}

#[test]
fn a_forged_handover_leads_nowhere() {
    let ([ann, bob, cat], known) = of_three();
    let id = known.roster().group;
    let forge = |handover: Handover, by: &Identity| {
        let mut forged = known.signed().clone();
        forged.roster.members.remove(0);
        forged.roster.epoch = handover.epoch;
        forged.handovers = vec![handover];
        forged.signature = group::sign_roster(by, &forged.roster);
        Known::check(forged, nobody)
    };
    let good = group::hand_over(&ann, id, bob.fingerprint(), 5);
    assert!(forge(good.clone(), &bob).is_some());
    assert_eq!(forge(good.clone(), &ann), None, "from that epoch on the other one signs");
    assert_eq!(forge(group::hand_over(&bob, id, bob.fingerprint(), 5), &bob), None);
    assert_eq!(forge(group::hand_over(&ann, id, cat.fingerprint(), 5), &bob), None);
    let elsewhere = group::hand_over(&ann, GroupId(Bytes([1; 16])), bob.fingerprint(), 5);
    assert_eq!(forge(elsewhere, &bob), None, "of another group");
    assert_eq!(forge(Handover { epoch: 6, ..good }, &bob), None, "at another epoch");
}

#[test]
fn an_older_roster_is_never_the_later_one() {
    let ([ann, bob, _], known) = of_three();
    let kicked = lead(&ann, &known, out(&bob));
    let handed = hand_over(&ann, &known);
    assert!(!kicked.is_before(&known));
    assert!(!handed.is_before(&kicked), "the old leader's, of a like epoch");
    let mut stubborn = kicked;
    for n in 10..20 {
        stubborn = lead(&ann, &stubborn, enter(&person(n)));
    }
    assert!(!handed.is_before(&stubborn), "the old leader's, however high its epoch");
    assert!(stubborn.is_before(&handed), "who has handed over learns of it again");
    let other = founded(&bob);
    assert!(!known.is_before(&other) && !other.is_before(&known), "another group's");
}

#[test]
fn a_change_is_of_use_once_and_only_behind_its_roster() {
    let ([ann, bob, _], known) = of_three();
    let (next, change) = known.lead(&ann, out(&bob)).unwrap();
    assert_eq!(next.apply(&change, nobody), None, "again");
    let (beside, _) = known.lead(&ann, enter(&person(4))).unwrap();
    let (_, after) = beside.lead(&ann, enter(&person(5))).unwrap();
    assert_eq!(known.apply(&after, nobody), None, "one is missing");
    assert_eq!(next.apply(&after, nobody), None, "of a history that is not ours");
    let elsewhere = Change { group: GroupId(Bytes([1; 16])), ..change.clone() };
    assert_eq!(known.apply(&elsewhere, nobody), None);
}

#[test]
fn who_handed_over_and_forgot_it_is_shown_their_own_word() {
    let ([ann, bob, cat], known) = of_three();
    let handed = hand_over(&ann, &known);
    let shown = handed.handover_of(ann.fingerprint()).expect("she handed over");
    assert!(known.is_handed_over_by(&ann, &shown));
    assert!(!handed.is_handed_over_by(&ann, &shown), "she leads no more by this one");
    assert!(!known.is_handed_over_by(&bob, &shown), "another's word");
    assert_eq!(handed.handover_of(cat.fingerprint()), None);
    let back = lead(&bob, &lead(&bob, &handed, out(&cat)), enter(&ann));
    let again = hand_over(&bob, &back);
    assert!(!again.is_handed_over_by(&ann, &shown), "she leads again, and knows of then");
    let id = known.roster().group;
    let made_up = group::hand_over(&bob, id, bob.fingerprint(), 9);
    let made_up = Handover { from: *ann.public(), ..made_up };
    let step = Step::HandOver(Box::new(made_up), Bytes([0; 16]));
    assert!(!known.is_handed_over_by(&ann, &Change { step, ..shown }));
}

#[test]
fn steps_that_make_no_sense_are_not_made() {
    let ([ann, bob, _], known) = of_three();
    assert!(known.lead(&ann, enter(&bob)).is_none(), "in already");
    assert!(known.lead(&ann, out(&person(4))).is_none(), "not in");
    assert!(known.lead(&ann, out(&ann)).is_none(), "the leader hands over");
}

#[test]
fn at_the_end_of_all_epochs_nothing_changes_any_more() {
    let ([ann, bob, _], mut known) = of_three();
    for epoch in [u64::MAX - 1, u64::MAX] {
        known.signed.roster.epoch = epoch;
        known.signed.signature = group::sign_roster(&ann, known.roster());
        let known = Known::check(known.signed().clone(), nobody).expect("its leader may say so");
        assert_eq!(known.hand_over(&ann, Bytes([8; 16])), None);
        assert_eq!(known.lead(&ann, out(&bob)).is_some(), epoch < u64::MAX);
    }
}

#[test]
fn the_largest_roster_with_every_handover_fits_an_envelope() {
    let me = person(0);
    let long = |n: usize| Name::parse(&format!("{:a>32}", format!("b{n}"))).unwrap();
    let mut known = founded(&me);
    known.signed.roster.name = long(0);
    let before = vec![Bytes([255; 16]); limits::REACHES_BEFORE];
    known.signed.roster.before = before;
    for n in 1..MEMBERS {
        let member = Member { identity: *person(n as u16).public(), name: Some(long(n)) };
        known = known.lead(&me, Step::In(Box::new(member))).expect("room").0;
    }
    assert!(known.lead(&me, enter(&person(999))).is_none(), "one more than fit");
    let checked = Known::check(known.signed().clone(), nobody);
    assert_eq!(checked.as_ref().map(|known| known.order().len()), Some(MEMBERS));
    let mut signed = known.signed().clone();
    let epoch = u64::MAX;
    let handover = group::hand_over(&me, signed.roster.group, me.fingerprint(), epoch);
    signed.roster.epoch = epoch;
    signed.handovers = vec![handover; HANDOVERS];
    let body = Body::Roster(Box::new(signed));
    let letter = Letter { id: MsgId::LAST, sent: Wall(i64::MAX), body }.write();
    assert!(letter.body.0.len() < FLIGHT_BYTES);
    let got = vec![MsgId::LAST; ENVELOPE_LETTERS];
    let packet = Packet { letters: vec![letter], got, is_unopened: true };
    assert!(packet.encode().len() <= PACKET_MAX_BYTES, "{}", packet.encode().len());
}
