//! Leafrefs: where their paths lead, chains and cycles (RFC 7950 9.9), and the final types of all leafs.

use std::collections::HashMap;
use std::sync::Arc;

use super::consistency::Settled;
use super::context::Compilation;
use super::data_tree::{DataTree, Nowhere, Place};
use super::draft::{Absent, DraftId};
use super::finish::Ids;
use super::hash::IdMap;
use super::status::Reference;
use super::types::{DraftType, LeafrefDraft, UnionDraft, key_test};
use crate::diagnostic::Diagnostic;
use crate::schema::{Expression, ModuleId, NodeKind, Patterns, Restriction, Type, TypeKind};
use crate::statement::Keyword;
use crate::xpath::{Axis, Expr, Function, NodeTest, Step};

/// How deep leafrefs and unions of them may be nested: what walks over a type may recurse.
const MAX_NESTING: usize = 100;

/// Finishes types, each leaf once.
pub(super) struct TypeFinisher<'c, 'a> {
    pub compilation: &'c mut Compilation<'a>,
    pub tree: &'c DataTree,
    pub ids: &'c Ids,
    /// Of each list.
    pub keys: &'c IdMap<DraftId, Vec<DraftId>>,
    /// Finished types that hold leafrefs, with the leafrefs and unions on their longest way down.
    done: IdMap<DraftId, (Arc<Type>, usize)>,
    /// Finished leafrefs, by their drafts, the modules of unprefixed names, and the leafs that they refer to.
    leafrefs: HashMap<(usize, ModuleId, DraftId), (Arc<Type>, usize)>,
    /// Finished unions, by their drafts and what became of members that are no plain types: those of one typedef mostly
    /// come out the same.
    unions: HashMap<(usize, Vec<usize>), (Arc<Type>, usize)>,
    /// Leafs whose leafrefs are being followed.
    open: Vec<DraftId>,
    /// Types being finished, nested ones counted.
    nesting: usize,
    string: Arc<Type>,
}

impl<'c, 'a> TypeFinisher<'c, 'a> {
    pub fn new(compilation: &'c mut Compilation<'a>, settled: &'c Settled, ids: &'c Ids) -> Self {
        let string = Arc::new(Type {
            kind: TypeKind::String {
                length: Restriction::default(),
                patterns: Patterns::default(),
            },
            typedef: None,
        });
        TypeFinisher {
            compilation,
            tree: &settled.tree,
            ids,
            keys: &settled.keys,
            done: IdMap::default(),
            leafrefs: HashMap::new(),
            unions: HashMap::new(),
            open: Vec::new(),
            nesting: 0,
            string,
        }
    }

    /// The final type of a leaf or leaf-list. A leafref with an error becomes an unrestricted string, so that its
    /// data are kept.
    pub fn leaf(&mut self, leaf: DraftId) -> Arc<Type> {
        self.measured_leaf(leaf).0
    }

    fn measured_leaf(&mut self, leaf: DraftId) -> (Arc<Type>, usize) {
        let ty = match &self.compilation.drafts.get(leaf).facts.ty {
            Some(DraftType::Plain(ty)) => return (ty.clone(), 1),
            Some(ty) => ty.clone(),
            None => return self.unknown(),
        };
        if let Some(done) = self.done.get(&leaf) {
            return done.clone();
        }
        self.open.push(leaf);
        let finished = self.finish(&ty, leaf);
        self.open.pop();
        self.done.insert(leaf, finished.clone());
        finished
    }

    /// What stands for a type with an error.
    fn unknown(&self) -> (Arc<Type>, usize) {
        (self.string.clone(), 1)
    }

    fn finish(&mut self, ty: &DraftType, leaf: DraftId) -> (Arc<Type>, usize) {
        match ty {
            DraftType::Plain(ty) => (ty.clone(), 1),
            DraftType::Union(union) => {
                self.nesting += 1;
                let finished = self.union(union, leaf);
                self.nesting -= 1;
                finished
            }
            DraftType::Leafref(leafref) => {
                self.nesting += 1;
                let finished = self.leafref(leafref, leaf);
                self.nesting -= 1;
                finished
            }
        }
    }

