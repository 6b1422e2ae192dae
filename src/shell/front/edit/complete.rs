//! What a line can go on with, by the table of verbs; and what is said of its verb meanwhile.

use super::clusters;
use super::layout;
use super::quotes::{self, Word};
use crate::proto::gather;
use crate::proto::limits::CHOICES;
use crate::proto::model::conversation::Level;
use crate::shell::front::args::Args;
use crate::shell::front::fit::KINDS;
use crate::shell::front::verbs::{self, Arg, Kind, VerbRow};

/// Something that a word may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The word.
    pub word: String,
    /// What it stands for, if it does not say so itself.
    pub about: String,
}

/// A word that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it is to be.
    pub kind: Kind,
    /// Of which verb; none in a plain line.
    pub verb: &'static str,
    /// The words between the verb and this one.
    pub before: &'a [String],
    /// How it begins; others may be offered too.
    pub begin: &'a str,
}

/// Who knows the words: people, groups, ids, files.
pub trait Offers {
    /// What may stand there, in any order.
    fn offer(&mut self, wanted: Wanted<'_>) -> Vec<Choice>;
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// From here to the cursor stands what is completed.
    pub from: usize,
    /// What it becomes.
    pub text: String,
    /// What it may become; if that is one, it has.
    pub choices: Vec<Choice>,
}

impl From<&str> for Choice {
    fn from(word: &str) -> Choice {
        Choice { word: word.to_owned(), about: String::new() }
    }
}

/// Completes what stands before the cursor; `None` if nothing fits.
pub fn complete(head: &str, offers: &mut dyn Offers) -> Option<Completion> {
    let Some(rest) = verb_line(head) else {
        let from = head.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        return named(head, from, offers);
    };
    let mut args = Args::Line(rest);
    if let (Ok(row), Args::Line(behind)) = (VerbRow::find(&mut args), args)
        && let from = head.len() - behind.len()
        && head[..from].ends_with(char::is_whitespace)
    {
        return argument(row, head, from, offers);
    }
    settle(head, Word::plain(1, rest), verbs_like(rest))
}

/// What is said about a line that begins with a verb; empty for another.
pub fn hint(text: &str) -> String {
    let Some(rest) = verb_line(text) else { return String::new() };
    if rest.is_empty() {
        return "a verb; Tab lists them, /help tells what they do".to_owned();
    }
    let mut likely = verbs::rows().filter(|row| begins(row.word, rest));
    let only = likely.next().filter(|_| likely.next().is_none());
    match VerbRow::find(&mut Args::Line(rest)).ok().or(only) {
        Some(row) => [&row.usage(), ": ", row.help].concat(),
        None => {
            let words: Vec<&str> =
                verbs::rows().map(|row| row.word).filter(|word| begins(word, rest)).collect();
            words.join(", ")
        }
    }
}

/// Choices as they are listed, in columns; more than [`CHOICES`] are only counted.
pub fn list(choices: &[Choice], columns: usize) -> String {
    let shown = &choices[..choices.len().min(CHOICES)];
    let width = shown.iter().map(|choice| clusters::width(name(choice))).max().unwrap_or(0) + 2;
    let is_plain = shown.iter().all(|choice| choice.about.is_empty());
    let across = if is_plain { (columns / width).max(1) } else { 1 };
    let down = shown.len().div_ceil(across);
    let mut text = String::new();
    for row in 0..down {
        let mut line = String::new();
        for choice in shown.iter().skip(row).step_by(down) {
            let left = name(choice);
            line.push_str(left);
            let blanks = width - clusters::width(left);
            line.extend(std::iter::repeat_n(' ', blanks));
            line.push_str(&choice.about);
        }
        text.push_str(layout::cut(line.trim_end(), columns).text.as_str());
        text.push('\n');
    }
    if choices.len() > shown.len() {
        text.push_str(&["and ", &(choices.len() - shown.len()).to_string(), " more\n"].concat());
    }
    text
}

/// What a choice is called in a list: a path by its last part.
fn name(choice: &Choice) -> &str {
    let path = choice.word.strip_suffix('/').unwrap_or(&choice.word);
    path.rfind('/').map_or(&choice.word, |at| &choice.word[at + 1..])
}

/// What stands behind the slash of a line that is no text.
fn verb_line(text: &str) -> Option<&str> {
    text.strip_prefix('/').filter(|rest| !rest.starts_with('/'))
}

fn begins(word: &str, begin: &str) -> bool {
    word.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin))
}

fn verbs_like(begin: &str) -> Vec<Choice> {
    verbs::rows().map(|row| row.word).filter(|word| begins(word, begin)).map(Choice::from).collect()
}

