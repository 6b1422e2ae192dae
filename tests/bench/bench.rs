//! Figures of what the README promises, each beside the promise. They decide nothing: this fails
//! only if something does not work. `cargo bench --bench bench -- [PART…]`; `scripts/bench` runs
//! it.

mod bare;
mod client;
mod common;
mod export;
mod files;
mod groups;
mod load;
mod mail;
mod search;
mod store;
mod swarm;
mod talk;
mod terminal;
mod trace;

type Part = fn();

const PARTS: [(&str, Part); 13] = [
    ("bare", bare::run),
    ("start", talk::start),
    ("talk", talk::talk),
    ("burst", talk::burst),
    ("idle", talk::idle),
    ("server", load::run),
    ("mail", mail::run),
    ("files", files::run),
    ("groups", groups::run),
    ("search", search::run),
    ("terminal", terminal::run),
    ("export", export::run),
    ("store", store::run),
];

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for name in &wanted {
        assert!(PARTS.iter().any(|(part, _)| part == name), "{name}: no such part");
    }
    if let [part] = wanted.as_slice() {
        return PARTS.iter().filter(|(name, _)| name == part).for_each(|(_, run)| run());
    }
    // Each in a process of its own, so that one part's memory is not another's.
    let me = std::env::current_exe().expect("this program has a path");
    for (name, _) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let ended = std::process::Command::new(&me).arg(name).status();
            assert!(ended.is_ok_and(|status| status.success()), "{name} does not work");
        }
    }
}
