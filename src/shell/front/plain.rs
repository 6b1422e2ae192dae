//! Lines for people. Everything that came from somebody else goes through [`safe`], here only.

use super::safe;
use crate::proto::model::account::Visibility;
use crate::proto::model::entry::{Direction, Entry, OutboxRow};
use crate::proto::model::event::{Event, FriendState, SessionState, Stage};
use crate::proto::model::notice::{PersonRow, RequestRow, Row, SafetyRow, SessionRow, WhoamiRow};
use std::fmt::{Display, Write};

/// An event as a line, without its line break.
pub fn event(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Ready { name, address, fingerprint, listen, server } => {
            word(out, "* ready");
            labelled(out, ": ", name.as_ref());
            labelled(out, ", ", address.as_ref());
            labelled(out, ", key ", Some(fingerprint));
            labelled(out, ", listening on ", listen.first());
            labelled(out, ", server ", server.as_ref());
        }
        Event::Online { server } => line(out, &["* online at ", server]),
        Event::Offline { server, why } => line(out, &["* offline from ", server, ": ", why]),
        Event::Presence { name, online, seen: _ } => {
            line(out, &["* ", name, if *online { " is online" } else { " is offline" }]);
        }
        Event::Session { with, state, path, why } => {
            session(out, with, *state, path.map(|path| path.word()));
            labelled(out, ": ", why.as_ref().filter(|why| *why != state.word()));
        }
        Event::Message { from, text, group, .. } => {
            if let Some(group) = group {
                line(out, &["[", group, "] "]);
            }
            line(out, &[from, ": "]);
            safe::push_text(text, out);
        }
        Event::Receipt { id, to, state, why } => {
            line(out, &["* message ", &id.short(), " to ", to, ": ", state.word()]);
            labelled(out, ": ", why.as_ref());
        }
        Event::Group { .. }
        | Event::File(_)
        | Event::Post { .. }
        | Event::Voice { .. }
        | Event::Run(_) => {}
        Event::Request { from, text } => {
            line(out, &["* ", from, " wants to be your friend (/confirm ", from, " or /reject "]);
            line(out, &[from, if text.is_empty() { ")" } else { "): " }]);
            safe::push_text(text, out);
        }
        Event::Friend { name, state } => {
            let words = match state {
                FriendState::Asked => " was asked to be your friend",
                FriendState::Confirmed => " is your friend",
                FriendState::Rejected => " does not want to be your friend",
                FriendState::Removed => " is not your friend any more",
            };
            line(out, &["* ", name, words]);
        }
        Event::Identity { name, old, new } => {
            line(out, &["! ", name, ": the key changed"]);
            labelled(out, " from ", Some(old));
            labelled(out, " to ", Some(new));
            match name.contains(':') {
                // A server's; only who starts the program decides about that.
                true => line(out, &["; nothing is sent there"]),
                false => line(out, &["; nothing is sent there until /trust ", name]),
            }
        }
    }
}

/// A row of an answer as lines, each with its line break. What `msg` took shows as its receipts.
pub fn row(out: &mut Vec<u8>, row: &Row) {
    match row {
        Row::Person(person) => self::person(out, person),
        Row::Whoami(me) => whoami(out, me),
        Row::Session(session) => session_row(out, session),
        Row::Request(request) => request_row(out, request),
        Row::Safety(safety) => safety_row(out, safety),
        Row::Group(_) | Row::Member(_) | Row::File(_) | Row::Post(_) | Row::Grant(_) => {}
        Row::Queued { .. } => {}
    }
}

/// A message of the history, without its line break: theirs as it was shown, ours with an arrow.
pub fn entry(out: &mut Vec<u8>, entry: &Entry) {
    match entry.direction {
        Direction::In => line(out, &[&entry.with, ": "]),
        Direction::Out => {
            line(out, &["-> ", &entry.with]);
            if let Some(stage) = entry.state.filter(|stage| *stage != Stage::Delivered) {
                line(out, &[" (", stage.word(), ")"]);
            }
            word(out, ": ");
        }
    }
    safe::push_text(&entry.text, out);
}

/// A message that waits, without its line break.
pub fn outbox(out: &mut Vec<u8>, row: &OutboxRow) {
    line(out, &[&row.id.short(), "  ", &row.label, "  ", row.stage.word(), "  "]);
    safe::push_text(&row.text, out);
}

/// Why something did not go well, as a line without its line break.
pub fn failure(out: &mut Vec<u8>, error: &str) {
    line(out, &["! ", error]);
}

fn session(out: &mut Vec<u8>, with: &str, state: SessionState, path: Option<&str>) {
    match state {
        SessionState::Asked => line(out, &["* asking ", with, " for a session"]),
        SessionState::Offered => {
            line(out, &["* ", with, " wants to talk (/accept ", with, " or /decline ", with, ")"]);
        }
        SessionState::Open
        | SessionState::Declined
        | SessionState::Closed
        | SessionState::Failed => line(out, &["* session with ", with, " ", state.word()]),
    }
    if let Some(path) = path {
        line(out, &[" (", path, ")"]);
    }
}

