//! Content in a file or record of the other encoding: the annotation that holds what came.
//!
//! `"d": {}, "@d": {"banyan:xml": "<a/>"}` in JSON, `<d banyan:json="{...}"/>` in XML (RFC 7952 5). There is no content
//! beside it: a conversion would lose something, and two versions could differ. Readers take it wherever data stand.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema};

use super::AnyData;
use crate::document::{Encoding, Mounts, ParseOptions};
use crate::error::{DataError, ErrorKind};
use crate::node::Tree;
use crate::path::InstancePath;
use crate::xml::scanner::{Scanner, Token};
use crate::{json, xml};

/// The module of the annotations.
pub(crate) const ORIGINAL: &str = "banyan";
/// Its namespace.
pub(crate) const NAMESPACE: &str = "urn:banyan:system";

/// The encoding that the annotation with this name, without its module, holds.
pub(crate) fn encoding_of(name: &str) -> Option<Encoding> {
    match name {
        "xml" => Some(Encoding::Xml),
        "json" => Some(Encoding::Json),
        _ => None,
    }
}

/// Whether a JSON value stands for no content: `{}` or nothing.
pub(crate) fn is_blank_json(text: &str) -> bool {
    text.bytes().all(|byte| b"{} \t\r\n".contains(&byte))
}

impl AnyData {
    /// The content that an annotation holds.
    ///
    /// # Errors
    /// It is not well-formed, or too deep.
    pub(crate) fn of_original(
        encoding: Encoding,
        text: &str,
        options: &ParseOptions<'_>,
    ) -> Result<AnyData, (ErrorKind, String)> {
        if encoding == Encoding::Json {
            return AnyData::json(text, NodeKind::AnyXml, &options.limits);
        }
        let mut scanner = Scanner::new(text, options.limits);
        loop {
            match scanner.next() {
                Ok(Token::End) => return Ok(AnyData::Xml(text.into())),
                Ok(_) => {}
                Err(broken) => return Err((broken.kind, broken.message)),
            }
        }
    }
}

/// The schemas of what is mounted below a mount point.
struct Below<'m> {
    around: InstancePath,
    mounts: Option<&'m dyn Mounts>,
}

impl Mounts for Below<'_> {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let mut whole = self.around.clone();
        whole.steps.extend(path.steps.iter().cloned());
        self.mounts?.schema_at(&whole)
    }
}

/// The content of the mount point at `around`, whose schema has become known.
///
/// # Errors
/// What is wrong with it under that schema, with paths that begin at the mount point, and without places: they would be
/// in the text of the annotation.
pub(crate) fn bound(
    any: &AnyData,
    inner: &Arc<Schema>,
    around: InstancePath,
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let below = Below {
        around,
        mounts: options.mounts,
    };
    let options = ParseOptions {
        mounts: Some(&below),
        ..*options
    };
    let read = match any {
        AnyData::Xml(text) => xml::parse_data(inner, text.as_bytes(), &options),
        AnyData::Json(text) => json::parse_data(inner, text.as_bytes(), &options),
    };
    read.map_err(|mut errors| {
        errors.iter_mut().for_each(|error| error.position = None);
        errors
    })
}
