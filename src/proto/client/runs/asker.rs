//! Commands that we ask for.

use super::{Ending, Run, RunKey, State, Texts, is_command};
use crate::proto::client::core::Alarm;
use crate::proto::client::wishes::Wish;
use crate::proto::client::{Client, session_table};
use crate::proto::limits;
use crate::proto::machine::Pipe;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, RunEvent};
use crate::proto::model::notice::Row;
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::{Argv, RunState};
use crate::proto::wire::peer::{RunAnswer, RunAsk, RunEnd, RunOutput};

/// How much of somebody else's reason is repeated.
const WHY_CHARS: usize = 200;

impl Client {
    /// Whether `run` has to ask the server first: everywhere but where a session is open.
    pub(in crate::proto::client) fn run_needs_server(&self, to: &Target) -> bool {
        let who = self.people.find(to).map(|person| person.fingerprint);
        let is_open = who.is_some_and(|who| self.sessions.open_with(who).is_some());
        !is_open
    }

    pub(in crate::proto::client) fn ask_to_run(&mut self, ticket: Ticket, to: Target, argv: Argv) {
        match self.people.find(&to).cloned() {
            Some(person) if self.sessions.open_with(person.fingerprint).is_some() => {
                self.ask_person_to_run(ticket, person, argv, true);
            }
            _ => self.wish(to, Wish::Run { ticket, argv }),
        }
    }

    /// The person is known: asks them in the session there is, or in a quiet one.
    pub(in crate::proto::client) fn ask_person_to_run(
        &mut self,
        ticket: Ticket,
        person: Person,
        argv: Argv,
        is_online: bool,
    ) {
        let who = person.fingerprint;
        if let Some(refusal) = self.why_not_ask(&person, &argv, is_online) {
            return self.core.done(ticket, Err(refusal));
        }
        let key = RunKey { with: who, id: self.new_id(), is_ours: true };
        let is_new = self.sessions.with(who).is_none();
        self.runs.by_key.insert(key, Run { argv, ticket, state: State::Opening });
        if self.sessions.open_with(who).is_some() {
            return self.ask_waiting_runs(who);
        }
        let wait = limits::QUIET_ASK_MS + limits::LINKING_MS;
        self.core.alarm(Alarm::Run(key), wait, "no session for a command");
        if is_new {
            self.ask_quietly(who);
        }
    }

    /// A session has opened: what waits for one is asked in it.
    pub(in crate::proto::client) fn ask_waiting_runs(&mut self, who: Fingerprint) {
        for key in self.runs_with(who) {
            if !self.runs.by_key.get(&key).is_some_and(Run::is_opening) {
                continue;
            }
            let Some(mut run) = self.runs.by_key.remove(&key) else { continue };
            run.state = State::Asked;
            self.tell_run(who, RunAsk { run: key.id, argv: run.argv.clone() });
            // They give up first, so that they can say so.
            let wait = limits::RUN_ASK_MS + limits::VERB_MS;
            self.core.alarm(Alarm::Run(key), wait, "a command unanswered");
            let to = self.people.label(who);
            self.core.row(run.ticket, Row::Queued { id: key.id, to, members: None });
            self.begin_run(key, run);
        }
    }

    pub(in crate::proto::client) fn on_run_answer(&mut self, from: Fingerprint, answer: RunAnswer) {
        let key = RunKey { with: from, id: answer.run, is_ours: true };
        let Some(run) = self.runs.by_key.get_mut(&key) else { return };
        if !matches!(run.state, State::Asked) {
            return;
        }
        if !answer.is_allowed {
            return self.end_run(key, Ending::Denied);
        }
        run.state = State::Away(Texts::default());
        let argv = run.argv.clone();
        self.core.timers.cancel(&Alarm::Run(key));
        self.say_run(key, &argv, RunState::Allowed);
    }

