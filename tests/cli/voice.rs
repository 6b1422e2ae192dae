//! Voice messages: a WAV file, how long it is, and its words where a program hears them.

use crate::files::{friends, id_of, is_file, put, text};
use crate::support::{Peer, World};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

fn is_voice(event: &Value) -> bool {
    event["event"] == "voice"
}

/// A WAV file, 16 kHz, 16 bits, mono, that says to hold so many bytes of sound and has `there`.
pub fn wav(path: &Path, says: u32, there: usize) -> PathBuf {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(says.to_le_bytes());
    bytes.extend(vec![0; there]);
    put(path, &bytes)
}

/// Two friends; what the first says is written down by a shell script that gets the file as `$1`.
fn friends_with(world: &World, script: &str) -> (Peer, Peer) {
    let (ann, bob) = friends(world);
    ann.stop();
    let script = put(&world.home("hear.sh"), script.as_bytes());
    let program = format!("sh {} {{wav}}", text(&script));
    (world.peer_with("ann", &["--transcriber", &program]), bob)
}

fn runs(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Somebody speaks; the path of it, or nothing where no program can.
fn spoken(world: &World, words: &str) -> Option<PathBuf> {
    let model = Path::new("/usr/share/pocketsphinx/model/en-us/en-us");
    let (raw, clean) = (world.home("raw.wav"), world.home("spoken.wav"));
    let is_there = |program: &str| runs(Command::new("which").arg(program));
    if !is_there("pocketsphinx_continuous") || !model.is_dir() {
        return None;
    }
    let speak = ["-voice", "slt", "-t", words, "-o", text(&raw)];
    let convert = [text(&raw), "-r", "16000", "-c", "1", text(&clean), "pad", "0.3", "0.3"];
    let is_made =
        runs(Command::new("flite").args(speak)) && runs(Command::new("sox").args(convert));
    is_made.then_some(clean)
}

#[test]
fn what_was_really_spoken_is_heard_and_found() {
    let world = World::new();
    let Some(spoken) = spoken(&world, "meet me at the station at noon") else {
        println!("left out: flite, sox or pocketsphinx is missing [scripts/test installs them]");
        return;
    };
    let (mut ann, mut bob) = friends(&world);
    ann.ask_within(60.0, &["voice", "bob", text(&spoken)]).expect_ok();
    let voice = bob.expect("the voice", is_voice);
    assert_eq!(voice["transcript"], "meet me at the station at noon");
    let seconds = voice["seconds"].as_f64().expect("it is so long");
    assert!(seconds > 1.0 && seconds < 6.0, "{voice}");
    for peer in [&mut ann, &mut bob] {
        let found = peer.ask(&["search", "station"]).expect_ok();
        assert_eq!(found.row("entry")["text"], "meet me at the station at noon");
    }
    let found = world.once("bob", &["search", "noon"]);
    assert!(found.expect_ok().contains("ann: (voice) meet me at the station"), "{found:?}");
}

#[test]
fn a_voice_message_comes_unasked_from_a_friend_with_its_length_and_words() {
    let world = World::new();
    let (mut ann, mut bob) = friends_with(&world, "echo ' to  be'; echo or not; echo no >&2");
    let path = wav(&world.home("out").join("hamlet.wav"), 48_000, 48_000);
    ann.ask(&["voice", "bob", text(&path)]).expect_ok();
    let voice = bob.expect("the voice", is_voice);
    assert_eq!((&voice["from"], &voice["seconds"]), (&"ann".into(), &1.5.into()));
    assert_eq!(voice["transcript"], "to be or not");
    assert!(voice["id"].is_string() && voice["seq"].is_u64(), "{voice}");
    let offer = bob.expect("the offer", |e| is_file(e, "offered"));
    assert_eq!(offer["why"], "it comes by itself", "nobody is asked about it");
    let there = voice["path"].as_str().expect("it says where it is");
    assert_eq!(fs::read(there).expect("there"), fs::read(&path).expect("ours"));
    ann.expect("done", |e| is_file(e, "done"));
    let history = bob.ask(&["history", "ann"]).expect_ok();
    assert_eq!(history.row("entry")["text"], "to be or not");
}

#[test]
fn a_strangers_voice_message_waits_to_be_taken() {
    let world = World::new();
    let mut ann = world.peer_with("ann", &["--transcriber", "printf '\\033[31m%s' {wav}"]);
    let (mut bob, mut cyd) = (world.peer("bob"), world.plain("cyd"));
    let path = wav(&world.home("a.wav"), 48_000, 48_000);
    ann.ask(&["voice", "bob", text(&path)]).expect_ok();
    let offer = bob.expect("the offer", |e| is_file(e, "offered"));
    assert_eq!(offer["seconds"], 1.5);
    let heard = format!("\u{1b}[31m{}", text(&path));
    assert_eq!(offer["transcript"], heard.as_str(), "the path is one word; JSON is exact");
    assert!(offer["why"].is_null(), "it is asked about: {offer}");
    bob.settle();
    assert_eq!(bob.count(is_voice), 0);
    bob.ask(&["take", &id_of(&offer)]).expect_ok();
    bob.expect("the voice", is_voice);
    ann.ask(&["voice", "cyd", text(&path)]).expect_ok();
    let line = cyd.expect("the offer", |line| line.starts_with("* ann offers a.wav, 48.0 kB"));
    assert!(line.contains(", spoken in 1.5 s (/take "), "{line}");
    assert!(line.contains("[31m") && !line.contains('\u{1b}'), "{line:?}");
}

#[test]
fn without_a_transcript_it_is_sent_all_the_same_and_said() {
    let world = World::new();
    let script = "case $1 in *none*) ;; *fails*) echo no; exit 3;; *killed*) kill -9 $$;; \
                  *garbage*) head -c 100000 /dev/urandom;; esac";
    let (mut ann, mut bob) = friends_with(&world, script);
    for (name, words) in [
        ("none.wav", "nothing was understood"),
        ("fails.wav", "the program ended with code 3"),
        ("killed.wav", "the program was ended by signal 9"),
    ] {
        let path = wav(&world.home(name), 3_200, 3_200);
        ann.ask(&["voice", "bob", text(&path)]).expect_ok();
        let event = ann.expect("offered", |e| is_file(e, "offered"));
        assert_eq!(event["why"], format!("without a transcript: {words}"), "{event}");
        let voice = bob.expect("the voice", is_voice);
        assert_eq!((&voice["transcript"], &voice["seconds"]), (&Value::Null, &0.1.into()));
    }
    let path = wav(&world.home("garbage.wav"), 3_200, 3_200);
    ann.ask(&["voice", "bob", text(&path)]).expect_ok();
    let voice = bob.expect("the voice", is_voice);
    assert!(voice["transcript"].as_str().is_some_and(|text| text.len() <= 32 * 1024));
    ann.stop();
    for (program, words) in [("", "no program makes them here"), ("/none {wav}", "did not start")] {
        let args = ["--wait", "delivered", "--transcriber", program, "voice", "bob", text(&path)];
        let sent = world.once("ann", &args);
        assert!(sent.expect_ok().contains(words), "{sent:?}");
    }
    let _ann = world.peer("ann");
    for _ in 0..2 {
        bob.expect("the voice", is_voice);
    }
}

#[test]
fn what_is_no_sound_is_refused_and_what_is_cut_short_or_long_is_sent_as_it_is() {
    let world = World::new();
    let (mut ann, mut bob) = friends_with(&world, "exit 1");
    let empty = put(&world.home("empty.wav"), b"");
    let other =
        put(&world.home("other.wav"), b"\x89PNG\r\n\x1a\n and more than forty-four bytes of it");
    let head = wav(&world.home("head.wav"), 48_000, 0);
    let none = world.home("none.wav");
    for path in [&empty, &other, &head, &none] {
        let line = world.once("ann", &["voice", "bob", text(path)]);
        line.expect_refusal(4);
    }
    let cut = wav(&world.home("cut.wav"), 480_000, 16_000);
    ann.ask(&["voice", "bob", text(&cut)]).expect_ok();
    assert_eq!(bob.expect("the voice", is_voice)["seconds"], 0.5);
    let long = wav(&world.home("long.wav"), 2 * 3600 * 32_000, 0);
    let file = File::options().write(true).open(&long).expect("ours");
    file.set_len(44 + 2 * 3600 * 32_000).expect("it may be so long");
    ann.ask(&["voice", "bob", text(&long)]).expect_ok();
    let offer = bob.expect("the offer", |e| is_file(e, "offered") && e["name"] == "long.wav");
    assert_eq!(offer["seconds"], 7200.0, "{offer}");
    bob.settle();
    assert_eq!(
        bob.count(|e| is_file(e, "taken") && e["name"] == "long.wav"),
        0,
        "too much unasked"
    );
}
