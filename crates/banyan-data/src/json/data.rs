//! JSON straight into a tree: each member is bound to the schema as it is read.
//!
//! Serde drives the reading; the seeds below carry the reader to where the next value goes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::scalar::Scalar;
use crate::any::AnyData;
use crate::document::{Holds, ParseOptions};
use crate::error::{DataError, ErrorKind};
use crate::input::position;
use crate::known::KnownChildren;
use crate::lexical::{self, JsonScalar, JsonTypes, ModuleNames};
use crate::meta::{DEFAULT_MODULE, defines_annotation};
use crate::node::{Content, Tree};
use crate::operation::{Invocation, input};
use crate::path::{InstancePath, Select};
use crate::place::Place;
use crate::value::Value;

/// What a document is.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// Top-level data.
    Data,
    /// One rpc or notification, as this kind.
    Operation(NodeKind),
    /// The parameters of this input or output node.
    Parameters(SchemaId),
}

/// Reads data nodes.
pub(super) struct JsonReader<'o, 'a> {
    text: &'a str,
    options: &'o ParseOptions<'o>,
    place: Place,
    known: KnownChildren<'a>,
    /// The first error; reading ends with it.
    error: Option<DataError>,
    /// Lists (by schema address) and whether a mount point is somewhere below.
    mounts_below: HashMap<(usize, SchemaId), bool>,
}

/// What a member's name means.
enum Member {
    Data(SchemaId),
    /// `@`, or `@name` of a child (RFC 7952 5.2).
    Annotations(Option<SchemaId>),
}

/// Whether the keys of the entry are known before its members are read.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Unknown,
    Noted,
}

impl<'o, 'a> JsonReader<'o, 'a> {
    pub(super) fn new(
        schema: &Arc<Schema>,
        text: &'a str,
        options: &'o ParseOptions<'o>,
    ) -> JsonReader<'o, 'a> {
        JsonReader {
            text,
            options,
            place: Place::new(schema),
            known: KnownChildren::default(),
            error: None,
            mounts_below: HashMap::new(),
        }
    }

