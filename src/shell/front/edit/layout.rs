//! What is to stand at the bottom of a terminal, cut into its rows.

use super::clusters;
use crate::shell::front::safe;
use unicode_width::UnicodeWidthChar;

/// What is to stand there.
#[derive(Clone, Copy, Debug, Default)]
pub struct View<'a> {
    /// A row of its own above the line; none if it is empty.
    pub progress: &'a str,
    /// What stands before the line.
    pub prompt: &'a str,
    /// The line.
    pub text: &'a str,
    /// Where in it the cursor is, in bytes.
    pub at: usize,
    /// A row of its own below the line, dim; none if it is empty.
    pub hint: &'a str,
}

/// One row of a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Harmless text.
    pub text: String,
    /// For each place with something in it, where in the text it ends and how many columns it
    /// takes.
    pub cells: Vec<(usize, usize)>,
    /// The columns that all of it takes.
    pub columns: usize,
    /// The next row is the same line of text; a terminal that has another width joins them.
    pub is_wrapped: bool,
    pub is_dim: bool,
}

/// A row and a column, from 0.
pub(super) type Place = (usize, usize);

/// The prompt and the line over rows of this width, and where the cursor is.
pub(super) fn rows(view: View<'_>, width: usize) -> (Vec<Row>, Place) {
    let mut rows = Rows { done: Vec::new(), row: Row::default(), width };
    for cluster in clusters::all(view.prompt) {
        rows.push(cluster);
    }
    let (mut cursor, mut at) = (None, 0);
    for cluster in clusters::all(view.text) {
        let begin = rows.push(cluster);
        if at == view.at {
            cursor = Some(begin);
        }
        at += cluster.len();
    }
    let cursor = cursor.unwrap_or_else(|| rows.place());
    rows.done.push(rows.row);
    (rows.done, cursor)
}

/// A row for a text that is cut where there is no room for it.
pub(super) fn cut(text: &str, width: usize) -> Row {
    let mut rows = Rows { done: Vec::new(), row: Row::default(), width: usize::MAX };
    let mut left = clusters::all(text);
    let is_whole = clusters::width(text) < width;
    for cluster in left.by_ref().filter(|cluster| *cluster != "\n") {
        if !is_whole && rows.row.columns + clusters::width(cluster) + 2 > width {
            rows.push("…");
            break;
        }
        rows.push(cluster);
    }
    rows.row
}

struct Rows {
    done: Vec<Row>,
    row: Row,
    width: usize,
}

impl Rows {
    /// Adds a cluster; gives the place where it begins.
    fn push(&mut self, cluster: &str) -> Place {
        if cluster == "\n" {
            let place = (self.done.len(), self.row.columns.min(self.width - 1));
            self.done.push(std::mem::take(&mut self.row));
            safe::CONTINUATION.trim_start_matches('\n').chars().for_each(|c| self.put(c));
            return place;
        }
        let mut shown = String::new();
        clusters::show(cluster, &mut shown);
        let mut begin = None;
        for c in shown.chars() {
            self.put(c);
            let columns = self.row.cells.last().map_or(0, |(_, columns)| *columns);
            begin.get_or_insert((self.done.len(), self.row.columns - columns));
        }
        begin.unwrap_or((self.done.len(), self.row.columns))
    }

    /// Adds a letter as the terminal will: into the next row if this one has no room for it.
    fn put(&mut self, c: char) {
        let columns = c.width().unwrap_or(0);
        if columns == 0 && !self.row.cells.is_empty() {
            self.row.text.push(c);
            if let Some((end, _)) = self.row.cells.last_mut() {
                *end = self.row.text.len();
            }
            return;
        }
        if self.row.columns > 0 && self.row.columns + columns > self.width {
            self.row.is_wrapped = true;
            self.done.push(std::mem::take(&mut self.row));
        }
        self.row.text.push(c);
        self.row.columns += columns;
        self.row.cells.push((self.row.text.len(), columns));
    }

    /// The place behind all; a row of its own if the last one is full.
    fn place(&mut self) -> Place {
        if self.row.columns >= self.width {
            self.row.is_wrapped = true;
            self.done.push(std::mem::take(&mut self.row));
        }
        (self.done.len(), self.row.columns)
    }
}

impl Row {
    /// How much of the row stands already where another was: cells, bytes and columns.
    pub fn common(&self, other: &Row) -> (usize, usize, usize) {
        let mut common = (0, 0, 0);
        if self.is_dim != other.is_dim {
            return common;
        }
        for (ours, theirs) in self.cells.iter().zip(&other.cells) {
            let range = common.1..ours.0;
            if ours != theirs || self.text[range.clone()] != other.text[range] {
                break;
            }
            common = (common.0 + 1, ours.0, common.2 + ours.1);
        }
        common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(prompt: &str, text: &str, at: usize, width: usize) -> (Vec<String>, Place) {
        let (rows, place) = rows(View { prompt, text, at, ..View::default() }, width);
        assert!(rows.iter().all(|row| row.columns <= width), "{rows:?}");
        (rows.into_iter().map(|row| row.text).collect(), place)
    }

    #[test]
    fn a_line_is_cut_where_the_terminal_cuts_it() {
        assert_eq!(laid("> ", "abc", 3, 10), (vec!["> abc".into()], (0, 5)));
        assert_eq!(laid("> ", "abcd", 1, 5), (vec!["> abc".into(), "d".into()], (0, 3)));
        assert_eq!(laid("> ", "abcd", 3, 5), (vec!["> abc".into(), "d".into()], (1, 0)));
        assert_eq!(laid("> ", "abc", 3, 5), (vec!["> abc".into(), "".into()], (1, 0)));
        assert_eq!(laid("> ", "", 0, 2), (vec!["> ".into(), "".into()], (1, 0)));
    }

    #[test]
    fn wide_letters_are_never_halved() {
        assert_eq!(laid("> ", "你好", 6, 5), (vec!["> 你".into(), "好".into()], (1, 2)));
        assert_eq!(laid("> ", "你好", 3, 5), (vec!["> 你".into(), "好".into()], (1, 0)));
        let (rows, place) = laid("> ", "ab👩\u{200D}👧", 13, 5);
        assert_eq!((rows, place), (vec!["> ab".into(), "👩👧".into()], (1, 4)));
    }

    #[test]
    fn a_letter_keeps_its_marks() {
        let (rows, place) = laid("", "abe\u{301}", 5, 3);
        assert_eq!((rows, place), (vec!["abe\u{301}".into(), "".into()], (1, 0)));
        assert_eq!(laid("", "\u{301}a", 3, 9).1, (0, 1));
    }

    #[test]
    fn a_line_break_is_a_row_and_controls_are_shown() {
        let (rows, place) = laid("> ", "a\nb\x03", 4, 9);
        assert_eq!((rows, place), (vec!["> a".into(), "    b^C".into()], (1, 7)));
        assert_eq!(laid("> ", "a\nb", 1, 9).1, (0, 3));
    }

    #[test]
    fn what_does_not_fit_a_row_is_cut() {
        assert_eq!(cut("abc", 4).text, "abc");
        assert_eq!(cut("abcd", 4).text, "ab…");
        assert_eq!(cut("a你好", 5).text, "a你…");
        assert_eq!(cut("a\nb", 10).text, "ab");
    }
}
