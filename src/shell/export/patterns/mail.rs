//! Addresses of mail, and what is written like them.

use super::host;
use crate::shell::export::folded::{Folded, is_space, is_word};

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    let local = local(text, at)?;
    if local - at > LOCAL_CHARS {
        return None;
    }
    let behind = sign(text, local, b"@", b"at")?;
    let is_joined = behind == local + 1;
    let Some(host) = host::find(text, behind) else {
        let end = text.run(behind, is_word);
        let has_secret =
            !text.get(at).is_ascii_digit() && text.low[at..local].contains(&b':') && end > behind;
        return (is_joined && (has_secret || &text.low[behind..end] == b"localhost"))
            .then_some(end);
    };
    // "look at example.org" is as good as "bruno at example.org".
    let is_spoken = text.low[local..behind].iter().all(|b| is_word(*b) || is_space(*b));
    let end = match is_spoken && !host.is_hidden {
        true => host.domain_end,
        false => host.is_word.then_some(host.end).or(host.domain_end),
    }?;
    Some(if is_joined { path(text, end) } else { end })
}

/// Before the sign; in quotes it has spaces, too.
fn local(text: &Folded, at: usize) -> Option<usize> {
    if text.get(at) == b'"' {
        let close = text.run(at + 1, |b| b != b'"' && b != b'\n');
        return text.has(close, b"\"@").then_some(close + 1);
    }
    let is_local = |b: u8| !b.is_ascii() || is_word(b) || b"._%+-'=&!#$*/^{}~:".contains(&b);
    text.begins_word(at).then(|| text.run(at, is_local))
}

/// Behind a path on that host, as of a repository.
fn path(text: &Folded, end: usize) -> usize {
    let far = text.run(end, |b| !is_space(b) && !b"<>\"`,;)".contains(&b));
    let is_there = text.get(end) == b':' && text.low[end..far].contains(&b'/');
    if is_there { text.trimmed(end, far) } else { end }
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
