//! What may stand on a command line, read out of the tables of verbs and options, as completions
//! and manual pages want it.

use hobnob::proto::model::conversation::Level;
use hobnob::shell::cli::options::{CLIENT, OptionRow};
use hobnob::shell::front::fit::KINDS;
use hobnob::shell::front::verbs::{Arg, Kind, VerbRow, rows};

/// What may stand in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Anything; nothing is offered.
    Free,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A person.
    Person,
    /// Persons, by commas.
    People,
    /// A person or a group.
    With,
    /// A group.
    Group,
    /// A verb.
    Verb,
    /// What this verb lists by its id.
    Id(&'static str),
    File,
    Wav,
    Directory,
}

/// What names an event, or all of them.
const KINDS_OR_ALL: [&str; KINDS.len() + 1] = {
    let mut words = ["all"; KINDS.len() + 1];
    let mut at = 0;
    while at < KINDS.len() {
        words[at] = KINDS[at];
        at += 1;
    }
    words
};

impl Value {
    /// As the shells' functions are told of it.
    pub fn word(self) -> String {
        let word = match self {
            Value::Free => "free",
            Value::Choice(words) => return format!("choice:{}", words.join(",")),
            Value::Person => "person",
            Value::People => "people",
            Value::With => "with",
            Value::Group => "group",
            Value::Verb => "verb",
            Value::Id(listing) => return format!("id:{}", listing.replace(' ', "+")),
            Value::File => "file",
            Value::Wav => "wav",
            Value::Directory => "directory",
        };
        word.to_owned()
    }
}

/// The words of an option's value, each with what it may be.
pub fn values(row: &OptionRow) -> Vec<(&'static str, Value)> {
    let words: Vec<&str> = match row.hint {
        "" => Vec::new(),
        // What stands behind it may as well be a verb.
        _ if row.is_optional() => Vec::new(),
        hint if row.is_pair() => hint.split(' ').collect(),
        hint => vec![hint],
    };
    let value = |word: &str| match word {
        _ if !row.choices.is_empty() => Value::Choice(row.choices),
        "DIR" => Value::Directory,
        "FILE" | "PATH" => Value::File,
        "EVENT" => Value::Choice(&KINDS_OR_ALL),
        _ => Value::Free,
    };
    words.into_iter().map(|word| (word, value(word))).collect()
}

/// An option as `-x` and `--long`.
pub fn spellings(row: &OptionRow) -> Vec<String> {
    let short = Some(format!("-{}", row.short)).filter(|_| !row.short.is_empty());
    short.into_iter().chain([format!("--{}", row.long)]).collect()
}

/// What stands behind a verb, options left out.
pub fn places(row: &'static VerbRow) -> Vec<(&'static str, Value)> {
    let place = |arg: &Arg| match arg {
        Arg::Must(kind) | Arg::May(kind) => Some((kind.word(), value(row, *kind))),
        Arg::Option(..) | Arg::Flag(_) => None,
    };
    row.args.iter().filter_map(place).collect()
}

/// A verb's own options, each with what its value is called and may be.
pub fn own(row: &'static VerbRow) -> Vec<(&'static str, Option<(&'static str, Value)>)> {
    let option = |arg: &Arg| match arg {
        Arg::Option(name, kind) => Some((*name, Some((kind.word(), value(row, *kind))))),
        Arg::Flag(name) => Some((*name, None)),
        Arg::Must(_) | Arg::May(_) => None,
    };
    row.args.iter().filter_map(option).collect()
}

/// A verb's word and its other spellings.
pub fn names(row: &'static VerbRow) -> impl Iterator<Item = &'static str> {
    std::iter::once(row.word).chain(row.aliases.iter().copied())
}

/// First words that are no verb alone, each with the verbs that begin so.
pub fn families() -> Vec<(&'static str, Vec<(&'static str, &'static VerbRow)>)> {
    let mut families: Vec<(&str, Vec<(&str, &VerbRow)>)> = Vec::new();
    for row in rows() {
        let Some((first, second)) = row.word.split_once(' ') else { continue };
        match families.iter_mut().find(|(word, _)| *word == first) {
            Some((_, members)) => members.push((second, row)),
            None => families.push((first, vec![(second, row)])),
        }
    }
    families
}

/// First words of verbs, with what they do.
pub fn first_words() -> Vec<(&'static str, String)> {
    let single = rows().filter(|row| !row.word.contains(' '));
    let mut words: Vec<_> = single.map(|row| (row.word, row.help.to_owned())).collect();
    for (first, members) in families() {
        let members: Vec<&str> = members.iter().map(|(second, _)| *second).collect();
        words.push((first, members.join(", ")));
    }
    words
}

/// The spellings of the option that names the profile.
pub fn home() -> Vec<String> {
    let row = CLIENT.iter().find(|row| row.long == "home").expect("a profile can be named");
    spellings(row)
}

/// A template with the lines that hold nothing but `@name@` replaced.
pub fn filled(template: &str, parts: &[(&str, String)]) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let marked = line.trim().strip_prefix('@').and_then(|rest| rest.strip_suffix('@'));
        match marked.map(|name| parts.iter().find(|(part, _)| *part == name)) {
            Some(Some((_, part))) => text.push_str(part),
            Some(None) => panic!("nothing is made for {line}"),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

fn value(row: &VerbRow, kind: Kind) -> Value {
    match kind {
        Kind::Name | Kind::Peer => Value::Person,
        Kind::Names => Value::People,
        Kind::Id => listing(row.word).map_or(Value::Free, Value::Id),
        Kind::Group => Value::Group,
        Kind::With => Value::With,
        Kind::Path => Value::File,
        Kind::Wav => Value::Wav,
        Kind::Event => Value::Choice(&KINDS),
        Kind::Level => Value::Choice(&Level::WORDS),
        Kind::Verb => Value::Verb,
        Kind::Prefix
        | Kind::Text
        | Kind::Words
        | Kind::Number
        | Kind::Time
        | Kind::GroupName
        | Kind::Command => Value::Free,
    }
}

/// Where the ids come from that a verb takes, if a profile at rest can tell.
fn listing(word: &str) -> Option<&'static str> {
    match word {
        "drop" => Some("outbox"),
        "take" | "refuse" | "cancel" => Some("files"),
        "post rm" => Some("post list"),
        "revoke" => Some("grants"),
        _ => None,
    }
}
