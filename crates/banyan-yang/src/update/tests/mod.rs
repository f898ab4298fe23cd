//! Each sentence of RFC 7950 section 11, with a change that it allows and one that it does not.

mod definitions;
mod nodes;
mod types;

use std::sync::Arc;

use super::*;
use crate::compile::{Compiler, MemorySource};
use crate::schema::Schema;

const OLD: &str = "2020-01-01";
const NEW: &str = "2021-01-01";

fn module(header: &str, revision: &str, body: &str) -> String {
    format!("module m {{ {header} revision {revision}; {body} }}")
}

const HEADER: &str = "yang-version 1.1; namespace urn:m; prefix m;";

fn compiled(text: &str) -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(
        "module other { yang-version 1.1; namespace urn:other; prefix o; feature far; \
         grouping shared { leaf s { type string; } } container top { leaf x { type string; } } \
         identity far-base; }",
    );
    source.add(text);
    let compiled = Compiler::new(&source).implement("m", None).compile();
    compiled.expect("the test's module").schema
}

fn compared(old: &str, new: &str) -> (Arc<Schema>, Arc<Schema>, Comparison) {
    let (old, new) = (compiled(old), compiled(new));
    let module = |schema: &Schema| schema.module_by_name("m").expect("the module m");
    let comparison = compare_modules(&old, module(&old), &new, module(&new));
    (old, new, comparison)
}

/// `verdict path aspect: what`, without the change of the revision.
fn lines(comparison: &Comparison) -> Vec<String> {
    let line = |change: &Change| {
        format!(
            "{} {} {}: {}",
            change.verdict.name(),
            change.path,
            change.aspect,
            change.what()
        )
    };
    let shown = |change: &&Change| change.aspect != Aspect::Revision;
    comparison.changes.iter().filter(shown).map(line).collect()
}

/// What changes between two bodies of a module of YANG 1.1.
fn changes(old: &str, new: &str) -> Vec<String> {
    lines(&compared(&module(HEADER, OLD, old), &module(HEADER, NEW, new)).2)
}

/// The same for YANG 1.
fn changes_1_0(old: &str, new: &str) -> Vec<String> {
    let header = "namespace urn:m; prefix m;";
    lines(&compared(&module(header, OLD, old), &module(header, NEW, new)).2)
}

/// What changes if the type of a leaf does, without the leaf's name.
fn type_changes(old: &str, new: &str) -> Vec<String> {
    let common =
        "identity b; identity c; container l { leaf a { type string; } leaf b { type string; } }";
    let body = |ty: &str| format!("{common} leaf x {{ type {ty} }}");
    changes(&body(old), &body(new))
        .into_iter()
        .map(|line| line.replace(" /m:x", ""))
        .collect()
}

#[test]
fn equal_modules_differ_in_nothing() {
    let text = module(HEADER, OLD, "leaf a { type string; }");
    assert_eq!(compared(&text, &text).2, Comparison::default());
}

#[test]
fn the_rule_the_section_and_both_places_are_told() {
    let old = module(HEADER, OLD, "leaf a { type int8; }");
    let new = module(HEADER, NEW, "\n leaf a { type int16; }");
    let (old, new, comparison) = compared(&old, &new);
    let change = comparison.breaking().next().expect("a forbidden change");
    assert_eq!((change.rule, change.section), (Rule::Type, "RFC 7950 11"));
    let line = |schema: &Schema, span: Option<crate::source::Span>| {
        let span = span.expect("a place");
        schema.sources().location(span)
    };
    assert_eq!(line(&old, change.old_place), "m.yang:1:78");
    assert_eq!(line(&new, change.new_place), "m.yang:2:2");
    assert_eq!(change.reason, "int8 and int16 differ in syntax");
    assert!(!comparison.is_allowed());
}
