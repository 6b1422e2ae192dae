//! Words that are being typed, their quotes perhaps not closed yet, as [`words`] splits them.
//!
//! [`words`]: crate::shell::front::words

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Where in the line it begins, its quote too.
    pub from: usize,
    /// Without its quotes.
    pub text: String,
    /// What it begins with, if that is a quote.
    pub quote: Option<char>,
    /// It names a file: what may stand in a name is quoted.
    pub is_path: bool,
}

impl Word {
    /// A word without quotes.
    pub fn plain(from: usize, text: &str) -> Word {
        Word { from, text: text.to_owned(), quote: None, is_path: false }
    }

    /// Another text in its place, quoted as it is; to the end if it is whole.
    pub fn quoted(&self, text: &str, is_whole: bool) -> String {
        if !self.is_path {
            return text.to_owned();
        }
        let mut quoted: String = self.quote.into_iter().collect();
        for c in text.chars() {
            match (self.quote, c) {
                // Inside single quotes nothing is special, so a quote stands outside of them.
                (Some('\''), '\'') => quoted.push_str("'\\'"),
                (Some('"'), '"' | '\\' | '$' | '`') => quoted.push('\\'),
                (None, c) if c.is_whitespace() || matches!(c, '\'' | '"' | '\\') => {
                    quoted.push('\\');
                }
                _ => {}
            }
            quoted.push(c);
        }
        quoted.extend(self.quote.filter(|_| is_whole));
        quoted
    }
}

/// The words of a line, the last one perhaps empty or not whole.
pub(super) fn words(line: &str) -> Vec<Word> {
    let mut words = vec![Word::plain(0, "")];
    let mut open = None;
    let mut is_escaped = false;
    let mut is_begun = false;
    for (at, c) in line.char_indices() {
        if !is_begun && !c.is_whitespace() {
            words.push(Word { from: at, quote: Some(c).filter(is_quote), ..Word::plain(at, "") });
            is_begun = true;
        }
        let Some(word) = words.last_mut() else { return words };
        match (open, c) {
            _ if std::mem::take(&mut is_escaped) => word.text.push(c),
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(quote), c) if c == quote => open = None,
            (Some(_), c) => word.text.push(c),
            (None, c) if is_quote(&c) => open = Some(c),
            (None, c) if c.is_whitespace() => is_begun = false,
            (None, c) => word.text.push(c),
        }
    }
    if !is_begun {
        words.push(Word::plain(line.len(), ""));
    }
    words.remove(0);
    words
}

fn is_quote(c: &char) -> bool {
    matches!(c, '\'' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::front::words;

    fn texts(line: &str) -> Vec<String> {
        super::words(line).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_split_though_their_quotes_are_open() {
        assert_eq!(texts(""), [""]);
        assert_eq!(texts("bob "), ["bob", ""]);
        assert_eq!(texts("bob a\\ b"), ["bob", "a b"]);
        assert_eq!(texts("bob 'a b"), ["bob", "a b"]);
        assert_eq!(texts("bob \"a \\\"b"), ["bob", "a \"b"]);
        assert_eq!(texts("'a b' c"), ["a b", "c"]);
        let word = super::words("bob  'a").remove(1);
        assert_eq!((word.from, word.quote), (5, Some('\'')));
    }

    #[test]
    fn what_is_quoted_reads_back_as_the_same() {
        for quote in [None, Some('\''), Some('"')] {
            for text in ["plain", "two words", "it's", "a\"b\\c$d`e", "ü ß"] {
                let word = Word { quote, is_path: true, ..Word::plain(0, "") };
                let quoted = word.quoted(text, true);
                assert_eq!(words::split(&quoted), Ok(vec![text.to_owned()]), "{quoted}");
            }
        }
    }
}
