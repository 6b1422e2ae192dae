//! Clients that pass each other letters by hand, so that a test says what crosses what.

mod crossing;
mod joining;
mod leading;
mod talking;

use super::*;
use crate::proto::client::{Accept, Config, RunLimits};
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::machine::{Input, Machine, Output};
use crate::proto::model::command::{Command, Verb};
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::group::{GroupRow, Talk, Unheard};
use crate::proto::model::notice::Notice;
use crate::proto::model::paths::Paths;
use crate::proto::model::person::Person;
use crate::proto::model::record::{Query, Record, Restored, Rows};
use crate::proto::time::{Mono, Now, Wall};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Ann, Bob, Cat, Dan; ann and everybody else know each other.
struct World {
    nodes: Vec<Node>,
    /// Letters on their way, by sender and receiver.
    post: BTreeMap<(usize, usize), VecDeque<Letter>>,
    away: BTreeSet<usize>,
    now: Now,
}

struct Node {
    client: Client,
    disk: Disk,
    events: Vec<String>,
    heard: Vec<String>,
    rows: Vec<Row>,
    done: Option<Result<(), Refusal>>,
}

#[derive(Clone, Default)]
struct Disk {
    people: BTreeMap<Fingerprint, Person>,
    groups: BTreeMap<GroupId, GroupRow>,
    unheard: BTreeMap<(Fingerprint, MsgId), Unheard>,
    seen: BTreeSet<(Fingerprint, MsgId)>,
    heard: BTreeSet<(Fingerprint, MsgId)>,
    forsaken: Vec<(GroupId, Fingerprint)>,
}

const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];
const ANN: usize = 0;
const BOB: usize = 1;
const CAT: usize = 2;
const DAN: usize = 3;

impl World {
    fn new() -> World {
        World::of(NAMES.len())
    }

    fn of(count: usize) -> World {
        let node = |n| Node {
            client: client(n, &Disk::default()),
            disk: Disk::default(),
            events: Vec::new(),
            heard: Vec::new(),
            rows: Vec::new(),
            done: None,
        };
        let now = Now { mono: Mono(1_000), wall: Wall(1_700_000_000_000) };
        let nodes = (0..count).map(node).collect();
        let mut world = World { nodes, post: BTreeMap::new(), away: BTreeSet::new(), now };
        for other in 1..count {
            world.meet(ANN, other);
        }
        world
    }

    /// A public group of ann's, with these in it.
    fn with_group(members: &[usize]) -> World {
        let mut world = World::new();
        world.create("climbers", true);
        for n in members {
            world.join(*n, "climbers@ann");
        }
        world.settle();
        world.forget();
        world
    }

    fn meet(&mut self, one: usize, other: usize) {
        for (n, whom) in [(one, other), (other, one)] {
            let person = person(whom);
            self.nodes[n].client.know(person);
            self.drain(n);
        }
    }

    fn create(&mut self, group: &str, is_public: bool) {
        let name = Name::parse(group).unwrap();
        self.verb(ANN, GroupVerb::Create { name, is_public }).unwrap();
    }

    fn join(&mut self, n: usize, group: &str) {
        self.verb(n, GroupVerb::Join(target(group))).unwrap();
    }

    fn leave(&mut self, n: usize) {
        self.leave_named(n, "climbers");
    }

    fn leave_named(&mut self, n: usize, group: &str) {
        self.verb(n, GroupVerb::Leave(target(group))).unwrap();
    }

    /// Everything on its way to somebody is lost.
    fn lose_all_to(&mut self, n: usize) {
        self.post.retain(|(_, to), _| *to != n);
    }

    fn kick(&mut self, n: usize, whom: usize) {
        self.verb(n, GroupVerb::Kick(target("climbers"), named(whom))).unwrap();
    }

    fn invite(&mut self, n: usize, whom: usize) {
        self.verb(n, GroupVerb::Invite(target("climbers"), named(whom))).unwrap();
    }

    fn say(&mut self, n: usize, text: &str) {
        let (group, text, until) = (target("climbers"), text.to_owned(), Stage::Queued);
        self.verb(n, GroupVerb::Say { group, text, until }).unwrap();
    }

