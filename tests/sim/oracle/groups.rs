//! Who is in a group, by what each was told, and what may be shown to whom.

use super::Names;
use crate::net::Node;
use hobnob::proto::id::{GroupId, MsgId};
use hobnob::proto::model::command::{GroupVerb, Verb};
use hobnob::proto::model::event::GroupState;
use std::collections::{BTreeMap, BTreeSet};

/// Talk whose speaker was told that it is taken.
struct Said {
    from: Node,
    group: String,
    text: String,
    /// For whom, as the speaker was told.
    to: BTreeSet<Node>,
    /// Who was out, as the speaker knew.
    not_for: BTreeSet<Node>,
}

/// What people did in groups, and what they were told. Groups go by their names here.
#[derive(Default)]
pub struct GroupRules {
    /// Names that more than one group has: nothing is known of them.
    pub shared: BTreeSet<String>,
    public: BTreeSet<String>,
    founders: BTreeMap<String, BTreeSet<Node>>,
    /// Who asked to be in; a puppet's wishes are the test's to say.
    pub joining: BTreeSet<(String, Node)>,
    /// Whom a leader wanted in.
    pub wanted: BTreeSet<(String, Node)>,
    kicked: BTreeSet<(String, Node)>,
    leaving: BTreeSet<(String, Node)>,
    /// Who was last told to be in which group.
    members: BTreeSet<(Node, String)>,
    /// Who was last told that somebody is out.
    out: BTreeSet<(Node, String, Node)>,
    /// Who was ever told that somebody was kicked.
    told_kicked: BTreeSet<(Node, String, Node)>,
    /// What is in whose log at the end.
    logged: BTreeSet<(Node, MsgId)>,
    /// Who was ever told that somebody is out, whatever they were told later.
    ever_out: BTreeSet<(Node, String, Node)>,
    said: BTreeMap<MsgId, Said>,
    /// By reader, group and speaker.
    shown: BTreeMap<(Node, String, Node), Vec<MsgId>>,
    /// What its speaker was told will not come to somebody.
    pub forsaken: BTreeSet<(MsgId, Node)>,
    epochs: BTreeMap<(Node, GroupId), u64>,
}

/// A label without its leader.
pub fn base(label: &str) -> String {
    label.split('@').next().unwrap_or_default().to_owned()
}

impl GroupRules {
    pub fn on_verb(&mut self, node: Node, verb: &Verb, names: &Names) {
        let Verb::Group(verb) = verb else { return };
        match verb {
            GroupVerb::Create { name, is_public } => {
                let name = name.to_string();
                if *is_public {
                    self.public.insert(name.clone());
                }
                self.founders.entry(name).or_default().insert(node);
            }
            GroupVerb::Join(group) => {
                self.joining.insert((group.name.to_string(), node));
            }
            GroupVerb::Leave(group) => {
                self.leaving.insert((group.name.to_string(), node));
            }
            GroupVerb::Invite(group, who) | GroupVerb::Allow(group, who) => {
                self.wanted.insert((group.name.to_string(), names.meant(who)));
            }
            GroupVerb::Kick(group, who) => {
                self.kicked.insert((group.name.to_string(), names.meant(who)));
            }
            GroupVerb::Deny(..)
            | GroupVerb::Mine
            | GroupVerb::Public
            | GroupVerb::Members(_)
            | GroupVerb::Say { .. } => {}
        }
    }

    pub fn on_event(&mut self, reader: Node, label: &str, state: GroupState, who: Node) {
        let group = base(label);
        if self.shared.contains(&group) {
            return;
        }
        match state {
            GroupState::Created => {
                self.members.insert((reader, group));
            }
            GroupState::Joined => {
                self.check_wanted(&group, who);
                if who == reader {
                    self.members.insert((reader, group.clone()));
                    self.out.retain(|(node, name, _)| (*node, name) != (reader, &group));
                }
                self.out.remove(&(reader, group, who));
            }
            GroupState::Left | GroupState::Kicked => {
                // Who sees only what came of it cannot tell one from the other.
                let key = (group.clone(), who);
                let is_wanted = self.leaving.contains(&key) || self.kicked.contains(&key);
                assert!(is_wanted, "{reader}: {who} is out of {group}, and nobody wanted that");
                if who == reader {
                    self.members.remove(&(reader, group.clone()));
                }
                if state == GroupState::Kicked {
                    self.told_kicked.insert((reader, group.clone(), who));
                }
                self.out.insert((reader, group.clone(), who));
                self.ever_out.insert((reader, group, who));
            }
            GroupState::Asked | GroupState::Invited | GroupState::Denied | GroupState::Leads => {}
        }
    }

    /// Who is in wants to be, and was let in.
    fn check_wanted(&self, group: &String, who: Node) {
        if self.founders.get(group).is_some_and(|founders| founders.contains(&who)) {
            return;
        }
        let key = (group.clone(), who);
        assert!(self.joining.contains(&key), "{who} is in {group} and never wanted to be");
        let is_let_in = self.public.contains(group) || self.wanted.contains(&key);
        assert!(is_let_in, "{who} is in the private {group}, and its leader never wanted that");
    }

