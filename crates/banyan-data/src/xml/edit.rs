//! The content of an edit-config into an [`Edit`]: operations (RFC 6241 7.2) and places (RFC 7950 7.7.9, 7.8.6).

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, OrderedBy, Schema, SchemaId};

use super::data::{DataReader, unknown_element};
use super::scanner::{Attribute, Open, Token, is_blank};
use super::twice;
use crate::any::AnyData;
use crate::document::ParseOptions;
use crate::edit::{EditContent, EditNode, Insert, Operation};
use crate::error::{DataError, ErrorKind};
use crate::input::Lines;
use crate::lexical::{self, ValueError};
use crate::meta::{Annotated, Annotations, DEFAULT_NAMESPACE, Meta};
use crate::reading::Stop;
use crate::value::Value;

/// The namespace of `operation` (RFC 6241 7.2).
pub(super) const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";
/// The namespace of `insert`, `key` and `value` (RFC 7950 7.7.9).
pub(super) const YANG: &str = "urn:ietf:params:xml:ns:yang:1";

/// Reads edit nodes.
pub(super) struct EditReader<'o, 'a> {
    pub(super) reader: DataReader<'o, 'a>,
    lines: Lines,
}

/// The attributes of a node in an edit.
struct Attributes<'a> {
    operation: Operation,
    insert: Option<&'static str>,
    key: Option<Attribute<'a>>,
    value: Option<Attribute<'a>>,
    annotations: Option<Annotations>,
    /// The client asks for the default (RFC 6243 4.5.1).
    is_default: bool,
}

/// The children of a node while they are read, with the annotations of the node itself, its leaves and entries.
#[derive(Default)]
struct Children {
    nodes: Vec<EditNode>,
    annotations: BTreeMap<Annotated, Annotations>,
}

impl Children {
    fn meta(&mut self) -> Option<Meta> {
        let annotations = std::mem::take(&mut self.annotations);
        (!annotations.is_empty()).then_some(Meta { annotations })
    }
}

/// The operation of that name.
fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "merge" => Operation::Merge,
        "replace" => Operation::Replace,
        "create" => Operation::Create,
        "delete" => Operation::Delete,
        "remove" => Operation::Remove,
        // RFC 6241 has it as a default-operation only; in an edit it undoes what the parent says.
        "none" => Operation::None,
        _ => return None,
    })
}

fn deletes(operation: Operation) -> bool {
    matches!(operation, Operation::Delete | Operation::Remove)
}

impl<'o, 'a> EditReader<'o, 'a> {
    pub(super) fn new(
        schema: &Arc<Schema>,
        input: &'a str,
        options: &'o ParseOptions<'o>,
    ) -> EditReader<'o, 'a> {
        EditReader {
            reader: DataReader::new(schema, input, options),
            lines: Lines::default(),
        }
    }

