//! Bytes to a compiled set, if they still hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bytes::{Reader, checksum};
use super::nodes::status;
use super::shared::{Extents, Shared, entry, read_optional_span, read_span};
use super::strings::rule;
use super::{FORMAT, MAGIC, Miss, lookup};
use crate::compile::{Compiled, ModuleSource};
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema::{Annotation, Identity, Module, SchemaParts, Submodule};
use crate::source::{SourceId, SourceMap};

/// The compiled set that [`super::encode`] wrote for this key, if `source` still answers every look-up as it did. Equal in
/// all to what compiling would give. Linear.
///
/// # Errors
/// A [`Miss`]: compile the set.
pub fn decode(bytes: &[u8], key: &str, source: &dyn ModuleSource) -> Result<Compiled, Miss> {
    let mut file = Reader(bytes);
    if file.take(MAGIC.len())? != MAGIC {
        return Err(Miss::Damaged);
    }
    if file.u64()? != FORMAT {
        return Err(Miss::Version);
    }
    let sum = file.u64()?;
    let length = usize::try_from(file.u64()?).map_err(|_| Miss::Damaged)?;
    let mut body = Reader(file.take(length)?);
    if checksum(body.0) != sum {
        return Err(Miss::Damaged);
    }
    if body.text()? != key {
        return Err(Miss::Request);
    }
    let sources = lookup::read(&mut body, file, source)?;
    let extents = Extents::read(&mut body)?;
    let shared = Shared::read(extents, &mut body)?;
    schema(&shared, sources, body)
}

fn schema(shared: &Shared, sources: SourceMap, mut body: Reader<'_>) -> Result<Compiled, Miss> {
    let body = &mut body;
    let extents = shared.extents;
    let modules = times(extents.modules, body, |body| module(shared, &sources, body))?;
    let identities = times(extents.identities, body, |body| {
        Ok(Identity {
            name: shared.strings.next(body)?,
            module: shared.module(body)?,
            ancestors: body.items(|body| shared.identity(body))?,
            status: status(body.u8()?)?,
            usable: body.bool()?,
        })
    })?;
    let annotations = body.items(|body| {
        Ok(Annotation {
            name: shared.strings.next(body)?,
            module: shared.module(body)?,
            ty: entry(&shared.types, body)?,
            units: shared.strings.next_optional(body)?,
            status: status(body.u8()?)?,
            description: read_optional_span(body)?,
            span: read_span(body)?,
        })
    })?;
    let mut links = Reader(body.bytes()?);
    let mut records = Reader(body.bytes()?);
    let nodes = shared.read_nodes(&mut records, &mut links)?;
    let diagnostics = body.items(diagnostic)?;
    let digest = body.take(32)?.try_into().map_err(|_| Miss::Damaged)?;
    let is_read = body.0.is_empty() && links.0.is_empty() && records.0.is_empty();
    if !is_read || nodes.is_empty() {
        return Err(Miss::Damaged);
    }
    let parts = SchemaParts {
        modules,
        nodes,
        identities,
        annotations,
        digest,
        sources: Arc::new(sources),
    };
    Ok(Compiled {
        schema: parts.assemble(),
        diagnostics,
    })
}

fn times<T>(
    count: u32,
    body: &mut Reader<'_>,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, Miss>,
) -> Result<Vec<T>, Miss> {
    (0..count).map(|_| item(body)).collect()
}

fn module(shared: &Shared, sources: &SourceMap, body: &mut Reader<'_>) -> Result<Module, Miss> {
    let strings = &shared.strings;
    let text = |body: &mut Reader<'_>| {
        let text = sources.shared_text(SourceId(body.u32()?));
        text.ok_or(Miss::Damaged)
    };
    Ok(Module {
        name: strings.next(body)?,
        revision: strings.next_optional(body)?,
        namespace: strings.next(body)?,
        prefix: strings.next(body)?,
        yang_1_1: body.bool()?,
        implemented: body.bool()?,
        features: BTreeSet::from_iter(body.items(|body| strings.next(body))?),
        deviated_by: body.items(|body| shared.module(body))?,
        submodules: body.items(|body| {
            Ok(Submodule {
                name: strings.next(body)?,
                revision: strings.next_optional(body)?,
                text: text(body)?,
            })
        })?,
        extensions: shared.read_extensions(body)?,
        text: text(body)?,
    })
}

fn diagnostic(body: &mut Reader<'_>) -> Result<Diagnostic, Miss> {
    Ok(Diagnostic {
        code: rule(body.text()?)?,
        severity: match body.bool()? {
            true => Severity::Error,
            false => Severity::Warning,
        },
        message: body.text()?.to_owned(),
        primary: read_optional_span(body)?,
        related: body.items(|body| Ok((read_span(body)?, body.text()?.to_owned())))?,
        help: optional_text(body)?.map(str::to_owned),
        rfc: optional_text(body)?.map(rule).transpose()?,
    })
}

fn optional_text<'b>(body: &mut Reader<'b>) -> Result<Option<&'b str>, Miss> {
    let is_there = body.bool()?;
    let text = body.text()?;
    Ok(Some(text).filter(|_| is_there))
}
