//! The only code that touches the operating system.

pub mod cli;
pub mod client;
pub mod config;
pub mod daemon;
pub mod disk;
pub mod export;
mod frames;
pub mod front;
pub mod reactor;
pub mod stdout;
pub mod store;
pub mod system;
