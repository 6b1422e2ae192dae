//! Files: offered, taken, refused, given up, resumed after every break, and never in the way of
//! anything that is there.

use crate::friends::befriend;
use crate::support::{Peer, Process, World, is_message};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// So large that it is on its way for some progress lines.
const LONG: u64 = 256 << 20;
/// What is on the disk for good after each so many bytes.
const CHECKPOINT: u64 = 32 << 20;

/// Whether an event says that a file is `state` now.
pub fn is_file(event: &Value, state: &str) -> bool {
    event["event"] == "file" && event["state"] == state && event["at"].is_string()
}

/// The whole id in an event.
pub fn id_of(event: &Value) -> String {
    event["id"].as_str().expect("it has an id").to_owned()
}

/// A path as a verb takes it.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("our paths are text")
}

/// A file with this in it.
pub fn put(path: &Path, bytes: &[u8]) -> PathBuf {
    fs::create_dir_all(path.parent().expect("it lies somewhere")).expect("ours");
    fs::write(path, bytes).expect("it can be written");
    path.to_owned()
}

/// A file of `LONG` bytes, no part of which is like another.
fn put_long(path: &Path) {
    let file = File::create(path).expect("it can be written");
    file.set_len(LONG).expect("it may be so long");
    for at in (0..LONG).step_by(64 * 1024) {
        file.write_at(&at.to_be_bytes(), at).expect("it can be written");
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let status = Command::new("cmp").arg("-s").args([one, other]).status();
    status.expect("cmp is there").success()
}

/// Sends and gives the id, once the other side has been told.
fn offered(from: &mut Peer, to: &mut Peer, path: &Path) -> String {
    from.ask(&["send", &to.name(), text(path)]).expect_ok();
    id_of(&to.expect("the offer", |e| is_file(e, "offered") && e["from"].is_string()))
}

/// Two friends.
pub fn friends(world: &World) -> (Peer, Peer) {
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    (ann, bob)
}

fn path_of(event: &Value) -> &Path {
    Path::new(event["path"].as_str().expect("it says where it is"))
}

fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("listed").file_name().into_string().expect("safe names are text"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_offered_taken_and_there_with_each_field_of_the_contract() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let image = put(&world.home("pictures").join("map.png"), b"\x89PNG\r\n\x1a\n\0\xff not text");
    let sent = ann.ask(&["send", "bob", text(&image)]).expect_ok();
    let row = sent.lines.iter().find(|line| line["event"] == "file" && line["at"].is_null());
    let row = row.expect("send says what it offered");
    assert_eq!((&row["name"], &row["state"]), (&"map.png".into(), &"offered".into()));
    let offer = bob.expect("the offer", |e| is_file(e, "offered"));
    assert_eq!((&offer["from"], &offer["name"]), (&"ann".into(), &"map.png".into()));
    assert_eq!((&offer["size"], &offer["bytes"]), (&19.into(), &0.into()));
    assert!(offer["seq"].is_u64() && offer["to"].is_null() && offer["path"].is_null(), "{offer}");
    let id = id_of(&offer);
    assert_eq!(id_of(row), id);
    let mine = ann.expect("the offer", |e| is_file(e, "offered"));
    assert_eq!((&mine["to"], &mine["path"]), (&"bob".into(), &text(&image).into()));
    assert!(!world.home("bob").join("files").join("map.png").exists(), "nobody has taken it");
    bob.ask(&["take", &id[..6]]).expect_ok();
    let done = bob.expect("done", |e| is_file(e, "done"));
    assert_eq!(path_of(&done), world.home("bob").join("files/map.png"));
    assert_eq!((&done["bytes"], &done["id"]), (&19.into(), &id.as_str().into()));
    assert!(is_same(path_of(&done), &image));
    for state in ["taken", "done"] {
        let event = ann.expect(state, |e| is_file(e, state));
        assert_eq!((&event["to"], &event["id"]), (&"bob".into(), &id.as_str().into()));
    }
    bob.expect("taken", |e| is_file(e, "taken"));
    for peer in [&mut ann, &mut bob] {
        let files = peer.ask(&["files"]).expect_ok();
        let row = files.row("file");
        assert_eq!((&row["state"], &row["bytes"]), (&"done".into(), &19.into()), "{row}");
    }
    bob.ask(&["take", &id]).expect_refusal(1);
    bob.ask(&["cancel", &id]).expect_refusal(1);
}

#[test]
fn in_plain_lines_a_file_is_offered_with_what_to_say_to_that() {
    let world = World::new();
    let (mut ann, mut bob) = (world.plain("ann"), world.plain("bob"));
    put(&world.home("my notes.txt"), b"hello");
    ann.say(&format!("/send bob '{}'", text(&world.home("my notes.txt"))));
    let line = bob.expect("the offer", |line| line.contains("ann offers my notes.txt, 5 B"));
    let id = line.split_once("(/take ").and_then(|(_, rest)| rest.split_once(' '));
    let id = id.expect("it says how to take it").0.to_owned();
    assert!(line.ends_with(&format!("(/take {id} or /refuse {id})")), "{line}");
    ann.expect("the offer", |line| line.starts_with("* my notes.txt, 5 B, is offered to bob"));
    bob.say(&format!("/take {}", id.to_lowercase()));
    let line = bob.expect("done", |line| line.starts_with("* my notes.txt from ann: done, "));
    assert!(line.ends_with("/files/my notes.txt"), "{line}");
    ann.expect("done", |line| line == "* my notes.txt to bob: done");
    bob.say("/files");
    bob.expect("the row", |line| line.starts_with(&id) && line.contains("my notes.txt"));
}

#[test]
fn nothing_is_overwritten() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let file = put(&world.home("out").join("a.txt"), b"new");
    let files = world.home("bob").join("files");
    put(&files.join("a.txt"), b"old");
    put(&files.join("a (1).txt"), b"older");
    let id = offered(&mut ann, &mut bob, &file);
    bob.ask(&["take", &id]).expect_ok();
    let done = bob.expect("done", |e| is_file(e, "done"));
    assert_eq!(path_of(&done), files.join("a (2).txt"));
    assert_eq!(fs::read(files.join("a.txt")).expect("there"), b"old");
    assert_eq!(fs::read(files.join("a (1).txt")).expect("there"), b"older");
    let id = offered(&mut ann, &mut bob, &file);
    let place = put(&world.home("in").join("mine"), b"mine");
    bob.ask(&["take", &id, text(&place)]).expect_ok();
    let done = bob.expect("done", |e| is_file(e, "done"));
    assert_eq!(path_of(&done), world.home("in").join("mine (1)"));
    assert_eq!(fs::read(&place).expect("there"), b"mine");
    assert_eq!(names_in(&world.home("in")), ["mine", "mine (1)"], "and nothing half done");
}

