//! The two machines side by side, each with its store, and a reactor beside them.

use super::*;
use crate::proto::client::{Accept, Config, Remote, RunLimits, Server as ServerAt};
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::model::command::{Command, Ticket, Verb};
use crate::proto::model::event::Event;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Notice;
use crate::proto::model::record::{AccountKey, Restored};
use crate::proto::time::Wall;
use crate::shell::store::client::ClientStore;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

/// A client that hosts.
struct Pair {
    home: PathBuf,
    now: Now,
    reactor: Reactor,
    host: Host,
    client: Client,
    store: ClientStore,
    wake: Wake<Client>,
    events: Vec<Event>,
    /// What the client wanted of streams that lead out of the process.
    outside: Vec<StreamAction>,
}

impl Pair {
    fn new() -> Pair {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = env::temp_dir().join(format!("hobnob-host-{}-{count}", std::process::id()));
        let mut reactor = Reactor::new().expect("a reactor");
        disk::open_directory(&home).expect("a directory for the test");
        let anywhere = "127.0.0.1:0".parse().expect("an address");
        let host = Host::open(&home, Some(anywhere), &mut reactor).expect("a host");
        let server = ServerAt {
            label: "us".to_owned(),
            at: vec![Remote::Address(host.at)],
            key: Some(host.served.key),
        };
        let config = Config {
            name: Name::parse("ann").ok(),
            server: Some(server),
            is_proxied: false,
            paths: crate::proto::model::paths::Paths::ALL,
            listen: None,
            locals: Vec::new(),
            accept: Accept::Friends,
            files: "/files".to_owned(),
            transcriber: None,
            gateway: None,
            is_passing: false,
            run_limits: RunLimits::default(),
        };
        let me = Identity::generate(&mut Rng::new([1; 32]));
        let client = Client::restore(config, me, Restored::default(), [2; 32]);
        let store = ClientStore::open_in_memory().expect("a store");
        let now = Now { mono: Mono(0), wall: Wall(1_700_000_000_000) };
        let (wake, events, outside) = (Wake::new(), Vec::new(), Vec::new());
        Pair { home, now, reactor, host, client, store, wake, events, outside }
    }

    /// One wake, as the program has it.
    fn turn(&mut self) {
        let told = self.host.feed(self.now, &mut self.client);
        if !told {
            self.client.handle(self.now, Input::Tick);
        }
        let effects = self.wake.commit(&mut self.client, &mut self.store, self.now);
        for effect in effects.expect("a store in memory") {
            match effect {
                Effect::Stream(conn, action) => {
                    self.outside.extend(self.host.divert(conn, action));
                }
                Effect::Show(Notice::Event { event, .. }) => self.events.push(event),
                _ => {}
            }
        }
        self.host.commit(self.now, &mut self.reactor).expect("a disk");
    }

    fn until_quiet(&mut self) -> usize {
        for turns in 1..100 {
            self.turn();
            if !self.host.is_ready() {
                return turns;
            }
        }
        panic!("the two never stop: {:?}", self.events);
    }

    fn ask(&mut self, verb: Verb) {
        let command = Command { ticket: Ticket::NOBODY, timeout_ms: 1_000, verb };
        self.client.handle(self.now, Input::Command(command));
    }

    fn is_online(&self) -> bool {
        let ups = self.events.iter().filter(|event| matches!(event, Event::Online { .. })).count();
        let downs =
            self.events.iter().filter(|event| matches!(event, Event::Offline { .. })).count();
        ups > downs
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.home).expect("the test's directory is ours");
    }
}

#[test]
fn the_client_signs_in_by_the_pipe_and_wants_nothing_outside_but_its_listener() {
    let mut pair = Pair::new();
    pair.until_quiet();
    assert!(pair.is_online(), "{:?}", pair.events);
    assert!(matches!(pair.outside[..], [StreamAction::Listen { .. }]), "{:?}", pair.outside);
    assert_eq!(pair.host.pipes.len(), 1);
    assert!(
        pair.host.served.machine.has(ConnId::own(1)) && !pair.host.served.machine.has(ConnId(1))
    );
}

#[test]
fn nothing_of_a_wake_is_heard_by_the_other_side_within_it() {
    let mut pair = Pair::new();
    pair.turn();
    assert!(pair.host.is_ready(), "dialled, and both are yet to be told");
    assert_eq!(pair.host.pipes.len(), 1);
    assert_eq!(pair.host.served.machine.poll_timeout(), None, "it has not seen anybody");
    pair.turn();
    assert!(pair.host.served.machine.poll_timeout().is_some(), "who came is to sign in in time");
}

#[test]
fn who_signs_out_and_in_again_has_a_new_pipe_and_the_old_one_is_gone() {
    let mut pair = Pair::new();
    pair.until_quiet();
    pair.ask(Verb::Offline);
    pair.until_quiet();
    assert!(!pair.is_online() && pair.host.pipes.is_empty());
    pair.ask(Verb::Online);
    pair.until_quiet();
    assert!(pair.is_online() && pair.host.pipes.len() == 1);
}

#[test]
fn a_quiet_pair_waits_for_nothing() {
    let mut pair = Pair::new();
    pair.until_quiet();
    assert_eq!(pair.host.due(), None);
    assert!(!pair.host.is_ready());
}

#[test]
fn a_goodbye_is_heard_and_kept_before_the_server_ends() {
    let mut pair = Pair::new();
    pair.until_quiet();
    pair.ask(Verb::Leave);
    let effects = pair.wake.commit(&mut pair.client, &mut pair.store, pair.now);
    for effect in effects.expect("a store in memory") {
        if let Effect::Stream(conn, action) = effect {
            pair.host.divert(conn, action);
        }
    }
    pair.now.wall = Wall(pair.now.wall.0 + 5_000);
    pair.host.quit(pair.now, &mut pair.client, &mut pair.reactor).expect("a disk");
    let late = pair.now.wall;
    let name = Name::parse("ann").expect("a name");
    let account = pair.host.served.store.account(&AccountKey::Name(name)).expect("a disk");
    assert_eq!(account.expect("registered").seen, late);
}
