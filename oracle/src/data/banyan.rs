//! Banyan: an edit makes a new tree, the old one is the snapshot.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use banyan_data::change::diff;
use banyan_data::document::{ParseOptions, PrintOptions};
use banyan_data::edit::Operation;
use banyan_data::{Tree, json, validate, xml, xpath};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use super::{ENTRY, Figures, MODEL, median, name};
use crate::measure::heap;

/// Edits whose median counts.
const EDITS: usize = 101;

pub fn measure(entries: usize) -> Result<(), String> {
    let schema = schema()?;
    let figures = Figures;
    let options = ParseOptions::default();
    let failed = |errors: Vec<banyan_data::DataError>| format!("{errors:?}");

    let text = super::json(entries);
    let tree = figures
        .timed("parse-json", || {
            json::parse_data(&schema, text.as_bytes(), &options)
        })
        .map_err(failed)?;
    drop((tree, text));
    let text = super::xml(entries);
    let before = heap();
    let tree = figures
        .timed("parse-xml", || {
            xml::parse_data(&schema, text.as_bytes(), &options)
        })
        .map_err(failed)?;
    figures.bytes("bytes", entries * ENTRY, before);

    let report = figures.timed("validate", || {
        validate::full(&tree, &validate::Options::default())
    });
    if !report.is_valid() {
        return Err(format!("{:?}", report.errors));
    }
    let mut out = Vec::with_capacity(text.len() * 2);
    figures
        .timed("print-xml", || {
            xml::print(&tree, &PrintOptions::default(), &mut out)
        })
        .map_err(|error| error.to_string())?;
    out.clear();
    figures
        .timed("print-json", || {
            json::print(&tree, &PrintOptions::default(), &mut out)
        })
        .map_err(|error| error.to_string())?;
    let snapshot = figures.timed("snapshot", || black_box(tree.clone()));
    one_leaf(&figures, &schema, &tree, entries)?;
    drop(snapshot);
    figures.timed("drop", || drop(tree));
    Ok(())
}

fn schema() -> Result<Arc<Schema>, String> {
    let mut source = MemorySource::new();
    source.add(MODEL);
    let compiled = Compiler::new(&source).implement("scale", None).compile();
    Ok(compiled.map_err(|error| error.to_string())?.schema)
}

/// The `mtu` of one interface after the other.
fn one_leaf(
    figures: &Figures,
    schema: &Arc<Schema>,
    tree: &Tree,
    entries: usize,
) -> Result<(), String> {
    let before = heap();
    let base = figures.timed("index", || {
        validate::Indexes::of(tree, validate::Mounts::Validate)
    });
    figures.bytes("index-bytes", entries * ENTRY, before);
    let mut times = [const { Vec::new() }; 4];
    for round in 0..EDITS {
        let text = format!(
            "<interfaces xmlns=\"urn:scale\"><interface><name>{}</name><mtu>1400</mtu></interface></interfaces>",
            name(round * 7919 % entries)
        );
        let options = ParseOptions::default();
        let edit = xml::parse_edit(schema, text.as_bytes(), Operation::Merge, &options)
            .map_err(|errors| format!("{errors:?}"))?;
        let start = Instant::now();
        let after = edit.apply(tree).map_err(|error| error.to_string())?;
        let edited = start.elapsed();
        let changes = diff(tree, &after);
        let compared = start.elapsed();
        let indexes = base.after(tree, &after);
        let settled = validate::settle(&changes, &after, &indexes, xpath::DEFAULT_BUDGET);
        let (indexes, options) = (&settled.indexes, validate::Options::default());
        let report = validate::changed(&changes, &after, indexes, &options);
        let validated = start.elapsed();
        if !report.is_valid() || !settled.removed.is_empty() {
            return Err(format!("{:?}", report.errors));
        }
        for (times, time) in
            times
                .iter_mut()
                .zip([edited, compared - edited, validated - compared, validated])
        {
            times.push(time);
        }
    }
    for (figure, times) in ["edit", "diff", "revalidate", "one-leaf"].iter().zip(times) {
        figures.time(figure, median(times));
    }
    Ok(())
}
