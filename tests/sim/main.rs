//! The virtual world: a server and clients as machines over a virtual clock, a network that breaks,
//! stores that crash, and an oracle that knows nothing of the protocol.
//!
//! `SIM_SEED=n cargo test --test sim` replays one seed; `SIM_SEEDS=n` runs that many;
//! `SIM_LOG=1` prints what people ask and are told.

mod children;
mod disk;
mod garbage;
mod host;
mod lan;
mod life;
mod net;
mod nonsense;
mod oracle;
mod puppet;
mod router;
mod scenarios;
mod world;

use world::World;

/// Seeds of a usual run, and by how many tests they are shared, so that each core has some.
const SEEDS: u64 = 240;
const SHARES: u64 = 4;
/// Worlds in which people roam.
const ROAMING_SEEDS: u64 = 12;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One share of the random worlds. `SIM_SEED` is in the first.
fn live(share: u64) {
    let seeds: Vec<u64> = match number("SIM_SEED") {
        Some(seed) if share == 0 => vec![seed],
        Some(_) => return,
        None => (0..number("SIM_SEEDS").unwrap_or(SEEDS)).filter(|n| n % SHARES == share).collect(),
    };
    let (mut delivered, mut held) = (0, 0);
    let (mut talk, mut files, mut runs) = (0, 0, 0);
    for seed in &seeds {
        let replay = Replay(*seed);
        let mut world = World::random(*seed);
        delivered += world.live_and_heal();
        held += world.held_checked;
        talk += world.oracle.groups.shown_count() as u64;
        files += world.oracle.files.done;
        runs += world.oracle.runs.started;
        drop(replay);
    }
    let count = seeds.len() as u64;
    println!("{count} worlds, {delivered} messages accepted and shown, {held} seen held");
    println!("talk shown {talk} times, {files} files arrived, {runs} commands ran");
    assert!(count == 1 || talk.min(files).min(runs) > 0, "worlds in which little happens");
    assert!(count == 1 || held > count, "mail that is never held proves nothing");
    assert!(count == 1 || delivered > count, "worlds in which nobody talks prove nothing");
}

#[test]
fn whatever_breaks_nothing_is_lost_doubled_or_opened_without_consent() {
    live(0);
}

#[test]
fn wherever_people_are_and_whatever_breaks_the_same_holds() {
    let seeds = number("SIM_SEED").map_or(0..ROAMING_SEEDS, |seed| seed..seed + 1);
    let mut delivered = 0;
    for seed in seeds.clone() {
        let replay = Replay(seed);
        let mut world = World::random(seed);
        world.has_roamers = true;
        delivered += world.live_and_heal();
        drop(replay);
    }
    let count = seeds.end - seeds.start;
    assert!(count == 1 || delivered > count, "worlds in which nobody talks prove nothing");
}

#[test]
fn whatever_breaks_in_a_second_share_of_worlds_the_same_holds() {
    live(1);
}

#[test]
fn whatever_breaks_in_a_third_share_of_worlds_the_same_holds() {
    live(2);
}

#[test]
fn whatever_breaks_in_a_fourth_share_of_worlds_the_same_holds() {
    live(3);
}

#[test]
fn whatever_breaks_on_a_network_without_a_server_the_same_holds() {
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(SEEDS) / SHARES,
    };
    let (mut delivered, count) = (0, seeds.end - seeds.start);
    for seed in seeds {
        let replay = Replay(seed);
        delivered += World::random_near(seed).live_and_heal();
        drop(replay);
    }
    println!("{count} worlds without a server, {delivered} messages accepted and shown");
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
