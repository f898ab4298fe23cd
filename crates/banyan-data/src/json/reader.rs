//! The state of reading JSON: where the reader is, what names mean, and the error that ends it.
//!
//! Serde drives the reading; seeds (in the neighbouring files) carry the reader to where the next value goes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::annotations::Beside;
use super::document::Document;
use super::members::Members;
use super::scalar::Scalar;
use super::tokens::fault;
use crate::document::ParseOptions;
use crate::error::{DataError, ErrorKind};
use crate::input::position;
use crate::known::{KnownChildren, find, unknown_child};
use crate::lexical::{self, JsonScalar, JsonTypes, ModuleNames};
use crate::node::Tree;
use crate::operation::Invocation;
use crate::path::{InstancePath, Select};
use crate::place::Place;
use crate::value::Value;

/// The members of a datastore's file that name the modules that it was written with.
pub(super) const MODULES: [&str; 2] = [
    "ietf-yang-library:yang-library",
    "ietf-yang-library:modules-state",
];

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
    pub(super) options: &'o ParseOptions<'o>,
    pub(super) place: Place,
    known: KnownChildren<'a>,
    /// The document is a datastore's file, which may name modules.
    pub(super) store: bool,
    /// The member that named them, as a document.
    pub(super) modules: Option<String>,
    /// Annotations of children whose objects have not ended, innermost last.
    pub(super) beside: Vec<Beside<'a>>,
    /// The first error; reading ends with it.
    error: Option<DataError>,
    /// Lists (by schema address) and whether a mount point is somewhere below.
    mounts_below: HashMap<(usize, SchemaId), bool>,
}

/// What a member's name means.
pub(super) enum Member {
    Data(SchemaId),
    /// `@`, or `@name` of a child (RFC 7952 5.2).
    Annotations(Option<SchemaId>),
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
            store: false,
            modules: None,
            beside: Vec::new(),
            error: None,
            mounts_below: HashMap::new(),
        }
    }

    /// The whole document.
    pub(super) fn document(
        &mut self,
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
            reader: self,
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

    /// Whether a member of the innermost open node names the modules that a datastore was written with.
    pub(super) fn names_modules(&self, name: &str) -> bool {
        self.store && self.place.depth() == 1 && MODULES.contains(&name)
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
                for (key, value) in definition.keys().iter().zip(keys) {
                    self.place.note_key(*key, value);
                }
            }
            if definition.mount_point().is_some() {
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
        let is_syntax = error.is_syntax() || error.is_eof();
        if self.error.is_none()
            && is_syntax
            && let Some(broken) = fault(self.text)
            && !error.to_string().contains("recursion limit")
        {
            let mut refusal = broken.into_error(self.text.as_bytes());
            refusal.path = self.place.path_of(None);
            return refusal;
        }
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
    pub(super) fn fail<E: de::Error>(&mut self, error: DataError) -> E {
        let custom = E::custom(&error.message);
        self.error.get_or_insert(error);
        custom
    }

    pub(super) fn error(
        &self,
        kind: ErrorKind,
        child: Option<SchemaId>,
        message: String,
    ) -> DataError {
        DataError::new(kind, self.place.path_of(child), message)
    }

    pub(super) fn member(
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
        unknown_child(schema, parent, ("member", name), self.place.path_of(None))
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
        lexical::parse_json(schema, ty, scalar, &names, self.types()).map_err(|error| {
            error
                .at(self.place.path_of(Some(id)))
                .with_culprit(definition.name.clone())
        })
    }

    /// Whether a value must have the JSON type that RFC 7951 gives it.
    pub(super) fn types(&self) -> JsonTypes {
        match self.options.lenient() {
            true => JsonTypes::Lenient,
            false => JsonTypes::Strict,
        }
    }

    /// The scalar that comes next, as a value of `id`.
    pub(super) fn scalar<'s>(
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
    pub(super) fn pop<E: de::Error>(
        &mut self,
        schema: &Schema,
        id: SchemaId,
    ) -> Result<crate::Node, E> {
        let mut errors = Vec::new();
        let node = self.place.pop(schema, id, &mut errors);
        match errors.into_iter().next() {
            Some((error, _)) => Err(self.fail(error)),
            None => Ok(node),
        }
    }

    pub(super) fn mounts_below(&mut self, schema: &Schema, list: SchemaId) -> bool {
        fn search(schema: &Schema, id: SchemaId) -> bool {
            schema.node(id).mount_point().is_some()
                || schema
                    .data_children(id)
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
    pub(super) fn part<T, E: de::Error>(
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

/// The name of a member: borrowed from the document unless it has escapes.
pub(super) struct Name;

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
