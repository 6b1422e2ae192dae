//! Commands of the user's own that are run because something happened: one at a time, in order.
//!
//! | state | input | what is done | next |
//! |---|---|---|---|
//! | idle | pushed | it is started | running |
//! | running | pushed | it waits; past the bound it is left out, which is said once | running |
//! | running | an event past the bound | it and all later ones are read from the log | running |
//! | running | it wrote | our standard error has that line by line, up to a bound | running |
//! | running | its time is up | it is killed with its family | late |
//! | running, late | it ended | what is wrong with that is said | the next runs, or idle |

use crate::proto::id::{RunId, Seq};
use crate::proto::limits;
use crate::proto::machine::{Pipe, RunEnd, RunEvent};
use crate::proto::model::event::Event;
use crate::proto::model::refusal::Exit;
use crate::proto::model::run::Argv;
use crate::proto::time::Wall;
use crate::shell::cli::On;
use crate::shell::front::json::JsonLines;
use crate::shell::front::{Failure, fit, safe};
use std::collections::VecDeque;
use std::io::ErrorKind;

/// A command, what it reads, and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hook {
    /// What is told of it begins so: `on message`.
    pub label: String,
    /// The kind of event.
    pub event: &'static str,
    pub argv: Argv,
    pub input: Vec<u8>,
}

/// The hooks there are, those that wait, and the one that runs.
pub(super) struct Hooks {
    /// How long one may take.
    pub seconds: u64,
    /// The program would end, but for them.
    pub is_awaited: bool,
    /// It waits no longer.
    is_over: bool,
    on: Vec<On>,
    json: JsonLines,
    queue: VecDeque<Hook>,
    queue_bytes: usize,
    /// One was left out since the queue was empty.
    is_full: bool,
    /// Durable events after this number have yet to be read from the log.
    behind: Option<Seq>,
    started: u64,
    state: State,
    failures: Vec<Failure>,
}

enum State {
    Idle,
    Running(Running),
}

struct Running {
    id: RunId,
    label: String,
    program: String,
    /// Lines that are not whole yet, of both that it writes to.
    begun: [Vec<u8>; 2],
    /// Bytes that it may still write.
    room: usize,
    is_cut: bool,
    is_late: bool,
}

