//! The two programs as users and scripts meet them: real binaries on loopback, free ports,
//! temporary profiles. What is asserted here is the contract.

mod support;

mod completions;
mod config;
mod contract;
mod directory;
mod examples;
mod export;
mod faults;
mod files;
mod friends;
mod groups;
mod hooks;
mod host;
mod idle;
mod install;
mod mail;
mod messages;
mod moving;
mod notify;
mod paths;
mod posts;
mod privacy;
mod programs;
mod proxy;
mod restarts;
mod runs;
mod safe_text;
mod scripting;
mod search;
mod sessions;
mod talk;
mod terminal;
mod udp;
mod unread;
mod voice;
