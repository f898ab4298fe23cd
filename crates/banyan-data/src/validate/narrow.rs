//! From something that was touched to the instances whose constraints read it, by the indexes.

use std::borrow::Cow;
use std::cmp::Ordering;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, TypeKind};

use super::dependencies::{Manner, Named, Reach};
use super::indexes::{IndexId, Indexes, Matches};
use super::touches::Touched;
use crate::cursor::Cursor;
use crate::frame::Place;
use crate::lexical::{Style, canonical};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;
use crate::xpath::step::values_of_text;

/// Under which instances a constraint has to be checked.
pub(super) enum Bases {
    /// Under the common ancestor.
    All,
    /// Under these alone, bearers or nodes above them.
    Some(Vec<InstancePath>),
}

/// Where constraints that a touch affects are to be checked; `scope` is the common ancestor. Of several indexes that
/// can tell, the one that finds fewest instances is asked. O(what was touched, times log n).
pub(super) fn bases(
    indexes: &Indexes,
    touched: &Touched<'_>,
    scope: &Cursor<'_>,
    reach: &Reach,
) -> Bases {
    let schema = scope.schema();
    let keys = keys_around(scope);
    let mut best: Option<(usize, Vec<Matches<'_>>, Option<SchemaId>)> = None;
    for narrowing in &*reach.narrowings {
        let values = touched.values_of(schema, narrowing.named);
        let (count, matches, above) = match &narrowing.by {
            Named::Constant(text) => {
                if !values
                    .iter()
                    .any(|value| is_text(schema, narrowing.named, value, text))
                {
                    return Bases::Some(Vec::new());
                }
                continue;
            }
            Named::Leaf { index, above } => {
                let matches = who_names(schema, indexes, &keys, *index, narrowing.named, &values);
                let count: usize = matches.iter().map(Matches::len).sum();
                (count, matches, *above)
            }
        };
        if best.as_ref().is_none_or(|(least, ..)| count < *least) {
            best = Some((count, matches, above));
        }
    }
    match best {
        None => Bases::All,
        // Something in the ancestor itself, or around it, names the value.
        Some((count, _, None)) if count > 0 => Bases::All,
        Some((_, _, None)) => Bases::Some(Vec::new()),
        Some((_, matches, Some(above))) => {
            let paths = matches
                .iter()
                .flat_map(|matches| matches.paths(schema, above));
            Bases::Some(paths.collect())
        }
    }
}

/// The instances of an index's leaf that have a value with the text of one of `values`, which are those of `named`.
fn who_names<'i>(
    schema: &Schema,
    indexes: &'i Indexes,
    keys: &[Value],
    index: IndexId,
    named: SchemaId,
    values: &[Value],
) -> Vec<Matches<'i>> {
    let mut matches = Vec::with_capacity(values.len());
    for value in values {
        for wanted in &*alike(schema, named, value, indexes.layout().owner(index)) {
            let found = indexes.with_values(index, keys, std::slice::from_ref(wanted));
            if found.len() > 0 {
                matches.push(found);
            }
        }
    }
    matches
}

/// The values that `other` can have whose text is that of `value`, a value of `leaf`.
fn alike<'v>(
    schema: &Schema,
    leaf: SchemaId,
    value: &'v Value,
    other: SchemaId,
) -> Cow<'v, [Value]> {
    let (Some(ty), Some(other)) = (&schema.node(leaf).ty, &schema.node(other).ty) else {
        return Cow::Borrowed(&[]);
    };
    // Two values of one union may have the same text, taken by different members.
    let is_union = matches!(ty.resolved().kind, TypeKind::Union(_));
    if !is_union && std::ptr::eq(ty.resolved(), other.resolved()) {
        return Cow::Borrowed(std::slice::from_ref(value));
    }
    let mut values = Vec::new();
    let text = canonical(schema, ty, value, Style::Json);
    values_of_text(schema, other, &text, &mut values);
    Cow::Owned(values)
}

fn is_text(schema: &Schema, leaf: SchemaId, value: &Value, text: &str) -> bool {
    let ty = &schema.node(leaf).ty;
    ty.as_ref()
        .is_some_and(|ty| canonical(schema, ty, value, Style::Json) == text)
}

/// The keys of the lists around and at a node, outermost first.
pub(super) fn keys_around(node: &Cursor<'_>) -> Vec<Value> {
    let above = std::iter::successors(Some(node.frame()), |frame| frame.parent());
    let frames: Vec<_> = above.collect();
    let mut keys = Vec::new();
    for frame in frames.into_iter().rev() {
        if let Place::Entry { node, list, .. } = frame.place() {
            keys.extend(node.keys(list.key_count()).cloned());
        }
    }
    keys
}

/// The leaves of a schema's type instance-identifier that refer to what was touched, or to something in it.
pub(super) fn referrers(indexes: &Indexes, touched: &Touched<'_>) -> Vec<(SchemaId, InstancePath)> {
    let references = indexes.dependencies().references();
    let definition = touched.parent.schema().node(touched.id);
    // What comes can be the end of defaults: those of a leaf-list, or in a container that was in use before.
    let ends_defaults = match definition.kind {
        NodeKind::LeafList => !definition.defaults().is_empty(),
        NodeKind::Container => !definition.presence,
        _ => false,
    };
    if references.is_empty() || (touched.manner == Manner::Came && !ends_defaults) {
        return Vec::new();
    }
    let above = touched.parent.path();
    let last = if ends_defaults {
        Select::None
    } else {
        touched.select()
    };
    let mut found = Vec::new();
    for (leaf, index) in references {
        let mut find = |fits: &dyn Fn(&Select) -> Ordering| {
            let matches = indexes.matching(*index, &|row| match row.first() {
                Some(Value::InstanceId(path)) => place_of(path, &above.steps, |step| {
                    step.node.cmp(&touched.id).then_with(|| fits(&step.select))
                }),
                _ => Ordering::Less,
            });
            let paths = matches.paths(touched.parent.schema(), *leaf);
            found.extend(paths.map(|path| (*leaf, path)));
        };
        if last == Select::None {
            // All of a list, or the only instance.
            find(&|_| Ordering::Equal);
        } else {
            find(&|select| select.cmp(&last));
            find(&|select| select.cmp(&Select::None));
        }
    }
    found
}

/// Where a path is in order among those that go through `above`, and then through a step for which `next` says `Equal`.
fn place_of(
    path: &InstancePath,
    above: &[PathStep],
    next: impl Fn(&PathStep) -> Ordering,
) -> Ordering {
    let shared = path.steps.iter().take(above.len());
    let step = path.steps.get(above.len());
    shared
        .cmp(above)
        .then_with(|| step.map_or(Ordering::Less, next))
}