    /// The whole document.
    pub(super) fn document(
        &mut self,
        schema: &Arc<Schema>,
        default: Operation,
        is_wrapper: impl Fn(&DataReader<'o, 'a>, &Open<'a>) -> bool,
    ) -> Result<EditNode, Stop> {
        self.reader.reading.place.push(SchemaId::ROOT);
        let mut nodes = Children::default();
        loop {
            match self.reader.token()? {
                Token::Open(open) if is_wrapper(&self.reader, &open) => {}
                Token::Open(open) => {
                    self.child(schema, SchemaId::ROOT, default, &open, &mut nodes)?;
                }
                Token::Text(text) => self.reader.only_blank(schema, &text)?,
                Token::Close => {}
                Token::End => break,
            }
        }
        twice::find(schema, &nodes.nodes, &mut self.reader.reading)?;
        let meta = nodes.meta();
        let content = EditContent::Container(nodes.nodes);
        let mut root = EditNode::new(SchemaId::ROOT, default, content);
        root.meta = meta;
        Ok(root)
    }

    fn children(
        &mut self,
        schema: &Arc<Schema>,
        parent: SchemaId,
        inherited: Operation,
        nodes: &mut Children,
    ) -> Result<(), Stop> {
        loop {
            match self.reader.token()? {
                Token::Open(open) => self.child(schema, parent, inherited, &open, nodes)?,
                Token::Close | Token::End => {
                    return twice::find(schema, &nodes.nodes, &mut self.reader.reading);
                }
                Token::Text(text) => self.reader.only_blank(schema, &text)?,
            }
        }
    }

    fn child(
        &mut self,
        schema: &Arc<Schema>,
        parent: SchemaId,
        inherited: Operation,
        open: &Open<'a>,
        nodes: &mut Children,
    ) -> Result<(), Stop> {
        let Some(id) = self.reader.find(schema, parent, open) else {
            let path = self.reader.reading.place.path_of(None);
            let error = unknown_element(schema, parent, &self.reader.scanner, open, path);
            self.reader.reading.report(error, open.offset)?;
            return self.reader.skip();
        };
        let definition = schema.node(id);
        if !definition.config {
            let message = format!("{} is state and cannot be edited", definition.name);
            self.reader
                .reading
                .fail(ErrorKind::NotConfig, Some(id), message, open.offset)?;
            return self.reader.skip();
        }
        let single = !matches!(definition.kind, NodeKind::List | NodeKind::LeafList);
        if single && nodes.nodes.iter().any(|node| node.id == id) {
            let keyword = definition.kind.keyword();
            let message = format!("the {keyword} {} is given twice", definition.name);
            self.reader
                .reading
                .fail(ErrorKind::Duplicate, Some(id), message, open.offset)?;
            return self.reader.skip();
        }
        let bytes = self.reader.scanner.input().as_bytes();
        let position = self.lines.position(bytes, open.offset);
        // What is mounted has annotations of its own schema.
        let inner = self.mounted(schema, id);
        let defining = inner.as_deref().unwrap_or(schema);
        let Some(attributes) = self.attributes(defining, id, inherited, open.offset)? else {
            return self.reader.skip();
        };
        let is_unknown_mount = definition.mount_point().is_some() && inner.is_none();
        if is_unknown_mount
            && attributes.annotations.is_some()
            && !self.reader.reading.options.lenient()
        {
            // As in data: what defines them is not known either.
            let message = "the schema of what is mounted here is not known, so its annotations cannot be kept";
            let path = self.reader.reading.place.path_of(Some(id));
            let error = DataError::new(ErrorKind::UnknownAttribute, path, message)
                .with_culprit(definition.name.clone())
                .with_help("leave them out, or connect the device first");
            self.reader.reading.report(error, open.offset)?;
            return self.reader.skip();
        }
        let insert = match self.insert(schema, id, &attributes) {
            Ok(insert) => insert,
            Err(error) => {
                self.reader.reading.report(error, open.offset)?;
                return self.reader.skip();
            }
        };
        let mut operation = attributes.operation;
        if definition.is_key && schema.node(parent).kind == NodeKind::List {
            if self.reader.reading.place.top().has(id) {
                let message = format!("the key {} is given twice", definition.name);
                self.reader
                    .reading
                    .fail(ErrorKind::Duplicate, Some(id), message, open.offset)?;
                return self.reader.skip();
            }
            match self.reader.leaf(schema, id, open.offset)? {
                Some(value) => self.reader.reading.place.note_key(id, &value),
                None => self.reader.reading.place.top().note_unstored(id),
            }
            return Ok(());
        }
        let inner = matches!(definition.kind, NodeKind::Container | NodeKind::List);
        let mut own = Children::default();
        let mut annotations = attributes.annotations;
        if inner {
            own.annotations
                .extend(annotations.take().map(|of| (Annotated::Node, of)));
        }
        if let Some(mut content) = self.content(schema, id, operation, open, &mut own)? {
            let place = match &content {
                EditContent::LeafListEntry(value) => Annotated::Entry(id, value.clone()),
                _ => Annotated::Child(id),
            };
            nodes.annotations.extend(annotations.map(|of| (place, of)));
            if attributes.is_default && !deletes(operation) {
                if !self.is_default(schema, id, &content, open.offset)? {
                    return Ok(());
                }
                // RFC 6243 4.5.1: the node is to have its default, which it has while it is not set.
                if matches!(operation, Operation::Merge | Operation::Replace) {
                    operation = Operation::Remove;
                    if definition.kind == NodeKind::Leaf {
                        content = EditContent::Leaf(None);
                    }
                }
            }
            nodes.nodes.push(EditNode {
                id,
                operation,
                content,
                insert,
                meta: own.meta(),
                position: Some(position),
            });
        }
        Ok(())
    }

    /// What the element of `id` carries; `None` (and an error) when it is wrong.
    fn content(
        &mut self,
        schema: &Arc<Schema>,
        id: SchemaId,
        operation: Operation,
        open: &Open<'a>,
        nodes: &mut Children,
    ) -> Result<Option<EditContent>, Stop> {
        let definition = schema.node(id);
        match definition.kind {
            // The value of what is deleted does not matter.
            NodeKind::Leaf if deletes(operation) => {
                let text = self.reader.text(id)?;
                Ok(text.map(|_| EditContent::Leaf(None)))
            }
            NodeKind::Leaf => {
                let value = self.reader.leaf(schema, id, open.offset)?;
                Ok(value.map(|value| EditContent::Leaf(Some(value))))
            }
            NodeKind::LeafList => self.leaf_list_entry(schema, id, operation, open.offset),
            NodeKind::Container if definition.mount_point().is_some() => {
                self.mount(id, operation, open.offset, nodes)
            }
            NodeKind::Container => {
                self.reader.reading.place.push(id);
                self.children(schema, id, operation, nodes)?;
                self.reader.reading.place.discard();
                Ok(Some(EditContent::Container(std::mem::take(
                    &mut nodes.nodes,
                ))))
            }
            NodeKind::List => self.entry(schema, id, operation, open.offset, nodes),
            _ if deletes(operation) => {
                self.reader.skip()?;
                Ok(Some(EditContent::Any(None)))
            }
            _ => {
                let text = self.reader.verbatim()?;
                Ok(Some(EditContent::Any(Some(Arc::new(AnyData::Xml(
                    text.into(),
                ))))))
            }
        }
    }

    fn leaf_list_entry(
        &mut self,
        schema: &Arc<Schema>,
        id: SchemaId,
        operation: Operation,
        offset: usize,
    ) -> Result<Option<EditContent>, Stop> {
        let Some(text) = self.reader.text(id)? else {
            return Ok(None);
        };
        match self.reader.value(schema, id, &text) {
            Ok(value) => Ok(Some(EditContent::LeafListEntry(value))),
            Err(_) if text.is_empty() && deletes(operation) => Ok(Some(EditContent::Whole)),
            Err(error) => {
                let path = self.reader.reading.place.path_of(Some(id));
                let culprit = schema.node(id).name.clone();
                self.reader
                    .reading
                    .report(error.at(path).with_culprit(culprit), offset)?;
                Ok(None)
            }
        }
    }

    fn entry(
        &mut self,
        schema: &Arc<Schema>,
        id: SchemaId,
        operation: Operation,
        offset: usize,
        children: &mut Children,
    ) -> Result<Option<EditContent>, Stop> {
        self.reader.reading.place.push(id);
        self.children(schema, id, operation, children)?;
        let nodes = std::mem::take(&mut children.nodes);
        let place = &mut self.reader.reading.place;
        let complete = place.top().has_keys(schema, id);
        let missing = place.top().missing_keys(schema, id);
        let keys = schema.node(id).keys();
        let none = missing.len() == keys.len();
        let keys: Vec<Value> = keys
            .iter()
            .filter_map(|key| place.key(*key).cloned())
            .collect();
        // Without any key and without children: all of the list.
        let whole = none && nodes.is_empty() && deletes(operation);
        let content = if whole {
            Some(EditContent::Whole)
        } else if complete {
            Some(EditContent::Entry(keys, nodes))
        } else {
            for key in missing {
                let path = self.reader.reading.place.path_of(None);
                let message = format!(
                    "the entry of {} has no {key}, its key",
                    schema.node(id).name
                );
                let error = DataError::new(ErrorKind::MissingElement, path, message)
                    .with_culprit(key.clone())
                    .with_help(format!("add <{key}>"));
                self.reader.reading.report(error, offset)?;
            }
            None
        };
        self.reader.reading.place.discard();
        Ok(content)
    }

    /// The schema of what is mounted at `id`, if that is a mount point and it is known.
    fn mounted(&mut self, schema: &Schema, id: SchemaId) -> Option<Arc<Schema>> {
        schema.node(id).mount_point()?;
        self.reader.reading.place.push(id);
        let inner = self.reader.reading.mounted_schema();
        self.reader.reading.place.discard();
        inner
    }

    fn mount(
        &mut self,
        id: SchemaId,
        operation: Operation,
        offset: usize,
        nodes: &mut Children,
    ) -> Result<Option<EditContent>, Stop> {
        self.reader.reading.place.push(id);
        let content = match self.reader.reading.mounted_schema() {
            Some(inner) => {
                self.reader.reading.place.enter_mount(inner.clone());
                self.children(&inner, SchemaId::ROOT, operation, nodes)?;
                self.reader.reading.place.discard();
                self.reader.reading.place.leave_mount();
                Some(EditContent::Mount(inner, std::mem::take(&mut nodes.nodes)))
            }
            None => {
                let text = self.reader.verbatim()?;
                match operation {
                    Operation::Delete | Operation::Remove => Some(EditContent::Any(None)),
                    Operation::Create | Operation::Replace => {
                        Some(EditContent::Any(Some(Arc::new(AnyData::Xml(text.into())))))
                    }
                    Operation::Merge | Operation::None if is_blank(&text) => {
                        Some(EditContent::Container(Vec::new()))
                    }
                    Operation::Merge | Operation::None => {
                        // Merging needs to know which nodes are lists and keys; replacing all would lose data.
                        let message = "the schema of what is mounted here is not known, so nothing can be merged into it";
                        let error = DataError::new(
                            ErrorKind::UnknownElement,
                            self.reader.reading.place.path_of(None),
                            message,
                        )
                        .with_help("connect the device first, or replace all of it");
                        self.reader.reading.report(error, offset)?;
                        None
                    }
                }
            }
        };
        self.reader.reading.place.discard();
        Ok(content)
    }

    /// The attributes of the element that was opened last; `None` (and an error) when one is wrong.
    fn attributes(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        inherited: Operation,
        offset: usize,
    ) -> Result<Option<Attributes<'a>>, Stop> {
        let mut found = Attributes {
            operation: inherited,
            insert: None,
            key: None,
            value: None,
            annotations: None,
            is_default: false,
        };
        for index in 0..self.reader.scanner.attributes.len() {
            let attribute = self.reader.scanner.attributes[index].clone();
            let namespace = match attribute.prefix {
                Some(prefix) => self.reader.scanner.namespaces.uri(Some(prefix)),
                // Sloppy clients leave the prefix out.
                None if self.reader.reading.options.lenient() && attribute.local == "operation" => {
                    Some(NETCONF)
                }
                None => None,
            };
            match (namespace, attribute.local) {
                (Some(NETCONF), "operation") => match operation(&attribute.value) {
                    Some(operation) => found.operation = operation,
                    None => {
                        self.bad_attribute(
                            id,
                            &attribute,
                            "merge, replace, create, delete or remove",
                            offset,
                        )?;
                        return Ok(None);
                    }
                },
                (Some(YANG), "insert") => {
                    let names = ["first", "last", "before", "after"];
                    found.insert = names.into_iter().find(|name| *name == attribute.value);
                    if found.insert.is_none() {
                        self.bad_attribute(id, &attribute, "first, last, before or after", offset)?;
                        return Ok(None);
                    }
                }
                (Some(YANG), "key") => found.key = Some(attribute),
                (Some(YANG), "value") => found.value = Some(attribute),
                (Some(DEFAULT_NAMESPACE), "default") => match &*attribute.value {
                    "true" | "1" => found.is_default = true,
                    "false" | "0" => found.is_default = false,
                    _ => {
                        self.bad_attribute(id, &attribute, "true or false", offset)?;
                        return Ok(None);
                    }
                },
                _ => {
                    let annotation =
                        self.reader
                            .annotation(schema, &attribute, Some(id), offset)?;
                    if let Some((name, value)) = annotation {
                        let annotations = found.annotations.get_or_insert_default();
                        annotations.insert(name, value);
                    }
                }
            }
        }
        Ok(Some(found))
    }

