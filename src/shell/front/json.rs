//! JSON lines: one object a line, everything exact, as the contract has it.
//!
//! Lines are written straight into a reused buffer: a burst prints 100,000 receipts a second.

use super::Failure;
use super::verbs::VerbRow;
use crate::proto::id::Seq;
use crate::proto::model::event::Event;
use crate::proto::time::Wall;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;

/// Writes JSON lines.
#[derive(Debug, Default)]
pub struct JsonLines {
    scratch: Vec<u8>,
    /// The last moment written, with its text: events of one wake share it.
    moment: Option<(Wall, String)>,
}

impl JsonLines {
    /// An event: its kind, its number if it is durable, when, and the rest.
    pub fn event(&mut self, out: &mut Vec<u8>, seq: Option<Seq>, at: Wall, event: &Event) {
        self.scratch.clear();
        write_value(&mut self.scratch, event);
        // `{"event":"WORD"` comes first, and no WORD has a quote in it.
        let word_end = 1 + find_nth(&self.scratch, b'"', 4);
        out.extend_from_slice(&self.scratch[..word_end]);
        if let Some(seq) = seq {
            write(out, format_args!(",\"seq\":{}", seq.0));
        }
        if self.moment.as_ref().is_none_or(|(last, _)| *last != at) {
            self.moment = Some((at, at.to_string()));
        }
        if let Some((_, text)) = &self.moment {
            out.extend_from_slice(b",\"at\":\"");
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(&self.scratch[word_end..]);
        out.push(b'\n');
    }

    /// A row of an answer; it names its own `event`.
    pub fn row<R: Serialize>(&mut self, out: &mut Vec<u8>, row: &R) {
        write_value(out, row);
        out.push(b'\n');
    }

    /// A verb's end.
    pub fn done(
        &mut self,
        out: &mut Vec<u8>,
        reference: Option<&RawValue>,
        result: Result<(), &Failure>,
    ) {
        out.extend_from_slice(b"{\"event\":\"done\",\"ref\":");
        out.extend_from_slice(reference.map_or("null", RawValue::get).as_bytes());
        match result {
            Ok(()) => out.extend_from_slice(b",\"ok\":true}\n"),
            Err(failure) => {
                let code = failure.exit as u8;
                write(out, format_args!(",\"ok\":false,\"code\":{code},\"error\":"));
                write_value(out, &failure.error);
                out.extend_from_slice(b"}\n");
            }
        }
    }

    /// Something is wrong that nobody asked about.
    pub fn trouble(&mut self, out: &mut Vec<u8>, failure: &Failure) {
        let code = failure.exit as u8;
        write(out, format_args!("{{\"event\":\"trouble\",\"code\":{code},\"error\":"));
        write_value(out, &failure.error);
        out.extend_from_slice(b"}\n");
    }

    /// A verb, as `help` lists it.
    pub fn verb(&mut self, out: &mut Vec<u8>, row: &VerbRow) {
        #[derive(Serialize)]
        struct Line<'a> {
            event: &'a str,
            word: &'a str,
            usage: String,
            help: &'a str,
            aliases: &'a [&'a str],
        }
        let (word, help, aliases) = (row.word, row.help, row.aliases);
        write_value(out, &Line { event: "verb", word, usage: row.usage(), help, aliases });
        out.push(b'\n');
    }
}

fn write_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("our types have text keys, and a Vec takes all bytes");
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes all bytes");
}

/// Where the `n`th `byte` is, counted from 1.
fn find_nth(bytes: &[u8], byte: u8, n: usize) -> usize {
    let mut places = bytes.iter().enumerate().filter(|(_, b)| **b == byte).map(|(i, _)| i);
    places.nth(n - 1).expect("an event begins with its kind")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::id::MsgId;
    use crate::proto::model::event::{Path, SessionState, Stage};
    use crate::proto::model::refusal::Refusal;

    const AT: Wall = Wall(1_795_212_763_120);

    fn line(write: impl FnOnce(&mut JsonLines, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut JsonLines::default(), &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn an_event_has_its_kind_number_and_moment_first() {
        let id = MsgId::after(MsgId::FIRST, Wall(5), [3; 8]);
        let message = Event::Message {
            id,
            from: "bob".to_owned(),
            text: "a \"b\"\u{1B}[2J\n".to_owned(),
            sent: Wall(60_000),
            group: None,
        };
        let id = id.to_text();
        assert_eq!(
            line(|json, out| json.event(out, Some(Seq(7)), AT, &message)),
            format!(
                "{{\"event\":\"message\",\"seq\":7,\"at\":\"{AT}\",\"id\":\"{id}\",\
                 \"from\":\"bob\",\"text\":\"a \\\"b\\\"\\u001b[2J\\n\",\
                 \"sent\":\"1970-01-01T00:01:00.000Z\"}}\n"
            )
        );
        let presence = Event::Presence { name: "bob".to_owned(), online: true, seen: None };
        assert_eq!(
            line(|json, out| json.event(out, None, AT, &presence)),
            format!(
                "{{\"event\":\"presence\",\"at\":\"{AT}\",\"name\":\"bob\",\"online\":true,\
                 \"seen\":null}}\n"
            )
        );
    }

    #[test]
    fn each_event_carries_its_own_moment() {
        let event = Event::Online { server: "here".to_owned() };
        let mut json = JsonLines::default();
        let mut out = Vec::new();
        for at in [1_000, 1_000, 2_000] {
            json.event(&mut out, None, Wall(at), &event);
        }
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert_eq!(text.matches("00:00:01.000Z").count(), 2);
        assert_eq!(text.matches("00:00:02.000Z").count(), 1);
    }

    #[test]
    fn absent_fields_are_left_out_and_words_are_the_contracts() {
        let session = Event::Session {
            with: "bob".to_owned(),
            state: SessionState::Open,
            path: Some(Path::Direct),
            why: None,
        };
        let text = line(|json, out| json.event(out, Some(Seq(1)), AT, &session));
        assert!(text.ends_with("\"with\":\"bob\",\"state\":\"open\",\"path\":\"direct\"}\n"));
        let id = MsgId::FIRST;
        let receipt =
            Event::Receipt { id, to: "bob".to_owned(), state: Stage::Delivered, why: None };
        let text = line(|json, out| json.event(out, Some(Seq(2)), AT, &receipt));
        assert!(text.ends_with("\"to\":\"bob\",\"state\":\"delivered\"}\n"));
    }

    #[test]
    fn done_echoes_the_reference_and_says_why_not() {
        let reference = RawValue::from_string("[7, 1.0]".to_owned()).expect("JSON");
        assert_eq!(
            line(|json, out| json.done(out, Some(&reference), Ok(()))),
            "{\"event\":\"done\",\"ref\":[7, 1.0],\"ok\":true}\n"
        );
        let failure = Failure::from(Refusal::Unknown("dave".to_owned()));
        assert_eq!(
            line(|json, out| json.done(out, None, Err(&failure))),
            "{\"event\":\"done\",\"ref\":null,\"ok\":false,\"code\":1,\
             \"error\":\"dave: no such name, or not visible to you\"}\n"
        );
        assert_eq!(
            line(|json, out| json.trouble(out, &failure)),
            "{\"event\":\"trouble\",\"code\":1,\
             \"error\":\"dave: no such name, or not visible to you\"}\n"
        );
    }
}
