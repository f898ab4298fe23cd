//! Diagrams of published modules are those of `pyang -f tree`.
//!
//! `tests/jury/pyang-tree.tsv` holds the hashes of what pyang printed; `tests/jury/pyang_tree.py` makes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use banyan_yang::compile::{MemorySource, ModuleText};
use banyan_yang::head::{Head, newest_revision};
use banyan_yang::tree::{TreeModules, TreeOptions};
use sha2::{Digest, Sha256};

use crate::shared;

const TABLE: &str = include_str!("../../../../tests/jury/pyang-tree.tsv");
/// Says where pyang is wrong, and why.
const LEDGER: &str = include_str!("../../../../docs/yang-ledger.md");

/// The modules that the ledger lets be drawn in another way.
fn ledger() -> BTreeSet<&'static str> {
    LEDGER
        .lines()
        .skip_while(|line| *line != "## Tree diagrams")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"))
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|modules| modules.split('`').skip(1).step_by(2))
        .collect()
}

/// One line of the table.
struct Row<'t> {
    folder: &'t str,
    module: &'t str,
    text: &'t str,
    /// By the names of the columns.
    diagrams: BTreeMap<&'t str, &'t str>,
}

fn rows() -> Vec<Row<'static>> {
    let mut lines = TABLE.lines();
    let version = lines.next().unwrap_or("");
    assert!(version.starts_with("# pyang "), "{version}");
    let columns: Vec<&str> = lines.next().unwrap_or("").split('\t').skip(3).collect();
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), columns.len() + 3, "{line}");
            Row {
                folder: fields[0],
                module: fields[1],
                text: fields[2],
                diagrams: columns
                    .iter()
                    .copied()
                    .zip(fields[3..].iter().copied())
                    .collect(),
            }
        })
        .collect()
}

/// What pyang was asked for, by column.
fn options() -> Vec<(&'static str, TreeOptions)> {
    vec![
        ("plain", TreeOptions::default()),
        (
            "wide",
            TreeOptions {
                line_length: Some(69),
                groupings: true,
                yang_data: true,
                structures: true,
                module_names: true,
                ..TreeOptions::default()
            },
        ),
        (
            "short",
            TreeOptions {
                depth: Some(3),
                keep_uses: true,
                groupings: true,
                line_length: Some(50),
                ..TreeOptions::default()
            },
        ),
    ]
}

fn hash(text: &[u8]) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// All modules of the folders, as pyang finds them (each revision for itself), and what each text holds, by its hash.
fn source(models: &Path) -> (MemorySource, BTreeMap<String, (String, String)>) {
    let mut source = MemorySource::new();
    let mut by_hash = BTreeMap::new();
    for (path, text) in shared::texts(models, &["ietf", "iana", "openconfig"]) {
        let Some(head) = Head::of(&text) else {
            continue;
        };
        let stem = Path::new(&path).file_stem().and_then(|stem| stem.to_str());
        let revision = match stem.and_then(|stem| stem.split_once('@')) {
            Some((_, revision)) => revision.to_owned(),
            None => newest_revision(&text).unwrap_or_default(),
        };
        by_hash.insert(hash(text.as_bytes()), (head.name.clone(), revision.clone()));
        let text = ModuleText {
            origin: path.into(),
            text: text.into(),
        };
        source.insert(&head.name, &revision, text);
    }
    (source, by_hash)
}

/// How the diagrams of one module differ from those of pyang.
fn differences(
    row: &Row<'_>,
    source: &MemorySource,
    by_hash: &BTreeMap<String, (String, String)>,
    ledger: &BTreeSet<&str>,
) -> Vec<String> {
    let name = format!("{}/{}", row.folder, row.module);
    let Some((module, revision)) = by_hash.get(row.text) else {
        return vec![format!("{name} has changed: run tests/jury/pyang_tree.py")];
    };
    let revision = (!revision.is_empty()).then_some(revision.as_str());
    let modules = TreeModules::read(source, &[(module, revision)]);
    let mut wrong = Vec::new();
    for (column, options) in options() {
        let diagram = modules.draw(&options);
        let hash = hash(diagram.text.as_bytes());
        let equal = row.diagrams.get(column) == Some(&hash.as_str());
        match (equal, ledger.contains(name.as_str())) {
            (false, false) => wrong.push(format!("{name} is not drawn as pyang does ({column})")),
            (true, true) => wrong.push(format!("{name} needs no line in the ledger ({column})")),
            _ => {}
        }
    }
    wrong
}

#[test]
fn diagrams_of_all_published_modules_are_those_of_pyang() {
    let Some(models) = shared::models("diagrams_of_all_published_modules_are_those_of_pyang")
    else {
        return;
    };
    let (source, by_hash) = source(&models);
    let (rows, ledger) = (rows(), ledger());
    let unknown = ledger.iter().filter(|name| {
        !rows
            .iter()
            .any(|row| format!("{}/{}", row.folder, row.module) == **name)
    });
    assert_eq!(
        unknown.count(),
        0,
        "the ledger names modules that are not there"
    );
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                let rows = rows.iter().skip(first).step_by(threads);
                let (source, by_hash, ledger) = (&source, &by_hash, &ledger);
                scope.spawn(move || {
                    rows.flat_map(|row| differences(row, source, by_hash, ledger))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let found = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        found.collect()
    });
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
