//! Links: with a scheme, or as a host with what stands behind it.

use super::{file, host};
use crate::shell::export::folded::{Folded, is_space};

/// Where a link ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if !text.begins_word(at) {
        return None;
    }
    let is_scheme = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    let scheme = text.run(at, is_scheme);
    if text.has(scheme, b"://") || text.has(scheme, b":?") || text.has(at, b"mailto:") {
        return Some(rest(text, at));
    }
    let host = host::find(text, at)?;
    let is_web = text.has(at, b"www.");
    let has_more = match text.get(host.end) {
        b'/' | b'?' | b'#' => true,
        b':' => text.get(host.end + 1).is_ascii_digit(),
        _ => false,
    };
    if has_more && (host.is_word || is_web) {
        return Some(rest(text, host.end));
    }
    if is_web {
        return Some(host.end);
    }
    host.domain_end.filter(|end| !file::has_known_end(text, at, *end))
}

/// Where it ends, of which some was read.
fn rest(text: &Folded, from: usize) -> usize {
    let end = text.run(from, |b| !is_space(b) && !matches!(b, b'<' | b'>' | b'"' | b'`'));
    text.trimmed(from, end)
}
