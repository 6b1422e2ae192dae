//! Each line as it is written, and what may not reach a terminal.

use super::*;
use crate::proto::bytes::Bytes;
use crate::proto::id::{MsgId, Seq};
use crate::proto::model::event::{FileEvent, GroupState, Path, RunEvent};
use crate::proto::model::notice::{FileRow, GrantRow, GroupInfo, MemberRow, PostRow};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::run::RunState;
use crate::proto::model::transfer::{FileState, PostState, Seconds};
use crate::proto::time::Wall;

fn shown(what: &Event) -> String {
    let mut out = Vec::new();
    event(&mut out, what, Some("ann"), Paint::default());
    String::from_utf8(out).expect("plain lines are UTF-8")
}

fn session_event(state: SessionState, path: Option<Path>, why: Option<&str>) -> Event {
    Event::Session { with: "bob".to_owned(), state, path, why: why.map(str::to_owned) }
}

fn message(text: &str, group: Option<&str>) -> Event {
    Event::Message {
        id: MsgId::FIRST,
        from: "bob".to_owned(),
        text: text.to_owned(),
        sent: Wall(0),
        group: group.map(str::to_owned),
    }
}

#[test]
fn lines_are_those_of_the_contract() {
    assert_eq!(shown(&message("hi there", None)), "bob: hi there");
    assert_eq!(shown(&message("who is in?", Some("climbers"))), "[climbers] bob: who is in?");
    let presence = Event::Presence { name: "bob".to_owned(), online: true, seen: None };
    assert_eq!(shown(&presence), "* bob is online");
    assert_eq!(
        shown(&session_event(SessionState::Offered, None, None)),
        "* bob wants to talk (/accept bob or /decline bob)"
    );
    assert_eq!(
        shown(&session_event(SessionState::Open, Some(Path::Direct), None)),
        "* session with bob open (direct)"
    );
    assert_eq!(
        shown(&session_event(SessionState::Failed, None, Some("no path"))),
        "* session with bob failed: no path"
    );
    let receipt =
        Event::Receipt { id: MsgId::FIRST, to: "dave".to_owned(), state: Stage::Held, why: None };
    assert_eq!(shown(&receipt), "* message AAAAAA to dave: held");
}

#[test]
fn history_tells_ours_from_theirs_and_what_is_not_delivered() {
    let shown = |direction, state, group: Option<&str>, kind| {
        let mut out = Vec::new();
        let (with, text) = ("bob".to_owned(), "a\nb".to_owned());
        let (seq, id, sent, at) = (Seq(1), MsgId::FIRST, Wall(0), Wall(0));
        let group = group.map(str::to_owned);
        let row = Entry { seq, id, with, direction, text, sent, at, state, group, kind };
        entry(&mut out, &row, None, Paint::default());
        String::from_utf8(out).expect("plain lines are UTF-8")
    };
    let entry_of = |direction, state| shown(direction, state, None, EntryKind::Text);
    assert_eq!(entry_of(Direction::In, None), "bob: a\n    b");
    let talk = shown(Direction::In, None, Some("tea"), EntryKind::Text);
    assert_eq!(talk, "[tea] bob: a\n    b");
    let voice = shown(Direction::In, None, None, EntryKind::Voice);
    assert_eq!(voice, "bob: (voice) a\n    b");
    assert_eq!(entry_of(Direction::Out, Some(Stage::Delivered)), "-> bob: a\n    b");
    assert_eq!(entry_of(Direction::Out, Some(Stage::Queued)), "-> bob (queued): a\n    b");
    let mut out = Vec::new();
    let mut row = OutboxRow {
        id: MsgId::FIRST,
        to: Fingerprint(Bytes([0; 20])),
        label: "bob".to_owned(),
        text: "hi".to_owned(),
        sent: Wall(0),
        stage: Stage::Sent,
        group: None,
    };
    outbox(&mut out, &row);
    assert_eq!(out, b"AAAAAA  bob  sent  hi");
    row.group = Some("tea".to_owned());
    out.clear();
    outbox(&mut out, &row);
    assert_eq!(out, b"AAAAAA  bob [tea]  sent  hi");
}

#[test]
fn nothing_from_others_reaches_the_terminal_as_it_is() {
    let evil = "\x1B[31m\u{202E}\nx";
    let events = [
        message(evil, Some(evil)),
        Event::Offline { server: evil.to_owned(), why: evil.to_owned() },
        Event::Presence { name: evil.to_owned(), online: false, seen: None },
        Event::Session {
            with: evil.to_owned(),
            state: SessionState::Offered,
            path: None,
            why: Some(evil.to_owned()),
        },
        Event::Receipt {
            id: MsgId::FIRST,
            to: evil.to_owned(),
            state: Stage::Refused,
            why: Some(evil.to_owned()),
        },
    ];
    for event in events {
        harmless(&shown(&event));
    }
    let mut out = Vec::new();
    failure(&mut out, evil);
    assert!(!String::from_utf8_lossy(&out).contains(['\x1B', '\n']));
}

