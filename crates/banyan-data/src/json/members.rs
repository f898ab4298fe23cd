//! JSON straight into a tree: each member is bound to the schema as it is read, each node built when its
//! object ends.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::annotations::{self, Object};
use super::reader::{JsonReader, Member, Name};
use crate::any::{AnyData, is_blank_json};
use crate::document::Holds;
use crate::error::ErrorKind;
use crate::known::{find, only_configuration};
use crate::meta::Annotated;
use crate::node::{Content, Tree};

/// Whether the keys of the entry are known before its members are read.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Unknown,
    Noted,
}

/// The members of an object, into the innermost open node.
pub(super) struct Members<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    parent: SchemaId,
    keys: Keys,
}

impl<'r, 'o, 'a> Members<'r, 'o, 'a> {
    pub(super) fn new(
        reader: &'r mut JsonReader<'o, 'a>,
        schema: &'r Arc<Schema>,
        parent: SchemaId,
    ) -> Self {
        Members {
            reader,
            schema,
            parent,
            keys: Keys::Unknown,
        }
    }

    pub(super) fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if self.reader.names_modules(&name) {
            let modules: &RawValue = map.next_value()?;
            self.reader.modules = Some(format!("{{\"{name}\":{}}}", modules.get()));
            return Ok(());
        }
        let member = self.reader.member(self.schema, self.parent, name.clone());
        let id = match member {
            Err(error) => return Err(self.reader.fail(error)),
            Ok(Member::Annotations(None)) => {
                return map.next_value_seed(Object {
                    reader: self.reader,
                    schema: self.schema,
                    place: Annotated::Node,
                });
            }
            Ok(Member::Annotations(Some(child))) => {
                return annotations::note(self.reader, self.schema, child, map);
            }
            Ok(Member::Data(id)) => id,
        };
        let definition = self.schema.node(id);
        if self.keys == Keys::Noted && definition.is_key {
            return map.next_value::<IgnoredAny>().map(|_| ());
        }
        if self.reader.options.holds == Holds::Config && !definition.config {
            let message = only_configuration(definition);
            let error = self.reader.error(ErrorKind::NotConfig, Some(id), message);
            return Err(self.reader.fail(error));
        }
        if self.reader.place.top().has(id) || self.reader.place.top().has_group(id) {
            let message = format!("the member {name:?} is given twice");
            let error = self.reader.error(ErrorKind::Duplicate, Some(id), message);
            return Err(self.reader.fail(error));
        }
        map.next_value_seed(Child {
            reader: self.reader,
            schema: self.schema,
            id,
        })
    }
}

impl<'a> DeserializeSeed<'a> for Members<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Members<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            self.member(name, &mut map)?;
        }
        annotations::settle(self.reader, self.schema)
    }
}

/// The value of a member that is a data node.
struct Child<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    id: SchemaId,
}

impl<'a> DeserializeSeed<'a> for Child<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let Child { reader, schema, id } = self;
        let definition = schema.node(id);
        match definition.kind {
            NodeKind::Leaf => {
                let value = reader.scalar(schema, id).deserialize(deserializer)?;
                reader.place.top().put(id, Content::Leaf(value));
            }
            NodeKind::LeafList | NodeKind::List => {
                deserializer.deserialize_seq(Items {
                    reader: &mut *reader,
                    schema,
                    id,
                })?;
                if !reader.place.top().has_group(id) {
                    reader.place.top().note_unstored(id);
                }
            }
            NodeKind::Container if definition.mount_point().is_some() => {
                mount(reader, id, deserializer)?;
            }
            NodeKind::Container => {
                reader.place.push(id);
                Members::new(reader, schema, id).deserialize(deserializer)?;
                let stored = definition.presence || !reader.place.top().is_empty();
                let node = reader.pop(schema, id)?;
                if stored {
                    reader.place.top().put(id, Content::Container(node));
                } else {
                    reader.place.top().note_unstored(id);
                }
            }
            _ => {
                let any = verbatim(reader, id, definition.kind, deserializer)?;
                reader.place.top().put(id, Content::Any(Arc::new(any)));
            }
        }
        Ok(())
    }
}

/// The value that comes next, kept as it is: anyxml or, with names that are YANG's, anydata.
fn verbatim<'a, D: Deserializer<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    id: SchemaId,
    kind: NodeKind,
    deserializer: D,
) -> Result<AnyData, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?.get();
    // Devices say what they say.
    let kind = match reader.options.lenient() {
        true => NodeKind::AnyXml,
        false => kind,
    };
    let checked = AnyData::json(text, kind, &reader.options.limits);
    checked.map_err(|(kind, message)| {
        let error = reader.error(kind, Some(id), message);
        reader.fail(error)
    })
}

