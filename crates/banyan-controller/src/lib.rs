//! Devices: their connections, their schemas, and the transactions that span them.
//!
//! The crate turns a commit that changes a device's mount into a push to that device, all or nothing.
//! Decisions are pure machines ([`machine`], [`transaction`]); the I/O around them is thin. It must not
//! contain a protocol server, and knows NETCONF only as a client.
//!
//! An embedder makes a [`Controller`], gives the engine its [`DevicePush`] as participant, its
//! [`operations()`], its [`ControllerState`] as provider and itself as mounts, and then calls
//! [`Controller::start`].

mod ask;
mod controller;
mod device;
pub mod dial;
pub mod glob;
mod job;
mod ledger;
pub mod library;
pub mod machine;
pub mod model;
pub mod modules;
mod operations;
mod participant;
mod recover;
mod remedy;
mod resync;
mod run;
mod schema_cache;
mod session;
mod state;
pub mod store;
mod takeover;
pub mod transaction;

pub use controller::{Controller, ControllerError, Pulled};
pub use operations::operations;
pub use participant::{DevicePush, PushWish};
pub use schema_cache::SchemaCache;
pub use state::ControllerState;
