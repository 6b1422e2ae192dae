//! Names that somebody at the terminal has just read: they may be meant although the profile does
//! not know them.

use crate::proto::model::event::Event;
use crate::proto::model::notice::Row;
use std::collections::VecDeque;

/// The latest names that were shown; beyond the bound the one read longest ago is forgotten.
#[derive(Debug, Default)]
pub(in crate::shell::client) struct Heard(VecDeque<String>);

/// As many as a page of `who` has.
const NAMES: usize = 256;

impl Heard {
    /// Somebody is listed.
    pub fn row(&mut self, row: &Row) {
        if let Row::Person(person) = row {
            self.add(&person.name);
        }
    }

    /// Somebody did something.
    pub fn event(&mut self, event: &Event) {
        if let Event::Session { with: name, .. }
        | Event::Request { from: name, .. }
        | Event::Message { from: name, .. }
        | Event::Group { who: name, .. } = event
        {
            self.add(name);
        }
    }

    /// The names, the latest last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn add(&mut self, name: &str) {
        if self.0.iter().any(|known| known == name) {
            return;
        }
        if self.0.len() == NAMES {
            self.0.pop_front();
        }
        self.0.push_back(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(from: &str) -> Event {
        Event::Request { from: from.to_owned(), text: String::new() }
    }

    #[test]
    fn the_latest_names_are_kept_each_once() {
        let mut heard = Heard::default();
        for n in 0..=NAMES {
            heard.event(&request(&format!("n{n}")));
            heard.event(&request("n1"));
        }
        let names: Vec<&str> = heard.names().collect();
        assert_eq!(names.len(), NAMES);
        assert!(!names.contains(&"n0") && names.contains(&"n1"));
        assert_eq!(names.last(), Some(&"n256"));
    }
}
