//! One line at the bottom of a terminal that says how far files have come. It is written over
//! itself with nothing but carriage return and spaces, and gives way to every other line.

use super::{amounts, safe};
use crate::proto::id::MsgId;
use crate::proto::model::event::{Event, FileEvent, SessionState};
use crate::proto::model::transfer::FileState;
use crate::proto::table::Table;
use crate::proto::time::Wall;

/// Files on their way, and what stands on the terminal about them.
#[derive(Debug, Default)]
pub struct Progress {
    /// By id and the other side.
    files: Table<(MsgId, String), Course>,
    /// Columns that the line takes; none while it is not there.
    columns: usize,
    drawn_at: Option<Wall>,
    is_due: bool,
}

#[derive(Debug)]
struct Course {
    name: String,
    size: u64,
    bytes: u64,
    /// Two earlier moments and how much had come by then; the speed counts from the older.
    marks: [(Wall, u64); 2],
    at: Wall,
}

/// The line is not written anew more often.
const PAUSE_MS: i64 = 1_000;
/// Over so long the speed is averaged, at least.
const MARK_MS: i64 = 2_000;
/// A file of which nothing was heard for so long does not move.
const STILL_MS: i64 = 10_000;
/// The most letters of a name; twice as many columns.
const NAME_CHARS: usize = 18;

impl Progress {
    /// Follows the files that it tells of.
    pub fn follow(&mut self, at: Wall, event: &Event) {
        if let Event::File(file) = event {
            self.on_file(at, file);
        } else if let Event::Session { with, state: SessionState::Closed, .. } = event {
            let before = self.files.len();
            self.files.retain(|(_, of), _| of != with);
            self.is_due |= self.files.len() < before;
        }
    }

    fn on_file(&mut self, at: Wall, file: &FileEvent) {
        let with = file.from.as_ref().or(file.to.as_ref()).cloned().unwrap_or_default();
        let key = (file.id, with);
        if file.state != FileState::Progress {
            self.is_due |= self.files.remove(&key).is_some();
            return;
        }
        let begin = (at, file.bytes);
        let course = self.files.get_or_insert_with(key, || Course {
            name: file.name.chars().take(NAME_CHARS).collect(),
            size: file.size,
            bytes: file.bytes,
            marks: [begin, begin],
            at,
        });
        (course.at, course.bytes) = begin;
        if at.0 - course.marks[1].0.0 >= MARK_MS {
            course.marks = [course.marks[1], begin];
        }
        self.files.retain(|_, course| at.0 - course.at.0 < STILL_MS);
        if self.drawn_at.is_none_or(|drawn| !(0..PAUSE_MS).contains(&(at.0 - drawn.0))) {
            self.drawn_at = Some(at);
            self.is_due = true;
        }
    }

    /// Forgets all files, at the end.
    pub fn end(&mut self) {
        self.files.clear();
        self.is_due = true;
    }

    /// The line as it is now; `None` while the one given last will do.
    pub fn news(&mut self) -> Option<String> {
        std::mem::take(&mut self.is_due).then(|| self.line().unwrap_or_default())
    }

    /// Puts the line behind what is about to be printed, and takes the old one away before it.
    pub fn wrap(&mut self, lines: &mut Vec<u8>) {
        if !std::mem::take(&mut self.is_due) && lines.is_empty() {
            return;
        }
        if self.columns > 0 {
            let erased = format!("\r{:1$}\r", "", self.columns);
            lines.splice(..0, erased.into_bytes());
            self.columns = 0;
        }
        if let Some(line) = self.line() {
            // What is no ASCII may be two columns wide.
            self.columns = line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
            lines.extend_from_slice(line.as_bytes());
        }
    }

    fn line(&self) -> Option<String> {
        let mut files = self.files.values();
        let first = files.next()?;
        let mut line = Vec::new();
        match self.files.len() {
            1 => safe::push_word(&first.name, &mut line),
            several => line.extend_from_slice(format!("{several} files").as_bytes()),
        }
        let mut line = String::from_utf8_lossy(&line).into_owned();
        let sum = |of: fn(&Course) -> u64| self.files.values().map(of).fold(0, u64::saturating_add);
        let (bytes, size) = (sum(|course| course.bytes), sum(|course| course.size));
        let speed = amounts::size(sum(Course::bytes_a_second));
        let percent = amounts::percent(bytes, size);
        line.push_str(&format!(" {percent} % of {}, {speed}/s", amounts::size(size)));
        Some(line)
    }
}

