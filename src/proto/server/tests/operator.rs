use super::*;
use crate::proto::bytes::Blob;
use crate::proto::wire::client::{Answer, Carry};
use crate::proto::wire::server::{Leaving, WhyLeaving};

fn leaving(why: WhyLeaving) -> Vec<ToClient> {
    vec![Leaving { why }.into()]
}

fn pairs(report: &Report) -> BTreeMap<&'static str, String> {
    match report {
        Report::Line(_, pairs) => pairs.iter().cloned().collect(),
        Report::Left => panic!("a line was expected"),
    }
}

fn error(why: &str) -> Vec<Report> {
    vec![Report::Line("error", vec![("why", why.to_owned())])]
}

#[test]
fn who_shows_everybody_in_order_to_the_operator() {
    let mut world = World::new();
    world.enter_private(2, "bert");
    world.enter(1, "anna");
    let lines = world.operate(Operate::Who);
    let [anna, bert] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(pairs(anna)["name"], "anna");
    assert_eq!(pairs(anna)["from"], "127.0.0.1:40001");
    assert_eq!(pairs(anna)["address"], world.account("anna").address.to_string());
    assert_eq!(pairs(bert)["visibility"], "private");
}

#[test]
fn stats_count_what_happened() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.dial(3);
    world.say(anna, ask(session(1), key(2)));
    world.say(bert, Answer { session: session(1), candidates: Vec::new() });
    world.say(bert, Carry { session: session(1), bytes: Blob(vec![0; 1_000]) });
    let from = "127.0.0.1:9".parse().expect("an address");
    world.server.handle(world.now, Input::Datagram { from, bytes: b"hello?" });
    let thief = world.dial(4);
    world.say(thief, Enter { name: Some(nm("anna")), visibility: None });
    let lines = world.operate(Operate::Stats);
    let figures = pairs(&lines[0]);
    for (figure, value) in [
        ("clients", "2"),
        ("connecting", "1"),
        ("sessions", "1"),
        ("relayed", "1000"),
        ("registrations", "2"),
        ("refused", "1"),
        ("datagrams", "1"),
    ] {
        assert_eq!(figures[figure], value, "{figure}");
    }
}

#[test]
fn whoever_is_kicked_is_told_and_may_come_back() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(bert, watch(&[key(1)]));
    world.heard(bert);
    world.operate(Operate::Kick(nm("anna")));
    assert_eq!(world.heard(anna), leaving(WhyLeaving::Kicked));
    assert_eq!(world.end(anna), Some(StreamAction::Close));
    assert!(matches!(&world.heard(bert)[..], [ToClient::Presence(p)] if !p.online));
    world.enter(1, "anna");
    assert_eq!(world.operate(Operate::Kick(nm("nobody"))), error("nobody: not signed in"));
}

#[test]
fn a_forgotten_account_is_gone_and_its_name_free() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.operate(Operate::Forget(nm("anna")));
    assert_eq!(world.heard(anna), leaving(WhyLeaving::Forgotten));
    assert_eq!(world.end(anna), Some(StreamAction::Close));
    assert!(world.disk.accounts.is_empty());
    world.enter(2, "anna");
    assert_eq!(world.account("anna").fingerprint, key(2));
    assert_eq!(world.operate(Operate::Forget(nm("nobody"))), error("nobody: no such account"));
}

#[test]
fn somebody_away_is_forgotten_too() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    world.hang_up(anna);
    world.operate(Operate::Forget(nm("anna")));
    assert!(world.disk.accounts.is_empty());
}

#[test]
fn quitting_tells_everybody_once_and_keeps_when_they_were_seen() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(anna, watch(&[key(2)]));
    world.say(anna, ask(session(1), key(2)));
    world.heard(anna);
    world.heard(bert);
    let half = world.accept("127.0.0.1:1");
    world.pass(5_000);
    let reports = world.operate(Operate::Quit);
    assert_eq!(reports, [Report::Left]);
    for id in [anna, bert] {
        assert_eq!(world.heard(id), leaving(WhyLeaving::Shutdown));
        assert_eq!(world.end(id), Some(StreamAction::Close));
    }
    assert_eq!(world.end(half), Some(StreamAction::Abort));
    assert_eq!(world.account("bert").seen, world.now.wall);
    assert_eq!(world.server.poll_timeout(), None);
    let late = world.accept("127.0.0.1:1");
    world.settle();
    assert_eq!(world.end(late), Some(StreamAction::Abort));
}
