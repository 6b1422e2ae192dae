//! What anybody is known by, replaced: pseudonyms that are the same all through one export and in
//! no other, moments shifted and rounded, sizes rounded, and texts masked.

use super::folded::Folded;
use super::mask::{Instead, mask};
use super::names::{Known, Names};
use super::{string, write};
use crate::proto::crypto::digest::stand_in;
use crate::proto::id::GroupId;
use crate::proto::model::export::{Cell, Class, Table};
use crate::proto::model::name::Name;
use crate::proto::model::person::Fingerprint;
use crate::proto::time::Wall;
use std::collections::{BTreeMap, BTreeSet};

/// Hides people, groups and the rest; forgets with its end how.
#[derive(Debug)]
pub struct Veil {
    key: [u8; 32],
    names: Names,
    people: BTreeMap<Fingerprint, u32>,
    groups: BTreeMap<GroupId, u32>,
    /// Of people and groups that the log alone knows, by what they are called there.
    labels: BTreeMap<(bool, String), u32>,
    taken: BTreeSet<u32>,
    shift_ms: i64,
    folded: Folded,
    text: String,
}

impl Veil {
    /// With a key that nobody knows, and that is used for nothing else.
    pub fn new(key: [u8; 32]) -> Veil {
        let years = SHIFT_MS.end - SHIFT_MS.start;
        let random = stand_in(&key, OF_TIME, &[]) % years as u64;
        Veil {
            key,
            names: Names::default(),
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            labels: BTreeMap::new(),
            taken: BTreeSet::new(),
            shift_ms: SHIFT_MS.start + random as i64,
            folded: Folded::default(),
            text: String::new(),
        }
    }

