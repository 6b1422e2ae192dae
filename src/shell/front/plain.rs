//! Lines for people. Everything that came from somebody else goes through [`safe`], here only.

mod files;
mod groups;
mod paths;
mod runs;

use super::paint::Paint;
use super::safe;
use crate::proto::id::MsgId;
use crate::proto::model::account::Visibility;
use crate::proto::model::entry::{Direction, Entry, EntryKind, OutboxRow};
use crate::proto::model::event::{Event, FriendState, SessionState, Stage};
use crate::proto::model::notice::{PersonRow, RequestRow, Row, SafetyRow, WhoamiRow};
use crate::proto::time::Wall;
use std::fmt::{Display, Write};
use std::net::SocketAddr;

/// An event as a line, without its line break; what it says of `me` is said to you. Of a file's
/// progress and of a command's output nothing is said here.
pub fn event(out: &mut Vec<u8>, event: &Event, me: Option<&str>, paint: Paint) {
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
            speaker(out, group.as_deref(), from, paint);
            paint.text(text, me.filter(|_| group.is_some()), out);
        }
        Event::Receipt { id, to, state, why } => {
            message(out, *id, to, state.word());
            labelled(out, ": ", why.as_ref());
        }
        Event::Group { name, state, who, why } => {
            groups::event(out, name, *state, who, me == Some(who));
            labelled(out, ": ", why.as_ref());
        }
        Event::File(file) => files::event(out, file),
        Event::Post { id, owner, name, size, state, path, why } => {
            let (id, size, state, path) = (*id, *size, *state, path.as_deref());
            files::post(out, &files::Post { id, owner, name, size, state, path });
            labelled(out, ": ", why.as_ref());
        }
        Event::Voice { from, path, seconds, transcript, .. } => {
            files::voice(out, from, path, *seconds, transcript.as_deref());
        }
        Event::Run(run) => runs::event(out, run),
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

/// What became of a message of ours.
pub fn message(out: &mut Vec<u8>, id: MsgId, to: &str, state: &str) {
    line(out, &["* message ", &id.short(), " to ", to, ": ", state]);
}

/// A row of an answer as lines, each with its line break. What `msg` took shows as its receipts.
/// `moment` is how the reader is told a moment.
pub fn row(out: &mut Vec<u8>, row: &Row, moment: &mut dyn FnMut(Wall) -> String) {
    match row {
        Row::Person(person) => self::person(out, person),
        Row::Whoami(me) => whoami(out, me),
        Row::Session(session) => paths::session(out, session, &moment(session.since)),
        Row::Attempt(attempt) => paths::attempt(out, attempt, &moment(attempt.at)),
        Row::Reach(reach) => paths::reach(out, reach),
        Row::Request(request) => request_row(out, request),
        Row::Safety(safety) => safety_row(out, safety),
        Row::Group(group) => groups::info(out, group),
        Row::Member(member) => groups::member(out, member),
        Row::File(file) => files::row(out, file),
        Row::Post(post) => files::post_row(out, post, &moment(post.since)),
        Row::Grant(grant) => runs::grant(out, grant, grant.until.map(moment)),
        Row::To { person, group } => {
            let to = person.as_deref().or(group.as_deref());
            line(out, &["* plain lines go ", to.map_or("nowhere", |_| "to ")]);
            line(out, &[to.unwrap_or(" yet (/to NAME or /to GROUP)")]);
            out.push(b'\n');
        }
        Row::Notify { person, group, level } => {
            let of = person.as_deref().or(group.as_deref()).unwrap_or("-");
            line(out, &[of, "  ", level.word()]);
            out.push(b'\n');
        }
        Row::Queued { .. } => {}
    }
}

/// An entry of the history, without its line break: theirs as it was shown, ours with an arrow.
pub fn entry(out: &mut Vec<u8>, entry: &Entry, me: Option<&str>, paint: Paint) {
    match entry.direction {
        Direction::In => {
            speaker(out, entry.group.as_deref(), &entry.with, paint);
        }
        Direction::Out => {
            word(out, "-> ");
            paint.name(&entry.with, out);
            if let Some(stage) = entry.state.filter(|stage| *stage != Stage::Delivered) {
                line(out, &[" (", stage.word(), ")"]);
            }
            word(out, ": ");
        }
    }
    word(
        out,
        match entry.kind {
            EntryKind::Text => "",
            EntryKind::Voice => "(voice) ",
            EntryKind::Post => "(post) ",
        },
    );
    let me = me.filter(|_| entry.group.is_some() && entry.direction == Direction::In);
    paint.text(&entry.text, me, out);
}

/// A message that waits, without its line break.
pub fn outbox(out: &mut Vec<u8>, row: &OutboxRow) {
    line(out, &[&row.id.short(), "  ", &row.label]);
    if let Some(group) = &row.group {
        line(out, &[" [", group, "]"]);
    }
    line(out, &["  ", row.stage.word(), "  "]);
    safe::push_text(&row.text, out);
}

/// A line that stands between others, without its line break.
pub fn rule(out: &mut Vec<u8>, text: &str) {
    line(out, &["-- ", text, " --"]);
}

/// Why something did not go well, as a line without its line break.
pub fn failure(out: &mut Vec<u8>, error: &str) {
    line(out, &["! ", error]);
}

/// Who says something, and to which group.
fn speaker(out: &mut Vec<u8>, group: Option<&str>, from: &str, paint: Paint) {
    if let Some(group) = group {
        out.push(b'[');
        paint.name(group, out);
        out.extend_from_slice(b"] ");
    }
    paint.name(from, out);
    out.extend_from_slice(b": ");
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
    word(out, "; theirs for you must be the same)");
    out.push(b'\n');
}

fn whoami(out: &mut Vec<u8>, me: &WhoamiRow) {
    let several = |addresses: &[SocketAddr]| {
        let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        or_dash((!texts.is_empty()).then(|| texts.join(" ")))
    };
    let visibility = match me.visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    };
    for (key, value) in [
        ("name         ", or_dash(me.name.as_ref())),
        ("address      ", or_dash(me.address)),
        ("fingerprint  ", me.fingerprint.to_string()),
        ("listen       ", several(&me.listen)),
        ("public       ", or_dash(me.public)),
        ("udp          ", several(&me.udp)),
        ("mapped       ", several(&me.mapped)),
        ("visibility   ", visibility.to_owned()),
        ("server       ", or_dash(me.server.as_ref())),
    ] {
        line(out, &[key, &value]);
        out.push(b'\n');
    }
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
mod tests;
