//! libyang: all modules are loaded first, and compiled once.

use std::borrow::Cow;

use yang5::context::{Context, ContextFlags};
use yang5::logging::LogCallback;

use crate::measure::{Measurement, Stopwatch};
use crate::sets::Set;

/// `LY_CTX_EXPLICIT_COMPILE`, which the crate sets for [`Context::load_modules`] only.
const EXPLICIT_COMPILE: u32 = 0x80;

pub fn compile(set: &Set) -> Result<Measurement, String> {
    let stopwatch = Stopwatch::start();
    let context = load(set)?;
    let modules = context
        .modules(false)
        .filter(|module| module.is_implemented())
        .count();
    let measurement = stopwatch.stop(modules, 0);
    let nodes = context.traverse().count();
    Ok(Measurement {
        nodes,
        ..measurement
    })
}

/// Loads what libyang accepts; what it refuses is named on standard error, and the others go on without it.
fn load(set: &Set) -> Result<Context, String> {
    let failed = |error: yang5::Error| format!("{error:?}");
    let mut context = Context::new(
        ContextFlags::NO_YANGLIBRARY
            | ContextFlags::DISABLE_SEARCHDIR_CWD
            | ContextFlags::REF_IMPLEMENTED,
    )
    .map_err(failed)?;
    // Refused if set already, which cannot be: there is one context in a process.
    let _ = context.init_logger(Complaints);
    for directory in &set.directories {
        context.set_searchdir(directory).map_err(failed)?;
    }
    context
        .set_options(ContextFlags::from_bits_retain(EXPLICIT_COMPILE))
        .map_err(failed)?;
    for wanted in &set.wanted {
        let features: Vec<&str> = match &wanted.features {
            None => vec!["*"],
            Some(features) => features.iter().map(String::as_str).collect(),
        };
        if let Err(error) = context.load_module(&wanted.name, None, &features) {
            eprintln!("libyang refuses {}: {error}", wanted.name);
        }
    }
    // With nothing more to load, this compiles all that was loaded.
    context.load_modules(&[]).map_err(failed)?;
    Ok(context)
}

/// What libyang says, on standard error.
struct Complaints;

impl LogCallback for Complaints {
    fn log<'a>(
        &'a self,
        level: u32,
        message: Option<Cow<'a, str>>,
        _data_path: Option<Cow<'a, str>>,
        schema_path: Option<Cow<'a, str>>,
        _line: u64,
    ) {
        if level == 0 {
            let (message, path) = (message.unwrap_or_default(), schema_path.unwrap_or_default());
            eprintln!("libyang: {message} {path}");
        }
    }
}
