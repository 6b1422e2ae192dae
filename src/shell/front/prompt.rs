//! What stands before the line that somebody types.

use super::safe;
use crate::proto::model::conversation::Conversation;

/// Where plain lines go: `bob> `, or `> ` while that is nowhere.
pub fn of(current: Option<&Conversation>) -> String {
    let mut prompt = Vec::new();
    push_label(current.map_or("", Conversation::label), &mut prompt);
    prompt.extend_from_slice(b"> ");
    String::from_utf8_lossy(&prompt).into_owned()
}

/// A label, harmless and no longer than fits there.
fn push_label(label: &str, out: &mut Vec<u8>) {
    match label.char_indices().nth(LABEL_CHARS) {
        Some((end, _)) => safe::push_word(&[&label[..end], "…"].concat(), out),
        None => safe::push_word(label, out),
    }
}

/// Longer ones are cut: the fingerprint of somebody nameless, a group with its leader.
const LABEL_CHARS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn person(label: &str) -> Option<Conversation> {
        Some(Conversation::Person(label.to_owned()))
    }

    #[test]
    fn it_says_where_plain_lines_go_and_stays_short_and_harmless() {
        assert_eq!(of(None), "> ");
        assert_eq!(of(person("bob").as_ref()), "bob> ");
        assert_eq!(of(Some(&Conversation::Group("tea@ann".to_owned()))), "tea@ann> ");
        assert_eq!(of(person(&"x".repeat(25)).as_ref()), format!("{}…> ", "x".repeat(24)));
        assert_eq!(of(person("a\u{1B}[2Jb").as_ref()), "a\u{FFFD}[2Jb> ");
    }
}
