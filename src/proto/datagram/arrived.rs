//! Which packets have come: so that none is taken twice, and each is acknowledged.

use super::payload::Runs;
use crate::proto::limits::REPLAY_PACKETS;

const WORDS: usize = REPLAY_PACKETS as usize / 64;

/// The newest packet and which of the [`REPLAY_PACKETS`] up to it have come.
pub(super) struct Arrived {
    newest: Option<u64>,
    /// In a ring: packet `n` at `n` modulo its size.
    bits: [u64; WORDS],
}

impl Arrived {
    pub fn new() -> Arrived {
        Arrived { newest: None, bits: [0; WORDS] }
    }

    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Whether this one has not come, as far as is remembered; what is older counts as come.
    pub fn is_new(&self, number: u64) -> bool {
        match self.newest {
            Some(newest) if number <= newest => {
                newest - number < REPLAY_PACKETS && !self.has(number)
            }
            Some(_) | None => true,
        }
    }

    /// Notes one that is new.
    pub fn insert(&mut self, number: u64) {
        let next = self.newest.map_or(0, |newest| newest + 1);
        if number >= next {
            if number - next >= REPLAY_PACKETS {
                self.bits = [0; WORDS];
            } else {
                (next..number).for_each(|passed| self.set(passed, false));
            }
            self.newest = Some(number);
        }
        self.set(number, true);
    }

    /// What is remembered, as far back as fits.
    pub fn runs(&self) -> Runs {
        let mut runs = Runs::default();
        let Some(newest) = self.newest else { return runs };
        let oldest = newest.saturating_sub(REPLAY_PACKETS - 1);
        let mut last = newest;
        loop {
            let length = self.run(last, oldest, true);
            if !runs.push(last + 1 - length, last) {
                return runs;
            }
            let Some(gap_end) = (last + 1 - length).checked_sub(1).filter(|n| *n >= oldest) else {
                return runs;
            };
            let gap = self.run(gap_end, oldest, false);
            let Some(next) = (gap_end + 1 - gap).checked_sub(1).filter(|n| *n >= oldest) else {
                return runs;
            };
            last = next;
        }
    }

    /// How many, from `last` down to `oldest`, have come like it, or have not.
    fn run(&self, last: u64, oldest: u64, came: bool) -> u64 {
        let mut at = last;
        loop {
            let place = (at % 64) as u32;
            let word = self.bits[(at % REPLAY_PACKETS) as usize / 64];
            let aligned = (if came { word } else { !word }) << (63 - place);
            let like = u64::from(aligned.leading_ones().min(place + 1));
            let whole = u64::from(place) + 1;
            if like < whole || at < oldest + whole {
                let length = last - at + like;
                return length.min(last - oldest + 1);
            }
            at -= whole;
        }
    }

    fn has(&self, number: u64) -> bool {
        self.bits[(number % REPLAY_PACKETS) as usize / 64] >> (number % 64) & 1 == 1
    }

    fn set(&mut self, number: u64, came: bool) {
        let word = &mut self.bits[(number % REPLAY_PACKETS) as usize / 64];
        let bit = 1 << (number % 64);
        *word = if came { *word | bit } else { *word & !bit };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_came_is_known_and_said(steps in proptest::collection::vec(0..90_u64, 1..200)) {
            let (mut arrived, mut all, mut at) = (Arrived::new(), BTreeSet::new(), 0);
            for step in steps {
                at += step;
                let number = if step % 3 == 0 { at.saturating_sub(40) } else { at };
                prop_assert_eq!(arrived.is_new(number), !all.contains(&number));
                if all.insert(number) {
                    arrived.insert(number);
                }
            }
            let newest = *all.last().expect("one came");
            let runs = arrived.runs();
            prop_assert_eq!(runs.newest(), Some(newest));
            let shown: Vec<u64> = (0..=newest).filter(|number| runs.has(*number)).collect();
            prop_assert!(shown.iter().all(|number| all.contains(number)));
            let first = shown[0];
            let really: Vec<u64> = all.range(first..).copied().collect();
            prop_assert_eq!(shown, really);
        }
    }

    #[test]
    fn what_is_too_old_to_be_remembered_is_not_taken() {
        let mut arrived = Arrived::new();
        assert!(arrived.is_new(5));
        arrived.insert(5);
        assert!(!arrived.is_new(5) && arrived.is_new(4));
        arrived.insert(5 + REPLAY_PACKETS);
        assert!(!arrived.is_new(5) && !arrived.is_new(4) && arrived.is_new(6));
        arrived.insert(1 << 40);
        assert!(!arrived.is_new(6) && arrived.is_new((1 << 40) - 1));
    }
}
