//! Commands that one person asks to run on another's machine. Only live: a command is as old as the
//! session that it was asked for in, and ends with it.
//!
//! The asker's side:
//!
//! | state | input | next, output |
//! |---|---|---|
//! | none | `run`, a session is open | Asked; `RunAsk`; run `asked` |
//! | none | `run`, a session is on its way, or a friend is online | Opening; a quiet session |
//! | Opening | the session opens | Asked; `RunAsk`; run `asked` |
//! | Opening | no session, its time is up, `cancel` | gone; the verb ends |
//! | Asked | `RunAnswer` yes | Away; run `allowed` |
//! | Asked | `RunAnswer` no | gone; run `denied` |
//! | Away | `RunOutput` | Away; run `output` |
//! | Away | `RunEnd` with a code | gone; run `exited` |
//! | Asked, Away | `RunEnd` with a reason | gone; run `failed` |
//! | Asked, Away | `cancel`; Asked, its time is up | gone; `RunCancel`; run `failed` |
//! | Asked, Away | the session is gone | gone; run `failed` |
//!
//! The other side:
//!
//! | state | input | next, output |
//! |---|---|---|
//! | none | `RunAsk`, a grant fits | Here; run `asked`, `allowed`; `RunAnswer`; the child |
//! | none | `RunAsk` | Asked; run `asked` |
//! | none | `RunAsk` that may not be: replayed, too many, no command line | none; `RunEnd` |
//! | Asked | `allow` | Here; run `allowed`; `RunAnswer`; the child starts |
//! | Asked | `deny`, `cancel` | gone; run `denied`; `RunAnswer` |
//! | Asked | its time is up | gone; run `failed`; `RunEnd` |
//! | Here | the child wrote something | Here; `RunOutput`; too much on the link: it pauses |
//! | Here | the child wrote more than it may, its time is up, `cancel` | gone; killed; `RunEnd` |
//! | Here | they are a friend no more, and it runs by a grant | gone; killed; `RunEnd` |
//! | Here | the child ended | gone; run `exited` or `failed`; `RunEnd` |
//! | Asked, Here | `RunCancel`, the session is gone | gone; killed; run `failed` |
//!
//! Whatever else is said about a command is not listened to. What was asked for, and by which
//! grant it ran, is kept before anything starts; ids of one asker must grow, so that nothing is
//! asked for twice, not even after this program was started anew.

mod asker;
mod grants;
mod runner;
#[cfg(test)]
mod tests;

use super::Client;
use super::core::Alarm;
use crate::proto::id::{ConnId, MsgId, RunId};
use crate::proto::limits;
use crate::proto::machine::{Pipe, RunAction};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, RunEvent};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::{Record, Restored};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::{Argv, Grant, OpenRun, RunState, line_of};
use crate::proto::table::Table;
use crate::proto::wire::peer::{RunCancel, RunEnd, ToPeer};
use std::collections::VecDeque;

/// Commands and standing yeses.
pub(super) struct Runs {
    by_key: Table<RunKey, Run>,
    by_child: Table<RunId, RunKey>,
    /// The highest id that each asker ever asked with.
    marks: Table<Fingerprint, MsgId>,
    /// What people were last shown of the ids of asks, oldest first: nobody else's, and no later
    /// command, may answer to what was typed for one of them.
    shown: VecDeque<String>,
    grants: Table<MsgId, Grant>,
}

/// A command, by who is at the other end. Ids are the asker's, so that two people's may be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RunKey {
    with: Fingerprint,
    id: MsgId,
    is_ours: bool,
}

struct Run {
    argv: Argv,
    /// The verb that ends with it.
    ticket: Ticket,
    state: State,
}

enum State {
    /// Ours: a session for it is on its way.
    Opening,
    /// The other side's to answer, or ours.
    Asked,
    /// Ours: it runs there.
    Away(Texts),
    /// Theirs: it runs here.
    Here(Child),
}

/// What came of a command's two outputs, less the first bytes of a letter that is not whole yet.
#[derive(Default)]
struct Texts {
    cut: Table<Pipe, Vec<u8>>,
}

/// A command of somebody else's that runs here.
struct Child {
    run: RunId,
    /// What it runs by, if nobody was asked.
    grant: Option<MsgId>,
    /// What it has written.
    bytes: u64,
    /// What of that the link may not have taken yet.
    ahead_bytes: usize,
    is_paused: bool,
}

/// How a command is over.
enum Ending {
    Exited(i32),
    Denied,
    /// Why.
    Failed(String),
    /// It was never asked for: why.
    Unasked(Refusal),
}

