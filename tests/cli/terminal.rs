//! Somebody at a terminal: the real program at a pseudo-terminal, and the screens that it makes.

use crate::support::pty::Pty;
use crate::support::{Peer, Process, World, hobnob, is_message};
use rustix::process::Signal;
use rustix::termios::LocalModes;
use std::fs;
use std::process::Command;

const WIDE: (u16, u16) = (80, 12);

/// Somebody signed in at a terminal that is empty but for the prompt.
fn typist(world: &World, name: &str, (columns, rows): (u16, u16)) -> Pty {
    let mut typist = Pty::start(&world.signed(name), columns, rows);
    typist.expect("ready", |rows| rows.iter().any(|row| row.contains("ready")));
    typist.keys("\x0C");
    typist.expect("a clear terminal", |rows| rows == ["> |"]);
    typist
}

/// Bob, to whom her plain lines go, and her terminal clear again.
fn friend(world: &World, ann: &mut Pty) -> Peer {
    let mut bob = world.peer("bob");
    bob.deliver("ann", "first");
    ann.expect("him", |rows| {
        let has = |text: &str| rows.iter().any(|row| row == text);
        has("bob: first") && has("* bob is online")
    });
    ann.keys("/to bob\r");
    ann.expect("the prompt", |rows| rows.last().is_some_and(|row| row == "bob> |"));
    ann.keys("\x0C");
    ann.expect("a clear terminal", |rows| rows == ["bob> |"]);
    bob
}

fn is_raw(pty: &Pty) -> bool {
    !pty.modes().local_modes.contains(LocalModes::ICANON)
}

#[test]
fn what_arrives_while_typing_is_above_the_line() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    let mut bob = friend(&world, &mut ann);
    ann.keys("hello wor");
    ann.expect_end(&["bob> hello wor|"]);
    bob.deliver("ann", "hi there");
    ann.expect_end(&["bob: hi there", "bob> hello wor|"]);
    ann.keys("\x1B[D\x1B[D");
    // The terminal of these tests passes over U+FFFD, which stands for the escape.
    bob.deliver("ann", "you\x1B[2J\nthere?");
    ann.expect_end(&["bob: you[2J", "    there?", "bob> hello w|or"]);
    ann.keys("\x15\x0B/msg bob two words\r");
    bob.expect("her words", |e| is_message(e, "ann", "two words"));
    ann.expect("an empty line", |rows| rows.last().is_some_and(|row| row == "bob> |"));
    let said = "bob> /msg bob two words".to_owned();
    assert!(ann.shown().contains(&said), "what was said stays");
}

#[test]
fn a_letter_costs_one_letter_and_silence_costs_nothing() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    let before = ann.bytes().len();
    for (n, letter) in "hello".char_indices() {
        ann.keys(&letter.to_string());
        ann.expect_end(&[&format!("> {}|", &"hello"[..=n])]);
    }
    assert_eq!(ann.bytes()[before..], *b"hello");
}

#[test]
fn another_width_leaves_no_trace_of_the_old() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    let mut bob = friend(&world, &mut ann);
    bob.deliver("ann", "hi");
    ann.keys("hello");
    ann.expect_end(&["bob: hi", "bob> hello|"]);
    ann.resize(30, 8);
    ann.keys(", this is a line that wraps");
    ann.expect_end(&["bob: hi", "bob> hello, this is a line tha", "t wraps|"]);
    ann.resize(50, 8);
    ann.keys("!");
    ann.expect("the line whole", |rows| {
        rows.last().is_some_and(|row| row == "bob> hello, this is a line that wraps!|")
    });
}

#[test]
fn a_paste_is_sent_line_by_line_and_a_long_one_is_asked_about() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    let mut bob = world.peer("bob");
    ann.keys("/chat bob\r");
    bob.expect("an offer", |e| e["state"] == "offered");
    bob.ask(&["accept", "ann"]).expect_ok();
    ann.expect("his presence", |rows| rows.iter().any(|row| row.ends_with("* bob is online")));
    ann.expect_end(&["bob> |"]);
    ann.keys("\x1B[200~one\r\n/two\r\nrest\x1B[201~");
    bob.expect("a line", |e| is_message(e, "ann", "one"));
    bob.expect("a line that is no verb", |e| is_message(e, "ann", "/two"));
    ann.expect_end(&["bob> one", "bob> /two", "bob> rest|"]);
    ann.keys("\x15");
    let long: Vec<String> = (1..=6).map(|n| format!("line {n}")).collect();
    ann.keys(&format!("\x1B[200~{}\x1B[201~", long.join("\n") + "\n"));
    ann.expect_end(&["bob> /two", "send 6 lines to bob? y/n |"]);
    ann.keys("y");
    for line in &long {
        bob.expect("a line", |e| is_message(e, "ann", line));
    }
    ann.expect_end(&["bob> line 5", "bob> line 6", "bob> |"]);
}

