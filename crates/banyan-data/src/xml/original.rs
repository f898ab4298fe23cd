//! The annotation that holds content of the other encoding ([`crate::any`]), in XML.

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::data::DataReader;
use super::scanner::{Attribute, is_blank};
use crate::any::{AnyData, NAMESPACE, bound, encoding_of};
use crate::document::Encoding;
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::node::Content;
use crate::reading::Stop;

impl<'a> DataReader<'_, 'a> {
    /// The encoding of what an attribute holds, if it is one of these.
    pub(super) fn encoding_of_original(&self, attribute: &Attribute<'a>) -> Option<Encoding> {
        let namespace = self.scanner.namespaces.uri(Some(attribute.prefix?));
        encoding_of(attribute.local).filter(|_| namespace == Some(NAMESPACE))
    }

    /// What an attribute of the element that was opened last holds, and the end of the element; `None` if it has none of
    /// these. `Some(None)` (and an error) if it cannot be taken.
    pub(super) fn original(
        &mut self,
        id: SchemaId,
        offset: usize,
    ) -> Result<Option<Option<AnyData>>, Stop> {
        let mut found = None;
        for attribute in &self.scanner.attributes {
            if let Some(encoding) = self.encoding_of_original(attribute) {
                let name = attribute.local.to_owned();
                found = Some((encoding, name, attribute.value.clone().into_owned()));
            }
        }
        let Some((encoding, name, text)) = found else {
            return Ok(None);
        };
        // A mount point is open itself, anydata are a child of what is open.
        let child = (self.reading.place.id() != id).then_some(id);
        if !is_blank(&self.verbatim()?) {
            let message =
                format!("its content is given twice: as it stands, and as the attribute {name}");
            let path = self.reading.place.path_of(child);
            let error = DataError::new(ErrorKind::Duplicate, path, message);
            let error = error.with_help("leave one of them out");
            self.reading.report(error, offset)?;
            return Ok(Some(None));
        }
        match AnyData::of_original(encoding, &text, self.reading.options) {
            Ok(any) => Ok(Some(Some(any))),
            Err((kind, message)) => {
                let message = format!("attribute {name}: {message}");
                self.reading.fail(kind, child, message, offset)?;
                Ok(Some(None))
            }
        }
    }

    /// The content of the innermost open node, a mount point with this schema, if that is known.
    pub(super) fn bound_original(
        &mut self,
        any: AnyData,
        known: Option<Arc<Schema>>,
        offset: usize,
    ) -> Result<Option<Content>, Stop> {
        let Some(inner) = known else {
            return Ok(Some(Content::Any(Arc::new(any))));
        };
        let around = self.reading.place.instance_path();
        match bound(&any, &inner, around, self.reading.options) {
            Ok(tree) => Ok(Some(Content::Mount(Arc::new(tree)))),
            Err(errors) => {
                let path = self.reading.place.path_of(None);
                for mut error in errors {
                    error.path = ErrorPath(format!("{}{}", path.0, error.path.0).into());
                    self.reading.report(error, offset)?;
                }
                Ok(None)
            }
        }
    }
}
