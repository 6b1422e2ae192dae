//! Virtual child processes of one client: what they are is their program's name.

use hobnob::proto::id::RunId;
use hobnob::proto::machine::{Pipe, RunAction, RunEnd, RunEvent};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::ErrorKind;

/// What a child does, as [`RunEvent`] says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Output(Pipe, Vec<u8>),
    Ended(RunEnd),
}

impl Act {
    pub fn event(&self) -> RunEvent<'_> {
        match self {
            Act::Output(pipe, bytes) => RunEvent::Output(*pipe, bytes),
            Act::Ended(end) => RunEvent::Ended(*end),
        }
    }
}

/// A child that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub at: u64,
    pub run: RunId,
    pub argv: Vec<String>,
    pub memory_bytes: Option<u64>,
    pub has_our_environment: bool,
    /// What it has written that its program was told of.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub end: Option<RunEnd>,
}

struct Child {
    /// What is still to come, each so long after the one before.
    acts: VecDeque<(u64, Act)>,
    next_at: u64,
    is_paused: bool,
    /// Its place in `starts`.
    start: usize,
}

/// One client's child processes.
pub struct Children {
    living: BTreeMap<RunId, Child>,
    used: BTreeSet<RunId>,
    pub starts: Vec<Start>,
    /// What the transcriber hears in a file.
    pub transcripts: BTreeMap<String, String>,
    /// How often one was held back.
    pub pauses: u64,
}

/// The virtual transcriber: `hear PATH`.
pub const HEAR: &str = "hear";
const SPEW_BYTES: usize = 16 * 1024;
const SIGKILL: i32 = 9;

impl Children {
    pub fn new() -> Children {
        Children {
            living: BTreeMap::new(),
            used: BTreeSet::new(),
            starts: Vec::new(),
            transcripts: BTreeMap::new(),
            pauses: 0,
        }
    }

    pub fn living(&self) -> usize {
        self.living.len()
    }

    pub fn next_at(&self) -> Option<u64> {
        let awake = self.living.values().filter(|child| !child.is_paused);
        awake.map(|child| child.next_at).min()
    }

    /// What has happened by now, each child's in order.
    pub fn take_due(&mut self, now: u64) -> Vec<(RunId, Act)> {
        let mut due = Vec::new();
        for (run, child) in &mut self.living {
            while !child.is_paused && child.next_at <= now {
                let Some((_, act)) = child.acts.pop_front() else { break };
                let pause = child.acts.front().map_or(0, |(after, _)| *after);
                child.next_at = now + pause;
                let start = &mut self.starts[child.start];
                match &act {
                    Act::Output(Pipe::Stdout, bytes) => start.stdout.extend(bytes),
                    Act::Output(Pipe::Stderr, bytes) => start.stderr.extend(bytes),
                    Act::Ended(end) => start.end = Some(*end),
                }
                due.push((*run, act));
                if pause > 0 {
                    break;
                }
            }
        }
        self.living.retain(|_, child| !child.acts.is_empty());
        due
    }

    pub fn act(&mut self, now: u64, run: RunId, action: RunAction) {
        let living = self.living.get_mut(&run);
        match (action, living) {
            (RunAction::Start { argv, memory_bytes, has_our_environment }, None) => {
                let start = Start {
                    at: now,
                    run,
                    argv,
                    memory_bytes,
                    has_our_environment,
                    stdout: Vec::new(),
                    stderr: Vec::new(),
                    end: None,
                };
                self.start(now, start);
            }
            (RunAction::Start { .. }, Some(_)) => panic!("{run:?} is used twice"),
            (_, None) => assert!(self.used.contains(&run), "{run:?} was never started"),
            (RunAction::Pause, Some(child)) => {
                child.is_paused = true;
                self.pauses += 1;
            }
            (RunAction::Resume, Some(child)) => {
                child.is_paused = false;
                child.next_at = child.next_at.max(now);
            }
            (RunAction::Kill, Some(child)) => {
                child.acts = [(1, Act::Ended(RunEnd::Killed(SIGKILL)))].into();
                (child.is_paused, child.next_at) = (false, now + 1);
            }
        }
    }

    fn start(&mut self, now: u64, start: Start) {
        assert!(self.used.insert(start.run), "{:?} is used twice", start.run);
        let acts: VecDeque<_> = self.script(&start).into();
        let next_at = now + acts.front().map_or(0, |(after, _)| *after);
        let run = start.run;
        self.starts.push(start);
        let start = self.starts.len() - 1;
        self.living.insert(run, Child { acts, next_at, is_paused: false, start });
    }