    /// The whole document.
    pub(super) fn document(
        mut self,
        schema: &Arc<Schema>,
        start: Start,
    ) -> Result<Invocation, DataError> {
        let root = match start {
            Start::Parameters(part) => part,
            Start::Data | Start::Operation(_) => SchemaId::ROOT,
        };
        self.place.push(root);
        let text = self.text;
        let seed = Document {
            reader: &mut self,
            schema,
            start,
        };
        let read = from_text(text, seed);
        let found = match read {
            Ok(found) => found,
            Err(error) => return Err(self.refusal(text, &error)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let mut errors = Vec::new();
        let node = self.place.pop(schema, root, &mut errors);
        match errors.into_iter().next() {
            Some((error, _)) => Err(error.with_position(position(text.as_bytes(), text.len()))),
            None => Ok(Invocation {
                path: Default::default(),
                id: root,
                content: Tree::new(schema.clone(), node),
            }),
        }
    }

    /// The whole document as children of the instance at `path`.
    pub(super) fn children_of(
        mut self,
        schema: &Arc<Schema>,
        path: &InstancePath,
    ) -> Result<Tree, DataError> {
        let mut schema = schema.clone();
        let mut root = SchemaId::ROOT;
        self.place.push(root);
        for step in &path.steps {
            root = step.node;
            self.place.push(root);
            let definition = schema.node(root);
            if let Select::Keys(keys) = &step.select {
                for (key, value) in definition.keys.iter().zip(keys) {
                    self.place.note_key(*key, value);
                }
            }
            if definition.mount_point.is_some() {
                let mounted = self.options.schema_at(&self.place.instance_path());
                let Some(inner) = mounted else {
                    let message = "the schema of what is mounted here is not known".to_owned();
                    return Err(self.error(ErrorKind::UnknownElement, None, message));
                };
                self.place.enter_mount(inner.clone());
                (schema, root) = (inner, SchemaId::ROOT);
            }
        }
        let text = self.text;
        let members = Members::new(&mut self, &schema, root);
        if let Err(error) = from_text(text, members) {
            return Err(self.refusal(text, &error));
        }
        let mut errors = Vec::new();
        let node = self.place.pop(&schema, root, &mut errors);
        if let Some((error, _)) = errors.into_iter().next() {
            return Err(error.with_position(position(text.as_bytes(), text.len())));
        }
        // The keys of the parent itself were only there for the path.
        let read = node
            .slots()
            .iter()
            .filter(|slot| !schema.node(slot.id).is_key);
        let node = node.with_slots(read.cloned().collect());
        Ok(Tree::new(schema, node))
    }

    /// The error that ended the reading of `text`, which is the document or a part of it.
    fn refusal(&mut self, text: &str, error: &serde_json::Error) -> DataError {
        let mut refusal = self.error.take().unwrap_or_else(|| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let kind = if message.contains("recursion limit") {
                ErrorKind::TooBig
            } else {
                ErrorKind::Malformed
            };
            DataError::new(kind, self.place.path_of(None), message)
        });
        if refusal.position.is_none() {
            let base = text
                .as_ptr()
                .addr()
                .saturating_sub(self.text.as_ptr().addr());
            let offset = base + offset_of(text, error.line(), error.column());
            refusal.position = Some(position(self.text.as_bytes(), offset));
        }
        refusal
    }

    /// Ends the reading with this error.
    fn fail<E: de::Error>(&mut self, error: DataError) -> E {
        let custom = E::custom(&error.message);
        self.error.get_or_insert(error);
        custom
    }

    fn error(&self, kind: ErrorKind, child: Option<SchemaId>, message: String) -> DataError {
        DataError::new(kind, self.place.path_of(child), message)
    }

    fn member(
        &mut self,
        schema: &Schema,
        parent: SchemaId,
        name: Cow<'a, str>,
    ) -> Result<Member, DataError> {
        match name.strip_prefix('@') {
            Some("") => Ok(Member::Annotations(None)),
            Some(child) => {
                let id = find(schema, parent, child, self.options.lenient());
                match id {
                    Some(id) => Ok(Member::Annotations(Some(id))),
                    None => Err(self.unknown(schema, parent, child)),
                }
            }
            None => {
                let lenient = self.options.lenient();
                let module = schema.node(parent).module;
                let id = match &name {
                    Cow::Borrowed(name) => self.known.child(schema, parent, module, name, || {
                        find(schema, parent, name, lenient)
                    }),
                    Cow::Owned(name) => find(schema, parent, name, lenient),
                };
                match id {
                    Some(id) => Ok(Member::Data(id)),
                    None => Err(self.unknown(schema, parent, &name)),
                }
            }
        }
    }

    fn unknown(&self, schema: &Schema, parent: SchemaId, name: &str) -> DataError {
        let (prefix, local) = split(name);
        let definition = schema.node(parent);
        let children = definition.data_children.iter();
        let children = children.map(|child| schema.node(*child));
        let namesake = children.clone().find(|child| *child.name == *local);
        let (kind, message) = match prefix {
            None if definition.kind == NodeKind::Root => (
                ErrorKind::UnknownNamespace,
                format!("the member {name:?} has no module name"),
            ),
            Some(module) if schema.module_by_name(module).is_none() => (
                ErrorKind::UnknownNamespace,
                format!("the member {name:?} is of a module that the schema does not have"),
            ),
            _ => (
                ErrorKind::UnknownElement,
                format!("the schema has no node {name} here"),
            ),
        };
        let error = self.error(kind, None, message).with_culprit(local);
        if let Some(node) = namesake {
            let module = &schema.module(node.module).name;
            return error.with_help(format!("write \"{module}:{local}\""));
        }
        match nearest(local, children.map(|child| &*child.name)) {
            Some(close) => error.with_help(format!("did you mean {close:?}?")),
            None => error,
        }
    }

    fn value(
        &self,
        schema: &Schema,
        id: SchemaId,
        scalar: JsonScalar<'_>,
    ) -> Result<Value, DataError> {
        let definition = schema.node(id);
        let Some(ty) = &definition.ty else {
            return Err(self.error(
                ErrorKind::InvalidValue,
                Some(id),
                "the node has no type".to_owned(),
            ));
        };
        let names = ModuleNames {
            default: Some(definition.module),
        };
        let types = if self.options.lenient() {
            JsonTypes::Lenient
        } else {
            JsonTypes::Strict
        };
        lexical::parse_json(schema, ty, scalar, &names, types).map_err(|error| {
            error
                .at(self.place.path_of(Some(id)))
                .with_culprit(definition.name.clone())
        })
    }

    /// The scalar that comes next, as a value of `id`.
    fn scalar<'s>(
        &'s mut self,
        schema: &'s Schema,
        id: SchemaId,
    ) -> Scalar<impl for<'x> FnOnce(JsonScalar<'x>) -> Result<Value, String> + 's> {
        Scalar(move |scalar: JsonScalar<'_>| {
            self.value(schema, id, scalar).map_err(|error| {
                let message = error.message.clone();
                self.error.get_or_insert(error);
                message
            })
        })
    }

    /// Builds the innermost node.
    fn pop<E: de::Error>(&mut self, schema: &Schema, id: SchemaId) -> Result<crate::Node, E> {
        let mut errors = Vec::new();
        let node = self.place.pop(schema, id, &mut errors);
        match errors.into_iter().next() {
            Some((error, _)) => Err(self.fail(error)),
            None => Ok(node),
        }
    }

    fn mounts_below(&mut self, schema: &Schema, list: SchemaId) -> bool {
        fn search(schema: &Schema, id: SchemaId) -> bool {
            let node = schema.node(id);
            node.mount_point.is_some()
                || node
                    .data_children
                    .iter()
                    .any(|child| search(schema, *child))
        }
        let address = std::ptr::from_ref(schema).addr();
        *self
            .mounts_below
            .entry((address, list))
            .or_insert_with(|| search(schema, list))
    }

    /// Reads a part of the document that was passed over first.
    fn part<T, E: de::Error>(
        &mut self,
        text: &'a str,
        seed: impl FnOnce(
            &mut Self,
            &mut serde_json::Deserializer<serde_json::de::StrRead<'a>>,
        ) -> Result<T, serde_json::Error>,
    ) -> Result<T, E> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        seed(self, &mut deserializer).map_err(|error| {
            let refusal = self.refusal(text, &error);
            self.fail(refusal)
        })
    }
}

