//! What a text is found by: its words, folded, the same way for what is kept and what is asked.
//!
//! Letters and digits make words, whatever the script; case and the accents of Latin letters do not
//! count. Chinese, Japanese and Korean have no spaces that would help, so each run of their
//! characters is taken apart into single ones and pairs: any part of a run is found, and one of
//! three characters or more is compared with the text itself in the end.
//!
//! What comes out has ASCII letters and digits and characters beyond ASCII only. FTS5's tokenizer
//! `ascii` takes that apart at our spaces and nowhere else, so that no question is ever a phrase or
//! a syntax error.

use crate::proto::limits::{SEARCH_WORDS, WORD_MAX_CHARS};

/// Appends what a text is found by, with spaces between.
pub(super) fn index(text: &str, to: &mut String) {
    split(text, &mut |part| match part {
        Part::Word(word) => push(to, word.chars()),
        Part::Run(run) => {
            run.iter().for_each(|one| push(to, [*one]));
            run.windows(2).for_each(|two| push(to, two.iter().copied()));
        }
    });
}

/// What all that was said with one person is found by. No word of a text is like it: the character
/// in front is no letter.
pub(super) fn of_person(row: i64) -> String {
    format!("\u{e000}{row}")
}

/// The same of what was said in one group.
pub(super) fn of_group(row: i64) -> String {
    format!("\u{e001}{row}")
}

/// A question, taken apart.
pub(super) struct Asked {
    /// For FTS5's `MATCH`: all of these words.
    pub(super) expression: String,
    /// The text has these in it as they are.
    pub(super) runs: Vec<String>,
}

/// What to look for: every word, and where a `*` stands behind it, every word that begins so. Words
/// past [`SEARCH_WORDS`] are passed over; nothing is asked when there is none. `of` is one person's
/// or group's.
pub(super) fn ask(words: &str, of: Option<String>) -> Option<Asked> {
    let mut terms: Vec<String> = Vec::new();
    let mut runs = Vec::new();
    for word in words.split_whitespace() {
        let mut is_beginning = false;
        split(word, &mut |part| match part {
            Part::Word(word) => {
                is_beginning = word.chars().count() >= BEGINNING_MIN_CHARS;
                terms.push(format!("\"{word}\""));
            }
            Part::Run(run) => {
                is_beginning = false;
                terms.extend(run.windows(run.len().min(2)).map(quoted));
                runs.extend((run.len() > 2).then(|| run.iter().collect::<String>()));
            }
        });
        if let (true, Some(last)) = (is_beginning && word.ends_with('*'), terms.last_mut()) {
            last.push('*');
        }
    }
    terms.truncate(SEARCH_WORDS);
    if terms.is_empty() {
        return None;
    }
    terms.extend(of.map(|of| format!("\"{of}\"")));
    Some(Asked { expression: terms.join(" AND "), runs })
}

enum Part<'a> {
    /// Folded.
    Word(&'a str),
    /// As it stands.
    Run(&'a [char]),
}

fn split(text: &str, each: &mut dyn FnMut(Part<'_>)) {
    let mut word = String::new();
    let mut chars = 0;
    let mut run = Vec::new();
    for c in text.chars().chain([' ']) {
        let (is_run, is_word) = (is_unspaced(c), c.is_alphanumeric());
        if !is_run && !run.is_empty() {
            each(Part::Run(&run));
            run.clear();
        }
        if is_run {
            run.push(c);
        } else if is_word {
            let folded = c.to_lowercase().map(plain).filter(|c| !is_accent(*c));
            for c in folded.take(WORD_MAX_CHARS - chars) {
                word.push(c);
                chars += 1;
            }
        }
        if (is_run || !is_word) && !is_accent(c) && !word.is_empty() {
            each(Part::Word(&word));
            word.clear();
            chars = 0;
        }
    }
}

fn push(to: &mut String, word: impl IntoIterator<Item = char>) {
    if !to.is_empty() {
        to.push(' ');
    }
    to.extend(word);
}

fn quoted(run: &[char]) -> String {
    let run: String = run.iter().collect();
    format!("\"{run}\"")
}

/// Combining Diacritical Marks, which stand behind their letter.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Kana, Bopomofo, ideographs and Hangul, by their Unicode blocks.
fn is_unspaced(c: char) -> bool {
    c.is_alphanumeric()
        && matches!(c,
            '\u{1100}'..='\u{11ff}'
            | '\u{2e80}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ffdc}'
            | '\u{1b000}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}')
}

/// A lower-case Latin letter without its accent, from the first Latin blocks.
fn plain(c: char) -> char {
    match c {
        '\0'..='\u{bf}' => c,
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ё' => 'е',
        _ => c,
    }
}

/// One letter with a `*` would be most of all words.
const BEGINNING_MIN_CHARS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(text: &str) -> String {
        let mut words = String::new();
        index(text, &mut words);
        words
    }

    fn asked(words: &str) -> String {
        ask(words, None).map(|asked| asked.expression).unwrap_or_default()
    }

    #[test]
    fn case_accents_and_punctuation_do_not_count() {
        assert_eq!(
            indexed("Grüße, CAFÉ-au_lait (e\u{301}te\u{301}) 3.14!"),
            "gruße cafe au lait ete 3 14"
        );
        assert_eq!(indexed("ΣΊΣΥΦΟΣ Ёлка İstanbul"), "σίσυφοσ елка istanbul");
        assert_eq!(indexed("…\n\t'\"*"), "");
    }

    #[test]
    fn unspaced_scripts_are_found_by_single_characters_and_pairs() {
        assert_eq!(indexed("iPhone手机ok"), "iphone 手 机 手机 ok");
        assert_eq!(indexed("東京は"), "東 京 は 東京 京は");
        assert_eq!(asked("京"), "\"京\"");
        assert_eq!(asked("東京"), "\"東京\"");
        let asked = ask("東京は*", None).unwrap();
        assert_eq!(asked.expression, "\"東京\" AND \"京は\"");
        assert_eq!(asked.runs, ["東京は"]);
    }

    #[test]
    fn what_is_typed_is_never_syntax() {
        assert_eq!(
            asked("AND (or) NEAR/2 col:x \"a\" -b^"),
            "\"and\" AND \"or\" AND \"near\" AND \
            \"2\" AND \"col\" AND \"x\" AND \"a\" AND \"b\""
        );
        assert_eq!(asked("hel* h* * a-wor*"), "\"hel\"* AND \"h\" AND \"a\" AND \"wor\"*");
        assert_eq!(asked("  \" ' "), "");
        let long = "x".repeat(WORD_MAX_CHARS * 2);
        assert_eq!(asked(&long), format!("\"{}\"", &long[..WORD_MAX_CHARS]));
        let many = "word ".repeat(SEARCH_WORDS * 2);
        assert_eq!(asked(&many).matches("word").count(), SEARCH_WORDS);
    }

    #[test]
    fn a_person_is_no_word() {
        assert_eq!(indexed(&of_person(7)), "7");
        let expression = ask("hi", Some(of_person(7))).unwrap().expression;
        assert!(expression.ends_with("AND \"\u{e000}7\""));
        assert!(ask("", Some(of_group(7))).is_none());
        assert_ne!(of_group(7), of_person(7));
    }
}
