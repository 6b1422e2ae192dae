//! The client program: the machine, its profile, the reactor and the front, put together.

mod keeper;
