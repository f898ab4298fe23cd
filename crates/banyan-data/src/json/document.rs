//! The outermost object of a JSON document: data, parameters, or one operation.

use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::annotations::settle;
use super::members::Members;
use super::reader::{JsonReader, Name, Start};
use crate::error::ErrorKind;
use crate::known::{find, split};
use crate::node::Tree;
use crate::operation::{Invocation, input};

/// The outermost object.
pub(super) struct Document<'r, 'o, 'a> {
    pub(super) reader: &'r mut JsonReader<'o, 'a>,
    pub(super) schema: &'r Arc<Schema>,
    pub(super) start: Start,
}

impl<'a> DeserializeSeed<'a> for Document<'_, '_, 'a> {
    type Value = Option<Invocation>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Document<'_, '_, 'a> {
    type Value = Option<Invocation>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Document {
            reader,
            schema,
            start,
        } = self;
        let mut found = None;
        while let Some(name) = map.next_key_seed(Name)? {
            let (prefix, local) = split(&name);
            let module = prefix.and_then(|module| schema.module_by_name(module));
            match start {
                Start::Operation(kind) => {
                    let operation = module
                        .and_then(|module| schema.schema_child(SchemaId::ROOT, module, local))
                        .filter(|id| schema.node(*id).kind == kind && found.is_none());
                    let Some(id) = operation else {
                        let message = format!("the schema has no {} {name}", kind.keyword());
                        let error = reader.error(ErrorKind::UnknownElement, None, message);
                        return Err(reader.fail(error.with_culprit(local)));
                    };
                    found = Some(operation_content(reader, schema, id, &mut map)?);
                }
                Start::Parameters(part)
                    if *schema.node(part).name == *local
                        && find(schema, part, &name, false).is_none() =>
                {
                    map.next_value_seed(Members::new(reader, schema, part))?;
                }
                Start::Data
                    if matches!(local, "config" | "data")
                        && find(schema, SchemaId::ROOT, &name, false).is_none() =>
                {
                    map.next_value_seed(Members::new(reader, schema, SchemaId::ROOT))?;
                }
                Start::Data | Start::Parameters(_) => {
                    let parent = reader.place.id();
                    Members::new(reader, schema, parent).member(name, &mut map)?;
                }
            }
        }
        settle(reader, schema)?;
        if let (Start::Operation(kind), None) = (start, &found) {
            let message = format!("the document names no {}", kind.keyword());
            let error = reader.error(ErrorKind::MissingElement, None, message);
            return Err(reader.fail(error));
        }
        Ok(found)
    }
}

fn operation_content<'a, A: MapAccess<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    schema: &Arc<Schema>,
    id: SchemaId,
    map: &mut A,
) -> Result<Invocation, A::Error> {
    let root = match schema.node(id).kind {
        NodeKind::Notification => id,
        _ => input(schema, id).unwrap_or(id),
    };
    reader.place.push(root);
    map.next_value_seed(Members::new(reader, schema, root))?;
    let node = reader.pop(schema, root)?;
    Ok(Invocation {
        path: Default::default(),
        id,
        content: Tree::new(schema.clone(), node),
    })
}
