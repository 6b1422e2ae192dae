//! What people do in a random life beside talking: groups, files, posts and commands.

use crate::net::Node;
use crate::world::{CANARY, World, name_of, target};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::id::{GroupId, MsgId};
use hobnob::proto::model::command::{GroupVerb, Verb};
use hobnob::proto::model::event::{Event, GroupState, Stage};
use hobnob::proto::model::group::{GroupTarget, SignedRoster, Standing};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::run::RunState;
use hobnob::proto::model::transfer::{FileState, PostState, Transfer};
use std::collections::BTreeMap;

/// How long files may take in peace.
const FILES_MS: u64 = 900_000;

impl World {
    /// Somebody does something about a group of somebody's.
    pub(super) fn group_life(&mut self, node: Node, other: Node) {
        let Some((group, leader)) = self.some_group(node) else {
            return self.found(node);
        };
        let who = target(other);
        let verb = match self.rng.below(16) {
            0 => return self.found(node),
            1..3 => GroupVerb::Join(GroupTarget { leader: Some(target(leader)), ..group }),
            3 => GroupVerb::Join(group),
            4 => GroupVerb::Leave(group),
            5 => GroupVerb::Invite(group, who),
            6 => GroupVerb::Kick(group, who),
            7 => GroupVerb::Allow(group, who),
            8 => GroupVerb::Deny(group, who),
            _ => {
                let text = format!("{CANARY} {}", self.rng.below(1_000_000));
                GroupVerb::Say { group, text, until: Stage::Delivered }
            }
        };
        self.ask(node, Verb::Group(verb));
    }

    /// The first of all founds a group, and the others join it.
    pub(super) fn found_for_all(&mut self) {
        let name = Name::parse("all").expect("a name");
        let group = GroupTarget { name: name.clone(), leader: Some(target(1)) };
        self.ask(1, Verb::Group(GroupVerb::Create { name, is_public: true }));
        self.run_for(4_000);
        for node in 2..=self.clients.len() {
            self.ask(node, Verb::Group(GroupVerb::Join(group.clone())));
        }
        self.run_for(4_000);
    }

    fn found(&mut self, node: Node) {
        let is_public = self.rng.below(2) == 0;
        let count = self.events.iter().filter(|(_, event)| is_founding(event)).count();
        let name = Name::parse(&format!("g{count}-{}", name_of(node))).expect("a name");
        self.ask(node, Verb::Group(GroupVerb::Create { name, is_public }));
    }

    /// One of the groups that somebody heard of, and who founded it.
    fn some_group(&mut self, node: Node) -> Option<(GroupTarget, Node)> {
        let founded = |(leader, event): &(Node, Event)| match event {
            Event::Group { name, state: GroupState::Created, .. } => Some((name.clone(), *leader)),
            _ => None,
        };
        let known = |(reader, event): &(Node, Event)| match event {
            Event::Group { name, .. } if *reader == node => Some(name.clone()),
            _ => None,
        };
        let known: Vec<String> = self.events.iter().filter_map(known).collect();
        let mut groups: Vec<(String, Node)> = self.events.iter().filter_map(founded).collect();
        if self.rng.below(4) > 0 {
            groups.retain(|(name, _)| known.contains(name));
        }
        if groups.is_empty() {
            return None;
        }
        let (name, leader) = groups.swap_remove(self.rng.below(groups.len() as u64) as usize);
        GroupTarget::parse(&name).map(|group| (group, leader))
    }

    /// Somebody does something about a file.
    pub(super) fn file_life(&mut self, node: Node, other: Node) {
        let path = format!("/home/{}", self.rng.below(3));
        match self.rng.below(12) {
            0..4 => {
                self.write_some(node, &path);
                let until = Stage::Queued;
                self.ask(node, Verb::Send { to: target(other), path, until });
            }
            4..8 => self.take_one(node),
            8 => self.write_some(node, &path),
            9 => {
                self.write_some(node, &path);
                self.ask(node, Verb::PostAdd(path));
            }
            10 => self.fetch_one(node),
            _ => self.give_up_one(node),
        }
    }

    fn write_some(&mut self, node: Node, path: &str) {
        let (length, salt) = (self.rng.below(400_000) as usize, self.rng.below(256) as u8);
        let mut bytes = CANARY.as_bytes().to_vec();
        bytes.resize(length.max(CANARY.len()), salt);
        self.put(node, path, bytes);
    }

    /// Files that somebody was offered, by the last word on them.
    fn files_of(&self, node: Node, state: FileState) -> Vec<MsgId> {
        let mut last = BTreeMap::new();
        for (reader, event) in &self.events {
            if let Event::File(file) = event
                && *reader == node
                && file.from.is_some()
            {
                last.insert(file.id, file.state);
            }
        }
        last.into_iter().filter(|(_, found)| *found == state).map(|(id, _)| id).collect()
    }

    fn take_one(&mut self, node: Node) {
        if let Some(id) = self.files_of(node, FileState::Offered).last() {
            let (id, place) = (id.to_text(), None);
            self.ask(node, Verb::Take { id, place });
        }
    }

