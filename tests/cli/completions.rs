//! What each shell offers for a line that is being typed, asked of the shell itself.

use crate::support::{Process, World, nobody_there};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines with what may end them: all of it, in order of the alphabet.
const OFFERS: [(&str, &[&str]); 28] = [
    ("hobnob gro", &["group"]),
    ("hobnob group s", &["say"]),
    ("hobnob GROUP say ", &["climbers"]),
    ("hobnob who", &["who", "whoami"]),
    ("hobnob msg b", &["bob"]),
    ("hobnob MESSAGE b", &["bob"]),
    ("hobnob msg bob,", &["bob,bob"]),
    ("hobnob msg bob ", &[]),
    ("hobnob msg bob --wa", &[]),
    ("hobnob msg --wait held b", &["bob"]),
    ("hobnob --wait h", &["held"]),
    ("hobnob history --lim", &["--limit"]),
    ("hobnob history --wa", &["--wait"]),
    ("hobnob history ", &["bob", "climbers"]),
    ("hobnob history --limit 3 c", &["climbers"]),
    ("hobnob search x --with c", &["climbers"]),
    ("hobnob wait --event mes", &["message"]),
    ("hobnob group invite climbers b", &["bob"]),
    ("hobnob send bob src/pro", &["src/proto/"]),
    ("hobnob run bob ", &[]),
    ("hobnob help his", &["history"]),
    ("hobnob --on mes", &["message"]),
    ("hobnob --on message cmd lis", &["listen"]),
    ("hobnob --home @BOB msg a", &["ann"]),
    ("hobnob --home=@BOB msg a", &["ann"]),
    ("hobnob --home @HOOKED msg ", &[]),
    ("hobnob export --out Cargo.t", &["Cargo.toml"]),
    ("hobnob --home /nonexistent/here msg ", &[]),
];

/// Two friends of whom one leads a group; both rest.
fn profiles() -> World {
    let mut world = World::new();
    let mut bob = world.peer("bob");
    world.once("ann", &["group", "create", "climbers"]).expect_ok();
    bob.ask(&["add", "ann"]).expect_ok();
    world.once("ann", &["confirm", "bob"]).expect_ok();
    bob.expect("a friend", |event| event["event"] == "friend" && event["state"] == "confirmed");
    bob.stop();
    world.server.stop();
    copy(&world.home("ann"), &world.home("hooked"));
    let hook = format!("on = all touch {}\n", world.home("trace").display());
    fs::write(world.home("hooked").join("config"), hook).expect("ours");
    world
}

fn copy(profile: &Path, to: &Path) {
    fs::create_dir(to).expect("the scratch folder is writable");
    for entry in fs::read_dir(profile).expect("it can be listed").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("files of a profile at rest");
    }
}

/// A shell that reads lines and says what it offers for each; `None` where it is not installed.
fn shell(world: &World, name: &str, args: &[&str], script: &str) -> Option<Process> {
    let is_there = Command::new(name).arg("--version").output().is_ok();
    if !is_there {
        println!("skipped: {name} is not installed");
        return None;
    }
    let hobnob = Path::new(env!("CARGO_BIN_EXE_hobnob"));
    let path = std::env::var("PATH").unwrap_or_default();
    let programs = hobnob.parent().expect("it is in a folder");
    let mut command = Command::new(name);
    command.args(args).args(["-c", script]).arg(share()).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("PATH", format!("{}:{path}", programs.display()));
    command.env("HOBNOB_HOME", world.home("ann")).env("HOME", world.home("nobody"));
    command.env("HOBNOB_SERVER", nobody_there().to_string());
    Some(Process::start(&mut command))
}

fn share() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/share")
}

fn typed(world: &World, line: &str) -> String {
    let home = |name| world.home(name).display().to_string();
    line.replace("@BOB", &home("bob")).replace("@HOOKED", &home("hooked"))
}

/// Demands that the shell offers what it should for each line.
fn assert_offers(world: &World, mut shell: Process) {
    for (line, offers) in OFFERS {
        shell.say(&typed(world, line));
        let said = shell.expect("an answer", |_| true);
        let mut said: Vec<&str> = said.split_whitespace().collect();
        said.sort_unstable();
        assert_eq!(said, offers, "{line}");
    }
    let ended = shell.ended();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert!(!world.home("trace").exists(), "no hook is run");
}

#[test]
fn bash_offers_what_may_stand_there() {
    let world = profiles();
    let script = r#"
        . "$0/bash-completion/completions/hobnob"
        compopt() { [[ $* != '-o filenames' ]] || is_path=yes; }
        while IFS= read -r line; do
            read -ra COMP_WORDS <<<"${line//=/ = }"
            [[ $line != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) is_path=
            _hobnob
            for offer in "${COMPREPLY[@]}"; do
                [[ -z $is_path || ! -d $offer ]] || offer+=/
                printf '%s ' "$offer"
            done
            echo
        done"#;
    let Some(shell) = shell(&world, "bash", &["--norc"], script) else { return };
    assert_offers(&world, shell);
}

#[test]
fn fish_offers_what_may_stand_there() {
    let world = profiles();
    let script = r#"
        source $argv[1]/fish/vendor_completions.d/hobnob.fish
        while read -l line
            echo (complete -C $line | string replace -r '\t.*' '')
        end"#;
    let Some(shell) = shell(&world, "fish", &["--no-config"], script) else { return };
    assert_offers(&world, shell);
}

/// What zsh makes of a line when Tab is pressed at its end, in a terminal of its own.
#[test]
fn zsh_offers_what_may_stand_there() {
    let world = profiles();
    let script = r#"
        zmodload zsh/zpty
        zpty -b term zsh -f -i
        zpty -w term "fpath=($0/zsh/site-functions \$fpath); autoload -U compinit; compinit -u -D;
            bindkey ^I complete-word; setopt no_list_beep no_auto_menu; stty columns 400;
            show() { zle -I; print -r -- \"<<\$BUFFER>>\"; zle kill-buffer }; zle -N show;
            bindkey ^T show; print ready-\$((1 + 1))"
        zpty -r -m term out '*ready-2*'
        while IFS= read -r line; do
            zpty -w -n term "$line"$'\t\x14'
            zpty -r -m term out '*<<*>>*'
            print -r -- "${${out##*<<}%%>>*}"
        done
        zpty -d term"#;
    let Some(mut shell) = shell(&world, "zsh", &["-f"], script) else { return };
    for (line, offers) in OFFERS {
        let [offer] = offers else { continue };
        let line = typed(&world, line);
        shell.say(&line);
        let said = shell.expect("the line again", |_| true);
        let (before, _) = line.rsplit_once(' ').expect("a word is being typed");
        assert_eq!(said.trim_end_matches([' ', '=']), format!("{before} {offer}"));
    }
    assert_eq!(shell.ended().code, 0);
}
