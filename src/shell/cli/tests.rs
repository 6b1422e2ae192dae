//! What argv and environment become.

use super::*;
use crate::proto::model::person::Fingerprint;
use crate::shell::front::help;

fn run(argv: &[&str], env: &[(&str, &str)]) -> Result<Parsed<ClientOptions>, Wrong> {
    run_with(argv, env, "")
}

/// The same with a file of options in the profile `/p`.
fn run_with(
    argv: &[&str],
    env: &[(&str, &str)],
    file: &str,
) -> Result<Parsed<ClientOptions>, Wrong> {
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    let env = |name: &str| {
        let home = [("HOME", "/home/me")];
        let found = env.iter().chain(&home).find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    client(&argv, &env, &|path| Ok((path == Path::new("/p/config")).then(|| file.to_owned())))
}

fn with_file(argv: &[&str], file: &str) -> ClientOptions {
    match run_with(&[&["-H", "/p"], argv].concat(), &[], file) {
        Ok(Parsed::Run(options)) => options,
        other => panic!("{argv:?}: {other:?}"),
    }
}

/// What is wrong with a file of options.
fn fault(file: &str) -> String {
    run_with(&["-H", "/p"], &[], file).expect_err(file).why
}

fn options(argv: &[&str]) -> ClientOptions {
    match run(argv, &[]) {
        Ok(Parsed::Run(options)) => options,
        other => panic!("{argv:?}: {other:?}"),
    }
}

fn daemon(argv: &[&str]) -> Result<Parsed<ServerOptions>, Wrong> {
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    let env = |name: &str| (name == "XDG_DATA_HOME").then(|| "/data".to_owned());
    let file = "hold-days = 7\njson = yes\n";
    server(&argv, &env, &|path| Ok((path == Path::new("/d/config")).then(|| file.to_owned())))
}

#[test]
fn defaults_are_the_documented_ones() {
    let given = options(&[]);
    assert_eq!(given.home, PathBuf::from("/home/me/.local/share/hobnob"));
    assert_eq!((given.name, given.server, given.listen), (None, None, None));
    assert_eq!((given.accept, given.until), (Consent::Friends, Stage::Held));
    assert_eq!((given.timeout_ms, given.verbose), (10_000, 0));
    assert!(given.port_mapping && !options(&["--port-mapping", "no"]).port_mapping);
    assert!(!given.json && !given.time && !given.no_server && given.words.is_empty());
    let Ok(Parsed::Run(given)) = daemon(&[]) else { panic!("hobnobd without options") };
    assert_eq!(Some(given.pool), Pool::parse("100.64.0.0/10"));
    assert_eq!((given.max_clients, given.hold_days), (10_000, 30));
    assert_eq!(given.data, PathBuf::from("/data/hobnobd"));
    assert_eq!((given.listen, given.hold_bytes), (None, 16 * 1024 * 1024));
}

#[test]
fn environment_stands_in_and_options_outweigh_it() {
    let env = [("HOBNOB_HOME", "/p"), ("HOBNOB_SERVER", "here:1"), ("HOBNOB_NAME", "Bob")];
    let Ok(Parsed::Run(given)) = run(&["-n", "carol"], &env) else { panic!("good options") };
    assert_eq!(given.home, PathBuf::from("/p"));
    assert_eq!(given.server.expect("from the environment").to_string(), "here:1");
    assert_eq!(given.name, Name::parse("carol").ok());
    assert!(run(&[], &[("HOBNOB_NAME", "1bob")]).is_err());
}

#[test]
fn a_file_in_the_profile_stands_in_for_options() {
    let given = with_file(
        &[],
        "name = carol\nserver = \"here:1\"\ntime = yes\njson = no\nverbose = 2\ntimeout = 30\n\
         wait = delivered\nrun-memory = 1G\nnotify = say {from}\ntranscriber = ''\n\
         on = message echo 'a b'\non = all cat\nfiles = ~/inbox\n",
    );
    assert_eq!(given.name, Name::parse("carol").ok());
    assert_eq!(given.server.expect("given").to_string(), "here:1");
    assert_eq!((given.time, given.json, given.verbose, given.timeout_ms), (true, false, 2, 30_000));
    assert_eq!((given.until, given.run_memory_bytes), (Stage::Delivered, 1 << 30));
    assert_eq!(given.notify, Some(vec!["say".to_owned(), "{from}".to_owned()]));
    assert_eq!((given.transcriber, given.files.as_str()), (Some(Vec::new()), "~/inbox"));
    assert_eq!(given.on.len(), 2);
    assert_eq!(given.on[0].argv, ["echo", "a b"]);
    let Ok(Parsed::Run(given)) = daemon(&["-d", "/d"]) else { panic!("good options") };
    assert!(given.json && given.hold_days == 7);
}

#[test]
fn the_command_line_outweighs_the_environment_and_that_the_file() {
    let file = "timeout = 30\nname = file\nno-server = yes\non = all cat\nverbose = 1\n";
    let env = [("HOBNOB_NAME", "env"), ("HOBNOB_HOME", "/p")];
    let argv = ["-t5", "-vv", "--on", "ready", "echo"];
    let Ok(Parsed::Run(given)) = run_with(&argv, &env, file) else { panic!("good options") };
    assert_eq!((given.timeout_ms, given.verbose), (5_000, 2));
    assert_eq!((given.name, given.no_server), (Name::parse("env").ok(), true));
    assert_eq!(given.on.iter().map(|on| on.argv[0].as_str()).collect::<Vec<_>>(), ["cat", "echo"]);
    let given = with_file(&["-s", "here:1"], file);
    assert!(!given.no_server, "who names a server wants it");
    assert!(with_file(&["--no-server"], "server = here:1").no_server);
    assert_eq!(run(&[], &env).expect("no such file"), run_with(&[], &env, "").expect("empty"));
}

#[test]
fn a_switch_of_the_file_is_taken_back_on_the_command_line() {
    let file = "time = yes\njson = yes\n";
    let given = with_file(&["--json=no", "who", "--time=no"], file);
    assert_eq!((given.json, given.time, given.words), (false, false, vec!["who".to_owned()]));
    let given = with_file(&["--json=no", "-vj", "--time=yes"], "");
    assert_eq!((given.json, given.time, given.verbose), (true, true, 1), "the last counts");
    let Err(wrong) = run(&["--time=maybe"], &[]) else { panic!("no such value") };
    assert_eq!(wrong.why, "--time maybe: expected yes or no");
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    for (file, why) in [
        ("\n\nnmae = bob", "/p/config:3: no such option: nmae [did you mean name?]"),
        ("frobnicate = 1", "/p/config:1: no such option: frobnicate [see --help]"),
        ("help = yes", "/p/config:1: no such option: help [see --help]"),
        ("home = /q", "/p/config:1: home: says where this file is, and so cannot stand in it"),
        ("timeout = 1\ntimeout = 2", "/p/config:2: timeout: given before, in line 1"),
        ("json = true", "/p/config:1: json = true: expected yes or no"),
        ("verbose = yes", "/p/config:1: verbose = yes: expected a number"),
        ("#\ntimeout = soon", "/p/config:2: timeout = soon: expected seconds"),
        (
            "on = message",
            "/p/config:1: on = message: expected a kind of event or all, and a command",
        ),
        ("json", "/p/config:1: expected KEY = VALUE"),
    ] {
        assert_eq!(fault(file), why);
    }
    let env = run(&[], &[("HOBNOB_NAME", "1bob")]).expect_err("a wrong name");
    assert!(env.why.starts_with("HOBNOB_NAME=1bob: a name is"), "{}", env.why);
    let unread = |kind| {
        let fails = |_: &Path| Err(io::Error::new(kind, "why"));
        let wrong = client(&["-H/p".to_owned()], &|_| None, &fails).expect_err("it fails");
        assert_eq!(wrong.why, "/p/config: why");
        wrong.exit
    };
    assert_eq!(unread(io::ErrorKind::PermissionDenied), Exit::Local);
    assert_eq!(unread(io::ErrorKind::InvalidData), Exit::Usage);
}

#[test]
fn what_is_in_force_is_told_with_where_it_comes_from() {
    let given = with_file(&["-t5", "--on", "ready", "echo"], "# mine\nname = bob\non = all cat");
    let rows: Vec<_> = given.settings.iter().map(|s| [&s.name[..], &s.value, &s.from]).collect();
    for row in [
        ["home", "/p", "command line"],
        ["name", "bob", "config:2"],
        ["no-server", "no", "default"],
        ["timeout", "5", "command line"],
        ["files", "/p/files", "default"],
        ["on", "all cat", "config:3"],
        ["on", "ready echo", "command line"],
        ["run-memory", "256M", "default"],
        ["verbose", "0", "default"],
    ] {
        assert!(rows.contains(&row), "{row:?} in {rows:?}");
    }
    assert!(rows.iter().all(|[name, ..]| *name != "server" && *name != "help"));
}

#[test]
fn each_default_is_the_one_that_help_tells() {
    for row in options::CLIENT.iter().chain(options::SERVER) {
        let is_told =
            row.hint.is_empty() || row.help.ends_with(&format!("(default: {})", row.default));
        assert!(is_told || row.default.is_empty(), "{}", row.long);
        let flag = row.hint.is_empty() && !["help", "version", "verbose"].contains(&row.long);
        assert_eq!(row.default == "no", flag, "{}", row.long);
    }
}

#[test]
fn an_address_behind_host_is_its_own_and_a_verb_is_none() {
    let at = |text: &str| Hosting::At(text.parse().expect("an address"));
    for (argv, host, words) in [
        (&["who"][..], Hosting::No, &["who"][..]),
        (&["--host", "who"], Hosting::Anywhere, &["who"]),
        (&["--host"], Hosting::Anywhere, &[]),
        (&["--host", "127.0.0.1:7", "who"], at("127.0.0.1:7"), &["who"]),
        (&["--host=[::1]:7", "-j", "who"], at("[::1]:7"), &["who"]),
        (&["-j", "who", "--host", "[::1]:7"], at("[::1]:7"), &["who"]),
        (&["who", "--host", "bob"], Hosting::Anywhere, &["who", "bob"]),
        (&["--host", "1.2.3.4:7", "--host=no"], Hosting::No, &[]),
        (&["--host=no", "--host", "--server", "h:1"], Hosting::Anywhere, &[]),
    ] {
        let given = options(argv);
        assert_eq!(given.host, host, "{argv:?}");
        assert_eq!(given.words, words, "{argv:?}");
    }
}

#[test]
fn who_hosts_signs_in_there_unless_another_server_is_named_beside_it() {
    assert!(options(&["--host", "--server", "h:1"]).server.is_some());
    let set = |argv: &[&str]| match run(argv, &[("HOBNOB_SERVER", "h:1")]) {
        Ok(Parsed::Run(options)) => options.server,
        other => panic!("{other:?}"),
    };
    assert!(set(&["who"]).is_some());
    assert_eq!(set(&["--host", "who"]), None);
}

#[test]
fn seconds_may_have_a_fraction() {
    let read = [("2", 2_000), ("0.25", 250), (".5", 500), ("3.", 3_000), ("1.23456", 1_234)];
    for (text, ms) in read {
        assert_eq!(values::timeout(text), Some(ms), "{text}");
    }
    for text in ["", ".", "-1", "1e3", "1.2.3", "soon", "1.x", "1.éé", "99999999999"] {
        assert_eq!(values::timeout(text), None, "{text}");
    }
}

#[test]
fn options_stand_before_the_verb_or_behind_it_but_never_inside_text() {
    for argv in [
        ["--wait", "delivered", "-j", "msg", "bob", "hi"],
        ["msg", "--wait", "delivered", "-j", "bob", "hi"],
        ["-j", "msg", "--wait", "delivered", "bob", "hi"],
    ] {
        let given = options(&argv);
        assert_eq!(given.until, Stage::Delivered, "{argv:?}");
        assert!(given.json, "{argv:?}");
        assert_eq!(given.words, ["msg", "bob", "hi"], "{argv:?}");
    }
    let given = options(&["msg", "bob", "-j", "--wait", "x"]);
    assert_eq!(given.words, ["msg", "bob", "-j", "--wait", "x"]);
    assert!(!given.json);
    let given = options(&["msg", "bob", "--", "x"]);
    assert_eq!(given.words, ["msg", "bob", "--", "x"]);
    let given = options(&["history", "bob", "-t5", "--limit", "3", "--json"]);
    assert_eq!(given.words, ["history", "bob", "--limit", "3"]);
    assert_eq!((given.timeout_ms, given.json), (5_000, true));
    assert_eq!(options(&["list", "online", "--json"]).words, ["list", "online"]);
    assert_eq!(options(&["wait", "--match=-j", "-j"]).words, ["wait", "--match=-j"]);
    assert!(run(&["history", "--nope"], &[]).is_err());
    let given = options(&["run", "-t", "5", "bob", "ls", "-t", "--json"]);
    assert_eq!(given.words, ["run", "bob", "ls", "-t", "--json"]);
    assert_eq!((given.timeout_ms, given.json), (5_000, false));
    let given = options(&["grant", "--until", "2h", "-j", "bob", "ls", "-j"]);
    assert_eq!(given.words, ["grant", "--until", "2h", "bob", "ls", "-j"]);
    assert_eq!(options(&["group", "say", "a", "-j"]).words, ["group", "say", "a", "-j"]);
}

#[test]
fn limits_of_commands_are_bytes_with_or_without_a_unit() {
    let given = options(&["--run-seconds", "5", "--run-output", "4k", "--run-memory", "1G"]);
    assert_eq!((given.run_seconds, given.run_output_bytes), (5, 4096));
    assert_eq!(given.run_memory_bytes, 1 << 30);
    let given = options(&[]);
    assert_eq!((given.run_seconds, given.run_output_bytes), (60, 1024 * 1024));
    assert_eq!(given.run_memory_bytes, 256 * 1024 * 1024);
    assert_eq!(given.files, "/home/me/.local/share/hobnob/files");
    for bad in ["", "0", "M", "1.5M", "1MM", "-1", "1 M", "99999999999G"] {
        assert!(run(&["--run-memory", bad], &[]).is_err(), "{bad}");
    }
}

#[test]
fn a_transcriber_is_a_command_line_with_the_file_in_it_or_none() {
    let words = |words: &[&str]| Some(words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
    assert_eq!(options(&[]).transcriber, None);
    assert_eq!(options(&["--transcriber", ""]).transcriber, words(&[]));
    let given = options(&["--transcriber", "my 'w r' --in={wav} $x"]);
    assert_eq!(given.transcriber, words(&["my", "w r", "--in={wav}", "$x"]));
    let none = [("HOBNOB_TRANSCRIBER", "")];
    let Ok(Parsed::Run(given)) = run(&[], &none) else { panic!("good options") };
    assert_eq!(given.transcriber, words(&[]));
    assert!(run(&["--transcriber", "whisper"], &[]).is_err());
    assert!(run(&["--transcriber", "'{wav}"], &[]).is_err());
}

#[test]
fn a_hook_is_a_kind_of_event_and_a_command_in_one_word_or_two() {
    let expected = On { event: Some("message"), argv: vec!["a b".to_owned(), "$c".to_owned()] };
    for argv in [
        &["--on", "message", "'a b' $c", "-j", "who"][..],
        &["--on=message", "'a b' $c", "-j", "who"],
        &["--on", "message 'a b' $c", "-j", "who"],
        &["-jt", "5", "--on", "message", "'a b' $c", "who"],
        &["who", "-jt", "5", "--on", "message", "'a b' $c"],
        &["who", "--on", "message  'a b' $c", "-j"],
    ] {
        let given = options(argv);
        assert_eq!(given.on, std::slice::from_ref(&expected), "{argv:?}");
        assert!(given.json && given.words == ["who"], "{argv:?}");
    }
    let given = options(&["--on", "all", "a", "--on", "file", "b", "--on-seconds", "5"]);
    assert_eq!(given.on[0], On { event: None, argv: vec!["a".to_owned()] });
    assert_eq!((given.on[1].event, given.on_seconds), (Some("file"), 5));
    assert_eq!(options(&["msg", "bob", "--on", "message", "x"]).on, []);
    for bad in [&["--on"][..], &["--on", "all"], &["--on", "al x"], &["--on", "all '"]] {
        assert!(run(bad, &[]).is_err(), "{bad:?}");
    }
}

#[test]
fn server_addresses_have_a_default_port_and_a_key() {
    let key = Fingerprint(crate::proto::bytes::Bytes([7; 20]));
    for (text, host, port, pinned) in [
        ("example.org", "example.org", 12_000, None),
        ("example.org:5", "example.org", 5, None),
        ("127.0.0.1:5", "127.0.0.1", 5, None),
        ("[::1]:5", "::1", 5, None),
        ("[::1]", "::1", 12_000, None),
        ("::1", "::1", 12_000, None),
        (&format!("h:5#{key}"), "h", 5, Some(key)),
        (&format!("h#{key}"), "h", 12_000, Some(key)),
    ] {
        let expected = ServerAddress { host: host.to_owned(), port, key: pinned };
        assert_eq!(server_address(text), Some(expected), "{text}");
    }
    for bad in ["", ":5", "h:", "h:0", "h:99999", "h:5#", "h:5#ABC", "[::1", "[x]:5", "a b:5"] {
        assert_eq!(server_address(bad), None, "{bad}");
    }
    assert_eq!(server_address("[::1]:5").expect("good").to_string(), "[::1]:5");
}

#[test]
fn a_wrong_command_line_is_one_line_in_lower_case() {
    for bad in [
        &["--nope"][..],
        &["-x"],
        &["--name"],
        &["--name", "no such"],
        &["--server", ":"],
        &["--listen", "here"],
        &["--accept", "some"],
        &["--port-mapping", "maybe"],
        &["--port-mapping"],
        &["--wait", "refused"],
        &["--timeout", "-1"],
        &["--timeout", "soon"],
    ] {
        let why = run(bad, &[]).expect_err("a wrong command line").why;
        assert!(!why.contains('\n'), "{why}");
        assert!(!why.starts_with(|c: char| c.is_ascii_uppercase()), "{why}");
    }
    for bad in [
        &["x"][..],
        &["--pool", "1.2.3.4"],
        &["--max-clients", "0"],
        &["--hold-days", "many"],
        &["--hold-bytes", "-1"],
    ] {
        assert!(daemon(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn help_names_every_option_verb_and_exit_code() {
    let Ok(Parsed::Print(text)) = run(&["--help"], &[]) else { panic!("help") };
    for options::OptionRow { long, .. } in options::CLIENT {
        assert!(text.contains(&format!("--{long}")), "{long}");
    }
    assert!(text.contains(&help::all()));
    for code in 0..=6 {
        assert!(text.contains(&format!("\n  {code}  ")), "{code}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100));
    let Ok(Parsed::Print(text)) = run(&["msg", "-h"], &[]) else { panic!("help") };
    assert!(text.starts_with("usage: hobnob"));
    let Ok(Parsed::Print(text)) = daemon(&["--version"]) else { panic!("version") };
    assert!(text.starts_with("hobnobd "));
}
