//! The line that is being typed: its text, where in it the cursor is, what was cut out of it and
//! what it was before.

use super::clusters;
use crate::proto::limits::{KILLS, LINE_MAX_BYTES, UNDO_BYTES};

/// A text and a place in it, between two clusters.
#[derive(Debug, Default)]
pub struct Line {
    text: String,
    at: usize,
    /// What was killed, the latest last.
    kills: Vec<String>,
    /// Where [`Line::yank`] put something in last; up to the cursor, it may be exchanged.
    yanked: Option<usize>,
    /// Earlier texts, the latest last, each with its cursor.
    before: Vec<(String, usize)>,
    last: Deed,
}

/// What was done last: some things in a row are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Deed {
    #[default]
    Other,
    Typed,
    Killed,
    Yanked,
}

/// The room is used up; the line is as it was.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

/// How a word's letters are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// All large.
    Upper,
    /// All small.
    Lower,
    /// The first large, the rest small.
    Title,
}

impl Line {
    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether nothing stands there.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Another text, with the cursor at `at`. The one before can be had back.
    pub fn set(&mut self, text: &str, at: usize) {
        self.remember(Deed::Other);
        text.clone_into(&mut self.text);
        self.at = at;
    }

    /// The text, out of the line; what it was before is forgotten, what was killed is not.
    pub fn take(&mut self) -> String {
        self.before.clear();
        self.last = Deed::Other;
        self.at = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts a text in at the cursor.
    pub fn insert(&mut self, text: &str) -> Result<(), Full> {
        let is_one = text.chars().nth(1).is_none() && text != " ";
        self.put(text, if is_one { Deed::Typed } else { Deed::Other })
    }

    /// Puts a text in the place of what stands between `from` and the cursor.
    pub fn replace(&mut self, from: usize, text: &str) -> Result<(), Full> {
        if self.text.len() - (self.at - from) + text.len() > LINE_MAX_BYTES {
            return Err(Full);
        }
        self.remember(Deed::Other);
        self.text.replace_range(from..self.at, text);
        self.at = from + text.len();
        Ok(())
    }

    fn put(&mut self, text: &str, deed: Deed) -> Result<(), Full> {
        if self.text.len() + text.len() > LINE_MAX_BYTES {
            return Err(Full);
        }
        self.remember(deed);
        self.text.insert_str(self.at, text);
        self.at += text.len();
        Ok(())
    }

    /// Keeps the text as it is now, before something is done to it. A word that is typed is one
    /// deed, and so is what is killed in a row.
    fn remember(&mut self, deed: Deed) {
        let goes_on = deed == self.last && matches!(deed, Deed::Typed | Deed::Killed);
        if !goes_on {
            self.before.push((self.text.clone(), self.at));
            let mut bytes: usize =
                self.before.iter().map(|(text, _)| text.len() + UNDO_ROW_BYTES).sum();
            while bytes > UNDO_BYTES && self.before.len() > 1 {
                bytes -= self.before.remove(0).0.len() + UNDO_ROW_BYTES;
            }
        }
        self.last = deed;
    }

    /// What it was before the last change; whether there was any.
    pub fn undo(&mut self) -> bool {
        self.last = Deed::Other;
        match self.before.pop() {
            Some((text, at)) => {
                (self.text, self.at) = (text, at);
                true
            }
            None => false,
        }
    }
}

/// Moving. Whatever comes next begins something new.
impl Line {
    /// To a place that is known to be between two clusters.
    pub fn go(&mut self, at: usize) {
        self.at = at;
        self.last = Deed::Other;
    }

    /// To the begin.
    pub fn home(&mut self) {
        self.go(0);
    }

    /// To the end.
    pub fn end(&mut self) {
        self.go(self.text.len());
    }

    /// One cluster back; whether there is one.
    pub fn left(&mut self) -> bool {
        let is_moved = self.at > 0;
        self.go(clusters::before(&self.text, self.at));
        is_moved
    }

