//! Rosters: made and changed by who leads, checked by everybody else. All of it pure.
//!
//! The leader of an epoch signs its roster, and only the roster that makes somebody else the leader
//! is signed by the one before. Of two rosters of a group the later one is that with the longer
//! chain of handovers, if it begins with the other's; with the same chain, that of the higher
//! epoch. So whoever has handed over signs nothing that counts any more, whatever epoch they write
//! on it.

use crate::proto::bytes::Bytes;
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::{group, keys};
use crate::proto::gather;
use crate::proto::limits;
use crate::proto::model::bond::Token;
use crate::proto::model::group::{Change, Handover, Member, Roster, SignedRoster, Step};
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use std::collections::BTreeSet;

/// A roster that was checked, with its members' fingerprints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    signed: SignedRoster,
    /// In the roster's order.
    order: Vec<Fingerprint>,
    members: BTreeSet<Fingerprint>,
}

impl Known {
    /// The first roster of a group, of which we are the only member.
    pub fn found(
        me: &Identity,
        mine: Option<Name>,
        name: Name,
        open: bool,
        dice: [u8; 32],
    ) -> Known {
        let (nonce, reach) = dice.split_at(16);
        let nonce = Bytes::from_slice(nonce).expect("16 bytes of dice");
        let roster = Roster {
            group: group::group_id(me.fingerprint(), nonce),
            nonce,
            name,
            is_public: open,
            epoch: 1,
            reach: Bytes::from_slice(reach).expect("16 bytes of dice"),
            before: Vec::new(),
            members: vec![Member { identity: *me.public(), name: mine }],
        };
        let signature = group::sign_roster(me, &roster);
        Known::trust(SignedRoster { roster, signature, handovers: Vec::new() })
    }

    /// One that was checked before it was kept.
    pub fn trust(signed: SignedRoster) -> Known {
        let identities = signed.roster.members.iter().map(|member| &member.identity);
        let order: Vec<Fingerprint> = identities.map(keys::fingerprint).collect();
        Known { members: gather::set(order.iter().copied()), order, signed }
    }

    /// One that somebody sent. `is_known` spares those whose keys were checked before.
    pub fn check(
        signed: SignedRoster,
        is_known: impl Fn(Fingerprint, &PublicIdentity) -> bool,
    ) -> Option<Known> {
        let roster = &signed.roster;
        let is_bounded = (1..=limits::MEMBERS).contains(&roster.members.len())
            && signed.handovers.len() <= limits::HANDOVERS
            && roster.before.len() <= limits::REACHES_BEFORE;
        if !is_bounded || !is_signed(&signed) {
            return None;
        }
        let known = Known::trust(signed);
        let mut members = known.signed.roster.members.iter().zip(&known.order);
        let is_good = members.all(|(member, who)| is_good(&member.identity, *who, &is_known));
        (is_good && known.members.len() == known.order.len()).then_some(known)
    }

    pub fn signed(&self) -> &SignedRoster {
        &self.signed
    }

    pub fn roster(&self) -> &Roster {
        &self.signed.roster
    }

    pub fn epoch(&self) -> u64 {
        self.signed.roster.epoch
    }

    /// The leader first, then by how long they are in.
    pub fn order(&self) -> &[Fingerprint] {
        &self.order
    }

    pub fn leader(&self) -> Fingerprint {
        self.order[0]
    }

    pub fn has(&self, who: Fingerprint) -> bool {
        self.members.contains(&who)
    }

    /// Whether both are of one group and the other is the later one.
    pub fn is_before(&self, other: &Known) -> bool {
        let (ours, theirs) = (&self.signed, &other.signed);
        let is_same = ours.roster.group == theirs.roster.group
            && ours.roster.name == theirs.roster.name
            && theirs.handovers.starts_with(&ours.handovers);
        let is_longer = theirs.handovers.len() > ours.handovers.len();
        is_same && (is_longer || other.epoch() > self.epoch())
    }

    /// The token by which a member is reached.
    pub fn token_of(&self, who: Fingerprint) -> Option<Token> {
        self.has(who).then(|| group::member_token(self.roster().reach, who))
    }

