//! Files: rows of the tables of transfers, sending and receiving.

use super::*;
use crate::world::CANARY;
use hobnob::proto::limits::{OFFERS_PAIR, TRANSFERS};
use hobnob::proto::model::command::Place;
use hobnob::proto::model::event::FileEvent;
use hobnob::proto::model::transfer::FileState::{self, Cancelled, Done, Failed, Offered, Taken};

const CYD: Node = 3;
/// Where files lie before they are sent.
pub const MINE: &str = "/home/photo.jpg";
/// Some chunks, and a part of one.
pub const SOME_BYTES: usize = 300_000;
/// Much more than is on its way at a time.
const MANY_BYTES: usize = 3_000_000;

/// A file's content: unlike that of any other.
pub fn content(bytes: usize, salt: u8) -> Vec<u8> {
    let mut content = CANARY.as_bytes().to_vec();
    let mut dice = 0x9e37_79b9_u32 ^ (u32::from(salt) << 8);
    content.resize_with(bytes.max(content.len()), || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 24) as u8
    });
    content.truncate(bytes);
    content
}

/// The row that answers `send`: its file's id.
pub fn file_id(world: &World, node: Node, asked: u64) -> MsgId {
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::File(row) if (*who, *ticket) == (node, asked) => Some(row.id),
        _ => None,
    };
    let row = world.rows.iter().find_map(of);
    row.unwrap_or_else(|| panic!("no file was offered: {:?}", world.result(node, asked)))
}

pub fn send(world: &mut World, from: Node, to: Node, path: &str) -> u64 {
    world.ask(from, Verb::Send { to: target(to), path: path.into(), until: Stage::Held })
}

pub fn take(world: &mut World, node: Node, id: MsgId) -> u64 {
    world.ask_within(node, 600_000, Verb::Take { id: id.to_text(), place: None })
}

/// What somebody was told of a file, in order, without the progress.
pub fn file_events(world: &World, node: Node, wanted: MsgId) -> Vec<FileEvent> {
    let of = |(reader, event): &(Node, Event)| match event {
        Event::File(file) if *reader == node && file.id == wanted => Some((**file).clone()),
        _ => None,
    };
    let all = world.events.iter().filter_map(of);
    all.filter(|file| file.state != FileState::Progress).collect()
}

pub fn file_states(world: &World, node: Node, id: MsgId) -> Vec<FileState> {
    file_events(world, node, id).into_iter().map(|file| file.state).collect()
}

/// Ann has offered Bob a file, and he knows of it.
pub fn offered_in(world: &mut World, bytes: usize) -> MsgId {
    world.put(ANN, MINE, content(bytes, 1));
    let asked = send(world, ANN, BOB, MINE);
    world.run_for(2 * SOON_MS);
    let id = file_id(world, ANN, asked);
    assert_eq!(file_states(world, BOB, id), [Offered]);
    id
}

/// The same among friends.
fn offered(bytes: usize) -> (World, MsgId) {
    let mut world = friends();
    let id = offered_in(&mut world, bytes);
    (world, id)
}

/// The last words on a file on both sides.
fn ends(world: &World, id: MsgId) -> [FileState; 2] {
    [ANN, BOB].map(|node| *file_states(world, node, id).last().expect("something was said"))
}

/// Bob has the file of so many bytes, and nothing else is left of it.
#[track_caller]
fn assert_arrived(world: &World, id: MsgId, bytes: usize) {
    assert_eq!(ends(world, id), [Done, Done]);
    let path = file_events(world, BOB, id).pop().and_then(|file| file.path).expect("a path");
    assert_eq!(world.disks[BOB - 1].read(&path), Some(&content(bytes, 1)[..]));
    assert_eq!(world.disks[BOB - 1].unfinished(), [""; 0]);
    assert_eq!([ANN, BOB].map(|node| world.disks[node - 1].open_count()), [0, 0]);
}

/// Nothing is left of a file at Bob's.
fn assert_gone(world: &World) {
    assert_eq!(world.disks[BOB - 1].names(), [""; 0]);
    assert_eq!([ANN, BOB].map(|node| world.disks[node - 1].open_count()), [0, 0]);
}

/// Some of the file is at Bob's, and not all.
fn half_way(world: &mut World) {
    world.net.rate = Some(1_000);
    for _ in 0..10_000 {
        world.run_for(1);
        let [part] = &world.disks[BOB - 1].unfinished()[..] else { continue };
        if world.disks[BOB - 1].read(part).is_some_and(|part| part.len() > SOME_BYTES) {
            return;
        }
    }
    panic!("nothing comes");
}

