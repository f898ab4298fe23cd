//! Names in `must` and `when`: a step to a node that does not exist is a warning, because such an expression is
//! legal, selects nothing, and is hardly ever meant (RFC 7950 6.4.1).

use super::context::Compilation;
use super::draft::{Absent, DraftId};
use super::leafref::{DataTree, Place};
use crate::diagnostic::Diagnostic;
use crate::schema::{Expression, NodeKind, WhenContext};
use crate::xpath::{Axis, Expr, Function, LocationPath, NodeTest, Step};

/// Checks the expressions of all nodes that are in the schema. Linear in their sizes.
pub(super) fn check_all(
    compilation: &mut Compilation<'_>,
    tree: &DataTree,
    present: impl Iterator<Item = DraftId>,
) {
    let mut unknown = Vec::new();
    for id in present {
        let draft = compilation.drafts.get(id);
        let own = tree.place(&compilation.drafts, id);
        let parent = tree.up(&compilation.drafts, own);
        for must in &draft.facts.musts {
            check(compilation, tree, &must.expression, Some(own), &mut unknown);
        }
        for when in &draft.facts.whens {
            let start = match (when.context, draft.kind) {
                (WhenContext::Node, _) | (_, NodeKind::Choice | NodeKind::Case) => Some(own),
                (WhenContext::Parent, _) => parent,
            };
            check(compilation, tree, &when.expression, start, &mut unknown);
        }
    }
    unknown.sort_by_key(|diagnostic| diagnostic.primary);
    unknown.dedup();
    for diagnostic in unknown {
        compilation.report(diagnostic);
    }
}

fn check(
    compilation: &Compilation<'_>,
    tree: &DataTree,
    expression: &Expression,
    start: Option<Place>,
    found: &mut Vec<Diagnostic>,
) {
    let mut walker = Walker {
        compilation,
        tree,
        expression,
        current: start,
        found,
    };
    walker.expr(&expression.expr, start);
}

/// Follows an expression over the schema. `None` stands for nodes about which nothing is known. The height of an
/// expression is limited by the XPath parser, so recursion is safe.
struct Walker<'w, 'a> {
    compilation: &'w Compilation<'a>,
    tree: &'w DataTree,
    expression: &'w Expression,
    current: Option<Place>,
    found: &'w mut Vec<Diagnostic>,
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
                let from = self.expr(primary, context);
                for predicate in predicates {
                    self.expr(predicate, from);
                }
                self.steps(path, from)
            }
            Expr::Call { function, args } => {
                for arg in args {
                    self.expr(arg, context);
                }
                (*function == Function::Current).then_some(self.current)?
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
                    || draft.facts.mount_point.is_some()
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

    fn unknown(&mut self, prefix: Option<&str>, problem: String) {
        // Nodes of modules that are only imported do not exist, and whoever wrote the expression knew that they
        // might not.
        let module = self.expression.prefixes.module(prefix);
        if module.is_some_and(|module| !self.compilation.implemented[module.index()]) {
            return;
        }
        self.found.push(
            Diagnostic::warning(
                "unknown-node",
                self.expression.span,
                format!("in this expression {problem}"),
            )
            .rfc("RFC 7950 6.4.1"),
        );
    }
}
