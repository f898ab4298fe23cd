//! Reading a YANG Patch into an edit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::PatchOperation;
use crate::change::content_edits;
use crate::document::{Encoding, Mounts, ParseOptions};
use crate::edit::{Edit, EditContent, EditNode, Insert, Operation};
use crate::error::{DataError, ErrorKind, ErrorPath, Position};
use crate::json;
use crate::lexical::{self, JsonScalar, JsonTypes};
use crate::meta::{Annotated, Meta, annotation_named};
use crate::node::Tree;
use crate::operation::parse_parameters;
use crate::path::{self, InstancePath, PathStep, Select, api_path, with_schemas};
use crate::value::Value;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "ietf-yang-patch:yang-patch", borrow)]
    patch: Patch<'a>,
}

#[derive(Deserialize)]
struct Patch<'a> {
    #[serde(borrow, default)]
    edit: Vec<PatchEdit<'a>>,
}

/// Annotations by place and name.
pub(super) type Metadata = BTreeMap<String, BTreeMap<String, Json>>;

/// One edit of a patch.
#[derive(Deserialize)]
pub(super) struct PatchEdit<'a> {
    #[serde(borrow, rename = "edit-id")]
    pub(super) id: Cow<'a, str>,
    pub(super) operation: PatchOperation,
    #[serde(borrow)]
    pub(super) target: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) point: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "where")]
    pub(super) place: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) value: Option<&'a RawValue>,
    /// The value of a patch in XML.
    #[serde(skip)]
    pub(super) xml: Option<String>,
    #[serde(rename = "banyan:metadata")]
    pub(super) metadata: Option<Metadata>,
}

/// Reads a YANG Patch in JSON as one edit, which is as strict as the patch: `create` of what exists fails, and so
/// on. `mounts` must know the schemas of what is mounted before the patch and of what the patch mounts.
///
/// # Errors
/// The text is not a YANG Patch; or an edit of it (named by its edit-id) has a wrong target, point or value.
pub fn from_yang_patch(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
) -> Result<Edit, DataError> {
    let document: Document<'_> = serde_json::from_str(text).map_err(|error| {
        if let Some(broken) = json::fault(text) {
            return broken.into_error(text.as_bytes());
        }
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let message = format!("this is not a YANG Patch in JSON: {reason}");
        DataError::new(ErrorKind::Malformed, ErrorPath::default(), message).with_position(
            Position {
                line: u32::try_from(error.line()).unwrap_or(u32::MAX),
                column: u32::try_from(error.column()).unwrap_or(u32::MAX),
            },
        )
    })?;
    joined(schema, &document.patch.edit, mounts)
}

/// The edit-ids of a patch in JSON with their targets, as errors spell paths.
pub(super) fn json_targets(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
) -> Option<Vec<(String, String)>> {
    let document: Document<'_> = serde_json::from_str(text).ok()?;
    Some(targets(schema, &document.patch.edit, mounts))
}

/// The edit-ids of edits with their targets, as errors spell paths.
pub(super) fn targets(
    schema: &Arc<Schema>,
    edits: &[PatchEdit<'_>],
    mounts: &dyn Mounts,
) -> Vec<(String, String)> {
    let target = |edit: &PatchEdit<'_>| {
        let target = api_path::parse(schema, &edit.target, mounts).ok()?;
        let target = path::json::print(schema, &target, mounts)?;
        Some((edit.id.to_string(), target))
    };
    edits.iter().filter_map(target).collect()
}

impl PatchEdit<'_> {
    /// An edit of a patch in XML, which says this at least.
    pub(super) fn new(id: String, operation: PatchOperation, target: String) -> Self {
        PatchEdit {
            id: id.into(),
            operation,
            target: target.into(),
            point: None,
            place: None,
            value: None,
            xml: None,
            metadata: None,
        }
    }
}

/// The edits of a patch as one.
pub(super) fn joined(
    schema: &Arc<Schema>,
    edits: &[PatchEdit<'_>],
    mounts: &dyn Mounts,
) -> Result<Edit, DataError> {
    let mut root = EditNode::new(
        SchemaId::ROOT,
        Operation::None,
        EditContent::Container(Vec::new()),
    );
    for edit in edits {
        let reader = EditReader {
            schema,
            mounts,
            edit,
        };
        reader.read(&mut root).map_err(|mut error| {
            error.message = format!("edit {}: {}", edit.id, error.message);
            error
        })?;
    }
    Ok(Edit {
        schema: schema.clone(),
        root,
    })
}

pub(super) struct EditReader<'a> {
    pub(super) schema: &'a Arc<Schema>,
    pub(super) mounts: &'a dyn Mounts,
    pub(super) edit: &'a PatchEdit<'a>,
}

