//! The only code that touches the operating system.

pub mod cli;
pub mod front;
