//! What must hold, judged only by what people asked for and what they were shown.

mod files;
mod groups;
mod runs;

use super::children::Start;
use super::net::Node;
use files::FileRules;
use groups::GroupRules;
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::id::{MsgId, Seq};
use hobnob::proto::model::account::Visibility;
use hobnob::proto::model::command::{GroupVerb, Verb};
use hobnob::proto::model::event::{Event, SessionState, Stage};
use hobnob::proto::model::notice::Row;
use hobnob::proto::model::person::Target;
use hobnob::proto::model::refusal::Refusal;
use hobnob::proto::time::Now;
use runs::RunRules;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Whose a label is: a name, a key, or an address.
pub struct Names {
    by_label: BTreeMap<String, Node>,
}

impl Names {
    pub fn new(keys: &[[u8; Identity::BYTES]], name_of: impl Fn(Node) -> String) -> Names {
        let key = |node: Node| Identity::from_bytes(&keys[node]).fingerprint().to_string();
        let labels = |node| [(name_of(node), node), (key(node), node)];
        Names { by_label: (0..keys.len()).flat_map(labels).collect() }
    }

    pub fn node_of(&self, label: &str) -> Node {
        if let Ok(SocketAddr::V4(at)) = label.parse() {
            return Names::node_at(IpAddr::V4(*at.ip()));
        }
        *self.by_label.get(label).unwrap_or_else(|| panic!("nobody is called {label}"))
    }

    fn node_at(ip: IpAddr) -> Node {
        let IpAddr::V4(ip) = ip else { panic!("addresses of this world are IPv4") };
        usize::from(ip.octets()[3]) - 1
    }

    pub fn meant(&self, target: &Target) -> Node {
        self.node_of(&target.to_string())
    }
}

/// What people did and saw.
pub struct Oracle {
    pub names: Names,
    /// The clocks of this moment.
    pub now: Now,
    pub files: FileRules,
    pub runs: RunRules,
    pub groups: GroupRules,
    /// Messages whose sender was told that they are taken, in the order of that, for each pair.
    accepted: BTreeMap<(Node, Node), Vec<MsgId>>,
    texts: BTreeMap<MsgId, String>,
    /// Messages that their sender may have given up.
    given_up: BTreeSet<MsgId>,
    delivered: BTreeSet<(Node, MsgId, Node)>,
    /// What each reader saw go by, live.
    live: BTreeSet<(Node, Seq)>,
    /// Who asked whom for a session, and who said yes to whom.
    asked: BTreeSet<(Node, Node)>,
    agreed: BTreeSet<(Node, Node)>,
    /// Verbs that have not ended.
    pending: BTreeMap<(Node, u64), Pending>,
    /// Who was last told to be signed in, in this run of the program.
    online: BTreeSet<Node>,
    /// Counts what people were told, to say what came after what.
    moment: u64,
    accepted_at: BTreeMap<MsgId, u64>,
    /// Who was told, and when, that somebody is blocked; while it stands.
    blocks: BTreeMap<(Node, Node), u64>,
    ever_blocked: BTreeSet<(Node, Node)>,
    /// When somebody last took a block back.
    unblocked: BTreeMap<(Node, Node), u64>,
    /// Who was told, and when, that the server hides them; while it stands.
    hidden: BTreeMap<Node, u64>,
    /// Pairs of which one ever asked the other to be friends.
    bound: BTreeSet<(Node, Node)>,
    /// Who was last told that a session with somebody is open.
    open: BTreeSet<(Node, Node)>,
    /// Pairs that had a session open when one went into hiding, or since.
    talked: BTreeSet<(Node, Node)>,
}

/// A verb that changes who reaches whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shift {
    Block(Node),
    Show(Visibility),
}

fn pair(one: Node, other: Node) -> (Node, Node) {
    (one.min(other), one.max(other))
}

/// A verb that has not ended.
struct Pending {
    verb: String,
    asked: u64,
    until: u64,
    text: Option<String>,
    /// What it must bring about before it ends well.
    stage: Option<Stage>,
    ids: Vec<(MsgId, Node)>,
    shift: Option<Shift>,
    /// Where it is to be said.
    group: Option<String>,
    revoked: Option<String>,
    parted: Option<Node>,
}

