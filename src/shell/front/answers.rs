//! The other end of the control socket: what a running hobnob answered, read back.

use super::Failure;
use super::setting::Setting;
use crate::proto::id::Seq;
use crate::proto::json;
use crate::proto::model::entry::{Entry, OutboxRow};
use crate::proto::model::event::Event;
use crate::proto::model::notice::Row;
use crate::proto::model::refusal::Exit;
use crate::proto::time::Wall;
use serde::Deserialize;

/// One line of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Something happened.
    Event(Option<Seq>, Wall, Event),
    /// A row.
    Row(Row),
    /// A row of `history`.
    Entry(Entry),
    /// A row of `outbox`.
    Outbox(OutboxRow),
    /// A row of `config`.
    Setting(Setting),
    /// The verb ended.
    Done(Result<(), Failure>),
}

#[derive(Deserialize)]
struct Head<'a> {
    event: &'a str,
    #[serde(default)]
    seq: Option<Seq>,
    #[serde(default)]
    at: Option<&'a str>,
}

#[derive(Deserialize)]
struct Done {
    ok: bool,
    #[serde(default)]
    code: u8,
    #[serde(default)]
    error: String,
}

/// Reads a line; `None` for what this program does not know.
pub fn parse(line: &str) -> Option<Answer> {
    let head: Head<'_> = json::read(line).ok()?;
    match head.event {
        "done" => {
            let done: Done = json::read(line).ok()?;
            let failure = Failure { exit: exit(done.code), error: done.error };
            Some(Answer::Done(if done.ok { Ok(()) } else { Err(failure) }))
        }
        "entry" => json::read(line).ok().map(Answer::Entry),
        "setting" => json::read(line).ok().map(Answer::Setting),
        "outbox" => json::read(line).ok().map(Answer::Outbox),
        _ => {
            // Some rows have a moment, too.
            let at = head.at.and_then(Wall::parse);
            match at.and_then(|at| Some((at, json::read(line).ok()?))) {
                Some((at, event)) => Some(Answer::Event(head.seq, at, event)),
                None => json::read(line).ok().map(Answer::Row),
            }
        }
    }
}

