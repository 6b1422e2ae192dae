//! Each kind of secret in the spellings that people use, and what only looks like one.

use super::*;

fn masked(text: &str) -> String {
    let mut names = Names::default();
    for (n, name) in ["bob", "bob.smith", "mel_b", "ann.lee", "zoe"].into_iter().enumerate() {
        names.learn(name, Known::Person(n as u32));
    }
    names.learn("climbers", Known::Group(0));
    names.learn("climbers@ann.lee", Known::Group(0));
    names.learn("My secret plan.pdf", Known::File);
    for file in ["README", "秘密文書.pdf", "סוד", "_draft", "£ list", "Café plan"] {
        names.learn(file, Known::File);
    }
    names.learn("chat.example:12000", Known::Address);
    let mut out = String::new();
    mask(text, &mut Folded::default(), &names, &mut |kept, instead| {
        out.push_str(kept);
        out.push_str(&match instead {
            None => String::new(),
            Some(Instead::Tag(tag)) => tag.to_owned(),
            Some(Instead::Name(Known::Person(n))) => format!("<{n}>"),
            Some(Instead::Name(Known::Group(n))) => format!("<group {n}>"),
            Some(Instead::Name(Known::File)) => "[file]".to_owned(),
            Some(Instead::Name(Known::Address)) => "[address]".to_owned(),
        });
    });
    out
}

fn all_become(tag: &str, secrets: &[&str]) {
    for secret in secrets {
        assert_eq!(masked(secret), tag, "{secret}");
        assert_eq!(masked(&format!("so: {secret}.")), format!("so: {tag}."), "{secret}");
        assert_eq!(masked(&format!("({secret}), ok")), format!("({tag}), ok"), "{secret}");
        assert_eq!(masked(&format!("日本{secret}")), format!("日本{tag}"), "{secret}");
    }
}

#[test]
fn names_are_replaced_as_whole_words_however_they_are_written() {
    for (text, expected) in [
        ("bob", "<0>"),
        (
            "hi Bob, BOB's and @bob_ (bob) \"bob\" bob-like",
            "hi <0>, <0>'s and @<0>_ (<0>) \"<0>\" <0>-like",
        ),
        ("ｂｏｂ 𝐛𝐨𝐛 b\u{200b}ob Ⓑⓞⓑ вob bоb", "<0> <0> <0> <0> вob <0>"),
        ("bob’s, #bob/bob", "<0>’s, #<0>/<0>"),
        ("今天bob来了", "今天<0>来了"),
        ("bob.smith Bob.Smith. bob.smithy bob.", "<1> <1>. <0>.smithy <0>."),
        ("mel_b, mel_brooks mel_b_", "<2>, mel_brooks <2>_"),
        ("bobby, kabob, BOBBY, bobö and bobss stay", "bobby, kabob, BOBBY, bobö and bobss stay"),
        ("Climbers: climbers@zoe, climbers@ann.lee", "<group 0>: <group 0>@<4>, <group 0>"),
        ("my secret plan.pdf and My Secret Plan.pdf; readme", "[file] and [file]; [file]"),
        ("at chat.example:12000", "at [address]"),
        ("Bobs, bobʼs, bob2, bób, bo\u{301}b", "<0>s, <0>ʼs, <0>2, <0>, <0>"),
        ("#TeamBob askBob BobZoe zoeBob7", "#Team<0> ask<0> <0><4> <4><0>7"),
        ("ann lee, ANN_LEE, ann-lee, annlee, Annlees", "<3>, <3>, <3>, <3>, <3>s"),
        ("my_secret-plan.pdf, mysecretplanpdf", "[file], [file]"),
        ("この秘密文書.pdfを, 本秘密.pdf", "この[file]を, 本秘密.pdf"),
        ("סוד x_draft (£ list) £list £ lists", "[file] x[file] ([file]) [file] [file]s"),
        ("cafe\u{301} plan.docx, CAFE PLAN (1).pdf; café plan (2)", "[file], [file]; [file]"),
        (
            "b\u{34f}o\u{61c}b \u{202a}bob\u{202c} b\u{2066}ob b\u{fe0f}o\u{e0041}b",
            "<0> \u{202a}<0> <0> <0>",
        ),
    ] {
        assert_eq!(masked(text), expected, "{text}");
    }
}

#[test]
fn links_go_with_all_that_belongs_to_them() {
    all_become(
        "[link]",
        &[
            "https://example.org/a?b=1#c",
            "HTTP://EXAMPLE.ORG",
            "ftp://user:pw@192.0.2.1:21/x",
            "hxxps://exämple.org/ü",
            "www.example.org",
            "www.something.unknownend/x",
            "example.org",
            "Example.Org",
            "sub.domain.example.co.uk",
            "example.org:8080/x",
            "example.org/path/to/it?q=1",
            "odd.enough/path",
            "t.me/whoever",
            "example[.]org",
            "example dot org",
            "https://example.org/日本語秘密",
            "https://例え.jp/秘密",
            "mailto:q@w.org?subject=hey",
            "пример.рф",
            "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
        ],
    );
    assert_eq!(masked("<https://example.org/a>"), "<[link]>");
}

