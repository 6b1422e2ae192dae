//! Files arrive as they were offered, and only where they are wanted.

use super::Names;
use crate::net::Node;
use hobnob::proto::id::MsgId;
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::FileEvent;
use hobnob::proto::model::transfer::FileState;
use std::collections::{BTreeMap, BTreeSet};

/// A `send` or `voice` of somebody.
#[derive(Clone)]
pub struct Sending {
    pub from: Node,
    pub path: String,
    /// When it was asked for, and when its sender was told that it is offered.
    pub since: u64,
    pub offered_at: Option<u64>,
}

/// What people sent, took and fetched.
#[derive(Default)]
pub struct FileRules {
    sendings: BTreeMap<(Node, u64), Sending>,
    offered: BTreeMap<MsgId, Sending>,
    /// Who wants which files, by how their ids begin.
    taken: Vec<(Node, String)>,
    speakers: BTreeSet<Node>,
    /// Who asked whom for posts.
    fetched: BTreeSet<(Node, Node)>,
    /// Last word on each file, by who was told.
    states: BTreeMap<(Node, MsgId), FileState>,
    /// How often somebody's program died.
    deaths: BTreeMap<Node, u64>,
    pub done: u64,
}

impl FileRules {
    pub fn on_verb(&mut self, node: Node, ticket: u64, verb: &Verb, names: &Names, now: u64) {
        if matches!(verb, Verb::Voice { .. }) {
            self.speakers.insert(node);
        }
        match verb {
            Verb::Send { path, .. } | Verb::Voice { path, .. } => {
                let sending =
                    Sending { from: node, path: path.clone(), since: now, offered_at: None };
                self.sendings.insert((node, ticket), sending);
            }
            Verb::Take { id, .. } => self.taken.push((node, id.to_uppercase())),
            Verb::PostGet { owner, .. } => {
                self.fetched.insert((node, names.meant(owner)));
            }
            _ => {}
        }
    }

    /// Somebody was told that a file of theirs is offered.
    pub fn on_row(&mut self, node: Node, ticket: u64, id: MsgId, now: u64) {
        if let Some(sending) = self.sendings.get(&(node, ticket)) {
            let sending = Sending { offered_at: Some(now), ..sending.clone() };
            self.offered.insert(id, sending);
        }
    }

    pub fn on_death(&mut self, node: Node) {
        *self.deaths.entry(node).or_default() += 1;
    }

    pub fn deaths(&self, node: Node) -> u64 {
        self.deaths.get(&node).copied().unwrap_or_default()
    }

    /// Whether somebody ever wanted to send a voice message.
    pub fn speaks(&self, node: Node) -> bool {
        self.speakers.contains(&node)
    }

    /// Where a file came from, if its sender was ever told.
    pub fn sending(&self, id: MsgId) -> Option<&Sending> {
        self.offered.get(&id)
    }

    /// `is_bound`: one of the two ever asked the other to be friends.
    pub fn on_event(&mut self, reader: Node, event: &FileEvent, with: Node, is_bound: bool) {
        let before = self.states.insert((reader, event.id), event.state);
        let is_over =
            |state| matches!(state, FileState::Done | FileState::Failed | FileState::Cancelled);
        let before_was_over = before.is_some_and(is_over);
        assert!(!before_was_over, "{reader}: {event:?} after {before:?}");
        assert!(event.bytes <= event.size, "more than all of it: {event:?}");
        if event.from.is_none() {
            return;
        }
        let id = event.id.to_text();
        match event.state {
            FileState::Taken | FileState::Progress | FileState::Done => {
                let taken =
                    |(who, prefix): &(Node, String)| *who == reader && id.starts_with(prefix);
                let is_taken = self.taken.iter().any(taken);
                let is_fetched = self.fetched.contains(&(reader, with)) && is_bound;
                let is_voice = event.seconds.is_some() && is_bound;
                assert!(is_taken || is_fetched || is_voice, "{reader} did not want {event:?}");
            }
            FileState::Offered | FileState::Failed | FileState::Cancelled => {}
        }
        self.done += u64::from(event.state == FileState::Done);
    }
}
