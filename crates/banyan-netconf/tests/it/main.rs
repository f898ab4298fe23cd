//! The crate from outside: clients and servers against a small fake backend, over pipes, Unix
//! sockets and SSH.

mod fake;
mod ncclient;
mod notifications;
mod raw;
mod sessions;
mod ssh;
mod wire;
