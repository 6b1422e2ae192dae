//! Every row of the table, and what is refused.

use super::super::With;
use super::super::fit::Fit;
use super::super::lines;
use super::*;
use crate::proto::model::account::Visibility;
use crate::proto::model::command::{GroupVerb, Place};
use crate::proto::model::group::GroupTarget;
use crate::proto::model::name::Name;
use crate::proto::model::refusal::Exit;

const DEFAULTS: Defaults = Defaults { until: Stage::Held, now: Wall(0) };

fn parse(line: &str) -> Result<Request, Bad> {
    lines::parse(&format!("/{line}"), false, DEFAULTS).expect("not an empty line").request
}

fn bob() -> Target {
    Target::Name(Name::parse("bob").expect("a name"))
}

#[test]
fn each_verb_becomes_its_request() {
    let ask = |verb| Ok(Request::Ask(verb));
    assert_eq!(parse("online"), ask(Verb::Online));
    assert_eq!(parse("offline"), ask(Verb::Offline));
    assert_eq!(parse("public"), ask(Verb::SetVisibility(Visibility::Public)));
    assert_eq!(parse("private"), ask(Verb::SetVisibility(Visibility::Private)));
    assert_eq!(parse("who"), ask(Verb::Who { prefix: String::new() }));
    assert_eq!(parse("who Bo"), ask(Verb::Who { prefix: "bo".to_owned() }));
    assert_eq!(parse("lookup bob"), ask(Verb::Lookup(bob())));
    assert_eq!(parse("whoami"), ask(Verb::Whoami));
    assert_eq!(parse("update"), ask(Verb::Update));
    assert_eq!(parse("chat bob"), ask(Verb::Chat(bob())));
    assert_eq!(parse("chat tea@ann"), parse("to tea@ann"));
    assert_eq!(parse("to bob"), Ok(Request::To(Some(With::Person(bob())))));
    assert_eq!(parse("to"), Ok(Request::To(None)));
    assert_eq!(parse("accept"), ask(Verb::Accept(None)));
    assert_eq!(parse("accept bob"), ask(Verb::Accept(Some(bob()))));
    assert_eq!(parse("decline bob"), ask(Verb::Decline(Some(bob()))));
    assert_eq!(parse("close"), ask(Verb::Close(None)));
    assert_eq!(parse("sessions"), ask(Verb::Sessions));
    assert_eq!(parse("trust bob"), ask(Verb::Trust(bob())));
    assert_eq!(parse("outbox"), Ok(Request::Outbox));
    assert_eq!(parse("listen"), Ok(Request::Listen));
    assert_eq!(parse("help"), Ok(Request::Help(Vec::new())));
    let Ok(Request::Help(family)) = parse("help group") else { panic!("a family of verbs") };
    assert!(family.len() > 5 && family.iter().all(|row| row.word.starts_with("group ")));
    let Ok(Request::Help(one)) = parse("help group say") else { panic!("one verb") };
    assert_eq!(one.iter().map(|row| row.word).collect::<Vec<_>>(), ["group say"]);
    assert_eq!(parse("group"), Err(Bad::Half("group".to_owned())));
    assert_eq!(parse("quit"), Ok(Request::Quit));
    assert_eq!(parse("drop 5F2Q7A"), Ok(Request::Drop("5F2Q7A".to_owned())));
}

