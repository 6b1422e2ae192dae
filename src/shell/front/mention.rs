//! Our name in what others say.

use std::ops::Range;

/// Where a name stands in a text as a word of its own, in any case, `@` before it or not.
pub fn find(text: &str, name: &str) -> Option<Range<usize>> {
    let (text, name) = (text.as_bytes(), name.as_bytes());
    let last = text.len().checked_sub(name.len()).filter(|_| !name.is_empty())?;
    (0..=last).find_map(|start| {
        let end = start + name.len();
        let is_name = text[start..end].eq_ignore_ascii_case(name);
        (is_name && begins(text, start) && ends(text, end)).then_some(start..end)
    })
}

/// Bytes of letters that are not ASCII count as letters.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// What stands before a word is no part of a longer name, and no `ann@` of an address.
fn begins(text: &[u8], start: usize) -> bool {
    match text[..start] {
        [.., before, b'@'] => !is_letter(before),
        [.., before] => !is_letter(before) && !b"._-".contains(&before),
        [] => true,
    }
}

/// What stands behind it neither: a dot that ends a sentence is none.
fn ends(text: &[u8], end: usize) -> bool {
    match text[end..] {
        [b'.' | b'-' | b'_' | b'@', after, ..] => !is_letter(after),
        [after, ..] => !is_letter(after),
        [] => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_word_of_its_own() {
        for text in ["ann", "Ann, look", "hi @ANN!", "well,ann.", "(ann)", "é ann", "x @ann: y"] {
            let found = find(text, "ann").expect(text);
            assert!(text[found].eq_ignore_ascii_case("ann"), "{text}");
        }
        let others = ["", "an", "anna", "joann", "ann.lee", "lee-ann", "ann_2", "éann", "anné"];
        for text in others.into_iter().chain(["bob@ann", "ann@home", "annann"]) {
            assert_eq!(find(text, "ann"), None, "{text}");
        }
        assert_eq!(find("anna or ann", "ann"), Some(8..11));
        assert_eq!(find("ann", ""), None);
    }
}
