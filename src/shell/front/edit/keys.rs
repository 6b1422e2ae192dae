//! Keys, out of the bytes that a terminal sends for them.
//!
//! Half an escape sequence waits for its other half; nothing depends on when bytes come. So the
//! escape key alone is no key: with the next one it is Alt. No parser of what programs send to
//! terminals fits, because keys differ from it: a control byte, or a letter of any script, may
//! follow ESC.

use crate::proto::limits::{PASTE_MAX_BYTES, SEQUENCE_MAX_BYTES};

/// What was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter, a digit, a blank.
    Char(char),
    /// Ctrl and this letter or sign; Enter is `M`, Tab is `I`.
    Ctrl(char),
    /// Alt and this letter, small, or sign, or the same after the escape key.
    Alt(char),
    /// Alt, Ctrl and this letter; Alt-Enter is `M`.
    AltCtrl(char),
    /// The key that deletes backwards.
    Backspace,
    /// The same with Alt.
    AltBackspace,
    /// The key that deletes forwards.
    Delete,
    /// The same with Alt or Ctrl.
    WordDelete,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// An arrow with Alt or Ctrl.
    WordLeft,
    /// An arrow with Alt or Ctrl.
    WordRight,
    /// The first place.
    Home,
    /// The last place.
    End,
    /// Text that was pasted, as it came.
    Paste(String),
    /// Pasted text of more than [`PASTE_MAX_BYTES`]; it is gone.
    PasteTooLong,
}

/// Takes bytes, gives keys.
#[derive(Debug, Default)]
pub struct Keys {
    state: State,
    /// Bytes of what has begun: a letter, the numbers of a sequence, a paste.
    bytes: Vec<u8>,
    /// The escape key came before it.
    alt: bool,
    is_too_long: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC O.
    Ss3,
    /// After ESC [.
    Csi,
    /// After ESC [ [, which begins a function key of Linux's console.
    Console,
    /// Between ESC [ 200 ~ and ESC [ 201 ~.
    Paste,
}

const ESCAPE: u8 = 0x1B;
const DELETE: u8 = 0x7F;
const PASTE_END: &[u8] = b"\x1B[201~";

impl Keys {
    /// Takes one byte; a key, if it completes one.
    pub fn push(&mut self, byte: u8) -> Option<Key> {
        match self.state {
            State::Ground => self.ground(byte),
            State::Escape => self.escape(byte),
            State::Ss3 => self.sequence(byte, b'O'),
            State::Csi => self.sequence(byte, b'['),
            State::Console => {
                self.begin(State::Ground);
                None
            }
            State::Paste => self.paste(byte),
        }
    }

    /// Takes one byte of text, a control byte too.
    pub fn push_quoted(&mut self, byte: u8) -> Option<char> {
        if byte < 0x80 {
            self.begin(State::Ground);
            return Some(char::from(byte));
        }
        self.utf8(byte)
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.bytes.clear();
        if state == State::Ground {
            self.alt = false;
        }
    }

    fn ground(&mut self, byte: u8) -> Option<Key> {
        if byte >= 0x80 {
            let alt = self.alt;
            return self.utf8(byte).map(|c| if alt { Key::Alt(c) } else { Key::Char(c) });
        }
        let alt = self.alt;
        self.begin(State::Ground);
        Some(match (byte, alt) {
            (ESCAPE, _) => {
                self.begin(State::Escape);
                return None;
            }
            (DELETE | 0x08, false) => Key::Backspace,
            (DELETE | 0x08, true) => Key::AltBackspace,
            (..0x20, false) => Key::Ctrl(char::from(byte | 0x40)),
            (..0x20, true) => Key::AltCtrl(char::from(byte | 0x40)),
            (_, false) => Key::Char(char::from(byte)),
            (_, true) => Key::Alt(char::from(byte.to_ascii_lowercase())),
        })
    }

