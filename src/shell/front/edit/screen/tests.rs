use super::*;
use crate::shell::front::edit::clusters;
use crate::shell::front::edit::line::Line;
use crate::shell::front::edit::terminal::Terminal;
use proptest::prelude::*;

/// A screen, and the terminal that it writes to.
struct Bench {
    screen: Screen,
    terminal: Terminal,
    out: Vec<u8>,
}

impl Bench {
    fn new(columns: u16, rows: u16) -> Bench {
        let screen = Screen::new(columns.into(), rows.into());
        Bench { screen, terminal: Terminal::new(columns, rows), out: Vec::new() }
    }

    /// Draws, and gives what was written for it.
    fn draw(&mut self, view: View<'_>) -> String {
        self.screen.draw(view, &mut self.out);
        self.flush()
    }

    fn line(&mut self, text: &str, at: usize) -> String {
        self.draw(View { prompt: "> ", text, at, ..View::default() })
    }

    fn print(&mut self, lines: &str) {
        self.screen.print(lines.as_bytes(), &mut self.out);
    }

    fn flush(&mut self) -> String {
        self.terminal.write(&self.out);
        String::from_utf8(std::mem::take(&mut self.out)).expect("UTF-8")
    }

    fn shown(&self) -> Vec<String> {
        self.terminal.shown()
    }
}

#[test]
fn a_letter_at_the_end_is_written_as_that_letter() {
    let mut bench = Bench::new(20, 6);
    assert_eq!(bench.line("", 0), "> ");
    assert_eq!(bench.line("h", 1), "h");
    assert_eq!(bench.line("hi", 2), "i");
    assert_eq!(bench.line("hi", 2), "", "nothing new, nothing written");
    assert_eq!(bench.line("hi", 1), "\u{8}");
    assert_eq!(bench.line("h", 1), "\x1B[K");
    assert_eq!(bench.shown(), ["> h|"]);
}

#[test]
fn what_arrives_is_above_and_the_line_is_whole_below_it() {
    let mut bench = Bench::new(20, 6);
    bench.line("hello", 2);
    bench.print("bob: hi\ncarol: ho\n");
    bench.line("hello", 2);
    assert_eq!(bench.shown(), ["bob: hi", "carol: ho", "> he|llo"]);
    bench.print("a line that is longer than the terminal\n");
    bench.line("hello", 2);
    assert_eq!(
        bench.shown(),
        ["bob: hi", "carol: ho", "a line that is longe", "r than the terminal", "> he|llo"]
    );
}

#[test]
fn a_long_line_wraps_and_is_edited_in_all_its_rows() {
    let mut bench = Bench::new(10, 8);
    for at in 0..=20 {
        bench.line(&"abcdefghijklmnopqrstuvwxyz"[..at], at);
    }
    assert_eq!(bench.shown(), ["> abcdefgh", "ijklmnopqr", "st|"]);
    bench.line("aXbcdefghijklmnopqrst", 2);
    assert_eq!(bench.shown(), ["> aX|bcdefg", "hijklmnopq", "rst"]);
    bench.line("ab", 2);
    assert_eq!(bench.shown(), ["> ab|"]);
    bench.print("next\n");
    bench.line("abcdefgh", 8);
    assert_eq!(bench.shown(), ["next", "> abcdefgh", "|"]);
}

#[test]
fn the_hint_is_below_and_gives_way() {
    let mut bench = Bench::new(12, 8);
    let view =
        |text: &'static str, hint| View { prompt: "> ", text, at: text.len(), hint, progress: "" };
    bench.draw(view("/msg", "msg NAME TEXT"));
    assert_eq!(bench.shown(), ["> /msg|", "msg NAME T…"]);
    assert_eq!(bench.draw(view("/msg ", "msg NAME TEXT")), " ");
    bench.draw(view("/msg bob hello", "msg NAME TEXT"));
    assert_eq!(bench.shown(), ["> /msg bob h", "ello|", "msg NAME T…"]);
    bench.draw(view("/msg", ""));
    assert_eq!(bench.shown(), ["> /msg|"]);
}

#[test]
fn progress_has_a_row_above_the_line() {
    let mut bench = Bench::new(20, 8);
    let view = |progress| View { prompt: "> ", text: "hi", at: 2, progress, hint: "" };
    bench.draw(view(""));
    bench.draw(view("a.png 10 %"));
    assert_eq!(bench.shown(), ["a.png 10 %", "> hi|"]);
    assert_eq!(bench.draw(view("a.png 20 %")), "\x1B[A\x1B[2C20 %\x1B[B\x1B[6D");
    assert_eq!(bench.shown(), ["a.png 20 %", "> hi|"]);
    bench.print("done\n");
    bench.draw(view(""));
    assert_eq!(bench.shown(), ["done", "> hi|"]);
}

#[test]
fn an_entered_line_stays_above_without_hint_or_progress() {
    let mut bench = Bench::new(10, 8);
    let text = "abcdefgh";
    bench.draw(View { progress: "10 %", prompt: "> ", text, at: 8, hint: "help" });
    assert_eq!(bench.shown(), ["10 %", "> abcdefgh", "|", "help"]);
    bench.screen.enter("> ", text, &mut bench.out);
    bench.line("", 0);
    assert_eq!(bench.shown(), ["> abcdefgh", "> |"]);
    bench.screen.enter("> ", "a\nb", &mut bench.out);
    bench.line("", 0);
    assert_eq!(bench.shown(), ["> abcdefgh", "> a", "    b", "> |"]);
}

