//! A source file as the rules see it: tokens with their lines, their modules, and what is test.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// One file of `src`, cut into tokens.
pub struct Source {
    /// Its path, from the crate's root.
    pub file: String,
    /// The text, line by line.
    pub lines: Vec<String>,
    /// The code without comments; every literal is one token.
    pub tokens: Vec<Token>,
    /// Whether the whole file is test code.
    pub is_test: bool,
}

/// A word, a mark or a literal of the code.
pub struct Token {
    /// As written; `::` is one token, a string is `""`.
    pub text: String,
    /// From 1.
    pub line: usize,
    /// The module it stands in, inline ones included: `["proto", "wire"]`.
    pub module: Vec<String>,
    /// Inside a `#[cfg(test)]` item, or in a test file.
    pub in_test: bool,
}

/// A path that the code names, by `use` or in passing.
pub struct Named {
    /// As written, groups taken apart: `["super", "id", "ConnId"]`, `["std", "fs"]`, `["x", "*"]`.
    pub path: Vec<String>,
    /// Where.
    pub line: usize,
    /// The module it is named in.
    pub module: Vec<String>,
    /// Named by test code.
    pub in_test: bool,
}

impl Source {
    /// Reads every Rust file below `root/src`.
    pub fn read_all(root: &Path) -> io::Result<Vec<Source>> {
        let mut sources = Vec::new();
        let mut folders = vec![root.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let file = path.strip_prefix(root).expect("it was found below the root");
                    sources.push(Source::new(file, &fs::read_to_string(&path)?));
                }
            }
        }
        sources.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(sources)
    }

    /// A file of this name with this text.
    pub fn new(file: &Path, text: &str) -> Source {
        let is_test = file
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")));
        let mut tokens = lex(text);
        mark_tests(&mut tokens, is_test);
        mark_modules(&mut tokens, &module_of(file));
        let lines = text.lines().map(str::to_owned).collect();
        Source { file: file.display().to_string(), lines, tokens, is_test }
    }

    /// The text of the token at `at`; empty past the end.
    pub fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// Every path that the file names.
    pub fn named(&self) -> Vec<Named> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.text(at) == "use" && self.text(at + 1) != "<" {
                at = self.use_tree(at + 1, Vec::new(), &mut found);
            } else if self.starts_path(at) {
                at = self.inline_path(at, &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    /// Where the block that opens at `open` closes.
    pub fn close_of(&self, open: usize) -> usize {
        close_of(&self.tokens, open)
    }

    fn starts_path(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        is_word(self.text(at)) && self.text(at + 1) == "::" && before != "."
    }

    fn inline_path(&self, start: usize, found: &mut Vec<Named>) -> usize {
        let mut path = vec![self.text(start).to_owned()];
        let mut at = start + 1;
        while self.text(at) == "::" && is_word(self.text(at + 1)) {
            path.push(self.text(at + 1).to_owned());
            at += 2;
        }
        found.push(self.name(path, start));
        at
    }

    /// Reads one branch of a `use` tree; gives the place after it.
    fn use_tree(&self, start: usize, mut path: Vec<String>, found: &mut Vec<Named>) -> usize {
        let mut at = start;
        loop {
            match self.text(at) {
                "::" => at += 1,
                "{" => {
                    let end = self.close_of(at);
                    at += 1;
                    while at < end {
                        at = self.use_tree(at, path.clone(), found);
                    }
                    return if self.text(end + 1) == "," { end + 2 } else { end + 1 };
                }
                "as" => at += 2,
                "," | ";" | "}" | "" => {
                    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                        path.pop();
                    }
                    if !path.is_empty() {
                        found.push(self.name(path, start));
                    }
                    return at + 1;
                }
                word => {
                    path.push(word.to_owned());
                    at += 1;
                }
            }
        }
    }

    fn name(&self, path: Vec<String>, at: usize) -> Named {
        let token = &self.tokens[at];
        Named { path, line: token.line, module: token.module.clone(), in_test: token.in_test }
    }
}

impl Named {
    /// The path from the crate's root, if it stays in the crate and says so.
    pub fn in_crate(&self) -> Option<Vec<String>> {
        let mut base = match self.path[0].as_str() {
            "crate" | "hobnob" => Vec::new(),
            "self" => self.module.clone(),
            "super" => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            _ => return None,
        };
        for part in &self.path[1..] {
            match part.as_str() {
                "super" => drop(base.pop()),
                "self" => {}
                part => base.push(part.to_owned()),
            }
        }
        Some(base)
    }

