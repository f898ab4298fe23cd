//! Schemas from YANG text, and data from XML.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::ParseOptions;
use banyan_data::validate::{Options, full};
use banyan_data::xml::parse_data;
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

/// The schema of these modules; each text begins with `module NAME`.
pub fn schema(modules: &[&str]) -> Arc<Schema> {
    let mut source = MemorySource::new();
    for text in modules {
        source.add(*text);
    }
    let mut compiler = Compiler::new(&source);
    for text in modules {
        let name = text.split_whitespace().nth(1).unwrap();
        compiler = compiler.implement(name, None);
    }
    match compiler.compile() {
        Ok(compiled) => compiled.schema,
        Err(error) => panic!("{error}"),
    }
}

/// A module `t` with this body, imports included.
pub fn module(body: &str) -> String {
    format!("module t {{ yang-version 1.1; namespace urn:t; prefix t; {body} }}")
}

/// Data of module `t`, whose prefix is declared and whose namespace is the default.
pub fn data(schema: &Arc<Schema>, xml: &str) -> Tree {
    let document =
        format!("<data xmlns=\"urn:t\" xmlns:t=\"urn:t\" xmlns:u=\"urn:u\">{xml}</data>");
    parse_data(schema, document.as_bytes(), &ParseOptions::default())
        .unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Kind, path and app-tag of what a full validation finds.
pub fn errors(schema: &Arc<Schema>, xml: &str) -> Vec<String> {
    let report = full(&data(schema, xml), &Options::default());
    let shown = report.errors.iter().map(|error| {
        let tag = error.app_tag.as_deref().unwrap_or("-");
        format!("{:?} {} {tag}", error.kind, error.path)
    });
    shown.collect()
}
