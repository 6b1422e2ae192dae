//! Messages, and what there was.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, bounded, missing, must_id};
use crate::proto::model::command::Verb;
use crate::proto::model::conversation::Level;
use crate::shell::front::fit::{Fit, KINDS};
use crate::shell::front::{With, args};
use Arg::{Flag, May, Must};

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "msg", aliases: &["message"], args: &[Must(Kind::Names), Must(Kind::Text)],
        parse: msg, help: "one message to one or several" },
    VerbRow { word: "to", aliases: &[], args: &[May(Kind::With)], parse: to,
        help: "plain lines go there, nobody is asked; alone: to who waits longest" },
    VerbRow { word: "notify", aliases: &[], args: &[May(Kind::With), May(Kind::Level)],
        parse: notify,
        help: "what rings and runs --notify there; alone: where it is not as usual" },
    VerbRow { word: "outbox", aliases: &[], args: &[], parse: outbox,
        help: "what is not delivered yet, with its state" },
    VerbRow { word: "drop", aliases: &[], args: &[Must(Kind::Id)], parse: drop,
        help: "give up a message of the outbox" },
    VerbRow { word: "history", aliases: &[], parse: history,
        args: &[May(Kind::With), Arg::Option("--limit", Kind::Number),
            Arg::Option("--since", Kind::Time)],
        help: "what was said, latest last; a name is a person's before a group's" },
    VerbRow { word: "search", aliases: &[], parse: search,
        args: &[Must(Kind::Words), Arg::Option("--with", Kind::With),
            Arg::Option("--limit", Kind::Number)],
        help: "what was said with these words, newest first; word* fits any ending" },
    VerbRow { word: "events", aliases: &[], parse: events,
        args: &[Arg::Option("--since", Kind::Number), Flag("--follow")],
        help: "the event log after a number; --follow goes on with what happens" },
    VerbRow { word: "wait", aliases: &[], parse: wait,
        args: &[Arg::Option("--from", Kind::With), Arg::Option("--match", Kind::Words),
            Arg::Option("--event", Kind::Event)],
        help: "until an event fits, or time runs out; prints it" },
];

/// Rows of `history` unless told otherwise.
const HISTORY_ROWS: usize = 100;
/// Rows of `search` unless told otherwise.
const SEARCH_ROWS: usize = 20;

fn msg(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let names = args.word().ok_or_else(|| missing("msg"))?;
    let text = args.rest().ok_or_else(|| missing("msg"))?;
    let to = args::people(&names)?;
    ask(Verb::Msg { to, text: bounded(text)?, until: defaults.until })
}

fn to(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::To(args.word().map(|word| with(&word)).transpose()?))
}

fn notify(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let of = args.word().map(|word| with(&word)).transpose()?;
    let level =
        |word: String| Level::parse(&word).ok_or(Bad::Word(word, "not one of off, mentions, all"));
    Ok(Request::Notify { of, level: args.word().map(level).transpose()? })
}

fn outbox(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Outbox)
}

fn drop(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Drop(must_id(args, "drop")?))
}

fn history(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--limit", true), ("--since", true)])?;
    let with = match given.words.as_slice() {
        [] => None,
        [word] => Some(with(word)?),
        [_, _, ..] => return Err(missing("history")),
    };
    let most_rows = match given.value("--limit") {
        Some(word) => usize::try_from(args::number(word)?).unwrap_or(usize::MAX),
        None => HISTORY_ROWS,
    };
    let moment = |word| args::moment(word, defaults.now, false);
    let since = given.value("--since").map(moment).transpose()?;
    Ok(Request::History { with, most_rows, since })
}

fn search(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--with", true), ("--limit", true)])?;
    let words = given.words.join(" ");
    if words.trim().is_empty() {
        return Err(missing("search"));
    }
    let with = given.value("--with").map(with).transpose()?;
    let most_rows = match given.value("--limit") {
        Some(word) => usize::try_from(args::number(word)?).unwrap_or(usize::MAX),
        None => SEARCH_ROWS,
    };
    Ok(Request::Search { words, with, most_rows })
}

fn events(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--since", true), ("--follow", false)])?;
    let since = given.value("--since").map(args::number).transpose()?;
    match given.words.is_empty() {
        true => Ok(Request::Events { since, follow: given.has("--follow") }),
        false => Err(missing("events")),
    }
}

fn wait(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--from", true), ("--match", true), ("--event", true)])?;
    if !given.words.is_empty() {
        return Err(missing("wait"));
    }
    let from = given.value("--from").map(with).transpose()?;
    let kind = given.value("--event").map(str::to_ascii_lowercase);
    if let Some(kind) = kind.as_ref().filter(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(Bad::Word(kind.clone(), "no event is of that kind"));
    }
    Ok(Request::Wait(Fit { from, text: given.value("--match").map(str::to_owned), kind }))
}

/// A person, or a group: which of the two a mere name is, the store knows.
fn with(word: &str) -> Result<With, Bad> {
    match word.contains('@') {
        true => args::group(word).map(With::Group),
        false => args::person(word).map(With::Person),
    }
}
