//! Every row of the table, and what is refused.

use super::super::lines;
use super::*;
use crate::proto::model::refusal::Exit;

const DEFAULTS: Defaults = Defaults { until: Stage::Held };

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
    assert_eq!(parse("accept"), ask(Verb::Accept(None)));
    assert_eq!(parse("accept bob"), ask(Verb::Accept(Some(bob()))));
    assert_eq!(parse("decline bob"), ask(Verb::Decline(Some(bob()))));
    assert_eq!(parse("close"), ask(Verb::Close(None)));
    assert_eq!(parse("sessions"), ask(Verb::Sessions));
    assert_eq!(parse("trust bob"), ask(Verb::Trust(bob())));
    assert_eq!(parse("outbox"), Ok(Request::Outbox));
    assert_eq!(parse("listen"), Ok(Request::Listen));
    assert_eq!(parse("help"), Ok(Request::Help(None)));
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
    ] {
        assert_eq!(parse(old).expect(old), parse(new).expect(new), "{old}");
    }
}

#[test]
fn reads_of_the_store_take_their_options() {
    let history = |with, most_rows, since| Ok(Request::History { with, most_rows, since });
    assert_eq!(parse("history"), history(None, HISTORY_ROWS, None));
    assert_eq!(
        parse("history bob --limit 5 --since 60"),
        history(Some(bob()), 5, Some(Wall(60_000)))
    );
    let events = |since, follow| Ok(Request::Events { since, follow });
    assert_eq!(parse("events"), events(None, false));
    assert_eq!(parse("events --follow --since 7"), events(Some(7), true));
    let fit = Fit {
        from: Some("bob".to_owned()),
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

#[test]
fn a_wrong_line_is_a_usage_error_of_one_line() {
    for bad in [
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
    ] {
        let why = parse(bad).expect_err(bad);
        assert_eq!(why.exit(), Exit::Usage, "{bad}");
        assert!(!why.to_string().is_empty() && !why.to_string().contains('\n'), "{bad}");
    }
    assert_eq!(parse("msg bob").expect_err("no text").to_string(), "usage: msg NAME[,NAME…] TEXT");
}

#[test]
fn no_two_verbs_share_a_spelling() {
    let mut all: Vec<&str> = VERBS.iter().flat_map(VerbRow::spellings).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(all.iter().all(|spelling| *spelling == spelling.to_ascii_lowercase()));
}
