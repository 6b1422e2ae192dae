//! Voice messages: a WAV file with its length and, where a program can hear them, its words.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | – | the file has been read | Hearing; the program starts |
//! | – | the same, without a program | –; `Offer`, and said that there are no words |
//! | Hearing | it ends well, with words | –; `Offer` with them |
//! | Hearing | it ends otherwise, or without words | –; `Offer`, and said why there are none |
//! | Hearing | its time is up | Hearing, killed |

use super::core::Alarm;
use super::file_names::floor_char;
use super::offering::{Draft, Errand};
use super::{Accept, Client};
use crate::proto::id::RunId;
use crate::proto::limits;
use crate::proto::machine::{Pipe, RunAction, RunEnd, RunEvent};
use crate::proto::model::command::Ticket;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::person::Target;
use crate::proto::model::record::Record;
use crate::proto::model::transfer::{Seconds, Transfer, Voice};
use crate::proto::table::Table;
use crate::proto::time::Wall;

/// Stands for the path in the command line of the program that makes transcripts.
const WAV: &str = "{wav}";

/// Voice messages that a program listens to before they are offered.
#[derive(Default)]
pub(super) struct Voices {
    hearing: Table<RunId, Hearing>,
}

struct Hearing {
    ticket: Ticket,
    errand: Errand,
    draft: Draft,
    words: Vec<u8>,
    is_late: bool,
}

impl Voices {
    /// How many are listened to.
    pub fn hearing(&self) -> usize {
        self.hearing.len()
    }

    /// Whether a child process is one that listens.
    pub fn is_hearing(&self, run: RunId) -> bool {
        self.hearing.contains_key(&run)
    }

    /// A verb's time is up; its voice message goes on.
    pub fn forget(&mut self, ticket: Ticket) {
        for hearing in self.hearing.values_mut().filter(|hearing| hearing.ticket == ticket) {
            hearing.ticket = Ticket::NOBODY;
        }
    }
}

impl Client {
    pub(super) fn send_voice(&mut self, ticket: Ticket, to: Target, path: String, until: Stage) {
        self.find_for_file(ticket, to, path, (until, true));
    }

    /// A voice message has been read: what does it say?
    pub(super) fn transcribe(&mut self, ticket: Ticket, errand: Errand, mut draft: Draft) {
        let Some(program) = &self.config.transcriber else {
            draft.why = Some("without a transcript: no program makes them here".into());
            return self.offer_to(ticket, errand, draft);
        };
        let argv = program.iter().map(|word| word.replace(WAV, &draft.path)).collect();
        let run = self.core.run_id();
        let hearing = Hearing { ticket, errand, draft, words: Vec::new(), is_late: false };
        self.voices.hearing.insert(run, hearing);
        self.core.alarm(Alarm::Child(run), limits::TRANSCRIBE_S * 1000, "a slow transcript");
        let start = RunAction::Start { argv, memory_bytes: None, has_our_environment: true };
        self.core.child(run, start);
    }

    /// The program has written something, or ended.
    pub(super) fn on_heard(&mut self, run: RunId, event: RunEvent<'_>) {
        match event {
            RunEvent::Output(Pipe::Stdout, bytes) => {
                let Some(hearing) = self.voices.hearing.get_mut(&run) else { return };
                let room = limits::TRANSCRIPT_BYTES - hearing.words.len();
                hearing.words.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            RunEvent::Output(Pipe::Stderr, _) => {}
            RunEvent::Ended(end) => self.on_transcript(run, end),
        }
    }

    /// A transcript takes too long.
    pub(super) fn on_child_late(&mut self, run: RunId) {
        if let Some(hearing) = self.voices.hearing.get_mut(&run) {
            hearing.is_late = true;
            self.core.child(run, RunAction::Kill);
        }
    }

    fn on_transcript(&mut self, run: RunId, end: RunEnd) {
        let Some(hearing) = self.voices.hearing.remove(&run) else { return };
        self.core.timers.cancel(&Alarm::Child(run));
        let Hearing { ticket, errand, mut draft, words, is_late } = hearing;
        match transcript(end, is_late, &words) {
            Ok(words) => {
                draft.voice = draft.voice.map(|voice| Voice { transcript: Some(words), ..voice });
            }
            Err(why) => draft.why = Some(format!("without a transcript: {why}")),
        }
        self.offer_to(ticket, errand, draft);
    }

    /// Whether a file just offered is a voice message that comes without being taken.
    pub(super) fn is_unasked_voice(&self, row: &Transfer) -> bool {
        row.offer.voice.is_some()
            && row.offer.bytes <= limits::VOICE_UNASKED_BYTES
            && self.people.is_friend(row.with)
            && self.config.accept != Accept::None
    }

    /// The words of a voice message are kept where messages are.
    pub(super) fn keep_transcript(&mut self, row: &Transfer, sent: Wall) {
        let words = row.offer.voice.as_ref().and_then(|voice| voice.transcript.clone());
        if let Some(text) = words {
            let (id, with, is_ours) = (row.id, row.with, row.is_ours);
            self.core.keep(Record::Transcript { id, with, is_ours, text, sent });
        }
    }

    /// A file of theirs is here: if it is spoken, that is said as well.
    pub(super) fn say_voice(&mut self, row: &Transfer) {
        if let (false, Some(voice), Some(path)) = (row.is_ours, &row.offer.voice, &row.path) {
            self.core.event(Event::Voice {
                id: row.id,
                from: self.people.label(row.with),
                path: path.clone(),
                seconds: Seconds(voice.ms),
                transcript: voice.transcript.clone(),
            });
        }
    }
}

/// What the program heard, or why that is not known.
fn transcript(end: RunEnd, is_late: bool, words: &[u8]) -> Result<String, String> {
    if is_late {
        return Err(format!("the program took more than {} s", limits::TRANSCRIBE_S));
    }
    match end {
        RunEnd::Exited(0) => {}
        RunEnd::Exited(code) => return Err(format!("the program ended with code {code}")),
        RunEnd::Killed(signal) => return Err(format!("the program was ended by signal {signal}")),
        RunEnd::Failed(kind) => return Err(format!("the program did not start: {kind}")),
    }
    let heard = String::from_utf8_lossy(words);
    let mut text = heard.split_whitespace().collect::<Vec<&str>>().join(" ");
    text.truncate(floor_char(&text, limits::TRANSCRIPT_BYTES));
    match text.is_empty() {
        true => Err("nothing was understood".into()),
        false => Ok(text),
    }
}
