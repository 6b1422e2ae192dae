//! Options of the program among the words of argv: before the verb, and behind it.

use super::options::{CLIENT, OptionRow};
use super::{Wrong, values};
use crate::shell::front::args::{self, Args};
use crate::shell::front::verbs::VerbRow;
use std::slice::Iter;

/// Options that stand behind the verb, taken out of its words: anywhere, but not behind the first
/// argument of a verb that takes text, where everything is text. `--` ends them.
pub(super) fn pull_options(words: &[String]) -> Result<(Vec<String>, Vec<String>), Wrong> {
    let mut args = Args::Words(words);
    let Ok(row) = VerbRow::find(&mut args) else {
        return Ok((Vec::new(), words.to_vec()));
    };
    let Args::Words(behind) = args else { return Ok((Vec::new(), words.to_vec())) };
    let mut kept = words[..words.len() - behind.len()].to_vec();
    let mut pulled = Vec::new();
    let mut rest = behind.iter();
    while let Some(word) = rest.next() {
        let is_text = row.takes_text() && !word.starts_with('-');
        if word == "--" || is_text {
            kept.extend((word != "--").then(|| word.clone()));
            kept.extend(rest.by_ref().cloned());
            break;
        }
        match own_option(row, word).or_else(|| client_option(word)) {
            Some(option) => {
                let to = if option.is_own { &mut kept } else { &mut pulled };
                to.push(word.clone());
                option.take_value(to, &mut rest);
            }
            None if word.starts_with("--") => {
                let why = format!("{word}: no such option of {} [see --help]", row.word);
                return Err(Wrong::usage(why));
            }
            None => kept.push(word.clone()),
        }
    }
    Ok((pulled, kept))
}

/// The same command line with each option before the verb whose value is two words as one word.
pub(super) fn join_pairs(argv: &[String]) -> Vec<String> {
    let mut joined = Vec::new();
    let mut rest = argv.iter();
    while let Some(word) = rest.next() {
        joined.push(word.clone());
        match client_option(word) {
            Some(option) => option.take_value(&mut joined, &mut rest),
            None => break,
        }
    }
    joined.extend(rest.cloned());
    joined
}

/// An option among the words.
struct Found {
    is_own: bool,
    /// Its value is the next word.
    needs_value: bool,
    may_have_value: bool,
    is_pair: bool,
}

impl Found {
    fn take_value(&self, to: &mut Vec<String>, rest: &mut Iter<'_, String>) {
        if self.needs_value {
            to.extend(rest.next().cloned());
        }
        // No verb looks like an address.
        if self.may_have_value
            && let (Some(option), Some(value)) = (to.last_mut(), rest.as_slice().first())
            && values::endpoint(value).is_some()
        {
            *option = format!("{option}={value}");
            rest.next();
        }
        if self.is_pair
            && let Some(value) = to.last_mut()
            && !value.contains(char::is_whitespace)
            && let Some(second) = rest.next()
        {
            value.push(' ');
            value.push_str(second);
        }
    }
}

/// The option of the verb itself that a word is.
fn own_option(row: &VerbRow, word: &str) -> Option<Found> {
    let name = args::spelled(word.split('=').next().unwrap_or(word));
    let (_, takes_value) = row.options().find(|(option, _)| *option == name)?;
    let needs_value = takes_value && !word.contains('=');
    Some(Found { is_own: true, needs_value, may_have_value: false, is_pair: false })
}

/// The option of the program that it is.
fn client_option(word: &str) -> Option<Found> {
    let found = |row: &OptionRow, has_value: bool| Found {
        is_own: false,
        needs_value: !row.hint.is_empty() && !has_value && !row.is_optional(),
        may_have_value: row.is_optional() && !has_value,
        is_pair: row.is_pair(),
    };
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        let row = CLIENT.iter().find(|row| row.long == name)?;
        return Some(found(row, long.contains('=')));
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
    let row_of = |letter: &str| CLIENT.iter().find(|row| row.short == letter);
    let mut last = None;
    for at in 0..letters.len() {
        // Behind a flag there may be more; behind what takes a value that is the rest.
        let Some(row) = letters.get(at..=at).and_then(row_of) else { break };
        last = Some(found(row, at + 1 < letters.len()));
        if !row.hint.is_empty() {
            break;
        }
    }
    last
}
