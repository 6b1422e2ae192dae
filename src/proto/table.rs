//! A map whose values are boxed, so that the maps of all types of value share their code.
//!
//! A `BTreeMap` is compiled anew for each type of key and value: 6 KB. This one is lists of pairs,
//! each list in order and before the next, which is a quarter of that; so it is for all maps but
//! those in which tens of thousands of small values make the boxes too dear.

use std::ops::{Bound, Index, RangeBounds};

/// Values by key, in the order of the keys. The methods are those of `BTreeMap`.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    /// None is empty.
    lists: Vec<Vec<Pair<K, V>>>,
    len: usize,
}

type Pair<K, V> = (K, Box<V>);

/// A list, and a place in it.
type Place = (usize, usize);

impl<K: Ord, V> Table<K, V> {
    /// With nothing in it.
    pub fn new() -> Self {
        Table { lists: Vec::new(), len: 0 }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is one.
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let (list, place) = self.find(key).ok()?;
        Some(&self.lists[list][place].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (list, place) = self.find(key).ok()?;
        Some(&mut self.lists[list][place].1)
    }

    /// The value of a key, which is made if there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let found = self.find(&key);
        let (list, place) = match found {
            Ok(place) => place,
            Err(place) => self.put(place, (key, Box::new(make()))),
        };
        &mut self.lists[list][place].1
    }

    /// Puts a value in, and gives the one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok((list, place)) => Some(std::mem::replace(&mut self.lists[list][place].1, value)),
            Err(place) => {
                self.put(place, (key, Box::new(value)));
                None
            }
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.find(key).ok()?;
        Some(*self.take(place).1)
    }

    /// Takes the first out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        let (key, value) = (!self.is_empty()).then(|| self.take((0, 0)))?;
        Some((key, *value))
    }

    /// Takes out what is not to stay.
    pub fn retain(&mut self, mut stays: impl FnMut(&K, &mut V) -> bool) {
        for list in &mut self.lists {
            list.retain_mut(|(key, value)| stays(key, value));
        }
        self.lists.retain(|list| !list.is_empty());
        self.len = self.lists.iter().map(Vec::len).sum();
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Table::new();
    }

    /// The keys.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// All.
    pub fn into_pairs(self) -> impl Iterator<Item = (K, V)> {
        self.lists.into_iter().flatten().map(|(key, value)| (key, *value))
    }

    /// The values alone.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_pairs().map(|(_, value)| value)
    }

    /// The keys alone.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.into_pairs().map(|(key, _)| key)
    }

    /// The values.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// All.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.lists.iter().flatten().map(|(key, value)| (key, &**value))
    }

    /// All, their values to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.lists.iter_mut().flatten().map(|(key, value)| (&*key, &mut **value))
    }

    /// Those whose keys are in a range.
    pub fn range(&self, keys: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let (first, start) = match keys.start_bound() {
            Bound::Included(key) => self.bound(key, false),
            Bound::Excluded(key) => self.bound(key, true),
            Bound::Unbounded => (0, 0),
        };
        let (last, end) = match keys.end_bound() {
            Bound::Included(key) => self.bound(key, true),
            Bound::Excluded(key) => self.bound(key, false),
            Bound::Unbounded => (self.lists.len(), 0),
        };
        let lists = self.lists.iter().enumerate().filter(move |(n, _)| (first..=last).contains(n));
        lists
            .flat_map(move |(n, list)| {
                let end = if n == last { end } else { list.len() };
                let start = if n == first { start } else { 0 };
                list[start.min(end)..end].iter()
            })
            .map(|(key, value)| (key, &**value))
    }

    /// Where a key is, or where it belongs.
    fn find(&self, key: &K) -> Result<Place, Place> {
        let behind = self.lists.partition_point(|list| list[0].0 <= *key);
        let list = behind.saturating_sub(1);
        let Some(pairs) = self.lists.get(list) else { return Err((0, 0)) };
        match pairs.binary_search_by(|(each, _)| each.cmp(key)) {
            Ok(place) => Ok((list, place)),
            Err(place) => Err((list, place)),
        }
    }

    /// The place of the first key from this one on, or behind it.
    fn bound(&self, key: &K, is_behind: bool) -> Place {
        match self.find(key) {
            Ok((list, place)) => (list, place + usize::from(is_behind)),
            Err(place) => place,
        }
    }

    /// Puts a pair where it belongs, and says where that has become.
    fn put(&mut self, (list, place): Place, pair: Pair<K, V>) -> Place {
        self.len += 1;
        let Some(pairs) = self.lists.get_mut(list) else {
            self.lists.push(vec![pair]);
            return (0, 0);
        };
        pairs.insert(place, pair);
        if pairs.len() <= LIST {
            return (list, place);
        }
        let rest = pairs.split_off(LIST / 2);
        self.lists.insert(list + 1, rest);
        if place < LIST / 2 { (list, place) } else { (list + 1, place - LIST / 2) }
    }

    fn take(&mut self, (list, place): Place) -> Pair<K, V> {
        self.len -= 1;
        let pair = self.lists[list].remove(place);
        if self.lists[list].is_empty() {
            self.lists.remove(list);
        }
        pair
    }
}

/// The most pairs in a list: what moves when one comes or goes, for thousands as many lists.
const LIST: usize = 128;

impl<K: Ord, V> Default for Table<K, V> {
    fn default() -> Self {
        Table::new()
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Ord, V: Eq> Eq for Table<K, V> {}

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
        self.get(key).expect("the key is there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

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

    proptest! {
        #[test]
        fn it_is_in_order_whatever_comes_and_goes(
            steps in proptest::collection::vec((0..700_u32, 0..3_u8), 0..2_000),
            from in 0..700_u32,
            to in 0..700_u32,
        ) {
            let (mut table, mut map) = (Table::new(), BTreeMap::new());
            for (key, step) in steps {
                match step {
                    0 => prop_assert_eq!(table.remove(&key), map.remove(&key)),
                    _ => prop_assert_eq!(table.insert(key, step), map.insert(key, step)),
                }
                prop_assert_eq!(table.get(&key), map.get(&key));
            }
            prop_assert!(table.iter().eq(map.iter()) && table.len() == map.len());
            prop_assert!(table.iter().rev().eq(map.iter().rev()));
            let to = to.max(from);
            prop_assert!(table.range(from..to).eq(map.range(from..to)));
            prop_assert!(table.range(from..=to).rev().eq(map.range(from..=to).rev()));
            prop_assert!(table.range(from..).eq(map.range(from..)));
            table.retain(|key, _| key % 3 == 0);
            map.retain(|key, _| key % 3 == 0);
            prop_assert!(table.iter().eq(map.iter()) && table.len() == map.len());
            prop_assert_eq!(table.pop_first(), map.pop_first());
        }
    }
}
