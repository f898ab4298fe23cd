//! Our strict verdict on single modules, and the hand-made ones that each break one rule. tests/peers/test_jury.py puts
//! the same modules before pyang and yanglint.

use std::path::{Path, PathBuf};

use banyan_yang::compile::{Compiler, MemorySource, ModuleSource, ModuleText, SourceError};

use crate::shared;

/// A path of this repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// The pool of all modules, but one text of it is another: the one that is judged.
pub struct Judged<'p> {
    pub pool: &'p MemorySource,
    pub name: &'p str,
    pub revision: &'p str,
    pub text: ModuleText,
}

impl ModuleSource for Judged<'_> {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        if name == self.name && revision.unwrap_or("") == self.revision {
            return Ok(self.text.clone());
        }
        self.pool.find(name, revision)
    }
}

/// Nothing if strict mode accepts the module, else its errors in one line each.
pub fn errors(source: &dyn ModuleSource, name: &str, revision: &str) -> Vec<String> {
    let revision = Some(revision).filter(|revision| !revision.is_empty());
    match Compiler::new(source).implement(name, revision).compile() {
        Ok(_) => Vec::new(),
        Err(refused) => refused
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
            .map(|diagnostic| diagnostic.one_line(&refused.sources))
            .collect(),
    }
}

/// The second line of a hand-made module: `// pyang: refused, yanglint: ok, banyan: CODE`.
fn expected_code(text: &str) -> Option<&str> {
    let head = text.lines().nth(1)?.strip_prefix("// pyang: ")?;
    head.split(", ")
        .find_map(|verdict| verdict.strip_prefix("banyan: "))
        .filter(|code| !code.is_empty())
}

#[test]
fn each_hand_made_module_is_refused_for_the_rule_that_it_breaks() {
    let directory = in_repository("tests/jury/bad");
    let mut pool = MemorySource::new();
    for (path, text) in shared::texts(&directory, &["with"]) {
        let (name, revision, _) = shared::identify(&text);
        let text = ModuleText {
            origin: path.into(),
            text: text.into(),
        };
        pool.insert(&name, &revision, text);
    }
    let modules = shared::texts(&directory, &["."]);
    assert!(modules.len() >= 80, "only {} modules", modules.len());
    let mut wrong = Vec::new();
    for (path, text) in &modules {
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        let source = Judged {
            pool: &pool,
            name,
            revision: "",
            text: ModuleText {
                origin: name.into(),
                text: text.as_str().into(),
            },
        };
        let found = errors(&source, name, "");
        let expected = expected_code(text).map(|code| format!("error[{code}]"));
        if !expected.is_some_and(|code| found.iter().any(|error| error.contains(&code))) {
            wrong.push(format!(
                "{name}: expected {:?}, found {found:#?}",
                expected_code(text)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
