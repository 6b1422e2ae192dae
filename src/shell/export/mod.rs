//! An export as JSON lines: a line that says what there is, the rows, and a line with their number,
//! by whose lack one sees that an export was cut off. As it is, or with nobody in it:
//!
//! - [`veil`]: what becomes of each value then
//! - `names`, `patterns`: what gives somebody away, by its name and by its form
//! - `mask`: a text without it; `folded` is how a text reads

mod folded;
mod mask;
mod names;
mod patterns;
pub mod veil;

use crate::proto::bytes::Bytes;
use crate::proto::id::MsgId;
use crate::proto::model::export::{Cell, Class, TABLES, Table, VERSION};
use crate::proto::model::person::Fingerprint;
use crate::proto::time::Wall;
use std::io::Write;
use veil::Veil;

/// Writes the lines of one export.
#[derive(Debug, Default)]
pub struct Export {
    /// Rows of each of [`TABLES`].
    rows: [u64; TABLES.len()],
    veil: Option<Box<Veil>>,
}

impl Export {
    /// With nobody in it. The key is to be random, and is used for nothing else; the names in all
    /// rows are to be learned before the first row is written.
    pub fn anonymised(key: [u8; 32]) -> Export {
        Export { rows: Default::default(), veil: Some(Box::new(Veil::new(key))) }
    }

    /// Learns the names in a row.
    pub fn learn(&mut self, table: &Table, cells: &[Cell<'_>]) {
        if let Some(veil) = &mut self.veil {
            veil.learn(table, cells);
        }
    }

    /// The first line: every table with its fields and what they mean.
    pub fn begin(&self, out: &mut Vec<u8>) {
        write(out, format_args!("{{\"event\":\"schema\",\"version\":{VERSION}"));
        write(out, format_args!(",\"anonymised\":{},\"tables\":", self.veil.is_some()));
        object(out, TABLES.iter(), |out, table| {
            string(out, table.name);
            out.push(b':');
            object(out, table.fields.iter(), |out, field| {
                string(out, field.name);
                out.push(b':');
                string(out, field.help);
            });
        });
        out.extend_from_slice(b"}\n");
    }

    /// A row.
    pub fn row(&mut self, out: &mut Vec<u8>, table: &'static Table, cells: &[Cell<'_>]) {
        let place = TABLES.iter().position(|one| one.name == table.name);
        self.rows[place.expect("every table is one of an export's")] += 1;
        let number: u64 = self.rows.iter().sum();
        out.extend_from_slice(b"{\"event\":");
        string(out, table.name);
        write(out, format_args!(",\"n\":{number}"));
        for (field, cell) in table.fields.iter().zip(cells).filter(|(_, c)| **c != Cell::None) {
            out.push(b',');
            string(out, field.name);
            out.push(b':');
            match &mut self.veil {
                Some(veil) => veil.value(out, field.class, *cell),
                None => value(out, field.class, *cell),
            }
        }
        out.extend_from_slice(b"}\n");
    }

    /// The last line.
    pub fn end(&self, out: &mut Vec<u8>) {
        let number: u64 = self.rows.iter().sum();
        write(out, format_args!("{{\"event\":\"end\",\"rows\":{number},\"tables\":"));
        object(out, TABLES.iter().zip(self.rows), |out, (table, rows)| {
            string(out, table.name);
            write(out, format_args!(":{rows}"));
        });
        out.extend_from_slice(b"}\n");
    }
}

/// A value as it is.
fn value(out: &mut Vec<u8>, class: Class, cell: Cell<'_>) {
    match (class, cell) {
        (Class::Flag, Cell::Number(number)) => write(out, format_args!("{}", number != 0)),
        (Class::Moment, Cell::Number(at)) => write(out, format_args!("\"{}\"", Wall(at))),
        (Class::Span, Cell::Number(ms)) => write(out, format_args!("{}", ms as f64 / 1000.0)),
        (_, Cell::Number(number)) => write(out, format_args!("{number}")),
        (Class::Command, Cell::Text(words)) => out.extend_from_slice(words.as_bytes()),
        (_, Cell::Text(text)) => string(out, text),
        (_, Cell::Bytes(bytes)) => named(out, bytes),
        (_, Cell::Person(_, Some(name))) => string(out, name),
        (_, Cell::Person(key, None)) => write(out, format_args!("\"{key}\"")),
        (_, Cell::Group(_, label)) => string(out, label),
        (_, Cell::None) => out.extend_from_slice(b"null"),
    }
}

/// An id, a fingerprint or a digest, as people and scripts see them elsewhere.
fn named(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Some(id) = Bytes::from_slice(bytes) {
        string(out, &MsgId(id).to_text());
    } else if let Some(key) = Bytes::from_slice(bytes) {
        write(out, format_args!("\"{}\"", Fingerprint(key)));
    } else {
        let digest = Bytes::<32>::from_slice(bytes);
        string(out, &digest.map(Bytes::to_text).unwrap_or_default());
    }
}

fn object<T>(out: &mut Vec<u8>, of: impl Iterator<Item = T>, each: impl Fn(&mut Vec<u8>, T)) {
    let mut open = b'{';
    for one in of {
        out.push(open);
        each(out, one);
        open = b',';
    }
    out.push(b'}');
}

fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text is JSON, and a Vec takes all bytes");
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes all bytes");
}
