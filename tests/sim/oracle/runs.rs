//! Nothing runs without recorded consent.

use super::Names;
use crate::children::Start;
use crate::net::Node;
use hobnob::proto::id::{MsgId, RunId};
use hobnob::proto::machine::{Pipe, RunEnd};
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::RunEvent;
use hobnob::proto::model::notice::GrantRow;
use hobnob::proto::model::run::RunState;
use hobnob::proto::time::Wall;
use std::collections::{BTreeMap, BTreeSet};

/// A command that somebody was asked to run.
struct Ask {
    from: Node,
    argv: Vec<String>,
    is_allowed: bool,
    /// Counted among the runner's children.
    start: Option<RunId>,
}

/// A standing yes.
struct Granted {
    by: Node,
    to: Node,
    argv: Vec<String>,
    until: Option<Wall>,
    id: Option<MsgId>,
    is_revoked: bool,
}

/// What people asked for, allowed and granted.
#[derive(Default)]
pub struct RunRules {
    /// Who asked whom for what; a puppet's asks are the test's to say.
    pub wanted: Vec<(Node, Node, Vec<String>)>,
    asks: BTreeMap<(Node, MsgId), Ask>,
    grants: Vec<Granted>,
    /// Who has ended a friendship, and not begun it again.
    pub parted: BTreeSet<(Node, Node)>,
    /// Those who were told that something runs, before it was seen to start.
    due: Vec<(Node, MsgId)>,
    /// What askers were told that their commands wrote.
    heard: BTreeMap<(MsgId, Pipe), String>,
    ended: BTreeSet<(Node, MsgId)>,
    pub started: u64,
}

impl RunRules {
    pub fn on_verb(&mut self, node: Node, verb: &Verb, names: &Names) {
        match verb {
            Verb::Run { to, argv } => self.wanted.push((node, names.meant(to), argv.clone())),
            Verb::Allow(prefix) => {
                let prefix = prefix.to_uppercase();
                for ((by, id), ask) in &mut self.asks {
                    ask.is_allowed |= *by == node && id.to_text().starts_with(&prefix);
                }
            }
            Verb::Grant { to, argv, until } => self.grants.push(Granted {
                by: node,
                to: names.meant(to),
                argv: argv.clone(),
                until: *until,
                id: None,
                is_revoked: false,
            }),
            Verb::Add(whom, _) | Verb::Confirm(whom) => {
                let whom = names.meant(whom);
                self.parted.retain(|pair| *pair != (node, whom) && *pair != (whom, node));
            }
            _ => {}
        }
    }

    /// Somebody was told which number a grant has.
    pub fn on_grant(&mut self, node: Node, row: &GrantRow, names: &Names) {
        let to = names.node_of(&row.to);
        let fits = |grant: &&mut Granted| {
            (grant.by, grant.to, &grant.argv) == (node, to, &row.argv) && grant.id.is_none()
        };
        let is_known = self.grants.iter().any(|grant| grant.id == Some(row.id));
        match self.grants.iter_mut().find(fits) {
            Some(grant) => grant.id = Some(row.id),
            None => assert!(is_known, "{node} has a grant that nobody gave: {row:?}"),
        }
    }

    /// Somebody was told that a grant is taken back.
    pub fn on_revoked(&mut self, node: Node, prefix: &str) {
        let prefix = prefix.to_uppercase();
        for grant in self.grants.iter_mut().filter(|grant| grant.by == node) {
            grant.is_revoked |= grant.id.is_some_and(|id| id.to_text().starts_with(&prefix));
        }
    }

    pub fn on_event(&mut self, reader: Node, event: &RunEvent, names: &Names, blocked: bool) {
        if let Some(from) = &event.from {
            let from = names.node_of(from);
            return self.on_asked_event(reader, from, event, blocked);
        }
        let key = |pipe| (event.id, pipe);
        match event.state {
            RunState::Output => {
                let pipe = event.stream.expect("output has a stream");
                let text = event.text.as_deref().expect("output has a text");
                self.heard.entry(key(pipe)).or_default().push_str(text);
            }
            RunState::Exited | RunState::Failed | RunState::Denied => {
                let is_first = self.ended.insert((reader, event.id));
                assert!(is_first, "{reader}: {:?} ended twice", event.id);
            }
            RunState::Asked | RunState::Allowed => {}
        }
    }

