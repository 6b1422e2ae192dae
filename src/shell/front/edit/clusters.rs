//! What a reader takes for one letter, and the columns that it takes.
//!
//! UAX 29 without its tables, which weigh more than this program can spare: what has no width
//! joins the letter before, a joiner joins both its sides, two regional indicators are one flag,
//! a skin tone belongs to its hand.

use crate::shell::front::safe;
use unicode_width::UnicodeWidthChar;

/// The first cluster of a text; empty if that is.
pub fn first(text: &str) -> &str {
    let mut chars = text.char_indices();
    let Some((_, mut before)) = chars.next() else { return "" };
    let mut flags = usize::from(is_regional(before));
    for (at, c) in chars {
        let is_flag = is_regional(c) && flags == 1 && is_regional(before);
        if !(is_flag || joins(c) || (before == JOINER && c.width() == Some(2))) || is_alone(before)
        {
            return &text[..at];
        }
        flags += usize::from(is_flag);
        before = c;
    }
    text
}

/// The clusters of a text.
pub fn all(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let cluster = first(rest);
        rest = &rest[cluster.len()..];
        (!cluster.is_empty()).then_some(cluster)
    })
}

/// Where the cluster ends that begins at `at`.
pub fn after(text: &str, at: usize) -> usize {
    at + first(&text[at..]).len()
}

/// Where the cluster begins that ends at `at`.
pub fn before(text: &str, at: usize) -> usize {
    // A line break is no part of any cluster, so it is enough to look at one line.
    let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
    if line == at {
        return at.saturating_sub(1);
    }
    let mut start = line;
    while start < at {
        let end = after(text, start);
        if end >= at {
            break;
        }
        start = end;
    }
    start
}

/// Appends a cluster as it is shown; gives the columns that it takes. A control is two signs, as
/// in `^C`. Selectors and skin tones are left out: terminals disagree about their width.
pub fn show(cluster: &str, out: &mut String) -> usize {
    let mut columns = 0;
    for c in cluster.chars() {
        if c < ' ' || c == '\x7F' {
            out.push('^');
            out.push(char::from(c as u8 ^ 0x40));
            columns += 2;
            continue;
        }
        if is_tone(c) && columns > 0 || is_selector(c) {
            continue;
        }
        let shown = safe::shown(c);
        out.extend(shown);
        columns += shown.and_then(|c| c.width()).unwrap_or(0);
    }
    columns
}

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    show(text, &mut String::new())
}

fn joins(c: char) -> bool {
    c == JOINER || is_tone(c) || c.width() == Some(0)
}

fn is_alone(c: char) -> bool {
    c.is_control()
}

fn is_regional(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}

fn is_tone(c: char) -> bool {
    ('\u{1F3FB}'..='\u{1F3FF}').contains(&c)
}

fn is_selector(c: char) -> bool {
    ('\u{FE00}'..='\u{FE0F}').contains(&c)
}

const JOINER: char = '\u{200D}';

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👩\u{200D}👧\u{200D}👦";

    #[test]
    fn what_looks_like_one_letter_is_one() {
        for (text, expected) in [
            ("abc", &["a", "b", "c"][..]),
            ("e\u{301}e\u{301}\u{308}", &["e\u{301}", "e\u{301}\u{308}"]),
            ("你好", &["你", "好"]),
            ("👍🏽👍", &["👍🏽", "👍"]),
            (&format!("{FAMILY}x"), &[FAMILY, "x"]),
            ("🇩🇪🇫🇷🇩", &["🇩🇪", "🇫🇷", "🇩"]),
            ("❤\u{FE0F}x", &["❤\u{FE0F}", "x"]),
            ("\u{301}a", &["\u{301}", "a"]),
            ("a\n\u{301}\n", &["a", "\n", "\u{301}", "\n"]),
            ("a\u{200D}b", &["a\u{200D}", "b"]),
        ] {
            assert_eq!(all(text).collect::<Vec<_>>(), expected, "{text:?}");
            let mut at = text.len();
            for cluster in expected.iter().rev() {
                assert_eq!(before(text, at), at - cluster.len(), "{text:?} at {at}");
                at -= cluster.len();
            }
        }
        assert_eq!((before("", 0), after("", 0)), (0, 0));
    }

    #[test]
    fn columns_are_counted_of_what_is_shown() {
        for (text, columns) in [
            ("abc", 3),
            ("e\u{301}", 1),
            ("你", 2),
            ("👍🏽", 2),
            (FAMILY, 6),
            ("🇩🇪", 2),
            ("❤\u{FE0F}", 1),
            ("\x03\x7F", 4),
            ("\u{202E}\u{200B}", 1),
        ] {
            assert_eq!(width(text), columns, "{text:?}");
        }
        let mut shown = String::new();
        show("\x1B[2J\x7F\u{9B}\u{202E}", &mut shown);
        assert_eq!(shown, "^[[2J^?\u{FFFD}\u{FFFD}");
    }
}
