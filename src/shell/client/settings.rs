//! The options in force: what was given, what the profile remembers, what was found.

use super::{print, transcriber};
use crate::proto::gather;
use crate::proto::model::name::Name;
use crate::proto::model::refusal::Exit;
use crate::proto::model::run::line_of;
use crate::shell::cli::options::CLIENT;
use crate::shell::cli::{ClientOptions, ServerAddress};
use crate::shell::front::Failure;
use crate::shell::front::printer::{Printer, Style};
use crate::shell::front::setting::Setting;

/// A row for each option, in the order of the table.
pub(super) fn in_force(
    options: &ClientOptions,
    server: Option<&ServerAddress>,
    name: Option<&Name>,
) -> Vec<Setting> {
    let mut rows = options.settings.clone();
    let server = server.filter(|_| !options.no_server);
    let found = transcriber::find(std::env::var_os("PATH").as_deref());
    for (option, value, from) in [
        ("name", name.map(ToString::to_string), "remembered"),
        ("server", server.map(ToString::to_string), "remembered"),
        ("transcriber", found.map(|argv| line_of(&argv)), "default"),
    ] {
        if let Some(value) = value
            && rows.iter().all(|row| row.name != option)
        {
            rows.push(Setting { name: option.to_owned(), value, from: from.to_owned() });
        }
    }
    let place = |row: &Setting| CLIENT.iter().position(|option| option.long == row.name);
    gather::sort(&mut rows, |one, other| place(one).cmp(&place(other)));
    rows
}

/// Prints them, as the answer to the one verb.
pub(super) fn answer(style: Style, rows: &[Setting]) -> Result<Exit, Failure> {
    let (mut printer, mut out) = (Printer::new(style), Vec::new());
    for row in rows {
        printer.setting(&mut out, row);
    }
    printer.done(&mut out, None, Ok(()));
    print(out)
}
