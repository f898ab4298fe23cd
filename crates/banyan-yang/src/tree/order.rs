//! Which modules are expanded, and in what order: after those that they import, as an augment finds its target in
//! what is there already.

use std::collections::{HashMap, HashSet};

use super::expand::Outline;
use super::node::{Node, NodeId};
use crate::compile::{PrefixMeaning, StatementRef, UnitId, split_name};
use crate::schema::ModuleId;
use crate::statement::Keyword;

impl<'s> Outline<'s> {
    /// Expands what is needed to draw modules.
    pub fn expand_modules(&mut self, asked: &[ModuleId]) {
        let needed = self.needed(asked);
        let mut visited = HashSet::new();
        for module in asked {
            // A stack of its own: chains of imports may be long.
            let mut open = Vec::new();
            if visited.insert(*module) {
                open.push((*module, self.imports(*module)));
            }
            while let Some((module, imports)) = open.last_mut() {
                match imports.pop() {
                    Some(next) if visited.insert(next) => open.push((next, self.imports(next))),
                    Some(_) => {}
                    None => {
                        if let Some(unit) = self.set.module(*module).units.first()
                            && needed.contains(module)
                        {
                            self.expand_unit(*unit);
                        }
                        open.pop();
                    }
                }
            }
        }
    }

    /// The modules, those whose nodes they change, and those that change nodes of any of them. Of all others only
    /// groupings matter. Linear in the modules and their augments.
    fn needed(&self, asked: &[ModuleId]) -> HashSet<ModuleId> {
        let mut beside: HashMap<ModuleId, Vec<ModuleId>> = HashMap::new();
        for module in self.set.module_ids() {
            for changed in self.changed_by(module) {
                beside.entry(module).or_default().push(changed);
                beside.entry(changed).or_default().push(module);
            }
        }
        let mut needed = HashSet::new();
        let mut open = asked.to_vec();
        while let Some(module) = open.pop() {
            if needed.insert(module) {
                open.extend(beside.get(&module).into_iter().flatten());
            }
        }
        needed
    }

    /// The modules of the nodes that the augments and deviations of a module name.
    fn changed_by(&self, module: ModuleId) -> HashSet<ModuleId> {
        let set = self.set;
        let mut changed = HashSet::new();
        for root in set.roots(module) {
            for at in set.children(root) {
                if !matches!(
                    set.keyword(at),
                    Keyword::Augment | Keyword::Deviation | Keyword::Extension
                ) {
                    continue;
                }
                for step in set.argument(at).split('/') {
                    let (prefix, _) = split_name(step.trim());
                    if let PrefixMeaning::Module(module) = set.prefix(at.unit, prefix) {
                        changed.insert(module);
                    }
                }
            }
        }
        changed
    }

    /// Makes the nodes at the top of a text: data, operations, notifications, yang-data and structures.
    fn expand_top(&mut self, root: StatementRef, top: NodeId) {
        self.expand_children(root, top);
        let yang_data = self.extensions(root, "ietf-restconf", "yang-data");
        let structures = self.extensions(root, "ietf-yang-structure-ext", "structure");
        for extension in yang_data.into_iter().chain(structures) {
            self.statement(extension, top);
        }
    }

    /// The uses of an extension at the top of a text.
    pub fn extensions(&self, root: StatementRef, module: &str, name: &str) -> Vec<StatementRef> {
        let set = self.set;
        let tree = set.tree(root);
        set.children_of(root, Keyword::Extension)
            .filter(|at| {
                let (prefix, keyword) = split_name(tree.keyword_text(at.id));
                let owner = prefix.and_then(|prefix| self.imported_name(root.unit, prefix));
                keyword == name && owner == Some(module)
            })
            .collect()
    }

