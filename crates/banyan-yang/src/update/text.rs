//! The statements behind a schema: what a compiled schema does not keep (definitions that nothing uses,
//! `if-feature`, text for people) is read from the texts of its modules, when it is asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::diagnostic::Diagnostics;
use crate::if_feature::Condition;
use crate::parse::parse;
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId};
use crate::source::{SourceId, Span};
use crate::statement::{Keyword, StatementId, SyntaxTree};

/// How long a chain of groupings that use each other is followed.
const MAX_CHAIN: usize = 16;

/// A statement with the tree that it is in.
#[derive(Clone)]
pub(super) struct Statement {
    pub tree: Rc<SyntaxTree>,
    pub id: StatementId,
}

impl Statement {
    pub fn keyword(&self) -> Keyword {
        self.tree.keyword(self.id)
    }

    pub fn name(&self) -> &str {
        self.tree.name(self.id)
    }

    pub fn span(&self) -> Span {
        self.tree.span(self.id)
    }

    pub fn parent(&self) -> Option<Statement> {
        self.tree.parent(self.id).map(|id| self.at(id))
    }

    pub fn children_of(&self, keyword: Keyword) -> impl Iterator<Item = Statement> + '_ {
        self.tree
            .children_of(self.id, keyword)
            .map(|id| self.at(id))
    }

    pub fn child(&self, keyword: Keyword) -> Option<Statement> {
        self.children_of(keyword).next()
    }

    pub fn argument_of(&self, keyword: Keyword) -> Option<String> {
        self.tree
            .child_argument(self.id, keyword)
            .map(str::to_owned)
    }

    fn at(&self, id: StatementId) -> Statement {
        Statement {
            tree: self.tree.clone(),
            id,
        }
    }

    fn is(&self, other: &Statement) -> bool {
        self.id == other.id && self.tree.source() == other.tree.source()
    }
}

/// The texts of one schema, parsed when they are first asked for.
pub(super) struct Texts<'s> {
    schema: &'s Schema,
    trees: RefCell<HashMap<SourceId, Rc<SyntaxTree>>>,
    sources: RefCell<HashMap<ModuleId, Rc<[SourceId]>>>,
}

impl<'s> Texts<'s> {
    pub fn new(schema: &'s Schema) -> Self {
        Texts {
            schema,
            trees: RefCell::default(),
            sources: RefCell::default(),
        }
    }

    fn tree(&self, source: SourceId) -> Rc<SyntaxTree> {
        let parsed = self.trees.borrow().get(&source).cloned();
        parsed.unwrap_or_else(|| {
            // Whatever is wrong in the text, the compiler has said.
            let tree = Rc::new(parse(
                self.schema.sources(),
                source,
                &mut Diagnostics::new(),
            ));
            self.trees.borrow_mut().insert(source, tree.clone());
            tree
        })
    }

    /// The top statements of a module and its submodules, the module first.
    pub fn roots(&self, module: ModuleId) -> Vec<Statement> {
        let known = self.sources.borrow().get(&module).cloned();
        let sources = known.unwrap_or_else(|| {
            let entry = self.schema.module(module);
            let texts =
                std::iter::once(&entry.text).chain(entry.submodules.iter().map(|sub| &sub.text));
            let found: Rc<[SourceId]> = texts
                .filter_map(|text| self.schema.sources().find(text))
                .collect();
            self.sources.borrow_mut().insert(module, found.clone());
            found
        });
        let root = |source: &SourceId| {
            let tree = self.tree(*source);
            let id = tree.root()?;
            Some(Statement { tree, id })
        };
        sources.iter().filter_map(root).collect()
    }

    /// The definitions with one keyword at the top of a module, in the order of the text.
    pub fn definitions(&self, module: ModuleId, keyword: Keyword) -> Vec<Statement> {
        let roots = self.roots(module);
        let found = roots
            .iter()
            .flat_map(|root| root.children_of(keyword).collect::<Vec<_>>());
        found.collect()
    }

