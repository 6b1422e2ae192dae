//! The architecture and the house style, checked over `src`: who imports whom, what `proto` may not
//! name, who owns which crate, and the numbers. Each rule is also tried on a sample that breaks it.

#[path = "layers/rules.rs"]
mod rules;
#[path = "layers/source.rs"]
mod source;

use rules::Fault;
use source::Source;
use std::path::Path;

fn assert_holds(rule: fn(&Source) -> Vec<Fault>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = Source::read_all(root).expect("src is readable");
    assert!(sources.len() > 20, "only {} files found below src", sources.len());
    let faults: Vec<Fault> = sources.iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn modules_import_only_what_their_row_grants() {
    assert_holds(rules::imports);
    assert_holds(rules::rows);
}

#[test]
fn crates_are_named_only_by_their_owners() {
    assert_holds(rules::crates);
}

#[test]
fn clocks_and_entropy_are_read_only_by_the_two_programs() {
    assert_holds(rules::clocks);
}

#[test]
fn proto_names_nothing_of_the_operating_system() {
    assert_holds(rules::purity);
}

#[test]
fn lines_fit_the_page() {
    assert_holds(rules::columns);
}

#[test]
fn functions_fit_on_a_page() {
    assert_holds(rules::functions);
}

#[test]
fn files_stay_short() {
    assert_holds(rules::files);
}

#[test]
fn nothing_unwraps_without_saying_why() {
    assert_holds(rules::unwraps);
}

#[test]
fn no_dead_code_is_told_to_be_quiet() {
    assert_holds(rules::dead_code);
}

mod samples {
    use super::*;

    /// The lines at which a rule finds fault in a file of this name and text.
    fn faults(rule: fn(&Source) -> Vec<Fault>, file: &str, text: &str) -> Vec<usize> {
        let line_of = |fault: Fault| {
            let line = fault.split(':').nth(1).expect("a fault names file and line");
            line.parse().expect("a line is a number")
        };
        rule(&Source::new(Path::new(file), text)).into_iter().map(line_of).collect()
    }

    #[test]
    fn an_import_past_the_table_is_found_however_it_is_written() {
        let found = |file: &str, text: &str| faults(rules::imports, file, text);
        assert_eq!(found("src/proto/client/mod.rs", "use crate::proto::server::Server;"), [1]);
        assert_eq!(found("src/proto/client/chat.rs", "\nuse super::super::server;"), [2]);
        assert_eq!(found("src/proto/wire/mod.rs", "use super::{link::Link, time};"), [1]);
        assert_eq!(found("src/proto/wire/mod.rs", "use super::{id::{A, B}, time::Now};"), []);
        assert_eq!(found("src/proto/time.rs", "fn f() { crate::proto::wire::split() }"), [1]);
        assert_eq!(found("src/proto/time.rs", "mod a { use super::super::crypto; }"), [1]);
        assert_eq!(found("src/shell/store/mod.rs", "use crate::shell::reactor::Reactor;"), [1]);
        assert_eq!(found("src/shell/front/mod.rs", "use crate::proto::client as c;"), [1]);
        assert_eq!(found("src/proto/link/mod.rs", "use crate::shell::client::run;"), [1]);
        assert_eq!(found("src/proto/link/mod.rs", "use crate::proto;"), [1]);
        assert_eq!(found("src/bin/hobnob.rs", "use hobnob::proto::client::Client;"), [1]);
        assert_eq!(found("src/proto/link/mod.rs", "use crate::proto::attic::Old;"), [1]);
    }

    #[test]
    fn granted_imports_and_mere_mentions_pass() {
        let found = |file: &str, text: &str| faults(rules::imports, file, text);
        let all = "use crate::proto::{client::Client, server::{Config, Server}, time::*};";
        assert_eq!(found("src/shell/daemon.rs", all), []);
        assert_eq!(found("src/proto/client/chat.rs", "use super::session::Session;"), []);
        assert_eq!(found("src/proto/id.rs", "#[cfg(test)]\nmod tests { use super::*; }"), []);
        let words = "/* use crate::shell; */ // crate::shell\nconst A: &str = \"crate::shell::x\";";
        assert_eq!(found("src/proto/id.rs", words), []);
        assert_eq!(found("src/proto/id.rs", "const A: &str = r#\"\" crate::shell::x\"#;"), []);
    }

    #[test]
    fn a_module_without_a_row_is_found() {
        assert_eq!(faults(rules::rows, "src/proto/attic/mod.rs", "fn f() {}"), [1]);
        assert_eq!(faults(rules::rows, "src/attic.rs", "fn f() {}"), [1]);
        assert_eq!(faults(rules::rows, "src/lib.rs", "pub mod proto;"), []);
        assert_eq!(faults(rules::rows, "src/shell/client/mod.rs", "fn f() {}"), []);
    }

    #[test]
    fn a_crate_away_from_its_owner_is_found() {
        let found = |file: &str, text: &str| faults(rules::crates, file, text);
        assert_eq!(found("src/shell/front/mod.rs", "use mio::Poll;"), [1]);
        assert_eq!(found("src/shell/reactor/tcp.rs", "use mio::Poll;"), []);
        assert_eq!(found("src/shell/client.rs", "fn f() -> ::rusqlite::Result<()> {}"), [1]);
        assert_eq!(found("src/proto/link/mod.rs", "type S = snow::HandshakeState;"), [1]);
        assert_eq!(found("src/proto/crypto/mod.rs", "use snow;\nuse blake2::Blake2s256;"), []);
        assert_eq!(found("src/proto/link/mod.rs", "use crate::proto::crypto::snow::S;"), []);
    }

    #[test]
    fn a_clock_read_away_from_the_programs_is_found() {
        let found = |file: &str, text: &str| faults(rules::clocks, file, text);
        let reads = "fn f() { std::time::Instant::now() }\nfn g() { SystemTime::now() }";
        assert_eq!(found("src/shell/reactor/mod.rs", reads), [1, 2]);
        assert_eq!(found("src/shell/client/clock.rs", reads), []);
        assert_eq!(found("src/shell/store/mod.rs", "fn f() { getrandom::fill(b) }"), [1]);
        assert_eq!(found("src/shell/store/mod.rs", "fn f(i: I) { i.elapsed() }"), [1]);
        let test = "#[cfg(test)]\nmod tests { fn f() { Instant::now() } }";
        assert_eq!(found("src/shell/reactor/mod.rs", test), []);
    }

    #[test]
    fn whatever_is_impure_in_proto_is_found() {
        let found = |text: &str| faults(rules::purity, "src/proto/client/mod.rs", text);
        for bad in [
            "use std::{fs, io};",
            "use std::net::{IpAddr, UdpSocket};",
            "use std::net::TcpListener;",
            "fn f() { std::env::var(\"X\") }",
            "use std::thread::spawn;",
            "use std::process::Command;",
            "use std::time::Instant;",
            "fn f(at: SystemTime) {}",
            "use std::collections::{BTreeMap, HashMap};",
            "#[cfg(test)] mod tests { use std::collections::HashSet; }",
            "fn f() { println!(\"x\") }",
        ] {
            assert_eq!(found(bad), [1], "{bad}");
        }
        assert_eq!(found("#[cfg(test)] mod tests { fn f() { println!(\"figure\") } }"), []);
        let fine = "use std::io::ErrorKind;\nuse std::net::{IpAddr, SocketAddr};\n// HashMap";
        assert_eq!(found(fine), []);
        assert_eq!(faults(rules::purity, "src/shell/disk.rs", "use std::fs;"), []);
    }

    #[test]
    fn what_is_too_long_is_found() {
        let wide = format!("fn f() {{}}\n// {}", "é".repeat(98));
        assert_eq!(faults(rules::columns, "src/proto/id.rs", &wide), [2]);
        assert_eq!(faults(rules::columns, "src/proto/id.rs", &wide[..wide.len() - 2]), []);

        let long = format!("\nfn f(a: [u8; 2]) {{{}}}", "\n".repeat(70));
        assert_eq!(faults(rules::functions, "src/proto/id.rs", &long), [2]);
        let short = long.replacen("\n\n", "\n", 1);
        assert_eq!(faults(rules::functions, "src/proto/id.rs", &short), []);

        let many = "const A: u8 = 1;\n".repeat(501);
        let tests = "#[cfg(test)]\nmod tests {\n\n}\n";
        assert_eq!(faults(rules::files, "src/proto/id.rs", &many), [1]);
        assert_eq!(faults(rules::files, "src/proto/id/tests.rs", &many), []);
        assert_eq!(faults(rules::files, "src/proto/id.rs", &format!("{tests}{}", &many[17..])), []);
    }

    #[test]
    fn unwraps_and_quiet_dead_code_are_found() {
        let found = |text: &str| faults(rules::unwraps, "src/proto/id.rs", text);
        assert_eq!(found("fn f() {\n    x.unwrap()\n}"), [2]);
        assert_eq!(found("fn f() { x.unwrap_or(1) }"), []);
        assert_eq!(found("#[cfg(test)]\nmod tests { fn f() { x.unwrap() } }\nfn g() {}"), []);

        let found = |text: &str| faults(rules::dead_code, "src/proto/id.rs", text);
        assert_eq!(found("#[allow(dead_code)]\nfn f() {}"), [1]);
        assert_eq!(found("#![allow(clippy::x, unused)]"), [1]);
        assert_eq!(found("#[allow(clippy::x)]\nfn f() { expect(dead_code) }"), []);
    }
}
