//! Commands that one person asks to run on another's machine.

use super::person::Fingerprint;
use crate::proto::id::MsgId;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// The exact words of a command, program first. Never through a shell.
pub type Argv = Vec<String>;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Asked for; theirs to answer.
    Asked,
    /// It runs.
    Allowed,
    /// They will not.
    Denied,
    /// It wrote something.
    Output,
    /// It ended by itself.
    Exited,
    /// It did not run, or was ended.
    Failed,
}

/// A standing yes: exactly this command line, for exactly this friend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Ours for it.
    pub id: MsgId,
    /// For whom.
    pub to: Fingerprint,
    /// For what.
    pub argv: Argv,
    /// Not from this moment on; `None` has no end.
    pub until: Option<Wall>,
}

/// A command that has been asked for and has not ended, as a profile keeps it: what a program that
/// was killed left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRun {
    /// The asker's id for it.
    pub id: MsgId,
    /// The other side.
    pub with: Fingerprint,
    /// Whether we asked.
    pub is_ours: bool,
    /// What.
    pub argv: Argv,
}

/// A command line as one line: words that hold anything unusual are in single quotes, as in sh.
pub fn line_of(argv: &[String]) -> String {
    let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_reads_as_sh_would_have_it() {
        let argv = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(line_of(&argv(&["ls", "-l", "/tmp"])), "ls -l /tmp");
        assert_eq!(line_of(&argv(&["echo", "$HOME;", "id"])), "echo '$HOME;' id");
        assert_eq!(line_of(&argv(&["echo", "it's", ""])), r"echo 'it'\''s' ''");
    }
}