/// What is mounted at `id`. The keys of the entries around are known: [`entry`] sees to it.
fn mount<'a, D: Deserializer<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    id: SchemaId,
    deserializer: D,
) -> Result<(), D::Error> {
    // Each part that is read by itself has a new allowance of nesting from the JSON parser.
    if reader.place.depth() >= reader.options.limits.depth as usize {
        let message = format!(
            "nodes are nested deeper than {}",
            reader.options.limits.depth
        );
        let error = reader.error(ErrorKind::TooBig, Some(id), message);
        return Err(reader.fail(error));
    }
    reader.place.push(id);
    let content = match reader.options.schema_at(&reader.place.instance_path()) {
        Some(inner) => {
            reader.place.enter_mount(inner.clone());
            Members::new(reader, &inner, SchemaId::ROOT).deserialize(deserializer)?;
            let node = reader.pop(&inner, SchemaId::ROOT)?;
            reader.place.leave_mount();
            // An empty tree is stored too: it says under which schema the mount point is.
            Some(Content::Mount(Arc::new(Tree::new(inner, node))))
        }
        None => {
            let any = verbatim(reader, id, NodeKind::AnyData, deserializer)?;
            (!is_blank_json(any.text())).then(|| Content::Any(Arc::new(any)))
        }
    };
    reader.place.discard();
    if let Some(content) = content {
        reader.place.top().put(id, content);
    }
    Ok(())
}

/// The entries of a list or leaf-list.
struct Items<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    id: SchemaId,
}

impl<'a> Visitor<'a> for Items<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        let Items { reader, schema, id } = self;
        if schema.node(id).kind == NodeKind::LeafList {
            while let Some(value) = items.next_element_seed(reader.scalar(schema, id))? {
                reader.place.top().value_entry(id, value, 0);
            }
            return Ok(());
        }
        while items
            .next_element_seed(Entry { reader, schema, id })?
            .is_some()
        {}
        Ok(())
    }
}

/// One list entry.
struct Entry<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    id: SchemaId,
}

impl<'a> DeserializeSeed<'a> for Entry<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let Entry { reader, schema, id } = self;
        reader.place.push(id);
        if reader.mounts_below(schema, id) {
            // Which schema is mounted depends on the keys, and they may stand anywhere: look for them first.
            let text = <&RawValue>::deserialize(deserializer)?.get();
            reader.part(text, |reader, json| {
                EntryKeys { reader, schema, id }.deserialize(json)
            })?;
            missing_key(reader, schema, id)?;
            reader.part(text, |reader, json| {
                let members = Members {
                    keys: Keys::Noted,
                    ..Members::new(reader, schema, id)
                };
                members.deserialize(json)
            })?;
        } else {
            Members::new(reader, schema, id).deserialize(deserializer)?;
            missing_key(reader, schema, id)?;
        }
        let node = reader.pop(schema, id)?;
        reader.place.top().entry(id, node, 0);
        Ok(())
    }
}

/// RFC 7950 7.8.2: all keys must be there.
fn missing_key<E: de::Error>(
    reader: &mut JsonReader<'_, '_>,
    schema: &Schema,
    id: SchemaId,
) -> Result<(), E> {
    let missing = reader.place.top().missing_keys(schema, id);
    let Some(key) = missing.into_iter().next() else {
        return Ok(());
    };
    let message = format!(
        "the entry of {} has no {key}, its key",
        schema.node(id).name
    );
    let error = reader.error(ErrorKind::MissingElement, None, message);
    let help = format!("add the member {key:?}");
    Err(reader.fail(error.with_culprit(key).with_help(help)))
}

/// The keys of an entry, all else passed over.
struct EntryKeys<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    id: SchemaId,
}

impl<'a> DeserializeSeed<'a> for EntryKeys<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for EntryKeys<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let EntryKeys { reader, schema, id } = self;
        let lenient = reader.options.lenient();
        while let Some(name) = map.next_key_seed(Name)? {
            let key = find(schema, id, &name, lenient).filter(|child| schema.node(*child).is_key);
            match key {
                Some(key) if reader.place.key(key).is_some() => {
                    let message = format!("the member {name:?} is given twice");
                    let error = reader.error(ErrorKind::Duplicate, Some(key), message);
                    return Err(reader.fail(error));
                }
                Some(key) => {
                    let value = map.next_value_seed(reader.scalar(schema, key))?;
                    reader.place.note_key(key, &value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