#[test]
fn a_file_that_is_offered_and_taken_arrives_whole_under_its_own_name() {
    let (mut world, id) = offered(SOME_BYTES);
    assert_gone(&world);
    let asked = take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    assert_arrived(&world, id, SOME_BYTES);
    assert_eq!(file_states(&world, BOB, id), [Offered, Taken, Done]);
    assert_eq!(file_states(&world, ANN, id), [Offered, Taken, Done]);
    assert_eq!(world.disks[BOB - 1].names(), ["/files/photo.jpg"]);
    let written = world.disks[BOB - 1].placed[0].written;
    assert_eq!(written, SOME_BYTES as u64, "each byte once");
}

#[test]
fn files_of_all_sizes_arrive() {
    for bytes in [0, 1, 65_535, 65_536, 65_537, 131_072] {
        let (mut world, id) = offered(bytes);
        take(&mut world, BOB, id);
        world.run_for(5 * SOON_MS);
        assert_arrived(&world, id, bytes);
    }
}

#[test]
fn a_file_arrives_through_the_relay_too() {
    let mut world = relayed();
    let id = offered_in(&mut world, SOME_BYTES);
    take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_arrived(&world, id, SOME_BYTES);
}

#[test]
fn a_file_between_strangers_who_have_met_arrives_too() {
    let mut world = pair();
    let id = offered_in(&mut world, SOME_BYTES);
    take(&mut world, BOB, id);
    world.run_for(8 * SOON_MS);
    assert_arrived(&world, id, SOME_BYTES);
}

#[test]
fn a_file_that_is_refused_is_over_on_both_sides() {
    let (mut world, id) = offered(SOME_BYTES);
    let asked = world.ask(BOB, Verb::Refuse(id.short()));
    world.run_for(2 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    assert_eq!(ends(&world, id), [Cancelled, Cancelled]);
    let asked = take(&mut world, BOB, id);
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), Some(Refusal::NoFile(id.to_text())));
    assert_gone(&world);
}

#[test]
fn a_file_may_be_given_up_by_either_side_at_any_time_and_leaves_nothing() {
    for who in [ANN, BOB] {
        for is_on_its_way in [false, true] {
            let (mut world, id) = offered(MANY_BYTES);
            if is_on_its_way {
                take(&mut world, BOB, id);
                half_way(&mut world);
            }
            let asked = world.ask(who, Verb::Cancel(id.short()));
            world.run_for(10 * SOON_MS);
            assert_eq!(refusal(&world, who, asked), None);
            assert_eq!(ends(&world, id), [Cancelled, Cancelled], "by {who}");
            assert_gone(&world);
        }
    }
}

#[test]
fn what_has_the_name_already_stays_and_the_file_comes_beside_it() {
    let (mut world, id) = offered(SOME_BYTES);
    world.put(BOB, "/files/photo.jpg", b"his own".to_vec());
    take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_arrived(&world, id, SOME_BYTES);
    assert_eq!(world.disks[BOB - 1].read("/files/photo.jpg"), Some(&b"his own"[..]));
}

#[test]
fn a_file_goes_where_its_taker_wants_it() {
    for (place, path) in [
        (Place::Into("/elsewhere".into()), "/elsewhere/photo.jpg"),
        (Place::At("/elsewhere/other.jpg".into()), "/elsewhere/other.jpg"),
    ] {
        let (mut world, id) = offered(SOME_BYTES);
        world.ask(BOB, Verb::Take { id: id.short().to_lowercase(), place: Some(place) });
        world.run_for(5 * SOON_MS);
        assert_arrived(&world, id, SOME_BYTES);
        assert_eq!(world.disks[BOB - 1].names(), [path]);
    }
}

#[test]
fn a_name_that_would_harm_is_made_harmless() {
    for name in ["\u{202e}gpj.exe", "a\nb", ".bashrc", "-rf", "~", "\u{1b}[2J"] {
        let mut world = friends();
        let path = format!("/home/{name}");
        world.put(ANN, &path, content(10, 1));
        let asked = send(&mut world, ANN, BOB, &path);
        world.run_for(2 * SOON_MS);
        let id = file_id(&world, ANN, asked);
        take(&mut world, BOB, id);
        world.run_for(5 * SOON_MS);
        assert_eq!(ends(&world, id), [Done, Done], "{name:?}");
        let names = world.disks[BOB - 1].names();
        let name = names[0].strip_prefix("/files/").expect("where files go");
        let is_harmless = !name.contains(|c: char| c.is_control() || "/\u{202e}".contains(c));
        assert!(is_harmless && !name.starts_with(['.', '-', '~']), "{name:?}");
    }
}

