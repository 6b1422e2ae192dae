//! Who looks elsewhere is told of a message: by the terminal's bell, and by a command of their own.
//!
//! | of a person | of a group | is told |
//! |---|---|---|
//! | off | off | nothing |
//! | mentions | mentions, unless said otherwise | what has our name in it |
//! | all, unless said otherwise | all | everything |
//!
//! Never of the conversation that is looked at.

use super::hooks::Hook;
use crate::proto::id::Seq;
use crate::proto::model::conversation::{Conversation, Level};
use crate::proto::model::event::Event;
use crate::proto::model::run::Argv;
use crate::proto::table::Table;
use crate::proto::time::Wall;
use crate::shell::front::json::JsonLines;
use crate::shell::front::{mention, safe};

/// What is told, and how.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    command: Argv,
    levels: Table<Conversation, Level>,
    /// Our own name, once it is known.
    me: Option<String>,
    json: JsonLines,
    /// The bell is to ring.
    is_due: bool,
}

impl Alerts {
    /// `command` may be no words: then there is nothing but the bell.
    pub fn new(command: Argv) -> Alerts {
        Alerts { command, ..Alerts::default() }
    }

    /// How much is told of each, where that was said.
    pub fn restore(&mut self, levels: Vec<(Conversation, Level)>) {
        self.levels = levels.into_iter().collect();
    }

    /// From now on so much.
    pub fn set(&mut self, of: Conversation, level: Level) {
        self.levels.insert(of, level);
    }

    /// How much of it is told.
    pub fn level(&self, of: &Conversation) -> Level {
        self.levels.get(of).copied().unwrap_or(of.usual_level())
    }

    /// Where that was said.
    pub fn levels(&self) -> impl Iterator<Item = (&Conversation, Level)> {
        self.levels.iter().map(|(of, level)| (of, *level))
    }

    /// Something happened; what is to be run if it is to be told.
    pub fn event(
        &mut self,
        seq: Option<Seq>,
        at: Wall,
        event: &Event,
        looked_at: Option<&Conversation>,
    ) -> Option<Hook> {
        if let Event::Ready { name: Some(name), .. } = event {
            self.me = Some(name.to_string());
        }
        let Event::Message { from, text, group, .. } = event else { return None };
        let of = Conversation::of(event)?;
        if Some(&of) == looked_at || !self.is_told(&of, text) {
            return None;
        }
        self.is_due = true;
        if self.command.is_empty() {
            return None;
        }
        let mut input = Vec::new();
        self.json.event(&mut input, seq, at, event);
        let argv = filled(&self.command, from, group.as_deref().unwrap_or(""), text);
        Some(Hook { label: "notify".to_owned(), event: "message", argv, input })
    }

    /// Whether the bell is to ring, once for all that came together.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.is_due)
    }

    fn is_told(&self, of: &Conversation, text: &str) -> bool {
        match self.level(of) {
            Level::Off => false,
            Level::Mentions => self.me.as_ref().is_some_and(|me| mention::find(text, me).is_some()),
            Level::All => true,
        }
    }
}

/// The command with what it is about; where it names none of that, behind it.
fn filled(command: &[String], from: &str, group: &str, text: &str) -> Argv {
    let values =
        [("{from}", harmless(from)), ("{group}", harmless(group)), ("{text}", harmless(text))];
    let names = |word: &String| values.iter().any(|(name, _)| word.contains(name));
    if !command.iter().any(names) {
        let [(_, from), _, (_, text)] = values;
        return command.iter().cloned().chain([from, text]).collect();
    }
    command.iter().map(|word| fill(word, &values)).collect()
}

/// In one go: what others wrote is not searched for more to fill in.
fn fill(word: &str, values: &[(&str, String)]) -> String {
    let (mut filled, mut rest) = (String::new(), word);
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let (name, value) = match values.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => (*name, value.as_str()),
            None => ("{", "{"),
        };
        filled.push_str(value);
        rest = &rest[name.len()..];
    }
    filled.push_str(rest);
    filled
}

