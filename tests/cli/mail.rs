//! Messages to somebody who is away: held, delivered later, whoever ends in between.

use crate::friends::befriend;
use crate::support::{Peer, World, is_message, is_receipt};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A world where ann and bob have names, and bob is away.
fn away() -> World {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    world
}

fn away_from(peer: &mut Peer, name: &str) {
    let left = |e: &Value| e["event"] == "presence" && e["name"] == name && e["online"] == false;
    peer.expect("they leave", left);
}

/// The texts of a history, in its order.
fn texts(peer: &mut Peer, with: &str) -> Vec<String> {
    let rows = peer.ask(&["history", with, "--limit", "100000"]).expect_ok();
    let rows = rows.rows("entry");
    rows.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.expect("cp is there").success());
}

#[test]
fn a_message_to_somebody_away_is_held_then_delivered() {
    let world = away();
    let mut ann = world.peer("ann");
    world.once("ann", &["msg", "bob", "while you are away"]).expect_ok();
    ann.expect("held", |e| is_receipt(e, "bob", "held"));
    assert_eq!(ann.ask(&["outbox"]).expect_ok().row("outbox")["state"], "held");
    let mut bob = world.peer("bob");
    bob.expect("it", |e| is_message(e, "ann", "while you are away"));
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
    assert_eq!(ann.ask(&["outbox"]).expect_ok().rows("outbox").len(), 0);
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "once");
}

#[test]
fn waiting_for_delivered_by_somebody_away_is_6_and_it_is_delivered_later() {
    let world = away();
    let args = ["--timeout", "1", "--wait", "delivered", "msg", "bob", "later"];
    world.once("ann", &args).expect_refusal(6);
    let mut bob = world.peer("bob");
    bob.expect("it", |e| is_message(e, "ann", "later"));
    bob.leave();
    let mut ann = world.peer("ann");
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
}

#[test]
fn two_who_are_never_online_at_the_same_time_talk_by_one_shots() {
    let world = away();
    world.once("ann", &["msg", "bob", "one"]).expect_ok();
    let shown = world.once("bob", &["wait", "--from", "ann"]);
    assert_eq!(shown.expect_ok(), "ann: one\n");
    world.once("bob", &["msg", "ann", "two"]).expect_ok();
    let shown = world.once("ann", &["wait", "--match", "two"]);
    assert_eq!(shown.expect_ok(), "bob: two\n");
    world.once("ann", &["msg", "bob", "three"]).expect_ok();
    world.once("bob", &["online"]).expect_ok();
    let history = world.once("bob", &["history", "ann"]);
    let lines: Vec<&str> = history.expect_ok().lines().collect();
    assert_eq!(lines.len(), 3, "{history:?}");
    assert!(lines[0] == "ann: one" && lines[2] == "ann: three", "{history:?}");
    // The word that three has arrived waits for ann, and she has nothing to wait for after it.
    world.once("ann", &["online"]).expect_ok();
    assert_eq!(world.once("ann", &["outbox"]).expect_ok(), "");
}

#[test]
fn a_script_on_standard_input_gets_its_mail_before_it_leaves() {
    let world = away();
    for n in 0..5 {
        world.once("ann", &["msg", "bob", &format!("number {n}")]).expect_ok();
    }
    let shown = world.once("bob", &[]);
    for n in 0..5 {
        assert!(shown.expect_ok().contains(&format!("ann: number {n}\n")), "{shown:?}");
    }
}

#[test]
fn mail_comes_in_the_order_in_which_it_was_written_and_once() {
    let world = away();
    let mut ann = world.peer("ann");
    let count = 600;
    for n in 0..count {
        ann.send(&["msg", "bob", &n.to_string()]);
    }
    for _ in 0..count {
        ann.expect("held", |e| is_receipt(e, "bob", "held"));
    }
    let mut bob = world.peer("bob");
    for n in 0..count {
        let next = bob.expect("a message", |e| e["event"] == "message");
        assert_eq!(next["text"], n.to_string());
    }
    for _ in 0..count {
        ann.expect("delivered", |e| is_receipt(e, "bob", "delivered"));
    }
    assert_eq!(texts(&mut bob, "ann").len(), count);
}

#[test]
fn the_longest_text_and_every_kind_of_text_are_carried_by_mail() {
    let world = away();
    let mut ann = world.peer("ann");
    let most = "x".repeat(64 * 1024);
    let all = ["", " two  spaces ", "a\nb\tc", "\u{1b}[31mred\u{7}", "日本 👪", &most];
    for text in all {
        ann.ask(&["msg", "bob", text]).expect_ok();
    }
    let mut bob = world.peer("bob");
    for text in all {
        bob.expect("the text", |e| is_message(e, "ann", text));
    }
}