/// The mounts below a place, for a document that begins there.
struct Below<'a> {
    place: &'a [PathStep],
    /// The reader of a part begins its paths with the part's own node, which `place` ends with; only the root has
    /// no step.
    own: usize,
    mounts: &'a dyn Mounts,
}

impl Mounts for Below<'_> {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let below = path.steps.get(self.own..)?;
        self.mounts.schema_at(&InstancePath {
            steps: self.place.iter().chain(below).cloned().collect(),
        })
    }
}

impl EditReader<'_> {
    pub(super) fn wrong(&self, kind: ErrorKind, message: impl Into<String>) -> DataError {
        DataError::new(kind, ErrorPath(self.edit.target.as_ref().into()), message)
    }

    pub(super) fn path(&self, text: &str) -> Result<InstancePath, DataError> {
        api_path::parse(self.schema, text, self.mounts).map_err(|error| error.into_data_error())
    }

    /// The schema of what is mounted at the end of `steps`, when the last of them is a mount point.
    fn mounted(&self, schema: &Schema, steps: &[PathStep]) -> Option<Arc<Schema>> {
        schema.node(steps.last()?.node).mount_point().as_ref()?;
        self.mounts.schema_at(&InstancePath {
            steps: steps.to_vec(),
        })
    }

    pub(super) fn read(&self, root: &mut EditNode) -> Result<(), DataError> {
        let target = self.path(&self.edit.target)?;
        let Some((last, parents)) = target.steps.split_last() else {
            return self.read_root(root);
        };
        let Some(schemas) = with_schemas(self.schema, &target, self.mounts) else {
            return Err(self.wrong(ErrorKind::UnknownElement, "the target fits no schema"));
        };
        // One more schema than steps: that of the last one's children comes with `mounted`.
        let own = schemas
            .last()
            .map_or(self.schema.clone(), |(schema, _)| schema.clone());
        let new = match &self.edit.metadata {
            Some(metadata) => vec![self.annotated(&own, &target, metadata)?],
            None => self.edits(&own, parents, last)?,
        };
        self.enter(root, &target.steps, new)
    }

    /// Puts edits of the children of what the last of `steps` stands in below it, where all that leads there is passed
    /// through.
    fn enter(
        &self,
        root: &mut EditNode,
        steps: &[PathStep],
        new: Vec<EditNode>,
    ) -> Result<(), DataError> {
        let target = InstancePath {
            steps: steps.to_vec(),
        };
        let parents = steps.split_last().map_or(&[][..], |(_, parents)| parents);
        let Some(schemas) = with_schemas(self.schema, &target, self.mounts) else {
            return Err(self.wrong(ErrorKind::UnknownElement, "the target fits no schema"));
        };
        let mut at = root;
        for depth in 0..parents.len() {
            let (schema, step) = &schemas[depth];
            let mounted = self.mounted(schema, &parents[..=depth]);
            let content = passed(step, mounted);
            at = match entered(at, step, content) {
                Some(child) => child,
                None => {
                    return Err(self.wrong(ErrorKind::UnknownElement, "the target passes a leaf"));
                }
            };
        }
        match children_of(at) {
            Some(children) => {
                children.extend(new);
                Ok(())
            }
            None => Err(self.wrong(ErrorKind::UnknownElement, "the target passes a leaf")),
        }
    }

    /// The datastore itself as target: only its metadata.
    fn read_root(&self, root: &mut EditNode) -> Result<(), DataError> {
        match &self.edit.metadata {
            Some(metadata) => {
                root.meta = Some(self.meta(self.schema, SchemaId::ROOT, metadata)?);
                Ok(())
            }
            None => Err(self.wrong(
                ErrorKind::BadAttribute,
                "the target / is the whole datastore; name a node in it",
            )),
        }
    }

    /// The edits of the last step itself.
    fn edits(
        &self,
        schema: &Arc<Schema>,
        parents: &[PathStep],
        step: &PathStep,
    ) -> Result<Vec<EditNode>, DataError> {
        use PatchOperation as P;
        let operation = match self.edit.operation {
            P::Create | P::Insert => Operation::Create,
            P::Delete => Operation::Delete,
            P::Merge | P::Move => Operation::Merge,
            P::Replace => Operation::Replace,
            P::Remove => Operation::Remove,
        };
        match self.edit.operation {
            P::Delete | P::Remove => Ok(vec![EditNode::new(
                step.node,
                operation,
                self.gone(schema, parents, step),
            )]),
            P::Move => {
                let content = match &step.select {
                    Select::Keys(keys) => EditContent::Entry(keys.clone(), Vec::new()),
                    Select::Value(value) => EditContent::LeafListEntry(value.clone()),
                    _ => {
                        let message = "only an entry of a user-ordered list can move";
                        return Err(self.wrong(ErrorKind::BadAttribute, message));
                    }
                };
                let edit = EditNode::new(step.node, operation, content);
                Ok(vec![edit.at(self.place()?)])
            }
            P::Create | P::Insert | P::Merge | P::Replace => {
                let whole = step.select == Select::None
                    && matches!(
                        schema.node(step.node).kind,
                        NodeKind::List | NodeKind::LeafList
                    );
                let mut edits = Vec::new();
                let operation = if whole && operation == Operation::Replace {
                    edits.push(EditNode::new(
                        step.node,
                        Operation::Remove,
                        EditContent::Whole,
                    ));
                    Operation::Create
                } else {
                    operation
                };
                edits.extend(self.valued(schema, parents, step, operation)?);
                Ok(edits)
            }
        }
    }

    /// The edit that creates what the value holds below the target, which must be one instance; and its step.
    pub(super) fn created(
        &self,
        root: &mut EditNode,
        target: &InstancePath,
    ) -> Result<PathStep, DataError> {
        let schemas = with_schemas(self.schema, target, self.mounts);
        let Some(schemas) = schemas else {
            return Err(self.wrong(ErrorKind::UnknownElement, "the target fits no schema"));
        };
        let own = schemas
            .last()
            .map_or(self.schema.clone(), |(schema, _)| schema.clone());
        let (schema, parent) = match (self.mounted(&own, &target.steps), target.steps.last()) {
            (Some(mounted), _) => (mounted, SchemaId::ROOT),
            (None, Some(step)) => (own, step.node),
            (None, None) => (own, SchemaId::ROOT),
        };
        let tree = self.value(&schema, parent, &target.steps)?;
        let mut edits = match tree.root().slots() {
            [slot] => content_edits(slot.id, &slot.content, Operation::Create),
            _ => Vec::new(),
        };
        let [edit] = edits.as_mut_slice() else {
            let message = "the body must be one new child of the target, and nothing else";
            return Err(self.wrong(ErrorKind::InvalidValue, message));
        };
        edit.insert = self.place()?;
        let step = PathStep {
            node: edit.id,
            select: match &edit.content {
                EditContent::Entry(keys, _) => Select::Keys(keys.clone()),
                EditContent::LeafListEntry(value) => Select::Value(value.clone()),
                _ => Select::None,
            },
        };
        let mut steps = target.steps.clone();
        steps.push(step.clone());
        self.enter(root, &steps, edits)?;
        Ok(step)
    }

    fn gone(&self, schema: &Schema, parents: &[PathStep], step: &PathStep) -> EditContent {
        match (schema.node(step.node).kind, &step.select) {
            (_, Select::Keys(keys)) => EditContent::Entry(keys.clone(), Vec::new()),
            (_, Select::Value(value)) => EditContent::LeafListEntry(value.clone()),
            (NodeKind::List | NodeKind::LeafList, _) => EditContent::Whole,
            (NodeKind::Leaf, _) => EditContent::Leaf(None),
            (NodeKind::AnyData | NodeKind::AnyXml, _) => EditContent::Any(None),
            _ => {
                let mut steps = parents.to_vec();
                steps.push(step.clone());
                passed(step, self.mounted(schema, &steps))
            }
        }
    }

    /// The edits that put the value of the edit in place.
    fn valued(
        &self,
        schema: &Arc<Schema>,
        parents: &[PathStep],
        step: &PathStep,
        operation: Operation,
    ) -> Result<Vec<EditNode>, DataError> {
        let parent = schema
            .node(step.node)
            .data_parent()
            .unwrap_or(SchemaId::ROOT);
        let tree = self.value(schema, parent, parents)?;
        let mut edits = match tree.root().slots() {
            [slot] if slot.id == step.node => content_edits(slot.id, &slot.content, operation),
            // A container without presence and without children is not stored, so it reads as nothing.
            [] => Vec::new(),
            _ => {
                let name = &schema.node(step.node).name;
                let message = format!("the value must be one instance of {name}, the target");
                return Err(self.wrong(ErrorKind::InvalidValue, message));
            }
        };
        if step.select != Select::None {
            let same = |edit: &EditNode| match (&edit.content, &step.select) {
                (EditContent::Entry(keys, _), Select::Keys(wanted)) => keys == wanted,
                (EditContent::LeafListEntry(value), Select::Value(wanted)) => value == wanted,
                _ => false,
            };
            let insert = self.place()?;
            match edits.as_mut_slice() {
                [edit] if same(edit) => edit.insert = insert,
                _ => {
                    let message = "the value must be the one entry that the target names";
                    return Err(self.wrong(ErrorKind::InvalidValue, message));
                }
            }
        }
        Ok(edits)
    }

    /// What the value holds, as children of an instance of `parent`, the last of `parents`.
    fn value(
        &self,
        schema: &Arc<Schema>,
        parent: SchemaId,
        parents: &[PathStep],
    ) -> Result<Tree, DataError> {
        let (encoding, value) = match (self.edit.value, &self.edit.xml) {
            (Some(value), _) => (Encoding::Json, value.get()),
            (None, Some(value)) => (Encoding::Xml, value.as_str()),
            (None, None) => {
                let message = "the edit needs a value";
                return Err(self.wrong(ErrorKind::MissingElement, message));
            }
        };
        let below = Below {
            place: parents,
            own: usize::from(parent != SchemaId::ROOT),
            mounts: self.mounts,
        };
        let options = ParseOptions {
            mounts: Some(&below),
            ..ParseOptions::default()
        };
        let read = parse_parameters(schema, parent, encoding, value.as_bytes(), &options);
        let tree = read.map_err(|errors| {
            let first = errors.into_iter().next();
            let first = first.map(|error| self.in_document(error, parents, &below));
            first.unwrap_or_else(|| self.wrong(ErrorKind::InvalidValue, "the value is wrong"))
        })?;
        if tree.root().meta().is_some() {
            // They are metadata of the parent, which an edit has as a whole.
            let message = "annotations beside the target itself cannot be kept";
            let error = self.wrong(ErrorKind::UnknownAttribute, message);
            return Err(error.with_help("make the node around it the target"));
        }
        Ok(tree)
    }

    /// An error about the value, read by itself, as one about the document: with the whole path, and without its
    /// place in the value.
    fn in_document(
        &self,
        mut error: DataError,
        parents: &[PathStep],
        below: &Below<'_>,
    ) -> DataError {
        let around = InstancePath {
            steps: parents.to_vec(),
        };
        let around = path::json::print(self.schema, &around, self.mounts);
        if let (Some(around), false) = (around, parents.is_empty()) {
            // What was read begins with the parent, without its keys.
            let inside = error.path.0.strip_prefix('/').unwrap_or_default();
            let rest = match below.own {
                0 => &*error.path.0,
                _ => &inside[inside.find('/').unwrap_or(inside.len())..],
            };
            error.path = ErrorPath(format!("{around}{rest}").into());
        }
        error.position = None;
        error
    }

    /// `where` and `point` (RFC 8072 2.5).
    fn place(&self) -> Result<Option<Insert>, DataError> {
        let key = || -> Result<Vec<Value>, DataError> {
            let Some(point) = &self.edit.point else {
                let message = "where before or after needs a point";
                return Err(self.wrong(ErrorKind::MissingAttribute, message));
            };
            match self.path(point)?.steps.pop().map(|step| step.select) {
                Some(Select::Keys(keys)) => Ok(keys),
                Some(Select::Value(value)) => Ok(vec![value]),
                _ => {
                    let message = format!("the point {point} names no entry");
                    Err(self.wrong(ErrorKind::BadAttribute, message))
                }
            }
        };
        let ordered = matches!(
            self.edit.operation,
            PatchOperation::Insert | PatchOperation::Move
        );
        match self.edit.place.as_deref() {
            None if ordered => Ok(Some(Insert::Last)),
            None => Ok(None),
            Some("first") => Ok(Some(Insert::First)),
            Some("last") => Ok(Some(Insert::Last)),
            Some("before") => Ok(Some(Insert::Before(key()?))),
            Some("after") => Ok(Some(Insert::After(key()?))),
            Some(other) => Err(self.wrong(
                ErrorKind::BadAttribute,
                format!("where is {other}; it can be first, last, before or after"),
            )),
        }
    }

    /// An edit that changes nothing but metadata.
    fn annotated(
        &self,
        schema: &Arc<Schema>,
        target: &InstancePath,
        metadata: &Metadata,
    ) -> Result<EditNode, DataError> {
        let Some(step) = target.steps.last() else {
            return Err(self.wrong(ErrorKind::BadAttribute, "the target is empty"));
        };
        let mounted = self.mounted(schema, &target.steps);
        let meta = match &mounted {
            Some(inside) => self.meta(inside, SchemaId::ROOT, metadata)?,
            None => self.meta(schema, step.node, metadata)?,
        };
        let mut edit = EditNode::new(step.node, Operation::None, passed(step, mounted));
        edit.meta = Some(meta);
        Ok(edit)
    }

    fn meta(
        &self,
        schema: &Schema,
        node: SchemaId,
        metadata: &Metadata,
    ) -> Result<Meta, DataError> {
        let mut meta = Meta::default();
        let unknown = |name: &str| {
            let message = format!("banyan:metadata names {name}, which does not exist here");
            self.wrong(ErrorKind::UnknownAttribute, message)
        };
        for (place, annotations) in metadata {
            let place = match place.strip_prefix('@') {
                Some("") => Annotated::Node,
                Some(name) => {
                    let step = api_path::step_below(schema, node, name);
                    let step = step.ok_or_else(|| unknown(place))?;
                    match step.select {
                        Select::Value(value) => Annotated::Entry(step.node, value),
                        _ => Annotated::Child(step.node),
                    }
                }
                None => return Err(unknown(place)),
            };
            let known = meta.annotations.entry(place).or_default();
            for (name, value) in annotations {
                let definition = annotation_named(schema, name).ok_or_else(|| unknown(name))?;
                let scalar = scalar_of(value).ok_or_else(|| unknown(name))?;
                let (names, types) = (definition.names(), JsonTypes::Lenient);
                let value = lexical::parse_json(schema, definition.ty, scalar, &names, types);
                let value = value.map_err(|wrong| {
                    let path = ErrorPath(self.edit.target.as_ref().into());
                    definition.refusal(wrong, path)
                })?;
                known.insert(definition.name, value);
            }
        }
        Ok(meta)
    }
}

