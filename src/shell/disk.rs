//! Files beside the database: the profile's directory, its lock, its keys.

use rustix::fs::{FlockOperation, OFlags, flock};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const OWNER_ONLY: u32 = 0o600;
const OWNER_ONLY_DIRECTORY: u32 = 0o700;
const LOCK_FILE: &str = "lock";
/// A process id in decimal and a line end.
const PID_TEXT_MAX_BYTES: u64 = 11;

/// Where a program's data belongs (XDG Base Directory Specification): `$XDG_DATA_HOME/program`, or
/// `$HOME/.local/share/program`; `None` when the environment has neither. A relative path there is
/// ignored, as the specification demands.
pub fn data_directory(
    environment: impl Fn(&str) -> Option<OsString>,
    program: &str,
) -> Option<PathBuf> {
    let absolute =
        |name| environment(name).map(PathBuf::from).filter(|directory| directory.is_absolute());
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")))?;
    Some(data.join(program))
}

/// Makes sure that a directory is there, ours, and closed to others (mode 0700). Fails with words
/// that fit behind its path.
pub fn open_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(OWNER_ONLY_DIRECTORY).create(path).map_err(|error| {
        let is_other = error.kind() == ErrorKind::AlreadyExists;
        if is_other { not_a_directory() } else { error }
    })?;
    let found = fs::metadata(path)?;
    if !found.is_dir() {
        return Err(not_a_directory());
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "belongs to another user"));
    }
    if found.mode() & 0o777 != OWNER_ONLY_DIRECTORY {
        fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY_DIRECTORY))?;
    }
    Ok(())
}

fn not_a_directory() -> io::Error {
    io::Error::new(ErrorKind::NotADirectory, "is not a directory")
}

/// A directory that this process alone uses. The kernel gives it back however the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a directory could not be locked.
#[derive(Debug)]
pub enum LockError {
    /// A running process has it.
    InUse {
        /// Which one, if it has written so.
        pid: Option<u32>,
    },
    /// The lock file cannot be used.
    Failed(io::Error),
}

impl Lock {
    /// Takes the directory, or says at once who has it.
    pub fn take(directory: &Path) -> Result<Lock, LockError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(OWNER_ONLY)
            .open(directory.join(LOCK_FILE))
            .map_err(LockError::Failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::InUse { pid: written_pid(&file) });
            }
            Err(error) => return Err(LockError::Failed(error.into())),
        }
        let pid = format!("{}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(pid.as_bytes())).map_err(LockError::Failed)?;
        Ok(Lock { _file: file })
    }
}

fn written_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_TEXT_MAX_BYTES).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}

/// The text of a file that somebody may have written; `None` when there is none. Fails with words
/// that fit behind its path: `InvalidData` for what is too long, or no text.
pub fn read_text(path: &Path, most_bytes: usize) -> io::Result<Option<String>> {
    // A FIFO must not hold up whoever opens it.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if file.metadata()?.file_type().is_fifo() {
        return Err(io::Error::other("is a pipe, and no file"));
    }
    let mut bytes = Vec::new();
    file.take(most_bytes as u64 + 1).read_to_end(&mut bytes)?;
    let invalid = |why: String| io::Error::new(ErrorKind::InvalidData, why);
    if bytes.len() > most_bytes {
        return Err(invalid(format!("is longer than {most_bytes} bytes")));
    }
    String::from_utf8(bytes).map(Some).map_err(|bad| {
        let before = &bad.as_bytes()[..bad.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        invalid(format!("is not UTF-8, in line {line}"))
    })
}

/// The secret bytes in a file; `None` when there is no such file. One of another length is
/// refused and left alone.
pub fn read_secret<const N: usize>(path: &Path) -> io::Result<Option<[u8; N]>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::with_capacity(N + 1);
    file.take(N as u64 + 1).read_to_end(&mut bytes)?;
    match <[u8; N]>::try_from(bytes) {
        Ok(secret) => Ok(Some(secret)),
        Err(_) => Err(io::Error::new(ErrorKind::InvalidData, "has not the length of a key")),
    }
}

