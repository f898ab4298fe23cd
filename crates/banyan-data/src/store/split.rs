//! Where a datastore is split: the nodes with `cl:xmldb-split`, the paths that name their parts, and which parts differ
//! between two trees.
//!
//! Only the outermost such node makes a part: parts do not link to other parts.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_yang::schema::{Schema, SchemaId};

use crate::any::AnyData;
use crate::document::Encoding;
use crate::lexical::{Style, canonical};
use crate::meta::Meta;
use crate::node::{self, Node, Tree};

/// The module that defines the extension.
const MODULE: &str = "clixon-lib";
/// Its name.
const EXTENSION: &str = "xmldb-split";

/// Where schemas are split. Remembers the schemas that it has seen.
#[derive(Default)]
pub struct Splits(Mutex<HashMap<usize, Known>>);

/// A schema, held so that its address is not used again, and where it is split.
type Known = (Arc<Schema>, Arc<Of>);

/// Where one schema is split.
#[derive(Default)]
struct Of {
    splits: HashSet<SchemaId>,
    /// The nodes at or below which there is a split, or a mount point, below which there may be one.
    leads: HashSet<SchemaId>,
}

impl Of {
    fn schema(schema: &Schema) -> Of {
        let mut of = Of::default();
        for (id, node) in schema.nodes() {
            let splits = node
                .extensions()
                .iter()
                .any(|extension| &*extension.module == MODULE && &*extension.name == EXTENSION);
            if !node.kind.is_data() || !(splits || node.mount_point().is_some()) {
                continue;
            }
            if splits {
                of.splits.insert(id);
            }
            let mut at = Some(id);
            while let Some(id) = at.filter(|id| of.leads.insert(*id)) {
                at = schema.node(id).data_parent();
            }
        }
        of
    }
}

impl Splits {
    fn of(&self, schema: &Arc<Schema>) -> Arc<Of> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let address = Arc::as_ptr(schema).addr();
        let (_, of) = known
            .entry(address)
            .or_insert_with(|| (schema.clone(), Arc::new(Of::schema(schema))));
        of.clone()
    }

    /// Whether an instance of the node is in a part of its own.
    pub(crate) fn splits(&self, schema: &Arc<Schema>, id: SchemaId) -> bool {
        self.of(schema).splits.contains(&id)
    }
}

/// What is in a part.
#[derive(Clone)]
pub(super) enum Content {
    /// The children of a container or list entry.
    Node(Node),
    /// What is mounted there.
    Mount(Arc<Tree>),
    /// What is mounted there and has no schema.
    Any(Arc<AnyData>),
}

/// The content of a node that is in a file of its own.
#[derive(Clone)]
pub struct Part {
    /// The node, as an XPath expression whose names have no prefix: its SHA-1 names the file.
    pub xpath: String,
    pub(super) schema: Arc<Schema>,
    pub(super) content: Content,
}

/// What differs between two trees, as far as files are concerned.
#[derive(Default)]
pub struct Delta {
    /// Something differs outside of the parts, or there are other parts.
    pub main: bool,
    /// Parts that are new or differ, in the order of the document.
    pub changed: Vec<Part>,
    /// The paths of parts that are no more.
    pub gone: Vec<String>,
}

/// What differs between `old` and `new`, of one schema; with an empty `old`, all parts of `new`. What both trees share is
/// not looked at: the cost is that of what differs, but for the containers and entries on the way to parts.
pub fn delta(splits: &Splits, old: &Tree, new: &Tree) -> Delta {
    let mut walk = Walk {
        splits,
        delta: Delta::default(),
        path: String::new(),
    };
    walk.trees(old, new);
    walk.delta
}

struct Walk<'a> {
    splits: &'a Splits,
    delta: Delta,
    path: String,
}

