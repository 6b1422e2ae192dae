use super::*;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;

/// Set for the test below when it is to panic at a terminal.
const TOLD: &str = "HOBNOB_TEST_PANIC";
const ME: &str = "shell::client::terminal::tty::tests::panics_at_a_terminal_when_told";
const IS_RAW: &str = "it is raw\n";

#[test]
fn panics_at_a_terminal_when_told() {
    if std::env::var_os(TOLD).is_none() {
        return;
    }
    give_back_on_panic();
    take().expect("a terminal");
    write(IS_RAW.as_bytes());
    io::stdin().read_exact(&mut [0]).expect("a key");
    panic!("told to");
}

#[test]
fn a_panic_puts_the_terminal_back() {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let slave = File::from(rustix::fs::open(name, flags, Mode::empty()).expect("its other end"));
    let before = tcgetattr(&slave).expect("a terminal");
    let end = || slave.try_clone().expect("a descriptor");
    let me = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new("setsid")
        .arg("--ctty")
        .arg(me)
        .args(["--exact", ME, "--nocapture"])
        .env(TOLD, "1")
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .expect("setsid is there");
    let mut master = File::from(master);
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(IS_RAW.trim_end()) {
        let mut byte = [0];
        master.read_exact(&mut byte).expect("it says so");
        seen.extend(byte);
    }
    let raw = tcgetattr(&slave).expect("a terminal");
    assert!(!raw.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
    master.write_all(b"x").expect("it waits for a key");
    assert!(!child.wait().expect("our child").success());
    let after = tcgetattr(&slave).expect("a terminal");
    assert_eq!(after.local_modes, before.local_modes);
    assert_eq!(after.input_modes, before.input_modes);
    drop(slave);
    let mut rest = Vec::new();
    let _ = master.read_to_end(&mut rest);
    let rest = String::from_utf8_lossy(&rest).into_owned();
    let (off, why) = (rest.find("\x1B[?2004l"), rest.find("told to"));
    assert!(off.is_some() && off < why, "first it is put back, then said why: {rest:?}");
}

#[test]
fn nobody_edits_without_a_terminal_that_can() {
    let with = |term: &'static str, plain: &'static str| {
        move |name: &str| match name {
            "TERM" => Some(term.into()),
            _ => Some(plain.into()),
        }
    };
    let has_terminal = isatty(stdin()) && isatty(stdout());
    assert_eq!(is_editable(&with("xterm", "")), has_terminal);
    assert!(!is_editable(&with("dumb", "")));
    assert!(!is_editable(&with("", "")));
    assert!(!is_editable(&with("xterm", "1")));
    assert!(!is_editable(&|_| None));
}
