//! Exports of all that a profile holds, as it is or with nobody in it.

use crate::files::{id_of, is_file, put, text};
use crate::friends::befriend;
use crate::support::{Peer, Process, World, is_message, is_receipt};
use crate::voice::wav;
use hobnob::proto::time::Wall;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// What wolfgang is told and says: a secret of each kind, in some spelling.
const SAID: [&str; 6] = [
    "hi Zacharias, ZACHARIAS's key and @zacharias_ met wolfgang; Ｍｅｌｕｓｉｎｅ, too",
    "mail bruno@gletscher.example or bruno at gletscher dot example, call +41 79 123 45 67",
    "see https://gletscher.example/a?b=1 and www.gletscher.example, or gletscher.org/karte",
    "it is at 192.0.2.77:8080, [2001:DB8::77]:443, ::ffff:192.0.2.77 and fe80::77%eth0",
    "kletterer@wolfgang met in KLETTERER; the plan is Steuer-Geheim.pdf in /home/bruno/x",
    "12:30, 3.14 and e.g. version 1.2.3 stay as they are",
];
/// No part of it may be left.
const SECRETS: [&str; 15] = [
    "wolfgang",
    "zacharias",
    "melusine",
    "quentin",
    "kletterer",
    "geheimrat",
    "bruno",
    "gletscher",
    "192.0.2",
    "db8",
    "fe80",
    "steuer",
    "123 45",
    "127.77",
    "alpenkarte",
];

/// Somebody with something in every table, and with whom.
struct Life {
    wolfgang: Peer,
    others: Vec<Peer>,
}

fn life(world: &World) -> Life {
    let script = put(&world.home("hear.sh"), b"echo call wolfgang, 079 123 45 67");
    let program = format!("sh {} {{wav}}", text(&script));
    let mut wolfgang = world.peer_with("wolfgang", &["--transcriber", &program]);
    let (mut zacharias, mut melusine) = (world.peer("zacharias"), world.peer("melusine"));
    let mut quentin = world.peer("quentin");
    befriend(&mut wolfgang, &mut zacharias);
    melusine.ask(&["add", "wolfgang", "it is Melusine of gletscher.example"]).expect_ok();
    wolfgang.expect("asked", |e| e["event"] == "request");
    quentin.deliver("wolfgang", "Quentin here, as 127.77.0.9");
    wolfgang.ask(&["block", "quentin"]).expect_ok();
    groups(&mut wolfgang, &mut [&mut zacharias, &mut melusine]);
    for said in SAID {
        wolfgang.deliver("zacharias", said);
        zacharias.deliver("wolfgang", &format!("you said: {said}"));
        wolfgang.expect("an answer", |e| is_message(e, "zacharias", &format!("you said: {said}")));
    }
    let fingerprint = zacharias.ready["fingerprint"].as_str().expect("a key").to_owned();
    wolfgang.deliver("zacharias", &format!("{fingerprint} or {}", fingerprint.replace('-', " ")));
    files(world, &mut wolfgang, &mut zacharias);
    commands(&mut wolfgang, &mut zacharias);
    Life { wolfgang, others: vec![zacharias, melusine, quentin] }
}

/// One with talk of each in it, and one that nobody has joined.
fn groups(leader: &mut Peer, members: &mut [&mut Peer]) {
    leader.ask(&["group", "create", "kletterer"]).expect_ok();
    leader.ask(&["group", "create", "geheimrat", "--private"]).expect_ok();
    let is_in =
        |e: &Value, who: &str| e["event"] == "group" && e["state"] == "joined" && e["who"] == who;
    for member in members.iter_mut() {
        let name = member.name();
        member.ask(&["group", "join", "kletterer"]).expect_ok();
        leader.expect("joined", |e| is_in(e, &name));
        member.expect("joined", |e| is_in(e, &name));
    }
    leader.ask(&["group", "invite", "geheimrat", "zacharias"]).expect_ok();
    leader.ask(&["group", "say", "kletterer", "who of the Kletterer is in, melusine?"]).expect_ok();
    for member in members.iter_mut() {
        let name = member.name();
        leader.expect("delivered", |e| is_receipt(e, &name, "delivered"));
        member.ask(&["group", "say", "kletterer", "Wolfgang, I am"]).expect_ok();
        leader.expect("talk", |e| is_message(e, &name, "Wolfgang, I am"));
    }
}

