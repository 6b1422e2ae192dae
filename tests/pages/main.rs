//! Manual pages and completions below `scripts/share` are made from the programs' tables
//! (`scripts/pages` writes them), and understood by those who read them.

mod bash;
mod fish;
mod man;
mod table;
mod zsh;

use hobnob::shell::front::fit::KINDS;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Every page with its place below `scripts/share`.
fn pages() -> [(&'static str, String); 8] {
    [
        ("man/man1/hobnob.1", man::client()),
        ("man/man8/hobnobd.8", man::server()),
        ("bash-completion/completions/hobnob", bash::client()),
        ("bash-completion/completions/hobnobd", bash::server()),
        ("zsh/site-functions/_hobnob", zsh::client()),
        ("zsh/site-functions/_hobnobd", zsh::server()),
        ("fish/vendor_completions.d/hobnob.fish", fish::client()),
        ("fish/vendor_completions.d/hobnobd.fish", fish::server()),
    ]
}

#[test]
fn each_page_is_the_programs_own() {
    let share = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/share");
    let is_written = std::env::var_os("WRITE_PAGES").is_some();
    for (name, wanted) in pages() {
        let path = share.join(name);
        if is_written {
            let folder = path.parent().expect("each page is in a folder");
            fs::create_dir_all(folder).expect("folders can be made");
            fs::write(&path, &wanted).expect("pages can be written");
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "{name} is old [scripts/pages]");
    }
}

#[test]
fn the_manual_names_each_kind_of_event() {
    let page = man::client();
    let (_, events) = page.split_once(".Ss Events\n").expect("it has that section");
    let (events, _) = events.split_once("\n.El\n").expect("its list ends");
    let items: Vec<&str> = events.lines().filter_map(|line| line.strip_prefix(".It Li ")).collect();
    let named: Vec<&str> = items.iter().flat_map(|item| item.split(" , ")).collect();
    let missing: Vec<_> = KINDS.iter().filter(|kind| !named.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn manual_pages_have_nothing_to_complain_about() {
    for page in [man::client(), man::server()] {
        let Some(said) = lint(&page) else {
            return println!("skipped: mandoc is not installed");
        };
        // It looks among the pages that are installed, where these need not be.
        let of_ours = |line: &&str| !line.contains("referenced manual not found");
        assert_eq!(said.lines().filter(of_ours).collect::<Vec<_>>(), [""; 0]);
    }
}

/// What mandoc says of a page; `None` where it is not installed.
fn lint(page: &str) -> Option<String> {
    let mut mandoc = Command::new("mandoc");
    mandoc.args(["-T", "lint"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut mandoc = mandoc.spawn().ok()?;
    let mut stdin = mandoc.stdin.take().expect("it is piped");
    stdin.write_all(page.as_bytes()).expect("mandoc reads its page");
    drop(stdin);
    let output = mandoc.wait_with_output().expect("mandoc ends");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
