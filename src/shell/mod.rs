//! The only code that touches the operating system.

pub mod disk;
pub mod reactor;