#[test]
fn addresses_of_mail_go_in_every_spelling() {
    all_become(
        "[email]",
        &[
            "carol@example.org",
            "Carol.Jones+x@sub.example.co.uk",
            "CAROL@EXAMPLE.ORG",
            "carol@odd.unknownend",
            "ｃａｒｏｌ＠ｅｘａｍｐｌｅ．ｏｒｇ",
            "carol at example dot org",
            "carol AT example DOT org",
            "carol (at) example (dot) org",
            "carol(at)example.org",
            "carol[at]example[dot]org",
            "carol @ example.org",
            "carol at example.org",
            "bob@example.org",
            "\"q w\"@example.org",
            "bob😀@example.org",
            "git@github.com:u/r.git",
            "user:pass@host",
            "qw@localhost",
        ],
    );
}

#[test]
fn addresses_of_networks_go_in_every_spelling() {
    all_become(
        "[address]",
        &[
            "192.0.2.7",
            "192.0.2.7:8080",
            "10.0.0.0/8",
            "192[.]0[.]2[.]7",
            "100.64.0.7",
            "v127.79.0.9",
            "2001:db8::7",
            "2001:DB8::7",
            "2001:db8:0:0:0:0:0:7",
            "2001:0db8:0000:0000:0000:0000:0000:0007",
            "[2001:db8::7]:443",
            "[::1]:443",
            "fe80::7%eth0",
            "[fe80::7%wlp3s0]:80",
            "::ffff:192.0.2.7",
            "::1",
            "2001:db8::/32",
            "00:1b:44:11:3a:b7",
            "00-1B-44-11-3A-B7",
        ],
    );
}

#[test]
fn phone_numbers_go_in_every_spelling() {
    all_become(
        "[phone]",
        &[
            "+41 79 123 45 67",
            "+41791234567",
            "+41 (0)79 123 45 67",
            "(079) 123-45-67",
            "0041 79 123 45 67",
            "079 123 45 67",
            "079.123.45.67",
            "079/123 45 67",
            "0791234567",
            "+1 (415) 555-2671",
            "415-555-2671",
            "555-1234",
            "+49\u{a0}30\u{a0}1234567",
            "+41–79–123–45–67",
            "06 12 34 56 78",
            "612 345 678",
            "0664 / 123 45 67",
            "0664 - 1234567",
            "030 / 7654322",
            "(030) / 765432",
            "+49 - 30 - 7654321",
            "+43 / 664 / 1234567",
            "+49 (0) 30 / 123456",
            "+43 ( 0 ) 664 9876543",
            "22 33 44 56",
            "22334457",
            "9876 5432",
            "0664_9876544",
            "0664·987·65·45",
            "0664\t987\t65\t45",
        ],
    );
    assert_eq!(masked("Tel06641234568"), "Tel[phone]");
}

#[test]
fn keys_and_ids_go_in_every_spelling() {
    all_become(
        "[key]",
        &[
            "EZPU-25RK-OFIL-RVEO-I7NE-K26N-NY7D-B5SU",
            "ezpu-25rk-ofil-rveo-i7ne-k26n-ny7d-b5su",
            "EZPU 25RK OFIL RVEO I7NE K26N NY7D B5SU",
            "EZPU\n25RK\nOFIL\nRVEO\nI7NE\nK26N\nNY7D\nB5SU",
            "EZPU25RKOFILRVEOI7NEK26NNY7DB5SU",
            "ezpu25rkofilrveoi7nek26nny7db5su",
            "EZPU-25RK",
            "Q4J3NBUJHKJV4ANCD4N64UQAAA",
            "Q4J3NB",
            "c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
            "0xDEADBEEF01",
            "2fd4:e1c6:7a2d:28fc:ed84:9ee1:bb76:e739:1b93",
            "550e8400-e29b-41d4-a716-446655440000",
            "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
            "deadbeefcafebabe",
            "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ",
            "AAAAC3NzaC1lZDI1NTE5AAAAIJ8x",
        ],
    );
}

#[test]
fn files_go_by_their_names_and_by_their_paths() {
    all_become(
        "[file]",
        &[
            "holiday.jpg",
            "Steuer-2025_final(2).PDF",
            "archive.tar.gz",
            "résumé.docx",
            "~/x",
            "/home/x",
            "/home/carol/.ssh/id_rsa",
            "/x/y",
            "./build/x",
            "../x.y",
            ".ssh/config",
            "C:\\Users\\Carol\\x",
            "c:/windows/x",
            "\\\\server\\share\\x",
            "/home/carol/my\\ secret",
            "src/secret/plan.md",
            "/home/ann/秘密",
            "C:\\Users\\Änn\\秘密",
            "$HOME/x/y",
            "%APPDATA%\\x",
            "photo.heif",
        ],
    );
    assert_eq!(masked("'/home/carol/my secret/x'"), "'[file]'");
}