    /// Somebody was told that their talk is taken.
    pub fn on_said(&mut self, from: Node, group: &str, text: &str, id: MsgId) {
        if self.shared.contains(group) {
            return;
        }
        let out = self.out.iter().filter(|(node, name, _)| (*node, name.as_str()) == (from, group));
        let not_for = out.map(|(_, _, who)| *who).collect();
        let (group, text, to) = (group.to_owned(), text.to_owned(), BTreeSet::new());
        self.said.insert(id, Said { from, group, text, to, not_for });
    }

    /// A message, or talk, waits for somebody.
    pub fn on_queued(&mut self, id: MsgId, to: Node) {
        let Some(said) = self.said.get_mut(&id) else { return };
        let (from, group) = (said.from, &said.group);
        assert!(!said.not_for.contains(&to), "{from} talks in {group} to {to}, who is out");
        said.to.insert(to);
    }

    /// Somebody reads talk.
    pub fn on_message(
        &mut self,
        reader: Node,
        (label, is_late): (&str, bool),
        from: Node,
        id: MsgId,
        text: &str,
    ) {
        let group = base(label);
        if self.shared.contains(&group) {
            return;
        }
        let is_in = self.members.contains(&(reader, group.clone()));
        assert!(is_in, "{reader} is not in {group} and was shown talk of {from} in it");
        let is_out = self.out.contains(&(reader, group.clone(), from));
        assert!(!is_out || is_late, "{reader} was shown talk of {from}, who is out of {group}");
        if let Some(said) = self.said.get(&id) {
            assert_eq!((said.from, &said.group, &said.text[..]), (from, &group, text));
            let is_for = !said.not_for.contains(&reader);
            assert!(is_for, "{reader} was shown talk of {from}, who knew that they are out");
        }
        self.shown.entry((reader, group, from)).or_default().push(id);
    }

    /// Whether this is talk that had to be shown to, and kept by, this person.
    pub fn must_reach(&self, id: MsgId, to: Node) -> bool {
        let Some(said) = self.said.get(&id) else { return false };
        let is_in =
            |reader: Node, who: Node| !self.ever_out.contains(&(reader, said.group.clone(), who));
        let (from, group) = (said.from, &said.group);
        said.to.contains(&to)
            && self.members.contains(&(to, group.clone()))
            && is_in(to, to)
            && is_in(to, from)
            && is_in(from, to)
            && is_in(from, from)
    }

    /// Whether two ever had to do with one group, so that they may have its tokens.
    pub fn may_meet(&self, one: Node, other: Node) -> bool {
        let knows = |group: &String, who: Node| {
            let key = (group.clone(), who);
            self.founders[group].contains(&who)
                || self.joining.contains(&key)
                || self.wanted.contains(&key)
        };
        self.founders.keys().any(|group| knows(group, one) && knows(group, other))
    }

    /// Whether a label is a group's.
    pub fn is_group(&self, label: &str) -> bool {
        self.founders.contains_key(&base(label))
    }

    /// A program died: it forgets who said that they are out, until their leader says so.
    pub fn on_death(&mut self, node: Node) {
        self.out.retain(|key| key.0 != node || key.2 == node || self.told_kicked.contains(key));
    }

    pub fn is_talk(&self, id: MsgId) -> bool {
        self.said.contains_key(&id)
    }

    /// Rosters of one group only get newer.
    pub fn on_epoch(&mut self, node: Node, group: GroupId, epoch: u64) {
        let last = self.epochs.entry((node, group)).or_default();
        assert!(epoch >= *last, "{node}: a roster of epoch {epoch} after one of {last}");
        *last = epoch;
    }

    pub fn on_disk_lost(&mut self, node: Node) {
        self.epochs.retain(|(who, _), _| *who != node);
        self.shown.retain(|(who, ..), _| *who != node);
        self.members.retain(|(who, _)| *who != node);
    }

    /// The log of somebody at the end: also what they did not live to see.
    pub fn on_log(&mut self, node: Node, ids: impl Iterator<Item = MsgId>) {
        self.logged.extend(ids.map(|id| (node, id)));
    }

    /// At the end: all talk in its speakers' order within each group (what comes before one may
    /// speak in it waits), and with every member who had to see it.
    /// `is_hampered`: something of the second person's may have been kept from the first.
    pub fn check(&self, is_hampered: impl Fn(Node, Node) -> bool) {
        for ((reader, group, from), ids) in &self.shown {
            let is_sorted = ids.windows(2).all(|pair| pair[0] < pair[1]);
            let is_excused = is_hampered(*reader, *from);
            let talk = format!("{reader}: talk of {from} in {group}");
            assert!(is_sorted || is_excused, "{talk} out of order: {ids:?}");
        }
        for (id, said) in &self.said {
            for to in &said.to {
                let is_shown = self.logged.contains(&(*to, *id));
                let is_excused = self.forsaken.contains(&(*id, *to))
                    || is_hampered(*to, said.from)
                    || !self.must_reach(*id, *to);
                let (from, group) = (said.from, &said.group);
                assert!(is_shown || is_excused, "{to} never saw {id:?} of {from} in {group}");
            }
        }
    }

    /// How often talk was shown to somebody.
    pub fn shown_count(&self) -> usize {
        self.shown.values().map(Vec::len).sum()
    }
}
