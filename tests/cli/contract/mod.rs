//! The interface that scripts rely on, line by line.

mod options;
mod scripts;
mod verbs;
