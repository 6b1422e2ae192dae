//! What others wrote, on our terminal: harmless in plain lines, exact in JSON.

use crate::support::{Process, World, is_message};

const NASTY: &str = "a\u{1b}[2Jb\u{7}c\rd\u{9b}31me\u{202e}f\u{200b}g\u{1b}]0;owned\u{7}h\nbob: i";

fn is_harmless(line: &str) -> bool {
    let is_bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !line.chars().any(|c| c.is_control() || is_bidi(c) || c == '\u{200b}')
}

#[test]
fn what_another_wrote_is_harmless_in_plain_lines_and_exact_in_json() {
    let world = World::new();
    let mut ann = world.peer_with("ann", &["--accept", "all"]);
    let mut bob = world.plain("bob");
    bob.say("/chat ann");
    bob.expect("open", |line| line.starts_with("* session with ann open"));
    ann.deliver("bob", NASTY);
    ann.deliver("bob", "end of it");
    bob.expect("the end", |line| line == "ann: end of it");
    let line = bob.expect("the message", |line| line.starts_with("ann: a"));
    assert!(is_harmless(&line), "{line:?}");
    let others = bob.waiting();
    assert!(others.iter().all(|line| is_harmless(line)), "{others:?}");
    assert!(!others.iter().any(|line| line.starts_with("bob: ")), "a forged line: {others:?}");

    bob.say("/history ann");
    bob.say("/whoami");
    bob.expect("whoami", |line| line.contains("127.77."));
    assert!(bob.waiting().iter().all(|line| is_harmless(line)), "{:?}", bob.waiting());

    let mut cyd = world.peer_with("cyd", &["--accept", "all"]);
    ann.ask(&["chat", "cyd"]).expect_ok();
    ann.deliver("cyd", NASTY);
    cyd.expect("the exact text", |e| is_message(e, "ann", NASTY));
}

#[test]
fn nothing_is_coloured_on_a_pipe_or_when_told_not_to() {
    let world = World::new();
    for (name, value) in [("TERM", "xterm-256color"), ("TERM", "dumb"), ("NO_COLOR", "1")] {
        for words in [&["--help"], &["whoami"], &["help"]] {
            let mut command = world.signed("ann");
            let ended = Process::start(command.env(name, value).args(words)).ended();
            assert!(!ended.expect_ok().contains('\u{1b}'), "{words:?}: {ended:?}");
        }
    }
}

#[test]
fn a_refusal_repeats_a_name_harmlessly() {
    let world = World::new();
    let ended = world.once("ann", &["lookup", "\u{1b}[31mred"]);
    let line = ended.expect_refusal(2);
    assert!(is_harmless(line), "{line:?}");
}
