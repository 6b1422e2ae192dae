//! Commands on other people's machines.

use super::{labelled, line};
use crate::proto::model::event::RunEvent;
use crate::proto::model::notice::GrantRow;
use crate::proto::model::run::RunState;

/// A command came further; what it wrote is told elsewhere.
pub fn event(out: &mut Vec<u8>, run: &RunEvent) {
    let id = run.id.short();
    let command = &run.command;
    match (run.from.as_deref(), run.to.as_deref().unwrap_or("-")) {
        (Some(from), _) => match run.state {
            RunState::Asked => {
                line(out, &["* ", from, " asks to run: ", command]);
                line(out, &[" (/allow ", &id, " or /deny ", &id, ")"]);
            }
            RunState::Allowed => line(out, &["* for ", from, " runs: ", command]),
            RunState::Denied => line(out, &["* for ", from, " is not run: ", command]),
            RunState::Exited => line(out, &["* for ", from, " ended: ", command]),
            RunState::Failed => line(out, &["* for ", from, " failed: ", command]),
            RunState::Output => {}
        },
        (None, to) => match run.state {
            RunState::Asked => {
                line(out, &["* ", to, " is asked to run: ", command, " (", &id, ")"])
            }
            RunState::Allowed => line(out, &["* ", to, " runs: ", command]),
            RunState::Denied => line(out, &["* ", to, " does not run: ", command]),
            RunState::Exited => line(out, &["* ", to, " has run: ", command]),
            RunState::Failed => line(out, &["* ", to, " could not run: ", command]),
            RunState::Output => {}
        },
    }
    labelled(out, " (granted by ", run.grant.map(|grant| format!("{})", grant.short())));
    if run.state == RunState::Exited {
        labelled(out, " (code ", run.code.map(|code| format!("{code})")));
    }
    labelled(out, ": ", run.why.as_ref());
}

/// A row of `grants`.
pub fn grant(out: &mut Vec<u8>, row: &GrantRow, until: Option<String>) {
    line(out, &[&row.id.short(), "  ", &row.to, "  "]);
    match until {
        Some(until) => line(out, &["until ", &until]),
        None => line(out, &["for good"]),
    }
    line(out, &["  ", &row.command]);
    out.push(b'\n');
}
