//! Dates in numbers, with the hour behind them: they would tell by how much moments are shifted.

use crate::shell::export::folded::{Folded, is_word};

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if !text.begins_word(at) || !text.get(at).is_ascii_digit() {
        return None;
    }
    let digits = |from| text.run(from, |b: u8| b.is_ascii_digit());
    let first = digits(at);
    let mark = text.get(first);
    let second = digits(first + 1);
    let third = digits(second + 1);
    if !matches!(mark, b'-' | b'.' | b'/') || text.get(second) != mark {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = text.low.get(from..to).unwrap_or_default();
        digits.iter().fold(0, |sum, digit| (sum * 10 + u32::from(digit - b'0')) % 100_000)
    };
    let parts = [(at, first), (first + 1, second), (second + 1, third)];
    let lengths = parts.map(|(from, to)| to.saturating_sub(from));
    let values = parts.map(|(from, to)| number(from, to));
    let is_day = |n: u32| (1..=31).contains(&n);
    let is_year = |n: u32| (1900..=2100).contains(&n);
    let is_date = match lengths {
        [4, 1..=2, 1..=2] => is_year(values[0]) && is_day(values[1]) && is_day(values[2]),
        [1..=2, 1..=2, 4] => is_day(values[0]) && is_day(values[1]) && is_year(values[2]),
        [2, 2, 2] => is_day(values[0]) && is_day(values[1]),
        _ => false,
    };
    let end = if text.get(third) == b't' { third + 1 } else { third };
    let is_whole = end > third || !is_word(text.get(third));
    (is_date && is_whole).then(|| hour(text, third))
}

/// Behind the hour, where one follows.
fn hour(text: &Folded, end: usize) -> usize {
    let is_hour = |at: usize| {
        text.get(at).is_ascii_digit()
            && text.get(at + 1).is_ascii_digit()
            && text.get(at + 2) == b':'
    };
    if !matches!(text.get(end), b't' | b' ') || !is_hour(end + 1) {
        return end;
    }
    let behind =
        text.run(end + 1, |b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'z' | b'+'));
    text.trimmed(end, behind)
}