impl Course {
    fn bytes_a_second(&self) -> u64 {
        let (since, bytes) = self.marks[0];
        let ms = u64::try_from(self.at.0 - since.0).unwrap_or(0).max(1);
        self.bytes.saturating_sub(bytes).saturating_mul(1000) / ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(n: u8, name: &str, bytes: u64, state: FileState) -> Event {
        let mut id = MsgId::FIRST;
        id.0.0[0] = n;
        Event::File(Box::new(FileEvent {
            id,
            from: Some("bob".to_owned()),
            to: None,
            name: name.to_owned(),
            size: 12_000_000,
            state,
            bytes,
            path: None,
            seconds: None,
            transcript: None,
            why: None,
        }))
    }

    fn coming(n: u8, bytes: u64) -> Event {
        file(n, "photo.png", bytes, FileState::Progress)
    }

    fn wrapped(progress: &mut Progress, lines: &str) -> String {
        let mut out = lines.as_bytes().to_vec();
        progress.wrap(&mut out);
        String::from_utf8(out).expect("lines are UTF-8")
    }

    #[test]
    fn the_line_gives_way_to_others_and_comes_back() {
        let mut progress = Progress::default();
        assert_eq!(wrapped(&mut progress, "bob: hi\n"), "bob: hi\n");
        progress.follow(Wall(0), &coming(1, 0));
        progress.follow(Wall(500), &coming(1, 3_000_000));
        let line = "photo.png 25 % of 12.0 MB, 6.0 MB/s";
        assert_eq!(wrapped(&mut progress, "bob: hi\n"), format!("bob: hi\n{line}"));
        assert_eq!(wrapped(&mut progress, ""), "");
        let erased = format!("\r{}\r", " ".repeat(line.len()));
        assert_eq!(wrapped(&mut progress, "x\n"), format!("{erased}x\n{line}"));
        progress.follow(Wall(600), &file(1, "photo.png", 12_000_000, FileState::Done));
        assert_eq!(wrapped(&mut progress, "done\n"), format!("{erased}done\n"));
        assert_eq!(wrapped(&mut progress, "x\n"), "x\n");
    }

    #[test]
    fn the_line_is_written_anew_once_a_second_at_most() {
        let mut progress = Progress::default();
        let mut written = 0;
        for at in (0..=5_000).step_by(50) {
            progress.follow(Wall(at), &coming(1, at as u64));
            written += usize::from(!wrapped(&mut progress, "").is_empty());
        }
        assert_eq!(written, 6);
    }

    #[test]
    fn two_words_in_one_wake_are_one_line() {
        let mut progress = Progress::default();
        progress.follow(Wall(0), &coming(1, 1));
        progress.follow(Wall(1), &coming(1, 2));
        assert!(!wrapped(&mut progress, "").is_empty());
        assert!(wrapped(&mut progress, "").is_empty());
    }

    #[test]
    fn several_files_are_summed_up_and_one_that_stands_still_is_left_out() {
        let mut progress = Progress::default();
        progress.follow(Wall(0), &coming(1, 6_000_000));
        progress.follow(Wall(0), &coming(2, 0));
        assert_eq!(progress.line().as_deref(), Some("2 files 25 % of 24.0 MB, 0 B/s"));
        progress.follow(Wall(10_000), &coming(2, 3_000_000));
        assert_eq!(progress.line().as_deref(), Some("photo.png 25 % of 12.0 MB, 300.0 kB/s"));
        let (with, state) = ("bob".to_owned(), SessionState::Closed);
        progress.follow(Wall(0), &Event::Session { with, state, path: None, why: None });
        assert_eq!(progress.line(), None);
    }

    #[test]
    fn a_wide_or_evil_name_leaves_nothing_behind() {
        let mut progress = Progress::default();
        let name = "\u{1B}[2J図図図図図図図図図図図図図図図図図図図図";
        progress.follow(Wall(0), &file(1, name, 1, FileState::Progress));
        let line = wrapped(&mut progress, "");
        assert!(!line.contains('\u{1B}') && line.chars().count() < 60);
        progress.end();
        let erased = wrapped(&mut progress, "");
        assert!(erased.trim().is_empty() && erased.len() < 82, "{}", erased.len());
    }
}