#[test]
fn a_file_for_which_there_is_no_room_is_not_begun() {
    let (mut world, id) = offered(SOME_BYTES);
    world.disk(BOB).free_bytes = SOME_BYTES as u64 - 1;
    let asked = take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::File(..))));
    assert_gone(&world);
    assert!(!world.disks[BOB - 1].log.iter().any(|line| line.contains("write")));
    world.disk(BOB).free_bytes = SOME_BYTES as u64;
    let asked = take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), None);
    assert_arrived(&world, id, SOME_BYTES);
}

#[test]
fn a_place_that_is_not_to_be_had_is_told_and_the_file_stays_offered() {
    let (mut world, id) = offered(SOME_BYTES);
    world.disk(BOB).denied.insert("/root".into());
    world.disk(BOB).missing.insert("/nowhere".into());
    for dir in ["/root", "/nowhere"] {
        let place = Some(Place::Into(dir.into()));
        let asked = world.ask(BOB, Verb::Take { id: id.short(), place });
        world.run_for(SOON_MS);
        assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::File(..))));
    }
    take(&mut world, BOB, id);
    world.run_for(5 * SOON_MS);
    assert_arrived(&world, id, SOME_BYTES);
}

#[test]
fn a_disk_that_fails_fails_the_file_on_both_sides() {
    for after in [3, 4, 6, 7] {
        let (mut world, id) = offered(SOME_BYTES);
        world.disk(BOB).fault = Some((after, std::io::ErrorKind::StorageFull));
        let asked = take(&mut world, BOB, id);
        world.run_for(8 * SOON_MS);
        assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::FileEnded(..))), "{after}");
        assert_eq!(ends(&world, id), [Failed, Failed], "{after}");
        assert_gone(&world);
    }
}

#[test]
fn what_cannot_be_read_is_not_offered() {
    let mut world = friends();
    world.put(ANN, "/root/secret", content(10, 1));
    world.disk(ANN).denied.insert("/root".into());
    for path in ["/home/nothing", "/root/secret"] {
        let asked = send(&mut world, ANN, BOB, path);
        world.run_for(SOON_MS);
        assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::File(..))));
    }
    world.run_for(2 * SOON_MS);
    assert!(!world.events.iter().any(|(_, event)| matches!(event, Event::File(_))));
}

#[test]
fn a_file_that_is_another_when_it_is_taken_fails_on_both_sides() {
    let changes: [fn(&mut World); 4] = [
        |world| world.put(ANN, MINE, content(SOME_BYTES, 2)),
        |world| world.put(ANN, MINE, content(SOME_BYTES + 1, 2)),
        |world| world.disk(ANN).delete(MINE),
        |world| {
            let now = world.now;
            world.disk(ANN).change(now, MINE, |bytes| bytes.truncate(SOME_BYTES / 2));
        },
    ];
    for change in changes {
        let (mut world, id) = offered(SOME_BYTES);
        change(&mut world);
        let asked = take(&mut world, BOB, id);
        world.run_for(8 * SOON_MS);
        assert!(matches!(refusal(&world, BOB, asked), Some(Refusal::FileEnded(..))));
        assert_eq!(ends(&world, id), [Failed, Failed]);
        assert_gone(&world);
    }
}

#[test]
fn a_file_that_changes_under_way_is_never_served_by_halves() {
    let changes: [fn(&mut Vec<u8>); 2] =
        [|bytes| bytes.truncate(MANY_BYTES / 2), |bytes| bytes.reverse()];
    for change in changes {
        let (mut world, id) = offered(MANY_BYTES);
        take(&mut world, BOB, id);
        half_way(&mut world);
        let now = world.now;
        world.disk(ANN).change(now, MINE, change);
        world.run_for(20 * SOON_MS);
        assert_eq!(ends(&world, id), [Failed, Failed]);
        assert_gone(&world);
    }
}

#[test]
fn after_a_break_of_the_link_nothing_is_sent_twice() {
    let (mut world, id) = offered(MANY_BYTES);
    take(&mut world, BOB, id);
    half_way(&mut world);
    world.cut_between(ANN, BOB);
    world.run_for(40 * SOON_MS);
    assert_arrived(&world, id, MANY_BYTES);
    assert_eq!(world.disks[BOB - 1].placed[0].written, MANY_BYTES as u64);
}

#[test]
fn after_the_senders_end_a_file_goes_on_where_it_was() {
    let (mut world, id) = offered(MANY_BYTES);
    take(&mut world, BOB, id);
    half_way(&mut world);
    world.kill(ANN);
    world.run_for(5 * SOON_MS);
    world.start(ANN);
    world.run_for(40 * SOON_MS);
    assert_arrived(&world, id, MANY_BYTES);
    assert_eq!(world.disks[BOB - 1].placed[0].written, MANY_BYTES as u64);
}