    /// One cluster on; whether there is one.
    pub fn right(&mut self) -> bool {
        let is_moved = self.at < self.text.len();
        self.go(clusters::after(&self.text, self.at));
        is_moved
    }

    /// To where a word begins.
    pub fn word_left(&mut self) {
        self.go(word_before(&self.text, self.at));
    }

    /// To where a word ends.
    pub fn word_right(&mut self) {
        self.go(word_after(&self.text, self.at));
    }
}

/// Deleting, and having it back.
impl Line {
    /// Deletes the cluster before the cursor; whether there is one.
    pub fn delete_left(&mut self) -> bool {
        self.delete(clusters::before(&self.text, self.at), self.at)
    }

    /// Deletes the cluster at the cursor; whether there is one.
    pub fn delete_right(&mut self) -> bool {
        self.delete(self.at, clusters::after(&self.text, self.at))
    }

    fn delete(&mut self, from: usize, to: usize) -> bool {
        if from == to {
            return false;
        }
        self.remember(Deed::Other);
        self.text.replace_range(from..to, "");
        self.at = from;
        true
    }

    /// Kills all before the cursor.
    pub fn kill_home(&mut self) {
        self.kill(0, self.at);
    }

    /// Kills all behind it.
    pub fn kill_end(&mut self) {
        self.kill(self.at, self.text.len());
    }

    /// Kills back to a blank.
    pub fn kill_blank_left(&mut self) {
        let head = self.text[..self.at].trim_end();
        self.kill(head.trim_end_matches(|c: char| !c.is_whitespace()).len(), self.at);
    }

    /// Kills back to where a word begins.
    pub fn kill_word_left(&mut self) {
        self.kill(word_before(&self.text, self.at), self.at);
    }

    /// Kills on to where a word ends.
    pub fn kill_word_right(&mut self) {
        self.kill(self.at, word_after(&self.text, self.at));
    }

    /// Cuts out a part. What is killed in a row is yanked as one.
    fn kill(&mut self, from: usize, to: usize) {
        if from == to {
            return;
        }
        let goes_on = self.last == Deed::Killed;
        self.remember(Deed::Killed);
        let killed = &self.text[from..to];
        match self.kills.last_mut().filter(|_| goes_on) {
            Some(last) if to == self.at => last.insert_str(0, killed),
            Some(last) => last.push_str(killed),
            None => {
                self.kills.push(killed.to_owned());
                if self.kills.len() > KILLS {
                    self.kills.remove(0);
                }
            }
        }
        self.text.replace_range(from..to, "");
        self.at = from;
    }

    /// Puts in what was killed last.
    pub fn yank(&mut self) -> Result<(), Full> {
        let Some(text) = self.kills.last().cloned() else { return Ok(()) };
        let from = self.at;
        self.put(&text, Deed::Yanked)?;
        self.yanked = Some(from);
        Ok(())
    }

    /// Exchanges what was just yanked for what was killed before it, and so on in a ring.
    pub fn yank_before(&mut self) -> Result<(), Full> {
        let Some(from) = self.yanked.filter(|_| self.last == Deed::Yanked) else {
            return Err(Full);
        };
        self.kills.rotate_right(1);
        let Some(text) = self.kills.last().cloned() else { return Ok(()) };
        self.replace(from, &text)?;
        self.last = Deed::Yanked;
        Ok(())
    }
}

/// Small repairs.
impl Line {
    /// Exchanges the clusters around the cursor; at the end, the last two. Whether there are two.
    pub fn transpose(&mut self) -> bool {
        let end = clusters::after(&self.text, self.at);
        let middle = clusters::before(&self.text, end);
        let start = clusters::before(&self.text, middle);
        if start == middle || self.at == 0 {
            return false;
        }
        self.remember(Deed::Other);
        let turned = [&self.text[middle..end], &self.text[start..middle]].concat();
        self.text.replace_range(start..end, &turned);
        self.at = end;
        true
    }

