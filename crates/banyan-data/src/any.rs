//! anydata and anyxml (RFC 7950 7.10, 7.11), and data that no schema explains: kept verbatim.
//!
//! Such content stays in the encoding in which it came. A reply in the other one is converted (`convert`), which
//! loses what that encoding cannot say. Files and records lose nothing: they carry the original as an annotation of the
//! node, [`ORIGINAL`], with no content beside it.

mod check;
mod convert;
mod original;

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema};

use crate::document::{Encoding, Limits};
use crate::error::ErrorKind;
pub(crate) use original::{NAMESPACE, ORIGINAL, bound, encoding_of, is_blank_json};

/// Content that is kept as it came, in the encoding in which it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnyData {
    /// The inside of the element: well-formed XML on its own, with the namespace declarations that it needs.
    Xml(Arc<str>),
    /// A JSON value.
    Json(Arc<str>),
}

/// The deepest nesting of JSON that is kept verbatim: as deep as the JSON parser goes elsewhere.
const JSON_DEPTH: usize = 120;

impl AnyData {
    /// A JSON value, which must be well-formed, as the content of a node of this kind.
    ///
    /// # Errors
    /// It is nested deeper than allowed, an object gives a member twice, a text has a character that XML cannot hold, or
    /// it is anydata and no object whose names are those of YANG (RFC 7951 5.5).
    pub(crate) fn json(
        text: &str,
        kind: NodeKind,
        limits: &Limits,
    ) -> Result<AnyData, (ErrorKind, String)> {
        check::json(text, kind, JSON_DEPTH.min(limits.depth as usize))?;
        Ok(AnyData::Json(text.into()))
    }

    /// The encoding in which it came.
    pub fn encoding(&self) -> Encoding {
        match self {
            AnyData::Xml(_) => Encoding::Xml,
            AnyData::Json(_) => Encoding::Json,
        }
    }

    /// The text that came: the inside of an XML element, or a JSON value.
    pub fn text(&self) -> &str {
        match self {
            AnyData::Xml(text) | AnyData::Json(text) => text,
        }
    }

    /// The inside of an XML element. Names with a module of the schema get its namespace. A JSON value that elements
    /// cannot say (names that XML does not allow, arrays in arrays) is a text.
    pub fn to_xml(&self, schema: &Schema) -> Cow<'_, str> {
        match self {
            AnyData::Xml(inside) => Cow::Borrowed(inside),
            AnyData::Json(text) => Cow::Owned(convert::to_xml(schema, text)),
        }
    }

    /// A JSON value. Namespaces of the schema's modules become module names.
    pub fn to_json(&self, schema: &Schema) -> Cow<'_, str> {
        match self {
            AnyData::Json(text) => Cow::Borrowed(text),
            AnyData::Xml(inside) => Cow::Owned(convert::to_json(schema, inside)),
        }
    }
}