impl Oracle {
    pub fn new(names: Names) -> Oracle {
        Oracle {
            names,
            now: Now::default(),
            files: FileRules::default(),
            runs: RunRules::default(),
            groups: GroupRules::default(),
            accepted: BTreeMap::new(),
            texts: BTreeMap::new(),
            given_up: BTreeSet::new(),
            delivered: BTreeSet::new(),
            live: BTreeSet::new(),
            asked: BTreeSet::new(),
            agreed: BTreeSet::new(),
            pending: BTreeMap::new(),
            online: BTreeSet::new(),
            moment: 0,
            accepted_at: BTreeMap::new(),
            blocks: BTreeMap::new(),
            ever_blocked: BTreeSet::new(),
            unblocked: BTreeMap::new(),
            hidden: BTreeMap::new(),
            bound: BTreeSet::new(),
            open: BTreeSet::new(),
            talked: BTreeSet::new(),
        }
    }

    /// Somebody asks for something, to be had by `until`.
    pub fn on_verb(&mut self, node: Node, ticket: u64, verb: &Verb, until: u64) {
        self.moment += 1;
        let mut pending = Pending {
            verb: format!("{verb:?}"),
            asked: self.moment,
            until,
            text: None,
            stage: None,
            ids: Vec::new(),
            shift: None,
            group: None,
            revoked: None,
            parted: None,
        };
        self.files.on_verb(node, ticket, verb, &self.names, self.now.mono.0);
        self.runs.on_verb(node, verb, &self.names);
        self.groups.on_verb(node, verb, &self.names);
        match verb {
            Verb::Msg { text, until, .. } => {
                pending.text = Some(text.clone());
                pending.stage = Some(*until);
            }
            Verb::Group(GroupVerb::Say { group, text, until }) => {
                pending.text = Some(text.clone());
                pending.stage = Some(*until);
                pending.group = Some(group.name.to_string());
            }
            Verb::Revoke(prefix) => pending.revoked = Some(prefix.clone()),
            Verb::Unfriend(target) => pending.parted = Some(self.names.meant(target)),
            Verb::Chat(target) => {
                self.asked.insert((node, self.names.meant(target)));
            }
            Verb::Block(target) => {
                let whom = self.names.meant(target);
                self.ever_blocked.insert((node, whom));
                pending.shift = Some(Shift::Block(whom));
            }
            Verb::Unblock(target) => {
                let whom = self.names.meant(target);
                self.blocks.remove(&(node, whom));
                self.unblocked.insert((node, whom), self.moment);
            }
            Verb::SetVisibility(visibility) => {
                pending.shift = Some(Shift::Show(*visibility));
                self.hidden.remove(&node);
            }
            // Friends are connected without being asked.
            Verb::Accept(Some(target)) | Verb::Add(target, _) | Verb::Confirm(target) => {
                let whom = self.names.meant(target);
                self.on_agreed(node, whom);
                if !matches!(verb, Verb::Accept(_)) {
                    self.bound.insert(pair(node, whom));
                }
            }
            Verb::Drop(id) => {
                self.given_up.insert(*id);
            }
            _ => {}
        }
        self.pending.insert((node, ticket), pending);
    }

    /// Says yes to whoever asks, from now on.
    pub fn on_agreed(&mut self, who: Node, with: Node) {
        self.agreed.insert((who, with));
    }

    pub fn on_asked(&mut self, who: Node, whom: Node) {
        self.asked.insert((who, whom));
    }

    /// Somebody was told that a message is taken; talk, for a group.
    pub fn on_accepted(&mut self, from: Node, ticket: u64, to: &str, id: MsgId) {
        let pending = self.pending.get_mut(&(from, ticket)).expect("rows answer a verb");
        // What is no message is told by its own events.
        let Some(text) = pending.text.clone() else { return };
        self.moment += 1;
        self.accepted_at.insert(id, self.moment);
        if let Some(group) = &pending.group {
            return self.groups.on_said(from, group, &text, id);
        }
        let to = self.names.node_of(to);
        pending.ids.push((id, to));
        self.accepted.entry((from, to)).or_default().push(id);
        self.texts.insert(id, text);
    }

