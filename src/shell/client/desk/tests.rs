//! Who is shown what.

use super::*;
use crate::proto::json;
use crate::proto::time::Wall;
use crate::shell::front::printer::Style;

const PLAIN: Style = Style { json: false, time: false, terminal: false };

fn id() -> MsgId {
    MsgId::FIRST
}

fn event(json: &str) -> Event {
    let json = json.replace("ID", &id().to_text());
    json::read(&json).expect("the contract's form")
}

fn receipt(to: &str, state: Stage) -> Event {
    Event::Receipt { id: id(), to: to.to_owned(), state, why: None }
}

fn run(rest: &str) -> Event {
    event(&format!(r#"{{"event":"run","id":"ID","to":"bob","command":"ls","argv":["ls"],{rest}}}"#))
}

fn happens(desk: &mut Desk, event: &Event) -> String {
    desk.event(None, Wall(0), event);
    String::from_utf8(std::mem::take(&mut desk.stdout.lines)).expect("lines are UTF-8")
}

#[test]
fn the_sender_of_talk_hears_when_every_member_has_it() {
    let mut desk = Desk::new(Printer::new(PLAIN), false);
    let ticket = desk.ask(Sink::Stdout, None, Role::Line);
    desk.row(ticket, &Row::Queued { id: id(), to: "climbers".to_owned(), members: Some(2) });
    for to in ["bob", "carol"] {
        assert_eq!(happens(&mut desk, &receipt(to, Stage::Queued)), "");
    }
    let delivered = |to| receipt(to, Stage::Delivered);
    assert_eq!(happens(&mut desk, &delivered("bob")), "");
    let all = format!("* message {} to climbers: delivered to all 2\n", id().short());
    assert_eq!(happens(&mut desk, &delivered("carol")), all);
    assert_eq!(happens(&mut desk, &delivered("carol")), "");
}

#[test]
fn the_output_of_the_one_command_goes_where_it_came_from() {
    let mut desk = Desk::new(Printer::new(PLAIN), false);
    let ticket = desk.ask(Sink::Stdout, None, Role::Run);
    desk.run_for(ticket, Stage::Held);
    desk.row(ticket, &Row::Queued { id: id(), to: "bob".to_owned(), members: None });
    assert_eq!(happens(&mut desk, &run(r#""state":"asked""#)), "");
    let wrote = run(r#""state":"output","stream":"stdout","text":"a\nb""#);
    assert_eq!(happens(&mut desk, &wrote), "a\nb");
    let wrote = run(r#""state":"output","stream":"stderr","text":"oh\n""#);
    assert_eq!(happens(&mut desk, &wrote), "");
    assert_eq!(desk.stdout.errors, b"oh\n");
    assert_eq!(happens(&mut desk, &run(r#""state":"exited","code":0"#)), "");
}

#[test]
fn who_takes_a_file_is_told_of_that_one_alone() {
    let mut desk = Desk::new(Printer::new(PLAIN), false);
    let prefix = id().to_text()[..6].to_owned();
    desk.ask(Sink::Stdout, None, Role::Take(prefix));
    desk.ask(Sink::Stdout, None, Role::Take("ZZZZ".to_owned()));
    let done = event(
        r#"{"event":"file","id":"ID","from":"bob","name":"a","size":1,"state":"done","bytes":1,
            "path":"/f/a"}"#,
    );
    assert_eq!(happens(&mut desk, &done), "* a from bob: done, /f/a\n");
    let sent = event(
        r#"{"event":"file","id":"ID","to":"bob","name":"a","size":1,"state":"done","bytes":1}"#,
    );
    assert_eq!(happens(&mut desk, &sent), "");
}

#[test]
fn what_an_event_tells_is_not_told_again_by_a_row() {
    let file = event(
        r#"{"event":"file","id":"ID","to":"bob","name":"a","size":1,"state":"offered","bytes":0}"#,
    );
    let Event::File(offered) = &file else { panic!("a file") };
    let row = Row::File(crate::proto::model::notice::FileRow {
        id: offered.id,
        from: None,
        to: offered.to.clone(),
        name: offered.name.clone(),
        size: 1,
        state: offered.state,
        bytes: 0,
        path: None,
        why: None,
    });
    for (broadcast, lines) in [(true, 0), (false, 1)] {
        let mut desk = Desk::new(Printer::new(PLAIN), broadcast);
        let ticket = desk.ask(Sink::Stdout, None, Role::Told);
        desk.row(ticket, &row);
        let text = String::from_utf8_lossy(&desk.stdout.lines).into_owned();
        assert_eq!(text.lines().count(), lines, "{text}");
    }
}

#[test]
fn a_file_that_takes_too_long_is_no_message_that_waits() {
    for (role, start) in [(Role::Take("AAAA".to_owned()), "! AAAA: "), (Role::Run, "! ")] {
        let mut desk = Desk::new(Printer::new(PLAIN), false);
        let ticket = desk.ask(Sink::Stdout, None, role);
        desk.end(ticket, Err(crate::proto::model::refusal::Refusal::TimeOut.into()));
        let text = String::from_utf8_lossy(&desk.stdout.lines).into_owned();
        let is_late = text.strip_prefix(start).is_some_and(|rest| rest.starts_with("time ran out"));
        assert!(is_late && !text.contains("queued"), "{text}");
    }
}

#[test]
fn what_takes_too_long_is_named_by_the_message_it_waits_for() {
    for (role, named) in [(Role::Line, "message"), (Role::Run, "command")] {
        let mut desk = Desk::new(Printer::new(PLAIN), true);
        let ticket = desk.ask(Sink::Stdout, None, role);
        for to in ["bob", "carol"] {
            desk.row(ticket, &Row::Queued { id: id(), to: to.to_owned(), members: None });
        }
        desk.end(ticket, Err(crate::proto::model::refusal::Refusal::TimeOut.into()));
        let text = String::from_utf8_lossy(&desk.stdout.lines).into_owned();
        let start = format!("! {named} {} ", id().short());
        assert!(text.starts_with(&start) && text.contains(" bob: time ran out"), "{text}");
    }
}
