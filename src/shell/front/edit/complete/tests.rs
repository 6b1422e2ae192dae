use super::*;

/// Offers the same words for every place, and remembers what was wanted.
struct Same(Vec<&'static str>, Option<(Kind, String, Vec<String>)>);

impl Offers for Same {
    fn offer(&mut self, wanted: Wanted<'_>) -> Vec<Choice> {
        self.1 = Some((wanted.kind, wanted.verb.to_owned(), wanted.before.to_vec()));
        self.0.iter().map(|word| Choice::from(*word)).collect()
    }
}

const WORDS: [&str; 6] = ["bob", "Bobby", "carol", "5F2Q", "src/", "it's a.png"];

fn completed(head: &str) -> Option<String> {
    let mut offers = Same(WORDS.to_vec(), None);
    let Completion { from, text, .. } = complete(head, &mut offers)?;
    Some([&head[..from], &text].concat())
}

fn wanted(head: &str) -> Option<(Kind, String, Vec<String>)> {
    let mut offers = Same(WORDS.to_vec(), None);
    complete(head, &mut offers);
    offers.1
}

#[test]
fn a_word_goes_on_as_far_as_all_that_fit_agree() {
    for (head, expected) in [
        ("/ms", Some("/msg ")),
        ("/MSG", Some("/msg ")),
        ("/group cr", Some("/group create ")),
        ("/gro", Some("/group ")),
        ("/help gro", Some("/help group ")),
        ("/nope", None),
        ("/msg c", Some("/msg carol ")),
        ("/msg bob,c", Some("/msg bob,carol ")),
        ("/msg x", None),
        ("/msg bob hi ca", Some("/msg bob hi carol ")),
        ("/take 5f", Some("/take 5F2Q ")),
        ("/whoami ", None),
        ("/run bob l", None),
        ("hi ca", Some("hi carol ")),
        ("hi ", None),
        ("//ca", None),
        ("/history --l", Some("/history --limit ")),
        ("/wait --event mess", Some("/wait --event message ")),
        ("/wait --from ca", Some("/wait --from carol ")),
    ] {
        assert_eq!(completed(head).as_deref(), expected, "{head}");
    }
}

#[test]
fn paths_are_quoted_as_they_were_begun() {
    for (head, expected) in [
        ("/send bob s", "/send bob src/"),
        ("/send bob i", "/send bob it\\'s\\ a.png "),
        ("/send bob \"i", "/send bob \"it's a.png\" "),
        ("/send bob 'i", "/send bob 'it'\\''s a.png' "),
        ("/post add it\\'s\\ a", "/post add it\\'s\\ a.png "),
    ] {
        assert_eq!(completed(head).as_deref(), Some(expected), "{head}");
    }
}

#[test]
fn who_offers_is_told_what_is_wanted() {
    let of = |kind, verb: &str, before: &[&str]| {
        Some((kind, verb.to_owned(), before.iter().map(|word| (*word).to_owned()).collect()))
    };
    assert_eq!(wanted("/post get bob 5"), of(Kind::Id, "post get", &["bob"]));
    assert_eq!(wanted("/history --limit 5 c"), of(Kind::With, "history", &["--limit", "5"]));
    assert_eq!(wanted("/group invite climbers b"), of(Kind::Name, "group invite", &["climbers"]));
    assert_eq!(wanted("/connect b"), of(Kind::Peer, "chat", &[]));
    assert_eq!(wanted("/history --limit "), None);
}

#[test]
fn choices_are_listed_in_columns_and_more_are_counted() {
    let choices = |words: &[&str]| words.iter().map(|word| Choice::from(*word)).collect::<Vec<_>>();
    assert_eq!(list(&choices(&["a", "bb", "c", "d", "e"]), 12), "a   c   e\nbb  d\n");
    assert_eq!(list(&choices(&["~/src/a", "~/src/lib/"]), 80), "a     lib/\n");
    let known = Choice { word: "5F2Q".to_owned(), about: "photo\x1B[2J.png".to_owned() };
    assert_eq!(list(&[known], 80), "5F2Q  photo^[[2J.png\n");
    let many = vec![Choice::from("x"); CHOICES + 3];
    assert!(list(&many, 10).ends_with("x\nand 3 more\n"));
}

#[test]
fn the_hint_is_about_the_verb_that_is_meant() {
    assert!(hint("/msg").starts_with("msg NAME[,NAME…] TEXT: "));
    assert!(hint("/msg bob hi").starts_with("msg NAME"));
    assert!(hint("/group cre").starts_with("group create NAME"));
    assert!(hint("/").contains("/help"));
    assert!(hint("/gro").starts_with("group create, group "), "{}", hint("/gro"));
    for none in ["", "hi", "//msg", "/nope"] {
        assert_eq!(hint(none), "", "{none:?}");
    }
}
