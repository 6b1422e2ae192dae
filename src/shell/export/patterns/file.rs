//! Paths, and names of files by what they end with.

use crate::shell::export::folded::{Folded, is_space, is_word};

/// Where one ends that begins there.
pub fn end(text: &Folded, at: usize) -> Option<usize> {
    if is_path(text, at) {
        return Some(path_end(text, at));
    }
    if text.begins_word(at) { name(text, at) } else { None }
}

fn is_path(text: &Folded, at: usize) -> bool {
    let is_named = |at: usize| is_word(text.get(at)) || b"._-".contains(&text.get(at));
    match text.get(at) {
        b'/' => {
            let first = text.run(at + 1, |b| is_word(b) || b"._-".contains(&b));
            let is_root = ROOTS.split(' ').any(|root| root.as_bytes() == &text.low[at + 1..first]);
            is_named(at + 1) && (is_root || text.get(first) == b'/' && is_named(first + 1))
        }
        b'~' => text.get(text.run(at + 1, is_word)) == b'/',
        b'.' => {
            let name = text.run(at + 1, |b| is_word(b) || b"._-".contains(&b));
            text.get(name) == b'/' && is_named(name + 1)
        }
        b'$' => {
            let name = text.run(at + 1, |b| is_word(b) || b == b'_');
            text.get(at + 1).is_ascii_lowercase() && text.get(name) == b'/' && is_named(name + 1)
        }
        b'%' => {
            let name = text.run(at + 1, |b| is_word(b) || b == b'_');
            text.has(name, b"%\\") || text.has(name, b"%/")
        }
        b'\\' => text.has(at, b"\\\\") && is_word(text.get(at + 2)),
        _ => {
            let is_drive = text.begins_word(at) && text.get(at + 1) == b':';
            is_drive && matches!(text.get(at + 2), b'\\' | b'/')
        }
    }
}

/// Inside quotes a path has spaces, too; so it has behind a backslash.
fn path_end(text: &Folded, at: usize) -> usize {
    let quote = if at == 0 { 0 } else { text.get(at - 1) };
    if matches!(quote, b'\'' | b'"') {
        let close = text.run(at, |b| b != quote && b != b'\n');
        if text.get(close) == quote && close - at <= PATH_CHARS {
            return close;
        }
    }
    let mut end = at;
    loop {
        end = text.run(end, |b| !is_space(b) && !b"<>|*?\"`,;".contains(&b));
        if text.get(end) != b' ' || text.get(end - 1) != b'\\' {
            return text.trimmed(at, end).max(at + 1);
        }
        end += 1;
    }
}

fn name(text: &Folded, at: usize) -> Option<usize> {
    let run = text.run(at, |b| is_word(b) || b"-_.+()[]%&=~@#/".contains(&b));
    let mut longest = None;
    for dot in (at + 1..run).filter(|dot| text.low[*dot] == b'.') {
        let end = text.run(dot + 1, is_word);
        longest = if is_known(&text.low[dot + 1..end]) { Some(end) } else { longest };
    }
    longest
}

/// Behind the number of a copy, and behind an ending, where these follow the name of a file.
pub fn copy_end(text: &Folded, end: usize) -> usize {
    let open = text.run(end, |b| b == b' ');
    let digits = text.run(open + 1, |b| b.is_ascii_digit());
    let is_number = text.get(open) == b'(' && digits > open + 1 && text.get(digits) == b')';
    let dot = if is_number { digits + 1 } else { end };
    let last = text.run(dot + 1, is_word);
    if text.get(dot) == b'.' && is_known(&text.low[dot + 1..last]) { last } else { dot }
}

/// Whether what stands there is a name with such an end.
pub fn has_known_end(text: &Folded, at: usize, end: usize) -> bool {
    let dot = text.low[at..end].iter().rposition(|b| *b == b'.');
    dot.is_some_and(|dot| is_known(&text.low[at + dot + 1..end]))
}

fn is_known(end: &[u8]) -> bool {
    ENDS.split(' ').any(|known| known.as_bytes() == end)
}

const PATH_CHARS: usize = 1024;

/// Where absolute paths begin.
const ROOTS: &str =
    "home users root tmp usr etc var opt mnt media srv data proc dev run boot volumes";

/// What names of files end with.
const ENDS: &str = "pdf doc docx odt rtf txt md tex xls xlsx ods csv tsv ppt pptx odp png jpg jpeg \
    gif bmp tif tiff svg webp heic psd mp3 wav ogg flac m4a aac opus mp4 mkv avi mov webm m4v zip \
    gz tgz bz2 xz zst 7z rar tar iso img dmg deb rpm apk exe msi bat sh py js ts rs cpp hpp java \
    rb php pl html htm css xml json jsonl yml yaml toml ini cfg conf log sql db sqlite bak tmp \
    part gpx kml ics vcf eml asc pem crt p12 gpg sig torrent epub mobi ttf bin dat key pub \
    heif avif webmanifest lock env kdbx";
