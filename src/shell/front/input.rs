//! Bytes as they come, cut into lines.

use crate::proto::limits;

/// Bytes not taken yet. The caller stops adding while whole lines are left.
#[derive(Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// How much of `bytes` was given out.
    taken: usize,
    /// How much of `bytes` is known to hold no line break.
    searched: usize,
    /// The rest of a line that was too long is passed over.
    skipping: bool,
}

/// Why a line cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLine {
    /// Over [`limits::LINE_MAX_BYTES`].
    TooLong,
    /// Not UTF-8.
    NotText,
}

impl LineBuffer {
    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.searched -= self.taken;
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends a last line that has no line break.
    pub fn end(&mut self) {
        if self.taken < self.bytes.len() || self.skipping {
            self.push(b"\n");
        }
    }

    /// Whether nothing is left, not even part of a line.
    pub fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// Whether a whole line is left.
    pub fn has_line(&self) -> bool {
        self.bytes[self.searched.max(self.taken)..].contains(&b'\n')
    }

    /// The next whole line, without its line break.
    pub fn next_line(&mut self) -> Option<Result<&str, BadLine>> {
        loop {
            let from = self.searched.max(self.taken);
            let Some(found) = self.bytes[from..].iter().position(|byte| *byte == b'\n') else {
                return self.too_long();
            };
            let start = self.taken;
            let end = from + found;
            self.taken = end + 1;
            self.searched = self.taken;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if end - start > limits::LINE_MAX_BYTES {
                return Some(Err(BadLine::TooLong));
            }
            return Some(
                std::str::from_utf8(&self.bytes[start..end]).map_err(|_| BadLine::NotText),
            );
        }
    }

    /// No line break yet: a line that is too long already is told once, and its rest passed over.
    fn too_long(&mut self) -> Option<Result<&str, BadLine>> {
        self.searched = self.bytes.len();
        if self.skipping || self.bytes.len() - self.taken > limits::LINE_MAX_BYTES {
            self.taken = self.bytes.len();
            return (!std::mem::replace(&mut self.skipping, true)).then_some(Err(BadLine::TooLong));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(buffer: &mut LineBuffer) -> Vec<Result<String, BadLine>> {
        let mut all = Vec::new();
        while let Some(line) = buffer.next_line() {
            all.push(line.map(str::to_owned));
        }
        all
    }

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut() {
        let text = "one\n\nthree, a läng line\nlast";
        for size in 1..text.len() {
            let mut buffer = LineBuffer::default();
            let mut all = Vec::new();
            for part in text.as_bytes().chunks(size) {
                buffer.push(part);
                all.extend(lines(&mut buffer));
            }
            buffer.end();
            all.extend(lines(&mut buffer));
            let all: Vec<String> = all.into_iter().map(|line| line.expect("text")).collect();
            assert_eq!(all, ["one", "", "three, a läng line", "last"], "in parts of {size}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn a_line_too_long_is_told_once_and_the_next_is_read() {
        let long = vec![b'x'; limits::LINE_MAX_BYTES + 1];
        let mut buffer = LineBuffer::default();
        buffer.push(&long);
        assert_eq!(lines(&mut buffer), [Err(BadLine::TooLong)]);
        buffer.push(&long);
        assert_eq!(lines(&mut buffer), []);
        buffer.push(b"x\nnext\n");
        assert_eq!(lines(&mut buffer), [Ok("next".to_owned())]);
        let mut buffer = LineBuffer::default();
        buffer.push(&long);
        buffer.push(b"\nnext\n");
        assert_eq!(lines(&mut buffer), [Err(BadLine::TooLong), Ok("next".to_owned())]);
    }

    #[test]
    fn what_is_not_text_is_told_and_the_next_is_read() {
        let mut buffer = LineBuffer::default();
        buffer.push(b"\xFF\xFE\nnext\n");
        assert_eq!(lines(&mut buffer), [Err(BadLine::NotText), Ok("next".to_owned())]);
    }
}
