//! Words as sh would split them, with its quotes and nothing expanded.

use super::args::Bad;
use std::str::Chars;

/// Takes the next word off a line, and what separates it from the one after.
pub fn next(line: &mut &str) -> Result<Option<String>, Bad> {
    let start = line.trim_start();
    let mut word = String::new();
    let mut letters = start.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                let (inside, rest) = letters.as_str().split_once('\'').ok_or_else(not_closed)?;
                word.push_str(inside);
                letters = rest.chars();
            }
            '"' => double_quoted(&mut letters, &mut word)?,
            '\\' => word.push(letters.next().ok_or_else(not_closed)?),
            letter if letter.is_whitespace() => break,
            letter => word.push(letter),
        }
    }
    *line = letters.as_str();
    Ok((!start.is_empty()).then_some(word))
}

/// All words of a line.
pub fn split(mut line: &str) -> Result<Vec<String>, Bad> {
    let mut words = Vec::new();
    while let Some(word) = next(&mut line)? {
        words.push(word);
    }
    Ok(words)
}

/// Copies what stands before the closing quote.
fn double_quoted(letters: &mut Chars<'_>, word: &mut String) -> Result<(), Bad> {
    loop {
        match letters.next().ok_or_else(not_closed)? {
            '"' => return Ok(()),
            '\\' => match letters.next().ok_or_else(not_closed)? {
                // POSIX, Shell Command Language, 2.2.3: elsewhere a backslash is itself.
                quoted @ ('$' | '`' | '"' | '\\') => word.push(quoted),
                other => word.extend(['\\', other]),
            },
            letter => word.push(letter),
        }
    }
}

fn not_closed() -> Bad {
    Bad::Line("a quote is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::model::run::line_of;

    #[test]
    fn words_are_split_as_sh_does_and_nothing_is_expanded() {
        for (line, expected) in [
            ("", &[][..]),
            ("  ls  -l ", &["ls", "-l"]),
            ("echo $HOME; id", &["echo", "$HOME;", "id"]),
            ("echo `id` $(id) *", &["echo", "`id`", "$(id)", "*"]),
            ("a 'b  c'd \"e f\"", &["a", "b  cd", "e f"]),
            (r#"'\' \'x "\"\n\$x""#, &["\\", "'x", "\"\\n$x"]),
            ("'' \"\"", &["", ""]),
            ("a\\ b ü'ß'", &["a b", "üß"]),
        ] {
            assert_eq!(split(line).expect(line), expected, "{line}");
        }
        for bad in ["'", "a \"b", "a\\", "\"\\"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_line_as_it_is_shown_reads_back_as_the_same_words() {
        for argv in [&["ls", "-l"][..], &["echo", "it's", "", "$x;\n\\"], &["a\"b", "'", "ü ß"]] {
            let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(split(&line_of(&argv)), Ok(argv));
        }
    }
}
