//! Manual pages, in the language of mdoc(7).

use super::table::{filled, values};
use hobnob::shell::cli::options::{CLIENT, OptionRow, SERVER};
use hobnob::shell::cli::{self, Parsed};
use hobnob::shell::front::verbs::{Arg, SECTIONS, VerbRow};
use std::fmt::Write;

/// hobnob(1).
pub fn client() -> String {
    let mut verbs = String::new();
    for (title, rows) in SECTIONS {
        let _ = writeln!(verbs, ".Ss {title}\n.Bl -tag -width Ds");
        verbs.extend(rows.iter().map(verb));
        verbs.push_str(".El\n");
    }
    let options = CLIENT.iter().map(option).collect();
    let parts = [("options", options), ("verbs", verbs), ("exits", exits())];
    filled(include_str!("hobnob.1"), &parts)
}

/// hobnobd(8).
pub fn server() -> String {
    filled(include_str!("hobnobd.8"), &[("options", SERVER.iter().map(option).collect())])
}

fn option(row: &OptionRow) -> String {
    let takes: String =
        values(row).iter().map(|(word, _)| format!(" Ar {}", argument(word))).collect();
    let takes = match row.hint.strip_prefix('[').and_then(|hint| hint.strip_suffix(']')) {
        Some(word) => format!(" Oo Ar {} Oc", argument(word)),
        None => takes,
    };
    let short = match row.short {
        "" => String::new(),
        short => format!("Fl {short}{takes} , "),
    };
    format!(".It {short}Fl -{}{takes}\n{}\n", row.long, sentences(row.help))
}

fn verb(row: &VerbRow) -> String {
    let mut it = format!(".It Cm {}", argument(row.word));
    for arg in row.args {
        let _ = match arg {
            Arg::Must(kind) => write!(it, " Ar {}", argument(kind.word())),
            Arg::May(kind) => write!(it, " Oo Ar {} Oc", argument(kind.word())),
            Arg::Option(name, kind) => {
                write!(it, " Oo Fl {} Ar {} Oc", &name[1..], argument(kind.word()))
            }
            Arg::Flag(name) => write!(it, " Oo Fl {} Oc", &name[1..]),
        };
    }
    let _ = writeln!(it, "\n{}.", sentences(row.help));
    if let Some((last, before)) = row.aliases.split_last() {
        it.push_str("Also");
        for alias in before {
            let _ = write!(it, "\n.Cm {} ,", argument(alias));
        }
        let _ = writeln!(it, "\n.Cm {} .", argument(last));
    }
    it
}

/// The exit codes, as `--help` has them: a code a line, and then what is to be said of all.
fn exits() -> String {
    let Ok(Parsed::Print(help)) = cli::client(&["--help".to_owned()], &|_| None, &|_| Ok(None))
    else {
        panic!("help is there for the asking");
    };
    let (_, codes) = help.split_once("\nExit codes:\n").expect("help names the exit codes");
    let codes = codes.lines().map_while(|line| line.strip_prefix("  ")?.split_once("  "));
    codes.map(|(code, meaning)| format!(".It {code}\n{}\n", sentences(meaning))).collect()
}

/// One argument of a macro.
fn argument(word: &str) -> String {
    let mut word = text(word);
    if word.ends_with(['!', '?', '.', ',', ';', ':']) {
        word.push_str("\\&");
    }
    let is_plain = !word.contains(' ') && word.len() > 1;
    if is_plain { word } else { format!("\"{word}\"") }
}

/// Text with a line for each sentence.
fn sentences(plain: &str) -> String {
    text(plain).replace(". ", ".\n")
}

/// Text without a meaning to the formatter.
fn text(plain: &str) -> String {
    let mut text = String::new();
    for letter in plain.chars() {
        match letter {
            '\\' => text.push_str("\\e"),
            '\'' => text.push_str("\\(aq"),
            letter if letter.is_ascii() => text.push(letter),
            letter => {
                let _ = write!(text, "\\[u{:04X}]", u32::from(letter));
            }
        }
    }
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
