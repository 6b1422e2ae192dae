//! The virtual world: a server and clients as machines over a virtual clock, a network that breaks,
//! stores that crash, and an oracle that knows nothing of the protocol.
//!
//! `SIM_SEED=n cargo test --test sim` replays one seed; `SIM_SEEDS=n` runs that many.

mod garbage;
mod host;
mod life;
mod net;
mod nonsense;
mod oracle;
mod puppet;
mod scenarios;
mod world;

use world::World;

/// Seeds of a usual run.
const SEEDS: u64 = 240;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_breaks_nothing_is_lost_doubled_or_opened_without_consent() {
    let (first, count) = match number("SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("SIM_SEEDS").unwrap_or(SEEDS)),
    };
    let (mut delivered, mut held) = (0, 0);
    for seed in first..first + count {
        let replay = Replay(seed);
        let mut world = World::random(seed);
        delivered += world.live_and_heal();
        held += world.held_checked;
        drop(replay);
    }
    println!("{count} worlds, {delivered} messages accepted and shown, {held} seen held");
    assert!(count == 1 || held > count, "mail that is never held proves nothing");
    assert!(count == 1 || delivered > count, "worlds in which nobody talks prove nothing");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    for seed in [3, 77] {
        let traces = [0, 1].map(|_| {
            let mut world = World::random(seed);
            world.live_and_heal();
            world.trace()
        });
        assert_eq!(traces[0], traces[1], "seed {seed}");
    }
}

/// Prints how to see a failure again, if the test ends while it stands.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay with: SIM_SEED={} cargo test --test sim", self.0);
        }
    }
}