    /// What a program does from its start to its end.
    fn script(&self, start: &Start) -> Vec<(u64, Act)> {
        let argv: Vec<&str> = start.argv.iter().map(String::as_str).collect();
        let number = |at: usize| argv.get(at).and_then(|word| word.parse().ok()).unwrap_or(0);
        let exits = |after, code| (after, Act::Ended(RunEnd::Exited(code)));
        let says = |after, text: &str| out(after, Pipe::Stdout, text.as_bytes());
        match argv.first().copied().unwrap_or_default() {
            "echo" => vec![says(1, &format!("{}\n", argv[1..].join(" "))), exits(1, 0)],
            "env" => {
                let whose = if start.has_our_environment { "ours\n" } else { "clean\n" };
                vec![says(1, whose), exits(1, 0)]
            }
            "count" => {
                let lines = (1..=number(1)).map(|line: u64| says(10, &format!("{line}\n")));
                lines.chain([exits(10, 0)]).collect()
            }
            "sleep" => vec![exits(number(1), 0)],
            "spew" => {
                let (whole, rest) =
                    (number(1) as usize / SPEW_BYTES, number(1) as usize % SPEW_BYTES);
                let sizes =
                    std::iter::repeat_n(SPEW_BYTES, whole).chain((rest > 0).then_some(rest));
                let parts = sizes.map(|bytes| out(1, Pipe::Stdout, &vec![b'.'; bytes]));
                parts.chain([exits(1, 0)]).collect()
            }
            "fail" => {
                let words = argv.get(2).copied().unwrap_or("it failed\n");
                vec![out(1, Pipe::Stderr, words.as_bytes()), exits(1, number(1) as i32)]
            }
            "both" => vec![says(1, "out\n"), out(1, Pipe::Stderr, b"err\n"), exits(1, 0)],
            "garbage" => vec![
                says(1, "\x1b]0;owned\x07\u{202e}"),
                out(1, Pipe::Stdout, &[0xff, 0xfe]),
                exits(1, 0),
            ],
            "crash" => vec![(1, Act::Ended(RunEnd::Killed(11)))],
            HEAR => match argv.get(1).and_then(|path| self.transcripts.get(*path)) {
                Some(words) => vec![says(500, words), exits(1, 0)],
                None => vec![out(1, Pipe::Stderr, b"cannot hear it\n"), exits(1, 1)],
            },
            _ => vec![(0, Act::Ended(RunEnd::Failed(ErrorKind::NotFound)))],
        }
    }

    /// The program is gone; its children go with it.
    pub fn lose_program(&mut self) {
        self.living.clear();
        self.used.clear();
    }
}

fn out(after: u64, pipe: Pipe, bytes: &[u8]) -> (u64, Act) {
    (after, Act::Output(pipe, bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId(1);

    fn start(children: &mut Children, argv: &[&str]) {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        let start = RunAction::Start { argv, memory_bytes: Some(1), has_our_environment: false };
        children.act(0, RUN, start);
    }

    fn acts(children: &mut Children, now: u64) -> Vec<Act> {
        children.take_due(now).into_iter().map(|(_, act)| act).collect()
    }

    #[test]
    fn a_paused_child_waits_and_a_killed_one_still_ends() {
        let mut children = Children::new();
        start(&mut children, &["count", "2"]);
        assert_eq!(acts(&mut children, 10), [Act::Output(Pipe::Stdout, b"1\n".to_vec())]);
        children.act(10, RUN, RunAction::Pause);
        assert_eq!(children.next_at(), None);
        children.act(50, RUN, RunAction::Resume);
        assert_eq!(acts(&mut children, 50), [Act::Output(Pipe::Stdout, b"2\n".to_vec())]);
        children.act(50, RUN, RunAction::Kill);
        assert_eq!(acts(&mut children, 51), [Act::Ended(RunEnd::Killed(SIGKILL))]);
        assert_eq!(children.living(), 0);
    }

    #[test]
    fn what_is_no_program_never_begins() {
        let mut children = Children::new();
        start(&mut children, &["rm", "-rf", "/"]);
        let failed = RunEnd::Failed(ErrorKind::NotFound);
        assert_eq!(acts(&mut children, 0), [Act::Ended(failed)]);
        assert_eq!(children.starts[0].end, Some(failed));
    }
}
