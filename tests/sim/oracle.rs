//! What must hold, judged only by what people asked for and what they were shown.

use super::net::Node;
use hobnob::proto::id::{MsgId, Seq};
use hobnob::proto::model::event::{Event, SessionState, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// What people did and saw.
#[derive(Default)]
pub struct Oracle {
    /// Messages whose sender was told that they are taken, in the order of that, for each pair.
    accepted: BTreeMap<(Node, Node), Vec<MsgId>>,
    texts: BTreeMap<MsgId, String>,
    /// What each reader saw go by, live.
    live: BTreeSet<(Node, Seq)>,
    /// Who asked whom for a session, and who said yes to whom.
    asked: BTreeSet<(Node, Node)>,
    agreed: BTreeSet<(Node, Node)>,
}

impl Oracle {
    pub fn on_accepted(&mut self, from: Node, to: Node, id: MsgId, text: String) {
        self.accepted.entry((from, to)).or_default().push(id);
        self.texts.insert(id, text);
    }

    pub fn on_asked(&mut self, from: Node, to: Node) {
        self.asked.insert((from, to));
    }

    pub fn on_agreed(&mut self, who: Node, with: Node) {
        self.agreed.insert((who, with));
    }

    /// Something was shown to a reader. `kept`: whether the receiver has a message on its disk.
    pub fn on_event(
        &mut self,
        reader: Node,
        seq: Option<Seq>,
        event: &Event,
        node_of: impl Fn(&str) -> Node,
        kept: impl FnOnce(Node, MsgId) -> bool,
    ) {
        if let Some(seq) = seq {
            assert!(self.live.insert((reader, seq)), "{reader} was shown event {seq:?} twice");
        }
        assert_eq!(seq.is_some(), event.is_durable(), "only durable events are numbered");
        match event {
            Event::Receipt { id, to, state: Stage::Delivered, .. } => {
                assert!(kept(node_of(to), *id), "delivered, and not on {to}'s disk");
            }
            Event::Session { with, state: SessionState::Open, .. } => {
                let other = node_of(with);
                let willing = |a, b| {
                    self.asked.contains(&(a, b))
                        && (self.agreed.contains(&(b, a)) || self.asked.contains(&(b, a)))
                };
                assert!(
                    willing(reader, other) || willing(other, reader),
                    "a session between {reader} and {other} without the consent of both"
                );
            }
            _ => {}
        }
    }

    /// The whole log of one reader at the end: messages by sender, in the order they were shown.
    pub fn check_log(&self, reader: Node, messages: &[(Node, MsgId, String)]) {
        let mut seen = BTreeSet::new();
        for (from, id, text) in messages {
            assert!(seen.insert(*id), "{reader} was shown {id:?} twice");
            // A message may be on the receiver's disk though its sender died before it was told
            // that it was taken; but never another text, and never to somebody else.
            if let Some(written) = self.texts.get(id) {
                assert_eq!(written, text, "a text was changed on the way");
                let meant = self.accepted.get(&(*from, reader));
                assert!(meant.is_some_and(|ids| ids.contains(id)), "{id:?} reached a stranger");
            }
        }
        for ((from, to), ids) in &self.accepted {
            if *to != reader {
                continue;
            }
            let shown: Vec<MsgId> = messages
                .iter()
                .filter(|(sender, id, _)| sender == from && self.texts.contains_key(id))
                .map(|(_, id, _)| *id)
                .collect();
            assert_eq!(&shown, ids, "from {from} to {reader}: all accepted, once, in order");
        }
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.values().map(|ids| ids.len() as u64).sum()
    }

    pub fn pairs(&self) -> Vec<(Node, Node)> {
        self.accepted.keys().copied().collect()
    }
}
