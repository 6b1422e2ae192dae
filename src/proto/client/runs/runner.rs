//! Commands that somebody else asks for, and that run here once they may.

use super::{Child, Ending, Run, RunKey, Runs, State, is_command};
use crate::proto::bytes::Blob;
use crate::proto::client::Client;
use crate::proto::client::core::Alarm;
use crate::proto::id::{MsgId, RunId};
use crate::proto::limits;
use crate::proto::machine::{self, Pipe, RunAction, StreamAction};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, RunEvent};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::run::RunState;
use crate::proto::wire::peer::{RunAnswer, RunAsk, RunCancel, RunEnd, RunOutput};
use std::io::ErrorKind;

impl Client {
    pub(in crate::proto::client) fn on_run_ask(&mut self, from: Fingerprint, ask: RunAsk) {
        let key = RunKey { with: from, id: ask.run, is_ours: false };
        let is_open = self.sessions.open_with(from).is_some();
        if !is_open || self.people.is_blocked(from) || self.runs.by_key.contains_key(&key) {
            return;
        }
        if let Err(why) = self.runs.may_be_asked(key, &ask) {
            let why = why.to_owned();
            return self.tell_run(from, RunEnd { run: ask.run, code: None, why });
        }
        self.runs.note_ask(key);
        let run = Run { argv: ask.argv, ticket: Ticket::NOBODY, state: State::Asked };
        let grant = self.grant_for(from, &run);
        self.begin_run(key, run);
        match grant {
            Some(_) => self.start_run(key, grant),
            None => self.core.alarm(Alarm::Run(key), limits::RUN_ASK_MS, "a command to answer"),
        }
    }

    /// `allow` and `deny`. What is allowed must be named as exactly as it was shown: of fewer
    /// letters somebody else may make an id that begins so.
    pub(in crate::proto::client) fn answer_run(
        &mut self,
        ticket: Ticket,
        id: &str,
        is_allowed: bool,
    ) {
        let is_asked = |key: &RunKey, run: &Run| !key.is_ours && matches!(run.state, State::Asked);
        let result = match self.runs.pick(id, is_asked) {
            Ok(_) if is_allowed && id.len() < MsgId::SHORT_CHARS => {
                Err(Refusal::NoRun(id.to_owned()))
            }
            Ok(key) if is_allowed => {
                self.start_run(key, None);
                Ok(())
            }
            Ok(key) => {
                self.deny_run(key);
                Ok(())
            }
            Err(why) => Err(why),
        };
        self.core.done(ticket, result);
    }

    /// Somebody asks who may send letters here and nothing else.
    pub(in crate::proto::client) fn deny_unseen(&mut self, from: Fingerprint, ask: RunAsk) {
        self.tell_run(from, RunAnswer { run: ask.run, is_allowed: false });
    }

    pub(super) fn deny_run(&mut self, key: RunKey) {
        self.tell_run(key.with, RunAnswer { run: key.id, is_allowed: false });
        self.end_run(key, Ending::Denied);
    }

    /// The asker wants it no more.
    pub(in crate::proto::client) fn on_run_cancel(&mut self, from: Fingerprint, cancel: RunCancel) {
        let key = RunKey { with: from, id: cancel.run, is_ours: false };
        self.end_run(key, Ending::Failed("they took it back".to_owned()));
    }

    /// Something happened to a child process; one that was killed is heard no more.
    pub(in crate::proto::client) fn on_child(&mut self, run: RunId, event: machine::RunEvent<'_>) {
        let Some(key) = self.runs.by_child.get(&run).copied() else { return };
        match event {
            machine::RunEvent::Output(pipe, bytes) => self.on_child_output(key, pipe, bytes),
            machine::RunEvent::Ended(end) => {
                self.runs.by_child.remove(&run);
                self.on_child_end(key, end);
            }
        }
    }

