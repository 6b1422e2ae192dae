//! The interface that scripts rely on, line by line.

mod events;
mod options;
mod scripts;
mod verbs;