#[test]
fn one_message_to_several_reaches_those_who_are_there_and_those_who_are_not() {
    let world = away();
    let mut cyd = world.peer("cyd");
    let mut ann = world.peer("ann");
    world.once("ann", &["msg", "bob,cyd", "to both"]).expect_ok();
    cyd.expect("it", |e| is_message(e, "ann", "to both"));
    ann.expect("held", |e| is_receipt(e, "bob", "held"));
    let mut bob = world.peer("bob");
    bob.expect("it", |e| is_message(e, "ann", "to both"));
    for name in ["bob", "cyd"] {
        ann.expect("delivered", |e| is_receipt(e, name, "delivered"));
    }
    world.once("ann", &["msg", "bob,nobody", "to one"]).expect_refusal(1);
    bob.expect("it", |e| is_message(e, "ann", "to one"));
}

#[test]
fn a_friend_who_is_there_gets_it_by_a_session_that_bothers_nobody() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.forget();
    bob.forget();
    let args = ["--wait", "delivered", "msg", "bob", "quietly"];
    world.once("ann", &args).expect_ok();
    bob.expect("it", |e| is_message(e, "ann", "quietly"));
    for peer in [&mut ann, &mut bob] {
        peer.settle();
        assert_eq!(peer.count(|e| e["event"] == "session"), 0);
    }
    assert_eq!(ann.ask(&["sessions"]).expect_ok().row("session")["path"], "direct");
}

#[test]
fn what_is_held_can_be_given_up() {
    let world = away();
    let mut ann = world.peer("ann");
    ann.ask(&["msg", "bob", "never mind"]).expect_ok();
    let outbox = ann.ask(&["outbox"]).expect_ok();
    let id = outbox.row("outbox")["id"].as_str().expect("an id").to_owned();
    ann.ask(&["drop", &id]).expect_ok();
    ann.expect("refused", |e| is_receipt(e, "bob", "refused"));
    assert_eq!(ann.ask(&["outbox"]).expect_ok().rows("outbox").len(), 0);
    ann.ask(&["drop", &id]).expect_refusal(1);
}

#[test]
fn offline_everything_waits_and_leaves_when_online() {
    let world = away();
    let mut ann = world.peer("ann");
    ann.ask(&["lookup", "bob"]).expect_ok();
    ann.ask(&["msg", "bob", "known now"]).expect_ok();
    ann.ask(&["offline"]).expect_ok();
    ann.ask_within(1.0, &["msg", "bob", "not yet"]).expect_refusal(6);
    world.once("ann", &["--wait", "queued", "msg", "bob", "nor this"]).expect_ok();
    ann.ask(&["online"]).expect_ok();
    for _ in 0..3 {
        ann.expect("held", |e| is_receipt(e, "bob", "held"));
    }
    let mut bob = world.peer("bob");
    for text in ["known now", "not yet", "nor this"] {
        bob.expect("it", |e| is_message(e, "ann", text));
    }
}

#[test]
fn what_is_queued_without_a_server_leaves_with_the_next_run() {
    let mut world = away();
    world.once("ann", &["msg", "bob", "first"]).expect_ok();
    world.server.stop();
    world.once("ann", &["--wait", "queued", "msg", "bob", "second"]).expect_ok();
    world.server.restart();
    world.once("ann", &["online"]).expect_ok();
    let mut bob = world.peer("bob");
    bob.expect("the first", |e| is_message(e, "ann", "first"));
    bob.expect("the second", |e| is_message(e, "ann", "second"));
}

#[test]
fn a_sender_killed_behind_held_and_a_receiver_killed_behind_shown_lose_and_double_nothing() {
    let world = away();
    let mut ann = world.peer("ann");
    for n in 0..50 {
        ann.send(&["msg", "bob", &n.to_string()]);
    }
    ann.expect("one held", |e| is_receipt(e, "bob", "held"));
    ann.crash();
    let mut bob = world.peer("bob");
    bob.expect("one", |e| e["event"] == "message");
    bob.crash();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    let log = |ann: &mut Peer| {
        let log = ann.ask(&["events", "--since", "0"]).expect_ok();
        let of = |state: &str| log.lines.iter().filter(|e| is_receipt(e, "bob", state)).count();
        (of("queued"), of("delivered"))
    };
    let (accepted, _) = log(&mut ann);
    while log(&mut ann).1 < accepted {
        ann.expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    }
    let whole: Vec<String> = (0..accepted).map(|n| n.to_string()).collect();
    assert_eq!(texts(&mut bob, "ann"), whole);
}

#[test]
fn a_server_killed_behind_held_still_holds_it() {
    let mut world = away();
    world.once("ann", &["msg", "bob", "kept"]).expect_ok();
    world.server.crash();
    world.server.restart();
    let mut bob = world.peer("bob");
    bob.expect("it", |e| is_message(e, "ann", "kept"));
}