#[test]
fn after_the_receivers_end_a_file_goes_on_from_what_is_on_the_disk_for_good() {
    for loses_power in [false, true] {
        let (mut world, id) = offered(20 * SOME_BYTES);
        take(&mut world, BOB, id);
        world.net.rate = Some(1_000);
        world.run_for(4_000);
        let [part] = &world.disks[BOB - 1].unfinished()[..] else { panic!("one part") };
        let there = world.disks[BOB - 1].read(part).expect("a part").len();
        assert!(there > 5 * SOME_BYTES, "{there}");
        world.kill(BOB);
        if loses_power {
            world.disk(BOB).lose_power();
        }
        world.run_for(SOON_MS);
        world.start(BOB);
        world.run_for(60 * SOON_MS);
        assert_arrived(&world, id, 20 * SOME_BYTES);
        let again = world.disks[BOB - 1].placed[0].written as usize - 20 * SOME_BYTES;
        // What a second brings, and what came while the disk wrote.
        assert!(again < 5 * SOME_BYTES, "{again} bytes came again");
    }
}

/// Whenever somebody dies on the way, the file arrives: once, and whole.
#[test]
fn at_whatever_moment_a_program_or_its_machine_ends_the_file_arrives() {
    use crate::host::Crash;
    for victim in [ANN, BOB] {
        for wake in 0..24 {
            let crash = match wake % 3 {
                0 => Crash::BeforeCommit,
                1 => Crash::AfterEffects(0),
                _ => Crash::AfterEffects(1 + wake as usize % 4),
            };
            let (mut world, id) = offered(SOME_BYTES / 2);
            take(&mut world, BOB, id);
            world.doomed = Some((victim, wake, crash));
            world.run_for(20_000);
            if world.disks[BOB - 1].placed.is_empty() {
                // The wish itself was lost.
                take(&mut world, BOB, id);
                world.run_for(20_000);
            }
            if world.doomed.take().is_some() {
                assert!(wake > 5, "{victim} lives through so few wakes");
                break;
            }
            assert_eq!(ends(&world, id)[1], Done, "{victim} dies in wake {wake}: {crash:?}");
            assert_eq!(world.disks[BOB - 1].unfinished(), [""; 0]);
        }
    }
}

#[test]
fn a_loss_of_power_at_any_moment_costs_time_and_nothing_else() {
    for after in (0..1_200).step_by(60) {
        let (mut world, id) = offered(SOME_BYTES);
        take(&mut world, BOB, id);
        world.net.rate = Some(1_000);
        world.run_for(after);
        world.lose_power(BOB);
        world.run_for(20_000);
        if file_states(&world, BOB, id).last() == Some(&Offered) {
            take(&mut world, BOB, id);
            world.run_for(20_000);
        }
        assert_eq!(ends(&world, id)[1], Done, "after {after} ms");
        assert_eq!(world.disks[BOB - 1].unfinished(), [""; 0], "after {after} ms");
    }
}

#[test]
fn a_file_offered_to_one_who_is_away_waits_and_comes_when_both_are_there() {
    let mut world = friends();
    world.kill(BOB);
    world.put(ANN, MINE, content(SOME_BYTES, 1));
    let asked = send(&mut world, ANN, BOB, MINE);
    world.run_for(3 * SOON_MS);
    assert_eq!(refusal(&world, ANN, asked), None);
    let id = file_id(&world, ANN, asked);
    world.kill(ANN);
    world.start(BOB);
    world.run_for(3 * SOON_MS);
    assert_eq!(file_states(&world, BOB, id), [Offered]);
    let asked = world.ask_within(BOB, 2_000, Verb::Take { id: id.short(), place: None });
    world.run_for(5 * SOON_MS);
    assert_eq!(refusal(&world, BOB, asked), Some(Refusal::TimeOut));
    world.start(ANN);
    world.run_for(10 * SOON_MS);
    assert_arrived(&world, id, SOME_BYTES);
}

#[test]
fn fifty_files_at_once_arrive_each_whole() {
    let mut world = friends();
    for n in 0..50u8 {
        world.put(ANN, &format!("/home/{n}"), content(20_000 + usize::from(n), n));
    }
    let sent: Vec<u64> =
        (0..50).map(|n| send(&mut world, ANN, BOB, &format!("/home/{n}"))).collect();
    world.run_for(5 * SOON_MS);
    let ids: Vec<MsgId> = sent.iter().map(|asked| file_id(&world, ANN, *asked)).collect();
    ids.iter().for_each(|id| {
        take(&mut world, BOB, *id);
    });
    world.run_for(20 * SOON_MS);
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(ends(&world, *id), [Done, Done]);
        let path = format!("/files/{n}");
        assert_eq!(world.disks[BOB - 1].read(&path), Some(&content(20_000 + n, n as u8)[..]));
    }
}