    pub(in crate::proto::client) fn on_run_output(&mut self, from: Fingerprint, output: RunOutput) {
        let key = RunKey { with: from, id: output.run, is_ours: true };
        let Some(Run { state: State::Away(texts), .. }) = self.runs.by_key.get_mut(&key) else {
            return;
        };
        let text = texts.add(output.pipe, &output.bytes.0);
        self.say_output(key, output.pipe, text);
    }

    pub(in crate::proto::client) fn on_run_end(&mut self, from: Fingerprint, end: RunEnd) {
        let key = RunKey { with: from, id: end.run, is_ours: true };
        let Some(run) = self.runs.by_key.get_mut(&key) else { return };
        let mut ending = Ending::Failed(end.why.chars().take(WHY_CHARS).collect());
        match (&mut run.state, end.code) {
            (State::Opening, _) => return,
            (State::Away(texts), code) => {
                let left = [Pipe::Stdout, Pipe::Stderr].map(|pipe| (pipe, texts.rest(pipe)));
                for (pipe, text) in left {
                    self.say_output(key, pipe, text);
                }
                if let Some(code) = code {
                    ending = Ending::Exited(code);
                }
            }
            (State::Asked | State::Here(_), _) => {}
        }
        self.end_run(key, ending);
    }

    fn why_not_ask(&self, person: &Person, argv: &Argv, is_online: bool) -> Option<Refusal> {
        let who = person.fingerprint;
        let label = person.label();
        if let Some(refusal) = self.may_write_to(who) {
            return Some(refusal);
        }
        if !is_command(argv) {
            return Some(Refusal::RunFailed(label, "that is no command line, or too long".into()));
        }
        if self.runs.count(|key| key.is_ours) >= limits::RUNS {
            return Some(Refusal::Busy("commands"));
        }
        let is_friend = self.people.is_friend(who);
        let session = self.sessions.with(who).and_then(|id| self.sessions.at(id));
        match session.map(|session| &session.state) {
            Some(session_table::State::Open(_)) => None,
            Some(
                session_table::State::Asked
                | session_table::State::Knocking
                | session_table::State::Linking(_),
            ) => None,
            Some(
                session_table::State::Offered(_)
                | session_table::State::Knocked(_)
                | session_table::State::Closing(_),
            ) => Some(Refusal::NoSession(label)),
            None if !is_friend => Some(Refusal::NoSession(label)),
            None if !is_online => Some(Refusal::Away(label)),
            None if self.sessions.is_full() => Some(Refusal::Busy("sessions")),
            None => None,
        }
    }

    fn say_output(&mut self, key: RunKey, pipe: Pipe, text: String) {
        let Some(run) = self.runs.by_key.get(&key).filter(|_| !text.is_empty()) else { return };
        let event = self.run_event(key, &run.argv, RunState::Output);
        let (stream, text) = (Some(pipe), Some(text));
        self.core.event(Event::Run(Box::new(RunEvent { stream, text, ..event })));
    }
}

impl Texts {
    /// What can be read now of what was written.
    fn add(&mut self, pipe: Pipe, bytes: &[u8]) -> String {
        let mut all = self.cut.remove(&pipe).unwrap_or_default();
        all.extend_from_slice(bytes);
        let whole = whole_letters(&all);
        if whole < all.len() {
            self.cut.insert(pipe, all.split_off(whole));
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// What is left of a letter that never became whole.
    fn rest(&mut self, pipe: Pipe) -> String {
        let cut = self.cut.remove(&pipe).unwrap_or_default();
        String::from_utf8_lossy(&cut).into_owned()
    }
}

/// How many of the bytes do not belong to a letter that may go on behind them.
fn whole_letters(bytes: &[u8]) -> usize {
    let first = bytes.len().saturating_sub(3);
    let at = (first..bytes.len()).rev().find(|at| bytes[*at] & 0xC0 != 0x80);
    let is_cut = |at: &usize| {
        std::str::from_utf8(&bytes[*at..]).is_err_and(|error| error.error_len().is_none())
    };
    at.filter(is_cut).unwrap_or(bytes.len())
}