#[test]
fn a_line_taller_than_half_the_terminal_shows_what_is_around_the_cursor() {
    let mut bench = Bench::new(5, 6);
    let text = "abcdefghijklmnopqrstuvwxyz";
    bench.line(text, text.len());
    assert_eq!(bench.shown(), ["nopqr", "stuvw", "xyz|"]);
    bench.line(text, 5);
    assert_eq!(bench.shown(), ["de|fgh", "ijklm", "nopqr"]);
    bench.line(text, 0);
    assert_eq!(bench.shown(), ["> |abc", "defgh", "ijklm"]);
    bench.screen.enter("> ", text, &mut bench.out);
    bench.line("", 0);
    assert_eq!(bench.shown(), ["defgh", "ijklm", "nopqr", "stuvw", "xyz", "> |"]);
}

#[test]
fn wide_letters_and_marks_stay_in_their_columns() {
    let mut bench = Bench::new(7, 6);
    bench.line("你好吗", 9);
    assert_eq!(bench.shown(), ["> 你好", "吗|"]);
    bench.line("a你好吗", 1);
    assert_eq!(bench.shown(), ["> a|你好", "吗"]);
    bench.line("e\u{301}你", 3);
    assert_eq!(bench.shown(), ["> e\u{301}|你"]);
    assert_eq!(bench.line("e\u{301}你", 3), "");
}

#[test]
fn controls_in_a_line_do_nothing_to_the_terminal() {
    let mut bench = Bench::new(20, 4);
    bench.line("a\x1B[2Jb\x0731m", 3);
    assert_eq!(bench.shown(), ["> a^[[|2Jb^G31m"]);
}

#[test]
fn another_width_leaves_nothing_of_the_old_rows() {
    let mut bench = Bench::new(20, 6);
    bench.print("bob: hi\n");
    bench.line("hello", 5);
    for columns in [12, 30, 9] {
        bench.terminal.resize(columns, 6);
        bench.screen.resize(columns.into(), 6, &mut bench.out);
        bench.line("hello", 5);
        assert_eq!(bench.shown(), ["bob: hi", "> hello|"]);
    }
    bench.terminal.resize(30, 5);
    bench.screen.resize(30, 5, &mut bench.out);
    bench.line("hello, this is wrapped already", 30);
    assert_eq!(bench.shown(), ["bob: hi", "> hello, this is wrapped alrea", "dy|"]);
}

#[test]
fn rows_are_counted_as_a_terminal_cuts_them_that_keeps_lines_whole() {
    let mut bench = Bench::new(20, 6);
    bench.line("abcdefghijklmnopqrstuvwxyz", 26);
    bench.screen.resize(10, 6, &mut bench.out);
    assert_eq!(bench.flush(), "\x1B[2A\r\x1B[J", "28 columns are three rows of 10");
    bench.line("abc", 3);
    bench.screen.resize(10, 5, &mut bench.out);
    assert_eq!(bench.flush(), "", "another height changes nothing");
}

#[test]
fn a_terminal_without_room_or_size_is_still_one() {
    let mut bench = Bench::new(10, 3);
    bench.draw(View { progress: "10 %", prompt: "> ", text: "abc", at: 3, hint: "help" });
    assert_eq!(bench.shown(), ["> abc|"]);
    assert_eq!(Screen::new(0, 0).columns(), 80);
    let mut narrow = Screen::new(1, 1);
    narrow.draw(View { prompt: "> ", text: "你", at: 3, ..View::default() }, &mut Vec::new());
}

/// What may happen to a line between two drawings.
#[derive(Clone, Debug)]
enum Change {
    Insert(usize, &'static str),
    Remove(usize),
    Move(usize),
    Print(&'static str),
    Progress(&'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0..40_usize;
    let text = prop::sample::select(vec!["a", "bcdefgh", "你", "e\u{301}", "\n", "👩\u{200D}👧"]);
    prop_oneof![
        (place.clone(), text).prop_map(|(at, text)| Change::Insert(at, text)),
        place.clone().prop_map(Change::Remove),
        place.prop_map(Change::Move),
        prop::sample::select(vec!["bob: hi\n", "two\nlines\n"]).prop_map(Change::Print),
        prop::sample::select(vec!["", "1 %", "22 %"]).prop_map(Change::Progress),
    ]
}

proptest! {
    #[test]
    fn what_is_changed_looks_as_if_it_were_drawn_anew(
        changes in prop::collection::vec(change(), 1..30),
        columns in 6..14_u16,
    ) {
        let mut bench = Bench::new(columns, 12);
        let (mut line, mut progress) = (Line::default(), "");
        for change in changes {
            let place = |line: &Line, count: usize| {
                clusters::all(line.text()).take(count).map(str::len).sum()
            };
            match change {
                Change::Insert(at, text) => {
                    line.go(place(&line, at));
                    line.insert(text).expect("room");
                }
                Change::Remove(at) => {
                    line.go(place(&line, at));
                    line.delete_right();
                }
                Change::Move(at) => line.go(place(&line, at)),
                Change::Print(lines) => bench.print(lines),
                Change::Progress(now) => progress = now,
            }
            let hint = if line.text().contains('b') { "a hint" } else { "" };
            let view = View { progress, prompt: "> ", text: line.text(), at: line.at(), hint };
            bench.draw(view);
            let mut anew = Bench::new(columns, 12);
            anew.screen.top = bench.screen.top;
            anew.draw(view);
            let (shown, expected) = (bench.shown(), anew.shown());
            prop_assert_eq!(&shown[shown.len() - expected.len()..], &expected[..]);
        }
    }
}
