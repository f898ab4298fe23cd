//! XPath 1.0 word for word, and as slowly as it is written: what the evaluator has to agree with.
//!
//! All nodes of a view are put in a row in document order; each axis is what its definition says of that row.

use banyan_yang::xpath::{ArithOp, Axis, CompareOp, Expr, Function, NodeTest, Step};

use crate::cursor::Cursor;
use crate::frame::Place;

/// One node of the document.
pub(super) struct Node {
    pub(super) path: String,
    parent: Option<usize>,
    name: Option<String>,
    is_text: bool,
    /// Of a leaf or of a text.
    own_text: String,
}

/// All nodes of a view, in document order.
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Boolean(bool),
    Number(f64),
    String(String),
    Nodes(Vec<usize>),
}

#[derive(Clone, Copy)]
struct Context {
    node: usize,
    position: usize,
    size: usize,
    current: usize,
}

impl Document {
    pub(super) fn of(root: &Cursor<'_>) -> Document {
        let mut document = Document { nodes: Vec::new() };
        document.add(root, None);
        document
    }

    fn add(&mut self, cursor: &Cursor<'_>, parent: Option<usize>) {
        let is_text = matches!(cursor.frame().place(), Place::Text);
        let index = self.nodes.len();
        self.nodes.push(Node {
            path: format!("{}{}", cursor.error_path(), if is_text { "#" } else { "" }),
            parent,
            name: (parent.is_some() && !is_text).then(|| cursor.definition().name.to_string()),
            is_text,
            own_text: if is_text {
                cursor.frame().text().into_owned()
            } else {
                String::new()
            },
        });
        if is_text {
            return;
        }
        for child in cursor.children() {
            self.add(&child, Some(index));
        }
        if let Some(text) = cursor.text_node() {
            self.add(&text, Some(index));
        }
    }

    pub(super) fn evaluate(&self, expr: &Expr, node: usize) -> Value {
        self.eval(
            expr,
            Context {
                node,
                position: 1,
                size: 1,
                current: node,
            },
        )
    }

    fn ancestors(&self, node: usize) -> Vec<usize> {
        std::iter::successors(self.nodes[node].parent, |at| self.nodes[*at].parent).collect()
    }

    /// In the order of the axis.
    fn axis(&self, node: usize, axis: Axis) -> Vec<usize> {
        let all = 0..self.nodes.len();
        let above = |of: usize, at: usize| self.ancestors(of).contains(&at);
        let sibling = |at: usize| at != node && self.nodes[at].parent == self.nodes[node].parent;
        let mut nodes: Vec<usize> = match axis {
            Axis::Attribute | Axis::Namespace => Vec::new(),
            Axis::SelfNode => vec![node],
            Axis::Parent => self.nodes[node].parent.into_iter().collect(),
            Axis::Child => all
                .filter(|at| self.nodes[*at].parent == Some(node))
                .collect(),
            Axis::Ancestor => all.filter(|at| above(node, *at)).collect(),
            Axis::AncestorOrSelf => all.filter(|at| *at == node || above(node, *at)).collect(),
            Axis::Descendant => all.filter(|at| above(*at, node)).collect(),
            Axis::DescendantOrSelf => all.filter(|at| *at == node || above(*at, node)).collect(),
            Axis::FollowingSibling => all.filter(|at| *at > node && sibling(*at)).collect(),
            Axis::PrecedingSibling => all.filter(|at| *at < node && sibling(*at)).collect(),
            Axis::Following => all.filter(|at| *at > node && !above(*at, node)).collect(),
            Axis::Preceding => all.filter(|at| *at < node && !above(node, *at)).collect(),
        };
        if axis.is_reverse() {
            nodes.reverse();
        }
        nodes
    }

    fn passes(&self, node: usize, test: &NodeTest) -> bool {
        let node = &self.nodes[node];
        match test {
            NodeTest::Name { local, .. } => node.name.as_ref() == Some(local),
            NodeTest::Any | NodeTest::AnyInPrefix(_) => node.name.is_some(),
            NodeTest::Node => true,
            NodeTest::Text => node.is_text,
            NodeTest::Comment | NodeTest::ProcessingInstruction(_) => false,
        }
    }

