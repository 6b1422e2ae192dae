//! What both programs decide: pure state machines that are told everything and look at nothing.
//!
//! Base modules first (`machine`, `time`, `id`, `limits`, `timers`, `table`, `gather`, `pack`,
//! `json`), then `crypto`, `wire` and `model`, then `link`, `datagram` and `portmap`, then the two
//! machines, `client` and `server`, which never import each other.

pub mod bytes;
pub mod client;
pub mod crypto;
pub mod datagram;
pub mod gather;
pub mod id;
pub mod json;
pub mod limits;
pub mod link;
pub mod machine;
pub mod model;
pub mod pack;
pub mod portmap;
pub mod server;
pub mod table;
pub mod time;
pub mod timers;
pub mod wire;
