//! The server program: the machine, its accounts, the reactor and the operator's console, put together.

mod keeper;