impl Walk<'_> {
    fn trees(&mut self, old: &Tree, new: &Tree) {
        if !node::same_schema(old.schema(), new.schema()) {
            self.trees(old, &Tree::empty(old.schema().clone()));
            self.trees(&Tree::empty(new.schema().clone()), new);
            self.delta.main = true;
            return;
        }
        if old.ptr_eq(new) {
            return;
        }
        let of = self.splits.of(new.schema());
        self.children(new.schema(), &of, Some(old.root()), Some(new.root()));
    }

    /// The children of one node, before and after.
    fn children(&mut self, schema: &Arc<Schema>, of: &Of, old: Option<&Node>, new: Option<&Node>) {
        if old.and_then(Node::meta) != new.and_then(Node::meta) {
            self.delta.main = true;
        }
        let slots =
            |node: Option<&Node>| node.map(|node| node.slots().to_vec()).unwrap_or_default();
        let (old, new) = (slots(old), slots(new));
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let next = match (old.peek(), new.peek()) {
                (Some(old), Some(new)) => old.id.min(new.id),
                (Some(one), None) | (None, Some(one)) => one.id,
                (None, None) => return,
            };
            let before = old
                .next_if(|slot| slot.id == next)
                .map(|slot| &slot.content);
            let after = new
                .next_if(|slot| slot.id == next)
                .map(|slot| &slot.content);
            if let (Some(before), Some(after)) = (before, after)
                && before.ptr_eq(after)
            {
                continue;
            }
            if !of.leads.contains(&next) {
                self.delta.main = true;
                continue;
            }
            self.child(schema, of, next, before, after);
        }
    }

    fn child(
        &mut self,
        schema: &Arc<Schema>,
        of: &Of,
        id: SchemaId,
        old: Option<&node::Content>,
        new: Option<&node::Content>,
    ) {
        use node::Content as On;
        match (old, new) {
            (Some(On::List(old)), Some(On::List(new))) => {
                for (before, after) in old.diff(new) {
                    self.entry(schema, of, id, before, after);
                }
                self.delta.main |= !old.moved(new).is_empty();
                return;
            }
            (Some(On::List(old)), None) => {
                return old
                    .iter()
                    .for_each(|entry| self.entry(schema, of, id, Some(entry), None));
            }
            (None, Some(On::List(new))) => {
                return new
                    .iter()
                    .for_each(|entry| self.entry(schema, of, id, None, Some(entry)));
            }
            _ => {}
        }
        let length = self.enter(schema, id, None);
        let node = |content: Option<&On>| match content {
            Some(On::Container(node)) => Some(node.clone()),
            _ => None,
        };
        if of.splits.contains(&id) {
            let part = |content: Option<&On>| match content? {
                On::Container(node) => Some(Content::Node(node.clone())),
                On::Mount(tree) => Some(Content::Mount(tree.clone())),
                On::Any(any) => Some(Content::Any(any.clone())),
                _ => None,
            };
            self.part(schema, part(old), part(new), old.is_some() != new.is_some());
        } else {
            match (old, new) {
                (Some(On::Container(_)), _) | (_, Some(On::Container(_))) => {
                    self.delta.main |= old.is_some() != new.is_some();
                    self.children(schema, of, node(old).as_ref(), node(new).as_ref());
                }
                (Some(On::Mount(old)), Some(On::Mount(new))) => self.trees(old, new),
                (old, new) => {
                    self.delta.main = true;
                    if let Some(On::Mount(old)) = old {
                        self.trees(old, &Tree::empty(old.schema().clone()));
                    }
                    if let Some(On::Mount(new)) = new {
                        self.trees(&Tree::empty(new.schema().clone()), new);
                    }
                }
            }
        }
        self.path.truncate(length);
    }

    fn entry(
        &mut self,
        schema: &Arc<Schema>,
        of: &Of,
        id: SchemaId,
        before: Option<&Node>,
        after: Option<&Node>,
    ) {
        let length = self.enter(schema, id, after.or(before));
        let came_or_went = before.is_some() != after.is_some();
        match (before, after) {
            // It may have moved.
            (Some(before), Some(after)) if before.ptr_eq(after) => self.delta.main = true,
            _ if of.splits.contains(&id) => {
                let part = |node: Option<&Node>| node.cloned().map(Content::Node);
                self.part(schema, part(before), part(after), came_or_went);
            }
            _ => {
                self.delta.main |= came_or_went;
                self.children(schema, of, before, after);
            }
        }
        self.path.truncate(length);
    }

    /// A node that is split off, where the walk stands.
    fn part(
        &mut self,
        schema: &Arc<Schema>,
        old: Option<Content>,
        new: Option<Content>,
        came_or_went: bool,
    ) {
        let (had, has) = (holds(old.as_ref()), holds(new.as_ref()));
        let own = |content: Option<&Content>| content.and_then(Content::own).cloned();
        self.delta.main |= came_or_went || had != has || own(old.as_ref()) != own(new.as_ref());
        self.delta.main |= in_main(old.as_ref()) != in_main(new.as_ref());
        match new {
            Some(content) if has => self.delta.changed.push(Part {
                xpath: self.path.clone(),
                schema: schema.clone(),
                content,
            }),
            _ if had => self.delta.gone.push(self.path.clone()),
            _ => {}
        }
    }

    /// Goes to a child; gives the length of the path before.
    fn enter(&mut self, schema: &Schema, id: SchemaId, entry: Option<&Node>) -> usize {
        let length = self.path.len();
        let definition = schema.node(id);
        self.path.push('/');
        let parent = definition.data_parent().unwrap_or(SchemaId::ROOT);
        let namesake =
            |other: &SchemaId| *other < id && schema.node(*other).name == definition.name;
        // Without prefixes two modules may have nodes of the same path: the later one says its module.
        if schema.data_children(parent).iter().any(namesake) {
            self.path.push_str(&schema.module(definition.module).name);
            self.path.push(':');
        }
        self.path.push_str(&definition.name);
        let Some(entry) = entry else { return length };
        for (key, value) in definition
            .keys()
            .iter()
            .zip(entry.keys(definition.keys().len()))
        {
            let leaf = schema.node(*key);
            let Some(ty) = &leaf.ty else { continue };
            let text = canonical(schema, ty, value, Style::Xml);
            if !text.is_empty() {
                self.path
                    .push_str(&format!("[{}={}]", leaf.name, quoted(&text)));
            }
        }
        length
    }
}

impl Content {
    fn own(&self) -> Option<&crate::meta::Annotations> {
        match self {
            Content::Node(node) => node.meta().and_then(Meta::own),
            Content::Mount(tree) => tree.root().meta().and_then(Meta::own),
            Content::Any(_) => None,
        }
    }
}

/// Whether there is something for a part to hold.
fn holds(content: Option<&Content>) -> bool {
    match content {
        None => false,
        Some(Content::Node(node)) => !node.slots().is_empty(),
        Some(Content::Mount(tree)) => !tree.root().slots().is_empty(),
        Some(Content::Any(any)) => any.encoding() == Encoding::Xml && !any.text().trim().is_empty(),
    }
}

/// What came as JSON, which is an annotation of its node in the main file.
fn in_main(content: Option<&Content>) -> Option<&AnyData> {
    match content {
        Some(Content::Any(any)) if any.encoding() == Encoding::Json => Some(any),
        _ => None,
    }
}

/// A value in quotes, as Clixon has it.
fn quoted(text: &str) -> String {
    match (text.contains('"'), text.contains('\'')) {
        (true, true) => format!("concat('{}')", text.replace('\'', "',\"'\",'")),
        (true, false) => format!("'{text}'"),
        (false, _) => format!("\"{text}\""),
    }
}
