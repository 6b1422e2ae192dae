//! A file that is there whole or not at all, and never in the place of another.

use super::profile::failed;
use crate::proto::model::refusal::Exit;
use crate::shell::front::Failure;
use crate::shell::reactor;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A file on its way; gone when it is dropped before its end.
pub(super) struct NewFile {
    file: File,
    path: String,
    unfinished: String,
    unsynced_bytes: usize,
}

/// Written before the disk is waited for: so that no wait is long.
const SYNC_BYTES: usize = 4 * 1024 * 1024;

impl NewFile {
    /// Begins one that will be at `path`, which is absolute.
    pub fn create(path: &str) -> Result<NewFile, Failure> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(there_already(path));
        }
        let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
        let unfinished = format!("{directory}/.{name}.{}.part", std::process::id());
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&unfinished);
        let file = file.map_err(|why| failed(Path::new(path), why))?;
        Ok(NewFile { file, path: path.to_owned(), unfinished, unsynced_bytes: 0 })
    }

    /// Goes on with it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.unsynced_bytes += bytes.len();
        let mut written = self.file.write_all(bytes);
        if written.is_ok() && self.unsynced_bytes >= SYNC_BYTES {
            self.unsynced_bytes = 0;
            written = self.file.sync_data();
        }
        written.map_err(|why| failed(Path::new(&self.path), why))
    }

    /// Gives it its name.
    pub fn finish(self) -> Result<(), Failure> {
        let placed = self.file.sync_all();
        match placed.and_then(|()| reactor::place_at(&self.unfinished, &self.path)) {
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                Err(there_already(&self.path))
            }
            placed => placed.map_err(|why| failed(Path::new(&self.path), why)),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        match fs::remove_file(&self.unfinished) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                log::debug!("{}: {why}", self.unfinished);
            }
            _ => {}
        }
    }
}

fn there_already(path: &str) -> Failure {
    let error = format!("{path}: is there already [name another, or move it away]");
    Failure { exit: Exit::Local, error }
}
