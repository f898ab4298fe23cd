//! What a model author reads: each diagnostic in full, caused by the smallest module that causes it. A change of
//! wording shows here, to be read again as a reader would.

mod changes;
mod definitions;
mod grammar;
mod modules;
mod nodes;
mod paths;
mod text;
mod trees;
mod types;

use std::collections::BTreeSet;

use banyan_yang::compile::{Compiler, MemorySource, ModuleSource, ModuleText, SourceError};
use banyan_yang::diagnostic::Diagnostic;
use banyan_yang::source::SourceMap;

use crate::jury::in_repository;
use crate::shared;

/// A module `m` of version 1.1; its body begins on line 5.
fn module(body: &str) -> String {
    format!("module m {{\n  yang-version 1.1;\n  namespace urn:m;\n  prefix m;\n{body}\n}}\n")
}

/// A module `m` of version 1; its body begins on line 4.
fn module_1(body: &str) -> String {
    format!("module m {{\n  namespace urn:m;\n  prefix m;\n{body}\n}}\n")
}

/// What strict mode says about a module with this body, all of it; `code` is among it.
fn told(code: &str, body: &str) -> String {
    told_of(code, &module(body), &[])
}

/// What strict mode says about a text that is found as module `m`, beside others.
fn told_of(code: &str, text: &str, others: &[&str]) -> String {
    let source = source(text, others);
    told_by(code, Compiler::new(&source).implement("m", None))
}

/// A source with this text as module `m`, and others under their own names.
fn source(text: &str, others: &[&str]) -> MemorySource {
    let mut source = MemorySource::new();
    for other in others {
        source.add(*other);
    }
    let text = ModuleText {
        origin: "m.yang".into(),
        text: text.into(),
    };
    source.insert("m", "", text);
    source
}

fn told_by(code: &str, compiler: Compiler<'_>) -> String {
    match compiler.compile() {
        Ok(compiled) => rendered(code, &compiled.diagnostics, compiled.schema.sources()),
        Err(refused) => rendered(code, &refused.diagnostics, &refused.sources),
    }
}

fn rendered(code: &str, found: &[Diagnostic], sources: &SourceMap) -> String {
    let all: Vec<_> = found.iter().map(|found| found.render(sources)).collect();
    let all = all.join("\n\n");
    assert!(
        found.iter().any(|found| found.code == code),
        "{code}:\n{all}"
    );
    assert_eq!(incomplete(found), Vec::<&str>::new(), "{all}");
    all
}

/// The codes of findings without a remedy, or without the rule where the standard has one.
fn incomplete(found: &[Diagnostic]) -> Vec<&'static str> {
    // Limits of ours, and what follows from an error that names its rule.
    const WITHOUT_RULE: [&str; 6] = [
        "left-out",
        "module-too-large",
        "too-deep",
        "too-large",
        "too-many-nodes",
        "union-too-large",
    ];
    found
        .iter()
        .filter(|found| {
            found.help.is_none() || found.rfc.is_none() && !WITHOUT_RULE.contains(&found.code)
        })
        .map(|found| found.code)
        .collect()
}

#[test]
fn what_is_said_of_each_hand_made_module_names_the_rule_and_the_remedy() {
    let directory = in_repository("tests/jury/bad");
    let mut source = MemorySource::new();
    let mut names = Vec::new();
    for (path, text) in shared::texts(&directory, &[".", "with"]) {
        let (name, revision, is_module) = shared::identify(&text);
        let text = ModuleText {
            origin: path.as_str().into(),
            text: text.into(),
        };
        source.insert(&name, &revision, text);
        names.extend(is_module.then_some(name));
    }
    assert!(names.len() >= 80, "only {} modules", names.len());
    let mut wrong = Vec::new();
    for name in &names {
        let compiler = Compiler::new(&source).implement(name, None);
        if let Err(refused) = compiler.compile()
            && !incomplete(&refused.diagnostics).is_empty()
        {
            wrong.push(refused.to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Stands for the published module of RFC 8791.
const STRUCTURES: &str = "module ietf-yang-structure-ext {
  namespace urn:sx;
  prefix sx;
  extension structure { argument name; }
  extension augment-structure { argument path; }
}";

/// A source whose texts cannot be read.
struct Unreadable;

impl ModuleSource for Unreadable {
    fn find(&self, _: &str, _: Option<&str>) -> Result<ModuleText, SourceError> {
        Err(SourceError::Unreadable(
            "it cannot be read: permission denied".to_owned(),
        ))
    }
}

#[test]
fn each_code_has_one_snapshot_and_there_are_many() {
    let tests = [
        include_str!("diagnostics/changes.rs"),
        include_str!("diagnostics/definitions.rs"),
        include_str!("diagnostics/grammar.rs"),
        include_str!("diagnostics/modules.rs"),
        include_str!("diagnostics/nodes.rs"),
        include_str!("diagnostics/paths.rs"),
        include_str!("diagnostics/text.rs"),
        include_str!("diagnostics/types.rs"),
    ];
    // The code is the first argument of each call, on the line of the call or on the next.
    let calls = tests.iter().flat_map(|text| text.split("told").skip(1));
    let mut codes = BTreeSet::new();
    for call in calls {
        let Some((_, arguments)) = call.split_once('(').filter(|(name, _)| name.len() <= 3) else {
            continue; // An import.
        };
        let Some(code) = arguments.trim_start().strip_prefix('"') else {
            continue;
        };
        let code = code.split('"').next().unwrap_or_default();
        assert!(codes.insert(code), "two snapshots of {code}");
    }
    assert!(codes.len() >= 90, "only {} codes", codes.len());
}
