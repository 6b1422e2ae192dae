//! The profile: a directory with the keys, the database, the server's address and the lock.

use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::model::refusal::Exit;
use crate::shell::cli::{self, ServerAddress};
use crate::shell::disk::{self, Lock, LockError};
use crate::shell::front::Failure;
use crate::shell::store::client::ClientStore;
use crate::shell::system;
use std::fmt::Display;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A profile that is ours alone until it is dropped.
pub(super) struct Profile {
    pub identity: Identity,
    pub store: ClientStore,
    lock: Lock,
}

impl Profile {
    /// The lock is to be kept for as long as the rest is used.
    pub fn into_parts(self) -> (Identity, ClientStore, Lock) {
        (self.identity, self.store, self.lock)
    }
}

/// What came of opening a profile.
pub(super) enum Opened {
    Ours(Box<Profile>),
    /// A running hobnob has it.
    InUse {
        pid: Option<u32>,
    },
}

const KEYS: &str = "identity";
const DATABASE: &str = "hobnob.db";
const SERVER: &str = "server";
const CONTROL: &str = "control";

/// Opens the profile, making what is not there yet.
pub(super) fn open(directory: &Path) -> Result<Opened, Failure> {
    disk::open_directory(directory).map_err(|why| failed(directory, why))?;
    let lock = match Lock::take(directory) {
        Ok(lock) => lock,
        Err(LockError::InUse { pid }) => return Ok(Opened::InUse { pid }),
        Err(LockError::Failed(why)) => return Err(failed(directory, why)),
    };
    let identity = open_keys(&directory.join(KEYS))?;
    let database = directory.join(DATABASE);
    let store = ClientStore::open(&database).map_err(|why| failed(&database, why))?;
    Ok(Opened::Ours(Box::new(Profile { identity, store, lock })))
}

/// Whether there has been a first run.
pub(super) fn is_made(directory: &Path) -> bool {
    directory.join(KEYS).exists()
}

/// Where the control socket is.
pub(super) fn control(directory: &Path) -> PathBuf {
    directory.join(CONTROL)
}

/// The server of the last run that reached one.
pub(super) fn server(directory: &Path) -> Result<Option<ServerAddress>, Failure> {
    let path = directory.join(SERVER);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&path, error)),
    };
    match cli::server_address(text.trim_end()) {
        Some(server) => Ok(Some(server)),
        None => Err(failed(&path, "is no HOST:PORT [remove it, and name one with --server]")),
    }
}

/// Remembers a server; after a crash the old address is there or the new one.
pub(super) fn remember_server(directory: &Path, server: &str) -> Result<(), Failure> {
    let path = directory.join(SERVER);
    let unfinished = directory.join("server.new");
    let written: io::Result<()> =
        fs::write(&unfinished, format!("{server}\n")).and_then(|()| fs::rename(&unfinished, &path));
    written.map_err(|why| failed(&path, why))
}

/// Entropy for keys and for a machine's dice.
pub(super) fn seed() -> Result<[u8; 32], Failure> {
    let no_entropy = |why| Failure { exit: Exit::Local, error: format!("entropy: {why}") };
    system::entropy().map_err(no_entropy)
}

/// A failure of this machine at a path.
pub(super) fn failed(path: &Path, why: impl Display) -> Failure {
    Failure { exit: Exit::Local, error: format!("{}: {}", path.display(), system::words(&why)) }
}

fn open_keys(path: &Path) -> Result<Identity, Failure> {
    let found = disk::read_secret::<{ Identity::BYTES }>(path).map_err(|why| failed(path, why))?;
    if let Some(secret) = found {
        return Ok(Identity::from_bytes(&secret));
    }
    let identity = Identity::generate(&mut Rng::new(seed()?));
    disk::create_secret(path, &identity.to_bytes()[..]).map_err(|why| failed(path, why))?;
    Ok(identity)
}