    fn steps(&self, mut nodes: Vec<usize>, steps: &[Step], current: usize) -> Vec<usize> {
        for step in steps {
            let mut reached = Vec::new();
            for node in nodes {
                let on_axis = self.axis(node, step.axis).into_iter();
                let mut found: Vec<usize> =
                    on_axis.filter(|at| self.passes(*at, &step.test)).collect();
                for predicate in &step.predicates {
                    found = self.filter(found, predicate, current);
                }
                reached.extend(found);
            }
            reached.sort_unstable();
            reached.dedup();
            nodes = reached;
        }
        nodes
    }

    fn filter(&self, nodes: Vec<usize>, predicate: &Expr, current: usize) -> Vec<usize> {
        let size = nodes.len();
        let numbered = nodes.into_iter().zip(1..);
        let kept = numbered.filter(|(node, position)| {
            let context = Context {
                node: *node,
                position: *position,
                size,
                current,
            };
            match self.eval(predicate, context) {
                Value::Number(wanted) => wanted == *position as f64,
                value => self.boolean(&value),
            }
        });
        kept.map(|(node, _)| node).collect()
    }

    fn text_of(&self, node: usize) -> String {
        let inside = self.axis(node, Axis::DescendantOrSelf).into_iter();
        inside.map(|at| self.nodes[at].own_text.as_str()).collect()
    }

    pub(super) fn boolean(&self, value: &Value) -> bool {
        match value {
            Value::Boolean(value) => *value,
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::String(text) => !text.is_empty(),
            Value::Nodes(nodes) => !nodes.is_empty(),
        }
    }

    fn string(&self, value: &Value) -> String {
        match value {
            Value::Boolean(value) => value.to_string(),
            Value::Number(number) => super::value::text_of(*number),
            Value::String(text) => text.clone(),
            Value::Nodes(nodes) => nodes
                .first()
                .map(|node| self.text_of(*node))
                .unwrap_or_default(),
        }
    }

