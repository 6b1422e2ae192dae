//! Commands on other people's machines.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, missing, must_id};
use super::{args, must_person};
use crate::proto::model::command::Verb;
use crate::proto::time::Wall;
use Arg::Must;

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "run", aliases: &[], args: &[Must(Kind::Name), Must(Kind::Command)], parse: run,
        help: "ask to run exactly these words on their machine, never in a shell" },
    VerbRow { word: "allow", aliases: &[], args: &[Must(Kind::Id)], parse: allow,
        help: "say yes to a command that is asked for, once" },
    VerbRow { word: "deny", aliases: &[], args: &[Must(Kind::Id)], parse: deny,
        help: "say no to it" },
    VerbRow { word: "grant", aliases: &[], args: &[Must(Kind::Name), Must(Kind::Command),
        Arg::Option("--until", Kind::Time)], parse: grant,
        help: "say yes to exactly this command line of a friend from now on" },
    VerbRow { word: "grants", aliases: &[], args: &[], parse: grants,
        help: "what I said yes to from now on" },
    VerbRow { word: "revoke", aliases: &[], args: &[Must(Kind::Id)], parse: revoke,
        help: "take such a yes back" },
];

const UNTIL: &str = "--until";
/// Ends the options: what follows belongs to the command.
const END: &str = "--";

fn run(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let to = must_person(args, "run")?;
    let mut argv = args.words()?;
    if argv.first().is_some_and(|word| word == END) {
        argv.remove(0);
    }
    match argv.is_empty() {
        true => Err(missing("run")),
        false => ask(Verb::Run { to, argv: args::command(argv)? }),
    }
}

fn allow(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Allow(must_id(args, "allow")?))
}

fn deny(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Deny(must_id(args, "deny")?))
}

/// The end stands before the name or behind the command; a command that ends like that itself
/// stands behind `--`.
fn grant(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let mut before = args.clone();
    let first = before.word().ok_or_else(|| missing("grant"))?;
    let mut until = None;
    if first == UNTIL {
        until = Some(before.word().ok_or_else(|| missing("grant"))?);
        *args = before;
    } else if let Some(value) = inline(&first) {
        until = Some(value);
        *args = before;
    }
    let to = must_person(args, "grant")?;
    let mut argv = args.words()?;
    if argv.first().is_some_and(|word| word == END) {
        argv.remove(0);
    } else if until.is_none() {
        until = take_until(&mut argv);
    }
    if argv.is_empty() {
        return Err(missing("grant"));
    }
    let until = until.map(|word| end(&word, defaults.now)).transpose()?;
    ask(Verb::Grant { to, argv: args::command(argv)?, until })
}

fn take_until(argv: &mut Vec<String>) -> Option<String> {
    match argv.as_slice() {
        [.., option, _] if option == UNTIL => {
            let value = argv.pop();
            argv.pop();
            value
        }
        [.., last] => {
            let value = inline(last)?;
            argv.pop();
            Some(value)
        }
        [] => None,
    }
}

fn inline(word: &str) -> Option<String> {
    word.strip_prefix(UNTIL)?.strip_prefix('=').map(str::to_owned)
}

fn end(word: &str, now: Wall) -> Result<Wall, Bad> {
    match args::moment(word, now, true)? {
        until if until <= now => Err(Bad::Word(word.to_owned(), "that is past already")),
        until => Ok(until),
    }
}

fn grants(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Grants)
}

fn revoke(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Revoke(must_id(args, "revoke")?))
}
