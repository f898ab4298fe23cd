//! Banyan, in lenient mode as for a device.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use banyan_data::cores::Cores;
use banyan_yang::cache::{Miss, Storage};
use banyan_yang::compile::{
    Compiled, Compiler, Features, Mode, ModuleSource, ModuleText, SourceError,
};
use banyan_yang::diagnostic::Diagnostics;
use banyan_yang::parse::parse;
use banyan_yang::schema::Schema;
use banyan_yang::source::SourceMap;

use crate::measure::{Measurement, Stopwatch};
use crate::sets::Set;

impl ModuleSource for Set {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        let revisions = self.files.get(name).ok_or(SourceError::NotFound)?;
        let path = match revision {
            Some(revision) => revisions.get(revision),
            None => revisions.values().next_back(),
        };
        let path = path.ok_or(SourceError::NotFound)?;
        let text = std::fs::read_to_string(path)
            .map_err(|error| SourceError::Unreadable(format!("{}: {error}", path.display())))?;
        Ok(ModuleText {
            origin: Arc::from(path.display().to_string()),
            text: Arc::from(text),
        })
    }
}

pub fn compile(set: &Set) -> Result<Measurement, String> {
    Ok(measured(set)?.0)
}

/// Also how many statements the modules have, imported ones and submodules counted.
pub fn compile_and_count(set: &Set) -> Result<(Measurement, usize), String> {
    let (measurement, schema) = measured(set)?;
    let mut statements = 0;
    for (_, module) in schema.modules() {
        let submodules = module.submodules.iter().map(|submodule| &submodule.text);
        for text in std::iter::once(&module.text).chain(submodules) {
            let mut sources = SourceMap::new();
            let source = sources
                .add("", text.clone())
                .map_err(|error| error.to_string())?;
            statements += parse(&sources, source, &mut Diagnostics::new()).len();
        }
    }
    Ok((measurement, statements))
}

/// How long compiling a set takes, and loading it once it is kept, in milliseconds; and the bytes that are kept.
pub fn compile_and_load(set: &Set) -> Result<(f64, f64, usize), String> {
    let plain = measured(set)?.0;
    let kept = Kept::default();
    let through = |kept: &Kept| {
        let compiled = compiler(set).compile_through(kept);
        compiled.map_err(|error| error.to_string())
    };
    drop(through(&kept)?);
    let stopwatch = Stopwatch::start();
    let loaded = through(&kept)?;
    let loading = stopwatch.stop(0, 0);
    drop(loaded);
    let files = kept.0.borrow();
    let hits = kept.1.get();
    match (files.values().next(), hits) {
        (Some(bytes), 1) => Ok((plain.milliseconds, loading.milliseconds, bytes.len())),
        _ => Err(format!("the set was read {hits} times from what is kept")),
    }
}

/// A cache in memory, which counts what it gave.
#[derive(Default)]
struct Kept(RefCell<HashMap<String, Vec<u8>>>, Cell<usize>);

impl Storage for Kept {
    fn read(&self, key: &str) -> Option<Vec<u8>> {
        let found = self.0.borrow().get(key).cloned();
        self.1.set(self.1.get() + usize::from(found.is_some()));
        found
    }

    fn write(&self, key: &str, bytes: &[u8]) {
        self.0.borrow_mut().insert(key.to_owned(), bytes.to_vec());
    }

    fn missed(&self, key: &str, miss: &Miss) {
        eprintln!("{key}: {miss}");
    }
}

fn compiler(set: &Set) -> Compiler<'_> {
    let mut compiler = Compiler::new(set).workers(&Cores).mode(Mode::Lenient);
    for wanted in &set.wanted {
        compiler = compiler.implement(&wanted.name, None);
        if let Some(features) = &wanted.features {
            compiler = compiler.features(&wanted.name, Features::Only(features.clone()));
        }
    }
    compiler
}

fn measured(set: &Set) -> Result<(Measurement, Arc<Schema>), String> {
    let stopwatch = Stopwatch::start();
    let Compiled {
        schema,
        diagnostics,
    } = compiler(set).compile().map_err(|error| error.to_string())?;
    let implemented = schema
        .modules()
        .filter(|(_, module)| module.implemented)
        .count();
    let nodes = schema.nodes().len();
    drop(diagnostics);
    Ok((stopwatch.stop(implemented, nodes), schema))
}
