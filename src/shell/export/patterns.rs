//! What gives somebody away by its form: each is looked for where a word begins, or a mark that one
//! of them begins with.

mod address;
mod date;
mod file;
mod host;
mod key;
mod link;
mod mail;
mod phone;

use super::folded::{Folded, is_word};
pub use file::copy_end;

/// The longest that begins there: where it ends, and what is put in its place.
pub fn find(text: &Folded, at: usize) -> Option<(usize, &'static str)> {
    if !may_begin(text, at) {
        return phone::end_in_word(text, at).map(|end| (end, "[phone]"));
    }
    let finders: [(Finder, &'static str); 7] = [
        (link::end, "[link]"),
        (mail::end, "[email]"),
        (address::end, "[address]"),
        (date::end, "[date]"),
        (key::end, "[key]"),
        (phone::end, "[phone]"),
        (file::end, "[file]"),
    ];
    let mut longest = None;
    for (find, tag) in finders {
        if let Some(end) = find(text, at)
            && longest.is_none_or(|(before, _)| end > before)
        {
            longest = Some((end, tag));
        }
    }
    longest
}

/// Whether a pattern may begin there.
fn may_begin(text: &Folded, at: usize) -> bool {
    match text.get(at) {
        b'/' | b'~' | b'\\' | b'.' | b'[' | b'+' | b'(' | b':' | b'$' | b'%' => {
            at == 0 || !is_word(text.get(at - 1))
        }
        b'"' => true,
        _ => text.begins_word(at),
    }
}

type Finder = fn(&Folded, usize) -> Option<usize>;