    /// Learns the names in a row, so that they are found in texts.
    pub fn learn(&mut self, table: &Table, cells: &[Cell<'_>]) {
        for (field, cell) in table.fields.iter().zip(cells) {
            match (field.class, *cell) {
                (Class::Person | Class::Group, cell) => {
                    self.known(field.class, cell);
                }
                (Class::File, Cell::Text(path)) => {
                    self.names.learn(path, Known::File);
                    let name = path.rsplit('/').next().unwrap_or_default();
                    self.names.learn(name, Known::File);
                    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
                    let is_long = stem.chars().count() >= STEM_CHARS;
                    let is_number = stem.bytes().all(|b| b.is_ascii_digit());
                    if !is_number && (is_long || stem.contains([' ', '_', '-'])) {
                        self.names.learn(stem, Known::File);
                    }
                }
                (Class::Address, Cell::Text(at)) => {
                    self.names.learn(at, Known::Address);
                    let host = at.rsplit_once(':').map_or(at, |(host, _)| host);
                    self.names.learn(host, Known::Address);
                }
                _ => {}
            }
        }
    }

    /// Writes a value so that it says nothing of anybody.
    pub fn value(&mut self, out: &mut Vec<u8>, class: Class, cell: Cell<'_>) {
        match (class, cell) {
            (Class::Person | Class::Group, cell) => match self.known(class, cell) {
                Some(known) => write(out, format_args!("\"{}\"", pseudonym(known))),
                None => self.text(out, cell),
            },
            (Class::Text, cell) => self.text(out, cell),
            (Class::Id, Cell::Bytes(id)) => {
                let number = stand_in(&self.key, OF_ID, id);
                write(out, format_args!("\"id-{}\"", letters(number, ID_CHARS)));
            }
            (Class::Moment, Cell::Number(at)) => {
                let at = at.saturating_sub(self.shift_ms).div_euclid(ROUND_MS) * ROUND_MS;
                super::value(out, class, Cell::Number(Wall(at).0));
            }
            (Class::Size | Class::Span, Cell::Number(size)) => {
                super::value(out, class, Cell::Number(rounded(size)));
            }
            (Class::File, _) => string(out, "[file]"),
            (Class::Address, _) => string(out, "[address]"),
            (Class::Key | Class::Id, _) => string(out, "[key]"),
            (Class::Command, _) => out.extend_from_slice(b"[\"[command]\"]"),
            (Class::Word | Class::Stage | Class::Count | Class::Flag, cell) => {
                super::value(out, class, cell);
            }
            (Class::Moment | Class::Size | Class::Span, _) => string(out, ""),
        }
    }

    /// Somebody, or a group, by their pseudonym; what they are called is learned with it. Nothing
    /// if a label is no name.
    fn known(&mut self, class: Class, cell: Cell<'_>) -> Option<Known> {
        match cell {
            Cell::Person(key, name) => {
                let known = Known::Person(self.person(key));
                if let Some(name) = name {
                    self.names.learn(name, known);
                }
                Some(known)
            }
            Cell::Group(group, label) => {
                let known = Known::Group(self.group(group));
                self.names.learn(label, known);
                let name = label.split('@').next().unwrap_or_default();
                self.names.learn(name, known);
                Some(known)
            }
            Cell::Text(label) => match Fingerprint::parse(label) {
                Some(key) => Some(Known::Person(self.person(key))),
                None => self.labelled(class, label),
            },
            Cell::None | Cell::Number(_) | Cell::Bytes(_) => None,
        }
    }

    /// Who or what was once called so.
    fn labelled(&mut self, class: Class, label: &str) -> Option<Known> {
        let is_group = class == Class::Group;
        let name = label.split('@').next().unwrap_or_default();
        Name::parse(name).ok()?;
        match self.names.get(label) {
            Some(known @ Known::Group(_)) if is_group => return Some(known),
            Some(known @ Known::Person(_)) if !is_group => return Some(known),
            _ => {}
        }
        let key = (is_group, label.to_ascii_lowercase());
        let number = match self.labels.get(&key) {
            Some(number) => *number,
            None => self.number(OF_LABEL, key.1.as_bytes()),
        };
        self.labels.insert(key, number);
        let known = if is_group { Known::Group(number) } else { Known::Person(number) };
        self.names.learn(label, known);
        self.names.learn(name, known);
        Some(known)
    }

    fn person(&mut self, key: Fingerprint) -> u32 {
        if let Some(number) = self.people.get(&key) {
            return *number;
        }
        let number = self.number(OF_PERSON, &key.0.0);
        let text = key.to_string();
        self.names.learn(text.get(..KEY_CHARS).unwrap_or_default(), Known::Person(number));
        self.people.insert(key, number);
        number
    }

    fn group(&mut self, group: GroupId) -> u32 {
        if let Some(number) = self.groups.get(&group) {
            return *number;
        }
        let number = self.number(OF_GROUP, &group.0.0);
        self.groups.insert(group, number);
        number
    }

    fn text(&mut self, out: &mut Vec<u8>, cell: Cell<'_>) {
        let Cell::Text(text) = cell else { return string(out, "") };
        let Veil { folded, names, text: masked, .. } = self;
        masked.clear();
        mask(text, folded, names, &mut |kept, instead| {
            masked.push_str(kept);
            match instead {
                Some(Instead::Tag(tag)) => masked.push_str(tag),
                Some(Instead::Name(known)) => masked.push_str(&pseudonym(known)),
                None => {}
            }
        });
        string(out, masked);
    }

    /// One that nobody else has.
    fn number(&mut self, of: u8, bytes: &[u8]) -> u32 {
        let mut bytes = bytes.to_vec();
        loop {
            let number = (stand_in(&self.key, of, &bytes) % NUMBERS) as u32;
            if self.taken.insert(number) {
                return number;
            }
            bytes.push(0);
        }
    }
}

fn pseudonym(known: Known) -> String {
    let (kind, number) = match known {
        Known::Person(number) => ("person-", number),
        Known::Group(number) => ("group-", number),
        Known::File => return "[file]".to_owned(),
        Known::Address => return "[address]".to_owned(),
    };
    let mut text = kind.to_owned();
    text.push_str(&letters(number.into(), NUMBER_CHARS));
    text
}

/// A number in digits and consonants, which make no words.
fn letters(mut number: u64, count: usize) -> String {
    let mut letters = String::with_capacity(count);
    for _ in 0..count {
        letters.push(char::from(ALPHABET[(number % ALPHABET.len() as u64) as usize]));
        number /= ALPHABET.len() as u64;
    }
    letters
}

/// With two digits that count.
fn rounded(size: i64) -> i64 {
    let mut unit = 1;
    while size / unit >= 100 {
        unit *= 10;
    }
    (size + unit / 2) / unit * unit
}

const OF_TIME: u8 = 0;
const OF_ID: u8 = 1;
const OF_PERSON: u8 = 2;
const OF_GROUP: u8 = 3;
const OF_LABEL: u8 = 4;

/// So much of a key is said when it is compared: two groups of it.
const KEY_CHARS: usize = 9;
/// A file is known by its name without the ending, if that is as long.
const STEM_CHARS: usize = 4;

const ALPHABET: &[u8; 31] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ";
const NUMBER_CHARS: usize = 6;
const NUMBERS: u64 = (ALPHABET.len() as u64).pow(NUMBER_CHARS as u32);
/// So many that no two of ten million messages have the same, but once in a thousand exports.
const ID_CHARS: usize = 12;
/// Moments go back by one to twenty years, and are known to ten seconds.
const SHIFT_MS: std::ops::Range<i64> = 365 * 86_400_000..20 * 365 * 86_400_000;
const ROUND_MS: i64 = 10_000;

#[cfg(test)]
mod tests;