#[test]
fn a_server_that_has_lost_its_disk_loses_no_message() {
    let mut world = away();
    let data = world.home("server");
    let mut ann = world.peer("ann");
    ann.ask(&["msg", "bob", "twice on the way"]).expect_ok();
    ann.stop();
    world.server.stop();
    let lost: Vec<_> = fs::read_dir(&data).expect("its folder").flatten().collect();
    for file in lost {
        // The key stays: it is what its clients know it by.
        if !file.file_name().to_string_lossy().contains("key") {
            fs::remove_file(file.path()).expect("it can be removed");
        }
    }
    world.server.restart();
    let mut bob = world.peer("bob");
    let mut ann = world.peer("ann");
    bob.expect("it", |e| is_message(e, "ann", "twice on the way"));
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
    bob.settle();
    assert_eq!(bob.count(|e| e["event"] == "message"), 0, "once");
}

#[test]
fn a_profile_put_back_from_a_backup_goes_on_with_every_friend() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    bob.stop();
    copy(&world.home("bob"), &world.home("backup"));
    let mut bob = world.peer("bob");
    away_from(&mut ann, "bob");
    for n in 0..5 {
        ann.ask(&["msg", "bob", &format!("before {n}")]).expect_ok();
        bob.expect("it", |e| is_message(e, "ann", &format!("before {n}")));
    }
    bob.stop();
    ann.ask(&["msg", "bob", "sealed to a key that the backup lacks"]).expect_ok();
    fs::remove_dir_all(world.home("bob")).expect("it can be removed");
    copy(&world.home("backup"), &world.home("bob"));
    let mut bob = world.peer("bob");
    bob.expect("it", |e| is_message(e, "ann", "sealed to a key that the backup lacks"));
    ann.expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    bob.ask(&["msg", "ann", "back again"]).expect_ok();
    ann.expect("it", |e| is_message(e, "bob", "back again"));
    bob.stop();
    ann.ask(&["msg", "bob", "and by mail"]).expect_ok();
    let mut bob = world.peer("bob");
    bob.expect("it", |e| is_message(e, "ann", "and by mail"));
}

#[test]
fn events_have_no_gap_over_mail_friends_and_crashes() {
    let world = World::new();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    befriend(&mut ann, &mut bob);
    ann.ask(&["msg", "bob", "one"]).expect_ok();
    bob.expect("it", |e| is_message(e, "ann", "one"));
    bob.crash();
    away_from(&mut ann, "bob");
    ann.ask(&["msg", "bob", "two"]).expect_ok();
    ann.crash();
    let (mut ann, mut bob) = (world.peer("ann"), world.peer("bob"));
    bob.expect("it", |e| is_message(e, "ann", "two"));
    ann.expect("the receipt", |e| is_receipt(e, "bob", "delivered"));
    for peer in [&mut ann, &mut bob] {
        let log = peer.ask(&["events", "--since", "0"]).expect_ok();
        let numbers: Vec<u64> = log.lines.iter().filter_map(|e| e["seq"].as_u64()).collect();
        let gapless: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, gapless);
    }
}

#[test]
fn a_follower_misses_nothing_that_comes_by_mail() {
    let world = away();
    for n in 0..3 {
        world.once("ann", &["msg", "bob", &format!("number {n}")]).expect_ok();
    }
    let mut command = world.signed("bob");
    command.args(["--json", "events", "--since", "0", "--follow"]);
    let mut follower = Peer::start(&mut command);
    for n in 0..3 {
        follower.expect("it", |e| is_message(e, "ann", &format!("number {n}")));
    }
    world.once("ann", &["msg", "bob", "number 3"]).expect_ok();
    let last = follower.expect("it", |e| is_message(e, "ann", "number 3"));
    assert_eq!(last["seq"], 4, "{last}");
}

#[test]
fn a_client_whose_disk_is_full_says_so_and_loses_nothing() {
    let world = away();
    let home = world.home("ann");
    fs::create_dir_all(&home).expect("it can be made");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs"])
        .arg(&home)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("left out: a small disk cannot be mounted here");
        return;
    }
    let _unmount = Unmount(home);
    let mut ann = world.peer("ann");
    let text = "x".repeat(60_000);
    let mut asked = 0;
    while asked < 60 {
        let args = ["--wait", "queued", "msg", "bob", &text];
        let ended = world.once("ann", &args);
        if ended.code != 0 {
            break;
        }
        asked += 1;
    }
    assert!(asked > 0 && asked < 60, "the disk took {asked}");
    let Peer { process, .. } = ann;
    assert_eq!(process.ended().code, 4);
    world.once("ann", &["--wait", "queued", "msg", "bob", &text]).expect_refusal(4);
    let remounted =
        Command::new("mount").args(["-o", "remount,size=64m"]).arg(world.home("ann")).status();
    assert!(remounted.expect("it was mounted before").success());
    ann = world.peer("ann");
    let mut bob = world.peer("bob");
    for _ in 0..asked {
        bob.expect("it", |e| is_message(e, "ann", &text));
    }
    let history = ann.ask(&["history", "bob", "--limit", "1000"]).expect_ok();
    assert!(history.rows("entry").len() >= asked);
}

/// Takes a mounted disk away with the value.
pub struct Unmount(pub std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
