//! Lines typed before, in the profile: `typed`, a line each, the newest last.

use crate::proto::limits::{TYPED_BYTES, TYPED_LINES};
use crate::shell::client::profile;
use crate::shell::front::Failure;
use crate::shell::front::edit::{Typed, row_of};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const FILE: &str = "typed";
const OWNER_ONLY: u32 = 0o600;

/// The file. Where it cannot be used, it is left alone and nothing is kept.
pub(super) struct Memory {
    path: PathBuf,
    file: Option<File>,
}

impl Memory {
    /// What a profile remembers; and what is wrong with it, if something is.
    pub fn open(home: &Path) -> (Memory, Typed, Option<Failure>) {
        let path = home.join(FILE);
        match read(&path).and_then(|typed| Ok((typed, append_to(&path)?))) {
            Ok((typed, file)) => (Memory { path, file: Some(file) }, typed, None),
            Err(why) => {
                let failure = profile::failed(&path, why);
                (Memory { path, file: None }, Typed::default(), Some(failure))
            }
        }
    }

    /// Remembers a line. What is wrong is told once.
    pub fn keep(&mut self, line: &str) -> Option<Failure> {
        let why = self.file.as_mut()?.write_all(row_of(line).as_bytes()).err()?;
        self.file = None;
        Some(profile::failed(&self.path, why))
    }
}

/// Reads the file, and makes it anew when it has grown to twice of what is remembered.
fn read(path: &Path) -> io::Result<Typed> {
    let file = match fs::read_to_string(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let typed = Typed::of_file(&file);
    if file.lines().count() > 2 * TYPED_LINES || file.len() > 2 * TYPED_BYTES {
        let anew = path.with_extension("new");
        fs::write(&anew, typed.file()).and_then(|()| fs::rename(&anew, path))?;
    }
    Ok(typed)
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("hobnob-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("the temporary folder is writable");
            Scratch(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("the test's folder is ours");
        }
    }

    #[test]
    fn lines_are_remembered_over_runs_for_the_owner_alone() {
        let home = Scratch::new("memory-runs");
        let (mut memory, typed, failure) = Memory::open(&home.0);
        assert_eq!((typed.file().as_str(), failure), ("", None));
        assert_eq!(memory.keep("one"), None);
        assert_eq!(memory.keep("two\nlines"), None);
        let (_, typed, _) = Memory::open(&home.0);
        assert_eq!(typed.file(), "one\ntwo\\nlines\n");
        let file = fs::metadata(home.0.join(FILE)).expect("it was written");
        assert_eq!(file.mode() & 0o777, OWNER_ONLY);
    }

    #[test]
    fn a_file_that_has_grown_is_cut() {
        let home = Scratch::new("memory-cut");
        let many: String = (0..=2 * TYPED_LINES).map(|n| format!("{n}\n")).collect();
        fs::write(home.0.join(FILE), many).expect("ours");
        Memory::open(&home.0);
        let cut = fs::read_to_string(home.0.join(FILE)).expect("still there");
        assert_eq!(cut.lines().count(), TYPED_LINES);
        assert!(cut.ends_with(&format!("{}\n", 2 * TYPED_LINES)));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_and_left_alone() {
        let home = Scratch::new("memory-bad");
        fs::write(home.0.join(FILE), b"\xFF\xFE").expect("ours");
        let (mut memory, _, failure) = Memory::open(&home.0);
        assert!(failure.is_some_and(|failure| failure.error.contains("/typed: ")));
        assert_eq!(memory.keep("one"), None);
        assert_eq!(fs::read(home.0.join(FILE)).expect("still there"), b"\xFF\xFE");
    }
}
