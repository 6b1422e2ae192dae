//! `hobnob`, the client.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(hobnob::shell::client::main() as u8)
}
