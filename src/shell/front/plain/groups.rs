//! Groups.

use super::{labelled, line, or_dash};
use crate::proto::model::event::GroupState;
use crate::proto::model::notice::{GroupInfo, MemberRow};

/// What happened in a group, to `who`; told differently where that is us.
pub fn event(out: &mut Vec<u8>, name: &str, state: GroupState, who: &str, is_me: bool) {
    let parts: &[&str] = match (state, is_me) {
        (GroupState::Created, _) => &["group ", name, " is founded"],
        (GroupState::Asked, true) => &["asked to be let into ", name],
        (GroupState::Asked, false) => &[
            who,
            " wants to join ",
            name,
            " (/group allow ",
            name,
            " ",
            who,
            " or /group deny ",
            name,
            " ",
            who,
            ")",
        ],
        (GroupState::Invited, true) => {
            &["you are invited to ", name, " (/group join ", name, " says yes)"]
        }
        (GroupState::Invited, false) => &[who, " is invited to ", name],
        (GroupState::Joined, true) => &["you are in ", name],
        (GroupState::Joined, false) => &[who, " is in ", name],
        (GroupState::Left, true) => &["you left ", name],
        (GroupState::Left, false) => &[who, " left ", name],
        (GroupState::Kicked, true) => &["you were put out of ", name],
        (GroupState::Kicked, false) => &[who, " was put out of ", name],
        (GroupState::Denied, true) => &["you are not let into ", name],
        (GroupState::Denied, false) => &[who, " is not let into ", name],
        (GroupState::Leads, true) => &["you lead ", name],
        (GroupState::Leads, false) => &[who, " leads ", name],
    };
    line(out, &["* "]);
    line(out, parts);
}

/// A row of `group list`.
pub fn info(out: &mut Vec<u8>, row: &GroupInfo) {
    let openness = row.public.map(|public| if public { "public" } else { "private" });
    line(out, &[&row.name, "  ", &row.standing]);
    labelled(out, "  led by ", Some(&row.leader));
    labelled(out, "  ", Some(or_dash(openness)));
    labelled(out, "  members ", Some(or_dash(row.members)));
    out.push(b'\n');
}

/// A row of `group members`.
pub fn member(out: &mut Vec<u8>, row: &MemberRow) {
    line(out, &[&row.name, "  ", &row.standing]);
    labelled(out, "  ", Some(row.fingerprint));
    out.push(b'\n');
}
