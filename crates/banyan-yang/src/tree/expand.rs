//! From statements to nodes: data definitions in the order of the text, `uses` with their refinements and augments.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::children::Children;
use super::node::{Node, NodeId, Nodes, TypeText};
use crate::compile::{ModuleSet, PrefixMeaning, StatementRef, Unit, UnitId, split_name};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::if_feature::{self, Condition};
use crate::schema::{ModuleId, Status};
use crate::statement::{Keyword, StatementId};

/// How many expansions may be under way at once: groupings that use groupings nest here too.
const MAX_DEPTH: usize = 250;

/// The expansion of a module set, under way or done.
pub(super) struct Outline<'s> {
    pub set: &'s ModuleSet,
    pub found: &'s mut Diagnostics,
    pub nodes: Nodes<'s>,
    /// The prefix that each text has for itself, by unit.
    pub prefixes: Vec<&'s str>,
    /// What stands at the top of each text that was expanded.
    pub units: HashMap<UnitId, NodeId>,
    /// What stands in each `augment`.
    pub augments: HashMap<StatementRef, NodeId>,
    /// The node that an `augment` adds to.
    pub targets: HashMap<StatementRef, NodeId>,
    /// Nodes that an `augment` names and that a later one is to add.
    pub places: Vec<(StatementRef, NodeId)>,
    /// The texts of each module, by their names.
    pub texts: HashMap<(ModuleId, &'s str), UnitId>,
    pub children: Children<'s>,
    /// What the prefixes of each text's imports stand for, by unit; the modules may be missing.
    imported: Vec<HashMap<&'s str, &'s str>>,
    /// `None` while it is being expanded.
    groupings: HashMap<StatementRef, Option<NodeId>>,
    /// All groupings, by the statement around them.
    scopes: HashMap<(UnitId, StatementId, &'s str), StatementRef>,
    depth: usize,
    /// Modules of which only these features are on.
    features: &'s BTreeMap<String, BTreeSet<String>>,
}

impl<'s> Outline<'s> {
    pub fn new(
        set: &'s ModuleSet,
        found: &'s mut Diagnostics,
        features: &'s BTreeMap<String, BTreeSet<String>>,
    ) -> Self {
        let mut scopes = HashMap::new();
        for (unit, tree) in set
            .units
            .iter()
            .enumerate()
            .map(|(at, unit)| (at, &unit.tree))
        {
            for id in tree.ids() {
                if tree.keyword(id) == Keyword::Grouping
                    && !tree.is_dropped(id)
                    && let Some(parent) = tree.parent(id)
                {
                    let unit = UnitId(unit as u32);
                    let key = (unit, parent, tree.name(id));
                    scopes.entry(key).or_insert(StatementRef { unit, id });
                }
            }
        }
        let mut texts = HashMap::new();
        for (at, unit) in set.units.iter().enumerate() {
            let id = UnitId(at as u32);
            let key = (set.owner(id), unit.tree.name(unit.root));
            texts.entry(key).or_insert(id);
        }
        Outline {
            set,
            found,
            nodes: Nodes::default(),
            texts,
            children: Children::default(),
            imported: set.units.iter().map(imported_names).collect(),
            prefixes: set.units.iter().map(own_prefix).collect(),
            units: HashMap::new(),
            augments: HashMap::new(),
            targets: HashMap::new(),
            places: Vec::new(),
            groupings: HashMap::new(),
            scopes,
            depth: 0,
            features,
        }
    }

    /// Whether the argument of an `if-feature` holds with the features that are on. What is no expression counts as
    /// true, as for `pyang`.
    fn holds(&self, at: StatementRef, text: &str) -> bool {
        if self.features.is_empty() {
            return if_feature::can_hold(text);
        }
        let is_on = |feature: &str| {
            let (prefix, name) = split_name(feature);
            let PrefixMeaning::Module(module) = self.set.prefix(at.unit, prefix) else {
                return true;
            };
            let on = self.features.get(&*self.set.module(module).name);
            on.is_none_or(|on| on.contains(name))
        };
        let condition = Condition::parse(text, &str::to_owned);
        condition.is_none_or(|condition| condition.holds(&is_on))
    }

    pub fn report(&mut self, at: StatementRef, code: &'static str, message: String) {
        let span = self.set.argument_span(at);
        let (rule, help) = rule_and_remedy(code);
        let mut error = Diagnostic::error(code, span, message).help(help);
        error.rfc = rule;
        self.found.push(error);
    }

    /// Says that nodes are missing, because there would be too many or they would nest too deep.
    pub fn report_left_out(&mut self, at: StatementRef) {
        let message = format!(
            "`{}` leads to too many nodes, or to nodes that nest too deep; it is left out",
            self.set.describe(at)
        );
        self.report(at, "too-many-nodes", message);
    }

    /// The name of the module that a prefix stands for in a text, whether it was found or not.
    pub fn imported_name(&self, unit: UnitId, prefix: &str) -> Option<&'s str> {
        let set = self.set;
        let text = set.unit(unit);
        if let Some(Some(module)) = text.prefixes.get(prefix) {
            return Some(&set.module(*module).name);
        }
        self.imported[unit.0 as usize].get(prefix).copied()
    }

    /// The module that a prefix means; unknown ones are reported.
    pub fn module_of_prefix(&mut self, at: StatementRef, prefix: Option<&str>) -> Option<ModuleId> {
        match self.set.prefix(at.unit, prefix) {
            PrefixMeaning::Module(module) => Some(module),
            PrefixMeaning::LeftOut => None,
            PrefixMeaning::Unknown => {
                let prefix = prefix.unwrap_or("");
                let message = format!("the prefix `{prefix}` is not defined in this text");
                self.report(at, "unknown-prefix", message);
                None
            }
        }
    }

    /// The node of that name among the children; a name belongs to the module of its text. O(1), beside one visit of
    /// each child.
    pub fn child_named(&mut self, parent: NodeId, module: ModuleId, name: &str) -> Option<NodeId> {
        let place = self.child_place(parent, module, name)?;
        let child = self.nodes.get(parent).children[place];
        // Else a deviation has taken it out.
        self.nodes.get(child).parent.map(|_| child)
    }

    /// Where [`Self::child_named`] is among the children.
    pub fn child_place(&mut self, parent: NodeId, module: ModuleId, name: &str) -> Option<usize> {
        self.children
            .place(self.set, &self.nodes, parent, module, name)
    }

    /// Makes nodes of what stands in a statement, under the node `parent`.
    pub fn expand_children(&mut self, at: StatementRef, parent: NodeId) {
        if self.depth >= MAX_DEPTH || self.nodes.is_full() {
            return self.report_left_out(at);
        }
        self.depth += 1;
        let set = self.set;
        let kind = self.nodes.get(parent).kind;
        if matches!(kind, Keyword::Rpc | Keyword::Action) {
            // RFC 7950 7.14: both are always there, if only for others to augment.
            for side in [Keyword::Input, Keyword::Output] {
                if set.child(at, side).is_none() {
                    let node = self.nodes.add(Node::new(side, side.text(), at.unit));
                    self.nodes.append(parent, node);
                }
            }
        }
        for child in set.children(at) {
            match set.keyword(child) {
                Keyword::Uses => self.uses(child, parent),
                Keyword::Input | Keyword::Output
                    if matches!(kind, Keyword::Rpc | Keyword::Action) =>
                {
                    self.statement(child, parent)
                }
                // RFC 7950 7.9.2: a case may be left out around a single node.
                keyword if kind == Keyword::Choice && is_short_case(keyword) => {
                    let case = self.short_case(child, parent);
                    self.statement(child, case);
                }
                keyword if is_node(keyword) => self.statement(child, parent),
                _ => {}
            }
        }
        self.depth -= 1;
    }

    pub fn statement(&mut self, at: StatementRef, parent: NodeId) {
        let node = self.node_of(at);
        let id = self.nodes.add(node);
        self.nodes.append(parent, id);
        self.expand_children(at, id);
        self.mark_own_keys(id);
    }

    /// Leafs that stand in the list itself are seen to be keys in groupings too (RFC 7950 7.8.2).
    fn mark_own_keys(&mut self, list: NodeId) {
        let Some(key) = self.nodes.get(list).key else {
            return;
        };
        let names: HashSet<&str> = key.split_whitespace().collect();
        for child in self.nodes.get(list).children.clone() {
            let node = self.nodes.get_mut(child);
            if node.kind == Keyword::Leaf && node.uses.is_none() {
                node.is_key |= names.contains(node.name);
            }
        }
    }

    fn short_case(&mut self, at: StatementRef, choice: NodeId) -> NodeId {
        let mut case = Node::new(Keyword::Case, self.set.argument(at), at.unit);
        case.status = status(self.set, at);
        let case = self.nodes.add(case);
        self.nodes.append(choice, case);
        case
    }

    /// The node that a statement is by itself.
    pub fn node_of(&self, at: StatementRef) -> Node<'s> {
        let set = self.set;
        let kind = set.keyword(at);
        let name = match kind {
            Keyword::Input | Keyword::Output => kind.text(),
            _ => set.argument(at),
        };
        let mut node = Node::new(kind, name, at.unit);
        node.at = Some(at);
        for child in set.children(at) {
            let argument = set.argument(child);
            match set.keyword(child) {
                Keyword::Config => node.stated_config = Some(argument == "true"),
                Keyword::Mandatory => node.mandatory = argument == "true",
                Keyword::Presence => node.presence = true,
                Keyword::Key => node.key = Some(argument),
                Keyword::Type => node.ty = Some(type_text(set, child)),
                Keyword::IfFeature => {
                    node.features.push(argument);
                    node.absent |= !self.holds(child, argument);
                }
                _ => {}
            }
        }
        node.status = status(set, at);
        node
    }

    /// The nodes of a grouping, made when it is first used.
    pub fn grouping(&mut self, at: StatementRef) -> Option<NodeId> {
        match self.groupings.get(&at) {
            Some(Some(done)) => return Some(*done),
            Some(None) => {
                let message = format!("`{}` uses itself", self.set.describe(at));
                self.report(at, "circular-uses", message);
                return None;
            }
            None => {}
        }
        self.groupings.insert(at, None);
        let node = Node::new(Keyword::Grouping, self.set.argument(at), at.unit);
        let id = self.nodes.add(node);
        self.expand_children(at, id);
        self.groupings.insert(at, Some(id));
        Some(id)
    }

    /// The nodes of a grouping, if they have been made.
    pub fn expanded_grouping(&self, at: StatementRef) -> Option<NodeId> {
        self.groupings.get(&at).copied().flatten()
    }

    /// The grouping that a `uses` means: in the scopes around it, then at the top of the module (RFC 7950 5.5).
    fn grouping_named(&mut self, at: StatementRef) -> Option<StatementRef> {
        let set = self.set;
        let (prefix, name) = split_name(set.argument(at));
        let module = self.module_of_prefix(at, prefix)?;
        if module == set.owner(at.unit) {
            let mut scope = set.tree(at).parent(at.id);
            while let Some(id) = scope {
                if let Some(found) = self.scopes.get(&(at.unit, id, name)) {
                    return Some(*found);
                }
                scope = set.tree(at).parent(id);
            }
        }
        let found = set
            .roots(module)
            .find_map(|root| self.scopes.get(&(root.unit, root.id, name)).copied());
        if found.is_none() {
            let module = &set.module(module).name;
            let message = format!("there is no grouping `{name}` in module {module}");
            self.report(at, "unknown-name", message);
        }
        found
    }

    /// RFC 7950 7.13
    fn uses(&mut self, at: StatementRef, parent: NodeId) {
        let set = self.set;
        let Some(grouping) = self.grouping_named(at) else {
            return;
        };
        let Some(grouping) = self.grouping(grouping) else {
            return;
        };
        let conditions: Vec<&'s str> = set
            .children_of(at, Keyword::IfFeature)
            .map(|condition| set.argument(condition))
            .collect();
        let absent = conditions.iter().any(|text| !self.holds(at, text));
        let before = self.nodes.get(parent).children.len();
        for child in self.nodes.get(grouping).children.clone() {
            if self.nodes.is_full() || !self.nodes.has_room(parent, child) {
                self.report_left_out(at);
                break;
            }
            let copy = self.nodes.copy(child, at);
            let node = self.nodes.get_mut(copy);
            node.features.extend(&conditions);
            node.absent |= absent;
            self.nodes.append(parent, copy);
        }
        let mut refined = HashSet::new();
        for refine in set.children_of(at, Keyword::Refine) {
            if let Some(target) = self.refined_node(refine, parent)
                && refined.insert(target)
            {
                self.refine(refine, target);
            }
        }
        for augment in set.children_of(at, Keyword::Augment) {
            self.augment_children(augment);
        }
        let mut used = HashMap::new();
        for child in &self.nodes.get(parent).children[before..] {
            used.entry(self.nodes.get(*child).name).or_insert(*child);
        }
        for augment in set.children_of(at, Keyword::Augment) {
            self.apply_augment(augment, Some(&used));
        }
    }

    fn refined_node(&mut self, at: StatementRef, parent: NodeId) -> Option<NodeId> {
        let set = self.set;
        let mut node = parent;
        for step in set.argument(at).split('/') {
            let (prefix, name) = split_name(step.trim());
            let module = self.module_of_prefix(at, prefix)?;
            let Some(child) = self.child_named(node, module, name) else {
                let message = format!("there is no node `{name}` to refine");
                self.report(at, "unknown-node", message);
                return None;
            };
            node = child;
        }
        Some(node)
    }

    /// RFC 7950 7.13.2
    fn refine(&mut self, at: StatementRef, target: NodeId) {
        let set = self.set;
        for child in set.children(at) {
            let argument = set.argument(child);
            let absent = set.keyword(child) == Keyword::IfFeature && !self.holds(child, argument);
            let node = self.nodes.get_mut(target);
            match set.keyword(child) {
                Keyword::Config => node.stated_config = Some(argument == "true"),
                Keyword::Mandatory => node.mandatory = argument == "true",
                Keyword::Presence => node.presence = true,
                Keyword::IfFeature => {
                    node.features.push(argument);
                    node.absent |= absent;
                }
                _ => {}
            }
        }
    }
}

