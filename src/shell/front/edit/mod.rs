//! The line editor: keys in; lines out, and what a terminal has to be written. It touches no
//! descriptor and no clock.
//!
//! ```text
//! bytes ─ keys ─▶ Editor ─▶ Deed         line     text, cursor, kills, undo
//!                   │                    typed    lines typed before, search
//!                   ▼                    complete what a word may become, the hint
//!  lines ─────▶  screen ─▶ bytes         layout   rows of a terminal, clusters
//! ```
//!
//! | state | what comes | becomes | what it does |
//! |---|---|---|---|
//! | Typing | Enter | Typing | the line is entered |
//! | Typing | Tab, one word fits | Typing | the word is completed |
//! | Typing | Tab, several fit | Choosing | what they have in common is completed |
//! | Typing | `^R` `^S` | Searching | |
//! | Typing | `^V` `^Q` | Quoting | |
//! | Typing | paste of few lines | Typing | they are entered; what has no break is inserted |
//! | Typing | paste of many lines | Asking | |
//! | Typing | another key | Typing | edits |
//! | Choosing | Tab | Choosing | the choices are listed above |
//! | Choosing | another key | as Typing | |
//! | Quoting | any byte | Typing | it is inserted |
//! | Searching | a letter, Backspace | Searching | the line that has the letters is shown |
//! | Searching | `^R` `^S` | Searching | the next older or newer one |
//! | Searching | `^G` `^C` | Typing | the line is as it was |
//! | Searching | another key | as Typing | the line found is taken |
//! | Asking | y | Typing | the lines are entered |
//! | Asking | n `^G` `^C` `^D` | Typing | they are given up |

mod clusters;
mod complete;
mod keys;
mod layout;
mod line;
mod paste;
mod quotes;
mod screen;
mod search;
#[cfg(test)]
mod terminal;
mod typed;

pub use self::complete::{Choice, Offers, Wanted};
pub use self::typed::{Typed, row_of};

use self::complete::Completion;
use self::keys::{Key, Keys};
use self::layout::View;
use self::line::{Case, Full, Line};
use self::screen::Screen;
use self::search::{Search, Way};
use crate::proto::limits::PASTE_LINES;
use std::collections::VecDeque;

/// What the person at the keys wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Deed {
    /// A line was entered.
    Line {
        /// It, perhaps with line breaks.
        text: String,
        /// Whether it is to be remembered.
        is_kept: bool,
    },
    /// To leave.
    Leave,
    /// To stop, until the shell says go on.
    Suspend,
}

/// What the bottom shows beside the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene<'a> {
    /// What stands before the line.
    pub prompt: &'a str,
    /// Whom plain lines go to.
    pub to: Option<&'a str>,
    /// How far files are; empty when none is on its way.
    pub progress: &'a str,
}

/// A line being typed, and the terminal's bottom where it stands.
#[derive(Debug)]
pub struct Editor {
    keys: Keys,
    line: Line,
    typed: Typed,
    state: State,
    screen: Screen,
    /// The prompt that was drawn last; a line is entered behind it.
    prompt: String,
    /// To be written before anything else.
    out: Vec<u8>,
    deeds: VecDeque<Deed>,
}

#[derive(Debug)]
enum State {
    Typing,
    Choosing(Vec<Choice>),
    Quoting,
    Searching(Search),
    /// Whether to send these lines, behind which this stays.
    Asking(Vec<String>, String),
}

const BELL: u8 = 0x07;
/// To where the row begins, and erase down.
const FROM_HERE: &[u8] = b"\r\x1B[J";
const HOW_TO_LEAVE: &str = "* leave with /quit or Ctrl-D\n";
const PASTE_TOO_LONG: &str = "! paste: too long [send it as a file, with /send]\n";
/// The verb that turns to who has written and was not read yet.
const NEXT_UNREAD: &str = "/to";

impl Editor {
    /// An editor on a terminal of this size.
    pub fn new(typed: Typed, columns: usize, rows: usize) -> Editor {
        Editor {
            keys: Keys::default(),
            line: Line::default(),
            typed,
            state: State::Typing,
            screen: Screen::new(columns, rows),
            prompt: String::new(),
            out: Vec::new(),
            deeds: VecDeque::new(),
        }
    }

    /// Takes bytes of the terminal.
    pub fn handle(&mut self, bytes: &[u8], offers: &mut dyn Offers) {
        for byte in bytes {
            if matches!(self.state, State::Quoting) {
                if let Some(c) = self.keys.push_quoted(*byte) {
                    self.state = State::Typing;
                    self.insert(c.encode_utf8(&mut [0; 4]));
                }
            } else if let Some(key) = self.keys.push(*byte) {
                self.on_key(key, offers);
            }
        }
    }

    /// What is to be done, in order.
    pub fn poll_deed(&mut self) -> Option<Deed> {
        self.deeds.pop_front()
    }

