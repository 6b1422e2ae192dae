//! README's table of verbs is the programs' own. `WRITE_README=1 cargo test --test readme` writes
//! it.

use hobnob::shell::front::help;
use std::fs;

const BEGIN: &str = "<!-- verbs -->\n";
const END: &str = "<!-- /verbs -->";

/// README with the table of verbs as it is now.
fn with_verbs(readme: &str) -> String {
    let (before, rest) = readme.split_once(BEGIN).expect("README marks where its verbs begin");
    let (_, after) = rest.split_once(END).expect("README marks where its verbs end");
    format!("{before}{BEGIN}{}{END}{after}", help::markdown())
}

#[test]
fn the_table_of_verbs_is_the_programs_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(path).expect("README is there");
    let wanted = with_verbs(&readme);
    if std::env::var_os("WRITE_README").is_some() {
        fs::write(path, &wanted).expect("README can be written");
        return;
    }
    assert!(readme == wanted, "README's verbs are old [WRITE_README=1 cargo test --test readme]");
}
