//! Devices: their connections, their schemas, and the transactions that span them.
//!
//! The crate turns a commit that changes a device's mount into a push to that device, all or nothing.
//! Decisions are pure machines (`machine`, `transaction`); the I/O around them is thin. It must not
//! contain a protocol server, and knows NETCONF only as a client.

pub mod glob;
pub mod machine;
pub mod transaction;
