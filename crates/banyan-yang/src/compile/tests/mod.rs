//! The compiler by example, rule by rule.

mod adversarial;
mod augments;
mod constraints;
mod data_nodes;
mod deviations;
mod extensions;
mod groupings;
mod modules;
mod nodes;
mod robustness;
mod rules;
mod structures;
mod types;

use std::sync::Arc;

use super::{CompileError, Compiled, Compiler, MemorySource, Mode};
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId, SchemaNode, Type};

/// A source with these texts.
pub(super) fn source(texts: &[&str]) -> MemorySource {
    let mut source = MemorySource::new();
    for text in texts {
        source.add(*text);
    }
    source
}

/// A module `m` of version 1.1 around a body; its first body line is line 5.
pub(super) fn module(body: &str) -> String {
    format!("module m {{\n  yang-version 1.1;\n  namespace urn:m;\n  prefix m;\n{body}\n}}\n")
}

/// Compiles the first of these texts, strictly.
pub(super) fn compile(texts: &[&str]) -> Result<Compiled, CompileError> {
    let source = source(texts);
    Compiler::new(&source)
        .implement(&first_name(texts), None)
        .compile()
}

/// Compiles the first of these texts, leniently.
pub(super) fn lenient(texts: &[&str]) -> Compiled {
    let source = source(texts);
    Compiler::new(&source)
        .implement(&first_name(texts), None)
        .mode(Mode::Lenient)
        .compile()
        .unwrap()
}

fn first_name(texts: &[&str]) -> String {
    texts[0].split_whitespace().nth(1).unwrap().to_owned()
}

/// The schema of texts that must compile without a word.
pub(super) fn schema(texts: &[&str]) -> Arc<Schema> {
    let compiled = compile(texts).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(compiled.diagnostics, vec![]);
    compiled.schema
}

/// The schema of a module with this body.
pub(super) fn schema_of(body: &str) -> Arc<Schema> {
    schema(&[&module(body)])
}

/// What strict mode says about texts with errors.
pub(super) fn refused(texts: &[&str]) -> String {
    match compile(texts) {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What strict mode says about a module with this body.
pub(super) fn refused_body(body: &str) -> String {
    refused(&[&module(body)])
}

/// The codes of all findings for a module with this body.
pub(super) fn codes(body: &str) -> Vec<&'static str> {
    codes_of(&[&module(body)])
}

pub(super) fn codes_of(texts: &[&str]) -> Vec<&'static str> {
    let found = match compile(texts) {
        Ok(compiled) => compiled.diagnostics,
        Err(error) => error.diagnostics,
    };
    found.iter().map(|diagnostic| diagnostic.code).collect()
}

/// A node by its path; a step may name its module, else it is in that of the step before.
pub(super) fn find(schema: &Schema, path: &str) -> Option<SchemaId> {
    let mut module = schema.module_by_name("m").unwrap_or(ModuleId(0));
    let mut at = SchemaId::ROOT;
    for step in path.trim_start_matches('/').split('/') {
        let name = match step.split_once(':') {
            Some((prefix, name)) => {
                module = schema.module_by_name(prefix)?;
                name
            }
            None => step,
        };
        at = schema.schema_child(at, module, name)?;
    }
    Some(at)
}

pub(super) fn node<'s>(schema: &'s Schema, path: &str) -> &'s SchemaNode {
    match find(schema, path) {
        Some(id) => schema.node(id),
        None => panic!("there is no {path}"),
    }
}

pub(super) fn ty<'s>(schema: &'s Schema, path: &str) -> &'s Type {
    node(schema, path).ty.as_deref().unwrap()
}

/// The tree as `kind name` lines, indented, without implicit empty inputs and outputs.
pub(super) fn outline(schema: &Schema) -> String {
    fn add(schema: &Schema, id: SchemaId, depth: usize, out: &mut String) {
        for child in schema.children(id) {
            let node = schema.node(*child);
            if matches!(node.kind, NodeKind::Input | NodeKind::Output)
                && schema.children(*child).is_empty()
            {
                continue;
            }
            out.push_str(&"  ".repeat(depth));
            out.push_str(node.kind.keyword());
            out.push(' ');
            if depth == 0 || node.module != schema.node(id).module {
                out.push_str(&format!("{}:", schema.module(node.module).name));
            }
            out.push_str(&node.name);
            out.push('\n');
            add(schema, *child, depth + 1, out);
        }
    }
    let mut out = String::new();
    add(schema, SchemaId::ROOT, 0, &mut out);
    out
}