/// RFC 7950 7.1.4, 7.2.2
fn own_prefix(unit: &Unit) -> &str {
    let tree = &unit.tree;
    let around = match tree.keyword(unit.root) {
        Keyword::Submodule => tree.child(unit.root, Keyword::BelongsTo),
        _ => Some(unit.root),
    };
    around
        .and_then(|around| tree.child_argument(around, Keyword::Prefix))
        .unwrap_or("")
}

/// The modules that a text imports, by the prefixes that it gives them.
fn imported_names(unit: &Unit) -> HashMap<&str, &str> {
    let tree = &unit.tree;
    let mut names = HashMap::new();
    for import in tree.children_of(unit.root, Keyword::Import) {
        if let Some(prefix) = tree.child_argument(import, Keyword::Prefix) {
            names.entry(prefix).or_insert(tree.name(import));
        }
    }
    names
}

/// The type as it is written (RFC 7950 7.4).
pub(super) fn type_text(set: &ModuleSet, at: StatementRef) -> TypeText<'_> {
    let name = set.argument(at);
    match set.child_argument(at, Keyword::Path) {
        Some(path) if name == "leafref" => TypeText::Leafref(path),
        _ => TypeText::Named(Cow::Borrowed(name)),
    }
}

pub(super) fn status(set: &ModuleSet, at: StatementRef) -> Status {
    match set.child_argument(at, Keyword::Status) {
        Some("deprecated") => Status::Deprecated,
        Some("obsolete") => Status::Obsolete,
        _ => Status::Current,
    }
}

