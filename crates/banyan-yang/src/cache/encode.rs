//! A compiled set to bytes.

use super::bytes::{Writer, checksum};
use super::lookup;
use super::shared::{Extents, SharedWriter, optional_span, span};
use super::{FORMAT, MAGIC};
use crate::compile::{Compiled, Lookup};
use crate::diagnostic::Diagnostic;
use crate::schema::{Module, Schema};
use crate::source::SourceMap;

/// The file of a set that was compiled with these look-ups, for a request with this key. `None` if the schema is not
/// made of the texts of the look-ups alone. Linear.
pub fn encode(compiled: &Compiled, key: &str, lookups: &[Lookup]) -> Option<Vec<u8>> {
    let schema = &*compiled.schema;
    if !lookup::are_the_sources(lookups, schema.sources()) {
        return None;
    }
    let mut body = Writer::default();
    let mut texts = Vec::new();
    body.bytes(key.as_bytes());
    lookup::write(lookups, &mut body, &mut texts);

    let mut shared = SharedWriter::default();
    let mut rest = Writer::default();
    write_modules(schema, &mut shared, &mut rest)?;
    write_nodes(schema, &mut shared, &mut rest);
    write_diagnostics(&compiled.diagnostics, &mut rest);
    rest.0.extend_from_slice(schema.digest());

    let extents = Extents {
        modules: schema.modules().len() as u32,
        identities: schema.identities().len() as u32,
        nodes: schema.arena().len() as u32,
    };
    extents.write(&mut body);
    shared.write(&mut body);
    body.0.append(&mut rest.0);

    let mut file = Writer(MAGIC.to_vec());
    file.u64(FORMAT);
    file.u64(checksum(&body.0));
    file.u64(body.0.len() as u64);
    file.0.append(&mut body.0);
    file.0.append(&mut texts);
    Some(file.0)
}

fn write_modules<'s>(
    schema: &'s Schema,
    shared: &mut SharedWriter<'s>,
    to: &mut Writer,
) -> Option<()> {
    for (_, module) in schema.modules() {
        write_module(module, schema.sources(), shared, to)?;
    }
    for (_, identity) in schema.identities() {
        to.u32(shared.strings.id(&identity.name));
        to.u32(identity.module.0);
        to.count(identity.ancestors.len());
        identity.ancestors.iter().for_each(|above| to.u32(above.0));
        to.u8(identity.status as u8);
        to.bool(identity.usable);
    }
    to.count(schema.annotations().len());
    for annotation in schema.annotations() {
        to.u32(shared.strings.id(&annotation.name));
        to.u32(annotation.module.0);
        to.u32(shared.ty(&annotation.ty));
        to.u32(shared.strings.optional(annotation.units.as_ref()));
        to.u8(annotation.status as u8);
        optional_span(annotation.description, to);
        span(annotation.span, to);
    }
    Some(())
}

fn write_module<'s>(
    module: &'s Module,
    sources: &SourceMap,
    shared: &mut SharedWriter<'s>,
    to: &mut Writer,
) -> Option<()> {
    to.u32(shared.strings.id(&module.name));
    to.u32(shared.strings.optional(module.revision.as_ref()));
    to.u32(shared.strings.id(&module.namespace));
    to.u32(shared.strings.id(&module.prefix));
    to.bool(module.yang_1_1);
    to.bool(module.implemented);
    to.count(module.features.len());
    for feature in &module.features {
        to.u32(shared.strings.id(feature));
    }
    to.count(module.deviated_by.len());
    module.deviated_by.iter().for_each(|by| to.u32(by.0));
    to.count(module.submodules.len());
    for submodule in &module.submodules {
        to.u32(shared.strings.id(&submodule.name));
        to.u32(shared.strings.optional(submodule.revision.as_ref()));
        to.u32(sources.find(&submodule.text)?.0);
    }
    shared.extensions(&module.extensions, to);
    to.u32(sources.find(&module.text)?.0);
    Some(())
}

fn write_nodes<'s>(schema: &'s Schema, shared: &mut SharedWriter<'s>, to: &mut Writer) {
    let mut nodes = Writer::default();
    let mut links = Writer::default();
    for node in schema.arena() {
        shared.node(node, &mut nodes, &mut links);
    }
    to.bytes(&links.0);
    to.bytes(&nodes.0);
}

fn write_diagnostics(diagnostics: &[Diagnostic], to: &mut Writer) {
    let text = |text: Option<&str>, to: &mut Writer| {
        to.bool(text.is_some());
        to.bytes(text.unwrap_or("").as_bytes());
    };
    to.count(diagnostics.len());
    for diagnostic in diagnostics {
        to.bytes(diagnostic.code.as_bytes());
        to.bool(diagnostic.is_error());
        to.bytes(diagnostic.message.as_bytes());
        optional_span(diagnostic.primary, to);
        to.count(diagnostic.related.len());
        for (place, label) in &diagnostic.related {
            span(*place, to);
            to.bytes(label.as_bytes());
        }
        text(diagnostic.help.as_deref(), to);
        text(diagnostic.rfc, to);
    }
}