/// Whether no control is in a text, and its later lines cannot be taken for lines of their own.
fn harmless(text: &str) {
    assert!(!text.contains(['\x1B', '\u{202E}']), "{text:?}");
    assert!(text.lines().skip(1).all(|line| line.starts_with("    ")), "{text:?}");
}

fn file(from: Option<&str>, name: &str, state: FileState) -> FileEvent {
    FileEvent {
        id: MsgId::FIRST,
        from: from.map(str::to_owned),
        to: from.is_none().then(|| "dave".to_owned()),
        name: name.to_owned(),
        size: 2_100_000,
        state,
        bytes: 0,
        path: None,
        seconds: None,
        transcript: None,
        why: None,
    }
}

fn file_line(file: FileEvent) -> String {
    shown(&Event::File(Box::new(file)))
}

#[test]
fn files_are_offered_with_what_to_say_to_that_and_told_to_their_end() {
    let theirs = |state| file(Some("bob"), "photo.png", state);
    let ours = |state| file(None, "photo.png", state);
    let why = Some("no space left".to_owned());
    for (event, line) in [
        (
            theirs(FileState::Offered),
            "* bob offers photo.png, 2.1 MB (/take AAAAAA or /refuse AAAAAA)",
        ),
        (ours(FileState::Offered), "* photo.png, 2.1 MB, is offered to dave (AAAAAA)"),
        (theirs(FileState::Taken), "* photo.png from bob: taken"),
        (ours(FileState::Done), "* photo.png to dave: done"),
        (
            FileEvent { path: Some("/f/photo.png".to_owned()), ..theirs(FileState::Done) },
            "* photo.png from bob: done, /f/photo.png",
        ),
        (
            FileEvent { why, ..theirs(FileState::Failed) },
            "* photo.png from bob: failed: no space left",
        ),
        (ours(FileState::Cancelled), "* photo.png to dave: cancelled"),
        (
            FileEvent {
                seconds: Some(Seconds(3_200)),
                transcript: Some("at noon".to_owned()),
                ..file(Some("bob"), "v.wav", FileState::Offered)
            },
            "* bob offers v.wav, 2.1 MB, spoken in 3.2 s (/take AAAAAA or /refuse AAAAAA): at noon",
        ),
    ] {
        assert_eq!(file_line(event), line);
    }
}

fn group(state: GroupState, who: &str) -> String {
    let (name, who) = ("climbers".to_owned(), who.to_owned());
    shown(&Event::Group { name, state, who, why: None })
}

#[test]
fn groups_say_you_to_us_and_the_name_to_others() {
    for (state, who, line) in [
        (GroupState::Created, "ann", "* group climbers is founded"),
        (
            GroupState::Asked,
            "carol",
            "* carol wants to join climbers (/group allow climbers carol or /group deny climbers \
             carol)",
        ),
        (GroupState::Asked, "ann", "* asked to be let into climbers"),
        (
            GroupState::Invited,
            "ann",
            "* you are invited to climbers (/group join climbers says yes)",
        ),
        (GroupState::Invited, "carol", "* carol is invited to climbers"),
        (GroupState::Joined, "carol", "* carol is in climbers"),
        (GroupState::Left, "carol", "* carol left climbers"),
        (GroupState::Kicked, "ann", "* you were put out of climbers"),
        (GroupState::Denied, "carol", "* carol is not let into climbers"),
        (GroupState::Leads, "carol", "* carol leads climbers"),
    ] {
        assert_eq!(group(state, who), line);
    }
}

fn run(from: Option<&str>, state: RunState) -> RunEvent {
    RunEvent {
        id: MsgId::FIRST,
        from: from.map(str::to_owned),
        to: from.is_none().then(|| "dave".to_owned()),
        command: "ls -l".to_owned(),
        argv: vec!["ls".to_owned(), "-l".to_owned()],
        state,
        stream: None,
        text: None,
        code: (state == RunState::Exited).then_some(2),
        grant: None,
        why: None,
    }
}

#[test]
fn commands_are_asked_for_with_what_to_say_to_that_and_told_to_their_end() {
    let line = |run| shown(&Event::Run(Box::new(run)));
    let theirs = |state| line(run(Some("bob"), state));
    let ours = |state| line(run(None, state));
    assert_eq!(theirs(RunState::Asked), "* bob asks to run: ls -l (/allow AAAAAA or /deny AAAAAA)");
    assert_eq!(theirs(RunState::Exited), "* for bob ended: ls -l (code 2)");
    assert_eq!(ours(RunState::Asked), "* dave is asked to run: ls -l (AAAAAA)");
    assert_eq!(ours(RunState::Denied), "* dave does not run: ls -l");
    assert_eq!(ours(RunState::Exited), "* dave has run: ls -l (code 2)");
    let granted = RunEvent { grant: Some(MsgId::FIRST), ..run(Some("bob"), RunState::Allowed) };
    assert_eq!(line(granted), "* for bob runs: ls -l (granted by AAAAAA)");
    let why = Some("60 s are over".to_owned());
    let failed = RunEvent { why, ..run(None, RunState::Failed) };
    assert_eq!(line(failed), "* dave could not run: ls -l: 60 s are over");
}

