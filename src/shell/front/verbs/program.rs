//! The program itself.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, missing};
use Arg::{Flag, May};

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "listen", aliases: &[], args: &[], parse: listen,
        help: "print events until told to stop; reads no input" },
    VerbRow { word: "config", aliases: &[], args: &[], parse: config,
        help: "the options in force, and where each of them comes from" },
    VerbRow { word: "export", aliases: &[], parse: export,
        args: &[Flag("--anonymise"), Arg::Option("--out", Kind::Path)],
        help: "all my data as JSON lines; --anonymise: with nobody in it" },
    VerbRow { word: "help", aliases: &[], args: &[May(Kind::Verb)], parse: help,
        help: "the verbs, or one of them, or all that begin so: help group" },
    VerbRow { word: "quit", aliases: &["exit"], args: &[], parse: quit,
        help: "leave the program" },
];

fn listen(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Listen)
}

fn config(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Config)
}

fn export(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--anonymise", false), ("--out", true)])?;
    let to = given.value("--out").map(str::to_owned);
    if !given.words.is_empty() || to.as_ref().is_some_and(String::is_empty) {
        return Err(missing("export"));
    }
    Ok(Request::Export { anonymised: given.has("--anonymise"), to })
}

fn help(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    if args.is_empty() {
        return Ok(Request::Help(Vec::new()));
    }
    let family: Vec<_> = VerbRow::family(args.clone().word()).collect();
    if !family.is_empty() && args.clone().words()?.len() == 1 {
        args.word();
        return Ok(Request::Help(family));
    }
    VerbRow::find(args).map(|row| Request::Help(vec![row]))
}

fn quit(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Quit)
}
