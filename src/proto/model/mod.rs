//! What the program is about: people, messages, events, and what can be asked and kept.

pub mod account;
pub mod bond;
pub mod command;
pub mod conversation;
pub mod entry;
pub mod event;
pub mod export;
pub mod group;
pub mod letter;
pub mod moment;
pub mod name;
pub mod notice;
pub mod paths;
pub mod person;
pub mod prekey;
pub mod record;
pub mod refusal;
pub mod run;
pub mod transfer;
