//! Manual pages and completions below `scripts/share` are made from the programs' tables
//! (`scripts/pages` writes them), and understood by those who read them.

mod bash;
mod fish;
mod table;
mod zsh;

use std::fs;
use std::path::Path;

/// Every page with its place below `scripts/share`.
fn pages() -> [(&'static str, String); 6] {
    [
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
