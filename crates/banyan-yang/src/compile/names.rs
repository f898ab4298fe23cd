//! Names in `must` and `when`. A step to a node that does not exist is a warning, because such an expression is
//! legal, selects nothing, and is hardly ever meant (RFC 7950 6.4.1).

use super::context::Compilation;
use super::data_tree::{DataTree, Nowhere, Place};
use super::draft::{Absent, DraftId};
use crate::diagnostic::Diagnostic;
use crate::schema::{Expression, NodeKind, WhenContext};
use crate::source::Span;
use crate::xpath::{Axis, Expr, Function, LocationPath, NodeTest, Step};

/// Checks the expressions of all nodes that are in the schema, and gives what each `when` reads. Linear in their sizes.
pub(super) fn check_all(
    compilation: &mut Compilation<'_>,
    tree: &DataTree,
    present: impl Iterator<Item = DraftId>,
) -> Vec<Condition> {
    let mut unknown = Vec::new();
    let mut conditions = Vec::new();
    for id in present {
        let draft = compilation.drafts.get(id);
        let own = tree.place(&compilation.drafts, id);
        let parent = tree.up(&compilation.drafts, own);
        for must in draft.facts.musts() {
            check(compilation, tree, &must.expression, Some(own), &mut unknown);
        }
        for when in draft.facts.whens() {
            let start = match (when.context, draft.kind) {
                (WhenContext::Node, _) | (_, NodeKind::Choice | NodeKind::Case) => Some(own),
                (WhenContext::Parent, _) => parent,
            };
            conditions.push(Condition {
                node: id,
                span: when.expression.span,
                reads: check(compilation, tree, &when.expression, start, &mut unknown),
            });
        }
    }
    unknown.sort_by_key(|diagnostic| diagnostic.primary);
    unknown.dedup();
    for diagnostic in unknown {
        compilation.report(diagnostic);
    }
    conditions
}

/// A `when`.
pub(super) struct Condition {
    /// The node that it stands on or was brought with.
    pub node: DraftId,
    pub span: Span,
    /// The nodes whose values or existence it reads, as far as they are known for certain.
    pub reads: Vec<DraftId>,
}

/// Gives the nodes that the expression reads.
fn check(
    compilation: &Compilation<'_>,
    tree: &DataTree,
    expression: &Expression,
    start: Option<Place>,
    found: &mut Vec<Diagnostic>,
) -> Vec<DraftId> {
    let mut walker = Walker {
        compilation,
        tree,
        expression,
        current: start,
        found,
        reads: Vec::new(),
    };
    walker.expr(&expression.expr, start);
    walker.reads
}

/// Follows an expression over the schema. `None` stands for nodes about which nothing is known. The height of an
/// expression is limited by the XPath parser, so recursion is safe.
struct Walker<'w, 'a> {
    compilation: &'w Compilation<'a>,
    tree: &'w DataTree,
    expression: &'w Expression,
    current: Option<Place>,
    found: &'w mut Vec<Diagnostic>,
    reads: Vec<DraftId>,
}

impl Walker<'_, '_> {
    /// Walks an expression; gives the node that it selects, if it selects one kind of node for certain.
    fn expr(&mut self, expr: &Expr, context: Option<Place>) -> Option<Place> {
        match expr {
            Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => {
                for operand in operands {
                    self.expr(operand, context);
                }
                None
            }
            Expr::Compare(_, left, right) | Expr::Arith(_, left, right) => {
                self.expr(left, context);
                self.expr(right, context);
                None
            }
            Expr::Negate(operand) => {
                self.expr(operand, context);
                None
            }
            Expr::Path(LocationPath { absolute, steps }) => {
                let root = self.tree.root(&self.compilation.drafts, self.current);
                self.steps(steps, if *absolute { Some(root) } else { context })
            }
            Expr::Filter {
                primary,
                predicates,
                path,
            } => {
                let is_current = matches!(
                    **primary,
                    Expr::Call {
                        function: Function::Current,
                        ..
                    }
                );
                let from = if is_current {
                    self.current // Where the path begins: not read itself.
                } else {
                    self.expr(primary, context)
                };
                for predicate in predicates {
                    self.expr(predicate, from);
                }
                self.steps(path, from)
            }
            Expr::Call { function, args, .. } => {
                for arg in args {
                    self.expr(arg, context);
                }
                let place = (*function == Function::Current).then_some(self.current)?;
                self.reads.extend(place.map(|place| place.node));
                place
            }
            Expr::Number(_) | Expr::Literal(_) | Expr::Variable(_) => None,
        }
    }

    fn steps(&mut self, steps: &[Step], from: Option<Place>) -> Option<Place> {
        let mut place = from;
        for step in steps {
            place = place.and_then(|place| self.step(step, place));
            for predicate in &step.predicates {
                self.expr(predicate, place);
            }
        }
        self.reads.extend(place.map(|place| place.node));
        place
    }

    fn step(&mut self, step: &Step, place: Place) -> Option<Place> {
        let drafts = &self.compilation.drafts;
        match (&step.axis, &step.test) {
            (Axis::Parent, NodeTest::Node) => self.tree.up(drafts, place),
            (Axis::SelfNode, NodeTest::Node) => Some(place),
            (Axis::Child, NodeTest::Name { prefix, local }) => {
                let draft = drafts.get(place.node);
                if matches!(draft.kind, NodeKind::AnyData | NodeKind::AnyXml)
                    || draft.facts.mount_point().is_some()
                {
                    return None;
                }
                let names = &self.compilation.names;
                let prefixes = &self.expression.prefixes;
                let prefix = prefix.as_deref();
                match self
                    .tree
                    .step(drafts, names, prefixes, place, prefix, local)
                {
                    Ok(place) => match drafts.absence(place.node) {
                        None => Some(place),
                        Some(Absent::Feature | Absent::NotSupported | Absent::Error) => None,
                    },
                    Err(problem) => {
                        self.unknown(prefix, problem);
                        None
                    }
                }
            }
            _ => None,
        }
    }

    fn unknown(&mut self, prefix: Option<&str>, problem: Nowhere) {
        // Nodes of modules that are only imported do not exist, and whoever wrote the expression knew that they
        // might not.
        let module = self.expression.prefixes.module(prefix);
        if module.is_some_and(|module| !self.compilation.implemented[module.index()]) {
            return;
        }
        let message = format!("in this expression {}", problem.clause);
        let help = problem.help.unwrap_or_else(|| {
            "what names no node is always empty: correct the path, or remove it".to_owned()
        });
        self.found.push(
            Diagnostic::warning("unknown-node", self.expression.span, message)
                .help(help)
                .rfc("RFC 7950 6.4.1"),
        );
    }
}
