//! Whom this profile knows, and what is known of their presence.

use crate::proto::crypto::keys;
use crate::proto::model::bond::{Bond, Friendship, Token};
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::table::Table;
use crate::proto::time::{Mono, Wall};
use crate::proto::wire::server::Card;
use std::collections::{BTreeMap, BTreeSet};

/// Everybody known, by key and by name.
#[derive(Default)]
pub(super) struct People {
    by_key: BTreeMap<Fingerprint, Person>,
    by_name: BTreeMap<Name, Fingerprint>,
    presence: Table<Fingerprint, Seen>,
    bonds: Table<Fingerprint, Bond>,
    /// Pinned keys whose names answer with another key.
    changed: BTreeSet<Fingerprint>,
}

/// The server's last word on somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub online: bool,
    pub last: Wall,
    /// When the word came.
    pub told: Mono,
}

/// What a card says of a person, against what is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The keys of a card do not belong together; the server or somebody behind it lies.
    Forged,
    /// The name is known under another key.
    Changed { pinned: Fingerprint, found: Person },
    /// Somebody new, or the one who is known.
    Person(Person),
}

impl People {
    pub fn restore(people: Vec<Person>, bonds: Vec<(Fingerprint, Bond)>) -> People {
        let mut all = People { bonds: bonds.into_iter().collect(), ..People::default() };
        for person in people {
            all.put(person);
        }
        all
    }

    /// Adds or replaces somebody. A name has one holder; whoever had it before loses it here.
    pub fn put(&mut self, person: Person) {
        if let Some(old) = self.by_key.get(&person.fingerprint).and_then(|old| old.name.clone()) {
            self.by_name.remove(&old);
        }
        if let Some(name) = &person.name {
            self.by_name.insert(name.clone(), person.fingerprint);
        }
        self.by_key.insert(person.fingerprint, person);
    }

    pub fn by_key(&self, key: Fingerprint) -> Option<&Person> {
        self.by_key.get(&key)
    }

    pub fn by_name(&self, name: &Name) -> Option<&Person> {
        self.by_key.get(self.by_name.get(name)?)
    }

    /// Somebody known, however pointed at.
    pub fn find(&self, target: &Target) -> Option<&Person> {
        match target {
            Target::Name(name) => self.by_name(name),
            Target::Key(key) => self.by_key.get(key),
            Target::Address(address) => {
                self.by_key.values().find(|person| person.address == Some(*address))
            }
            Target::Endpoint(_) => None,
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.by_key.keys().copied()
    }

    /// What to call somebody.
    pub fn label(&self, key: Fingerprint) -> String {
        self.by_key.get(&key).map_or_else(|| key.to_string(), Person::label)
    }

    /// Checks a card and holds it against what is known.
    pub fn read(&self, card: &Card) -> Reading {
        let Some(fingerprint) = keys::verify(&card.identity) else { return Reading::Forged };
        let found = Person {
            fingerprint,
            identity: card.identity,
            name: Some(card.name.clone()),
            address: Some(card.address),
        };
        match self.by_name.get(&card.name) {
            Some(pinned) if *pinned != fingerprint => Reading::Changed { pinned: *pinned, found },
            _ => Reading::Person(found),
        }
    }

    /// Somebody met without a server: the claimed name counts only if nobody else has it here.
    pub fn claim(
        &self,
        identity: &crate::proto::model::person::PublicIdentity,
        name: Option<Name>,
    ) -> Option<Person> {
        let fingerprint = keys::verify(identity)?;
        let name = self.free_name(name);
        Some(match self.by_key.get(&fingerprint) {
            Some(known) => Person { name: known.name.clone().or(name), ..known.clone() },
            None => Person { fingerprint, identity: *identity, name, address: None },
        })
    }

    /// A claimed name, if nobody else has it here.
    pub fn free_name(&self, name: Option<Name>) -> Option<Name> {
        name.filter(|name| !self.by_name.contains_key(name))
    }

    /// Takes in the server's word; whether it is news to somebody who reads along.
    pub fn saw(&mut self, who: Fingerprint, seen: Seen) -> bool {
        let before = self.presence.insert(who, seen).is_some_and(|before| before.online);
        before != seen.online
    }

    pub fn seen(&self, who: Fingerprint) -> Option<Seen> {
        self.presence.get(&who).copied()
    }

    /// What there is between us and somebody.
    pub fn bond(&self, who: Fingerprint) -> Bond {
        self.bonds.get(&who).cloned().unwrap_or_default()
    }

    /// Everybody with whom there is anything.
    pub fn bonds(&self) -> impl Iterator<Item = (Fingerprint, &Bond)> {
        self.bonds.iter().map(|(who, bond)| (*who, bond))
    }

    pub fn set_bond(&mut self, who: Fingerprint, bond: Bond) {
        if bond == Bond::default() {
            self.bonds.remove(&who);
        } else {
            self.bonds.insert(who, bond);
        }
    }

    pub fn is_friend(&self, who: Fingerprint) -> bool {
        self.bonds.get(&who).is_some_and(Bond::is_friend)
    }

    pub fn is_blocked(&self, who: Fingerprint) -> bool {
        self.bonds.get(&who).is_some_and(|bond| bond.is_blocked)
    }

    /// The token that somebody gave us.
    pub fn token_of(&self, who: Fingerprint) -> Option<Token> {
        self.bonds.get(&who).and_then(|bond| bond.theirs)
    }

    /// Friend requests that wait for us.
    pub fn requests(&self) -> usize {
        let asks = |bond: &&Bond| matches!(bond.friendship, Friendship::Asking(..));
        self.bonds.values().filter(asks).count()
    }

    /// Whether a name answers with another key than this pinned one.
    pub fn is_changed(&self, who: Fingerprint) -> bool {
        self.changed.contains(&who)
    }

    pub fn set_changed(&mut self, who: Fingerprint, is_changed: bool) {
        if is_changed {
            self.changed.insert(who);
        } else {
            self.changed.remove(&who);
        }
    }

    /// Without a server nobody's presence is known.
    pub fn forget_presence(&mut self) {
        self.presence.clear();
    }
}