    /// The statement whose head is at `span`. O(log statements) after the text is parsed.
    pub fn statement(&self, span: Span) -> Option<Statement> {
        let tree = self.tree(span.source);
        let (mut low, mut high) = (0u32, tree.len() as u32);
        // Statements stand in the order of the text.
        while low < high {
            let middle = low + (high - low) / 2;
            let start = tree.keyword_span(StatementId(middle)).start;
            match start.cmp(&span.start) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let id = StatementId(middle);
                    return Some(Statement { tree, id });
                }
            }
        }
        None
    }

    pub fn module_named(&self, name: &str) -> Option<ModuleId> {
        self.schema.module_by_name(name)
    }

    pub fn of_node(&self, node: SchemaId) -> Option<Statement> {
        self.statement(self.schema.node(node).span)
    }

    /// Which module a prefix means in the text of a statement; its own if there is none.
    pub fn module_of(&self, at: &Statement, prefix: Option<&str>) -> Option<String> {
        let root = at.at(at.tree.root()?);
        let own = || match root.keyword() {
            Keyword::Submodule => root.argument_of(Keyword::BelongsTo),
            _ => Some(root.name().to_owned()),
        };
        let own_prefix = || match root.child(Keyword::BelongsTo) {
            Some(belongs) => belongs.argument_of(Keyword::Prefix),
            None => root.argument_of(Keyword::Prefix),
        };
        let Some(prefix) = prefix else { return own() };
        if own_prefix().as_deref() == Some(prefix) {
            return own();
        }
        let import = root
            .children_of(Keyword::Import)
            .find(|import| import.argument_of(Keyword::Prefix).as_deref() == Some(prefix))?;
        Some(import.name().to_owned())
    }

    /// `module:name` for a name as written in a statement.
    pub fn qualify(&self, at: &Statement, name: &str) -> String {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name),
        };
        match self.module_of(at, prefix) {
            Some(module) => format!("{module}:{local}"),
            None => name.to_owned(),
        }
    }

    /// The `if-feature`s of a statement.
    pub fn own_conditions(&self, at: &Statement) -> Vec<Condition> {
        let parse = |condition: Statement| {
            Condition::parse(condition.name(), &|name| self.qualify(at, name))
        };
        at.children_of(Keyword::IfFeature)
            .filter_map(parse)
            .collect()
    }

    /// The `if-feature`s of a node: its own, and those of the `augment` and `uses` that brought it. Sorted.
    pub fn conditions(&self, node: SchemaId) -> Vec<Condition> {
        let Some(at) = self.of_node(node) else {
            return Vec::new();
        };
        let mut found = self.own_conditions(&at);
        for bringer in self.bringers(node, &at) {
            found.extend(self.own_conditions(&bringer));
        }
        found.sort();
        found.dedup();
        found
    }

    /// True if an `augment` has put the node where it is.
    pub fn is_augmented(&self, node: SchemaId) -> bool {
        let Some(at) = self.of_node(node) else {
            return false;
        };
        let bringers = self.bringers(node, &at);
        bringers
            .iter()
            .any(|bringer| bringer.keyword() == Keyword::Augment)
    }

    /// The `uses` and `augment` statements between a node and its parent node, as far as they are found.
    fn bringers(&self, node: SchemaId, at: &Statement) -> Vec<Statement> {
        let Some(around) = at.parent() else {
            return Vec::new();
        };
        match around.keyword() {
            Keyword::Augment => {
                let mut found: Vec<Statement> = around
                    .parent()
                    .filter(|parent| parent.keyword() == Keyword::Uses)
                    .into_iter()
                    .collect();
                found.push(around);
                found
            }
            Keyword::Grouping => self.uses_of(node, &around).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The chain of `uses` by which the parent of `node` got the nodes of `grouping`.
    fn uses_of(&self, node: SchemaId, grouping: &Statement) -> Option<Vec<Statement>> {
        let parent = self.schema.node(node).parent()?;
        let mut places: Vec<Statement> = Vec::new();
        let parent_node = self.schema.node(parent);
        if parent_node.kind == NodeKind::Root {
            places = self.roots(self.schema.node(node).module);
        } else {
            places.extend(self.of_node(parent));
            let augments = self.definitions(self.schema.node(node).module, Keyword::Augment);
            let name = |augment: &Statement| {
                let last = augment.name().rsplit(['/', ':']).next();
                last == Some(&*parent_node.name)
            };
            places.extend(augments.into_iter().filter(name));
        }
        let mut tried = Vec::new();
        places
            .iter()
            .find_map(|place| self.chain(place, grouping, &mut tried))
    }

    fn chain(
        &self,
        place: &Statement,
        grouping: &Statement,
        tried: &mut Vec<Statement>,
    ) -> Option<Vec<Statement>> {
        if tried.len() > MAX_CHAIN {
            return None;
        }
        for uses in place.children_of(Keyword::Uses) {
            let Some(used) = self.grouping(&uses) else {
                continue;
            };
            if used.is(grouping) {
                let mut chain = vec![uses];
                chain.extend(place_condition(place));
                return Some(chain);
            }
            if !tried.iter().any(|other| other.is(&used)) {
                tried.push(used.clone());
                if let Some(mut chain) = self.chain(&used, grouping, tried) {
                    chain.push(uses);
                    chain.extend(place_condition(place));
                    return Some(chain);
                }
            }
        }
        None
    }

    /// The grouping that a `uses` names: in its scope, else at the top of a module.
    fn grouping(&self, uses: &Statement) -> Option<Statement> {
        let (prefix, local) = match uses.name().split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, uses.name()),
        };
        let named = |scope: &Statement| {
            scope
                .children_of(Keyword::Grouping)
                .find(|grouping| grouping.name() == local)
        };
        let mut scope = uses.parent().filter(|_| prefix.is_none());
        while let Some(around) = scope {
            if let Some(found) = named(&around) {
                return Some(found);
            }
            scope = around.parent();
        }
        let module = self.module_of(uses, prefix)?;
        let module = self.schema.module_by_name(&module)?;
        self.roots(module).iter().find_map(named)
    }

    /// The grouping at the top of a module in which a statement stands.
    pub fn top_grouping(&self, at: &Statement) -> Option<String> {
        let mut inner = at.clone();
        while let Some(around) = inner.parent() {
            if around.keyword() == Keyword::Grouping && is_top(&around) {
                return Some(self.qualify(&around, around.name()));
            }
            inner = around;
        }
        None
    }
}

fn is_top(at: &Statement) -> bool {
    at.parent()
        .is_some_and(|parent| matches!(parent.keyword(), Keyword::Module | Keyword::Submodule))
}

/// An `augment` in which a `uses` stands conditions what that brings.
fn place_condition(place: &Statement) -> Option<Statement> {
    (place.keyword() == Keyword::Augment).then(|| place.clone())
}
