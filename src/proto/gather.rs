//! Maps and sets out of what comes in any order, one at a time.
//!
//! `collect` sorts all of it first, with a merge sort that is compiled anew for each type: 4 KB.

use std::collections::{BTreeMap, BTreeSet};

/// A map; of equal keys the last counts.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        map.insert(key, value);
    }
    map
}

/// A set.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for item in items {
        set.insert(item);
    }
    set
}
