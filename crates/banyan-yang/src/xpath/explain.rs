//! A bound expression as text for people: what each step means, how it will be evaluated, what it reads, and which
//! contexts have to be looked at again when something of that changes (DESIGN.md section 4).

use std::fmt::{self, Write};

use super::bind::{Bound, parent};
use super::{
    Expr, Extent, Join, JoinKey, KeyLookup, Per, Plan, PlanExpr, PlanStep, PlanTest, Predicate,
    Read, ReadClass, ResultType,
};
use crate::schema::{NodeKind, Schema, SchemaId};

/// How many schema nodes are named before the rest is only counted.
const SHOWN: usize = 8;

/// What is to be said of an expression. Its text ([`fmt::Display`]) is for people, the fields are for programs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The expression as it was understood.
    pub expression: String,
    /// The path of the schema node that it stands on.
    pub context: String,
    /// `node-set`, `boolean`, ...
    pub result: &'static str,
    /// How the contexts are found that a change affects: `local`, `keyed`, `broadcast`, `any`.
    pub class: &'static str,
    /// How it is evaluated: a line for each step, indented.
    pub plan: String,
    /// What it can read.
    pub reads: Vec<ReadExplanation>,
    /// Whether it may read any node at all.
    pub reads_any: bool,
    /// What is odd about it.
    pub warnings: Vec<String>,
}

/// A schema node that an expression can read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadExplanation {
    /// Its path.
    pub path: String,
    /// How much of it is read.
    pub extent: &'static str,
    /// As [`Explanation::class`], for this node.
    pub class: &'static str,
    /// How one gets from a changed instance to the contexts to look at again.
    pub way: String,
}

/// All there is to say of an expression that was bound on `context`.
pub fn explain(schema: &Schema, expr: &Expr, bound: &Bound, context: SchemaId) -> Explanation {
    let warnings: Vec<String> = bound.warnings.iter().map(ToString::to_string).collect();
    explain_noted(schema, expr, &bound.plan, &warnings, context, &|_| None)
}

