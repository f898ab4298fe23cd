//! Schemas from YANG text, and data from XML.

use std::sync::Arc;

use banyan_data::change::diff;
use banyan_data::document::{Encoding, ParseOptions, PrintOptions};
use banyan_data::edit::Operation;
use banyan_data::operation::{Invocation, parse_action, parse_rpc};
use banyan_data::validate::{Indexes, Mounts, Options, Report, changed, full, settle, settle_all};
use banyan_data::view::Scope;
use banyan_data::xml::{self, parse_data, parse_edit};
use banyan_data::{DataError, Tree, json};
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

/// The schema of a module `t` with this body.
pub fn schema_of(body: &str) -> Arc<Schema> {
    schema(&[&module(body)])
}

fn document(xml: &str) -> String {
    format!(
        "<data xmlns=\"urn:t\" xmlns:t=\"urn:t\" xmlns:u=\"urn:u\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" \
         xmlns:yang=\"urn:ietf:params:xml:ns:yang:1\">{xml}</data>"
    )
}

/// Data of module `t`, whose prefix is declared and whose namespace is the default; or what is wrong.
pub fn try_data(schema: &Arc<Schema>, xml: &str) -> Result<Tree, Vec<String>> {
    parse_data(schema, document(xml).as_bytes(), &ParseOptions::default()).map_err(|e| shown(&e))
}

/// Data of module `t` that must be well-formed.
pub fn data(schema: &Arc<Schema>, xml: &str) -> Tree {
    try_data(schema, xml).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Data from JSON, or what is wrong.
pub fn json_data(schema: &Arc<Schema>, text: &str) -> Result<Tree, Vec<String>> {
    json::parse_data(schema, text.as_bytes(), &ParseOptions::default()).map_err(|e| shown(&e))
}

/// The tree as one line of XML.
pub fn to_xml(tree: &Tree) -> String {
    to_xml_with(tree, &PrintOptions::default())
}

/// The tree as one line of XML with these options.
pub fn to_xml_with(tree: &Tree, options: &PrintOptions<'_>) -> String {
    let mut out = Vec::new();
    xml::print(tree, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The tree as one line of JSON.
pub fn to_json(tree: &Tree) -> String {
    to_json_with(tree, &PrintOptions::default())
}

/// The tree as one line of JSON with these options.
pub fn to_json_with(tree: &Tree, options: &PrintOptions<'_>) -> String {
    let mut out = Vec::new();
    json::print(tree, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Kind, path and app-tag of each error.
pub fn shown(errors: &[DataError]) -> Vec<String> {
    let shown = errors.iter().map(|error| {
        let tag = error.app_tag.as_deref().unwrap_or("-");
        format!("{:?} {} {tag}", error.kind, error.path)
    });
    shown.collect()
}

/// What a full validation of configuration finds.
pub fn errors(schema: &Arc<Schema>, xml: &str) -> Vec<String> {
    shown(&full(&data(schema, xml), &Options::default()).errors)
}

/// What a full validation of configuration and state finds.
pub fn errors_with_state(schema: &Arc<Schema>, xml: &str) -> Vec<String> {
    let options = Options {
        scope: Scope::All,
        ..Options::default()
    };
    shown(&full(&data(schema, xml), &options).errors)
}

/// Expects that data are valid.
#[track_caller]
pub fn valid(schema: &Arc<Schema>, xml: &str) {
    assert_eq!(errors(schema, xml), Vec::<String>::new(), "{xml}");
}

/// Expects these errors.
#[track_caller]
pub fn invalid(schema: &Arc<Schema>, xml: &str, expected: &[&str]) {
    assert_eq!(errors(schema, xml), expected, "{xml}");
}

/// The tree after the content of an edit-config with `default-operation` merge, or the error.
pub fn edited(tree: &Tree, xml: &str) -> Result<Tree, Vec<String>> {
    edited_by(tree, Operation::Merge, xml)
}

/// The same with another default-operation.
pub fn edited_by(tree: &Tree, default: Operation, xml: &str) -> Result<Tree, Vec<String>> {
    let options = ParseOptions::default();
    let edit = parse_edit(tree.schema(), document(xml).as_bytes(), default, &options);
    edit.map_err(|errors| shown(&errors))?
        .apply(tree)
        .map_err(|error| shown(&[error]))
}

/// What a commit of an edit makes of valid data, as a datastore does it (RFC 7950 8.2, 8.3): the edit, what `when`
/// takes out, and validation; full and incremental validation must agree.
pub fn committed(before: &Tree, xml: &str) -> Result<Tree, Vec<String>> {
    let edited = edited(before, xml)?;
    let indexes = Indexes::of(before, Mounts::Validate).after(before, &edited);
    let settled = settle(&diff(before, &edited), &edited, &indexes, 100_000);
    let after = settled.tree;
    assert_eq!(after, settle_all(&edited, 100_000).0);
    assert_eq!(settled.indexes, Indexes::of(&after, Mounts::Validate));
    let report = full(&after, &Options::default());
    let changes = diff(before, &after);
    let incremental = changed(&changes, &after, &settled.indexes, &Options::default());
    assert_eq!(incremental.errors, report.errors);
    match report {
        Report { errors, .. } if errors.is_empty() => Ok(after),
        Report { errors, .. } => Err(shown(&errors)),
    }
}

/// What is wrong with the call of an rpc, or of an action when the XML is an `action` element, against a datastore.
pub fn call_errors(datastore: &Tree, xml: &str) -> Vec<String> {
    let options = ParseOptions::default();
    let schema = datastore.schema();
    let call = if xml.starts_with("<action") {
        parse_action(schema, xml.as_bytes(), &options)
    } else {
        parse_rpc(schema, Encoding::Xml, xml.as_bytes(), &options)
    };
    match call {
        Ok(call) => invocation_errors(datastore, &call),
        Err(errors) => shown(&errors),
    }
}

/// What is wrong with an invocation against a datastore.
pub fn invocation_errors(datastore: &Tree, call: &Invocation) -> Vec<String> {
    let options = Options {
        scope: Scope::All,
        datastore: Some((datastore, &call.path)),
        ..Options::default()
    };
    shown(&full(&call.content, &options).errors)
}