    fn give_up_one(&mut self, node: Node) {
        let which = if self.rng.below(2) == 0 { FileState::Offered } else { FileState::Taken };
        if let Some(id) = self.files_of(node, which).first() {
            self.ask(node, Verb::Cancel(id.to_text()));
        }
    }

    fn fetch_one(&mut self, node: Node) {
        let posted = |(owner, event): &(Node, Event)| match event {
            Event::Post { id, state: PostState::Added, .. } if *owner != node => {
                Some((*owner, *id))
            }
            _ => None,
        };
        let found = self.events.iter().rev().find_map(posted);
        if let Some((owner, id)) = found {
            let (owner, id) = (target(owner), id.to_text());
            self.ask(node, Verb::PostGet { owner, id, place: None });
        }
    }

    /// Somebody asks another to run something, or answers, or grants.
    pub(super) fn run_life(&mut self, node: Node, other: Node) {
        let lines = ["echo hello", "count 40", "sleep 3000", "fail 2", "nothing"];
        let line = lines[self.rng.below(lines.len() as u64) as usize];
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let verb = match self.rng.below(8) {
            0..6 => {
                self.ask(node, Verb::Run { to: target(other), argv });
                let pause = self.rng.below(1_500);
                self.run_for(pause);
                return self.answer_run(other);
            }
            6 => Verb::Grant { to: target(other), argv, until: None },
            _ => Verb::Grants,
        };
        self.ask(node, verb);
    }

    fn answer_run(&mut self, node: Node) {
        if let Some(id) = self.last_asked(node) {
            let is_no = self.rng.below(4) == 0;
            self.ask(node, if is_no { Verb::Deny(id) } else { Verb::Allow(id) });
        }
    }

    /// The command that somebody was last asked to run.
    fn last_asked(&self, node: Node) -> Option<String> {
        self.events.iter().rev().find_map(|(reader, event)| match event {
            Event::Run(run) if *reader == node && run.from.is_some() => {
                (run.state == RunState::Asked).then(|| run.id.to_text())
            }
            _ => None,
        })
    }

    /// What is taken comes in the end, or is told to be lost.
    pub(super) fn settle_files(&mut self) {
        let end = self.now + FILES_MS;
        while self.now < end && (1..=self.clients.len()).any(|node| !self.taken(node).0.is_empty())
        {
            self.run_for(5_000);
        }
        for node in 1..=self.clients.len() {
            let (taken, in_vain) = self.taken(node);
            assert!(taken.is_empty(), "{node} never got {taken:?}");
            let parts = self.disks[node - 1].unfinished();
            assert!(parts.len() <= in_vain, "{node} keeps parts {parts:?}");
        }
    }

    /// What somebody has taken and not got, of somebody who knows of it still; and how many he will
    /// not get: posts of people who are friends no more, and what was about to be taken when the
    /// program died.
    fn taken(&mut self, node: Node) -> (Vec<MsgId>, usize) {
        let past = self.clients[node - 1].store.restore().expect("memory is there");
        let is_offered = |file: &&Transfer| !file.is_ours && file.state == FileState::Offered;
        let (mut waiting, mut in_vain) =
            (Vec::new(), past.transfers.iter().filter(is_offered).count());
        let taken = past.transfers.into_iter();
        let taken = taken.filter(|file| !file.is_ours && file.state == FileState::Taken);
        for file in taken {
            let from = self.oracle.names.node_of(&file.with.to_string());
            let is_friend = self.bond(from, node).is_friend();
            if file.post.is_none() || is_friend {
                waiting.push(file.id);
            } else {
                in_vain += 1;
            }
        }
        (waiting, in_vain)
    }

    /// Who takes themselves for a member has the roster that the leader has.
    pub(super) fn check_groups(&mut self) {
        let mut rosters: BTreeMap<(Node, GroupId), SignedRoster> = BTreeMap::new();
        for node in 1..=self.clients.len() {
            let past = self.clients[node - 1].store.restore().expect("memory is there");
            for row in past.groups {
                if let (Standing::Member, Some(roster)) = (row.standing, row.roster) {
                    rosters.insert((node, row.group), roster);
                }
            }
        }
        for ((node, id), signed) in &rosters {
            let leads = |node: &Node| {
                let me = Identity::from_bytes(&self.keys[*node]);
                *me.public() == signed.roster.members[0].identity
            };
            let leader = (1..=self.clients.len()).find(leads).expect("somebody leads");
            let theirs = rosters.get(&(leader, *id));
            // Nobody leads where the one who was handed the lead had just left.
            let is_alike = theirs.is_none_or(|theirs| theirs.roster == signed.roster);
            let is_excused = (1..=self.clients.len()).any(|other| {
                self.oracle.was_ever_blocked(*node, other)
                    || self.oracle.was_ever_blocked(other, *node)
            });
            assert!(
                is_alike || is_excused,
                "{node} has epoch {} of {:?}, its leader {leader} {:?}",
                signed.roster.epoch,
                signed.roster.name,
                theirs.map(|theirs| theirs.roster.epoch)
            );
        }
    }
}

fn is_founding(event: &Event) -> bool {
    matches!(event, Event::Group { state: GroupState::Created, .. })
}