    /// Exchanges the words around the cursor; whether there are two.
    pub fn transpose_words(&mut self) -> bool {
        let end = word_after(&self.text, self.at);
        let second = word_before(&self.text, end);
        let first = word_before(&self.text, second);
        let first_end = word_after(&self.text, first);
        if first == second || first_end > second {
            return false;
        }
        self.remember(Deed::Other);
        let parts = [second..end, first_end..second, first..first_end];
        let turned: String = parts.map(|part| &self.text[part]).concat();
        self.text.replace_range(first..end, &turned);
        self.at = end;
        true
    }

    /// Changes the letters from the cursor to where the word ends.
    pub fn change_case(&mut self, case: Case) {
        let end = word_after(&self.text, self.at);
        let mut is_first = true;
        let mut changed = String::new();
        for c in self.text[self.at..end].chars() {
            let is_upper = case == Case::Upper || (case == Case::Title && is_first);
            is_first &= !c.is_alphanumeric();
            match is_upper {
                true => changed.extend(c.to_uppercase()),
                false => changed.extend(c.to_lowercase()),
            }
        }
        self.remember(Deed::Other);
        self.text.replace_range(self.at..end, &changed);
        self.at += changed.len();
    }
}

/// Where the word begins that `at` is in or behind.
fn word_before(text: &str, at: usize) -> usize {
    let head = text[..at].trim_end_matches(|c: char| !c.is_alphanumeric());
    head.trim_end_matches(|c: char| c.is_alphanumeric() || is_mark(c)).len()
}

/// Where the word ends that `at` is in or before.
fn word_after(text: &str, at: usize) -> usize {
    let tail = text[at..].trim_start_matches(|c: char| !c.is_alphanumeric());
    text.len() - tail.trim_start_matches(|c: char| c.is_alphanumeric() || is_mark(c)).len()
}

/// What belongs to the letter before it, and so to its word.
fn is_mark(c: char) -> bool {
    clusters::width(c.encode_utf8(&mut [0; 4])) == 0
}

/// What an earlier text counts for beside its bytes.
const UNDO_ROW_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// A line written with `|` for the cursor.
    fn line(text: &str) -> Line {
        let (head, tail) = text.split_once('|').expect("a cursor");
        Line { text: [head, tail].concat(), at: head.len(), ..Line::default() }
    }

    fn shown(line: &Line) -> String {
        format!("{}|{}", &line.text()[..line.at()], &line.text()[line.at()..])
    }

    fn after(text: &str, deed: impl FnOnce(&mut Line)) -> String {
        let mut line = line(text);
        deed(&mut line);
        shown(&line)
    }

    #[test]
    fn the_cursor_moves_by_what_looks_like_one_letter() {
        let text = "e\u{301}你👍🏽|";
        let left = after(text, |line| assert!(line.left()));
        assert_eq!(left, "e\u{301}你|👍🏽");
        assert_eq!(after(&left, |line| assert!(line.left() && line.left())), "|e\u{301}你👍🏽");
        assert_eq!(after("|e\u{301}x", |line| assert!(line.right())), "e\u{301}|x");
        assert_eq!(after("|x", |line| assert!(!line.left())), "|x");
        assert_eq!(after("x|", |line| assert!(!line.right())), "x|");
    }

    #[test]
    fn the_cursor_moves_by_words_as_in_readline() {
        assert_eq!(after("one, two.|", Line::word_left), "one, |two.");
        assert_eq!(after("one|, two", Line::word_right), "one, two|");
        assert_eq!(after("x äe\u{301}ö|", Line::word_left), "x |äe\u{301}ö");
        assert_eq!(after("|äe\u{301}ö x", Line::word_right), "äe\u{301}ö| x");
        assert_eq!(after("|x", Line::word_left), "|x");
        assert_eq!(after("on|e", Line::home), "|one");
        assert_eq!(after("on|e", Line::end), "one|");
    }

