//! The datastore engine: sessions, locks, transactions, history and files.
//!
//! A commit is a short pipeline over immutable trees; nothing in it walks a whole datastore. The crate
//! knows no wire format of any protocol: front ends come through [`backend::Backend`].

pub mod access;
pub mod backend;
pub mod backup;
mod bind;
mod blocking;
mod candidate;
pub mod clock;
mod commit;
mod confirm;
mod conflict;
mod cut;
pub mod engine;
pub mod error;
pub mod exec;
pub mod files;
pub mod history;
mod in_progress;
mod join;
mod keeper;
mod local;
mod locks;
pub mod log;
mod monitor;
pub mod monitoring;
pub mod nmda;
pub mod notice;
pub mod number;
pub mod observe;
pub mod operation;
mod operational;
mod overlay;
pub mod participant;
mod phases;
mod pipeline;
mod process;
pub mod provider;
mod read;
mod reaper;
mod rehearsal;
mod reserve;
pub mod session;
pub mod snapshot;
pub mod state;
pub mod stores;
pub mod stream;
mod subscription;
mod system;
mod tids;
pub mod upgrade;
mod work;

pub use bind::{NoMounts, SharedMounts};
pub use engine::Engine;
pub use error::BackendError;
pub use number::{Seq, SessionId, Tid};
pub use pipeline::Until;
pub use snapshot::Snapshot;
