//! The datastore engine: sessions, locks, transactions, history and files.
//!
//! A commit is a short pipeline over immutable trees; nothing in it walks a whole datastore. The crate
//! knows no wire format of any protocol: front ends come through [`backend::Backend`].

pub mod backend;
pub mod error;
pub mod number;

pub use error::BackendError;
pub use number::{Seq, SessionId, Tid};