impl Hooks {
    pub fn new(on: Vec<On>, seconds: u64) -> Hooks {
        Hooks {
            seconds,
            is_awaited: false,
            is_over: false,
            on,
            json: JsonLines::default(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            is_full: false,
            behind: None,
            started: 0,
            state: State::Idle,
            failures: Vec::new(),
        }
    }

    /// Something happened: whatever is to be run for that is pushed. Where there is no room, a
    /// durable event and those after it wait in the log.
    pub fn event(&mut self, seq: Option<Seq>, at: Wall, event: &Event) {
        if self.on.is_empty() || self.is_over || (self.behind.is_some() && seq.is_some()) {
            return;
        }
        match seq {
            Some(seq) if !self.has_room() => self.behind = Some(Seq(seq.0.saturating_sub(1))),
            _ => self.push_for(seq, at, event),
        }
    }

    /// The number after which the log is to be read, now that there is room again.
    pub fn poll_behind(&self) -> Option<Seq> {
        self.behind.filter(|_| self.queue.is_empty() && !self.is_over)
    }

    /// An event of the log, in its turn.
    pub fn event_of_log(&mut self, seq: Seq, at: Wall, event: &Event) {
        self.behind = Some(seq);
        self.push_for(Some(seq), at, event);
    }

    /// That was all there is.
    pub fn end_log(&mut self) {
        self.behind = None;
    }

    fn push_for(&mut self, seq: Option<Seq>, at: Wall, event: &Event) {
        let kind = fit::kind(event);
        let fits = |on: &&On| on.event.is_none_or(|wanted| wanted == kind);
        let wanted: Vec<Argv> = self.on.iter().filter(fits).map(|on| on.argv.clone()).collect();
        for argv in wanted {
            let mut input = Vec::new();
            self.json.event(&mut input, seq, at, event);
            let hook = Hook { label: format!("on {kind}"), event: kind, argv, input };
            // What a page of the log has, and all hooks of one event, go past the bound together.
            match seq {
                Some(_) => self.enqueue(hook),
                None => self.push(hook),
            }
        }
    }

    fn has_room(&self) -> bool {
        self.queue.len() < limits::HOOKS && self.queue_bytes < limits::HOOKS_BYTES
    }

    fn enqueue(&mut self, hook: Hook) {
        self.queue_bytes += hook.input.len();
        self.queue.push_back(hook);
    }

    /// Runs a command as soon as those before it have ended.
    pub fn push(&mut self, hook: Hook) {
        let bytes = self.queue_bytes + hook.input.len();
        if self.queue.len() < limits::HOOKS && bytes <= limits::HOOKS_BYTES {
            self.enqueue(hook);
        } else if !std::mem::replace(&mut self.is_full, true) {
            let waiting = self.queue.len();
            let what = format!("{waiting} commands wait already; no more until they have ended");
            self.fail(&hook.label, &what);
        }
    }

    /// What is to be started now.
    pub fn poll_start(&mut self) -> Option<(RunId, Hook)> {
        let State::Idle = self.state else { return None };
        let Some(hook) = self.queue.pop_front() else {
            self.is_full = false;
            return None;
        };
        self.queue_bytes -= hook.input.len();
        self.started += 1;
        let id = RunId::hook(self.started);
        self.state = State::Running(Running {
            id,
            label: hook.label.clone(),
            program: hook.argv.first().cloned().unwrap_or_default(),
            begun: [Vec::new(), Vec::new()],
            room: limits::HOOK_OUTPUT_BYTES,
            is_cut: false,
            is_late: false,
        });
        Some((id, hook))
    }

    /// Something happened to a child; lines for our standard error go to `errors`.
    pub fn on_child(&mut self, id: RunId, event: RunEvent<'_>, errors: &mut Vec<u8>) {
        let State::Running(running) = &mut self.state else { return };
        if running.id != id {
            return;
        }
        match event {
            RunEvent::Output(pipe, bytes) => running.hear(pipe, bytes, errors),
            RunEvent::Ended(end) => {
                running.hear_last(errors);
                let (label, why) = (running.label.clone(), running.why(end, self.seconds));
                self.state = State::Idle;
                if let Some(why) = why {
                    self.fail(&label, &why);
                }
            }
        }
    }

    /// Its time is up; the one that is to be killed.
    pub fn on_late(&mut self) -> Option<RunId> {
        let State::Running(running) = &mut self.state else { return None };
        running.is_late = true;
        Some(running.id)
    }

    /// Whether a hook runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Whether none runs or waits.
    pub fn is_idle(&self) -> bool {
        !self.is_running() && self.queue.is_empty() && self.behind.is_none()
    }

    /// The program waits no longer for those that there are.
    pub fn give_up(&mut self) {
        let left = self.queue.len() + usize::from(self.is_running());
        let is_behind = self.behind.is_some();
        self.queue.clear();
        (self.state, self.behind) = (State::Idle, None);
        self.is_over = true;
        let left = match (left, is_behind) {
            (0, false) => return,
            (0, true) => "some".to_owned(),
            (left, false) => left.to_string(),
            (left, true) => format!("{left} and more"),
        };
        self.fail("hooks", &format!("{left} had not ended when the program did"));
    }

    /// What went wrong since the last time.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    fn fail(&mut self, label: &str, why: &str) {
        self.failures.push(Failure { exit: Exit::Local, error: format!("{label}: {why}") });
    }
}

impl Running {
    fn hear(&mut self, pipe: Pipe, bytes: &[u8], errors: &mut Vec<u8>) {
        let kept = &bytes[..bytes.len().min(self.room)];
        self.room -= kept.len();
        let begun = &mut self.begun[pipe as usize];
        for part in kept.split_inclusive(|byte| *byte == b'\n') {
            begun.extend_from_slice(part);
            if begun.ends_with(b"\n") || begun.len() >= LINE_BYTES {
                push_line(&self.label, begun, errors);
                begun.clear();
            }
        }
        if kept.len() < bytes.len() && !std::mem::replace(&mut self.is_cut, true) {
            self.hear_last(errors);
            push_line(&self.label, b"[what else it writes is left out]", errors);
        }
    }

    /// Ends of lines come without a line break.
    fn hear_last(&mut self, errors: &mut Vec<u8>) {
        for begun in self.begun.iter_mut().filter(|begun| !begun.is_empty()) {
            push_line(&self.label, begun, errors);
            begun.clear();
        }
    }

    /// What is wrong with an end, if anything is.
    fn why(&self, end: RunEnd, seconds: u64) -> Option<String> {
        let why = match end {
            _ if self.is_late => format!("took more than {seconds} s and was ended"),
            RunEnd::Exited(0) => return None,
            RunEnd::Exited(code) => format!("ended with code {code}"),
            RunEnd::Killed(signal) => format!("was ended by signal {signal}"),
            RunEnd::Failed(ErrorKind::NotFound) => "no such program".to_owned(),
            RunEnd::Failed(kind) => format!("did not start: {kind}"),
        };
        Some(format!("{}: {why}", self.program))
    }
}

fn push_line(label: &str, text: &[u8], errors: &mut Vec<u8>) {
    errors.extend_from_slice(b"hobnob: ");
    errors.extend_from_slice(label.as_bytes());
    errors.extend_from_slice(b": ");
    let text = String::from_utf8_lossy(text);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    safe::push_word(text.strip_suffix('\r').unwrap_or(text), errors);
    errors.push(b'\n');
}

/// A longer line is cut into several.
const LINE_BYTES: usize = 4096;

#[cfg(test)]
mod tests;
