//! anydata and anyxml (RFC 7950 7.10, 7.11), and data that no schema explains: kept verbatim.

use std::sync::Arc;

/// Content that is kept as it came, in the encoding in which it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnyData {
    /// The inside of the element: well-formed XML on its own, with the namespace declarations that it needs.
    Xml(Arc<str>),
    /// A JSON value.
    Json(Arc<str>),
}
