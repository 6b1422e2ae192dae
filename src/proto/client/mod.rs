//! The client's decisions.