    fn union(&mut self, union: &Arc<UnionDraft>, leaf: DraftId) -> (Arc<Type>, usize) {
        let mut depth = 1;
        let mut placed = Vec::new();
        for member in &union.members {
            if !matches!(member, DraftType::Plain(_)) {
                let (member, below) = self.finish(member, leaf);
                depth = depth.max(below);
                placed.push(member);
            }
        }
        // No draft is made any more, and the tables keep the finished types: addresses name both.
        let addresses = placed.iter().map(|ty| Arc::as_ptr(ty).addr());
        let key = (Arc::as_ptr(union).addr(), addresses.collect());
        if let Some(known) = self.unions.get(&key) {
            return known.clone();
        }
        let mut placed = placed.into_iter();
        let members = union.members.iter().filter_map(|member| match member {
            DraftType::Plain(ty) => Some(ty.clone()),
            _ => placed.next(),
        });
        let ty = Type {
            kind: TypeKind::Union(members.collect()),
            typedef: union.typedef.clone(),
        };
        let finished = (Arc::new(ty), depth + 1);
        self.unions.insert(key, finished.clone());
        finished
    }

    fn leafref(&mut self, leafref: &Arc<LeafrefDraft>, leaf: DraftId) -> (Arc<Type>, usize) {
        let Some((path, target)) = self.target(leafref, leaf) else {
            return self.unknown();
        };
        if let Some(start) = self.open.iter().position(|open| *open == target) {
            // RFC 7950 9.9: leafrefs must not be circular.
            let names: Vec<_> = self.open[start..]
                .iter()
                .chain([&target])
                .map(|leaf| self.compilation.draft_path(*leaf))
                .collect();
            let message = format!("leafrefs refer to each other: {}", names.join(" -> "));
            let mut error = Diagnostic::error("circular-leafref", path.span, message);
            for other in self.open[start..].iter().take(5) {
                error = error.related(self.compilation.draft_span(*other), "refers to the next");
            }
            self.compilation.report(
                error
                    .help("let one of them have a type that is no leafref")
                    .rfc("RFC 7950 9.9"),
            );
            return self.unknown();
        }
        let (found, depth) = if self.nesting < MAX_NESTING {
            self.measured_leaf(target)
        } else {
            (self.string.clone(), MAX_NESTING)
        };
        if depth >= MAX_NESTING {
            let message = format!("leafrefs and unions are nested more than {MAX_NESTING} deep");
            self.compilation.report(
                Diagnostic::error("too-deep", path.span, message)
                    .help("let some of them refer to the end of the chain"),
            );
            return self.unknown();
        }
        // Chains are followed to their end.
        let resolved = match &found.kind {
            TypeKind::Leafref { resolved, .. } => resolved.clone(),
            _ => found,
        };
        let drafts = &self.compilation.drafts;
        if drafts.structure(leaf) != drafts.structure(target) {
            let message = format!(
                "the leafref leads out of its structure to {}; the leaf takes its type, and refers to nothing",
                self.compilation.draft_path(target)
            );
            self.compilation.report(
                Diagnostic::error("leafref-leaves-structure", path.span, message)
                    .help("name a node of the structure, or use a type without a reference")
                    .rfc("RFC 8791 4"),
            );
            return (resolved, depth);
        }
        let Some(id) = self.ids.of(target) else {
            self.report_absent(target, &path);
            return (resolved, depth);
        };
        let ty = || Type {
            kind: TypeKind::Leafref {
                path,
                target: id,
                resolved,
                require_instance: leafref.require_instance,
            },
            typedef: leafref.typedef.clone(),
        };
        let own = leafref.default.unwrap_or(drafts.get(leaf).module);
        let key = (Arc::as_ptr(leafref).addr(), own, target);
        let finished = self.leafrefs.entry(key);
        finished
            .or_insert_with(|| (Arc::new(ty()), depth + 1))
            .clone()
    }

    /// RFC 7950 9.9: the path leads to an existing node. The leaf takes the target's type all the same, so that a lenient
    /// schema keeps its data.
    fn report_absent(&mut self, target: DraftId, path: &Expression) {
        let drafts = &self.compilation.drafts;
        let because = match drafts.absence(target) {
            Some(Absent::Feature) => "a feature switches off",
            Some(Absent::NotSupported) => "a deviation takes away",
            Some(Absent::Error) | None => "is left out for its errors",
        };
        let message = format!(
            "the leafref refers to {}, which {because}",
            self.compilation.draft_path(target)
        );
        let span = self.compilation.draft_span(target);
        let found = match drafts.absence(target) {
            Some(Absent::Feature | Absent::NotSupported) => {
                Diagnostic::error("absent-target", path.span, message)
            }
            // Its error is reported.
            Some(Absent::Error) | None => Diagnostic::warning("absent-target", path.span, message),
        };
        self.compilation.report(
            found
                .related(span, "the target")
                .help("let both depend on the same feature or deviation")
                .rfc("RFC 7950 9.9"),
        );
    }