#[test]
fn names_that_would_hide_or_harm_are_made_harmless() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let mut plain = world.plain("cyd");
    let out = world.home("out");
    let long = format!("{}.png", "é".repeat(125));
    let names = ["\u{1b}[31mred", ".bashrc", "-rf", "a\nb", "gpj.\u{202e}exe", " ", "~", &long];
    for name in names {
        let id = offered(&mut ann, &mut bob, &put(&out.join(name), name.as_bytes()));
        bob.ask(&["take", &id]).expect_ok();
        let done = bob.expect("done", |e| is_file(e, "done"));
        assert_eq!(done["name"], name, "JSON has it exact");
        assert_eq!(fs::read(path_of(&done)).expect("it is there"), name.as_bytes());
        ann.ask(&["send", "cyd", text(&out.join(name))]).expect_ok();
        let line = plain.expect("the offer", |line| line.starts_with("* ann offers "));
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
    let files = names_in(&world.home("bob").join("files"));
    assert_eq!(files.len(), names.len());
    let is_safe = |name: &String| {
        !name.starts_with(['.', '-', '~', ' ']) && !name.chars().any(char::is_control)
    };
    assert!(files.iter().all(is_safe), "{files:?}");
    assert!(files.iter().any(|name| name.starts_with('é') && name.ends_with(".png")), "{files:?}");
}

