//! A verb for a hobnob that is running already: it goes over the profile's control socket, and the
//! answer comes back as JSON lines.

use super::plan::{Aim, Plan};
use super::program::stdout_failed;
use super::raw::Raw;
use crate::proto::id::Seq;
use crate::proto::model::command::Verb;
use crate::proto::model::conversation::Conversation;
use crate::proto::model::event::{Event, SessionState, Stage as Until};
use crate::proto::model::notice::Row;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Exit;
use crate::shell::cli::ClientOptions;
use crate::shell::front::answers::{self, Answer};
use crate::shell::front::input::{BadLine, LineBuffer};
use crate::shell::front::printer::Printer;
use crate::shell::front::progress::Progress;
use crate::shell::front::{Failure, Request};
use crate::shell::reactor::connect_control;
use crate::shell::stdout::Stdout;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::Serialize;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// What came of speaking to the running hobnob.
pub(super) enum Spoken {
    /// It answered.
    Ended(Exit),
    /// It is not there, or not yet, or it left before it did anything.
    NobodyThere,
    /// It left, and what happens is still to be shown: from here on.
    Left { last: Option<Seq> },
}

/// Asks the running hobnob, and prints what it answers.
pub(super) fn speak(
    options: &ClientOptions,
    plan: &Plan,
    control: &Path,
) -> Result<Spoken, Failure> {
    let stream = match connect_control(control) {
        Ok(stream) => stream,
        Err(why) => {
            log::debug!("{}: {why}", control.display());
            return Ok(Spoken::NobodyThere);
        }
    };
    let mut printer = plan.printer();
    if options.until > Until::Queued {
        printer.skip_queued();
    }
    let mut remote = Remote {
        stream,
        answers: LineBuffer::default(),
        input: LineBuffer::default(),
        stdout: Stdout::default(),
        printer,
        raw: match &plan.aim {
            Aim::Verb(Request::Ask(Verb::Run { .. })) => Some(Raw::new()),
            Aim::Lines { .. } | Aim::Listen | Aim::Verb(_) | Aim::Chat(_) => None,
        },
        progress: plan.style.terminal.then(Progress::default),
        is_export: matches!(plan.aim, Aim::Verb(Request::Export { .. })),
        wait: options.until.word(),
        timeout_ms: options.timeout_ms,
        stage: Stage::Asked,
        heard: false,
        last: None,
        patience: patience(options, &plan.aim),
    };
    let (is_chat, named) = match &plan.aim {
        Aim::Chat(Request::Ask(Verb::Chat(Target::Name(name)))) => {
            (true, Some(Conversation::Person(name.to_string())))
        }
        Aim::Chat(_) => (true, None),
        Aim::Lines { .. } | Aim::Listen | Aim::Verb(_) => (false, None),
    };
    if is_chat {
        remote.stage = Stage::Calling { partner: named, is_session: true };
        remote.ask("listen", &[])?;
    }
    // A host's name was looked up here, so that the running one need not wait for that.
    let words = match &plan.aim {
        Aim::Chat(Request::Ask(Verb::Chat(target @ Target::Endpoint(_)))) => {
            vec!["chat".to_owned(), target.to_string()]
        }
        // It may go on where another one left.
        Aim::Verb(Request::Events { since: Some(since), follow: true }) => {
            let since = since.to_string();
            vec!["events".to_owned(), "--since".to_owned(), since, "--follow".to_owned()]
        }
        Aim::Chat(_) | Aim::Lines { .. } | Aim::Listen | Aim::Verb(_) => options.words.clone(),
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some((verb, args)) = words.split_first() {
        remote.ask(verb, args)?;
    }
    remote.converse()
}

/// How much longer than its own time-out an answer may take.
const GRACE: Duration = Duration::from_secs(5);
const CHUNK_BYTES: usize = 16 * 1024;
/// How the line begins that ends an answer.
const DONE: &str = "{\"event\":\"done\"";

struct Remote {
    stream: UnixStream,
    answers: LineBuffer,
    input: LineBuffer,
    stdout: Stdout,
    printer: Printer,
    /// Where the output of the one command goes that was asked for.
    raw: Option<Raw>,
    progress: Option<Progress>,
    /// Its rows are JSON, whatever the style, and it lasts as long as it has to.
    is_export: bool,
    wait: &'static str,
    timeout_ms: u64,
    stage: Stage,
    /// It has answered something.
    heard: bool,
    /// The last event of the log that was shown.
    last: Option<Seq>,
    /// When an answer is overdue; never for a verb that lasts.
    patience: Option<Instant>,
}

/// How far a verb has come.
enum Stage {
    /// The verb's end is the end.
    Asked,
    /// A session was asked for, or where else lines can go; what came of that.
    Calling { partner: Option<Conversation>, is_session: bool },
    /// Lines of standard input go to the partner; of a session, while it is open.
    Talking {
        partner: Conversation,
        is_session: bool,
        unanswered: usize,
        input_ended: bool,
        worst: Option<Exit>,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    cmd: &'a str,
    args: &'a [&'a str],
    timeout: f64,
    wait: &'a str,
}

impl Remote {
    fn ask(&mut self, verb: &str, args: &[&str]) -> Result<(), Failure> {
        let timeout = self.timeout_ms as f64 / 1000.0;
        let line = Line { cmd: verb, args, timeout, wait: self.wait };
        let mut bytes = serde_json::to_vec(&line).expect("words are text, and so JSON");
        bytes.push(b'\n');
        match self.stream.write_all(&bytes) {
            // It is leaving; what it still said is read before its end is.
            Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|why| gone(&why.to_string())),
        }
    }

    fn converse(&mut self) -> Result<Spoken, Failure> {
        loop {
            let ended = self.take_answers();
            self.flush(ended.is_some());
            self.stdout.outcome().map_err(|why| stdout_failed(&why))?;
            if let Some(exit) = ended {
                return Ok(Spoken::Ended(exit));
            }
            if self.stdout.has_ended() {
                return Ok(Spoken::Ended(Exit::Done));
            }
            if let Some(exit) = self.take_input()? {
                return Ok(Spoken::Ended(exit));
            }
            if !self.read_more()? {
                return match (&self.stage, self.patience, self.heard) {
                    (Stage::Asked, Some(_), false) => Ok(Spoken::NobodyThere),
                    (Stage::Asked, None, false) if self.is_export => Ok(Spoken::NobodyThere),
                    (Stage::Asked, None, _) if !self.is_export => {
                        Ok(Spoken::Left { last: self.last })
                    }
                    _ => Err(gone("it left")),
                };
            }
        }
    }

    /// Waits, and reads what is there; `false` when the running hobnob has gone.
    fn read_more(&mut self) -> Result<bool, Failure> {
        let left = match self.patience {
            Some(at) if at <= Instant::now() => return Err(gone("no answer in time")),
            Some(at) => Some(at - Instant::now()),
            None => None,
        };
        let left = left.map(|left| Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: i64::from(left.subsec_nanos()),
        });
        let stdin = rustix::stdio::stdin();
        let reads_input = matches!(&self.stage, Stage::Talking { input_ended: false, .. });
        let mut fds = vec![PollFd::new(&self.stream, PollFlags::IN)];
        if reads_input {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => return Err(gone(&why.to_string())),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut chunk = [0; CHUNK_BYTES];
        if ready.get(1) == Some(&true) {
            let read = rustix::io::read(stdin, &mut chunk).unwrap_or(0);
            self.input.push(&chunk[..read]);
            if let (0, Stage::Talking { input_ended, .. }) = (read, &mut self.stage) {
                *input_ended = true;
                self.input.end();
            }
        }
        if ready[0] {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(false),
                Ok(read) => self.answers.push(&chunk[..read]),
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) if why.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(why) => return Err(gone(&why.to_string())),
            }
        }
        Ok(true)
    }

    /// Prints what has been answered; the exit code, once all has been.
    fn take_answers(&mut self) -> Option<Exit> {
        loop {
            let line = match self.answers.next_line() {
                None => return None,
                Some(Ok(line)) => line.to_owned(),
                Some(Err(BadLine::TooLong | BadLine::NotText)) => continue,
            };
            self.heard = true;
            let is_row = self.is_export && !line.starts_with(DONE);
            let answer = if is_row { None } else { answers::parse(&line) };
            if is_row || self.printer.style().json {
                self.stdout.lines.extend_from_slice(line.as_bytes());
                self.stdout.lines.push(b'\n');
            } else if let Some(answer) = &answer {
                self.show(answer);
            }
            let exit = match answer {
                Some(Answer::Done(result)) => self.on_done(result),
                Some(Answer::Event(seq, _, event)) => {
                    self.last = seq.or(self.last);
                    self.on_event(&event)
                }
                Some(Answer::Row(Row::To { person, group })) => self.on_to(person, group),
                Some(
                    Answer::Row(_) | Answer::Entry(_) | Answer::Outbox(_) | Answer::Setting(_),
                )
                | None => None,
            };
            if exit.is_some() {
                return exit;
            }
        }
    }

    fn flush(&mut self, has_ended: bool) {
        if let Some(progress) = &mut self.progress {
            if has_ended {
                progress.end();
            }
            progress.wrap(&mut self.stdout.lines);
        }
        self.stdout.flush();
    }

    fn show(&mut self, answer: &Answer) {
        if let (Some(progress), Answer::Event(_, at, event)) = (&mut self.progress, answer) {
            progress.follow(*at, event);
        }
        if let (Some(raw), Answer::Event(_, _, Event::Run(run))) = (self.raw, answer) {
            return raw.write(run, &mut self.stdout);
        }
        let out = &mut self.stdout.lines;
        match answer {
            Answer::Event(seq, at, event) => self.printer.event(out, *seq, *at, event),
            Answer::Row(row) => self.printer.row(out, row),
            Answer::Entry(entry) => self.printer.entry(out, entry),
            Answer::Outbox(row) => self.printer.outbox(out, row),
            Answer::Setting(row) => self.printer.setting(out, row),
            Answer::Done(_) => {}
        }
    }

    fn on_done(&mut self, result: Result<(), Failure>) -> Option<Exit> {
        let exit = result.as_ref().err().map_or(Exit::Done, |failure| failure.exit);
        if let Err(failure) = &result {
            super::diagnose(failure);
        }
        match &mut self.stage {
            Stage::Asked => return Some(exit),
            Stage::Calling { partner, is_session } => {
                let (Ok(()), Some(partner)) = (result, partner.take()) else {
                    return Some(exit);
                };
                let (is_session, unanswered, input_ended, worst) = (*is_session, 0, false, None);
                self.patience = None;
                self.stage = Stage::Talking { partner, is_session, unanswered, input_ended, worst };
            }
            Stage::Talking { unanswered, worst, .. } => {
                *unanswered = unanswered.saturating_sub(1);
                if exit != Exit::Done {
                    worst.get_or_insert(exit);
                }
            }
        }
        None
    }

    /// Lines are to go where no session is needed.
    fn on_to(&mut self, person: Option<String>, group: Option<String>) -> Option<Exit> {
        if let Stage::Calling { partner, is_session } = &mut self.stage {
            *partner = person.map(Conversation::Person).or(group.map(Conversation::Group));
            *is_session = false;
        }
        None
    }

    /// Follows the session that was asked for.
    fn on_event(&mut self, event: &Event) -> Option<Exit> {
        let Event::Session { with, state, .. } = event else { return None };
        match (&mut self.stage, state) {
            (Stage::Calling { partner: partner @ None, .. }, SessionState::Open) => {
                *partner = Some(Conversation::Person(with.clone()));
            }
            (
                Stage::Talking { partner, is_session: true, unanswered, worst, .. },
                SessionState::Closed,
            ) if partner.label() == with => {
                let unsaid = (*unanswered > 0).then_some(Exit::Time);
                return Some(worst.or(unsaid).unwrap_or(Exit::Done));
            }
            _ => {}
        }
        None
    }

    /// Sends on the lines of standard input; at their end, once all are answered, that was it. The
    /// session stays: it is the running hobnob's, and `close` ends it.
    fn take_input(&mut self) -> Result<Option<Exit>, Failure> {
        loop {
            let Stage::Talking { partner, unanswered, input_ended, worst, .. } = &mut self.stage
            else {
                return Ok(None);
            };
            let text = match self.input.next_line() {
                Some(Ok(line)) => line.strip_suffix('\r').unwrap_or(line).to_owned(),
                Some(Err(_)) => {
                    worst.get_or_insert(Exit::No);
                    continue;
                }
                None if *input_ended && *unanswered == 0 => {
                    return Ok(Some(worst.unwrap_or(Exit::Done)));
                }
                None => return Ok(None),
            };
            if !text.is_empty() {
                *unanswered += 1;
                match partner.clone() {
                    Conversation::Person(label) => self.ask("msg", &[&label, &text])?,
                    Conversation::Group(label) => self.ask("group say", &[&label, &text])?,
                }
            }
        }
    }
}

/// When an answer is overdue.
fn patience(options: &ClientOptions, aim: &Aim) -> Option<Instant> {
    match aim {
        Aim::Listen | Aim::Verb(Request::Events { follow: true, .. } | Request::Export { .. }) => {
            None
        }
        Aim::Lines { .. } | Aim::Verb(_) | Aim::Chat(_) => {
            Instant::now().checked_add(Duration::from_millis(options.timeout_ms) + GRACE)
        }
    }
}

/// There is nothing to clean up while another one does the work: a signal to end is a good end,
/// for as long as what comes back is true.
pub(super) fn end_well_on_signals() -> Arc<AtomicBool> {
    let at_once = Arc::new(AtomicBool::new(true));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        let set = signal_hook::flag::register_conditional_shutdown(signal, 0, at_once.clone());
        if let Err(why) = set {
            log::debug!("signal {signal}: {why}");
        }
    }
    at_once
}

fn gone(why: &str) -> Failure {
    let error = format!("the hobnob that runs with this profile: {why}");
    Failure { exit: Exit::Unreachable, error }
}