/// Data definitions, operations and notifications.
fn is_node(keyword: Keyword) -> bool {
    use Keyword::{Action, Case, Notification, Rpc};
    is_short_case(keyword) || matches!(keyword, Case | Action | Rpc | Notification)
}

/// RFC 7950 7.9.2
fn is_short_case(keyword: Keyword) -> bool {
    use Keyword::{AnyData, AnyXml, Choice, Container, Leaf, LeafList, List};
    matches!(
        keyword,
        AnyData | AnyXml | Choice | Container | Leaf | LeafList | List
    )
}

/// The rule behind a code, and what to do. A diagram needs less than the compiler, whose findings say more.
fn rule_and_remedy(code: &str) -> (Option<&'static str>, &'static str) {
    match code {
        "unknown-prefix" => (
            Some("RFC 7950 7.1.4"),
            "import the module and give it this prefix",
        ),
        "unknown-name" => (
            Some("RFC 7950 7.13"),
            "define the grouping, or import the module that does",
        ),
        "circular-uses" => (
            Some("RFC 7950 7.12"),
            "remove one of the `uses` that lead back to it",
        ),
        "duplicate-node" => (Some("RFC 7950 6.2.1"), "rename one of them"),
        "augment-target" => (
            Some("RFC 7950 7.17"),
            "name a container, list, choice, case, input, output or notification",
        ),
        "too-many-nodes" => (None, "draw less of it, or keep `uses` as they are"),
        // Of an augment, a deviation or a refine.
        _ => (
            Some("RFC 7950 6.5"),
            "correct the path: each step is a node with the prefix of its module; choices and cases are steps too",
        ),
    }
}
