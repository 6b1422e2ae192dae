//! The two clocks, read once for each wake.

use crate::proto::time::{Mono, Now, Wall};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Both clocks; the one that never goes back starts with the process.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub fn new() -> Clock {
        Clock { start: Instant::now() }
    }

    pub fn now(&self) -> Now {
        let mono = Mono(self.start.elapsed().as_millis() as u64);
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { mono, wall: Wall(since_1970.as_millis() as i64) }
    }
}
