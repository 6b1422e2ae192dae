//! Files, posts and voice messages between two clients.

mod disk;
mod files;
mod pair;
mod posts;
mod voices;
