//! Datastores as documents in files: `<config>` or `{"config": ...}` with the data, perhaps the modules that they were
//! written with at the end, perhaps in parts that links lead to.
//!
//! The form is that of Clixon. Must not know files: who has names and bytes hands them in.

mod print;
mod read;
mod split;

pub use crate::modules::{ModuleState, StatedModule};
pub use print::{Form, print, print_part};
pub(crate) use read::link_of;
pub use read::{Stored, links, read, stated};
pub use split::{Delta, Part, Splits, delta};

/// The namespace of the attribute `link`, and of the extension `xmldb-split`.
pub const CLIXON_LIB: &str = "http://clicon.org/lib";
/// The name of the attribute that leads to a part.
pub(crate) const LINK: &str = "link";
