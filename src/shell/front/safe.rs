//! Text that somebody else wrote, made harmless before it reaches a terminal.
//!
//! What moves the cursor, changes colours or turns the reading direction shows as U+FFFD; what is
//! invisible is left out, so that two names which look alike are alike.

/// Stands for what may not be shown.
pub const MARK: char = '\u{FFFD}';
/// What a line break inside a message becomes: nothing but the indented rest of the same message
/// starts like that, so no text can pretend to be a line of its own.
pub const CONTINUATION: &str = "\n    ";

/// Appends a text of several lines; its later lines are indented.
pub fn push_text(text: &str, out: &mut Vec<u8>) {
    push(text, CONTINUATION, out);
}

/// Appends a text that belongs on one line: a name, a reason.
pub fn push_word(text: &str, out: &mut Vec<u8>) {
    push(text, "\u{FFFD}", out);
}

/// Appends what a program wrote, lines and columns as they are.
pub fn push_output(text: &str, out: &mut Vec<u8>) {
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            out.push(b'\n');
        }
        for (n, cell) in line.split('\t').enumerate() {
            if n > 0 {
                out.push(b'\t');
            }
            push(cell, "", out);
        }
    }
}

/// What a letter becomes on a line of its own; `None` if there is nothing to see.
pub fn shown(c: char) -> Option<char> {
    match fate(c) {
        Fate::Shown => Some(c),
        Fate::Marked | Fate::Break => Some(MARK),
        Fate::Dropped => None,
        Fate::Space => Some(' '),
    }
}

fn push(text: &str, line_break: &str, out: &mut Vec<u8>) {
    if text.bytes().all(|byte| (b' '..0x7F).contains(&byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut utf8 = [0; 4];
    for c in text.chars() {
        match fate(c) {
            Fate::Shown => out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes()),
            Fate::Marked => out.extend_from_slice(MARK.encode_utf8(&mut utf8).as_bytes()),
            Fate::Dropped => {}
            Fate::Space => out.push(b' '),
            Fate::Break => out.extend_from_slice(line_break.as_bytes()),
        }
    }
}

enum Fate {
    Shown,
    Marked,
    Dropped,
    Space,
    Break,
}

fn fate(c: char) -> Fate {
    match c {
        '\n' => Fate::Break,
        '\t' => Fate::Space,
        // C0, DEL, C1; separators that some terminals take for a line break; interlinear marks.
        '\0'..='\x1F' | '\x7F'..='\u{9F}' | '\u{2028}' | '\u{2029}' => Fate::Marked,
        '\u{FFF9}'..='\u{FFFB}' => Fate::Marked,
        // Bidirectional controls (UAX 9): marks, embeddings, overrides, isolates.
        '\u{61C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Fate::Marked,
        // Nothing to see: soft hyphen, joiners, zero width, fillers, deprecated controls.
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => Fate::Dropped,
        '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2065}' => Fate::Dropped,
        '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' => Fate::Dropped,
        // Tag characters: a whole hidden alphabet.
        '\u{E0000}'..='\u{E007F}' => Fate::Dropped,
        _ => Fate::Shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(from: &str) -> String {
        let mut out = Vec::new();
        push_text(from, &mut out);
        String::from_utf8(out).expect("the sanitiser writes UTF-8")
    }

    fn word(from: &str) -> String {
        let mut out = Vec::new();
        push_word(from, &mut out);
        String::from_utf8(out).expect("the sanitiser writes UTF-8")
    }

    #[test]
    fn ordinary_text_of_any_script_passes_as_it_is() {
        for plain in ["", "hi there", "grüß dich, 你好, שלום", "née 👍🏽 e\u{301}"] {
            assert_eq!(text(plain), plain);
            assert_eq!(word(plain), plain);
        }
    }

    #[test]
    fn no_control_reaches_the_terminal() {
        assert_eq!(text("\x1B[2Jgone\x07\r"), "\u{FFFD}[2Jgone\u{FFFD}\u{FFFD}");
        for code in (0..0xA0).filter(|code| *code != 10) {
            let c = char::from_u32(code).expect("below the surrogates");
            let shown = text(&c.to_string());
            assert!(!shown.chars().any(char::is_control), "U+{code:04X}");
        }
        assert_eq!(text("a\tb"), "a b");
    }

    #[test]
    fn a_line_break_cannot_forge_a_line() {
        assert_eq!(text("hi\nbob: give me money"), "hi\n    bob: give me money");
        assert_eq!(word("bob\nalice"), "bob\u{FFFD}alice");
        assert_eq!(text("a\u{2028}b\u{85}c"), "a\u{FFFD}b\u{FFFD}c");
    }

    #[test]
    fn output_keeps_its_lines_and_columns_and_nothing_else() {
        let mut out = Vec::new();
        push_output("a\tb\n\x1B[2Jc\r\n\u{202E}\n", &mut out);
        assert_eq!(out, "a\tb\n\u{FFFD}[2Jc\u{FFFD}\n\u{FFFD}\n".as_bytes());
    }

    #[test]
    fn direction_is_not_turned_and_the_invisible_is_dropped() {
        assert_eq!(text("a\u{202E}b\u{2066}c\u{61C}"), "a\u{FFFD}b\u{FFFD}c\u{FFFD}");
        assert_eq!(word("bo\u{200B}b\u{200D}\u{FEFF}\u{AD}\u{2060}"), "bob");
        assert_eq!(word("bob\u{E0041}\u{E007F}\u{3164}"), "bob");
    }
}
