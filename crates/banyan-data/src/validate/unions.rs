//! Which member of a union a value takes, where that depends on what else is there: a leafref or instance-identifier
//! that needs its instance accepts a value only while the instance exists (RFC 7950 9.12, 9.9.3, 9.13.1).
//!
//! A value goes to another member, but its canonical text stays. Keys and the entries of leaf-lists are named by
//! their values, so they keep the member that they came with.

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId, Type, TypeKind};

use super::prune::{PASSES, inside_mount};
use super::references::References;
use super::rules::{Rules, is_reference_union, needs_instance};
use crate::cursor::Cursor;
use crate::frame::Place;
use crate::lexical::{Style, canonical};
use crate::node::{Content, Node, Tree};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;
use crate::view::{Scope, View};
use crate::xpath::plans::Plans;
use crate::xpath::step::values_of_text;
use crate::xpath::{Session, Stop, Whens};

/// A leaf and the value that it takes.
pub(super) type Resolved = (InstancePath, Value);

/// The tree with the value of each union of the member that accepts it as things stand, and the leaves that had
/// others. For what is loaded: a document does not say which member took a value. `budget` is that of one reference or
/// condition, in steps.
///
/// O(nodes that have such unions below them); without such unions in the schema nothing is looked at.
pub fn resolve_unions(tree: &Tree, budget: u64) -> (Tree, Vec<InstancePath>) {
    let mut tree = tree.clone();
    let mut paths = Vec::new();
    // References do not read which member a value took, but conditions may, by deref(), and hide what others refer to.
    for _ in 0..PASSES {
        let resolved = all(&tree, budget);
        if resolved.is_empty() {
            break;
        }
        tree = with_values(&tree, &resolved);
        paths.extend(resolved.into_iter().map(|(path, _)| path));
    }
    paths.sort();
    paths.dedup();
    (tree, paths)
}

/// All leaves of a tree whose values are of another member now.
pub(super) fn all(tree: &Tree, budget: u64) -> Vec<Resolved> {
    let whens = Whens::new(budget);
    let configuration = View::of(tree)
        .with_scope(Scope::Config)
        .with_whens_on_all(&whens);
    let view = View::of(tree)
        .with_whens_on_all(&whens)
        .with_configuration(&configuration);
    let root = Cursor::root(&view);
    let mut unions = Unions::new(root.schema(), References::new(None), budget);
    unions.instance(&root);
    unions.found
}

/// What was found in a mounted tree, with paths from the root of the outermost.
pub(super) fn in_mount(mount: &Cursor<'_>, found: Vec<Resolved>) -> impl Iterator<Item = Resolved> {
    let (paths, values): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    inside_mount(mount, paths).zip(values)
}

/// Looks for values that are of another member now.
pub(super) struct Unions<'t> {
    rules: Arc<Rules>,
    plans: Arc<Plans>,
    references: References<'t>,
    session: Session<'t>,
    budget: u64,
    /// What was found.
    pub(super) found: Vec<Resolved>,
    /// Leaves looked at.
    looked_at: u64,
}

