//! Dates in numbers or with a month's name, with the hour behind them: they would tell by how
//! much moments are shifted.

use crate::shell::export::folded::{Folded, is_word};

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if !text.begins_word(at) {
        return None;
    }
    let end = numbers(text, at).or_else(|| packed(text, at)).or_else(|| named(text, at))?;
    Some(hour(text, end))
}

fn numbers(text: &Folded, at: usize) -> Option<usize> {
    let digits = |from| text.run(from, |b: u8| b.is_ascii_digit());
    let first = digits(at);
    let mark = text.get(first);
    let second = digits(first + 1);
    let third = digits(second + 1);
    if !matches!(mark, b'-' | b'.' | b'/') || text.get(second) != mark {
        return None;
    }
    let parts = [(at, first), (first + 1, second), (second + 1, third)];
    let lengths = parts.map(|(from, to)| to.saturating_sub(from));
    let values = parts.map(|(from, to)| number(text, from, to));
    let is_date = match lengths {
        [4, 1..=2, 1..=2] => is_year(values[0]) && is_day(values[1]) && is_day(values[2]),
        [1..=2, 1..=2, 4] => is_day(values[0]) && is_day(values[1]) && is_year(values[2]),
        [2, 2, 2] => is_day(values[0]) && is_day(values[1]),
        // Not a version, of which the last number is seldom that high.
        [1..=2, 1..=2, 2] if mark == b'.' => {
            is_day(values[0]) && (1..=12).contains(&values[1]) && (15..=40).contains(&values[2])
        }
        _ => false,
    };
    let is_whole = text.get(third) == b't' || !is_word(text.get(third));
    (is_date && is_whole).then_some(third)
}

/// As `20261127`, or the week as `2026-W48`.
fn packed(text: &Folded, at: usize) -> Option<usize> {
    let digits = text.run(at, |b| b.is_ascii_digit());
    let year = is_year(number(text, at, at + 4));
    let end = match digits - at {
        4 if text.has(digits, b"-w") => text.run(digits + 2, |b| b.is_ascii_digit()),
        8 if (1..=12).contains(&number(text, at + 4, at + 6)) => digits,
        _ => return None,
    };
    let is_rest = end == digits + 4 || end == digits && is_day(number(text, at + 6, end));
    let is_whole = text.get(end) == b't' || !is_word(text.get(end));
    (year && is_rest && is_whole).then_some(end)
}

/// A day, the name of a month and a year; the year is not in the middle.
fn named(text: &Folded, at: usize) -> Option<usize> {
    let (mut place, mut end) = (at, at);
    let mut seen = [false; 3];
    for _ in 0..3 {
        end = text.run(place, is_word);
        let digits = text.run(place, |b| b.is_ascii_digit());
        let is_nth = matches!(&text.low[digits..end], b"" | b"st" | b"nd" | b"rd" | b"th");
        let part = match digits - place {
            0 if is_month(&text.low[place..end]) => 0,
            1..=2 if is_nth && is_day(number(text, place, digits)) => 1,
            4 if digits == end
                && seen != [true, false, false]
                && is_year(number(text, place, digits)) =>
            {
                2
            }
            _ => return None,
        };
        seen[part] = true;
        place = text.run(end, |b| matches!(b, b' ' | b'.' | b',' | b'-' | b'/'));
        if text.has(place, b"of ") {
            place += 3;
        }
    }
    (seen == [true; 3]).then_some(end)
}

fn is_month(word: &[u8]) -> bool {
    word.len() >= 3 && MONTHS.split(' ').any(|month| month.as_bytes().starts_with(word))
}

fn is_day(n: u32) -> bool {
    (1..=31).contains(&n)
}

fn is_year(n: u32) -> bool {
    (1900..=2100).contains(&n)
}

/// What digits say; 0 if some are none.
fn number(text: &Folded, from: usize, to: usize) -> u32 {
    let digits = text.low.get(from..to).unwrap_or_default();
    let add = |sum: u32, b: &u8| (sum * 10 + u32::from(b.wrapping_sub(b'0'))) % 100_000;
    if digits.iter().all(u8::is_ascii_digit) { digits.iter().fold(0, add) } else { 0 }
}

/// Behind the hour, where one follows.
fn hour(text: &Folded, end: usize) -> usize {
    let is_hour = |at: usize| {
        text.get(at).is_ascii_digit()
            && text.get(at + 1).is_ascii_digit()
            && text.get(at + 2) == b':'
    };
    let is_packed = text.get(end) == b't' && text.get(end + 1).is_ascii_digit();
    let has_hour = is_packed || (matches!(text.get(end), b't' | b' ') && is_hour(end + 1));
    if !has_hour {
        return end;
    }
    let behind =
        text.run(end + 1, |b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'z' | b'+'));
    text.trimmed(end, behind)
}

const MONTHS: &str = "january januar janner february februar feber march marz maerz april may mai \
    june juni july juli august september october oktober november december dezember";
