//! `banyan yang tree`: tree diagrams of modules, byte for byte as `pyang -f tree` prints them.

use std::path::PathBuf;
use std::process::ExitCode;

use banyan_yang::tree::{TreeModules, TreeOptions};
use clap::Args;

use super::modules::{Drawn, ModuleOptions};
use super::{YangError, print, rendered};

/// `banyan yang tree`
#[derive(Debug, Args)]
pub struct Tree {
    /// Names of modules (`name` or `name@revision`), files, or directories (every module in it); `-` is standard input.
    #[arg(value_name = "MODULE|FILE", required_unless_present_any = ["hello", "yang_library"])]
    pub modules: Vec<String>,
    /// A directory to look for modules in, with all directories below it; may be repeated, the first wins. Modules
    /// beside a given FILE and those that banyan brings are found anyway.
    #[arg(long, short = 'p', value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// Only these features of a module are on: `M:F,G`, or `M:` for none; what needs others is not drawn. All are on
    /// where nothing is said.
    #[arg(long, short = 'F', value_name = "M:F,...")]
    pub feature: Vec<String>,
    /// Draw the modules of a NETCONF `<hello>` in this file, with its features and deviations. Without --path they are
    /// looked for beside it.
    #[arg(long, value_name = "FILE", conflicts_with = "yang_library")]
    pub hello: Option<PathBuf>,
    /// Draw the modules of an ietf-yang-library document in this file (RFC 8525 or RFC 7895, XML or JSON).
    #[arg(long, value_name = "FILE")]
    pub yang_library: Option<PathBuf>,
    /// What is wrong with the modules is counted, not shown, and no failure: there is a tree of the rest.
    #[arg(long)]
    pub lenient: bool,
    /// Draw at most so many levels; `...` stands for what is deeper.
    #[arg(long, value_name = "LEVELS")]
    pub depth: Option<u32>,
    /// Draw only the subtree that these names lead to, from the top of a module: `/interfaces/interface`. Choices and
    /// cases count as nodes, prefixes are passed over.
    #[arg(long, value_name = "PATH")]
    pub subtree: Option<String>,
    /// Fold lines that are longer.
    #[arg(long, value_name = "CHARACTERS")]
    pub line_length: Option<usize>,
    /// Put names of modules instead of their prefixes before names and types.
    #[arg(long)]
    pub module_name_prefix: bool,
    /// Draw `uses` instead of what they stand for.
    #[arg(long)]
    pub no_expand_uses: bool,
    /// Draw groupings too.
    #[arg(long)]
    pub groupings: bool,
    /// Draw yang-data too (RFC 8040).
    #[arg(long)]
    pub yang_data: bool,
    /// Draw structures too (RFC 8791).
    #[arg(long)]
    pub structures: bool,
}

/// Prints the diagrams. What is wrong with the modules goes to standard error, and what there is of them is drawn all
/// the same.
///
/// # Errors
/// A module is not there, or a file cannot be read.
pub fn run(tree: Tree) -> Result<ExitCode, YangError> {
    let options = ModuleOptions {
        path: tree.path.clone(),
        feature: tree.feature.clone(),
        hello: tree.hello.clone(),
        yang_library: tree.yang_library.clone(),
        ..ModuleOptions::default()
    };
    let Drawn {
        source,
        targets,
        features,
    } = options.drawn(&tree.modules)?;
    let modules: Vec<(&str, Option<&str>)> = targets
        .iter()
        .map(|target| (target.name.as_str(), target.revision.as_deref()))
        .collect();
    let subtree = tree.subtree.as_deref().unwrap_or("");
    let names = subtree.split('/').filter(|name| !name.is_empty());
    let names = names.map(|name| name.split_once(':').map_or(name, |(_, local)| local));
    let modules = TreeModules::read(&source, &modules);
    let diagram = modules.draw(&TreeOptions {
        depth: tree.depth,
        line_length: tree.line_length,
        subtree: names.map(str::to_owned).collect(),
        groupings: tree.groupings,
        keep_uses: tree.no_expand_uses,
        module_names: tree.module_name_prefix,
        yang_data: tree.yang_data,
        structures: tree.structures,
        features,
    });
    for note in source.passed_over(modules.sources()) {
        eprintln!("warning: {note}");
    }
    let mut status = ExitCode::SUCCESS;
    let errors = diagram.diagnostics.iter().filter(|found| found.is_error());
    if tree.lenient {
        match errors.clone().count() {
            0 => {}
            1 => eprintln!("1 error in the modules; `banyan yang check` shows it"),
            count => eprintln!("{count} errors in the modules; `banyan yang check` shows them"),
        }
    }
    for diagnostic in errors.filter(|_| !tree.lenient) {
        let text = rendered(diagnostic, modules.sources(), &std::io::stderr());
        eprintln!("{text}\n");
        status = ExitCode::FAILURE;
    }
    print(&diagram.text)?;
    if !subtree.is_empty() && !diagram.reached {
        return Err(YangError::Broken(format!(
            "--subtree {subtree} leads nowhere in {}; write names from the top of a module, choices and cases among \
             them, as the tree without --subtree has them",
            tree.modules.join(", ")
        )));
    }
    Ok(status)
}
