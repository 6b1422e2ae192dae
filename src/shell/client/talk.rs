//! The conversation that plain lines go to.

use crate::proto::model::event::{Event, SessionState};
use crate::proto::model::person::Target;

/// Sessions that are open, and which of them is talked in.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// In the order of opening.
    open: Vec<String>,
    current: Option<String>,
}

impl Talk {
    /// Whom plain lines go to.
    pub fn current(&self) -> Option<Target> {
        self.current.as_deref().and_then(Target::parse)
    }

    /// The same, as they are called.
    pub fn label(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whether a session with somebody is open.
    pub fn is_open(&self, label: &str) -> bool {
        self.open.iter().any(|open| open == label)
    }

    /// A session opened or ended. The first one to open is talked in.
    pub fn follow(&mut self, event: &Event) {
        let Event::Session { with, state, .. } = event else { return };
        match state {
            SessionState::Open => {
                self.open.retain(|open| open != with);
                self.open.push(with.clone());
                self.current.get_or_insert_with(|| with.clone());
            }
            SessionState::Declined | SessionState::Closed | SessionState::Failed => {
                self.open.retain(|open| open != with);
                if self.current.as_ref() == Some(with) {
                    self.current = None;
                }
            }
            SessionState::Asked | SessionState::Offered => {}
        }
    }

    /// The user wanted to talk with somebody, and does: by name if that is how they said it, else
    /// with whom a session opened last.
    pub fn turn_to(&mut self, target: Option<&Target>) {
        let named = match target {
            Some(Target::Name(name)) => {
                self.open.iter().find(|open| open.as_str() == name.as_str())
            }
            Some(Target::Address(_) | Target::Key(_) | Target::Endpoint(_)) | None => None,
        };
        if let Some(label) = named.or(self.open.last()) {
            self.current = Some(label.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(events: &[(&str, SessionState)]) -> Talk {
        let mut talk = Talk::default();
        for (with, state) in events {
            let with = (*with).to_owned();
            talk.follow(&Event::Session { with, state: *state, path: None, why: None });
        }
        talk
    }

    const OPEN: SessionState = SessionState::Open;

    #[test]
    fn the_first_session_is_talked_in_until_it_closes() {
        assert_eq!(talk(&[]).label(), None);
        assert_eq!(talk(&[("bob", SessionState::Offered)]).label(), None);
        assert_eq!(talk(&[("bob", OPEN), ("carol", OPEN)]).label(), Some("bob"));
        let closed = talk(&[("bob", OPEN), ("carol", OPEN), ("bob", SessionState::Closed)]);
        assert_eq!(closed.label(), None);
    }

    #[test]
    fn chat_turns_to_whom_it_names_or_who_opened_last() {
        let mut talk = talk(&[("bob", OPEN), ("carol", OPEN), ("dave", OPEN)]);
        talk.turn_to(Target::parse("Carol").as_ref());
        assert_eq!(talk.label(), Some("carol"));
        talk.turn_to(Target::parse("127.0.0.1:7").as_ref());
        assert_eq!(talk.label(), Some("dave"));
        assert_eq!(talk.current(), Target::parse("dave"));
    }
}
