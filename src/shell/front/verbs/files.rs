//! Files, posts and voice messages. Paths are as they were typed; whoever knows the working
//! directory makes them absolute.

use super::must_person;
use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, may_person, missing, must_id};
use crate::proto::model::command::{Place, Verb};
use Arg::{May, Must};

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "send", aliases: &[], args: &[Must(Kind::Name), Must(Kind::Path)], parse: send,
        help: "offer somebody a file; taken, it comes through any break" },
    VerbRow { word: "files", aliases: &[], args: &[], parse: files,
        help: "every file offered, on its way, or done" },
    VerbRow { word: "take", aliases: &[], args: &[Must(Kind::Id), May(Kind::Path)], parse: take,
        help: "have a file that is offered; PATH is its new name, or a directory" },
    VerbRow { word: "refuse", aliases: &[], args: &[Must(Kind::Id)], parse: refuse,
        help: "say no to a file that is offered" },
    VerbRow { word: "cancel", aliases: &[], args: &[Must(Kind::Id)], parse: cancel,
        help: "give up a file on its way, or a command" },
    VerbRow { word: "post add", aliases: &["post upload"], args: &[Must(Kind::Path)],
        parse: post_add, help: "let my friends have a file" },
    VerbRow { word: "post rm", aliases: &["post remove"], args: &[Must(Kind::Id)],
        parse: post_remove, help: "not any more" },
    VerbRow { word: "post list", aliases: &[], args: &[May(Kind::Name)], parse: post_list,
        help: "what I let my friends have, or what a friend lets me have" },
    VerbRow { word: "post get", aliases: &[], args: &[Must(Kind::Name), Must(Kind::Id),
        May(Kind::Path)], parse: post_get,
        help: "have a friend's file; of one who is away it comes later" },
    VerbRow { word: "voice", aliases: &[], args: &[Must(Kind::Name), Must(Kind::Wav)], parse: voice,
        help: "a voice message, with its words where a transcriber is found" },
];

fn must_path(args: &mut Args<'_>, verb: &str) -> Result<String, Bad> {
    match args.quoted()? {
        Some(path) if path.is_empty() => Err(no_path()),
        path => path.ok_or_else(|| missing(verb)),
    }
}

fn may_place(args: &mut Args<'_>) -> Result<Option<Place>, Bad> {
    match args.quoted()? {
        Some(path) if path.is_empty() => Err(no_path()),
        path => Ok(path.map(Place::At)),
    }
}

fn no_path() -> Bad {
    Bad::Line("an empty path".to_owned())
}

fn send(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let to = must_person(args, "send")?;
    ask(Verb::Send { to, path: must_path(args, "send")?, until: defaults.until })
}

fn files(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Files)
}

fn take(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let id = must_id(args, "take")?;
    ask(Verb::Take { id, place: may_place(args)? })
}

fn refuse(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Refuse(must_id(args, "refuse")?))
}

fn cancel(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Cancel(must_id(args, "cancel")?))
}

fn post_add(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::PostAdd(must_path(args, "post add")?))
}

fn post_remove(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::PostRemove(must_id(args, "post rm")?))
}

fn post_list(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::PostList(may_person(args)?))
}

fn post_get(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let owner = must_person(args, "post get")?;
    let id = must_id(args, "post get")?;
    ask(Verb::PostGet { owner, id, place: may_place(args)? })
}

fn voice(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let to = must_person(args, "voice")?;
    ask(Verb::Voice { to, path: must_path(args, "voice")?, until: defaults.until })
}