/// A name in a text.
fn named(head: &str, from: usize, offers: &mut dyn Offers) -> Option<Completion> {
    let begin = &head[from..];
    if begin.is_empty() {
        return None;
    }
    let wanted = Wanted { kind: Kind::With, verb: "", before: &[], begin };
    settle(head, Word::plain(from, begin), offers.offer(wanted))
}

/// A word behind a verb, whose words begin at `from`.
fn argument(row: &VerbRow, head: &str, from: usize, offers: &mut dyn Offers) -> Option<Completion> {
    let mut words = quotes::words(&head[from..]);
    let mut word = words.pop()?;
    word.from += from;
    let before: Vec<String> = words.into_iter().map(|word| word.text).collect();
    let kind = match place(row, &before, &word.text) {
        Place::Option => {
            let options = row.options().map(|(name, _)| Choice::from(name)).collect();
            return settle(head, word, options);
        }
        Place::Argument(kind) => kind,
        Place::Nothing => return None,
    };
    match kind {
        Kind::Text => return named(head, head.rfind(char::is_whitespace)? + 1, offers),
        Kind::Verb => {
            return settle(head, Word::plain(from, &head[from..]), verbs_like(&head[from..]));
        }
        Kind::Event => return settle(head, word, KINDS.map(Choice::from).to_vec()),
        Kind::Level => return settle(head, word, Level::WORDS.map(Choice::from).to_vec()),
        Kind::Names => {
            let begun = word.text.rfind(',').map_or(0, |at| at + 1);
            word = Word::plain(word.from + begun, &word.text[begun..]);
        }
        Kind::Path | Kind::Wav => word.is_path = true,
        Kind::Name | Kind::Peer | Kind::Prefix | Kind::Id | Kind::Group | Kind::With => {}
        Kind::Words | Kind::Number | Kind::Time | Kind::GroupName | Kind::Command => return None,
    }
    let wanted = Wanted { kind, verb: row.word, before: &before, begin: &word.text };
    let choices = offers.offer(wanted);
    settle(head, word, choices)
}

/// What belongs where a word stands.
enum Place {
    Argument(Kind),
    Option,
    Nothing,
}

fn place(row: &VerbRow, before: &[String], word: &str) -> Place {
    let has_options = row.options().next().is_some();
    let mut kinds = row.args.iter().filter_map(|arg| match arg {
        Arg::Must(kind) | Arg::May(kind) => Some(*kind),
        Arg::Option(..) | Arg::Flag(_) => None,
    });
    let (mut kind, mut value) = (kinds.next(), None);
    for word in before {
        if value.take().is_some() {
            continue;
        }
        if has_options && word.starts_with("--") {
            value = row.args.iter().find_map(|arg| match arg {
                Arg::Option(name, kind) if name == word => Some(*kind),
                _ => None,
            });
        } else if !matches!(kind, Some(Kind::Text | Kind::Command)) {
            kind = kinds.next();
        }
    }
    match value.or(kind.filter(|_| !has_options || !word.starts_with('-'))) {
        Some(kind) => Place::Argument(kind),
        None if has_options => Place::Option,
        None => Place::Nothing,
    }
}

/// The choices that begin as the word does, and what the line becomes with them.
fn settle(head: &str, word: Word, mut choices: Vec<Choice>) -> Option<Completion> {
    choices.retain(|choice| match word.is_path {
        true => choice.word.starts_with(&word.text),
        false => begins(&choice.word, &word.text),
    });
    gather::sort(&mut choices, |one, other| one.word.cmp(&other.word));
    choices.dedup_by(|one, other| one.word == other.word);
    let common = common(&choices)?;
    let is_only = choices.len() == 1;
    let mut text = match common.len() > word.text.len() || is_only {
        true => word.quoted(common, is_only && !common.ends_with('/')),
        false => head[word.from..].to_owned(),
    };
    if is_only && !common.ends_with('/') {
        text.push(' ');
    }
    Some(Completion { from: word.from, text, choices })
}

/// How all of them begin; `None` of none.
fn common(choices: &[Choice]) -> Option<&str> {
    let first = &choices.first()?.word;
    let alike = |other: &Choice| {
        let letters = first.char_indices().zip(other.word.chars());
        let differs = letters.into_iter().find(|((_, ours), theirs)| ours != theirs);
        differs.map_or(first.len().min(other.word.len()), |((at, _), _)| at)
    };
    Some(&first[..choices.iter().map(alike).min()?])
}

#[cfg(test)]
mod tests;