impl<'t> Unions<'t> {
    pub(super) fn new(schema: &Schema, references: References<'t>, budget: u64) -> Unions<'t> {
        Unions {
            rules: Rules::of(schema),
            plans: Plans::of(schema),
            references,
            session: Session::new(budget),
            budget,
            found: Vec::new(),
            looked_at: 0,
        }
    }

    /// Nodes visited, those that references visited included.
    pub(super) fn visited(&self) -> u64 {
        self.looked_at + self.session.visited()
    }

    /// Looks at all stored leaves in an instance, itself included. Recurses as deep as the tree.
    pub(super) fn instance(&mut self, at: &Cursor<'t>) {
        match at.frame().place() {
            Place::Mount(tree) => {
                self.found.extend(in_mount(at, all(tree, self.budget)));
            }
            Place::Leaf(_) => self.leaf(at),
            _ => {
                if let Some((_, id, Some(node))) = at.frame().inside() {
                    self.inside(at, id, node);
                }
            }
        }
    }

    fn inside(&mut self, at: &Cursor<'t>, id: SchemaId, node: &Node) {
        if !self.rules.unions_inside(id) && !self.rules.mounts_inside(id) {
            return;
        }
        for slot in node.slots() {
            let wanted = match &slot.content {
                Content::Leaf(_) => is_reference_union(at.schema().node(slot.id)),
                Content::Mount(_) => true,
                Content::List(list) if list.key_count() == 0 => false,
                Content::Container(_) | Content::List(_) => {
                    self.rules.unions_inside(slot.id) || self.rules.mounts_inside(slot.id)
                }
                Content::LeafList(_) | Content::Any(_) => false,
            };
            if wanted {
                for instance in at.instances(slot.id) {
                    self.instance(&instance);
                }
            }
        }
    }

    /// Looks at one leaf; nothing happens where it has no such union, or is not stored.
    pub(super) fn leaf(&mut self, leaf: &Cursor<'t>) {
        if !leaf.frame().is_stored() || !is_reference_union(leaf.definition()) {
            return;
        }
        self.looked_at += 1;
        self.session.renew(self.budget);
        // A reference that cannot be followed says nothing: validation tells of it.
        if let Ok(Some(value)) = self.resolve(&leaf.for_constraints()) {
            self.found.push((leaf.path(), value));
        }
    }

    /// The value of the member that takes the leaf's text now, if it is another.
    fn resolve(&mut self, leaf: &Cursor<'t>) -> Result<Option<Value>, Stop> {
        let Some((value, ty)) = leaf.frame().typed() else {
            return Ok(None);
        };
        let schema = leaf.schema();
        let text = canonical(schema, ty, value, Style::Json);
        let mut candidates = Vec::new();
        values_of_text(schema, ty, &text, &mut candidates);
        let Some(chosen) = candidates.iter().position(|it| it == value) else {
            return Ok(None);
        };
        let plans = self.plans.clone();
        for (index, candidate) in candidates.iter().enumerate() {
            let accepts = match &ty.kind {
                // A leafref has the very value that it refers to.
                TypeKind::Leafref { path, .. } => match plans.path(leaf.id(), path) {
                    Some(plan) => self
                        .references
                        .reaches(leaf, candidate, plan, &self.session)?,
                    None => false,
                },
                _ => {
                    let (member, inner) = member(ty, candidate);
                    if needs_instance(member) {
                        let session = &self.session;
                        let missing = self
                            .references
                            .missing_of(leaf, inner, member, session, &plans)?;
                        missing.is_none()
                    } else {
                        true
                    }
                }
            };
            if accepts {
                return Ok((index != chosen).then(|| candidate.clone()));
            }
        }
        Ok(None)
    }
}

/// The member, of the innermost union, that a value of `ty` is of, and the value without the unions around it.
fn member<'a>(ty: &'a Type, value: &'a Value) -> (&'a Type, &'a Value) {
    match (&ty.kind, value) {
        (TypeKind::Union(members), Value::Union(union)) => {
            match members.get(usize::from(union.member)) {
                Some(inner) => member(inner, &union.value),
                None => (ty, value),
            }
        }
        _ => (ty, value),
    }
}

/// The tree with other values of leaves.
pub(super) fn with_values(tree: &Tree, values: &[Resolved]) -> Tree {
    let mut root = tree.root().clone();
    for (path, value) in values {
        if let Some(node) = node_with(&root, &path.steps, value) {
            root = node;
        }
    }
    tree.with_root(root)
}

/// The node with the value at the end of the path; `None` when no leaf is there. Recurses as deep as the path.
fn node_with(node: &Node, steps: &[PathStep], value: &Value) -> Option<Node> {
    let (step, rest) = steps.split_first()?;
    let content = match (node.get(step.node)?, &step.select) {
        (Content::Leaf(_), _) if rest.is_empty() => Content::Leaf(value.clone()),
        (Content::List(list), Select::Keys(keys)) => {
            Content::List(list.with_entry(node_with(list.get(keys)?, rest, value)?))
        }
        (Content::Container(inner), _) => Content::Container(node_with(inner, rest, value)?),
        (Content::Mount(tree), _) => {
            let root = node_with(tree.root(), rest, value)?;
            Content::Mount(Arc::new(tree.with_root(root)))
        }
        _ => return None,
    };
    Some(node.with_child(step.node, Some(content)))
}
