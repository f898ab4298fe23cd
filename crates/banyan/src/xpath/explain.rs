//! `banyan xpath explain`: an expression, or those that stand on a schema node, as the evaluator sees them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use banyan_yang::schema::{Expression, PrefixMap, Schema, SchemaId, Type, TypeKind};
use banyan_yang::schema_path::node_at;
use banyan_yang::xpath::bind::{Bound, bind, bind_expression, when_context};
use banyan_yang::xpath::explain::{Explanation, ReadExplanation, explain};
use banyan_yang::xpath::{Extent, parse};
use clap::Args;
use serde_json::{Value, json};

use super::pointed;
use crate::yang::check::ReportFormat;
use crate::yang::modules::load_found;
use crate::yang::{YangError, print};

/// `banyan xpath explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The expression. Prefixes are names or prefixes of modules; names without one are of the context's module.
    #[arg(
        value_name = "EXPR",
        required_unless_present = "at",
        allow_hyphen_values = true
    )]
    pub expression: Option<String>,
    /// The schema node on which the expression stands: `/module:container/leaf`. The root if not given.
    #[arg(long, value_name = "PATH", conflicts_with = "at")]
    pub context: Option<String>,
    /// Explain the expressions that stand on this schema node: `must`, `when`, and the path of a leafref.
    #[arg(long, value_name = "PATH", conflicts_with = "expression")]
    pub at: Option<String>,
    /// A directory to look for modules in; may be repeated. Without --module, all modules in them are used, and those
    /// that banyan brings.
    #[arg(long, short = 'p', value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// Use only this module and what it imports: a name, `name@revision`, or a file. May be repeated.
    #[arg(long, short = 'm', value_name = "MODULE")]
    pub module: Vec<String>,
    /// Only these features of a module are on: `M:F,G`, or `M:` for none; all are on where nothing is said.
    #[arg(long, short = 'F', value_name = "M:F,...")]
    pub feature: Vec<String>,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
}

