//! Sessions.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, may_person, missing};
use crate::proto::model::command::Verb;
use crate::proto::model::person::Target;
use crate::shell::front::With;
use crate::shell::front::args::{self, WHAT_A_NAME_IS};
use Arg::{May, Must};
use std::net::Ipv4Addr;

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "chat", aliases: &["connect"], args: &[Must(Kind::Peer)],
        parse: chat, help: "ask for a session; then plain lines go there. A group needs none" },
    VerbRow { word: "accept", aliases: &[], args: &[May(Kind::Name)],
        parse: accept, help: "say yes to who asks for a session" },
    VerbRow { word: "decline", aliases: &[], args: &[May(Kind::Name)],
        parse: decline, help: "say no to who asks for a session" },
    VerbRow { word: "close", aliases: &["!dis!", "disconnect"], args: &[May(Kind::Name)],
        parse: close, help: "end a session; both sides see it end" },
    VerbRow { word: "sessions", aliases: &["connected"], args: &[],
        parse: sessions, help: "the sessions there are, their paths and round trips" },
    VerbRow { word: "why", aliases: &[], args: &[Must(Kind::Peer)],
        parse: why, help: "how somebody is reached, or not: each path tried, and its result" },
];

fn chat(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let word = args.word().ok_or_else(|| missing("chat"))?;
    if let Some(target) = Target::parse(&word) {
        return match target {
            Target::Endpoint(at) if at.port() == 0 => Err(Bad::Word(word, "nobody is at port 0")),
            target => ask(Verb::Chat(target)),
        };
    }
    if word.contains('@') {
        return Ok(Request::To(Some(With::Group(args::group(&word)?))));
    }
    let place = word.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
    match place {
        Some((_, Ok(0))) => Err(Bad::Word(word, "nobody is at port 0")),
        Some(("localhost", Ok(port))) => {
            ask(Verb::Chat(Target::Endpoint((Ipv4Addr::LOCALHOST, port).into())))
        }
        Some((host, Ok(_))) if !host.is_empty() => Ok(Request::Dial(word)),
        Some(_) | None => Err(Bad::Word(word, WHAT_A_NAME_IS)),
    }
}

fn accept(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Accept(may_person(args)?))
}

fn decline(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Decline(may_person(args)?))
}

fn close(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Close(may_person(args)?))
}

fn sessions(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Sessions)
}

fn why(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let word = args.word().ok_or_else(|| missing("why"))?;
    let target = Target::parse(&word).ok_or(Bad::Word(word, WHAT_A_NAME_IS))?;
    ask(Verb::Why(target))
}
