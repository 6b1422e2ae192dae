//! Colours on a terminal that takes them, of the eight that every one has, and none of those that
//! a dark or a light background swallows. Anywhere else nothing is added.

use super::{mention, safe};

/// Whether there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// For a terminal whose environment has this `TERM` and `NO_COLOR` (no-color.org).
    pub fn by(term: Option<&str>, no_color: Option<&str>) -> Paint {
        let is_dumb = matches!(term, None | Some("" | "dumb"));
        Paint { is_on: !is_dumb && no_color.is_none_or(str::is_empty) }
    }

    /// A name, always in the same colour.
    pub fn name(self, name: &str, out: &mut Vec<u8>) {
        let hash = name.bytes().fold(0_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(FNV));
        let colour = NAMES[(hash >> 16) as usize % NAMES.len()];
        self.wrap(colour, out, |out| safe::push_word(name, out));
    }

    /// A text in which our own name stands out.
    pub fn text(self, text: &str, me: Option<&str>, out: &mut Vec<u8>) {
        let mut rest = text;
        while let Some(found) = me.filter(|_| self.is_on).and_then(|me| mention::find(rest, me)) {
            safe::push_text(&rest[..found.start], out);
            self.wrap(MENTION, out, |out| safe::push_word(&rest[found.clone()], out));
            rest = &rest[found.end..];
        }
        safe::push_text(rest, out);
    }

    /// The line that begins at `start`: what the program says itself is dim, what went wrong red.
    pub fn line(self, start: usize, out: &mut Vec<u8>) {
        let code = match out[start..] {
            [b'*' | b'-', b' ' | b'-', ..] => DIM,
            [b'!', b' ', ..] => FAILURE,
            _ => return,
        };
        let line = out.split_off(start);
        self.wrap(code, out, |out| out.extend_from_slice(&line));
    }

    fn wrap(self, code: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.is_on {
            return write(out);
        }
        out.extend_from_slice(b"\x1B[");
        out.extend_from_slice(code.as_bytes());
        out.push(b'm');
        write(out);
        out.extend_from_slice(b"\x1B[0m");
    }
}

/// Green, yellow, blue, magenta, cyan (ECMA-48, 8.3.117); red is for failures.
const NAMES: [&str; 5] = ["32", "33", "34", "35", "36"];
const FAILURE: &str = "31";
const DIM: &str = "2";
/// Bold and reversed.
const MENTION: &str = "1;7";
/// The prime of FNV-1a.
const FNV: u32 = 16_777_619;

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Paint = Paint { is_on: true };

    fn painted(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("lines are UTF-8")
    }

    #[test]
    fn a_dumb_terminal_and_no_color_have_none() {
        assert_eq!(Paint::by(Some("xterm"), None), ON);
        assert_eq!(Paint::by(Some("xterm"), Some("")), ON);
        for (term, no_color) in [(Some("dumb"), None), (None, None), (Some("xterm"), Some("1"))] {
            let paint = Paint::by(term, no_color);
            assert_eq!(painted(|out| paint.name("bob", out)), "bob");
            assert_eq!(painted(|out| paint.text("hi bob", Some("bob"), out)), "hi bob");
            let line = |out: &mut Vec<u8>| {
                out.extend_from_slice(b"! no");
                paint.line(0, out);
            };
            assert_eq!(painted(line), "! no");
        }
    }

    #[test]
    fn a_name_keeps_its_colour_and_names_differ() {
        let colour = |name: &str| painted(|out| ON.name(name, out))[2..4].to_owned();
        assert_eq!(
            painted(|out| ON.name("bob", out)),
            format!("\x1B[{}mbob\x1B[0m", colour("bob"))
        );
        assert!(["32", "33", "34", "35", "36"].contains(&colour("bob").as_str()));
        let names = ["ann", "bob", "carol", "dave", "eve", "fay", "gil", "hal", "ivy", "joe"];
        let mut colours: Vec<String> = names.into_iter().map(colour).collect();
        colours.sort();
        colours.dedup();
        assert!(colours.len() >= 4, "{colours:?}");
        assert!(!painted(|out| ON.name("a\x1B[2Jb", out)).contains("\x1B[2J"));
    }

    #[test]
    fn each_mention_stands_out_and_the_rest_is_harmless() {
        let text = painted(|out| ON.text("Ann \x07and @ann", Some("ann"), out));
        assert_eq!(text, "\x1B[1;7mAnn\x1B[0m \u{FFFD}and @\x1B[1;7mann\x1B[0m");
        assert_eq!(painted(|out| ON.text("ann", None, out)), "ann");
    }

    #[test]
    fn lines_are_painted_by_who_says_them() {
        let line = |text: &str| {
            painted(|out| {
                out.extend_from_slice(b"14:02 ");
                out.extend_from_slice(text.as_bytes());
                ON.line(6, out);
            })
        };
        assert_eq!(line("* bob is online"), "14:02 \x1B[2m* bob is online\x1B[0m");
        assert_eq!(line("! no"), "14:02 \x1B[31m! no\x1B[0m");
        for other in ["bob: hi", "-> bob: hi", "", "!no"] {
            assert_eq!(line(other), format!("14:02 {other}"));
        }
    }
}
