//! Evaluation: which kickers a change sets off, told from the change and the trees around it.
//!
//! Pure: nothing is called here. Costs what changed under monitors, not what there is.

use std::fmt::Write;

use banyan_data::Tree;
use banyan_data::change::ChangeSet;
use banyan_data::cursor::Cursor;
use banyan_data::error::DataError;
use banyan_data::lexical::{Style, canonical};
use banyan_data::path::InstancePath;
use banyan_data::view::View;
use banyan_data::xpath::{self, Context, Names, Variables, XValue};
use banyan_yang::schema::SchemaId;
use banyan_yang::xpath::Extent;

use crate::model::{DataKicker, TriggerType};
use crate::monitor::Matched;
use crate::set::{KickerSet, Trigger};

/// An action that is to be called.
#[derive(Debug, Clone, PartialEq)]
pub struct Kick {
    /// The kicker's id.
    pub kicker: String,
    /// The monitored instance that changed, as RFC 7951 writes it.
    pub path: String,
    /// The instance whose action is called.
    pub target: InstancePath,
    /// The same, for people.
    pub target_text: String,
    /// The action.
    pub action: String,
}

/// What came out of an evaluation.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// What is to be called, in key order of the kickers, then in the order of the change.
    pub kicks: Vec<Kick>,
    /// One line for each instance that was looked at, without a time.
    pub trace: Vec<String>,
    /// Expressions that could not be evaluated; their kickers do not kick.
    pub errors: Vec<DataError>,
}

/// The trees around a change.
#[derive(Clone, Copy)]
pub struct Around<'t> {
    /// Before it.
    pub before: &'t Tree,
    /// After it.
    pub after: &'t Tree,
    /// The difference.
    pub changes: &'t ChangeSet,
}

/// Evaluates all kickers of a set on a change.
pub fn evaluate(set: &KickerSet, around: Around<'_>) -> Evaluated {
    let mut evaluated = Evaluated::default();
    let mut matches = set.trie().matches(around.changes);
    // Stable: within one kicker the order of the change stays.
    matches.sort_by_key(|matched| matched.monitor);
    for matched in matches {
        if let Err(error) = one(set, around, &matched, &mut evaluated) {
            evaluated.errors.push(error);
        }
    }
    evaluated
}

fn one(
    set: &KickerSet,
    around: Around<'_>,
    matched: &Matched<'_>,
    out: &mut Evaluated,
) -> Result<(), DataError> {
    let kicker = &set.kickers()[matched.monitor];
    let (before, after) = (View::of(around.before), View::of(around.after));
    let was = Cursor::root(&before).find(&matched.path);
    let is = Cursor::root(&after).find(&matched.path);
    let Some(shown) = is.as_ref().or(was.as_ref()) else {
        return Ok(());
    };
    let schema = around.after.schema();
    // Ids inside a mount are of another schema; there the expression is bound to no context.
    let context = if std::ptr::eq(shown.schema(), &**schema) {
        shown.id()
    } else {
        SchemaId::ROOT
    };
    let place = prefixed(shown);
    match set.trigger(schema, matched.monitor, context)? {
        None => {
            out.trace.push(format!(
                "kicker: {} at {place} changed; invoking {}",
                kicker.id, kicker.action_name
            ));
        }
        Some(trigger) => {
            if !may_differ(&trigger, matched, around.changes) {
                return Ok(());
            }
            let old = truth(kicker, &trigger, was.as_ref())?;
            let new = truth(kicker, &trigger, is.as_ref())?;
            let kicks = match kicker.trigger_type {
                TriggerType::EnterAndLeave => old != new,
                TriggerType::Enter => !old && new,
            };
            let verb = if kicks { "invoking" } else { "not invoking" };
            out.trace.push(format!(
                "kicker: {} at {place} changed; {verb} '{}' trigger-expr {old} -> {new}",
                kicker.id, kicker.action_name
            ));
            if !kicks {
                return Ok(());
            }
        }
    }
    let targets = match &is {
        Some(context) => kick_nodes(kicker, context)?,
        None => kick_nodes(kicker, shown)?,
    };
    for (target, target_text) in targets {
        // The context may be gone, and with it the kick-node.
        if Cursor::root(&after).find(&target).is_some() {
            out.kicks.push(Kick {
                kicker: kicker.id.clone(),
                path: shown.error_path().to_string(),
                target,
                target_text,
                action: kicker.action_name.clone(),
            });
        } else {
            out.trace.push(format!(
                "kicker: {} finds {target_text} gone; nothing to invoke",
                kicker.id
            ));
        }
    }
    Ok(())
}