#[test]
fn a_path_that_is_no_file_of_ours_is_refused_in_one_line() {
    let world = World::new();
    let _bob = world.peer("bob");
    let folder = world.home("folder");
    fs::create_dir(&folder).expect("ours");
    for path in [text(&folder), text(&world.home("none")), "/dev/zero", "."] {
        let line = world.once("ann", &["send", "bob", path]);
        assert!(line.expect_refusal(4).starts_with("hobnob: "), "{path}: {line:?}");
    }
    world.once("ann", &["send", "bob", ""]).expect_refusal(2);
    let mut command = world.signed("ann");
    command.args(["send", "bob"]).arg(OsStr::from_bytes(b"/tmp/\xff\xfe"));
    Process::start(&mut command).ended().expect_refusal(2);
    let file = put(&world.home("a"), b"a");
    world.once("ann", &["send", "nobody", text(&file)]).expect_refusal(1);
    world.once("ann", &["send", "ann", text(&file)]).expect_refusal(1);
    for verb in ["take", "refuse", "cancel"] {
        world.once("ann", &[verb, "XYZABC"]).expect_refusal(1);
        world.once("ann", &[verb, "../"]).expect_refusal(2);
    }
}

#[test]
fn an_empty_file_and_fifty_at_once_come_whole() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    let out = world.home("out");
    let asked: Vec<_> = (0..50)
        .map(|n| {
            let bytes = vec![n as u8; n * n * 100];
            let path = put(&out.join(format!("{n:02}")), &bytes);
            ann.send(&["send", "bob", text(&path)])
        })
        .collect();
    asked.into_iter().for_each(|asked| drop(ann.answer(asked).expect_ok()));
    let ids: Vec<_> =
        (0..50).map(|_| id_of(&bob.expect("an offer", |e| is_file(e, "offered")))).collect();
    let taken: Vec<_> = ids.iter().map(|id| bob.send(&["take", id])).collect();
    ann.send(&["msg", "bob", "meanwhile"]);
    bob.expect("the message", |e| is_message(e, "ann", "meanwhile"));
    taken.into_iter().for_each(|asked| drop(bob.answer(asked).expect_ok()));
    let files = world.home("bob").join("files");
    assert_eq!(names_in(&files).len(), 50);
    assert_eq!(fs::metadata(files.join("00")).expect("there").len(), 0);
    for name in names_in(&files) {
        assert!(is_same(&files.join(&name), &out.join(&name)), "{name}");
    }
    for _ in 0..50 {
        ann.expect("done", |e| is_file(e, "done"));
    }
}

#[test]
fn either_side_says_no_and_the_other_is_told() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let file = put(&world.home("out").join("a"), b"a");
    let is_over = |id: &str, why: &str, event: &Value| {
        is_file(event, "cancelled") && event["id"] == id && event["why"] == why
    };
    let refused = offered(&mut ann, &mut bob, &file);
    bob.ask(&["refuse", &refused]).expect_ok();
    ann.expect("refused", |e| is_over(&refused, "refused", e));
    bob.expect("refused", |e| is_over(&refused, "refused", e));
    bob.ask(&["refuse", &refused]).expect_refusal(1);
    bob.ask(&["take", &refused]).expect_refusal(1);
    let taken_back = offered(&mut ann, &mut bob, &file);
    ann.ask(&["cancel", &taken_back]).expect_ok();
    bob.expect("taken back", |e| is_over(&taken_back, "the other side gave it up", e));
    ann.expect("taken back", |e| is_over(&taken_back, "given up", e));
    bob.ask(&["take", &taken_back]).expect_refusal(1);
    assert_eq!(names_in(&world.home("bob").join("files")), Vec::<String>::new());
}

#[test]
fn a_file_on_its_way_is_given_up_by_either_side_and_leaves_nothing() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    put_long(&world.home("long"));
    for is_sender in [true, false] {
        let id = offered(&mut ann, &mut bob, &world.home("long"));
        let taking = bob.send(&["take", &id]);
        let (one, other) = if is_sender { (&mut ann, &mut bob) } else { (&mut bob, &mut ann) };
        let progress = one.expect("progress", |e| is_file(e, "progress"));
        let bytes = progress["bytes"].as_u64().expect("it counts");
        assert!(bytes > 0 && bytes < LONG && progress["seq"].is_null(), "{progress}");
        one.ask(&["cancel", &id]).expect_ok();
        one.expect("given up", |e| is_file(e, "cancelled") && e["id"] == id);
        other.expect("given up", |e| is_file(e, "cancelled") && e["id"] == id);
        bob.answer(taking).expect_refusal(1);
        bob.settle();
        assert_eq!(names_in(&world.home("bob").join("files")), Vec::<String>::new());
    }
    ann.deliver("bob", "the session goes on");
}