/// An expression that was explained, and where it stands in a module.
struct Explained {
    /// `must`, `when`, `leafref path`; and the place.
    standing: Option<(&'static str, String)>,
    text: String,
    outcome: Result<Explanation, String>,
}

/// Runs it.
pub fn run(command: Explain) -> Result<ExitCode, YangError> {
    let loaded = load_found(&command.path, &command.module, &command.feature)?;
    let compiled = loaded
        .outcome
        .as_ref()
        .map_err(|error| YangError::Usage(error.to_string()))?;
    let schema = &compiled.schema;
    let node = |path: &str| {
        node_at(schema, path).map_err(|error| YangError::Usage(format!("{path}: {error}")))
    };
    let explained = match (&command.at, &command.expression) {
        (Some(at), _) => on_node(schema, node(at)?)?,
        (None, Some(expression)) => {
            let context = command
                .context
                .as_deref()
                .map_or(Ok(SchemaId::ROOT), node)?;
            vec![one(schema, expression, context)?]
        }
        // Clap asks for one of the two.
        (None, None) => Vec::new(),
    };
    print(&match command.format {
        ReportFormat::Text => {
            let texts: Vec<String> = explained.iter().map(text).collect();
            texts.join("\n")
        }
        ReportFormat::Json => {
            let objects: Vec<Value> = explained.iter().map(object).collect();
            format!("{:#}\n", Value::Array(objects))
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn text(explained: &Explained) -> String {
    let title = match &explained.standing {
        Some((title, place)) => format!("{title} \"{}\"  ({place})\n", explained.text),
        None => String::new(),
    };
    match &explained.outcome {
        Ok(explanation) => format!("{title}{explanation}"),
        Err(error) => format!("{title}error: {error}\n"),
    }
}

fn object(explained: &Explained) -> Value {
    let standing = explained.standing.as_ref();
    let mut object = json!({
        "statement": standing.map(|it| it.0),
        "place": standing.map(|it| &it.1),
        "text": explained.text,
    });
    let said = match &explained.outcome {
        Err(error) => json!({ "error": error }),
        Ok(explanation) => {
            let read = |read: &ReadExplanation| {
                json!({
                    "path": read.path,
                    "extent": read.extent,
                    "class": read.class,
                    "way": read.way,
                })
            };
            json!({
                "expression": explanation.expression,
                "context": explanation.context,
                "type": explanation.result,
                "class": explanation.class,
                "plan": explanation.plan.lines().collect::<Vec<_>>(),
                "reads": explanation.reads.iter().map(read).collect::<Vec<_>>(),
                "reads-any": explanation.reads_any,
                "warnings": explanation.warnings,
            })
        }
    };
    if let (Value::Object(object), Value::Object(said)) = (&mut object, said) {
        object.extend(said);
    }
    object
}

fn one(schema: &Schema, text: &str, context: SchemaId) -> Result<Explained, YangError> {
    let expr = parse(text).map_err(|error| YangError::Broken(pointed(text, &error)))?;
    let prefixes = Arc::new(prefixes(schema, context));
    let bound = bind(schema, &expr, &prefixes, context, Extent::Value)
        .map_err(|error| YangError::Broken(format!("{text}: {error}")))?;
    Ok(Explained {
        standing: None,
        text: text.to_owned(),
        outcome: Ok(explain(schema, &expr, &bound, context)),
    })
}

/// Names and prefixes of all modules. Names come first: prefixes are not unique in a set.
fn prefixes(schema: &Schema, context: SchemaId) -> PrefixMap {
    let mut map = PrefixMap {
        default: (context != SchemaId::ROOT).then(|| schema.node(context).module),
        ..PrefixMap::default()
    };
    for (id, module) in schema.modules() {
        if schema.module_by_name(&module.name) == Some(id) {
            map.prefixes.insert(module.name.clone(), id);
        }
    }
    for (id, module) in schema.modules() {
        if module.implemented {
            map.prefixes.entry(module.prefix.clone()).or_insert(id);
        }
    }
    for (id, module) in schema.modules() {
        map.prefixes.entry(module.prefix.clone()).or_insert(id);
    }
    if let Some(own) = map.default {
        map.prefixes.insert(schema.module(own).prefix.clone(), own);
    }
    map
}

/// Everything that stands on a node.
fn on_node(schema: &Schema, id: SchemaId) -> Result<Vec<Explained>, YangError> {
    let node = schema.node(id);
    let mut parts = Vec::new();
    let mut add = |title: &'static str, expression: &Expression, context, used| {
        let place = schema.sources().location(expression.span);
        let bound: Result<Bound, _> = bind_expression(schema, expression, context, used);
        parts.push(Explained {
            standing: Some((title, place)),
            text: expression.text.to_string(),
            outcome: bound
                .map(|bound| explain(schema, &expression.expr, &bound, context))
                .map_err(|error| error.to_string()),
        });
    };
    for must in node.musts().iter() {
        add("must", &must.expression, id, Extent::Existence);
    }
    for when in node.whens().iter() {
        let context = when_context(schema, id, when);
        add("when", &when.expression, context, Extent::Existence);
    }
    if let Some(ty) = &node.ty {
        for path in leafref_paths(ty) {
            add("leafref path", path, id, Extent::Value);
        }
    }
    match parts.is_empty() {
        true => Err(YangError::Usage(format!(
            "{} has no must, no when, and is no leafref; give an expression with --context",
            schema.path(id)
        ))),
        false => Ok(parts),
    }
}

/// The paths of a leafref, and of those in a union.
fn leafref_paths(ty: &Type) -> Vec<&Expression> {
    match &ty.kind {
        TypeKind::Leafref { path, .. } => vec![path],
        TypeKind::Union(members) => members
            .iter()
            .flat_map(|member| leafref_paths(member))
            .collect(),
        _ => Vec::new(),
    }
}
