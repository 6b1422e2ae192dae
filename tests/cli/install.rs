//! `scripts/install`, into a folder of its own.

use crate::support::{Ended, Process, Scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn install(destination: &Path, args: &[&str]) -> Ended {
    let mut command = script();
    Process::start(command.env("DESTDIR", destination).args(args)).ended()
}

/// The script with the programs that are built already.
fn script() -> Command {
    let programs = Path::new(env!("CARGO_BIN_EXE_hobnob")).parent().expect("it is in a folder");
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install"));
    command.env("HOBNOB_BIN_DIR", programs);
    command
}

/// Every file below a folder, from there on.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be listed").flatten() {
        match entry.path().is_dir() {
            true => all.extend(files(&entry.path())),
            false => all.push(entry.path()),
        }
    }
    all.sort();
    all
}

#[test]
fn what_is_installed_runs_and_is_gone_again_but_nothing_else() {
    let scratch = Scratch::new();
    let root = scratch.join("root");
    let said = install(&root, &["/opt/hobnob"]);
    let said: Vec<PathBuf> = said.expect_ok().lines().map(PathBuf::from).collect();
    let found = files(&root);
    assert_eq!(said.len(), found.len(), "each file is said: {said:?}");
    assert!(said.iter().all(|path| found.contains(path)), "{said:?}");
    let prefix = root.join("opt/hobnob");
    for program in ["hobnob", "hobnobd"] {
        let version = Command::new(prefix.join("bin").join(program)).arg("--version").output();
        let version = version.expect("it can be run").stdout;
        assert!(version.starts_with(format!("{program} ").as_bytes()));
    }
    let unit = fs::read_to_string(prefix.join("share/systemd/user/hobnob.service"));
    let unit = unit.expect("a unit is text");
    assert!(unit.contains("\nExecStart=/opt/hobnob/bin/hobnob listen\n"), "{unit}");

    let other = prefix.join("share/man/man1/other.1");
    fs::write(&other, "").expect("the scratch folder is writable");
    install(&root, &["--uninstall", "/opt/hobnob/"]).expect_ok();
    assert_eq!(files(&root), [other]);
    assert!(!prefix.join("bin").exists(), "empty folders go, too");
}

#[test]
fn systemd_has_nothing_to_say_against_the_units() {
    let scratch = Scratch::new();
    let prefix = scratch.join("prefix");
    let prefix = prefix.to_str().expect("a path in UTF-8");
    install(Path::new(""), &[prefix]).expect_ok();
    for (unit, args) in [
        ("lib/systemd/system/hobnobd.service", &["verify", "--man=no"][..]),
        ("share/systemd/user/hobnob.service", &["--user", "verify", "--man=no"]),
    ] {
        let mut command = Command::new("systemd-analyze");
        command.args(args).arg(format!("{prefix}/{unit}")).env("XDG_RUNTIME_DIR", prefix);
        let Ok(output) = command.output() else {
            return println!("skipped: systemd-analyze is not installed");
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains(unit), "{unit}: {said}");
    }
}

#[test]
fn a_wrong_command_line_of_the_script_installs_nothing() {
    let scratch = Scratch::new();
    let root = scratch.join("root");
    for words in [&["--nope"][..], &["/a", "/b"], &[""]] {
        let ended = install(&root, words);
        assert_eq!(ended.code, 1, "{words:?}");
        assert!(ended.err.starts_with("install: usage: "), "{ended:?}");
        assert!(!root.exists());
    }
}

#[test]
fn a_prefix_may_have_any_letters_and_units_name_the_programs_there() {
    let scratch = Scratch::new();
    install(&scratch.join("root"), &["/opt/R&D | 5% \\ own"]).expect_ok();
    let unit = scratch.join("root/opt/R&D | 5% \\ own/share/systemd/user/hobnob.service");
    let unit = fs::read_to_string(unit).expect("a unit is text");
    let start = "\nExecStart=\"/opt/R&D | 5%% \\\\ own/bin/hobnob\" listen\n";
    assert!(unit.contains(start), "{unit}");
}

#[test]
fn without_both_programs_nothing_is_installed() {
    let scratch = Scratch::new();
    let root = scratch.join("root");
    let mut command = script();
    command.env("HOBNOB_BIN_DIR", scratch.join("none")).env("DESTDIR", &root);
    let ended = Process::start(&mut command).ended();
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.ends_with("/hobnob: no such program\n") && !root.exists(), "{ended:?}");
}
