//! The table of verbs, printed: `/help` and `--help`.

use super::verbs::{SECTIONS, VerbRow, rows};
use std::fmt::Write;

/// All verbs, by section, one line each.
pub fn all() -> String {
    let width = rows().map(|row| row.usage().chars().count()).max().unwrap_or(0).min(28);
    let mut text = String::new();
    for (title, rows) in SECTIONS {
        let _ = writeln!(text, "{title}:");
        for row in rows {
            let usage = row.usage();
            if usage.chars().count() > width {
                let _ = writeln!(text, "  {usage}\n  {:width$}  {}", "", row.help);
            } else {
                let _ = writeln!(text, "  {usage:width$}  {}", row.help);
            }
        }
    }
    text
}

/// One verb: usage, what it does, other spellings.
pub fn one(row: &VerbRow) -> String {
    let mut text = format!("{}: {}\n", row.usage(), row.help);
    if !row.aliases.is_empty() {
        let _ = writeln!(text, "also: {}", row.aliases.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_listed_once_with_its_help() {
        let text = all();
        for row in rows() {
            assert_eq!(text.matches(&format!("  {}", row.usage())).count(), 1, "{}", row.word);
            assert!(text.contains(row.help), "{}", row.word);
            assert!(one(row).starts_with(&row.usage()));
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    }
}