#[test]
fn spellings_of_older_systems_mean_the_same_in_any_case() {
    for (old, new) in [
        ("SET PUBLIC", "public"),
        ("activate", "public"),
        ("Set Private", "private"),
        ("deactivate", "private"),
        ("LIST ONLINE", "who"),
        ("active", "who"),
        ("refresh", "update"),
        ("CHAT bob", "chat bob"),
        ("connect bob", "chat bob"),
        ("!DIS!", "close"),
        ("disconnect bob", "close bob"),
        ("connected", "sessions"),
        ("message bob hi", "msg bob hi"),
        ("exit", "quit"),
        ("CREATE_GROUP climbers", "group create climbers"),
        ("create_group climbers 0", "group create climbers --private"),
        ("create_group climbers 1", "group create climbers"),
        ("join_group climbers", "group join climbers"),
        ("leave_group climbers@bob", "group leave climbers@bob"),
        ("invite climbers bob", "group invite climbers bob"),
        ("remove_member climbers bob", "group kick climbers bob"),
        ("broadcast climbers hi all", "group say climbers hi all"),
        ("post upload a.txt", "post add a.txt"),
        ("post remove 5f2q", "post rm 5F2Q"),
    ] {
        assert_eq!(parse(old).expect(old), parse(new).expect(new), "{old}");
    }
}

#[test]
fn reads_of_the_store_take_their_options() {
    let history = |with, most_rows, since| Ok(Request::History { with, most_rows, since });
    assert_eq!(parse("history"), history(None, 100, None));
    assert_eq!(
        parse("history bob --limit 5 --since 60"),
        history(Some(With::Person(bob())), 5, Some(Wall(60_000)))
    );
    let climbers = With::Group(GroupTarget::parse("climbers@bob").expect("a group"));
    let a_day_ago = Some(Wall(-86_400_000));
    assert_eq!(parse("history climbers@bob --since 1d"), history(Some(climbers), 100, a_day_ago));
    let events = |since, follow| Ok(Request::Events { since, follow });
    assert_eq!(parse("events"), events(None, false));
    assert_eq!(parse("events --follow --since 7"), events(Some(7), true));
    let fit = Fit {
        from: Some(With::Person(bob())),
        text: Some("a b".to_owned()),
        kind: Some("message".to_owned()),
    };
    assert_eq!(parse("wait --from Bob --match \"a b\" --event message"), Ok(Request::Wait(fit)));
}

#[test]
fn a_peer_is_dialled_by_address_or_host() {
    assert!(matches!(parse("chat [::1]:7"), Ok(Request::Ask(Verb::Chat(Target::Endpoint(_))))));
    assert_eq!(parse("chat example.org:7"), Ok(Request::Dial("example.org:7".to_owned())));
    for bad in ["chat :7", "chat bob:", "chat bob:99999", "chat no_such:x"] {
        assert_eq!(parse(bad).expect_err(bad).exit(), Exit::Usage, "{bad}");
    }
}

fn is_wrong(bad: &str) {
    let why = parse(bad).expect_err(bad);
    assert_eq!(why.exit(), Exit::Usage, "{bad}");
    assert!(!why.to_string().is_empty() && !why.to_string().contains('\n'), "{bad}");
}

#[test]
fn a_wrong_line_is_a_usage_error_of_one_line() {
    let all = [
        "",
        "nope",
        "set",
        "set pink",
        "msg",
        "msg bob",
        "msg bob ",
        "msg 1bob hi",
        "msg , hi",
        "msg 127.0.0.1:7 hi",
        "lookup",
        "lookup bob carol",
        "lookup a23456789012345678901234567890123",
        "who a b",
        "who 1",
        "online now",
        "drop 12",
        "drop 12345678",
        "history bob carol",
        "history --limit many",
        "history --since yesterday",
        "events bob",
        "events --since -1",
        "wait bob",
        "wait --event nothing",
        "wait --from",
        "help nope",
        "quit now",
    ];
    all.into_iter().for_each(is_wrong);
    assert_eq!(parse("msg bob").expect_err("no text").to_string(), "usage: msg NAME[,NAME…] TEXT");
}