/// A scalar as RFC 7951 writes it.
fn scalar_of(json: &Json) -> Option<JsonScalar<'_>> {
    Some(match json {
        Json::String(text) => JsonScalar::String(text),
        Json::Bool(value) => JsonScalar::Bool(*value),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => JsonScalar::Unsigned(number),
            (None, Some(number)) => JsonScalar::Signed(number),
            (None, None) => JsonScalar::Float(number.as_f64()?),
        },
        Json::Array(items) if matches!(items.as_slice(), [Json::Null]) => JsonScalar::EmptyArray,
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    })
}

/// What a node that is only passed through carries.
fn passed(step: &PathStep, mounted: Option<Arc<Schema>>) -> EditContent {
    match (&step.select, mounted) {
        (Select::Keys(keys), _) => EditContent::Entry(keys.clone(), Vec::new()),
        (_, Some(schema)) => EditContent::Mount(schema, Vec::new()),
        (_, None) => EditContent::Container(Vec::new()),
    }
}

fn children_of(node: &mut EditNode) -> Option<&mut Vec<EditNode>> {
    match &mut node.content {
        EditContent::Container(children)
        | EditContent::Entry(_, children)
        | EditContent::Mount(_, children) => Some(children),
        _ => None,
    }
}

/// The child of `node` that passes through `step`: the last one, when it does, else a new one.
fn entered<'n>(
    node: &'n mut EditNode,
    step: &PathStep,
    content: EditContent,
) -> Option<&'n mut EditNode> {
    let children = children_of(node)?;
    let passes = children.last().is_some_and(|last| {
        let same = match (&last.content, &content) {
            (EditContent::Entry(a, _), EditContent::Entry(b, _)) => a == b,
            (EditContent::Container(_), EditContent::Container(_))
            | (EditContent::Mount(..), EditContent::Mount(..)) => true,
            _ => false,
        };
        last.id == step.node && last.operation == Operation::None && last.meta.is_none() && same
    });
    if !passes {
        children.push(EditNode::new(step.node, Operation::None, content));
    }
    children.last_mut()
}
