//! Deadlines by key, each with the reason it was set for.

use super::time::Mono;
use std::collections::BTreeMap;

/// Deadlines, at most one for each key; setting a key again moves it. O(log n) each.
#[derive(Debug)]
pub struct Timers<K> {
    by_time: BTreeMap<(Mono, K), &'static str>,
    by_key: BTreeMap<K, Mono>,
}

impl<K: Ord + Clone> Timers<K> {
    /// No deadline at all.
    pub fn new() -> Self {
        Timers { by_time: BTreeMap::new(), by_key: BTreeMap::new() }
    }

    /// Sets or moves the deadline of `key`.
    pub fn set(&mut self, key: K, at: Mono, why: &'static str) {
        self.cancel(&key);
        self.by_key.insert(key.clone(), at);
        self.by_time.insert((at, key), why);
    }

    /// Forgets the deadline of `key`, if there is one.
    pub fn cancel(&mut self, key: &K) {
        if let Some(at) = self.by_key.remove(key) {
            self.by_time.remove(&(at, key.clone()));
        }
    }

    /// The earliest deadline that has passed, removed.
    pub fn pop_due(&mut self, now: Mono) -> Option<K> {
        let ((at, _), _) = self.by_time.first_key_value()?;
        if *at > now {
            return None;
        }
        let ((_, key), _) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// The earliest deadline and its reason.
    pub fn next(&self) -> Option<(Mono, &'static str)> {
        self.by_time.first_key_value().map(|((at, _), why)| (*at, *why))
    }
}

impl<K: Ord + Clone> Default for Timers<K> {
    fn default() -> Self {
        Timers::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_again_has_only_its_later_deadline() {
        let mut timers = Timers::new();
        timers.set("a", Mono(5), "first");
        timers.set("a", Mono(9), "second");
        assert_eq!(timers.next(), Some((Mono(9), "second")));
        assert_eq!(timers.pop_due(Mono(8)), None);
        assert_eq!(timers.pop_due(Mono(9)), Some("a"));
        assert_eq!(timers.next(), None);
    }
}
