//! What stands behind a verb: words one after the other, and the exact rest of the line.

use super::words;
use crate::proto::limits;
use crate::proto::model::group::GroupTarget;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::{Exit, Refusal};
use crate::proto::model::run::Argv;
use crate::proto::time::Wall;
use std::fmt;

/// Arguments not taken yet; from a line as it was typed, or from words already split.
#[derive(Clone, Debug)]
pub enum Args<'a> {
    /// The rest of a line.
    Line(&'a str),
    /// Words of argv or of a JSON line.
    Words(&'a [String]),
}

/// Why a request cannot be made of a line. `Display` is the one line that a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Something is missing or too much; the verb's usage.
    Usage(String),
    /// A word is not what belongs there; the word, and what is wrong with it.
    Word(String, &'static str),
    /// No verb goes by that name.
    Verb(String),
    /// Verbs begin with this word; another has to follow.
    Half(String),
    /// The line is not what it should be; in words.
    Line(String),
    /// Well formed, and refused all the same.
    Refused(Refusal),
}

/// An option of a verb as the table names it, `--limit`, and its value; a flag has none.
type Given = (&'static str, Option<String>);

/// Positional words and options of a verb that takes both.
#[derive(Debug, Default)]
pub struct Mixed {
    /// The words that are no option, in order.
    pub words: Vec<String>,
    options: Vec<Given>,
}

impl<'a> Args<'a> {
    /// The next word.
    pub fn word(&mut self) -> Option<String> {
        match self {
            Args::Words(words) => {
                let (first, rest) = words.split_first()?;
                *words = rest;
                Some(first.clone())
            }
            Args::Line(line) => {
                let start = line.trim_start();
                let end = start.find(char::is_whitespace).unwrap_or(start.len());
                let (word, rest) = start.split_at(end);
                // One separator goes with the word; what follows it is the exact rest.
                *line = rest.strip_prefix(char::is_whitespace).unwrap_or(rest);
                (!word.is_empty()).then(|| word.to_owned())
            }
        }
    }

    /// The next word; on a typed line, double quotes hold one together.
    fn quoted_word(&mut self) -> Option<String> {
        if let Args::Line(line) = self
            && let Some(open) = line.trim_start().strip_prefix('"')
            && let Some((inside, rest)) = open.split_once('"')
        {
            *line = rest;
            return Some(inside.to_owned());
        }
        self.word()
    }

    /// The next word; on a typed line quotes hold it together as in sh.
    pub fn quoted(&mut self) -> Result<Option<String>, Bad> {
        match self {
            Args::Words(_) => Ok(self.word()),
            Args::Line(line) => words::next(line),
        }
    }

    /// All that is left, as the exact words of a command: those of a typed line are split as sh
    /// does, others are as they are.
    pub fn words(&mut self) -> Result<Vec<String>, Bad> {
        match std::mem::replace(self, Args::Words(&[])) {
            Args::Words(words) => Ok(words.to_vec()),
            Args::Line(line) => words::split(line),
        }
    }

    /// All that is left, exact; `None` if that is nothing. Words are joined by single spaces, and
    /// an empty one is one.
    pub fn rest(&mut self) -> Option<String> {
        match std::mem::replace(self, Args::Words(&[])) {
            Args::Words(words) => (!words.is_empty()).then(|| words.join(" ")),
            Args::Line(line) => (!line.is_empty()).then(|| line.to_owned()),
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        match self {
            Args::Words(words) => words.is_empty(),
            Args::Line(line) => line.trim().is_empty(),
        }
    }

    /// Takes everything, telling options from words. `known` names each option and whether it
    /// takes a value. `--` ends the options.
    pub fn mixed(&mut self, known: &[(&'static str, bool)]) -> Result<Mixed, Bad> {
        let mut mixed = Mixed::default();
        let mut only_words = false;
        while let Some(word) = self.quoted_word() {
            if only_words || !word.starts_with("--") {
                mixed.words.push(word);
                continue;
            }
            if word == "--" {
                only_words = true;
                continue;
            }
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let name = spelled(name);
            let Some(&(name, takes_value)) = known.iter().find(|(known, _)| *known == name) else {
                return Err(Bad::Word(word, "no such option here"));
            };
            let value = match (takes_value, inline) {
                (false, None) => None,
                (false, Some(_)) => return Err(Bad::Word(word, "takes no value")),
                (true, Some(value)) => Some(value),
                (true, None) => match self.quoted_word() {
                    Some(value) => Some(value),
                    None => return Err(Bad::Word(word, "needs a value")),
                },
            };
            mixed.options.push((name, value));
        }
        Ok(mixed)
    }
}

impl Mixed {
    /// The value of an option; of several, the last.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(given, _)| *given == name);
        found.and_then(|(_, value)| value.as_deref())
    }

    /// Whether a flag was given.
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(given, _)| *given == name)
    }
}

/// An option of a verb in the spelling that the table has.
pub fn spelled(option: &str) -> &str {
    match option {
        "--anonymize" => "--anonymise",
        other => other,
    }
}

/// One person, anywhere but where a peer is dialled.
pub fn person(word: &str) -> Result<Target, Bad> {
    match Target::parse(word) {
        Some(Target::Endpoint(_)) => {
            Err(Bad::Word(word.to_owned(), "an address with a port only goes with chat"))
        }
        Some(target) => Ok(target),
        None => Err(Bad::Word(word.to_owned(), WHAT_A_NAME_IS)),
    }
}

/// Several people, by commas; each once.
pub fn people(word: &str) -> Result<Vec<Target>, Bad> {
    let mut targets = Vec::new();
    for part in word.split(',').filter(|part| !part.is_empty()) {
        let target = person(part)?;
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    match targets.is_empty() {
        true => Err(Bad::Word(word.to_owned(), WHAT_A_NAME_IS)),
        false => Ok(targets),
    }
}

/// A group: `NAME` or `NAME@LEADER`.
pub fn group(word: &str) -> Result<GroupTarget, Bad> {
    match GroupTarget::parse(word) {
        Some(GroupTarget { leader: Some(Target::Endpoint(_)), .. }) | None => {
            Err(Bad::Word(word.to_owned(), "not a group (NAME or NAME@LEADER)"))
        }
        Some(group) => Ok(group),
    }
}

/// An id as listings show it, or how one begins.
pub fn id(word: String) -> Result<String, Bad> {
    let base32 = |c: char| c.is_ascii_alphabetic() || ('2'..='7').contains(&c);
    match (4..=ID_CHARS).contains(&word.len()) && word.chars().all(base32) {
        true => Ok(word.to_ascii_uppercase()),
        false => Err(Bad::Word(word, "not an id, nor how one begins")),
    }
}

/// The words of a command that somebody else is asked to run.
pub fn command(argv: Argv) -> Result<Argv, Bad> {
    let bytes = argv.iter().map(String::len).sum::<usize>();
    let why = match argv.first() {
        Some(program) if program.is_empty() => "no program has no name",
        _ if argv.iter().any(|word| word.contains('\0')) => "no word of a command has a NUL in it",
        _ if argv.len() > limits::ARGV_WORDS || bytes > limits::ARGV_BYTES => "too long",
        _ => return Ok(argv),
    };
    Err(Bad::Word("command".to_owned(), why))
}

/// A moment as [`Wall::parse`] reads it, or a span from now: `90s`, `30m`, `2h`, `7d`, `2w`; ahead,
/// or back.
pub fn moment(word: &str, now: Wall, is_ahead: bool) -> Result<Wall, Bad> {
    let moment = Wall::parse(word).or_else(|| {
        let ms = span_ms(word)?;
        if is_ahead { now.0.checked_add(ms) } else { now.0.checked_sub(ms) }.map(Wall)
    });
    moment.ok_or_else(|| Bad::Word(word.to_owned(), WHAT_A_TIME_IS))
}

fn span_ms(word: &str) -> Option<i64> {
    let (count, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    i64::from(count.parse::<u32>().ok()?).checked_mul(seconds * 1000)
}

/// A number that is not negative.
pub fn number(word: &str) -> Result<u64, Bad> {
    word.parse().map_err(|_| Bad::Word(word.to_owned(), "not a number"))
}

/// Letters of an id.
const ID_CHARS: usize = 26;
const WHAT_A_TIME_IS: &str =
    "not a time (RFC 3339, a date, seconds since 1970, or a span such as 30m, 2h, 7d)";

/// What a word in a person's place must look like.
pub const WHAT_A_NAME_IS: &str =
    "not a name (1 to 32 of a-z 0-9 . _ -, first a letter), address or fingerprint";

impl Bad {
    /// The exit code of a line that was this bad.
    pub fn exit(&self) -> Exit {
        match self {
            Bad::Refused(refusal) => refusal.exit(),
            Bad::Usage(_) | Bad::Word(..) | Bad::Verb(_) | Bad::Half(_) | Bad::Line(_) => {
                Exit::Usage
            }
        }
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bad::Usage(usage) => write!(f, "usage: {usage}"),
            Bad::Word(word, why) => write!(f, "{word}: {why}"),
            Bad::Verb(word) => write!(f, "{word}: no such verb [see help]"),
            Bad::Half(word) => write!(f, "{word}: half a verb [see help {word}]"),
            Bad::Line(why) => f.write_str(why),
            Bad::Refused(refusal) => refusal.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_line_is_exact() {
        let mut args = Args::Line("  bob  two  spaces, and a tab\t ");
        assert_eq!(args.word().as_deref(), Some("bob"));
        assert_eq!(args.rest().as_deref(), Some(" two  spaces, and a tab\t "));
        assert_eq!(args.rest(), None);
    }

    #[test]
    fn words_of_argv_keep_what_is_inside_them() {
        let words = ["bob".to_owned(), "two  spaces".to_owned(), "more".to_owned()];
        let mut args = Args::Words(&words);
        assert_eq!(args.word().as_deref(), Some("bob"));
        assert_eq!(args.rest().as_deref(), Some("two  spaces more"));
        assert_eq!(Args::Words(&["".to_owned()]).rest().as_deref(), Some(""));
        assert_eq!(Args::Words(&[]).rest(), None);
    }

    #[test]
    fn options_stand_anywhere_and_quotes_hold_words_together() {
        let known = [("--match", true), ("--follow", false)];
        let mixed = Args::Line("bob --match \"hi there\" --follow").mixed(&known).expect("good");
        assert_eq!(mixed.words, ["bob"]);
        assert_eq!(mixed.value("--match"), Some("hi there"));
        assert!(mixed.has("--follow"));
        let mixed = Args::Line("--match=x -- --follow").mixed(&known).expect("good");
        assert_eq!(mixed.value("--match"), Some("x"));
        assert_eq!(mixed.words, ["--follow"]);
        for bad in ["--nope", "--match", "--follow=1"] {
            assert!(Args::Line(bad).mixed(&known).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_absolute_or_a_span_from_now() {
        let now = Wall(1_000_000_000_000);
        assert_eq!(moment("60", now, true), Ok(Wall(60_000)));
        assert_eq!(moment("2h", now, true), Ok(Wall(now.0 + 7_200_000)));
        assert_eq!(moment("2h", now, false), Ok(Wall(now.0 - 7_200_000)));
        assert_eq!(moment("7d", now, false), moment("1w", now, false));
        for bad in ["", "h", "-2h", "2y", "2.5h", "99999999999h", "yesterday", "2€"] {
            assert!(moment(bad, now, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_keeps_its_words_and_has_a_bound() {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let given = words(&["ls -l", "", "--", "$x"]);
        assert_eq!(Args::Words(&given).words(), Ok(given.clone()));
        assert_eq!(command(given.clone()), Ok(given));
        assert_eq!(Args::Line("a 'b c' -- $x;").words(), Ok(words(&["a", "b c", "--", "$x;"])));
        assert!(command(words(&["", "x"])).is_err());
        assert!(command(words(&["x", "a\0b"])).is_err());
        assert!(command(vec!["x".to_owned(); limits::ARGV_WORDS + 1]).is_err());
        assert!(command(vec!["x".repeat(limits::ARGV_BYTES + 1)]).is_err());
    }

    #[test]
    fn several_people_are_each_meant_once() {
        assert_eq!(people("bob,carol,,Bob").expect("good").len(), 2);
        assert!(people(",").is_err());
        assert!(people("bob,no such").is_err());
        assert!(person("127.0.0.1:80").is_err());
    }
}
