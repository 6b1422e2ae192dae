//! The rules. Each takes one file and gives its faults as `file:line: what`.

use crate::source::{Named, Source};

/// A fault, worded for the one who made it.
pub type Fault = String;

/// Modules that everybody may import and that import only each other.
const BASE: [&str; 10] =
    ["machine", "time", "id", "bytes", "limits", "timers", "table", "gather", "pack", "json"];

/// Which layer may import which, beside itself. Only `shell::{client,daemon}` import everything.
const IMPORTS: [(&str, &[&str]); 23] = [
    ("base", &[]),
    ("proto::model", &["base"]),
    ("proto::crypto", &["base", "proto::model"]),
    ("proto::wire", &["base", "proto::model"]),
    ("proto::link", &["base", "proto::crypto", "proto::wire", "proto::model"]),
    ("proto::datagram", &["base", "proto::crypto", "proto::model"]),
    ("proto::portmap", &["base"]),
    ("proto::client", CORE),
    ("proto::server", CORE),
    ("shell::reactor", &["base", "proto::model"]),
    ("shell::store", &["base", "proto::model"]),
    ("shell::front", &["base", "proto::model"]),
    ("shell::disk", &["base", "proto::model"]),
    // Pseudonyms are made with a key.
    ("shell::export", &["base", "proto::model", "proto::crypto"]),
    // `--help` and argv come from the table of verbs.
    ("shell::cli", &["base", "proto::model", "shell::front", "shell::disk", "shell::config"]),
    ("shell::config", &["base", "proto::model"]),
    ("shell::system", &["base", "shell::disk"]),
    ("shell::stdout", &[]),
    ("shell::frames", &[]),
    ("shell::client", EVERYTHING),
    ("shell::daemon", EVERYTHING),
    ("bin", &["proto::model", "shell::cli", "shell::client", "shell::daemon"]),
    ("root", &[]),
];
const CORE: &[&str] = &[
    "base",
    "proto::crypto",
    "proto::wire",
    "proto::model",
    "proto::link",
    "proto::datagram",
    "proto::portmap",
];
const EVERYTHING: &[&str] = &[
    "base",
    "proto::model",
    "proto::crypto",
    "proto::wire",
    "proto::link",
    "proto::datagram",
    "proto::portmap",
    "proto::client",
    "proto::server",
    "shell::reactor",
    "shell::store",
    "shell::front",
    "shell::disk",
    "shell::export",
    "shell::cli",
    "shell::config",
    "shell::system",
    "shell::stdout",
    "shell::client",
    "shell::daemon",
];

/// Crates that one layer alone may name.
const CRATES: [(&str, &str); 10] = [
    ("mio", "shell::reactor"),
    ("signal_hook_mio", "shell::reactor"),
    ("slab", "shell::reactor"),
    ("socket2", "shell::reactor"),
    ("rusqlite", "shell::store"),
    ("snow", "proto::crypto"),
    ("x25519_dalek", "proto::crypto"),
    ("ed25519_dalek", "proto::crypto"),
    ("chacha20poly1305", "proto::crypto"),
    ("blake2", "proto::crypto"),
];

/// Layers that may read clocks and entropy.
const CLOCK_OWNERS: [&str; 3] = ["shell::system", "shell::client", "shell::daemon"];

/// What `proto` may not name, as the path ends or begins.
const IMPURE_PATHS: [&str; 4] = ["std::fs", "std::env", "std::thread", "std::process"];
const IMPURE_WORDS: [&str; 4] = ["Instant", "SystemTime", "HashMap", "HashSet"];
const IMPURE_MACROS: [&str; 4] = ["println", "print", "eprintln", "eprint"];

const COLUMNS: usize = 100;
const FUNCTION_LINES: usize = 70;
const FILE_LINES: usize = 500;

/// Imports that the table does not grant.
pub fn imports(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for named in source.named() {
        let Some(path) = named.in_crate() else { continue };
        let Some(from) = layer(&named.module) else { continue };
        let granted = |to: &str| {
            to == from || IMPORTS.iter().any(|(row, may)| *row == from && may.contains(&to))
        };
        match layer(&path) {
            Some("root") => {
                let what = format!("{}: name the module, not what is above it", named.text());
                faults.push(fault(source, named.line, &what));
            }
            Some(to) if granted(to) => {}
            Some(to) => {
                let what = format!("{from} may not import {to} ({})", named.text());
                faults.push(fault(source, named.line, &what));
            }
            None => {
                let what = format!("{} is in no row of the import table", named.text());
                faults.push(fault(source, named.line, &what));
            }
        }
    }
    faults
}

/// Files whose module is in no row of the table.
pub fn rows(source: &Source) -> Vec<Fault> {
    match source.tokens.first().map(|token| layer(&token.module)) {
        Some(None) => vec![fault(source, 1, "give this module a row in the import table")],
        Some(Some(_)) | None => Vec::new(),
    }
}

/// Crates named outside the layer that owns them.
pub fn crates(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for named in source.named() {
        let owner = CRATES.iter().find(|(name, _)| *name == named.path[0]);
        let Some((name, owner)) = owner else { continue };
        if layer(&named.module) != Some(owner) {
            faults.push(fault(source, named.line, &format!("{name} belongs to {owner} alone")));
        }
    }
    faults
}

