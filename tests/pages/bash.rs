//! Completions for bash.

use super::table::{
    Value, families, filled, first_words, home, names, own, places, spellings, values,
};
use hobnob::shell::cli::options::{CLIENT, OptionRow, SERVER};
use hobnob::shell::front::verbs::{VerbRow, rows};

/// For `hobnob`.
pub fn client() -> String {
    let seconds = families().into_iter().map(|(first, members)| {
        let members = members.iter().map(|(second, _)| (*second).to_owned());
        format!("        {first}) _hobnob_offer {} ;;\n", members.collect::<Vec<_>>().join(" "))
    });
    let firsts: Vec<&str> = first_words().into_iter().map(|(word, _)| word).collect();
    filled(
        include_str!("hobnob.bash"),
        &[
            ("verbs", rows().map(verb).collect()),
            ("options", CLIENT.iter().map(option).collect()),
            ("first", format!("    _hobnob_offer {}\n", firsts.join(" "))),
            ("second", seconds.collect()),
            ("home", format!("        {}) return 0 ;;\n", home().join(" | "))),
            ("names", offered(CLIENT, "        _hobnob_offer \"$names\" ")),
        ],
    )
}

/// For `hobnobd`.
pub fn server() -> String {
    let cases = SERVER.iter().filter(|row| !row.hint.is_empty()).map(|row| {
        let offer = match values(row)[0].1 {
            Value::Directory => {
                "\n            compopt -o filenames 2>/dev/null\n            \
                 mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n            ;;"
            }
            _ => " ;;",
        };
        format!("        {}){offer}\n", spellings(row).join(" | "))
    });
    let names = offered(SERVER, "mapfile -t COMPREPLY < <(compgen -W '");
    let names = format!("            {}' -- \"$cur\")\n", names.trim_end());
    filled(include_str!("hobnobd.bash"), &[("options", cases.collect()), ("names", names)])
}

fn verb(row: &'static VerbRow) -> String {
    let spelled: Vec<String> = names(row).map(|name| format!("'{name}'")).collect();
    let args: Vec<String> = places(row).into_iter().map(|(_, value)| value.word()).collect();
    let own = own(row).into_iter().map(|(name, value)| match value {
        Some((_, value)) => format!("{name}={}", value.word()),
        None => name.to_owned(),
    });
    let own: Vec<String> = own.collect();
    let text = if row.takes_text() { "yes" } else { "" };
    let (args, own) = (args.join(" "), own.join(" "));
    format!("        {}) args='{args}' own='{own}' text='{text}' ;;\n", spelled.join(" | "))
}

fn option(row: &OptionRow) -> String {
    let takes: Vec<String> = values(row).into_iter().map(|(_, value)| value.word()).collect();
    format!("        {}) takes='{}' ;;\n", spellings(row).join(" | "), takes.join(" "))
}

fn offered(options: &[OptionRow], begin: &str) -> String {
    let names: Vec<String> = options.iter().map(|row| format!("--{}", row.long)).collect();
    format!("{begin}{}\n", names.join(" "))
}