    /// Somebody was told a row of an answer.
    pub fn on_row(&mut self, node: Node, ticket: u64, row: &Row) {
        match row {
            Row::Queued { id, to, .. } => self.on_accepted(node, ticket, to, *id),
            Row::File(row) => {
                self.moment += 1;
                self.accepted_at.insert(row.id, self.moment);
                self.files.on_row(node, ticket, row.id, self.now.mono.0);
            }
            Row::Grant(row) => self.runs.on_grant(node, row, &self.names),
            _ => {}
        }
    }

    pub fn on_done(&mut self, node: Node, ticket: u64, result: &Result<(), Refusal>) {
        let pending = self.pending.remove(&(node, ticket)).expect("only what was asked ends");
        if result.is_ok() && pending.stage == Some(Stage::Delivered) {
            let is_delivered =
                |(id, to): &(MsgId, Node)| self.delivered.contains(&(node, *id, *to));
            assert!(pending.ids.iter().all(is_delivered), "{node}: done before it was delivered");
        }
        if result.is_err() {
            return;
        }
        if let Some(prefix) = &pending.revoked {
            self.runs.on_revoked(node, prefix);
        }
        if let Some(whom) = pending.parted {
            self.runs.parted.insert((node, whom));
        }
        if let Some(shift) = pending.shift {
            self.on_shift(node, pending.asked, shift);
        }
    }

    /// Somebody was told that others reach them otherwise from now on.
    fn on_shift(&mut self, node: Node, asked: u64, shift: Shift) {
        self.moment += 1;
        let shows = |(who, _): &(Node, u64), pending: &Pending| {
            *who == node && pending.shift == Some(Shift::Show(Visibility::Public))
        };
        match shift {
            Shift::Block(whom) => {
                // What was taken back before this was told does not stand.
                if self.unblocked.get(&(node, whom)).is_none_or(|at| *at < asked) {
                    self.blocks.insert((node, whom), self.moment);
                }
            }
            Shift::Show(Visibility::Public) => {
                self.hidden.remove(&node);
            }
            // Offline, only our own program knows as yet.
            Shift::Show(Visibility::Private) => {
                if self.online.contains(&node) && !self.pending.iter().any(|(k, p)| shows(k, p)) {
                    self.hidden.insert(node, self.moment);
                    self.talked.retain(|(one, other)| *one != node && *other != node);
                    let open = self.open.iter().filter(|(a, b)| *a == node || *b == node);
                    self.talked.extend(open.map(|(a, b)| pair(*a, *b)));
                }
            }
        }
    }

    /// Whether anything of one may ever have been kept from the other.
    pub fn was_ever_blocked(&self, by: Node, whom: Node) -> bool {
        self.ever_blocked.contains(&(by, whom))
    }

    /// A message is shown: does nothing stand between the two?
    fn check_reach(&self, reader: Node, from: Node, id: MsgId, is_talk: bool) {
        let Some(accepted) = self.accepted_at.get(&id) else { return };
        if let Some(since) = self.blocks.get(&(reader, from)) {
            assert!(accepted < since, "{reader} was shown {id:?} of {from} past a block");
        }
        let pair = pair(reader, from);
        if let Some(since) = self.hidden.get(&reader)
            && !self.bound.contains(&pair)
            && !self.talked.contains(&pair)
            // Members of a group reach each other.
            && !is_talk
        {
            assert!(accepted < since, "{id:?} of the stranger {from} reached {reader}, who hides");
        }
    }

    /// A program died: nobody waits for its answers.
    pub fn on_death(&mut self, node: Node) {
        self.pending.retain(|(asker, _), _| *asker != node);
        self.online.remove(&node);
        self.files.on_death(node);
        self.open.retain(|(reader, _)| *reader != node);
    }

    /// Somebody's events are numbered anew.
    pub fn on_disk_lost(&mut self, node: Node) {
        self.live.retain(|(reader, _)| *reader != node);
        self.groups.on_disk_lost(node);
    }