#[test]
fn a_wrong_line_about_groups_files_and_commands_is_one_too() {
    let all = [
        "group",
        "group create",
        "group create 1st",
        "group create a b",
        "group create a 1 --private",
        "group create a --public",
        "group join a@",
        "group join a@127.0.0.1:7",
        "group say climbers",
        "group list climbers",
        "group kick climbers",
        "send bob",
        "send bob a b",
        "send bob ''",
        "send bob 'a",
        "take",
        "take 5f",
        "take 5f2q8",
        "take 5f2q a b",
        "post get bob",
        "post",
        "files bob",
        "run bob",
        "run bob --",
        "run bob ''",
        "run bob 'x",
        "allow",
        "grant bob",
        "grant bob --until 2h",
        "grant bob ls --until soon",
        "grant bob ls --until 1969-12-31",
        "grant bob ls --until 0",
        "grant --until 2h",
        "grants bob",
    ];
    all.into_iter().for_each(is_wrong);
}

#[test]
fn no_two_verbs_share_a_spelling() {
    let mut all: Vec<&str> = rows().flat_map(VerbRow::spellings).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(all.iter().all(|spelling| *spelling == spelling.to_ascii_lowercase()));
}

#[test]
fn each_verb_about_groups_becomes_its_request() {
    let group = |verb| Ok(Request::Ask(Verb::Group(verb)));
    let climbers = || GroupTarget::parse("climbers").expect("a group");
    let named = |is_public| {
        let name = Name::parse("climbers").expect("a name");
        group(GroupVerb::Create { name, is_public })
    };
    assert_eq!(parse("group create Climbers"), named(true));
    assert_eq!(parse("group create --private climbers"), named(false));
    assert_eq!(parse("group join climbers"), group(GroupVerb::Join(climbers())));
    assert_eq!(parse("group leave climbers"), group(GroupVerb::Leave(climbers())));
    assert_eq!(parse("group invite climbers bob"), group(GroupVerb::Invite(climbers(), bob())));
    assert_eq!(parse("group kick climbers bob"), group(GroupVerb::Kick(climbers(), bob())));
    assert_eq!(parse("group allow climbers bob"), group(GroupVerb::Allow(climbers(), bob())));
    assert_eq!(parse("group deny climbers bob"), group(GroupVerb::Deny(climbers(), bob())));
    assert_eq!(parse("group list"), group(GroupVerb::Mine));
    assert_eq!(parse("group list --public"), group(GroupVerb::Public));
    assert_eq!(parse("group members climbers"), group(GroupVerb::Members(climbers())));
    let (text, until) = ("who  is in? --private ".to_owned(), Stage::Held);
    let say = GroupVerb::Say { group: climbers(), text, until };
    assert_eq!(parse("group say climbers who  is in? --private "), group(say));
    let long = format!("group say climbers {}", "x".repeat(limits::TEXT_MAX_BYTES + 1));
    assert_eq!(parse(&long).expect_err("too long").exit(), Exit::No);
}

#[test]
fn each_verb_about_files_becomes_its_request() {
    let ask = |verb| Ok(Request::Ask(verb));
    let (to, until) = (bob(), Stage::Held);
    let send = Verb::Send { to, path: "my 'best' photo.png".to_owned(), until };
    assert_eq!(parse("send bob \"my 'best' photo.png\""), ask(send.clone()));
    assert_eq!(parse("send bob my\\ \\'best\\'\\ photo.png"), ask(send));
    let at = |path: &str| Some(Place::At(path.to_owned()));
    let take = |place| ask(Verb::Take { id: "5F2QAB".to_owned(), place });
    assert_eq!(parse("take 5f2qab"), take(None));
    assert_eq!(parse("take 5F2QAB 'a b/'"), take(at("a b/")));
    let id = || "5F2Q".to_owned();
    assert_eq!(parse("files"), Ok(Request::Files));
    assert_eq!(parse("refuse 5f2q"), ask(Verb::Refuse(id())));
    assert_eq!(parse("cancel 5f2q"), ask(Verb::Cancel(id())));
    assert_eq!(parse("post add ~/a.txt"), ask(Verb::PostAdd("~/a.txt".to_owned())));
    assert_eq!(parse("post rm 5f2q"), ask(Verb::PostRemove(id())));
    assert_eq!(parse("post list"), ask(Verb::PostList(None)));
    assert_eq!(parse("post list bob"), ask(Verb::PostList(Some(bob()))));
    let get = Verb::PostGet { owner: bob(), id: id(), place: at("x") };
    assert_eq!(parse("post get bob 5f2q x"), ask(get));
    let path = "hello.wav".to_owned();
    assert_eq!(parse("voice bob hello.wav"), ask(Verb::Voice { to: bob(), path, until }));
}

fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_command_is_exactly_the_words_that_were_given() {
    let run = |words: &[&str]| Ok(Request::Ask(Verb::Run { to: bob(), argv: argv(words) }));
    assert_eq!(parse("run bob echo $HOME; id"), run(&["echo", "$HOME;", "id"]));
    assert_eq!(parse("run bob  echo 'a  b' \"$c\" --until 2h"), {
        run(&["echo", "a  b", "$c", "--until", "2h"])
    });
    assert_eq!(parse("run bob -- ls -- -l"), run(&["ls", "--", "-l"]));
    let line = r#"{"cmd":"run","args":["bob","ls","'a b' $x",7]}"#;
    let asked = lines::parse(line, true, DEFAULTS).expect("a line");
    assert_eq!(asked.request, run(&["ls", "'a b' $x", "7"]));
    let words = argv(&["run", "bob", "ls  -l", "\"x"]);
    assert_eq!(lines::parse_words(&words, DEFAULTS), run(&["ls  -l", "\"x"]));
    assert_eq!(parse("allow 5f2q"), Ok(Request::Ask(Verb::Allow("5F2Q".to_owned()))));
    assert_eq!(parse("deny 5f2q"), Ok(Request::Ask(Verb::Deny("5F2Q".to_owned()))));
}

#[test]
fn a_grant_ends_where_its_last_option_says_and_is_else_exactly_its_words() {
    let grant = |words: &[&str], until| {
        Ok(Request::Ask(Verb::Grant { to: bob(), argv: argv(words), until }))
    };
    let in_two_hours = Some(Wall(7_200_000));
    assert_eq!(parse("grant bob ls -l"), grant(&["ls", "-l"], None));
    assert_eq!(parse("grant bob ls -l --until 2h"), grant(&["ls", "-l"], in_two_hours));
    assert_eq!(parse("grant bob ls -l --until=2h"), grant(&["ls", "-l"], in_two_hours));
    assert_eq!(parse("grant --until 2h bob ls --until 3h"), {
        grant(&["ls", "--until", "3h"], in_two_hours)
    });
    assert_eq!(parse("grant --until=2h bob ls"), grant(&["ls"], in_two_hours));
    assert_eq!(parse("grant bob x --until 2h y"), grant(&["x", "--until", "2h", "y"], None));
    assert_eq!(parse("grant bob -- x --until 2h"), grant(&["x", "--until", "2h"], None));
    assert_eq!(parse("grants"), Ok(Request::Ask(Verb::Grants)));
    assert_eq!(parse("revoke 5f2q"), Ok(Request::Ask(Verb::Revoke("5F2Q".to_owned()))));
}

#[test]
fn an_export_goes_to_a_file_and_is_anonymised_in_either_spelling() {
    let export = |anonymised, to: Option<&str>| {
        Ok(Request::Export { anonymised, to: to.map(str::to_owned) })
    };
    assert_eq!(parse("export"), export(false, None));
    assert_eq!(parse("export --anonymise --out x"), export(true, Some("x")));
    assert_eq!(parse("export --out \"a b\" --anonymize"), export(true, Some("a b")));
    assert!(parse("export x").is_err() && parse("export --out").is_err());
}

#[test]
fn the_table_knows_which_argument_is_a_path() {
    for (verb, at) in [
        ("send", Some(1)),
        ("voice", Some(1)),
        ("take", Some(1)),
        ("post add", Some(0)),
        ("post get", Some(2)),
        ("run", None),
        ("files", None),
    ] {
        assert_eq!(row(verb).path_at(), at, "{verb}");
    }
}
