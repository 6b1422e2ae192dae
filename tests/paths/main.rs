//! Paths through real networks: namespaces, cables, and routers that translate addresses. Where
//! these may not be had (root, or user namespaces; iproute2, nftables), each case says so and is
//! skipped. `scripts/paths` runs all of them, and writes README's table.

#[path = "../cli/support/mod.rs"]
#[allow(dead_code)]
mod support;

mod crossing;
mod host;
mod lan;
mod mapping;
mod meeting;
mod moving;
mod namespace;
mod net;
mod pairs;
mod punched;
mod router;