/// What a process has written to files and sockets so far.
fn written(peer: &Peer) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", peer.pid().as_raw_nonzero()));
    let io = io.expect("the kernel counts");
    let count = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
    count.expect("the kernel counts bytes")
}

/// Waits until a good part of a file has come, and more is to come.
fn half_way(peer: &mut Peer) {
    let is_some = |e: &Value| e["bytes"].as_u64().is_some_and(|bytes| bytes >= 2 * CHECKPOINT);
    peer.expect("progress", |e| is_file(e, "progress") && is_some(e));
}

#[test]
fn a_file_goes_on_where_it_was_after_kill_9_of_the_receiver() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    put_long(&world.home("long"));
    let id = offered(&mut ann, &mut bob, &world.home("long"));
    bob.send(&["take", &id]);
    half_way(&mut bob);
    bob.crash();
    let mut bob = world.peer("bob");
    let done = bob.expect("done", |e| is_file(e, "done"));
    assert!(is_same(path_of(&done), &world.home("long")));
    let again = written(&bob);
    assert!(again < LONG, "it wrote {again} of {LONG} again");
    ann.expect("done", |e| is_file(e, "done"));
    assert_eq!(names_in(&world.home("bob").join("files")), ["long"]);
    bob.settle();
    assert_eq!(bob.count(|e| is_file(e, "done")), 0, "done once");
}

#[test]
fn a_file_goes_on_where_it_was_after_kill_9_of_the_sender() {
    let world = World::new();
    let (mut ann, mut bob) = friends(&world);
    put_long(&world.home("long"));
    let id = offered(&mut ann, &mut bob, &world.home("long"));
    let before = written(&bob);
    bob.send(&["take", &id]);
    half_way(&mut ann);
    ann.crash();
    let mut ann = world.peer("ann");
    let done = bob.expect("done", |e| is_file(e, "done"));
    assert!(is_same(path_of(&done), &world.home("long")));
    let bytes = written(&bob) - before;
    assert!(bytes < LONG + CHECKPOINT, "it wrote {bytes} for a file of {LONG}");
    ann.expect("done", |e| is_file(e, "done"));
}

#[test]
fn a_file_goes_on_when_its_session_was_closed() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    put_long(&world.home("long"));
    let id = offered(&mut ann, &mut bob, &world.home("long"));
    let before = written(&bob);
    let taking = bob.send(&["take", &id]);
    half_way(&mut ann);
    ann.ask(&["close", "bob"]).expect_ok();
    bob.answer(taking).expect_ok();
    let done = bob.expect("done", |e| is_file(e, "done"));
    assert!(is_same(path_of(&done), &world.home("long")));
    let bytes = written(&bob) - before;
    assert!(bytes < LONG + CHECKPOINT, "it wrote {bytes} for a file of {LONG}");
}

#[test]
fn a_file_that_has_changed_or_vanished_is_told_and_never_half_there() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let out = world.home("out");
    let (changed, gone) = (put(&out.join("changed"), b"one"), put(&out.join("gone"), b"two"));
    let changed_id = offered(&mut ann, &mut bob, &changed);
    let gone_id = offered(&mut ann, &mut bob, &gone);
    put(&changed, b"three");
    fs::remove_file(&gone).expect("ours");
    for (id, words) in [(&changed_id, "changed"), (&gone_id, "no such file")] {
        let why = bob.ask(&["take", id]).expect_refusal(1);
        assert!(why.contains(words), "{why}");
        for peer in [&mut ann, &mut bob] {
            let event = peer.expect("failed", |e| is_file(e, "failed") && e["id"] == id.as_str());
            assert!(event["why"].as_str().is_some_and(|why| why.contains(words)), "{event}");
        }
    }
    put_long(&world.home("long"));
    let id = offered(&mut ann, &mut bob, &world.home("long"));
    let taking = bob.send(&["take", &id]);
    ann.expect("progress", |e| is_file(e, "progress"));
    File::options().write(true).open(world.home("long")).and_then(|f| f.set_len(9)).expect("cut");
    bob.answer(taking).expect_refusal(1);
    bob.expect("failed", |e| is_file(e, "failed") && e["id"] == id.as_str());
    bob.settle();
    assert_eq!(names_in(&world.home("bob").join("files")), Vec::<String>::new());
}

