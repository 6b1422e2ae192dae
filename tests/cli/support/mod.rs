//! What the cases are made of: a world with a server, peers in temporary profiles, and lines waited
//! for with a deadline. Nothing here sleeps and no port is fixed.

pub mod peer;
pub mod process;
pub mod proxy;
pub mod pty;
pub mod server;
pub mod sockets;

pub use peer::Peer;
pub use process::{Ended, Process};
pub use server::Server;

use serde_json::Value;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server and whoever meets there; all of it is gone with the value.
pub struct World {
    pub server: Server,
    // Dropped last: what runs in it is ended first.
    scratch: Scratch,
}

impl World {
    /// A world whose server is up.
    pub fn new() -> World {
        let scratch = Scratch::new();
        let server = Server::start(&scratch.join("server"), "127.0.0.1:0");
        World { server, scratch }
    }

    /// A profile folder of this name, not made yet.
    pub fn home(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// The server as `--server` takes it, with its key.
    pub fn at(&self) -> String {
        self.server.pinned()
    }

    /// Somebody signed in, speaking JSON.
    pub fn peer(&self, name: &str) -> Peer {
        self.peer_with(name, &[])
    }

    /// The same with more options.
    pub fn peer_with(&self, name: &str, options: &[&str]) -> Peer {
        let mut peer = Peer::start(self.signed(name).arg("--json").args(options));
        peer.ready = peer.expect("ready", |event| event["event"] == "ready");
        peer
    }

    /// Somebody signed in, speaking plain lines.
    pub fn plain(&self, name: &str) -> Process {
        let mut peer = Process::start(&mut self.signed(name));
        peer.expect("ready", |line| line.starts_with("* ready") && line.contains(name));
        peer
    }

    /// `hobnob` with the options by which `name` signs in here.
    pub fn signed(&self, name: &str) -> Command {
        let mut command = hobnob(&self.home(name));
        command.args(["--name", name, "--server", &self.at()]);
        command
    }

    /// A one-shot verb of somebody, to its end.
    pub fn once(&self, name: &str, args: &[&str]) -> Ended {
        Process::start(self.signed(name).args(args)).ended()
    }

    /// Two peers with a direct session open between them.
    pub fn pair(&self, one: &str, other: &str) -> (Peer, Peer) {
        let (mut one, mut other) = (self.peer(one), self.peer(other));
        open(&mut one, &mut other);
        (one, other)
    }
}

/// Opens a session that `one` asks for and `other` accepts.
pub fn open(one: &mut Peer, other: &mut Peer) {
    let asked = one.send(&["chat", &other.name()]);
    other.expect("an offer", |e| is_session(e, &one.name(), "offered"));
    other.ask(&["accept", &one.name()]).expect_ok();
    one.answer(asked).expect_ok();
    one.expect("the session open", |e| is_session(e, &other.name(), "open"));
    other.expect("the session open", |e| is_session(e, &one.name(), "open"));
}

/// Whether an event says that the session with `with` is now `state`.
pub fn is_session(event: &Value, with: &str, state: &str) -> bool {
    event["event"] == "session" && event["with"] == with && event["state"] == state
}

/// Whether an event is a message from `from` with this text.
pub fn is_message(event: &Value, from: &str, text: &str) -> bool {
    event["event"] == "message" && event["from"] == from && event["text"] == text
}

/// Whether an event says how far a message to `to` has come.
pub fn is_receipt(event: &Value, to: &str, state: &str) -> bool {
    event["event"] == "receipt" && event["to"] == to && event["state"] == state
}

/// `hobnob` on a profile, with nothing of the caller's surroundings.
pub fn hobnob(home: &Path) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_hobnob"));
    command.arg("--home").arg(home);
    command
}

/// `hobnobd`, with nothing of the caller's surroundings.
pub fn hobnobd() -> Command {
    program(env!("CARGO_BIN_EXE_hobnobd"))
}

fn program(path: &str) -> Command {
    let mut command = Command::new(path);
    for name in ["HOBNOB_HOME", "HOBNOB_SERVER", "HOBNOB_NAME", "RUST_LOG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color");
    command
}

/// The same command as the last words of another.
pub fn within(mut outer: Command, command: &Command) -> Command {
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// An address on loopback where nobody answers.
pub fn nobody_there() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}

/// A folder that is gone with the value.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("hobnob-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        Scratch(folder)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