    fn number(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Boolean(value) => f64::from(u8::from(*value)),
            value => super::value::number_of(&self.string(value)),
        }
    }

    fn nodes(&self, expr: &Expr, context: Context) -> Vec<usize> {
        match self.eval(expr, context) {
            Value::Nodes(nodes) => nodes,
            value => panic!("{expr} is {value:?}"),
        }
    }

    fn eval(&self, expr: &Expr, context: Context) -> Value {
        let truth = |expr: &Expr| self.boolean(&self.eval(expr, context));
        match expr {
            Expr::Or(operands) => Value::Boolean(operands.iter().any(truth)),
            Expr::And(operands) => Value::Boolean(operands.iter().all(truth)),
            Expr::Compare(op, left, right) => {
                let (left, right) = (self.eval(left, context), self.eval(right, context));
                Value::Boolean(self.compare(*op, &left, &right))
            }
            Expr::Arith(op, left, right) => {
                let left = self.number(&self.eval(left, context));
                let right = self.number(&self.eval(right, context));
                Value::Number(match op {
                    ArithOp::Add => left + right,
                    ArithOp::Subtract => left - right,
                    ArithOp::Multiply => left * right,
                    ArithOp::Divide => left / right,
                    ArithOp::Modulo => left % right,
                })
            }
            Expr::Negate(operand) => Value::Number(-self.number(&self.eval(operand, context))),
            Expr::Union(operands) => {
                let mut all: Vec<usize> = operands
                    .iter()
                    .flat_map(|operand| self.nodes(operand, context))
                    .collect();
                all.sort_unstable();
                all.dedup();
                Value::Nodes(all)
            }
            Expr::Path(path) => {
                let start = if path.absolute { 0 } else { context.node };
                Value::Nodes(self.steps(vec![start], &path.steps, context.current))
            }
            Expr::Filter {
                primary,
                predicates,
                path,
            } => {
                let mut nodes = self.nodes(primary, context);
                for predicate in predicates {
                    nodes = self.filter(nodes, predicate, context.current);
                }
                Value::Nodes(self.steps(nodes, path, context.current))
            }
            Expr::Number(number) => Value::Number(*number),
            Expr::Literal(text) => Value::String(text.clone()),
            Expr::Variable(_) => panic!("no variables here"),
            Expr::Call { function, args, .. } => self.call(*function, args, context),
        }
    }

    /// Section 3.4, in its order.
    fn compare(&self, op: CompareOp, left: &Value, right: &Value) -> bool {
        let text = |node: &usize| Value::String(self.text_of(*node));
        match (left, right) {
            (Value::Nodes(left), Value::Nodes(right)) => left.iter().any(|a| {
                right
                    .iter()
                    .any(|b| self.compare_simple(op, &text(a), &text(b)))
            }),
            (Value::Nodes(nodes), Value::Boolean(_)) => {
                self.compare_simple(op, &Value::Boolean(!nodes.is_empty()), right)
            }
            (Value::Boolean(_), Value::Nodes(nodes)) => {
                self.compare_simple(op, left, &Value::Boolean(!nodes.is_empty()))
            }
            (Value::Nodes(nodes), other) => nodes
                .iter()
                .any(|node| self.compare_simple(op, &text(node), other)),
            (other, Value::Nodes(nodes)) => nodes
                .iter()
                .any(|node| self.compare_simple(op, other, &text(node))),
            _ => self.compare_simple(op, left, right),
        }
    }

    fn compare_simple(&self, op: CompareOp, left: &Value, right: &Value) -> bool {
        let (a, b) = (self.number(left), self.number(right));
        let equal = match (left, right) {
            (Value::Boolean(_), _) | (_, Value::Boolean(_)) => {
                self.boolean(left) == self.boolean(right)
            }
            (Value::Number(_), _) | (_, Value::Number(_)) => a == b,
            _ => self.string(left) == self.string(right),
        };
        match op {
            CompareOp::Equal => equal,
            CompareOp::NotEqual => !equal,
            CompareOp::Less => a < b,
            CompareOp::LessOrEqual => a <= b,
            CompareOp::Greater => a > b,
            CompareOp::GreaterOrEqual => a >= b,
        }
    }

    /// The functions that matter for the ways of evaluation; what they do with texts is tested beside them.
    fn call(&self, function: Function, args: &[Expr], context: Context) -> Value {
        let values: Vec<Value> = args.iter().map(|arg| self.eval(arg, context)).collect();
        let own = Value::Nodes(vec![context.node]);
        let first = values.first().unwrap_or(&own);
        match function {
            Function::Position => Value::Number(context.position as f64),
            Function::Last => Value::Number(context.size as f64),
            Function::Current => Value::Nodes(vec![context.current]),
            Function::Count => match first {
                Value::Nodes(nodes) => Value::Number(nodes.len() as f64),
                value => panic!("count of {value:?}"),
            },
            Function::Sum => match first {
                Value::Nodes(nodes) => Value::Number(
                    nodes
                        .iter()
                        .map(|node| super::value::number_of(&self.text_of(*node)))
                        .sum::<f64>()
                        + 0.0,
                ),
                value => panic!("sum of {value:?}"),
            },
            Function::String => Value::String(self.string(first)),
            Function::Number => Value::Number(self.number(first)),
            Function::Boolean => Value::Boolean(self.boolean(first)),
            Function::Not => Value::Boolean(!self.boolean(first)),
            Function::True => Value::Boolean(true),
            Function::False => Value::Boolean(false),
            Function::StringLength => Value::Number(self.string(first).chars().count() as f64),
            Function::Concat => {
                Value::String(values.iter().map(|value| self.string(value)).collect())
            }
            Function::Contains => {
                Value::Boolean(self.string(first).contains(&self.string(&values[1])))
            }
            Function::LocalName => match first {
                Value::Nodes(nodes) => {
                    let name = nodes
                        .first()
                        .and_then(|node| self.nodes[*node].name.clone());
                    Value::String(name.unwrap_or_default())
                }
                value => panic!("name of {value:?}"),
            },
            other => panic!("{} is not generated", other.name()),
        }
    }
}
