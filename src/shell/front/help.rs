//! The table of verbs, printed: `/help` and `--help`.

use super::verbs::{Arg, SECTIONS, VerbRow};
use std::fmt::Write;

/// How lines work, for who has just begun; then all verbs.
pub fn guide() -> String {
    LINES.concat() + &all()
}

/// What a first run says on a terminal.
pub const GREETING: [&str; 3] = [
    "* welcome to hobnob! /public lets people find you by name, /private ends that",
    "* /who lists who is there, /add NAME asks somebody to be your friend",
    "* /chat NAME asks for a session, /to NAME needs none; /help tells the rest",
];

const LINES: [&str; 8] = [
    "A line goes to where you have turned with /to NAME, /to GROUP or /chat NAME.\n",
    "One that begins with / asks for something, as listed here; // says a slash.\n",
    "What the program says begins with *, what went wrong with !, a message with\n",
    "its sender. What stands in [brackets] may be left out.\n",
    "/help VERB tells more; from a shell it is hobnob VERB, --json is for programs.\n",
    "Tab completes; arrows and Ctrl-R find lines typed before; Alt-Enter breaks one.\n",
    "Alt-A turns to who waits longest; Ctrl-C clears, Ctrl-Z stops, Ctrl-D leaves.\n",
    "\n",
];

/// All verbs, by section; what each does stands behind it, or below where it is long.
pub fn all() -> String {
    let mut text = String::new();
    for (title, rows) in SECTIONS {
        let _ = writeln!(text, "{title}:");
        for row in rows {
            push_verb(&mut text, row);
        }
    }
    text
}

fn push_verb(text: &mut String, row: &VerbRow) {
    let usage = row.usage();
    let mut column = 2 + usage.chars().count();
    let _ = write!(text, "  {usage}");
    if column + 2 > HELP_AT {
        text.push('\n');
        column = 0;
    }
    for word in row.help.split(' ') {
        let width = word.chars().count();
        if column > HELP_AT && column + 1 + width > COLUMNS {
            text.push('\n');
            column = 0;
        }
        let gap = HELP_AT.saturating_sub(column).max(1);
        let _ = write!(text, "{:gap$}{word}", "");
        column += gap + width;
    }
    text.push('\n');
}

/// Where it says what a verb does.
const HELP_AT: usize = 32;
/// No line is longer, so that a usual terminal breaks none inside a word.
const COLUMNS: usize = 79;

/// One verb: usage, what it does, what stands behind it, other spellings.
pub fn one(row: &VerbRow) -> String {
    let mut text = format!("{}: {}\n", row.usage(), row.help);
    for arg in row.args {
        let (option, kind) = match arg {
            Arg::Must(kind) | Arg::May(kind) => ("", *kind),
            Arg::Option(option, kind) => (*option, *kind),
            Arg::Flag(_) => continue,
        };
        if let Some(what) = kind.what() {
            let space = if option.is_empty() { "" } else { " " };
            let _ = writeln!(text, "  {option}{space}{}: {what}", kind.word());
        }
    }
    if !row.aliases.is_empty() {
        let _ = writeln!(text, "also: {}", row.aliases.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::front::verbs::rows;

    #[test]
    fn one_verb_is_told_with_what_stands_behind_it() {
        let row = rows().find(|row| row.word == "history").expect("a verb");
        let text = one(row);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("history [NAME|GROUP] [--limit N] [--since TIME]: what"));
        let with = "  NAME|GROUP: a person, or a group as NAME or NAME@LEADER";
        let since = "  --since TIME: RFC 3339, a date, seconds since 1970, or a span: 30m, 2h, 7d";
        assert_eq!(lines[1..], [with, since]);
    }

    #[test]
    fn the_guide_begins_with_how_lines_work() {
        let text = guide();
        let (lines, verbs) = text.split_at(text.len() - all().len());
        assert_eq!((lines.lines().count(), verbs), (8, all().as_str()));
        assert!(lines.lines().chain(GREETING).all(|line| line.chars().count() <= COLUMNS));
        for key in ["Tab", "Ctrl-R", "Alt-Enter", "Ctrl-C", "Ctrl-D", "Ctrl-Z"] {
            assert!(lines.contains(key), "{key}");
        }
    }

    #[test]
    fn every_verb_is_listed_once_with_its_help() {
        let text = all();
        let words: Vec<&str> = text.split_whitespace().collect();
        let unbroken = words.join(" ");
        for row in rows() {
            assert_eq!(text.matches(&format!("  {}", row.usage())).count(), 1, "{}", row.word);
            assert!(unbroken.contains(row.help), "{}", row.word);
            assert!(one(row).starts_with(&row.usage()));
        }
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS));
    }
}