/// Whether the change can alter the trigger's value for this instance.
fn may_differ(trigger: &Trigger, matched: &Matched<'_>, changes: &ChangeSet) -> bool {
    let here = match matched.change {
        None => true,
        Some((_, change)) => trigger.beneath.one(change) || came_or_went(change),
    };
    trigger.anything || here || trigger.elsewhere.any(&changes.changes)
}

fn came_or_went(change: &banyan_data::change::Change) -> bool {
    use banyan_data::change::ChangeKind::{Created, Deleted};
    matches!(change.kind, Created { .. } | Deleted { .. })
}

/// The trigger's value on an instance; false where there is none.
fn truth(
    kicker: &DataKicker,
    trigger: &Trigger,
    context: Option<&Cursor<'_>>,
) -> Result<bool, DataError> {
    let Some(context) = context else {
        return Ok(false);
    };
    let variables = variables(kicker, &trigger.expression.text, context)?;
    Ok(xpath::evaluate(
        &trigger.expression,
        &Context::at(context.clone(), &variables),
    )?
    .to_boolean())
}

/// The nodes whose action is called.
fn kick_nodes(
    kicker: &DataKicker,
    context: &Cursor<'_>,
) -> Result<Vec<(InstancePath, String)>, DataError> {
    let value = evaluated(kicker, &kicker.kick_node, context)?;
    let nodes = value.nodes().unwrap_or_default();
    Ok(nodes
        .iter()
        .map(|node| (node.path(), node.error_path().to_string()))
        .collect())
}

fn evaluated<'t>(
    kicker: &DataKicker,
    text: &str,
    context: &Cursor<'t>,
) -> Result<XValue<'t>, DataError> {
    let home = context.view().tree().schema();
    let bound = if std::ptr::eq(context.schema(), &**home) {
        context.id()
    } else {
        SchemaId::ROOT
    };
    let expression = xpath::compile(home, text, Names::Modules, bound, Extent::Existence)?;
    let variables = variables(kicker, text, context)?;
    xpath::evaluate(&expression, &Context::at(context.clone(), &variables))
}

/// The values of the variables that `text` mentions, evaluated where `text` is.
fn variables<'t>(
    kicker: &DataKicker,
    text: &str,
    context: &Cursor<'t>,
) -> Result<Variables<'t>, DataError> {
    let home = context.view().tree().schema();
    let mut values = Variables::new();
    for (name, value) in &kicker.variables {
        if text.contains(&format!("${name}")) {
            let expression =
                xpath::compile(home, value, Names::Modules, context.id(), Extent::Value)?;
            let none = Variables::new();
            values.insert(
                name.clone(),
                xpath::evaluate(&expression, &Context::at(context.clone(), &none))?,
            );
        }
    }
    Ok(values)
}

/// The instance with the module's name before every node and key, as the evaluation lines show it.
fn prefixed(cursor: &Cursor<'_>) -> String {
    let mut chain = Vec::new();
    let mut at = Some(cursor.clone());
    while let Some(current) = at {
        at = current.parent();
        chain.push(current);
    }
    let mut text = String::new();
    for node in chain
        .iter()
        .rev()
        .filter(|node| !node.definition().name.is_empty())
    {
        let (schema, definition) = (node.schema(), node.definition());
        let module = &schema.module(definition.module).name;
        let _ = write!(text, "/{module}:{}", definition.name);
        for key in definition.keys() {
            let key_definition = schema.node(*key);
            let value = node.child(*key);
            if let (Some(ty), Some(value)) =
                (&key_definition.ty, value.as_ref().and_then(Cursor::value))
            {
                let value = canonical(schema, ty, value, Style::Json);
                let quote = if value.contains('\'') { '"' } else { '\'' };
                let _ = write!(
                    text,
                    "[{module}:{}={quote}{value}{quote}]",
                    key_definition.name
                );
            }
        }
    }
    text
}
