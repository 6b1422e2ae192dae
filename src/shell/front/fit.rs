//! What `wait` waits for.

use crate::proto::model::event::Event;

/// What an event must look like; whatever is `None` fits anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Whom it is from, to or about.
    pub from: Option<String>,
    /// What its text has in it.
    pub text: Option<String>,
    /// Its kind, the contract's word.
    pub kind: Option<String>,
}

/// Every kind of event.
pub const KINDS: [&str; 8] =
    ["ready", "online", "offline", "presence", "session", "message", "receipt", "identity"];

impl Fit {
    /// Whether an event looks like that.
    pub fn fits(&self, event: &Event) -> bool {
        let Facts { kind, about, text } = facts(event);
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && self.from.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(about))
            && self.text.as_ref().is_none_or(|wanted| text.contains(wanted.as_str()))
    }
}

struct Facts<'a> {
    kind: &'static str,
    about: &'a str,
    text: &'a str,
}

fn facts(event: &Event) -> Facts<'_> {
    fn words(why: &Option<String>) -> &str {
        why.as_deref().unwrap_or("")
    }
    let (kind, about, text) = match event {
        Event::Ready { .. } => ("ready", "", ""),
        Event::Online { server } => ("online", server.as_str(), ""),
        Event::Offline { server, why } => ("offline", server.as_str(), why.as_str()),
        Event::Presence { name, .. } => ("presence", name.as_str(), ""),
        Event::Session { with, why, .. } => ("session", with.as_str(), words(why)),
        Event::Message { from, text, .. } => ("message", from.as_str(), text.as_str()),
        Event::Receipt { to, why, .. } => ("receipt", to.as_str(), words(why)),
        Event::Request { from, text } => ("request", from.as_str(), text.as_str()),
        Event::Friend { name, .. } => ("friend", name.as_str(), ""),
        Event::Group { name, why, .. } => ("group", name.as_str(), words(why)),
        Event::File(file) => {
            let with = file.from.as_ref().or(file.to.as_ref());
            ("file", with.map_or("", String::as_str), file.name.as_str())
        }
        Event::Post { owner, name, .. } => ("post", owner.as_str(), name.as_str()),
        Event::Voice { from, transcript, .. } => ("voice", from.as_str(), words(transcript)),
        Event::Run(run) => {
            let with = run.from.as_ref().or(run.to.as_ref());
            ("run", with.map_or("", String::as_str), run.command.as_str())
        }
        Event::Identity { name, .. } => ("identity", name.as_str(), ""),
    };
    Facts { kind, about, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::id::MsgId;
    use crate::proto::time::Wall;

    fn message(from: &str, text: &str) -> Event {
        let (from, text) = (from.to_owned(), text.to_owned());
        Event::Message { id: MsgId::FIRST, from, text, sent: Wall(0), group: None }
    }

    fn fit(from: Option<&str>, text: Option<&str>, kind: Option<&str>) -> Fit {
        let own = |part: Option<&str>| part.map(str::to_owned);
        Fit { from: own(from), text: own(text), kind: own(kind) }
    }

    #[test]
    fn an_event_fits_when_all_that_was_asked_for_does() {
        let event = message("bob", "hi there");
        assert!(Fit::default().fits(&event));
        assert!(fit(Some("Bob"), Some("i th"), Some("message")).fits(&event));
        assert!(!fit(Some("bo"), None, None).fits(&event));
        assert!(!fit(None, Some("HI"), None).fits(&event));
        assert!(!fit(None, None, Some("receipt")).fits(&event));
        let online = Event::Online { server: "here:1".to_owned() };
        assert!(fit(None, None, Some("online")).fits(&online));
        assert!(!fit(None, Some("x"), None).fits(&online));
    }

    #[test]
    fn every_kind_is_the_word_that_json_has() {
        let event = message("bob", "");
        let json = serde_json::to_value(&event).expect("events are JSON");
        assert_eq!(json["event"], facts(&event).kind);
        assert!(KINDS.contains(&facts(&event).kind));
    }
}
