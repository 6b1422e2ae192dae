//! What came while whoever sits at the terminal looked elsewhere.

use crate::proto::gather;
use crate::proto::model::conversation::{Conversation, Unread};
use crate::proto::model::event::Event;
use crate::proto::table::Table;
use crate::proto::time::Wall;

/// Conversations with something unread.
#[derive(Debug, Default)]
pub(super) struct Waiting(Table<Conversation, Unread>);

impl Waiting {
    /// What waited when the program started.
    pub fn restore(unread: Vec<(Conversation, Unread)>) -> Waiting {
        Waiting(unread.into_iter().collect())
    }

    /// A message is unread unless it belongs to what is looked at.
    pub fn follow(&mut self, at: Wall, event: &Event, current: Option<&Conversation>) {
        let Some(conversation) = Conversation::of(event) else { return };
        if Some(&conversation) != current {
            let unread = self.0.get_or_insert_with(conversation, || Unread { count: 0, since: at });
            unread.count += 1;
        }
    }

    /// It is looked at now; what was unread of it.
    pub fn look(&mut self, at: &Conversation) -> Option<Unread> {
        self.0.remove(at)
    }

    /// All of them, who waits longest first.
    pub fn by_age(&self) -> Vec<(&Conversation, Unread)> {
        let mut all: Vec<_> = self.0.iter().map(|(of, unread)| (of, *unread)).collect();
        gather::sort(&mut all, |(_, one), (_, other)| one.since.cmp(&other.since));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::id::MsgId;

    fn message(from: &str, group: Option<&str>) -> Event {
        let (text, group) = (String::new(), group.map(str::to_owned));
        Event::Message { id: MsgId::FIRST, from: from.to_owned(), text, sent: Wall(0), group }
    }

    fn labels(waiting: &Waiting) -> Vec<(&str, usize)> {
        waiting.by_age().into_iter().map(|(of, unread)| (of.label(), unread.count)).collect()
    }

    #[test]
    fn what_is_not_looked_at_waits_and_the_longest_comes_first() {
        let bob = Conversation::Person("bob".to_owned());
        let old = Unread { count: 2, since: Wall(5) };
        let mut waiting = Waiting::restore(vec![(Conversation::Person("zoe".to_owned()), old)]);
        waiting.follow(Wall(9), &message("bob", Some("tea")), Some(&bob));
        waiting.follow(Wall(10), &message("bob", None), Some(&bob));
        waiting.follow(Wall(11), &message("ann", None), Some(&bob));
        waiting.follow(Wall(12), &message("ann", None), Some(&bob));
        assert_eq!(labels(&waiting), [("zoe", 2), ("tea", 1), ("ann", 2)]);
        let ann = Conversation::Person("ann".to_owned());
        assert_eq!(waiting.look(&ann), Some(Unread { count: 2, since: Wall(11) }));
        assert_eq!(waiting.look(&ann), None);
        assert_eq!(labels(&waiting), [("zoe", 2), ("tea", 1)]);
    }
}