    /// The path of a leafref, and the leaf or leaf-list that it leads to; reported if there is none.
    fn target(&mut self, leafref: &LeafrefDraft, leaf: DraftId) -> Option<(Expression, DraftId)> {
        let own = self.compilation.drafts.get(leaf).module;
        let module = leafref.default.unwrap_or(own);
        let path = self.compilation.expression(leafref.path, module)?;
        let problem = match self.leaf_at(&path, leaf) {
            Ok(target) => return Some((path, target)),
            Err(problem) => problem,
        };
        if !leafref.well_formed {
            return None; // Reported.
        }
        // In a typedef of another module the names without prefix may have been meant to be of the other module.
        let other = match leafref.default {
            Some(_) => own,
            None => leafref.home,
        };
        let mut meant = None;
        if module != other {
            meant = self
                .compilation
                .expression(leafref.path, other)
                .and_then(|path| self.leaf_at(&path, leaf).ok().map(|target| (path, target)));
        }
        if meant.is_some() && leafref.default.is_some() {
            return meant; // RFC 6020 6.4.1 can be read either way.
        }
        let message = format!(
            "the leafref `{}` leads nowhere: {}",
            path.text, problem.clause
        );
        let mut error = Diagnostic::error("leafref-target", path.span, message).rfc("RFC 7950 9.9");
        if meant.is_some() {
            error = error.help(format!(
                "names without prefix are of module {} here, where the typedef is used (RFC 7950 6.4.1): give them a prefix",
                self.compilation.set.module(module).name
            ));
        } else {
            error.help = problem.help;
        }
        self.compilation.report(error);
        meant
    }

    /// The leaf or leaf-list that a path leads to; `Err` is the clause that says what is wrong.
    fn leaf_at(&mut self, path: &Expression, leaf: DraftId) -> Result<DraftId, Nowhere> {
        let start = self.tree.place(&self.compilation.drafts, leaf);
        let place = self.walk(&path.expr, path, start)?;
        let draft = self.compilation.drafts.get(place.node);
        match draft.kind {
            NodeKind::Leaf | NodeKind::LeafList => Ok(place.node),
            NodeKind::Root => Err("it names no leaf".into()),
            kind => Err(Nowhere {
                clause: format!(
                    "{} is a {}, not a leaf",
                    self.compilation.names.text(draft.name),
                    kind.keyword()
                ),
                help: Some("go on to a leaf or leaf-list".to_owned()),
            }),
        }
    }

    /// Follows a path as RFC 7950 9.9.2 allows them, and `deref()`, which is common.
    fn walk(&mut self, expr: &Expr, path: &Expression, start: Place) -> Result<Place, Nowhere> {
        match expr {
            Expr::Path(location) => {
                let from = if location.absolute {
                    self.tree.root(&self.compilation.drafts, Some(start))
                } else {
                    start
                };
                self.steps(&location.steps, path, from, start)
            }
            Expr::Filter {
                primary,
                path: steps,
                ..
            } => {
                let from = match &**primary {
                    Expr::Call {
                        function: Function::Current,
                        ..
                    } => start,
                    Expr::Call {
                        function: Function::Deref,
                        args,
                        ..
                    } => {
                        let inner = args.first().ok_or("`deref` has no argument")?;
                        let leaf = self.walk(inner, path, start)?;
                        self.deref(leaf)?
                    }
                    _ => return Err("this is not a path".into()),
                };
                self.steps(steps, path, from, start)
            }
            Expr::Call {
                function: Function::Current,
                ..
            } => Ok(start),
            _ => Err("this is not a path".into()),
        }
    }

    /// Follows steps from `place`; `current` is where the leafref stands.
    fn steps(
        &self,
        steps: &[Step],
        path: &Expression,
        mut place: Place,
        current: Place,
    ) -> Result<Place, Nowhere> {
        let drafts = &self.compilation.drafts;
        for step in steps {
            place = match (&step.axis, &step.test) {
                (Axis::Parent, NodeTest::Node) => {
                    self.tree.up(drafts, place).ok_or_else(|| Nowhere {
                        clause: "it has too many `..` and leaves the tree".to_owned(),
                        help: Some(
                            "the path begins at the leaf itself: the first `..` is what holds it"
                                .to_owned(),
                        ),
                    })?
                }
                (Axis::SelfNode, NodeTest::Node) => place,
                (Axis::Child, NodeTest::Name { prefix, local }) => {
                    let prefix = prefix.as_deref();
                    let names = &self.compilation.names;
                    self.tree
                        .step(drafts, names, &path.prefixes, place, prefix, local)?
                }
                _ => return Err("only names and `..` can be steps of such a path".into()),
            };
            self.predicates(step, path, place, current)?;
        }
        Ok(place)
    }

