//! The forms of data in files: which one a text is in, and reading and printing whichever it is.
//!
//! Must not know how a form is written: that is its module's business.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::document::ParseOptions;
use crate::error::DataError;
use crate::node::Tree;
use crate::{json, xml};

/// A form of data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// RFC 7950.
    Xml,
    /// RFC 7951.
    Json,
}

impl Form {
    /// The form of a text, by its first character that is not blank. A text without one is taken for XML, in which
    /// it means no data.
    pub fn of(bytes: &[u8]) -> Form {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match bytes.trim_ascii_start().first() {
            Some(b'{' | b'[') => Form::Json,
            _ => Form::Xml,
        }
    }

    /// Reads data.
    ///
    /// # Errors
    /// What is wrong with them, with line and column.
    pub fn parse_data(
        self,
        schema: &Arc<Schema>,
        bytes: &[u8],
        options: &ParseOptions<'_>,
    ) -> Result<Tree, Vec<DataError>> {
        match self {
            Form::Xml => xml::parse_data(schema, bytes, options),
            Form::Json => json::parse_data(schema, bytes, options),
        }
    }
}
