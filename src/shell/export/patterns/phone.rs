//! Phone numbers, and other numbers that long.

use crate::shell::export::folded::{Folded, is_word};

/// Digits in groups.
#[derive(Default)]
struct Groups {
    digits: usize,
    lengths: Vec<usize>,
    has_dot: bool,
    /// There are more marks between two than a sign and a space.
    is_wide: bool,
    end: usize,
}

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    let is_open = text.get(at) == b'(';
    let is_abroad = text.get(at + usize::from(is_open)) == b'+';
    let first = at + usize::from(is_open) + usize::from(is_abroad);
    if !text.get(first).is_ascii_digit() {
        return None;
    }
    let area = text.run(first, |b| b.is_ascii_digit());
    let groups = groups(text, first);
    if is_open && (text.get(area) != b')' || groups.end == area) {
        return None;
    }
    let starts = |with: &[u8]| text.has(first, with);
    let is_number = match (groups.digits, &groups.lengths[..]) {
        (7.., _) if is_abroad || is_open => true,
        (9.., _) if starts(b"00") => true,
        (8.., lengths) if starts(b"0") && (lengths[0] > 1 || !groups.is_wide) => {
            !groups.has_dot || lengths.len() > 2
        }
        _ if groups.is_wide => false,
        (8, [8] | [2, 2, 2, 2]) => true,
        // Not from one year to another.
        (8, [4, 4]) => !starts(b"19") && !starts(b"20"),
        // As 555-1234, and 555-123-4567.
        (7, [3, 4]) | (10, [3, 3, 4]) => true,
        (9.., [_]) => true,
        // Not the numbers from one to ten, nor an amount of money.
        (9.., lengths) => {
            groups.digits >= 2 * lengths.len() && !(groups.has_dot && lengths.len() < 3)
        }
        _ => false,
    };
    (is_number && !is_word(text.get(groups.end))).then_some(groups.end)
}

/// As that, but with letters before it, as in `Tel0791234567`.
pub fn end_in_word(text: &Folded, at: usize) -> Option<usize> {
    let is_begin = text.get(at) == b'0' && text.begins_part(at);
    if is_begin { end(text, at) } else { None }
}

fn groups(text: &Folded, at: usize) -> Groups {
    let mut groups = Groups::default();
    let mut place = at;
    while groups.digits < DIGITS {
        let end = text.run(place, |b| b.is_ascii_digit());
        if end == place {
            break;
        }
        groups.digits += end - place;
        groups.lengths.push(end - place);
        groups.end = end;
        let next =
            text.run(end, |b| matches!(b, b' ' | b'\t' | b'-' | b'.' | b'/' | b'(' | b')' | b'_'));
        if next == end || next - end > MARKS || !text.get(next).is_ascii_digit() {
            break;
        }
        groups.is_wide |= next - end > 2;
        groups.has_dot |= text.low[end..next].contains(&b'.');
        place = next;
    }
    groups
}

/// Digits of a number; there are safety numbers of 60.
const DIGITS: usize = 64;
/// Marks between two groups.
const MARKS: usize = 4;