fn post(state: PostState, path: Option<&str>) -> String {
    let (owner, name) = ("bob".to_owned(), "map.png".to_owned());
    let (id, path) = (MsgId::FIRST, path.map(str::to_owned));
    shown(&Event::Post { id, owner, name, size: 900, state, path, why: None })
}

#[test]
fn posts_and_voice_are_lines_too() {
    assert_eq!(post(PostState::Added, None), "* friends may have map.png, 900 B (post AAAAAA)");
    assert_eq!(post(PostState::Removed, None), "* friends may not have map.png any more");
    assert_eq!(post(PostState::Asked, None), "* bob is asked for map.png");
    assert_eq!(post(PostState::Done, Some("/f/x")), "* post map.png of bob: done, /f/x");
    assert_eq!(post(PostState::Failed, None), "* post map.png of bob: failed");
    let voice = |transcript: Option<&str>| Event::Voice {
        id: MsgId::FIRST,
        from: "bob".to_owned(),
        path: "/f/v.wav".to_owned(),
        seconds: Seconds(3_200),
        transcript: transcript.map(str::to_owned),
    };
    let heard = shown(&voice(Some("meet me\nat noon")));
    assert_eq!(heard, "* voice message of bob, 3.2 s, /f/v.wav: meet me\n    at noon");
    assert_eq!(shown(&voice(None)), "* voice message of bob, 3.2 s, /f/v.wav");
}

#[test]
fn rows_are_columns_with_ids_first() {
    let line = |what: &Row| {
        let mut out = Vec::new();
        row(&mut out, what, &mut |at| at.to_string());
        String::from_utf8(out).expect("plain lines are UTF-8")
    };
    let (name, standing) = ("climbers".to_owned(), "member".to_owned());
    let (leader, public, members) = ("bob".to_owned(), Some(true), None);
    assert_eq!(
        line(&Row::Group(GroupInfo { name, leader, public, members, standing })),
        "climbers  member  led by bob  public  members -\n"
    );
    let fingerprint = Fingerprint(Bytes([0; 20]));
    let (name, standing) = ("carol".to_owned(), "leader".to_owned());
    let text = line(&Row::Member(MemberRow { name, fingerprint, standing }));
    assert_eq!(text, format!("carol  leader  {fingerprint}\n"));
    let file = FileRow {
        id: MsgId::FIRST,
        from: Some("bob".to_owned()),
        to: None,
        name: "a\u{1B}.png".to_owned(),
        size: 2_000,
        state: FileState::Taken,
        bytes: 870,
        path: Some("/f/a.png".to_owned()),
        why: Some("without a transcript".to_owned()),
    };
    let text = line(&Row::File(file));
    let columns = "AAAAAA  a\u{FFFD}.png  2.0 kB  from bob  taken 43 %  /f/a.png";
    assert_eq!(text, format!("{columns}: without a transcript\n"));
    let (id, owner, name) = (MsgId::FIRST, "bob".to_owned(), "map.png".to_owned());
    let text = line(&Row::Post(PostRow { id, owner, name, size: 900, since: Wall(0) }));
    assert_eq!(text, "AAAAAA  map.png  900 B  bob  since 1970-01-01T00:00:00.000Z\n");
    let (to, command, argv) = ("bob".to_owned(), "ls".to_owned(), vec!["ls".to_owned()]);
    let text = line(&Row::Grant(GrantRow { id, to, command, argv, until: None }));
    assert_eq!(text, "AAAAAA  bob  for good  ls\n");
}

#[test]
fn nothing_of_files_groups_and_commands_reaches_the_terminal_as_it_is() {
    let evil = "\x1B[31m\u{202E}\nx";
    let own = || Some(evil.to_owned());
    for state in [FileState::Offered, FileState::Taken, FileState::Done, FileState::Failed] {
        for from in [Some(evil), None] {
            let to = from.is_none().then(|| evil.to_owned());
            let event = file(from, evil, state);
            harmless(&file_line(FileEvent {
                to,
                path: own(),
                seconds: Some(Seconds(1)),
                transcript: own(),
                why: own(),
                ..event
            }));
        }
    }
    for state in [RunState::Asked, RunState::Allowed, RunState::Denied, RunState::Failed] {
        for from in [Some(evil), None] {
            let to = from.is_none().then(|| evil.to_owned());
            let event = RunEvent { to, command: evil.to_owned(), why: own(), ..run(from, state) };
            harmless(&shown(&Event::Run(Box::new(event))));
        }
    }
    let (name, who) = (evil.to_owned(), evil.to_owned());
    harmless(&shown(&Event::Group { name, state: GroupState::Asked, who, why: own() }));
    for state in [PostState::Added, PostState::Removed, PostState::Asked, PostState::Done] {
        let (owner, name) = (evil.to_owned(), evil.to_owned());
        let (path, why) = (own(), own());
        harmless(&shown(&Event::Post { id: MsgId::FIRST, owner, name, size: 1, state, path, why }));
    }
    let (from, path) = (evil.to_owned(), evil.to_owned());
    let (id, seconds, transcript) = (MsgId::FIRST, Seconds(1), own());
    harmless(&shown(&Event::Voice { id, from, path, seconds, transcript }));
}
