//! Metadata annotations of a node, of its leaves and of entries of its leaf-lists (RFC 7952); absent in most nodes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{ModuleId, Schema, SchemaId, Type, TypeKind};

use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::lexical::{ModuleNames, ValueError};
use crate::list::may_repeat;
use crate::value::Value;

/// What an annotation is called: the names of its module and of its own.
pub type AnnotationName = (Arc<str>, Arc<str>);

/// The annotations of one instance. A value is of the type that the definition gives.
pub type Annotations = BTreeMap<AnnotationName, Value>;

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

/// What modules of a schema say of an annotation (RFC 7952 3), or RFC 6243 6 of `default`.
pub(crate) struct Definition<'s> {
    pub(crate) name: AnnotationName,
    pub(crate) ty: &'s Type,
    /// The module that defines it; none where that is the standard.
    pub(crate) module: Option<ModuleId>,
}

static BOOLEAN: Type = Type {
    kind: TypeKind::Boolean,
    typedef: None,
};

fn defined<'s>(schema: &'s Schema, module: ModuleId, name: &str) -> Option<Definition<'s>> {
    let annotation = schema.annotation(module, name)?;
    Some(Definition {
        name: (schema.module(module).name.clone(), annotation.name.clone()),
        ty: &annotation.ty,
        module: Some(module),
    })
}

fn mark_of_default() -> Definition<'static> {
    Definition {
        name: (DEFAULT_MODULE.into(), "default".into()),
        ty: &BOOLEAN,
        module: None,
    }
}

/// The annotation that an attribute in `namespace` is, if a module of the schema defines it.
pub(crate) fn annotation_of<'s>(
    schema: &'s Schema,
    namespace: &str,
    name: &str,
) -> Option<Definition<'s>> {
    if namespace == DEFAULT_NAMESPACE && name == "default" {
        return Some(mark_of_default());
    }
    defined(schema, schema.module_by_namespace(namespace)?, name)
}

/// The annotation that `module:name` means, if that module of the schema defines it.
pub(crate) fn annotation_named<'s>(schema: &'s Schema, name: &str) -> Option<Definition<'s>> {
    let (module, local) = name.split_once(':')?;
    definition(schema, module, local)
}

fn definition<'s>(schema: &'s Schema, module: &str, name: &str) -> Option<Definition<'s>> {
    if module == DEFAULT_MODULE && name == "default" {
        return Some(mark_of_default());
    }
    defined(schema, schema.module_by_name(module)?, name)
}

/// Annotations with what is said of them; those that no module of the schema defines are left out.
pub(crate) fn defined_ones<'a>(
    schema: &'a Schema,
    annotations: Option<&'a Annotations>,
) -> impl Iterator<Item = (Definition<'a>, &'a Value)> {
    let all = annotations.into_iter().flatten();
    all.filter_map(|((module, name), value)| Some((definition(schema, module, name)?, value)))
}

impl Definition<'_> {
    /// What a name without a prefix means in a value.
    pub(crate) fn names(&self) -> ModuleNames {
        ModuleNames {
            default: self.module,
        }
    }

    /// The error about a value that is none of the type's.
    pub(crate) fn refusal(&self, wrong: ValueError, path: ErrorPath) -> DataError {
        let (module, name) = &self.name;
        let mut error = wrong.at(path).with_culprit(name.clone());
        error.kind = ErrorKind::BadAttribute;
        error.message = format!("annotation {module}:{name}: {}", error.message);
        error
    }
}
