//! The datastore engine: sessions, locks, transactions, history and files.
//!
//! A commit is a short pipeline over immutable trees; nothing in it walks a whole datastore. The crate
//! knows no wire format of any protocol: front ends come through [`backend::Backend`].

pub mod backend;
pub mod clock;
pub mod engine;
pub mod error;
pub mod files;
pub mod log;
pub mod monitoring;
pub mod number;
pub mod operation;
pub mod participant;
pub mod provider;
pub mod snapshot;

pub use engine::Engine;
pub use error::BackendError;
pub use number::{Seq, SessionId, Tid};
pub use snapshot::Snapshot;