    /// Whether a leaf, or an entry of a leaf-list, that is marked as default has that value (RFC 6243 4.5.1); if not, that is an error.
    fn is_default(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        content: &EditContent,
        offset: usize,
    ) -> Result<bool, Stop> {
        if let EditContent::Leaf(Some(value)) | EditContent::LeafListEntry(value) = content {
            let mut defaults = (0..schema.node(id).defaults().len())
                .filter_map(|index| lexical::default_value(schema, id, index).ok());
            if defaults.any(|default| default == *value) {
                return Ok(true);
            }
        }
        let message = "it is marked as default, and it has no default or another one";
        let error = DataError::new(
            ErrorKind::InvalidValue,
            self.reader.reading.place.path_of(Some(id)),
            message,
        );
        let help = "give the default, or leave the attribute default out";
        self.reader.reading.report(error.with_help(help), offset)?;
        Ok(false)
    }

    fn bad_attribute(
        &mut self,
        id: SchemaId,
        attribute: &Attribute<'a>,
        allowed: &str,
        offset: usize,
    ) -> Result<(), Stop> {
        let message = format!(
            "{:?} is not a value of the attribute {}",
            attribute.value, attribute.local
        );
        let error = DataError::new(
            ErrorKind::BadAttribute,
            self.reader.reading.place.path_of(Some(id)),
            message,
        )
        .with_culprit(attribute.local)
        .with_help(format!("allowed: {allowed}"));
        self.reader.reading.report(error, offset)
    }

