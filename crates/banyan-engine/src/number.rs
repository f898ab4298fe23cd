//! The numbers that name sessions, attempts and commits: three types, never mixed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A session, unique while the engine runs (RFC 6241 8.1 `session-id`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u32);

/// An attempt at a transaction, given at its begin: an intent, a synthetic transaction, a persist-id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Tid(pub u32);

/// The place of a commit in the log, from 1; what history, rollback and replicas count.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Seq(pub u64);

macro_rules! display {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}
display!(SessionId, Tid, Seq);
