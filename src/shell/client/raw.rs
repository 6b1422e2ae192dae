//! What a command elsewhere writes, when the program runs for that command alone: to our standard
//! output what it wrote to its own, to our standard error what it wrote to that.

use crate::proto::machine::Pipe;
use crate::proto::model::event::RunEvent;
use crate::shell::front::safe;
use crate::shell::stdout::Stdout;
use std::io::{self, IsTerminal};

/// Where the two go to; what goes to a terminal is made harmless, the rest is exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    out_is_terminal: bool,
    err_is_terminal: bool,
}

impl Raw {
    /// As our own descriptors are.
    pub fn new() -> Raw {
        Raw {
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Adds what a command wrote, if that is what the event tells of.
    pub fn write(self, run: &RunEvent, stdout: &mut Stdout) {
        let (Some(pipe), Some(text)) = (run.stream, &run.text) else { return };
        let (out, is_terminal) = match pipe {
            Pipe::Stdout => (&mut stdout.lines, self.out_is_terminal),
            Pipe::Stderr => (&mut stdout.errors, self.err_is_terminal),
        };
        match is_terminal {
            true => safe::push_output(text, out),
            false => out.extend_from_slice(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_the_exact_text_and_a_terminal_a_harmless_one() {
        let wrote = |pipe: &str| -> RunEvent {
            let json = format!(
                r#"{{"id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","to":"bob","command":"x","argv":["x"],
                    "state":"output","stream":"{pipe}","text":"a\u001b[2J\n"}}"#
            );
            serde_json::from_str(&json).expect("the contract's form")
        };
        for (out_is_terminal, err_is_terminal) in [(true, false), (false, true)] {
            let raw = Raw { out_is_terminal, err_is_terminal };
            let mut stdout = Stdout::default();
            raw.write(&wrote("stdout"), &mut stdout);
            raw.write(&wrote("stderr"), &mut stdout);
            let expected =
                |is_terminal| if is_terminal { "a\u{FFFD}[2J\n" } else { "a\u{1B}[2J\n" };
            assert_eq!(stdout.lines, expected(out_is_terminal).as_bytes());
            assert_eq!(stdout.errors, expected(err_is_terminal).as_bytes());
        }
    }
}
