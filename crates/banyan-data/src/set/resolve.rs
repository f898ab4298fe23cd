//! Which nodes the words of a line mean.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::assembly::{self, instance_path};
use crate::document::{Holds, ParseOptions};
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::known::{KnownChildren, find, only_configuration, unknown_child};
use crate::node::MAX_DEPTH;
use crate::path::Select;
use crate::value::Value;
use crate::words::{Word, value_of};

/// An error, and its offset in the document.
pub(super) type Wrong = (DataError, usize);

/// What a line does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Set,
    Delete,
    Insert,
    Annotate,
}

impl Verb {
    pub(super) const ALL: [Verb; 4] = [Verb::Set, Verb::Delete, Verb::Insert, Verb::Annotate];

    pub(super) fn name(self) -> &'static str {
        match self {
            Verb::Set => "set",
            Verb::Delete => "delete",
            Verb::Insert => "insert",
            Verb::Annotate => "annotate",
        }
    }

    pub(super) fn of(word: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.name() == word)
    }
}

/// A container, list entry or mount point on the way.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The schema that the id belongs to.
    pub(super) schema: Arc<Schema>,
    pub(super) id: SchemaId,
    pub(super) select: Select,
    /// The schema of what is mounted there.
    pub(super) mounted: Option<Arc<Schema>>,
}

impl Step {
    pub(super) fn root(schema: &Arc<Schema>) -> Self {
        Step {
            schema: schema.clone(),
            id: SchemaId::ROOT,
            select: Select::None,
            mounted: None,
        }
    }

    /// Whether both are the same instance, below the same parent.
    pub(super) fn same(&self, other: &Step) -> bool {
        self.id == other.id && self.select == other.select
    }
}

/// What a line is about, below the steps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// The last step itself, or the root.
    Node,
    Leaf(SchemaId),
    /// The leaf-list; its value is among the words.
    LeafList(SchemaId),
    /// anydata, anyxml, or a mount point whose data are kept verbatim.
    Any(SchemaId),
    /// All of a list, or a mount point whose schema is not known.
    Whole(SchemaId),
}

/// What the words of a line mean.
pub(super) struct Resolved<'w, 'a> {
    pub(super) steps: Vec<Step>,
    /// The schema of the target.
    pub(super) schema: Arc<Schema>,
    pub(super) target: Target,
    /// What stands behind the target's name.
    pub(super) words: &'w [Word<'a>],
}

impl Resolved<'_, '_> {
    /// The path of the last step, or of its child.
    pub(super) fn path(&self, child: Option<SchemaId>) -> ErrorPath {
        error_path(&self.steps, child.map(|id| (&self.schema, id)))
    }

    pub(super) fn wrong(&self, kind: ErrorKind, message: String, offset: usize) -> Wrong {
        let child = match self.target {
            Target::Node => None,
            Target::Leaf(id) | Target::LeafList(id) | Target::Any(id) | Target::Whole(id) => {
                Some(id)
            }
        };
        (DataError::new(kind, self.path(child), message), offset)
    }
}

fn levels(steps: &[Step]) -> Vec<assembly::Level<'_>> {
    let mut levels = Vec::with_capacity(steps.len());
    for step in steps {
        levels.push(assembly::Level {
            schema: &step.schema,
            id: step.id,
            keys: match &step.select {
                Select::Keys(keys) => keys.clone(),
                _ => Vec::new(),
            },
        });
        levels.extend(step.mounted.as_ref().map(|schema| assembly::Level {
            schema,
            id: SchemaId::ROOT,
            keys: Vec::new(),
        }));
    }
    levels
}

fn error_path(steps: &[Step], child: Option<(&Arc<Schema>, SchemaId)>) -> ErrorPath {
    let mut levels = levels(steps);
    levels.extend(child.map(|(schema, id)| assembly::Level {
        schema,
        id,
        keys: Vec::new(),
    }));
    assembly::error_path(&levels)
}