impl Runs {
    pub fn restore(past: &mut Restored) -> Runs {
        let grants = std::mem::take(&mut past.grants);
        Runs {
            by_key: Table::new(),
            by_child: Table::new(),
            marks: std::mem::take(&mut past.run_marks).into_iter().collect(),
            shown: VecDeque::new(),
            grants: grants.into_iter().map(|grant| (grant.id, grant)).collect(),
        }
    }

    /// Whether nothing that we asked for goes on.
    pub fn is_settled(&self) -> bool {
        !self.by_key.keys().any(|key| key.is_ours)
    }

    fn count(&self, fits: impl Fn(&RunKey) -> bool) -> usize {
        self.by_key.keys().filter(|key| fits(key)).count()
    }

    /// The one command that is meant by the beginning of its id.
    fn pick(&self, id: &str, fits: impl Fn(&RunKey, &Run) -> bool) -> Result<RunKey, Refusal> {
        let id = id.to_ascii_uppercase();
        let is_meant = |(key, run): &(&RunKey, &Run)| {
            !id.is_empty() && key.id.to_text().starts_with(&id) && fits(key, run)
        };
        let mut found = self.by_key.iter().filter(is_meant).map(|(key, _)| *key);
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Refusal::Ambiguous("command")),
            (None, _) => Err(Refusal::NoRun(id)),
        }
    }
}

impl Client {
    /// What the program that ran before left open is over.
    pub(super) fn end_old_runs(&mut self, old: Vec<OpenRun>) {
        for run in old {
            let key = RunKey { with: run.with, id: run.id, is_ours: run.is_ours };
            self.core.keep(Record::RunGone(key.with, key.id));
            let why = Some("the program ended".to_owned());
            let event = self.run_event(key, &run.argv, RunState::Failed);
            self.core.event(Event::Run(Box::new(RunEvent { why, ..event })));
        }
    }

    /// Ends a command, on either side.
    pub(super) fn cancel_run(&mut self, ticket: Ticket, id: &str) {
        let key = match self.runs.pick(id, |_, _| true) {
            Ok(key) => key,
            Err(why) => return self.core.done(ticket, Err(why)),
        };
        let is_asked = matches!(self.runs.by_key.get(&key), Some(Run { state: State::Asked, .. }));
        if key.is_ours {
            self.tell_run(key.with, RunCancel { run: key.id });
            self.end_run(key, Ending::Failed("cancelled".to_owned()));
        } else if is_asked {
            self.deny_run(key);
        } else {
            self.stop_run(key, "cancelled there");
        }
        self.core.done(ticket, Ok(()));
    }

    /// Nobody answered in time, or it runs too long.
    pub(super) fn on_run_late(&mut self, key: RunKey) {
        let Some(run) = self.runs.by_key.get(&key) else { return };
        match &run.state {
            State::Opening => {
                let refusal = Refusal::NoAnswer(self.people.label(key.with));
                self.end_run(key, Ending::Unasked(refusal));
            }
            State::Asked if key.is_ours => {
                self.tell_run(key.with, RunCancel { run: key.id });
                self.end_run(key, Ending::Failed("no answer in time".to_owned()));
            }
            State::Asked => self.stop_run(key, "no answer in time"),
            State::Here(_) => {
                let why = format!("it ran longer than {} s", self.config.run_limits.seconds);
                self.stop_run(key, &why);
            }
            State::Away(_) => {}
        }
    }

    /// A verb's time is up; what it asked for goes on.
    pub(super) fn forget_run(&mut self, ticket: Ticket) {
        for run in self.runs.by_key.values_mut().filter(|run| run.ticket == ticket) {
            run.ticket = Ticket::NOBODY;
        }
    }

    /// The session with somebody is gone, and with it whatever was asked for in it.
    pub(super) fn lose_runs(&mut self, who: Fingerprint, why: Option<&Refusal>) {
        for key in self.runs_with(who) {
            let is_opening = self.runs.by_key.get(&key).is_some_and(Run::is_opening);
            self.end_run(
                key,
                match why {
                    Some(refusal) if is_opening => Ending::Unasked(refusal.clone()),
                    _ if is_opening => Ending::Unasked(Refusal::NoSession(self.people.label(who))),
                    _ => Ending::Failed("the session ended".to_owned()),
                },
            );
        }
    }

    /// What was sent on a connection is with the kernel: commands that wait for it go on.
    pub(super) fn resume_runs(&mut self, conn: ConnId) {
        let Client { runs, sessions, uplink, core, .. } = self;
        for (key, run) in runs.by_key.iter_mut() {
            let State::Here(child) = &mut run.state else { continue };
            let carrier = sessions.open_with(key.with).and_then(|via| via.conn(uplink.conn()));
            if carrier != Some(conn) {
                continue;
            }
            child.ahead_bytes = 0;
            if std::mem::take(&mut child.is_paused) {
                core.child(child.run, RunAction::Resume);
            }
        }
    }

