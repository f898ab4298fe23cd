//! Annotations in JSON: the members `@` and `@name` (RFC 7952 5.2).

use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::reader::{JsonReader, Name};
use super::scalar::Scalar;
use crate::error::ErrorKind;
use crate::lexical::JsonScalar;
use crate::meta::annotation_named;

/// The annotations of the innermost open node or of its child (RFC 7952 5.2).
pub(super) struct Annotations<'r, 'o, 'a> {
    pub(super) reader: &'r mut JsonReader<'o, 'a>,
    pub(super) schema: &'r Arc<Schema>,
    pub(super) child: Option<SchemaId>,
}

impl<'a> DeserializeSeed<'a> for Annotations<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let refusal = self.child.and_then(|id| match self.schema.node(id).kind {
            NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml => None,
            NodeKind::LeafList => Some("annotations of leaf-list entries are not kept"),
            // RFC 7952 5.2.1
            _ => Some("the annotations of a container or list entry stand in its own member \"@\""),
        });
        if let Some(message) = refusal {
            if self.reader.options.lenient() {
                return IgnoredAny::deserialize(deserializer).map(|_| ());
            }
            let error =
                self.reader
                    .error(ErrorKind::UnknownAttribute, self.child, message.to_owned());
            return Err(self.reader.fail(error));
        }
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Annotations<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of annotations")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Annotations {
            reader,
            schema,
            child,
        } = self;
        while let Some(name) = map.next_key_seed(Name)? {
            if let Some(annotation) = annotation_named(schema, &name) {
                let text = map.next_value_seed(Scalar(|scalar: JsonScalar<'_>| {
                    Ok(Arc::from(scalar.text()))
                }))?;
                if !reader.place.top().annotate(child, annotation, text) {
                    let message = format!("the annotation {name} is given twice");
                    let error = reader.error(ErrorKind::Duplicate, child, message);
                    return Err(reader.fail(error));
                }
            } else if reader.options.lenient() {
                map.next_value::<IgnoredAny>()?;
            } else {
                let message = format!("the annotation {name} is not known");
                let error = reader
                    .error(ErrorKind::UnknownAttribute, child, message)
                    .with_culprit(&*name)
                    .with_help("annotations must be defined by a module of the schema (RFC 7952)");
                return Err(reader.fail(error));
            }
        }
        Ok(())
    }
}
