//! The abstract evaluation of an expression: plan, node-sets and reads in one walk over the syntax tree.

use std::sync::Arc;

use super::super::{
    Expr, Extent, Function, Offset, Per, Plan, PlanExpr, Read, Reads, ResultType, Step,
};
use super::dependence::{Dependence, walks};
use super::keys::{Rest, result_type};
use super::names::Foreign;
use super::steps::{Starts, leaves};
use super::walk::{Beyond, NodeSet, Walker};
use super::{BindError, BindWarning, Bound};
use crate::schema::{NodeKind, PrefixMap, Schema, SchemaId};

pub(super) struct Binder<'a> {
    pub(super) schema: &'a Schema,
    pub(super) prefixes: &'a Arc<PrefixMap>,
    /// Prefixes of modules that only mounted schemas have.
    pub(super) foreign: Foreign,
    context: SchemaId,
    pub(super) walker: Walker<'a>,
    pub(super) reads: Reads,
    /// The leafrefs whose paths are being followed.
    pub(super) followed: Vec<SchemaId>,
    pub(super) warnings: Vec<BindWarning>,
    /// For how long the value of what is being bound will hold where it stands; `None`: for one context node.
    pub(super) held: Option<Per>,
}

/// A bound expression and what it can select, if it is a node-set.
pub(super) struct Value {
    pub(super) expr: PlanExpr,
    pub(super) result: ResultType,
    pub(super) nodes: NodeSet,
}

impl Value {
    pub(super) fn of(expr: PlanExpr, result: ResultType) -> Self {
        Self {
            expr,
            result,
            nodes: NodeSet::empty(),
        }
    }
}

impl<'a> Binder<'a> {
    pub(super) fn new(schema: &'a Schema, prefixes: &'a Arc<PrefixMap>, context: SchemaId) -> Self {
        // Input and output are no nodes for XPath: whoever asks means the operation.
        let context = match schema.node(context).kind {
            NodeKind::Input | NodeKind::Output => {
                schema.node(context).data_parent().unwrap_or(context)
            }
            _ => context,
        };
        let walker = Walker::new(schema, context);
        Self {
            schema,
            prefixes,
            foreign: Foreign::new(),
            context,
            walker,
            reads: Reads::default(),
            followed: Vec::new(),
            warnings: Vec::new(),
            held: Some(Per::Evaluation),
        }
    }

    pub(super) fn with_foreign(self, foreign: Foreign) -> Self {
        Self { foreign, ..self }
    }

    pub(super) fn with_message(mut self, message: SchemaId) -> Self {
        self.walker.with_message(message);
        self
    }

    pub(super) fn bind(mut self, expr: &Expr, used: Extent) -> Result<Bound, BindError> {
        if used != Extent::Existence {
            // Whoever takes the result itself asks for it once per tree.
            self.held = Some(Per::Tree);
        }
        let value = self.used(expr, &NodeSet::of(self.context), used)?;
        let plan = Plan {
            expr: value.expr,
            result: value.result,
            reads: self.reads.sorted(),
            prefixes: self.prefixes.clone(),
        };
        Ok(Bound {
            plan,
            warnings: self.warnings,
        })
    }

    /// Binds `expr`, and reads `extent` of it if it is a node-set.
    pub(super) fn used(
        &mut self,
        expr: &Expr,
        context: &NodeSet,
        extent: Extent,
    ) -> Result<Value, BindError> {
        let value = self.expr(expr, context)?;
        self.read(&value.nodes, extent);
        Ok(value)
    }

    /// Binds `expr`, which has to be a node-set for the sake of `place`.
    pub(super) fn nodes(
        &mut self,
        expr: &Expr,
        context: &NodeSet,
        place: &dyn Fn() -> String,
        at: Offset,
    ) -> Result<Value, BindError> {
        let value = self.expr(expr, context)?;
        match value.result {
            ResultType::Nodes | ResultType::Unknown => Ok(value),
            _ => Err(BindError::NotNodes {
                place: place(),
                operand: expr.to_string(),
                at,
            }),
        }
    }

    pub(super) fn all(
        &mut self,
        exprs: &[Expr],
        context: &NodeSet,
        extent: Extent,
    ) -> Result<Box<[PlanExpr]>, BindError> {
        exprs
            .iter()
            .map(|expr| Ok(self.used(expr, context, extent)?.expr))
            .collect()
    }