    fn on_asked_event(&mut self, reader: Node, from: Node, event: &RunEvent, blocked: bool) {
        match event.state {
            RunState::Asked => {
                assert!(!blocked, "{reader} is asked to run something by {from}, who is blocked");
                let want = (from, reader, event.argv.clone());
                assert!(self.wanted.contains(&want), "{reader}: nobody asked for {event:?}");
                let argv = event.argv.clone();
                let ask = Ask { from, argv, is_allowed: false, start: None };
                let before = self.asks.insert((reader, event.id), ask);
                assert!(before.is_none(), "{reader} was asked {:?} twice", event.id);
            }
            RunState::Allowed => self.due.push((reader, event.id)),
            RunState::Exited | RunState::Failed | RunState::Denied => {
                let is_first = self.ended.insert((reader, event.id));
                assert!(is_first, "{reader}: {:?} ended twice", event.id);
            }
            RunState::Output => panic!("{reader} is shown what it runs for {from}"),
        }
    }

    /// A command of somebody else's starts.
    pub fn on_start(&mut self, node: Node, start: &Start, wall: Wall) {
        assert!(!start.has_our_environment, "{node}: {:?} sees our environment", start.argv);
        assert!(start.memory_bytes.is_some(), "{node}: {:?} has no bound", start.argv);
        let due = self.due.iter().position(|(who, id)| {
            *who == node && self.asks.get(&(node, *id)).is_some_and(|ask| ask.argv == start.argv)
        });
        let id = due.map(|at| self.due.remove(at).1).or_else(|| self.likely(node, start, wall));
        let id = id.unwrap_or_else(|| panic!("{node} runs what nobody asked for: {start:?}"));
        assert!(
            self.asks[&(node, id)].is_allowed || self.is_granted(node, id, wall),
            "{node} runs {:?} of {} without consent",
            start.argv,
            self.asks[&(node, id)].from
        );
        let ask = self.asks.get_mut(&(node, id)).expect("just looked at");
        assert_eq!(ask.start, None, "{node} runs {id:?} twice");
        ask.start = Some(start.run);
        self.started += 1;
    }

    /// An ask that this may be, where nobody was told which it is.
    fn likely(&self, node: Node, start: &Start, wall: Wall) -> Option<MsgId> {
        let fits = |((by, id), ask): &(&(Node, MsgId), &Ask)| {
            *by == node
                && ask.argv == start.argv
                && ask.start.is_none()
                && (ask.is_allowed || self.is_granted(node, *id, wall))
        };
        self.asks.iter().find(fits).map(|((_, id), _)| *id)
    }

    fn is_granted(&self, node: Node, id: MsgId, wall: Wall) -> bool {
        let ask = &self.asks[&(node, id)];
        !self.parted.contains(&(node, ask.from))
            && self.grants.iter().any(|grant| {
                (grant.by, grant.to, &grant.argv) == (node, ask.from, &ask.argv)
                    && !grant.is_revoked
                    && grant.until.is_none_or(|until| wall < until)
            })
    }

    /// What an asker was told is what the command did.
    pub fn check_outcome(&self, runner: Node, asker: Node, event: &RunEvent, starts: &[Start]) {
        let Some(ask) = self.asks.get(&(runner, event.id)).filter(|ask| ask.from == asker) else {
            let is_over = matches!(event.state, RunState::Failed | RunState::Denied);
            return assert!(is_over, "{asker}: {event:?}, of which {runner} was not told");
        };
        // An id of a child is used again by the next run of the program.
        let start = ask.start.and_then(|run| {
            starts.iter().rev().find(|start| start.run == run && start.argv == ask.argv)
        });
        let Some(start) = start else {
            let is_over = matches!(event.state, RunState::Failed | RunState::Denied);
            return assert!(is_over, "{asker}: {event:?}, which {runner} never started");
        };
        let none = String::new();
        let heard = |pipe| self.heard.get(&(event.id, pipe)).unwrap_or(&none);
        let told = [heard(Pipe::Stdout), heard(Pipe::Stderr)];
        let wrote = [&start.stdout, &start.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        for (told, wrote) in told.iter().zip(&wrote) {
            assert!(wrote.starts_with(told.as_str()), "{asker} was told {told:?}, not {wrote:?}");
        }
        if event.state == RunState::Exited {
            assert_eq!(event.code.map(RunEnd::Exited), start.end, "{asker}: {event:?}");
            assert_eq!(told.map(String::as_str), [&*wrote[0], &*wrote[1]], "all of it came");
        }
    }
}