    /// RFC 7950 9.9.2: predicates give keys of a list their values, each once.
    fn predicates(
        &self,
        step: &Step,
        path: &Expression,
        place: Place,
        current: Place,
    ) -> Result<(), Nowhere> {
        if step.predicates.is_empty() {
            return Ok(());
        }
        let draft = self.compilation.drafts.get(place.node);
        let name = self.compilation.names.text(draft.name);
        if draft.kind != NodeKind::List {
            let kind = draft.kind.keyword();
            return Err(format!("{name} is a {kind}, and only lists take predicates").into());
        }
        let mut given = Vec::new();
        for (key, value) in step.predicates.iter().filter_map(key_test) {
            let key = self.steps(std::slice::from_ref(key), path, place, current)?;
            let keys = self.keys.get(&place.node).map_or(&[][..], Vec::as_slice);
            let key_name = self
                .compilation
                .names
                .text(self.compilation.drafts.get(key.node).name);
            if !keys.contains(&key.node) {
                return Err(format!("{key_name} is not a key of list {name}").into());
            }
            if given.contains(&key.node) {
                return Err(format!("it gives the key {key_name} of list {name} twice").into());
            }
            given.push(key.node);
            let leaf = self.steps(value, path, current, current)?;
            let leaf = self.compilation.drafts.get(leaf.node);
            if !matches!(leaf.kind, NodeKind::Leaf | NodeKind::LeafList) {
                return Err(format!(
                    "the key {key_name} is compared with a {}, not with a leaf",
                    leaf.kind.keyword()
                )
                .into());
            }
        }
        Ok(())
    }

    fn deref(&mut self, leaf: Place) -> Result<Place, Nowhere> {
        let ty = self.compilation.drafts.get(leaf.node).facts.ty.clone();
        let Some(DraftType::Leafref(leafref)) = ty else {
            return Err("the argument of `deref` is not a leafref".into());
        };
        if self.open.contains(&leaf.node) || self.open.len() >= MAX_NESTING {
            return Err("its `deref` leads back to itself".into());
        }
        self.open.push(leaf.node);
        let module = leafref
            .default
            .unwrap_or(self.compilation.drafts.get(leaf.node).module);
        let found = match self.compilation.expression(leafref.path, module) {
            Some(path) => self.walk(&path.expr, &path, leaf),
            None => Err("the argument of `deref` has an invalid path".into()),
        };
        self.open.pop();
        found
    }
}

/// What must hold between a leaf and what its leafrefs refer to.
pub(super) fn check_targets(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    order: &[DraftId],
    (id, ty): (DraftId, &Type),
) {
    let is_config = settled.config[id.index()] && !settled.ignores_config(id);
    let mut pending = vec![ty];
    while let Some(ty) = pending.pop() {
        match &ty.kind {
            TypeKind::Union(members) => pending.extend(members.iter().map(|member| &**member)),
            TypeKind::Leafref {
                path,
                target,
                require_instance,
                ..
            } => {
                let target = order[target.index()];
                if *require_instance && is_config && !settled.config[target.index()] {
                    report_state_target(compilation, id, target, path);
                }
                let drafts = &compilation.drafts;
                if drafts.get(id).module == drafts.get(target).module {
                    compilation.check_reference(Reference {
                        from: settled.status[id.index()],
                        to: settled.status[target.index()],
                        span: path.span,
                        target: compilation.place(target),
                        target_span: compilation.draft_span(target),
                    });
                }
            }
            _ => {}
        }
    }
}

/// RFC 7950 9.9: a configuration leaf that requires an instance cannot refer to state.
fn report_state_target(
    compilation: &mut Compilation<'_>,
    node: DraftId,
    target: DraftId,
    path: &Expression,
) {
    let name = |id| compilation.names.text(compilation.drafts.get(id).name);
    let message = format!(
        "`{}` is configuration, but its leafref refers to state, `{}`",
        name(node),
        name(target)
    );
    let place = compilation.draft_span(target);
    compilation.report(
        Diagnostic::error("leafref-to-state", path.span, message)
            .related(place, "the target")
            .help(format!(
                "add `{} false;` to the type",
                Keyword::RequireInstance.text()
            ))
            .rfc("RFC 7950 9.9"),
    );
}