#[test]
fn tab_completes_verbs_names_ids_and_paths_and_says_what_the_verb_takes() {
    let world = World::new();
    let folder = world.home("a folder");
    fs::create_dir_all(&folder).expect("ours");
    fs::write(folder.join("photo.png"), "x").expect("ours");
    let mut ann = typist(&world, "ann", (100, 12));
    let mut bob = world.peer("bob");
    let _carol = world.peer("carol");
    bob.deliver("ann", "hi");
    ann.keys("/ms\tb\thi\r");
    bob.expect("her words", |e| is_message(e, "ann", "hi"));
    ann.keys("/gro\t");
    ann.expect("half a verb", |rows| rows.iter().any(|row| row.ends_with("> /group |")));
    ann.keys("\t\t");
    ann.expect("the choices", |rows| {
        rows.iter().any(|row| row.contains("group create") && row.contains("group kick"))
    });
    ann.keys("\x15/send bo\t");
    ann.expect("the hint", |rows| {
        rows.iter().any(|row| row.ends_with("> /send bob |"))
            && rows.last().is_some_and(|row| row.starts_with("send NAME PATH: "))
    });
    ann.keys(&format!("'{}/a f\tph\t", world.home("").display().to_string().trim_end_matches('/')));
    let whole = format!("{}/photo.png' |", folder.display());
    ann.expect("the path", |rows| rows.iter().any(|row| row.ends_with(&whole)));
    ann.keys("\x15/msg nobody later\r");
    ann.expect("it waits", |rows| rows.iter().any(|row| row.contains("nobody")));
    ann.keys("/history --l\t");
    ann.expect("an option", |rows| rows.iter().any(|row| row.ends_with("> /history --limit |")));
}

#[test]
fn only_who_asks_is_offered_to_be_accepted_and_whoever_is_there_to_be_left() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    let mut bob = world.peer("bob");
    let mut carol = world.peer("carol");
    for peer in [&mut bob, &mut carol] {
        peer.deliver("ann", "hi");
    }
    carol.send(&["chat", "ann"]);
    ann.expect("her wish", |rows| rows.iter().any(|row| row.contains("carol wants to talk")));
    ann.keys("/acc\t\t");
    ann.expect("her name", |rows| rows.iter().any(|row| row.ends_with("> /accept carol |")));
    ann.keys("\r");
    ann.expect("the session", |rows| rows.last().is_some_and(|row| row.ends_with("carol> |")));
    ann.keys("/clo\t\t");
    ann.expect("her name", |rows| rows.iter().any(|row| row.ends_with("> /close carol |")));
}

#[test]
fn lines_typed_before_come_back_in_the_next_run() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    ann.keys("/lookup nobody\r secret\r/whoami\r");
    ann.expect("both answered", |rows| rows.last().is_some_and(|row| row == "> |"));
    ann.keys("\x04");
    assert_eq!(ann.ended(), 0);
    let mut ann = typist(&world, "ann", WIDE);
    ann.keys("\x1B[A");
    ann.expect("the last line", |rows| rows[0] == "> /whoami|");
    ann.keys("\x15\x12loo");
    ann.expect("the line found", |rows| rows[0] == "search 'loo': /|lookup nobody");
    ann.keys("\x07");
    ann.expect_end(&["> |"]);
    let kept = fs::read_to_string(world.home("ann").join("typed")).expect("it is kept");
    assert_eq!(kept, "/lookup nobody\n/whoami\n");
}

