//! Access control (NACM, RFC 8341): who may read, change, call and hear what.

mod options;

pub use options::{AccessOptions, Credentials, Mode};
