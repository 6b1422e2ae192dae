//! A map whose values are boxed, so that the maps of all types of value share their code.
//!
//! A `BTreeMap` moves its values about and is compiled anew for each size of them: 6 KB a type.
//! This one moves pointers. It is for maps of hundreds; where there are tens of thousands and
//! their values are small, a `BTreeMap` takes less memory.

use std::collections::{BTreeMap, btree_map};
use std::ops::{Index, RangeBounds};

/// Values by key, in the order of the keys. The methods are those of `BTreeMap`.
#[derive(Clone, Debug)]
pub struct Table<K, V>(BTreeMap<K, Box<V>>);

impl<K: Ord, V> Table<K, V> {
    /// With nothing in it.
    pub fn new() -> Self {
        Table(BTreeMap::new())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one.
    pub fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key).map(|value| &**value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key).map(|value| &mut **value)
    }

    /// The value of a key, which is made if there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(|| Box::new(make()))
    }

    /// Puts a value in, and gives the one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, Box::new(value)).map(|value| *value)
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key).map(|value| *value)
    }

    /// Takes out what is not to stay.
    pub fn retain(&mut self, mut stays: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain(|key, value| stays(key, value));
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The keys.
    pub fn keys(&self) -> btree_map::Keys<'_, K, Box<V>> {
        self.0.keys()
    }

    /// The values alone.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_values().map(|value| *value)
    }

    /// The keys alone.
    pub fn into_keys(self) -> btree_map::IntoKeys<K, Box<V>> {
        self.0.into_keys()
    }

    /// The values.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.0.values().map(|value| &**value)
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.0.values_mut().map(|value| &mut **value)
    }

    /// All.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, &**value))
    }

    /// All, their values to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (key, &mut **value))
    }

    /// Those whose keys are in a range.
    pub fn range(&self, keys: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.range(keys).map(|(key, value)| (key, &**value))
    }
}

impl<K: Ord, V> Default for Table<K, V> {
    fn default() -> Self {
        Table::new()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Table<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut table = Table::new();
        table.extend(pairs);
        table
    }
}

impl<K: Ord, V> Index<&K> for Table<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        &self.0[key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_as_a_map_does() {
        let mut table: Table<u8, &str> =
            [(3, "c"), (1, "a"), (2, "b"), (1, "A")].into_iter().collect();
        assert_eq!(table.iter().collect::<Vec<_>>(), [(&1, &"A"), (&2, &"b"), (&3, &"c")]);
        assert_eq!(table.range(2..).map(|(key, _)| *key).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(
            (table.insert(2, "B"), table.remove(&3), table.remove(&3)),
            (Some("b"), Some("c"), None)
        );
        assert_eq!(*table.get_or_insert_with(2, || "x"), "B");
        assert_eq!(*table.get_or_insert_with(4, || "d"), "d");
        table.retain(|key, value| {
            *value = "kept";
            *key != 1
        });
        assert_eq!(table.keys().copied().collect::<Vec<_>>(), [2, 4]);
        assert_eq!(table.into_values().collect::<Vec<_>>(), ["kept", "kept"]);
    }
}
