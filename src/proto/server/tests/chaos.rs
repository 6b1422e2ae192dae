use super::*;
use crate::proto::bytes::Blob;
use crate::proto::model::bond::TokenHash;
use crate::proto::model::person::Target;
use crate::proto::model::prekey::{Prekey, PrekeyKind};
use crate::proto::wire::client::{
    Answer, Carry, Deposit, Hangup, Leave, Listening, Publish, Reach, Show, Taken, WantKey, Who,
};
use std::collections::BTreeSet;

const SEEDS: u8 = 12;
const STEPS: u32 = 1_200;
const PEOPLE: u64 = 6;

#[test]
fn nothing_is_left_of_anybody_after_any_course_of_events() {
    let (mut relayed_bytes, mut deposits) = (0, 0);
    for seed in 0..SEEDS {
        let mut world = World::with(config(5));
        let mut dice = Rng::new([seed; 32]);
        for _ in 0..STEPS {
            world.step(&mut dice);
        }
        world.check(seed);
        relayed_bytes += world.server.counts.relayed_bytes;
        deposits += world.server.counts.deposits;
        world.end_all();
        let server = &world.server;
        assert_eq!((server.roster.len(), server.roster.members()), (0, 0), "seed {seed}");
        assert_eq!(
            (server.roster.ids_by_name(), server.meetings.len()),
            (vec![], 0),
            "seed {seed}"
        );
        assert!(server.watchers.is_empty() && server.waiting.is_empty(), "seed {seed}");
        let waits = server.poll_timeout().is_some();
        assert_eq!(waits, !world.disk.mail.is_empty(), "seed {seed}: only held mail is waited for");
    }
    assert!(deposits > 100, "the courses must lead through the mail: {deposits}");
    assert!(relayed_bytes > 1_000_000, "the courses must lead through the relay: {relayed_bytes}");
}

impl World {
    fn step(&mut self, dice: &mut Rng) {
        let Some(id) = self.somebody(dice) else { return self.newcomer(dice) };
        match dice.below(100) {
            0..4 => self.newcomer(dice),
            4 => self.client(id).is_stuck = true,
            5..7 => self.unstick(id),
            7 => {
                self.settle();
                if self.end(id).is_none() {
                    self.hang_up(id);
                }
            }
            8 if dice.below(8) == 0 => self.input(id, StreamEvent::Bytes(&dice.bytes::<40>())),
            9 if dice.below(4) == 0 => drop(self.operate(Operate::Kick(name(dice)))),
            10 if dice.below(8) == 0 => drop(self.operate(Operate::Forget(name(dice)))),
            11 => self.pass(dice.below(12_000)),
            12..20 => self.settle(),
            _ if self.client(id).link.is_open() => self.utter(id, any_message(dice)),
            _ => {}
        }
    }

    fn somebody(&mut self, dice: &mut Rng) -> Option<ConnId> {
        let alive = self.clients.iter().filter(|(_, client)| client.end.is_none());
        let alive: Vec<_> = alive.map(|(id, _)| *id).collect();
        let place = dice.below(alive.len().max(1) as u64) as usize;
        alive.get(place).copied()
    }

    fn newcomer(&mut self, dice: &mut Rng) {
        let id = self.dial(1 + dice.below(PEOPLE) as u8);
        if self.end(id).is_none() && dice.below(8) > 0 {
            let visibility = [None, Some(visibility(dice))][dice.below(2) as usize];
            self.utter(id, Enter { name: Some(name(dice)), visibility });
            if dice.below(8) > 0 {
                self.settle();
            }
        }
    }

    /// What holds at any moment.
    fn check(&mut self, seed: u8) {
        self.settle();
        let names: BTreeSet<_> = self.disk.accounts.values().map(|account| &account.name).collect();
        let addresses: BTreeSet<_> = self.disk.accounts.values().map(|a| a.address).collect();
        assert_eq!(names.len(), self.disk.accounts.len(), "seed {seed}: a name of two");
        assert_eq!(addresses.len(), self.disk.accounts.len(), "seed {seed}: an address of two");
        for id in self.server.roster.ids() {
            assert_eq!(self.end(id), None, "seed {seed}");
            if let Some(member) = self.server.roster.member(id) {
                let account = &self.disk.accounts[&member.key];
                assert_eq!(account.name, member.name, "seed {seed}");
                assert_eq!(account.visibility, member.visibility, "seed {seed}");
            }
        }
    }

    fn end_all(&mut self) {
        for id in self.clients.keys().copied().collect::<Vec<_>>() {
            if self.end(id).is_none() {
                self.unstick(id);
            }
            if self.end(id).is_none() {
                assert!(!self.client(id).is_paused, "everybody reads, nobody is held back");
                self.hang_up(id);
            }
        }
    }
}

fn name(dice: &mut Rng) -> Name {
    nm(["anna", "bert", "clara", "dora", "emil"][dice.below(5) as usize])
}

fn visibility(dice: &mut Rng) -> Visibility {
    if dice.below(4) > 0 { Visibility::Public } else { Visibility::Private }
}

fn hash(dice: &mut Rng) -> TokenHash {
    TokenHash(Bytes([dice.below(3) as u8; 16]))
}

fn prekey(dice: &mut Rng) -> Prekey {
    let kind = [PrekeyKind::Once, PrekeyKind::Weekly][dice.below(2) as usize];
    let (key, signature) = (Bytes(dice.bytes()), Bytes([3; 64]));
    Prekey { kind, id: dice.below(1 << 32) as u32, key, made: Wall(0), signature }
}

fn any_message(dice: &mut Rng) -> ToServer {
    let (req, number) = (req(1), session(dice.below(3) as u8));
    let to = key(1 + dice.below(PEOPLE) as u8);
    match dice.below(26) {
        0 => Show { req, visibility: visibility(dice) }.into(),
        1 => Who { req, prefix: String::new(), after: None }.into(),
        2 => lookup(1, Target::Key(to)).into(),
        3 => watch(&(1..=PEOPLE as u8).map(key).collect::<Vec<_>>()).into(),
        4 => Listening { port: dice.below(9) as u16 }.into(),
        5 if dice.below(8) == 0 => Leave {}.into(),
        6..10 => ask(number, to).into(),
        10..14 => Answer { session: number, candidates: Vec::new() }.into(),
        14 if dice.below(2) == 0 => Hangup { session: number, declined: dice.below(2) == 0 }.into(),
        20 if dice.below(4) == 0 => Reach { tokens: vec![hash(dice)], blocked: vec![to] }.into(),
        21 => Reach { tokens: Vec::new(), blocked: Vec::new() }.into(),
        22 => Publish { keys: vec![prekey(dice)], replaces: dice.below(4) == 0 }.into(),
        23 => WantKey { req, of: to, token: None }.into(),
        24 => {
            let envelope = Blob(vec![7; dice.below(60_000) as usize]);
            Deposit { req, to, token: None, envelope }.into()
        }
        25 => Taken { up_to: dice.below(40) }.into(),
        _ => {
            let bytes = if dice.below(8) == 0 { 120_000 } else { 10 };
            Carry { session: number, bytes: Blob(vec![7; bytes]) }.into()
        }
    }
}
