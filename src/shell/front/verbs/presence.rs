//! Being there, and who else is.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, must_person};
use crate::proto::model::account::Visibility;
use crate::proto::model::command::Verb;
use crate::proto::model::name::Name;
use Arg::{May, Must};

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "online", aliases: &[], args: &[], parse: online,
        help: "sign in" },
    VerbRow { word: "offline", aliases: &[], args: &[], parse: offline,
        help: "sign out, staying in the program; what is sent meanwhile is queued" },
    VerbRow { word: "public", aliases: &["set public", "activate"], args: &[],
        parse: public, help: "let anybody find me; kept over restarts" },
    VerbRow { word: "private", aliases: &["set private", "deactivate"], args: &[],
        parse: private, help: "let only friends find me; kept over restarts" },
    VerbRow { word: "who", aliases: &["list online", "active"], args: &[May(Kind::Prefix)],
        parse: who, help: "who is online and visible to me" },
    VerbRow { word: "lookup", aliases: &[], args: &[Must(Kind::Name)],
        parse: lookup, help: "address, fingerprint and presence of one person" },
    VerbRow { word: "whoami", aliases: &[], args: &[], parse: whoami,
        help: "my name, addresses, fingerprint and visibility" },
    VerbRow { word: "update", aliases: &["refresh"], args: &[], parse: update,
        help: "ask the server again for everybody's state" },
];

fn online(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Online)
}

fn offline(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Offline)
}

fn public(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::SetVisibility(Visibility::Public))
}

fn private(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::SetVisibility(Visibility::Private))
}

fn who(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let prefix = args.word().unwrap_or_default().to_ascii_lowercase();
    if !prefix.is_empty() && Name::parse(&prefix).is_err() {
        return Err(Bad::Word(prefix, "no name begins so"));
    }
    ask(Verb::Who { prefix })
}

fn lookup(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Lookup(must_person(args, "lookup")?))
}

fn whoami(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Whoami)
}

fn update(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Update)
}
