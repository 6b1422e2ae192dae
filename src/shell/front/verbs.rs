//! The one table of verbs. Slash lines, JSON lines, argv, `/help`, `--help` and README's table
//! all come from it.

mod shape;

pub use self::shape::{Arg, Kind, Section};

use super::Request;
use super::args::{self, Args, Bad, WHAT_A_NAME_IS};
use super::fit::{Fit, KINDS};
use crate::proto::limits;
use crate::proto::model::account::Visibility;
use crate::proto::model::command::Verb;
use crate::proto::model::event::Stage;
use crate::proto::model::name::Name;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Refusal;
use crate::proto::time::Wall;
use std::net::Ipv4Addr;

/// A verb: how it is called, what it takes, what it becomes.
#[derive(Debug)]
pub struct VerbRow {
    /// Its word or words.
    pub word: &'static str,
    /// Other spellings, those of older systems among them. Case does not matter in any.
    pub aliases: &'static [&'static str],
    /// What stands behind it.
    pub args: &'static [Arg],
    /// What it does, in a line.
    pub help: &'static str,
    /// Where help lists it.
    pub section: Section,
    parse: fn(&mut Args<'_>, Defaults) -> Result<Request, Bad>,
}

impl PartialEq for VerbRow {
    fn eq(&self, other: &VerbRow) -> bool {
        self.word == other.word
    }
}

impl Eq for VerbRow {}

/// What a line need not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// How far a message must come for its verb to be done.
    pub until: Stage,
}

use Arg::{Flag, May, Must};
use Section::{Friends, Messages, Presence, Program, Sessions};

/// Every verb, in the order that help lists them.
#[rustfmt::skip]
pub static VERBS: &[VerbRow] = &[
    VerbRow { word: "online", aliases: &[], args: &[], section: Presence, parse: online,
        help: "sign in" },
    VerbRow { word: "offline", aliases: &[], args: &[], section: Presence, parse: offline,
        help: "sign out, staying in the program; what is sent meanwhile is queued" },
    VerbRow { word: "public", aliases: &["set public", "activate"], args: &[], section: Presence,
        parse: public, help: "let anybody find me; kept over restarts" },
    VerbRow { word: "private", aliases: &["set private", "deactivate"], args: &[],
        section: Presence, parse: private, help: "let only friends find me; kept over restarts" },
    VerbRow { word: "who", aliases: &["list online", "active"], args: &[May(Kind::Prefix)],
        section: Presence, parse: who, help: "who is online and visible to me" },
    VerbRow { word: "lookup", aliases: &[], args: &[Must(Kind::Name)], section: Presence,
        parse: lookup, help: "address, fingerprint and presence of one person" },
    VerbRow { word: "whoami", aliases: &[], args: &[], section: Presence, parse: whoami,
        help: "my name, addresses, fingerprint and visibility" },
    VerbRow { word: "update", aliases: &["refresh"], args: &[], section: Presence, parse: update,
        help: "ask the server again for everybody's state" },
    VerbRow { word: "add", aliases: &[], args: &[Must(Kind::Name), May(Kind::Text)],
        section: Friends, parse: add, help: "ask to be friends; they may be away" },
    VerbRow { word: "requests", aliases: &["list apply"], args: &[], section: Friends,
        parse: requests, help: "friend requests that wait for me" },
    VerbRow { word: "confirm", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: confirm, help: "say yes to a friend request" },
    VerbRow { word: "reject", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: reject, help: "say no to a friend request" },
    VerbRow { word: "friends", aliases: &["list", "list friends"], args: &[], section: Friends,
        parse: friends, help: "the friends I have" },
    VerbRow { word: "unfriend", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: unfriend, help: "end a friendship" },
    VerbRow { word: "block", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: block, help: "let nothing of theirs through; they are not told" },
    VerbRow { word: "unblock", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: unblock, help: "take that back" },
    VerbRow { word: "blocks", aliases: &[], args: &[], section: Friends, parse: blocks,
        help: "whom I block" },
    VerbRow { word: "verify", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: verify, help: "the safety number that both of us compare" },
    VerbRow { word: "chat", aliases: &["connect"], args: &[Must(Kind::Peer)], section: Sessions,
        parse: chat, help: "ask for a session; then plain lines go there" },
    VerbRow { word: "accept", aliases: &[], args: &[May(Kind::Name)], section: Sessions,
        parse: accept, help: "say yes to who asks for a session" },
    VerbRow { word: "decline", aliases: &[], args: &[May(Kind::Name)], section: Sessions,
        parse: decline, help: "say no to who asks for a session" },
    VerbRow { word: "close", aliases: &["!dis!", "disconnect"], args: &[May(Kind::Name)],
        section: Sessions, parse: close, help: "end a session; both sides see it end" },
    VerbRow { word: "sessions", aliases: &["connected"], args: &[], section: Sessions,
        parse: sessions, help: "the sessions there are, and their paths" },
    VerbRow { word: "trust", aliases: &[], args: &[Must(Kind::Name)], section: Friends,
        parse: trust, help: "accept a changed key" },
    VerbRow { word: "msg", aliases: &["message"], args: &[Must(Kind::Names), Must(Kind::Text)],
        section: Messages, parse: msg, help: "one message to one or several" },
    VerbRow { word: "outbox", aliases: &[], args: &[], section: Messages, parse: outbox,
        help: "what is not delivered yet, with its state" },
    VerbRow { word: "drop", aliases: &[], args: &[Must(Kind::Id)], section: Messages, parse: drop,
        help: "give up a message of the outbox" },
    VerbRow { word: "history", aliases: &[], section: Messages, parse: history,
        args: &[May(Kind::Name), Arg::Option("--limit", Kind::Number),
            Arg::Option("--since", Kind::Time)],
        help: "messages there were, the latest last" },
    VerbRow { word: "search", aliases: &[], section: Messages, parse: search,
        args: &[Must(Kind::Words), Arg::Option("--with", Kind::Name),
            Arg::Option("--limit", Kind::Number)],
        help: "messages with these words, newest first; word* fits any ending" },
    VerbRow { word: "events", aliases: &[], section: Messages, parse: events,
        args: &[Arg::Option("--since", Kind::Number), Flag("--follow")],
        help: "the event log after a number; --follow goes on with what happens" },
    VerbRow { word: "wait", aliases: &[], section: Messages, parse: wait,
        args: &[Arg::Option("--from", Kind::Name), Arg::Option("--match", Kind::Words),
            Arg::Option("--event", Kind::Event)],
        help: "until an event fits, or time runs out; prints it" },
    VerbRow { word: "listen", aliases: &[], args: &[], section: Program, parse: listen,
        help: "print events until told to stop; reads no input" },
    VerbRow { word: "help", aliases: &[], args: &[May(Kind::Verb)], section: Program, parse: help,
        help: "the verbs, or one of them" },
    VerbRow { word: "quit", aliases: &["exit"], args: &[], section: Program, parse: quit,
        help: "leave the program" },
];

