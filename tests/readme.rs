//! README's tables of verbs and options are the programs' own (`WRITE_README=1 cargo test --test
//! readme` writes them), and what it says of each party is held by tests.

use hobnob::shell::cli::options::{CLIENT, OptionRow};
use hobnob::shell::front::verbs::rows;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// README with a table as it is now.
fn with_table(readme: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&begin).expect("README marks where its tables begin");
    let (_, after) = rest.split_once(&end).expect("README marks where its tables end");
    format!("{before}{begin}{table}{end}{after}")
}

/// The table of verbs.
fn verbs() -> String {
    let mut text = "| verb | also | what it does |\n|---|---|---|\n".to_owned();
    for row in rows() {
        let also: Vec<String> = row.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let usage = row.usage().replace('|', "\\|");
        let _ = writeln!(text, "| `{usage}` | {} | {} |", also.join(", "), row.help);
    }
    text
}

/// The table of `hobnob`'s options.
fn options() -> String {
    let mut text = "| option | what it does |\n|---|---|\n".to_owned();
    for OptionRow { short, long, hint, help, .. } in CLIENT {
        let dash = if short.is_empty() { String::new() } else { format!("-{short} ") };
        let gap = if hint.is_empty() { "" } else { " " };
        let _ = writeln!(text, "| `{dash}--{long}{gap}{hint}` | {help} |");
    }
    text
}

#[test]
fn the_tables_of_verbs_and_options_are_the_programs_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(path).expect("README is there");
    let wanted = with_table(&readme, "verbs", &verbs());
    let wanted = with_table(&wanted, "options", &options());
    if std::env::var_os("WRITE_README").is_some() {
        fs::write(path, &wanted).expect("README can be written");
        return;
    }
    assert!(readme == wanted, "README's tables are old [WRITE_README=1 cargo test --test readme]");
}

/// The tests' names in README's table of parties, by line of the table.
fn named_tests(readme: &str) -> Vec<(String, Vec<String>)> {
    let (_, rest) = readme.split_once("<!-- parties -->\n").expect("README marks that table");
    let (table, _) = rest.split_once("<!-- /parties -->").expect("README marks its end");
    let rows = table.lines().skip(2);
    rows.map(|row| {
        let held_by = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let names = held_by.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (row.to_owned(), names)
    })
    .collect()
}

/// The text of all Rust files below a folder.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("our folders can be listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push_str(&fs::read_to_string(&path).expect("our sources are text"));
        }
    }
}

/// The text of all sources and tests.
fn all_sources() -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&top.join("src"), &mut all);
    sources(&top.join("tests"), &mut all);
    all
}

fn has_test(all: &str, name: &str) -> bool {
    let (test, inner) = (format!("#[test]\nfn {name}()"), format!("#[test]\n    fn {name}()"));
    all.contains(&test) || all.contains(&inner)
}

#[test]
fn each_line_about_the_parties_is_held_by_tests_that_exist() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(readme).expect("README is there");
    let all = all_sources();
    let rows = named_tests(&readme);
    assert!(rows.len() >= 5, "one line for each party at least");
    for (row, names) in rows {
        assert!(!names.is_empty(), "no test holds this: {row}");
        for name in names {
            assert!(has_test(&all, &name), "no such test: {name}");
        }
    }
}

#[test]
fn each_line_of_the_contract_is_held_by_tests_that_exist() {
    let table = include_str!("cli/contract/mod.rs");
    let all = all_sources();
    let rows = table.lines().filter(|line| line.starts_with("//! | ")).skip(1);
    let names: Vec<&str> = rows.filter_map(|row| row.split('|').nth(2)).map(str::trim).collect();
    assert!(names.len() > 100, "each line of the contract");
    for name in names {
        let name = name.trim_matches('`');
        assert!(name.is_empty() || has_test(&all, name), "no such test: {name}");
    }
}
