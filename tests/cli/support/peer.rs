//! A `hobnob` that speaks JSON lines. Each line that it writes must be one JSON object.

use super::{Ended, Process};
use rustix::process::Pid;
use serde_json::{Value, json};
use std::process::Command;

/// Somebody at a JSON front.
pub struct Peer {
    pub process: Process,
    /// The ready line.
    pub ready: Value,
    last_ref: u64,
}

/// What a verb was answered with.
#[derive(Debug)]
pub struct Answer {
    /// The `done` line.
    pub done: Value,
    /// Everything that came between the question and `done`, events that came meanwhile included.
    pub lines: Vec<Value>,
}

/// A question that waits for its answer.
pub struct Asked {
    number: u64,
    from: usize,
}

/// How long a verb may take, unless told otherwise; the program's own default.
const VERB_S: f64 = 10.0;

impl Peer {
    /// Starts one; nothing is waited for.
    pub fn start(command: &mut Command) -> Peer {
        Peer { process: Process::start(command), ready: Value::Null, last_ref: 0 }
    }

    /// The name it has registered.
    pub fn name(&self) -> String {
        self.ready["name"].as_str().expect("it has said who it is").to_owned()
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Takes the first line that fits, now or when it comes.
    pub fn expect(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        parse(&self.process.expect(what, |line| fits(&parse(line))))
    }

    /// Sends a verb with its arguments as a JSON line.
    pub fn send(&mut self, words: &[&str]) -> Asked {
        self.last_ref += 1;
        let (number, from) = (self.last_ref, self.process.waiting().len());
        let line = json!({ "cmd": words[0], "args": &words[1..], "ref": number });
        self.process.say(&line.to_string());
        Asked { number, from }
    }

    /// Sends a verb that may take this long, and waits for its end.
    pub fn ask_within(&mut self, seconds: f64, words: &[&str]) -> Answer {
        self.last_ref += 1;
        let (number, from) = (self.last_ref, self.process.waiting().len());
        let (cmd, args) = (words[0], &words[1..]);
        let line = json!({ "cmd": cmd, "args": args, "ref": number, "timeout": seconds });
        self.process.say(&line.to_string());
        self.answer(Asked { number, from })
    }

    /// Waits for what was sent to be done.
    pub fn answer(&mut self, asked: Asked) -> Answer {
        let is_done = |line: &Value| line["event"] == "done" && line["ref"] == asked.number;
        let done = self.expect("done", is_done);
        let from = asked.from.min(self.process.waiting().len());
        let lines = self.process.waiting()[from..].iter().map(|line| parse(line)).collect();
        Answer { done, lines }
    }

    /// Sends a verb and waits for its end.
    pub fn ask(&mut self, words: &[&str]) -> Answer {
        self.ask_within(VERB_S, words)
    }

    /// Sends a message and waits until the other side has it; gives its id.
    pub fn deliver(&mut self, to: &str, text: &str) -> String {
        self.send(&["msg", to, text]);
        let receipt = self.expect("delivered", |e| super::is_receipt(e, to, "delivered"));
        receipt["id"].as_str().expect("a receipt names its message").to_owned()
    }

    /// How many lines that nobody asked for fit.
    pub fn count(&mut self, fits: impl Fn(&Value) -> bool) -> usize {
        self.process.waiting().iter().filter(|line| fits(&parse(line))).count()
    }

    /// Waits until everything before this is dealt with: a question has been answered since.
    pub fn settle(&mut self) {
        self.ask(&["whoami"]).expect_ok();
    }

    /// Settles, and forgets what happened up to here.
    pub fn forget(&mut self) {
        self.settle();
        self.process.forget();
    }

    /// Ends its input, and demands that it leaves in order once nothing is on its way.
    pub fn leave(mut self) {
        self.process.hang_up();
        let ended = self.process.ended();
        assert_eq!(ended.code, 0, "after the end of its input: {ended:?}");
    }

    /// kill -9.
    pub fn crash(self) {
        self.process.crash();
    }

    /// SIGTERM, and demands a clean end.
    pub fn stop(self) -> Ended {
        self.process.stop()
    }
}

impl Answer {
    /// Demands success.
    pub fn expect_ok(self) -> Answer {
        assert_eq!(self.done["ok"], true, "{self:?}");
        self
    }

    /// Demands a refusal with this exit code; gives its words.
    pub fn expect_refusal(&self, code: i64) -> String {
        assert_eq!(self.done["ok"], false, "{self:?}");
        assert_eq!(self.done["code"], code, "{self:?}");
        self.done["error"].as_str().expect("a refusal is worded").to_owned()
    }

    /// The rows of this kind.
    pub fn rows(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["event"] == kind).collect()
    }

    /// The row of this kind, of which there is one.
    pub fn row(&self, kind: &str) -> &Value {
        let rows = self.rows(kind);
        assert_eq!(rows.len(), 1, "rows of {kind}: {self:?}");
        rows[0]
    }
}

fn parse(line: &str) -> Value {
    match serde_json::from_str(line) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) | Err(_) => panic!("not one JSON object: {line}"),
    }
}
