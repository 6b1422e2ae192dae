//! Options of the program that stand behind the verb.

use super::Wrong;
use super::options::{CLIENT, OptionRow};
use crate::shell::front::args::Args;
use crate::shell::front::verbs::VerbRow;

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
            Some((is_own, needs_value)) => {
                let to = if is_own { &mut kept } else { &mut pulled };
                to.push(word.clone());
                to.extend(needs_value.then(|| rest.next().cloned()).flatten());
            }
            None if word.starts_with("--") => {
                return Err(Wrong(format!("{word}: no such option of {} [see --help]", row.word)));
            }
            None => kept.push(word.clone()),
        }
    }
    Ok((pulled, kept))
}

/// Whether a word is an option of the verb itself, and whether its value is the next word.
fn own_option(row: &VerbRow, word: &str) -> Option<(bool, bool)> {
    let name = word.split('=').next().unwrap_or(word);
    let (_, takes_value) = row.options().find(|(option, _)| *option == name)?;
    Some((true, takes_value && !word.contains('=')))
}

/// The same for an option of the program.
fn client_option(word: &str) -> Option<(bool, bool)> {
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        let row = CLIENT.iter().find(|row| row.long == name)?;
        return Some((false, !row.hint.is_empty() && !long.contains('=')));
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
    let is_named = |row: &&OptionRow| !row.short.is_empty() && letters.starts_with(row.short);
    let row = CLIENT.iter().find(is_named)?;
    Some((false, !row.hint.is_empty() && letters.len() == 1))
}