fn files(world: &World, from: &mut Peer, to: &mut Peer) {
    let out = world.home("out");
    let file = put(&out.join("Steuer-Geheim.pdf"), b"a hundred bytes or so");
    from.ask(&["send", &to.name(), text(&file)]).expect_ok();
    let offer = to.expect("the offer", |e| is_file(e, "offered"));
    to.ask(&["take", &id_of(&offer)]).expect_ok();
    from.expect("done", |e| is_file(e, "done"));
    from.ask(&["post", "add", text(&put(&out.join("alpenkarte.gpx"), b"x"))]).expect_ok();
    let sound = wav(&out.join("gletscher.wav"), 48_000, 48_000);
    from.ask(&["voice", &to.name(), text(&sound)]).expect_ok();
    to.expect("the voice", |e| e["event"] == "voice");
    from.expect("done", |e| is_file(e, "done"));
}

fn commands(me: &mut Peer, other: &mut Peer) {
    let (my_name, name) = (me.name(), other.name());
    me.ask(&["grant", &name, "cat", "/home/bruno/kletterer"]).expect_ok();
    let running = me.send(&["run", &name, "echo", "melusine"]);
    let asked = other.expect("asked", |e| e["event"] == "run" && e["from"] == my_name.as_str());
    other.ask(&["deny", &id_of(&asked)]).expect_ok();
    me.answer(running).expect_refusal(1);
}

impl Life {
    /// Ends all of it in order; what is kept stays as it is.
    fn end(self) {
        self.wolfgang.stop();
        self.others.into_iter().for_each(|other| drop(other.stop()));
    }
}

/// Lines of an export, its `done` not counted.
fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect()
}

/// The rows of an export, by their table; that it is whole is checked.
fn tables(out: &str) -> BTreeMap<String, Vec<Value>> {
    let lines = lines(out);
    let (Some(schema), Some(end)) = (lines.first(), lines.last()) else { panic!("nothing: {out}") };
    assert_eq!((&schema["event"], &schema["version"]), (&"schema".into(), &1.into()));
    assert_eq!((&end["event"], &end["rows"]), (&"end".into(), &(lines.len() - 2).into()));
    let mut tables: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (n, row) in lines[1..lines.len() - 1].iter().enumerate() {
        assert_eq!(row["n"], n + 1);
        let table = row["event"].as_str().expect("each names its table");
        for field in row.as_object().expect("an object").keys() {
            let is_said = schema["tables"][table][field].is_string();
            assert!(is_said || field == "event" || field == "n", "{field} of {table}");
        }
        tables.entry(table.to_owned()).or_default().push(row.clone());
    }
    for (table, count) in end["tables"].as_object().expect("counts") {
        assert_eq!(tables.get(table).map_or(0, Vec::len), *count, "{table}");
    }
    tables
}

fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[field].as_str().unwrap_or("-")).collect()
}