#[test]
fn dates_in_numbers_go_since_moments_are_shifted() {
    all_become(
        "[date]",
        &[
            "2026-11-27",
            "27.11.2026",
            "11/27/2026",
            "27.11.26",
            "2026-11-27T12:30:00.123Z",
            "2026-11-27 12:30",
            "5.3.26",
            "20261127",
            "20261127T143000Z",
            "2026-W48",
            "27 November 2026",
            "27. Nov. 2026",
            "3. März 2026",
            "Nov 27th, 2026 12:30",
            "27th of November 2026",
            "2026 Dez 1",
        ],
    );
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for text in [
        "3.14 is pi, and 1.5 or 0.25 too",
        "at 12:30, or 12:30:45, or 10:15-11:45",
        "e.g. this, i.e. that, z.B. jenes, a.m. and p.m., U.S.",
        "version 1.2.3 of v1.2.3.4",
        "well... so... no",
        "and/or, either/or, 1/2, 24/7, w/o",
        "done.In the end",
        "2 + 2 = 4; x = y * 3",
        "room 101, 5000 people, 1 000 000 francs, 1'000'000",
        "1 2 3 4 5 6 7 8 9 10",
        "1914-1918, 2019 - 2020 / 2021, 0.5 - 0.75 - 1.25, $5/month, 100%",
        "paral·lel",
        "in may 2026 27 of them, 2 3 2026, he said \"so\" \"@all\"",
        "me@home, 10:30@noon x",
        "self-made, long-term, well-kept-secret",
        "this that with some more",
        "std::fs::File",
        "see you at noon, at the station",
        "/msg is a verb, and /help",
        "polka dot pattern",
        "Grüße, naïve café, Привет, 日本語",
        "MP3 and B2B and COVID-19 and 4K",
        "hahahahaha",
        "",
        "\n\t ",
    ] {
        assert_eq!(masked(text), text);
    }
}

/// Secrets, each with what may not be left of it.
const PLANTED: [(&str, &str); 16] = [
    ("Bob.Smith", "smith"),
    ("climbers", "climbers"),
    ("carol@gletscher.example", "carol"),
    ("carol at gletscher dot example", "gletscher"),
    ("https://gletscher.example/karte", "karte"),
    ("gletscher.org", "gletscher"),
    ("192.0.2.77", "192.0"),
    ("[2001:DB8::77]:443", "db8"),
    ("2001:db8::77", "db8"),
    ("+41 79 123 45 67", "123"),
    ("079 123 45 67", "123"),
    ("EZPU-25RK-OFIL-RVEO-I7NE-K26N-NY7D-B5SU", "ofil"),
    ("c12fe1c06bba254a9dc9f519b335aa7c1367a88a", "bba254"),
    ("gletscher.jpg", "gletscher"),
    ("/home/carol/x", "carol"),
    ("My Secret Plan.pdf", "secret"),
];

/// What stands around them.
const AROUND: [&str; 39] = [
    " ",
    "  ",
    "\n",
    "\t",
    ", ",
    ". ",
    "; ",
    ": ",
    "! ",
    "? ",
    " (",
    ") ",
    "\"",
    "'",
    " - ",
    "…",
    "“",
    "”",
    "and ",
    " so ",
    " 日本",
    "é ",
    "@",
    "#",
    "*",
    "_",
    "~ ",
    " 12:30 ",
    " 7 ",
    " a.m. ",
    " e.g. ",
    " / ",
    " the\u{a0}",
    "\u{200b} ",
    "|",
    "<",
    ">",
    " x=",
    "🙂",
];

#[test]
fn nothing_planted_is_left_whatever_stands_around_it() {
    let mut dice: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut throw = |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice % sides as u64) as usize
    };
    for _ in 0..40_000 {
        let (secret, part) = PLANTED[throw(PLANTED.len())];
        let (before, after) = (throw(4), throw(4));
        let mut text = String::new();
        (0..before).for_each(|_| text.push_str(AROUND[throw(AROUND.len())]));
        // Whole words: what stands before it is no part of it.
        if text.ends_with(|c: char| c.is_alphanumeric()) {
            text.push(' ');
        }
        text.push_str(&match throw(3) {
            0 => secret.to_uppercase(),
            1 => secret.to_lowercase(),
            _ => secret.to_owned(),
        });
        let behind = text.len();
        (0..after).for_each(|_| text.push_str(AROUND[throw(AROUND.len())]));
        if text[behind..].starts_with(|c: char| c.is_alphanumeric()) {
            text.insert(behind, ' ');
        }
        assert!(!masked(&text).to_lowercase().contains(part), "{text:?}: {:?}", masked(&text));
    }
}