/// A shell in which somebody's program runs.
fn shell_with(world: &World, name: &str) -> Pty {
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "sh$ ").env("TERM", "xterm");
    let mut shell = Pty::start(&shell, 80, 24);
    shell.expect_end(&["sh$ |"]);
    let signed = world.signed(name);
    let words: Vec<_> = signed.get_args().map(|word| word.to_string_lossy()).collect();
    let program = signed.get_program().to_string_lossy();
    shell.keys(&format!("{program} {}\r", words.join(" ")));
    shell.expect("ready", |rows| rows.iter().any(|row| row.contains("ready")));
    shell
}

#[test]
fn a_draft_is_never_sent_unseen_by_what_is_typed_after_fg() {
    for (keys, shown) in [("ne\r", "> half a line|"), ("\x03", "> |"), ("\x04", "> half a li|")] {
        let world = World::new();
        let mut shell = shell_with(&world, "ann");
        let job = shell.foreground();
        shell.keys("half a li");
        shell.expect_end(&["> half a li|"]);
        shell.keys("\x1A");
        shell.expect_end(&["sh$ |"]);
        shell.keys("bg\r");
        shell.expect("what to do", |rows| rows.iter().any(|row| row.contains("after fg press")));
        shell.keys("fg\r");
        shell.expect_foreground(job);
        shell.keys(keys);
        shell.expect_end(&[shown]);
        shell.keys("\x15/quit\r");
        shell.expect("the shell", |rows| rows.last().is_some_and(|row| row == "sh$ |"));
        assert!(!shell.shown().iter().any(|row| row.starts_with("! ")), "nothing was sent");
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let world = World::new();
    let mut shell = shell_with(&world, "ann");
    shell.keys("half a li");
    shell.expect_end(&["> half a li|"]);
    shell.keys("\x1A");
    shell.expect("the shell", |rows| {
        rows.iter().any(|row| row.contains("Stopped"))
            && rows.last().is_some_and(|row| row == "sh$ |")
    });
    shell.keys("stty -a | grep -c -- -icanon; bg\r");
    shell.expect("cooked", |rows| rows.iter().any(|row| row == "0"));
    let mut bob = world.peer("bob");
    bob.deliver("ann", "in the background");
    shell.expect("a plain line", |rows| rows.iter().any(|row| row.contains("bob: in the back")));
    shell.keys("\rfg\r");
    bob.deliver("ann", "in the foreground");
    shell.expect("the line", |rows| {
        rows.iter().any(|row| row == "bob: in the foreground")
            && rows.last().is_some_and(|row| row.ends_with("> half a li|"))
    });
    shell.keys("ne\x15/quit\r");
    shell.expect("the shell", |rows| rows.last().is_some_and(|row| row == "sh$ |"));
}

#[test]
fn no_escape_is_written_to_a_dumb_terminal_or_without_colour() {
    for (name, value) in [("TERM", "dumb"), ("NO_COLOR", "1")] {
        let world = World::new();
        let mut ann = Pty::start(world.signed("ann").env(name, value), 80, 12);
        ann.expect("ready", |rows| rows.iter().any(|row| row.contains("ready")));
        assert!(!is_raw(&ann));
        ann.keys("/whoami\n");
        ann.expect("an answer", |rows| rows.iter().any(|row| row.starts_with("fingerprint  ")));
        ann.keys("\x04");
        assert_eq!(ann.ended(), 0);
        assert!(!ann.bytes().contains(&0x1B), "{name}={value}");
    }
}

#[test]
fn the_terminal_is_put_back_on_every_way_out() {
    let world = World::new();
    for (way, code) in [("\x04", 0), ("/quit\r", 0), ("TERM", 0), ("HUP", 0), ("INT", 0)] {
        let mut ann = Pty::start(&world.signed("ann"), 80, 12);
        let before = ann.modes();
        ann.expect("ready", |rows| rows.iter().any(|row| row.contains("ready")));
        assert!(is_raw(&ann), "{way}");
        match way {
            "TERM" => ann.signal(Signal::TERM),
            "HUP" => ann.signal(Signal::HUP),
            "INT" => ann.signal(Signal::INT),
            keys => ann.keys(keys),
        }
        assert_eq!(ann.ended(), code, "{way}");
        let after = ann.modes();
        assert_eq!(after.local_modes, before.local_modes, "{way}");
        assert_eq!(after.input_modes, before.input_modes, "{way}");
        ann.expect("a clean end", |rows| {
            rows.last().is_some_and(|row| row == "|" || !row.contains('>'))
        });
        let bytes = ann.bytes();
        let off = bytes.windows(8).rposition(|part| part == b"\x1B[?2004l");
        let on = bytes.windows(8).rposition(|part| part == b"\x1B[?2004h");
        assert!(on < off, "bracketed paste is off again, {way}");
    }
}

#[test]
fn a_failure_is_told_on_a_line_of_its_own_and_the_terminal_is_put_back() {
    let (world, other) = (World::new(), World::new());
    let (at, key) = (world.at(), other.at());
    let at = format!("{}#{}", at.split('#').next().unwrap(), key.split('#').nth(1).unwrap());
    let mut ann =
        Pty::start(hobnob(&world.home("ann")).args(["--name", "ann", "--server", &at]), 200, 12);
    let before = ann.modes();
    assert_eq!(ann.ended(), 5);
    ann.expect("why", |rows| rows.iter().any(|row| row.starts_with("hobnob: ")));
    assert_eq!(ann.modes().local_modes, before.local_modes);
}

#[test]
fn ctrl_c_clears_the_line_and_says_how_to_leave() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    ann.keys("hello\x03");
    ann.keys("x");
    ann.expect_end(&["> x|"]);
    ann.keys("\x03\x03");
    ann.expect_end(&["* leave with /quit or Ctrl-D", "> |"]);
}

