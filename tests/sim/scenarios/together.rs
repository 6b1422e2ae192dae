//! Several at once: from one loop, nobody starving. Measured in virtual time, on links that carry
//! two megabytes a second.

use super::files::{content, file_id, file_states, take};
use super::groups::{act, create, join, talk};
use super::*;
use hobnob::proto::model::command::GroupVerb;
use hobnob::proto::model::group::GroupTarget;
use hobnob::proto::model::run::RunState;
use hobnob::proto::model::transfer::FileState::Done;

const RATE_BYTES_A_MS: u64 = 2_000;
const HUGE_BYTES: usize = 16_000_000;
const SMALL_BYTES: usize = 50_000;

/// How long it takes until a message of one is delivered at the other, in milliseconds: the
/// median of some.
fn round_trip(world: &mut World, from: Node, to: Node) -> u64 {
    let once = |world: &mut World| {
        let (began, asked) = (world.now, world.msg(from, to, "ping"));
        while world.result(from, asked).is_none() {
            world.run_for(1);
            assert!(world.now < began + 10_000, "it never comes");
        }
        world.now - began
    };
    let mut all: Vec<u64> = (0..9).map(|_| once(world)).collect();
    all.sort_unstable();
    all[4]
}

/// Ann offers a file, and it is taken.
fn start_file(world: &mut World, from: Node, to: Node, path: &str, bytes: usize) -> MsgId {
    world.put(from, path, content(bytes, 1));
    let asked = super::files::send(world, from, to, path);
    world.run_for(2_000);
    let id = file_id(world, from, asked);
    take(world, to, id);
    id
}

/// How long until somebody has a file.
fn wait_for(world: &mut World, node: Node, id: MsgId) -> u64 {
    let began = world.now;
    while file_states(world, node, id).last() != Some(&Done) {
        world.run_for(1);
        assert!(world.now < began + 120_000, "it never comes");
    }
    world.now - began
}

fn slow_friends() -> World {
    let mut world = friends();
    world.chat(ANN, BOB);
    world.run_for(3 * SOON_MS);
    world.net.rate = Some(RATE_BYTES_A_MS);
    world
}

#[test]
fn chat_stays_quick_while_a_file_runs_on_the_same_link() {
    let mut world = slow_friends();
    let idle_ms = round_trip(&mut world, ANN, BOB);
    let id = start_file(&mut world, ANN, BOB, "/home/huge", HUGE_BYTES);
    world.run_for(1_500);
    let along_ms = round_trip(&mut world, ANN, BOB);
    let against_ms = round_trip(&mut world, BOB, ANN);
    assert_ne!(file_states(&world, BOB, id).last(), Some(&Done), "it still runs");
    println!("{idle_ms} ms alone, {along_ms} and {against_ms} ms beside a file");
    for busy_ms in [along_ms, against_ms] {
        assert!(busy_ms <= 5 * idle_ms, "{busy_ms} ms beside a file, {idle_ms} ms alone");
    }
    wait_for(&mut world, BOB, id);
}

#[test]
fn a_small_file_does_not_wait_for_a_huge_one() {
    let mut world = slow_friends();
    let huge = start_file(&mut world, ANN, BOB, "/home/huge", HUGE_BYTES);
    world.run_for(500);
    let small = start_file(&mut world, ANN, BOB, "/home/small", SMALL_BYTES);
    let took_ms = wait_for(&mut world, BOB, small);
    assert_ne!(file_states(&world, BOB, huge).last(), Some(&Done), "it still runs");
    assert!(took_ms < 1_500, "{took_ms} ms");
}

#[test]
fn files_of_one_link_share_it() {
    let mut world = slow_friends();
    let ids: Vec<MsgId> = (0..4)
        .map(|n| start_file(&mut world, ANN, BOB, &format!("/home/{n}"), HUGE_BYTES / 4))
        .collect();
    let all_ms: Vec<u64> = ids.iter().map(|id| wait_for(&mut world, BOB, *id)).collect();
    // Sixteen megabytes at two a second, some of them sent while the others were offered.
    assert!(all_ms.iter().sum::<u64>() < 10_000, "{all_ms:?}");
}

#[test]
fn what_a_command_writes_comes_while_a_file_runs() {
    let mut world = slow_friends();
    let id = start_file(&mut world, ANN, BOB, "/home/huge", HUGE_BYTES);
    let argv = ["count".to_owned(), "100".to_owned()].to_vec();
    let asked = world.ask_within(BOB, 60_000, Verb::Run { to: target(ANN), argv });
    world.run_for(SOON_MS);
    let run = world.events.iter().find_map(|(node, event)| match event {
        Event::Run(run) if *node == ANN && run.state == RunState::Asked => Some(run.id),
        _ => None,
    });
    world.ask(ANN, Verb::Allow(run.expect("bob asked").to_text()));
    // A hundred lines, ten milliseconds apart, beside the file and in its direction.
    world.run_for(2_200);
    assert_ne!(file_states(&world, BOB, id).last(), Some(&Done), "it still runs");
    assert_eq!(refusal(&world, BOB, asked), None);
}

#[test]
fn everything_at_once_with_many_people_starves_nobody() {
    let count = 6;
    let mut world = World::peaceful(7, count, Accept::Friends);
    world.run_for(SOON_MS);
    (2..=count).for_each(|node| befriend(&mut world, ANN, node));
    create(&mut world, ANN, "climbers", true);
    (2..=count).for_each(|node| assert_eq!(join(&mut world, node, "climbers"), Ok(())));
    (2..=count).for_each(|node| {
        world.chat(ANN, node);
    });
    world.run_for(3 * SOON_MS);
    world.net.rate = Some(RATE_BYTES_A_MS);
    let idle_ms = round_trip(&mut world, ANN, 2);

    let mut files = Vec::new();
    let mut runs = Vec::new();
    for node in 2..=count {
        let there = start_file(&mut world, ANN, node, &format!("/home/{node}"), HUGE_BYTES / 2);
        let back = start_file(&mut world, node, ANN, &format!("/home/{node}"), SMALL_BYTES);
        files.extend([(node, there), (ANN, back)]);
        let argv = vec!["count".to_owned(), "200".to_owned()];
        let to = target(ANN);
        world.ask(ANN, Verb::Grant { to: target(node), argv: argv.clone(), until: None });
        world.run_for(50);
        runs.push((node, world.ask_within(node, 60_000, Verb::Run { to, argv })));
    }
    let said: Vec<u64> = (0..5).map(|n| talk(&mut world, ANN, &n.to_string())).collect();
    for node in 2..=count {
        let busy_ms = round_trip(&mut world, node, ANN);
        assert!(busy_ms <= 5 * idle_ms, "{node}: {busy_ms} ms, {idle_ms} ms alone");
    }
    for (node, id) in files {
        wait_for(&mut world, node, id);
    }
    world.run_for(2_000);
    for asked in said {
        assert_eq!(refusal(&world, ANN, asked), None);
    }
    for (node, asked) in runs {
        assert_eq!(refusal(&world, node, asked), None);
    }
    let left = GroupVerb::Leave(GroupTarget::parse("climbers").expect("a group"));
    assert_eq!(act(&mut world, 2, left), Ok(()));
}
