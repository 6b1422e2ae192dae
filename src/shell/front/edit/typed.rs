//! Lines typed before, in this run and in earlier ones.

use crate::proto::limits::{TYPED_BYTES, TYPED_LINES};
use std::collections::VecDeque;

/// The lines, and which of them is looked at.
#[derive(Debug, Default)]
pub struct Typed {
    lines: VecDeque<String>,
    bytes: usize,
    /// The line looked at; none is the one being typed.
    at: Option<usize>,
    /// What was made of lines that were looked at, the latest last; of the one being typed, whose
    /// place is behind all others, as well.
    edits: Vec<(usize, String)>,
}

impl Typed {
    /// The lines that a file keeps, the oldest first.
    pub fn of_file(file: &str) -> Typed {
        let mut typed = Typed::default();
        for row in file.lines() {
            typed.keep(&line_of(row));
        }
        typed
    }

    /// Remembers a line that was entered; whether it is one to be kept. One that begins with a
    /// blank is not, nor the same again.
    pub fn keep(&mut self, line: &str) -> bool {
        self.leave();
        if line.trim().is_empty() || line.starts_with(' ') || line.len() > TYPED_BYTES {
            return false;
        }
        if self.lines.back().is_some_and(|last| last == line) {
            return false;
        }
        self.bytes += line.len();
        self.lines.push_back(line.to_owned());
        while self.lines.len() > TYPED_LINES || self.bytes > TYPED_BYTES {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len());
        }
        true
    }

    /// All of them as a file keeps them.
    pub fn file(&self) -> String {
        self.lines.iter().map(|line| row_of(line)).collect()
    }

    /// Back to the line being typed, wherever that is; all others are again as they were entered.
    pub fn leave(&mut self) {
        self.at = None;
        self.edits.clear();
    }

    /// The line before the one looked at, which reads `now`; `None` if there is none.
    pub fn older(&mut self, now: &str) -> Option<&str> {
        let at = self.at.unwrap_or(self.lines.len()).checked_sub(1)?;
        self.look_at(at, now)
    }

    /// The line after the one looked at; after the last, the one being typed.
    pub fn newer(&mut self, now: &str) -> Option<&str> {
        let at = self.at? + 1;
        self.look_at(at, now)
    }

    /// The first line there is.
    pub fn oldest(&mut self, now: &str) -> Option<&str> {
        self.look_at(0, now).filter(|line| *line != now)
    }

    /// The line being typed, after another was looked at.
    pub fn newest(&mut self, now: &str) -> Option<&str> {
        self.at?;
        self.look_at(self.lines.len(), now)
    }

    /// Looks at a line; the one looked at until now, which reads `now`, is left so.
    pub fn look_at(&mut self, at: usize, now: &str) -> Option<&str> {
        self.note(now);
        let last = self.lines.len();
        self.at = (at < last).then_some(at);
        Some(self.text(at.min(last)))
    }

    /// What the line looked at reads now.
    pub fn note(&mut self, now: &str) {
        let draft = self.lines.len();
        let here = self.at.unwrap_or(draft);
        self.edits.retain(|(at, _)| *at != here);
        if self.lines.get(here).is_none_or(|line| line != now) {
            self.edits.push((here, now.to_owned()));
        }
        let bytes: usize = self.edits.iter().map(|(_, line)| line.len()).sum();
        if bytes > TYPED_BYTES {
            self.edits.retain(|(at, _)| [here, draft].contains(at));
        }
    }

    /// A line as it is now.
    fn text(&self, at: usize) -> &str {
        let edited = self.edits.iter().find(|(place, _)| *place == at).map(|(_, line)| line);
        edited.or_else(|| self.lines.get(at)).map_or("", String::as_str)
    }

    /// The nearest line before `at` with `part` in it, and where; `None` begins with the newest.
    pub fn find_older(&self, at: Option<usize>, part: &str) -> Option<(usize, usize)> {
        let before = at.unwrap_or(self.lines.len());
        (0..before).rev().find_map(|at| self.text(at).rfind(part).map(|place| (at, place)))
    }

    /// The nearest line after `at` with `part` in it, and where.
    pub fn find_newer(&self, at: usize, part: &str) -> Option<(usize, usize)> {
        let mut after = at + 1..self.lines.len();
        after.find_map(|at| self.text(at).rfind(part).map(|place| (at, place)))
    }

    /// Which line is looked at.
    pub fn at(&self) -> Option<usize> {
        self.at
    }

    /// One of the lines.
    pub fn line(&self, at: usize) -> Option<&str> {
        (at < self.lines.len()).then(|| self.text(at))
    }
}

