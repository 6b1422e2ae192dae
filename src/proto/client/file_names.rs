//! Names of files that somebody else has chosen, made harmless before a path is built from one.

use crate::proto::id::MsgId;
use crate::proto::limits::FILE_NAME_BYTES;

/// Bytes left for the number that goes behind a name which is taken.
const NUMBER_BYTES: usize = 15;
/// A longer end of a name is not kept as its kind when the name is cut.
const KIND_BYTES: usize = 16;

/// A name that stays in its directory, is seen in a listing, and is no option to a program: the
/// last part of what may be a path, without controls and marks of direction.
pub(super) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let safe: String = last.trim().chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let bare = safe.trim_start_matches(['.', '-', '~', ' ']);
    let shown = match bare {
        "" => "file".to_owned(),
        bare if bare.len() == safe.len() => safe,
        bare => format!("_{bare}"),
    };
    fitted(&shown, FILE_NAME_BYTES - NUMBER_BYTES)
}

/// The last part of a path of ours.
pub(super) fn name_of(path: &str) -> String {
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("file").to_owned()
}

/// A file's path in a directory.
pub(super) fn joined(dir: &str, name: &str) -> String {
    format!("{}/{name}", dir.trim_end_matches('/'))
}

/// Where a file grows that is going to `path`: beside it, hidden.
pub(super) fn part_of(path: &str, id: MsgId) -> String {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let end = format!(".{}.part", id.short());
    let mut name = format!(".{name}");
    name.truncate(floor_char(&name, FILE_NAME_BYTES - end.len()));
    format!("{dir}/{name}{end}")
}

/// The longest length up to `most` that cuts no character.
pub(super) fn floor_char(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The name, cut in front of its kind where it is too long.
fn fitted(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let kind = name.rfind('.').map_or("", |at| &name[at..]);
    let kind = if kind.len() <= KIND_BYTES { kind } else { "" };
    let stem = &name[..floor_char(name, most - kind.len())];
    format!("{stem}{kind}")
}

fn is_unsafe(c: char) -> bool {
    match c {
        c if c.is_control() => true,
        // Bidirectional controls, joiners, separators, what has no width: names that look alike
        // must be alike.
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => {
            true
        }
        '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' => true,
        '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => true,
        '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::Bytes;

    #[test]
    fn a_name_cannot_leave_its_directory_or_hide() {
        for (name, safe) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("/", "file"),
            ("", "file"),
            (" \t", "file"),
            ("..", "file"),
            (".ssh", "_ssh"),
            ("a/.bashrc", "_bashrc"),
            (r"C:\temp\x.exe", "x.exe"),
            ("dir/", "dir"),
            ("-rf", "_rf"),
            ("~root", "_root"),
            ("a\0b\x1b[31m\n", "a_b_[31m"),
            ("gpj.\u{202e}exe", "gpj._exe"),
            ("a\u{200b}b", "a_b"),
            ("gr\u{fc}n \u{1f600}.txt", "gr\u{fc}n \u{1f600}.txt"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_kind_and_whole_characters() {
        let long = format!("{}.jpeg", "\u{e9}".repeat(300));
        let safe = safe_name(&long);
        assert!(safe.len() <= FILE_NAME_BYTES && safe.len() > FILE_NAME_BYTES - 20);
        assert!(safe.ends_with("\u{e9}.jpeg"));
        assert!(safe_name(&"x".repeat(9_999)).len() <= FILE_NAME_BYTES);
    }

    #[test]
    fn a_part_lies_hidden_beside_what_it_becomes() {
        let id = MsgId(Bytes([0; 16]));
        assert_eq!(part_of("/a/b.txt", id), "/a/.b.txt.AAAAAA.part");
        assert_eq!(part_of("/b.txt", id), "/.b.txt.AAAAAA.part");
        let long = format!("/a/{}", "\u{e9}".repeat(120));
        let part = part_of(&long, id);
        assert!(part.len() - "/a/".len() <= FILE_NAME_BYTES && part.ends_with(".AAAAAA.part"));
    }
}
