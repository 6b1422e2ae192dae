//! What one reader is shown, and how: JSON lines or plain ones.

use super::days::Days;
use super::json::JsonLines;
use super::output::Output;
use super::paint::Paint;
use super::setting::Setting;
use super::talk::Talk;
use super::verbs::{self, VerbRow};
use super::{Failure, help, plain};
use crate::proto::id::{MsgId, Seq};
use crate::proto::model::conversation::Unread;
use crate::proto::model::entry::{Entry, OutboxRow};
use crate::proto::model::event::{Event, SessionState, Stage};
use crate::proto::model::notice::Row;
use crate::proto::model::run::RunState;
use crate::proto::model::transfer::FileState;
use crate::proto::table::Table;
use crate::proto::time::Wall;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// How a reader is shown things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// JSON lines.
    pub json: bool,
    /// The moment before each plain line.
    pub time: bool,
    /// A person sits there: the hour before each line, and no receipt that says the expected.
    pub terminal: bool,
}

/// Writes for one reader.
#[derive(Debug)]
pub struct Printer {
    style: Style,
    json: JsonLines,
    /// With whom a session is open: what goes there is not announced as queued.
    linked: BTreeSet<String>,
    /// Messages of ours announced as not yet delivered, and for whom; their delivery is news.
    announced: BTreeSet<(MsgId, String)>,
    skips_queued: bool,
    /// Talk of ours that not all have yet.
    talk: Table<MsgId, Talk>,
    /// Lines of what commands write.
    output: Output,
    /// Our own name, once it is known.
    me: Option<String>,
    /// The hours and days of who reads it now; of nobody, if `None`.
    days: Option<Days>,
    paint: Paint,
}

/// Talk remembered; of an older one the members' receipts are shown one by one.
const TALK: usize = 64;
/// Announced messages remembered; the delivery of an older one is not shown on a terminal.
const ANNOUNCED: usize = 4096;

impl Printer {
    /// A printer that has seen nothing yet.
    pub fn new(style: Style) -> Printer {
        Printer {
            style,
            json: JsonLines::default(),
            linked: BTreeSet::new(),
            announced: BTreeSet::new(),
            skips_queued: false,
            talk: Table::new(),
            output: Output::default(),
            me: None,
            days: None,
            paint: Paint::default(),
        }
    }

    /// The same for somebody at a terminal: with the hour before each line, and in colours.
    pub fn at_terminal(self, days: Days, paint: Paint) -> Printer {
        Printer { days: Some(days), paint, ..self }
    }

    /// Says nothing of a message that is merely queued: its reader waits for more than that.
    pub fn skip_queued(&mut self) {
        self.skips_queued = true;
    }

    /// How it prints.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Something happened.
    pub fn event(&mut self, out: &mut Vec<u8>, seq: Option<Seq>, at: Wall, event: &Event) {
        if self.style.json {
            self.json.event(out, seq, at, event);
            return;
        }
        self.note(event);
        if let Event::Session { with, state, .. } = event {
            self.follow(with, *state);
        }
        if let Event::Receipt { id, to, state, .. } = event {
            if self.talk.contains_key(id) {
                return self.of_talk(out, at, event);
            }
            if !self.is_news(*id, to, *state) {
                return;
            }
        }
        if let Event::Run(run) = event {
            for line in self.output.lines(run) {
                self.stamp(out, at);
                out.extend_from_slice(&line);
                out.push(b'\n');
            }
        }
        if !is_line(event) {
            return;
        }
        self.line(out, at, event);
    }

    fn line(&mut self, out: &mut Vec<u8>, at: Wall, event: &Event) {
        self.stamp(out, at);
        let start = out.len();
        plain::event(out, event, self.me.as_deref(), self.paint);
        self.paint.line(start, out);
        out.push(b'\n');
    }

    /// What it learns from an event that it does not show.
    pub fn note(&mut self, event: &Event) {
        if let Event::Ready { name: Some(name), .. } = event {
            self.me = Some(name.to_string());
        }
    }

