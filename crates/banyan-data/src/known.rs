//! Which schema node a name means in JSON and in the forms that write names as JSON does, with a small memory: a
//! document repeats the same few a million times.

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId, SchemaNode};

use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::lexical::Quoted;

/// How many are remembered; one that hashes to the same place takes it over.
const PLACES: usize = 256;

#[derive(Clone, Copy)]
struct Known<'a> {
    /// Address of the schema.
    schema: usize,
    parent: SchemaId,
    module: ModuleId,
    name: &'a str,
    child: SchemaId,
}

/// The memory; names borrow from the document.
pub(crate) struct KnownChildren<'a>(Vec<Option<Known<'a>>>);

impl Default for KnownChildren<'_> {
    fn default() -> Self {
        KnownChildren(vec![None; PLACES])
    }
}

impl<'a> KnownChildren<'a> {
    /// What `look_up` answers for `name` under `parent` in the context of `module`, remembered.
    pub(crate) fn child(
        &mut self,
        schema: &Schema,
        parent: SchemaId,
        module: ModuleId,
        name: &'a str,
        look_up: impl FnOnce() -> Option<SchemaId>,
    ) -> Option<SchemaId> {
        let bytes = name.as_bytes();
        let ends = [bytes.first(), bytes.last(), bytes.get(bytes.len() / 2)];
        let seed = parent.index().wrapping_mul(31) ^ bytes.len();
        let hash = ends.into_iter().flatten().fold(seed, |hash, byte| {
            hash.wrapping_mul(37).wrapping_add(usize::from(*byte))
        });
        let place = hash % PLACES;
        let address = std::ptr::from_ref(schema).addr();
        if let Some(known) = self.0[place]
            && known.parent == parent
            && known.module == module
            && known.schema == address
            && known.name == name
        {
            return Some(known.child);
        }
        let child = look_up()?;
        self.0[place] = Some(Known {
            schema: address,
            parent,
            module,
            name,
            child,
        });
        Some(child)
    }
}

/// The parts of `module:name`; the first may be missing.
pub(crate) fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once(':') {
        Some((module, local)) => (Some(module), local),
        None => (None, name),
    }
}

/// RFC 7951 4: the module's name stands before the colon, or the module is the parent's.
pub(crate) fn find(
    schema: &Schema,
    parent: SchemaId,
    name: &str,
    lenient: bool,
) -> Option<SchemaId> {
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

/// Why state is refused where only configuration may stand.
pub(crate) fn only_configuration(definition: &SchemaNode) -> String {
    format!(
        "the {} {} is state, and only configuration may stand here",
        definition.kind.keyword(),
        definition.name
    )
}

/// The error about a name that [`find`] does not find under `parent`, with what may be meant. `named` is what the
/// format calls it, and the name; `path` is the parent's.
pub(crate) fn unknown_child(
    schema: &Schema,
    parent: SchemaId,
    named: (&str, &str),
    path: ErrorPath,
) -> DataError {
    let (what, name) = named;
    let (prefix, local) = split(name);
    let definition = schema.node(parent);
    let children = schema.data_children(parent).iter();
    let children = children.map(|child| schema.node(*child));
    let namesake = children.clone().find(|child| *child.name == *local);
    let (kind, message) = match prefix {
        None if definition.kind == NodeKind::Root => (
            ErrorKind::UnknownNamespace,
            format!("the {what} {} has no module name", Quoted(name)),
        ),
        Some(module) if schema.module_by_name(module).is_none() => (
            ErrorKind::UnknownNamespace,
            format!(
                "the {what} {} is of a module that the schema does not have",
                Quoted(name)
            ),
        ),
        _ => (
            ErrorKind::UnknownElement,
            format!("the schema has no node {name} here"),
        ),
    };
    let error = DataError::new(kind, path, message).with_culprit(local);
    if let Some(node) = namesake {
        let module = &schema.module(node.module).name;
        return error.with_help(format!("write \"{module}:{local}\""));
    }
    match nearest(local, children.map(|child| &*child.name)) {
        Some(close) => error.with_help(format!("did you mean {close:?}?")),
        None => error,
    }
}
