//! A random life in which things break, then peace and a reckoning.

mod deeds;

use super::net::{Kind, Node, Weather, address_of, alias_of};
use super::world::{SERVER, World, name_of, seed_bytes, server_at, target};
use hobnob::proto::client::{Accept, Remote};
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::limits;
use hobnob::proto::model::account::Visibility;
use hobnob::proto::model::bond::{Bond, Friendship};
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::event::{Event, Path, SessionState, Stage};
use hobnob::proto::model::notice::{Row, SessionRow};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// How long the troubled life lasts, and how long peace may take, in virtual milliseconds.
const LIFE_MS: u64 = 60_000;
const PEACE_MS: u64 = 600_000;
/// The most that may be on its way to one end of a stream, however many wait: two flights, one
/// each through the relay to two sessions, with a page that was read when there was room for less.
const COMING_MAX_BYTES: usize = 8 * limits::FLIGHT_BYTES;

impl World {
    /// A random world that will have a troubled life.
    pub fn random(seed: u64) -> World {
        let mut dice = Rng::new(seed_bytes(seed, 4));
        let clients = 2 + dice.below(4) as usize;
        let mut world = World::asleep(seed, clients, Accept::Friends);
        for node in 1..=clients {
            if dice.below(3) == 0 {
                world.net.walled.insert(node);
            }
            if dice.below(3) == 0 {
                world.configs[node].accept = Accept::All;
                (1..=clients).for_each(|other| world.oracle.on_agreed(node, other));
            }
            if dice.below(4) == 0 {
                world.net.slow_ms.insert(node, dice.below(1_500));
            }
            if dice.below(3) == 0 {
                // The same program under two addresses is dialled twice for each session.
                world.configs[node].locals = vec![address_of(node), alias_of(node)];
            }
            world.spoil_server_addresses(node, &mut dice);
        }
        world.put_behind_nats(Rng::new(seed_bytes(seed, 6)));
        for node in 0..=clients {
            world.start(node);
        }
        if dice.below(3) > 0 {
            world.warm_up();
        }
        world.troubled = true;
        world.net.datagrams.weather = Weather { lost: 5, doubled: 5, overtaken: 10 };
        world
    }

    /// Some of them behind NATs, some of these behind the same.
    fn put_behind_nats(&mut self, mut dice: Rng) {
        let mut before = None;
        for node in 1..=self.clients.len() {
            match (dice.below(3), before) {
                (0, _) => self.net.put_behind(Kind::any(&mut dice), &[node]),
                (1, Some(before)) => self.net.put_behind(Kind::any(&mut dice), &[before, node]),
                _ => {}
            }
            before = Some(node);
        }
    }

    /// The same on one local network, without a server.
    pub fn random_near(seed: u64) -> World {
        let mut dice = Rng::new(seed_bytes(seed, 5));
        let clients = 2 + dice.below(3) as usize;
        let mut world = World::asleep(seed, clients, Accept::Friends);
        world.lan.is_there = true;
        for node in 1..=clients {
            world.configs[node].server = None;
            if dice.below(3) == 0 {
                world.configs[node].accept = Accept::All;
                (1..=clients).for_each(|other| world.oracle.on_agreed(node, other));
            }
            if dice.below(4) == 0 {
                world.net.slow_ms.insert(node, dice.below(500));
            }
            world.start(node);
        }
        if dice.below(3) > 0 {
            world.warm_up();
        }
        world.troubled = true;
        world.lan.breaks = 10;
        world
    }

    /// People who know each other: friends, with a group.
    fn warm_up(&mut self) {
        self.run_for(500);
        let count = self.clients.len();
        let pairs = (1..=count).flat_map(|one| (one + 1..=count).map(move |other| (one, other)));
        let pairs: Vec<(Node, Node)> = pairs.collect();
        for (one, other) in &pairs {
            self.ask(*one, Verb::Add(target(*other), "let us be friends".into()));
        }
        self.run_for(4_000);
        for (one, other) in &pairs {
            self.ask(*other, Verb::Confirm(target(*one)));
        }
        self.found_for_all();
    }