/// A line as a file keeps it, its line breaks escaped.
pub fn row_of(line: &str) -> String {
    let mut row = line.replace('\\', "\\\\").replace('\n', "\\n");
    row.push('\n');
    row
}

fn line_of(row: &str) -> String {
    let mut line = String::with_capacity(row.len());
    let mut letters = row.chars();
    while let Some(letter) = letters.next() {
        line.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            letter => letter,
        });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(lines: &[&str]) -> Typed {
        let mut typed = Typed::default();
        for line in lines {
            typed.keep(line);
        }
        typed
    }

    #[test]
    fn older_lines_are_looked_at_and_the_draft_is_kept() {
        let mut typed = typed(&["one", "two"]);
        assert_eq!(typed.newer("dra"), None);
        assert_eq!(typed.older("dra"), Some("two"));
        assert_eq!(typed.older("two"), Some("one"));
        assert_eq!(typed.older("one"), None);
        assert_eq!(typed.newer("one"), Some("two"));
        assert_eq!(typed.newer("two"), Some("dra"));
        assert_eq!(typed.newer("dra"), None);
        assert_eq!(typed.oldest("dra"), Some("one"));
        assert_eq!(typed.newest("one"), Some("dra"));
    }

    #[test]
    fn what_was_changed_in_a_line_stays_until_one_is_entered() {
        let mut typed = typed(&["one", "two", "three"]);
        assert_eq!(typed.older("draft"), Some("three"));
        assert_eq!(typed.older("three!"), Some("two"));
        assert_eq!(typed.older("second"), Some("one"));
        assert_eq!(typed.newer("one"), Some("second"));
        assert_eq!(typed.newer("two"), Some("three!"), "what is changed back is as it was");
        assert_eq!(typed.find_older(None, "ee!"), Some((2, 3)));
        assert_eq!(typed.older("three!"), Some("two"));
        assert_eq!(typed.newest("two"), Some("draft"));
        typed.keep("four");
        assert_eq!(typed.older(""), Some("four"));
        assert_eq!(typed.older("four"), Some("three"));
        assert_eq!(typed.file(), "one\ntwo\nthree\nfour\n");
    }

    #[test]
    fn changes_have_a_bound() {
        let mut typed = typed(&["one", "two"]);
        let long = "x".repeat(TYPED_BYTES);
        typed.older(&long);
        assert_eq!(typed.older("changed"), Some("one"));
        assert_eq!(typed.newest("more"), Some(long.as_str()));
        assert_eq!(typed.older(&long), Some("two"), "given up");
    }

    #[test]
    fn repeats_blanks_and_secrets_are_not_kept() {
        let mut typed = typed(&["one"]);
        assert!(!typed.keep("one") && !typed.keep("  ") && !typed.keep("") && !typed.keep(" x"));
        assert!(typed.keep("two") && typed.keep("one"));
        assert_eq!(typed.file(), "one\ntwo\none\n");
    }

    #[test]
    fn a_file_keeps_every_line_exact() {
        let lines = ["plain", "two\nlines", "back\\slash\\n", "größe", "\\"];
        let file = typed(&lines).file();
        assert_eq!(file.lines().count(), lines.len());
        assert_eq!(Typed::of_file(&file).lines, lines);
    }

    #[test]
    fn the_newest_lines_that_fit_are_remembered() {
        let file: String = (0..TYPED_LINES + 7).map(|n| format!("{n}\n")).collect();
        let typed = Typed::of_file(&file);
        assert_eq!((typed.lines.len(), typed.line(0)), (TYPED_LINES, Some("7")));
        let long = "x".repeat(TYPED_BYTES / 2);
        let lines = [format!("a{long}"), format!("b{long}")];
        assert_eq!(Typed::of_file(&lines.join("\n")).lines, [lines[1].as_str()]);
    }

    #[test]
    fn lines_are_found_by_a_part_of_them() {
        let typed = typed(&["make tea", "msg bob", "tea tea"]);
        assert_eq!(typed.find_older(None, "tea"), Some((2, 4)));
        assert_eq!(typed.find_older(Some(2), "tea"), Some((0, 5)));
        assert_eq!(typed.find_older(Some(0), "tea"), None);
        assert_eq!(typed.find_newer(0, "tea"), Some((2, 4)));
        assert_eq!(typed.find_newer(2, "tea"), None);
    }
}