    fn verb(&mut self, n: usize, verb: GroupVerb) -> Result<(), Refusal> {
        let command = Command { ticket: Ticket(1), timeout_ms: 10_000, verb: Verb::Group(verb) };
        self.pass();
        self.nodes[n].done = None;
        self.nodes[n].client.handle(self.now, Input::Command(command));
        self.drain(n);
        self.nodes[n].done.take().expect("the verb has ended")
    }

    fn members(&mut self, n: usize) -> Vec<String> {
        self.nodes[n].rows.clear();
        match self.verb(n, GroupVerb::Members(target("climbers"))) {
            Ok(()) => {}
            Err(Refusal::NoGroup(_)) => return Vec::new(),
            Err(why) => panic!("{why}"),
        }
        let rows = std::mem::take(&mut self.nodes[n].rows);
        let name = |row: &Row| match row {
            Row::Member(row) if row.standing == "leader" => format!("{}*", row.name),
            Row::Member(row) if row.standing == "member" => row.name.clone(),
            Row::Member(row) => format!("{}?", row.name),
            other => panic!("{other:?}"),
        };
        rows.iter().map(name).collect()
    }

    /// Groups with what one is in them.
    fn groups(&mut self, n: usize) -> Vec<String> {
        self.nodes[n].rows.clear();
        self.verb(n, GroupVerb::Mine).unwrap();
        let rows = std::mem::take(&mut self.nodes[n].rows);
        let word = |row: &Row| match row {
            Row::Group(row) => format!("{} {}", row.name, row.standing),
            other => panic!("{other:?}"),
        };
        rows.iter().map(word).collect()
    }

    fn agree(&mut self, who: &[usize], members: &[&str]) {
        for n in who {
            assert_eq!(self.members(*n), members, "as {} has it", name(*n));
        }
    }

    fn events(&mut self, n: usize) -> Vec<String> {
        std::mem::take(&mut self.nodes[n].events)
    }

    fn heard(&mut self, n: usize) -> Vec<String> {
        std::mem::take(&mut self.nodes[n].heard)
    }

    fn forget(&mut self) {
        for node in &mut self.nodes {
            node.events.clear();
            node.heard.clear();
        }
    }

    fn away(&mut self, n: usize) {
        self.away.insert(n);
    }

    fn back(&mut self, n: usize) {
        self.away.remove(&n);
        self.settle();
    }

    /// The program ends, and begins again with this disk.
    fn restart(&mut self, n: usize, disk: Disk) {
        self.nodes[n].client = client(n, &disk);
        self.nodes[n].disk = disk;
        self.drain(n);
    }

    fn pass(&mut self) {
        self.now.mono = self.now.mono.after_ms(1);
        self.now.wall = Wall(self.now.wall.0 + 1);
    }

    /// Somebody's letter is written by hand.
    fn forge(&mut self, from: usize, to: usize, body: Body) {
        self.pass();
        let id = MsgId::after(MsgId::FIRST, self.now.wall, [0xff; 8]);
        let letter = Letter { id, sent: self.now.wall, body };
        self.post.entry((from, to)).or_default().push_back(letter);
    }

