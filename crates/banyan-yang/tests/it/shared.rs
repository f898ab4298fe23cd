//! The published models: test input that lies outside of the repository.

use std::path::PathBuf;

use banyan_yang::compile::{MemorySource, ModuleText};
use banyan_yang::diagnostic::Diagnostics;
use banyan_yang::parse::parse;
use banyan_yang::source::SourceMap;
use banyan_yang::statement::Keyword;

/// The folder with the models, or `None` after saying that it is absent.
pub fn models(test: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("BANYAN_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let models = shared.join("models");
    if !models.is_dir() {
        println!(
            "skipped: {test}: {} is absent (set BANYAN_SHARED)",
            models.display()
        );
        return None;
    }
    Some(models)
}

/// The texts of all YANG files in these folders, by path, in the order of their names.
pub fn texts(models: &std::path::Path, folders: &[&str]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(models.join(folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yang")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                texts.push((path.display().to_string(), text));
            }
        }
    }
    texts.sort();
    texts
}

/// A source over some folders of the models; file names tell names and revisions.
pub fn source(models: &std::path::Path, folders: &[&str]) -> MemorySource {
    let mut source = MemorySource::new();
    for (path, text) in texts(models, folders) {
        let stem = path
            .rsplit('/')
            .next()
            .unwrap_or("")
            .trim_end_matches(".yang");
        let (name, revision) = stem.split_once('@').unwrap_or((stem, ""));
        let text = ModuleText {
            origin: path.as_str().into(),
            text: text.into(),
        };
        source.insert(name, revision, text);
    }
    source
}

/// The name and the newest revision that a text states (empty for none), and whether it is a module, not a submodule.
pub fn identify(text: &str) -> (String, String, bool) {
    let mut sources = SourceMap::new();
    let source = sources.add("", text).unwrap();
    let tree = parse(&sources, source, &mut Diagnostics::new());
    let root = tree.root().unwrap();
    let revision = tree
        .children_of(root, Keyword::Revision)
        .map(|revision| tree.name(revision))
        .filter(|revision| {
            revision
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
        })
        .max()
        .unwrap_or("");
    let is_module = tree.keyword(root) == Keyword::Module;
    (tree.name(root).to_owned(), revision.to_owned(), is_module)
}