    /// RFC 7950 7.7.9, 7.8.6: where the entry goes.
    fn insert(
        &self,
        schema: &Schema,
        id: SchemaId,
        attributes: &Attributes<'a>,
    ) -> Result<Option<Insert>, DataError> {
        let error = |kind, culprit: &str, message: String| {
            DataError::new(kind, self.reader.reading.place.path_of(Some(id)), message)
                .with_culprit(culprit)
        };
        let definition = schema.node(id);
        let given = attributes.insert.or(attributes.key.as_ref().map(|_| "key"));
        let Some(given) = given.or(attributes.value.as_ref().map(|_| "value")) else {
            return Ok(None);
        };
        let user_ordered = matches!(definition.kind, NodeKind::List | NodeKind::LeafList)
            && definition.ordered_by == OrderedBy::User;
        if !user_ordered {
            let culprit = if attributes.insert.is_some() {
                "insert"
            } else {
                given
            };
            let message = format!(
                "{} is not ordered by the user, so its entries cannot be placed",
                definition.name
            );
            return Err(error(ErrorKind::BadAttribute, culprit, message));
        }
        let neighbour = |name: &str, attribute: &Option<Attribute<'a>>| match attribute {
            Some(attribute) => Ok(attribute.value.to_string()),
            None => Err(error(
                ErrorKind::MissingAttribute,
                name,
                format!("insert=\"{given}\" needs the attribute {name}, which names the neighbour"),
            )),
        };
        let wrong = |name: &str, reason: ValueError| {
            let mut wrong = error(ErrorKind::BadAttribute, name, reason.message);
            wrong.help = reason.help;
            wrong
        };
        let place: fn(Vec<Value>) -> Insert = match given {
            "first" => return Ok(Some(Insert::First)),
            "last" => return Ok(Some(Insert::Last)),
            "before" => Insert::Before,
            "after" => Insert::After,
            name => {
                let message =
                    format!("the attribute {name} needs insert=\"before\" or \"after\" beside it");
                return Err(error(ErrorKind::MissingAttribute, "insert", message));
            }
        };
        if definition.kind == NodeKind::LeafList {
            let text = neighbour("value", &attributes.value)?;
            let value = self.reader.value(schema, id, &text);
            return Ok(Some(place(vec![
                value.map_err(|reason| wrong("value", reason))?,
            ])));
        }
        let text = neighbour("key", &attributes.key)?;
        let prefixes = self.reader.prefixes(schema, id);
        let keys = lexical::parse_keys(schema, id, &text, &prefixes);
        Ok(Some(place(keys.map_err(|reason| wrong("key", reason))?)))
    }
}