    fn escape(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => self.begin(State::Csi),
            b'O' => self.begin(State::Ss3),
            ESCAPE => {
                self.begin(State::Escape);
                self.alt = true;
            }
            _ => {
                self.begin(State::Ground);
                self.alt = true;
                return self.ground(byte);
            }
        }
        None
    }

    /// A letter that takes several bytes. What is no UTF-8 is passed over.
    fn utf8(&mut self, byte: u8) -> Option<char> {
        if byte & 0xC0 != 0x80 {
            self.bytes.clear();
        }
        self.bytes.push(byte);
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => {
                let c = text.chars().next();
                self.begin(State::Ground);
                c
            }
            Err(error) if error.error_len().is_none() => None,
            Err(_) => {
                self.begin(State::Ground);
                None
            }
        }
    }

    /// A byte behind ESC [ or ESC O.
    fn sequence(&mut self, byte: u8, introducer: u8) -> Option<Key> {
        match byte {
            b'[' if introducer == b'[' && self.bytes.is_empty() => {
                self.begin(State::Console);
                None
            }
            b' '..=b'?' if self.bytes.len() < SEQUENCE_MAX_BYTES => {
                self.bytes.push(byte);
                None
            }
            b'@'..=b'~' => {
                let key = self.named(byte, introducer);
                let is_paste = byte == b'~' && self.number(0) == 200;
                self.begin(if is_paste { State::Paste } else { State::Ground });
                key
            }
            ESCAPE => {
                self.begin(State::Escape);
                None
            }
            _ => {
                self.begin(State::Ground);
                None
            }
        }
    }

    /// The key of a sequence; `None` for one that means nothing here.
    fn named(&self, last: u8, introducer: u8) -> Option<Key> {
        // xterm: the second number is one more than the sum of 1 (shift), 2 (alt) and 4 (ctrl).
        let modifiers = self.number(1).saturating_sub(1);
        let is_word = self.alt || modifiers & 0b110 != 0;
        Some(match (introducer, last) {
            (_, b'A') => Key::Up,
            (_, b'B') => Key::Down,
            (_, b'C') if is_word => Key::WordRight,
            (_, b'D') if is_word => Key::WordLeft,
            (_, b'C') => Key::Right,
            (_, b'D') => Key::Left,
            (_, b'H') => Key::Home,
            (_, b'F') => Key::End,
            // rxvt, with Ctrl.
            (b'O', b'c') => Key::WordRight,
            (b'O', b'd') => Key::WordLeft,
            // The number pad of a terminal that was told to send sequences for it.
            (b'O', b'M') => Key::Ctrl('M'),
            (b'[', b'~') => match self.number(0) {
                1 | 7 => Key::Home,
                4 | 8 => Key::End,
                3 if is_word => Key::WordDelete,
                3 => Key::Delete,
                _ => return None,
            },
            // rxvt, with Ctrl.
            (b'[', b'^') if self.number(0) == 3 => Key::WordDelete,
            _ => return None,
        })
    }

    /// One of the numbers of a sequence; 0 where there is none.
    fn number(&self, at: usize) -> u32 {
        let mut numbers = self.bytes.split(|byte| *byte == b';');
        let digits = numbers.nth(at).and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    fn paste(&mut self, byte: u8) -> Option<Key> {
        self.bytes.push(byte);
        if byte == b'~' && self.bytes.ends_with(PASTE_END) {
            let text = &self.bytes[..self.bytes.len() - PASTE_END.len()];
            let key = match std::mem::take(&mut self.is_too_long) {
                true => Key::PasteTooLong,
                false => Key::Paste(String::from_utf8_lossy(text).into_owned()),
            };
            self.bytes = Vec::new();
            self.begin(State::Ground);
            return Some(key);
        }
        if self.bytes.len() > PASTE_MAX_BYTES {
            self.is_too_long = true;
            self.bytes.drain(..self.bytes.len() - PASTE_END.len());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().filter_map(|byte| keys.push(*byte)).collect()
    }

    #[test]
    fn letters_of_any_script_are_keys() {
        let expected: Vec<Key> = "aß你👍~ ".chars().map(Key::Char).collect();
        assert_eq!(keys("aß你👍~ ".as_bytes()), expected);
        assert_eq!(keys("\x1Bé".as_bytes()), [Key::Alt('é')]);
    }

    #[test]
    fn what_is_no_text_is_passed_over() {
        assert_eq!(
            keys(b"a\xFFb\xC3c\xE4\xBDd\x80e"),
            "abcde".chars().map(Key::Char).collect::<Vec<_>>()
        );
        assert_eq!(keys(b"\xC3\xC3\xBC"), [Key::Char('ü')]);
    }

    #[test]
    fn control_and_alt_go_with_letters() {
        assert_eq!(keys(b"\x01\r\t\x1F\0"), ['A', 'M', 'I', '_', '@'].map(Key::Ctrl));
        assert_eq!(keys(b"\x1BF\x1B<"), [Key::Alt('f'), Key::Alt('<')]);
        assert_eq!(keys(b"\x7F\x08\x1B\x7F\x1B\x08"), {
            [Key::Backspace, Key::Backspace, Key::AltBackspace, Key::AltBackspace]
        });
        assert_eq!(keys(b"\x1B\rx"), [Key::AltCtrl('M'), Key::Char('x')]);
    }

    #[test]
    fn arrows_and_their_neighbours_come_in_many_spellings() {
        for (spellings, key) in [
            (&["\x1B[A", "\x1BOA", "\x1B[1;2A"][..], Key::Up),
            (&["\x1B[B", "\x1BOB"], Key::Down),
            (&["\x1B[C", "\x1BOC", "\x1B[1;2C"], Key::Right),
            (&["\x1B[D", "\x1BOD"], Key::Left),
            (&["\x1B[1;5C", "\x1B[1;3C", "\x1BOc", "\x1B\x1B[C", "\x1B[1;6C"], Key::WordRight),
            (&["\x1B[1;5D", "\x1B[1;3D", "\x1BOd", "\x1B\x1BOD"], Key::WordLeft),
            (&["\x1B[H", "\x1BOH", "\x1B[1~", "\x1B[7~", "\x1B[1;5H"], Key::Home),
            (&["\x1B[F", "\x1BOF", "\x1B[4~", "\x1B[8~"], Key::End),
            (&["\x1B[3~", "\x1B[3;2~"], Key::Delete),
            (&["\x1B[3;5~", "\x1B[3^", "\x1B\x1B[3~"], Key::WordDelete),
        ] {
            for spelling in spellings {
                assert_eq!(keys(spelling.as_bytes()), std::slice::from_ref(&key), "{spelling:?}");
            }
        }
    }

    #[test]
    fn sequences_that_mean_nothing_are_swallowed_whole() {
        for nothing in ["\x1B[[A", "\x1B[5~", "\x1B[15;2~", "\x1BOP", "\x1B[I", "\x1B[?1;2c"] {
            assert_eq!(keys(format!("{nothing}x").as_bytes()), [Key::Char('x')], "{nothing:?}");
        }
        let long = format!("\x1B[{}x", "1;".repeat(SEQUENCE_MAX_BYTES));
        assert!(keys(long.as_bytes()).len() <= 2 * SEQUENCE_MAX_BYTES);
        assert_eq!(keys(b"\x1B[12\x1B[A"), [Key::Up]);
    }

    #[test]
    fn a_paste_is_one_key_and_has_a_bound() {
        let text = "a\r\nb\x1B[A\x1B[20~c";
        let pasted = format!("\x1B[200~{text}\x1B[201~x");
        assert_eq!(keys(pasted.as_bytes()), [Key::Paste(text.to_owned()), Key::Char('x')]);
        let long = "x".repeat(PASTE_MAX_BYTES + 1);
        let pasted = format!("\x1B[200~{long}\x1B[201~\x1B[200~x\x1B[201~");
        assert_eq!(keys(pasted.as_bytes()), [Key::PasteTooLong, Key::Paste("x".to_owned())]);
    }

    #[test]
    fn quoted_bytes_are_text_whatever_they_are() {
        let mut keys = Keys::default();
        assert_eq!(keys.push_quoted(0x1B), Some('\x1B'));
        assert_eq!((keys.push_quoted(0xC3), keys.push_quoted(0xBC)), (None, Some('ü')));
        assert_eq!(keys.push(b'a'), Some(Key::Char('a')));
    }
}
