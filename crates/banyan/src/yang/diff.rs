//! `banyan yang diff`: what changed between two revisions, and what of it the rules for updating a module forbid.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use banyan_yang::schema::{ModuleId, Schema};
use banyan_yang::update::{Comparison, compare, compare_modules};
use clap::Args;

use super::check::ReportFormat;
use super::diff_report::{Report, Sides};
use super::modules::{Loaded, ModuleOptions};
use super::{YangError, print};

/// `banyan yang diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The older revision: a file, `name@revision` or `name` of a module on the path, or a directory.
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The newer revision, named in the same ways.
    #[arg(value_name = "NEW")]
    pub new: String,
    /// A directory to look for modules in; may be repeated. Modules beside OLD and NEW and those that banyan brings
    /// are found anyway.
    #[arg(long, short = 'p', value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// Only these features of a module are on, on both sides: `M:F,G`, or `M:` for none; all are on where nothing is
    /// said.
    #[arg(long, short = 'F', value_name = "M:F,...")]
    pub feature: Vec<String>,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
    /// Show texts for people that changed too, and each use of a typedef or grouping that changed.
    #[arg(long)]
    pub all: bool,
}

/// Runs it. Exit status: 0 nothing forbidden, 1 something forbidden or not shown to be allowed, 2 usage and files.
pub fn run(diff: Diff) -> Result<ExitCode, YangError> {
    let old = Revision::load(&diff.old, &diff)?;
    let new = Revision::load(&diff.new, &diff)?;
    let comparison = compared(&old, &new)?;
    let report = Report {
        comparison: &comparison,
        sides: Sides {
            old: old.schema.sources(),
            new: new.schema.sources(),
        },
        all: diff.all,
    };
    print(&match diff.format {
        ReportFormat::Text => report.text(&old.title(), &new.title()),
        ReportFormat::Json => report.json(&old.title(), &new.title()),
    })?;
    Ok(match comparison.is_allowed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// One of the two sides.
struct Revision {
    argument: String,
    schema: std::sync::Arc<Schema>,
    modules: Vec<ModuleId>,
    is_set: bool,
}

impl Revision {
    fn load(argument: &str, diff: &Diff) -> Result<Revision, YangError> {
        let options = ModuleOptions {
            path: diff.path.clone(),
            feature: diff.feature.clone(),
            // Published modules have faults, and can be compared all the same.
            lenient: true,
            ..ModuleOptions::default()
        };
        let loaded = options.load(&[argument.to_owned()])?;
        let schema = match &loaded.outcome {
            Ok(compiled) => compiled.schema.clone(),
            Err(error) => return Err(YangError::Usage(error.to_string())),
        };
        let modules = loaded.modules(&schema);
        let revision = Revision {
            argument: argument.to_owned(),
            is_set: Path::new(argument).is_dir(),
            modules,
            schema,
        };
        revision.check(&loaded)?;
        revision.tell_errors(&loaded);
        Ok(revision)
    }

    /// What was asked for has to be there: another revision in its place would give a wrong answer.
    fn check(&self, loaded: &Loaded) -> Result<(), YangError> {
        if !self.modules.is_empty() {
            return Ok(());
        }
        let (found, sources) = loaded.diagnostics();
        let first = found.iter().find(|diagnostic| diagnostic.is_error());
        Err(YangError::Usage(match first {
            Some(error) => format!(
                "{} cannot be compared:\n{}",
                self.argument,
                error.render(sources)
            ),
            None => format!("there is no module in {}", self.argument),
        }))
    }

    fn tell_errors(&self, loaded: &Loaded) {
        let (found, sources) = loaded.diagnostics();
        let errors: Vec<_> = found.iter().filter(|found| found.is_error()).collect();
        if let Some(first) = errors.first() {
            eprintln!(
                "{} has {} error{}, and what they concern is not compared; `banyan yang check` shows them. The first:\n  {}",
                self.argument,
                errors.len(),
                if errors.len() == 1 { "" } else { "s" },
                first.one_line(sources)
            );
        }
    }

    /// `name@revision (file)`.
    fn title(&self) -> String {
        match (&*self.modules, self.is_set) {
            ([module], false) => {
                let module = self.schema.module(*module);
                let revision = module.revision.as_deref().map(|date| format!("@{date}"));
                let name = format!("{}{}", module.name, revision.unwrap_or_default());
                match self.argument == name {
                    true => name,
                    false => format!("{name} ({})", self.argument),
                }
            }
            ([_], true) => format!("{} (1 module)", self.argument),
            _ => format!("{} ({} modules)", self.argument, self.modules.len()),
        }
    }
}

fn compared(old: &Revision, new: &Revision) -> Result<Comparison, YangError> {
    match (&*old.modules, &*new.modules, old.is_set, new.is_set) {
        ([old_module], [new_module], false, false) => Ok(compare_modules(
            &old.schema,
            *old_module,
            &new.schema,
            *new_module,
        )),
        (_, _, true, true) => Ok(compare(&old.schema, &new.schema)),
        _ => Err(YangError::Usage(
            "one of OLD and NEW is a directory and the other is not; compare two modules, or two directories"
                .to_owned(),
        )),
    }
}
