//! Which program writes down what was spoken, where the user names none.

use crate::proto::model::run::Argv;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Programs that are known, each so that it writes the words to its standard output and nothing
/// else.
const KNOWN: [&[&str]; 3] = [
    &["pocketsphinx_continuous", "-infile", "{wav}", "-logfn", "/dev/null"],
    &["whisper-cli", "--no-prints", "--no-timestamps", "--file", "{wav}"],
    &["vosk-transcriber", "--log-level", "error", "--input", "{wav}"],
];

/// The first of them that is on the search path.
pub(super) fn find(search_path: Option<&OsStr>) -> Option<Argv> {
    let search_path = search_path?;
    let is_there = |program: &str| {
        std::env::split_paths(search_path).any(|directory| is_program(&directory.join(program)))
    };
    let known = KNOWN.iter().find(|argv| is_there(argv[0]))?;
    Some(known.iter().map(|word| (*word).to_owned()).collect())
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_program_on_the_search_path_is_found() {
        let directory = std::env::temp_dir().join(format!("hobnob-path-{}", std::process::id()));
        std::fs::create_dir(&directory).expect("a place for a program");
        let program = directory.join("whisper-cli");
        std::fs::write(&program, "").expect("a file");
        let search_path = std::env::join_paths([Path::new("/nowhere"), &directory]).expect("paths");
        let found = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&program, mode).expect("ours");
            find(Some(&search_path))
        };
        let (plain, executable) = (found(0o600), found(0o700));
        std::fs::remove_dir_all(&directory).expect("ours");
        assert_eq!(plain, None);
        assert_eq!(executable.expect("found")[0], "whisper-cli");
        assert_eq!(find(None), None);
    }
}
