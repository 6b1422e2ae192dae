//! The server's decisions.
