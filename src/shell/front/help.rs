//! The table of verbs, printed: `/help`, `--help`, README.

use super::verbs::{Section, VERBS, VerbRow};
use std::fmt::Write;

const SECTIONS: [(Section, &str); 5] = [
    (Section::Presence, "Presence"),
    (Section::Sessions, "Sessions"),
    (Section::Friends, "Friends"),
    (Section::Messages, "Messages"),
    (Section::Program, "Program"),
];

/// All verbs, by section, one line each.
pub fn all() -> String {
    let width = VERBS.iter().map(|row| row.usage().chars().count()).max().unwrap_or(0).min(28);
    let mut text = String::new();
    for (section, title) in SECTIONS {
        let _ = writeln!(text, "{title}:");
        for row in VERBS.iter().filter(|row| row.section == section) {
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

/// README's table.
pub fn markdown() -> String {
    let mut text = "| verb | also | what it does |\n|---|---|---|\n".to_owned();
    for row in VERBS {
        let also: Vec<String> = row.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let usage = row.usage().replace('|', "\\|");
        let _ = writeln!(text, "| `{usage}` | {} | {} |", also.join(", "), row.help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_listed_once_with_its_help() {
        let text = all();
        for row in VERBS {
            assert_eq!(text.matches(&format!("  {}", row.usage())).count(), 1, "{}", row.word);
            assert!(text.contains(row.help), "{}", row.word);
            assert!(one(row).starts_with(&row.usage()));
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        assert_eq!(markdown().lines().count(), VERBS.len() + 2);
    }
}
