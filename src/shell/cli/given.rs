//! What was given of each option, and where: the command line outweighs the environment, that the
//! file, and that the default.

use super::options::OptionRow;
use super::{Environment, Files, Wrong};
use crate::proto::model::refusal::Exit;
use crate::shell::config::{self, Line};
use crate::shell::front::setting::Setting;
use getopts::{HasArg, Matches, Occur, Options, ParsingStyle};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file's name in the profile, or in a server's data.
const FILE: &str = "config";

/// Every layer there is.
pub(super) struct Given<'a> {
    rows: &'static [OptionRow],
    pub typed: Matches,
    env: Environment<'a>,
    file: Vec<Line>,
    path: PathBuf,
    /// Defaults that are not always the same.
    local: Vec<(&'static str, String)>,
}

/// A value, and where it comes from.
struct Value {
    text: String,
    from: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    CommandLine,
    Environment,
    File(usize),
    Default,
}

impl<'a> Given<'a> {
    pub fn new(rows: &'static [OptionRow], typed: Matches, env: Environment<'a>) -> Given<'a> {
        Given { rows, typed, env, file: Vec::new(), path: PathBuf::new(), local: Vec::new() }
    }

    /// Reads the file in a directory, if it is there.
    pub fn read(&mut self, directory: &Path, files: Files<'_>) -> Result<(), Wrong> {
        self.path = directory.join(FILE);
        let fault = |exit, what: &dyn std::fmt::Display| Wrong {
            exit,
            why: format!("{}: {what}", self.path.display()),
        };
        let text = files(&self.path).map_err(|why| match why.kind() {
            ErrorKind::InvalidData => fault(Exit::Usage, &why),
            _ => fault(Exit::Local, &why),
        })?;
        let lines = config::parse(&text.unwrap_or_default());
        self.file = lines.map_err(|fault| self.wrong_line(fault.number, fault.what))?;
        for (at, line) in self.file.iter().enumerate() {
            let Some(row) = self.row_of_line(&line.key) else {
                return Err(self.no_such(line));
            };
            let is_same = |before: &&Line| before.key == line.key;
            match self.file[..at].iter().find(is_same) {
                Some(before) if !row.is_pair() => {
                    let what = format!("{}: given before, in line {}", line.key, before.number);
                    return Err(self.wrong_line(line.number, &what));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Whatever is not given is this.
    pub fn default_to(&mut self, option: &'static str, text: String) {
        self.local.push((option, text));
    }

    /// A value as text.
    pub fn text(&self, option: &str) -> Option<String> {
        self.find(option).map(|value| value.text)
    }

    /// A value, unless nothing is given and there is no default.
    pub fn value<T>(
        &self,
        option: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Wrong> {
        self.find(option).map(|value| self.parsed(option, &value, parse)).transpose()
    }

    /// A value that has a default.
    pub fn must<T>(&self, option: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Wrong> {
        self.value(option, parse).map(|value| value.expect("the table has a default for it"))
    }

    /// Every value of an option that may be repeated.
    pub fn all<T>(&self, option: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Wrong> {
        self.find_all(option).iter().map(|value| self.parsed(option, value, &parse)).collect()
    }

    /// Whether a flag is set.
    pub fn flag(&self, option: &str) -> Result<bool, Wrong> {
        self.find(option).map_or(Ok(false), |value| self.parsed(option, &value, yes_or_no))
    }

    /// Whether one option comes from a stronger place than another.
    pub fn outweighs(&self, option: &str, other: &str) -> bool {
        let rank = |option| self.find(option).map_or(Origin::Default, |value| value.from).rank();
        rank(option) < rank(other)
    }

    /// All that is in force, a row for each option in the order of the table.
    pub fn settings(&self) -> Vec<Setting> {
        let rows = self.rows.iter().filter(|row| may_be_in_file(row) || is_place(row));
        rows.flat_map(|row| {
            let found = match row.is_pair() {
                true => self.find_all(row.long),
                false => self.find(row.long).into_iter().collect(),
            };
            found.into_iter().map(|Value { text, from }| {
                let from = match from {
                    Origin::CommandLine => "command line".to_owned(),
                    Origin::Environment => "environment".to_owned(),
                    Origin::File(number) => format!("{FILE}:{number}"),
                    Origin::Default => "default".to_owned(),
                };
                let value = if row.long == "proxy" { without_password(text) } else { text };
                Setting { name: row.long.to_owned(), value, from }
            })
        })
        .collect()
    }

    fn find(&self, option: &str) -> Option<Value> {
        let row = self.rows.iter().find(|row| row.long == option)?;
        let value = |text, from| Some(Value { text, from });
        if let Some(text) = self.typed_text(row) {
            return value(text, Origin::CommandLine);
        }
        if let Some(text) = variable(option).and_then(self.env)
            && (!text.is_empty() || option == "transcriber")
        {
            return value(text, Origin::Environment);
        }
        if let Some(line) = self.file.iter().find(|line| line.key == option) {
            return value(line.value.clone(), Origin::File(line.number));
        }
        let local = self.local.iter().find(|(name, _)| *name == option);
        let text = match (local, row.default) {
            (Some((_, text)), _) => text.clone(),
            (None, "") => return None,
            (None, text) => text.to_owned(),
        };
        value(text, Origin::Default)
    }

    fn typed_text(&self, row: &OptionRow) -> Option<String> {
        if !row.hint.is_empty() && !row.is_optional() {
            return self.typed.opt_strs(row.long).pop();
        }
        if !row.is_switch() && !row.is_optional() {
            let count = self.typed.opt_count(row.long);
            return (count > 0).then(|| count.to_string());
        }
        let mut given = self.typed.opt_positions(row.long);
        if !row.short.is_empty() {
            given.extend(self.typed.opt_positions(row.short));
        }
        let last = given.into_iter().max()?;
        let value = self.typed.opt_strs_pos(row.long).pop().filter(|(at, _)| *at == last);
        Some(value.map_or_else(|| YES.to_owned(), |(_, text)| text))
    }

    /// Those of the file come first, as it was written before.
    fn find_all(&self, option: &str) -> Vec<Value> {
        let lines = self.file.iter().filter(|line| line.key == option);
        let file =
            lines.map(|line| Value { text: line.value.clone(), from: Origin::File(line.number) });
        let typed = self.typed.opt_strs(option).into_iter();
        file.chain(typed.map(|text| Value { text, from: Origin::CommandLine })).collect()
    }

    fn parsed<T>(
        &self,
        option: &str,
        value: &Value,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Wrong> {
        parse(&value.text).ok_or_else(|| self.wrong_value(option, value))
    }

    fn wrong_value(&self, option: &str, Value { text, from }: &Value) -> Wrong {
        let row = self.rows.iter().find(|row| row.long == option);
        let is_flag = row.is_some_and(OptionRow::is_switch);
        let expected = if is_flag { "expected yes or no" } else { expected(option) };
        match from {
            Origin::File(number) => {
                self.wrong_line(*number, &format!("{option} = {text}: {expected}"))
            }
            Origin::Environment => {
                let variable = variable(option).unwrap_or(option);
                Wrong::usage(format!("{variable}={text}: {expected}"))
            }
            Origin::CommandLine | Origin::Default => {
                Wrong::usage(format!("--{option} {text}: {expected}"))
            }
        }
    }

    fn wrong_line(&self, number: usize, what: &str) -> Wrong {
        Wrong::usage(format!("{}:{number}: {what}", self.path.display()))
    }

    fn no_such(&self, line: &Line) -> Wrong {
        let key = &line.key;
        let place = self.rows.iter().find(|row| row.long == key && is_place(row));
        let rows = self.rows.iter().filter(|row| may_be_in_file(row));
        let near = rows.map(|row| (distance(key, row.long), row.long)).min();
        let what = match (place, near) {
            (Some(_), _) => format!("{key}: says where this file is, and so cannot stand in it"),
            (None, Some((far, name))) if far <= FAR && far < name.len() => {
                format!("no such option: {key} [did you mean {name}?]")
            }
            (None, _) => format!("no such option: {key} [see --help]"),
        };
        self.wrong_line(line.number, &what)
    }

    fn row_of_line(&self, key: &str) -> Option<&'static OptionRow> {
        self.rows.iter().find(|row| row.long == key && may_be_in_file(row))
    }
}

impl Origin {
    fn rank(self) -> u8 {
        match self {
            Origin::CommandLine => 0,
            Origin::Environment => 1,
            Origin::File(_) => 2,
            Origin::Default => 3,
        }
    }
}

/// Tells argv apart, by what the table knows. Any option may be given again: the last counts.
pub(super) fn parse<'w>(
    rows: &[OptionRow],
    argv: impl IntoIterator<Item = &'w String>,
) -> Result<Matches, Wrong> {
    let mut options = Options::new();
    options.parsing_style(ParsingStyle::StopAtFirstFree);
    for row in rows {
        let OptionRow { short, long, hint, help, .. } = row;
        match hint.is_empty() {
            true if row.is_switch() => {
                if !short.is_empty() {
                    options.optflagmulti(short, "", help);
                }
                options.opt("", long, help, hint, HasArg::Maybe, Occur::Multi)
            }
            true => options.optflagmulti(short, long, help),
            false if row.is_optional() => {
                options.opt("", long, help, hint, HasArg::Maybe, Occur::Multi)
            }
            false => options.optmulti(short, long, help, hint),
        };
    }
    options.parse(argv).map_err(|fail| {
        let why = fail.to_string();
        let mut letters = why.chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase());
        Wrong::usage(format!("{}{} [see --help]", first.unwrap_or_default(), letters.as_str()))
    })
}

const YES: &str = "yes";
/// Letters by which a word may differ from the one that was meant.
const FAR: usize = 2;

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        YES => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// A proxy as it may be shown to others.
fn without_password(proxy: String) -> String {
    let Some((login, at)) = proxy.rsplit_once('@') else { return proxy };
    let user = login.split_once("://").and_then(|(_, login)| login.split_once(':'));
    match user {
        Some((user, _)) => format!("socks5://{user}:***@{at}"),
        None => proxy,
    }
}

/// Whether an option is one that a file may have.
fn may_be_in_file(row: &OptionRow) -> bool {
    !matches!(row.long, "help" | "version") && !is_place(row)
}

/// Whether it says where the file is.
fn is_place(row: &OptionRow) -> bool {
    matches!(row.long, "home" | "data")
}

/// The variable that stands in for an option.
fn variable(option: &str) -> Option<&'static str> {
    match option {
        "home" => Some("HOBNOB_HOME"),
        "name" => Some("HOBNOB_NAME"),
        "server" => Some("HOBNOB_SERVER"),
        "transcriber" => Some("HOBNOB_TRANSCRIBER"),
        _ => None,
    }
}

fn expected(option: &str) -> &'static str {
    match option {
        "name" => "a name is 1 to 32 of a-z 0-9 . _ -, first a letter",
        "server" => "expected HOST:PORT or HOST:PORT#KEY, IPv6 in brackets",
        "host" => "expected ADDR:PORT, IPv6 in brackets, or yes or no",
        "proxy" => "expected socks5://HOST:PORT or socks5://USER:PASSWORD@HOST:PORT",
        "listen" => "expected ADDR:PORT, IPv6 in brackets",
        "paths" => "expected some of direct,udp,relay",
        "accept" => "expected friends, all or none",
        "port-mapping" => "expected yes or no",
        "wait" => "expected queued, sent, held or delivered",
        "timeout" => "expected seconds",
        "transcriber" => "expected a command line with {wav} in it",
        "on" => "expected a kind of event or all, and a command",
        "notify" => "expected a command line",
        "run-output" | "run-memory" => "expected bytes, such as 256M",
        "pool" => "expected an IPv4 block, such as 100.64.0.0/10",
        "verbose" => "expected a number",
        _ => "expected a number above zero",
    }
}

/// Letters to be changed, added or left out to make one word of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, wanted) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(letter != wanted);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(row[to] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_two_words_is_the_letters_that_differ() {
        for (one, other, far) in [
            ("", "", 0),
            ("name", "name", 0),
            ("nmae", "name", 2),
            ("tim", "time", 1),
            ("", "on", 2),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (far, far), "{one} {other}");
        }
    }
}