    /// A session has gone over to another link: commands that waited for the one before go on.
    pub(super) fn free_runs(&mut self, who: Fingerprint) {
        let Client { runs, core, .. } = self;
        for (_, run) in runs.by_key.iter_mut().filter(|(key, _)| key.with == who) {
            let State::Here(child) = &mut run.state else { continue };
            child.ahead_bytes = 0;
            if std::mem::take(&mut child.is_paused) {
                core.child(child.run, RunAction::Resume);
            }
        }
    }

    /// Ends a command of somebody else's, and tells them why.
    fn stop_run(&mut self, key: RunKey, why: &str) {
        self.tell_run(key.with, RunEnd { run: key.id, code: None, why: why.to_owned() });
        self.end_run(key, Ending::Failed(why.to_owned()));
    }

    /// A command is over: it is said, and nothing of it is left.
    fn end_run(&mut self, key: RunKey, ending: Ending) {
        let Some(run) = self.runs.by_key.remove(&key) else { return };
        self.core.timers.cancel(&Alarm::Run(key));
        if let State::Here(child) = &run.state
            && self.runs.by_child.remove(&child.run).is_some()
        {
            self.core.child(child.run, RunAction::Kill);
        }
        if let Ending::Unasked(refusal) = ending {
            return self.core.done(run.ticket, Err(refusal));
        }
        self.core.keep(Record::RunGone(key.with, key.id));
        let label = self.people.label(key.with);
        let event = self.run_event(key, &run.argv, RunState::Failed);
        let (event, result) = match ending {
            Ending::Exited(code) => (
                RunEvent { state: RunState::Exited, code: Some(code), ..event },
                if code == 0 { Ok(()) } else { Err(Refusal::RunExited(code)) },
            ),
            Ending::Denied => {
                (RunEvent { state: RunState::Denied, ..event }, Err(Refusal::Declined(label)))
            }
            Ending::Failed(why) => {
                (RunEvent { why: Some(why.clone()), ..event }, Err(Refusal::RunFailed(label, why)))
            }
            Ending::Unasked(_) => return,
        };
        self.core.event(Event::Run(Box::new(event)));
        self.core.done(run.ticket, result);
    }

    /// A command was asked for: kept, and said.
    fn begin_run(&mut self, key: RunKey, run: Run) {
        let argv = run.argv.clone();
        let RunKey { with, id, is_ours } = key;
        self.core.keep(Record::Run(Box::new(OpenRun { id, with, is_ours, argv: argv.clone() })));
        self.say_run(key, &argv, RunState::Asked);
        self.runs.by_key.insert(key, run);
    }

    fn say_run(&mut self, key: RunKey, argv: &Argv, state: RunState) {
        let event = self.run_event(key, argv, state);
        self.core.event(Event::Run(Box::new(event)));
    }

    fn run_event(&self, key: RunKey, argv: &Argv, state: RunState) -> RunEvent {
        let label = self.people.label(key.with);
        let (from, to) = if key.is_ours { (None, Some(label)) } else { (Some(label), None) };
        RunEvent {
            id: key.id,
            from,
            to,
            command: line_of(argv),
            argv: argv.clone(),
            state,
            stream: None,
            text: None,
            code: None,
            grant: None,
            why: None,
        }
    }

    /// Says something to somebody with whom a session is open, or looks for another path.
    fn tell_run(&mut self, who: Fingerprint, message: impl Into<ToPeer>) {
        let message = message.into();
        let Some(flow) = self.sessions.talk_with(who) else { return };
        let via = flow.via();
        if flow.kept.keep(message.clone()) {
            self.await_answer(who);
            self.tell(via, message);
        }
    }

    fn runs_with(&self, who: Fingerprint) -> Vec<RunKey> {
        self.runs.by_key.keys().filter(|key| key.with == who).copied().collect()
    }
}

impl Run {
    fn is_opening(&self) -> bool {
        matches!(self.state, State::Opening)
    }
}

/// Whether these words can be a command, and are not too many.
fn is_command(argv: &Argv) -> bool {
    let bytes: usize = argv.iter().map(String::len).sum();
    argv.first().is_some_and(|program| !program.is_empty())
        && argv.len() <= limits::ARGV_WORDS
        && bytes <= limits::ARGV_BYTES
        && argv.iter().all(|word| !word.contains('\0'))
}