    /// A row of an answer.
    pub fn row(&mut self, out: &mut Vec<u8>, row: &Row) {
        if self.style.json {
            return self.json.row(out, row);
        }
        if let Row::Queued { id, to, members: Some(count @ 1..) } = row {
            self.talk.insert(*id, Talk::new(to, *count));
            if self.talk.len() > TALK {
                self.talk.pop_first();
            }
        }
        let (days, is_whole) = (&mut self.days, self.style.time);
        plain::row(out, row, &mut |at| match days.as_mut().filter(|_| !is_whole) {
            Some(days) => days.moment(at),
            None => at.to_string(),
        });
    }

    /// A member's receipt: a line for all of them, or for one who will never have it.
    fn of_talk(&mut self, out: &mut Vec<u8>, at: Wall, event: &Event) {
        let Event::Receipt { id, to, state, .. } = event else { return };
        let Some(talk) = self.talk.get_mut(id) else { return };
        let is_news = talk.follow(to, *state);
        if matches!(state, Stage::Expired | Stage::Refused) {
            self.line(out, at, event);
        }
        let Some(talk) = self.talk.get(id).filter(|_| is_news) else { return };
        let mut line = Vec::new();
        talk.line(&mut line, *id);
        let is_expected = talk.is_as_expected();
        if talk.is_over() {
            self.talk.remove(id);
        }
        if is_expected && self.style.terminal {
            return;
        }
        self.stamp(out, at);
        out.extend_from_slice(&line);
        out.push(b'\n');
    }

    /// A message of the history.
    pub fn entry(&mut self, out: &mut Vec<u8>, entry: &Entry) {
        if self.style.json {
            return self.json.listed(out, entry);
        }
        self.stamp(out, entry.at);
        plain::entry(out, entry, self.me.as_deref(), self.paint);
        out.push(b'\n');
    }

    /// Before what was missed in a conversation: how much that is, since when, and whether only
    /// the last so many are shown.
    pub fn missed(&mut self, out: &mut Vec<u8>, label: &str, unread: Unread, most: usize) {
        let since = self.days.as_mut().map_or_else(String::new, |days| days.moment(unread.since));
        let mut text = format!("{label}: {} since {since}", unread.count);
        if unread.count > most {
            text.push_str(&format!(", the last {most}"));
        }
        self.rule(out, &text);
    }

    /// A line that stands between others.
    fn rule(&self, out: &mut Vec<u8>, text: &str) {
        let start = out.len();
        plain::rule(out, text);
        self.paint.line(start, out);
        out.push(b'\n');
    }

    /// A message that waits.
    pub fn outbox(&mut self, out: &mut Vec<u8>, row: &OutboxRow) {
        if self.style.json {
            return self.json.listed(out, row);
        }
        self.stamp(out, row.sent);
        plain::outbox(out, row);
        out.push(b'\n');
    }

    /// An option that is in force.
    pub fn setting(&mut self, out: &mut Vec<u8>, setting: &Setting) {
        match self.style.json {
            true => self.json.listed(out, setting),
            false => setting.line(out),
        }
    }

    /// Something is wrong that nobody asked about.
    pub fn trouble(&mut self, out: &mut Vec<u8>, at: Wall, failure: &Failure) {
        match self.style.json {
            true => self.json.trouble(out, at, failure),
            false => self.done(out, None, Err(failure)),
        }
    }

    /// A verb ended. A good end is silent in plain lines.
    pub fn done(
        &mut self,
        out: &mut Vec<u8>,
        reference: Option<&RawValue>,
        result: Result<(), &Failure>,
    ) {
        if self.style.json {
            self.json.done(out, reference, result);
        } else if let Err(failure) = result {
            let start = out.len();
            plain::failure(out, &failure.error);
            self.paint.line(start, out);
            out.push(b'\n');
        }
    }

    /// What to do next, for who has just come.
    pub fn greeting(&self, out: &mut Vec<u8>) {
        for line in help::GREETING {
            let start = out.len();
            out.extend_from_slice(line.as_bytes());
            self.paint.line(start, out);
            out.push(b'\n');
        }
    }

