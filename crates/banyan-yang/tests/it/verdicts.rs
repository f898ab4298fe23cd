//! Our strict verdict on each published module is the jury's, or `docs/yang-ledger.md` says why not. The jury is pyang
//! and yanglint; `make jury` records what they say in `tests/jury/verdicts.tsv`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use banyan_yang::compile::{MemorySource, ModuleSource, ModuleText};
use sha2::{Digest, Sha256};

use crate::jury::{Judged, errors, in_repository};
use crate::shared;

/// What the three say of one module, as a row of the ledger has it: accepted or refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Verdicts {
    pyang: bool,
    yanglint: bool,
    banyan: bool,
}

impl Verdicts {
    fn agree(self) -> bool {
        self.pyang == self.yanglint && self.yanglint == self.banyan
    }

    fn cells(self) -> String {
        let word = |accepted| if accepted { "ok" } else { "refused" };
        let Verdicts {
            pyang,
            yanglint,
            banyan,
        } = self;
        format!("{} | {} | {}", word(pyang), word(yanglint), word(banyan))
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Module and revision of `folder/module@revision`.
fn name_and_revision(key: &str) -> (&str, &str) {
    let file = key.split_once('/').map_or(key, |(_, file)| file);
    file.split_once('@').unwrap_or((file, ""))
}

/// A line of `verdicts.tsv`.
struct Recorded<'t> {
    key: &'t str,
    sha256: &'t str,
    pyang: &'t str,
    yanglint: &'t str,
}

fn recorded(text: &str) -> Vec<Recorded<'_>> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            let [key, sha256, pyang, yanglint] = cells[..] else {
                panic!("verdicts.tsv: not four columns: {line}");
            };
            Recorded {
                key,
                sha256,
                pyang,
                yanglint,
            }
        })
        .collect()
}

/// The rows of the table of verdicts in the ledger, by module; each must name the rule and say why.
fn ledger(text: &str) -> BTreeMap<String, Verdicts> {
    let verdict = |cell: &str, row: &str| match cell {
        "ok" => true,
        "refused" => false,
        _ => panic!("ledger: a verdict is `ok` or `refused`: {row}"),
    };
    let mut entries = BTreeMap::new();
    let rows = text
        .lines()
        .skip_while(|line| *line != "## Verdicts")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"));
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [modules, pyang, yanglint, banyan, settled, why] = cells[..] else {
            panic!("ledger: not six columns: {row}");
        };
        assert!(
            names_a_section(settled) && why.len() > 20,
            "ledger: which section settles it, and why: {row}"
        );
        let verdicts = Verdicts {
            pyang: verdict(pyang, row),
            yanglint: verdict(yanglint, row),
            banyan: verdict(banyan, row),
        };
        for module in modules.split('`').skip(1).step_by(2) {
            let before = entries.insert(module.to_owned(), verdicts);
            assert!(before.is_none(), "ledger: {module} is listed twice");
        }
    }
    entries
}

/// `RFC 7950 7.8.2`
fn names_a_section(text: &str) -> bool {
    let mut words = text.split([' ', ',']);
    words.next() == Some("RFC")
        && words
            .next()
            .is_some_and(|number| number.parse::<u16>().is_ok())
        && words
            .next()
            .is_some_and(|section| section.split('.').all(|part| part.parse::<u8>().is_ok()))
}

/// The published texts by `folder/module@revision`; submodules are only in the pool.
fn published(models: &Path) -> (MemorySource, BTreeMap<String, String>) {
    let mut pool = MemorySource::new();
    let mut modules = BTreeMap::new();
    for folder in ["ietf", "iana", "openconfig"] {
        for (path, text) in shared::texts(models, &[folder]) {
            let (name, revision, is_module) = shared::identify(&text);
            let file = match revision.as_str() {
                "" => name.clone(),
                revision => format!("{name}@{revision}"),
            };
            if is_module {
                modules.insert(format!("{folder}/{file}"), text.clone());
            }
            // Of equal names and revisions the first folder's, as in jury.py.
            if pool.find(&name, Some(&revision)).is_err() {
                let text = ModuleText {
                    origin: path.into(),
                    text: text.into(),
                };
                pool.insert(&name, &revision, text);
            }
        }
    }
    (pool, modules)
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[test]
fn the_verdict_on_each_published_module_is_the_jurys_or_the_ledger_says_why() {
    let Some(models) =
        shared::models("the_verdict_on_each_published_module_is_the_jurys_or_the_ledger_says_why")
    else {
        return;
    };
    let recorded_text = read(&in_repository("tests/jury/verdicts.tsv"));
    let recorded = recorded(&recorded_text);
    let ledger = ledger(&read(&in_repository("docs/yang-ledger.md")));
    let (pool, modules) = published(&models);

    let mut wrong = Vec::new();
    for key in modules.keys() {
        if !recorded.iter().any(|row| row.key == key) {
            wrong.push(format!("{key}: the jury has not seen it: run `make jury`"));
        }
    }
    for key in ledger.keys() {
        if !recorded.iter().any(|row| row.key == key) {
            wrong.push(format!(
                "{key}: the ledger lists what the jury has not seen"
            ));
        }
    }

    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let judge_the_next = || {
        while let Some(row) = recorded.get(next.fetch_add(1, Ordering::Relaxed)) {
            let verdict = compare(row, modules.get(row.key), &pool, &ledger);
            found.lock().unwrap().extend(verdict);
        }
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..workers {
            scope.spawn(judge_the_next);
        }
    });
    wrong.extend(found.into_inner().unwrap());
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        recorded.len(),
        wrong.join("\n")
    );
}

/// What is wrong with the verdict on one module.
fn compare(
    row: &Recorded<'_>,
    text: Option<&String>,
    pool: &MemorySource,
    ledger: &BTreeMap<String, Verdicts>,
) -> Option<String> {
    let key = row.key;
    let Some(text) = text else {
        return Some(format!("{key}: recorded, but there is no such module"));
    };
    if sha256(text) != row.sha256 {
        return Some(format!(
            "{key}: its text has changed since the jury saw it: run `make jury`"
        ));
    }
    let (name, revision) = name_and_revision(key);
    let text = ModuleText {
        origin: key.into(),
        text: text.as_str().into(),
    };
    let source = Judged {
        pool,
        name,
        revision,
        text,
    };
    let errors = errors(&source, name, revision);
    let verdicts = Verdicts {
        pyang: row.pyang == "ok",
        yanglint: row.yanglint == "ok",
        banyan: errors.is_empty(),
    };
    let said = format!(
        "{key}: {} (pyang, yanglint, banyan)\n  pyang: {}\n  yanglint: {}\n  banyan: {}",
        verdicts.cells(),
        row.pyang,
        row.yanglint,
        errors.first().map_or("ok", String::as_str)
    );
    match ledger.get(key) {
        Some(listed) if *listed == verdicts && !verdicts.agree() => None,
        Some(_) if verdicts.agree() => Some(format!("{key}: listed in the ledger, but all agree")),
        Some(listed) => Some(format!("{said}\n  the ledger has: {}", listed.cells())),
        None if verdicts.agree() => None,
        None => Some(said),
    }
}
