//! The conversation that plain lines go to.
//!
//! | plain lines go | what happens | then |
//! |---|---|---|
//! | nowhere | a session opens | to its person, while it is open |
//! | anywhere | `chat` or `accept` is answered with a session | to its person, while it is open |
//! | anywhere | `to`, or `chat` with a group | there, whatever becomes of sessions |
//! | to a person, while a session is open | it ends | nowhere |

use crate::proto::client::Client;
use crate::proto::model::command::{GroupVerb, Verb};
use crate::proto::model::conversation::Conversation;
use crate::proto::model::event::{Event, SessionState, Stage};
use crate::proto::model::group::GroupTarget;
use crate::proto::model::notice::Row;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::Refusal;
use crate::shell::front::With;

/// Sessions that are open, and where plain lines go.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// In the order of opening.
    open: Vec<String>,
    current: Option<Conversation>,
    /// It lasts as long as its session.
    is_session: bool,
}

impl Talk {
    /// Where plain lines go.
    pub fn current(&self) -> Option<&Conversation> {
        self.current.as_ref()
    }

    /// The person of the session that plain lines go to.
    pub fn partner(&self) -> Option<&str> {
        self.current().filter(|_| self.is_session).map(Conversation::label)
    }

    /// The person that plain lines go to, if there is a session with them.
    pub fn person_in_session(&self) -> Option<Target> {
        match self.current()? {
            Conversation::Person(label) if self.is_open(label) => Target::parse(label),
            Conversation::Person(_) | Conversation::Group(_) => None,
        }
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
                if self.current.is_none() {
                    self.talk_in_session(with.clone());
                }
            }
            SessionState::Declined | SessionState::Closed | SessionState::Failed => {
                self.open.retain(|open| open != with);
                if self.partner() == Some(with) {
                    self.current = None;
                }
            }
            SessionState::Asked | SessionState::Offered => {}
        }
    }

    /// The user wanted a session, and has it: by name if that is how they said it, else the one
    /// that opened last.
    pub fn turn_to_session(&mut self, target: Option<&Target>) {
        let named = match target {
            Some(Target::Name(name)) => {
                self.open.iter().find(|open| open.as_str() == name.as_str())
            }
            Some(Target::Address(_) | Target::Key(_) | Target::Endpoint(_)) | None => None,
        };
        if let Some(label) = named.or(self.open.last()) {
            self.talk_in_session(label.clone());
        }
    }

    /// The user wants plain lines to go there.
    pub fn turn_to(&mut self, to: Conversation) {
        self.current = Some(to);
        self.is_session = false;
    }

    fn talk_in_session(&mut self, with: String) {
        self.current = Some(Conversation::Person(with));
        self.is_session = true;
    }
}

/// The conversation that somebody means, if it is a person known or a group of ours.
pub(super) fn known(with: &With, machine: &Client) -> Result<Option<Conversation>, Refusal> {
    let group = match with {
        With::Group(group) => group.clone(),
        With::Person(target) => match (machine.called(target), target) {
            (Some(label), _) => return Ok(Some(Conversation::Person(label))),
            (None, Target::Name(name)) => GroupTarget { name: name.clone(), leader: None },
            (None, Target::Address(_) | Target::Key(_) | Target::Endpoint(_)) => return Ok(None),
        },
    };
    match (machine.group_called(&group), with) {
        (Ok(label), _) => Ok(Some(Conversation::Group(label))),
        (Err(Refusal::NoGroup(_)), With::Person(_)) => Ok(None),
        (Err(refusal), _) => Err(refusal),
    }
}

/// The same, or a person of that name whom only the server may know.
pub(super) fn named(with: &With, machine: &Client) -> Result<Conversation, Refusal> {
    match (known(with, machine)?, with) {
        (Some(conversation), _) => Ok(conversation),
        (None, With::Person(Target::Name(name))) => Ok(Conversation::Person(name.to_string())),
        (None, _) => Err(Refusal::Unknown(with.to_string())),
    }
}