    /// These verbs; none of them are all.
    pub fn help(&mut self, out: &mut Vec<u8>, rows: &[&VerbRow]) {
        match (self.style.json, rows) {
            (true, []) => verbs::rows().for_each(|row| self.json.verb(out, row)),
            (true, rows) => rows.iter().for_each(|row| self.json.verb(out, row)),
            (false, []) => out.extend_from_slice(help::guide().as_bytes()),
            (false, rows) => {
                rows.iter().for_each(|row| out.extend_from_slice(help::one(row).as_bytes()));
            }
        }
    }

    /// The moment before a plain line, where the style wants one: whole, or the hour, and then a
    /// line before it that begins the day.
    fn stamp(&mut self, out: &mut Vec<u8>, at: Wall) {
        if self.style.time {
            out.extend_from_slice(at.to_string().as_bytes());
            out.push(b' ');
        } else if let Some(days) = &mut self.days {
            let (day, hour) = (days.turn(at), days.hour(at));
            if let Some(day) = day {
                self.rule(out, &day);
            }
            out.extend_from_slice(hour.as_bytes());
            out.push(b' ');
        }
    }

    fn follow(&mut self, with: &str, state: SessionState) {
        match state {
            SessionState::Open => {
                self.linked.insert(with.to_owned());
            }
            SessionState::Declined | SessionState::Closed | SessionState::Failed => {
                self.linked.remove(with);
            }
            SessionState::Asked | SessionState::Offered => {}
        }
    }

    /// Whether a plain reader wants to hear of a receipt.
    fn is_news(&mut self, id: MsgId, to: &str, state: Stage) -> bool {
        match state {
            Stage::Sent => false,
            Stage::Queued => {
                !self.skips_queued && !self.linked.contains(to) && self.announce(id, to)
            }
            Stage::Held => self.announce(id, to),
            Stage::Delivered => self.withdraw(id, to) || !self.style.terminal,
            Stage::Expired | Stage::Refused => {
                self.withdraw(id, to);
                true
            }
        }
    }

    fn withdraw(&mut self, id: MsgId, to: &str) -> bool {
        !self.announced.is_empty() && self.announced.remove(&(id, to.to_owned()))
    }

    fn announce(&mut self, id: MsgId, to: &str) -> bool {
        self.announced.insert((id, to.to_owned()));
        if self.announced.len() > ANNOUNCED {
            self.announced.pop_first();
        }
        true
    }
}

