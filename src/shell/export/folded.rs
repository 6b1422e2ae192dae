//! A text as it reads: case, accents, full width, invisible characters and look-alikes of letters
//! do not count. One byte a character, so that whatever is looked for is looked for in bytes.

/// A letter that is none of ASCII's and does not look like one.
const LETTER: u8 = 0x80;
/// Any other character: a word ends before it.
const OTHER: u8 = 0x81;
/// From here on: letters of alphabets that have no spaces between words, or that are read by few.
const GLYPH: u8 = 0xc0;
/// So far apart are small and capital letters of Armenian.
const GLYPHS: u32 = 48;

/// A folded text. Kept for the next one, so that its room is.
#[derive(Debug, Default)]
pub struct Folded {
    /// In lower case.
    pub low: Vec<u8>,
    /// As it stands.
    cased: Vec<u8>,
    /// Where each begins in the text itself, and where that ends.
    at: Vec<u32>,
}

impl Folded {
    /// Folds a text.
    pub fn fill(&mut self, text: &str) {
        self.cased.clear();
        self.at.clear();
        if text.is_ascii() {
            self.cased.extend_from_slice(text.as_bytes());
            self.at.extend(0..=text.len() as u32);
        } else {
            for (at, c) in text.char_indices().filter(|(_, c)| !is_invisible(*c)) {
                self.cased.push(plain(c));
                self.at.push(at as u32);
            }
            self.at.push(text.len() as u32);
        }
        self.low.clear();
        self.low.extend(self.cased.iter().map(u8::to_ascii_lowercase));
    }

    /// Where a character begins in the text itself.
    pub fn place(&self, at: usize) -> usize {
        self.at[at] as usize
    }

    /// A character; 0 beyond the end.
    pub fn get(&self, at: usize) -> u8 {
        self.low.get(at).copied().unwrap_or(0)
    }

    /// Whether it is a capital letter.
    pub fn is_capital(&self, at: usize) -> bool {
        self.cased.get(at).is_some_and(u8::is_ascii_uppercase)
    }

    /// Whether a word begins there.
    pub fn begins_word(&self, at: usize) -> bool {
        is_word(self.get(at)) && (at == 0 || !is_word(self.low[at - 1]))
    }

    /// Whether a word begins there, or a part of one, as in `TeamBob` and `bob2`.
    pub fn begins_part(&self, at: usize) -> bool {
        let is_digit = |at| self.get(at).is_ascii_digit();
        self.begins_word(at)
            || at > 0
                && is_word(self.get(at - 1))
                && (self.is_capital(at) && !self.is_capital(at - 1)
                    || is_digit(at) && !is_digit(at - 1))
    }

    /// Where a run of such characters ends.
    pub fn run(&self, at: usize, fits: impl Fn(u8) -> bool) -> usize {
        let rest = self.low.get(at..).unwrap_or_default();
        at + rest.iter().position(|b| !fits(*b)).unwrap_or(rest.len())
    }

    /// Whether these characters stand there.
    pub fn has(&self, at: usize, what: &[u8]) -> bool {
        self.low.get(at..).is_some_and(|rest| rest.starts_with(what))
    }

    /// Where a run ends that is not to end with punctuation.
    pub fn trimmed(&self, from: usize, end: usize) -> usize {
        let is_last =
            |b: &u8| is_word(*b) || matches!(*b, GLYPH..|b'/'| b'\\' | b'=' | b'&' | b'#' | b'_');
        self.low[from..end].iter().rposition(is_last).map_or(from, |last| from + last + 1)
    }
}

/// Whether it is part of a word.
pub fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == LETTER
}

/// Whether it is a space, or the end of a line.
pub fn is_space(b: u8) -> bool {
    b.is_ascii_whitespace()
}

fn plain(c: char) -> u8 {
    if c.is_ascii() {
        return c as u8;
    }
    match c {
        '\u{ff01}'..='\u{ff5e}' => (c as u32 - 0xff01 + 0x21) as u8,
        // Mathematical letters and digits, in alphabets of 52 and tens.
        '\u{1d400}'..='\u{1d6a3}' => letter((c as u32 - 0x1d400) % 52),
        '\u{1d7ce}'..='\u{1d7ff}' => b'0' + ((c as u32 - 0x1d7ce) % 10) as u8,
        '\u{24b6}'..='\u{24e9}' => letter(c as u32 - 0x24b6),
        '\u{660}'..='\u{669}' => b'0' + (c as u32 - 0x660) as u8,
        '\u{6f0}'..='\u{6f9}' => b'0' + (c as u32 - 0x6f0) as u8,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => b'-',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => b' ',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2032}' | '\u{b4}' => b'\'',
        '\u{b7}' => b'_',
        '\u{201c}' | '\u{201d}' => b'"',
        '\u{3002}' | '\u{2024}' => b'.',
        '\u{212a}' => b'K',
        '\u{c0}'..='\u{17f}' => accented(c),
        _ => cyrillic_or_greek(c),
    }
}

fn letter(n: u32) -> u8 {
    if n < 26 { b'A' + n as u8 } else { b'a' + (n - 26) as u8 }
}

/// Letters that look like Latin ones, as those; other letters of alphabets with spaces between
/// words, as letters.
fn cyrillic_or_greek(c: char) -> u8 {
    let alike =
        "аaеeоoрpсcуyхxіiјjѕsԁdһhԛqԝwАAВBЕEКKМMНHОOРPСCТTХXІIЈJЅSΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXοoνv";
    let mut letters = alike.chars();
    while let (Some(one), Some(ascii)) = (letters.next(), letters.next()) {
        if one == c {
            return ascii as u8;
        }
    }
    match c {
        '\u{aa}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}' if c.is_alphabetic() => LETTER,
        _ if c.is_alphanumeric() => GLYPH + (c as u32 % GLYPHS) as u8,
        _ => OTHER,
    }
}

/// The letter below an accent.
fn accented(c: char) -> u8 {
    match BASES[c as usize - 0xc0] {
        b'*' if c.is_alphabetic() => LETTER,
        b'*' => OTHER,
        base => base,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

/// From U+00C0 on; `*` is a letter without an accent, or none.
const BASES: &[u8; 192] = b"AAAAAA*CEEEEIIII*NOOOOO*OUUUUY**aaaaaa*ceeeeiiii*nooooo*ouuuuy*y\
    AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi**JjKk*LlLlLlLlLlNnNnNn***OoOoOo**\
    RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