fn exit(code: u8) -> Exit {
    let all = [Exit::No, Exit::Usage, Exit::Unreachable, Exit::Local, Exit::Identity, Exit::Time];
    all.into_iter().find(|exit| *exit as u8 == code).unwrap_or(Exit::Local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::Bytes;
    use crate::proto::id::MsgId;
    use crate::proto::model::account::Visibility;
    use crate::proto::model::conversation::Level;
    use crate::proto::model::entry::{Direction, EntryKind};
    use crate::proto::model::event::{Path, SessionState, Stage};
    use crate::proto::model::notice::{
        AttemptRow, FileRow, GrantRow, GroupInfo, MemberRow, PersonRow, PostRow, ReachRow,
        SessionRow, Way, WhoamiRow,
    };
    use crate::proto::model::person::Fingerprint;
    use crate::proto::model::refusal::Refusal;
    use crate::proto::model::transfer::FileState;
    use crate::shell::front::json::JsonLines;

    fn read_back(write: impl FnOnce(&mut JsonLines, &mut Vec<u8>)) -> Option<Answer> {
        let mut out = Vec::new();
        write(&mut JsonLines::default(), &mut out);
        parse(std::str::from_utf8(&out).expect("JSON is UTF-8"))
    }

    #[test]
    fn events_and_ends_are_read_back_as_written() {
        let event = Event::Receipt {
            id: MsgId::FIRST,
            to: "bob".to_owned(),
            state: Stage::Held,
            why: Some("a \"b\"".to_owned()),
        };
        let read = read_back(|json, out| json.event(out, Some(Seq(7)), Wall(5), &event));
        assert_eq!(read, Some(Answer::Event(Some(Seq(7)), Wall(5), event)));
        let failure = Failure::from(Refusal::TimeOut);
        let read = read_back(|json, out| json.done(out, None, Err(&failure)));
        assert_eq!(read, Some(Answer::Done(Err(failure))));
        assert_eq!(read_back(|json, out| json.done(out, None, Ok(()))), Some(Answer::Done(Ok(()))));
        assert_eq!(parse("{\"event\":\"novelty\"}"), None);
        assert_eq!(parse("garbage"), None);
    }

    const FINGERPRINT: Fingerprint = Fingerprint(Bytes([7; 20]));

    fn are_read_back(rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            assert_eq!(read_back(|json, out| json.row(out, &row)), Some(Answer::Row(row)));
        }
    }

    #[test]
    fn rows_are_read_back_as_written() {
        let fingerprint = FINGERPRINT;
        are_read_back([
            Row::Person(PersonRow {
                name: "bob".to_owned(),
                address: Some([100, 64, 0, 7].into()),
                fingerprint,
                online: true,
                seen: Some(Wall(60_000)),
                age_ms: 12,
                friend: false,
            }),
            Row::Whoami(WhoamiRow {
                name: None,
                address: None,
                fingerprint,
                listen: vec!["[::1]:7".parse().expect("an address")],
                public: None,
                udp: vec!["192.0.2.1:7".parse().expect("an address")],
                mapped: vec!["203.0.113.5:7".parse().expect("an address")],
                visibility: Visibility::Private,
                server: None,
            }),
            Row::Session(SessionRow {
                with: "bob".to_owned(),
                state: SessionState::Open,
                path: Some(Path::Relay),
                remote: None,
                rtt_ms: Some(3),
                since: Wall(60_000),
            }),
            Row::Attempt(AttemptRow {
                with: "bob".to_owned(),
                path: Way::Server,
                address: None,
                at: Wall(60_000),
                ms: Some(7),
                result: "away".to_owned(),
            }),
            Row::Reach(ReachRow {
                with: "bob".to_owned(),
                state: Some(SessionState::Open),
                path: Some(Path::Direct),
                remote: Some("[::1]:7".parse().expect("an address")),
                rtt_ms: None,
                note: None,
            }),
            Row::To { person: Some("bob".to_owned()), group: None },
            Row::To { person: None, group: None },
            Row::Notify { person: None, group: Some("tea".to_owned()), level: Level::Mentions },
            Row::Queued { id: MsgId::LAST, to: "bob".to_owned(), members: None },
            Row::Queued { id: MsgId::LAST, to: "climbers".to_owned(), members: Some(14) },
            Row::To { person: None, group: None },
        ]);
        let entry = Entry {
            seq: Seq(3),
            id: MsgId::FIRST,
            with: "bob".to_owned(),
            direction: Direction::In,
            text: "hi\n".to_owned(),
            sent: Wall(1),
            at: Wall(2),
            state: None,
            group: Some("tea".to_owned()),
            kind: EntryKind::Voice,
        };
        assert_eq!(read_back(|json, out| json.listed(out, &entry)), Some(Answer::Entry(entry)));
    }

    #[test]
    fn a_setting_is_read_back_as_written() {
        let text = |text: &str| text.to_owned();
        let setting = Setting { name: text("on"), value: text("all a"), from: text("config:3") };
        let read = read_back(|json, out| json.listed(out, &setting));
        assert_eq!(read, Some(Answer::Setting(setting)));
    }

    #[test]
    fn rows_of_groups_files_and_grants_are_read_back_as_written() {
        are_read_back([
            Row::Group(GroupInfo {
                name: "climbers".to_owned(),
                leader: "bob".to_owned(),
                public: None,
                members: Some(3),
                standing: "leader".to_owned(),
            }),
            Row::Member(MemberRow {
                name: "bob".to_owned(),
                fingerprint: FINGERPRINT,
                standing: "leader".to_owned(),
            }),
            Row::File(FileRow {
                id: MsgId::LAST,
                from: None,
                to: Some("bob".to_owned()),
                name: "a.png".to_owned(),
                size: 7,
                state: FileState::Progress,
                bytes: 3,
                path: None,
                why: None,
            }),
            Row::Post(PostRow {
                id: MsgId::LAST,
                owner: "bob".to_owned(),
                name: "a.png".to_owned(),
                size: 7,
                since: Wall(60_000),
            }),
            Row::Grant(GrantRow {
                id: MsgId::LAST,
                to: "bob".to_owned(),
                command: "ls".to_owned(),
                argv: vec!["ls".to_owned()],
                until: Some(Wall(60_000)),
            }),
        ]);
    }
}