/// Whether an event is a plain line of its own.
fn is_line(event: &Event) -> bool {
    let is_progress = matches!(event, Event::File(file) if file.state == FileState::Progress);
    let is_output = matches!(event, Event::Run(run) if run.state == RunState::Output);
    !is_progress && !is_output
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::Bytes;
    use crate::proto::json;
    use crate::proto::model::event::Path;
    use crate::proto::model::notice::SessionRow;
    use crate::proto::model::refusal::Refusal;

    const TERMINAL: Style = Style { json: false, time: false, terminal: true };

    fn receipt(n: u8, state: Stage) -> Event {
        Event::Receipt { id: MsgId(Bytes([n; 16])), to: "bob".to_owned(), state, why: None }
    }

    fn session(state: SessionState) -> Event {
        Event::Session { with: "bob".to_owned(), state, path: None, why: None }
    }

    fn shown(printer: &mut Printer, event: &Event) -> String {
        let mut out = Vec::new();
        printer.event(&mut out, Some(Seq(1)), Wall(0), event);
        String::from_utf8(out).expect("lines are UTF-8")
    }

    #[test]
    fn a_pipe_hears_of_every_end_and_a_terminal_only_of_the_unexpected() {
        for (style, expected_delivered) in [(Style::default(), true), (TERMINAL, false)] {
            let mut printer = Printer::new(style);
            shown(&mut printer, &session(SessionState::Open));
            assert_eq!(shown(&mut printer, &receipt(1, Stage::Queued)), "");
            assert_eq!(shown(&mut printer, &receipt(1, Stage::Sent)), "");
            let delivered = shown(&mut printer, &receipt(1, Stage::Delivered));
            assert_eq!(!delivered.is_empty(), expected_delivered);
            assert!(!shown(&mut printer, &receipt(2, Stage::Refused)).is_empty());
        }
    }

    #[test]
    fn a_terminal_hears_of_talk_only_what_some_do_not_have() {
        let queued =
            Row::Queued { id: MsgId(Bytes([1; 16])), to: "g".to_owned(), members: Some(1) };
        for (style, stages, expected) in [
            (Style::default(), &[Stage::Delivered][..], "delivered to all 1"),
            (TERMINAL, &[Stage::Delivered], ""),
            (TERMINAL, &[Stage::Held], "held for 1 of 1"),
            (TERMINAL, &[Stage::Held, Stage::Delivered], "delivered to all 1"),
        ] {
            let mut printer = Printer::new(style);
            printer.row(&mut Vec::new(), &queued);
            let lines = stages.iter().map(|stage| shown(&mut printer, &receipt(1, *stage)));
            let last = lines.last().expect("there is a stage");
            let is_said =
                if expected.is_empty() { last.is_empty() } else { last.contains(expected) };
            assert!(is_said, "{stages:?}: {last}");
        }
    }

    #[test]
    fn what_was_announced_as_waiting_is_announced_as_delivered() {
        let mut printer = Printer::new(TERMINAL);
        assert!(shown(&mut printer, &receipt(1, Stage::Queued)).ends_with("queued\n"));
        assert!(shown(&mut printer, &receipt(1, Stage::Delivered)).ends_with("delivered\n"));
        shown(&mut printer, &session(SessionState::Open));
        shown(&mut printer, &session(SessionState::Closed));
        assert!(shown(&mut printer, &receipt(2, Stage::Queued)).ends_with("queued\n"));
    }

    #[test]
    fn who_waits_for_more_than_queued_is_not_told_of_that() {
        let mut printer = Printer::new(Style::default());
        printer.skip_queued();
        assert_eq!(shown(&mut printer, &receipt(1, Stage::Queued)), "");
        assert!(shown(&mut printer, &receipt(1, Stage::Delivered)).ends_with("delivered\n"));
    }

    #[test]
    fn moments_stand_before_lines_only_where_wanted() {
        let event = Event::Presence { name: "bob".to_owned(), online: true, seen: None };
        let timed = Style { time: true, ..Style::default() };
        for (style, expected) in [
            (Style::default(), "* bob is online\n"),
            (timed, "1970-01-01T00:00:00.000Z * bob is online\n"),
        ] {
            assert_eq!(shown(&mut Printer::new(style), &event), expected);
        }
        assert_eq!(shown(&mut at_terminal(Wall(0)), &event), "01:00 * bob is online\n");
        let whole = Printer::new(timed).at_terminal(Days::new(|_| 3600, Wall(0)), Paint::default());
        let mut whole = whole;
        assert_eq!(shown(&mut whole, &event), "1970-01-01T00:00:00.000Z * bob is online\n");
    }

    #[test]
    fn the_first_line_of_a_day_has_the_day_before_it() {
        let event = Event::Presence { name: "bob".to_owned(), online: true, seen: None };
        let mut printer = at_terminal(Wall(-86_400_000));
        let day = "-- Thursday, 1 January 1970 --\n01:00 * bob is online\n";
        assert_eq!(shown(&mut printer, &event), day);
        assert_eq!(shown(&mut printer, &event), "01:00 * bob is online\n");
        let mut out = Vec::new();
        printer.missed(&mut out, "b\u{1B}b", Unread { count: 3, since: Wall(60_000) }, 20);
        printer.missed(&mut out, "tea", Unread { count: 21, since: Wall(-86_400_000) }, 20);
        let expected = "-- b\u{FFFD}b: 3 since 01:01 --\n\
            -- tea: 21 since Wednesday, 31 December 1969, 01:00, the last 20 --\n";
        assert_eq!(String::from_utf8(out).expect("lines are UTF-8"), expected);
    }

    #[test]
    fn rows_tell_moments_as_the_lines_around_them_do() {
        let row = |ms| {
            Row::Session(SessionRow {
                with: "bob".to_owned(),
                state: SessionState::Open,
                path: Some(Path::Direct),
                remote: None,
                rtt_ms: None,
                since: Wall(ms),
            })
        };
        let shown = |printer: &mut Printer, row: &Row| {
            let mut out = Vec::new();
            printer.row(&mut out, row);
            let text = String::from_utf8(out).expect("lines are UTF-8");
            text.split_once("  since ").map(|(_, since)| since.to_owned())
        };
        let mut terminal = at_terminal(Wall(0));
        assert_eq!(shown(&mut terminal, &row(60_000)).as_deref(), Some("01:01\n"));
        let before = shown(&mut terminal, &row(-86_400_000));
        assert_eq!(before.as_deref(), Some("Wednesday, 31 December 1969, 01:00\n"));
        let whole = shown(&mut Printer::new(Style::default()), &row(60_000));
        assert_eq!(whole.as_deref(), Some("1970-01-01T00:01:00.000Z\n"));
    }

    /// Of somebody an hour ahead, who has sat down then.
    fn at_terminal(today: Wall) -> Printer {
        Printer::new(TERMINAL).at_terminal(Days::new(|_| 3600, today), Paint::default())
    }

    fn of_json(json: &str) -> Event {
        json::read(json).expect("the contract's form")
    }

    #[test]
    fn what_a_command_writes_is_prefixed_and_what_is_left_comes_before_its_end() {
        let run = |rest: &str| {
            let id = MsgId::FIRST.to_text();
            of_json(&format!(
                r#"{{"event":"run","id":"{id}","to":"bob","command":"ls","argv":["ls"],{rest}}}"#
            ))
        };
        let mut printer = Printer::new(Style::default());
        let wrote = run(r#""state":"output","stream":"stdout","text":"a\nb""#);
        assert_eq!(shown(&mut printer, &wrote), "bob| a\n");
        let exited = run(r#""state":"exited","code":0"#);
        assert_eq!(shown(&mut printer, &exited), "bob| b\n* bob has run: ls (code 0)\n");
    }

    #[test]
    fn the_progress_of_a_file_is_no_plain_line() {
        let id = MsgId::FIRST.to_text();
        let progress = of_json(&format!(
            r#"{{"event":"file","id":"{id}","to":"bob","name":"a","size":7,"state":"progress",
                "bytes":3}}"#
        ));
        assert_eq!(shown(&mut Printer::new(TERMINAL), &progress), "");
        let json = Style { json: true, ..Style::default() };
        assert!(shown(&mut Printer::new(json), &progress).contains("progress"));
    }

    #[test]
    fn we_are_called_you_once_our_name_is_known() {
        let joined = of_json(r#"{"event":"group","name":"g","state":"joined","who":"ann"}"#);
        let mut printer = Printer::new(Style::default());
        assert_eq!(shown(&mut printer, &joined), "* ann is in g\n");
        let ready = format!(
            r#"{{"event":"ready","name":"ann","address":null,"fingerprint":"{}","listen":[],
                "server":null}}"#,
            crate::proto::model::person::Fingerprint(Bytes([0; 20]))
        );
        printer.note(&of_json(&ready));
        assert_eq!(shown(&mut printer, &joined), "* you are in g\n");
    }

    #[test]
    fn json_readers_get_nothing_but_json() {
        let mut printer = Printer::new(Style { json: true, time: true, terminal: true });
        let mut out = Vec::new();
        printer.event(&mut out, Some(Seq(1)), Wall(0), &receipt(1, Stage::Sent));
        printer.done(&mut out, None, Err(&Refusal::NoServer.into()));
        printer.done(&mut out, None, Ok(()));
        printer.help(&mut out, &[]);
        let text = String::from_utf8(out).expect("lines are UTF-8");
        assert_eq!(text.lines().count(), 3 + verbs::rows().count());
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect(line);
            assert!(value["event"].is_string());
        }
    }
}
