//! Completions for zsh.

use super::table::{Value, families, filled, first_words, names, own, places, spellings, values};
use hobnob::shell::cli::options::{CLIENT, OptionRow, SERVER};
use hobnob::shell::front::verbs::{VerbRow, rows};
use std::fmt::Write;

/// For `hobnob`.
pub fn client() -> String {
    let first: String =
        first_words().iter().map(|(word, help)| described("        ", word, help)).collect();
    let mut second = String::new();
    let mut heads = Vec::new();
    for (word, members) in families() {
        let _ = writeln!(second, "        {word})\n            verbs=(");
        for (member, row) in members {
            second.push_str(&described("                ", member, row.help));
        }
        second.push_str("            )\n            ;;\n");
        heads.push(word);
    }
    filled(
        include_str!("hobnob.zsh"),
        &[
            ("first", first),
            ("second", second),
            ("families", format!("        {})\n", heads.join(" | "))),
            ("options", CLIENT.iter().map(option).collect()),
            ("verbs", rows().map(verb).collect()),
        ],
    )
}

/// For `hobnobd`.
pub fn server() -> String {
    filled(include_str!("hobnobd.zsh"), &[("options", SERVER.iter().map(option).collect())])
}

fn described(margin: &str, word: &str, help: &str) -> String {
    format!("{margin}{}\n", quoted(&format!("{word}:{help}")))
}

/// One line for `_arguments` for each spelling.
fn option(row: &OptionRow) -> String {
    let spelled = spellings(row);
    let takes: String = values(row).into_iter().map(|(word, value)| message(word, value)).collect();
    let mut text = String::new();
    for name in &spelled {
        let before = match row.is_repeated() {
            true => "*".to_owned(),
            false if spelled.len() > 1 => format!("({})", spelled.join(" ")),
            false => String::new(),
        };
        let inline = match (takes.is_empty(), name.starts_with("--")) {
            (true, _) => "",
            (false, _) if row.is_pair() => "",
            (false, true) => "=",
            (false, false) => "+",
        };
        let help = escaped(row.help, &['[', ']', '\\']);
        let _ =
            writeln!(text, "        {}", quoted(&format!("{before}{name}{inline}[{help}]{takes}")));
    }
    text
}

fn verb(row: &'static VerbRow) -> String {
    let spelled: Vec<String> = names(row).map(quoted).collect();
    let mut specs = vec!["_arguments -s -S $options".to_owned()];
    for (at, (word, value)) in places(row).into_iter().enumerate() {
        let is_text = at > 0 && row.takes_text();
        let place = if is_text { "*:".to_owned() } else { (at + 1).to_string() };
        specs.push(quoted(&format!("{place}{}", message(word, value))));
    }
    for (name, takes) in own(row) {
        let spec = match takes {
            Some((word, value)) => format!("{name}={}", message(word, value)),
            None => name.to_owned(),
        };
        specs.push(quoted(&spec));
    }
    format!("        {}) {} ;;\n", spelled.join(" | "), specs.join(" "))
}

/// What a value is called, and what offers it.
fn message(word: &str, value: Value) -> String {
    let action = match value {
        Value::Free => " ".to_owned(),
        Value::Choice(words) => format!("({})", words.join(" ")),
        Value::Person => "_hobnob_person".to_owned(),
        Value::People => "_hobnob_people".to_owned(),
        Value::With => "_hobnob_with".to_owned(),
        Value::Group => "_hobnob_group".to_owned(),
        Value::Verb => "_hobnob_verb".to_owned(),
        Value::Id(listing) => format!("{{_hobnob_id {listing}}}"),
        Value::File => "_files".to_owned(),
        Value::Wav => "_files -g \"*.(#i)wav(-.)\"".to_owned(),
        Value::Directory => "_directories".to_owned(),
    };
    format!(":{}:{action}", escaped(word, &[':', '\\']))
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if special.contains(&letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