    /// The lines typed before.
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        self.screen.resize(columns, rows, &mut self.out);
    }

    /// Puts what is to be printed above the bottom, and draws that as it is now. Nothing is added
    /// when nothing has changed.
    pub fn wrap(&mut self, lines: &mut Vec<u8>, scene: Scene<'_>) {
        let printed = std::mem::replace(lines, std::mem::take(&mut self.out));
        self.screen.print(&printed, lines);
        scene.prompt.clone_into(&mut self.prompt);
        let hint;
        let question;
        let mut view = View { progress: scene.progress, ..View::default() };
        (view.prompt, view.text, view.at) = match &self.state {
            State::Typing | State::Choosing(_) | State::Quoting => {
                hint = complete::hint(self.line.text());
                view.hint = &hint;
                (scene.prompt, self.line.text(), self.line.at())
            }
            State::Searching(search) => {
                question = search.prompt();
                let (text, at) = search.line(&self.typed);
                (question.as_str(), text, at)
            }
            State::Asking(pasted, _) => {
                question = paste::question(pasted.len(), scene.to);
                (question.as_str(), "", 0)
            }
        };
        self.screen.draw(view, lines);
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Somebody else may have written to the terminal since; the row of the cursor is drawn anew.
    pub fn forget(&mut self) {
        self.out.extend_from_slice(FROM_HERE);
        self.screen.forget();
    }

    /// Takes the bottom away, for somebody else who writes to the terminal, or the end.
    pub fn leave(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.out);
        self.screen.erase(out);
    }

    fn on_key(&mut self, key: Key, offers: &mut dyn Offers) {
        match std::mem::replace(&mut self.state, State::Typing) {
            State::Typing | State::Quoting => self.on_typing(key, offers),
            State::Choosing(choices) => match key {
                Key::Ctrl('I') => self.list(choices),
                key => self.on_typing(key, offers),
            },
            State::Searching(search) => self.on_searching(search, key, offers),
            State::Asking(lines, rest) => self.on_asking(lines, rest, key),
        }
    }

    fn on_typing(&mut self, key: Key, offers: &mut dyn Offers) {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::AltCtrl('M' | 'J') => self.insert("\n"),
            Key::Ctrl('M' | 'J') => self.enter(),
            Key::Ctrl('I') => self.complete(offers),
            Key::Paste(text) => self.paste(&text),
            Key::PasteTooLong => self.say(PASTE_TOO_LONG),
            Key::Up | Key::Ctrl('P') => self.look(Typed::older),
            Key::Down | Key::Ctrl('N') => self.look(Typed::newer),
            Key::Alt('<') => self.look(Typed::oldest),
            Key::Alt('>') => self.look(Typed::newest),
            Key::Ctrl('R') => self.search(),
            Key::Ctrl('S') => self.search(),
            Key::Ctrl('V' | 'Q') => self.state = State::Quoting,
            Key::Ctrl('C') => self.interrupt(),
            Key::Ctrl('D') if self.line.is_empty() => self.deeds.push_back(Deed::Leave),
            Key::Ctrl('Z') => self.deeds.push_back(Deed::Suspend),
            Key::Ctrl('L') => self.screen.clear(&mut self.out),
            Key::Alt('a') => self.ask(NEXT_UNREAD),
            key => self.edit(key),
        }
    }

    /// Keys that change the line alone.
    fn edit(&mut self, key: Key) {
        let line = &mut self.line;
        let is_done = match key {
            Key::Left | Key::Ctrl('B') => line.left(),
            Key::Right | Key::Ctrl('F') => line.right(),
            Key::Backspace => line.delete_left(),
            Key::Delete | Key::Ctrl('D') => line.delete_right(),
            Key::Ctrl('T') => line.transpose(),
            Key::Alt('t') => line.transpose_words(),
            Key::Ctrl('Y') => line.yank().is_ok(),
            Key::Alt('y') => line.yank_before().is_ok(),
            Key::Ctrl('_') => line.undo(),
            key => {
                self.edit_words(key);
                true
            }
        };
        if !is_done {
            self.out.push(BELL);
        }
    }

    /// Keys after which there is nothing to complain about.
    fn edit_words(&mut self, key: Key) {
        let line = &mut self.line;
        match key {
            Key::Home | Key::Ctrl('A') => line.home(),
            Key::End | Key::Ctrl('E') => line.end(),
            Key::WordLeft | Key::Alt('b') => line.word_left(),
            Key::WordRight | Key::Alt('f') => line.word_right(),
            Key::Ctrl('U') => line.kill_home(),
            Key::Ctrl('K') => line.kill_end(),
            Key::Ctrl('W') => line.kill_blank_left(),
            Key::AltBackspace => line.kill_word_left(),
            Key::WordDelete | Key::Alt('d') => line.kill_word_right(),
            Key::Alt('u') => line.change_case(Case::Upper),
            Key::Alt('l') => line.change_case(Case::Lower),
            Key::Alt('c') => line.change_case(Case::Title),
            _ => {}
        }
    }

    fn insert(&mut self, text: &str) {
        if let Err(Full) = self.line.insert(text) {
            self.out.push(BELL);
        }
    }

    fn enter(&mut self) {
        let text = self.line.take();
        self.typed.leave();
        if !text.is_empty() {
            let is_kept = self.typed.keep(&text);
            self.say_line(&text, text.clone(), is_kept);
        }
    }

    /// A line is done: it stays in the scrollback as it was typed.
    fn say_line(&mut self, shown: &str, text: String, is_kept: bool) {
        self.screen.enter(&self.prompt, shown, &mut self.out);
        self.deeds.push_back(Deed::Line { text, is_kept });
    }

    /// Asks for something while a line is being typed.
    fn ask(&mut self, verb: &str) {
        self.deeds.push_back(Deed::Line { text: verb.to_owned(), is_kept: false });
    }

    /// Clears the line, as `^C` does.
    pub fn interrupt(&mut self) {
        self.state = State::Typing;
        self.typed.leave();
        match self.line.is_empty() {
            true => self.say(HOW_TO_LEAVE),
            false => self.line.set("", 0),
        }
    }

    fn say(&mut self, line: &str) {
        self.screen.print(line.as_bytes(), &mut self.out);
    }

    fn look(&mut self, way: for<'a> fn(&'a mut Typed, &str) -> Option<&'a str>) {
        match way(&mut self.typed, self.line.text()) {
            Some(found) => self.line.set(found, found.len()),
            None => self.out.push(BELL),
        }
    }
}

