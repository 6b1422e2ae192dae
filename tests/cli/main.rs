//! The two programs as users and scripts meet them: real binaries on loopback, free ports,
//! temporary profiles. What is asserted here is the contract.

mod support;

mod directory;
mod faults;
mod idle;
mod messages;
mod programs;
mod restarts;
mod safe_text;
mod scripting;
mod sessions;