/// Rows of `history` unless told otherwise.
const HISTORY_ROWS: usize = 100;
/// Rows of `search` unless told otherwise.
const SEARCH_ROWS: usize = 20;
/// Letters of a message's id.
const ID_CHARS: usize = 26;

impl VerbRow {
    /// The verb that `args` begins with, its words taken off; of two that fit, the longer.
    pub fn find(args: &mut Args<'_>) -> Result<&'static VerbRow, Bad> {
        let mut best: Option<(&VerbRow, Args<'_>)> = None;
        let mut most_words = 0;
        for row in VERBS {
            for spelling in row.spellings() {
                let words = spelling.split(' ').count();
                if words > most_words
                    && let Some(rest) = after(args, spelling)
                {
                    best = Some((row, rest));
                    most_words = words;
                }
            }
        }
        match best {
            Some((row, rest)) => {
                *args = rest;
                Ok(row)
            }
            None => Err(Bad::Verb(args.word().unwrap_or_default())),
        }
    }

    /// What the verb with these arguments asks for.
    pub fn request(&'static self, args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
        let request = (self.parse)(args, defaults)?;
        if args.is_empty() { Ok(request) } else { Err(Bad::Usage(self.usage())) }
    }

    /// How it is written: `msg NAME[,NAME…] TEXT`.
    pub fn usage(&self) -> String {
        let mut usage = self.word.to_owned();
        for arg in self.args {
            usage.push(' ');
            usage.push_str(&match arg {
                Arg::Must(kind) => kind.word().to_owned(),
                Arg::May(kind) => format!("[{}]", kind.word()),
                Arg::Option(name, kind) => format!("[{name} {}]", kind.word()),
                Arg::Flag(name) => format!("[{name}]"),
            });
        }
        usage
    }

    /// Whether the rest of the line is text.
    pub fn takes_text(&self) -> bool {
        self.args.contains(&Arg::Must(Kind::Text))
    }

    /// Its options, each with whether it takes a value.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Option(name, _) => Some((*name, true)),
            Arg::Flag(name) => Some((*name, false)),
            Arg::Must(_) | Arg::May(_) => None,
        })
    }

    fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.word).chain(self.aliases.iter().copied())
    }
}

