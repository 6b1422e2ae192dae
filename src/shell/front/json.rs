//! JSON lines: one object a line, everything exact, as the contract has it.
//!
//! Lines are written straight into a reused buffer: a burst prints 100,000 receipts a second.

use super::Failure;
use super::verbs::VerbRow;
use crate::proto::id::Seq;
use crate::proto::json;
use crate::proto::model::event::Event;
use crate::proto::model::notice::Row;
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
        let (word, fields) = json::variant(&mut self.scratch, event);
        push_word(out, word);
        if let Some(seq) = seq {
            write(out, format_args!(",\"seq\":{}", seq.0));
        }
        push_moment(&mut self.moment, out, at);
        push_rest(out, fields);
    }

    /// A row of an answer.
    pub fn row(&mut self, out: &mut Vec<u8>, row: &Row) {
        let (word, fields) = json::variant(&mut self.scratch, row);
        push_word(out, word);
        push_rest(out, fields);
    }

    /// A row of a listing that names its own `event`.
    pub fn listed<R: Serialize>(&mut self, out: &mut Vec<u8>, row: &R) {
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
    pub fn trouble(&mut self, out: &mut Vec<u8>, at: Wall, failure: &Failure) {
        let code = failure.exit as u8;
        out.extend_from_slice(b"{\"event\":\"trouble\"");
        push_moment(&mut self.moment, out, at);
        write(out, format_args!(",\"code\":{code},\"error\":"));
        write_value(out, &failure.error);
        out.extend_from_slice(b"}\n");
    }

    /// Text that no verb asked for: `--help`, `--version`.
    pub fn text(&mut self, out: &mut Vec<u8>, text: &str) {
        out.extend_from_slice(b"{\"event\":\"text\",\"text\":");
        write_value(out, text);
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

/// When, behind the kind and the number; the last moment is kept with its text.
fn push_moment(moment: &mut Option<(Wall, String)>, out: &mut Vec<u8>, at: Wall) {
    if moment.as_ref().is_none_or(|(last, _)| *last != at) {
        *moment = Some((at, at.to_string()));
    }
    if let Some((_, text)) = moment {
        out.extend_from_slice(b",\"at\":\"");
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

fn push_word(out: &mut Vec<u8>, word: &[u8]) {
    out.extend_from_slice(b"{\"event\":\"");
    out.extend_from_slice(word);
    out.push(b'"');
}

fn push_rest(out: &mut Vec<u8>, fields: &[u8]) {
    if !fields.is_empty() {
        out.push(b',');
        out.extend_from_slice(fields);
    }
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests;
