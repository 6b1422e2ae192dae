//! Completions for fish.

use super::table::{Value, families, filled, first_words, names, own, places, spellings, values};
use hobnob::shell::cli::options::{CLIENT, OptionRow, SERVER};
use hobnob::shell::front::verbs::{VerbRow, rows};
use std::fmt::Write;

/// For `hobnob`.
pub fn client() -> String {
    let mut completions = String::new();
    for (word, help) in first_words() {
        let _ = writeln!(
            completions,
            "complete -c hobnob -n __hobnob_needs_verb -a {word} -d {}",
            quoted(&help)
        );
    }
    for (first, members) in families() {
        for (second, row) in members {
            let help = quoted(row.help);
            let _ = writeln!(
                completions,
                "complete -c hobnob -n '__hobnob_at 0 {first}' -a {second} -d {help}"
            );
        }
    }
    completions.extend(rows().map(verb));
    let condition = " -n 'not __hobnob_is_text (__hobnob_words)'";
    completions.extend(CLIENT.iter().map(|row| option("hobnob", condition, row)));
    filled(
        include_str!("hobnob.fish"),
        &[("options", skipped()), ("text", texts()), ("completions", completions)],
    )
}

/// For `hobnobd`.
pub fn server() -> String {
    let head = "# Completions of hobnobd for fish, made by scripts/pages from the program's table.\n\n\
                complete -c hobnobd -f\n";
    let options = SERVER.iter().map(|row| option("hobnobd", "", row));
    head.to_owned() + &options.collect::<String>()
}

/// The options whose values are words of their own.
fn skipped() -> String {
    let mut text = String::new();
    for row in CLIENT.iter().filter(|row| !values(row).is_empty()) {
        let (names, words) = (spellings(row).join(" "), values(row).len());
        let _ = writeln!(
            text,
            "            case {names}\n                set skip {words}\n                set values {words}"
        );
    }
    for (name, _) in rows().flat_map(own).filter(|(_, takes)| takes.is_some()) {
        let known = format!(" {name}\n");
        if !text.contains(&known) {
            let _ = writeln!(
                text,
                "            case{known}                set skip 1\n                set values 1"
            );
        }
    }
    text
}

/// A line for each verb behind whose first argument everything is text.
fn texts() -> String {
    let mut text = String::new();
    for name in rows().filter(|row| row.takes_text()).flat_map(names) {
        let words = name.split(' ').count();
        let _ = writeln!(
            text,
            "    test (count $words) -gt {words}; and test \"$words[1..{words}]\" = '{name}'; \
             and return 0"
        );
    }
    text
}

fn verb(row: &'static VerbRow) -> String {
    let spelled: Vec<String> = names(row).map(|name| format!("\"{name}\"")).collect();
    let spelled = spelled.join(" ");
    let mut text = String::new();
    for (at, (_, value)) in places(row).into_iter().enumerate() {
        let Some(offer) = offer(value) else { continue };
        let condition = quoted(&format!("__hobnob_at {at} {spelled}"));
        let _ = writeln!(text, "complete -c hobnob -n {condition} {offer}");
    }
    for (name, takes) in own(row) {
        let condition = quoted(&format!("__hobnob_in {spelled}"));
        let long = name.trim_start_matches('-');
        let takes = match takes {
            Some((_, value)) => taken(value),
            None => String::new(),
        };
        let _ = writeln!(text, "complete -c hobnob -n {condition} -l {long}{takes}");
    }
    text
}

fn option(program: &str, condition: &str, row: &OptionRow) -> String {
    let mut text = format!("complete -c {program}{condition}");
    if !row.short.is_empty() {
        let _ = write!(text, " -s {}", row.short);
    }
    let _ = write!(text, " -l {}", row.long);
    if let Some((_, value)) = values(row).first() {
        text.push_str(&taken(*value));
    }
    let _ = writeln!(text, " -d {}", quoted(row.help));
    text
}

/// That an option takes a value, and which. Of files fish knows itself.
fn taken(value: Value) -> String {
    match (value, offer(value)) {
        (Value::File, _) => " -r -F".to_owned(),
        (_, Some(offer)) => format!(" -x {offer}"),
        (_, None) => " -x".to_owned(),
    }
}

/// What offers a value.
fn offer(value: Value) -> Option<String> {
    Some(match value {
        Value::Free => return None,
        Value::Choice(words) => format!("-a {}", quoted(&words.join(" "))),
        Value::Person => "-a '(__hobnob_person)'".to_owned(),
        Value::People => "-a '(__hobnob_people)'".to_owned(),
        Value::With => "-a '(__hobnob_with)'".to_owned(),
        Value::Group => "-a '(__hobnob_group)'".to_owned(),
        Value::Verb => {
            let words: Vec<&str> = first_words().into_iter().map(|(word, _)| word).collect();
            format!("-a {}", quoted(&words.join(" ")))
        }
        Value::Id(listing) => format!("-a '(__hobnob_ask id {listing})'"),
        Value::File => "-F".to_owned(),
        Value::Wav => "-a '(__fish_complete_suffix .wav)'".to_owned(),
        Value::Directory => "-a '(__fish_complete_directories (commandline -ct))'".to_owned(),
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
