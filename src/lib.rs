//! hobnob: peer-to-peer chat for the command line.
//!
//! `proto` decides, `shell` does, `bin` starts; `proto` never imports `shell`.

#![deny(unsafe_code, missing_docs)]
#![warn(clippy::dbg_macro, clippy::unwrap_used)]

pub mod proto;
pub mod shell;
