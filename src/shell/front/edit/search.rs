//! Looking for a line typed before by a part of it, letter by letter.

use super::typed::Typed;

/// A search that is going on.
#[derive(Debug)]
pub struct Search {
    part: String,
    /// The line found last, and where in it; that stays while nothing else is found.
    found: Option<(usize, usize)>,
    /// The line before the search, to go back to.
    from: (String, usize),
    is_failing: bool,
}

/// The longest part that is looked for.
const PART_MAX_BYTES: usize = 256;

/// Which way to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Towards older lines.
    Older,
    /// Towards newer ones.
    Newer,
}

impl Search {
    /// A search for nothing yet, from a line and its cursor.
    pub fn new(text: &str, at: usize) -> Search {
        let from = (text.to_owned(), at);
        Search { part: String::new(), found: None, from, is_failing: false }
    }

    /// One letter more; whether a line has them all.
    pub fn narrow(&mut self, c: char, typed: &Typed) -> bool {
        if self.part.len() >= PART_MAX_BYTES {
            return false;
        }
        self.part.push(c);
        // The line found may have the longer part as well.
        self.look(self.found.map(|(at, _)| at + 1), typed)
    }

    /// One letter less.
    pub fn widen(&mut self, typed: &Typed) {
        self.part.pop();
        self.found = None;
        self.is_failing = false;
        if !self.part.is_empty() {
            self.look(None, typed);
        }
    }

    /// The next line that has the part; whether there is one.
    pub fn again(&mut self, way: Way, typed: &Typed) -> bool {
        let found = match (way, self.found) {
            _ if self.part.is_empty() => return true,
            (Way::Older, found) => typed.find_older(found.map(|(at, _)| at), &self.part),
            (Way::Newer, Some((at, _))) => typed.find_newer(at, &self.part),
            (Way::Newer, None) => None,
        };
        self.settle(found)
    }

    fn look(&mut self, before: Option<usize>, typed: &Typed) -> bool {
        self.settle(typed.find_older(before, &self.part))
    }

    fn settle(&mut self, found: Option<(usize, usize)>) -> bool {
        self.is_failing = found.is_none();
        self.found = found.or(self.found);
        !self.is_failing
    }

    /// What stands in the prompt's place.
    pub fn prompt(&self) -> String {
        let why = if self.is_failing { "nothing has" } else { "search" };
        [why, " '", &self.part, "': "].concat()
    }

    /// The line found, and its cursor; the one from before while there is none.
    pub fn line<'a>(&'a self, typed: &'a Typed) -> (&'a str, usize) {
        let found = self.found.and_then(|(at, place)| Some((typed.line(at)?, place)));
        found.unwrap_or((&self.from.0, self.from.1))
    }

    /// Which line was found.
    pub fn found(&self) -> Option<usize> {
        self.found.map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        Typed::of_file("make tea\nmsg bob\ntea tea\n")
    }

    #[test]
    fn each_letter_narrows_and_backspace_widens() {
        let typed = typed();
        let mut search = Search::new("draft", 5);
        assert_eq!((search.prompt().as_str(), search.line(&typed)), ("search '': ", ("draft", 5)));
        assert!(search.narrow('m', &typed));
        assert_eq!(search.line(&typed), ("msg bob", 0));
        assert!(search.narrow('a', &typed));
        assert_eq!(search.line(&typed), ("make tea", 0));
        assert!(!search.narrow('x', &typed));
        assert_eq!(search.prompt(), "nothing has 'max': ");
        assert_eq!(search.line(&typed), ("make tea", 0));
        search.widen(&typed);
        search.widen(&typed);
        assert_eq!(search.line(&typed), ("msg bob", 0));
        search.widen(&typed);
        assert_eq!(search.line(&typed), ("draft", 5));
    }

    #[test]
    fn the_same_part_is_looked_for_in_older_and_newer_lines() {
        let typed = typed();
        let mut search = Search::new("", 0);
        assert!(search.again(Way::Older, &typed), "nothing is asked for yet");
        for c in "tea".chars() {
            assert!(search.narrow(c, &typed));
        }
        assert_eq!(search.line(&typed), ("tea tea", 4));
        assert!(search.again(Way::Older, &typed));
        assert_eq!(search.line(&typed), ("make tea", 5));
        assert!(!search.again(Way::Older, &typed));
        assert_eq!(search.line(&typed), ("make tea", 5));
        assert!(search.again(Way::Newer, &typed));
        assert_eq!(search.found(), Some(2));
    }
}
