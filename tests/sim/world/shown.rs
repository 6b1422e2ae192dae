//! What people are told, and what the oracle has to say to it.

use super::{CANARY, World};
use crate::disk::Disk;
use crate::net::Node;
use hobnob::proto::crypto::keys::Identity;
use hobnob::proto::crypto::mail;
use hobnob::proto::id::{MsgId, Seq};
use hobnob::proto::model::event::{Event, FileEvent, RunEvent, Stage};
use hobnob::proto::model::notice::Notice;
use hobnob::proto::model::record::{Found, HeldMail, Read};
use hobnob::proto::model::run::RunState;
use hobnob::proto::model::transfer::{FileState, PostState};
use hobnob::proto::time::Wall;
use hobnob::proto::wire::mail::Packet;
use hobnob::shell::store::client::ClientStore;

impl World {
    pub(super) fn show(&mut self, node: Node, notice: Notice) {
        self.print(node, &notice);
        match notice {
            Notice::Event { seq, event, .. } => {
                self.note(node as u64, seq.map_or(0, |seq| seq.0));
                let clients = &mut self.clients;
                let shown = &self.shown;
                let kept = |to: Node, id: MsgId| match clients.get_mut(to - 1) {
                    Some(_) if shown.contains(&(to, id)) => true,
                    Some(host) => has_message(&mut host.store, id),
                    None => true,
                };
                self.oracle.on_event(node, seq, &event, kept);
                if self.troubled
                    && let Event::Receipt { id, to, state: Stage::Held, .. } = &event
                    && !self.oracle.groups.is_group(to)
                {
                    self.check_held(node, self.oracle.names.node_of(to), *id);
                }
                match &event {
                    Event::Message { id, .. } => {
                        self.shown.insert((node, *id));
                    }
                    Event::File(file) => self.check_file(node, file),
                    Event::Post { .. } => self.check_post(node, &event),
                    Event::Run(run) => self.check_run(node, run),
                    Event::Group { .. } => self.check_epochs(node),
                    _ => {}
                }
                self.events.push((node, event));
            }
            Notice::Row(ticket, row) => {
                self.oracle.on_row(node, ticket.0, &row);
                self.rows.push((node, ticket.0, row));
            }
            Notice::Done(ticket, result) => {
                self.oracle.on_done(node, ticket.0, &result);
                let before = self.done.insert((node, ticket.0), result);
                assert_eq!(before, None, "a verb ended twice");
            }
            Notice::Trouble(why) => self.troubles.push((node, why)),
            Notice::Left => {
                assert!(self.left.insert(node), "{node} left twice");
            }
        }
    }

    /// Who was told that a letter is held has it on the server's disk, or it is further already.
    fn check_held(&mut self, from: Node, to: Node, id: MsgId) {
        let lost_lately = self.server_lost_at.is_some_and(|at| self.now < at + 30_000);
        let is_lost_talk = self.oracle.groups.is_talk(id) && !self.oracle.groups.must_reach(id, to);
        if is_lost_talk {
            return;
        }
        if lost_lately || self.oracle.was_ever_blocked(to, from) || self.shown.contains(&(to, id)) {
            return;
        }
        let store = &mut self.clients[to - 1].store;
        if has_message(store, id) {
            return;
        }
        let secrets = store.restore().expect("memory is there").prekeys;
        let me = Identity::from_bytes(&self.keys[to]);
        let read = Read::Mail { to: me.fingerprint(), after: 0, most_bytes: usize::MAX };
        let Found::Mail { mail, .. } = self.server.store.query(read).expect("memory is there")
        else {
            panic!("mail was asked for");
        };
        let holds = |mail: &HeldMail| {
            let canary = CANARY.as_bytes();
            let is_plain = mail.envelope.windows(canary.len()).any(|part| part == canary);
            assert!(!is_plain, "plaintext on the server's disk");
            let (kind, key) = mail::header(&mail.envelope).expect("an envelope");
            let secret = secrets.iter().find(|secret| (secret.kind, secret.id) == (kind, key));
            let secret = secret.map(|secret| secret.secret.0);
            let opened =
                mail::open(&me, secret.as_ref(), &mail.envelope, &|_, _| false).expect("it opens");
            let packet = Packet::decode(&opened.plaintext).expect("a packet");
            packet.letters.iter().any(|letter| letter.id == id)
        };
        assert!(mail.iter().any(holds), "{from} was told that {id:?} is held for {to}");
        self.held_checked += 1;
    }

