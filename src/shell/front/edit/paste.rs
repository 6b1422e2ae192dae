//! Text that was pasted.

/// What a tab becomes.
const TAB: &str = "    ";

/// A paste without what is no text: line breaks of any kind are one, tabs are blanks, controls are
/// left out.
pub(super) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '\n' if before == '\r' => {}
            '\n' | '\r' => harmless.push('\n'),
            '\t' => harmless.push_str(TAB),
            c if c.is_control() => {}
            c => harmless.push(c),
        }
        before = c;
    }
    harmless
}

/// The line with a paste where its cursor is; behind its last line break goes what was behind the
/// cursor.
pub(super) fn into(pasted: &str, line: &str, at: usize) -> String {
    [&line[..at], pasted, &line[at..]].concat()
}

/// What is asked before many lines are sent.
pub(super) fn question(lines: usize, to: Option<&str>) -> String {
    let whom = to.map_or(String::new(), |to| [" to ", to].concat());
    ["send ", &lines.to_string(), " lines", &whom, "? y/n "].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_one_kind_and_controls_are_left_out() {
        assert_eq!(harmless("a\r\nb\rc\n\nd\te\x1B[2J\x07\u{9B}"), "a\nb\nc\n\nd    e[2J");
        assert_eq!(harmless("größe 👍🏽"), "größe 👍🏽");
    }

    #[test]
    fn the_question_says_how_many_and_to_whom() {
        assert_eq!(question(12, Some("bob")), "send 12 lines to bob? y/n ");
        assert_eq!(question(6, None), "send 6 lines? y/n ");
    }
}