/// What is left of `args` after the words of `spelling`, if it begins with them.
fn after<'a>(args: &Args<'a>, spelling: &str) -> Option<Args<'a>> {
    let mut rest = args.clone();
    for expected in spelling.split(' ') {
        if !rest.word()?.eq_ignore_ascii_case(expected) {
            return None;
        }
    }
    Some(rest)
}

fn row(word: &str) -> &'static VerbRow {
    VERBS.iter().find(|row| row.word == word).expect("each parse function names its own row")
}

fn missing(word: &str) -> Bad {
    Bad::Usage(row(word).usage())
}

fn ask(verb: Verb) -> Result<Request, Bad> {
    Ok(Request::Ask(verb))
}

fn must_person(args: &mut Args<'_>, verb: &str) -> Result<Target, Bad> {
    args::person(&args.word().ok_or_else(|| missing(verb))?)
}

fn may_person(args: &mut Args<'_>) -> Result<Option<Target>, Bad> {
    args.word().map(|word| args::person(&word)).transpose()
}

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

fn chat(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let word = args.word().ok_or_else(|| missing("chat"))?;
    if let Some(target) = Target::parse(&word) {
        return match target {
            Target::Endpoint(at) if at.port() == 0 => Err(Bad::Word(word, "nobody is at port 0")),
            target => ask(Verb::Chat(target)),
        };
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

fn trust(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    ask(Verb::Trust(must_person(args, "trust")?))
}

fn msg(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    let names = args.word().ok_or_else(|| missing("msg"))?;
    let text = args.rest().ok_or_else(|| missing("msg"))?;
    let to = args::people(&names)?;
    ask(Verb::Msg { to, text: bounded(text)?, until: defaults.until })
}

fn outbox(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Outbox)
}

fn drop(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let word = args.word().ok_or_else(|| missing("drop"))?;
    let base32 = |c: char| c.is_ascii_alphabetic() || ('2'..='7').contains(&c);
    match (4..=ID_CHARS).contains(&word.len()) && word.chars().all(base32) {
        true => Ok(Request::Drop(word)),
        false => Err(Bad::Word(word, "not a message id, nor how one begins [see outbox]")),
    }
}

fn history(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--limit", true), ("--since", true)])?;
    let with = match given.words.as_slice() {
        [] => None,
        [word] => Some(args::person(word)?),
        [_, _, ..] => return Err(missing("history")),
    };
    let most_rows = match given.value("--limit") {
        Some(word) => usize::try_from(args::number(word)?).unwrap_or(usize::MAX),
        None => HISTORY_ROWS,
    };
    let since = match given.value("--since") {
        Some(word) => Some(Wall::parse(word).ok_or_else(|| not_a_time(word))?),
        None => None,
    };
    Ok(Request::History { with, most_rows, since })
}

fn search(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    let given = args.mixed(&[("--with", true), ("--limit", true)])?;
    let words = given.words.join(" ");
    if words.trim().is_empty() {
        return Err(missing("search"));
    }
    let with = given.value("--with").map(args::person).transpose()?;
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
    let from = given.value("--from").map(args::person).transpose()?;
    let kind = given.value("--event").map(str::to_ascii_lowercase);
    if let Some(kind) = kind.as_ref().filter(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(Bad::Word(kind.clone(), "no event is of that kind"));
    }
    let from = from.map(|target| target.to_string());
    Ok(Request::Wait(Fit { from, text: given.value("--match").map(str::to_owned), kind }))
}

fn listen(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Listen)
}

fn help(args: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    if args.is_empty() {
        return Ok(Request::Help(None));
    }
    VerbRow::find(args).map(|row| Request::Help(Some(row)))
}

fn quit(_: &mut Args<'_>, _: Defaults) -> Result<Request, Bad> {
    Ok(Request::Quit)
}

fn not_a_time(word: &str) -> Bad {
    Bad::Word(word.to_owned(), "not a time (RFC 3339, a date, or seconds since 1970)")
}

/// A text no longer than a message may be.
pub fn bounded(text: String) -> Result<String, Bad> {
    match text.len() {
        bytes if bytes > limits::TEXT_MAX_BYTES => Err(Bad::Refused(Refusal::TextTooLong(bytes))),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests;