    /// Something was shown to a reader. `kept`: whether the receiver has a message on its disk.
    pub fn on_event(
        &mut self,
        reader: Node,
        seq: Option<Seq>,
        event: &Event,
        kept: impl FnOnce(Node, MsgId) -> bool,
    ) {
        if let Some(seq) = seq {
            assert!(self.live.insert((reader, seq)), "{reader} was shown event {seq:?} twice");
        }
        assert_eq!(seq.is_some(), event.is_durable(), "only durable events are numbered");
        // Talk in a group of one has come to all of it.
        if matches!(event, Event::Receipt { to, .. } if self.groups.is_group(to)) {
            return;
        }
        match event {
            Event::Receipt { id, state: Stage::Delivered, to, .. } => {
                let to = self.names.node_of(to);
                self.check_kept(*id, to, kept);
                assert!(self.delivered.insert((reader, *id, to)), "{id:?} delivered twice");
            }
            Event::Receipt { id, state: Stage::Sent, to, .. } => {
                let key = (reader, *id, self.names.node_of(to));
                assert!(!self.delivered.contains(&key), "{id:?} sent when delivered");
            }
            Event::Session { with, state: SessionState::Open, .. } => {
                let with = self.names.node_of(with);
                self.check_consent(reader, with);
                self.open.insert((reader, with));
                self.talked.insert(pair(reader, with));
            }
            Event::Session { with, .. } => {
                self.open.remove(&(reader, self.names.node_of(with)));
            }
            Event::Receipt { id, state: Stage::Queued, to, .. } => {
                self.groups.on_queued(*id, self.names.node_of(to));
            }
            Event::Receipt { id, state: Stage::Expired | Stage::Refused, to, .. } => {
                self.groups.forsaken.insert((*id, self.names.node_of(to)));
            }
            Event::Message { id, from, group, text, .. } => {
                let from = self.names.node_of(from);
                self.check_reach(reader, from, *id, group.is_some());
                if let Some(group) = group {
                    self.groups.on_message(reader, group, from, *id, text);
                }
            }
            Event::Group { name, state, who, .. } => {
                let who = self.names.node_of(who);
                self.groups.on_event(reader, name, *state, who);
            }
            Event::File(file) => {
                let with = file.from.as_ref().or(file.to.as_ref()).expect("one is named");
                let with = self.names.node_of(with);
                if file.from.is_some() {
                    self.check_reach(reader, with, file.id, false);
                }
                let is_bound = self.bound.contains(&pair(reader, with));
                self.files.on_event(reader, file, with, is_bound);
            }
            Event::Run(run) => {
                let with = run.from.as_ref().map(|from| self.names.node_of(from));
                let is_blocked = with.is_some_and(|from| self.blocks.contains_key(&(reader, from)));
                self.runs.on_event(reader, run, &self.names, is_blocked);
            }
            Event::Online { .. } => {
                assert!(self.online.insert(reader), "{reader} is online twice");
            }
            Event::Offline { .. } => {
                assert!(self.online.remove(&reader), "{reader} is offline twice");
            }
            _ => {}
        }
    }

    /// What was delivered is on its receiver's disk; talk, if its receiver had to look at it.
    fn check_kept(&self, id: MsgId, to: Node, kept: impl FnOnce(Node, MsgId) -> bool) {
        let is_excused = self.groups.is_talk(id) && !self.groups.must_reach(id, to);
        assert!(is_excused || kept(to, id), "{id:?} is delivered, and not on {to}'s disk");
    }

    /// A command of somebody else's starts at somebody's.
    pub fn on_start(&mut self, node: Node, start: &Start) {
        self.runs.on_start(node, start, self.now.wall);
    }

    fn check_consent(&self, one: Node, other: Node) {
        let willing = |a, b| {
            self.asked.contains(&(a, b))
                && (self.agreed.contains(&(b, a)) || self.asked.contains(&(b, a)))
        };
        assert!(
            willing(one, other) || willing(other, one),
            "a session between {one} and {other} without the consent of both"
        );
    }

    /// Every verb has ended that had to by `now`.
    pub fn check_verbs(&self, now: u64) {
        for ((node, _), pending) in &self.pending {
            assert!(pending.until >= now, "{node}: {} never ended", pending.verb);
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
            // What was given up may have arrived before.
            let expected: Vec<MsgId> = (ids.iter().copied())
                .filter(|id| !self.given_up.contains(id) || seen.contains(id))
                .collect();
            // What comes during a block is not looked at, and comes again after it.
            let (mut shown, mut expected) = (shown, expected);
            if self.was_ever_blocked(reader, *from) {
                shown.sort();
                expected.sort();
            }
            assert_eq!(shown, expected, "from {from} to {reader}: all accepted, once, in order");
        }
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.values().map(|ids| ids.len() as u64).sum()
    }
}
