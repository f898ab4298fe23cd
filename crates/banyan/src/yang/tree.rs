//! `banyan yang tree`: tree diagrams of modules, byte for byte as `pyang -f tree` prints them.

use std::path::PathBuf;
use std::process::ExitCode;

use banyan_yang::tree::{TreeModules, TreeOptions};
use clap::Args;

use super::modules::source;
use super::{YangError, print, rendered};

/// `banyan yang tree`
#[derive(Debug, Args)]
pub struct Tree {
    /// Names of modules (`name` or `name@revision`), files, or directories (every module in it); `-` is standard input.
    #[arg(value_name = "MODULE|FILE", required = true)]
    pub modules: Vec<String>,
    /// A directory to look for modules in, with all directories below it; may be repeated, the first wins. Modules
    /// beside a given FILE and those that banyan brings are found anyway.
    #[arg(long, short = 'p', value_name = "DIR")]
    pub path: Vec<PathBuf>,
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
    let (source, targets) = source(&tree.path, &tree.modules)?;
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
    });
    let mut status = ExitCode::SUCCESS;
    for diagnostic in diagram.diagnostics.iter().filter(|found| found.is_error()) {
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
