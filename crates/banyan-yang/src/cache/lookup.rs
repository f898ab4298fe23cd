//! What a compilation asked its source for, and whether the source would answer the same today.

use std::sync::Arc;

use super::Miss;
use super::bytes::{Reader, Writer};
use crate::compile::{Lookup, ModuleSource, ModuleText, SourceError};
use crate::source::SourceMap;

const FOUND: u8 = 0;
const NOT_FOUND: u8 = 1;
const UNREADABLE: u8 = 2;

/// Whether the texts of a schema are those of the look-ups, in their order: then ids of sources need not be written.
pub(super) fn are_the_sources(lookups: &[Lookup], sources: &SourceMap) -> bool {
    let found = lookups
        .iter()
        .filter_map(|lookup| lookup.answer.as_ref().ok());
    let texts = found.map(|found| &*found.text);
    texts.eq(sources.ids().map(|id| sources.text(id)))
}

/// The look-ups go into the body, the texts behind it.
pub(super) fn write(lookups: &[Lookup], body: &mut Writer, texts: &mut Vec<u8>) {
    body.count(lookups.len());
    for lookup in lookups {
        body.bytes(lookup.name.as_bytes());
        body.bytes(lookup.revision.as_deref().unwrap_or("").as_bytes());
        match &lookup.answer {
            Ok(found) => {
                body.u8(FOUND);
                body.count(found.text.len());
                texts.extend_from_slice(found.text.as_bytes());
            }
            Err(SourceError::NotFound) => body.u8(NOT_FOUND),
            Err(SourceError::Unreadable(reason)) => {
                body.u8(UNREADABLE);
                body.bytes(reason.as_bytes());
            }
        }
    }
}

/// Asks the source again. The names that messages show for texts are those that it gives today.
pub(super) fn read(
    body: &mut Reader<'_>,
    mut texts: Reader<'_>,
    source: &dyn ModuleSource,
) -> Result<SourceMap, Miss> {
    let mut sources = SourceMap::new();
    for _ in 0..body.count()? {
        let name = body.text()?;
        let revision = Some(body.text()?).filter(|revision| !revision.is_empty());
        let found = source.find(name, revision);
        let changed = || Miss::Changed(name.to_owned());
        match body.u8()? {
            FOUND => {
                let length = body.u32()? as usize;
                let before = texts.take(length)?;
                let ModuleText { origin, text } = found.map_err(|_| changed())?;
                if text.as_bytes() != before {
                    return Err(changed());
                }
                let added: Result<_, _> = sources.add(origin, Arc::clone(&text));
                added.map_err(|_| changed())?;
            }
            NOT_FOUND if found == Err(SourceError::NotFound) => {}
            NOT_FOUND => return Err(changed()),
            UNREADABLE => {
                let reason = body.text()?.to_owned();
                if found != Err(SourceError::Unreadable(reason)) {
                    return Err(changed());
                }
            }
            _ => return Err(Miss::Damaged),
        }
    }
    if !texts.0.is_empty() {
        return Err(Miss::Damaged);
    }
    Ok(sources)
}
