//! The one table of verbs. Slash lines, JSON lines, argv, `/help`, `--help` and README's table
//! all come from it.

mod files;
mod friends;
mod groups;
mod messages;
mod presence;
mod program;
mod runs;
mod sessions;
mod shape;

pub use self::shape::{Arg, Kind};

use super::Request;
use super::args::{self, Args, Bad};
use crate::proto::limits;
use crate::proto::model::command::Verb;
use crate::proto::model::event::Stage;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Refusal;
use crate::proto::time::Wall;

/// A verb: how it is called, what it takes, what it becomes.
#[derive(Debug)]
pub struct VerbRow {
    /// Its word or words.
    pub word: &'static str,
    /// Other spellings, those of older systems among them. Case does not matter in any.
    pub aliases: &'static [&'static str],
    /// What stands behind it.
    pub args: &'static [Arg],
    /// What it does, in a line.
    pub help: &'static str,
    parse: fn(&mut Args<'_>, Defaults) -> Result<Request, Bad>,
}

impl PartialEq for VerbRow {
    fn eq(&self, other: &VerbRow) -> bool {
        self.word == other.word
    }
}

impl Eq for VerbRow {}

/// What a line need not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// How far a message must come for its verb to be done.
    pub until: Stage,
    /// The moment that spans of time count from.
    pub now: Wall,
}

/// Every verb, by what it is about, in the order that help lists them.
pub static SECTIONS: [(&str, &[VerbRow]); 8] = [
    ("Presence", presence::ROWS),
    ("Sessions", sessions::ROWS),
    ("Friends", friends::ROWS),
    ("Messages", messages::ROWS),
    ("Groups", groups::ROWS),
    ("Files", files::ROWS),
    ("Commands", runs::ROWS),
    ("Program", program::ROWS),
];

/// Every verb.
pub fn rows() -> impl Iterator<Item = &'static VerbRow> {
    SECTIONS.iter().flat_map(|(_, rows)| *rows)
}

impl VerbRow {
    /// The verb that `args` begins with, its words taken off; of two that fit, the longer.
    pub fn find(args: &mut Args<'_>) -> Result<&'static VerbRow, Bad> {
        let mut best: Option<(&VerbRow, Args<'_>)> = None;
        let mut most_words = 0;
        for row in rows() {
            for spelling in row.spellings() {
                let words = spelling.split(' ').count();
                if words > most_words
                    && let Some(rest) = after(args, spelling)
                {
                    best = Some((row, rest));
                    most_words = words;
                }
            }
        }
        match best {
            Some((row, rest)) => {
                *args = rest;
                Ok(row)
            }
            None => {
                let word = args.word().unwrap_or_default();
                let is_half = VerbRow::family(Some(word.clone())).next().is_some();
                Err(match is_half {
                    true => Bad::Half(word),
                    false => Bad::Verb(word),
                })
            }
        }
    }

    /// The verbs of two words that begin with this one.
    fn family(first: Option<String>) -> impl Iterator<Item = &'static VerbRow> {
        let first = first.unwrap_or_default();
        let is_first = move |word: &str| word.eq_ignore_ascii_case(&first);
        rows().filter(move |row| row.word.split_once(' ').is_some_and(|(word, _)| is_first(word)))
    }

    /// What the verb with these arguments asks for.
    pub fn request(&'static self, args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
        let request = (self.parse)(args, defaults)?;
        if args.is_empty() { Ok(request) } else { Err(Bad::Usage(self.usage())) }
    }

    /// How it is written: `msg NAME[,NAME…] TEXT`.
    pub fn usage(&self) -> String {
        let mut usage = self.word.to_owned();
        for arg in self.args {
            usage.push(' ');
            usage.push_str(&match arg {
                Arg::Must(kind) => kind.word().to_owned(),
                Arg::May(kind) => format!("[{}]", kind.word()),
                Arg::Option(name, kind) => format!("[{name} {}]", kind.word()),
                Arg::Flag(name) => format!("[{name}]"),
            });
        }
        usage
    }

    /// Whether the rest of the line is text, or a command, behind the first argument.
    pub fn takes_text(&self) -> bool {
        self.args.iter().any(|arg| matches!(arg, Arg::Must(Kind::Text | Kind::Command)))
    }

    /// Which of its arguments is a path, if one is; options are not counted.
    pub fn path_at(&self) -> Option<usize> {
        let kinds = self.args.iter().filter_map(|arg| match arg {
            Arg::Must(kind) | Arg::May(kind) => Some(*kind),
            Arg::Option(..) | Arg::Flag(_) => None,
        });
        kinds.into_iter().position(|kind| matches!(kind, Kind::Path | Kind::Wav))
    }

    /// The option of it whose value is a path, if one is.
    pub fn path_option(&self) -> Option<&'static str> {
        self.args.iter().find_map(|arg| match arg {
            Arg::Option(name, Kind::Path) => Some(*name),
            Arg::Option(..) | Arg::Must(_) | Arg::May(_) | Arg::Flag(_) => None,
        })
    }

    /// Its options, each with whether it takes a value.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Option(name, _) => Some((*name, true)),
            Arg::Flag(name) => Some((*name, false)),
            Arg::Must(_) | Arg::May(_) => None,
        })
    }

    fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.word).chain(self.aliases.iter().copied())
    }
}

/// What is left of `args` after the words of `spelling`, if it begins with them.
fn after<'a>(args: &Args<'a>, spelling: &str) -> Option<Args<'a>> {
    let mut rest = args.clone();
    for expected in spelling.split(' ') {
        if !rest.word()?.eq_ignore_ascii_case(expected) {
            return None;
        }
    }
    Some(rest)
}

fn row(word: &str) -> &'static VerbRow {
    rows().find(|row| row.word == word).expect("each parse function names its own row")
}

fn missing(word: &str) -> Bad {
    Bad::Usage(row(word).usage())
}

fn ask(verb: Verb) -> Result<Request, Bad> {
    Ok(Request::Ask(verb))
}

fn must_person(args: &mut Args<'_>, verb: &str) -> Result<Target, Bad> {
    args::person(&args.word().ok_or_else(|| missing(verb))?)
}

fn must_id(args: &mut Args<'_>, verb: &str) -> Result<String, Bad> {
    args::id(args.word().ok_or_else(|| missing(verb))?)
}

fn may_person(args: &mut Args<'_>) -> Result<Option<Target>, Bad> {
    args.word().map(|word| args::person(&word)).transpose()
}

/// A text no longer than a message may be.
pub fn bounded(text: String) -> Result<String, Bad> {
    match text.len() {
        bytes if bytes > limits::TEXT_MAX_BYTES => Err(Bad::Refused(Refusal::TextTooLong(bytes))),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests;
