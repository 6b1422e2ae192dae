//! A terminal for tests: what was written to it, as a person would see it.

use std::num::NonZero;

/// A terminal with so many columns and rows.
pub(super) struct Terminal(vt100::Parser);

impl Terminal {
    pub fn new(columns: u16, rows: u16) -> Terminal {
        Terminal(vt100::Parser::new(size(rows), size(columns), 1000))
    }

    /// Writes to it, line breaks as a kernel's terminal makes them.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.0.process(b"\r\n"),
                byte => self.0.process(&[*byte]),
            }
        }
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.0.screen_mut().set_size(size(rows), size(columns));
    }

    /// Its rows down to the last with anything in it, and a `|` where the cursor is.
    pub fn shown(&self) -> Vec<String> {
        let screen = self.0.screen();
        let (row, column) = screen.cursor_position();
        let columns = screen.size().1.get();
        let mut rows: Vec<String> = screen.rows(0, columns).collect();
        let mut line: String = screen.rows(0, column).nth(row.into()).unwrap_or_default();
        let rest: String =
            screen.rows(column, columns - column).nth(row.into()).unwrap_or_default();
        let filled = line.chars().count();
        let blanks = usize::from(column).saturating_sub(filled + wide(&line));
        line.extend(std::iter::repeat_n(' ', blanks));
        rows[usize::from(row)] = [&line, "|", rest.trim_end()].concat();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }
}

fn size(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has room")
}

/// Columns more than letters.
fn wide(line: &str) -> usize {
    super::clusters::width(line).saturating_sub(line.chars().count())
}
