//! Groups.

use super::{Arg, Args, Bad, Defaults, Kind, Request, VerbRow, ask, bounded, missing};
use super::{args, must_person};
use crate::proto::model::command::{GroupVerb, Verb};
use crate::proto::model::group::GroupTarget;
use crate::proto::model::name::Name;
use Arg::{Flag, Must};

#[rustfmt::skip]
pub(super) static ROWS: &[VerbRow] = &[
    VerbRow { word: "group create", aliases: &["create_group"],
        args: &[Must(Kind::GroupName), Flag("--private")], parse: create,
        help: "found a group and lead it; public unless --private (or 0)" },
    VerbRow { word: "group join", aliases: &["join_group"], args: &[Must(Kind::Group)], parse: join,
        help: "ask to be let in, or accept; GROUP is NAME or NAME@LEADER" },
    VerbRow { word: "group leave", aliases: &["leave_group"], args: &[Must(Kind::Group)],
        parse: leave, help: "be out of it; after its leader the longest member leads" },
    VerbRow { word: "group invite", aliases: &["invite"], args: &[Must(Kind::Group),
        Must(Kind::Name)], parse: invite, help: "as leader: ask somebody in" },
    VerbRow { word: "group kick", aliases: &["remove_member"], args: &[Must(Kind::Group),
        Must(Kind::Name)], parse: kick, help: "as leader: put somebody out" },
    VerbRow { word: "group allow", aliases: &[], args: &[Must(Kind::Group), Must(Kind::Name)],
        parse: allow, help: "as leader: let in who asked" },
    VerbRow { word: "group deny", aliases: &[], args: &[Must(Kind::Group), Must(Kind::Name)],
        parse: deny, help: "as leader: do not let in who asked" },
    VerbRow { word: "group list", aliases: &[], args: &[Flag("--public")], parse: list,
        help: "my groups; --public: those on the server" },
    VerbRow { word: "group members", aliases: &[], args: &[Must(Kind::Group)], parse: members,
        help: "who is in it" },
    VerbRow { word: "group say", aliases: &["broadcast"], args: &[Must(Kind::Group),
        Must(Kind::Text)], parse: say, help: "to every member, online or not" },
];

fn group(verb: GroupVerb) -> Result<Request, Bad> {
    ask(Verb::Group(verb))
}

fn must_group(args: &mut Args<'_>, verb: &str) -> Result<GroupTarget, Bad> {
    args::group(&args.word().ok_or_else(|| missing(verb))?)
}

fn create(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--private", false)])?;
    let (word, is_public) = match given.words.as_slice() {
        [word] => (word, !given.has("--private")),
        [word, public] if !given.has("--private") => match public.as_str() {
            "0" => (word, false),
            "1" => (word, true),
            _ => return Err(Bad::Word(public.clone(), "neither 0 (private) nor 1 (public)")),
        },
        _ => return Err(missing("group create")),
    };
    let what = "not a name for a group (1 to 32 of a-z 0-9 . _ -, first a letter)";
    let name = Name::parse(word).map_err(|_| Bad::Word(word.clone(), what))?;
    group(GroupVerb::Create { name, is_public })
}

fn join(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    group(GroupVerb::Join(must_group(args, "group join")?))
}

fn leave(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    group(GroupVerb::Leave(must_group(args, "group leave")?))
}

fn invite(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let which = must_group(args, "group invite")?;
    group(GroupVerb::Invite(which, must_person(args, "group invite")?))
}

fn kick(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let which = must_group(args, "group kick")?;
    group(GroupVerb::Kick(which, must_person(args, "group kick")?))
}

fn allow(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let which = must_group(args, "group allow")?;
    group(GroupVerb::Allow(which, must_person(args, "group allow")?))
}

fn deny(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let which = must_group(args, "group deny")?;
    group(GroupVerb::Deny(which, must_person(args, "group deny")?))
}

fn list(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--public", false)])?;
    match (given.words.is_empty(), given.has("--public")) {
        (true, true) => group(GroupVerb::Public),
        (true, false) => group(GroupVerb::Mine),
        (false, _) => Err(missing("group list")),
    }
}

fn members(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    group(GroupVerb::Members(must_group(args, "group members")?))
}

fn say(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let which = must_group(args, "group say")?;
    let text = bounded(args.rest().ok_or_else(|| missing("group say"))?)?;
    group(GroupVerb::Say { group: which, text, until: defaults.until })
}