#[test]
fn all_that_a_profile_holds_is_exported_and_no_secret_key() {
    let world = World::new();
    life(&world).end();
    let out = world.once("wolfgang", &["export"]);
    let tables = tables(out.expect_ok());
    let rows = |table: &str| &tables[table][..];
    assert_eq!(
        (&rows("me")[0]["person"], &rows("me")[0]["visibility"]),
        (&"wolfgang".into(), &"public".into())
    );
    assert!(rows("me")[0]["server"].as_str().is_some_and(|server| world.at().starts_with(server)));
    assert_eq!(texts(rows("person"), "person"), ["zacharias", "melusine", "quentin"]);
    assert_eq!(texts(rows("person"), "friendship"), ["friends", "asking", "none"]);
    assert_eq!(rows("person")[1]["request"], "it is Melusine of gletscher.example");
    assert_eq!(rows("person")[2]["blocked"], true);
    assert_eq!(texts(rows("group"), "group"), ["kletterer", "geheimrat"]);
    assert_eq!(texts(rows("group"), "leader"), ["wolfgang", "wolfgang"]);
    let members = ["wolfgang", "zacharias", "melusine", "wolfgang"];
    assert_eq!(texts(rows("member"), "person"), members);
    assert_eq!(texts(rows("candidate"), "person"), ["zacharias"]);
    let messages = rows("message");
    assert_eq!(messages.len(), 1 + 3 + 2 * SAID.len() + 1);
    let in_group: Vec<&Value> = messages.iter().filter(|m| m["group"] == "kletterer").collect();
    assert_eq!(in_group.len(), 3);
    assert!(in_group[0]["with"].is_null() && in_group[0]["direction"] == "out", "{in_group:?}");
    assert_eq!(
        (&in_group[0]["state"], &in_group[2]["with"]),
        (&"delivered".into(), &"melusine".into())
    );
    assert_eq!(texts(rows("copy"), "to"), ["zacharias", "melusine"]);
    assert_eq!(rows("copy")[1]["id"], in_group[0]["id"]);
    let said = messages.iter().filter(|m| SAID.iter().any(|said| m["text"] == *said));
    assert_eq!(said.count(), SAID.len());
    assert_eq!(texts(rows("voice"), "text"), ["call wolfgang, 079 123 45 67"]);
    let mut names = texts(rows("file"), "name");
    names.sort_unstable();
    assert_eq!(names, ["Steuer-Geheim.pdf", "gletscher.wav"]);
    assert_eq!(texts(rows("post"), "name"), ["alpenkarte.gpx"]);
    assert_eq!(rows("grant")[0]["argv"], serde_json::json!(["cat", "/home/bruno/kletterer"]));
    assert_eq!(rows("run")[0]["argv"], serde_json::json!(["echo", "melusine"]));
    for (what, state, with) in [
        ("request", "-", "melusine"),
        ("friend", "confirmed", "zacharias"),
        ("group", "joined", "melusine"),
        ("receipt", "delivered", "zacharias"),
        ("file", "done", "zacharias"),
        ("run", "denied", "zacharias"),
    ] {
        let is_it = |row: &&Value| {
            row["what"] == what
                && row["with"] == with
                && *row["state"].as_str().unwrap_or("-") == *state
        };
        assert!(rows("log").iter().any(|row| is_it(&row)), "{what} {state} {with}");
    }
    let secret = fs::read(world.home("wolfgang").join("identity")).expect("keys");
    let secret = data_encoding::BASE32_NOPAD.encode(&secret[..20]);
    assert!(!out.out.contains(&secret));
}

#[test]
fn an_export_needs_neither_a_server_nor_a_running_hobnob_and_may_ask_one() {
    let mut world = World::new();
    life(&world).end();
    world.server.stop();
    let alone = world.once("wolfgang", &["export"]);
    let mut running = Peer::start(world.signed("wolfgang").args(["--json", "--no-server"]));
    running.settle();
    let hidden = world.once("wolfgang", &["export", "--anonymise"]);
    let counts = |out: &str| lines(out).last().expect("its end")["tables"].clone();
    assert_eq!(counts(hidden.expect_ok()), counts(&alone.out));
    for json in [&[][..], &["--json"][..]] {
        let words: Vec<&str> = json.iter().copied().chain(["export"]).collect();
        let asked = world.once("wolfgang", &words);
        let done = "{\"event\":\"done\",\"ref\":null,\"ok\":true}\n";
        let out = if json.is_empty() { &asked.out } else { asked.out.trim_end_matches(done) };
        assert_eq!(out, alone.expect_ok(), "{json:?}");
        assert_eq!(asked.code, 0);
    }
    let typed = running.ask(&["export"]).expect_ok();
    assert_eq!(typed.lines, lines(&alone.out));
    assert_eq!(tables(world.once("nobody", &["export"]).expect_ok())["me"].len(), 1);
}

