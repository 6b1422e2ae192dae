//! The rendezvous server.

use hobnob::shell::daemon;
use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    ExitCode::from(daemon::run(&argv) as u8)
}
