//! The published models: test input that lies outside of the repository.

use std::path::PathBuf;

use banyan_yang::compile::{MemorySource, ModuleText};

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