#[test]
fn nobody_offers_more_than_a_bound_and_the_rest_is_refused() {
    let mut world = friends();
    world.put(ANN, MINE, content(10, 1));
    const { assert!(OFFERS_PAIR < TRANSFERS) };
    let mut last = 0;
    for _ in 0..=OFFERS_PAIR {
        last = send(&mut world, ANN, BOB, MINE);
        world.run_for(50);
    }
    world.run_for(3 * SOON_MS);
    let id = file_id(&world, ANN, last);
    assert_eq!(file_states(&world, ANN, id).last(), Some(&Cancelled));
    assert_eq!(file_states(&world, BOB, id), []);
}

#[test]
fn nothing_of_a_blocked_person_is_offered() {
    let mut world = friends();
    world.ask(BOB, Verb::Block(target(ANN)));
    world.run_for(SOON_MS);
    world.put(ANN, MINE, content(10, 1));
    send(&mut world, ANN, BOB, MINE);
    world.run_for(5 * SOON_MS);
    let is_told = |(node, event): &(Node, Event)| *node == BOB && matches!(event, Event::File(_));
    assert!(!world.events.iter().any(is_told));
}

#[test]
fn a_file_of_one_who_is_blocked_meanwhile_does_not_come() {
    let (mut world, id) = offered(MANY_BYTES);
    take(&mut world, BOB, id);
    half_way(&mut world);
    world.ask(BOB, Verb::Block(target(ANN)));
    world.run_for(20 * SOON_MS);
    assert_ne!(file_states(&world, BOB, id).last(), Some(&Done));
}

#[test]
fn a_file_is_only_for_whom_it_was_offered() {
    use hobnob::proto::wire::peer::{Settle, Want};
    let mut world = pair();
    let id = offered_in(&mut world, 1_000);
    let line = eve_signs_in(&mut world);
    eve_asks(&mut world, line, session(7), ANN);
    world.ask(ANN, Verb::Accept(Some(target(EVE))));
    world.run_for(SOON_MS);
    let link = eve_links(&mut world, session(7), ANN);
    say(&mut world, link, ToPeer::from(Settle {}));
    say(&mut world, link, ToPeer::from(Want { file: id, at: 0 }));
    world.run_for(SOON_MS);
    assert!(heard(&world).contains(&Heard::Linked));
    let is_chunk = |heard: &Heard| matches!(heard, Heard::Peer(ToPeer::Chunk(_)));
    assert!(!heard(&world).iter().any(is_chunk));
}

#[test]
fn progress_is_told_now_and_then_on_both_sides() {
    let (mut world, id) = offered(10 * SOME_BYTES);
    take(&mut world, BOB, id);
    world.net.rate = Some(1_000);
    world.run_for(10_000);
    assert_arrived(&world, id, 10 * SOME_BYTES);
    for node in [ANN, BOB] {
        let of = |(reader, event): &(Node, Event)| match event {
            Event::File(file) if *reader == node && file.state == FileState::Progress => {
                Some(file.bytes)
            }
            _ => None,
        };
        let told: Vec<u64> = world.events.iter().filter_map(of).collect();
        assert!((4..=20).contains(&told.len()), "{node}: {told:?}");
        assert!(told.is_sorted());
    }
}

#[test]
fn files_between_three_go_their_own_ways() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    for (one, other) in [(ANN, BOB), (BOB, CYD), (CYD, ANN)] {
        befriend(&mut world, one, other);
    }
    let ways = [(ANN, BOB), (BOB, CYD), (CYD, ANN), (BOB, ANN)];
    let mut ids = Vec::new();
    for (n, (from, to)) in ways.iter().enumerate() {
        let path = format!("/home/{n}");
        world.put(*from, &path, content(SOME_BYTES, n as u8));
        let asked = send(&mut world, *from, *to, &path);
        world.run_for(2 * SOON_MS);
        ids.push(file_id(&world, *from, asked));
        take(&mut world, *to, ids[n]);
    }
    world.run_for(10 * SOON_MS);
    for (n, (from, to)) in ways.iter().enumerate() {
        assert_eq!(file_states(&world, *from, ids[n]).last(), Some(&Done));
        assert_eq!(file_states(&world, *to, ids[n]).last(), Some(&Done));
    }
}
