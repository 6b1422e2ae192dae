//! Maps, sets and lists in order, out of what comes in any.
//!
//! The merge sort of the standard library, which `collect` runs as well, is compiled anew for each
//! type: 4 KB. Here maps and sets are made one by one, and lists are sorted by their places.

use std::cmp::Ordering;
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

/// Sorts a list; equals stay as they came.
pub fn sort<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|place| taken[place].take()));
}

fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sorted_and_equals_stay_as_they_came() {
        let mut words = vec!["bob", "al", "eve", "di", "carol"];
        sort(&mut words, |one, other| one.len().cmp(&other.len()));
        assert_eq!(words, ["al", "di", "bob", "eve", "carol"]);
        sort(&mut words, |one, other| other.cmp(one));
        assert_eq!(words, ["eve", "di", "carol", "bob", "al"]);
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        assert_eq!(map([(2, 'b'), (1, 'a'), (2, 'c')]), BTreeMap::from([(1, 'a'), (2, 'c')]));
        assert_eq!(set([2, 1, 2]), BTreeSet::from([1, 2]));
    }
}