    /// Somebody's server has several addresses, and not all of them answer.
    fn spoil_server_addresses(&mut self, node: Node, dice: &mut Rng) {
        let dead = SocketAddr::from(([10, 9, 9, 9], 1));
        let silent = SocketAddr::from(([10, 9, 9, 8], 1));
        self.net.silent.insert(silent);
        let server = self.configs[node].server.as_mut().expect("clients have a server");
        let at = match dice.below(6) {
            0 => vec![dead, server_at()],
            1 => vec![server_at(), silent],
            2 => vec![dead, silent, server_at()],
            _ => vec![server_at()],
        };
        server.at = at.into_iter().map(Remote::Address).collect();
    }

    /// The troubled life, then peace, then the reckoning. How many messages were accepted.
    pub fn live_and_heal(&mut self) -> u64 {
        while self.now < LIFE_MS {
            self.something_happens();
            let pause = 1 + self.rng.below(400);
            self.run_for(pause);
            self.oracle.check_verbs(self.now);
        }
        self.heal();
        self.reckon();
        self.oracle.accepted()
    }

    fn something_happens(&mut self) {
        let count = self.clients.len() as u64;
        let node = 1 + self.rng.below(count) as Node;
        let other = 1 + self.rng.below(count) as Node;
        match self.rng.below(if self.has_roamers { 100 } else { 90 }) {
            0..16 if node != other => self.talk(node, other),
            16..26 if node != other => {
                self.chat(node, other);
            }
            26..31 => self.accept_first(node),
            31 => {
                self.ask(node, Verb::Close(None));
            }
            32 => {
                self.ask(node, Verb::Decline(None));
            }
            33 => {
                self.ask(node, Verb::Offline);
            }
            34 => {
                self.ask(node, Verb::Online);
            }
            35 => self.drop_one(node),
            36..40 => self.network_breaks(node, other),
            40 => self.shift_wall_at_random(),
            41 if self.rng.below(2) == 0 => self.lose_power(node),
            41 => self.crash(node),
            42 if node != other => self.die_while_linking(node, other),
            43 if self.rng.below(4) == 0 && self.server.machine.is_some() => self.crash(SERVER),
            44 if self.rng.below(8) == 0 && self.server.machine.is_some() => {
                self.lose_server_disk();
            }
            45 => {
                self.ask(node, Verb::Who { prefix: String::new() });
                self.ask(node, Verb::Update);
            }
            46 => {
                self.ask(node, Verb::Lookup(target(other)));
            }
            47..62 if node != other => self.relate(node, other),
            62..74 if !self.has_roamers => self.group_life(node, other),
            74..84 if node != other => self.file_life(node, other),
            84..90 if node != other => self.run_life(node, other),
            90..100 => {
                let home = [None, Some(address_of(node)), Some(alias_of(node))];
                let home = home[self.rng.below(3) as usize];
                self.roam(node, home);
            }
            _ => {}
        }
    }

    /// Friendships begin and end; people block each other and hide.
    fn relate(&mut self, node: Node, other: Node) {
        let whom = target(other);
        let verb = match self.rng.below(16) {
            0..4 => Verb::Add(whom, "let us be friends".into()),
            4..8 => Verb::Confirm(whom),
            8 => Verb::Reject(whom),
            9 => Verb::Unfriend(whom),
            10 => Verb::Block(whom),
            11 | 12 => Verb::Unblock(whom),
            13 => Verb::SetVisibility(Visibility::Private),
            _ => Verb::SetVisibility(Visibility::Public),
        };
        self.ask(node, verb);
    }

    fn talk(&mut self, node: Node, other: Node) {
        let text = format!("{}", self.rng.below(1_000_000));
        for part in 0..1 + self.rng.below(5) {
            self.msg(node, other, &format!("{text}.{part}"));
        }
    }

