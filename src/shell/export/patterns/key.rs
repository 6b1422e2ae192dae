//! Keys, fingerprints, ids: letters and digits that make no word.

use crate::shell::export::folded::{Folded, is_space, is_word};

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if !text.begins_word(at) {
        return None;
    }
    let ends = [groups(text, at), pairs(text, at), alone(text, at), long(text, at)];
    ends.into_iter().flatten().max()
}

/// Groups of four letters of base32, as fingerprints are shown.
fn groups(text: &Folded, at: usize) -> Option<usize> {
    let is_group = |at: usize| text.run(at, is_base32) == at + 4 && !is_word(text.get(at + 4));
    let (mut count, mut mixed, mut place) = (0, 0, at);
    let mark = text.get(at + 4);
    let is_spaced = is_space(mark);
    while is_group(place) {
        count += 1;
        let digits = text.low[place..place + 4].iter().filter(|b| b.is_ascii_digit()).count();
        mixed += usize::from((1..4).contains(&digits));
        place += 5;
        let between = text.get(place - 1);
        if !(between == mark || is_spaced && is_space(between)) {
            break;
        }
    }
    let is_key = match mark {
        b'-' | b':' | b'.' | b'_' => count >= 4 || count >= 2 && mixed > 0,
        _ if is_spaced => count >= 8 || count >= 3 && 2 * mixed > count,
        _ => false,
    };
    is_key.then(|| place - 1)
}

/// Hexadecimal digits in groups, as of certificates, and UUIDs.
fn pairs(text: &Folded, at: usize) -> Option<usize> {
    let (mut place, mut digits, mut numbers) = (at, 0, 0);
    let mark = text.get(text.run(at, |b| b.is_ascii_hexdigit()));
    if !matches!(mark, b'-' | b':' | b' ') {
        return None;
    }
    let mut last = None;
    loop {
        let end = text.run(place, |b| b.is_ascii_hexdigit());
        let is_group = end > place && (end - place).is_multiple_of(2) && !is_word(text.get(end));
        if !is_group {
            break;
        }
        digits += end - place;
        numbers += text.low[place..end].iter().filter(|b| b.is_ascii_digit()).count();
        last = Some(end);
        if text.get(end) != mark {
            break;
        }
        place = end + 1;
    }
    last.filter(|_| digits >= 16 && numbers >= 2)
}

/// A word that is none.
fn alone(text: &Folded, at: usize) -> Option<usize> {
    let end = text.run(at, is_word);
    let word = &text.low[at..end];
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = word.len() - digits;
    let are_capitals =
        (at..end).all(|at| !text.get(at).is_ascii_lowercase() || text.is_capital(at));
    let is_hex = word.iter().all(u8::is_ascii_hexdigit);
    let is_key = match word.len() {
        0..6 => false,
        _ if word.starts_with(b"0x") && word.len() >= 10 => true,
        _ if is_hex && word.len() >= 16 => true,
        _ if is_hex && digits >= 2 && letters >= 2 && word.len() >= 10 => true,
        _ if !word.iter().copied().all(is_base32) => word.len() >= 32 && digits > 0,
        6..26 => are_capitals && digits > 0 && letters > 0,
        26..32 => are_capitals || digits > 0,
        _ => true,
    };
    is_key.then_some(end)
}

/// Base64 and its like.
fn long(text: &Folded, at: usize) -> Option<usize> {
    // So tokens begin that have dots between.
    let is_token = text.has(at, b"eyj");
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b);
    let run = text.run(at, |b| is_part(b) || is_token && b == b'.');
    let last = text.low[at..run].iter().rposition(|b| *b != b'.');
    let end = last.map_or(at, |last| at + last + 1);
    if end - at < 24 {
        return None;
    }
    let word = &text.low[at..end];
    let capitals = (at..end).filter(|at| text.is_capital(*at)).count();
    let letters = word.iter().filter(|b| b.is_ascii_lowercase()).count();
    let has_digits = word.iter().any(u8::is_ascii_digit);
    let is_mixed = capitals >= 3 && letters - capitals >= 3 && has_digits;
    (is_mixed || is_token && word.contains(&b'.')).then_some(end)
}

fn is_base32(b: u8) -> bool {
    b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)
}
