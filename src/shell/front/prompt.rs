//! What stands before the line that somebody types.

use super::safe;
use crate::proto::model::conversation::{Conversation, Unread};

/// What waits, who waits longest first, and where plain lines go:
/// `[2 unread: carol 1, tea 1] bob> `, or `> ` while they go nowhere.
pub fn of(current: Option<&Conversation>, waiting: &[(&Conversation, Unread)]) -> String {
    let mut prompt = Vec::new();
    if !waiting.is_empty() {
        let count: usize = waiting.iter().map(|(_, unread)| unread.count).sum();
        prompt.push(b'[');
        push_count(count, &mut prompt);
        prompt.extend_from_slice(b" unread");
        let mut before = ": ";
        for (of, unread) in waiting.iter().take(NAMED) {
            prompt.extend_from_slice(before.as_bytes());
            push_label(of.label(), &mut prompt);
            prompt.push(b' ');
            push_count(unread.count, &mut prompt);
            before = ", ";
        }
        let rest = if waiting.len() > NAMED { ", …] " } else { "] " };
        prompt.extend_from_slice(rest.as_bytes());
    }
    push_label(current.map_or("", Conversation::label), &mut prompt);
    prompt.extend_from_slice(b"> ");
    String::from_utf8_lossy(&prompt).into_owned()
}

fn push_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(count.to_string().as_bytes());
}

/// A label, harmless and no longer than fits there.
fn push_label(label: &str, out: &mut Vec<u8>) {
    match label.char_indices().nth(LABEL_CHARS) {
        Some((end, _)) => safe::push_word(&[&label[..end], "…"].concat(), out),
        None => safe::push_word(label, out),
    }
}

/// Conversations named of those with something unread.
const NAMED: usize = 3;
/// Longer labels are cut: the fingerprint of somebody nameless, a group with its leader.
const LABEL_CHARS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::time::Wall;

    fn person(label: &str) -> Conversation {
        Conversation::Person(label.to_owned())
    }

    fn plain(label: &str) -> String {
        of(Some(&person(label)), &[])
    }

    #[test]
    fn it_says_where_plain_lines_go_and_stays_short_and_harmless() {
        assert_eq!(of(None, &[]), "> ");
        assert_eq!(plain("bob"), "bob> ");
        assert_eq!(of(Some(&Conversation::Group("tea@ann".to_owned())), &[]), "tea@ann> ");
        assert_eq!(plain(&"x".repeat(25)), format!("{}…> ", "x".repeat(24)));
        assert_eq!(plain("a\u{1B}[2Jb"), "a\u{FFFD}[2Jb> ");
    }

    #[test]
    fn it_names_three_of_those_who_wait() {
        let people = ["carol", "dave", "eve", "fay"].map(person);
        let unread = |count| Unread { count, since: Wall(0) };
        let waiting: Vec<_> = people.iter().zip([1, 2, 3, 4].map(unread)).collect();
        assert_eq!(of(None, &waiting[..1]), "[1 unread: carol 1] > ");
        let three = "[6 unread: carol 1, dave 2, eve 3] bob> ";
        assert_eq!(of(Some(&person("bob")), &waiting[..3]), three);
        assert_eq!(of(None, &waiting), "[10 unread: carol 1, dave 2, eve 3, …] > ");
    }
}