#[test]
fn wide_letters_and_marks_stand_where_they_belong() {
    let world = World::new();
    let mut ann = typist(&world, "ann", (20, 8));
    ann.keys("你好e\u{301}x\x02\x02");
    ann.expect_end(&["> 你好|e\u{301}x"]);
    ann.keys("\x7F\x7F");
    ann.expect_end(&["> |e\u{301}x"]);
    ann.keys("\x04\x04");
    ann.expect_end(&["> |"]);
}

#[test]
fn what_is_logged_does_not_tear_the_line() {
    let world = World::new();
    let mut ann = Pty::start(world.signed("ann").arg("-vv"), 80, 24);
    ann.expect("ready", |rows| rows.iter().any(|row| row.contains("ready")));
    ann.keys("hello");
    ann.expect_end(&["> hello|"]);
    let mut bob = world.peer("bob");
    bob.deliver("ann", "hi");
    ann.expect("her line whole", |rows| {
        rows.iter().any(|row| row == "bob: hi")
            && rows.last().is_some_and(|row| row.ends_with("> hello|"))
    });
}

#[test]
fn an_open_line_is_silent() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    ann.keys("half a li");
    ann.expect_end(&["> half a li|"]);
    let pid = ann.pid().as_raw_pid().to_string();
    let table = world.home("ann.trace");
    let mut may = Command::new("sh");
    may.args(["-c", "command -v strace && strace -f -o /dev/null true"]);
    if Process::start(&mut may).ended().code != 0 {
        println!("skipped: strace is not installed or may not trace here");
        return;
    }
    let mut trace = Command::new("sh");
    let script = "timeout -s INT 3 strace -f -c -o \"$1\" -p \"$2\" 2>&1";
    trace.args(["-c", script, "sh"]).arg(&table).arg(&pid);
    Process::start(&mut trace).ended();
    assert_eq!(fs::read_to_string(&table).expect("strace has written its table"), "");
    ann.keys("ne");
    ann.expect_end(&["> half a line|"]);
}

#[test]
fn close_means_the_person_in_the_prompt_and_an_empty_answer_is_said() {
    let world = World::new();
    let mut ann = typist(&world, "ann", WIDE);
    let mut others = [world.peer("bob"), world.peer("carol")];
    for other in &mut others {
        let name = other.name();
        ann.keys(&format!("/chat {name}\r"));
        other.expect("an offer", |e| e["state"] == "offered");
        other.ask(&["accept", "ann"]).expect_ok();
    }
    ann.expect("both", |rows| rows.iter().any(|row| row.ends_with("* carol is online")));
    ann.expect("the latter", |rows| rows.last().is_some_and(|row| row == "carol> |"));
    ann.keys("/close\r");
    ann.expect("his end", |rows| {
        rows.iter().any(|row| row.contains("* session with carol closed"))
    });
    ann.keys("/outbox\r");
    ann.expect("nothing", |rows| rows.iter().any(|row| row == "* none"));
    ann.keys("/private\r");
    ann.expect("a word", |rows| rows.iter().any(|row| row == "* done"));
}
