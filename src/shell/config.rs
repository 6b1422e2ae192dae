//! The file of options that a profile may have.
//!
//! ```text
//! # whoever may call
//! accept = all
//! name = "bob"
//! on = message sh -c 'cat >>log'
//! ```
//!
//! A value stands as it is from its first letter to its last, or in double quotes, inside which
//! `\"`, `\\` and `\n` are a quote, a backslash and a line break.

/// An option that a line sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which line it is, counted from 1.
    pub number: usize,
    /// The option's long name, or what should be one.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which line it is, counted from 1.
    pub number: usize,
    /// What, in words.
    pub what: &'static str,
}

/// Reads the file's text; it ends with the first fault.
pub fn parse(text: &str) -> Result<Vec<Line>, Fault> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut lines = Vec::new();
    for (before, line) in text.lines().enumerate() {
        let (number, line) = (before + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault = |what| Fault { number, what };
        let (key, value) = line.split_once('=').ok_or_else(|| fault("expected KEY = VALUE"))?;
        let value = unquoted(value.trim_start()).map_err(fault)?;
        lines.push(Line { number, key: key.trim_end().to_owned(), value });
    }
    Ok(lines)
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    let Some(inside) = value.strip_prefix('"') else { return Ok(value.to_owned()) };
    let mut read = String::new();
    let mut letters = inside.chars();
    loop {
        match letters.next().ok_or("a quote is not closed")? {
            '"' if letters.as_str().is_empty() => return Ok(read),
            '"' => {
                return Err("text behind the closing quote [quote all of the value, or nothing]");
            }
            '\\' => match letters.next().ok_or("a quote is not closed")? {
                letter @ ('"' | '\\') => read.push(letter),
                'n' => read.push('\n'),
                other => read.extend(['\\', other]),
            },
            letter => read.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(usize, String, String)> {
        let lines = parse(text).expect("a good file");
        lines.into_iter().map(|line| (line.number, line.key, line.value)).collect()
    }

    fn written(key: &str, value: &str) -> String {
        let is_plain = value.trim() == value && !value.starts_with('"') && !value.contains('\n');
        if is_plain {
            return format!("{key} = {value}\n");
        }
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{key}=\"{value}\"\r\n")
    }

    #[test]
    fn a_line_is_a_key_and_a_value_and_the_rest_is_passed_over() {
        let text =
            "\u{FEFF}# a\n\n  name=bob \r\n\tserver = h:1#KEY # x\n  # b\nnotify =\na = b = c";
        let expected = [
            (3, "name", "bob"),
            (4, "server", "h:1#KEY # x"),
            (6, "notify", ""),
            (7, "a", "b = c"),
        ];
        let expected = expected.map(|(n, key, value)| (n, key.to_owned(), value.to_owned()));
        assert_eq!(read(text), expected);
        assert_eq!(read(""), []);
    }

    #[test]
    fn quotes_hold_a_value_together_and_are_not_part_of_it() {
        for (text, value) in [
            (r#"" a ""#, " a "),
            (r#""""#, ""),
            (r#""a \"b\" \\ \n \t""#, "a \"b\" \\ \n \\t"),
            (r#"say "hi" to"#, "say \"hi\" to"),
            ("sh -c 'a\\nb'", "sh -c 'a\\nb'"),
        ] {
            assert_eq!(read(&format!("x = {text}"))[0].2, value, "{text}");
        }
    }

    #[test]
    fn a_fault_is_one_of_a_line() {
        for (text, number, what) in [
            ("name", 1, "expected KEY = VALUE"),
            ("a = 1\n\nb = \"x", 3, "a quote is not closed"),
            ("a = \"x\\", 1, "a quote is not closed"),
            ("#\na = \"x\" y", 2, "text behind the closing quote"),
        ] {
            let fault = parse(text).expect_err(text);
            assert_eq!(fault.number, number, "{text}");
            assert!(fault.what.starts_with(what), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            pairs in prop::collection::vec(("[a-z][a-z-]{0,12}", any::<String>()), 0..8)
        ) {
            let text: String = pairs.iter().map(|(key, value)| written(key, value)).collect();
            let lines = parse(&text).expect("a good file");
            let found: Vec<_> = lines.into_iter().map(|line| (line.key, line.value)).collect();
            prop_assert_eq!(found, pairs);
        }

        #[test]
        fn no_text_is_too_strange_to_be_refused(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
