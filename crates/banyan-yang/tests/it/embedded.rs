//! The embedded modules mean what the published ones mean.

use std::sync::Arc;

use banyan_yang::compile::{Compiled, Compiler, MemorySource, ModuleSource, ModuleText};
use banyan_yang::dump::dump;
use banyan_yang::embedded::{EmbeddedModules, MODULES};

use crate::shared;

fn compiled(source: &dyn ModuleSource, name: &str) -> Compiled {
    match Compiler::new(source).implement(name, None).compile() {
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

#[test]
fn no_schema_difference_to_the_published_modules() {
    let Some(models) = shared::models("no_schema_difference_to_the_published_modules") else {
        return;
    };
    let mut published = MemorySource::new();
    let standard = MODULES
        .iter()
        .filter(|module| !module.name.starts_with("banyan"));
    for module in standard.clone() {
        let file = format!("{}@{}.yang", module.name, module.revision);
        let found = ["ietf", "iana"]
            .iter()
            .find_map(|folder| std::fs::read_to_string(models.join(folder).join(&file)).ok());
        let text = found.unwrap_or_else(|| panic!("{file} is not among the published models"));
        let text = ModuleText {
            origin: Arc::from(file),
            text: Arc::from(text),
        };
        published.insert(module.name, module.revision, text);
    }
    for module in standard {
        let (ours, theirs) = (
            compiled(&EmbeddedModules, module.name),
            compiled(&published, module.name),
        );
        assert_eq!(dump(&ours.schema), dump(&theirs.schema), "{}", module.name);
    }
}