/// Clocks and entropy read outside the layers that own them; tests of `shell` may.
pub fn clocks(source: &Source) -> Vec<Fault> {
    let is_read = |named: &Named| {
        let last_two = &named.path[named.path.len().saturating_sub(2)..];
        last_two == ["Instant", "now"]
            || last_two == ["SystemTime", "now"]
            || last_two.last().is_some_and(|last| last == "clock_gettime")
            || named.path[0] == "getrandom"
    };
    let mut faults = Vec::new();
    for named in source.named() {
        let owned = layer(&named.module).is_some_and(|layer| CLOCK_OWNERS.contains(&layer));
        if is_read(&named) && !owned && !named.in_test {
            let what = format!("{}: the time and the dice are told, not read", named.text());
            faults.push(fault(source, named.line, &what));
        }
    }
    for (at, token) in source.tokens.iter().enumerate() {
        let owned = layer(&token.module).is_some_and(|layer| CLOCK_OWNERS.contains(&layer));
        let elapsed = source.text(at) == "." && source.text(at + 1) == "elapsed";
        if elapsed && !owned && !token.in_test {
            faults.push(fault(source, token.line, "elapsed() reads the clock"));
        }
    }
    faults
}

/// Words that `proto` may not use, its tests neither; but these may print their figures.
pub fn purity(source: &Source) -> Vec<Fault> {
    let is_proto = |module: &[String]| module.first().is_some_and(|first| first == "proto");
    let mut faults = Vec::new();
    for named in source.named().iter().filter(|named| is_proto(&named.module)) {
        let path = named.text();
        let is_socket = ["std::net::Udp", "std::net::Tcp"].iter().any(|s| path.starts_with(s));
        let is_system =
            IMPURE_PATHS.iter().any(|s| path == *s || path.starts_with(&format!("{s}::")));
        if is_socket || is_system || path == "std::net::*" || path == "std::*" {
            faults.push(fault(source, named.line, &format!("{path} in proto")));
        }
    }
    for (at, token) in source.tokens.iter().enumerate().filter(|(_, t)| is_proto(&t.module)) {
        let text = token.text.as_str();
        let is_macro =
            IMPURE_MACROS.contains(&text) && source.text(at + 1) == "!" && !token.in_test;
        if IMPURE_WORDS.contains(&text) || is_macro {
            faults.push(fault(source, token.line, &format!("{text} in proto")));
        }
    }
    faults
}

/// Lines wider than the page.
pub fn columns(source: &Source) -> Vec<Fault> {
    let wide = |(_, line): &(usize, &String)| line.chars().count() > COLUMNS;
    let what = format!("more than {COLUMNS} columns");
    source.lines.iter().enumerate().filter(wide).map(|(n, _)| fault(source, n + 1, &what)).collect()
}

/// Functions longer than a page.
pub fn functions(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        if token.text != "fn" || source.text(at + 1) == "(" {
            continue;
        }
        let Some(open) = body_of(source, at) else { continue };
        let lines = source.tokens[source.close_of(open)].line - token.line + 1;
        if lines > FUNCTION_LINES {
            let name = source.text(at + 1);
            let what = format!("fn {name} has {lines} lines, more than {FUNCTION_LINES}");
            faults.push(fault(source, token.line, &what));
        }
    }
    faults
}

/// Files longer than allowed, their tests not counted.
pub fn files(source: &Source) -> Vec<Fault> {
    if source.is_test {
        return Vec::new();
    }
    let mut lines = source.lines.len();
    for tests in source.tokens.chunk_by(|a, b| a.in_test == b.in_test).filter(|t| t[0].in_test) {
        lines -= tests[tests.len() - 1].line - tests[0].line + 1;
    }
    if lines <= FILE_LINES {
        return Vec::new();
    }
    vec![fault(source, 1, &format!("{lines} lines without tests, more than {FILE_LINES}"))]
}

/// `unwrap()` outside tests.
pub fn unwraps(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        if token.text == "unwrap" && source.text(at + 1) == "(" && !token.in_test {
            faults.push(fault(source, token.line, "unwrap(): say why it holds with expect()"));
        }
    }
    faults
}

/// Dead code that is told to be quiet.
pub fn dead_code(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        if !matches!(token.text.as_str(), "allow" | "expect") || source.text(at + 1) != "(" {
            continue;
        }
        if at == 0 || source.text(at - 1) != "[" {
            continue;
        }
        let inside = (at..).map(|at| source.text(at)).take_while(|text| !matches!(*text, ")" | ""));
        let named = inside.filter(|text| matches!(*text, "dead_code" | "unused")).count();
        if named > 0 {
            faults.push(fault(source, token.line, "dead code is removed, not allowed"));
        }
    }
    faults
}

/// The row of the table that a path belongs to; `None` if there is none.
fn layer(path: &[String]) -> Option<&'static str> {
    let part = |at: usize| path.get(at).map_or("*", String::as_str);
    match (part(0), part(1)) {
        ("*", _) | ("proto" | "shell", "*") => Some("root"),
        ("bin", _) => Some("bin"),
        ("proto", part) if BASE.contains(&part) => Some("base"),
        (top, part) => {
            let name = format!("{top}::{part}");
            IMPORTS.iter().map(|(row, _)| *row).find(|row| *row == name)
        }
    }
}

/// Where the body of the function at `at` opens; `None` for a declaration.
fn body_of(source: &Source, at: usize) -> Option<usize> {
    let mut depth = 0;
    for at in at..source.tokens.len() {
        match source.text(at) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "{" if depth == 0 => return Some(at),
            ";" if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn fault(source: &Source, line: usize, what: &str) -> Fault {
    format!("{}:{line}: {what}", source.file)
}
