//! A file's last name: given durably, and never over another file.

use crate::proto::limits::FILE_NAME_BYTES;
use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind};

/// Names that are tried before it is given up.
const NAMES: u32 = 10_000;

/// Moves a file to `to`, or to the first free `name (1).ext`, `name (2).ext` … beside it. Where it
/// is now.
pub(super) fn place(from: &str, to: &str) -> io::Result<String> {
    for number in 0..NAMES {
        let path = numbered(to, number);
        match move_to(from, &path) {
            Ok(()) => {
                sync_directory(&path)?;
                return Ok(path);
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Moves a file to `to`, where nothing may be.
pub fn place_at(from: &str, to: &str) -> io::Result<()> {
    move_to(from, to)?;
    sync_directory(to)
}

fn move_to(from: &str, to: &str) -> Result<(), Errno> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system, or the kernel, cannot do that.
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::linkat(CWD, from, CWD, to, AtFlags::empty())?;
            rustix::fs::unlinkat(CWD, from, AtFlags::empty())
        }
        done => done,
    }
}

fn sync_directory(path: &str) -> io::Result<()> {
    let directory = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    let directory = if directory.is_empty() { "/" } else { directory };
    match File::open(directory)?.sync_all() {
        // Some file systems have nothing to wait for.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// The path with a number behind its name; itself for 0.
fn numbered(path: &str, number: u32) -> String {
    if number == 0 {
        return path.to_owned();
    }
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    };
    let behind = format!(" ({number}){extension}");
    let mut room = FILE_NAME_BYTES.saturating_sub(behind.len()).min(stem.len());
    while !stem.is_char_boundary(room) {
        room -= 1;
    }
    format!("{directory}/{}{behind}", &stem[..room])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_before_the_extension() {
        assert_eq!(numbered("/a.b/cat.png", 0), "/a.b/cat.png");
        assert_eq!(numbered("/a.b/cat.png", 2), "/a.b/cat (2).png");
        assert_eq!(numbered("/a.b/cat", 1), "/a.b/cat (1)");
        assert_eq!(numbered("/.hidden", 1), "/.hidden (1)");
    }

    #[test]
    fn a_name_of_full_length_makes_room_for_the_number() {
        let long = format!("/{}.txt", "ä".repeat(125));
        let name = numbered(&long, 12);
        assert!(name.len() - 1 <= FILE_NAME_BYTES, "{}", name.len());
        assert!(name.ends_with("ä (12).txt"));
    }
}
