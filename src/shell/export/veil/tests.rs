//! Pseudonyms, and what becomes of values.

use super::*;
use crate::proto::bytes::Bytes;
use crate::proto::model::export::{FILE, PERSON};

fn key(n: u32) -> Fingerprint {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Fingerprint(Bytes(bytes))
}

fn written(veil: &mut Veil, class: Class, cell: Cell<'_>) -> String {
    let mut out = Vec::new();
    veil.value(&mut out, class, cell);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn person(veil: &mut Veil, n: u32, name: Option<&str>) -> String {
    written(veil, Class::Person, Cell::Person(key(n), name))
}

#[test]
fn a_hundred_thousand_people_have_pseudonyms_of_their_own() {
    let mut veil = Veil::new([1; 32]);
    let names: BTreeSet<String> = (0..100_000).map(|n| person(&mut veil, n, None)).collect();
    assert_eq!(names.len(), 100_000);
    assert!(names.iter().all(|name| name.starts_with("\"person-") && name.len() == 15));
    assert!(names.contains(&person(&mut veil, 77, None)), "they keep them");
}

#[test]
fn another_export_has_other_pseudonyms_and_another_time() {
    let (mut one, mut other) = (Veil::new([1; 32]), Veil::new([2; 32]));
    assert_ne!(person(&mut one, 1, None), person(&mut other, 1, None));
    for (class, cell) in [
        (Class::Group, Cell::Group(GroupId(Bytes([3; 16])), "tea")),
        (Class::Group, Cell::Text("coffee")),
        (Class::Person, Cell::Text("zoe")),
        (Class::Id, Cell::Bytes(&[3; 16])),
        (Class::Moment, Cell::Number(1_763_678_000_000)),
    ] {
        assert_ne!(written(&mut one, class, cell), written(&mut other, class, cell), "{cell:?}");
    }
}

#[test]
fn a_name_in_a_text_or_in_the_log_is_the_pseudonym_of_who_has_it() {
    let mut veil = Veil::new([1; 32]);
    let cells = [Cell::Person(key(1), Some("bob"))];
    veil.learn(&PERSON, &cells);
    let bob = person(&mut veil, 1, Some("bob"));
    assert_eq!(written(&mut veil, Class::Person, Cell::Text("bob")), bob);
    assert_eq!(written(&mut veil, Class::Person, Cell::Text(&key(1).to_string())), bob);
    let bob = bob.trim_matches('"');
    let start = key(1).to_string()[..9].replace('-', " ");
    assert_eq!(written(&mut veil, Class::Text, Cell::Text(&start)), format!("\"{bob}\""));
    let text = written(&mut veil, Class::Text, Cell::Text("hi BOB\n"));
    assert_eq!(text, format!("\"hi {bob}\\n\""));
    // Who is not known any more keeps one all the same, in texts as well.
    let zoe = written(&mut veil, Class::Person, Cell::Text("zoe"));
    assert_eq!(written(&mut veil, Class::Person, Cell::Text("Zoe")), zoe);
    assert_eq!(written(&mut veil, Class::Text, Cell::Text("zoe")), zoe);
    // A server in a person's place.
    let server = written(&mut veil, Class::Person, Cell::Text("127.0.0.1:12000"));
    assert_eq!(server, "\"[address]\"");
}

#[test]
fn a_known_file_is_found_without_its_ending_and_with_another() {
    let mut veil = Veil::new([1; 32]);
    for path in ["/home/ann/Budget plan.pdf", "/home/ann/2024.pdf", "x.pdf"] {
        veil.learn(&FILE, &[Cell::None, Cell::None, Cell::None, Cell::Text(path)]);
    }
    let text = "budget plan, budget_plan.docx, BUDGET PLAN (1).pdf; in 2024 x stays";
    let text = written(&mut veil, Class::Text, Cell::Text(text));
    assert_eq!(text, "\"[file], [file], [file]; in 2024 x stays\"");
}

#[test]
fn two_groups_of_one_name_are_told_apart() {
    let mut veil = Veil::new([1; 32]);
    let group = |n| GroupId(Bytes([n; 16]));
    let one = written(&mut veil, Class::Group, Cell::Group(group(1), "tea@ann"));
    let other = written(&mut veil, Class::Group, Cell::Group(group(2), "tea@bob"));
    assert_ne!(one, other);
    assert_eq!(written(&mut veil, Class::Group, Cell::Text("tea@bob")), other);
    assert_eq!(written(&mut veil, Class::Text, Cell::Text("Tea@Bob")), other);
}

#[test]
fn moments_keep_their_distance_to_ten_seconds_and_sizes_two_digits() {
    let mut veil = Veil::new([1; 32]);
    let mut at = |ms: i64| {
        let text = written(&mut veil, Class::Moment, Cell::Number(ms));
        Wall::parse(text.trim_matches('"')).expect("a moment").0
    };
    let now = 1_763_678_012_345;
    assert!((SHIFT_MS.start..SHIFT_MS.end + ROUND_MS).contains(&(now - at(now))));
    for later in [0, 1, 9_999, 60_000, 86_400_000] {
        let distance = at(now + later) - at(now);
        assert!((distance - later).abs() < ROUND_MS && distance % ROUND_MS == 0, "{later}");
    }
    let sizes = [0, 7, 99, 123, 1_250, 999_999].map(rounded);
    assert_eq!(sizes, [0, 7, 99, 120, 1_300, 1_000_000]);
}

#[test]
fn values_that_name_something_become_a_word_for_it() {
    let mut veil = Veil::new([1; 32]);
    for (class, cell, expected) in [
        (Class::File, Cell::Text("/home/bob/x"), "\"[file]\""),
        (Class::Address, Cell::Text("100.64.0.7"), "\"[address]\""),
        (Class::Key, Cell::Bytes(&[7; 20]), "\"[key]\""),
        (Class::Key, Cell::Text("EZPU"), "\"[key]\""),
        (Class::Command, Cell::Text("[\"ls\",\"x\"]"), "[\"[command]\"]"),
        (Class::Word, Cell::Text("friends"), "\"friends\""),
        (Class::Flag, Cell::Number(1), "true"),
        (Class::Count, Cell::Number(7), "7"),
        (Class::Span, Cell::Number(1_234), "1.2"),
    ] {
        assert_eq!(written(&mut veil, class, cell), expected, "{class:?}");
    }
}
