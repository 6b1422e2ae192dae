//! hobnob: peer-to-peer chat for the command line. This page is the architecture.
//!
//! Two programs, `hobnob` and `hobnobd`; each is a pure state machine inside one poll loop:
//!
//! ```text
//!         ┌──────────────────────────── one wake ─────────────────────────────┐
//!  mio ─▶ │ clock ─▶ handle(input)… ─▶ outputs ─▶ commit ─▶ send, show, flush │ ─▶ mio
//!         └───────────────────────────────────────────────────────────────────┘
//!           read     proto, pure                  SQLite    sockets, stdout
//! ```
//!
//! `proto` decides, `shell` does, `bin` starts; `proto` never imports `shell`. What imports what is
//! checked by `tests/layers.rs`.
//!
//! | layer | what is there |
//! |---|---|
//! | [`proto::machine`] | inputs, outputs, and the one driver: commit, then speak |
//! | [`proto::model`] | people, letters, events, commands, records: what it is all about |
//! | [`proto::wire`] | what travels: client to server, server to client, peer to peer, mail |
//! | [`proto::crypto`] | keys, Noise, sealing; the only place that names a crypto crate |
//! | [`proto::link`] | one secure association over one ordered stream of bytes |
//! | [`proto::portmap`] | a port of ours on the gateway's outside: PCP, NAT-PMP, UPnP |
//! | [`proto::client`], [`proto::server`] | the two machines, a file a feature, with its table |
//! | [`shell::reactor`] | the poll loop: TCP, UDP, stdin, signals, the control socket |
//! | [`shell::store`] | SQLite: records in, rows out, history, search |
//! | [`shell::export`] | all of a profile as JSON lines |
//! | [`shell::front`] | the one table of verbs; lines in, plain lines or JSON out |
//! | [`shell::client`], [`shell::daemon`] | the programs, put together |
//!
//! A feature is one file on each side that needs it: a type in `model`, a message in `wire`,
//! `client/x.rs`, `server/x.rs`, a row in `shell::front::verbs`, a scenario in `tests/sim`.

#![deny(unsafe_code, missing_docs)]
#![warn(clippy::dbg_macro, clippy::unwrap_used)]

pub mod proto;
pub mod shell;