fn from_text<'a, S: DeserializeSeed<'a>>(text: &'a str, seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The offset of a line and column (both from 1, columns in bytes) of `text`.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        line => text
            .match_indices('\n')
            .nth(line - 2)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    start + column.saturating_sub(1)
}

fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once(':') {
        Some((module, local)) => (Some(module), local),
        None => (None, name),
    }
}

/// RFC 7951 4: the module's name stands before the colon, or the module is the parent's.
fn find(schema: &Schema, parent: SchemaId, name: &str, lenient: bool) -> Option<SchemaId> {
    let (prefix, local) = split(name);
    let module = match prefix {
        Some(module) => schema.module_by_name(module),
        None if parent == SchemaId::ROOT => None,
        None => Some(schema.node(parent).module),
    };
    let found = module.and_then(|module| schema.data_child(parent, module, local));
    if found.is_none() && lenient {
        return schema.data_child_any_module(parent, local);
    }
    found
}

/// The name of a member: borrowed from the document unless it has escapes.
struct Name;

impl<'a> DeserializeSeed<'a> for Name {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Name {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// The outermost object.
struct Document<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    start: Start,
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

/// The members of an object, into the innermost open node.
struct Members<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    parent: SchemaId,
    keys: Keys,
}

impl<'r, 'o, 'a> Members<'r, 'o, 'a> {
    fn new(reader: &'r mut JsonReader<'o, 'a>, schema: &'r Arc<Schema>, parent: SchemaId) -> Self {
        Members {
            reader,
            schema,
            parent,
            keys: Keys::Unknown,
        }
    }

    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let member = self.reader.member(self.schema, self.parent, name.clone());
        let id = match member {
            Err(error) => return Err(self.reader.fail(error)),
            Ok(Member::Annotations(child)) => {
                return map.next_value_seed(Annotations {
                    reader: self.reader,
                    schema: self.schema,
                    child,
                });
            }
            Ok(Member::Data(id)) => id,
        };
        let definition = self.schema.node(id);
        if self.keys == Keys::Noted && definition.is_key {
            return map.next_value::<IgnoredAny>().map(|_| ());
        }
        if self.reader.options.holds == Holds::Config && !definition.config {
            let message = format!(
                "{} is state, and only configuration may stand here",
                definition.name
            );
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
        Ok(())
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
                deserializer.deserialize_seq(Items { reader, schema, id })?;
            }
            NodeKind::Container if definition.mount_point.is_some() => {
                mount(reader, id, deserializer)?;
            }
            NodeKind::Container => {
                reader.place.push(id);
                Members::new(reader, schema, id).deserialize(deserializer)?;
                let stored = definition.presence || !reader.place.top().is_empty();
                let node = reader.pop(schema, id)?;
                if stored {
                    reader.place.top().put(id, Content::Container(node));
                }
            }
            _ => {
                let any = verbatim(reader, id, deserializer)?;
                reader.place.top().put(id, Content::Any(Arc::new(any)));
            }
        }
        Ok(())
    }
}

/// The deepest nesting of what is kept verbatim: as deep as the JSON parser goes elsewhere.
const VERBATIM_DEPTH: usize = 120;

/// The value that comes next, kept as it is.
fn verbatim<'a, D: Deserializer<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    id: SchemaId,
    deserializer: D,
) -> Result<AnyData, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?.get();
    let limit = VERBATIM_DEPTH.min(reader.options.limits.depth as usize);
    if nesting(text) > limit {
        let message = format!("objects and arrays are nested deeper than {limit}");
        let error = reader.error(ErrorKind::TooBig, Some(id), message);
        return Err(reader.fail(error));
    }
    Ok(AnyData::Json(text.into()))
}

/// How deep the brackets of a JSON text nest; it is well-formed.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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
            let any = verbatim(reader, id, deserializer)?;
            let blank = |text: &str| text.bytes().all(|byte| b"{} \t\r\n".contains(&byte));
            let stored = !matches!(&any, AnyData::Json(text) if blank(text));
            stored.then(|| Content::Any(Arc::new(any)))
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

/// The annotations of the innermost open node or of its child (RFC 7952 5.2).
struct Annotations<'r, 'o, 'a> {
    reader: &'r mut JsonReader<'o, 'a>,
    schema: &'r Arc<Schema>,
    child: Option<SchemaId>,
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
