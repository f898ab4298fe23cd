//! Annotations in JSON: the members `@` and `@name` (RFC 7952 5.2).

use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::reader::{JsonReader, Name, split};
use super::scalar::Scalar;
use crate::error::ErrorKind;
use crate::lexical::JsonScalar;
use crate::meta::{DEFAULT_MODULE, defines_annotation};

/// The annotations of the innermost open node or of its child (RFC 7952 5.2).
pub(super) struct Annotations<'r, 'o, 'a> {
    pub(super) reader: &'r mut JsonReader<'o, 'a>,
    pub(super) schema: &'r Arc<Schema>,
    pub(super) child: Option<SchemaId>,
}

impl<'a> DeserializeSeed<'a> for Annotations<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let is_leaf_list = |id| self.schema.node(id).kind == NodeKind::LeafList;
        if self.child.is_some_and(is_leaf_list) {
            if self.reader.options.lenient() {
                return IgnoredAny::deserialize(deserializer).map(|_| ());
            }
            let message = "annotations of leaf-list entries are not kept".to_owned();
            let error = self
                .reader
                .error(ErrorKind::UnknownAttribute, self.child, message);
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
            let (prefix, local) = split(&name);
            let defined = prefix.is_some_and(|prefix| {
                (prefix == DEFAULT_MODULE && local == "default")
                    || schema
                        .module_by_name(prefix)
                        .is_some_and(|module| defines_annotation(schema, module, local))
            });
            if let (true, Some(prefix)) = (defined, prefix) {
                let text = map.next_value_seed(Scalar(|scalar: JsonScalar<'_>| {
                    Ok(Arc::from(scalar.text()))
                }))?;
                let annotation = (prefix.into(), local.into());
                reader.place.top().annotate(child, annotation, text);
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
