//! Figures of what the README promises, each beside the promise. They decide nothing: this fails
//! only if something does not work. `cargo bench --bench bench -- [PART…]`; `scripts/bench` runs
//! it.

mod bare;
mod client;
mod common;
mod load;
mod mail;
mod search;
mod store;
mod swarm;
mod talk;
mod trace;

type Part = fn();

const PARTS: [(&str, Part); 9] = [
    ("bare", bare::run),
    ("start", talk::start),
    ("talk", talk::talk),
    ("burst", talk::burst),
    ("idle", talk::idle),
    ("server", load::run),
    ("mail", mail::run),
    ("search", search::run),
    ("store", store::run),
];

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for name in &wanted {
        assert!(PARTS.iter().any(|(part, _)| part == name), "{name}: no such part");
    }
    for (name, run) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            run();
        }
    }
}