/// What saying something there asks for; `None` for who cannot be named.
pub(super) fn say(to: &Conversation, text: String, until: Stage) -> Option<Verb> {
    Some(match to {
        Conversation::Person(label) => Verb::Msg { to: vec![Target::parse(label)?], text, until },
        Conversation::Group(label) => {
            let group = GroupTarget::parse(label)?;
            Verb::Group(GroupVerb::Say { group, text, until })
        }
    })
}

/// How somebody would type it; `None` for who cannot be named.
pub(super) fn typed(conversation: &Conversation) -> Option<With> {
    match conversation {
        Conversation::Person(label) => Target::parse(label).map(With::Person),
        Conversation::Group(label) => GroupTarget::parse(label).map(With::Group),
    }
}

/// Where plain lines go, as a row.
pub(super) fn row(to: Option<&Conversation>) -> Row {
    let (person, group) = sides(to);
    Row::To { person, group }
}

/// The person and the group that rows name, of which a conversation has one.
pub(super) fn sides(of: Option<&Conversation>) -> (Option<String>, Option<String>) {
    match of {
        Some(Conversation::Person(label)) => (Some(label.clone()), None),
        Some(Conversation::Group(label)) => (None, Some(label.clone())),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(events: &[(&str, SessionState)]) -> Talk {
        let mut talk = Talk::default();
        for (with, state) in events {
            session(&mut talk, with, *state);
        }
        talk
    }

    fn session(talk: &mut Talk, with: &str, state: SessionState) {
        let with = with.to_owned();
        talk.follow(&Event::Session { with, state, path: None, why: None });
    }

    fn label(talk: &Talk) -> Option<&str> {
        talk.current().map(Conversation::label)
    }

    const OPEN: SessionState = SessionState::Open;

    #[test]
    fn the_first_session_is_talked_in_until_it_closes() {
        assert_eq!(label(&talk(&[])), None);
        assert_eq!(label(&talk(&[("bob", SessionState::Offered)])), None);
        assert_eq!(label(&talk(&[("bob", OPEN), ("carol", OPEN)])), Some("bob"));
        let closed = talk(&[("bob", OPEN), ("carol", OPEN), ("bob", SessionState::Closed)]);
        assert_eq!(label(&closed), None);
    }

    #[test]
    fn chat_turns_to_whom_it_names_or_who_opened_last() {
        let mut talk = talk(&[("bob", OPEN), ("carol", OPEN), ("dave", OPEN)]);
        talk.turn_to_session(Target::parse("Carol").as_ref());
        assert_eq!(label(&talk), Some("carol"));
        talk.turn_to_session(Target::parse("127.0.0.1:7").as_ref());
        assert_eq!(talk.partner(), Some("dave"));
    }

    #[test]
    fn where_one_has_turned_to_no_session_is_needed_and_none_that_ends_matters() {
        let mut talk = talk(&[("bob", OPEN)]);
        talk.turn_to(Conversation::Group("tea".to_owned()));
        session(&mut talk, "carol", OPEN);
        session(&mut talk, "bob", SessionState::Closed);
        assert_eq!((label(&talk), talk.partner()), (Some("tea"), None));
        talk.turn_to(Conversation::Person("carol".to_owned()));
        session(&mut talk, "carol", SessionState::Closed);
        assert_eq!((label(&talk), talk.is_open("carol")), (Some("carol"), false));
    }

    #[test]
    fn what_is_said_goes_to_the_person_or_to_the_group() {
        let until = Stage::Held;
        let verb = |to: Conversation| say(&to, "hi".to_owned(), until).expect("it can be named");
        let (to, text) = (vec![Target::parse("bob").expect("a name")], "hi".to_owned());
        assert_eq!(verb(Conversation::Person("bob".to_owned())), Verb::Msg { to, text, until });
        let group = GroupTarget::parse("tea@ann").expect("a group");
        let text = "hi".to_owned();
        let expected = Verb::Group(GroupVerb::Say { group, text, until });
        assert_eq!(verb(Conversation::Group("tea@ann".to_owned())), expected);
    }
}
