//! The machine's dice: a stream of random bytes grown from a seed that it was told.

/// Deterministic random bytes: BLAKE2s of a key and a counter, the key replaced after each block
/// so that what was given out cannot be computed back.
#[derive(Debug)]
pub struct Rng {
    key: [u8; 32],
}

impl Rng {
    /// Dice from 32 bytes of the system's entropy, or of a test's seed.
    pub fn new(seed: [u8; 32]) -> Rng {
        Rng { key: seed }
    }

    /// Fills `to`.
    pub fn fill(&mut self, to: &mut [u8]) {
        let _ = (&self.key, to);
        todo!("H1")
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        u64::from_be_bytes(self.bytes()) % limit
    }
}
