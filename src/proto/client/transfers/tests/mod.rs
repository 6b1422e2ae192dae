//! Files, posts and voice messages between two clients.

mod disk;
mod files;
mod hostile;
mod pair;
mod posts;
mod voices;
