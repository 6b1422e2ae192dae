use super::terminal::Terminal;
use super::*;
use crate::shell::front::verbs::Kind;

/// Somebody at a terminal.
struct Bench {
    editor: Editor,
    terminal: Terminal,
    prompt: &'static str,
    entered: Vec<String>,
    others: Vec<Deed>,
}

/// Two people, a group, two files and their ids.
struct Known;

impl Offers for Known {
    fn offer(&mut self, wanted: Wanted<'_>) -> Vec<Choice> {
        let people = ["bob", "bobby", "carol"];
        match wanted.kind {
            Kind::With => people.iter().chain(&["climbers"]).map(|name| (*name).into()).collect(),
            Kind::Group => vec!["climbers".into()],
            Kind::Id => vec![Choice { word: "5F2Q".to_owned(), about: "photo.png".to_owned() }],
            Kind::Path => ["src/", "a b.png"].map(Choice::from).to_vec(),
            _ => people.map(Choice::from).to_vec(),
        }
    }
}

impl Bench {
    fn new(columns: u16, rows: u16) -> Bench {
        let editor =
            Editor::new(Typed::of_file("make tea\n/msg bob hi\n"), columns.into(), rows.into());
        let terminal = Terminal::new(columns, rows);
        let mut bench =
            Bench { editor, terminal, prompt: "bob> ", entered: Vec::new(), others: Vec::new() };
        bench.print("");
        bench
    }

    /// Types, and gives what was written to the terminal.
    fn keys(&mut self, keys: &str) -> String {
        self.editor.handle(keys.as_bytes(), &mut Known);
        while let Some(deed) = self.editor.poll_deed() {
            match deed {
                Deed::Line { text, .. } => self.entered.push(text),
                other => self.others.push(other),
            }
        }
        self.print("")
    }