    /// What the texts of a module import, the first import last.
    fn imports(&self, module: ModuleId) -> Vec<ModuleId> {
        let set = self.set;
        let mut imports: Vec<ModuleId> = set
            .roots(module)
            .flat_map(|root| set.children_of(root, Keyword::Import))
            .filter_map(|import| {
                let prefix = set.child_argument(import, Keyword::Prefix)?;
                *set.unit(import.unit).prefixes.get(prefix)?
            })
            .filter(|import| *import != module)
            .collect();
        imports.reverse();
        imports
    }

    /// Makes the nodes of one text: those of the submodules that it includes, then its own.
    fn expand_unit(&mut self, unit: UnitId) -> NodeId {
        if let Some(done) = self.units.get(&unit) {
            return *done;
        }
        let set = self.set;
        let root = StatementRef {
            unit,
            id: set.unit(unit).root,
        };
        let top = self
            .nodes
            .add(Node::new(set.keyword(root), set.argument(root), unit));
        self.units.insert(unit, top);
        let mut seen = HashSet::new();
        for submodule in self.included(unit) {
            let submodule = self.expand_unit(submodule);
            for child in self.nodes.get(submodule).children.clone() {
                // Two submodules may include a third.
                if seen.insert(child) {
                    self.nodes.get_mut(top).children.push(child);
                }
            }
        }
        let first_own = self.nodes.get(top).children.len();
        self.expand_top(root, top);
        for at in first_own..self.nodes.get(top).children.len() {
            let child = self.nodes.get(top).children[at];
            let config = (!self.nodes.get(child).ends_config()).then_some(true);
            self.nodes.inherit_config(child, config, config.is_some());
        }
        for augment in set.children_of(root, Keyword::Augment) {
            let added = self.augment_children(augment);
            self.nodes.inherit_config(added, Some(true), true);
        }
        for augment in set.children_of(root, Keyword::Augment) {
            self.apply_augment(augment, None);
        }
        for augment in self.extensions(root, "ietf-yang-structure-ext", "augment-structure") {
            let added = self.augment_children(augment);
            self.nodes.inherit_config(added, None, false);
            self.apply_augment(augment, None);
            self.mark_keys(added);
        }
        self.drop_places();
        self.mark_keys(top);
        for augment in set.children_of(root, Keyword::Augment) {
            // What augments the module's own nodes is among these.
            let target = self
                .targets
                .get(&augment)
                .map(|it| self.nodes.get(*it).unit);
            if target.is_none_or(|unit| set.owner(unit) != set.owner(augment.unit))
                && let Some(added) = self.augments.get(&augment)
            {
                self.mark_keys(*added);
            }
        }
        self.deviate_all(root);
        top
    }

    /// The texts of the submodules that a text includes, in order.
    pub fn included(&self, unit: UnitId) -> Vec<UnitId> {
        let set = self.set;
        let root = StatementRef {
            unit,
            id: set.unit(unit).root,
        };
        set.children_of(root, Keyword::Include)
            .filter_map(|include| {
                let key = (set.owner(unit), set.argument(include));
                self.texts.get(&key).copied()
            })
            .filter(|text| *text != unit)
            .collect()
    }

    /// Which leafs are keys of their list, those too that came by a `uses` (RFC 7950 7.8.2); in a grouping it is not
    /// known whether a `uses` will bring one.
    fn mark_keys(&mut self, id: NodeId) {
        for at in 0..self.nodes.get(id).children.len() {
            let child = self.nodes.get(id).children[at];
            self.mark_keys(child);
        }
        let Some(key) = self.nodes.get(id).key else {
            return;
        };
        let names = || key.split_whitespace().map(|name| split_name(name).1);
        let mut named: HashMap<&str, Option<NodeId>> = names().map(|name| (name, None)).collect();
        for child in &self.nodes.get(id).children {
            if let Some(first) = named.get_mut(self.nodes.get(*child).name) {
                first.get_or_insert(*child);
            }
        }
        for name in names() {
            match named.get(name).copied().flatten() {
                Some(leaf) if self.nodes.get(leaf).kind == Keyword::Leaf => {
                    self.nodes.get_mut(leaf).is_key = true;
                }
                _ => return,
            }
        }
    }
}
