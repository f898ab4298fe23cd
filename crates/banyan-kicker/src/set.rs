//! The kickers of one tree, ready to be evaluated; and what is wrong with them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use banyan_data::error::{DataError, ErrorKind, ErrorPath};
use banyan_data::xpath::{self, Names};
use banyan_data::{Node, Tree};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use banyan_yang::xpath::{Axis, Expr, Extent, NodeTest};

use crate::model::{DataKicker, KickerSchema};
use crate::monitor::{Monitor, MonitorTrie};
use crate::touch::Touch;

/// A trigger expression bound to the schema node of its context.
#[derive(Debug)]
pub struct Trigger {
    /// What to evaluate.
    pub expression: xpath::Expression,
    /// What it reads beneath the context itself.
    pub beneath: Touch,
    /// What it reads elsewhere.
    pub elsewhere: Touch,
    /// It may read more than is known: every change counts.
    pub anything: bool,
}

/// All kickers of a tree.
#[derive(Debug, Default)]
pub struct KickerSet {
    /// The container that they were read from.
    container: Option<Node>,
    /// In key order.
    kickers: Vec<DataKicker>,
    trie: MonitorTrie,
    /// Trigger expressions by kicker and context, bound when first needed.
    triggers: Mutex<HashMap<(usize, SchemaId), Arc<Trigger>>>,
}

impl KickerSet {
    /// Reads and compiles the kickers of a tree. Those that cannot work are left out and reported.
    pub fn of(tree: &Tree) -> (KickerSet, Vec<DataError>) {
        let Some(model) = KickerSchema::find(tree.schema()) else {
            return (KickerSet::default(), Vec::new());
        };
        let mut errors = Vec::new();
        let mut kickers = Vec::new();
        let mut monitors = Vec::new();
        for kicker in model.read(tree) {
            match check(tree.schema(), &kicker) {
                Ok(monitor) => {
                    kickers.push(kicker);
                    monitors.push(monitor);
                }
                Err(error) => errors.push(error),
            }
        }
        let (trie, wrong) = MonitorTrie::build(tree.schema(), &monitors);
        for (number, error) in wrong {
            errors.push(fault(&kickers[number].id, "monitor", error.to_string()));
        }
        let set = KickerSet {
            container: model.container(tree).cloned(),
            kickers,
            trie,
            triggers: Mutex::default(),
        };
        (set, errors)
    }

    /// Whether the tree has the very kickers of this set. O(1).
    pub fn is_of(&self, tree: &Tree) -> bool {
        same_kickers(self.container.as_ref(), tree)
    }

    /// The kickers, in key order.
    pub fn kickers(&self) -> &[DataKicker] {
        &self.kickers
    }

    /// Their monitors.
    pub fn trie(&self) -> &MonitorTrie {
        &self.trie
    }

    /// The trigger expression of a kicker, bound to a context; `SchemaId::ROOT` when the context is in a
    /// mounted tree. `None` when it has none.
    ///
    /// # Errors
    /// The expression cannot be bound there.
    pub fn trigger(
        &self,
        schema: &Schema,
        number: usize,
        context: SchemaId,
    ) -> Result<Option<Arc<Trigger>>, DataError> {
        let Some(text) = &self.kickers[number].trigger_expr else {
            return Ok(None);
        };
        // The map is only ever added to, so a panic elsewhere leaves it usable.
        let mut triggers = self.triggers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trigger) = triggers.get(&(number, context)) {
            return Ok(Some(trigger.clone()));
        }
        let expression = xpath::compile(schema, text, Names::Modules, context, Extent::Existence)?;
        let reads = &expression.plan.reads;
        let (beneath, elsewhere): (Vec<_>, Vec<_>) = reads
            .nodes
            .iter()
            .partition(|read| read.ancestor == context);
        let trigger = Arc::new(Trigger {
            beneath: Touch::new(schema, beneath),
            elsewhere: Touch::new(schema, elsewhere),
            anything: reads.any || context == SchemaId::ROOT,
            expression,
        });
        triggers.insert((number, context), trigger.clone());
        Ok(Some(trigger))
    }
}

