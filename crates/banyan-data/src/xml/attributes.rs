//! Attributes of elements of data: annotations (RFC 7952), and what is none.

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::data::DataReader;
use super::edit::{NETCONF, YANG};
use super::namespaces::ValuePrefixes;
use super::scanner;
use crate::error::{DataError, ErrorKind};
use crate::lexical;
use crate::meta::{
    Annotated, AnnotationName, Annotations, Definition, annotation_of, refuses_annotations,
};
use crate::reading::Stop;
use crate::value::Value;

impl<'a> DataReader<'_, 'a> {
    /// The annotations (RFC 7952) among the attributes of the element that was opened last.
    pub(super) fn annotations(
        &mut self,
        schema: &Schema,
        child: Option<SchemaId>,
        offset: usize,
    ) -> Result<Annotations, Stop> {
        let mut found = Annotations::new();
        for index in 0..self.scanner.attributes.len() {
            let attribute = self.scanner.attributes[index].clone();
            let keeps = child.is_some_and(|id| {
                matches!(schema.node(id).kind, NodeKind::AnyData | NodeKind::AnyXml)
            });
            if child.is_none() && self.is_link(&attribute)
                || keeps && self.encoding_of_original(&attribute).is_some()
            {
                continue;
            }
            let annotation = self.annotation(schema, &attribute, child, offset)?;
            let twice = annotation.is_some_and(|(name, value)| found.insert(name, value).is_some());
            if twice {
                let message = format!("the attribute {} is given twice", attribute.local);
                self.reading
                    .fail(ErrorKind::Duplicate, child, message, offset)?;
            }
        }
        Ok(found)
    }

    /// The attributes of an anyxml are those of an unknown piece of XML (RFC 7950 7.11), and no error.
    pub(super) fn leave_out_unknown_attributes(&mut self, schema: &Schema) {
        let mut attributes = std::mem::take(&mut self.scanner.attributes);
        attributes.retain(|attribute| {
            self.encoding_of_original(attribute).is_some()
                || self.definition(schema, attribute).is_some()
        });
        self.scanner.attributes = attributes;
    }

    /// The annotation that an attribute is; `None` (and an error) if it is none, or has a value that is none of the
    /// type's.
    pub(super) fn annotation(
        &mut self,
        schema: &Schema,
        attribute: &scanner::Attribute<'a>,
        child: Option<SchemaId>,
        offset: usize,
    ) -> Result<Option<(AnnotationName, Value)>, Stop> {
        let Some(definition) = self.definition(schema, attribute) else {
            self.unknown_attribute(attribute, child, offset)?;
            return Ok(None);
        };
        let prefixes = ValuePrefixes {
            namespaces: &self.scanner.namespaces,
            lenient: self.reading.options.lenient(),
            own: definition.module,
        };
        match lexical::parse(schema, definition.ty, &attribute.value, &prefixes) {
            Ok(value) => Ok(Some((definition.name, value))),
            Err(wrong) => {
                let path = self.reading.place.path_of(child);
                self.reading
                    .report(definition.refusal(wrong, path), offset)?;
                Ok(None)
            }
        }
    }

    fn definition<'s>(
        &self,
        schema: &'s Schema,
        attribute: &scanner::Attribute<'a>,
    ) -> Option<Definition<'s>> {
        let namespace = self.scanner.namespaces.uri(Some(attribute.prefix?))?;
        annotation_of(schema, namespace, attribute.local)
    }

    /// Keeps the annotations of the root among the attributes of the element around it; the others are the protocol's.
    pub(super) fn wrapper_annotations(
        &mut self,
        schema: &Schema,
        offset: usize,
    ) -> Result<(), Stop> {
        for index in 0..self.scanner.attributes.len() {
            let attribute = self.scanner.attributes[index].clone();
            if self.definition(schema, &attribute).is_none() {
                continue;
            }
            if let Some(annotation) = self.annotation(schema, &attribute, None, offset)? {
                let top = self.reading.place.top();
                top.annotate(Annotated::Node, Annotations::from([annotation]));
            }
        }
        Ok(())
    }

    /// Keeps the annotations of the innermost open node.
    pub(super) fn own_annotations(&mut self, schema: &Schema, offset: usize) -> Result<(), Stop> {
        let annotations = self.annotations(schema, None, offset)?;
        self.reading
            .place
            .top()
            .annotate(Annotated::Node, annotations);
        Ok(())
    }

    /// The annotations of an entry of the leaf-list `id`.
    pub(super) fn entry_annotations(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        offset: usize,
    ) -> Result<Annotations, Stop> {
        let annotations = self.annotations(schema, Some(id), offset)?;
        if annotations.is_empty() {
            return Ok(annotations);
        }
        let Some(message) = refuses_annotations(schema, id) else {
            return Ok(annotations);
        };
        if !self.reading.options.lenient() {
            self.reading
                .fail(ErrorKind::UnknownAttribute, Some(id), message, offset)?;
        }
        Ok(Annotations::new())
    }

    /// Where an attribute belongs that edits have, and that is not known here.
    fn belonging(&self, attribute: &scanner::Attribute<'a>) -> Option<String> {
        let (namespace, prefix) = match attribute.local {
            "operation" => (NETCONF, "nc"),
            "insert" | "key" | "value" => (YANG, "yang"),
            _ => return None,
        };
        let local = attribute.local;
        match attribute.prefix {
            // RFC 6241 7.2, RFC 7950 7.7.9: without prefix it is in no namespace.
            None => Some(format!(
                "in an edit, write xmlns:{prefix}=\"{namespace}\" and {prefix}:{local}"
            )),
            prefix if self.scanner.namespaces.uri(prefix) == Some(namespace) => Some(format!(
                "{local} stands in edits, and these are data: leave it out"
            )),
            _ => None,
        }
    }

    pub(super) fn unknown_attribute(
        &mut self,
        attribute: &scanner::Attribute<'a>,
        child: Option<SchemaId>,
        offset: usize,
    ) -> Result<(), Stop> {
        let reserved = attribute.prefix == Some("xml");
        if reserved || self.reading.options.lenient() {
            return Ok(());
        }
        let name = match attribute.prefix {
            Some(prefix) => format!("{prefix}:{}", attribute.local),
            None => attribute.local.to_owned(),
        };
        let error = DataError::new(
            ErrorKind::UnknownAttribute,
            self.reading.place.path_of(child),
            format!("the attribute {name} is not known here"),
        )
        .with_culprit(name)
        .with_help(match self.belonging(attribute) {
            Some(help) => help,
            None => "annotations must be defined by a module of the schema (RFC 7952)".to_owned(),
        });
        self.reading.report(error, offset)
    }
}
