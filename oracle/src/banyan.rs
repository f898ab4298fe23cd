//! Banyan, in lenient mode as for a device.

use std::sync::Arc;

use banyan_data::cores::Cores;
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

fn measured(set: &Set) -> Result<(Measurement, Arc<Schema>), String> {
    let stopwatch = Stopwatch::start();
    let mut compiler = Compiler::new(set).workers(&Cores).mode(Mode::Lenient);
    for wanted in &set.wanted {
        compiler = compiler.implement(&wanted.name, None);
        if let Some(features) = &wanted.features {
            compiler = compiler.features(&wanted.name, Features::Only(features.clone()));
        }
    }
    let Compiled {
        schema,
        diagnostics,
    } = compiler.compile().map_err(|error| error.to_string())?;
    let implemented = schema
        .modules()
        .filter(|(_, module)| module.implemented)
        .count();
    let nodes = schema.nodes().len();
    drop(diagnostics);
    Ok((stopwatch.stop(implemented, nodes), schema))
}
