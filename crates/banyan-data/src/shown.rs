//! What a printer shows of a node: its children, less or more than are stored (RFC 6243, config alone).
//!
//! The printers of all formats choose through this, so that they show the same.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::{Holds, PrintOptions, WithDefaults};
use crate::lexical::default_value;
use crate::list::LeafList;
use crate::meta::{Annotations, DEFAULT_MODULE, Meta};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;

/// Where a printer stands: known only as far as the options ask for it.
pub(crate) struct Shown<'p> {
    options: &'p PrintOptions<'p>,
    /// The innermost tree: what is mounted has one of its own.
    tree: &'p Tree,
    /// The path in it; kept up only when defaults are asked for.
    path: InstancePath,
}

/// A child to print.
pub(crate) struct ShownChild<'n> {
    pub(crate) slot: Cow<'n, Slot>,
    /// It equals the default, stored or not, and is to be marked.
    pub(crate) tagged: bool,
}

impl<'p> Shown<'p> {
    pub(crate) fn new(tree: &'p Tree, options: &'p PrintOptions<'p>) -> Self {
        Shown {
            options,
            tree,
            path: InstancePath::default(),
        }
    }

    /// What is shown of a mounted tree.
    pub(crate) fn mounted<'m>(&self, tree: &'m Tree) -> Shown<'m>
    where
        'p: 'm,
    {
        Shown::new(tree, self.options)
    }

    pub(crate) fn schema(&self) -> &'p Arc<Schema> {
        self.tree.schema()
    }

    /// Whether what is printed must come back as it was.
    pub(crate) fn is_exact(&self) -> bool {
        self.options.exact
    }

    fn follows_path(&self) -> bool {
        self.options.reports_all() && self.options.unstored.is_some()
    }

    /// Goes to an instance below: a container, or the list entry `node`.
    pub(crate) fn enter(&mut self, node: &Node) {
        if !self.follows_path() {
            return;
        }
        let id = node.id();
        let definition = self.tree.schema().node(id);
        let select = match definition.kind {
            NodeKind::List if !definition.keys().is_empty() => {
                Select::Keys(node.keys(definition.keys().len()).cloned().collect())
            }
            _ => Select::None,
        };
        self.path.steps.push(PathStep { node: id, select });
    }

    /// Comes back from it.
    pub(crate) fn leave(&mut self) {
        if self.follows_path() {
            self.path.steps.pop();
        }
    }

    /// The children of `node`, the instance gone to, that are shown, in canonical order.
    pub(crate) fn children<'n>(&self, node: &'n Node) -> Vec<ShownChild<'n>> {
        let mut shown: Vec<ShownChild<'n>> = Vec::with_capacity(node.slots().len());
        let tags = self.options.defaults == WithDefaults::ReportAllTagged;
        for slot in node.slots() {
            if self.hides(slot.id) {
                continue;
            }
            let compares = tags || self.options.defaults == WithDefaults::Trim;
            let equals_default = compares && equals_default(self.schema(), slot);
            if equals_default && self.options.defaults == WithDefaults::Trim {
                continue;
            }
            shown.push(ShownChild {
                slot: Cow::Borrowed(slot),
                tagged: tags && equals_default,
            });
        }
        let unstored = self.options.unstored.filter(|_| self.options.reports_all());
        if let Some(unstored) = unstored {
            let extra = unstored.children(self.tree, &self.path, node);
            let visible = extra.into_iter().filter(|slot| !self.hides(slot.id));
            shown.extend(visible.map(|slot| ShownChild {
                tagged: tags && matches!(slot.content, Content::Leaf(_) | Content::LeafList(_)),
                slot: Cow::Owned(slot),
            }));
            shown.sort_by_key(|child| child.slot.id);
        }
        shown
    }

    fn hides(&self, id: SchemaId) -> bool {
        self.options.shows == Holds::Config && !self.schema().node(id).config
    }
}

impl ShownChild<'_> {
    /// The annotations of the child, or of its entry with this value, the mark of a default (RFC 6243 6) among them.
    /// `meta` is that of the node around.
    pub(crate) fn annotations<'m>(
        &self,
        meta: Option<&'m Meta>,
        entry: Option<&Value>,
    ) -> Option<Cow<'m, Annotations>> {
        let stored = meta.and_then(|meta| meta.get(self.slot.id, entry));
        if !self.tagged {
            return stored.map(Cow::Borrowed);
        }
        let mut marked = stored.cloned().unwrap_or_default();
        let mark = (DEFAULT_MODULE.into(), "default".into());
        marked.insert(mark, Value::Bool(true));
        Some(Cow::Owned(marked))
    }
}

/// Whether a leaf or leaf-list holds just its default (RFC 6243 3.2); never a key.
fn equals_default(schema: &Schema, slot: &Slot) -> bool {
    let definition = schema.node(slot.id);
    if definition.is_key || definition.defaults().is_empty() {
        return false;
    }
    let is_default =
        |index: usize, value: &Value| default_value(schema, slot.id, index).as_ref() == Ok(value);
    match &slot.content {
        Content::Leaf(value) => is_default(0, value),
        Content::LeafList(list) => {
            list.len() == definition.defaults().len() && holds_defaults(list, is_default)
        }
        _ => false,
    }
}

fn holds_defaults(list: &LeafList, is_default: impl Fn(usize, &Value) -> bool) -> bool {
    // Values of a system-ordered leaf-list are sorted, defaults are as written: order does not matter.
    list.iter()
        .all(|value| (0..list.len()).any(|index| is_default(index, value)))
}
