//! The bottom of a terminal: how far files are, the line being typed, its hint. What arrives is
//! printed above, into the terminal's own scrollback, and is never drawn again.
//!
//! Only what changes is written: a letter at the end of the line is that letter. Where the bottom
//! begins the terminal is never asked; the screen counts rows from there.

use super::layout::{self, Place, Row, View};

/// What stands at the bottom, and where in it the cursor is.
#[derive(Debug)]
pub struct Screen {
    columns: usize,
    rows: usize,
    drawn: Vec<Row>,
    /// A column as large as the width: the last is written, and the next letter wraps.
    cursor: Place,
    /// The first row shown of a line that is too tall.
    top: usize,
}

/// What a terminal that does not know its size is taken for.
const COLUMNS: usize = 80;
const ROWS: usize = 24;
/// Below so many rows there is room for the line only.
const ROWS_FEW: usize = 4;

const ERASE_RIGHT: &str = "\x1B[K";
const ERASE_DOWN: &str = "\x1B[J";
const CLEAR: &str = "\x1B[H\x1B[2J";
const DIM: &str = "\x1B[2m";
const PLAIN: &str = "\x1B[m";

impl Screen {
    /// A terminal of this size, on which nothing stands yet.
    pub fn new(columns: usize, rows: usize) -> Screen {
        let mut screen = Screen { columns, rows, drawn: Vec::new(), cursor: (0, 0), top: 0 };
        screen.measure(columns, rows);
        screen
    }

    fn measure(&mut self, columns: usize, rows: usize) {
        self.columns = if columns == 0 { COLUMNS } else { columns.max(2) };
        self.rows = if rows == 0 { ROWS } else { rows };
    }

    /// The columns that it has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Another size. Terminals that keep lines whole have cut the bottom anew, so that it begins
    /// elsewhere; from others a row too much is taken when it was longer than the new width.
    pub fn resize(&mut self, columns: usize, rows: usize, out: &mut Vec<u8>) {
        let before = self.columns;
        self.measure(columns, rows);
        if self.columns == before || self.drawn.is_empty() {
            return;
        }
        let mut up = 0;
        let mut line = 0;
        for row in &self.drawn[..self.cursor.0] {
            line += row.columns;
            if !row.is_wrapped {
                up += line.saturating_sub(1) / self.columns + 1;
                line = 0;
            }
        }
        up += (line + self.cursor.1.min(before - 1)) / self.columns;
        self.cursor = (up, 1);
        self.erase(out);
    }

    /// Puts lines, each with its line break, above the bottom, which is to be drawn after them.
    pub fn print(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        self.erase(out);
        out.extend_from_slice(lines);
        if !lines.ends_with(b"\n") {
            out.push(b'\n');
        }
    }

    /// Takes the bottom away.
    pub fn erase(&mut self, out: &mut Vec<u8>) {
        if !self.drawn.is_empty() {
            self.go((0, 0), out);
            push(out, ERASE_DOWN);
        }
        self.forget();
    }

    /// Takes everything away.
    pub fn clear(&mut self, out: &mut Vec<u8>) {
        push(out, CLEAR);
        self.forget();
    }

    /// The bottom is gone: the cursor is where a line begins.
    pub fn forget(&mut self) {
        self.drawn.clear();
        self.cursor = (0, 0);
    }

    /// Leaves the whole line in the scrollback; the cursor goes below it.
    pub fn enter(&mut self, prompt: &str, text: &str, out: &mut Vec<u8>) {
        let (mut rows, (row, _)) =
            layout::rows(View { prompt, text, at: text.len(), ..View::default() }, self.columns);
        // The row that would have the cursor behind a full one.
        if row > 0 && rows[row].cells.is_empty() {
            rows.pop();
        }
        let last = rows.len() - 1;
        let end = (last, rows[last].columns);
        self.change(rows, end, out);
        push(out, "\r\n");
        self.forget();
        self.top = 0;
    }