/// Finds nodes by their names.
pub(super) struct Names<'o, 'a> {
    options: &'o ParseOptions<'o>,
    known: KnownChildren<'a>,
}

impl<'o, 'a> Names<'o, 'a> {
    pub(super) fn new(options: &'o ParseOptions<'o>) -> Self {
        Names {
            options,
            known: KnownChildren::default(),
        }
    }

    /// The nodes that the words of a line mean, from the top down. `offset` is where the line begins.
    pub(super) fn resolve<'w>(
        &mut self,
        root: &Arc<Schema>,
        verb: Verb,
        words: &'w [Word<'a>],
        offset: usize,
    ) -> Result<Resolved<'w, 'a>, Wrong> {
        let mut way = Way {
            schema: root.clone(),
            parent: SchemaId::ROOT,
            steps: Vec::new(),
        };
        let mut words = words;
        while let Some((name, rest)) = words.split_first() {
            if way.at_place(verb, words) {
                break;
            }
            let id = self.child(&way, name)?;
            words = rest;
            let schema = way.schema.clone();
            let definition = schema.node(id);
            let target = match definition.kind {
                NodeKind::Leaf => Target::Leaf(id),
                NodeKind::LeafList => Target::LeafList(id),
                NodeKind::List if rest.is_empty() && verb == Verb::Delete => Target::Whole(id),
                NodeKind::List => {
                    let (select, rest) = way.select(id, name, rest)?;
                    words = rest;
                    way.go(id, select, None);
                    self.check_depth(&way, name)?;
                    continue;
                }
                NodeKind::Container => match self.mount(&mut way, id, verb, rest, name.offset)? {
                    Some(target) => target,
                    None => {
                        self.check_depth(&way, name)?;
                        continue;
                    }
                },
                _ => Target::Any(id),
            };
            return Ok(way.found(target, words));
        }
        if way.steps.is_empty() && verb != Verb::Annotate {
            let message = format!("{} stands alone on its line", verb.name());
            let error = DataError::new(ErrorKind::Malformed, ErrorPath::default(), message);
            return Err((error.with_help("write the path behind it"), offset));
        }
        Ok(way.found(Target::Node, words))
    }

    fn child(&mut self, way: &Way, name: &Word<'a>) -> Result<SchemaId, Wrong> {
        let (schema, parent) = (&way.schema, way.parent);
        let lenient = self.options.lenient();
        let module = schema.node(parent).module;
        let id = match &name.text {
            Cow::Borrowed(text) => self.known.child(schema, parent, module, text, || {
                find(schema, parent, text, lenient)
            }),
            Cow::Owned(text) => find(schema, parent, text, lenient),
        };
        let Some(id) = id else {
            let path = error_path(&way.steps, None);
            let error = unknown_child(schema, parent, ("name", &name.text), path);
            return Err((error, name.offset));
        };
        let definition = schema.node(id);
        if self.options.holds == Holds::Config && !definition.config {
            let message = only_configuration(definition);
            let path = error_path(&way.steps, Some((schema, id)));
            return Err((
                DataError::new(ErrorKind::NotConfig, path, message),
                name.offset,
            ));
        }
        Ok(id)
    }

    /// Goes into a container. A mount point whose schema is not known, or whose data are verbatim, is a target.
    fn mount(
        &self,
        way: &mut Way,
        id: SchemaId,
        verb: Verb,
        rest: &[Word<'a>],
        offset: usize,
    ) -> Result<Option<Target>, Wrong> {
        let is_mount = way.schema.node(id).mount_point().is_some();
        let verbatim = rest
            .first()
            .is_some_and(|word| !word.quoted && matches!(&*word.text, "xml" | "json"));
        if is_mount && verbatim {
            return Ok(Some(Target::Any(id)));
        }
        way.go(id, Select::None, None);
        if !is_mount {
            return Ok(None);
        }
        let Some(inner) = self.options.schema_at(&instance_path(&levels(&way.steps))) else {
            if rest.is_empty() && verb == Verb::Delete {
                way.steps.pop();
                return Ok(Some(Target::Whole(id)));
            }
            let message = "the schema of what is mounted here is not known";
            let path = error_path(&way.steps, None);
            let error = DataError::new(ErrorKind::UnknownElement, path, message)
                .with_help("write the data verbatim: NAME json \"...\" or NAME xml \"...\"");
            return Err((error, offset));
        };
        if let Some(step) = way.steps.last_mut() {
            step.mounted = Some(inner.clone());
        }
        way.schema = inner;
        way.parent = SchemaId::ROOT;
        Ok(None)
    }

    fn check_depth(&self, way: &Way, name: &Word<'_>) -> Result<(), Wrong> {
        let limit = MAX_DEPTH.min(self.options.limits.depth as usize);
        if way.steps.len() <= limit {
            return Ok(());
        }
        let message = format!("nodes are nested deeper than {limit}");
        let error = DataError::new(ErrorKind::TooBig, error_path(&way.steps, None), message);
        Err((error, name.offset))
    }
}

