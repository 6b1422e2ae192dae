//! Listings that the store answers: history, events, outbox. They are read after the wake's commit,
//! so that they show what was written just before.

use super::desk::{Desk, Sink};
use super::exporting::Exporting;
use crate::proto::client::Client;
use crate::proto::id::{MsgId, Seq};
use crate::proto::model::command::Ticket;
use crate::proto::model::entry::HistoryOf;
use crate::proto::model::event::Stage;
use crate::proto::model::group::GroupTarget;
use crate::proto::model::notice::Row;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Refusal;
use crate::proto::time::Wall;
use crate::shell::front::With;
use crate::shell::front::fit::Fit;
use crate::shell::store::StoreError;
use crate::shell::store::client::ClientStore;

/// A listing that was asked for.
pub(super) enum Read {
    History { with: Option<With>, most_rows: usize, since: Option<Wall> },
    Search { words: String, with: Option<With>, most_rows: usize },
    Outbox,
    Files,
    Events { since: Seq, follow: bool },
    Export(Box<Exporting>),
}

/// Events read at a time.
const PAGE_ROWS: usize = 512;

impl Read {
    /// Goes on with a listing; what is left of it comes back.
    pub fn step(
        self,
        ticket: Ticket,
        desk: &mut Desk,
        store: &mut ClientStore,
        machine: Option<&Client>,
    ) -> Result<Option<Read>, StoreError> {
        let Some(sink) = desk.sink(ticket) else { return Ok(None) };
        match self {
            Read::History { with, most_rows, since } => {
                let of = match history_of(with, store)? {
                    Ok(of) => of,
                    Err(refusal) => {
                        desk.end(ticket, Err(refusal.into()));
                        return Ok(None);
                    }
                };
                store.history(of, since, most_rows, &mut |entry| {
                    desk.print(sink, |printer, out| printer.entry(out, &entry));
                })?;
                if sink == Sink::Stdout && desk.is_at_terminal() {
                    look(of, desk, store)?;
                }
            }
            Read::Search { words, with, most_rows } => {
                // A step a turn, so that what else there is to do is done meanwhile.
                if let Ok(1..) = store.index() {
                    return Ok(Some(Read::Search { words, with, most_rows }));
                }
                let of = match history_of(with, store)? {
                    Ok(of) => of,
                    Err(refusal) => {
                        desk.end(ticket, Err(refusal.into()));
                        return Ok(None);
                    }
                };
                let mut is_found = false;
                store.search(&words, of, most_rows, &mut |entry| {
                    is_found = true;
                    desk.print(sink, |printer, out| printer.entry(out, &entry));
                })?;
                if !is_found {
                    desk.end(ticket, Err(Refusal::NothingFound(words).into()));
                    return Ok(None);
                }
            }
            Read::Files => {
                let live = |id| machine.and_then(|machine| machine.file_bytes(id));
                store.files(&live, &mut |file| {
                    desk.list(ticket, |printer, out| printer.row(out, &Row::File(file)));
                })?;
            }
            Read::Outbox => store.outbox(&mut |mut row| {
                let sent = machine.and_then(|machine| machine.sent_up_to(row.to));
                if row.stage == Stage::Queued && sent >= Some(row.id) {
                    row.stage = Stage::Sent;
                }
                desk.list(ticket, |printer, out| printer.outbox(out, &row));
            })?,
            Read::Export(exporting) => return Ok(export(ticket, sink, exporting, desk, store)),
            Read::Events { since, follow } => {
                return events(ticket, sink, since, follow, desk, store);
            }
        }
        desk.end(ticket, Ok(()));
        Ok(None)
    }
}

/// One page of an export.
fn export(
    ticket: Ticket,
    sink: Sink,
    mut exporting: Box<Exporting>,
    desk: &mut Desk,
    store: &ClientStore,
) -> Option<Read> {
    let result = match exporting.step(sink, desk, store) {
        Ok(true) => return Some(Read::Export(exporting)),
        Ok(false) => Ok(()),
        Err(failure) => Err(failure),
    };
    desk.end(ticket, result);
    None
}

/// One page of events; nothing at all while the reader has not read the last.
fn events(
    ticket: Ticket,
    sink: Sink,
    mut since: Seq,
    follow: bool,
    desk: &mut Desk,
    store: &mut ClientStore,
) -> Result<Option<Read>, StoreError> {
    if desk.is_behind(sink) {
        return Ok(Some(Read::Events { since, follow }));
    }
    let mut rows = 0;
    store.events(since, PAGE_ROWS, &mut |seq, at, event| {
        desk.print(sink, |printer, out| printer.event(out, Some(seq), at, &event));
        since = seq;
        rows += 1;
    })?;
    if rows == PAGE_ROWS {
        return Ok(Some(Read::Events { since, follow }));
    }
    if follow {
        desk.listen(sink);
    } else {
        desk.end(ticket, Ok(()));
    }
    Ok(None)
}

/// Whoever has read what was said has looked at it.
fn look(of: HistoryOf, desk: &mut Desk, store: &mut ClientStore) -> Result<(), StoreError> {
    let Some(conversation) = store.conversation(of)? else { return Ok(()) };
    if let Some(waiting) = &mut desk.waiting {
        waiting.look(&conversation);
    }
    store.look(of)?;
    store.commit()
}

pub(super) fn history_of(
    with: Option<With>,
    store: &mut ClientStore,
) -> Result<Result<HistoryOf, Refusal>, StoreError> {
    let group = match with {
        None => return Ok(Ok(HistoryOf::All)),
        Some(With::Group(group)) => group,
        Some(With::Person(target)) => match (store.person(&target)?, target) {
            (Some(person), _) => return Ok(Ok(HistoryOf::With(person.fingerprint))),
            (None, Target::Name(name)) => GroupTarget { name, leader: None },
            (None, target) => return Ok(Err(Refusal::Unknown(target.to_string()))),
        },
    };
    Ok(match (store.groups_like(&group)?.as_slice(), &group.leader) {
        ([found], _) => Ok(HistoryOf::Group(*found)),
        ([], None) => Err(Refusal::Unknown(group.to_string())),
        ([], Some(_)) => Err(Refusal::NoGroup(group.to_string())),
        ([_, _, ..], _) => Err(Refusal::Ambiguous("group of that name")),
    })
}

/// Events call people and groups by name: where that is known by now, what `wait` was told by
/// address, key or leader becomes that name.
pub(super) fn name_awaited(fit: &mut Fit, store: &mut ClientStore) -> Result<(), StoreError> {
    match &fit.from {
        Some(With::Person(target @ (Target::Address(_) | Target::Key(_)))) => {
            if let Some(person) = store.person(target)? {
                fit.from = Target::parse(&person.label()).map(With::Person);
            }
        }
        Some(With::Group(group)) => {
            let alone = GroupTarget { name: group.name.clone(), leader: None };
            let found = store.groups_like(group)?;
            if !found.is_empty() && found == store.groups_like(&alone)? {
                fit.from = Some(With::Group(alone));
            }
        }
        Some(With::Person(Target::Name(_) | Target::Endpoint(_))) | None => {}
    }
    Ok(())
}

/// The one message of ours whose id begins so.
pub(super) fn message(
    prefix: &str,
    store: &mut ClientStore,
) -> Result<Result<MsgId, Refusal>, StoreError> {
    let found = store.messages_by_prefix(prefix)?;
    Ok(match found.as_slice() {
        [id] => Ok(*id),
        [] => Err(Refusal::NoSuchMessage(prefix.to_owned())),
        [_, _, ..] => Err(Refusal::Ambiguous("message")),
    })
}
