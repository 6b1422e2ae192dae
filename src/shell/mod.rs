//! The only code that touches the operating system.

pub mod client;
pub mod daemon;
pub mod disk;
pub mod reactor;
pub mod store;