/// What somebody else wrote as a word of a command: no control, not endless, and no option of it.
fn harmless(text: &str) -> String {
    let mut bytes = if text.starts_with('-') { b" ".to_vec() } else { Vec::new() };
    let end = text.char_indices().nth(WORD_CHARS).map_or(text.len(), |(end, _)| end);
    safe::push_text(&text[..end], &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Nobody reads more in a notification.
const WORD_CHARS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::id::MsgId;

    fn message(from: &str, text: &str, group: Option<&str>) -> Event {
        let (from, text, group) = (from.to_owned(), text.to_owned(), group.map(str::to_owned));
        Event::Message { id: MsgId::FIRST, from, text, sent: Wall(0), group }
    }

    fn argv(words: &[&str]) -> Argv {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn told(alerts: &mut Alerts, event: &Event) -> bool {
        let is_run = alerts.event(Some(Seq(3)), Wall(0), event, None).is_some();
        assert_eq!(alerts.take_bell(), is_run, "the bell and the command go together");
        is_run
    }

    #[test]
    fn people_are_told_of_always_and_groups_when_we_are_named() {
        let mut alerts = Alerts::new(argv(&["x"]));
        alerts.me = Some("ann".to_owned());
        assert!(told(&mut alerts, &message("bob", "hi", None)));
        assert!(!told(&mut alerts, &message("bob", "hi", Some("tea"))));
        assert!(told(&mut alerts, &message("bob", "hi @Ann", Some("tea"))));
        alerts.set(Conversation::Person("bob".to_owned()), Level::Off);
        alerts.set(Conversation::Group("tea".to_owned()), Level::All);
        assert!(!told(&mut alerts, &message("bob", "ann!", None)));
        assert!(told(&mut alerts, &message("bob", "hi", Some("tea"))));
        alerts.set(Conversation::Person("bob".to_owned()), Level::Mentions);
        assert!(told(&mut alerts, &message("bob", "ann!", None)));
        assert!(!told(&mut alerts, &message("bob", "hi", None)));
    }

    #[test]
    fn what_is_looked_at_is_never_told_of() {
        let mut alerts = Alerts::new(argv(&["x"]));
        let bob = Conversation::Person("bob".to_owned());
        let hi = message("bob", "hi", None);
        assert_eq!(alerts.event(None, Wall(0), &hi, Some(&bob)), None);
        assert!(!alerts.take_bell());
        assert!(
            alerts.event(None, Wall(0), &message("bob", "hi", Some("bob")), Some(&bob)).is_none()
        );
        let hook = alerts.event(Some(Seq(3)), Wall(0), &hi, None).expect("a hook");
        assert!(hook.input.starts_with(b"{\"event\":\"message\",\"seq\":3,"));
        assert!(hook.input.ends_with(b"}\n"));
    }

    #[test]
    fn without_a_command_there_is_the_bell_alone() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.event(None, Wall(0), &message("bob", "hi", None), None), None);
        assert!(alerts.take_bell() && !alerts.take_bell());
    }

    #[test]
    fn the_command_has_the_words_where_it_wants_them_or_behind_it() {
        let fill = |command: &[&str], text| filled(&argv(command), "bob", "tea", text);
        assert_eq!(fill(&["send", "-u"], "hi there"), ["send", "-u", "bob", "hi there"]);
        let placed = fill(&["{group}", "a {from}: {text}{", "{x}"], "{from} hi");
        assert_eq!(placed, ["tea", "a bob: {from} hi{", "{x}"]);
        assert_eq!(fill(&["x"], "--icon=y"), ["x", "bob", " --icon=y"]);
        assert_eq!(fill(&["x"], "a\0\x1B[2J"), ["x", "bob", "a\u{FFFD}\u{FFFD}[2J"]);
        let long = "ü".repeat(WORD_CHARS + 1);
        assert_eq!(fill(&["x", "{text}"], &long)[1], "ü".repeat(WORD_CHARS));
    }
}
