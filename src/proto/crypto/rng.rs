//! The machine's dice: a stream of random bytes grown from a seed that it was told.

use blake2::{Blake2s256, Digest};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Deterministic random bytes: BLAKE2s of a key and a counter, the key replaced after each block
/// so that what was given out cannot be computed back.
pub struct Rng {
    key: [u8; Rng::BLOCK_BYTES],
    block: [u8; Rng::BLOCK_BYTES],
    /// How much of the block was given out, and is wiped.
    used: usize,
}

impl Rng {
    const BLOCK_BYTES: usize = 32;

    /// Dice from 32 bytes of the system's entropy, or of a test's seed.
    pub fn new(seed: [u8; 32]) -> Rng {
        Rng { key: seed, block: [0; Rng::BLOCK_BYTES], used: Rng::BLOCK_BYTES }
    }

    /// Fills `to`.
    pub fn fill(&mut self, to: &mut [u8]) {
        let mut rest = to;
        while !rest.is_empty() {
            if self.used == Rng::BLOCK_BYTES {
                self.refill();
            }
            let count = rest.len().min(Rng::BLOCK_BYTES - self.used);
            let (now, later) = rest.split_at_mut(count);
            let given = &mut self.block[self.used..self.used + count];
            now.copy_from_slice(given);
            given.zeroize();
            self.used += count;
            rest = later;
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `limit`, which is not zero. Multiplied down rather than divided: no number
    /// is likelier than another by more than `limit` in 2^64.
    pub fn below(&mut self, limit: u64) -> u64 {
        assert!(limit > 0, "there is no number below zero");
        let random = u64::from_be_bytes(self.bytes());
        ((u128::from(random) * u128::from(limit)) >> 64) as u64
    }

    fn refill(&mut self) {
        self.block = self.derive(0);
        let next = Zeroizing::new(self.derive(1));
        self.key = *next;
        self.used = 0;
    }

    fn derive(&self, counter: u8) -> [u8; Rng::BLOCK_BYTES] {
        Blake2s256::new().chain_update(self.key).chain_update([counter]).finalize().into()
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rng").finish_non_exhaustive()
    }
}

impl Drop for Rng {
    fn drop(&mut self) {
        self.key.zeroize();
        self.block.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_however_they_are_asked_for() {
        let whole: [u8; 100] = Rng::new([7; 32]).bytes();
        let mut rng = Rng::new([7; 32]);
        let mut pieces = Vec::new();
        for count in [1, 0, 31, 33, 8, 27] {
            let mut piece = vec![0; count];
            rng.fill(&mut piece);
            pieces.extend(piece);
        }
        assert_eq!(pieces, whole);
        assert_ne!(Rng::new([8; 32]).bytes::<100>(), whole);
    }

    #[test]
    fn the_first_block_is_blake2s_of_the_seed_and_a_zero() {
        let expected: [u8; 32] = Blake2s256::digest([[3; 32].as_slice(), &[0]].concat()).into();
        assert_eq!(Rng::new([3; 32]).bytes(), expected);
    }

    #[test]
    fn what_was_given_out_and_the_key_that_made_it_are_wiped() {
        let mut rng = Rng::new([3; 32]);
        let given: [u8; 32] = rng.bytes();
        assert_ne!(given, [0; 32]);
        assert_eq!(rng.block, [0; 32]);
        assert_ne!(rng.key, [3; 32]);
    }

    #[test]
    fn numbers_stay_below_their_limit_and_reach_every_value() {
        let mut rng = Rng::new([1; 32]);
        let mut seen = [0; 6];
        for _ in 0..6_000 {
            seen[rng.below(6) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
        assert!((0..100).all(|_| rng.below(1) == 0));
        assert!((0..100).any(|_| rng.below(u64::MAX) > u64::MAX / 2));
    }
}