    /// Those by which a member who is behind is reached, the latest first.
    pub fn tokens_before(&self, who: Fingerprint) -> impl Iterator<Item = Token> + '_ {
        let before: &[Bytes<16>] = if self.has(who) { &self.roster().before } else { &[] };
        before.iter().map(move |reach| group::member_token(*reach, who))
    }

    /// The leader's next roster, and how the others come to it. `None` for a step that cannot be.
    pub fn lead(&self, me: &Identity, step: Step) -> Option<(Known, Change)> {
        let mut next = self.advance(&step)?;
        next.signature = group::sign_roster(me, &next.roster);
        let Roster { group, epoch, .. } = next.roster;
        let change = Change { group, epoch, step, signature: next.signature };
        Some((Known::trust(next), change))
    }

    /// The step by which the longest member leads.
    pub fn hand_over(&self, me: &Identity, reach: Bytes<16>) -> Option<Step> {
        let next = self.order.get(1).copied()?;
        let since = self.epoch().checked_add(2)?;
        let handover = group::hand_over(me, self.roster().group, next, since);
        (self.signed.handovers.len() < limits::HANDOVERS)
            .then(|| Step::HandOver(Box::new(handover), reach))
    }

    /// Somebody's own word that they handed over: all that they may see who led and are out. It is
    /// no change that anybody could apply.
    pub fn handover_of(&self, who: Fingerprint) -> Option<Change> {
        let is_theirs = |handover: &&Handover| keys::fingerprint(&handover.from) == who;
        let handover = self.signed.handovers.iter().rfind(is_theirs)?;
        Some(Change {
            group: self.roster().group,
            epoch: handover.epoch,
            step: Step::HandOver(Box::new(handover.clone()), Bytes([0; 16])),
            signature: Bytes([0; 64]),
        })
    }

    /// Whether a change shows that we, who lead by this roster, have handed over since: our disk
    /// was put back.
    pub fn is_handed_over_by(&self, me: &Identity, change: &Change) -> bool {
        let Step::HandOver(handover, _) = &change.step else { return false };
        change.group == self.roster().group
            && self.leader() == me.fingerprint()
            && handover.from == *me.public()
            && !self.signed.handovers.contains(handover)
            && group::is_handed_over(change.group, handover)
    }

    /// The roster that a change of somebody's leads to, if it follows this one.
    pub fn apply(
        &self,
        change: &Change,
        is_known: impl Fn(Fingerprint, &PublicIdentity) -> bool,
    ) -> Option<Known> {
        if change.group != self.roster().group || Some(change.epoch) != self.epoch().checked_add(1)
        {
            return None;
        }
        if let Step::In(member) = &change.step {
            let who = keys::fingerprint(&member.identity);
            if !is_good(&member.identity, who, &is_known) {
                return None;
            }
        }
        let mut next = self.advance(&change.step)?;
        next.signature = change.signature;
        is_signed(&next).then(|| Known::trust(next))
    }

    /// What a step leads to, not signed yet.
    fn advance(&self, step: &Step) -> Option<SignedRoster> {
        let mut next = self.signed.clone();
        let roster = &mut next.roster;
        roster.epoch = roster.epoch.checked_add(1)?;
        match step {
            Step::In(member) => {
                let who = keys::fingerprint(&member.identity);
                if self.has(who) || self.order.len() >= limits::MEMBERS {
                    return None;
                }
                roster.members.push(Member::clone(member));
            }
            Step::Out(who, reach) | Step::Left(who, reach) => {
                let place = self.order.iter().position(|member| member == who)?;
                if place == 0 {
                    return None;
                }
                roster.members.remove(place);
                renew(roster, *reach);
            }
            Step::HandOver(handover, reach) => {
                let is_next = self.order.get(1) == Some(&handover.to)
                    && handover.from == roster.members[0].identity
                    && Some(handover.epoch) == roster.epoch.checked_add(1)
                    && next.handovers.len() < limits::HANDOVERS;
                if !is_next {
                    return None;
                }
                roster.members.remove(0);
                renew(roster, *reach);
                next.handovers.push(handover.as_ref().clone());
            }
        }
        Some(next)
    }
}

fn renew(roster: &mut Roster, reach: Bytes<16>) {
    roster.before.insert(0, std::mem::replace(&mut roster.reach, reach));
    roster.before.truncate(limits::REACHES_BEFORE);
}

fn is_good(
    identity: &PublicIdentity,
    who: Fingerprint,
    is_known: &impl Fn(Fingerprint, &PublicIdentity) -> bool,
) -> bool {
    is_known(who, identity) || keys::verify(identity) == Some(who)
}

/// Whether the founder's word leads to the first member's, and the right one of them signed.
fn is_signed(signed: &SignedRoster) -> bool {
    let SignedRoster { roster, signature, handovers } = signed;
    let Some(leader) = roster.members.first().map(|member| &member.identity) else { return false };
    let founder = handovers.first().map_or(leader, |handover| &handover.from);
    if group::group_id(keys::fingerprint(founder), roster.nonce) != roster.group {
        return false;
    }
    let (mut leads, mut since) = (keys::fingerprint(founder), 1);
    for handover in handovers {
        let follows = keys::fingerprint(&handover.from) == leads
            && handover.epoch > since
            && group::is_handed_over(roster.group, handover);
        if !follows {
            return false;
        }
        (leads, since) = (handover.to, handover.epoch);
    }
    let signer = match handovers.last() {
        Some(last) if Some(last.epoch) == roster.epoch.checked_add(1) => &last.from,
        _ if roster.epoch >= since => leader,
        _ => return false,
    };
    keys::fingerprint(leader) == leads && group::is_roster_of(signer, roster, signature)
}

#[cfg(test)]
mod tests;