    /// Every letter to whom is not away, and what follows from it.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            let is_there = |(_, to): &&(usize, usize)| !self.away.contains(to);
            let waits = self.post.iter().filter(|(_, letters)| !letters.is_empty());
            let Some(way) = waits.map(|(way, _)| way).find(is_there).copied() else { return };
            self.carry(way.0, way.1);
        }
        panic!("they talk without end");
    }

    /// One letter of one to another.
    fn carry(&mut self, from: usize, to: usize) {
        let letters = self.post.entry((from, to)).or_default();
        let letter = letters.pop_front().expect("a letter on its way");
        self.pass();
        let written = Letter::read(&letter.write()).expect("as it travels");
        let node = &mut self.nodes[to];
        node.client.core.now = self.now;
        node.client.know(person(from));
        node.client.on_letter(key(from), written);
        self.drain(to);
    }

    fn drain(&mut self, n: usize) {
        while let Some(output) = self.nodes[n].client.poll_output() {
            match output {
                Output::Keep(record) => self.keep(n, record),
                Output::Query(Query::Note(from, letter)) => {
                    let is_new = !self.nodes[n].disk.seen.contains(&(from, letter.id));
                    let rows = Rows::Note { from, letter, is_new };
                    self.nodes[n].client.handle(self.now, Input::Rows(rows));
                }
                Output::Query(Query::Waits(who)) => {
                    let rows = Rows::Waits(who, false);
                    self.nodes[n].client.handle(self.now, Input::Rows(rows));
                }
                Output::Show(Notice::Row(_, row)) => self.nodes[n].rows.push(row),
                Output::Show(Notice::Done(_, result)) => self.nodes[n].done = Some(result),
                Output::Show(Notice::Event { event: Event::Ready { .. }, .. }) => {}
                Output::Stream(..) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn keep(&mut self, n: usize, record: Record) {
        let disk = &mut self.nodes[n].disk;
        match record {
            Record::Person(person) => drop(disk.people.insert(person.fingerprint, person)),
            Record::Group(row) => drop(disk.groups.insert(row.group, *row)),
            Record::GroupGone(id) => drop(disk.groups.remove(&id)),
            Record::NoteSeen(from, id) => drop(disk.seen.insert((from, id))),
            Record::Unheard(it) => drop(disk.unheard.insert((it.from, it.id), it)),
            Record::UnheardGone(from, id) => drop(disk.unheard.remove(&(from, id))),
            Record::Forsake(group, who) => disk.forsaken.push((group, who)),
            Record::Heard { id, group, from, text, .. } => {
                assert!(disk.people.contains_key(&from), "talk of somebody who was not kept");
                assert!(disk.groups.contains_key(&group), "talk in a group that was not kept");
                if disk.heard.insert((from, id)) {
                    let from = name(index(from));
                    self.nodes[n].heard.push(format!("{from}: {text}"));
                }
            }
            Record::Note(to, letter) => self.put(n, to, letter),
            Record::Say { id, group, epoch, text, sent, to } => {
                let body = Body::Talk(Talk { group, epoch, text });
                for who in to {
                    self.put(n, who, Letter { id, sent, body: body.clone() });
                }
            }
            Record::Event(Event::Group { name, state, who, .. }) => {
                let state = format!("{state:?}").to_lowercase();
                self.nodes[n].events.push(format!("{name} {state} {who}"));
            }
            Record::Me(..) | Record::Bond(..) | Record::Receipts { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    fn put(&mut self, from: usize, to: Fingerprint, letter: Letter) {
        assert!(self.nodes[from].disk.people.contains_key(&to), "a letter to nobody known");
        self.post.entry((from, index(to))).or_default().push_back(letter);
    }
}

fn client(n: usize, disk: &Disk) -> Client {
    let config = Config {
        name: Some(Name::parse(&name(n)).unwrap()),
        server: None,
        is_proxied: false,
        paths: Paths::ALL,
        is_passing: false,
        listen: None,
        locals: Vec::new(),
        gateway: None,
        accept: Accept::Friends,
        files: "/".to_owned(),
        transcriber: None,
        run_limits: RunLimits::default(),
    };
    let past = Restored {
        people: disk.people.values().cloned().collect(),
        groups: disk.groups.values().cloned().collect(),
        unheard: disk.unheard.values().cloned().collect(),
        ..Restored::default()
    };
    Client::restore(config, me(n), past, [n as u8; 32])
}

fn me(n: usize) -> Identity {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    Identity::generate(&mut Rng::new(seed))
}

fn name(n: usize) -> String {
    NAMES.get(n).map_or_else(|| format!("p{n}"), |name| (*name).to_owned())
}

fn person(n: usize) -> Person {
    let me = me(n);
    let name = Name::parse(&name(n)).ok();
    Person { fingerprint: me.fingerprint(), identity: *me.public(), name, address: None }
}

fn key(n: usize) -> Fingerprint {
    me(n).fingerprint()
}

fn index(who: Fingerprint) -> usize {
    thread_local! {
        static KEYS: BTreeMap<Fingerprint, usize> = (0..300).map(|n| (key(n), n)).collect();
    }
    KEYS.with(|keys| keys[&who])
}

fn named(n: usize) -> Target {
    Target::Name(Name::parse(&name(n)).unwrap())
}

fn target(text: &str) -> GroupTarget {
    GroupTarget::parse(text).unwrap()
}
