//! Annotations in JSON: the members `@` and `@name` (RFC 7952 5.2).

use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::original;
use super::reader::{JsonReader, Name};
use super::scalar::Scalar;
use crate::error::ErrorKind;
use crate::lexical::{self, JsonScalar};
use crate::meta::{Annotated, Annotations, Definition, annotation_named, refuses_annotations};
use crate::value::Value;

const IN_THE_NODE: &str =
    "the annotations of a container or list entry stand in its own member \"@\"";

/// A member `@name`, read when its object ends: members have no order (RFC 8259 4), and what stands for the entries of
/// a leaf-list goes by their places.
pub(super) struct Beside<'a> {
    /// How deep its object is.
    depth: usize,
    child: SchemaId,
    text: &'a str,
}

/// Keeps the value of the member `@name` of a child until [`settle`].
pub(super) fn note<'a, A: MapAccess<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    schema: &Schema,
    child: SchemaId,
    map: &mut A,
) -> Result<(), A::Error> {
    let refusal = match schema.node(child).kind {
        NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml => None,
        NodeKind::LeafList => refuses_annotations(schema, child),
        // What came as XML, and was mounted here.
        NodeKind::Container if schema.node(child).mount_point().is_some() => None,
        // RFC 7952 5.2.1
        _ => Some(IN_THE_NODE),
    };
    let depth = reader.place.depth();
    let same = |other: &Beside<'_>| other.depth == depth && other.child == child;
    let (kind, message) = match refusal {
        Some(_) if reader.options.lenient() => {
            return map.next_value::<IgnoredAny>().map(|_| ());
        }
        Some(message) => (ErrorKind::UnknownAttribute, message),
        None if reader.beside.iter().any(same) => {
            (ErrorKind::Duplicate, "its annotations are given twice")
        }
        None => {
            let text = map.next_value::<&'a RawValue>()?.get();
            reader.beside.push(Beside { depth, child, text });
            return Ok(());
        }
    };
    let error = reader.error(kind, Some(child), message.to_owned());
    Err(reader.fail(error))
}

/// Reads the members that [`note`] has kept of the object that ends, the innermost.
pub(super) fn settle<E: de::Error>(
    reader: &mut JsonReader<'_, '_>,
    schema: &Arc<Schema>,
) -> Result<(), E> {
    let depth = reader.place.depth();
    while let Some(Beside { child, text, .. }) = reader.beside.pop_if(|last| last.depth == depth) {
        reader.part(text, |reader, json| {
            if schema.node(child).kind == NodeKind::LeafList {
                return json.deserialize_seq(Entries {
                    reader,
                    schema,
                    id: child,
                });
            }
            let mount = schema.node(child).mount_point().is_some();
            if !mount && !reader.place.top().has(child) && !reader.options.lenient() {
                return Err(nothing_there(
                    reader,
                    child,
                    "what they annotate is not there",
                ));
            }
            let place = Annotated::Child(child);
            Object {
                reader,
                schema,
                place,
            }
            .deserialize(json)
        })?;
    }
    Ok(())
}

fn nothing_there<E: de::Error>(
    reader: &mut JsonReader<'_, '_>,
    child: SchemaId,
    message: &str,
) -> E {
    let error = reader.error(ErrorKind::UnknownAttribute, Some(child), message.to_owned());
    reader.fail(error)
}

/// An object of annotations, of the innermost open node or of an instance in it.
pub(super) struct Object<'r, 'o, 'a> {
    pub(super) reader: &'r mut JsonReader<'o, 'a>,
    pub(super) schema: &'r Arc<Schema>,
    pub(super) place: Annotated,
}

impl<'a> DeserializeSeed<'a> for Object<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of annotations")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Object {
            reader,
            schema,
            place,
        } = self;
        let child = place.child();
        let mut found = Annotations::new();
        while let Some(name) = map.next_key_seed(Name)? {
            if let Some(id) = child
                && let Some(encoding) = original::of(schema, id, &name)
            {
                original::read(reader, schema, id, encoding, &name, &mut map)?;
            } else if let Some(id) = child.filter(|id| schema.node(*id).mount_point().is_some())
                && !reader.options.lenient()
            {
                let kind = ErrorKind::UnknownAttribute;
                let error = reader.error(kind, Some(id), IN_THE_NODE.to_owned());
                return Err(reader.fail(error.with_culprit(&*name)));
            } else if let Some(definition) = annotation_named(schema, &name) {
                let value = value(reader, schema, child, &definition, &mut map)?;
                if found.insert(definition.name, value).is_some() {
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
        reader.place.top().annotate(place, found);
        Ok(())
    }
}

/// The value of an annotation, which comes next.
fn value<'a, A: MapAccess<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    schema: &Schema,
    child: Option<SchemaId>,
    definition: &Definition<'_>,
    map: &mut A,
) -> Result<Value, A::Error> {
    let types = reader.types();
    let mut refusal = None;
    let value = map.next_value_seed(Scalar(|scalar: JsonScalar<'_>| {
        let names = definition.names();
        lexical::parse_json(schema, definition.ty, scalar, &names, types).map_err(|wrong| {
            let message = wrong.message.clone();
            refusal = Some(wrong);
            message
        })
    }));
    match refusal {
        Some(wrong) => {
            let path = reader.place.path_of(child);
            Err(reader.fail(definition.refusal(wrong, path)))
        }
        None => value,
    }
}

/// The annotations of a leaf-list: an element for each entry, those at the end left out (RFC 7952 5.2.3).
struct Entries<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    id: SchemaId,
}

impl<'a> Visitor<'a> for Entries<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, with an object of annotations or null for each entry")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        let Entries { reader, schema, id } = self;
        let mut index = 0;
        while elements
            .next_element_seed(Element {
                reader: &mut *reader,
                schema,
                id,
                index,
            })?
            .is_some()
        {
            index += 1;
        }
        Ok(())
    }
}

/// What stands for one entry of a leaf-list.
struct Element<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    id: SchemaId,
    index: usize,
}

impl<'a> DeserializeSeed<'a> for Element<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let count = self.reader.place.top().values(self.id).len();
        if self.index < count {
            return deserializer.deserialize_any(self);
        }
        if self.reader.options.lenient() {
            return deserializer.deserialize_any(IgnoredAny).map(|_| ());
        }
        let message = format!(
            "element {} annotates nothing: the leaf-list has {count} entries",
            self.index + 1
        );
        Err(nothing_there(self.reader, self.id, &message))
    }
}

impl<'a> Visitor<'a> for Element<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of annotations, or null for an entry without")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<(), A::Error> {
        let Element {
            reader,
            schema,
            id,
            index,
        } = self;
        // There is one: see `deserialize`.
        let Some(value) = reader.place.top().values(id).get(index).cloned() else {
            return Ok(());
        };
        let place = Annotated::Entry(id, value);
        Object {
            reader,
            schema,
            place,
        }
        .visit_map(map)
    }
}