/// Whether the kickers of a tree are those in `container`. O(1).
pub fn same_kickers(container: Option<&Node>, tree: &Tree) -> bool {
    let now = KickerSchema::find(tree.schema()).and_then(|model| model.container(tree));
    match (container, now) {
        (None, None) => true,
        (Some(old), Some(new)) => old.ptr_eq(new),
        _ => false,
    }
}

/// The monitor's text with `$NAME` at its start replaced by the variable's value.
fn monitor_text(kicker: &DataKicker) -> Result<String, String> {
    let Some(rest) = kicker.monitor.strip_prefix('$') else {
        return Ok(kicker.monitor.clone());
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (name, tail) = rest.split_at(end);
    let value = kicker
        .variables
        .iter()
        .find(|(variable, _)| variable == name)
        .map(|(_, value)| value.trim())
        .ok_or_else(|| format!("the variable ${name} is not among the kicker's variables"))?;
    let quoted = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|inner| inner.strip_suffix(quote))
    };
    let path = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    Ok(format!("{path}{tail}"))
}

/// What can be told of a kicker without data: the monitor is a path, the expressions are expressions, and
/// the kick-node has the action.
fn check(schema: &Schema, kicker: &DataKicker) -> Result<Monitor, DataError> {
    let text = monitor_text(kicker).map_err(|message| fault(&kicker.id, "monitor", message))?;
    let monitor =
        Monitor::parse(&text).map_err(|error| fault(&kicker.id, "monitor", error.to_string()))?;
    let monitored = monitor
        .schema_node(schema)
        .map_err(|error| fault(&kicker.id, "monitor", error.to_string()))?;
    let context = monitored.unwrap_or(SchemaId::ROOT);
    let expressions = kicker
        .trigger_expr
        .iter()
        .map(|text| ("trigger-expr", text))
        .chain([("kick-node", &kicker.kick_node)])
        .chain(
            kicker
                .variables
                .iter()
                .map(|(_, value)| ("variable", value)),
        );
    for (leaf, text) in expressions {
        xpath::compile(schema, text, Names::Modules, context, Extent::Existence)
            .map_err(|error| fault(&kicker.id, leaf, error.message))?;
    }
    if let Some(node) = kick_node(schema, &kicker.kick_node, monitored)
        && action(schema, node, &kicker.action_name).is_none()
    {
        return Err(fault(
            &kicker.id,
            "action-name",
            format!(
                "{} has no action {:?}",
                schema.path(node),
                kicker.action_name
            ),
        ));
    }
    Ok(monitor)
}

/// The schema node that a kick-node names, where it is a plain path that can be told without data.
fn kick_node(schema: &Schema, text: &str, context: Option<SchemaId>) -> Option<SchemaId> {
    let Ok(Expr::Path(path)) = banyan_yang::xpath::parse(text) else {
        return None;
    };
    let mut at = if path.absolute {
        SchemaId::ROOT
    } else {
        context?
    };
    for step in &path.steps {
        if schema.node(at).mount_point().is_some() {
            return None;
        }
        at = match (step.axis, &step.test) {
            (Axis::SelfNode, NodeTest::Node) => at,
            (Axis::Parent, NodeTest::Node) => schema.node(at).data_parent()?,
            (
                Axis::Child,
                NodeTest::Name {
                    prefix: Some(prefix),
                    local,
                },
            ) => schema.data_child(at, schema.module_by_name(prefix)?, local)?,
            (
                Axis::Child,
                NodeTest::Name {
                    prefix: None,
                    local,
                },
            ) => schema.data_child_any_module(at, local)?,
            _ => return None,
        };
    }
    Some(at)
}

/// The action called `name` of a node, of whatever module.
pub fn action(schema: &Schema, node: SchemaId, name: &str) -> Option<SchemaId> {
    schema.children(node).iter().copied().find(|child| {
        schema.node(*child).kind == NodeKind::Action && &*schema.node(*child).name == name
    })
}

fn fault(id: &str, leaf: &str, message: String) -> DataError {
    let path = format!("/banyan-kicker:kickers/data-kicker[id='{id}']/{leaf}");
    DataError::new(ErrorKind::InvalidValue, ErrorPath(path.into()), message)
}