#[test]
fn one_shots_send_and_take_with_paths_of_where_they_stand() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let (out, into) = (world.home("out"), world.home("into"));
    put(&out.join("a.txt"), b"a");
    fs::create_dir(&into).expect("ours");
    let at = |dir: &Path, name: &str, args: &[&str]| {
        Process::start(world.signed(name).current_dir(dir).args(args)).ended()
    };
    let sent = at(&out, "ann", &["--wait", "delivered", "send", "bob", "a.txt"]);
    assert!(sent.expect_ok().contains("a.txt  1 B  to bob  offered"), "{sent:?}");
    let id = id_of(&bob.expect("the offer", |e| is_file(e, "offered")));
    let told = at(&into, "bob", &["take", &id, "b.txt"]);
    let place = into.join("b.txt");
    assert!(told.expect_ok().contains(&format!("done, {}", text(&place))), "{told:?}");
    assert_eq!(fs::read(into.join("b.txt")).expect("there"), b"a");
    at(&out, "ann", &["send", "bob", "../out/./a.txt"]).expect_ok();
    let id = id_of(&bob.expect("the offer", |e| is_file(e, "offered")));
    at(&into, "bob", &["take", &id, "."]).expect_ok();
    assert_eq!(fs::read(into.join("a.txt")).expect("there"), b"a");
    ann.ask(&["send", "bob", text(&out.join("a.txt"))]).expect_ok();
    let id = id_of(&bob.expect("the offer", |e| is_file(e, "offered")));
    at(&into, "bob", &["refuse", &id]).expect_ok();
    ann.expect("refused", |e| is_file(e, "cancelled"));
}

#[test]
fn one_shots_send_and_take_with_nobody_running() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let file = put(&world.home("out").join("a.txt"), b"a");
    let sent = world.once("ann", &["send", "bob", text(&file)]);
    let id = sent.expect_ok().split("  ").next().expect("a row begins with its id").to_owned();
    world.once("bob", &["update"]).expect_ok();
    let files = world.once("bob", &["files"]);
    assert!(files.expect_ok().starts_with(&format!("{id}  a.txt  1 B  from ann  offered")));
    world.once("bob", &["-t", "1", "take", &id]).expect_refusal(6);
    let mut ann = world.peer("ann");
    let place = world.home("bob").join("files/a.txt");
    let taken = world.once("bob", &["take", &id]);
    assert_eq!(taken.expect_ok(), format!("* a.txt from ann: done, {}\n", text(&place)));
    assert!(is_same(&place, &file));
    ann.expect("done", |e| is_file(e, "done"));
    world.once("bob", &["take", &id]).expect_refusal(1);
}

#[test]
fn without_room_for_it_a_file_is_not_begun() {
    let world = World::new();
    let (mut ann, mut bob) = world.pair("ann", "bob");
    let small = world.home("small");
    fs::create_dir(&small).expect("ours");
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs"]).arg(&small);
    if !mount.status().is_ok_and(|status| status.success()) {
        println!("left out: a small disk cannot be mounted here");
        return;
    }
    let _unmount = crate::mail::Unmount(small.clone());
    let id = offered(&mut ann, &mut bob, &put(&world.home("large"), &vec![7; 4 << 20]));
    let place = small.join("x");
    let why = bob.ask(&["take", &id, text(&place)]).expect_refusal(4);
    assert!(why.contains("no room"), "{why}");
    assert_eq!(names_in(&small), Vec::<String>::new());
    bob.ask(&["take", &id, "/proc/none/x"]).expect_refusal(4);
    bob.ask(&["take", &id]).expect_ok();
}

#[test]
fn a_blocked_persons_file_is_not_offered() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.ask(&["block", "ann"]).expect_ok();
    ann.send(&["send", "bob", text(&put(&world.home("a"), b"a"))]);
    ann.settle();
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "file"), 0);
    assert_eq!(bob.ask(&["files"]).expect_ok().rows("file").len(), 0);
}
