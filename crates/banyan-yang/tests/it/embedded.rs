//! The embedded modules mean what the published ones mean.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_yang::compile::{Compiled, Compiler, Features, MemorySource, ModuleSource, ModuleText};
use banyan_yang::dump::dump;
use banyan_yang::embedded::{EmbeddedModules, MODULES};

use crate::shared;

fn compiled(source: &dyn ModuleSource, name: &str) -> Compiled {
    with_features(source, name, Features::All)
}

/// The module with these of its features, and what it imports with all of theirs.
fn with_features(source: &dyn ModuleSource, name: &str, features: Features) -> Compiled {
    let compiler = Compiler::new(source).implement(name, None);
    match compiler.features(name, features).compile() {
        Ok(compiled) => compiled,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_embedded_module_compiles_without_a_diagnostic() {
    for module in MODULES {
        let compiled = compiled(&EmbeddedModules, module.name);
        let sources = compiled.schema.sources();
        let findings = compiled
            .diagnostics
            .iter()
            .map(|finding| finding.one_line(sources));
        // The published module has this slip, and an interface is kept as it is: the `when` stands on `uses`, so
        // that its context is the notification, and `..` leads out of it (RFC 7950 7.21.5).
        let known = |line: &String| {
            module.name == "ietf-netconf-notifications" && line.contains("no node `confirm-event`")
        };
        let findings: Vec<String> = findings.filter(|line| !known(line)).collect();
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

/// Modules that the folder of published models lacks: one of a draft, and `clixon-lib`, of which ours has a part only.
const NOT_PUBLISHED: &[&str] = &["clixon-lib", "ietf-netconf-private-candidate"];

/// The published module, from wherever it is.
fn published(models: &Path, name: &str, revision: &str) -> Option<String> {
    let file = format!("{name}@{revision}.yang");
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let mut texts = ["ietf", "iana"]
        .iter()
        .filter_map(|folder| read(models.join(folder).join(&file)));
    if let Some(text) = texts.next() {
        return Some(text);
    }
    // Those that go with RFC 5277 hide a container in a way of their tool, which is not at hand.
    let text = read(models.join(format!("rfc5277/{name}.yang")))?;
    Some(
        text.replace("import yuma-ncx { prefix ncx; }", "")
            .replace("ncx:abstract;", "")
            .replace("ncx:hidden;", ""),
    )
}

#[test]
fn no_schema_difference_to_the_published_modules() {
    let Some(models) = shared::models("no_schema_difference_to_the_published_modules") else {
        return;
    };
    let mut source = MemorySource::new();
    let standard = MODULES
        .iter()
        .filter(|module| !module.name.starts_with("banyan"));
    for module in standard.clone() {
        let found = published(&models, module.name, module.revision);
        assert_eq!(
            found.is_none(),
            NOT_PUBLISHED.contains(&module.name),
            "{} is among the published models, or in NOT_PUBLISHED",
            module.name
        );
        let Some(text) = found else {
            continue;
        };
        let text = ModuleText {
            origin: Arc::from(format!("published {}", module.name)),
            text: Arc::from(text),
        };
        source.insert(module.name, module.revision, text);
    }
    for module in standard.filter(|module| !NOT_PUBLISHED.contains(&module.name)) {
        let ours = compiled(&EmbeddedModules, module.name).schema;
        let id = ours.module_by_name(module.name).unwrap();
        // One feature at a time tells which `if-feature` stands where.
        let alone = ours.module(id).features.iter();
        let alone = alone.map(|feature| Features::Only([feature.to_string()].into()));
        for features in [Features::All, Features::none()].into_iter().chain(alone) {
            let compiled = |source| with_features(source, module.name, features.clone()).schema;
            assert_eq!(
                dump(&compiled(&EmbeddedModules)),
                dump(&compiled(&source)),
                "{} with {features:?}",
                module.name
            );
        }
    }
}

/// Ten words that follow each other in a published description, and in ours, would be its text.
#[test]
fn descriptions_are_our_own() {
    let Some(models) = shared::models("descriptions_are_our_own") else {
        return;
    };
    for module in MODULES {
        let Some(theirs) = published(&models, module.name, module.revision) else {
            continue;
        };
        let words_of = |text: &str| -> Vec<String> {
            let quoted = text.split('"').skip(1).step_by(2).collect::<Vec<_>>();
            let words = quoted.join(" | ");
            words.split_whitespace().map(str::to_owned).collect()
        };
        let theirs = words_of(&theirs).join(" ");
        for words in words_of(module.text).windows(10) {
            let phrase = words.join(" ");
            let is_prose = words.iter().all(|word| {
                word.chars()
                    .all(|c| c.is_alphabetic() || matches!(c, ',' | '.' | '-'))
            });
            assert!(
                !is_prose || !theirs.contains(&phrase),
                "{}: {phrase}",
                module.name
            );
        }
    }
}