    fn print(&mut self, lines: &str) -> String {
        let mut out = lines.as_bytes().to_vec();
        let scene = Scene { prompt: self.prompt, to: Some("bob"), progress: "" };
        self.editor.wrap(&mut out, scene);
        self.terminal.write(&out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn paste(&mut self, text: &str) {
        self.keys(&["\x1B[200~", text, "\x1B[201~"].concat());
    }

    fn shown(&self) -> Vec<String> {
        self.terminal.shown()
    }
}

#[test]
fn a_line_is_typed_entered_and_stays_above() {
    let mut bench = Bench::new(30, 6);
    assert_eq!(bench.keys("h"), "h");
    bench.keys("ello\r");
    assert_eq!(bench.entered, ["hello"]);
    assert_eq!(bench.shown(), ["bob> hello", "bob> |"]);
    bench.keys("\rtwo\nthree\n");
    assert_eq!(bench.entered, ["hello", "two", "three"]);
    assert_eq!(bench.shown(), ["bob> hello", "bob> two", "bob> three", "bob> |"]);
}

#[test]
fn what_arrives_while_typing_leaves_the_line_alone() {
    let mut bench = Bench::new(30, 6);
    bench.keys("hello\x1B[D");
    bench.print("bob: hi\n");
    bench.keys("X");
    assert_eq!(bench.shown(), ["bob: hi", "bob> hellX|o"]);
    assert_eq!(bench.print(""), "");
}

#[test]
fn emacs_keys_edit() {
    for (keys, expected) in [
        ("one two\x01\x1B[C\x04", "bob> o|e two"),
        ("one two\x17", "bob> one |"),
        ("one two\x1Bb\x0B", "bob> one |"),
        ("one two\x15\x19\x19", "bob> one twoone two|"),
        ("one two\x1Bb\x1Bu\x1F", "bob> one |two"),
        ("one\x1B[D\x14", "bob> oen|"),
        ("one\x1B[1;5D\x1Bc", "bob> One|"),
        ("one two\x1B\x7Fx", "bob> one x|"),
        ("one\x16\x1Bx", "bob> one^[x|"),
        ("one\x1B[H\x1B[3~\x1B[F", "bob> ne|"),
    ] {
        let mut bench = Bench::new(30, 4);
        bench.keys(keys);
        assert_eq!(bench.shown(), [expected], "{keys:?}");
    }
}

#[test]
fn a_bell_is_all_that_comes_of_a_key_in_vain() {
    let mut bench = Bench::new(30, 4);
    for key in ["\x7F", "\x02", "\x1B[C", "\x14", "\x1F", "\x1By", "\x1B[B", "\t"] {
        assert_eq!(bench.keys(key), "\x07", "{key:?}");
    }
    assert_eq!(bench.keys("\x1B[5~\x1Bz\x1B"), "");
}

#[test]
fn alt_enter_breaks_the_line_of_one_message() {
    let mut bench = Bench::new(30, 6);
    bench.keys("one\x1B\rtwo");
    assert_eq!(bench.shown(), ["bob> one", "    two|"]);
    bench.keys("\r");
    assert_eq!(bench.entered, ["one\ntwo"]);
    assert_eq!(bench.shown(), ["bob> one", "    two", "bob> |"]);
}

#[test]
fn ctrl_c_clears_and_ctrl_d_leaves() {
    let mut bench = Bench::new(30, 6);
    bench.keys("hello\x03");
    assert_eq!(bench.shown(), ["bob> |"]);
    bench.keys("\x1F");
    assert_eq!(bench.shown(), ["bob> hello|"], "it can be had back");
    bench.keys("\x03\x03");
    assert_eq!(bench.shown(), ["* leave with /quit or Ctrl-D", "bob> |"]);
    bench.keys("x\x04\x02\x04");
    assert_eq!(bench.others, []);
    bench.keys("\x04\x1A");
    assert_eq!(bench.others, [Deed::Leave, Deed::Suspend]);
}

#[test]
fn ctrl_l_leaves_the_line_alone_on_the_terminal() {
    let mut bench = Bench::new(30, 6);
    bench.print("bob: hi\n");
    bench.keys("hello\x0C");
    assert_eq!(bench.shown(), ["bob> hello|"]);
}

#[test]
fn lines_typed_before_come_back_with_the_arrows() {
    let mut bench = Bench::new(30, 8);
    bench.keys("draft\x1B[A");
    assert_eq!(bench.shown()[0], "bob> /msg bob hi|");
    bench.keys("\x1B[A");
    assert_eq!(bench.shown(), ["bob> make tea|"]);
    bench.keys("\x1B[A\x1B>");
    assert_eq!(bench.shown(), ["bob> draft|"]);
    bench.keys("\x1B<\r");
    assert_eq!(bench.entered, ["make tea"]);
    bench.keys("\x10\r");
    assert_eq!(bench.entered, ["make tea", "make tea"]);
    assert_eq!(bench.editor.typed().file(), "make tea\n/msg bob hi\nmake tea\n");
}

#[test]
fn ctrl_r_finds_a_line_by_a_part_of_it() {
    let mut bench = Bench::new(30, 6);
    bench.keys("draft\x12te");
    assert_eq!(bench.shown(), ["search 'te': make |tea"]);
    bench.keys("x");
    assert_eq!(bench.shown(), ["nothing has 'tex': make |tea"]);
    bench.keys("\x07");
    assert_eq!(bench.shown(), ["bob> draft|"]);
    bench.keys("\x12tea\x05!");
    assert_eq!(bench.shown(), ["bob> make tea!|"]);
    bench.keys("\x03\x12bob\r");
    assert_eq!(bench.entered, ["/msg bob hi"]);
}

#[test]
fn a_line_that_was_changed_is_found_as_it_is_now() {
    let mut bench = Bench::new(40, 6);
    bench.keys("draft\x1B[A\x1B[A\x15\u{e9}te\x1B[B");
    bench.keys("\x1B[A\x12te\x05!\r");
    assert_eq!(bench.entered, ["\u{e9}te!"]);
    bench.keys("\x1B[A\x1B[A\x1B[A\r");
    assert_eq!(bench.entered[1], "make tea", "once a line is entered all are as they were");
}

#[test]
fn tab_completes_and_lists_what_there_is() {
    let mut bench = Bench::new(40, 8);
    bench.keys("hi ca\t");
    assert_eq!(bench.shown(), ["bob> hi carol |"]);
    bench.keys("\x03/ms\tb\t");
    assert_eq!(bench.shown()[0], "bob> /msg bob|");
    assert_eq!(bench.print(""), "");
    bench.keys("\t");
    assert_eq!(bench.shown()[..2], ["bob    bobby", "bob> /msg bob|"]);
    bench.keys("b\t");
    assert_eq!(bench.shown()[1], "bob> /msg bobby |");
    assert_eq!(bench.shown()[2], "msg NAME[,NAME…] TEXT: one message to …");
}

#[test]
fn a_paste_without_a_break_is_inserted_and_a_short_one_is_sent() {
    let mut bench = Bench::new(40, 8);
    bench.keys("say ");
    bench.paste("it\x1B[2J\tloud");
    assert_eq!(bench.shown(), ["bob> say it[2J    loud|"]);
    bench.keys("\x15");
    bench.paste("one\r\n\r\n/two\r\nthree");
    assert_eq!(bench.entered, ["one", "//two"], "text, whatever it looks like");
    assert_eq!(bench.shown(), ["bob> one", "bob> /two", "bob> three|"]);
}

#[test]
fn a_paste_is_never_a_verb_by_itself() {
    let mut bench = Bench::new(40, 8);
    bench.paste("/block bob\n");
    assert_eq!((bench.entered.len(), &*bench.shown()[0]), (0, "bob> /block bob|"));
    bench.keys("\x15/msg bob ");
    bench.paste("one\ntwo\n");
    assert_eq!(bench.entered.len(), 0);
    bench.keys("\r");
    assert_eq!(bench.entered, ["/msg bob one\ntwo"]);
}

#[test]
fn a_long_paste_is_asked_about() {
    let long = "one\ntwo\nthree\nfour\nfive\nsix\n";
    let mut bench = Bench::new(40, 12);
    bench.keys("draft");
    bench.paste(long);
    assert_eq!(bench.shown(), ["send 6 lines to bob? y/n |"]);
    assert_eq!(bench.keys("x"), "\x07");
    bench.print("carol: hi\n");
    assert_eq!(bench.shown(), ["carol: hi", "send 6 lines to bob? y/n |"]);
    bench.keys("n");
    assert_eq!((bench.entered.len(), &*bench.shown()[1]), (0, "bob> draft|"));
    bench.paste(long);
    bench.keys("\x1A");
    assert_eq!(bench.others, [Deed::Suspend]);
    assert_eq!(bench.shown()[1], "send 6 lines to bob? y/n |");
    bench.keys("y");
    assert_eq!(bench.entered, ["draftone", "two", "three", "four", "five", "six"]);
    assert_eq!(bench.shown().last().map(String::as_str), Some("bob> |"));
}

#[test]
fn alt_a_asks_for_the_next_unread_and_keeps_the_line() {
    let mut bench = Bench::new(40, 4);
    bench.keys("draft\x1Ba");
    assert_eq!(
        (bench.entered.as_slice(), bench.shown()),
        (&["/to".to_owned()][..], vec!["bob> draft|".into()])
    );
}

#[test]
fn a_bottom_that_may_be_gone_is_drawn_once() {
    let mut bench = Bench::new(40, 4);
    bench.keys("/msg");
    bench.editor.forget();
    bench.print("");
    assert_eq!((bench.shown().len(), &*bench.shown()[0]), (2, "bob> /msg|"));
}

#[test]
fn the_bottom_goes_away_for_somebody_else() {
    let mut bench = Bench::new(40, 4);
    bench.keys("/msg");
    let mut out = Vec::new();
    bench.editor.leave(&mut out);
    bench.terminal.write(&out);
    assert_eq!(bench.shown(), ["|"]);
    bench.print("");
    assert_eq!(bench.shown()[0], "bob> /msg|");
}
