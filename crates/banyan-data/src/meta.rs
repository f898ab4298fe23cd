//! Metadata annotations of a node, of its leaves and of entries of its leaf-lists (RFC 7952); absent in most nodes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use crate::list::may_repeat;
use crate::value::Value;

/// The annotations of one instance: (module name, annotation name) and the value.
pub type Annotations = BTreeMap<(Arc<str>, Arc<str>), Arc<str>>;

/// What annotations belong to. In order: the node itself, then by child, a leaf-list's entries by value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Annotated {
    /// The node itself: a container, a list entry or the root.
    Node,
    /// Its child: a leaf, anydata or anyxml.
    Child(SchemaId),
    /// An entry of its leaf-list. Where values may repeat, entries cannot be told apart and have no annotations.
    Entry(SchemaId, Value),
}

impl Annotated {
    fn place(&self) -> (Option<SchemaId>, Option<&Value>) {
        match self {
            Annotated::Node => (None, None),
            Annotated::Child(id) => (Some(*id), None),
            Annotated::Entry(id, value) => (Some(*id), Some(value)),
        }
    }

    /// The child that it is, or whose entry it is.
    pub(crate) fn child(&self) -> Option<SchemaId> {
        self.place().0
    }
}

impl Ord for Annotated {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Annotated {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The annotations of a node, of its leaves and of entries of its leaf-lists.
#[derive(Clone, Eq, Debug, Default)]
pub struct Meta {
    /// By what they belong to.
    pub annotations: BTreeMap<Annotated, Annotations>,
}

impl PartialEq for Meta {
    /// Trees that share a node share its metadata too: then nothing is compared.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.annotations == other.annotations
    }
}

impl Meta {
    /// The annotations of the node itself.
    pub(crate) fn own(&self) -> Option<&Annotations> {
        self.annotations.get(&Annotated::Node)
    }

    /// The annotations of the child, or of its entry with this value. O(log of the number of annotated instances).
    pub(crate) fn get(&self, id: SchemaId, entry: Option<&Value>) -> Option<&Annotations> {
        self.annotations.get(&match entry {
            None => Annotated::Child(id),
            Some(value) => Annotated::Entry(id, value.clone()),
        })
    }

    /// What is annotated at the child.
    pub(crate) fn at(&self, id: SchemaId) -> impl Iterator<Item = &Annotated> {
        let next = SchemaId(id.0.saturating_add(1));
        let range = Annotated::Child(id)..Annotated::Child(next);
        self.annotations.range(range).map(|(place, _)| place)
    }

    /// The children at which something is annotated, each once. O(log) each, however many entries they have.
    pub(crate) fn children(&self) -> impl Iterator<Item = SchemaId> {
        let next = |from: u32| {
            let from = Annotated::Child(SchemaId(from));
            self.annotations.range(from..).next()?.0.child()
        };
        std::iter::successors(next(0), move |id| next(id.0.checked_add(1)?))
    }
}

/// Why entries of the leaf-list cannot be annotated, if they cannot.
pub(crate) fn refuses_annotations(schema: &Schema, leaf_list: SchemaId) -> Option<&'static str> {
    may_repeat(schema, leaf_list).then_some(
        "entries of this leaf-list cannot be annotated: its values may repeat (RFC 7950 7.7), and an annotation is \
         kept with a value",
    )
}

/// The namespace and the module of the attribute `default` (RFC 6243 6): its namespace is not that of the module.
pub(crate) const DEFAULT_NAMESPACE: &str = "urn:ietf:params:xml:ns:netconf:default:1.0";
/// The module that stands for [`DEFAULT_NAMESPACE`] in JSON.
pub(crate) const DEFAULT_MODULE: &str = "ietf-netconf-with-defaults";

/// The annotation that an attribute in `namespace` is, if a module of the schema defines it (RFC 7952 3).
pub(crate) fn annotation_of(
    schema: &Schema,
    namespace: &str,
    name: &str,
) -> Option<(Arc<str>, Arc<str>)> {
    if namespace == DEFAULT_NAMESPACE && name == "default" {
        return Some((DEFAULT_MODULE.into(), name.into()));
    }
    let module = schema.module_by_namespace(namespace)?;
    schema.annotation(module, name)?;
    Some((schema.module(module).name.clone(), name.into()))
}

/// The annotation that `module:name` means, if that module of the schema defines it (RFC 7952 3).
pub(crate) fn annotation_named(schema: &Schema, name: &str) -> Option<(Arc<str>, Arc<str>)> {
    let (module, local) = name.split_once(':')?;
    let is_default = module == DEFAULT_MODULE && local == "default";
    let defined = || {
        let module = schema.module_by_name(module);
        module.is_some_and(|module| schema.annotation(module, local).is_some())
    };
    (is_default || defined()).then(|| (module.into(), local.into()))
}
