//! Files, posts and voice messages.

use super::{labelled, line};
use crate::proto::id::MsgId;
use crate::proto::model::event::FileEvent;
use crate::proto::model::notice::{FileRow, PostRow};
use crate::proto::model::transfer::{FileState, PostState, Seconds};
use crate::shell::front::{amounts, safe};

/// A file came further. Its progress is no line of its own.
pub fn event(out: &mut Vec<u8>, file: &FileEvent) {
    let id = file.id.short();
    let (with, is_theirs) = other_side(file.from.as_deref(), file.to.as_deref());
    let size = amounts::size(file.size);
    let length = file.seconds.map(|Seconds(ms)| amounts::seconds(ms));
    match (file.state, is_theirs) {
        (FileState::Offered, true) => line(out, &["* ", with, " offers ", &file.name, ", ", &size]),
        (FileState::Offered, false) => line(out, &["* ", &file.name, ", ", &size]),
        (FileState::Taken, true) => line(out, &["* ", &file.name, " from ", with, ": taken"]),
        (FileState::Taken, false) => line(out, &["* ", &file.name, " to ", with, ": taken"]),
        (state, true) => line(out, &["* ", &file.name, " from ", with, ": ", word(state)]),
        (state, false) => line(out, &["* ", &file.name, " to ", with, ": ", word(state)]),
    }
    if file.state == FileState::Offered {
        labelled(out, ", spoken in ", length);
        match is_theirs {
            // Of what comes without a word there is no question.
            true if file.why.is_some() => {}
            true => line(out, &[" (/take ", &id, " or /refuse ", &id, ")"]),
            false => line(out, &[", is offered to ", with, " (", &id, ")"]),
        }
    }
    if file.state == FileState::Done && is_theirs {
        labelled(out, ", ", file.path.as_ref());
    }
    labelled(out, ": ", file.why.as_ref());
    if file.state == FileState::Offered {
        quoted(out, file.transcript.as_deref());
    }
}

/// A post, as an event tells of it.
pub struct Post<'a> {
    pub id: MsgId,
    pub owner: &'a str,
    pub name: &'a str,
    pub size: u64,
    pub state: PostState,
    pub path: Option<&'a str>,
}

/// A post changed; why stands behind it.
pub fn post(out: &mut Vec<u8>, post: &Post<'_>) {
    let id = post.id.short();
    // A post that was not listed before is asked for by its id.
    let is_unknown = post.name.is_empty() || post.name == post.id.to_text();
    let (owner, name) = (post.owner, if is_unknown { &id } else { post.name });
    let size = amounts::size(post.size);
    match post.state {
        PostState::Added => {
            line(out, &["* friends may have ", name, ", ", &size, " (post ", &id, ")"]);
        }
        PostState::Removed => line(out, &["* friends may not have ", name, " any more"]),
        PostState::Asked => line(out, &["* ", owner, " is asked for ", name]),
        PostState::Done => {
            line(out, &["* post ", name, " of ", owner, ": done"]);
            labelled(out, ", ", post.path);
        }
        PostState::Failed => line(out, &["* post ", name, " of ", owner, ": failed"]),
    }
}

/// A voice message is here.
pub fn voice(out: &mut Vec<u8>, from: &str, path: &str, length: Seconds, said: Option<&str>) {
    let length = amounts::seconds(length.0);
    line(out, &["* voice message of ", from, ", ", &length, ", ", path]);
    quoted(out, said);
}

/// A row of `files`, and what `send` answers.
pub fn row(out: &mut Vec<u8>, row: &FileRow) {
    let (with, is_theirs) = other_side(row.from.as_deref(), row.to.as_deref());
    let size = amounts::size(row.size);
    let way = if is_theirs { "  from " } else { "  to " };
    line(out, &[&row.id.short(), "  ", &row.name, "  ", &size, way, with, "  ", word(row.state)]);
    if matches!(row.state, FileState::Taken | FileState::Progress) {
        labelled(out, " ", Some(format_args!("{} %", amounts::percent(row.bytes, row.size))));
    }
    labelled(out, "  ", row.path.as_ref());
    labelled(out, ": ", row.why.as_ref());
    out.push(b'\n');
}

/// A row of `post list`.
pub fn post_row(out: &mut Vec<u8>, row: &PostRow, since: &str) {
    let size = amounts::size(row.size);
    line(out, &[&row.id.short(), "  ", &row.name, "  ", &size, "  ", &row.owner]);
    line(out, &["  since ", since]);
    out.push(b'\n');
}

/// What was said, where that is known.
fn quoted(out: &mut Vec<u8>, said: Option<&str>) {
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        line(out, &[": "]);
        safe::push_text(said, out);
    }
}

/// Who that is, and whether the file is theirs.
fn other_side<'a>(from: Option<&'a str>, to: Option<&'a str>) -> (&'a str, bool) {
    match (from, to) {
        (Some(from), _) => (from, true),
        (None, to) => (to.unwrap_or("-"), false),
    }
}

fn word(state: FileState) -> &'static str {
    match state {
        FileState::Offered => "offered",
        FileState::Taken => "taken",
        FileState::Progress => "on its way",
        FileState::Done => "done",
        FileState::Failed => "failed",
        FileState::Cancelled => "cancelled",
    }
}
