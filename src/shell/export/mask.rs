//! A text with everything taken out of it by which anybody is known.

use super::folded::Folded;
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
        let is_begin = patterns::may_begin(folded, at);
        match is_begin.then(|| find(folded, names, at)).flatten() {
            Some((end, instead)) => {
                each(&text[kept_from..folded.place(at)], Some(instead));
                kept_from = folded.place(end);
                at = end;
            }
            None if folded.begins_word(at) => at = folded.run(at, super::folded::is_word),
            None => at += 1,
        }
    }
    each(&text[kept_from..], None);
}

/// The longer of what is known by its name and what is by its form.
fn find(text: &Folded, names: &Names, at: usize) -> Option<(usize, Instead)> {
    let named = names.find(text, at);
    let formed = patterns::find(text, at);
    match (named, formed) {
        (None, None) => None,
        (Some((end, known)), None) => Some((end, Instead::Name(known))),
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

#[cfg(test)]
mod tests;
