//! Addresses of networks: IPv4, IPv6, and those of network cards.

use crate::shell::export::folded::{Folded, is_word};
use std::net::Ipv6Addr;

/// Where one ends that begins there, with a port or the length of a prefix behind it.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if text.get(at) == b'[' {
        let end = v6(text, at + 1)?;
        return (text.get(end) == b']').then(|| behind(text, end + 1));
    }
    if let Some(end) = v6(text, at).or_else(|| card(text, at)) {
        return Some(behind(text, end));
    }
    // Not a version, as 1.2.3.4.
    let is_behind_v = text.get(at) == b'v' && text.run(at + 1, |b| b.is_ascii_digit()) == at + 4;
    v4(text, at + usize::from(is_behind_v)).map(|end| behind(text, end))
}

fn v4(text: &Folded, at: usize) -> Option<usize> {
    let mut place = at;
    for number in 0..4 {
        let end = text.run(place, |b| b.is_ascii_digit());
        let is_number = match &text.low[place..end] {
            [_] => true,
            [b'0', ..] => false,
            [_, _] => true,
            digits => digits.len() == 3 && digits <= b"255",
        };
        if !is_number {
            return None;
        }
        if number == 3 {
            return Some(end);
        }
        place = match text.get(end) {
            b'.' => end + 1,
            _ => super::mail::sign(text, end, b".", b"dot")?,
        };
    }
    None
}

fn v6(text: &Folded, at: usize) -> Option<usize> {
    let is_part = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let run = text.run(at, is_part).min(at + ADDRESS_CHARS);
    if text.low[at..run].iter().filter(|b| **b == b':').count() < 2 {
        return None;
    }
    for end in (at + 3..=run).rev() {
        let part = &text.low[at..end];
        let is_whole = !is_word(text.get(end)) && part.iter().any(u8::is_ascii_hexdigit);
        let parsed = str::from_utf8(part).ok().and_then(|part| part.parse::<Ipv6Addr>().ok());
        if is_whole && parsed.is_some() {
            return Some(match text.get(end) {
                b'%' => {
                    let zone = text.run(end + 1, |b| is_word(b) || b"-_.".contains(&b));
                    text.trimmed(end, zone)
                }
                _ => end,
            });
        }
    }
    None
}

/// Six pairs of digits, as network cards have.
fn card(text: &Folded, at: usize) -> Option<usize> {
    let mark = text.get(at + 2);
    if !matches!(mark, b':' | b'-') {
        return None;
    }
    for place in (at..at + 18).step_by(3) {
        let is_pair = text.run(place, |b| b.is_ascii_hexdigit()) == place + 2;
        if !is_pair || (place < at + 15 && text.get(place + 2) != mark) {
            return None;
        }
    }
    (!is_word(text.get(at + 17))).then_some(at + 17)
}

/// Behind `:PORT` or `/BITS`, where one is.
fn behind(text: &Folded, end: usize) -> usize {
    let digits = text.run(end + 1, |b| b.is_ascii_digit());
    let is_there = matches!(text.get(end), b':' | b'/') && digits > end + 1;
    if is_there { digits } else { end }
}

/// Of the longest form, with an IPv4 address in it.
const ADDRESS_CHARS: usize = 45;
