//! Names of hosts: labels with dots between, however these are written.

use crate::shell::export::folded::{Folded, is_space, is_word};

/// A name of two labels or more.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Behind its last label.
    pub end: usize,
    /// Behind the last label that is the end of a domain that exists; where one is.
    pub domain_end: Option<usize>,
    /// The last label is a word, as of no number.
    pub is_word: bool,
    /// A dot was written out, or put in brackets.
    pub is_hidden: bool,
}

/// The longest name that begins there.
pub fn find(text: &Folded, at: usize) -> Option<Host> {
    let mut label = at;
    let mut host: Option<Host> = None;
    let mut is_hidden = false;
    loop {
        let run = text.run(label, |b| is_word(b) || b == b'-');
        let last = text.low[label..run].iter().rposition(|b| is_word(*b));
        let end = last.map_or(label, |last| label + last + 1);
        if end == label || end - label > LABEL_CHARS {
            return host;
        }
        if label > at {
            let before = host.and_then(|host| host.domain_end);
            // "example.org-like" has a domain in it, too.
            let ends = [end, text.run(label, is_word)];
            let domain_end = ends.into_iter().find(|end| is_domain(text, label, *end)).or(before);
            let is_word =
                text.low[label..end].iter().all(|b| !b.is_ascii_digit()) && end - label > 1;
            host = Some(Host { end, domain_end, is_word, is_hidden });
        }
        let Some((behind, is_plain)) = dot(text, end) else { return host };
        is_hidden |= !is_plain;
        label = behind;
    }
}

/// Behind a dot, and whether it is just that.
fn dot(text: &Folded, at: usize) -> Option<(usize, bool)> {
    if text.get(at) == b'.' {
        return Some((at + 1, true));
    }
    let behind = super::mail::sign(text, at, b".", b"dot")?;
    Some((behind, false))
}

/// Whether a label is the last of domains.
fn is_domain(text: &Folded, label: usize, end: usize) -> bool {
    let word = &text.low[label..end];
    if word.len() == 2 && word.iter().all(|b| is_word(*b) && !b.is_ascii_digit()) {
        // Not "done.In the end", where a space is missing.
        let first = text.low[..label - 1].iter().rposition(|b| !is_word(*b)).map_or(0, |at| at + 1);
        let is_sentence = text.is_capital(label) && !text.is_capital(end - 1);
        return !(is_sentence && !text.is_capital(first) && !is_space(text.get(first)));
    }
    DOMAINS.split(' ').any(|domain| domain.as_bytes() == word)
}

const LABEL_CHARS: usize = 63;

/// Those of more than two letters that are met; and those that are kept for examples.
const DOMAINS: &str = "com org net edu gov mil int info biz name pro app dev cloud online site xyz \
    shop blog club store tech space website top live world news email chat social wiki page onion \
    local lan home internal example test invalid localhost arpa asia berlin wien swiss koeln \
    hamburg bayern tirol paris london nyc ninja rocks zone games media digital network systems \
    solutions services center company academy guru link click host press design studio photo \
    video music earth green energy bank money health care school agency life today team work \
    family foundation community events expert global group software tools travel mobi tel aero \
    coop museum jobs cat post";