    /// What was said of a file is true of the disks.
    fn check_file(&mut self, reader: Node, event: &FileEvent) {
        if event.state != FileState::Done {
            return;
        }
        let names = &self.oracle.names;
        let (from, to) = match (&event.from, &event.to) {
            (Some(from), None) => (names.node_of(from), reader),
            (None, Some(to)) => (reader, names.node_of(to)),
            _ => panic!("a file is ours or theirs: {event:?}"),
        };
        let is_there = |node: Node| node <= self.disks.len();
        if !is_there(from) || !is_there(to) {
            return;
        }
        let wanted = match self.oracle.files.sending(event.id) {
            Some(sending) => {
                assert_eq!(sending.from, from, "{event:?}");
                let until = sending.offered_at.unwrap_or(self.now);
                self.disks[from - 1].versions(&sending.path, sending.since, until)
            }
            None => self.disks[from - 1].all_versions(),
        };
        let placed = &self.disks[to - 1].placed;
        if reader == to {
            let path = event.path.as_ref().expect("a file that is here has a path");
            let placed = placed.iter().rev().find(|placed| placed.path == *path);
            let placed = placed.unwrap_or_else(|| panic!("{to}: no file was placed: {event:?}"));
            assert!(wanted.contains(&placed.bytes), "{to} has another file: {event:?}");
            assert_eq!(placed.bytes.len() as u64, event.size, "{event:?}");
            let most = event.size * (1 + self.oracle.files.deaths(to));
            assert!(placed.written <= most, "{to} was sent {} bytes: {event:?}", placed.written);
        } else {
            let has = placed.iter().any(|placed| wanted.contains(&placed.bytes));
            assert!(has, "{from} was told that {to} has it: {event:?}");
        }
    }

    /// A post that is here is one of its owner's files.
    fn check_post(&self, reader: Node, event: &Event) {
        let Event::Post { owner, state: PostState::Done, path, .. } = event else { return };
        let owner = self.oracle.names.node_of(owner);
        let path = path.as_ref().expect("a post that is here has a path");
        let placed = self.disks[reader - 1].placed.iter().rev().find(|file| file.path == *path);
        let placed = placed.unwrap_or_else(|| panic!("{reader}: no file was placed: {event:?}"));
        let had = |disk: &Disk| disk.was_there(&placed.bytes);
        assert!(self.disks.get(owner - 1).is_none_or(had), "{owner} never had {path}");
    }

    /// An asker learns what the command did, and nothing else.
    fn check_run(&self, reader: Node, event: &RunEvent) {
        let is_over = matches!(event.state, RunState::Exited | RunState::Failed | RunState::Denied);
        let Some(to) = event.to.as_ref().filter(|_| is_over) else { return };
        let runner = self.oracle.names.node_of(to);
        if let Some(children) = self.children.get(runner - 1) {
            self.oracle.runs.check_outcome(runner, reader, event, &children.starts);
        }
    }

    /// Rosters on somebody's disk only get newer.
    fn check_epochs(&mut self, node: Node) {
        let past = self.clients[node - 1].store.restore().expect("memory is there");
        for row in past.groups {
            if let Some(signed) = row.roster {
                self.oracle.groups.on_epoch(node, row.group, signed.roster.epoch);
            }
        }
    }
}

fn has_message(store: &mut ClientStore, wanted: MsgId) -> bool {
    let mut found = false;
    let mut each = |_: Seq, _: Wall, event: Event| {
        found |= matches!(event, Event::Message { id, .. } if id == wanted);
    };
    store.events(Seq(0), usize::MAX, &mut each).expect("memory is there");
    let waits = |store: &mut ClientStore| {
        let past = store.restore().expect("memory is there");
        past.unheard.iter().any(|talk| talk.id == wanted)
    };
    found || waits(store)
}
