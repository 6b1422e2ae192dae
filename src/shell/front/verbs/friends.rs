//! Friends, and who is none.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, must_person};
use crate::proto::model::command::Verb;
use Arg::{May, Must};

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "add", aliases: &[], args: &[Must(Kind::Name), May(Kind::Text)],
        parse: add, help: "ask to be friends; they may be away" },
    VerbRow { word: "requests", aliases: &["list apply"], args: &[],
        parse: requests, help: "friend requests that wait for me" },
    VerbRow { word: "confirm", aliases: &[], args: &[Must(Kind::Name)],
        parse: confirm, help: "say yes to a friend request" },
    VerbRow { word: "reject", aliases: &[], args: &[Must(Kind::Name)],
        parse: reject, help: "say no to a friend request" },
    VerbRow { word: "friends", aliases: &["list", "list friends"], args: &[],
        parse: friends, help: "the friends I have" },
    VerbRow { word: "unfriend", aliases: &[], args: &[Must(Kind::Name)],
        parse: unfriend, help: "end a friendship" },
    VerbRow { word: "block", aliases: &[], args: &[Must(Kind::Name)],
        parse: block, help: "let nothing of theirs through; they are not told" },
    VerbRow { word: "unblock", aliases: &[], args: &[Must(Kind::Name)],
        parse: unblock, help: "take that back" },
    VerbRow { word: "blocks", aliases: &[], args: &[], parse: blocks,
        help: "whom I block" },
    VerbRow { word: "verify", aliases: &[], args: &[Must(Kind::Name)],
        parse: verify, help: "the safety number that both of us compare" },
    VerbRow { word: "trust", aliases: &[], args: &[Must(Kind::Name)],
        parse: trust, help: "accept a changed key" },
];

fn add(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let who = must_person(args, "add")?;
    ask(Verb::Add(who, args.rest().unwrap_or_default()))
}

fn requests(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Requests)
}

fn confirm(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Confirm(must_person(args, "confirm")?))
}

fn reject(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Reject(must_person(args, "reject")?))
}

fn friends(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Friends)
}

fn unfriend(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Unfriend(must_person(args, "unfriend")?))
}

fn block(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Block(must_person(args, "block")?))
}

fn unblock(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Unblock(must_person(args, "unblock")?))
}

fn blocks(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Blocks)
}

fn verify(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Verify(must_person(args, "verify")?))
}

fn trust(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Trust(must_person(args, "trust")?))
}
