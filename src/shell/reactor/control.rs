//! The control socket: how other programs of the same user speak to the one that runs.

use super::descriptors::Spare;
use super::flow::Flow;
use super::listen::{self, Taken};
use super::token::Ticket;
use mio::net::{UnixListener, UnixStream};
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A program that speaks to us over the control socket. No id is used twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlId(u64);

/// What happened to such a program's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlEvent<'a> {
    /// It is there.
    Opened,
    /// It says this; in order, never empty.
    Bytes(&'a [u8]),
    /// It is gone; nothing more comes for this id.
    Closed,
}

/// Speaks to the program whose control socket this is. Blocking, for a program that does nothing
/// else.
pub fn connect_control(path: &Path) -> io::Result<std::os::unix::net::UnixStream> {
    let address = Address::of(path)?;
    std::os::unix::net::UnixStream::connect(address.path)
}

/// The listening end; its file goes with it.
pub(super) struct Door {
    pub readable: bool,
    pub socket: UnixListener,
    path: PathBuf,
}

/// One connection.
pub(super) struct Control {
    pub flow: Flow<UnixStream>,
    /// Its program has yet to be announced.
    pub is_new: bool,
}

impl ControlId {
    pub(super) fn of(ticket: Ticket) -> ControlId {
        ControlId(ticket.0)
    }

    pub(super) fn ticket(self) -> Ticket {
        Ticket(self.0)
    }
}

impl Door {
    /// Listens at `path`, for its owner only. A socket that a dead program left there is replaced;
    /// the caller holds the profile, so no living one owns it.
    pub fn open(path: &Path) -> io::Result<Door> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
            Ok(_) => return Err(ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let address = Address::of(path)?;
        let socket = UnixListener::bind(&address.path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Door { readable: false, socket, path: path.to_owned() })
    }

    pub fn take(&mut self, spare: &mut Spare) -> Taken<UnixStream> {
        listen::take(spare, || self.socket.accept().map(|(stream, _)| stream))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::debug!("{}: {error}", self.path.display());
        }
    }
}

/// A path as the kernel takes it for a socket: at most 107 bytes (unix(7)), so a longer one is
/// spelt through a descriptor of its directory.
struct Address {
    path: PathBuf,
    _directory: Option<OwnedFd>,
}

impl Address {
    const PATH_MAX_BYTES: usize = 107;

    fn of(path: &Path) -> io::Result<Address> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        if path.as_os_str().len() <= Address::PATH_MAX_BYTES {
            return Ok(Address { path: path.to_owned(), _directory: None });
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, directory, flags, Mode::empty())?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(Address { path, _directory: Some(directory) })
    }
}