#[test]
fn a_file_that_is_exported_to_is_a_new_one_whole_and_closed_to_others() {
    let world = World::new();
    let (ann, mut bob) = crate::files::friends(&world);
    bob.deliver("ann", "hi");
    let here = world.home("ann").parent().expect("a folder").to_owned();
    let mut ask = world.signed("ann");
    let running =
        Process::start(ask.current_dir(&here).args(["export", "--out", "a.jsonl"])).ended();
    assert_eq!(running.expect_ok(), "", "{running:?}");
    ann.stop();
    let mut ask = world.signed("ann");
    let alone = Process::start(ask.current_dir(&here).args(["export", "--out=b.jsonl"])).ended();
    assert_eq!(alone.expect_ok(), "", "{alone:?}");
    for name in ["a.jsonl", "b.jsonl"] {
        let file = here.join(name);
        tables(&fs::read_to_string(&file).expect("it is there"));
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(here.join("a.jsonl")).expect("there");
    let again = world.once("ann", &["export", "--out", text(&here.join("a.jsonl"))]);
    assert!(again.expect_refusal(4).contains("is there already"), "{again:?}");
    assert_eq!(fs::read(here.join("a.jsonl")).expect("there"), before);
    world.once("ann", &["export", "--out", text(&here.join("no/such"))]).expect_refusal(4);
    world.once("ann", &["export", "--out", ""]).expect_refusal(2);
    world.once("ann", &["export", "more"]).expect_refusal(2);
    let parts = fs::read_dir(&here).expect("ours").filter_map(Result::ok);
    let parts = parts.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(parts.count(), 0);
}

#[test]
fn what_cannot_be_written_is_said_and_who_stops_reading_has_read_enough() {
    let world = World::new();
    let mut ann = world.peer("ann");
    let _bob = world.peer("bob");
    for _ in 0..20 {
        ann.deliver("bob", &"x".repeat(60_000));
    }
    for is_running in [true, false] {
        let export = || {
            let mut command = world.signed("ann");
            command.arg("export").stdin(Stdio::null());
            command
        };
        let full = fs::File::create("/dev/full").expect("Linux");
        let full = Process::start_as_set(export().stdout(full)).ended();
        assert!(full.expect_refusal(4).contains("no space left"), "{full:?}");
        let mut head = Command::new("head")
            .args(["-c", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        let head = head.as_mut().expect("head is there");
        let pipe = head.stdin.take().expect("it is piped");
        let cut = Process::start_as_set(export().stdout(pipe)).ended();
        assert_eq!((cut.code, cut.err.as_str()), (0, ""), "running: {is_running}");
        head.wait().expect("ours");
        if is_running {
            let ann = std::mem::replace(&mut ann, world.peer("cyd"));
            ann.stop();
        }
    }
}

/// An export's text without what pseudonyms and ids are made of.
fn bare(out: &str) -> String {
    let lower = out.to_lowercase();
    let schema = lower.find('\n').expect("a first line");
    lower[schema..].to_owned()
}

/// The pseudonyms in an export.
fn pseudonyms(out: &str) -> BTreeSet<&str> {
    let is_of_one = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = out.split(|c| !is_of_one(c));
    words.filter(|word| word.starts_with("person-") || word.starts_with("group-")).collect()
}

fn at(row: &Value, field: &str) -> i64 {
    Wall::parse(row[field].as_str().expect("a moment")).expect("RFC 3339").0
}

#[test]
fn an_anonymised_export_has_nobody_in_it() {
    let world = World::new();
    life(&world).end();
    let plain = world.once("wolfgang", &["export"]);
    let file = world.home("anonymised.jsonl");
    let run = world.once("wolfgang", &["export", "--anonymise", "--out", text(&file)]);
    assert_eq!(run.expect_ok(), "");
    let out = fs::read_to_string(&file).expect("there");
    assert!(out.starts_with("{\"event\":\"schema\",\"version\":1,\"anonymised\":true,"), "{out}");
    tables(&out);
    let keys = tables(&plain.out);
    let keys = keys["person"]
        .iter()
        .chain(&keys["me"])
        .map(|row| row["fingerprint"].as_str().expect("a key").to_lowercase());
    let keys: Vec<String> = keys.collect();
    let spaced = keys.iter().map(|key| key.replace('-', " "));
    let port = world.server.tcp.port().to_string();
    let secrets = SECRETS.iter().map(|secret| (*secret).to_owned());
    let bare = bare(&out);
    for secret in secrets.chain(spaced).chain(keys.iter().cloned()).chain([format!(":{port}")]) {
        let around = bare.find(&secret).map(|at| &bare[at.saturating_sub(60)..]);
        let around = around.map(|text| text.chars().take(160).collect::<String>());
        assert_eq!(around, None, "{secret}");
    }
    assert!(!bare.contains("ｍｅｌｕｓｉｎｅ"), "full width");
    assert!(out.contains("12:30, 3.14 and e.g. version 1.2.3 stay as they are"), "{out}");
}

#[test]
fn an_anonymised_export_keeps_order_counts_times_and_who_talks_to_whom() {
    let world = World::new();
    life(&world).end();
    let plain = world.once("wolfgang", &["export"]);
    let hidden = world.once("wolfgang", &["export", "--anonymize"]);
    let (plain, hidden) = (tables(plain.expect_ok()), tables(hidden.expect_ok()));
    assert_eq!(plain.keys().collect::<Vec<_>>(), hidden.keys().collect::<Vec<_>>());
    let (mut people, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for (table, rows) in &plain {
        assert_eq!(rows.len(), hidden[table].len(), "{table}");
        for (row, hidden) in rows.iter().zip(&hidden[table]) {
            let fields = |row: &Value| row.as_object().expect("a row").keys().cloned().collect();
            let (one, other): (Vec<String>, Vec<String>) = (fields(row), fields(hidden));
            assert_eq!(one, other, "{row} {hidden}");
            for field in ["seq", "direction", "state", "friendship", "blocked", "what", "place"] {
                assert_eq!(row[field], hidden[field], "{row} {hidden}");
            }
            for field in ["with", "person", "to", "leader", "group"] {
                let Some(who) = row[field].as_str() else { continue };
                let pseudonym = people.entry(who.to_owned()).or_insert(hidden[field].clone());
                assert_eq!(*pseudonym, hidden[field], "{row} {hidden}");
            }
            if let Some(id) = row["id"].as_str() {
                let hidden_id = ids.entry(id.to_owned()).or_insert(hidden["id"].clone());
                assert_eq!(*hidden_id, hidden["id"], "{row} {hidden}");
            }
        }
    }
    let different: BTreeSet<String> = people.values().map(Value::to_string).collect();
    assert_eq!(different.len(), people.len(), "{people:?}");
    let (messages, hidden) = (&plain["message"], &hidden["message"]);
    let shift = at(&messages[0], "at") - at(&hidden[0], "at");
    for (message, hidden) in messages.iter().zip(hidden) {
        let off = (at(message, "at") - at(hidden, "at") - shift).abs();
        assert!(off < 10_000 && at(hidden, "at") % 10_000 == 0, "{message} {hidden}");
    }
    let who = people["zacharias"].as_str().expect("a pseudonym").to_owned();
    let said = hidden[4]["text"].as_str().expect("a text");
    assert!(said.starts_with(&format!("hi {who}, {who}'s key and @{who}_ met person-")), "{said}");
}

#[test]
fn two_anonymised_exports_share_no_pseudonym_no_id_and_no_moment() {
    let world = World::new();
    life(&world).end();
    let export = || world.once("wolfgang", &["export", "--anonymise"]);
    let (one, other) = (export(), export());
    let (of_one, of_other) = (pseudonyms(one.expect_ok()), pseudonyms(other.expect_ok()));
    assert!(of_one.len() >= 6 && of_one.len() == of_other.len(), "{of_one:?}");
    assert_eq!(of_one.intersection(&of_other).next(), None);
    let (one, other) = (tables(&one.out), tables(&other.out));
    for (one, other) in one["message"].iter().zip(&other["message"]) {
        assert_ne!(one["id"], other["id"]);
        assert_ne!(one["at"], other["at"]);
    }
}