/// A part of a plan about which there may be more to say than the plan itself tells.
#[derive(Clone, Copy)]
pub enum Part<'p> {
    /// A step.
    Step(&'p PlanStep),
    /// What is computed once.
    Once(&'p PlanExpr),
}

/// As [`explain`], with a note below each part for which `note` has one: what evaluating it has cost.
pub fn explain_noted(
    schema: &Schema,
    expr: &Expr,
    plan: &Plan,
    warnings: &[String],
    context: SchemaId,
    note: &dyn Fn(Part<'_>) -> Option<String>,
) -> Explanation {
    let mut page = Page {
        schema,
        context,
        note,
        text: String::new(),
    };
    // Writing to a string cannot fail.
    let _ = page.expr(0, &plan.expr);
    Explanation {
        expression: expr.to_string(),
        context: page.path(context),
        result: type_name(plan.result),
        class: page.class_of(plan),
        reads: plan.reads.nodes.iter().map(|it| page.read(it)).collect(),
        reads_any: plan.reads.any,
        warnings: warnings.to_vec(),
        plan: page.text,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "expression  {}", self.expression)?;
        writeln!(f, "context     {}", self.context)?;
        writeln!(f, "type        {}", self.result)?;
        writeln!(f, "class       {}", self.class)?;
        writeln!(f, "plan")?;
        for line in self.plan.lines() {
            writeln!(f, "  {line}")?;
        }
        if self.reads.is_empty() && !self.reads_any {
            writeln!(f, "reads nothing: no change can alter the result")?;
        } else {
            writeln!(f, "reads")?;
        }
        for read in &self.reads {
            writeln!(f, "  {}  {}", read.path, read.extent)?;
            writeln!(f, "    {}: {}", read.class, read.way)?;
        }
        if self.reads_any {
            writeln!(
                f,
                "  any node: what it reads is known only from the data; every change re-checks all instances"
            )?;
        }
        if !self.warnings.is_empty() {
            writeln!(f, "warnings")?;
        }
        self.warnings
            .iter()
            .try_for_each(|warning| writeln!(f, "  {warning}"))
    }
}

struct Page<'a> {
    schema: &'a Schema,
    context: SchemaId,
    note: &'a dyn Fn(Part<'_>) -> Option<String>,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, depth: usize, text: impl fmt::Display) -> fmt::Result {
        writeln!(self.text, "{:width$}{text}", "", width = depth * 2)
    }

    fn path(&self, id: SchemaId) -> String {
        self.schema.path(id)
    }

    fn class_of(&self, plan: &Plan) -> &'static str {
        class_name(plan.reads.class(self.schema, self.context))
    }

    fn exprs(&mut self, depth: usize, title: &str, operands: &[PlanExpr]) -> fmt::Result {
        self.line(depth, title)?;
        operands
            .iter()
            .try_for_each(|operand| self.expr(depth + 1, operand))
    }

    fn expr(&mut self, depth: usize, expr: &PlanExpr) -> fmt::Result {
        match expr {
            PlanExpr::Or(operands) => self.exprs(depth, "or (until one is true)", operands),
            PlanExpr::And(operands) => self.exprs(depth, "and (until one is false)", operands),
            PlanExpr::Union(operands) => self.exprs(depth, "| (all nodes of)", operands),
            PlanExpr::Compare(op, left, right) => {
                self.line(depth, op.symbol())?;
                self.expr(depth + 1, left)?;
                self.expr(depth + 1, right)
            }
            PlanExpr::Arith(op, left, right) => {
                self.line(depth, op.symbol())?;
                self.expr(depth + 1, left)?;
                self.expr(depth + 1, right)
            }
            PlanExpr::Negate(operand) => {
                self.line(depth, "negative of")?;
                self.expr(depth + 1, operand)
            }
            PlanExpr::Path { absolute, steps } => {
                let from = if *absolute { "the root" } else { "the context" };
                self.line(depth, format_args!("path from {from}"))?;
                self.steps(depth + 1, steps)
            }
            PlanExpr::Filter {
                primary,
                predicates,
                steps,
            } => {
                self.line(depth, "path from the nodes of")?;
                self.expr(depth + 2, primary)?;
                self.predicates(depth + 1, predicates)?;
                self.steps(depth + 1, steps)
            }
            PlanExpr::Number(value) => self.line(depth, format_args!("number {value}")),
            PlanExpr::Literal(text) => self.line(depth, format_args!("string '{text}'")),
            PlanExpr::Variable(name) => self.line(depth, format_args!("variable ${name}")),
            PlanExpr::DerivedFrom {
                nodes,
                base,
                or_self,
            } => {
                let identity = self.schema.identity(*base);
                let module = &self.schema.module(identity.module).name;
                let function = match or_self {
                    true => "derived-from-or-self()",
                    false => "derived-from()",
                };
                let name = &identity.name;
                self.line(depth, format_args!("{function} identity {module}:{name}"))?;
                self.expr(depth + 1, nodes)
            }
            PlanExpr::Once { per, expr } => {
                let how = match per {
                    Per::Tree => "computed once (the same wherever it is asked)",
                    Per::Evaluation => "computed once per evaluation",
                };
                self.line(depth, how)?;
                self.noted(depth + 1, Part::Once(expr))?;
                self.expr(depth + 1, expr)
            }
            PlanExpr::Call { function, args } => {
                self.exprs(depth, &format!("{}()", function.name()), args)
            }
        }
    }

    fn steps(&mut self, depth: usize, steps: &[PlanStep]) -> fmt::Result {
        for step in steps {
            let test = self.test(&step.test);
            self.line(depth, format_args!("{}::{test}", step.axis.name()))?;
            self.noted(depth + 1, Part::Step(step))?;
            if let Some(lookup) = &step.lookup {
                self.lookup(depth + 1, lookup)?;
            } else if self.scans(step) {
                self.line(depth + 1, "scan: every entry is tried")?;
            }
            self.predicates(depth + 1, &step.predicates)?;
        }
        Ok(())
    }

    fn noted(&mut self, depth: usize, part: Part<'_>) -> fmt::Result {
        match (self.note)(part) {
            Some(note) => self.line(depth, note),
            None => Ok(()),
        }
    }

    /// What a node test means here.
    fn test(&self, test: &PlanTest) -> String {
        match test {
            PlanTest::Name(name) if name.nodes.is_empty() => match &name.module_name {
                Some(module) if name.module.is_none() => {
                    format!("{module}:{} -> in a mounted tree", name.local)
                }
                _ => format!("{} -> nothing", name.local),
            },
            PlanTest::Name(name) => format!("{} -> {}", name.local, self.paths(&name.nodes)),
            PlanTest::Module { module_name, .. } => {
                format!("{module_name}:* -> any data node of that module")
            }
            PlanTest::AnyName => "* -> any data node".to_owned(),
            PlanTest::Node => "node()".to_owned(),
            PlanTest::Text => "text()".to_owned(),
            PlanTest::Nothing => "-> nothing: YANG has no such nodes".to_owned(),
        }
    }

    fn paths(&self, nodes: &[SchemaId]) -> String {
        let shown = nodes.iter().take(SHOWN).map(|id| self.path(*id));
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if nodes.len() > SHOWN {
            // Writing to a string cannot fail.
            let _ = write!(text, " and {} more", nodes.len() - SHOWN);
        }
        text
    }

    /// True if a list is filtered without a look-up.
    fn scans(&self, step: &PlanStep) -> bool {
        let PlanTest::Name(name) = &step.test else {
            return false;
        };
        let is_list = |id: &SchemaId| {
            matches!(
                self.schema.node(*id).kind,
                NodeKind::List | NodeKind::LeafList
            )
        };
        !step.predicates.is_empty() && name.nodes.iter().any(is_list)
    }

    fn lookup(&mut self, depth: usize, lookup: &KeyLookup) -> fmt::Result {
        let keys = self.schema.node(lookup.list).keys().to_vec();
        let names: Vec<&str> = keys
            .iter()
            .map(|key| &*self.schema.node(*key).name)
            .collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        for (name, value) in names.iter().zip(&lookup.keys) {
            self.line(depth, format_args!("looked up by key {name} ="))?;
            self.expr(depth + 1, value)?;
        }
        Ok(())
    }

    fn predicates(&mut self, depth: usize, predicates: &[Predicate]) -> fmt::Result {
        for predicate in predicates {
            let what = match (predicate.result, predicate.positional) {
                (ResultType::Number, _) => "at the position",
                (_, true) => "if (asks for positions)",
                (_, false) => "if",
            };
            self.line(depth, what)?;
            self.expr(depth + 1, &predicate.expr)?;
        }
        Ok(())
    }

    fn read(&self, read: &Read) -> ReadExplanation {
        let class = read.class(self.schema, self.context);
        ReadExplanation {
            path: self.path(read.node),
            extent: match read.extent {
                Extent::Existence => "whether it exists",
                Extent::Value => "value",
                Extent::Subtree => "everything beneath",
            },
            class: class_name(class),
            way: self.way(read, class),
        }
    }

    /// How one gets from a changed instance to the contexts to look at again.
    fn way(&self, read: &Read, class: ReadClass) -> String {
        let context = self.path(self.context);
        match class {
            ReadClass::Local => {
                let climb = match self.levels(read.node, read.ancestor) {
                    0 => String::new(),
                    1 => "climb 1 level to ".to_owned(),
                    levels => format!("climb {levels} levels to "),
                };
                match (read.ancestor == self.context, read.ancestor) {
                    (true, _) if climb.is_empty() => "the changed node itself".to_owned(),
                    (true, _) => format!("{climb}the instance of {context}"),
                    (false, SchemaId::ROOT) => format!("the one instance of {context}"),
                    (false, ancestor) => {
                        let of = self.path(ancestor);
                        format!("{climb}{of}, then the instances of {context} beneath it")
                    }
                }
            }
            ReadClass::Keyed => {
                let joins: Vec<String> = read.joins.iter().map(|join| self.join(join)).collect();
                format!("the instances of {context} with {}", joins.join(" and "))
            }
            ReadClass::Broadcast => format!("all instances of {context}"),
            ReadClass::Any => format!("all instances of {context}, whatever changes"),
        }
    }

    fn join(&self, join: &Join) -> String {
        let keys = self.schema.node(join.list).keys().to_vec();
        let pairs = keys.iter().zip(&join.keys);
        let texts: Vec<String> = pairs
            .filter_map(|(key, source)| {
                let name = &self.schema.node(*key).name;
                let list = &self.schema.node(join.list).name;
                match source {
                    JoinKey::Leaf { leaf, .. } => Some(format!(
                        "{} = {name} of the changed {list}",
                        self.path(*leaf)
                    )),
                    JoinKey::Literal(text) => Some(format!(
                        "(only if {name} of the changed {list} is '{text}')"
                    )),
                    JoinKey::Opaque => None,
                }
            })
            .collect();
        texts.join(" and ")
    }

    /// Steps up from a node to an ancestor, as XPath counts them.
    fn levels(&self, from: SchemaId, to: SchemaId) -> usize {
        let mut levels = 0;
        let mut at = from;
        while at != to
            && let Some(up) = parent(self.schema, at)
        {
            levels += 1;
            at = up;
        }
        levels
    }
}

fn type_name(result: ResultType) -> &'static str {
    match result {
        ResultType::Nodes => "node-set",
        ResultType::Boolean => "boolean",
        ResultType::Number => "number",
        ResultType::String => "string",
        ResultType::Unknown => "that of the variable",
    }
}

fn class_name(class: ReadClass) -> &'static str {
    match class {
        ReadClass::Local => "local",
        ReadClass::Keyed => "keyed",
        ReadClass::Broadcast => "broadcast",
        ReadClass::Any => "any",
    }
}