    /// Makes the bottom what it is to be.
    pub fn draw(&mut self, view: View<'_>, out: &mut Vec<u8>) {
        let (mut rows, mut cursor) = layout::rows(view, self.columns);
        let room = (self.rows / 2).max(1);
        self.top = match rows.len() > room {
            true => self.top.clamp((cursor.0 + 1).saturating_sub(room), cursor.0),
            false => 0,
        };
        rows.drain(..self.top);
        rows.truncate(room);
        cursor.0 -= self.top;
        if let Some(last) = rows.last_mut() {
            last.is_wrapped = false;
        }
        if self.rows >= ROWS_FEW {
            if !view.progress.is_empty() {
                rows.insert(0, layout::cut(view.progress, self.columns));
                cursor.0 += 1;
            }
            if !view.hint.is_empty() {
                rows.push(Row { is_dim: true, ..layout::cut(view.hint, self.columns) });
            }
        }
        self.change(rows, cursor, out);
    }

    fn change(&mut self, rows: Vec<Row>, cursor: Place, out: &mut Vec<u8>) {
        for (at, row) in rows.iter().enumerate() {
            let above = at.checked_sub(1).map(|above| &rows[above]);
            self.change_row(at, row, above, out);
        }
        if self.drawn.len() > rows.len() {
            self.go((rows.len(), 0), out);
            push(out, ERASE_DOWN);
        }
        self.drawn = rows;
        self.go(cursor, out);
    }

    /// Makes one row what it is to be.
    fn change_row(&mut self, at: usize, row: &Row, above: Option<&Row>, out: &mut Vec<u8>) {
        let old = self.drawn.get(at);
        let (cells, bytes, columns) = old.map_or((0, 0, 0), |old| row.common(old));
        let old_columns = old.map_or(0, |old| old.columns);
        let is_new = old.is_none();
        if !is_new && cells == row.cells.len() && old_columns == row.columns {
            return;
        }
        // Behind the end of the row above, the terminal wraps by itself, and knows the two for one
        // line.
        let wraps = above.is_some_and(|above| {
            above.is_wrapped && self.cursor == (at.wrapping_sub(1), above.columns)
        });
        if wraps && cells == 0 && (is_new || !row.cells.is_empty()) {
            push(out, if row.cells.is_empty() { " \r" } else { "" });
        } else if !is_new {
            self.go((at, columns), out);
        } else if at > 0 {
            self.go((at - 1, 0), out);
            push(out, "\r\n");
        }
        let rest = &row.text[bytes..];
        match row.is_dim && !rest.is_empty() {
            true => [DIM, rest, PLAIN].iter().for_each(|part| push(out, part)),
            false => push(out, rest),
        }
        self.cursor = (at, row.columns);
        if old_columns > row.columns {
            push(out, ERASE_RIGHT);
        }
    }

    /// Moves the cursor to a place where something stands, or could.
    fn go(&mut self, (row, column): Place, out: &mut Vec<u8>) {
        let (from_row, from) = self.cursor;
        steps(out, from_row.saturating_sub(row), b'A');
        steps(out, row.saturating_sub(from_row), b'B');
        self.cursor = (row, column);
        if column == from {
            return;
        }
        // Behind the last column the cursor's place is not the same on all terminals.
        if column == 0 || from >= self.columns {
            push(out, "\r");
            return steps(out, column.min(self.columns - 1), b'C');
        }
        match from.saturating_sub(column) {
            back @ 1..=3 => out.resize(out.len() + back, 0x08),
            back => steps(out, back, b'D'),
        }
        steps(out, column.saturating_sub(from), b'C');
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// A movement of the cursor (ECMA-48, CUU, CUD, CUF, CUB).
fn steps(out: &mut Vec<u8>, count: usize, way: u8) {
    match count {
        0 => return,
        1 => push(out, "\x1B["),
        count => {
            push(out, "\x1B[");
            push(out, &count.to_string());
        }
    }
    out.push(way);
}

#[cfg(test)]
mod tests;