    #[test]
    fn clusters_are_deleted_whole() {
        assert_eq!(after("a👍🏽|b", |line| assert!(line.delete_left())), "a|b");
        assert_eq!(after("a|👍🏽b", |line| assert!(line.delete_right())), "a|b");
        assert_eq!(after("|a", |line| assert!(!line.delete_left())), "|a");
        assert_eq!(after("a|", |line| assert!(!line.delete_right())), "a|");
    }

    #[test]
    fn what_is_killed_in_a_row_is_yanked_as_one() {
        let mut line = line("one two three|");
        line.kill_blank_left();
        line.kill_blank_left();
        assert_eq!(shown(&line), "one |");
        line.home();
        line.yank().expect("room");
        assert_eq!(shown(&line), "two three|one ");
        line.kill_end();
        assert_eq!(shown(&line), "two three|");
        line.yank().expect("room");
        assert_eq!(shown(&line), "two threeone |");
        line.yank_before().expect("it was just yanked");
        assert_eq!(shown(&line), "two threetwo three|");
        line.yank_before().expect("it was just yanked");
        assert_eq!(shown(&line), "two threeone |");
        line.home();
        assert_eq!(line.yank_before(), Err(Full));
    }

    #[test]
    fn parts_are_killed_to_a_blank_a_word_or_an_end() {
        assert_eq!(after("/send bob ~/a.png|", Line::kill_blank_left), "/send bob |");
        assert_eq!(after("/send bob ~/a.png|", Line::kill_word_left), "/send bob ~/a.|");
        assert_eq!(after("a| b, c", Line::kill_word_right), "a|, c");
        assert_eq!(after("a| b", Line::kill_home), "| b");
        assert_eq!(after("a| b", Line::kill_end), "a|");
        assert_eq!(after("|a", Line::kill_word_left), "|a");
    }

    #[test]
    fn undo_goes_back_by_words_and_deeds() {
        let mut line = Line::default();
        for c in ["h", "i", " ", "b", "o"] {
            line.insert(c).expect("room");
        }
        line.kill_home();
        for expected in ["hi bo|", "hi |", "hi|", "|"] {
            assert!(line.undo());
            assert_eq!(shown(&line), expected);
        }
        assert!(!line.undo());
    }

    #[test]
    fn letters_and_words_change_places() {
        assert_eq!(after("ab|", |line| assert!(line.transpose())), "ba|");
        assert_eq!(after("a|bc", |line| assert!(line.transpose())), "ba|c");
        assert_eq!(after("a|", |line| assert!(!line.transpose())), "a|");
        assert_eq!(after("|ab", |line| assert!(!line.transpose())), "|ab");
        assert_eq!(after("one two|", |line| assert!(line.transpose_words())), "two one|");
        assert_eq!(after("one| two x", |line| assert!(line.transpose_words())), "two one| x");
        assert_eq!(after("one|", |line| assert!(!line.transpose_words())), "one|");
    }

    #[test]
    fn words_change_their_case() {
        assert_eq!(after("|one two", |line| line.change_case(Case::Upper)), "ONE| two");
        assert_eq!(after("ONE| TWO", |line| line.change_case(Case::Lower)), "ONE two|");
        assert_eq!(after("| über x", |line| line.change_case(Case::Title)), " Über| x");
    }

    #[test]
    fn a_full_line_takes_no_more_and_undo_has_a_bound() {
        let mut line = Line::default();
        line.insert(&"x".repeat(LINE_MAX_BYTES)).expect("room");
        assert_eq!(line.insert("x"), Err(Full));
        assert_eq!(line.replace(LINE_MAX_BYTES, "x"), Err(Full));
        for _ in 0..10 {
            assert!(line.delete_left() && line.left());
        }
        let kept: usize = line.before.iter().map(|(text, _)| text.len()).sum();
        assert!(kept <= UNDO_BYTES.max(LINE_MAX_BYTES));
    }
}
