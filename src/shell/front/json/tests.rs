//! The contract's shapes, letter by letter.

use super::*;
use crate::proto::id::MsgId;
use crate::proto::machine::Pipe;
use crate::proto::model::event::{FileEvent, GroupState, Path, RunEvent, SessionState, Stage};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::RunState;
use crate::proto::model::transfer::{FileState, PostState, Seconds};
use crate::shell::front::answers::{self, Answer};
use crate::shell::front::fit::{Fit, KINDS};

const AT: Wall = Wall(1_795_212_763_120);

fn line(write: impl FnOnce(&mut JsonLines, &mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut JsonLines::default(), &mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn an_event_has_its_kind_number_and_moment_first() {
    let id = MsgId::after(MsgId::FIRST, Wall(5), [3; 8]);
    let message = Event::Message {
        id,
        from: "bob".to_owned(),
        text: "a \"b\"\u{1B}[2J\n".to_owned(),
        sent: Wall(60_000),
        group: None,
    };
    let id = id.to_text();
    assert_eq!(
        line(|json, out| json.event(out, Some(Seq(7)), AT, &message)),
        format!(
            "{{\"event\":\"message\",\"seq\":7,\"at\":\"{AT}\",\"id\":\"{id}\",\
             \"from\":\"bob\",\"text\":\"a \\\"b\\\"\\u001b[2J\\n\",\
             \"sent\":\"1970-01-01T00:01:00.000Z\"}}\n"
        )
    );
    let presence = Event::Presence { name: "bob".to_owned(), online: true, seen: None };
    assert_eq!(
        line(|json, out| json.event(out, None, AT, &presence)),
        format!(
            "{{\"event\":\"presence\",\"at\":\"{AT}\",\"name\":\"bob\",\"online\":true,\
             \"seen\":null}}\n"
        )
    );
}

#[test]
fn each_event_carries_its_own_moment() {
    let event = Event::Online { server: "here".to_owned() };
    let mut json = JsonLines::default();
    let mut out = Vec::new();
    for at in [1_000, 1_000, 2_000] {
        json.event(&mut out, None, Wall(at), &event);
    }
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    assert_eq!(text.matches("00:00:01.000Z").count(), 2);
    assert_eq!(text.matches("00:00:02.000Z").count(), 1);
}

#[test]
fn fields_of_the_contract_are_always_there_and_words_are_its_own() {
    let session = Event::Session {
        with: "bob".to_owned(),
        state: SessionState::Open,
        path: Some(Path::Direct),
        why: None,
    };
    let text = line(|json, out| json.event(out, Some(Seq(1)), AT, &session));
    assert!(
        text.ends_with("\"with\":\"bob\",\"state\":\"open\",\"path\":\"direct\",\"why\":null}\n")
    );
    let id = MsgId::FIRST;
    let receipt = Event::Receipt { id, to: "bob".to_owned(), state: Stage::Delivered, why: None };
    let text = line(|json, out| json.event(out, Some(Seq(2)), AT, &receipt));
    assert!(text.ends_with("\"to\":\"bob\",\"state\":\"delivered\"}\n"));
}

#[test]
fn done_echoes_the_reference_and_says_why_not() {
    let reference = RawValue::from_string("[7, 1.0]".to_owned()).expect("JSON");
    assert_eq!(
        line(|json, out| json.done(out, Some(&reference), Ok(()))),
        "{\"event\":\"done\",\"ref\":[7, 1.0],\"ok\":true}\n"
    );
    let failure = Failure::from(Refusal::Unknown("dave".to_owned()));
    assert_eq!(
        line(|json, out| json.done(out, None, Err(&failure))),
        "{\"event\":\"done\",\"ref\":null,\"ok\":false,\"code\":1,\
         \"error\":\"dave: no such name, or not visible to you\"}\n"
    );
    assert_eq!(
        line(|json, out| json.trouble(out, AT, &failure)),
        "{\"event\":\"trouble\",\"at\":\"2026-11-20T22:12:43.120Z\",\"code\":1,\
         \"error\":\"dave: no such name, or not visible to you\"}\n"
    );
}

/// Whether an event is written so, read back the same, and of a kind that `wait` knows.
fn is_written(event: Event, fields: &str) {
    let text = line(|json, out| json.event(out, None, AT, &event));
    let id = MsgId::FIRST.to_text();
    let kind = fields.split('"').nth(1).expect("the kind comes first").to_owned();
    let rest = fields.split_once(',').map_or("", |(_, rest)| rest).replace("ID", &id);
    assert_eq!(text, format!("{{\"event\":\"{kind}\",\"at\":\"{AT}\",{rest}}}\n"));
    assert!(KINDS.contains(&kind.as_str()));
    assert!(Fit { kind: Some(kind), ..Fit::default() }.fits(&event));
    assert_eq!(answers::parse(&text), Some(Answer::Event(None, AT, event)));
}

fn own(text: &str) -> String {
    text.to_owned()
}

#[test]
fn groups_have_the_contracts_fields() {
    for (state, word) in [
        (GroupState::Created, "created"),
        (GroupState::Asked, "asked"),
        (GroupState::Invited, "invited"),
        (GroupState::Joined, "joined"),
        (GroupState::Left, "left"),
        (GroupState::Kicked, "kicked"),
        (GroupState::Denied, "denied"),
        (GroupState::Leads, "leads"),
    ] {
        let (name, who) = (own("climbers"), own("carol"));
        is_written(
            Event::Group { name, state, who, why: None },
            &format!(r#""group","name":"climbers","state":"{word}","who":"carol""#),
        );
    }
    let (from, text, group) = (own("carol"), own("hi"), Some(own("climbers")));
    let sent = Wall(0);
    is_written(
        Event::Message { id: MsgId::FIRST, from, text, sent, group },
        &format!(
            r#""message","id":"ID","from":"carol","text":"hi","sent":"{sent}","group":"climbers""#
        ),
    );
}

#[test]
fn files_have_the_contracts_fields() {
    let file = |state, from: Option<&str>, path: Option<&str>| FileEvent {
        id: MsgId::FIRST,
        from: from.map(own),
        to: from.is_none().then(|| own("dave")),
        name: own("a\n.png"),
        size: 7,
        state,
        bytes: 3,
        path: path.map(own),
        seconds: None,
        transcript: None,
        why: None,
    };
    for (state, word) in [
        (FileState::Offered, "offered"),
        (FileState::Taken, "taken"),
        (FileState::Progress, "progress"),
        (FileState::Failed, "failed"),
        (FileState::Cancelled, "cancelled"),
    ] {
        let rest = format!(r#""name":"a\n.png","size":7,"state":"{word}","bytes":3,"path":null"#);
        let event = Event::File(Box::new(file(state, Some("bob"), None)));
        is_written(event, &format!(r#""file","id":"ID","from":"bob",{rest}"#));
        let event = Event::File(Box::new(file(state, None, None)));
        is_written(event, &format!(r#""file","id":"ID","to":"dave",{rest}"#));
    }
    let rest = r#""name":"a\n.png","size":7,"state":"done","bytes":3,"path":"/f/a""#;
    let event = Event::File(Box::new(file(FileState::Done, Some("bob"), Some("/f/a"))));
    is_written(event, &format!(r#""file","id":"ID","from":"bob",{rest}"#));
}

#[test]
fn posts_and_voice_have_the_contracts_fields() {
    for (state, word) in [
        (PostState::Added, "added"),
        (PostState::Removed, "removed"),
        (PostState::Asked, "asked"),
        (PostState::Done, "done"),
        (PostState::Failed, "failed"),
    ] {
        let (id, owner, name) = (MsgId::FIRST, own("bob"), own("map"));
        is_written(
            Event::Post { id, owner, name, size: 9, state, path: None, why: None },
            &format!(r#""post","id":"ID","owner":"bob","name":"map","size":9,"state":"{word}""#),
        );
    }
    for (transcript, text) in [(Some(own("at noon")), r#""at noon""#), (None, "null")] {
        let (id, from, path, seconds) = (MsgId::FIRST, own("bob"), own("/f/v"), Seconds(3_200));
        is_written(
            Event::Voice { id, from, path, seconds, transcript },
            &format!(
                r#""voice","id":"ID","from":"bob","path":"/f/v","seconds":3.2,"transcript":{text}"#
            ),
        );
    }
}

#[test]
fn commands_have_the_contracts_fields() {
    let run = |state| RunEvent {
        id: MsgId::FIRST,
        from: Some(own("bob")),
        to: None,
        command: own("echo '$x'"),
        argv: vec![own("echo"), own("$x")],
        state,
        stream: None,
        text: None,
        code: None,
        grant: None,
        why: None,
    };
    let head = r#""run","id":"ID","from":"bob","command":"echo '$x'","argv":["echo","$x"]"#;
    for (state, word) in [
        (RunState::Asked, "asked"),
        (RunState::Allowed, "allowed"),
        (RunState::Denied, "denied"),
        (RunState::Failed, "failed"),
    ] {
        let event = Event::Run(Box::new(run(state)));
        is_written(
            event,
            &format!(r#"{head},"state":"{word}","stream":null,"text":null,"code":null"#),
        );
    }
    let (stream, text) = (Some(Pipe::Stderr), Some(own("a\u{1B}\n")));
    is_written(
        Event::Run(Box::new(RunEvent { stream, text, ..run(RunState::Output) })),
        &format!(r#"{head},"state":"output","stream":"stderr","text":"a\u001b\n","code":null"#),
    );
    is_written(
        Event::Run(Box::new(RunEvent { code: Some(-1), ..run(RunState::Exited) })),
        &format!(r#"{head},"state":"exited","stream":null,"text":null,"code":-1"#),
    );
}

#[test]
fn a_row_without_fields_is_an_object_all_the_same() {
    let nowhere = Row::To { person: None, group: None };
    assert_eq!(line(|json, out| json.row(out, &nowhere)), "{\"event\":\"to\"}\n");
}