/// Writes secret bytes into a new file, mode 0600: after a crash it is there whole or not at all.
/// The caller holds the directory's [`Lock`] and has seen that there is no such file.
pub fn create_secret(path: &Path, secret: &[u8]) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let mut unfinished = name.to_owned();
    unfinished.push(".new");
    let unfinished = directory.join(unfinished);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&unfinished)?;
    file.write_all(secret)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Scratch {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("hobnob-disk-{}-{count}", std::process::id());
            let path = std::env::temp_dir().join(name);
            open_directory(&path).expect("a directory for the test");
            Scratch(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("the test's directory is ours");
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").mode() & 0o777
    }

    #[test]
    fn data_directory_follows_xdg_and_ignores_relative_paths() {
        let home = |name: &str| (name == "HOME").then(|| OsString::from("/home/ann"));
        let both = |name: &str| match name {
            "XDG_DATA_HOME" => Some(OsString::from("/data")),
            _ => home(name),
        };
        let relative = |name: &str| match name {
            "XDG_DATA_HOME" => Some(OsString::from("data")),
            _ => home(name),
        };
        assert_eq!(data_directory(both, "hobnob"), Some("/data/hobnob".into()));
        assert_eq!(data_directory(home, "hobnob"), Some("/home/ann/.local/share/hobnob".into()));
        assert_eq!(data_directory(relative, "x"), Some("/home/ann/.local/share/x".into()));
        assert_eq!(data_directory(|_| None, "hobnob"), None);
    }

    #[test]
    fn directory_is_made_with_its_parents_and_closed_to_others() {
        let scratch = Scratch::new();
        let path = scratch.0.join("a/b");
        open_directory(&path).expect("made");
        assert_eq!(mode(&path), 0o700);

        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("ours");
        open_directory(&path).expect("there already");
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn file_in_place_of_the_directory_is_refused() {
        let scratch = Scratch::new();
        let path = scratch.0.join("profile");
        fs::write(&path, "mine").expect("a file");
        let error = open_directory(&path).expect_err("a file is no directory");
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
        assert_eq!(fs::read(&path).expect("still there"), b"mine");
    }

    #[test]
    fn second_taker_of_a_lock_learns_who_has_it() {
        let scratch = Scratch::new();
        let lock = Lock::take(&scratch.0).expect("nobody has it");
        let Err(LockError::InUse { pid }) = Lock::take(&scratch.0) else {
            panic!("two have the same lock");
        };
        assert_eq!(pid, Some(std::process::id()));

        drop(lock);
        Lock::take(&scratch.0).expect("free again");
    }

    #[test]
    fn a_text_is_read_if_it_is_one_and_no_longer_than_allowed() {
        let scratch = Scratch::new();
        let path = scratch.0.join("config");
        assert_eq!(read_text(&path, 9).expect("no error"), None);
        assert_eq!(read_text(&path.join("below"), 9).expect("no error"), None);
        fs::write(&path, "a = \u{FC}\nb\n").expect("ours");
        assert_eq!(read_text(&path, 9).expect("text").as_deref(), Some("a = \u{FC}\nb\n"));
        assert_eq!(read_text(&path.join("below"), 9).expect("no error"), None);
        let why = |most| read_text(&path, most).expect_err("not so").to_string();
        assert_eq!(why(8), "is longer than 8 bytes");
        fs::write(&path, b"a\nb\n\xFF").expect("ours");
        assert_eq!(why(9), "is not UTF-8, in line 3");
        assert!(read_text(&scratch.0, 9).is_err(), "a directory");
        fs::remove_file(&path).expect("ours");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).expect("ours");
        assert_eq!(why(9), "is a pipe, and no file", "nobody is waited for");
    }

    #[test]
    fn secret_is_read_as_written_and_for_its_owner_only() {
        let scratch = Scratch::new();
        let path = scratch.0.join("identity");
        assert_eq!(read_secret::<4>(&path).expect("no error"), None);
        fs::write(scratch.0.join("identity.new"), "half").expect("left by a crash");

        create_secret(&path, &[1, 2, 3, 4]).expect("written");
        assert_eq!(read_secret(&path).expect("no error"), Some([1, 2, 3, 4]));
        assert_eq!(mode(&path), 0o600);
        assert!(!scratch.0.join("identity.new").exists());
    }

    #[test]
    fn secret_of_another_length_is_refused_and_left_alone() {
        let scratch = Scratch::new();
        let path = scratch.0.join("identity");
        for wrong in [&[1, 2, 3][..], &[1, 2, 3, 4, 5]] {
            fs::write(&path, wrong).expect("a file");
            let error = read_secret::<4>(&path).expect_err("a wrong length");
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert_eq!(fs::read(&path).expect("still there"), wrong);
        }
    }
}
