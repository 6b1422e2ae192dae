//! Lines about the ways to somebody.

use super::{labelled, line, or_dash};
use crate::proto::model::event::Path;
use crate::proto::model::notice::{AttemptRow, ReachRow, SessionRow};
use std::net::SocketAddr;

/// A session, as `sessions` lists it.
pub(super) fn session(out: &mut Vec<u8>, row: &SessionRow, since: &str) {
    line(out, &[&row.with, "  ", row.state.word()]);
    path(out, row.path, row.remote, row.rtt_ms);
    line(out, &["  since ", since]);
    out.push(b'\n');
}

/// A try.
pub(super) fn attempt(out: &mut Vec<u8>, row: &AttemptRow, at: &str) {
    line(out, &[at, "  ", row.path.word()]);
    labelled(out, "  ", Some(or_dash(row.address)));
    milliseconds(out, "  ", row.ms);
    line(out, &["  ", &row.result]);
    out.push(b'\n');
}

/// What came of all tries.
pub(super) fn reach(out: &mut Vec<u8>, row: &ReachRow) {
    line(out, &[&row.with]);
    if let Some(state) = row.state {
        line(out, &["  ", state.word()]);
    }
    if row.path.is_some() {
        path(out, row.path, row.remote, row.rtt_ms);
    }
    labelled(out, "  ", row.note.as_ref());
    out.push(b'\n');
}

fn path(out: &mut Vec<u8>, path: Option<Path>, remote: Option<SocketAddr>, rtt_ms: Option<u64>) {
    labelled(out, "  ", Some(path.map_or("-", Path::word)));
    labelled(out, "  ", Some(or_dash(remote)));
    milliseconds(out, "  round trip ", rtt_ms);
}

fn milliseconds(out: &mut Vec<u8>, label: &str, ms: Option<u64>) {
    match ms {
        Some(ms) => labelled(out, label, Some(format_args!("{ms} ms"))),
        None => line(out, &[label, "-"]),
    }
}