    /// The path in one string.
    pub fn text(&self) -> String {
        self.path.join("::")
    }
}

fn module_of(file: &Path) -> Vec<String> {
    let file: PathBuf = file.iter().skip(1).collect();
    let mut module: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

fn mark_tests(tokens: &mut [Token], all: bool) {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut at = 0;
    while at < tokens.len() {
        tokens[at].in_test |= all;
        let here = tokens[at..].iter().take(ATTRIBUTE.len()).map(|token| token.text.as_str());
        if here.eq(ATTRIBUTE) {
            let body = (at..tokens.len())
                .find(|at| matches!(tokens[*at].text.as_str(), "{" | ";"))
                .unwrap_or(tokens.len() - 1);
            let end = if tokens[body].text == "{" { close_of(tokens, body) } else { body };
            for token in &mut tokens[at..=end] {
                token.in_test = true;
            }
            at = end;
        }
        at += 1;
    }
}

fn mark_modules(tokens: &mut [Token], file: &[String]) {
    let mut module = file.to_vec();
    let mut ends = Vec::new();
    for at in 0..tokens.len() {
        if ends.last() == Some(&at) {
            ends.pop();
            module.pop();
        }
        tokens[at].module = module.clone();
        let opens = tokens[at].text == "mod" && tokens.get(at + 2).is_some_and(|t| t.text == "{");
        if opens {
            module.push(tokens[at + 1].text.clone());
            ends.push(close_of(tokens, at + 2));
        }
    }
}

fn close_of(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Cuts Rust text into tokens. Enough of the language for code that the compiler has accepted.
fn lex(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = token_end(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let lines = text.matches('\n').count();
        let kept = match chars[at] {
            first if first.is_whitespace() => None,
            '/' if end > at + 1 => None,
            _ if text.ends_with(['"', '#']) && text.len() > 1 => Some("\"\"".to_owned()),
            _ => Some(text),
        };
        if let Some(text) = kept {
            tokens.push(Token { text, line, module: Vec::new(), in_test: false });
        }
        line += lines;
        at = end;
    }
    tokens
}

/// Where the token, comment or space that begins at `at` ends.
fn token_end(chars: &[char], at: usize) -> usize {
    let next = |n: usize| chars.get(at + n).copied().unwrap_or('\0');
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let run = |from: usize, of: &dyn Fn(char) -> bool| {
        (from..chars.len()).find(|at| !of(chars[*at])).unwrap_or(chars.len())
    };
    match chars[at] {
        '/' if next(1) == '/' => run(at, &|c| c != '\n'),
        '/' if next(1) == '*' => comment_end(chars, at),
        '"' => string_end(chars, at),
        '\'' if next(1) == '\\' => run(at + 3, &|c| c != '\'') + 1,
        '\'' if next(2) == '\'' => at + 3,
        '\'' => run(at + 1, &is_part),
        ':' if next(1) == ':' => at + 2,
        first if is_part(first) => {
            let end = run(at, &is_part);
            let word: String = chars[at..end].iter().collect();
            match (word.as_str(), chars.get(end), chars.get(end + 1)) {
                ("r" | "br" | "cr", Some('"'), _) => raw_end(chars, end),
                ("r" | "br" | "cr", Some('#'), Some('"' | '#')) => raw_end(chars, end),
                ("b" | "c", Some('"'), _) => string_end(chars, end),
                ("b", Some('\''), _) => token_end(chars, end),
                _ => end,
            }
        }
        first if first.is_whitespace() => run(at, &char::is_whitespace),
        _ => at + 1,
    }
}

fn comment_end(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(chars: &[char], open: usize) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// The end of a raw string whose marks (`#`s, then a quote) begin at `marks`.
fn raw_end(chars: &[char], marks: usize) -> usize {
    let hashes = chars[marks..].iter().take_while(|c| **c == '#').count();
    let mut close = vec!['"'];
    close.resize(hashes + 1, '#');
    let from = marks + hashes + 1;
    let body = chars.get(from..).unwrap_or_default();
    let found = body.windows(close.len()).position(|part| part == close);
    found.map_or(chars.len(), |found| from + found + close.len())
}
