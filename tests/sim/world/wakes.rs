//! Time, and what each program does in its wakes.

use super::{SERVER, World};
use crate::children::{Act, Children};
use crate::disk::{Answer, Disk};
use crate::host::Crash;
use crate::net::{Arrival, Node};
use crate::router::Reply;
use hobnob::proto::client::Client;
use hobnob::proto::id::{ConnId, FileId, RunId};
use hobnob::proto::machine::{Effect, FileAction, Input, InputOf, RunAction, StreamEvent};
use hobnob::proto::server::Server;
use hobnob::proto::time::{Mono, Now, Wall};
use std::net::SocketAddr;

const WALL_START: i64 = 1_790_000_000_000;

impl World {
    /// Lets time pass, with all that happens in it.
    pub fn run_until(&mut self, end: u64) {
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step();
        }
        self.now = self.now.max(end);
    }

    pub fn run_for(&mut self, ms: u64) {
        self.run_until(self.now + ms);
    }

    fn next_at(&self) -> Option<u64> {
        let due = |due: Option<Mono>| due.map(|due| due.0.max(self.now));
        let machines = self.clients.iter().filter_map(|host| due(host.due()));
        let revive = self.revive_at.values().copied();
        let typed = (!self.typed.is_empty()).then_some(self.typed_until.max(self.now));
        let due = machines.chain(due(self.server.due())).chain(self.net.next_at());
        let files = self.disks.iter().filter_map(Disk::next_at);
        let children = self.children.iter().filter_map(Children::next_at);
        due.chain(revive).chain(typed).chain(files).chain(children).chain(self.lan.next_at()).min()
    }

    fn step(&mut self) {
        let risen: Vec<Node> = (self.revive_at.iter())
            .filter(|(_, at)| **at <= self.now)
            .map(|(node, _)| *node)
            .collect();
        for node in risen {
            self.revive_at.remove(&node);
            self.start(node);
        }
        while let Some((node, conn, arrival)) = self.net.pop(self.now) {
            self.arrive(node, conn, arrival);
        }
        while let Some((node, from, bytes)) = self.lan.pop(self.now) {
            self.note(node as u64, bytes.len() as u64);
            self.wake_client(node, vec![Input::Lan { from, bytes: &bytes }]);
        }
        if self.typed_until <= self.now {
            for node in self.typed.keys().copied().collect::<Vec<_>>() {
                self.wake_client(node, Vec::new());
            }
        }
        for node in 1..=self.clients.len() {
            let is_due = |at: Option<u64>| at.is_some_and(|at| at <= self.now);
            if is_due(self.disks[node - 1].next_at()) || is_due(self.children[node - 1].next_at()) {
                self.wake_client(node, Vec::new());
            }
        }
        if self.server.due().is_some_and(|due| due.0 <= self.now) {
            self.wake_server(vec![Input::Tick]);
        }
        for node in 1..=self.clients.len() {
            if self.clients[node - 1].due().is_some_and(|due| due.0 <= self.now) {
                self.wake_client(node, vec![Input::Tick]);
            }
        }
    }

    fn arrive(&mut self, node: Node, conn: ConnId, arrival: Arrival) {
        if self.puppets.contains_key(&node) {
            return self.play(node, |puppet| puppet.arrive(conn, arrival));
        }
        if self.routers.contains_key(&node) {
            return self.ask_router(node, conn, arrival);
        }
        let event = match &arrival {
            Arrival::Datagram { from, bytes } => {
                return self.arrive_as_datagram(node, *from, bytes);
            }
            Arrival::Listening { at, udp } => StreamEvent::Listening { at: *at, udp: *udp },
            Arrival::Accepted { listener, from } => {
                StreamEvent::Accepted { listener: *listener, from: *from }
            }
            Arrival::Open(local) => StreamEvent::Open { local: *local },
            Arrival::Bytes(bytes) => StreamEvent::Bytes(bytes),
            Arrival::Drained => StreamEvent::Drained,
            Arrival::Closed(cause) => StreamEvent::Closed(*cause),
        };
        self.note(node as u64, conn.0);
        match node {
            SERVER => self.wake_server(vec![Input::Stream(conn, event)]),
            node => self.wake_client(node, vec![Input::Stream(conn, event)]),
        }
    }

    fn ask_router(&mut self, node: Node, conn: ConnId, arrival: Arrival) {
        let Some(router) = self.routers.get_mut(&node) else { return };
        router.arrive(conn, arrival);
        for reply in router.take() {
            match reply {
                Reply::Datagram(to, bytes) => self.net.send_datagram(self.now, node, to, bytes),
                Reply::Stream(conn, action) => self.net.act(self.now, (node, conn), action),
            }
        }
    }

    fn arrive_as_datagram(&mut self, node: Node, from: SocketAddr, bytes: &[u8]) {
        self.note(node as u64, bytes.len() as u64);
        match node {
            SERVER => self.wake_server(vec![Input::Datagram { from, bytes }]),
            node => self.wake_client(node, vec![Input::Datagram { from, bytes }]),
        }
    }

    pub fn clocks(&self) -> Now {
        let wall = Wall(WALL_START + self.now as i64 + self.wall_shift);
        Now { mono: Mono(self.now), wall }
    }

    /// Whether, and when in it, this wake is somebody's last.
    fn fate(&mut self, node: Node) -> Option<Crash> {
        match self.doomed {
            Some((doomed, 0, crash)) if doomed == node => {
                self.doomed = None;
                return Some(crash);
            }
            Some((doomed, wakes, crash)) if doomed == node => {
                self.doomed = Some((node, wakes - 1, crash));
            }
            _ => {}
        }
        if !self.troubled || self.rng.below(400) != 0 {
            return None;
        }
        match self.rng.below(2) {
            0 => Some(Crash::BeforeCommit),
            _ => Some(Crash::AfterEffects(self.rng.below(4) as usize)),
        }
    }

    pub fn wake_server(&mut self, mut inputs: Vec<InputOf<'_, Server>>) {
        // As the daemon does: each wake looks at the deadlines.
        inputs.push(Input::Tick);
        let (now, fate) = (self.clocks(), self.fate(SERVER));
        let (effects, lives) = self.server.wake(now, inputs, fate);
        for effect in effects {
            match effect {
                Effect::Stream(conn, action) => self.net.act(self.now, (SERVER, conn), action),
                Effect::Datagram { to, bytes } => {
                    self.net.send_datagram(self.now, SERVER, to, bytes);
                }
                Effect::File(..) | Effect::Run(..) | Effect::Lan(_) | Effect::Show(_) => {}
            }
        }
        if !lives && self.server.machine.is_none() && fate.is_some() {
            self.crash(SERVER);
        }
    }

    pub fn wake_client(&mut self, node: Node, inputs: Vec<InputOf<'_, Client>>) {
        let files = self.disks[node - 1].take_due(self.now);
        let children = self.children[node - 1].take_due(self.now);
        let mut inputs: Vec<InputOf<'_, Client>> = inputs;
        self.note_happenings(node, &files, &children);
        inputs.extend(files.iter().map(|(file, answer)| Input::File(*file, answer.event())));
        inputs.extend(children.iter().map(|(run, act)| Input::Run(*run, act.event())));
        inputs.extend(self.typed.remove(&node).into_iter().flatten().map(Input::Command));
        let (now, fate) = (self.clocks(), self.fate(node));
        self.oracle.now = now;
        let was_up = self.clients[node - 1].machine.is_some();
        let (effects, lives) = self.clients[node - 1].wake(now, inputs, fate);
        for effect in effects {
            match effect {
                Effect::Stream(conn, action) => self.net.act(self.now, (node, conn), action),
                Effect::Show(notice) => self.show(node, notice),
                Effect::Datagram { to, bytes } => {
                    self.net.send_datagram(self.now, node, to, bytes);
                }
                Effect::Lan(action) => self.lan.act(self.now, node, action),
                Effect::File(file, action) => self.act_on_file(node, file, action),
                Effect::Run(run, action) => self.act_on_child(node, run, action),
            }
        }
        if was_up && !lives {
            match self.troubled && self.rng.below(3) == 0 {
                true => self.lose_power(node),
                false => self.crash(node),
            }
        }
    }

    fn note_happenings(
        &mut self,
        node: Node,
        files: &[(FileId, Answer)],
        children: &[(RunId, Act)],
    ) {
        for (file, answer) in files {
            let bytes = if let Answer::Bytes(bytes) = answer { bytes.len() as u64 } else { 0 };
            self.note(node as u64, (file.0 << 32) ^ bytes);
        }
        for (run, act) in children {
            let bytes = if let Act::Output(_, bytes) = act { bytes.len() as u64 } else { 0 };
            self.note(node as u64, (run.0 << 48) ^ bytes);
        }
    }

    fn act_on_file(&mut self, node: Node, file: FileId, action: FileAction) {
        let disk = &mut self.disks[node - 1];
        let before = disk.placed.len();
        disk.act(self.now, file, action);
        // What has its final name is whole.
        if let Some(placed) = self.disks[node - 1].placed.get(before) {
            let is_whole = |disk: &Disk| disk.was_there(&placed.bytes);
            let is_known = self.strange_files.contains(&placed.bytes);
            assert!(
                is_known || self.disks.iter().any(is_whole),
                "{node}: {} has its final name, and nobody ever had such a file",
                placed.path
            );
        }
    }

    fn act_on_child(&mut self, node: Node, run: RunId, action: RunAction) {
        let children = &mut self.children[node - 1];
        let before = children.starts.len();
        children.act(self.now, run, action);
        let Some(start) = children.starts.get(before) else { return };
        let transcriber = self.configs[node].transcriber.as_ref();
        let is_ours = transcriber.is_some_and(|argv| argv.first() == start.argv.first());
        match is_ours && start.has_our_environment {
            true => assert!(self.oracle.files.speaks(node), "{node} hears what nobody spoke"),
            false => self.oracle.on_start(node, start),
        }
    }

    /// A program dies with the machine under it, and comes back by and by.
    pub fn lose_power(&mut self, node: Node) {
        self.crash(node);
        self.disks[node - 1].lose_power();
    }

    /// A program dies, and comes back by and by.
    pub fn crash(&mut self, node: Node) {
        self.print(node, &"crashes");
        self.kill(node);
        self.revive_at.insert(node, self.now + 1 + self.rng.below(5_000));
    }
}
