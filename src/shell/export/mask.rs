//! A text with everything taken out of it by which anybody is known.

use super::folded::{Folded, is_word};
use super::names::{Known, Names};
use super::patterns;

/// What stands in the place of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// This.
    Tag(&'static str),
    /// The pseudonym of what is known.
    Name(Known),
}

/// Gives the text piece by piece: what stays, and what is put in the place of the rest.
pub fn mask(
    text: &str,
    folded: &mut Folded,
    names: &Names,
    each: &mut dyn FnMut(&str, Option<Instead>),
) {
    folded.fill(text);
    let (mut at, mut kept_from) = (0, 0);
    while at < folded.low.len() {
        match find(folded, names, at) {
            Some((end, instead)) => {
                each(&text[kept_from..folded.place(at)], Some(instead));
                kept_from = folded.place(end);
                at = end;
            }
            None => at = next(folded, at),
        }
    }
    each(&text[kept_from..], None);
}

/// The longer of what is known by its name and what is by its form.
fn find(text: &Folded, names: &Names, at: usize) -> Option<(usize, Instead)> {
    let named = if names.may_begin(text, at) { names.find(text, at) } else { None };
    let formed = patterns::find(text, at);
    match (named, formed) {
        (None, None) => None,
        (Some((end, Known::File)), None) => Some((patterns::copy_end(text, end), FILE)),
        (Some((end, known)), None) => Some((end, Instead::Name(known))),
        (Some((end, Known::File)), Some((far, _))) if patterns::copy_end(text, end) >= far => {
            Some((patterns::copy_end(text, end), FILE))
        }
        (Some((end, known)), Some((far, _))) if whole_end(text, names, end) >= far => {
            Some((end, Instead::Name(known)))
        }
        (_, Some((end, tag))) => Some((end, Instead::Tag(tag))),
    }
}

/// Where NAME@LEADER ends.
fn whole_end(text: &Folded, names: &Names, end: usize) -> usize {
    match text.get(end) {
        b'@' => names.find(text, end + 1).map_or(end, |(end, _)| end),
        _ => end,
    }
}

/// Behind that part of a word.
fn next(text: &Folded, at: usize) -> usize {
    let is_end = |at: &usize| !is_word(text.get(*at)) || text.begins_part(*at);
    (at + 1..text.low.len()).find(is_end).unwrap_or(text.low.len())
}

const FILE: Instead = Instead::Name(Known::File);

#[cfg(test)]
mod tests;