    fn network_breaks(&mut self, node: Node, other: Node) {
        let (now, ms) = (self.now, 1 + self.rng.below(20_000));
        match self.rng.below(4) {
            0 => self.net.cut_one_of(now, node),
            1 => self.net.stall_one_of(now, node, ms),
            2 if node != other => self.net.part(now, node, other, ms),
            3 => self.net.part(now, node, SERVER, ms),
            _ => {}
        }
    }

    fn shift_wall_at_random(&mut self) {
        let ms = self.rng.below(172_800_000) as i64 - 86_400_000;
        self.shift_wall(ms);
    }

    /// Gives up something that waits, if anything does.
    fn drop_one(&mut self, node: Node) {
        let mut first = None;
        let store = &mut self.clients[node - 1].store;
        store.outbox(&mut |row| first = first.or(Some(row.id))).expect("memory is there");
        if let Some(id) = first {
            self.ask(node, Verb::Drop(id));
        }
    }

    /// Two agree to talk, and one of them dies on the way there.
    fn die_while_linking(&mut self, node: Node, other: Node) {
        self.chat(node, other);
        self.run_for(150);
        self.accept_first(other);
        let moment = self.rng.below(150);
        self.run_for(moment);
        let victim = if self.rng.below(2) == 0 { node } else { other };
        self.crash(victim);
    }

    /// Says yes to somebody who asked, as the person would who sees it on the screen.
    fn accept_first(&mut self, node: Node) {
        let asked = self.events.iter().rev().find_map(|(reader, event)| match event {
            Event::Session { with, state: SessionState::Offered, .. } if *reader == node => {
                Some(with.clone())
            }
            _ => None,
        });
        if let Some(with) = asked {
            let with = self.oracle.names.node_of(&with);
            self.ask(node, Verb::Accept(Some(target(with))));
        }
    }

    /// Nothing breaks any more; whoever is down comes back; pairs with something unsaid talk.
    fn heal(&mut self) {
        self.troubled = false;
        self.net.heal();
        if self.has_roamers {
            (1..=self.clients.len()).for_each(|node| self.roam(node, Some(address_of(node))));
        }
        self.lan.breaks = 0;
        for (node, _) in std::mem::take(&mut self.revive_at) {
            self.start(node);
        }
        for node in 1..=self.clients.len() {
            self.ask(node, Verb::Online);
        }
        // Streams that still stall are given up by the kernel in time.
        self.run_for(25_000);
        self.make_up();
        self.settle_files();
        let end = self.now + PEACE_MS;
        // Also what is on a disk and its sender died before hearing so.
        let count = self.clients.len();
        let pairs = (1..=count).flat_map(|from| (1..=count).map(move |to| (from, to)));
        for (from, to) in pairs {
            while self.waits(from, to) > 0 && self.now < end {
                self.chat(from, to);
                self.run_for(3_000);
                self.ask(to, Verb::Accept(Some(target(from))));
                self.run_for(20_000);
            }
        }
        // Requests that nobody answered end by themselves.
        self.run_for(2 * limits::ASK_MS + limits::RUN_ASK_MS + limits::VERB_MS);
    }

    /// Nobody hides from anybody any more.
    fn make_up(&mut self) {
        for node in 1..=self.clients.len() {
            self.ask(node, Verb::SetVisibility(Visibility::Public));
            for with in 1..=self.clients.len() {
                if self.bond(node, with).is_blocked {
                    self.ask(node, Verb::Unblock(target(with)));
                }
            }
        }
        self.run_for(10_000);
    }

    /// What there is between somebody and somebody, on the first one's disk.
    pub fn bond(&mut self, node: Node, with: Node) -> Bond {
        let with = Identity::from_bytes(&self.keys[with]).fingerprint();
        let past = self.clients[node - 1].store.restore().expect("memory is there");
        let found = past.bonds.into_iter().find(|(who, _)| *who == with);
        found.map(|(_, bond)| bond).unwrap_or_default()
    }