fn person(out: &mut Vec<u8>, row: &PersonRow) {
    let state = if row.online { "online" } else { "offline" };
    word(out, &row.name);
    labelled(out, "  ", Some(or_dash(row.address)));
    labelled(out, "  ", Some(state));
    labelled(out, "  ", Some(format_args!("{}s", row.age_ms / 1000)));
    labelled(out, "  ", Some(row.fingerprint));
    labelled(out, "  ", row.friend.then_some("friend"));
    out.push(b'\n');
}

fn request_row(out: &mut Vec<u8>, row: &RequestRow) {
    word(out, &row.from);
    labelled(out, "  ", Some(row.fingerprint));
    if !row.text.is_empty() {
        word(out, "  ");
        safe::push_text(&row.text, out);
    }
    out.push(b'\n');
}

fn safety_row(out: &mut Vec<u8>, row: &SafetyRow) {
    word(out, &row.number);
    line(out, &["  (", &row.name]);
    labelled(out, ", key ", Some(row.fingerprint));
    word(out, "; theirs for you must be the same)\n");
}

fn whoami(out: &mut Vec<u8>, me: &WhoamiRow) {
    let listen: Vec<String> = me.listen.iter().map(ToString::to_string).collect();
    let visibility = match me.visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    };
    for (key, value) in [
        ("name         ", or_dash(me.name.as_ref())),
        ("address      ", or_dash(me.address)),
        ("fingerprint  ", me.fingerprint.to_string()),
        ("listen       ", or_dash((!listen.is_empty()).then(|| listen.join(" ")))),
        ("public       ", or_dash(me.public)),
        ("visibility   ", visibility.to_owned()),
        ("server       ", or_dash(me.server.as_ref())),
    ] {
        line(out, &[key, &value]);
        out.push(b'\n');
    }
}

fn session_row(out: &mut Vec<u8>, row: &SessionRow) {
    line(out, &[&row.with, "  ", row.state.word()]);
    labelled(out, "  ", Some(row.path.map_or("-", |path| path.word())));
    labelled(out, "  ", Some(or_dash(row.remote)));
    labelled(out, "  since ", Some(row.since));
    out.push(b'\n');
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn word(out: &mut Vec<u8>, text: &str) {
    safe::push_word(text, out);
}

fn line(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        safe::push_word(part, out);
    }
}

/// The label and the value behind it, if there is one.
fn labelled(out: &mut Vec<u8>, label: &str, value: Option<impl Display>) {
    let Some(value) = value else { return };
    let mut text = String::new();
    write!(text, "{value}").expect("a String takes all text");
    line(out, &[label, &text]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::Bytes;
    use crate::proto::id::{MsgId, Seq};
    use crate::proto::model::entry::EntryKind;
    use crate::proto::model::event::Path;
    use crate::proto::model::person::Fingerprint;
    use crate::proto::time::Wall;

    fn shown(what: &Event) -> String {
        let mut out = Vec::new();
        event(&mut out, what);
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
        let receipt = Event::Receipt {
            id: MsgId::FIRST,
            to: "dave".to_owned(),
            state: Stage::Held,
            why: None,
        };
        assert_eq!(shown(&receipt), "* message AAAAAA to dave: held");
    }

    #[test]
    fn history_tells_ours_from_theirs_and_what_is_not_delivered() {
        let entry_of = |direction, state| {
            let mut out = Vec::new();
            let (with, text) = ("bob".to_owned(), "a\nb".to_owned());
            let (seq, id, sent, at) = (Seq(1), MsgId::FIRST, Wall(0), Wall(0));
            entry(
                &mut out,
                &Entry {
                    seq,
                    id,
                    with,
                    direction,
                    text,
                    sent,
                    at,
                    state,
                    group: None,
                    kind: EntryKind::Text,
                },
            );
            String::from_utf8(out).expect("plain lines are UTF-8")
        };
        assert_eq!(entry_of(Direction::In, None), "bob: a\n    b");
        assert_eq!(entry_of(Direction::Out, Some(Stage::Delivered)), "-> bob: a\n    b");
        assert_eq!(entry_of(Direction::Out, Some(Stage::Queued)), "-> bob (queued): a\n    b");
        let mut out = Vec::new();
        let row = OutboxRow {
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
            let text = shown(&event);
            assert!(!text.contains(['\x1B', '\u{202E}']), "{text:?}");
            assert!(text.lines().skip(1).all(|line| line.starts_with("    ")), "{text:?}");
        }
        let mut out = Vec::new();
        failure(&mut out, evil);
        assert!(!String::from_utf8_lossy(&out).contains(['\x1B', '\n']));
    }
}
