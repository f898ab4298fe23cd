//! Where `deref()` leads, and what decides that.

use super::super::{Join, JoinKey, Read};
use super::binder::Binder;
use super::parent;
use super::walk::{NodeSet, Reached};
use crate::schema::{Expression, Schema, SchemaId, Type, TypeKind};

impl Binder<'_> {
    /// What `deref()` of `nodes` can select (RFC 7950 10.3.1).
    pub(super) fn referred(&mut self, nodes: &NodeSet) -> NodeSet {
        let mut referred = NodeSet::listed(Vec::new());
        referred.beyond = nodes.beyond;
        let schema = self.schema;
        for reached in &nodes.reached {
            if let Some(ty) = &schema.node(reached.node).ty {
                self.targets(reached, ty, &mut referred);
            }
        }
        referred
    }

    fn targets(&mut self, from: &Reached, ty: &Type, referred: &mut NodeSet) {
        match &ty.kind {
            TypeKind::Leafref { path, target, .. } => {
                self.follow(from, path);
                let joins = self.entry_named_by(from, *target).into_iter().collect();
                referred.reached.push(Reached {
                    node: *target,
                    ancestor: SchemaId::ROOT,
                    joins,
                });
            }
            TypeKind::InstanceIdentifier { .. } => {
                referred.extend(NodeSet::everything(self.schema))
            }
            TypeKind::Union(members) => members
                .iter()
                .for_each(|member| self.targets(from, member, referred)),
            _ => {}
        }
    }

    /// The join by which the leaf `from` names the list entry whose only key is `target`.
    fn entry_named_by(&self, from: &Reached, target: SchemaId) -> Option<Join> {
        let list = parent(self.schema, target)?;
        if self.schema.node(list).keys() != [target] {
            return None;
        }
        let key = self.join_key(&NodeSet::listed(vec![from.clone()]), None);
        Some(Join {
            list,
            keys: vec![key],
        })
    }

    /// Notes what the path of the leafref `from` reads on its way: the values in its predicates decide where it leads.
    fn follow(&mut self, from: &Reached, path: &Expression) {
        if self.followed.contains(&from.node) {
            // A path that goes through itself, as lenient schemas may have.
            self.reads.any = true;
            return;
        }
        let mut binder = Binder::new(self.schema, &path.prefixes, from.node);
        binder.followed = self.followed.clone();
        binder.followed.push(from.node);
        // A path that cannot be bound leads nowhere.
        if binder.expr(&path.expr, &NodeSet::of(from.node)).is_err() {
            return;
        }
        self.reads.any |= binder.reads.any;
        let reads = binder.reads.nodes.into_iter();
        let reads: Vec<Read> = reads.map(|read| self.read_through(from, read)).collect();
        self.reads.nodes.extend(reads);
    }

    /// What `from` reads, as the context reads it.
    fn read_through(&self, from: &Reached, read: Read) -> Read {
        let ancestor = |id| upper(self.schema, id, from.ancestor);
        let key = |key| match key {
            JoinKey::Leaf {
                leaf,
                ancestor: above,
            } => {
                let leaf = Reached {
                    node: leaf,
                    ancestor: ancestor(above),
                    joins: [].into(),
                };
                self.join_key(&NodeSet::listed(vec![leaf]), None)
            }
            other => other,
        };
        let joins = read.joins.into_iter().map(|join| Join {
            list: join.list,
            keys: join.keys.into_iter().map(key).collect(),
        });
        Read {
            ancestor: ancestor(read.ancestor),
            joins: joins.collect(),
            ..read
        }
    }
}

/// The upper one of two nodes, of which one is above the other.
fn upper(schema: &Schema, one: SchemaId, other: SchemaId) -> SchemaId {
    let mut above = std::iter::successors(Some(other), |id| parent(schema, *id));
    match above.any(|id| id == one) {
        true => one,
        false => other,
    }
}