    /// Each takes the other for what the other takes them for.
    fn check_friendships(&mut self) {
        use Friendship::{Asked, Asking, Friends, None};
        for one in 1..=self.clients.len() {
            for other in one + 1..=self.clients.len() {
                let (a, b) = (self.bond(one, other), self.bond(other, one));
                let blocked = self.oracle.was_ever_blocked(one, other)
                    || self.oracle.was_ever_blocked(other, one);
                let agree = match (&a.friendship, &b.friendship) {
                    (None, _) | (_, None) | (Friends, Friends) => true,
                    // An answer to a request that was made anew.
                    (Asked | Friends, Asking(..)) | (Asking(..), Asked | Friends) => true,
                    // Each took its own request back, or had it refused, as the other's came: either
                    // may still say yes.
                    (Asking(..), Asking(..)) => true,
                    (Asked, Asked | Friends) | (Friends, Asked) => blocked,
                };
                assert!(agree, "{one} and {other}: {a:?}, {b:?}");
            }
        }
    }

    fn waits(&mut self, from: Node, to: Node) -> usize {
        let mut waiting = 0;
        let label = name_of(to);
        let store = &mut self.clients[from - 1].store;
        store
            .outbox(&mut |row| waiting += usize::from(row.label == label))
            .expect("memory is there");
        waiting
    }

    fn reckon(&mut self) {
        self.oracle.check_verbs(self.now);
        for node in 1..=self.clients.len() {
            let store = &mut self.clients[node - 1].store;
            store
                .outbox(&mut |row| panic!("{node} still has {:?} for {}", row.id, row.label))
                .expect("memory is there");
            let log = self.log(node);
            self.oracle.check_log(node, &log);
            self.oracle.groups.on_log(node, log.iter().map(|(_, id, _)| *id));
        }
        self.check_that_both_sides_agree();
        self.check_friendships();
        let oracle = &self.oracle;
        oracle.groups.check(|reader, from| oracle.was_ever_blocked(reader, from));
        self.check_groups();
        self.check_silence();
        let most = self.net.most_coming_bytes;
        assert!(most <= COMING_MAX_BYTES, "{most} bytes on their way to one end");
    }

    /// Who has a session with whom, both sides see the same.
    fn check_that_both_sides_agree(&mut self) {
        let mut open = BTreeSet::new();
        for node in 1..=self.clients.len() {
            for row in self.sessions(node) {
                assert_eq!(row.state, SessionState::Open, "{node}: {row:?} after a long silence");
                open.insert((node, self.oracle.names.node_of(&row.with), row.path.map(Path::word)));
            }
        }
        for (one, other, path) in &open {
            assert!(open.contains(&(*other, *one, *path)), "{one} talks to {other}, who does not");
        }
    }

    /// Nobody waits for a moment to come: no timer ticks in a program that has nothing to do.
    fn check_silence(&mut self) {
        assert_eq!(self.server.due(), None, "the server waits for something");
        for node in 1..=self.clients.len() {
            let machine = self.clients[node - 1].machine.as_ref().expect("everybody is up");
            assert!(machine.is_settled(), "{node} is not settled");
            let waits = hobnob::proto::machine::Machine::poll_timeout(machine);
            // A word to one who did not look at it, while he blocked us, is held until its time.
            let waits = waits.filter(|(_, why)| *why != "mail held too long");
            // A NAT forgets whoever is silent for long.
            let waits = waits.filter(|(_, why)| *why != "keep-alive over UDP");
            assert_eq!(waits, None, "{node} waits for something");
        }
    }

    /// Somebody's sessions, as `sessions` lists them.
    pub fn sessions(&mut self, node: Node) -> Vec<SessionRow> {
        let asked = self.ask(node, Verb::Sessions);
        let rows = self.rows.iter().filter(|(who, ticket, _)| (*who, *ticket) == (node, asked));
        let row = |(_, _, row): &(Node, u64, Row)| match row {
            Row::Session(row) => Some(row.clone()),
            _ => None,
        };
        rows.filter_map(row).collect()
    }

    /// A message with a text of its own, that is to arrive.
    pub fn msg(&mut self, node: Node, to: Node, text: &str) -> u64 {
        self.msg_until(node, to, text, Stage::Delivered)
    }
}