    fn on_child_output(&mut self, key: RunKey, pipe: Pipe, bytes: &[u8]) {
        let most = self.config.run_limits.output_bytes;
        let carrier = self.sessions.open_with(key.with);
        let carrier = carrier.and_then(|via| via.conn(self.uplink.conn()));
        let Some(Run { state: State::Here(child), .. }) = self.runs.by_key.get_mut(&key) else {
            return;
        };
        let room = usize::try_from(most - child.bytes).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        child.bytes += kept.len() as u64;
        child.ahead_bytes += kept.len();
        if child.ahead_bytes > limits::STREAM_AHEAD_BYTES
            && !std::mem::replace(&mut child.is_paused, true)
        {
            self.core.child(child.run, RunAction::Pause);
            if let Some(conn) = carrier {
                self.core.stream(conn, StreamAction::Watch);
            }
        }
        for part in kept.chunks(limits::RUN_CHUNK_BYTES) {
            let bytes = Blob(part.to_vec());
            self.tell_run(key.with, RunOutput { run: key.id, pipe, bytes });
        }
        if kept.len() < bytes.len() {
            self.stop_run(key, &format!("it wrote more than {most} bytes"));
        }
    }

    fn on_child_end(&mut self, key: RunKey, end: machine::RunEnd) {
        let (code, why) = match end {
            machine::RunEnd::Exited(code) => (Some(code), String::new()),
            machine::RunEnd::Killed(signal) => (None, format!("it was ended by signal {signal}")),
            machine::RunEnd::Failed(kind) => (None, why_not_begun(kind)),
        };
        self.tell_run(key.with, RunEnd { run: key.id, code, why: why.clone() });
        self.end_run(key, code.map_or(Ending::Failed(why), Ending::Exited));
    }

    /// It may run: it does, and the asker is told.
    fn start_run(&mut self, key: RunKey, grant: Option<MsgId>) {
        let child = self.core.run_id();
        let Some(run) = self.runs.by_key.get_mut(&key) else { return };
        let (bytes, ahead_bytes, is_paused) = (0, 0, false);
        run.state = State::Here(Child { run: child, grant, bytes, ahead_bytes, is_paused });
        let argv = run.argv.clone();
        self.runs.by_child.insert(child, key);
        let limits = self.config.run_limits;
        let wait = limits.seconds.saturating_mul(1_000);
        self.core.alarm(Alarm::Run(key), wait, "a command that runs");
        let event = self.run_event(key, &argv, RunState::Allowed);
        self.core.event(Event::Run(Box::new(RunEvent { grant, ..event })));
        self.tell_run(key.with, RunAnswer { run: key.id, is_allowed: true });
        let memory_bytes = Some(limits.memory_bytes);
        let start = RunAction::Start { argv, memory_bytes, has_our_environment: false };
        self.core.child(child, start);
    }
}

impl Runs {
    /// Why an ask is not even shown.
    fn may_be_asked(&self, key: RunKey, ask: &RunAsk) -> Result<(), &'static str> {
        if !is_command(&ask.argv) {
            return Err("that is no command line, or too long");
        }
        let is_theirs = |other: &RunKey| !other.is_ours && other.with == key.with;
        if self.count(|other| !other.is_ours) >= limits::RUNS
            || self.count(is_theirs) >= limits::RUNS_PAIR
        {
            return Err("too many commands at once");
        }
        let is_replay = self.marks.get(&key.with).is_some_and(|mark| key.id <= *mark);
        if is_replay || self.shown.contains(&key.id.short()) {
            return Err("asked for before");
        }
        Ok(())
    }

    fn note_ask(&mut self, key: RunKey) {
        self.marks.insert(key.with, key.id);
        if self.shown.len() >= limits::RUN_NAMES {
            self.shown.pop_front();
        }
        self.shown.push_back(key.id.short());
    }
}

fn why_not_begun(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::NotFound => "no such command there".to_owned(),
        ErrorKind::InvalidData => "it is no program".to_owned(),
        ErrorKind::QuotaExceeded => "too much runs there".to_owned(),
        kind => kind.to_string(),
    }
}
