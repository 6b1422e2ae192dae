//! What `wait` waits for.

use super::With;
use crate::proto::model::event::Event;

/// What an event must look like; whatever is `None` fits anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Whom it is from, to or about.
    pub from: Option<With>,
    /// What its text has in it.
    pub text: Option<String>,
    /// Its kind, the contract's word.
    pub kind: Option<String>,
}

/// Every kind of event.
pub const KINDS: [&str; 15] = [
    "ready", "online", "offline", "presence", "session", "message", "receipt", "request", "friend",
    "group", "file", "post", "voice", "run", "identity",
];

/// The kind of an event, the contract's word.
pub fn kind(event: &Event) -> &'static str {
    facts(event).kind
}

impl Fit {
    /// Whether an event looks like that.
    pub fn fits(&self, event: &Event) -> bool {
        let Facts { kind, about, text } = facts(event);
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && self.from.as_ref().is_none_or(|with| {
                let wanted = with.to_string();
                has(&about, &|of| wanted.eq_ignore_ascii_case(of))
            })
            && self
                .text
                .as_ref()
                .is_none_or(|wanted| has(&text, &|of| of.contains(wanted.as_str())))
    }
}

/// Two names and two texts at most; what is empty is not there.
struct Facts<'a> {
    kind: &'static str,
    about: [&'a str; 2],
    text: [&'a str; 2],
}

fn has(facts: &[&str; 2], fits: &dyn Fn(&str) -> bool) -> bool {
    facts.iter().any(|fact| fits(fact))
}

fn facts(event: &Event) -> Facts<'_> {
    let of = |kind, about, text| Facts { kind, about: [about, ""], text: [text, ""] };
    match event {
        Event::Ready { .. } => of("ready", "", ""),
        Event::Online { server } => of("online", server, ""),
        Event::Offline { server, why } => of("offline", server, why),
        Event::Presence { name, .. } => of("presence", name, ""),
        Event::Session { with, why, .. } => of("session", with, words(why)),
        Event::Message { from, text, group, .. } => {
            Facts { kind: "message", about: [from, words(group)], text: [text, ""] }
        }
        Event::Receipt { to, why, .. } => of("receipt", to, words(why)),
        Event::Request { from, text } => of("request", from, text),
        Event::Friend { name, .. } => of("friend", name, ""),
        Event::Group { name, who, why, .. } => {
            Facts { kind: "group", about: [who, name], text: [words(why), ""] }
        }
        Event::File(file) => {
            let about = [words(&file.from), words(&file.to)];
            Facts { kind: "file", about, text: [&file.name, words(&file.transcript)] }
        }
        Event::Post { owner, name, .. } => of("post", owner, name),
        Event::Voice { from, transcript, .. } => of("voice", from, words(transcript)),
        Event::Run(run) => {
            let about = [words(&run.from), words(&run.to)];
            Facts { kind: "run", about, text: [&run.command, words(&run.text)] }
        }
        Event::Identity { name, .. } => of("identity", name, ""),
    }
}

fn words(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::id::MsgId;
    use crate::proto::json;
    use crate::proto::model::person::Target;
    use crate::proto::time::Wall;

    fn message(from: &str, text: &str) -> Event {
        let (from, text) = (from.to_owned(), text.to_owned());
        Event::Message { id: MsgId::FIRST, from, text, sent: Wall(0), group: None }
    }

    fn fit(from: Option<&str>, text: Option<&str>, kind: Option<&str>) -> Fit {
        let own = |part: Option<&str>| part.map(str::to_owned);
        let from = from.and_then(Target::parse).map(With::Person);
        Fit { from, text: own(text), kind: own(kind) }
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
    fn talk_fits_its_speaker_and_its_group() {
        let (from, text) = ("carol".to_owned(), "who is in?".to_owned());
        let (id, sent, group) = (MsgId::FIRST, Wall(0), Some("climbers".to_owned()));
        let talk = Event::Message { id, from, text, sent, group };
        assert!(fit(Some("carol"), None, None).fits(&talk));
        assert!(fit(Some("climbers"), Some("in?"), Some("message")).fits(&talk));
        assert!(!fit(Some("bob"), None, None).fits(&talk));
    }

    #[test]
    fn a_command_fits_by_its_words_and_by_what_it_writes() {
        let json = r#"{"event":"run","id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","to":"bob","command":"ls -l",
            "argv":["ls","-l"],"state":"output","stream":"stdout","text":"total 8\n"}"#;
        let run: Event = json::read(json).expect("the contract's form");
        assert!(fit(Some("bob"), Some("total"), Some("run")).fits(&run));
        assert!(fit(None, Some("ls -l"), None).fits(&run));
        assert!(!fit(Some("carol"), None, None).fits(&run));
    }
}
