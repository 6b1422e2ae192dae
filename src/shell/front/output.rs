//! What a command wrote, as lines that cannot be taken for anything else: `bob| text` for its
//! standard output, `bob! text` for its standard error.

use super::safe;
use crate::proto::id::MsgId;
use crate::proto::limits;
use crate::proto::machine::Pipe;
use crate::proto::model::event::RunEvent;
use crate::proto::model::run::RunState;
use crate::proto::table::Table;

/// Ends of lines that have not come yet, for each command and what it writes to. At the bound the
/// oldest is shown as a line of its own; so is what has become too long.
#[derive(Debug, Default)]
pub struct Output {
    begun: Table<(MsgId, Pipe), String>,
}

/// A line longer than this is cut.
const LINE_BYTES: usize = 4096;

impl Output {
    /// The lines that an event of a command completes: of its output, or at its end what is left.
    /// Each is given with its prefix, made harmless, without its line break.
    pub fn lines(&mut self, run: &RunEvent) -> Vec<Vec<u8>> {
        let name = run.to.as_deref().or(run.from.as_deref()).unwrap_or("-");
        let mut lines = Vec::new();
        match run.state {
            RunState::Output => self.take_in(run, name, &mut lines),
            RunState::Denied | RunState::Exited | RunState::Failed => {
                for pipe in [Pipe::Stdout, Pipe::Stderr] {
                    let rest = self.begun.remove(&(run.id, pipe));
                    lines.extend(rest.map(|rest| prefixed(name, pipe, &rest)));
                }
            }
            RunState::Asked | RunState::Allowed => {}
        }
        lines
    }

    fn take_in(&mut self, run: &RunEvent, name: &str, lines: &mut Vec<Vec<u8>>) {
        let (Some(pipe), Some(text)) = (run.stream, &run.text) else { return };
        let key = (run.id, pipe);
        let mut begun = self.begun.remove(&key).unwrap_or_default();
        for part in text.split_inclusive('\n') {
            begun.push_str(part);
            if begun.ends_with('\n') || begun.len() >= LINE_BYTES {
                lines.push(prefixed(name, pipe, &begun));
                begun.clear();
            }
        }
        if !begun.is_empty() {
            self.begun.insert(key, begun);
        }
        if self.begun.len() > 2 * limits::RUNS
            && let Some(((_, pipe), rest)) = self.begun.pop_first()
        {
            lines.push(prefixed(name, pipe, &rest));
        }
    }
}

fn prefixed(name: &str, pipe: Pipe, text: &str) -> Vec<u8> {
    let mut line = Vec::new();
    safe::push_word(name, &mut line);
    line.extend_from_slice(match pipe {
        Pipe::Stdout => b"| ",
        Pipe::Stderr => b"! ",
    });
    let text = text.strip_suffix('\n').unwrap_or(text);
    safe::push_word(text.strip_suffix('\r').unwrap_or(text), &mut line);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(state: RunState, stream: Option<Pipe>, text: Option<&str>) -> RunEvent {
        RunEvent {
            id: MsgId::FIRST,
            from: None,
            to: Some("bob".to_owned()),
            command: "ls".to_owned(),
            argv: vec!["ls".to_owned()],
            state,
            stream,
            text: text.map(str::to_owned),
            code: None,
            grant: None,
            why: None,
        }
    }

    fn shown(output: &mut Output, run: &RunEvent) -> Vec<String> {
        let lines = output.lines(run).into_iter();
        lines.map(|line| String::from_utf8(line).expect("lines are UTF-8")).collect()
    }

    #[test]
    fn lines_come_whole_however_the_output_is_cut() {
        let text = "one\n\ntwo ü\r\n\u{1B}[2J\nlast";
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for size in 1..places.len() {
            let mut output = Output::default();
            let mut all = Vec::new();
            for part in places.chunks(size) {
                let end = part[part.len() - 1];
                let end = end + text[end..].chars().next().expect("a letter").len_utf8();
                let part = &text[part[0]..end];
                let wrote = event(RunState::Output, Some(Pipe::Stdout), Some(part));
                all.extend(shown(&mut output, &wrote));
            }
            all.extend(shown(&mut output, &event(RunState::Exited, None, None)));
            let expected = ["bob| one", "bob| ", "bob| two ü", "bob| \u{FFFD}[2J", "bob| last"];
            assert_eq!(all, expected, "in parts of {size}");
            assert!(output.begun.is_empty());
        }
    }

    #[test]
    fn the_two_pipes_do_not_mix() {
        let mut output = Output::default();
        let wrote = |pipe, text| event(RunState::Output, Some(pipe), Some(text));
        assert!(shown(&mut output, &wrote(Pipe::Stdout, "out")).is_empty());
        assert_eq!(shown(&mut output, &wrote(Pipe::Stderr, "err\n")), ["bob! err"]);
        assert_eq!(shown(&mut output, &wrote(Pipe::Stdout, "put\n")), ["bob| output"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_commands_without_end_are_not_kept() {
        let mut output = Output::default();
        let long = "x".repeat(LINE_BYTES);
        let wrote = event(RunState::Output, Some(Pipe::Stdout), Some(&long));
        assert_eq!(shown(&mut output, &wrote).len(), 1);
        for n in 0..=2 * limits::RUNS {
            let mut wrote = event(RunState::Output, Some(Pipe::Stdout), Some("x"));
            wrote.id.0.0[..8].copy_from_slice(&(n as u64).to_be_bytes());
            let is_over = n == 2 * limits::RUNS;
            assert_eq!(shown(&mut output, &wrote).len(), usize::from(is_over), "{n}");
        }
    }
}
