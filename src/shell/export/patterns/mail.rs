//! Addresses of mail, and what is written like them.

use super::host;
use crate::shell::export::folded::{Folded, is_space, is_word};

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if !text.begins_word(at) {
        return None;
    }
    let is_local = |b: u8| is_word(b) || b"._%+-'=&!#$*/^{}~".contains(&b);
    let local = text.run(at, is_local);
    if local - at > LOCAL_CHARS {
        return None;
    }
    let behind = sign(text, local, b"@", b"at")?;
    let host = host::find(text, behind)?;
    // "look at example.org" is as good as "bruno at example.org".
    let is_spoken = text.low[local..behind].iter().all(|b| is_word(*b) || is_space(*b));
    match is_spoken && !host.is_hidden {
        true => host.domain_end,
        false => host.is_word.then_some(host.end).or(host.domain_end),
    }
}

/// Behind a sign, which may stand between spaces or in brackets; its word stands between spaces or
/// in brackets.
pub fn sign(text: &Folded, at: usize, mark: &[u8], word: &[u8]) -> Option<usize> {
    let spaced = text.run(at, |b| b == b' ');
    let is_open = matches!(text.get(spaced), b'(' | b'[' | b'{' | b'<');
    let inside = spaced + usize::from(is_open);
    let is_word = text.has(inside, word);
    if !is_word && (!text.has(inside, mark) || (mark == b"." && !is_open)) {
        return None;
    }
    let mut end = inside + if is_word { word.len() } else { mark.len() };
    if is_open {
        if !matches!(text.get(end), b')' | b']' | b'}' | b'>') {
            return None;
        }
        end += 1;
    }
    let behind = text.run(end, |b| b == b' ');
    let is_close = spaced - at <= SPACES && behind - end <= SPACES;
    let stands_alone = is_open || !is_word || (spaced > at && behind > end);
    (is_close && stands_alone).then_some(behind)
}

const LOCAL_CHARS: usize = 64;
const SPACES: usize = 2;