/// Completing.
impl Editor {
    fn complete(&mut self, offers: &mut dyn Offers) {
        let head = &self.line.text()[..self.line.at()];
        let Some(Completion { from, text, choices }) = complete::complete(head, offers) else {
            return self.out.push(BELL);
        };
        let is_more = head[from..] != text;
        if !is_more || self.line.replace(from, &text).is_err() {
            self.out.push(BELL);
        }
        if choices.len() > 1 {
            self.state = State::Choosing(choices);
        }
    }

    fn list(&mut self, choices: Vec<Choice>) {
        self.say(&complete::list(&choices, self.screen.columns()));
        self.state = State::Choosing(choices);
    }
}

/// Looking for lines typed before.
impl Editor {
    fn search(&mut self) {
        self.typed.note(self.line.text());
        self.state = State::Searching(Search::new(self.line.text(), self.line.at()));
    }

    fn on_searching(&mut self, mut search: Search, key: Key, offers: &mut dyn Offers) {
        let is_found = match key {
            Key::Char(c) => search.narrow(c, &self.typed),
            Key::Ctrl('R') => search.again(Way::Older, &self.typed),
            Key::Ctrl('S') => search.again(Way::Newer, &self.typed),
            Key::Backspace => {
                search.widen(&self.typed);
                true
            }
            Key::Ctrl('G' | 'C') => return,
            key => {
                self.take_found(&search);
                return self.on_typing(key, offers);
            }
        };
        if !is_found {
            self.out.push(BELL);
        }
        self.state = State::Searching(search);
    }

    fn take_found(&mut self, search: &Search) {
        let Some(found) = search.found() else { return };
        self.typed.look_at(found, self.line.text());
        let (text, at) = search.line(&self.typed);
        self.line.set(text, at);
    }
}

/// Pasting.
impl Editor {
    /// A paste is text, never a verb: that is inserted, for Enter to be pressed behind it.
    fn paste(&mut self, text: &str) {
        let text = paste::harmless(text);
        let whole = paste::into(&text, self.line.text(), self.line.at());
        let is_verb = |line: &str| line.starts_with('/') && !line.starts_with("//");
        let mut lines = whole.lines().filter(|line| !line.trim().is_empty());
        let is_one_verb = lines.next().is_some_and(is_verb) && lines.next().is_none();
        if !text.contains('\n') || is_one_verb || is_verb(self.line.text()) {
            return self.insert(text.trim_end_matches('\n'));
        }
        let (whole, rest) = whole.rsplit_once('\n').unwrap_or((&whole, ""));
        let lines: Vec<String> =
            whole.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        match lines.len() > PASTE_LINES {
            true => self.state = State::Asking(lines, rest.to_owned()),
            false => self.enter_pasted(lines, rest),
        }
    }

    /// The lines are entered; the rest, which has no line break yet, is there to be gone on with.
    fn enter_pasted(&mut self, lines: Vec<String>, rest: &str) {
        self.line.take();
        self.typed.leave();
        for line in lines {
            // A second slash says that the first begins no verb.
            let slash = if line.starts_with('/') { "/" } else { "" };
            self.say_line(&line, [slash, &line].concat(), false);
        }
        if !rest.is_empty() {
            self.insert(rest);
        }
    }

    fn on_asking(&mut self, lines: Vec<String>, rest: String, key: Key) {
        match key {
            Key::Char('y' | 'Y') => self.enter_pasted(lines, &rest),
            Key::Char('n' | 'N') | Key::Ctrl('C' | 'D' | 'G') => {}
            key => {
                match key {
                    Key::Ctrl('Z') => self.deeds.push_back(Deed::Suspend),
                    _ => self.out.push(BELL),
                }
                self.state = State::Asking(lines, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests;