/// How far a line is understood.
struct Way {
    schema: Arc<Schema>,
    parent: SchemaId,
    steps: Vec<Step>,
}

impl Way {
    fn go(&mut self, id: SchemaId, select: Select, mounted: Option<Arc<Schema>>) {
        self.parent = id;
        self.steps.push(Step {
            schema: self.schema.clone(),
            id,
            select,
            mounted,
        });
    }

    fn found<'w, 'a>(self, target: Target, words: &'w [Word<'a>]) -> Resolved<'w, 'a> {
        Resolved {
            steps: self.steps,
            schema: self.schema,
            target,
            words,
        }
    }

    /// Whether the rest of an `insert` line is the place of the entry reached.
    fn at_place(&self, verb: Verb, words: &[Word<'_>]) -> bool {
        let Some(Select::Keys(keys)) = self.steps.last().map(|step| &step.select) else {
            return false;
        };
        let Some((first, rest)) = words.split_first() else {
            return false;
        };
        verb == Verb::Insert
            && match &*first.text {
                "first" | "last" => rest.is_empty(),
                "before" | "after" => rest.len() == keys.len(),
                _ => false,
            }
    }

    /// The entry of the list `id` that the words name, and the words behind.
    fn select<'w, 'a>(
        &self,
        id: SchemaId,
        name: &Word<'a>,
        words: &'w [Word<'a>],
    ) -> Result<(Select, &'w [Word<'a>]), Wrong> {
        let schema = &self.schema;
        let definition = schema.node(id);
        let keys = definition.keys();
        let path = || error_path(&self.steps, Some((schema, id)));
        if keys.is_empty() {
            let number = words.first().and_then(|word| word.text.parse().ok());
            return match (number, words) {
                (Some(number), [_, rest @ ..]) => Ok((Select::Position(number), rest)),
                _ => {
                    let message = format!("{} has no key", definition.name);
                    let error = DataError::new(ErrorKind::MissingElement, path(), message);
                    let help = "write the number of the entry behind the name, from 1";
                    Err((error.with_help(help), name.offset))
                }
            };
        }
        let Some((mine, rest)) = words.split_at_checked(keys.len()) else {
            let names = keys.iter().map(|key| &*schema.node(*key).name);
            let names = names.collect::<Vec<_>>().join(" ");
            let message = format!("{} needs its keys", definition.name);
            let error = DataError::new(ErrorKind::MissingElement, path(), message);
            let help = format!("write behind the name: {names}");
            return Err((error.with_help(help), name.offset));
        };
        let values = keys.iter().zip(mine).map(|(key, word)| {
            value_of(schema, *key, Some(word)).map_err(|error| {
                let culprit = schema.node(*key).name.clone();
                (error.at(path()).with_culprit(culprit), word.offset)
            })
        });
        let values = values.collect::<Result<Vec<Value>, _>>()?;
        Ok((Select::Keys(values), rest))
    }
}