    pub(super) fn expr(&mut self, expr: &Expr, context: &NodeSet) -> Result<Value, BindError> {
        let per = Dependence::of(expr).per();
        let Some(per) = per.filter(|per| self.held.is_none_or(|held| *per < held) && walks(expr))
        else {
            return self.plain(expr, context);
        };
        let around = self.held.replace(per);
        let value = self.plain(expr, context)?;
        self.held = around;
        let expr = Arc::new(value.expr);
        Ok(Value {
            expr: PlanExpr::Once { per, expr },
            ..value
        })
    }

    /// Binds `expr` without asking how long its value holds.
    fn plain(&mut self, expr: &Expr, context: &NodeSet) -> Result<Value, BindError> {
        let result = result_type(expr);
        let plan = match expr {
            Expr::Or(operands) => PlanExpr::Or(self.all(operands, context, Extent::Existence)?),
            Expr::And(operands) => PlanExpr::And(self.all(operands, context, Extent::Existence)?),
            Expr::Compare(op, left, right) => {
                let (left, right) = self.compared(left, right, context)?;
                PlanExpr::Compare(*op, Box::new(left), Box::new(right))
            }
            Expr::Arith(op, left, right) => {
                let left = self.used(left, context, Extent::Value)?.expr;
                let right = self.used(right, context, Extent::Value)?.expr;
                PlanExpr::Arith(*op, Box::new(left), Box::new(right))
            }
            Expr::Negate(operand) => {
                PlanExpr::Negate(Box::new(self.used(operand, context, Extent::Value)?.expr))
            }
            Expr::Number(value) => PlanExpr::Number(*value),
            Expr::Literal(text) => PlanExpr::Literal(text.as_str().into()),
            Expr::Variable(name) => {
                let nodes = NodeSet::everything(self.schema);
                return Ok(Value {
                    expr: PlanExpr::Variable(name.as_str().into()),
                    result,
                    nodes,
                });
            }
            Expr::Union(operands) => return self.union(operands, context),
            Expr::Path(path) => {
                let start = if path.absolute {
                    NodeSet::of(self.walker.root)
                } else {
                    context.clone()
                };
                let (steps, nodes) = self.steps(&path.steps, start, Starts::One)?;
                let expr = PlanExpr::Path {
                    absolute: path.absolute,
                    steps,
                };
                return Ok(Value {
                    expr,
                    result,
                    nodes,
                });
            }
            Expr::Filter {
                primary,
                predicates,
                path,
            } => return self.filter(primary, predicates, path, context),
            Expr::Call { function, args, at } => return self.call(*function, args, *at, context),
        };
        Ok(Value::of(plan, result))
    }

    pub(super) fn union(
        &mut self,
        operands: &[Expr],
        context: &NodeSet,
    ) -> Result<Value, BindError> {
        let mut nodes = NodeSet::empty();
        let mut plans = Vec::with_capacity(operands.len());
        for operand in operands {
            let value = self.nodes(operand, context, &|| "'|'".to_owned(), Offset::default())?;
            nodes.extend(value.nodes);
            plans.push(value.expr);
        }
        let expr = PlanExpr::Union(plans.into());
        Ok(Value {
            expr,
            result: ResultType::Nodes,
            nodes,
        })
    }

    pub(super) fn filter(
        &mut self,
        primary: &Expr,
        predicates: &[Expr],
        path: &[Step],
        context: &NodeSet,
    ) -> Result<Value, BindError> {
        let place = || {
            if predicates.is_empty() {
                "a path step"
            } else {
                "a predicate"
            }
            .to_owned()
        };
        let at = path.first().map_or_else(Offset::default, |step| step.at);
        let value = self.nodes(primary, context, &place, at)?;
        let starts = match primary {
            Expr::Call {
                function: Function::Current,
                ..
            } => Starts::One,
            _ => Starts::Many,
        };
        let around = self.held.filter(|_| starts == Starts::One);
        let around = std::mem::replace(&mut self.held, around);
        let predicates = self.predicates(predicates.iter().map(Rest::Whole), &value.nodes)?;
        self.held = around;
        if path.first().is_some_and(|step| leaves(step.axis))
            || predicates.iter().any(|p| p.positional)
        {
            self.read(&value.nodes, Extent::Existence);
        }
        let (steps, nodes) = self.steps(path, value.nodes, starts)?;
        let expr = PlanExpr::Filter {
            primary: Box::new(value.expr),
            predicates,
            steps,
        };
        Ok(Value {
            expr,
            result: ResultType::Nodes,
            nodes,
        })
    }

