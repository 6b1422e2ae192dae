//! The interface that scripts rely on, line by line.

mod events;
mod exits;
mod lines;
mod options;
mod scripts;
mod verbs;