    /// The sides of a comparison. A literal beside identityrefs becomes the canonical name of the identity.
    pub(super) fn compared(
        &mut self,
        left: &Expr,
        right: &Expr,
        context: &NodeSet,
    ) -> Result<(PlanExpr, PlanExpr), BindError> {
        let mut left = self.used(left, context, Extent::Value)?;
        let mut right = self.used(right, context, Extent::Value)?;
        if let PlanExpr::Literal(text) = &mut right.expr {
            self.name_identity(&left.nodes, text);
        } else if let PlanExpr::Literal(text) = &mut left.expr {
            self.name_identity(&right.nodes, text);
        }
        Ok((left.expr, right.expr))
    }

    pub(super) fn call(
        &mut self,
        function: Function,
        args: &[Expr],
        at: Offset,
        context: &NodeSet,
    ) -> Result<Value, BindError> {
        use Function::*;
        let result = result_type(&Expr::Call {
            function,
            args: Vec::new(),
            at,
        });
        let needs_nodes = matches!(
            function,
            Count
                | Sum
                | LocalName
                | NamespaceUri
                | Name
                | Deref
                | DerivedFrom
                | DerivedFromOrSelf
                | EnumValue
                | BitIsSet
        );
        let extent = match function {
            Boolean | Not | Count | LocalName | NamespaceUri | Name => Extent::Existence,
            _ => Extent::Value,
        };
        let mut plans = Vec::with_capacity(args.len());
        let mut first = NodeSet::empty();
        for (position, arg) in args.iter().enumerate() {
            let value = if needs_nodes && position == 0 {
                let value = self.nodes(arg, context, &|| format!("{}()", function.name()), at)?;
                self.read(&value.nodes, extent);
                value
            } else {
                self.used(arg, context, extent)?
            };
            if position == 0 {
                first = value.nodes;
            }
            plans.push(value.expr);
        }
        if args.is_empty() && function.defaults_to_context() {
            self.read(context, extent);
        }
        if let (DerivedFrom | DerivedFromOrSelf, [_, PlanExpr::Literal(name)]) = (function, &*plans)
            && let Some(base) = self.known_identity(name, at)
        {
            let plan = PlanExpr::DerivedFrom {
                nodes: Box::new(plans.swap_remove(0)),
                base,
                or_self: function == DerivedFromOrSelf,
            };
            return Ok(Value::of(plan, result));
        }
        let nodes = match function {
            Current => NodeSet::of(self.context),
            Deref => self.referred(&first),
            _ => NodeSet::empty(),
        };
        let expr = PlanExpr::Call {
            function,
            args: plans.into(),
        };
        Ok(Value {
            expr,
            result,
            nodes,
        })
    }

    pub(super) fn read(&mut self, nodes: &NodeSet, extent: Extent) {
        self.reads.any |= nodes.beyond != Beyond::Nothing;
        for reached in &nodes.reached {
            let node = self.schema.node(reached.node);
            let is_leaf = matches!(node.kind, NodeKind::Leaf | NodeKind::LeafList);
            let extent = match extent {
                // The string-value of an inner node is that of all leaves beneath.
                Extent::Value if !is_leaf => Extent::Subtree,
                Extent::Subtree if is_leaf => Extent::Value,
                // There is a text where the value is not empty (XPath 1.0 section 5.7).
                Extent::Existence if is_leaf && nodes.texts => Extent::Value,
                extent => extent,
            };
            if reached.node == self.walker.root {
                // The root always exists; all beneath it is everything.
                self.reads.any |= extent == Extent::Subtree;
                continue;
            }
            self.reads.nodes.push(reached.read(extent));
        }
    }
}

impl Reads {
    /// Sorted by node; of equal reads the greatest extent.
    pub(super) fn sorted(mut self) -> Self {
        self.nodes.sort_by(|a, b| {
            (a.node, a.ancestor)
                .cmp(&(b.node, b.ancestor))
                .then(b.extent.cmp(&a.extent))
        });
        let mut kept: Vec<Read> = Vec::with_capacity(self.nodes.len());
        for read in self.nodes {
            let same = |other: &Read| {
                other.node == read.node
                    && other.ancestor == read.ancestor
                    && other.joins == read.joins
            };
            if !kept
                .iter()
                .rev()
                .take_while(|other| other.node == read.node)
                .any(same)
            {
                kept.push(read);
            }
        }
        Self {
            nodes: kept,
            any: self.any,
        }
    }
}
